/* SPDX-License-Identifier: ISC */
/* When a certificate ends (RFC 5280, 4.1.2.5). */
#ifndef BG_BASE_CERT_H
#define BG_BASE_CERT_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Its last moment by the wall clock, in ms; false, and *wall_ms untouched, for a date that is none. */
bool bg_cert_ends(const X509 *x, int64_t *wall_ms);

/* The earliest of all in PEM text, or with first_only that of the first alone. As above; also where none is
 * in it. */
bool bg_cert_text_ends(const char *pem, size_t len, bool first_only, int64_t *wall_ms);

#endif
