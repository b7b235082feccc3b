/* SPDX-License-Identifier: ISC */
#include "alert/text.h"

#include <jansson.h>
#include <limits.h>
#include <string.h>
#include "base/text.h"
#include "delivery/code.h"
#include "record/event.h"

#define SUFFIX   ".v1"
#define WHY_ROOM 16 /* characters of the reason that the first ones shall have */

/* What the names may have when there is little room, in characters. */
enum {
    TIGHT_ACCOUNT = 12,
    TIGHT_HOST = 14,
    TIGHT_WHO = 12,
    TIGHT_FROM = 15
};

/* --- pieces of text ----------------------------------------------------------------------------- */

static size_t one(const char *s, uint32_t *cp)
{
    size_t n = bg_utf8_next(s, strnlen(s, 4), cp);

    return n == 0 ? 1 : n;
}

size_t alert_text_chars(const char *s)
{
    size_t n = 0;
    uint32_t cp;

    for (; *s != '\0'; s += one(s, &cp))
        n++;
    return n;
}

size_t alert_text_cut(char *out, size_t cap, const char *s, size_t chars)
{
    size_t at = 0, dots = 0, count = 0, len;
    uint32_t cp;

    for (; *s != '\0' && count < chars; count++, s += len) {
        len = one(s, &cp);
        if (at + len >= cap)
            break;
        memcpy(out + at, s, len);
        at += len;
        if (count + 3 < chars && at + 3 < cap)
            dots = at;
    }
    if (*s != '\0') {
        at = dots;
        for (count = 0; count < 3 && count < chars && at + 1 < cap; count++)
            out[at++] = '.';
    }
    out[at] = '\0';
    return at;
}

/* Text that grows to its cap and no further, and never by half a character. */
struct pen {
    char *out;
    size_t cap, at;
};

static void put(struct pen *p, const char *s)
{
    uint32_t cp;

    for (size_t n; *s != '\0'; s += n) {
        n = one(s, &cp);
        if (p->at + n >= p->cap)
            break;
        memcpy(p->out + p->at, s, n);
        p->at += n;
    }
    p->out[p->at] = '\0';
}

/*
 * A member of the event. The journal has cleaned it; a line that somebody else wrote there may have anything
 * in it: what must not be shown becomes U+FFFD.
 */
static void take(char *out, size_t cap, const json_t *o, const char *key)
{
    struct pen p = {.out = out, .cap = cap};
    const char *s = bg_json_str(o, key);
    char piece[5];
    uint32_t cp;

    out[0] = '\0';
    for (size_t n; *s != '\0'; s += n) {
        n = one(s, &cp);
        memcpy(piece, s, n);
        piece[n] = '\0';
        put(&p, bg_utf8_next(piece, n, &cp) == 0 || bg_text_hostile(cp) ? "\xef\xbf\xbd" : piece);
    }
}

static bool given(const char *s)
{
    return s[0] != '\0';
}

/* --- what the event says ------------------------------------------------------------------------ */

struct said {
    char who[512], from[512], why[3072], message[1024], ticket[512], factor[128], device[128];
    char service[128], terminal[128], detail[1024], degraded[1024], sequence[40], use[64];
};

static void read_origin(const json_t *data, const json_t *own, struct said *d)
{
    const json_t *peer = json_object_get(data, "src_endpoint"), *session = json_object_get(data, "session");

    take(d->service, sizeof d->service, json_object_get(data, "service"), "name");
    take(d->terminal, sizeof d->terminal, session, "terminal");
    take(d->from, sizeof d->from, peer, "ip");
    if (!given(d->from))
        take(d->from, sizeof d->from, peer, "hostname");
    if (!given(d->from))
        take(d->from, sizeof d->from, session, "terminal");
    if (!given(d->from))
        take(d->from, sizeof d->from, own, "source");
}

static void read_said(const json_t *ev, struct said *d)
{
    const json_t *data = json_object_get(ev, "data"), *own = bg_event_own(ev);

    read_origin(data, own, d);
    take(d->message, sizeof d->message, data, "message");
    take(d->use, sizeof d->use, own, "use");
    take(d->who, sizeof d->who, own, "claimed_by");
    take(d->why, sizeof d->why, own, "reason");
    take(d->ticket, sizeof d->ticket, own, "ticket");
    take(d->factor, sizeof d->factor, own, "factor");
    take(d->device, sizeof d->device, own, "key");
    take(d->detail, sizeof d->detail, own, "detail");
    take(d->degraded, sizeof d->degraded, own, "degraded");
    take(d->sequence, sizeof d->sequence, ev, "sequence");
    if (!given(d->why))
        memcpy(d->why, d->message, sizeof d->message);
}

/* "use.granted" of "org.breakglass.use.granted.v1". */
static void read_kind(const json_t *ev, struct alert_text *t)
{
    static const char head[] = BG_EVENT_TYPE;
    size_t n;

    take(t->kind, sizeof t->kind, ev, "type");
    n = strlen(t->kind);
    if (strncmp(t->kind, head, sizeof head - 1) != 0 || n < sizeof head - 1 + sizeof SUFFIX ||
        strcmp(t->kind + n - (sizeof SUFFIX - 1), SUFFIX) != 0)
        return;
    t->kind[n - (sizeof SUFFIX - 1)] = '\0';
    memmove(t->kind, t->kind + sizeof head - 1, strlen(t->kind) - (sizeof head - 1) + 1);
}

static void read_event(const json_t *ev, struct alert_text *t, struct said *d)
{
    const json_t *data = json_object_get(ev, "data");

    read_kind(ev, t);
    read_said(ev, d);
    take(t->id, sizeof t->id, ev, "id");
    take(t->time, sizeof t->time, ev, "time");
    take(t->account, sizeof t->account, ev, "subject");
    take(t->host, sizeof t->host, json_object_get(data, "device"), "hostname");
    t->drill = json_is_true(json_object_get(bg_event_own(ev), "drill"));
    t->test = strcmp(t->kind, "alert.test") == 0;
    t->closes = strcmp(t->kind, "review.closed") == 0;
    /* what nobody did in time is told once more, where the incident of the use is still open */
    t->of_use = given(d->use) && strcmp(t->kind, "review.overdue") != 0;
    memcpy(t->key, t->of_use ? d->use : t->id, sizeof t->key);
}

/* --- what people read ----------------------------------------------------------------------------- */

static void put_cut(struct pen *p, const char *s, size_t chars)
{
    char piece[600];

    (void)alert_text_cut(piece, sizeof piece, s, chars);
    put(p, piece);
}

/* A use is named by what it is; any other event by its kind. Who is woken sees first that it is a drill. */
static void put_title(struct pen *p, const struct alert_text *t, bool tight)
{
    bool granted = strcmp(t->kind, "use.granted") == 0;

    put(p, t->drill ? "DRILL BREAK-GLASS" : "BREAK-GLASS ");
    put(p, t->drill && !(t->test || granted) ? " " : "");
    put(p, t->drill ? "" : t->test ? "TEST" : granted ? "REAL" : "");
    put_cut(p, t->test || granted ? "" : t->kind, 40);
    put(p, given(t->account) ? " " : " on ");
    put_cut(p, t->account, tight ? TIGHT_ACCOUNT : 64);
    put(p, given(t->account) ? "@" : "");
    put_cut(p, t->host, tight ? TIGHT_HOST : 255);
}

static void put_line(struct pen *p, const struct alert_text *t, const struct said *d, bool tight)
{
    put_title(p, t, tight);
    if (given(d->who)) {
        put(p, " by ");
        put_cut(p, d->who, tight ? TIGHT_WHO : 128);
    }
    if (given(d->from)) {
        put(p, " from ");
        put_cut(p, d->from, tight ? TIGHT_FROM : 128);
    }
    put(p, ": ");
}

/* Whose code a test or the use of a drill shows. */
static const char *code_path, *code_sink;

void alert_text_codes(const char *path, const char *sink)
{
    code_path = path;
    code_sink = sink;
}

/* "" where there is none to show. */
static const char *code_of(const struct alert_text *t, const struct said *d, char out[BG_CODE_LEN + 1])
{
    bool use = t->drill && strcmp(t->kind, "use.granted") == 0;
    char of_drill[PATH_MAX];
    const char *path = use ? of_drill : code_path;

    /* a drill has those that its announcement made: the detail of a use is its own */
    if ((!t->test && !use) || code_path == NULL ||
        (use && !bg_code_path(code_path, t->account, of_drill, sizeof of_drill)) ||
        !bg_code_of(path, t->test ? d->detail : NULL, code_sink, out))
        out[0] = '\0';
    return out;
}

static void make_summary(struct alert_text *t, const struct said *d)
{
    struct pen p = {.out = t->summary, .cap = sizeof t->summary};
    char code[BG_CODE_LEN + 1];

    put_line(&p, t, d, false);
    if (alert_text_chars(t->summary) > ALERT_TEXT_FIRST - WHY_ROOM) {
        p.at = 0;
        put_line(&p, t, d, true);
    }
    if (given(code_of(t, d, code))) {
        put(&p, "code ");
        put(&p, code);
        put(&p, ". ");
    }
    put(&p, d->why);
    put(&p, given(d->ticket) ? " (" : "");
    put(&p, d->ticket);
    put(&p, given(d->ticket) ? ")" : "");
}

static void row(struct pen *p, const char *name, const char *value)
{
    if (!given(value) || p->at + strlen(name) + strlen(value) + 4 > p->cap)
        return;
    put(p, name);
    put(p, ": ");
    put(p, value);
    put(p, "\n");
}

static void make_body(struct alert_text *t, const struct said *d)
{
    struct pen p = {.out = t->body, .cap = sizeof t->body};
    char code[BG_CODE_LEN + 1];

    t->body[0] = '\0';
    row(&p, "DRILL", t->drill ? "announced beforehand" : "");
    row(&p, "What", d->message);
    row(&p, "Confirm",
        given(code_of(t, d, code)) ? "on that host, as root: breakglass alert confirm CODE" : "");
    row(&p, "Code", code);
    row(&p, "Kind", t->kind);
    row(&p, "Account", t->account);
    row(&p, "Host", t->host);
    row(&p, "Who (claimed)", d->who);
    row(&p, "From", d->from);
    row(&p, "Why", d->why);
    row(&p, "Ticket", d->ticket);
    row(&p, "Real or drill", t->test ? "a test of the alarm" : t->drill ? "drill" : "real");
    row(&p, "How", d->factor);
    row(&p, "Key", d->device);
    row(&p, "Service", d->service);
    row(&p, "Terminal", d->terminal);
    row(&p, "Detail", d->detail);
    row(&p, "Degraded", d->degraded);
    row(&p, "Time", t->time);
    row(&p, "Event", t->id);
    row(&p, "Use", d->use);
    row(&p, "Sequence", d->sequence);
}

enum bg_err alert_text_of(const char *line, size_t len, struct alert_text *t)
{
    static struct said d; /* large; one at a time */
    struct pen title = {.out = t->title, .cap = sizeof t->title};
    json_t *ev = json_loadb(line, len, 0, NULL);

    if (!json_is_object(ev)) {
        json_decref(ev);
        return BG_E_SYNTAX;
    }
    memset(t, 0, sizeof *t);
    memset(&d, 0, sizeof d);
    read_event(ev, t, &d);
    put_title(&title, t, false);
    make_summary(t, &d);
    make_body(t, &d);
    json_decref(ev);
    return BG_OK;
}
