/*
 * pam.d service files: find our lines, put them in, take them out. Everything works on texts; the caller
 * reads and writes files. Grammar: pam.d(5) with continuation lines, @include, include and substack.
 */
#ifndef BG_ADMIN_CONF_PAMFILE_H
#define BG_ADMIN_CONF_PAMFILE_H

#include <stdbool.h>
#include "base/err.h"
#include "base/msg.h"

#define PAMFILE_DIR    BG_SYSCONFDIR "/pam.d"
#define PAMFILE_VENDOR "/usr/lib/pam.d" /* libpam looks there when PAMFILE_DIR has no such service */
#define PAMFILE_MODULE "pam_breakglass.so"

enum pam_type {
    PAM_TYPE_AUTH = 0,
    PAM_TYPE_ACCOUNT,
    PAM_TYPE_SESSION,
    PAM_TYPE_PASSWORD,
    PAM_TYPES
};
const char *pam_type_name(enum pam_type t);

/* Where a text of another service file comes from; NULL when there is none. The text stays the callee's. */
struct pam_source {
    const char *(*text)(void *arg, const char *service);
    void *arg;
};

/* Why a file is refused: a message whose arguments are file, line and (where it has one) the type. */
struct pam_problem {
    const struct bg_message *id;
    char file[sizeof PAMFILE_DIR + 104], line[16];
    const char *type;
};

/*
 * What a service's stack has, by type, included files counted: our line; any line of others. Without any, PAM
 * takes that type from the service "other", and a line of ours alone would cut everybody else off from it.
 */
struct pam_presence {
    bool has[PAM_TYPES], others[PAM_TYPES];
};

/*
 * The text of `service` with our lines, malloced into *out (equal to text when nothing is missing): auth,
 * account and password first, session right after the line that brings pam_loginuid, or first. Left out are
 * types that an included file carries already, and those of which the service has no line. BG_E_REFUSED with
 * *why when our line stands behind another that decides, has another control, or when a jump would be bent.
 */
BG_MUST_CHECK enum bg_err pamfile_add(const char *service, const char *text, const struct pam_source *src,
                                      char **out, struct pam_problem *why);

/* The text without any line that calls our module. Malloced, NULL when memory is gone. */
char *pamfile_strip(const char *text);

/* What is there; BG_E_REFUSED with *why as above. */
BG_MUST_CHECK enum bg_err pamfile_look(const char *service, const char *text, const struct pam_source *src,
                                       struct pam_presence *out, struct pam_problem *why);

#endif
