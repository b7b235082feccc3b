#include "record/lines.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct walk {
    int dir;
    const struct bg_segments *list;
    off_t newest_bytes;
    bg_rawline_fn fn;
    void *arg;
};

bool bg_line_has(const struct bg_rawline *l, const char *key, const char *value)
{
    char member[128];
    int n = snprintf(member, sizeof member, "\"%s\":\"%s\"", key, value);

    return n > 0 && (size_t)n < sizeof member && memmem(l->text, l->len, member, (size_t)n) != NULL;
}

/* Hand out the lines of one loaded segment; false when the callback had enough. */
static bool each_line(const struct walk *w, struct bg_rawline *l, const char *buf, size_t len)
{
    const char *p = buf, *end = buf + len;
    off_t base = l->at;

    while (p < end) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        l->text = p;
        l->len = (size_t)((nl == NULL ? end : nl) - p);
        l->at = base + (p - buf);
        l->whole = nl != NULL;
        if (!w->fn(w->arg, l))
            return false;
        if (l->lineno > 0)
            l->lineno++;
        p += l->len + 1;
    }
    return true;
}

/* One segment from offset `from` on; *more tells whether to go on. */
static enum bg_err one_segment(const struct walk *w, size_t i, off_t from, bool *more)
{
    char name[BG_SEGMENT_NAME], *buf, *start;
    struct bg_rawline l = {.number = w->list->number[i], .newest = i == w->list->count - 1};
    off_t size;
    size_t len;
    int fd;
    enum bg_err r;

    if ((r = bg_segment_open(w->dir, l.number, O_RDONLY, &fd, &size)) != BG_OK)
        return r;
    r = bg_segment_load(fd, from < size ? from : size, size, &buf, &len);
    (void)close(fd);
    if (r != BG_OK)
        return r;
    start = buf;
    if (from > 0 && (start = memchr(buf, '\n', len)) != NULL)
        start++; /* the first one is cut */
    if (start != NULL) {
        bg_segment_name(name, l.number);
        l.segment = name;
        l.lineno = from > 0 ? 0 : 1;
        l.at = from + (start - buf);
        *more = each_line(w, &l, start, len - (size_t)(start - buf));
    }
    free(buf);
    return BG_OK;
}

/* Where to begin so that about newest_bytes are read: segment index and offset in it. */
static enum bg_err start_at(const struct walk *w, size_t *first, off_t *from)
{
    off_t left = w->newest_bytes;
    size_t i = w->newest_bytes == 0 ? 0 : w->list->count;

    *from = 0;
    while (i > 0 && left > 0) {
        off_t size;
        int fd;
        enum bg_err r = bg_segment_open(w->dir, w->list->number[--i], O_RDONLY, &fd, &size);
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
    struct bg_segments list = {NULL, 0};
    struct walk w = {.list = &list, .newest_bytes = newest_bytes, .fn = fn, .arg = arg};
    off_t from = 0;
    size_t i = 0;
    bool more = true;
    enum bg_err r;

    if ((r = bg_segdir_open(dir, 0, &w.dir)) != BG_OK)
        return r;
    if ((r = bg_segdir_list(w.dir, &list)) == BG_OK)
        r = list.count == 0 ? BG_E_NOENT : start_at(&w, &i, &from);
    for (; r == BG_OK && i < list.count && more; i++, from = 0)
        r = one_segment(&w, i, from, &more);
    free(list.number);
    (void)close(w.dir);
    return r;
}

struct after {
    struct bg_linepos *pos;
    bg_rawline_fn fn;
    void *arg;
    bool stopped;
};

static bool pass(void *arg, const struct bg_rawline *l)
{
    struct after *a = arg;

    if (!l->whole) /* being written: next time */
        return false;
    if (!a->fn(a->arg, l)) {
        a->stopped = true;
        return false;
    }
    a->pos->number = l->number;
    a->pos->at = l->at + (off_t)l->len + 1;
    return true;
}

static enum bg_err after_in(const struct walk *w, size_t i, struct after *a)
{
    char name[BG_SEGMENT_NAME], *buf;
    struct bg_rawline l = {.segment = name, .number = w->list->number[i], .newest = i == w->list->count - 1};
    struct walk inner = {.fn = pass, .arg = a};
    off_t size, from = l.number == a->pos->number ? a->pos->at : 0;
    size_t len;
    int fd;
    enum bg_err r;

    if ((r = bg_segment_open(w->dir, l.number, O_RDONLY, &fd, &size)) != BG_OK)
        return r;
    if (from > size)
        r = BG_E_MISMATCH;
    else
        r = bg_segment_load(fd, from, size, &buf, &len);
    (void)close(fd);
    if (r != BG_OK)
        return r;
    bg_segment_name(name, l.number);
    l.at = from;
    (void)each_line(&inner, &l, buf, len);
    free(buf);
    return BG_OK;
}

enum bg_err bg_lines_after(const char *dir, struct bg_linepos *pos, bg_rawline_fn fn, void *arg)
{
    struct bg_segments list = {NULL, 0};
    struct walk w = {.list = &list};
    struct after a = {.pos = pos, .fn = fn, .arg = arg};
    bool found = pos->number == 0;
    enum bg_err r;

    if ((r = bg_segdir_open(dir, 0, &w.dir)) != BG_OK)
        return r;
    r = bg_segdir_list(w.dir, &list);
    if (r == BG_OK && list.count == 0)
        r = BG_E_NOENT;
    for (size_t i = 0; r == BG_OK && i < list.count; i++)
        found = found || list.number[i] == pos->number;
    if (r == BG_OK && !found)
        r = BG_E_MISMATCH;
    for (size_t i = 0; r == BG_OK && i < list.count && !a.stopped; i++)
        if (list.number[i] >= pos->number)
            r = after_in(&w, i, &a);
    free(list.number);
    (void)close(w.dir);
    return r;
}

enum bg_err bg_line_read(const char *dir, const struct bg_linepos *pos, size_t len, char **line)
{
    off_t size, end = pos->at + (off_t)len + 1;
    char *buf = NULL;
    size_t got = 0;
    int d, fd;
    enum bg_err r;

    if ((r = bg_segdir_open(dir, 0, &d)) != BG_OK)
        return r;
    r = bg_segment_open(d, pos->number, O_RDONLY, &fd, &size);
    (void)close(d);
    if (r != BG_OK)
        return r == BG_E_NOENT ? BG_E_MISMATCH : r;
    r = end > size ? BG_E_MISMATCH : bg_segment_load(fd, pos->at, end, &buf, &got);
    (void)close(fd);
    if (r == BG_OK && (got != len + 1 || buf[len] != '\n' || memchr(buf, '\n', len) != NULL))
        r = BG_E_MISMATCH;
    if (r != BG_OK) {
        free(buf);
        return r;
    }
    buf[len] = '\0';
    *line = buf;
    return BG_OK;
}
