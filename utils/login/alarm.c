/* SPDX-License-Identifier: ISC */
#include "login/login.h"

#include <poll.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/safefile.h"
#include "delivery/bell.h"

#define LOOK_MS    50  /* between two looks where inotify says nothing */
#define MOMENT_MS  500 /* for the other class, once one has it */
#define WHO_MAX    160
#define SILENCE_MS 1000 /* after this the person is told what is being waited for */

/* The sinks whose word on an event counts: outside this host, and wanting it, for what is not wanted is done
 * without being sent; of a class, 0: of any. */
static bool counts(const struct bg_sink *s, enum bg_event_type type, int class)
{
    return bg_sink_is_outside(s) && bg_sink_wants(s, bg_event_kind(type)->type) &&
           (class == 0 || bg_sink_class(s) == (enum bg_sink_class) class);
}

/* Of the event that names the person. */
static bool anybody(const struct login *L, int class)
{
    for (unsigned i = 0; i < L->policy.sinks.n; i++)
        if (counts(&L->policy.sinks.sink[i], BG_EV_USE_GRANTED, class))
            return true;
    return false;
}

/* Name of the first sink of a class that has taken that event, NULL while none has. */
static const char *heard_of(const struct login *L, const struct bg_position *at, enum bg_event_type type,
                            int class)
{
    for (unsigned i = 0; i < L->policy.sinks.n; i++) {
        const struct bg_sink *s = &L->policy.sinks.sink[i];
        if (counts(s, type, class) && bg_bell_acked(s->name, at))
            return s->name;
    }
    return NULL;
}

static const char *heard(const struct login *L, const struct bg_position *at, int class)
{
    return heard_of(L, at, BG_EV_USE_GRANTED, class);
}

/* One of each class that there is. */
static bool all_heard(const struct login *L, const struct bg_position *at)
{
    for (int class = 1; class <= BG_SINK_CLASSES; class ++)
        if (anybody(L, class) && heard(L, at, class) == NULL)
            return false;
    return true;
}

/* "pager, page; no record yet". */
static const char *who_heard(const struct login *L, const struct bg_position *at, char out[WHO_MAX])
{
    size_t n = 0;

    out[0] = '\0';
    for (int yet = 0; yet < 2; yet++)
        for (int class = 1; class <= BG_SINK_CLASSES; class ++) {
            const char *name = heard(L, at, class), *word = bg_sink_class_name((enum bg_sink_class) class);
            if (!anybody(L, class) || (name == NULL) != (yet == 1))
                continue;
            n += (size_t)snprintf(out + n, WHO_MAX - n, "%s%s%s%s", n > 0 ? "; " : "",
                                  name == NULL ? "no " : name, name == NULL ? word : ", ",
                                  name == NULL ? " yet" : word);
        }
    return out;
}

static void pause_for_news(int watch, int64_t deadline)
{
    char news[4096];
    struct pollfd pf = {.fd = watch, .events = POLLIN};
    int left = bg_left_ms(deadline);

    if (poll(&pf, 1, left < LOOK_MS ? left : LOOK_MS) > 0)
        (void)!read(watch, news, sizeof news);
}

/* Until the first one has it, and then a moment more for one of the other class. */
static bool wait_for(struct login *L, const struct bg_position *at, unsigned seconds)
{
    int64_t deadline = bg_deadline((int64_t)seconds * 1000), silence = bg_deadline(SILENCE_MS);
    int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    bool told = false, first = false;

    if (watch >= 0)
        (void)inotify_add_watch(watch, BG_CURSORS_RUN, IN_MOVED_TO); /* not there yet: the looks do it */
    while (!all_heard(L, at) && bg_left_ms(deadline) > 0) {
        if (!first && heard(L, at, 0) != NULL) {
            first = true;
            deadline = bg_left_ms(deadline) > MOMENT_MS ? bg_deadline(MOMENT_MS) : deadline;
        }
        if (!told && !first && bg_left_ms(silence) == 0 && !decide_is_sshd(&L->hello)) {
            told = true;
            (void)!login_say(L, BG_STYLE_INFO, BG_M_ALERT_WAITING, BG_ARGS(BG_DIGITS(seconds)));
        }
        pause_for_news(watch, deadline);
    }
    bg_close(watch);
    return heard(L, at, 0) != NULL;
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

/* Nobody outside has it, and policy lets nobody in then. */
static enum bg_err refuse(struct login *L, unsigned seconds)
{
    (void)login_record_msg(L, BG_EV_ALERT_UNREACHED, false, BG_M_ALERT_REQUIRED, BG_ARGS(BG_DIGITS(seconds)));
    return login_refuse(L, BG_M_ALERT_REQUIRED, BG_ARGS(BG_DIGITS(seconds)));
}

enum bg_err alarm_await(struct login *L, const struct bg_position *verified,
                        const struct bg_position *granted)
{
    bool required = decide_alert_required(&L->policy, L->source);
    unsigned seconds = decide_alert_wait(&L->policy, &L->hello, required);
    char who[WHO_MAX];
    const char *name;

    if (!required && (seconds == 0 || !anybody(L, 0)))
        return BG_OK;
    if (!BG_WITH_ALERT || !anybody(L, 0))
        return required ? refuse(L, 0) : conclude(L, false, BG_M_ALERT_NOBODY, "");
    if (wait_for(L, granted, seconds))
        return conclude(L, true, BG_M_ALERT_ACKED, who_heard(L, granted, who));
    if ((name = heard_of(L, verified, BG_EV_AUTH_SUCCEEDED, 0)) != NULL)
        return conclude(L, false, BG_M_ALERT_PARTLY, name);
    return required ? refuse(L, seconds) : conclude(L, false, BG_M_ALERT_UNREACHED, BG_DIGITS(seconds));
}
