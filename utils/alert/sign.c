/* SPDX-License-Identifier: ISC */
#include "alert/sign.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static enum bg_err one(const struct bg_sign_key *k, const char *head, size_t head_len, const char *body,
                       size_t len, char out[SIGN_ONE + 1])
{
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_HMAC, NULL, k->key, k->len);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    uint8_t mac[32];
    size_t n = sizeof mac;
    bool ok = key != NULL && c != NULL && EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, key) == 1 &&
              EVP_DigestSignUpdate(c, head, head_len) == 1 && EVP_DigestSignUpdate(c, body, len) == 1 &&
              EVP_DigestSignFinal(c, mac, &n) == 1 && n == sizeof mac;

    EVP_MD_CTX_free(c);
    EVP_PKEY_free(key);
    memcpy(out, "v1,", 3);
    return ok && EVP_EncodeBlock((unsigned char *)out + 3, mac, (int)n) == SIGN_ONE - 3 ? BG_OK : BG_E_CRYPTO;
}

enum bg_err sign_body(const struct bg_sign_keys *k, const char *id, int64_t timestamp, const char *body,
                      size_t len, char out[SIGN_TEXT])
{
    char head[128], *at = out;
    int n = snprintf(head, sizeof head, "%s.%" PRId64 ".", id, timestamp);
    enum bg_err r = BG_OK;

    if (n < 0 || (size_t)n >= sizeof head)
        return BG_E_RANGE;
    for (unsigned i = 0; i < k->n && r == BG_OK; i++, at += SIGN_ONE) {
        if (i > 0)
            *at++ = ' ';
        r = one(&k->key[i], head, (size_t)n, body, len, at);
    }
    return r;
}
