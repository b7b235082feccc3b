/* SPDX-License-Identifier: ISC */
#include "record/drilled.h"

#include <stdlib.h>
#include <string.h>
#include "base/child.h"
#include "record/life.h"

struct question {
    const char *dir, *fallback_dir, *account;
    const char *use; /* NULL: what begins at wall_ms */
    int64_t wall_ms;
};

static void answer(const struct bg_life *l, const struct question *q, struct bg_drilled *out)
{
    const struct bg_life_use *u = q->use == NULL ? NULL : bg_life_use(l, q->use);
    const char *id = q->use == NULL ? bg_life_in_drill(l, q->wall_ms) : u == NULL ? NULL : u->drill;

    if (id == NULL || !bg_ulid_valid(id))
        return;
    memcpy(out->id, id, sizeof out->id);
    if (strcmp(l->drill.id, id) != 0)
        return;
    (void)bg_text_clean(out->by, sizeof out->by, l->drill.by, strnlen(l->drill.by, sizeof l->drill.by));
    out->until_ms = l->drill.until_ms;
}

/* In a child: without its file the life is made of the journal, which may be long or on a disk that hangs. */
static enum bg_err look(void *arg, void *out)
{
    struct bg_life *l = malloc(sizeof *l);
    const struct question *q = arg;
    enum bg_err r = l == NULL ? BG_E_NOMEM : bg_life_load(q->dir, q->fallback_dir, q->account, l);

    if (r == BG_OK)
        answer(l, q, out);
    free(l);
    return r;
}

static bool ask(struct question *q, struct bg_drilled *out)
{
    memset(out, 0, sizeof *out);
    return bg_name_valid(q->account) &&
           bg_child_run(look, q, BG_DRILLED_MS, out, sizeof *out, NULL) == BG_OK && out->id[0] != '\0';
}

bool bg_drilled_at(const char *dir, const char *fallback_dir, const char *account, int64_t wall_ms,
                   struct bg_drilled *out)
{
    struct question q = {dir, fallback_dir, account, NULL, wall_ms};

    return ask(&q, out);
}

bool bg_drilled_use(const char *dir, const char *fallback_dir, const char *account, const char *use,
                    struct bg_drilled *out)
{
    struct question q = {dir, fallback_dir, account, use, 0};

    return ask(&q, out);
}
