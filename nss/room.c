#include <stdalign.h>
#include <stdint.h>
#include <string.h>
#include "module.h"

char *bg_room_text(struct bg_room *r, const char *s)
{
    size_t n = strlen(s) + 1;
    char *to = r->at;

    if (n > r->left)
        return NULL;
    memcpy(to, s, n);
    r->at += n;
    r->left -= n;
    return to;
}

char **bg_room_pointers(struct bg_room *r, size_t n)
{
    size_t skip = (alignof(char *) - (uintptr_t)r->at % alignof(char *)) % alignof(char *);
    char *to;

    if (r->left < skip || (r->left - skip) / sizeof(char *) < n)
        return NULL;
    to = r->at + skip;
    r->at = to + n * sizeof(char *);
    r->left -= skip + n * sizeof(char *);
    return (char **)(void *)to;
}
