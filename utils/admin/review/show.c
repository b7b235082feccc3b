/* SPDX-License-Identifier: ISC */
/* breakglass review show: a use as a story. What anybody typed or a disk holds is escaped on its way out. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "admin/journal/journal.h"
#include "admin/messages.h"
#include "admin/review/changed.h"
#include "admin/review/review.h"
#include "admin/run.h"
#include "admin/session/session.h"
#include "admin/ui.h"
#include "base/clock.h"
#include "delivery/cursor.h"

#define STATUS_MS    30000
#define COMMANDS_MS  5000
#define COMMANDS_MAX 40u
#define COMMAND_ROOM 52 /* of a screen of 80 columns, with dots */
#define STATUS_MAX   (1u << 20)

static const char *by;

const struct command_option review_show_options[] = {
    {"by", "NAME", "put on record that NAME begins the review", .text = &by},
    {0},
};

/* --- lines -------------------------------------------------------------------------------------- */

static bool is_shown(void)
{
    return ui_form() == UI_TEXT && !ui_is_quiet();
}

/* "  name  value" with the value escaped and broken under itself; nothing without a value. */
static void field(const char *name, const char *value)
{
    char safe[4096];
    size_t column;

    if (*value == '\0' || !is_shown())
        return;
    (void)bg_text_clean(safe, sizeof safe, value, strlen(value));
    column = (size_t)printf("  %-9s ", name);
    ui_wrapped(stdout, column, column, safe);
}

static void heading(const char *text)
{
    ui_text("\n%s\n", text);
}

static const json_t *first_of(const struct review_story *s, enum bg_event_type type)
{
    for (size_t i = 0; i < json_array_size(s->events); i++)
        if (bg_event_is(json_array_get(s->events, i), type))
            return json_array_get(s->events, i);
    return NULL;
}

/* --- who, why and with what --------------------------------------------------------------------- */

static const char *from(const json_t *ev)
{
    const json_t *data = json_object_get(ev, "data"), *src = json_object_get(data, "src_endpoint");
    const char *const places[] = {bg_json_str(src, "ip"), bg_json_str(src, "hostname"),
                                  bg_json_str(json_object_get(data, "session"), "terminal"),
                                  bg_json_str(bg_event_own(ev), "source")};
    size_t i = 0;

    while (i + 1 < sizeof places / sizeof places[0] && *places[i] == '\0')
        i++;
    return places[i];
}

/* "card 1 of group 2, Ada, envelope E7, seal 4711" */
static void tell_card(const json_t *card)
{
    char text[512];
    static const struct {
        const char *key, *before;
    } more[] = {{"custodian", ", "}, {"envelope", ", envelope "}, {"seal", ", seal "}};
    int n = snprintf(text, sizeof text, "%lld of group %lld",
                     (long long)json_integer_value(json_object_get(card, "card")),
                     (long long)json_integer_value(json_object_get(card, "group")));

    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++)
        if (*bg_json_str(card, more[i].key) != '\0' && n > 0 && (size_t)n < sizeof text)
            n += snprintf(text + n, sizeof text - (size_t)n, "%s%.64s", more[i].before,
                          bg_json_str(card, more[i].key));
    field("Card", text);
}

static void tell_who(const struct review_use *u, const struct review_story *s)
{
    const json_t *ev = first_of(s, BG_EV_USE_GRANTED), *own = bg_event_own(ev);
    const json_t *cards = json_object_get(bg_event_own(first_of(s, BG_EV_AUTH_SUCCEEDED)), "cards");
    char when[BG_TIME_LEN];

    bg_time_of(u->use.granted_ms, when);
    field("Granted", when);
    field("Who", u->use.claimed);
    field("Why", bg_json_str(own, "reason"));
    field("Ticket", bg_json_str(own, "ticket"));
    field("From", from(ev));
    field("Service", bg_json_str(json_object_get(json_object_get(ev, "data"), "service"), "name"));
    field("Factor", bg_json_str(own, "factor"));
    field("Key", bg_json_str(own, "key"));
    if (json_object_get(own, "cards") != NULL)
        cards = json_object_get(own, "cards");
    for (size_t i = 0; i < json_array_size(cards); i++)
        tell_card(json_array_get(cards, i));
    field("Drill", u->use.drill);
}

static void tell_state(const struct review_use *u, const json_t *o)
{
    const char *due = bg_json_str(o, "due");
    char text[256];

    if (u->use.verdict != BG_VERDICT_NONE)
        (void)snprintf(text, sizeof text, "%s", bg_verdict_name(u->use.verdict));
    else
        (void)snprintf(text, sizeof text, "%s%s%s", bg_json_str(o, "state"), *due == '\0' ? "" : ", due ",
                       due);
    field("Review", text);
    field("Reviewer", u->use.reviewer);
    field("Evidence", u->use.evidence);
}

/* --- what happened ------------------------------------------------------------------------------ */

static const char *kind_of(const json_t *ev, char out[64])
{
    const char *type = bg_json_str(ev, "type");
    size_t n;

    if (strncmp(type, BG_EVENT_TYPE, strlen(BG_EVENT_TYPE)) == 0)
        type += strlen(BG_EVENT_TYPE);
    n = bg_text_ascii(out, 64, type, strlen(type));
    if (n > 3 && strcmp(out + n - 3, ".v1") == 0)
        out[n - 3] = '\0';
    return out;
}

/* "22 12:03:24 use.granted  what it says", and who did it or what it was of. */
static void tell_event(const json_t *ev)
{
    const json_t *own = bg_event_own(ev);
    const char *says = bg_json_str(json_object_get(ev, "data"), "message");
    char kind[64], text[2048], safe[4096], when[BG_TIME_LEN];
    size_t column;

    if (!is_shown())
        return;
    (void)bg_text_ascii(when, 20, bg_json_str(ev, "time"), strnlen(bg_json_str(ev, "time"), 19));
    (void)kind_of(ev, kind);
    (void)snprintf(text, sizeof text, "%s%s%.100s%s%.400s%s", strcmp(says, kind) == 0 ? "" : says,
                   *bg_json_str(own, "by") != '\0' ? " By " : "", bg_json_str(own, "by"),
                   *bg_json_str(own, "detail") != '\0' ? " [" : "", bg_json_str(own, "detail"),
                   *bg_json_str(own, "detail") != '\0' ? "]" : "");
    (void)bg_text_trim(text);
    (void)bg_text_clean(safe, sizeof safe, text, strlen(text));
    column = (size_t)printf("  %.8s  %-18s ", strlen(when) > 18 ? when + 11 : when, kind);
    ui_wrapped(stdout, column, 13, safe);
}

/* The day stands above the lines that are of it. */
static void tell_events(const char *title, const json_t *list)
{
    char day[11] = "", safe[64];

    if (json_array_size(list) == 0)
        return;
    heading(title);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *ev = json_array_get(list, i);
        if (strncmp(day, bg_json_str(ev, "time"), 10) != 0) {
            (void)snprintf(day, sizeof day, "%.10s", bg_json_str(ev, "time"));
            (void)bg_text_ascii(safe, sizeof safe, day, strlen(day));
            ui_text("  %s (UTC)\n", safe);
        }
        tell_event(ev);
    }
}

/* --- who was told, what was dead ---------------------------------------------------------------- */

static bool has_taken(const char *sink, const json_t *ev)
{
    static struct bg_cursor c;
    const struct bg_cursor_chain *chain = NULL;

    if (bg_cursor_load(NULL, sink, false, &c) == BG_OK)
        chain = bg_cursor_chain(&c, bg_json_str(ev, "journalid"), false);
    return chain != NULL && bg_cursor_done(chain, strtoull(bg_json_str(ev, "sequence"), NULL, 10));
}

static json_t *tell_alarms(const struct review_story *s)
{
    const struct bg_policy *p = review_policy();
    const json_t *ev = first_of(s, BG_EV_USE_GRANTED);
    json_t *list = json_array();

    heading("Who was told that it was granted:");
    for (unsigned i = 0; ev != NULL && i < p->sinks.n; i++) {
        const char *sink = p->sinks.sink[i].name;
        bool wanted = bg_sink_wants(&p->sinks.sink[i], bg_json_str(ev, "type")), taken = has_taken(sink, ev);
        field(sink, taken ? "has taken it" : wanted ? "HAS NOT TAKEN IT" : "is not sent such events");
        (void)json_array_append_new(
            list, json_pack("{s:s, s:b, s:b}", "sink", sink, "wanted", wanted, "taken", taken));
    }
    if (p->sinks.n == 0)
        ui_text("  nobody: %s names no sink\n", BG_POLICY_PATH);
    return list;
}

static json_t *tell_probes(const struct review_story *s)
{
    const json_t *ev = first_of(s, BG_EV_USE_PROBED);

    heading("What was dead right after it was granted:");
    if (ev != NULL) {
        field("", bg_json_str(bg_event_own(ev), "detail"));
        return json_string(bg_json_str(bg_event_own(ev), "detail"));
    }
    ui_text(BG_WITH_ALERT ? "  Nothing is on record of that.\n"
                          : "  This build delivers no alarms, and has nothing that looks.\n");
    return json_null();
}

/* --- what was done, what it left ---------------------------------------------------------------- */

/* Each on one line. */
static void tell_command(const json_t *c)
{
    const char *when = bg_json_str(c, "time"), *whole = bg_json_str(c, "command");
    char text[COMMAND_ROOM];

    bg_text_again(text, sizeof text, whole);
    ui_text("  %-9s  %-8.8s  %s%s\n", bg_json_str(c, "source"), strlen(when) > 18 ? when + 11 : "", text,
            strlen(text) < strlen(whole) ? "..." : "");
}

/* The first ones; a session can have had thousands. */
static json_t *tell_commands(const struct review_use *u)
{
    struct session_ran r;
    size_t more = 0;

    session_ran(u->account, &u->use, COMMANDS_MS, &r);
    heading("Commands of its session:");
    for (size_t i = 0; i < json_array_size(r.commands) && i < COMMANDS_MAX; i++)
        tell_command(json_array_get(r.commands, i));
    for (; json_array_size(r.commands) > COMMANDS_MAX; more++)
        (void)json_array_remove(r.commands, json_array_size(r.commands) - 1);
    if (more > 0)
        ui_text("  %zu more: \"breakglass session commands %s\"\n", more, u->use.id);
    for (size_t i = 0; i < json_array_size(r.missing); i++)
        field(bg_json_str(json_array_get(r.missing, i), "source"),
              bg_json_str(json_array_get(r.missing, i), "why"));
    return json_pack("{s:o, s:o, s:I}", "commands", r.commands, "not_there", r.missing, "more",
                     (json_int_t)more);
}

static json_t *tell_changes(const struct review_use *u)
{
    static struct changed c;
    json_t *list = json_array();
    char when[BG_TIME_LEN], safe[CHANGED_PATH + 1];

    changed_since(BG_SYSCONFDIR, u->use.granted_ms, &c);
    heading("What changed in " BG_SYSCONFDIR " since then:");
    for (size_t i = 0; i < c.n; i++) {
        (void)bg_text_clean(safe, sizeof safe, c.file[i].path, strlen(c.file[i].path));
        bg_time_of(c.file[i].at_ms, when);
        ui_text("  %.19s  %s%s\n", when, safe, c.file[i].directory ? "/" : "");
        (void)json_array_append_new(list, json_pack("{s:s, s:s}", "path", safe, "time", when));
    }
    if (c.n == 0)
        ui_text("  nothing\n");
    if (c.more > 0)
        ui_text("  and %llu that changed before these\n", (unsigned long long)c.more);
    if (c.cut)
        ui_text("  Not all of it was looked at: there is too much, or it cannot be read.\n");
    return json_pack("{s:o, s:I, s:b}", "files", list, "more", (json_int_t)c.more, "complete", !c.cut);
}

/* What "status" finds, by a process of its own: its findings are none of this command. NULL: it did not run.
 */
static json_t *status_now(void)
{
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    const char *argv[] = {self, "status", "--json", NULL};
    struct run_result res;
    json_t *o;

    if (n <= 0)
        return NULL;
    self[n] = '\0';
    if (run_program(argv, NULL, 0, STATUS_MAX, STATUS_MS, &res) != BG_OK)
        return NULL;
    o = json_loads(res.out, 0, NULL);
    free(res.out);
    return o;
}

static json_t *tell_now(void)
{
    json_t *o = status_now(), *list = json_incref(json_object_get(o, "findings"));
    char text[BG_MSG_MAX + 16];

    heading("What \"breakglass status\" finds now:");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *f = json_array_get(list, i);
        (void)snprintf(text, sizeof text, "%s", bg_json_str(f, "text"));
        field(bg_json_str(f, "id"), text);
    }
    if (list == NULL)
        ui_text("  It could not be run.\n");
    else if (json_array_size(list) == 0)
        ui_text("  nothing\n");
    json_decref(o);
    return list == NULL ? json_null() : list;
}

/* --- the command -------------------------------------------------------------------------------- */

static bool record_begin(const struct review_use *u)
{
    struct bg_event e = BG_EVENT_INIT;
    char text[BG_MSG_MAX];

    (void)bg_msg_raw(text, sizeof text, BG_M_REVIEW_EV_OPENED, BG_ARGS(by, u->account));
    e.type = BG_EV_REVIEW_OPENED;
    e.success = true;
    e.account = u->account;
    e.use = u->use.id;
    e.drill = u->use.drill;
    e.by = by;
    e.message = text;
    return report_first_event(&e);
}

static void tell(const struct review_use *u, const struct review_story *s, json_t *root)
{
    json_t *o = review_json(u);

    ui_text("Use %s of %s\n", u->use.id, u->account);
    tell_who(u, s);
    tell_state(u, o);
    (void)json_object_set_new(root, "about", o);
    tell_events("What was tried before, by others or by nobody knows whom:", s->before);
    tell_events("What happened:", s->events);
    (void)json_object_update_new(root, json_pack("{s:O, s:O}", "before", s->before, "story", s->events));
    (void)json_object_set_new(root, "told", tell_alarms(s));
    (void)json_object_set_new(root, "probed", tell_probes(s));
    (void)json_object_set_new(root, "ran", tell_commands(u));
    (void)json_object_set_new(root, "etc", tell_changes(u));
    (void)json_object_set_new(root, "status_finds", tell_now());
}

enum admin_exit review_show(char *const words[], json_t *root)
{
    static struct review_use u;
    struct review_story s;
    enum admin_exit x = review_find(words[0], &u);

    if (x != ADMIN_GOOD)
        return x;
    if (by != NULL && u.use.verdict == BG_VERDICT_NONE && !record_begin(&u))
        return ADMIN_CANNOT;
    if ((x = review_story(&u, &s)) != ADMIN_GOOD)
        return x;
    pager_begin();
    tell(&u, &s, root);
    pager_end();
    review_story_drop(&s);
    return ADMIN_GOOD;
}
