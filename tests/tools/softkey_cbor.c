#include "softkey_cbor.h"

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
