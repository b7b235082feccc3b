/* SPDX-License-Identifier: ISC */
/* What status says of a platform. */
#include <stdio.h>
#include <string.h>
#include "admin/gear/gear.h"
#include "admin/messages.h"
#include "admin/ui.h"

static void look_put_backs(json_t *o)
{
    struct gear_put_back p;
    char minutes[24], times[24];

    gear_put_backs(&p);
    (void)json_object_set_new(o, "put_back", json_integer(p.boot));
    if (p.boot == 0)
        return;
    (void)snprintf(times, sizeof times, "%u", p.boot);
    (void)snprintf(minutes, sizeof minutes, "%lld", (long long)(p.last_ms / 60000));
    if (p.n >= GEAR_BUDGET)
        ui_finding(BG_M_CMD_GEAR_FIGHT, BG_ARGS(p.what));
    else
        ui_note(BG_M_CMD_GEAR_AGAIN, BG_ARGS(times, minutes, p.what));
}

void gear_look(json_t *root)
{
    struct gear_options o;
    enum gear here = gear_detect();
    enum bg_err r = gear_load(&o);
    json_t *said;

    if (r == BG_E_NOENT) {
        if (here != GEAR_NONE)
            ui_finding(BG_M_CMD_GEAR_UNKNOWN, BG_ARGS(gears[here].name, gears[here].does));
        return;
    }
    if (r != BG_OK) {
        ui_finding(BG_M_CMD_GEAR_SAVED, BG_ARGS(GEAR_SAVED, bg_strerror(r)));
        return;
    }
    (void)json_object_set_new(root, "platform", said = json_object());
    (void)json_object_set_new(said, "name", json_string(gears[o.gear].name));
    look_put_backs(said);
    if (!gear_is_kept(o.gear))
        ui_finding(BG_M_CMD_GEAR_STALE, BG_ARGS(gears[o.gear].keep));
}
