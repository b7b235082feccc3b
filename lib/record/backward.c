/* SPDX-License-Identifier: ISC */
#include "record/backward.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "record/event.h"

static unsigned long count_lines(const char *buf, size_t len)
{
    unsigned long n = 0;
    const char *end = buf + len, *p = buf;

    while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
        n++;
        p++;
    }
    return n;
}

/* Of one segment, len bytes that end in a newline; false: fn had enough. */
static bool lines_back(struct bg_rawline *l, const char *buf, size_t len, bg_rawline_fn fn, void *arg)
{
    l->lineno = count_lines(buf, len);
    for (; len > 0; len = (size_t)l->at) {
        const char *nl = memrchr(buf, '\n', len - 1);
        l->text = nl == NULL ? buf : nl + 1;
        l->at = l->text - buf;
        l->len = len - 1 - (size_t)l->at;
        if (!fn(arg, l))
            return false;
        l->lineno--;
    }
    return true;
}

struct back {
    int dir;
    struct bg_linepos *end;
    bg_rawline_fn fn;
    void *arg;
    bool more;
};

static enum bg_err segment_back(struct back *b, unsigned number, bool newest)
{
    char name[BG_SEGMENT_NAME], *buf, *nl;
    struct bg_rawline l = {.segment = name, .number = number, .whole = true, .newest = newest};
    size_t len, whole;
    enum bg_err r = bg_segment_read(b->dir, number, 0, -1, &buf, &len);

    if (r != BG_OK)
        return r;
    bg_segment_name(name, number);
    nl = memrchr(buf, '\n', len); /* what stands behind it is being written, or never was finished */
    whole = nl == NULL ? 0 : (size_t)(nl - buf) + 1;
    if (newest && b->end != NULL)
        *b->end = (struct bg_linepos){.number = number, .at = (off_t)whole};
    b->more = lines_back(&l, buf, whole, b->fn, b->arg);
    free(buf);
    return BG_OK;
}

static enum bg_err open_list(const char *dir, int *d, struct bg_segments *list)
{
    enum bg_err r = bg_segdir_open(dir, false, d);

    if (r != BG_OK)
        return r;
    if ((r = bg_segdir_list(*d, list)) == BG_OK && list->count > 0)
        return BG_OK;
    (void)close(*d);
    return r == BG_OK ? BG_E_NOENT : r;
}

enum bg_err bg_lines_back(const char *dir, struct bg_linepos *end, bg_rawline_fn fn, void *arg)
{
    struct back b = {.end = end, .fn = fn, .arg = arg, .more = true};
    struct bg_segments list;
    enum bg_err r = open_list(dir, &b.dir, &list);

    if (r != BG_OK)
        return r;
    for (size_t i = list.count; r == BG_OK && b.more && i-- > 0;)
        r = segment_back(&b, list.number[i], i == list.count - 1);
    free(list.number);
    (void)close(b.dir);
    return r;
}

bool bg_line_is_older(const struct bg_rawline *l, const char *since)
{
    static const char key[] = "\"time\":\""; /* a person's quotes are escaped; data.time is a number */
    const char *at = memmem(l->text, l->len, key, sizeof key - 1);
    size_t n = strlen(since);

    if (at == NULL)
        return false;
    at += sizeof key - 1;
    return (size_t)(l->text + l->len - at) >= n && strncmp(at, since, n) < 0;
}

/* A segment that cannot be read, or has no whole line, is not left out for that. */
static bool begins_older(int dir, unsigned number, const char *since)
{
    struct bg_rawline l = {.number = number};
    bool older = false;
    char *buf, *nl;
    off_t size;
    size_t len;
    int fd;

    if (bg_segment_open(dir, number, O_RDONLY, &fd, &size) != BG_OK)
        return false;
    if (bg_segment_load(fd, 0, size < BG_LINE_MAX ? size : BG_LINE_MAX, &buf, &len) == BG_OK) {
        nl = memchr(buf, '\n', len);
        l.text = buf;
        l.len = nl == NULL ? 0 : (size_t)(nl - buf);
        older = bg_line_is_older(&l, since);
        free(buf);
    }
    (void)close(fd);
    return older;
}

enum bg_err bg_lines_since(const char *dir, const char *since, struct bg_linepos *pos)
{
    struct bg_segments list;
    bool older, next;
    size_t i = 0;
    int d;
    enum bg_err r = open_list(dir, &d, &list);

    if (r != BG_OK)
        return r;
    older = begins_older(d, list.number[0], since);
    for (; i + 1 < list.count; i++, older = next) {
        next = begins_older(d, list.number[i + 1], since);
        if (!older || !next)
            break;
    }
    *pos = (struct bg_linepos){.number = list.number[i], .at = 0};
    free(list.number);
    (void)close(d);
    return BG_OK;
}
