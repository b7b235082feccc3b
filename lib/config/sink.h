/* SPDX-License-Identifier: ISC */
/*
 * Where alerts go: the [sink NAME] sections of breakglass.conf. This is what they say, not how it is done:
 * breakglass-alert delivers, breakglass-login and breakglass only want to know which sinks there are.
 */
#ifndef BG_CONFIG_SINK_H
#define BG_CONFIG_SINK_H

#include <sys/types.h>
#include "config/table.h"

#define BG_SINKS_MAX     8
#define BG_SINK_NAME_MAX 32
#define BG_SINK_NUMBERS  4 /* telephone numbers of one sink */

enum bg_sink_type {
    BG_SINK_WEBHOOK = 1,
    BG_SINK_SYSLOG = 2,
    BG_SINK_EXEC = 3,
    BG_SINK_COLLECTOR = 4,
    BG_SINK_MAIL = 5,
    BG_SINK_PAGERDUTY = 6,
    BG_SINK_ALERTMANAGER = 7,
    BG_SINK_OPSGENIE = 8,
    BG_SINK_SLACK = 9,
    BG_SINK_TEAMS = 10,
    BG_SINK_NTFY = 11,
    BG_SINK_TWILIO = 12
};

/* What a message of syslog carries: alert/rfc5424.h. */
enum bg_syslog_format {
    BG_SYSLOG_CEE = 1,
    BG_SYSLOG_JSON = 2,
    BG_SYSLOG_STRUCTURED = 3,
    BG_SYSLOG_PLAIN = 4
};

/* How a mail server is spoken to. */
enum bg_sink_tls {
    BG_TLS_STARTTLS = 1,
    BG_TLS_SMTPS = 2, /* from the first byte on */
    BG_TLS_NONE = 3   /* a server on this host */
};

/* How a collector must end a session for what was sent to count: alert/tlsonce.h. */
enum bg_sink_close {
    BG_CLOSE_ANY = 1,   /* also by closing the connection */
    BG_CLOSE_NOTIFY = 2 /* by its close_notify, which nobody on the way can make */
};

/* What it is for: an event that matters should be acknowledged by one of each class that is configured. */
enum bg_sink_class {
    BG_CLASS_PAGE = 1,  /* it wakes a person */
    BG_CLASS_RECORD = 2 /* it keeps the event out of reach of this host */
};
#define BG_SINK_CLASSES 2

/* What a sink gets that has never been asked to take anything. */
enum bg_sink_backlog {
    BG_BACKLOG_ALL = 1, /* all that is in the journal */
    BG_BACKLOG_NEW = 2  /* what comes, and what has just come */
};

/* Whether what a sink has taken has left this host. */
enum bg_sink_outside {
    BG_OUTSIDE_AUTO = 0, /* by the receiver's name: bg_sink_is_outside() tells */
    BG_OUTSIDE_YES = 1,
    BG_OUTSIDE_NO = 2
};

struct bg_sink {
    char name[BG_SINK_NAME_MAX + 1]; /* a-z, 0-9, '-' : fit for a file name */
    enum bg_sink_type type;
    char url[512];         /* where to post: https, or http to a loopback address; "" */
    char url_file[256];    /* a file with that, where it is a secret; "" */
    char api_url[256];     /* pagerduty, opsgenie, twilio: another address than the provider's; "" */
    char token_file[256];  /* a file with a token, key or password; "" */
    char account[64];      /* twilio: the account's SID */
    char user[128];        /* twilio: SID of an API key; "": the account's */
    char sender[128];      /* twilio: the number that sends, or a messaging service's SID */
    char numbers[256];     /* twilio: blank-separated numbers, at most BG_SINK_NUMBERS */
    char topic[65];        /* ntfy */
    char secret_file[256]; /* webhook: "whsec_" and base64 */
    char ca_file[256];     /* TLS: file of trusted CAs; "": the system's */
    char pin[256];         /* TLS: "sha256//" and base64 of the key's hash, more of them after ';'; "": any */
    char resolve[256];     /* "HOST:PORT:ADDRESS", so that no DNS is needed; "" */
    char interface[64];    /* the network interface, or an address of it; "": the kernel chooses */
    char proxy[256];       /* HTTP: "http://HOST:PORT"; "": none */
    char path[108];        /* syslog: the socket */
    char command[512];     /* exec: an absolute path, and arguments after blanks */
    enum bg_sink_outside outside; /* whether what it has taken has left this host */
    char server[264];             /* collector: "HOST" or "HOST:PORT" */
    char certificate_file[256];   /* collector: our certificate and its key, PEM; "": none */
    enum bg_sink_close close;     /* collector */
    enum bg_syslog_format format; /* syslog, collector: what a message carries */
    enum bg_sink_tls tls;         /* mail */
    char from[256];               /* mail: an address */
    char to[512];                 /* mail: addresses, blanks or commas between them */
    char login_file[256];         /* mail: name and password, a line each; "": none */
    unsigned enterprise;          /* syslog, collector: the number behind breakglass@ */
    unsigned timeout;             /* seconds one delivery may take */
    char events[256]; /* blank-separated patterns of kinds ("use.* session.*"); "": see bg_sink_wants */
    enum bg_sink_class class;     /* 0: that of its type; bg_sink_class() tells */
    enum bg_sink_backlog backlog; /* 0: by its class; bg_sink_backlog() tells */
    unsigned rate;                /* events a minute, 0: that of its type; bg_sink_rate() tells */
};

struct bg_sinks {
    struct bg_sink sink[BG_SINKS_MAX];
    unsigned n;
};

/* Where the rows are in a struct bg_sinks. */
extern const struct bg_section bg_sink_section;

/* The word of the type in the file, "webhook". */
const char *bg_sink_type_name(const struct bg_sink *s);

enum bg_sink_class bg_sink_class(const struct bg_sink *s);
/* A person is not woken for what was months ago; who keeps the record gets all of it. */
enum bg_sink_backlog bg_sink_backlog(const struct bg_sink *s);
/* "page", "record". */
const char *bg_sink_class_name(enum bg_sink_class c);

/* So many at once, then so many a minute; minute 0: as fast as it takes them. */
struct bg_sink_rate {
    unsigned minute, burst;
};
struct bg_sink_rate bg_sink_rate(const struct bg_sink *s);

/*
 * Does this sink want events of that CloudEvents type ("org.breakglass.use.granted.v1")? Where its options do
 * not say, one that keeps a record wants all, and one that wakes people what they should be woken for.
 */
bool bg_sink_wants(const struct bg_sink *s, const char *type);

/* Does it tell people in words, so that a test shows its code there? */
bool bg_sink_in_words(const struct bg_sink *s);

/* Is its alarm one that a person answers by a code: it wakes people in words; or, where no sink of all does,
 * it tells them in words? */
bool bg_sink_is_answered(const struct bg_sinks *all, const struct bg_sink *s);

/* Does it verify whom it talks to by certificates? */
bool bg_sink_by_tls(const struct bg_sink *s);

/*
 * Does an acknowledgement of it come from outside this host? Where `outside` does not say: not of a program
 * or a socket, nor where the receiver's name is localhost or an address 127.0.0.0/8 or ::1. No name is looked
 * up. An address in url-file counts as far as that can be read.
 */
bool bg_sink_is_outside(const struct bg_sink *s);

/* Is a name to be resolved for it: its receiver's, or that of its proxy? Not with `resolve`, nor on this
 * host. */
bool bg_sink_needs_names(const struct bg_sink *s);

#define BG_SINK_ADDRESSES  8
#define BG_SERVER_HOST_MAX 255

/* The host and the port of `server`, an IPv6 address without its brackets; where no port is given, the usual
 * one of the type. False when it is no server. */
bool bg_sink_server(const struct bg_sink *s, char host[BG_SERVER_HOST_MAX + 1], char port[6]);

/* What is wrong with a file that a sink names. */
struct bg_sink_fault {
    const char *key, *path; /* the option, and its value in the sink */
    char why[96];           /* "": nothing */
};

/*
 * Look at the files of a sink: a secret that can be read and signs, an authority that can be read. True when
 * they are sound, else *f tells of the first that is not. gid: also whether that group can read the secret;
 * 0: whoever asks can, that is enough.
 */
bool bg_sink_look(const struct bg_sink *s, gid_t gid, struct bg_sink_fault *f);

/* Is it an HTTP proxy's: http or https, a host, and a port or nothing. */
bool bg_sink_proxy_ok(const char *url);

/* May this URL be used: https, or http to 127.0.0.0/8, [::1] or localhost; no user name in it. */
bool bg_sink_url_ok(const char *url);

#endif
