/* SPDX-License-Identifier: ISC */
#include "base/cert.h"

#include <limits.h>
#include <openssl/pem.h>
#include <time.h>

bool bg_cert_ends(const X509 *x, int64_t *wall_ms)
{
    struct tm tm = {0};

    if (ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) != 1)
        return false;
    *wall_ms = (int64_t)timegm(&tm) * 1000;
    return true;
}

bool bg_cert_text_ends(const char *pem, size_t len, bool first_only, int64_t *wall_ms)
{
    BIO *in = len <= INT_MAX ? BIO_new_mem_buf(pem, (int)len) : NULL;
    int64_t first = 0, at;
    bool more = in != NULL;
    X509 *x;

    while (more && (x = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL) {
        if (bg_cert_ends(x, &at) && (first == 0 || at < first))
            first = at;
        X509_free(x);
        more = !first_only;
    }
    BIO_free(in);
    if (first != 0)
        *wall_ms = first;
    return first != 0;
}
