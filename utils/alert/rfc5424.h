/* SPDX-License-Identifier: ISC */
/*
 * An event as a message of syslog, RFC 5424: facility authpriv, severity alert, the event's own time and
 * host, its kind as MSGID. What it carries is the `format` of struct bg_sink:
 *
 *   cee      no structured data; "@cee: " and the journal's line, which rsyslog's mmjsonparse looks for
 *   json     no structured data; the journal's line
 *   rfc5424  structured data of four kinds, and a sentence for people:
 *              timeQuality  isSynced as the event's clock was
 *              origin       enterpriseId, software, swVersion
 *              meta         sequenceId as it is sent, sysUpTime
 *              breakglass@N what an alarm needs, and the line's place in the chain; N is the enterprise
 *   plain    no structured data; that sentence
 *
 * The sentence is printable ASCII: what is none is written as \u{XXXX}.
 */
#ifndef BG_ALERT_RFC5424_H
#define BG_ALERT_RFC5424_H

#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "config/sink.h"

#define RFC5424_MAX 32768 /* bytes of a message: a line of the journal, and what is around it */

/*
 * Line (len bytes of JSON) as a message into out (RFC5424_MAX bytes, NUL-ended; no newline in it). sequence:
 * how many were sent before, counted from the start of this process. BG_E_SYNTAX: it is no JSON object;
 * BG_E_RANGE: too long.
 */
BG_MUST_CHECK enum bg_err rfc5424_message(const struct bg_sink *conf, uint32_t sequence, const char *line,
                                          size_t len, char *out, size_t *n);

/* The sentence for people alone, at most cap - 1 bytes. BG_E_SYNTAX. */
BG_MUST_CHECK enum bg_err rfc5424_sentence(const char *line, size_t len, char *out, size_t cap);

#endif
