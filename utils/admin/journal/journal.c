/* SPDX-License-Identifier: ISC */
/* breakglass journal show | verify */
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "account/accounts.h"
#include "admin/admin.h"
#include "admin/ui.h"
#include "base/clock.h"
#include "base/text.h"
#include "config/policy.h"
#include "delivery/cursor.h"
#include "delivery/messages.h"
#include "record/chain.h"
#include "record/head.h"
#include "record/journal.h"
#include "record/lines.h"
#include "record/messages.h"
#include "record/tamper.h"
#include "admin/messages.h"

#define LAST_MAX    100000u
#define FOLLOW_LAST 10  /* events that --follow begins with */
#define FOLLOW_MS   200 /* between two looks */

static struct {
    const char *account, *use;
    char since[24]; /* beginning of an RFC 3339 time in UTC, or "" */
    uint32_t last;  /* 0: all */
    bool follow;
} wish;

/* Is there such a day and time? text is one of the forms below; a minute may have a leap second. */
static bool exists(const char *text)
{
    struct tm tm = {0}, same;
    int second = 0;

    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min,
               &second) < 3)
        return false;
    tm.tm_year -= 1900;
    tm.tm_mon--;
    same = tm;
    (void)timegm(&same); /* moves what does not exist to what does */
    return same.tm_mon == tm.tm_mon && same.tm_mday == tm.tm_mday && tm.tm_hour < 24 && tm.tm_min < 60 &&
           second <= 60;
}

/* Is text a beginning of "2026-11-22T12:03:24Z" that ends with a day, a minute, a second or the Z? */
static bool is_time(const char *text)
{
    static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
    size_t n = strlen(text);

    if (n != 10 && n != 16 && n != 19 && n != 20)
        return false;
    for (size_t i = 0; i < n; i++)
        if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
            return false;
    return exists(text);
}

static bool parse_since(const char *value)
{
    char then[BG_TIME_LEN];
    int64_t ago, at;

    if (is_time(value))
        return snprintf(wish.since, sizeof wish.since, "%.19s", value) > 0;
    if (!bg_duration(value, &ago))
        return false;
    at = bg_wall_ms() - ago;
    bg_time_of(at < 0 ? 0 : at, then); /* a year needs its four digits to compare */
    return snprintf(wish.since, sizeof wish.since, "%.19s", then) > 0;
}

static bool parse_account(const char *value)
{
    wish.account = value;
    return bg_name_valid(value);
}

static bool parse_use(const char *value)
{
    wish.use = value;
    return bg_ulid_valid(value);
}

static const struct command_option show_options[] = {
    {"last", "N", "only the last N events", .number = &wish.last, .min = 1, .max = LAST_MAX},
    {"since", "TIME", "only events since then: 2026-11-22T12:00 (UTC), or 30m, 2h, 7d ago",
     .parse = parse_since, .expected = "a day, a time in UTC, or a number with s, m, h or d"},
    {"account", "ACCOUNT", "only events of this account", .parse = parse_account,
     .expected = "the name of an account"},
    {"use", "ID", "only events of this use", .parse = parse_use,
     .expected = "the 26 characters of a use's id"},
    {"follow", NULL, "keep printing new events until Ctrl-C", .flag = &wish.follow},
    {0},
};

/* "org.breakglass.use.granted.v1" -> "use.granted" */
static void short_type(const char *type, char out[32])
{
    size_t n;

    if (strncmp(type, BG_EVENT_TYPE, strlen(BG_EVENT_TYPE)) == 0)
        type += strlen(BG_EVENT_TYPE);
    n = strlen(type);
    if (n > 3 && strncmp(type + n - 3, ".v", 2) == 0)
        n -= 3;
    (void)bg_text_ascii(out, 32, type, n);
}

/* "  key: value", what is hostile in it escaped; nothing when there is no value. */
static void print_field(const char *key, const char *value)
{
    char safe[4096];

    if (*value == '\0' || ui_is_quiet())
        return;
    (void)bg_text_clean(safe, sizeof safe, value, strlen(value));
    ui_wrapped(stdout, (size_t)printf("  %s: ", key), 6, safe);
}

static void print_event(const json_t *o)
{
    const json_t *data = json_object_get(o, "data");
    const json_t *own = json_object_get(json_object_get(data, "unmapped"), "breakglass");
    char type[32], when[24], who[40];

    short_type(bg_json_str(o, "type"), type);
    (void)bg_text_ascii(when, 20, bg_json_str(o, "time"), strnlen(bg_json_str(o, "time"), 19));
    (void)bg_text_ascii(who, sizeof who, bg_json_str(o, "subject"), strlen(bg_json_str(o, "subject")));
    ui_text("%sZ  %-20s %s%s%s\n", when, type, who, *bg_json_str(own, "source") != '\0' ? "  " : "",
            bg_json_str(own, "source"));
    print_field("says", bg_json_str(data, "message"));
    print_field("claimed", bg_json_str(own, "claimed_by"));
    print_field("reason", bg_json_str(own, "reason"));
    print_field("ticket", bg_json_str(own, "ticket"));
    print_field("use", bg_json_str(own, "use"));
    print_field("degraded", bg_json_str(own, "degraded"));
}

/* --- show ------------------------------------------------------------------------------------ */

/* A line of the journal, kept until it is known to be one of the last. */
struct kept {
    char *text;
    size_t len;
    char segment[64];
    unsigned long lineno;
};

struct ring {
    struct kept *line; /* NULL: nothing is kept, every line is printed at once */
    size_t cap, n, next;
};

/* The one parse of a line. */
static void print_line(const struct bg_rawline *l)
{
    json_t *o = NULL;
    struct bg_chain at;

    if (bg_chain_parse(l->text, l->len, &o, &at) != BG_OK || *bg_json_str(o, "type") == '\0' ||
        *bg_json_str(o, "time") == '\0') {
        ui_finding(BG_M_JOURNAL_BROKEN,
                   BG_ARGS(l->segment, BG_DIGITS(l->lineno), "it is not a line of a journal"));
    } else if (strncmp(bg_json_str(o, "time"), wish.since, strlen(wish.since)) < 0) {
        ; /* too old */
    } else if (ui_form() == UI_LINES) {
        (void)printf("%.*s\n", (int)l->len, l->text);
    } else {
        print_event(o);
    }
    json_decref(o);
}

static bool take_line(void *arg, const struct bg_rawline *l)
{
    struct ring *r = arg;
    struct kept *k;

    if ((wish.account != NULL && !bg_line_has(l, "subject", wish.account)) ||
        (wish.use != NULL && !bg_line_has(l, "use", wish.use)))
        return true;
    if (r->line == NULL) {
        print_line(l);
        return true;
    }
    k = &r->line[r->next];
    free(k->text);
    k->text = strndup(l->text, l->len);
    k->len = k->text == NULL ? 0 : l->len;
    k->lineno = l->lineno;
    (void)snprintf(k->segment, sizeof k->segment, "%s", l->segment);
    r->next = (r->next + 1) % r->cap;
    r->n += r->n < r->cap;
    return true;
}

static void print_kept(struct ring *r)
{
    for (size_t i = 0; i < r->n; i++) {
        struct kept *k = &r->line[(r->next + r->cap - r->n + i) % r->cap];
        const struct bg_rawline l = {
            .segment = k->segment, .lineno = k->lineno, .text = k->text, .len = k->len};
        if (k->text != NULL)
            print_line(&l);
        free(k->text);
    }
    free(r->line);
    *r = (struct ring){0};
}

static enum admin_exit no_journal(enum bg_err r)
{
    if (r == BG_E_NOENT)
        ui_finding(BG_M_JOURNAL_MISSING, BG_ARGS(BG_JOURNAL_DIR));
    else
        ui_finding(BG_M_JOURNAL_UNREADABLE, BG_ARGS(BG_JOURNAL_DIR, bg_strerror(r)));
    return ADMIN_CANNOT;
}

/* New lines as they come, until a signal ends it; all of them again when the journal became shorter. */
static enum bg_err follow(struct bg_linepos *pos)
{
    struct ring none = {0};
    enum bg_err r = BG_OK;

    while (r == BG_OK && fflush(stdout) == 0) {
        bg_sleep_ms(FOLLOW_MS);
        r = bg_lines_after(BG_JOURNAL_DIR, pos, take_line, &none);
        if (r == BG_E_MISMATCH) {
            ui_finding(BG_M_JOURNAL_AGAIN, BG_ARGS(BG_JOURNAL_DIR));
            *pos = (struct bg_linepos){0};
            r = BG_OK;
        }
    }
    return r;
}

static bool take_waiting(void *arg, const struct bg_rawline *l)
{
    return bg_line_has(l, "type", bg_event_kind(BG_EV_JOURNAL_GENESIS)->type) || take_line(arg, l);
}

/* What is on record in /run alone comes last: it is newer than what the journal has. */
static void show_waiting(void)
{
    unsigned n = bg_journal_waiting(NULL);
    struct ring none = {0};

    if (n == 0)
        return;
    ui_warning(BG_M_JOURNAL_WAITS, BG_ARGS(BG_DIGITS(n), BG_FALLBACK_DIR));
    (void)!bg_lines_walk(BG_FALLBACK_DIR, 0, take_waiting, &none);
}

static enum admin_exit show(char *const words[], json_t *root)
{
    struct ring ring = {.cap = wish.last > 0 ? wish.last : wish.follow ? FOLLOW_LAST : 0};
    struct bg_linepos pos = {0};
    enum bg_err r;

    (void)words;
    (void)root;
    if (ring.cap > 0 && (ring.line = calloc(ring.cap, sizeof *ring.line)) == NULL)
        return ADMIN_CANNOT;
    if (!wish.follow)
        pager_begin();
    r = bg_lines_after(BG_JOURNAL_DIR, &pos, take_line, &ring);
    print_kept(&ring);
    show_waiting();
    if (r == BG_OK && wish.follow)
        r = follow(&pos);
    pager_end();
    return r == BG_OK ? ADMIN_GOOD : no_journal(r);
}

/* --- verify ----------------------------------------------------------------------------------- */

static json_t *finding_json(const struct bg_finding *f)
{
    char text[BG_MSG_MAX];

    if (f->message == NULL)
        return json_string("");
    (void)bg_msg_text(text, sizeof text, f->message, f->arg);
    return json_string(text);
}

static json_t *verify_json(enum bg_err r, const struct bg_verify *v, const struct bg_second_look *second,
                           unsigned waiting)
{
    json_t *o = json_pack("{s:b, s:I, s:s, s:s, s:I, s:o, s:I, s:I}", "holds",
                          r == BG_OK && second->gone.message == NULL, "lines", (json_int_t)v->lines,
                          "journalid", v->journalid, "head", v->head, "sequence",
                          (json_int_t)v->head_sequence, "missing", finding_json(&second->gone), "alarms",
                          (json_int_t)v->alarms, "in_run", (json_int_t)waiting);

    if (r == BG_E_MISMATCH)
        (void)json_object_set_new(o, "broken",
                                  json_pack("{s:s, s:I, s:s}", "segment", v->bad_segment, "line",
                                            (json_int_t)v->bad_line, "problem", v->problem));
    return o;
}

static void show_finding(const struct bg_finding *f)
{
    if (f->message != NULL)
        ui_finding(f->message, f->arg);
}

/* Whoever delivers has seen the journal too: a third place, for all that it is kept for. */
static struct reached {
    struct bg_policy policy;
    struct bg_cursor cursor[BG_SINKS_MAX]; /* of each sink; an empty one where there is none */
} reached;

/* Before the lines are read: the journal may grow, and a cursor with it. */
static void load_reached(void)
{
    static struct bg_faults faults;

    memset(&reached, 0, sizeof reached);
    (void)!bg_policy_load(BG_POLICY_PATH, &reached.policy, &faults); /* its faults are said elsewhere */
    for (unsigned i = 0; i < reached.policy.sinks.n; i++)
        (void)!bg_cursor_load(NULL, reached.policy.sinks.sink[i].name, false, &reached.cursor[i]);
}

/* Is the journal still as long as each of them saw it? */
static bool look_reached(enum bg_err r, const struct bg_verify *v)
{
    bool ahead = false;
    struct bg_cursor_line end = {.sequence = r == BG_OK ? v->head_sequence : 0};

    if (r != BG_OK && r != BG_E_NOENT)
        return false;
    memcpy(end.journalid, v->journalid, sizeof end.journalid);
    memcpy(end.hash, v->head, sizeof end.hash);
    for (unsigned i = 0; i < reached.policy.sinks.n; i++) {
        const struct bg_cursor_line *was = &reached.cursor[i].journal;
        if (!bg_cursor_ahead(&reached.cursor[i], &end))
            continue;
        ui_finding(BG_M_LINE_LOST, BG_ARGS(reached.policy.sinks.sink[i].name, BG_DIGITS(was->sequence),
                                           was->journalid, "cut off or replaced"));
        ahead = true;
    }
    return ahead;
}

enum admin_exit journal_look(json_t *root, bool aloud)
{
    struct bg_verify v = {0};
    struct bg_second_look second;
    enum bg_err r;
    unsigned waiting;
    bool gone;

    load_reached();
    r = bg_journal_examine(NULL, NULL, &v, &second);
    waiting = bg_journal_waiting(NULL);
    (void)json_object_update_new(root, verify_json(r, &v, &second, waiting));
    show_finding(&second.gone);
    show_finding(&second.place);
    if (v.alarms > 0)
        ui_finding(BG_M_TAMPER_STANDS, BG_ARGS(BG_DIGITS(v.alarms), BG_DIGITS(v.alarm_sequence), v.alarm));
    if (waiting > 0)
        ui_finding(BG_M_JOURNAL_WAITS, BG_ARGS(BG_DIGITS(waiting), BG_FALLBACK_DIR));
    if (second.blind)
        ui_note(BG_M_TAMPER_SECOND, BG_ARGS(BG_STATEDIR "/" BG_HEAD_NAME, "was not read: root only"));
    gone = second.gone.message != NULL || look_reached(r, &v);
    if (r == BG_E_MISMATCH)
        ui_finding(BG_M_JOURNAL_BROKEN, BG_ARGS(v.bad_segment, BG_DIGITS(v.bad_line), v.problem));
    else if (r != BG_OK && !gone)
        return no_journal(r);
    else if (r == BG_OK && !gone && aloud)
        ui_text("The journal is intact: %s lines.\nJournal %s, sequence %llu, head\n%s\n", BG_DIGITS(v.lines),
                v.journalid, (unsigned long long)v.head_sequence, v.head);
    return ADMIN_GOOD;
}

static enum admin_exit verify(char *const words[], json_t *root)
{
    (void)words;
    return journal_look(root, true);
}

/* --- accept ----------------------------------------------------------------------------------- */

static const char *accept_reason;

static const struct command_option accept_options[] = {
    {"reason", "TEXT", "what was found out; it goes on record", .text = &accept_reason},
    {0},
};

static enum admin_exit accept(char *const words[], json_t *root)
{
    struct bg_verify v = {0};
    struct bg_second_look second;
    char text[BG_MSG_MAX];
    enum bg_err r = bg_journal_examine(NULL, NULL, &v, &second);
    enum admin_exit x;

    (void)words;
    (void)json_object_set_new(root, "accepted", json_integer(0));
    if (r != BG_OK && r != BG_E_MISMATCH)
        return no_journal(r);
    if (accept_reason == NULL || *accept_reason == '\0')
        return admin_bad_value("", "reason", "a sentence");
    if (v.alarms == 0) {
        ui_text("There is nothing to accept.\n");
        return ADMIN_GOOD;
    }
    ui_warning(BG_M_TAMPER_STANDS, BG_ARGS(BG_DIGITS(v.alarms), BG_DIGITS(v.alarm_sequence), v.alarm));
    if ((x = ui_confirm("Is that explained, with the reason that you gave?")) != ADMIN_GOOD)
        return x;
    (void)bg_msg_raw(text, sizeof text, BG_M_JOURNAL_ACCEPTED,
                     BG_ARGS(BG_DIGITS(v.alarm_sequence), accept_reason));
    report_event(BG_EV_JOURNAL_ACCEPTED, NULL, text);
    (void)json_object_set_new(root, "accepted", json_integer((json_int_t)v.alarms));
    ui_text("It is on record.\n");
    return ADMIN_GOOD;
}

const struct command journal_commands[] = {
    {.name = "journal show",
     .operands = "",
     .help = "show what was recorded, oldest first",
     .about = "Show what was recorded, oldest first. On a terminal it goes through less, or the program that "
              "PAGER names.",
     .example = "breakglass journal show --last 20",
     .needs = COMMAND_LINES,
     .options = show_options,
     .run = show},
    {.name = "journal verify",
     .operands = "",
     .help = "check that no line was changed and none is gone",
     .example = "breakglass journal verify",
     .run = verify},
    {.name = "journal accept",
     .operands = "",
     .help = "put on record that a person explained tampering",
     .about = "Put on record that a person has looked at every event so far that says that the journal was "
              "tampered with or set aside, and what was found out. Until then status and journal verify name "
              "them.",
     .example = "breakglass journal accept --reason \"logrotate had a rule for it, removed\"",
     .needs = COMMAND_ROOT | COMMAND_ASKS,
     .options = accept_options,
     .run = accept},
    {0},
};
