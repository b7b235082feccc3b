/* SPDX-License-Identifier: ISC */
#include "text.h"

#include <sys/mman.h>
#include "account/accounts.h"
#include "base/safefile.h"

bool text_begin(struct text *t, const char *path)
{
    enum bg_err r = bg_file_read(path, t->small, sizeof t->small, &t->len);

    t->at = t->small;
    t->pages = NULL;
    if (r != BG_E_RANGE)
        return r == BG_OK;
    /* not the file itself: it could be cut short under us, which would kill the program */
    t->at = mmap(NULL, BG_ACCOUNTS_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (t->at == MAP_FAILED)
        return false;
    t->pages = t->at;
    if (bg_file_read(path, t->at, BG_ACCOUNTS_MAX, &t->len) == BG_OK)
        return true;
    text_end(t);
    return false;
}

void text_end(struct text *t)
{
    if (t->pages != NULL)
        (void)munmap(t->pages, BG_ACCOUNTS_MAX);
}
