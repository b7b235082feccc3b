#include "key/client.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <openssl/evp.h>
#include "base/clock.h"
#include "base/safefile.h"
#include "base/secret.h"

#define SOCKET_FD 3
#define STOP_MS   1000

enum bg_err bg_fido_lock(int *lock)
{
    struct stat st;
    enum bg_err r;
    int fd;

    if ((r = bg_dir_make(BG_RUNDIR, 0755)) != BG_OK)
        return r;
    fd = open(BG_FIDO_LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
    if (fd < 0)
        return BG_E_IO;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid())
        r = BG_E_UNSAFE;
    else if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        r = errno == EWOULDBLOCK ? BG_E_BUSY : BG_E_IO;
    if (r != BG_OK)
        (void)close(fd);
    else
        *lock = fd;
    return r;
}

enum bg_err bg_fido_challenge(uint8_t out[BG_FIDO_HASH])
{
    struct {
        char what[32];
        uint8_t random[32];
        char boot[40];
        struct timespec wall, since_boot;
    } mix;
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    int fd;
    enum bg_err r;

    memset(&mix, 0, sizeof mix);
    (void)snprintf(mix.what, sizeof mix.what, "breakglass key challenge 1");
    if ((r = bg_random(mix.random, sizeof mix.random)) != BG_OK)
        return r;
    /* a snapshot that was started twice repeats its random bytes, but hardly its time as well */
    if ((fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)) >= 0) {
        (void)!read(fd, mix.boot, sizeof mix.boot);
        (void)close(fd);
    }
    (void)clock_gettime(CLOCK_REALTIME, &mix.wall);
    (void)clock_gettime(CLOCK_BOOTTIME, &mix.since_boot);
    r = EVP_Digest(&mix, sizeof mix, hash, &n, EVP_sha256(), NULL) == 1 && n == BG_FIDO_HASH ? BG_OK
                                                                                             : BG_E_CRYPTO;
    if (r == BG_OK)
        memcpy(out, hash, BG_FIDO_HASH);
    bg_wipe(&mix, sizeof mix);
    return r;
}

/* The worker gets the socket as 3, nothing else: 0 to 2 are closed too, so that nothing can be written there.
 */
static int plan(posix_spawn_file_actions_t *fa, posix_spawnattr_t *at, int sock)
{
    sigset_t none, all;
    int e = posix_spawn_file_actions_adddup2(fa, sock, SOCKET_FD);

    for (int fd = 0; e == 0 && fd < SOCKET_FD; fd++)
        e = posix_spawn_file_actions_addclose(fa, fd);
    if (e == 0)
        e = posix_spawn_file_actions_addclosefrom_np(fa, SOCKET_FD + 1);
    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    if (e == 0)
        e = posix_spawnattr_setsigmask(at, &none);
    if (e == 0)
        e = posix_spawnattr_setsigdefault(at, &all);
    if (e == 0)
        e = posix_spawnattr_setflags(at, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
    return e;
}

static int spawn(pid_t *pid, int sock)
{
    static char name[] = "breakglass-fido";
    char *const argv[] = {name, NULL}, *const envp[] = {NULL};
    posix_spawn_file_actions_t fa;
    posix_spawnattr_t at;
    int e;

    if ((e = posix_spawn_file_actions_init(&fa)) != 0)
        return e;
    if ((e = posix_spawnattr_init(&at)) == 0) {
        if ((e = plan(&fa, &at, sock)) == 0)
            e = posix_spawn(pid, BG_FIDO_WORKER, &fa, &at, argv, envp);
        (void)posix_spawnattr_destroy(&at);
    }
    (void)posix_spawn_file_actions_destroy(&fa);
    return e;
}

static enum bg_err launch(struct bg_fido *f)
{
    int fd[2], high;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) != 0)
        return BG_E_IO;
    /* dup2 onto its own number would leave it close-on-exec: the child's end goes out of the way */
    high = fcntl(fd[1], F_DUPFD_CLOEXEC, SOCKET_FD + 7);
    (void)close(fd[1]);
    if (high < 0 || (errno = spawn(&f->pid, high)) != 0) {
        enum bg_err r = high >= 0 && errno == ENOENT ? BG_E_NOENT : BG_E_IO;
        if (high >= 0)
            (void)close(high);
        (void)close(fd[0]);
        return r;
    }
    (void)close(high);
    f->fd = fd[0];
    return BG_OK;
}

enum bg_err bg_fido_start(struct bg_fido *f, const char *path, int watch, enum bg_fido_code *code)
{
    struct bg_fido_msg m = {.kind = BG_F_OPEN};
    int64_t deadline = bg_deadline(BG_FIDO_OPEN_MS);
    enum bg_err r;

    if (strlen(path) >= sizeof m.u.open.path) {
        *code = BG_FC_NO_DEVICE;
        return BG_OK;
    }
    (void)snprintf(m.u.open.path, sizeof m.u.open.path, "%s", path);
    m.u.open.silence_ms = BG_FIDO_SILENCE_MS;
    f->watch = watch;
    if ((r = launch(f)) != BG_OK)
        return r;
    if ((r = bg_fido_send(f->fd, &m, deadline)) == BG_OK)
        r = bg_fido_recv(f->fd, watch, &m, deadline);
    if (r == BG_OK && m.kind != BG_F_OPENED)
        r = BG_E_PROTO;
    if (r == BG_E_TIMEOUT) { /* it hangs in opening: that is the device */
        m.u.opened = BG_FC_SILENT;
        r = BG_OK;
    }
    if (r == BG_OK)
        *code = m.u.opened;
    if (r != BG_OK || *code != BG_FC_OK)
        bg_fido_stop(f);
    return r;
}

enum bg_err bg_fido_info(struct bg_fido *f, struct bg_fido_info *out)
{
    struct bg_fido_msg m = {.kind = BG_F_GET_INFO};
    int64_t deadline = bg_deadline(BG_FIDO_OPEN_MS + BG_FIDO_GRACE_MS);
    enum bg_err r;

    if ((r = bg_fido_send(f->fd, &m, deadline)) != BG_OK ||
        (r = bg_fido_recv(f->fd, f->watch, &m, deadline)) != BG_OK)
        return r;
    if (m.kind != BG_F_INFO)
        return BG_E_PROTO;
    *out = m.u.info;
    return BG_OK;
}

enum bg_err bg_fido_run(struct bg_fido *f, struct bg_fido_msg *m, bg_fido_touch_fn touch, void *arg,
                        struct bg_fido_result *out)
{
    uint32_t wait = m->kind == BG_F_MAKE ? m->u.make.wait_ms : m->u.assertion.wait_ms;
    int64_t deadline = bg_deadline((int64_t)wait + BG_FIDO_GRACE_MS);
    enum bg_err r;

    r = bg_fido_send(f->fd, m, deadline);
    bg_wipe(m, sizeof *m);
    for (unsigned i = 0; r == BG_OK && i < 100; i++) {
        if ((r = bg_fido_recv(f->fd, f->watch, m, deadline)) != BG_OK)
            return r;
        if (m->kind == BG_F_RESULT) {
            *out = m->u.result;
            return BG_OK;
        }
        if (m->kind != BG_F_TOUCH)
            return BG_E_PROTO;
        r = touch(arg);
    }
    return r == BG_OK ? BG_E_PROTO : r;
}

/*
 * The worker cancels a ceremony that runs and ends when it is told to, or when its socket is closed. One that
 * hangs in the kernel with its device is left to die.
 */
void bg_fido_stop(struct bg_fido *f)
{
    struct bg_fido_msg m = {.kind = BG_F_CANCEL};
    int64_t kill_at = bg_deadline(STOP_MS), leave_at = bg_deadline(2 * STOP_MS);
    bool killed = false;

    (void)!bg_fido_send(f->fd, &m, bg_deadline(100));
    (void)close(f->fd);
    f->fd = -1;
    while (waitpid(f->pid, NULL, WNOHANG) == 0 && bg_left_ms(leave_at) > 0) {
        if (!killed && bg_left_ms(kill_at) == 0) {
            (void)kill(f->pid, SIGKILL);
            killed = true;
        }
        bg_sleep_ms(2);
    }
}
