/* SPDX-License-Identifier: ISC */
#include "pamsim/stack.h"

#include <string.h>

const struct bg_pam_list *bg_pam_stack_list(const struct bg_pam_stack *s, enum bg_pam_type type)
{
    return s->conf[type].n > 0 ? &s->conf[type] : &s->other[type];
}

const char *bg_pam_type_word(enum bg_pam_type type)
{
    static const char *const words[BG_PAM_TYPES] = {"auth", "session", "account", "password"};

    return words[type];
}

void bg_pam_module_name(const struct bg_pam_step *step, char *out, size_t cap)
{
    const char *from = step->module == NULL ? "" : step->module, *slash = strrchr(from, '/'), *dot;
    size_t n;

    if (slash != NULL)
        from = slash + 1;
    dot = strrchr(from, '.');
    n = dot == NULL ? strlen(from) : (size_t)(dot - from);
    if (n > cap - 1)
        n = cap - 1;
    memcpy(out, from, n);
    out[n] = '\0';
}
