/* SPDX-License-Identifier: ISC */
/* SSH-15: by what sshd is known to its clients, and whether they have an algorithm in common. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "admin/check/ssh.h"
#include "admin/run.h"

#define KEYGEN   "/usr/bin/ssh-keygen"
#define CLIENT   "/usr/bin/ssh"
#define RUN_MS   2000
#define LIST_MAX 2048

/* NULL: sshd takes it. */
static const char *what_is_wrong(const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return "it is not there";
    if (st.st_uid == 0 && (st.st_mode & 077) != 0)
        return "others may read it, so sshd does not use it";
    return NULL;
}

/* Only of those that somebody has asked for: a default that is missing is no fault. */
static void host_keys(struct check *c, const struct ssh_server *s)
{
    const char *at = s->dump, *wrong;
    char path[PATH_MAX], said[SSH_SAID];
    struct ssh_where w;

    while (ssh_next(&at, "hostkey", path, sizeof path)) {
        if ((wrong = what_is_wrong(path)) == NULL)
            continue;
        ssh_where(s, "HostKey", path, NULL, NULL, &w);
        if (w.line == 0 && access(path, F_OK) != 0)
            continue;
        ssh_said(said, "HostKey", path, &w);
        check_find(c, CHECK_SSH_HOST_KEY,
                   &(struct check_at){.service = s->name, .file = w.line > 0 ? w.file : path, .line = w.line},
                   BG_ARGS(s->name, said, wrong));
    }
}

/* "2026-11-27T10:00:00", in this host's time. */
static bool past(const char *when)
{
    struct tm tm = {.tm_isdst = -1};

    return strptime(when, "%Y-%m-%dT%H:%M:%S", &tm) != NULL && mktime(&tm) < time(NULL);
}

/* "        Valid: from 2026-01-01T00:00:00 to 2026-01-02T00:00:00"; "Valid: forever" */
static bool valid(const char *said)
{
    const char *line = strstr(said, "Valid: "), *to;
    char from[32], until[32];

    if (line == NULL)
        return false;
    if (strncmp(line + 7, "from ", 5) == 0) {
        (void)snprintf(from, sizeof from, "%.19s", line + 12);
        if (!past(from))
            return false;
    }
    to = strstr(line, " to ");
    if (to == NULL || to > line + strcspn(line, "\n"))
        return true;
    (void)snprintf(until, sizeof until, "%.19s", to + 4);
    return strncmp(until, "forever", 7) == 0 || !past(until);
}

static void certificates(struct check *c, const struct ssh_server *s)
{
    const char *at = s->dump;
    char path[PATH_MAX], said[SSH_SAID];
    struct ssh_where w;

    while (ssh_next(&at, "hostcertificate", path, sizeof path)) {
        const char *const argv[] = {KEYGEN, "-L", "-f", path, NULL};
        struct run_result res = {0};
        enum bg_err r = run_program(argv, NULL, 0, 65536, RUN_MS, &res);
        bool good = r == BG_OK && res.exit_status == 0 && valid(res.out);
        free(res.out);
        if (good)
            continue;
        ssh_where(s, "HostCertificate", path, NULL, NULL, &w);
        ssh_said(said, "HostCertificate", path, &w);
        check_find(c, CHECK_SSH_CERTIFICATE,
                   &(struct check_at){.service = s->name, .file = w.line > 0 ? w.file : path, .line = w.line},
                   BG_ARGS(s->name, said));
    }
}

static bool in_common(const char *a, const char *b)
{
    char copy[LIST_MAX], *save = NULL;

    (void)snprintf(copy, sizeof copy, "%s", a);
    for (char *p = strtok_r(copy, ",", &save); p != NULL; p = strtok_r(NULL, ",", &save))
        if (bg_sshd_in_list(p, b, false) > 0)
            return true;
    return false;
}

/* A client as it is released: that of this host, without its configuration. */
static void algorithms(struct check *c, const struct ssh_server *s)
{
    static const char *const kinds[] = {"KexAlgorithms", "Ciphers", "HostKeyAlgorithms"};
    const char *const argv[] = {CLIENT, "-F", "none", "-G", "192.0.2.1", NULL};
    struct run_result res = {0};
    char ours[LIST_MAX], theirs[LIST_MAX], said[SSH_SAID];
    struct ssh_where w;

    if (run_program(argv, NULL, 0, 65536, RUN_MS, &res) != BG_OK)
        return; /* no client here to compare with */
    for (size_t i = 0; res.exit_status == 0 && i < sizeof kinds / sizeof *kinds; i++) {
        ssh_value(s->dump, kinds[i], ours, sizeof ours);
        ssh_value(res.out, kinds[i], theirs, sizeof theirs);
        if (ours[0] == '\0' || theirs[0] == '\0' || in_common(ours, theirs))
            continue;
        ssh_where(s, kinds[i], NULL, NULL, NULL, &w);
        ssh_said(said, kinds[i], ours, &w);
        check_find(
            c, CHECK_SSH_ALGORITHMS,
            &(struct check_at){.service = s->name, .file = w.line > 0 ? w.file : s->config, .line = w.line},
            BG_ARGS(s->name, said));
    }
    free(res.out);
}

void ssh_keys(struct check *c, const struct ssh_server *s)
{
    host_keys(c, s);
    certificates(c, s);
    algorithms(c, s);
}
