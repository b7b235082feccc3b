/* SPDX-License-Identifier: ISC */
#include "admin/plainfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/safefile.h"

char *plainfile_newest(const char *path, off_t most, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;
    char *buf = NULL;
    ssize_t n = 0;

    *len = 0;
    if (fd < 0)
        return NULL;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        bg_close(fd);
        errno = EINVAL;
        return NULL;
    }
    most = st.st_size < most ? st.st_size : most;
    if ((buf = malloc((size_t)most + 1)) != NULL)
        while ((off_t)*len < most &&
               (n = pread(fd, buf + *len, (size_t)most - *len, st.st_size - most + (off_t)*len)) > 0)
            *len += (size_t)n;
    if (buf != NULL)
        buf[*len] = '\0';
    bg_close(fd);
    return buf;
}
