/* What is kept of a master secret: enough to recognise it, too little to find it. */
#ifndef BG_SHARE_VERIFIER_H
#define BG_SHARE_VERIFIER_H

#include <stdint.h>
#include "base/err.h"
#include "share/shareset.h"

/*
 * The verifier of a master secret (shares.md 4.3): HMAC-SHA256(key = secret,
 * "breakglass-v1" || len16be(account) || account || len16be(host) || host || len16be(salt) || salt)
 * with host = the machine id's text (bg_host_id).
 * secret: 16 to 64 bytes; account and host: not empty. BG_E_CRYPTO, BG_E_RANGE.
 */
BG_MUST_CHECK enum bg_err bg_verifier_make(const uint8_t *secret, size_t bytes, const char *account,
                                           const char *host, const uint8_t salt[BG_SALT_BYTES],
                                           uint8_t out[BG_VERIFIER_BYTES]);

#endif
