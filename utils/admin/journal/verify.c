/* SPDX-License-Identifier: ISC */
/* breakglass journal verify */
#include <jansson.h>
#include <string.h>
#include "admin/admin.h"
#include "admin/journal/journal.h"
#include "admin/ui.h"
#include "config/policy.h"
#include "delivery/cursor.h"
#include "delivery/messages.h"
#include "record/chain.h"
#include "record/dates.h"
#include "record/head.h"
#include "record/journal.h"
#include "record/messages.h"
#include "record/tamper.h"
#include "admin/messages.h"

static const char *key_file;

static json_t *finding_json(const struct bg_finding *f)
{
    char text[BG_MSG_MAX];

    if (f->message == NULL)
        return json_string("");
    (void)bg_msg_text(text, sizeof text, f->message, f->arg);
    return json_string(text);
}

static json_t *verify_json(enum bg_err r, const struct bg_verify *v)
{
    json_t *o =
        json_pack("{s:b, s:I, s:s, s:s, s:I, s:I, s:I}", "holds", r == BG_OK, "lines", (json_int_t)v->lines,
                  "journalid", v->journalid, "head", v->head, "sequence", (json_int_t)v->head_sequence,
                  "alarms", (json_int_t)v->alarms, "trimmed", (json_int_t)v->trimmed);

    if (r == BG_E_MISMATCH)
        (void)json_object_set_new(o, "broken",
                                  json_pack("{s:s, s:I, s:s}", "segment", v->bad_segment, "line",
                                            (json_int_t)v->bad_line, "problem", v->problem));
    return o;
}

/* What is known of this host's journal besides its lines. */
static void add_places(json_t *root, const struct bg_second_look *second, unsigned waiting)
{
    if (second->gone.message != NULL)
        (void)json_object_set_new(root, "holds", json_false());
    (void)json_object_set_new(root, "missing", finding_json(&second->gone));
    (void)json_object_set_new(root, "in_run", json_integer((json_int_t)waiting));
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

static void tell_intact(const struct bg_verify *v, const char *what)
{
    ui_text("%s is intact: %s lines.\nJournal %s, sequence %llu, head\n%s\n%s", what, BG_DIGITS(v->lines),
            v->journalid, (unsigned long long)v->head_sequence, v->head,
            key_file != NULL ? ""
            : v->sealed > 0  ? "Its seal was not checked, which takes the verification key (--key).\n"
                             : "It is not sealed.\n");
    if (v->trimmed > 0)
        ui_text("Its lines up to %s were removed before, as its line %s says (journal-keep).\n",
                BG_DIGITS(v->trimmed), BG_DIGITS(v->trimmed_by));
}

static void tell_lines(enum bg_err r, const struct bg_verify *v)
{
    if (v->alarms > 0)
        ui_finding(BG_M_TAMPER_STANDS, BG_ARGS(BG_DIGITS(v->alarms), BG_DIGITS(v->alarm_sequence), v->alarm));
    if (r == BG_E_MISMATCH)
        ui_finding(BG_M_JOURNAL_BROKEN, BG_ARGS(v->bad_segment, BG_DIGITS(v->bad_line), v->problem));
}

/* *v is of a journal that holds, with nothing gone, where that is told by *sound. */
static enum admin_exit look_here(json_t *root, bool aloud, struct bg_verify *v, bool *sound)
{
    struct bg_second_look second;
    enum bg_err r;
    unsigned waiting;
    bool gone;

    load_reached();
    r = bg_journal_examine(NULL, NULL, v, &second);
    waiting = bg_journal_waiting(NULL);
    (void)json_object_update_new(root, verify_json(r, v));
    add_places(root, &second, waiting);
    show_finding(&second.gone);
    show_finding(&second.place);
    if (waiting > 0)
        ui_finding(BG_M_JOURNAL_WAITS, BG_ARGS(BG_DIGITS(waiting), BG_FALLBACK_DIR));
    if (second.blind)
        ui_note(BG_M_TAMPER_SECOND, BG_ARGS(BG_STATEDIR "/" BG_HEAD_NAME, "was not read: root only"));
    gone = second.gone.message != NULL || look_reached(r, v);
    *sound = r == BG_OK && !gone;
    tell_lines(r, v);
    if (r != BG_OK && r != BG_E_MISMATCH && !gone)
        return journal_none(r);
    if (*sound && aloud)
        tell_intact(v, "The journal");
    return ADMIN_GOOD;
}

enum admin_exit journal_look(json_t *root, bool aloud)
{
    struct bg_verify v = {0};
    bool sound;

    return look_here(root, aloud, &v, &sound);
}

enum admin_exit journal_status(json_t *root, bool aloud)
{
    struct bg_verify v = {0};
    bool sound;
    enum admin_exit x = look_here(root, aloud, &v, &sound);

    if (sound)
        sealed_look(&v, root, aloud);
    else /* what is wrong with the lines comes first */
        (void)json_object_set_new(root, "journal_seal", json_pack("{s:s}", "state", "unknown"));
    return x;
}

/* A copy is looked at by itself: nothing of this host is, and of that host there is nothing else. */
static enum admin_exit look_copy(const char *dir, json_t *root, struct bg_verify *v)
{
    enum bg_err r = bg_journal_verify_copy(dir, NULL, v);

    (void)json_object_update_new(root, verify_json(r, v));
    (void)json_object_set_new(root, "not_checked", json_pack("[s, s, s]", "second_place", "in_run", "sinks"));
    tell_lines(r, v);
    if (r != BG_OK && r != BG_E_MISMATCH)
        return journal_none_in(dir, r);
    if (r == BG_OK)
        tell_intact(v, "The copy");
    ui_note(BG_M_VERIFY_COPY, BG_NOARGS);
    return ADMIN_GOOD;
}

#define COPIES_MAX 64
static const char *checkpoint, *copy; /* copy: NULL, this host's journal */
static const char *copies[COPIES_MAX + 1];
static size_t copies_given;

static bool parse_against(const char *value)
{
    if (copies_given == COPIES_MAX || *value == '\0')
        return false;
    copies[copies_given++] = value;
    return true;
}

static bool parse_dir(const char *value)
{
    copy = value;
    return *value != '\0';
}

const struct command_option journal_verify_options[] = {
    {"against", "FILE", "compare it with what a receiver stored; may be given several times",
     .parse = parse_against, .expected = "a file or a directory"},
    {"checkpoint", "TEXT", "see that the line of a checkpoint is in it", .text = &checkpoint},
    {"dir", "DIR", "a copy of a journal, of any owner, instead of this host's", .parse = parse_dir,
     .expected = "a directory"},
    {"key", "FILE|-", "check the seals with the verification keys in it", .text = &key_file},
    {0},
};

enum admin_exit journal_verify(char *const words[], json_t *root)
{
    struct bg_verify v = {0};
    enum admin_exit here, there;
    bool sound;

    (void)words;
    here = copy != NULL ? look_copy(copy, root, &v) : look_here(root, true, &v, &sound);
    if (checkpoint != NULL && (there = checkpoint_look(checkpoint, copy, &v, root)) != ADMIN_GOOD)
        return there;
    if (key_file != NULL && here == ADMIN_GOOD)
        here = seal_look(key_file, copy, v.trimmed, root);
    if (key_file != NULL && copy == NULL && here == ADMIN_GOOD && ui_findings() == 0)
        bg_dates_done(NULL, NULL, "seal"); /* the key that left the host is still where it was put */
    if (copies_given == 0)
        return here;
    there =
        against_look(copies, copy, root); /* also where there is no journal: then that is what they show */
    return there != ADMIN_GOOD ? there : ui_findings() > 0 ? ADMIN_FINDING : here;
}
