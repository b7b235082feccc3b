/* SPDX-License-Identifier: ISC */
#include "login/login.h"

#include <string.h>
#include "base/clock.h"
#include "config/people.h"

void drill_look(struct login *L)
{
    if (L->match != BG_OURS || !bg_drilled_at(NULL, NULL, L->account.name, bg_wall_ms(), &L->drill))
        L->drill.id[0] = '\0';
}

void drill_of_use(struct login *L)
{
    if (L->match != BG_OURS || !bg_ulid_valid(L->hello.use) ||
        !bg_drilled_use(NULL, NULL, L->account.name, L->hello.use, &L->drill))
        L->drill.id[0] = '\0';
}

enum bg_err drill_say(struct login *L)
{
    char until[BG_TIME_LEN];

    if (L->drill.id[0] == '\0')
        return BG_OK;
    bg_time_of(L->drill.until_ms, until);
    return login_say(L, BG_STYLE_INFO, BG_M_DRILL, BG_ARGS(L->drill.by, until));
}

bool drill_is_own(const struct login *L, const struct statement *s)
{
    return L->drill.id[0] != '\0' && bg_name_same(s->name, L->drill.by);
}
