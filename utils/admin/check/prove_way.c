/* SPDX-License-Identifier: ISC */
/* A way to the first question, in a room without a network: libc's names, and libpam with a service's file.
 */
#include "admin/check/prove.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <grp.h>
#include <pwd.h>
#include <shadow.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <security/pam_appl.h>
#include "base/clock.h"
#include "base/safefile.h"
#include "base/text.h"

#define NOBODY   65534
#define GROUPS   256
#define OUR_NAME "pam_breakglass.so"
#define FRAMES   64

void prove_tell(struct prove_said *said, enum prove_result r, const char *cause)
{
    (void)snprintf(said->cause, sizeof said->cause, "%s", cause);
    said->result = r;
    atomic_store(&said->done, true);
}

void prove_squeeze(char *out, size_t cap, const char *text)
{
    size_t n = 0;

    for (; *text != '\0' && n + 1 < cap; text++) {
        bool blank = *text == ' ' || *text == '\t' || *text == '\r' || *text == '\n';
        if (!blank)
            out[n++] = *text;
        else if (n > 0 && out[n - 1] != ' ')
            out[n++] = ' ';
    }
    while (n > 0 && out[n - 1] == ' ')
        n--;
    out[n] = '\0';
}

/* As login's ways_question() ends it. */
bool prove_is_question(const char *text)
{
    static const char *const ends[] = {"q to leave:", "q = leave:"};
    static char flat[8192];
    size_t n;

    prove_squeeze(flat, sizeof flat, text);
    n = strlen(flat);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (n >= strlen(ends[i]) && strcmp(flat + n - strlen(ends[i]), ends[i]) == 0)
            return true;
    return false;
}

/* --- names */

static const char *look_up(const struct account_row *row)
{
    const struct passwd *pw = getpwnam(row->name);
    const struct group *gr;
    gid_t list[GROUPS];
    int n = GROUPS;
    char name[64];

    if (pw == NULL)
        return "getpwnam(3) does not know it";
    if (pw->pw_uid != row->uid || pw->pw_gid != row->gid || strcmp(pw->pw_shell, row->shell) != 0 ||
        strcmp(pw->pw_dir, row->home) != 0)
        return "getpwnam(3) tells another uid, group, home or shell than the accounts file";
    if (getspnam(row->name) == NULL)
        return "getspnam(3) does not know it";
    if ((gr = getgrgid(row->gid)) == NULL)
        return "getgrgid(3) does not know its group";
    (void)snprintf(name, sizeof name, "%s", gr->gr_name);
    if ((gr = getgrnam(name)) == NULL || gr->gr_gid != row->gid)
        return "getgrnam(3) tells another number for its group";
    if (getgrouplist(row->name, row->gid, list, &n) < 0)
        return "getgrouplist(3) fails";
    return NULL;
}

static void names(const struct prove_job *job, struct prove_said *said)
{
    int64_t began = bg_now_ms();
    const char *wrong = look_up(job->row);

    said->ms = bg_now_ms() - began;
    prove_tell(said, wrong == NULL ? PROVE_PASSED : PROVE_FAILED, wrong == NULL ? "" : wrong);
}

/* --- libpam, as the programs load it: this command itself is not linked with it */

typedef int start_fn(const char *, const char *, const struct pam_conv *, pam_handle_t **);
typedef int item_fn(pam_handle_t *, int, const void *);
typedef int call_fn(pam_handle_t *, int);
typedef const char *error_fn(pam_handle_t *, int);

static struct pam {
    start_fn *start;
    item_fn *set_item;
    call_fn *authenticate, *end;
    error_fn *error;
} P;

/* One dialogue. Only this process knows it. */
static struct dialogue {
    struct prove_said *said;
    int64_t began;
    bool asked, foreign;
    char first[300]; /* what another module has asked */
} D;

static bool load_symbol(void *so, const char *name, void *where)
{
    void *symbol = dlsym(so, name);

    memcpy(where, &symbol, sizeof symbol); /* a function's address is one of an object: POSIX dlsym() */
    return symbol != NULL;
}

static bool load(void)
{
    void *so = dlopen("libpam.so.0", RTLD_NOW | RTLD_GLOBAL);

    return so != NULL && load_symbol(so, "pam_start", &P.start) &&
           load_symbol(so, "pam_set_item", &P.set_item) &&
           load_symbol(so, "pam_authenticate", &P.authenticate) && load_symbol(so, "pam_end", &P.end) &&
           load_symbol(so, "pam_strerror", &P.error);
}

/* Which module has called us: the innermost one on the stack. */
static void who_calls(char *out, size_t cap)
{
    void *frame[FRAMES];
    int n = backtrace(frame, FRAMES);
    Dl_info info;

    out[0] = '\0';
    for (int i = 0; i < n && out[0] == '\0'; i++) {
        const char *base;
        if (dladdr(frame[i], &info) == 0 || info.dli_fname == NULL)
            continue;
        base = strrchr(info.dli_fname, '/');
        base = base == NULL ? info.dli_fname : base + 1;
        if (strncmp(base, "pam_", 4) == 0 && strstr(base, ".so") != NULL)
            (void)snprintf(out, cap, "%s", base);
    }
}

/* It hangs: say who. Nothing in this process goes on afterwards. */
static void on_hang(int sig)
{
    char why[96];

    (void)sig;
    if (D.said == NULL || atomic_load(&D.said->done))
        return;
    who_calls(D.said->module, sizeof D.said->module);
    (void)snprintf(why, sizeof why, D.asked ? "it hangs after q" : "no question came in %d seconds",
                   PROVE_WAY_MS / 1000);
    D.said->ms = bg_now_ms() - D.began;
    prove_tell(D.said, PROVE_FAILED, why);
}

static void hear(const char *text, bool ours)
{
    if (ours && !D.asked)
        prove_squeeze(D.said->words, sizeof D.said->words, text);
}

/* A question. NULL: it is not ours, and nobody answers it. */
static char *answer(const char *text)
{
    char module[64];
    bool ours;

    who_calls(module, sizeof module);
    ours = strcmp(module, OUR_NAME) == 0 || (module[0] == '\0' && prove_is_question(text));
    if (!ours) {
        D.foreign = D.foreign || !D.asked;
        (void)snprintf(D.said->module, sizeof D.said->module, "%s", module);
        prove_squeeze(D.first, sizeof D.first, text);
        return NULL;
    }
    if (D.asked || !prove_is_question(text)) { /* our last word, which sshd shows as a question only */
        hear(text, true);
        return strdup("");
    }
    D.asked = true;
    D.said->words[0] = '\0';
    D.said->ms = bg_now_ms() - D.began;
    return strdup("q");
}

static int converse(int n, const struct pam_message **msg, struct pam_response **resp, void *arg)
{
    struct pam_response *r = calloc((size_t)n, sizeof *r);
    char module[64];

    (void)arg;
    for (int i = 0; r != NULL && i < n; i++) {
        if (msg[i]->msg_style == PAM_PROMPT_ECHO_ON || msg[i]->msg_style == PAM_PROMPT_ECHO_OFF) {
            if ((r[i].resp = answer(msg[i]->msg)) != NULL)
                continue;
            free(r); /* the answers before it are one letter at most */
            return PAM_CONV_ERR;
        }
        who_calls(module, sizeof module);
        hear(msg[i]->msg, strcmp(module, OUR_NAME) == 0);
    }
    *resp = r;
    return r == NULL ? PAM_BUF_ERR : PAM_SUCCESS;
}

/* As the program of that service sets them, for somebody who comes by it here. */
static void set_items(pam_handle_t *pamh, enum prove_way w)
{
    static const char *const tty[PROVE_WAYS] = {
        [PROVE_LOGIN] = "tty1", [PROVE_SSHD] = "ssh", [PROVE_SU] = "pts/0", [PROVE_SU_L] = "pts/0"};

    (void)P.set_item(pamh, PAM_TTY, tty[w]);
    if (w == PROVE_SSHD)
        (void)P.set_item(pamh, PAM_RHOST, "UNKNOWN"); /* what sshd says of a socket without an address */
    if (w == PROVE_SU || w == PROVE_SU_L)
        (void)P.set_item(pamh, PAM_RUSER, "root");
}

static int talk(const struct prove_job *job, enum prove_way w)
{
    static const struct pam_conv conv = {.conv = converse};
    pam_handle_t *pamh = NULL;
    int code;

    D.asked = D.foreign = false;
    D.began = bg_now_ms();
    if ((code = P.start(prove_way_name(w), job->row->name, &conv, &pamh)) != PAM_SUCCESS)
        return code;
    set_items(pamh, w);
    code = P.authenticate(pamh, 0);
    if (!D.asked)
        D.said->ms = bg_now_ms() - D.began;
    (void)snprintf(D.said->cause, sizeof D.said->cause, "PAM ends with \"%s\"", P.error(pamh, code));
    (void)P.end(pamh, code);
    return code;
}

/*
 * What that means. After q our own code is what the program gets, unless a line before ours has failed for
 * good: libpam keeps the first failure, and whoever types cards there is refused all the same.
 */
static void judge(enum prove_way w, struct prove_said *said, int code)
{
    char why[sizeof said->cause];

    (void)snprintf(why, sizeof why, "%s", said->cause);
    if (D.asked && !D.foreign && code == (w == PROVE_SSHD ? PAM_MAXTRIES : PAM_AUTH_ERR))
        prove_tell(said, PROVE_PASSED, "");
    else if (code == PAM_SUCCESS)
        prove_tell(said, PROVE_LET_IN, D.asked ? "it opened after q" : "it opened without a question");
    else if (D.foreign) {
        (void)snprintf(why, sizeof why, "another module asks first: \"%s\"", D.first);
        prove_tell(said, PROVE_FAILED, why);
    } else if (D.asked) {
        (void)snprintf(why, sizeof why, "a module before ours has failed for good: %.300s", said->cause);
        prove_tell(said, PROVE_FAILED, why);
    } else if (said->words[0] != '\0')
        prove_tell(said, PROVE_CLOSED, said->words);
    else
        prove_tell(said, PROVE_FAILED, why);
}

static void by_libpam(const struct prove_job *job, enum prove_way w, struct prove_said *said)
{
    int code;

    if (!load()) {
        prove_tell(said, PROVE_UNKNOWN, "libpam.so.0 cannot be loaded");
        return;
    }
    D.said = said;
    who_calls(said->module, sizeof said->module); /* what it needs is loaded now, not in a handler */
    (void)signal(SIGUSR1, on_hang);
    code = talk(job, w);
    /* root needs no password of su's: anybody else is asked */
    if (code == PAM_SUCCESS && !D.asked && (w == PROVE_SU || w == PROVE_SU_L) && setresuid(NOBODY, 0, 0) == 0)
        code = talk(job, w);
    judge(w, said, code);
}

/* --- */

/* Nothing of the caller's: no terminal, no descriptor, no environment. */
static void alone(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    (void)setsid();
    for (int fd = 0; null >= 0 && fd < 3; fd++)
        (void)dup2(null, fd);
    closefrom(3);
    (void)clearenv();
    (void)setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
    (void)setenv("LC_ALL", "C", 1);
    (void)setenv("SHELL", "/bin/sh", 1);
    (void)setenv("TERM", "dumb", 1);
    (void)!chdir("/");
}

void prove_go(enum prove_way w, const struct prove_job *job)
{
    struct prove_said *said = &job->shared->way[w];

    alone();
    if (w == PROVE_NAMES)
        names(job, said);
    else if (prove_way_is_ssh(w))
        prove_ssh(w, job, said);
    else
        by_libpam(job, w, said);
    _exit(0);
}
