/* SPDX-License-Identifier: ISC */
/* Shares are random, every byte of them; and nothing of a secret is left behind on the stack. */
#include "help.h"

#include "../residue.h"
#include "base/secret.h"
#include "share/sharetyper.h"

#define BYTES    16
#define X_DIGEST 254 /* SLIP-0039: the index of the digest share */
#define SPLITS   300
#define MEMBERS  5

static uint8_t secret[BYTES];
static uint8_t y[SPLITS][MEMBERS][SLIP39_MAX_BYTES], digest[SPLITS][SLIP39_MAX_BYTES];

/* --- randomness --------------------------------------------------------------------------------- */

/* 300 draws of a byte take about 177 of its 256 values; fewer than 130 happen once in 10^20 runs. */
static void must_vary(const uint8_t *first, size_t stride, const char *what, size_t byte)
{
    bool seen[256] = {false};
    unsigned values = 0;

    for (size_t i = 0; i < SPLITS; i++) {
        uint8_t v = first[i * stride];
        values += !seen[v];
        seen[v] = true;
    }
    if (values < 130)
        fail_msg("%s, byte %zu: %u values in %d splits", what, byte, values, SPLITS);
}

/* The digest share, taken from the members as anybody with enough of them can. */
static void split_often(uint8_t threshold)
{
    const uint8_t x[MEMBERS] = {0, 1, 2, 3, 4};
    const uint8_t *point[MEMBERS];

    memset(y, 0, sizeof y);
    for (size_t i = 0; i < SPLITS; i++) {
        assert_int_equal(slip39_shamir_split(threshold, MEMBERS, secret, BYTES, y[i]), BG_OK);
        for (size_t m = 0; m < threshold; m++)
            point[m] = y[i][m];
        gf256_interpolate(threshold, x, point, BYTES, X_DIGEST, digest[i]);
    }
}

static void every_byte_of_a_split_is_drawn(void **state)
{
    (void)state;
    for (uint8_t threshold = 2; threshold <= MEMBERS; threshold++) {
        split_often(threshold);
        for (size_t k = 0; k < BYTES; k++) {
            for (size_t m = 0; m < MEMBERS; m++)
                must_vary(&y[0][m][k], sizeof y[0], "member", k);
            must_vary(&digest[0][k], sizeof digest[0], "digest share", k);
        }
    }
}

/* The drawn values of a split, and their bytes, have nothing to do with each other: their differences vary
 * too. */
static void the_draws_of_a_split_differ(void **state)
{
    static uint8_t difference[SPLITS][BYTES];

    (void)state;
    split_often(MEMBERS);
    for (size_t a = 0; a < MEMBERS; a++) {
        for (size_t b = 0; b < a; b++) {
            for (size_t i = 0; i < SPLITS; i++)
                for (size_t k = 0; k < BYTES; k++)
                    difference[i][k] = y[i][a][k] ^ y[i][b][k];
            for (size_t k = 0; k < BYTES; k++)
                must_vary(&difference[0][k], BYTES, "difference of members", k);
        }
        for (size_t i = 0; i < SPLITS; i++)
            for (size_t k = 0; k + 1 < BYTES; k++)
                difference[i][k] = y[i][a][k] ^ y[i][a][k + 1];
        for (size_t k = 0; k + 1 < BYTES; k++)
            must_vary(&difference[0][k], BYTES, "difference of bytes", k);
    }
}

static void two_splits_of_one_secret_share_no_value(void **state)
{
    struct slip39_params p = {.id = 7, .bytes = BYTES, .group_threshold = 2, .group_count = 3};
    struct slip39_share a[9], b[9];
    size_t n;

    (void)state;
    memcpy(p.member_threshold, (uint8_t[]){1, 2, 3}, 3);
    memcpy(p.member_count, (uint8_t[]){1, 3, 5}, 3);
    assert_int_equal(slip39_split(&p, secret, "", a, 9, &n), BG_OK);
    assert_int_equal(slip39_split(&p, secret, "", b, 9, &n), BG_OK);
    assert_int_equal(n, 9);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++)
            assert_memory_not_equal(a[i].value, b[k].value, BYTES);
}

/* --- what is left behind ------------------------------------------------------------------------ */

static struct slip39_share made[5];
static uint8_t ems[SLIP39_MAX_BYTES], got[SLIP39_MAX_BYTES];
static struct slip39_params plan;
static struct bg_shareset set;
static struct bg_sharetyper typer;
static char line[BG_SHARELINE_MAX + 1];
static enum bg_err result;

static void do_split(void *arg)
{
    size_t n;

    (void)arg;
    result = slip39_split(&plan, secret, "", made, 5, &n);
}

static void do_combine(void *arg)
{
    size_t n;

    (void)arg;
    result = slip39_combine(made, 2, "", got, &n);
}

static void do_feed(void *arg)
{
    struct bg_sharetyper_reply reply;

    (void)arg;
    bg_sharetyper_feed(&typer, line, strlen(line), &reply);
    result = reply.state == BG_SHARETYPER_MORE ? BG_E_MISMATCH : BG_OK;
}

static void do_read(void *arg)
{
    static struct bg_shareline read;

    (void)arg;
    bg_shareline_read(line, strlen(line), &read);
    result = read.count == 20 ? BG_OK : BG_E_MISMATCH;
}

static void do_recover(void *arg)
{
    static const struct bg_identity here = {.name = "host"};

    (void)arg;
    result = bg_sharetyper_recover(&typer, "bg1", &here);
}

static void must_leave_nothing(void (*run)(void *), enum bg_err want)
{
    residue_run(run, NULL);
    assert_int_equal(result, want);
    assert_false(residue_of(secret, BYTES));
    assert_false(residue_of(ems, BYTES));
    for (size_t i = 0; i < 5; i++)
        assert_false(residue_of(made[i].value, BYTES));
}

static int enroll(void **state)
{
    (void)state;
    plan = one_group(2, 5, BYTES);
    assert_int_equal(bg_random(secret, BYTES), BG_OK);
    (void)do_split(NULL);
    assert_int_equal(result, BG_OK);
    assert_int_equal(slip39_join(made, 2, ems), BG_OK);
    set = (struct bg_shareset){.id = plan.id,
                               .extendable = true,
                               .group_threshold = 1,
                               .group_count = 1,
                               .group = {{2, 5}},
                               .bytes = BYTES};
    assert_int_equal(bg_shareset_verifier(secret, BYTES, set.salt, set.verifier), BG_OK);
    return 0;
}

/* The net catches: a copy that is left is seen. */
static void do_leave(void *arg)
{
    uint8_t copy[BYTES];

    (void)arg;
    memcpy(copy, secret, BYTES);
    __asm__ volatile("" : : "r"(copy) : "memory"); /* it is really made */
}

static void a_copy_is_seen(void **state)
{
    (void)state;
    residue_run(do_leave, NULL);
    assert_true(SANITIZED || residue_of(secret, BYTES));
}

static void splitting_leaves_nothing(void **state)
{
    (void)state;
    must_leave_nothing(do_split, BG_OK);
}

static void joining_leaves_nothing(void **state)
{
    (void)state;
    must_leave_nothing(do_combine, BG_OK);
    assert_memory_equal(got, secret, BYTES);
    made[1].value[0] ^= 1;
    must_leave_nothing(do_combine, BG_E_MISMATCH);
}

static void typing_leaves_nothing(void **state)
{
    uint16_t words[SLIP39_MAX_WORDS];
    size_t n;

    (void)state;
    bg_sharetyper_start(&typer, &set);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(slip39_encode(&made[i], words, &n), BG_OK);
        (void)text_of(words, n, 4, i == 0 ? " " : "", line, sizeof line);
        must_leave_nothing(do_read, BG_OK);
        assert_false(residue_of(line, strlen(line)));
        must_leave_nothing(do_feed, BG_OK);
        assert_false(residue_of(line, strlen(line)));
        assert_false(residue_of(words + 4, (n - 4) * sizeof *words));
        for (size_t k = 0; k < sizeof typer.words; k++) /* in the typer itself too */
            assert_int_equal(((const uint8_t *)typer.words)[k], 0);
    }
    must_leave_nothing(do_recover, BG_OK);
    set.verifier[0] ^= 1;
    must_leave_nothing(do_recover, BG_E_NOENT); /* of the old kind, it might be */
    memset(set.host, '0', sizeof set.host - 1);
    must_leave_nothing(do_recover, BG_E_MISMATCH);
}

/* A share with a slip in it is looked at in many forms. */
static void repairing_leaves_nothing(void **state)
{
    uint16_t words[SLIP39_MAX_WORDS], swapped;
    size_t n, at = 9;

    (void)state;
    bg_sharetyper_start(&typer, &set);
    assert_int_equal(slip39_encode(&made[2], words, &n), BG_OK);
    while (words[at] == words[at + 1]) /* they are drawn */
        at++;
    swapped = words[at];
    words[at] = words[at + 1];
    words[at + 1] = swapped;
    for (int slip = 0; slip < 3; slip++) { /* swapped, one too few, one too many */
        (void)text_of(words, slip == 1 ? n - 1 : n, 0, " ", line, sizeof line);
        if (slip == 2)
            (void)snprintf(line + strlen(line), sizeof line - strlen(line), " acid");
        must_leave_nothing(do_feed, BG_E_MISMATCH);
        assert_false(residue_of(line, strlen(line)));
        assert_false(residue_of(words + 4, (n - 4) * sizeof *words));
        bg_sharetyper_start(&typer, &set);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_of_a_split_is_drawn),
        cmocka_unit_test(the_draws_of_a_split_differ),
        cmocka_unit_test(two_splits_of_one_secret_share_no_value),
        cmocka_unit_test_setup(a_copy_is_seen, enroll),
        cmocka_unit_test_setup(splitting_leaves_nothing, enroll),
        cmocka_unit_test_setup(joining_leaves_nothing, enroll),
        cmocka_unit_test_setup(typing_leaves_nothing, enroll),
        cmocka_unit_test_setup(repairing_leaves_nothing, enroll),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
