/* SPDX-License-Identifier: ISC */
/*
 * Rules of who may hold and do what (config/separation.h looks after them): the option of [rules] in
 * breakglass.conf that switches each off, what it asks for, and what is given up without it, as sentences
 * without a full stop.
 */
#ifndef BG_CONFIG_RULE_H
#define BG_CONFIG_RULE_H

#define BG_RULE_LIST(X)                                                                                      \
    X(THRESHOLD, "threshold-apart",                                                                          \
      "Nobody keeps, or can take from safes, as many cards as open an account",                              \
      "one person alone may open the account")                                                               \
    X(SHARES, "shares-apart", "Two cards of a set are not in one safe or envelope",                          \
      "one burglary or fire may take enough of a set")                                                       \
    X(KEYS, "keys-apart", "Two accounts have no key in common", "one lost or broken key costs two accounts") \
    X(ENVELOPES, "envelopes-apart", "Two accounts have no envelope in common",                               \
      "whoever opens the envelope for one account has what opens the other")                                 \
    X(SAFES, "safes-apart", "Two accounts have no safe in common",                                           \
      "one safe that nobody can reach costs two accounts")                                                   \
    X(CUSTODIANS, "custodians-apart", "Two accounts are not kept by the same people",                        \
      "when these people are away, neither account can be opened")                                           \
    X(REVIEWER, "reviewer-apart", "Who reviews a use has not made it",                                       \
      "people judge what they did themselves")                                                               \
    X(ROTATOR, "rotator-apart", "Who replaces the credentials after a use has not made it",                  \
      "who had the old credentials may have the new ones too")

#define BG_RULE_NAME(id, key, asks, lost) BG_RULE_##id,
enum bg_rule {
    BG_RULE_LIST(BG_RULE_NAME) BG_RULES /* number of them */
};
#undef BG_RULE_NAME

struct bg_rule_text {
    const char *key, *asks, *lost;
};
const struct bg_rule_text *bg_rule_text(enum bg_rule r);

#endif
