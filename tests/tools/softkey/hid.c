/* SPDX-License-Identifier: ISC */
#include "hid.h"

#include <string.h>
#include "base/clock.h"
#include "softkey.h"

#define MESSAGE_MS   3000 /* between the packets of one message; a busy machine may hold up its sender */
#define CAPABILITIES 0x0d /* WINK, CBOR, no MSG */
#define U2F_ONLY     0x01 /* WINK; MSG and no CBOR */

static void put32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

void sk_hid_power_up(struct sk_hid *hid)
{
    /* channel numbers keep counting, so that a new client never gets an old client's */
    uint32_t last = hid->last_cid;

    memset(hid, 0, sizeof(*hid));
    hid->last_cid = hid->dead_cids = last;
}

static bool alive(const struct sk_hid *hid, uint32_t cid)
{
    return cid == SK_BROADCAST || (cid > hid->dead_cids && cid <= hid->last_cid);
}

static bool known(const struct sk_hid *hid, uint32_t cid)
{
    return cid == SK_BROADCAST || (cid != 0 && cid <= hid->last_cid);
}

bool sk_hid_listening(const struct softkey *sk)
{
    return sk->port.master >= 0 && !sk->hid.aborted && !sk->hid.gone;
}

bool sk_hid_packet(struct softkey *sk, uint32_t cid, uint8_t second, const void *rest, size_t n)
{
    uint8_t packet[SK_PACKET] = {0};

    put32(packet, cid);
    packet[4] = second;
    if (n > 0)
        memcpy(packet + 5, rest, least(n, SK_PACKET - 5));
    return sk_port_write(&sk->port, packet);
}

void sk_hid_send(struct softkey *sk, uint32_t cid, uint8_t cmd, const void *data, size_t len)
{
    const uint8_t *p = data;
    uint8_t first[SK_PACKET - 5] = {(uint8_t)(len >> 8), (uint8_t)len};
    size_t done = least(len, SK_PACKET - 7);
    bool ok;

    if (!alive(&sk->hid, cid))
        return;
    if (done > 0)
        memcpy(first + 2, p, done);
    ok = sk_hid_packet(sk, cid, cmd, first, sizeof(first));
    for (uint8_t seq = 0; ok && done < len; seq++) {
        size_t n = least(len - done, SK_PACKET - 5);
        ok = sk_hid_packet(sk, cid, seq, p + done, n);
        done += n;
    }
}

void sk_hid_keepalive(struct softkey *sk, enum sk_keepalive status)
{
    uint8_t s = (uint8_t)status;

    if (sk_hid_listening(sk))
        sk_hid_send(sk, sk->hid.rx.cid, SK_HID_KEEPALIVE, &s, 1);
    else if (sk->orphans && sk->hid.gone && sk->port.clients > 0)
        (void)sk_hid_packet(sk, sk->hid.rx.cid, SK_HID_KEEPALIVE, (const uint8_t[]){0, 1, s}, 3);
}

static void error(struct softkey *sk, uint32_t cid, enum sk_hid_err e)
{
    uint8_t b = (uint8_t)e;

    sk_trace(sk, "hid error %u on channel %08x", b, cid);
    sk_hid_send(sk, cid, SK_HID_ERROR, &b, 1);
}

size_t sk_hid_init_answer(struct softkey *sk, uint32_t cid, const uint8_t *nonce, uint8_t out[17])
{
    memcpy(out, nonce, SK_NONCE);
    put32(out + 8, cid == SK_BROADCAST ? ++sk->hid.last_cid : cid);
    out[12] = 2; /* CTAPHID protocol version */
    out[13] = SK_FIRMWARE >> 16;
    out[14] = SK_FIRMWARE >> 8 & 0xff;
    out[15] = SK_FIRMWARE & 0xff;
    out[16] = sk->u2f ? U2F_ONLY : CAPABILITIES;
    return 17;
}

/* A packet that begins a message while another request is in progress. */
static void while_busy(struct softkey *sk, uint32_t cid, uint8_t cmd, const uint8_t *packet)
{
    struct sk_hid *hid = &sk->hid;
    uint8_t out[17];

    if (cmd == SK_HID_CANCEL) {
        if (cid == hid->rx.cid)
            hid->cancelled = true;
    } else if (cmd == SK_HID_INIT) {
        if (cid == hid->rx.cid && cid != SK_BROADCAST)
            hid->aborted = true;
        sk_hid_send(sk, cid, SK_HID_INIT, out, sk_hid_init_answer(sk, cid, packet + 7, out));
    } else {
        error(sk, cid, SK_HID_E_BUSY);
    }
}

static void take(struct sk_hid *hid, const uint8_t *p, size_t n)
{
    n = least(n, hid->rx.len - hid->got);
    memcpy(hid->rx.data + hid->got, p, n);
    hid->got += n;
    hid->receiving = hid->got < hid->rx.len;
    hid->ready = !hid->receiving;
    hid->deadline = bg_deadline(MESSAGE_MS);
}

static void begin(struct softkey *sk, uint32_t cid, uint8_t cmd, const uint8_t *packet)
{
    struct sk_hid *hid = &sk->hid;
    size_t len = (size_t)packet[5] << 8 | packet[6];

    if (cmd == SK_HID_CANCEL)
        return; /* nothing to cancel: no answer (11.2.9.1.5) */
    if (len > SK_MESSAGE_MAX || (cmd == SK_HID_INIT && len != SK_NONCE)) {
        error(sk, cid, SK_HID_E_LEN);
        return;
    }
    hid->rx.cid = cid;
    hid->rx.cmd = cmd;
    hid->rx.len = len;
    hid->got = 0;
    hid->seq = 0;
    take(hid, packet + 7, SK_PACKET - 7);
}

static void go_on(struct softkey *sk, uint8_t seq, const uint8_t *packet)
{
    struct sk_hid *hid = &sk->hid;

    if (seq == hid->seq) {
        hid->seq++;
        take(hid, packet + 5, SK_PACKET - 5);
    } else {
        hid->receiving = false;
        error(sk, hid->rx.cid, SK_HID_E_SEQ);
    }
}

/* What a first packet means in the current state (11.2.5). */
static void first(struct softkey *sk, uint32_t cid, uint8_t cmd, const uint8_t *packet)
{
    struct sk_hid *hid = &sk->hid;

    if (hid->busy || hid->ready) {
        while_busy(sk, cid, cmd, packet);
    } else if (hid->receiving && cid != hid->rx.cid && cmd != SK_HID_INIT) {
        error(sk, cid, SK_HID_E_BUSY);
    } else if (hid->receiving && cmd != SK_HID_INIT) {
        hid->receiving = false;
        error(sk, cid, SK_HID_E_SEQ);
    } else {
        begin(sk, cid, cmd, packet);
    }
}

static void packet_in(struct softkey *sk, const uint8_t packet[SK_PACKET])
{
    uint32_t cid = get32(packet);
    uint8_t second = packet[4];

    if (!known(&sk->hid, cid) || (cid == SK_BROADCAST && second != SK_HID_INIT)) {
        if (second & 0x80)
            (void)sk_hid_packet(sk, cid, SK_HID_ERROR, "\0\1\v", 3); /* one byte: SK_HID_E_CHANNEL */
        return;
    }
    if (second & 0x80)
        first(sk, cid, second, packet);
    else if (sk->hid.receiving && cid == sk->hid.rx.cid)
        go_on(sk, second, packet);
}

void sk_hid_receive(struct softkey *sk)
{
    struct sk_hid *hid = &sk->hid;
    uint8_t buf[(SK_PACKET + 1) * 16];
    size_t n = sk_port_read(&sk->port, buf, sizeof(buf));

    /* checked after the read, so that a client's leaving is seen before anything its successor wrote */
    if (sk_port_left(&sk->port)) {
        hid->dead_cids = hid->last_cid;
        hid->gone = true;
        hid->in_len = 0;
        hid->receiving = false;
    }
    for (size_t i = 0; i < n; i++) {
        hid->in[hid->in_len++] = buf[i];
        if (hid->in_len == sizeof(hid->in)) {
            hid->in_len = 0;
            packet_in(sk, hid->in + 1);
        }
    }
}

int sk_hid_expire(struct softkey *sk)
{
    struct sk_hid *hid = &sk->hid;

    if (!hid->receiving)
        return -1;
    if (bg_left_ms(hid->deadline) == 0) {
        hid->receiving = false;
        error(sk, hid->rx.cid, SK_HID_E_TIMEOUT);
        return -1;
    }
    return bg_left_ms(hid->deadline);
}
