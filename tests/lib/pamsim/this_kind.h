/* SPDX-License-Identifier: ISC */
/* Which libpam this program runs with, told by the library's own file. */
#ifndef TESTS_PAMSIM_THIS_KIND_H
#define TESTS_PAMSIM_THIS_KIND_H

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include "pamsim/kind.h"

static inline enum bg_err this_kind(struct bg_pam_kind *k)
{
    Dl_info info;
    void *start = dlsym(RTLD_DEFAULT, "pam_start");
    size_t cap = 4 << 20, n = 0;
    char *bytes = malloc(cap);
    FILE *f;
    enum bg_err e = BG_E_IO;

    if (bytes != NULL && start != NULL && dladdr(start, &info) != 0 &&
        (f = fopen(info.dli_fname, "r")) != NULL) {
        n = fread(bytes, 1, cap, f);
        (void)fclose(f);
        e = bg_pam_kind_of(bytes, n, k);
        printf("%s: %s%s; modules in %s, $ISA is %s\n", info.dli_fname,
               k->old ? "lines as up to 1.5" : "lines as from 1.6", k->debian ? ", Debian's rules" : "",
               k->modules, k->isa);
    }
    free(bytes);
    return e;
}

#endif
