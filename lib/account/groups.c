/* SPDX-License-Identifier: ISC */
/* The groups of accounts.h. */
#include <string.h>
#include "account/accounts.h"
#include "account/fields.h"

#define GROUP_FIELDS 4

/* A comma-separated list of names, none empty; the list itself may be. */
static bool members_sound(struct bg_span s)
{
    for (size_t i = 0; i < s.n; i++) {
        bool comma = s.at[i] == ',';
        if ((unsigned char)s.at[i] <= ' ' || (comma && (i == 0 || i == s.n - 1 || s.at[i - 1] == ',')))
            return false;
    }
    return true;
}

bool bg_group_next(char *text, size_t len, size_t *at, struct bg_group *out)
{
    struct bg_span line, field[GROUP_FIELDS];
    uint32_t gid;
    unsigned at_line = 0;

    for (char *p = text + *at; bg_span_line(&p, text + len, &line, &at_line);) {
        *at = (size_t)(p - text);
        if (bg_span_fields(line, field, GROUP_FIELDS, &gid) != NULL || gid == 0 || !members_sound(field[3]))
            continue;
        field[0].at[field[0].n] = '\0';
        field[3].at[field[3].n] = '\0';
        *out = (struct bg_group){.name = field[0].at, .members = field[3].at, .gid = gid};
        return true;
    }
    return false;
}

bool bg_group_find(char *text, size_t len, const char *name, gid_t gid, struct bg_group *out)
{
    struct bg_group g;
    size_t at = 0;

    while (bg_group_next(text, len, &at, &g))
        if (name != NULL ? strcmp(g.name, name) == 0 : g.gid == gid) {
            *out = g;
            return true;
        }
    return false;
}

bool bg_group_has(const struct bg_group *g, const char *user)
{
    size_t n = strlen(user);

    for (const char *p = g->members; n > 0 && *p != '\0';) {
        size_t m = strcspn(p, ",");
        if (m == n && memcmp(p, user, n) == 0)
            return true;
        p += m + (p[m] == ',');
    }
    return false;
}
