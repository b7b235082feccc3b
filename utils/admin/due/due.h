/* SPDX-License-Identifier: ISC */
/*
 * What has a date: of every account, of the people and envelopes around it, of the alarm. Gathered anew from
 * the files and from record/life.h each time; record/dates.h knows only what no file tells.
 */
#ifndef BG_ADMIN_DUE_H
#define BG_ADMIN_DUE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "config/policy.h"
#include "record/dates.h"

#define DUE_DAY_MS INT64_C(86400000)

struct due_item {
    char id[BG_DATE_ITEM];   /* "drill bg1" */
    char account[64];        /* ""; of the whole host */
    int64_t due_ms, last_ms; /* wall clock; last_ms 0: never */
    char why[160];           /* what is to be done, a sentence without a full stop; UTF-8, hostile */
    char next[160];          /* the command that comes next; shell words of ours */
    bool told_elsewhere;     /* an event of its own tells when it is overdue */
};

struct due_list {
    struct due_item *item; /* by date, the first first; freed with due_free */
    size_t n, room;
    bool more; /* there was no memory for all */
};

/* Everything, with a finding for each file that cannot be read. host: packages are asked about as well, and a
 * change is put on record; else it is a part of status, which has what check says of accounts and their
 * credentials. False: there is no memory. */
bool due_gather(const struct bg_policy *p, bool host, struct due_list *out);
void due_free(struct due_list *l);

/* "overdue 3 days", "in 12 days", "in 5 hours". */
void due_when(int64_t left_ms, char out[32]);

/* --- gather.c, for the rest */

/*
 * Add one that was done at last_ms (0: never) and is due `days` after it; one that was never done is due a
 * week after begin_ms, or after days if that is less. days 0: there is no such date. A copy of what is told.
 */
struct due_item *due_add(struct due_list *l, const char *id, int64_t last_ms, int64_t begin_ms,
                         unsigned days);

/* The test of a sink, and the ends of its certificates. begin_ms: when what was never tested came to be. */
void due_add_sink(struct due_list *l, const struct bg_policy *p, const struct bg_dates *d,
                  const struct bg_sink *s, int64_t begin_ms);

/* --- host.c: has anything that a login depends on another version? */

/* When it changed last, by what is kept in the state room; 0: never seen to. The first look only remembers.
 * A change is put on record. At most 5 s; what cannot be asked has not changed. */
int64_t due_host_changed(void);
int64_t due_host_known(void); /* without a look */

/* --- cert.c */

/* The earliest end of a certificate in a PEM file. BG_E_NOENT: none is in it; as bg_file_slurp. */
BG_MUST_CHECK enum bg_err due_certificate_ends(const char *path, int64_t *wall_ms);

/* --- look.c: for status */

/* To each account of list, in its JSON object, what is due of it next, which is shown; and a finding where
 * something is overdue. */
void due_look(json_t *list);

/* --- tell.c */

/* Put on record what is due in 14, 7 or 1 days, and what is overdue: each once, and what is overdue once a
 * week. Of more than 32 the first ones, and one event that says how many the others are. How many events. */
unsigned due_tell(const struct due_list *l);

#endif
