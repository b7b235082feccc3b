/* SPDX-License-Identifier: ISC */
/*
 * KEEP/etc is a copy of our configuration and credentials, KEEP/restore the program that puts it back on an
 * image that has none. KEEP/packages is for a person, who may put packages there that such an image lacks.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "admin/gear/gear.h"
#include "admin/run.h"
#include "base/safefile.h"

#define RESTORE     BG_HELPERDIR "/breakglass-restore"
#define RESTORE_MAX 16384
#define RUN_MS      20000

static bool run(const char *program, const char *flags, const char *from, const char *to)
{
    const char *const argv[] = {program, flags, "--", from, to, NULL};
    struct run_result res;

    if (run_program(argv, NULL, 0, 4096, RUN_MS, &res) != BG_OK)
        return false;
    free(res.out);
    return res.exit_status == 0;
}

static const char *below(enum gear g, const char *name, char out[PATH_MAX])
{
    (void)snprintf(out, PATH_MAX, "%s/%s", gears[g].keep, name);
    return out;
}

/* The program, which an image without our package must find in the copy. */
static bool keep_program(enum gear g)
{
    char text[RESTORE_MAX], old[RESTORE_MAX], path[PATH_MAX];
    size_t len, had;

    if (bg_file_read(RESTORE, text, sizeof text, &len) != BG_OK)
        return false;
    if (bg_file_read(below(g, "restore", path), old, sizeof old, &had) == BG_OK && had == len &&
        memcmp(old, text, len) == 0)
        return true;
    return bg_file_replace(path, text, len, 0755, 0, 0) == BG_OK;
}

bool gear_is_kept(enum gear g)
{
    char etc[PATH_MAX];

    return gears[g].keep == NULL ||
           (access(below(g, "restore", etc), X_OK) == 0 && access(below(g, "etc.old", etc), F_OK) != 0 &&
            run("/usr/bin/diff", "-rq", BG_CONFDIR, below(g, "etc", etc)));
}

static bool settle(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = fd >= 0 && syncfs(fd) == 0;

    bg_close(fd);
    return good;
}

/*
 * The old copy goes when the new one is in its place and on the disk; breakglass-restore takes etc.old where
 * etc is not. What an interrupted run left as etc.old may be the only one.
 */
static bool replace(enum gear g)
{
    char new[PATH_MAX], etc[PATH_MAX], old[PATH_MAX];
    bool good;

    (void)below(g, "etc", etc);
    (void)below(g, "etc.old", old);
    if (access(etc, F_OK) != 0)
        (void)rename(old, etc);
    good = run("/bin/rm", "-rf", below(g, "etc.new", new), old) && run("/bin/cp", "-a", BG_CONFDIR, new) &&
           settle(new);
    if (good && rename(etc, old) != 0)
        good = access(etc, F_OK) != 0;
    if (good && rename(new, etc) != 0) {
        (void)rename(old, etc);
        good = false;
    }
    return good && settle(etc) ? run("/bin/rm", "-rf", new, old) : (run("/bin/rm", "-rf", new, new), false);
}

bool gear_keep(enum gear g, const char **why)
{
    enum bg_err r;

    if (gears[g].keep == NULL || gear_is_kept(g))
        return true;
    if ((r = bg_dir_make(gears[g].keep, 0700)) != BG_OK) {
        *why = bg_strerror(r);
        return false;
    }
    *why = "the copy could not be written";
    return keep_program(g) && replace(g);
}

void gear_forget(enum gear g)
{
    char path[PATH_MAX], old[PATH_MAX];

    if (gears[g].keep == NULL)
        return;
    (void)!run("/bin/rm", "-rf", below(g, "etc", path), below(g, "etc.old", old));
    (void)unlink(below(g, "restore", path));
    (void)rmdir(gears[g].keep); /* unless packages are in it */
}
