/* SPDX-License-Identifier: ISC */
/* Does init set up rescue and emergency mode? Asked for, there already, or offered where root has no
 * password. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "admin/init/init.h"
#include "admin/messages.h"
#include "admin/ui.h"

#define SHADOW BG_SYSCONFDIR "/shadow"

/* sulogin opens to no password that is locked or none at all: '!' or '*' in front, which no hash begins with.
 */
static bool root_is_locked(void)
{
    char *line = NULL;
    size_t room = 0;
    bool locked = false;
    FILE *f = fopen(SHADOW, "re");

    while (f != NULL && getline(&line, &room, f) > 0)
        if (strncmp(line, "root:", 5) == 0)
            locked = line[5] == '!' || line[5] == '*';
    if (line != NULL)
        explicit_bzero(line, room);
    free(line);
    if (f != NULL)
        (void)fclose(f);
    return locked;
}

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
    if (!rescue_here() || !root_is_locked())
        return false;
    if (!ui_is_yes() && ui_form() == UI_TEXT && !ui_is_dry_run() && ui_interactive())
        return agreed();
    ui_note(BG_M_CMD_RESCUE_SHUT, BG_NOARGS);
    return false;
}
