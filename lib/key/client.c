/* SPDX-License-Identifier: ISC */
#include "key/client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/hash.h"
#include "base/host.h"
#include "base/process.h"
#include "base/safefile.h"
#include "base/secret.h"

#define STOP_MS    1000
#define SET_PIN_MS 10000
#define LOOK_MS    20 /* at one of several keys */

/* Where /run takes no file: a directory that root alone can open is there to be locked, whatever is full. */
static enum bg_err lock_without_a_file(int *lock)
{
    int fd = open(BG_CONFDIR "/credentials", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    enum bg_err r = BG_OK;

    if (fd < 0)
        return BG_E_IO;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        r = errno == EWOULDBLOCK ? BG_E_BUSY : BG_E_IO;
    if (r == BG_OK)
        *lock = fd;
    else
        bg_close(fd);
    return r;
}

enum bg_err bg_fido_lock(int *lock)
{
    enum bg_err r = bg_dir_make(BG_RUNDIR, 0755);

    if (r == BG_OK)
        r = bg_lock(AT_FDCWD, BG_FIDO_LOCK, bg_deadline(0), lock);
    return r == BG_OK || r == BG_E_BUSY ? r : lock_without_a_file(lock);
}

enum bg_err bg_fido_challenge(uint8_t out[BG_FIDO_HASH])
{
    struct {
        char what[32];
        uint8_t random[32];
        char boot[BG_BOOT_ID_LEN + 1];
        struct timespec wall, since_boot;
    } mix;
    enum bg_err r;

    memset(&mix, 0, sizeof mix);
    (void)snprintf(mix.what, sizeof mix.what, "breakglass key challenge 1");
    if ((r = bg_random(mix.random, sizeof mix.random)) != BG_OK)
        return r;
    /* a snapshot that is started twice may repeat its random bytes, but hardly its time as well */
    bg_host_boot_id(mix.boot);
    (void)clock_gettime(CLOCK_REALTIME, &mix.wall);
    (void)clock_gettime(CLOCK_BOOTTIME, &mix.since_boot);
    r = bg_sha256(&mix, sizeof mix, out);
    bg_wipe(&mix, sizeof mix);
    return r;
}

static enum bg_err exchange(struct bg_fido *f, struct bg_fido_packet *m, enum bg_fido_kind answer,
                            int64_t deadline)
{
    enum bg_err r;

    if ((r = bg_packet_send(f->fd, bg_fido_wire, m, deadline)) != BG_OK ||
        (r = bg_packet_recv(f->fd, f->watch, bg_fido_wire, m, deadline)) != BG_OK)
        return r;
    return m->kind == answer ? BG_OK : BG_E_PROTO;
}

static enum bg_err open_node(struct bg_fido *f, const char *path, int64_t deadline, enum bg_fido_code *code)
{
    struct bg_fido_packet m = {.kind = BG_F_OPEN, .u.open.silence_ms = BG_FIDO_SILENCE_MS};
    enum bg_err r;

    (void)snprintf(m.u.open.path, sizeof m.u.open.path, "%s", path);
    r = exchange(f, &m, BG_F_OPENED, deadline);
    if (r == BG_E_TIMEOUT) { /* it hangs while opening: that is the device's doing */
        *code = BG_FC_SILENT;
        return BG_OK;
    }
    if (r != BG_OK)
        return r;
    f->freed = m.u.opened == BG_FC_FREED;
    *code = f->freed ? BG_FC_OK : m.u.opened;
    return BG_OK;
}

enum bg_err bg_fido_info(struct bg_fido *f, struct bg_fido_info *out)
{
    struct bg_fido_packet m = {.kind = BG_F_GET_INFO};
    enum bg_err r = exchange(f, &m, BG_F_INFO, bg_deadline(BG_FIDO_OPEN_MS + BG_FIDO_GRACE_MS));

    if (r == BG_OK)
        *out = m.u.info;
    return r;
}

enum bg_err bg_fido_start(struct bg_fido *f, const char *path, struct bg_fido_info *info,
                          enum bg_fido_code *code)
{
    static const char *const argv[] = {"breakglass-fido", NULL};
    int64_t deadline = bg_deadline(BG_FIDO_OPEN_MS);
    enum bg_err r;

    if (strlen(path) >= BG_FIDO_PATH) {
        *code = BG_FC_NO_DEVICE;
        return BG_OK;
    }
    /* it gets the socket and nothing else: not even standard error */
    if ((r = bg_process_talk(f->worker, argv, BG_FD_CLOSED, &f->pid, &f->fd)) != BG_OK)
        return r;
    r = open_node(f, path, deadline, code);
    if (r == BG_OK && *code == BG_FC_OK && (r = bg_fido_info(f, info)) == BG_OK)
        *code = info->code;
    if (r != BG_OK || *code != BG_FC_OK)
        bg_fido_stop(f);
    return r;
}

static uint32_t wait_of(const struct bg_fido_packet *m)
{
    switch (m->kind) {
    case BG_F_MAKE:
        return m->u.make.wait_ms;
    case BG_F_ASSERT:
        return m->u.assertion.wait_ms;
    default:
        return SET_PIN_MS;
    }
}

enum bg_err bg_fido_run(struct bg_fido *f, struct bg_fido_packet *m, bg_fido_touch_fn touch, void *arg,
                        struct bg_fido_result *out)
{
    int64_t deadline = bg_deadline((int64_t)wait_of(m) + BG_FIDO_GRACE_MS);
    enum bg_err r;

    r = bg_packet_send(f->fd, bg_fido_wire, m, deadline);
    bg_wipe(m, sizeof *m);
    for (unsigned i = 0; r == BG_OK && i < 100; i++) {
        if ((r = bg_packet_recv(f->fd, f->watch, bg_fido_wire, m, deadline)) != BG_OK)
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

static enum bg_err no_touch(void *arg)
{
    (void)arg;
    return BG_OK;
}

enum bg_err bg_fido_set_pin(struct bg_fido *f, char old[BG_FIDO_PIN], char pin[BG_FIDO_PIN],
                            struct bg_fido_result *out)
{
    struct bg_fido_packet m = {.kind = BG_F_SET_PIN};

    (void)snprintf(m.u.set_pin.old, BG_FIDO_PIN, "%s", old);
    (void)snprintf(m.u.set_pin.pin, BG_FIDO_PIN, "%s", pin);
    bg_wipe(old, BG_FIDO_PIN);
    bg_wipe(pin, BG_FIDO_PIN);
    return bg_fido_run(f, &m, no_touch, NULL, out);
}

/* What one of several keys says meanwhile: *done for an answer, or for one that is out of it. */
static enum bg_err hear(const struct bg_fido *f, bool *done, enum bg_fido_code *code)
{
    struct bg_fido_packet m;
    enum bg_err r = bg_packet_recv(f->fd, f->watch, bg_fido_wire, &m, bg_deadline(LOOK_MS));

    if (r == BG_E_HANGUP || r == BG_E_CANCEL)
        return r;
    if (r == BG_E_TIMEOUT || (r == BG_OK && m.kind == BG_F_TOUCH))
        return BG_OK;
    *done = true;
    *code = r == BG_OK && m.kind == BG_F_RESULT ? m.u.result.code : BG_FC_GARBAGE;
    return BG_OK;
}

enum bg_err bg_fido_select(struct bg_fido *const f[], size_t n, uint32_t wait_ms, bg_fido_touch_fn touch,
                           void *arg, size_t *which, enum bg_fido_code *code)
{
    int64_t deadline = bg_deadline((int64_t)wait_ms + BG_FIDO_GRACE_MS);
    bool done[32] = {false};
    size_t left = n;
    enum bg_err r;

    for (size_t i = 0; i < n; i++) {
        struct bg_fido_packet m = {.kind = BG_F_SELECT, .u.select_ms = wait_ms};
        (void)!bg_packet_send(f[i]->fd, bg_fido_wire, &m, bg_deadline(100)); /* it is heard to be gone */
    }
    *code = BG_FC_NO_TOUCH;
    if ((r = touch(arg)) != BG_OK)
        return r;
    for (size_t i = 0; left > 0 && bg_left_ms(deadline) > 0; i = (i + 1) % n) {
        enum bg_fido_code now = BG_FC_OTHER;
        if (done[i])
            continue;
        if ((r = hear(f[i], &done[i], &now)) != BG_OK)
            return r;
        left -= done[i];
        if (done[i] && now == BG_FC_OK) {
            *which = i;
            *code = BG_FC_OK;
            return BG_OK;
        }
    }
    return BG_OK;
}

/*
 * The worker cancels a running ceremony and ends when it is told to, or when its socket is closed. One that
 * hangs in the kernel with its device is left behind.
 */
void bg_fido_stop(struct bg_fido *f)
{
    struct bg_fido_packet m = {.kind = BG_F_CANCEL};
    int saved = errno; /* it may say why the ceremony ends */

    (void)!bg_packet_send(f->fd, bg_fido_wire, &m, bg_deadline(100));
    errno = saved;
    bg_close(f->fd);
    f->fd = -1;
    (void)!bg_process_end(f->pid, STOP_MS, STOP_MS, NULL);
}
