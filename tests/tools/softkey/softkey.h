/* SPDX-License-Identifier: ISC */
/*
 * softkey: a software CTAP 2.1 authenticator on a pseudo terminal, for tests.
 *
 * libfido2 takes any character device by path and falls back to 64-byte reports where the hidraw ioctls fail,
 * so the slave of a raw pty is a FIDO2 device for every program that uses it. Source: CTAP 2.1 (FIDO Alliance
 * proposed standard, 2021-06-15); section numbers in the comments are of that document.
 *
 * Two layers: CTAPHID packets (port, hid) and commands (ctap and one file per command group). One request
 * runs at a time; while it waits for the person it calls sk_pump, which goes on answering packets and the
 * control socket.
 */
#ifndef SOFTKEY_H
#define SOFTKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "control.h"
#include "cred.h"
#include "fault.h"
#include "hid.h"
#include "pin.h"
#include "port.h"
#include "status.h"
#include "store.h"
#include "user.h"

#define SK_MAX_MSG  1200 /* what getInfo tells as maxMsgSize */
#define SK_FIRMWARE 0x010000
#define SK_RESET_MS 10000 /* a reset is taken this long after power-up (6.6) */

struct softkey {
    struct sk_port port;
    struct sk_hid hid;
    struct sk_store store;
    struct sk_pin pin;
    struct sk_user user;
    struct sk_fault fault;
    struct sk_control control;
    struct sk_found_set found;      /* what getNextAssertion goes on with */
    struct sk_credman_walk walk;    /* what the ...Next of credential management go on with */
    int64_t pin_protocol;           /* the only one offered; 0: both */
    int64_t work_ms;                /* each command of CTAP takes so long */
    int64_t list;                   /* credentials of one request, at most; 0: one, and it does not say so */
    int64_t powered_ms;             /* when it was plugged in */
    unsigned commands[SK_CMD_LAST]; /* how often each command has come since the start */
    int signal_fd;
    bool stop;
    bool verbose;
    bool u2f;     /* a key of before CTAP2 */
    bool rsa;     /* RS256 is all that it knows */
    bool orphans; /* keep-alives of an abandoned request reach its successor, as those of a real key do */
};

/* Wait up to ms milliseconds (-1: for ever) for one round of packets, control lines and signals, and serve
 * them. */
void sk_pump(struct softkey *sk, int ms);

/* A new pty and its link; forget what a key forgets without power. False if there is no pty. */
bool sk_plug(struct softkey *sk);
void sk_unplug(struct softkey *sk);

/* One line on stderr with --verbose. */
void sk_trace(const struct softkey *sk, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
