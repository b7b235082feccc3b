/* SPDX-License-Identifier: ISC */
/* What a key remembers when unplugged: one JSON file, mode 0600. */
#ifndef SOFTKEY_STORE_H
#define SOFTKEY_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "cred.h"

#define SK_PIN_HASH    16
#define SK_PIN_RETRIES 8
#define SK_UV_RETRIES  5
#define SK_USER_MAX    64

enum sk_count {
    SK_COUNT_STEP,
    SK_COUNT_BACK,
    SK_COUNT_FROZEN,
    SK_COUNT_NONE
};

struct sk_resident {
    uint8_t id[SK_CRED_ID];
    char rp_id[SK_RPID_MAX];
    uint8_t user_id[SK_USER_MAX];
    size_t user_id_len;
    char user_name[SK_USER_MAX + 1];
    char display_name[SK_USER_MAX + 1];
};

struct sk_store {
    const char *path; /* NULL: nothing is kept beyond the program's end; not owned */
    uint8_t secret[SK_KEY];
    uint32_t counter; /* the last value used */
    bool has_pin;
    uint8_t pin_hash[SK_PIN_HASH];
    unsigned pin_retries;
    unsigned uv_retries;
    struct sk_resident resident[SK_RESIDENT]; /* oldest first */
    size_t residents;

    enum sk_count count; /* not in the file: how the counter goes */
    uint32_t step;
};

/* Read the file, or begin a new key if there is none. False if it is damaged or cannot be written. */
bool sk_store_load(struct sk_store *s, const char *path);

/* Write the file; a failure is only reported on stderr, as nothing else can be done about it. */
void sk_store_save(const struct sk_store *s);

/* Forget everything, as after a reset: the secret is new, so that old credential ids are dead. */
void sk_store_reset(struct sk_store *s);

/* Keep LEFT(SHA-256(pin), 16) as the PIN and reset the retries. */
void sk_store_set_pin(struct sk_store *s, const void *pin, size_t n);

/* "N", "back", "frozen", "none" (always 0). */
bool sk_store_set_count(struct sk_store *s, const char *text);

/* The counter of the next signature. */
uint32_t sk_store_count(struct sk_store *s);

/* NULL when it is not there. */
struct sk_resident *sk_store_by_id(const struct sk_store *s, const uint8_t id[SK_CRED_ID]);

/* Add, in place of one with the same rp and user. False: no room. */
bool sk_store_add(struct sk_store *s, const struct sk_resident *r);
void sk_store_remove(struct sk_store *s, struct sk_resident *r);

#endif
