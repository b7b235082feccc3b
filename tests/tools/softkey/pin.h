/* SPDX-License-Identifier: ISC */
/* authenticatorClientPIN (6.5): the PIN, its retries, and the token that proves it to later commands. */
#ifndef SOFTKEY_PIN_H
#define SOFTKEY_PIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "cbor.h"
#include "cred.h"
#include "status.h"

enum sk_permission {
    SK_MAY_MAKE = 1,
    SK_MAY_GET = 2,
    SK_MAY_MANAGE = 4
};

struct sk_pin {
    size_t min;            /* characters */
    bool change;           /* nothing before there is a new PIN (6.5.5.7: forcePINChange) */
    uint8_t agree[SK_KEY]; /* private key of the key agreement, new at each power-up and wrong PIN */
    uint8_t token[SK_KEY];
    int64_t protocol; /* that the token was given under; 0: there is none */
    unsigned permissions;
    char rp_id[SK_RPID_MAX]; /* "": for any, until it is used */
    bool present;            /* obtained by finger, which was a touch too */
    unsigned wrong_in_row;   /* since power-up or the right PIN */
};

struct softkey;

void sk_pin_power_up(struct sk_pin *pin);

/* The whole command. */
enum sk_status sk_pin_command(struct softkey *sk, cbor_item_t *request, struct sk_out *out);

/* Is param what the token makes of data, and may the token do this for this relying party (NULL: none)? */
enum sk_status sk_pin_check_token(struct softkey *sk, int64_t protocol, struct sk_bytes param,
                                  const void *data, size_t n, enum sk_permission permission,
                                  const char *rp_id);

/* A touch was used up: the token is worth nothing any more (6.5.5.7.1, clearPinUvAuthTokenPermissions). */
void sk_pin_spent(struct sk_pin *pin);

#endif
