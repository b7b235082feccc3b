/* SPDX-License-Identifier: ISC */
#include "share/shareseen.h"

#include <string.h>
#include "base/secret.h"
#include "share/shareline.h"

/* The row that is being read. */
struct row {
    uint16_t word[BG_SHARELINE_WORDS];
    size_t n;
};

/* Words 1 and 2 name the set, 3 and 4 the card (slip39.h). */
static void look_at(const struct bg_shareset *set, const struct row *r, struct bg_shareseen *out)
{
    uint32_t first, second;

    if (r->n > out->words)
        out->words = r->n;
    for (size_t i = 0; set != NULL && i + 1 < r->n; i++) {
        first = set->id >> 5;
        second = (set->id & 31u) << 5 | (set->extendable ? 16u : 0u) | set->exponent;
        if (r->word[i] != first || r->word[i + 1] != second)
            continue;
        out->ours = true;
        if (i + 3 < r->n) {
            struct slip39_share s = {.group_index = (uint8_t)(r->word[i + 2] >> 6 & 15),
                                     .member_index = (uint8_t)(r->word[i + 3] >> 4 & 15)};
            bg_share_card_text(set, &s, out->card);
        }
    }
}

/* One piece between blanks: words of the list go on with the row, a number leaves it, anything else ends it.
 */
static void take(struct row *r, const char *piece, size_t n)
{
    struct bg_shareline l;
    bool all = true;

    bg_shareline_read(piece, n, &l);
    for (size_t i = 0; i < l.count; i++)
        all = all && !l.unknown[i];
    if (l.cut || !all || (l.count == 0 && l.number == 0))
        r->n = 0;
    for (size_t i = 0; all && !l.cut && i < l.count && r->n < BG_SHARELINE_WORDS; i++)
        r->word[r->n++] = l.word[i];
    bg_wipe(&l, sizeof l);
}

void bg_shareseen(const struct bg_shareset *set, const char *text, size_t n, struct bg_shareseen *out)
{
    struct row r = {.n = 0};
    size_t end;

    *out = (struct bg_shareseen){.words = 0};
    for (size_t at = 0; at < n; at = end + 1) {
        for (end = at; end < n && text[end] != ' ' && text[end] != '\t'; end++)
            ;
        if (end == at)
            continue;
        take(&r, text + at, end - at < BG_SHARELINE_MAX ? end - at : BG_SHARELINE_MAX);
        look_at(set, &r, out);
    }
    bg_wipe(&r, sizeof r);
}
