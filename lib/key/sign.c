/* SPDX-License-Identifier: ISC */
/* Having a device sign with one of the keys that it may hold, and verifying which one did. */
#include <stdio.h>
#include <string.h>
#include "key/batch.h"

/* Those that are asked together, and how. */
struct batch {
    struct bg_key_batch of;
    bool verify;
};

static bool verifies(const struct bg_key_session *s, const struct bg_key_search *w, const struct bg_key *k)
{
    return bg_key_verifies(bg_key_uv_now(w->dir, k), &s->info);
}

/*
 * One that is claimed is asked alone, so that it can be named; several maybes together, as many as the device
 * takes, if they go with the same question.
 */
static void take_batch(const struct bg_key_session *s, const struct bg_key_search *w, struct batch *b)
{
    bool alone = s->next < s->sure || s->singly;

    *b = (struct batch){.verify = verifies(s, w, &w->keys[s->order[s->next]])};
    for (size_t i = s->next; i < s->n; i++)
        if ((i > s->next && (alone || verifies(s, w, &w->keys[s->order[i]]) != b->verify)) ||
            !bg_key_batch_add(&b->of, w, &s->info, s->order[i]))
            return;
}

static enum bg_err ask(struct bg_key_session *s, const struct bg_key_search *w, const struct batch *b,
                       const char *pin, const struct bg_key_waiting *t, const uint8_t *hash,
                       struct bg_fido_result *result)
{
    struct bg_fido_packet m = {.kind = BG_F_ASSERT};

    memcpy(m.u.assertion.hash, hash, BG_FIDO_HASH);
    (void)snprintf(m.u.assertion.pin, sizeof m.u.assertion.pin, "%s", pin);
    m.u.assertion.touch = true;
    m.u.assertion.verify = b->verify;
    m.u.assertion.wait_ms = t->ms;
    bg_key_batch_fill(&b->of, w, &m.u.assertion);
    return bg_fido_run(&s->f, &m, t->touch, t->arg, result);
}

/* Whose signature is it? The id that the device names is not asked: the signature alone tells. */
static enum bg_err check(struct bg_key_session *s, const struct bg_key_search *w, const struct batch *b,
                         const uint8_t *hash, const struct bg_fido_result *result, struct bg_key_proof *proof)
{
    enum bg_err r = BG_E_MISMATCH;

    for (size_t i = 0; r == BG_E_MISMATCH && i < b->of.n; i++) {
        const struct bg_key *k = &w->keys[b->of.key[i]];
        r = bg_fido_verify(&k->pub, k->rp, hash, b->verify, result->authdata, result->authdata_len,
                           result->sig, result->sig_len, &proof->said, &proof->fault);
        s->which = b->of.key[i];
        if (r == BG_E_RANGE) /* its public key is damaged: nothing is ever this one's */
            r = BG_E_MISMATCH;
        if (r == BG_E_MISMATCH && proof->fault != BG_FF_SIGNATURE && proof->fault != BG_FF_RP)
            break; /* it is this one's, and proves nothing all the same */
    }
    return r == BG_E_MISMATCH ? BG_OK : r;
}

/* Not for this key; perhaps for the next. */
static bool goes_on(const struct bg_key_proof *p, const char *pin)
{
    switch (p->code) {
    case BG_FC_OK:
        return p->fault != BG_FF_NONE;
    case BG_FC_NO_CREDENTIAL:
    case BG_FC_UNSUPPORTED:
    case BG_FC_PIN_NOT_SET:
    case BG_FC_OTHER:
        return true;
    case BG_FC_PIN_REQUIRED:
        return pin[0] != '\0';
    default:
        return false;
    }
}

/* Of all that came to nothing, what tells the person most: a forgery, then a status, then "none of these". */
static void keep_worst(struct bg_key_proof *worst, const struct bg_key_proof *now)
{
    if (worst->code != BG_FC_OK && now->code != BG_FC_NO_CREDENTIAL)
        *worst = *now;
}

static enum bg_err try_batch(struct bg_key_session *s, const struct bg_key_search *w, const struct batch *b,
                             const char *pin, const struct bg_key_waiting *t, struct bg_key_proof *proof)
{
    struct bg_fido_result result = {.code = BG_FC_OTHER};
    uint8_t hash[BG_FIDO_HASH];
    enum bg_err r;

    *proof = (struct bg_key_proof){.code = BG_FC_PIN_NOT_SET, .fault = BG_FF_NONE};
    if (b->verify && !s->info.pin_set && !s->info.uv_ready)
        return BG_OK;
    proof->code = BG_FC_PIN_REQUIRED;
    if (b->verify && !s->info.uv_ready && pin[0] == '\0')
        return BG_OK;
    if ((r = bg_fido_challenge(hash)) != BG_OK || (r = ask(s, w, b, pin, t, hash, &result)) != BG_OK)
        return r;
    proof->code = result.code;
    proof->status = result.status;
    return result.code == BG_FC_OK ? check(s, w, b, hash, &result, proof) : BG_OK;
}

/* They were asked for, and it was none of them. */
static void pass_over(struct bg_key_session *s, const struct batch *b)
{
    for (size_t i = 0; i < b->of.n; i++)
        bg_bits_add(&s->failed, b->of.key[i]);
    s->next += b->of.n;
}

void bg_key_only(struct bg_key_session *s, size_t i)
{
    s->order[0] = (uint16_t)i;
    s->n = s->sure = 1;
    s->next = 0;
    s->which = i;
}

/* The person who waits sees nothing but the call for a touch: a device that takes for ever over what it may
 * hold, and never asks for one, is given up. */
struct silence {
    const struct bg_key_waiting *of;
    int64_t until;
};

static enum bg_err touch(void *arg)
{
    struct silence *q = arg;

    q->until = bg_deadline(q->of->ms + q->of->ms / 3);
    return q->of->touch(q->of->arg);
}

static void give_up(const struct bg_key_proof *worst, struct bg_key_proof *proof)
{
    *proof = *worst;
    if (proof->code == BG_FC_NO_CREDENTIAL)
        proof->code = BG_FC_SILENT;
}

enum bg_err bg_key_sign(struct bg_key_session *s, const struct bg_key_search *w, const char *pin,
                        const struct bg_key_waiting *t, struct bg_key_proof *proof)
{
    struct bg_key_proof worst = {.code = BG_FC_NO_CREDENTIAL, .fault = BG_FF_NONE};
    struct silence q = {t, bg_deadline(t->ms / 3)};
    const struct bg_key_waiting heard = {t->ms, touch, &q};
    struct batch b;
    enum bg_err r;

    for (size_t from = s->next; s->next < s->n;) {
        if (s->next > from && bg_left_ms(q.until) == 0)
            return give_up(&worst, proof), BG_OK;
        take_batch(s, w, &b);
        s->which = b.of.key[0];
        if (w->keys[s->which].use == BG_USE_TEXT)
            return BG_E_RANGE;
        s->named = b.of.n == 1;
        if ((r = try_batch(s, w, &b, pin, &heard, proof)) != BG_OK || !goes_on(proof, pin))
            return r;
        if (b.of.n > 1 && proof->code != BG_FC_NO_CREDENTIAL) {
            s->singly = true; /* it may choke on one of them */
            continue;
        }
        keep_worst(&worst, proof);
        pass_over(s, &b);
    }
    *proof = worst;
    return BG_OK;
}
