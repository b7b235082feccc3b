/*
 * The bench of the PAM module's tests: the real libpam with a private service directory, the module built
 * from the same sources with "." as its configuration and helper directory, and a scripted helper in this
 * directory.
 */
#ifndef BG_TESTS_PAM_LAB_H
#define BG_TESTS_PAM_LAB_H

#include <stdbool.h>
#include <stddef.h>
#include <security/pam_appl.h>

enum phase {
    AUTH,
    SETCRED,
    ACCOUNT,
    OPEN,
    CLOSE,
    PASSWORD,
    PHASES
};
extern const char *const phase_name[PHASES];
extern const int phase_refusal[PHASES];

/* Services: the PAM lines of DESIGN.md first, and below them a module that lets everybody in or nobody. */
#define OVER_PERMIT    "over-permit"    /* IGNORE or MODULE_UNKNOWN from us ends as SUCCESS here */
#define OVER_DENY      "over-deny"      /* only SUCCESS from us ends as SUCCESS here */
#define IMPATIENT      "impatient"      /* over permit, with bounds of 300 and 900 ms */
#define WITH_OPTION    "with-option"    /* over permit, with an option on our line */
#define MODULE_MISSING "module-missing" /* over permit, the file is not there */

/* ALLOW and DENY of base/wire.h as the script wants them, and a sound use id. */
#define ALLOW "3ca5965a"
#define DENY  "c35a69a5"
#define USE   "01JD8Q4Z5X6Y7Z8A9B0C1D2E3F"

/* What the conversation does at its n-th echo prompt; after the last one it answers "". */
struct reply {
    int result; /* of the conversation function */
    bool no_response;
    const char *text; /* NULL: a response without text */
    size_t repeat;    /* text is this many letters "x" */
};

struct person {
    struct reply replies[8];
    void (*at_prompt)(struct person *p, unsigned n); /* called at every echo prompt */
    pam_handle_t *pamh;
    unsigned echo_prompts, infos, errors;
    char seen[8192];  /* all texts, a line each */
    unsigned slow_ms; /* how long each INFO and ERROR takes to show */
    int all_fail;     /* if not 0: every call of the conversation returns this */
};

int lab_setup(void **state);
int lab_teardown(void **state);

void lab_script(const char *text);   /* also makes the helper runnable and empties report and log */
void lab_accounts(const char *text); /* NULL: no such file */
const char *lab_report(void);        /* what the helper saw */
const char *lab_log(void);           /* what reached the log socket since lab_script */
void lab_log_stop(void);             /* nobody reads the log socket any more, and its queue is full */
void lab_helper_missing(void);
void lab_helper_mode(unsigned mode);    /* a plain copy with this mode */
void lab_helper_text(const char *text); /* a text file that is executable */

/*
 * The message of a helper that cannot be executed: BG401. Under valgrind, whose posix_spawn cannot see that
 * exec failed, the relay meets an end of file instead: BG402.
 */
const char *lab_exec_failure(void);

/* A handle for service and user, with tty, rhost and ruser set; ends the test on failure. */
pam_handle_t *lab_start(const char *service, const char *user, struct person *p);
int lab_call(pam_handle_t *pamh, enum phase ph, int flags);
/* start, one call, end */
int lab_once(const char *service, const char *user, enum phase ph, int flags, struct person *p);

/* How many descriptors are open, and whether any child is left: before and after must agree. */
unsigned lab_fds(void);
bool lab_children(void);

/* Run fn in a forked child; its result (0 is good, else a line number). For what changes the whole process.
 */
int lab_in_child(int (*fn)(void));
#define CHECK(cond)                                                                                          \
    do {                                                                                                     \
        if (!(cond))                                                                                         \
            return __LINE__;                                                                                 \
    } while (0)

/* Make pam_set_data or pam_putenv of libpam fail (interposed in this program) until switched off. */
extern bool lab_fail_set_data, lab_fail_putenv;

#endif
