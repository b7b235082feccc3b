/* SPDX-License-Identifier: ISC */
/* Sinks that were renamed or taken out of breakglass.conf: their cursors are still there. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include "admin/alert/alert.h"
#include "admin/messages.h"
#include "admin/ui.h"
#include "record/event.h"
#include "record/lines.h"

struct owed {
    struct bg_cursor cursor;
    unsigned events;
};

static bool is_known(const struct bg_policy *p, const char *name)
{
    for (unsigned i = 0; i < p->sinks.n; i++)
        if (strcmp(p->sinks.sink[i].name, name) == 0)
            return true;
    return false;
}

/* What it wanted nobody knows any more: whatever wakes people somewhere counts. What came after the newest
 * line that it has seen, others were there to take. */
static bool count(void *arg, const struct bg_rawline *l)
{
    const struct bg_cursor_chain *h;
    struct owed *o = arg;
    struct bg_chain at;
    const char *type;
    json_t *ev;

    if (!l->whole || bg_chain_parse(l->text, l->len, &ev, &at) != BG_OK)
        return true;
    type = bg_json_str(ev, "type");
    h = alert_chain(&o->cursor, at.last.journalid);
    o->events += h != NULL && at.last.sequence <= o->cursor.journal.sequence &&
                 strcmp(at.last.journalid, o->cursor.journal.journalid) == 0 &&
                 !bg_cursor_done(h, at.last.sequence) && !bg_event_by_anybody(type) &&
                 !bg_event_is(ev, BG_EV_HEARTBEAT);
    json_decref(ev);
    return true;
}

static void look(const char *name)
{
    static struct owed o;
    char path[PATH_MAX];

    memset(&o, 0, sizeof o);
    (void)snprintf(path, sizeof path, BG_CURSORS_STATE "/%s", name);
    if (bg_cursor_load(NULL, name, false, &o.cursor) != BG_OK)
        return;
    (void)!bg_lines_walk(BG_JOURNAL_DIR, 0, count, &o);
    if (o.events > 0)
        ui_finding(BG_M_ALERT_ORPHAN, BG_ARGS(name, BG_DIGITS(o.events), path));
}

void alert_orphans(const struct bg_policy *p)
{
    DIR *d = opendir(BG_CURSORS_STATE);
    struct dirent *e;

    while (d != NULL && (e = readdir(d)) != NULL)
        if (strchr(e->d_name, '.') == NULL && !is_known(p, e->d_name))
            look(e->d_name);
    if (d != NULL)
        (void)closedir(d);
}
