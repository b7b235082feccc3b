/* SPDX-License-Identifier: ISC */
#include <fido.h>
#include <fido/eddsa.h>
#include <fido/es256.h>
#include <string.h>
#include "fido/fido.h"

static void read_facts(fido_cbor_info_t *ci, struct bg_fido_info *out)
{
    const uint8_t *aaguid = fido_cbor_info_aaguid_ptr(ci);
    uint64_t firmware = fido_cbor_info_fwversion(ci);

    if (aaguid != NULL && fido_cbor_info_aaguid_len(ci) == sizeof out->aaguid)
        memcpy(out->aaguid, aaguid, sizeof out->aaguid);
    out->firmware = firmware <= UINT32_MAX ? (uint32_t)firmware : 0;
    out->es256 = fido_cbor_info_algorithm_count(ci) == 0; /* a key that does not say: CTAP 2.0 */
    for (size_t i = 0; i < fido_cbor_info_algorithm_count(ci); i++) {
        out->es256 = out->es256 || fido_cbor_info_algorithm_cose(ci, i) == COSE_ES256;
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
    int r;

    if ((r = fido_cred_set_type(c, w->type == BG_FIDO_EDDSA ? COSE_EDDSA : COSE_ES256)) != FIDO_OK ||
        (r = fido_cred_set_rp(c, w->rp, "breakglass")) != FIDO_OK ||
        (r = fido_cred_set_user(c, w->user, sizeof w->user, w->name, w->name, NULL)) != FIDO_OK ||
        (r = fido_cred_set_clientdata_hash(c, w->hash, sizeof w->hash)) != FIDO_OK ||
        (r = fido_cred_set_uv(c, w->verify && w->pin[0] == '\0' ? FIDO_OPT_TRUE : FIDO_OPT_OMIT)) != FIDO_OK)
        return r;
    for (size_t i = 0; i < w->n && r == FIDO_OK; i++)
        r = fido_cred_exclude(c, w->id[i].bytes, w->id[i].len);
    return r;
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
    }
    fido_cred_free(&c);
}
