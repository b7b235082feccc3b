/* SPDX-License-Identifier: ISC */
/* What keys spoke before CTAP2: U2F raw messages (FIDO U2F 1.2) in CTAPHID_MSG. */
#ifndef SOFTKEY_U2F_H
#define SOFTKEY_U2F_H

#include <stddef.h>
#include <stdint.h>

struct softkey;

/* The answer to a request of n bytes, with its status word, into out[cap]. Returns its length. */
size_t sk_u2f_answer(struct softkey *sk, const uint8_t *request, size_t n, uint8_t *out, size_t cap);

#endif
