/* SPDX-License-Identifier: ISC */
/*
 * libpam [ROUNDS [SEED]]: random stacks through the simulator and through this machine's own libpam. What
 * pam_start() and each call return, which modules are called in which order and with which arguments must be
 * the same; and what bg_pam_explore() says of the same stack must hold it. libpam gets the files from here:
 * its fopen(), stat() and syslog() are this program's.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>
#include <security/pam_appl.h>
#include "base/sanitized.h"
#include "pamsim/explore.h"
#include "script.h"
#include "this_kind.h"

#if UINTPTR_MAX == UINT32_MAX /* fopen() and stat() have other names there than libpam calls them by */
int main(void)
{
    (void)puts("skip: the names of libc's functions on a machine of 32 bits");
    return 77;
}
#else

#define FILES     12
#define FILE_TEXT 8192
#define CALLED    20000
#define ROUNDS    (SANITIZED ? 4000 : 12000)

/* ---- the files of one round */

static struct file {
    char path[128], text[FILE_TEXT];
    size_t len, at;
} files[FILES];
static size_t n_files;
static bool etc_there, usr_there;

static struct file *file_of(const char *path)
{
    for (size_t i = 0; i < n_files; i++)
        if (strcmp(files[i].path, path) == 0)
            return &files[i];
    return NULL;
}

static bool ours(const char *path)
{
    return strncmp(path, "/etc/pam.", 9) == 0 || strncmp(path, "/usr/lib/pam.d", 14) == 0 ||
           strncmp(path, "/usr/etc/pam.d", 14) == 0;
}

static bool directory_there(const char *path)
{
    return (strcmp(path, "/etc/pam.d") == 0 && etc_there) ||
           (strcmp(path, "/usr/lib/pam.d") == 0 && usr_there);
}

struct reading {
    struct file *file;
    size_t at;
};

static ssize_t reading_read(void *cookie, char *buf, size_t n)
{
    struct reading *r = cookie;
    size_t left = r->file->len - r->at;

    n = n < left ? n : left;
    memcpy(buf, r->file->text + r->at, n);
    r->at += n;
    return (ssize_t)n;
}

static int reading_close(void *cookie)
{
    free(cookie);
    return 0;
}

static FILE *open_ours(const char *path)
{
    struct reading *r = NULL;
    struct file *f = file_of(path);

    if (f == NULL || (r = malloc(sizeof *r)) == NULL) {
        errno = ENOENT;
        return NULL;
    }
    *r = (struct reading){f, 0};
    return fopencookie(r, "r", (cookie_io_functions_t){.read = reading_read, .close = reading_close});
}

FILE *fopen(const char *restrict path, const char *restrict mode)
{
    int fd;

    if (ours(path))
        return open_ours(path);
    fd = open(path, O_RDONLY | O_CLOEXEC); /* nothing here writes */
    return fd < 0 ? NULL : fdopen(fd, mode);
}

FILE *fopen64(const char *restrict path, const char *restrict mode)
{
    return fopen(path, mode);
}

static int stat_ours(const char *path, struct stat *st)
{
    if (!ours(path))
        return fstatat(AT_FDCWD, path, st, 0);
    memset(st, 0, sizeof *st);
    st->st_mode = S_IFDIR;
    return directory_there(path) ? 0 : (errno = ENOENT, -1);
}

int stat(const char *restrict path, struct stat *restrict st)
{
    return stat_ours(path, st);
}

int stat64(const char *restrict path, struct stat64 *restrict st)
{
    struct stat s;
    int rc = stat_ours(path, &s);

    memset(st, 0, sizeof *st);
    st->st_mode = s.st_mode;
    return rc;
}

/* Nothing of this is for the machine's log or its audit trail. */
#undef syslog /* a macro with clang and _FORTIFY_SOURCE */
void syslog(int priority, const char *fmt, ...)
{
    (void)priority;
    (void)fmt;
}
void __syslog_chk(int priority, int flag, const char *fmt, ...);
void __syslog_chk(int priority, int flag, const char *fmt, ...)
{
    (void)priority;
    (void)flag;
    (void)fmt;
}
int audit_open(void);
int audit_open(void)
{
    errno = EPROTONOSUPPORT;
    return -1;
}

/* A libpam whose pam_start() refuses does not give back all that it had read. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libpam.so\n";
}

/* ---- the same files for the simulator */

static enum bg_err sim_read(void *arg, const char *path, char **text, size_t *len)
{
    struct file *f = ours(path) ? file_of(path) : NULL;

    (void)arg;
    if (f == NULL)
        return BG_E_NOENT;
    if ((*text = malloc(f->len + 1)) == NULL)
        return BG_E_NOMEM;
    memcpy(*text, f->text, f->len);
    *len = f->len;
    return BG_OK;
}

static bool sim_has(void *arg, const char *path, bool directory)
{
    struct stat st;

    (void)arg;
    if (directory && ours(path))
        return directory_there(path);
    return fstatat(AT_FDCWD, path, &st, 0) == 0 && (directory ? S_ISDIR(st.st_mode) : S_ISREG(st.st_mode));
}

/* ---- chance, the same for the same seed (splitmix64) */

static uint64_t chance_state;

static unsigned below(unsigned n)
{
    uint64_t z = (chance_state += 0x9e3779b97f4a7c15U);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return (unsigned)((z ^ (z >> 31)) % n);
}

static bool one_in(unsigned n)
{
    return below(n) == 0;
}

static const char *pick(const char *const *list)
{
    unsigned n = 0;

    while (list[n] != NULL)
        n++;
    return list[below(n)];
}

/* ---- random files */

static char script_path[512];
static bool old_kind;
static unsigned next_id,
    backward; /* references to the file itself or an earlier one, of which one is enough */
static const char *const parts[] = {"part-a", "part-b", "part-c", "part-d"};

__attribute__((format(printf, 2, 3))) static void put(struct file *f, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(f->text + f->len, sizeof f->text - f->len, fmt, ap);
    va_end(ap);
    if (n > 0 && (size_t)n < sizeof f->text - f->len)
        f->len += (size_t)n;
}

/* A blank, or the end of a line that goes on in the next. */
static void gap(struct file *f)
{
    static const char *const gaps[] = {"\t", "  ", " \t ", " \\\n", "\\\n  ", "\\ \n", " \\\n\\\n", NULL};
    static const char *const odd[] = {" \\\n\n", " \\\n# note\n", " # \\\n", "\\\n   \n\t",
                                      "\r",      " [] ",          NULL};

    if (one_in(60))
        put(f, "%s", pick(odd));
    else
        put(f, "%s", one_in(6) ? pick(gaps) : " ");
}

static void put_control(struct file *f)
{
    static const char *const plain[] = {"required", "requisite", "sufficient", "optional",
                                        "REQUIRED", "Optional",  "[required]", NULL};
    static const char *const bad[] = {"requird",
                                      "[success]",
                                      "[success=]",
                                      "[success=0]",
                                      "[default=okay]",
                                      "[=ok]",
                                      "[succes=ok]",
                                      "[success=99999999999]",
                                      "[success=ok default]",
                                      "[]",
                                      "[success=2147483648]",
                                      "[success=ok",
                                      "[default=-1]",
                                      "[success=1ignore=2]",
                                      NULL};
    static const char *const words[] = {
        "success",          "perm_denied", "auth_err",         "user_unknown",
        "new_authtok_reqd", "ignore",      "authinfo_unavail", "module_unknown",
        "default",          "abort",       "cred_err",         "session_err",
        "acct_expired",     NULL};
    static const char *const actions[] = {"ok", "done", "bad", "die", "ignore", "reset",
                                          "1",  "2",    "3",   "5",   NULL};
    unsigned n = 1 + below(5);

    if (one_in(25)) {
        put(f, "%s", pick(bad));
    } else if (one_in(2)) {
        put(f, "%s", pick(plain));
    } else {
        put(f, "[");
        for (unsigned i = 0; i < n; i++)
            put(f, "%s%s%s%s", i == 0 ? "" : " ", pick(words), one_in(12) ? " = " : "=", pick(actions));
        put(f, "]");
    }
}

static int code(void)
{
    static const int often[] = {0, 0, 0, 0, 7, 25, 9, 10, 6, 12};

    if (one_in(40))
        return 32 + (int)below(60); /* no code at all */
    return one_in(6) ? (int)below(31) : often[below(10)];
}

static void put_arguments(struct file *f)
{
    static const char *const odd[] = {"[a b]", "[a \\] b]", "use_first_pass", "[x", "a]b",
                                      "\\",    "[]",        "[a][b]",         NULL};

    put(f, " id=%u auth=%d setcred=%d acct=%d", next_id++, code(), one_in(2) ? 0 : code(), code());
    gap(f);
    put(f, "open=%d close=%d first=%d second=%d", code(), code(), one_in(2) ? 0 : code(), code());
    if (one_in(8))
        put(f, " %s", pick(odd));
}

static void put_module(struct file *f)
{
    static const char *const other[] = {"pam_permit.so",      "pam_deny.so",
                                        "pam_no_such.so",     "/no/such/pam.so",
                                        "$ISA/pam_permit.so", "/lib/security/$ISA/pam_deny.so",
                                        "[pam_permit.so]",    NULL};
    static const char *const nameless[] = {".so", "?", "/", "x/", NULL};

    if (one_in(400))
        put(f, "%s", pick(nameless));
    else if (one_in(6))
        put(f, "%s", pick(other));
    else
        put(f, "%s", script_path);
    put_arguments(f);
}

/* Which file a line of the file named parts[self] (4: the service's own) may include. */
static const char *put_target(unsigned self, bool substack)
{
    unsigned to = below(4);

    if (one_in(25))
        return "part-missing";
    if (self < 4 && to <= self) { /* round in circles: libpam 1.5 ends that for a substack only */
        if (backward > 0 || (old_kind && !substack))
            return "part-missing";
        backward++;
    }
    return parts[to];
}

static void put_include(struct file *f, unsigned self)
{
    static const char *const ats[] = {"@include", "@INCLUDE", "-@include", NULL};
    static const char *const dirs[] = {"", "", "", "/etc/pam.d/", "/usr/lib/pam.d/", NULL};
    static const char *const types[] = {"auth", "account", "session", "password", "-auth", "nonsense", NULL};
    bool substack = one_in(2);

    if (one_in(3))
        put(f, "%s %s%s", pick(ats), pick(dirs), put_target(self, false));
    else
        put(f, "%s %s %s%s", pick(types), substack ? "substack" : "include", pick(dirs),
            put_target(self, substack));
    if (one_in(10))
        put(f, " more words");
}

static void put_rule(struct file *f, unsigned self)
{
    static const char *const types[] = {"auth",     "auth", "account", "session", "password", "-auth",
                                        "-session", "AUTH", "Account", "[auth]",  NULL};
    static const char *const bad[] = {"ath", "-", "auth:", "@includes", "[auth x]", NULL};

    if (one_in(5)) {
        put_include(f, self);
        return;
    }
    put(f, "%s", one_in(40) ? pick(bad) : pick(types));
    if (one_in(60))
        return;
    gap(f);
    put_control(f);
    if (one_in(60))
        return;
    gap(f);
    put_module(f);
}

static void put_line(struct file *f, unsigned self, const char *service)
{
    static const char *const nothing[] = {"", "   ", "# a note", "\t# \\", "#", "  \\", NULL};

    if (one_in(6)) {
        put(f, "%s\n", pick(nothing));
        return;
    }
    if (service != NULL)
        put(f, "%s%s", service, one_in(50) ? "\n" : " ");
    if (one_in(12))
        put(f, "%s", one_in(2) ? " " : "\t");
    put_rule(f, self);
    if (one_in(10))
        put(f, "%s", one_in(2) ? " # note" : "   ");
    if (one_in(300)) /* longer than the old reader's line */
        put(f, " %*s", (int)(500 + below(1200)), one_in(3) ? "\\" : "z");
    if (one_in(400))
        f->text[f->len++] = '\0';
    put(f, "\n");
}

static struct file *new_file(const char *dir, const char *name)
{
    struct file *f = &files[n_files++];

    (void)snprintf(f->path, sizeof f->path, "%s%s", dir, name);
    f->len = 0;
    return f;
}

static void fill(struct file *f, unsigned self, unsigned lines)
{
    for (unsigned i = 0; i < lines; i++)
        put_line(f, self, NULL);
    if (one_in(20) && f->len > 0)
        f->len--; /* no newline at the end */
    if (one_in(80))
        put(f, "\\\n");
}

static void make_directories(void)
{
    static const char *const dirs[] = {"/etc/pam.d/",     "/etc/pam.d/",     "/etc/pam.d/",
                                       "/usr/lib/pam.d/", "/usr/etc/pam.d/", NULL};

    for (unsigned i = 0; i < 4; i++)
        if (!one_in(20))
            fill(new_file(pick(dirs), parts[i]), i, below(7));
    if (!one_in(12))
        fill(new_file(pick(dirs), "service"), 4, 1 + below(8));
    if (!one_in(4))
        fill(new_file(pick(dirs), "other"), 4, below(4));
    if (one_in(20)) /* the first directory wins */
        fill(new_file("/usr/lib/pam.d/", "service"), 4, below(3));
}

static void make_one_file(void)
{
    static const char *const services[] = {"service", "service", "SERVICE", "other", "login", NULL};
    struct file *f = new_file("/etc/", "pam.conf");

    for (unsigned i = 1 + below(12); i > 0; i--)
        put_line(f, 4, pick(services));
}

static void make_round(uint64_t seed)
{
    chance_state = seed * 0x2545f4914f6cdd1dU + 88172645463325252U;
    n_files = next_id = backward = 0;
    etc_there = !one_in(30);
    usr_there = etc_there && one_in(2);
    if (etc_there)
        make_directories();
    else
        make_one_file();
}

/* ---- who was called */

static struct called {
    unsigned mark[CALLED];
    size_t n;
} by_libpam, by_us, *calls;

void script_called(unsigned mark);
void script_called(unsigned mark)
{
    if (calls->n < CALLED)
        calls->mark[calls->n++] = mark;
}

static int real_module(const char *name, enum bg_pam_call call)
{
    static const int deny[BG_PAM_CALLS] = {7, 17, 7, 14, 14, 20};

    return strcmp(name, "pam_deny") == 0 ? deny[call] : 0;
}

static int sim_ask(void *arg, const struct bg_pam_step *step, enum bg_pam_call call, bool second)
{
    static const char *const words[BG_PAM_CALLS] = {"auth", "setcred", "acct", "open", "close", "first"};
    char name[64];

    (void)arg;
    bg_pam_module_name(step, name, sizeof name);
    if (strcmp(name, "pam_script_test") != 0)
        return real_module(name, call);
    script_called(script_mark((int)step->argc, step->argv));
    return script_value((int)step->argc, step->argv, second ? "second" : words[call], SCRIPT_IGNORE);
}

/* ---- one round */

static int talk(int n, const struct pam_message **m, struct pam_response **r, void *arg)
{
    (void)n;
    (void)m;
    (void)r;
    (void)arg;
    return PAM_CONV_ERR;
}

static int real_call(pam_handle_t *h, enum bg_pam_call call)
{
    switch (call) {
    case BG_PAM_AUTHENTICATE:
        return pam_authenticate(h, 0);
    case BG_PAM_SETCRED:
        return pam_setcred(h, PAM_ESTABLISH_CRED);
    case BG_PAM_ACCT_MGMT:
        return pam_acct_mgmt(h, 0);
    case BG_PAM_OPEN_SESSION:
        return pam_open_session(h, 0);
    case BG_PAM_CLOSE_SESSION:
        return pam_close_session(h, 0);
    default:
        return pam_chauthtok(h, 0);
    }
}

#define CALLS 9
static int libpam_said[CALLS + 1], we_said[CALLS + 1];
static enum bg_pam_call order[CALLS];

/* Mostly as an application does it; sometimes any order, so that chains are not frozen yet. */
static void choose_order(void)
{
    for (unsigned i = 0; i < CALLS; i++)
        order[i] = i < BG_PAM_CALLS ? (enum bg_pam_call)i : (enum bg_pam_call)below(BG_PAM_CALLS);
    if (one_in(5))
        for (unsigned i = 0; i < CALLS; i++)
            order[i] = (enum bg_pam_call)below(BG_PAM_CALLS);
}

static void ask_libpam(const char *service)
{
    struct pam_conv conv = {.conv = talk};
    pam_handle_t *h = NULL;

    by_libpam.n = 0;
    calls = &by_libpam;
    memset(libpam_said, 0, sizeof libpam_said);
    if ((libpam_said[CALLS] = pam_start(service, "root", &conv, &h)) != PAM_SUCCESS)
        return;
    for (unsigned i = 0; i < CALLS; i++)
        libpam_said[i] = real_call(h, order[i]);
    (void)pam_end(h, 0);
}

static void ask_simulator(const struct bg_pam_stack *s)
{
    static struct bg_pam_play play;

    by_us.n = 0;
    calls = &by_us;
    memset(we_said, 0, sizeof we_said);
    if ((we_said[CALLS] = s->refused ? BG_PAM_ABORT : 0) != 0)
        return;
    bg_pam_play_begin(&play, s, sim_ask, NULL);
    for (unsigned i = 0; i < CALLS; i++)
        we_said[i] = bg_pam_play(&play, order[i]);
}

/* ---- the explorer against the player: the code itself; and, with others that might be returned too, never
 * without it */

static struct bg_pam_play exact;
static bool vague, odd_code;

static void judge_script(void *arg, const struct bg_pam_step *step, enum bg_pam_call call,
                         struct bg_pam_answer *a)
{
    int answer = sim_ask(arg, step, call, false);

    odd_code = odd_code || answer < 0 || answer >= BG_PAM_INCOMPLETE;
    *a = (struct bg_pam_answer){.codes = odd_code ? 1 : 1U << answer};
    if (vague)
        a->codes |= script_mark((int)step->argc, step->argv) & BG_PAM_ANY_CODE;
}

static bool holds(const struct bg_pam_stack *s, enum bg_pam_call call, int code)
{
    struct bg_pam_verdict v;
    bool good;

    odd_code = false;
    if (bg_pam_explore(s, call, judge_script, NULL, &v) != BG_OK)
        return false;
    if (odd_code || v.cut)
        return true;
    if (vague)
        good = v.succeeds == BG_PAM_UNSURE || (v.succeeds == BG_PAM_YES) == (code == 0);
    else
        good = v.codes == 1U << code && v.succeeds == (code == 0 ? BG_PAM_YES : BG_PAM_NO);
    if (!good)
        printf("explored: call %d returns %d, the verdict is codes %x, succeeds %d, vague %d\n", call, code,
               v.codes, v.succeeds, vague);
    return good;
}

static bool explored_alike(const struct bg_pam_stack *s)
{
    static const enum bg_pam_call alone[] = {BG_PAM_AUTHENTICATE, BG_PAM_SETCRED, BG_PAM_ACCT_MGMT,
                                             BG_PAM_OPEN_SESSION, BG_PAM_CLOSE_SESSION};
    bool good = true;

    calls = &by_us;
    bg_pam_play_begin(&exact, s, sim_ask, NULL);
    for (size_t i = 0; i < sizeof alone / sizeof *alone; i++) {
        int code = bg_pam_play(&exact, alone[i]);
        if (code >= BG_PAM_CODES)
            continue; /* setcred may return what is no code */
        vague = false;
        good = holds(s, alone[i], code) && good;
        vague = true;
        good = holds(s, alone[i], code) && good;
    }
    return good;
}

static bool left_to_chance(const struct bg_pam_stack *s)
{
    for (unsigned t = 0; t < BG_PAM_TYPES; t++) {
        for (size_t i = 0; i < s->conf[t].n; i++)
            if (s->conf[t].step[i].chance)
                return true;
        for (size_t i = 0; i < s->other[t].n; i++)
            if (s->other[t].step[i].chance)
                return true;
    }
    return s->stuck;
}

static void show_list(const char *whose, const struct bg_pam_stack *s, enum bg_pam_type t)
{
    const struct bg_pam_list *l = bg_pam_stack_list(s, t);

    for (size_t i = 0; i < l->n; i++)
        printf("%s %zu: kind %d, level %u, %s, from %s:%u\n", whose, i, l->step[i].kind, l->step[i].level,
               l->step[i].path == NULL ? "no file" : l->step[i].path, l->step[i].file, l->step[i].line);
}

static void show(uint64_t seed, const struct bg_pam_stack *s)
{
    printf("round %llu differs:", (unsigned long long)seed);
    for (unsigned i = 0; i <= CALLS; i++)
        printf(" %d:%d/%d", i < CALLS ? (int)order[i] : -1, libpam_said[i], we_said[i]);
    printf(" (call:libpam/simulator), %zu and %zu modules called\n", by_libpam.n, by_us.n);
    for (size_t i = 0; i < n_files; i++) {
        printf("--- %s\n", files[i].path);
        (void)fwrite(files[i].text, 1, files[i].len, stdout);
    }
    for (unsigned t = 0; t < BG_PAM_TYPES; t++)
        show_list(bg_pam_type_word(t), s, t);
    for (size_t i = 0; i < s->notes; i++)
        printf("note %s:%u %s\n", s->note[i].file == NULL ? "" : s->note[i].file, s->note[i].line,
               s->note[i].text);
}

static struct count {
    unsigned long equal, differ, beyond, chance, refused, successes, called;
} count;

static enum bg_err round_of(const struct bg_pam_kind *kind, uint64_t seed)
{
    static const struct bg_pam_source source = {.read = sim_read, .has = sim_has};
    const char *service = seed % 7 == 0 ? "SerVice" : seed % 31 == 0 ? "other" : "service";
    struct bg_pam_stack s;
    enum bg_err e;

    make_round(seed);
    choose_order();
    if ((e = bg_pam_stack_read(kind, &source, service, &s)) != BG_OK) {
        count.beyond++;
        return e == BG_E_RANGE ? BG_OK : e;
    }
    if (left_to_chance(&s)) {
        count.chance++;
    } else {
        ask_libpam(service);
        ask_simulator(&s);
        bool same = memcmp(libpam_said, we_said, sizeof we_said) == 0 && by_libpam.n == by_us.n &&
                    memcmp(by_libpam.mark, by_us.mark, by_us.n * sizeof *by_us.mark) == 0;
        if (!same && count.differ < 5)
            show(seed, &s);
        if (same && seed % 4 == 0 && !explored_alike(&s)) {
            same = false;
            show(seed, &s);
        }
        *(same ? &count.equal : &count.differ) += 1;
        count.refused += s.refused;
        count.successes += we_said[CALLS] == 0 && we_said[0] == 0;
        count.called += by_libpam.n;
    }
    bg_pam_stack_free(&s);
    return BG_OK;
}

/* What stays loaded need not be mapped each time. */
static void hold(const char *dir, const char *name)
{
    char path[1024];

    (void)snprintf(path, sizeof path, "%s%s", dir, name);
    (void)dlopen(path, RTLD_NOW);
}

int main(int argc, char **argv)
{
    unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : ROUNDS;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    struct bg_pam_kind kind;

    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    if (this_kind(&kind) != BG_OK)
        return 1;
    old_kind = kind.old;
    (void)snprintf(script_path, sizeof script_path, "%s", BG_SCRIPT_MODULE);
    hold("", script_path);
    hold(kind.modules, "pam_permit.so");
    hold(kind.modules, "pam_deny.so");
    for (unsigned long i = 0; i < rounds; i++)
        if (round_of(&kind, seed + i) != BG_OK)
            return 1;
    printf("%lu rounds from seed %llu: %lu equal (%lu refused as a whole, %lu let in, %lu calls of modules), "
           "%lu that libpam "
           "leaves to chance and %lu beyond the bounds left out; %lu differ from libpam\n",
           rounds, (unsigned long long)seed, count.equal, count.refused, count.successes, count.called,
           count.chance, count.beyond, count.differ);
    return count.differ == 0 && count.equal > rounds * 9 / 10 ? 0 : 1;
}

#endif
