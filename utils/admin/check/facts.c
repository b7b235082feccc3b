/* SPDX-License-Identifier: ISC */
/* What files tell of host and account. A file that cannot be read makes its facts unsure. */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "admin/check/facts.h"
#include "admin/check/who.h"
#include "admin/check/check.h"
#include "admin/messages.h"
#include "admin/ui.h"
#include "base/text.h"
#include "config/sshdconf.h"

char *facts_file(const char *path, bool *gone)
{
    struct bg_pam_source s;
    char *text = NULL;
    size_t len;

    bg_pam_source_root(&s, "");
    if (s.read(s.arg, path, &text, &len) != BG_OK)
        text = NULL;
    *gone = text == NULL && access(path, F_OK) != 0 && errno == ENOENT;
    return text;
}

bool facts_has(const char *path, const char *bytes)
{
    struct bg_pam_source s;
    char *text = NULL;
    size_t len;
    bool has;

    facts_source(&s);
    has = s.read(s.arg, path, &text, &len) == BG_OK && memmem(text, len, bytes, strlen(bytes)) != NULL;
    free(text);
    return has;
}

char *facts_line(char **at)
{
    char *line = *at, *end;

    if (line == NULL)
        return NULL;
    end = strchr(line, '\n');
    *at = end == NULL ? NULL : end + 1;
    if (end != NULL)
        *end = '\0';
    line[strcspn(line, "#")] = '\0';
    (void)bg_text_trim(line);
    return line;
}

enum bg_pam_sure facts_say(const char *path, facts_hit *hit, const void *what)
{
    bool gone;
    char *text = facts_file(path, &gone), *at = text, *line;
    enum bg_pam_sure found = BG_PAM_NO;

    if (text == NULL)
        return gone ? BG_PAM_NO : BG_PAM_UNSURE;
    while ((line = facts_line(&at)) != NULL)
        if (hit(line, what))
            found = BG_PAM_YES;
    free(text);
    return found;
}

enum bg_pam_sure facts_any_say(const char *pattern, facts_hit *hit, const void *what)
{
    enum bg_pam_sure found = BG_PAM_NO, one;
    glob_t g;

    if (glob(pattern, 0, NULL, &g) != 0)
        return BG_PAM_NO;
    for (size_t i = 0; i < g.gl_pathc && found != BG_PAM_YES; i++)
        if ((one = facts_say(g.gl_pathv[i], hit, what)) != BG_PAM_NO)
            found = one;
    globfree(&g);
    return found;
}

static bool anything(const char *line, const void *what)
{
    (void)what;
    return *line != '\0';
}

static bool begins(const char *line, const void *what)
{
    return strncmp(line, what, strlen(what)) == 0;
}

static bool is(const char *line, const void *what)
{
    return strcmp(line, what) == 0;
}

/* "shadow: files breakglass ...": for this database, by our module. */
static bool by_our_module(const char *line, const void *what)
{
    return strncmp(line, what, strlen(what)) == 0 && strstr(line, "breakglass") != NULL;
}

/* Both files and their directory have nothing but comments: nobody is refused. Else it takes more to tell. */
static enum bg_pam_sure empty(const char *path, const char *pattern)
{
    enum bg_pam_sure one = facts_say(path, anything, NULL), more = facts_any_say(pattern, anything, NULL);

    return one == BG_PAM_NO && more == BG_PAM_NO ? BG_PAM_YES : BG_PAM_UNSURE;
}

static enum bg_pam_sure either(enum bg_pam_sure a, enum bg_pam_sure b)
{
    return a == BG_PAM_YES || b == BG_PAM_YES ? BG_PAM_YES
           : a == BG_PAM_NO && b == BG_PAM_NO ? BG_PAM_NO
                                              : BG_PAM_UNSURE;
}

/* What stands in the files of the other modules is looked up by the simulator itself. */
static void refusals(struct bg_pam_facts *p)
{
    bool there = access("/etc/nologin", F_OK) == 0 || access("/run/nologin", F_OK) == 0 ||
                 access("/var/run/nologin", F_OK) == 0;

    p->nologin = there ? BG_PAM_YES : BG_PAM_NO;
    p->namespaces = empty("/etc/security/namespace.conf", "/etc/security/namespace.d/*.conf");
    p->sepermit = empty("/etc/security/sepermit.conf", "/etc/security/sepermit.d/*.conf");
    p->tally_full = access("/var/log/tallylog", F_OK) == 0 ? BG_PAM_UNSURE : BG_PAM_NO; /* pam_tally2's */
}

/* "bg1::..." or "bg1:$y$...": pam_unix takes what the person types, if it is that; "!" and "*" it never
 * takes. */
static bool has_password(const char *line, const void *name_and_colon)
{
    size_t n = strlen(name_and_colon);

    return strncmp(line, name_and_colon, n) == 0 && (line[n] == ':' || line[n] == '$');
}

void check_facts(const struct account_row *row, struct check_facts *out)
{
    struct bg_pam_facts *p = &out->pam;
    enum bg_pam_sure in_shadow, passwd = facts_say("/etc/nsswitch.conf", by_our_module, "passwd:"),
                                shadow = facts_say("/etc/nsswitch.conf", by_our_module, "shadow:");
    char begin[40];

    *out = (struct check_facts){.by_nss = passwd == BG_PAM_YES && shadow == BG_PAM_YES};
    *p = (struct bg_pam_facts){
        .user = row->name, .shell = row->shell, .home = row->home, .uid = row->uid, .gid = row->gid};
    p->known_ids = true;
    p->ours = BG_PAM_YES;
    (void)snprintf(begin, sizeof begin, "%.31s:", row->name);
    p->password = facts_say("/etc/shadow", has_password, begin);
    p->in_passwd = facts_say("/etc/passwd", begins, begin);
    in_shadow = facts_say("/etc/shadow", begins, begin);
    p->shadow = either(in_shadow, shadow);
    p->expired = in_shadow == BG_PAM_NO ? BG_PAM_NO : BG_PAM_UNSURE; /* our own entry never expires */
    p->shell_listed = facts_say("/etc/shells", is, row->shell);
    refusals(p);
    check_who(row, p);
}

void check_facts_for(struct check_facts *f, const char *service)
{
    bool local = strcmp(service, "login") == 0 || strncmp(service, "su", 2) == 0;

    f->pam.service = service;
    f->pam.rhost = local ? "" : NULL;
    f->pam.tty = strcmp(service, "sshd") == 0 ? "ssh" : NULL;
}

/* "LOGIN_TIMEOUT 60": only digits count. */
static unsigned login_timeout(void)
{
    bool gone;
    char *text = facts_file("/etc/login.defs", &gone), *at = text, *line;
    uint32_t n = 60, got;

    while (text != NULL && (line = facts_line(&at)) != NULL)
        if (strncmp(line, "LOGIN_TIMEOUT", 13) == 0 &&
            bg_number(line + 13 + strspn(line + 13, " \t"), 0, 1000000, &got))
            n = got;
    free(text);
    return n;
}

unsigned check_patience(const char *service)
{
    if (strcmp(service, "login") == 0)
        return login_timeout();
    return strcmp(service, "sshd") == 0 ? bg_sshd_grace(BG_SYSCONFDIR "/ssh/sshd_config") : 0;
}

void check_libpam(struct bg_pam_kind *k)
{
    static const char where[] = BG_PAMDIR "/../libpam.so.0";
    struct bg_pam_source s;
    char *file = NULL;
    size_t n = 0;

    facts_source(&s);
    if (s.read(s.arg, where, &file, &n) != BG_OK || bg_pam_kind_of(file, n, k) != BG_OK) {
        bg_pam_kind_plain(k, "/usr/lib64");
        (void)snprintf(k->modules, sizeof k->modules, "%s/", BG_PAMDIR);
        ui_note(BG_M_CHECK_NO_LIBPAM, BG_ARGS(where));
    }
    free(file);
}
