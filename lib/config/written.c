/* SPDX-License-Identifier: ISC */
#include "config/written.h"

#include <stdlib.h>
#include "base/safefile.h"
#include "config/ini.h"

enum bg_err bg_written_text(const struct bg_writer *w, char **out, size_t *len)
{
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    enum bg_err r = to == NULL ? BG_E_NOMEM : BG_OK;

    if (r != BG_OK)
        return r;
    w->put(to, w->arg);
    if (fclose(to) != 0)
        r = BG_E_NOMEM;
    else if (n > BG_INI_FILE_MAX || (r = w->again(text, w->arg)) != BG_OK)
        r = r == BG_E_NOMEM ? r : BG_E_RANGE;
    if (r == BG_OK) {
        *out = text;
        *len = n;
    } else {
        free(text);
    }
    return r;
}

enum bg_err bg_written_save(const struct bg_writer *w, const char *path)
{
    char *text = NULL;
    size_t n = 0;
    enum bg_err r = bg_written_text(w, &text, &n);

    if (r == BG_OK)
        r = bg_file_replace(path, text, n, 0600, (uid_t)-1, (gid_t)-1);
    free(text);
    return r;
}
