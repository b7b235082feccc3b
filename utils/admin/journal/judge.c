/* SPDX-License-Identifier: ISC */
#include "admin/journal/against.h"

#include <stdlib.h>
#include <string.h>

/* What the receiver has beside our chain, as one branch. */
struct branch {
    uint64_t first, last;  /* 0: there is none */
    uint8_t head[BG_HASH]; /* of its last line; meaningless if that one was shortened */
    bool headless, same_event, foreign;
    char end[BG_TIME_LEN]; /* time of its last line */
};

struct judging {
    const struct known_lines *ours, *theirs;
    bool end;
    uint64_t top; /* highest number that both have the same line of */
    struct branch branch;
    uint64_t gap, promised; /* the line of ours behind the newest gap, their highest in it that promises */
    uint64_t branched, beyond, beyond_first, beyond_last;
    struct against *out;
};

static int by_number(const void *a, const void *b)
{
    const struct known_line *x = a, *y = b;

    if (x->sequence != y->sequence)
        return x->sequence < y->sequence ? -1 : 1;
    return x->shortened != y->shortened ? x->shortened - y->shortened : memcmp(x->hash, y->hash, BG_HASH);
}

static int find_number(const void *key, const void *member)
{
    const uint64_t *k = key;
    const struct known_line *l = member;

    return *k < l->sequence ? -1 : *k > l->sequence;
}

static const struct known_line *ours_at(const struct judging *j, uint64_t number)
{
    return bsearch(&number, j->ours->line, j->ours->n, sizeof *j->ours->line, find_number);
}

/* The first of ours behind that number. */
static const struct known_line *ours_behind(const struct judging *j, uint64_t number)
{
    size_t low = 0, high = j->ours->n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (j->ours->line[mid].sequence > number)
            high = mid;
        else
            low = mid + 1;
    }
    return low < j->ours->n ? &j->ours->line[low] : NULL;
}

static bool same(const struct known_line *ours, const struct known_line *theirs)
{
    return theirs->shortened ? memcmp(ours->body, theirs->body, BG_HASH) == 0
                             : memcmp(ours->hash, theirs->hash, BG_HASH) == 0;
}

static void found(struct judging *j, enum against_kind kind, uint64_t number)
{
    if (j->out->found[kind].count++ == 0)
        j->out->found[kind].first = number;
    j->out->found[kind].last = number;
}

/* Does it follow a line that is known, ours or of the branch? It does too where that one is not there to ask.
 */
static bool follows(const struct judging *j, const struct known_line *t)
{
    const struct known_line *before = ours_at(j, t->sequence - 1);

    if (before != NULL && memcmp(before->hash, t->before, BG_HASH) == 0)
        return true;
    if (j->branch.last > 0 && j->branch.last == t->sequence - 1 && !j->branch.headless)
        return memcmp(j->branch.head, t->before, BG_HASH) == 0;
    return j->branch.last > 0 || before == NULL || t->sequence > j->top + 1;
}

static void add_to_branch(struct judging *j, const struct known_line *t, const struct known_line *ours)
{
    struct branch *b = &j->branch;

    if (b->last == 0) {
        b->first = t->sequence;
        b->same_event = ours != NULL && strcmp(ours->id, t->id) == 0;
    }
    b->last = t->sequence;
    b->headless = t->shortened;
    b->foreign = b->foreign || t->foreign;
    memcpy(b->head, t->hash, BG_HASH);
    memcpy(b->end, t->time, sizeof b->end);
    j->branched++;
}

/* t is their first in that gap. What was on the disk before it was sent (record/journal.h) was lost in no
 * power cut, nor was anything before it. */
static void enter_gap(struct judging *j, const struct known_line *t, uint64_t behind)
{
    const struct known_line *end = j->theirs->line + j->theirs->n;

    j->gap = behind;
    j->promised = 0;
    for (; t < end && t->sequence < behind; t++)
        if (t->promises)
            j->promised = t->sequence;
}

/* A number that we have none of, before our end: what stands behind the gap says why. */
static void in_a_gap(struct judging *j, const struct known_line *t)
{
    const struct known_line *behind = ours_behind(j, t->sequence);

    if (behind != NULL && behind->sequence != j->gap)
        enter_gap(j, t, behind->sequence);
    if (behind != NULL && behind->lost && t->sequence > j->promised)
        j->out->lost++;
    else
        found(j, AGAINST_GONE, t->sequence);
}

static void behind_the_end(struct judging *j, const struct known_line *t)
{
    if (!j->end)
        return;
    if (!follows(j, t)) {
        found(j, AGAINST_FORGED, t->sequence);
        return;
    }
    add_to_branch(j, t, NULL);
    j->beyond_first = j->beyond++ == 0 ? t->sequence : j->beyond_first;
    j->beyond_last = t->sequence;
}

static void differs(struct judging *j, const struct known_line *t, const struct known_line *ours)
{
    const struct known_line *before = ours_at(j, t->sequence - 1);
    bool chained = before != NULL && memcmp(before->hash, t->before, BG_HASH) == 0;

    chained = chained || (j->branch.last == t->sequence - 1 && !j->branch.headless &&
                          memcmp(j->branch.head, t->before, BG_HASH) == 0);
    if (j->top > t->sequence && !chained) /* a line that both have proves ours */
        found(j, AGAINST_FORGED, t->sequence);
    else
        add_to_branch(j, t, ours);
}

/* A number that was removed. */
static bool is_trimmed(struct judging *j, const struct known_line *t)
{
    const struct known_lines *o = j->ours;

    if (t->sequence == 0 || t->sequence > o->trimmed ||
        (t->sequence == o->trimmed && !t->shortened && memcmp(t->hash, o->trimmed_head, BG_HASH) != 0))
        return false;
    j->out->trimmed++;
    return true;
}

/* The same number from two chains is one branch: what ours has is left out before. */
static void odd_line(struct judging *j, const struct known_line *t)
{
    const struct known_line *ours = ours_at(j, t->sequence);

    if (t->sequence == 0)
        found(j, AGAINST_FORGED, 0);
    else if (ours != NULL)
        differs(j, t, ours);
    else if (is_trimmed(j, t))
        return;
    else if (j->ours->n > 0 && t->sequence <= j->ours->line[j->ours->n - 1].sequence)
        in_a_gap(j, t);
    else
        behind_the_end(j, t);
}

/* What it means that the receiver has another chain from a number on that we have as well. */
static enum against_kind meaning(const struct judging *j)
{
    const struct branch *b = &j->branch;
    const struct known_line *ours = ours_at(j, b->first);

    if (b->foreign)
        return AGAINST_CLONE;
    if (b->same_event ||
        ours == NULL) /* the event as we have it came to the receiver as well: no need to rewrite */
        return j->top >= b->first ? AGAINST_FORGED : AGAINST_REWRITTEN;
    if (strcmp(b->end, ours->time) <= 0) /* RFC 3339 in UTC, always of one length */
        return AGAINST_ROLLED_BACK;
    return j->top >= b->first ? AGAINST_CLONE : AGAINST_REWRITTEN;
}

static void conclude(struct judging *j)
{
    const struct branch *b = &j->branch;
    bool only_beyond = j->beyond > 0 && b->first == j->beyond_first && !b->foreign;
    enum against_kind kind;

    if (b->last == 0)
        return;
    kind = only_beyond ? AGAINST_CUT : b->foreign ? AGAINST_CLONE : meaning(j);
    if (j->out->found[kind].count == 0 || b->first < j->out->found[kind].first)
        j->out->found[kind].first = b->first;
    if (b->last > j->out->found[kind].last)
        j->out->found[kind].last = b->last;
    j->out->found[kind].count += j->branched;
}

void against_judge(const struct known_lines *ours, struct known_lines *theirs, bool end, struct against *out)
{
    struct judging j = {.ours = ours, .theirs = theirs, .end = end, .out = out};
    uint64_t last = 0;

    memset(out, 0, sizeof *out);
    if (theirs->n > 1)
        qsort(theirs->line, theirs->n, sizeof *theirs->line, by_number);
    for (size_t i = 0; i < theirs->n; i++) {
        const struct known_line *t = &theirs->line[i], *o = ours_at(&j, t->sequence);
        if (i > 0 && t->sequence > last + 1)
            out->absent += t->sequence - last - 1;
        last = t->sequence;
        if (o != NULL && same(o, t)) {
            out->agree++;
            j.top = t->sequence;
        }
    }
    for (size_t i = 0; i < theirs->n; i++) {
        const struct known_line *t = &theirs->line[i], *o = ours_at(&j, t->sequence);
        bool again = i > 0 && theirs->line[i - 1].sequence == t->sequence &&
                     memcmp(theirs->line[i - 1].hash, t->hash, BG_HASH) == 0;
        if ((o == NULL || !same(o, t)) && !again)
            odd_line(&j, t);
    }
    conclude(&j);
}
