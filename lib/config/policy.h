/* SPDX-License-Identifier: ISC */
/*
 * Policy: BG_CONFDIR/breakglass.conf. Every option is one line of the table in policy.c (sinks: sink.c), one
 * entry in breakglass.conf(5), one test. A missing file means all defaults. A faulty line costs no more than
 * itself, or its sink: a typing error must not lock anybody out, and an alarm must not go to the wrong place.
 */
#ifndef BG_CONFIG_POLICY_H
#define BG_CONFIG_POLICY_H

#include "config/rule.h"
#include "config/sink.h"
#include "config/table.h"

#define BG_POLICY_PATH BG_CONFDIR "/breakglass.conf"

enum bg_unrecorded {           /* what to do when no record at all can be made: */
    BG_UNRECORDED_CONSOLE = 1, /* grant at a console only */
    BG_UNRECORDED_NEVER = 2,
    BG_UNRECORDED_ALWAYS = 3
};

enum bg_alert_require { /* where nobody gets in before the alarm is acknowledged outside: */
    BG_REQUIRE_NEVER = 1,
    BG_REQUIRE_REMOTE = 2, /* over the network */
    BG_REQUIRE_ALWAYS = 3
};

/* What has a date. Each is a row of [due]. */
enum bg_due {
    BG_DUE_DRILL = 0,
    BG_DUE_INSPECTION, /* of the seals */
    BG_DUE_ALERT_TEST, /* of each sink */
    BG_DUE_KEY_TEST,
    BG_DUE_PEOPLE,     /* the list read through */
    BG_DUE_CREDENTIAL, /* replaced although nobody used it */
    BG_DUE_REVIEW,     /* after the end of a use */
    BG_DUE_ROTATION,   /* after a use, in hours */
    BG_DUE_SEAL,       /* verification with the key that left the host */
    BG_DUE_ROWS
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
    enum bg_alert_require alert_require;
    unsigned session_limit; /* minutes a session may go on before it is an alarm; 0: any */
    bool session_end;       /* it is then ended by force */
    char phone[48];         /* to call in an emergency; "": none */
    bool session_record;    /* what its terminal shows is kept */
    /* [fido] */
    char fido_device[512]; /* device nodes of keys, blanks between them; "": look at the HID devices that are
                              plugged in */
    char fido_services[256]; /* blank-separated PAM services at whose consoles a key may be used */
    unsigned fido_touch;     /* seconds to wait for a touch of the key */
    /* [record] */
    unsigned journal_timeout; /* milliseconds a write to the journal may take */
    bool syslog;              /* send each event to syslog */
    unsigned journal_keep;    /* days after which what every sink has may be removed from it; 0: never */
    unsigned heartbeat;       /* minutes between two of them; 0: none */
    bool sink_required;       /* a host without any sink is a finding */
    char probe[512];          /* blank-separated: what is tried after a grant (config/probe.h) */
    /* [due]: how long after the last time something has to be done again; 0: never */
    char drill_paths[64];      /* words of bg_drill_path, blanks between */
    unsigned due[BG_DUE_ROWS]; /* days; hours for BG_DUE_ROTATION */
    /* [rules] */
    unsigned
        opening_within;  /* hours from a use to the record of its envelopes' opening; 0: none is asked for */
    bool rule[BG_RULES]; /* is it on? */
    /* [papers]: what lies in folders, as far as this host can compare it; "": nothing is said of it */
    char runbook[256];        /* path of the text that is printed */
    char runbook_printed[16]; /* code of the copy on paper: the first 8 hex digits of its SHA-256 */
    char exception[128];      /* the document that accepts the risk of a shared account */
    char exception_until[16]; /* its last day */
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

/* Is it a way in that a drill may ask for: "console", "ssh", "su", "sshd-instance", "rescue"? And a list of
 * such words, each once? */
bool bg_drill_path(const char *word);
bool bg_check_drill_paths(const char *value);
#define BG_DRILL_PATHS_FORM "words of console ssh su sshd-instance rescue"

#endif
