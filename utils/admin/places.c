/* SPDX-License-Identifier: ISC */
#include "admin/places.h"

#include <string.h>
#include "admin/messages.h"
#include "admin/ui.h"
#include "base/clock.h"
#include "base/text.h"
#include "record/armed.h"
#include "record/tally.h"

#define FORGOTTEN_MS (INT64_C(12) * 3600000)

static void look_password(const char *account, const struct bg_credential *c)
{
    const char *why = c->has_password ? bg_password_refusal(c->password.hash) : NULL;

    if (why != NULL)
        ui_finding(BG_M_CMD_ST_PASSWORD, BG_ARGS(account, why));
}

/* Does the file name this class by itself: in `from` of the account, or by a require of its own? */
static bool is_named(const struct bg_credential *c, const struct bg_place *p)
{
    return (c->from[0] != '\0' && bg_place_in(p, c->from)) ||
           c->require_at[p->source - BG_SOURCE_CONSOLE] != 0;
}

/* An account that opens nowhere is a finding of its own. */
static void look_places(const char *account, const struct bg_credential *c)
{
    static const char *const where[] = {"at a console", "by su on this host", "over the network"};
    struct bg_ways ways;

    for (enum bg_source s = BG_SOURCE_CONSOLE; s <= BG_SOURCE_NETWORK && bg_credential_suffices(c); s++) {
        struct bg_place p = bg_place_of(s);
        if (is_named(c, &p) && !bg_credential_ways(c, &p, &ways))
            ui_finding(BG_M_CMD_ST_PLACE, BG_ARGS(account, where[s - BG_SOURCE_CONSOLE]));
    }
}

/* Was it granted since it was armed? */
static bool was_used(const char *account, const struct bg_armed *a)
{
    static struct bg_tally t;

    return bg_state_tally(NULL, NULL, account, &t) == BG_OK && t.granted.wall_ms != 0 &&
           t.granted.boot == bg_boot_number() && bg_now_ms() - t.granted.boot_ms < a->since_ms;
}

static json_t *look_armed(const char *account, enum bg_account_state state)
{
    struct bg_armed a;
    char by[4 * BG_ARMED_BY];

    if (bg_armed_get(NULL, NULL, account, &a) != BG_OK) {
        ui_text("     not armed\n");
        return json_pack("{s:b}", "now", 0);
    }
    (void)bg_text_ascii(by, sizeof by, a.by, strlen(a.by));
    ui_text("     armed%s%s, for %lld more minutes\n", by[0] != '\0' ? " by " : "", by,
            (long long)(a.left_ms / 60000));
    if (a.since_ms >= FORGOTTEN_MS)
        ui_finding(BG_M_CMD_ST_ARMED_LONG,
                   BG_ARGS(account, BG_DIGITS(a.since_ms / 3600000), BG_DIGITS(a.left_ms / 3600000)));
    else if (state == BG_STATE_AWAITING_REVIEW && was_used(account, &a))
        ui_finding(BG_M_CMD_ST_ARMED_USED, BG_ARGS(account));
    return json_pack("{s:b, s:s, s:I, s:I}", "now", 1, "by", a.by, "since_seconds",
                     (json_int_t)(a.since_ms / 1000), "left_seconds", (json_int_t)(a.left_ms / 1000));
}

void places_look(const char *account, const struct bg_credential *c, enum bg_account_state state, json_t *o)
{
    (void)json_object_set_new(o, "armed",
                              c->open == BG_OPEN_ARMED ? look_armed(account, state) : json_null());
    look_password(account, c);
    look_places(account, c);
}
