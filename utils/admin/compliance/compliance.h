/* SPDX-License-Identifier: ISC */
/*
 * Controls of the formal process, judged by what this host knows. A verdict is never better than its
 * evidence: what cannot be told is UNKNOWN, and what only people know is UNKNOWN unless they put it on file.
 * Nothing here changes anything, and nothing is asked of another machine.
 */
#ifndef BG_ADMIN_COMPLIANCE_H
#define BG_ADMIN_COMPLIANCE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "admin/compliance/lint.h"
#include "admin/custody/custody.h"
#include "admin/drill/drill.h"
#include "admin/due/due.h"
#include "admin/rows.h"
#include "config/policy.h"
#include "record/event.h"
#include "record/life.h"

#define COMPLIANCE_DAYS 365 /* what is older says nothing of how it is done now */

/* In the order of what they cost: of several accounts or uses the last of these counts. */
enum verdict {
    VERDICT_NONE = 0, /* nothing was said yet */
    VERDICT_PASS,
    VERDICT_NOT_DUE,
    VERDICT_WARN,
    VERDICT_UNKNOWN,
    VERDICT_FAIL,
    VERDICTS
};
const char *verdict_name(enum verdict v); /* "PASS", "NOT-DUE" ... */

enum framework {
    FRAMEWORK_ENTRA = 0,
    FRAMEWORK_ISM,
    FRAMEWORK_PCI,
    FRAMEWORK_NIST,
    FRAMEWORK_ISO,
    FRAMEWORK_DORA,
    FRAMEWORK_HIPAA,
    FRAMEWORKS /* all controls, of whatever framework */
};
struct framework_text {
    const char *word, *title;
};
const struct framework_text *framework_text(enum framework f); /* of FRAMEWORKS too */
bool framework_parse(const char *word, enum framework *out);

/* What a verdict rests on. at_ms: wall clock, 0: it has no date. */
struct evidence {
    const char *kind; /* "event", "use", "drill", "check", "date", "file", "option"; static */
    char id[112];     /* ULID; "PAM-04"; "drill bg1"; a path; an option; hostile */
    char account[64]; /* "": of the whole host */
    int64_t at_ms;
};

#define COMPLIANCE_WHY  480
#define EVIDENCE_MAX    24
#define EVIDENCE_CLAUSE 24

struct facts;
struct judged;
typedef void (*judge_fn)(const struct facts *f, struct judged *j);

/* A row of controls.def. */
struct control {
    const char *id, *class, *checks, *rule;
    judge_fn judge;
    const char *clause[FRAMEWORKS]; /* "": none of it */
};
extern const struct control controls[];
extern const unsigned controls_n;
bool control_is_of(const struct control *c, enum framework f);

struct judged {
    const struct control *control;
    enum verdict verdict;
    char why[COMPLIANCE_WHY]; /* sentences without a full stop, "; " between; UTF-8, hostile */
    unsigned n, more;         /* more: evidence that found no room */
    struct evidence evidence[EVIDENCE_MAX];
};

/* Judge one control, whatever the framework. */
void control_judge(const struct facts *f, const struct control *c, struct judged *j);

/* --- past.c: events of the last COMPLIANCE_DAYS that a verdict may rest on */

#define PAST_MAX 2048 /* the newest */
#define PAST_MS  8000 /* for the whole journal */

struct past_event {
    enum bg_event_type type;
    bool success;
    int64_t at_ms;
    char id[BG_ULID_LEN + 1], use[BG_ULID_LEN + 1], drill[BG_ULID_LEN + 1];
    char account[64], by[BG_LIFE_NAME], detail[96];
};
struct past {
    bool known; /* all of it was read */
    char why[64];
    unsigned n;
    struct past_event event[PAST_MAX]; /* the oldest first */
    int64_t heartbeat_ms;              /* the newest; 0: none */
    char heartbeat[BG_ULID_LEN + 1];
};
void past_read(int64_t now, struct past *out);
/* The newest of that type and account (NULL: any) before *at, whose place is left in *at; NULL: there is
 * none. Begin with *at = p->n. */
const struct past_event *past_before(const struct past *p, enum bg_event_type type, const char *account,
                                     unsigned *at);

/* --- facts.c: everything that is looked at, read once */

struct account_facts {
    const char *name;
    const struct account_row *row;
    const struct bg_credential *credential; /* NULL: it cannot be read */
    const struct bg_envelopes *envelopes;   /* the same */
    bool life_known;
    struct bg_life life;
    struct drill *drill; /* the newest that has ended; NULL: none */
    struct drill
        *year; /* its uses of the last COMPLIANCE_DAYS, folded like those of a drill; NULL: not known */
};
struct facts {
    int64_t now;
    struct account_rows rows;
    struct custody *custody; /* its policy is breakglass.conf */
    const struct bg_policy *policy;
    bool due_known;
    struct due_list due;
    struct past past;
    struct lint lint;
    size_t n;
    struct account_facts account[ROWS_MAX];
};
/* NULL: no memory, or the accounts cannot be read; the finding was shown. */
struct facts *facts_gather(void);
void facts_free(struct facts *f);

/* --- judge.c: how a verdict is put together */

/* One more thing that holds or does not: of all verdicts the costliest stays, with each sentence that led to
 * it. */
void judge_say(struct judged *j, enum verdict v, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Only if nothing was said yet. */
void judge_else(struct judged *j, enum verdict v, const char *text);
void judge_evidence(struct judged *j, const char *kind, const char *id, const char *account, int64_t at_ms);

/* By dates of "breakglass due" whose names begin so: overdue is FAIL, done is PASS, never done and not due
 * yet is NOT-DUE. False: there is no such date, and nothing was said. */
bool judge_dates(const struct facts *f, struct judged *j, const char *begins);
/* The date of that name, or NULL. */
const struct due_item *judge_date(const struct facts *f, const char *id);

/* Nothing but accounts that can be opened counts. False: there are none; UNKNOWN was said. */
bool judge_any_account(const struct facts *f, struct judged *j);
/* The journal could be read whole. False: UNKNOWN was said. */
bool judge_past(const struct facts *f, struct judged *j);
/* Is there anything that opens the account? */
bool facts_counts(const struct account_facts *a);

/* --- the judges: of_accounts.c, of_drills.c, of_custody.c, of_uses.c, of_host.c; named in controls.def */

#define CONTROL(name, id, class, judge, checks, rule, entra, ism, pci, nist, iso, dora, hipaa)               \
    void judge_##judge(const struct facts *f, struct judged *j);
#include "admin/compliance/controls.def"
#undef CONTROL

/* --- print.c, oscal.c, page.c */

struct verdict_count {
    unsigned of[VERDICTS];
};
/* All controls of a framework, in the order of the table, into out[controls_n]; how many. */
unsigned controls_judge(const struct facts *f, enum framework w, struct judged *out,
                        struct verdict_count *sum);

void controls_print(const struct judged *list, unsigned n, enum framework w, const struct verdict_count *sum);
/* The array "controls". */
json_t *controls_json(const struct judged *list, unsigned n, enum framework w);
/* An assessment-results document of OSCAL 1.1. NULL: no memory or no random bytes. */
json_t *controls_oscal(const struct judged *list, unsigned n, enum framework w, int64_t now);
/* As part of a page (admin/html.h): headings of that level. */
void controls_html(FILE *f, const struct judged *list, unsigned n, enum framework w,
                   const struct verdict_count *sum);

#endif
