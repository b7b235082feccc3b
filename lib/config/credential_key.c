/* The sections [key LABEL] of a credentials file, and the words of its enums. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "config/credential_parts.h"

bool credential_time(const char *value, char out[BG_TIME_LEN])
{
    static const char form[] = "0000-00-00T00:00:00.000000Z";

    if (strlen(value) != sizeof form - 1)
        return false;
    for (size_t i = 0; i < sizeof form - 1; i++)
        if (form[i] == '0' ? value[i] < '0' || value[i] > '9' : value[i] != form[i])
            return false;
    memcpy(out, value, sizeof form);
    return true;
}

void credential_put(struct credential_out *o, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(o->text + o->n, sizeof o->text - o->n, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof o->text - o->n)
        o->full = true;
    else
        o->n += (size_t)n;
}

void credential_put_hex(struct credential_out *o, const char *key, const uint8_t *bytes, size_t n)
{
    credential_put(o, "%s = ", key);
    for (size_t i = 0; i < n; i++)
        credential_put(o, "%02x", bytes[i]);
    credential_put(o, "\n");
}

static const char *const requires[] = {"any", "key", "shares", "key+shares"};
static const char *const uvs[] = {NULL, "required", "preferred", "no"};
static const char *const types[] = {NULL, "es256", "eddsa"};

/* The place of s in a list of n words, -1 when it is not there. */
static int place(const char *const *list, int n, const char *s)
{
    for (int i = 0; i < n; i++)
        if (list[i] != NULL && strcmp(list[i], s) == 0)
            return i;
    return -1;
}

const char *bg_require_name(enum bg_require r)
{
    return (unsigned)r <= BG_REQUIRE_BOTH ? requires[r] : "?";
}

bool bg_require_parse(const char *s, enum bg_require *out)
{
    int at = place(requires, 4, s);

    if (at >= 0)
        *out = (enum bg_require)at;
    return at >= 0;
}

const char *bg_key_uv_name(enum bg_key_uv uv)
{
    return uv >= BG_UV_REQUIRED && uv <= BG_UV_NO ? uvs[uv] : "?";
}

bool bg_key_uv_parse(const char *s, enum bg_key_uv *out)
{
    int at = place(uvs, 4, s);

    if (at >= 0)
        *out = (enum bg_key_uv)at;
    return at >= 0;
}

bool bg_key_label_valid(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-");

    return n > 0 && n < BG_KEY_LABEL && s[n] == '\0';
}

enum pair {
    TYPE,
    ID,
    PUBLIC,
    RP,
    AAGUID,
    FIRMWARE,
    UV,
    CREATED,
    PAIRS
};
static const char *const pair_name[PAIRS] = {"type",   "id",       "public-key", "rp-id",
                                             "aaguid", "firmware", "uv",         "created"};

/* The length decides; the type may stand before or after, so credential_keys_whole compares the two. */
static bool public_key(const char *value, struct bg_fido_public *pub)
{
    size_t bytes = strlen(value) / 2;

    memset(pub->bytes, 0, sizeof pub->bytes);
    return (bytes == 32 || bytes == 64) && bg_unhex(value, pub->bytes, bytes);
}

/* A name as in DNS: what goes to the key, and is shown. */
static bool rp_id(const char *value, char out[BG_FIDO_RP])
{
    size_t n = strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");

    if (n == 0 || n >= BG_FIDO_RP || value[n] != '\0')
        return false;
    memcpy(out, value, n + 1);
    return true;
}

static bool firmware(const char *value, uint32_t *out)
{
    size_t n = strspn(value, "0123456789");
    unsigned long long v = strtoull(value, NULL, 10);

    *out = (uint32_t)v;
    return n > 0 && n <= 10 && value[n] == '\0' && v <= UINT32_MAX;
}

static bool set_pair(struct bg_key *k, size_t *public_bytes, enum pair p, const char *value)
{
    size_t n = strlen(value);
    int at;

    switch (p) {
    case TYPE:
        at = place(types, 3, value);
        k->pub.type = at < 0 ? 0 : (enum bg_fido_type)at;
        return at >= 0;
    case ID:
        k->id.len = (uint16_t)(n / 2);
        return n / 2 >= 1 && n / 2 <= BG_FIDO_ID && bg_unhex(value, k->id.bytes, n / 2);
    case PUBLIC:
        *public_bytes = n / 2;
        return public_key(value, &k->pub);
    case RP:
        return rp_id(value, k->rp);
    case AAGUID:
        return bg_unhex(value, k->aaguid, sizeof k->aaguid);
    case FIRMWARE:
        return firmware(value, &k->firmware);
    case UV:
        return bg_key_uv_parse(value, &k->uv);
    case CREATED:
        return credential_time(value, k->created);
    case PAIRS:
        break;
    }
    return false;
}

#define LONG_PUBLIC (1u << PAIRS) /* beside the bits of the pairs: the public key had 64 bytes */

static enum bg_err begin_key(struct bg_credential *c, const char *label, char *why, size_t cap)
{
    if (c->key_count == BG_KEYS_MAX || !bg_key_label_valid(label)) {
        (void)snprintf(why, cap, c->key_count == BG_KEYS_MAX ? "more than %d keys" : "not a label of a key",
                       BG_KEYS_MAX);
        return BG_E_SYNTAX;
    }
    memcpy(c->key[c->key_count++].label, label, strlen(label) + 1);
    return BG_OK;
}

enum bg_err credential_key_pair(struct bg_credential *c, unsigned *seen, const char *label, const char *key,
                                const char *value, char *why, size_t cap)
{
    size_t public_bytes = 0;
    int at;

    if (key == NULL)
        return begin_key(c, label, why, cap);
    if ((at = place(pair_name, PAIRS, key)) < 0) {
        (void)snprintf(why, cap, "unknown key %s in [key %s]", key, label);
        return BG_E_SYNTAX;
    }
    if (!set_pair(&c->key[c->key_count - 1], &public_bytes, (enum pair)at, value)) {
        (void)snprintf(why, cap, "not a good value of %s", key);
        return BG_E_SYNTAX;
    }
    seen[c->key_count - 1] |= 1u << at | (public_bytes == 64 ? LONG_PUBLIC : 0);
    return BG_OK;
}

static bool same_id(const struct bg_fido_id *a, const struct bg_fido_id *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

static const char *what_lacks(const struct bg_credential *c, size_t i, unsigned seen)
{
    for (int p = 0; p < PAIRS; p++)
        if ((seen & 1u << p) == 0)
            return pair_name[p];
    if ((c->key[i].pub.type == BG_FIDO_ES256) != ((seen & LONG_PUBLIC) != 0))
        return "a public-key of its type";
    for (size_t k = 0; k < i; k++)
        if (same_id(&c->key[k].id, &c->key[i].id))
            return "an id of its own";
    return NULL;
}

bool credential_keys_whole(const struct bg_credential *c, const unsigned *seen, struct bg_ini_error *e)
{
    for (size_t i = 0; i < c->key_count; i++) {
        const char *lacks = what_lacks(c, i, seen[i]);
        if (lacks == NULL)
            continue;
        (void)snprintf(e->text, sizeof e->text, "[key %s] lacks %s", c->key[i].label, lacks);
        return false;
    }
    return true;
}

void credential_put_keys(struct credential_out *o, const struct bg_credential *c)
{
    for (size_t i = 0; i < c->key_count && i < BG_KEYS_MAX; i++) {
        const struct bg_key *k = &c->key[i];
        credential_put(o, "\n[key %.*s]\n", BG_KEY_LABEL - 1, k->label);
        credential_put(o, "%s = %s\n", pair_name[TYPE], k->pub.type == BG_FIDO_ES256 ? "es256" : "eddsa");
        credential_put_hex(o, pair_name[ID], k->id.bytes, k->id.len <= BG_FIDO_ID ? k->id.len : 0);
        credential_put_hex(o, pair_name[PUBLIC], k->pub.bytes, bg_fido_public_len(k->pub.type));
        credential_put(o, "%s = %.*s\n", pair_name[RP], BG_FIDO_RP - 1, k->rp);
        credential_put_hex(o, pair_name[AAGUID], k->aaguid, sizeof k->aaguid);
        credential_put(o, "%s = %u\n", pair_name[FIRMWARE], k->firmware);
        credential_put(o, "%s = %s\n", pair_name[UV], bg_key_uv_name(k->uv));
        credential_put(o, "%s = %.*s\n", pair_name[CREATED], BG_TIME_LEN - 1, k->created);
    }
}
