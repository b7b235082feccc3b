/* SPDX-License-Identifier: ISC */
/*
 * breakglass check: would an account get in now, and when something is wrong around it? Read from files
 * alone: no name is looked up, nothing is asked of another machine, no PAM module is loaded.
 */
#ifndef BG_ADMIN_CHECK_H
#define BG_ADMIN_CHECK_H

#include <jansson.h>
#include "admin/check/finding.h"
#include "admin/rows.h"
#include "pamsim/model.h"

/* What is known of the host and of one account, from files. Pointers into row and into static storage. */
struct check_facts {
    struct bg_pam_facts pam;
    bool by_nss; /* nsswitch.conf lets libnss_breakglass answer for passwd and shadow */
};
void check_facts(const struct account_row *row, struct check_facts *out);

/* What differs from one service to the next: the terminal and where the person sits. */
void check_facts_for(struct check_facts *f, const char *service);

/* Seconds that the program of a service gives a login; 0: as long as it takes, or not known. */
unsigned check_patience(const char *service);

/* The libpam of this host, of which the file tells the kind; a note when it cannot be read. */
void check_libpam(struct bg_pam_kind *k);

struct bg_credential;
/* own.c: the account's credentials; what is wrong with their file is a finding, and false. */
bool own_read(struct check *c, const char *account, struct bg_credential *out);

/* An account under check. */
struct check_account {
    const struct account_row *row; /* a sound line of the accounts file */
    const struct check_facts *facts;
    const struct bg_credential *credential; /* NULL: it cannot be read */
};

/* A run of the command. */
struct check {
    struct check_findings found; /* what check_find and check_unknown add to */
    struct bg_pam_kind libpam;
    const char *service; /* the only one that is looked at; NULL: the usual ones */
    unsigned scenarios;  /* bits: 1 << enum bg_pam_scenario */
    unsigned silent;     /* bits: directories that do not answer (nss_twin.c) */
    bool trace;
    json_t *played;       /* a row for each service and scenario */
    enum admin_exit exit; /* the worst so far */
};

/* Look at the host and at every account, or only at that one; what was found is in c->found. False: the
 * accounts cannot be read, and that was shown. */
BG_MUST_CHECK bool check_run(struct check *c, const char *only);

/* The same at another command's bidding: every rule and scenario, and no text aside. *found:
 * as of check_found, for check_free, whatever is returned. */
bool check_quietly(const char *only, struct check_findings *found);

/*
 * for_status.c: check's findings in short: those that shut an account out, or are about what breakglass has
 * set up, as findings, of the others how many; "check" goes into root, {"block", "risk", "warn", "unknown"},
 * numbers.
 */
void check_for_status(const struct check_findings *found, json_t *root);
/* Is a file named by one that is a finding of status too? found: the findings. */
bool check_names_file(const void *found, const char *path);
/* Does the C library answer what the accounts file says, as far as they tell? */
bool check_libc_knows(const struct check_findings *found, const char *account);
bool check_modules_sound(const struct check_findings *found);
/* "sshd", "breakglass-sshd": has status no finding about it? */
bool check_sshd_sound(const struct check_findings *found, const char *server);

/* Rules that belong together, in a file of their own; either function may be NULL. */
struct check_group {
    void (*host)(struct check *c);
    void (*account)(struct check *c, const struct check_account *a);
};
extern const struct check_group check_pam, check_ssh, check_res, check_mac, check_mgr;
extern const struct check_group check_acc, check_nss, check_con, check_sud, check_own;

#endif
