/* SPDX-License-Identifier: ISC */
#include "config/sinkcred.h"

#include <stdio.h>
#include <string.h>
#include "config/table.h"

#define PREFIX "credential:"
#define NAMES  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
#define KEYS   5
#define LEN    sizeof((struct bg_sink *)0)->secret_file

const char *bg_sinkcred_name(const char *value)
{
    return strncmp(value, PREFIX, sizeof PREFIX - 1) == 0 ? value + sizeof PREFIX - 1 : NULL;
}

bool bg_sinkcred_ok(const char *value)
{
    const char *name = bg_sinkcred_name(value);

    if (name == NULL)
        return bg_check_path(value);
    return name[0] != '\0' && name[0] != '.' && name[strspn(name, NAMES)] == '\0';
}

/* The values that may be one. */
static void values(struct bg_sink *s, char *out[KEYS])
{
    out[0] = s->secret_file;
    out[1] = s->url_file;
    out[2] = s->token_file;
    out[3] = s->certificate_file;
    out[4] = s->login_file;
}

const char *bg_sinkcred_of(const struct bg_sink *s)
{
    const char *const value[KEYS] = {s->secret_file, s->url_file, s->token_file, s->certificate_file,
                                     s->login_file};
    const char *name = NULL;

    for (int i = 0; i < KEYS && name == NULL; i++)
        name = bg_sinkcred_name(value[i]);
    return name;
}

void bg_sinkcred_resolve(struct bg_sink *s, const char *dir)
{
    char *value[KEYS], path[LEN];
    const char *name;

    values(s, value);
    for (int i = 0; i < KEYS && dir[0] == '/'; i++) {
        if ((name = bg_sinkcred_name(value[i])) == NULL)
            continue;
        int n = snprintf(path, sizeof path, "%s/%s", dir, name);
        if (n > 0 && (size_t)n < sizeof path)
            memcpy(value[i], path, (size_t)n + 1);
    }
}
