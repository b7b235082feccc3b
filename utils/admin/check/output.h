/* SPDX-License-Identifier: ISC */
/* What becomes of findings: fewer of them, another form, an event, a repair. */
#ifndef BG_ADMIN_CHECK_OUTPUT_H
#define BG_ADMIN_CHECK_OUTPUT_H

#include "admin/check/check.h"

/*
 * Take out of c->found what the JSON object of an earlier run has too: each of its findings speaks for one
 * that has the same id, severity, account, service, scenario and file (of one that has none of the last four:
 * the same text). *known: how many were taken out. False: path is no such object, and the finding was shown.
 */
BG_MUST_CHECK bool check_news(struct check *c, const char *path, size_t *known);

/* Print what was found as a SARIF 2.1.0 log (OASIS Standard). */
void check_sarif(struct check *c, enum admin_exit x);

/*
 * Put on record what has come to shut an account out since the run before that was recorded, or that nothing
 * of that is left. "failed" or "passed" goes into root, or "" when there was nothing to tell.
 */
void check_record(struct check *c, json_t *root);

/*
 * --fix. Put our lines back where init puts them, and modes of our own files, after a question; shown as
 * diffs and commands, which also go into root. ADMIN_GOOD also where there was nothing; else the finding was
 * shown.
 */
enum admin_exit check_fix(const struct account_rows *rows, json_t *root);

/* As a finding of the command; a warning does not count. */
void check_show(const struct check_finding *f);

/* A string member of what a finding says, or of another object. */
const char *check_says(const json_t *finding, const char *member);

#endif
