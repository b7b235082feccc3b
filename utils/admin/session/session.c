/* SPDX-License-Identifier: ISC */
/* breakglass session: the sessions that are open, and how long they may go on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "admin/admin.h"
#include "admin/messages.h"
#include "admin/rows.h"
#include "admin/session/session.h"
#include "admin/ui.h"
#include "base/clock.h"
#include "base/host.h"
#include "base/safefile.h"
#include "base/text.h"
#include "base/wire.h"
#include "config/table.h"
#include "record/drilled.h"
#include "record/limit.h"
#include "record/tally.h"

#define PROFILE_MAX (64u << 10)

static struct {
    int64_t ms, until;
    const char *reason, *by;
} wish;

static bool parse_for(const char *value)
{
    return bg_duration(value, &wish.ms) && wish.ms >= BG_EXTEND_MIN_MS && wish.ms <= BG_EXTEND_MAX_MS;
}

static bool parse_until(const char *value)
{
    return bg_time_read(value, &wish.until);
}

static const struct command_option extend_options[] = {
    {"for", "DURATION", "how long from now: 30m, 2h; at most a day", .parse = parse_for,
     .expected = "a number with m, h or d, from 1m to 1d"},
    {"until", "TIME", "or until when, in UTC: 2026-11-27T18:00:00Z", .parse = parse_until,
     .expected = "a time like 2026-11-27T18:00:00Z"},
    {"reason", "TEXT", "why it must go on, for the record", .text = &wish.reason},
    {"by", "NAME", "who says so, for the record", .text = &wish.by},
    {0},
};

/* Does a file of its home start the recorder? */
static bool starts_recorder(const char *home, const char *name)
{
    char path[192], *text = NULL;
    bool hit = false;
    size_t n;

    (void)snprintf(path, sizeof path, "%s/%s", home, name);
    if (bg_file_slurp(path, PROFILE_MAX, &text, &n) == BG_OK)
        hit = strstr(text, "breakglass-login --record") != NULL;
    free(text);
    return hit;
}

bool session_shell_is(const struct account_row *row, const char *name)
{
    const char *slash = strrchr(row->shell, '/');

    return strcmp(slash != NULL ? slash + 1 : row->shell, name) == 0;
}

/* Shells that read files of their own, in a language of their own. */
static bool has_other_files(const struct account_row *row)
{
    static const char *const others[] = {"fish", "csh", "tcsh", "elvish", "nu", "xonsh"};

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (session_shell_is(row, others[i]))
            return true;
    return false;
}

static bool is_set_up(const struct account_row *row)
{
    if (session_shell_is(row, "zsh"))
        return starts_recorder(row->home, ".zprofile");
    return starts_recorder(row->home, ".profile") || starts_recorder(row->home, ".bash_profile");
}

void session_look(const struct account_row *row)
{
    static struct bg_policy policy;
    struct bg_faults faults;
    const char *why = NULL;

    (void)!bg_policy_load(BG_POLICY_PATH, &policy, &faults); /* what is wrong with it is told elsewhere */
    if (!policy.session_record || geteuid() != 0)
        return;
    if (row->uid != 0)
        why = "it has a uid of its own";
    else if (access("/usr/bin/script", X_OK) != 0)
        why = "there is no /usr/bin/script";
    else if (has_other_files(row))
        why = "its shell reads none of the files that start a recording";
    else if (!is_set_up(row))
        why = "nothing in its home starts a recording";
    if (why != NULL)
        ui_note(BG_M_SESSION_NOT_RECORDED, BG_ARGS(row->name, why));
}

void session_each(session_fn fn, void *arg)
{
    static struct account_rows rows;
    static struct bg_tally t;

    if (!rows_load(&rows))
        return;
    for (size_t k = 0; k < rows.n; k++) {
        if (rows.row[k].wrong[0] != '\0' || bg_state_tally(NULL, NULL, rows.row[k].name, &t) != BG_OK)
            continue;
        for (uint64_t i = t.uses > BG_TALLY_USES ? t.uses - BG_TALLY_USES : 0; i < t.uses; i++)
            fn(arg, &rows.row[k], &t.use[i % BG_TALLY_USES]);
    }
}

/* The open session that was meant. */
struct choice {
    const char *wanted; /* a use, or NULL: the only one */
    unsigned n;
    char account[32], use[BG_ULID_LEN + 1];
};

static void choose(void *arg, const struct account_row *row, const struct bg_tally_use *u)
{
    struct choice *c = arg;

    if (!bg_tally_use_lives(u) || (c->wanted != NULL && strcmp(c->wanted, u->id) != 0))
        return;
    c->n++;
    (void)snprintf(c->account, sizeof c->account, "%s", row->name);
    (void)snprintf(c->use, sizeof c->use, "%s", u->id);
}

/* The one that is named, else the one that this command runs in, else the only one. */
static enum admin_exit chosen(const char *word, struct choice *c)
{
    const char *own = getenv(BG_USE_ENV);

    *c = (struct choice){.wanted = word != NULL ? word : own};
    session_each(choose, c);
    if (c->n == 0 && word == NULL && own != NULL) { /* of a session that is over */
        *c = (struct choice){.wanted = NULL};
        session_each(choose, c);
    }
    if (c->n == 1)
        return ADMIN_GOOD;
    if (c->n > 1)
        ui_finding(BG_M_SESSION_SEVERAL, BG_NOARGS);
    else
        ui_finding(word != NULL ? BG_M_SESSION_NO_SUCH : BG_M_SESSION_NONE,
                   BG_ARGS(word != NULL ? word : ""));
    return c->n > 1 ? ADMIN_USAGE : ADMIN_FINDING;
}

static bool record(const struct choice *c, const char *until)
{
    struct bg_event e = BG_EVENT_INIT;
    struct bg_drilled drill;
    char message[128];

    (void)snprintf(message, sizeof message, "The session of %s may go on until %s", c->account, until);
    e.type = BG_EV_SESSION_EXTENDED;
    e.success = true;
    e.account = c->account;
    e.use = c->use;
    if (bg_drilled_use(NULL, NULL, c->account, c->use, &drill))
        e.drill = drill.id;
    e.message = message;
    e.reason = wish.reason;
    e.by = wish.by;
    e.until = until;
    return report_first_event(&e);
}

static enum admin_exit check_wish(void)
{
    bool hostile;

    if (wish.until > 0 && wish.ms == 0)
        wish.ms = wish.until - bg_wall_ms();
    else if (wish.until > 0)
        wish.ms = 0;
    if (wish.ms < BG_EXTEND_MIN_MS || wish.ms > BG_EXTEND_MAX_MS) {
        ui_finding(BG_M_SESSION_HOW_LONG, BG_NOARGS);
        return ADMIN_USAGE;
    }
    if (wish.reason == NULL || bg_text_letters(wish.reason, &hostile) == 0) {
        ui_finding(BG_M_SESSION_NO_REASON, BG_NOARGS);
        return ADMIN_USAGE;
    }
    return ADMIN_GOOD;
}

static enum admin_exit extend(char *const words[], json_t *root)
{
    char until[BG_TIME_LEN];
    struct choice c;
    enum admin_exit x;
    enum bg_err r;

    if ((x = check_wish()) != ADMIN_GOOD || (x = chosen(words[0], &c)) != ADMIN_GOOD)
        return x;
    bg_time_of(bg_wall_ms() + wish.ms, until);
    if (!record(&c, until))
        return ADMIN_CANNOT;
    if ((r = bg_limit_extend(NULL, NULL, c.account, c.use, wish.ms)) != BG_OK) {
        report_failure(BG_EV_SESSION_EXTENDED, c.account, "the session could not be extended");
        ui_finding(BG_M_SESSION_NOT_EXTENDED, BG_ARGS(c.account, bg_strerror(r)));
        return ADMIN_CANNOT;
    }
    (void)json_object_set_new(root, "account", json_string(c.account));
    (void)json_object_set_new(root, "use", json_string(c.use));
    (void)json_object_set_new(root, "until", json_string(until));
    ui_text("The session of %s may go on until %s.\n", c.account, until);
    return ADMIN_GOOD;
}

/* --- list */

struct listing {
    json_t *sessions;
    int64_t limit_ms;
};

static void list_one(void *arg, const struct account_row *row, const struct bg_tally_use *u)
{
    struct listing *l = arg;
    bool open = bg_tally_use_lives(u);
    int64_t left = open && l->limit_ms > 0 ? bg_limit_left(NULL, NULL, row->name, u->id, l->limit_ms) : 0;
    unsigned recordings = session_recordings(u->id);
    char until[BG_TIME_LEN] = "";

    if (!u->granted)
        return;
    if (open && l->limit_ms > 0)
        bg_time_of(bg_wall_ms() + left, until);
    if (json_array_size(l->sessions) == 0)
        ui_text("%-26s  %-12s  %-5s  %-20s  %s\n", "USE", "ACCOUNT", "STATE", "LIMIT", "RECORDED");
    ui_text("%-26s  %-12s  %-5s  %-20s  %u\n", u->id, row->name, open ? "open" : "ended",
            until[0] != '\0' ? until : "-", recordings);
    (void)json_array_append_new(l->sessions,
                                json_pack("{s:s, s:s, s:b, s:i, s:s*}", "use", u->id, "account", row->name,
                                          "going_on", open, "recordings", (int)recordings, "until",
                                          until[0] != '\0' ? until : NULL));
}

static enum admin_exit list(char *const words[], json_t *root)
{
    static struct bg_policy policy;
    struct listing l = {.sessions = json_array()};

    (void)words;
    if (!rows_policy(BG_POLICY_PATH, &policy))
        ui_text("\n");
    l.limit_ms = (int64_t)policy.session_limit * 60000;
    session_each(list_one, &l);
    if (json_array_size(l.sessions) == 0)
        ui_text("No account was used.\n");
    (void)json_object_set_new(root, "uses", l.sessions);
    return ADMIN_GOOD;
}

const struct command session_commands[] = {
    {.name = "session list",
     .operands = "",
     .help = "the newest sessions, and when open ones reach their limit",
     .example = "breakglass session list",
     .needs = COMMAND_ROOT,
     .run = list},
    {.name = "session extend",
     .operands = "[USE]",
     .help = "let a session go on beyond its limit",
     .about = "Let a session go on for a time from now, whatever session-limit says; in a session its own, "
              "else the only "
              "one that is open, or the one of that use. It is recorded and raises an alarm.",
     .example = "breakglass session extend --for 2h --reason \"the directory is still down\"",
     .needs = COMMAND_ROOT,
     .options = extend_options,
     .run = extend},
    {.name = "session replay",
     .operands = "USE",
     .help = "show what a session showed",
     .about = "Show on this terminal what the session of that use showed, as fast as it did, by "
              "scriptreplay(1). What a "
              "terminal obeys is in it: --text prints it without.",
     .example = "breakglass session replay 01JD7Z3W9Q6M3B1V5X0C8K3F2A --speed 4",
     .needs = COMMAND_ROOT,
     .options = replay_options,
     .run = session_replay},
    {.name = "session commands",
     .operands = "USE",
     .help = "list what was run in a session",
     .about = "List the commands of that use as the kernel's audit log, sudo and the recording know them, "
              "whichever are "
              "there, and say which are not.",
     .example = "breakglass session commands 01JD7Z3W9Q6M3B1V5X0C8K3F2A",
     .needs = COMMAND_ROOT,
     .run = session_said},
    {0},
};
