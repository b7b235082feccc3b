/* SPDX-License-Identifier: ISC */
#include "store.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/safefile.h"

#define FILE_MAX (256 * 1024)

/* ---- hex ------------------------------------------------------------------------------------------- */

static json_t *hex(const uint8_t *p, size_t n)
{
    char s[2 * SK_CRED_ID + 2 * SK_USER_MAX + 1] = "";

    for (size_t i = 0; i < n; i++)
        (void)snprintf(s + 2 * i, 3, "%02x", p[i]);
    return json_string(s);
}

/* Bytes of hex text, at most cap; false: no text, not hex, too long. */
static bool unhex(const json_t *j, uint8_t *out, size_t cap, size_t *n)
{
    const char *s = json_string_value(j);

    if (s == NULL || strlen(s) % 2 != 0 || strlen(s) / 2 > cap || strspn(s, "0123456789abcdef") != strlen(s))
        return false;
    *n = strlen(s) / 2;
    for (size_t i = 0; i < *n; i++)
        (void)sscanf(s + 2 * i, "%2hhx", &out[i]);
    return true;
}

static bool unhex_whole(const json_t *j, uint8_t *out, size_t len)
{
    size_t n = 0;

    return unhex(j, out, len, &n) && n == len;
}

static bool text(const json_t *j, char *out, size_t cap)
{
    const char *s = json_string_value(j);

    return s != NULL && (size_t)snprintf(out, cap, "%s", s) < cap;
}

static bool number(const json_t *j, uint32_t max, uint32_t *out)
{
    json_int_t v = json_integer_value(j);

    if (!json_is_integer(j) || v < 0 || v > (json_int_t)max)
        return false;
    *out = (uint32_t)v;
    return true;
}

/* ---- file ------------------------------------------------------------------------------------------ */

static bool read_resident(const json_t *j, struct sk_resident *r)
{
    return unhex_whole(json_object_get(j, "id"), r->id, sizeof(r->id)) &&
           text(json_object_get(j, "rp"), r->rp_id, sizeof(r->rp_id)) &&
           unhex(json_object_get(j, "user"), r->user_id, sizeof(r->user_id), &r->user_id_len) &&
           text(json_object_get(j, "name"), r->user_name, sizeof(r->user_name)) &&
           text(json_object_get(j, "display"), r->display_name, sizeof(r->display_name));
}

static bool read_all(const json_t *j, struct sk_store *s)
{
    const json_t *pin = json_object_get(j, "pin_hash"), *list = json_object_get(j, "credentials");

    if (!unhex_whole(json_object_get(j, "secret"), s->secret, sizeof(s->secret)) ||
        !number(json_object_get(j, "counter"), UINT32_MAX, &s->counter) ||
        !number(json_object_get(j, "pin_retries"), SK_PIN_RETRIES, &s->pin_retries) ||
        !number(json_object_get(j, "uv_retries"), SK_UV_RETRIES, &s->uv_retries) || !json_is_array(list) ||
        json_array_size(list) > SK_RESIDENT)
        return false;
    s->has_pin = pin != NULL;
    if (pin != NULL && !unhex_whole(pin, s->pin_hash, sizeof(s->pin_hash)))
        return false;
    for (s->residents = 0; s->residents < json_array_size(list); s->residents++)
        if (!read_resident(json_array_get(list, s->residents), &s->resident[s->residents]))
            return false;
    return true;
}

bool sk_store_load(struct sk_store *s, const char *path)
{
    char *data = NULL;
    size_t n;
    json_t *j;
    bool ok;
    enum bg_err r;

    s->path = path;
    if (path == NULL || (r = bg_file_slurp(path, FILE_MAX, &data, &n)) == BG_E_NOENT) {
        sk_store_reset(s);
        return true;
    }
    if (r != BG_OK) {
        (void)fprintf(stderr, "softkey: %s: %s\n", path, bg_strerror(r));
        return false;
    }
    j = json_loadb(data, n, JSON_REJECT_DUPLICATES, NULL);
    if (!(ok = read_all(j, s)))
        (void)fprintf(stderr, "softkey: %s is damaged\n", path);
    json_decref(j);
    free(data);
    return ok;
}

static json_t *to_json(const struct sk_store *s)
{
    json_t *list = json_array();
    json_t *j = json_pack("{s:o, s:I, s:I, s:I, s:O}", "secret", hex(s->secret, sizeof(s->secret)), "counter",
                          (json_int_t)s->counter, "pin_retries", (json_int_t)s->pin_retries, "uv_retries",
                          (json_int_t)s->uv_retries, "credentials", list);

    if (s->has_pin)
        json_object_set_new(j, "pin_hash", hex(s->pin_hash, sizeof(s->pin_hash)));
    for (size_t i = 0; i < s->residents; i++) {
        const struct sk_resident *r = &s->resident[i];
        json_array_append_new(list, json_pack("{s:o, s:s, s:o, s:s, s:s}", "id", hex(r->id, sizeof(r->id)),
                                              "rp", r->rp_id, "user", hex(r->user_id, r->user_id_len), "name",
                                              r->user_name, "display", r->display_name));
    }
    json_decref(list);
    return j;
}

void sk_store_save(const struct sk_store *s)
{
    json_t *j;
    char *out;
    enum bg_err r = BG_E_NOMEM;

    if (s->path == NULL)
        return;
    j = to_json(s);
    out = json_dumps(j, JSON_INDENT(1));
    if (out != NULL)
        r = bg_file_replace(s->path, out, strlen(out), 0600, (uid_t)-1, (gid_t)-1);
    if (r != BG_OK)
        (void)fprintf(stderr, "softkey: writing %s: %s\n", s->path, bg_strerror(r));
    free(out);
    json_decref(j);
}

/* ---- contents -------------------------------------------------------------------------------------- */

void sk_store_reset(struct sk_store *s)
{
    sk_random(s->secret, sizeof(s->secret));
    s->counter = 0;
    s->has_pin = false;
    s->pin_retries = SK_PIN_RETRIES;
    s->uv_retries = SK_UV_RETRIES;
    s->residents = 0;
    sk_store_save(s);
}

void sk_store_set_pin(struct sk_store *s, const void *pin, size_t n)
{
    uint8_t hash[SK_HASH];

    sk_sha256(pin, n, hash);
    memcpy(s->pin_hash, hash, SK_PIN_HASH);
    s->has_pin = true;
    s->pin_retries = SK_PIN_RETRIES;
    sk_store_save(s);
}

bool sk_store_set_count(struct sk_store *s, const char *text_)
{
    char *end;
    unsigned long step = strtoul(text_, &end, 10);

    if (strcmp(text_, "back") == 0)
        s->count = SK_COUNT_BACK;
    else if (strcmp(text_, "frozen") == 0)
        s->count = SK_COUNT_FROZEN;
    else if (strcmp(text_, "none") == 0)
        s->count = SK_COUNT_NONE;
    else if (end != text_ && *end == '\0' && step > 0 && step <= 1000000) {
        s->count = SK_COUNT_STEP;
        s->step = (uint32_t)step;
    } else {
        return false;
    }
    return true;
}

uint32_t sk_store_count(struct sk_store *s)
{
    if (s->count == SK_COUNT_NONE)
        return 0;
    if (s->count == SK_COUNT_STEP)
        s->counter += s->step;
    else if (s->count == SK_COUNT_BACK && s->counter > 0)
        s->counter--;
    sk_store_save(s);
    return s->counter;
}

struct sk_resident *sk_store_by_id(const struct sk_store *s, const uint8_t id[SK_CRED_ID])
{
    for (size_t i = 0; i < s->residents; i++)
        if (memcmp(s->resident[i].id, id, SK_CRED_ID) == 0)
            return (struct sk_resident *)&s->resident[i];
    return NULL;
}

bool sk_store_add(struct sk_store *s, const struct sk_resident *r)
{
    for (size_t i = 0; i < s->residents; i++) {
        struct sk_resident *old = &s->resident[i];
        if (strcmp(old->rp_id, r->rp_id) == 0 && old->user_id_len == r->user_id_len &&
            memcmp(old->user_id, r->user_id, r->user_id_len) == 0) {
            sk_store_remove(s, old);
            break;
        }
    }
    if (s->residents == SK_RESIDENT)
        return false;
    s->resident[s->residents++] = *r;
    sk_store_save(s);
    return true;
}

void sk_store_remove(struct sk_store *s, struct sk_resident *r)
{
    size_t i = (size_t)(r - s->resident);

    memmove(r, r + 1, (s->residents - i - 1) * sizeof(*r));
    s->residents--;
    sk_store_save(s);
}
