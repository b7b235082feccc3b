/* SPDX-License-Identifier: ISC */
#include "base/packet.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include "base/clock.h"
#include "base/secret.h"

#define HEADER 3

void bg_field_must(struct bg_fields *f, bool holds)
{
    f->bad = f->bad || !holds;
}

void bg_field_raw(struct bg_fields *f, void *p, size_t n)
{
    bg_field_must(f, n <= f->end - f->at);
    if (f->bad)
        return;
    if (f->out != NULL)
        memcpy(f->out + f->at, p, n);
    else
        memcpy(p, f->in + f->at, n);
    f->at += n;
}

uint64_t bg_field_number(struct bg_fields *f, uint64_t v, size_t bytes, uint64_t least, uint64_t most)
{
    uint8_t b[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)};

    bg_field_raw(f, b, bytes);
    if (f->in != NULL) {
        v = 0;
        for (size_t i = bytes; i > 0; i--)
            v = v << 8 | b[i - 1];
    }
    bg_field_must(f, v >= least && v <= most);
    return f->bad && f->in != NULL ? least : v;
}

void bg_field_byte(struct bg_fields *f, uint8_t *v, uint8_t most)
{
    *v = (uint8_t)bg_field_number(f, *v, 1, 0, most);
}

void bg_field_word(struct bg_fields *f, uint32_t *v)
{
    *v = (uint32_t)bg_field_number(f, *v, 4, 0, UINT32_MAX);
}

void bg_field_flag(struct bg_fields *f, bool *v)
{
    *v = bg_field_number(f, *v, 1, 0, 1) == 1;
}

void bg_field_bytes(struct bg_fields *f, uint8_t *p, uint16_t *len, uint16_t least, uint16_t most)
{
    *len = (uint16_t)bg_field_number(f, *len, 2, least, most);
    if (!f->bad)
        bg_field_raw(f, p, *len);
}

size_t bg_field_text(struct bg_fields *f, char *s, size_t cap, uint16_t least)
{
    uint16_t len = f->out != NULL ? (uint16_t)strnlen(s, cap) : 0;

    bg_field_bytes(f, (uint8_t *)s, &len, least, (uint16_t)(cap - 1));
    if (f->bad)
        return 0;
    if (f->in != NULL) {
        s[len] = '\0';
        bg_field_must(f, strlen(s) == len); /* no NUL inside (CVE-2026-6245) */
    }
    return len;
}

enum bg_err bg_packet_encode(const struct bg_contract *c, void *message, uint8_t buf[BG_PACKET_MAX],
                             size_t *len)
{
    struct bg_fields f = {.out = buf, .at = HEADER, .end = BG_PACKET_MAX};

    buf[0] = 'B';
    buf[1] = (uint8_t)c->letter;
    buf[2] = c->version;
    c->fields(&f, message);
    if (f.bad)
        return BG_E_RANGE;
    *len = f.at;
    return BG_OK;
}

enum bg_err bg_packet_decode(const struct bg_contract *c, const uint8_t *buf, size_t len, void *message)
{
    struct bg_fields f = {.in = buf, .at = HEADER, .end = len};
    uint8_t before[BG_PACKET_STRUCT_MAX];

    if (len < HEADER || len > BG_PACKET_MAX || buf[0] != 'B' || buf[1] != (uint8_t)c->letter ||
        buf[2] != c->version)
        return BG_E_PROTO;
    memcpy(before, message, c->size);
    memset(message, 0, c->size);
    c->fields(&f, message);
    bg_field_must(&f, f.at == len);
    if (f.bad)
        memcpy(message, before, c->size);
    bg_wipe(before, sizeof before);
    return f.bad ? BG_E_PROTO : BG_OK;
}

enum bg_err bg_wait_ready(int fd, short events, int watch, int64_t deadline)
{
    struct pollfd pf[2] = {{.fd = fd, .events = events}, {.fd = watch, .events = 0}};
    int n;

    while ((n = poll(pf, 2, bg_left_ms(deadline))) < 0 && errno == EINTR && watch == BG_WATCH_NOTHING)
        continue;
    if (n < 0)
        return errno == EINTR ? BG_E_CANCEL : BG_E_IO;
    if (n == 0)
        return BG_E_TIMEOUT;
    return pf[0].revents != 0 ? BG_OK : BG_E_HANGUP;
}

static bool try_again(ssize_t done)
{
    return done < 0 && (errno == EINTR || errno == EAGAIN);
}

static enum bg_err failure(void)
{
    return errno == EPIPE || errno == ECONNRESET ? BG_E_EOF : BG_E_IO;
}

enum bg_err bg_packet_send(int fd, const struct bg_contract *c, void *message, int64_t deadline)
{
    uint8_t buf[BG_PACKET_MAX];
    size_t len = 0;
    ssize_t sent;
    enum bg_err r;

    if ((r = bg_packet_encode(c, message, buf, &len)) != BG_OK)
        goto out;
    do {
        if ((r = bg_wait_ready(fd, POLLOUT, BG_WATCH_NOTHING, deadline)) != BG_OK)
            goto out;
        sent = send(fd, buf, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (try_again(sent));
    if (sent != (ssize_t)len)
        r = sent < 0 ? failure() : BG_E_IO;
out:
    bg_wipe(buf, sizeof buf);
    return r;
}

enum bg_err bg_packet_recv(int fd, int watch, const struct bg_contract *c, void *message, int64_t deadline)
{
    uint8_t buf[BG_PACKET_MAX + 1]; /* one more, so that a longer packet is seen as one */
    ssize_t got;
    enum bg_err r;

    do {
        if ((r = bg_wait_ready(fd, POLLIN, watch, deadline)) != BG_OK)
            goto out;
        got = recv(fd, buf, sizeof buf, MSG_DONTWAIT);
    } while (try_again(got));
    if (got < 0)
        r = failure();
    else
        r = got == 0 ? BG_E_EOF : bg_packet_decode(c, buf, (size_t)got, message);
out:
    bg_wipe(buf, sizeof buf);
    return r;
}
