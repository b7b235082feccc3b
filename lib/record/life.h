/* SPDX-License-Identifier: ISC */
/*
 * The life of an account: when its credentials were made and replaced, its drills, and its newest uses with
 * what became of each. Kept like the account's failures (record/state.h): a small file in the state room,
 * changed with each event that counts, rebuilt from the journal when it is missing. Dates are of the wall
 * clock, in milliseconds since 1970; 0: never, or not known.
 *
 * Nothing here opens or shuts the door. What it says is what "due" and "status" show, and whether a use is
 * part of a drill.
 */
#ifndef BG_RECORD_LIFE_H
#define BG_RECORD_LIFE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/text.h"
#include "record/journal.h"

#define BG_LIFE_USES 64 /* the newest; what was reviewed goes first, then what only was replaced since */
#define BG_LIFE_NAME 96 /* bytes of a person's name, UTF-8, cut at a character */

enum bg_review_verdict {
    BG_VERDICT_NONE = 0, /* not reviewed */
    BG_VERDICT_GENUINE = 1,
    BG_VERDICT_DRILL = 2,
    BG_VERDICT_MISUSE = 3
};

struct bg_life_use {
    char id[BG_ULID_LEN + 1];
    char drill[BG_ULID_LEN + 1]; /* that it is part of; "": it is real */
    char claimed[BG_LIFE_NAME];
    char reviewer[BG_LIFE_NAME];
    char evidence[BG_HASH_HEX + 1]; /* SHA-256 of the evidence that its review exported; "": none */
    int64_t granted_ms, ended_ms, reviewed_ms;
    int64_t limit_ms; /* the newest that somebody extended its session to; 0: nobody did */
    enum bg_review_verdict verdict;
    bool rotated; /* the credentials were replaced since */
    bool overdue; /* review.overdue is on record */
};

/* The newest drill. */
struct bg_life_drill {
    char id[BG_ULID_LEN + 1]; /* "": there was none */
    char by[BG_LIFE_NAME];    /* who announced it */
    int64_t opened_ms, until_ms, closed_ms;
    bool passed;
};

struct bg_life {
    char account[64];
    int64_t made_ms;                /* oldest credential.enrolled that is known */
    int64_t enrolled_ms;            /* newest credential.enrolled */
    int64_t rotated_ms;             /* newest rotate.done */
    int64_t drilled_ms;             /* end of the newest drill that was passed */
    char rotating[BG_ULID_LEN + 1]; /* the rotation that was begun and not ended: its rotate.started; "": none
                                     */
    bool gap; /* begun while the journal could not be read: what was before may be missing */
    struct bg_life_drill drill;
    uint64_t hidden;   /* uses that nobody has reviewed and that are not below (record/hidden.h) */
    int64_t hidden_ms; /* when the oldest of them was granted; */
    char hidden_use[BG_ULID_LEN + 1]; /* and its id; "": there is none */
    char first[BG_ULID_LEN + 1];      /* the oldest use that the journal told of; "": it told of none */
    uint64_t uses;                    /* of them, at most BG_LIFE_USES, the newest last */
    struct bg_life_use use[BG_LIFE_USES];
};

/* An event that was just recorded under that id, as bg_state_note. */
void bg_life_note(const char *dir, const char *fallback_dir, const struct bg_event *e, const char *id,
                  enum bg_recorded where);

/*
 * What is known; BG_OK for an account of which nothing is. From the file alone if there is one, so a login
 * may ask. BG_E_NOENT, BG_E_TIMEOUT, BG_E_IO: there is no file, and no journal that could be read.
 */
BG_MUST_CHECK enum bg_err bg_life_load(const char *dir, const char *fallback_dir, const char *account,
                                       struct bg_life *out);

/* The same with what the journal tells, which closes a gap, whatever was missed when the file could not be
 * written. As slow as the journal is long, within BG_RETELL_MS. */
BG_MUST_CHECK enum bg_err bg_life_heal(const char *dir, const char *fallback_dir, const char *account,
                                       struct bg_life *out);

/*
 * The accounts of which a life is kept, whatever became of them since: what was used and is no account any
 * more is reviewed all the same. Into name[cap], how many; what a disk that hangs keeps is left out.
 */
#define BG_LIFE_ACCOUNTS 128
size_t bg_life_accounts(const char *dir, const char *fallback_dir, char name[][64], size_t cap);

/* A use by its id; the oldest that nobody has reviewed; the oldest since which nothing was replaced. Borrowed
 * from l; NULL without one. */
const struct bg_life_use *bg_life_use(const struct bg_life *l, const char *id);
const struct bg_life_use *bg_life_unreviewed(const struct bg_life *l);
const struct bg_life_use *bg_life_unrotated(const struct bg_life *l);

/* The id of the drill whose window is open at that time; NULL: there is none. A clock that was set back does
 * not open a window again that was closed. */
const char *bg_life_in_drill(const struct bg_life *l, int64_t wall_ms);

/* When the review of a use is to be closed: that many days after its end, and after its grant as long as it
 * has none, so that a session that is left open does not put it off. 0 for 0 days: never. */
int64_t bg_life_review_due(const struct bg_life_use *u, unsigned days);

/* Is it overdue? Never for one that was reviewed. */
bool bg_life_review_overdue(const struct bg_life_use *u, unsigned days, int64_t wall_ms);

/* How many of the uses of the last BG_LIFE_ROUTINE_DAYS were no drill: in no window, whatever their review
 * calls them, or in one and reviewed as something else. More than BG_LIFE_ROUTINE of them, and the account is
 * on its way to be used like any other. */
#define BG_LIFE_ROUTINE      2u
#define BG_LIFE_ROUTINE_DAYS 90
unsigned bg_life_real_uses(const struct bg_life *l, int64_t wall_ms);

/* "genuine", "drill", "misuse"; "" for none. */
const char *bg_verdict_name(enum bg_review_verdict v);
enum bg_review_verdict bg_verdict_by_name(const char *name); /* BG_VERDICT_NONE for any other word */

#endif
