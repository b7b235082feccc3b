/* SPDX-License-Identifier: ISC */
/*
 * Envelopes of one account: BG_CONFDIR/envelopes/NAME, mode 0600, strict INI. Each says what is in it, who
 * keeps it and where, the number of its seal, and who sealed, saw, inspected and opened it. Nothing in it is
 * secret, and no login reads it. breakglass-custody(5) has the same for people. Any fault refuses the whole
 * file.
 *
 * This file is the truth of who keeps what, as soon as something is in an envelope: the custodian, envelope
 * and seal of a card, and the custodian of a key, which the credentials file names for the login, are copies
 * that bg_envelopes_copy() makes and compares.
 */
#ifndef BG_CONFIG_ENVELOPE_H
#define BG_CONFIG_ENVELOPE_H

#include "base/hash.h"
#include "base/text.h"
#include "config/credential.h"
#include "config/kept.h"
#include "config/people.h"
#include "config/safe.h"

#define BG_ENVELOPES_DIR BG_CONFDIR "/envelopes"

#define BG_ENVELOPES_MAX 96   /* of one account, destroyed ones too */
#define BG_ENVELOPE_ID   32   /* with its NUL: a-z, 0-9 and - */
#define BG_SEAL_MAX      32   /* bytes of a seal's number, with its NUL: as that of a card */
#define BG_HOLDS_MAX     512  /* bytes of what is in it */
#define BG_OLD_SEALS_MAX 2048 /* bytes of the seals that it had */

enum bg_envelope_status {
    BG_ENVELOPE_SEALED = 1,
    BG_ENVELOPE_OPEN = 2,
    BG_ENVELOPE_DESTROYED = 3 /* it is gone; what it had stays known */
};

struct bg_envelope {
    char id[BG_ENVELOPE_ID];
    enum bg_envelope_status status;
    char seal[BG_SEAL_MAX];         /* the number on it now */
    char holds[BG_HOLDS_MAX];       /* "share 1-2, key blue": bg_holding_next() */
    char set[6];                    /* id of the share set that its cards are of; "": it holds none */
    char custodian[BG_PERSON_NAME]; /* "": nobody but those who can open the safe */
    char safe[BG_SAFE_ID];          /* "": in none */
    char site[BG_SITE_MAX];         /* of one that is in no safe; a safe has its own */
    char sealed[BG_TIME_LEN], sealed_by[BG_PERSON_NAME], seen_by[BG_PERSON_NAME]; /* two people */
    char inspected[BG_TIME_LEN], inspected_by[BG_PERSON_NAME];                    /* "": never */
    char photo[BG_HASH_HEX + 1];                         /* SHA-256 of a photograph of it; "": none is kept */
    char opened[BG_TIME_LEN], opened_by[BG_PERSON_NAME]; /* the newest time */
    char tampered[BG_TIME_LEN];       /* since when it is known that somebody was at it; "": nobody was */
    char opened_use[BG_ULID_LEN + 1]; /* the use or drill that it was opened for; "": for none */
    char old_seals[BG_OLD_SEALS_MAX]; /* that were on it before; commas between. No seal is used twice */
};

struct bg_envelopes {
    unsigned n;
    struct bg_envelope envelope[BG_ENVELOPES_MAX];
};

extern const struct bg_kept bg_envelopes_file[1];

/* Load those of `account` (a valid name) from dir. As bg_kept_load: a missing file is BG_E_NOENT. */
BG_MUST_CHECK enum bg_err bg_envelopes_load(const char *dir, const char *account, struct bg_envelopes *out,
                                            struct bg_ini_error *e);
/* As bg_kept_save; dir must be there. */
BG_MUST_CHECK enum bg_err bg_envelopes_save(const char *dir, const char *account,
                                            const struct bg_envelopes *list, struct bg_ini_error *e);
/* NUL-ended text, as the file. */
BG_MUST_CHECK enum bg_err bg_envelopes_parse(const char *text, struct bg_envelopes *out,
                                             struct bg_ini_error *e);

/* "sealed", "open", "destroyed". Static. */
const char *bg_envelope_status_name(enum bg_envelope_status s);

const struct bg_envelope *bg_envelope_find(const struct bg_envelopes *list, const char *id);

/* Do both name one seal? Case, blanks and hyphens do not count: nobody reads them back alike. "" is none. */
bool bg_seal_same(const char *a, const char *b);

/* The envelope that has or had that seal, or NULL. */
const struct bg_envelope *bg_envelope_of_seal(const struct bg_envelopes *list, const char *seal);

/* --- what is in it */

enum bg_holding_kind {
    BG_HOLDS_SHARE = 1,   /* what: the place of a card, "1-2" or "1-2-3" (share/shareset.h) */
    BG_HOLDS_KEY = 2,     /* its label */
    BG_HOLDS_SSH_KEY = 3, /* its label */
    BG_HOLDS_PASSWORD = 4 /* number of a part of the password */
};

struct bg_holding {
    enum bg_holding_kind kind;
    char what[BG_KEY_LABEL];
    char text[BG_KEY_LABEL + 16]; /* both: "ssh-key blue" */
};

/* The next one of holds into *h: true, and *at goes behind it. False at the end. */
bool bg_holding_next(const char **at, struct bg_holding *h);

/* Is it a list of such things, none of them twice? */
bool bg_check_holds(const char *value);

/* Does the envelope hold that? */
bool bg_envelope_holds(const struct bg_envelope *e, enum bg_holding_kind kind, const char *what);

/* The envelope that is not destroyed and holds it, or NULL. A card must be of the share set `set`. */
const struct bg_envelope *bg_envelope_of(const struct bg_envelopes *list, enum bg_holding_kind kind,
                                         const char *what, const char *set);

/* Does c have it still: of the set that the envelope names, if it is a card? */
bool bg_holding_there(const struct bg_envelope *e, const struct bg_holding *h, const struct bg_credential *c);

/* The id of the set as in `set`; "" when there is none. */
void bg_envelope_set(const struct bg_credential *c, char out[6]);

/*
 * Bring the copies in the credentials into step: a card or key that is in an envelope has its custodian, and
 * a card its id and seal. How many differed; the first of them goes into what, as a sentence without a full
 * stop. c is changed only in these.
 */
unsigned bg_envelopes_copy(const struct bg_envelopes *list, struct bg_credential *c, char *what, size_t cap);

/* Where it is: the site of its safe, or its own; "": not told. */
const char *bg_envelope_site(const struct bg_envelope *e, const struct bg_safes *safes);

#endif
