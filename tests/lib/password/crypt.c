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

/* openssl passwd -6, with that setting behind "$6$"; false: there is none that does rounds. */
static bool openssl_passwd(const char *setting, char out[BG_PASSWORD_HASH])
{
    char command[512];
    FILE *p;
    bool got;

    (void)snprintf(command, sizeof command, "openssl passwd -6 -salt '%s' '" SECRET "' 2>/dev/null", setting);
    p = popen(command, "r");
    got = p != NULL && fgets(out, BG_PASSWORD_HASH, p) != NULL && strncmp(out, "$6$rounds=500000$", 17) == 0;
    out[strcspn(out, "\n")] = '\0';
    if (p != NULL)
        (void)pclose(p);
    return got;
}

/* Both ways: what openssl makes is ours, and what we make is openssl's. */
static void the_hashes_of_openssl(void **state)
{
    char theirs[BG_PASSWORD_HASH] = "", ours[BG_PASSWORD_HASH], setting[BG_PASSWORD_HASH];

    (void)state;
    if (!openssl_passwd("rounds=500000$qrstuvwxyz./0123", theirs))
        skip();
    assert_int_equal(bg_password_check(theirs, SECRET), BG_OK);
    assert_int_equal(bg_password_check(theirs, SECRET "r"), BG_E_MISMATCH);
    assert_int_equal(bg_password_make(SECRET, true, ours), BG_OK);
    (void)snprintf(setting, sizeof setting, "%s", ours + 3);
    *strrchr(setting, '$') = '\0';
    assert_true(openssl_passwd(setting, theirs));
    assert_string_equal(ours, theirs);
}

#if BG_WITH_PASSWORD
#include <crypt.h>

/*
 * Hashes of "pleaseletmein" in TESTS-OK of yescrypt 1.1.0, the reference: https://www.openwall.com/yescrypt/.
 * Ours are right, wherever libcrypt is; those of parameters that this program does not take are refused.
 */
static void the_hashes_of_yescrypt_s_own_tests(void **state)
{
    static const struct {
        const char *hash;
        bool taken;
    } rows[] = {
        {"$y$jD5.7$LdJMENpBABJJ3hIHjB1Bi.$HboGM6qPrsK.StKYGt6KErmUYtioHreJd98oIugoNB6", false},
        {"$y$jC4$LdJMENpBABJJ3hIHjB1B$jVg4HoqqpbmQv/NCpin.QCMagJ8o4QX7lXdzvVV0xFC", true},
        {"$y$/A2$LdJMENpBABJJ3hIHj/$5IEld1eWdmh5lylrqHLF5dvA3ISpimEM9J1Dd05n/.3", false},
        {"$y$j80$LdJMENpBABJJ3h2$ysXVVJwuaVlI1BWoEKt/Bz3WNDDmdOWz/8KTQaHL1cC", false},
        {"$y$/6.$LdJMENpBABJJ$zQITmYSih5.CTY47x0IuE4wl.b3HzYGKKCSggakaQ22", false},
        {"$y$j4/$LdJMENpBA/$tHlkpTQ8V/eEnTVau1uW36T97LIXlfPrEzdeV5SE5K7", false},
        {"$y$/2/$LdJMEN3$RRorHhfsw1/P/WR6Aurg4U72e9Q7qt9vFPURdyfiqK8", false},
        {"$y$j2..1$LdJME/$iLEt6kuTwHch6XdCxtTHfsQzYwWFmpUwgl6Ax8RH4d1", false},
        {"$y$///$L/$Rrrkp6OVljrIk0kcwkCDhAiHJiSthh3cKeIGHUW7Z0C", false},
        {"$y$j//$LdJMENpBABJJ3hIHjB1B$U8a2MaK.yesqWySK8Owk6PWeWmp/XuagMbpP45q1/q1", false},
    };
    static struct crypt_data work;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_string_equal(crypt_r("pleaseletmein", rows[i].hash, &work), rows[i].hash);
        assert_int_equal(bg_password_check(rows[i].hash, "pleaseletmein"),
                         rows[i].taken ? BG_OK : BG_E_REFUSED);
        assert_int_equal(bg_password_check(rows[i].hash, "pleaseletmeim"),
                         rows[i].taken ? BG_E_MISMATCH : BG_E_REFUSED);
    }
}
#else
static void the_hashes_of_yescrypt_s_own_tests(void **state)
{
    (void)state;
}
#endif

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
        cmocka_unit_test(the_hashes_of_openssl),
        cmocka_unit_test(the_hashes_of_yescrypt_s_own_tests),
        cmocka_unit_test(a_hash_that_was_cut),
        cmocka_unit_test(fresh_hashes),
        cmocka_unit_test(every_byte_counts),
        cmocka_unit_test(kinds_that_are_refused),
        cmocka_unit_test(a_hash_that_cannot_be_computed),
        cmocka_unit_test(no_memory_is_no_wrong_password),
    };

    return BG_WITH_PASSWORD ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
