/* SPDX-License-Identifier: ISC */
/*
 * Sentences that an operator can see. Each has a number of its own, from 100 to 9999. A number that is no
 * longer used is never given to another sentence.
 *
 * A room that says something has a table of its own, messages.def, of entries
 *
 *     BG_MESSAGE(number, NAME, what happened, what it means, what to do next)
 *
 * in plain ASCII. The first and the last end in a full stop, a question mark or a colon and may carry %1 ..
 * %4; the last may be empty. The C code sees entry NAME as BG_M_NAME; what it means stands in
 * breakglass-messages(7) only, which is made from the same tables.
 */
#ifndef BG_BASE_MSG_H
#define BG_BASE_MSG_H

#include <stddef.h>
#include <stdint.h>

struct bg_message {
    unsigned number;
    const char *what, *next; /* next may be "" */
    const char *id;          /* of at most 7 characters, instead of "BG" and the number; NULL: none */
};

/* For a room's messages.h and messages.c. An array of one, so that its name alone is a pointer to it. */
#define BG_MESSAGE_DECLARED(number, name, what, means, next) extern const struct bg_message BG_M_##name[1];
#define BG_MESSAGE_DEFINED(number, name, what, means, next)                                                  \
    const struct bg_message BG_M_##name[1] = {{number, what, next, NULL}};

/* Room for a sentence with its number: the tables leave half of it to the arguments. */
#define BG_MSG_MAX 1024

/*
 * "BG201 Word 7 is not in the word list." into out, NUL-ended and cut at cap (> 0). args: up to four strings,
 * NULL-ended; each is escaped to printable ASCII, one that is missing is a "?". Returns the length written.
 */
size_t bg_msg_text(char *out, size_t cap, const struct bg_message *m, const char *const *args);

/* The same followed by the sentence that says what to do next. */
size_t bg_msg_full(char *out, size_t cap, const struct bg_message *m, const char *const *args);

/*
 * For a person in a dialogue, who is to hear the sentence first: "Only word 7 is wrong. (BG204)", with what
 * to do next in between. UTF-8: letters stay what they are, what is hostile in arguments is escaped.
 */
size_t bg_msg_say(char *out, size_t cap, const struct bg_message *m, const char *const *args);

/*
 * For the sentence of an event, as bg_msg_text but with the arguments as they are: whatever renders the event
 * escapes them, once (record/event.h).
 */
size_t bg_msg_raw(char *out, size_t cap, const struct bg_message *m, const char *const *args);

/* BG_ARGS("a", "b") makes the NULL-ended list. */
#define BG_ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define BG_NOARGS    ((const char *const[]){NULL})

/* A number among them; good until the end of the block. */
#define BG_DIGITS(n) bg_msg_digits((char[24]){0}, (int64_t)(n))
const char *bg_msg_digits(char out[24], int64_t n);

/* "1 second", "3 seconds": a number with its noun, which takes an s (and has at most 24 letters). */
#define BG_COUNTED(n, noun) bg_msg_counted((char[48]){0}, (int64_t)(n), noun)
const char *bg_msg_counted(char out[48], int64_t n, const char *noun);

/* "BG201" into out. */
void bg_msg_name(char out[8], const struct bg_message *m);

#endif
