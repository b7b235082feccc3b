/* SPDX-License-Identifier: ISC */
/* The end points of "probe" in breakglass.conf: whether they answer is tried after a use was granted. */
#ifndef BG_CONFIG_PROBE_H
#define BG_CONFIG_PROBE_H

#include <stdbool.h>
#include <stddef.h>

#define BG_PROBES_MAX 8

struct bg_probe {
    char host[254]; /* a name or an address, without brackets */
    char port[6];
    bool tls;
};

/* One of them: https://HOST[:PORT][/...], http://, ldap://, ldaps:// or tcp://HOST:PORT. */
bool bg_probe_parse(const char *word, struct bg_probe *p);

/* Are all blank-separated words of list such ones, and at most BG_PROBES_MAX? */
bool bg_probes_ok(const char *list);
#define BG_PROBES_FORM                                                                                       \
    "at most 8 of https://HOST/, ldaps://HOST, ldap://HOST, http://HOST/ and tcp://HOST:PORT"

#endif
