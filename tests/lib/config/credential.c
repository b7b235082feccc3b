/* SPDX-License-Identifier: ISC */
#include "../testfiles.h"

#include "config/ways.h"
#include "../key/ssh_vectors.h"

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

/* What was read, to be freed after each test: copies by = have the same lists. */
static void *list[512];
static size_t lists;

static enum bg_err keep(enum bg_err r, const struct bg_credential *c)
{
    if (r == BG_OK) {
        assert_true(lists + 2 <= sizeof list / sizeof list[0]);
        list[lists++] = c->key;
        list[lists++] = c->ssh;
    }
    return r;
}

static int free_lists(void **state)
{
    (void)state;
    while (lists > 0)
        free(list[--lists]);
    return 0;
}

static enum bg_err parse(const char *text, struct bg_credential *c, struct bg_ini_error *e)
{
    return keep(bg_credential_parse(text, c, e), c);
}

static enum bg_err load(const char *in, const char *account, struct bg_credential *c, struct bg_ini_error *e)
{
    return keep(bg_credential_load(in, account, c, e), c);
}

/* Byte for byte: what was read began as zeros. */
static void assert_same(const struct bg_credential *a, const struct bg_credential *b)
{
    struct bg_credential one = *a, two = *b;

    one.key = two.key = NULL;
    one.ssh = two.ssh = NULL;
    assert_memory_equal(&one, &two, sizeof one);
    for (size_t i = 0; i < a->key_count; i++)
        assert_memory_equal(&a->key[i], &b->key[i], sizeof a->key[i]);
    for (size_t i = 0; i < a->ssh_count; i++)
        assert_memory_equal(&a->ssh[i], &b->ssh[i], sizeof a->ssh[i]);
}

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
    return parse(text, c, &e);
}

static void a_sound_file(void **state)
{
    struct bg_credential c;

    (void)state;
    assert_int_equal(parse_with("", NULL, &c), BG_OK);
    assert_true(c.enabled);
    assert_true(c.has_shares);
    assert_string_equal(c.shares.words, "acid academic");
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

#define CARDS                                                                                                \
    "[card 1-2]\ncustodian = J\u00f6rg M\u00fcller\nenvelope = 17\nseal = A 9\n"                             \
    "check = 00112233445566778899aabbccddeeff\ninspected = 2026-11-22T12:03:24.123456Z\n[card 1-3]\n"
#define OLD                                                                                                  \
    "[rotated 7]\nlabel = AMBER 41\nextendable = no\nexponent = 1\ncreated = 2025-11-22T12:03:24.123456Z\n"  \
    "replaced = 2026-11-22T12:03:24.123456Z\n"

static enum bg_err parse_more(const char *more, struct bg_credential *c, struct bg_ini_error *e)
{
    char text[2048];

    file_with(text, "", NULL);
    (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s", more);
    return parse(text, c, e);
}

static void custody_of_cards(void **state)
{
    struct bg_credential c;
    struct bg_ini_error e;

    (void)state;
    assert_int_equal(parse_with("", NULL, &c), BG_OK);
    assert_string_equal(c.shares.label, "");
    assert_int_equal(c.shares.cards + c.shares.olds, 0);
    assert_int_equal(parse_more("label = AMBER 42\ngroup-names = ops\n" CARDS OLD, &c, &e), BG_OK);
    assert_string_equal(c.shares.label, "AMBER 42");
    assert_string_equal(c.shares.group_name[0], "ops");
    assert_int_equal(c.shares.cards, 2);
    assert_string_equal(c.shares.card[0].place, "1-2");
    assert_string_equal(c.shares.card[0].custodian, "J\u00f6rg M\u00fcller");
    assert_string_equal(c.shares.card[0].envelope, "17");
    assert_string_equal(c.shares.card[0].seal, "A 9");
    assert_string_equal(c.shares.card[0].inspected, "2026-11-22T12:03:24.123456Z");
    assert_int_equal(c.shares.card[0].check[15], 0xff);
    assert_int_equal(c.shares.card[1].check[15], 0);
    assert_int_equal(c.shares.olds, 1);
    assert_string_equal(c.shares.old[0].label, "AMBER 41");
    assert_int_equal(c.shares.old[0].exponent, 1);
    assert_int_equal(parse("[account]\nenabled = yes\n" OLD, &c, &e), BG_OK); /* without a set */
    assert_int_equal(c.shares.olds, 1);
}

static void custody_faults(void **state)
{
    static const char *const more[] = {
        "label = a:b\n",
        "label = 012345678901234567890123456789012\n",
        "group-names = ops,board\n",
        "group-names = ops,\n",
        "[card 1-4]\n",
        "[card 2-1]\n",
        "[card 1-0]\n",
        "[card 1]\n",
        "[card 01-1]\n",
        "[card 1-2-0]\n",
        "[card a-b]\n",
        "[card 1-2]\n[card 1-2]\n",
        "[card 1-2]\ncustodian = a,b\n",
        "[card 1-2]\ncheck = 0011\n",
        "[card 1-2]\ninspected = yesterday\n",
        ("[rotated 32768]\nextendable = no\nexponent = 1\ncreated = 2025-11-22T12:03:24.123456Z\n"
         "replaced = 2026-11-22T12:03:24.123456Z\n"),
        "[rotated 7]\nextendable = no\nexponent = 1\ncreated = 2025-11-22T12:03:24.123456Z\n",
    };
    struct bg_credential c;
    struct bg_ini_error e;

    (void)state;
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++)
        if (parse_more(more[i], &c, &e) != BG_E_SYNTAX)
            fail_msg("taken: %s", more[i]);
    assert_int_equal(parse("[account]\nenabled = yes\n" CARDS, &c, &e), BG_E_SYNTAX);
}

static void custody_is_kept(void **state)
{
    struct bg_credential c, d;
    struct bg_ini_error e;

    (void)state;
    assert_int_equal(parse_more("label = AMBER 42\ngroup-names = ops\n" CARDS OLD, &c, &e), BG_OK);
    assert_int_equal(bg_credential_save(dir, "file", &c), BG_OK);
    assert_int_equal(load(dir, "file", &d, &e), BG_OK);
    assert_same(&c, &d);
}

static void without_shares(void **state)
{
    struct bg_credential c;
    struct bg_ini_error e;

    (void)state;
    assert_int_equal(parse("[account]\nenabled = no\n", &c, &e), BG_OK);
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
    assert_int_equal(parse("", &c, &e), BG_E_SYNTAX);
    assert_int_equal(parse("[account]\n", &c, &e), BG_E_SYNTAX);
    assert_int_equal(parse("enabled = yes\n", &c, &e), BG_E_SYNTAX);
    assert_int_equal(parse("[account]\nenabled = yes\n[shares]\n", &c, &e), BG_E_SYNTAX);
    assert_int_equal(parse("[account]\nenabled = yes\nuid = 0\n", &c, &e), BG_E_SYNTAX);
    assert_int_equal(parse("[account]\nenabled = yes\n[keys]\n", &c, &e), BG_E_SYNTAX);
    assert_int_equal(parse("[account]\nenabled = yes\nenabled = no\n", &c, &e), BG_E_SYNTAX);
    file_with(text, "", NULL);
    (void)strcat(text, "bytes = 16\n");
    assert_int_equal(parse(text, &c, &e), BG_E_SYNTAX);
    assert_int_equal(e.line, 14);
}

#define KEY_ID     "00112233445566778899aabbccddeeff"
#define KEY_32     "50e4a6f9f77d50c015a7349a74f7e63a447167d602860fbebb5d94f45842be70"
#define KEY_AAGUID "2fc0579f811347eab116bb5a8db9202a"

static const char *const key_pairs[][2] = {
    {"type", "eddsa"},      {"id", KEY_ID},
    {"public-key", KEY_32}, {"rp-id", "breakglass.0123"},
    {"aaguid", KEY_AAGUID}, {"firmware", "328707"},
    {"uv", "required"},     {"created", "2026-11-22T12:03:24.123456Z"},
};
#define KEY_PAIRS (sizeof key_pairs / sizeof key_pairs[0])

/* A section with one pair's value replaced, or the pair left out for NULL. */
static size_t key_section(char *out, size_t cap, const char *label, const char *pair, const char *value)
{
    size_t n = (size_t)snprintf(out, cap, "[key %s]\n", label);

    for (size_t i = 0; i < KEY_PAIRS; i++) {
        const char *v = strcmp(key_pairs[i][0], pair) == 0 ? value : key_pairs[i][1];
        if (v != NULL)
            n += (size_t)snprintf(out + n, cap - n, "%s = %s\n", key_pairs[i][0], v);
    }
    return n;
}

static enum bg_err parse_key(const char *label, const char *pair, const char *value, struct bg_credential *c)
{
    char text[4096] = "[account]\nenabled = yes\nrequire = key\n";
    struct bg_ini_error e;
    size_t n = strlen(text);

    (void)key_section(text + n, sizeof text - n, label, pair, value);
    return parse(text, c, &e);
}

static void keys_of_an_account(void **state)
{
    struct bg_credential c;

    (void)state;
    assert_int_equal(parse_key("blue", "", NULL, &c), BG_OK);
    assert_int_equal(c.require, BG_REQUIRE_KEY);
    assert_int_equal(c.key_count, 1);
    assert_string_equal(c.key[0].label, "blue");
    assert_int_equal(c.key[0].pub.type, BG_FIDO_EDDSA);
    assert_int_equal(c.key[0].pub.bytes[31], 0x70);
    assert_int_equal(c.key[0].id.len, 16);
    assert_int_equal(c.key[0].id.bytes[15], 0xff);
    assert_string_equal(c.key[0].rp, "breakglass.0123");
    assert_int_equal(c.key[0].firmware, 328707);
    assert_int_equal(c.key[0].uv, BG_UV_REQUIRED);
    assert_int_equal(parse_key("blue", "public-key", KEY_32 KEY_32, &c), BG_E_SYNTAX); /* not of its type */
}

/* n keys, each with an id of its own; one section is 9 lines. */
static char many[BG_KEYS_MAX * 512];

static size_t many_keys(size_t n)
{
    size_t len = (size_t)snprintf(many, sizeof many, "[account]\nenabled = yes\n");
    char label[8], id[16];

    for (size_t i = 0; i < n; i++) {
        (void)snprintf(label, sizeof label, "k%zu", i);
        (void)snprintf(id, sizeof id, "%04zx", i);
        len += key_section(many + len, sizeof many - len, label, "id", id);
    }
    return len;
}

static void as_many_keys_as_there_may_be(void **state)
{
    struct bg_credential c, d;
    struct bg_ini_error e;

    (void)state;
    (void)many_keys(BG_KEYS_MAX);
    assert_int_equal(parse(many, &c, &e), BG_OK);
    assert_int_equal(c.key_count, BG_KEYS_MAX);
    assert_string_equal(c.key[BG_KEYS_MAX - 1].label, "k511");
    assert_int_equal(bg_credential_save(dir, "file", &c), BG_OK);
    assert_int_equal(load(dir, "file", &d, &e), BG_OK);
    assert_same(&c, &d);
    (void)many_keys(BG_KEYS_MAX + 1);
    assert_int_equal(parse(many, &c, &e), BG_E_SYNTAX);
    assert_int_equal(e.line, 3 + 9 * BG_KEYS_MAX);
    assert_string_equal(e.text, "more than 512 sections [key ...]");
}

/* The line that is at fault is named, however far down it stands. */
static void a_fault_in_the_last_of_many(void **state)
{
    static const struct {
        const char *pair, *value, *why;
        unsigned line; /* of the section */
    } rows[] = {
        {"uv", "maybe", "[key last] uv must be required, preferred or no", 7},
        {"id", NULL, "[key last] lacks the key id", 0},
        {"id", "01fe", "[key last] lacks an id of its own", 0},
    };
    struct bg_credential c;
    struct bg_ini_error e;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t n = many_keys(BG_KEYS_MAX - 1);
        (void)key_section(many + n, sizeof many - n, "last", rows[i].pair, rows[i].value);
        assert_int_equal(parse(many, &c, &e), BG_E_SYNTAX);
        assert_string_equal(e.text, rows[i].why);
        assert_int_equal(e.line, 3 + 9 * (BG_KEYS_MAX - 1) + rows[i].line);
    }
}

/* The lists grow and shrink; what is beyond the bound is refused, and nothing is changed. */
static void lists_of_keys(void **state)
{
    struct bg_credential c = {.enabled = true};
    struct bg_key k = {.label = ""};
    struct bg_ssh_key s = {.label = ""};

    (void)state;
    for (size_t i = 0; i <= BG_KEYS_MAX; i++) {
        k.firmware = (uint32_t)i;
        assert_int_equal(bg_credential_add(&c, &k), i < BG_KEYS_MAX ? BG_OK : BG_E_RANGE);
    }
    for (size_t i = 0; i <= BG_SSH_KEYS_MAX; i++) {
        s.blob.len = (uint16_t)i;
        assert_int_equal(bg_credential_add_ssh(&c, &s), i < BG_SSH_KEYS_MAX ? BG_OK : BG_E_RANGE);
    }
    assert_int_equal(c.key_count, BG_KEYS_MAX);
    assert_int_equal(c.ssh_count, BG_SSH_KEYS_MAX);
    bg_credential_drop(&c, BG_KEYS_MAX - 1);
    bg_credential_drop(&c, 0);
    bg_credential_drop_ssh(&c, BG_SSH_KEYS_MAX - 1);
    bg_credential_drop_ssh(&c, 1);
    assert_int_equal(c.key_count, BG_KEYS_MAX - 2);
    assert_int_equal(c.ssh_count, BG_SSH_KEYS_MAX - 2);
    assert_int_equal(c.key[0].firmware, 1);
    assert_int_equal(c.key[BG_KEYS_MAX - 3].firmware, BG_KEYS_MAX - 2);
    assert_int_equal(c.ssh[0].blob.len, 0);
    assert_int_equal(c.ssh[1].blob.len, 2);
    bg_credential_free(&c);
    assert_true(c.key == NULL && c.ssh == NULL && c.key_count == 0 && c.ssh_count == 0);
    bg_credential_free(&c);
}

/* A key that answers from far away: another relying party, and always with its PIN; of all that or of
 * nothing. */
static void keys_for_text(void **state)
{
    static const struct {
        const char *use, *rp, *uv;
        enum bg_err r;
    } rows[] = {
        {"text", "breakglass:text", "required", BG_OK},
        {"console", "breakglass.0123", "no", BG_OK},
        {"text", "breakglass.0123", "required", BG_E_SYNTAX},
        {"console", "breakglass:text", "required", BG_E_SYNTAX},
        {"text", "breakglass:text", "no", BG_E_SYNTAX},
        {"text", "breakglass:text", "preferred", BG_E_SYNTAX},
        {"text", "breakglass:other", "required", BG_E_SYNTAX},
        {"ssh", "breakglass.0123", "required", BG_E_SYNTAX},
    };
    struct bg_credential c;
    struct bg_ini_error e;
    char text[1024];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)snprintf(text, sizeof text,
                       "[account]\nenabled = yes\n[key blue]\ntype = eddsa\nid = 00\npublic-key = " KEY_32
                       "\naaguid = " KEY_AAGUID "\nfirmware = 0\ncreated = 2026-11-22T12:03:24.123456Z\n"
                       "use = %s\nrp-id = %s\nuv = %s\n",
                       rows[i].use, rows[i].rp, rows[i].uv);
        assert_int_equal(parse(text, &c, &e), rows[i].r);
    }
    assert_int_equal(parse_key("blue", "", NULL, &c), BG_OK);
    assert_int_equal(c.key[0].use, BG_USE_CONSOLE); /* files of older versions */
}

static void the_longest_keys_are_saved(void **state)
{
    struct bg_credential c, d;
    struct bg_ini_error e;

    (void)state;
    assert_int_equal(parse_with("", NULL, &c), BG_OK);
    c.require = BG_REQUIRE_BOTH;
    for (size_t i = 0; i < BG_KEYS_MAX; i++) {
        struct bg_key one = {.label = ""}, *k = &one;
        (void)snprintf(k->label, sizeof k->label, "%031zu", i);
        k->pub.type = BG_FIDO_RS256;
        k->pub.len = 256;
        memset(k->pub.bytes, 0xee, sizeof k->pub.bytes);
        k->id.len = BG_FIDO_ID;
        k->id.bytes[0] = (uint8_t)i;
        k->id.bytes[BG_FIDO_ID - 1] = (uint8_t)(i >> 8);
        memset(k->from, ' ', BG_FROM_MAX - 1);
        memcpy(k->from, "local", 5);
        memcpy(k->from + BG_FROM_MAX - 8, "console", 7);
        memset(k->rp, 'r', BG_FIDO_RP - 1);
        memset(k->host, 'a', BG_HOST_PRINT);
        k->firmware = UINT32_MAX;
        k->uv = BG_UV_PREFERRED;
        memcpy(k->created, c.shares.created, sizeof k->created);
        memset(k->custodian, 'c', BG_CUSTODIAN_MAX - 1);
        (void)snprintf(k->transports, sizeof k->transports, "%s", BG_KEY_TRANSPORTS);
        k->attestation = BG_KEY_ATT_TRUSTED;
        memset(k->attestation_key, 'a', BG_ATT_KEY);
        k->suspended = true;
        assert_int_equal(bg_credential_add(&c, k), BG_OK);
    }
    assert_int_equal(bg_credential_save(dir, "file", &c), BG_OK);
    assert_int_equal(load(dir, "file", &d, &e), BG_OK);
    assert_same(&c, &d);
    memcpy(&c.key[1].id, &c.key[0].id, sizeof c.key[0].id); /* one credential under two labels */
    assert_int_equal(bg_credential_save(dir, "file", &c), BG_E_RANGE);
    bg_credential_free(&c);
}

static const char *const bad_keys[][2] = {
    {"type", "rsa"},
    {"type", ""},
    {"id", ""},
    {"id", "0"},
    {"id", "0G"},
    {"id", "AA"},
    {"public-key", KEY_ID},
    {"public-key", ""},
    {"rp-id", ""},
    {"rp-id", "a b"},
    {"rp-id", "a/b"},
    {"aaguid", KEY_32},
    {"aaguid", ""},
    {"firmware", "-1"},
    {"firmware", ""},
    {"firmware", "4294967296"},
    {"firmware", "0x10"},
    {"uv", "yes"},
    {"uv", ""},
    {"created", "2026"},
};

static void bad_key_sections(void **state)
{
    static const char *const labels[] = {"",    "Blue", "a b",
                                         "a/b", "a_b",  "abcdefghijklmnopqrstuvwxyz0123456"};
    struct bg_credential c;
    struct bg_ini_error e;
    char text[4096] = "[account]\nenabled = yes\n";
    size_t n = strlen(text);

    (void)state;
    for (size_t i = 0; i < sizeof bad_keys / sizeof bad_keys[0]; i++)
        if (parse_key("blue", bad_keys[i][0], bad_keys[i][1], &c) != BG_E_SYNTAX)
            fail_msg("accepted: %s = %s", bad_keys[i][0], bad_keys[i][1]);
    for (size_t i = 0; i < KEY_PAIRS; i++)
        assert_int_equal(parse_key("blue", key_pairs[i][0], NULL, &c), BG_E_SYNTAX);
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++)
        assert_int_equal(parse_key(labels[i], "", NULL, &c), BG_E_SYNTAX);
    n += key_section(text + n, sizeof text - n, "blue", "", NULL);
    (void)key_section(text + n, sizeof text - n, "blue", "id", "00");
    assert_int_equal(parse(text, &c, &e), BG_E_SYNTAX); /* the label twice */
    assert_int_equal(parse("[account]\nenabled = yes\nrequire = both\n", &c, &e), BG_E_SYNTAX);
    assert_int_equal(parse("[account]\nenabled = yes\n[key]\n", &c, &e), BG_E_SYNTAX);
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
    assert_int_equal(load(dir, "file", &d, &e), BG_E_NOENT);
    assert_int_equal(bg_credential_save(dir, "file", &c), BG_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(load(dir, "file", &d, &e), BG_OK);
    assert_same(&c, &d); /* both began as zeros */
    c.has_shares = false;
    assert_int_equal(bg_credential_save(dir, "file", &c), BG_OK);
    assert_int_equal(load(dir, "file", &d, &e), BG_OK);
    assert_false(d.has_shares);
}

/* Only what was set: a new option with its default changes no file, and no hash over one. */
static void defaults_are_not_written(void **state)
{
    const struct bg_credential c = {.enabled = true};
    char *text = NULL;
    size_t n = 0;

    (void)state;
    assert_int_equal(bg_credential_text(&c, &text, &n), BG_OK);
    assert_int_equal(n, strlen(text));
    assert_string_equal(strchr(text, '\n'), "\n[account]\nenabled = yes\n");
    free(text);
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
    memset(d.shares.words, 'x', sizeof d.shares.words);
    assert_int_equal(bg_credential_save(dir, "file", &d), BG_E_RANGE);
    assert_int_equal(bg_credential_save(dir, "../file", &c), BG_E_RANGE);
    assert_int_equal(load(dir, "../file", &d, &e), BG_E_RANGE);
    assert_int_equal(load(dir, "file", &d, &e), BG_OK);
    assert_same(&c, &d);
}

/* The host that made it: of both kinds, optional, kept. */
static void the_host(void **state)
{
    struct bg_credential c, again;
    struct bg_ini_error e;
    char text_of_host[1200];

    (void)state;
    assert_int_equal(parse_with("", NULL, &c), BG_OK);
    assert_string_equal(c.shares.host, "");
    file_with(text_of_host, "", NULL);
    strcat(text_of_host, "host = 0123456789abcdef0123456789abcdef\n");
    assert_int_equal(parse(text_of_host, &c, &e), BG_OK);
    assert_string_equal(c.shares.host, "0123456789abcdef0123456789abcdef");
    assert_int_equal(bg_credential_save(dir, "file", &c), BG_OK);
    assert_int_equal(load(dir, "file", &again, &e), BG_OK);
    assert_string_equal(again.shares.host, c.shares.host);
    text_of_host[strlen(text_of_host) - 2] = '\0';
    assert_int_equal(parse(text_of_host, &c, &e), BG_E_SYNTAX);
}

#define YESCRYPT "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$tnSYvahCwPBHKZUspmcxMfb0.WiB9W.zEaKlOBL35rC" /* crypt(5) */

/* "k" key, "s" shares, "p" password, a letter for each that may be shown; "+" before a second step; "-"
 * nothing. */
static void assert_ways(const struct bg_credential *c, enum bg_source s, const char *rhost,
                        const char *expected)
{
    static const char letters[] = "ksp"; /* in the order of the bits */
    const struct bg_place p = {.source = s, .rhost = rhost, .key_here = s == BG_SOURCE_CONSOLE};
    struct bg_ways w = {0};
    char seen[16] = "";
    size_t n = 0;

    if (!bg_credential_ways(c, &p, &w))
        seen[n++] = '-';
    for (unsigned step = 0; step < w.steps; step++) {
        if (step > 0)
            seen[n++] = '+';
        for (size_t i = 0; letters[i] != '\0'; i++)
            if ((w.kinds[step] >> i & 1) != 0)
                seen[n++] = letters[i];
    }
    assert_string_equal(seen, expected);
}

#define SSH_BLUE "[account]\nenabled = yes\n[ssh-key blue]\ncreated = 2026-11-22T12:03:24.123456Z\n"

static void ssh_keys(void **state)
{
    struct bg_credential c, again;
    struct bg_ini_error e;

    (void)state;
    assert_int_equal(parse(SSH_BLUE "blob = " ED "\n[ssh-key two]\nblob = " EC
                                    "\nhost = 0123456789abcdef0123456789abcdef\n"
                                    "from = 10.2.0.0/16\n"
                                    "custodian = J\303\266rg\nsuspended = yes\n"
                                    "created = 2026-11-22T12:03:24.123456Z\n",
                           &c, &e),
                     BG_OK);
    assert_int_equal(c.ssh_count, 2);
    assert_string_equal(c.ssh[0].label, "blue");
    assert_string_equal(c.ssh[1].custodian, "J\303\266rg");
    assert_true(c.ssh[1].suspended && !c.ssh[0].suspended && c.ssh[0].custodian[0] == '\0');
    assert_string_equal(bg_ssh_kind(&c.ssh[1].blob), BG_SSH_ECDSA);
    assert_int_equal(bg_credential_ssh(&c, &c.ssh[1].blob), 1);
    assert_int_equal(bg_credential_save(dir, "file", &c), BG_OK);
    assert_int_equal(load(dir, "file", &again, &e), BG_OK);
    assert_same(&c, &again);
    c.ssh_count = 1;
    assert_int_equal(bg_credential_ssh(&c, &again.ssh[1].blob), 1);
    assert_true(bg_credential_opens(&c));
    c.ssh[0].suspended = true;
    assert_false(bg_credential_opens(&c));
    c.ssh[0].suspended = false;
    c.require = BG_REQUIRE_SHARES;
    assert_false(bg_credential_opens(&c));
}

static void bad_ssh_keys(void **state)
{
    static const char *const files[][2] = {
        {SSH_BLUE, "[ssh-key blue] lacks the key blob"},
        {SSH_BLUE "blob = " PLAIN "\n", "[ssh-key blue] blob must be base64 of an " BG_SSH_ED25519},
        {SSH_BLUE "blob = " CERT "\n", "[ssh-key blue] blob must be base64 of an " BG_SSH_ED25519},
        {SSH_BLUE "blob = " BG_SSH_ED25519 " " ED "\n", "[ssh-key blue] blob must be base64"},
        {SSH_BLUE "blob = " ED "\n[ssh-key two]\nblob = " ED "\ncreated = 2026-11-22T12:03:24.123456Z\n",
         "[ssh-key two] lacks a blob of its own"},
        {SSH_BLUE "blob = " ED "\n[key blue]\ntype = eddsa\nid = 00\nrp-id = x\nfirmware = 1\nuv = no\n"
                  "public-key = 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n"
                  "aaguid = 00112233445566778899aabbccddeeff\ncreated = 2026-11-22T12:03:24.123456Z\n",
         "[ssh-key blue] lacks a label of its own"},
    };
    struct bg_credential c;
    struct bg_ini_error e;

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        assert_int_equal(parse(files[i][0], &c, &e), BG_E_SYNTAX);
        if (strstr(e.text, files[i][1]) != e.text)
            fail_msg("%zu: %s", i, e.text);
    }
}

/* breakglass-credentials(5): what opens is what is enrolled, as far as require lets it. */
static void what_can_open(void **state)
{
    static const struct {
        enum bg_require require;
        uint8_t keys;
        bool shares, password;
        const char *ways;
    } rows[] = {
        {BG_REQUIRE_ANY, 0, false, false, "-"},
        {BG_REQUIRE_ANY, 1, false, false, "k"},
        {BG_REQUIRE_ANY, 0, true, false, "s"},
        {BG_REQUIRE_ANY, 0, false, true, "p"},
        {BG_REQUIRE_ANY, 2, true, true, "ksp"},
        {BG_REQUIRE_KEY, 1, true, true, "k"},
        {BG_REQUIRE_KEY, 0, true, true, "-"},
        {BG_REQUIRE_SHARES, 1, true, true, "s"},
        {BG_REQUIRE_SHARES, 1, false, true, "-"},
        {BG_REQUIRE_PASSWORD, 1, true, true, "p"},
        {BG_REQUIRE_PASSWORD, 1, true, false, "-"},
        {BG_REQUIRE_BOTH, 1, true, true, "k+s"},
        {BG_REQUIRE_BOTH, 1, false, true, "-"},
        {BG_REQUIRE_BOTH, 0, true, true, "-"},
        {BG_REQUIRE_TWO_KEYS, 2, false, false, "k+k"},
        {BG_REQUIRE_TWO_KEYS, 1, true, true, "-"},
        {BG_REQUIRE_KEY_PASSWORD, 1, true, true, "k+p"},
        {BG_REQUIRE_KEY_PASSWORD, 1, true, false, "-"},
        {BG_REQUIRE_KEY_PASSWORD, 0, true, true, "-"},
        {BG_REQUIRE_SHARES_PASSWORD, 1, true, true, "s+p"},
        {BG_REQUIRE_SHARES_PASSWORD, 1, true, false, "-"},
        {BG_REQUIRE_SHARES_PASSWORD, 1, false, true, "-"},
    };

    struct bg_key two[2] = {{.label = "a"}, {.label = "b"}};

    (void)state;
    if (!BG_WITH_PASSWORD)
        skip();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bg_credential c = {.enabled = true,
                                  .require = rows[i].require,
                                  .key_count = rows[i].keys,
                                  .key = two,
                                  .has_shares = rows[i].shares,
                                  .has_password = rows[i].password};
        bool opens = rows[i].ways[0] != '-';

        (void)strcpy(c.password.hash, YESCRYPT);
        assert_ways(&c, BG_SOURCE_CONSOLE, "", rows[i].ways);
        assert_int_equal(bg_credential_opens(&c), opens);
        c.enabled = false;
        assert_false(bg_credential_opens(&c));
        assert_int_equal(bg_credential_suffices(&c), opens);
    }
}

/* Two keys, cards and a password, with the lines of [account] and of each of them. */
static struct bg_credential limited(const char *lines, const char *key, const char *shares,
                                    const char *password)
{
    struct bg_credential c;
    struct bg_ini_error e;
    char text[4096];
    size_t n = (size_t)snprintf(text, sizeof text, "[account]\nenabled = yes\n%s", lines);

    n += key_section(text + n, sizeof text - n, "k1", "", NULL);
    n += (size_t)snprintf(text + n, sizeof text - n, "%s", key);
    n += key_section(text + n, sizeof text - n, "k2", "id", "0a0b");
    n += (size_t)snprintf(text + n, sizeof text - n, "[shares]\n%s", shares);
    for (size_t i = 0; i < KEYS; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s = %s\n", keys[i][0], keys[i][1]);
    n += (size_t)snprintf(text + n, sizeof text - n,
                          "[password]\nparts = 2\nhash = " YESCRYPT "\ncreated = %s\n%s", keys[KEYS - 1][1],
                          password);
    assert_true(n < sizeof text);
    if (parse(text, &c, &e) != BG_OK)
        fail_msg("line %u: %s", e.line, e.text);
    return c;
}

static void where_it_can_open(void **state)
{
    struct bg_credential c = limited("", "", "", "");

    (void)state;
    if (!BG_WITH_PASSWORD)
        skip();
    assert_ways(&c, BG_SOURCE_CONSOLE, "", "ksp");
    assert_ways(&c, BG_SOURCE_LOCAL, "", "sp");
    assert_ways(&c, BG_SOURCE_NETWORK, "10.0.0.1", "sp");
    c = limited("from = console\n", "", "", ""); /* a panic room is one line */
    assert_ways(&c, BG_SOURCE_CONSOLE, "", "ksp");
    assert_ways(&c, BG_SOURCE_LOCAL, "", "-");
    assert_ways(&c, BG_SOURCE_NETWORK, "10.0.0.1", "-");
    assert_ways(&c, BG_SOURCE_NETWORK, "", "-");
    c = limited("", "from = network\n", "from = network\n", "from = 10.0.0.0/8 console\n");
    assert_ways(&c, BG_SOURCE_CONSOLE, "", "kp"); /* k2 is good everywhere */
    assert_ways(&c, BG_SOURCE_LOCAL, "", "-");
    assert_ways(&c, BG_SOURCE_NETWORK, "10.0.0.1", "sp");
    assert_ways(&c, BG_SOURCE_NETWORK, "192.0.2.1", "s");
    assert_ways(&c, BG_SOURCE_NETWORK, "name", "s");
    c = limited("require = two-keys\nrequire-network = shares+password\nrequire-local = password\n", "", "",
                "");
    assert_ways(&c, BG_SOURCE_CONSOLE, "", "k+k");
    assert_ways(&c, BG_SOURCE_LOCAL, "", "p");
    assert_ways(&c, BG_SOURCE_NETWORK, "", "s+p");
    c = limited("require = two-keys\n", "from = network\n", "", "");
    assert_ways(&c, BG_SOURCE_CONSOLE, "", "-"); /* one key is not two people */
    assert_false(bg_credential_opens(&c));
    c = limited("require = shares\nrequire-console = any\n", "", "", "");
    assert_ways(&c, BG_SOURCE_CONSOLE, "", "ksp");
    assert_ways(&c, BG_SOURCE_NETWORK, "", "s");
    c = limited("require = shares\nrequire-console = same\n", "", "", "");
    assert_ways(&c, BG_SOURCE_CONSOLE, "", "s");
}

static void a_refused_hash_is_no_way(void **state)
{
    struct bg_credential c = limited("", "", "", "");

    (void)state;
    (void)strcpy(c.password.hash, "$6$abcdefgh$hash");
    assert_ways(&c, BG_SOURCE_NETWORK, "", "s"); /* and takes no other way with it */
    c.has_shares = false;
    assert_ways(&c, BG_SOURCE_NETWORK, "", "-");
}

static void new_rows(void **state)
{
    struct bg_credential c =
        limited("open = armed\nfrom = console 10.0.0.0/8\nrequire-local = key+password\n", "from = console\n",
                "from = local\n", "from = network\ntyping = letters\n");
    struct bg_credential d;
    struct bg_ini_error e;

    (void)state;
    assert_int_equal(c.open, BG_OPEN_ARMED);
    assert_int_equal(bg_credential_require(&c, BG_SOURCE_LOCAL), BG_REQUIRE_KEY_PASSWORD);
    assert_int_equal(bg_credential_require(&c, BG_SOURCE_CONSOLE), BG_REQUIRE_ANY);
    assert_string_equal(c.from, "console 10.0.0.0/8");
    assert_string_equal(c.key[0].from, "console");
    assert_string_equal(c.key[1].from, "");
    assert_string_equal(c.shares.from, "local");
    assert_string_equal(c.password.from, "network");
    assert_true(c.has_password && c.password.letters);
    assert_int_equal(c.password.parts, 2);
    assert_int_equal(bg_credential_save(dir, "file", &c), BG_OK);
    assert_int_equal(load(dir, "file", &d, &e), BG_OK);
    assert_same(&c, &d);
}

static void bad_rows(void **state)
{
    static const char *const lines[] = {
        "open = sometimes",
        "open =",
        "from = consoles",
        "from = 10.0.0.0/99",
        "require = same",
        "require = password+key",
        "require-console = both",
        "[password]\nparts = 2\ncreated = 2026-11-22T12:03:24.123456Z",
        "[password]\nparts = 1\nhash = " YESCRYPT "\ncreated = 2026-11-22T12:03:24.123456Z",
        "[password]\nparts = 9\nhash = " YESCRYPT "\ncreated = 2026-11-22T12:03:24.123456Z",
        "[password]\nparts = 2\nhash = *0\ncreated = 2026-11-22T12:03:24.123456Z",
        ("[password]\nparts = 2\nhash = " YESCRYPT)};
    char text[512];

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct bg_credential c;
        struct bg_ini_error e;
        (void)snprintf(text, sizeof text, "[account]\nenabled = yes\n%s\n", lines[i]);
        if (parse(text, &c, &e) != BG_E_SYNTAX)
            fail_msg("accepted: %s", lines[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_sound_file, free_lists),
        cmocka_unit_test_teardown(custody_of_cards, free_lists),
        cmocka_unit_test_teardown(custody_faults, free_lists),
        cmocka_unit_test_teardown(without_shares, free_lists),
        cmocka_unit_test_teardown(bad_values, free_lists),
        cmocka_unit_test_teardown(missing_unknown_repeated, free_lists),
        cmocka_unit_test_teardown(defaults_are_not_written, free_lists),
        cmocka_unit_test_teardown(saved_and_loaded, free_lists),
        cmocka_unit_test_teardown(custody_is_kept, free_lists),
        cmocka_unit_test_teardown(what_cannot_be_read_is_not_written, free_lists),
        cmocka_unit_test_teardown(what_can_open, free_lists),
        cmocka_unit_test_teardown(where_it_can_open, free_lists),
        cmocka_unit_test_teardown(a_refused_hash_is_no_way, free_lists),
        cmocka_unit_test_teardown(new_rows, free_lists),
        cmocka_unit_test_teardown(bad_rows, free_lists),
        cmocka_unit_test_teardown(the_host, free_lists),
        cmocka_unit_test_teardown(ssh_keys, free_lists),
        cmocka_unit_test_teardown(bad_ssh_keys, free_lists),
        cmocka_unit_test_teardown(keys_of_an_account, free_lists),
        cmocka_unit_test_teardown(as_many_keys_as_there_may_be, free_lists),
        cmocka_unit_test_teardown(a_fault_in_the_last_of_many, free_lists),
        cmocka_unit_test_teardown(lists_of_keys, free_lists),
        cmocka_unit_test_teardown(bad_key_sections, free_lists),
        cmocka_unit_test_teardown(the_longest_keys_are_saved, free_lists),
        cmocka_unit_test_teardown(keys_for_text, free_lists),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
