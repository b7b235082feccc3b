/* SPDX-License-Identifier: ISC */
/* Which device holds a key, and which of n keys it is. */
#include "key/key.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"

static enum bg_err no_touch(void *arg)
{
    (void)arg;
    return BG_E_PROTO; /* it was told not to wait for anybody */
}

static enum bg_err ask_one(struct bg_key_session *s, const struct bg_key *k, enum bg_fido_code *code)
{
    struct bg_fido_packet m = {.kind = BG_F_ASSERT};
    struct bg_fido_result result;
    enum bg_err r;

    (void)snprintf(m.u.assertion.rp, sizeof m.u.assertion.rp, "%s", k->rp);
    m.u.assertion.wait_ms = BG_KEY_ASK_MS;
    m.u.assertion.n = 1;
    m.u.assertion.id[0] = k->id;
    if ((r = bg_fido_challenge(m.u.assertion.hash)) != BG_OK)
        return r;
    if ((r = bg_fido_run(&s->f, &m, no_touch, NULL, &result)) == BG_OK)
        *code = result.code;
    return r;
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

    return k->use == BG_USE_CONSOLE && (w->skip >> i & 1) == 0 &&
           (info->max_id == 0 || k->id.len <= info->max_id);
}

/* What the device said of each key. */
struct heard {
    bool yes[BG_KEYS_MAX], maybe[BG_KEYS_MAX];
};

static void append(struct bg_key_session *s, const struct bg_key_search *w, const bool *which, bool suspended)
{
    for (size_t i = 0; i < w->n; i++)
        if (which[i] && w->keys[i].suspended == suspended)
            s->order[s->n++] = (uint8_t)i;
}

/* Best first: what it claims to hold, then what it may hold; what is suspended comes last. */
static void put_in_order(struct bg_key_session *s, const struct bg_key_search *w, const struct heard *h)
{
    s->n = s->next = 0;
    append(s, w, h->yes, false);
    s->sure = s->n;
    append(s, w, h->maybe, false);
    append(s, w, h->yes, true);
    append(s, w, h->maybe, true);
}

/*
 * Some keys answer only after a PIN or a touch, and with a status of their own: that is a maybe. After a yes
 * nothing more is asked; the others stay maybes, in case that yes was a lie.
 */
static enum bg_err ask_all(struct bg_key_session *s, const struct bg_key_search *w, int64_t deadline,
                           enum bg_fido_code *code)
{
    struct heard h = {{false}, {false}};
    bool found = false;
    enum bg_err r;

    for (size_t i = 0; i < w->n; i++) {
        if (!possible(w, i, &s->info))
            continue;
        h.maybe[i] = true;
        if (!w->keys[i].probe || found || bg_left_ms(deadline) == 0)
            continue;
        if ((r = ask_one(s, &w->keys[i], code)) != BG_OK)
            return r;
        if (ends(*code))
            return BG_OK;
        h.yes[i] = *code == BG_FC_OK;
        h.maybe[i] = *code != BG_FC_OK && *code != BG_FC_NO_CREDENTIAL;
        found = h.yes[i] && !w->keys[i].suspended;
    }
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

enum bg_err bg_key_holds(struct bg_key_session *s, const struct bg_key *k, bool *holds)
{
    enum bg_fido_code code = BG_FC_OTHER;
    enum bg_err r = ask_one(s, k, &code);

    if (r == BG_OK)
        *holds = code == BG_FC_OK;
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
