/* SPDX-License-Identifier: ISC */
/*
 * Rules SSH-..: what sshd makes of an account. "sshd -T" is asked what its configuration adds up to; the
 * lists of users and groups, which it only repeats, are compared as it does (config/sshdmatch.h). Nothing is
 * changed, and no name is looked up.
 */
#ifndef BG_ADMIN_CHECK_SSH_H
#define BG_ADMIN_CHECK_SSH_H

#include "admin/check/check.h"
#include "config/sshdconf.h"
#include "config/sshdmatch.h"

/* One of the two that a host may have: its own, and that of the emergency accounts alone. */
struct ssh_server {
    const char *name;   /* the `service` of its findings: "sshd", "breakglass-sshd" */
    const char *config; /* the file that it reads */
    bool own;
    char *dump; /* "sshd -T"; NULL: it does not start, or cannot be asked, and that was told */
};

/* --- ssh_run.c */

/*
 * "sshd -T" of a server, for a user's connection, in a mount namespace of its own where sshd has never run.
 * *out is what it said, NUL-ended, the caller frees it; *good: it ended well. BG_E_TIMEOUT after 2 s;
 * BG_E_REFUSED: there is no such namespace.
 */
BG_MUST_CHECK enum bg_err ssh_ask(const struct ssh_server *s, const char *user,
                                  const struct bg_sshd_from *from, char **out, bool *good);

/* Ask for the host's own; what it says of its files is told. */
void ssh_open(struct check *c, struct ssh_server *s);

/* A value of the dump; "" without one. For a list: each call with *at, which begins as the dump, gives the
 * next one; false at the end. */
void ssh_value(const char *dump, const char *key, char *out, size_t cap);
bool ssh_next(const char **at, const char *key, char *out, size_t cap);
bool ssh_is(const char *dump, const char *key, const char *value);
unsigned ssh_number(const char *dump, const char *key, unsigned without);

/* --- ssh_where.c: which line it is */

struct ssh_where {
    char file[PATH_MAX];
    unsigned line;            /* 0: none, it is sshd's default; file is "" then */
    char text[PATH_MAX + 32]; /* "/etc/ssh/sshd_config, line 3", "sshd's default" */
};

/*
 * The line that sets key for that connection (user NULL: for all): the first in a Match block that holds,
 * else the first outside of one. word: of the lines of a list, the first that has that word.
 */
void ssh_where(const struct ssh_server *s, const char *key, const char *word, const struct bg_sshd_user *u,
               const struct bg_sshd_from *from, struct ssh_where *out);

/* "UsePAM no (/etc/ssh/sshd_config, line 3)" */
#define SSH_SAID 512
void ssh_said(char out[SSH_SAID], const char *key, const char *value, const struct ssh_where *w);

/* --- ssh_from.c: where a connection may come from */

#define SSH_FROM_MAX 40
struct ssh_from {
    struct bg_sshd_from from;
    char addr[64], host[128], laddr[64];
    bool inside; /* this host itself */
};
struct ssh_origins {
    struct ssh_from of[SSH_FROM_MAX];
    size_t n;
};

/* This host, a stranger's address of each family, and one for each that its Match lines or its lists of users
 * name; at each of its ports and addresses where Match lines ask for them. */
void ssh_origins(const struct ssh_server *s, struct ssh_origins *out);

/* Is there a Match line with that word? sshd -T needs to be told what it asks for. */
bool ssh_asks_for(const struct ssh_server *s, const char *what);

/* Which Match lines hold, as text: connections with the same have the same settings. */
void ssh_signature(const struct ssh_server *s, const struct bg_sshd_user *u, const struct bg_sshd_from *from,
                   char *out, size_t cap);

/* --- ssh_user.c: rules of one account at one connection */

struct ssh_fault {
    enum check_rule_name all, some; /* from everywhere but this host; from some places */
    char said[SSH_SAID];
    struct ssh_where where;
    unsigned n, outside; /* connections that it was seen at, and those of them from elsewhere */
    char from[256];      /* some of them */
};
#define SSH_FAULTS_MAX 32
struct ssh_faults {
    struct ssh_fault of[SSH_FAULTS_MAX];
    size_t n;
};
struct ssh_look {
    const struct ssh_server *server;
    const struct check_account *account;
    const struct bg_sshd_user *user;
    const struct ssh_from *from;
    const char *dump; /* for this connection */
    struct ssh_faults *faults;
};
void ssh_user(const struct ssh_look *l);
void ssh_lists(const struct ssh_look *l); /* ssh_lists.c: SSH-02 */
void ssh_fault(const struct ssh_look *l, enum check_rule_name all, enum check_rule_name some,
               const char *said, const struct ssh_where *w);

/* --- the other rules */

/* ssh_time.c: SSH-08. beside: another server gives long enough. */
unsigned ssh_seconds_needed(const struct bg_credential *c);
void ssh_grace(struct check *c, const struct ssh_server *s, const struct check_account *a, bool beside);

void ssh_listens(struct check *c, const struct ssh_server *s); /* ssh_listen.c: SSH-01, SSH-17 */
/* ssh_listen.c: who comes to an address of sshd -T, "[::]:22", "0.0.0.0:22", "[fe80::1%eth0]:22"? */
enum ssh_reach {
    SSH_NOBODY,
    SSH_THIS_HOST,
    SSH_OTHERS
};
enum ssh_reach ssh_reach(const char *value, bool *is_six);
void ssh_host(struct check *c, const struct ssh_server *s); /* ssh_host.c: SSH-09 .. SSH-12 */
void ssh_keys(struct check *c, const struct ssh_server *s); /* ssh_keys.c: SSH-15 */
/* ssh_dropin.c: SSH-16. Does sshd read our drop-in? */
enum ssh_dropin {
    SSH_DROPIN_READ,
    SSH_DROPIN_UNREAD,
    SSH_DROPIN_GONE,
    SSH_DROPIN_NEVER
};
enum ssh_dropin ssh_dropin(const struct ssh_server *s);
/* Is that what our drop-in is there to set right? */
bool ssh_is_ours(enum check_rule_name rule);
void ssh_unread(struct check *c, const struct ssh_server *s, enum ssh_dropin state, const char *account);
void ssh_loses(const struct ssh_look *l); /* settings of ours that no other rule looks at */
void ssh_wrap(struct check *c, const struct ssh_origins *o);                  /* ssh_wrap.c: SSH-13 */
void ssh_bans(struct check *c);                                               /* ssh_bans.c: SSH-14 */
void ssh_filter(struct check *c, const struct ssh_server *servers, size_t n); /* ssh_filter.c: SSH-14 */

#endif
