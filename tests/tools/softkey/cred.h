/* SPDX-License-Identifier: ISC */
/*
 * Credentials. The private key is sealed into the credential id, so a key that is not discoverable needs no
 * memory; a discoverable one stands in the store as well, and is dead once it is deleted there.
 */
#ifndef SOFTKEY_CRED_H
#define SOFTKEY_CRED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "crypto.h"

#define SK_SOURCE   (3 + SK_KEY)
#define SK_CRED_ID  (SK_SOURCE + SK_GCM_EXTRA)
#define SK_RPID_MAX 256
#define SK_RESIDENT 25 /* room for this many discoverable ones */
#define SK_AUTH_MAX 2048
#define SK_ID_MAX   1024

/* credProtect (12.1) */
enum sk_protect {
    SK_PROTECT_OPTIONAL = 1,
    SK_PROTECT_LISTED = 2,
    SK_PROTECT_UV = 3
};

enum sk_flags {
    SK_FLAG_UP = 0x01,
    SK_FLAG_UV = 0x04,
    SK_FLAG_AT = 0x40,
    SK_FLAG_ED = 0x80
};

struct sk_source {
    int alg; /* SK_ES256, SK_EDDSA or SK_RS256 */
    uint8_t protect;
    bool resident;
    uint8_t key[SK_KEY];
};

struct sk_found {
    uint8_t id[SK_CRED_ID];
    struct sk_source source;
};

/* The credentials of one getAssertion that have not been answered yet, newest first. */
struct sk_found_set {
    struct sk_found cred[SK_RESIDENT];
    size_t n, next;
    uint8_t rp_hash[SK_HASH], client_hash[SK_HASH];
    uint8_t flags;
    int64_t deadline;
};

/* What the ...Next subcommands of authenticatorCredentialManagement (6.8) go on with. */
struct sk_credman_walk {
    size_t next_rp;           /* index into the store: the first that was not looked at */
    size_t next_cred;         /* the same, of credentials */
    uint8_t rp_hash[SK_HASH]; /* whose credentials */
};

struct softkey;
struct sk_out;

void sk_cred_seal(const struct softkey *sk, const uint8_t rp_hash[SK_HASH], const struct sk_source *s,
                  uint8_t id[SK_CRED_ID]);

/* False: not ours, for another relying party, or deleted. */
bool sk_cred_open(const struct softkey *sk, const uint8_t rp_hash[SK_HASH], const uint8_t *id, size_t n,
                  struct sk_source *s);

/* The COSE key of a private key, as canonical CBOR; alg may be SK_ECDH too. */
void sk_put_cose(struct sk_out *o, int alg, const uint8_t key[SK_KEY]);

/* How long the ids are that are handed out: those of SK_CRED_ID bytes, and zeros behind them. */
extern size_t sk_id_bytes;
void sk_put_id(struct sk_out *o, const uint8_t id[SK_CRED_ID]); /* as it is, without a CBOR head */

/* {"id": id, "type": "public-key"} */
void sk_put_descriptor(struct sk_out *o, const uint8_t id[SK_CRED_ID]);

/* rpIdHash, flags, counter: the 37 bytes that every authData begins with (6.1). Takes the next counter value.
 */
void sk_put_auth_head(struct softkey *sk, struct sk_out *o, const uint8_t rp_hash[SK_HASH], uint8_t flags);

/* Sign authData || clientDataHash. Returns the length. */
size_t sk_cred_sign(const struct softkey *sk, const struct sk_source *s, const struct sk_out *auth,
                    const uint8_t client_hash[SK_HASH], uint8_t sig[SK_SIG_MAX]);

#endif
