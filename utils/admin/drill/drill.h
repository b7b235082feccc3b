/* SPDX-License-Identifier: ISC */
/*
 * The commands of "breakglass drill". A drill is what the journal says of it: it begins with drill.opened and
 * ends with drill.closed, and each of its steps is done when the events are there that only doing it makes.
 * So it can be left and taken up again at any moment, and nobody can say that a step was done which was not;
 * what is left out is on record with its reason (drill.step).
 */
#ifndef BG_ADMIN_DRILL_DRILL_H
#define BG_ADMIN_DRILL_DRILL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include "admin/admin.h"
#include "base/clock.h"
#include "base/text.h"
#include "config/policy.h"
#include "config/ways.h"
#include "record/life.h"

#define DRILL_MIN_MS 300000   /* of a window */
#define DRILL_MAX_MS 43200000 /* 12 hours */
#define DRILL_ACK_MS 900000   /* for a person to answer the alarm */
#define DRILL_WHY    400

#define DRILL_LOGIN    "login-" /* steps that are paths */
#define DRILL_INSTANCE DRILL_LOGIN "sshd-instance"

/* --- facts.c: what the journal says of a drill */

#define DRILL_LOGINS 32
#define DRILL_SEALS  64
#define DRILL_STEPS  16

struct drill_login {
    char use[BG_ULID_LEN + 1], claimed[BG_LIFE_NAME], reason[DRILL_WHY], ticket[64];
    char service[32], tty[64], source[16], rhost[64], factor[48], key[64];
    char heard[160]; /* who had the alarm when the door opened; "": nobody */
    char verdict[16], reviewer[BG_LIFE_NAME];
    int64_t caller[2];              /* uid and audit uid of who called; 0 or less: nobody's own */
    bool by_announcer, in_instance; /* in_instance: by the sshd of the emergency accounts */
    int64_t started_ms, granted_ms, opened_ms, closed_ms, heard_ms; /* 0: not */
    struct bg_position at;                                          /* of use.granted */
    char cards[256];     /* "1-2 of Jane Doe (envelope e1, seal 4711), ..." */
    char envelopes[256]; /* that they came from, blanks between and around: " e1 e2 " */
};

/* A seal that was broken or set. */
struct drill_seal {
    char envelope[64], seal[64], by[BG_LIFE_NAME];
    bool set;
    int64_t at_ms;
};

/* A code that a person gave back. */
struct drill_ack {
    char sink[32], by[BG_LIFE_NAME];
    int64_t at_ms;
};

/* What drill.step says, the newest of each. */
struct drill_mark {
    char step[32], why[DRILL_WHY], by[BG_LIFE_NAME], seen_by[BG_LIFE_NAME], use[BG_ULID_LEN + 1];
    bool done;
    int64_t at_ms;
};

struct drill {
    int64_t caller[2]; /* uid and audit uid of who announced it */
    char id[BG_ULID_LEN + 1], account[32], by[BG_LIFE_NAME], purpose[DRILL_WHY], paths[128];
    int64_t opened_ms, until_ms, closed_ms;
    bool passed;
    char closed_by[BG_LIFE_NAME], closed_why[DRILL_WHY];
    unsigned logins, seals, acks, marks;
    struct drill_login login[DRILL_LOGINS];
    struct drill_seal seal[DRILL_SEALS];
    struct drill_ack ack[BG_SINKS_MAX];
    struct drill_mark mark[DRILL_STEPS];
    int64_t rotating_ms, rotated_ms,
        proven_ms;                       /* newest since it was opened; 0: not. proven: a new one read back */
    unsigned proven, unproven, tampered; /* since rotated; tampered: since it was opened */
    char rotated_by[BG_LIFE_NAME];
    int64_t changed_ms; /* newest host.changed before it was opened */
};

/* The drills of an account (NULL: of all), the newest last, at most cap of them. What was cut off is the
 * oldest. False: the journal cannot be read, and that was shown. */
#define DRILLS_MAX 64
BG_MUST_CHECK bool drill_list_read(const char *account, char id[DRILLS_MAX][BG_ULID_LEN + 1], unsigned *n);

/* One of them by its id; the newest of an account (NULL: of all). ADMIN_GOOD, or the finding was shown:
 * ADMIN_FINDING where there is none, ADMIN_CANNOT when the journal cannot be read. */
BG_MUST_CHECK enum admin_exit drill_read(const char *id, struct drill *out);
BG_MUST_CHECK enum admin_exit drill_newest(const char *account, struct drill *out);

/*
 * What the account went through since then, folded as if all of it was one drill: its newest uses, seals and
 * rotations. It has no id and no steps that somebody marked. False: the journal cannot be read, and that was
 * shown.
 */
BG_MUST_CHECK bool drill_since(const char *account, int64_t since_ms, struct drill *out);

/* The path that a login came by: "console", "ssh", "su", "sshd-instance", "rescue"; "" another. Static. */
const char *drill_path_of(const struct drill_login *l);

/* The first login by that path whose session was opened (a rescue has none); NULL. */
const struct drill_login *drill_login_by(const struct drill *d, const char *path);

const struct drill_mark *drill_mark_of(const struct drill *d, const char *step);

/* --- steps.c: what is to be done, and whether it is */

enum drill_state {
    DRILL_TODO = 1,
    DRILL_DONE = 2,
    DRILL_LEFT_OUT = 3
};

struct drill_step {
    char name[32]; /* "seals", "login-console", "task" ... */
    char title[64];
    enum drill_state state;
    char what[DRILL_WHY]; /* done: by what; left out: why; else what is missing */
    char next[256];       /* to do: the command that comes next, or what a person does */
};

/* In order; how many. p: breakglass.conf. */
unsigned drill_steps(const struct drill *d, const struct bg_policy *p, struct drill_step out[DRILL_STEPS]);

/* creds.c: which of what is enrolled for longer than a year has opened nothing for a year, into why: "" and
 * true for none. False: nobody can tell, and why. */
bool drill_credentials_used(const char *account, char why[DRILL_WHY]);

/* --- verdict.c: the controls that a drill is evidence of */

enum drill_verdict {
    DRILL_PASS = 1,
    DRILL_FAIL = 2,
    DRILL_UNKNOWN = 3
};

struct drill_control {
    char id[8]; /* "P-05" */
    const char *rule;
    enum drill_verdict verdict;
    char why[DRILL_WHY];
};

#define DRILL_CONTROLS 10
/* How many; each has its verdict. Nobody can tell is never a pass. */
unsigned drill_controls(const struct drill *d, const struct bg_policy *p,
                        struct drill_control out[DRILL_CONTROLS]);
const char *drill_verdict_name(enum drill_verdict v); /* "pass", "fail", "not shown" */

/* May it be closed as passed: every step done, no control failed? If not, what is in the way. */
bool drill_passes(const struct drill *d, const struct bg_policy *p, char why[DRILL_WHY]);

/* --- mark.c: people who are named on the command line, and steps on record */

/* Letters, no blank at either end, and short enough to be kept whole. */
bool drill_is_name(const char *value);

/* What somebody is called on the list of people, by the name or the word that stands there for them; without
 * a list as they say. False: nobody of the list is meant, and that was shown. */
BG_MUST_CHECK bool drill_person(const char *said, char name[BG_LIFE_NAME]);

/* Put a step on record. ADMIN_GOOD, or the finding was shown. */
enum admin_exit drill_mark(const struct drill *d, const char *step, bool done, const char *why,
                           const char *by, const char *seen_by, const char *use);

/* --- the commands */

extern const struct command_option drill_open_options[], drill_close_options[], drill_abort_options[],
    drill_run_options[], drill_task_options[], drill_report_options[];
enum admin_exit drill_open(char *const words[], json_t *root);
enum admin_exit drill_close(char *const words[], json_t *root);
enum admin_exit drill_abort(char *const words[], json_t *root);
enum admin_exit drill_list(char *const words[], json_t *root);
enum admin_exit drill_show(char *const words[], json_t *root);
enum admin_exit drill_run(char *const words[], json_t *root);
enum admin_exit drill_task(char *const words[], json_t *root);
enum admin_exit drill_report(char *const words[], json_t *root);

/* close.c: end it as it stands; abandoned: why, or NULL. */
enum admin_exit drill_end(struct drill *d, const struct bg_policy *p, const char *by, const char *abandoned,
                          json_t *root);

/* show.c: the drill of that id, NULL: the newest of all, with the policy that it is judged by; all of it goes
 * to root. ADMIN_GOOD, or the finding was shown. */
enum admin_exit drill_load(const char *id, struct drill *d, struct bg_policy *p, json_t *root);

/* For people, whole. */
void drill_print(const struct drill *d, const struct bg_policy *p);

/* The members of one: "drill", "account" ... for --json; the same, its steps and its controls. */
json_t *drill_json(const struct drill *d);
json_t *drill_json_whole(const struct drill *d, const struct bg_policy *p);

#endif
