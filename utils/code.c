/* SPDX-License-Identifier: ISC */
#include "code.h"

#include <langinfo.h>
#include <locale.h>
#include <string.h>
#include <unistd.h>
#include "base/secret.h"
#if HAVE_QRENCODE
#include <qrencode.h>

#define QUIET 2 /* modules around it; the standard asks for 4, and 24 lines are what there is */

static bool dark(const QRcode *q, int x, int y)
{
    return x >= 0 && y >= 0 && x < q->width && y < q->width && (q->data[y * q->width + x] & 1) != 0;
}

/* Two modules a character, black on white whatever the colours of the terminal are. */
static void draw(FILE *to, const QRcode *q)
{
    static const char *const block[] = {" ", "\xe2\x96\x84", "\xe2\x96\x80", "\xe2\x96\x88"};

    for (int y = -QUIET; y < q->width + QUIET; y += 2) {
        (void)fputs("\033[30;107m", to);
        for (int x = -QUIET; x < q->width + QUIET; x++)
            (void)fputs(block[(dark(q, x, y) ? 2 : 0) | (dark(q, x, y + 1) ? 1 : 0)], to);
        (void)fputs("\033[0m\n", to);
    }
}

bool code_show(FILE *to, const char *text)
{
    QRcode *q;

    (void)setlocale(LC_CTYPE, "");
    if (isatty(fileno(to)) != 1 || strcmp(nl_langinfo(CODESET), "UTF-8") != 0 ||
        (q = QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, 1)) == NULL)
        return false;
    draw(to, q);
    bg_wipe(q->data, (size_t)(q->width * q->width)); /* it may be a secret */
    QRcode_free(q);
    return true;
}
#else
bool code_show(FILE *to, const char *text)
{
    (void)to;
    (void)text;
    return false;
}
#endif
