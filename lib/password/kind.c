/* SPDX-License-Identifier: ISC */
#include "password/password.h"

#include <stddef.h>
#include <string.h>
#include "base/text.h"

#define ROUNDS_MIN 500000u
#define ROUNDS_MAX 10000000u
/* yescrypt's memory is 128 * N * r bytes, here as a power of two: 16 MiB, what crypt_gensalt makes by
 * default, to 1 GiB */
#define MEMORY_MIN 24
#define MEMORY_MAX 30

static const char sixty_four[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* crypt(5): what a hash may hold. The colon would end a field of shadow(5), ! and * lock an account. */
bool bg_password_form(const char *hash)
{
    size_t n = 0;

    while (hash[n] > ' ' && hash[n] <= '~' && strchr(":;*!\\", hash[n]) == NULL)
        n++;
    return n > 0 && n < BG_PASSWORD_HASH && hash[n] == '\0';
}

/* "rounds=N$" behind "$6$"; without it there are 5000. */
static const char *sha512_refusal(const char *setting)
{
    static const char key[] = "rounds=";
    char digits[12];
    size_t n = strncmp(setting, key, sizeof key - 1) == 0 ? strcspn(setting + sizeof key - 1, "$") : 0;
    unsigned rounds;

    if (n == 0)
        return "sha512crypt: it has 5000 rounds, fewer than 500000";
    if (n >= sizeof digits || setting[sizeof key - 1 + n] != '$')
        return "sha512crypt: its number of rounds is damaged";
    memcpy(digits, setting + sizeof key - 1, n);
    digits[n] = '\0';
    if (!bg_number(digits, 0, UINT32_MAX, &rounds))
        return "sha512crypt: its number of rounds is damaged";
    if (rounds < ROUNDS_MIN)
        return "sha512crypt: it has fewer than 500000 rounds";
    return rounds > ROUNDS_MAX ? "sha512crypt: it has more than 10000000 rounds, which takes too long" : NULL;
}

/* The number of one digit that crypt_gensalt writes; -1 for one of several digits, or none. */
static int small_number(char digit)
{
    const char *at = digit == '\0' ? NULL : strchr(sixty_four, digit);

    return at == NULL || at - sixty_four >= 48 ? -1 : (int)(at - sixty_four);
}

/* "$y$" flavour, log2 N - 1, r - 1: "j9T" is N = 4096 and r = 32 (yescrypt-common.c, encode64_uint32). */
static const char *yescrypt_refusal(const char *setting)
{
    int n = setting[0] != 'j' ? -1 : small_number(setting[1]);
    int r = n < 0 ? -1 : small_number(setting[2]);
    int log = n + 1 + 7;

    if (r < 0 || setting[3] != '$')
        return "yescrypt: its parameters are none that this program makes";
    for (int i = r + 1; i > 1; i /= 2)
        log++;
    if (log < MEMORY_MIN)
        return "yescrypt: it takes less than 16 MiB";
    return log > MEMORY_MAX ? "yescrypt: it takes more than 1 GiB" : NULL;
}

static const struct kind {
    const char *prefix, *name;
    const char *(*look)(const char *setting); /* NULL: refused, and `name` says why */
} kinds[] = {
    {"$y$", "yescrypt", yescrypt_refusal},
    {"$6$", "sha512crypt", sha512_refusal},
    {"$2", "bcrypt: it ignores what stands behind 72 bytes", NULL},
    {"$gy$", "gost-yescrypt: it is not among the accepted kinds", NULL},
    {"$7$", "scrypt: it is not among the accepted kinds", NULL},
    {"$5$", "sha256crypt: it is not among the accepted kinds", NULL},
    {"$sha1", "sha1crypt: it is too fast to guess", NULL},
    {"$md5", "SunMD5: it is too fast to guess", NULL},
    {"$1$", "MD5: it is too fast to guess", NULL},
    {"$3$", "NTHASH: it is too fast to guess", NULL},
    {"$", "it is of no known kind", NULL},
    {"_", "DES: it is too fast to guess", NULL},
    {"", "DES: it ignores what stands behind 8 bytes", NULL},
};

static const struct kind *kind_of(const char *hash)
{
    const struct kind *k = kinds;

    while (strncmp(hash, k->prefix, strlen(k->prefix)) != 0)
        k++;
    return k;
}

const char *bg_password_refusal(const char *hash)
{
    const struct kind *k = kind_of(hash);
    const char *why = k->look == NULL ? k->name : k->look(hash + strlen(k->prefix));

    if (!BG_WITH_PASSWORD)
        return "this build of breakglass uses no passwords";
    if (why == NULL && !bg_password_known(hash))
        return "the libcrypt of this host does not know its kind";
    return why;
}

const char *bg_password_kind(const char *hash)
{
    const struct kind *k = kind_of(hash);

    return k->look == NULL ? "?" : k->name;
}
