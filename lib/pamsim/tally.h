/* SPDX-License-Identifier: ISC */
/* faillock.conf(5) and pam_faillock's record of an account's failed tries. */
#ifndef BG_PAMSIM_TALLY_H
#define BG_PAMSIM_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BG_PAM_TALLY_DIR "/var/run/faillock"

struct bg_pam_tally {
    char dir[128];        /* of the records */
    char admin_group[64]; /* "" for none */
    unsigned deny;        /* failures that lock; 0: none does */
    unsigned interval;    /* seconds within which they count, back from the last one */
    unsigned unlock;      /* seconds after the last one; 0: never */
    unsigned root_unlock; /* of root and the admin group */
    bool even_deny_root, local_only;
};

void bg_pam_tally_default(struct bg_pam_tally *t);

/* The configuration file on top of that. False: pam_faillock takes the file for broken (a line over 1023
 * bytes). */
bool bg_pam_tally_conf(struct bg_pam_tally *t, char *text, bool old);

/* The line's arguments on top of that: "deny=3", "even_deny_root". Those of other meaning are passed over. */
void bg_pam_tally_arguments(struct bg_pam_tally *t, const char *const *argv, size_t argc);

/* root_unlock_time is unlock_time where nothing else is said. After the last of the above. */
void bg_pam_tally_end(struct bg_pam_tally *t);

/*
 * Do these n bytes, the account's record, lock it at `now` (seconds since 1970)? *until (may be NULL): when
 * that ends, 0: never by itself.
 */
bool bg_pam_tally_full(const struct bg_pam_tally *t, const char *record, size_t n, bool admin, uint64_t now,
                       uint64_t *until);

#endif
