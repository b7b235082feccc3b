#include "admin/conf/services.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "admin/conf/pamfile.h"

#define LOADED_MAX 64
#define NAME_ROOM  100

struct services {
    const struct sysedits *edits;
    struct {
        char path[PATH_MAX];
        char *text;
    } file[LOADED_MAX];
    size_t n;
};

struct services *services_open(const struct sysedits *edits)
{
    struct services *s = calloc(1, sizeof *s);

    if (s != NULL)
        s->edits = edits;
    return s;
}

void services_close(struct services *s)
{
    for (size_t i = 0; s != NULL && i < s->n; i++)
        free(s->file[i].text);
    free(s);
}

bool services_path(const char *service, char path[PATH_MAX])
{
    (void)snprintf(path, PATH_MAX, "%s/%.*s", PAMFILE_DIR, NAME_ROOM, service);
    return service[0] != '\0' && service[0] != '.' && strchr(service, '/') == NULL &&
           strlen(service) <= NAME_ROOM;
}

const char *services_text(void *arg, const char *service)
{
    struct services *s = arg;
    char path[PATH_MAX], *text = NULL;
    const char *planned;

    if (!services_path(service, path))
        return NULL;
    if (s->edits != NULL && (planned = sysedits_planned(s->edits, path)) != NULL)
        return planned;
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->file[i].path, path) == 0)
            return s->file[i].text;
    if (s->n == LOADED_MAX || sysfile_read(path, &text) != BG_OK)
        return NULL;
    memcpy(s->file[s->n].path, path, sizeof path);
    s->file[s->n].text = text;
    return s->file[s->n++].text;
}
