/* SPDX-License-Identifier: ISC */
#include "alert/curlset.h"

#include <string.h>
#include "base/cert.h"

#define CONNECT_MS 5000

struct curl_slist *curlset_resolve(const struct bg_sink *conf)
{
    return conf->resolve[0] != '\0' ? curl_slist_append(NULL, conf->resolve) : NULL;
}

bool curlset_limits(CURL *e, const struct bg_sink *conf)
{
    long ms = (long)conf->timeout * 1000;
    bool ok = curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;

    ok = ok && curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, ms) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, ms < CONNECT_MS ? ms : CONNECT_MS) == CURLE_OK;
#if LIBCURL_VERSION_NUM >= 0x075700
    /* a name server that does not answer must not hold up the end of a transfer */
    ok = ok && curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK;
#endif
    return ok;
}

bool curlset_way(CURL *e, const struct bg_sink *conf, const char *proxy, struct curl_slist *resolve,
                 bool clear)
{
    bool ok = curl_easy_setopt(e, CURLOPT_PROXY, clear ? "" : proxy) == CURLE_OK;

    ok = ok && curl_easy_setopt(e, CURLOPT_NOPROXY, "") == CURLE_OK; /* unset, it is the environment's */
    if (conf->interface[0] != '\0')
        ok = ok && curl_easy_setopt(e, CURLOPT_INTERFACE, conf->interface) == CURLE_OK;
    if (resolve != NULL && !clear)
        ok = ok && curl_easy_setopt(e, CURLOPT_RESOLVE, resolve) == CURLE_OK;
    return ok;
}

bool curlset_tls(CURL *e, const struct bg_sink *conf)
{
    bool ok = curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK;

    ok = ok && curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK;
#if LIBCURL_VERSION_NUM >= 0x075700
    /* a file of authorities that was changed counts from the next connection on */
    ok = ok && curl_easy_setopt(e, CURLOPT_CA_CACHE_TIMEOUT, 0L) == CURLE_OK;
#endif
    /* who resumes a session shows no certificate: one that has expired or was replaced would not be seen */
    ok = ok && curl_easy_setopt(e, CURLOPT_SSL_SESSIONID_CACHE, 0L) == CURLE_OK;
    (void)curl_easy_setopt(e, CURLOPT_CERTINFO, 1L); /* not every TLS library can */
    if (conf->ca_file[0] != '\0') {
        ok = ok && curl_easy_setopt(e, CURLOPT_CAINFO, conf->ca_file) == CURLE_OK;
        ok = ok && curl_easy_setopt(e, CURLOPT_CAPATH, NULL) == CURLE_OK;
    }
    if (conf->pin[0] != '\0')
        ok = ok && curl_easy_setopt(e, CURLOPT_PINNEDPUBLICKEY, conf->pin) == CURLE_OK;
    return ok;
}

int64_t curlset_cert_ends(CURL *e)
{
    static const char head[] = "Cert:";
    struct curl_certinfo *info = NULL;
    int64_t ends = 0;

    if (curl_easy_getinfo(e, CURLINFO_CERTINFO, &info) != CURLE_OK || info == NULL || info->num_of_certs < 1)
        return 0;
    for (const struct curl_slist *l = info->certinfo[0]; l != NULL; l = l->next) /* the receiver's own */
        if (strncmp(l->data, head, sizeof head - 1) == 0)
            (void)bg_cert_text_ends(l->data + sizeof head - 1, strlen(l->data) - (sizeof head - 1), true,
                                    &ends);
    return ends;
}

bool curlset_schemes(CURL *e, const char *words, long bits)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    (void)bits;
    return curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, words) == CURLE_OK;
#else
    (void)words;
    return curl_easy_setopt(e, CURLOPT_PROTOCOLS, bits) == CURLE_OK;
#endif
}
