/* SPDX-License-Identifier: ISC */
/*
 * nsswitch.conf as the C library reads it (nsswitch.conf(5); glibc where that is silent): which services are
 * asked for a database, and what each of their answers does.
 */
#ifndef BG_ADMIN_CONF_NSSLINE_H
#define BG_ADMIN_CONF_NSSLINE_H

#include <stdbool.h>
#include <stddef.h>

#define NSS_CONF     "/etc/nsswitch.conf"
#define NSS_SERVICES 24
#define NSS_OURS     "breakglass"

enum nss_answer {
    NSS_TRYAGAIN,
    NSS_UNAVAIL,
    NSS_NOTFOUND,
    NSS_SUCCESS,
    NSS_ANSWERS
};
enum nss_action {
    NSS_CONTINUE,
    NSS_RETURN,
    NSS_MERGE
};

struct nss_service {
    char name[32];
    enum nss_action on[NSS_ANSWERS];
};

struct nss_line {
    unsigned number; /* 0: there is none, and the library's default counts */
    struct nss_service service[NSS_SERVICES];
    size_t n;
    bool comment; /* it has a #, which this library takes for a service */
};

/*
 * The line of a database, the last one of several. False: the library throws the whole file away, for all
 * databases, because line *broken of it cannot be parsed. text stays as it is.
 */
bool nss_line_find(const char *text, const char *database, struct nss_line *out, unsigned *broken);

/* The index of a service, l->n when it is not named. */
size_t nss_line_at(const struct nss_line *l, const char *service);

/* Does this service ask nobody but this host's own files and daemons that cannot hang on a network? */
bool nss_local(const char *service);

#endif
