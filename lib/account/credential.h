/*
 * Credentials of one account: BG_CONFDIR/credentials/NAME, mode 0600, strict INI. Nothing in it opens the
 * door.
 *
 *     [account]
 *     enabled = yes
 *     require = any                    (or key, shares, key+shares; any when missing)
 *     [key blue]                       (one section a key, each with its label)
 *     type = es256                     (or eddsa)
 *     id = hex digits                  (of the credential, not of the person)
 *     public-key = hex digits          (es256: x and y; eddsa: 32 bytes)
 *     rp-id = breakglass.HOST
 *     aaguid = 32 hex digits
 *     firmware = 328707
 *     uv = preferred                   (or required, no)
 *     created = 2026-11-22T12:03:24.123456Z
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
 * Every key shown is needed, require excepted; hex digits are lower case. The section [shares] may be
 * missing: an account without a share set. So may every [key LABEL].
 */
#ifndef BG_ACCOUNT_CREDENTIAL_H
#define BG_ACCOUNT_CREDENTIAL_H

#include <stdbool.h>
#include <stdint.h>
#include "account/ini.h"
#include "base/clock.h"
#include "base/err.h"
#include "factor/fido_verify.h"

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

#define BG_KEYS_MAX  BG_FIDO_IDS
#define BG_KEY_LABEL 32 /* with its NUL: a-z, 0-9 and - */

/* User verification (PIN, fingerprint) of a key. */
enum bg_key_uv {
    BG_UV_REQUIRED = 1,  /* an answer without it counts for nothing */
    BG_UV_PREFERRED = 2, /* asked for when the key can do it */
    BG_UV_NO = 3
};

struct bg_key {
    char label[BG_KEY_LABEL];
    struct bg_fido_public pub;
    struct bg_fido_id id;
    char rp[BG_FIDO_RP];
    uint8_t aaguid[BG_FIDO_AAGUID]; /* model, as far as keys tell */
    uint32_t firmware;
    enum bg_key_uv uv;
    char created[BG_TIME_LEN];
};

/* What it takes to open the account. */
enum bg_require {
    BG_REQUIRE_ANY = 0,
    BG_REQUIRE_KEY = 1,
    BG_REQUIRE_SHARES = 2,
    BG_REQUIRE_BOTH = 3
};

struct bg_credential {
    bool enabled;
    enum bg_require require;
    bool has_shares;
    struct bg_shareset shares;
    uint8_t key_count;
    struct bg_key key[BG_KEYS_MAX];
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

/* True for a key's label. */
bool bg_key_label_valid(const char *s);

/* "any", "key", "shares", "key+shares"; "required", "preferred", "no". Static; the others: false, untouched.
 */
const char *bg_require_name(enum bg_require r);
bool bg_require_parse(const char *s, enum bg_require *out);
const char *bg_key_uv_name(enum bg_key_uv uv);
bool bg_key_uv_parse(const char *s, enum bg_key_uv *out);

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
