/* SPDX-License-Identifier: ISC */
/*
 * A password in parts: several people hold a part each, the parts put together in their order are the
 * password, and one hash of crypt(5) over the whole is kept. No part has a hash of its own: it could be
 * guessed alone.
 */
#ifndef BG_PASSWORD_PASSWORD_H
#define BG_PASSWORD_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/clock.h"
#include "base/err.h"
#include "base/source.h"

#define BG_PASSWORD_PARTS 8   /* at most; at least two */
#define BG_PASSWORD_MAX   511 /* bytes of the whole: libxcrypt refuses more */
#define BG_PASSWORD_HASH  256 /* with its NUL */
#define BG_PART_BITS      50  /* whoever has all parts but one has only the last one to guess */

struct bg_password {
    uint8_t parts;
    char hash[BG_PASSWORD_HASH];
    bool letters; /* drawn by us: blanks, hyphens and capitals do not matter */
    char from[BG_FROM_MAX];
    char created[BG_TIME_LEN];
    char replaced[BG_TIME_LEN]; /* when it took the place of another one; "": it is the first */
};

/* --- kind.c: which hashes are accepted */

/* True for the characters of a hash of crypt(5), whatever its kind. */
bool bg_password_form(const char *hash);

/*
 * Why a hash is not used, or NULL: only yescrypt, and sha512crypt with 500000 rounds or more, are slow enough
 * and take 511 bytes whole (bcrypt takes 72, DES 8: parts behind that would count for nothing). Also refused
 * is what would take more than a gigabyte or more than some seconds, and what this host's libcrypt does not
 * know. Static: "bcrypt: it ignores what stands behind 72 bytes".
 */
const char *bg_password_refusal(const char *hash);

/* Hashes that are accepted, by name: "yescrypt", "sha512crypt"; "?" for others. Static. */
const char *bg_password_kind(const char *hash);

/* --- parts.c: what was typed */

/* Parts as they come. Static or on the heap; wiped by its owner. */
struct bg_parts {
    char whole[BG_PASSWORD_MAX + 1]; /* NUL-ended */
    size_t len;
    unsigned n;
};

/*
 * Add a part of n bytes, as it was typed. BG_E_SYNTAX: it is too short for BG_PART_BITS by its length alone:
 * 5 bits for a character, 3.3 for a digit where there are only digits, 4 for a letter that we drew.
 * BG_E_RANGE: the whole would have more than BG_PASSWORD_MAX bytes. BG_E_PROTO: a letter that we do not draw.
 * Nothing is added then.
 */
BG_MUST_CHECK enum bg_err bg_parts_add(struct bg_parts *p, bool letters, const char *part, size_t n);

/* How many characters a part must have: of any kind, of digits alone, of our letters. */
#define BG_PART_CHARS   10
#define BG_PART_DIGITS  16
#define BG_PART_LETTERS 13

/*
 * Draw a part: BG_PART_DRAWN letters out of 16 that are in the same place on QWERTY, QWERTZ and AZERTY
 * keyboards, are not taken for each other on paper and need no Shift: 4 bits each. BG_E_CRYPTO.
 */
#define BG_PART_ALPHABET "bcdefghjknprstux"
#define BG_PART_DRAWN    20
BG_MUST_CHECK enum bg_err bg_part_draw(char out[BG_PART_DRAWN + 1]);

/* --- crypt.c: crypt(3) */

/*
 * Is this the password of the hash? BG_OK; BG_E_MISMATCH; BG_E_REFUSED: the hash is not accepted.
 * BG_E_CRYPTO: crypt(3) could not tell, for want of memory as a rule, and that says nothing about the
 * password.
 */
BG_MUST_CHECK enum bg_err bg_password_check(const char *hash, const char *whole);

/*
 * A fresh hash: yescrypt as libcrypt makes it by default, or sha512crypt with 500000 rounds where this
 * libcrypt has no yescrypt or `fips` is true. It is verified before it is given. BG_E_CRYPTO.
 */
BG_MUST_CHECK enum bg_err bg_password_make(const char *whole, bool fips, char hash[BG_PASSWORD_HASH]);

/* Does this kernel run in FIPS mode (/proc/sys/crypto/fips_enabled)? */
bool bg_password_fips(void);

/* Does this libcrypt know the kind of the hash? True where it cannot be asked. */
bool bg_password_known(const char *hash);

#endif
