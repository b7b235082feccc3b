/* SPDX-License-Identifier: ISC */
/*
 * Small values in root's keyring of the kernel (keyrings(7)): there when no file system takes anything. Gone
 * with the boot. A container may have no such call: BG_E_IO.
 */
#ifndef BG_RECORD_KEYRING_H
#define BG_RECORD_KEYRING_H

#include <stddef.h>
#include "base/err.h"

/* Keep n bytes under `name` for `seconds`; only this user's processes can read it. */
BG_MUST_CHECK enum bg_err bg_keyring_put(const char *name, const void *data, size_t n, unsigned seconds);

/* Exactly n bytes. BG_E_NOENT, BG_E_SYNTAX when there are more or fewer, BG_E_IO. */
BG_MUST_CHECK enum bg_err bg_keyring_get(const char *name, void *data, size_t n);

/* Take it away. BG_E_NOENT when another was faster. */
BG_MUST_CHECK enum bg_err bg_keyring_drop(const char *name);

#endif
