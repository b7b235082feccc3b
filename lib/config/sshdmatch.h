/* SPDX-License-Identifier: ISC */
/*
 * Patterns as sshd compares them (ssh_config(5), PATTERNS; sshd_config(5), Match and AllowUsers), and a
 * connection compared with the criteria of a Match block. For telling which line it is that counts: what it
 * all adds up to is told by "sshd -T".
 */
#ifndef BG_CONFIG_SSHDMATCH_H
#define BG_CONFIG_SSHDMATCH_H

#include <stdbool.h>
#include "config/sshdconf.h"

/* A connection; addresses in digits. host: what the address resolves to with UseDNS, else the address. */
struct bg_sshd_from {
    const char *host, *addr, *laddr, *rdomain;
    unsigned lport;
};

/* * stands for any characters, ? for one. */
bool bg_sshd_fits(const char *s, const char *pattern);

/* In a list with commas: 1; 0; -1: a pattern that begins with ! fits. lower: the pattern's capitals do not
 * count. */
int bg_sshd_in_list(const char *s, const char *list, bool lower);

/* The same of an address, with ranges ("10.0.0.0/8"). */
int bg_sshd_in_addresses(const char *addr, const char *list);

/*
 * A word of AllowUsers or DenyUsers: "bg*", "bg1@10.0.0.0/8,!10.0.0.1". Only behind the @ a ! excludes: in
 * front of a name it is a character like others.
 */
bool bg_sshd_user_fits(const char *word, const char *user, const struct bg_sshd_from *from);

/* Do all criteria of a Match block hold? One that is not known does not. */
bool bg_sshd_match_holds(const char *criteria, const struct bg_sshd_user *u, const struct bg_sshd_from *from);

#endif
