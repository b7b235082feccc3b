/* SPDX-License-Identifier: ISC */
/* What libcrypto does for us. All keys are 32 bytes: a P-256 scalar, an Ed25519 seed. Failure: the program
 * ends. */
#ifndef SOFTKEY_CRYPTO_H
#define SOFTKEY_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SK_ES256     (-7) /* COSE algorithm numbers (RFC 9053) */
#define SK_EDDSA     (-8)
#define SK_ECDH      (-25)
#define SK_KEY       32
#define SK_HASH      32
#define SK_RS256     (-257)
#define SK_SIG_MAX   256
#define SK_GCM_IV    12
#define SK_GCM_EXTRA (SK_GCM_IV + 16) /* what sealing adds */

void sk_key_new(int alg, uint8_t key[SK_KEY]);

/* The public key: x and y (64 bytes) of P-256, or 32 bytes of Ed25519. Returns the length. */
size_t sk_key_public(int alg, const uint8_t key[SK_KEY], uint8_t out[64]);

/* ECDSA with SHA-256 in DER, or Ed25519. Returns the length. */
size_t sk_key_sign(int alg, const uint8_t key[SK_KEY], const uint8_t *data, size_t n,
                   uint8_t sig[SK_SIG_MAX]);

/* The one RSA key of 2048 bits, whatever credential asks for it, from a PEM file; its modulus. */
bool sk_rsa_load(const char *path);
void sk_rsa_modulus(uint8_t out[256]);

/* The certificate and key of the maker, from PEM files: what a make of a credential is attested with. */
bool sk_attest_load(const char *cert, const char *key);
const uint8_t *sk_attest_cert(void); /* in DER; NULL: none was loaded */
size_t sk_attest_cert_len(void);
size_t sk_attest_sign(const uint8_t *data, size_t n, uint8_t sig[SK_SIG_MAX]);

/* The x coordinate of key * (x, y); false when that is no point of P-256. */
bool sk_ecdh(const uint8_t key[SK_KEY], const uint8_t xy[64], uint8_t out[SK_KEY]);

void sk_sha256(const void *p, size_t n, uint8_t out[SK_HASH]);
void sk_hmac(const uint8_t key[SK_KEY], const void *p, size_t n, uint8_t out[SK_HASH]);

/* AES-256-CBC without padding, n a multiple of 16. */
void sk_aes(bool encrypt, const uint8_t key[SK_KEY], const uint8_t iv[16], const uint8_t *in, size_t n,
            uint8_t *out);

/* AES-256-GCM: out is iv, cipher text, tag: n + SK_GCM_EXTRA bytes; open is false for anything forged. */
void sk_seal(const uint8_t key[SK_KEY], const uint8_t aad[SK_HASH], const uint8_t *in, size_t n,
             uint8_t *out);
bool sk_open(const uint8_t key[SK_KEY], const uint8_t aad[SK_HASH], const uint8_t *in, size_t n,
             uint8_t *out);

void sk_random(void *p, size_t n);

#endif
