/* SPDX-License-Identifier: ISC */
/* New credentials beside the old ones: their file, what becomes of both, and what is left to do. */
#include "../testfiles.h"

#include "config/rotation.h"

#define T1 "2026-11-22T12:03:24.123456Z"
#define T2 "2026-11-23T12:03:24.123456Z"
#define T3 "2026-11-24T12:03:24.123456Z"

#define ROTATION "[rotation]\nid = 01JD7Z3W9Q6M3B1V5X0C8K3F2A\nby = J\u00f6rg\nstarted = " T2 "\n"
#define PROOF    "[proof blue]\nat = " T2 "\n"
#define ACCOUNT  "[account]\nenabled = yes\n"
#define SHARES(salt, label)                                                                                  \
    "[shares]\nlabel = " label "\nset-label = garlic single\nid = 12345\nextendable = yes\nexponent = 0\n"   \
    "groups = 2/3\ngroup-threshold = 1\nbytes = 16\nsalt = " salt "\nverifier = "                            \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\ncreated = " T2 "\n"
#define OLD_SALT       "00112233445566778899aabbccddeeff"
#define NEW_SALT       "ffeeddccbbaa99887766554433221100"
#define CARDS          "[card 1-1]\ncustodian = Ann\ninspected = " T2 "\n[card 1-2]\ncustodian = Bob\n"
#define PASSWORD(hash) "[password]\nparts = 2\nhash = " hash "\ncreated = " T2 "\n"
#define WHOLE          ROTATION PROOF ACCOUNT SHARES(NEW_SALT, "NEW 20") CARDS PASSWORD("$y$j9T$new$new")
#define KEY(label, id, more)                                                                                 \
    "[key " label "]\ntype = es256\nid = " id "\npublic-key = "                                              \
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"                                       \
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\nrp-id = breakglass.invalid\n"         \
    "aaguid = 00112233445566778899aabbccddeeff\nfirmware = 5\nuv = required\n" more

#define SSH(label, name, more)                                                                               \
    "[ssh-key " label "]\nblob = AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIOBtBIjC5GMta6D41W0dWkSlsDpn"   \
    "Sg6M5P+eysbWqJ2EAAAABHNzaD" name "=\n" more

static struct bg_rotation r, again;
static struct bg_ini_error e;
static const struct bg_people nobody;

static bool none(const void *arg, const char *label, const char *since)
{
    (void)arg;
    (void)label;
    (void)since;
    return false;
}

/* arg: a label and a time. */
static bool one(const void *arg, const char *label, const char *since)
{
    const char *const *used = arg;

    return strcmp(used[0], label) == 0 && strcmp(used[1], since) >= 0;
}

static void a_file_is_read_as_it_was_written(void **state)
{
    struct stat st;
    char file[160];

    (void)state;
    assert_int_equal(bg_rotation_load(dir, "bg1", &r, &e), BG_E_NOENT);
    assert_int_equal(bg_rotation_drop(dir, "bg1"), BG_OK);
    assert_int_equal(bg_rotation_parse(WHOLE, &r, &e), BG_OK);
    assert_int_equal(bg_rotation_begin(&r, &r.credential), BG_OK);
    assert_int_equal(bg_rotation_save(dir, "bg1", &r), BG_OK);
    (void)snprintf(file, sizeof file, "%s/bg1.next", dir);
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(bg_rotation_load(dir, "bg1", &again, &e), BG_OK);
    assert_memory_equal(&r, &again, sizeof r);
    assert_string_equal(again.by, "J\u00f6rg");
    assert_int_equal(again.proofs, 1);
    assert_int_equal(again.credential.shares.cards, 2);
    assert_int_equal(bg_rotation_drop(dir, "bg1"), BG_OK);
    assert_int_equal(bg_rotation_load(dir, "bg1", &again, &e), BG_E_NOENT);
    assert_int_equal(bg_rotation_save(dir, "../bg1", &r), BG_E_RANGE);
    assert_int_equal(bg_rotation_drop(dir, "a/b"), BG_E_RANGE);
}

static void a_fault_refuses_the_whole_file(void **state)
{
    static const char *const bad[] = {"",
                                      ROTATION,
                                      ACCOUNT,
                                      ACCOUNT PROOF,
                                      "[rotation]\nstarted = yesterday\n" ACCOUNT,
                                      "[rotation]\nstarted = " T1 "\nid = short\n" ACCOUNT,
                                      ROTATION ACCOUNT "[card 1-1]\n",
                                      ROTATION ROTATION ACCOUNT,
                                      ROTATION "replaces = 00\n" ACCOUNT,
                                      ROTATION ACCOUNT "[proof x]\n",
                                      ROTATION ACCOUNT "door = open\n"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(bg_rotation_parse(bad[i], &r, &e), BG_E_SYNTAX);
    assert_int_equal(bg_rotation_parse(ROTATION ACCOUNT, &r, &e), BG_OK);
    /* keys in it mean nothing */
    assert_int_equal(bg_rotation_parse(ROTATION ACCOUNT KEY("blue", "aa", "created = " T1 "\n"), &r, &e),
                     BG_OK);
    assert_null(r.credential.key);
    assert_int_equal(r.credential.key_count, 0);
}

static void the_new_take_the_place_of_the_old(void **state)
{
    static struct bg_credential now, out;

    (void)state;
    assert_int_equal(bg_rotation_parse(WHOLE, &r, &e), BG_OK);
    assert_int_equal(
        bg_credential_parse(
            "[account]\nenabled = no\nrequire = shares\n" SHARES(
                OLD_SALT, "OLD 10") "from = console\n" PASSWORD("$y$j9T$old$old") "from = local\n",
            &now, &e),
        BG_OK);
    assert_false(bg_rotation_in_force(&r, &now));
    bg_rotation_apply(&r, &now, T3, &out);
    assert_true(bg_rotation_in_force(&r, &out));
    /* what is about the account stays; the old set is known as one that was replaced */
    assert_false(out.enabled);
    assert_int_equal(out.require, BG_REQUIRE_SHARES);
    assert_string_equal(out.shares.label, "NEW 20");
    assert_string_equal(out.shares.from, "console");
    assert_int_equal(out.shares.olds, 1);
    assert_string_equal(out.shares.old[0].label, "OLD 10");
    assert_string_equal(out.shares.old[0].replaced, T3);
    assert_string_equal(out.password.hash, "$y$j9T$new$new");
    assert_string_equal(out.password.from, "local");
    assert_string_equal(out.password.replaced, T3);
    /* half of it is not in force, nor is a rotation of keys alone */
    out.password = now.password;
    assert_false(bg_rotation_in_force(&r, &out));
    out.has_shares = false;
    assert_false(bg_rotation_in_force(&r, &out));
    assert_int_equal(bg_rotation_parse(ROTATION ACCOUNT, &r, &e), BG_OK);
    assert_false(bg_rotation_in_force(&r, &now));
    bg_rotation_apply(&r, &now, T3, &out);
    assert_memory_equal(&out, &now, sizeof out);
}

/* By what both secrets have on file; an older version's file tells nothing of it. */
static void one_that_was_overtaken(void **state)
{
    static struct bg_credential now, other;

    (void)state;
    assert_int_equal(
        bg_credential_parse(ACCOUNT SHARES(OLD_SALT, "OLD 10") PASSWORD("$y$j9T$old$old"), &now, &e), BG_OK);
    assert_int_equal(bg_rotation_parse(WHOLE, &r, &e), BG_OK);
    assert_true(bg_rotation_is_of(&r, &now));
    assert_int_equal(bg_rotation_begin(&r, &now), BG_OK);
    assert_true(bg_rotation_is_of(&r, &now));
    other = now;
    other.shares.salt[0] ^= 1;
    assert_false(bg_rotation_is_of(&r, &other));
    other = now;
    other.password.hash[8] ^= 1;
    assert_false(bg_rotation_is_of(&r, &other));
    other = now;
    other.has_password = false;
    assert_false(bg_rotation_is_of(&r, &other));
}

static void assert_item(const struct bg_rotation_item *i, const char *name, enum bg_rotation_need need,
                        const char *why)
{
    assert_string_equal(i->name, name);
    assert_int_equal(i->need, need);
    assert_string_equal(i->why, why);
}

static void what_is_left(void **state)
{
    static struct bg_rotation_item item[BG_ROTATION_ITEMS];
    static struct bg_credential now;
    static struct bg_people people = {
        .n = 1, .person = {{.id = "eve", .name = "Eve Adams", .roles = "custodian", .left = T1}}};
    const char *used[] = {"green", T2};

    (void)state;
    assert_int_equal(bg_rotation_parse(WHOLE, &r, &e), BG_OK);
    assert_int_equal(
        bg_credential_parse(ACCOUNT KEY("blue", "aa", "created = " T1 "\n")
                                KEY("red", "bb", "created = " T1 "\n") KEY("new", "cc", "created = " T3 "\n")
                                    KEY("off", "dd", "created = " T1 "\nsuspended = yes\n")
                                        KEY("eves", "ee", "created = " T1 "\ncustodian = eve adams\n")
                                            KEY("green", "ff", "created = " T1 "\n"),
                            &now, &e),
        BG_OK);
    assert_int_equal(bg_rotation_items(&r, &now, &people, one, used, item), 9);
    assert_item(&item[0], "share 1-1", BG_ROTATION_DONE, "");
    assert_item(&item[1], "share 1-2", BG_ROTATION_VERIFY, "");
    assert_string_equal(item[1].custodian, "Bob");
    assert_item(&item[2], "password", BG_ROTATION_VERIFY, "");
    assert_item(&item[3], "key blue", BG_ROTATION_DONE, "");
    assert_item(&item[4], "key red", BG_ROTATION_TEST, "");
    assert_item(&item[5], "key new", BG_ROTATION_DONE, "");
    assert_item(&item[6], "key off", BG_ROTATION_REPLACE, "it is suspended");
    assert_item(&item[7], "key eves", BG_ROTATION_REPLACE, "its custodian has left");
    assert_item(&item[8], "key green", BG_ROTATION_REPLACE, "it has opened the account");
    /* the next key of that label has not; a proof of the one before is none of its own */
    used[1] = "2026-11-01T00:00:00.000000Z";
    bg_rotation_prove(&r, "key green", used[1]);
    assert_int_equal(bg_rotation_items(&r, &now, &nobody, one, used, item), 9);
    assert_item(&item[7], "key eves", BG_ROTATION_TEST, "");
    assert_item(&item[8], "key green", BG_ROTATION_TEST, "");
    bg_rotation_prove(&r, "key green", T3);
    bg_rotation_prove(&r, "password", T3);
    assert_int_equal(r.proofs, 2);
    assert_int_equal(bg_rotation_items(&r, &now, &nobody, none, NULL, item), 9);
    assert_item(&item[2], "password", BG_ROTATION_DONE, "");
    assert_item(&item[8], "key green", BG_ROTATION_DONE, "");
    /* the card of a fleet's set is derived when it is needed */
    r.fleet = true;
    assert_int_equal(bg_rotation_items(&r, &now, &nobody, none, NULL, item), 7);
    bg_credential_free(&now);
}

/* A login would be a use: it is asked to sign, also when it is new. */
static void keys_of_sshd(void **state)
{
    static struct bg_rotation_item item[BG_ROTATION_ITEMS];
    static struct bg_credential now;
    const char *used[] = {"green", T2};

    (void)state;
    assert_int_equal(bg_rotation_parse(ROTATION ACCOUNT, &r, &e), BG_OK);
    assert_int_equal(bg_credential_parse(ACCOUNT SSH("blue", "o", "created = " T1 "\n")
                                             SSH("new", "s", "created = " T3 "\n")
                                                 SSH("green", "w", "created = " T1 "\n"),
                                         &now, &e),
                     BG_OK);
    assert_int_equal(bg_rotation_items(&r, &now, &nobody, one, used, item), 3);
    assert_item(&item[0], "ssh-key blue", BG_ROTATION_TEST, "");
    assert_int_equal(item[0].test, BG_TEST_SSH);
    assert_item(&item[1], "ssh-key new", BG_ROTATION_TEST, "");
    assert_item(&item[2], "ssh-key green", BG_ROTATION_REPLACE, "it has opened the account");
    bg_rotation_prove(&r, "ssh-key blue", T3);
    bg_rotation_prove(&r, "ssh-key new", T2); /* one of that label was there before */
    assert_string_equal(r.password, "");
    assert_int_equal(bg_rotation_items(&r, &now, &nobody, none, NULL, item), 3);
    assert_item(&item[0], "ssh-key blue", BG_ROTATION_DONE, "");
    assert_item(&item[1], "ssh-key new", BG_ROTATION_TEST, "");
    assert_item(&item[2], "ssh-key green", BG_ROTATION_TEST, "");
    bg_credential_free(&now);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_is_read_as_it_was_written, make_dir, remove_dir),
        cmocka_unit_test(a_fault_refuses_the_whole_file),
        cmocka_unit_test(the_new_take_the_place_of_the_old),
        cmocka_unit_test(one_that_was_overtaken),
        cmocka_unit_test(what_is_left),
        cmocka_unit_test(keys_of_sshd),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
