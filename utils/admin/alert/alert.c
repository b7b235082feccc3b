/* SPDX-License-Identifier: ISC */
/* breakglass alert status | test | confirm | drop | requeue */
#include "admin/alert/alert.h"

#include <string.h>
#include "admin/messages.h"
#include "admin/rows.h"
#include "admin/ui.h"
#include "base/text.h"
#include "record/event.h"

const struct bg_policy *alert_policy(bool *sound)
{
    static struct bg_policy policy;

    *sound = rows_policy(BG_POLICY_PATH, &policy);
    return &policy;
}

const struct bg_sink *alert_sink(const struct bg_policy *p, const char *name)
{
    for (unsigned i = 0; i < p->sinks.n; i++)
        if (strcmp(p->sinks.sink[i].name, name) == 0)
            return &p->sinks.sink[i];
    ui_finding(BG_M_ALERT_NO_SUCH_SINK, BG_ARGS(name, BG_POLICY_PATH));
    return NULL;
}

const struct bg_cursor_chain *alert_chain(const struct bg_cursor *c, const char *journalid)
{
    for (unsigned i = 0; i < c->chains; i++)
        if (strcmp(c->chain[i].journalid, journalid) == 0)
            return &c->chain[i];
    return NULL;
}

void alert_kind(const json_t *ev, char out[ALERT_KIND_MAX])
{
    const char *type = bg_json_str(ev, "type");
    bool ours = strncmp(type, BG_EVENT_TYPE, strlen(BG_EVENT_TYPE)) == 0;

    type += ours ? strlen(BG_EVENT_TYPE) : 0;
    (void)bg_text_ascii(out, ALERT_KIND_MAX, type, strlen(type));
    if (ours && strlen(out) > 3 && strcmp(out + strlen(out) - 3, ".v1") == 0)
        out[strlen(out) - 3] = '\0';
}

const struct command alert_commands[] = {
    {.name = "alert status",
     .operands = "",
     .help = "what each sink has, and what it has not",
     .example = "breakglass alert status",
     .needs = COMMAND_ROOT,
     .run = alert_status},
    {.name = "alert test",
     .operands = "[SINK...]",
     .help = "send a test event and wait until it is taken",
     .about =
         "Record a test event and wait until every sink, or those that are named, have taken it. A message "
         "that wakes a person shows a code, for \"breakglass alert confirm\".",
     .example = "breakglass alert test pager",
     .needs = COMMAND_ROOT | COMMAND_DELIVERS,
     .options = alert_test_options,
     .run = BG_WITH_ALERT ? alert_test : NULL},
    {.name = "alert confirm",
     .operands = "CODE",
     .help = "say that a person has read a test, by its code",
     .about =
         "Put on record that the newest test, or the use of a drill, reached a person: the code that its "
         "message shows tells by which sink.",
     .example = "breakglass alert confirm 482913",
     .needs = COMMAND_ROOT | COMMAND_DELIVERS,
     .options = alert_confirm_options,
     .run = BG_WITH_ALERT ? alert_confirm : NULL},
    {.name = "alert drop",
     .operands = "SINK EVENT",
     .help = "give an event up for a sink that refuses it",
     .about = "Never deliver an event to a sink that does not want it. Nothing else drops an event. EVENT is "
              "an id or "
              "a number that \"breakglass alert status\" shows. The reason is recorded.",
     .example = "breakglass alert drop --reason \"their schema lacks it, INC-4711\" pager 41",
     .needs = COMMAND_ROOT | COMMAND_ASKS | COMMAND_DELIVERS,
     .options = alert_drop_options,
     .run = BG_WITH_ALERT ? alert_drop : NULL},
    {.name = "alert requeue",
     .operands = "SINK [EVENT]",
     .help = "send an event to a sink once more",
     .about =
         "Send an event to a sink as if it had never been taken, refused or given up; without EVENT all that "
         "it refuses. The receiver gets it with the same id. It is recorded.",
     .example = "breakglass alert requeue pager 41",
     .needs = COMMAND_ROOT | COMMAND_DELIVERS,
     .options = alert_requeue_options,
     .run = BG_WITH_ALERT ? alert_requeue : NULL},
    {0},
};
