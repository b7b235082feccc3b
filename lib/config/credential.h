/* SPDX-License-Identifier: ISC */
/*
 * Credentials of one account: BG_CONFDIR/credentials/NAME, mode 0600, strict INI. Nothing in it opens the
 * door. The tables in credential.c say what is in it: one [account], a [key LABEL] for each key, an
 * [ssh-key LABEL] for each that sshd verifies, [shares] if there is a share set and [password] if there is a
 * password in parts; breakglass-credentials(5) has the same for people. What has no default must be there;
 * any fault refuses the whole file.
 */
#ifndef BG_CONFIG_CREDENTIAL_H
#define BG_CONFIG_CREDENTIAL_H

#include "config/table.h"
#include "key/key.h"
#include "key/sshkey.h"
#include "key/textkey.h"
#include "password/password.h"
#include "share/shareset.h"

#define BG_CREDENTIALS_DIR BG_CONFDIR "/credentials"

/* What it takes to open the account. */
enum bg_require {
    BG_REQUIRE_ANY = 0,
    BG_REQUIRE_KEY = 1,
    BG_REQUIRE_SHARES = 2,
    BG_REQUIRE_BOTH = 3, /* a key, then shares */
    BG_REQUIRE_TWO_KEYS = 4,
    BG_REQUIRE_PASSWORD = 5,
    BG_REQUIRE_KEY_PASSWORD = 6,
    BG_REQUIRE_SHARES_PASSWORD = 7
};

/* When it may be opened. */
enum bg_open {
    BG_OPEN_ALWAYS = 0,
    BG_OPEN_ARMED = 1 /* only while somebody has armed it (record/armed.h) */
};

struct bg_credential {
    bool enabled;
    enum bg_require require;
    uint8_t require_at[BG_SOURCES]; /* by class of source: 0 as `require`, else a bg_require + 1 */
    enum bg_open open;
    char from[BG_FROM_MAX]; /* of the whole account (config/from.h) */
    bool has_shares, has_password;
    struct bg_shareset shares;
    struct bg_password password;
    size_t key_count, ssh_count; /* at most BG_KEYS_MAX and BG_SSH_KEYS_MAX */
    struct bg_key *key;          /* allocated, as is ssh: a copy by = has the same lists */
    struct bg_ssh_key *ssh;
};

/* Free the lists, and leave none. All zero is sound. */
void bg_credential_free(struct bg_credential *c);

/* Put a copy of k behind the others. BG_E_RANGE: there is no room; BG_E_NOMEM. */
BG_MUST_CHECK enum bg_err bg_credential_add(struct bg_credential *c, const struct bg_key *k);
BG_MUST_CHECK enum bg_err bg_credential_add_ssh(struct bg_credential *c, const struct bg_ssh_key *k);

/* Take out the one at that place. */
void bg_credential_drop(struct bg_credential *c, size_t at);
void bg_credential_drop_ssh(struct bg_credential *c, size_t at);

/* Where that key of sshd's stands in c->ssh; ssh_count: it is none of the account's. */
size_t bg_credential_ssh(const struct bg_credential *c, const struct bg_ssh_blob *blob);

/* "any", "key", "shares", "key+shares" ... Static. */
const char *bg_require_name(enum bg_require require);

/* The sections of the file, for the check of the manual; and its [shares]: both for other files that hold a
 * struct bg_credential at their start. */
#define BG_CREDENTIAL_SECTIONS 7
extern bg_form bg_credential_form;
extern const struct bg_section bg_credential_shares;

/* Of such a file that was just read into c: count what it has, and look for what is wrong across sections. */
void bg_credential_settle(struct bg_credential *c, const struct bg_table *t, struct bg_faults *faults);

/* Write the sections of c. */
void bg_credential_put(FILE *out, const struct bg_credential *c);

/*
 * Load the credentials of `account` (a valid name; it is the file's name) from directory `dir`. BG_OK with
 * *c, whatever it held, which the caller frees. BG_E_SYNTAX names the first fault, with e->line 0 when there
 * is no [account]. BG_E_NOENT, BG_E_UNSAFE, BG_E_IO, BG_E_RANGE, BG_E_NOMEM: it cannot be read.
 */
BG_MUST_CHECK enum bg_err bg_credential_load(const char *dir, const char *account, struct bg_credential *c,
                                             struct bg_ini_error *e);

/* The same from the file `path`. */
BG_MUST_CHECK enum bg_err bg_credential_load_file(const char *path, struct bg_credential *c,
                                                  struct bg_ini_error *e);

/* Write them back: temporary file, fsync, rename; mode 0600. BG_E_RANGE for what could not be read again. */
BG_MUST_CHECK enum bg_err bg_credential_save(const char *dir, const char *account,
                                             const struct bg_credential *c);

/* The text of such a file, in fresh memory that the caller frees. BG_E_RANGE as above; BG_E_NOMEM. */
BG_MUST_CHECK enum bg_err bg_credential_text(const struct bg_credential *c, char **out, size_t *len);

/* "required", "preferred", "no"; "?" for anything else. Static. */
const char *bg_key_uv_name(enum bg_key_uv uv);
/* "es256", "eddsa", "rs256"; "none", "self", "basic", "trusted"; "?" for anything else. Static. */
const char *bg_key_type_name(enum bg_fido_type type);
const char *bg_key_attestation_name(enum bg_key_attestation attestation);
/* False, and *out untouched, for another word. */
bool bg_key_uv_parse(const char *s, enum bg_key_uv *out);

/* Parse NUL-ended text, as the file. For the fuzzer and the tests. */
BG_MUST_CHECK enum bg_err bg_credential_parse(const char *text, struct bg_credential *c,
                                              struct bg_ini_error *e);

#endif
