/* SPDX-License-Identifier: ISC */
/*
 * limits.conf(5) as pam_limits reads it, as far as it can keep somebody out: how many logins, and limits of
 * processes.
 */
#ifndef BG_PAMSIM_LIMITS_H
#define BG_PAMSIM_LIMITS_H

#include "pamsim/model.h"

struct bg_pam_limit {
    long long value; /* -1: none */
    int source;      /* how closely the line that set it speaks of the account: the smaller the closer */
    bool by_crowd;   /* of a group's members or of all together, not of each alone: %group, % */
    char file[128];  /* of that line; "": no line did */
    unsigned line;
};

struct bg_pam_limits {
    const struct bg_pam_facts *facts; /* user, uid, gid, groups, group_ids */
    struct bg_pam_limit logins;       /* maxlogins or maxsyslogins, whichever counts */
    struct bg_pam_limit soft[BG_PAM_BOUNDS], hard[BG_PAM_BOUNDS];
    bool of_all; /* logins are those of everybody, not the account's own */
    bool freed;  /* "bg1 -": no limits at all */
    bool unsure; /* a group is not known */
};

void bg_pam_limits_begin(struct bg_pam_limits *l, const struct bg_pam_facts *facts);

/* Read one file on. True: the account is freed, and nothing more is read. */
bool bg_pam_limits_file(struct bg_pam_limits *l, const char *path, char *text);

/* Did a line set it that names the account, or a range of numbers with its own? pam_limits of some
 * distributions passes over the others for root. */
bool bg_pam_limits_by_name(const struct bg_pam_limit *l);

#endif
