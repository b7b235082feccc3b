/* SPDX-License-Identifier: ISC */
/* SSH-14: programs that shut out the address of who fails, and so an administrator who mistypes. */
#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "admin/check/facts.h"
#include "admin/check/ssh.h"
#include "base/text.h"

#define F2B       BG_SYSCONFDIR "/fail2ban/"
#define JAILS_MAX 16

/* Does a list name an address that is not this host's own? */
static bool names_others(const char *list)
{
    char copy[1024], *save = NULL;

    (void)snprintf(copy, sizeof copy, "%s", list);
    for (char *w = strtok_r(copy, " \t,\n", &save); w != NULL; w = strtok_r(NULL, " \t,\n", &save))
        if (strncmp(w, "127.", 4) != 0 && strcmp(w, "::1") != 0 && strcasecmp(w, "localhost") != 0 &&
            *w != '%')
            return true;
    return false;
}

/* --- fail2ban: jail.conf, jail.d/x.conf, jail.local, jail.d/x.local; the last value of a key counts */

struct jail {
    char name[64], filter[64], ignore[512], file[PATH_MAX];
    bool set, enabled; /* `enabled` was said */
    unsigned line;
};
struct jails {
    struct jail of[JAILS_MAX];
    size_t n;
};

/* The section of that name, a new one where there is none; NULL: no room. */
static struct jail *jail_of(struct jails *js, const char *name)
{
    for (size_t i = 0; i < js->n; i++)
        if (strcmp(js->of[i].name, name) == 0)
            return &js->of[i];
    if (js->n == JAILS_MAX)
        return NULL;
    js->of[js->n] = (struct jail){.line = 0};
    (void)snprintf(js->of[js->n].name, sizeof js->of[0].name, "%s", name);
    return &js->of[js->n++];
}

static void set(struct jail *j, const char *key, const char *value, const char *file, unsigned line)
{
    if (strcmp(key, "enabled") == 0) {
        j->set = true;
        j->enabled = strcasecmp(value, "true") == 0 || strcasecmp(value, "yes") == 0 ||
                     strcmp(value, "1") == 0 || strcasecmp(value, "on") == 0;
        (void)snprintf(j->file, sizeof j->file, "%s", file);
        j->line = line;
    } else if (strcmp(key, "ignoreip") == 0) {
        (void)snprintf(j->ignore, sizeof j->ignore, "%s", value);
    } else if (strcmp(key, "filter") == 0) {
        (void)snprintf(j->filter, sizeof j->filter, "%s", value);
    }
}

/* A line that begins with a blank goes on with the value before it. */
static void go_on(struct jail *j, const char *key, const char *more)
{
    size_t n = strlen(j->ignore);

    if (strcmp(key, "ignoreip") == 0 && n + 1 < sizeof j->ignore)
        (void)snprintf(j->ignore + n, sizeof j->ignore - n, " %s", more);
}

static bool is_about_ssh(const char *name)
{
    return strncmp(name, "ssh", 3) == 0 || strcmp(name, "DEFAULT") == 0;
}

static void read_line(struct jails *js, struct jail **j, char key[32], char *line, const char *file,
                      unsigned number)
{
    bool goes_on = isspace((unsigned char)*line);
    char *equals;

    (void)bg_text_trim(line);
    if (*line == '\0' || *line == '#' || *line == ';')
        return;
    if (*line == '[') {
        line[strcspn(line, "]")] = '\0';
        *j = is_about_ssh(line + 1) ? jail_of(js, line + 1) : NULL;
        key[0] = '\0';
    } else if (*j != NULL && goes_on) {
        go_on(*j, key, line);
    } else if (*j != NULL && (equals = strpbrk(line, "=:")) != NULL) {
        *equals = '\0';
        (void)bg_text_trim(line);
        (void)bg_text_trim(equals + 1);
        (void)snprintf(key, 32, "%s", line);
        set(*j, line, equals + 1, file, number);
    }
}

static void read_jails(struct jails *js, const char *pattern)
{
    glob_t g;

    if (glob(pattern, 0, NULL, &g) != 0)
        return;
    for (size_t i = 0; i < g.gl_pathc; i++) {
        char *text = facts_file(g.gl_pathv[i], &(bool){false}), *at = text, *line, key[32] = "";
        struct jail *j = NULL;
        for (unsigned n = 1; at != NULL && (line = strsep(&at, "\n")) != NULL; n++)
            read_line(js, &j, key, line, g.gl_pathv[i], n);
        free(text);
    }
    globfree(&g);
}

static void fail2ban(struct check *c)
{
    static const char *const order[] = {F2B "jail.conf", F2B "jail.d/*.conf", F2B "jail.local",
                                        F2B "jail.d/*.local"};
    static struct jails js;
    const struct jail *all;

    if (access("/usr/bin/fail2ban-server", X_OK) != 0)
        return;
    js.n = 0;
    all = jail_of(&js, "DEFAULT");
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        read_jails(&js, order[i]);
    for (const struct jail *j = js.of + 1; j < js.of + js.n; j++) {
        const struct jail *says = j->set ? j : all;
        if (!says->enabled || names_others(j->ignore[0] != '\0' ? j->ignore : all->ignore))
            continue;
        check_find(c, CHECK_SSH_BANS,
                   &(struct check_at){.service = "sshd", .file = says->file, .line = says->line},
                   BG_ARGS("fail2ban", "\"ignoreip\" in /etc/fail2ban/jail.local"));
    }
}

/* --- the others keep lists of their own */

static void sshguard(struct check *c)
{
    static const char list[] = BG_SYSCONFDIR "/sshguard/whitelist";
    char *text, *at, *line;
    bool some = false;

    if (access("/usr/sbin/sshguard", X_OK) != 0)
        return;
    text = facts_file(list, &(bool){false});
    for (at = text; at != NULL && (line = strsep(&at, "\n")) != NULL;) {
        line[strcspn(line, "#")] = '\0';
        some = some || names_others(line);
    }
    free(text);
    if (!some)
        check_find(c, CHECK_SSH_BANS, &(struct check_at){.service = "sshd", .file = list},
                   BG_ARGS("sshguard", list));
}

/* It decides nothing by itself: a bouncer does what it says. */
static void crowdsec(struct check *c)
{
    static const char parsers[] = BG_SYSCONFDIR "/crowdsec/parsers/s02-enrich/*.yaml";
    glob_t g;
    bool some = false;

    if (access("/usr/bin/crowdsec", X_OK) != 0 || access("/usr/bin/crowdsec-firewall-bouncer", X_OK) != 0)
        return;
    if (glob(parsers, 0, NULL, &g) == 0)
        for (size_t i = 0; i < g.gl_pathc && !some; i++) {
            char *text = facts_file(g.gl_pathv[i], &(bool){false});
            some = text != NULL && strstr(text, "whitelist:") != NULL;
            free(text);
        }
    globfree(&g);
    if (!some)
        check_find(c, CHECK_SSH_BANS,
                   &(struct check_at){.service = "sshd", .file = BG_SYSCONFDIR "/crowdsec"},
                   BG_ARGS("crowdsec", "a \"whitelist\" below /etc/crowdsec/parsers/s02-enrich"));
}

void ssh_bans(struct check *c)
{
    fail2ban(c);
    sshguard(c);
    crowdsec(c);
}
