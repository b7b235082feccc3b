/* SPDX-License-Identifier: ISC */
/*
 * What the modules of the world answer for an emergency account, when something is wrong around it. A row of
 * a table for each module; one that is in no row may answer anything, and so may one of which a fact is not
 * known.
 *
 * The person who logs in has nothing but what pam_breakglass asks for: no other module is given an answer
 * that it takes. Seconds are the worst that the module's own time-outs allow, with their usual settings.
 */
#ifndef BG_PAMSIM_MODEL_H
#define BG_PAMSIM_MODEL_H

#include "pamsim/explore.h"
#include "pamsim/source.h"

enum bg_pam_scenario {
    BG_PAM_NORMAL,
    BG_PAM_LDAP_DOWN, /* no directory, KDC, RADIUS or TACACS+ server, no second factor's service answers */
    BG_PAM_DNS_DOWN,  /* names are not resolved: the same, and what else asks for one */
    BG_PAM_LOCKED,    /* failed tries of others have filled this account's tally */
    BG_PAM_NOLOGIN,   /* /run/nologin is there: the boot is not finished, or a shutdown is pending */
    BG_PAM_DISK_FULL, /* nothing can be written to /var and /home */
    BG_PAM_IDLE_100D, /* 100 days after the last login */
    BG_PAM_CLOCK_1Y,  /* the clock is a year ahead */
    BG_PAM_SCENARIOS
};

/* normal, ldap-down, ... Static storage. */
const char *bg_pam_scenario_word(enum bg_pam_scenario s);

/* What is known of host, account and way in. All zero: nothing is. */
struct bg_pam_facts {
    const char *user;                  /* NULL: not known */
    const char *service, *tty, *rhost; /* NULL: not known; "" for none */
    const char *shell, *home;
    int64_t uid, gid; /* meant when known_ids */
    bool known_ids;
    const char *const *groups; /* that the account is in, its own first, NULL-ended; NULL: not known */
    const int64_t *group_ids;  /* of the same; NULL: not known */
    const char *host;          /* this host's name; NULL: not known */
    long long now;             /* seconds since 1970; 0: not known */
    /*
     * The host's files, in which the modules' own configuration is looked up: access.conf, time.conf,
     * faillock.conf and its tally, limits.conf, securetty and lists. NULL: what follows says it.
     */
    const struct bg_pam_source *files;
    enum bg_pam_sure crowded;       /* as many sessions are open as limits.conf allows to all together */
    int64_t uid_min;                /* of login.defs; 0: 1000 */
    enum bg_pam_sure ours;          /* pam_breakglass knows the account and will let it in */
    enum bg_pam_sure in_passwd;     /* it has a line in /etc/passwd itself */
    enum bg_pam_sure shadow;        /* root sees a shadow entry */
    enum bg_pam_sure password;      /* the person has a password that pam_unix takes */
    enum bg_pam_sure expired;       /* the entry is expired, or its password must be changed, today */
    long days_left;                 /* until that happens, counted from today; 0: never */
    enum bg_pam_sure shell_listed;  /* in /etc/shells */
    enum bg_pam_sure tty_secure;    /* /etc/securetty has the terminal, or there is no such file */
    enum bg_pam_sure nologin;       /* /etc/nologin or /run/nologin is there now */
    enum bg_pam_sure access;        /* access.conf lets it in from there */
    enum bg_pam_sure access_by_dns; /* access.conf has host names */
    enum bg_pam_sure time_open;     /* time.conf lets it in at any hour */
    enum bg_pam_sure tally_full;    /* faillock or tally2 refuses it now */
    enum bg_pam_sure exempt; /* from that tally: root without even_deny_root, admin_group, local_users_only */
    enum bg_pam_sure limits_open; /* limits.conf does not refuse it (maxlogins, maxsyslogins) */
    enum bg_pam_sure namespaces;  /* namespace.conf has nothing for it */
    enum bg_pam_sure sepermit;    /* sepermit.conf has nothing for it */
    enum bg_pam_sure auditd;      /* runs */
    enum bg_pam_sure logind;      /* runs, or the host has none, at which its module is content */
    enum bg_pam_sure wheel;       /* the one who calls su is in the group that pam_wheel asks for */
};

struct bg_pam_world {
    const struct bg_pam_facts *facts;
    enum bg_pam_scenario scenario;
};

/* A bg_pam_judge whose arg is a struct bg_pam_world. */
void bg_pam_model(void *world, const struct bg_pam_step *step, enum bg_pam_call call,
                  struct bg_pam_answer *a);

/* pam_time's line: a minute (seconds since 1970) at which it refuses the account for sure. False: it has
 * none. */
bool bg_pam_model_closed(const struct bg_pam_world *w, const struct bg_pam_step *step, long long *when);

/* Items of limits.conf(5), in its units. */
enum bg_pam_bound {
    BG_PAM_NPROC,
    BG_PAM_NOFILE,
    BG_PAM_FSIZE,
    BG_PAM_AS,
    BG_PAM_DATA,
    BG_PAM_STACK,
    BG_PAM_CPU,
    BG_PAM_NONEWPRIVS, /* 0 or 1 */
    BG_PAM_CHROOT,     /* 1: there is one; not every pam_limits knows it */
    BG_PAM_BOUNDS
};

struct bg_pam_bounded {
    long long soft, hard; /* -1: no limit. The soft one is never above the hard one. */
    bool by_name;         /* not by a group or "*", which some distributions do not have count for root */
    char file[128];       /* where the soft one stands */
    unsigned line;
};

/* pam_limits' line: which limits the account has by it. Where it cannot be told, none. */
void bg_pam_model_bound(const struct bg_pam_world *w, const struct bg_pam_step *step,
                        struct bg_pam_bounded out[BG_PAM_BOUNDS]);

/* Is there a row for the module of this line? */
bool bg_pam_model_known(const struct bg_pam_step *step);

/* Is it a module that asks another machine, or the service that does so for it (sssd, nslcd, winbind, a KDC)?
 */
bool bg_pam_model_remote(const struct bg_pam_step *step);

/* One that counts failed tries and refuses when there were too many? */
bool bg_pam_model_tally(const struct bg_pam_step *step);

#endif
