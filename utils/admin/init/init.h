/* SPDX-License-Identifier: ISC */
/* "breakglass init" in pieces: what was asked for, the account, our own files. */
#ifndef BG_ADMIN_INIT_INIT_H
#define BG_ADMIN_INIT_INIT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "admin/admin.h"
#include "admin/conf/conffile.h"
#include "admin/rows.h"

#define INIT_SHELL  "/bin/bash"
#define INIT_NO_UID UINT32_MAX

/* NULL and INIT_NO_UID: not given. */
struct init_options {
    const char *account, *shell, *services, *sessions;
    uint32_t uid, audit_uid;
    bool audit_given; /* with INIT_NO_UID: it is to have none */
    bool no_sshd, rescue, undo, purge, restore, small;
    bool unsealed;        /* a new journal gets no seal */
    uint32_t instance;    /* port of an sshd of our own; 0: not given */
    bool no_instance;     /* it is to go, and nothing else */
    const char *platform; /* a name of gears[], "auto" or NULL */
};

/* Everything that init means to do. */
struct init_plan {
    struct init_options opt;
    struct account_rows rows; /* with the new account */
    struct account_row row;   /* the account as it will be in the file */
    bool new_account;
    struct conf_plan conf;
};

/*
 * Check the account that is asked for and fill plan->rows, row and new_account; what no option gave is asked
 * for. Shows findings. ADMIN_GOOD, ADMIN_FINDING (taken, differs), ADMIN_USAGE, ADMIN_CANNOT.
 */
enum admin_exit init_account(struct init_plan *plan);

/* Why a program cannot be an account's shell, as a phrase; NULL when it can. */
const char *init_shell_wrong(const char *shell);

/*
 * Make directories, configuration, credentials, home, journal and the account's line; each made path is
 * appended to the JSON array, the verification key of a new journal put into root; with restore no
 * credentials and keys of an account are made. dry: only say what would be made. False: the finding was
 * shown.
 */
bool init_host(const struct init_plan *plan, bool dry, json_t *made, json_t *root);

/*
 * Is rescue and emergency mode to be set up? Where root has no password a person is asked; where nobody can
 * be asked, a note says how.
 */
bool init_rescue(const struct init_options *o);

/*
 * Plan to put our lines back where init puts them, for the accounts that there are; no account is made. *n:
 * files to change, shown as diffs. What cannot be done is a finding. Then init_mend does it, and it is on
 * record; init_mend_end in any case.
 */
enum admin_exit init_mend_plan(json_t *diffs, size_t *n);
enum admin_exit init_mend(void);
void init_mend_end(void);

/* Remove what init_host made, but never the journal and nothing that is not as empty as it was made. */
void init_purge(void);

/*
 * platform.c. Which platform is init for? With restore, take over what was saved. ADMIN_GOOD; *nothing: there
 * is nothing to restore; ADMIN_USAGE, ADMIN_FINDING, ADMIN_CANNOT with the finding shown.
 */
enum admin_exit platform_choose(struct init_plan *plan, bool *nothing);
/* Show it. */
void platform_show(void);
/* May files be put back once more? False: the finding was shown. made: what would be made. */
bool platform_may_restore(const struct init_plan *plan, const json_t *made);
/* After a change of files: put it on record. */
void platform_restored(const struct init_plan *plan, const json_t *made);
/*
 * In the end, changed or not, and of --restore even when it failed: write GEAR_SAVED, refresh the copy,
 * unless
 * --restore finds files of an account lost. A failure is shown as a finding.
 */
void platform_finish(const struct init_plan *plan);
/* The saved copy follows the files as they are now, where there is one. */
void platform_refresh(struct init_plan *plan);
/* undo: forget both. */
void platform_forget(void);

/*
 * small.c. Ask for the number to call and where an alarm goes, write both and the rules that a small
 * organisation gives up into breakglass.conf, and run the commands that make, read, seal and try what opens
 * the account. As the first of them that did not end with 0; ADMIN_USAGE where nobody can be asked.
 */
enum admin_exit small_lead(const char *account);

/* instance.c. Take back the sshd of our own, and nothing else. As the command's exit status. */
enum admin_exit instance_remove(struct init_plan *plan, json_t *root);

/* What has to run beside the account, as init finds it. */
struct init_services {
    bool user;    /* the alert service's user is missing */
    bool systemd; /* it runs here */
    bool start;   /* a unit of ours is not enabled or does not run */
};

/* Look; show what would be done; make the user; enable and start the units, whose names go to the JSON array.
 * A failure is shown as a finding and stops nothing. Each program that is run has 20 s. wait: until they run;
 * a hook must not, because what it is part of may have to end first. */
void services_plan(struct init_services *s);
void services_show(const struct init_services *s);
void services_user(const struct init_services *s);
void services_start(const struct init_services *s, json_t *started, bool wait);

/* undo: the units are not started at the next boot. */
void services_forget(void);

/* Tell what a person does next, up to the first drill; what is done already is left out. */
void services_next(const char *account);

/* Test both modules and the programs that are started; every fault becomes a finding. At most 20 s a module.
 * True: all are sound.
 */
bool modules_sound(void);

#define MODULE_PAM     BG_PAMDIR "/pam_breakglass.so"
#define MODULE_NSS     BG_NSSDIR "/libnss_breakglass.so.2"
#define MODULE_WHY_MAX 512
/* Can programs load it, within ms milliseconds, with all that it promises? True: no, and why (MODULE_WHY_MAX)
 * says what is wrong. It is loaded in a child, since a file that was cut short kills its host. */
bool module_fault(bool nss, int64_t ms, char *why);

#endif
