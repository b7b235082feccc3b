/* SPDX-License-Identifier: ISC */
#include "../testfiles.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/sanitized.h"
#include "password/password.h"

/* openssl passwd -6 -salt 'rounds=500000$abcdefghijklmnop' 'correct horse battery staple' */
#define SECRET "correct horse battery staple"
#define SHA512                                                                                               \
    "$6$rounds=500000$abcdefghijklmnop$op.XYCKe3xm37z//oJyVJMpBEOxumKcEH/T4fuMz/"                            \
    "yiwagbOM08TJK7i6BFk0dX2AVzI944ujgqN2mq6O8oww1"

static void a_hash_of_another_program(void **state)
{
    (void)state;
    assert_int_equal(bg_password_check(SHA512, SECRET), BG_OK);
    assert_int_equal(bg_password_check(SHA512, SECRET "r"), BG_E_MISMATCH);
    assert_int_equal(bg_password_check(SHA512, "orrect horse battery staple"), BG_E_MISMATCH);
    assert_int_equal(bg_password_check(SHA512, ""), BG_E_MISMATCH);
}

/* A hash that is the beginning of the right one, or has more behind it, is another hash. */
static void a_hash_that_was_cut(void **state)
{
    char cut[] = SHA512;

    (void)state;
    cut[sizeof cut - 2] = '\0';
    assert_int_equal(bg_password_check(cut, SECRET), BG_E_MISMATCH);
    assert_int_equal(bg_password_check(SHA512 "1", SECRET), BG_E_MISMATCH);
    assert_int_equal(bg_password_check("$6$rounds=500000$abcdefghijklmnop$", SECRET), BG_E_MISMATCH);
}

static void fresh_hashes(void **state)
{
    char hash[BG_PASSWORD_HASH], again[BG_PASSWORD_HASH];

    (void)state;
    assert_int_equal(bg_password_make(SECRET, false, hash), BG_OK);
    assert_string_equal(bg_password_kind(hash), "yescrypt");
    assert_memory_equal(hash, "$y$j9T$", 7);
    assert_null(bg_password_refusal(hash));
    assert_int_equal(bg_password_check(hash, SECRET), BG_OK);
    assert_int_equal(bg_password_check(hash, SECRET " "), BG_E_MISMATCH);
    assert_int_equal(bg_password_make(SECRET, false, again), BG_OK);
    assert_string_not_equal(hash, again); /* a salt of its own */
    assert_int_equal(bg_password_make(SECRET, true, hash), BG_OK);
    assert_memory_equal(hash, "$6$rounds=500000$", 17);
    assert_null(bg_password_refusal(hash));
    assert_int_equal(bg_password_check(hash, SECRET), BG_OK);
}

static void every_byte_counts(void **state)
{
    char whole[BG_PASSWORD_MAX + 2], hash[BG_PASSWORD_HASH];

    (void)state;
    memset(whole, 'x', sizeof whole);
    whole[BG_PASSWORD_MAX] = '\0';
    assert_int_equal(bg_password_make(whole, false, hash), BG_OK);
    assert_int_equal(bg_password_check(hash, whole), BG_OK);
    whole[BG_PASSWORD_MAX - 1] = 'y';
    assert_int_equal(bg_password_check(hash, whole), BG_E_MISMATCH);
    whole[BG_PASSWORD_MAX - 1] = whole[BG_PASSWORD_MAX] = 'x';
    whole[BG_PASSWORD_MAX + 1] = '\0'; /* 512 bytes are crypt(3)'s fault, not a wrong password */
    assert_int_equal(bg_password_check(hash, whole), BG_E_CRYPTO);
}

static void kinds_that_are_refused(void **state)
{
    (void)state;
    assert_int_equal(bg_password_check("$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW", "x"),
                     BG_E_REFUSED);
    assert_int_equal(bg_password_check("*0", "x"), BG_E_REFUSED);
    assert_int_equal(bg_password_check("", ""), BG_E_REFUSED);
}

/* A setting of an accepted kind with which crypt(3) can do nothing. */
static void a_hash_that_cannot_be_computed(void **state)
{
    (void)state;
    assert_int_equal(bg_password_check("$6$rounds=0500000$abc$x", SECRET), BG_E_CRYPTO);
}

/* With 8 MiB to spare yescrypt gives "*0"; that says nothing about the password. */
static enum bg_err with_little_memory(const char *hash)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        char text[64] = "";
        FILE *f = fopen("/proc/self/statm", "r");
        rlim_t pages = f != NULL && fgets(text, sizeof text, f) != NULL ? strtoul(text, NULL, 10) : 0;
        struct rlimit limit = {.rlim_cur = pages * (rlim_t)sysconf(_SC_PAGESIZE) + (8 << 20)};

        limit.rlim_max = limit.rlim_cur;
        _exit(setrlimit(RLIMIT_AS, &limit) == 0 ? (int)bg_password_check(hash, SECRET) : 99);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return (enum bg_err)WEXITSTATUS(status);
}

static void no_memory_is_no_wrong_password(void **state)
{
    char hash[BG_PASSWORD_HASH];

    (void)state;
    if (SANITIZED)
        skip();
    assert_int_equal(bg_password_make(SECRET, false, hash), BG_OK);
    assert_int_equal(with_little_memory(hash), BG_E_CRYPTO);
    assert_int_equal(with_little_memory(SHA512), BG_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hash_of_another_program),
        cmocka_unit_test(a_hash_that_was_cut),
        cmocka_unit_test(fresh_hashes),
        cmocka_unit_test(every_byte_counts),
        cmocka_unit_test(kinds_that_are_refused),
        cmocka_unit_test(a_hash_that_cannot_be_computed),
        cmocka_unit_test(no_memory_is_no_wrong_password),
    };

    return BG_WITH_PASSWORD ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
