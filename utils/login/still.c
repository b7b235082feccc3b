/* SPDX-License-Identifier: ISC */
/* Is what was shown in this dialogue still enrolled? */
#include <string.h>
#include "login/login.h"

static bool same_key(const struct bg_key *a, const struct bg_key *b)
{
    return a->use == b->use && a->id.len == b->id.len && a->pub.type == b->pub.type &&
           memcmp(a->id.bytes, b->id.bytes, a->id.len) == 0 &&
           memcmp(a->pub.bytes, b->pub.bytes, bg_fido_public_len(a->pub.type)) == 0;
}

static bool still_key(const struct bg_credential *now, const struct bg_key *k)
{
    for (size_t i = 0; i < now->key_count; i++)
        if (same_key(&now->key[i], k))
            return !now->key[i].suspended && !k->suspended;
    return false;
}

static bool still_keys(const struct login *L, const struct bg_credential *now)
{
    const struct bg_credential *c = &L->credential;
    size_t ssh = decide_ssh_key(&L->hello, c), at = now->ssh_count;

    for (size_t i = 0; i < c->key_count; i++)
        if (bg_bits_has(&L->keys_shown, i) && !still_key(now, &c->key[i]))
            return false;
    if (!L->key_by_sshd)
        return true;
    if (ssh < c->ssh_count)
        at = bg_credential_ssh(now, &c->ssh[ssh].blob);
    return at < now->ssh_count && !now->ssh[at].suspended;
}

/* The secret of a set has one verifier: cards of an older set, or of a new one, have another. */
static bool still_shares(const struct bg_credential *c, const struct bg_credential *now)
{
    return now->has_shares &&
           memcmp(c->shares.verifier, now->shares.verifier, sizeof c->shares.verifier) == 0 &&
           memcmp(c->shares.salt, now->shares.salt, sizeof c->shares.salt) == 0;
}

static bool still_password(const struct bg_credential *c, const struct bg_credential *now)
{
    return now->has_password && strcmp(c->password.hash, now->password.hash) == 0;
}

bool login_still_enrolled(const struct login *L, const struct bg_credential *now)
{
    for (unsigned i = 0; i < L->ways.steps; i++) {
        unsigned kind = L->shown[i] == NULL ? 0 : L->shown[i]->kind;

        if ((kind == BG_KIND_KEY && !still_keys(L, now)) ||
            (kind == BG_KIND_SHARES && !still_shares(&L->credential, now)) ||
            (kind == BG_KIND_PASSWORD && !still_password(&L->credential, now)))
            return false;
    }
    return true;
}
