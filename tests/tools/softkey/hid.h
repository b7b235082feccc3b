/* SPDX-License-Identifier: ISC */
/* CTAPHID (11.2): channels, messages out of packets, packets out of messages. */
#ifndef SOFTKEY_HID_H
#define SOFTKEY_HID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "port.h"

#define SK_MESSAGE_MAX (SK_PACKET - 7 + 128 * (SK_PACKET - 5)) /* 7609 */
#define SK_BROADCAST   0xffffffffu
#define SK_NONCE       8

enum sk_hid_cmd {
    SK_HID_PING = 0x81,
    SK_HID_MSG = 0x83,
    SK_HID_INIT = 0x86,
    SK_HID_WINK = 0x88,
    SK_HID_CBOR = 0x90,
    SK_HID_CANCEL = 0x91,
    SK_HID_KEEPALIVE = 0xbb,
    SK_HID_ERROR = 0xbf,
};

enum sk_hid_err {
    SK_HID_E_CMD = 0x01,
    SK_HID_E_LEN = 0x03,
    SK_HID_E_SEQ = 0x04,
    SK_HID_E_TIMEOUT = 0x05,
    SK_HID_E_BUSY = 0x06,
    SK_HID_E_CHANNEL = 0x0b, /* '\\v' */
};

enum sk_keepalive {
    SK_PROCESSING = 1,
    SK_UP_NEEDED = 2
};

struct sk_message {
    uint32_t cid;
    uint8_t cmd; /* enum sk_hid_cmd */
    size_t len;
    uint8_t data[SK_MESSAGE_MAX];
};

struct sk_hid {
    uint8_t in[SK_PACKET + 1]; /* a packet that is not whole yet */
    size_t in_len;
    struct sk_message rx; /* the message that is being received or processed */
    size_t got;
    uint8_t seq;
    bool receiving; /* rx is not whole yet */
    int64_t deadline;
    bool ready; /* rx is whole and waits for sk_ctap_run */
    bool busy;  /* rx is being processed */
    bool cancelled;
    bool aborted;       /* its channel was initialised anew: no answer */
    bool gone;          /* its client went away: there is nobody to answer */
    uint32_t last_cid;  /* channels handed out so far */
    uint32_t dead_cids; /* those whose client is gone: 1..dead_cids */
};

struct softkey;

void sk_hid_power_up(struct sk_hid *hid);

/* Take the whole packets that the port has. */
void sk_hid_receive(struct softkey *sk);

/* Give up a message that has stalled; returns the milliseconds until then, or -1. */
int sk_hid_expire(struct softkey *sk);

/* Send a message in packets. Nothing is sent to a channel whose client is gone. */
void sk_hid_send(struct softkey *sk, uint32_t cid, uint8_t cmd, const void *data, size_t len);

/* One packet, as it is: for what the layers above would never send. False if nobody reads. */
bool sk_hid_packet(struct softkey *sk, uint32_t cid, uint8_t second, const void *rest, size_t n);

void sk_hid_keepalive(struct softkey *sk, enum sk_keepalive status);

/* The answer to INIT: a new channel, or the old one again. Returns its length, 17. */
size_t sk_hid_init_answer(struct softkey *sk, uint32_t cid, const uint8_t *nonce, uint8_t out[17]);

/* True while the client that sent the current request can still read. */
bool sk_hid_listening(const struct softkey *sk);

#endif
