/* SPDX-License-Identifier: ISC */
/*
 * What `breakglass check` finds. A rule has a row in rules.def for each way to break it,
 *
 *     CHECK_RULE(NAME, id, severity, title, what, means, next, why)
 *
 * or CHECK_OURS with the same columns.
 *
 * title: what holds when all is well, a clause; what and next: sentences as in base/msg.h, with %1 .. %4;
 * means: for breakglass-checks(7) only; why: the control or the standard behind it.
 */
#ifndef BG_ADMIN_CHECK_FINDING_H
#define BG_ADMIN_CHECK_FINDING_H

#include <jansson.h>
#include <stdbool.h>
#include "base/msg.h"

enum check_severity {
    CHECK_BLOCK,  /* the account cannot be used now */
    CHECK_RISK,   /* it will not work in a case that is to be expected */
    CHECK_WARN,   /* it works, and something around it is not as it should be */
    CHECK_UNKNOWN /* it cannot be told */
};
/* "BLOCK" ... */
const char *check_severity_word(enum check_severity s);

struct check_rule {
    struct bg_message said; /* its id is the rule's, "SSH-02" */
    enum check_severity severity;
    const char *title, *why;
    bool ours; /* of what breakglass itself has set up */
};

enum check_rule_name {
#define CHECK_RULE(name, id, severity, title, what, means, next, why) CHECK_##name,
#define CHECK_OURS                                                    CHECK_RULE
#include "admin/check/rules.def"
#undef CHECK_OURS
#undef CHECK_RULE
    CHECK_RULES
};
const struct check_rule *check_rule(enum check_rule_name name);

/* What a finding is about; what does not apply is NULL or 0. Everything is copied. */
struct check_at {
    const char *account, *service, *scenario, *file;
    unsigned line;
};

/*
 * says: {"id", "severity", "account", "pam_service", "scenario", "file", "line", "title", "text", "next",
 * "why"}: strings, "" where it does not apply, and a number.
 */
struct check_finding {
    enum check_rule_name rule;    /* its row */
    enum check_severity severity; /* the row's, or CHECK_UNKNOWN */
    size_t at;                    /* so many were found before it */
    json_t *says;
};
struct check_findings {
    struct check_finding *of;
    size_t n, room;
};

struct check;
void check_find(struct check *c, enum check_rule_name name, const struct check_at *at,
                const char *const *args);

/*
 * A ui_taker whose argument is a reader: each sentence that it says of its file becomes a finding of the
 * rule, as its last argument; the one before is the account, where the reader is at one.
 */
struct check_reader {
    struct check *c;
    enum check_rule_name rule;
    struct check_at at;
};
bool check_take(void *reader, const struct bg_message *id, const char *const *args);

/* Whether the rule holds cannot be told, as `why` says ("/etc/x cannot be read"): never silence, never a
 * pass. */
void check_unknown(struct check *c, enum check_rule_name name, const struct check_at *at, const char *why);
/* The same, where more can be said of what to do. */
void check_unknown_but(struct check *c, enum check_rule_name name, const struct check_at *at, const char *why,
                       const char *next);

/* All that was found: the worst come first, and those of a severity in the order of their ids. The list stays
 * the check's. */
struct check_findings *check_found(struct check *c);

/* Take the i-th out; all of them. */
void check_drop(struct check_findings *all, size_t i);
void check_free(struct check_findings *all);

#endif
