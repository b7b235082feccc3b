/* SPDX-License-Identifier: ISC */
#include "key/challenge.h"

#include <stdio.h>
#include <string.h>
#include "base/hash.h"

#define WHAT        "breakglass text challenge 1"
#define TIME_DIGITS 7 /* 35 bits: until the year 3058 */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_word(char c)
{
    c = lower(c);
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

static void make_word(char *out, size_t cap, const char *from)
{
    size_t n = 0;

    for (; from[n] != '\0' && n + 1 < cap; n++)
        out[n] = is_word(from[n]) ? lower(from[n]) : '-';
    if (n == 0)
        out[n++] = '-';
    out[n] = '\0';
}

static bool take_word(char *out, size_t cap, const char *from)
{
    size_t n = strlen(from);

    if (n == 0 || n >= cap)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!is_word(from[i]))
            return false;
    make_word(out, cap, from);
    return true;
}

enum bg_err bg_challenge_make(struct bg_challenge *c, const char *host, const char *account,
                              const char *service, int64_t wall_ms, const uint8_t nonce[BG_FIDO_HASH])
{
    uint64_t seconds = wall_ms < 0 ? 0 : (uint64_t)wall_ms / 1000;
    struct bg_row_place place;
    enum bg_err r;

    memset(c, 0, sizeof *c);
    make_word(c->host, sizeof c->host, host);
    make_word(c->account, sizeof c->account, account);
    make_word(c->service, sizeof c->service, service);
    for (size_t i = 0; i < BG_ROW_DATA; i++)
        c->row[i] = i < TIME_DIGITS ? (uint8_t)(seconds >> 5 * (TIME_DIGITS - 1 - i) & 31)
                                    : nonce[i - TIME_DIGITS] & 31;
    if ((r = bg_challenge_place(c, &place)) == BG_OK)
        bg_row_seal(&place, c->row);
    return r;
}

bool bg_challenge_names(struct bg_challenge *c, const char *host, const char *account, const char *service)
{
    return take_word(c->host, sizeof c->host, host) && take_word(c->account, sizeof c->account, account) &&
           take_word(c->service, sizeof c->service, service);
}

bool bg_challenge_same_host(const struct bg_challenge *c, const char *host)
{
    char name[BG_CHALLENGE_HOST];

    return take_word(name, sizeof name, host) && strcmp(name, c->host) == 0;
}

void bg_challenge_text(const struct bg_challenge *c, char out[BG_CHALLENGE_TEXT])
{
    char row[BG_ROW_TEXT];

    bg_row_print(c->row, row);
    (void)snprintf(out, BG_CHALLENGE_TEXT, "%s %s %s %s", c->host, c->account, c->service, row);
}

int64_t bg_challenge_seconds(const struct bg_challenge *c)
{
    int64_t t = 0;

    for (size_t i = 0; i < TIME_DIGITS; i++)
        t = t << 5 | c->row[i];
    return t;
}

enum bg_err bg_challenge_place(const struct bg_challenge *c, struct bg_row_place *out)
{
    char text[BG_CHALLENGE_TEXT + sizeof WHAT];
    int n = snprintf(text, sizeof text, WHAT "\n%s\n%s\n%s\n", c->host, c->account, c->service);
    uint8_t hash[BG_HASH];
    enum bg_err r = bg_sha256(text, (size_t)n, hash);

    if (r != BG_OK)
        return r;
    bg_row_tag(hash, 0, out);
    return BG_OK;
}

enum bg_err bg_challenge_hash(const struct bg_challenge *c, uint8_t out[BG_FIDO_HASH])
{
    char text[BG_CHALLENGE_TEXT + sizeof WHAT], row[BG_ROW + 1] = "";
    int n;

    for (size_t i = 0; i < BG_ROW; i++)
        row[i] = bg_row_digit(c->row[i]);
    n = snprintf(text, sizeof text, WHAT "\n%s\n%s\n%s\n%s\n", c->host, c->account, c->service, row);
    return bg_sha256(text, (size_t)n, out);
}
