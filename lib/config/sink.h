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

enum bg_sink_type {
    BG_SINK_WEBHOOK = 1,
    BG_SINK_SYSLOG = 2
};

struct bg_sink {
    char name[BG_SINK_NAME_MAX + 1]; /* a-z, 0-9, '-' : fit for a file name */
    enum bg_sink_type type;
    char url[512];         /* webhook: https, or http to a loopback address */
    char secret_file[256]; /* webhook: "whsec_" and base64 */
    char ca_file[256];     /* webhook: file of trusted CAs; "": the system's */
    char resolve[256];     /* webhook: "HOST:PORT:ADDRESS", so that no DNS is needed; "" */
    char path[108];        /* syslog: the socket */
    unsigned timeout;      /* seconds one delivery may take */
    char events[256];      /* blank-separated patterns of kinds ("use.* session.*"); "": all */
};

struct bg_sinks {
    struct bg_sink sink[BG_SINKS_MAX];
    unsigned n;
};

/* Where the rows are in a struct bg_sinks. */
extern const struct bg_section bg_sink_section;

/* The word of the type in the file, "webhook". */
const char *bg_sink_type_name(const struct bg_sink *s);

/* Does this sink want events of that CloudEvents type ("org.breakglass.use.granted.v1")? */
bool bg_sink_wants(const struct bg_sink *s, const char *type);

/* Does an acknowledgement of it come from outside this host? */
bool bg_sink_is_outside(const struct bg_sink *s);

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

/* May this URL be used: https, or http to 127.0.0.0/8, [::1] or localhost; no user name in it. */
bool bg_sink_url_ok(const char *url);

#endif
