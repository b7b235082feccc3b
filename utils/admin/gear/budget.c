/* SPDX-License-Identifier: ISC */
/*
 * One line a put-back in a file of this boot: milliseconds since the machine was started, and what was put
 * back. The clock of gear may stand at 1970; this one counts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "admin/gear/gear.h"
#include "base/clock.h"
#include "base/safefile.h"

#define STATE BG_RUNDIR "/put-back"
#define ROOM  32768
#define SPENT "budget spent"

static void read_state(char text[ROOM])
{
    size_t len;

    if (bg_file_read(STATE, text, ROOM, &len) != BG_OK)
        text[0] = '\0';
}

void gear_put_backs(struct gear_put_back *out)
{
    static char text[ROOM];
    char *save = NULL, *rest;
    int64_t at;

    *out = (struct gear_put_back){.last_ms = -1};
    read_state(text);
    for (char *l = strtok_r(text, "\n", &save); l != NULL; l = strtok_r(NULL, "\n", &save)) {
        at = strtoll(l, &rest, 10);
        if (*rest != ' ' || at < 0 || at > bg_now_ms())
            continue;
        if ((out->told = strcmp(rest + 1, SPENT) == 0))
            continue;
        out->boot++;
        out->n += bg_now_ms() - at < GEAR_BUDGET_MS;
        out->last_ms = bg_now_ms() - at;
        (void)snprintf(out->what, sizeof out->what, "%s", rest + 1);
    }
}

/* What no longer fits goes with all that is older: at 6 an hour that is after weeks. */
static enum bg_err add(const char *what)
{
    static char text[ROOM + 512];
    size_t n;

    read_state(text);
    n = strlen(text);
    if (n + 300 > ROOM)
        n = 0;
    n += (size_t)snprintf(text + n, 300, "%lld %.250s\n", (long long)bg_now_ms(), what);
    return bg_file_replace(STATE, text, n, 0600, 0, 0);
}

enum bg_err gear_note_put_back(const char *what)
{
    return add(what);
}

enum bg_err gear_note_spent(void)
{
    return add(SPENT);
}
