/* SPDX-License-Identifier: ISC */
#include "cbor.h"

#include <string.h>

/* ---- writing --------------------------------------------------------------------------------------- */

void sk_put_raw(struct sk_out *o, const void *p, size_t n)
{
    if (o->full || n > o->cap - o->len) {
        o->full = true;
    } else if (n > 0) {
        memcpy(o->buf + o->len, p, n);
        o->len += n;
    }
}

/* A head in its shortest form: type in the upper three bits, then the number. */
static void head(struct sk_out *o, uint8_t type, uint64_t v)
{
    uint8_t b[9];
    size_t n = v < 24 ? 0 : v <= 0xff ? 1 : v <= 0xffff ? 2 : v <= 0xffffffffu ? 4 : 8;
    uint8_t code = n == 0 ? (uint8_t)v : (uint8_t)(n == 1 ? 24 : n == 2 ? 25 : n == 4 ? 26 : 27);

    b[0] = (uint8_t)(type << 5 | code);
    for (size_t i = 0; i < n; i++)
        b[n - i] = (uint8_t)(v >> (8 * i));
    sk_put_raw(o, b, n + 1);
}

void sk_put_int(struct sk_out *o, int64_t v)
{
    head(o, v < 0, v < 0 ? (uint64_t)(-1 - v) : (uint64_t)v);
}

void sk_put_bytes(struct sk_out *o, const void *p, size_t n)
{
    head(o, 2, n);
    sk_put_raw(o, p, n);
}

void sk_put_text(struct sk_out *o, const char *s)
{
    head(o, 3, strlen(s));
    sk_put_raw(o, s, strlen(s));
}

void sk_put_array(struct sk_out *o, size_t items)
{
    head(o, 4, items);
}

void sk_put_map(struct sk_out *o, size_t pairs)
{
    head(o, 5, pairs);
}

void sk_put_bool(struct sk_out *o, bool v)
{
    head(o, 7, v ? 21 : 20);
}

/* ---- reading --------------------------------------------------------------------------------------- */

#define DEPTH_MAX 4 /* of maps and arrays in a request (section 8) */

/* The head of an item: its type and number. Returns its length; 0 if cut off or of indefinite length. */
static size_t read_head(const uint8_t *p, size_t n, uint8_t *type, uint64_t *v)
{
    size_t more;

    if (n == 0 || (p[0] & 31) > 27)
        return 0;
    *type = p[0] >> 5;
    *v = p[0] & 31;
    more = *v < 24 ? 0 : (size_t)1 << (*v - 24);
    if (n - 1 < more)
        return 0;
    for (size_t i = 0; i < more; i++)
        *v = i == 0 ? p[1] : *v << 8 | p[1 + i];
    return 1 + more;
}

/* The length of the item at p; 0 if it does not fit into n bytes or is nested too deep. */
static size_t item_length(const uint8_t *p, size_t n, int depth)
{
    uint8_t type = 0;
    uint64_t v = 0;
    size_t len = read_head(p, n, &type, &v), item;

    if (len == 0 || type == 6 || (type == 7 && p[0] > 0xf7))
        return 0; /* CTAP2 has no tags and no floating point */
    if (type == 2 || type == 3)
        return v <= n - len ? len + (size_t)v : 0;
    if (type != 4 && type != 5)
        return len;
    if (depth == DEPTH_MAX || v > n - len)
        return 0;
    for (uint64_t i = 0; i < (type == 5 ? 2 * v : v); i++, len += item)
        if ((item = item_length(p + len, n - len, depth + 1)) == 0)
            return 0;
    return len;
}

cbor_item_t *sk_load(const uint8_t *p, size_t n)
{
    struct cbor_load_result result;

    return item_length(p, n, 0) == n ? cbor_load(p, n, &result) : NULL;
}

bool sk_is_int(cbor_item_t *item, int64_t *v)
{
    uint64_t u;

    if (item == NULL || !cbor_is_int(item) || (u = cbor_get_int(item)) > INT64_MAX)
        return false;
    *v = cbor_isa_negint(item) ? -1 - (int64_t)u : (int64_t)u;
    return true;
}

bool sk_is_bool(cbor_item_t *item, bool *v)
{
    if (item == NULL || !cbor_isa_float_ctrl(item) || !cbor_is_bool(item))
        return false;
    *v = cbor_get_bool(item);
    return true;
}

bool sk_is_bytes(cbor_item_t *item, struct sk_bytes *b)
{
    if (item == NULL || !cbor_isa_bytestring(item) || !cbor_bytestring_is_definite(item))
        return false;
    b->p = cbor_bytestring_handle(item);
    b->len = cbor_bytestring_length(item);
    return true;
}

bool sk_is_text(cbor_item_t *item, char *s, size_t cap)
{
    size_t n;

    if (item == NULL || !cbor_isa_string(item) || !cbor_string_is_definite(item) ||
        (n = cbor_string_length(item)) >= cap)
        return false;
    if (n > 0)
        memcpy(s, cbor_string_handle(item), n);
    s[n] = '\0';
    return true;
}

static bool is_map(cbor_item_t *item)
{
    return item != NULL && cbor_isa_map(item) && cbor_map_is_definite(item);
}

cbor_item_t *sk_get(cbor_item_t *map, int64_t key)
{
    struct cbor_pair *pair = is_map(map) ? cbor_map_handle(map) : NULL;
    int64_t k;

    for (size_t i = 0; pair != NULL && i < cbor_map_size(map); i++)
        if (sk_is_int(pair[i].key, &k) && k == key)
            return pair[i].value;
    return NULL;
}

cbor_item_t *sk_get_text(cbor_item_t *map, const char *key)
{
    struct cbor_pair *pair = is_map(map) ? cbor_map_handle(map) : NULL;
    char k[64];

    for (size_t i = 0; pair != NULL && i < cbor_map_size(map); i++)
        if (sk_is_text(pair[i].key, k, sizeof(k)) && strcmp(k, key) == 0)
            return pair[i].value;
    return NULL;
}

cbor_item_t *sk_at(cbor_item_t *array, size_t i)
{
    if (array == NULL || !cbor_isa_array(array) || !cbor_array_is_definite(array) ||
        i >= cbor_array_size(array))
        return NULL;
    return cbor_array_handle(array)[i];
}
