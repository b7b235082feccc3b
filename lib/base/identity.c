/* SPDX-License-Identifier: ISC */
#include "base/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/child.h"
#include "base/hash.h"
#include "base/safefile.h"

struct text {
    char text[64];
    int missing; /* errno of what failed, 0 */
};

static enum bg_err read_file(void *arg, void *out)
{
    struct text *t = out;
    int fd = open(arg, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;
    ssize_t n = -1;

    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        n = read(fd, t->text, sizeof t->text - 1);
    else if (fd >= 0)
        errno = EINVAL;
    t->missing = n < 0 ? errno : 0;
    t->text[n > 0 ? n : 0] = '\0';
    bg_close(fd);
    return BG_OK;
}

/* 32 lower-case hex digits, as machine-id(5) says; it may also hold "uninitialized". */
static const char *take(const struct text *t, char id[BG_MACHINE_ID_LEN + 1])
{
    size_t n = strspn(t->text, "0123456789abcdef"), all = strlen(t->text);

    if (t->missing == ENOENT)
        return BG_MACHINE_ID " is missing";
    if (t->missing != 0)
        return BG_MACHINE_ID " cannot be read";
    if (strspn(t->text, " \t\r\n") == all)
        return BG_MACHINE_ID " is empty";
    if (n != BG_MACHINE_ID_LEN || n + strspn(t->text + n, " \t\r\n") != all)
        return BG_MACHINE_ID " holds no id";
    memcpy(id, t->text, BG_MACHINE_ID_LEN);
    return NULL;
}

void bg_identity_read_from(const char *path, struct bg_identity *out)
{
    struct text t = {.missing = EIO};
    char way[256] = "";
    struct stat st;

    memset(out, 0, sizeof *out);
    (void)snprintf(way, sizeof way, "%s", path);
    if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode))
        (void)!bg_child_run(read_file, way, BG_IDENTITY_MS, &t, sizeof t, NULL); /* t says what failed */
    else
        (void)read_file(way, &t);
    out->fault = take(&t, out->machine);
    if (gethostname(out->name, sizeof out->name) != 0)
        out->name[0] = '\0';
    out->name[sizeof out->name - 1] = '\0';
}

void bg_identity_read(struct bg_identity *out)
{
    bg_identity_read_from(BG_MACHINE_ID, out);
}

static enum bg_err print(const char *kind, const char *id, char out[BG_HOST_PRINT + 1])
{
    char text[320], hash[BG_HASH_HEX + 1];
    enum bg_err r;

    (void)snprintf(text, sizeof text, "breakglass host %s %s", kind, id);
    if ((r = bg_sha256_hex(text, strlen(text), hash)) != BG_OK)
        return r;
    memcpy(out, hash, BG_HOST_PRINT);
    out[BG_HOST_PRINT] = '\0';
    return BG_OK;
}

enum bg_err bg_identity_print(const struct bg_identity *i, char out[BG_HOST_PRINT + 1])
{
    if (i->machine[0] != '\0')
        return print("id", i->machine, out);
    return print("name", i->name, out); /* without a name too: that is how it is known */
}

enum bg_same_host bg_identity_compare(const struct bg_identity *i, const char *kept)
{
    char by_id[BG_HOST_PRINT + 1] = "", by_name[BG_HOST_PRINT + 1];

    if (kept[0] == '\0' || strcmp(kept, BG_HOST_ELSEWHERE) == 0)
        return BG_HOST_UNKNOWN;
    if ((i->machine[0] != '\0' && print("id", i->machine, by_id) != BG_OK) ||
        print("name", i->name, by_name) != BG_OK)
        return BG_HOST_UNKNOWN;
    return strcmp(kept, by_id) == 0 || strcmp(kept, by_name) == 0 ? BG_HOST_SAME : BG_HOST_OTHER;
}

const char *bg_same_host_name(enum bg_same_host s)
{
    return s == BG_HOST_SAME ? "same" : s == BG_HOST_OTHER ? "changed" : "unknown";
}
