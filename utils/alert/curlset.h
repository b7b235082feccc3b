/* SPDX-License-Identifier: ISC */
/* What every transfer of libcurl's is set to, whatever it carries; false when libcurl does not take it. */
#ifndef BG_ALERT_CURLSET_H
#define BG_ALERT_CURLSET_H

#include <curl/curl.h>
#include <stdbool.h>
#include "config/sink.h"

/* conf's resolve for curlset_way; NULL: there is none. curl_slist_free_all() it. */
struct curl_slist *curlset_resolve(const struct bg_sink *conf);

/* No signals, conf's timeout, a shorter one for the connection. */
bool curlset_limits(CURL *e, const struct bg_sink *conf);

/*
 * The way there: nothing that the environment says counts, and proxy "" is none at all. clear: what is sent
 * is not enciphered, so it goes to this host and nowhere else, whatever proxy and resolve say.
 */
bool curlset_way(CURL *e, const struct bg_sink *conf, const char *proxy, struct curl_slist *resolve,
                 bool clear);

/* TLS 1.2 or newer, always verified, by conf's authorities and pins. */
bool curlset_tls(CURL *e, const struct bg_sink *conf);

/* URLs of these schemes alone, commas between them: http, https, smtp, smtps. */
bool curlset_schemes(CURL *e, const char *words, long bits);

/* When the certificate ends that the receiver has shown in this transfer, wall clock in ms; 0: it has shown
 * none, as on a connection that was there. */
int64_t curlset_cert_ends(CURL *e);

#endif
