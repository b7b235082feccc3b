#include "account/fields.h"

#include <string.h>
#include "account/accounts.h"
#include "base/safefile.h"
#include "base/text.h"

bool bg_span_same(struct bg_span a, struct bg_span b)
{
    return a.n == b.n && memcmp(a.at, b.at, a.n) == 0;
}

bool bg_span_is(struct bg_span a, const char *s)
{
    return a.n == strlen(s) && memcmp(a.at, s, a.n) == 0;
}

bool bg_line_next(char **at, const char *end, struct bg_span *line, unsigned *number)
{
    while (*at < end) {
        char *start = *at;
        char *eol = memchr(start, '\n', (size_t)(end - start));
        size_t n = (size_t)((eol == NULL ? end : eol) - start);
        *at = start + n + (eol != NULL);
        (*number)++;
        if (n == 0 || start[0] == '#')
            continue;
        *line = (struct bg_span){start, n};
        return true;
    }
    return false;
}

bool bg_line_split(struct bg_span line, struct bg_span *field, size_t want)
{
    char *at = line.at;
    const char *end = line.at + line.n;

    for (size_t i = 0; i < want; i++) {
        char *colon = memchr(at, ':', (size_t)(end - at));
        if ((colon == NULL) != (i == want - 1))
            return false;
        field[i] = (struct bg_span){at, (size_t)((colon == NULL ? end : colon) - at)};
        at = colon == NULL ? at : colon + 1;
    }
    return true;
}

bool bg_line_clean(struct bg_span s)
{
    uint32_t cp;
    size_t used;

    for (size_t i = 0; i < s.n; i += used)
        if ((used = bg_utf8_next(s.at + i, s.n - i, &cp)) == 0 || bg_text_hostile(cp))
            return false;
    return true;
}

bool bg_span_number(struct bg_span s, uint32_t *out)
{
    uint64_t v = 0;

    if (s.n == 0 || s.n > 10 || (s.n > 1 && s.at[0] == '0'))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.at[i] < '0' || s.at[i] > '9')
            return false;
        v = v * 10 + (uint64_t)(s.at[i] - '0');
    }
    if (v >= UINT32_MAX)
        return false;
    *out = (uint32_t)v;
    return true;
}

bool bg_span_name(struct bg_span s)
{
    char name[40];

    if (s.n >= sizeof name)
        return false;
    memcpy(name, s.at, s.n);
    name[s.n] = '\0';
    return strlen(name) == s.n && bg_name_valid(name);
}

enum bg_err bg_accounts_load(const char *path, char *buf, size_t *len)
{
    size_t n;
    enum bg_err r;

    if ((r = bg_file_read(path, buf, BG_ACCOUNTS_MAX, &n)) != BG_OK)
        return r;
    /* A NUL would hide the rest of its line: as a control character it damages the line instead. */
    for (size_t i = 0; i < n; i++)
        if (buf[i] == '\0')
            buf[i] = '\1';
    *len = n;
    return BG_OK;
}
