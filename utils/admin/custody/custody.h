/* SPDX-License-Identifier: ISC */
/* Who keeps what: envelopes, people and safes, as the commands read and change them. */
#ifndef BG_ADMIN_CUSTODY_H
#define BG_ADMIN_CUSTODY_H

#include "admin/rows.h"
#include "config/leaver.h"
#include "config/separation.h"
#include "record/event.h"

/* --- load.c: all files together */

struct custody {
    struct bg_custody c; /* of what follows */
    struct bg_custody_account account[ROWS_MAX];
    struct bg_credential *credential[ROWS_MAX]; /* NULL: cannot be read */
    struct bg_envelopes *envelopes[ROWS_MAX];
    struct bg_people people;
    struct bg_safes safes;
    struct bg_policy policy;
    bool whole;                /* everything could be read */
    struct bg_breaches before; /* what was broken when it was loaded */
    int lock;                  /* -1: none is held */
};

/* Read everything; a file that is not there is an empty one. The fault of an envelope file, of people and of
 * safes is shown as a finding; that of a credentials file only if `aloud`. NULL: no memory, which was shown.
 */
struct custody *custody_load(bool aloud);
void custody_free(struct custody *k); /* and the lock is given back; NULL: nothing */

/*
 * To change something: one command at a time from here to custody_free(), so nobody may be asked in between.
 * account: whose credentials may be saved; NULL: of none. NULL: the finding was shown.
 */
struct custody *custody_begin(const char *account);

/* Where the account stands in k->account; it is there. */
size_t custody_at(const struct custody *k, const char *account);

/* The envelope of that id, or NULL after the finding. */
struct bg_envelope *custody_envelope(const struct custody *k, size_t at, const char *id);

/* No rule of custody is broken that was not broken when k was loaded. False: the finding was shown. */
bool custody_rules_hold(struct custody *k);

/* The same for a change of the credentials alone, before they are saved, and whether those on the list are
 * the custodians that are new in it; nothing of it is locked. */
bool custody_allows(const char *account, const struct bg_credential *fresh);
/* The same with one more key in c, which is as before afterwards. */
bool custody_allows_key(const char *account, struct bg_credential *c, const struct bg_key *k);
bool custody_allows_ssh(const char *account, struct bg_credential *c, const struct bg_ssh_key *k);

/*
 * What the person is called on the list, into *name; without a list everybody is who they say. option: where
 * it was said. role: one that they must have, or NULL. False: unknown, gone or without it; the finding was
 * shown.
 */
bool custody_person(const struct custody *k, const char *said, const char *option, const char *role,
                    const char **name);

/* Is the option given? Else it is asked for, where somebody is there to answer. False: the finding was shown.
 * buffer[cap] has the answer. */
bool custody_need(const char **value, const char *option, const char *question, char *buffer, size_t cap);

/*
 * Make the change to the account's envelopes, with the copies in its credentials: on record first, then both
 * files, each whole. What does not fit on the disk shows before the record. ADMIN_GOOD, or the finding was
 * shown.
 */
enum admin_exit custody_keep(struct custody *k, size_t at, const struct bg_event *e);
enum admin_exit custody_keep_people(const struct custody *k, const struct bg_event *e);
enum admin_exit custody_keep_safes(const struct custody *k, const struct bg_event *e);

/* An event of a change, by that person. */
struct bg_event custody_event(enum bg_event_type type, const char *account, const char *by,
                              const char *message);

/* --- list.c */

/* "envelopes" of root: that one. */
void envelope_told(const struct custody *k, size_t at, const struct bg_envelope *e, json_t *root);
enum admin_exit envelope_list(char *const words[], json_t *root);

/* --- broken.c: envelope open, envelope inspect */

extern const struct command_option open_options[], inspect_options[];
enum admin_exit envelope_open(char *const words[], json_t *root);
enum admin_exit envelope_inspect(char *const words[], json_t *root);

/* --- look.c */

/*
 * What "status" finds about custody; each fault is a finding, and rules that are switched off are notes.
 * Members "rules_off" and "leavers" go into root.
 */
void custody_look(json_t *root);

/*
 * Uses that nobody has reviewed, that are older than opening-within of [rules], and that took something out
 * of an envelope whose opening is not on record: each such envelope.
 */
typedef void (*custody_unopened_fn)(void *arg, const char *account, const char *use, const char *envelope,
                                    int64_t granted_ms);
void custody_unopened(const struct custody *k, size_t at, custody_unopened_fn tell, void *arg);

/* Is the card in an envelope that is on file? Then only "envelope" changes who keeps it: the finding was
 * shown. */
bool custody_has_card(const char *account, const struct bg_credential *c, const char *place);

#endif
