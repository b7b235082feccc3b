/* SPDX-License-Identifier: ISC */
#include "pin.h"

#include <string.h>
#include "base/secret.h"
#include "base/text.h"
#include "softkey.h"
#include "cbor.h"
#include "pinproto.h"

#define PIN_FIELD    64
#define WRONG_IN_ROW 3 /* then nothing more until power-up */

struct pin_request {
    int64_t protocol;
    cbor_item_t *agreement;
    struct sk_bytes param, new_pin, pin_hash;
    bool has_param, has_new_pin, has_pin_hash;
    int64_t permissions;
    char rp_id[SK_RPID_MAX];
};

void sk_pin_spent(struct sk_pin *pin)
{
    pin->permissions = 0;
    pin->present = false;
}

void sk_pin_power_up(struct sk_pin *pin)
{
    struct sk_pin was = *pin;

    memset(pin, 0, sizeof(*pin));
    pin->min = was.min;
    pin->change = was.change;
    sk_key_new(SK_ES256, pin->agree);
}

/* ---- PIN ------------------------------------------------------------------------------------------- */

/* Does the encrypted hash belong to the PIN? Counts retries; a new key agreement after a wrong one (6.5.5.6).
 */
static enum sk_status check_pin(struct softkey *sk, const struct sk_shared *shared, struct sk_bytes encrypted)
{
    struct sk_store *store = &sk->store;
    uint8_t hash[SK_PIN_HASH];

    if (store->pin_retries == 0)
        return SK_E_PIN_BLOCKED;
    if (sk->pin.wrong_in_row >= WRONG_IN_ROW)
        return SK_E_PIN_AUTH_BLOCKED;
    store->pin_retries--;
    sk_store_save(store);
    if (sk_shared_decrypt(shared, encrypted, hash, sizeof(hash)) == SK_PIN_HASH &&
        bg_ct_equal(hash, store->pin_hash, SK_PIN_HASH)) {
        store->pin_retries = SK_PIN_RETRIES;
        store->uv_retries = SK_UV_RETRIES;
        sk->pin.wrong_in_row = 0;
        sk_store_save(store);
        return SK_OK;
    }
    sk_key_new(SK_ES256, sk->pin.agree);
    sk->pin.wrong_in_row++;
    if (store->pin_retries == 0)
        return SK_E_PIN_BLOCKED;
    return sk->pin.wrong_in_row >= WRONG_IN_ROW ? SK_E_PIN_AUTH_BLOCKED : SK_E_PIN_INVALID;
}

static size_t characters(const uint8_t *s, size_t n)
{
    uint32_t cp;
    size_t count = 0, len;

    for (size_t i = 0; i < n; i += len, count++)
        if ((len = bg_utf8_next((const char *)s + i, n - i, &cp)) == 0)
            return 0;
    return count;
}

static enum sk_status store_pin(struct softkey *sk, const struct sk_shared *shared, struct sk_bytes encrypted)
{
    uint8_t pin[PIN_FIELD];
    size_t n;

    if (sk_shared_decrypt(shared, encrypted, pin, sizeof(pin)) != sizeof(pin))
        return SK_E_PARAMETER;
    n = strnlen((const char *)pin, sizeof(pin));
    if (n == sizeof(pin) || characters(pin, n) < sk->pin.min)
        return SK_E_PIN_POLICY;
    sk_store_set_pin(&sk->store, pin, n);
    sk->pin.protocol = 0;
    sk->pin.change = false;
    return SK_OK;
}

static enum sk_status set_pin(struct softkey *sk, struct pin_request *r, struct sk_out *out)
{
    struct sk_shared shared;

    (void)out;
    if (!r->has_param || !r->has_new_pin || r->agreement == NULL)
        return SK_E_MISSING;
    if (sk->store.has_pin)
        return SK_E_PIN_AUTH;
    if (!sk_shared_make(&shared, r->protocol, sk->pin.agree, r->agreement))
        return SK_E_PARAMETER;
    if (!sk_proved(r->protocol, shared.mac, r->new_pin.p, r->new_pin.len, r->param))
        return SK_E_PIN_AUTH;
    return store_pin(sk, &shared, r->new_pin);
}

static enum sk_status change_pin(struct softkey *sk, struct pin_request *r, struct sk_out *out)
{
    struct sk_shared shared;
    uint8_t proved[2 * PIN_FIELD];
    enum sk_status s;

    (void)out;
    if (!r->has_param || !r->has_new_pin || !r->has_pin_hash || r->agreement == NULL)
        return SK_E_MISSING;
    if (!sk->store.has_pin)
        return SK_E_PIN_NOT_SET;
    if (r->new_pin.len + r->pin_hash.len > sizeof(proved) ||
        !sk_shared_make(&shared, r->protocol, sk->pin.agree, r->agreement))
        return SK_E_PARAMETER;
    memcpy(proved, r->new_pin.p, r->new_pin.len);
    memcpy(proved + r->new_pin.len, r->pin_hash.p, r->pin_hash.len);
    if (!sk_proved(r->protocol, shared.mac, proved, r->new_pin.len + r->pin_hash.len, r->param))
        return SK_E_PIN_AUTH;
    if ((s = check_pin(sk, &shared, r->pin_hash)) != SK_OK)
        return s;
    return store_pin(sk, &shared, r->new_pin);
}

/* ---- tokens ---------------------------------------------------------------------------------------- */

static void give_token(struct softkey *sk, struct pin_request *r, const struct sk_shared *shared,
                       bool present, struct sk_out *out)
{
    struct sk_pin *pin = &sk->pin;
    uint8_t encrypted[SK_KEY + 16];

    sk_random(pin->token, sizeof(pin->token));
    pin->protocol = r->protocol;
    pin->permissions = (unsigned)r->permissions;
    pin->present = present;
    memcpy(pin->rp_id, r->rp_id, sizeof(pin->rp_id));
    sk_put_map(out, 1);
    sk_put_int(out, 2);
    sk_put_bytes(out, encrypted, sk_shared_encrypt(shared, pin->token, sizeof(pin->token), encrypted));
}

static enum sk_status token_for_pin(struct softkey *sk, struct pin_request *r, struct sk_out *out)
{
    struct sk_shared shared;
    enum sk_status s;

    if (!r->has_pin_hash || r->agreement == NULL)
        return SK_E_MISSING;
    if (!sk->store.has_pin)
        return SK_E_PIN_NOT_SET;
    if (!sk_shared_make(&shared, r->protocol, sk->pin.agree, r->agreement))
        return SK_E_PARAMETER;
    if ((s = check_pin(sk, &shared, r->pin_hash)) != SK_OK)
        return s;
    if (sk->pin.change)
        return SK_E_PIN_POLICY;
    give_token(sk, r, &shared, false, out);
    return SK_OK;
}

/* As in CTAP 2.0: no permissions are requested, make and get are granted. */
static enum sk_status get_token(struct softkey *sk, struct pin_request *r, struct sk_out *out)
{
    if (r->permissions >= 0 || r->rp_id[0] != '\0')
        return SK_E_PARAMETER;
    r->permissions = SK_MAY_MAKE | SK_MAY_GET;
    return token_for_pin(sk, r, out);
}

/* Permissions must be present, known, and for make or get bound to a relying party. */
static enum sk_status check_permissions(const struct pin_request *r)
{
    if (r->permissions < 0)
        return SK_E_MISSING;
    if (r->permissions == 0 || ((r->permissions & (SK_MAY_MAKE | SK_MAY_GET)) && r->rp_id[0] == '\0'))
        return SK_E_PARAMETER;
    if (r->permissions & ~(SK_MAY_MAKE | SK_MAY_GET | SK_MAY_MANAGE))
        return SK_E_PERMISSION;
    return SK_OK;
}

static enum sk_status get_token_with_permissions(struct softkey *sk, struct pin_request *r,
                                                 struct sk_out *out)
{
    enum sk_status s = check_permissions(r);

    return s == SK_OK ? token_for_pin(sk, r, out) : s;
}

static enum sk_status get_token_by_finger(struct softkey *sk, struct pin_request *r, struct sk_out *out)
{
    struct sk_shared shared;
    enum sk_status s = check_permissions(r);

    if (s != SK_OK)
        return s;
    if (r->agreement == NULL)
        return SK_E_MISSING;
    if (sk->user.uv == SK_UV_NONE)
        return SK_E_NOT_ALLOWED;
    if (!sk_shared_make(&shared, r->protocol, sk->pin.agree, r->agreement))
        return SK_E_PARAMETER;
    if ((s = sk_user_verify(sk)) != SK_OK)
        return s;
    give_token(sk, r, &shared, true, out);
    return SK_OK;
}

enum sk_status sk_pin_check_token(struct softkey *sk, int64_t protocol, struct sk_bytes param,
                                  const void *data, size_t n, enum sk_permission permission,
                                  const char *rp_id)
{
    struct sk_pin *pin = &sk->pin;

    if (pin->protocol == 0 || protocol != pin->protocol || !sk_proved(protocol, pin->token, data, n, param) ||
        !(pin->permissions & (unsigned)permission))
        return SK_E_PIN_AUTH;
    if (pin->rp_id[0] == '\0' && permission == SK_MAY_MANAGE)
        return SK_OK;
    if (rp_id == NULL)
        return SK_E_PIN_AUTH;
    if (pin->rp_id[0] == '\0') /* a token of the old way is bound by its first use */
        memcpy(pin->rp_id, rp_id, strnlen(rp_id, sizeof(pin->rp_id) - 1) + 1);
    return strcmp(pin->rp_id, rp_id) == 0 ? SK_OK : SK_E_PIN_AUTH;
}

/* ---- questions ------------------------------------------------------------------------------------- */

static enum sk_status get_retries(struct softkey *sk, struct pin_request *r, struct sk_out *out)
{
    (void)r;
    sk_put_map(out, 2);
    sk_put_int(out, 3);
    sk_put_int(out, sk->store.pin_retries);
    sk_put_int(out, 4); /* powerCycleState */
    sk_put_bool(out, sk->pin.wrong_in_row >= WRONG_IN_ROW);
    return SK_OK;
}

static enum sk_status get_uv_retries(struct softkey *sk, struct pin_request *r, struct sk_out *out)
{
    (void)r;
    sk_put_map(out, 1);
    sk_put_int(out, 5);
    sk_put_int(out, sk->store.uv_retries);
    return SK_OK;
}

static enum sk_status get_agreement(struct softkey *sk, struct pin_request *r, struct sk_out *out)
{
    if (r->protocol != 1 && r->protocol != 2)
        return SK_E_PARAMETER;
    sk_put_map(out, 1);
    sk_put_int(out, 1);
    sk_put_cose(out, SK_ECDH, sk->pin.agree);
    return SK_OK;
}

static const struct {
    int64_t number;
    enum sk_status (*run)(struct softkey *sk, struct pin_request *r, struct sk_out *out);
} subcommands[] = {
    {0x01, get_retries},    {0x02, get_agreement},
    {0x03, set_pin},        {0x04, change_pin},
    {0x05, get_token},      {0x06, get_token_by_finger},
    {0x07, get_uv_retries}, {0x09, get_token_with_permissions},
};

enum sk_status sk_pin_command(struct softkey *sk, cbor_item_t *request, struct sk_out *out)
{
    struct pin_request r = {.permissions = -1};
    int64_t sub = 0;

    if (!sk_is_int(sk_get(request, 2), &sub))
        return SK_E_MISSING;
    (void)sk_is_int(sk_get(request, 1), &r.protocol);
    r.agreement = sk_get(request, 3);
    r.has_param = sk_is_bytes(sk_get(request, 4), &r.param);
    r.has_new_pin = sk_is_bytes(sk_get(request, 5), &r.new_pin);
    r.has_pin_hash = sk_is_bytes(sk_get(request, 6), &r.pin_hash);
    if (sk_get(request, 9) != NULL && !sk_is_int(sk_get(request, 9), &r.permissions))
        return SK_E_CBOR_TYPE;
    if (sk_get(request, 10) != NULL && !sk_is_text(sk_get(request, 10), r.rp_id, sizeof(r.rp_id)))
        return SK_E_CBOR_TYPE;
    sk_trace(sk, "clientPIN subcommand %d protocol %d", (int)sub, (int)r.protocol);
    if (sk->pin_protocol != 0 && r.protocol != 0 && r.protocol != sk->pin_protocol)
        return SK_E_PARAMETER;
    for (size_t i = 0; i < sizeof(subcommands) / sizeof(subcommands[0]); i++)
        if (subcommands[i].number == sub)
            return subcommands[i].run(sk, &r, out);
    return SK_E_SUBCOMMAND;
}
