/* SPDX-License-Identifier: ISC */
/*
 * Keys that sshd verifies. Two files know of one: the credentials say that it opens the account, and the
 * account's own keys file makes sshd ask for its signature, with touch and PIN. A key in the keys file alone
 * opens nothing.
 */
#ifndef BG_ADMIN_KEY_SSH_H
#define BG_ADMIN_KEY_SSH_H

#include <jansson.h>
#include <stdbool.h>
#include "admin/admin.h"
#include "base/hash.h"
#include "config/credential.h"

/* key add --ssh FILE; label and custodian may be NULL. */
enum admin_exit ssh_add(const char *account, const char *label, const char *custodian, const char *file,
                        json_t *root);

/* Where the key with that label stands in c, ssh_count without one. */
size_t ssh_find(const struct bg_credential *c, const char *label);

/* As key_warn_of_loss, for c->ssh[at]. */
void ssh_warn_of_loss(const char *account, struct bg_credential *c, size_t at);

/* key remove, after the person has agreed. */
enum admin_exit ssh_take_out(const char *account, struct bg_credential *c, size_t at);

/* key test --ssh: show a challenge, and see which key has signed it. */
enum admin_exit ssh_test(const char *account, const struct bg_credential *c, json_t *root);

/* A key as "ssh-keygen -l" shows it; and as an object. */
#define SSH_PRINT (7 + BG_BASE64_LEN(BG_HASH) + 1)
const char *ssh_print(const struct bg_ssh_blob *b, char out[SSH_PRINT]);
json_t *ssh_json(const char *account, const struct bg_ssh_key *k);

/* Print the keys of an account and append their objects; false when there is none. */
bool ssh_list(const char *account, const struct bg_credential *c, json_t *keys);

/* --- sshfile.c: BG_CONFDIR/ssh/NAME, an authorized_keys file. Lines that are not ours stay */

/* The key's line, new or anew, at the end; or no line with that key any more. False: the finding was shown.
 */
bool sshfile_put(const char *account, const struct bg_ssh_key *k);
bool sshfile_drop(const char *account, const struct bg_ssh_blob *blob);

/* Has the key at c->ssh[at] a line there by which sshd asks for touch and PIN? False: the finding was shown.
 */
bool sshfile_has(const char *account, const struct bg_credential *c, size_t at);

/* For status: is each key of the credentials in the file, and no other? Findings are shown. */
void sshfile_look(const char *account, const struct bg_credential *c);

#endif
