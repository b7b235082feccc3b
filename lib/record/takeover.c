#include "record/takeover.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/msg.h"
#include "record/chain.h"
#include "record/render.h"
#include "record/segment.h"
#include "record/messages.h"

enum bg_err bg_repaired_event(const char *where, const char *bytes, size_t n, json_t **out)
{
    struct bg_event e = BG_EVENT_INIT;
    char hash[BG_HASH_HEX + 1], count[24], text[BG_MSG_MAX], detail[160];
    enum bg_err r;

    if ((r = bg_sha256_hex(bytes, n, hash)) != BG_OK)
        return r;
    (void)snprintf(count, sizeof count, "%zu", n);
    (void)bg_msg_text(text, sizeof text, BG_M_JOURNAL_REPAIRED, BG_ARGS(count, where));
    (void)snprintf(detail, sizeof detail, "%zu bytes, sha256 %s", n, hash);
    e.type = BG_EV_JOURNAL_REPAIRED;
    e.success = true;
    e.message = text;
    e.detail = detail;
    return bg_event_render(&e, out);
}

static enum bg_err load_oldest(struct bg_takeover *t)
{
    struct bg_segments list;
    off_t size;
    int fd;
    enum bg_err r;

    if ((r = bg_segdir_list(t->dir, &list)) != BG_OK)
        return r;
    if (list.count == 0)
        return BG_E_NOENT; /* number is NULL then */
    t->number = list.number[0];
    free(list.number);
    if ((r = bg_segment_open(t->dir, t->number, O_RDONLY, &fd, &size)) != BG_OK)
        return r;
    r = bg_segment_load(fd, 0, size, &t->buf, &t->len);
    (void)close(fd);
    return r;
}

enum bg_err bg_takeover_begin(const char *path, struct bg_takeover *t)
{
    enum bg_err r;

    memset(t, 0, sizeof *t);
    if ((r = bg_segdir_open(path, 0, &t->dir)) != BG_OK)
        return r;
    if ((r = bg_segdir_lock(t->dir, bg_deadline(0), &t->lock)) != BG_OK) {
        (void)close(t->dir);
        return r;
    }
    if ((r = load_oldest(t)) != BG_OK)
        bg_takeover_end(t, false);
    return r;
}

void bg_takeover_end(struct bg_takeover *t, bool remove)
{
    char name[BG_SEGMENT_NAME];

    bg_segment_name(name, t->number);
    if (remove)
        (void)unlinkat(t->dir, name, 0);
    free(t->buf);
    (void)close(t->lock);
    (void)close(t->dir);
}

/* The newest two segments of the journal in one piece: where a line that was taken over already must be. */
static enum bg_err load_recent(int journal, char **buf, size_t *len)
{
    struct bg_segments list;
    char *all = NULL;
    size_t n = 0;
    enum bg_err r;

    if ((r = bg_segdir_list(journal, &list)) != BG_OK)
        return r;
    for (size_t i = list.count > 2 ? list.count - 2 : 0; i < list.count && r == BG_OK; i++) {
        char *piece = NULL, *more;
        size_t got = 0;
        off_t size;
        int fd;
        if ((r = bg_segment_open(journal, list.number[i], O_RDONLY, &fd, &size)) != BG_OK)
            break;
        r = bg_segment_load(fd, 0, size, &piece, &got);
        (void)close(fd);
        if (r == BG_OK && (more = realloc(all, n + got + 1)) != NULL) {
            all = more;
            memcpy(all + n, piece, got);
            n += got;
        } else if (r == BG_OK) {
            r = BG_E_NOMEM;
        }
        free(piece);
    }
    free(list.number);
    if (r != BG_OK) {
        free(all);
        return r;
    }
    *buf = all;
    *len = n;
    return BG_OK;
}

/* A kill between the journal's fsync and the removal of the segment must not write an event twice. Inside a
 * string the quotes would be escaped, so these bytes can only be the member itself. */
static bool known(const char *recent, size_t n, const char *id)
{
    char member[64];
    int len = snprintf(member, sizeof member, "\"id\":\"%s\"", id);

    return n > 0 && len > 0 && (size_t)len < sizeof member && memmem(recent, n, member, (size_t)len) != NULL;
}

static enum bg_err take_line(const char *line, size_t n, const char *recent, size_t recent_len,
                             bg_takeover_fn add, void *arg)
{
    struct bg_chain at;
    json_t *ev;
    enum bg_err r = bg_chain_parse(line, n, &ev, &at);

    if (r != BG_OK && (r = bg_repaired_event("the fall-back journal", line, n, &ev)) != BG_OK)
        return r;
    if (strcmp(bg_json_str(ev, "type"), bg_event_type_name(BG_EV_JOURNAL_GENESIS)) != 0 &&
        !known(recent, recent_len, bg_json_str(ev, "id")))
        r = add(arg, ev);
    json_decref(ev);
    return r;
}

enum bg_err bg_takeover_each(const struct bg_takeover *t, int journal, bg_takeover_fn add, void *arg)
{
    const char *p = t->buf, *end = t->buf + t->len;
    char *recent = NULL;
    size_t n = 0;
    enum bg_err r;

    if ((r = load_recent(journal, &recent, &n)) != BG_OK)
        return r;
    while (p < end && r == BG_OK) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        size_t len = (size_t)((nl == NULL ? end : nl) - p);
        r = take_line(p, len, recent, n, add, arg);
        p += len + 1;
    }
    free(recent);
    return r;
}
