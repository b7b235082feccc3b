/* "breakglass init" in pieces: what was asked for, the plan, our own files. */
#ifndef BG_ADMIN_INIT_INIT_H
#define BG_ADMIN_INIT_INIT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "admin/admin.h"
#include "admin/rows.h"
#include "admin/conf/sysfile.h"

struct init_options {
    char account[64], shell[128], services[256];
    uint32_t uid, audit_uid;
    bool uid_given, has_audit_uid, audit_given, shell_given;
    bool no_sshd, yes, dry_run, json, undo, purge;
};

/* Everything that init means to do. `row` is the account as it will stand in the file. */
struct init_plan {
    struct init_options opt;
    struct account_rows rows; /* with the new account */
    struct account_row row;
    bool new_account;
    bool sshd; /* the drop-in is part of the plan, or right already */
    struct sysedits edits;
};

/*
 * Check the account that is asked for and fill plan->rows, row and new_account. Shows findings. ADMIN_GOOD,
 * ADMIN_FINDING (taken, differs), ADMIN_CANNOT.
 */
enum admin_exit init_account(struct init_plan *plan);

/* Plan the edits of PAM services, sshd drop-in and nsswitch, in the order of writing. As above. */
enum admin_exit init_edits(struct init_plan *plan);

/* Put one change in place; what stands in the way is told. */
enum admin_exit init_apply_one(struct sysedit *s);

/* Put the system files in place: all or none. Shows what went wrong. */
enum admin_exit init_apply(struct init_plan *plan);

/* Take back what was applied and tell: ADMIN_FINDING, or ADMIN_CANNOT when a file could not be put back. */
enum admin_exit init_take_back(struct sysedits *e);

/* Make directories, configuration, credentials, home, journal and the account's line; each made path is
 * appended to the JSON array. dry: only say what would be made. */
enum bg_err init_host(const struct init_plan *plan, bool dry, json_t *made, const char **failed);

/* Remove what init_host made, but never the journal and nothing that is not as empty as it was made. */
void init_purge(void);

/* "init --undo". */
enum admin_exit init_undo(const struct init_options *opt);

/* Show all diffs, or put them into a JSON array. */
void init_show(const struct sysedits *e, json_t *changed);

#endif
