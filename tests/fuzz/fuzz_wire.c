/*
 * Relay messages. Any packet: no crash, and what is accepted can be sent again and means the same.
 * Packets come from the helper into root's sshd, and from the host into the helper.
 */
#include <stdlib.h>
#include <string.h>
#include "base/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct bg_msg a, b;
    static uint8_t first[BG_WIRE_MAX], second[BG_WIRE_MAX];
    size_t n, k;

    if (bg_wire_decode(data, size, &a) != BG_OK)
        return 0;
    /* every field is mandatory but one, so an accepted packet is as long as ours, whatever its order of
     * fields */
    if (bg_wire_encode(&a, first, &n) != BG_OK || n != size)
        abort();
    if (bg_wire_decode(first, n, &b) != BG_OK || memcmp(&a, &b, sizeof a) != 0)
        abort();
    if (bg_wire_encode(&b, second, &k) != BG_OK || k != n || memcmp(first, second, n) != 0)
        abort();
    return 0;
}
