/* SPDX-License-Identifier: ISC */
#include "record/retell.h"

#include "base/child.h"
#include "base/clock.h"
#include "record/chain.h"
#include "record/journal.h"

json_t *bg_retell_event(const struct bg_rawline *l)
{
    struct bg_chain at;
    json_t *ev;

    return l->whole && bg_chain_parse(l->text, l->len, &ev, &at) == BG_OK ? ev : NULL;
}

struct reading {
    const char *dir;
    off_t newest;
    bg_rawline_fn fn;
};

static enum bg_err read_work(void *arg, void *found)
{
    const struct reading *rd = arg;

    return bg_lines_walk(rd->dir, rd->newest, rd->fn, found);
}

static enum bg_err read_bounded(struct reading *rd, int64_t deadline, void *found, size_t n)
{
    int64_t ms = bg_left_ms(deadline) < BG_RETELL_PLACE_MS ? bg_left_ms(deadline) : BG_RETELL_PLACE_MS;

    return bg_child_run(read_work, rd, ms, found, n, NULL);
}

enum bg_err bg_retell(const char *dir, const char *fallback_dir, off_t newest, bg_rawline_fn fn, void *found,
                      size_t n)
{
    int64_t deadline = bg_deadline(BG_RETELL_MS);
    struct reading rd = {.dir = dir == NULL ? BG_JOURNAL_DIR : dir, .newest = newest, .fn = fn};
    enum bg_err r = read_bounded(&rd, deadline, found, n);

    rd.dir = fallback_dir == NULL ? BG_FALLBACK_DIR : fallback_dir;
    rd.newest = 0;
    if (*rd.dir != '\0' && read_bounded(&rd, deadline, found, n) == BG_OK)
        r = BG_OK;
    return r;
}
