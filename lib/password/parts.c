/* SPDX-License-Identifier: ISC */
#include "password/password.h"

#include <string.h>
#include "base/secret.h"
#include "base/text.h"

/* Characters, not bytes; a byte that is not UTF-8 counts as one. */
static size_t characters(const char *s, size_t n)
{
    size_t count = 0, used;
    uint32_t cp;

    for (size_t i = 0; i < n; i += used == 0 ? 1 : used, count++)
        used = bg_utf8_next(s + i, n - i, &cp);
    return count;
}

static bool is_long_enough(const char *s, size_t n, bool letters)
{
    bool digits = true;

    for (size_t i = 0; i < n; i++)
        digits = digits && s[i] >= '0' && s[i] <= '9';
    return characters(s, n) >= (letters ? BG_PART_LETTERS : digits ? BG_PART_DIGITS : BG_PART_CHARS);
}

/* As it was drawn: small letters without what a person puts between them. BG_E_PROTO for anything else. */
static enum bg_err as_drawn(const char *s, size_t n, char out[BG_PASSWORD_MAX + 1], size_t *len)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        char c = s[i] >= 'A' && s[i] <= 'Z' ? (char)(s[i] - 'A' + 'a') : s[i];
        if (c == ' ' || c == '\t' || c == '-')
            continue;
        if (c == '\0' || strchr(BG_PART_ALPHABET, c) == NULL)
            return BG_E_PROTO;
        if (kept == BG_PASSWORD_MAX)
            return BG_E_RANGE;
        out[kept++] = c;
    }
    *len = kept;
    return BG_OK;
}

enum bg_err bg_parts_add(struct bg_parts *p, bool letters, const char *part, size_t n)
{
    char drawn[BG_PASSWORD_MAX + 1];
    size_t len = 0;
    enum bg_err r = BG_OK;

    if (letters && (r = as_drawn(part, n, drawn, &len)) == BG_OK) {
        part = drawn;
        n = len;
    }
    if (r == BG_OK && !is_long_enough(part, n, letters))
        r = BG_E_SYNTAX;
    else if (r == BG_OK && n > BG_PASSWORD_MAX - p->len)
        r = BG_E_RANGE;
    if (r == BG_OK) {
        memcpy(p->whole + p->len, part, n);
        p->len += n;
        p->whole[p->len] = '\0';
        p->n++;
    }
    bg_wipe(drawn, sizeof drawn);
    return r;
}

enum bg_err bg_part_draw(char out[BG_PART_DRAWN + 1])
{
    uint8_t random[BG_PART_DRAWN];
    enum bg_err r = bg_random(random, sizeof random);

    if (r == BG_OK)
        for (size_t i = 0; i < BG_PART_DRAWN; i++)
            out[i] = BG_PART_ALPHABET[random[i] % 16]; /* 256 is a multiple of 16: each is as likely */
    if (r == BG_OK)
        out[BG_PART_DRAWN] = '\0';
    bg_wipe(random, sizeof random);
    return r;
}
