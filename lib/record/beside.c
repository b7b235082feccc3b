/* SPDX-License-Identifier: ISC */
#include "record/beside.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>
#include "base/safefile.h"

void bg_beside_path(char *out, const char *dir, const char *name)
{
    char copy[PATH_MAX];

    (void)snprintf(copy, sizeof copy, "%s", dir);
    if (snprintf(out, PATH_MAX, "%s/%s", dirname(copy), name) >= PATH_MAX)
        out[0] = '\0';
}

enum bg_err bg_beside_open(const char *path, int *fd, off_t *size)
{
    const int flags = O_RDWR | O_CREAT | O_NOFOLLOW;
    enum bg_err r = bg_open_safe(AT_FDCWD, path, flags, 0600, fd, size);

    if (r == BG_E_UNSAFE && unlink(path) == 0) /* what stands there is none of ours */
        r = bg_open_safe(AT_FDCWD, path, flags, 0600, fd, size);
    return r;
}

enum bg_err bg_beside_name(const char *path)
{
    char copy[PATH_MAX];
    int dir;
    enum bg_err r;

    (void)snprintf(copy, sizeof copy, "%s", path);
    if ((r = bg_open_safe(AT_FDCWD, dirname(copy), O_RDONLY | O_DIRECTORY, 0, &dir, NULL)) != BG_OK)
        return r;
    r = fsync(dir) == 0 || errno == EINVAL ? BG_OK : BG_E_IO;
    bg_close(dir);
    return r;
}
