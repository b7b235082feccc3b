/* SPDX-License-Identifier: ISC */
/*
 * A collector of syslog: RFC 5424 over TLS, RFC 5425. A few events go in one session, which tlsonce.c has
 * closed by the receiver before they count as taken.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "alert/rfc5424.h"
#include "alert/sink.h"
#include "alert/tlsonce.h"
#include "base/clock.h"

#define SLOTS   SINK_SLOTS_MAX
#define FLIGHTS 2  /* sessions at once: what matters does not wait for the end of another's */
#define FRAME   16 /* the length before a message */

struct post {
    void *item; /* NULL: none */
    char *frame;
    size_t len;
};

struct flight {
    struct tlsonce *tls; /* NULL: none */
    void *item[SLOTS];
    unsigned n;
};

struct own {
    struct post post[SLOTS]; /* not on their way yet */
    struct flight flight[FLIGHTS];
    struct sink_result done[SLOTS];
    unsigned n_done, n_busy;
    uint32_t sequence;
};

static enum bg_err open_collector(struct sink *s)
{
    s->own = calloc(1, sizeof(struct own));
    return s->own == NULL ? BG_E_NOMEM : BG_OK;
}

static void finish(struct own *o, void *item, enum sink_verdict verdict, const char *why)
{
    struct sink_result *r = &o->done[o->n_done++];

    *r = (struct sink_result){.item = item, .verdict = verdict, .wait_ms = -1};
    r->endpoint = verdict == SINK_RETRY;
    (void)snprintf(r->why, sizeof r->why, "%s", why);
}

/* "LENGTH MESSAGE" (RFC 5425, section 4.3.1), in fresh memory. */
static enum bg_err make_frame(const struct sink *s, const char *line, size_t len, char **frame, size_t *n)
{
    struct own *o = s->own;
    char *text = malloc(RFC5424_MAX + FRAME), *message = text + FRAME;
    size_t size;
    int head;
    enum bg_err r =
        text == NULL ? BG_E_NOMEM : rfc5424_message(s->conf, o->sequence, line, len, message, &size);

    if (r != BG_OK) {
        free(text);
        return r;
    }
    o->sequence++;
    head = snprintf(text, FRAME, "%zu ", size);
    memmove(text + head, message, size);
    *frame = text;
    *n = (size_t)head + size;
    return BG_OK;
}

static enum bg_err submit(struct sink *s, void *item, const char *id, char *line, size_t len)
{
    struct own *o = s->own;
    struct post *p = o->post;
    enum bg_err r = BG_E_BUSY;

    (void)id;
    while (p < o->post + SLOTS && p->item != NULL)
        p++;
    if (o->n_busy < SLOTS && p < o->post + SLOTS)
        r = make_frame(s, line, len, &p->frame, &p->len);
    free(line);
    if (r == BG_E_BUSY || r == BG_E_NOMEM)
        return r;
    o->n_busy++;
    if (r == BG_OK)
        p->item = item;
    else
        finish(o, item, SINK_REFUSED, bg_strerror(r));
    return BG_OK;
}

/* All that wait, in one session. */
static void depart(const struct sink *s, struct flight *f)
{
    struct own *o = s->own;
    size_t len = 0, at = 0;
    char *bytes;
    enum bg_err r = BG_E_NOMEM;

    for (unsigned i = 0; i < SLOTS; i++)
        len += o->post[i].item != NULL ? o->post[i].len : 0;
    if (len == 0)
        return;
    bytes = malloc(len);
    f->n = 0;
    for (unsigned i = 0; i < SLOTS; i++) {
        struct post *p = &o->post[i];
        if (p->item == NULL)
            continue;
        if (bytes != NULL)
            memcpy(bytes + at, p->frame, p->len);
        at += p->len;
        f->item[f->n++] = p->item;
        free(p->frame);
        *p = (struct post){0};
    }
    if (bytes != NULL)
        r = tlsonce_begin(s->conf, bytes, len, &f->tls);
    for (unsigned i = 0; r != BG_OK && i < f->n; i++)
        finish(o, f->item[i], SINK_RETRY, bg_strerror(r));
}

static void arrive(struct own *o, struct flight *f, enum tlsonce_state state)
{
    char why[SINK_WHY] = "";

    if (state == TLSONCE_FAILED)
        (void)snprintf(why, sizeof why, "%s", tlsonce_why(f->tls));
    for (unsigned i = 0; i < f->n; i++)
        finish(o, f->item[i], state == TLSONCE_DONE ? SINK_ACKED : SINK_RETRY, why);
    tlsonce_end(f->tls);
    f->tls = NULL;
}

static void advance(struct sink *s)
{
    struct own *o = s->own;

    for (struct flight *f = o->flight; f < o->flight + FLIGHTS; f++) {
        enum tlsonce_state state;
        if (f->tls == NULL)
            depart(s, f);
        if (f->tls != NULL && (state = tlsonce_step(f->tls)) != TLSONCE_UNDER_WAY) {
            if (tlsonce_cert_ends(f->tls) != 0)
                s->cert_ends = tlsonce_cert_ends(f->tls);
            arrive(o, f, state);
        }
    }
}

static void work(struct sink *s, int fd, int ms)
{
    struct own *o = s->own;
    struct pollfd pf[1 + FLIGHTS] = {{.fd = fd, .events = POLLIN}};

    advance(s);
    if (o->n_done > 0)
        return;
    for (unsigned i = 0; i < FLIGHTS; i++) {
        int left = ms;
        pf[1 + i] = (struct pollfd){.fd = -1};
        if (o->flight[i].tls != NULL)
            left = bg_left_ms(tlsonce_wants(o->flight[i].tls, &pf[1 + i]));
        ms = left < ms ? left : ms;
    }
    (void)poll(pf, 1 + FLIGHTS, ms);
    advance(s);
}

static bool take(struct sink *s, struct sink_result *out)
{
    struct own *o = s->own;

    if (o->n_done == 0)
        return false;
    *out = o->done[0];
    memmove(o->done, o->done + 1, --o->n_done * sizeof o->done[0]);
    o->n_busy--;
    return true;
}

static void close_collector(struct sink *s)
{
    struct own *o = s->own;

    for (unsigned i = 0; i < FLIGHTS; i++)
        tlsonce_end(o->flight[i].tls);
    for (unsigned i = 0; i < SLOTS; i++)
        free(o->post[i].frame);
    free(o);
    s->own = NULL;
}

const struct sink_type sink_collector = {.slots = SLOTS,
                                         .open = open_collector,
                                         .submit = submit,
                                         .work = work,
                                         .take = take,
                                         .close = close_collector};
