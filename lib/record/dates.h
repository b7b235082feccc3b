/* SPDX-License-Identifier: ISC */
/*
 * When each thing that has a date was done last, where no other file tells: a test of a key or a sink, a
 * verification with the key that left the host; and what people were told of it. One small file in the state
 * room. It is a reminder and never an authority: without it things are due too early.
 */
#ifndef BG_RECORD_DATES_H
#define BG_RECORD_DATES_H

#include <stdint.h>
#include "base/err.h"
#include "record/event.h"

/* Things; more than "breakglass due" ever lists. Of more the one goes that was touched longest ago, and
 * rather one that was only told of: nothing else knows when a thing was done. */
#define BG_DATES_MAX 1280
#define BG_DATE_ITEM 112
#define BG_DATE_NAME 16

/* How much of it was told. */
enum bg_told {
    BG_TOLD_NOT = 0,
    BG_TOLD_14,
    BG_TOLD_7,
    BG_TOLD_1,
    BG_TOLD_OVERDUE
};

struct bg_date {
    /* of the SHA-256 of its item, as "breakglass due" names it: "key-test bg1 blue" */
    uint8_t name[BG_DATE_NAME];
    int64_t done_ms;         /* wall clock; 0: not known */
    int64_t due_ms, told_ms; /* the date that people were told of, and when */
    enum bg_told told;
};

struct bg_dates {
    unsigned n;
    struct bg_date date[BG_DATES_MAX];
};

/* NULL directories: the compiled-in ones. BG_E_NOENT: nothing is known yet. */
BG_MUST_CHECK enum bg_err bg_dates_load(const char *dir, const char *fallback_dir, struct bg_dates *out);

/* The entry of that name, or NULL. */
const struct bg_date *bg_dates_find(const struct bg_dates *d, const char *item);

/* It was done now. Best effort. */
void bg_dates_done(const char *dir, const char *fallback_dir, const char *item);

/* People were told of that date now. BG_E_IO: no place took it, so they may be told again. */
BG_MUST_CHECK enum bg_err bg_dates_told(const char *dir, const char *fallback_dir, const char *item,
                                        int64_t due_ms, enum bg_told told);

/* A use that a key opened is a test of the key. bg_record calls this with each event. */
void bg_dates_note(const char *dir, const char *fallback_dir, const struct bg_event *e);

#endif
