/* SPDX-License-Identifier: ISC */
/*
 * breakglass quiet: a shell or a command whose names come from files only. In a mount namespace of its own
 * nsswitch.conf names no directory service, and the sockets of the daemons that ask one are out of sight.
 */
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include "admin/admin.h"
#include "admin/caller.h"
#include "admin/messages.h"
#include "admin/ui.h"
#include "base/safefile.h"

#define NSSWITCH BG_SYSCONFDIR "/nsswitch.conf"
#define ROOM     BG_RUNDIR "/quiet" /* holds nothing: in the namespace a file system in memory lies over it */
#define EMPTY    ROOM "/empty"
#define PRIVATE  ROOM "/nsswitch.conf"

/* Each database that nsswitch.conf(5) knows: what has no line asks the services that libc was built with. */
static const char nsswitch[] = "# made by \"breakglass quiet\": files only\n"
                               "passwd: files breakglass\n"
                               "group: files breakglass\n"
                               "shadow: files breakglass\n"
                               "gshadow: files\n"
                               "hosts: files\n"
                               "networks: files\n"
                               "protocols: files\n"
                               "services: files\n"
                               "ethers: files\n"
                               "rpc: files\n"
                               "netgroup: files\n"
                               "aliases: files\n"
                               "automount: files\n"
                               "publickey: files\n"
                               "sudoers: files\n";

/* Where daemons listen that know names: nscd, nslcd, sssd with what it keeps in memory, systemd, winbind. */
static const char *const daemons[] = {
    "/run/nscd",           "/var/run/nscd",       "/run/nslcd",
    "/var/run/nslcd",      "/var/lib/sss/pipes",  "/var/lib/sss/mc",
    "/run/systemd/userdb", "/run/samba/winbindd", "/var/lib/samba/winbindd_privileged",
};

static bool failed(const char *what)
{
    ui_finding(BG_M_QUIET_FAILED, BG_ARGS(what, strerror(errno)));
    return false;
}

/* Where the two are that lie over others. /run is a file system in memory nearly everywhere; a full one still
 * takes a directory, and what lies over it has room of its own. */
static bool make_room(void)
{
    if (bg_dirs_make(ROOM, 0755) != BG_OK)
        return failed(ROOM);
    if (mount("quiet", ROOM, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755,size=64k") != 0)
        return failed(ROOM);
    if (mkdir(EMPTY, 0755) != 0 || chmod(EMPTY, 0755) != 0)
        return failed(EMPTY);
    if (bg_file_replace(PRIVATE, nsswitch, sizeof nsswitch - 1, 0644, 0, 0) != BG_OK)
        return failed(PRIVATE);
    return mount(NULL, ROOM, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
                 NULL) == 0 ||
           failed(ROOM);
}

/* A link of a configuration manager leads to the file that libc reads; what lies over that one is seen by
 * both names. */
static bool cover(const char *from, const char *path)
{
    if (mount(from, path, NULL, MS_BIND, NULL) == 0)
        return true;
    return (strcmp(from, EMPTY) == 0 && (errno == ENOENT || errno == ENOTDIR)) || failed(path);
}

/* Mounts made outside later come in, so that an unmount outside leaves nothing busy here; none goes out. */
static bool enter(void)
{
    if (unshare(CLONE_NEWNS) != 0) {
        ui_finding(BG_M_QUIET_FORBIDDEN, BG_ARGS(strerror(errno)));
        return false;
    }
    if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) != 0)
        return failed("/");
    if (!make_room() || !cover(PRIVATE, NSSWITCH))
        return false;
    for (size_t i = 0; i < sizeof daemons / sizeof daemons[0]; i++)
        if (!cover(EMPTY, daemons[i]))
            return false;
    return true;
}

static const char *shell(void)
{
    const char *own = getenv("SHELL");

    return own != NULL && own[0] == '/' && access(own, X_OK) == 0 ? own : "/bin/sh";
}

static enum admin_exit quiet(char *const words[], json_t *root)
{
    char *alone[] = {NULL, NULL};
    char *const *argv = words[0] != NULL ? words : alone;
    char cwd[PATH_MAX];
    bool back;

    (void)root;
    if (words[0] == NULL)
        alone[0] = (char *)(uintptr_t)shell();
    back = getcwd(cwd, sizeof cwd) != NULL;
    if (!enter())
        return ADMIN_CANNOT;
    if (back)
        (void)!chdir(cwd); /* what lies over it now, if something does */
    if (words[0] == NULL && ui_interactive())
        ui_text("Names come from files only in this shell. \"exit\" leaves it.\n");
    (void)fflush(stdout);
    (void)setenv("BREAKGLASS_QUIET", "1", 1);
    caller_restore();
    (void)execvp(argv[0], argv);
    ui_finding(BG_M_QUIET_NO_COMMAND, BG_ARGS(argv[0], strerror(errno)));
    return ADMIN_CANNOT;
}

const struct command quiet_commands[] = {
    {.name = "quiet",
     .operands = "[COMMAND...]",
     .help = "a shell or a command that asks no directory for names",
     .about =
         "Run a command, or a shell, whose names of users, groups and hosts come from files only, so that "
         "\"ls -l\", \"ps\" and \"w\" do not wait for directories that are dead. What is mounted inside is "
         "not seen outside.",
     .example = "breakglass quiet ls -l /home",
     .needs = COMMAND_ROOT | COMMAND_WORDS,
     .run = quiet},
    {0},
};
