/* SPDX-License-Identifier: ISC */
/*
 * access.conf(5) as pam_access reads it: the first line that fits both the account and where it comes from
 * decides; when none does it may go in. What only a directory or DNS can tell (a netgroup, a host's name) is
 * unsure.
 */
#ifndef BG_PAMSIM_ACCESS_H
#define BG_PAMSIM_ACCESS_H

#include "pamsim/model.h"

struct bg_pam_access {
    const struct bg_pam_facts *facts; /* user, uid, groups, group_ids, host */
    const char *from;           /* an address, a host's name, or a terminal without /dev/, or a service */
    bool remote;                /* from is PAM_RHOST */
    const char *fields, *lists; /* separators: ":" and ", \t" */
    bool only_groups;           /* nodefgroup: a group's name stands in parentheses */
    enum bg_pam_sure numbers;   /* a number is a uid, in parentheses a gid: from Linux-PAM 1.7, to
                                       which ::1 and 127.0.0.1 are the same */
    bool swaps_groups;      /* 1.7.0 asks whether (GROUP) is a member of a group with the account's name */
    enum bg_pam_sure names; /* a word that is no address is looked up as a host's name: from 1.5.3 */
    bool spares_terminals;  /* ... unless /dev has a terminal of that name: from 1.7.1 */
    bool no_dns;            /* ... and is not found, since nothing answers */

    /* What came of it: both may be possible. All zero before the first file. */
    bool may, may_not, decided;
    bool asks_dns;    /* a name was looked up on the way */
    const char *file; /* of the line that refuses; NULL: none does */
    unsigned line;
};

/* Read one file on; text is written to, path must live as long as *a. Nothing more happens once it is
 * decided. */
void bg_pam_access_file(struct bg_pam_access *a, const char *path, char *text, size_t len);

/* After the last one: what is not refused may go in. */
void bg_pam_access_end(struct bg_pam_access *a);

#endif
