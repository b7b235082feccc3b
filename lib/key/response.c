/* SPDX-License-Identifier: ISC */
#include <string.h>
#include <openssl/ecdsa.h>
#include "base/hash.h"
#include "key/challenge.h"

#define AUTHDATA   37 /* hash of the RP id, flags, counter */
#define FLAGS_BITS 6
#define BITS       (FLAGS_BITS + 32 + 8 * BG_RESPONSE_SIG)

_Static_assert(BITS == 5 * BG_ROW_DATA * BG_RESPONSE_ROWS, "the rows hold it exactly");

enum bg_err bg_response_place(const struct bg_challenge *c, unsigned n, struct bg_row_place *out)
{
    uint8_t hash[BG_FIDO_HASH];
    enum bg_err r = bg_challenge_hash(c, hash);

    if (r != BG_OK)
        return r;
    bg_row_tag(hash, (uint8_t)n, out);
    return BG_OK;
}

/* DER (RFC 3279, 2.2.3) to r and s of fixed length. */
static enum bg_err plain_ecdsa(const uint8_t *der, size_t len, uint8_t out[BG_RESPONSE_SIG])
{
    const uint8_t *at = der;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)len);
    enum bg_err r = BG_E_MISMATCH;

    if (sig != NULL && at == der + len && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, 32) == 32 &&
        BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + 32, 32) == 32)
        r = BG_OK;
    ECDSA_SIG_free(sig);
    return r;
}

enum bg_err bg_response_from_key(enum bg_fido_type type, const uint8_t *authdata, size_t authdata_len,
                                 const uint8_t *sig, size_t sig_len, struct bg_response *out)
{
    struct bg_response a = {0};
    enum bg_err r = BG_OK;

    if (authdata_len != AUTHDATA || authdata[32] >= 1 << FLAGS_BITS)
        return BG_E_MISMATCH;
    a.flags = authdata[32];
    for (size_t i = 33; i < AUTHDATA; i++)
        a.counter = a.counter << 8 | authdata[i];
    if (type == BG_FIDO_ES256)
        r = plain_ecdsa(sig, sig_len, a.sig);
    else if (sig_len == BG_RESPONSE_SIG)
        memcpy(a.sig, sig, sig_len);
    else
        r = BG_E_MISMATCH;
    if (r == BG_OK)
        *out = a;
    return r;
}

/* Bytes that hold all bits, the first two of them zero, and rows of 22 times 5 bits. */
#define BYTES   (1 + 4 + BG_RESPONSE_SIG)
#define PADDING (8 * BYTES - BITS)

static void put_bit(uint8_t rows[BG_RESPONSE_ROWS][BG_ROW], size_t i, unsigned bit)
{
    rows[i / 5 / BG_ROW_DATA][i / 5 % BG_ROW_DATA] |= (uint8_t)(bit << (4 - i % 5));
}

static unsigned get_bit(const uint8_t rows[BG_RESPONSE_ROWS][BG_ROW], size_t i)
{
    return (unsigned)rows[i / 5 / BG_ROW_DATA][i / 5 % BG_ROW_DATA] >> (4 - i % 5) & 1;
}

enum bg_err bg_response_write(const struct bg_challenge *c, const struct bg_response *a,
                              uint8_t rows[BG_RESPONSE_ROWS][BG_ROW])
{
    uint8_t bytes[BYTES] = {a->flags, (uint8_t)(a->counter >> 24), (uint8_t)(a->counter >> 16),
                            (uint8_t)(a->counter >> 8), (uint8_t)a->counter};
    struct bg_row_place place;
    enum bg_err r;

    memcpy(bytes + 5, a->sig, sizeof a->sig);
    memset(rows, 0, BG_RESPONSE_ROWS * BG_ROW);
    for (size_t i = 0; i < BITS; i++)
        put_bit(rows, i, (unsigned)bytes[(i + PADDING) / 8] >> (7 - (i + PADDING) % 8) & 1);
    for (unsigned n = 1; n <= BG_RESPONSE_ROWS; n++) {
        if ((r = bg_response_place(c, n, &place)) != BG_OK)
            return r;
        bg_row_seal(&place, rows[n - 1]);
    }
    return BG_OK;
}

void bg_response_read(const uint8_t rows[BG_RESPONSE_ROWS][BG_ROW], struct bg_response *out)
{
    uint8_t bytes[BYTES] = {0};

    for (size_t i = 0; i < BITS; i++)
        bytes[(i + PADDING) / 8] |= (uint8_t)(get_bit(rows, i) << (7 - (i + PADDING) % 8));
    out->flags = bytes[0];
    out->counter = (uint32_t)bytes[1] << 24 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 8 | bytes[4];
    memcpy(out->sig, bytes + 5, sizeof out->sig);
}

enum bg_err bg_response_verify(const struct bg_response *a, const struct bg_fido_public *pub,
                               const uint8_t hash[BG_FIDO_HASH], struct bg_fido_said *said,
                               enum bg_fido_fault *fault)
{
    uint8_t authdata[AUTHDATA], sig[BG_FIDO_SIG];
    size_t sig_len = sizeof a->sig;
    enum bg_err r;

    if ((r = bg_sha256(BG_TEXT_RP, strlen(BG_TEXT_RP), authdata)) != BG_OK)
        return r;
    authdata[32] = a->flags;
    for (size_t i = 0; i < 4; i++)
        authdata[33 + i] = (uint8_t)(a->counter >> (24 - 8 * i));
    if (pub->type == BG_FIDO_ES256)
        r = bg_fido_der(a->sig, sig, &sig_len);
    else
        memcpy(sig, a->sig, sig_len);
    return r != BG_OK ? r
                      : bg_fido_verify(pub, BG_TEXT_RP, hash, true, authdata, sizeof authdata, sig, sig_len,
                                       said, fault);
}
