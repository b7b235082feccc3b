/* SPDX-License-Identifier: ISC */
/* A room without a network, and without a way to change this host. */
#include "admin/check/prove.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/process.h"
#include "base/safefile.h"
#include "base/text.h"
#include "key/key.h"
#include "programs.h"
#include "record/journal.h"

#define COPY_FILE    65536    /* bytes of one file that is taken along */
#define COPY_ALL     16777216 /* and of all */
#define COPY_ENTRIES 20000
#define COPY_DEEP    12
#define MEMORY       "mode=0755,size=64m"

/* A file of /proc, which has no size; NULL when it cannot be read. The caller frees it. */
static char *proc_text(const char *path)
{
    FILE *f = fopen(path, "re");
    char *text = NULL;
    size_t cap = 0;

    if (f != NULL && getdelim(&text, &cap, '\0', f) < 0) {
        free(text);
        text = NULL;
    }
    if (f != NULL)
        (void)fclose(f);
    return text;
}

struct room {
    const struct prove_job *job;
    char *sockets; /* what /proc/net/unix says outside; NULL: nothing */
    size_t entries, bytes;
};

static bool trouble(struct room *r, const char *what)
{
    (void)snprintf(r->job->shared->trouble, sizeof r->job->shared->trouble, "%s: %s", what, strerror(errno));
    return false;
}

/* --- files that are taken along: small regular ones. No socket, no pipe, no device, no other file system. */

static bool copy_file(struct room *r, int from, int to, const char *name, const struct stat *st)
{
    static char data[COPY_FILE];
    int in, out = -1;
    ssize_t n;
    bool done = false;

    if (st->st_size > COPY_FILE || r->bytes + (size_t)st->st_size > COPY_ALL)
        return false;
    in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (in >= 0 && (n = read(in, data, sizeof data)) >= 0 &&
        (out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) >= 0) {
        const struct timespec times[2] = {st->st_atim, st->st_mtim};
        r->bytes += (size_t)n;
        done = bg_write_all(out, data, (size_t)n) == BG_OK && fchown(out, st->st_uid, st->st_gid) == 0 &&
               fchmod(out, st->st_mode & 07777) == 0 && futimens(out, times) == 0;
    }
    bg_close(in);
    bg_close(out);
    return done;
}

static void copy_link(int from, int to, const char *name)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(from, name, target, sizeof target - 1);

    if (n > 0) {
        target[n] = '\0';
        (void)!symlinkat(target, to, name);
    }
}

static bool taken(const char *name, const char *only)
{
    return only == NULL || strncmp(name, only, strlen(only)) == 0;
}

/* Sees systemd's own: sockets and the state of units, which nobody needs who has no systemd to ask; logs;
 * what belongs to people; and ours, of which little is taken along (keep). */
static bool left_behind(unsigned deep, const char *name)
{
    static const char *const names[] = {"systemd", "log", "user", "udev", "breakglass", NULL};

    return deep == 0 && bg_among(names, name);
}

static void copy_tree(struct room *r, int from, int to, unsigned deep, const char *only);

static void copy_dir(struct room *r, int from, int to, const char *name, const struct stat *st, unsigned deep,
                     bool inside)
{
    int in, out;

    if (mkdirat(to, name, 0700) != 0)
        return;
    in = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    out = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (in >= 0 && out >= 0) {
        (void)!fchown(out, st->st_uid, st->st_gid);
        (void)fchmod(out, st->st_mode & 07777);
        if (inside && deep < COPY_DEEP)
            copy_tree(r, in, out, deep + 1, NULL);
    }
    bg_close(in);
    bg_close(out);
}

/* only: what names begin with; NULL: all. */
static void copy_tree(struct room *r, int from, int to, unsigned deep, const char *only)
{
    int again = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = again < 0 ? NULL : fdopendir(again);
    struct dirent *de;
    struct stat here, st;

    if (d == NULL) {
        bg_close(again);
        return;
    }
    while ((de = readdir(d)) != NULL && r->entries < COPY_ENTRIES) {
        const char *name = de->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || !taken(name, only) ||
            fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || fstat(from, &here) != 0)
            continue;
        r->entries++;
        if (S_ISDIR(st.st_mode))
            copy_dir(r, from, to, name, &st, deep, st.st_dev == here.st_dev && !left_behind(deep, name));
        else if (S_ISREG(st.st_mode))
            (void)copy_file(r, from, to, name, &st);
        else if (S_ISLNK(st.st_mode))
            copy_link(from, to, name);
    }
    (void)closedir(d);
}

/* Of ours: whether keys are suspended, and accounts armed. */
static void keep(struct room *r, int old, const char *now)
{
    static const char *const rooms[][2] = {{"fido", NULL}, {"state", "armed-"}};
    char path[PATH_MAX];

    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
        int from = openat(old, rooms[i][0], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), to = -1;
        (void)snprintf(path, sizeof path, "%s/%s", now, rooms[i][0]);
        if (from >= 0 && bg_dirs_make(path, 0700) == BG_OK &&
            (to = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0)
            copy_tree(r, from, to, 1, rooms[i][1]);
        bg_close(from);
        bg_close(to);
    }
}

/* --- what lies over this host's */

static bool nothing_there(void)
{
    return errno == ENOENT || errno == ENOTDIR;
}

/* An empty directory in memory over another. *old: what is below it, -1 for nothing. */
static bool cover(struct room *r, const char *path, const char *how, int *old)
{
    struct stat st;

    *old = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*old < 0)
        return nothing_there() || trouble(r, path);
    if (fstat(*old, &st) == 0 && mount("proof", path, "tmpfs", MS_NOSUID | MS_NODEV, how) == 0)
        return true;
    (void)trouble(r, path);
    bg_close(*old);
    return false;
}

static bool cover_run(struct room *r)
{
    int old, now, ours;

    if (!cover(r, "/run", MEMORY, &old))
        return false;
    if (old < 0)
        return true;
    if ((now = open("/run", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0) {
        copy_tree(r, old, now, 0, NULL);
        (void)mkdirat(now, "sshd", 0755); /* which sshd itself makes nowhere */
        bg_close(now);
    }
    ours = strncmp(BG_RUNDIR, "/run/", 5) == 0
               ? openat(old, &BG_RUNDIR[5], O_RDONLY | O_DIRECTORY | O_CLOEXEC)
               : -1;
    if (ours >= 0)
        keep(r, ours, BG_RUNDIR);
    bg_close(ours);
    bg_close(old);
    return true;
}

/* Its home is what it was: nothing of it can be written. */
static bool cover_state(struct room *r)
{
    char from[64];
    int old;

    if (!cover(r, BG_STATEDIR, MEMORY, &old))
        return false;
    if (old < 0)
        return true;
    keep(r, old, BG_STATEDIR);
    (void)snprintf(from, sizeof from, "/proc/self/fd/%d/home", old);
    if (mkdir(BG_STATEDIR "/home", 0755) == 0 && mount(from, BG_STATEDIR "/home", NULL, MS_BIND, NULL) == 0)
        (void)mount(NULL, BG_STATEDIR "/home", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL);
    bg_close(old);
    return true;
}

static bool cover_rest(struct room *r)
{
    static const char *const paths[][2] = {{"/tmp", "mode=1777,size=16m"},
                                           {"/var/tmp", "mode=1777,size=16m"},
                                           {"/dev/shm", "mode=1777,size=16m"},
                                           {"/var/lib/sss/pipes", "mode=0755,size=64k"},
                                           {"/var/lib/sss/mc", "mode=0755,size=64k"},
                                           {BG_RUNDIR, MEMORY}};
    size_t n = sizeof paths / sizeof paths[0] - (strncmp(BG_RUNDIR, "/run/", 5) == 0 ? 1 : 0);
    bool good = true;

    for (size_t i = 0; good && i < n; i++) {
        int old = -1;
        good = cover(r, paths[i][0], paths[i][1], &old);
        if (i == 5 && old >= 0)
            keep(r, old, BG_RUNDIR);
        bg_close(old);
    }
    return good;
}

static bool close_off(struct room *r, const char *path)
{
    return mount("/dev/null", path, NULL, MS_BIND, NULL) == 0 || nothing_there() || trouble(r, path);
}

/* Every socket with a name that the kernel knows of; those in /run are gone already. */
static bool close_sockets(struct room *r)
{
    char *save = NULL;
    struct stat st;

    for (char *line = r->sockets == NULL ? NULL : strtok_r(r->sockets, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save)) {
        const char *path = strchr(line, '/');
        if (path != NULL && lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) && !close_off(r, path))
            return false;
    }
    return true;
}

/* --- read only */

#define RDONLY_ATTR UINT64_C(1) /* MOUNT_ATTR_RDONLY, and struct mount_attr: linux/mount.h of Linux 5.12 */
struct attributes {
    uint64_t set, clear, propagation, userns;
};

#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442 /* the same on every machine */
#endif

static const char *const far_away[] = {"nfs",  "cifs", "smb", "autofs",   "fuse",
                                       "ceph", "afs",  "9p",  "glusterfs"};

static unsigned long flags_of(const char *options)
{
    static const struct {
        const char *word;
        unsigned long flag;
    } known[] = {{"nosuid", MS_NOSUID},   {"nodev", MS_NODEV},           {"noexec", MS_NOEXEC},
                 {"noatime", MS_NOATIME}, {"nodiratime", MS_NODIRATIME}, {"relatime", MS_RELATIME}};
    unsigned long flags = MS_REMOUNT | MS_BIND | MS_RDONLY;

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strstr(options, known[i].word) != NULL)
            flags |= known[i].flag;
    return flags;
}

/* "\040" is a blank. */
static void unescape(char *s)
{
    char *to = s;

    for (; *s != '\0'; s++) {
        if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] != '\0' && s[3] != '\0') {
            *to++ = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
            s += 3;
        } else {
            *to++ = *s;
        }
    }
    *to = '\0';
}

static bool is_far(const char *type)
{
    for (size_t i = 0; i < sizeof far_away / sizeof far_away[0]; i++)
        if (strncmp(type, far_away[i], strlen(far_away[i])) == 0)
            return true;
    return false;
}

/* Before Linux 5.12: one after the other. What is far away may hang, and is nothing that a login needs. */
static bool read_only_each(struct room *r)
{
    char *text = proc_text("/proc/self/mountinfo"), *save = NULL, path[PATH_MAX], options[256], type[64];

    if (text == NULL)
        return trouble(r, "/proc/self/mountinfo");
    for (char *line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
        const char *dash = strstr(line, " - ");
        if (dash == NULL || sscanf(dash, " - %63s", type) != 1 || is_far(type) ||
            sscanf(line, "%*s %*s %*s %*s %4095s %255s", path, options) != 2)
            continue;
        unescape(path);
        if (mount(NULL, path, NULL, flags_of(options), NULL) != 0 && strcmp(path, "/") == 0) {
            free(text);
            return trouble(r, "/");
        }
    }
    free(text);
    return true;
}

static bool read_only(struct room *r)
{
    const struct attributes a = {.set = RDONLY_ATTR};

    if (syscall(SYS_mount_setattr, AT_FDCWD, "/", AT_RECURSIVE, &a, sizeof a) == 0)
        return true;
    return read_only_each(r);
}

/* --- the room */

/*
 * No record of the kernel's either: what is done here is nobody's login. Nor what would change the machine
 * past all mounts.
 */
static bool give_up_rights(struct room *r)
{
    static const unsigned caps[] = {CAP_AUDIT_WRITE, CAP_AUDIT_CONTROL, CAP_SYSLOG, CAP_SYS_BOOT,
                                    CAP_SYS_MODULE,  CAP_SYS_TIME,      CAP_MKNOD};
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];

    for (size_t i = 0; i < sizeof caps / sizeof caps[0]; i++)
        (void)prctl(PR_CAPBSET_DROP, caps[i], 0, 0, 0);
    if (syscall(SYS_capget, &head, data) != 0)
        return trouble(r, "capget");
    for (size_t i = 0; i < sizeof caps / sizeof caps[0]; i++) {
        struct __user_cap_data_struct *d = &data[caps[i] / 32];
        uint32_t bit = UINT32_C(1) << caps[i] % 32;
        d->effective &= ~bit;
        d->permitted &= ~bit;
        d->inheritable &= ~bit;
    }
    return syscall(SYS_capset, &head, data) == 0 || trouble(r, "capset");
}

static bool furnish(struct room *r)
{
    struct bg_recorder rec;

    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return trouble(r, "/");
    if (!read_only(r))
        return false;
    if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0)
        return trouble(r, "/proc");
    if (!cover_run(r) || !cover_state(r) || !cover_rest(r) || !close_sockets(r))
        return false;
    if (PROGRAM_ALERT != NULL && !close_off(r, PROGRAM_ALERT))
        return false;
    if (!give_up_rights(r))
        return false;
    bg_recorder_init(&rec);
    rec.syslog_path = "";
    (void)!bg_journal_create(&rec); /* of this room; without one the dialogue takes a fall-back */
    return true;
}

/* --- packets */

static uint64_t on_interfaces(void)
{
    FILE *f = fopen("/proc/net/dev", "re");
    char line[512];
    uint64_t sum = 0;
    unsigned long long in, out;

    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        const char *numbers = strchr(line, ':');
        if (numbers != NULL && sscanf(numbers, ": %*u %llu %*u %*u %*u %*u %*u %*u %*u %llu", &in, &out) == 2)
            sum += in + out;
    }
    if (f != NULL)
        (void)fclose(f);
    return sum;
}

/* The n-th number of the second line that begins with "Ip:" is that of the n-th name in the first. */
static uint64_t without_route(void)
{
    FILE *f = fopen("/proc/net/snmp", "re");
    char names[1024] = "", values[1024] = "", *a = NULL, *b = NULL;
    uint64_t n = 0;

    if (f == NULL)
        return 0;
    if (fgets(names, sizeof names, f) != NULL && fgets(values, sizeof values, f) != NULL)
        for (char *k = strtok_r(names, " \n", &a), *v = strtok_r(values, " \n", &b); k != NULL && v != NULL;
             k = strtok_r(NULL, " \n", &a), v = strtok_r(NULL, " \n", &b))
            if (strcmp(k, "OutNoRoutes") == 0)
                n = strtoull(v, NULL, 10);
    (void)fclose(f);
    if ((f = fopen("/proc/net/snmp6", "re")) == NULL)
        return n;
    while (fgets(names, sizeof names, f) != NULL)
        if (strncmp(names, "Ip6OutNoRoutes", 14) == 0)
            n += strtoull(names + 14, NULL, 10);
    (void)fclose(f);
    return n;
}

/* --- who goes the ways: the first process of the room; with it dies everything in it */

static void gone(const struct prove_job *job, pid_t pid, const pid_t pids[PROVE_WAYS], int status)
{
    char why[64] = "it ended without a word";

    for (int w = 0; w < PROVE_WAYS; w++) {
        struct prove_said *said = &job->shared->way[w];
        if (pids[w] != pid || atomic_load(&said->done))
            continue;
        if (WIFSIGNALED(status))
            (void)snprintf(why, sizeof why, "the process was killed with SIG%s",
                           sigabbrev_np(WTERMSIG(status)));
        prove_tell(said, PROVE_FAILED, why);
    }
}

static bool all_done(const struct prove_job *job)
{
    for (int w = 0; w < PROVE_WAYS; w++)
        if (!atomic_load(&job->shared->way[w].done))
            return false;
    return true;
}

static void wait_until(const struct prove_job *job, const pid_t pids[PROVE_WAYS], int64_t end)
{
    int status;
    pid_t pid;

    while (!all_done(job) && bg_left_ms(end) > 0) {
        while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
            gone(job, pid, pids, status);
        bg_sleep_ms(5);
    }
}

/* Who hangs is asked where, and killed. */
static void stop(const struct prove_job *job, const pid_t pids[PROVE_WAYS])
{
    char why[96];

    for (int w = 0; w < PROVE_WAYS; w++)
        if (pids[w] > 0 && !atomic_load(&job->shared->way[w].done))
            (void)kill(pids[w], SIGUSR1);
    wait_until(job, pids, bg_deadline(PROVE_LAST_MS));
    (void)snprintf(why, sizeof why, "no question came in %d seconds", PROVE_WAY_MS / 1000);
    for (int w = 0; w < PROVE_WAYS; w++) {
        struct prove_said *said = &job->shared->way[w];
        if (!atomic_load(&said->done)) {
            said->ms = PROVE_WAY_MS;
            prove_tell(said, PROVE_FAILED, why);
        }
    }
    (void)kill(-1, SIGKILL);
}

static void go(struct room *r)
{
    const struct prove_job *job = r->job;
    pid_t pids[PROVE_WAYS] = {0};
    int64_t end = bg_deadline(PROVE_WAY_MS);

    if (end > job->deadline - 2 * PROVE_LAST_MS)
        end = job->deadline - 2 * PROVE_LAST_MS;
    for (int w = 0; w < PROVE_WAYS; w++) {
        if (atomic_load(&job->shared->way[w].done))
            continue;
        pids[w] = fork();
        if (pids[w] == 0)
            prove_go((enum prove_way)w, job);
        if (pids[w] < 0)
            prove_tell(&job->shared->way[w], PROVE_UNKNOWN, strerror(errno));
    }
    wait_until(job, pids, end);
    stop(job, pids);
    job->shared->packets = on_interfaces();
    job->shared->unrouted = without_route();
    atomic_store(&job->shared->counted, true);
    for (int64_t reap = bg_deadline(PROVE_LAST_MS); waitpid(-1, NULL, WNOHANG) >= 0 && bg_left_ms(reap) > 0;)
        bg_sleep_ms(2);
}

static _Noreturn void first(struct room *r, int alive)
{
    char byte;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (read(alive, &byte, 1) != 1) /* it is dead already: the signal would never come */
        _exit(1);
    (void)close(alive);
    for (int sig = 1; sig < NSIG; sig++)
        (void)signal(sig, SIG_DFL);
    if (furnish(r))
        go(r);
    _exit(0);
}

/* --- its door, outside: waits for it, and takes it along */

static pid_t inside;

static void on_term(int sig)
{
    (void)sig;
    (void)kill(inside, SIGKILL);
}

static _Noreturn void doorkeeper(struct room *r, pid_t parent)
{
    const struct sigaction term = {.sa_handler = on_term};
    int alive[2];

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    r->sockets = proc_text("/proc/net/unix"); /* of this network: in there it is another one's */
    if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWIPC) != 0) {
        (void)trouble(r, "unshare(2)");
        _exit(1);
    }
    if (pipe2(alive, O_CLOEXEC) != 0 || (inside = fork()) < 0) {
        (void)trouble(r, "fork(2)");
        _exit(1);
    }
    if (inside == 0) {
        (void)close(alive[1]);
        first(r, alive[0]);
    }
    (void)close(alive[0]);
    (void)sigaction(SIGTERM, &term, NULL);
    (void)!write(alive[1], "", 1);
    while (waitpid(inside, NULL, 0) < 0 && errno == EINTR)
        continue; /* it is gone when all are that it has started */
    _exit(0);
}

enum bg_err prove_start(const struct prove_job *job, pid_t *pid)
{
    struct room r = {.job = job};
    pid_t self = getpid();

    if ((*pid = fork()) == 0)
        doorkeeper(&r, self);
    return *pid < 0 ? BG_E_IO : BG_OK;
}

void prove_end(pid_t pid)
{
    (void)kill(pid, SIGTERM);
    (void)!bg_process_end(pid, 2000, 1000, NULL);
}
