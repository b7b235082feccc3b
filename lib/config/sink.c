#include "config/sink.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include "config/ini.h"

#define PREFIX       "sink "
#define TIMEOUT      10
#define EVENT_PREFIX "org.breakglass."
#define EVENT_SUFFIX 3 /* ".v1" */
#define WEBHOOK_ONLY (1u << BG_SINK_WEBHOOK)
#define SYSLOG_ONLY  (1u << BG_SINK_SYSLOG)
#define BOTH         (WEBHOOK_ONLY | SYSLOG_ONLY)

enum kind {
    TYPE,
    URL,
    FILEPATH,
    TEXT,
    SECONDS
};

/* One line a key: how it is read, where it goes, its most bytes, and the types that it belongs to. */
static const struct option {
    const char *section, *key;
    enum kind kind;
    size_t at, max;
    unsigned types;
} options[] = {
    {"sink", "type", TYPE, offsetof(struct bg_sink, type), 0, BOTH},
    {"sink", "url", URL, offsetof(struct bg_sink, url), 511, WEBHOOK_ONLY},
    {"sink", "secret-file", FILEPATH, offsetof(struct bg_sink, secret_file), 255, WEBHOOK_ONLY},
    {"sink", "ca-file", FILEPATH, offsetof(struct bg_sink, ca_file), 255, WEBHOOK_ONLY},
    {"sink", "resolve", TEXT, offsetof(struct bg_sink, resolve), 255, WEBHOOK_ONLY},
    {"sink", "path", FILEPATH, offsetof(struct bg_sink, path), 107, SYSLOG_ONLY},
    {"sink", "timeout", SECONDS, offsetof(struct bg_sink, timeout), 60, WEBHOOK_ONLY},
    {"sink", "events", TEXT, offsetof(struct bg_sink, events), 255, BOTH},
};
#define N_OPTIONS (sizeof options / sizeof options[0])

bool bg_sink_section(const char *section)
{
    return strncmp(section, PREFIX, strlen(PREFIX)) == 0;
}

/* What stands between :// and the next / or the end, without the port; *len of it. */
static const char *host_of(const char *url, size_t *len)
{
    const char *host = strstr(url, "://");
    size_t all;

    if (host == NULL)
        return NULL;
    host += 3;
    all = strcspn(host, "/?#");
    if (memchr(host, '@', all) != NULL) /* a password in a URL ends up in logs */
        return NULL;
    *len = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?#");
    return *len > 0 && *len <= all ? host : NULL;
}

/* By its spelling alone: no name is looked up here. */
static bool loopback(const char *host, size_t len)
{
    unsigned a, b, c;
    char end;

    if ((len == 5 && memcmp(host, "[::1]", 5) == 0) || (len == 9 && memcmp(host, "localhost", 9) == 0))
        return true;
    return len >= 9 && len <= 15 && strspn(host, "0123456789.") == len &&
           sscanf(host, "127.%3u.%3u.%3u%c", &a, &b, &c, &end) >= 3 && a < 256 && b < 256 && c < 256;
}

bool bg_sink_url_ok(const char *url)
{
    size_t len = 0;
    const char *host = host_of(url, &len);

    if (host == NULL || strpbrk(url, " \t\"\\<>^`{|}") != NULL)
        return false;
    if (strncmp(url, "https://", 8) == 0)
        return true;
    return strncmp(url, "http://", 7) == 0 && loopback(host, len);
}

static enum bg_err say(char *why, size_t cap, const char *key, const char *what)
{
    (void)snprintf(why, cap, "%s %s", key, what);
    return BG_E_SYNTAX;
}

static enum bg_err set_type(enum bg_sink_type *field, const char *value, char *why, size_t cap)
{
    if (strcmp(value, "webhook") == 0)
        *field = BG_SINK_WEBHOOK;
    else if (strcmp(value, "syslog") == 0)
        *field = BG_SINK_SYSLOG;
    else
        return say(why, cap, "type", "is webhook or syslog");
    return BG_OK;
}

static enum bg_err set_text(const struct option *o, char *field, const char *value, char *why, size_t cap)
{
    if (strlen(value) > o->max)
        return say(why, cap, o->key, "is too long");
    if (o->kind == FILEPATH && value[0] != '/')
        return say(why, cap, o->key, "is not an absolute path");
    if (o->kind == URL && !bg_sink_url_ok(value))
        return say(why, cap, o->key, "is https://HOST[:PORT]/..., or http:// to a loopback address");
    memcpy(field, value, strlen(value) + 1);
    return BG_OK;
}

static enum bg_err set(const struct option *o, struct bg_sink *s, const char *value, char *why, size_t cap)
{
    void *field = (char *)s + o->at;

    switch (o->kind) {
    case TYPE:
        return set_type(field, value, why, cap);
    case SECONDS:
        return bg_ini_number(value, 1, (unsigned)o->max, field)
                   ? BG_OK
                   : say(why, cap, o->key, "is a whole number of seconds from 1 to 60");
    case URL:
    case FILEPATH:
    case TEXT:
        return set_text(o, field, value, why, cap);
    }
    return BG_E_SYNTAX;
}

static enum bg_err begin(struct bg_sinks *list, const char *name, char *why, size_t cap)
{
    struct bg_sink *s = &list->sink[list->n];

    if (list->n == BG_SINKS_MAX)
        return say(why, cap, "there are", "too many sinks");
    if (strlen(name) > BG_SINK_NAME_MAX)
        return say(why, cap, "a sink's name", "is longer than 32 letters");
    memset(s, 0, sizeof *s);
    memcpy(s->name, name, strlen(name) + 1);
    s->timeout = TIMEOUT;
    list->n++;
    return BG_OK;
}

enum bg_err bg_sink_pair(void *arg, const char *section, const char *key, const char *value, char *why,
                         size_t cap)
{
    struct bg_sinks *list = arg;

    if (key == NULL)
        return begin(list, section + strlen(PREFIX), why, cap);
    for (size_t i = 0; i < N_OPTIONS; i++)
        if (strcmp(options[i].key, key) == 0)
            return set(&options[i], &list->sink[list->n - 1], value, why, cap);
    (void)snprintf(why, cap, "unknown key %s in section [%s]", key, section);
    return BG_E_SYNTAX;
}

/* A key that its type does not know is a misunderstanding, not a detail. */
static const char *misplaced(const struct bg_sink *s)
{
    for (size_t i = 0; i < N_OPTIONS; i++)
        if ((options[i].types & 1u << s->type) == 0 && options[i].kind != SECONDS &&
            *((const char *)s + options[i].at) != '\0')
            return options[i].key;
    return NULL;
}

enum bg_err bg_sinks_complete(const struct bg_sinks *list, char *why, size_t cap)
{
    for (unsigned i = 0; i < list->n; i++) {
        const struct bg_sink *s = &list->sink[i];
        const char *lacks = NULL, *key = misplaced(s);
        if (s->type != BG_SINK_WEBHOOK && s->type != BG_SINK_SYSLOG)
            lacks = "type";
        else if (s->type == BG_SINK_WEBHOOK && s->url[0] == '\0')
            lacks = "url";
        else if (s->type == BG_SINK_WEBHOOK && s->secret_file[0] == '\0')
            lacks = "secret-file";
        else if (s->type == BG_SINK_SYSLOG && s->path[0] == '\0')
            lacks = "path";
        if (lacks == NULL && key == NULL)
            continue;
        (void)snprintf(why, cap, "[sink %s] %s %s", s->name,
                       lacks != NULL ? "lacks the key" : "cannot have the key", lacks != NULL ? lacks : key);
        return BG_E_SYNTAX;
    }
    return BG_OK;
}

bool bg_sink_wants(const struct bg_sink *s, const char *type)
{
    char kind[64], pattern[sizeof s->events];
    size_t n = strlen(type), head = strlen(EVENT_PREFIX);

    if (s->events[0] == '\0')
        return true;
    if (strncmp(type, EVENT_PREFIX, head) != 0 || n < head + EVENT_SUFFIX || n - head > sizeof kind)
        return true; /* what is not known is not kept back */
    (void)snprintf(kind, sizeof kind, "%.*s", (int)(n - head - EVENT_SUFFIX), type + head);
    for (const char *at = s->events; *at != '\0';) {
        size_t len = strcspn(at, " \t");
        memcpy(pattern, at, len);
        pattern[len] = '\0';
        if (len > 0 && fnmatch(pattern, kind, FNM_NOESCAPE) == 0)
            return true;
        at += len;
        at += strspn(at, " \t");
    }
    return false;
}

bool bg_sink_is_outside(const struct bg_sink *s)
{
    return s->type == BG_SINK_WEBHOOK;
}
