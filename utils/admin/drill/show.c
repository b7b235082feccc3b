/* SPDX-License-Identifier: ISC */
/* breakglass drill list | show */
#include <string.h>
#include "admin/drill/drill.h"
#include "admin/messages.h"
#include "admin/rows.h"
#include "admin/ui.h"

static json_t *when(int64_t ms)
{
    char text[BG_TIME_LEN] = "";

    if (ms != 0)
        bg_time_of(ms, text);
    return json_string(text);
}

/* What was put together here may end within a character. */
static json_t *text(const char *s)
{
    char out[2 * DRILL_WHY];

    bg_text_again(out, sizeof out, s);
    return json_string(out);
}

static const char *state_of(const struct drill *d)
{
    return d->closed_ms != 0            ? (d->passed ? "passed" : "failed")
           : d->until_ms > bg_wall_ms() ? "open"
                                        : "window over";
}

json_t *drill_json(const struct drill *d)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:s}", "drill", d->id, "account",
                     d->account, "state", state_of(d), "by", d->by, "purpose", d->purpose, "paths", d->paths,
                     "opened", when(d->opened_ms), "until", when(d->until_ms), "closed", when(d->closed_ms),
                     "closed_by", d->closed_by, "why", d->closed_why);
}

static const char *step_state(enum drill_state s)
{
    return s == DRILL_DONE ? "done" : s == DRILL_LEFT_OUT ? "left out" : "to do";
}

static json_t *uses_json(const struct drill *d)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < d->logins; i++) {
        const struct drill_login *l = &d->login[i];
        int64_t end = l->opened_ms != 0 ? l->opened_ms : l->granted_ms;
        (void)json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:o, s:o, s:o, s:I, s:b, s:s}", "use",
                            l->use, "claimed", l->claimed, "reason", l->reason, "path", drill_path_of(l),
                            "factor", l->factor, "by_cards", text(l->cards), "by_key", l->key, "started",
                            when(l->started_ms), "granted", when(l->granted_ms), "opened", when(l->opened_ms),
                            "ms", (json_int_t)(l->started_ms != 0 && end != 0 ? end - l->started_ms : -1),
                            "by_announcer", l->by_announcer, "verdict", l->verdict));
    }
    return list;
}

json_t *drill_json_whole(const struct drill *d, const struct bg_policy *p)
{
    struct drill_step step[DRILL_STEPS];
    struct drill_control control[DRILL_CONTROLS];
    unsigned n = drill_steps(d, p, step), m = drill_controls(d, p, control);
    json_t *o = drill_json(d), *steps = json_array(), *controls = json_array();

    for (unsigned i = 0; i < n; i++)
        (void)json_array_append_new(steps,
                                    json_pack("{s:s, s:s, s:o, s:o}", "step", step[i].name, "state",
                                              step_state(step[i].state), "what", text(step[i].what), "next",
                                              text(step[i].state == DRILL_TODO ? step[i].next : "")));
    for (unsigned i = 0; i < m; i++)
        (void)json_array_append_new(controls, json_pack("{s:s, s:s, s:s, s:o}", "control", control[i].id,
                                                        "rule", control[i].rule, "verdict",
                                                        drill_verdict_name(control[i].verdict), "why",
                                                        text(control[i].why)));
    (void)json_object_set_new(o, "uses", uses_json(d));
    (void)json_object_set_new(o, "steps", steps);
    (void)json_object_set_new(o, "controls", controls);
    return o;
}

enum admin_exit drill_list(char *const words[], json_t *root)
{
    char id[DRILLS_MAX][BG_ULID_LEN + 1];
    static struct drill d;
    json_t *list = json_array();
    enum admin_exit x;
    unsigned n;

    (void)json_object_set_new(root, "drills", list);
    if (!drill_list_read(words[0], id, &n))
        return ADMIN_CANNOT;
    if (n > 0)
        ui_text("%-26s  %-10s  %-10s  %-11s  BY\n", "DRILL", "ACCOUNT", "OPENED", "STATE");
    else
        ui_text("There was no drill.\n");
    for (unsigned i = n; i-- > 0;) {
        json_t *o;
        if ((x = drill_read(id[i], &d)) != ADMIN_GOOD)
            return x;
        o = drill_json(&d);
        (void)json_array_append_new(list, o);
        ui_text("%s  ", d.id);
        ui_cell(d.account, 11);
        ui_text("%.10s  %-11s  %s\n", bg_json_str(o, "opened"), state_of(&d), d.by);
    }
    return ADMIN_GOOD;
}

static void print_steps(const struct drill *d, const struct bg_policy *p)
{
    struct drill_step step[DRILL_STEPS];
    unsigned n = drill_steps(d, p, step);

    for (unsigned i = 0; i < n; i++) {
        ui_text("%2u  %-9s %s\n", i + 1, step_state(step[i].state), step[i].title);
        if (step[i].what[0] != '\0' && ui_form() == UI_TEXT && !ui_is_quiet()) {
            (void)printf("              ");
            ui_wrapped(stdout, 14, 14, step[i].what);
        }
    }
}

void drill_print(const struct drill *d, const struct bg_policy *p)
{
    const char *announced = d->closed_ms != 0 ? "was announced" : "is announced";
    char at[BG_TIME_LEN], until[BG_TIME_LEN];

    bg_time_of(d->opened_ms, at);
    bg_time_of(d->until_ms, until);
    ui_text("Drill %s of %s %s by %s, %s\n", d->id, d->account, announced, d->by, at);
    ui_text("Its window %s %s; it is %s.\n\n",
            d->until_ms > bg_wall_ms() && d->closed_ms == 0 ? "is open until" : "was open until", until,
            d->closed_ms == 0 ? "under way"
            : d->passed       ? "passed"
                              : "NOT passed");
    print_steps(d, p);
}

enum admin_exit drill_load(const char *id, struct drill *d, struct bg_policy *p, json_t *root)
{
    enum admin_exit x = id != NULL ? drill_read(id, d) : drill_newest(NULL, d);

    if (x != ADMIN_GOOD)
        return x;
    (void)!rows_policy(BG_POLICY_PATH, p);
    (void)json_object_update_new(root, drill_json_whole(d, p));
    return ADMIN_GOOD;
}

enum admin_exit drill_show(char *const words[], json_t *root)
{
    static struct bg_policy policy;
    static struct drill d;
    enum admin_exit x = drill_load(words[0], &d, &policy, root);

    if (x == ADMIN_GOOD)
        drill_print(&d, &policy);
    return x;
}
