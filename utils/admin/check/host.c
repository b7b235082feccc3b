/* SPDX-License-Identifier: ISC */
#include "admin/check/host.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "admin/check/facts.h"
#include "admin/run.h"
#include "base/host.h"
#include "base/safefile.h"
#include "base/text.h"

#define SYSTEMCTL   "/usr/bin/systemctl"
#define UNIT_MS     2000
#define DPKG_STATUS "/var/lib/dpkg/status"
#define DPKG_MAX    (64u << 20)

/* ---- settings */

/* What stands behind the key; NULL: it is another line. */
static char *value_of(char *line, const char *key)
{
    size_t n = strlen(key);
    char *v = line + n;

    if (strncasecmp(line, key, n) != 0 || (*v != '\0' && strchr(" \t=:", *v) == NULL))
        return NULL;
    v += strspn(v, " \t");
    v += *v == '=' || *v == ':';
    (void)bg_text_trim(v);
    return v;
}

static void keep(char *out, size_t cap, const char *value)
{
    size_t n = strlen(value);
    bool quoted = n > 1 && (value[0] == '"' || value[0] == '\'') && value[n - 1] == value[0];

    (void)snprintf(out, cap, "%.*s", (int)(quoted ? n - 2 : n), quoted ? value + 1 : value);
}

static bool setting(const char *path, const char *key, char *out, size_t cap)
{
    bool gone, found = false;
    char *text = facts_file(path, &gone), *at = text, *line, *v;

    while (text != NULL && (line = facts_line(&at)) != NULL)
        if ((v = value_of(line, key)) != NULL) {
            keep(out, cap, v);
            found = true;
        }
    free(text);
    return found;
}

bool host_setting(const char *path, const char *key, char *out, size_t cap)
{
    out[0] = '\0';
    return setting(path, key, out, cap);
}

bool host_settings(const char *path, const char *pattern, const char *key, char *out, size_t cap)
{
    bool found = host_setting(path, key, out, cap);
    glob_t g;

    if (glob(pattern, 0, NULL, &g) != 0)
        return found;
    for (size_t i = 0; i < g.gl_pathc; i++)
        found = setting(g.gl_pathv[i], key, out, cap) || found;
    globfree(&g);
    return found;
}

/* ---- files of the kernel's */

bool host_line(const char *path, char *out, size_t cap)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    ssize_t n = fd < 0 ? -1 : read(fd, out, cap - 1);

    bg_close(fd);
    out[n > 0 ? n : 0] = '\0';
    out[strcspn(out, "\n")] = '\0';
    return n > 0;
}

bool host_number(const char *path, uint64_t *out)
{
    char line[64];
    unsigned long long n;

    if (!host_line(path, line, sizeof line))
        return false;
    if (strcmp(line, "max") == 0) {
        *out = UINT64_MAX;
        return true;
    }
    if (!isdigit((unsigned char)line[0]) || sscanf(line, "%llu", &n) != 1)
        return false;
    *out = n;
    return true;
}

bool host_holds(const char *path, const char *text)
{
    bool gone, found;
    char *all = facts_file(path, &gone);

    found = all != NULL && strstr(all, text) != NULL;
    free(all);
    return found;
}

bool host_any(const char *pattern)
{
    glob_t g;
    bool any = glob(pattern, GLOB_NOSORT, NULL, &g) == 0;

    if (any)
        globfree(&g);
    return any;
}

bool host_mount_options(const char *on, char *out, size_t cap)
{
    char line[4096];
    FILE *f = setmntent("/proc/self/mounts", "re");
    struct mntent m;
    bool found = false;

    while (f != NULL && getmntent_r(f, &m, line, sizeof line) != NULL)
        if (strcmp(m.mnt_dir, on) == 0) {
            (void)snprintf(out, cap, "%s", m.mnt_opts);
            found = true;
        }
    if (f != NULL)
        (void)endmntent(f);
    return found;
}

/* ---- processes */

void host_processes(host_process_fn *fn, void *arg)
{
    struct bg_host_process p;
    DIR *d = opendir("/proc");
    struct dirent *e;
    bool more = true;

    while (d != NULL && more && (e = readdir(d)) != NULL) {
        char *end;
        long pid = strtol(e->d_name, &end, 10);
        if (*end == '\0' && pid > 0 && pid != getpid() && bg_host_process(pid, &p))
            more = fn(arg, (pid_t)pid, p.command);
    }
    if (d != NULL)
        (void)closedir(d);
}

struct wanted {
    const char *comm;
    pid_t pid;
};

static bool is_wanted(void *arg, pid_t pid, const char *comm)
{
    struct wanted *w = arg;

    if (strcmp(comm, w->comm) == 0)
        w->pid = pid;
    return w->pid == 0;
}

pid_t host_process(const char *comm)
{
    struct wanted w = {comm, 0};

    host_processes(is_wanted, &w);
    return w.pid;
}

bool host_is_listener(pid_t pid, const char *comm)
{
    char line[512];

    return strcmp(comm, "sshd") == 0 && bg_host_pid_file(pid, "cmdline", line, sizeof line) > 0 &&
           strstr(line, "[listener]") != NULL;
}

/* ---- systemd */

bool host_by_systemd(void)
{
    return access("/run/systemd/system", F_OK) == 0;
}

void host_unit(const char *unit, char out[32])
{
    const char *const argv[] = {SYSTEMCTL, "--root=/", "is-enabled", unit, NULL};
    struct run_result res = {0};

    out[0] = '\0';
    if (run_program(argv, NULL, 0, 4096, UNIT_MS, &res) != BG_OK)
        return;
    res.out[strcspn(res.out, "\n")] = '\0';
    if (strchr(res.out, ' ') == NULL) /* else it is an error's sentence */
        (void)snprintf(out, 32, "%s", res.out);
    free(res.out);
}

/* ---- packages */

void host_packages(struct host_packages *out)
{
    size_t len;

    if (bg_file_slurp(DPKG_STATUS, DPKG_MAX, &out->text, &len) != BG_OK)
        out->text = NULL;
}

void host_packages_free(struct host_packages *p)
{
    free(p->text);
    p->text = NULL;
}

/* The value of a field in the paragraph (RFC 822 as dpkg has it) that begins at at. */
static void field(const char *at, const char *name, char *out, size_t cap)
{
    const char *end = strstr(at, "\n\n"), *f = strstr(at, name);

    out[0] = '\0';
    if (f == NULL || (end != NULL && f > end))
        return;
    f += strlen(name);
    (void)snprintf(out, cap, "%.*s", (int)strcspn(f, "\n"), f);
}

bool host_package(const struct host_packages *p, const char *name, struct host_package *out)
{
    char wanted[96], status[96], *state;
    const char *at;

    (void)snprintf(wanted, sizeof wanted, "Package: %.64s\n", name);
    if (p->text == NULL)
        return false;
    for (at = p->text; (at = strstr(at, wanted)) != NULL && at != p->text && at[-1] != '\n';)
        at++;
    if (at == NULL)
        return false;
    field(at, "\nStatus: ", status, sizeof status);
    field(at, "\nVersion: ", out->version, sizeof out->version);
    state = strrchr(status, ' ');
    (void)snprintf(out->state, sizeof out->state, "%.31s", state == NULL ? status : state + 1);
    return strcmp(out->state, "not-installed") != 0 && strcmp(out->state, "config-files") != 0;
}
