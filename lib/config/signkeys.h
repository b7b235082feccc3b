/* SPDX-License-Identifier: ISC */
/* The secrets that sign for a web hook, as they stand in its file: Standard Webhooks 1.0.0, symmetric. */
#ifndef BG_CONFIG_SIGNKEYS_H
#define BG_CONFIG_SIGNKEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

#define BG_SIGN_LINES   2  /* of a file: old and new, while the secret is being changed */
#define BG_SIGN_KEYS    4  /* with those that the file no longer has */
#define BG_SIGN_KEY_MIN 24 /* bytes, by the standard */
#define BG_SIGN_KEY_MAX 64

struct bg_sign_keys {
    struct bg_sign_key {
        uint8_t key[BG_SIGN_KEY_MAX];
        size_t len;
    } key[BG_SIGN_KEYS];
    unsigned n;
};

/*
 * Read secrets: one or two lines "whsec_" and base64 (RFC 4648) of 24 .. 64 bytes. BG_E_SYNTAX. The caller
 * wipes *k.
 */
BG_MUST_CHECK enum bg_err bg_sign_parse(const char *text, struct bg_sign_keys *k);

bool bg_sign_has(const struct bg_sign_keys *k, const struct bg_sign_key *one);
/* Add those that are not there yet, as far as there is room. */
void bg_sign_add(struct bg_sign_keys *k, const struct bg_sign_keys *more);

/* The same from a file that only its owner can write. BG_E_NOENT, BG_E_UNSAFE, BG_E_IO too. */
BG_MUST_CHECK enum bg_err bg_sign_load(const char *path, struct bg_sign_keys *k);

#endif
