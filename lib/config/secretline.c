/* SPDX-License-Identifier: ISC */
#include "config/secretline.h"

#include <string.h>
#include "base/safefile.h"
#include "base/secret.h"
#include "base/text.h"

static bool printable(const char *s, size_t n)
{
    uint32_t cp;

    for (size_t len; n > 0; s += len, n -= len)
        if ((len = bg_utf8_next(s, n, &cp)) == 0 || bg_text_hostile(cp))
            return false;
    return true;
}

static enum bg_err take(char *text, size_t len, char out[BG_SECRET_LINE])
{
    size_t n = strcspn(text, "\r\n");

    if (strlen(text) != len || text[n + strspn(text + n, "\r\n")] != '\0')
        return BG_E_SYNTAX;
    if (n == 0 || n >= BG_SECRET_LINE || text[0] == ' ' || text[n - 1] == ' ' || !printable(text, n))
        return BG_E_SYNTAX;
    memcpy(out, text, n);
    out[n] = '\0';
    return BG_OK;
}

enum bg_err bg_secret_line(const char *path, char out[BG_SECRET_LINE])
{
    char text[BG_SECRET_LINE + 8];
    size_t len = 0;
    enum bg_err r = bg_file_read(path, text, sizeof text, &len);

    if (r == BG_OK)
        r = take(text, len, out);
    bg_wipe(text, sizeof text);
    return r == BG_E_RANGE ? BG_E_SYNTAX : r;
}
