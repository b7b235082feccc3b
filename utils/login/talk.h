/* SPDX-License-Identifier: ISC */
/*
 * The conversation with the person, whoever carries it: the PAM module's socket or a terminal.
 * A talk has one deadline; past it every call is BG_E_TIMEOUT.
 */
#ifndef BG_LOGIN_TALK_H
#define BG_LOGIN_TALK_H

#include <stdint.h>
#include "base/err.h"
#include "base/wire.h"

struct talk {
    /* Show text. BG_OK, BG_E_EOF, BG_E_TIMEOUT, BG_E_IO. */
    enum bg_err (*say)(struct talk *t, enum bg_style style, const char *text);
    /*
     * Show prompt and take one line as it was typed; the caller wipes *a. BG_OK; BG_E_RANGE: longer than an
     * answer may be; BG_E_CANCEL: the conversation gave no answer; BG_E_EOF, BG_E_TIMEOUT, BG_E_PROTO,
     * BG_E_IO.
     */
    enum bg_err (*ask)(struct talk *t, enum bg_style style, const char *prompt, struct bg_answer *a);
    int watch;        /* its hang-up means that the person is gone; -1: nothing tells */
    int fd;           /* relay: the socket; terminal: where lines are read */
    int64_t deadline; /* bg_deadline() of the whole dialogue */
};

/* Over the relay's socket fd. */
void talk_over_wire(struct talk *t, int fd, int64_t deadline);

/* On standard input and output; echo is switched off where standard input is a terminal. */
void talk_on_terminal(struct talk *t, int64_t deadline);

#endif
