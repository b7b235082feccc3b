/* SPDX-License-Identifier: ISC */
/* PIN/UV auth protocols one and two (6.5.6, 6.5.7): a shared secret, and what is encrypted and proved with
 * it. */
#ifndef SOFTKEY_PINPROTO_H
#define SOFTKEY_PINPROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "cbor.h"
#include "crypto.h"

struct sk_shared {
    int protocol; /* 1 or 2 */
    uint8_t mac[SK_KEY];
    uint8_t aes[SK_KEY];
};

/* Decapsulate: our private key and the platform's COSE key. False: no key, no point, no such protocol. */
bool sk_shared_make(struct sk_shared *s, int64_t protocol, const uint8_t ours[SK_KEY], cbor_item_t *theirs);

/* Returns the length of the plain text in out (cap bytes), 0: not of an allowed length. */
size_t sk_shared_decrypt(const struct sk_shared *s, struct sk_bytes in, uint8_t *out, size_t cap);

/* n is a multiple of 16; out has room for n + 16. Returns the length. */
size_t sk_shared_encrypt(const struct sk_shared *s, const uint8_t *in, size_t n, uint8_t *out);

/* Is proof what key makes of data under this protocol? */
bool sk_proved(int64_t protocol, const uint8_t key[SK_KEY], const void *data, size_t n,
               struct sk_bytes proof);

#endif
