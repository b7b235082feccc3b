/* SPDX-License-Identifier: ISC */
#include "record/rotating.h"

#include <stdio.h>
#include <string.h>
#include "record/event.h"
#include "record/retell.h"

struct gathering {
    const struct bg_life *life;
    struct bg_keys_used keys;
    char newest[BG_TIME_LEN]; /* of the lines before */
};

static bool counts(const struct bg_life *l, const char *use)
{
    const struct bg_life_use *u = bg_life_use(l, use);

    return u != NULL && !u->rotated;
}

static void add(struct bg_keys_used *k, const char *label, size_t n, const char *at)
{
    if (k->n == BG_KEYS_USED_MAX || n >= sizeof k->used[0].key || strlen(at) >= sizeof k->used[0].at)
        return;
    memcpy(k->used[k->n].key, label, n);
    k->used[k->n].key[n] = '\0';
    (void)snprintf(k->used[k->n].at, sizeof k->used[0].at, "%s", at);
    k->n++;
}

/* Where two keys opened it, both are named. */
static void add_all(struct bg_keys_used *k, const char *labels, const char *at)
{
    static const char of_labels[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

    while (*labels != '\0') {
        size_t n = strspn(labels, of_labels);
        if (n > 0)
            add(k, labels, n, at);
        labels += n;
        labels += strcspn(labels, of_labels);
    }
}

/* When it was, but not before what stands above it: a clock that was set back does not make a use older than
 * the key that made it. */
static const char *time_of(struct gathering *g, const json_t *ev)
{
    const char *at = bg_json_str(ev, "time");

    if (strlen(at) < sizeof g->newest && strcmp(at, g->newest) > 0)
        (void)snprintf(g->newest, sizeof g->newest, "%s", at);
    return g->newest;
}

static bool gather(void *arg, const struct bg_rawline *line)
{
    struct gathering *g = arg;
    const json_t *own;
    const char *at;
    json_t *ev;

    if (!(bg_line_has(line, "type", bg_event_kind(BG_EV_USE_GRANTED)->type) ||
          bg_line_has(line, "type", bg_event_kind(BG_EV_CREDENTIAL_ENROLLED)->type)) ||
        !bg_line_has(line, "subject", g->life->account) || (ev = bg_retell_event(line)) == NULL)
        return true;
    own = bg_event_own(ev);
    at = time_of(g, ev);
    if (bg_event_is(ev, BG_EV_USE_GRANTED) && counts(g->life, bg_json_str(own, "use")))
        add_all(&g->keys, bg_json_str(own, "key"), at);
    json_decref(ev);
    return true;
}

/* The child that reads gives back the whole structure: the pointer in it is as good here as there. */
enum bg_err bg_keys_used(const char *dir, const char *fallback_dir, const struct bg_life *l,
                         struct bg_keys_used *out)
{
    struct gathering g = {.life = l};
    enum bg_err r = bg_retell(dir, fallback_dir, 0, gather, &g, sizeof g);

    if (r == BG_OK)
        *out = g.keys;
    return r;
}

/* Times of that form sort as text. */
bool bg_keys_used_since(const struct bg_keys_used *k, const char *label, const char *since)
{
    for (size_t i = 0; i < k->n; i++)
        if (strcmp(k->used[i].key, label) == 0 && strcmp(k->used[i].at, since) >= 0)
            return true;
    return false;
}
