#include "account_files.h"

#include "account/credential.h"

#define SALT     "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
#define VERIFIER "b9106bfeee27b81184ccf5f6ecb6158ae31266c15a3755c7d68be49fbc394b36"
#define HEAD     "[account]\nenabled = yes\n[shares]\n"

static const char *const keys[][2] = {
    {"set-label", "acid academic"},
    {"id", "12345"},
    {"extendable", "yes"},
    {"exponent", "0"},
    {"groups", "2/3"},
    {"group-threshold", "1"},
    {"bytes", "16"},
    {"salt", SALT},
    {"verifier", VERIFIER},
    {"created", "2026-11-22T12:03:24.123456Z"},
};
#define KEYS (sizeof keys / sizeof keys[0])

/* The sound file with one key's value replaced, or the key left out for NULL. */
static void file_with(char out[1024], const char *key, const char *value)
{
    size_t n = (size_t)snprintf(out, 1024, "%s", HEAD);

    for (size_t i = 0; i < KEYS; i++) {
        const char *v = strcmp(keys[i][0], key) == 0 ? value : keys[i][1];
        if (v != NULL)
            n += (size_t)snprintf(out + n, 1024 - n, "%s = %s\n", keys[i][0], v);
    }
}

static enum bg_err parse_with(const char *key, const char *value, struct bg_credential *c)
{
    char text[1024];
    struct bg_ini_error e;

    file_with(text, key, value);
    return bg_credential_parse(text, c, &e);
}

static void a_sound_file(void **state)
{
    struct bg_credential c;

    (void)state;
    assert_int_equal(parse_with("", NULL, &c), BG_OK);
    assert_true(c.enabled);
    assert_true(c.has_shares);
    assert_string_equal(c.shares.label, "acid academic");
    assert_int_equal(c.shares.id, 12345);
    assert_true(c.shares.extendable);
    assert_int_equal(c.shares.exponent, 0);
    assert_int_equal(c.shares.group_count, 1);
    assert_int_equal(c.shares.group_threshold, 1);
    assert_int_equal(c.shares.group[0].threshold, 2);
    assert_int_equal(c.shares.group[0].count, 3);
    assert_int_equal(c.shares.bytes, 16);
    assert_int_equal(c.shares.salt[0], 0xa0);
    assert_int_equal(c.shares.salt[15], 0xaf);
    assert_int_equal(c.shares.verifier[31], 0x36);
    assert_string_equal(c.shares.created, "2026-11-22T12:03:24.123456Z");
    assert_int_equal(parse_with("groups", "1/1, 2/3,16/16", &c), BG_OK);
    assert_int_equal(c.shares.group_count, 3);
    assert_int_equal(c.shares.group[2].threshold, 16);
}

static void without_shares(void **state)
{
    struct bg_credential c;
    struct bg_ini_error e;

    (void)state;
    assert_int_equal(bg_credential_parse("[account]\nenabled = no\n", &c, &e), BG_OK);
    assert_false(c.enabled);
    assert_false(c.has_shares);
}

static const char *const bad[][2] = {
    {"id", "32768"},
    {"id", "-1"},
    {"id", ""},
    {"extendable", "1"},
    {"exponent", "7"},
    {"groups", "1/2"}, /* SLIP-0039 forbids a threshold of 1 with several members */
    {"groups", "3/2"},
    {"groups", "0/0"},
    {"groups", "0/3"},
    {"groups", "2/17"},
    {"groups", "17/17"},
    {"groups", ""},
    {"groups", "2"},
    {"groups", "2/3,"},
    {"groups", ",2/3"},
    {"groups", "2/3 2/3"},
    {"groups", "2/3/4"},
    {"groups", "2 /3"},
    {"groups", "0002/3"},
    {"groups", "2/3,2/3,2/3,2/3,2/3,2/3,2/3,2/3,2/3,2/3,2/3,2/3,2/3,2/3,2/3,2/3,2/3"},
    {"group-threshold", "0"},
    {"group-threshold", "2"},
    {"group-threshold", "17"},
    {"bytes", "0"},
    {"bytes", "15"},
    {"bytes", "24"},
    {"bytes", "33"},
    {"salt", SALT "00"},
    {"salt", "a0a1a2a3a4a5a6a7a8a9aaabacadae"},
    {"salt", "a0a1a2a3a4a5a6a7a8a9aaabacadaea"},
    {"salt", "A0a1a2a3a4a5a6a7a8a9aaabacadaeaf"},
    {"salt", "g0a1a2a3a4a5a6a7a8a9aaabacadaeaf"},
    {"verifier", SALT},
    {"verifier", VERIFIER "0"},
    {"created", "2026-11-22T12:03:24Z"},
    {"created", "2026-11-22T12:03:24.123456+"},
    {"created", "2026-11-22 12:03:24.123456Z"},
    {"set-label", "acid"},
    {"set-label", "acid academic acne"},
    {"set-label", "acid  academic"},
    {"set-label", "Acid academic"},
    {"set-label", "acidacida academic"},
};

static void bad_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct bg_credential c;
        memset(&c, 0xa5, sizeof c);
        if (parse_with(bad[i][0], bad[i][1], &c) != BG_E_SYNTAX)
            fail_msg("accepted: %s = %s", bad[i][0], bad[i][1]);
        assert_int_equal(((unsigned char *)&c)[0], 0xa5);
    }
}

static void missing_unknown_repeated(void **state)
{
    char text[1100];
    struct bg_credential c;
    struct bg_ini_error e;

    (void)state;
    for (size_t i = 0; i < KEYS; i++)
        assert_int_equal(parse_with(keys[i][0], NULL, &c), BG_E_SYNTAX);
    assert_int_equal(bg_credential_parse("", &c, &e), BG_E_SYNTAX);
    assert_int_equal(bg_credential_parse("[account]\n", &c, &e), BG_E_SYNTAX);
    assert_int_equal(bg_credential_parse("enabled = yes\n", &c, &e), BG_E_SYNTAX);
    assert_int_equal(bg_credential_parse("[account]\nenabled = yes\n[shares]\n", &c, &e), BG_E_SYNTAX);
    assert_int_equal(bg_credential_parse("[account]\nenabled = yes\nuid = 0\n", &c, &e), BG_E_SYNTAX);
    assert_int_equal(bg_credential_parse("[account]\nenabled = yes\n[keys]\n", &c, &e), BG_E_SYNTAX);
    assert_int_equal(bg_credential_parse("[account]\nenabled = yes\nenabled = no\n", &c, &e), BG_E_SYNTAX);
    file_with(text, "", NULL);
    (void)strcat(text, "bytes = 16\n");
    assert_int_equal(bg_credential_parse(text, &c, &e), BG_E_SYNTAX);
    assert_int_equal(e.line, 14);
}

static void saved_and_loaded(void **state)
{
    struct bg_credential c, d;
    struct bg_ini_error e;
    struct stat st;

    (void)state;
    assert_int_equal(parse_with("groups", "2/3,1/1,3/5", &c), BG_OK);
    c.enabled = false;
    c.shares.group_threshold = 3;
    c.shares.bytes = 32;
    c.shares.exponent = 6;
    c.shares.extendable = false;
    c.shares.id = 0x7fff;
    assert_int_equal(bg_credential_load(dir, "file", &d, &e), BG_E_NOENT);
    assert_int_equal(bg_credential_save(dir, "file", &c), BG_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(bg_credential_load(dir, "file", &d, &e), BG_OK);
    assert_memory_equal(&c, &d, sizeof c); /* both began as zeros */
    c.has_shares = false;
    assert_int_equal(bg_credential_save(dir, "file", &c), BG_OK);
    assert_int_equal(bg_credential_load(dir, "file", &d, &e), BG_OK);
    assert_false(d.has_shares);
}

static void what_cannot_be_read_is_not_written(void **state)
{
    struct bg_credential c, d;
    struct bg_ini_error e;

    (void)state;
    assert_int_equal(parse_with("", NULL, &c), BG_OK);
    assert_int_equal(bg_credential_save(dir, "file", &c), BG_OK);
    d = c;
    d.shares.group[0].threshold = 1;
    assert_int_equal(bg_credential_save(dir, "file", &d), BG_E_RANGE);
    d = c;
    d.shares.group_count = 255;
    assert_int_equal(bg_credential_save(dir, "file", &d), BG_E_RANGE);
    d = c;
    memset(d.shares.created, 'x', sizeof d.shares.created);
    memset(d.shares.label, 'x', sizeof d.shares.label);
    assert_int_equal(bg_credential_save(dir, "file", &d), BG_E_RANGE);
    assert_int_equal(bg_credential_save(dir, "../file", &c), BG_E_RANGE);
    assert_int_equal(bg_credential_load(dir, "../file", &d, &e), BG_E_RANGE);
    assert_int_equal(bg_credential_load(dir, "file", &d, &e), BG_OK);
    assert_memory_equal(&c, &d, sizeof c);
}

/*
 * Expected values: printf 'breakglass-v1\0\003bg1\0\0400123456789abcdef0123456789abcdef\0\020\240...\257' |
 * openssl mac -digest SHA256 -macopt hexkey:000102030405060708090a0b0c0d0e0f HMAC
 * and the same bytes through Python's hmac module; so too for the second.
 */
static void the_verifier(void **state)
{
    uint8_t secret[32], salt[BG_SALT_BYTES], got[BG_VERIFIER_BYTES];
    static const uint8_t first[] = {0xb9, 0x10, 0x6b, 0xfe, 0xee, 0x27, 0xb8, 0x11, 0x84, 0xcc, 0xf5,
                                    0xf6, 0xec, 0xb6, 0x15, 0x8a, 0xe3, 0x12, 0x66, 0xc1, 0x5a, 0x37,
                                    0x55, 0xc7, 0xd6, 0x8b, 0xe4, 0x9f, 0xbc, 0x39, 0x4b, 0x36};
    static const uint8_t second[] = {0xbb, 0x68, 0x70, 0x8f, 0x63, 0x11, 0xff, 0xe4, 0x4a, 0x42, 0x98,
                                     0xac, 0x71, 0xf2, 0xfa, 0xf0, 0xf4, 0xd1, 0xde, 0x63, 0x1f, 0xa4,
                                     0xa4, 0xac, 0x79, 0x97, 0x93, 0x46, 0xba, 0x8c, 0x3e, 0x77};

    (void)state;
    for (size_t i = 0; i < sizeof salt; i++)
        salt[i] = (uint8_t)(0xa0 + i);
    for (size_t i = 0; i < 16; i++)
        secret[i] = (uint8_t)i;
    assert_int_equal(bg_verifier_make(secret, 16, "bg1", "0123456789abcdef0123456789abcdef", salt, got),
                     BG_OK);
    assert_memory_equal(got, first, sizeof first);
    for (size_t i = 0; i < 32; i++)
        secret[i] = (uint8_t)(0xff - i);
    assert_int_equal(bg_verifier_make(secret, 32, "_e-2", "vm7.example.org", salt, got), BG_OK);
    assert_memory_equal(got, second, sizeof second);
}

static void the_verifier_refuses(void **state)
{
    static char long_host[400];
    uint8_t secret[65] = {0}, salt[BG_SALT_BYTES] = {0}, got[BG_VERIFIER_BYTES];

    (void)state;
    memset(long_host, 'h', sizeof long_host - 1);
    assert_int_equal(bg_verifier_make(secret, 0, "bg1", "h", salt, got), BG_E_RANGE);
    assert_int_equal(bg_verifier_make(secret, 65, "bg1", "h", salt, got), BG_E_RANGE);
    assert_int_equal(bg_verifier_make(secret, 16, "", "h", salt, got), BG_E_RANGE);
    assert_int_equal(bg_verifier_make(secret, 16, "bg1", "", salt, got), BG_E_RANGE);
    assert_int_equal(bg_verifier_make(secret, 16, "bg1", long_host, salt, got), BG_E_RANGE);
}

static void the_host(void **state)
{
    char id[256], again[256], file[64] = "";
    FILE *f = fopen("/etc/machine-id", "r");

    (void)state;
    assert_int_equal(bg_host_id(id, sizeof id), BG_OK);
    assert_int_equal(bg_host_id(again, sizeof again), BG_OK);
    assert_string_equal(id, again);
    assert_int_equal(bg_host_id(again, strlen(id)), BG_E_RANGE);
    if (f != NULL && fgets(file, sizeof file, f) != NULL && strlen(file) == 33)
        assert_memory_equal(id, file, 32);
    if (f != NULL)
        (void)fclose(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_file),     cmocka_unit_test(without_shares),
        cmocka_unit_test(bad_values),       cmocka_unit_test(missing_unknown_repeated),
        cmocka_unit_test(saved_and_loaded), cmocka_unit_test(what_cannot_be_read_is_not_written),
        cmocka_unit_test(the_verifier),     cmocka_unit_test(the_verifier_refuses),
        cmocka_unit_test(the_host),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
