/* SPDX-License-Identifier: ISC */
#include "u2f.h"

#include <string.h>
#include "cbor.h"
#include "softkey.h"

enum {
    INS_REGISTER = 1,
    INS_AUTHENTICATE = 2,
    INS_VERSION = 3,
    CHECK_ONLY = 7,
    SW_OK = 0x9000,
    SW_TOUCH = 0x6985, /* conditions not satisfied: nobody has touched it, or it could if touched */
    SW_UNKNOWN = 0x6a80,
    SW_LENGTH = 0x6700,
    SW_INS = 0x6d00
};

/* A request without its frame: 7 bytes of extended-length APDU, then the data. */
struct apdu {
    uint8_t ins, p1;
    const uint8_t *data;
    size_t n;
};

static bool read_apdu(const uint8_t *p, size_t n, struct apdu *a)
{
    if (n < 7)
        return false;
    a->ins = p[1];
    a->p1 = p[2];
    a->n = (size_t)p[5] << 8 | p[6];
    a->data = p + 7;
    if (a->ins == INS_VERSION)
        a->n = 0;
    return a->n <= n - 7;
}

static unsigned do_register(struct softkey *sk, const struct apdu *a, struct sk_out *out)
{
    struct sk_source s = {.alg = SK_ES256, .protect = SK_PROTECT_OPTIONAL};
    uint8_t id[SK_CRED_ID], signed_data[1 + 64 + SK_CRED_ID + 65], sig[SK_SIG_MAX], head[67] = {5, 4};
    struct sk_out d = {.buf = signed_data, .cap = sizeof(signed_data)};
    size_t n;

    if (a->n != 64)
        return SW_LENGTH;
    if (!sk_user_touched_by_now(&sk->user))
        return SW_TOUCH;
    sk_key_new(SK_ES256, s.key);
    (void)sk_key_public(SK_ES256, s.key, head + 2);
    sk_cred_seal(sk, a->data + 32, &s, id);
    sk_put_raw(&d, "\0", 1);
    sk_put_raw(&d, a->data + 32, 32);
    sk_put_raw(&d, a->data, 32);
    sk_put_raw(&d, id, sizeof(id));
    sk_put_raw(&d, head + 1, 65);
    n = sk_attest_sign(d.buf, d.len, sig);
    head[66] = SK_CRED_ID;
    sk_put_raw(out, head, sizeof(head));
    sk_put_raw(out, id, sizeof(id));
    sk_put_raw(out, sk_attest_cert(), sk_attest_cert_len());
    sk_put_raw(out, sig, n);
    return SW_OK;
}

static unsigned do_authenticate(struct softkey *sk, const struct apdu *a, struct sk_out *out)
{
    uint32_t counter;
    uint8_t signed_data[32 + 5 + 32], sig[SK_SIG_MAX];
    struct sk_source s;
    size_t n;

    if (a->n < 65 || a->n != 65u + a->data[64])
        return SW_LENGTH;
    if (!sk_cred_open(sk, a->data + 32, a->data + 65, a->data[64], &s))
        return SW_UNKNOWN;
    if (a->p1 == CHECK_ONLY || !sk_user_touched_by_now(&sk->user))
        return SW_TOUCH;
    counter = sk_store_count(&sk->store);
    memcpy(signed_data, a->data + 32, 32);
    signed_data[32] = SK_FLAG_UP;
    for (unsigned i = 0; i < 4; i++)
        signed_data[33 + i] = (uint8_t)(counter >> (24 - 8 * i));
    memcpy(signed_data + 37, a->data, 32);
    n = sk_key_sign(SK_ES256, s.key, signed_data, sizeof(signed_data), sig);
    sk_put_raw(out, signed_data + 32, 5);
    sk_put_raw(out, sig, n);
    return SW_OK;
}

size_t sk_u2f_answer(struct softkey *sk, const uint8_t *request, size_t n, uint8_t *out, size_t cap)
{
    struct sk_out o = {.buf = out, .cap = cap - 2};
    struct apdu a = {0};
    unsigned sw = SW_LENGTH;

    if (read_apdu(request, n, &a))
        switch (a.ins) {
        case INS_VERSION:
            sk_put_raw(&o, "U2F_V2", 6);
            sw = SW_OK;
            break;
        case INS_REGISTER:
            sw = do_register(sk, &a, &o);
            break;
        case INS_AUTHENTICATE:
            sw = do_authenticate(sk, &a, &o);
            break;
        default:
            sw = SW_INS;
        }
    o.buf[o.len] = (uint8_t)(sw >> 8);
    o.buf[o.len + 1] = (uint8_t)sw;
    return o.len + 2;
}
