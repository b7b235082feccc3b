/*
 * Our own sender to the local syslog socket: syslog(3) blocks for ever behind a daemon that stopped reading.
 * Facility authpriv, severity alert: "<81>Nov  2 12:03:24 breakglass[42]: @cee: {json}" (RFC 3164, local
 * time, as syslog(3) writes it; "@cee:" is the cookie that rsyslog's mmjsonparse looks for).
 */
#ifndef BG_RECORD_SYSLOG_H
#define BG_RECORD_SYSLOG_H

#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

#define BG_SYSLOG_MAX 8000 /* bytes of one message: rsyslog cuts at 8 KiB unless told otherwise */

/*
 * Send the event in json (n bytes, one line). Waits for room at most *budget_ms, which is lessened by what
 * was waited; with nothing left it still tries once. A message that is too long goes without its optional
 * parts. path NULL: /dev/log. BG_E_NOENT without a daemon, BG_E_TIMEOUT, BG_E_IO.
 */
BG_MUST_CHECK enum bg_err bg_syslog_send(const char *path, const char *json, size_t n, int64_t *budget_ms);

/*
 * "@cee: {json}" of at most max bytes (2000 .. BG_SYSLOG_MAX - 100), shortened where it must be, into out
 * (max
 * + 1 bytes). Returns its length; 0 when even the shortened one does not fit.
 */
size_t bg_syslog_text(char *out, size_t max, const char *json, size_t n);

/* Send such a text with the header of above. BG_E_RANGE when the socket finds it too long; else as above. */
BG_MUST_CHECK enum bg_err bg_syslog_send_text(const char *path, const char *text, size_t n,
                                              int64_t *budget_ms);

#endif
