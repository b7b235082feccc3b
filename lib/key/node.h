/*
 * Which device nodes could be keys. Root looks at nothing but what the kernel says of a HID device; the
 * device itself is not opened here.
 */
#ifndef BG_KEY_NODE_H
#define BG_KEY_NODE_H

#include "key/wire.h"

#define BG_FIDO_NODES    4    /* keys plugged in at once that are looked at */
#define BG_FIDO_NODES_MS 2000 /* bound of a walk */

struct bg_fido_nodes {
    size_t n;
    char path[BG_FIDO_NODES][BG_FIDO_PATH];
};

/*
 * Walk /sys/class/hidraw in a bounded child: nodes whose report descriptor opens with the FIDO usage page
 * (CTAP 2.1, 11.2.8.2), at most 64 nodes looked at. n = 0 when there is none. BG_E_TIMEOUT, BG_E_IO.
 */
BG_MUST_CHECK enum bg_err bg_fido_nodes(struct bg_fido_nodes *out);

/* The same below another directory than /sys/class/hidraw, in this process; for that child and for tests. */
void bg_fido_nodes_in(const char *dir, struct bg_fido_nodes *out);

/* Does this HID report descriptor (HID 1.11, 6.2.2) begin a collection of the FIDO usage page? */
bool bg_fido_is_fido(const uint8_t *descriptor, size_t len);

#endif
