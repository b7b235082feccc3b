/* SPDX-License-Identifier: ISC */
/*
 * Challenges and answers: the example of breakglass-challenge(7), and what openssl(1) signed over the 37
 * bytes of authenticator data and the hash of that example: keys by "ecparam -name prime256v1 -genkey" and
 * "genpkey -algorithm ed25519", signatures by "dgst -sha256 -sign" and "pkeyutl -sign -rawin".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/hash.h"
#include "key/challenge.h"

#define EXAMPLE "web01 bg1 sshd 1NGG7-T04HM-ASW9N-F6YY0-93C6Y"

static const char ec_public[] =
    "103122a0bee76a189c88baefde5cb00f49fe0681c7c3f68ecd1fc884be8d7e2548498afaff71d3bcb32ee0c0c0"
    "1552f541cce015b7c46d0ed0e7a6bab46d2c02";
static const char ed_public[] = "de4477861a7484999936cdcc86a8f63047532f7e4949f7ac149f996373919907";
static const char rp_hash[] = /* sha256sum of breakglass:text */
    "af3ff0fdc56a4f90ba5867f5ad5243a12bbfde7626c586f243a46028f9562737";

static const struct row {
    const char *name;
    uint8_t flags;
    uint32_t counter;
    enum bg_fido_fault fault;
    const char *der, *plain;
} rows[] = {
    {"verified", 5, 7, BG_FF_NONE,
     "304402202ae4fa732e7c84353a278f060cf4c065c374f524f96b21f981cfcb0b9c0f173a0220531fed9fadb3b5"
     "4caf4f2ff7d67687efcd6f00a3099b1a05d042ec60430f4f68",
     "664def9543489b99a678509c8c00fe9314098054dd99603b7bd55478659da15306ee56ce50e7b97d1ec7fc6617"
     "a08c82463589ba82e9d643b87884d2711a8e07"},
    {"touched", 1, 7, BG_FF_USER,
     "3045022100c5ba7031f60ae40527c1cd6e8c77083cc334c201faf7992ad52ce105bf58030d0220223d9033c381"
     "79e5a205af5721f0ae7a2b8260047fcd19ac236938504f5a9847",
     "8d46b8b8fbe1c38c89b6b6458da7d90063dd4d5341ae509d58ec7e6abcd60ac25a635fe020f071c72c984f806e"
     "1fbd7e6ff1bbc29a7af848607cad20b3de7f0e"},
    {"untouched", 4, 7, BG_FF_PRESENCE,
     "3044022034af1591f926d7b6b8b0070d5269f5ec8723c0be210730b4b0e1c8a5a16a315802206370675ebb35c0"
     "94e7d08433d19959275e718308a5faab12f1fea5e32adc86fc",
     "b5ef9a0b494381c6a517ce69fa03eb361f443594e28e8621aca6beb31fc8e8364d344c7aeb1aa33a09c1060e3b"
     "ac6edf8a3a84b229fce83082eabb2c9caae20b"},
    {"synced", 13, 16909060, BG_FF_NONE,
     "30460221009bb8991f06dd2c6347bc4bc0f0e64197bde9c28441cd7c188ea05c24d75b18480221008172d20feb"
     "ee84dffda9e888db5064a4773add53b6bd396cf571bf09c6da7cd1",
     "19558068fab73d9e8cfdb261b9e77bcde8a52f38395f794b1ae424c42ccbd57651a6b8d3fb8092b83f8aa6f90f"
     "b076922b10400e4916cf5561172d68f8e8ed00"},
};

/* The example as the page has it. */
static void example(struct bg_challenge *c)
{
    static const char row[] = "1NGG7T04HMASW9NF6YY093C6Y";

    assert_true(bg_challenge_names(c, "WEB01", "bg1", "sshd"));
    for (size_t i = 0; i < BG_ROW; i++)
        c->row[i] = (uint8_t)bg_row_symbol(row[i]);
}

static void the_page(void **state)
{
    static const char *const lines[] = {"2G000-00W00-20G30-G2GC1-R86BK", "1450P-30D1R-7H048-J2CA1-A5S7M",
                                        "GQ30C-HM6RW-3MF1Y-81148-HJ340", "89964-WM2JA-HB5GP-JWBSG-64393",
                                        "S36D1-N6RVK-GE9T7-CY3TF-HZ2WX"};
    struct bg_response a = {.flags = 5, .counter = 7}, again;
    uint8_t hash[BG_FIDO_HASH], out[BG_RESPONSE_ROWS][BG_ROW];
    char text[BG_CHALLENGE_TEXT], hex[BG_HASH_HEX + 1];
    struct bg_challenge c;

    (void)state;
    example(&c);
    bg_challenge_text(&c, text);
    assert_string_equal(text, EXAMPLE);
    assert_int_equal(bg_challenge_seconds(&c), 1795694400); /* date -d 2026-11-26T12:00Z +%s */
    assert_int_equal(bg_challenge_hash(&c, hash), BG_OK);
    bg_hex(hex, hash, sizeof hash);
    assert_string_equal(hex, "d6f89316255f6c17b5a4255e2d2b541a431b35f92ddaf379f983913d2df255dd");
    for (uint8_t i = 0; i < sizeof a.sig; i++)
        a.sig[i] = i;
    assert_int_equal(bg_response_write(&c, &a, out), BG_OK);
    for (size_t i = 0; i < BG_RESPONSE_ROWS; i++) {
        bg_row_print(out[i], text);
        assert_string_equal(text, lines[i]);
    }
    bg_response_read((const uint8_t(*)[BG_ROW])out, &again);
    assert_int_equal(again.flags, a.flags);
    assert_int_equal(again.counter, a.counter);
    assert_memory_equal(again.sig, a.sig, sizeof a.sig);
}

/* Made anew with the same time and random bytes it is the same. */
static void made(void **state)
{
    struct bg_challenge c, d;
    uint8_t nonce[BG_FIDO_HASH] = {0};
    struct bg_row_place place;
    struct bg_row_look look;

    (void)state;
    example(&c);
    for (size_t i = 0; i < 15; i++)
        nonce[i] = (uint8_t)(c.row[7 + i] | 0xa0); /* the upper bits count for nothing */
    assert_int_equal(bg_challenge_make(&d, "Web01", "bg1", "sshd", INT64_C(1795694400999), nonce), BG_OK);
    assert_memory_equal(d.row, c.row, BG_ROW);
    assert_string_equal(d.host, "web01");
    assert_int_equal(bg_challenge_make(&d, "", "a b", "x\n\xff/", -5, nonce), BG_OK);
    assert_string_equal(d.host, "-");
    assert_string_equal(d.account, "a-b");
    assert_string_equal(d.service, "x---");
    assert_int_equal(bg_challenge_seconds(&d), 0);
    assert_int_equal(bg_challenge_place(&d, &place), BG_OK);
    bg_row_look(&place, d.row, BG_ROW, &look);
    assert_int_equal(look.state, BG_ROW_GOOD);
}

static void long_names(void **state)
{
    char name[200];
    uint8_t nonce[BG_FIDO_HASH] = {0};
    char text[BG_CHALLENGE_TEXT];
    struct bg_challenge c;

    (void)state;
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = '\0';
    assert_int_equal(bg_challenge_make(&c, name, name, name, INT64_MAX, nonce), BG_OK);
    bg_challenge_text(&c, text);
    assert_int_equal(strlen(text), 64 + 1 + 32 + 1 + 32 + 1 + 29);
    assert_false(bg_challenge_names(&c, name, "bg1", "sshd"));
    assert_false(bg_challenge_names(&c, "web01", "", "sshd"));
    assert_false(bg_challenge_names(&c, "web01", "bg1", "ss\x1bhd"));
}

static void whose_host(void **state)
{
    struct bg_challenge c;

    (void)state;
    example(&c);
    assert_true(bg_challenge_same_host(&c, "web01"));
    assert_true(bg_challenge_same_host(&c, "WEB01"));
    assert_false(bg_challenge_same_host(&c, "web02"));
    assert_false(bg_challenge_same_host(&c, "web01.example.org"));
    assert_false(bg_challenge_same_host(&c, "web0"));
    assert_false(bg_challenge_same_host(&c, ""));
}

/* Every part is signed: what differs in one of them has another hash. */
static void all_of_it_counts(void **state)
{
    static const char *const names[][3] = {{"web01", "bg1", "sshd"},
                                           {"web02", "bg1", "sshd"},
                                           {"web01", "bg2", "sshd"},
                                           {"web01", "bg1", "login"}};
    uint8_t hash[4 + BG_ROW][BG_FIDO_HASH];
    struct bg_challenge c;

    (void)state;
    example(&c);
    for (size_t i = 0; i < 4 + BG_ROW; i++) {
        const char *const *n = names[i < 4 ? i : 0];
        assert_true(bg_challenge_names(&c, n[0], n[1], n[2]));
        if (i >= 4)
            c.row[i - 4] ^= 1;
        assert_int_equal(bg_challenge_hash(&c, hash[i]), BG_OK);
        if (i >= 4)
            c.row[i - 4] ^= 1;
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(hash[i], hash[k], BG_FIDO_HASH);
    }
}

static size_t unhex(const char *hex, uint8_t *out)
{
    assert_true(bg_unhex(hex, out, strlen(hex) / 2));
    return strlen(hex) / 2;
}

static size_t authdata_of(const struct row *w, uint8_t out[37])
{
    assert_int_equal(unhex(rp_hash, out), 32);
    out[32] = w->flags;
    for (size_t i = 0; i < 4; i++)
        out[33 + i] = (uint8_t)(w->counter >> (24 - 8 * i));
    return 37;
}

/* From what the key returned to rows, back, and verified; and with another flag, counter, bit or key not. */
static void round_trip(const struct row *w, enum bg_fido_type type, const char *public_key,
                       const char *sig_hex)
{
    struct bg_fido_public pub = {.type = type};
    uint8_t authdata[37], sig[BG_FIDO_SIG], hash[BG_FIDO_HASH], out[BG_RESPONSE_ROWS][BG_ROW];
    struct bg_fido_said said;
    struct bg_response a, b;
    enum bg_fido_fault fault;
    struct bg_challenge c;

    example(&c);
    (void)unhex(public_key, pub.bytes);
    assert_int_equal(
        bg_response_from_key(type, authdata, authdata_of(w, authdata), sig, unhex(sig_hex, sig), &a), BG_OK);
    assert_int_equal(bg_response_write(&c, &a, out), BG_OK);
    bg_response_read((const uint8_t(*)[BG_ROW])out, &b);
    assert_int_equal(bg_challenge_hash(&c, hash), BG_OK);
    assert_int_equal(bg_response_verify(&b, &pub, hash, &said, &fault),
                     w->fault == BG_FF_NONE ? BG_OK : BG_E_MISMATCH);
    assert_int_equal(fault, w->fault);
    if (w->fault == BG_FF_NONE) {
        assert_int_equal(said.counter, w->counter);
        assert_int_equal(said.flags, w->flags);
    }
    b.counter++;
    assert_int_equal(bg_response_verify(&b, &pub, hash, &said, &fault), BG_E_MISMATCH);
    assert_int_equal(fault, BG_FF_SIGNATURE);
    b = a;
    b.flags ^= 8;
    assert_int_equal(bg_response_verify(&b, &pub, hash, &said, &fault), BG_E_MISMATCH);
    b = a;
    hash[0] ^= 1;
    assert_int_equal(bg_response_verify(&b, &pub, hash, &said, &fault), BG_E_MISMATCH);
    assert_int_equal(fault, BG_FF_SIGNATURE);
}

static void signatures_of_openssl(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        round_trip(&rows[i], BG_FIDO_ES256, ec_public, rows[i].der);
        round_trip(&rows[i], BG_FIDO_EDDSA, ed_public, rows[i].plain);
    }
}

static void not_to_be_written(void **state)
{
    uint8_t authdata[38] = {0}, sig[BG_FIDO_SIG];
    size_t n = unhex(rows[0].der, sig);
    struct bg_response a;

    (void)state;
    (void)authdata_of(&rows[0], authdata);
    assert_int_equal(bg_response_from_key(BG_FIDO_ES256, authdata, 38, sig, n, &a), BG_E_MISMATCH);
    assert_int_equal(bg_response_from_key(BG_FIDO_ES256, authdata, 36, sig, n, &a), BG_E_MISMATCH);
    assert_int_equal(bg_response_from_key(BG_FIDO_ES256, authdata, 37, sig, n - 1, &a), BG_E_MISMATCH);
    assert_int_equal(bg_response_from_key(BG_FIDO_ES256, authdata, 37, sig, n + 1, &a), BG_E_MISMATCH);
    assert_int_equal(bg_response_from_key(BG_FIDO_EDDSA, authdata, 37, sig, n, &a), BG_E_MISMATCH);
    authdata[32] = 0x85; /* with extensions */
    assert_int_equal(bg_response_from_key(BG_FIDO_ES256, authdata, 37, sig, n, &a), BG_E_MISMATCH);
}

/* Whatever rows are typed, verifying ends: r and s of zero or of all ones too. */
static void senseless(void **state)
{
    struct bg_fido_public pub = {.type = BG_FIDO_ES256};
    uint8_t hash[BG_FIDO_HASH] = {0};
    struct bg_response a = {.flags = 5};
    struct bg_fido_said said;
    enum bg_fido_fault fault;

    (void)state;
    (void)unhex(ec_public, pub.bytes);
    assert_int_equal(bg_response_verify(&a, &pub, hash, &said, &fault), BG_E_MISMATCH);
    memset(a.sig, 0xff, sizeof a.sig);
    assert_int_equal(bg_response_verify(&a, &pub, hash, &said, &fault), BG_E_MISMATCH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page),          cmocka_unit_test(made),
        cmocka_unit_test(long_names),        cmocka_unit_test(whose_host),
        cmocka_unit_test(all_of_it_counts),  cmocka_unit_test(signatures_of_openssl),
        cmocka_unit_test(not_to_be_written), cmocka_unit_test(senseless),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
