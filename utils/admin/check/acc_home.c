/* SPDX-License-Identifier: ISC */
/* ACC-10: the account's home. */
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/fscrypt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "admin/check/acc.h"
#include "admin/check/facts.h"
#include "admin/check/place.h"
#include "base/child.h"
#include "base/safefile.h"

#define DEFS     "/etc/login.defs"
#define ENTER_MS 2000

static bool named(const char *line, const void *what)
{
    size_t n = strlen(what);

    return strncmp(line, what, n) == 0 && (line[n] == ' ' || line[n] == '\t');
}

static bool says_no(const char *line, const void *what)
{
    size_t n = strlen(line);

    return named(line, what) && n > 2 && strcmp(line + n - 2, "no") == 0 &&
           (line[n - 3] == ' ' || line[n - 3] == '\t');
}

/* login(1) of shadow, which takes no DEFAULT_HOME for a no; util-linux' takes it for a yes. */
static bool is_shadows_login(void)
{
    return facts_has("/usr/bin/login", "FORCE_SHADOW") || facts_has("/bin/login", "FORCE_SHADOW");
}

/* Does login(1) refuse whoever has no home? */
static bool login_refuses(void)
{
    enum bg_pam_sure no = facts_say(DEFS, says_no, "DEFAULT_HOME"),
                     set = facts_say(DEFS, named, "DEFAULT_HOME");

    if (access("/bin/login", X_OK) != 0)
        return false;
    return no == BG_PAM_YES || (set == BG_PAM_NO && is_shadows_login());
}

/* Is what is in it locked with a key that a password opens? */
static bool encrypted(const char *path)
{
    char at[PATH_MAX];
    struct fscrypt_get_policy_ex_arg arg = {.policy_size = sizeof arg.policy};
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
    bool yes = fd >= 0 && ioctl(fd, FS_IOC_GET_ENCRYPTION_POLICY_EX, &arg) == 0;

    bg_close(fd);
    (void)snprintf(at, sizeof at, "%.4000s/.ecryptfs", path);
    return yes || access(at, F_OK) == 0;
}

/* Can somebody else than root put another directory in its place? */
static bool above_open(const char *home)
{
    char above[PATH_MAX], *slash;

    (void)snprintf(above, sizeof above, "%s", home);
    slash = strrchr(above, '/');
    if (slash == above)
        return false;
    *slash = '\0';
    return bg_path_safe(above) == BG_E_UNSAFE;
}

static void directory(struct check *c, const struct check_at *at, const struct acc_entry *who,
                      const struct place *p)
{
    char how[64] = "";

    if (p->st.st_uid != who->uid && p->st.st_uid != 0)
        (void)snprintf(how, sizeof how, "it belongs to uid %u", p->st.st_uid);
    else if ((p->st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        (void)snprintf(how, sizeof how, "others may write to it (mode %04o)", p->st.st_mode & 07777);
    else if (above_open(who->home))
        (void)snprintf(how, sizeof how, "others may change a directory above it");
    if (how[0] != '\0')
        check_find(c, CHECK_ACC_HOME_OPEN, at, BG_ARGS(at->account, who->home, how));
    else if (encrypted(p->path))
        check_find(c, CHECK_ACC_HOME_LOCKED, at, BG_ARGS(at->account, who->home));
}

static void unusable(struct check *c, struct check_at at, const struct acc_entry *who, const char *why)
{
    if (login_refuses())
        at.service = "login";
    check_find(c, at.service != NULL ? CHECK_ACC_HOME_NEEDED : CHECK_ACC_HOME, &at,
               BG_ARGS(at.account, who->home, why));
}

/* May it go there, as far as its own number and group tell? */
static bool kept_out(const struct acc_entry *who, const struct stat *st)
{
    mode_t x = st->st_uid == who->uid ? S_IXUSR : st->st_gid == who->gid ? S_IXGRP : S_IXGRP | S_IXOTH;

    return who->uid != 0 && (st->st_mode & x) == 0;
}

static enum bg_err enter(void *arg, void *out)
{
    *(bool *)out = chdir(arg) == 0;
    return BG_OK;
}

/* Does whoever goes there, as a login does, wait for it now? An automount is set off by that, as by a login.
 */
static bool hangs(const char *home)
{
    char path[PATH_MAX];
    bool in;

    (void)snprintf(path, sizeof path, "%s", home);
    return bg_child_run(enter, path, ENTER_MS, &in, sizeof in, NULL) == BG_E_TIMEOUT;
}

void acc_look_home(struct check *c, const struct check_account *a)
{
    struct check_at at = {.account = a->row->name};
    struct acc_entry who;
    struct place p;
    char where[512];
    enum bg_err r;

    acc_seen(a, &who);
    if (who.home[0] != '/')
        unusable(c, at, &who, "it is no absolute path");
    else if ((r = place_look(who.home, &p)) != BG_OK)
        check_unknown(c, CHECK_ACC_HOME, &at,
                      r == BG_E_TIMEOUT ? "its home did not answer within a second" : bg_strerror(r));
    else if (p.kind == PLACE_GONE)
        unusable(c, at, &who, "it is not there");
    else if (p.kind == PLACE_THERE && !S_ISDIR(p.st.st_mode))
        unusable(c, at, &who, "it is no directory");
    else if (p.kind == PLACE_THERE && who.uid == a->row->uid && kept_out(&who, &p.st))
        unusable(c, at, &who, "the account may not enter it");
    else if (p.kind == PLACE_THERE)
        directory(c, &at, &who, &p);
    else {
        place_says(&p, where, sizeof where);
        check_find(c, p.kind == PLACE_REMOTE && hangs(who.home) ? CHECK_ACC_HOME_DEAD : CHECK_ACC_HOME_REMOTE,
                   &at, BG_ARGS(at.account, who.home, where));
    }
}
