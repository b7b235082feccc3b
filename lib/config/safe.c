/* SPDX-License-Identifier: ISC */
#include "config/safe.h"

#include <string.h>
#include "config/people.h"
#include "share/shareset.h"

#define NAME_FORM "visible text without , : \" and \\"

bool bg_comma_next(const char **list, char *out, size_t cap)
{
    const char *at = *list + strspn(*list, " ");
    size_t n = strcspn(at, ","), all = n;

    if (*at == '\0')
        return false;
    while (n > 0 && at[n - 1] == ' ')
        n--;
    (void)snprintf(out, cap, "%.*s", (int)n, at);
    *list = at + all + (at[all] == ',');
    return true;
}

bool bg_comma_list(const char *value, size_t cap, bool (*valid)(const char *one))
{
    char one[BG_INI_LINE_MAX + 1];
    size_t n = strlen(value);

    if (n > 0 && value[n - 1] == ',')
        return false;
    while (bg_comma_next(&value, one, sizeof one))
        if (strlen(one) >= cap || !valid(one))
            return false;
    return true;
}

static bool names_ok(const char *value)
{
    return bg_comma_list(value, BG_PERSON_NAME, bg_share_text_valid);
}

#define AT(field) BG_FIELD(struct bg_safe, field)
static const struct bg_option safe[] = {
    {"site", BG_O_TEXT, AT(site), .min = 1, .check = bg_share_text_valid, .form = NAME_FORM,
     .required = true},
    {"holders", BG_O_TEXT, AT(holders), "", .check = names_ok, .form = "names, commas between them"},
    {"changed", BG_O_TEXT, AT(changed), .min = 1, .check = bg_check_time,
     .form = "a time such as 2026-11-22T12:03:24.123456Z", .required = true},
};
#undef AT

static const struct bg_section safe_section = {.name = "safe",
                                               BG_ROWS(safe),
                                               .at = offsetof(struct bg_safes, safe),
                                               .size = sizeof(struct bg_safe),
                                               .max = BG_SAFES_MAX,
                                               .label = BG_SAFE_ID};
static bg_form form = {&safe_section, NULL};
static const struct bg_kept_list lists[] = {{&safe_section, offsetof(struct bg_safes, n)}, {0}};
const struct bg_kept bg_safes_file[1] = {{
    .head = "# Safes, and who opens them: breakglass-custody(5). Change it by \"breakglass safe\".\n",
    .form = form,
    .list = lists,
    .size = sizeof(struct bg_safes),
}};

enum bg_err bg_safes_load(const char *path, struct bg_safes *s, struct bg_ini_error *e)
{
    return bg_kept_load(bg_safes_file, path, s, e);
}

enum bg_err bg_safes_save(const char *path, const struct bg_safes *s, struct bg_ini_error *e)
{
    return bg_kept_save(bg_safes_file, path, s, e);
}

enum bg_err bg_safes_parse(const char *text, struct bg_safes *s, struct bg_ini_error *e)
{
    return bg_kept_parse(bg_safes_file, text, s, e);
}

const struct bg_safe *bg_safe_find(const struct bg_safes *s, const char *id)
{
    for (unsigned i = 0; i < s->n; i++)
        if (strcmp(s->safe[i].id, id) == 0)
            return &s->safe[i];
    return NULL;
}
