/* SPDX-License-Identifier: ISC */
#include "alert/sign.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include "base/hash.h"

static enum bg_err one(const struct bg_sign_key *k, const struct bg_part signed_text[2],
                       char out[SIGN_ONE + 1])
{
    uint8_t mac[BG_HASH];
    enum bg_err r;

    memcpy(out, "v1,", 3);
    if ((r = bg_hmac_sha256(k->key, k->len, signed_text, 2, mac)) != BG_OK)
        return r;
    return EVP_EncodeBlock((unsigned char *)out + 3, mac, (int)sizeof mac) == SIGN_ONE - 3 ? BG_OK
                                                                                           : BG_E_CRYPTO;
}

enum bg_err sign_body(const struct bg_sign_keys *k, const char *id, int64_t timestamp, const char *body,
                      size_t len, char out[SIGN_TEXT])
{
    char head[128], *at = out;
    int n = snprintf(head, sizeof head, "%s.%" PRId64 ".", id, timestamp);
    struct bg_part signed_text[] = {{head, n < 0 ? 0 : (size_t)n}, {body, len}};
    enum bg_err r = BG_OK;

    if (n < 0 || (size_t)n >= sizeof head)
        return BG_E_RANGE;
    for (unsigned i = 0; i < k->n && r == BG_OK; i++, at += SIGN_ONE) {
        if (i > 0)
            *at++ = ' ';
        r = one(&k->key[i], signed_text, at);
    }
    return r;
}
