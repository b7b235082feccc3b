/* SPDX-License-Identifier: ISC */
#include "record/fallback.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/logline.h"
#include "base/safefile.h"

#define DEV_LOG     "/dev/log"
#define HEADER_ROOM 100
#define ALERT       81 /* authpriv (10) * 8 + alert (1) */
#define INFORMS     86 /* and info (6) */

/* Only what is nothing to wake people for is less than an alert; a person's text cannot fake the member, its
 * quotes are escaped. */
static int priority(const char *text, size_t n)
{
    static const char mild[] = "\"severitytext\":\"INFO\"";

    return memmem(text, n, mild, sizeof mild - 1) == NULL ? ALERT : INFORMS;
}

static size_t header(char *out, size_t cap, int pri)
{
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t now = time(NULL);
    struct tm tm;

    if (localtime_r(&now, &tm) == NULL)
        memset(&tm, 0, sizeof tm);
    return (size_t)snprintf(out, cap, "<%d>%s %2d %02d:%02d:%02d breakglass[%ld]: ", pri, months[tm.tm_mon],
                            tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (long)getpid());
}

/* Wait for room once per EAGAIN, as long as the budget lasts. */
static enum bg_err send_bounded(int fd, const struct msghdr *msg, int64_t *budget_ms)
{
    int64_t start = bg_now_ms(), deadline = bg_deadline(*budget_ms);
    enum bg_err r = BG_E_TIMEOUT;

    for (;;) {
        struct pollfd pf = {.fd = fd, .events = POLLOUT};
        if (sendmsg(fd, msg, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) { /* a datagram goes whole or not at all */
            r = BG_OK;
            break;
        }
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN && errno != ENOBUFS) {
            r = errno == EMSGSIZE ? BG_E_RANGE : BG_E_IO;
            break;
        }
        if (bg_left_ms(deadline) == 0)
            break;
        if (poll(&pf, 1, bg_left_ms(deadline)) > 0 && (pf.revents & POLLOUT) == 0) {
            r = BG_E_EOF; /* the daemon went away */
            break;
        }
    }
    *budget_ms -= bg_now_ms() - start;
    if (*budget_ms < 0)
        *budget_ms = 0;
    return r;
}

/* The members that an alert needs; what a person typed is cut. Valid JSON whatever the long one was. */
static size_t shorten(char *out, size_t cap, const char *json, size_t n)
{
    static const char *const keep[] = {"specversion", "id",       "source",      "type",
                                       "subject",     "time",     "journalid",   "sequence",
                                       "prevhash",    "linehash", "severitytext"};
    json_t *full = json_loadb(json, n, 0, NULL), *o = json_object(), *own = bg_event_own(full);
    size_t len;

    for (size_t i = 0; i < sizeof keep / sizeof keep[0]; i++)
        if (json_object_get(full, keep[i]) != NULL)
            (void)json_object_set(o, keep[i], json_object_get(full, keep[i]));
    if (json_object_get(own, "use") != NULL)
        (void)json_object_set(o, "use", json_object_get(own, "use"));
    if (json_object_get(own, "claimed_by") != NULL)
        (void)json_object_set(o, "claimed_by", json_object_get(own, "claimed_by"));
    (void)json_object_set_new(o, "shortened", json_true());
    len = json_dumpb(o, out, cap, JSON_COMPACT);
    json_decref(o);
    json_decref(full);
    return len < cap ? len : 0;
}

#define COOKIE     "@cee: " /* what rsyslog's mmjsonparse looks for */
#define COOKIE_LEN (sizeof COOKIE - 1)

size_t bg_syslog_text(char *out, size_t max, const char *json, size_t n)
{
    memcpy(out, COOKIE, COOKIE_LEN);
    if (COOKIE_LEN + n <= max)
        memcpy(out + COOKIE_LEN, json, n);
    else if ((n = shorten(out + COOKIE_LEN, max - COOKIE_LEN, json, n)) == 0)
        return 0;
    out[COOKIE_LEN + n] = '\0';
    return COOKIE_LEN + n;
}

static enum bg_err send_parts(const char *path, struct iovec part[2], int64_t *budget_ms)
{
    const struct msghdr msg = {.msg_iov = part, .msg_iovlen = 2};
    int fd;
    enum bg_err r;

    if (part[0].iov_len + part[1].iov_len > BG_SYSLOG_MAX)
        return BG_E_RANGE;
    if ((r = bg_datagram_connect(path == NULL ? DEV_LOG : path, &fd)) != BG_OK)
        return r;
    r = send_bounded(fd, &msg, budget_ms);
    (void)close(fd);
    return r;
}

enum bg_err bg_syslog_send_text(const char *path, const char *text, size_t n, int64_t *budget_ms)
{
    char head[HEADER_ROOM];
    struct iovec part[2] = {{head, header(head, sizeof head, priority(text, n))}, {(void *)text, n}};

    return send_parts(path, part, budget_ms);
}

enum bg_err bg_syslog_send_message(const char *path, const char *message, size_t n, int64_t *budget_ms)
{
    struct iovec part[2] = {{NULL, 0}, {(void *)message, n}};

    return send_parts(path, part, budget_ms);
}

enum bg_err bg_syslog_send(const char *path, const char *json, size_t n, int64_t *budget_ms)
{
    char text[BG_SYSLOG_MAX + 1];
    size_t len = bg_syslog_text(text, BG_SYSLOG_MAX - HEADER_ROOM, json, n), least;
    enum bg_err r = len == 0 ? BG_E_RANGE : bg_syslog_send_text(path, text, len, budget_ms);

    if (r != BG_E_RANGE)
        return r;
    /* too long for the socket: without what a person typed */
    if ((least = shorten(text + COOKIE_LEN, BG_SYSLOG_MAX / 2, json, n)) == 0)
        return r;
    return bg_syslog_send_text(path, text, COOKIE_LEN + least, budget_ms);
}
