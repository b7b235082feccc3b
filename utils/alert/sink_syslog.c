/* SPDX-License-Identifier: ISC */
/*
 * A syslog socket of its own: a relay's, or another daemon's. The login itself sends each event to /dev/log;
 * this sink is for what must be delivered even if that daemon hung meanwhile, or by a second way.
 *
 * liblogging-stdlog where configure found it, else our own sender, with the same bytes at the receiver but
 * for the clock in the header (theirs is UTC; rsyslog replaces it). The library's traps and what is done
 * about them: it is never initialised and always told its channel (its default comes from the environment);
 * the text is cut to what its buffer holds; it blocks for ever behind a daemon that stopped, so room is
 * looked for first and it runs in a child that is killed.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>
#include "alert/rfc5424.h"
#include "alert/sink.h"
#include "base/child.h"
#include "base/logline.h"
#include "base/safefile.h"
#include "record/fallback.h"
#ifdef HAVE_STDLOG
#include <liblogging/stdlog.h>
#endif

#define TEXT_MAX 3400 /* stdlog formats into 4096 bytes, header and all */
#define WAIT_MS  500

struct own {
    struct sink_result done;
    bool full;
    uint32_t sequence;
};

struct message {
    const char *path, *text;
    size_t len;
    bool whole; /* it has a header of its own */
};

static enum bg_err send_own(const struct message *m)
{
    int64_t budget = WAIT_MS;

    if (m->whole)
        return bg_syslog_send_message(m->path, m->text, m->len, &budget);
    return bg_syslog_send_text(m->path, m->text, m->len, &budget);
}

#ifdef HAVE_STDLOG
/* Is there a reader with room? stdlog itself would wait for one for ever. */
static enum bg_err probe(const char *path)
{
    struct pollfd pf = {.fd = -1, .events = POLLOUT};
    enum bg_err r = bg_datagram_connect(path, &pf.fd);

    if (r == BG_OK)
        r = poll(&pf, 1, WAIT_MS) == 1 && (pf.revents & POLLOUT) != 0 ? BG_OK : BG_E_TIMEOUT;
    bg_close(pf.fd);
    return r;
}

static enum bg_err send_it(const struct message *m)
{
    char channel[128];
    stdlog_channel_t ch;
    enum bg_err r;

    if (m->whole)
        return send_own(m); /* it would put one of RFC 3164 in front */
    if ((r = probe(m->path)) != BG_OK)
        return r;
    (void)snprintf(channel, sizeof channel, "uxsock:%s", m->path);
    if ((ch = stdlog_open("breakglass", STDLOG_PID, STDLOG_AUTHPRIV, channel)) == NULL)
        return BG_E_IO;
    r = stdlog_log(ch, STDLOG_ALERT, "%s", m->text) == 0 ? BG_OK : BG_E_IO;
    stdlog_close(ch);
    return r;
}
#else
static enum bg_err send_it(const struct message *m)
{
    return send_own(m);
}
#endif

static enum bg_err send_work(void *arg, void *out)
{
    (void)out;
    return send_it(arg);
}

static enum bg_err open_syslog(struct sink *s)
{
    s->own = calloc(1, sizeof(struct own));
    return s->own == NULL ? BG_E_NOMEM : BG_OK;
}

/* What the format makes of the line, in m->text: RFC5424_MAX bytes at text. */
static enum bg_err make_message(struct sink *s, const char *line, size_t len, char *text, struct message *m)
{
    struct own *o = s->own;
    size_t skip = s->conf->format == BG_SYSLOG_JSON ? strlen("@cee: ") : 0;
    enum bg_err r = BG_OK;

    m->text = text + skip;
    m->whole = s->conf->format == BG_SYSLOG_STRUCTURED;
    if (m->whole)
        r = rfc5424_message(s->conf, o->sequence, line, len, text, &m->len);
    else if (s->conf->format == BG_SYSLOG_PLAIN)
        r = rfc5424_sentence(line, len, text, TEXT_MAX + 1);
    else if ((m->len = bg_syslog_text(text, TEXT_MAX, line, len)) == 0)
        r = BG_E_RANGE;
    else
        m->len -= skip;
    if (r == BG_OK && s->conf->format == BG_SYSLOG_PLAIN)
        m->len = strlen(text);
    if (r == BG_OK && m->whole)
        o->sequence++;
    return r;
}

static enum bg_err submit(struct sink *s, void *item, const char *id, char *line, size_t len)
{
    struct own *o = s->own;
    struct message m = {.path = s->conf->path};
    char *text = malloc(RFC5424_MAX);
    enum bg_err r = text == NULL ? BG_E_NOMEM : make_message(s, line, len, text, &m);

    if (r == BG_OK)
        r = bg_child_run(send_work, &m, 2 * WAIT_MS, NULL, 0, NULL);
    (void)id;
    free(text);
    free(line);
    memset(&o->done, 0, sizeof o->done);
    o->done.item = item;
    o->done.wait_ms = -1;
    o->done.verdict = r == BG_OK ? SINK_ACKED : SINK_RETRY;
    if (r == BG_E_RANGE || r == BG_E_SYNTAX)
        o->done.verdict = SINK_REFUSED;
    o->done.endpoint = o->done.verdict == SINK_RETRY;
    if (r != BG_OK)
        (void)snprintf(o->done.why, sizeof o->done.why, "syslog socket: %s", bg_strerror(r));
    o->full = true;
    return BG_OK;
}

static void work(struct sink *s, int fd, int ms)
{
    struct pollfd pf = {.fd = fd, .events = POLLIN};
    const struct own *o = s->own;

    (void)poll(&pf, 1, o->full ? 0 : ms);
}

static bool take(struct sink *s, struct sink_result *out)
{
    struct own *o = s->own;

    if (!o->full)
        return false;
    *out = o->done;
    o->full = false;
    return true;
}

static void close_syslog(struct sink *s)
{
    free(s->own);
    s->own = NULL;
}

const struct sink_type sink_syslog = {
    .slots = 1, .open = open_syslog, .submit = submit, .work = work, .take = take, .close = close_syslog};
