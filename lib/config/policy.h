/*
 * Policy: BG_CONFDIR/breakglass.conf. Every option is one line of the table in policy.c, one entry in
 * breakglass.conf(5), one test. A missing file means all defaults; a bad one is BG_E_SYNTAX with its line,
 * and the caller must go on with the defaults and say so: a typing error must not lock anybody out.
 */
#ifndef BG_CONFIG_POLICY_H
#define BG_CONFIG_POLICY_H

#include <stdbool.h>
#include "config/ini.h"
#include "config/sink.h"
#include "base/err.h"

#define BG_POLICY_PATH BG_CONFDIR "/breakglass.conf"

enum bg_unrecorded {           /* what to do when no record at all can be made: */
    BG_UNRECORDED_CONSOLE = 1, /* grant at a console only (default) */
    BG_UNRECORDED_NEVER = 2,
    BG_UNRECORDED_ALWAYS = 3
};

struct bg_policy {
    /* [login] */
    unsigned dialogue_timeout; /* seconds for the whole dialogue, 60..3600, default 900 */
    unsigned reason_min;       /* least characters of a reason, 1..200, default 15 */
    unsigned name_min;         /* least characters of a claimed name, 1..60, default 2 */
    bool ticket_required;      /* ask for a ticket; default no */
    char ticket_pattern[256];  /* POSIX extended regular expression a ticket must match whole, or ""; without
                                  back references, its nested repetitions at most 1000 copies */
    unsigned attempts;         /* share sets that may be tried in one dialogue, 1..10, default 3 */
    unsigned delay_console;    /* cap in seconds of the growing delay at a console, 0..60, default 3 */
    unsigned delay_network;    /* the same over a network or su, 0..300, default 15 */
    char consoles[256];        /* blank-separated tty names or patterns (fnmatch), default
                                  "console tty[0-9]* ttyS[0-9]* ttyAMA[0-9]* hvc[0-9]*" */
    enum bg_unrecorded unrecorded;
    unsigned alert_wait; /* seconds to wait for the first acknowledgement from outside, 0..45, default 5;
                            below the PAM module's own patience of 60 */
    /* [fido] */
    char fido_device[128];   /* device node of the key; "": look at the HID devices that are plugged in */
    char fido_services[256]; /* blank-separated PAM services at whose consoles a key may be used, default
                                "login breakglass-tty" */
    unsigned fido_touch;     /* seconds a key waits for its person, 5..40, default 30 */
    /* [record] */
    unsigned journal_timeout; /* milliseconds a write to the journal may take, 100..10000, default 2000 */
    bool syslog;              /* send each event to syslog, default yes */
    /* [sink NAME] */
    struct bg_sinks sinks;
};

/* All defaults. */
void bg_policy_defaults(struct bg_policy *p);

/* Defaults, then the file at path over them. BG_E_NOENT is not returned (defaults). On any error *p holds
 * the defaults and *e says what and where. */
BG_MUST_CHECK enum bg_err bg_policy_load(const char *path, struct bg_policy *p, struct bg_ini_error *e);

/* The same from text (NUL-ended). For the fuzzer and the tests. */
BG_MUST_CHECK enum bg_err bg_policy_parse(const char *text, struct bg_policy *p, struct bg_ini_error *e);

/* True when service is one of p->fido_services. */
bool bg_policy_is_fido_service(const struct bg_policy *p, const char *service);

/* True when tty ("/dev/" prefix allowed) is one of p->consoles. */
bool bg_policy_is_console(const struct bg_policy *p, const char *tty);

#endif
