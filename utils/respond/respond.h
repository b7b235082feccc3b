/* SPDX-License-Identifier: ISC */
/*
 * breakglass-respond: on a person's own machine, has a security key answer the text challenge of a host
 * (key/challenge.h). It needs no root, no configuration and no network.
 *
 *   main.c     options, and which of the two commands
 *   answer.c   from a challenge to an answer
 *   enroll.c   a credential for text challenges
 *   token.c    the key: found, opened, its PIN asked, what it says
 *   person.c   lines that are read, sentences that are shown
 *   code.c     a QR code in the terminal
 *
 * Prose goes to standard error, what is to be carried on to standard output.
 */
#ifndef BG_RESPOND_RESPOND_H
#define BG_RESPOND_RESPOND_H

#include <fido.h>
#include <stdbool.h>
#include <stdint.h>
#include "key/challenge.h"
#include "key/textkey.h"
#include "respond/messages.h"

enum respond_exit {
    RESPOND_GOOD = 0,
    RESPOND_REFUSED = 1, /* another host's challenge, the wrong key, the person said no */
    RESPOND_USAGE = 2,
    RESPOND_CANNOT = 3 /* no key, a key that fails */
};

struct respond_wish {
    const char *device; /* its path; NULL: the one that is plugged in */
    const char *name;   /* of the credential; NULL: the only one, or asked for */
    enum bg_fido_type type;
    bool pin_stdin, qr, json;
    bool yes; /* spend the last tries at the PIN */
};

/* --- answer.c, enroll.c */

/* host: as the person typed it. words: n words of a challenge; 0: it is read from standard input. */
enum respond_exit answer(const struct respond_wish *w, const char *host, char *const words[], int n);
enum respond_exit enroll(const struct respond_wish *w);

/* --- token.c */

struct token {
    fido_dev_t *dev;
    char pin[BG_FIDO_PIN]; /* wiped by token_close */
    bool own_uv;           /* it verifies its user by itself: a fingerprint */
};

/* Find it, open it, and ask for its PIN where it takes one. Otherwise why not was told; nothing is to be
 * closed. */
enum respond_exit token_open(const struct respond_wish *w, struct token *t);
void token_close(struct token *t);

/*
 * Run `ceremony` until the key did it, with a new PIN after a wrong one, and with the PIN after fingerprints
 * that failed. What ended it otherwise was told.
 */
typedef int (*token_fn)(struct token *t, void *arg); /* a status of libfido2 */
enum respond_exit token_run(const struct respond_wish *w, struct token *t, token_fn ceremony, void *arg);

/* The authenticator data of assertion i, without its CBOR head, and as a response. False: not to be written
 * so. */
bool token_response(const fido_assert_t *a, size_t i, struct bg_response *out);

/* --- person.c */

void tell(const struct bg_message *m, const char *const *args);

/* One line, from the terminal with a prompt on standard error. False at the end of the input. */
bool ask_line(const char *prompt, char *out, size_t cap);
/* The same, unseen; the caller wipes it. */
bool ask_hidden(const char *prompt, char *out, size_t cap);

#endif
