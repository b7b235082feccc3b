#include "alert/sign.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "base/safefile.h"
#include "base/secret.h"

#define PREFIX   "whsec_"
#define FILE_MAX 1024

/* Base64 of n characters with its padding; false unless it is exactly that and of an allowed length. */
static bool decode(const char *text, size_t n, struct sign_key *k)
{
    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t raw[SIGN_KEY_MAX + 8];
    size_t body = strspn(text, set), pad = n - body;
    int got;

    if (n % 4 != 0 || body > n || pad > 2 || (pad > 0 && text[n - 1] != '=') ||
        (pad == 2 && text[n - 2] != '='))
        return false;
    if (n / 4 * 3 - pad < SIGN_KEY_MIN || n / 4 * 3 - pad > SIGN_KEY_MAX)
        return false;
    got = EVP_DecodeBlock(raw, (const unsigned char *)text, (int)n);
    if (got >= 0 && (size_t)got == n / 4 * 3) {
        k->len = (size_t)got - pad; /* it counts the padding as zeros */
        memcpy(k->key, raw, k->len);
    }
    bg_wipe(raw, sizeof raw);
    return got >= 0;
}

enum bg_err sign_parse(const char *text, struct sign_keys *k)
{
    memset(k, 0, sizeof *k);
    for (const char *at = text; *at != '\0';) {
        size_t n = strcspn(at, "\r\n");
        if (n > 0 && (k->n == SIGN_LINES || strncmp(at, PREFIX, strlen(PREFIX)) != 0 ||
                      !decode(at + strlen(PREFIX), n - strlen(PREFIX), &k->key[k->n++])))
            goto bad;
        at += n;
        at += strspn(at, "\r\n");
    }
    if (k->n > 0)
        return BG_OK;
bad:
    bg_wipe(k, sizeof *k);
    return BG_E_SYNTAX;
}

bool sign_has(const struct sign_keys *k, const struct sign_key *one)
{
    for (unsigned i = 0; i < k->n; i++)
        if (k->key[i].len == one->len && memcmp(k->key[i].key, one->key, one->len) == 0)
            return true;
    return false;
}

void sign_add(struct sign_keys *k, const struct sign_keys *more)
{
    for (unsigned i = 0; i < more->n && k->n < SIGN_KEYS; i++)
        if (!sign_has(k, &more->key[i]))
            k->key[k->n++] = more->key[i];
}

enum bg_err sign_load(const char *path, struct sign_keys *k)
{
    char text[FILE_MAX];
    size_t len = 0;
    enum bg_err r = bg_file_read(path, text, sizeof text, &len);

    if (r == BG_OK)
        r = strlen(text) == len ? sign_parse(text, k) : BG_E_SYNTAX;
    bg_wipe(text, sizeof text);
    return r;
}

static enum bg_err one(const struct sign_key *k, const char *head, size_t head_len, const char *body,
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

enum bg_err sign_body(const struct sign_keys *k, const char *id, int64_t timestamp, const char *body,
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
