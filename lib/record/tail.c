#include "record/tail.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STEP 65536 /* bytes looked at first; several lines of any length */

/* Offset behind the last newline before `to`, 0 when there is none. */
static enum bg_err last_newline(int fd, off_t to, off_t *end)
{
    while (to > 0) {
        off_t from = to > STEP ? to - STEP : 0;
        char *buf, *nl;
        size_t len;
        enum bg_err r = bg_segment_load(fd, from, to, &buf, &len);
        if (r != BG_OK)
            return r;
        nl = memrchr(buf, '\n', len);
        *end = nl == NULL ? 0 : from + (nl - buf) + 1;
        free(buf);
        if (nl != NULL)
            return BG_OK;
        to = from;
    }
    *end = 0;
    return BG_OK;
}

/* Go back over the lines in buf (it ends in a newline) to the newest that can be read; head is the last
 * one's. */
static enum bg_err newest_link(const char *buf, size_t len, struct bg_chain *c)
{
    char head[BG_HASH_HEX + 1] = "";
    uint64_t unread = 0;

    while (len > 0) {
        const char *nl = memrchr(buf, '\n', len - 1);
        const char *line = nl == NULL ? buf : nl + 1;
        size_t n = (size_t)(buf + len - 1 - line);
        json_t *ev;
        if (head[0] == '\0' && bg_sha256_hex(line, n, head) != BG_OK)
            return BG_E_CRYPTO;
        if (bg_chain_parse(line, n, &ev, c) == BG_OK) {
            json_decref(ev);
            memcpy(c->head, head, sizeof head);
            c->last.sequence += unread;
            return BG_OK;
        }
        unread++;
        len = (size_t)(line - buf);
    }
    return BG_E_SYNTAX;
}

static enum bg_err chain_before(int fd, off_t end, struct bg_chain *c)
{
    enum bg_err r = BG_E_SYNTAX;

    for (off_t room = STEP;; room *= 8) {
        off_t from = end > room ? end - room : 0, whole = 0;
        char *buf;
        size_t len;
        if (from > 0 && (r = last_newline(fd, from, &whole)) != BG_OK)
            return r;
        if ((r = bg_segment_load(fd, whole, end, &buf, &len)) != BG_OK)
            return r;
        r = len > 0 ? newest_link(buf, len, c) : BG_E_SYNTAX;
        free(buf);
        if (r != BG_E_SYNTAX || whole == 0)
            return r;
    }
}

/* Where complete lines end in one segment. */
static enum bg_err measure(int dir, unsigned number, int *fd, off_t *end, off_t *size)
{
    enum bg_err r = bg_segment_open(dir, number, O_RDONLY, fd, size);

    if (r == BG_OK && (r = last_newline(*fd, *size, end)) != BG_OK)
        (void)close(*fd);
    return r;
}

static enum bg_err find_in(int dir, const struct bg_segments *list, struct bg_tail *t)
{
    for (size_t i = list->count; i-- > 0;) {
        off_t end, size;
        int fd;
        enum bg_err r = measure(dir, list->number[i], &fd, &end, &size);
        if (r != BG_OK)
            return r;
        if (i == list->count - 1) {
            t->number = list->number[i];
            t->end = end;
            t->size = size;
        }
        if (end > 0) {
            t->begun = true;
            r = chain_before(fd, end, &t->chain);
        }
        (void)close(fd);
        if (end > 0 && (r != BG_E_SYNTAX || i == 0))
            return r;
    }
    return BG_OK;
}

enum bg_err bg_tail_find(int dir, struct bg_tail *t)
{
    struct bg_segments list;
    struct bg_tail found;
    enum bg_err r;

    memset(&found, 0, sizeof found);
    if ((r = bg_segdir_list(dir, &list)) != BG_OK)
        return r;
    r = find_in(dir, &list, &found);
    free(list.number);
    if (r == BG_OK)
        *t = found;
    return r;
}
