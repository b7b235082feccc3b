/* The factor "key" at a console: finds the key, asks for its PIN when it takes one, shows what to do. */
#include "login/login.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "programs.h"
#include "base/secret.h"
#include "key/key.h"
#include "key/messages.h"
#include "login/messages.h"

#define PIN_ROUNDS 10 /* a key stops by itself after three wrong PINs; this bounds one that does not */
#define FEW_TRIES  2

struct ceremony {
    struct login *L;
    const struct bg_key *key;
    struct bg_key_session s;
    bool use_pin;
    char pin[BG_FIDO_PIN];
};

/* Why this did not open the account: told, on record if it was an attempt, and slower the next time. */
static enum bg_err failed(struct login *L, bool attempt, const struct bg_message *id, const char *const *args)
{
    unsigned count = 0;
    int64_t since = 0;
    enum bg_err r = login_say(L, BG_STYLE_ERROR, id, args);

    if (attempt) {
        (void)login_record_msg(L, BG_EV_ATTEMPT_FAILED, false, id, args);
        bg_state_failures(NULL, NULL, L->account.name, L->source, &count, &since);
        if (r == BG_OK)
            login_delay(L, count > 0 ? count : 1, since);
    }
    return r != BG_OK ? r : BG_E_MISMATCH;
}

/* The message of a code; an attempt is what a key was there for and did not give. */
static const struct meaning {
    enum bg_fido_code code;
    const struct bg_message *id;
    bool attempt;
} meanings[] = {
    {BG_FC_NO_DEVICE, BG_M_KEY_NONE, false},
    {BG_FC_LOCKED, BG_M_KEY_LOCKED, false},
    {BG_FC_GONE, BG_M_KEY_GONE, true},
    {BG_FC_SILENT, BG_M_KEY_SILENT, true},
    {BG_FC_GARBAGE, BG_M_KEY_GARBAGE, true},
    {BG_FC_NO_CREDENTIAL, BG_M_KEY_WRONG, true},
    {BG_FC_NO_TOUCH, BG_M_KEY_NO_TOUCH, true},
    {BG_FC_DENIED, BG_M_KEY_DENIED, true},
    {BG_FC_CANCELLED, BG_M_KEY_DENIED, true},
    {BG_FC_PIN_REQUIRED, BG_M_KEY_NO_USER, true},
    {BG_FC_PIN_NOT_SET, BG_M_KEY_NO_USER, true},
    {BG_FC_PIN_AUTH_BLOCKED, BG_M_PIN_PAUSED, true},
    {BG_FC_PIN_BLOCKED, BG_M_PIN_BLOCKED, true},
    {BG_FC_UV_INVALID, BG_M_KEY_FINGER, true},
    {BG_FC_UV_BLOCKED, BG_M_KEY_FINGER_BLOCKED, true},
    {BG_FC_UNSUPPORTED, BG_M_KEY_UNSUPPORTED, true},
};

static enum bg_err failed_code(struct login *L, enum bg_fido_code code, uint8_t status)
{
    char number[8];

    if (code == BG_FC_NOT_SANDBOXED)
        return failed(L, false, BG_M_KEY_HOST, BG_ARGS("breakglass-fido cannot give up its rights"));
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        if (meanings[i].code == code)
            return failed(L, meanings[i].attempt, meanings[i].id, BG_ARGS(L->account.name));
    (void)snprintf(number, sizeof number, "0x%02x", status);
    return failed(L, true, BG_M_KEY_OTHER, BG_ARGS(number));
}

/* The worker or the person went away. A worker that dies or babbles has met a device that broke it. */
static enum bg_err failed_call(struct login *L, enum bg_err r, bool running)
{
    if (r == BG_E_HANGUP || r == BG_E_CANCEL)
        return r == BG_E_HANGUP ? BG_E_EOF : r;
    if (running)
        return failed(L, true, r == BG_E_TIMEOUT ? BG_M_KEY_SILENT : BG_M_KEY_GARBAGE, BG_NOARGS);
    return failed(L, false, BG_M_KEY_HOST, BG_ARGS(bg_strerror(r)));
}

static enum bg_err say_touch(void *arg)
{
    struct ceremony *c = arg;
    char seconds[16];
    enum bg_err r;

    (void)snprintf(seconds, sizeof seconds, "%u", c->L->policy.fido_touch);
    r = login_say(c->L, BG_STYLE_INFO, BG_M_KEY_TOUCH, BG_ARGS(c->key->label, seconds));
    return r == BG_E_EOF ? BG_E_HANGUP : r;
}

/* The last tries of a key are spent only on a clear word. BG_E_MISMATCH: the person would rather not. */
static enum bg_err confirm_last(struct ceremony *c)
{
    struct bg_answer a;
    char number[8];
    enum bg_err r;

    (void)snprintf(number, sizeof number, "%u", c->s.info.pin_tries);
    if ((r = login_say(c->L, BG_STYLE_ERROR, BG_M_PIN_LAST, BG_ARGS(number))) != BG_OK)
        return r;
    memset(&a, 0, sizeof a);
    if ((r = login_ask(c->L, BG_STYLE_ECHO_ON, "Type YES to spend one of them: ", true, &a)) != BG_OK)
        return r;
    return strcmp(a.text, "YES") == 0 ? BG_OK : BG_E_MISMATCH;
}

/* BG_E_MISMATCH: no PIN was typed, back to the first question. */
static enum bg_err ask_pin(struct ceremony *c)
{
    struct bg_answer a;
    char prompt[96];
    unsigned tries = c->s.info.pin_tries;
    enum bg_err r;

    if (tries == 0)
        return failed_code(c->L, BG_FC_PIN_BLOCKED, 0);
    if (tries <= FEW_TRIES && (r = confirm_last(c)) != BG_OK)
        return r;
    if (tries == UINT8_MAX)
        (void)snprintf(prompt, sizeof prompt, "PIN of the key \"%s\", not shown: ", c->key->label);
    else
        (void)snprintf(prompt, sizeof prompt,
                       "PIN of the key \"%s\", %u tries left, not shown: ", c->key->label, tries);
    memset(&a, 0, sizeof a);
    r = login_ask(c->L, BG_STYLE_ECHO_OFF, prompt, false, &a);
    if (r == BG_OK && a.len == 0)
        r = BG_E_MISMATCH;
    if (r == BG_OK && a.len >= sizeof c->pin) /* no key has so long a PIN: nothing is spent on it */
        r = failed(c->L, false, BG_M_PIN_WRONG, BG_ARGS("as before"));
    if (r == BG_OK)
        memcpy(c->pin, a.text, a.len + 1);
    bg_wipe(&a, sizeof a);
    return r;
}

/* After a PIN that was wrong: what is left, as the key says. */
static enum bg_err wrong_pin(struct ceremony *c)
{
    char number[24] = "not told";
    enum bg_err r;

    if ((r = bg_fido_info(&c->s.f, &c->s.info)) != BG_OK)
        return failed_call(c->L, r, true);
    if (c->s.info.code != BG_FC_OK)
        return failed_code(c->L, c->s.info.code, 0);
    if (c->s.info.pin_tries != UINT8_MAX)
        (void)snprintf(number, sizeof number, "%u", c->s.info.pin_tries);
    return failed(c->L, true, BG_M_PIN_WRONG, BG_ARGS(number));
}

static const char *fault_text(enum bg_fido_fault f)
{
    switch (f) {
    case BG_FF_RP:
        return "it is for somebody else";
    case BG_FF_SIGNATURE:
        return "the signature is not of the enrolled key over this question";
    case BG_FF_PRESENCE:
        return "it was given without a touch";
    case BG_FF_USER:
        return "it was given without PIN or fingerprint";
    case BG_FF_FORM:
    case BG_FF_NONE:
    default:
        return "it has not the form of an answer";
    }
}

static void alarm_counter(struct login *L, const struct bg_key *k, uint32_t now, const char *const *args)
{
    struct bg_event e = BG_EVENT_INIT;
    char text[BG_MSG_MAX], name[8];

    (void)bg_msg_text(text, sizeof text, BG_M_KEY_COUNTER, args);
    bg_msg_name(name, BG_M_KEY_COUNTER);
    e.type = BG_EV_KEY_COUNTER_BACK;
    e.message = text;
    e.detail = name;
    e.key = k->label;
    e.key_counter = now;
    (void)login_record(L, &e);
}

/* The counter is compared last: it counts for nothing before the signature was verified. */
static enum bg_err check_counter(struct login *L, const struct bg_key *k, uint32_t now)
{
    enum bg_key_step step;
    uint32_t before;
    char is[16], was[16];
    enum bg_err r = bg_key_counter(BG_KEY_COUNTERS, &k->id, now, &step, &before);

    if (step == BG_KEY_STEP_BACK) {
        (void)snprintf(is, sizeof is, "%u", now);
        (void)snprintf(was, sizeof was, "%u", before);
        alarm_counter(L, k, now, BG_ARGS(k->label, is, was));
        return failed(L, true, BG_M_KEY_COUNTER, BG_ARGS(k->label, is, was));
    }
    if (r != BG_OK)
        return login_say(L, BG_STYLE_INFO, BG_M_KEY_COUNTER_LOST, BG_ARGS(bg_strerror(r)));
    return BG_OK;
}

static enum bg_err accept_proof(struct ceremony *c, const struct bg_key_proof *proof)
{
    enum bg_err r;

    if (proof->fault != BG_FF_NONE)
        return failed(c->L, true, BG_M_KEY_FORGED, BG_ARGS(fault_text(proof->fault)));
    if ((r = check_counter(c->L, c->key, proof->said.counter)) != BG_OK)
        return r;
    (void)snprintf(c->L->key, sizeof c->L->key, "%s", c->key->label);
    c->L->key_counter = proof->said.counter;
    return BG_OK;
}

/* A key that wants its PIN after all, or a finger that was not recognized: *again is set, and it goes on. */
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
            r = failed_code(c->L, proof->code, proof->status);
        return r;
    }
    *again = proof->code == BG_FC_UV_INVALID;
    return failed_code(c->L, proof->code, proof->status);
}

static enum bg_err sign(struct ceremony *c, bool verify, struct bg_key_proof *proof)
{
    enum bg_err r =
        bg_key_sign(&c->s, c->key, verify, c->pin, c->L->policy.fido_touch * 1000, say_touch, c, proof);

    bg_wipe(c->pin, sizeof c->pin);
    if (r == BG_E_CRYPTO || r == BG_E_RANGE)
        return failed(c->L, false, BG_M_KEY_HOST, BG_ARGS(bg_strerror(r)));
    return r == BG_OK ? BG_OK : failed_call(c->L, r, true);
}

/* From a key that was found to its signature. */
static enum bg_err use_key(struct ceremony *c)
{
    const struct bg_fido_info *info = &c->s.info;
    bool can = info->pin_set || info->uv_ready, again = true;
    bool verify = c->key->uv == BG_UV_REQUIRED || (c->key->uv == BG_UV_PREFERRED && can);
    struct bg_key_proof proof;
    enum bg_err r = BG_E_MISMATCH;

    if (verify && !can)
        return failed_code(c->L, BG_FC_PIN_NOT_SET, 0);
    c->use_pin = verify && !info->uv_ready;
    for (int i = 0; again && i < PIN_ROUNDS && r == BG_E_MISMATCH; i++) {
        if (c->use_pin && (r = ask_pin(c)) != BG_OK)
            return r;
        if ((r = sign(c, verify, &proof)) != BG_OK)
            return r;
        r = answer_to(c, &proof, &again);
    }
    return r;
}

static enum bg_err with_lock(struct login *L)
{
    struct ceremony c = {.L = L};
    struct bg_key_nodes nodes;
    enum bg_fido_code code = BG_FC_NO_DEVICE;
    enum bg_err r = bg_key_nodes(L->policy.fido_device, &nodes);

    if (r == BG_E_NOENT)
        return failed_code(L, BG_FC_NO_DEVICE, 0);
    if (r != BG_OK)
        return failed_call(L, r, false);
    c.s.f.worker = PROGRAM_FIDO;
    c.s.f.watch = L->talk.watch;
    r = bg_key_find(&nodes, L->credential.key, L->credential.key_count, &c.s, &code);
    if (r != BG_OK)
        return failed_call(L, r, false);
    if (code != BG_FC_OK)
        return failed_code(L, code, 0);
    c.key = &L->credential.key[c.s.which];
    r = use_key(&c);
    bg_fido_stop(&c.s.f);
    bg_wipe(&c, sizeof c);
    return r;
}

enum bg_err login_key(struct login *L)
{
    int lock = -1;
    enum bg_err r = bg_fido_lock(&lock);

    if (r == BG_E_BUSY)
        return failed(L, false, BG_M_KEY_BUSY, BG_NOARGS);
    if (r != BG_OK)
        return failed_call(L, r, false);
    r = with_lock(L);
    (void)close(lock);
    return r;
}
