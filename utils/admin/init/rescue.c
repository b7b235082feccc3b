/* SPDX-License-Identifier: ISC */
/* Does init set up rescue and emergency mode? Asked for, there already, or offered where root has no
 * password. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "admin/init/init.h"
#include "admin/messages.h"
#include "admin/ui.h"

static bool agreed(void)
{
    char answer[16] = "yes";

    ui_ask_value("Rescue mode opens to nobody: root has no password. Open it with the account (yes, no)",
                 answer, sizeof answer);
    return answer[0] == 'y' || answer[0] == 'Y';
}

bool init_rescue(const struct init_options *o)
{
    if (o->rescue || rescue_is_set_up())
        return true;
    if (!rescue_here() || !rescue_root_locked())
        return false;
    if (!ui_is_yes() && ui_form() == UI_TEXT && !ui_is_dry_run() && ui_interactive())
        return agreed();
    ui_note(BG_M_CMD_RESCUE_SHUT, BG_NOARGS);
    return false;
}
