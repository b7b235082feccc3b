/* SPDX-License-Identifier: ISC */
/* What the parts of "breakglass key" share. */
#ifndef BG_ADMIN_KEY_KEY_H
#define BG_ADMIN_KEY_KEY_H

#include <jansson.h>
#include "config/credential.h"
#include "config/policy.h"
#include "admin/admin.h"
#include "key/key.h"

extern const struct command_option key_add_options[], key_test_options[];
enum admin_exit key_add(char *const words[], json_t *root);
enum admin_exit key_test(char *const words[], json_t *root);

enum admin_exit key_suspend(char *const words[], json_t *root);
enum admin_exit key_resume(char *const words[], json_t *root);

/* Say what the account loses when the key at c->key[at] opens it no more, before anybody agrees to that. */
void key_warn_of_loss(const char *account, const struct bg_credential *c, size_t at);

/* Where the key with that label stands in c, key_count without one. */
size_t key_find(const struct bg_credential *c, const char *label);

json_t *key_json(const char *account, const struct bg_key *k, uint32_t counter);

/* --- talk.c: the person and the key */

/* Lock the host's keys, list the nodes. False: the finding was shown. *lock is to be closed. */
bool keytalk_nodes(const char *device, struct bg_key_nodes *nodes, int *lock);

/* Show what a code or the end of a worker means. */
void keytalk_failed(enum bg_fido_code code, enum bg_err r);

/* Ask for it on the terminal, or take a line of standard input. False: there is none, the finding was shown.
 */
bool keytalk_pin(const struct bg_fido_info *info, bool from_stdin, char pin[BG_FIDO_PIN]);

/* As far as can be told: the key that a PIN was typed for, found again. */
bool keytalk_same(const struct bg_fido_info *a, const struct bg_fido_info *b);

#define KEYTALK_TOUCH_MS 30000

/* For bg_fido_run: says "touch it" on standard error. */
enum bg_err keytalk_touch(void *arg);

/*
 * Let k sign, and say what is wrong if it is not right. The counter is compared and kept, and so is that the
 * key verified its user.
 */
bool keytalk_prove(const char *account, struct bg_key_session *s, const struct bg_key *k, const char *pin,
                   struct bg_fido_said *said);

#endif
