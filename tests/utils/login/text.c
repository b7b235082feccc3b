/* SPDX-License-Identifier: ISC */
/*
 * The factor "text" with a person who types. The host's clock and nonce are those of the example of
 * breakglass-challenge(7), so that the answer can be what openssl(1) signed for it: see
 * tests/lib/key/challenge.c, which has the same signatures.
 */
#include "scene.h"

#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/hash.h"
#include "key/client.h"
#include "key/key.h"
#include "login/login.h"

#define CODE   "1NGG7-T04HM-ASW9N-F6YY0-93C6Y"
#define SHOWN  "say BG250\ntext web01 bg1 sshd " CODE "\nsay BG251\n"
#define LINE   "show Line 1 of 5: \n"
#define OTHERS "show Line 2 of 5: \nshow Line 3 of 5: \nshow Line 4 of 5: \nshow Line 5 of 5: \n"

static const char ed_public[] = "de4477861a7484999936cdcc86a8f63047532f7e4949f7ac149f996373919907";
static const char rp_hash[] = /* sha256sum of breakglass:text */
    "af3ff0fdc56a4f90ba5867f5ad5243a12bbfde7626c586f243a46028f9562737";
static const char verified[] = /* over flags 5, counter 7 */
    "664def9543489b99a678509c8c00fe9314098054dd99603b7bd55478659da15306ee56ce50e7b97d1ec7fc6617"
    "a08c82463589ba82e9d643b87884d2711a8e07";
static const char touched[] = /* over flags 1, counter 7: without PIN */
    "8d46b8b8fbe1c38c89b6b6458da7d90063dd4d5341ae509d58ec7e6abcd60ac25a635fe020f071c72c984f806e"
    "1fbd7e6ff1bbc29a7af848607cad20b3de7f0e";

static int64_t later;    /* so many milliseconds pass before the person answers */
static bool other_nonce; /* of the next challenge */
static enum bg_key_step step;
static char line[BG_RESPONSE_ROWS][BG_ROW_TEXT]; /* the answer */

enum bg_err __wrap_bg_fido_challenge(uint8_t out[BG_FIDO_HASH]);
enum bg_err __wrap_bg_fido_challenge(uint8_t out[BG_FIDO_HASH])
{
    static const char code[] = "1NGG7T04HMASW9NF6YY093C6Y";

    memset(out, 0, BG_FIDO_HASH);
    for (size_t i = 0; i < 15; i++)
        out[i] = (uint8_t)bg_row_symbol(code[7 + i]);
    out[0] ^= other_nonce;
    return BG_OK;
}

int64_t __wrap_bg_wall_ms(void);
int64_t __wrap_bg_wall_ms(void)
{
    return INT64_C(1795694400999);
}

int __real_bg_left_ms(int64_t deadline);
int __wrap_bg_left_ms(int64_t deadline);
int __wrap_bg_left_ms(int64_t deadline)
{
    return __real_bg_left_ms(deadline - later);
}

enum bg_err __wrap_bg_key_counter(const char *dir, const struct bg_fido_id *id, uint32_t now,
                                  enum bg_key_step *out, uint32_t *before);
enum bg_err __wrap_bg_key_counter(const char *dir, const struct bg_fido_id *id, uint32_t now,
                                  enum bg_key_step *out, uint32_t *before)
{
    assert_string_equal(dir, BG_KEY_COUNTERS);
    assert_ptr_equal(id, &scene.L.credential.key[0].id);
    assert_int_equal(now, 7);
    scene_note("counter\n");
    *out = step;
    *before = 7;
    return BG_OK;
}

/* The lines of an answer to that challenge, with what a key has signed for the example. */
static void answer(const char *host, const char *code, uint8_t flags, const char *sig_hex)
{
    uint8_t authdata[37] = {0}, sig[BG_RESPONSE_SIG], rows[BG_RESPONSE_ROWS][BG_ROW];
    struct bg_challenge c;
    struct bg_response a;
    size_t n = 0;

    assert_true(bg_challenge_names(&c, host, "bg1", "sshd"));
    for (const char *p = code; *p != '\0'; p++)
        if (*p != '-')
            c.row[n++] = (uint8_t)bg_row_symbol(*p);
    assert_true(bg_unhex(rp_hash, authdata, 32) && bg_unhex(sig_hex, sig, sizeof sig));
    authdata[32] = flags;
    authdata[36] = 7;
    assert_int_equal(bg_response_from_key(BG_FIDO_EDDSA, authdata, sizeof authdata, sig, sizeof sig, &a),
                     BG_OK);
    assert_int_equal(bg_response_write(&c, &a, rows), BG_OK);
    for (size_t i = 0; i < BG_RESPONSE_ROWS; i++)
        bg_row_print(rows[i], line[i]);
}

static void begin(const char *const *answers)
{
    struct bg_credential *c = &scene.L.credential;

    scene_begin(answers);
    scene.plain = "web01 bg1 sshd ";
    (void)strcpy(scene.L.hello.service, "sshd");
    scene.L.source = BG_SOURCE_NETWORK;
    c->has_shares = false;
    c->key_count = 1;
    (void)strcpy(c->key[0].label, "blue");
    c->key[0].use = BG_USE_TEXT;
    c->key[0].pub.type = BG_FIDO_EDDSA;
    assert_true(bg_unhex(ed_public, c->key[0].pub.bytes, 32));
    later = 0;
    other_nonce = false;
    step = BG_KEY_STEP_GOOD;
}

static int fresh(void **state)
{
    (void)state;
    answer("web01", CODE, 5, verified);
    begin(ANSWERS(NULL));
    return 0;
}

static void the_answer_opens(void **state)
{
    (void)state;
    scene.answers = ANSWERS(line[0], line[1], line[2], line[3], line[4]);
    assert_int_equal(login_text(&scene.L), BG_OK);
    assert_log(SHOWN LINE OTHERS "counter\n");
    assert_string_equal(scene.L.key, "blue");
    assert_int_equal(scene.L.key_counter, 7);
    assert_true(scene.L.key_verified && scene.L.proven);
    assert_int_equal(scene.secrets, 0);
}

/* ? shows the same challenge again, and nothing that was typed is lost. */
static void shown_again(void **state)
{
    (void)state;
    scene.answers = ANSWERS(line[0], "?", line[1], line[2], line[3], line[4]);
    assert_int_equal(login_text(&scene.L), BG_OK);
    assert_log(SHOWN LINE "show Line 2 of 5: \n" SHOWN OTHERS "counter\n");
}

/* The third character of the second group: said by its place, and Enter takes what was meant. */
static void a_typing_error_is_told_by_its_place(void **state)
{
    char typed[BG_ROW_TEXT], meant = line[0][8], said[96];

    (void)state;
    (void)strcpy(typed, line[0]);
    typed[8] = meant == 'Z' ? '7' : 'Z';
    scene.answers = ANSWERS(typed, "", line[1], line[2], line[3], line[4]);
    assert_int_equal(login_text(&scene.L), BG_OK);
    assert_log(SHOWN LINE "say BG240\n" LINE OTHERS "counter\n");
    (void)snprintf(said, sizeof said, "Line 1: character 3 of group 2 does not fit, %c would.", meant);
    assert_said(said);
}

/* Up to its last moment it counts; then it does not, and that is no attempt of a stranger. */
static void a_challenge_expires(void **state)
{
    (void)state;
    later = TEXT_MS - 60000;
    scene.answers = ANSWERS(line[0], line[1], line[2], line[3], line[4]);
    assert_int_equal(login_text(&scene.L), BG_OK);
    begin(ANSWERS(line[0]));
    later = TEXT_MS;
    assert_int_equal(login_text(&scene.L), BG_E_MISMATCH);
    assert_log(SHOWN LINE "say BG252\n");
    assert_said("older than 10 minutes");
    assert_int_equal(scene.events, 0);
}

/* Its lines do not fit here, and after two of them that is clear. */
static void the_answer_for_another_host(void **state)
{
    (void)state;
    answer("web02", CODE, 5, verified);
    scene.answers = ANSWERS(line[0], line[1], "q");
    assert_int_equal(login_text(&scene.L), BG_E_CANCEL);
    assert_log(SHOWN LINE "say BG245\n" LINE "say BG246\n" LINE);
    assert_int_equal(scene.events, 0);
}

/* The lines can be made to fit by anybody: what was signed cannot. */
static void what_was_signed_for_another(void **state)
{
    (void)state;
    begin(ANSWERS(NULL));
    other_nonce = true;
    scene.answers = ANSWERS("q");
    assert_int_equal(login_text(&scene.L), BG_E_CANCEL);
    const char *code = strstr(scene.log, "text web01 bg1 sshd ") + strlen("text web01 bg1 sshd ");
    char other[BG_ROW_TEXT];

    (void)snprintf(other, sizeof other, "%s", code);
    assert_string_not_equal(other, CODE);
    answer("web01", other, 5, verified);
    begin(ANSWERS(line[0], line[1], line[2], line[3], line[4]));
    other_nonce = true;
    assert_int_equal(login_text(&scene.L), BG_E_MISMATCH);
    assert_non_null(
        strstr(scene.log, LINE OTHERS "say BG253\nrecord attempt.failed failed BG253\nsay BG105\nsleep "));
    assert_null(strstr(scene.log, "counter"));
    assert_string_equal(scene.L.key, "");
}

/* By another dialogue's challenge its lines do not fit; were the challenge the same, the counter tells. */
static void an_answer_counts_once(void **state)
{
    (void)state;
    scene.answers = ANSWERS(line[0], line[1], line[2], line[3], line[4]);
    assert_int_equal(login_text(&scene.L), BG_OK);
    begin(ANSWERS(line[0], line[1], "q"));
    other_nonce = true;
    assert_int_equal(login_text(&scene.L), BG_E_CANCEL);
    assert_non_null(strstr(scene.log, LINE "say BG245\n" LINE "say BG246\n" LINE));
    begin(ANSWERS(line[0], line[1], line[2], line[3], line[4]));
    step = BG_KEY_STEP_BACK;
    assert_int_equal(login_text(&scene.L), BG_E_MISMATCH);
    assert_int_equal(scene_count(BG_EV_KEY_COUNTER_BACK), 1);
    assert_true(scene.L.credential.key[0].suspended);
    assert_false(scene.L.proven);
}

static void without_a_pin(void **state)
{
    (void)state;
    answer("web01", CODE, 1, touched);
    scene.answers = ANSWERS(line[0], line[1], line[2], line[3], line[4]);
    assert_int_equal(login_text(&scene.L), BG_E_MISMATCH);
    assert_said("it was given without PIN or fingerprint");
    assert_int_equal(scene_count(BG_EV_ATTEMPT_FAILED), 1);
}

/* The same signature by a key that is enrolled for consoles, or for another place, opens nothing. */
static void a_key_for_something_else(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        begin(ANSWERS(line[0], line[1], line[2], line[3], line[4]));
        if (i == 0)
            scene.L.credential.key[0].use = BG_USE_CONSOLE;
        else
            (void)strcpy(scene.L.credential.key[0].from, "console");
        assert_int_equal(login_text(&scene.L), BG_E_MISMATCH);
        assert_non_null(strstr(scene.log, "say BG253\n"));
        assert_false(scene.L.proven);
    }
}

/* q leaves in the middle too; three empty lines lead back to the first question. */
static void leaving(void **state)
{
    (void)state;
    scene.answers = ANSWERS(line[0], line[1], "q");
    assert_int_equal(login_text(&scene.L), BG_E_CANCEL);
    assert_log(SHOWN LINE "show Line 2 of 5: \nshow Line 3 of 5: \n");
    begin(ANSWERS("", "", ""));
    assert_int_equal(login_text(&scene.L), BG_E_MISMATCH);
    assert_int_equal(scene.events, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_answer_opens, fresh),
        cmocka_unit_test_setup(shown_again, fresh),
        cmocka_unit_test_setup(a_typing_error_is_told_by_its_place, fresh),
        cmocka_unit_test_setup(a_challenge_expires, fresh),
        cmocka_unit_test_setup(the_answer_for_another_host, fresh),
        cmocka_unit_test_setup(what_was_signed_for_another, fresh),
        cmocka_unit_test_setup(an_answer_counts_once, fresh),
        cmocka_unit_test_setup(without_a_pin, fresh),
        cmocka_unit_test_setup(a_key_for_something_else, fresh),
        cmocka_unit_test_setup(leaving, fresh),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
