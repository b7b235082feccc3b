/* SPDX-License-Identifier: ISC */
/*
 * What is remembered of one account: its failures by class of source, its newest uses, its newest grant.
 * Plain memory, filled from single events or from a whole journal (record/state.c) and kept in the state room
 * as it is. Bounded: the newest of each are kept.
 */
#ifndef BG_RECORD_TALLY_H
#define BG_RECORD_TALLY_H

#include <stdbool.h>
#include <stdint.h>
#include "base/text.h"

#define BG_TALLY_FAILURES 256 /* of each class; further ones add no delay */
#define BG_TALLY_USES     64
#define BG_TALLY_CLASSES  3 /* enum bg_source (record/state.h), from 1 on */

#define BG_FAILURE_WINDOW_MS INT64_C(3600000)

/* A point in time on both clocks: its age is told by the one that no one can set, as far as that goes. */
struct bg_moment {
    int64_t wall_ms; /* bg_wall_ms() */
    int64_t boot_ms; /* bg_now_ms() in that boot */
    uint64_t boot;   /* which boot; 0: not known, then only wall_ms counts */
};

/* 0: the kernel does not tell. */
uint64_t bg_boot_number(void);
struct bg_moment bg_moment_now(void);

/* Milliseconds that a is older than b: negative when it is younger. */
int64_t bg_moment_age(const struct bg_moment *a, const struct bg_moment *b);

struct bg_tally_use {
    char id[BG_ULID_LEN + 1];
    bool granted, opened, closed;
    uint64_t boot;
    int64_t pid; /* who holds it: the process that opened the session, until then the one it was granted to */
    uint64_t pid_start;
};

struct bg_tally_class {
    uint64_t count; /* of all; the newest are kept, in a ring */
    struct bg_moment last[BG_TALLY_FAILURES];
};

struct bg_tally {
    char account[64];
    struct bg_tally_class failed[BG_TALLY_CLASSES];
    struct bg_moment granted;     /* the newest grant; wall_ms 0: none */
    char newest[BG_ULID_LEN + 1]; /* its use, whatever boot it was in */
    uint64_t uses;                /* of all; the newest are kept, in a ring */
    struct bg_tally_use use[BG_TALLY_USES];
};

void bg_tally_begin(struct bg_tally *t, const char *account);

void bg_tally_failed(struct bg_tally *t, unsigned class, const struct bg_moment *at);
void bg_tally_granted(struct bg_tally *t, const char *use, const struct bg_moment *at);

/* The entry of a use, made when it is new. */
struct bg_tally_use *bg_tally_use(struct bg_tally *t, const char *use);

/*
 * Failures of that class that are less than an hour old and not older than the newest grant, and the age of
 * the newest (0 when there is none, never negative).
 */
unsigned bg_tally_count(const struct bg_tally *t, unsigned class, int64_t *since_ms);

/* Was it granted in this boot, has it not ended, and is it held by a living process? */
bool bg_tally_use_lives(const struct bg_tally_use *u);

/* The newest use of this boot that was granted (opened: and has a session), has not ended and is held by a
 * living process; NULL without one. */
const char *bg_tally_living(const struct bg_tally *t, bool opened);

/* Is that use such a one? */
bool bg_tally_lives(const struct bg_tally *t, const char *id);

/* What other knows of uses goes into t: both may have missed some. Failures stay as they are in t. */
void bg_tally_merge_uses(struct bg_tally *t, const struct bg_tally *other);

#endif
