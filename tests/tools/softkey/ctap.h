/* SPDX-License-Identifier: ISC */
/* The commands of CTAP2 (6): table, dispatch, and the small ones. */
#ifndef SOFTKEY_CTAP_H
#define SOFTKEY_CTAP_H

#include "softkey.h"
#include "cbor.h"

/* The 16 bytes that identify the model. */
const uint8_t *sk_aaguid(void);

/* Work on the message in sk->hid.rx and answer it. */
void sk_ctap_run(struct softkey *sk);

/* authenticatorMakeCredential, GetAssertion, GetNextAssertion, CredentialManagement. */
enum sk_status sk_make_command(struct softkey *sk, cbor_item_t *request, struct sk_out *out);
enum sk_status sk_get_command(struct softkey *sk, cbor_item_t *request, struct sk_out *out);
enum sk_status sk_next_command(struct softkey *sk, cbor_item_t *request, struct sk_out *out);
enum sk_status sk_credman_command(struct softkey *sk, cbor_item_t *request, struct sk_out *out);

/* What make and get share: their options, and whether the person has consented (consent.c). */
struct sk_consent {
    bool rk, has_rk, up, has_up, uv; /* options asked for; uv is off when there is a token */
    bool has_param;
    struct sk_bytes param;
    int64_t protocol;
    bool verified; /* by PIN or finger */
    bool touched;  /* already, by the finger */
};

/* Read options and pinUvAuthParam; their keys differ between the two requests. */
enum sk_status sk_consent_read(struct sk_consent *c, cbor_item_t *request, int64_t options_key,
                               int64_t param_key);

/* Check the token or the finger. SK_OK, with verified set or not. */
enum sk_status sk_consent_verify(struct softkey *sk, struct sk_consent *c, const uint8_t client_hash[SK_HASH],
                                 enum sk_permission permission, const char *rp_id);

/* Ask for the touch that is still missing. */
enum sk_status sk_consent_touch(struct softkey *sk, struct sk_consent *c);

#endif
