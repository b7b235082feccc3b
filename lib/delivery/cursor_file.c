/* SPDX-License-Identifier: ISC */
/* Cursors as files: text, parsing, the two directories. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/safefile.h"
#include "delivery/cursor.h"

#define HEAD "breakglass-cursor 1\n"

/* Lines with a key and a time or a number. */
static const struct {
    const char *key;
    size_t at;
} numbers[] = {{"refusing", offsetof(struct bg_cursor, refusing)},
               {"not-before", offsetof(struct bg_cursor, not_before)},
               {"not-before-common", offsetof(struct bg_cursor, not_before_common)},
               {"acked", offsetof(struct bg_cursor, acked)},
               {"failing", offsetof(struct bg_cursor, failing)},
               {"full", offsetof(struct bg_cursor, full)},
               {"sent", offsetof(struct bg_cursor, sent)},
               {"certificate", offsetof(struct bg_cursor, certificate)}};

static const char *const defers[BG_DEFERS] = {"", "silent", "asked", "rate", "refused"};

const char *bg_defer_name(enum bg_defer d)
{
    return defers[d];
}

static void put_chain(FILE *out, const struct bg_cursor_chain *h)
{
    (void)fprintf(out, "chain %s %" PRIu64 "\n", h->journalid, h->floor);
    if (h->last > 0)
        (void)fprintf(out, "last %" PRIu64 " %s\n", h->last, h->last_hash);
    for (unsigned i = 0; i < h->ranges; i++)
        (void)fprintf(out, "done %" PRIu64 " %" PRIu64 "\n", h->range[i].from, h->range[i].to);
    for (unsigned i = 0; i < h->n_refused; i++)
        (void)fprintf(out, "refused %" PRIu64 "\n", h->refused[i]);
}

static void put_line(FILE *out, const char *key, const struct bg_cursor_line *l)
{
    if (l->sequence > 0)
        (void)fprintf(out, "%s %s %" PRIu64 " %s%s%s\n", key, l->journalid, l->sequence, l->hash,
                      l->boot[0] != '\0' ? " " : "", l->boot);
}

enum bg_err bg_cursor_print(const struct bg_cursor *c, char *text, size_t *len)
{
    FILE *out = fmemopen(text, BG_CURSOR_MAX, "w"); /* the longest cursor fits */
    char sum[BG_HASH_HEX + 1];
    enum bg_err r = BG_E_IO;

    if (out == NULL)
        return BG_E_NOMEM;
    (void)fprintf(out, HEAD "saved %" PRId64 "\n", c->saved);
    for (unsigned i = 0; i < c->chains; i++)
        put_chain(out, &c->chain[i]);
    put_line(out, "journal", &c->journal);
    put_line(out, "lost", &c->lost);
    if (c->began.sequence > 0)
        (void)fprintf(out, "began %s %" PRIu64 "\n", c->began.journalid, c->began.sequence);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        (void)fprintf(out, "%s %" PRId64 "\n", numbers[i].key,
                      *(const int64_t *)(const void *)((const char *)c + numbers[i].at));
    if (c->why != BG_DEFER_NOT)
        (void)fprintf(out, "deferred %" PRId64 " %s\n", c->deferred, defers[c->why]);
    if (c->boot[0] != '\0')
        (void)fprintf(out, "boot %s %" PRId64 " %" PRId64 "\n", c->boot, c->acked_boot, c->error_boot);
    (void)fprintf(out, "error %" PRId64 " %s\n", c->error_at, c->error);
    if (fflush(out) == 0 && (r = bg_sha256_hex(text, (size_t)ftell(out), sum)) == BG_OK) {
        (void)fprintf(out, "sum %s\n", sum);
        *len = (size_t)ftell(out);
    }
    if (fclose(out) != 0)
        r = BG_E_IO;
    return r;
}

/* --- parsing: only lines whose sum holds come here, so it is strict and simple ----------------------- */

/* A number and the one character after it; NULL when there is none. */
static const char *number(const char *p, uint64_t *v, char end)
{
    char *stop;

    if (*p < '0' || *p > '9')
        return NULL;
    errno = 0;
    *v = strtoull(p, &stop, 10);
    return errno == 0 && *stop == end ? stop + (end != '\0') : NULL;
}

static bool hex(const char *p, size_t n)
{
    return strspn(p, "0123456789abcdef") == n;
}

static bool take_chain(struct bg_cursor *c, const char *p)
{
    char id[BG_JOURNALID_LEN + 1];
    struct bg_cursor_chain *h;
    uint64_t v;

    if (!hex(p, BG_JOURNALID_LEN) || p[BG_JOURNALID_LEN] != ' ' || c->chains == BG_CURSOR_CHAINS)
        return false;
    memcpy(id, p, BG_JOURNALID_LEN);
    id[BG_JOURNALID_LEN] = '\0';
    if (number(p + BG_JOURNALID_LEN + 1, &v, '\0') == NULL || bg_cursor_chain(c, id, false) != NULL)
        return false;
    h = bg_cursor_chain(c, id, true);
    h->floor = v;
    return true;
}

static bool take_in_chain(struct bg_cursor_chain *h, const char *key, const char *p)
{
    uint64_t a, b;

    if (strcmp(key, "last") == 0) {
        if ((p = number(p, &a, ' ')) == NULL || !hex(p, BG_HASH_HEX) || p[BG_HASH_HEX] != '\0')
            return false;
        h->last = a;
        memcpy(h->last_hash, p, BG_HASH_HEX + 1);
        return true;
    }
    if (strcmp(key, "refused") == 0 || strcmp(key, "dead") == 0) {
        if (number(p, &a, '\0') == NULL || h->n_refused == BG_CURSOR_REFUSED)
            return false;
        bg_cursor_refuse(h, a);
        return true;
    }
    if ((p = number(p, &a, ' ')) == NULL || number(p, &b, '\0') == NULL || a > b || a <= h->floor + 1 ||
        h->ranges == BG_CURSOR_RANGES || (h->ranges > 0 && a <= h->range[h->ranges - 1].to + 1))
        return false;
    h->range[h->ranges++] = (struct bg_cursor_range){a, b};
    return true;
}

static bool take_time(int64_t *field, const char *p, char end, const char **rest)
{
    uint64_t v;

    if ((p = number(p, &v, end)) == NULL || v > INT64_MAX)
        return false;
    *field = (int64_t)v;
    if (rest != NULL)
        *rest = p;
    return true;
}

static bool take_boot(struct bg_cursor *c, const char *p)
{
    const char *rest;

    if (strnlen(p, BG_BOOT_ID_LEN + 1) <= BG_BOOT_ID_LEN || p[BG_BOOT_ID_LEN] != ' ')
        return false;
    memcpy(c->boot, p, BG_BOOT_ID_LEN);
    return take_time(&c->acked_boot, p + BG_BOOT_ID_LEN + 1, ' ', &rest) &&
           take_time(&c->error_boot, rest, '\0', NULL);
}

static bool take_deferred(struct bg_cursor *c, const char *p)
{
    const char *rest;

    if (!take_time(&c->deferred, p, ' ', &rest))
        return false;
    for (int d = BG_DEFER_NOT + 1; d < BG_DEFERS; d++)
        if (strcmp(rest, defers[d]) == 0)
            c->why = (enum bg_defer)d;
    return c->why != BG_DEFER_NOT;
}

static bool take_error(struct bg_cursor *c, const char *p)
{
    const char *rest;

    if (!take_time(&c->error_at, p, ' ', &rest))
        return false;
    for (p = rest; *p != '\0'; p++)
        if (*p < ' ' || *p > '~')
            return false;
    return (size_t)snprintf(c->error, sizeof c->error, "%s", rest) < sizeof c->error;
}

static bool take_seen(struct bg_cursor_line *l, const char *p)
{
    if (!hex(p, BG_JOURNALID_LEN) || p[BG_JOURNALID_LEN] != ' ')
        return false;
    memcpy(l->journalid, p, BG_JOURNALID_LEN);
    if ((p = number(p + BG_JOURNALID_LEN + 1, &l->sequence, ' ')) == NULL || l->sequence == 0 ||
        !hex(p, BG_HASH_HEX))
        return false;
    memcpy(l->hash, p, BG_HASH_HEX);
    p += BG_HASH_HEX;
    if (*p == '\0') /* of an older program */
        return true;
    if (*p != ' ' || strlen(p + 1) != BG_BOOT_ID_LEN)
        return false;
    memcpy(l->boot, p + 1, BG_BOOT_ID_LEN);
    return true;
}

static bool take_began(struct bg_position *at, const char *p)
{
    if (!hex(p, BG_JOURNALID_LEN) || p[BG_JOURNALID_LEN] != ' ')
        return false;
    memcpy(at->journalid, p, BG_JOURNALID_LEN);
    return number(p + BG_JOURNALID_LEN + 1, &at->sequence, '\0') != NULL && at->sequence > 0;
}

static bool take_line(struct bg_cursor *c, char *line)
{
    static const char *const in_chain[] = {"last", "done", "refused", "dead"};
    char *value = strchr(line, ' ');

    if (value == NULL)
        return false;
    *value++ = '\0';
    if (strcmp(line, "chain") == 0)
        return take_chain(c, value);
    for (size_t i = 0; i < sizeof in_chain / sizeof in_chain[0]; i++)
        if (strcmp(line, in_chain[i]) == 0)
            return c->chains > 0 && take_in_chain(&c->chain[c->chains - 1], line, value);
    if (strcmp(line, "saved") == 0)
        return take_time(&c->saved, value, '\0', NULL);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (strcmp(line, numbers[i].key) == 0)
            return take_time((int64_t *)(void *)((char *)c + numbers[i].at), value, '\0', NULL);
    if (strcmp(line, "deferred") == 0)
        return take_deferred(c, value);
    if (strcmp(line, "journal") == 0 || strcmp(line, "lost") == 0)
        return take_seen(*line == 'j' ? &c->journal : &c->lost, value);
    if (strcmp(line, "began") == 0)
        return take_began(&c->began, value);
    if (strcmp(line, "boot") == 0)
        return take_boot(c, value);
    if (strcmp(line, "gone") == 0) /* of an older program */
        return hex(value, BG_HASH_HEX) && value[BG_HASH_HEX] == '\0';
    return strcmp(line, "error") == 0 && take_error(c, value);
}

/* Where the last line, "sum HEX", begins, if it is the right one. */
static bool sum_holds(const char *text, size_t len, size_t *body)
{
    char sum[BG_HASH_HEX + 1];
    size_t tail = strlen("sum ") + BG_HASH_HEX + 1;

    if (len < tail + strlen(HEAD) || text[len - 1] != '\n' || memchr(text, '\0', len) != NULL)
        return false;
    *body = len - tail;
    return memcmp(text + *body, "sum ", 4) == 0 && bg_sha256_hex(text, *body, sum) == BG_OK &&
           memcmp(text + *body + 4, sum, BG_HASH_HEX) == 0;
}

enum bg_err bg_cursor_parse(const char *text, size_t len, struct bg_cursor *c)
{
    static struct bg_cursor read; /* large; parsing is not re-entered */
    size_t body = 0;
    char *copy;
    bool good;

    if (!sum_holds(text, len, &body) || memcmp(text, HEAD, strlen(HEAD)) != 0)
        return BG_E_SYNTAX;
    if ((copy = strndup(text, body)) == NULL)
        return BG_E_NOMEM;
    memset(&read, 0, sizeof read);
    good = true;
    for (char *save = NULL, *line = strtok_r(copy + strlen(HEAD), "\n", &save); good && line != NULL;
         line = strtok_r(NULL, "\n", &save))
        good = take_line(&read, line);
    free(copy);
    if (good && bg_cursor_refusals(&read) > 0 && read.refusing == 0)
        read.refusing = read.error_at > 0 ? read.error_at : read.saved; /* of an older program */
    if (good)
        *c = read;
    return good ? BG_OK : BG_E_SYNTAX;
}

/* --- files ------------------------------------------------------------------------------------------- */

/*
 * Not bg_file_read: the file belongs to the user that delivers, which need not be root. It must be a regular
 * file of bounded size, no more; what it says can only delay or repeat an alarm of that sink.
 */
static enum bg_err read_file(const char *dir, const char *name, char *buf, size_t *len)
{
    char path[PATH_MAX];
    struct stat st;
    ssize_t got = 0;
    int fd;
    enum bg_err r = BG_OK;

    if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, name) >= sizeof path)
        return BG_E_RANGE;
    if ((fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)) < 0)
        return errno == ENOENT ? BG_E_NOENT : BG_E_IO;
    if (fstat(fd, &st) != 0)
        r = BG_E_IO;
    else if (!S_ISREG(st.st_mode))
        r = BG_E_UNSAFE;
    else if ((got = read(fd, buf, BG_CURSOR_MAX)) < 0)
        r = BG_E_IO;
    bg_close(fd);
    if (r != BG_OK)
        return r;
    *len = (size_t)got;
    return BG_OK;
}

static enum bg_err load_one(const char *dir, const char *name, struct bg_cursor *c)
{
    char *buf = malloc(BG_CURSOR_MAX);
    size_t len = 0;
    enum bg_err r = BG_E_NOMEM;

    if (buf == NULL)
        return r;
    if ((r = read_file(dir, name, buf, &len)) == BG_OK)
        r = bg_cursor_parse(buf, len, c);
    free(buf);
    return r;
}

static struct bg_cursor_dirs dirs(const struct bg_cursor_dirs *at)
{
    static const struct bg_cursor_dirs compiled = {.run = BG_CURSORS_RUN, .state = BG_CURSORS_STATE};

    return at == NULL ? compiled : *at;
}

enum bg_err bg_cursor_load(const struct bg_cursor_dirs *at, const char *name, bool only_run,
                           struct bg_cursor *c)
{
    static struct bg_cursor run, state;
    enum bg_err r, s = BG_E_NOENT;

    memset(c, 0, sizeof *c);
    r = load_one(dirs(at).run, name, &run);
    if (!only_run)
        s = load_one(dirs(at).state, name, &state);
    if (r != BG_OK && s != BG_OK)
        return r == BG_E_NOENT ? s : r;
    /* every save holds all that was known, so the newer one is enough */
    *c = r == BG_OK && (s != BG_OK || run.saved >= state.saved) ? run : state;
    return BG_OK;
}

static enum bg_err save_one(const char *dir, const char *name, const char *text, size_t len)
{
    char path[PATH_MAX];

    if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, name) >= sizeof path)
        return BG_E_RANGE;
    return bg_file_replace(path, text, len, 0640, (uid_t)-1, (gid_t)-1);
}

enum bg_err bg_cursor_save(const struct bg_cursor_dirs *at, const char *name, struct bg_cursor *c)
{
    char *text = malloc(BG_CURSOR_MAX);
    size_t len = 0;
    int64_t wall;
    enum bg_err r = BG_E_NOMEM;

    if (text == NULL)
        return r;
    wall = bg_wall_ms();
    c->saved =
        wall > c->saved ? wall : c->saved + 1; /* a clock that was set back must not make it the older one */
    if ((r = bg_cursor_print(c, text, &len)) == BG_OK) {
        /* /run first: a login that waits for it must not wait for a disk */
        (void)!save_one(dirs(at).run, name, text, len);
        r = save_one(dirs(at).state, name, text, len);
    }
    free(text);
    return r;
}
