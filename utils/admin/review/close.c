/* SPDX-License-Identifier: ISC */
/* breakglass review close: nothing is on record before its evidence is packed, so that a review which was
 * interrupted anywhere is still open, and is closed by the same command. */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "admin/journal/export.h"
#include "admin/messages.h"
#include "admin/review/review.h"
#include "admin/rows.h"
#include "admin/ui.h"
#include "base/safefile.h"
#include "config/people.h"
#include "config/separation.h"

#define LOCK_PATH BG_RUNDIR "/review.lock"
#define LOCK_MS   60000 /* longer than a pack takes */

/* Bytes that the record has room for: record/event.c. */
enum {
    BY_MAX = 63,
    CAUSE_MAX = 900,
    ACTIONS_MAX = 390
};

static struct {
    enum bg_review_verdict verdict;
    char by[BY_MAX + 2]; /* without blanks around it; "": not said; one byte more than it may have */
    const char *cause, *actions, *output, *again;
} wish;

static bool parse_by(const char *value)
{
    (void)snprintf(wish.by, sizeof wish.by, "%s", value);
    (void)bg_text_trim(wish.by);
    return wish.by[0] != '\0';
}

static bool parse_verdict(const char *value)
{
    wish.verdict = bg_verdict_by_name(value);
    return wish.verdict != BG_VERDICT_NONE;
}

const struct command_option review_close_options[] = {
    {"verdict", "WORD", "what it was: genuine, drill or misuse", .parse = parse_verdict,
     .expected = "genuine, drill or misuse"},
    {"by", "NAME", "who reviewed it", .parse = parse_by, .expected = "a name"},
    {"cause", "TEXT", "why it was needed", .text = &wish.cause},
    {"actions", "TEXT", "what is done so that it is not needed again", .text = &wish.actions},
    {"output", "FILE", "write the evidence there", .text = &wish.output},
    {"again", "TEXT", "correct the verdict of a review that is closed; why", .text = &wish.again},
    {0},
};

/* --- may it be closed? ------------------------------------------------------------------------- */

static bool is_long_enough(const char *option, const char *value, unsigned least, unsigned most)
{
    bool hostile;

    if (bg_text_letters(value, &hostile) >= least && strlen(value) <= most)
        return true;
    ui_finding(BG_M_REVIEW_SHORT, BG_ARGS(option, BG_DIGITS(least), BG_DIGITS(most)));
    return false;
}

static enum admin_exit look_words(void)
{
    const struct bg_policy *p = review_policy();

    if (wish.verdict == BG_VERDICT_NONE || wish.by[0] == '\0' || wish.cause == NULL || wish.actions == NULL) {
        ui_finding(BG_M_REVIEW_WHAT, BG_NOARGS);
        return ADMIN_USAGE;
    }
    return is_long_enough("by", wish.by, p->name_min, BY_MAX) &&
                   is_long_enough("cause", wish.cause, p->reason_min, CAUSE_MAX) &&
                   is_long_enough("actions", wish.actions, p->reason_min, ACTIONS_MAX) &&
                   (wish.again == NULL || is_long_enough("again", wish.again, p->reason_min, ACTIONS_MAX))
               ? ADMIN_GOOD
               : ADMIN_USAGE;
}

/* A login's own events; others that name the use were made by whoever ran a command. */
static bool is_of_login(const json_t *ev)
{
    return bg_event_of_use(bg_json_str(ev, "type")) || bg_event_is(ev, BG_EV_ATTEMPT_STARTED);
}

/* Root's number and none are everybody's. */
static bool is_person(int64_t uid)
{
    return uid > 0;
}

/* Did the uid or the audit uid of the caller have a hand in the use? */
static bool is_caller(const struct review_use *u, const struct review_story *s)
{
    static const char *const members[] = {"caller_uid", "audit_uid"};
    static struct account_rows rows;
    const struct account_row *row = rows_load(&rows) ? rows_find(&rows, u->account) : NULL;
    int64_t me[2];

    if (row != NULL && rows_is_caller(row))
        return true;
    report_caller(&me[0], &me[1]);
    for (size_t i = 0; i < 2; i++) {
        if (!is_person(me[i]))
            continue;
        for (size_t k = 0; k < json_array_size(s->events); k++) {
            const json_t *ev = json_array_get(s->events, k);
            for (size_t m = 0; m < 2 && is_of_login(ev); m++)
                if (json_integer_value(json_object_get(bg_event_own(ev), members[m])) == me[i])
                    return true;
        }
    }
    return false;
}

/* Was it made in the reviewer's name, as the state room or as any event of it has that? */
static bool is_claimed(const struct bg_people *people, const struct review_use *u,
                       const struct review_story *s)
{
    char by[4 * BY_MAX + 1];

    (void)bg_text_clean(by, sizeof by, wish.by, strlen(wish.by)); /* as the claimed name was */
    if (!bg_rule_reviewer(people, u->use.claimed, by))
        return true;
    for (size_t i = 0; i < json_array_size(s->events); i++) {
        const json_t *ev = json_array_get(s->events, i);
        const char *claimed = bg_json_str(bg_event_own(ev), "claimed_by");
        if (is_of_login(ev) && *claimed != '\0' && !bg_rule_reviewer(people, claimed, by))
            return true;
    }
    return false;
}

static enum admin_exit look_reviewer(const struct review_use *u, const struct review_story *s)
{
    static struct bg_people people;
    struct bg_ini_error e;
    const char *why = NULL;
    enum bg_err r;

    if (!review_policy()->rule[BG_RULE_REVIEWER])
        return ADMIN_GOOD;
    r = bg_people_load(BG_PEOPLE_PATH, &people, &e);
    if (r != BG_OK && r != BG_E_NOENT) {
        ui_finding(BG_M_REVIEW_PEOPLE, BG_ARGS(BG_PEOPLE_PATH, r == BG_E_SYNTAX ? e.text : bg_strerror(r)));
        return ADMIN_CANNOT;
    }
    if (r == BG_E_NOENT)
        memset(&people, 0, sizeof people);
    if (is_claimed(&people, u, s))
        why = "it was made in that name";
    else if (is_caller(u, s))
        why = "this command is run by who made it";
    if (why == NULL)
        return ADMIN_GOOD;
    ui_finding(BG_M_REVIEW_OWN, BG_ARGS(wish.by, u->use.id, why));
    return ADMIN_FINDING;
}

static enum admin_exit look(const struct review_use *u, const struct review_story *s)
{
    bool closed = u->use.verdict != BG_VERDICT_NONE;

    if (review_in_session(u))
        ui_finding(BG_M_REVIEW_IN_SESSION, BG_ARGS(u->use.id, u->account));
    else if (closed && wish.again == NULL)
        ui_finding(BG_M_REVIEW_CLOSED, BG_ARGS(u->use.id, bg_verdict_name(u->use.verdict), u->use.reviewer));
    else if (!closed && wish.again != NULL)
        ui_finding(BG_M_REVIEW_NOT_CLOSED, BG_ARGS(u->use.id));
    else
        return look_reviewer(u, s);
    return ADMIN_FINDING;
}

/* --- the evidence ------------------------------------------------------------------------------ */

/* Packs that were begun and never had their name. */
static void sweep(const char *file)
{
    struct dirent *e;
    DIR *d = opendir(REVIEW_EVIDENCE_DIR);
    size_t n = strlen(file);

    while (d != NULL && (e = readdir(d)) != NULL)
        if (strncmp(e->d_name, file, n) == 0 && (e->d_name[n] == '\0' || e->d_name[n] == '.'))
            (void)unlinkat(dirfd(d), e->d_name, 0);
    if (d != NULL)
        (void)closedir(d);
}

static bool is_there(const char *file)
{
    char path[PATH_MAX];
    struct stat st;

    (void)snprintf(path, sizeof path, "%s/%s", REVIEW_EVIDENCE_DIR, file);
    return lstat(path, &st) == 0;
}

static void name_pack(const struct review_use *u, unsigned number, char file[BG_ULID_LEN + 32])
{
    if (number < 2)
        (void)snprintf(file, BG_ULID_LEN + 32, "%s.tar", u->use.id);
    else
        (void)snprintf(file, BG_ULID_LEN + 32, "%s-%u.tar", u->use.id, number);
}

/*
 * Of a use that was never reviewed it is USE.tar, and what has that name already was left behind by a review
 * that was cut short. Of each correction it is the next of USE-2.tar and so on that is free: a pack whose
 * hash stands in a verdict stays, also when the journal has let go of that verdict.
 */
static enum admin_exit room(const struct review_use *u, char path[PATH_MAX])
{
    char file[BG_ULID_LEN + 32];
    unsigned number = u->use.verdict == BG_VERDICT_NONE ? 1 : 2;
    enum bg_err r = bg_dir_make(REVIEW_EVIDENCE_DIR, 0700);

    if (r != BG_OK) {
        ui_finding(BG_M_REVIEW_ROOM, BG_ARGS(REVIEW_EVIDENCE_DIR, bg_strerror(r)));
        return ADMIN_CANNOT;
    }
    name_pack(u, number, file);
    while (number > 1 && is_there(file))
        name_pack(u, ++number, file);
    sweep(file);
    (void)snprintf(path, PATH_MAX, "%s/%s", REVIEW_EVIDENCE_DIR, file);
    return ADMIN_GOOD;
}

static enum admin_exit pack(const struct review_use *u, json_t *root, char sum[BG_HASH_HEX + 1])
{
    struct export_wish w = {.use = u->use.id};
    struct export_made made;
    char path[PATH_MAX] = "";
    enum admin_exit x = ADMIN_GOOD;

    if (wish.output != NULL)
        (void)snprintf(path, sizeof path, "%s", wish.output);
    else
        x = room(u, path);
    if (x == ADMIN_GOOD)
        x = export_make(path, &w, &made);
    if (x != ADMIN_GOOD) {
        ui_finding(BG_M_REVIEW_OPEN, BG_ARGS(u->use.id));
        return x;
    }
    memcpy(sum, made.sum, BG_HASH_HEX + 1);
    json_decref(made.files);
    (void)json_object_set_new(root, "file", json_string(path));
    ui_text("The evidence is in\n%s\nand its SHA-256 is\n%s\n", path, sum);
    return ADMIN_GOOD;
}

/* --- the verdict ------------------------------------------------------------------------------- */

static bool record(const struct review_use *u, const char *sum)
{
    struct bg_event e = BG_EVENT_INIT;
    char text[BG_MSG_MAX], again[ACTIONS_MAX + 64] = "";

    if (wish.again != NULL)
        (void)snprintf(again, sizeof again, "; it corrects \"%s\": %s", bg_verdict_name(u->use.verdict),
                       wish.again);
    (void)bg_msg_raw(text, sizeof text, BG_M_REVIEW_EV_CLOSED,
                     BG_ARGS(u->account, wish.by, bg_verdict_name(wish.verdict), again));
    e.type = BG_EV_REVIEW_CLOSED;
    e.success = true;
    e.account = u->account;
    e.use = u->use.id;
    e.drill = u->use.drill;
    e.message = text;
    e.by = wish.by;
    e.verdict = bg_verdict_name(wish.verdict);
    e.reason = wish.cause;
    e.detail = wish.actions;
    e.evidence = sum;
    return report_first_event(&e);
}

static enum admin_exit conclude(const struct review_use *u, json_t *root)
{
    char sum[BG_HASH_HEX + 1];
    enum admin_exit x = pack(u, root, sum);

    if (x != ADMIN_GOOD)
        return x;
    if (wish.verdict == BG_VERDICT_DRILL && u->use.drill[0] == '\0')
        ui_finding(BG_M_REVIEW_NO_DRILL, BG_ARGS(u->use.id));
    if (!record(u, sum))
        return ADMIN_CANNOT;
    (void)json_object_update_new(root, json_pack("{s:s, s:s, s:s}", "use", u->use.id, "verdict",
                                                 bg_verdict_name(wish.verdict), "evidence", sum));
    ui_text("The review of use %s is closed: %s.\n", u->use.id, bg_verdict_name(wish.verdict));
    if (!u->use.rotated)
        ui_text("What opened %s is to be replaced now: \"breakglass rotate %s\".\n", u->account, u->account);
    return ADMIN_GOOD;
}

/* The use of that name, if it may be closed. */
static enum admin_exit read_open(const char *word, struct review_use *u)
{
    struct review_story s;
    enum admin_exit x = review_find(word, u);

    if (x != ADMIN_GOOD || (x = review_story(u, &s)) != ADMIN_GOOD)
        return x;
    x = look(u, &s);
    review_story_drop(&s);
    return x;
}

/* An account that is none any more has nothing to be shut. */
static enum admin_exit shut(const char *account, json_t *root)
{
    static struct account_rows rows;

    if (!rows_load(&rows))
        return ADMIN_CANNOT;
    return rows_find(&rows, account) == NULL ? ADMIN_GOOD : account_shut(account, root);
}

/* One at a time, so that none sweeps away what another one packs. Where /run takes no lock it goes on. */
static int lock(void)
{
    int fd = -1;

    if (bg_dir_make(BG_RUNDIR, 0755) == BG_OK)
        (void)!bg_lock(AT_FDCWD, LOCK_PATH, bg_deadline(LOCK_MS), &fd);
    return fd;
}

enum admin_exit review_close(char *const words[], json_t *root)
{
    static struct review_use u;
    char id[BG_ULID_LEN + 1];
    enum admin_exit x = look_words();
    int held;

    if (x == ADMIN_GOOD)
        x = read_open(words[0], &u);
    if (x == ADMIN_GOOD && wish.verdict == BG_VERDICT_MISUSE)
        x = shut(u.account, root); /* first: whatever fails then, the door is shut */
    if (x != ADMIN_GOOD)
        return x;
    memcpy(id, u.use.id, sizeof id);
    held = lock();
    if ((x = read_open(id, &u)) == ADMIN_GOOD)
        x = conclude(&u, root);
    bg_close(held);
    return x;
}
