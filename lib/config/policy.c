#include "config/policy.h"

#include <fnmatch.h>
#include <regex.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind {
    NUMBER,
    YESNO,
    TEXT,
    PATH,
    PATTERN,
    UNRECORDED
};

/* One line an option: where it stands in the file and in struct bg_policy, and its bounds. */
static const struct option {
    const char *section, *key;
    enum kind kind;
    size_t at;
    unsigned min, max;
} options[] = {
    {"login", "dialogue-timeout", NUMBER, offsetof(struct bg_policy, dialogue_timeout), 60, 3600},
    {"login", "reason-min", NUMBER, offsetof(struct bg_policy, reason_min), 1, 200},
    {"login", "name-min", NUMBER, offsetof(struct bg_policy, name_min), 1, 60},
    {"login", "ticket-required", YESNO, offsetof(struct bg_policy, ticket_required), 0, 0},
    {"login", "ticket-pattern", PATTERN, offsetof(struct bg_policy, ticket_pattern), 0, 255},
    {"login", "attempts", NUMBER, offsetof(struct bg_policy, attempts), 1, 10},
    {"login", "delay-console", NUMBER, offsetof(struct bg_policy, delay_console), 0, 60},
    {"login", "delay-network", NUMBER, offsetof(struct bg_policy, delay_network), 0, 300},
    {"login", "consoles", TEXT, offsetof(struct bg_policy, consoles), 0, 255},
    {"login", "unrecorded", UNRECORDED, offsetof(struct bg_policy, unrecorded), 0, 0},
    {"login", "alert-wait", NUMBER, offsetof(struct bg_policy, alert_wait), 0, 45},
    {"fido", "device", PATH, offsetof(struct bg_policy, fido_device), 0, 127},
    {"fido", "services", TEXT, offsetof(struct bg_policy, fido_services), 0, 255},
    {"fido", "touch-timeout", NUMBER, offsetof(struct bg_policy, fido_touch), 5, 40},
    {"record", "journal-timeout", NUMBER, offsetof(struct bg_policy, journal_timeout), 100, 10000},
    {"record", "syslog", YESNO, offsetof(struct bg_policy, syslog), 0, 0},
};

void bg_policy_defaults(struct bg_policy *p)
{
    *p = (struct bg_policy){.dialogue_timeout = 900,
                            .reason_min = 15,
                            .name_min = 2,
                            .ticket_required = false,
                            .ticket_pattern = "",
                            .attempts = 3,
                            .delay_console = 3,
                            .delay_network = 15,
                            .consoles = "console tty[0-9]* ttyS[0-9]* ttyAMA[0-9]* hvc[0-9]*",
                            .unrecorded = BG_UNRECORDED_CONSOLE,
                            .fido_device = "",
                            .fido_services = "login breakglass-tty",
                            .fido_touch = 30,
                            .alert_wait = 5,
                            .journal_timeout = 2000,
                            .syslog = true};
}

static enum bg_err set_number(const struct option *o, unsigned *field, const char *value, char *why,
                              size_t cap)
{
    unsigned v;

    if (!bg_ini_number(value, o->min, o->max, &v)) {
        (void)snprintf(why, cap, "%s is a whole number from %u to %u", o->key, o->min, o->max);
        return BG_E_SYNTAX;
    }
    *field = v;
    return BG_OK;
}

static enum bg_err set_yesno(const struct option *o, bool *field, const char *value, char *why, size_t cap)
{
    if (!bg_ini_yesno(value, field)) {
        (void)snprintf(why, cap, "%s is yes or no", o->key);
        return BG_E_SYNTAX;
    }
    return BG_OK;
}

static enum bg_err set_text(const struct option *o, char *field, const char *value, char *why, size_t cap)
{
    if (strlen(value) > o->max) {
        (void)snprintf(why, cap, "%s is longer than %u bytes", o->key, o->max);
        return BG_E_SYNTAX;
    }
    memcpy(field, value, strlen(value) + 1);
    return BG_OK;
}

static enum bg_err set_path(const struct option *o, char *field, const char *value, char *why, size_t cap)
{
    if (*value != '\0' && *value != '/') {
        (void)snprintf(why, cap, "%s is a path that begins with /", o->key);
        return BG_E_SYNTAX;
    }
    return set_text(o, field, value, why, cap);
}

/*
 * glibc compiles a repetition by copying what is repeated, nested ones by copying copies: "((a+)+)+..." of
 * 255 bytes would take all memory. So the copies are counted, as if all were nested, and back
 * references, which make matching slow, are refused.
 */
#define COPIES_MAX 1000

/* How often the repetition that begins at p copies; 1 for what is none. */
static unsigned long copies(const char *p)
{
    unsigned long least, most;
    char *end;

    if (*p != '{')
        return *p == '+' ? 2 : 1;
    least = strtoul(p + 1, &end, 10);
    most = *end == ',' ? strtoul(end + 1, NULL, 10) : 0;
    most = most > least ? most : least;
    return most < COPIES_MAX ? most + 1 : COPIES_MAX + 1;
}

static bool affordable(const char *pattern)
{
    unsigned long n = 1;

    for (const char *p = pattern; *p != '\0' && n <= COPIES_MAX; p++) {
        if (p[0] == '\\' && p[1] >= '0' && p[1] <= '9')
            return false;
        n *= copies(p);
    }
    return n <= COPIES_MAX;
}

static enum bg_err set_pattern(const struct option *o, char *field, const char *value, char *why, size_t cap)
{
    regex_t re;

    if (!affordable(value)) {
        (void)snprintf(why, cap, "%s has a back reference or repeats too much", o->key);
        return BG_E_SYNTAX;
    }
    if (*value != '\0' && regcomp(&re, value, REG_EXTENDED | REG_NOSUB) != 0) {
        (void)snprintf(why, cap, "%s is not an extended regular expression", o->key);
        return BG_E_SYNTAX;
    }
    if (*value != '\0')
        regfree(&re);
    return set_text(o, field, value, why, cap);
}

static enum bg_err set_unrecorded(const struct option *o, enum bg_unrecorded *field, const char *value,
                                  char *why, size_t cap)
{
    if (strcmp(value, "console") == 0)
        *field = BG_UNRECORDED_CONSOLE;
    else if (strcmp(value, "never") == 0)
        *field = BG_UNRECORDED_NEVER;
    else if (strcmp(value, "always") == 0)
        *field = BG_UNRECORDED_ALWAYS;
    else {
        (void)snprintf(why, cap, "%s is console, never or always", o->key);
        return BG_E_SYNTAX;
    }
    return BG_OK;
}

static enum bg_err set(const struct option *o, struct bg_policy *p, const char *value, char *why, size_t cap)
{
    void *field = (char *)p + o->at;

    switch (o->kind) {
    case NUMBER:
        return set_number(o, field, value, why, cap);
    case YESNO:
        return set_yesno(o, field, value, why, cap);
    case TEXT:
        return set_text(o, field, value, why, cap);
    case PATH:
        return set_path(o, field, value, why, cap);
    case PATTERN:
        return set_pattern(o, field, value, why, cap);
    case UNRECORDED:
        return set_unrecorded(o, field, value, why, cap);
    }
    return BG_E_SYNTAX;
}

static enum bg_err on_pair(void *arg, const char *section, const char *key, const char *value, char *why,
                           size_t cap)
{
    struct bg_policy *p = arg;
    bool known = false;

    if (bg_sink_section(section))
        return bg_sink_pair(&p->sinks, section, key, value, why, cap);
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        if (strcmp(options[i].section, section) != 0)
            continue;
        known = true;
        if (key == NULL)
            return BG_OK;
        if (strcmp(options[i].key, key) == 0)
            return set(&options[i], p, value, why, cap);
    }
    if (!known && key == NULL)
        (void)snprintf(why, cap, "unknown section [%s]", section);
    else
        (void)snprintf(why, cap, "unknown key %s in section [%s]", key, section);
    return BG_E_SYNTAX;
}

enum bg_err bg_policy_parse(const char *text, struct bg_policy *p, struct bg_ini_error *e)
{
    struct bg_policy read;
    enum bg_err r;

    bg_policy_defaults(p);
    bg_policy_defaults(&read);
    if ((r = bg_ini_parse(text, on_pair, &read, e)) == BG_OK)
        r = bg_sinks_complete(&read.sinks, e->text, sizeof e->text);
    if (r == BG_OK)
        *p = read;
    return r;
}

enum bg_err bg_policy_load(const char *path, struct bg_policy *p, struct bg_ini_error *e)
{
    struct bg_policy read;
    enum bg_err r;

    bg_policy_defaults(p);
    bg_policy_defaults(&read);
    r = bg_ini_load(path, on_pair, &read, e);
    if (r == BG_E_NOENT) {
        memset(e, 0, sizeof *e);
        return BG_OK;
    }
    if (r == BG_OK)
        r = bg_sinks_complete(&read.sinks, e->text, sizeof e->text);
    if (r == BG_OK)
        *p = read;
    return r;
}

bool bg_policy_is_fido_service(const struct bg_policy *p, const char *service)
{
    size_t len = strlen(service);

    for (const char *at = p->fido_services; *at != '\0';) {
        size_t n = strcspn(at, " \t");
        if (n > 0 && n == len && memcmp(at, service, n) == 0)
            return true;
        at += n;
        at += strspn(at, " \t");
    }
    return false;
}

bool bg_policy_is_console(const struct bg_policy *p, const char *tty)
{
    char pattern[sizeof p->consoles];

    if (strncmp(tty, "/dev/", 5) == 0)
        tty += 5;
    if (*tty == '\0')
        return false;
    for (const char *at = p->consoles; *at != '\0';) {
        size_t n = strcspn(at, " \t");
        memcpy(pattern, at, n);
        pattern[n] = '\0';
        /* FNM_PATHNAME: no star reaches over a slash, so "tty1/../pts/0" is not tty[0-9]* */
        if (n > 0 && fnmatch(pattern, tty, FNM_PATHNAME | FNM_NOESCAPE) == 0)
            return true;
        at += n;
        at += strspn(at, " \t");
    }
    return false;
}
