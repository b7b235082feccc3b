/* SPDX-License-Identifier: ISC */
#include "alert/secrets.h"

#include <string.h>
#include "base/clock.h"
#include "base/secret.h"

static struct known {
    char sink[BG_SINK_NAME_MAX + 1], path[sizeof((struct bg_sink *)0)->secret_file];
    struct bg_sign_keys file, old;
    int64_t until; /* of the old ones */
} known[BG_SINKS_MAX];

/* What is known of the sink, else an empty place, else the place of another that has none now. */
static struct known *of(const struct bg_sink *s)
{
    struct known *k = known;

    while (k < known + BG_SINKS_MAX && strcmp(k->sink, s->name) != 0)
        k++;
    if (k < known + BG_SINKS_MAX)
        return k;
    for (k = known; k < known + BG_SINKS_MAX - 1 && k->sink[0] != '\0';)
        k++;
    bg_wipe(k, sizeof *k);
    memcpy(k->sink, s->name, sizeof k->sink);
    return k;
}

static bool same(const struct bg_sign_keys *a, const struct bg_sign_keys *b)
{
    bool same = a->n == b->n;

    for (unsigned i = 0; same && i < a->n; i++)
        same = bg_sign_has(b, &a->key[i]);
    return same;
}

/* What the file says now; what it said before grows old. */
static void take(struct known *k, const struct bg_sink *s, const struct bg_sign_keys *now)
{
    if (k->file.n > 0 && !same(&k->file, now)) {
        struct bg_sign_keys old = k->file;
        if (bg_now_ms() < k->until)
            bg_sign_add(&old, &k->old);
        k->old = old;
        k->until = bg_deadline(SECRETS_OVERLAP_MS);
        bg_wipe(&old, sizeof old);
    }
    k->file = *now;
    memcpy(k->path, s->secret_file, sizeof k->path);
}

enum bg_err secrets_of(const struct bg_sink *s, struct bg_sign_keys *keys, enum bg_err *why)
{
    struct known *k = of(s);

    if ((*why = bg_sign_load(s->secret_file, keys)) == BG_OK)
        take(k, s, keys);
    else if (k->file.n == 0 || strcmp(k->path, s->secret_file) != 0)
        return *why;
    *keys = k->file;
    if (bg_now_ms() < k->until)
        bg_sign_add(keys, &k->old);
    return BG_OK;
}

int64_t secrets_until(void)
{
    int64_t first = INT64_MAX;

    for (unsigned i = 0; i < BG_SINKS_MAX; i++)
        if (bg_now_ms() < known[i].until && known[i].until < first)
            first = known[i].until;
    return first;
}

void secrets_wipe(void)
{
    bg_wipe(known, sizeof known);
}
