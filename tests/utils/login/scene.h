/* SPDX-License-Identifier: ISC */
/*
 * A login without a terminal, a journal or a clock: a person who answers from a list, a recorder that only
 * notes. What happens is one text, a line each, so that a test compares the order of things with what it
 * should be:
 *
 *     say BG101                            a message, by its number
 *     text web01 bg1 ...                   what begins with `plain` and has none
 *     show Press Enter ...                 a question with echo; hide: without
 *     record use.granted                   "failed" and the detail follow where there are any
 *     sleep 3000
 *
 * The functions of lib that touch the world are exchanged by the linker (--wrap, see Makemodule.am).
 */
#ifndef TESTS_LOGIN_SCENE_H
#define TESTS_LOGIN_SCENE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "login/login.h"
#include "record/grant.h"

#define SCENE_EVENTS 64
#define SCENE_DRILL  "01JD7Z3W9Q6M3B1V5X0C8K3F2D"

/* Answers that are none. */
extern const char hang_up[], no_answer[], too_long[], time_out[], fails[]; /* fails: BG_E_IO, ESTALE */

struct scene {
    struct login L;
    struct bg_key key[4]; /* of its credential */
    struct bg_ssh_key ssh[4];
    const char *const *answers; /* NULL-ended; after the last the line is cut */
    char log[32768];            /* what happened */
    char text[65536];           /* every sentence that was said, whole */

    /* what the world answers */
    enum bg_recorded where[BG_EV_TYPES]; /* 0: the journal */
    const char *acked_by;                /* name of the sink that has taken everything from acked_from on */
    uint64_t acked_from, acked_to;       /* sequence numbers */
    unsigned failures;                   /* bg_state_failures */
    int64_t since_ms;
    const char *token;   /* bg_grant_*: the use that a token stands for, NULL: none */
    bool no_tokens;      /* no place takes one */
    bool active;         /* bg_state_active */
    bool spent;          /* the budget of strangers is */
    unsigned counters;   /* counts_start */
    unsigned busy[2];    /* so often somebody else is at the head of the line, and of the late one */
    unsigned pauses;     /* in the last of so many waits the person goes; 0: never */
    const char *seen[8]; /* bg_seen_check, one a call, NULL and all later: right; "!": costs rights */
    enum bg_err seen_by; /* instead: what it returns */
    bool forgets;        /* bg_seen_forget */
    const struct bg_credential
        *now;              /* what the credentials file holds at the grant; NULL: what it did before */
    enum bg_err now_state; /* of reading it */
    const char *plain;     /* NULL: nothing */
    const char *drill;     /* bg_drilled_*: who announced it; NULL: there is none */
    unsigned sayable;      /* after so many messages the line fails as `fails` does; 0: it does not */

    bool key_open; /* a key is held, and with it ... */
    int key_lock;  /* this lock of the host: meanwhile nobody is asked anything, and nobody waits; 0: none */

    /* what was seen */
    struct bg_event event[SCENE_EVENTS];       /* strings are copies */
    unsigned watches;                          /* sessions that are watched for their limit */
    const char *missing;                       /* what of the session is in no recording; NULL: nothing */
    unsigned events, rings, looks_back, asked; /* asked: bg_seen_check */
    unsigned drills;                           /* bg_drilled_* */
    int64_t look_back_ms;                      /* what the look back may wait for the journal */
    const void *secret[8];                     /* typed hidden or handed on, and not wiped yet */
    unsigned secrets;
};

extern struct scene scene;

/* A fresh scene: account bg1 with shares, at a console, default policy without sinks. */
void scene_begin(const char *const *answers);
void scene_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* From now on the memory at p must be wiped before the next secret comes. */
void scene_secret(const void *p);

/* The newest event of a type; fails the test when there is none. */
const struct bg_event *scene_event(enum bg_event_type type);
unsigned scene_count(enum bg_event_type type);

#define ANSWERS(...)        ((const char *const[]){__VA_ARGS__, NULL})
#define assert_log(...)     assert_string_equal(scene.log, __VA_ARGS__)
#define assert_said(part)   assert_non_null(strstr(scene.text, part))
#define assert_unsaid(part) assert_null(strstr(scene.text, part))

#endif
