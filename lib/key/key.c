/* SPDX-License-Identifier: ISC */
#include "key/key.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"

static enum bg_err no_touch(void *arg)
{
    (void)arg;
    return BG_E_PROTO; /* it was told not to wait for anybody */
}

static enum bg_err ask_one(struct bg_key_session *s, const struct bg_key *k, enum bg_fido_code *code)
{
    struct bg_fido_packet m = {.kind = BG_F_ASSERT};
    struct bg_fido_result result;
    enum bg_err r;

    (void)snprintf(m.u.assertion.rp, sizeof m.u.assertion.rp, "%s", k->rp);
    m.u.assertion.wait_ms = BG_KEY_ASK_MS;
    m.u.assertion.n = 1;
    m.u.assertion.id[0] = k->id;
    if ((r = bg_fido_challenge(m.u.assertion.hash)) != BG_OK)
        return r;
    if ((r = bg_fido_run(&s->f, &m, no_touch, NULL, &result)) == BG_OK)
        *code = result.code;
    return r;
}

/* Some keys answer only after a PIN or a touch: that is a maybe; a plain yes is preferred. */
static bool maybe(enum bg_fido_code code)
{
    return code == BG_FC_PIN_REQUIRED || code == BG_FC_UNSUPPORTED || code == BG_FC_UV_BLOCKED;
}

static enum bg_err ask_all(struct bg_key_session *s, const struct bg_key *keys, size_t n, int64_t deadline,
                           enum bg_fido_code *code)
{
    size_t first_maybe = n;
    enum bg_err r = BG_OK;

    *code = BG_FC_NO_CREDENTIAL;
    for (size_t i = 0; i < n; i++) {
        if (keys[i].use == BG_USE_TEXT)
            continue;
        if (bg_left_ms(deadline) == 0) {
            *code = BG_FC_SILENT;
            return BG_OK;
        }
        if ((r = ask_one(s, &keys[i], code)) != BG_OK)
            return r;
        s->which = i;
        if (*code == BG_FC_OK)
            return BG_OK;
        if (maybe(*code) && first_maybe == n)
            first_maybe = i;
        else if (*code != BG_FC_NO_CREDENTIAL && !maybe(*code))
            return BG_OK;
    }
    if (first_maybe < n) {
        s->which = first_maybe;
        *code = BG_FC_OK;
    }
    return BG_OK;
}

static bool person_gone(enum bg_err r)
{
    return r == BG_E_HANGUP || r == BG_E_CANCEL;
}

enum bg_err bg_key_find(const struct bg_key_nodes *nodes, const struct bg_key *keys, size_t n,
                        struct bg_key_session *s, enum bg_fido_code *code)
{
    enum bg_fido_code worst = BG_FC_NO_DEVICE, now = BG_FC_NO_DEVICE;
    int64_t deadline = bg_deadline(BG_KEY_FIND_MS);
    enum bg_err r = BG_OK, failed = BG_OK;
    int why = 0; /* errno of what failed */

    for (size_t i = 0; i < nodes->n && bg_left_ms(deadline) > 0; i++) {
        if ((r = bg_fido_start(&s->f, nodes->path[i], &s->info, &now)) == BG_OK && now == BG_FC_OK) {
            r = ask_all(s, keys, n, deadline, &now);
            if (r == BG_OK && now == BG_FC_OK) {
                *code = BG_FC_OK;
                return BG_OK;
            }
            bg_fido_stop(&s->f);
        }
        if (person_gone(r))
            return r;
        if (r != BG_OK)
            failed = r, why = errno;
        else if (worst == BG_FC_NO_DEVICE ||
                 now == BG_FC_NO_CREDENTIAL) /* "another key" is the most telling */
            worst = now;
    }
    *code = worst;
    errno = why;
    return worst == BG_FC_NO_DEVICE && failed != BG_OK ? failed : BG_OK;
}

enum bg_key_uv bg_key_uv_now(const char *dir, const struct bg_key *k)
{
    return k->uv == BG_UV_PREFERRED && bg_key_user_seen(dir, &k->id) ? BG_UV_REQUIRED : k->uv;
}

bool bg_key_verifies(enum bg_key_uv uv, const struct bg_fido_info *info)
{
    return uv == BG_UV_REQUIRED || (uv == BG_UV_PREFERRED && (info->pin_set || info->uv_ready));
}

bool bg_key_needs_pin(enum bg_key_uv uv, const struct bg_fido_info *info)
{
    return bg_key_verifies(uv, info) && info->pin_set && !info->uv_ready;
}

static enum bg_err check(const struct bg_key *k, const uint8_t *hash, bool verify,
                         const struct bg_fido_result *result, struct bg_key_proof *proof)
{
    enum bg_err r;

    proof->code = result->code;
    proof->status = result->status;
    proof->fault = BG_FF_NONE;
    if (result->code != BG_FC_OK)
        return BG_OK;
    r = bg_fido_verify(&k->pub, k->rp, hash, verify, result->authdata, result->authdata_len, result->sig,
                       result->sig_len, &proof->said, &proof->fault);
    return r == BG_E_MISMATCH ? BG_OK : r;
}

enum bg_err bg_key_sign(struct bg_key_session *s, const struct bg_key *k, bool verify, const char *pin,
                        uint32_t wait_ms, bg_fido_touch_fn touch, void *arg, struct bg_key_proof *proof)
{
    struct bg_fido_packet m = {.kind = BG_F_ASSERT};
    struct bg_fido_result result;
    uint8_t hash[BG_FIDO_HASH];
    enum bg_err r;

    if (k->use == BG_USE_TEXT)
        return BG_E_RANGE;
    if ((r = bg_fido_challenge(hash)) != BG_OK)
        return r;
    memcpy(m.u.assertion.hash, hash, sizeof hash);
    (void)snprintf(m.u.assertion.rp, sizeof m.u.assertion.rp, "%s", k->rp);
    (void)snprintf(m.u.assertion.pin, sizeof m.u.assertion.pin, "%s", pin);
    m.u.assertion.touch = true;
    m.u.assertion.verify = verify;
    m.u.assertion.wait_ms = wait_ms;
    m.u.assertion.n = 1;
    m.u.assertion.id[0] = k->id;
    r = bg_fido_run(&s->f, &m, touch, arg, &result);
    return r == BG_OK ? check(k, hash, verify, &result, proof) : r;
}
