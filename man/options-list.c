/* SPDX-License-Identifier: ISC */
/* The tables of options as the compiler reads them, a line each: page, section, key, and what its entry in
 * the page says, with tabs between them. */
#include "config/credential.h"
#include "config/envelope.h"
#include "config/people.h"
#include "config/policy.h"
#include "config/safe.h"

static void words(const char *const *word)
{
    for (unsigned i = 0; word[i] != NULL; i++)
        (void)printf("%s%s", i == 0 ? "\t" : " | ", word[i]);
}

static void bounds(const struct bg_option *o)
{
    if (o->kind == BG_O_NUMBER)
        (void)printf("\tfrom %u to %u", o->min, o->max);
    else if (o->kind == BG_O_TEXT)
        (void)printf("\tat most %zu bytes", o->size - 1);
    if (o->required)
        (void)printf(o->instead == NULL ? "\tRequired." : "\tRequired, unless");
    else
        (void)printf(*o->value == '\0' ? "\tDefault: empty%s" : "\tDefault: %s.", o->value);
}

static void list(const char *page, bg_form form, bool whole)
{
    static const char *const yesno[] = {"yes", "no", NULL};

    for (size_t i = 0; form[i] != NULL; i++)
        for (size_t k = 0; k < form[i]->n; k++) {
            const struct bg_option *o = &form[i]->row[k];
            (void)printf("%s\t%s\t%s", page, form[i]->name, o->key);
            if (o->kind == BG_O_CHOICE || o->kind == BG_O_YESNO)
                words(o->kind == BG_O_YESNO ? yesno : o->word);
            if (whole)
                bounds(o);
            (void)putchar('\n');
        }
}

int main(void)
{
    list("breakglass.conf", bg_policy_form, true);
    list("breakglass-credentials", bg_credential_form, false);
    list("breakglass-custody", bg_envelopes_file->form, true);
    list("breakglass-custody", bg_people_file->form, true);
    list("breakglass-custody", bg_safes_file->form, true);
    return fflush(stdout) == 0 ? 0 : 1;
}
