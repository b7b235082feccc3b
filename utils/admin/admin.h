/* SPDX-License-Identifier: ISC */
/*
 * The administrator's command. Every command is one row: how it is called, what it says of itself, what it
 * needs. One engine (command.c) reads the words, asks, and ends all of them alike.
 */
#ifndef BG_ADMIN_ADMIN_H
#define BG_ADMIN_ADMIN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "record/journal.h"

/* How the program ends; the manual lists the same numbers. */
enum admin_exit {
    ADMIN_GOOD = 0,
    ADMIN_FINDING = 1, /* something is wrong on this host, or a refusal */
    ADMIN_USAGE = 2,   /* usage error, or nobody there to confirm */
    ADMIN_CANNOT = 3   /* could not run: not root, a file is missing, the system refused */
};

/* One option; exactly one of the four pointers is set. */
struct command_option {
    const char *name, *argument, *help; /* argument: its name in the help, NULL for a flag */
    bool *flag;
    const char **text;
    uint32_t *number; /* decimal digits, min..max */
    uint32_t min, max;
    bool (*parse)(const char *value); /* `expected` says what it takes */
    const char *expected;
};

enum command_needs {
    COMMAND_ROOT = 1,      /* but not for --dry-run */
    COMMAND_ASKS = 2,      /* has --yes */
    COMMAND_DRY = 4,       /* has --dry-run */
    COMMAND_KEYS = 16,     /* a build that has keys */
    COMMAND_DELIVERS = 32, /* a build that delivers alarms */
    COMMAND_WORDS = 64,    /* operands are another program's command: as many as there are, its options too */
    COMMAND_MEANT = 128,   /* of its group, where the second word names no command */
    COMMAND_PAIR = 256,    /* it and the next row, also of the next table, are told in one line */
    COMMAND_YES = 512,     /* has --yes, for an option of it that asks */
    COMMAND_LINES = 8      /* --json prints a stream of lines, not one object; usage errors stay an object */
};

struct command {
    const char *name; /* "share new" */
    const char
        *operands;     /* "ACCOUNT LABEL", "[SINK]", "": ACCOUNT must be a sound line of the accounts file */
    const char *help;  /* a line for the list of commands */
    const char *about; /* a paragraph for --help, or NULL */
    const char *example;
    unsigned needs;
    const struct command_option *options; /* ends with a NULL name; NULL: only those that all commands have */
    /* words: as many as operands, NULL where an optional one is missing. root: the JSON object to fill. */
    enum admin_exit (*run)(char *const words[], json_t *root);
    /* The JSON object could not be written, however run ended, or that it never ran: take back what was made
     * and makes no sense without it. */
    enum admin_exit (*unheard)(char *const words[]);
};

/* Each ends with a NULL name. */
extern const struct command init_commands[], share_commands[], fleet_commands[], key_commands[],
    journal_commands[], alert_commands[], config_commands[], status_commands[], enable_commands[],
    arm_commands[], due_commands[], check_commands[], drill_commands[], account_commands[],
    password_commands[], respond_commands[], quiet_commands[], session_commands[], review_commands[],
    rotate_commands[], envelope_commands[], people_commands[], safe_commands[], compliance_commands[],
    page_commands[];

/*
 * Find the command that argv names, read its words, run it and print its JSON object, which always holds
 * "findings", "notes" and "exit", "command" where the words named one, and "account" where one was named. A
 * command that went well but left a finding ends with ADMIN_FINDING.
 */
enum admin_exit admin_run(const struct command *const tables[], int argc, char **argv);

/* Show "no such value" for an option and return ADMIN_USAGE. */
enum admin_exit admin_bad_value(const char *value, const char *option, const char *expected);

/* --- report.c: what was done, on record */

/*
 * Put a change on record: who called is told by the kernel (real uid, loginuid, audit session, terminal),
 * never by the environment. Its delivery is started where no alert service runs. A degraded or failed record
 * is told as a note; the change itself stands. account may be NULL. Whether the event tells of a success
 * follows from its type.
 */
void report_event(enum bg_event_type type, const char *account, const char *message);

/* The same without a delivery; *at: where it stands, sequence 0 when it is in no journal. */
void report_event_at(enum bg_event_type type, const char *account, const char *message,
                     struct bg_position *at);

/* A whole event, of which who called is added, without a delivery. */
void report_event_whole(const struct bg_event *e, struct bg_position *at);

/*
 * What "journal verify" and "alert status" find, for "status" too: findings are shown, members added to root.
 * aloud: what is right is shown too.
 */
enum admin_exit journal_look(json_t *root, bool aloud);
enum admin_exit journal_status(json_t *root, bool aloud); /* with it, whether the journal is sealed */
enum admin_exit alert_look(json_t *root, bool aloud);
/* From on to off the journal is counted once, however often it is looked at. */
void alert_keep(bool on);

/*
 * Put a change on record before it is made, so that none is made unseen. False: no place took the record, the
 * finding was shown, and the change must not be made.
 */
BG_MUST_CHECK bool report_first(enum bg_event_type type, const char *account, const char *message);
/* The same of an event with more than these members; who called is added. */
bool report_first_event(const struct bg_event *e);

struct bg_seal;
/* Begin a seal, by an event that names it; who called is added. As bg_journal_seal. */
BG_MUST_CHECK enum bg_err report_seal(const struct bg_event *e, const struct bg_seal *seal);

/* Who calls, as the kernel has it: the real uid and the audit uid (-1: none). */
void report_caller(int64_t *uid, int64_t *audit_uid);

/* The change that report_first() told of could not be made. */
void report_failure(enum bg_event_type type, const char *account, const char *message);

struct bg_policy;
/* Of a build that delivers nothing: a finding where there are sinks, or where one is required; else a note.
 */
void alert_idle(const struct bg_policy *p, bool sound);

/* As "disable" does it: asks, puts it on record, and adds "changed" to root. */
enum admin_exit account_shut(const char *account, json_t *root);

struct bg_life;
/* A finding where the uses of an account are becoming routine. */
void review_look(const struct bg_life *l);

struct bg_sink;
/* What breakglass.conf says of a sink. */
json_t *sink_json(const struct bg_sink *s);

#endif
