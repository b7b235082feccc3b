/* SPDX-License-Identifier: ISC */
/* The exec sink with scripts of /bin/sh: what the program gets, what each of its ends means, and what is left
 * of it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "alert/sink.h"
#include "base/clock.h"

/* 32 and 33: glibc keeps them to itself, so they are as make had them */
#define LIBC_SIGNALS 0x180000000ULL
#define PATIENCE_MS  30000 /* of the test with a busy machine */

static const char line[] = "{\"specversion\":\"1.0\",\"id\":\"01JD7Z3W9Q6M3B1V5X0C8K3F2T\"}";
static char dir[] = "/tmp/bg-exec-XXXXXX";
static struct bg_sink conf;
static struct sink s;

static const char *in_dir(const char *name)
{
    static char path[2][128];
    static unsigned turn;

    (void)snprintf(path[turn ^= 1], sizeof path[0], "%s/%s", dir, name);
    return path[turn];
}

static void put(const char *name, const char *text)
{
    FILE *f = fopen(in_dir(name), "w");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static size_t get(const char *name, char *buf, size_t cap)
{
    FILE *f = fopen(in_dir(name), "r");
    size_t n = f == NULL ? 0 : fread(buf, 1, cap - 1, f);

    buf[n] = '\0';
    if (f != NULL)
        (void)fclose(f);
    return n;
}

static int make(void **state)
{
    (void)state;
    (void)snprintf(dir + strlen(dir) - 6, 7, "XXXXXX");
    assert_non_null(mkdtemp(dir));
    memset(&conf, 0, sizeof conf);
    memset(&s, 0, sizeof s);
    (void)snprintf(conf.command, sizeof conf.command, "/bin/sh %s one  two", in_dir("script"));
    conf.timeout = PATIENCE_MS / 1000;
    s.conf = &conf;
    assert_int_equal(sink_exec.open(&s), BG_OK);
    return 0;
}

static int drop(void **state)
{
    char command[64];

    (void)state;
    if (s.own != NULL)
        sink_exec.close(&s);
    (void)snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command);
}

static enum bg_err submit(const char *text)
{
    return sink_exec.submit(&s, &conf, "01JD7Z3W9Q6M3B1V5X0C8K3F2T", strdup(text), strlen(text));
}

static struct sink_result result(void)
{
    int64_t end = bg_deadline(PATIENCE_MS);
    struct sink_result r;

    while (!sink_exec.take(&s, &r)) {
        assert_true(bg_left_ms(end) > 0);
        sink_exec.work(&s, -1, 1000);
    }
    assert_ptr_equal(r.item, &conf);
    assert_int_equal(r.wait_ms, -1);
    return r;
}

static struct sink_result run(const char *script)
{
    put("script", script);
    assert_int_equal(submit(line), BG_OK);
    return result();
}

/* A number that a script wrote; 0 until it did. */
static pid_t pid_in(const char *name)
{
    char text[32];

    (void)get(name, text, sizeof text);
    return strchr(text, '\n') == NULL ? 0 : (pid_t)atoi(text);
}

static pid_t await_pid(const char *name)
{
    int64_t end = bg_deadline(PATIENCE_MS);

    while (pid_in(name) == 0) {
        assert_true(bg_left_ms(end) > 0);
        bg_sleep_ms(5);
    }
    return pid_in(name);
}

static void assert_gone(pid_t pid)
{
    int64_t end = bg_deadline(PATIENCE_MS);
    char path[64], state[256];

    (void)snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    for (;;) {
        FILE *f = fopen(path, "r");
        size_t n = f == NULL ? 0 : fread(state, 1, sizeof state - 1, f);
        state[n] = '\0';
        if (f != NULL)
            (void)fclose(f);
        if (n == 0 || strstr(state, ") Z ") != NULL) /* whoever inherited it may not have noticed yet */
            return;
        assert_true(bg_left_ms(end) > 0);
        bg_sleep_ms(5);
    }
}

static void the_line_is_its_input(void **state)
{
    char got[256], want[256];

    (void)state;
    (void)snprintf(want, sizeof want, "cat >%s", in_dir("got"));
    assert_int_equal(run(want).verdict, SINK_ACKED);
    (void)get("got", got, sizeof got);
    (void)snprintf(want, sizeof want, "%s\n", line);
    assert_string_equal(got, want);
}

/* Words, one variable, the root directory, three descriptors, no signal that is ignored or blocked. */
static void what_it_is_started_with(void **state)
{
    char got[2048], want[512];
    int extra = open("/dev/null", O_RDONLY); /* one that is not meant for it */

    (void)state;
    assert_true(extra > 2);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)snprintf(want, sizeof want,
                   "exec >%s\necho \"$#:$1:$2\"\ntr '\\0' '\\n' </proc/$$/environ\npwd\n"
                   "for f in /proc/$$/fd/[0-9]; do echo \"${f##*/}\"; done\n"
                   "grep -E 'Sig(Ign|Blk)' /proc/self/status\n",
                   in_dir("got"));
    assert_int_equal(run(want).verdict, SINK_ACKED);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)get("got", got, sizeof got);
    assert_non_null(strstr(got, "2:one:two\n"));
    assert_non_null(
        strstr(got, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n/\n0\n1\n2\n"));
    assert_null(strstr(got, "HOME="));
    assert_non_null(strstr(got, "SigBlk:\t0000000000000000\n"));
    assert_non_null(strstr(got, "SigIgn:\t"));
    assert_int_equal(strtoull(strstr(got, "SigIgn:\t") + 8, NULL, 16) & ~LIBC_SIGNALS, 0);
    (void)close(extra);
}

static void what_each_end_means(void **state)
{
    static const struct {
        const char *script;
        enum sink_verdict verdict;
        bool endpoint;
        const char *why;
    } table[] = {
        {"exit 0", SINK_ACKED, false, ""},
        {"echo unheard; exit 0", SINK_ACKED, false, ""},
        {"exit 75", SINK_RETRY, true, "exec: exit status 75"}, /* EX_TEMPFAIL of sysexits.h */
        {"exit 1", SINK_RETRY, true, "exec: exit status 1"},
        {"exit 65", SINK_REFUSED, false, "exec: exit status 65"}, /* EX_DATAERR */
        {"kill -TERM $$", SINK_RETRY, true, "exec: signal 15"},
        {"echo; echo 'no carrier' >&2; echo more; exit 75", SINK_RETRY, true, "exec: no carrier"},
        {"printf 'a\\033[31m\\302\\233b\\200\\n'; exit 65", SINK_REFUSED, false,
         "exec: a\\u{001B}[31m\\u{009B}b\\x{80}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct sink_result r = run(table[i].script);
        assert_int_equal(r.verdict, table[i].verdict);
        assert_int_equal(r.endpoint, table[i].endpoint);
        assert_string_equal(r.why, table[i].why);
    }
}

static void what_it_says_is_bounded(void **state)
{
    struct sink_result r;

    (void)state;
    assert_int_equal(run("yes | head -c 3000000").verdict, SINK_ACKED); /* it never waits for us */
    r = run("yes long | tr -d '\\n' | head -c 300000; exit 75");
    assert_int_equal(r.verdict, SINK_RETRY);
    assert_int_equal(strlen(r.why), SINK_WHY - 1);
    assert_int_equal(run("exec >&- 2>&-; sleep 0.1; exit 0").verdict, SINK_ACKED);
}

static void its_time_is_limited(void **state)
{
    char script[256];
    struct sink_result r;

    (void)state;
    conf.timeout = 1;
    (void)snprintf(script, sizeof script, "echo busy\nsleep 600 &\necho $! >%s\necho $$ >%s\nwait",
                   in_dir("child"), in_dir("self"));
    r = run(script);
    assert_int_equal(r.verdict, SINK_RETRY);
    assert_true(r.endpoint);
    assert_string_equal(r.why, "exec: it did not end in time");
    assert_gone(await_pid("self"));
    assert_gone(await_pid("child"));
}

static void what_it_started_ends_with_it(void **state)
{
    char script[256];

    (void)state;
    (void)snprintf(script, sizeof script, "sleep 600 &\necho $! >%s", in_dir("child"));
    assert_int_equal(run(script).verdict, SINK_ACKED);
    assert_gone(await_pid("child"));
}

static void a_long_line_need_not_be_read(void **state)
{
    char text[16001];

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    put("script", "exit 0");
    assert_int_equal(submit(text), BG_OK);
    assert_int_equal(result().verdict, SINK_ACKED);
}

/* One that others could have written is not started; nor what is no program. */
static void only_a_program_of_roots(void **state)
{
    (void)state;
    put("script", "#!/bin/sh\nexit 0\n");
    assert_int_equal(chmod(in_dir("script"), 0755), 0);
    (void)snprintf(conf.command, sizeof conf.command, "%s", in_dir("script")); /* below /tmp */
    assert_int_equal(submit(line), BG_E_UNSAFE);
    (void)snprintf(conf.command, sizeof conf.command, "/usr/bin/no-such-program");
    assert_int_equal(submit(line), BG_E_UNSAFE);
    (void)snprintf(conf.command, sizeof conf.command, "/usr");
    assert_int_equal(submit(line), BG_OK);
    assert_string_equal(result().why, "exec: /usr: Permission denied");
}

static void no_more_at_once_than_its_slots(void **state)
{
    char script[256];

    (void)state;
    (void)snprintf(script, sizeof script, "while ! [ -e %s ]; do sleep 0.05; done", in_dir("go"));
    put("script", script);
    for (unsigned i = 0; i < sink_exec.slots; i++)
        assert_int_equal(submit(line), BG_OK);
    assert_int_equal(submit(line), BG_E_BUSY);
    put("go", "");
    for (unsigned i = 0; i < sink_exec.slots; i++)
        assert_int_equal(result().verdict, SINK_ACKED);
}

/* Whether the sink is closed or its process killed: nothing of it goes on. */
static void it_ends_with_its_sink(void **state)
{
    char script[256];
    pid_t worker, program;

    (void)state;
    (void)snprintf(script, sizeof script, "echo $$ >%s; exec sleep 600", in_dir("self"));
    put("script", script);
    assert_int_equal(submit(line), BG_OK);
    program = await_pid("self");
    sink_exec.close(&s);
    assert_gone(program);
    assert_int_equal(unlink(in_dir("self")), 0);

    if ((worker = fork()) == 0) {
        if (sink_exec.open(&s) != BG_OK || submit(line) != BG_OK)
            _exit(1);
        (void)pause();
    }
    program = await_pid("self");
    assert_int_equal(kill(worker, SIGKILL), 0);
    assert_int_equal(waitpid(worker, NULL, 0), worker);
    assert_gone(program);
}

/* Before root's rights are given up in main(): a program is not started with them. */
static bool root_starts_nothing(void)
{
    static struct bg_sink sink = {.command = "/bin/true", .timeout = 10};
    struct sink as_root = {.conf = &sink};
    struct sink_result r = {.verdict = SINK_ACKED};
    bool ok = sink_exec.open(&as_root) == BG_OK &&
              sink_exec.submit(&as_root, &sink, "1", strdup(line), strlen(line)) == BG_OK;

    sink_exec.work(&as_root, -1, 1000);
    ok = ok && sink_exec.take(&as_root, &r) && r.verdict == SINK_RETRY &&
         strstr(r.why, "no user breakglass-alert") != NULL;
    sink_exec.close(&as_root);
    return ok;
}

/* What a set-user-ID bit would give is not had. */
static void it_gains_nothing(void **state)
{
    (void)state;
    assert_int_equal(run("grep -q '^NoNewPrivs:.1' /proc/self/status").verdict, SINK_ACKED);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_line_is_its_input),        T(what_it_is_started_with), T(what_each_end_means),
        T(what_it_says_is_bounded),      T(its_time_is_limited),     T(what_it_started_ends_with_it),
        T(a_long_line_need_not_be_read), T(only_a_program_of_roots), T(no_more_at_once_than_its_slots),
        T(it_ends_with_its_sink),        T(it_gains_nothing),
    };

    if (geteuid() == 0 &&
        (!root_starts_nothing() || setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0)) {
        (void)fprintf(stderr, "as root: a program was started, or root's rights cannot be given up\n");
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
