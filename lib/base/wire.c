#include "base/wire.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include "base/clock.h"
#include "base/secret.h"

/* Tags are per kind; the closed list of fields. */
enum tag {
    T_PHASE = 1,
    T_FLAGS,
    T_HOST_PID,
    T_CALLER_UID,
    T_GRANTED,
    T_USE,
    T_SERVICE,
    T_USER,
    T_TTY,
    T_RHOST,
    T_RUSER,
    T_STYLE,
    T_TEXT,
    T_STATE,
    T_VERDICT,
    T_AUDIT_UID,
    T_END
};

#define HEADER 4
#define TLV    3

struct out {
    uint8_t *buf;
    size_t at;
    bool bad;
};

static void put(struct out *o, enum tag t, const void *value, size_t len)
{
    if (o->bad || len > UINT16_MAX || o->at + TLV + len > BG_WIRE_MAX) {
        o->bad = true;
        return;
    }
    o->buf[o->at++] = (uint8_t)t;
    o->buf[o->at++] = (uint8_t)(len & 0xff);
    o->buf[o->at++] = (uint8_t)(len >> 8);
    if (len > 0)
        memcpy(o->buf + o->at, value, len);
    o->at += len;
}

static void put_u64(struct out *o, enum tag t, uint64_t v)
{
    uint8_t b[8];

    for (int i = 0; i < 8; i++)
        b[i] = (uint8_t)(v >> (8 * i));
    put(o, t, b, sizeof b);
}

static void put_str(struct out *o, enum tag t, const char *s, size_t room)
{
    size_t n = strnlen(s, room);

    if (n == room)
        o->bad = true;
    else
        put(o, t, s, n);
}

/* A number of a closed list: what the other side would refuse is not sent at all. */
static void put_enum(struct out *o, enum tag t, uint64_t v, uint64_t most)
{
    if (v == 0 || v > most)
        o->bad = true;
    put_u64(o, t, v);
}

static void encode_hello(struct out *o, const struct bg_hello *h)
{
    if (h->host_pid < 0 || h->host_pid > INT32_MAX || h->caller_uid < 0 || h->caller_uid > UINT32_MAX)
        o->bad = true;
    put_enum(o, T_PHASE, h->phase, BG_PHASE_CLOSE);
    put_u64(o, T_FLAGS, h->flags);
    put_u64(o, T_HOST_PID, (uint64_t)h->host_pid);
    put_u64(o, T_CALLER_UID, (uint64_t)h->caller_uid);
    put_u64(o, T_GRANTED, h->granted);
    put_str(o, T_USE, h->use, sizeof h->use);
    put_str(o, T_SERVICE, h->service, sizeof h->service);
    put_str(o, T_USER, h->user, sizeof h->user);
    put_str(o, T_TTY, h->tty, sizeof h->tty);
    put_str(o, T_RHOST, h->rhost, sizeof h->rhost);
    put_str(o, T_RUSER, h->ruser, sizeof h->ruser);
}

static void encode_answer(struct out *o, const struct bg_answer *a)
{
    put_enum(o, T_STATE, a->state, BG_ANSWER_NONE);
    if (a->len >= BG_ANSWER_MAX || (a->state != BG_ANSWER_GIVEN && a->len != 0) ||
        memchr(a->text, '\0', a->len) != NULL)
        o->bad = true;
    else
        put(o, T_TEXT, a->text, a->len);
}

static void encode_verdict(struct out *o, const struct bg_verdict *v)
{
    if (v->verdict != BG_VERDICT_ALLOW && v->verdict != BG_VERDICT_DENY)
        o->bad = true;
    put_u64(o, T_VERDICT, v->verdict);
    if (v->has_audit_uid)
        put_u64(o, T_AUDIT_UID, v->audit_uid);
    put_str(o, T_USE, v->use, sizeof v->use);
}

enum bg_err bg_wire_encode(const struct bg_msg *m, uint8_t buf[BG_WIRE_MAX], size_t *len)
{
    struct out o = {buf, HEADER, false};

    buf[0] = 'B';
    buf[1] = 'G';
    buf[2] = BG_WIRE_VERSION;
    buf[3] = (uint8_t)m->kind;
    switch (m->kind) {
    case BG_K_HELLO:
        encode_hello(&o, &m->u.hello);
        break;
    case BG_K_PROMPT:
        put_enum(&o, T_STYLE, m->u.prompt.style, BG_STYLE_ERROR);
        put_str(&o, T_TEXT, m->u.prompt.text, sizeof m->u.prompt.text);
        break;
    case BG_K_ANSWER:
        encode_answer(&o, &m->u.answer);
        break;
    case BG_K_VERDICT:
        encode_verdict(&o, &m->u.verdict);
        break;
    default:
        return BG_E_RANGE;
    }
    if (o.bad)
        return BG_E_RANGE;
    *len = o.at;
    return BG_OK;
}

/* --- decoding: first cut the packet into fields, then take the fields of its kind ---------- */

struct field {
    const uint8_t *value;
    size_t len;
    bool present, taken;
};

struct fields {
    struct field f[T_END];
    bool bad;
};

static enum bg_err cut(const uint8_t *buf, size_t len, struct fields *fs)
{
    size_t at = HEADER;

    memset(fs, 0, sizeof *fs);
    while (at < len) {
        if (len - at < TLV)
            return BG_E_PROTO;
        uint8_t tag = buf[at];
        size_t n = (size_t)buf[at + 1] | (size_t)buf[at + 2] << 8;
        if (tag == 0 || tag >= T_END || fs->f[tag].present || n > len - at - TLV)
            return BG_E_PROTO;
        fs->f[tag] = (struct field){buf + at + TLV, n, true, false};
        at += TLV + n;
    }
    return BG_OK;
}

static uint64_t take_u64(struct fields *fs, enum tag t, uint64_t most)
{
    struct field *f = &fs->f[t];
    uint64_t v = 0;

    if (!f->present || f->len != 8) {
        fs->bad = true;
        return 0;
    }
    f->taken = true;
    for (int i = 0; i < 8; i++)
        v |= (uint64_t)f->value[i] << (8 * i);
    if (v > most)
        fs->bad = true;
    return v;
}

/* A string: bytes without a NUL among them (CVE-2026-6245). Returns its length. */
static size_t take_str(struct fields *fs, enum tag t, char *out, size_t room)
{
    struct field *f = &fs->f[t];

    if (!f->present || f->len >= room || memchr(f->value, '\0', f->len) != NULL) {
        fs->bad = true;
        return 0;
    }
    f->taken = true;
    memcpy(out, f->value, f->len);
    out[f->len] = '\0';
    return f->len;
}

/* A number of a closed list that begins at 1. */
static uint64_t take_enum(struct fields *fs, enum tag t, uint64_t most)
{
    uint64_t v = take_u64(fs, t, most);

    if (v == 0)
        fs->bad = true;
    return v;
}

static void decode_hello(struct fields *fs, struct bg_hello *h)
{
    h->phase = (enum bg_phase)take_enum(fs, T_PHASE, BG_PHASE_CLOSE);
    h->flags = (uint32_t)take_u64(fs, T_FLAGS, UINT32_MAX);
    h->host_pid = (int64_t)take_u64(fs, T_HOST_PID, INT32_MAX);
    h->caller_uid = (int64_t)take_u64(fs, T_CALLER_UID, UINT32_MAX);
    h->granted = take_u64(fs, T_GRANTED, 1) == 1;
    (void)take_str(fs, T_USE, h->use, sizeof h->use);
    (void)take_str(fs, T_SERVICE, h->service, sizeof h->service);
    (void)take_str(fs, T_USER, h->user, sizeof h->user);
    (void)take_str(fs, T_TTY, h->tty, sizeof h->tty);
    (void)take_str(fs, T_RHOST, h->rhost, sizeof h->rhost);
    (void)take_str(fs, T_RUSER, h->ruser, sizeof h->ruser);
}

static void decode_verdict(struct fields *fs, struct bg_verdict *v)
{
    v->verdict = (uint32_t)take_u64(fs, T_VERDICT, UINT32_MAX);
    v->has_audit_uid = fs->f[T_AUDIT_UID].present;
    if (v->has_audit_uid)
        v->audit_uid = (uint32_t)take_u64(fs, T_AUDIT_UID, UINT32_MAX);
    (void)take_str(fs, T_USE, v->use, sizeof v->use);
    if (v->verdict != BG_VERDICT_ALLOW && v->verdict != BG_VERDICT_DENY)
        fs->bad = true;
}

static void decode_kind(struct fields *fs, struct bg_msg *m)
{
    switch (m->kind) {
    case BG_K_HELLO:
        decode_hello(fs, &m->u.hello);
        return;
    case BG_K_PROMPT:
        m->u.prompt.style = (enum bg_style)take_enum(fs, T_STYLE, BG_STYLE_ERROR);
        (void)take_str(fs, T_TEXT, m->u.prompt.text, sizeof m->u.prompt.text);
        fs->bad = fs->bad || m->u.prompt.style == 0;
        return;
    case BG_K_ANSWER:
        m->u.answer.state = (enum bg_answer_state)take_enum(fs, T_STATE, BG_ANSWER_NONE);
        m->u.answer.len = take_str(fs, T_TEXT, m->u.answer.text, sizeof m->u.answer.text);
        fs->bad = fs->bad || (m->u.answer.state != BG_ANSWER_GIVEN && m->u.answer.len != 0);
        return;
    case BG_K_VERDICT:
        decode_verdict(fs, &m->u.verdict);
        return;
    }
    fs->bad = true;
}

enum bg_err bg_wire_decode(const uint8_t *buf, size_t len, struct bg_msg *m)
{
    struct fields fs;
    struct bg_msg tmp;
    enum bg_err r = BG_OK;

    if (len < HEADER || len > BG_WIRE_MAX || buf[0] != 'B' || buf[1] != 'G' || buf[2] != BG_WIRE_VERSION)
        return BG_E_PROTO;
    if (cut(buf, len, &fs) != BG_OK)
        return BG_E_PROTO;
    memset(&tmp, 0, sizeof tmp);
    tmp.kind = (enum bg_kind)buf[3];
    decode_kind(&fs, &tmp);
    for (int t = 1; t < T_END; t++)
        if (fs.f[t].present && !fs.f[t].taken)
            fs.bad = true;
    if (fs.bad)
        r = BG_E_PROTO;
    else
        *m = tmp;
    bg_wipe(&tmp, sizeof tmp);
    return r;
}

static enum bg_err wait_for(int fd, short events, int64_t deadline)
{
    struct pollfd pf = {.fd = fd, .events = events};
    int n;

    while ((n = poll(&pf, 1, bg_left_ms(deadline))) < 0 && errno == EINTR)
        continue;
    if (n == 0)
        return BG_E_TIMEOUT;
    return n < 0 ? BG_E_IO : BG_OK;
}

enum bg_err bg_wire_send(int fd, const struct bg_msg *m, int64_t deadline)
{
    uint8_t buf[BG_WIRE_MAX];
    size_t len;
    ssize_t put_n = -1;
    enum bg_err r;

    if ((r = bg_wire_encode(m, buf, &len)) != BG_OK)
        goto out;
    do {
        if ((r = wait_for(fd, POLLOUT, deadline)) != BG_OK)
            goto out;
        put_n = send(fd, buf, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (put_n < 0 && (errno == EINTR || errno == EAGAIN));
    if (put_n != (ssize_t)len)
        r = put_n < 0 && (errno == EPIPE || errno == ECONNRESET) ? BG_E_EOF : BG_E_IO;
out:
    bg_wipe(buf, sizeof buf);
    return r;
}

enum bg_err bg_wire_recv(int fd, struct bg_msg *m, int64_t deadline)
{
    uint8_t buf[BG_WIRE_MAX + 1]; /* one more, so that a longer packet is seen as one */
    ssize_t got = -1;
    enum bg_err r;

    do {
        if ((r = wait_for(fd, POLLIN, deadline)) != BG_OK)
            goto out;
        got = recv(fd, buf, sizeof buf, MSG_DONTWAIT);
    } while (got < 0 && (errno == EINTR || errno == EAGAIN));
    if (got < 0)
        r = errno == ECONNRESET ? BG_E_EOF : BG_E_IO;
    else
        r = got == 0 ? BG_E_EOF : bg_wire_decode(buf, (size_t)got, m);
out:
    bg_wipe(buf, sizeof buf);
    return r;
}
