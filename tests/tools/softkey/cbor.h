/* SPDX-License-Identifier: ISC */
/*
 * CBOR as CTAP2 wants it (section 8): read with libcbor, written in order by the caller. Canonical order of
 * keys: unsigned before negative before text, then the shorter, then the smaller.
 */
#ifndef SOFTKEY_CBOR_H
#define SOFTKEY_CBOR_H

#include <cbor.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sk_out {
    uint8_t *buf; /* not owned */
    size_t cap, len;
    bool full; /* something did not fit: the answer must not be used */
};

struct sk_bytes {
    const uint8_t *p; /* points into the item that it was read from */
    size_t len;
};

void sk_put_map(struct sk_out *o, size_t pairs);
void sk_put_array(struct sk_out *o, size_t items);
void sk_put_int(struct sk_out *o, int64_t v);
void sk_put_bytes(struct sk_out *o, const void *p, size_t n);
void sk_put_text(struct sk_out *o, const char *s);
void sk_put_bool(struct sk_out *o, bool v);
void sk_put_raw(struct sk_out *o, const void *p, size_t n);

/*
 * Read one item that fills the n bytes; NULL: it does not, or is nested too deep. The caller frees it by
 * cbor_decref. Looked over first, as libcbor allocates whatever an array announces.
 */
cbor_item_t *sk_load(const uint8_t *p, size_t n);

/* The value of a key of a map, or NULL: not there, or no map. Borrowed from the map. */
cbor_item_t *sk_get(cbor_item_t *map, int64_t key);
cbor_item_t *sk_get_text(cbor_item_t *map, const char *key);

/* The value of an item; false when it is NULL or of another type. Text is copied and ended with NUL; longer:
 * false. */
bool sk_is_int(cbor_item_t *item, int64_t *v);
bool sk_is_bool(cbor_item_t *item, bool *v);
bool sk_is_bytes(cbor_item_t *item, struct sk_bytes *b);
bool sk_is_text(cbor_item_t *item, char *s, size_t cap);

/* The i-th item of an array, or NULL. Borrowed. */
cbor_item_t *sk_at(cbor_item_t *array, size_t i);

#endif
