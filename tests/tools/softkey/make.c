/* SPDX-License-Identifier: ISC */
/* authenticatorMakeCredential (6.1) */
#include <string.h>
#include "ctap.h"

struct make {
    uint8_t client_hash[SK_HASH], rp_hash[SK_HASH];
    struct sk_consent consent;
    struct sk_resident record; /* relying party and user, in case it is discoverable */
    struct sk_source source;
    bool told_protect; /* credProtect was asked for, so the answer names it */
};

/* The first algorithm of the list that we have. */
static enum sk_status choose_algorithm(cbor_item_t *list, bool rsa, int *alg)
{
    cbor_item_t *item;
    int64_t a;

    if (list == NULL)
        return SK_E_MISSING;
    for (size_t i = 0; (item = sk_at(list, i)) != NULL; i++) {
        char type[16];
        if (!sk_is_int(sk_get_text(item, "alg"), &a) ||
            !sk_is_text(sk_get_text(item, "type"), type, sizeof(type)))
            return SK_E_CBOR_TYPE;
        if (strcmp(type, "public-key") == 0 && (rsa ? a == SK_RS256 : a == SK_ES256 || a == SK_EDDSA)) {
            *alg = (int)a;
            return SK_OK;
        }
    }
    return SK_E_ALGORITHM;
}

static enum sk_status read_user(cbor_item_t *user, struct sk_resident *r)
{
    struct sk_bytes id;

    if (!sk_is_bytes(sk_get_text(user, "id"), &id) || id.len > sizeof(r->user_id))
        return SK_E_MISSING;
    if (id.len > 0)
        memcpy(r->user_id, id.p, id.len);
    r->user_id_len = id.len;
    (void)sk_is_text(sk_get_text(user, "name"), r->user_name, sizeof(r->user_name));
    (void)sk_is_text(sk_get_text(user, "displayName"), r->display_name, sizeof(r->display_name));
    return SK_OK;
}

static enum sk_status read_protect(cbor_item_t *extensions, struct make *m)
{
    cbor_item_t *item = sk_get_text(extensions, "credProtect");
    int64_t v = SK_PROTECT_OPTIONAL;

    if (item != NULL && (!sk_is_int(item, &v) || v < SK_PROTECT_OPTIONAL || v > SK_PROTECT_UV))
        return SK_E_INVALID_OPTION;
    m->told_protect = item != NULL;
    m->source.protect = (uint8_t)v;
    return SK_OK;
}

static enum sk_status read_request(cbor_item_t *request, bool rsa, struct make *m)
{
    struct sk_bytes hash;
    enum sk_status r;

    if (!sk_is_bytes(sk_get(request, 1), &hash) || hash.len != SK_HASH ||
        !sk_is_text(sk_get_text(sk_get(request, 2), "id"), m->record.rp_id, sizeof(m->record.rp_id)))
        return SK_E_MISSING;
    memcpy(m->client_hash, hash.p, SK_HASH);
    sk_sha256(m->record.rp_id, strlen(m->record.rp_id), m->rp_hash);
    if ((r = read_user(sk_get(request, 3), &m->record)) != SK_OK ||
        (r = choose_algorithm(sk_get(request, 4), rsa, &m->source.alg)) != SK_OK ||
        (r = read_protect(sk_get(request, 6), m)) != SK_OK ||
        (r = sk_consent_read(&m->consent, request, 7, 8)) != SK_OK)
        return r;
    m->source.resident = m->consent.rk;
    return m->consent.has_up && !m->consent.up ? SK_E_INVALID_OPTION : SK_OK;
}

/* Is one of the list ours? Revealed only after a touch, so that nobody can probe unnoticed. */
static enum sk_status check_excluded(struct softkey *sk, cbor_item_t *list, struct make *m)
{
    struct sk_bytes id;
    struct sk_source s;
    enum sk_status r;

    for (size_t i = 0; sk_at(list, i) != NULL; i++)
        if (sk_is_bytes(sk_get_text(sk_at(list, i), "id"), &id) &&
            sk_cred_open(sk, m->rp_hash, id.p, id.len, &s) &&
            (s.protect != SK_PROTECT_UV || m->consent.verified)) {
            r = sk_consent_touch(sk, &m->consent);
            return r == SK_OK ? SK_E_EXCLUDED : r;
        }
    return SK_OK;
}

static void put_auth_data(struct softkey *sk, struct make *m, struct sk_out *auth)
{
    uint8_t flags = SK_FLAG_UP | SK_FLAG_AT;
    const uint8_t id_len[2] = {(uint8_t)(sk_id_bytes >> 8), (uint8_t)sk_id_bytes};

    if (m->consent.verified)
        flags |= SK_FLAG_UV;
    if (m->told_protect)
        flags |= SK_FLAG_ED;
    sk_put_auth_head(sk, auth, m->rp_hash, flags);
    sk_put_raw(auth, sk_aaguid(), 16);
    sk_put_raw(auth, id_len, sizeof(id_len));
    sk_put_id(auth, m->record.id);
    sk_put_cose(auth, m->source.alg, m->source.key);
    if (m->told_protect) {
        sk_put_map(auth, 1);
        sk_put_text(auth, "credProtect");
        sk_put_int(auth, m->source.protect);
    }
}

static size_t attest(const struct sk_out *auth, const uint8_t client_hash[SK_HASH], uint8_t sig[SK_SIG_MAX])
{
    uint8_t data[SK_AUTH_MAX + SK_HASH];

    memcpy(data, auth->buf, auth->len);
    memcpy(data + auth->len, client_hash, SK_HASH);
    return sk_attest_sign(data, auth->len + SK_HASH, sig);
}

/* Packed attestation (WebAuthn 8.2): signed by the maker's certificate, or else by the new key itself. */
static void put_answer(struct softkey *sk, struct make *m, struct sk_out *out)
{
    uint8_t data[SK_AUTH_MAX], sig[SK_SIG_MAX];
    struct sk_out auth = {.buf = data, .cap = sizeof(data)};
    size_t n;

    put_auth_data(sk, m, &auth);
    n = sk_attest_cert() == NULL ? sk_cred_sign(sk, &m->source, &auth, m->client_hash, sig)
                                 : attest(&auth, m->client_hash, sig);
    sk_put_map(out, 3);
    sk_put_int(out, 1);
    sk_put_text(out, "packed");
    sk_put_int(out, 2);
    sk_put_bytes(out, auth.buf, auth.len);
    sk_put_int(out, 3);
    sk_put_map(out, sk_attest_cert() == NULL ? 2 : 3);
    sk_put_text(out, "alg");
    sk_put_int(out, sk_attest_cert() == NULL ? m->source.alg : SK_ES256);
    sk_put_text(out, "sig");
    sk_put_bytes(out, sig, n);
    if (sk_attest_cert() != NULL) {
        sk_put_text(out, "x5c");
        sk_put_array(out, 1);
        sk_put_bytes(out, sk_attest_cert(), sk_attest_cert_len());
    }
}

enum sk_status sk_make_command(struct softkey *sk, cbor_item_t *request, struct sk_out *out)
{
    struct make m = {0};
    enum sk_status r;

    if ((r = read_request(request, sk->rsa, &m)) != SK_OK)
        return r;
    sk_hid_keepalive(sk, SK_PROCESSING);
    if ((r = sk_consent_verify(sk, &m.consent, m.client_hash, SK_MAY_MAKE, m.record.rp_id)) != SK_OK)
        return r;
    /* makeCredUvNotRqd: a key that is not discoverable needs no PIN; a discoverable one does, where there is
     * one */
    if (m.consent.rk && !m.consent.verified && (sk->store.has_pin || sk->user.uv != SK_UV_NONE))
        return SK_E_PIN_REQUIRED;
    if ((r = check_excluded(sk, sk_get(request, 5), &m)) != SK_OK ||
        (r = sk_consent_touch(sk, &m.consent)) != SK_OK)
        return r;
    sk_key_new(m.source.alg, m.source.key);
    sk_cred_seal(sk, m.rp_hash, &m.source, m.record.id);
    if (m.consent.rk && !sk_store_add(&sk->store, &m.record))
        return SK_E_STORE_FULL;
    put_answer(sk, &m, out);
    return SK_OK;
}
