/* SPDX-License-Identifier: ISC */
/*
 * A key for text challenges on its way from the laptop where it was enrolled to the host: one line of text
 * that proves itself, since the key has signed it. breakglass-challenge(7) has the format.
 */
#ifndef BG_KEY_TEXTKEY_H
#define BG_KEY_TEXTKEY_H

#include "key/challenge.h"
#include "key/key.h"

/* Room for the longest line, without newline, and its NUL. */
#define BG_TEXTKEY_LINE (2 * (BG_FIDO_ID + BG_FIDO_PUBLIC + BG_FIDO_AAGUID + BG_RESPONSE_SIG) + 160)

struct bg_textkey {
    char name[BG_KEY_LABEL];
    struct bg_fido_public pub;
    struct bg_fido_id id;
    uint8_t aaguid[BG_FIDO_AAGUID];
    uint32_t firmware;
    struct bg_response proof; /* what the key signed: bg_textkey_hash */
};

/* What the key is given to sign: all but the proof. BG_E_CRYPTO. */
BG_MUST_CHECK enum bg_err bg_textkey_hash(const struct bg_textkey *k, uint8_t out[BG_FIDO_HASH]);

void bg_textkey_print(const struct bg_textkey *k, char out[BG_TEXTKEY_LINE]);

/* Read one line; blanks and newlines around it count for nothing. It is not verified. BG_E_SYNTAX. */
BG_MUST_CHECK enum bg_err bg_textkey_read(const char *line, struct bg_textkey *out);

/* Has the key signed its line, touched by a person whom it verified? As bg_response_verify. */
BG_MUST_CHECK enum bg_err bg_textkey_verify(const struct bg_textkey *k, struct bg_fido_said *said,
                                            enum bg_fido_fault *fault);

/* True for a key's label: 1 to 31 of a-z, 0-9 and -. */
bool bg_key_label_valid(const char *s);

#endif
