/* SPDX-License-Identifier: ISC */
/* The table of factors: who is offered which, and what the question says. */
#include "scene.h"

#include <string.h>
#include "../../lib/key/ssh_vectors.h"
#include "login/login.h"

static const char *const silence[] = {NULL};
static struct ways ways;

/* What an account with so many keys, with shares or without, offers here: the message that refuses. */
static const struct bg_message *find(enum bg_require require, int keys, bool shares, bool here)
{
    scene_begin(silence);
    scene.L.credential.require = require;
    scene.L.credential.key_count = (size_t)keys;
    scene.L.credential.has_shares = shares;
    if (!here)
        scene.L.source = BG_SOURCE_LOCAL;
    memset(&ways, 0, sizeof ways);
    return ways_find(&scene.L, &ways);
}

/* The names of one step, with a blank after each. */
static const char *names(unsigned step)
{
    static char out[64];

    out[0] = '\0';
    for (const struct way *w = ways_first(ways.offered[step]); w != NULL;
         w = ways_after(ways.offered[step], w))
        (void)strcat(strcat(out, w->name), " ");
    return out;
}

#define NO_KEY_HERE (BG_WITH_FIDO ? BG_M_KEY_CONSOLE_ONLY : BG_M_KEY_NOT_BUILT)

static void ways_of_every_kind(void **state)
{
    const struct {
        enum bg_require require;
        int keys;
        bool shares, here;
        const struct bg_message *refused;
        const char *first, *second;
    } rows[] = {
        {BG_REQUIRE_ANY, 0, false, true, BG_M_NO_CREDENTIAL, "", ""},
        {BG_REQUIRE_ANY, 1, false, true, NULL, "key ", ""},
        {BG_REQUIRE_ANY, 0, true, true, NULL, "shares ", ""},
        {BG_REQUIRE_ANY, 1, true, true, NULL, "key shares ", ""},
        {BG_REQUIRE_ANY, 1, true, false, NULL, "shares ", ""},
        {BG_REQUIRE_ANY, 1, false, false, NO_KEY_HERE, "", ""},
        {BG_REQUIRE_KEY, 1, true, true, NULL, "key ", ""},
        {BG_REQUIRE_KEY, 1, true, false, NO_KEY_HERE, "", ""},
        {BG_REQUIRE_KEY, 0, true, true, BG_M_NO_CREDENTIAL, "", ""},
        {BG_REQUIRE_SHARES, 1, true, true, NULL, "shares ", ""},
        {BG_REQUIRE_SHARES, 1, false, true, BG_M_NO_CREDENTIAL, "", ""},
        {BG_REQUIRE_BOTH, 1, true, true, NULL, "key ", "shares "},
        {BG_REQUIRE_BOTH, 1, true, false, NO_KEY_HERE, "", ""},
        {BG_REQUIRE_BOTH, 1, false, true, BG_M_NO_CREDENTIAL, "", ""},
        {BG_REQUIRE_BOTH, 1, false, false, BG_M_NO_CREDENTIAL, "", ""},
        {BG_REQUIRE_BOTH, 0, true, true, BG_M_NO_CREDENTIAL, "", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool with_key = strstr(rows[i].first, "key") != NULL;

        if (with_key && !BG_WITH_FIDO)
            continue;
        assert_ptr_equal(find(rows[i].require, rows[i].keys, rows[i].shares, rows[i].here), rows[i].refused);
        assert_string_equal(names(0), rows[i].first);
        assert_string_equal(names(1), rows[i].second);
        assert_int_equal(ways.steps, (*rows[i].first != '\0') + (*rows[i].second != '\0'));
    }
}

/* Each row by its own `from`, and what is required by the class of the source. */
static void ways_by_place(void **state)
{
    (void)state;
    (void)find(BG_REQUIRE_ANY, 1, true, false); /* from here on the scene is somebody's at su */
    (void)strcpy(scene.L.credential.shares.from, "console");
    assert_ptr_equal(ways_find(&scene.L, &ways), BG_WITH_FIDO ? BG_M_KEY_CONSOLE_ONLY : BG_M_NOT_FROM_HERE);
    (void)strcpy(scene.L.credential.shares.from, "console local");
    assert_null(ways_find(&scene.L, &ways));
    assert_string_equal(names(0), "shares ");
    if (!BG_WITH_FIDO)
        return;
    scene.L.source = BG_SOURCE_CONSOLE;
    scene.L.credential.require_at[BG_SOURCE_CONSOLE - 1] = BG_REQUIRE_KEY + 1;
    assert_null(ways_find(&scene.L, &ways));
    assert_string_equal(names(0), "key ");
    scene.L.credential.require_at[BG_SOURCE_CONSOLE - 1] = BG_REQUIRE_TWO_KEYS + 1;
    assert_ptr_equal(ways_find(&scene.L, &ways), BG_M_NOT_FROM_HERE); /* one key; at su there is a way */
    scene.L.credential.key_count = 2;
    assert_null(ways_find(&scene.L, &ways));
    assert_int_equal(ways.steps, 2);
    assert_string_equal(names(1), "key ");
    (void)strcpy(scene.L.credential.key[1].from, "network");
    assert_ptr_equal(ways_find(&scene.L, &ways), BG_M_NOT_FROM_HERE);
}

static const char *chosen(const char *answer)
{
    const struct way *w = ways_chosen(ways.offered[0], answer);

    return w == NULL ? "" : w->name;
}

static void choices(void **state)
{
    (void)state;
    assert_null(find(BG_REQUIRE_SHARES, 0, true, true));
    assert_string_equal(chosen(""), "shares");
    assert_string_equal(chosen("c"), "shares");
    assert_string_equal(chosen("S"), "shares");
    assert_string_equal(chosen("k"), "");
    assert_string_equal(chosen("anything"), "");
    if (!BG_WITH_FIDO)
        return;
    assert_null(find(BG_REQUIRE_ANY, 1, true, true));
    assert_string_equal(chosen(""), "key");
    assert_string_equal(chosen("k"), "key");
    assert_string_equal(chosen("KEY"), "key");
    assert_string_equal(chosen("s"), "shares");
    assert_string_equal(chosen("c"), "shares");
    assert_string_equal(chosen("C"), "shares");
    assert_string_equal(chosen("shares"), "shares");
    assert_string_equal(chosen("Cards"), "shares");
    assert_string_equal(chosen("?"), "");
    assert_string_equal(chosen(" "), "");
    assert_null(find(BG_REQUIRE_BOTH, 1, true, true)); /* shares alone do not skip the key */
    assert_string_equal(chosen(""), "key");
    assert_string_equal(chosen("s"), "");
}

static const char *asked(const char *failed)
{
    static char out[160];

    ways_question(ways.offered[0], failed == NULL ? NULL : ways_chosen(ways.offered[0], failed), out,
                  sizeof out);
    return out;
}

static void questions(void **state)
{
    (void)state;
    assert_null(find(BG_REQUIRE_SHARES, 0, true, true));
    assert_string_equal(asked(NULL), "Press Enter to type cards, ? for help, q to leave: ");
    if (!BG_WITH_FIDO)
        return;
    assert_null(find(BG_REQUIRE_ANY, 1, true, true));
    assert_string_equal(asked(NULL), "Enter = security key, c = cards, ? = help, q = leave: ");
    assert_string_equal(asked("k"), "Enter = try the key again, c = cards, ? = help, q = leave: ");
    assert_string_equal(asked("s"), "Enter = security key, c = cards, ? = help, q = leave: ");
    assert_null(find(BG_REQUIRE_KEY, 1, true, true));
    assert_string_equal(asked(NULL), "Press Enter to use the security key, ? for help, q to leave: ");
    assert_string_equal(asked("k"), "Press Enter to try the key again, ? for help, q to leave: ");
}

/* An account with this key of sshd's, and so many of the other kind; what sshd says, under a service's name.
 */
static const struct bg_message *find_ssh(const char *service, const char *info, int keys, bool shares)
{
    struct login *L = &scene.L;

    (void)find(BG_REQUIRE_ANY, keys, shares, true);
    L->credential.ssh_count = 1;
    assert_true(bg_ssh_read(ED, strlen(ED), &L->credential.ssh[0].blob));
    L->hello.phase = BG_PHASE_AUTH;
    L->hello.caller_uid = 0;
    (void)strcpy(L->hello.service, service);
    (void)strcpy(L->hello.sshd, info);
    if (decide_is_sshd(&L->hello))
        L->source = BG_SOURCE_NETWORK;
    memset(&ways, 0, sizeof ways);
    return ways_find(L, &ways);
}

#define SHOWN "publickey " BG_SSH_ED25519 " " ED "\n"
#define OTHER "publickey " BG_SSH_ECDSA " " EC "\n"

/* Two keys are two devices of two people: sshd tells neither, and of a key far away only its custodian does.
 */
static void two_keys_are_two_peoples(void **state)
{
    struct bg_credential *c = &scene.L.credential;

    (void)state;
    (void)find_ssh("sshd", SHOWN, 2, false);
    c->require = BG_REQUIRE_TWO_KEYS;
    c->key[0].use = c->key[1].use = BG_USE_TEXT;
    (void)strcpy(c->key[0].custodian, "Ann");
    (void)strcpy(c->key[1].custodian, "Ben");
    assert_null(ways_find(&scene.L, &ways));
    assert_string_equal(names(0), "text ");
    assert_string_equal(names(1), "text ");
    (void)strcpy(c->key[1].custodian, "Ann");
    assert_non_null(ways_find(&scene.L, &ways));
    c->key[1].custodian[0] = '\0';
    assert_non_null(ways_find(&scene.L, &ways));
    c->key[0].custodian[0] = '\0';
    assert_non_null(ways_find(&scene.L, &ways));
    c->key[0].use = BG_USE_CONSOLE; /* one device may hold both */
    assert_non_null(ways_find(&scene.L, &ways));
    c->require = BG_REQUIRE_KEY;
    assert_null(ways_find(&scene.L, &ways));
    assert_string_equal(names(0), "ssh-key text ");
    c->require = BG_REQUIRE_ANY;
    scene.L.key_by_sshd = true;
    assert_int_not_equal(login_ssh_key(&scene.L), BG_OK);
}

/* An account that requires two keys, with one of sshd's of Ann and one for text of Ben. */
static struct bg_credential *ann_and_ben(const char *info)
{
    struct bg_credential *c = &scene.L.credential;

    (void)find_ssh("sshd", info, 1, true);
    c->require = BG_REQUIRE_TWO_KEYS;
    c->key[0].use = BG_USE_TEXT;
    (void)strcpy(c->ssh[0].custodian, "Ann");
    (void)strcpy(c->key[0].custodian, "Ben");
    return c;
}

/* One that sshd has verified and one that answers by text are two, where both custodians are told and differ.
 */
static void a_key_of_sshd_and_one_by_text(void **state)
{
    struct bg_credential *c = ann_and_ben(SHOWN);
    struct bg_place net = bg_place_of(BG_SOURCE_NETWORK), tty = bg_place_of(BG_SOURCE_CONSOLE);
    struct bg_ways w;

    (void)state;
    assert_null(ways_find(&scene.L, &ways));
    assert_string_equal(names(0), "ssh-key ");
    assert_string_equal(names(1), "text ");
    assert_true(bg_credential_ways(c, &net, &w));
    assert_false(bg_credential_ways(c, &tty, &w));
    scene.L.key_by_sshd = true;
    assert_true(ways_second(&scene.L, &c->key[0]));
    for (int what = 0; what < 6; what++) {
        c = ann_and_ben(what == 5 ? OTHER : SHOWN);
        (void)strcpy(c->key[0].custodian, what == 0 ? "Ann" : what == 1 ? "" : "Ben");
        (void)strcpy(c->ssh[0].custodian, what == 2 ? "" : "Ann");
        c->ssh[0].suspended = what == 3;
        c->key[0].suspended = what == 4;
        assert_non_null(ways_find(&scene.L, &ways)); /* 5: sshd has not verified it now */
        assert_int_equal(bg_credential_ways(c, &net, &w), what == 5);
        scene.L.key_by_sshd = true;
        assert_int_equal(ways_second(&scene.L, &c->key[0]), what == 3 || what == 4);
    }
    c = ann_and_ben(SHOWN);
    scene.L.key_by_sshd = true;
    c->key[0].use = BG_USE_CONSOLE; /* nothing is plugged in over there */
    assert_false(ways_second(&scene.L, &c->key[0]));
}

/* Without one that sshd has shown two by text are two, as before; it is told what would help. */
static void two_by_text_beside_a_key_of_sshd(void **state)
{
    struct bg_credential *c = ann_and_ben(OTHER);

    (void)state;
    assert_ptr_equal(ways_find(&scene.L, &ways), BG_M_SSH_NOT_SHOWN);
    c->key[1] = c->key[0];
    (void)strcpy(c->key[1].custodian, "Cem");
    c->key_count = 2;
    assert_null(ways_find(&scene.L, &ways));
    assert_string_equal(names(0), "text ");
    assert_string_equal(names(1), "text ");
}

static void a_key_of_sshd(void **state)
{
    (void)state;
    assert_null(find_ssh("sshd", SHOWN, 0, true));
    assert_string_equal(names(0), "ssh-key shares ");
    assert_string_equal(chosen(""), "ssh-key");
    assert_string_equal(chosen("k"), "ssh-key");
    assert_string_equal(asked(NULL), "Enter = your ssh key, c = cards, ? = help, q = leave: ");
    assert_null(find_ssh("sshd-breakglass", SHOWN, 0, false));
    assert_string_equal(names(0), "ssh-key ");
    assert_null(find_ssh("sshd", OTHER SHOWN, 1, false));
    assert_string_equal(names(0), "ssh-key ");
}

static void no_key_of_sshd(void **state)
{
    (void)state;
    assert_null(find_ssh("sshd", OTHER, 0, true));
    assert_string_equal(names(0), "shares ");
    assert_ptr_equal(find_ssh("sshd", "", 0, false), BG_M_SSH_NOT_SHOWN);
    assert_ptr_equal(find_ssh("sshd", OTHER, 1, false), BG_M_SSH_NOT_SHOWN);
    (void)strcpy(scene.L.credential.ssh[0].from, "10.2.0.0/16");
    assert_ptr_equal(ways_find(&scene.L, &ways), BG_M_NOT_FROM_HERE);
    assert_ptr_equal(find_ssh("sshd", "keyboard-interactive/pam\n", 0, false), BG_M_SSH_NOT_SHOWN);
    /* another program that says so */
    assert_ptr_equal(find_ssh("login", SHOWN, 0, false), BG_M_NOT_FROM_HERE);
    assert_null(find_ssh("login", SHOWN, 0, true));
    assert_string_equal(names(0), "shares ");
    if (!BG_WITH_FIDO)
        return;
    assert_null(find_ssh("login", SHOWN, 1, false));
    assert_string_equal(names(0), "key ");
    scene.L.source = BG_SOURCE_LOCAL;
    assert_ptr_equal(ways_find(&scene.L, &ways), BG_M_NOT_FROM_HERE); /* a console, or ssh */
}

/* It is not asked for, on any way; what else opens the account does. */
static void a_key_of_sshd_that_is_suspended(void **state)
{
    (void)state;
    (void)find_ssh("sshd", SHOWN, 0, true);
    scene.L.credential.ssh[0].suspended = true;
    assert_null(ways_find(&scene.L, &ways));
    assert_string_equal(names(0), "shares ");
    (void)find_ssh("sshd", SHOWN, 0, false);
    scene.L.credential.ssh[0].suspended = true;
    assert_ptr_equal(ways_find(&scene.L, &ways), BG_M_ALL_SUSPENDED);
    scene.L.credential.ssh[1] = scene.L.credential.ssh[0];
    scene.L.credential.ssh[1].blob.len--;
    scene.L.credential.ssh[1].suspended = false;
    scene.L.credential.ssh_count = 2;
    assert_ptr_equal(ways_find(&scene.L, &ways), BG_M_SSH_SUSPENDED);
}

static void a_key_of_sshd_by_its_address(void **state)
{
    (void)state;
    (void)find_ssh("sshd", SHOWN, 0, true);
    (void)strcpy(scene.L.credential.ssh[0].from, "10.2.0.0/16");
    (void)strcpy(scene.L.hello.rhost, "10.3.0.1");
    assert_null(ways_find(&scene.L, &ways));
    assert_string_equal(names(0), "shares ");
    (void)strcpy(scene.L.hello.rhost, "10.2.0.1");
    assert_null(ways_find(&scene.L, &ways));
    assert_string_equal(names(0), "ssh-key shares ");
}

/* Who starts pamtester as "sshd" is no sshd, and no other phase asks. */
static void only_of_root_and_only_at_auth(void **state)
{
    (void)state;
    assert_null(find_ssh("sshd", SHOWN, 0, true));
    scene.L.hello.caller_uid = 5001;
    assert_null(ways_find(&scene.L, &ways));
    assert_string_equal(names(0), "shares ");
    scene.L.hello.caller_uid = 0;
    scene.L.hello.phase = BG_PHASE_ACCOUNT;
    assert_null(ways_find(&scene.L, &ways));
    assert_string_equal(names(0), "shares ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ways_of_every_kind),
        cmocka_unit_test(ways_by_place),
        cmocka_unit_test(choices),
        cmocka_unit_test(questions),
        cmocka_unit_test(two_keys_are_two_peoples),
        cmocka_unit_test(a_key_of_sshd_and_one_by_text),
        cmocka_unit_test(two_by_text_beside_a_key_of_sshd),
        cmocka_unit_test(a_key_of_sshd),
        cmocka_unit_test(no_key_of_sshd),
        cmocka_unit_test(a_key_of_sshd_that_is_suspended),
        cmocka_unit_test(a_key_of_sshd_that_is_suspended),
        cmocka_unit_test(a_key_of_sshd_by_its_address),
        cmocka_unit_test(only_of_root_and_only_at_auth),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
