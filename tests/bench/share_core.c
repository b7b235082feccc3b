/* SPDX-License-Identifier: ISC */
/*
 * share_core: shares on stdin, full words, one per line. Prints the milliseconds, the least of
 * some turns, of slip39_combine(), of what the standard asks for at least (OpenSSL's PBKDF2 alone, four
 * rounds of Feistel, 2500 << e iterations each), and of joining the shares without it.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <openssl/evp.h>
#include "share/slip39_parts.h"

static double now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static enum bg_err read_share(char *line, struct slip39_share *s)
{
    uint16_t words[SLIP39_MAX_WORDS];
    size_t n = 0;

    for (char *w = strtok(line, " \n"); w != NULL && n < SLIP39_MAX_WORDS; w = strtok(NULL, " \n"))
        if (slip39_word_find(w, strlen(w), &words[n++]) != BG_OK)
            return BG_E_SYNTAX;
    return slip39_decode(words, n, s);
}

static int pbkdf2(const struct slip39_share *s)
{
    unsigned char out[SLIP39_MAX_BYTES], salt[SLIP39_MAX_BYTES] = {0};
    int half = s->bytes / 2;

    for (int i = 0; i < 4; i++) {
        char password[1] = {(char)i};
        if (PKCS5_PBKDF2_HMAC(password, 1, salt, half, 2500 << s->exponent, EVP_sha256(), half, out) != 1)
            return 1;
    }
    return 0;
}

static int combine(const struct slip39_share *shares, size_t n)
{
    uint8_t secret[SLIP39_MAX_BYTES];
    size_t bytes;

    return slip39_combine(shares, n, "", secret, &bytes) == BG_OK ? 0 : 1;
}

/* Decoded shares to the encrypted secret: both levels and their digests, no slow hash. */
static int join(const struct slip39_share *shares, size_t n)
{
    uint8_t ems[SLIP39_MAX_BYTES];

    return slip39_join(shares, n, ems) == BG_OK ? 0 : 1;
}

static int bare(const struct slip39_share *shares, size_t n)
{
    (void)n;
    return pbkdf2(&shares[0]);
}

#define TURNS 30

int main(void)
{
    static const struct {
        const char *name;
        int (*run)(const struct slip39_share *shares, size_t n);
    } what[] = {{"combine", combine}, {"pbkdf2", bare}, {"join", join}};
    double least[3] = {1e9, 1e9, 1e9};
    struct slip39_share shares[SLIP39_MAX_SHARES];
    size_t n = 0;
    char line[1024];

    while (n < SLIP39_MAX_SHARES && fgets(line, sizeof line, stdin) != NULL)
        if (read_share(line, &shares[n++]) != BG_OK)
            return 1;
    if (n == 0 || bare(shares, n) != 0 || combine(shares, n) != 0) /* the first time costs OpenSSL more */
        return 1;
    for (int turn = 0; turn < TURNS; turn++) /* by turns, and the least: others are at work as well */
        for (size_t i = 0; i < 3; i++) {
            double began = now();
            if (what[i].run(shares, n) != 0)
                return 1;
            began = now() - began;
            least[i] = began < least[i] ? began : least[i];
        }
    for (size_t i = 0; i < 3; i++)
        printf("%s %.4f\n", what[i].name, least[i]);
    return 0;
}
