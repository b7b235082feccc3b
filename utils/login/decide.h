/* SPDX-License-Identifier: ISC */
/*
 * The decisions of a login, apart from everything that asks, reads or writes: functions of their arguments
 * alone. Messages that come back take the account's name as %1 and the error of its credentials as %2.
 */
#ifndef BG_LOGIN_DECIDE_H
#define BG_LOGIN_DECIDE_H

#include <stdbool.h>
#include "account/accounts.h"
#include "base/msg.h"
#include "base/wire.h"
#include "config/credential.h"
#include "config/policy.h"
#include "config/ways.h"
#include "record/journal.h"
#include "record/state.h"

/*
 * What opens the account here: so many factors, one after the other, and for each the ways that may be
 * chosen. Bit i stands for row i of the table in ways.c.
 */
struct ways {
    unsigned steps; /* 1 .. BG_STEPS_MAX */
    unsigned offered[BG_STEPS_MAX];
};

/* Who may be at a console, who is on this host already, who comes over a network. */
enum bg_source decide_source(const struct bg_policy *p, const struct bg_hello *h);

/*
 * sshd shows a text only together with the next question, and its client drops what was typed ahead only
 * around a question without echo.
 */
bool decide_is_sshd(const struct bg_hello *h);

/*
 * May a key be used? Never by a build without keys; else only at a configured console: far away nobody can
 * see it blink, nor stop others from using it.
 */
bool decide_key_here(const struct bg_policy *p, const struct bg_hello *h, enum bg_source s);

/*
 * The enrolled key that sshd has just verified: its place in c->ssh, ssh_count without one. sshd alone says
 * so, and its process is root's: with another real uid somebody plays sshd.
 */
size_t decide_ssh_key(const struct bg_hello *h, const struct bg_credential *c);

/* Where the person is, as credentials look at it. */
struct bg_place decide_place(const struct bg_policy *p, const struct bg_hello *h, enum bg_source s);

/* Can this account be opened at all? armed: is it, now? NULL, or the message that refuses it. */
const struct bg_message *decide_account(enum bg_match match, enum bg_err credential_state,
                                        const struct bg_credential *c, bool armed);

/* Answers that mean the same at every question that takes them, in capitals or not. */
bool decide_leaves(const char *answer);     /* q, quit, exit */
bool decide_wants_help(const char *answer); /* ?, help */
bool decide_yes(const char *answer);        /* yes; also as it arrives where y and z are exchanged */

/* True when policy opens the door although its record went only to `where`. */
bool decide_suffices(enum bg_unrecorded policy, enum bg_source s, enum bg_recorded where);

/* Milliseconds to wait after count failures, the newest of them since_ms ago; at most 0: none. */
int64_t decide_delay(const struct bg_policy *p, enum bg_source s, unsigned count, int64_t since_ms);

/* Milliseconds that one stands in line behind others (turn.c): twice the longest delay, but at least 10 s at
 * a console and 30 s elsewhere. */
int64_t decide_line_bound(const struct bg_policy *p, enum bg_source s);

/* What an end without a grant is called when no message has been named for it. */
const struct bg_message *decide_cause(enum bg_err r);

/* True when the person or the line ended the dialogue: aborted, not failed. */
bool decide_aborted(enum bg_err r);

/*
 * Is the connection over with this dialogue? sshd would begin anew for somebody who has left or whom no
 * dialogue lets in. Its password method must be refused alone: the right one may come after it.
 */
bool decide_is_over(const struct bg_hello *h, enum bg_err r, const struct bg_message *cause);

/*
 * What sshd answers in the place of a user whom it refuses by its own rules (auth-pam.c, fake_password): one
 * string over and over, as long as what was typed.
 */
bool decide_is_sshd_junk(const char *answer, size_t len);

/* What passes the account phase without a dialogue, on record. */
struct exception {
    const char *name;
    bool (*applies)(const struct bg_hello *h, const struct bg_account *a);
    bool during_use; /* and only while a use of the account is active */
};
/* The one that a call may claim, NULL without one. Static storage. */
const struct exception *decide_exception(const struct bg_hello *h, const struct bg_account *a);

/*
 * Is a grant worth nothing when its token (record/grant.h) can be kept nowhere? sshd opens the session in
 * another process than the dialogue's; login and su remember the grant by themselves.
 */
bool decide_needs_token(enum bg_source s);

/*
 * Seconds to wait for a receiver of the alarm. Over ssh not all that policy allows: nothing can be said there
 * meanwhile, and with a record that hangs the relay would take the silence (BG_RELAY_QUIET_MS) for a hang.
 * required: nobody gets in without one, so 0 is no time to wait.
 */
unsigned decide_alert_wait(const struct bg_policy *p, const struct bg_hello *h, bool required);

/* Is nobody let in from there before a receiver has acknowledged the alarm? */
bool decide_alert_required(const struct bg_policy *p, enum bg_source s);

#endif
