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
};

struct message {
    const char *path, *text;
    size_t len;
};

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
    enum bg_err r = probe(m->path);

    if (r != BG_OK)
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
    int64_t budget = WAIT_MS;

    return bg_syslog_send_text(m->path, m->text, m->len, &budget);
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

static enum bg_err submit(struct sink *s, void *item, const char *id, char *line, size_t len)
{
    char text[TEXT_MAX + 1];
    struct message m = {s->conf->path, text, bg_syslog_text(text, TEXT_MAX, line, len)};
    struct own *o = s->own;
    enum bg_err r = m.len == 0 ? BG_E_RANGE : bg_child_run(send_work, &m, 2 * WAIT_MS, NULL, 0, NULL);

    (void)id;
    free(line);
    memset(&o->done, 0, sizeof o->done);
    o->done.item = item;
    o->done.wait_ms = -1;
    o->done.verdict = r == BG_OK ? SINK_ACKED : r == BG_E_RANGE ? SINK_REFUSED : SINK_RETRY;
    o->done.endpoint = r != BG_OK && r != BG_E_RANGE;
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
