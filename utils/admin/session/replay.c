/* SPDX-License-Identifier: ISC */
/* breakglass session replay: what a session showed, as it was shown, by scriptreplay(1). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "admin/admin.h"
#include "admin/messages.h"
#include "admin/run.h"
#include "admin/session/session.h"
#include "admin/ui.h"
#include "base/clock.h"
#include "base/process.h"
#include "base/safefile.h"
#include "base/text.h"
#include "programs.h"

#define REPLAYER   "/usr/bin/scriptreplay"
#define UNPACK_MAX (64u << 20)
#define UNPACK_MS  30000

static uint32_t number = 1;
static const char *speed;
static bool text_only;

static bool parse_speed(const char *value)
{
    speed = value;
    return *value != '\0' && strlen(value) < 8 && strspn(value, "0123456789.") == strlen(value);
}

const struct command_option replay_options[] = {
    {"number", "N", "which recording of the use, where there are several", .number = &number, .min = 1,
     .max = 99},
    {"speed", "FACTOR", "so many times faster [1]", .parse = parse_speed,
     .expected = "a number such as 4 or 0.5"},
    {"text", NULL, "print it at once, with what a terminal would obey made harmless", .flag = &text_only},
    {0},
};

unsigned session_recordings(const char *use)
{
    DIR *d = opendir(RECORDINGS_DIR);
    struct dirent *de;
    unsigned n = 0;

    while (d != NULL && (de = readdir(d)) != NULL)
        n += strncmp(de->d_name, use, BG_ULID_LEN) == 0 && strstr(de->d_name, ".out") != NULL;
    if (d != NULL)
        (void)closedir(d);
    return n;
}

enum bg_err session_recording(const char *use, unsigned which, const char *end, int64_t ms, char **out,
                              size_t *len)
{
    static const char *const programs[] = {"/usr/bin/gzip", "/bin/gzip"};
    char path[PATH_MAX];
    struct run_result res = {0};
    enum bg_err r;

    (void)snprintf(path, sizeof path, "%s/%s-%02u.%s", RECORDINGS_DIR, use, which, end);
    if ((r = bg_file_slurp(path, UNPACK_MAX, out, len)) != BG_E_NOENT)
        return r;
    (void)strcat(path, ".gz");
    if (access(path, R_OK) != 0)
        return BG_E_NOENT;
    for (size_t i = 0; i < 2; i++) {
        const char *const argv[] = {programs[i], "-dc", "--", path, NULL};
        if ((r = run_program(argv, NULL, 0, UNPACK_MAX, ms, &res)) != BG_E_NOENT)
            break;
    }
    if (r != BG_OK)
        return r;
    *out = res.out;
    *len = res.len;
    return BG_OK;
}

/* Lines without anything that a terminal would obey. */
static void print_text(const char *data, size_t len)
{
    char clean[4096];

    for (size_t at = 0; at < len;) {
        const char *end = memchr(data + at, '\n', len - at);
        size_t n = end != NULL ? (size_t)(end - data) - at : len - at;
        size_t whole = n < 1000 ? n : 1000, bare = whole;
        while (bare > 0 && data[at + bare - 1] == '\r')
            bare--;
        (void)bg_text_clean(clean, sizeof clean, data + at, bare);
        (void)puts(clean);
        at += whole + (whole == n && end != NULL);
    }
}

static int memory_file(const char *data, size_t len)
{
    FILE *f = tmpfile(); /* without a name */
    int fd = -1;

    if (f != NULL && fwrite(data, 1, len, f) == len && fflush(f) == 0 && fseek(f, 0, SEEK_SET) == 0)
        fd = fcntl(fileno(f), F_DUPFD, 10);
    if (f != NULL)
        (void)fclose(f);
    return fd;
}

static enum admin_exit play(const char *out, size_t n, const char *timing, size_t m)
{
    char names[2][32], factor[16];
    int fd[2] = {memory_file(out, n), memory_file(timing, m)};
    const char *argv[] = {"scriptreplay", "--log-out", names[0], "--log-timing",
                          names[1],       "--divisor", factor,   NULL};

    if (fd[0] < 0 || fd[1] < 0) {
        ui_finding(BG_M_REPLAY_FAILED, BG_ARGS("a temporary file", strerror(errno)));
        return ADMIN_CANNOT;
    }
    (void)snprintf(names[0], sizeof names[0], "/dev/fd/%d", fd[0]);
    (void)snprintf(names[1], sizeof names[1], "/dev/fd/%d", fd[1]);
    (void)snprintf(factor, sizeof factor, "%s", speed != NULL ? speed : "1");
    (void)fflush(stdout);
    (void)execv(REPLAYER, (char *const *)(uintptr_t)argv);
    ui_finding(BG_M_REPLAY_FAILED, BG_ARGS(REPLAYER, strerror(errno)));
    return ADMIN_CANNOT;
}

enum admin_exit session_replay(char *const words[], json_t *root)
{
    char *out = NULL, *timing = NULL;
    size_t n = 0, m = 0;
    enum admin_exit x = ADMIN_GOOD;
    enum bg_err r;

    if (!bg_ulid_valid(words[0])) {
        ui_finding(BG_M_REPLAY_NONE, BG_ARGS(words[0]));
        return ADMIN_USAGE;
    }
    r = session_recording(words[0], number, "out", UNPACK_MS, &out, &n);
    if (r == BG_OK && !text_only && ui_form() == UI_TEXT)
        r = session_recording(words[0], number, "timing", UNPACK_MS, &timing, &m);
    if (r == BG_E_NOENT) {
        ui_finding(BG_M_REPLAY_NONE, BG_ARGS(words[0]));
        x = ADMIN_FINDING;
    } else if (r != BG_OK) {
        ui_finding(BG_M_REPLAY_FAILED, BG_ARGS("the recording", bg_strerror(r)));
        x = ADMIN_CANNOT;
    } else if (ui_form() == UI_OBJECT) {
        (void)json_object_set_new(root, "bytes", json_integer((json_int_t)n));
    } else if (text_only) {
        print_text(out, n);
    } else {
        x = play(out, n, timing, m);
    }
    free(out);
    free(timing);
    return x;
}
