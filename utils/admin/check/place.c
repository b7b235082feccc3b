/* SPDX-License-Identifier: ISC */
#include "admin/check/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "admin/check/facts.h"
#include "base/child.h"
#include "base/text.h"

#define LOOK_MS 1000
#define LINKS   40

/* By a program of this host, whatever that asks in its turn. */
static bool is_served(const char *fs)
{
    return strcmp(fs, "fuse") == 0 || strncmp(fs, "fuse.", 5) == 0;
}

static bool is_remote(const char *fs)
{
    static const char *const types[] = {"nfs",      "nfs4",   "cifs",  "smb3",      "smbfs",  "afs",
                                        "ceph",     "gfs2",   "ocfs2", "glusterfs", "lustre", "beegfs",
                                        "gpfs",     "coda",   "davfs", "orangefs",  "ncpfs",  "9p",
                                        "virtiofs", "autofs", NULL};

    return bg_among(types, fs) || is_served(fs);
}

/* "\040" is a blank in mountinfo and fstab. */
static void unescape(char *s)
{
    char *to = s;

    for (; *s != '\0'; s++, to++) {
        *to = *s;
        if (s[0] == '\\' && strspn(s + 1, "01234567") >= 3) {
            *to = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
            s += 3;
        }
    }
    *to = '\0';
}

/* What the walk knows. */
struct way {
    char *mounts, *fstab; /* the files, NULL without */
    struct place *p;
};

/* The type of what is mounted exactly there, the last of several; "" for none. */
static void mounted(const char *mountinfo, const char *path, char *fs, size_t cap)
{
    char at[PATH_MAX], type[32];

    fs[0] = '\0';
    for (const char *line = mountinfo; line != NULL && *line != '\0';) {
        const char *dash = strstr(line, " - "), *end = strchr(line, '\n');
        if (dash != NULL && (end == NULL || dash < end) && sscanf(line, "%*s %*s %*s %*s %4095s", at) == 1 &&
            sscanf(dash + 3, "%31s", type) == 1) {
            unescape(at);
            if (strcmp(at, path) == 0)
                (void)snprintf(fs, cap, "%s", type);
        }
        line = end == NULL ? NULL : end + 1;
    }
}

/* The same of a table of what is to be mounted. */
static void planned(const char *fstab, const char *path, char *fs, size_t cap)
{
    char at[PATH_MAX], type[32];

    fs[0] = '\0';
    for (const char *line = fstab; line != NULL && *line != '\0';) {
        const char *end = strchr(line, '\n');
        line += strspn(line, " \t");
        if (*line != '#' && sscanf(line, "%*s %4095s %31s", at, type) == 2) {
            unescape(at);
            if (strcmp(at, path) == 0)
                (void)snprintf(fs, cap, "%s", type);
        }
        line = end == NULL ? NULL : end + 1;
    }
}

/* Is the way at its end here, because what is mounted may hang? */
static bool stops(struct way *w)
{
    char fs[32];

    mounted(w->mounts, w->p->path, fs, sizeof fs);
    if (is_remote(fs)) {
        w->p->kind = PLACE_REMOTE;
    } else if (fs[0] == '\0') {
        planned(w->fstab, w->p->path, fs, sizeof fs);
        if (!is_remote(fs))
            return false;
        w->p->kind = PLACE_TO_BE;
    } else {
        return false;
    }
    (void)snprintf(w->p->fs, sizeof w->p->fs, "%s", fs);
    return true;
}

/* Put what a link says before what is left of the way; false when there is no room. */
static bool before(char left[PATH_MAX], const char *target)
{
    size_t n = strlen(target), rest = strlen(left) + 1;

    if (n + 1 + rest > PATH_MAX)
        return false;
    memmove(left + n + 1, left, rest);
    memcpy(left, target, n);
    left[n] = '/';
    return true;
}

/* Step into one name; a link puts its target before what is left of the way. False: the way ends here. */
static bool step(struct way *w, const char *name, size_t n, char *left, unsigned *links)
{
    char target[PATH_MAX];
    size_t was = strlen(w->p->path);
    ssize_t got;

    if (n == 0 || (n == 1 && name[0] == '.'))
        return true;
    if (n == 2 && memcmp(name, "..", 2) == 0) {
        char *slash = strrchr(w->p->path, '/');
        *(slash == NULL ? w->p->path : slash) = '\0';
        return true;
    }
    if (was + 1 + n >= sizeof w->p->path)
        return false;
    (void)snprintf(w->p->path + was, sizeof w->p->path - was, "/%.*s", (int)n, name);
    if (stops(w))
        return false;
    if (fstatat(AT_FDCWD, w->p->path, &w->p->st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) != 0)
        return false;
    if (!S_ISLNK(w->p->st.st_mode))
        return true;
    if (++*links > LINKS || (got = readlink(w->p->path, target, sizeof target - 1)) < 0)
        return false;
    target[got] = '\0';
    w->p->path[target[0] == '/' ? 0 : was] = '\0';
    return before(left, target);
}

static enum bg_err walk(void *arg, void *out)
{
    struct place *p = out;
    struct way w = {.p = p};
    char left[PATH_MAX];
    bool gone, go = true;
    unsigned links = 0;

    w.mounts = facts_file("/proc/self/mountinfo", &gone);
    w.fstab = facts_file("/etc/fstab", &gone);
    p->kind = PLACE_GONE;
    p->path[0] = '\0';
    (void)snprintf(left, sizeof left, "%s", (const char *)arg);
    while (go && left[0] != '\0') {
        size_t n = strcspn(left, "/");
        char name[NAME_MAX + 1];
        if (n > NAME_MAX)
            return BG_E_RANGE;
        memcpy(name, left, n);
        memmove(left, left + n + (left[n] == '/'), strlen(left + n + (left[n] == '/')) + 1);
        go = step(&w, name, n, left, &links);
    }
    if (go && p->path[0] == '\0' && stat("/", &p->st) != 0)
        return BG_E_IO;
    if (go)
        p->kind = PLACE_THERE;
    free(w.mounts);
    free(w.fstab);
    return BG_OK;
}

enum bg_err place_look(const char *path, struct place *out)
{
    char copy[PATH_MAX];

    if (strlen(path) >= sizeof copy)
        return BG_E_RANGE;
    memcpy(copy, path, strlen(path) + 1);
    return bg_child_run(walk, copy, LOOK_MS, out, sizeof *out, NULL);
}

void place_says(const struct place *p, char *out, size_t cap)
{
    const char *what = strcmp(p->fs, "autofs") == 0 ? "an automount"
                       : is_served(p->fs)           ? "a file system that a program serves"
                                                    : "a file system of the network";

    (void)snprintf(out, cap, "%s (%s) at %.300s%s", what, p->fs, p->path,
                   p->kind == PLACE_TO_BE ? ", which is not mounted now" : "");
}
