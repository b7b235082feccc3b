/* SPDX-License-Identifier: ISC */
#include "key/verify.h"

#include <string.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include "base/hash.h"
#include "base/secret.h"

/* rpIdHash, flags, signCount: the fixed head of authenticator data */
#define HEAD     37
#define EXT_DATA 0x80

size_t bg_fido_public_len(enum bg_fido_type type)
{
    return type == BG_FIDO_ES256 ? 64 : type == BG_FIDO_EDDSA ? 32 : type == BG_FIDO_RS256 ? 256 : 0;
}

static enum bg_err read_head(const char *rp, const uint8_t *data, size_t len, struct bg_fido_said *said,
                             enum bg_fido_fault *fault)
{
    uint8_t want[BG_HASH];
    enum bg_err r;

    *fault = BG_FF_FORM;
    if (len < HEAD)
        return BG_E_MISMATCH;
    if ((r = bg_sha256(rp, strlen(rp), want)) != BG_OK)
        return r;
    *fault = BG_FF_RP;
    if (!bg_ct_equal(want, data, 32))
        return BG_E_MISMATCH;
    said->flags = data[32];
    said->counter =
        (uint32_t)data[33] << 24 | (uint32_t)data[34] << 16 | (uint32_t)data[35] << 8 | (uint32_t)data[36];
    return BG_OK;
}

static EVP_PKEY *ed25519(const uint8_t *bytes)
{
    return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, bytes, 32);
}

/* As a SubjectPublicKeyInfo (RFC 5480), which every libcrypto reads; it refuses a point off the curve. */
static EVP_PKEY *p256(const uint8_t *xy)
{
    static const uint8_t head[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                   0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                   0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
    uint8_t der[sizeof head + 64];
    const uint8_t *at = der;

    memcpy(der, head, sizeof head);
    memcpy(der + sizeof head, xy, 64);
    return d2i_PUBKEY(NULL, &at, sizeof der);
}

/* The same for RSA (RFC 8017, A.1.1): a modulus of 2048 bits, whose first bit is set, and 65537. */
static EVP_PKEY *rsa2048(const uint8_t *modulus)
{
    static const uint8_t head[] = {0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48,
                                   0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03, 0x82, 0x01,
                                   0x0f, 0x00, 0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00};
    static const uint8_t exponent[] = {0x02, 0x03, 0x01, 0x00, 0x01};
    uint8_t der[sizeof head + 256 + sizeof exponent];
    const uint8_t *at = der;

    if ((modulus[0] & 0x80) == 0)
        return NULL;
    memcpy(der, head, sizeof head);
    memcpy(der + sizeof head, modulus, 256);
    memcpy(der + sizeof head + 256, exponent, sizeof exponent);
    return d2i_PUBKEY(NULL, &at, sizeof der);
}

static EVP_PKEY *public_of(const struct bg_fido_public *pub)
{
    switch (pub->type) {
    case BG_FIDO_ES256:
        return p256(pub->bytes);
    case BG_FIDO_EDDSA:
        return ed25519(pub->bytes);
    case BG_FIDO_RS256:
        return rsa2048(pub->bytes);
    default:
        return NULL;
    }
}

static enum bg_err check_signature(const struct bg_fido_public *pub, const uint8_t *data, size_t len,
                                   const uint8_t *sig, size_t sig_len)
{
    EVP_PKEY *key = public_of(pub);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const EVP_MD *md = pub->type == BG_FIDO_EDDSA ? NULL : EVP_sha256();
    enum bg_err r = BG_E_CRYPTO;

    if (key == NULL)
        r = BG_E_RANGE;
    else if (ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, md, NULL, key) == 1)
        r = EVP_DigestVerify(ctx, sig, sig_len, data, len) == 1 ? BG_OK : BG_E_MISMATCH;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    return r;
}

enum bg_err bg_fido_der(const uint8_t sig[BG_FIDO_RS], uint8_t out[BG_FIDO_SIG], size_t *len)
{
    ECDSA_SIG *s = ECDSA_SIG_new();
    BIGNUM *a = BN_bin2bn(sig, 32, NULL), *b = BN_bin2bn(sig + 32, 32, NULL);
    uint8_t *at = out;
    int n = 0;

    if (s != NULL && a != NULL && b != NULL && ECDSA_SIG_set0(s, a, b) == 1) {
        a = b = NULL; /* they are its own now */
        n = i2d_ECDSA_SIG(s, NULL);
        if (n > 0 && n <= BG_FIDO_SIG)
            n = i2d_ECDSA_SIG(s, &at);
    }
    BN_free(a);
    BN_free(b);
    ECDSA_SIG_free(s);
    if (n <= 0 || n > BG_FIDO_SIG)
        return BG_E_CRYPTO;
    *len = (size_t)n;
    return BG_OK;
}

enum bg_err bg_fido_verify(const struct bg_fido_public *pub, const char *rp, const uint8_t hash[BG_FIDO_HASH],
                           bool verify, const uint8_t *authdata, size_t authdata_len, const uint8_t *sig,
                           size_t sig_len, struct bg_fido_said *said, enum bg_fido_fault *fault)
{
    uint8_t signed_data[BG_FIDO_AUTHDATA + BG_FIDO_HASH];
    struct bg_fido_said read = {0};
    enum bg_err r;

    *fault = BG_FF_FORM;
    if (authdata_len > BG_FIDO_AUTHDATA || sig_len == 0 || sig_len > BG_FIDO_SIG)
        return BG_E_MISMATCH;
    if ((r = read_head(rp, authdata, authdata_len, &read, fault)) != BG_OK)
        return r;
    memcpy(signed_data, authdata, authdata_len);
    memcpy(signed_data + authdata_len, hash, BG_FIDO_HASH);
    *fault = BG_FF_SIGNATURE;
    if ((r = check_signature(pub, signed_data, authdata_len + BG_FIDO_HASH, sig, sig_len)) != BG_OK)
        return r;
    /* the flags count only now that they are known to be signed */
    *fault = BG_FF_PRESENCE;
    if ((read.flags & BG_FIDO_UP) == 0)
        return BG_E_MISMATCH;
    *fault = BG_FF_USER;
    if (verify && (read.flags & BG_FIDO_UV) == 0)
        return BG_E_MISMATCH;
    *fault = BG_FF_NONE;
    *said = read;
    return BG_OK;
}

/* The COSE keys in the one form that CTAP allows for each: what comes before x, and between x and y; before
 * and after the modulus (RFC 8230, 4). */
static const uint8_t es256_head[] = {0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20};
static const uint8_t es256_between[] = {0x22, 0x58, 0x20};
static const uint8_t eddsa_head[] = {0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 0x20};
static const uint8_t rs256_head[] = {0xa4, 0x01, 0x03, 0x03, 0x39, 0x01, 0x00, 0x20, 0x59, 0x01, 0x00};
static const uint8_t rs256_tail[] = {0x21, 0x43, 0x01, 0x00, 0x01};

/* Returns how many bytes the key takes, 0 for none. */
static size_t read_cose(const uint8_t *p, size_t n, struct bg_fido_public *pub)
{
    const size_t head = sizeof es256_head, between = sizeof es256_between;

    if (n >= head + 32 + between + 32 && memcmp(p, es256_head, head) == 0 &&
        memcmp(p + head + 32, es256_between, between) == 0) {
        pub->type = BG_FIDO_ES256;
        memcpy(pub->bytes, p + head, 32);
        memcpy(pub->bytes + 32, p + head + 32 + between, 32);
        return head + 32 + between + 32;
    }
    if (n >= sizeof rs256_head + 256 + sizeof rs256_tail && memcmp(p, rs256_head, sizeof rs256_head) == 0 &&
        memcmp(p + sizeof rs256_head + 256, rs256_tail, sizeof rs256_tail) == 0) {
        pub->type = BG_FIDO_RS256;
        memcpy(pub->bytes, p + sizeof rs256_head, 256);
        return sizeof rs256_head + 256 + sizeof rs256_tail;
    }
    if (n >= sizeof eddsa_head + 32 && memcmp(p, eddsa_head, sizeof eddsa_head) == 0) {
        pub->type = BG_FIDO_EDDSA;
        memcpy(pub->bytes, p + sizeof eddsa_head, 32);
        return sizeof eddsa_head + 32;
    }
    return 0;
}

enum bg_err bg_fido_read_made(const char *rp, const uint8_t *authdata, size_t len, struct bg_fido_made *out)
{
    struct bg_fido_made m;
    enum bg_fido_fault fault;
    size_t at = HEAD, id_len, key;
    enum bg_err r;

    memset(&m, 0, sizeof m);
    if ((r = read_head(rp, authdata, len, &m.said, &fault)) != BG_OK)
        return r == BG_E_CRYPTO ? r : BG_E_SYNTAX;
    if ((m.said.flags & BG_FIDO_AT) == 0 || len < at + BG_FIDO_AAGUID + 2)
        return BG_E_SYNTAX;
    memcpy(m.aaguid, authdata + at, BG_FIDO_AAGUID);
    at += BG_FIDO_AAGUID;
    id_len = (size_t)authdata[at] << 8 | authdata[at + 1];
    at += 2;
    if (id_len == 0 || id_len > BG_FIDO_ID || id_len > len - at)
        return BG_E_SYNTAX;
    m.id.len = (uint16_t)id_len;
    memcpy(m.id.bytes, authdata + at, id_len);
    at += id_len;
    key = read_cose(authdata + at, len - at, &m.pub);
    m.pub.len = (uint16_t)bg_fido_public_len(m.pub.type);
    /* past the key only extensions may follow, and only when the flags say so */
    if (key == 0 || (at + key != len && (m.said.flags & EXT_DATA) == 0))
        return BG_E_SYNTAX;
    *out = m;
    return BG_OK;
}
