/* SPDX-License-Identifier: ISC */
#include "admin/output.h"

#include <string.h>
#include <sys/stat.h>
#include "admin/messages.h"
#include "admin/ui.h"
#include "base/safefile.h"

/* /dev/null would be gone. */
static enum bg_err keep(const char *path, const char *text, size_t n)
{
    struct stat st;

    if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return BG_E_UNSAFE;
    return bg_file_replace(path, text, n, 0600, 0, 0);
}

enum admin_exit output_deliver(const char *path, const char *text, size_t n)
{
    enum bg_err r;

    if (path == NULL) {
        ui_text("%s", text);
        return ADMIN_GOOD;
    }
    if ((r = keep(path, text, n)) == BG_OK)
        return ADMIN_GOOD;
    ui_finding(BG_M_CMD_MAKE, BG_ARGS(path, bg_strerror(r)));
    return ADMIN_CANNOT;
}

bool output_is_html(const char *path)
{
    size_t n = path == NULL ? 0 : strlen(path);

    return n > 5 && strcmp(path + n - 5, ".html") == 0;
}
