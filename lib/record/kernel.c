/* SPDX-License-Identifier: ISC */
#include "record/fallback.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/child.h"
#include "base/clock.h"
#include "base/safefile.h"
#include "base/text.h"

#define VALUE_MAX 1024

/* ASCII for a value between quotes: the two quotes themselves would end it (or the kernel's msg='...'). */
static void value_text(char *out, size_t cap, const char *s)
{
    char plain[VALUE_MAX];
    size_t at = 0;

    (void)bg_text_ascii(plain, sizeof plain, s, strlen(s));
    for (const char *p = plain; *p != '\0' && at + 9 < cap; p++) {
        if (*p == '"' || *p == '\'')
            at += (size_t)snprintf(out + at, cap - at, "\\u{%04X}", (unsigned)*p);
        else
            out[at++] = *p;
    }
    out[at] = '\0';
}

static size_t pair(char *out, size_t cap, size_t at, const char *key, const char *value)
{
    char safe[VALUE_MAX];
    size_t room = cap - at;
    int n;

    if (value == NULL || *value == '\0' || room < 32)
        return at;
    value_text(safe, room - strlen(key) - 4 < sizeof safe ? room - strlen(key) - 4 : sizeof safe, value);
    n = snprintf(out + at, room, " %s=\"%s\"", key, safe);
    return n < 0 || (size_t)n >= room ? at : at + (size_t)n;
}

/* What ausearch(8) compares as it stands, so without quotes; "?" is its word for what is not known. */
static size_t bare(char *out, size_t cap, size_t at, const char *key, const char *value)
{
    size_t n = value == NULL ? 0 : strlen(value);
    bool sound = n > 0 && n < 256;
    int len;

    for (size_t i = 0; i < n && sound; i++)
        sound = value[i] > ' ' && value[i] <= '~' && strchr("'\"=", value[i]) == NULL;
    len = snprintf(out + at, cap - at, " %s=%s", key, sound ? value : "?");
    if (len < 0 || (size_t)len >= cap - at) {
        out[at] = '\0';
        return at;
    }
    return at + (size_t)len;
}

static const char *own_program(char *out, size_t cap)
{
    ssize_t n = readlink("/proc/self/exe", out, cap - 1);

    out[n > 0 ? n : 0] = '\0';
    return out;
}

size_t bg_kernel_text(char *out, size_t cap, const struct bg_event *e, const char *id, const char *degraded)
{
    const struct bg_event_kind *k = bg_event_kind(e->type);
    size_t at = (size_t)snprintf(out, cap, "op=breakglass");
    char exe[256];

    at = pair(out, cap, at, "type", k == NULL ? "unknown" : k->name);
    at = pair(out, cap, at, "acct", e->account);
    at = pair(out, cap, at, "event", id);
    at = pair(out, cap, at, "use", e->use);
    at = pair(out, cap, at, "service", e->service);
    at = pair(out, cap, at, "exe", own_program(exe, sizeof exe));
    at = bare(out, cap, at, "hostname", e->rhost);
    at = bare(out, cap, at, "addr", e->rhost);
    at = bare(out, cap, at, "terminal", e->tty);
    at = bare(out, cap, at, "res", e->success ? "success" : "failed");
    at = pair(out, cap, at, "claimed_by", e->claimed);
    at = pair(out, cap, at, "detail", e->detail);
    at = pair(out, cap, at, "degraded", degraded);
    at = pair(out, cap, at, "ticket", e->ticket);
    return pair(out, cap, at, "reason", e->reason);
}

struct request {
    struct nlmsghdr head;
    char text[BG_AUDIT_TEXT_MAX + 1];
};

static enum bg_err audit_request(int fd, struct request *q, int type, size_t payload)
{
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

    q->head.nlmsg_len = (uint32_t)NLMSG_LENGTH(payload);
    q->head.nlmsg_type = (uint16_t)type;
    q->head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    q->head.nlmsg_seq++;
    if (sendto(fd, q, q->head.nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof kernel) < 0)
        return BG_E_IO;
    return BG_OK;
}

/* The next message of the wanted type that answers seq; an error answer ends it. */
static enum bg_err audit_answer(int fd, uint32_t seq, int type, void *out, size_t n, int64_t deadline)
{
    union {
        struct nlmsghdr head;
        char room[4096];
    } m;

    for (;;) {
        struct pollfd pf = {.fd = fd, .events = POLLIN};
        ssize_t got;
        if (poll(&pf, 1, bg_left_ms(deadline)) <= 0)
            return BG_E_TIMEOUT;
        errno = EPROTO;
        if ((got = recv(fd, &m, sizeof m, MSG_DONTWAIT)) < (ssize_t)sizeof m.head)
            return BG_E_IO;
        if (m.head.nlmsg_seq != seq)
            continue;
        if (m.head.nlmsg_type == NLMSG_ERROR) {
            const struct nlmsgerr *e = NLMSG_DATA(&m.head);
            if (got < (ssize_t)NLMSG_LENGTH(sizeof *e))
                return BG_E_IO;
            errno = -e->error;
            if (e->error != 0)
                return BG_E_IO;
            if (type == NLMSG_ERROR)
                return BG_OK;
        } else if (m.head.nlmsg_type == type && got > (ssize_t)NLMSG_HDRLEN) {
            size_t have = (size_t)got - NLMSG_HDRLEN;
            memcpy(out, NLMSG_DATA(&m.head), have < n ? have : n);
            return BG_OK;
        }
    }
}

struct audit_job {
    enum bg_audit_type type;
    const char *text;
    bool record; /* somebody relies on it */
};

/* The kernel takes a message and drops it when auditing is off. */
static enum bg_err audit_is_on(int fd, struct request *q, int64_t deadline)
{
    struct audit_status status;
    enum bg_err r;

    memset(&status, 0, sizeof status);
    if ((r = audit_request(fd, q, AUDIT_GET, 0)) != BG_OK)
        return r;
    r = audit_answer(fd, q->head.nlmsg_seq, AUDIT_GET, &status, sizeof status, deadline);
    return r == BG_OK && status.enabled == 0 ? BG_E_REFUSED : r;
}

static enum bg_err audit_talk(int fd, const struct audit_job *job)
{
    struct request q;
    int64_t deadline = bg_deadline(BG_AUDIT_MS);
    enum bg_err r;

    memset(&q, 0, sizeof q);
    if (job->record && (r = audit_is_on(fd, &q, deadline)) != BG_OK)
        return r;
    (void)snprintf(q.text, sizeof q.text, "%s", job->text);
    if ((r = audit_request(fd, &q, (int)job->type, strlen(q.text) + 1)) != BG_OK)
        return r;
    return audit_answer(fd, q.head.nlmsg_seq, NLMSG_ERROR, NULL, 0, deadline);
}

static enum bg_err audit_work(void *arg, void *out)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
    enum bg_err r;

    (void)out;
    if (fd < 0)
        return BG_E_IO;
    r = audit_talk(fd, arg);
    bg_close(fd);
    return r;
}

static enum bg_err kmsg_work(void *arg, void *out)
{
    const char *const *text = arg;
    char msg[BG_KMSG_TEXT_MAX + 32];
    int fd = open("/dev/kmsg", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), n;
    enum bg_err r;

    (void)out;
    if (fd < 0)
        return BG_E_IO;
    n = snprintf(msg, sizeof msg, "<81>breakglass: %.*s", BG_KMSG_TEXT_MAX, *text);
    r = write(fd, msg, (size_t)n) == n ? BG_OK : BG_E_IO;
    bg_close(fd);
    return r;
}

enum bg_err bg_audit_send(const char *text)
{
    struct audit_job job = {.type = BG_AUDIT_ANOM_LOGIN_ACCT, .text = text, .record = true};

    return bg_child_run(audit_work, &job, BG_AUDIT_MS, NULL, 0, NULL);
}

enum bg_err bg_audit_tell(enum bg_audit_type type, const char *text)
{
    struct audit_job job = {.type = type, .text = text};

    return bg_child_run(audit_work, &job, BG_AUDIT_MS, NULL, 0, NULL);
}

enum bg_err bg_kmsg_send(const char *text)
{
    return bg_child_run(kmsg_work, &text, BG_KMSG_MS, NULL, 0, NULL);
}
