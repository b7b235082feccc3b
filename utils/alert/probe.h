/* SPDX-License-Identifier: ISC */
/*
 * What is dead right after an account was opened: was this the emergency that it was said to be? Looked for
 * after the grant and never before it, by a process without rights, while the alarm is on its way: nothing
 * waits for it.
 *
 *     directory   each directory service of the line passwd in nsswitch.conf, by its own module
 *     dns         the servers of resolv.conf, one query each
 *     gateway     the default ones, by ICMP; where that is not allowed, by the ARP table
 *     clock       is it synchronised?
 *     and the end points of "probe" in breakglass.conf: a connection, and its TLS
 */
#ifndef BG_ALERT_PROBE_H
#define BG_ALERT_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "config/policy.h"

#define PROBE_FRESH_MS INT64_C(300000) /* a grant that is older is not looked at: it was another time */
#define PROBE_MS       5000            /* longest time of one of them */
#define PROBE_ALL_MS   10000           /* and of all, which run side by side */
#define PROBE_TEXT     400             /* bytes of what is found, with its NUL */

/* Of one of them. */
struct probe_found {
    char what[96]; /* "dns 192.0.2.53" */
    char said[64]; /* "ok 12 ms", "no answer in 1 s" */
    bool dead;
};

/* --- probe.c: when, and what becomes of it */

/*
 * See whether an account was opened, begin to look in a child, take what a child has found: root puts it on
 * record, others leave it for root. forget: run in the child, so that it holds no secret. Never waits. True:
 * something was put on record.
 */
bool probe_step(const struct bg_policy *policy, void (*forget)(void));
/* Is a child at work, or a grant waiting for one? */
bool probe_busy(void);
/* What another has left for root is put on record. Root. True: there was something. */
bool probe_bring_home(const struct bg_policy *policy);

/* --- probes.c: what is looked at */

/* Everything, side by side, within PROBE_ALL_MS, as one text: what is dead comes first. */
void probe_all(const char *endpoints, char out[PROBE_TEXT]);
/* The same of what was found. */
void probe_text(const struct probe_found *found, size_t n, char out[PROBE_TEXT]);

#endif
