/* SPDX-License-Identifier: ISC */
/*
 * What it means that the journal and its second place (record/head.h) do not agree, in words and as an event.
 * Lines that are gone keep their numbers: the chain goes on after the newest line that is known to have been
 * written, so that a receiver, who has them, sees an unbroken chain, and no number stands for two events.
 */
#ifndef BG_RECORD_TAMPER_H
#define BG_RECORD_TAMPER_H

#include <jansson.h>
#include <stdbool.h>
#include "base/msg.h"
#include "record/chain.h"
#include "record/head.h"
#include "record/segment.h"

/* What the second place says. */
struct bg_known {
    bool known; /* head is set: the newer one of the file and its copy in /run */
    struct bg_head head;
    bool missing, damaged, older; /* of the file alone; missing: and something should be there */
    bool unreadable;              /* the caller may not read the file */
};

/* dir: of the journal; run: of its fall-back, or NULL. */
void bg_known_load(const char *dir, const char *run, struct bg_known *k);

enum bg_agreement {
    BG_AGREES = 1,
    BG_TAMPER_EMPTY,   /* not one line is left */
    BG_TAMPER_OTHER,   /* another journal stands there */
    BG_TAMPER_CUT,     /* it ends before a line that was on the disk */
    BG_TAMPER_CHANGED, /* another line has that number */
    BG_LINES_LOST      /* only lines that no fsync had covered are gone, and the machine was started since */
};

/* Judge a journal that ends with `end` (NULL: no line). at: hash of the line with the number
 * head.durable.sequence, "" when it is not known. */
enum bg_agreement bg_tamper_judge(const struct bg_known *k, const struct bg_chain *end, const char *at);

/* May what stands torn behind `end` be of a line that no fsync had covered when the machine went down? The
 * next append cuts it off. */
bool bg_tamper_torn_by_power(const struct bg_known *k, const struct bg_chain *end);

/* The hash of that line as the line behind it tells; "" when that one is not where it was. end as above. */
void bg_tamper_hash_at(int dir, const struct bg_head *h, const struct bg_chain *end,
                       char at[BG_HASH_HEX + 1]);

/* Where the chain goes on: end is moved there, if lines are gone. */
void bg_tamper_resume(const struct bg_known *k, enum bg_agreement a, struct bg_chain *end);

/* A sentence with its arguments. */
struct bg_finding {
    const struct bg_message *message;
    char text[4][240];
    const char *arg[5];
};

/* In words. dir: the journal's, open, or -1 when there is none. Not for BG_AGREES. */
void bg_tamper_tell(const struct bg_known *k, enum bg_agreement a, const struct bg_chain *end, int dir,
                    struct bg_finding *f);

/* The same as an event: journal.lost for lines lost, else tamper.detected. seam: of the end as it was found.
 */
BG_MUST_CHECK enum bg_err bg_tamper_event(const struct bg_known *k, enum bg_agreement a,
                                          const struct bg_finding *f, const char *seam, json_t **out);

/* What is wrong with the second place itself; false when nothing is. */
bool bg_tamper_second(const struct bg_known *k, const char *dir, struct bg_finding *f);

/* There is none at all, and a journal that should have one. */
void bg_tamper_no_second(const char *dir, struct bg_finding *f);

/* --- reading a whole journal together with its second place (intact.c) -------------------------- */

struct bg_second_look {
    struct bg_finding gone, place; /* message NULL: nothing is wrong with the lines, with the second place */
    bool blind;                    /* the caller may not read the second place */
};

/* bg_journal_verify and the comparison; run: of the fall-back. NULL: the compiled-in directories. *second is
 * always set. */
BG_MUST_CHECK enum bg_err bg_journal_examine(const char *dir, const char *run, struct bg_verify *v,
                                             struct bg_second_look *second);

/*
 * The same, and fn sees each line that is sound so far, in order; it returns NULL, or what is wrong with it
 * (static, printable ASCII), which is the finding then. Lines are read one by one, so it takes longer.
 */
struct bg_rawline;
struct bg_proof;
struct bg_verify_each {
    const char *(*fn)(void *arg, const struct bg_rawline *l, const struct bg_proof *p);
    void *arg;
};
BG_MUST_CHECK enum bg_err bg_journal_examine_each(const char *dir, const char *run,
                                                  const struct bg_verify_each *each, struct bg_verify *v,
                                                  struct bg_second_look *second);

/* bg_journal_verify of a copy that may be anybody's, where there is no second place. each: as above, or NULL.
 */
BG_MUST_CHECK enum bg_err bg_journal_verify_copy(const char *dir, const struct bg_verify_each *each,
                                                 struct bg_verify *v);

/* An event of that type that says f. */
BG_MUST_CHECK enum bg_err bg_finding_event(enum bg_event_type type, const struct bg_finding *f,
                                           const char *detail, json_t **out);

/* The line that stands before a gap, as the event behind the gap names it in its detail. end NULL: none. */
#define BG_SEAM_MAX 112
void bg_tamper_seam(const struct bg_chain *end, char out[BG_SEAM_MAX]);

/* Is it of a type that may follow a gap, since it says why there is one? */
bool bg_tamper_is_seam(const json_t *ev);
/* Does it, and the gap is the one that it speaks of? before NULL: everything before it is gone. */
bool bg_tamper_seam_fits(const json_t *ev, const struct bg_chain *before);
/* Does it say that somebody has to look? */
bool bg_tamper_is_alarm(const json_t *ev);

#endif
