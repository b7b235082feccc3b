/* SPDX-License-Identifier: ISC */
/*
 * What this host has of some events besides the journal: its logs, who was logged in, its configuration. Each
 * is text, what is hostile in it escaped; what is missing is named. Nothing secret is in it: no file of
 * BG_CONFDIR/secrets is looked at, and of failed logins, where people type passwords as names, only those
 * with an account's own name are taken.
 */
#ifndef BG_ADMIN_JOURNAL_EVIDENCE_H
#define BG_ADMIN_JOURNAL_EVIDENCE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define EVIDENCE_ACCOUNTS 32

struct evidence {
    char account[EVIDENCE_ACCOUNTS][40];  /* whom the events are about */
    int64_t audit_uid[EVIDENCE_ACCOUNTS]; /* -1: none */
    size_t accounts;
    int64_t first, last; /* wall clock, s: of the oldest and the newest event */
};

/* Files of the pack; each row writes one to `to`. Ends with a NULL name. */
struct evidence_file {
    const char *name;
    void (*write)(const struct evidence *e, FILE *to);
};
extern const struct evidence_file evidence_files[];

#endif
