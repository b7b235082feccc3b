/*
 * Credentials of one account: BG_CONFDIR/credentials/NAME, mode 0600, strict INI. Nothing in it opens the
 * door.
 *
 *     [account]
 *     enabled = yes
 *     [shares]
 *     set-label = acid academic        (first two words of every share of the set: public)
 *     id = 12345
 *     extendable = yes
 *     exponent = 0
 *     groups = 2/3                     (one T/N per group, comma-separated)
 *     group-threshold = 1
 *     bytes = 16                       (length of the master secret)
 *     salt = 32 hex digits
 *     verifier = 64 hex digits
 *     created = 2026-11-22T12:03:24.123456Z
 *
 * Every key shown is needed; hex digits are lower case. The section [shares] may be missing: an account
 * without a share set.
 */
#ifndef BG_ACCOUNT_CREDENTIAL_H
#define BG_ACCOUNT_CREDENTIAL_H

#include <stdbool.h>
#include <stdint.h>
#include "account/ini.h"
#include "base/clock.h"
#include "base/err.h"

#define BG_CREDENTIALS_DIR BG_CONFDIR "/credentials"
#define BG_VERIFIER_BYTES  32
#define BG_SALT_BYTES      16
#define BG_GROUPS_MAX      16 /* groups of a set, and members of a group */
#define BG_EXPONENT_MAX    6
#define BG_LABEL_LEN       18 /* two words of up to 8 letters, a blank, a NUL */

struct bg_share_group {
    uint8_t threshold, count;
};

struct bg_shareset {
    char label[BG_LABEL_LEN]; /* the first two words of each share; not used to decide anything */
    uint16_t id;              /* 15 bits */
    bool extendable;
    uint8_t exponent; /* 0..6 here: PBKDF2 cost 10000 << e */
    uint8_t group_threshold, group_count;
    struct bg_share_group group[BG_GROUPS_MAX];
    uint8_t bytes; /* of the master secret: 16 or 32 */
    uint8_t salt[BG_SALT_BYTES];
    uint8_t verifier[BG_VERIFIER_BYTES];
    char created[BG_TIME_LEN];
};

struct bg_credential {
    bool enabled;
    bool has_shares;
    struct bg_shareset shares;
};

/*
 * Load the credentials of `account` (a valid name; it is the file's name) from directory `dir`. Errors as
 * bg_ini_load; BG_E_SYNTAX with e->line 0 when a key is missing or two do not fit each other.
 */
BG_MUST_CHECK enum bg_err bg_credential_load(const char *dir, const char *account, struct bg_credential *c,
                                             struct bg_ini_error *e);

/* Write them back: temporary file, fsync, rename; mode 0600. BG_E_RANGE for what could not be read again. */
BG_MUST_CHECK enum bg_err bg_credential_save(const char *dir, const char *account,
                                             const struct bg_credential *c);

/* Parse NUL-ended text, as the file. For the fuzzer and the tests. */
BG_MUST_CHECK enum bg_err bg_credential_parse(const char *text, struct bg_credential *c,
                                              struct bg_ini_error *e);

/*
 * The verifier of a master secret (shares.md 4.3): HMAC-SHA256(key = secret,
 * "breakglass-v1" || len16be(account) || account || len16be(host) || host || len16be(salt) || salt)
 * with host = the machine id's text (bg_host_id).
 * secret: 16 to 64 bytes; account and host: not empty. BG_E_CRYPTO, BG_E_RANGE.
 */
BG_MUST_CHECK enum bg_err bg_verifier_make(const uint8_t *secret, size_t bytes, const char *account,
                                           const char *host, const uint8_t salt[BG_SALT_BYTES],
                                           uint8_t out[BG_VERIFIER_BYTES]);

/* The id this host is known by: /etc/machine-id (32 hex digits) or, without one, the host name. NUL-ended. */
BG_MUST_CHECK enum bg_err bg_host_id(char *out, size_t cap);

#endif
