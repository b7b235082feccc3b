/* SPDX-License-Identifier: ISC */
/*
 * Bytes that are sent over a TLS session of their own, and are there when the receiver has closed it.
 *
 * A receiver of syslog answers nothing (RFC 5425), so that it took the bytes is no proof: a TLS 1.3 server
 * refuses our certificate when we have long written, and a connection that is cut takes what lies in its
 * buffers along. But it must answer our close_notify with its own (section 4.4), and has read everything
 * before it then. So each delivery is a session: handshake, bytes, close_notify, and its answer; one that
 * came before all bytes were acknowledged is none, nor is one that a reset of the connection follows (a
 * system resets one that its program closes before it has read all: RFC 2525, section 2.17).
 *
 * rsyslog with GnuTLS closes the connection without one. With conf->close BG_CLOSE_ANY that counts as well
 * when every byte is acknowledged and there was no reset. But no key is needed for it: whoever sits on the
 * way can do the same.
 *
 * TLS 1.2 or newer; the certificate is checked against ca-file or the system's authorities, the host's name
 * or address, and `pin`. Nothing here waits but the look-up of a name, which has LOOK_UP_MS.
 */
#ifndef BG_ALERT_TLSONCE_H
#define BG_ALERT_TLSONCE_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include "alert/sink.h"
#include "base/err.h"
#include "config/sink.h"

#define TLSONCE_LOOK_UP_MS 5000

enum tlsonce_state {
    TLSONCE_UNDER_WAY,
    TLSONCE_DONE,  /* it has read everything */
    TLSONCE_FAILED /* tlsonce_why() */
};

struct tlsonce;

/*
 * Begin to deliver len bytes, which become the delivery's whatever this returns, to conf->server. It has
 * conf->timeout seconds. conf is used until the end. BG_E_NOMEM.
 */
BG_MUST_CHECK enum bg_err tlsonce_begin(const struct bg_sink *conf, char *bytes, size_t len,
                                        struct tlsonce **out);

/* What can be done without waiting. */
enum tlsonce_state tlsonce_step(struct tlsonce *t);

/* What it waits for, and until when (bg_now_ms()). */
int64_t tlsonce_wants(const struct tlsonce *t, struct pollfd *pf);

/* When the certificate ends that was shown and trusted, wall clock in ms; 0: none was. */
int64_t tlsonce_cert_ends(const struct tlsonce *t);

/* Why it failed: printable ASCII. */
const char *tlsonce_why(const struct tlsonce *t);

/* NULL is nothing. */
void tlsonce_end(struct tlsonce *t);

#endif
