/* SPDX-License-Identifier: ISC */
#include "base/text.h"

#include <stdio.h>
#include <string.h>

size_t bg_utf8_next(const char *s, size_t n, uint32_t *cp)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    const uint8_t *p = (const uint8_t *)s;
    size_t len;
    uint32_t c;

    if (n == 0)
        return 0;
    if (p[0] < 0x80) {
        *cp = p[0];
        return 1;
    }
    len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || len > n)
        return 0;
    c = p[0] & (0xffu >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3fu);
    }
    if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *cp = c;
    return len;
}

bool bg_text_hostile(uint32_t cp)
{
    static const struct {
        uint32_t first, last;
    } hostile[] = {
        {0, 0x1f},          /* C0 */
        {0x7f, 0x9f},       /* DEL, C1 */
        {0xad, 0xad},       /* soft hyphen */
        {0x61c, 0x61c},     /* Arabic letter mark */
        {0x115f, 0x1160},   /* Hangul fillers */
        {0x17b4, 0x17b5},   /* Khmer inherent vowels */
        {0x180e, 0x180e},   /* Mongolian vowel separator */
        {0x200b, 0x200f},   /* zero width, LRM, RLM */
        {0x2028, 0x202e},   /* separators, embeddings, overrides */
        {0x2060, 0x206f},   /* isolates and invisible operators */
        {0x3164, 0x3164},   /* Hangul filler */
        {0xfeff, 0xfeff},   /* BOM */
        {0xffa0, 0xffa0},   /* Hangul filler, half width */
        {0xfff0, 0xfffb},   /* reserved; interlinear marks */
        {0x1bca0, 0x1bca3}, /* shorthand format controls */
        {0x1d173, 0x1d17a}, /* musical format controls */
        {0xe0000, 0xe00ff}, /* tags */
        {0xe01f0, 0xe0fff}, /* reserved */
    };

    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++)
        if (cp >= hostile[i].first && cp <= hostile[i].last)
            return true;
    return false;
}

/* One character of input, as it will be in the output. */
static size_t render(char piece[16], const char *s, size_t n, bool ascii_only, size_t *used)
{
    uint32_t cp = 0;

    *used = bg_utf8_next(s, n, &cp);
    if (*used == 0) {
        *used = 1;
        return (size_t)snprintf(piece, 16, "\\x{%02X}", (unsigned)(uint8_t)s[0]);
    }
    if (bg_text_hostile(cp) || (ascii_only && cp > 0x7e))
        return (size_t)snprintf(piece, 16, "\\u{%04X}", (unsigned)cp);
    if (cp == '\\')
        return (size_t)snprintf(piece, 16, "\\\\");
    memcpy(piece, s, *used);
    return *used;
}

static size_t copy_rendered(char *out, size_t cap, const char *s, size_t n, bool ascii_only)
{
    size_t at = 0, fit = 0, used, len;
    char piece[16];

    for (size_t i = 0; i < n; i += used) {
        len = render(piece, s + i, n - i, ascii_only, &used);
        if (at + len >= cap) { /* does not fit: end in dots after the last piece that leaves room */
            len = cap - 1 - fit < 3 ? cap - 1 - fit : 3;
            memcpy(out + fit, "...", len);
            out[fit + len] = '\0';
            return fit + len;
        }
        memcpy(out + at, piece, len);
        at += len;
        if (at + 4 <= cap)
            fit = at;
    }
    out[at] = '\0';
    return at;
}

size_t bg_text_ascii(char *out, size_t cap, const char *s, size_t n)
{
    return copy_rendered(out, cap, s, n, true);
}

size_t bg_text_clean(char *out, size_t cap, const char *s, size_t n)
{
    return copy_rendered(out, cap, s, n, false);
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

size_t bg_text_trim(char *s)
{
    size_t from = 0, to = strlen(s);

    while (to > 0 && blank(s[to - 1]))
        to--;
    while (from < to && blank(s[from]))
        from++;
    memmove(s, s + from, to - from);
    s[to - from] = '\0';
    return to - from;
}

size_t bg_text_unpaste(char *s, size_t n)
{
    size_t to = 0;

    for (size_t at = 0; at < n;) {
        if (n - at >= 6 && memcmp(s + at, "\033[20", 4) == 0 && (s[at + 4] == '0' || s[at + 4] == '1') &&
            s[at + 5] == '~')
            at += 6;
        else
            s[to++] = s[at++];
    }
    memset(s + to, 0, n - to);
    return to;
}

/* Length of the control sequence at s[0], 0 for none; *paste: it is a mark of a paste. */
static size_t control_at(const char *s, size_t n, bool *paste)
{
    size_t i = 2;

    *paste = false;
    if (n < 2 || s[0] != '\033')
        return 0;
    if (s[1] == 'O')
        return n < 3 ? 2 : 3;
    if (s[1] != '[')
        return 1;
    while (i < n && s[i] >= ' ' && s[i] <= '?')
        i++;
    i += i < n;
    *paste = i == 6 && memcmp(s, "\033[20", 4) == 0 && (s[4] == '0' || s[4] == '1') && s[5] == '~';
    return i;
}

static bool tail_byte(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

size_t bg_text_typed(char *s, size_t n)
{
    size_t to = 0, used;
    bool paste, any = false, between = false;

    for (size_t at = 0; at < n; at += used) {
        unsigned char c = (unsigned char)s[at];
        if ((used = control_at(s + at, n - at, &paste)) > 0) {
            any = any || paste;
            between = between || (paste && to > 0);
            continue;
        }
        used = 1;
        if (c == '\b' || c == 0x7f) {
            while (to > 0 && tail_byte(s[--to]))
                ;
        } else if (c >= ' ' || c == '\t') {
            if (between)
                s[to++] = ' '; /* in the place of the mark */
            between = false;
            s[to++] = c == '\t' ? ' ' : (char)c;
        }
    }
    if (to == 0 && any)
        s[to++] = ' ';
    memset(s + to, 0, n - to);
    return to;
}

void bg_text_wrap(char *s, size_t first, size_t rest)
{
    size_t start = 0, blank_at = 0, width = first, column = 0;

    for (size_t i = 0; s[i] != '\0'; i++) {
        if (s[i] == ' ' && (column <= width || blank_at == start))
            blank_at = i;
        if (s[i] != '\n' && !tail_byte(s[i]) && column >= width && blank_at > start)
            s[i = blank_at] = '\n';
        if (s[i] == '\n') {
            start = blank_at = i + 1;
            width = rest;
            column = 0;
        } else if (!tail_byte(s[i])) {
            column++;
        }
    }
}

bool bg_name_valid(const char *s)
{
    size_t n = 0;

    for (; s[n] != '\0'; n++) {
        bool letter = (s[n] >= 'a' && s[n] <= 'z') || s[n] == '_';
        bool later = (s[n] >= '0' && s[n] <= '9') || s[n] == '-';
        if (n > 30 || !(letter || (n > 0 && later)))
            return false;
    }
    return n > 0;
}

bool bg_ulid_valid(const char *s)
{
    return strnlen(s, BG_ULID_LEN + 1) == BG_ULID_LEN && strspn(s, BG_ULID_DIGITS) == BG_ULID_LEN;
}

bool bg_number(const char *value, uint32_t min, uint32_t max, uint32_t *out)
{
    unsigned long long v = 0;
    size_t n = strspn(value, "0123456789");

    if (n == 0 || n > 10 || value[n] != '\0')
        return false;
    for (size_t i = 0; i < n; i++)
        v = v * 10 + (unsigned)(value[i] - '0');
    if (v < min || v > max)
        return false;
    *out = (uint32_t)v;
    return true;
}

bool bg_duration(const char *value, int64_t *ms)
{
    static const char units[] = "smhd";
    static const unsigned seconds[] = {1, 60, 3600, 86400};
    char number[12] = "";
    size_t n = strlen(value);
    const char *unit = n == 0 ? NULL : strchr(units, value[n - 1]);
    uint32_t count;

    if (unit == NULL || n > sizeof number)
        return false;
    memcpy(number, value, n - 1);
    if (!bg_number(number, 0, 1000000, &count))
        return false;
    *ms = (int64_t)count * seconds[unit - units] * 1000;
    return true;
}

bool bg_among(const char *const words[], const char *s)
{
    while (*words != NULL && strcmp(*words, s) != 0)
        words++;
    return *words != NULL;
}

/* What looks like a blank: Unicode's space separators, and the fillers that are drawn as nothing. */
static bool is_blank(uint32_t cp)
{
    static const uint32_t more[] = {' ',    0xA0,   0xAD,   0x115F, 0x1160, 0x1680,
                                    0x202F, 0x205F, 0x2800, 0x3000, 0x3164, 0xFFA0};

    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++)
        if (cp == more[i])
            return true;
    return cp >= 0x2000 && cp <= 0x200A;
}

void bg_text_again(char *out, size_t cap, const char *s)
{
    static const char unshown[] = "\xef\xbf\xbd";
    size_t at = 0, left = strlen(s), used, n;
    uint32_t cp = 0;

    for (; left > 0; s += used, left -= used) {
        bool whole = (used = bg_utf8_next(s, left, &cp)) > 0 && !bg_text_hostile(cp);
        used = used == 0 ? 1 : used;
        n = whole ? used : sizeof unshown - 1;
        if (at + n >= cap)
            break;
        memcpy(out + at, whole ? s : unshown, n);
        at += n;
    }
    out[at] = '\0';
}

size_t bg_text_letters(const char *s, bool *hostile)
{
    size_t n = strlen(s), count = 0, used;
    uint32_t cp = 0;

    *hostile = false;
    for (size_t i = 0; i < n; i += used) {
        if ((used = bg_utf8_next(s + i, n - i, &cp)) == 0) {
            *hostile = true;
            used = 1;
        } else if (bg_text_hostile(cp)) {
            *hostile = true;
        } else if (!is_blank(cp)) {
            count++;
        }
    }
    return count;
}
