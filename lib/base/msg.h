/*
 * Every sentence an operator can see, in one table (base/messages.def) with a stable id.
 *
 * The manual breakglass-messages(7) is made from the same table, so no id can be missing there.
 * Sentences carry %1 .. %4, filled with text that is made harmless on the way.
 */
#ifndef BG_BASE_MSG_H
#define BG_BASE_MSG_H

#include <stddef.h>

enum bg_msg_id {
#define BG_MESSAGE(number, name, what, means, next) BG_M_##name = number,
#include "base/messages.def"
#undef BG_MESSAGE
};

/* Room for the longest sentence with its id. */
#define BG_MSG_MAX 1024

/*
 * "BG201 Word 7 is not in the word list." into out. args: up to four strings, NULL-ended; each is
 * escaped to printable ASCII. Returns the length written.
 */
size_t bg_msg_text(char *out, size_t cap, enum bg_msg_id id, const char *const *args);

/* The same followed by the sentence that says what to do next. */
size_t bg_msg_full(char *out, size_t cap, enum bg_msg_id id, const char *const *args);

/* BG_ARGS("a", "b") makes the NULL-ended list. */
#define BG_ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define BG_NOARGS    ((const char *const[]){NULL})

/* "BG201" into out[8]. */
void bg_msg_name(char out[8], enum bg_msg_id id);

/* The three parts of one entry, static storage; NULL for an unknown number. For the manual's test. */
const char *bg_msg_what(enum bg_msg_id id);
const char *bg_msg_means(enum bg_msg_id id);
const char *bg_msg_next(enum bg_msg_id id);

#endif
