/* SPDX-License-Identifier: ISC */
/* Which other emergency accounts would open here: for somebody at a console whose own one does not. */
#include <stdio.h>
#include <string.h>
#include "base/safefile.h"
#include "login/login.h"

#define NAMES_MAX 200 /* bytes of the list */

struct list {
    const struct login *L;
    char names[NAMES_MAX];
    size_t n;
};

/* This login, if it were the other account's. Static: it is large, and a process serves one login. */
static bool opens(const struct login *L, const struct bg_account *a)
{
    static struct login other;

    other = *L;
    other.match = BG_OURS;
    other.account = *a;
    login_credentials(&other);
    return decide_account(other.match, other.credential_state, &other.credential, other.armed) == NULL &&
           ways_find(&other, &other.ways) == NULL;
}

static void look_at(void *arg, unsigned line, const char *name, const struct bg_account *a, const char *wrong)
{
    struct list *l = arg;

    (void)line;
    (void)wrong;
    if (a == NULL || strcmp(name, l->L->hello.user) == 0 || l->n >= sizeof l->names || !opens(l->L, a))
        return;
    l->n += (size_t)snprintf(l->names + l->n, sizeof l->names - l->n, "%s%s", l->n == 0 ? "" : ", ", a->name);
}

enum bg_err others_say(struct login *L)
{
    struct list l = {.L = L};
    char text[BG_ACCOUNTS_MAX];
    size_t len;

    if (L->source != BG_SOURCE_CONSOLE || bg_file_read(BG_ACCOUNTS_PATH, text, sizeof text, &len) != BG_OK)
        return BG_OK;
    bg_accounts_walk(text, len, look_at, &l);
    return l.n == 0 ? BG_OK : login_say(L, BG_STYLE_INFO, BG_M_OTHER_ACCOUNTS, BG_ARGS(l.names));
}
