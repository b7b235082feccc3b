/* SPDX-License-Identifier: ISC */
#include "ctap.h"

static enum sk_status option(cbor_item_t *options, const char *name, bool *v, bool *there)
{
    cbor_item_t *item = sk_get_text(options, name);

    *there = item != NULL;
    return item == NULL || sk_is_bool(item, v) ? SK_OK : SK_E_CBOR_TYPE;
}

enum sk_status sk_consent_read(struct sk_consent *c, cbor_item_t *request, int64_t options_key,
                               int64_t param_key)
{
    cbor_item_t *options = sk_get(request, options_key), *param = sk_get(request, param_key);
    cbor_item_t *protocol = sk_get(request, param_key + 1);
    enum sk_status r;
    bool has_uv;

    *c = (struct sk_consent){.up = true};
    if ((r = option(options, "rk", &c->rk, &c->has_rk)) != SK_OK ||
        (r = option(options, "up", &c->up, &c->has_up)) != SK_OK ||
        (r = option(options, "uv", &c->uv, &has_uv)) != SK_OK)
        return r;
    c->has_param = param != NULL;
    if ((param != NULL && !sk_is_bytes(param, &c->param)) ||
        (protocol != NULL && !sk_is_int(protocol, &c->protocol)))
        return SK_E_CBOR_TYPE;
    if (c->has_param)
        c->uv = false;
    return SK_OK;
}

enum sk_status sk_consent_verify(struct softkey *sk, struct sk_consent *c, const uint8_t client_hash[SK_HASH],
                                 enum sk_permission permission, const char *rp_id)
{
    enum sk_status r = SK_OK;

    if (sk_fault_lies(sk, SK_LIE_FLAGS)) {
        c->verified = c->touched = true;
        return SK_OK;
    }
    if (c->has_param && c->param.len == 0) { /* blink, so that the person can choose a key (6.1.2 step 1) */
        if ((r = sk_user_touch(sk)) == SK_OK)
            r = sk->store.has_pin ? SK_E_PIN_INVALID : SK_E_PIN_NOT_SET;
        return r;
    }
    if (c->has_param && c->protocol != 1 && c->protocol != 2)
        return c->protocol == 0 ? SK_E_MISSING : SK_E_PARAMETER;
    if (c->has_param) {
        r = sk_pin_check_token(sk, c->protocol, c->param, client_hash, SK_HASH, permission, rp_id);
        c->verified = r == SK_OK;
        c->touched = c->verified && sk->pin.present;
    } else if (c->uv) {
        if (sk->user.uv == SK_UV_NONE)
            return SK_E_INVALID_OPTION;
        r = sk_user_verify(sk);
        c->verified = c->touched = r == SK_OK;
    }
    return r;
}

enum sk_status sk_consent_touch(struct softkey *sk, struct sk_consent *c)
{
    enum sk_status r = SK_OK;

    if (!c->touched && !sk_fault_lies(sk, SK_LIE_UP))
        r = sk_user_touch(sk);
    if (r == SK_OK) {
        c->touched = true;
        sk_pin_spent(&sk->pin);
    }
    return r;
}
