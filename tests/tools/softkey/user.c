/* SPDX-License-Identifier: ISC */
#include "user.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "softkey.h"

#define BLINK_MS 100 /* between two keep-alives */

bool sk_user_set_touch(struct sk_user *u, const char *text)
{
    char *end = NULL;
    unsigned long ms;

    if (strcmp(text, "auto") == 0)
        u->touch = SK_TOUCH_AUTO;
    else if (strcmp(text, "never") == 0)
        u->touch = SK_TOUCH_NEVER;
    else if (strncmp(text, "after:", 6) == 0 && (ms = strtoul(text + 6, &end, 10)) < 1000000 &&
             end != text + 6 && *end == '\0') {
        u->touch = SK_TOUCH_AFTER;
        u->touch_after_ms = (int64_t)ms;
    } else {
        return false;
    }
    return true;
}

bool sk_user_set_uv(struct sk_user *u, const char *text)
{
    static const char *const names[] = {"none", "yes", "no", "never"};

    for (int i = 0; i <= SK_UV_NEVER; i++)
        if (strcmp(text, names[i]) == 0) {
            u->uv = (enum sk_uv)i;
            return true;
        }
    return false;
}

static bool touched(const struct sk_user *u, int64_t began)
{
    switch (u->touch) {
    case SK_TOUCH_AUTO:
        return true;
    case SK_TOUCH_AFTER:
        return bg_now_ms() - began >= u->touch_after_ms;
    case SK_TOUCH_NEVER:
    default:
        return u->pressed;
    }
}

/* How long to wait: until the next keep-alive, or the scripted touch if that is sooner. */
static int nap(const struct sk_user *u, int64_t began)
{
    int64_t left = began + u->touch_after_ms - bg_now_ms();

    return u->touch == SK_TOUCH_AFTER && left < BLINK_MS ? (int)(left > 0 ? left : 0) : BLINK_MS;
}

static enum sk_status wait_for_finger(struct softkey *sk, bool comes)
{
    struct sk_user *u = &sk->user;
    int64_t began = bg_now_ms();

    for (;;) {
        if (sk->hid.aborted || sk->port.master < 0 || sk->stop)
            return SK_NO_ANSWER;
        if (sk->hid.cancelled)
            return SK_E_CANCEL;
        if (comes && touched(u, began))
            return SK_OK;
        if (bg_now_ms() - began >= u->patience_ms)
            return SK_E_TOUCH_TIMEOUT;
        sk_hid_keepalive(sk, SK_UP_NEEDED);
        sk_pump(sk, nap(u, began));
    }
}

static enum sk_status blink(struct softkey *sk, bool comes)
{
    enum sk_status r;

    sk->user.asked++;
    sk->user.pressed = false;
    sk->user.waiting = true;
    r = wait_for_finger(sk, comes);
    sk->user.waiting = false;
    return r;
}

enum sk_status sk_user_touch(struct softkey *sk)
{
    return blink(sk, true);
}

bool sk_user_touched_by_now(struct sk_user *u)
{
    if (!u->waiting) {
        u->asked++;
        u->pressed = false;
        u->waiting = true;
        u->began_ms = bg_now_ms();
    }
    if (!touched(u, u->began_ms))
        return false;
    u->waiting = false;
    return true;
}

enum sk_status sk_user_verify(struct softkey *sk)
{
    enum sk_status r;

    if (sk->store.uv_retries == 0)
        return SK_E_UV_BLOCKED;
    if ((r = blink(sk, sk->user.uv != SK_UV_NEVER)) != SK_OK)
        return r;
    if (sk->user.uv == SK_UV_YES) {
        sk->store.uv_retries = SK_UV_RETRIES;
    } else {
        sk->store.uv_retries--;
        r = sk->store.uv_retries > 0 ? SK_E_UV_INVALID : SK_E_UV_BLOCKED;
    }
    sk_store_save(&sk->store);
    return r;
}
