/* SPDX-License-Identifier: ISC */
/*
 * A password in parts: several people hold a part each, the parts put together in their order are the
 * password, and one hash of crypt(5) over the whole is kept. No part has a hash of its own: it could be
 * guessed alone.
 */
#ifndef BG_PASSWORD_PASSWORD_H
#define BG_PASSWORD_PASSWORD_H

#include <stdbool.h>
#include <stdint.h>
#include "base/clock.h"
#include "base/err.h"
#include "base/source.h"

#define BG_PASSWORD_PARTS 8   /* at most; at least two */
#define BG_PASSWORD_HASH  256 /* with its NUL */

struct bg_password {
    uint8_t parts;
    char hash[BG_PASSWORD_HASH];
    bool letters; /* drawn by us: blanks and capitals do not matter */
    char from[BG_FROM_MAX];
    char created[BG_TIME_LEN];
};

/* True for the characters of a hash of crypt(5), whatever its kind. */
bool bg_password_form(const char *hash);

/*
 * Why a hash is not used, or NULL: only yescrypt, and sha512crypt with 500000 rounds or more, are slow enough
 * and take 511 bytes whole (bcrypt takes 72, DES 8: parts behind that would count for nothing). Also refused
 * is what would take more than a gigabyte or more than some seconds. Static: "bcrypt: it ignores what stands
 * behind 72 bytes".
 */
const char *bg_password_refusal(const char *hash);

#endif
