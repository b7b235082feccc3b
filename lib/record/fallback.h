/* SPDX-License-Identifier: ISC */
/*
 * The records below the journal: the local syslog socket, the kernel's audit log, the kernel log. Every call
 * has a bound of its own: syslog(3) waits for ever behind a daemon that stopped reading, a full audit backlog
 * waits up to 60 s, a serial console writes slowly.
 */
#ifndef BG_RECORD_FALLBACK_H
#define BG_RECORD_FALLBACK_H

#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "record/event.h"

/* --- syslog: facility authpriv, severity alert, RFC 3164 in local time as syslog(3) writes it:
 *     "<81>Nov  2 12:03:24 breakglass[42]: @cee: {json}" ("@cee:" is the cookie of rsyslog's mmjsonparse) */

#define BG_SYSLOG_MAX 8000 /* bytes of one message: rsyslog cuts at 8 KiB unless told otherwise */

/*
 * Send the event in json (n bytes, one line). Waits for room at most *budget_ms, and subtracts
 * what it waited; with nothing left it still tries once. A message that is too long goes without its optional
 * parts. path NULL: /dev/log. BG_E_NOENT without a daemon, BG_E_TIMEOUT, BG_E_IO.
 */
BG_MUST_CHECK enum bg_err bg_syslog_send(const char *path, const char *json, size_t n, int64_t *budget_ms);

/* "@cee: {json}", shortened where it must be, into out (max + 1 bytes; max 2000 .. BG_SYSLOG_MAX - 100).
 * Returns its length; 0 when even the shortened one does not fit. */
size_t bg_syslog_text(char *out, size_t max, const char *json, size_t n);

/* Send such a text with its header. BG_E_RANGE when the socket finds it too long; else as bg_syslog_send. */
BG_MUST_CHECK enum bg_err bg_syslog_send_text(const char *path, const char *text, size_t n,
                                              int64_t *budget_ms);

/* The same of a message that has its own header, such as one of RFC 5424. */
BG_MUST_CHECK enum bg_err bg_syslog_send_message(const char *path, const char *message, size_t n,
                                                 int64_t *budget_ms);

/* --- the kernel ------------------------------------------------------------------------------- */

#define BG_AUDIT_MS       200
#define BG_KMSG_MS        200
#define BG_AUDIT_TEXT_MAX 4000 /* the kernel takes 8560 */
#define BG_KMSG_TEXT_MAX  900  /* a record of the kernel log is 1 KiB with its prefix */

/* libaudit.h; the kernel's header does not name them. */
enum bg_audit_type {
    BG_AUDIT_NOTHING = 0,
    BG_AUDIT_ANOM_LOGIN_ACCT = 2103, /* "login attempted to watched account" */
    BG_AUDIT_RESP_ALERT = 2201       /* "alert email was sent" */
};

/*
 * An event as key="value" pairs in printable ASCII, neither quote inside a value; cut at cap, what identifies
 * it first. id is the event's. What ausearch(8) knows how to search has the form of libaudit's
 * audit_log_acct_message(3): acct, exe, hostname, addr, terminal, res. Returns the length.
 */
size_t bg_kernel_text(char *out, size_t cap, const struct bg_event *e, const char *id, const char *degraded);

/* The text as an AUDIT_ANOM_LOGIN_ACCT that stands for the journal. BG_E_REFUSED when auditing is off: the
 * kernel would take the message and drop it. BG_E_TIMEOUT, BG_E_IO. */
BG_MUST_CHECK enum bg_err bg_audit_send(const char *text);

/* The text beside the journal, for whoever watches the audit log; as libaudit does, whether auditing is on is
 * not asked. BG_E_TIMEOUT, BG_E_IO. */
BG_MUST_CHECK enum bg_err bg_audit_tell(enum bg_audit_type type, const char *text);

/* /dev/kmsg at authpriv.alert. BG_E_TIMEOUT, BG_E_IO. */
BG_MUST_CHECK enum bg_err bg_kmsg_send(const char *text);

#endif
