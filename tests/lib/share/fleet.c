/* SPDX-License-Identifier: ISC */
/*
 * What a host's secret is. Expected values: HKDF by Python's hmac module (extract and expand as RFC 5869,
 * section 2, has them) over the bytes that fleet.h lists.
 */
#include "base/hash.h"
#include "base/secret.h"
#include "help.h"
#include "share/fleet.h"
#include "share/sharetyper.h"

static const struct {
    const char *host, *account;
    uint32_t epoch;
    const char *hex; /* 16 bytes of secret, 2 of identifier */
} cases[] = {
    {"web01", "bg1", 1, "a5e9fac0df83ab39241b892aacdeb8fdb5f3"},
    {"web01", "bg1", 2, "26b18f1b177a99d0b032c319463ad43c9af0"},
    {"web0", "1bg1", 1, "502e982f7b55e3410a4d9de42c3d378508e6"}, /* the same bytes but for the lengths */
    {"db.example.org", "bg2", 258, "11aba4c2025cb2c1315b9338e72f4d2d8452"},
};
#define CASES (sizeof cases / sizeof cases[0])

static uint8_t secret[32];

static struct bg_fleet_host of_case(size_t i)
{
    struct bg_fleet_host of = {.host = cases[i].host, .account = cases[i].account, .epoch = cases[i].epoch};

    for (size_t k = 0; k < sizeof secret; k++)
        secret[k] = (uint8_t)k;
    for (size_t k = 0; k < sizeof of.fleet; k++)
        of.fleet[k] = (uint8_t)(0xa0 + k);
    return of;
}

static void as_the_standard_says(void **state)
{
    struct bg_shareset set;
    struct slip39_share share;
    uint8_t want[18], got[SLIP39_MAX_BYTES], verifier[BG_VERIFIER_BYTES];
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        struct bg_fleet_host of = of_case(i);

        assert_true(bg_unhex(cases[i].hex, want, sizeof want));
        assert_int_equal(bg_fleet_derive(&of, secret, sizeof secret, &set, &share), BG_OK);
        assert_int_equal(slip39_combine(&share, 1, "", got, &n), BG_OK);
        assert_int_equal(n, 16);
        assert_memory_equal(got, want, 16);
        assert_int_equal(set.id, (want[16] << 8 | want[17]) >> 1);
        assert_int_equal(share.id, set.id);
        assert_int_equal(bg_shareset_verifier(want, 16, set.salt, verifier), BG_OK);
        assert_memory_equal(set.verifier, verifier, sizeof verifier);
    }
}

/* The whole way: what is printed is typed at a login, and opens this host's set and no other's. */
static void the_card_opens_its_own_host_alone(void **state)
{
    static struct bg_sharetyper t;
    static struct bg_identity nobody;
    struct bg_sharetyper_reply reply;
    struct bg_shareset set[CASES];
    struct slip39_share share[CASES];
    uint16_t words[SLIP39_MAX_WORDS];
    char line[600];
    size_t n;

    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        struct bg_fleet_host of = of_case(i);
        assert_int_equal(bg_fleet_derive(&of, secret, sizeof secret, &set[i], &share[i]), BG_OK);
    }
    for (size_t i = 0; i < CASES; i++)
        for (size_t k = 0; k < CASES; k++) {
            assert_int_equal(slip39_encode(&share[i], words, &n), BG_OK);
            assert_int_equal(n, 20);
            (void)text_of(words, 2, 0, " ", line, sizeof line);
            assert_string_equal(set[i].words, line);
            bg_sharetyper_start(&t, &set[k]);
            bg_sharetyper_feed(&t, line, text_of(words, n, 4, " ", line, sizeof line), &reply);
            assert_int_equal(reply.state == BG_SHARETYPER_READY, i == k);
            if (i == k)
                assert_int_equal(bg_sharetyper_recover(&t, "bg1", &nobody), BG_OK);
            set[k].id = share[i].id; /* and not because of its identifier alone */
            assert_int_equal(bg_shareset_verify(&set[k], share[i].value, 16, "bg1", &nobody), BG_E_MISMATCH);
            set[k].id = share[k].id;
        }
    bg_sharetyper_wipe(&t);
}

/* Two files of one host tell nobody that they are of the same secret. */
static void the_salt_is_fresh(void **state)
{
    struct bg_fleet_host of = of_case(0);
    struct bg_shareset a, b;

    (void)state;
    assert_int_equal(bg_fleet_derive(&of, secret, sizeof secret, &a, NULL), BG_OK);
    assert_int_equal(bg_fleet_derive(&of, secret, sizeof secret, &b, NULL), BG_OK);
    assert_int_equal(a.id, b.id);
    assert_memory_not_equal(a.salt, b.salt, sizeof a.salt);
    assert_memory_not_equal(a.verifier, b.verifier, sizeof a.verifier);
}

static void refuses(const struct bg_fleet_host *of, size_t bytes)
{
    struct bg_shareset set, before;

    memset(&set, 0x5a, sizeof set);
    memcpy(&before, &set, sizeof set);
    assert_int_equal(bg_fleet_derive(of, secret, bytes, &set, NULL), BG_E_RANGE);
    assert_memory_equal(&set, &before, sizeof set);
}

static void what_is_out_of_bounds_is_refused(void **state)
{
    struct bg_fleet_host of = of_case(0);
    char name[400];

    (void)state;
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    refuses(&of, 15);
    refuses(&of, 65);
    of.epoch = 0;
    refuses(&of, 32);
    of.epoch = BG_FLEET_EPOCH_MAX + 1;
    refuses(&of, 32);
    of = of_case(0);
    of.host = "";
    refuses(&of, 32);
    of.host = name;
    refuses(&of, 32);
    of = of_case(0);
    of.account = "";
    refuses(&of, 32);
    of.account = name;
    refuses(&of, 32);
}

static void names_of_hosts(void **state)
{
    static const char *const good[] = {"web01", "0", "a.b-c_d.example.org"};
    static const char *const bad[] = {"",       "Web01",  "-web",  ".web",     "_web",
                                      "web 01", "web/01", "web\n", "w\xc3\xa9"};
    char name[BG_FLEET_HOST + 1];

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(bg_fleet_host_valid(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(bg_fleet_host_valid(bad[i]));
    memset(name, 'a', sizeof name);
    name[BG_FLEET_HOST] = '\0';
    assert_false(bg_fleet_host_valid(name));
    name[BG_FLEET_HOST - 1] = '\0';
    assert_true(bg_fleet_host_valid(name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_the_standard_says), cmocka_unit_test(the_card_opens_its_own_host_alone),
        cmocka_unit_test(the_salt_is_fresh),    cmocka_unit_test(what_is_out_of_bounds_is_refused),
        cmocka_unit_test(names_of_hosts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
