/* SPDX-License-Identifier: ISC */
/* ACC-11 to -14: what else of the host minds what the account is. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "admin/check/acc.h"
#include "admin/check/facts.h"
#include "base/safefile.h"
#include "config/sshdconf.h"

/* ---- ACC-11 */

static void of_a_person(struct bg_pam_facts *p)
{
    p->uid = 60000;
    p->gid = 60000;
}

static void as_it_is(struct bg_pam_facts *p)
{
    (void)p;
}

static void number(struct check *c, const struct check_account *a)
{
    const char *service = acc_matters(c, a, of_a_person, as_it_is);

    if (service != NULL)
        check_find(c, CHECK_ACC_UID_LIMIT, &(struct check_at){.account = a->row->name, .service = service},
                   BG_ARGS(service, a->row->name, BG_DIGITS(a->row->uid)));
}

/* ---- ACC-12: jobs that lock or remove accounts reach one that is in /etc/passwd or /etc/shadow */

static bool takes_away(const char *line)
{
    static const char *const words[] = {
        "userdel",  "usermod -L",         "usermod --lock", "usermod -e",    "usermod --expiredate",
        "chage -E", "chage --expiredate", "passwd -l",      "passwd --lock", "deluser"};
    bool found = false;

    for (size_t i = 0; !found && i < sizeof words / sizeof *words; i++)
        found = strstr(line, words[i]) != NULL;
    return found;
}

static void one_job(struct check *c, const char *account, const char *path)
{
    bool gone;
    char *text = facts_file(path, &gone), *at = text, *line;
    unsigned number = 0;

    while ((line = facts_line(&at)) != NULL) {
        number++;
        if (!takes_away(line))
            continue;
        check_find(c, CHECK_ACC_CLEANUP, &(struct check_at){.account = account, .file = path, .line = number},
                   BG_ARGS(account, path, BG_DIGITS(number)));
        break;
    }
    free(text);
}

static void jobs(struct check *c, const char *account)
{
    static const char *const where[] = {"/etc/cron.daily/*",
                                        "/etc/cron.weekly/*",
                                        "/etc/cron.monthly/*",
                                        "/etc/cron.hourly/*",
                                        "/etc/cron.d/*",
                                        "/etc/crontab",
                                        "/var/spool/cron/*",
                                        "/var/spool/cron/crontabs/*",
                                        "/etc/systemd/system/*.service"};
    glob_t g;

    for (size_t i = 0; i < sizeof where / sizeof *where; i++) {
        if (glob(where[i], 0, NULL, &g) != 0)
            continue;
        for (size_t k = 0; k < g.gl_pathc; k++)
            one_job(c, account, g.gl_pathv[k]);
        globfree(&g);
    }
}

static bool holds_word(const char *line, const void *what)
{
    const char *word = what, *at = line;
    size_t n = strlen(word);

    while ((at = strstr(at, word)) != NULL) {
        bool left = at == line || strchr(" \t\"':,[-", at[-1]) != NULL;
        if (left && (at[n] == '\0' || strchr(" \t\"',]:", at[n]) != NULL))
            return true;
        at += n;
    }
    return false;
}

static void managers(struct check *c, const struct check_account *a, bool local)
{
    struct check_at at = {.account = a->row->name};

    if (access("/usr/bin/cloud-init", F_OK) == 0 &&
        (facts_say("/etc/cloud/cloud.cfg", holds_word, a->row->name) == BG_PAM_YES ||
         facts_any_say("/etc/cloud/cloud.cfg.d/*.cfg", holds_word, a->row->name) == BG_PAM_YES))
        check_find(c, CHECK_ACC_CLOUD, &at, BG_ARGS(a->row->name));
    if (local && a->row->uid >= 1000 && access("/usr/libexec/vyos/conf_mode/system_login.py", F_OK) == 0)
        check_find(c, CHECK_ACC_VYOS, &at, BG_ARGS(a->row->name));
}

static void cleanup(struct check *c, const struct check_account *a)
{
    struct acc_entry e;
    struct acc_shadow s;
    bool local = acc_local(a->row->name, &e);

    if (local || acc_shadow(a->row->name, &s))
        jobs(c, a->row->name);
    managers(c, a, local);
}

/* ---- ACC-13: what is replaced after a use can be written */

/* "": it can, as far as its file system and its attributes tell. */
static void frozen(const char *path, char *why, size_t cap)
{
    struct statvfs fs;
    int flags = 0, fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    why[0] = '\0';
    if (fd >= 0 && fstatvfs(fd, &fs) == 0 && (fs.f_flag & ST_RDONLY) != 0)
        (void)snprintf(why, cap, "its file system is read-only");
    else if (fd >= 0 && ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && (flags & FS_IMMUTABLE_FL) != 0)
        (void)snprintf(why, cap, "it is immutable (chattr +i)");
    else if (fd >= 0 && (flags & FS_APPEND_FL) != 0)
        (void)snprintf(why, cap, "it can only grow (chattr +a)");
    bg_close(fd);
}

/* The first of those that cannot be written; a folder's fault is not told of again for what is in it. */
static void writable(struct check *c, const struct check_account *a)
{
    char credentials[PATH_MAX], why[64];
    const char *const paths[] = {BG_CONFDIR, BG_ACCOUNTS_PATH, BG_CONFDIR "/credentials", credentials,
                                 BG_STATEDIR};

    (void)snprintf(credentials, sizeof credentials, BG_CONFDIR "/credentials/%.31s", a->row->name);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        frozen(paths[i], why, sizeof why);
        if (why[0] == '\0')
            continue;
        check_find(c, CHECK_ACC_FROZEN, &(struct check_at){.account = a->row->name, .file = paths[i]},
                   BG_ARGS(paths[i], why, a->row->name));
        return;
    }
}

/* ---- ACC-14 */

struct deny {
    struct check *c;
    const struct check_account *a;
    struct bg_sshd_user user;
};

static bool denies(void *arg, const struct bg_sshd_line *l)
{
    struct deny *d = arg;
    const char *name = d->a->row->name;

    if (strcasecmp(l->key, "DenyGroups") == 0 && bg_sshd_names_group(l->value, &d->user))
        check_find(d->c, CHECK_ACC_DENIED_GROUP,
                   &(struct check_at){.account = name, .service = "sshd", .file = l->file, .line = l->number},
                   BG_ARGS(name, l->file, BG_DIGITS(l->number)));
    return true;
}

static void groups(struct check *c, const struct check_account *a)
{
    const struct account_row *r = a->row;
    const struct bg_account acc = {
        .name = r->name, .home = r->home, .shell = r->shell, .uid = r->uid, .gid = r->gid};
    struct deny d = {.c = c, .a = a};

    bg_sshd_user(&acc, "/etc/group", &d.user);
    if (access("/usr/sbin/sshd", X_OK) == 0)
        (void)!bg_sshd_walk(BG_SYSCONFDIR "/ssh/sshd_config", denies, &d);
}

void acc_look_around(struct check *c, const struct check_account *a)
{
    number(c, a);
    cleanup(c, a);
    writable(c, a);
    groups(c, a);
}

static void look(struct check *c, const struct check_account *a)
{
    acc_look_name(c, a);
    acc_look_expiry(c, a);
    acc_look_shell(c, a);
    acc_look_home(c, a);
    acc_look_around(c, a);
}

const struct check_group check_acc = {.account = look};
