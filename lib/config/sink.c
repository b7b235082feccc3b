/* SPDX-License-Identifier: ISC */
#include "config/sink.h"

#include <arpa/inet.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/safefile.h"
#include "base/secret.h"
#include "base/text.h"
#include "config/secretline.h"
#include "config/signkeys.h"
#include "config/sinkcred.h"

#define EVENT_SUFFIX    3 /* ".v1" */
#define CREDENTIALS     "/run/credentials/"
#define HOST_MAX        256
#define CERTIFICATE_MAX 65536
#define AUTHORITIES_MAX 4194304 /* bytes of a file of them */

#define AT(field)      BG_FIELD(struct bg_sink, field)
#define RATE_MAX       6000
#define RATE_MAX_BURST 60
#define RATE_MIN_BURST 4 /* a bucket with something in it that is kept for uses */
#define URL_FORM       "https://..., or http:// to a loopback address, no user name"

static const char *const types[] = {"webhook",   "syslog",       "exec",     "collector", "mail",
                                    "pagerduty", "alertmanager", "opsgenie", "slack",     "teams",
                                    "ntfy",      "twilio",       NULL};
static const char *const outsides[] = {"auto", "yes", "no", NULL};
static const char *const backlogs[] = {"auto", "all", "new", NULL};
static const char *const classes[] = {"auto", "page", "record", NULL};

/* What each type is for, and how fast it may be fed: below what the provider documents. A type that is not
 * here keeps a record, at any rate. */
static const struct {
    enum bg_sink_class class;
    struct bg_sink_rate rate;
} natures[] = {
    [BG_SINK_WEBHOOK] = {BG_CLASS_RECORD, {0, 0}}, /* a receiver of one's own */
    [BG_SINK_SYSLOG] = {BG_CLASS_RECORD, {0, 0}},
    [BG_SINK_EXEC] = {BG_CLASS_PAGE, {0, 0}}, /* the door to a modem */
    [BG_SINK_COLLECTOR] = {BG_CLASS_RECORD, {0, 0}},
    [BG_SINK_MAIL] = {BG_CLASS_PAGE, {0, 0}},
    [BG_SINK_PAGERDUTY] = {BG_CLASS_PAGE, {60, 30}},  /* about 120 a minute and key */
    [BG_SINK_ALERTMANAGER] = {BG_CLASS_PAGE, {0, 0}}, /* one's own */
    [BG_SINK_OPSGENIE] = {BG_CLASS_PAGE, {30, 20}},   /* by plan and users */
    [BG_SINK_SLACK] = {BG_CLASS_PAGE, {30, 10}},      /* one a second */
    [BG_SINK_TEAMS] = {BG_CLASS_PAGE, {1, 20}},       /* four a second, 60 in 30 seconds, 100 an hour */
    [BG_SINK_NTFY] = {BG_CLASS_PAGE, {10, 30}},       /* 60 at once, then one in 5 seconds */
    [BG_SINK_TWILIO] = {BG_CLASS_PAGE, {10, 10}},     /* one a second and number that sends */
};

/* Bits of the types that use an option. */
#define HOOK         BG_ONLY(BG_SINK_WEBHOOK)
#define PAGERDUTY    BG_ONLY(BG_SINK_PAGERDUTY)
#define ALERTMANAGER BG_ONLY(BG_SINK_ALERTMANAGER)
#define OPSGENIE     BG_ONLY(BG_SINK_OPSGENIE)
#define CHATS        (BG_ONLY(BG_SINK_SLACK) | BG_ONLY(BG_SINK_TEAMS))
#define NTFY         BG_ONLY(BG_SINK_NTFY)
#define TWILIO       BG_ONLY(BG_SINK_TWILIO)
#define PROVIDERS    (PAGERDUTY | OPSGENIE | TWILIO) /* whose address is known */
#define BY_HTTP      (HOOK | ALERTMANAGER | CHATS | NTFY | PROVIDERS)
#define FOR_PEOPLE   (BY_HTTP & ~HOOK)

#define PIN_LEN  52 /* "sha256//" and base64 of 32 bytes */
#define PIN_FORM "sha256// and base64, ; between several"

static bool pin_ok(const char *pin)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (;; pin++) {
        if (strncmp(pin, "sha256//", 8) != 0 || strspn(pin + 8, digits) != PIN_LEN - 9 ||
            pin[PIN_LEN - 1] != '=')
            return false;
        pin += PIN_LEN;
        if (*pin != ';')
            return *pin == '\0';
    }
}

#define WORD_FORM "letters, digits, _ or -"

static bool word_ok(const char *word)
{
    static const char set[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

    return word[strspn(word, set)] == '\0';
}

static bool interface_ok(const char *name)
{
    static const char set[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:_-";

    return name[strspn(name, set)] == '\0';
}

#define MAIL        BG_ONLY(BG_SINK_MAIL)
#define BY_TLS      (BY_HTTP | BG_ONLY(BG_SINK_COLLECTOR) | MAIL)
#define BY_SYSLOG   (BG_ONLY(BG_SINK_SYSLOG) | BG_ONLY(BG_SINK_COLLECTOR))
#define SERVER_FORM "HOST or HOST:PORT, an IPv6 address in brackets"

#define SYSLOG_TLS_PORT "6514" /* RFC 5425 */

static const char *const formats[] = {"cee", "json", "rfc5424", "plain", NULL};

static const char *const closes[] = {"any", "notify", NULL};

static const char *const tls_words[] = {"starttls", "smtps", "none", NULL};

static bool server_ok(const char *value);

/* A mailbox as most are spelled (RFC 5321, Dot-string), or the name of one alone, for a server on this host.
 */
static bool address_ok(const char *value)
{
    static const char local[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~.";
    static const char domain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
    size_t n = strspn(value, local), rest;

    if (n == 0 || n > 64 || *value == '-')
        return false;
    if (value[n] == '\0')
        return true;
    rest = value[n] == '@' ? strspn(value + n + 1, domain) : 0;
    return rest > 0 && value[n + 1 + rest] == '\0';
}

static bool addresses_ok(const char *value)
{
    char one[256];
    unsigned count = 0;

    for (const char *p = value + strspn(value, " ,"); *p != '\0'; p += strspn(p, " ,")) {
        size_t n = strcspn(p, " ,");
        if (n >= sizeof one || ++count > BG_SINK_ADDRESSES)
            return false;
        (void)snprintf(one, sizeof one, "%.*s", (int)n, p);
        if (!address_ok(one))
            return false;
        p += n;
    }
    return count > 0;
}

/* One of blank-separated telephone numbers in E.164 form; whoever carries them may be named before. */
static bool is_number(const char *word, const char *any)
{
    const char *colon = strchr(word, ':'), *at = colon == NULL ? word : colon + 1;
    size_t n = at[0] == '+' ? strspn(at + 1, "0123456789") : 0;

    (void)any;
    return n >= 5 && n <= 15 && at[n + 1] == '\0';
}

static bool no_number(const char *word, const char *any)
{
    return !is_number(word, any);
}

static unsigned words_of(const char *list)
{
    unsigned n = 0;

    for (; *(list += strspn(list, " \t")) != '\0'; list += strcspn(list, " \t"))
        n++;
    return n;
}

static bool numbers_ok(const char *list)
{
    return words_of(list) <= BG_SINK_NUMBERS && !bg_any_word(list, "", no_number);
}

static const struct bg_option rows[] = {
    {"type", BG_O_CHOICE, AT(type), "webhook", .help = "The kind of sink", .min = 1, .word = types,
     .required = true},
    {"url", BG_O_TEXT, AT(url), "https://alerts.example.net/breakglass", .help = "Where to post", .min = 1,
     .check = bg_sink_url_ok, .form = URL_FORM, .only = HOOK | ALERTMANAGER | NTFY, .required = true,
     .instead = "url-file"},
    {"url-file", BG_O_TEXT, AT(url_file), "", .help = "A file with that address, where it is a secret",
     .check = bg_sinkcred_ok, .form = BG_SINKCRED_FORM, .only = HOOK | ALERTMANAGER | NTFY | CHATS},
    {"api-url", BG_O_TEXT, AT(api_url), "", .help = "Another address than the provider's own",
     .check = bg_sink_url_ok, .form = URL_FORM, .only = PROVIDERS},
    {"secret-file", BG_O_TEXT, AT(secret_file), BG_CONFDIR "/secrets/pager",
     .help = "Web hook: the file with the secret that signs", .min = 1, .check = bg_sinkcred_ok,
     .form = BG_SINKCRED_FORM, .only = HOOK, .required = true},
    {"token-file", BG_O_TEXT, AT(token_file), "", .help = "The file with a key, token or password",
     .check = bg_sinkcred_ok, .form = BG_SINKCRED_FORM, .only = PROVIDERS | ALERTMANAGER | NTFY},
    {"account", BG_O_TEXT, AT(account), "AC0123456789abcdef0123456789abcdef",
     .help = "Twilio: the SID of the account", .min = 1, .check = word_ok, .form = WORD_FORM, .only = TWILIO,
     .required = true},
    {"user", BG_O_TEXT, AT(user), "", .help = "Twilio: the SID of an API key; empty: the account's",
     .check = word_ok, .form = WORD_FORM, .only = TWILIO},
    {"sender", BG_O_TEXT, AT(sender), "+15005550006", .help = "Twilio: the number or service that sends",
     .min = 1, .only = TWILIO, .required = true},
    {"numbers", BG_O_TEXT, AT(numbers), "+15005550009", .help = "Twilio: the numbers to send to", .min = 1,
     .check = numbers_ok, .form = "one to four numbers such as +15005550009", .only = TWILIO,
     .required = true},
    {"topic", BG_O_TEXT, AT(topic), "breakglass", .help = "ntfy: the topic", .min = 1, .check = word_ok,
     .form = WORD_FORM, .only = NTFY, .required = true},
    {"ca-file", BG_O_TEXT, AT(ca_file), "", .help = "TLS: file of trusted CAs; empty: the system's",
     .check = bg_check_path, .form = BG_PATH_FORM, .only = BY_TLS},
    {"pin", BG_O_TEXT, AT(pin), "", .help = "TLS: the public key that the server must have", .check = pin_ok,
     .form = PIN_FORM, .only = BY_TLS},
    {"resolve", BG_O_TEXT, AT(resolve), "", .help = "HOST:PORT:ADDRESS, so that no name server is needed",
     .only = BY_TLS},
    {"interface", BG_O_TEXT, AT(interface), "", .help = "The interface to go through, or its address",
     .check = interface_ok, .form = "letters, digits, . : _ or -", .only = BY_TLS},
    {"proxy", BG_O_TEXT, AT(proxy), "", .help = "HTTP: the proxy to go through; empty: none",
     .check = bg_sink_proxy_ok, .form = "http://HOST:PORT or https://HOST:PORT", .only = BY_HTTP},
    {"path", BG_O_TEXT, AT(path), "/run/relay/log", .help = "Syslog: the socket to send to", .min = 1,
     .check = bg_check_path, .form = BG_PATH_FORM, .only = BG_ONLY(BG_SINK_SYSLOG), .required = true},
    {"command", BG_O_TEXT, AT(command), "/usr/local/sbin/page",
     .help = "Exec: the program and its arguments, blanks between them", .min = 1, .check = bg_check_path,
     .form = BG_PATH_FORM ", arguments after it", .only = BG_ONLY(BG_SINK_EXEC), .required = true},
    {"outside", BG_O_CHOICE, AT(outside), "auto",
     .help = "Whether what it has taken has left this host; auto: not to localhost, nor a program",
     .word = outsides, .only = BG_ONLY(BG_SINK_EXEC) | BY_TLS},
    {"server", BG_O_TEXT, AT(server), "logs.example.net", .help = "Collector, mail: the host, and its port",
     .min = 1, .check = server_ok, .form = SERVER_FORM, .only = BG_ONLY(BG_SINK_COLLECTOR) | MAIL,
     .required = true},
    {"tls", BG_O_CHOICE, AT(tls), "starttls", .help = "Mail: how TLS is begun; none: to this host only",
     .min = BG_TLS_STARTTLS, .word = tls_words, .only = MAIL},
    {"from", BG_O_TEXT, AT(from), "breakglass@example.net", .help = "Mail: who sends", .min = 1,
     .check = address_ok, .form = "an address", .only = MAIL, .required = true},
    {"to", BG_O_TEXT, AT(to), "admins@example.net", .help = "Mail: to whom", .min = 1, .check = addresses_ok,
     .form = "one to eight addresses, blanks or commas between them", .only = MAIL, .required = true},
    {"login-file", BG_O_TEXT, AT(login_file), "",
     .help = "Mail: a file with name and password, a line each; empty: none", .check = bg_sinkcred_ok,
     .form = BG_SINKCRED_FORM, .only = MAIL},
    {"certificate-file", BG_O_TEXT, AT(certificate_file), "",
     .help = "Collector: our own certificate and its key; empty: none", .check = bg_sinkcred_ok,
     .form = BG_SINKCRED_FORM, .only = BG_ONLY(BG_SINK_COLLECTOR)},
    {"close", BG_O_CHOICE, AT(close), "any",
     .help = "Collector: how it must close a session; notify: by TLS, not by TCP alone", .min = BG_CLOSE_ANY,
     .word = closes, .only = BG_ONLY(BG_SINK_COLLECTOR)},
    {"format", BG_O_CHOICE, AT(format), "cee", .help = "Syslog, collector: what a message carries",
     .min = BG_SYSLOG_CEE, .word = formats, .only = BY_SYSLOG},
    {"enterprise", BG_O_NUMBER, AT(enterprise), "32473",
     .help = "Syslog, collector: your private enterprise number", 1, 2147483647, .only = BY_SYSLOG},
    {"timeout", BG_O_NUMBER, AT(timeout), "10", .help = "Seconds that one delivery may take", 1, 60},
    {"events", BG_O_TEXT, AT(events), "", .help = "Patterns of the events to send, such as use.*"},
    {"class", BG_O_CHOICE, AT(class), "auto", .help = "What it is for; auto: what its type is for",
     .word = classes},
    {"backlog", BG_O_CHOICE, AT(backlog), "auto",
     .help = "What it gets of before it was there; auto: all if it is of class record", .word = backlogs},
    {"rate", BG_O_NUMBER, AT(rate), "0", .help = "Events a minute at the most; 0: what its type allows", 0,
     RATE_MAX},
};

static const char *complaint(const void *object);

const struct bg_section bg_sink_section = {.name = "sink",
                                           BG_ROWS(rows),
                                           .at = offsetof(struct bg_sinks, sink),
                                           .size = sizeof(struct bg_sink),
                                           .max = BG_SINKS_MAX,
                                           .label = BG_SINK_NAME_MAX + 1,
                                           .complaint = complaint};

const char *bg_sink_type_name(const struct bg_sink *s)
{
    return types[s->type - 1];
}

enum bg_sink_class bg_sink_class(const struct bg_sink *s)
{
    enum bg_sink_class own = 0;

    if (s->class != 0)
        return s->class;
    if ((size_t)s->type < sizeof natures / sizeof natures[0])
        own = natures[s->type].class;
    return own != 0 ? own : BG_CLASS_RECORD;
}

enum bg_sink_backlog bg_sink_backlog(const struct bg_sink *s)
{
    if (s->backlog != 0)
        return s->backlog;
    return bg_sink_class(s) == BG_CLASS_PAGE ? BG_BACKLOG_NEW : BG_BACKLOG_ALL;
}

const char *bg_sink_class_name(enum bg_sink_class c)
{
    return classes[c];
}

struct bg_sink_rate bg_sink_rate(const struct bg_sink *s)
{
    struct bg_sink_rate r = {0, 0};

    if ((size_t)s->type < sizeof natures / sizeof natures[0])
        r = natures[s->type].rate;
    if (s->rate == 0)
        return r;
    r.minute = s->rate;
    r.burst = s->rate < RATE_MIN_BURST ? RATE_MIN_BURST : s->rate > RATE_MAX_BURST ? RATE_MAX_BURST : s->rate;
    return r;
}

/* By its spelling alone: no name is looked up here. */
static bool loopback(const char *host)
{
    struct in_addr a;

    return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 || strcmp(host, "::1") == 0 ||
           (inet_pton(AF_INET, host, &a) == 1 && ntohl(a.s_addr) >> 24 == 127);
}

/* Without TLS, which is for this host, by another host or to another address. */
static bool leaves(const struct bg_sink *s)
{
    bool clear = s->type == BG_SINK_MAIL
                     ? s->tls == BG_TLS_NONE
                     : strncmp(s->url, "http://", 7) == 0 || strncmp(s->api_url, "http://", 7) == 0;

    return clear && (s->resolve[0] != '\0' || s->proxy[0] != '\0');
}

/* What a kind of sink lacks that another kind can do without. A mail in clear, its login with it, goes no
 * further than this host. */
static const char *complaint(const void *object)
{
    const struct bg_sink *s = object;
    char host[BG_SERVER_HOST_MAX + 1], port[6];

    if (s->type == BG_SINK_MAIL && s->tls == BG_TLS_NONE && bg_sink_server(s, host, port) && !loopback(host))
        return "sends mail without TLS to another host";
    if (leaves(s))
        return "has resolve or proxy, but no TLS";
    if ((CHATS & BG_ONLY(s->type)) != 0 && s->url_file[0] == '\0')
        return "lacks the key url-file";
    if ((PROVIDERS & BG_ONLY(s->type)) != 0 && s->token_file[0] == '\0')
        return "lacks the key token-file";
    return NULL;
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
 * backslash) is refused. `all` characters of an URL from its host to its path.
 */
static bool host_ok(const char *at, size_t all, char host[HOST_MAX])
{
    static const char name[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    size_t n = *at == '[' ? 1 + strspn(at + 1, "0123456789abcdefABCDEF:.") : strspn(at, name);

    if (*at == '[' && (n == 1 || at[n++] != ']'))
        return false;
    if (n == 0 || n >= HOST_MAX || n > all || !port_ok(at + n, all - n))
        return false;
    memcpy(host, at, n);
    host[n] = '\0';
    return true;
}

/* Of the type, where none is given: RFC 5425, and for mail RFC 8314, RFC 6409, RFC 5321. */
static const char *usual_port(const struct bg_sink *s)
{
    static const char *const mail[] = {
        [BG_TLS_STARTTLS] = "587", [BG_TLS_SMTPS] = "465", [BG_TLS_NONE] = "25"};

    return s->type == BG_SINK_MAIL ? mail[s->tls] : SYSLOG_TLS_PORT;
}

static bool server_ok(const char *value)
{
    char host[HOST_MAX];

    return host_ok(value, strlen(value), host);
}

bool bg_sink_server(const struct bg_sink *s, char host[BG_SERVER_HOST_MAX + 1], char port[6])
{
    char found[HOST_MAX];
    size_t n, bracket;

    if (!host_ok(s->server, strlen(s->server), found))
        return false;
    n = strlen(found);
    bracket = found[0] == '[';
    (void)snprintf(port, 6, "%s", s->server[n] == ':' ? s->server + n + 1 : usual_port(s));
    (void)snprintf(host, BG_SERVER_HOST_MAX + 1, "%.*s", (int)(n - 2 * bracket), found + bracket);
    return true;
}

/* Where the host begins; NULL: it is neither, or has characters that no URL has. */
static const char *after_scheme(const char *url, bool *tls)
{
    *tls = strncmp(url, "https://", 8) == 0;
    if ((!*tls && strncmp(url, "http://", 7) != 0) || strpbrk(url, " \t\"\\<>^`{|}") != NULL)
        return NULL;
    return url + (*tls ? 8 : 7);
}

bool bg_sink_url_ok(const char *url)
{
    char host[HOST_MAX];
    bool tls;
    const char *at = after_scheme(url, &tls);

    return at != NULL && host_ok(at, strcspn(at, "/?#"), host) && (tls || loopback(host));
}

bool bg_sink_proxy_ok(const char *url)
{
    char host[HOST_MAX];
    bool tls;
    const char *at = after_scheme(url, &tls);

    return at != NULL && host_ok(at, strlen(at), host);
}

/*
 * What people are woken for: a door that was opened, a session without a use, a door that was tried by
 * another way than ours, an account that can be opened now, a credential that others may have, a record that
 * is not what it was, and that a sink does not take alarms; and the end of a use, and tests.
 */
static const char wakes[] =
    "use.granted session.ungranted gate.refused account.armed key.counterback share.exposed "
    "tamper.* journal.setaside journal.repaired alert.undeliverable alert.silent alert.dropped "
    "alert.test review.overdue review.closed envelope.tampered session.limit check.failed";

static bool kind_fits(const char *pattern, const char *kind)
{
    return fnmatch(pattern, kind, FNM_NOESCAPE) == 0;
}

/* Nobody is woken by these. */
static bool all_is_well(const char *type)
{
    return strcmp(type, BG_EVENT_TYPE "heartbeat.v1") == 0 ||
           strcmp(type, BG_EVENT_TYPE "proof.passed.v1") == 0;
}

bool bg_sink_wants(const struct bg_sink *s, const char *type)
{
    char kind[64];
    size_t n = strlen(type), head = strlen(BG_EVENT_TYPE);

    const char *wanted = s->events[0] != '\0' ? s->events : wakes;

    if (s->events[0] == '\0' && (FOR_PEOPLE & BG_ONLY(s->type)) == 0)
        return bg_sink_class(s) != BG_CLASS_PAGE || !all_is_well(type);
    if (strncmp(type, BG_EVENT_TYPE, head) != 0 || n < head + EVENT_SUFFIX || n - head > sizeof kind)
        return true; /* an unknown kind is not held back */
    (void)snprintf(kind, sizeof kind, "%.*s", (int)(n - head - EVENT_SUFFIX), type + head);
    return bg_any_word(wanted, kind, kind_fits);
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

static const char *group_fault(const char *path, gid_t gid)
{
    return gid != 0 && !group_reads(path, gid) ? "the alert service's group cannot read it" : NULL;
}

static const char *keys_fault(const char *path, gid_t gid)
{
    struct bg_sign_keys keys;
    enum bg_err r = bg_sign_load(path, &keys);

    bg_wipe(&keys, sizeof keys);
    if (r == BG_E_SYNTAX)
        return "it is not whsec_ and base64 of 24 to 64 bytes";
    return r != BG_OK ? bg_strerror(r) : group_fault(path, gid);
}

static const char *line_fault(const char *path, bool is_url, gid_t gid)
{
    char line[BG_SECRET_LINE] = "";
    enum bg_err r = bg_secret_line(path, line);
    bool good = r == BG_OK && (!is_url || bg_sink_url_ok(line));
    struct stat st;

    bg_wipe(line, sizeof line);
    if (r == BG_E_SYNTAX || (r == BG_OK && !good))
        return is_url ? "it is not one line with " URL_FORM : "it is not one line of text";
    if (r != BG_OK)
        return bg_strerror(r);
    if (strncmp(path, CREDENTIALS, strlen(CREDENTIALS)) != 0 && stat(path, &st) == 0 &&
        (st.st_mode & S_IROTH) != 0)
        return "anybody can read it";
    return group_fault(path, gid);
}

/* Only root may be able to change it, so the whole way to it counts. */
static const char *program_fault(const char *command)
{
    char path[sizeof((struct bg_sink *)0)->command];
    enum bg_err r;

    (void)snprintf(path, sizeof path, "%.*s", (int)strcspn(command, " \t"), command);
    if ((r = bg_path_safe(path)) != BG_OK)
        return r == BG_E_UNSAFE ? "somebody else than root can change it" : bg_strerror(r);
    return access(path, X_OK) == 0 ? NULL : "it cannot be executed";
}

static const char *certificate_fault(const char *path, gid_t gid)
{
    char *text = NULL;
    size_t len = 0;
    enum bg_err r = bg_file_slurp(path, CERTIFICATE_MAX, &text, &len);
    bool both = r == BG_OK && strstr(text, "-----BEGIN CERTIFICATE-----") != NULL &&
                strstr(text, "PRIVATE KEY-----") != NULL;

    if (text != NULL)
        bg_wipe(text, len);
    free(text);
    if (r != BG_OK)
        return bg_strerror(r);
    if (!both)
        return "there is no certificate with its key in it";
    return group_fault(path, gid);
}

/* Two lines, neither of them empty. */
static const char *login_fault(const char *path, gid_t gid)
{
    char text[512] = "";
    size_t len, user;
    enum bg_err r = bg_file_read(path, text, sizeof text, &len);
    bool both;

    user = strcspn(text, "\n");
    both = user > 0 && text[user] == '\n' && text[user + 1] != '\n' && text[user + 1] != '\0';
    bg_wipe(text, sizeof text);
    if (r != BG_OK)
        return bg_strerror(r);
    if (!both)
        return "it is not a name and a password, a line each";
    return group_fault(path, gid);
}

static const char *authority_fault(const char *path, gid_t gid)
{
    char *text = NULL;
    size_t len = 0;
    enum bg_err r = bg_file_slurp(path, AUTHORITIES_MAX, &text, &len);
    bool any = r == BG_OK && strstr(text, "-----BEGIN ") != NULL;

    (void)gid; /* no secret */
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

static const char *url_fault(const char *path, gid_t gid)
{
    return line_fault(path, true, gid);
}

static const char *token_fault(const char *path, gid_t gid)
{
    return line_fault(path, false, gid);
}

/* "": there is none. A credential of the service's unit is nobody else's to look at. */
static bool look_at(struct bg_sink_fault *f, const char *key, const char *path, gid_t gid,
                    const char *(*fault)(const char *path, gid_t gid))
{
    return path[0] == '\0' || bg_sinkcred_name(path) != NULL || sound(f, key, path, fault(path, gid));
}

bool bg_sink_look(const struct bg_sink *s, gid_t gid, struct bg_sink_fault *f)
{
    if (s->type == BG_SINK_EXEC)
        return sound(f, "command", s->command, program_fault(s->command));
    return look_at(f, "secret-file", s->secret_file, gid, keys_fault) &&
           look_at(f, "url-file", s->url_file, gid, url_fault) &&
           look_at(f, "token-file", s->token_file, gid, token_fault) &&
           look_at(f, "certificate-file", s->certificate_file, gid, certificate_fault) &&
           look_at(f, "login-file", s->login_file, gid, login_fault) &&
           look_at(f, "ca-file", s->ca_file, gid, authority_fault);
}

bool bg_sink_in_words(const struct bg_sink *s)
{
    if ((BY_SYSLOG & BG_ONLY(s->type)) != 0)
        return s->format == BG_SYSLOG_STRUCTURED || s->format == BG_SYSLOG_PLAIN;
    return ((FOR_PEOPLE | MAIL) & BG_ONLY(s->type)) != 0;
}

bool bg_sink_is_answered(const struct bg_sinks *all, const struct bg_sink *s)
{
    bool pages = false;

    for (unsigned i = 0; i < all->n; i++)
        pages = pages || bg_sink_class(&all->sink[i]) == BG_CLASS_PAGE;
    return pages
               ? bg_sink_class(s) == BG_CLASS_PAGE
               : bg_sink_in_words(s) && (BY_SYSLOG & BG_ONLY(s->type)) == 0; /* a log is read by who looks */
}

bool bg_sink_by_tls(const struct bg_sink *s)
{
    return (BY_TLS & BG_ONLY(s->type)) != 0;
}

/* The host of an URL; "" is a provider's own, somewhere else. */
static bool url_is_near(const char *url)
{
    char host[HOST_MAX];
    bool tls;
    const char *at = after_scheme(url, &tls);

    return at != NULL && host_ok(at, strcspn(at, "/?#"), host) && loopback(host);
}

static bool file_is_near(const char *path)
{
    char line[BG_SECRET_LINE] = "";
    bool near = path[0] != '\0' && bg_secret_line(path, line) == BG_OK && url_is_near(line);

    bg_wipe(line, sizeof line);
    return near;
}

/* What a receiver on this host has taken, or a mail in a queue of it, has not left it. */
static bool is_near(const struct bg_sink *s)
{
    char host[BG_SERVER_HOST_MAX + 1], port[6];

    if (s->type == BG_SINK_MAIL || s->type == BG_SINK_COLLECTOR)
        return !bg_sink_server(s, host, port) || loopback(host);
    return url_is_near(s->url) || url_is_near(s->api_url) || file_is_near(s->url_file);
}

bool bg_sink_is_outside(const struct bg_sink *s)
{
    if (s->outside != BG_OUTSIDE_AUTO && (bg_sink_by_tls(s) || s->type == BG_SINK_EXEC))
        return s->outside == BG_OUTSIDE_YES;
    return bg_sink_by_tls(s) && !is_near(s);
}

/* An address as a URL or a server's line has it; only those of IPv6 have brackets or colons. */
static bool is_address(const char *host)
{
    struct in6_addr a;

    return strpbrk(host, "[:") != NULL || inet_pton(AF_INET, host, &a) == 1;
}

static bool url_has_name(const char *url)
{
    char host[HOST_MAX];
    bool tls;
    const char *at = after_scheme(url, &tls);

    return at == NULL || !host_ok(at, strcspn(at, "/?#"), host) || !is_address(host);
}

bool bg_sink_needs_names(const struct bg_sink *s)
{
    char host[BG_SERVER_HOST_MAX + 1], port[6];

    if (!bg_sink_by_tls(s) || s->resolve[0] != '\0' || is_near(s))
        return false;
    if (s->proxy[0] != '\0')
        return url_has_name(s->proxy);
    if (s->type == BG_SINK_MAIL || s->type == BG_SINK_COLLECTOR)
        return bg_sink_server(s, host, port) && !is_address(host);
    return url_has_name(s->api_url[0] != '\0' ? s->api_url : s->url);
}
