/* SPDX-License-Identifier: ISC */
/* breakglass key: talking to the key and to the person in front of it. */
#include "admin/key/key.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "admin/admin.h"
#include "admin/messages.h"
#include "admin/ui.h"
#include "base/clock.h"
#include "base/safefile.h"
#include "base/secret.h"
#include "key/messages.h"
#include "programs.h"

#define PLUG_S  30 /* a key that is not plugged in is waited for so long */
#define LOOK_US 250000

static const struct {
    enum bg_fido_code code;
    const char *text;
} reasons[] = {
    {BG_FC_LOCKED, "another program holds it"},
    {BG_FC_NOT_SANDBOXED, "breakglass-fido could not give up its rights"},
    {BG_FC_GONE, "it was pulled out"},
    {BG_FC_SILENT, "it does not answer; pull it out, and plug it in again"},
    {BG_FC_GARBAGE, "it does not answer as a key does"},
    {BG_FC_NO_CREDENTIAL, "it holds no credential of the account"},
    {BG_FC_NO_TOUCH, "nobody touched it within " KEYTALK_TOUCH},
    {BG_FC_DENIED, "it refused"},
    {BG_FC_PIN_REQUIRED, "it requires a PIN, and none is set"},
    {BG_FC_PIN_NOT_SET, "no PIN is set on it (--set-pin sets one)"},
    {BG_FC_PIN_INVALID, "the PIN is wrong"},
    {BG_FC_PIN_AUTH_BLOCKED, "too many wrong PINs in a row; plug it in again"},
    {BG_FC_PIN_BLOCKED, "its PIN is blocked for good"},
    {BG_FC_PIN_CHANGE, "it wants a new PIN first (fido2-token -C sets one)"},
    {BG_FC_UV_INVALID, "the fingerprint was not recognized"},
    {BG_FC_UV_BLOCKED, "it accepts no more fingerprints for now"},
    {BG_FC_UNSUPPORTED, "it cannot do what is asked (algorithm or option)"},
    {BG_FC_EXCLUDED, "it is enrolled for this account already"},
    {BG_FC_FULL, "it has no room for another credential"},
};

void keytalk_failed(enum bg_fido_code code, enum bg_err r)
{
    const char *text =
        r == BG_E_NOENT || r == BG_E_EOF ? "breakglass-fido is missing or ended" : bg_strerror(r);

    if (r == BG_OK && code == BG_FC_NO_DEVICE) {
        ui_finding(BG_M_KEY_NONE, BG_NOARGS);
        return;
    }
    if (r == BG_OK)
        text = "it failed for a reason of its own";
    for (size_t i = 0; r == BG_OK && i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].code == code)
            text = reasons[i].text;
    ui_finding(BG_M_CMD_KEY_FAILED, BG_ARGS(text));
}

/* --- opening it ----------------------------------------------------------------------------------------- */

/* Which node: the option, else what breakglass.conf says. */
static const char *device_of(const struct keytalk *t)
{
    static struct bg_policy policy;
    struct bg_faults bad;

    if (t->device != NULL)
        return t->device;
    (void)!bg_policy_load(BG_POLICY_PATH, &policy, &bad); /* status tells what is wrong with it */
    return policy.fido_device;
}

static enum bg_err say_select(void *arg)
{
    (void)arg;
    (void)fflush(stdout);
    (void)fputs("Several keys are plugged in. Touch the one that is meant (" KEYTALK_TOUCH ").\n", stderr);
    return BG_OK;
}

/* What is plugged in, now or soon: a person at a terminal may do it now. */
static enum bg_err find_nodes(const char *device, struct bg_key_nodes *nodes)
{
    int64_t until = bg_deadline(ui_interactive() ? PLUG_S * 1000 : 0);
    bool told = false;
    enum bg_err r;

    while (((r = bg_key_nodes(device, nodes)) == BG_OK ? !bg_key_plugged(nodes) : r == BG_E_NOENT) &&
           bg_left_ms(until) > 0) {
        if (!told)
            (void)fprintf(stderr, "No key is plugged in. Plug it in now; it is waited for %d seconds.\n",
                          PLUG_S);
        told = true;
        if (usleep(LOOK_US) != 0)
            return BG_E_CANCEL;
    }
    return r == BG_OK && !bg_key_plugged(nodes) ? BG_E_NOENT : r;
}

static enum bg_err open_it(struct keytalk *t, enum bg_fido_code *code)
{
    struct bg_key_nodes nodes;
    enum bg_err r;

    *code = BG_FC_NO_DEVICE;
    if (t->s.path[0] != '\0') {
        nodes = (struct bg_key_nodes){.n = 1};
        memcpy(nodes.path[0], t->s.path, sizeof t->s.path);
    } else if ((r = find_nodes(device_of(t), &nodes)) != BG_OK) {
        return r == BG_E_NOENT ? BG_OK : r;
    }
    if ((r = bg_fido_lock(&t->lock)) != BG_OK)
        return r;
    t->w.dir = BG_KEY_COUNTERS;
    t->w.select = say_select;
    t->w.select_ms = KEYTALK_TOUCH_MS;
    t->s.f.worker = PROGRAM_FIDO;
    t->s.f.watch = BG_WATCH_SIGNALS;
    r = bg_key_find(&nodes, &t->w, &t->s, code);
    if (r == BG_OK && *code == BG_FC_OK)
        return BG_OK;
    bg_close(t->lock);
    t->lock = -1;
    return r;
}

bool keytalk_open(struct keytalk *t)
{
    enum bg_fido_code code;
    enum bg_err r = open_it(t, &code);

    if (r == BG_E_BUSY)
        ui_finding(BG_M_KEY_BUSY, BG_NOARGS);
    else if (r != BG_OK || code != BG_FC_OK)
        keytalk_failed(code, r);
    return r == BG_OK && code == BG_FC_OK;
}

void keytalk_let_go(struct keytalk *t)
{
    if (t->lock < 0)
        return;
    bg_fido_stop(&t->s.f);
    bg_close(t->lock);
    t->lock = -1;
}

void keytalk_close(struct keytalk *t)
{
    keytalk_let_go(t);
    bg_wipe(t->pin, sizeof t->pin);
}

/* --- who is there --------------------------------------------------------------------------------------- */

/* As far as can be told: the key that something was typed for, found again. */
static bool open_again(struct keytalk *t)
{
    const struct bg_fido_info was = t->s.info;
    size_t which = t->s.which;

    if (!keytalk_open(t))
        return false;
    if (memcmp(was.aaguid, t->s.info.aaguid, sizeof was.aaguid) == 0 && was.firmware == t->s.info.firmware &&
        was.pin_tries == t->s.info.pin_tries && t->s.info.pin_set && t->s.which == which)
        return true;
    keytalk_let_go(t);
    keytalk_failed(BG_FC_GONE, BG_OK);
    return false;
}

static bool ask_for_pin(struct keytalk *t)
{
    t->use_pin = true;
    keytalk_let_go(t);
    if (!keytalk_pin(t))
        return false;
    if (t->s.info.pin_change)
        return keytalk_new_pin(t);
    return open_again(t);
}

/* Where a key has both, the person may take the PIN at any try. */
static bool prefers_pin(const struct keytalk *t)
{
    char answer[8] = "finger";

    if (t->pin_stdin)
        return true;
    if (ui_interactive())
        ui_ask_value("Press Enter to use your finger, or type pin to use the PIN", answer, sizeof answer);
    return strcmp(answer, "pin") == 0 || strcmp(answer, "p") == 0;
}

bool keytalk_verify(struct keytalk *t, bool verify)
{
    const struct bg_fido_info *info = &t->s.info;

    if (!verify || !info->pin_set)
        return true;
    if (info->uv_ready && !prefers_pin(t))
        return true;
    return ask_for_pin(t);
}

enum bg_err keytalk_touch(void *arg)
{
    const struct keytalk *t = arg;

    (void)fflush(stdout);
    (void)fprintf(stderr, "Touch the key now%s; it waits " KEYTALK_TOUCH ".\n", t->touch);
    return BG_OK;
}

bool keytalk_again(struct keytalk *t, enum bg_fido_code code)
{
    if (t->use_pin || !t->s.info.pin_set ||
        (code != BG_FC_UV_BLOCKED && code != BG_FC_UV_INVALID && code != BG_FC_PIN_REQUIRED))
        return false;
    if (code != BG_FC_PIN_REQUIRED)
        (void)fprintf(stderr, "%s Its PIN is used instead.\n",
                      code == BG_FC_UV_BLOCKED ? "The key accepts no more fingerprints for now."
                                               : "The fingerprint was not recognized.");
    return ask_for_pin(t);
}

/* --- what it proves ------------------------------------------------------------------------------------- */

bool keytalk_counter_grows(const char *account, const struct bg_key *k, uint32_t now)
{
    enum bg_key_step step;
    uint32_t before;
    char message[128];
    enum bg_err r = bg_key_counter(BG_KEY_COUNTERS, &k->id, now, &step, &before);

    if (step == BG_KEY_STEP_BACK) {
        (void)snprintf(message, sizeof message, "key %s counts %u, but %u was seen before", k->label, now,
                       before);
        report_event(BG_EV_KEY_COUNTER_BACK, account, message);
        ui_finding(BG_M_KEY_COUNTER, BG_ARGS(k->label, BG_DIGITS(now), BG_DIGITS(before)));
        return false;
    }
    if (step != BG_KEY_STEP_GOOD) {
        ui_finding(BG_M_KEY_SUSPENDED, BG_ARGS(k->label));
        return false;
    }
    if (r != BG_OK)
        ui_note(BG_M_KEY_COUNTER_LOST, BG_ARGS(bg_strerror(r)));
    return true;
}

static bool proves(struct keytalk *t, const struct bg_key_proof *proof)
{
    const struct bg_key *k = &t->w.keys[t->s.which];

    if (proof->fault != BG_FF_NONE) {
        ui_finding(BG_M_KEY_FORGED,
                   BG_ARGS(proof->fault == BG_FF_USER ? "it was given without PIN or fingerprint"
                                                      : "signature, touch or relying party do not fit"));
        return false;
    }
    if (k->suspended) {
        ui_finding(BG_M_KEY_SUSPENDED, BG_ARGS(k->label));
        return false;
    }
    if (!keytalk_counter_grows(t->account, k, proof->said.counter))
        return false;
    if ((proof->said.flags & BG_FIDO_UV) != 0)
        bg_key_user_note(BG_KEY_COUNTERS, &k->id);
    return true;
}

bool keytalk_prove(struct keytalk *t, struct bg_fido_said *said)
{
    const struct bg_key_waiting wait = {KEYTALK_TOUCH_MS, keytalk_touch, t};
    struct bg_key_proof proof = {.code = BG_FC_OTHER};
    enum bg_err r;

    do
        r = bg_key_sign(&t->s, &t->w, t->use_pin ? t->pin : "", &wait, &proof);
    while (r == BG_OK && proof.code != BG_FC_OK && keytalk_again(t, proof.code));
    if (r == BG_OK && proof.code == BG_FC_PIN_AUTH_BLOCKED)
        bg_key_pause(t->s.path);
    if (r != BG_OK || proof.code != BG_FC_OK) {
        keytalk_failed(r == BG_OK ? proof.code : BG_FC_OTHER, r);
        return false;
    }
    if (!proves(t, &proof))
        return false;
    *said = proof.said;
    return true;
}
