/* SPDX-License-Identifier: ISC */
/*
 * People: BG_CONFDIR/people, mode 0600, strict INI: who may use the accounts, who reviews a use, who is woken
 * and who keeps a credential, and when the list was looked at last. breakglass-custody(5) has the same for
 * people. Any fault refuses the whole file. Nothing in it is secret, and no login reads it.
 */
#ifndef BG_CONFIG_PEOPLE_H
#define BG_CONFIG_PEOPLE_H

#include "base/clock.h"
#include "config/kept.h"

#define BG_PEOPLE_PATH BG_CONFDIR "/people"

#define BG_PEOPLE_MAX  96
#define BG_PERSON_ID   32   /* with its NUL: a-z, 0-9 and - */
#define BG_PERSON_NAME 64   /* bytes, with its NUL */
#define BG_DATE_LEN    11   /* "2026-11-22" and its NUL */
#define BG_OWES_MAX    2048 /* bytes of a list of what is to be replaced */

/* The words of `roles`. */
#define BG_ROLE_USE       "use"       /* may use the accounts */
#define BG_ROLE_REVIEW    "review"    /* reviews a use, announces a drill */
#define BG_ROLE_WAKE      "wake"      /* is called by an alarm */
#define BG_ROLE_CUSTODIAN "custodian" /* keeps a credential */

struct bg_person {
    char id[BG_PERSON_ID];
    char name[BG_PERSON_NAME]; /* in full, as on the cards and at the prompt; "": as the id */
    char roles[64];            /* of the words above, blanks between */
    char phone[64], mail[128];
    char since[BG_DATE_LEN];   /* on the list; "": not told */
    char trained[BG_DATE_LEN]; /* in how the account is used; "": never */
    char left[BG_TIME_LEN];    /* "": is still there */
    char owes[BG_OWES_MAX];    /* what was to be replaced when they left (config/leaver.h); "": nothing */
};

struct bg_people {
    unsigned listed;                                         /* 1: there is a [list] */
    char reviewed[BG_TIME_LEN], reviewed_by[BG_PERSON_NAME]; /* "": never */
    unsigned n;
    struct bg_person person[BG_PEOPLE_MAX];
};

extern const struct bg_kept bg_people_file[1];

/* As bg_kept_load: a missing file is BG_E_NOENT. */
BG_MUST_CHECK enum bg_err bg_people_load(const char *path, struct bg_people *p, struct bg_ini_error *e);
/* As bg_kept_save. */
BG_MUST_CHECK enum bg_err bg_people_save(const char *path, const struct bg_people *p, struct bg_ini_error *e);

/* NUL-ended text, as the file. */
BG_MUST_CHECK enum bg_err bg_people_parse(const char *text, struct bg_people *p, struct bg_ini_error *e);

/* The person that somebody calls so, by id or name, or NULL. Case and blanks in a row do not count. */
const struct bg_person *bg_people_find(const struct bg_people *p, const char *who);

/* What to call them: the name, or the id. */
const char *bg_person_name(const struct bg_person *p);

/* Is it the same name, but for case and blanks in a row? "" is nobody's. */
bool bg_name_same(const char *a, const char *b);

/* Are both the same person, by the list or, not on it, by what they are called? "" is nobody, and the same as
 * nobody. */
bool bg_people_same(const struct bg_people *p, const char *a, const char *b);

/* Has the person that role, and has not left? */
bool bg_person_has(const struct bg_person *p, const char *role);

/* Is value words of roles, one at least and each once? */
bool bg_check_roles(const char *value);
#define BG_ROLES_FORM "words of " BG_ROLE_USE " " BG_ROLE_REVIEW " " BG_ROLE_WAKE " " BG_ROLE_CUSTODIAN

#endif
