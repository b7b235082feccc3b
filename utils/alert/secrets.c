/* SPDX-License-Identifier: ISC */
#include "alert/secrets.h"

#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/secret.h"

#define PATH_LEN sizeof((struct bg_sink *)0)->secret_file

/* A secret of one line, as it was read last. */
struct line {
    char path[PATH_LEN], text[BG_SECRET_LINE];
};

static struct known {
    char sink[BG_SINK_NAME_MAX + 1], path[PATH_LEN];
    struct bg_sign_keys file, old;
    int64_t until; /* of the old ones */
    struct line url, token;
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

static enum bg_err signers_of(struct known *k, const struct bg_sink *s, struct bg_sign_keys *keys,
                              enum bg_err *why)
{
    if ((*why = bg_sign_load(s->secret_file, keys)) == BG_OK)
        take(k, s, keys);
    else if (k->file.n == 0 || strcmp(k->path, s->secret_file) != 0)
        return *why;
    *keys = k->file;
    if (bg_now_ms() < k->until)
        bg_sign_add(keys, &k->old);
    return BG_OK;
}

/* A new one counts at once: nobody takes two tokens. */
static enum bg_err line_of(struct line *l, const char *path, bool is_url, char out[BG_SECRET_LINE],
                           enum bg_err *why)
{
    char text[BG_SECRET_LINE];

    *why = bg_secret_line(path, text);
    if (*why == BG_OK && is_url && !bg_sink_url_ok(text))
        *why = BG_E_SYNTAX;
    if (*why == BG_OK) {
        memcpy(l->text, text, sizeof l->text);
        (void)snprintf(l->path, sizeof l->path, "%s", path);
    }
    bg_wipe(text, sizeof text);
    if (*why != BG_OK && strcmp(l->path, path) != 0)
        return *why;
    memcpy(out, l->text, sizeof l->text);
    return BG_OK;
}

enum bg_err secrets_of(const struct bg_sink *s, struct sink_secrets *out, struct secrets_fault *why)
{
    struct known *k = of(s);
    enum bg_err r = BG_OK, bad[3] = {BG_OK, BG_OK, BG_OK};
    const char *const path[3] = {s->secret_file, s->url_file, s->token_file};

    memset(out, 0, sizeof *out);
    (void)snprintf(out->url, sizeof out->url, "%s", s->url);
    if (s->secret_file[0] != '\0')
        r = signers_of(k, s, &out->keys, &bad[0]);
    if (r == BG_OK && s->url_file[0] != '\0')
        r = line_of(&k->url, s->url_file, true, out->url, &bad[1]);
    if (r == BG_OK && s->token_file[0] != '\0')
        r = line_of(&k->token, s->token_file, false, out->token, &bad[2]);
    *why = (struct secrets_fault){.why = BG_OK};
    for (int i = 0; i < 3 && why->why == BG_OK; i++)
        *why = (struct secrets_fault){.why = bad[i], .path = path[i]};
    if (r != BG_OK)
        bg_wipe(out, sizeof *out);
    return r;
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
