/* SPDX-License-Identifier: ISC */
#include "key/key.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/child.h"

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
    if (strlen(device) >= BG_FIDO_PATH)
        return BG_E_NOENT;
    (void)snprintf(out->path[out->n++], BG_FIDO_PATH, "%s", device);
    return BG_OK;
}
