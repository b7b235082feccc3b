/* SPDX-License-Identifier: ISC */
/* breakglass key: talking to the key and to the person in front of it. */
#include "admin/key/key.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/secret.h"
#include "base/text.h"
#include "admin/ui.h"
#include "admin/admin.h"
#include "key/messages.h"
#include "admin/messages.h"

static const struct {
    enum bg_fido_code code;
    const char *text;
} reasons[] = {
    {BG_FC_NO_DEVICE, "there is no such device"},
    {BG_FC_LOCKED, "another program holds it"},
    {BG_FC_NOT_SANDBOXED, "breakglass-fido could not give up its rights"},
    {BG_FC_GONE, "it was pulled out"},
    {BG_FC_SILENT, "it does not answer"},
    {BG_FC_GARBAGE, "it does not answer as a key does"},
    {BG_FC_NO_CREDENTIAL, "it holds no credential of the account"},
    {BG_FC_NO_TOUCH, "nobody touched it in time"},
    {BG_FC_DENIED, "it refused"},
    {BG_FC_PIN_REQUIRED, "it requires a PIN, and none is set"},
    {BG_FC_PIN_NOT_SET, "no PIN is set on it (fido2-token -S sets one)"},
    {BG_FC_PIN_INVALID, "the PIN is wrong"},
    {BG_FC_PIN_AUTH_BLOCKED, "too many wrong PINs in a row; plug it in again"},
    {BG_FC_PIN_BLOCKED, "its PIN is blocked for good"},
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

    if (r == BG_OK)
        text = "it failed for a reason of its own";
    for (size_t i = 0; r == BG_OK && i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].code == code)
            text = reasons[i].text;
    ui_finding(BG_M_CMD_KEY_FAILED, BG_ARGS(text));
}

bool keytalk_nodes(const char *device, struct bg_key_nodes *nodes, int *lock)
{
    enum bg_err r = bg_fido_lock(lock);

    if (r == BG_E_BUSY) {
        ui_finding(BG_M_KEY_BUSY, BG_NOARGS);
        return false;
    }
    if (r != BG_OK) {
        ui_finding(BG_M_CMD_MAKE, BG_ARGS(BG_FIDO_LOCK, bg_strerror(r)));
        return false;
    }
    if ((r = bg_key_nodes(device, nodes)) == BG_OK)
        return true;
    (void)close(*lock);
    if (r == BG_E_NOENT)
        ui_finding(BG_M_KEY_NONE, BG_NOARGS);
    else
        keytalk_failed(BG_FC_OTHER, r);
    return false;
}

bool keytalk_pin(const struct bg_fido_info *info, bool from_stdin, char pin[BG_FIDO_PIN])
{
    char line[BG_FIDO_PIN], prompt[48] = "PIN of the key: ";
    ssize_t n = -1;
    bool good;

    if (info->pin_tries != UINT8_MAX)
        (void)snprintf(prompt, sizeof prompt, "PIN of the key, %u tries left: ", info->pin_tries);
    if (from_stdin || isatty(STDIN_FILENO) == 1)
        n = ui_read_hidden(prompt, line, sizeof line);
    if (n > 0 && n < BG_FIDO_PIN)
        n = (ssize_t)bg_text_unpaste(line, (size_t)n);
    good = n > 0 && n < BG_FIDO_PIN;
    if (good)
        memcpy(pin, line, (size_t)n + 1);
    else
        ui_finding(BG_M_CMD_KEY_PIN, BG_NOARGS);
    bg_wipe(line, sizeof line);
    return good;
}

bool keytalk_same(const struct bg_fido_info *a, const struct bg_fido_info *b)
{
    return memcmp(a->aaguid, b->aaguid, sizeof a->aaguid) == 0 && a->firmware == b->firmware &&
           a->pin_tries == b->pin_tries && b->pin_set;
}

enum bg_err keytalk_touch(void *arg)
{
    (void)arg;
    (void)fflush(stdout);
    (void)fputs("Touch the key now.\n", stderr);
    return BG_OK;
}

static bool counter_grows(const char *account, const struct bg_key *k, uint32_t now)
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

bool keytalk_prove(const char *account, struct bg_key_session *s, const struct bg_key *k, const char *pin,
                   struct bg_fido_said *said)
{
    struct bg_key_proof proof;
    bool verify = bg_key_verifies(bg_key_uv_now(BG_KEY_COUNTERS, k), &s->info);
    enum bg_err r = bg_key_sign(s, k, verify, pin, KEYTALK_TOUCH_MS, keytalk_touch, NULL, &proof);

    if (r != BG_OK || proof.code != BG_FC_OK) {
        keytalk_failed(r == BG_OK ? proof.code : BG_FC_OTHER, r);
        return false;
    }
    if (proof.fault != BG_FF_NONE) {
        ui_finding(BG_M_KEY_FORGED,
                   BG_ARGS(proof.fault == BG_FF_USER ? "it was given without PIN or fingerprint"
                                                     : "signature, touch or relying party do not fit"));
        return false;
    }
    if (!counter_grows(account, k, proof.said.counter))
        return false;
    if ((proof.said.flags & BG_FIDO_UV) != 0)
        bg_key_user_note(BG_KEY_COUNTERS, &k->id);
    *said = proof.said;
    return true;
}
