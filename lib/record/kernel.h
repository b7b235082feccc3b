/*
 * The kernel as the record of last resort: its audit log and its message buffer. Both calls run in a bounded
 * child, because either may sleep in the kernel (a full audit backlog waits up to 60 s, a serial console
 * writes slowly).
 */
#ifndef BG_RECORD_KERNEL_H
#define BG_RECORD_KERNEL_H

#include <stddef.h>
#include "base/err.h"
#include "record/event.h"

#define BG_AUDIT_MS       200
#define BG_KMSG_MS        200
#define BG_AUDIT_TEXT_MAX 4000 /* the kernel takes 8560 */
#define BG_KMSG_TEXT_MAX  900  /* a record of the kernel log is 1 KiB with its prefix */

/*
 * An event as key="value" pairs in printable ASCII, neither quote inside a value; cut at cap, what identifies
 * it first. id is the event's. Returns the length.
 */
size_t bg_kernel_text(char *out, size_t cap, const struct bg_event *e, const char *id, const char *degraded);

/* AUDIT_ANOM_LOGIN_ACCT ("login attempted to watched account"). BG_E_REFUSED when auditing is off: the kernel
 * would take the message and drop it. BG_E_TIMEOUT, BG_E_IO. */
BG_MUST_CHECK enum bg_err bg_audit_send(const char *text);

/* /dev/kmsg at authpriv.alert. BG_E_TIMEOUT, BG_E_IO. */
BG_MUST_CHECK enum bg_err bg_kmsg_send(const char *text);

#endif
