/* SPDX-License-Identifier: ISC */
#include "record/lines.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct walk {
    int dir;
    struct bg_segments list;
    bg_rawline_fn fn;
    void *arg;
    bool copy;
    bool cut; /* the first line to come began before what is read */
};

bool bg_line_has(const struct bg_rawline *l, const char *key, const char *value)
{
    char member[128];
    int n = snprintf(member, sizeof member, "\"%s\":\"%s\"", key, value);

    return n > 0 && (size_t)n < sizeof member && memmem(l->text, l->len, member, (size_t)n) != NULL;
}

static enum bg_err open_walk(const char *dir, struct walk *w)
{
    enum bg_err r;

    r = w->copy ? bg_segdir_open_copy(dir, &w->dir) : bg_segdir_open(dir, false, &w->dir);
    if (r != BG_OK)
        return r;
    if ((r = bg_segdir_list(w->dir, &w->list)) == BG_OK && w->list.count > 0)
        return BG_OK;
    (void)close(w->dir);
    return r == BG_OK ? BG_E_NOENT : r;
}

/* Hand out the lines of segment i from offset `from` on; false: the callback had enough. */
static bool each_line(struct walk *w, size_t i, off_t from, const char *buf, size_t len)
{
    char name[BG_SEGMENT_NAME];
    struct bg_rawline l = {.segment = name, .number = w->list.number[i], .newest = i == w->list.count - 1};
    const char *end = buf + len;

    bg_segment_name(name, l.number);
    l.lineno = from == 0;
    for (const char *p = buf; p < end; p += l.len + 1) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        l.text = p;
        l.len = (size_t)((nl == NULL ? end : nl) - p);
        l.at = from + (p - buf);
        l.whole = nl != NULL;
        if (!w->cut && !w->fn(w->arg, &l))
            return false;
        w->cut = false;
        l.lineno += l.lineno > 0;
    }
    return true;
}

/* One segment from an offset on. */
static enum bg_err load(const struct walk *w, size_t i, off_t from, char **buf, size_t *len)
{
    if (w->copy)
        return bg_segment_read_copy(w->dir, w->list.number[i], buf, len);
    return bg_segment_read(w->dir, w->list.number[i], from, -1, buf, len);
}

/* From an offset in segment i to the end. Ends the walk. */
static enum bg_err run(struct walk *w, size_t i, off_t from)
{
    bool more = true;
    enum bg_err r = BG_OK;

    for (; r == BG_OK && i < w->list.count && more; i++, from = 0) {
        char *buf;
        size_t len;
        if ((r = load(w, i, from, &buf, &len)) != BG_OK)
            break;
        more = each_line(w, i, from, buf, len);
        free(buf);
    }
    free(w->list.number);
    (void)close(w->dir);
    return r;
}

/* Where to begin so that about `left` bytes are read: segment index and offset in it. */
static enum bg_err start_at(const struct walk *w, off_t left, size_t *first, off_t *from)
{
    size_t i = w->list.count;

    while (i > 0 && left > 0) {
        off_t size;
        int fd;
        enum bg_err r = bg_segment_open(w->dir, w->list.number[--i], O_RDONLY, &fd, &size);
        if (r != BG_OK)
            return r;
        (void)close(fd);
        *from = size > left ? size - left : 0;
        left -= size;
    }
    *first = i;
    return BG_OK;
}

enum bg_err bg_lines_walk(const char *dir, off_t newest_bytes, bg_rawline_fn fn, void *arg)
{
    struct walk w = {.fn = fn, .arg = arg};
    off_t from = 0;
    size_t i = 0;
    enum bg_err r, found = BG_OK;

    if ((r = open_walk(dir, &w)) != BG_OK)
        return r;
    if (newest_bytes > 0 && (found = start_at(&w, newest_bytes, &i, &from)) != BG_OK)
        i = w.list.count;
    w.cut = from > 0;
    r = run(&w, i, from);
    return found != BG_OK ? found : r;
}

enum bg_err bg_lines_walk_copy(const char *dir, bg_rawline_fn fn, void *arg)
{
    struct walk w = {.fn = fn, .arg = arg, .copy = true};
    enum bg_err r = open_walk(dir, &w);

    return r == BG_OK ? run(&w, 0, 0) : r;
}

enum bg_err bg_lines_of(int dir, bool copy, unsigned number, bg_rawline_fn fn, void *arg)
{
    struct walk w = {.dir = dir, .list = {.number = &number, .count = 1}, .fn = fn, .arg = arg, .copy = copy};
    char *buf;
    size_t len;
    enum bg_err r;

    if ((r = load(&w, 0, 0, &buf, &len)) != BG_OK)
        return r;
    (void)each_line(&w, 0, 0, buf, len);
    free(buf);
    return BG_OK;
}

struct after {
    struct bg_linepos *pos;
    bg_rawline_fn fn;
    void *arg;
};

static bool pass(void *arg, const struct bg_rawline *l)
{
    struct after *a = arg;

    if (!l->whole) /* being written: next time. In an older segment it never will be whole */
        return !l->newest;
    if (!a->fn(a->arg, l))
        return false;
    a->pos->number = l->number;
    a->pos->at = l->at + (off_t)l->len + 1;
    return true;
}

enum bg_err bg_lines_after(const char *dir, struct bg_linepos *pos, bg_rawline_fn fn, void *arg)
{
    struct after a = {.pos = pos, .fn = fn, .arg = arg};
    struct walk w = {.fn = pass, .arg = &a};
    size_t i = 0;
    bool gone;
    enum bg_err r;

    if ((r = open_walk(dir, &w)) != BG_OK)
        return r;
    while (pos->number != 0 && i < w.list.count && w.list.number[i] != pos->number)
        i++;
    gone = i == w.list.count;
    r = run(&w, i, pos->at);
    return gone ? BG_E_MISMATCH : r;
}

enum bg_err bg_line_read(const char *dir, const struct bg_linepos *pos, size_t len, char **line)
{
    char *buf = NULL;
    size_t got = 0;
    int d;
    enum bg_err r;

    if ((r = bg_segdir_open(dir, false, &d)) != BG_OK)
        return r;
    r = bg_segment_read(d, pos->number, pos->at, pos->at + (off_t)len + 1, &buf, &got);
    (void)close(d);
    if (r == BG_OK && (got != len + 1 || buf[len] != '\n' || memchr(buf, '\n', len) != NULL))
        r = BG_E_MISMATCH;
    if (r != BG_OK) {
        free(buf);
        return r == BG_E_NOENT ? BG_E_MISMATCH : r;
    }
    buf[len] = '\0';
    *line = buf;
    return BG_OK;
}
