/* SPDX-License-Identifier: ISC */
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/safefile.h"
#include "base/sanitized.h"
#include "base/sysuser.h"
#include "fido/fido.h"

#define EMPTY_ROOT BG_RUNDIR "/empty"

/* Of a process that shares its root with its parent: the kernel's directory of its own descriptors. */
static int enter_own_descriptors(void *arg)
{
    (void)arg;
    return chroot("/proc/self/fdinfo") == 0 && chdir("/") == 0 ? 0 : 1;
}

/*
 * Without a place for a directory, /run being full or read-only: the root of a child that has ended, in which
 * there is nothing any more and never will be.
 */
static enum bg_err dead_root(void)
{
    static _Alignas(16) char stack[65536];
    int status = 0;
    pid_t pid = clone(enter_own_descriptors, stack + sizeof stack, CLONE_FS | SIGCHLD, NULL);

    if (pid < 0)
        return BG_E_REFUSED;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return BG_E_REFUSED;
    return status == 0 && access("/0", F_OK) != 0 && access("/proc", F_OK) != 0 ? BG_OK : BG_E_REFUSED;
}

/* An empty directory of root's that the process cannot write to afterwards. */
static enum bg_err empty_root(void)
{
    struct dirent *e;
    bool empty = true;
    DIR *d;

    if (bg_dir_make(BG_RUNDIR, 0755) != BG_OK || bg_dir_make(EMPTY_ROOT, 0555) != BG_OK)
        return dead_root();
    if ((d = opendir(EMPTY_ROOT)) == NULL)
        return BG_E_IO;
    while ((e = readdir(d)) != NULL)
        empty = empty && (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0);
    (void)closedir(d);
    if (!empty)
        return BG_E_UNSAFE;
    return chroot(EMPTY_ROOT) == 0 && chdir("/") == 0 ? BG_OK : BG_E_REFUSED;
}

static enum bg_err limit(__rlimit_resource_t what, rlim_t most)
{
    const struct rlimit l = {most, most};

    return setrlimit(what, &l) == 0 ? BG_OK : BG_E_REFUSED;
}

static enum bg_err limits(void)
{
    enum bg_err r;

    if ((r = limit(RLIMIT_CORE, 0)) != BG_OK || (r = limit(RLIMIT_NPROC, 0)) != BG_OK ||
        (r = limit(RLIMIT_FSIZE, 0)) != BG_OK || (r = limit(RLIMIT_NOFILE, DEVICE_FD + 1)) != BG_OK ||
        (r = limit(RLIMIT_CPU, 60)) != BG_OK)
        return r;
#if !SANITIZED
    r = limit(RLIMIT_DATA, 64 << 20);
#endif
    return r;
}

/*
 * PINs stay out of swap where that is allowed. What comes later is locked only if no limit will bind the uid
 * that we become: past it every allocation would fail.
 */
static void lock_memory(void)
{
    bool all = limit(RLIMIT_MEMLOCK, RLIM_INFINITY) == BG_OK;

    (void)mlockall(all ? MCL_CURRENT | MCL_FUTURE : MCL_CURRENT);
}

/* Where mmap has its arguments in memory, no filter can look at them. 32-bit machines have mmap2 besides. */
#ifdef __s390x__
#define MMAP_LOOKS false
#else
#define MMAP_LOOKS true
#endif

/*
 * Memory may be allocated, but never executable. A name that this machine does not have is left out by
 * libseccomp: 32-bit ones have calls of their own for times of 64 bits, and some for sockets.
 */
static const struct {
    int call;
    bool no_exec; /* its third argument must not hold PROT_EXEC */
} allowed[] = {
    {SCMP_SYS(read), false},
    {SCMP_SYS(write), false},
    {SCMP_SYS(poll), false},
    {SCMP_SYS(ppoll), false},
    {SCMP_SYS(sendto), false},
    {SCMP_SYS(recvfrom), false},
    {SCMP_SYS(close), false},
    {SCMP_SYS(clock_gettime), false},
    {SCMP_SYS(clock_nanosleep), false},
    {SCMP_SYS(nanosleep), false},
    {SCMP_SYS(gettimeofday), false},
    {SCMP_SYS(getrandom), false},
    {SCMP_SYS(getpid), false},
    {SCMP_SYS(futex), false},
    {SCMP_SYS(brk), false},
#ifndef __i386__ /* its libc calls mmap2 alone */
    {SCMP_SYS(mmap), MMAP_LOOKS},
#endif
    {SCMP_SYS(mmap2), true},
    {SCMP_SYS(mprotect), true},
    {SCMP_SYS(mremap), false},
    {SCMP_SYS(clock_gettime64), false},
    {SCMP_SYS(clock_nanosleep_time64), false},
    {SCMP_SYS(ppoll_time64), false},
    {SCMP_SYS(futex_time64), false},
    {SCMP_SYS(send), false},
    {SCMP_SYS(recv), false},
    {SCMP_SYS(sigreturn), false},
    {SCMP_SYS(munmap), false},
    {SCMP_SYS(madvise), false},
    {SCMP_SYS(restart_syscall), false},
    {SCMP_SYS(rt_sigreturn), false},
    {SCMP_SYS(rt_sigprocmask), false},
    {SCMP_SYS(exit), false},
    {SCMP_SYS(exit_group), false},
#if SANITIZED
    {SCMP_SYS(sigaltstack), false},
    {SCMP_SYS(sched_yield), false},
    {SCMP_SYS(gettid), false},
#endif
};

/* What a library may try in good faith and can do without; any other call kills the process. */
static const int refused[] = {SCMP_SYS(open),       SCMP_SYS(openat),  SCMP_SYS(stat),      SCMP_SYS(fstat),
                              SCMP_SYS(newfstatat), SCMP_SYS(access),  SCMP_SYS(readlink),  SCMP_SYS(sysinfo),
                              SCMP_SYS(stat64),     SCMP_SYS(fstat64), SCMP_SYS(fstatat64), SCMP_SYS(statx)};

static bool allow(scmp_filter_ctx ctx)
{
    const struct scmp_arg_cmp no_exec = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    int bad = 0;

    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++)
        bad |= allowed[i].no_exec ? seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, allowed[i].call, 1, &no_exec)
                                  : seccomp_rule_add(ctx, SCMP_ACT_ALLOW, allowed[i].call, 0);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) /* not every machine has each of these */
        (void)seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES), refused[i], 0);
    return bad == 0;
}

static enum bg_err few_calls(void)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
    bool done = ctx != NULL && allow(ctx) && seccomp_load(ctx) == 0;

    seccomp_release(ctx);
    return done ? BG_OK : BG_E_REFUSED;
}

enum bg_err confine(void)
{
    enum bg_err r;

    (void)unshare(CLONE_NEWNET); /* not every kernel and container gives one; socket() is forbidden as well */
    lock_memory();
    if ((r = empty_root()) != BG_OK || (r = limits()) != BG_OK ||
        (r = bg_become_user(BG_FIDO_UID, BG_FIDO_UID)) != BG_OK)
        return r;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return BG_E_REFUSED;
    return few_calls();
}
