/* SPDX-License-Identifier: ISC */
/* SLIP-0039 against its official vectors, and the cases that the vectors leave out. */
#include "help.h"

#include <jansson.h>
#include <stdlib.h>
#include "base/secret.h"
#include "share/slip39_parts.h"

#define SHARES_MAX (SLIP39_MAX_SHARES * SLIP39_MAX_SHARES)

static struct slip39_share made[SHARES_MAX], picked[SHARES_MAX];

static const uint8_t *a_secret(void)
{
    static uint8_t s[SLIP39_MAX_BYTES];

    assert_int_equal(bg_random(s, sizeof s), BG_OK);
    return s;
}

static void split(const struct slip39_params *p, const uint8_t *secret, const char *pass)
{
    size_t n;

    assert_int_equal(slip39_split(p, secret, pass, made, SHARES_MAX, &n), BG_OK);
}

static enum bg_err join(size_t n, const char *pass, uint8_t *secret)
{
    size_t bytes = 0;

    return slip39_combine(picked, n, pass, secret, &bytes);
}

static void pick(size_t n, const int *which)
{
    for (size_t i = 0; i < n; i++)
        picked[i] = made[which[i]];
}
#define PICK(...) pick(sizeof((int[]){__VA_ARGS__}) / sizeof(int), (int[]){__VA_ARGS__})

/* --- the parts ------------------------------------------------------------------------------ */

/* Schoolbook: multiply the polynomials, then take 0x11b away from the top down. */
static uint8_t slow_mul(uint8_t a, uint8_t b)
{
    unsigned product = 0;

    for (int i = 0; i < 8; i++)
        if (b >> i & 1)
            product ^= (unsigned)a << i;
    for (int i = 14; i >= 8; i--)
        if (product >> i & 1)
            product ^= 0x11bu << (i - 8);
    return (uint8_t)product;
}

static void field_multiplies(void **state)
{
    (void)state;
    assert_int_equal(gf256_mul(0x57, 0x83), 0xc1); /* FIPS 197, 4.2 */
    assert_int_equal(gf256_mul(0x57, 0x13), 0xfe); /* FIPS 197, 4.2.1 */
    for (unsigned a = 0; a < 256; a++)
        for (unsigned b = 0; b < 256; b++)
            assert_int_equal(gf256_mul((uint8_t)a, (uint8_t)b), slow_mul((uint8_t)a, (uint8_t)b));
}

/* A known polynomial of degree 2 over each byte, found again from three of its points. */
static void field_interpolates(void **state)
{
    uint8_t y[3][5], out[5];
    const uint8_t x[3] = {0, 7, 254}, *point[3] = {y[0], y[1], y[2]};

    (void)state;
    for (unsigned at = 0; at < 256; at++) {
        for (unsigned k = 0; k < 5; k++)
            for (unsigned i = 0; i < 3; i++)
                y[i][k] = (uint8_t)(17 * k ^ slow_mul((uint8_t)(k + 3), x[i]) ^
                                    slow_mul(200, slow_mul(x[i], x[i])));
        gf256_interpolate(3, x, point, 5, (uint8_t)at, out);
        for (unsigned k = 0; k < 5; k++)
            assert_int_equal(out[k], (17 * k ^ slow_mul((uint8_t)(k + 3), (uint8_t)at) ^
                                      slow_mul(200, slow_mul((uint8_t)at, (uint8_t)at))) &
                                         0xff);
    }
}

static void list_is_the_official_one(void **state)
{
    FILE *f = fopen(BG_TEST_DATA "/slip39/wordlist.txt", "r");
    char text[16384], ours[16384];
    size_t len, at = 0;

    (void)state;
    assert_non_null(f);
    len = fread(text, 1, sizeof text, f);
    (void)fclose(f);
    for (uint16_t i = 0; i < 1024; i++)
        at += (size_t)snprintf(ours + at, sizeof ours - at, "%s\n", slip39_word(i));
    assert_int_equal(len, at);
    assert_memory_equal(text, ours, len);
}

static void every_prefix_is_found(void **state)
{
    uint16_t found;
    char w[16];

    (void)state;
    for (uint16_t i = 0; i < 1024; i++) {
        (void)snprintf(w, sizeof w, "%s", slip39_word(i));
        for (size_t len = 0; len <= strlen(w); len++) {
            assert_int_equal(slip39_word_find(w, len, &found), len < 4 ? BG_E_NOENT : BG_OK);
            if (len >= 4)
                assert_int_equal(found, i);
        }
        w[0] = (char)(w[0] - 'a' + 'A');
        assert_int_equal(slip39_word_find(w, 4, &found), BG_OK);
        assert_int_equal(found, i);
        assert_int_equal(slip39_word_find(w, strlen(w) + 1, &found), BG_E_NOENT); /* its NUL is no letter */
    }
}

static void no_other_byte_is_a_letter(void **state)
{
    uint16_t found;
    char w[] = "acid";

    (void)state;
    for (int c = 0; c < 256; c++) {
        w[3] = (char)c;
        assert_int_equal(slip39_word_find(w, 4, &found), c == 'd' || c == 'D' ? BG_OK : BG_E_NOENT);
    }
    assert_int_equal(slip39_word_find("acidacid", 8, &found), BG_E_NOENT);
    assert_int_equal(slip39_word_find("academicx", 9, &found), BG_E_NOENT);
}

/* --- the official vectors ---------------------------------------------------------------------- */

/* Decode every mnemonic, join: the secret in hex, or "" when something was wrong. */
static void combine_text(json_t *mnemonics, char hex[2 * SLIP39_MAX_BYTES + 1])
{
    uint16_t words[SLIP39_MAX_WORDS];
    uint8_t secret[SLIP39_MAX_BYTES];
    size_t n = json_array_size(mnemonics), bytes;

    hex[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        size_t count = words_of(json_string_value(json_array_get(mnemonics, i)), words);
        if (slip39_decode(words, count, &picked[i]) != BG_OK)
            return;
    }
    if (slip39_combine(picked, n, "TREZOR", secret, &bytes) != BG_OK)
        return;
    for (size_t i = 0; i < bytes; i++)
        (void)sprintf(hex + 2 * i, "%02x", secret[i]);
}

static void official_vectors(void **state)
{
    json_error_t e;
    json_t *all = json_load_file(BG_TEST_DATA "/slip39/vectors.json", 0, &e), *v;
    char hex[2 * SLIP39_MAX_BYTES + 1];
    size_t i, valid = 0;

    (void)state;
    assert_non_null(all);
    assert_int_equal(json_array_size(all), 45);
    json_array_foreach(all, i, v)
    {
        combine_text(json_array_get(v, 1), hex);
        if (strcmp(hex, json_string_value(json_array_get(v, 2))) != 0)
            fail_msg("%s", json_string_value(json_array_get(v, 0)));
        valid += hex[0] != '\0';
    }
    assert_int_equal(valid, 15);
    json_decref(all);
}

/* --- what the vectors leave out ------------------------------------------------------------------ */

static void every_length_goes_round(void **state)
{
    uint8_t secret[SLIP39_MAX_BYTES];

    (void)state;
    for (uint8_t bytes = 16; bytes <= 64; bytes = (uint8_t)(bytes + 2)) {
        struct slip39_params p = one_group(2, 3, bytes);
        const uint8_t *s = a_secret();
        p.extendable = bytes % 4 == 0;
        split(&p, s, "a b~");
        PICK(2, 0);
        assert_int_equal(join(2, "a b~", secret), BG_OK);
        assert_memory_equal(secret, s, bytes);
        assert_int_equal(join(2, "", secret), BG_OK); /* a wrong passphrase gives another secret, by design */
        assert_memory_not_equal(secret, s, bytes);
    }
}

static void encoding_goes_round(void **state)
{
    uint16_t words[SLIP39_MAX_WORDS];
    struct slip39_share back;
    size_t n;

    (void)state;
    for (uint8_t bytes = 16; bytes <= 64; bytes = (uint8_t)(bytes + 2)) {
        for (uint8_t e = 0; e < 16; e++) {
            struct slip39_share s = {.id = (uint16_t)(0x7fff - 77 * e),
                                     .extendable = e % 2 == 0,
                                     .exponent = e,
                                     .group_index = e / 2,
                                     .group_threshold = (uint8_t)(1 + e / 4),
                                     .group_count = (uint8_t)(1 + e),
                                     .member_index = (uint8_t)(15 - e),
                                     .member_threshold = (uint8_t)(16 - e),
                                     .bytes = bytes};
            memcpy(s.value, a_secret(), bytes);
            assert_int_equal(slip39_encode(&s, words, &n), BG_OK);
            assert_int_equal(n, 7 + (8 * bytes + 9) / 10);
            assert_int_equal(slip39_decode(words, n, &back), BG_OK);
            assert_memory_equal(&back, &s, sizeof s);
        }
    }
}

static void exponents_change_the_secret_only_together(void **state)
{
    struct slip39_params p = one_group(2, 2, 16);
    uint8_t secret[SLIP39_MAX_BYTES];
    const uint8_t *s = a_secret();

    (void)state;
    for (uint8_t e = 0; e <= 5; e++) {
        p.exponent = e;
        split(&p, s, "");
        PICK(0, 1);
        assert_int_equal(join(2, "", secret), BG_OK);
        assert_memory_equal(secret, s, 16);
    }
    picked[1].exponent = 4;
    assert_int_equal(join(2, "", secret), BG_E_SYNTAX);
}

static void largest_set(void **state)
{
    struct slip39_params p = {.id = 1, .bytes = 32, .group_threshold = 16, .group_count = 16};
    uint8_t secret[SLIP39_MAX_BYTES];
    const uint8_t *s = a_secret();

    (void)state;
    memset(p.member_threshold, 16, sizeof p.member_threshold);
    memset(p.member_count, 16, sizeof p.member_count);
    split(&p, s, "");
    memcpy(picked, made, sizeof made);
    assert_int_equal(join(256, "", secret), BG_OK);
    assert_memory_equal(secret, s, 32);
    assert_int_equal(join(255, "", secret), BG_E_SYNTAX);
    picked[200].value[31] ^= 1;
    assert_int_equal(join(256, "", secret), BG_E_MISMATCH);
}

static void thresholds_are_exact(void **state)
{
    struct slip39_params p = one_group(3, 5, 16);
    uint8_t secret[SLIP39_MAX_BYTES];

    (void)state;
    split(&p, a_secret(), "");
    PICK(4, 1, 3, 0);
    assert_int_equal(join(3, "", secret), BG_OK);
    assert_int_equal(join(2, "", secret), BG_E_SYNTAX);
    assert_int_equal(join(4, "", secret), BG_E_SYNTAX); /* one more than is needed */
    assert_int_equal(join(0, "", secret), BG_E_SYNTAX);
    PICK(4, 4, 1);
    assert_int_equal(join(3, "", secret), BG_E_SYNTAX); /* a double in place of another */
    PICK(4, 1, 3, 1);
    assert_int_equal(join(4, "", secret), BG_E_SYNTAX); /* a double besides */
    PICK(4, 1, 3);
    picked[1].value[7] ^= 0x40;
    assert_int_equal(join(3, "", secret), BG_E_MISMATCH);
}

/* Groups 1-of-1, 1-of-1, 2-of-3, 2-of-2; any two of them. Shares 0 | 1 | 2 3 4 | 5 6. */
static struct slip39_params four_groups(void)
{
    struct slip39_params p = {.id = 77, .bytes = 16, .group_threshold = 2, .group_count = 4};

    memcpy(p.member_threshold, (uint8_t[]){1, 1, 2, 2}, 4);
    memcpy(p.member_count, (uint8_t[]){1, 1, 3, 2}, 4);
    return p;
}

static void groups_are_exact(void **state)
{
    struct slip39_params p = four_groups();
    uint8_t secret[SLIP39_MAX_BYTES];
    const uint8_t *s = a_secret();

    (void)state;
    split(&p, s, "");
    PICK(0, 1, 4, 2);
    assert_int_equal(join(2, "", secret), BG_OK);
    assert_memory_equal(secret, s, 16);
    assert_int_equal(join(1, "", secret), BG_E_SYNTAX); /* too few groups */
    assert_int_equal(join(4, "", secret), BG_E_SYNTAX); /* one group too many */
    assert_int_equal(join(3, "", secret), BG_E_SYNTAX); /* and an incomplete one too many */
    PICK(4, 6, 5, 2);
    assert_int_equal(join(4, "", secret), BG_OK);
    assert_memory_equal(secret, s, 16);
    assert_int_equal(join(3, "", secret), BG_E_SYNTAX); /* enough groups, one incomplete */
    PICK(0, 1);
    picked[0].value[3] ^= 1;
    assert_int_equal(join(2, "", secret), BG_E_MISMATCH); /* digest of the groups' level */
}

static void strangers_are_refused(void **state)
{
    struct slip39_params p = four_groups();
    uint8_t secret[SLIP39_MAX_BYTES];

    (void)state;
    split(&p, a_secret(), "");
#define STRANGER(change)                                                                                     \
    do {                                                                                                     \
        PICK(2, 3, 5, 6);                                                                                    \
        assert_int_equal(join(4, "", secret), BG_OK);                                                        \
        picked[1].change;                                                                                    \
        assert_int_equal(join(4, "", secret), BG_E_SYNTAX);                                                  \
    } while (0)
    STRANGER(id ^= 1);
    STRANGER(extendable ^= true);
    STRANGER(exponent ^= 1);
    STRANGER(group_threshold = 1);
    STRANGER(group_count = 5);
    STRANGER(bytes = 18);
    STRANGER(member_threshold = 3);
    STRANGER(member_threshold = 17);
    STRANGER(member_index = 0);
    STRANGER(member_index = 16);
    STRANGER(group_index = 0);
    STRANGER(group_index = 4);
    STRANGER(group_index = 255);
    PICK(0, 1);
    picked[0].bytes = picked[1].bytes = 14;
    assert_int_equal(join(2, "", secret), BG_E_SYNTAX);
    picked[0].bytes = picked[1].bytes = 66;
    assert_int_equal(join(2, "", secret), BG_E_SYNTAX);
}

static void each_kind_has_its_own_checksum(void **state)
{
    uint16_t words[SLIP39_MAX_WORDS];
    struct slip39_share s;
    size_t n;

    (void)state;
    for (int ext = 0; ext < 2; ext++) {
        struct slip39_params p = one_group(1, 1, 16);
        p.extendable = ext == 1;
        split(&p, a_secret(), "");
        assert_int_equal(slip39_encode(&made[0], words, &n), BG_OK);
        assert_int_equal(slip39_decode(words, n, &s), BG_OK);
        rs1024_seal(ext == 0, words, n);
        assert_int_equal(slip39_decode(words, n, &s), BG_E_MISMATCH);
    }
}

static void every_padding_bit_counts(void **state)
{
    uint16_t words[SLIP39_MAX_WORDS];
    struct slip39_share s;
    size_t n, bits = 0;

    (void)state;
    for (uint8_t bytes = 16; bytes <= 64; bytes = (uint8_t)(bytes + 2)) {
        struct slip39_params p = one_group(1, 1, bytes);
        split(&p, a_secret(), "");
        for (size_t bit = 0; bit < 10 * ((8u * bytes + 9) / 10) - 8u * bytes; bit++, bits++) {
            assert_int_equal(slip39_encode(&made[0], words, &n), BG_OK);
            words[4] = (uint16_t)(words[4] | 0x200 >> bit);
            rs1024_seal(true, words, n);
            assert_true(slip39_checksum_ok(words, n));
            assert_int_equal(slip39_decode(words, n, &s), BG_E_SYNTAX);
        }
    }
    assert_int_equal(bits, 100); /* 25 lengths, paddings 2 6 0 4 8 and so on */
}

static void only_legal_counts(void **state)
{
    uint16_t words[128] = {0};
    struct slip39_share s;
    size_t legal = 0;

    (void)state;
    for (size_t n = 0; n < 128; n++) {
        bool expect = false;
        for (size_t bytes = 16; bytes <= 64; bytes += 2)
            expect |= n == 7 + (8 * bytes + 9) / 10;
        memset(words, 0, sizeof words);
        if (n >= 7)
            rs1024_seal(false, words, n);
        assert_int_equal(slip39_decode(words, n, &s), expect ? BG_OK : BG_E_RANGE);
        legal += expect;
    }
    assert_int_equal(legal, 25);
}

/* Write four bits of the header by hand, as no conforming program would. */
static enum bg_err decode_with(size_t first_bit, unsigned value)
{
    uint16_t words[SLIP39_MAX_WORDS];
    struct slip39_share s;
    size_t n;

    assert_int_equal(slip39_encode(&made[2], words, &n), BG_OK);
    for (size_t i = 0; i < 4; i++) {
        size_t bit = first_bit + i;
        uint16_t mask = (uint16_t)(0x200 >> bit % 10);
        words[bit / 10] = (uint16_t)((words[bit / 10] & ~mask) | (value >> (3 - i) & 1 ? mask : 0));
    }
    rs1024_seal(rs1024_extendable(words), words, n);
    return slip39_decode(words, n, &s);
}

static void header_is_bounded(void **state)
{
    struct slip39_params p = four_groups();

    (void)state;
    split(&p, a_secret(), "");
    for (unsigned v = 0; v < 16; v++) {
        assert_int_equal(decode_with(20, v), v < 4 ? BG_OK : BG_E_SYNTAX);  /* group index, of 4 groups */
        assert_int_equal(decode_with(24, v), v < 4 ? BG_OK : BG_E_SYNTAX);  /* group threshold - 1 */
        assert_int_equal(decode_with(28, v), v >= 2 ? BG_OK : BG_E_SYNTAX); /* group count - 1; index is 2 */
        assert_int_equal(decode_with(32, v), BG_OK);                        /* member index */
        assert_int_equal(decode_with(36, v), BG_OK);                        /* member threshold - 1 */
        assert_int_equal(decode_with(16, v), BG_OK);                        /* exponent */
    }
}

static void bad_plans_are_refused(void **state)
{
    uint8_t secret[SLIP39_MAX_BYTES] = {0};
    char passphrase[300];
    size_t n;

    (void)state;
#define REFUSED(change, pass, room)                                                                          \
    do {                                                                                                     \
        struct slip39_params p = four_groups();                                                              \
        change;                                                                                              \
        assert_int_equal(slip39_split(&p, secret, pass, made, room, &n), BG_E_RANGE);                        \
    } while (0)
    REFUSED(p.id = 0x8000, "", SHARES_MAX);
    REFUSED(p.exponent = 16, "", SHARES_MAX);
    REFUSED(p.bytes = 17, "", SHARES_MAX);
    REFUSED(p.bytes = 14, "", SHARES_MAX);
    REFUSED(p.bytes = 66, "", SHARES_MAX);
    REFUSED(p.group_threshold = 0, "", SHARES_MAX);
    REFUSED(p.group_threshold = 5, "", SHARES_MAX);
    REFUSED(p.group_count = 17, "", SHARES_MAX);
    REFUSED(p.member_threshold[3] = 3, "", SHARES_MAX);
    REFUSED(p.member_threshold[3] = 0, "", SHARES_MAX);
    REFUSED(p.member_count[3] = 17, "", SHARES_MAX);
    REFUSED(p.member_threshold[3] = 1, "", SHARES_MAX); /* 1 of 2 */
    REFUSED((void)0, "", 6);
    REFUSED((void)0, "tab\t", SHARES_MAX);
    REFUSED((void)0, "\x7f", SHARES_MAX);
    REFUSED((void)0, "\xc3\xa4", SHARES_MAX);
    memset(passphrase, 'x', sizeof passphrase);
    passphrase[257] = '\0';
    REFUSED((void)0, passphrase, SHARES_MAX);
    passphrase[256] = '\0';
    assert_int_equal(slip39_split(&(struct slip39_params){0}, secret, "", made, SHARES_MAX, &n), BG_E_RANGE);
    {
        struct slip39_params p = four_groups();
        split(&p, secret, passphrase);
        split(&p, secret, NULL);
    }
}

static void random_sets_go_round(void **state)
{
    uint8_t secret[SLIP39_MAX_BYTES], r[4];

    (void)state;
    for (int i = 0; i < 60; i++) {
        const uint8_t *s = a_secret();
        struct slip39_params p;
        assert_int_equal(bg_random(r, sizeof r), BG_OK);
        p = one_group((uint8_t)(2 + r[0] % 5), (uint8_t)(7 + r[1] % 4), (uint8_t)(16 + 2 * (r[2] % 25)));
        p.extendable = r[3] & 1;
        split(&p, s, "");
        for (size_t k = 0; k < p.member_threshold[0]; k++)
            picked[k] = made[(k * 3 + r[3]) % 7];
        assert_int_equal(join(p.member_threshold[0], "", secret), BG_OK);
        assert_memory_equal(secret, s, p.bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(field_multiplies),
        cmocka_unit_test(field_interpolates),
        cmocka_unit_test(list_is_the_official_one),
        cmocka_unit_test(every_prefix_is_found),
        cmocka_unit_test(no_other_byte_is_a_letter),
        cmocka_unit_test(official_vectors),
        cmocka_unit_test(every_length_goes_round),
        cmocka_unit_test(encoding_goes_round),
        cmocka_unit_test(exponents_change_the_secret_only_together),
        cmocka_unit_test(largest_set),
        cmocka_unit_test(thresholds_are_exact),
        cmocka_unit_test(groups_are_exact),
        cmocka_unit_test(strangers_are_refused),
        cmocka_unit_test(each_kind_has_its_own_checksum),
        cmocka_unit_test(every_padding_bit_counts),
        cmocka_unit_test(only_legal_counts),
        cmocka_unit_test(header_is_bounded),
        cmocka_unit_test(bad_plans_are_refused),
        cmocka_unit_test(random_sets_go_round),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
