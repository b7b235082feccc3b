/* SPDX-License-Identifier: ISC */
/* The worker's sandbox, from inside and from outside; what it makes of a device's reports and errors. */
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <cmocka.h>
#include "fido/confine.c"
#include "fido/device.c"

/* --- the list of system calls ------------------------------------------------------------------------ */

static long call_rw(void)
{
    return (long)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == -1;
}

#ifndef __s390x__ /* its mmap has the arguments in memory */
static long call_mmap_exec(void)
{
    return (long)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
#endif

/* What waits and what talks, by the calls that this machine's libc makes of it. */
static long call_wait(void)
{
    char c = 'x';

    if (bg_now_ms() <= 0 || poll(NULL, 0, 1) != 0 || getrandom(&c, 1, 0) != 1)
        return 1;
    bg_sleep_ms(1);
    return send(1000, &c, 1, MSG_NOSIGNAL) == -1 && recv(1000, &c, 1, MSG_DONTWAIT) == -1 ? 0 : 1;
}

static long call_mprotect_exec(void)
{
    return syscall(SYS_mprotect, (uintptr_t)call_rw & ~(uintptr_t)4095, 4096, PROT_READ | PROT_EXEC);
}

static long call_mprotect_wx(void)
{
    return syscall(SYS_mprotect, NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
}

static long call_open(void)
{
    return syscall(SYS_openat, AT_FDCWD, "/", O_RDONLY) == -1 && errno == EACCES ? 0 : 1;
}

static long call_socket(void)
{
    return syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
}

static long call_exec(void)
{
    return syscall(SYS_execve, "/bin/true", NULL, NULL);
}

static long call_fork(void)
{
    return syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

static long call_ioctl(void)
{
    return syscall(SYS_ioctl, 0, 0x5412, "x"); /* TIOCSTI: typing into a terminal */
}

static long call_ptrace(void)
{
    return syscall(SYS_ptrace, 0, 0, 0, 0);
}

static long call_setuid(void)
{
    return syscall(SYS_setuid, 0);
}

static long call_sendmsg(void)
{
    return syscall(SYS_sendmsg, 3, NULL, 0); /* could pass descriptors */
}

/* The signal that a call ends the process with; 0: it went on and the call was as it must be. */
static int fate(long (*call)(void))
{
    int status = 0;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        (void)limit(RLIMIT_CORE, 0);
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || few_calls() != BG_OK)
            _exit(99);
        _exit(call() == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status))
        assert_int_equal(WEXITSTATUS(status), 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void few_system_calls(void **state)
{
    (void)state;
    assert_int_equal(fate(call_rw), 0);
    assert_int_equal(fate(call_open), 0); /* refused, not fatal */
    assert_int_equal(fate(call_wait), 0);
#ifndef __s390x__
    assert_int_equal(fate(call_mmap_exec), SIGSYS);
#endif
    assert_int_equal(fate(call_mprotect_exec), SIGSYS);
    assert_int_equal(fate(call_mprotect_wx), SIGSYS);
    assert_int_equal(fate(call_socket), SIGSYS);
    assert_int_equal(fate(call_exec), SIGSYS);
    assert_int_equal(fate(call_fork), SIGSYS);
    assert_int_equal(fate(call_ioctl), SIGSYS);
    assert_int_equal(fate(call_ptrace), SIGSYS);
    assert_int_equal(fate(call_setuid), SIGSYS);
    assert_int_equal(fate(call_sendmsg), SIGSYS);
}

/* --- the whole of it, as others see the process ------------------------------------------------------- */

static void proc(pid_t pid, const char *what, char *text, size_t cap)
{
    char name[64];
    FILE *f;

    (void)snprintf(name, sizeof name, "/proc/%d/%s", (int)pid, what);
    assert_non_null(f = fopen(name, "r"));
    text[fread(text, 1, cap - 1, f)] = '\0';
    (void)fclose(f);
}

static void must_hold(const char *text, const char *words)
{
    if (strstr(text, words) == NULL)
        fail_msg("not in the process's own words: %s", words);
}

static pid_t confined_child(int fd[2])
{
    enum bg_err r = BG_E_IO;
    pid_t pid;

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd), 0);
    assert_true((pid = fork()) >= 0);
    if (pid == 0) {
        int end = fd[1];
        (void)close(fd[0]); /* so that the end of the parent is seen */
        r = confine();
        (void)!write(end, &r, sizeof r);
        (void)!read(end, &r, sizeof r);
        _exit(0);
    }
    (void)close(fd[1]);
    assert_int_equal(read(fd[0], &r, sizeof r), sizeof r);
    assert_int_equal(r, BG_OK);
    return pid;
}

static void seen_from_outside(void **state)
{
    char text[8192], ids[64], name[64], root[PATH_MAX] = "", ours[64] = "", theirs[64] = "";
    int fd[2];
    pid_t pid;

    (void)state;
    if (geteuid() != 0)
        skip();
    pid = confined_child(fd);
    proc(pid, "status", text, sizeof text);
    (void)snprintf(ids, sizeof ids, "\nUid:\t%d\t%d\t%d\t%d\n", BG_FIDO_UID, BG_FIDO_UID, BG_FIDO_UID,
                   BG_FIDO_UID);
    must_hold(text, ids);
    ids[1] = 'G';
    must_hold(text, ids);
    must_hold(text, "\nGroups:\t \n");
    must_hold(text, "\nCapPrm:\t0000000000000000\n");
    must_hold(text, "\nCapEff:\t0000000000000000\n");
    must_hold(text, "\nNoNewPrivs:\t1\n");
    must_hold(text, "\nSeccomp:\t2\n");
    proc(pid, "limits", text, sizeof text);
    must_hold(text, "Max core file size        0                    0 ");
    must_hold(text, "Max processes             0                    0 ");
    must_hold(text, "Max file size             0                    0 ");
    must_hold(text, "Max open files            5                    5 ");
    must_hold(text, "Max cpu time              60                   60 ");
    (void)snprintf(name, sizeof name, "/proc/%d/root", (int)pid);
    assert_true(readlink(name, root, sizeof root - 1) > 0);
    assert_string_equal(root, EMPTY_ROOT);
    (void)snprintf(name, sizeof name, "/proc/%d/ns/net", (int)pid);
    assert_true(readlink(name, theirs, sizeof theirs - 1) > 0);
    assert_true(readlink("/proc/self/ns/net", ours, sizeof ours - 1) > 0);
    if (unshare(CLONE_NEWNET) == 0)
        assert_string_not_equal(ours, theirs);
    (void)close(fd[0]);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static int look_around_the_dead_root(void)
{
    struct dirent *e;
    DIR *d;

    if (dead_root() != BG_OK || access("/etc", F_OK) == 0 || access("../../etc", F_OK) == 0)
        return 1;
    if ((d = opendir("/")) == NULL)
        return 0;
    while ((e = readdir(d)) != NULL)
        if (e->d_name[0] != '.')
            return 2;
    return open("/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) < 0 ? 0 : 3;
}

/* Where no directory can be made there is one in which nothing is and nothing can be made. */
static void a_root_without_a_place_for_one(void **state)
{
    int status;
    pid_t pid;

    (void)state;
    if (geteuid() != 0)
        skip();
    assert_true((pid = fork()) >= 0);
    if (pid == 0)
        _exit(look_around_the_dead_root());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* A root that somebody put files into is no empty root. */
static void a_root_that_is_not_empty(void **state)
{
    int status, fd;
    pid_t pid;

    (void)state;
    if (geteuid() != 0)
        skip();
    assert_true((fd = open(EMPTY_ROOT "/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)) >= 0);
    (void)close(fd);
    assert_true((pid = fork()) >= 0);
    if (pid == 0)
        _exit(confine() == BG_OK ? 1 : 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(unlink(EMPTY_ROOT "/file"), 0);
}

/* --- codes ---------------------------------------------------------------------------------------------- */

/* CTAP 2.1, 8.2, by number; what is not here is BG_FC_OTHER. */
static const struct {
    int status;
    enum bg_fido_code code;
} codes[] = {
    {0x00, BG_FC_OK},
    {0x01, BG_FC_UNSUPPORTED},      /* CTAP1_ERR_INVALID_COMMAND */
    {0x06, BG_FC_LOCKED},           /* CTAP1_ERR_CHANNEL_BUSY */
    {0x12, BG_FC_OTHER},            /* CTAP2_ERR_INVALID_CBOR: perhaps of one credential alone */
    {0x19, BG_FC_EXCLUDED},         /* CTAP2_ERR_CREDENTIAL_EXCLUDED */
    {0x22, BG_FC_NO_CREDENTIAL},    /* CTAP2_ERR_INVALID_CREDENTIAL */
    {0x26, BG_FC_UNSUPPORTED},      /* CTAP2_ERR_UNSUPPORTED_ALGORITHM */
    {0x27, BG_FC_DENIED},           /* CTAP2_ERR_OPERATION_DENIED */
    {0x28, BG_FC_FULL},             /* CTAP2_ERR_KEY_STORE_FULL */
    {0x2b, BG_FC_UNSUPPORTED},      /* CTAP2_ERR_UNSUPPORTED_OPTION */
    {0x2c, BG_FC_UNSUPPORTED},      /* CTAP2_ERR_INVALID_OPTION */
    {0x2d, BG_FC_DENIED},           /* CTAP2_ERR_KEEPALIVE_CANCEL */
    {0x2e, BG_FC_NO_CREDENTIAL},    /* CTAP2_ERR_NO_CREDENTIALS */
    {0x2f, BG_FC_NO_TOUCH},         /* CTAP2_ERR_USER_ACTION_TIMEOUT */
    {0x30, BG_FC_DENIED},           /* CTAP2_ERR_NOT_ALLOWED */
    {0x31, BG_FC_PIN_INVALID},      /* CTAP2_ERR_PIN_INVALID */
    {0x32, BG_FC_PIN_BLOCKED},      /* CTAP2_ERR_PIN_BLOCKED */
    {0x34, BG_FC_PIN_AUTH_BLOCKED}, /* CTAP2_ERR_PIN_AUTH_BLOCKED */
    {0x35, BG_FC_PIN_NOT_SET},      /* CTAP2_ERR_PIN_NOT_SET */
    {0x36, BG_FC_PIN_REQUIRED},     /* CTAP2_ERR_PUAT_REQUIRED */
    {0x37, BG_FC_PIN_CHANGE},       /* CTAP2_ERR_PIN_POLICY_VIOLATION */
    {0x3a, BG_FC_NO_TOUCH},         /* CTAP2_ERR_ACTION_TIMEOUT */
    {0x3c, BG_FC_UV_BLOCKED},       /* CTAP2_ERR_UV_BLOCKED */
    {0x3f, BG_FC_UV_INVALID},       /* CTAP2_ERR_UV_INVALID */
    {0x40, BG_FC_PIN_REQUIRED},     /* CTAP2_ERR_UNAUTHORIZED_PERMISSION */
};

static void each_status_has_its_code(void **state)
{
    (void)state;
    memset(&line, 0, sizeof line);
    for (int status = 0; status < 256; status++) {
        enum bg_fido_code want = BG_FC_OTHER;
        for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
            if (codes[i].status == status)
                want = codes[i].code;
        if (device_code(status) != want)
            fail_msg("status 0x%02x: %d, not %d", (unsigned)status, device_code(status), want);
    }
}

/* What was seen on the line says more than what libfido2 makes of it. */
static void the_line_goes_before_the_status(void **state)
{
    (void)state;
    memset(&line, 0, sizeof line);
    line.silent = true;
    assert_int_equal(device_code(FIDO_ERR_RX), BG_FC_SILENT);
    line.expired = line.told = true;
    assert_int_equal(device_code(FIDO_ERR_RX), BG_FC_NO_TOUCH);
    line.flooded = true;
    assert_int_equal(device_code(FIDO_ERR_RX), BG_FC_GARBAGE);
    line.gone = true;
    assert_int_equal(device_code(FIDO_ERR_RX), BG_FC_GONE);
    line.cancelled = true;
    assert_int_equal(device_code(FIDO_ERR_RX), BG_FC_CANCELLED);
    assert_int_equal(device_code(FIDO_OK), BG_FC_OK);
}

/* --- reports -------------------------------------------------------------------------------------------- */

static void reports_are_bounded(void **state)
{
    const uint8_t waits[REPORT] = {0, 0, 0, 1, KEEPALIVE, 0, 1, UP_NEEDED},
                  other[REPORT] = {0, 0, 0, 1, 0x90};
    struct bg_fido_packet m;
    int fd[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd), 0);
    assert_true((fd[0] = fcntl(fd[0], F_DUPFD_CLOEXEC, SOCKET_FD + 1)) > SOCKET_FD);
    assert_int_equal(dup2(fd[1], SOCKET_FD), SOCKET_FD);
    memset(&line, 0, sizeof line);
    line.channel[3] = 1;
    device_begin(1000, true);
    assert_true(look_at(other));
    assert_false(line.told);
    assert_true(look_at(waits)); /* told once */
    assert_true(look_at(waits));
    assert_int_equal(bg_packet_recv(fd[0], BG_WATCH_NOTHING, bg_fido_wire, &m, bg_deadline(60000)), BG_OK);
    assert_int_equal(m.kind, BG_F_TOUCH);
    assert_int_equal(bg_packet_recv(fd[0], BG_WATCH_NOTHING, bg_fido_wire, &m, 0), BG_E_TIMEOUT);
    for (unsigned i = 3; i < REPORTS; i++)
        assert_true(look_at(other));
    assert_false(look_at(other));
    assert_true(line.flooded);
    device_begin(1000, false); /* a search for a key says nothing of touches */
    assert_true(look_at(waits));
    assert_int_equal(bg_packet_recv(fd[0], BG_WATCH_NOTHING, bg_fido_wire, &m, 0), BG_E_TIMEOUT);
    (void)close(fd[0]);
}

/* Only a character device that nobody else holds; the sanity checks of its opening need no device. */
static void only_a_free_device_is_taken(void **state)
{
    char file[] = "/tmp/bg-test.XXXXXX";
    int status;
    pid_t pid = fork(); /* it closes every descriptor */

    (void)state;
    assert_true(pid >= 0);
    if (pid == 0) {
        int held = open("/dev/zero", O_RDONLY | O_CLOEXEC), plain = mkstemp(file);
        if (device_grab("/nonexistent") != BG_FC_NO_DEVICE || device_grab("/") != BG_FC_NO_DEVICE ||
            plain < 0 || device_grab(file) != BG_FC_NO_DEVICE || unlink(file) != 0 ||
            flock(held, LOCK_EX | LOCK_NB) != 0)
            _exit(1);
        if (device_grab("/dev/zero") != BG_FC_LOCKED || flock(held, LOCK_UN) != 0)
            _exit(2);
        if (device_grab("/dev/zero") != BG_FC_OK || fcntl(DEVICE_FD, F_GETFD) == -1 ||
            fcntl(0, F_GETFD) != -1)
            _exit(3);
        for (int fd = DEVICE_FD + 1; fd < 256; fd++)
            if (fcntl(fd, F_GETFD) != -1)
                _exit(4);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_system_calls),         cmocka_unit_test(seen_from_outside),
        cmocka_unit_test(a_root_that_is_not_empty), cmocka_unit_test(a_root_without_a_place_for_one),
        cmocka_unit_test(each_status_has_its_code), cmocka_unit_test(the_line_goes_before_the_status),
        cmocka_unit_test(reports_are_bounded),      cmocka_unit_test(only_a_free_device_is_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
