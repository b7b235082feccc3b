/* SPDX-License-Identifier: ISC */
/*
 * The engine that starts programs. The program is this test itself: called with an argument it writes down
 * what it was given (descriptors, signals, session, environment) into the file behind its last descriptor.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/clock.h"
#include "base/process.h"
#include "fds.h"

#define LONG_MS 60000

static char self[PATH_MAX]; /* not /proc/self/exe: that is valgrind, when it runs this */

extern char **environ;

/* What a started program says of itself, as one block. */
struct found {
    char open[64]; /* one character a descriptor: '.' closed, 'n' /dev/null, 'm' a memory file, '?' other */
    char content[64]; /* first byte of each memory file */
    unsigned args, vars, blocked, ignored;
    int leads_session, argv0_good;
};

static char kind(int fd, char *first)
{
    struct stat st;
    char to[64], path[32];
    ssize_t n;

    if (fstat(fd, &st) != 0)
        return '.';
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if ((n = readlink(path, to, sizeof to - 1)) < 0)
        return '?';
    to[n] = '\0';
    if (strcmp(to, "/dev/null") == 0)
        return (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR ? 'n' : '?';
    return strncmp(to, "/memfd:", 7) == 0 && pread(fd, first, 1, 0) == 1 ? 'm' : '?';
}

static void look(int argc, char **argv, struct found *f)
{
    sigset_t mask;

    memset(f, 0, sizeof *f);
    for (int fd = 0; fd < 63; fd++)
        f->open[fd] = kind(fd, &f->content[fd]);
    f->args = (unsigned)argc;
    f->argv0_good = strcmp(argv[0], "a name") == 0;
    for (char **e = environ; *e != NULL; e++)
        f->vars++;
    (void)sigprocmask(SIG_SETMASK, NULL, &mask);
    for (int s = 1; s < NSIG; s++) {
        struct sigaction sa;
        f->blocked += sigismember(&mask, s) == 1;
        f->ignored += sigaction(s, NULL, &sa) == 0 && sa.sa_handler == SIG_IGN;
    }
    f->leads_session = getsid(0) == getpid();
}

static int be_program(int argc, char **argv)
{
    struct found f;
    int out = atoi(argv[1]);

    if (strcmp(argv[1], "exit") == 0)
        return 7;
    (void)alarm(60); /* should nobody kill it */
    while (strcmp(argv[1], "hang") == 0)
        (void)pause();
    look(argc, argv, &f);
    return pwrite(out, &f, sizeof f, 1) == (ssize_t)sizeof f ? 0 : 1;
}

/* A memory file that begins with c. */
static int file_of(char c)
{
    int fd = memfd_create("test", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, &c, 1), 1);
    return fd;
}

/* Run with these descriptors; the last is a memory file, to which the program writes. */
static struct found run(const int *fds, unsigned n, const char *const *env)
{
    char last[12];
    const char *const argv[] = {"a name", last, NULL};
    struct found f;
    unsigned before = open_fds();
    int status = -1;
    pid_t pid = -1;

    (void)snprintf(last, sizeof last, "%u", n - 1);
    assert_int_equal(bg_process_start(&(struct bg_program){self, argv, env, fds, n}, &pid), BG_OK);
    assert_int_equal(open_fds(), before);
    assert_int_equal(bg_process_end(pid, LONG_MS, 1000, &status), BG_OK);
    assert_int_equal(status, 0);
    assert_int_equal(pread(fds[n - 1], &f, sizeof f, 1), sizeof f);
    return f;
}

static void test_given_exactly(void **state)
{
    static const char *const env[] = {"A=1", "B=2", NULL};
    int leak = dup(2), fds[] = {BG_FD_NULL, BG_FD_CLOSED, BG_FD_NULL, file_of('x')};
    struct found f;

    (void)state;
    assert_true(leak >= 0); /* not close-on-exec: the engine closes it, not exec */
    f = run(fds, 4, env);
    assert_string_equal(f.open, "n.nm...........................................................");
    assert_int_equal(f.content[3], 'x');
    assert_int_equal(f.args, 2);
    assert_true(f.argv0_good);
    assert_int_equal(f.vars, 2);
    assert_true(f.leads_session);
    (void)close(leak);
    (void)close(fds[3]);
}

static void test_environment_empty(void **state)
{
    int fds[] = {file_of('x')};

    (void)state;
    assert_int_equal(setenv("LD_DEBUG_OUTPUT", "leak", 1), 0);
    assert_int_equal(run(fds, 1, NULL).vars, 0);
    (void)close(fds[0]);
}

static void test_signals_reset(void **state)
{
    int fds[] = {file_of('x')};
    sigset_t all, old;
    struct found f;

    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGTERM, SIG_IGN);
    (void)signal(SIGRTMAX, SIG_IGN);
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, &old);
    f = run(fds, 1, NULL);
    (void)sigprocmask(SIG_SETMASK, &old, NULL);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)signal(SIGTERM, SIG_DFL);
    (void)signal(SIGRTMAX, SIG_DFL);
    assert_int_equal(f.blocked, 0);
    assert_int_equal(f.ignored, 0);
    (void)close(fds[0]);
}

/* Each descriptor has a number that another one is to get, and one is used twice: none is overwritten. */
static void test_descriptors_cross(void **state)
{
    int base = file_of('z'), first = 3;
    struct found f;

    (void)state;
    for (int fd = 0; fd < 3; fd++) /* 3, 4 and 5 as a ring, whatever stood there */
        assert_int_equal(dup2(base, first + fd + 20), first + fd + 20);
    (void)close(base);
    for (int fd = first; fd < first + 3; fd++) {
        int own = file_of((char)('a' + fd - first));
        assert_int_equal(dup2(own, fd + 40), fd + 40);
        if (own != fd)
            (void)close(own);
    }
    for (int fd = first; fd < first + 3; fd++) {
        assert_int_equal(dup2(fd + 40, fd), fd);
        (void)close(fd + 40);
        (void)close(fd + 20);
    }
    const int fds[] = {BG_FD_NULL, BG_FD_NULL, BG_FD_NULL, 4, 5, 3, 3, 5, 4};
    f = run(fds, 9, NULL);
    assert_memory_equal(f.open, "nnnmmmmmm.", 10);
    assert_memory_equal(f.content + 3, "bcaacb", 6);
    for (int fd = first; fd < first + 3; fd++)
        (void)close(fd);
}

/* A host may run with 0 to 2 closed: descriptors then lie there, and one that is in its place stays. */
static void test_low_descriptors(void **state)
{
    int kept = fcntl(0, F_DUPFD_CLOEXEC, 30), file;
    struct found f;

    (void)state;
    (void)close(0);
    file = file_of('q');
    assert_int_equal(file, 0);
    f = run((const int[]){BG_FD_NULL, BG_FD_NULL, BG_FD_NULL, 0}, 4, NULL);
    assert_memory_equal(f.open, "nnnm.", 5);
    assert_int_equal(f.content[3], 'q');
    f = run((const int[]){0}, 1, NULL);
    assert_memory_equal(f.open, "m.", 2);
    assert_int_equal(dup2(kept, 0), 0);
    (void)close(kept);
}

static void test_errors(void **state)
{
    static const char *const argv[] = {"x", NULL};
    struct bg_program p = {.path = "/nonexistent/program", .argv = argv};
    struct rlimit old, few;
    unsigned before = open_fds();
    pid_t pid = 77;

    (void)state;
    assert_int_equal(bg_process_start(&p, &pid), BG_E_NOENT);
    assert_int_equal(errno, ENOENT);
    p.path = "/dev/null";
    assert_int_equal(bg_process_start(&p, &pid), BG_E_IO);
    assert_int_equal(errno, EACCES);
    p.n = BG_PROGRAM_FDS_MAX + 1;
    assert_int_equal(bg_process_start(&p, &pid), BG_E_RANGE);
    /* no room to move a descriptor out of the way */
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    few = (struct rlimit){3, old.rlim_max};
    p = (struct bg_program){.path = "/bin/true", .argv = argv, .fds = (const int[]){2, 0, 1}, .n = 3};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    assert_int_equal(bg_process_start(&p, &pid), BG_E_IO);
    assert_int_equal(errno, EMFILE == errno ? EMFILE : EINVAL);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(pid, 77);
    assert_int_equal(open_fds(), before);
}

static pid_t start(const char *word)
{
    const char *const argv[] = {"a name", word, NULL};
    pid_t pid = -1;

    assert_int_equal(bg_process_start(&(struct bg_program){.path = self, .argv = argv}, &pid), BG_OK);
    return pid;
}

static void test_ends(void **state)
{
    int status = -1;
    pid_t pid;

    (void)state;
    assert_int_equal(bg_process_end(start("exit"), LONG_MS, 1000, &status), BG_OK);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    assert_int_equal(bg_process_end(start("exit"), LONG_MS, 1000, NULL), BG_OK);
    status = -1;
    pid = start("hang");
    assert_int_equal(bg_process_end(pid, 50, LONG_MS, &status), BG_E_TIMEOUT);
    assert_int_equal(status, -1);
    assert_int_equal(kill(pid, 0), -1); /* killed and reaped */
    assert_int_equal(errno, ESRCH);
    (void)signal(SIGCHLD, SIG_IGN);
    assert_int_equal(bg_process_end(start("exit"), LONG_MS, 1000, &status), BG_E_NOENT);
    (void)signal(SIGCHLD, SIG_DFL);
}

/* A child that nothing can end yet: the caller is free again all the same. */
static void test_unkillable(void **state)
{
    pid_t pid = start("hang");
    int64_t began = bg_now_ms();

    (void)state;
    assert_int_equal(bg_process_end(pid, 0, 0, NULL), BG_E_TIMEOUT);
    assert_true(bg_now_ms() - began < LONG_MS / 2);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) /* where it was not reaped in that moment */
        continue;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_given_exactly),
        cmocka_unit_test(test_environment_empty),
        cmocka_unit_test(test_signals_reset),
        cmocka_unit_test(test_descriptors_cross),
        cmocka_unit_test(test_low_descriptors),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_unkillable),
    };

    if (argc > 1)
        return be_program(argc, argv);
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
        return 99;
    (void)alarm(60); /* a child that is not killed would be waited for for ever */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
