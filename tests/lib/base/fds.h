/* SPDX-License-Identifier: ISC */
/* How many descriptors this process has open. */
#ifndef BASE_FDS_H
#define BASE_FDS_H

#include <dirent.h>

static inline unsigned open_fds(void)
{
    DIR *d = opendir("/proc/self/fd");
    unsigned n = 0;

    assert_non_null(d);
    while (readdir(d) != NULL)
        n++;
    (void)closedir(d);
    return n;
}

#endif
