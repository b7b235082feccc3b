/* What make and get share: their options, and who has agreed to them. */
#ifndef SOFTKEY_CONSENT_H
#define SOFTKEY_CONSENT_H

#include <stdbool.h>
#include "softkey.h"
#include "cbor.h"

struct sk_consent {
    bool rk, has_rk, up, has_up, uv; /* options asked for; uv is off when there is a token */
    bool has_param;
    struct sk_bytes param;
    int64_t protocol;
    bool verified; /* by PIN or finger */
    bool touched;  /* already, by the finger */
};

/* Read options and pinUvAuthParam; the keys of the request that they stand under differ. */
enum sk_status sk_consent_read(struct sk_consent *c, cbor_item_t *request, int64_t options_key,
                               int64_t param_key);

/* Check the token or the finger. SK_OK with verified set or not. */
enum sk_status sk_consent_verify(struct softkey *sk, struct sk_consent *c, const uint8_t client_hash[SK_HASH],
                                 enum sk_permission permission, const char *rp_id);

/* Ask for the touch that is still missing. */
enum sk_status sk_consent_touch(struct softkey *sk, struct sk_consent *c);

#endif
