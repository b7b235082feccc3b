/* SPDX-License-Identifier: ISC */
/*
 * Policy: BG_CONFDIR/breakglass.conf. Every option is one line of the table in policy.c (sinks: sink.c), one
 * entry in breakglass.conf(5), one test. A missing file means all defaults. A faulty line costs no more than
 * itself, or its sink: a typing error must not lock anybody out, and an alarm must not go to the wrong place.
 */
#ifndef BG_CONFIG_POLICY_H
#define BG_CONFIG_POLICY_H

#include "config/sink.h"
#include "config/table.h"

#define BG_POLICY_PATH BG_CONFDIR "/breakglass.conf"

enum bg_unrecorded {           /* what to do when no record at all can be made: */
    BG_UNRECORDED_CONSOLE = 1, /* grant at a console only */
    BG_UNRECORDED_NEVER = 2,
    BG_UNRECORDED_ALWAYS = 3
};

/* Bounds and defaults are in the table. */
struct bg_policy {
    struct bg_sinks sinks; /* [sink NAME], those without a fault; first: its rows count from here */
    /* [login] */
    unsigned dialogue_timeout; /* seconds for the whole dialogue */
    unsigned reason_min;       /* minimum number of letters in a reason */
    unsigned name_min;         /* minimum number of letters in a claimed name */
    bool ticket_required;      /* ask for a ticket */
    char ticket_pattern[256];  /* POSIX extended regular expression a ticket must match whole, or ""; cheap to
                                  compile and to match */
    unsigned attempts;         /* share sets that may be tried in one dialogue */
    unsigned delay_console;    /* cap in seconds of the growing delay at a console */
    unsigned delay_network;    /* the same over a network or su */
    char consoles[256];        /* blank-separated tty names or patterns (fnmatch) */
    enum bg_unrecorded unrecorded;
    unsigned alert_wait; /* seconds to wait for the first acknowledgement from outside; below the PAM module's
                            limit of 60 */
    /* [fido] */
    char fido_device[512]; /* device nodes of keys, blanks between them; "": look at the HID devices that are
                              plugged in */
    char fido_services[256]; /* blank-separated PAM services at whose consoles a key may be used */
    unsigned fido_touch;     /* seconds to wait for a touch of the key */
    /* [record] */
    unsigned journal_timeout; /* milliseconds a write to the journal may take */
    bool syslog;              /* send each event to syslog */
    bool sink_required;       /* a host without any sink is a finding */
};

/* The sections of the file, for its template and the check of the manual. */
extern bg_form bg_policy_form;

/* All defaults. */
void bg_policy_defaults(struct bg_policy *p);

/*
 * Defaults, then the file at path over them; no file: BG_OK. *p is always usable. BG_E_SYNTAX: *faults lists
 * the lines that were not used; a sink with such a line is left out whole. Any other error: the file could
 * not be read, *p holds the defaults and faults->fault[0] says why.
 */
BG_MUST_CHECK enum bg_err bg_policy_load(const char *path, struct bg_policy *p, struct bg_faults *faults);

/* The same from text (NUL-ended). For the fuzzer and the tests. */
BG_MUST_CHECK enum bg_err bg_policy_parse(const char *text, struct bg_policy *p, struct bg_faults *faults);

/*
 * The file to begin with: every option with its help and default, commented out, and an example of a sink.
 * Taking the # off each line "#key = value" changes nothing. NULL when memory is gone; the caller frees it.
 */
char *bg_policy_template(void);

/* True when service is one of p->fido_services. */
bool bg_policy_is_fido_service(const struct bg_policy *p, const char *service);

/* True when tty ("/dev/" prefix allowed) is one of p->consoles. */
bool bg_policy_is_console(const struct bg_policy *p, const char *tty);

#endif
