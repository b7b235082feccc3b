/* SPDX-License-Identifier: ISC */
/* The way to a receiver that libcurl knows no protocol for: its addresses, and a connection begun to one. */
#ifndef BG_ALERT_DIAL_H
#define BG_ALERT_DIAL_H

#include <stdint.h>
#include <sys/socket.h>
#include "base/err.h"
#include "config/sink.h"

#define DIAL_MAX 8

struct dial {
    unsigned n;
    struct {
        struct sockaddr_storage at;
        socklen_t len;
    } to[DIAL_MAX];
};

/*
 * The addresses of host: those of the sink's `resolve` if that is of this host and port, its own if it is
 * one, else by the name service, which is asked in a child that has ms milliseconds. BG_E_NOENT: it has none;
 * BG_E_TIMEOUT, BG_E_IO.
 */
BG_MUST_CHECK enum bg_err dial_look_up(const struct bg_sink *conf, const char *host, const char *port,
                                       int64_t ms, struct dial *out);

/* Begin to connect to the i-th, by the sink's `interface` if it has one. *fd never waits; writable when it is
 * there. BG_E_IO. */
BG_MUST_CHECK enum bg_err dial_begin(const struct bg_sink *conf, const struct dial *d, unsigned i, int *fd);

#endif
