/* SPDX-License-Identifier: ISC */
#include "alert/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/child.h"
#include "base/clock.h"
#include "base/safefile.h"

void durable_init(struct durable *d, const char *journal, const char *run)
{
    memset(d, 0, sizeof *d);
    d->journal = journal;
    d->run = run;
    d->again = INT64_MAX;
}

static void read_mark(struct durable *d)
{
    char path[PATH_MAX];

    bg_mark_path(path, d->run);
    d->marked = bg_head_load(path, &d->mark) == BG_OK;
}

void durable_begin(struct durable *d)
{
    d->again = INT64_MAX;
    read_mark(d);
}

void durable_forget(struct durable *d)
{
    d->synced = (struct bg_linepos){0, 0};
    d->since = 0;
}

/* One segment; *size is what is on the disk of it afterwards. */
static enum bg_err sync_segment(int dir, unsigned number, off_t *size)
{
    int fd;
    enum bg_err r = bg_segment_open(dir, number, O_RDONLY, &fd, size);

    if (r != BG_OK)
        return r;
    if (fdatasync(fd) != 0 && errno != EINVAL &&
        errno != EROFS) /* a file system without it, or without writes */
        r = BG_E_IO;
    bg_close(fd);
    return r;
}

struct sync {
    const char *dir;
    unsigned from;
};

/* In the child. out: a struct bg_linepos. */
static enum bg_err sync_work(void *arg, void *out)
{
    const struct sync *s = arg;
    struct bg_linepos *done = out;
    struct bg_segments list = {NULL, 0};
    int dir;
    enum bg_err r;

    if ((r = bg_segdir_open(s->dir, false, &dir)) != BG_OK)
        return r;
    r = bg_segdir_list(dir, &list);
    for (size_t i = 0; r == BG_OK && i < list.count; i++)
        if (list.number[i] >= s->from && (r = sync_segment(dir, list.number[i], &done->at)) == BG_OK)
            done->number = list.number[i];
    free(list.number);
    bg_close(dir);
    return r;
}

static bool before(const struct bg_rawline *l, const struct bg_linepos *end)
{
    return l->number < end->number || (l->number == end->number && l->at + (off_t)l->len < end->at);
}

/* Sync it ourselves; a disk that hangs or fails is left alone for longer each time. */
static bool sync_now(struct durable *d, const struct bg_rawline *l)
{
    struct sync s = {.dir = d->journal, .from = l->number};
    struct bg_linepos done = {0, 0};
    int64_t pause = DURABLE_SYNC_MS;

    if (bg_child_run(sync_work, &s, DURABLE_SYNC_MS, &done, sizeof done, NULL) == BG_OK) {
        d->synced = done;
        d->failures = 0;
        d->since = 0;
        return before(l, &d->synced);
    }
    for (unsigned i = 0; i < d->failures && pause < DURABLE_AGAIN_MS; i++)
        pause *= 2;
    d->failures++;
    d->again = bg_deadline(pause < DURABLE_AGAIN_MS ? pause : DURABLE_AGAIN_MS);
    d->since = d->again - DURABLE_GRACE_MS; /* not before */
    return false;
}

bool durable_line(struct durable *d, const struct bg_rawline *l, const struct bg_position *at, bool promises)
{
    bool ours = d->marked && strcmp(d->mark.journalid, at->journalid) == 0;

    if ((ours && at->sequence <= d->mark.durable.sequence) || before(l, &d->synced)) {
        d->since = 0;
        return true;
    }
    if (d->since == 0)
        d->since = bg_now_ms();
    if (d->failures == 0 && !(ours && promises)) /* nobody will say that it is */
        return sync_now(d, l);
    if (bg_now_ms() - d->since >= DURABLE_GRACE_MS)
        return sync_now(d, l);
    d->again = d->since + DURABLE_GRACE_MS;
    return false;
}
