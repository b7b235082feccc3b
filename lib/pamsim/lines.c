/* SPDX-License-Identifier: ISC */
#include "pamsim/lines.h"

#include <string.h>

#define BLANKS " \n\t"

/* Up to room-1 bytes through the end of the line, as fgets(3) and getline(3) do. 0: none is left. */
static size_t take(struct bg_pam_lines *l, char *out, size_t room)
{
    const char *from = l->text + l->at;
    size_t left = l->len - l->at, n = left < room - 1 ? left : room - 1;
    const char *nl = memchr(from, '\n', n);

    if (nl != NULL)
        n = (size_t)(nl - from) + 1;
    memcpy(out, from, n);
    out[n] = '\0';
    if (n > 0 && (l->at == 0 || from[-1] == '\n'))
        l->physical++;
    l->at += n;
    return n;
}

/* The last byte of [start, end) that is no blank, or the first: where a backslash continues the line. */
static char *last(char *start, char *end)
{
    char *p = end;

    while (p > start && strchr(BLANKS, *--p) != NULL && *p != '\0')
        ;
    return p;
}

/* The old reader: one buffer of fixed size that fgets() fills from where the last backslash stood. */
static enum bg_pam_line next_old(struct bg_pam_lines *l)
{
    char *p = l->line, *end = l->line + BG_PAM_OLD_LINE, *s, *back;
    bool used = false;

    for (;;) {
        if (end - p <= 1)
            return end == p ? BG_PAM_LINES_TORN : BG_PAM_LINES_STUCK;
        if (take(l, p, (size_t)(end - p)) == 0)
            return used ? BG_PAM_LINES_TORN : BG_PAM_LINES_END;
        s = p + strspn(p, BLANKS);
        if (*s == '\0' || *s == '#')
            continue;
        if (!used)
            l->number = l->physical;
        used = true;
        if (strchr(s, '#') != NULL) {
            *strchr(s, '#') = '\0';
            return BG_PAM_LINE;
        }
        back = last(s, s + strlen(s));
        if (*back != '\\')
            return BG_PAM_LINE;
        *back++ = ' ';
        *back = '\0';
        p = back;
    }
}

/* One line of the file, in raw: what counts of it begins at *start and ends at *end. True: it is continued.
 */
static bool prepare(char *raw, size_t n, char **start, char **end)
{
    char *back = last(raw, raw + n);
    bool more = *back == '\\';

    *end = raw + n;
    if (more) {
        *back = ' ';
        *++back = '\0';
        *end = back;
    }
    more = more && strchr(raw, '#') == NULL;
    *start = raw + strspn(raw, " \t");
    (*start)[strcspn(*start, "#")] = '\0';
    return more;
}

static enum bg_pam_line next_new(struct bg_pam_lines *l)
{
    size_t have = 0, n;
    bool continued = false, more;
    char *start, *end;

    while ((n = take(l, l->raw, l->len + 1)) > 0) {
        more = prepare(l->raw, n, &start, &end);
        if (have == 0)
            l->number = l->physical;
        if (more || have > 0 || (*start != '\0' && *start != '\n')) {
            memcpy(l->line + have, start, (size_t)(end - start));
            have += (size_t)(end - start);
            l->line[have] = '\0';
        }
        if (!more && have > 0 && l->line[0] != '\0')
            return BG_PAM_LINE;
        if (!more)
            have = 0;
        continued = more;
    }
    return continued ? BG_PAM_LINES_TORN : BG_PAM_LINES_END;
}

enum bg_pam_line bg_pam_line_next(struct bg_pam_lines *l)
{
    return l->old ? next_old(l) : next_new(l);
}

/* From the byte after a bracket: writes what is inside over itself; returns the bracket that ends it, or the
 * NUL. */
static char *unbracket(char *from)
{
    char *to = from, *end = from;

    for (; *end != '\0' && *end != ']'; to++, end++) {
        if (end[0] == '\\' && end[1] == ']')
            end++;
        *to = *end;
    }
    if (to != end)
        *to = '\0';
    return end;
}

char *bg_pam_word(char **at)
{
    char *from = *at, *end;

    if (from == NULL)
        return NULL;
    from += strspn(from, BLANKS);
    *at = NULL;
    if (*from == '\0')
        return NULL;
    end = *from == '[' ? unbracket(++from) : from + strcspn(from, BLANKS);
    if (*end != '\0')
        *end++ = '\0';
    if (*end != '\0')
        *at = end;
    return from;
}
