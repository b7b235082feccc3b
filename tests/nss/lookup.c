/* SPDX-License-Identifier: ISC */
/*
 * Look accounts up through glibc, the way programs do, and say what was seen. Exit 0 when all held.
 *
 *     lookup dirs              where this build looks for its files: CONFDIR NSSDIR
 *     lookup sizes USER GROUP  buffers from 0 bytes up: ERANGE, and from some size on the answer
 *     lookup threads USER      many threads with small stacks; descriptors counted before and after
 *     lookup stack USER UID GROUP GID   each in a thread of the smallest stack, and how much of it was used
 *     lookup closed USER       with descriptors 0 to 2 closed, none of them is open afterwards
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pthread.h>
#include <pwd.h>
#include <shadow.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 16
#define ROUNDS  300
#ifndef STACK
#define STACK (64 * 1024)
#endif

static const char *user;

/* One kind of lookup with a buffer of len bytes: 0 found, 1 not found, else the error. */
static int by_passwd(const char *name, char *buf, size_t len)
{
    struct passwd p, *r = NULL;
    int e = getpwnam_r(name, &p, buf, len, &r);

    return e != 0 ? e : r == NULL;
}

static int by_shadow(const char *name, char *buf, size_t len)
{
    struct spwd s, *r = NULL;
    int e = getspnam_r(name, &s, buf, len, &r);

    return e != 0 ? e : r == NULL;
}

static int by_group(const char *name, char *buf, size_t len)
{
    struct group g, *r = NULL;
    int e = getgrnam_r(name, &g, buf, len, &r);

    return e != 0 ? e : r == NULL;
}

/* ERANGE for every size below some least one, the answer from there on; nothing past the size touched. */
static int sizes(const char *what, int (*f)(const char *, char *, size_t), const char *name)
{
    char buf[2048 + 64];
    size_t least = 0;

    for (size_t n = 0; n <= 2048; n++) {
        memset(buf, 0x5a, sizeof buf);
        int got = f(name, buf, n);
        for (size_t i = n; i < sizeof buf; i++)
            if (buf[i] != 0x5a) {
                printf("%s: byte %zu of a buffer of %zu was written\n", what, i, n);
                return 1;
            }
        if (got != 0 && (got != ERANGE || least != 0)) {
            printf("%s: %d with a buffer of %zu\n", what, got, n);
            return 1;
        }
        if (got == 0 && least == 0)
            least = n;
    }
    printf("%s: needs %zu bytes\n", what, least);
    return least == 0;
}

static int open_files(void)
{
    DIR *d = opendir("/proc/self/fd");
    int n = 0;

    if (d == NULL)
        return -1;
    while (readdir(d) != NULL)
        n++;
    (void)closedir(d);
    return n;
}

static void *work(void *arg)
{
    char buf[1024];
    size_t bad = 0;

    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        gid_t gids[64];
        int n = 64;
        bad += by_passwd(user, buf, sizeof buf) != 0 || by_passwd("bgnobody", buf, sizeof buf) != 1 ||
               by_shadow(user, buf, sizeof buf) != 0 || getgrouplist(user, 0, gids, &n) < 1;
    }
    return (void *)bad;
}

static int threads(void)
{
    pthread_t t[THREADS];
    pthread_attr_t attr;
    char buf[1024];
    sigset_t all;
    size_t bad = 0;
    int before, after;

    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, NULL);
    (void)by_passwd(user, buf, sizeof buf); /* what glibc itself opens at the first call is not counted */
    before = open_files();
    (void)pthread_attr_init(&attr);
    (void)pthread_attr_setstacksize(&attr, STACK);
    for (size_t i = 0; i < THREADS; i++)
        if (pthread_create(&t[i], &attr, work, NULL) != 0)
            return 1;
    for (size_t i = 0; i < THREADS; i++) {
        void *r;
        (void)pthread_join(t[i], &r);
        bad += (size_t)r;
    }
    after = open_files();
    printf("threads: %zu wrong of %d, descriptors %d before, %d after\n", bad, THREADS * ROUNDS, before,
           after);
    return bad != 0 || before != after || before < 0;
}

/* --- the smallest stack ------------------------------------------------------------------------- */

struct deep {
    const char *what, *name;
    unsigned number;
    int result;
};

/* What it takes beside the look-up is static, so that the stack is the look-up's alone. */
static void *look_deep(void *arg)
{
    static char buf[1024];
    static struct passwd p, *pr;
    static struct group g, *gr;
    static struct spwd s, *sr;
    static gid_t gids[64];
    static int n = 64;
    struct deep *d = arg;

    if (strcmp(d->what, "getpwnam_r") == 0)
        d->result = getpwnam_r(d->name, &p, buf, sizeof buf, &pr) != 0 || pr == NULL;
    else if (strcmp(d->what, "getpwuid_r") == 0)
        d->result = getpwuid_r(d->number, &p, buf, sizeof buf, &pr) != 0 || pr == NULL;
    else if (strcmp(d->what, "getgrnam_r") == 0)
        d->result = getgrnam_r(d->name, &g, buf, sizeof buf, &gr) != 0 || gr == NULL;
    else if (strcmp(d->what, "getgrgid_r") == 0)
        d->result = getgrgid_r(d->number, &g, buf, sizeof buf, &gr) != 0 || gr == NULL;
    else if (strcmp(d->what, "getspnam_r") == 0)
        d->result = getspnam_r(d->name, &s, buf, sizeof buf, &sr) != 0 || sr == NULL;
    else
        d->result = getgrouplist(d->name, 0, gids, &n) < 1;
    return NULL;
}

/* In a child, because a stack that is too small ends in SIGSEGV. Bytes that were used, -1: it did not work.
 */
static long depth(struct deep *d)
{
    static const char paint = 0x5a;
    size_t size = (size_t)PTHREAD_STACK_MIN, free_bytes = 0, page = (size_t)sysconf(_SC_PAGESIZE);
    char *all = mmap(NULL, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *stack = all + page;
    pthread_attr_t attr;
    pthread_t t;

    if (all == MAP_FAILED || mprotect(all, page, PROT_NONE) != 0)
        return -1;
    memset(stack, paint, size);
    if (pthread_attr_init(&attr) != 0 || pthread_attr_setstack(&attr, stack, size) != 0 ||
        pthread_create(&t, &attr, look_deep, d) != 0 || pthread_join(t, NULL) != 0 || d->result != 0)
        return -1;
    while (free_bytes < size && stack[free_bytes] == paint)
        free_bytes++;
    return (long)(size - free_bytes);
}

static int stack_of(const char *what, const char *name, unsigned number)
{
    struct deep d = {.what = what, .name = name, .number = number, .result = 1};
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        long used = depth(&d);
        printf("%s: %ld of %ld bytes\n", what, used, (long)PTHREAD_STACK_MIN);
        (void)fflush(stdout);
        _exit(used < 0);
    }
    if (waitpid(pid, &status, 0) != pid || status != 0) {
        printf("%s %s: does not work in a thread of %ld bytes (status %d)\n", what, name,
               (long)PTHREAD_STACK_MIN, status);
        return 1;
    }
    return 0;
}

static int stack(char **who)
{
    unsigned uid = (unsigned)strtoul(who[1], NULL, 10), gid = (unsigned)strtoul(who[3], NULL, 10);

    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    return stack_of("getpwnam_r", who[0], 0) | stack_of("getpwuid_r", who[0], uid) |
           stack_of("getspnam_r", who[0], 0) | stack_of("getgrnam_r", who[2], 0) |
           stack_of("getgrgid_r", who[2], gid) | stack_of("getgrouplist", who[0], 0);
}

static int closed(void)
{
    char buf[1024];
    bool open = false;
    int out = dup(1), found;

    for (int fd = 0; fd < 3; fd++)
        (void)close(fd);
    found = by_passwd(user, buf, sizeof buf);
    for (int fd = 0; fd < 3; fd++)
        open |= fcntl(fd, F_GETFD) != -1;
    (void)dup2(out, 1);
    printf("closed: %d, %s\n", found, open ? "a descriptor was left open" : "nothing left open");
    return found != 0 || open;
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "";

    user = argc > 2 ? argv[2] : "";
    if (strcmp(mode, "dirs") == 0)
        return printf("%s %s\n", BG_CONFDIR, BG_NSSDIR) < 0;
    if (strcmp(mode, "sizes") == 0 && argc == 4)
        return sizes("passwd", by_passwd, user) | sizes("shadow", by_shadow, user) |
               sizes("group", by_group, argv[3]);
    if (strcmp(mode, "threads") == 0)
        return threads();
    if (strcmp(mode, "stack") == 0 && argc == 6)
        return stack(argv + 2);
    if (strcmp(mode, "closed") == 0)
        return closed();
    return 2;
}
