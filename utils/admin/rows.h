/* The accounts file as a table, for init, status and the sshd drop-in. */
#ifndef BG_ADMIN_ROWS_H
#define BG_ADMIN_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

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

/* Read BG_ACCOUNTS_PATH; no file is no rows. BG_E_UNSAFE, BG_E_RANGE, BG_E_IO otherwise. */
BG_MUST_CHECK enum bg_err rows_load(struct account_rows *out);

/* The row of that name, or NULL. */
const struct account_row *rows_find(const struct account_rows *rows, const char *name);

/* Does the sound row `name` stand in the file? Shows the finding when not. */
bool rows_require(const char *name);

#endif
