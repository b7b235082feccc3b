/* SPDX-License-Identifier: ISC */
#include "config/sink.h"

#include <arpa/inet.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/safefile.h"
#include "base/secret.h"
#include "base/text.h"
#include "config/signkeys.h"

#define EVENT_SUFFIX    3 /* ".v1" */
#define CREDENTIALS     "/run/credentials/"
#define AUTHORITIES_MAX 4194304 /* bytes of a file of them */

#define AT(field) BG_FIELD(struct bg_sink, field)
#define URL_FORM  "https://..., or http:// to a loopback address, no user name"

static const char *const types[] = {"webhook", "syslog", NULL};

static const struct bg_option rows[] = {
    {"type", BG_O_CHOICE, AT(type), "webhook", .help = "The kind of sink", .min = 1, .word = types,
     .required = true},
    {"url", BG_O_TEXT, AT(url), "https://alerts.example.net/breakglass", .help = "Web hook: where to post",
     .min = 1, .check = bg_sink_url_ok, .form = URL_FORM, .only = BG_SINK_WEBHOOK, .required = true},
    {"secret-file", BG_O_TEXT, AT(secret_file), BG_CONFDIR "/secrets/pager",
     .help = "Web hook: the file with the secret that signs", .min = 1, .check = bg_check_path,
     .form = BG_PATH_FORM, .only = BG_SINK_WEBHOOK, .required = true},
    {"ca-file", BG_O_TEXT, AT(ca_file), "", .help = "Web hook: file of trusted CAs; empty: the system's",
     .check = bg_check_path, .form = BG_PATH_FORM, .only = BG_SINK_WEBHOOK},
    {"resolve", BG_O_TEXT, AT(resolve), "",
     .help = "Web hook: HOST:PORT:ADDRESS, so that no name server is needed", .only = BG_SINK_WEBHOOK},
    {"path", BG_O_TEXT, AT(path), "/run/relay/log", .help = "Syslog: the socket to send to", .min = 1,
     .check = bg_check_path, .form = BG_PATH_FORM, .only = BG_SINK_SYSLOG, .required = true},
    {"timeout", BG_O_NUMBER, AT(timeout), "10", .help = "Web hook: seconds that one delivery may take", 1,
     60},
    {"events", BG_O_TEXT, AT(events), "",
     .help = "Patterns of the events to send, such as use.*; empty: all"},
};

const struct bg_section bg_sink_section = {.name = "sink",
                                           BG_ROWS(rows),
                                           .at = offsetof(struct bg_sinks, sink),
                                           .size = sizeof(struct bg_sink),
                                           .max = BG_SINKS_MAX,
                                           .label = BG_SINK_NAME_MAX + 1};

const char *bg_sink_type_name(const struct bg_sink *s)
{
    return types[s->type - 1];
}

/* By its spelling alone: no name is looked up here. */
static bool loopback(const char *host)
{
    struct in_addr a;

    return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
           (inet_pton(AF_INET, host, &a) == 1 && ntohl(a.s_addr) >> 24 == 127);
}

static bool port_ok(const char *at, size_t n)
{
    char digits[6] = "";
    unsigned port;

    if (n == 0)
        return true;
    if (*at != ':' || n - 1 >= sizeof digits)
        return false;
    memcpy(digits, at + 1, n - 1);
    return bg_number(digits, 1, 65535, &port);
}

/*
 * A host is letters, digits, '.', '-' and '_', or an IPv6 address in brackets, and after it comes a port or
 * nothing: whatever two readers of URLs could take for different hosts (a user name, a percent sign, a
 * backslash) is refused.
 */
bool bg_sink_url_ok(const char *url)
{
    static const char name[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    char host[256] = "";
    bool tls = strncmp(url, "https://", 8) == 0;
    const char *at = url + (tls ? 8 : 7);
    size_t all, n;

    if ((!tls && strncmp(url, "http://", 7) != 0) || strpbrk(url, " \t\"\\<>^`{|}") != NULL)
        return false;
    all = strcspn(at, "/?#");
    n = *at == '[' ? 1 + strspn(at + 1, "0123456789abcdefABCDEF:.") : strspn(at, name);
    if (*at == '[' && (n == 1 || at[n++] != ']'))
        return false;
    if (n == 0 || n >= sizeof host || n > all || !port_ok(at + n, all - n))
        return false;
    memcpy(host, at, n);
    return tls || loopback(host);
}

static bool kind_fits(const char *pattern, const char *kind)
{
    return fnmatch(pattern, kind, FNM_NOESCAPE) == 0;
}

bool bg_sink_wants(const struct bg_sink *s, const char *type)
{
    char kind[64];
    size_t n = strlen(type), head = strlen(BG_EVENT_TYPE);

    if (s->events[0] == '\0')
        return true;
    if (strncmp(type, BG_EVENT_TYPE, head) != 0 || n < head + EVENT_SUFFIX || n - head > sizeof kind)
        return true; /* an unknown kind is not held back */
    (void)snprintf(kind, sizeof kind, "%.*s", (int)(n - head - EVENT_SUFFIX), type + head);
    return bg_any_word(s->events, kind, kind_fits);
}

/* Given by systemd (LoadCredential=), such a file is its service's, whatever owner and mode it shows. */
static bool group_reads(const char *path, gid_t gid)
{
    struct stat st;

    if (strncmp(path, CREDENTIALS, strlen(CREDENTIALS)) == 0)
        return true;
    return stat(path, &st) == 0 &&
           ((st.st_mode & S_IROTH) != 0 || ((st.st_mode & S_IRGRP) != 0 && st.st_gid == gid));
}

static const char *secret_fault(const char *path, gid_t gid)
{
    struct bg_sign_keys keys;
    enum bg_err r = bg_sign_load(path, &keys);

    bg_wipe(&keys, sizeof keys);
    if (r == BG_E_SYNTAX)
        return "it is not whsec_ and base64 of 24 to 64 bytes";
    if (r != BG_OK)
        return bg_strerror(r);
    if (gid != 0 && !group_reads(path, gid))
        return "the alert service's group cannot read it";
    return NULL;
}

static const char *authority_fault(const char *path)
{
    char *text = NULL;
    size_t len = 0;
    enum bg_err r = bg_file_slurp(path, AUTHORITIES_MAX, &text, &len);
    bool any = r == BG_OK && strstr(text, "-----BEGIN ") != NULL;

    free(text);
    return r != BG_OK ? bg_strerror(r) : any ? NULL : "there is no certificate in it";
}

static bool sound(struct bg_sink_fault *f, const char *key, const char *path, const char *why)
{
    f->key = key;
    f->path = path;
    (void)snprintf(f->why, sizeof f->why, "%s", why == NULL ? "" : why);
    return why == NULL;
}

bool bg_sink_look(const struct bg_sink *s, gid_t gid, struct bg_sink_fault *f)
{
    if (s->type != BG_SINK_WEBHOOK)
        return true;
    return sound(f, "secret-file", s->secret_file, secret_fault(s->secret_file, gid)) &&
           (s->ca_file[0] == '\0' || sound(f, "ca-file", s->ca_file, authority_fault(s->ca_file)));
}

bool bg_sink_is_outside(const struct bg_sink *s)
{
    return s->type == BG_SINK_WEBHOOK;
}
