/* SPDX-License-Identifier: ISC */
/* breakglass key: the PIN of a key, asked for and set. */
#include "admin/key/key.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "admin/messages.h"
#include "admin/ui.h"
#include "base/secret.h"
#include "base/text.h"
#include "key/messages.h"

#define FEW_TRIES 2

/* A line that can be a PIN. False: the finding was shown. */
static bool read_pin(const struct keytalk *t, const char *prompt, char pin[BG_FIDO_PIN])
{
    char line[4 * BG_FIDO_PIN];
    ssize_t n = -1;
    bool good;

    if (t->pin_stdin || isatty(STDIN_FILENO) == 1)
        n = ui_read_hidden(prompt, line, sizeof line);
    if (n > 0 && n < (ssize_t)sizeof line)
        n = (ssize_t)bg_text_typed(line, (size_t)n);
    good = n >= BG_FIDO_PIN_MIN && n < BG_FIDO_PIN;
    if (good)
        memcpy(pin, line, (size_t)n + 1);
    else if (n > 0)
        ui_finding(BG_M_PIN_LENGTH, BG_NOARGS);
    else
        ui_finding(BG_M_CMD_KEY_PIN, BG_NOARGS);
    bg_wipe(line, sizeof line);
    return good;
}

/* The same question as at a login; where nobody can be asked, only --yes spends one of the last tries. */
static bool spends_last(const struct keytalk *t)
{
    static const char *const words[] = {"yes", "no", NULL};
    const struct bg_fido_info *info = &t->s.info;

    if (info->pin_tries > FEW_TRIES)
        return true;
    if (t->pin_stdin || !ui_interactive()) {
        if (!ui_is_yes())
            ui_finding(BG_M_PIN_LAST, BG_ARGS(BG_DIGITS(info->pin_tries)));
        return ui_is_yes();
    }
    ui_warning(BG_M_PIN_LAST, BG_ARGS(BG_DIGITS(info->pin_tries)));
    return ui_choose("Type yes to spend one of them, or no", words) == 0;
}

bool keytalk_pin(struct keytalk *t)
{
    const struct bg_fido_info *info = &t->s.info;
    char prompt[48] = "PIN of the key: ";

    if (bg_key_paused(t->s.path) || info->pin_tries == 0) {
        keytalk_failed(info->pin_tries == 0 ? BG_FC_PIN_BLOCKED : BG_FC_PIN_AUTH_BLOCKED, BG_OK);
        return false;
    }
    if (!spends_last(t))
        return false;
    if (info->pin_tries != UINT8_MAX)
        (void)snprintf(prompt, sizeof prompt, "PIN of the key, %u %s left: ", info->pin_tries,
                       info->pin_tries == 1 ? "try" : "tries");
    return read_pin(t, prompt, t->pin);
}

/* Typed once where it comes from standard input. */
static bool read_new(const struct keytalk *t, char fresh[BG_FIDO_PIN])
{
    char twice[BG_FIDO_PIN];
    bool good = read_pin(t, "New PIN of the key: ", fresh);

    if (!good || t->pin_stdin)
        return good;
    good = read_pin(t, "The same again: ", twice);
    if (good && strcmp(fresh, twice) != 0) {
        ui_finding(BG_M_PIN_DIFFERS, BG_NOARGS);
        good = false;
    }
    bg_wipe(twice, sizeof twice);
    return good;
}

static bool set(struct keytalk *t, char fresh[BG_FIDO_PIN])
{
    struct bg_fido_result result = {.code = BG_FC_OTHER};
    char copy[BG_FIDO_PIN];
    enum bg_err r;

    memcpy(copy, fresh, sizeof copy);
    r = bg_fido_set_pin(&t->s.f, t->pin, copy, &result);
    if (r == BG_OK && result.code == BG_FC_OK)
        return true;
    if (r == BG_OK && result.code == BG_FC_PIN_POLICY)
        ui_finding(BG_M_PIN_POLICY, BG_ARGS(BG_DIGITS(t->s.info.pin_min)));
    else
        keytalk_failed(result.code, r);
    keytalk_let_go(t);
    return false;
}

bool keytalk_new_pin(struct keytalk *t)
{
    char fresh[BG_FIDO_PIN];
    bool good;

    if (t->pin[0] != '\0')
        ui_warning(BG_M_PIN_CHANGE, BG_ARGS(BG_DIGITS(t->s.info.pin_min)));
    keytalk_let_go(t);
    good = read_new(t, fresh) && keytalk_open(t) && set(t, fresh);
    if (good) { /* it tells other facts of itself now */
        keytalk_let_go(t);
        memcpy(t->pin, fresh, sizeof t->pin);
        t->use_pin = true;
        good = keytalk_open(t);
    }
    bg_wipe(fresh, sizeof fresh);
    return good;
}
