/* SPDX-License-Identifier: ISC */
#include "admin/conf/sysfile.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/safefile.h"
#include "admin/ui.h"

#define KEPT_SUFFIX ".breakglass-old"
#define LOCK_MS     5000

enum bg_err sysfile_lock(void)
{
    enum bg_err r = bg_dir_make(BG_RUNDIR, 0755);
    int held; /* until the process ends */

    return r == BG_OK ? bg_lock(AT_FDCWD, SYSFILE_LOCK, bg_deadline(LOCK_MS), &held) : r;
}

enum bg_err sysfile_read(const char *path, char **out)
{
    char *text = NULL;
    size_t len = 0;
    enum bg_err r = bg_file_slurp(path, SYSFILE_LIMIT, &text, &len);

    if (r == BG_E_NOENT) {
        *out = NULL;
        return BG_OK;
    }
    if (r == BG_OK && strlen(text) != len) {
        free(text);
        return BG_E_SYNTAX;
    }
    if (r == BG_OK)
        *out = text;
    return r;
}

static bool same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

enum bg_err sysedits_add(struct sysedits *e, const struct conffile *kind, const char *path, char *old,
                         char *new)
{
    struct sysedit *s = &e->item[e->n];
    struct stat st;

    if (same(old, new) || e->n == SYSFILES_MAX || strlen(path) >= sizeof s->path - sizeof KEPT_SUFFIX) {
        enum bg_err r = same(old, new) ? BG_OK : BG_E_NOMEM;
        free(old);
        free(new);
        return r;
    }
    *s = (struct sysedit){.kind = kind, .old = old, .new = new, .mode = 0644};
    (void)snprintf(s->path, sizeof s->path, "%s", path);
    if (lstat(path, &st) == 0) {
        s->mode = st.st_mode & 07777;
        s->uid = st.st_uid;
        s->gid = st.st_gid;
    }
    e->n++;
    return BG_OK;
}

const char *sysedits_planned(const struct sysedits *e, const char *path)
{
    for (size_t i = 0; i < e->n; i++)
        if (strcmp(e->item[i].path, path) == 0)
            return e->item[i].new;
    return NULL;
}

/* From the first staged file to the end, a Ctrl-C or a hang-up must not leave half of it behind. */
static void hold_signals(int how)
{
    const int held[] = SIGNALS_OF_A_PERSON;
    sigset_t set;

    (void)sigemptyset(&set);
    for (size_t i = 0; i < sizeof held / sizeof held[0]; i++)
        (void)sigaddset(&set, held[i]);
    (void)sigprocmask(how, &set, NULL);
}

enum bg_err sysedits_stage(struct sysedits *e)
{
    enum bg_err r = BG_OK;

    hold_signals(SIG_BLOCK);
    for (size_t i = 0; i < e->n && r == BG_OK; i++) {
        struct sysedit *s = &e->item[i];
        if (s->new != NULL && s->owner == NULL)
            r = bg_file_stage(s->path, s->new, strlen(s->new), s->mode, s->uid, s->gid, s->staged);
        if (r != BG_OK)
            s->staged[0] = '\0';
    }
    return r;
}

/* Somebody may have edited the file while the person looked at the plan; that edit must not be lost. */
static enum bg_err still_as_read(const struct sysedit *s)
{
    char *now = NULL;
    enum bg_err r = sysfile_read(s->path, &now);

    if (r == BG_OK && !same(now, s->old))
        r = BG_E_MISMATCH;
    free(now);
    return r;
}

/* The old file keeps its inode under a second name, so that going back needs no space. */
static enum bg_err keep_old(struct sysedit *s)
{
    (void)snprintf(s->kept, sizeof s->kept, "%.*s%s", (int)(sizeof s->kept - sizeof KEPT_SUFFIX - 1), s->path,
                   KEPT_SUFFIX);
    /* what is removed as a whole is renamed to that name */
    if ((unlink(s->kept) == 0 || errno == ENOENT) && (s->new == NULL || link(s->path, s->kept) == 0))
        return BG_OK;
    s->kept[0] = '\0';
    return BG_E_IO;
}

enum bg_err sysedit_apply(struct sysedit *s)
{
    const char *from = s->new != NULL ? s->staged : s->path, *to = s->new != NULL ? s->path : s->kept;
    struct stat st;
    enum bg_err r;
    int saved;

    if ((r = still_as_read(s)) != BG_OK)
        return r;
    if (s->owner != NULL) {
        s->touched = true;
        return s->owner->apply(s);
    }
    if (s->old != NULL && (r = keep_old(s)) != BG_OK)
        return r;
    r = bg_file_commit(from, to);
    saved = errno;
    s->touched = lstat(from, &st) != 0; /* the rename may be done although its sync failed */
    errno = saved;
    return r;
}

/* A file that was not there before goes back to its staged name, which sysedits_finish removes. */
static bool take_back(const struct sysedit *s)
{
    if (s->owner != NULL)
        return s->owner->back(s) == BG_OK;
    return (s->old != NULL ? bg_file_commit(s->kept, s->path) : bg_file_commit(s->path, s->staged)) == BG_OK;
}

enum bg_err sysedits_rollback(struct sysedits *e, const char **failed)
{
    enum bg_err r = BG_OK;

    for (size_t i = e->n; i-- > 0;) {
        struct sysedit *s = &e->item[i];
        if (s->touched && !take_back(s)) {
            s->kept[0] = '\0'; /* it stays: the finding names it */
            *failed = s->path;
            r = BG_E_IO;
        }
        s->touched = false;
    }
    return r;
}

void sysedits_finish(struct sysedits *e)
{
    for (size_t i = 0; i < e->n; i++) {
        struct sysedit *s = &e->item[i];
        if (s->staged[0] != '\0')
            (void)unlink(s->staged);
        if (s->kept[0] != '\0')
            (void)unlink(s->kept);
        free(s->old);
        free(s->new);
        free(s->vendor);
    }
    e->n = 0;
    hold_signals(SIG_UNBLOCK);
}
