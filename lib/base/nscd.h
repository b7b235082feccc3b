/* SPDX-License-Identifier: ISC */
/*
 * The name service cache that libc asks before the services of nsswitch.conf: nscd, or another program at the
 * same socket. libc only.
 */
#ifndef BG_BASE_NSCD_H
#define BG_BASE_NSCD_H

#include <stdint.h>
#include "base/err.h"

#define BG_NSCD_SOCKET "/var/run/nscd/socket"

/*
 * Have every answer that it keeps about `database` ("passwd", "group") thrown away, as "nscd -i" does, before
 * `deadline` (bg_deadline()). Only root's word counts. BG_E_NOENT: none runs; BG_E_TIMEOUT: it hangs, or is
 * overrun; BG_E_REFUSED: it does not do so; BG_E_IO.
 */
BG_MUST_CHECK enum bg_err bg_nscd_forget(const char *socket_path, const char *database, int64_t deadline);

#endif
