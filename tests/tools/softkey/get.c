/* SPDX-License-Identifier: ISC */
/* authenticatorGetAssertion and GetNextAssertion (6.2, 6.3) */
#include <string.h>
#include "base/clock.h"
#include "ctap.h"

#define NEXT_MS 30000 /* between two of getNextAssertion */

struct get {
    char rp_id[SK_RPID_MAX];
    cbor_item_t *allowed; /* NULL: any discoverable one */
    struct sk_consent consent;
};

static enum sk_status read_request(const struct softkey *sk, cbor_item_t *request, struct get *g,
                                   struct sk_found_set *f)
{
    struct sk_bytes hash;
    enum sk_status r;

    if (!sk_is_text(sk_get(request, 1), g->rp_id, sizeof(g->rp_id)) ||
        !sk_is_bytes(sk_get(request, 2), &hash) || hash.len != SK_HASH)
        return SK_E_MISSING;
    memcpy(f->client_hash, hash.p, SK_HASH);
    sk_sha256(g->rp_id, strlen(g->rp_id), f->rp_hash);
    g->allowed = sk_get(request, 3);
    if (sk_at(g->allowed, 0) == NULL)
        g->allowed = NULL;
    if (sk_at(g->allowed, sk->list > 0 ? (size_t)sk->list : 1) != NULL)
        return SK_E_LIMIT;
    if ((r = sk_consent_read(&g->consent, request, 5, 6)) != SK_OK)
        return r;
    return g->consent.has_rk ? SK_E_OPTION : SK_OK;
}

/* May this one be used, or its existence be revealed (12.1)? */
static bool permitted(const struct sk_source *s, const struct get *g)
{
    return g->consent.verified || s->protect == SK_PROTECT_OPTIONAL ||
           (s->protect == SK_PROTECT_LISTED && g->allowed != NULL);
}

static void add(struct softkey *sk, const struct get *g, const uint8_t *id, size_t n)
{
    struct sk_found_set *f = &sk->found;
    struct sk_found *c = &f->cred[f->n];

    if (f->n < SK_RESIDENT && sk_cred_open(sk, f->rp_hash, id, n, &c->source) && permitted(&c->source, g)) {
        memcpy(c->id, id, SK_CRED_ID);
        f->n++;
    }
}

static void find(struct softkey *sk, const struct get *g)
{
    struct sk_bytes id;
    cbor_item_t *item;

    for (size_t i = 0; sk->found.n == 0 && (item = sk_at(g->allowed, i)) != NULL; i++)
        if (sk_is_bytes(sk_get_text(item, "id"), &id))
            add(sk, g, id.p, id.len);
    for (size_t i = sk->store.residents; g->allowed == NULL && i-- > 0;)
        if (strcmp(sk->store.resident[i].rp_id, g->rp_id) == 0)
            add(sk, g, sk->store.resident[i].id, SK_CRED_ID);
}

/* Names only for a verified person (6.2.2: user identifiable information). */
static void put_user(struct sk_out *o, const struct sk_resident *r, bool names)
{
    bool name = names && r->user_name[0], display = names && r->display_name[0];

    sk_put_map(o, 1u + name + display);
    sk_put_text(o, "id");
    sk_put_bytes(o, r->user_id, r->user_id_len);
    if (name) {
        sk_put_text(o, "name");
        sk_put_text(o, r->user_name);
    }
    if (display) {
        sk_put_text(o, "displayName");
        sk_put_text(o, r->display_name);
    }
}

/* The lie of an old answer: the first one is kept, and given instead of all others. */
static void replay(struct softkey *sk, int which, uint8_t *data, size_t *n, size_t cap)
{
    struct sk_fault *f = &sk->fault;

    if (!sk_fault_lies(sk, SK_LIE_REPLAY))
        return;
    if (f->replay_len[which] == 0 && *n <= sizeof(f->replay[which])) {
        memcpy(f->replay[which], data, *n);
        f->replay_len[which] = *n;
    } else if (f->replay_len[which] <= cap) {
        memcpy(data, f->replay[which], f->replay_len[which]);
        *n = f->replay_len[which];
    }
}

static void put_assertion(struct softkey *sk, const struct sk_found *c, size_t count, struct sk_out *out)
{
    uint8_t data[SK_AUTH_MAX], sig[SK_SIG_MAX], id[SK_CRED_ID];
    struct sk_out auth = {.buf = data, .cap = sizeof(data)};
    const struct sk_resident *r = c->source.resident ? sk_store_by_id(&sk->store, c->id) : NULL;
    size_t n;

    sk_put_auth_head(sk, &auth, sk->found.rp_hash, sk->found.flags);
    n = sk_cred_sign(sk, &c->source, &auth, sk->found.client_hash, sig);
    replay(sk, 0, data, &auth.len, sizeof(data));
    replay(sk, 1, sig, &n, sizeof(sig));
    memcpy(id, c->id, sizeof(id));
    if (sk_fault_lies(sk, SK_LIE_CREDENTIAL))
        sk_random(id, sizeof(id));
    sk_put_map(out, 3u + (r != NULL) + (count > 1));
    sk_put_int(out, 1);
    sk_put_descriptor(out, id);
    sk_put_int(out, 2);
    sk_put_bytes(out, auth.buf, auth.len);
    sk_put_int(out, 3);
    sk_put_bytes(out, sig, n);
    if (r != NULL) {
        sk_put_int(out, 4);
        put_user(out, r, (sk->found.flags & SK_FLAG_UV) != 0);
    }
    if (count > 1) {
        sk_put_int(out, 5);
        sk_put_int(out, (int64_t)count);
    }
}

/* Keys that do not tell what they hold. */
static enum sk_status hide(struct softkey *sk, const struct get *g)
{
    if (sk_fault_lies(sk, SK_LIE_MUTE) && !g->consent.verified)
        return SK_E_PIN_REQUIRED;
    if (sk_fault_lies(sk, SK_LIE_NO_PROBE) && !g->consent.up)
        return SK_E_OPTION;
    return sk_fault_lies(sk, SK_LIE_BLINK) && !g->consent.up ? sk_user_touch(sk) : SK_OK;
}

/* Another key's credential as if it were ours. */
static void claim(struct softkey *sk, const struct get *g)
{
    struct sk_found *c = &sk->found.cred[0];
    struct sk_bytes id;

    if (!sk_is_bytes(sk_get_text(sk_at(g->allowed, 0), "id"), &id) || id.len < SK_CRED_ID)
        return;
    memcpy(c->id, id.p, SK_CRED_ID);
    c->source = (struct sk_source){.alg = SK_ES256, .protect = SK_PROTECT_OPTIONAL};
    sk_key_new(SK_ES256, c->source.key);
    sk->found.n = 1;
}

enum sk_status sk_get_command(struct softkey *sk, cbor_item_t *request, struct sk_out *out)
{
    struct sk_found_set *f = &sk->found;
    struct get g = {0};
    enum sk_status r;

    f->n = f->next = 0;
    if ((r = read_request(sk, request, &g, f)) != SK_OK)
        return r;
    sk_hid_keepalive(sk, SK_PROCESSING);
    if ((r = sk_consent_verify(sk, &g.consent, f->client_hash, SK_MAY_GET, g.rp_id)) != SK_OK)
        return r;
    if ((r = hide(sk, &g)) != SK_OK)
        return r;
    find(sk, &g);
    if (f->n == 0 && sk_fault_lies(sk, SK_LIE_CLAIM) && g.allowed != NULL)
        claim(sk, &g);
    if (f->n == 0)
        return sk_fault_lies(sk, SK_LIE_ODD) ? SK_E_OTHER : SK_E_NO_CREDENTIALS;
    if (g.consent.up && (r = sk_consent_touch(sk, &g.consent)) != SK_OK)
        return r;
    f->flags = (uint8_t)((g.consent.up ? SK_FLAG_UP : 0) | (g.consent.verified ? SK_FLAG_UV : 0));
    f->next = 1;
    f->deadline = bg_deadline(NEXT_MS);
    put_assertion(sk, &f->cred[0], f->n, out);
    return SK_OK;
}

enum sk_status sk_next_command(struct softkey *sk, cbor_item_t *request, struct sk_out *out)
{
    struct sk_found_set *f = &sk->found;

    (void)request;
    if (f->next >= f->n || bg_left_ms(f->deadline) == 0)
        return SK_E_NOT_ALLOWED;
    f->deadline = bg_deadline(NEXT_MS);
    put_assertion(sk, &f->cred[f->next++], 0, out);
    return SK_OK;
}
