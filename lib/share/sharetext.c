/* SPDX-License-Identifier: ISC */
#include "share/sharetext.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A phrase that grows; what does not fit ends in dots. */
struct phrase {
    char *out;
    size_t n;
};

static void add(struct phrase *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct phrase *p, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(p->out + p->n, BG_SHARE_TEXT - p->n, format, args);
    va_end(args);
    p->n += n > 0 ? (size_t)n : 0;
    if (p->n < BG_SHARE_TEXT)
        return;
    p->n = BG_SHARE_TEXT - 1;
    memcpy(p->out + p->n - 3, "...", 4);
}

void bg_share_group_text(const struct bg_shareset *set, unsigned group, char out[BG_SHARE_TEXT])
{
    if (set->group_name[group % BG_GROUPS_MAX][0] != '\0')
        (void)snprintf(out, BG_SHARE_TEXT, "%s", set->group_name[group % BG_GROUPS_MAX]);
    else
        (void)snprintf(out, BG_SHARE_TEXT, "group %u", group + 1);
}

void bg_share_card_text(const struct bg_shareset *set, const struct slip39_share *s, char out[BG_SHARE_TEXT])
{
    struct phrase p = {.out = out};
    char group[BG_SHARE_TEXT];

    add(&p, "%u", s->member_index + 1u);
    if (set->group_count < 2)
        return;
    bg_share_group_text(set, s->group_index, group);
    add(&p, " of %s", group);
}

/* How many cards of each group are in, and how many groups are complete or begun. */
struct tally {
    unsigned in[BG_GROUPS_MAX], complete, begun;
};

static void count(const struct bg_shareset *set, const struct slip39_share *in_hand, size_t n,
                  struct tally *t)
{
    memset(t, 0, sizeof *t);
    for (size_t i = 0; i < n; i++)
        t->in[in_hand[i].group_index % BG_GROUPS_MAX]++;
    for (unsigned g = 0; g < set->group_count; g++) {
        if (t->in[g] >= set->group[g].threshold)
            t->complete++;
        else if (t->in[g] > 0)
            t->begun++;
    }
}

/* "2 of group 1", with what stands before the first one or between two. */
static void add_group(struct phrase *p, const struct bg_shareset *set, unsigned g, unsigned cards,
                      const char *between)
{
    char group[BG_SHARE_TEXT];

    bg_share_group_text(set, g, group);
    add(p, "%s%u of %s", between, cards, group);
}

/* Groups that nobody has begun: `left` of them are needed. */
static void add_untouched(struct phrase *p, const struct bg_shareset *set, const struct tally *t,
                          unsigned left, const char *between)
{
    unsigned untouched = set->group_count - t->complete - t->begun;

    if (left < untouched) {
        add(p, "%s%u more group%s: ", between, left, left == 1 ? "" : "s");
        between = "";
    }
    for (unsigned g = 0; g < set->group_count; g++) {
        if (t->in[g] > 0)
            continue;
        add_group(p, set, g, set->group[g].threshold, between);
        between = left < untouched ? " or " : ", ";
    }
}

void bg_share_lack_text(const struct bg_shareset *set, const struct slip39_share *in_hand, size_t n,
                        char out[BG_SHARE_TEXT])
{
    struct phrase p = {.out = out};
    const char *between = "Still needed: ";
    unsigned left;
    struct tally t;

    count(set, in_hand, n, &t);
    left = t.complete < set->group_threshold ? set->group_threshold - t.complete : 0;
    out[0] = '\0';
    if (left == 0) {
        add(&p, "All cards are in");
    } else if (set->group_count == 1) {
        unsigned cards = set->group[0].threshold - t.in[0];
        add(&p, "%u %scard%s needed", cards, n > 0 ? "more " : "", cards == 1 ? " is" : "s are");
    } else {
        for (unsigned g = 0; g < set->group_count && left > 0; g++) {
            if (t.in[g] == 0 || t.in[g] >= set->group[g].threshold)
                continue;
            add_group(&p, set, g, set->group[g].threshold - t.in[g], between);
            between = ", ";
            left--;
        }
        if (left > 0)
            add_untouched(&p, set, &t, left, between);
    }
}

void bg_share_need_text(const struct bg_shareset *set, const char *name, char out[BG_SHARE_TEXT])
{
    bool any = set->group_threshold < set->group_count;
    struct phrase p = {.out = out};
    const char *between = "";

    out[0] = '\0';
    if (set->group_count == 1) {
        add(&p, "%u card%s of %s", set->group[0].threshold, set->group[0].threshold == 1 ? "" : "s", name);
        return;
    }
    add(&p, "cards of %s: ", name);
    if (any)
        add(&p, "any %u of these groups: ", set->group_threshold);
    for (unsigned g = 0; g < set->group_count; g++) {
        add_group(&p, set, g, set->group[g].threshold, between);
        between = any || g + 2 < set->group_count ? ", " : " and ";
    }
}
