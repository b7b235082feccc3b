/* SPDX-License-Identifier: ISC */
#include "record/grant.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/host.h"
#include "base/safefile.h"
#include "record/keyring.h"

#define MAGIC    "BGGRANT1"
#define SHM_NAME "breakglass-grant-"

struct process {
    int64_t pid;
    uint64_t start;
};

/* As it is kept: written and read by this program on this boot, never moved to another machine. */
struct token {
    char magic[8];
    char account[64], use[BG_ULID_LEN + 1], boot[BG_BOOT_ID_LEN + 1];
    struct process host, parent;
    int64_t expires; /* of bg_now_ms() */
};

static const struct bg_grant_places compiled = {.run = BG_GRANTS_DIR, .shm = BG_GRANTS_SHM};

static struct process process(int64_t pid)
{
    return (struct process){.pid = pid, .start = bg_host_pid_start(pid)};
}

static bool is(const struct process *a, int64_t pid)
{
    return a->pid > 0 && a->pid == pid && a->start == bg_host_pid_start(pid);
}

/* --- files ---------------------------------------------------------------------------------------- */

enum {
    IN_RUN,
    IN_SHM
};

/* False: this place is not used. */
static bool path_of(const struct bg_grant_places *at, int which, const char *use, char out[PATH_MAX])
{
    const char *dir = which == IN_RUN ? at->run : at->shm;

    return *dir != '\0' &&
           snprintf(out, PATH_MAX, "%s/%s%s", dir, which == IN_SHM ? SHM_NAME : "", use) < PATH_MAX;
}

static bool file_put(const struct bg_grant_places *at, int which, const struct token *t)
{
    char path[PATH_MAX];
    bool good;
    int fd;

    if (!path_of(at, which, t->use, path) || (which == IN_RUN && bg_dirs_make(at->run, 0700) != BG_OK))
        return false;
    if ((fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)) < 0)
        return false;
    good = bg_write_all(fd, t, sizeof *t) == BG_OK;
    good = close(fd) == 0 && good;
    if (!good)
        bg_remove(path);
    return good;
}

static bool file_get(const struct bg_grant_places *at, int which, const char *use, struct token *t)
{
    char path[PATH_MAX], buf[sizeof *t + 1];
    size_t n;

    if (!path_of(at, which, use, path) || bg_file_read(path, buf, sizeof buf, &n) != BG_OK || n != sizeof *t)
        return false;
    memcpy(t, buf, sizeof *t);
    return true;
}

static bool file_drop(const struct bg_grant_places *at, int which, const char *use)
{
    char path[PATH_MAX];

    if (!path_of(at, which, use, path))
        return false;
    /* remounted read-only since: it stays until it expires, which is better than a door that shuts */
    return unlink(path) == 0 || (errno == EROFS && faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0);
}

/* --- the keyring ---------------------------------------------------------------------------------- */

static void key_name(char out[64], const char *use)
{
    (void)snprintf(out, 64, "breakglass:%s", use);
}

static bool key_put(const struct bg_grant_places *at, const struct token *t)
{
    char name[64];

    key_name(name, t->use);
    return !at->no_keyring && bg_keyring_put(name, t, sizeof *t, BG_GRANT_MS / 1000) == BG_OK;
}

static bool key_get(const struct bg_grant_places *at, const char *use, struct token *t)
{
    char name[64];

    key_name(name, use);
    return !at->no_keyring && bg_keyring_get(name, t, sizeof *t) == BG_OK;
}

static bool key_drop(const struct bg_grant_places *at, const char *use)
{
    char name[64];

    key_name(name, use);
    return !at->no_keyring && bg_keyring_drop(name) == BG_OK;
}

/* --- tokens --------------------------------------------------------------------------------------- */

static bool find(const struct bg_grant_places *at, const char *use, struct token *t)
{
    return bg_ulid_valid(use) &&
           (file_get(at, IN_RUN, use, t) || key_get(at, use, t) || file_get(at, IN_SHM, use, t)) &&
           memcmp(t->magic, MAGIC, sizeof t->magic) == 0 && strncmp(t->use, use, sizeof t->use) == 0;
}

static bool of_this_boot(const struct token *t)
{
    char boot[BG_BOOT_ID_LEN + 1];

    bg_host_boot_id(boot);
    return strncmp(t->boot, boot, sizeof t->boot) == 0;
}

/* Nobody comes back for a token whose login died: a new one clears the old ones away. One that cannot be read
 * may be in the middle of being written: it stays. */
static void sweep(const struct bg_grant_places *at)
{
    DIR *d = *at->run == '\0' ? NULL : opendir(at->run);
    struct dirent *de;
    struct token t;

    for (int i = 0; d != NULL && i < BG_GRANT_SWEEP && (de = readdir(d)) != NULL; i++)
        if (bg_ulid_valid(de->d_name) && file_get(at, IN_RUN, de->d_name, &t) &&
            (!of_this_boot(&t) || t.expires <= bg_now_ms()))
            (void)file_drop(at, IN_RUN, de->d_name);
    if (d != NULL)
        (void)closedir(d);
}

enum bg_err bg_grant_put(const struct bg_grant_places *at, const char *account, const char *use,
                         int64_t host_pid)
{
    struct token t;

    at = at == NULL ? &compiled : at;
    if (!bg_ulid_valid(use))
        return BG_E_SYNTAX;
    memset(&t, 0, sizeof t);
    memcpy(t.magic, MAGIC, sizeof t.magic);
    (void)snprintf(t.account, sizeof t.account, "%s", account);
    (void)snprintf(t.use, sizeof t.use, "%s", use);
    bg_host_boot_id(t.boot);
    t.host = process(host_pid);
    t.parent = process(bg_host_parent(host_pid));
    t.expires = bg_deadline(BG_GRANT_MS);
    sweep(at);
    return file_put(at, IN_RUN, &t) || key_put(at, &t) || file_put(at, IN_SHM, &t) ? BG_OK : BG_E_IO;
}

/* Is the process of the same login as the one that the token was made for? */
static bool same_login(const struct token *t, int64_t caller)
{
    if (is(&t->host, caller) || is(&t->parent, caller))
        return true;
    return t->parent.pid > 1 && is(&t->parent, bg_host_parent(caller));
}

enum bg_err bg_grant_check(const struct bg_grant_places *at, const char *account, const char *use,
                           int64_t caller)
{
    struct token t;

    at = at == NULL ? &compiled : at;
    if (!find(at, use, &t))
        return BG_E_NOENT;
    if (strncmp(t.account, account, sizeof t.account) != 0 || !of_this_boot(&t) || !same_login(&t, caller))
        return BG_E_MISMATCH;
    return t.expires > bg_now_ms() ? BG_OK : BG_E_TIMEOUT;
}

/* True when it was there and is gone now. Every place is asked, whatever the one before says. */
static bool drop(const struct bg_grant_places *at, const char *use)
{
    bool run, key, shm;

    if (!bg_ulid_valid(use))
        return false;
    run = file_drop(at, IN_RUN, use);
    key = key_drop(at, use);
    shm = file_drop(at, IN_SHM, use);
    return run || key || shm;
}

enum bg_err bg_grant_take(const struct bg_grant_places *at, const char *account, const char *use,
                          int64_t caller)
{
    enum bg_err r;

    at = at == NULL ? &compiled : at;
    if ((r = bg_grant_check(at, account, use, caller)) != BG_OK)
        return r;
    return drop(at, use) ? BG_OK : BG_E_NOENT;
}

void bg_grant_drop(const struct bg_grant_places *at, const char *use)
{
    (void)drop(at == NULL ? &compiled : at, use);
}
