/* SPDX-License-Identifier: ISC */
#include "config/signkeys.h"

#include <string.h>
#include "base/base64.h"
#include "base/safefile.h"
#include "base/secret.h"

#define PREFIX   "whsec_"
#define FILE_MAX 1024

/* False unless it is base64 of an allowed length. */
static bool decode(const char *text, size_t n, struct bg_sign_key *k)
{
    return bg_base64_read(text, n, k->key, sizeof k->key, &k->len) && k->len >= BG_SIGN_KEY_MIN;
}

enum bg_err bg_sign_parse(const char *text, struct bg_sign_keys *k)
{
    memset(k, 0, sizeof *k);
    for (const char *at = text; *at != '\0';) {
        size_t n = strcspn(at, "\r\n");
        if (n > 0 && (k->n == BG_SIGN_LINES || strncmp(at, PREFIX, strlen(PREFIX)) != 0 ||
                      !decode(at + strlen(PREFIX), n - strlen(PREFIX), &k->key[k->n++])))
            goto bad;
        at += n;
        at += strspn(at, "\r\n");
    }
    if (k->n > 0)
        return BG_OK;
bad:
    bg_wipe(k, sizeof *k);
    return BG_E_SYNTAX;
}

bool bg_sign_has(const struct bg_sign_keys *k, const struct bg_sign_key *one)
{
    for (unsigned i = 0; i < k->n; i++)
        if (k->key[i].len == one->len && memcmp(k->key[i].key, one->key, one->len) == 0)
            return true;
    return false;
}

void bg_sign_add(struct bg_sign_keys *k, const struct bg_sign_keys *more)
{
    for (unsigned i = 0; i < more->n && k->n < BG_SIGN_KEYS; i++)
        if (!bg_sign_has(k, &more->key[i]))
            k->key[k->n++] = more->key[i];
}

enum bg_err bg_sign_load(const char *path, struct bg_sign_keys *k)
{
    char text[FILE_MAX];
    size_t len = 0;
    enum bg_err r = bg_file_read(path, text, sizeof text, &len);

    if (r == BG_OK)
        r = strlen(text) == len ? bg_sign_parse(text, k) : BG_E_SYNTAX;
    bg_wipe(text, sizeof text);
    return r;
}
