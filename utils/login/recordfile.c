/* SPDX-License-Identifier: ISC */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/process.h"
#include "base/safefile.h"
#include "login/recording.h"
#include "programs.h"
#include "record/life.h"

#define GZIP_MS  15000
#define SHELLS   99 /* recordings of one use */
#define LOOK_AT  (1 << 20)
#define FILES    1024
#define HASH_MAX (RECORDING_MAX + (1 << 20))

static int words;

static void say(enum recordfile_what what, const char *text, const char *sha256)
{
    struct recordfile_word w = {.what = what};

    (void)snprintf(w.text, sizeof w.text, "%s", text);
    (void)snprintf(w.sha256, sizeof w.sha256, "%s", sha256);
    (void)!send(words, &w, sizeof w, MSG_NOSIGNAL);
}

/* --- room ---------------------------------------------------------------------------------------- */

struct oldest {
    char name[64];
    int64_t total, age;
    bool awaited; /* its use awaits its review */
};

/* Uses of any account that nobody has reviewed yet, as far as it is known. */
static struct {
    size_t n;
    char id[BG_LIFE_ACCOUNTS * BG_LIFE_USES][BG_ULID_LEN + 1];
} awaited;

static void look_for_awaited(void)
{
    static char account[BG_LIFE_ACCOUNTS][64];
    static struct bg_life l;

    for (size_t n = bg_life_accounts(NULL, NULL, account, BG_LIFE_ACCOUNTS); n > 0; n--)
        for (size_t i = 0; bg_life_load(NULL, NULL, account[n - 1], &l) == BG_OK && i < l.uses; i++)
            if (l.use[i].verdict == BG_VERDICT_NONE)
                memcpy(awaited.id[awaited.n++], l.use[i].id, sizeof awaited.id[0]);
}

static bool is_awaited(const char *name)
{
    for (size_t i = 0; i < awaited.n; i++)
        if (strncmp(name, awaited.id[i], BG_ULID_LEN) == 0)
            return true;
    return false;
}

/* Does it go before the other? */
static bool goes_first(const char *name, int64_t age, const struct oldest *other)
{
    bool waits = is_awaited(name);

    return other->name[0] == '\0' || (waits != other->awaited ? !waits : age > other->age);
}

/* Of all that is there: the sum, and the one that goes first. */
static struct oldest look(int dir)
{
    struct oldest o = {.age = -1};
    int64_t now = bg_wall_ms() / 1000;
    DIR *d = fdopendir(fcntl(dir, F_DUPFD_CLOEXEC, 3));
    struct dirent *de;
    struct stat st;

    if (d == NULL)
        return o;
    rewinddir(d);
    while ((de = readdir(d)) != NULL) {
        if (de->d_name[0] == '.' || fstatat(dir, de->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISREG(st.st_mode))
            continue;
        o.total += st.st_size;
        if (strlen(de->d_name) < sizeof o.name && goes_first(de->d_name, now - st.st_mtime, &o)) {
            o.age = now - st.st_mtime;
            o.awaited = is_awaited(de->d_name);
            (void)snprintf(o.name, sizeof o.name, "%s", de->d_name);
        }
    }
    (void)closedir(d);
    return o;
}

/* The oldest give way until a whole recording has room. */
static void make_room(int dir)
{
    struct oldest o = look(dir);

    if (o.total + RECORDING_MAX <= RECORDING_TOTAL)
        return;
    look_for_awaited();
    o = look(dir);
    for (int i = 0; i < FILES && o.total + RECORDING_MAX > RECORDING_TOTAL && o.name[0] != '\0'; i++) {
        if (unlinkat(dir, o.name, 0) != 0)
            return;
        say(RECORDFILE_REMOVED, o.name, "");
        o = look(dir);
    }
}

static bool has_space(int dir)
{
    struct statvfs fs;

    return fstatvfs(dir, &fs) != 0 || (int64_t)(fs.f_bavail * fs.f_frsize) > RECORDING_SPARE;
}

/* --- files ----------------------------------------------------------------------------------------- */

struct file {
    char name[64];
    int from, fd;
};

/* A pair of new files: USE-01.out and USE-01.timing. */
static bool begin(int dir, const char *use, struct file f[2])
{
    static const char *const ends[] = {"out", "timing"};

    for (int n = 1; n <= SHELLS; n++) {
        for (int i = 0; i < 2; i++) {
            (void)snprintf(f[i].name, sizeof f[i].name, "%s-%02d.%s", use, n, ends[i]);
            f[i].fd = openat(dir, f[i].name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        }
        if (f[0].fd >= 0 && f[1].fd >= 0) {
            char packed[80];
            (void)snprintf(packed, sizeof packed, "%s.gz", f[0].name);
            if (faccessat(dir, packed, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
                return true;
        } else if (errno != EEXIST) {
            return false;
        }
        for (int i = 0; i < 2; i++)
            if (f[i].fd >= 0) {
                (void)unlinkat(dir, f[i].name, 0);
                (void)close(f[i].fd);
            }
    }
    errno = EMFILE;
    return false;
}

/* What cannot be kept is read all the same, so that nobody waits. NULL, or why there is a gap. */
static const char *copy(struct file f[2], int dir)
{
    static char piece[65536];
    struct pollfd pf[2] = {{.fd = f[0].from, .events = POLLIN}, {.fd = f[1].from, .events = POLLIN}};
    const char *gap = NULL;
    int64_t written = 0, looked = 0;

    while (pf[0].fd >= 0 || pf[1].fd >= 0) {
        if (poll(pf, 2, -1) < 0 && errno != EINTR)
            return "its pipe failed";
        for (int i = 0; i < 2; i++) {
            ssize_t n = pf[i].revents != 0 ? read(f[i].from, piece, sizeof piece) : -1;
            if (pf[i].revents != 0 && n <= 0)
                pf[i].fd = -1;
            if (n <= 0 || gap != NULL)
                continue;
            if (bg_write_all(f[i].fd, piece, (size_t)n) != BG_OK)
                gap = strerror(errno);
            else if ((written += n) > RECORDING_MAX)
                gap = "it has reached its largest size";
            else if (written - looked > LOOK_AT && !has_space(dir))
                gap = "the disk is nearly full";
            if (gap != NULL)
                say(RECORDFILE_GAP, gap, "");
            looked = written - looked > LOOK_AT ? written : looked;
        }
    }
    return gap;
}

/* By gzip(1), for a bounded time; where it is not there or fails, the file stays as it is. */
static void pack(struct file *f)
{
    static const char *const programs[] = {"/usr/bin/gzip", "/bin/gzip"};
    char path[PATH_MAX], packed[PATH_MAX + 4];
    const char *argv[] = {"gzip", "-f", "-q", "--", path, NULL};
    static const int fds[] = {BG_FD_NULL, BG_FD_NULL, BG_FD_NULL};
    struct stat st;
    int status = -1;
    pid_t pid;

    (void)snprintf(path, sizeof path, "%s/%s", RECORDINGS_DIR, f->name);
    (void)snprintf(packed, sizeof packed, "%s.gz", path);
    for (size_t i = 0; i < 2; i++) {
        const struct bg_program p = {.path = programs[i], .argv = argv, .fds = fds, .n = 3};
        if (bg_process_start(&p, &pid) != BG_OK)
            continue;
        if (bg_process_end(pid, GZIP_MS, 1000, &status) != BG_OK || status != 0 || lstat(path, &st) == 0)
            (void)unlink(packed);
        break;
    }
    if (lstat(packed, &st) == 0 && lstat(path, &st) != 0)
        (void)snprintf(f->name + strlen(f->name), sizeof f->name - strlen(f->name), ".gz");
}

static void hash_of(const char *name, char hex[BG_HASH_HEX + 1])
{
    char path[PATH_MAX], *data = NULL;
    size_t n;

    hex[0] = '\0';
    (void)snprintf(path, sizeof path, "%s/%s", RECORDINGS_DIR, name);
    if (bg_file_slurp(path, HASH_MAX, &data, &n) == BG_OK)
        (void)!bg_sha256_hex(data, n, hex);
    free(data);
}

_Noreturn void recordfile_run(const char *use, int out, int timing, int back)
{
    struct file f[2] = {{.from = out, .fd = -1}, {.from = timing, .fd = -1}};
    char hex[BG_HASH_HEX + 1];
    int dir = -1;
    enum bg_err r;

    words = back;
    if ((r = bg_dirs_make(RECORDINGS_DIR, 0700)) != BG_OK ||
        (r = bg_open_safe(AT_FDCWD, RECORDINGS_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, &dir, NULL)) !=
            BG_OK) {
        say(RECORDFILE_GAP, bg_strerror(r), "");
        _exit(1);
    }
    make_room(dir);
    if (!has_space(dir)) {
        say(RECORDFILE_GAP, "the disk is nearly full", "");
        _exit(1);
    }
    if (!begin(dir, use, f)) {
        say(RECORDFILE_GAP, strerror(errno), "");
        _exit(1);
    }
    say(RECORDFILE_READY, "", "");
    (void)copy(f, dir);
    for (int i = 0; i < 2; i++) {
        (void)fsync(f[i].fd);
        (void)close(f[i].fd);
        pack(&f[i]);
    }
    hash_of(f[0].name, hex);
    say(RECORDFILE_DONE, f[0].name, hex);
    _exit(0);
}
