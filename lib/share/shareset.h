/* SPDX-License-Identifier: ISC */
/* Decoded shares against the enrolled set of an account: which belong, which are duplicates, what is missing.
 */
#ifndef BG_SHARE_SHARESET_H
#define BG_SHARE_SHARESET_H

#include "base/clock.h"
#include "base/identity.h"
#include "base/msg.h"
#include "base/source.h"
#include "share/slip39.h"

/* What is enrolled of a set. It is public: nothing of it opens the door. */
#define BG_VERIFIER_BYTES 32
#define BG_SALT_BYTES     16
#define BG_GROUPS_MAX     16 /* groups of a set, and members of a group */
#define BG_EXPONENT_MAX   6
#define BG_SET_WORDS      18 /* two words of up to 8 letters, a blank, a NUL */
#define BG_SET_LABEL      33
#define BG_GROUP_NAME     21
#define BG_CARDS_MAX      64 /* whose custody is kept; a set of more cards keeps none */
#define BG_OLD_SETS       16 /* replaced sets that stay known */
#define BG_CARD_CHECK     16

struct bg_share_group {
    uint8_t threshold, count;
};

/*
 * One card of a set: who keeps it, and what recognises its share. Several cards may be copies of one share.
 * Nothing here helps to find the share: its value has 128 random bits or more.
 */
struct bg_share_card {
    char place[12];               /* "2-1": member 1 of group 2; "2-1-3": the third copy of that card */
    uint8_t check[BG_CARD_CHECK]; /* bg_share_card_check; all zero: none is kept */
    char custodian[64], envelope[32], seal[32]; /* UTF-8; "": not known */
    char inspected[BG_TIME_LEN];                /* when it was last seen to be intact; "": never */
};

/* A set that was replaced: what its cards begin with, so that one can be told from a stranger's. */
struct bg_share_old {
    char place[6]; /* its id, in digits */
    char label[BG_SET_LABEL];
    bool extendable;
    uint8_t exponent;
    char created[BG_TIME_LEN], replaced[BG_TIME_LEN];
};

struct bg_shareset {
    char label[BG_SET_LABEL]; /* what people call it; "": it was made before there were labels */
    char words[BG_SET_WORDS]; /* the first two words of each share; not used to decide anything */
    uint16_t id;              /* 15 bits */
    bool extendable;
    uint8_t exponent; /* 0..6 here: PBKDF2 cost 10000 << e */
    uint8_t group_threshold, group_count;
    struct bg_share_group group[BG_GROUPS_MAX];
    char group_name[BG_GROUPS_MAX][BG_GROUP_NAME]; /* "": none has a name */
    uint8_t bytes;                                 /* of the master secret: 16 or 32 */
    uint8_t salt[BG_SALT_BYTES];
    uint8_t verifier[BG_VERIFIER_BYTES];
    char from[BG_FROM_MAX];       /* where it may be used (config/from.h); "": everywhere */
    char host[BG_HOST_PRINT + 1]; /* that made it (bg_identity_print); "": a set of the old kind */
    char created[BG_TIME_LEN];
    uint8_t cards, olds; /* in use below */
    struct bg_share_card card[BG_CARDS_MAX];
    struct bg_share_old old[BG_OLD_SETS]; /* the newest last */
};

/* What to call the set at a prompt, without a word of its cards: its label, or "made 2026-11-22". */
#define BG_SET_NAME (BG_SET_LABEL + 16)
void bg_shareset_name(const struct bg_shareset *set, char out[BG_SET_NAME]);

/* The same for root's eyes: its label, or the first two words of its cards. */
const char *bg_shareset_title(const struct bg_shareset *set);

/* Labels, custodians, envelopes and seals: visible UTF-8 without comma, colon, quote and backslash, no blank
 * at either end. And what names a group, which is shown at every prompt: printable ASCII. */
bool bg_share_text_valid(const char *s);
bool bg_group_name_valid(const char *s);

/* The set, as one that was replaced at that time, after those that it had replaced itself. */
void bg_shareset_retire(const struct bg_shareset *set, const char *when, struct bg_shareset *by);

/* The replaced set that the share belongs to, or NULL. */
const struct bg_share_old *bg_shareset_old(const struct bg_shareset *set, const struct slip39_share *s);

/* The numbers (1-based) in the place of a card; copy 0: it is the only one. False when it is not of the form
 * that bg_share_card_at() writes, or there is no such share in the set. */
bool bg_share_card_place(const struct bg_shareset *set, const char *place, unsigned *group, unsigned *number,
                         unsigned *copy);
void bg_share_card_at(struct bg_share_card *card, uint8_t group, uint8_t number, uint8_t copy);

/* The i-th card (from 0) that holds the share, or NULL. */
const struct bg_share_card *bg_share_card_of(const struct bg_shareset *set, const struct slip39_share *s,
                                             unsigned i);

/*
 * What is kept of a share: the first bytes of HMAC-SHA256(key = value, "breakglass-card-v1" || len16be(salt)
 * || salt || group index || member index). BG_E_CRYPTO.
 */
BG_MUST_CHECK enum bg_err bg_share_card_check(const struct bg_shareset *set, const struct slip39_share *s,
                                              uint8_t out[BG_CARD_CHECK]);

/*
 * Why `s` cannot join the n shares in hand: NULL when it can, else the message; *number is its first argument
 * (the 1-based share it repeats or contradicts, the 1-based group that is complete). No hash is made.
 */
const struct bg_message *bg_shareset_refuses(const struct bg_shareset *set,
                                             const struct slip39_share *in_hand, size_t n,
                                             const struct slip39_share *s, size_t *number);

/* The fewest shares that can complete the set. */
unsigned bg_shareset_missing(const struct bg_shareset *set, const struct slip39_share *in_hand, size_t n);

/* True when as many groups as the set requires are complete. */
bool bg_shareset_complete(const struct bg_shareset *set, const struct slip39_share *in_hand, size_t n);

/* Drop the shares of groups that are not complete; the new number of shares. */
size_t bg_shareset_prune(const struct bg_shareset *set, struct slip39_share *in_hand, size_t n);

/* set->words from the set's id, extendable and exponent. */
void bg_shareset_words(struct bg_shareset *set);

/*
 * What is kept of a master secret, enough to recognise it and too little to find it: HMAC-SHA256(key =
 * secret, "breakglass-v2" || len16be(salt) || salt). It depends on nothing outside its file.
 * secret: 16 to 64 bytes. BG_E_CRYPTO, BG_E_RANGE.
 */
BG_MUST_CHECK enum bg_err bg_shareset_verifier(const uint8_t *secret, size_t bytes,
                                               const uint8_t salt[BG_SALT_BYTES],
                                               uint8_t out[BG_VERIFIER_BYTES]);

/*
 * The old kind: over "breakglass-v1" || len16be(account) || account || len16be(host) || host || len16be(salt)
 * || salt. host: the machine id or, without one, the host's name. Both not empty.
 */
BG_MUST_CHECK enum bg_err bg_shareset_verifier_v1(const uint8_t *secret, size_t bytes, const char *account,
                                                  const char *host, const uint8_t salt[BG_SALT_BYTES],
                                                  uint8_t out[BG_VERIFIER_BYTES]);

/*
 * Is this the secret of the set? What set->host says is not asked: the verifier of either kind is tried. The
 * account and the host matter to the old kind alone, and any id that the host has or may have had will do.
 * BG_OK; BG_E_MISMATCH; BG_E_CRYPTO, BG_E_RANGE.
 */
BG_MUST_CHECK enum bg_err bg_shareset_verify(const struct bg_shareset *set, const uint8_t *secret,
                                             size_t bytes, const char *account,
                                             const struct bg_identity *host);

#endif
