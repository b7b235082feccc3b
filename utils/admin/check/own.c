/* SPDX-License-Identifier: ISC */
/* What breakglass itself keeps of an account: is there anything that opens it? */
#include "admin/check/check.h"
#include "admin/ui.h"
#include "config/ways.h"

bool own_read(struct check *c, const char *account, struct bg_credential *out)
{
    struct check_reader reader = {c, CHECK_OWN_CREDENTIAL, {.account = account}};
    bool r;

    ui_divert(check_take, &reader);
    r = rows_credential(account, false, out);
    ui_divert(NULL, NULL);
    return r;
}

static void look(struct check *c, const struct check_account *a)
{
    const struct bg_credential *k = a->credential;
    const char *name = a->row->name;
    const struct check_at at = {.account = name};

    if (k == NULL)
        return; /* told when it was read */
    if (!k->enabled)
        check_find(c, CHECK_OWN_DISABLED, &at, BG_ARGS(name));
    if (!k->has_shares && !k->has_password && k->key_count == 0 && k->ssh_count == 0)
        check_find(c, CHECK_OWN_NOTHING, &at, BG_ARGS(name));
    else if (!bg_credential_suffices(k))
        check_find(c, CHECK_OWN_REQUIRE, &at, BG_ARGS(name, bg_require_name(k->require)));
}

const struct check_group check_own = {.account = look};
