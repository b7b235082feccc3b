/* SPDX-License-Identifier: ISC */
/*
 * What a key's answer proves. Everything here works on raw bytes that came from a hostile place (a device, by
 * way of breakglass-fido) and on the public key that was enrolled; nothing is believed but the signature.
 * Authenticator data: WebAuthn Level 2, section 6.1; COSE keys: RFC 9053, 7.1 and 7.2, in the canonical form
 * of CTAP 2.1, section 8.
 */
#ifndef BG_KEY_VERIFY_H
#define BG_KEY_VERIFY_H

#include "key/wire.h"

#define BG_FIDO_PUBLIC 256 /* ES256: x and y, 32 bytes each; EdDSA: 32 bytes; RS256: the modulus */

struct bg_fido_public {
    enum bg_fido_type type;
    uint16_t len; /* as it was read; what the type wants is bg_fido_public_len() */
    uint8_t bytes[BG_FIDO_PUBLIC];
};

/* Bytes of a public key of that type. */
size_t bg_fido_public_len(enum bg_fido_type type);

enum {
    BG_FIDO_UP = 0x01, /* flags of authenticator data: user present */
    BG_FIDO_UV = 0x04, /* user verified */
    BG_FIDO_AT = 0x40  /* attested credential data follow */
};

/* What else a valid answer says. */
struct bg_fido_said {
    uint8_t flags;
    uint32_t counter; /* 0: the key keeps none */
};

enum bg_fido_fault {
    BG_FF_NONE = 1,
    BG_FF_FORM,      /* not authenticator data */
    BG_FF_RP,        /* for another relying party */
    BG_FF_SIGNATURE, /* not signed by the enrolled key over this challenge */
    BG_FF_PRESENCE,  /* nobody was there */
    BG_FF_USER       /* user verification is required and was not done */
};

/*
 * Verify an assertion: the signature over authdata || hash with the key pub, made for relying party rp, by a
 * person who was present and, with `verify`, verified. BG_OK, and *said is filled; BG_E_MISMATCH, and *fault
 * says why; BG_E_CRYPTO when libcrypto failed, BG_E_RANGE when pub is not a key.
 */
BG_MUST_CHECK enum bg_err bg_fido_verify(const struct bg_fido_public *pub, const char *rp,
                                         const uint8_t hash[BG_FIDO_HASH], bool verify,
                                         const uint8_t *authdata, size_t authdata_len, const uint8_t *sig,
                                         size_t sig_len, struct bg_fido_said *said,
                                         enum bg_fido_fault *fault);

/* r and s of an ES256 signature as DER (RFC 3279, 2.2.3), which is what a key returns; *len: how long it
 * became. BG_E_CRYPTO. */
#define BG_FIDO_RS 64
BG_MUST_CHECK enum bg_err bg_fido_der(const uint8_t sig[BG_FIDO_RS], uint8_t out[BG_FIDO_SIG], size_t *len);

/* What a fresh credential is. */
struct bg_fido_made {
    struct bg_fido_said said;
    struct bg_fido_id id;
    struct bg_fido_public pub;
    uint8_t aaguid[BG_FIDO_AAGUID];
};

/*
 * Read the authenticator data of a makeCredential for rp. BG_E_SYNTAX for anything but a
 * well-formed credential of one of our types. It proves nothing: let it sign, and verify that.
 */
BG_MUST_CHECK enum bg_err bg_fido_read_made(const char *rp, const uint8_t *authdata, size_t len,
                                            struct bg_fido_made *out);

#endif
