/* SPDX-License-Identifier: ISC */
/*
 * Typing shares at a prompt: a state machine that knows no terminal. The caller feeds lines and shows what
 * comes back; nothing that it returns contains a word, a prefix or the length of a word.
 */
#ifndef BG_SHARE_SHARETYPER_H
#define BG_SHARE_SHARETYPER_H

#include "base/msg.h"
#include "share/shareline.h"
#include "share/shareset.h"
#include "share/sharetext.h"
#include "share/slip39.h"

#define BG_SHARETYPER_WORDS       (2 * BG_SHARELINE_WORDS) /* room for words of one share, right or wrong */
#define BG_SHARETYPER_REPAIRS_MAX 8                        /* of one share */

struct bg_sharetyper {
    const struct bg_shareset *set; /* the caller's; must outlive this */
    size_t need_words;
    uint16_t words[BG_SHARETYPER_WORDS];
    bool wanted[BG_SHARETYPER_WORDS]; /* this word must be typed again */
    size_t have;
    size_t fix;       /* 1-based word that is being retyped, 0 for none */
    bool fix_missing; /* word `fix` was left out: the answer is put in before the one that is there */
    size_t drop;      /* 1-based word offered to be left out, 0 for none */
    bool swap;        /* words `fix` and the one behind it are offered to be swapped */
    bool blank;       /* the line before was empty while one word was waited for */
    unsigned repairs; /* of this share so far */
    enum bg_shareline_layout layout; /* of this share; anything but plain once one line was */
    struct slip39_share shares[SLIP39_MAX_SHARES * SLIP39_MAX_SHARES];
    size_t taken; /* accepted shares */
};

/* What a line led to. */
enum bg_sharetyper_state {
    BG_SHARETYPER_MORE = 1,  /* go on typing this share (message may be set) */
    BG_SHARETYPER_TAKEN = 2, /* one share accepted, more needed */
    BG_SHARETYPER_READY = 3  /* thresholds are met: call bg_sharetyper_recover */
};

struct bg_sharetyper_reply {
    enum bg_sharetyper_state state;
    const struct bg_message *msg; /* NULL: nothing to say */
    char arg[3][BG_SHARE_TEXT];   /* its arguments: counts, positions, names of groups */
};

void bg_sharetyper_start(struct bg_sharetyper *t, const struct bg_shareset *set);

/*
 * Feed one line (any bytes, at most 511). Accepts full words, prefixes of 4 letters or more, unspaced
 * 4-letter blocks, any case and width, whatever is no letter between them, and numbering such as "3."; a line
 * typed in the wrong one of QWERTY, QWERTZ and AZERTY is read as it was meant, and so is a card whose columns
 * were read across. A blank line makes the repair that was offered, else it cancels the share being typed,
 * but while one word is waited for only the second one does; "?" asks for progress. A card of another set is
 * refused at its second word, when its lines are typed one after the other. The line is the caller's to wipe.
 * A share of another set, with other thresholds or of another length, or one that was accepted already, is
 * refused here, before any slow hash. Shares of groups that were not needed in the end are dropped.
 */
void bg_sharetyper_feed(struct bg_sharetyper *t, const char *line, size_t len,
                        struct bg_sharetyper_reply *out);

/* What to ask for next: `lead` ("Next card") or "", and which words. */
void bg_sharetyper_prompt(const struct bg_sharetyper *t, const char *lead, char *out, size_t cap);

/* Has an empty line something to repair now? */
bool bg_sharetyper_repairs(const struct bg_sharetyper *t);

/* Is this said of a whole, sound share that cannot join the set or the shares that are in? */
bool bg_sharetyper_refusal(const struct bg_message *msg);

/* How many distinct shares are in, and the fewest that are needed. */
void bg_sharetyper_progress(const struct bg_sharetyper *t, unsigned *taken, unsigned *needed);

/*
 * Join the shares and compare with the set's verifier. BG_OK; BG_E_MISMATCH (they do not fit together, or
 * do not open this account: the caller's message is the same for both); BG_E_NOENT: they fit together, but
 * the set is of the old kind, which asks for the id of the host that made it, and this one has another. Never
 * keeps the secret.
 */
BG_MUST_CHECK enum bg_err bg_sharetyper_recover(struct bg_sharetyper *t, const char *account,
                                                const struct bg_identity *host);

/* The same, for a program that goes on with the secret: bytes of it (set->bytes) into secret, for BG_OK
 * alone. The caller wipes it. */
BG_MUST_CHECK enum bg_err bg_sharetyper_secret(struct bg_sharetyper *t, const char *account,
                                               const struct bg_identity *host,
                                               uint8_t secret[SLIP39_MAX_BYTES]);

void bg_sharetyper_wipe(struct bg_sharetyper *t);

#endif
