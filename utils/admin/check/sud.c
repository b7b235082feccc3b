/* SPDX-License-Identifier: ISC */
/*
 * SUD-01 to -06: an account with a number of its own becomes root by sudo. Asked is sudo itself ("sudo -ll
 * -U"), which runs nothing for that.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "admin/check/check.h"
#include "admin/check/facts.h"
#include "admin/conf/nssline.h"
#include "admin/check/sud.h"
#include "admin/run.h"
#include "base/text.h"

#define SUDO   "/usr/bin/sudo"
#define VISUDO "/usr/sbin/visudo"
#define SCRIPT "/usr/bin/script"
#define ASK_MS 2000
#define OUTPUT 262144

/* One "Sudoers entry:". */
struct entry {
    bool any, root, free;       /* there is one; it makes somebody root; it asks for no password */
    char after[24], before[24]; /* "20230101000000Z"; "" without */
};

struct rules {
    struct check *c;
    struct check_at at;
    char now[24];
    struct entry e;
    bool nobody_asks; /* "Defaults !authenticate" */
    bool usable, free,
        forever;   /* of the entries that hold now: one, one that asks nothing, one without an end */
    bool timed;    /* one would do, at another time */
    char last[24]; /* the latest end */
    bool logs[7];  /* what is typed or shown is kept */
    bool spared;   /* and a failure of that does not end the command */
    bool servers, tty, noexec;
    char path[512];
};

/* ---- what sudo says */

/* A list's word, also with "=..." behind it. */
static const char *word_in(const char *list, const char *word)
{
    size_t n = strlen(word);

    for (const char *at = list; (at = strstr(at, word)) != NULL; at += n)
        if ((at == list || strchr(" ,!", at[-1]) != NULL) &&
            (at[n] == '\0' || strchr(" ,=\n", at[n]) != NULL))
            return at;
    return NULL;
}

static bool has_word(const char *list, const char *word)
{
    return word_in(list, word) != NULL;
}

/* What the list says last of a flag, "flag" or "!flag"; as it was when it says nothing. */
static bool flag(const char *list, const char *word, bool was)
{
    for (const char *at = list; (at = word_in(at, word)) != NULL; at += strlen(word))
        was = at == list || at[-1] != '!';
    return was;
}

/* Of "Matching Defaults entries", and of an entry's options. */
static void options(struct rules *r, const char *s)
{
    static const char *const logged[] = {"log_input",  "log_output", "log_stdin", "log_stdout",
                                         "log_stderr", "log_ttyin",  "log_ttyout"};
    const char *path = NULL;
    size_t n = 0;

    for (size_t i = 0; i < sizeof logged / sizeof *logged; i++)
        r->logs[i] = flag(s, logged[i], r->logs[i]);
    r->servers = flag(s, "log_servers", r->servers);
    r->tty = flag(s, "requiretty", r->tty);
    r->noexec = flag(s, "noexec", r->noexec);
    r->spared = flag(s, "ignore_iolog_errors", r->spared);
    for (const char *at = s; (at = word_in(at, "secure_path")) != NULL; at += 11)
        path = at[11] == '=' ? at : NULL;
    if (path == NULL)
        return;
    for (path += 12; *path != '\0' && strchr(", \n", *path) == NULL && n + 1 < sizeof r->path; path++)
        if (*path != '\\')
            r->path[n++] = *path;
    r->path[n] = '\0';
}

static void end_entry(struct rules *r)
{
    const struct entry *e = &r->e;
    bool now = (e->after[0] == '\0' || strcmp(e->after, r->now) > 0) &&
               (e->before[0] == '\0' || strcmp(e->before, r->now) <= 0);

    if (e->any && e->root && now) {
        r->usable = true;
        r->free = r->free || e->free;
        r->forever = r->forever || e->after[0] == '\0';
        if (strcmp(e->after, r->last) > 0)
            (void)snprintf(r->last, sizeof r->last, "%s", e->after);
    } else if (e->any && e->root) {
        r->timed = true;
        (void)snprintf(r->last, sizeof r->last, "%s",
                       r->usable             ? r->last
                       : e->after[0] != '\0' ? e->after
                                             : e->before);
    }
    r->e = (struct entry){.any = false};
}

static const char *after(const char *line, const char *word)
{
    size_t n = strlen(word);

    return strncmp(line, word, n) == 0 ? line + n + strspn(line + n, " ") : NULL;
}

static void entry_line(struct rules *r, const char *line)
{
    const char *v;

    if (after(line, "Sudoers entry") != NULL || after(line, "LDAP Role") != NULL ||
        after(line, "SSSD Role") != NULL) {
        end_entry(r);
        r->e = (struct entry){.any = true, .root = true, .free = r->nobody_asks};
    } else if ((v = after(line, "RunAsUsers:")) != NULL) {
        r->e.root = has_word(v, "ALL") || has_word(v, "root");
    } else if ((v = after(line, "Options:")) != NULL) {
        r->e.free = !flag(v, "authenticate", !r->nobody_asks);
        options(r, v);
    } else if ((v = after(line, "NotAfter:")) != NULL) {
        (void)snprintf(r->e.after, sizeof r->e.after, "%s", v);
    } else if ((v = after(line, "NotBefore:")) != NULL) {
        (void)snprintf(r->e.before, sizeof r->e.before, "%s", v);
    }
}

static void read_list(struct rules *r, char *text)
{
    char *defaults = strstr(text, "Matching Defaults entries"), *end;

    if (defaults != NULL && (end = strstr(defaults, "\n\n")) != NULL) {
        char was = *end;
        *end = '\0';
        for (char *p = defaults; *p != '\0'; p++)
            *p = *p == '\n' ? ' ' : *p;
        options(r, defaults);
        r->nobody_asks = !flag(defaults, "authenticate", true);
        *end = was;
        text = end;
    }
    for (char *line; (line = strsep(&text, "\n")) != NULL;) {
        (void)bg_text_trim(line);
        entry_line(r, line);
    }
    end_entry(r);
}

/* ---- rules */

/* Does the service sudo let the account in by us, or by nothing at all? */
static enum bg_pam_sure by_pam(const struct check *c, const struct check_account *a)
{
    static struct bg_pam_verdict v;
    struct check_facts f = *a->facts;
    struct bg_pam_world w = {&f.pam, BG_PAM_NORMAL};
    struct bg_pam_source source;
    struct bg_pam_stack s;
    enum bg_pam_sure in = BG_PAM_UNSURE;

    facts_source(&source);
    if (bg_pam_stack_read(&c->libpam, &source, "sudo", &s) != BG_OK)
        return in;
    check_facts_for(&f, "sudo");
    if (s.refused)
        in = BG_PAM_NO;
    else if (bg_pam_explore(&s, BG_PAM_AUTHENTICATE, bg_pam_model, &w, &v) == BG_OK)
        in = v.succeeds;
    bg_pam_stack_free(&s);
    return in;
}

static void judge_rule(struct rules *r, const struct check_account *a)
{
    enum bg_pam_sure in;

    if (!r->usable) {
        check_find(r->c, r->timed ? CHECK_SUD_OVER : CHECK_SUD_NO_RULE, &r->at,
                   BG_ARGS(r->at.account, r->last));
        return;
    }
    if (!r->forever)
        check_find(r->c, CHECK_SUD_ENDS, &r->at, BG_ARGS(r->at.account, r->last));
    if (r->free)
        return;
    if ((in = by_pam(r->c, a)) == BG_PAM_NO)
        check_find(r->c, CHECK_SUD_ASKS, &r->at, BG_ARGS(r->at.account));
    else if (in == BG_PAM_UNSURE)
        check_unknown(r->c, CHECK_SUD_ASKS, &r->at,
                      "modules of /etc/pam.d/sudo may answer one thing or another");
}

static bool has_dir(const char *path, const char *dir)
{
    size_t n = strlen(dir);

    for (const char *at = path; (at = strstr(at, dir)) != NULL; at += n)
        if ((at == path || at[-1] == ':') && (at[n] == '\0' || at[n] == ':'))
            return true;
    return false;
}

static void judge_options(struct rules *r)
{
    const char *name = r->at.account;
    bool logs = false;

    if (r->tty)
        check_find(r->c, CHECK_SUD_TTY, &r->at, BG_ARGS(name));
    if (r->servers)
        check_find(r->c, CHECK_SUD_SERVERS, &r->at, BG_ARGS(name));
    for (size_t i = 0; i < sizeof r->logs; i++)
        logs = logs || r->logs[i];
    if (logs && !r->spared)
        check_find(r->c, CHECK_SUD_IOLOG, &r->at, BG_ARGS(name));
    if (r->noexec)
        check_find(r->c, CHECK_SUD_NOEXEC, &r->at, BG_ARGS(name));
    if (r->path[0] != '\0' && !has_dir(r->path, "/usr/sbin") && !has_dir(r->path, "/sbin"))
        check_find(r->c, CHECK_SUD_PATH, &r->at, BG_ARGS(name, r->path));
}

/* The first line of what a program said. */
static void first_line(const char *out, char *to, size_t cap)
{
    (void)snprintf(to, cap, "%.*s", (int)strcspn(out, "\n"), out);
}

/* Where root itself needs a terminal for that, script(1) has one. */
static enum bg_err list(const char *account, struct run_result *res)
{
    char command[96];
    const char *const argv[] = {SUDO, "-ll", "-U", account, NULL}, *const at_terminal[] = {SCRIPT, "-qec",
                                                                                           command,
                                                                                           "/dev/null", NULL};
    enum bg_err e = run_program(argv, NULL, 0, OUTPUT, ASK_MS, res);
    char *to;

    if (e != BG_OK || strstr(res->out, "must have a tty") == NULL)
        return e;
    free(res->out);
    res->out = NULL;
    (void)snprintf(command, sizeof command, "exec %s -ll -U %.31s", SUDO, account);
    e = run_program(at_terminal, NULL, 0, OUTPUT, ASK_MS, res);
    to = res->out;
    for (const char *from = to; e == BG_OK && *from != '\0'; from++)
        if (*from != '\r')
            *to++ = *from;
    if (e == BG_OK)
        *to = '\0';
    return e;
}

static void ask_sudo(struct rules *r, const struct check_account *a)
{
    struct run_result res = {.out = NULL};
    char why[200] = "sudo gave no answer within two seconds";
    enum bg_err e = list(a->row->name, &res);

    if (e == BG_OK && (strstr(res.out, "may run the following") != NULL ||
                       strstr(res.out, "is not allowed to run") != NULL)) {
        read_list(r, res.out);
        judge_rule(r, a);
        judge_options(r);
    } else {
        if (e == BG_OK)
            (void)snprintf(why, sizeof why, "sudo says \"%.*s\"",
                           (int)strcspn(res.out, "\n") > 150 ? 150 : (int)strcspn(res.out, "\n"), res.out);
        else if (e != BG_E_TIMEOUT)
            (void)snprintf(why, sizeof why, "%s", bg_strerror(e));
        check_unknown(r->c, CHECK_SUD_NO_RULE, &r->at, why);
    }
    free(res.out);
}

static void syntax(struct rules *r)
{
    const char *const argv[] = {VISUDO, "-c", NULL};
    struct run_result res = {.out = NULL};
    char why[200];
    enum bg_err e = access(VISUDO, X_OK) != 0 ? BG_E_NOENT : run_program(argv, NULL, 0, OUTPUT, ASK_MS, &res);

    if (e == BG_OK && res.exit_status != 0) {
        first_line(res.out, why, sizeof why);
        check_find(r->c, CHECK_SUD_SYNTAX, &r->at, BG_ARGS(why));
    } else if (e != BG_OK && e != BG_E_NOENT) {
        check_unknown(r->c, CHECK_SUD_SYNTAX, &r->at, bg_strerror(e));
    }
    free(res.out);
}

/* "sudoers: sss files": a directory is asked before the host's own rules. */
static void order(struct rules *r)
{
    bool gone;
    char *text = facts_file(NSS_CONF, &gone);
    struct check_at at = r->at;
    struct nss_line l;
    unsigned broken;
    size_t i = 0;

    at.file = NSS_CONF;
    if (text != NULL && nss_line_find(text, "sudoers", &l, &broken) && l.number > 0) {
        at.line = l.number;
        while (i < l.n && nss_local(l.service[i].name))
            i++;
        if (i < l.n && nss_line_at(&l, "files") > i)
            check_find(r->c, CHECK_SUD_REMOTE, &at, BG_ARGS(r->at.account, l.service[i].name));
    }
    free(text);
}

static void account(struct check *c, const struct check_account *a)
{
    struct rules r = {.c = c, .at = {.account = a->row->name, .service = "sudo"}};
    time_t t = time(NULL);
    struct tm tm;

    if (a->row->uid == 0)
        return;
    pol_look(c, a);
    if (access(SUDO, X_OK) != 0)
        return;
    if (gmtime_r(&t, &tm) != NULL)
        (void)strftime(r.now, sizeof r.now, "%Y%m%d%H%M%SZ", &tm);
    syntax(&r);
    order(&r);
    ask_sudo(&r, a);
}

const struct check_group check_sud = {.account = account};
