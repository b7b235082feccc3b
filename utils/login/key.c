/* SPDX-License-Identifier: ISC */
/* The factor "key" at a console: finds the key, asks for its PIN when it takes one, shows what to do. */
#include <stdio.h>
#include <string.h>
#include "base/safefile.h"
#include "base/secret.h"
#include "key/key.h"
#include "key/messages.h"
#include "login/login.h"
#include "programs.h"

#define ROUNDS                                                                                               \
    20 /* ten PINs: a key stops by itself after three wrong ones; this bounds one that does not              \
        */
#define FEW_TRIES 2

struct ceremony {
    struct login *L;
    const struct bg_key *key; /* the one that was found */
    struct bg_key_session s;
    int lock; /* the host's; -1: nothing is held */
    bool use_pin;
    char pin[BG_FIDO_PIN];
    const struct bg_key *pin_of; /* whose PIN that is; NULL: none was typed */
};

static enum bg_err say_touch(void *arg)
{
    struct ceremony *c = arg;
    enum bg_err r = login_say(c->L, BG_STYLE_INFO, BG_M_KEY_TOUCH,
                              BG_ARGS(c->key->label, BG_DIGITS(c->L->policy.fido_touch)));

    return r == BG_E_EOF ? BG_E_HANGUP : r;
}

/* The last tries of a key are spent only after YES. BG_E_MISMATCH: the person declined. */
static enum bg_err confirm_last(struct ceremony *c)
{
    struct bg_answer a;
    enum bg_err r;

    if ((r = login_say(c->L, BG_STYLE_ERROR, BG_M_PIN_LAST, BG_ARGS(BG_DIGITS(c->s.info.pin_tries)))) !=
        BG_OK)
        return r;
    memset(&a, 0, sizeof a);
    if ((r = login_ask(c->L, BG_STYLE_ECHO_ON, "Type YES to spend one of them: ", true, &a)) != BG_OK)
        return r;
    return strcmp(a.text, "YES") == 0 ? BG_OK : BG_E_MISMATCH;
}

static void pin_prompt(const struct ceremony *c, char *out, size_t cap)
{
    char left[24] = "";

    if (c->s.info.pin_tries != UINT8_MAX)
        (void)snprintf(left, sizeof left, "%u tries left, ", c->s.info.pin_tries);
    (void)snprintf(out, cap, "PIN of the key \"%s\", %snot shown: ", c->key->label, left);
}

/* BG_E_MISMATCH: no PIN was typed, back to the first question. */
static enum bg_err ask_pin(struct ceremony *c)
{
    struct bg_answer a;
    char prompt[96];
    enum bg_err r;

    if (c->s.info.pin_tries == 0)
        return keyfault_code(c->L, BG_FC_PIN_BLOCKED, 0);
    if (c->s.info.pin_tries <= FEW_TRIES && (r = confirm_last(c)) != BG_OK)
        return r;
    pin_prompt(c, prompt, sizeof prompt);
    memset(&a, 0, sizeof a);
    r = login_ask(c->L, BG_STYLE_ECHO_OFF, prompt, false, &a);
    if (r == BG_OK && a.len == 0)
        r = BG_E_MISMATCH;
    if (r == BG_OK && a.len >= sizeof c->pin) /* no key has a PIN that long: no try is spent on it */
        r = keyfault_tell(c->L, false, BG_M_PIN_WRONG, BG_ARGS("as before"));
    if (r == BG_OK)
        memcpy(c->pin, a.text, a.len + 1);
    bg_wipe(&a, sizeof a);
    return r;
}

/* After a PIN that was wrong: what is left, as the key says. */
static enum bg_err wrong_pin(struct ceremony *c)
{
    const char *left = c->s.info.pin_tries == UINT8_MAX ? "not told" : BG_DIGITS(c->s.info.pin_tries);

    if (c->s.info.code != BG_FC_OK)
        return keyfault_code(c->L, c->s.info.code, 0);
    return keyfault_tell(c->L, true, BG_M_PIN_WRONG, BG_ARGS(left));
}

/* Known from now on in this dialogue too. */
static enum bg_err suspended(struct login *L, const struct bg_key *k)
{
    L->credential.key[k - L->credential.key].suspended = true;
    return keyfault_tell(L, true, BG_M_KEY_SUSPENDED, BG_ARGS(k->label));
}

static enum bg_err counter_is_back(struct login *L, const struct bg_key *k, uint32_t now, uint32_t before)
{
    struct bg_event e = BG_EVENT_INIT;
    const char *const *args = BG_ARGS(k->label, BG_DIGITS(now), BG_DIGITS(before));

    e.type = BG_EV_KEY_COUNTER_BACK;
    e.key = k->label;
    e.key_counter = now;
    (void)login_record_text(L, &e, BG_M_KEY_COUNTER, args);
    L->credential.key[k - L->credential.key].suspended = true;
    return keyfault_tell(L, true, BG_M_KEY_COUNTER, args);
}

/* The counter is compared last: it counts for nothing before the signature was verified. */
static enum bg_err check_counter(struct login *L, const struct bg_key *k, uint32_t now)
{
    enum bg_key_step step;
    uint32_t before;
    enum bg_err r = bg_key_counter(BG_KEY_COUNTERS, &k->id, now, &step, &before);

    if (step == BG_KEY_STEP_BACK)
        return counter_is_back(L, k, now, before);
    if (step != BG_KEY_STEP_GOOD)
        return suspended(L, k);
    if (r != BG_OK)
        return login_say(L, BG_STYLE_INFO, BG_M_KEY_COUNTER_LOST, BG_ARGS(bg_strerror(r)));
    return BG_OK;
}

static enum bg_err accept_proof(struct ceremony *c, const struct bg_key_proof *proof)
{
    enum bg_err r;

    if (proof->fault != BG_FF_NONE)
        return keyfault_forged(c->L, proof->fault);
    if (c->key->suspended)
        return suspended(c->L, c->key);
    if ((r = check_counter(c->L, c->key, proof->said.counter)) != BG_OK)
        return r;
    c->L->proven = true;
    (void)snprintf(c->L->key, sizeof c->L->key, "%s", c->key->label);
    c->L->key_counter = proof->said.counter;
    c->L->key_verified = (proof->said.flags & BG_FIDO_UV) != 0;
    if (c->key->uv == BG_UV_PREFERRED && c->L->key_verified)
        bg_key_user_note(BG_KEY_COUNTERS, &c->key->id);
    return BG_OK;
}

/* The key requires its PIN after all, or the fingerprint failed: *again is set. */
static enum bg_err answer_to(struct ceremony *c, const struct bg_key_proof *proof, bool *again)
{
    bool other_way = proof->code == BG_FC_PIN_REQUIRED || proof->code == BG_FC_UV_BLOCKED;
    enum bg_err r = BG_E_MISMATCH;

    *again = true;
    if (proof->code == BG_FC_OK) {
        *again = false;
        return accept_proof(c, proof);
    }
    if (proof->code == BG_FC_PIN_INVALID && c->use_pin)
        return wrong_pin(c);
    if (other_way && c->s.info.pin_set && !c->use_pin) {
        c->use_pin = true;
        if (proof->code == BG_FC_UV_BLOCKED)
            r = keyfault_code(c->L, proof->code, proof->status);
        return r;
    }
    *again = proof->code == BG_FC_UV_INVALID;
    return keyfault_code(c->L, proof->code, proof->status);
}

/* Nothing is held while a person types or waits: another login could not use any key for so long. */
static void release(struct ceremony *c)
{
    if (c->lock < 0)
        return;
    bg_fido_stop(&c->s.f);
    bg_close(c->lock);
    c->lock = -1;
}

static enum bg_err say_freed(struct ceremony *c)
{
    enum bg_err r = login_say(c->L, BG_STYLE_INFO, BG_M_KEY_FREED, BG_NOARGS);

    if (r != BG_OK)
        release(c);
    return r;
}

/* Find the key, and hold it and the host's lock. BG_OK, or why not was told and nothing is held. */
static enum bg_err hold(struct ceremony *c)
{
    struct bg_key_nodes nodes;
    enum bg_fido_code code = BG_FC_NO_DEVICE;
    int lock = -1;
    enum bg_err r = bg_fido_lock(&lock);

    if (r == BG_E_BUSY)
        return keyfault_tell(c->L, false, BG_M_KEY_BUSY, BG_NOARGS);
    if (r != BG_OK)
        return keyfault_host(c->L, r);
    r = bg_key_nodes(c->L->policy.fido_device, &nodes);
    if (r == BG_OK)
        r = bg_key_find(&nodes, c->L->credential.key, c->L->credential.key_count, &c->s, &code);
    else if (r == BG_E_NOENT)
        r = BG_OK; /* no device: the code says so */
    if (r == BG_OK && code == BG_FC_OK) {
        c->key = &c->L->credential.key[c->s.which];
        c->lock = lock;
        return c->s.f.freed ? say_freed(c) : BG_OK;
    }
    bg_close(lock);
    return r != BG_OK ? keyfault_host(c->L, r) : keyfault_code(c->L, code, 0);
}

/* Sign with what is held, and let go of it. */
static enum bg_err sign(struct ceremony *c, bool verify, struct bg_key_proof *proof)
{
    enum bg_err r =
        bg_key_sign(&c->s, c->key, verify, c->pin, c->L->policy.fido_touch * 1000, say_touch, c, proof);

    bg_wipe(c->pin, sizeof c->pin);
    c->pin_of = NULL;
    if (r == BG_OK && proof->code == BG_FC_PIN_INVALID)
        r = bg_fido_info(&c->s.f, &c->s.info);
    release(c);
    return r == BG_OK ? BG_OK : keyfault_worker(c->L, r);
}

/*
 * From what is held to a signature. The PIN is asked with nothing held, and the key found again afterwards:
 * *again is set then, and when the key is asked another way.
 */
static enum bg_err use_key(struct ceremony *c, bool *again)
{
    const struct bg_fido_info *info = &c->s.info;
    enum bg_key_uv uv = bg_key_uv_now(BG_KEY_COUNTERS, c->key);
    bool verify = bg_key_verifies(uv, info);
    struct bg_key_proof proof;
    enum bg_err r;

    *again = false;
    if (c->key->suspended) {
        release(c);
        return suspended(c->L, c->key);
    }
    if (verify && !info->pin_set && !info->uv_ready) {
        release(c);
        return keyfault_code(c->L, BG_FC_PIN_NOT_SET, 0);
    }
    c->use_pin = c->use_pin || bg_key_needs_pin(uv, info);
    if (c->use_pin && c->pin_of != c->key) {
        release(c);
        if ((r = ask_pin(c)) != BG_OK)
            return r;
        c->pin_of = c->key;
        *again = true;
        return BG_E_MISMATCH;
    }
    if ((r = sign(c, verify, &proof)) != BG_OK)
        return r;
    return answer_to(c, &proof, again);
}

enum bg_err login_key(struct login *L)
{
    struct ceremony c = {.L = L, .lock = -1, .s.f = {.worker = PROGRAM_FIDO, .watch = L->talk.watch}};
    bool again = true;
    enum bg_err r = BG_E_MISMATCH;

    for (int i = 0; again && i < ROUNDS && r == BG_E_MISMATCH; i++)
        if ((r = hold(&c)) == BG_OK)
            r = use_key(&c, &again);
        else
            again = false;
    release(&c);
    bg_wipe(&c, sizeof c);
    return r;
}
