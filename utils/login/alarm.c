/* SPDX-License-Identifier: ISC */
#include "login/login.h"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/safefile.h"
#include "delivery/bell.h"

#define LOOK_MS    50   /* between two looks where inotify says nothing */
#define SILENCE_MS 1000 /* after this the person is told what is being waited for */

/* The sinks whose word counts: outside this host, and wanting the event that names the person. */
static bool counts(const struct bg_sink *s)
{
    return bg_sink_is_outside(s) && bg_sink_wants(s, bg_event_kind(BG_EV_USE_GRANTED)->type);
}

static bool anybody(const struct login *L)
{
    for (unsigned i = 0; i < L->policy.sinks.n; i++)
        if (counts(&L->policy.sinks.sink[i]))
            return true;
    return false;
}

/* Name of the first sink that has taken it, NULL while none has. */
static const char *heard(const struct login *L, const struct bg_position *at)
{
    for (unsigned i = 0; i < L->policy.sinks.n; i++) {
        const struct bg_sink *s = &L->policy.sinks.sink[i];
        if (counts(s) && bg_bell_acked(s->name, at))
            return s->name;
    }
    return NULL;
}

static void pause_for_news(int watch, int64_t deadline)
{
    char news[4096];
    struct pollfd pf = {.fd = watch, .events = POLLIN};
    int left = bg_left_ms(deadline);

    if (poll(&pf, 1, left < LOOK_MS ? left : LOOK_MS) > 0)
        (void)!read(watch, news, sizeof news);
}

static const char *wait_for(struct login *L, const struct bg_position *at, unsigned seconds)
{
    int64_t deadline = bg_deadline((int64_t)seconds * 1000), silence = bg_deadline(SILENCE_MS);
    int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    bool told = false;
    const char *name;

    if (watch >= 0)
        (void)inotify_add_watch(watch, BG_CURSORS_RUN, IN_MOVED_TO); /* not there yet: the looks do it */
    while ((name = heard(L, at)) == NULL && bg_left_ms(deadline) > 0) {
        if (!told && bg_left_ms(silence) == 0 && !decide_is_sshd(&L->hello)) {
            told = true;
            (void)!login_say(L, BG_STYLE_INFO, BG_M_ALERT_WAITING, BG_ARGS(BG_DIGITS(seconds)));
        }
        pause_for_news(watch, deadline);
    }
    bg_close(watch);
    return name;
}

/* Put it on record and tell the person. */
static enum bg_err conclude(struct login *L, bool heard_all, const struct bg_message *id, const char *arg)
{
    enum bg_event_type type = heard_all ? BG_EV_ALERT_ACKNOWLEDGED : BG_EV_ALERT_UNREACHED;

    (void)login_record_msg(L, type, heard_all, id, BG_ARGS(arg));
    return login_say_late(L, heard_all ? BG_STYLE_INFO : BG_STYLE_ERROR, id, BG_ARGS(arg)) == BG_OK
               ? BG_OK
               : BG_E_EOF;
}

enum bg_err alarm_await(struct login *L, const struct bg_position *verified,
                        const struct bg_position *granted)
{
    unsigned seconds = decide_alert_wait(&L->policy, &L->hello);
    const char *name;

    if (seconds == 0 || !anybody(L))
        return BG_OK;
    if (!BG_WITH_ALERT)
        return conclude(L, false, BG_M_ALERT_NOBODY, "");
    if ((name = wait_for(L, granted, seconds)) != NULL)
        return conclude(L, true, BG_M_ALERT_ACKED, name);
    if ((name = heard(L, verified)) != NULL)
        return conclude(L, false, BG_M_ALERT_PARTLY, name);
    return conclude(L, false, BG_M_ALERT_UNREACHED, BG_DIGITS(seconds));
}
