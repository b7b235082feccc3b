/* SPDX-License-Identifier: ISC */
/*
 * What a key's answer proves. The signatures were made by openssl(1): keys by "ecparam -name prime256v1
 * -genkey" and "genpkey -algorithm ed25519"; each row's data is SHA-256(rp id) || flags || 01020304 [||
 * extensions], followed by the 32 bytes 40..5f, signed by "dgst -sha256 -sign" and by "pkeyutl -sign -rawin".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "key/verify.h"

#define RP "breakglass.example"

static const char ec_public[] =
    "63f00482e47dbc43dd06e5364e169f582efa5430bcaa28be2de3b451e85869fb81cccc265d303be4f42a61b30e"
    "a1b84ec15f835ef1162b2d185054bd279206a9";
static const char ed_public[] = "50e4a6f9f77d50c015a7349a74f7e63a447167d602860fbebb5d94f45842be70";

static const struct row {
    const char *name;
    enum bg_fido_type type;
    enum bg_fido_fault plain, required; /* without and with user verification required */
    const char *authdata, *sig;
} rows[] = {
    {"touched-ec", BG_FIDO_ES256, BG_FF_NONE, BG_FF_USER,
     "daa960908cb9cb458318526fb2d2d4fb08a045d20cec58ff7dc845bfecbd00db0101020304",
     "3044022100a7ffb30218bbfa13bb9845b2a58e6f9baef480f6e5931978b9c64ccf2cf9f234021f50bcc5c12506"
     "4ebb13d3fea1d10539a92ba2d988515a9810b9227344b973ec"},
    {"verified-ec", BG_FIDO_ES256, BG_FF_NONE, BG_FF_NONE,
     "daa960908cb9cb458318526fb2d2d4fb08a045d20cec58ff7dc845bfecbd00db0501020304",
     "3046022100f7db5365b9fa9855a5c9f7206094f5c231dd8a928c99a9fe622287938c09af32022100da7aedc123"
     "22d6b3b71c9559a926eeea3818cf68f1bd4a9d663545c8d88eacbe"},
    {"touched-ed", BG_FIDO_EDDSA, BG_FF_NONE, BG_FF_USER,
     "daa960908cb9cb458318526fb2d2d4fb08a045d20cec58ff7dc845bfecbd00db0101020304",
     "e0d267f9489c027c152dcb2b08a34d23680588e4036cd80af9919ea8358d01849311312f4a295d57aab88da438"
     "4d01e10093ac8c4f6824313d6c90eb6f6e7a0d"},
    {"verified-ed", BG_FIDO_EDDSA, BG_FF_NONE, BG_FF_NONE,
     "daa960908cb9cb458318526fb2d2d4fb08a045d20cec58ff7dc845bfecbd00db0501020304",
     "77c76d188979b696492c6a85734f9c589cd52751561f22774cbfea1904ae6d83d1f883a5071a46195794d64750"
     "808c2711624cd07d7fd3cf3dcab2f22e8f770c"},
    {"untouched-ec", BG_FIDO_ES256, BG_FF_PRESENCE, BG_FF_PRESENCE,
     "daa960908cb9cb458318526fb2d2d4fb08a045d20cec58ff7dc845bfecbd00db0401020304",
     "3044022020561a8ba2b400185bfa1367def278c5c0cb2dc581b1e4a82a816f8c53218b6c02201c8a6d83a3e621"
     "ac9b6019670661149ed9023addac9d22b5d935db57b0b23213"},
    {"untouched-ed", BG_FIDO_EDDSA, BG_FF_PRESENCE, BG_FF_PRESENCE,
     "daa960908cb9cb458318526fb2d2d4fb08a045d20cec58ff7dc845bfecbd00db0001020304",
     "e041eca288ed2c956cb43f2de97c35f78c313f0ec23e475a367a03f7ff49704e3016ebf468c32f23b3f6b36a57"
     "ce02080a7ed683b2a7bc2437ba53bef896fc0e"},
    {"foreign-ec", BG_FIDO_ES256, BG_FF_RP, BG_FF_RP,
     "9c180de0cd699ee78897c47cfdb3e7ee1d75906e31b7746a4747dea5369098370501020304",
     "3045022100ca24ca0d2d82153a10cdd69377fb2b0f50935d1ceb9c0f3195f9dbb8e06f4a9d02201cd57a30068b"
     "fd4bec1eaa83a22741cde2994c96c4b9daa50a706e15d6070a4f"},
    {"extension-ed", BG_FIDO_EDDSA, BG_FF_NONE, BG_FF_NONE,
     "daa960908cb9cb458318526fb2d2d4fb08a045d20cec58ff7dc845bfecbd00db8501020304a16b637265645072"
     "6f7465637402",
     "5f21f84cc601d83b7f98fe9f93dc12b679677aef50da10ddfa51ca08e4a9c33b30098af68be8f797f6a372eb85"
     "0c7334b678b41277e7229fad2413aab2b1b307"},
};
#define ROWS (sizeof rows / sizeof rows[0])

static size_t unhex(const char *hex, uint8_t *out, size_t cap)
{
    size_t n = strlen(hex) / 2;

    assert_true(n <= cap);
    for (size_t i = 0; i < n; i++) {
        char two[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        out[i] = (uint8_t)strtoul(two, NULL, 16);
    }
    return n;
}

struct answer {
    struct bg_fido_public pub;
    uint8_t hash[BG_FIDO_HASH], data[BG_FIDO_AUTHDATA], sig[BG_FIDO_SIG];
    size_t data_len, sig_len;
};

static struct answer load(const struct row *row)
{
    struct answer a;

    memset(&a, 0, sizeof a);
    a.pub.type = row->type;
    (void)unhex(row->type == BG_FIDO_ES256 ? ec_public : ed_public, a.pub.bytes, sizeof a.pub.bytes);
    for (size_t i = 0; i < sizeof a.hash; i++)
        a.hash[i] = (uint8_t)(0x40 + i);
    a.data_len = unhex(row->authdata, a.data, sizeof a.data);
    a.sig_len = unhex(row->sig, a.sig, sizeof a.sig);
    return a;
}

static enum bg_err verify(const struct answer *a, bool required, struct bg_fido_said *said,
                          enum bg_fido_fault *fault)
{
    return bg_fido_verify(&a->pub, RP, a->hash, required, a->data, a->data_len, a->sig, a->sig_len, said,
                          fault);
}

static void each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++)
        for (int required = 0; required <= 1; required++) {
            struct answer a = load(&rows[i]);
            struct bg_fido_said said = {.counter = 7};
            enum bg_fido_fault fault, want = required ? rows[i].required : rows[i].plain;
            enum bg_err r = verify(&a, required, &said, &fault);
            if (fault != want || (r == BG_OK) != (want == BG_FF_NONE))
                fail_msg("%s, required %d: error %d, fault %d", rows[i].name, required, r, fault);
            assert_int_equal(said.counter, r == BG_OK ? 0x01020304 : 7);
        }
}

/* Whatever bit of the answer, the challenge or the key is turned: it proves nothing any more. */
static void every_bit_counts(void **state)
{
    struct bg_fido_said said;
    enum bg_fido_fault fault;

    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].plain != BG_FF_NONE)
            continue;
        struct answer a = load(&rows[i]);
        size_t key = bg_fido_public_len(a.pub.type);
        for (size_t bit = 0; bit < 8 * (a.data_len + a.sig_len + BG_FIDO_HASH + key); bit++) {
            struct answer b = a;
            size_t at = bit / 8;
            uint8_t *p = at < a.data_len                    ? b.data + at
                         : (at -= a.data_len) < a.sig_len   ? b.sig + at
                         : (at -= a.sig_len) < BG_FIDO_HASH ? b.hash + at
                                                            : b.pub.bytes + (at - BG_FIDO_HASH);
            *p = (uint8_t)(*p ^ 1u << bit % 8);
            if (verify(&b, false, &said, &fault) == BG_OK)
                fail_msg("%s: bit %zu may be turned", rows[i].name, bit);
        }
    }
}

static void other_key(void **state)
{
    struct answer touched = load(&rows[0]), other = load(&rows[2]);
    struct bg_fido_said said;
    enum bg_fido_fault fault;

    (void)state;
    assert_int_equal(touched.pub.type, BG_FIDO_ES256);
    assert_int_equal(other.pub.type, BG_FIDO_EDDSA);
    touched.pub = other.pub;
    assert_int_equal(verify(&touched, false, &said, &fault), BG_E_MISMATCH);
    assert_int_equal(fault, BG_FF_SIGNATURE);
    memset(&touched.pub, 0, sizeof touched.pub); /* no type at all */
    assert_int_equal(verify(&touched, false, &said, &fault), BG_E_RANGE);
    touched.pub.type = BG_FIDO_ES256; /* no point of the curve */
    assert_int_not_equal(verify(&touched, false, &said, &fault), BG_OK);
}

static void lengths(void **state)
{
    struct bg_fido_said said;
    enum bg_fido_fault fault;

    (void)state;
    for (size_t n = 0; n < 64; n++) {
        struct answer a = load(&rows[0]);
        size_t whole = a.data_len;
        a.data_len = n;
        assert_int_equal(verify(&a, false, &said, &fault) == BG_OK, n == whole);
        a = load(&rows[0]);
        a.sig_len = n;
        assert_int_not_equal(verify(&a, false, &said, &fault), BG_OK);
    }
}

/* A fresh credential by hand, after WebAuthn 6.5.1 and the COSE keys of RFC 9053. */
static size_t make(uint8_t out[BG_FIDO_AUTHDATA], bool ec, uint8_t flags, size_t id_len)
{
    static const char ec_cose[] = "a5010203262001215820", ed_cose[] = "a4010103272006215820";
    size_t n = unhex(rows[0].authdata, out, BG_FIDO_AUTHDATA);

    out[32] = flags;
    for (uint8_t i = 0; i < 16; i++)
        out[n++] = (uint8_t)(0xa0 + i);
    out[n++] = (uint8_t)(id_len >> 8);
    out[n++] = (uint8_t)id_len;
    for (size_t i = 0; i < id_len; i++)
        out[n++] = (uint8_t)i;
    n += unhex(ec ? ec_cose : ed_cose, out + n, BG_FIDO_AUTHDATA - n);
    n += unhex(ec ? ec_public : ed_public, out + n, 64) - (ec ? 32 : 0);
    if (ec) {
        out[n++] = 0x22;
        out[n++] = 0x58;
        out[n++] = 0x20;
        uint8_t xy[64];
        (void)unhex(ec_public, xy, sizeof xy);
        memcpy(out + n, xy + 32, 32);
        n += 32;
    }
    return n;
}

static void fresh_credentials(void **state)
{
    uint8_t data[BG_FIDO_AUTHDATA];
    struct bg_fido_made m;

    (void)state;
    for (int ec = 0; ec <= 1; ec++) {
        size_t n = make(data, ec, BG_FIDO_UP | BG_FIDO_AT, 64);
        struct answer a = load(&rows[ec ? 0 : 2]);
        assert_int_equal(bg_fido_read_made(RP, data, n, &m), BG_OK);
        assert_int_equal(m.id.len, 64);
        assert_int_equal(m.id.bytes[63], 63);
        assert_int_equal(m.aaguid[15], 0xaf);
        assert_int_equal(m.pub.type, a.pub.type);
        assert_memory_equal(m.pub.bytes, a.pub.bytes, bg_fido_public_len(a.pub.type));
        for (size_t cut = 0; cut < n; cut++)
            assert_int_equal(bg_fido_read_made(RP, data, cut, &m), BG_E_SYNTAX);
        assert_int_equal(bg_fido_read_made(RP, data, n + 1, &m), BG_E_SYNTAX);
        assert_int_equal(bg_fido_read_made("other.example", data, n, &m), BG_E_SYNTAX);
        for (size_t i = 0; i < 32; i++) { /* every byte of the relying party's hash counts */
            data[i] ^= 1;
            assert_int_equal(bg_fido_read_made(RP, data, n, &m), BG_E_SYNTAX);
            data[i] ^= 1;
        }
        /* and every byte of the key's kind and algorithm */
        for (size_t i = 37 + 16 + 2 + 64, end = i + 10; i < end; i++) {
            data[i] ^= 1;
            assert_int_equal(bg_fido_read_made(RP, data, n, &m), BG_E_SYNTAX);
            data[i] ^= 1;
        }
        n = make(data, ec, BG_FIDO_UP, 64);
        assert_int_equal(bg_fido_read_made(RP, data, n, &m), BG_E_SYNTAX);
        n = make(data, ec, BG_FIDO_UP | BG_FIDO_AT, 0);
        assert_int_equal(bg_fido_read_made(RP, data, n, &m), BG_E_SYNTAX);
        n = make(data, ec, BG_FIDO_UP | BG_FIDO_AT, BG_FIDO_ID + 1);
        assert_int_equal(bg_fido_read_made(RP, data, n, &m), BG_E_SYNTAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row), cmocka_unit_test(every_bit_counts),  cmocka_unit_test(other_key),
        cmocka_unit_test(lengths),  cmocka_unit_test(fresh_credentials),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
