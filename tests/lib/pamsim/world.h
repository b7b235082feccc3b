/* SPDX-License-Identifier: ISC */
/* Files of PAM from a table instead of a disk. Every module of the table's kind is there, but pam_missing.so.
 */
#ifndef TESTS_PAMSIM_WORLD_H
#define TESTS_PAMSIM_WORLD_H

#include <stdlib.h>
#include <string.h>
#include "pamsim/stack.h"

struct world {
    const char *path, *text;
};

static inline enum bg_err world_read(void *arg, const char *path, char **text, size_t *len)
{
    for (const struct world *w = arg; w->path != NULL; w++)
        if (strcmp(w->path, path) == 0) {
            *len = strlen(w->text);
            *text = strdup(w->text);
            return *text == NULL ? BG_E_NOMEM : BG_OK;
        }
    return BG_E_NOENT;
}

static inline bool world_has(void *arg, const char *path, bool directory)
{
    size_t n = strlen(path);

    if (!directory)
        return strstr(path, ".so") != NULL && strstr(path, "missing") == NULL && strstr(path, "$ISA") == NULL;
    for (const struct world *w = arg; w->path != NULL; w++)
        if (strncmp(w->path, path, n) == 0 && w->path[n] == '/')
            return true;
    return false;
}

static inline enum bg_err world_stack(const struct world *w, const struct bg_pam_kind *k, const char *service,
                                      struct bg_pam_stack *s)
{
    union {
        const struct world *from;
        void *to;
    } arg = {.from = w};
    struct bg_pam_source source = {.read = world_read, .has = world_has, .arg = arg.to};

    return bg_pam_stack_read(k, &source, service, s);
}

#endif
