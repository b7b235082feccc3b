/* SPDX-License-Identifier: ISC */
/*
 * One line to the system log from inside somebody else's process, without ever waiting.
 *
 * Not syslog(3) or pam_syslog(3): those block while the log daemon does not read, and a stopped daemon would
 * hold up the login. Here one datagram is offered once; a full queue drops it. libc only; no heap; nothing is
 * kept between calls; the descriptor is closed before return.
 */
#ifndef BG_BASE_LOGLINE_H
#define BG_BASE_LOGLINE_H

#include <stdbool.h>
#include "base/err.h"

#ifndef BG_LOG_SOCKET
#define BG_LOG_SOCKET "/dev/log"
#endif

/*
 * Send "<authpriv.severity>ident[pid]: text" to BG_LOG_SOCKET (RFC 3164, 4.1, without a time: the receiver
 * then takes its own, and no time zone file is read here). severity: LOG_EMERG .. LOG_DEBUG of syslog.h. Both
 * strings are escaped to printable ASCII and cut at 127 and 1023 bytes. True when the kernel took the
 * datagram.
 */
bool bg_log_line(int severity, const char *ident, const char *text);

/*
 * A datagram socket of the Unix kind that never waits, connected to path ("@name": one without a file). To be
 * closed. BG_E_RANGE, BG_E_NOENT when nobody listens there, BG_E_IO.
 */
BG_MUST_CHECK enum bg_err bg_datagram_connect(const char *path, int *fd);

#endif
