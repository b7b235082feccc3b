#include "key/wire.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include "base/clock.h"
#include "base/secret.h"

#define HEADER 4

/*
 * Both directions go through one description of each kind: a cursor that either writes its fields or reads
 * them.
 */
struct cursor {
    uint8_t *out;      /* writing: BG_FIDO_MAX bytes */
    const uint8_t *in; /* reading */
    size_t at, end;
    bool bad;
};

static void raw(struct cursor *c, void *p, size_t n)
{
    if (c->bad || n > c->end - c->at) {
        c->bad = true;
        return;
    }
    if (c->out != NULL)
        memcpy(c->out + c->at, p, n);
    else
        memcpy(p, c->in + c->at, n);
    c->at += n;
}

static uint32_t number(struct cursor *c, uint32_t v, size_t bytes, uint32_t least, uint32_t most)
{
    uint8_t b[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)};

    raw(c, b, bytes);
    if (c->out == NULL) {
        v = 0;
        for (size_t i = bytes; i > 0; i--)
            v = v << 8 | b[i - 1];
    }
    if (v < least || v > most)
        c->bad = true;
    return c->bad ? least : v;
}

static void byte(struct cursor *c, uint8_t *v, uint8_t most)
{
    *v = (uint8_t)number(c, *v, 1, 0, most);
}

static void flag(struct cursor *c, bool *v)
{
    *v = number(c, *v, 1, 0, 1) == 1;
}

static void word(struct cursor *c, uint32_t *v)
{
    *v = number(c, *v, 4, 0, UINT32_MAX);
}

static void code(struct cursor *c, enum bg_fido_code *v)
{
    *v = (enum bg_fido_code)number(c, (uint32_t)*v, 1, BG_FC_OK, BG_FC_END - 1);
}

static void bytes(struct cursor *c, uint8_t *p, uint16_t *len, uint16_t least, uint16_t most)
{
    *len = (uint16_t)number(c, *len, 2, least, most);
    if (!c->bad)
        raw(c, p, *len);
}

/* NUL-ended here, without its NUL on the wire. */
static void text(struct cursor *c, char *s, size_t cap, uint16_t least)
{
    uint16_t len = c->out != NULL ? (uint16_t)strnlen(s, cap) : 0;

    bytes(c, (uint8_t *)s, &len, least, (uint16_t)(cap - 1));
    if (c->bad)
        return;
    if (c->out == NULL)
        s[len] = '\0';
    if (strlen(s) != len)
        c->bad = true;
}

static void ids(struct cursor *c, uint8_t *n, struct bg_fido_id *id)
{
    byte(c, n, BG_FIDO_IDS);
    for (size_t i = 0; i < *n && !c->bad; i++)
        bytes(c, id[i].bytes, &id[i].len, 1, BG_FIDO_ID);
}

static void assertion(struct cursor *c, struct bg_fido_assert *a)
{
    text(c, a->rp, sizeof a->rp, 1);
    raw(c, a->hash, sizeof a->hash);
    flag(c, &a->touch);
    flag(c, &a->verify);
    word(c, &a->wait_ms);
    text(c, a->pin, sizeof a->pin, 0);
    ids(c, &a->n, a->id);
    if (a->n == 0)
        c->bad = true;
}

static void make(struct cursor *c, struct bg_fido_make *m)
{
    text(c, m->rp, sizeof m->rp, 1);
    raw(c, m->hash, sizeof m->hash);
    m->type = (enum bg_fido_type)number(c, (uint32_t)m->type, 1, BG_FIDO_ES256, BG_FIDO_EDDSA);
    text(c, m->name, sizeof m->name, 1);
    raw(c, m->user, sizeof m->user);
    flag(c, &m->verify);
    word(c, &m->wait_ms);
    text(c, m->pin, sizeof m->pin, 0);
    ids(c, &m->n, m->id);
}

static void info(struct cursor *c, struct bg_fido_info *i)
{
    code(c, &i->code);
    flag(c, &i->fido2);
    flag(c, &i->pin_set);
    flag(c, &i->uv_ready);
    flag(c, &i->es256);
    flag(c, &i->eddsa);
    byte(c, &i->pin_tries, UINT8_MAX);
    byte(c, &i->uv_tries, UINT8_MAX);
    raw(c, i->aaguid, sizeof i->aaguid);
    word(c, &i->firmware);
}

static void result(struct cursor *c, struct bg_fido_result *r)
{
    code(c, &r->code);
    byte(c, &r->status, UINT8_MAX);
    bytes(c, r->id.bytes, &r->id.len, 0, BG_FIDO_ID);
    bytes(c, r->authdata, &r->authdata_len, 0, BG_FIDO_AUTHDATA);
    bytes(c, r->sig, &r->sig_len, 0, BG_FIDO_SIG);
}

static void fields(struct cursor *c, struct bg_fido_msg *m)
{
    switch (m->kind) {
    case BG_F_OPEN:
        text(c, m->u.open.path, sizeof m->u.open.path, 1);
        word(c, &m->u.open.silence_ms);
        return;
    case BG_F_ASSERT:
        assertion(c, &m->u.assertion);
        return;
    case BG_F_MAKE:
        make(c, &m->u.make);
        return;
    case BG_F_OPENED:
        code(c, &m->u.opened);
        return;
    case BG_F_INFO:
        info(c, &m->u.info);
        return;
    case BG_F_RESULT:
        result(c, &m->u.result);
        return;
    case BG_F_GET_INFO:
    case BG_F_CANCEL:
    case BG_F_TOUCH:
        return;
    }
    c->bad = true;
}

enum bg_err bg_fido_encode(const struct bg_fido_msg *m, uint8_t buf[BG_FIDO_MAX], size_t *len)
{
    struct cursor c = {.out = buf, .at = HEADER, .end = BG_FIDO_MAX};
    struct bg_fido_msg copy = *m; /* the description takes what it may change */

    buf[0] = 'B';
    buf[1] = 'F';
    buf[2] = BG_FIDO_VERSION;
    buf[3] = (uint8_t)m->kind;
    fields(&c, &copy);
    bg_wipe(&copy, sizeof copy);
    if (c.bad)
        return BG_E_RANGE;
    *len = c.at;
    return BG_OK;
}

enum bg_err bg_fido_decode(const uint8_t *buf, size_t len, struct bg_fido_msg *m)
{
    struct cursor c = {.in = buf, .at = HEADER, .end = len};
    struct bg_fido_msg read;

    if (len < HEADER || len > BG_FIDO_MAX || buf[0] != 'B' || buf[1] != 'F' || buf[2] != BG_FIDO_VERSION)
        return BG_E_PROTO;
    memset(&read, 0, sizeof read);
    read.kind = (enum bg_fido_kind)buf[3];
    fields(&c, &read);
    if (!c.bad && c.at == len)
        *m = read;
    bg_wipe(&read, sizeof read);
    return c.bad || c.at != len ? BG_E_PROTO : BG_OK;
}

static enum bg_err wait_for(int fd, short events, int watch, int64_t deadline)
{
    struct pollfd pf[2] = {{.fd = fd, .events = events}, {.fd = watch, .events = 0}};
    int n = poll(pf, 2, bg_left_ms(deadline));

    if (n < 0)
        return errno == EINTR ? BG_E_CANCEL : BG_E_IO;
    if (pf[0].revents != 0)
        return BG_OK;
    return n == 0 ? BG_E_TIMEOUT : BG_E_EOF;
}

enum bg_err bg_fido_send(int fd, const struct bg_fido_msg *m, int64_t deadline)
{
    uint8_t buf[BG_FIDO_MAX];
    size_t len = 0;
    ssize_t sent;
    enum bg_err r;

    if ((r = bg_fido_encode(m, buf, &len)) == BG_OK && (r = wait_for(fd, POLLOUT, -1, deadline)) == BG_OK) {
        sent = send(fd, buf, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent != (ssize_t)len)
            r = sent < 0 && (errno == EPIPE || errno == ECONNRESET) ? BG_E_NOENT : BG_E_IO;
    }
    bg_wipe(buf, sizeof buf);
    return r;
}

enum bg_err bg_fido_recv(int fd, int watch, struct bg_fido_msg *m, int64_t deadline)
{
    uint8_t buf[BG_FIDO_MAX + 1]; /* one more, so that a longer packet is seen as one */
    ssize_t got = -1;
    enum bg_err r;

    if ((r = wait_for(fd, POLLIN, watch, deadline)) == BG_OK) {
        got = recv(fd, buf, sizeof buf, MSG_DONTWAIT);
        if (got < 0)
            r = errno == ECONNRESET ? BG_E_NOENT : BG_E_IO;
        else
            r = got == 0 ? BG_E_NOENT : bg_fido_decode(buf, (size_t)got, m);
    }
    bg_wipe(buf, sizeof buf);
    return r;
}
