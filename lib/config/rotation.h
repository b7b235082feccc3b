/* SPDX-License-Identifier: ISC */
/*
 * New credentials of one account that do not open it yet: BG_CONFDIR/credentials/NAME.next, mode 0600, beside
 * those that still do. A share set and a password wait there until each new card was shown to be readable;
 * then both take the place of the old ones with one rename, that of the credentials file. No login reads this
 * file, so whatever becomes of it, one set opens the account. breakglass-credentials(5) has the same for
 * people. Any fault refuses the whole file.
 */
#ifndef BG_CONFIG_ROTATION_H
#define BG_CONFIG_ROTATION_H

#include "base/text.h"
#include "config/credential.h"
#include "config/people.h"

/* A key that was shown to work since the rotation began. A card has that in its `inspected`. */
struct bg_proof {
    char key[BG_KEY_LABEL];
    char at[BG_TIME_LEN];
};
#define BG_PROOFS_MAX (BG_KEYS_MAX + BG_SSH_KEYS_MAX)

struct bg_rotation {
    struct bg_credential credential; /* stands first; only its share set and its password mean
                                        anything, and lists it has none */
    char id[BG_ULID_LEN + 1];        /* of the event rotate.started; "": it could not be told */
    char by[BG_PERSON_NAME];         /* who rotates; "": not told */
    char started[BG_TIME_LEN];
    char password[BG_TIME_LEN]; /* when its parts were shown to make it; "": not yet */
    char replaces[33]; /* of what opened the account when it began (bg_rotation_begin); "": not told */
    bool fleet;        /* its set came from a fleet: its card is derived when it is needed, and not before */
    unsigned proofs;
    struct bg_proof proof[BG_PROOFS_MAX];
};

/* The sections of the file, for the check of the manual. */
extern bg_form bg_rotation_form;

/* As bg_credential_load, _save; a rotation that nobody began is BG_E_NOENT. */
BG_MUST_CHECK enum bg_err bg_rotation_load(const char *dir, const char *account, struct bg_rotation *r,
                                           struct bg_ini_error *e);
BG_MUST_CHECK enum bg_err bg_rotation_save(const char *dir, const char *account, const struct bg_rotation *r);
/* NUL-ended text, as the file. */
BG_MUST_CHECK enum bg_err bg_rotation_parse(const char *text, struct bg_rotation *r, struct bg_ini_error *e);
/* Remove it; none is BG_OK. */
BG_MUST_CHECK enum bg_err bg_rotation_drop(const char *dir, const char *account);

/* r begins: what it replaces is what `now` has, a share set and a password. BG_E_CRYPTO. */
BG_MUST_CHECK enum bg_err bg_rotation_begin(struct bg_rotation *r, const struct bg_credential *now);

/* Does that open the account still? Else it was replaced otherwise meanwhile, and the new credentials of r
 * are older than what opens. True for a rotation that does not tell. */
bool bg_rotation_is_of(const struct bg_rotation *r, const struct bg_credential *now);

/* That item, "password", "key blue" or "ssh-key blue", was shown to work at that time. */
void bg_rotation_prove(struct bg_rotation *r, const char *item, const char *at);

/* Has it new credentials, and are they those that open the account? */
bool bg_rotation_in_force(const struct bg_rotation *r, const struct bg_credential *now);

/* *out: what `now` becomes when the new ones take the place of the old, at that time. */
void bg_rotation_apply(const struct bg_rotation *r, const struct bg_credential *now, const char *when,
                       struct bg_credential *out);

/* --- what is left to do */

enum bg_rotation_need {
    BG_ROTATION_DONE = 0,
    BG_ROTATION_VERIFY = 1, /* a new card or password: it is to be typed by who keeps it */
    BG_ROTATION_TEST = 2,   /* a key that stays: it is to show that it works */
    BG_ROTATION_REPLACE = 3 /* a key that must not stay */
};

/* How a key shows that it works: here, or far away by an answer or a signature. */
enum bg_rotation_test {
    BG_TEST_HERE = 0,
    BG_TEST_TEXT = 1,
    BG_TEST_SSH = 2
};

struct bg_rotation_item {
    enum bg_rotation_need need;
    char name[BG_KEY_LABEL + 16]; /* "share 1-2", "password", "key blue", "ssh-key blue" */
    const char *custodian;        /* "": not told. Borrowed, as why */
    const char *why;              /* what calls for it, of BG_ROTATION_REPLACE; else "" */
    enum bg_rotation_test test;   /* of a key */
};
#define BG_ROTATION_ITEMS (BG_CARDS_MAX + 1 + BG_KEYS_MAX + BG_SSH_KEYS_MAX)

/* Has the key of that label opened the account since then (bg_time_rfc3339), and since the last rotation? */
typedef bool (*bg_key_opened_fn)(const void *arg, const char *label, const char *since);

/*
 * All there is to do, done or not, into out[BG_ROTATION_ITEMS]; how many. A key must not stay when it has
 * opened the account since it was enrolled, is suspended, or its custodian has left; it is done
 * when it is gone. One that was enrolled since the rotation began is new: of a key here or by text it has
 * shown then that it works, of one that sshd verifies it is to be shown.
 */
size_t bg_rotation_items(const struct bg_rotation *r, const struct bg_credential *now,
                         const struct bg_people *people, bg_key_opened_fn opened, const void *arg,
                         struct bg_rotation_item *out);

#endif
