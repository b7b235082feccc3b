/* SPDX-License-Identifier: ISC */
#include "pinproto.h"

#include <string.h>
#include "base/secret.h"

static const uint8_t zeros[32];

/* HKDF-SHA-256 (RFC 5869) with a salt of 32 zero bytes and 32 bytes of output. */
static void hkdf(const uint8_t z[SK_KEY], const char *info, uint8_t out[SK_KEY])
{
    uint8_t prk[SK_HASH], last[32];
    size_t n = strlen(info);

    sk_hmac(zeros, z, SK_KEY, prk);
    memcpy(last, info, n);
    last[n] = 1;
    sk_hmac(prk, last, n + 1, out);
}

bool sk_shared_make(struct sk_shared *s, int64_t protocol, const uint8_t ours[SK_KEY], cbor_item_t *theirs)
{
    struct sk_bytes x, y;
    uint8_t xy[64], z[SK_KEY];

    if ((protocol != 1 && protocol != 2) || !sk_is_bytes(sk_get(theirs, -2), &x) ||
        !sk_is_bytes(sk_get(theirs, -3), &y) || x.len != 32 || y.len != 32)
        return false;
    memcpy(xy, x.p, 32);
    memcpy(xy + 32, y.p, 32);
    if (!sk_ecdh(ours, xy, z))
        return false;
    s->protocol = (int)protocol;
    if (protocol == 1) {
        sk_sha256(z, sizeof(z), s->mac);
        memcpy(s->aes, s->mac, sizeof(s->aes));
    } else {
        hkdf(z, "CTAP2 HMAC key", s->mac);
        hkdf(z, "CTAP2 AES key", s->aes);
    }
    return true;
}

size_t sk_shared_decrypt(const struct sk_shared *s, struct sk_bytes in, uint8_t *out, size_t cap)
{
    size_t iv = s->protocol == 2 ? 16 : 0;

    if (in.len <= iv || (in.len - iv) % 16 != 0 || in.len - iv > cap)
        return 0;
    sk_aes(false, s->aes, iv > 0 ? in.p : zeros, in.p + iv, in.len - iv, out);
    return in.len - iv;
}

size_t sk_shared_encrypt(const struct sk_shared *s, const uint8_t *in, size_t n, uint8_t *out)
{
    if (s->protocol == 1) {
        sk_aes(true, s->aes, zeros, in, n, out);
        return n;
    }
    sk_random(out, 16);
    sk_aes(true, s->aes, out, in, n, out + 16);
    return n + 16;
}

bool sk_proved(int64_t protocol, const uint8_t key[SK_KEY], const void *data, size_t n, struct sk_bytes proof)
{
    uint8_t mac[SK_HASH];

    sk_hmac(key, data, n, mac);
    return proof.len == (protocol == 1 ? 16 : sizeof(mac)) && bg_ct_equal(mac, proof.p, proof.len);
}
