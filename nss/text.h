/* SPDX-License-Identifier: ISC */
/*
 * A file's text while a look-up works on it. The caller's stack may be the smallest that a thread can have
 * (16 KiB, with glibc's own part in it), so only a small file is read into it; a larger one gets pages of its
 * own, for the time of one look-up.
 */
#ifndef BG_NSS_TEXT_H
#define BG_NSS_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#define TEXT_SMALL 2048

struct text {
    char small[TEXT_SMALL];
    char *pages; /* NULL: small is enough */
    char *at;    /* len bytes and a NUL; the look-up may cut it into strings */
    size_t len;
};

/* Read a safe file of at most BG_ACCOUNTS_MAX bytes. False: nothing to read, and nothing to end. */
bool text_begin(struct text *t, const char *path);
void text_end(struct text *t);

#endif
