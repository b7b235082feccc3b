/* SPDX-License-Identifier: ISC */
/* The module's functions, called as glibc calls them, on this test's own files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "account/accounts.h"
#include "module.h"

#define ACCOUNTS                                                                                             \
    "bg1:x:0:0:Break-glass account:/var/lib/breakglass/home/bg1:/bin/bash\n"                                 \
    "bg1:x:59001:0:Break-glass account (audit id):/var/lib/breakglass/home/bg1:/bin/bash\n"                  \
    "bg2:x:990:990::/h:/bin/sh\n"                                                                            \
    "bg3:x:broken\n"
#define GROUPS                                                                                               \
    "bgadm:x:59010:bg1,root\nbgtwo:x:59011:bg2,bg1\nbgnone:x:59012:\nbgzero:x:0:bg1,bg2\nbg2own:x:990:bg2\n" \
    "bgagain:x:59011:bg1\nbroken:x:-1:bg1\n"

static char buf[4096];
static int err; /* what the module is handed as errnop */

static void put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, 0644), 0);
    (void)close(fd);
}

static int fresh(void **state)
{
    (void)state;
    (void)mkdir(BG_CONFDIR, 0755);
    (void)rmdir(BG_ACCOUNTS_PATH);
    (void)unlink(BG_ACCOUNTS_PATH);
    (void)unlink(BG_GROUPS_PATH);
    put(BG_ACCOUNTS_PATH, ACCOUNTS);
    put(BG_GROUPS_PATH, GROUPS);
    err = 4711;
    errno = EXDEV;
    return 0;
}

static int away(void **state)
{
    (void)state;
    (void)unlink(BG_ACCOUNTS_PATH);
    (void)unlink(BG_GROUPS_PATH);
    (void)rmdir(BG_CONFDIR);
    return 0;
}

static void users(void **state)
{
    struct passwd p;

    (void)state;
    assert_int_equal(_nss_breakglass_getpwnam_r("bg1", &p, buf, sizeof buf, &err), NSS_STATUS_SUCCESS);
    assert_string_equal(p.pw_name, "bg1");
    assert_string_equal(p.pw_passwd, "x");
    assert_int_equal(p.pw_uid, 0);
    assert_int_equal(p.pw_gid, 0);
    assert_string_equal(p.pw_gecos, "Break-glass account");
    assert_string_equal(p.pw_dir, "/var/lib/breakglass/home/bg1");
    assert_string_equal(p.pw_shell, "/bin/bash");
    assert_int_equal(_nss_breakglass_getpwuid_r(59001, &p, buf, sizeof buf, &err), NSS_STATUS_SUCCESS);
    assert_string_equal(p.pw_name, "bg1");
    assert_int_equal(p.pw_uid, 59001);
    assert_int_equal(_nss_breakglass_getpwuid_r(990, &p, buf, sizeof buf, &err), NSS_STATUS_SUCCESS);
    assert_string_equal(p.pw_name, "bg2");
    assert_int_equal(err, 4711);
    assert_int_equal(errno, EXDEV);
}

static void nobody_else(void **state)
{
    static const char *const names[] = {
        "root", "bg3", "bg", "", "bg11", "BG1", "bg1 ", "#", "pam_unix_non_existent:", "bgzero"};
    struct passwd p = {.pw_uid = 77};
    struct spwd s;
    struct group g;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(_nss_breakglass_getpwnam_r(names[i], &p, buf, sizeof buf, &err),
                         NSS_STATUS_NOTFOUND);
        assert_int_equal(_nss_breakglass_getspnam_r(names[i], &s, buf, sizeof buf, &err),
                         NSS_STATUS_NOTFOUND);
        assert_int_equal(_nss_breakglass_getgrnam_r(names[i], &g, buf, sizeof buf, &err),
                         NSS_STATUS_NOTFOUND);
    }
    assert_int_equal(_nss_breakglass_getpwuid_r(0, &p, buf, sizeof buf, &err), NSS_STATUS_NOTFOUND);
    assert_int_equal(_nss_breakglass_getpwuid_r((uid_t)-1, &p, buf, sizeof buf, &err), NSS_STATUS_NOTFOUND);
    assert_int_equal(_nss_breakglass_getpwuid_r(59002, &p, buf, sizeof buf, &err), NSS_STATUS_NOTFOUND);
    assert_int_equal(_nss_breakglass_getgrgid_r(0, &g, buf, sizeof buf, &err), NSS_STATUS_NOTFOUND);
    assert_int_equal(_nss_breakglass_getgrgid_r((gid_t)-1, &g, buf, sizeof buf, &err), NSS_STATUS_NOTFOUND);
    assert_int_equal(p.pw_uid, 77);
    assert_int_equal(err, 4711);
    assert_int_equal(errno, EXDEV);
}

/* A line that only begins with a name does not take the account from glibc, as it does not from the relay. */
static void beside_lines_of_nobody(void **state)
{
    struct passwd p;
    struct spwd s;

    (void)state;
    put(BG_ACCOUNTS_PATH, ACCOUNTS "bg1.old:x:0:0::/h:/s\n  bg2 has the second safe\n");
    assert_int_equal(_nss_breakglass_getpwnam_r("bg1", &p, buf, sizeof buf, &err), NSS_STATUS_SUCCESS);
    assert_int_equal(_nss_breakglass_getspnam_r("bg1", &s, buf, sizeof buf, &err), NSS_STATUS_SUCCESS);
    assert_int_equal(_nss_breakglass_getpwuid_r(59001, &p, buf, sizeof buf, &err), NSS_STATUS_SUCCESS);
    assert_int_equal(_nss_breakglass_getpwnam_r("bg2", &p, buf, sizeof buf, &err), NSS_STATUS_SUCCESS);
    assert_int_equal(_nss_breakglass_getpwnam_r("bg3", &p, buf, sizeof buf, &err), NSS_STATUS_NOTFOUND);
}

static void shadow(void **state)
{
    struct spwd s;

    (void)state;
    assert_int_equal(_nss_breakglass_getspnam_r("bg1", &s, buf, sizeof buf, &err), NSS_STATUS_SUCCESS);
    assert_string_equal(s.sp_namp, "bg1");
    assert_string_equal(s.sp_pwdp, "!*");
    assert_int_equal(s.sp_lstchg, -1);
    assert_int_equal(s.sp_min, -1);
    assert_int_equal(s.sp_max, -1);
    assert_int_equal(s.sp_warn, -1);
    assert_int_equal(s.sp_inact, -1);
    assert_int_equal(s.sp_expire, -1);
    assert_int_equal(errno, EXDEV);
}

static void groups(void **state)
{
    struct group g;

    (void)state;
    assert_int_equal(_nss_breakglass_getgrnam_r("bgadm", &g, buf, sizeof buf, &err), NSS_STATUS_SUCCESS);
    assert_int_equal(g.gr_gid, 59010);
    assert_string_equal(g.gr_passwd, "x");
    assert_string_equal(g.gr_mem[0], "bg1");
    assert_string_equal(g.gr_mem[1], "root");
    assert_null(g.gr_mem[2]);
    assert_int_equal(_nss_breakglass_getgrgid_r(59012, &g, buf, sizeof buf, &err), NSS_STATUS_SUCCESS);
    assert_string_equal(g.gr_name, "bgnone");
    assert_null(g.gr_mem[0]);
    assert_int_equal(err, 4711);
    assert_int_equal(errno, EXDEV);
}

/* Every size from 0 up at every alignment: TRYAGAIN and ERANGE, then the answer; no byte beyond. */
static void short_buffers(void **state)
{
    struct group g;

    (void)state;
    for (size_t shift = 0; shift < sizeof(char *); shift++) {
        /* 3 pointers, "bg1,root", "bgadm", "x" and the alignment */
        size_t need = 3 * sizeof(char *) + 9 + 6 + 2 + (shift == 0 ? 0 : sizeof(char *) - shift);
        for (size_t n = 0; n < 64; n++) {
            char *b = malloc(shift + n); /* so that a sanitizer sees the end */
            enum nss_status s;
            assert_true(b != NULL || shift + n == 0);
            err = 0;
            g.gr_gid = 77;
            s = _nss_breakglass_getgrnam_r("bgadm", &g, b + shift, n, &err);
            assert_int_equal(s, n < need ? NSS_STATUS_TRYAGAIN : NSS_STATUS_SUCCESS);
            assert_int_equal(g.gr_gid, n < need ? 77 : 59010);
            assert_int_equal(err, n < need ? ERANGE : 0);
            if (s == NSS_STATUS_SUCCESS)
                assert_string_equal(g.gr_mem[1], "root");
            free(b);
        }
        assert_int_equal(errno, EXDEV);
    }
}

static void short_buffers_of_users(void **state)
{
    struct passwd p;
    struct spwd s;

    (void)state;
    for (size_t n = 0; n < 80; n++) {
        /* "bg1" "x" "Break-glass account" "/var/lib/breakglass/home/bg1" "/bin/bash" */
        size_t need = 4 + 2 + 20 + 29 + 10;
        err = 0;
        assert_int_equal(_nss_breakglass_getpwnam_r("bg1", &p, buf, n, &err),
                         n < need ? NSS_STATUS_TRYAGAIN : NSS_STATUS_SUCCESS);
        assert_int_equal(err, n < need ? ERANGE : 0);
        err = 0;
        assert_int_equal(_nss_breakglass_getspnam_r("bg1", &s, buf, n, &err),
                         n < 7 ? NSS_STATUS_TRYAGAIN : NSS_STATUS_SUCCESS);
        assert_int_equal(err, n < 7 ? ERANGE : 0);
        /* a name that is not ours needs no room */
        assert_int_equal(_nss_breakglass_getpwnam_r("daemon", &p, buf, n, &err), NSS_STATUS_NOTFOUND);
    }
    assert_int_equal(errno, EXDEV);
    /* glibc passes &errno itself */
    assert_int_equal(_nss_breakglass_getpwnam_r("bg1", &p, buf, 1, &errno), NSS_STATUS_TRYAGAIN);
    assert_int_equal(errno, ERANGE);
}

static void nothing_is_enumerated(void **state)
{
    struct passwd p;
    struct spwd s;
    struct group g;

    (void)state;
    assert_int_equal(_nss_breakglass_setpwent(0), NSS_STATUS_SUCCESS);
    assert_int_equal(_nss_breakglass_getpwent_r(&p, buf, sizeof buf, &err), NSS_STATUS_NOTFOUND);
    assert_int_equal(_nss_breakglass_endpwent(), NSS_STATUS_SUCCESS);
    assert_int_equal(_nss_breakglass_setspent(0), NSS_STATUS_SUCCESS);
    assert_int_equal(_nss_breakglass_getspent_r(&s, buf, sizeof buf, &err), NSS_STATUS_NOTFOUND);
    assert_int_equal(_nss_breakglass_endspent(), NSS_STATUS_SUCCESS);
    assert_int_equal(_nss_breakglass_setgrent(0), NSS_STATUS_SUCCESS);
    assert_int_equal(_nss_breakglass_getgrent_r(&g, buf, sizeof buf, &err), NSS_STATUS_NOTFOUND);
    assert_int_equal(_nss_breakglass_endgrent(), NSS_STATUS_SUCCESS);
}

/* initgroups_dyn into an array of `size` that holds `have` (gid 7) already. */
struct walk {
    enum nss_status status;
    long start, size;
    gid_t got[40];
};

static struct walk walk(const char *user, gid_t primary, long have, long size, long limit)
{
    struct walk w = {.start = have, .size = size};
    gid_t *array = malloc((size_t)size * sizeof *array);

    assert_non_null(array);
    for (long i = 0; i < have; i++)
        array[i] = 7;
    err = 0;
    w.status = _nss_breakglass_initgroups_dyn(user, primary, &w.start, &w.size, &array, limit, &err);
    assert_true(w.start <= w.size && w.start <= 40);
    memcpy(w.got, array, (size_t)w.start * sizeof *array);
    free(array);
    assert_int_equal(errno, EXDEV);
    return w;
}

static void memberships(void **state)
{
    struct walk w = walk("bg1", 0, 1, 1, 0);

    (void)state;
    assert_int_equal(w.status, NSS_STATUS_TRYAGAIN);
    assert_int_equal(err, EAGAIN);
    assert_int_equal(w.start, 3); /* bgagain has the number of bgtwo */
    assert_int_equal(w.got[0], 7);
    assert_int_equal(w.got[1], 59010);
    assert_int_equal(w.got[2], 59011);
    w = walk("bg2", 990, 1, 8, -1);
    assert_int_equal(w.status, NSS_STATUS_TRYAGAIN);
    assert_int_equal(w.start, 2); /* its primary group is not added again */
    assert_int_equal(w.got[1], 59011);
    assert_int_equal(w.size, 8);
    w = walk("root", 0, 1, 4, 0);
    assert_int_equal(w.status, NSS_STATUS_TRYAGAIN);
    assert_int_equal(err, EAGAIN);
    assert_int_equal(w.start, 2);
    assert_int_equal(w.got[1], 59010);
}

static void memberships_of_others(void **state)
{
    static const char *const names[] = {"daemon", "bg3", "bg", "", "broken"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct walk w = walk(names[i], 1, 1, 1, 0);
        assert_int_equal(w.status, NSS_STATUS_NOTFOUND);
        assert_int_equal(w.start, 1);
        assert_int_equal(w.size, 1);
        assert_int_equal(err, 0);
    }
}

static void the_limit(void **state)
{
    (void)state;
    for (long limit = 1; limit <= 4; limit++) {
        struct walk w = walk("bg1", 0, 1, 1, limit);
        assert_int_equal(w.status, NSS_STATUS_TRYAGAIN);
        assert_int_equal(w.start, limit < 3 ? limit : 3);
        assert_true(w.size <= limit);
    }
}

static void many_groups(void **state)
{
    char text[2000] = "";
    size_t n = 0;
    struct walk w;

    (void)state;
    for (unsigned i = 0; i < 35; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "g%u:x:%u:a,bg1,b\n", i, 60000 + i);
    put(BG_GROUPS_PATH, text);
    w = walk("bg1", 0, 1, 1, 0);
    assert_int_equal(w.start, 36);
    for (unsigned i = 0; i < 35; i++)
        assert_int_equal(w.got[i + 1], 60000 + i);
    (void)unlink(BG_GROUPS_PATH); /* without the file: no groups, the same answer */
    errno = EXDEV;
    w = walk("bg1", 0, 1, 1, 0);
    assert_int_equal(w.status, NSS_STATUS_TRYAGAIN);
    assert_int_equal(w.start, 1);
}

/* Pages of this process. */
static long pages(void)
{
    FILE *f = fopen("/proc/self/statm", "re");
    long n = 0;

    assert_non_null(f);
    assert_int_equal(fscanf(f, "%ld", &n), 1);
    (void)fclose(f);
    return n;
}

/* Up to the last byte that a file may have; the memory for it is given back. */
static void large_files(void **state)
{
    static const size_t sizes[] = {2047, 2048, 2049, BG_ACCOUNTS_MAX - 1};
    static char text[BG_ACCOUNTS_MAX];
    struct passwd p;
    long before = pages();

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        memset(text, '\n', sizes[i]);
        text[sizes[i]] = '\0';
        memcpy(text + sizes[i] - (sizeof ACCOUNTS - 1), ACCOUNTS, sizeof ACCOUNTS - 1);
        put(BG_ACCOUNTS_PATH, text);
        for (int n = 0; n < 1000; n++)
            assert_int_equal(_nss_breakglass_getpwnam_r("bg2", &p, buf, sizeof buf, &err),
                             NSS_STATUS_SUCCESS);
    }
    assert_true(pages() - before < 2000); /* of 8000 that were taken */
}

static void expect_nobody(void)
{
    struct passwd p;
    struct spwd s;

    errno = EXDEV;
    assert_int_equal(_nss_breakglass_getpwnam_r("bg1", &p, buf, sizeof buf, &err), NSS_STATUS_NOTFOUND);
    assert_int_equal(_nss_breakglass_getpwuid_r(59001, &p, buf, sizeof buf, &err), NSS_STATUS_NOTFOUND);
    assert_int_equal(_nss_breakglass_getspnam_r("bg1", &s, buf, sizeof buf, &err), NSS_STATUS_NOTFOUND);
    assert_int_equal(walk("bg1", 0, 1, 1, 0).status, NSS_STATUS_NOTFOUND);
    assert_int_equal(walk("root", 0, 1, 1, 0).status, NSS_STATUS_NOTFOUND);
    assert_int_equal(errno, EXDEV);
}

static void without_a_good_file(void **state)
{
    static char big[BG_ACCOUNTS_MAX + 1];

    (void)state;
    assert_int_equal(chmod(BG_ACCOUNTS_PATH, 0666), 0);
    expect_nobody();
    put(BG_ACCOUNTS_PATH, "bg1\nbg1:x:0:0::/h:/s\n");
    expect_nobody();
    put(BG_ACCOUNTS_PATH, "");
    expect_nobody();
    memset(big, '\n', sizeof big - 1);
    memcpy(big, ACCOUNTS, sizeof ACCOUNTS - 1);
    put(BG_ACCOUNTS_PATH, big);
    expect_nobody();
    (void)unlink(BG_ACCOUNTS_PATH);
    expect_nobody();
    assert_int_equal(mkfifo(BG_ACCOUNTS_PATH, 0644), 0);
    expect_nobody();
    (void)unlink(BG_ACCOUNTS_PATH);
    assert_int_equal(symlink("/dev/zero", BG_ACCOUNTS_PATH), 0);
    expect_nobody();
    (void)unlink(BG_ACCOUNTS_PATH);
    assert_int_equal(mkdir(BG_ACCOUNTS_PATH, 0755), 0);
    expect_nobody();
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, fresh, away)
    const struct CMUnitTest tests[] = {
        CASE(users),
        CASE(nobody_else),
        CASE(beside_lines_of_nobody),
        CASE(shadow),
        CASE(groups),
        CASE(short_buffers),
        CASE(short_buffers_of_users),
        CASE(nothing_is_enumerated),
        CASE(memberships),
        CASE(memberships_of_others),
        CASE(the_limit),
        CASE(many_groups),
        CASE(large_files),
        CASE(without_a_good_file),
    };

    (void)alarm(120); /* if the module waits for the FIFO, the test must fail, not hang */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
