/* SPDX-License-Identifier: ISC */
#include "admin/fleet/fleet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/safefile.h"
#include "base/text.h"

static int by_name(const void *a, const void *b)
{
    const struct fleet_host *x = a, *y = b;

    return strcmp(x->name, y->name);
}

static enum bg_err fault(struct bg_ini_error *e, unsigned line, const char *what)
{
    e->line = line;
    (void)snprintf(e->text, sizeof e->text, "%s", what);
    return BG_E_SYNTAX;
}

/* One line without its newline. *h is filled when *used. */
static enum bg_err read_line(char *line, bool epochs, struct fleet_host *h, bool *used,
                             struct bg_ini_error *e)
{
    char *epoch;

    *used = bg_text_trim(line) > 0 && line[0] != '#';
    if (!*used)
        return BG_OK;
    epoch = line + strcspn(line, " \t");
    if (epochs && *epoch != '\0')
        *epoch++ = '\0';
    if (!bg_fleet_host_valid(line))
        return fault(
            e, h->line,
            "not the name of a host: at most 253 of a-z, 0-9, \".\", \"-\" and \"_\", one name a line");
    if (epochs && !bg_number(epoch, 1, BG_FLEET_EPOCH_MAX, &h->epoch))
        return fault(e, h->line, "no epoch (a whole number from 1) behind the host's name");
    (void)snprintf(h->name, sizeof h->name, "%s", line);
    return BG_OK;
}

static enum bg_err read_lines(char *text, size_t len, bool epochs, struct fleet_hosts *l,
                              struct bg_ini_error *e)
{
    const char *end = text + len;
    unsigned line = 0;
    bool used;
    enum bg_err r;

    for (char *at = text; at < end;) {
        char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t n = stop == NULL ? (size_t)(end - at) : (size_t)(stop - at);
        struct fleet_host *h = &l->host[l->n];

        *h = (struct fleet_host){.line = ++line};
        if (memchr(at, '\0', n) != NULL)
            return fault(e, line, "a zero byte");
        at[n] = '\0';
        if ((r = read_line(at, epochs, h, &used, e)) != BG_OK)
            return r;
        l->n += used;
        at += n + 1;
    }
    return BG_OK;
}

/* The second of two, as they stand in the file, is the one at fault. */
static enum bg_err sort(struct fleet_hosts *l, struct bg_ini_error *e)
{
    qsort(l->host, l->n, sizeof *l->host, by_name);
    for (size_t i = 1; i < l->n; i++)
        if (strcmp(l->host[i - 1].name, l->host[i].name) == 0) {
            unsigned a = l->host[i - 1].line, b = l->host[i].line;
            return fault(e, a > b ? a : b, "the same host a second time");
        }
    return BG_OK;
}

enum bg_err fleet_hosts_parse(const char *text, size_t len, bool epochs, struct fleet_hosts *out,
                              struct bg_ini_error *e)
{
    struct fleet_hosts l = {0};
    char *copy = malloc(len + 1);
    size_t lines = 1;
    enum bg_err r = BG_E_NOMEM;

    for (size_t i = 0; i < len; i++)
        lines += text[i] == '\n';
    if (lines > FLEET_HOSTS_MAX)
        r = fault(e, FLEET_HOSTS_MAX, "more lines than a list of hosts may have");
    else if (copy != NULL && (l.host = calloc(lines, sizeof *l.host)) != NULL) {
        memcpy(copy, text, len);
        copy[len] = '\0';
        if ((r = read_lines(copy, len, epochs, &l, e)) == BG_OK)
            r = sort(&l, e);
    }
    free(copy);
    if (r == BG_OK)
        *out = l;
    else
        free(l.host);
    return r;
}

enum bg_err fleet_hosts_read(const char *path, bool epochs, struct fleet_hosts *out, struct bg_ini_error *e)
{
    char *text = NULL;
    size_t len;
    enum bg_err r = bg_file_slurp(path, FLEET_FILE_MAX, &text, &len);

    if (r == BG_OK)
        r = fleet_hosts_parse(text, len, epochs, out, e);
    else
        (void)fault(e, 0, bg_strerror(r));
    free(text);
    return r;
}

struct fleet_host *fleet_hosts_find(const struct fleet_hosts *l, const char *name)
{
    struct fleet_host key;

    if (l->n == 0 || strlen(name) >= sizeof key.name)
        return NULL;
    (void)snprintf(key.name, sizeof key.name, "%s", name);
    return bsearch(&key, l->host, l->n, sizeof key, by_name);
}

enum bg_err fleet_hosts_join(struct fleet_hosts *l, struct fleet_hosts *more, bool next)
{
    struct fleet_host *all;
    size_t n = l->n;

    if (l->n + more->n > FLEET_HOSTS_MAX)
        return BG_E_RANGE;
    for (size_t i = 0; i < more->n; i++) {
        const struct fleet_host *known = fleet_hosts_find(l, more->host[i].name);
        more->host[i].epoch = known == NULL ? 1 : known->epoch + next;
        if (more->host[i].epoch > BG_FLEET_EPOCH_MAX)
            return BG_E_RANGE;
    }
    if ((all = calloc(l->n + more->n + 1, sizeof *all)) == NULL)
        return BG_E_NOMEM;
    if (l->n > 0)
        memcpy(all, l->host, l->n * sizeof *all);
    for (size_t i = 0; i < more->n; i++) {
        const struct fleet_host *known = fleet_hosts_find(l, more->host[i].name);
        all[known == NULL ? n++ : (size_t)(known - l->host)] = more->host[i];
    }
    qsort(all, n, sizeof *all, by_name);
    free(l->host);
    *l = (struct fleet_hosts){all, n};
    return BG_OK;
}

static void put_hosts(FILE *to, const void *what)
{
    const struct fleet_hosts *l = what;

    (void)fputs("# Written by \"breakglass fleet\": a host, and the epoch of its newest credentials file.\n",
                to);
    for (size_t i = 0; i < l->n; i++)
        (void)fprintf(to, "%s %u\n", l->host[i].name, l->host[i].epoch);
}

enum bg_err fleet_hosts_write(const char *path, const struct fleet_hosts *l)
{
    return fleet_put(path, put_hosts, l);
}

void fleet_hosts_free(struct fleet_hosts *l)
{
    free(l->host);
    *l = (struct fleet_hosts){0};
}
