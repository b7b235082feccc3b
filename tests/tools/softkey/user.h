/* SPDX-License-Identifier: ISC */
/* The person at the key, by script: touch, and the finger of a key that checks fingers. */
#ifndef SOFTKEY_USER_H
#define SOFTKEY_USER_H

#include <stdbool.h>
#include <stdint.h>

enum sk_touch {
    SK_TOUCH_AUTO,
    SK_TOUCH_NEVER,
    SK_TOUCH_AFTER
};

/* Built-in user verification: none in this key; right finger; wrong finger; no finger. */
enum sk_uv {
    SK_UV_NONE,
    SK_UV_YES,
    SK_UV_NO,
    SK_UV_NEVER
};

struct sk_user {
    enum sk_touch touch;
    int64_t touch_after_ms;
    int64_t patience_ms; /* how long the key waits; a real one waits 30 s */
    enum sk_uv uv;
    int64_t began_ms; /* to blink, for a key that is polled */
    bool waiting;     /* the light blinks */
    bool pressed;     /* "press" at the control socket */
    unsigned asked;   /* how often it has begun to blink */
};

struct softkey;
enum sk_status;

/* "auto", "never", "after:MS"; "none", "yes", "no", "never". */
bool sk_user_set_touch(struct sk_user *u, const char *text);
bool sk_user_set_uv(struct sk_user *u, const char *text);

/* Blink and wait. SK_OK, SK_E_TOUCH_TIMEOUT, SK_E_CANCEL or SK_NO_ANSWER. */
enum sk_status sk_user_touch(struct softkey *sk);

/* For keys that are polled: blink from the first question on; true once they were touched. */
bool sk_user_touched_by_now(struct sk_user *u);

/* Check the finger, which is a touch too. As above, and SK_E_UV_INVALID, SK_E_UV_BLOCKED; retries are
 * counted. */
enum sk_status sk_user_verify(struct softkey *sk);

#endif
