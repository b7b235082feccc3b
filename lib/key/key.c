/* SPDX-License-Identifier: ISC */
/* Which device holds a key, and which of n keys it is. */
#include "key/batch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"

static enum bg_err no_touch(void *arg)
{
    (void)arg;
    return BG_E_PROTO; /* it was told not to wait for anybody */
}

/* Without a touch: does it hold one of these? *named is the id that it names then, as far as it does. */
static enum bg_err ask(struct bg_key_session *s, const struct bg_key_search *w, const struct bg_key_batch *b,
                       enum bg_fido_code *code, struct bg_fido_id *named)
{
    struct bg_fido_packet m = {.kind = BG_F_ASSERT};
    struct bg_fido_result result;
    enum bg_err r;

    bg_key_batch_fill(b, w, &m.u.assertion);
    m.u.assertion.wait_ms = BG_KEY_ASK_MS;
    if ((r = bg_fido_challenge(m.u.assertion.hash)) != BG_OK)
        return r;
    if ((r = bg_fido_run(&s->f, &m, no_touch, NULL, &result)) != BG_OK)
        return r;
    *code = result.code;
    *named = result.id;
    return BG_OK;
}

/* The device itself is at fault: nothing more can be asked of it. */
static bool ends(enum bg_fido_code code)
{
    return code == BG_FC_LOCKED || code == BG_FC_GONE || code == BG_FC_SILENT || code == BG_FC_GARBAGE ||
           code == BG_FC_CANCELLED;
}

/* Could the key be one that this device holds? */
static bool possible(const struct bg_key_search *w, size_t i, const struct bg_fido_info *info)
{
    const struct bg_key *k = &w->keys[i];

    return k->use == BG_USE_CONSOLE && !bg_bits_has(&w->skip, i) &&
           (info->max_id == 0 || k->id.len <= info->max_id);
}

/* What the device said of the keys. */
struct heard {
    struct bg_bits yes, maybe;
    bool found;  /* yes to one that is not suspended: nothing more is asked */
    bool singly; /* it failed at several at once */
};

static void append(struct bg_key_session *s, const struct bg_key_search *w, const struct bg_bits *which,
                   bool suspended)
{
    for (size_t i = 0; i < w->n; i++)
        if (bg_bits_has(which, i) && w->keys[i].suspended == suspended)
            s->order[s->n++] = (uint16_t)i;
}

/* Best first: what it claims to hold, then what it may hold; what is suspended comes last. */
static void put_in_order(struct bg_key_session *s, const struct bg_key_search *w, const struct heard *h)
{
    s->n = s->next = 0;
    append(s, w, &h->yes, false);
    s->sure = s->n;
    append(s, w, &h->maybe, false);
    append(s, w, &h->yes, true);
    append(s, w, &h->maybe, true);
}

static void note(struct heard *h, const struct bg_key_search *w, size_t i, enum bg_fido_code code)
{
    if (code == BG_FC_OK || code == BG_FC_NO_CREDENTIAL)
        bg_bits_drop(&h->maybe, i);
    if (code != BG_FC_OK)
        return;
    bg_bits_add(&h->yes, i);
    h->found = h->found || !w->keys[i].suspended;
}

/* Which of them it has named; n: none. That is no proof, and only decides what is asked for first. */
static size_t named_in(const struct bg_key_batch *b, const struct bg_key_search *w,
                       const struct bg_fido_id *id)
{
    size_t i = 0;

    while (i < b->n && (id->len != w->keys[b->key[i]].id.len ||
                        memcmp(id->bytes, w->keys[b->key[i]].id.bytes, id->len) != 0))
        i++;
    return i;
}

/* Each by itself: it holds one of them and does not say which, or may have failed at one. */
static enum bg_err ask_singly(struct bg_key_session *s, const struct bg_key_search *w,
                              const struct bg_key_batch *b, int64_t deadline, struct heard *h,
                              enum bg_fido_code *code)
{
    struct bg_fido_id named;
    enum bg_err r;

    for (size_t i = 0; i < b->n && !h->found && bg_left_ms(deadline) > 0; i++) {
        const struct bg_key_batch one = {.n = 1, .key = {b->key[i]}};
        if ((r = ask(s, w, &one, code, &named)) != BG_OK || ends(*code))
            return r;
        note(h, w, b->key[i], *code);
    }
    return BG_OK;
}

/*
 * Some keys answer only after a PIN or a touch, and with a status of their own: that is a maybe, and where
 * several were asked for each is asked for by itself, unless it wants its PIN for any of them.
 */
static enum bg_err ask_batch(struct bg_key_session *s, const struct bg_key_search *w,
                             const struct bg_key_batch *b, int64_t deadline, struct heard *h,
                             enum bg_fido_code *code)
{
    struct bg_fido_id named = {.len = 0};
    enum bg_err r;
    size_t which;

    if ((r = ask(s, w, b, code, &named)) != BG_OK || ends(*code))
        return r;
    which = *code == BG_FC_OK ? (b->n == 1 ? 0 : named_in(b, w, &named)) : b->n;
    if (which < b->n) {
        note(h, w, b->key[which], BG_FC_OK); /* the others stay maybes: it tells of one alone */
        return BG_OK;
    }
    if (b->n > 1 && *code != BG_FC_NO_CREDENTIAL && *code != BG_FC_PIN_REQUIRED) {
        h->singly = h->singly || *code != BG_FC_OK;
        return ask_singly(s, w, b, deadline, h, code);
    }
    for (size_t i = 0; i < b->n; i++)
        note(h, w, b->key[i], *code);
    return BG_OK;
}

/* The next that are asked together, from *at on. */
static void next_batch(const struct bg_key_session *s, const struct bg_key_search *w, const struct heard *h,
                       size_t *at, struct bg_key_batch *b)
{
    *b = (struct bg_key_batch){.n = 0};
    for (; *at < w->n; ++*at)
        if (bg_bits_has(&h->maybe, *at) && w->keys[*at].probe &&
            ((b->n > 0 && h->singly) || !bg_key_batch_add(b, w, &s->info, *at)))
            return;
}

/* After a yes nothing more is asked; the others stay maybes, in case that yes was a lie. *code: why the
 * device can be asked no more, or anything else. */
static enum bg_err hear_all(struct bg_key_session *s, const struct bg_key_search *w, int64_t deadline,
                            struct heard *h, enum bg_fido_code *code)
{
    struct bg_key_batch b;
    enum bg_err r;

    *h = (struct heard){.found = false};
    for (size_t i = 0; i < w->n; i++)
        if (possible(w, i, &s->info))
            bg_bits_add(&h->maybe, i);
    for (size_t at = 0; !h->found && bg_left_ms(deadline) > 0;) {
        next_batch(s, w, h, &at, &b);
        if (b.n == 0)
            break;
        if ((r = ask_batch(s, w, &b, deadline, h, code)) != BG_OK || ends(*code))
            return r;
    }
    return BG_OK;
}

static enum bg_err ask_all(struct bg_key_session *s, const struct bg_key_search *w, int64_t deadline,
                           enum bg_fido_code *code)
{
    struct heard h;
    enum bg_err r;

    *code = BG_FC_OTHER;
    if ((r = hear_all(s, w, deadline, &h, code)) != BG_OK || ends(*code))
        return r;
    put_in_order(s, w, &h);
    *code = s->n > 0 || w->keys == NULL ? BG_FC_OK : BG_FC_NO_CREDENTIAL;
    if (s->n > 0)
        s->which = s->order[0];
    return BG_OK;
}

static bool person_gone(enum bg_err r)
{
    return r == BG_E_HANGUP || r == BG_E_CANCEL;
}

/* Devices that may hold one of the keys, each with its worker. */
struct found {
    size_t n;
    struct bg_key_session s[BG_KEY_NODES];
};

/* Why no device of several will do. */
struct reason {
    enum bg_fido_code code;
    enum bg_err failed;
    int saved; /* errno of what failed */
};

/* BG_OK, or the person is gone. */
static enum bg_err look_at(const char *path, const struct bg_key_search *w, int64_t deadline,
                           const struct bg_fido *how, struct found *all, struct reason *why)
{
    struct bg_key_session *s = &all->s[all->n];
    enum bg_fido_code now = BG_FC_NO_DEVICE;
    enum bg_err r;

    *s = (struct bg_key_session){.f = {.worker = how->worker, .watch = how->watch}};
    (void)snprintf(s->path, sizeof s->path, "%s", path);
    if ((r = bg_fido_start(&s->f, path, &s->info, &now)) == BG_OK && now == BG_FC_OK) {
        if ((r = ask_all(s, w, deadline, &now)) == BG_OK && now == BG_FC_OK) {
            all->n++;
            return BG_OK;
        }
        bg_fido_stop(&s->f);
    }
    if (person_gone(r))
        return r;
    if (r != BG_OK)
        why->failed = r, why->saved = errno;
    else if (why->code == BG_FC_NO_DEVICE || now == BG_FC_NO_CREDENTIAL) /* "another key" tells most */
        why->code = now;
    return BG_OK;
}

/* One that claims to hold a key is preferred to one that may. */
static size_t best(const struct found *all, size_t which[BG_KEY_NODES])
{
    size_t n = 0;

    for (size_t i = 0; i < all->n; i++)
        if (all->s[i].sure > 0)
            which[n++] = i;
    for (size_t i = 0; n == 0 && i < all->n; i++)
        which[i] = i;
    return n > 0 ? n : all->n;
}

/* *at: which of all. With several that are equally good the person touches one. */
static enum bg_err choose(struct found *all, const struct bg_key_search *w, size_t *at,
                          enum bg_fido_code *code)
{
    struct bg_fido *f[BG_KEY_NODES];
    size_t which[BG_KEY_NODES], n = best(all, which), touched = 0;
    enum bg_err r = BG_OK;

    *code = BG_FC_OK;
    for (size_t i = 0; i < n; i++)
        f[i] = &all->s[which[i]].f;
    if (n > 1 && w->select != NULL)
        r = bg_fido_select(f, n, w->select_ms, w->select, w->arg, &touched, code);
    *at = which[touched];
    return r;
}

enum bg_err bg_key_find(const struct bg_key_nodes *nodes, const struct bg_key_search *w,
                        struct bg_key_session *s, enum bg_fido_code *code)
{
    struct found all = {0};
    struct reason why = {.code = BG_FC_NO_DEVICE, .failed = BG_OK};
    int64_t deadline = bg_deadline(BG_KEY_FIND_MS);
    size_t at = BG_KEY_NODES;
    enum bg_err r = BG_OK;

    for (size_t i = 0; i < nodes->n && bg_left_ms(deadline) > 0 && r == BG_OK; i++)
        r = look_at(nodes->path[i], w, deadline, &s->f, &all, &why);
    *code = why.code;
    if (r == BG_OK && all.n > 0)
        r = choose(&all, w, &at, code);
    for (size_t i = 0; i < all.n; i++)
        if (i != at || r != BG_OK || *code != BG_FC_OK)
            bg_fido_stop(&all.s[i].f);
    if (r != BG_OK)
        return r;
    if (all.n > 0 && *code == BG_FC_OK)
        *s = all.s[at];
    errno = why.saved;
    return *code == BG_FC_NO_DEVICE && why.failed != BG_OK ? why.failed : BG_OK;
}

enum bg_err bg_key_holds(struct bg_key_session *s, const struct bg_key *keys, size_t n, bool *holds)
{
    const struct bg_key_search w = {.keys = keys, .n = n};
    enum bg_fido_code code = BG_FC_OTHER;
    struct heard h;
    enum bg_err r = hear_all(s, &w, bg_deadline(BG_KEY_FIND_MS), &h, &code);

    if (r == BG_OK)
        *holds = bg_bits_any(&h.yes);
    return r;
}

enum bg_key_uv bg_key_uv_now(const char *dir, const struct bg_key *k)
{
    return k->uv == BG_UV_PREFERRED && bg_key_user_seen(dir, &k->id) ? BG_UV_REQUIRED : k->uv;
}

bool bg_key_verifies(enum bg_key_uv uv, const struct bg_fido_info *info)
{
    return uv == BG_UV_REQUIRED || (uv == BG_UV_PREFERRED && (info->pin_set || info->uv_ready));
}

bool bg_key_needs_pin(enum bg_key_uv uv, const struct bg_fido_info *info)
{
    return bg_key_verifies(uv, info) && info->pin_set && !info->uv_ready;
}
