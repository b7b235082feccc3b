/*
 * Look accounts up through glibc, the way programs do, and say what was seen. Exit 0 when all held.
 *
 *     lookup dirs              where this build looks for its files: CONFDIR NSSDIR
 *     lookup sizes USER GROUP  buffers from 0 bytes up: ERANGE, and from some size on the answer
 *     lookup threads USER      many threads with small stacks; descriptors counted before and after
 *     lookup closed USER       with descriptors 0 to 2 closed, none of them is open afterwards
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <shadow.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
    if (strcmp(mode, "closed") == 0)
        return closed();
    return 2;
}
