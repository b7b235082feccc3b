/* SPDX-License-Identifier: ISC */
#include "base/bech32.h"

#include <string.h>
#include "base/secret.h"

#define CHECK    6 /* characters of the checksum */
#define CONSTANT 0x2bc830a3u

static const char digits[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/* One step of the checksum, BIP-173. */
static uint32_t step(uint32_t c, unsigned value)
{
    static const uint32_t gen[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
    uint32_t top = c >> 25;

    c = (c & 0x1ffffff) << 5 ^ value;
    for (unsigned i = 0; i < 5; i++)
        c ^= (top >> i & 1) != 0 ? gen[i] : 0;
    return c;
}

static uint32_t sum_prefix(const char *prefix)
{
    uint32_t c = 1;

    for (const char *p = prefix; *p != '\0'; p++)
        c = step(c, (unsigned char)*p >> 5);
    c = step(c, 0);
    for (const char *p = prefix; *p != '\0'; p++)
        c = step(c, *p & 31);
    return c;
}

/* Group number i of five bits; what is missing at the end is zeros. */
static unsigned group(const uint8_t *data, size_t n, size_t i)
{
    size_t bit = i * 5, at = bit / 8;
    unsigned two = (unsigned)data[at] << 8 | (at + 1 < n ? data[at + 1] : 0u);

    return two >> (11 - bit % 8) & 31;
}

enum bg_err bg_bech32m_encode(const char *prefix, const uint8_t *data, size_t n, char out[BG_BECH32_MAX + 1])
{
    size_t at = strlen(prefix), groups = (n * 8 + 4) / 5;
    uint32_t c = sum_prefix(prefix);

    if (n > BG_BECH32_MAX || at + 1 + groups + CHECK > BG_BECH32_MAX)
        return BG_E_RANGE;
    memcpy(out, prefix, at);
    out[at++] = '1';
    for (size_t i = 0; i < groups; i++) {
        unsigned v = group(data, n, i);
        c = step(c, v);
        out[at++] = digits[v];
    }
    for (unsigned i = 0; i < CHECK; i++)
        c = step(c, 0);
    c ^= CONSTANT;
    for (unsigned i = 0; i < CHECK; i++)
        out[at++] = digits[c >> 5 * (CHECK - 1 - i) & 31];
    out[at] = '\0';
    return BG_OK;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Its checksum, over prefix and every character behind the "1"; false: one of them is none. */
static bool sum_holds(const char *prefix, const char *part)
{
    uint32_t c = sum_prefix(prefix);

    for (; *part != '\0'; part++) {
        const char *d = strchr(digits, lower(*part));
        if (d == NULL)
            return false;
        c = step(c, (unsigned)(d - digits));
    }
    return c == CONSTANT;
}

enum bg_err bg_bech32m_decode(const char *text, const char *prefix, uint8_t *data, size_t n)
{
    size_t own = strlen(prefix), groups = (n * 8 + 4) / 5;
    uint8_t got[BG_BECH32_MAX];
    unsigned bits = 0, held = 0;
    enum bg_err r = BG_E_SYNTAX;

    if (own == 0 || n >= BG_BECH32_MAX || strlen(text) != own + 1 + groups + CHECK || text[own] != '1')
        return BG_E_SYNTAX;
    for (size_t i = 0; i < own; i++)
        if (lower(text[i]) != prefix[i])
            return BG_E_SYNTAX;
    if (!sum_holds(prefix, text + own + 1))
        return BG_E_SYNTAX;
    for (size_t i = 0, at = 0; i < groups; i++) {
        held = (held << 5 | (unsigned)(strchr(digits, lower(text[own + 1 + i])) - digits)) & 0xfff;
        if ((bits += 5) >= 8)
            got[at++] = (uint8_t)(held >> (bits -= 8));
    }
    if ((held & ((1u << bits) - 1)) == 0) { /* one value has one spelling */
        memcpy(data, got, n);
        r = BG_OK;
    }
    bg_wipe(got, sizeof got);
    return r;
}
