/* SPDX-License-Identifier: ISC */
/* The commands of "breakglass review": the table is in review.c, each command has a file of its own. */
#ifndef BG_ADMIN_REVIEW_REVIEW_H
#define BG_ADMIN_REVIEW_REVIEW_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "admin/admin.h"
#include "admin/rows.h"
#include "config/policy.h"
#include "record/life.h"

#define REVIEW_EVIDENCE_DIR BG_STATEDIR "/evidence"

/* A use that was named. */
struct review_use {
    char account[64];
    struct bg_life_use use;
};

/* "last", or what the id of one use of any account begins or ends with. ADMIN_GOOD, or the finding was shown.
 */
enum admin_exit review_find(const char *word, struct review_use *out);

/* Every account that has, or had, uses: the sound lines of the accounts file, and what is kept of others. */
#define REVIEW_ACCOUNTS (ROWS_MAX + BG_LIFE_ACCOUNTS)
struct review_accounts {
    char name[REVIEW_ACCOUNTS][64];
    size_t n;
};
/* False: the accounts file cannot be read; the finding was shown. */
BG_MUST_CHECK bool review_accounts(struct review_accounts *out);

/* Is its session still open? */
bool review_in_session(const struct review_use *u);

/* breakglass.conf without its faults, which "config check" tells; static storage. */
const struct bg_policy *review_policy(void);

/* What is known of it as an object: use, account, times, claimed, state, verdict, by, evidence. */
json_t *review_json(const struct review_use *u);

/* story.c: every event of it in the order of the journal, then of /run, and those of the day before its grant
 * that tell of somebody else's attempts at the account ("before"). The caller drops both; ADMIN_GOOD, or the
 * finding was shown. */
struct review_story {
    json_t *before, *events; /* arrays of events */
};
enum admin_exit review_story(const struct review_use *u, struct review_story *s);
void review_story_drop(struct review_story *s);

extern const struct command_option review_list_options[], review_show_options[], review_close_options[];
enum admin_exit review_list(char *const words[], json_t *root);
enum admin_exit review_show(char *const words[], json_t *root);
enum admin_exit review_close(char *const words[], json_t *root);

#endif
