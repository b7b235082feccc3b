/* SPDX-License-Identifier: ISC */
/*
 * slip39: the share code of breakglass-login as a filter, to be compared with other programs.
 *
 *     slip39 combine      shares on stdin, one per line, full words; the secret in hex on stdout
 *     slip39 split K N    a secret in hex on stdin; N shares on stdout, K of which give it back
 *
 * The passphrase is in SLIP39_PASSPHRASE (empty when unset). Exit 0; 1 and nothing on stdout for bad input;
 * 2 for bad usage. A tool for tests: it is not installed and asks for no terminal.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/secret.h"
#include "share/slip39.h"

#define SHARES_MAX (SLIP39_MAX_SHARES * SLIP39_MAX_SHARES)
#define LINE_CAP   2048

static int usage(void)
{
    fputs("usage: slip39 combine < SHARES\n       slip39 split K N < SECRET\n", stderr);
    return 2;
}

static int invalid(const char *why)
{
    fprintf(stderr, "slip39: %s\n", why);
    return 1;
}

/* Full words only: a prefix, or anything else between them, is invalid here. */
static enum bg_err read_share(char *line, struct slip39_share *s)
{
    uint16_t words[SLIP39_MAX_WORDS];
    size_t n = 0;

    for (char *save = NULL, *w = strtok_r(line, " \t\r", &save); w != NULL;
         w = strtok_r(NULL, " \t\r", &save)) {
        if (n == SLIP39_MAX_WORDS || slip39_word_find(w, strlen(w), &words[n]) != BG_OK ||
            strlen(slip39_word(words[n])) != strlen(w))
            return BG_E_SYNTAX;
        n++;
    }
    return slip39_decode(words, n, s);
}

/* One line without its newline; 1, 0 at the end of the file, -1 for a line that is too long or has a NUL. */
static int read_line(char line[LINE_CAP])
{
    size_t len = 0;
    int c;

    while ((c = getchar()) != EOF && c != '\n') {
        if (c == '\0' || len + 1 == LINE_CAP)
            return -1;
        line[len++] = (char)c;
    }
    line[len] = '\0';
    return c == EOF && len == 0 ? (ferror(stdin) ? -1 : 0) : 1;
}

static enum bg_err read_shares(struct slip39_share *shares, size_t *n)
{
    char line[LINE_CAP];
    enum bg_err r = BG_OK;
    int got;

    *n = 0;
    while (r == BG_OK && (got = read_line(line)) != 0) {
        if (got < 0 || *n == SHARES_MAX)
            r = BG_E_SYNTAX;
        else if (line[strspn(line, " \t\r")] != '\0')
            r = read_share(line, &shares[(*n)++]);
    }
    bg_wipe(line, sizeof line);
    return r;
}

static int combine(const char *passphrase)
{
    static struct slip39_share shares[SHARES_MAX];
    uint8_t secret[SLIP39_MAX_BYTES];
    size_t n, bytes;
    enum bg_err r;

    if ((r = read_shares(shares, &n)) != BG_OK ||
        (r = slip39_combine(shares, n, passphrase, secret, &bytes)) != BG_OK)
        return invalid(bg_strerror(r));
    for (size_t i = 0; i < bytes; i++)
        printf("%02x", secret[i]);
    putchar('\n');
    return fflush(stdout) == 0 ? 0 : 1;
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c == '\0' ? NULL : strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);

    return at == NULL ? -1 : (int)(at - digits);
}

static enum bg_err read_secret(uint8_t *secret, uint8_t *bytes)
{
    char line[LINE_CAP], rest[LINE_CAP];
    size_t len;

    if (read_line(line) != 1 || read_line(rest) != 0)
        return BG_E_SYNTAX;
    len = strlen(line);
    if (len % 4 != 0 || len < 2 * SLIP39_MIN_BYTES || len > 2 * SLIP39_MAX_BYTES)
        return BG_E_RANGE;
    for (size_t i = 0; i < len; i += 2) {
        int high = hex_digit(line[i]), low = hex_digit(line[i + 1]);
        if (high < 0 || low < 0)
            return BG_E_SYNTAX;
        secret[i / 2] = (uint8_t)(high << 4 | low);
    }
    *bytes = (uint8_t)(len / 2);
    return BG_OK;
}

/* 1..16 in plain digits, or 0. */
static uint8_t small_number(const char *s)
{
    size_t len = strspn(s, "0123456789");
    long v = len > 0 && len < 3 && s[len] == '\0' ? strtol(s, NULL, 10) : 0;

    return v <= SLIP39_MAX_SHARES ? (uint8_t)v : 0;
}

static enum bg_err print_shares(const struct slip39_share *shares, size_t n)
{
    uint16_t words[SLIP39_MAX_WORDS];
    size_t count;
    enum bg_err r;

    for (size_t i = 0; i < n; i++) {
        if ((r = slip39_encode(&shares[i], words, &count)) != BG_OK)
            return r;
        for (size_t k = 0; k < count; k++)
            printf("%s%c", slip39_word(words[k]), k + 1 < count ? ' ' : '\n');
    }
    return fflush(stdout) == 0 ? BG_OK : BG_E_IO;
}

static int split(const char *passphrase, uint8_t k, uint8_t n)
{
    struct slip39_share shares[SLIP39_MAX_SHARES];
    struct slip39_params p = {.extendable = true, .group_threshold = 1, .group_count = 1};
    uint8_t secret[SLIP39_MAX_BYTES];
    size_t made;
    enum bg_err r;

    p.member_threshold[0] = k;
    p.member_count[0] = n;
    if ((r = read_secret(secret, &p.bytes)) != BG_OK || (r = bg_random(&p.id, sizeof p.id)) != BG_OK)
        return invalid(bg_strerror(r));
    p.id &= 0x7fff;
    if ((r = slip39_split(&p, secret, passphrase, shares, SLIP39_MAX_SHARES, &made)) != BG_OK ||
        (r = print_shares(shares, made)) != BG_OK)
        return invalid(bg_strerror(r));
    return 0;
}

int main(int argc, char **argv)
{
    const char *passphrase = getenv("SLIP39_PASSPHRASE");
    uint8_t k, n;

    if (passphrase == NULL)
        passphrase = "";
    if (argc == 2 && strcmp(argv[1], "combine") == 0)
        return combine(passphrase);
    if (argc != 4 || strcmp(argv[1], "split") != 0)
        return usage();
    k = small_number(argv[2]);
    n = small_number(argv[3]);
    if (k == 0 || n < k || (k == 1 && n > 1))
        return usage();
    return split(passphrase, k, n);
}
