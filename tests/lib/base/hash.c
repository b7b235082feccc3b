/* SPDX-License-Identifier: ISC */
/* SHA-256 by the examples of FIPS 180-4 (NIST CSRC, "SHA256.pdf") and of RFC 6234; hex by RFC 4648. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/hash.h"

static void test_sha256(void **state)
{
    static const char two[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    char hex[BG_HASH_HEX + 1], *million = malloc(1000000);
    uint8_t md[BG_HASH];

    (void)state;
    assert_int_equal(bg_sha256_hex("abc", 3, hex), BG_OK);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(bg_sha256_hex(two, sizeof two - 1, hex), BG_OK);
    assert_string_equal(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    assert_int_equal(bg_sha256_hex("", 0, hex), BG_OK);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_non_null(million);
    memset(million, 'a', 1000000);
    assert_int_equal(bg_sha256(million, 1000000, md), BG_OK);
    bg_hex(hex, md, sizeof md);
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(million);
}

/* RFC 4231, test cases 1, 2 and 6: short and long keys. */
/* Twice in a row, cut everywhere: the same as two hashes by themselves. */
static void test_both(void **state)
{
    struct bg_hasher *h = bg_hasher_new();
    uint8_t text[200], first[BG_HASH], all[BG_HASH], want[BG_HASH];

    (void)state;
    assert_non_null(h);
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)(i * 7);
    for (size_t n = 0; n <= sizeof text; n += 40)
        for (size_t cut = 0; cut <= n; cut++) {
            assert_int_equal(bg_sha256_both(h, text, cut, n, first, all), BG_OK);
            assert_int_equal(bg_sha256(text, cut, want), BG_OK);
            assert_memory_equal(first, want, BG_HASH);
            assert_int_equal(bg_sha256(text, n, want), BG_OK);
            assert_memory_equal(all, want, BG_HASH);
        }
    bg_hasher_free(h);
    bg_hasher_free(NULL);
}

static void test_hmac(void **state)
{
    static const struct {
        uint8_t fill; /* the key's bytes, if there is no text */
        size_t n;
        const char *key, *data, *mac;
    } cases[] = {
        {0x0b, 20, NULL, "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {0, 4, "Jefe", "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {0xaa, 131, NULL, "Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    };
    uint8_t key[131], mac[BG_HASH];
    char hex[BG_HASH_HEX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *data = cases[i].data;
        size_t half = strlen(data) / 2;
        struct bg_part parts[] = {{data, half}, {"", 0}, {data + half, strlen(data) - half}};

        memset(key, cases[i].fill, sizeof key);
        if (cases[i].key != NULL)
            memcpy(key, cases[i].key, cases[i].n);
        assert_int_equal(bg_hmac_sha256(key, cases[i].n, parts, 3, mac), BG_OK);
        bg_hex(hex, mac, sizeof mac);
        assert_string_equal(hex, cases[i].mac);
    }
}

static void test_hex(void **state)
{
    static const uint8_t bytes[] = {0x00, 0x0f, 0xf0, 0xa5, 0xff};
    static const char *const bad[] = {"",           "0",          "000ff0a5f",  "000ff0a5fff", "000ff0a5ff00",
                                      "000FF0A5FF", "000ff0a5fg", " 00ff0a5ff", "000ff0a5f\n", "0x0ff0a5ff"};
    uint8_t back[sizeof bytes];
    char text[2 * sizeof bytes + 1];

    (void)state;
    bg_hex(text, bytes, sizeof bytes);
    assert_string_equal(text, "000ff0a5ff");
    assert_true(bg_unhex(text, back, sizeof back));
    assert_memory_equal(back, bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(bg_unhex(bad[i], back, sizeof back));
    assert_true(bg_unhex("", back, 0));
}

/* RFC 5869, appendix A, test cases 1 to 3. */
static void test_hkdf(void **state)
{
    static const struct {
        size_t key_n, salt_n, info_n;
        const char *okm;
    } cases[] = {
        {.key_n = 22,
         .salt_n = 13,
         .info_n = 10,
         .okm = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
        {.key_n = 80,
         .salt_n = 80,
         .info_n = 80,
         .okm = "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e59"
                "0e09"
                "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"},
        {.key_n = 22,
         .okm = "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
    };
    uint8_t key[80], salt[80], info[80], out[82];
    char hex[2 * sizeof out + 1];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t n = strlen(cases[i].okm) / 2;

        for (size_t k = 0; k < sizeof key; k++) {
            key[k] = i == 1 ? (uint8_t)k : 0x0b;
            salt[k] = (uint8_t)(i == 1 ? 0x60 + k : k);
            info[k] = (uint8_t)(i == 1 ? 0xb0 + k : 0xf0 + k);
        }
        assert_int_equal(bg_hkdf_sha256((struct bg_part){key, cases[i].key_n},
                                        (struct bg_part){salt, cases[i].salt_n},
                                        (struct bg_part){info, cases[i].info_n}, out, n),
                         BG_OK);
        bg_hex(hex, out, n);
        assert_string_equal(hex, cases[i].okm);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sha256), cmocka_unit_test(test_both),
                                       cmocka_unit_test(test_hmac), cmocka_unit_test(test_hkdf),
                                       cmocka_unit_test(test_hex)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
