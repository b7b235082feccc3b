/* SPDX-License-Identifier: ISC */
/*
 * Messages between two programs of ours: one a packet, over a SOCK_SEQPACKET socket.
 *
 *     'B' letter version field...
 *
 * Each kind of message has one list of its fields, a function that is run over the packet in either
 * direction: it writes the fields of a message or reads them into one, so the two cannot differ. A number is
 * one, two or four bytes, little endian; bytes and text are two bytes of length and the bytes. A packet that
 * is longer or shorter than its fields, a number outside its bounds, a text with a NUL byte is BG_E_PROTO,
 * and what would be refused is never sent. libc only; no heap; nothing is kept between calls; every buffer is
 * wiped.
 */
#ifndef BG_BASE_PACKET_H
#define BG_BASE_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

#define BG_PACKET_MAX        10240 /* bytes of a packet */
#define BG_PACKET_STRUCT_MAX 9216  /* bytes of a message as a struct */

/* The fields of one packet, being written or read. Once `bad` is set it stays set, and later fields do
 * nothing. */
struct bg_fields {
    uint8_t *out;      /* writing: BG_PACKET_MAX bytes */
    const uint8_t *in; /* reading */
    size_t at, end;
    bool bad;
};

/*
 * The fields. The pointers lead into the message: written to when reading, left as they are when writing. A
 * number read is within its bounds, or `least`.
 */
uint64_t bg_field_number(struct bg_fields *f, uint64_t v, size_t bytes, uint64_t least, uint64_t most);
void bg_field_byte(struct bg_fields *f, uint8_t *v, uint8_t most);
void bg_field_word(struct bg_fields *f, uint32_t *v);
void bg_field_flag(struct bg_fields *f, bool *v);
void bg_field_raw(struct bg_fields *f, void *p, size_t n);
void bg_field_bytes(struct bg_fields *f, uint8_t *p, uint16_t *len, uint16_t least, uint16_t most);

/* NUL-ended in the message (cap bytes with its NUL), without it in the packet. Returns its length. */
size_t bg_field_text(struct bg_fields *f, char *s, size_t cap, uint16_t least);

/* One byte of an enumeration. */
#define BG_FIELD_ENUM(f, v, least, most)                                                                     \
    ((v) = (__typeof__(v))bg_field_number((f), (uint64_t)(v), 1, (least), (most)))

/* Whatever else must hold. */
void bg_field_must(struct bg_fields *f, bool holds);

/* A contract between two programs. `fields` begins with the kind, and sets f->bad for one that it does not
 * know. */
struct bg_contract {
    char letter;
    uint8_t version;
    size_t size; /* of a message; at most BG_PACKET_STRUCT_MAX */
    void (*fields)(struct bg_fields *f, void *message);
};

/* Into buf; BG_E_RANGE for what bg_packet_decode would refuse. The message stays as it is. */
BG_MUST_CHECK enum bg_err bg_packet_encode(const struct bg_contract *c, void *message,
                                           uint8_t buf[BG_PACKET_MAX], size_t *len);

/* Exactly len bytes into *message, which is unchanged unless BG_OK. BG_E_PROTO for anything unexpected. */
BG_MUST_CHECK enum bg_err bg_packet_decode(const struct bg_contract *c, const uint8_t *buf, size_t len,
                                           void *message);

/*
 * Send one message before `deadline` (bg_deadline()). Never raises SIGPIPE. BG_E_EOF: the other side is gone;
 * BG_E_TIMEOUT, BG_E_RANGE, BG_E_IO.
 */
BG_MUST_CHECK enum bg_err bg_packet_send(int fd, const struct bg_contract *c, void *message,
                                         int64_t deadline);

/*
 * Wait until fd is ready for `events` of poll(2), or was hung up. watch: another descriptor, whose hang-up
 * ends the wait with BG_E_HANGUP, as a signal does with BG_E_CANCEL; BG_WATCH_SIGNALS: only that;
 * BG_WATCH_NOTHING: neither. BG_E_TIMEOUT, BG_E_IO.
 */
#define BG_WATCH_SIGNALS (-1)
#define BG_WATCH_NOTHING (-2)
BG_MUST_CHECK enum bg_err bg_wait_ready(int fd, short events, int watch, int64_t deadline);

/*
 * Receive one. Waits as bg_wait_ready. BG_E_EOF: the other side is gone; BG_E_TIMEOUT, BG_E_PROTO, BG_E_IO. A
 * packet that is there already is taken even when the deadline has passed, so whoever loops checks the
 * deadline too.
 */
BG_MUST_CHECK enum bg_err bg_packet_recv(int fd, int watch, const struct bg_contract *c, void *message,
                                         int64_t deadline);

#endif
