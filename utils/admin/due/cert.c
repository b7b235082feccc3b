/* SPDX-License-Identifier: ISC */
/* When the certificates of a file end. */
#include <stdlib.h>
#include "admin/due/due.h"
#include "base/cert.h"
#include "base/safefile.h"

#define FILE_MAX 262144

enum bg_err due_certificate_ends(const char *path, int64_t *wall_ms)
{
    char *text = NULL;
    size_t len;
    enum bg_err r;

    if ((r = bg_file_slurp(path, FILE_MAX, &text, &len)) != BG_OK)
        return r;
    if (!bg_cert_text_ends(text, len, false, wall_ms))
        r = BG_E_NOENT;
    free(text);
    return r;
}
