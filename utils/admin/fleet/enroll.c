/* SPDX-License-Identifier: ISC */
/* 10 000 files with an fsync each take a minute and more on a slow disk; one sync of them all does not. */
#include "admin/fleet/fleet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/safefile.h"

#define TELL_EVERY 500

struct folders {
    int now, next; /* credentials, and beside it what is not in its place yet */
    char next_path[PATH_MAX];
};

static enum bg_err open_folders(const char *dir, struct folders *f)
{
    char path[PATH_MAX];
    enum bg_err r;

    if (!fleet_path(dir, "credentials", path) || !fleet_path(dir, "credentials.new", f->next_path))
        return BG_E_RANGE;
    if ((r = bg_open_safe(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, &f->now, NULL)) != BG_OK ||
        (r = bg_dir_make(f->next_path, 0700)) != BG_OK)
        return r;
    return bg_open_safe(AT_FDCWD, f->next_path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, &f->next, NULL);
}

static enum bg_err host_text(const struct fleet *f, const uint8_t *secret, const struct fleet_host *h,
                             char **text, size_t *len)
{
    struct bg_credential c = {.enabled = true, .has_shares = true};
    struct bg_fleet_host of = {.host = h->name, .account = f->account, .epoch = h->epoch};
    enum bg_err r;

    memcpy(of.fleet, f->id, sizeof of.fleet);
    if ((r = bg_fleet_derive(&of, secret, f->credential.shares.bytes, &c.shares, NULL)) != BG_OK)
        return r;
    (void)bg_time_rfc3339(c.shares.created);
    (void)snprintf(c.shares.label, sizeof c.shares.label, "epoch %u", h->epoch);
    return bg_credential_text(&c, text, len);
}

static enum bg_err write_one(int folder, const char *name, const char *text, size_t len)
{
    int fd;
    enum bg_err r = bg_open_safe(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600, &fd, NULL);

    if (r != BG_OK)
        return r;
    r = bg_write_all(fd, text, len);
    bg_close(fd);
    return r;
}

static enum bg_err write_all(int folder, const struct fleet *f, const uint8_t *secret,
                             const struct fleet_hosts *l, void (*tell)(size_t done, size_t all))
{
    enum bg_err r = BG_OK;

    for (size_t i = 0; r == BG_OK && i < l->n; i++) {
        char *text = NULL;
        size_t len = 0;

        if (i % TELL_EVERY == 0)
            tell(i, l->n);
        if ((r = host_text(f, secret, &l->host[i], &text, &len)) == BG_OK)
            r = write_one(folder, l->host[i].name, text, len);
        free(text);
    }
    return r;
}

/* Each in its place: from here on the new ones count. */
static enum bg_err move_all(const struct folders *f, const struct fleet_hosts *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (renameat(f->next, l->host[i].name, f->now, l->host[i].name) != 0)
            return BG_E_IO;
    return fsync(f->now) == 0 ? BG_OK : BG_E_IO;
}

enum bg_err fleet_enroll(const char *dir, const struct fleet *f, const uint8_t *secret,
                         const struct fleet_hosts *hosts, void (*tell)(size_t done, size_t all))
{
    struct folders at = {.now = -1, .next = -1};
    enum bg_err r = open_folders(dir, &at);

    if (r == BG_OK)
        r = write_all(at.next, f, secret, hosts, tell);
    if (r == BG_OK && syncfs(at.next) != 0)
        r = BG_E_IO;
    if (r == BG_OK)
        r = move_all(&at, hosts);
    else if (at.next >= 0)
        for (size_t i = 0; i < hosts->n; i++)
            (void)unlinkat(at.next, hosts->host[i].name, 0);
    bg_close(at.now);
    bg_close(at.next);
    (void)rmdir(at.next_path);
    return r;
}
