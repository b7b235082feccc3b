/* SPDX-License-Identifier: ISC */
/* What rules about the account share: the host's own files, and what a fact would change. */
#ifndef BG_ADMIN_CHECK_ACC_H
#define BG_ADMIN_CHECK_ACC_H

#include <stdbool.h>
#include <stdint.h>
#include "admin/check/check.h"

/* A line of /etc/passwd. */
struct acc_entry {
    unsigned line;
    char name[64], home[256], shell[256];
    uint32_t uid, gid;
};

/* Called for each sound line of /etc/passwd, in order; false ends the walk. False: it cannot be read. */
typedef bool (*acc_fn)(void *arg, const struct acc_entry *e);
bool acc_walk(acc_fn fn, void *arg);

/* The first line of that name. */
bool acc_local(const char *name, struct acc_entry *out);

/* Home and shell as a login gets them: of /etc/passwd where it has the name, since that is asked first. */
void acc_seen(const struct check_account *a, struct acc_entry *out);

/* The account's line of /etc/shadow; numbers are -1 where nothing stands. */
struct acc_shadow {
    unsigned line;
    char password[128];
    long changed, max, inactive, expires; /* days */
    bool sound;                           /* all of it are numbers */
};
bool acc_shadow(const char *name, struct acc_shadow *out);

typedef void acc_suppose(struct bg_pam_facts *p);

/*
 * The first of login, sshd, su and su-l that lets the account in if `good` holds and not if `bad` does; NULL:
 * none. Modules before ours, and services without our line, ask for such things.
 */
const char *acc_matters(const struct check *c, const struct check_account *a, acc_suppose *good,
                        acc_suppose *bad);

/* Rules by file. */
void acc_look_name(struct check *c, const struct check_account *a);
void acc_look_expiry(struct check *c, const struct check_account *a);
void acc_look_shell(struct check *c, const struct check_account *a);
void acc_look_home(struct check *c, const struct check_account *a);
void acc_look_around(struct check *c, const struct check_account *a);

#endif
