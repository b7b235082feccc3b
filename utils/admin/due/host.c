/* SPDX-License-Identifier: ISC */
/* Versions of what a login depends on: a drill is due a week after one of them changed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include "admin/admin.h"
#include "admin/due/due.h"
#include "admin/messages.h"
#include "admin/run.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/text.h"
#include "record/room.h"

#define NAME       "versions"
#define TEXT_MAX   8192
#define ASK_MS     4000
#define DPKG_QUERY "/usr/bin/dpkg-query"
#define RPM        "/usr/bin/rpm"
#define FIRST      4 /* where names begin in what is run */

/* What is kept: "openssh-server 1:9.2p1-2" a line, as it was when it was last looked at. */
struct versions {
    int64_t changed_ms;
    char text[TEXT_MAX];
};

static const char *const debian[] = {DPKG_QUERY,
                                     "-W",
                                     "-f",
                                     "${db:Status-Abbrev} ${Package} ${Version}\\n",
                                     "openssh-server",
                                     "openssh-client",
                                     "libpam0g",
                                     "libpam-modules",
                                     "libpam-runtime",
                                     "libpam-systemd",
                                     "login",
                                     "login.defs",
                                     "passwd",
                                     "util-linux",
                                     "sudo",
                                     "libc6",
                                     "libnss-systemd",
                                     "libssl3",
                                     "libssl3t64",
                                     "libcrypt1",
                                     "libfido2-1",
                                     "libcbor0.8",
                                     "libcbor0.10",
                                     "systemd",
                                     "udev",
                                     "breakglass",
                                     "breakglass-alert",
                                     "libpam-breakglass",
                                     "libnss-breakglass",
                                     NULL};

/* Of Fedora and its kin, and of SUSE. */
static const char *const redhat[] = {RPM,
                                     "-q",
                                     "--qf",
                                     "%{NAME} %{EVR}\\n",
                                     "openssh",
                                     "openssh-server",
                                     "openssh-clients",
                                     "pam",
                                     "pam-libs",
                                     "authselect",
                                     "util-linux",
                                     "util-linux-core",
                                     "shadow-utils",
                                     "shadow",
                                     "sudo",
                                     "glibc",
                                     "openssl-libs",
                                     "libopenssl3",
                                     "libxcrypt",
                                     "libcrypt1",
                                     "libfido2",
                                     "libfido2-1",
                                     "libcbor",
                                     "systemd",
                                     "systemd-libs",
                                     "systemd-pam",
                                     "systemd-udev",
                                     "breakglass",
                                     "breakglass-alert",
                                     "pam_breakglass",
                                     "nss_breakglass",
                                     NULL};

/* Was that package asked for? */
static bool is_asked(const char *const argv[], const char *name, size_t n)
{
    for (size_t i = FIRST; argv[i] != NULL; i++)
        if (strncmp(argv[i], name, n) == 0 && argv[i][n] == '\0')
            return true;
    return false;
}

/* One "name version" of a packager's line, without the state that dpkg has; false for what is not there, and
 * for all else that such a program says. */
static bool take(const char *const argv[], char *line, char *out, size_t cap)
{
    char *text = line;
    size_t n;

    if (strncmp(line, "ii ", 3) == 0 || strncmp(line, "hi ", 3) == 0) /* or held */
        text = line + 3 + strspn(line + 3, " ");
    n = strcspn(text, " ");
    if (n == 0 || text[n] == '\0' || strchr(text + n + 1, ' ') != NULL || !is_asked(argv, text, n))
        return false;
    return (size_t)snprintf(out, cap, "%s\n", text) < cap;
}

/* False: it is not there, or knows none of them. */
static bool ask(const char *const argv[], char *out, size_t cap)
{
    struct run_result res = {0};
    char *save = NULL;
    size_t begin = strlen(out), n = begin;
    enum bg_err r = run_program(argv, NULL, 0, TEXT_MAX, ASK_MS, &res);

    if (r != BG_OK)
        return r == BG_E_TIMEOUT;
    for (char *line = strtok_r(res.out, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save))
        if (take(argv, line, out + n, cap - n))
            n += strlen(out + n);
        else
            out[n] = '\0';
    free(res.out);
    return n > begin;
}

/* The kernel that runs, and what packages say; "" when nothing can be asked. Where dpkg is in charge, rpm is
 * a tool of somebody who makes packages: asked, it would make a database of its own in root's home. */
static void look(char out[TEXT_MAX])
{
    struct utsname u;

    out[0] = '\0';
    if (uname(&u) == 0)
        (void)snprintf(out, TEXT_MAX, "kernel %s\n", u.release);
    if (!ask(debian, out, TEXT_MAX))
        (void)!ask(redhat, out, TEXT_MAX);
}

/* Is the line, up to its newline, one of text? */
static bool has_line(const char *text, const char *line, size_t n)
{
    for (const char *at = text; *at != '\0'; at += strcspn(at, "\n") + 1)
        if (strncmp(at, line, n) == 0 && at[n] == '\n')
            return true;
    return false;
}

/* "libc6 2.36-9, sudo 1.9": what is new in `now`. */
static void differences(const char *was, const char *now, char *out, size_t cap)
{
    size_t n = 0;

    out[0] = '\0';
    for (const char *at = now; *at != '\0' && n < cap; at += strcspn(at, "\n") + 1) {
        size_t len = strcspn(at, "\n");
        if (!has_line(was, at, len))
            n += (size_t)snprintf(out + n, cap - n, "%s%.*s", n > 0 ? ", " : "", (int)len, at);
    }
}

static void record(const char *what)
{
    struct bg_event e = BG_EVENT_INIT;
    char text[BG_MSG_MAX];
    struct bg_position at;

    (void)bg_msg_raw(text, sizeof text, BG_M_DUE_EV_HOST, BG_ARGS(what));
    e.type = BG_EV_HOST_CHANGED;
    e.success = true;
    e.message = text;
    e.detail = what;
    report_event_whole(&e, &at);
}

int64_t due_host_changed(void)
{
    struct versions *v = calloc(2, sizeof *v);
    struct bg_room room;
    char what[360];
    int64_t changed = 0;

    if (v == NULL || bg_room_of(NULL, NULL, &room) != BG_OK)
        goto out;
    look(v[1].text);
    if (bg_room_load(&room, NAME, &v[0], sizeof v[0]) == BG_OK) {
        changed = v[0].changed_ms;
        v[0].text[TEXT_MAX - 1] = '\0';
        differences(v[0].text, v[1].text, what, sizeof what);
        if (what[0] == '\0')
            goto out;
        changed = bg_wall_ms();
        record(what);
    }
    v[1].changed_ms = changed;
    (void)!bg_room_save(&room, NAME, &v[1], sizeof v[1], true);
out:
    free(v);
    return changed;
}

int64_t due_host_known(void)
{
    struct versions *v = calloc(1, sizeof *v);
    struct bg_room room;
    int64_t changed = 0;

    if (v != NULL && bg_room_of(NULL, NULL, &room) == BG_OK &&
        bg_room_load(&room, NAME, v, sizeof *v) == BG_OK)
        changed = v->changed_ms;
    free(v);
    return changed;
}
