/*
 * Messages between breakglass-login and breakglass-fido, in both directions. Any packet: no crash, and what
 * is accepted can be sent again and is the same packet.
 */
#include <stdlib.h>
#include <string.h>
#include "key/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct bg_fido_packet m;
    static uint8_t again[BG_PACKET_MAX];
    size_t n;

    if (bg_fido_decode(data, size, &m) != BG_OK)
        return 0;
    if (bg_fido_encode(&m, again, &n) != BG_OK || n != size || memcmp(again, data, n) != 0)
        abort();
    return 0;
}
