/* SPDX-License-Identifier: ISC */
/* The parts of breakglass-alert that are arithmetic: back-off, Retry-After, signatures. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "alert/alert.h"
#include "alert/bucket.h"
#include "alert/sign.h"

static void pauses_grow_and_are_capped(void **state)
{
    static const int64_t want[] = {0, 5000, 30000, 120000, 300000, 900000, 900000};

    (void)state;
    assert_int_equal(backoff_ms(0, 12345), 0);
    for (unsigned n = 1; n < 7; n++)
        for (uint32_t r = 0; r < 5000; r += 7) {
            int64_t ms = backoff_ms(n, r);
            assert_in_range(ms, want[n] * 4 / 5, want[n] * 6 / 5);
            assert_in_range(ms, 1, BACKOFF_MAX_MS);
        }
    assert_true(backoff_ms(2, 0) < backoff_ms(2, 999)); /* there is jitter */
    assert_int_equal(backoff_ms(4000000000u, 500) > 700000, 1);
}

/* How many of one rank may go at `now`. */
static unsigned pass(struct bucket *b, enum rank rank, int64_t now)
{
    unsigned n = 0;

    for (; n < 1000 && bucket_from(b, rank) <= now; n++)
        bucket_spend(b, now);
    return n;
}

static void a_bucket_is_filled_slowly_and_keeps_something_for_uses(void **state)
{
    struct bucket b;

    (void)state;
    bucket_init(&b, &(struct bg_sink_rate){.minute = 60, .burst = 20});
    assert_int_equal(pass(&b, RANK_COMMON, 100000), 10);
    assert_int_equal(pass(&b, RANK_URGENT, 100000), 5);
    assert_int_equal(pass(&b, RANK_USE, 100000), 5);
    assert_int_equal(pass(&b, RANK_USE, 100999), 0);
    assert_int_equal(pass(&b, RANK_USE, 101000), 1); /* one a second */
    assert_int_equal(pass(&b, RANK_URGENT, 106000), 0);
    assert_int_equal(pass(&b, RANK_URGENT, 107000), 1);
    assert_int_equal(pass(&b, RANK_USE, 1000000), 20); /* it never holds more */
    bucket_init(&b, &(struct bg_sink_rate){.minute = 60, .burst = 20});
    bucket_resume(&b, 100000, 20000);
    assert_int_equal(pass(&b, RANK_USE, 100000), 0);
    bucket_init(&b, &(struct bg_sink_rate){.minute = 60, .burst = 20});
    bucket_resume(&b, 100000, 20001); /* of a clock that was wrong */
    assert_int_equal(pass(&b, RANK_USE, 100000), 20);
    bucket_init(&b, &(struct bg_sink_rate){.minute = 1, .burst = 1});
    assert_int_equal(pass(&b, RANK_COMMON, 100000), 1);
    bucket_init(&b, &(struct bg_sink_rate){.minute = 0, .burst = 0});
    assert_int_equal(pass(&b, RANK_COMMON, 100000), 1000);
}

static void retry_after(void **state)
{
    const time_t now = 784111777; /* Sun, 06 Nov 1994 08:49:37 GMT, the date of RFC 9110 */

    (void)state;
    assert_int_equal(backoff_retry_after(" 120\r\n", now), 120000);
    assert_int_equal(backoff_retry_after("0", now), 0);
    assert_int_equal(backoff_retry_after("Sun, 06 Nov 1994 08:50:37 GMT\r\n", now), 60000);
    assert_int_equal(backoff_retry_after("Sunday, 06-Nov-94 08:50:37 GMT", now), 60000);
    assert_int_equal(backoff_retry_after("Sun Nov  6 08:50:37 1994", now), 60000);
    assert_int_equal(backoff_retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now), 0); /* it is over */
    assert_int_equal(backoff_retry_after("901", now), BACKOFF_MAX_MS);
    assert_int_equal(backoff_retry_after("99999999999999999999999", now), BACKOFF_MAX_MS);
    assert_int_equal(backoff_retry_after("Sun, 06 Nov 2094 08:00:00 GMT", now), BACKOFF_MAX_MS);
    assert_int_equal(backoff_retry_after("", now), -1);
    assert_int_equal(backoff_retry_after("soon", now), -1);
    assert_int_equal(backoff_retry_after("-5", now), -1);
    assert_int_equal(backoff_retry_after("5 apples", now), -1);
}

static void dates_of_http(void **state)
{
    static const char *const none[] = {"", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 GMT+1",
                                       "06 Nov 1994 08:49:37 GMT", "Sun, 31 Foo 1994 08:49:37 GMT"};
    int64_t s = -7;

    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_false(http_date(none[i], &s));
    assert_int_equal(s, -7);
    assert_true(
        http_date("Sun, 06 Nov 1994 08:49:37 GMT", &s)); /* the date of RFC 9110, by each of its forms */
    assert_int_equal(s, 784111777);
    assert_true(http_date(" Sunday, 06-Nov-94 08:49:37 GMT\r\n", &s) && s == 784111777);
    assert_true(http_date("Sun Nov  6 08:49:37 1994", &s) && s == 784111777);
    assert_true(http_date("Tue, 19 Jan 2038 03:14:08 GMT", &s)); /* the first that 31 bits cannot hold */
    assert_int_equal(s, INT64_C(2147483648));
    assert_true(http_date("Sat, 01 Jan 2106 00:00:00 GMT", &s));
    assert_int_equal(s, INT64_C(4291747200));
}

/* The example of the Standard Webhooks reference libraries (their test vectors, symmetric key). */
static void the_standards_example(void **state)
{
    static const char body[] = "{\"test\": 2432232314}";
    struct bg_sign_keys k;
    char out[SIGN_TEXT];

    (void)state;
    assert_int_equal(bg_sign_parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", &k), BG_OK);
    assert_int_equal(k.n, 1);
    assert_int_equal(k.key[0].len, 24);
    assert_int_equal(sign_body(&k, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body, sizeof body - 1, out),
                     BG_OK);
    assert_string_equal(out, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

static void two_keys_make_two_signatures(void **state)
{
    struct bg_sign_keys k, one;
    char both[SIGN_TEXT], single[SIGN_TEXT];

    (void)state;
    assert_int_equal(bg_sign_parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\r\n"
                                   "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
                                   &k),
                     BG_OK);
    assert_int_equal(bg_sign_parse("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", &one), BG_OK);
    assert_int_equal(sign_body(&k, "id", 1, "x", 1, both), BG_OK);
    assert_int_equal(sign_body(&one, "id", 1, "x", 1, single), BG_OK);
    assert_int_equal(strlen(both), 95);
    assert_int_equal(both[47], ' ');
    assert_string_equal(both + 48, single);
}

#define GOOD  "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"
#define THREE (GOOD GOOD GOOD)

static void bad_secrets(void **state)
{
    static const char *const bad[] = {
        "",
        "\n",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",      /* 31 characters */
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa==",     /* 22 bytes */
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS ",     /* a blank */
        "whsec_MfKQ9r8GKYqrTwjU=D8ILPZIo2LaLaSw",     /* padding in the middle */
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw====", /* too much of it */
        "whpk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        THREE,
        "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    };
    struct bg_sign_keys k;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (bg_sign_parse(bad[i], &k) != BG_E_SYNTAX)
            fail_msg("taken: %s", bad[i]);
    /* 64 bytes are the most: 86 characters and == */
    assert_int_equal(
        bg_sign_parse("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                      "AAAAAAA==",
                      &k),
        BG_OK);
    assert_int_equal(k.key[0].len, 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pauses_grow_and_are_capped),
        cmocka_unit_test(a_bucket_is_filled_slowly_and_keeps_something_for_uses),
        cmocka_unit_test(retry_after),
        cmocka_unit_test(dates_of_http),
        cmocka_unit_test(the_standards_example),
        cmocka_unit_test(two_keys_make_two_signatures),
        cmocka_unit_test(bad_secrets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
