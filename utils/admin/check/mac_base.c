/* SPDX-License-Identifier: ISC */
/*
 * Rule MAC-07: is what a login is made of as the packages have it, and as it was at the last drill? What was
 * seen is kept in the state room; it is a reminder and never an authority.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "account/accounts.h"
#include "admin/check/host.h"
#include "admin/check/mac.h"
#include "admin/run.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/safefile.h"
#include "config/policy.h"
#include "record/life.h"
#include "record/room.h"

#define NAME       "check-files"
#define FILES      128
#define PATH_ROOM  128
#define FILE_MAX   (16u << 20)
#define VERIFY_MS  2000
#define VERIFY_MAX (64u << 10)

/* ---- by the packages */

/* Where what runs lies; the rest, and configuration, is for the host to change. */
static bool is_run(const char *path)
{
    static const char *const rooms[] = {"/usr/bin/", "/usr/sbin/", "/usr/lib", "/bin/", "/sbin/", "/lib"};

    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++)
        if (strncmp(path, rooms[i], strlen(rooms[i])) == 0)
            return true;
    return false;
}

static void tell(struct check *c, const char *path, const char *why)
{
    check_find(c, CHECK_MAC_VERIFY, &(struct check_at){.file = path}, BG_ARGS(path, why));
}

/* MD5, which dpkg keeps: it finds damage and the careless, no more than dpkg(1) --verify does. */
static bool is_digest(const char *text, size_t len, const char *hex, size_t digits)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    char said[2 * EVP_MAX_MD_SIZE + 1];
    unsigned n;

    if (EVP_Digest(text, len, sum, &n, EVP_md5(), NULL) != 1)
        return true; /* FIPS mode has none */
    bg_hex(said, sum, n);
    return strlen(said) == digits && strncmp(said, hex, digits) == 0;
}

/* "d41d8cd98f00b204e9800998ecf8427e  usr/sbin/sshd" */
static void verify_line(struct check *c, const char *line)
{
    size_t digits = strcspn(line, " "), len;
    char path[PATH_MAX], *text;
    enum bg_err r;

    (void)snprintf(path, sizeof path, "/%s", line + digits + strspn(line + digits, " "));
    if (digits != 32 || !is_run(path))
        return;
    r = bg_file_slurp(path, FILE_MAX, &text, &len);
    if (r == BG_E_NOENT)
        tell(c, path, "it is missing");
    else if (r == BG_E_UNSAFE)
        tell(c, path, "somebody else than root may change it");
    if (r != BG_OK)
        return;
    if (!is_digest(text, len, line, digits))
        tell(c, path, "its content is another");
    free(text);
}

static void verify_package(struct check *c, const char *name)
{
    char pattern[160], *text, *save = NULL;
    size_t len;
    glob_t g;

    (void)snprintf(pattern, sizeof pattern, "/var/lib/dpkg/info/%s{,:*}.md5sums", name);
    if (glob(pattern, GLOB_BRACE | GLOB_NOSORT, NULL, &g) != 0)
        return;
    for (size_t i = 0; i < g.gl_pathc; i++) {
        if (bg_file_slurp(g.gl_pathv[i], FILE_MAX, &text, &len) != BG_OK)
            continue;
        for (char *line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save))
            verify_line(c, line);
        free(text);
    }
    globfree(&g);
}

static void by_dpkg(struct check *c)
{
    static const char *const wanted[] = {
        "libpam0g",   "libpam-modules",   "libpam-runtime",    "openssh-server",    "login",
        "breakglass", "breakglass-alert", "libpam-breakglass", "libnss-breakglass",
    };
    struct host_packages all;
    struct host_package p;

    host_packages(&all);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        if (host_package(&all, wanted[i], &p))
            verify_package(c, wanted[i]);
    host_packages_free(&all);
}

/* "S.5....T.    /usr/sbin/sshd", "missing     /usr/bin/login": rpm(8); a c before the path is configuration.
 */
static void verify_rpm_line(struct check *c, char *line)
{
    char *path = strchr(line, '/');
    bool missing = strncmp(line, "missing", 7) == 0;

    if (path == NULL || path < line + 9 || strncmp(path - 2, "c ", 2) == 0 || (!missing && line[2] != '5'))
        return;
    path[strcspn(path, " ")] = '\0';
    if (is_run(path))
        tell(c, path, missing ? "it is missing" : "its content is another");
}

static void by_rpm(struct check *c)
{
    static const char *const argv[] = {"/usr/bin/rpm",   "-V",         "--nodeps",   "pam",
                                       "openssh-server", "util-linux", "breakglass", "pam_breakglass",
                                       "nss_breakglass", NULL};
    struct run_result res = {0};
    char *save = NULL;
    enum bg_err r;

    if (access("/var/lib/rpm", F_OK) != 0 && access("/usr/lib/sysimage/rpm", F_OK) != 0)
        return;
    r = run_program(argv, NULL, 0, VERIFY_MAX, VERIFY_MS, &res);
    if (r == BG_OK)
        for (char *line = strtok_r(res.out, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save))
            verify_rpm_line(c, line);
    else if (r != BG_E_NOENT)
        check_unknown(c, CHECK_MAC_VERIFY, NULL, bg_strerror(r));
    free(res.out);
}

/* ---- by what was here before */

struct entry {
    char path[PATH_ROOM];
    uint8_t hash[BG_HASH];
    int64_t changed_ms; /* when it was first seen to be another; 0: never */
};

struct kept {
    uint32_t n;
    struct entry file[FILES];
};

static const char *const seen[] = {
    BG_PAMDIR "/pam_breakglass.so",   BG_NSSDIR "/libnss_breakglass.so.2",
    BG_HELPERDIR "/breakglass-login", "/etc/nsswitch.conf",
    "/etc/ssh/sshd_config",
};
static const char *const patterns[] = {"/etc/pam.d/*", "/etc/ssh/sshd_config.d/*.conf"};

static bool hash_of(const char *path, uint8_t out[BG_HASH])
{
    struct stat st;
    char *text;
    size_t len;
    bool good;

    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || strlen(path) >= PATH_ROOM ||
        bg_file_slurp(path, FILE_MAX, &text, &len) != BG_OK)
        return false;
    good = bg_sha256(text, len, out) == BG_OK;
    free(text);
    return good;
}

static void add(struct kept *k, const char *path)
{
    struct entry *e = &k->file[k->n];

    if (k->n == FILES || !hash_of(path, e->hash))
        return;
    (void)snprintf(e->path, sizeof e->path, "%s", path);
    k->n++;
}

static const struct entry *find(const struct kept *k, const char *path)
{
    for (uint32_t i = 0; i < k->n && i < FILES; i++)
        if (strcmp(k->file[i].path, path) == 0)
            return &k->file[i];
    return NULL;
}

/* The authorities that sinks name: another list may trust another receiver, or not ours. */
static void gather_authorities(struct kept *k)
{
    static struct bg_policy p;
    struct bg_faults bad;

    (void)!bg_policy_load(BG_POLICY_PATH, &p, &bad);
    for (unsigned i = 0; i < p.sinks.n; i++)
        if (p.sinks.sink[i].ca_file[0] == '/' && find(k, p.sinks.sink[i].ca_file) == NULL)
            add(k, p.sinks.sink[i].ca_file);
}

static void gather(struct kept *k)
{
    glob_t g;

    for (size_t i = 0; i < sizeof seen / sizeof seen[0]; i++)
        add(k, seen[i]);
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        if (glob(patterns[i], 0, NULL, &g) != 0)
            continue;
        for (size_t f = 0; f < g.gl_pathc; f++)
            add(k, g.gl_pathv[f]);
        globfree(&g);
    }
    gather_authorities(k);
}

/* What is new, or another than before, has changed now; the rest when it did. True: something did. */
static bool compare(const struct kept *was, struct kept *now)
{
    bool changed = was->n != now->n;

    for (uint32_t i = 0; i < now->n; i++) {
        struct entry *e = &now->file[i];
        const struct entry *old = find(was, e->path);
        bool same = old != NULL && memcmp(old->hash, e->hash, BG_HASH) == 0;
        e->changed_ms = same ? old->changed_ms : bg_wall_ms();
        changed = changed || !same;
    }
    return changed;
}

/* The end of the newest drill of any account. */
static int64_t drilled(void)
{
    static struct account_rows rows;
    static struct bg_life life;
    int64_t last = 0;

    if (!rows_load(&rows))
        return 0;
    for (size_t i = 0; i < rows.n; i++)
        if (rows.row[i].wrong[0] == '\0' && bg_life_load(NULL, NULL, rows.row[i].name, &life) == BG_OK &&
            life.drilled_ms > last)
            last = life.drilled_ms;
    return last;
}

static void tell_changed(struct check *c, const struct kept *now)
{
    int64_t last = drilled();
    char when[BG_TIME_LEN];

    for (uint32_t i = 0; i < now->n; i++)
        if (now->file[i].changed_ms > last) {
            bg_time_of(now->file[i].changed_ms, when);
            check_find(c, CHECK_MAC_CHANGED, &(struct check_at){.file = now->file[i].path},
                       BG_ARGS(now->file[i].path, when));
        }
}

static void tell_gone(struct check *c, const struct kept *was, const struct kept *now)
{
    for (uint32_t i = 0; i < was->n && i < FILES; i++)
        if (find(now, was->file[i].path) == NULL)
            check_find(c, CHECK_MAC_GONE, &(struct check_at){.file = was->file[i].path},
                       BG_ARGS(was->file[i].path));
}

/* The first look only remembers. */
static void by_baseline(struct check *c)
{
    struct kept *was = calloc(1, sizeof *was), *now = calloc(1, sizeof *now);
    struct bg_room room;

    if (was == NULL || now == NULL || bg_room_of(NULL, NULL, &room) != BG_OK)
        goto out;
    gather(now);
    if (bg_room_load(&room, NAME, was, sizeof *was) != BG_OK) {
        (void)!bg_room_save(&room, NAME, now, sizeof *now, true);
        goto out;
    }
    if (compare(was, now) && bg_room_save(&room, NAME, now, sizeof *now, true) != BG_OK)
        check_unknown(c, CHECK_MAC_CHANGED, NULL, "what is seen now cannot be kept");
    tell_changed(c, now);
    tell_gone(c, was, now);
out:
    free(was);
    free(now);
}

void mac_base(struct check *c)
{
    by_dpkg(c);
    by_rpm(c);
    by_baseline(c);
}
