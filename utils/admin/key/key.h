/* SPDX-License-Identifier: ISC */
/* What the parts of "breakglass key" share. */
#ifndef BG_ADMIN_KEY_KEY_H
#define BG_ADMIN_KEY_KEY_H

#include <jansson.h>
#include "config/credential.h"
#include "config/policy.h"
#include "config/ways.h"
#include "admin/admin.h"
#include "key/key.h"

extern const struct command_option key_add_options[], key_list_options[], key_test_options[];
enum admin_exit key_add(char *const words[], json_t *root);
enum admin_exit key_test(char *const words[], json_t *root);

enum admin_exit key_suspend(char *const words[], json_t *root);
enum admin_exit key_resume(char *const words[], json_t *root);

/* Say what the account loses when the key at c->key[at] opens it no more, before anybody agrees to that; *c
 * is as before afterwards. */
void key_warn_of_loss(const char *account, struct bg_credential *c, size_t at);

/* Can a key be asked in this host? Without one text challenges are left. False: the finding was shown. */
bool key_is_built(const char *command);

/*
 * text.c: enrol the key whose line is in the file `path` ("-": standard input), under `label` or its own
 * name, kept by custodian (NULL: not told); and see that an enrolled one answers.
 */
enum admin_exit key_add_text(const char *account, const char *path, const char *label, const char *custodian,
                             struct bg_credential *c, json_t *root);
enum admin_exit key_test_text(const char *account, const struct bg_credential *c, json_t *root);

/* What a signature lacks, for a person. */
const char *key_fault_words(enum bg_fido_fault fault);

/* It was seen to be right: its next test is due a while from now. */
void key_tested(const char *account, const char *label);

/* Where the key with that label stands in c, key_count without one. */
size_t key_find(const struct bg_credential *c, const char *label);

/* Was it put into the list? False: the finding was shown. */
bool key_was_added(enum bg_err r);

json_t *key_json(const char *account, const struct bg_key *k, uint32_t counter);

/* What the key has signed decides whether its user is verified, and that is demanded ever after; how that is
 * said, and what is said of a key that opens by a touch. */
void key_decide_uv(struct bg_key *k, const struct bg_fido_said *said);
const char *key_uv_words(enum bg_key_uv uv);
void key_warn_of_touch_only(const char *account, const struct bg_key *k);

/* --- talk.c: the person and the key */

#define KEYTALK_TOUCH_MS 30000
#define KEYTALK_TOUCH    "30 seconds"

/* One use of a key by a command. The options come first. */
struct keytalk {
    const char *account;
    const char *device; /* NULL: what breakglass.conf says */
    bool pin_stdin;
    struct bg_key_search w; /* keys NULL: any key */
    struct bg_key_session s;
    int lock;
    bool use_pin;
    char pin[BG_FIDO_PIN]; /* wiped by keytalk_close() */
    const char *touch;     /* what the touch is for, shown when it is waited for */
};

/* Open the key: where none is plugged in somebody may do so now, where several will do the person touches
 * one. False: the finding was shown. */
bool keytalk_open(struct keytalk *t);

/* The key is not held while a person types: a login may need it. It is to be opened again, the same one. */
void keytalk_let_go(struct keytalk *t);
void keytalk_close(struct keytalk *t);

/* Show what a code or the end of a worker means. */
void keytalk_failed(enum bg_fido_code code, enum bg_err r);

/*
 * The key verifies its user, as far as `verify` asks for it: choose between finger and PIN, ask for the PIN,
 * or set another one where the key wants that. False: it cannot go on, the finding was shown. Afterwards the
 * key is open again.
 */
bool keytalk_verify(struct keytalk *t, bool verify);

/* For bg_fido_run; arg: struct keytalk. */
enum bg_err keytalk_touch(void *arg);

/* After a ceremony that failed: is it worth another try, by the PIN instead of a finger? The PIN was asked
 * for then. */
bool keytalk_again(struct keytalk *t, enum bg_fido_code code);

/* Compare the counter of a verified answer of k, and keep it. False: it may have a copy, the finding was
 * shown. */
bool keytalk_counter_grows(const char *account, const struct bg_key *k, uint32_t now);

/*
 * Let the key sign, and say what is wrong if it is not right. The counter is compared and kept, and so is
 * that the key verified its user. True with t->s.which.
 */
bool keytalk_prove(struct keytalk *t, struct bg_fido_said *said);

/* --- pin.c */

/* A PIN into t->pin, from the terminal or a line of standard input. The last tries are spent only after YES.
 * False: there is none, the finding was shown. */
bool keytalk_pin(struct keytalk *t);

/* Set one where there is none (t->pin ""), or another one in its place; it is in t->pin afterwards. Opens the
 * key again. */
bool keytalk_new_pin(struct keytalk *t);

/* --- attest.c */

/*
 * What the key shows for its model, of the answer to the make of k over hash: sets k->attestation and its
 * key. ca: a PEM file that must lead to it, or NULL. False: it is not what ca demands, the finding was shown.
 */
bool key_attest(struct bg_key *k, const struct bg_fido_result *made, const uint8_t hash[BG_FIDO_HASH],
                const char *ca);

#endif
