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
#ifndef BG_CONFIG_CREDENTIAL_H
#define BG_CONFIG_CREDENTIAL_H

#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "config/ini.h"
#include "key/key.h"
#include "share/shareset.h"

#define BG_CREDENTIALS_DIR BG_CONFDIR "/credentials"

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

#endif
