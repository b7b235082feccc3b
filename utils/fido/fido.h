/* SPDX-License-Identifier: ISC */
/*
 * breakglass-fido: the only program that links libfido2. A hostile device that takes it over must gain
 * nothing.
 *
 *   main.c      the requests of whoever started it, one after the other
 *   confine.c   the sandbox: a uid of its own, an empty root, no network, few system calls
 *   device.c    reports of the device over its one descriptor, bounded
 *   ceremony.c  what libfido2 is asked to do
 *
 * Order: the first request names the device; it is opened (nothing is read or written yet), then the process
 * sandboxes itself, and only then the first byte goes to the device.
 */
#ifndef BG_FIDO_FIDO_H
#define BG_FIDO_FIDO_H

#include <stdbool.h>
#include "key/wire.h"

#define SOCKET_FD 3
#define DEVICE_FD 4

/* --- confine.c */

/*
 * Give up everything but the descriptors 3 and 4. BG_OK, or BG_E_REFUSED when a part of it fails (the
 * network namespace excepted: without it the list of system calls alone keeps sockets out).
 */
BG_MUST_CHECK enum bg_err confine(void);

/* --- device.c */

/* Open path, which must be a character device nobody else holds, as DEVICE_FD. No byte is read or written. */
enum bg_fido_code device_grab(const char *path);

/*
 * Say hello to the device (CTAPHID_INIT, getInfo), at most wait_ms. Once, after confine(). A device that is
 * still at work for somebody who is gone is told to stop: then BG_FC_FREED stands for OK. BG_FC_LOCKED: it
 * stays busy.
 */
enum bg_fido_code device_open(uint32_t wait_ms, uint32_t silence_ms);

/* From here the device has wait_ms for all it sends; tell: send TOUCH when it waits for a touch. */
void device_begin(uint32_t wait_ms, bool tell);

/* The question that comes needs no touch: a device that waits for one all the same is not waited for. */
void device_quiet(void);

/* Report, once per ceremony, that it waits for a touch. */
void device_touch(void);

/* Is there still time, and nobody has called the ceremony off? */
bool device_waits(void);

/* What r, which libfido2 returned, and what was seen on the line mean together. */
enum bg_fido_code device_code(int r);

/* After a ceremony that ended early: tell the device, so that it stops blinking. */
void device_let_go(void);

struct fido_dev *device_handle(void);

/* --- ceremony.c */

void ceremony_info(struct bg_fido_info *out);
void ceremony_assert(const struct bg_fido_assert *a, struct bg_fido_result *out);
void ceremony_set_pin(const struct bg_fido_set_pin *w, struct bg_fido_result *out);
void ceremony_select(uint32_t wait_ms, struct bg_fido_result *out);
void ceremony_make(const struct bg_fido_make *m, struct bg_fido_result *out);

#endif
