/* SPDX-License-Identifier: ISC */
#include "record/budget.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/hash.h"

/* A bucket holds `burst` events and gets one more every `each` milliseconds. */
struct rate {
    int64_t burst, each;
};
static const struct rate per_source = {20, 300000}, per_host = {100, 60000}, per_repeats = {6, 20000};

#define REPEAT_MS 60000                  /* between two aggregates of one account and class */
#define LAST      (BG_BUDGET_COUNTS - 1) /* the place of all that find none */

static struct bg_bucket full(const struct rate *r, int64_t now)
{
    return (struct bg_bucket){.credit_ms = r->burst * r->each, .at_ms = now};
}

static void refill(struct bg_bucket *b, const struct rate *r, int64_t now)
{
    if (now > b->at_ms)
        b->credit_ms += now - b->at_ms;
    b->at_ms = now;
    if (b->credit_ms > r->burst * r->each)
        b->credit_ms = r->burst * r->each;
}

static bool has(struct bg_bucket *b, const struct rate *r, int64_t now)
{
    refill(b, r, now);
    return b->credit_ms >= r->each;
}

void bg_budget_begin(struct bg_budget *b, uint64_t boot, int64_t now_ms)
{
    memset(b, 0, sizeof *b);
    b->boot = boot;
    b->host = full(&per_host, now_ms);
    b->repeats = full(&per_repeats, now_ms);
}

/* --- sources -------------------------------------------------------------------------------------- */

static const char *or_empty(const char *s)
{
    return s == NULL ? "" : s;
}

/* An IPv6 network of 64 bits is one source: whoever has one address of it has them all. */
static bool network_of(const char *rhost, char out[64])
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    struct in6_addr a;
    char plain[64], *zone;

    (void)snprintf(plain, sizeof plain, "%s", rhost);
    if ((zone = strchr(plain, '%')) != NULL)
        *zone = '\0';
    if (inet_pton(AF_INET6, plain, &a) != 1)
        return false;
    if (memcmp(&a, mapped, sizeof mapped) == 0)
        return inet_ntop(AF_INET, a.s6_addr + 12, out, 64) != NULL;
    memset(a.s6_addr + 8, 0, 8);
    if (inet_ntop(AF_INET6, &a, out, 64) == NULL)
        return false;
    (void)strncat(out, "/64", 64 - strlen(out) - 1);
    return true;
}

void bg_budget_source(const struct bg_event *e, char out[64])
{
    const char *rhost = or_empty(e->rhost), *source = or_empty(e->source);

    if (*rhost != '\0') {
        if (!network_of(rhost, out))
            (void)bg_text_ascii(out, 64, rhost, strlen(rhost));
    } else if (strcmp(source, "local") == 0) {
        (void)snprintf(out, 64, "uid %" PRId64, e->caller_uid);
    } else if (*or_empty(e->tty) != '\0') {
        (void)bg_text_ascii(out, 64, e->tty, strlen(e->tty));
    } else {
        (void)snprintf(out, 64, "%s", source);
    }
}

static uint64_t key_of(const char *source, const char *account)
{
    char text[160];
    uint8_t sum[BG_HASH];
    uint64_t key;

    (void)snprintf(text, sizeof text, "%.63s\n%.63s", account, source);
    if (bg_sha256(text, strlen(text), sum) != BG_OK)
        return 1;
    memcpy(&key, sum, sizeof key);
    return key == 0 ? 1 : key;
}

/* The bucket of a source; the one that was quiet longest makes room for a new one. */
static struct bg_bucket *bucket_of(struct bg_budget *b, uint64_t key, int64_t now)
{
    size_t oldest = 0;

    for (size_t i = 0; i < BG_BUDGET_SOURCES; i++) {
        if (b->source[i].key == key)
            return &b->source[i].bucket;
        if (b->source[i].bucket.at_ms < b->source[oldest].bucket.at_ms)
            oldest = i;
    }
    b->source[oldest].key = key;
    b->source[oldest].bucket = full(&per_source, now);
    return &b->source[oldest].bucket;
}

/* --- counts --------------------------------------------------------------------------------------- */

/* Whose counts were told and who may be told of again at once needs no place. */
static void free_places(struct bg_budget *b, int64_t now)
{
    for (size_t i = 0; i < BG_BUDGET_COUNTS; i++)
        if (b->pending[i].counts.since[0] == '\0' && now - b->pending[i].last_ms >= REPEAT_MS)
            memset(&b->pending[i], 0, sizeof b->pending[i]);
}

/* Where an account and class are counted. */
static size_t place_of(const struct bg_budget *b, const char *account, const char *source)
{
    size_t empty = LAST;

    if (strcmp(account, BG_BUDGET_OTHERS) == 0)
        return LAST;
    for (size_t i = 0; i < LAST; i++) {
        const struct bg_repeats *c = &b->pending[i].counts;
        if (strcmp(c->account, account) == 0 && strcmp(c->source, source) == 0)
            return i;
        if (c->account[0] == '\0' && c->since[0] == '\0' && empty == LAST)
            empty = i;
    }
    return empty;
}

static struct bg_repeats *pending(struct bg_budget *b, const char *account, const char *source, int64_t now,
                                  size_t *place)
{
    struct bg_repeats *c;

    free_places(b, now);
    *place = place_of(b, account, source);
    c = &b->pending[*place].counts;
    if (c->since[0] == '\0') {
        bool own = *place != LAST;
        (void)snprintf(c->account, sizeof c->account, "%.63s", own ? account : BG_BUDGET_OTHERS);
        (void)snprintf(c->source, sizeof c->source, "%.15s", own ? source : "");
        (void)bg_time_rfc3339(c->since);
        b->pending[*place].since_ms = now;
    }
    return c;
}

static uint64_t *count_of(struct bg_repeats *c, enum bg_event_type type)
{
    switch (type) {
    case BG_EV_ATTEMPT_STARTED:
        return &c->started;
    case BG_EV_ATTEMPT_FAILED:
        return &c->failed;
    case BG_EV_ATTEMPT_ABORTED:
        return &c->aborted;
    default:
        return &c->refused;
    }
}

static void count(struct bg_budget *b, const struct bg_event *e, const char *from, uint64_t key, int64_t now)
{
    size_t place;
    struct bg_repeats *c = pending(b, or_empty(e->account), or_empty(e->source), now, &place);
    uint64_t *word = &b->pending[place].seen[key / 64 % BG_BUDGET_SEEN], bit = UINT64_C(1) << key % 64;

    (*count_of(c, e->type))++;
    if ((*word & bit) == 0)
        c->sources++;
    *word |= bit;
    if (c->first[0] == '\0')
        (void)snprintf(c->first, sizeof c->first, "%s", from);
    (void)snprintf(c->last, sizeof c->last, "%s", from);
}

bool bg_budget_spend(struct bg_budget *b, const struct bg_event *e, int64_t now_ms)
{
    char from[64];
    uint64_t key;
    struct bg_bucket *own;

    bg_budget_source(e, from);
    key = key_of(from, or_empty(e->account));
    own = bucket_of(b, key, now_ms);
    if (has(own, &per_source, now_ms) && has(&b->host, &per_host, now_ms)) {
        own->credit_ms -= per_source.each;
        b->host.credit_ms -= per_host.each;
        return true;
    }
    count(b, e, from, key, now_ms);
    return false;
}

/* When place i is due; INT64_MAX: nothing is counted there. */
static int64_t due(const struct bg_budget *b, size_t i)
{
    int64_t last = b->pending[i].last_ms == 0 ? INT64_MIN : b->pending[i].last_ms + REPEAT_MS;
    int64_t at = b->pending[i].since_ms + REPEAT_MS;

    if (b->pending[i].counts.since[0] == '\0')
        return INT64_MAX;
    return at > last ? at : last;
}

/* The place that is due first. */
static size_t first_due(const struct bg_budget *b)
{
    size_t first = 0;

    for (size_t i = 1; i < BG_BUDGET_COUNTS; i++)
        if (due(b, i) < due(b, first))
            first = i;
    return first;
}

bool bg_budget_collect(struct bg_budget *b, int64_t now_ms, bool all, struct bg_repeats *out)
{
    size_t i = first_due(b);
    struct bg_repeats *c = &b->pending[i].counts;

    if (due(b, i) == INT64_MAX || (!all && (due(b, i) > now_ms || !has(&b->repeats, &per_repeats, now_ms))))
        return false;
    b->repeats.credit_ms -= per_repeats.each;
    *out = *c;
    memset(&b->pending[i], 0, sizeof b->pending[i]);
    (void)snprintf(c->account, sizeof c->account, "%s", out->account);
    (void)snprintf(c->source, sizeof c->source, "%s", out->source);
    b->pending[i].last_ms = now_ms;
    return true;
}

void bg_budget_return(struct bg_budget *b, const struct bg_repeats *counts, int64_t now_ms)
{
    size_t place;
    struct bg_repeats *c = pending(b, counts->account, counts->source, now_ms, &place);

    c->started += counts->started;
    c->failed += counts->failed;
    c->aborted += counts->aborted;
    c->refused += counts->refused;
    c->sources = counts->sources > c->sources ? counts->sources : c->sources;
    memcpy(c->first, counts->first, sizeof c->first);
    memcpy(c->since, counts->since, sizeof c->since);
    if (c->last[0] == '\0')
        memcpy(c->last, counts->last, sizeof c->last);
}

int64_t bg_budget_wait(const struct bg_budget *b, int64_t now_ms)
{
    struct bg_bucket repeats = b->repeats;
    int64_t left, at = due(b, first_due(b));

    if (at == INT64_MAX)
        return -1;
    left = at - now_ms;
    refill(&repeats, &per_repeats, now_ms);
    if (per_repeats.each - repeats.credit_ms > left)
        left = per_repeats.each - repeats.credit_ms;
    return left < 1 ? 1 : left;
}
