/* SPDX-License-Identifier: ISC */
/* Decoded shares against the enrolled set of an account: which belong, which are duplicates, what is missing.
 */
#ifndef BG_SHARE_SHARESET_H
#define BG_SHARE_SHARESET_H

#include "base/clock.h"
#include "base/identity.h"
#include "base/msg.h"
#include "share/slip39.h"

/* What is enrolled of a set. It is public: nothing of it opens the door. */
#define BG_VERIFIER_BYTES 32
#define BG_SALT_BYTES     16
#define BG_GROUPS_MAX     16 /* groups of a set, and members of a group */
#define BG_EXPONENT_MAX   6
#define BG_LABEL_LEN      18 /* two words of up to 8 letters, a blank, a NUL */

struct bg_share_group {
    uint8_t threshold, count;
};

struct bg_shareset {
    char label[BG_LABEL_LEN]; /* the first two words of each share; not used to decide anything */
    uint16_t id;              /* 15 bits */
    bool extendable;
    uint8_t exponent; /* 0..6 here: PBKDF2 cost 10000 << e */
    uint8_t group_threshold, group_count;
    struct bg_share_group group[BG_GROUPS_MAX];
    uint8_t bytes; /* of the master secret: 16 or 32 */
    uint8_t salt[BG_SALT_BYTES];
    uint8_t verifier[BG_VERIFIER_BYTES];
    char host[BG_HOST_PRINT + 1]; /* that made it (bg_identity_print); "": a set of the old kind */
    char created[BG_TIME_LEN];
};

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
