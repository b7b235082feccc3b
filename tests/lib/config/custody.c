/* SPDX-License-Identifier: ISC */
/* The files of who keeps what: envelopes, people, safes. */
#include "../testfiles.h"

#include "config/envelope.h"

#define T1 "2026-11-22T12:03:24.123456Z"
#define T2 "2026-11-23T12:03:24.123456Z"

/* A sound envelope, with one key's value replaced, added, or left out for NULL. */
static const char *const keys[][2] = {
    {"status", "sealed"},
    {"seal", "A9"},
    {"holds", "share 1-2, key blue"},
    {"set", "12345"},
    {"custodian", "Jane Doe"},
    {"safe", "north"},
    {"sealed", T1},
    {"sealed-by", "J\u00f6rg M\u00fcller"},
    {"seen-by", "Ann Lee"},
};
#define KEYS (sizeof keys / sizeof keys[0])

static void with(char out[8192], const char *key, const char *value)
{
    size_t n = (size_t)snprintf(out, 8192, "[envelope 17]\n");
    bool known = false;

    for (size_t i = 0; i < KEYS; i++) {
        bool it = strcmp(keys[i][0], key) == 0;
        const char *v = it ? value : keys[i][1];
        known = known || it;
        if (v != NULL)
            n += (size_t)snprintf(out + n, 8192 - n, "%s = %s\n", keys[i][0], v);
    }
    if (!known && value != NULL)
        (void)snprintf(out + n, 8192 - n, "%s = %s\n", key, value);
}

static struct bg_envelopes list, again;
static struct bg_people people, people_again;
static struct bg_safes safes, safes_again;
static struct bg_credential credential;

static enum bg_err parse_with(const char *key, const char *value, struct bg_ini_error *e)
{
    char text[8192];

    with(text, key, value);
    return bg_envelopes_parse(text, &list, e);
}

/* That value is a fault of that line, and the sentence holds that text. */
static void wrong(const char *key, const char *value, unsigned line, const char *why)
{
    struct bg_ini_error e;

    if (parse_with(key, value, &e) != BG_E_SYNTAX || e.line != line || strstr(e.text, why) == NULL)
        fail_msg("%s = %s: line %u: %s", key, value == NULL ? "(none)" : value, e.line, e.text);
}

static void right(const char *key, const char *value)
{
    struct bg_ini_error e;

    if (parse_with(key, value, &e) != BG_OK)
        fail_msg("%s = %s: line %u: %s", key, value == NULL ? "(none)" : value, e.line, e.text);
}

static void a_sound_envelope(void **state)
{
    (void)state;
    right("", NULL);
    assert_int_equal(list.n, 1);
    assert_string_equal(list.envelope[0].id, "17");
    assert_int_equal(list.envelope[0].status, BG_ENVELOPE_SEALED);
    assert_string_equal(list.envelope[0].sealed_by, "J\u00f6rg M\u00fcller");
    assert_string_equal(bg_envelope_status_name(list.envelope[0].status), "sealed");
    right("status", "destroyed");
    right("photo", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
    right("inspected", T2);
    right("opened", T1); /* before it was sealed anew */
    right("tampered", T2);
    right("old-seals", "A1, A2,A 3");
    right("custodian", NULL);
    right("holds", "share 1-2-3,ssh-key a,password 1, password 2");
}

static void every_fault_has_its_line(void **state)
{
    (void)state;
    wrong("status", "shut", 2, "status must be sealed, open or destroyed");
    wrong("status", NULL, 1, "lacks the key status");
    wrong("seal", NULL, 1, "lacks the key seal");
    wrong("seal", "", 3, "seal must be");
    wrong("seal", "- -", 3, "seal must be");
    wrong("seal", "A,9", 3, "seal must be");
    wrong("seal", "0123456789012345678901234567890123", 3, "at most 31 bytes");
    wrong("holds", NULL, 1, "lacks the key holds");
    wrong("holds", "card 1-2", 4, "holds must be");
    wrong("holds", "share", 4, "holds must be");
    wrong("holds", "share ", 4, "holds must be");
    wrong("holds", "share 12", 4, "holds must be");
    wrong("holds", "share 1-2,", 4, "holds must be");
    wrong("holds", "share 1-2, key blue, share 1-2", 4, "each once");
    wrong("holds", "share 1-2, password 0", 4, "holds must be");
    wrong("holds", "share 1-2, password 99", 4, "holds must be");
    wrong("holds", "share 1-2, key Blue", 4, "holds must be");
    wrong("set", "32768", 5, "from 0 to 32767");
    wrong("set", NULL, 1, "a share and no set");
    wrong("holds", "key blue", 1, "a set and no share");
    wrong("safe", "North", 7, "safe must be");
    wrong("site", "Berlin", 1, "a safe has its own");
    wrong("sealed", "yesterday", 8, "sealed must be a time");
    wrong("sealed", NULL, 1, "lacks the key sealed");
    wrong("sealed-by", NULL, 1, "lacks the key sealed-by");
    wrong("seen-by", NULL, 1, "lacks the key seen-by");
    wrong("seen-by", "J\u00f6rg  M\u00fcller", 1, "sealed and seen by one person");
    wrong("photo", "ABC", 11, "64 lower-case hex digits");
    wrong("status", "open", 1, "is open, but was not opened since it was sealed");
    wrong("opened", T2, 1, "is sealed, but was opened after that");
    wrong("opened-use", "x", 11, "the id of a use");
    wrong("old-seals", "A1,, A2", 11, "old-seals must be");
    wrong("old-seals", "a-9", 1, "one of its old-seals");
    wrong("colour", "red", 11, "unknown key colour");
}

/* A second envelope behind the sound one. */
static void second(const char *seal, const char *holds, unsigned line, const char *why)
{
    char text[8192];
    struct bg_ini_error e;
    size_t n;

    with(text, "", NULL);
    n = strlen(text);
    (void)snprintf(text + n, sizeof text - n,
                   "[envelope 18]\nstatus = sealed\nseal = %s\nholds = %s\n%ssealed = " T1
                   "\nsealed-by = A\nseen-by = B\n",
                   seal, holds, strstr(holds, "share") != NULL ? "set = 12345\n" : "");
    assert_int_equal(bg_envelopes_parse(text, &list, &e), line == 0 ? BG_OK : BG_E_SYNTAX);
    if (line != e.line || (line > 0 && strstr(e.text, why) == NULL))
        fail_msg("line %u: %s", e.line, e.text);
}

static void nothing_stands_twice(void **state)
{
    (void)state;
    second("B1", "share 1-3", 0, NULL);
    assert_int_equal(list.n, 2);
    second("a 9", "share 1-3", 11, "has a seal that envelope 17 has or had");
    second("B1", "share 1-2", 11, "holds share 1-2, as envelope 17 does");
    second("B1", "password 1, key blue", 11, "holds key blue, as envelope 17 does");
}

static void seals_are_compared_as_people_read_them(void **state)
{
    (void)state;
    assert_true(bg_seal_same("A9-17", "a917"));
    assert_true(bg_seal_same("A 9", "a9 "));
    assert_false(bg_seal_same("A9", "A90"));
    assert_false(bg_seal_same("A90", "A9"));
    assert_false(bg_seal_same("", ""));
    assert_false(bg_seal_same("-", " "));
    right("old-seals", "A1, A2");
    assert_ptr_equal(bg_envelope_of_seal(&list, "a-2"), &list.envelope[0]);
    assert_ptr_equal(bg_envelope_of_seal(&list, "A9"), &list.envelope[0]);
    assert_null(bg_envelope_of_seal(&list, "A3"));
}

static void what_is_written_is_read(void **state)
{
    struct bg_ini_error e;
    char *text = NULL, *text2 = NULL;
    size_t n, n2;

    (void)state;
    right("old-seals", "A1, A2");
    assert_int_equal(bg_kept_text(bg_envelopes_file, &list, &text, &n, &e), BG_OK);
    assert_int_equal(text[0], '#');
    assert_int_equal(bg_envelopes_parse(text, &again, &e), BG_OK);
    assert_memory_equal(&list, &again, sizeof list);
    assert_int_equal(bg_kept_text(bg_envelopes_file, &again, &text2, &n2, &e), BG_OK);
    assert_string_equal(text, text2);
    free(text);
    free(text2);
    /* what could not be read again is not written */
    (void)snprintf(list.envelope[0].seal, BG_SEAL_MAX, "A,1");
    assert_int_equal(bg_kept_text(bg_envelopes_file, &list, &text, &n, &e), BG_E_RANGE);
    assert_non_null(strstr(e.text, "seal must be"));
}

static void files_are_kept_safely(void **state)
{
    struct bg_ini_error e;
    struct stat st;

    (void)state;
    right("", NULL);
    assert_int_equal(bg_envelopes_load(dir, "bg1", &again, &e), BG_E_NOENT);
    assert_int_equal(bg_envelopes_save(dir, "file", &list, &e), BG_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(bg_envelopes_load(dir, "file", &again, &e), BG_OK);
    assert_memory_equal(&list, &again, sizeof list);
    assert_int_equal(bg_envelopes_load(dir, "../file", &again, &e), BG_E_RANGE);
    assert_int_equal(bg_envelopes_save(dir, "../file", &again, &e), BG_E_RANGE);
    assert_int_equal(chmod(path, 0660), 0);
    assert_int_equal(bg_envelopes_load(dir, "file", &again, &e), BG_E_UNSAFE);
}

static const char shares[] = "[account]\nenabled = yes\n[shares]\nset-label = acid academic\nid = 12345\n"
                             "extendable = yes\nexponent = 0\ngroups = 2/3\ngroup-threshold = 1\nbytes = 16\n"
                             "salt = a0a1a2a3a4a5a6a7a8a9aaabacadaeaf\n"
                             "verifier = b9106bfeee27b81184ccf5f6ecb6158ae31266c15a3755c7d68be49fbc394b36\n"
                             "created = " T1 "\n[card 1-1]\ncustodian = Bob\nenvelope = 99\nseal = Z1\n"
                             "[card 1-2]\ncustodian = Ann\n";

static void copies_come_into_step(void **state)
{
    struct bg_ini_error e;
    char what[256] = "";

    (void)state;
    right("holds", "share 1-2");
    assert_int_equal(bg_credential_parse(shares, &credential, &e), BG_OK);
    assert_int_equal(bg_envelopes_copy(&list, &credential, what, sizeof what), 3);
    assert_string_equal(what,
                        "the custodian of card 1-2 is \"Jane Doe\", and \"Ann\" in the credentials file");
    assert_string_equal(credential.shares.card[1].custodian, "Jane Doe");
    assert_string_equal(credential.shares.card[1].envelope, "17");
    assert_string_equal(credential.shares.card[1].seal, "A9");
    assert_string_equal(credential.shares.card[0].envelope, "99");
    assert_int_equal(bg_envelopes_copy(&list, &credential, what, sizeof what), 0);
    credential.shares.id = 1; /* the cards of another set are others */
    credential.shares.card[1].seal[0] = '\0';
    assert_int_equal(bg_envelopes_copy(&list, &credential, what, sizeof what), 0);
}

static void what_is_no_longer_there(void **state)
{
    struct bg_ini_error e;
    struct bg_holding h;
    const char *at = "share 1-2, key blue, password 1, share 1-4";
    const bool there[] = {true, false, false, false};
    struct bg_envelope one = {.set = "12345"};

    (void)state;
    assert_int_equal(bg_credential_parse(shares, &credential, &e), BG_OK);
    for (size_t i = 0; i < 4; i++) {
        assert_true(bg_holding_next(&at, &h));
        assert_int_equal(bg_holding_there(&one, &h, &credential), there[i]);
    }
    assert_false(bg_holding_next(&at, &h));
    (void)snprintf(one.set, sizeof one.set, "12344");
    at = "share 1-2";
    assert_true(bg_holding_next(&at, &h));
    assert_false(bg_holding_there(&one, &h, &credential));
}

static const char who[] =
    "[list]\nreviewed = " T1 "\nreviewed-by = Ann Lee\n"
    "[person jane]\nname = Jane Doe\nroles = use custodian\nphone = +49 30 1234567\nmail = jane@example.org\n"
    "since = 2024-01-31\ntrained = 2026-05-01\n"
    "[person bob]\nroles = review\nleft = " T2 "\nowes = bg1 share 1-2, safe north\n";

static void people_are_read_and_written(void **state)
{
    struct bg_ini_error e;
    char *text = NULL;
    size_t n;

    (void)state;
    assert_int_equal(bg_people_parse(who, &people, &e), BG_OK);
    assert_int_equal(people.n, 2);
    assert_int_equal(people.listed, 1);
    assert_string_equal(people.reviewed_by, "Ann Lee");
    assert_string_equal(bg_person_name(&people.person[0]), "Jane Doe");
    assert_string_equal(bg_person_name(&people.person[1]), "bob");
    assert_int_equal(bg_kept_text(bg_people_file, &people, &text, &n, &e), BG_OK);
    assert_int_equal(bg_people_parse(text, &people_again, &e), BG_OK);
    assert_memory_equal(&people, &people_again, sizeof people);
    free(text);
    assert_int_equal(bg_people_save(path, &people, &e), BG_OK);
    assert_int_equal(bg_people_load(path, &people_again, &e), BG_OK);
    assert_memory_equal(&people, &people_again, sizeof people);
    assert_int_equal(bg_people_parse("", &people, &e), BG_OK);
    assert_int_equal(people.listed + people.n, 0);
}

static void people_are_found_by_what_they_are_called(void **state)
{
    struct bg_ini_error e;

    (void)state;
    assert_int_equal(bg_people_parse(who, &people, &e), BG_OK);
    assert_ptr_equal(bg_people_find(&people, "jane"), &people.person[0]);
    assert_ptr_equal(bg_people_find(&people, "jane  DOE"), &people.person[0]);
    assert_null(bg_people_find(&people, "Jane Do"));
    assert_null(bg_people_find(&people, ""));
    assert_true(bg_people_same(&people, "JANE", "Jane Doe"));
    assert_true(bg_people_same(&people, "a stranger", "A  Stranger"));
    assert_false(bg_people_same(&people, "jane", "bob"));
    assert_false(bg_people_same(&people, "", ""));
    assert_true(bg_person_has(&people.person[0], BG_ROLE_USE));
    assert_false(bg_person_has(&people.person[0], BG_ROLE_REVIEW));
    assert_false(bg_person_has(&people.person[1], BG_ROLE_REVIEW)); /* has left */
}

static void faults_of_people(void **state)
{
    static const struct {
        const char *text, *why;
        unsigned line;
    } t[] = {
        {"[list]\n", "lacks the key reviewed", 1},
        {"[list]\nreviewed = today\n", "reviewed must be a time", 2},
        {"[person x]\n", "lacks the key roles", 1},
        {"[person x]\nroles = king\n", "roles must be words of use review wake custodian", 2},
        {"[person x]\nroles = use use\n", "roles must be", 2},
        {"[person x]\nroles = use\nmail = nobody\n", "an address with @", 3},
        {"[person x]\nroles = use\nsince = 2026-1-1\n", "a date such as", 3},
        {"[person x]\nroles = use\nsince = 2026-01-01T\n", "a date such as", 3},
        {"[person x]\nroles = use\nleft = 2026-01-01\n", "left must be a time", 3},
        {"[person x]\nroles = use\nowes = bg1 key blue\n", "but has not left", 1},
        {"[person x]\nroles = use\n[person y]\nname = X\nroles = use\n", "lacks a name of its own", 3},
        {"[person Jane Doe]\nroles = use\n", "not a section name", 1},
        {"[people x]\n", "unknown section [people x]", 1},
    };
    struct bg_ini_error e;

    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++)
        if (bg_people_parse(t[i].text, &people, &e) != BG_E_SYNTAX || e.line != t[i].line ||
            strstr(e.text, t[i].why) == NULL)
            fail_msg("%s: line %u: %s", t[i].text, e.line, e.text);
}

static void safes_are_read_and_written(void **state)
{
    static const char text[] = "[safe north]\nsite = Berlin\nholders = Jane Doe, Bob\nchanged = " T1 "\n";
    struct bg_ini_error e;
    struct bg_envelope in = {.safe = "north"}, at = {.site = "Bonn"}, lost = {.safe = "south"};
    const char *holders;
    char one[BG_PERSON_NAME];

    (void)state;
    assert_int_equal(bg_safes_parse(text, &safes, &e), BG_OK);
    assert_string_equal(bg_envelope_site(&in, &safes), "Berlin");
    assert_string_equal(bg_envelope_site(&at, &safes), "Bonn");
    assert_string_equal(bg_envelope_site(&lost, &safes), "");
    holders = safes.safe[0].holders;
    assert_true(bg_comma_next(&holders, one, sizeof one));
    assert_string_equal(one, "Jane Doe");
    assert_true(bg_comma_next(&holders, one, sizeof one));
    assert_string_equal(one, "Bob");
    assert_false(bg_comma_next(&holders, one, sizeof one));
    assert_int_equal(bg_safes_save(path, &safes, &e), BG_OK);
    assert_int_equal(bg_safes_load(path, &safes_again, &e), BG_OK);
    assert_memory_equal(&safes, &safes_again, sizeof safes);
    assert_int_equal(bg_safes_parse("[safe x]\nsite = y\n", &safes, &e), BG_E_SYNTAX);
    assert_non_null(strstr(e.text, "lacks the key changed"));
    assert_int_equal(bg_safes_parse("[safe x]\nsite = y\nchanged = " T1 "\nholders = a,,b\n", &safes, &e),
                     BG_E_SYNTAX);
    assert_int_equal(e.line, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_envelope),
        cmocka_unit_test(every_fault_has_its_line),
        cmocka_unit_test(nothing_stands_twice),
        cmocka_unit_test(seals_are_compared_as_people_read_them),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test_setup_teardown(files_are_kept_safely, make_dir, remove_dir),
        cmocka_unit_test(copies_come_into_step),
        cmocka_unit_test(what_is_no_longer_there),
        cmocka_unit_test_setup_teardown(people_are_read_and_written, make_dir, remove_dir),
        cmocka_unit_test(people_are_found_by_what_they_are_called),
        cmocka_unit_test(faults_of_people),
        cmocka_unit_test_setup_teardown(safes_are_read_and_written, make_dir, remove_dir),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
