/* SPDX-License-Identifier: ISC */
#include "key/key.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/child.h"
#include "base/hash.h"
#include "base/safefile.h"

#define LOOKED_AT  64
#define DESCRIPTOR 4096 /* HID_MAX_DESCRIPTOR_SIZE of the kernel */
#define USAGE_PAGE 0x04 /* global item tag with its type, without its size bits */
#define USAGE      0x08 /* local item */
#define FIDO_PAGE  0xf1d0
#define FIDO_USAGE 0x01 /* CTAPHID */
#define LONG_ITEM  0xfe

bool bg_key_is_fido(const uint8_t *d, size_t len)
{
    uint32_t page = 0, usage = 0;

    for (size_t at = 0; at < len;) {
        uint8_t tag = d[at];
        size_t size = tag == LONG_ITEM ? 0 : (tag & 3) == 3 ? 4 : tag & 3;
        uint32_t value = 0;

        if (tag == LONG_ITEM || at + 1 + size > len)
            return false;
        for (size_t i = size; i > 0; i--)
            value = value << 8 | d[at + i];
        if ((tag & 0xfc) == USAGE_PAGE)
            page = value;
        else if ((tag & 0xfc) == USAGE)
            usage = value;
        if (page == FIDO_PAGE && usage == FIDO_USAGE)
            return true;
        at += 1 + size;
    }
    return false;
}

static bool node_is_fido(int dir, const char *name)
{
    char path[NAME_MAX + 32];
    uint8_t d[DESCRIPTOR];
    ssize_t got;
    int fd;

    (void)snprintf(path, sizeof path, "%s/device/report_descriptor", name);
    if ((fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) < 0)
        return false;
    got = read(fd, d, sizeof d);
    (void)close(fd);
    return got > 0 && bg_key_is_fido(d, (size_t)got);
}

/* hidraw0 .. hidraw9999 */
static bool node_name(const char *name)
{
    size_t digits = strspn(name + (strncmp(name, "hidraw", 6) == 0 ? 6 : 0), "0123456789");

    return strncmp(name, "hidraw", 6) == 0 && digits >= 1 && digits <= 4 && name[6 + digits] == '\0';
}

static int in_order(const void *a, const void *b)
{
    const char *x = a, *y = b;

    return strlen(x) != strlen(y) ? (strlen(x) < strlen(y) ? -1 : 1) : strcmp(x, y);
}

void bg_key_nodes_in(const char *dir, struct bg_key_nodes *out)
{
    DIR *d = opendir(dir);
    struct dirent *e;
    unsigned looked = 0;

    memset(out, 0, sizeof *out);
    if (d == NULL)
        return;
    while (out->n < BG_KEY_NODES && looked < LOOKED_AT && (e = readdir(d)) != NULL) {
        if (!node_name(e->d_name))
            continue;
        looked++;
        if (node_is_fido(dirfd(d), e->d_name))
            (void)snprintf(out->path[out->n++], BG_FIDO_PATH, "/dev/%.10s", e->d_name);
    }
    (void)closedir(d);
    qsort(out->path, out->n, sizeof out->path[0], in_order);
}

static enum bg_err look(void *arg, void *out)
{
    (void)arg;
    bg_key_nodes_in("/sys/class/hidraw", out);
    return BG_OK;
}

enum bg_err bg_key_nodes(const char *device, struct bg_key_nodes *out)
{
    enum bg_err r;

    memset(out, 0, sizeof *out);
    if (device[0] == '\0') {
        r = bg_child_run(look, NULL, BG_KEY_NODES_MS, out, sizeof *out, NULL);
        return r == BG_OK && out->n == 0 ? BG_E_NOENT : r;
    }
    for (size_t n; out->n < BG_KEY_NODES && *(device += strspn(device, " ")) != '\0'; device += n) {
        n = strcspn(device, " ");
        if (n < BG_FIDO_PATH)
            (void)snprintf(out->path[out->n++], BG_FIDO_PATH, "%.*s", (int)n, device);
    }
    return out->n == 0 ? BG_E_NOENT : BG_OK;
}

bool bg_key_plugged(const struct bg_key_nodes *nodes)
{
    struct stat st;

    for (size_t i = 0; i < nodes->n; i++)
        if (stat(nodes->path[i], &st) == 0 && S_ISCHR(st.st_mode))
            return true;
    return false;
}

/* --- nodes whose key takes no PIN ---------------------------------------------------------------------- */

/* What is another after the key was plugged in again, and where that is kept: named by the path's hash. */
static bool identity_of(const char *path, char file[PATH_MAX], char text[128])
{
    char hash[BG_HASH_HEX + 1];
    struct stat st;

    if (stat(path, &st) != 0 || bg_sha256_hex(path, strlen(path), hash) != BG_OK)
        return false;
    (void)snprintf(file, PATH_MAX, "%s/%.32s.paused", BG_KEY_MARKS_RUN, hash);
    (void)snprintf(text, 128, "%ju %ju %jd.%09ld\n", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino,
                   (intmax_t)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
    return true;
}

void bg_key_pause(const char *path)
{
    char file[PATH_MAX], text[128];

    if (identity_of(path, file, text) && bg_dirs_make(BG_KEY_MARKS_RUN, 0700) == BG_OK)
        (void)!bg_file_replace(file, text, strlen(text), 0600, (uid_t)-1, (gid_t)-1);
}

bool bg_key_paused(const char *path)
{
    char file[PATH_MAX], text[128], was[128];
    size_t n = 0;

    return identity_of(path, file, text) && bg_file_read(file, was, sizeof was, &n) == BG_OK &&
           n == strlen(text) && memcmp(was, text, n) == 0;
}
