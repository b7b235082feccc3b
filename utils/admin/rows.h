/* SPDX-License-Identifier: ISC */
/* Our own files as the commands read them, with the finding where one cannot be read. */
#ifndef BG_ADMIN_ROWS_H
#define BG_ADMIN_ROWS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "admin/admin.h"
#include "base/err.h"
#include "config/credential.h"
#include "config/policy.h"
#include "config/ways.h"

#define ROWS_MAX 64

struct account_row {
    char name[32];
    unsigned line;
    char wrong[128]; /* "" : a sound line, and only then the rest is set */
    uint32_t uid, gid, audit_uid;
    bool has_audit_uid;
    char home[128], shell[128];
};

struct account_rows {
    struct account_row row[ROWS_MAX];
    size_t n;
};

/* Read BG_ACCOUNTS_PATH; no file is no rows. False: it cannot be read, the finding was shown. */
BG_MUST_CHECK bool rows_load(struct account_rows *out);
/* As far as it can be read, and nothing is shown: what is wrong with it is told by check. */
void rows_load_quietly(struct account_rows *out);

/* The row of that name, or NULL. */
const struct account_row *rows_find(const struct account_rows *rows, const char *name);

/* Is this command run from a session of that account, as its uid or its audit uid say? Root's is everybody's.
 */
bool rows_is_caller(const struct account_row *row);

/* Show what is wrong with a line of the file. */
void rows_bad_line(const struct account_row *row);

/*
 * Is there a sound line of that name? ADMIN_GOOD, or the finding was shown: ADMIN_USAGE without a line,
 * ADMIN_FINDING for a damaged one, ADMIN_CANNOT when the file cannot be read.
 */
enum admin_exit rows_require(const char *name);

/*
 * The credentials of an account; a missing file is an empty one (enabled, nothing enrolled) unless it must
 * exist. *c is all zero, or was filled by this before, and its lists are freed. False: the finding was shown.
 */
bool rows_credential(const char *account, bool must_exist, struct bg_credential *c);

/* Is the key enrolled for any account, or may it be: one file cannot be read? */
bool rows_key_enrolled(const struct bg_fido_id *id);

/* Can another account be opened too? */
bool rows_another_opens(const char *account);

/*
 * Write them, if the file is byte for byte what rows_credential() of that account, called last, has read:
 * what another command did meanwhile is not undone. False: the finding was shown, and nothing was changed.
 */
bool rows_credential_save(const char *account, const struct bg_credential *c);

/*
 * The same with a record of it, made before, so that no change is unseen; one that then could not be saved is
 * on record too, as `failure`. ADMIN_GOOD, or the finding was shown.
 */
enum admin_exit rows_credential_record(const char *account, const struct bg_credential *c,
                                       enum bg_event_type type, const char *message, const char *failure);

/*
 * Undo rows_credential_save() of that account, called last: the file is what it was, byte for byte, or gone
 * where none was. The same comparison, and the same finding.
 */
bool rows_credential_take_back(const char *account);

/* breakglass.conf, or another file of that form, with a finding for each line that is not used. False: it
 * cannot be read, and *p holds the defaults. */
bool rows_policy(const char *path, struct bg_policy *p);

/* A file of ours that was read with r, *bad as its reader said. False: it is not sound, the finding was
 * shown. */
bool rows_sound(const char *path, enum bg_err r, const struct bg_ini_error *bad);

/* Look at the files that sinks name; what is wrong is a finding. Only root can tell. */
void rows_sink_files(const struct bg_sinks *sinks);

/* --- lists: one walk over the accounts and their credentials */

struct list {
    const char *member; /* of the JSON object: "keys" */
    const char *header; /* "ACCOUNT      KEY ..." */
    const char *none;   /* shown for an account that has none */
    /* Print what the account has and append its objects to list; false when there is nothing. */
    bool (*one)(const char *account, const struct bg_credential *c, json_t *list);
};

/* All accounts, or only one (NULL: all). */
enum admin_exit list_credentials(const struct list *l, const char *only, json_t *root);

#endif
