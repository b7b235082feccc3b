/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <fido.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "fido/fido.h"

#define REPORT    64   /* CTAP 2.1, 11.2: packets of 64 bytes, written after a report id of 0 */
#define REPORTS   4096 /* of one ceremony; half a minute of keep-alives and the longest messages are 600 */
#define KEEPALIVE 0xbb /* CTAPHID_KEEPALIVE with the bit of a first packet */
#define CANCEL    0x91 /* CTAPHID_CANCEL, likewise */
#define ERROR     0xbf /* CTAPHID_ERROR */
#define BUSY      0x06 /* its ERR_CHANNEL_BUSY */
#define UP_NEEDED 2
#define CANCEL_MS 300

#define CANCELS    16  /* of old questions, in one process */
#define BUSY_TRIES 10  /* to open a device that is busy, ... */
#define BUSY_PAUSE 200 /* ... so many ms apart: a key sends a keep-alive every 100 */

/* What is known about the device; one a process. */
static struct {
    fido_dev_t *dev;
    int64_t deadline;
    uint32_t silence_ms;
    unsigned reports;
    bool quiet;             /* no touch is asked for */
    bool tell, told, waits; /* waits: its newest keep-alive asked for a touch */
    bool gone, silent, expired, flooded, cancelled;
    uint8_t channel[4]; /* what we wrote last was for this one */
    bool busy;          /* its newest word is that it is at work for another channel */
    unsigned cancels;   /* how often it was told to give that up */
    bool parting;       /* cancelling: the socket is ignored */
} line;

enum bg_fido_code device_grab(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0)
        return errno == EBUSY ? BG_FC_LOCKED : BG_FC_NO_DEVICE;
    if (fstat(fd, &st) != 0 || !S_ISCHR(st.st_mode))
        return BG_FC_NO_DEVICE;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) /* as libfido2 itself does */
        return BG_FC_LOCKED;
    if (fd != DEVICE_FD && (dup2(fd, DEVICE_FD) != DEVICE_FD || close(fd) != 0))
        return BG_FC_NO_DEVICE;
    for (int low = 0; low < SOCKET_FD; low++)
        (void)close(low);
    closefrom(DEVICE_FD + 1);
    return BG_FC_OK;
}

/* Has our caller cancelled the ceremony, or gone? */
static bool called_off(void)
{
    struct bg_fido_packet m;
    enum bg_err r = bg_packet_recv(SOCKET_FD, BG_WATCH_NOTHING, bg_fido_wire, &m, 0);

    if (r == BG_E_TIMEOUT)
        return false;
    line.cancelled = true;
    return true;
}

/* Wait until the device is ready or there is a reason to give up. */
static bool ready(short events, int64_t until)
{
    struct pollfd pf[2] = {{.fd = DEVICE_FD, .events = events}, {.fd = SOCKET_FD, .events = POLLIN}};
    int n;

    for (;;) {
        n = poll(pf, line.parting ? 1 : 2, bg_left_ms(until < line.deadline ? until : line.deadline));
        if (n < 0 && errno == EINTR)
            continue;
        if (n > 0 && !line.parting && pf[1].revents != 0 && called_off())
            return false;
        if (n > 0 && (pf[0].revents & events) != 0)
            return true;
        if (n > 0 && pf[0].revents != 0)
            line.gone = true;
        else if (n == 0 && bg_left_ms(line.deadline) == 0)
            line.expired = true;
        else if (n == 0)
            line.silent = true;
        if (n <= 0 || line.gone)
            return false;
    }
}

void device_quiet(void)
{
    line.quiet = true;
}

bool device_waits(void)
{
    if (!line.cancelled && bg_left_ms(line.deadline) == 0)
        line.expired = true;
    return !line.cancelled && !line.expired && !line.gone && !line.flooded && !called_off();
}

void device_touch(void)
{
    struct bg_fido_packet m = {.kind = BG_F_TOUCH};

    if (!line.tell || line.told)
        return;
    line.told = true;
    (void)!bg_packet_send(SOCKET_FD, bg_fido_wire, &m, bg_deadline(100));
}

static bool is_ours(const uint8_t *report)
{
    return memcmp(report, line.channel, sizeof line.channel) == 0;
}

/* Every report passes here, whatever libfido2 then makes of it. */
static bool look_at(const uint8_t *report)
{
    if (++line.reports > REPORTS) {
        line.flooded = true;
        return false;
    }
    if (!is_ours(report))
        return true;
    line.busy = report[4] == ERROR && report[7] == BUSY;
    line.waits = report[4] == KEEPALIVE && report[7] == UP_NEEDED;
    if (line.waits && line.quiet) { /* it blinks for a question that needs nobody: that is no answer */
        line.expired = true;
        return false;
    }
    if (line.waits)
        device_touch();
    return true;
}

/* Read all of len bytes, or write them where `to` is NULL; a pty may hand them out in pieces. */
static bool transfer(uint8_t *to, const uint8_t *from, size_t len, int64_t until)
{
    size_t n = 0;

    while (n < len) {
        if (!ready(to != NULL ? POLLIN : POLLOUT, until))
            return false;
        ssize_t did = to != NULL ? read(DEVICE_FD, to + n, len - n) : write(DEVICE_FD, from + n, len - n);
        if (did < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (did <= 0) {
            line.gone = true;
            return false;
        }
        n += (size_t)did;
    }
    return true;
}

/*
 * The node shows what the key sends to anybody. Whoever asked it before us may be dead: a key does not
 * notice, blinks on for half a minute and takes no other question. We hold the node's lock, so the one on
 * that channel is not one of ours, and it is told to give up.
 */
static void end_old_question(const uint8_t *report, int64_t until)
{
    uint8_t out[1 + REPORT] = {0};

    if (report[4] != KEEPALIVE)
        return;
    line.busy = true;
    if (report[7] != UP_NEEDED || line.cancels == CANCELS)
        return;
    line.cancels++;
    memcpy(out + 1, report, sizeof line.channel);
    out[5] = CANCEL;
    (void)transfer(NULL, out, sizeof out, until);
}

/* The next report on our channel. */
static bool next_report(uint8_t *buf, int64_t until)
{
    while (transfer(buf, NULL, REPORT, until) && look_at(buf)) {
        if (is_ours(buf))
            return true;
        end_old_question(buf, until);
    }
    return false;
}

/* libfido2 wants one whole report. */
static int io_read(void *handle, unsigned char *buf, size_t len, int ms)
{
    int64_t until = bg_deadline(ms >= 0 && (uint32_t)ms < line.silence_ms ? ms : (int64_t)line.silence_ms);

    (void)handle;
    return len == REPORT && next_report(buf, until) ? (int)len : -1;
}

static int io_write(void *handle, const unsigned char *buf, size_t len)
{
    (void)handle;
    if (len == 1 + REPORT)
        memcpy(line.channel, buf + 1, sizeof line.channel);
    return transfer(NULL, buf, len, bg_deadline((int64_t)line.silence_ms)) ? (int)len : -1;
}

/* The descriptor is open already, and stays so until the process ends. */
static void *io_open(const char *path)
{
    (void)path;
    return &line;
}

static void io_close(void *handle)
{
    (void)handle;
}

void device_begin(uint32_t wait_ms, bool tell)
{
    line.deadline = bg_deadline((int64_t)wait_ms);
    line.reports = 0;
    line.tell = tell;
    line.quiet = false;
    line.told = line.waits = false;
    line.silent = line.expired = line.flooded = line.cancelled = false;
}

/* Let a busy device speak: its keep-alives tell for whom it works. */
static void listen_to_busy(void)
{
    int64_t until = bg_deadline(BUSY_PAUSE);
    uint8_t report[REPORT];

    while (next_report(report, until))
        continue;
    line.busy = true; /* as it said before */
    line.silent = false;
}

/* Anew from the start: libfido2 would go on with the channel of the try before. */
static int open_once(void)
{
    const fido_dev_io_t io = {io_open, io_close, io_read, io_write};

    line.busy = false;
    fido_dev_free(&line.dev);
    if ((line.dev = fido_dev_new()) == NULL || fido_dev_set_io_functions(line.dev, &io) != FIDO_OK)
        return FIDO_ERR_INTERNAL;
    return fido_dev_open(line.dev, "3");
}

static int open_busy_or_not(void)
{
    int r = FIDO_ERR_INTERNAL;

    for (int i = 0; i < BUSY_TRIES; i++) {
        r = open_once();
        if (r == FIDO_OK || !line.busy || line.gone || line.flooded || line.cancelled || line.expired)
            break;
        listen_to_busy();
    }
    return r;
}

enum bg_fido_code device_open(uint32_t wait_ms, uint32_t silence_ms)
{
    int r;

    line.silence_ms = silence_ms;
    device_begin(wait_ms, false);
    r = open_busy_or_not();
    return r == FIDO_OK && line.cancels > 0 ? BG_FC_FREED : device_code(r);
}

struct fido_dev *device_handle(void)
{
    return line.dev;
}

static enum bg_fido_code code_of_status(int r)
{
    static const struct {
        int status;
        enum bg_fido_code code;
    } table[] = {
        {FIDO_OK, BG_FC_OK},
        {FIDO_ERR_NO_CREDENTIALS, BG_FC_NO_CREDENTIAL},
        {FIDO_ERR_INVALID_CREDENTIAL, BG_FC_NO_CREDENTIAL},
        {FIDO_ERR_ACTION_TIMEOUT, BG_FC_NO_TOUCH},
        {FIDO_ERR_USER_ACTION_TIMEOUT, BG_FC_NO_TOUCH},
        {FIDO_ERR_OPERATION_DENIED, BG_FC_DENIED},
        {FIDO_ERR_NOT_ALLOWED, BG_FC_DENIED},
        {FIDO_ERR_KEEPALIVE_CANCEL, BG_FC_DENIED},
        {FIDO_ERR_PIN_REQUIRED, BG_FC_PIN_REQUIRED},
        {FIDO_ERR_UNAUTHORIZED_PERM, BG_FC_PIN_REQUIRED},
        {FIDO_ERR_PIN_NOT_SET, BG_FC_PIN_NOT_SET},
        {FIDO_ERR_PIN_INVALID, BG_FC_PIN_INVALID},
        {FIDO_ERR_PIN_POLICY_VIOLATION, BG_FC_PIN_CHANGE}, /* of a right PIN: it wants another one */
        {FIDO_ERR_PIN_AUTH_BLOCKED, BG_FC_PIN_AUTH_BLOCKED},
        {FIDO_ERR_PIN_BLOCKED, BG_FC_PIN_BLOCKED},
        {FIDO_ERR_UV_INVALID, BG_FC_UV_INVALID},
        {FIDO_ERR_UV_BLOCKED, BG_FC_UV_BLOCKED},
        {FIDO_ERR_UNSUPPORTED_ALGORITHM, BG_FC_UNSUPPORTED},
        {FIDO_ERR_UNSUPPORTED_OPTION, BG_FC_UNSUPPORTED},
        {FIDO_ERR_INVALID_OPTION, BG_FC_UNSUPPORTED},
        {FIDO_ERR_INVALID_COMMAND, BG_FC_UNSUPPORTED},
        {FIDO_ERR_CREDENTIAL_EXCLUDED, BG_FC_EXCLUDED},
        {FIDO_ERR_KEY_STORE_FULL, BG_FC_FULL},
        {FIDO_ERR_CHANNEL_BUSY, BG_FC_LOCKED},
        {FIDO_ERR_TX, BG_FC_GARBAGE},
        {FIDO_ERR_RX, BG_FC_GARBAGE},
        {FIDO_ERR_RX_NOT_CBOR, BG_FC_GARBAGE},
        {FIDO_ERR_RX_INVALID_CBOR, BG_FC_GARBAGE},
        {FIDO_ERR_INVALID_SIG, BG_FC_GARBAGE},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].status == r)
            return table[i].code;
    return BG_FC_OTHER;
}

enum bg_fido_code device_code(int r)
{
    if (r == FIDO_OK)
        return BG_FC_OK;
    if (line.cancelled)
        return BG_FC_CANCELLED;
    if (line.gone)
        return BG_FC_GONE;
    if (line.flooded)
        return BG_FC_GARBAGE;
    if (line.busy)
        return BG_FC_LOCKED;
    if (line.expired && (line.told || line.waits))
        return BG_FC_NO_TOUCH;
    if (line.expired || line.silent)
        return BG_FC_SILENT;
    return code_of_status(r);
}

/* What was cancelled is still answered; whatever is asked next must not take that for its own answer. */
static void hear_out(void)
{
    uint8_t report[REPORT];

    while (next_report(report, line.deadline) && report[4] == KEEPALIVE)
        continue;
}

void device_let_go(void)
{
    if (line.gone)
        return;
    line.deadline = bg_deadline(CANCEL_MS);
    line.parting = true;
    line.quiet = line.expired = false;
    (void)fido_dev_cancel(line.dev);
    hear_out();
    line.parting = false;
}
