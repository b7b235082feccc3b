/* SPDX-License-Identifier: ISC */
#include "config/kept.h"

#include <stdlib.h>
#include <string.h>
#include "config/written.h"

/* A file as it is being read. */
struct reading {
    struct bg_table t;
    struct bg_faults faults;
};

static unsigned *counter(const struct bg_kept_list *l, void *whole)
{
    return (unsigned *)(void *)((char *)whole + l->count);
}

unsigned bg_kept_line(const struct bg_table *t, const void *object)
{
    for (unsigned i = 0; i < t->n; i++)
        if (t->found[i].object == object)
            return t->found[i].line;
    return 0;
}

/* Counters, then checks across sections; then all or nothing. */
static enum bg_err finish(const struct bg_kept *k, struct reading *g, void *fresh, void *whole,
                          struct bg_ini_error *e)
{
    for (const struct bg_kept_list *l = k->list; l->section != NULL; l++)
        *counter(l, fresh) = bg_table_count(&g->t, l->section);
    if (g->faults.n == 0 && k->look != NULL)
        k->look(fresh, &g->t, &g->faults);
    *e = g->faults.fault[0];
    if (g->faults.n > 0)
        return BG_E_SYNTAX;
    memcpy(whole, fresh, k->size);
    return BG_OK;
}

enum bg_err bg_kept_parse(const struct bg_kept *k, const char *text, void *whole, struct bg_ini_error *e)
{
    struct reading g;
    void *fresh = calloc(1, k->size);
    enum bg_err r = BG_E_NOMEM;

    *e = (struct bg_ini_error){0};
    if (fresh != NULL) {
        (void)!bg_table_read(k->form, text, strlen(text), fresh, &g.t, &g.faults); /* finish() asks */
        r = finish(k, &g, fresh, whole, e);
    }
    free(fresh);
    return r;
}

enum bg_err bg_kept_load(const struct bg_kept *k, const char *path, void *whole, struct bg_ini_error *e)
{
    struct reading g;
    void *fresh = calloc(1, k->size);
    enum bg_err r = BG_E_NOMEM;

    *e = (struct bg_ini_error){0};
    if (fresh == NULL)
        return r;
    r = bg_table_load(k->form, path, fresh, &g.t, &g.faults);
    if (r == BG_OK || r == BG_E_SYNTAX)
        r = finish(k, &g, fresh, whole, e);
    else
        *e = g.faults.fault[0];
    free(fresh);
    return r;
}

/* What is being written. */
struct writing {
    const struct bg_kept *k;
    const void *whole;
    struct bg_ini_error *e;
};

static void put(FILE *out, const void *arg)
{
    const struct writing *g = arg;

    (void)fputs(g->k->head, out);
    for (const struct bg_kept_list *l = g->k->list; l->section != NULL; l++) {
        const char *at = (const char *)g->whole + l->section->at;
        unsigned n = *(const unsigned *)(const void *)((const char *)g->whole + l->count);
        for (unsigned i = 0; i < n; i++) {
            (void)fputc('\n', out);
            bg_table_write(out, l->section, at + i * l->section->size);
        }
    }
}

static enum bg_err again(const char *text, const void *arg)
{
    const struct writing *g = arg;
    void *fresh = malloc(g->k->size);
    enum bg_err r = fresh == NULL ? BG_E_NOMEM : bg_kept_parse(g->k, text, fresh, g->e);

    free(fresh);
    return r;
}

enum bg_err bg_kept_text(const struct bg_kept *k, const void *whole, char **out, size_t *len,
                         struct bg_ini_error *e)
{
    struct writing g = {k, whole, e};

    *e = (struct bg_ini_error){0};
    return bg_written_text(&(struct bg_writer){put, again, &g}, out, len);
}

enum bg_err bg_kept_save(const struct bg_kept *k, const char *path, const void *whole, struct bg_ini_error *e)
{
    struct writing g = {k, whole, e};

    *e = (struct bg_ini_error){0};
    return bg_written_save(&(struct bg_writer){put, again, &g}, path);
}
