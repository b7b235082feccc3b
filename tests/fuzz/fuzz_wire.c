/* SPDX-License-Identifier: ISC */
/*
 * Relay messages. Any packet: no crash, and what is accepted can be sent again and is the same packet.
 * Packets come from the helper into root's sshd, and from the host into the helper.
 */
#include <stdlib.h>
#include <string.h>
#include "base/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct bg_wire_packet m;
    static uint8_t again[BG_PACKET_MAX];
    size_t n;

    if (bg_packet_decode(bg_wire, data, size, &m) != BG_OK)
        return 0;
    if (bg_packet_encode(bg_wire, &m, again, &n) != BG_OK || n != size || memcmp(again, data, n) != 0)
        abort();
    return 0;
}
