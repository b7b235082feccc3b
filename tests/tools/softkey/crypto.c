/* SPDX-License-Identifier: ISC */
#include "crypto.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/secret.h"

/* A test tool that cannot compute has to stop. */
static void must(bool ok, const char *what)
{
    if (!ok) {
        (void)fprintf(stderr, "softkey: libcrypto: %s failed\n", what);
        abort();
    }
}

void sk_random(void *p, size_t n)
{
    must(bg_random(p, n) == BG_OK, "random");
}

/* RFC 5915 ECPrivateKey of prime256v1 without the public key, which libcrypto computes. */
static EVP_PKEY *load_p256(const uint8_t key[SK_KEY])
{
    static const uint8_t before[] = {0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20};
    static const uint8_t after[] = {0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    uint8_t der[sizeof(before) + SK_KEY + sizeof(after)];
    const uint8_t *p = der;

    memcpy(der, before, sizeof(before));
    memcpy(der + sizeof(before), key, SK_KEY);
    memcpy(der + sizeof(before) + SK_KEY, after, sizeof(after));
    return d2i_PrivateKey(EVP_PKEY_EC, NULL, &p, (long)sizeof(der));
}

/* RFC 5480 SubjectPublicKeyInfo of prime256v1; NULL for what is no point of the curve. */
static EVP_PKEY *load_p256_public(const uint8_t xy[64])
{
    static const uint8_t before[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                     0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                     0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
    uint8_t der[sizeof(before) + 64];
    const uint8_t *p = der;

    memcpy(der, before, sizeof(before));
    memcpy(der + sizeof(before), xy, 64);
    return d2i_PUBKEY(NULL, &p, (long)sizeof(der));
}

static EVP_PKEY *rsa, *maker;
static uint8_t *maker_cert;
static int maker_cert_len;

static EVP_PKEY *load_private(const char *path)
{
    FILE *f = fopen(path, "re");
    EVP_PKEY *k = f == NULL ? NULL : PEM_read_PrivateKey(f, NULL, NULL, NULL);

    if (f != NULL)
        (void)fclose(f);
    return k;
}

bool sk_rsa_load(const char *path)
{
    rsa = load_private(path);
    return rsa != NULL && EVP_PKEY_get_bits(rsa) == 2048;
}

void sk_rsa_modulus(uint8_t out[256])
{
    BIGNUM *n = NULL;

    must(EVP_PKEY_get_bn_param(rsa, OSSL_PKEY_PARAM_RSA_N, &n) == 1 && BN_bn2binpad(n, out, 256) == 256,
         "modulus");
    BN_free(n);
}

bool sk_attest_load(const char *cert, const char *key)
{
    FILE *f = fopen(cert, "re");
    X509 *x = f == NULL ? NULL : PEM_read_X509(f, NULL, NULL, NULL);

    if (f != NULL)
        (void)fclose(f);
    maker_cert_len = x == NULL ? 0 : i2d_X509(x, &maker_cert);
    X509_free(x);
    maker = load_private(key);
    return maker != NULL && maker_cert_len > 0;
}

const uint8_t *sk_attest_cert(void)
{
    return maker_cert;
}

size_t sk_attest_cert_len(void)
{
    return (size_t)maker_cert_len;
}

static size_t sign_with(EVP_PKEY *k, const EVP_MD *md, const uint8_t *data, size_t n, uint8_t sig[SK_SIG_MAX])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t len = SK_SIG_MAX;

    must(ctx != NULL && k != NULL && EVP_DigestSignInit(ctx, NULL, md, NULL, k) == 1 &&
             EVP_DigestSign(ctx, sig, &len, data, n) == 1,
         "signing");
    EVP_MD_CTX_free(ctx);
    return len;
}

size_t sk_attest_sign(const uint8_t *data, size_t n, uint8_t sig[SK_SIG_MAX])
{
    return sign_with(maker, EVP_sha256(), data, n, sig);
}

static EVP_PKEY *load(int alg, const uint8_t key[SK_KEY])
{
    EVP_PKEY *k =
        alg == SK_EDDSA ? EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, key, SK_KEY) : load_p256(key);

    must(k != NULL, "loading a key");
    return k;
}

void sk_key_new(int alg, uint8_t key[SK_KEY])
{
    EVP_PKEY *k = NULL;

    do
        sk_random(key, SK_KEY);
    while (alg == SK_ES256 && (k = load_p256(key)) == NULL);
    EVP_PKEY_free(k);
}

size_t sk_key_public(int alg, const uint8_t key[SK_KEY], uint8_t out[64])
{
    EVP_PKEY *k = load(alg, key);
    uint8_t *der = NULL;
    size_t n = alg == SK_EDDSA ? 32 : 64;
    int len = i2d_PUBKEY(k, &der); /* the raw key is at its end */

    must(len > (int)n, "public key");
    memcpy(out, der + (size_t)len - n, n);
    OPENSSL_free(der);
    EVP_PKEY_free(k);
    return n;
}

size_t sk_key_sign(int alg, const uint8_t key[SK_KEY], const uint8_t *data, size_t n, uint8_t sig[SK_SIG_MAX])
{
    EVP_PKEY *k = alg == SK_RS256 ? rsa : load(alg, key);
    size_t len = sign_with(k, alg == SK_EDDSA ? NULL : EVP_sha256(), data, n, sig);

    if (k != rsa)
        EVP_PKEY_free(k);
    return len;
}

bool sk_ecdh(const uint8_t key[SK_KEY], const uint8_t xy[64], uint8_t out[SK_KEY])
{
    EVP_PKEY *ours = load(SK_ES256, key), *theirs = load_p256_public(xy);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(ours, NULL);
    size_t len = SK_KEY;
    bool ok = theirs != NULL && ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
              EVP_PKEY_derive_set_peer(ctx, theirs) == 1 && EVP_PKEY_derive(ctx, out, &len) == 1 &&
              len == SK_KEY;

    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(theirs);
    EVP_PKEY_free(ours);
    return ok;
}

void sk_sha256(const void *p, size_t n, uint8_t out[SK_HASH])
{
    must(EVP_Digest(p, n, out, NULL, EVP_sha256(), NULL) == 1, "SHA-256");
}

void sk_hmac(const uint8_t key[SK_KEY], const void *p, size_t n, uint8_t out[SK_HASH])
{
    must(HMAC(EVP_sha256(), key, SK_KEY, p, n, out, NULL) != NULL, "HMAC");
}

void sk_aes(bool encrypt, const uint8_t key[SK_KEY], const uint8_t iv[16], const uint8_t *in, size_t n,
            uint8_t *out)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int len = 0;

    must(c != NULL && EVP_CipherInit_ex(c, EVP_aes_256_cbc(), NULL, key, iv, encrypt) == 1 &&
             EVP_CIPHER_CTX_set_padding(c, 0) == 1 && EVP_CipherUpdate(c, out, &len, in, (int)n) == 1,
         "AES");
    EVP_CIPHER_CTX_free(c);
}

void sk_seal(const uint8_t key[SK_KEY], const uint8_t aad[SK_HASH], const uint8_t *in, size_t n, uint8_t *out)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int len;

    sk_random(out, SK_GCM_IV);
    must(c != NULL && EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, out) == 1 &&
             EVP_EncryptUpdate(c, NULL, &len, aad, SK_HASH) == 1 &&
             EVP_EncryptUpdate(c, out + SK_GCM_IV, &len, in, (int)n) == 1 &&
             EVP_EncryptFinal_ex(c, out + SK_GCM_IV + n, &len) == 1 &&
             EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, 16, out + SK_GCM_IV + n) == 1,
         "AES-GCM");
    EVP_CIPHER_CTX_free(c);
}

bool sk_open(const uint8_t key[SK_KEY], const uint8_t aad[SK_HASH], const uint8_t *in, size_t n, uint8_t *out)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    uint8_t tag[16];
    int len;
    bool ok;

    memcpy(tag, in + SK_GCM_IV + n, sizeof(tag));
    ok = c != NULL && EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, in) == 1 &&
         EVP_DecryptUpdate(c, NULL, &len, aad, SK_HASH) == 1 &&
         EVP_DecryptUpdate(c, out, &len, in + SK_GCM_IV, (int)n) == 1 &&
         EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, 16, tag) == 1 &&
         EVP_DecryptFinal_ex(c, out + n, &len) == 1;
    EVP_CIPHER_CTX_free(c);
    return ok;
}
