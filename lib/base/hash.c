/* SPDX-License-Identifier: ISC */
#include "base/hash.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <stdlib.h>
#include <string.h>
#include "base/secret.h"

static const char digits[] = "0123456789abcdef";

enum bg_err bg_sha256(const void *data, size_t n, uint8_t out[BG_HASH])
{
    unsigned len = 0;
    uint8_t md[EVP_MAX_MD_SIZE];

    if (EVP_Digest(data, n, md, &len, EVP_sha256(), NULL) != 1 || len != BG_HASH)
        return BG_E_CRYPTO;
    memcpy(out, md, BG_HASH);
    return BG_OK;
}

enum bg_err bg_sha256_hex(const void *data, size_t n, char out[BG_HASH_HEX + 1])
{
    uint8_t md[BG_HASH];
    enum bg_err r;

    if ((r = bg_sha256(data, n, md)) == BG_OK)
        bg_hex(out, md, BG_HASH);
    return r;
}

struct bg_hasher {
    EVP_MD_CTX *first, *all;
};

struct bg_hasher *bg_hasher_new(void)
{
    struct bg_hasher *h = calloc(1, sizeof *h);

    if (h == NULL)
        return NULL;
    h->first = EVP_MD_CTX_new();
    h->all = EVP_MD_CTX_new();
    if (h->first != NULL && h->all != NULL && EVP_DigestInit_ex(h->all, EVP_sha256(), NULL) == 1)
        return h;
    bg_hasher_free(h);
    return NULL;
}

void bg_hasher_free(struct bg_hasher *h)
{
    if (h == NULL)
        return;
    EVP_MD_CTX_free(h->first);
    EVP_MD_CTX_free(h->all);
    free(h);
}

enum bg_err bg_sha256_both(struct bg_hasher *h, const void *data, size_t cut, size_t n,
                           uint8_t first[BG_HASH], uint8_t all[BG_HASH])
{
    bool ok = EVP_DigestInit_ex(h->all, NULL, NULL) == 1 && EVP_DigestUpdate(h->all, data, cut) == 1 &&
              EVP_MD_CTX_copy_ex(h->first, h->all) == 1 &&
              EVP_DigestUpdate(h->all, (const uint8_t *)data + cut, n - cut) == 1 &&
              EVP_DigestFinal_ex(h->first, first, NULL) == 1 && EVP_DigestFinal_ex(h->all, all, NULL) == 1;

    return ok ? BG_OK : BG_E_CRYPTO;
}

enum bg_err bg_hmac_sha256(const void *key, size_t key_len, const struct bg_part *parts, size_t n,
                           uint8_t out[BG_HASH])
{
    EVP_PKEY *k = EVP_PKEY_new_raw_private_key(EVP_PKEY_HMAC, NULL, key, key_len);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    uint8_t mac[BG_HASH];
    size_t len = sizeof mac;
    bool ok = k != NULL && c != NULL && EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, k) == 1;

    for (size_t i = 0; ok && i < n; i++)
        ok = EVP_DigestSignUpdate(c, parts[i].bytes, parts[i].n) == 1;
    ok = ok && EVP_DigestSignFinal(c, mac, &len) == 1 && len == BG_HASH;
    if (ok)
        memcpy(out, mac, BG_HASH);
    bg_wipe(mac, sizeof mac);
    EVP_MD_CTX_free(c);
    EVP_PKEY_free(k);
    return ok ? BG_OK : BG_E_CRYPTO;
}

enum bg_err bg_hkdf_sha256(struct bg_part key, struct bg_part salt, struct bg_part info, uint8_t *out,
                           size_t n)
{
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
    size_t len = n;
    bool ok = c != NULL && key.n <= INT_MAX && salt.n <= INT_MAX && info.n <= INT_MAX &&
              EVP_PKEY_derive_init(c) == 1 && EVP_PKEY_CTX_set_hkdf_md(c, EVP_sha256()) == 1 &&
              EVP_PKEY_CTX_set1_hkdf_key(c, key.bytes, (int)key.n) == 1 &&
              EVP_PKEY_CTX_set1_hkdf_salt(c, salt.bytes, (int)salt.n) == 1 &&
              EVP_PKEY_CTX_add1_hkdf_info(c, info.bytes, (int)info.n) == 1 &&
              EVP_PKEY_derive(c, out, &len) == 1 && len == n;

    EVP_PKEY_CTX_free(c);
    if (!ok)
        bg_wipe(out, n);
    return ok ? BG_OK : BG_E_CRYPTO;
}

void bg_hex(char *out, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;

    for (size_t i = 0; i < n; i++) {
        *out++ = digits[p[i] >> 4];
        *out++ = digits[p[i] & 15];
    }
    *out = '\0';
}

bool bg_unhex(const char *text, uint8_t *out, size_t n)
{
    if (strlen(text) != 2 * n || strspn(text, digits) != 2 * n)
        return false;
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)((strchr(digits, text[2 * i]) - digits) << 4 |
                           (strchr(digits, text[2 * i + 1]) - digits));
    return true;
}
