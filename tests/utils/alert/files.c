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
    struct sink_secrets k;
    struct secrets_fault why;

    memset(text, 0, sizeof text);
    assert_int_equal(secrets_of(s, &k, &why), want);
    assert_int_equal(why.why, want_why);
    if (why.why != BG_OK)
        assert_ptr_equal(why.path, s->secret_file);
    for (unsigned i = 0; want == BG_OK && i < k.keys.n; i++)
        text[i] = k.keys.key[i].key[0] == 0 ? 'A' : k.keys.key[i].key[0] == 0x04 ? 'B' : 'C';
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

/* The address and the token of a sink: one line each; what is no address of ours is none. */
static void a_secret_is_one_line(void **state)
{
    static const char *const bad[] = {"", "\n", " x", "x ", "a\nb", "a\tb", "a\x1b[2J", "\xff"};
    struct bg_sink s = sink("one", "");
    struct sink_secrets out;
    struct secrets_fault why;

    (void)state;
    (void)snprintf(s.token_file, sizeof s.token_file, "%s", path);
    (void)snprintf(s.url, sizeof s.url, "https://a.example/");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)unlink(path);
        put(path, bad[i]);
        assert_int_equal(secrets_of(&s, &out, &why), BG_E_SYNTAX);
        assert_ptr_equal(why.path, s.token_file);
    }
    (void)unlink(path);
    put(path, "a token\r\n");
    assert_int_equal(secrets_of(&s, &out, &why), BG_OK);
    assert_string_equal(out.token, "a token");
    assert_string_equal(out.url, "https://a.example/");
    (void)unlink(path);
    put(path, "another");
    assert_int_equal(secrets_of(&s, &out, &why), BG_OK);
    assert_string_equal(out.token, "another"); /* at once */
    (void)unlink(path);
    assert_int_equal(secrets_of(&s, &out, &why), BG_OK);
    assert_int_equal(why.why, BG_E_NOENT);
    assert_string_equal(out.token, "another");
}

static void an_address_in_a_file_is_checked(void **state)
{
    struct bg_sink s = sink("two", "");
    struct sink_secrets out;
    struct secrets_fault why;

    (void)state;
    (void)snprintf(s.url_file, sizeof s.url_file, "%s", path);
    put(path, "http://a.example/token");
    assert_int_equal(secrets_of(&s, &out, &why), BG_E_SYNTAX);
    assert_ptr_equal(why.path, s.url_file);
    (void)unlink(path);
    put(path, "https://a.example/token\n");
    assert_int_equal(secrets_of(&s, &out, &why), BG_OK);
    assert_string_equal(out.url, "https://a.example/token");
}

#define T(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(any_change_of_a_file_is_seen),      T(an_old_secret_signs_beside_the_new_one),
        T(a_useless_file_takes_nothing_away), T(a_secret_is_one_line),
        T(an_address_in_a_file_is_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
