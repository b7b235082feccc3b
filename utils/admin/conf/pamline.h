/* SPDX-License-Identifier: ISC */
/* Lines of pam.d service files. Grammar: pam.d(5) with continuation lines, @include, include and substack. */
#ifndef BG_ADMIN_CONF_PAMLINE_H
#define BG_ADMIN_CONF_PAMLINE_H

#include <stdbool.h>
#include <stddef.h>
#include "admin/conf/sysfile.h"

#define MODULE    "pam_breakglass.so"
#define DEPTH_MAX 16 /* includes within includes, as libpam */

enum pam_type {
    AUTH = 0,
    ACCOUNT,
    SESSION,
    PASSWORD,
    TYPES
};
extern const char *const type_name[TYPES];

/* One logical line. */
struct line {
    const char *start; /* in the text */
    size_t bytes;      /* with its newlines */
    unsigned number;   /* 1-based, of the first physical line */
    enum {
        OTHER = 0 /* empty, a comment, or not understood */,
        CALL,
        INCLUDE,
        SUBSTACK
    } kind;
    bool every_type; /* @include */
    enum pam_type type;
    char control[256]; /* blanks inside [...] made single */
    char module[160];  /* module or included service, without its directory */
};

/* Start with {text, 1}. */
struct cursor {
    const char *at;
    unsigned number;
};

/* False at the end of the text. */
bool next_line(struct cursor *c, struct line *l);

bool calls(const struct line *l, const char *module);
bool concerns(const struct line *l, enum pam_type type);

/* The largest jump N of a [..=N..] control, 0 without one. */
unsigned jump(const struct line *l);

/*
 * The text of a file that one beside it includes, as it is or (edits, unless NULL) will be; NULL without one.
 * *mine is what the caller frees, path the file.
 */
const char *included(const struct sysedits *edits, const char *beside, const char *service,
                     char path[PATH_MAX], char **mine);

/* --- pamskip.c: where our session line goes in a service that opens the door, and what it passes over */

struct conf_job;
struct conf_problem;
struct skip {
    size_t offset; /* in the text, which has no session line of ours */
    char line[160];
};

/*
 * Modules that talk to a daemon would hold up the shell for minutes when that hangs, so for our accounts (for
 * whom alone the line succeeds) the stack ends before them, or goes on after them where something needed
 * follows. Without any of them: after pam_loginuid, or at `top`. BG_E_REFUSED: another jump is in the way.
 */
BG_MUST_CHECK enum bg_err session_line(const struct conf_job *job, size_t top, struct skip *out,
                                       struct conf_problem *why);

/* Is this one of the control fields that session_line gives? */
bool is_session_control(const char *control);

#endif
