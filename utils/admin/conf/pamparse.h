/* One logical line of a pam.d file after the other. */
#ifndef BG_ADMIN_CONF_PAMPARSE_H
#define BG_ADMIN_CONF_PAMPARSE_H

#include <stdbool.h>
#include <stddef.h>
#include "admin/conf/pamfile.h"

enum pam_kind {
    PAM_KIND_OTHER = 0, /* empty, a comment, or not understood */
    PAM_KIND_MODULE,
    PAM_KIND_INCLUDE,  /* @include FILE, or TYPE include FILE */
    PAM_KIND_SUBSTACK, /* TYPE substack FILE */
};

struct pam_line {
    const char *start; /* in the text */
    size_t bytes;      /* with its newlines */
    unsigned number;   /* 1-based, of the first physical line */
    enum pam_kind kind;
    bool every_type; /* @include: counts for all types */
    enum pam_type type;
    char control[256]; /* blanks inside [...] made single */
    char module[160];  /* module or included service, as written */
};

/* A cursor: start with {text, 1}. */
struct pam_cursor {
    const char *at;
    unsigned number;
};
/* False at the end of the text. */
bool pam_next(struct pam_cursor *c, struct pam_line *l);

/* True for our module, with or without a directory. */
bool pam_line_is(const struct pam_line *l, const char *module);

/* The service that an include names ("su" for "/etc/pam.d/su"). */
const char *pam_included(const struct pam_line *l);

/* The largest jump N of a [..=N..] control, 0 without one. */
unsigned pam_jump(const struct pam_line *l);

#endif
