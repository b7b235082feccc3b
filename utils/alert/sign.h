/* SPDX-License-Identifier: ISC */
/* Signatures of web hooks: Standard Webhooks 1.0.0, symmetric (HMAC-SHA256, "v1"). */
#ifndef BG_ALERT_SIGN_H
#define BG_ALERT_SIGN_H

#include <stddef.h>
#include <stdint.h>
#include "config/signkeys.h"

#define SIGN_ONE  47 /* characters of one signature: "v1," and base64 of 32 bytes */
#define SIGN_TEXT (BG_SIGN_KEYS * (SIGN_ONE + 1)) /* a blank between them, NUL */

/* Value of webhook-signature over "id.timestamp.body", one signature a key. BG_E_CRYPTO, BG_E_RANGE. */
BG_MUST_CHECK enum bg_err sign_body(const struct bg_sign_keys *k, const char *id, int64_t timestamp,
                                    const char *body, size_t len, char out[SIGN_TEXT]);

#endif
