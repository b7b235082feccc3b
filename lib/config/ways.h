/* SPDX-License-Identifier: ISC */
/* What opens an account where: by what is enrolled, from where each may be used, and what is required there.
 */
#ifndef BG_CONFIG_WAYS_H
#define BG_CONFIG_WAYS_H

#include "config/credential.h"

/* Kinds of credential, as bits. */
#define BG_KIND_KEY      1u
#define BG_KIND_SHARES   2u
#define BG_KIND_PASSWORD 4u

/*
 * What a value of `require` asks for, as sets of kinds: one credential of each set, one after the other. 0
 * ends them. Where the same kind is asked for twice, the two are different credentials.
 */
#define BG_STEPS_MAX 2
const unsigned *bg_require_steps(enum bg_require require);

/* Where somebody is who wants in. */
struct bg_place {
    enum bg_source source;
    const char *rhost; /* as the program tells it; NULL: any address of a network that will do */
    bool key_here;     /* a key can be asked here, as far as its own `from` allows */
};

/* The best place of that class: any address will do, and at a console a key can be asked. */
struct bg_place bg_place_of(enum bg_source s);

/* Does `from` of a credential, or of the account, allow the place? */
bool bg_place_in(const struct bg_place *p, const char *from);

/* What `require` and its kin ask for at sources of that class. */
enum bg_require bg_credential_require(const struct bg_credential *c, enum bg_source s);

/* May that key open something at that place: plugged in there, or by text on any line; and is it not
 * suspended?
 */
bool bg_key_usable(const struct bg_key *k, const struct bg_place *p);

/* How many of the keys are so. */
unsigned bg_credential_keys(const struct bg_credential *c, const struct bg_place *p);

/* Two keys of two people: of those that this host asks, as far as is known; one that answers from far away
 * counts only if the custodians of both are told. Are there such at that place? */
bool bg_keys_of_two(const struct bg_key *a, const struct bg_key *b);
bool bg_credential_two_keys(const struct bg_credential *c, const struct bg_place *p);

/*
 * The same of a key that sshd has verified and one that answers from far away; the custodians of both are
 * told. sshd asks for one key of its own, so two of those are none. Is there such a one at that place beside
 * it?
 */
bool bg_ssh_of_two(const struct bg_ssh_key *a, const struct bg_key *b);
bool bg_credential_ssh_pair(const struct bg_credential *c, const struct bg_ssh_key *k,
                            const struct bg_place *p);

/* May that key of sshd's open something from there? And how many of them. */
bool bg_ssh_usable(const struct bg_ssh_key *k, const struct bg_place *p);
unsigned bg_credential_ssh_keys(const struct bg_credential *c, const struct bg_place *p);

/* Is there a password with a hash that is accepted? */
bool bg_credential_password(const struct bg_credential *c);

/* What can open an account: for each step the kinds that can be shown. */
struct bg_ways {
    unsigned steps; /* 1 .. BG_STEPS_MAX */
    unsigned kinds[BG_STEPS_MAX];
};

/*
 * What opens the account at that place. False, and *out untouched: nothing does. Whether the account is
 * enabled or armed is not asked.
 */
bool bg_credential_ways(const struct bg_credential *c, const struct bg_place *p, struct bg_ways *out);

/* Is there a place where what is enrolled suffices? And is the account enabled as well? */
bool bg_credential_suffices(const struct bg_credential *c);
bool bg_credential_opens(const struct bg_credential *c);

#endif
