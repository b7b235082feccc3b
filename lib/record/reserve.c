/* SPDX-License-Identifier: ISC */
#include "record/reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#define BLOCK 512 /* what st_blocks counts */

enum bg_err bg_reserve_keep(int fd, off_t end)
{
    struct stat st;

    if (fstat(fd, &st) == 0 && (off_t)st.st_blocks * BLOCK >= end + BG_RESERVE)
        return BG_OK;
    /* twice as much, so that it need not be asked for with every line */
    if (fallocate(fd, FALLOC_FL_KEEP_SIZE, end, 2 * BG_RESERVE) == 0 ||
        fallocate(fd, FALLOC_FL_KEEP_SIZE, end, BG_RESERVE) == 0)
        return BG_OK;
    if (errno != ENOSPC && errno != EDQUOT)
        return BG_OK;
    errno = ENOSPC;
    return BG_E_IO;
}

void bg_reserve_in_place(int fd)
{
    int saved = errno, flags = 0;

    if (ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0) {
        flags |= FS_NOCOW_FL;
        (void)ioctl(fd, FS_IOC_SETFLAGS, &flags);
    }
    errno = saved;
}
