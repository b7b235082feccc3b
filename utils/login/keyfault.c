/* SPDX-License-Identifier: ISC */
#include "login/login.h"

#include <errno.h>
#include <stdio.h>
#include "key/messages.h"

enum bg_err keyfault_tell(struct login *L, bool attempt, const struct bg_message *id, const char *const *args)
{
    enum bg_err r = login_say(L, BG_STYLE_ERROR, id, args);
    int saved = errno;

    if (attempt)
        login_attempt_failed(L, id, args);
    errno = saved;
    return r != BG_OK ? r : BG_E_MISMATCH;
}

/* clang-format off */
static const struct meaning {
    enum bg_fido_code code;
    bool attempt;
    const struct bg_message *id; /* takes the account's name as %1 */
} meanings[] = {
    {BG_FC_NO_DEVICE,        false, BG_M_KEY_NONE},
    {BG_FC_LOCKED,           false, BG_M_KEY_LOCKED},
    {BG_FC_GONE,             true,  BG_M_KEY_GONE},
    {BG_FC_SILENT,           true,  BG_M_KEY_SILENT},
    {BG_FC_GARBAGE,          true,  BG_M_KEY_GARBAGE},
    {BG_FC_NO_CREDENTIAL,    true,  BG_M_KEY_WRONG},
    {BG_FC_NO_TOUCH,         true,  BG_M_KEY_NO_TOUCH},
    {BG_FC_DENIED,           true,  BG_M_KEY_DENIED},
    {BG_FC_CANCELLED,        true,  BG_M_KEY_DENIED},
    {BG_FC_PIN_REQUIRED,     true,  BG_M_KEY_NO_USER},
    {BG_FC_PIN_NOT_SET,      true,  BG_M_KEY_NO_USER},
    {BG_FC_PIN_AUTH_BLOCKED, true,  BG_M_PIN_PAUSED},
    {BG_FC_PIN_BLOCKED,      true,  BG_M_PIN_BLOCKED},
    {BG_FC_UV_INVALID,       true,  BG_M_KEY_FINGER},
    {BG_FC_UV_BLOCKED,       true,  BG_M_KEY_FINGER_BLOCKED},
    {BG_FC_UNSUPPORTED,      true,  BG_M_KEY_UNSUPPORTED},
};
/* clang-format on */

enum bg_err keyfault_code(struct login *L, enum bg_fido_code code, uint8_t status)
{
    char number[8];

    if (code == BG_FC_NOT_SANDBOXED)
        return keyfault_tell(L, false, BG_M_KEY_HOST, BG_ARGS("breakglass-fido cannot drop its privileges"));
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        if (meanings[i].code == code)
            return keyfault_tell(L, meanings[i].attempt, meanings[i].id, BG_ARGS(L->account.name));
    (void)snprintf(number, sizeof number, "0x%02x", status);
    return keyfault_tell(L, true, BG_M_KEY_OTHER, BG_ARGS(number));
}

enum bg_err keyfault_host(struct login *L, enum bg_err r)
{
    if (r == BG_E_HANGUP || r == BG_E_CANCEL)
        return r == BG_E_HANGUP ? BG_E_EOF : r;
    return keyfault_tell(L, false, BG_M_KEY_HOST, BG_ARGS(bg_strerror(r)));
}

enum bg_err keyfault_worker(struct login *L, enum bg_err r)
{
    if (r == BG_E_CRYPTO || r == BG_E_RANGE || r == BG_E_HANGUP || r == BG_E_CANCEL)
        return keyfault_host(L, r);
    return keyfault_tell(L, true, r == BG_E_TIMEOUT ? BG_M_KEY_SILENT : BG_M_KEY_GARBAGE, BG_NOARGS);
}

enum bg_err keyfault_forged(struct login *L, enum bg_fido_fault f)
{
    static const char *const why[] = {
        [BG_FF_FORM] = "it is malformed",
        [BG_FF_RP] = "it was made for something else",
        [BG_FF_SIGNATURE] = "the signature is not the enrolled key's over this challenge",
        [BG_FF_PRESENCE] = "it was given without a touch",
        [BG_FF_USER] = "it was given without PIN or fingerprint",
    };
    size_t n = sizeof why / sizeof why[0];

    return keyfault_tell(L, true, BG_M_KEY_FORGED,
                         BG_ARGS(why[(size_t)f < n && why[f] != NULL ? f : BG_FF_FORM]));
}
