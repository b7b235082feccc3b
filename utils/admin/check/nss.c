/* SPDX-License-Identifier: ISC */
/* NSS-01, -02, -03, -06: nsswitch.conf and our module, as the C library takes them. */
#include <dlfcn.h>
#include <nss.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "account/seen.h"
#include "admin/check/acc.h"
#include "admin/check/facts.h"
#include "admin/check/nss.h"
#include "admin/conf/nssline.h"
#include "admin/init/init.h"
#include "base/child.h"
#include "base/sysuser.h"
#include "config/sshdconf.h"

#define MODULE  "libnss_breakglass.so.2"
#define LOAD_MS 1000
#define NOBODY  65534

/* ---- the file */

enum conf_state {
    CONF_SOUND,
    CONF_BROKEN, /* the library throws it away, for all databases */
    CONF_UNREAD
};

static enum conf_state line_of(const char *database, struct nss_line *out, unsigned *broken)
{
    bool gone;
    char *text = facts_file(NSS_CONF, &gone);
    enum conf_state s = text == NULL && !gone ? CONF_UNREAD : CONF_SOUND;

    *out = (struct nss_line){.number = 0};
    if (text != NULL && !nss_line_find(text, database, out, broken))
        s = CONF_BROKEN;
    free(text);
    return s;
}

/* Is there a module for it? A service without one is passed over. */
static bool installed(const char *service)
{
    static const char *const dirs[] = {BG_NSSDIR, "/usr/lib64", "/lib64", "/usr/lib", "/lib"};
    char path[512];
    bool there = false;

    for (size_t i = 0; !there && i < sizeof dirs / sizeof *dirs; i++) {
        (void)snprintf(path, sizeof path, "%s/libnss_%s.so.2", dirs[i], service);
        there = access(path, F_OK) == 0;
    }
    return there;
}

/* ---- who is asked for a name of ours */

enum way {
    WAY_US,     /* our module, and before it nothing that may hang */
    WAY_FILES,  /* the host's own file, which has the name */
    WAY_ABSENT, /* our module is not named */
    WAY_NEVER,  /* the search ends before it */
    WAY_BEHIND, /* a directory comes first */
    WAY_LOST,   /* it is found, and [SUCCESS=...] throws the answer away */
    WAY_ON      /* it is found, and a directory is asked all the same */
};

struct path {
    enum way way;
    const char *by; /* the service that makes it so; in the line */
};

static bool any_remote(const struct nss_line *l, size_t from)
{
    for (size_t i = from; i < l->n; i++)
        if (!nss_local(l->service[i].name) && installed(l->service[i].name))
            return true;
    return false;
}

/* Can a service be asked at all? "files" is part of the library. */
static bool asked_of(const struct nss_service *s)
{
    return strcmp(s->name, "files") == 0 || installed(s->name);
}

/*
 * Is an answer lost where the search goes on? What the last one says counts. One that is to be merged always
 * is: the library can merge groups alone. glibc 2.36 goes back to it where the next service knows nobody of
 * that name, 2.41 never does.
 */
static bool overruled(const struct nss_line *l, size_t from, bool in_file)
{
    bool lost = false;

    for (size_t i = from; i < l->n; i++)
        if (asked_of(&l->service[i]))
            lost = strcmp(l->service[i].name, NSS_OURS) != 0 &&
                   !(in_file && strcmp(l->service[i].name, "files") == 0);
    return lost;
}

static struct path found(const struct nss_line *l, size_t i, enum way way, bool in_file)
{
    enum nss_action then = l->service[i].on[NSS_SUCCESS];

    if (then == NSS_MERGE || (then == NSS_CONTINUE && overruled(l, i + 1, in_file)))
        way = WAY_LOST;
    else if (then != NSS_RETURN && any_remote(l, i + 1))
        way = WAY_ON;
    return (struct path){way, l->service[i].name};
}

/* in_file: the service "files" knows the name. */
static struct path walk(const struct nss_line *l, bool in_file)
{
    struct path p = {WAY_US, ""};

    for (size_t i = 0; i < l->n; i++) {
        const struct nss_service *s = &l->service[i];
        bool local = nss_local(s->name), here = installed(s->name) || strcmp(s->name, "files") == 0;
        if (strcmp(s->name, NSS_OURS) == 0)
            return p.way == WAY_US ? found(l, i, WAY_US, in_file) : p;
        if (in_file && (strcmp(s->name, "files") == 0 || strcmp(s->name, "compat") == 0))
            return p.way == WAY_US ? found(l, i, WAY_FILES, in_file) : p;
        if (s->on[here ? NSS_NOTFOUND : NSS_UNAVAIL] == NSS_RETURN)
            return (struct path){nss_line_at(l, NSS_OURS) < l->n ? WAY_NEVER : WAY_ABSENT, s->name};
        if (!local && here && p.way == WAY_US)
            p = (struct path){WAY_BEHIND, s->name};
    }
    return (struct path){in_file && l->number == 0 ? WAY_FILES : WAY_ABSENT, ""};
}

bool nss_asks_us(const char *account)
{
    struct acc_entry e;
    struct nss_line l;
    unsigned broken;
    struct path p;

    if (line_of("passwd", &l, &broken) != CONF_SOUND)
        return false;
    p = walk(&l, acc_local(account, &e));
    return p.way == WAY_US || p.way == WAY_FILES;
}

enum bg_pam_sure nss_shadow(const char *account)
{
    struct acc_shadow s;
    struct nss_line l;
    unsigned broken;
    enum way way;

    if (line_of("shadow", &l, &broken) != CONF_SOUND)
        return BG_PAM_UNSURE;
    way = walk(&l, acc_shadow(account, &s)).way;
    return way == WAY_ABSENT || way == WAY_NEVER || way == WAY_LOST ? BG_PAM_NO
           : way == WAY_US || way == WAY_FILES                      ? BG_PAM_YES
                                                                    : BG_PAM_UNSURE;
}

static void tell_way(struct check *c, const struct check_at *at, const char *database, const struct path *p)
{
    bool passwd = strcmp(database, "passwd") == 0;

    if (p->way == WAY_ABSENT)
        check_find(c, passwd ? CHECK_NSS_ABSENT : CHECK_NSS_ABSENT_MINOR, at, BG_ARGS(database, at->account));
    else if (p->way == WAY_NEVER)
        check_find(c, passwd ? CHECK_NSS_NEVER : CHECK_NSS_NEVER_MINOR, at,
                   BG_ARGS(database, at->account, p->by));
    else if (p->way == WAY_LOST)
        check_find(c, passwd ? CHECK_NSS_LOST : CHECK_NSS_LOST_MINOR, at,
                   BG_ARGS(database, at->account, p->by));
    else if (p->way == WAY_BEHIND || p->way == WAY_ON)
        check_find(c, CHECK_NSS_BEHIND, at, BG_ARGS(database, at->account, p->by));
}

/* Older libraries find an account that the line loses where the next service knows nobody of that name. */
static bool found_all_the_same(const struct check_account *a)
{
    const struct account_row *r = a->row;
    const struct bg_account acc = {
        .name = r->name, .home = r->home, .shell = r->shell, .uid = r->uid, .gid = r->gid};
    struct bg_seen seen;

    return !nss_cache_runs() && bg_seen_check(&acc, LOAD_MS, &seen) == BG_OK;
}

static void names(struct check *c, const struct check_account *a)
{
    struct check_at at = {.account = a->row->name, .file = NSS_CONF};
    struct acc_shadow s;
    struct acc_entry e;
    struct nss_line l;
    unsigned broken;
    struct path p;

    if (line_of("passwd", &l, &broken) != CONF_SOUND)
        return;
    at.line = l.number;
    p = walk(&l, acc_local(a->row->name, &e));
    if (p.way == WAY_LOST && found_all_the_same(a))
        check_find(c, CHECK_NSS_LOST_LATER, &at, BG_ARGS("passwd", at.account, p.by));
    else
        tell_way(c, &at, "passwd", &p);
    if (line_of("shadow", &l, &broken) != CONF_SOUND)
        return;
    at.line = l.number;
    p = walk(&l, acc_shadow(a->row->name, &s));
    tell_way(c, &at, "shadow", &p);
}

/* ---- NSS-03: the groups of a login */

/* Has "files" a supplementary group for it? */
static bool group_in_file(const struct check_account *a)
{
    const struct account_row *r = a->row;
    const struct bg_account acc = {
        .name = r->name, .home = r->home, .shell = r->shell, .uid = r->uid, .gid = r->gid};
    struct bg_sshd_user in_files, alone;

    bg_sshd_user(&acc, "/etc/group", &in_files);
    bg_sshd_user(&acc, "/dev/null", &alone);
    return in_files.groups > alone.groups;
}

/*
 * On a "group" line the library goes on after a success, on an "initgroups" line it obeys; our module answers
 * TRYAGAIN for its own accounts.
 */
static const char *groups_ask(const struct nss_line *l, bool initgroups, bool in_file)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct nss_service *s = &l->service[i];
        bool ours = strcmp(s->name, NSS_OURS) == 0, files = strcmp(s->name, "files") == 0;
        enum nss_answer is = ours                            ? NSS_TRYAGAIN
                             : !files && !installed(s->name) ? NSS_UNAVAIL
                             : in_file && files              ? NSS_SUCCESS
                                                             : NSS_NOTFOUND;
        if (!nss_local(s->name) && is != NSS_UNAVAIL)
            return s->name;
        if ((initgroups || is != NSS_SUCCESS) && s->on[is] == NSS_RETURN)
            return NULL;
    }
    return NULL;
}

static void groups(struct check *c, const struct check_account *a)
{
    struct check_at at = {.account = a->row->name, .file = NSS_CONF};
    struct nss_line l;
    unsigned broken;
    const char *database = "initgroups", *asked;

    if (line_of(database, &l, &broken) != CONF_SOUND)
        return;
    if (l.number == 0 && line_of(database = "group", &l, &broken) != CONF_SOUND)
        return;
    at.line = l.number;
    asked = groups_ask(&l, strcmp(database, "initgroups") == 0, group_in_file(a));
    if (asked != NULL)
        check_find(c, CHECK_NSS_GROUPS, &at, BG_ARGS(database, a->row->name, asked));
    else if (strcmp(database, "group") == 0 && nss_line_at(&l, NSS_OURS) == l.n)
        check_find(c, CHECK_NSS_ABSENT_MINOR, &at, BG_ARGS("group", a->row->name));
}

/* ---- our module */

struct question {
    char name[32];
    uint32_t as;   /* the user that asks */
    bool known;    /* the answer */
    char why[256]; /* it cannot be loaded; "": it was */
};

static enum bg_err ask(void *arg, void *out)
{
    typedef enum nss_status fn(const char *, struct passwd *, char *, size_t, int *);
    const struct rlimit none = {0, 0};
    struct question *q = out;
    struct passwd pw;
    char room[4096];
    int error = 0;
    void *so;
    fn *look_up = NULL;

    (void)arg;
    (void)setrlimit(RLIMIT_CORE, &none);
    for (int sig = 1; sig < NSIG; sig++)
        (void)signal(sig, SIG_DFL);
    if (q->as != 0 && bg_become_user(q->as, q->as) != BG_OK)
        return BG_E_REFUSED;
    if ((so = dlopen(MODULE, RTLD_NOW | RTLD_LOCAL)) != NULL)
        *(void **)&look_up = dlsym(so, "_nss_breakglass_getpwnam_r");
    if (look_up == NULL) {
        const char *why = dlerror();
        (void)snprintf(q->why, sizeof q->why, "%s", why == NULL ? "it lacks its functions" : why);
        return BG_OK;
    }
    q->known = look_up(q->name, &pw, room, sizeof room, &error) == NSS_STATUS_SUCCESS;
    return BG_OK;
}

/* False: it cannot be told, or a finding was made. */
static bool asked(struct check *c, const struct check_at *at, struct question *q)
{
    int status = 0;
    enum bg_err r = bg_child_run(ask, NULL, LOAD_MS, q, sizeof *q, &status);

    if (r == BG_E_IO && WIFSIGNALED(status))
        (void)snprintf(q->why, sizeof q->why, "whoever loads it dies of signal %d", WTERMSIG(status));
    else if (r != BG_OK) {
        check_unknown(c, q->as == 0 ? CHECK_NSS_MODULE : CHECK_NSS_NOBODY, at,
                      r == BG_E_TIMEOUT ? "the module was not loaded within a second" : bg_strerror(r));
        return false;
    }
    return true;
}

bool nss_look_module(struct check *c, const struct check_account *a)
{
    struct check_at at = {.account = a->row->name};
    struct question root = {.as = 0}, nobody = {.as = NOBODY};
    struct stat st;
    char why[MODULE_WHY_MAX];

    (void)snprintf(root.name, sizeof root.name, "%s", a->row->name);
    (void)snprintf(nobody.name, sizeof nobody.name, "%s", a->row->name);
    if (!asked(c, &at, &root))
        return false;
    if (root.why[0] != '\0' || module_fault(true, LOAD_MS, why))
        check_find(c, CHECK_NSS_MODULE, &at, BG_ARGS(root.why[0] != '\0' ? root.why : why, at.account));
    else if (!root.known)
        check_find(c, CHECK_NSS_UNKNOWN, &at, BG_ARGS(at.account, BG_ACCOUNTS_PATH));
    else if (asked(c, &at, &nobody) && !nobody.known)
        check_find(c, CHECK_NSS_NOBODY, &at,
                   BG_ARGS(at.account, nobody.why[0] != '\0' ? nobody.why
                                                             : BG_ACCOUNTS_PATH " cannot be read by others"));
    else if (stat(NSS_CONF, &st) == 0 && (st.st_mode & S_IROTH) == 0)
        check_find(c, CHECK_NSS_NOBODY, &at, BG_ARGS(at.account, NSS_CONF " cannot be read by others"));
    return root.known;
}

/* What the library does not read at all. */
static void last_line(struct check *c)
{
    bool gone;
    char *text = facts_file(NSS_CONF, &gone);
    size_t n = text == NULL ? 0 : strlen(text);

    if (n > 0 && text[n - 1] != '\n')
        check_find(c, CHECK_NSS_LAST_LINE, &(struct check_at){.file = NSS_CONF}, BG_NOARGS);
    free(text);
}

/* What looks like a comment behind services. */
static void comments(struct check *c)
{
    static const char *const databases[] = {"passwd", "group", "shadow", "initgroups"};
    struct check_at at = {.file = NSS_CONF};
    struct nss_line l;
    unsigned broken;

    for (size_t i = 0; i < sizeof databases / sizeof *databases; i++) {
        if (line_of(databases[i], &l, &broken) != CONF_SOUND || !l.comment)
            continue;
        at.line = l.number;
        check_find(c, CHECK_NSS_COMMENT, &at, BG_ARGS(databases[i], BG_DIGITS(l.number)));
    }
}

static void host(struct check *c)
{
    struct check_at at = {.file = NSS_CONF};
    struct nss_line l;
    enum conf_state s = line_of("passwd", &l, &at.line);

    if (s == CONF_BROKEN)
        check_find(c, CHECK_NSS_BROKEN, &at, BG_ARGS(BG_DIGITS(at.line)));
    else if (s == CONF_UNREAD)
        check_unknown(c, CHECK_NSS_ABSENT, &at, NSS_CONF " cannot be read");
    last_line(c);
    comments(c);
    nss_look_caches(c);
    nss_look_hosts(c);
    nss_look_authselect(c);
}

static void account(struct check *c, const struct check_account *a)
{
    names(c, a);
    groups(c, a);
    nss_look_twins(c, a);
}

const struct check_group check_nss = {.host = host, .account = account};
