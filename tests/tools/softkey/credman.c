/* SPDX-License-Identifier: ISC */
/* authenticatorCredentialManagement (6.8) */
#include <stdlib.h>
#include <string.h>
#include "ctap.h"

static void hash_of(const struct sk_resident *r, uint8_t out[SK_HASH])
{
    sk_sha256(r->rp_id, strlen(r->rp_id), out);
}

/* Is this the first credential of its relying party? */
static bool first_of_rp(const struct sk_store *s, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (strcmp(s->resident[j].rp_id, s->resident[i].rp_id) == 0)
            return false;
    return true;
}

static size_t next_rp(const struct sk_store *s, size_t i)
{
    while (i < s->residents && !first_of_rp(s, i))
        i++;
    return i;
}

static size_t next_cred(const struct sk_store *s, size_t i, const uint8_t rp_hash[SK_HASH])
{
    uint8_t hash[SK_HASH];

    for (; i < s->residents; i++) {
        hash_of(&s->resident[i], hash);
        if (memcmp(hash, rp_hash, SK_HASH) == 0)
            break;
    }
    return i;
}

static enum sk_status metadata(struct softkey *sk, cbor_item_t *params, struct sk_out *o)
{
    (void)params;
    sk_put_map(o, 2);
    sk_put_int(o, 1);
    sk_put_int(o, (int64_t)sk->store.residents);
    sk_put_int(o, 2);
    sk_put_int(o, (int64_t)(SK_RESIDENT - sk->store.residents));
    return SK_OK;
}

/* total 0: it was given before */
static enum sk_status put_rp(struct softkey *sk, size_t total, struct sk_out *o)
{
    const struct sk_resident *r = &sk->store.resident[sk->walk.next_rp];
    uint8_t hash[SK_HASH];

    if (sk->walk.next_rp >= sk->store.residents)
        return SK_E_NO_CREDENTIALS;
    hash_of(r, hash);
    sk_put_map(o, total > 0 ? 3 : 2);
    sk_put_int(o, 3);
    sk_put_map(o, 1);
    sk_put_text(o, "id");
    sk_put_text(o, r->rp_id);
    sk_put_int(o, 4);
    sk_put_bytes(o, hash, sizeof(hash));
    if (total > 0) {
        sk_put_int(o, 5);
        sk_put_int(o, (int64_t)total);
    }
    sk->walk.next_rp = next_rp(&sk->store, sk->walk.next_rp + 1);
    return SK_OK;
}

static enum sk_status rps_begin(struct softkey *sk, cbor_item_t *params, struct sk_out *o)
{
    size_t total = 0;

    (void)params;
    for (size_t i = next_rp(&sk->store, 0); i < sk->store.residents; i = next_rp(&sk->store, i + 1))
        total++;
    sk->walk.next_rp = 0;
    return put_rp(sk, total, o);
}

static enum sk_status rps_next(struct softkey *sk, cbor_item_t *params, struct sk_out *o)
{
    (void)params;
    return put_rp(sk, 0, o);
}

static void put_whole_user(struct sk_out *o, const struct sk_resident *r)
{
    sk_put_map(o, 3);
    sk_put_text(o, "id");
    sk_put_bytes(o, r->user_id, r->user_id_len);
    sk_put_text(o, "name");
    sk_put_text(o, r->user_name);
    sk_put_text(o, "displayName");
    sk_put_text(o, r->display_name);
}

static enum sk_status put_cred(struct softkey *sk, size_t total, struct sk_out *o)
{
    const struct sk_resident *r = &sk->store.resident[sk->walk.next_cred];
    struct sk_source s;

    if (sk->walk.next_cred >= sk->store.residents)
        return SK_E_NO_CREDENTIALS;
    if (!sk_cred_open(sk, sk->walk.rp_hash, r->id, SK_CRED_ID, &s))
        return SK_E_OTHER;
    sk_put_map(o, total > 0 ? 5 : 4);
    sk_put_int(o, 6);
    put_whole_user(o, r);
    sk_put_int(o, 7);
    sk_put_descriptor(o, r->id);
    sk_put_int(o, 8);
    sk_put_cose(o, s.alg, s.key);
    if (total > 0) {
        sk_put_int(o, 9);
        sk_put_int(o, (int64_t)total);
    }
    sk_put_int(o, 10);
    sk_put_int(o, s.protect);
    sk->walk.next_cred = next_cred(&sk->store, sk->walk.next_cred + 1, sk->walk.rp_hash);
    return SK_OK;
}

static enum sk_status creds_begin(struct softkey *sk, cbor_item_t *params, struct sk_out *o)
{
    struct sk_bytes hash;
    size_t total = 0;

    if (!sk_is_bytes(sk_get(params, 1), &hash) || hash.len != SK_HASH)
        return SK_E_MISSING;
    memcpy(sk->walk.rp_hash, hash.p, SK_HASH);
    sk->walk.next_cred = next_cred(&sk->store, 0, hash.p);
    for (size_t i = sk->walk.next_cred; i < sk->store.residents; i = next_cred(&sk->store, i + 1, hash.p))
        total++;
    return put_cred(sk, total, o);
}

static enum sk_status creds_next(struct softkey *sk, cbor_item_t *params, struct sk_out *o)
{
    (void)params;
    return put_cred(sk, 0, o);
}

static enum sk_status remove_cred(struct softkey *sk, cbor_item_t *params, struct sk_out *o)
{
    struct sk_bytes id;
    struct sk_resident *r;

    (void)o;
    if (!sk_is_bytes(sk_get_text(sk_get(params, 2), "id"), &id) || id.len != SK_CRED_ID)
        return SK_E_MISSING;
    if ((r = sk_store_by_id(&sk->store, id.p)) == NULL)
        return SK_E_NO_CREDENTIALS;
    sk_store_remove(&sk->store, r);
    return SK_OK;
}

static const struct {
    int64_t number;
    bool proof; /* needs pinUvAuthParam */
    enum sk_status (*run)(struct softkey *sk, cbor_item_t *params, struct sk_out *o);
} subcommands[] = {
    {1, true, metadata},    {2, true, rps_begin},   {3, false, rps_next},
    {4, true, creds_begin}, {5, false, creds_next}, {6, true, remove_cred},
};

/* Whose credentials it is about, or NULL: a token may be bound to one relying party. */
static const char *about(const struct softkey *sk, int64_t sub, cbor_item_t *params)
{
    const struct sk_store *s = &sk->store;
    const struct sk_resident *r = NULL;
    struct sk_bytes b;
    size_t i;

    if (sub == 4 && sk_is_bytes(sk_get(params, 1), &b) && b.len == SK_HASH)
        r = (i = next_cred(s, 0, b.p)) < s->residents ? &s->resident[i] : NULL;
    else if (sub == 6 && sk_is_bytes(sk_get_text(sk_get(params, 2), "id"), &b) && b.len == SK_CRED_ID)
        r = sk_store_by_id(s, b.p);
    return r ? r->rp_id : NULL;
}

/* The token signs the subcommand's number and its parameters as received. */
static enum sk_status check_proof(struct softkey *sk, cbor_item_t *request, uint8_t sub, cbor_item_t *params)
{
    struct sk_bytes proof;
    uint8_t data[1 + SK_MAX_MSG] = {sub};
    int64_t protocol;
    size_t n = 1;

    if (!sk_is_bytes(sk_get(request, 4), &proof))
        return SK_E_PIN_REQUIRED;
    if (!sk_is_int(sk_get(request, 3), &protocol))
        return SK_E_MISSING;
    if (params != NULL)
        n += cbor_serialize(params, data + 1, sizeof(data) - 1);
    return sk_pin_check_token(sk, protocol, proof, data, n, SK_MAY_MANAGE, about(sk, sub, params));
}

enum sk_status sk_credman_command(struct softkey *sk, cbor_item_t *request, struct sk_out *out)
{
    cbor_item_t *params = sk_get(request, 2);
    int64_t sub;
    enum sk_status r;

    if (!sk_is_int(sk_get(request, 1), &sub))
        return SK_E_MISSING;
    for (size_t i = 0; i < sizeof(subcommands) / sizeof(subcommands[0]); i++)
        if (subcommands[i].number == sub) {
            r = subcommands[i].proof ? check_proof(sk, request, (uint8_t)sub, params) : SK_OK;
            return r == SK_OK ? subcommands[i].run(sk, params, out) : r;
        }
    return SK_E_SUBCOMMAND;
}
