/* SPDX-License-Identifier: ISC */
/* Rules RES-..: what a login needs of the host beside files of its own. A file for each kind; res.c lists
 * them. */
#ifndef BG_ADMIN_CHECK_RES_H
#define BG_ADMIN_CHECK_RES_H

#include "admin/check/check.h"

/* What was found about file systems, for the rules that come after it. */
struct res_disks {
    bool hangs;        /* one that our files are on: they cannot be looked at */
    bool journal_told; /* that nothing can be written to the journal's is told */
};

/* RES-01, RES-02: room, inodes and writing, each place asked by a child that is not waited for. */
void res_disk(struct check *c, struct res_disks *out);

/* RES-01, RES-06: what `breakglass status` finds about our files and about the alarms. */
void res_ours(struct check *c, const struct res_disks *d);

/* RES-03, RES-09: limits of control groups and of the kernel, /proc. */
void res_limit(struct check *c);

/* RES-04: the clocks. */
void res_clock(struct check *c);

/* RES-05: what auditd does when its disk is full. */
void res_audit(struct check *c);

/* RES-06, RES-08: the service's units, the age of the tests, the ends of certificates, a way without DNS. */
void res_alert(struct check *c);

/* RES-06: whether somebody hears, where policy lets nobody in unheard. */
void res_require(struct check *c);

/* RES-07: the limits of the loggers, and whether anybody reads /dev/log. At most 1 s. */
void res_log(struct check *c);

/* RES-10: upgrades that are not finished. */
void res_upgrade(struct check *c);

#endif
