/* SPDX-License-Identifier: ISC */
/* Files: what is read, what is refused, and that a replacement is whole. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/clock.h"
#include "base/safefile.h"

/* The calls that make a replacement durable, as they come; the one named in `refuse` fails with EDQUOT. */
static char calls[64];
static char refuse;
static bool short_writes;
static const char *grows;

static bool goes_wrong(char call)
{
    size_t n = strlen(calls);

    if (n + 1 < sizeof calls)
        calls[n] = call, calls[n + 1] = '\0';
    if (call == refuse)
        errno = EDQUOT;
    return call == refuse;
}

static int logged_fsync(int fd)
{
    struct stat st;

    return fstat(fd, &st) != 0 || goes_wrong(S_ISDIR(st.st_mode) ? 'D' : 'f') ? -1 : fsync(fd);
}

static int logged_fchmod(int fd, mode_t mode)
{
    return goes_wrong('m') ? -1 : fchmod(fd, mode);
}

static int logged_fchown(int fd, uid_t uid, gid_t gid)
{
    return goes_wrong('o') ? -1 : fchown(fd, uid, gid);
}

static int logged_rename(const char *from, const char *to)
{
    return goes_wrong('r') ? -1 : rename(from, to);
}

static ssize_t logged_write(int fd, const void *data, size_t n)
{
    return goes_wrong('w') ? -1 : write(fd, data, short_writes && n > 3 ? 3 : n);
}

/* Somebody appends a byte between fstat and the first read. */
static ssize_t logged_read(int fd, void *data, size_t n)
{
    if (grows != NULL) {
        FILE *f = fopen(grows, "a");
        grows = NULL;
        assert_true(f != NULL && fputc('!', f) == '!' && fclose(f) == 0);
    }
    return read(fd, data, n);
}

/* A failing close has closed all the same; what it says counts for the temporary file only. */
static int logged_close(int fd)
{
    struct stat st;
    bool wrong = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && goes_wrong('c');

    return close(fd) != 0 || wrong ? (wrong ? (void)(errno = EDQUOT) : (void)0, -1) : 0;
}

#define fsync  logged_fsync
#define fchmod logged_fchmod
#define fchown logged_fchown
#define rename logged_rename
#define write  logged_write
#define read   logged_read
#define close  logged_close
#include "../../../lib/base/safefile.c"
#undef fsync
#undef fchmod
#undef fchown
#undef rename
#undef write
#undef read
#undef close

static char dir[] = "/tmp/bg-safefile.XXXXXX";

static int setup(void **state)
{
    (void)state;
    (void)umask(077);
    return mkdtemp(dir) != NULL && chdir(dir) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
    static const char *const files[] = {"f", "g", "link", "fifo", "d/x", "dangling", "lock"};

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        (void)unlink(files[i]);
    (void)rmdir("d");
    return chdir("/") == 0 && rmdir(dir) == 0 ? 0 : -1;
}

static void put(const char *path, const char *text, mode_t mode)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    (void)fputs(text, f);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void test_read(void **state)
{
    char buf[8];
    size_t len = 99;

    (void)state;
    put("f", "1234567", 0644);
    assert_int_equal(bg_file_read("f", buf, 8, &len), BG_OK);
    assert_int_equal(len, 7);
    assert_string_equal(buf, "1234567");
    len = 99;
    assert_int_equal(bg_file_read("f", buf, 7, &len), BG_E_RANGE);
    assert_int_equal(len, 99);
    put("f", "", 0600);
    assert_int_equal(bg_file_read("f", buf, 1, &len), BG_OK);
    assert_int_equal(len, 0);
    assert_int_equal(bg_file_read("nowhere", buf, 8, &len), BG_E_NOENT);
}

static void test_unsafe(void **state)
{
    char buf[64];
    size_t len = 99;
    static const mode_t modes[] = {0664, 0646, 0622, 0777};

    (void)state;
    put("f", "text", 0644);
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        assert_int_equal(chmod("f", modes[i]), 0);
        assert_int_equal(bg_file_read("f", buf, sizeof buf, &len), BG_E_UNSAFE);
    }
    assert_int_equal(chmod("f", 0644), 0);
    assert_int_equal(symlink("f", "link"), 0);
    assert_int_equal(bg_file_read("link", buf, sizeof buf, &len), BG_E_UNSAFE);
    assert_int_equal(symlink("nowhere", "dangling"), 0);
    assert_int_equal(bg_file_read("dangling", buf, sizeof buf, &len), BG_E_UNSAFE);
    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_int_equal(bg_file_read("fifo", buf, sizeof buf, &len), BG_E_UNSAFE); /* and does not block */
    assert_int_equal(bg_file_read(".", buf, sizeof buf, &len), BG_E_UNSAFE);
    assert_int_equal(bg_file_read("/dev/null", buf, sizeof buf, &len), BG_E_UNSAFE);
    if (geteuid() == 0) {
        assert_int_equal(chown("f", 65534, 0), 0);
        assert_int_equal(bg_file_read("f", buf, sizeof buf, &len), BG_E_UNSAFE);
    }
    assert_int_equal(len, 99);
}

static void test_slurp(void **state)
{
    char *text = NULL;
    size_t len;

    (void)state;
    (void)unlink("f");
    put("f", "hello", 0644);
    assert_int_equal(bg_file_slurp("f", 5, &text, &len), BG_OK);
    assert_string_equal(text, "hello");
    assert_int_equal(len, 5);
    free(text);
    text = NULL;
    assert_int_equal(bg_file_slurp("f", 4, &text, &len), BG_E_RANGE);
    assert_int_equal(bg_file_slurp("nowhere", 4, &text, &len), BG_E_NOENT);
    assert_null(text);
    grows = "f";
    assert_int_equal(bg_file_slurp("f", 9, &text, &len), BG_E_RANGE); /* not cut */
    /* a file that says it is empty and is not */
    if (geteuid() == 0)
        assert_int_equal(bg_file_slurp("/proc/self/status", 100, &text, &len), BG_E_RANGE);
}

static void test_replace(void **state)
{
    struct stat before, after;
    char buf[64];
    size_t len;
    int fd;

    (void)state;
    (void)unlink("g");
    assert_int_equal(bg_file_replace("g", "one", 3, 0640, (uid_t)-1, (gid_t)-1), BG_OK);
    assert_int_equal(stat("g", &before), 0);
    assert_int_equal(before.st_mode & 07777, 0640);
    assert_true((fd = open("g", O_RDONLY)) >= 0);
    assert_int_equal(bg_file_replace("g", "two!", 4, 0600, (uid_t)-1, (gid_t)-1), BG_OK);
    assert_int_equal(stat("g", &after), 0);
    assert_true(before.st_ino != after.st_ino); /* another file under the name */
    assert_int_equal(after.st_mode & 07777, 0600);
    assert_int_equal(read(fd, buf, sizeof buf), 3); /* who had it open still has the old one, whole */
    assert_memory_equal(buf, "one", 3);
    (void)close(fd);
    assert_int_equal(bg_file_read("g", buf, sizeof buf, &len), BG_OK);
    assert_string_equal(buf, "two!");
    assert_int_equal(bg_file_replace("nowhere/g", "x", 1, 0600, (uid_t)-1, (gid_t)-1), BG_E_NOENT);
    assert_int_equal(mkdir("d", 0700), 0);
    put("d/x", "x", 0600);
    assert_int_equal(bg_file_replace("d", "x", 1, 0600, (uid_t)-1, (gid_t)-1),
                     BG_E_IO); /* and no litter: rmdir */
    assert_int_equal(unlink("d/x"), 0);
    assert_int_equal(rmdir("d"), 0);
}

static void test_dir_make(void **state)
{
    struct stat st;

    (void)state;
    (void)umask(077);
    assert_int_equal(bg_dir_make("d", 0755), BG_OK);
    assert_int_equal(stat("d", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0755);
    assert_int_equal(bg_dir_make("d", 0700), BG_OK);
    assert_int_equal(chmod("d", 0777), 0);
    assert_int_equal(bg_dir_make("d", 0755), BG_E_UNSAFE);
    assert_int_equal(rmdir("d"), 0);
    assert_int_equal(bg_dir_make("nowhere/d", 0755), BG_E_NOENT);
    put("d", "", 0600);
    assert_int_equal(bg_dir_make("d", 0755), BG_E_UNSAFE);
    assert_int_equal(unlink("d"), 0);
    assert_int_equal(symlink("/", "d"), 0);
    assert_int_equal(bg_dir_make("d", 0755), BG_E_UNSAFE);
    assert_int_equal(unlink("d"), 0);
}

static void test_path_safe(void **state)
{
    char path[64];

    (void)state;
    assert_int_equal(bg_path_safe("/"), BG_OK);
    assert_int_equal(bg_path_safe("/usr/bin"), BG_OK);
    assert_int_equal(bg_path_safe("usr"), BG_E_UNSAFE);
    assert_int_equal(bg_path_safe(""), BG_E_UNSAFE);
    assert_int_equal(bg_path_safe("/nowhere/at/all"), BG_E_NOENT);
    (void)snprintf(path, sizeof path, "%s/f", dir); /* /tmp is anybody's */
    assert_int_equal(bg_path_safe(path), BG_E_UNSAFE);
}

/* Durable means: the content first, then the name, each on disk; and what fails leaves the old one and no
 * litter. */
static void test_replace_is_durable(void **state)
{
    static const char steps[] = "womfcr";
    char buf[8];
    size_t len;

    (void)state;
    put("f", "old", 0600);
    calls[0] = '\0';
    assert_int_equal(bg_file_replace("f", "new", 3, 0640, geteuid(), getegid()), BG_OK);
    assert_string_equal(calls, "womfcrD");
    put("f", "old", 0600);
    for (const char *step = steps; *step != '\0'; step++) {
        refuse = *step;
        errno = 0;
        assert_int_equal(bg_file_replace("f", "new", 3, 0640, (uid_t)-1, (gid_t)-1), BG_E_IO);
        assert_int_equal(errno, EDQUOT);
        refuse = 0;
        assert_int_equal(bg_file_read("f", buf, sizeof buf, &len), BG_OK);
        assert_string_equal(buf, "old");
        assert_int_equal(system("test $(ls -A | grep -c '^f\\.') = 0"), 0);
    }
    refuse = 'D'; /* the new one is there, but may not stay */
    assert_int_equal(bg_file_replace("f", "new", 3, 0640, (uid_t)-1, (gid_t)-1), BG_E_IO);
    assert_int_equal(errno, EDQUOT);
    refuse = 0;
    assert_int_equal(bg_file_read("f", buf, sizeof buf, &len), BG_OK);
    assert_string_equal(buf, "new");
}

static void test_write_all(void **state)
{
    char buf[16];
    size_t len;

    (void)state;
    short_writes = true;
    assert_int_equal(bg_file_replace("f", "0123456789", 10, 0600, (uid_t)-1, (gid_t)-1), BG_OK);
    short_writes = false;
    assert_int_equal(bg_file_read("f", buf, sizeof buf, &len), BG_OK);
    assert_string_equal(buf, "0123456789");
}

/* A link is as safe as the directories on its way: what stands in anybody's directory, anybody can exchange.
 */
static void test_path_through_links(void **state)
{
    static char safe[] = "/run/bg-safefile.XXXXXX";
    char path[PATH_MAX], middle[PATH_MAX];

    (void)state;
    if (geteuid() != 0 || mkdtemp(safe) == NULL)
        skip();
    (void)snprintf(path, sizeof path, "%s/here", safe);
    assert_int_equal(symlink("/usr/bin/../bin", path), 0);
    assert_int_equal(bg_path_safe(path), BG_OK);
    (void)snprintf(middle, sizeof middle, "%s/here/env", safe);
    assert_int_equal(bg_path_safe(middle), BG_OK);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("there/x", path), 0); /* relative, and not there */
    assert_int_equal(bg_path_safe(path), BG_E_NOENT);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("here", path), 0); /* to itself */
    assert_int_equal(bg_path_safe(path), BG_E_UNSAFE);
    assert_int_equal(unlink(path), 0);
    /* a safe end at both ends, but /tmp in between */
    (void)unlink("link");
    (void)snprintf(middle, sizeof middle, "%s/link", dir);
    assert_int_equal(symlink("/usr/bin", middle), 0);
    assert_int_equal(symlink(middle, path), 0);
    assert_int_equal(bg_path_safe(path), BG_E_UNSAFE);
    assert_int_equal(unlink(path), 0);
    /* somebody else's link */
    assert_int_equal(symlink("/usr/bin", path), 0);
    assert_int_equal(lchown(path, 65534, 0), 0);
    assert_int_equal(bg_path_safe(path), BG_E_UNSAFE);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(safe), 0);
    (void)unlink("link");
}

/* Mount a file system on "d", in a mount namespace of a child that ends with fn's status. */
static int on_mount(const char *options, unsigned long flags, int (*fn)(void))
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0 ||
            mount("none", "d", "tmpfs", flags, options) != 0)
            _exit(77);
        _exit(fn());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool says(enum bg_err r, const char *words)
{
    return r == BG_E_IO && strcmp(bg_strerror(r), words) == 0;
}

static int replace_on_full(void)
{
    static char big[1 << 20];
    char tmp[PATH_MAX];
    enum bg_err r;

    put("d/x", "old", 0600);
    r = bg_file_replace("d/x", big, sizeof big, 0600, (uid_t)-1, (gid_t)-1);
    if (!says(r, "No space left on device"))
        return 1;
    if (!says(bg_file_stage("d/y", big, sizeof big, 0600, (uid_t)-1, (gid_t)-1, tmp),
              "No space left on device"))
        return 2;
    return access(tmp, F_OK) != 0 && access("d/x", F_OK) == 0 ? 0 : 3; /* no litter; the old one stands */
}

static int everything_on_read_only(void)
{
    char tmp[PATH_MAX];

    if (!says(bg_file_replace("d/x", "a", 1, 0600, (uid_t)-1, (gid_t)-1), "Read-only file system"))
        return 1;
    if (!says(bg_file_stage("d/x", "a", 1, 0600, (uid_t)-1, (gid_t)-1, tmp), "Read-only file system"))
        return 2;
    return says(bg_dir_make("d/e", 0700), "Read-only file system") ? 0 : 3;
}

static void test_disk_full_and_read_only(void **state)
{
    int rc;

    (void)state;
    (void)unlink("d");
    assert_int_equal(bg_dir_make("d", 0700), BG_OK);
    rc = on_mount("size=64k", 0, replace_on_full);
    if (rc != 77)
        assert_int_equal(rc, 0);
    rc = on_mount("size=64k", MS_RDONLY, everything_on_read_only);
    if (rc != 77)
        assert_int_equal(rc, 0);
    assert_int_equal(rmdir("d"), 0);
    if (rc == 77)
        skip();
}

/* What is closed or removed after a failure leaves the words of the failure alone. */
static void test_words_survive_cleaning_up(void **state)
{
    (void)state;
    errno = ENOSPC;
    bg_close(987);
    bg_close(-1);
    bg_remove("nowhere/x");
    assert_int_equal(errno, ENOSPC);
    assert_string_equal(bg_strerror(BG_E_IO), "No space left on device");
    errno = 0;
    assert_string_equal(bg_strerror(BG_E_IO), "input/output error");
    errno = ENOSPC;
    assert_string_equal(bg_strerror(BG_E_NOENT), "not found");
    for (int r = BG_OK; r <= BG_E_HANGUP; r++) { /* each has a phrase of its own */
        assert_string_not_equal(bg_strerror((enum bg_err)r), "unknown error");
        for (int other = BG_OK; other < r; other++)
            assert_string_not_equal(bg_strerror((enum bg_err)r), bg_strerror((enum bg_err)other));
    }
    assert_string_equal(bg_strerror((enum bg_err)1000), "unknown error");
}

static void test_lock(void **state)
{
    int first = -1, second = -1;
    struct stat st;
    mode_t mask;

    (void)state;
    (void)alarm(20); /* whoever waits for ever is ended */
    mask = umask(0);
    assert_int_equal(bg_lock(AT_FDCWD, "lock", bg_deadline(0), &first), BG_OK);
    (void)umask(mask);
    assert_int_equal(fstat(first, &st), 0);
    assert_int_equal(st.st_mode, S_IFREG | 0600);
    assert_int_equal(bg_lock(AT_FDCWD, "lock", bg_deadline(0), &second), BG_E_BUSY);
    assert_int_equal(bg_lock(AT_FDCWD, "lock", bg_deadline(30), &second), BG_E_BUSY);
    assert_int_equal(second, -1);
    (void)close(first);
    assert_int_equal(bg_lock(AT_FDCWD, "lock", bg_deadline(0), &second), BG_OK);
    (void)close(second);
    assert_int_equal(symlink("lock", "link"), 0);
    assert_int_equal(bg_lock(AT_FDCWD, "link", bg_deadline(0), &second), BG_E_UNSAFE);
    (void)alarm(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_unsafe),
        cmocka_unit_test(test_slurp),
        cmocka_unit_test(test_replace),
        cmocka_unit_test(test_dir_make),
        cmocka_unit_test(test_path_safe),
        cmocka_unit_test(test_replace_is_durable),
        cmocka_unit_test(test_write_all),
        cmocka_unit_test(test_path_through_links),
        cmocka_unit_test(test_disk_full_and_read_only),
        cmocka_unit_test(test_words_survive_cleaning_up),
        cmocka_unit_test(test_lock),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
