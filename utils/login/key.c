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
#define NEW_PINS  3   /* tries at typing a new one */
#define PLUG_S    15  /* a key that is not plugged in is waited for so long */
#define LOOK_MS   250 /* between two looks whether it is there now */

struct ceremony {
    struct login *L;
    const struct bg_key *key; /* the one that it is most likely to be */
    struct bg_key_search w;
    struct bg_key_session s;
    struct bg_key_nodes chosen; /* where it was found; 0 nodes: not yet */
    int lock;                   /* the host's; -1: nothing is held */
    bool waited;                /* for it to be plugged in */
    bool use_pin, use_finger;   /* how it is to verify its user, once that was chosen */
    char pin[BG_FIDO_PIN];
    const struct bg_key *pin_of; /* whose PIN that is; NULL: none was typed */
};

static enum bg_err gone(enum bg_err r)
{
    return r == BG_E_EOF ? BG_E_HANGUP : r;
}

static enum bg_err say_touch(void *arg)
{
    struct ceremony *c = arg;
    const char *seconds = BG_DIGITS(c->L->policy.fido_touch);
    const char *label = c->w.keys[c->s.which].label;

    return gone(c->s.named ? login_say(c->L, BG_STYLE_INFO, BG_M_KEY_TOUCH, BG_ARGS(label, seconds))
                           : login_say(c->L, BG_STYLE_INFO, BG_M_KEY_TOUCH_ANY, BG_ARGS(seconds)));
}

static enum bg_err say_select(void *arg)
{
    struct ceremony *c = arg;

    return gone(login_say(c->L, BG_STYLE_INFO, BG_M_KEY_SELECT, BG_ARGS(BG_DIGITS(c->L->policy.fido_touch))));
}

/* The last tries of a key are spent only after a clear yes. BG_E_MISMATCH: the person declined. */
static enum bg_err confirm_last(struct ceremony *c)
{
    struct bg_answer a;
    enum bg_err r;

    if ((r = login_say(c->L, BG_STYLE_ERROR, BG_M_PIN_LAST, BG_ARGS(BG_DIGITS(c->s.info.pin_tries)))) !=
        BG_OK)
        return r;
    memset(&a, 0, sizeof a);
    r = login_ask(c->L, BG_STYLE_ECHO_ON, "Type yes to spend one of them: ", true, &a);
    if (r == BG_OK && !decide_yes(a.text))
        r = BG_E_MISMATCH;
    bg_wipe(&a, sizeof a); /* it may be the PIN */
    return r;
}

static void pin_prompt(const struct ceremony *c, char *out, size_t cap)
{
    char left[24] = "";

    if (c->s.info.pin_tries != UINT8_MAX)
        (void)snprintf(left, sizeof left, "%u %s left, ", c->s.info.pin_tries,
                       c->s.info.pin_tries == 1 ? "try" : "tries");
    (void)snprintf(out, cap, "PIN of the key \"%s\", %snot shown: ", c->key->label, left);
}

/*
 * A line that can be a PIN into pin. BG_E_MISMATCH: none was typed, and *again is false; or no key has one
 * like that, which was said, and no try is spent on it.
 */
static enum bg_err read_pin(struct login *L, const char *prompt, char pin[BG_FIDO_PIN], bool *again)
{
    struct bg_answer a;
    enum bg_err r;

    *again = false;
    memset(&a, 0, sizeof a);
    r = login_ask(L, BG_STYLE_ECHO_OFF, prompt, false, &a);
    if (r == BG_OK && a.len == 0)
        r = BG_E_MISMATCH;
    else if (r == BG_OK && (a.len < BG_FIDO_PIN_MIN || a.len >= BG_FIDO_PIN)) {
        r = keyfault_tell(L, false, BG_M_PIN_LENGTH, BG_NOARGS);
        *again = true;
    }
    if (r == BG_OK)
        memcpy(pin, a.text, a.len + 1);
    bg_wipe(&a, sizeof a);
    return r;
}

/* BG_E_MISMATCH: back to the first question, unless *again. */
static enum bg_err ask_pin(struct ceremony *c, bool *again)
{
    char prompt[96];
    enum bg_err r;

    *again = false;
    if (bg_key_paused(c->s.path))
        return keyfault_code(c->L, BG_FC_PIN_AUTH_BLOCKED, 0);
    if (c->s.info.pin_tries == 0)
        return keyfault_code(c->L, BG_FC_PIN_BLOCKED, 0);
    if (c->s.info.pin_tries <= FEW_TRIES && (r = confirm_last(c)) != BG_OK)
        return r;
    pin_prompt(c, prompt, sizeof prompt);
    if ((r = read_pin(c->L, prompt, c->pin, again)) == BG_OK)
        c->pin_of = c->key;
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
enum bg_err login_key_counter(struct login *L, const struct bg_key *k, uint32_t now)
{
    enum bg_key_step step;
    uint32_t before;
    enum bg_err r;

    if (k->suspended)
        return suspended(L, k);
    r = bg_key_counter(BG_KEY_COUNTERS, &k->id, now, &step, &before);
    if (step == BG_KEY_STEP_BACK)
        return counter_is_back(L, k, now, before);
    if (step != BG_KEY_STEP_GOOD)
        return suspended(L, k);
    if (r != BG_OK)
        return login_say(L, BG_STYLE_INFO, BG_M_KEY_COUNTER_LOST, BG_ARGS(bg_strerror(r)));
    return BG_OK;
}

void login_note_key(struct login *L, const struct bg_key *k, const struct bg_fido_said *said)
{
    size_t at = strlen(L->key);
    bool verified = (said->flags & BG_FIDO_UV) != 0;

    (void)snprintf(L->key + at, sizeof L->key - at, "%s%s", at == 0 ? "" : "+", k->label);
    L->key_counter = said->counter;
    L->key_verified = verified && (at == 0 || L->key_verified);
    bg_bits_add(&L->keys_shown, (size_t)(k - L->credential.key));
}

static enum bg_err accept_proof(struct ceremony *c, const struct bg_key_proof *proof)
{
    const struct bg_key *k = c->key;
    enum bg_err r;

    if (proof->fault != BG_FF_NONE)
        return keyfault_forged(c->L, proof->fault);
    if ((r = login_key_counter(c->L, k, proof->said.counter)) != BG_OK)
        return r;
    c->L->proven = true;
    login_note_key(c->L, k, &proof->said);
    if (k->uv == BG_UV_PREFERRED && (proof->said.flags & BG_FIDO_UV) != 0)
        bg_key_user_note(BG_KEY_COUNTERS, &k->id);
    return BG_OK;
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

/* Where it was found before, if there still is something; else everywhere. */
static enum bg_err list_nodes(const struct ceremony *c, struct bg_key_nodes *nodes)
{
    if (c->chosen.n > 0 && bg_key_plugged(&c->chosen)) {
        *nodes = c->chosen;
        return BG_OK;
    }
    return bg_key_nodes(c->L->policy.fido_device, nodes);
}

/* Is there any device? Who has none at hand may plug one in now, without another word. */
static enum bg_err wait_for_device(struct ceremony *c, struct bg_key_nodes *nodes, bool *there)
{
    enum bg_err r = list_nodes(c, nodes);

    *there = r == BG_OK && bg_key_plugged(nodes);
    if (*there || (r != BG_OK && r != BG_E_NOENT) || c->waited)
        return r == BG_E_NOENT ? BG_OK : r;
    c->waited = true;
    r = login_say(c->L, BG_STYLE_INFO, BG_M_KEY_PLUG, BG_ARGS(BG_DIGITS(PLUG_S)));
    for (int waited = 0; r == BG_OK && !*there && waited < PLUG_S * 1000; waited += LOOK_MS)
        if ((r = login_pause(c->L, LOOK_MS)) == BG_OK)
            *there = list_nodes(c, nodes) == BG_OK && bg_key_plugged(nodes);
    return r == BG_E_EOF ? BG_E_HANGUP : r;
}

/* Was the first of two keys shown again? */
static enum bg_err shown_again(struct ceremony *c, const struct bg_key_nodes *nodes, bool *same)
{
    struct bg_key_search any = c->w;
    enum bg_fido_code code = BG_FC_OTHER;
    enum bg_err r;

    any.skip = bg_bits_others(&c->L->keys_shown);
    if ((r = bg_key_find(nodes, &any, &c->s, &code)) == BG_OK && code == BG_FC_OK) {
        bg_fido_stop(&c->s.f);
        *same = true;
    }
    return r;
}

/* The second of two keys must not be a device that holds the first one too. */
static enum bg_err refuse_first_again(struct ceremony *c)
{
    bool holds = false;
    enum bg_err r = BG_OK;

    for (size_t i = 0; r == BG_OK && !holds && i < c->w.n; i++)
        if (bg_bits_has(&c->L->keys_shown, i))
            r = bg_key_holds(&c->s, &c->w.keys[i], 1, &holds);
    if (r == BG_OK && !holds)
        return BG_OK;
    release(c);
    return r != BG_OK ? keyfault_worker(c->L, r) : keyfault_tell(c->L, true, BG_M_KEY_SAME, BG_NOARGS);
}

static enum bg_err take(struct ceremony *c, int lock)
{
    c->lock = lock;
    c->key = &c->w.keys[c->s.which];
    c->chosen = (struct bg_key_nodes){.n = 1};
    memcpy(c->chosen.path[0], c->s.path, sizeof c->s.path);
    return c->s.f.freed ? say_freed(c) : BG_OK;
}

/* Find the key, and hold it and the host's lock. BG_OK, or why not was told and nothing is held. */
static enum bg_err hold(struct ceremony *c)
{
    struct bg_key_nodes nodes;
    enum bg_fido_code code = BG_FC_NO_DEVICE;
    bool there, same = false;
    int lock = -1;
    enum bg_err r = wait_for_device(c, &nodes, &there);

    if (r != BG_OK)
        return keyfault_host(c->L, r);
    if (!there)
        return keyfault_code(c->L, code, 0);
    if ((r = bg_fido_lock(&lock)) == BG_E_BUSY)
        return keyfault_tell(c->L, false, BG_M_KEY_BUSY, BG_NOARGS);
    if (r != BG_OK)
        return keyfault_host(c->L, r);
    c->s.singly = false;
    c->s.failed = (struct bg_bits){{0}};
    r = bg_key_find(&nodes, &c->w, &c->s, &code);
    if (r == BG_OK && code == BG_FC_OK)
        return (r = take(c, lock)) == BG_OK ? refuse_first_again(c) : r;
    if (r == BG_OK && code == BG_FC_NO_CREDENTIAL && bg_bits_any(&c->L->keys_shown))
        r = shown_again(c, &nodes, &same);
    bg_close(lock);
    if (same)
        return keyfault_tell(c->L, true, BG_M_KEY_SAME, BG_NOARGS);
    return r != BG_OK ? keyfault_host(c->L, r) : keyfault_code(c->L, code, 0);
}

/* Sign with what is held, and let go of it. */
static enum bg_err sign(struct ceremony *c, struct bg_key_proof *proof)
{
    const struct bg_key_waiting t = {c->L->policy.fido_touch * 1000, say_touch, c};
    enum bg_err r = bg_key_sign(&c->s, &c->w, c->use_pin ? c->pin : "", &t, proof);

    bg_bits_join(&c->w.skip, &c->s.failed);
    if (r != BG_OK || proof->code != BG_FC_PIN_CHANGE) {
        bg_wipe(c->pin, sizeof c->pin);
        c->pin_of = NULL;
    }
    if (r == BG_OK && proof->code == BG_FC_PIN_INVALID)
        r = bg_fido_info(&c->s.f, &c->s.info);
    if (r == BG_OK && proof->code == BG_FC_PIN_AUTH_BLOCKED)
        bg_key_pause(c->s.path);
    c->key = &c->w.keys[c->s.which];
    release(c);
    return r == BG_OK ? BG_OK : keyfault_worker(c->L, r);
}

/* The new PIN, typed twice alike, into fresh. BG_E_MISMATCH: the person has left that, or cannot type it. */
static enum bg_err ask_new_pin(struct ceremony *c, char fresh[BG_FIDO_PIN])
{
    char twice[BG_FIDO_PIN];
    bool again = true, same = false;
    enum bg_err r = BG_E_MISMATCH;

    for (int i = 0; again && !same && i < NEW_PINS; i++) {
        r = read_pin(c->L, "New PIN, not shown: ", fresh, &again);
        if (r == BG_OK && (r = read_pin(c->L, "The same again: ", twice, &again)) == BG_OK) {
            same = strcmp(fresh, twice) == 0;
            again = true;
            if (!same)
                r = keyfault_tell(c->L, false, BG_M_PIN_DIFFERS, BG_NOARGS);
        }
        if (r != BG_OK && r != BG_E_MISMATCH)
            break;
    }
    bg_wipe(twice, sizeof twice);
    return same ? BG_OK : r;
}

/* Give the key that is held the new PIN in the place of c->pin, and let go of it. */
static enum bg_err set_new_pin(struct ceremony *c, const char fresh[BG_FIDO_PIN])
{
    char copy[BG_FIDO_PIN];
    struct bg_fido_result result;
    enum bg_err r;

    memcpy(copy, fresh, sizeof copy);
    r = bg_fido_set_pin(&c->s.f, c->pin, copy, &result);
    release(c);
    if (r != BG_OK)
        return keyfault_worker(c->L, r);
    if (result.code == BG_FC_PIN_POLICY)
        return keyfault_tell(c->L, false, BG_M_PIN_POLICY, BG_ARGS(BG_DIGITS(c->s.info.pin_min)));
    return result.code == BG_FC_OK ? BG_OK : keyfault_code(c->L, result.code, result.status);
}

/*
 * A key that wants a new PIN gets it here; c->pin holds the old one, and the new one afterwards. BG_OK with
 * no PIN: another key is there now, which is told neither, and all begins again.
 */
static enum bg_err change_pin(struct ceremony *c)
{
    const struct bg_key *wants = c->key;
    char fresh[BG_FIDO_PIN];
    bool set = false;
    enum bg_err r = keyfault_tell(c->L, false, BG_M_PIN_CHANGE, BG_ARGS(BG_DIGITS(c->s.info.pin_min)));

    if (r == BG_E_MISMATCH && (r = ask_new_pin(c, fresh)) == BG_OK && (r = hold(c)) == BG_OK) {
        if (c->key == wants) {
            r = set_new_pin(c, fresh);
            set = r == BG_OK;
        }
        release(c);
    }
    if (set)
        memcpy(c->pin, fresh, sizeof c->pin);
    else
        bg_wipe(c->pin, sizeof c->pin);
    c->pin_of = set ? c->key : NULL;
    bg_wipe(fresh, sizeof fresh);
    return r;
}

/* The key requires its PIN after all, or the fingerprint failed: *again is set. */
static enum bg_err answer_to(struct ceremony *c, const struct bg_key_proof *proof, bool *again)
{
    bool other_way = proof->code == BG_FC_PIN_REQUIRED || proof->code == BG_FC_UV_BLOCKED;
    enum bg_err r = BG_E_MISMATCH;

    *again = true;
    c->use_finger = false;
    if (proof->code == BG_FC_OK) {
        *again = false;
        return accept_proof(c, proof);
    }
    if (proof->code == BG_FC_PIN_INVALID && c->use_pin)
        return wrong_pin(c);
    if (proof->code == BG_FC_PIN_CHANGE && c->use_pin) {
        r = change_pin(c);
        *again = r == BG_OK;
        return *again ? BG_E_MISMATCH : r;
    }
    if (other_way && c->s.info.pin_set && !c->use_pin) {
        c->use_pin = true;
        if (proof->code == BG_FC_UV_BLOCKED)
            r = keyfault_code(c->L, proof->code, proof->status);
        return r;
    }
    *again = proof->code == BG_FC_UV_INVALID;
    return keyfault_code(c->L, proof->code, proof->status);
}

/* A key that has both: the PIN may be used at any try, not only once the fingerprint is blocked. */
static enum bg_err finger_or_pin(struct ceremony *c)
{
    struct bg_answer a;
    enum bg_err r;

    memset(&a, 0, sizeof a);
    r = login_ask(c->L, BG_STYLE_ECHO_ON, "Enter = fingerprint, p = PIN, q = leave: ", true, &a);
    c->use_pin = r == BG_OK && (strcmp(a.text, "p") == 0 || strcmp(a.text, "P") == 0);
    c->use_finger = r == BG_OK && !c->use_pin;
    bg_wipe(&a, sizeof a); /* it may be the PIN */
    return r;
}

/*
 * From what is held to a signature. What a person types is asked with nothing held, and the key found again
 * afterwards: *again is set then, and when the key is asked another way.
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
    if (verify && !info->pin_set && !info->uv_ready && c->s.n <= 1) {
        release(c);
        return keyfault_code(c->L, BG_FC_PIN_NOT_SET, 0);
    }
    if (verify && info->uv_ready && info->pin_set && !c->use_pin && !c->use_finger) {
        release(c);
        *again = true;
        return (r = finger_or_pin(c)) == BG_OK ? BG_E_MISMATCH : r;
    }
    c->use_pin = c->use_pin || bg_key_needs_pin(uv, info);
    if (c->use_pin && c->pin_of != c->key) {
        release(c);
        if ((r = ask_pin(c, again)) != BG_OK)
            return r;
        *again = true;
        return BG_E_MISMATCH;
    }
    if ((r = sign(c, &proof)) != BG_OK)
        return r;
    return answer_to(c, &proof, again);
}

/* What is not for here, and, after a first key of two, that one and those of its custodian. */
static struct bg_bits not_asked(const struct login *L)
{
    struct bg_place here = decide_place(&L->policy, &L->hello, L->source);
    const struct bg_credential *c = &L->credential;
    struct bg_bits skip = {{0}};

    for (size_t i = 0; i < c->key_count; i++) {
        bool usable = c->key[i].suspended || bg_key_usable(&c->key[i], &here);
        if (!usable || !ways_second(L, &c->key[i]))
            bg_bits_add(&skip, i);
    }
    return skip;
}

enum bg_err login_key(struct login *L)
{
    struct ceremony c = {.L = L, .lock = -1, .s.f = {.worker = PROGRAM_FIDO, .watch = L->talk.watch}};
    bool again = true;
    enum bg_err r = BG_E_MISMATCH;

    c.w = (struct bg_key_search){.dir = BG_KEY_COUNTERS,
                                 .keys = L->credential.key,
                                 .n = L->credential.key_count,
                                 .skip = not_asked(L),
                                 .select = say_select,
                                 .select_ms = L->policy.fido_touch * 1000,
                                 .arg = &c};
    for (int i = 0; again && i < ROUNDS && r == BG_E_MISMATCH; i++)
        if ((r = hold(&c)) == BG_OK)
            r = use_key(&c, &again);
        else
            again = false;
    release(&c);
    bg_wipe(&c, sizeof c);
    return r;
}
