/* SPDX-License-Identifier: ISC */
#include "cred.h"

#include <string.h>
#include "softkey.h"
#include "cbor.h"

size_t sk_id_bytes = SK_CRED_ID;

void sk_cred_seal(const struct softkey *sk, const uint8_t rp_hash[SK_HASH], const struct sk_source *s,
                  uint8_t id[SK_CRED_ID])
{
    uint8_t plain[SK_SOURCE] = {s->alg == SK_EDDSA ? 1 : s->alg == SK_RS256 ? 2 : 0, s->protect, s->resident};

    memcpy(plain + 3, s->key, SK_KEY);
    sk_seal(sk->store.secret, rp_hash, plain, sizeof(plain), id);
}

bool sk_cred_open(const struct softkey *sk, const uint8_t rp_hash[SK_HASH], const uint8_t *id, size_t n,
                  struct sk_source *s)
{
    uint8_t plain[SK_SOURCE];

    if ((n != SK_CRED_ID && n != sk_id_bytes) || !sk_open(sk->store.secret, rp_hash, id, SK_SOURCE, plain))
        return false;
    s->alg = plain[0] == 1 ? SK_EDDSA : plain[0] == 2 ? SK_RS256 : SK_ES256;
    s->protect = plain[1];
    s->resident = plain[2] != 0;
    memcpy(s->key, plain + 3, SK_KEY);
    return !s->resident || sk_store_by_id(&sk->store, id) != NULL;
}

/* RFC 8230, 4 */
static void put_rsa(struct sk_out *o)
{
    uint8_t n[256];

    sk_rsa_modulus(n);
    sk_put_map(o, 4);
    sk_put_int(o, 1);
    sk_put_int(o, 3);
    sk_put_int(o, 3);
    sk_put_int(o, SK_RS256);
    sk_put_int(o, -1);
    sk_put_bytes(o, n, sizeof(n));
    sk_put_int(o, -2);
    sk_put_bytes(o, "\1\0\1", 3);
}

void sk_put_cose(struct sk_out *o, int alg, const uint8_t key[SK_KEY])
{
    uint8_t pub[64];
    bool okp = alg == SK_EDDSA;

    if (alg == SK_RS256) {
        put_rsa(o);
        return;
    }

    (void)sk_key_public(okp ? SK_EDDSA : SK_ES256, key, pub);
    sk_put_map(o, okp ? 4 : 5);
    sk_put_int(o, 1);
    sk_put_int(o, okp ? 1 : 2); /* kty: OKP, EC2 */
    sk_put_int(o, 3);
    sk_put_int(o, alg);
    sk_put_int(o, -1);
    sk_put_int(o, okp ? 6 : 1); /* crv: Ed25519, P-256 */
    sk_put_int(o, -2);
    sk_put_bytes(o, pub, 32);
    if (!okp) {
        sk_put_int(o, -3);
        sk_put_bytes(o, pub + 32, 32);
    }
}

void sk_put_id(struct sk_out *o, const uint8_t id[SK_CRED_ID])
{
    static const uint8_t zeros[SK_ID_MAX];

    sk_put_raw(o, id, SK_CRED_ID);
    sk_put_raw(o, zeros, sk_id_bytes - SK_CRED_ID);
}

void sk_put_descriptor(struct sk_out *o, const uint8_t id[SK_CRED_ID])
{
    uint8_t all[SK_ID_MAX];
    struct sk_out whole = {.buf = all, .cap = sizeof(all)};

    sk_put_id(&whole, id);
    sk_put_map(o, 2);
    sk_put_text(o, "id");
    sk_put_bytes(o, all, whole.len);
    sk_put_text(o, "type");
    sk_put_text(o, "public-key");
}

void sk_put_auth_head(struct softkey *sk, struct sk_out *o, const uint8_t rp_hash[SK_HASH], uint8_t flags)
{
    uint32_t counter = sk_store_count(&sk->store);
    uint8_t hash[SK_HASH];
    uint8_t tail[5] = {flags, (uint8_t)(counter >> 24), (uint8_t)(counter >> 16), (uint8_t)(counter >> 8),
                       (uint8_t)counter};

    memcpy(hash, rp_hash, sizeof(hash));
    if (sk_fault_lies(sk, SK_LIE_RPID))
        sk_sha256("elsewhere.example", 17, hash);
    if (sk_fault_lies(sk, SK_LIE_UP))
        tail[0] &= (uint8_t)~SK_FLAG_UP;
    if (sk_fault_lies(sk, SK_LIE_UV))
        tail[0] &= (uint8_t)~SK_FLAG_UV;
    if (sk_fault_lies(sk, SK_LIE_FLAGS))
        tail[0] |= SK_FLAG_UP | SK_FLAG_UV;
    sk_put_raw(o, hash, sizeof(hash));
    sk_put_raw(o, tail, sizeof(tail));
}

size_t sk_cred_sign(const struct softkey *sk, const struct sk_source *s, const struct sk_out *auth,
                    const uint8_t client_hash[SK_HASH], uint8_t sig[SK_SIG_MAX])
{
    uint8_t data[SK_AUTH_MAX + SK_HASH];
    size_t n;

    memcpy(data, auth->buf, auth->len);
    memcpy(data + auth->len, client_hash, SK_HASH);
    n = sk_key_sign(s->alg, s->key, data, auth->len + SK_HASH, sig);
    if (sk_fault_lies(sk, SK_LIE_SIGNATURE))
        sig[n - 1] ^= 1;
    return n;
}
