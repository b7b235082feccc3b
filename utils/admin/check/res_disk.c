/* SPDX-License-Identifier: ISC */
/* Rules RES-01 and RES-02: the file systems that a login writes to. */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "admin/check/facts.h"
#include "admin/check/host.h"
#include "admin/check/res.h"
#include "base/child.h"
#include "delivery/cursor.h"
#include "record/journal.h"

#define LOOK_MS    500 /* for one place; a second one that hangs is given less */
#define AGAIN_MS   100
#define FULL_KIB   64u           /* a use and its end */
#define LOW_KIB    (64u * 1024u) /* and less than a hundredth */
#define PLACES     (sizeof paths / sizeof paths[0])
#define NAMES_ROOM 512

enum place {
    JOURNAL,
    CURSORS,
    STATE,
    CONFIGURATION,
    OUR_RUN,
    RUN,
    VAR,
    ROOT,
    TMP
};
/* What is ours comes first: it is named first. */
static const char *const paths[] = {
    [JOURNAL] = BG_JOURNAL_DIR,
    [CURSORS] = BG_CURSORS_STATE,
    [STATE] = BG_STATEDIR,
    [CONFIGURATION] = BG_CONFDIR,
    [OUR_RUN] = BG_RUNDIR,
    [RUN] = "/run",
    [VAR] = "/var",
    [ROOT] = "/",
    [TMP] = "/tmp",
};

/* What a child brings home. */
struct look {
    dev_t device;
    uint64_t free_kib, all_kib, files, files_free;
    bool read_only;
};

struct seen {
    bool there;
    struct look of;
};

static enum bg_err look_at(void *arg, void *out)
{
    const char *path = arg;
    struct look *l = out;
    struct statvfs fs;
    struct stat st;

    if (stat(path, &st) != 0 || statvfs(path, &fs) != 0)
        return errno == ENOENT ? BG_E_NOENT : BG_E_IO;
    l->device = st.st_dev;
    l->free_kib = (uint64_t)fs.f_bfree * fs.f_frsize / 1024;
    l->all_kib = (uint64_t)fs.f_blocks * fs.f_frsize / 1024; /* 0: it has no such limit */
    l->files = fs.f_files;
    l->files_free = fs.f_ffree;
    l->read_only = (fs.f_flag & ST_RDONLY) != 0;
    return BG_OK;
}

/* ---- faults */

typedef bool fault(const struct look *l);

static bool is_read_only(const struct look *l)
{
    return l->read_only;
}

static bool is_full(const struct look *l)
{
    return !l->read_only && l->all_kib > 0 && l->free_kib < FULL_KIB;
}

static bool is_out_of_files(const struct look *l)
{
    return !l->read_only && l->files > 0 && l->files_free == 0;
}

static bool is_low(const struct look *l)
{
    return !l->read_only && l->free_kib >= FULL_KIB && l->free_kib < LOW_KIB &&
           l->free_kib < l->all_kib / 100;
}

/* The places on one device that have the fault, from the first on: "/var and /tmp". Told ones are marked. */
static void name_all(const struct seen *s, enum place first, fault *bad, bool *told, char *out, size_t cap)
{
    size_t n = (size_t)snprintf(out, cap, "%s", paths[first]);

    for (enum place i = first + 1; i < PLACES; i++)
        if (s[i].there && s[i].of.device == s[first].of.device && bad(&s[i].of)) {
            told[i] = true;
            n += n < cap ? (size_t)snprintf(out + n, cap - n, ", %s", paths[i]) : 0;
        }
}

static const struct {
    fault *bad;
    enum check_rule_name rule, of_tmp; /* the second one for /tmp alone */
    const char *why;
} faults[] = {
    {is_read_only, CHECK_RES_READ_ONLY, CHECK_RES_TMP, "it is mounted read-only"},
    {is_full, CHECK_RES_FULL, CHECK_RES_TMP, "it is full"},
    {is_out_of_files, CHECK_RES_INODES, CHECK_RES_TMP, "it has no inode left"},
    {is_low, CHECK_RES_LOW, CHECK_RES_LOW, ""},
};

static void find(struct check *c, const struct seen *s, size_t which)
{
    bool told[PLACES] = {false};
    char names[NAMES_ROOM];

    for (enum place i = 0; i < PLACES; i++)
        if (s[i].there && !told[i] && faults[which].bad(&s[i].of)) {
            name_all(s, i, faults[which].bad, told, names, sizeof names);
            check_find(c, i == TMP ? faults[which].of_tmp : faults[which].rule,
                       &(struct check_at){.file = paths[i]},
                       BG_ARGS(names, BG_DIGITS(s[i].of.free_kib), faults[which].why));
        }
}

/* ---- a root that is meant to be so */

static bool root_in_fstab(const char *line, const void *what)
{
    char on[256], options[256];

    return sscanf(line, "%*s %255s %*s %255s", on, options) == 2 && strcmp(on, what) == 0 &&
           (strncmp(options, "ro", 2) == 0 || strstr(options, ",ro") != NULL);
}

/* An image, or a file system that knows no writing; what is written lies on others. */
static bool root_is_fixed(void)
{
    return access("/run/ostree-booted", F_OK) == 0 || host_holds("/proc/self/mounts", " / squashfs ") ||
           host_holds("/proc/self/mounts", " / erofs ") ||
           facts_say("/etc/fstab", root_in_fstab, "/") == BG_PAM_YES;
}

/* ---- errors that the kernel has counted */

static void look_errors(struct check *c, dev_t device, const char *path)
{
    char link[64], to[PATH_MAX], counter[PATH_MAX];
    uint64_t errors;
    ssize_t n;

    (void)snprintf(link, sizeof link, "/sys/dev/block/%u:%u", major(device), minor(device));
    if ((n = readlink(link, to, sizeof to - 1)) <= 0)
        return;
    to[n] = '\0';
    if ((size_t)snprintf(counter, sizeof counter, "/sys/fs/ext4/%s/errors_count", basename(to)) <
            sizeof counter &&
        host_number(counter, &errors) && errors > 0)
        check_find(c, CHECK_RES_DISK_ERRORS, &(struct check_at){.file = counter},
                   BG_ARGS(path, BG_DIGITS(errors)));
}

static void look_disks(struct check *c, const struct seen *s)
{
    for (enum place i = 0; i < PLACES; i++) {
        bool again = !s[i].there;
        for (enum place k = 0; k < i; k++)
            again = again || (s[k].there && s[k].of.device == s[i].of.device);
        if (!again)
            look_errors(c, s[i].of.device, paths[i]);
    }
}

/* ---- all of it */

void res_disk(struct check *c, struct res_disks *out)
{
    struct seen s[PLACES] = {{0}};
    int64_t ms = LOOK_MS;

    *out = (struct res_disks){false, false};
    for (enum place i = 0; i < PLACES; i++) {
        enum bg_err r =
            bg_child_run(look_at, (void *)(uintptr_t)paths[i], ms, &s[i].of, sizeof s[i].of, NULL);
        s[i].there = r == BG_OK;
        if (r == BG_E_TIMEOUT) {
            check_find(c, CHECK_RES_HANGS, &(struct check_at){.file = paths[i]}, BG_ARGS(paths[i]));
            out->hangs = out->hangs || i <= OUR_RUN;
            ms = AGAIN_MS;
        } else if (r != BG_OK && r != BG_E_NOENT) {
            check_unknown(c, CHECK_RES_FULL, &(struct check_at){.file = paths[i]}, bg_strerror(r));
        }
    }
    s[ROOT].of.read_only = s[ROOT].of.read_only && !root_is_fixed();
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        find(c, s, i);
    look_disks(c, s);
    out->journal_told = s[JOURNAL].there && (is_read_only(&s[JOURNAL].of) || is_full(&s[JOURNAL].of) ||
                                             is_out_of_files(&s[JOURNAL].of));
}
