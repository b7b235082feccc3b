/* SPDX-License-Identifier: ISC */
#include "base/base64.h"

#include <limits.h>
#include <openssl/evp.h>
#include <string.h>
#include "base/secret.h"

bool bg_base64_read(const char *text, size_t n, uint8_t *out, size_t cap, size_t *len)
{
    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t body = 0, pad, at = 0;
    uint8_t three[3];

    while (body < n && text[body] != '\0' && strchr(set, text[body]) != NULL)
        body++;
    pad = n - body;
    if (n % 4 != 0 || pad > 2 || (pad > 0 && text[n - 1] != '=') || (pad == 2 && text[n - 2] != '=') ||
        n / 4 * 3 - pad > cap)
        return false;
    for (size_t i = 0; i < n; i += 4) {
        size_t left = n / 4 * 3 - pad - at;
        (void)EVP_DecodeBlock(three, (const unsigned char *)text + i, 4); /* padding counts as zeros */
        memcpy(out + at, three, left < 3 ? left : 3);
        at += left < 3 ? left : 3;
    }
    bg_wipe(three, sizeof three);
    *len = at;
    return true;
}

void bg_base64_print(const uint8_t *bytes, size_t n, char *out)
{
    (void)EVP_EncodeBlock((unsigned char *)out, bytes, n > INT_MAX ? 0 : (int)n);
}
