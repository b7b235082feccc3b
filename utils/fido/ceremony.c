/* SPDX-License-Identifier: ISC */
#include <fido.h>
#include <fido/eddsa.h>
#include <fido/es256.h>
#include <string.h>
#include "fido/fido.h"

/* v, at most `most`; `least` for less, as where the key does not say. */
static uint8_t at_most(uint64_t v, uint8_t most, uint8_t least)
{
    return v > most ? most : v < least ? least : (uint8_t)v;
}

static bool has(char **list, size_t n, const char *word)
{
    for (size_t i = 0; list != NULL && i < n; i++)
        if (strcmp(list[i], word) == 0)
            return true;
    return false;
}

/* What it says of itself in words. */
static void read_words(fido_cbor_info_t *ci, struct bg_fido_info *out)
{
    static const char *const transports[] = {"usb", "nfc", "ble", "internal", "hybrid", "smart-card"};
    char **options = fido_cbor_info_options_name_ptr(ci);
    const bool *set = fido_cbor_info_options_value_ptr(ci);

    for (size_t i = 0; i < sizeof transports / sizeof transports[0]; i++)
        if (has(fido_cbor_info_transports_ptr(ci), fido_cbor_info_transports_len(ci), transports[i]))
            out->transports = (uint8_t)(out->transports | 1u << i);
    out->protects = has(fido_cbor_info_extensions_ptr(ci), fido_cbor_info_extensions_len(ci), "credProtect");
    for (size_t i = 0; i < fido_cbor_info_options_len(ci); i++) {
        out->discoverable = out->discoverable || (set[i] && strcmp(options[i], "rk") == 0);
        out->pin_able = out->pin_able || (!set[i] && strcmp(options[i], "clientPin") == 0);
    }
}

static void read_facts(fido_cbor_info_t *ci, struct bg_fido_info *out)
{
    const uint8_t *aaguid = fido_cbor_info_aaguid_ptr(ci);
    uint64_t firmware = fido_cbor_info_fwversion(ci);

    if (aaguid != NULL && fido_cbor_info_aaguid_len(ci) == sizeof out->aaguid)
        memcpy(out->aaguid, aaguid, sizeof out->aaguid);
    out->pin_change = fido_cbor_info_new_pin_required(ci);
    out->pin_min = at_most(fido_cbor_info_minpinlen(ci), UINT8_MAX, BG_FIDO_PIN_MIN);
    out->max_list = at_most(fido_cbor_info_maxcredcntlst(ci), BG_FIDO_IDS, 1);
    out->max_id =
        fido_cbor_info_maxcredidlen(ci) <= UINT32_MAX ? (uint32_t)fido_cbor_info_maxcredidlen(ci) : 0;
    out->max_msg = fido_cbor_info_maxmsgsiz(ci) <= UINT32_MAX ? (uint32_t)fido_cbor_info_maxmsgsiz(ci) : 0;
    read_words(ci, out);
    out->firmware = firmware <= UINT32_MAX ? (uint32_t)firmware : 0;
    out->es256 = fido_cbor_info_algorithm_count(ci) == 0; /* a key that does not say: CTAP 2.0 */
    for (size_t i = 0; i < fido_cbor_info_algorithm_count(ci); i++) {
        out->es256 = out->es256 || fido_cbor_info_algorithm_cose(ci, i) == COSE_ES256;
        out->rs256 = out->rs256 || fido_cbor_info_algorithm_cose(ci, i) == COSE_RS256;
        out->eddsa = out->eddsa || fido_cbor_info_algorithm_cose(ci, i) == COSE_EDDSA;
    }
}

static uint8_t tries(fido_dev_t *dev, int (*ask)(fido_dev_t *, int *))
{
    int count = -1;

    if (ask(dev, &count) != FIDO_OK || count < 0 || count >= UINT8_MAX)
        return UINT8_MAX;
    return (uint8_t)count;
}

void ceremony_info(struct bg_fido_info *out)
{
    fido_dev_t *dev = device_handle();
    fido_cbor_info_t *ci = fido_cbor_info_new();
    int r = FIDO_ERR_INTERNAL;

    device_begin(4000, false);
    out->pin_tries = out->uv_tries = UINT8_MAX;
    out->max_list = 1;
    out->pin_min = BG_FIDO_PIN_MIN;
    out->fido2 = fido_dev_is_fido2(dev);
    if (ci != NULL)
        r = out->fido2 ? fido_dev_get_cbor_info(dev, ci) : FIDO_OK;
    if (r == FIDO_OK && out->fido2) {
        read_facts(ci, out);
        out->pin_set = fido_dev_has_pin(dev);
        out->uv_ready = fido_dev_has_uv(dev);
        if (out->pin_set)
            out->pin_tries = tries(dev, fido_dev_get_retry_count);
        if (out->uv_ready)
            out->uv_tries = tries(dev, fido_dev_get_uv_retry_count);
    }
    out->es256 = out->es256 || !out->fido2;
    out->code = device_code(r);
    fido_cbor_info_free(&ci);
}

/* The end of a ceremony: how it went; a device that still waits is told to stop. */
static void conclude(int r, struct bg_fido_result *out)
{
    out->att = BG_ATT_NONE;
    out->code = device_code(r);
    out->status = (uint8_t)r;
    if (out->code == BG_FC_CANCELLED || out->code == BG_FC_NO_TOUCH || out->code == BG_FC_SILENT)
        device_let_go();
}

/* libfido2 hands out authenticator data inside a CBOR byte string (RFC 8949, 3.1). */
static const uint8_t *unwrap(const uint8_t *p, size_t n, size_t *len)
{
    size_t head = n == 0 ? 0 : p[0] == 0x59 ? 3 : p[0] == 0x58 ? 2 : p[0] >= 0x40 && p[0] < 0x58 ? 1 : 0;

    if (p == NULL || head == 0 || n < head)
        return NULL;
    *len = n - head;
    return p + head;
}

/* What does not fit is left out, and then nothing verifies. */
static uint16_t take(uint8_t *to, size_t cap, const uint8_t *from, size_t n)
{
    if (from == NULL || n > cap)
        return 0;
    memcpy(to, from, n);
    return (uint16_t)n;
}

static void take_assertion(const fido_assert_t *a, struct bg_fido_result *out)
{
    const uint8_t *data;
    size_t len = 0;

    if (fido_assert_count(a) == 0) {
        out->code = BG_FC_GARBAGE;
        return;
    }
    data = unwrap(fido_assert_authdata_ptr(a, 0), fido_assert_authdata_len(a, 0), &len);
    out->authdata_len = take(out->authdata, sizeof out->authdata, data, len);
    out->id.len =
        take(out->id.bytes, sizeof out->id.bytes, fido_assert_id_ptr(a, 0), fido_assert_id_len(a, 0));
    out->sig_len = take(out->sig, sizeof out->sig, fido_assert_sig_ptr(a, 0), fido_assert_sig_len(a, 0));
}

static int prepare_assert(fido_assert_t *a, const struct bg_fido_assert *w)
{
    int r;

    if ((r = fido_assert_set_rp(a, w->rp)) != FIDO_OK ||
        (r = fido_assert_set_clientdata_hash(a, w->hash, sizeof w->hash)) != FIDO_OK ||
        (r = fido_assert_set_up(a, w->touch ? FIDO_OPT_OMIT : FIDO_OPT_FALSE)) != FIDO_OK ||
        (r = fido_assert_set_uv(a, w->verify && w->pin[0] == '\0' ? FIDO_OPT_TRUE : FIDO_OPT_OMIT)) !=
            FIDO_OK)
        return r;
    for (size_t i = 0; i < w->n && r == FIDO_OK; i++)
        r = fido_assert_allow_cred(a, w->id[i].bytes, w->id[i].len);
    return r;
}

void ceremony_assert(const struct bg_fido_assert *w, struct bg_fido_result *out)
{
    fido_assert_t *a = fido_assert_new();
    fido_dev_t *dev = device_handle();
    int r = FIDO_ERR_INTERNAL;

    device_begin(w->wait_ms, w->touch);
    if (!w->touch)
        device_quiet();
    if (w->touch && !fido_dev_is_fido2(dev))
        device_touch(); /* older keys send no keep-alive: they are polled */
    if (a != NULL && (r = prepare_assert(a, w)) == FIDO_OK)
        r = fido_dev_get_assert(dev, a, w->pin[0] != '\0' ? w->pin : NULL);
    if (!w->touch && (r == FIDO_ERR_USER_PRESENCE_REQUIRED || r == FIDO_ERR_UP_REQUIRED))
        r = FIDO_OK; /* it holds the credential: this is how it says so */
    conclude(r, out);
    if (r == FIDO_OK && a != NULL && (w->touch || fido_assert_count(a) > 0))
        take_assertion(a, out);
    fido_assert_free(&a);
}

static int prepare_make(fido_cred_t *c, const struct bg_fido_make *w)
{
    static const int types[] = {
        [BG_FIDO_ES256] = COSE_ES256, [BG_FIDO_EDDSA] = COSE_EDDSA, [BG_FIDO_RS256] = COSE_RS256};
    int r;

    if ((r = fido_cred_set_type(c, types[w->type])) != FIDO_OK ||
        (r = fido_cred_set_rp(c, w->rp, "breakglass")) != FIDO_OK ||
        (r = fido_cred_set_user(c, w->user, sizeof w->user, w->name, w->name, NULL)) != FIDO_OK ||
        (r = fido_cred_set_clientdata_hash(c, w->hash, sizeof w->hash)) != FIDO_OK ||
        (r = fido_cred_set_uv(c, w->verify && w->pin[0] == '\0' ? FIDO_OPT_TRUE : FIDO_OPT_OMIT)) != FIDO_OK)
        return r;
    if (w->discoverable)
        r = fido_cred_set_rk(c, FIDO_OPT_TRUE);
    if (r == FIDO_OK && w->protect > 0)
        r = fido_cred_set_prot(c, w->protect);
    for (size_t i = 0; i < w->n && r == FIDO_OK; i++)
        r = fido_cred_exclude(c, w->id[i].bytes, w->id[i].len);
    return r;
}

static void take_attestation(const fido_cred_t *c, struct bg_fido_result *out)
{
    const char *form = fido_cred_fmt(c);

    if (form == NULL || (strcmp(form, "packed") != 0 && strcmp(form, "fido-u2f") != 0))
        return;
    out->att = form[0] == 'p' ? BG_ATT_PACKED : BG_ATT_U2F;
    out->sig_len = take(out->sig, sizeof out->sig, fido_cred_sig_ptr(c), fido_cred_sig_len(c));
    out->cert_len = take(out->cert, sizeof out->cert, fido_cred_x5c_ptr(c), fido_cred_x5c_len(c));
}

void ceremony_make(const struct bg_fido_make *w, struct bg_fido_result *out)
{
    fido_cred_t *c = fido_cred_new();
    fido_dev_t *dev = device_handle();
    int r = FIDO_ERR_INTERNAL;

    device_begin(w->wait_ms, true);
    if (!fido_dev_is_fido2(dev))
        device_touch();
    if (c != NULL && (r = prepare_make(c, w)) == FIDO_OK)
        r = fido_dev_make_cred(dev, c, w->pin[0] != '\0' ? w->pin : NULL);
    conclude(r, out);
    if (r == FIDO_OK) {
        out->authdata_len = take(out->authdata, sizeof out->authdata, fido_cred_authdata_raw_ptr(c),
                                 fido_cred_authdata_raw_len(c));
        out->id.len = take(out->id.bytes, sizeof out->id.bytes, fido_cred_id_ptr(c), fido_cred_id_len(c));
        take_attestation(c, out);
    }
    fido_cred_free(&c);
}

#define SET_PIN_MS 10000
#define LOOK_MS    200 /* between two questions whether it was touched */

void ceremony_set_pin(const struct bg_fido_set_pin *w, struct bg_fido_result *out)
{
    int r;

    device_begin(SET_PIN_MS, false);
    r = fido_dev_set_pin(device_handle(), w->pin, w->old[0] != '\0' ? w->old : NULL);
    conclude(r, out);
    if (r == FIDO_ERR_PIN_POLICY_VIOLATION)
        out->code = BG_FC_PIN_POLICY;
}

void ceremony_select(uint32_t wait_ms, struct bg_fido_result *out)
{
    fido_dev_t *dev = device_handle();
    int touched = 0, r;

    device_begin(wait_ms, true);
    r = fido_dev_get_touch_begin(dev);
    if (r == FIDO_OK)
        device_touch();
    while (r == FIDO_OK && touched == 0 && device_waits())
        r = fido_dev_get_touch_status(dev, &touched, LOOK_MS);
    conclude(r, out);
    if (r == FIDO_OK && touched == 0) {
        out->code = device_code(FIDO_ERR_USER_ACTION_TIMEOUT);
        device_let_go();
    }
}
