/* SPDX-License-Identifier: ISC */
#include "delivery/drops.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/safefile.h"

#define LINE_MAX_ (BG_JOURNALID_LEN + 24)
#define TEXT_MAX  (BG_DROPS_MAX * LINE_MAX_ + 1)

/* By wish: what was asked for, and what it is renamed to while it is carried out. */
static const char *const asked_suffix[] = {[BG_WISH_DROP] = ".drop", [BG_WISH_AGAIN] = ".requeue"};
static const char *const taken_suffix[] = {[BG_WISH_DROP] = ".dropping", [BG_WISH_AGAIN] = ".requeueing"};

static void path_of(char out[PATH_MAX], const char *dir, const char *sink, const char *suffix)
{
    (void)snprintf(out, PATH_MAX, "%s/%s%s", dir, sink, suffix);
}

enum bg_err bg_drops_ask(const char *dir, const char *sink, enum bg_wish wish, const struct bg_position *at)
{
    char path[PATH_MAX], text[TEXT_MAX + LINE_MAX_] = "";
    size_t len = 0;
    enum bg_err r;

    path_of(path, dir, sink, asked_suffix[wish]);
    if ((r = bg_file_read(path, text, TEXT_MAX, &len)) != BG_OK && r != BG_E_NOENT)
        return r;
    len += (size_t)snprintf(text + len, LINE_MAX_, "%s %" PRIu64 "\n", at->journalid, at->sequence);
    return len >= TEXT_MAX ? BG_E_RANGE : bg_file_replace(path, text, len, 0644, (uid_t)-1, (gid_t)-1);
}

bool bg_drops_wait(const char *dir, const char *sink, enum bg_wish wish)
{
    char asked[PATH_MAX], taken[PATH_MAX];

    path_of(asked, dir, sink, asked_suffix[wish]);
    path_of(taken, dir, sink, taken_suffix[wish]);
    return access(asked, F_OK) == 0 || access(taken, F_OK) == 0;
}

static bool parse(const char *line, struct bg_position *at)
{
    char *end;

    if (strspn(line, "0123456789abcdef") != BG_JOURNALID_LEN || line[BG_JOURNALID_LEN] != ' ')
        return false;
    memcpy(at->journalid, line, BG_JOURNALID_LEN);
    at->journalid[BG_JOURNALID_LEN] = '\0';
    at->sequence = strtoull(line + BG_JOURNALID_LEN + 1, &end, 10);
    return *end == '\n' && at->sequence > 0;
}

unsigned bg_drops_take(const char *dir, const char *sink, enum bg_wish wish, struct bg_position *at)
{
    char asked[PATH_MAX], taken[PATH_MAX], text[TEXT_MAX];
    size_t len = 0;
    unsigned n = 0;
    enum bg_err r;

    path_of(asked, dir, sink, asked_suffix[wish]);
    path_of(taken, dir, sink, taken_suffix[wish]);
    if (access(taken, F_OK) != 0 && rename(asked, taken) != 0)
        return 0;
    if ((r = bg_file_read(taken, text, sizeof text, &len)) != BG_OK) {
        if (r == BG_E_UNSAFE || r == BG_E_RANGE) /* else it may be read later */
            (void)unlink(taken);
        return 0;
    }
    for (const char *p = text; n < BG_DROPS_MAX && *p != '\0' && parse(p, &at[n]); n++)
        p = strchr(p, '\n') + 1;
    if (n == 0)
        (void)unlink(taken);
    return n;
}

void bg_drops_done(const char *dir, const char *sink, enum bg_wish wish)
{
    char taken[PATH_MAX];

    path_of(taken, dir, sink, taken_suffix[wish]);
    (void)unlink(taken);
}
