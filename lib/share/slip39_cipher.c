/* SPDX-License-Identifier: ISC */
/* The encryption of the master secret: four Feistel rounds of PBKDF2-HMAC-SHA256. */
#include <openssl/evp.h>
#include <string.h>
#include "base/secret.h"
#include "share/slip39_parts.h"

#define ROUNDS          4
#define ITERATIONS_BASE 2500 /* of one round at exponent 0 */
#define HALF_MAX        (SLIP39_MAX_BYTES / 2)
#define SALT_PREFIX     8 /* "shamir" and the id */

static enum bg_err check_passphrase(const char *passphrase, size_t *len)
{
    uint32_t wrong = 0;
    size_t n = 0;

    for (; passphrase != NULL && slip39_public(passphrase[n] != '\0'); n++) {
        uint32_t c = (uint8_t)passphrase[n];
        if (n == SLIP39_PASSPHRASE_MAX)
            return BG_E_RANGE;
        wrong |= (c - 32) >> 31 | (126 - c) >> 31; /* below blank, or above tilde */
    }
    if (slip39_public(wrong))
        return BG_E_RANGE;
    *len = n;
    return BG_OK;
}

struct feistel {
    uint8_t password[1 + SLIP39_PASSPHRASE_MAX]; /* first byte: the round */
    size_t password_len;
    uint8_t salt[SALT_PREFIX + HALF_MAX];
    size_t prefix, half;
    int iterations;
    uint8_t left[HALF_MAX], right[HALF_MAX];
};

static enum bg_err feistel_start(struct feistel *f, const struct slip39_share *s, const char *passphrase,
                                 const uint8_t *in)
{
    enum bg_err r;
    size_t len;

    if ((r = check_passphrase(passphrase, &len)) != BG_OK)
        return r;
    if (len > 0)
        memcpy(f->password + 1, passphrase, len);
    f->password_len = 1 + len;
    if (!s->extendable) {
        memcpy(f->salt, "shamir", 6);
        f->salt[6] = (uint8_t)(s->id >> 8);
        f->salt[7] = (uint8_t)s->id;
        f->prefix = SALT_PREFIX;
    }
    f->half = s->bytes / 2;
    f->iterations = ITERATIONS_BASE << s->exponent;
    memcpy(f->left, in, f->half);
    memcpy(f->right, in + f->half, f->half);
    return BG_OK;
}

/* (L, R) = (R, L xor F(i, R)) */
static enum bg_err feistel_round(struct feistel *f, uint8_t i)
{
    uint8_t key[HALF_MAX];
    enum bg_err r = BG_E_CRYPTO;

    f->password[0] = i;
    memcpy(f->salt + f->prefix, f->right, f->half);
    if (PKCS5_PBKDF2_HMAC((const char *)f->password, (int)f->password_len, f->salt,
                          (int)(f->prefix + f->half), f->iterations, EVP_sha256(), (int)f->half, key) != 1)
        goto out;
    for (size_t k = 0; k < f->half; k++)
        key[k] ^= f->left[k];
    memcpy(f->left, f->right, f->half);
    memcpy(f->right, key, f->half);
    r = BG_OK;
out:
    bg_wipe(key, sizeof key);
    return r;
}

enum bg_err slip39_cipher(enum slip39_direction way, const struct slip39_share *s, const char *passphrase,
                          const uint8_t *in, uint8_t *out)
{
    struct feistel f = {0};
    uint8_t flip = way == SLIP39_DECRYPT ? ROUNDS - 1 : 0; /* the same rounds from the last to the first */
    enum bg_err r;

    if ((r = feistel_start(&f, s, passphrase, in)) != BG_OK)
        goto out;
    for (uint8_t i = 0; i < ROUNDS; i++)
        if ((r = feistel_round(&f, i ^ flip)) != BG_OK)
            goto out;
    memcpy(out, f.right, f.half);
    memcpy(out + f.half, f.left, f.half);
out:
    bg_wipe(&f, sizeof f);
    return r;
}
