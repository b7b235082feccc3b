/* SPDX-License-Identifier: ISC */
#include "pamsim/codes.h"

#include <ctype.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#define UNSET (-6)

static const char *const words[BG_PAM_CODES] = {"success",
                                                "open_err",
                                                "symbol_err",
                                                "service_err",
                                                "system_err",
                                                "buf_err",
                                                "perm_denied",
                                                "auth_err",
                                                "cred_insufficient",
                                                "authinfo_unavail",
                                                "user_unknown",
                                                "maxtries",
                                                "new_authtok_reqd",
                                                "acct_expired",
                                                "session_err",
                                                "cred_unavail",
                                                "cred_expired",
                                                "cred_err",
                                                "no_module_data",
                                                "conv_err",
                                                "authtok_err",
                                                "authtok_recover_err",
                                                "authtok_lock_busy",
                                                "authtok_disable_aging",
                                                "try_again",
                                                "ignore",
                                                "abort",
                                                "authtok_expired",
                                                "module_unknown",
                                                "bad_item",
                                                "conv_again",
                                                "incomplete"};

static const char *const actions[] = {"ignore", "ok", "done", "bad", "die", "reset"};

const char *bg_pam_code_word(int code)
{
    return code >= 0 && code < BG_PAM_CODES ? words[code] : "?";
}

static void fill(int action[BG_PAM_CODES], int with)
{
    for (int i = 0; i < BG_PAM_CODES; i++)
        if (action[i] == UNSET)
            action[i] = with;
}

/* Blanks as isspace() in the C locale has them. */
static void blanks(const char **at)
{
    while (isspace((unsigned char)**at))
        (*at)++;
}

/* The word of the list that *at begins with, whatever follows it; -1 for none. */
static int word_of(const char **at, const char *const *list, int n)
{
    for (int i = 0; i < n; i++) {
        size_t len = strlen(list[i]);
        if (strncmp(list[i], *at, len) == 0) {
            *at += len;
            return i;
        }
    }
    return -1;
}

/* A jump: a number from 1 that fits an int; one that does not is cut to its last 32 bits by the old reader.
 */
static bool jump(const char **at, bool old, int *out)
{
    uint32_t bits = 0;

    if (!isdigit((unsigned char)**at))
        return false;
    for (; isdigit((unsigned char)**at); (*at)++) {
        uint64_t n = (uint64_t)bits * 10 + (uint64_t)(**at - '0');
        if (n > INT_MAX && !old)
            return false;
        bits = (uint32_t)n;
    }
    memcpy(out, &bits, sizeof bits);
    return bits != 0;
}

static bool take_action(const char **at, bool old, int *out)
{
    int i = word_of(at, actions, (int)(sizeof actions / sizeof *actions));

    if (i < 0)
        return jump(at, old, out);
    *out = -i;
    return true;
}

/* One VALUE=ACTION. "default" is for all that were not named before it; a later pair may still name one. */
static bool pair(const char **at, bool old, int action[BG_PAM_CODES])
{
    static const char *const rest[] = {"default"};
    int code = word_of(at, words, BG_PAM_CODES), what;
    bool all = code < 0 && word_of(at, rest, 1) == 0;

    if (code < 0 && !all)
        return false;
    blanks(at);
    if (**at != '=')
        return false;
    (*at)++;
    blanks(at);
    if (!take_action(at, old, &what))
        return false;
    if (all)
        fill(action, what);
    else
        action[code] = what;
    return true;
}

static bool pairs(const char *at, bool old, int action[BG_PAM_CODES])
{
    for (blanks(&at); *at != '\0'; blanks(&at))
        if (!pair(&at, old, action))
            return false;
    return true;
}

/* The four words: what success does, what IGNORE does, what all else does. */
static const struct word {
    const char *name;
    int good, ignored, other;
} simple[] = {
    {"required", BG_PAM_DO_OK, BG_PAM_DO_IGNORE, BG_PAM_DO_BAD},
    {"requisite", BG_PAM_DO_OK, BG_PAM_DO_IGNORE, BG_PAM_DO_DIE},
    {"optional", BG_PAM_DO_OK, BG_PAM_DO_IGNORE, BG_PAM_DO_IGNORE},
    {"sufficient", BG_PAM_DO_DONE, BG_PAM_DO_IGNORE, BG_PAM_DO_IGNORE},
};

bool bg_pam_control(const char *text, bool old, int action[BG_PAM_CODES])
{
    bool good = true;

    for (int i = 0; i < BG_PAM_CODES; i++)
        action[i] = UNSET;
    for (size_t i = 0; i < sizeof simple / sizeof *simple; i++) {
        if (strcasecmp(simple[i].name, text) != 0)
            continue;
        action[BG_PAM_SUCCESS] = action[BG_PAM_NEW_AUTHTOK_REQD] = simple[i].good;
        action[BG_PAM_IGNORE] = simple[i].ignored;
        fill(action, simple[i].other);
        return true;
    }
    if (!pairs(text, old, action)) {
        good = false;
        for (int i = 0; i < BG_PAM_CODES; i++)
            action[i] = UNSET;
    }
    fill(action, BG_PAM_DO_BAD);
    return good;
}
