/* SPDX-License-Identifier: ISC */
/*
 * What a key may send as authenticator data and signature: no crash, and nothing is proved. The first byte
 * says which type of public key and how many of the rest are the signature.
 */
#include <stdlib.h>
#include <string.h>
#include "key/key.h"

#define RP "breakglass.example"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Public keys whose private halves were thrown away. */
static const struct bg_fido_public keys[] = {
    {BG_FIDO_ES256, 64, {0x63, 0xf0, 0x04, 0x82, 0xe4, 0x7d, 0xbc, 0x43, 0xdd, 0x06, 0xe5, 0x36, 0x4e,
                         0x16, 0x9f, 0x58, 0x2e, 0xfa, 0x54, 0x30, 0xbc, 0xaa, 0x28, 0xbe, 0x2d, 0xe3,
                         0xb4, 0x51, 0xe8, 0x58, 0x69, 0xfb, 0x81, 0xcc, 0xcc, 0x26, 0x5d, 0x30, 0x3b,
                         0xe4, 0xf4, 0x2a, 0x61, 0xb3, 0x0e, 0xa1, 0xb8, 0x4e, 0xc1, 0x5f, 0x83, 0x5e,
                         0xf1, 0x16, 0x2b, 0x2d, 0x18, 0x50, 0x54, 0xbd, 0x27, 0x92, 0x06, 0xa9}},
    {BG_FIDO_EDDSA, 32, {0x50, 0xe4, 0xa6, 0xf9, 0xf7, 0x7d, 0x50, 0xc0, 0x15, 0xa7, 0x34,
                         0x9a, 0x74, 0xf7, 0xe6, 0x3a, 0x44, 0x71, 0x67, 0xd6, 0x02, 0x86,
                         0x0f, 0xbe, 0xbb, 0x5d, 0x94, 0xf4, 0x58, 0x42, 0xbe, 0x70}},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t hash[BG_FIDO_HASH] = {1, 2, 3};
    struct bg_fido_said said;
    struct bg_fido_made made;
    enum bg_fido_fault fault;
    size_t sig;

    (void)bg_key_is_fido(data, size);
    if (size == 0)
        return 0;
    sig = data[0] & 0x7f;
    sig = sig < size - 1 ? sig : size - 1;
    if (bg_fido_verify(&keys[data[0] >> 7], RP, hash, false, data + 1 + sig, size - 1 - sig, data + 1, sig,
                       &said, &fault) == BG_OK)
        abort();
    if (bg_fido_read_made(RP, data + 1, size - 1, &made) != BG_OK)
        return 0;
    if (made.id.len == 0 || made.id.len > BG_FIDO_ID || bg_fido_public_len(made.pub.type) == 0)
        abort();
    return 0;
}
