/* What the parts of "breakglass key" share. */
#ifndef BG_ADMIN_KEY_KEY_H
#define BG_ADMIN_KEY_KEY_H

#include <jansson.h>
#include "config/credential.h"
#include "config/policy.h"
#include "admin/admin.h"
#include "key/key.h"

/* The words of an add or test. */
struct key_wish {
    const char *account, *device, *label;
    enum bg_key_uv uv;
    enum bg_fido_type type;
    bool pin_stdin, yes, json;
};

enum admin_exit key_add(int argc, char **argv);
enum admin_exit key_test(int argc, char **argv);

/* Print the JSON object of a command that ends with x, if that is wanted; root (may be NULL) is taken. */
enum admin_exit key_finish(enum admin_exit x, json_t *root);

/* Root, a sound account, credentials that can be read; false: the finding was shown and *x is set. */
bool key_begin(const char *command, const char *account, struct bg_credential *c, enum admin_exit *x);

json_t *key_json(const char *account, const struct bg_key *k);

/* --- keytalk.c: the person and the key */

/* Lock the host's keys, list the nodes. False: the finding was shown. *lock is to be closed. */
bool keytalk_nodes(const char *device, struct bg_fido_nodes *nodes, int *lock);

/* Show what a code or the end of a worker means. */
void keytalk_failed(enum bg_fido_code code, enum bg_err r);

/* Does the key want its PIN for this? */
bool keytalk_needs_pin(const struct bg_fido_info *info, enum bg_key_uv uv);

/* Ask for it on the terminal, or take a line of standard input. False: there is none, the finding was shown.
 */
bool keytalk_pin(const struct bg_fido_info *info, bool from_stdin, char pin[BG_FIDO_PIN]);

/* For bg_fido_run: says "touch it" on standard error. */
enum bg_err keytalk_touch(void *arg);

/* Let k sign, and say what is wrong if it is not right. The counter is compared and kept. */
bool keytalk_prove(struct bg_key_session *s, const struct bg_key *k, const char *pin, uint32_t *counter);

#endif
