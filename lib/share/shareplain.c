/* SPDX-License-Identifier: ISC */
#include "share/shareplain.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "base/text.h"
#include "share/slip39.h"

#define ESCAPE '\033'
#define LETTER '\200' /* stands for a letter that no word has */

/* Letters of keyboards, from...to; everything else beyond ASCII stands between words. */
static const uint32_t letters[][2] = {
    {0xc0, 0xd6},     {0xd8, 0xf6},     {0xf8, 0x2af},    {0x300, 0x34e},   {0x350, 0x377},
    {0x37b, 0x37d},   {0x37f, 0x386},   {0x388, 0x52f},   {0x531, 0x556},   {0x561, 0x587},
    {0x5d0, 0x5ea},   {0x620, 0x64a},   {0x671, 0x6d3},   {0x904, 0x939},   {0x985, 0x9b9},
    {0xe01, 0xe2e},   {0x10a0, 0x10fa}, {0x10fd, 0x10ff}, {0x1e00, 0x1fbc}, {0x3041, 0x3096},
    {0x30a1, 0x30fa}, {0x3105, 0x312f}, {0x3400, 0x9fff}, {0xac00, 0xd7a3}, {0xff66, 0xffdc},
};

static bool is_letter(uint32_t cp)
{
    for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++)
        if (cp >= letters[i][0] && cp <= letters[i][1])
            return true;
    return false;
}

/* Byte i of the line as a public value: it is not one of a word's letters, and only that is told of others.
 */
static uint8_t mark_at(const char *line, size_t len, size_t i)
{
    uint32_t c = i < len ? (uint8_t)line[i] : 0, folded = c | 0x20;
    uint32_t ascii_letter = ((folded - 'a') >> 31 ^ 1) & (folded - 'a' - 26) >> 31;

    return (uint8_t)slip39_public(c & (ascii_letter - 1));
}

/* Length of the control sequence at `at` (ECMA-48, 5.4), 0 for none. Without its escape character only the
 * marks of a bracketed paste are known. */
static size_t control(const char *line, size_t len, size_t at)
{
    uint8_t first = mark_at(line, len, at);
    size_t head = first == ESCAPE ? 1 : 0, end;

    if (first == 0xc2 && mark_at(line, len, at + 1) == 0x9b)
        head = 2;
    else if (mark_at(line, len, at + head) == '[')
        head++;
    else
        return 0;
    for (end = at + head; mark_at(line, len, end) >= '0' && mark_at(line, len, end) <= '?'; end++)
        ;
    if (first == '[') /* "[200~", "[201~" */
        return end - at == 4 && mark_at(line, len, at + 1) == '2' && mark_at(line, len, at + 2) == '0' &&
                       mark_at(line, len, end) == '~'
                   ? 5
                   : 0;
    return (end < len ? end + 1 : len) - at;
}

/* The ASCII form of a full-width character U+FF01 to U+FF5E; 0 when there is none at `at`. */
static char full_width(const char *line, size_t len, size_t at)
{
    uint8_t second = mark_at(line, len, at + 1);
    uint32_t low;

    if (mark_at(line, len, at) != 0xef || (second != 0xbc && second != 0xbd) || at + 3 > len)
        return 0;
    low = ((second & 1u) << 6) | ((uint8_t)line[at + 2] & 0x3fu); /* of U+FF00 */
    if (slip39_public((((uint8_t)line[at + 2] & 0xc0u) ^ 0x80u) | ((low - 1) >> 31) | ((0x5e - low) >> 31)))
        return 0;
    return (char)(low + 0x20);
}

/* The letters of a ligature U+FB00 to U+FB06, which a PDF may hold in their place: how many, 0 for none.
 * Which ones they are is as secret as letters are: the whole table is read. */
static size_t ligature(const char *line, size_t len, size_t at, char out[3])
{
    static const char text[][4] = {"ff", "fi", "fl", "ffi", "ffl", "st", "st"};
    uint32_t which, three;

    if (mark_at(line, len, at) != 0xef || mark_at(line, len, at + 1) != 0xac || at + 3 > len)
        return 0;
    which = (uint8_t)line[at + 2] - 0x80u;
    if (slip39_public(which > 6))
        return 0;
    memset(out, 0, 3);
    for (uint32_t i = 0; i < sizeof text / sizeof text[0]; i++)
        for (size_t k = 0; k < 3; k++)
            out[k] = (char)((uint8_t)out[k] | ((uint8_t)text[i][k] & (0 - (((which ^ i) - 1) >> 31))));
    three = ((which - 3) >> 31 ^ 1) & (which - 5) >> 31;
    return 2 + slip39_public(three);
}

/* One character beyond ASCII; its length. *made: of what came of it. */
static size_t beyond(const char *line, size_t len, size_t at, char *out, size_t *made)
{
    char seen[4];
    uint32_t cp;
    size_t n = 0;

    if ((*made = ligature(line, len, at, out)) > 0)
        return 3;
    *made = 1;
    if ((*out = full_width(line, len, at)) != 0)
        return 3;
    for (; n < sizeof seen && mark_at(line, len, at + n) >= 0x80; n++)
        seen[n] = (char)mark_at(line, len, at + n);
    if ((n = bg_utf8_next(seen, n, &cp)) == 0) { /* one of a code page, then: those below are its marks */
        n = 1;
        cp = (uint8_t)seen[0];
    }
    *out = is_letter(cp) ? LETTER : ' ';
    return n;
}

size_t bg_shareplain(const char *line, size_t len, char *out)
{
    size_t n = 0, used, made;

    for (size_t at = 0; at < len; at += used, n += made) {
        made = 1;
        if ((used = control(line, len, at)) > 0) {
            out[n] = ' ';
        } else if (mark_at(line, len, at) >= 0x80) {
            used = beyond(line, len, at, &out[n], &made);
        } else {
            out[n] = line[at];
            used = 1;
        }
    }
    return n;
}
