/* SPDX-License-Identifier: ISC */
/*
 * Rules of who may hold what together, so that no person, place or account alone is enough, and no slip of a
 * command makes it so. They look at what is on file; what nobody told cannot break one. config/rule.h
 * lists them, with the switch of each.
 */
#ifndef BG_CONFIG_SEPARATION_H
#define BG_CONFIG_SEPARATION_H

#include "config/envelope.h"
#include "config/rule.h"

/* What is on file. An account whose file cannot be read has NULL there, and breaks no rule. */
struct bg_custody_account {
    const char *name;
    const struct bg_credential *credential;
    const struct bg_envelopes *envelopes;
};
struct bg_custody {
    const struct bg_custody_account *account;
    size_t n;
    const struct bg_people *people;
    const struct bg_safes *safes;
};

/* Rules that are broken, with a sentence each without a full stop; what follows the last is not listed. */
#define BG_BREACHES_MAX 64
#define BG_BREACH_TEXT  256
struct bg_breach {
    enum bg_rule rule;
    const char *account; /* one of the two, or the one */
    char text[BG_BREACH_TEXT];
};
struct bg_breaches {
    unsigned n;
    struct bg_breach breach[BG_BREACHES_MAX];
};

/* One function for each rule; those of two accounts are for a pair. They add to *out. */
void bg_rule_threshold(const struct bg_custody *c, const struct bg_custody_account *a,
                       struct bg_breaches *out);
void bg_rule_shares(const struct bg_custody_account *a, struct bg_breaches *out);
void bg_rule_keys(const struct bg_custody_account *a, const struct bg_custody_account *b,
                  struct bg_breaches *out);
void bg_rule_envelopes(const struct bg_custody_account *a, const struct bg_custody_account *b,
                       struct bg_breaches *out);
void bg_rule_safes(const struct bg_custody_account *a, const struct bg_custody_account *b,
                   struct bg_breaches *out);
void bg_rule_custodians(const struct bg_custody *c, const struct bg_custody_account *a,
                        const struct bg_custody_account *b, struct bg_breaches *out);

/* May `reviewer` review, or `rotator` rotate after, a use that `user` made? Two names of one person are one
 * person, as far as the list of people tells. Nobody ("") may not. */
bool bg_rule_reviewer(const struct bg_people *people, const char *user, const char *reviewer);
bool bg_rule_rotator(const struct bg_people *people, const char *user, const char *rotator);

/* All rules of custody that are on, over all accounts, into *out, which is emptied first. */
void bg_rules_look(const struct bg_custody *c, const bool on[BG_RULES], struct bg_breaches *out);

/* The first of `after` that is not in `before`, or NULL: what a change would break. */
const struct bg_breach *bg_breach_new(const struct bg_breaches *before, const struct bg_breaches *after);

#endif
