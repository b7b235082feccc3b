/* SPDX-License-Identifier: ISC */
#include "record/scan.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

#define KEYS_MAX        64 /* members of one object */
#define DEPTH_MAX       8
#define DIGITS_MAX      18 /* of a number: it fits into 64 bits */
#define SEQUENCE_DIGITS 20

/* How a line ends, from the end of its body on. */
#define HASH_KEY ",\"linehash\":\""
#define SEAL_KEY "\",\"seal\":"
#define HASH_END (sizeof HASH_KEY - 1 + BG_HASH_HEX + sizeof SEAL_KEY - 1)

struct text {
    const char *s;
    size_t n;
};

struct reader {
    const char *p, *end;
};

/* The members of one object so far. */
struct names {
    struct text name[KEYS_MAX];
    size_t n;
    uint64_t seen; /* a bit for each of their marks */
};

static bool value(struct reader *r, unsigned depth);

static bool take(struct reader *r, char c)
{
    if (r->p == r->end || *r->p != c)
        return false;
    r->p++;
    return true;
}

/* After a backslash. */
static bool escape(struct reader *r)
{
    if (r->p == r->end || *r->p == '\0' || strchr("\"\\/bfnrt", *r->p) == NULL)
        return false;
    r->p++;
    return true;
}

/* A string; what stands between its quotes. */
static bool string(struct reader *r, struct text *t)
{
    if (!take(r, '"'))
        return false;
    t->s = r->p;
    while (r->p < r->end) {
        uint8_t c = (uint8_t)*r->p;
        uint32_t cp;
        size_t n;
        if (c == '"') {
            t->n = (size_t)(r->p++ - t->s);
            return true;
        }
        if (c < 0x20)
            return false;
        if (c == '\\') {
            r->p++;
            if (!escape(r))
                return false;
        } else if (c < 0x80) {
            r->p++;
        } else if ((n = bg_utf8_next(r->p, (size_t)(r->end - r->p), &cp)) > 0) {
            r->p += n;
        } else {
            return false;
        }
    }
    return false;
}

/* Two names with one mark may differ, but not the other way round. */
static uint64_t mark(const struct text *t)
{
    return UINT64_C(1) << ((t->n * 5 + (uint8_t)t->s[0] * 3u + (uint8_t)t->s[t->n - 1]) & 63);
}

/* Is the name new, and spelled in one way only? */
static bool name_is_new(struct names *k, const struct text *t)
{
    uint64_t m;

    if (t->n == 0 || k->n == KEYS_MAX || memchr(t->s, '\\', t->n) != NULL)
        return false;
    m = mark(t);
    for (size_t i = 0; (k->seen & m) != 0 && i < k->n; i++)
        if (k->name[i].n == t->n && memcmp(k->name[i].s, t->s, t->n) == 0)
            return false;
    k->seen |= m;
    k->name[k->n++] = *t;
    return true;
}

static bool name(struct reader *r, struct names *k, struct text *t)
{
    return string(r, t) && name_is_new(k, t) && take(r, ':');
}

static bool object(struct reader *r, unsigned depth)
{
    struct names k;
    struct text t;

    k.n = 0;
    k.seen = 0;
    if (!take(r, '{'))
        return false;
    if (take(r, '}'))
        return true;
    do {
        if (!name(r, &k, &t) || !value(r, depth))
            return false;
    } while (take(r, ','));
    return take(r, '}');
}

static bool array(struct reader *r, unsigned depth)
{
    if (!take(r, '['))
        return false;
    if (take(r, ']'))
        return true;
    do {
        if (!value(r, depth))
            return false;
    } while (take(r, ','));
    return take(r, ']');
}

static bool number(struct reader *r)
{
    const char *first;

    (void)take(r, '-');
    first = r->p;
    while (r->p < r->end && *r->p >= '0' && *r->p <= '9')
        r->p++;
    if (r->p == first || r->p - first > DIGITS_MAX || (*first == '0' && r->p - first > 1))
        return false;
    return r->p < r->end && strchr(",]}", *r->p) != NULL && *r->p != '\0';
}

static bool word(struct reader *r, const char *w)
{
    size_t n = strlen(w);

    if ((size_t)(r->end - r->p) < n || memcmp(r->p, w, n) != 0)
        return false;
    r->p += n;
    return true;
}

static bool value(struct reader *r, unsigned depth)
{
    struct text t;

    if (r->p == r->end || depth == DEPTH_MAX)
        return false;
    switch (*r->p) {
    case '"':
        return string(r, &t);
    case '{':
        return object(r, depth + 1);
    case '[':
        return array(r, depth + 1);
    case 't':
        return word(r, "true");
    case 'f':
        return word(r, "false");
    case 'n':
        return word(r, "null");
    default:
        return number(r);
    }
}

static bool is(const struct text *t, const char *w)
{
    return strlen(w) == t->n && memcmp(t->s, w, t->n) == 0;
}

static bool hex(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((s[i] < '0' || s[i] > '9') && (s[i] < 'a' || s[i] > 'f'))
            return false;
    return true;
}

static bool decimal(const char *s, size_t n, uint64_t *out)
{
    uint64_t v = 0;

    for (size_t i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9' || v > (UINT64_MAX - 9) / 10)
            return false;
        v = v * 10 + (uint64_t)(s[i] - '0');
    }
    *out = v;
    return true;
}

/* A member that the chain is made of. */
static bool link_member(const struct text *k, const struct text *v, struct bg_scan *s)
{
    if (is(k, "type")) {
        if (memchr(v->s, '\\', v->n) != NULL)
            return false;
        s->type = v->s;
        s->type_len = v->n;
    } else if (is(k, "journalid")) {
        if (v->n != BG_JOURNALID_LEN || !hex(v->s, v->n))
            return false;
        memcpy(s->at.last.journalid, v->s, v->n);
    } else if (is(k, "sequence")) {
        return v->n == SEQUENCE_DIGITS && decimal(v->s, v->n, &s->at.last.sequence);
    } else if (is(k, "prevhash")) {
        if (v->n != BG_HASH_HEX || !hex(v->s, v->n))
            return false;
        memcpy(s->at.head, v->s, v->n);
    }
    return true;
}

/* ,"linehash":"H","seal":null} or with a seal of 64 digits; the body is what stands before. */
static bool ending(const char *line, size_t len, struct bg_scan *s)
{
    size_t seal = sizeof "null}" - 1;
    const char *tail;

    if (len < 2 || line[len - 1] != '}')
        return false;
    s->sealed = line[len - 2] == '"';
    if (s->sealed)
        seal = 1 + BG_HASH_HEX + 2;
    if (len < seal + HASH_END + 2)
        return false;
    s->body = len - seal - HASH_END;
    tail = line + s->body;
    s->linehash = tail + sizeof HASH_KEY - 1;
    return memcmp(tail, HASH_KEY, sizeof HASH_KEY - 1) == 0 && hex(s->linehash, BG_HASH_HEX) &&
           memcmp(s->linehash + BG_HASH_HEX, SEAL_KEY, sizeof SEAL_KEY - 1) == 0 &&
           (s->sealed ? line[len - seal] == '"' && hex(line + len - seal + 1, BG_HASH_HEX)
                      : memcmp(line + len - seal, "null}", seal) == 0);
}

/* The members before the hash; that one and the seal come again nowhere. */
static bool members(struct reader *r, struct bg_scan *s)
{
    struct names k;

    k.n = 0;
    k.seen = 0;
    if (!take(r, '{'))
        return false;
    do {
        struct text t, v;
        if (!name(r, &k, &t) || is(&t, "linehash") || is(&t, "seal"))
            return false;
        if (r->p < r->end && *r->p == '"') {
            if (!string(r, &v) || !link_member(&t, &v, s))
                return false;
        } else if (!value(r, 1)) {
            return false;
        }
    } while (take(r, ','));
    return r->p == r->end;
}

bool bg_scan_line(const char *line, size_t len, struct bg_scan *s)
{
    struct reader r = {.p = line};

    memset(s, 0, sizeof *s);
    if (!ending(line, len, s))
        return false;
    r.end = line + s->body;
    return members(&r, s) && s->type != NULL && s->at.last.journalid[0] != '\0' && s->at.head[0] != '\0' &&
           s->at.last.sequence > 0;
}
