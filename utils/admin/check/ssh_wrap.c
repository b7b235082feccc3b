/* SPDX-License-Identifier: ISC */
/*
 * SSH-13: hosts.allow and hosts.deny (hosts_access(5), hosts_options(5)), where sshd is linked with libwrap.
 * What takes a name to decide is not decided.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "admin/check/facts.h"
#include "admin/check/ssh.h"
#include "admin/conf/sshd.h"
#include "base/text.h"

#define ALLOW         BG_SYSCONFDIR "/hosts.allow"
#define DENY          BG_SYSCONFDIR "/hosts.deny"
#define LINE_MAX_WRAP 2048

static bool is_linked(void)
{
    static const char *const programs[] = {SSHD_PROGRAM, "/usr/lib/openssh/sshd-session",
                                           "/usr/libexec/openssh/sshd-session", "/usr/lib/ssh/sshd-session"};
    bool linked = false;
    size_t n;

    for (size_t i = 0; i < sizeof programs / sizeof *programs && !linked; i++) {
        FILE *f = fopen(programs[i], "re");
        char *file = f == NULL ? NULL : malloc(8u << 20);
        n = file == NULL ? 0 : fread(file, 1, 8u << 20, f);
        linked = n > 0 && memmem(file, n, "libwrap.so", 10) != NULL;
        free(file);
        if (f != NULL)
            (void)fclose(f);
    }
    return linked;
}

/* --- a list: "10.0.0.0/8, .example.org EXCEPT 10.1.2.3" */

typedef enum bg_pam_sure fits_one(const char *word, const char *arg);

static enum bg_pam_sure in_list(char *list, fits_one *fits, const char *arg);

static enum bg_pam_sure but(enum bg_pam_sure yes, enum bg_pam_sure except)
{
    return yes == BG_PAM_NO || except == BG_PAM_YES   ? BG_PAM_NO
           : yes == BG_PAM_YES && except == BG_PAM_NO ? BG_PAM_YES
                                                      : BG_PAM_UNSURE;
}

static enum bg_pam_sure in_list(char *list, fits_one *fits, const char *arg)
{
    enum bg_pam_sure found = BG_PAM_NO, one;
    char *save = NULL;

    for (char *w = strtok_r(list, ", \t", &save); w != NULL; w = strtok_r(NULL, ", \t", &save)) {
        if (strcasecmp(w, "EXCEPT") == 0)
            return found == BG_PAM_NO ? found : but(found, in_list(save, fits, arg));
        if (found != BG_PAM_YES && (one = fits(w, arg)) != BG_PAM_NO)
            found = one;
    }
    return found;
}

static enum bg_pam_sure sure(bool yes)
{
    return yes ? BG_PAM_YES : BG_PAM_NO;
}

static enum bg_pam_sure daemon_fits(const char *word, const char *arg)
{
    char name[64];
    const char *at = strchr(word, '@');

    (void)arg;
    (void)snprintf(name, sizeof name, "%.*s", (int)(at == NULL ? strlen(word) : (size_t)(at - word)), word);
    if (strcasecmp(name, "ALL") != 0 && !bg_sshd_fits("sshd", name))
        return BG_PAM_NO;
    return at == NULL ? BG_PAM_YES : BG_PAM_UNSURE;
}

/* 10.0.0.0/255.0.0.0, 10.0.0.0/8, [2001:db8::]/32, [::1] */
static enum bg_pam_sure range_fits(const char *word, const char *addr)
{
    char range[128];
    const char *slash;
    unsigned m[4], bits = 0;
    size_t n = 0;

    for (const char *p = word; *p != '\0' && n + 1 < sizeof range; p++)
        if (*p != '[' && *p != ']')
            range[n++] = *p;
    range[n] = '\0';
    slash = strchr(range, '/');
    if (slash != NULL && sscanf(slash + 1, "%u.%u.%u.%u", &m[0], &m[1], &m[2], &m[3]) == 4) {
        for (size_t i = 0; i < 4; i++)
            bits += (unsigned)__builtin_popcount(m[i] & 0xff);
        (void)snprintf(range + (slash - range) + 1, sizeof range - (size_t)(slash - range) - 1, "%u", bits);
    }
    return sure(bg_sshd_in_addresses(addr, range) > 0);
}

static enum bg_pam_sure client_fits(const char *word, const char *addr)
{
    const char *at = strrchr(word, '@');
    size_t n;

    if (at != NULL && at != word)
        return client_fits(at + 1, addr) == BG_PAM_NO ? BG_PAM_NO : BG_PAM_UNSURE;
    if (strcasecmp(word, "ALL") == 0)
        return BG_PAM_YES;
    n = strlen(word);
    if (*word == '[' || (strspn(word, "0123456789./") == n && word[n - 1] != '.'))
        return range_fits(word, addr);
    if (strspn(word, "0123456789.*?") == n)
        return sure(word[n - 1] == '.' ? strncmp(addr, word, n) == 0 : bg_sshd_fits(addr, word));
    return BG_PAM_UNSURE; /* a name, LOCAL, KNOWN, PARANOID, a file, a netgroup */
}

/* --- a file */

/* The next field, which ends at a colon that is neither in brackets nor behind a backslash. */
static char *next_field(char **at)
{
    char *begin = *at, *p = begin;
    bool in = false;

    if (begin == NULL)
        return NULL;
    for (; *p != '\0' && (*p != ':' || in || (p > begin && p[-1] == '\\')); p++)
        in = *p == '[' ? true : *p == ']' ? false : in;
    *at = *p == '\0' ? NULL : p + 1;
    *p = '\0';
    (void)bg_text_trim(begin);
    return begin;
}

/* Does the line's option turn it round, or refuse by another program? */
static bool grants(char *options, bool usual)
{
    char *o;

    while ((o = next_field(&options)) != NULL) {
        if (strcasecmp(o, "allow") == 0)
            return true;
        if (strcasecmp(o, "deny") == 0 || strncasecmp(o, "twist", 5) == 0)
            return false;
    }
    return usual;
}

struct verdict {
    enum bg_pam_sure fits; /* a line for that address */
    bool lets_in;
    const char *file;
    unsigned line;
};

static bool line_fits(char *line, const char *addr, bool usual, unsigned number, struct verdict *v)
{
    char *rest = line, *daemons = next_field(&rest), *clients = next_field(&rest);
    enum bg_pam_sure d, cl;

    if (*daemons == '\0' || clients == NULL || (d = in_list(daemons, daemon_fits, NULL)) == BG_PAM_NO ||
        (cl = in_list(clients, client_fits, addr)) == BG_PAM_NO)
        return false;
    if (v->fits == BG_PAM_NO || (d == BG_PAM_YES && cl == BG_PAM_YES))
        v->line = number;
    if (d == BG_PAM_YES && cl == BG_PAM_YES && v->fits == BG_PAM_NO) {
        v->fits = BG_PAM_YES;
        v->lets_in = grants(rest, usual);
        return true;
    }
    v->fits = BG_PAM_UNSURE;
    return false;
}

typedef bool each_line(char *line, unsigned number, void *arg); /* true: it is enough */

/* A line ends with a backslash where it goes on. */
static void walk(const char *path, each_line *each, void *arg)
{
    char line[LINE_MAX_WRAP];
    size_t room = 0;
    char *text = facts_file(path, &(bool){false}), *at = text, *end;
    unsigned number = 0, first = 1;

    for (; at != NULL && *at != '\0'; at = end) {
        size_t n = strcspn(at, "\n");
        bool goes_on = n > 0 && at[n - 1] == '\\';
        end = at + n + (at[n] == '\n');
        number++;
        first = room == 0 ? number : first;
        (void)snprintf(line + room, sizeof line - room, "%.*s", (int)(n - goes_on), at);
        room = strlen(line);
        if (goes_on)
            continue;
        room = 0;
        if (line[0] != '#' && each(line, first, arg))
            break;
    }
    free(text);
}

struct asked {
    const char *addr;
    bool usual;
    struct verdict v;
};

static bool judge(char *line, unsigned number, void *arg)
{
    struct asked *a = arg;

    return line_fits(line, a->addr, a->usual, number, &a->v);
}

/* The first line that fits counts. */
static struct verdict look(const char *path, const char *addr, bool usual)
{
    struct asked a = {addr, usual, {.fits = BG_PAM_NO, .file = path}};

    walk(path, judge, &a);
    return a.v;
}

/* Does a line for sshd name somebody else than this host? */
static bool names_others(char *line, unsigned number, void *arg)
{
    char *rest = line, *daemons = next_field(&rest), *clients = next_field(&rest), *save = NULL;
    bool *some = arg;

    (void)number;
    if (clients == NULL || in_list(daemons, daemon_fits, NULL) == BG_PAM_NO || !grants(rest, true))
        return false;
    for (char *w = strtok_r(clients, ", \t", &save); w != NULL; w = strtok_r(NULL, ", \t", &save))
        *some = *some || (strncmp(w, "127.", 4) != 0 && strncmp(w, "[::1]", 5) != 0 &&
                          strcasecmp(w, "localhost") != 0);
    return *some;
}

static void tell(struct check *c, const struct verdict *v, const char *from, bool all)
{
    const struct check_at at = {.service = "sshd", .file = v->file, .line = v->line};

    check_find(c, all ? CHECK_SSH_WRAP : CHECK_SSH_WRAP_FROM, &at,
               BG_ARGS(v->file, BG_DIGITS(v->line), from));
}

void ssh_wrap(struct check *c, const struct ssh_origins *o)
{
    struct verdict deny = {.fits = BG_PAM_NO};
    char from[256] = "";
    unsigned refused = 0, outside = 0;
    bool unsure = false, some = false;

    if (!is_linked())
        return;
    for (size_t i = 0; i < o->n; i++) {
        struct verdict a, d;
        if (o->of[i].inside)
            continue;
        outside++;
        a = look(ALLOW, o->of[i].addr, true);
        if (a.fits == BG_PAM_YES && a.lets_in)
            continue;
        d = a.fits == BG_PAM_YES ? a : look(DENY, o->of[i].addr, false);
        if (d.fits == BG_PAM_NO || (d.fits == BG_PAM_YES && d.lets_in))
            continue;
        deny = d;
        unsure = unsure || d.fits == BG_PAM_UNSURE || a.fits == BG_PAM_UNSURE;
        if (refused++ < 4)
            (void)snprintf(from + strlen(from), sizeof from - strlen(from), "%s%s",
                           from[0] == '\0' ? "" : ", ", o->of[i].addr);
    }
    if (refused > 0)
        walk(ALLOW, names_others, &some);
    if (refused > 0 && unsure)
        check_unknown(c, CHECK_SSH_WRAP,
                      &(struct check_at){.service = "sshd", .file = deny.file, .line = deny.line},
                      "its lines take names to decide, which need a DNS that answers");
    else if (refused > 0)
        tell(c, &deny, from, refused == outside && !some);
}
