/* SPDX-License-Identifier: ISC */
/* Rules of who may hold what together, and what is due when somebody leaves. */
#include "../testfiles.h"

#include "config/leaver.h"

#define T1 "2026-11-22T12:03:24.123456Z"
#define T2 "2026-11-23T12:03:24.123456Z"
#define T3 "2026-11-24T12:03:24.123456Z"

#define SET(id, groups, threshold, created)                                                                  \
    "[account]\nenabled = yes\n[shares]\nset-label = acid academic\nid = " id                                \
    "\nextendable = yes\nexponent = 0\ngroups = " groups "\ngroup-threshold = " threshold                    \
    "\nbytes = 16\nsalt = a0a1a2a3a4a5a6a7a8a9aaabacadaeaf\n"                                                \
    "verifier = b9106bfeee27b81184ccf5f6ecb6158ae31266c15a3755c7d68be49fbc394b36\ncreated = " created "\n"
#define CARD(place, who) "[card " place "]\ncustodian = " who "\n"
#define KEY(label, id, who)                                                                                  \
    "[key " label "]\ntype = es256\nid = " id "\npublic-key = "                                              \
    "0101010101010101010101010101010101010101010101010101010101010101"                                       \
    "0202020202020202020202020202020202020202020202020202020202020202\nrp-id = host\n"                       \
    "aaguid = 00000000000000000000000000000000\nfirmware = 0\nuv = required\ncreated = " T1                  \
    "\ncustodian = " who "\n"
#define ENVELOPE(id, seal, more)                                                                             \
    "[envelope " id "]\nstatus = sealed\nseal = " seal "\nsealed = " T1                                      \
    "\nsealed-by = Sam\nseen-by = Sue\n" more
#define WITH(share, set) "holds = share " share "\nset = " set "\n"

static struct bg_credential credential[2];
static struct bg_envelopes envelopes[2];
static struct bg_people people;
static struct bg_safes safes;
static struct bg_breaches breaches, later;
static struct bg_custody_account account[2] = {{"bg1", &credential[0], &envelopes[0]},
                                               {"bg2", &credential[1], &envelopes[1]}};
static const struct bg_custody custody = {account, 2, &people, &safes};
static bool on[BG_RULES];

/* Only that rule is on, over accounts that have these files. */
static void only(enum bg_rule rule, const char *c1, const char *e1, const char *c2, const char *e2)
{
    struct bg_ini_error e = {0};

    memset(on, 0, sizeof on);
    on[rule] = true;
    bg_credential_free(&credential[0]);
    bg_credential_free(&credential[1]);
    if (bg_credential_parse(c1, &credential[0], &e) != BG_OK ||
        bg_envelopes_parse(e1, &envelopes[0], &e) != BG_OK ||
        bg_credential_parse(c2, &credential[1], &e) != BG_OK ||
        bg_envelopes_parse(e2, &envelopes[1], &e) != BG_OK)
        fail_msg("line %u: %s", e.line, e.text);
    bg_rules_look(&custody, on, &breaches);
}

#define NOTHING "[account]\nenabled = yes\n", ""

static void says(unsigned n, const char *text)
{
    if (breaches.n != n || (n > 0 && strstr(breaches.breach[n - 1].text, text) == NULL))
        fail_msg("%u breaches: %s", breaches.n, breaches.n > 0 ? breaches.breach[0].text : "");
}

static int lists(void **state)
{
    static const char who[] =
        "[person jane]\nname = Jane Doe\nroles = custodian\n[person bob]\nroles = custodian\n";
    static const char where[] = "[safe north]\nsite = Berlin\nholders = Bob\nchanged = " T1
                                "\n[safe south]\nsite = Bonn\nholders = Eve, bob\nchanged = " T1 "\n";
    struct bg_ini_error e;

    (void)state;
    return bg_people_parse(who, &people, &e) != BG_OK || bg_safes_parse(where, &safes, &e) != BG_OK;
}

static void nobody_has_a_threshold(void **state)
{
    (void)state;
    only(BG_RULE_THRESHOLD,
         SET("1", "2/3", "1", T1) CARD("1-1", "Jane Doe") CARD("1-2", "Bob") CARD("1-3", "Eve"), "", NOTHING);
    says(0, "");
    only(BG_RULE_THRESHOLD,
         SET("1", "2/3", "1", T1) CARD("1-1", "Jane Doe") CARD("1-2", "JANE") CARD("1-3", "Eve"), "",
         NOTHING);
    says(1, "Jane Doe keeps, or can take from safes, 2 cards, which are enough to open bg1");
    assert_string_equal(breaches.breach[0].account, "bg1");
    on[BG_RULE_THRESHOLD] = false; /* the same, switched off */
    bg_rules_look(&custody, on, &breaches);
    says(0, "");
    /* two copies of one card are one */
    only(BG_RULE_THRESHOLD, SET("1", "2/3", "1", T1) CARD("1-1-1", "Jane Doe") CARD("1-1-2", "jane"), "",
         NOTHING);
    says(0, "");
    /* cards of nobody are nobody's */
    only(BG_RULE_THRESHOLD, SET("1", "2/3", "1", T1) "[card 1-1]\n[card 1-2]\n", "", NOTHING);
    says(0, "");
}

static void groups_count_too(void **state)
{
    (void)state;
    /* one complete group of the two that are required */
    only(BG_RULE_THRESHOLD,
         SET("1", "1/1,2/3", "2", T1) CARD("2-1", "Eve") CARD("2-3", "Eve") CARD("1-1", "Bob"), "", NOTHING);
    says(0, "");
    /* both, by three cards */
    only(BG_RULE_THRESHOLD,
         SET("1", "1/1,2/3", "2", T1) CARD("2-1", "Eve") CARD("2-3", "Eve") CARD("1-1", "Eve"), "", NOTHING);
    says(1, "Eve keeps, or can take from safes, 3 cards");
    /* as many cards, but no complete group */
    only(BG_RULE_THRESHOLD, SET("1", "2/2,2/2", "1", T1) CARD("1-1", "Eve") CARD("2-1", "Eve"), "", NOTHING);
    says(0, "");
}

static void safes_count_too(void **state)
{
    (void)state;
    /* bob can open both safes */
    only(BG_RULE_THRESHOLD, SET("1", "2/3", "1", T1) CARD("1-1", "Jane Doe") CARD("1-2", "Ann"),
         ENVELOPE("17", "A1", WITH("1-1", "1") "safe = north\n")
             ENVELOPE("18", "A2", WITH("1-2", "1") "safe = south\n"),
         NOTHING);
    says(1, "Bob keeps, or can take from safes, 2 cards");
    /* the envelope of an older set is none of this one */
    only(BG_RULE_THRESHOLD, SET("1", "2/3", "1", T1) CARD("1-1", "Jane Doe") CARD("1-2", "Ann"),
         ENVELOPE("17", "A1", WITH("1-1", "2") "safe = north\n")
             ENVELOPE("18", "A2", WITH("1-2", "1") "safe = south\n"),
         NOTHING);
    says(0, "");
    /* all parts of a password */
    only(
        BG_RULE_THRESHOLD,
        "[account]\nenabled = yes\n[password]\nparts = 2\nhash = "
        "$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/\n"
        "created = " T1 "\n",
        ENVELOPE("17", "A1", "holds = password 1\ncustodian = Eve\n")
            ENVELOPE("18", "A2", "holds = password 2\nsafe = south\n"),
        NOTHING);
    says(1, "Eve keeps, or can take from safes, all parts of the password of bg1");
}

static void two_shares_are_apart(void **state)
{
    (void)state;
    only(BG_RULE_SHARES, SET("1", "2/3", "1", T1),
         ENVELOPE("17", "A1", WITH("1-1", "1") "safe = north\n")
             ENVELOPE("18", "A2", WITH("1-2", "1") "safe = south\n"),
         NOTHING);
    says(0, "");
    only(BG_RULE_SHARES, SET("1", "2/3", "1", T1),
         ENVELOPE("17", "A1", WITH("1-1", "1") "safe = north\n")
             ENVELOPE("18", "A2", WITH("1-2", "1") "safe = north\n"),
         NOTHING);
    says(1, "of bg1 are both in safe north");
    only(BG_RULE_SHARES, SET("1", "2/3", "1", T1), ENVELOPE("17", "A1", WITH("1-1, share 1-3", "1")),
         NOTHING);
    says(1, "cards 1-1 and 1-3 of bg1 are both in envelope 17");
    /* copies of one share, and shares of sets that open nothing any more */
    only(BG_RULE_SHARES, SET("1", "2/3", "1", T1), ENVELOPE("17", "A1", WITH("1-1-1, share 1-1-2", "1")),
         NOTHING);
    says(0, "");
    only(BG_RULE_SHARES, SET("1", "2/3", "1", T1), ENVELOPE("17", "A1", WITH("1-1, share 1-2", "2")),
         NOTHING);
    says(0, "");
}

static void two_accounts_are_apart(void **state)
{
    (void)state;
    only(BG_RULE_KEYS, "[account]\nenabled = yes\n" KEY("blue", "0102", "Ann"), "",
         "[account]\nenabled = yes\n" KEY("red", "0102", "Bob"), "");
    says(1, "key blue of bg1 is key red of bg2 too");
    only(BG_RULE_KEYS, "[account]\nenabled = yes\n" KEY("blue", "0102", "Ann"), "",
         "[account]\nenabled = yes\n" KEY("blue", "0103", "Ann"), "");
    says(0, "");
    only(BG_RULE_ENVELOPES, SET("1", "2/3", "1", T1), ENVELOPE("17", "A1", WITH("1-1", "1")),
         SET("2", "2/3", "1", T1), ENVELOPE("17", "A2", WITH("1-1", "2")));
    says(1, "envelope 17 is of bg1 and of bg2");
    only(BG_RULE_SAFES, SET("1", "2/3", "1", T1), ENVELOPE("17", "A1", WITH("1-1", "1") "safe = north\n"),
         SET("2", "2/3", "1", T1), ENVELOPE("18", "A2", WITH("1-1", "2") "safe = north\n"));
    says(1, "safe north has envelope 17 of bg1 and envelope 18 of bg2");
    only(BG_RULE_CUSTODIANS, SET("1", "2/3", "1", T1) CARD("1-1", "Jane Doe") CARD("1-2", "Bob"), "",
         "[account]\nenabled = yes\n" KEY("blue", "0102", "jane"),
         ENVELOPE("18", "A2", "holds = key x\ncustodian = bob\n"));
    says(1, "bg1 and bg2 are kept by the same 2 people");
    only(BG_RULE_CUSTODIANS, SET("1", "2/3", "1", T1) CARD("1-1", "Jane Doe") CARD("1-2", "Bob"), "",
         "[account]\nenabled = yes\n" KEY("blue", "0102", "jane"), "");
    says(0, "");
    account[1].envelopes = NULL; /* what cannot be read breaks no rule */
    bg_rules_look(&custody, on, &breaches);
    account[1].envelopes = &envelopes[1];
    says(0, "");
}

static void nobody_reviews_themselves(void **state)
{
    (void)state;
    assert_false(bg_rule_reviewer(&people, "Jane Doe", "jane"));
    assert_false(bg_rule_rotator(&people, "jane", "JANE  DOE"));
    assert_true(bg_rule_reviewer(&people, "Jane Doe", "bob"));
    assert_false(bg_rule_reviewer(&people, "Jane Doe", ""));
    assert_true(bg_rule_rotator(&people, "", "jane"));
}

static void what_a_change_breaks(void **state)
{
    (void)state;
    only(BG_RULE_THRESHOLD, SET("1", "2/3", "1", T1) CARD("1-1", "Eve") CARD("1-2", "Eve"), "", NOTHING);
    later = breaches;
    assert_null(bg_breach_new(&breaches, &later));
    later.breach[later.n++] = (struct bg_breach){BG_RULE_SHARES, "bg1", "another"};
    assert_ptr_equal(bg_breach_new(&breaches, &later), &later.breach[1]);
    assert_null(bg_breach_new(&later, &breaches));
}

static void every_rule_has_its_words(void **state)
{
    (void)state;
    for (enum bg_rule r = 0; r < BG_RULES; r++) {
        assert_non_null(bg_rule_text(r)->key);
        assert_non_null(bg_rule_text(r)->asks);
        assert_non_null(bg_rule_text(r)->lost);
    }
}

/* --- leavers -------------------------------------------------------------------------------------------- */

static char told[1024];

static void note(void *arg, const struct bg_person *who, const char *of, const char *what)
{
    size_t n = strlen(told);

    (void)arg;
    (void)snprintf(told + n, sizeof told - n, "%s: %s %s; ", who->id, of, what);
}

static const char *due(void)
{
    told[0] = '\0';
    bg_leavers_due(&custody, note, NULL);
    return told;
}

static void what_hangs_on_a_person(void **state)
{
    struct bg_person *bob = &people.person[1];

    (void)state;
    only(BG_RULE_THRESHOLD, SET("1", "2/3", "1", T1) CARD("1-1", "Bob") KEY("blue", "0102", "BOB"),
         ENVELOPE("17", "A1", WITH("1-1", "1") "custodian = bob\n")
             ENVELOPE("18", "A2", WITH("1-2", "1") "custodian = Ann\n"),
         SET("2", "2/3", "1", T1), ENVELOPE("19", "A3", WITH("1-1, key x", "2") "custodian = Bob\n"));
    assert_string_equal(due(), ""); /* nobody has left */
    assert_true(bg_leaver_owes(&custody, bob, bob->owes));
    assert_string_equal(bob->owes,
                        "bg1 card 1-1, bg1 key blue, bg1 envelope 17, bg2 card 1-1, bg2 envelope 19, "
                        "safe north, safe south");
    assert_false(bg_leaver_owes(&custody, &people.person[0], people.person[0].owes));
    (void)snprintf(bob->left, sizeof bob->left, "%s", T2);
    assert_string_equal(due(),
                        "bob: bg1 card 1-1; bob: bg1 key blue; bob: bg1 envelope 17; bob: bg2 card 1-1; "
                        "bob: bg2 envelope 19; bob:  safe north; bob:  safe south; ");
}

static void what_changes_hands_stays_due(void **state)
{
    struct bg_person *bob = &people.person[1];

    (void)state;
    (void)snprintf(bob->left, sizeof bob->left, "%s", T2);
    (void)snprintf(bob->owes, sizeof bob->owes,
                   "bg1 card 1-1, bg1 key blue, bg1 envelope 17, safe north, bg1 x y");
    only(BG_RULE_THRESHOLD, SET("1", "2/3", "1", T1) CARD("1-1", "Ann") KEY("blue", "0102", "Ann"),
         ENVELOPE("17", "A1", WITH("1-1", "1") "custodian = Ann\n"), NOTHING);
    (void)snprintf(safes.safe[0].holders, sizeof safes.safe[0].holders, "Ann");
    (void)snprintf(safes.safe[1].holders, sizeof safes.safe[1].holders, "Ann");
    assert_string_equal(due(),
                        "bob: bg1 card 1-1; bob: bg1 key blue; bob: bg1 envelope 17; bob:  safe north; "
                        "bob: bg1 x y; ");
    (void)snprintf(bob->owes, sizeof bob->owes, "bg1 card 1-1, bg1 key blue, bg1 envelope 17, safe north");
    /* each is done by what is newer than the day they left */
    (void)snprintf(credential[0].shares.created, BG_TIME_LEN, "%s", T3);
    (void)snprintf(credential[0].key[0].created, BG_TIME_LEN, "%s", T3);
    (void)snprintf(envelopes[0].envelope[0].sealed, BG_TIME_LEN, "%s", T3);
    assert_string_equal(due(), "bob:  safe north; ");
    (void)snprintf(safes.safe[0].changed, BG_TIME_LEN, "%s", T3);
    assert_string_equal(due(), "");
}

static void who_sealed_it_has_seen_it(void **state)
{
    struct bg_person *bob = &people.person[1];

    (void)state;
    (void)snprintf(bob->left, sizeof bob->left, "%s", T2);
    bob->owes[0] = '\0';
    safes.n = 0;
    only(BG_RULE_THRESHOLD, SET("1", "2/3", "1", T1),
         ENVELOPE("17", "A1", WITH("1-1", "1") "custodian = Ann\n"), NOTHING);
    (void)snprintf(envelopes[0].envelope[0].seen_by, BG_PERSON_NAME, "bob");
    assert_string_equal(due(), "bob: bg1 envelope 17; ");
    envelopes[0].envelope[0].status = BG_ENVELOPE_DESTROYED;
    assert_string_equal(due(), "");
    envelopes[0].envelope[0].status = BG_ENVELOPE_SEALED;
    (void)snprintf(envelopes[0].envelope[0].seen_by, BG_PERSON_NAME, "sue");
    /* what cannot be read may hold what they kept */
    (void)snprintf(bob->owes, sizeof bob->owes, "bg1 card 1-1");
    account[0].credential = NULL;
    assert_string_equal(due(), "bob: bg1 card 1-1; ");
    account[0].credential = &credential[0];
}

static int forget(void **state)
{
    (void)state;
    bg_credential_free(&credential[0]);
    bg_credential_free(&credential[1]);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nobody_has_a_threshold, lists),
        cmocka_unit_test_setup(groups_count_too, lists),
        cmocka_unit_test_setup(safes_count_too, lists),
        cmocka_unit_test_setup(two_shares_are_apart, lists),
        cmocka_unit_test_setup(two_accounts_are_apart, lists),
        cmocka_unit_test_setup(nobody_reviews_themselves, lists),
        cmocka_unit_test_setup(what_a_change_breaks, lists),
        cmocka_unit_test(every_rule_has_its_words),
        cmocka_unit_test_setup(what_hangs_on_a_person, lists),
        cmocka_unit_test_setup(what_changes_hands_stays_due, lists),
        cmocka_unit_test_setup(who_sealed_it_has_seen_it, lists),
    };

    return cmocka_run_group_tests(tests, NULL, forget);
}
