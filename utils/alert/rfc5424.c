/* SPDX-License-Identifier: ISC */
#include "alert/rfc5424.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "alert/text.h"
#include "base/clock.h"
#include "base/text.h"
#include "config/table.h"
#include "record/event.h"

#define PRIORITY     81 /* authpriv (10) * 8 + alert (1) */
#define HOST_MAX     255
#define VALUE_MAX    512
#define SEQUENCE_MAX 2147483647u /* RFC 5424, section 7.3.1: after it comes 1 */
#define UPTIME_WRAP  INT64_C(4294967296)

struct text {
    char *at;
    size_t n;
    bool full;
};

static void add_bytes(struct text *t, const char *s, size_t n)
{
    t->full = t->full || n >= RFC5424_MAX - t->n;
    if (t->full)
        return;
    memcpy(t->at + t->n, s, n);
    t->n += n;
    t->at[t->n] = '\0';
}

static void add(struct text *t, const char *s)
{
    add_bytes(t, s, strlen(s));
}

/* A field of the header: printable ASCII without blanks, else "-". */
static void add_field(struct text *t, const char *s, size_t most)
{
    size_t n = 0;

    while (s[n] > ' ' && s[n] < 0x7f)
        n++;
    add(t, n > 0 && s[n] == '\0' && n <= most ? s : "-");
    add(t, " ");
}

/* The name of the kind; "" for a type that is none of ours. */
static void kind_of(const json_t *ev, char *out, size_t cap)
{
    const char *type = bg_json_str(ev, "type");
    size_t n = strlen(type), head = strlen(BG_EVENT_TYPE), tail = strlen(".v1");

    *out = '\0';
    if (strncmp(type, BG_EVENT_TYPE, head) == 0 && n > head + tail)
        (void)snprintf(out, cap, "%.*s", (int)(n - head - tail), type + head);
}

static void add_header(struct text *t, const json_t *ev)
{
    const json_t *device = json_object_get(json_object_get(ev, "data"), "device");
    char text[64], kind[64];
    const char *time = bg_json_str(ev, "time");

    (void)snprintf(text, sizeof text, "<%d>1 ", PRIORITY);
    add(t, text);
    add_field(t, bg_check_time(time) ? time : "", BG_TIME_LEN);
    add_field(t, bg_json_str(device, "hostname"), HOST_MAX);
    (void)snprintf(text, sizeof text, PACKAGE_NAME " %ld ", (long)getpid());
    add(t, text);
    kind_of(ev, kind, sizeof kind);
    add_field(t, kind, 32);
}

/* name="value", with what would end the value escaped (section 6.3.3); nothing where there is none. */
static void add_param(struct text *t, const char *name, const char *value)
{
    char clean[VALUE_MAX];
    size_t n = bg_text_clean(clean, sizeof clean, value, strlen(value));

    if (n == 0)
        return;
    add(t, " ");
    add(t, name);
    add(t, "=\"");
    for (const char *p = clean; *p != '\0'; p++) {
        if (*p == '"' || *p == '\\' || *p == ']')
            add(t, "\\");
        add_bytes(t, p, 1);
    }
    add(t, "\"");
}

static void add_number(struct text *t, const char *name, int64_t n)
{
    char digits[24];

    (void)snprintf(digits, sizeof digits, "%" PRId64, n);
    add_param(t, name, digits);
}

/* What an alarm needs, and where the line is in the chain. */
static void add_event(struct text *t, const json_t *ev, unsigned enterprise)
{
    static const char *const top[] = {"id", "journalid", "sequence", "prevhash", "linehash"};
    static const char *const own[] = {"use",    "claimed_by", "reason", "ticket",  "source",
                                      "factor", "key",        "detail", "degraded"};
    const json_t *data = json_object_get(ev, "data"), *from = json_object_get(data, "src_endpoint");
    char text[64];

    (void)snprintf(text, sizeof text, "[breakglass@%u", enterprise);
    add(t, text);
    kind_of(ev, text, sizeof text);
    add_param(t, "event", text);
    add_param(t, "account", bg_json_str(ev, "subject"));
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        add_param(t, own[i], bg_json_str(bg_event_own(ev), own[i]));
    add_param(t, "service", bg_json_str(json_object_get(data, "service"), "name"));
    add_param(t, "terminal", bg_json_str(json_object_get(data, "session"), "terminal"));
    add_param(t, "from", bg_json_str(from, "ip"));
    add_param(t, "from", bg_json_str(from, "hostname"));
    for (size_t i = 0; i < sizeof top / sizeof top[0]; i++)
        add_param(t, top[i], bg_json_str(ev, top[i]));
    add(t, "]");
}

static void add_structured(struct text *t, const struct bg_sink *conf, uint32_t sequence, const json_t *ev)
{
    const json_t *clock = json_object_get(bg_event_own(ev), "clock");

    add(t, "[timeQuality");
    add_param(t, "tzKnown", "1");
    add_param(t, "isSynced", json_is_true(json_object_get(clock, "synced")) ? "1" : "0");
    add(t, "][origin");
    add_number(t, "enterpriseId", conf->enterprise);
    add_param(t, "software", PACKAGE_NAME);
    add_param(t, "swVersion", PACKAGE_VERSION);
    add(t, "][meta");
    add_number(t, "sequenceId", sequence % SEQUENCE_MAX + 1);
    add_number(t, "sysUpTime", bg_now_ms() / 10 % UPTIME_WRAP);
    add(t, "]");
    add_event(t, ev, conf->enterprise);
}

enum bg_err rfc5424_sentence(const char *line, size_t len, char *out, size_t cap)
{
    struct alert_text *text = malloc(sizeof *text);
    enum bg_err r = text == NULL ? BG_E_NOMEM : alert_text_of(line, len, text);

    if (r == BG_OK)
        (void)bg_text_ascii(out, cap, text->summary, strlen(text->summary));
    free(text);
    return r;
}

enum bg_err rfc5424_message(const struct bg_sink *conf, uint32_t sequence, const char *line, size_t len,
                            char *out, size_t *n)
{
    struct text t = {.at = out};
    char sentence[VALUE_MAX * 4];
    json_t *ev = json_loadb(line, len, 0, NULL);
    bool whole = conf->format == BG_SYSLOG_CEE || conf->format == BG_SYSLOG_JSON;
    enum bg_err r = json_is_object(ev) ? BG_OK : BG_E_SYNTAX;

    if (r == BG_OK && !whole)
        r = rfc5424_sentence(line, len, sentence, sizeof sentence);
    if (r == BG_OK) {
        add_header(&t, ev);
        if (conf->format == BG_SYSLOG_STRUCTURED)
            add_structured(&t, conf, sequence, ev);
        else
            add(&t, "-");
        add(&t, conf->format == BG_SYSLOG_CEE ? " @cee: " : " ");
        add_bytes(&t, whole ? line : sentence, whole ? len : strlen(sentence));
        r = t.full ? BG_E_RANGE : BG_OK;
    }
    if (r == BG_OK)
        *n = t.n;
    json_decref(ev);
    return r;
}
