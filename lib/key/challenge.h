/* SPDX-License-Identifier: ISC */
/*
 * The text challenge: what a host shows on any line that carries text, what a key far away signs for it, and
 * how the answer is written. breakglass-challenge(7) has the format for a second implementation.
 */
#ifndef BG_KEY_CHALLENGE_H
#define BG_KEY_CHALLENGE_H

#include "key/textrow.h"
#include "key/verify.h"

/* No web origin has an RP id with a colon, so no page in a browser can ask a key for such an answer. */
#define BG_TEXT_RP "breakglass:text"

#define BG_CHALLENGE_HOST 65 /* each with its NUL */
#define BG_CHALLENGE_NAME 33
#define BG_CHALLENGE_TEXT (BG_CHALLENGE_HOST + 2 * BG_CHALLENGE_NAME + BG_ROW_TEXT)

/* Names are words of a-z, 0-9, dot, hyphen and underscore, in lower case. */
struct bg_challenge {
    char host[BG_CHALLENGE_HOST], account[BG_CHALLENGE_NAME], service[BG_CHALLENGE_NAME];
    uint8_t row[BG_ROW]; /* 7 symbols of time, 15 of the nonce, its check */
};

/*
 * A fresh one. Other characters of the names become hyphens, upper case lower; what is too long is cut, and
 * an empty name is "-". wall_ms is told, and proves nothing; of the nonce 75 bits are used. BG_E_CRYPTO.
 */
BG_MUST_CHECK enum bg_err bg_challenge_make(struct bg_challenge *c, const char *host, const char *account,
                                            const char *service, int64_t wall_ms,
                                            const uint8_t nonce[BG_FIDO_HASH]);

/* Read names as they were typed, in either case. False: not such a word. */
bool bg_challenge_names(struct bg_challenge *c, const char *host, const char *account, const char *service);

/* Are they the same host's name? In either case. */
bool bg_challenge_same_host(const struct bg_challenge *c, const char *host);

/* "web01 bg1 sshd AAAAA-AAAAA-AAAAA-AAAAA-AAAAA" */
void bg_challenge_text(const struct bg_challenge *c, char out[BG_CHALLENGE_TEXT]);

/* When it was made by the host's clock, in seconds since 1970. */
int64_t bg_challenge_seconds(const struct bg_challenge *c);

/* Where its row belongs. Names alone decide it. BG_E_CRYPTO. */
BG_MUST_CHECK enum bg_err bg_challenge_place(const struct bg_challenge *c, struct bg_row_place *out);

/* What the key is given to sign: the hash of the client data in the words of FIDO. BG_E_CRYPTO. */
BG_MUST_CHECK enum bg_err bg_challenge_hash(const struct bg_challenge *c, uint8_t out[BG_FIDO_HASH]);

/* --- response.c: the answer */

#define BG_RESPONSE_ROWS 5
#define BG_RESPONSE_SIG  64 /* ES256: r and s, 32 bytes each; EdDSA as it is */

struct bg_response {
    uint8_t flags; /* below 64: no attested data, no extensions */
    uint32_t counter;
    uint8_t sig[BG_RESPONSE_SIG];
};

/* Where its row n, 1 to BG_RESPONSE_ROWS, belongs: to this challenge alone. BG_E_CRYPTO. */
BG_MUST_CHECK enum bg_err bg_response_place(const struct bg_challenge *c, unsigned n,
                                            struct bg_row_place *out);

/*
 * What a key returned for BG_TEXT_RP, to be sent. BG_E_MISMATCH for what cannot be written so: authenticator
 * data of more than 37 bytes, or a signature that is none of its type. BG_E_CRYPTO.
 */
BG_MUST_CHECK enum bg_err bg_response_from_key(enum bg_fido_type type, const uint8_t *authdata,
                                               size_t authdata_len, const uint8_t *sig, size_t sig_len,
                                               struct bg_response *out);

/* As rows and back. Every sound set of rows is some response. BG_E_CRYPTO. */
BG_MUST_CHECK enum bg_err bg_response_write(const struct bg_challenge *c, const struct bg_response *r,
                                            uint8_t rows[BG_RESPONSE_ROWS][BG_ROW]);
void bg_response_read(const uint8_t rows[BG_RESPONSE_ROWS][BG_ROW], struct bg_response *out);

/*
 * Was it signed with the key pub over this hash by a person who was there and was verified? BG_OK and *said;
 * BG_E_MISMATCH and *fault; BG_E_CRYPTO, BG_E_RANGE as bg_fido_verify.
 */
BG_MUST_CHECK enum bg_err bg_response_verify(const struct bg_response *r, const struct bg_fido_public *pub,
                                             const uint8_t hash[BG_FIDO_HASH], struct bg_fido_said *said,
                                             enum bg_fido_fault *fault);

#endif
