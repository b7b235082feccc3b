/* SPDX-License-Identifier: ISC */
/* The factor "ssh-key": sshd has verified it before the dialogue began, with touch and PIN
 * (admin/conf/sshd.c). */
#include <stdio.h>
#include "login/login.h"

enum bg_err login_ssh_key(struct login *L)
{
    size_t at = decide_ssh_key(&L->hello, &L->credential);

    if (at == L->credential.ssh_count || L->key_by_sshd) /* one key is not two */
        return login_refuse(L, BG_M_SSH_NOT_SHOWN, BG_ARGS(L->account.name));
    L->proven = true;
    L->key_by_sshd = true;
    (void)snprintf(L->key, sizeof L->key, "%s", L->credential.ssh[at].label);
    return BG_OK;
}
