/* SPDX-License-Identifier: ISC */
/*
 * The bench of the PAM module's tests: the real libpam with a private service directory, the module built
 * from the same sources with "." as its configuration and helper directory, and a fake helper in this
 * directory that does as it is told.
 */
#ifndef BG_TESTS_PAM_LAB_H
#define BG_TESTS_PAM_LAB_H

#include <stdbool.h>
#include <stddef.h>
#include <security/pam_appl.h>
#ifdef HAVE_VALGRIND_MEMCHECK_H
#include <valgrind/memcheck.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

/* The calls of PAM: their names in scripts, the word of their log lines, what they return to refuse. */
enum phase {
    AUTH,
    SETCRED,
    ACCOUNT,
    OPEN,
    CLOSE,
    PASSWORD,
    PHASES
};
struct phase_facts {
    const char *call, *word;
    int refusal;
    bool asks; /* the helper is asked, whatever came before */
};
extern const struct phase_facts phase_facts[PHASES];

/* Services: our line as it is installed, and below it a module that lets everybody in or nobody. */
#define OVER_PERMIT    "over-permit"    /* IGNORE or MODULE_UNKNOWN from us ends as SUCCESS here */
#define OVER_DENY      "over-deny"      /* only SUCCESS from us ends as SUCCESS here */
#define BARE           "bare"           /* nothing but us, required: auth and password */
#define IMPATIENT      "impatient"      /* over permit, with the bounds of Makemodule.am */
#define WITH_OPTION    "with-option"    /* over permit, with an option on our line */
#define MODULE_MISSING "module-missing" /* over permit, the file is not there */

#define SOUND_ACCOUNT "bg1:x:0:0:Break-glass account:/var/lib/breakglass/home/bg1:/bin/bash\n"
#define USE           "01JD8Q4Z5X6Y7Z8A9B0C1D2E3F" /* a sound use id */

int lab_setup(void **state);
int lab_teardown(void **state);

/* Back to the beginning: one sound account, the fake helper with nothing to do, an empty log and report. */
void lab_fresh(void);
/* What the helper does when it is next started: see fake_helper.c. Several scripts are used in turn. */
void lab_talk(const char *text);
bool lab_all_said(void);                  /* no talk is left */
void lab_accounts(const char *text);      /* NULL: no such file */
void lab_accounts_mode(const char *mode); /* octal, or "missing" */
const char *lab_report(void);             /* what the helper found wrong; "" if nothing */
const char *lab_loginuid(void);
const char *lab_log(void); /* what reached the log socket since the last call, one line each */
void lab_log_stop(void);   /* from now on nobody reads the log socket, and its queue is full */
void lab_no_helper(void);
void lab_helper_is(const char *text, unsigned mode); /* a plain file in its place */

/* A handle for service and user, with tty, rhost and ruser set; ends the test on failure. */
pam_handle_t *lab_start(const char *service, const char *user, const struct pam_conv *conv);
int lab_call(pam_handle_t *pamh, enum phase ph, int flags);
/* start, one call, end; a person who answers "Ann" to every prompt (and does at_prompt before) */
int lab_once(const char *service, const char *user, enum phase ph, void (*at_prompt)(void));

/* How many descriptors are open, and whether any child is left: before and after must agree. */
unsigned lab_fds(void);
bool lab_children(void);

/* Make pam_set_data or pam_putenv of libpam fail (interposed in this program) until switched off. */
extern bool lab_fail_set_data, lab_fail_putenv;

/* Hosts are functions that run in a child; they return 0, or the line of the check that failed. */
#define CHECK(cond)                                                                                          \
    do {                                                                                                     \
        if (!(cond))                                                                                         \
            return __LINE__;                                                                                 \
    } while (0)
int no_secret_stays(void);
int run_hosts(void); /* all of them: how many failed */

#endif
