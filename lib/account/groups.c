/* group(5) lines: the half of accounts.h that speaks of groups. */
#include <string.h>
#include "account/accounts.h"
#include "account/fields.h"
#include "base/text.h"

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

enum bg_err bg_groups_load(const char *path, char *buf, size_t *len)
{
    return bg_accounts_load(path, buf, len);
}

enum bg_err bg_group_next(char *buf, size_t len, size_t *at, struct bg_group *out)
{
    struct bg_span line, field[GROUP_FIELDS];
    uint32_t gid;
    unsigned at_line = 0;

    for (char *p = buf + *at; bg_line_next(&p, buf + len, &line, &at_line);) {
        *at = (size_t)(p - buf);
        if (!bg_line_clean(line) || !bg_line_split(line, field, GROUP_FIELDS) || !bg_span_name(field[0]) ||
            !bg_span_is(field[1], "x") || !bg_span_number(field[2], &gid) || gid == 0 ||
            !members_sound(field[3]))
            continue;
        field[0].at[field[0].n] = '\0';
        field[3].at[field[3].n] = '\0';
        *out = (struct bg_group){.name = field[0].at, .members = field[3].at, .gid = gid};
        return BG_OK;
    }
    return BG_E_NOENT;
}

enum bg_err bg_group_by_name(const char *path, const char *name, char *buf, struct bg_group *out)
{
    struct bg_group g;
    size_t len, at = 0;

    if (!bg_name_valid(name) || bg_groups_load(path, buf, &len) != BG_OK)
        return BG_E_NOENT;
    while (bg_group_next(buf, len, &at, &g) == BG_OK)
        if (strcmp(g.name, name) == 0) {
            *out = g;
            return BG_OK;
        }
    return BG_E_NOENT;
}

enum bg_err bg_group_by_gid(const char *path, gid_t gid, char *buf, struct bg_group *out)
{
    struct bg_group g;
    size_t len, at = 0;

    if (gid == 0 || gid == (gid_t)-1 || bg_groups_load(path, buf, &len) != BG_OK)
        return BG_E_NOENT;
    while (bg_group_next(buf, len, &at, &g) == BG_OK)
        if (g.gid == gid) {
            *out = g;
            return BG_OK;
        }
    return BG_E_NOENT;
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
