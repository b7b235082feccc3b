/* SPDX-License-Identifier: ISC */
/*
 * An event as a mail (RFC 5322, MIME): text for people, and the journal's line, byte for byte, as an
 * attachment. Both parts are base64, so nothing of an event can be a header, a boundary or the end of the
 * mail; in the headers there is of it only what stands in an id, a host's name and an encoded word (RFC
 * 2047). The same event makes the same mail, whenever it is tried.
 */
#ifndef BG_ALERT_MAILTEXT_H
#define BG_ALERT_MAILTEXT_H

#include <stddef.h>
#include "base/err.h"
#include "config/sink.h"

/* Into fresh memory, *n bytes with CRLF at the end of each line. BG_E_SYNTAX: the line is no JSON object;
 * BG_E_NOMEM. */
BG_MUST_CHECK enum bg_err mail_text(const struct bg_sink *conf, const char *line, size_t len, char **out,
                                    size_t *n);

#endif
