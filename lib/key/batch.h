/* SPDX-License-Identifier: ISC */
/* Credentials that a device is asked for in one request. */
#ifndef BG_KEY_BATCH_H
#define BG_KEY_BATCH_H

#include "key/key.h"

struct bg_key_batch {
    size_t n, bytes;
    uint16_t key[BG_FIDO_IDS]; /* indices into the keys of the search */
};

/*
 * Put key i into it too. False: that does not go together: the device does not take so many at once
 * (CTAP 2.1, 6.4: maxCredentialCountInList, maxMsgSize), it is of another relying party, or one of the two is
 * suspended. The first always goes.
 */
bool bg_key_batch_add(struct bg_key_batch *b, const struct bg_key_search *w, const struct bg_fido_info *info,
                      size_t i);

/* The relying party and the ids of a request. */
void bg_key_batch_fill(const struct bg_key_batch *b, const struct bg_key_search *w, struct bg_fido_assert *a);

#endif
