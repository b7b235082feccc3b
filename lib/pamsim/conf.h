/* SPDX-License-Identifier: ISC */
/*
 * The files below /etc/security that the modules read for themselves: NAME.conf, the vendor's where /etc has
 * none, and after it NAME.d/ *.conf in the order of their names. A file that the line names stands alone.
 */
#ifndef BG_PAMSIM_CONF_H
#define BG_PAMSIM_CONF_H

#include "pamsim/source.h"

/* One file: text has len bytes and a NUL, and may be written to. True: no further file is wanted. */
typedef bool bg_pam_conf_one(void *arg, const char *path, char *text, size_t len);

struct bg_pam_conf {
    const char *name;  /* "access" */
    const char *named; /* by an option of the line; NULL or "": none, the usual ones */
    bool main_alone;   /* there is no NAME.d */
};

/*
 * BG_OK also where the usual file is missing, which is no error to these modules; BG_E_NOENT: the one that
 * the line names is; all else: not all of it could be read, and nothing is known.
 */
BG_MUST_CHECK enum bg_err bg_pam_conf_read(const struct bg_pam_source *s, const struct bg_pam_conf *c,
                                           bg_pam_conf_one *one, void *arg);

/* The next line of a text, ended in place without its newline; NULL after the last. *whole: it had a newline.
 */
char *bg_pam_conf_line(char **at, bool *whole);

#endif
