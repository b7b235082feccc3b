/* SPDX-License-Identifier: ISC */
/* Whether what everything was read from is still the same, and the secrets that were read from it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "alert/alert.h"
#include "base/clock.h"
#include "../../../utils/alert/secrets.c"

#define A "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define B "whsec_BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
#define C "whsec_CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC"

static char path[] = "/tmp/bg-files-XXXXXX", other[sizeof path + 2];

static int make(void **state)
{
    (void)state;
    memcpy(path + sizeof path - 7, "XXXXXX", 6);
    assert_true(close(mkstemp(path)) == 0);
    (void)snprintf(other, sizeof other, "%s.2", path);
    secrets_wipe();
    return 0;
}

static int drop(void **state)
{
    (void)state;
    (void)unlink(path);
    (void)unlink(other);
    return 0;
}

static void put(const char *file, const char *text)
{
    FILE *f = fopen(file, "we");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0 && fclose(f) == 0);
    assert_int_equal(chmod(file, 0400), 0);
}

static void any_change_of_a_file_is_seen(void **state)
{
    struct files f = {0};
    const struct timespec same[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1000}};

    (void)state;
    files_add(&f, "");
    assert_int_equal(f.n, 0);
    files_add(&f, path);
    files_add(&f, other);
    assert_int_equal(f.n, 2);
    assert_false(files_changed(&f));
    put(other, "");
    assert_true(files_changed(&f)); /* it was not there */
    f.n = 1;
    assert_false(files_changed(&f));
    assert_int_equal(utimensat(AT_FDCWD, path, same, 0), 0);
    f.n = 0;
    files_add(&f, path);
    f.file[0].seen.st_ctim.tv_nsec ^= 1; /* one who sets the time back cannot set this one */
    assert_true(files_changed(&f));
    f.n = 0;
    files_add(&f, path);
    f.file[0].seen.st_mtim.tv_nsec ^= 1;
    assert_true(files_changed(&f));
    f.n = 0;
    files_add(&f, path);
    f.file[0].seen.st_size++;
    assert_true(files_changed(&f));
    f.n = 0;
    files_add(&f, path);
    assert_int_equal(rename(other, path), 0);
    assert_true(files_changed(&f));
    f.n = 0;
    files_add(&f, path);
    assert_int_equal(unlink(path), 0);
    assert_true(files_changed(&f));
}

static struct bg_sink sink(const char *name, const char *file)
{
    struct bg_sink s = {0};

    (void)snprintf(s.name, sizeof s.name, "%s", name);
    (void)snprintf(s.secret_file, sizeof s.secret_file, "%s", file);
    return s;
}

/* The first letters of the keys that sign, in their order. */
static const char *keys_of(const struct bg_sink *s, enum bg_err want, enum bg_err want_why)
{
    static char text[BG_SIGN_KEYS + 1];
    struct bg_sign_keys k;
    enum bg_err why;

    memset(text, 0, sizeof text);
    assert_int_equal(secrets_of(s, &k, &why), want);
    assert_int_equal(why, want_why);
    for (unsigned i = 0; want == BG_OK && i < k.n; i++)
        text[i] = k.key[i].key[0] == 0 ? 'A' : k.key[i].key[0] == 0x04 ? 'B' : 'C';
    return text;
}

static void an_old_secret_signs_beside_the_new_one(void **state)
{
    struct bg_sink s = sink("hook", path);

    (void)state;
    put(path, A);
    assert_string_equal(keys_of(&s, BG_OK, BG_OK), "A");
    assert_true(secrets_until() == INT64_MAX);
    (void)unlink(path);
    put(path, B "\n");
    assert_string_equal(keys_of(&s, BG_OK, BG_OK), "BA");
    assert_string_equal(keys_of(&s, BG_OK, BG_OK), "BA"); /* read again, nothing is new */
    assert_true(secrets_until() > bg_deadline(SECRETS_OVERLAP_MS - 60000));
    (void)unlink(path);
    put(path, C "\n" B);
    assert_string_equal(keys_of(&s, BG_OK, BG_OK), "CBA");
    known[0].until = bg_now_ms(); /* a day later */
    assert_string_equal(keys_of(&s, BG_OK, BG_OK), "CB");
    assert_true(secrets_until() == INT64_MAX);
    (void)unlink(path);
    put(path, C);
    assert_string_equal(keys_of(&s, BG_OK, BG_OK), "CB");
}

static void a_useless_file_takes_nothing_away(void **state)
{
    struct bg_sink s = sink("hook", path), t = sink("hook", other), u = sink("new", other);

    (void)state;
    put(path, A);
    assert_string_equal(keys_of(&s, BG_OK, BG_OK), "A");
    (void)unlink(path);
    assert_string_equal(keys_of(&s, BG_OK, BG_E_NOENT), "A");
    put(path, "whsec_AA");
    assert_string_equal(keys_of(&s, BG_OK, BG_E_SYNTAX), "A");
    (void)keys_of(&t, BG_E_NOENT, BG_E_NOENT); /* another file never was read */
    (void)keys_of(&u, BG_E_NOENT, BG_E_NOENT);
    put(other, B);
    assert_string_equal(keys_of(&t, BG_OK, BG_OK), "BA"); /* a secret by another name is a change as well */
    assert_string_equal(keys_of(&u, BG_OK, BG_OK), "B");  /* and every sink has its own */
}

#define T(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(any_change_of_a_file_is_seen),
        T(an_old_secret_signs_beside_the_new_one),
        T(a_useless_file_takes_nothing_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
