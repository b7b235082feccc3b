/* SPDX-License-Identifier: ISC */
/*
 * The stacks of one PAM service, read as libpam reads them: which modules stand there, in which order, what
 * each answer does, and from which line of which file each came.
 *
 * Nothing is loaded and nothing is asked. All of it is bounded; a set of files that libpam itself would read
 * for ever is BG_E_RANGE.
 */
#ifndef BG_PAMSIM_STACK_H
#define BG_PAMSIM_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "pamsim/codes.h"
#include "pamsim/kind.h"
#include "pamsim/source.h"

#define BG_PAM_STEPS  2048    /* of one service, its "other" included */
#define BG_PAM_FILES  512     /* that may be read for it, each inclusion counted */
#define BG_PAM_TEXT   4194304 /* bytes of all of them */
#define BG_PAM_LEVELS 16      /* PAM_SUBSTACK_MAX_LEVEL */
#define BG_PAM_DEEP   64      /* includes of the old kind, which libpam does not count */
#define BG_PAM_NOTES  32

enum bg_pam_type {
    BG_PAM_AUTH,
    BG_PAM_SESSION,
    BG_PAM_ACCOUNT,
    BG_PAM_PASSWORD,
    BG_PAM_TYPES
};

enum bg_pam_step_kind {
    BG_PAM_CALL,      /* a module is called */
    BG_PAM_MUST_FAIL, /* a line that libpam could not read: PAM_PERM_DENIED each time */
    BG_PAM_SUBSTACK   /* here a substack begins: nothing is called */
};

struct bg_pam_step {
    enum bg_pam_step_kind kind;
    bool quiet;     /* "-": nothing is logged when the module is missing */
    unsigned level; /* of substacks, 0 for the service's own lines */
    int action[BG_PAM_CODES];
    const char *module; /* as it is written, or the file of a substack; NULL when none is */
    const char *path;   /* of the module's file; NULL when there is none */
    size_t argc;
    const char *const *argv; /* NULL-ended */
    const char *file;        /* that the line is in, without the root */
    unsigned line;           /* where it begins, from 1 */
    bool chance;             /* which action its failure takes is left to chance: libpam does not set it */
    const char *fault;       /* why it must fail, or why the control is all bad; NULL */
};

struct bg_pam_list {
    struct bg_pam_step *step;
    size_t n;
};

struct bg_pam_note { /* something that libpam would log, or that takes a file's effect away */
    const char *file;
    unsigned line; /* 0: the whole file */
    const char *text;
};

struct bg_pam_stack {
    struct bg_pam_list conf[BG_PAM_TYPES], other[BG_PAM_TYPES];
    bool refused; /* pam_start() fails: nobody can use this service. The last note says why */
    bool stuck;   /* what this libpam makes of it is not defined: it may crash, or read for ever */
    bool found;   /* there is a file for the service, not just "other" */
    struct bg_pam_note note[BG_PAM_NOTES];
    size_t notes;
    struct bg_pam_kind kind;
    void *memory; /* of all of the above */
};

/*
 * Read `service`, a name without a slash, in any case. BG_E_RANGE, BG_E_NOMEM, BG_E_IO: nothing is known
 * of it. On BG_OK the stack is the caller's, to be given to bg_pam_stack_free().
 */
BG_MUST_CHECK enum bg_err bg_pam_stack_read(const struct bg_pam_kind *kind,
                                            const struct bg_pam_source *source, const char *service,
                                            struct bg_pam_stack *out);
void bg_pam_stack_free(struct bg_pam_stack *s);

/* The lines that libpam walks: the service's own, or those of "other" when it has none of that type. */
const struct bg_pam_list *bg_pam_stack_list(const struct bg_pam_stack *s, enum bg_pam_type type);

const char *bg_pam_type_word(enum bg_pam_type type);

/* The module's name: pam_unix for /lib/security/pam_unix.so. out has cap bytes. "" for none. */
void bg_pam_module_name(const struct bg_pam_step *step, char *out, size_t cap);

#endif
