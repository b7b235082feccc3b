/* SPDX-License-Identifier: ISC */
/*
 * share_core: shares on stdin, full words, one per line. Prints the milliseconds of one slip39_combine() and
 * of what the standard asks for at least: OpenSSL's PBKDF2 alone, four rounds of Feistel, 2500 << e
 * iterations each.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <openssl/evp.h>
#include "share/slip39.h"

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

int main(void)
{
    struct slip39_share shares[SLIP39_MAX_SHARES];
    uint8_t secret[SLIP39_MAX_BYTES];
    size_t n = 0, bytes;
    char line[1024];
    double began;

    while (n < SLIP39_MAX_SHARES && fgets(line, sizeof line, stdin) != NULL)
        if (read_share(line, &shares[n++]) != BG_OK)
            return 1;
    if (n == 0 || pbkdf2(&shares[0]) != 0) /* OpenSSL's first-time cost counts for neither */
        return 1;
    began = now();
    if (slip39_combine(shares, n, "", secret, &bytes) != BG_OK)
        return 1;
    printf("combine %.4f\n", now() - began);
    began = now();
    if (pbkdf2(&shares[0]) != 0)
        return 1;
    printf("pbkdf2 %.4f\n", now() - began);
    return 0;
}
