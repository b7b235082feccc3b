/* SPDX-License-Identifier: ISC */
/* Asking sshd itself. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include "admin/check/ssh.h"
#include "admin/conf/sshd.h"
#include "base/child.h"
#include "base/text.h"

#define PRIVSEP_DIR "/run/sshd"
#define ASK_MS      2000
#define DUMP_MAX    65536

struct answer {
    char text[DUMP_MAX];
    int exit_status;
};

static enum bg_err ask(const char *const argv[], char **out, int *status)
{
    struct run_result res = {0};
    enum bg_err r = run_program(argv, NULL, 0, DUMP_MAX - 1, ASK_MS, &res);

    if (r != BG_OK)
        return r;
    *out = res.out;
    *status = res.exit_status;
    return BG_OK;
}

/* In a child: the directory that sshd misses is made where nobody else sees it. */
static enum bg_err ask_apart(void *arg, void *out)
{
    const char *const *argv = arg;
    struct answer *a = out;
    char *text = NULL;
    enum bg_err r;

    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("check", "/run", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755,size=64k") != 0 ||
        mkdir(PRIVSEP_DIR, 0755) != 0 || chmod(PRIVSEP_DIR, 0755) != 0)
        return BG_E_REFUSED;
    if ((r = ask(argv, &text, &a->exit_status)) != BG_OK)
        return r;
    (void)snprintf(a->text, sizeof a->text, "%s", text);
    free(text);
    return BG_OK;
}

static enum bg_err ask_in_room(const char *const argv[], char **out, int *status)
{
    struct answer *a = calloc(1, sizeof *a);
    enum bg_err r = a == NULL ? BG_E_NOMEM : BG_OK;

    if (r == BG_OK &&
        (r = bg_child_run(ask_apart, (void *)argv, ASK_MS + 500, a, sizeof *a, NULL)) == BG_OK) {
        *status = a->exit_status;
        r = (*out = strdup(a->text)) == NULL ? BG_E_NOMEM : BG_OK;
    }
    free(a);
    return r;
}

enum bg_err ssh_ask(const struct ssh_server *s, const char *user, const struct bg_sshd_from *from, char **out,
                    bool *good)
{
    char spec[512];
    const char *const argv[] = {SSHD_PROGRAM, "-T", "-f", s->config, "-C", spec, NULL};
    int status = 0;
    enum bg_err r;

    (void)snprintf(spec, sizeof spec, "user=%s,host=%s,addr=%s,laddr=%s,lport=%u%s%s", user, from->host,
                   from->addr, from->laddr, from->lport,
                   from->rdomain == NULL ? "" : ",rdomain=", from->rdomain == NULL ? "" : from->rdomain);
    r = access(PRIVSEP_DIR, F_OK) == 0 ? ask(argv, out, &status) : ask_in_room(argv, out, &status);
    if (r == BG_OK)
        *good = status == 0;
    return r;
}

/* Of all that sshd said, the line that ends it: that of a file, else the last one. */
static void complaint(const char *said, char *out, size_t cap)
{
    size_t n;

    out[0] = '\0';
    for (const char *p = said; *p != '\0'; p += n, p += *p == '\n') {
        char line[256];
        n = strcspn(p, "\n");
        (void)snprintf(line, sizeof line, "%.*s", (int)n, p);
        (void)bg_text_trim(line);
        if (line[0] == '\0' || strstr(line, "eprecated option") != NULL ||
            (strstr(out, " line ") != NULL && strstr(line, " line ") == NULL))
            continue;
        (void)snprintf(out, cap, "%s", line);
    }
    n = strlen(out);
    if (n > 0 && out[n - 1] == '.')
        out[n - 1] = '\0'; /* ours ends the sentence */
}

/* "/etc/ssh/sshd_config: line 3: Bad ...", "/etc/ssh/sshd_config line 3: ..." */
static void place_of(const char *said, char file[PATH_MAX], unsigned *line)
{
    const char *at = strstr(said, " line ");
    size_t n = strcspn(said, ": ");
    char digits[12];

    if (at == NULL || said[0] != '/' || n >= PATH_MAX)
        return;
    (void)snprintf(digits, sizeof digits, "%.*s", (int)strspn(at + 6, "0123456789"), at + 6);
    if (bg_number(digits, 1, 1000000, line))
        (void)snprintf(file, PATH_MAX, "%.*s", (int)n, said);
}

static void tell(struct check *c, const struct ssh_server *s, const char *said)
{
    char why[256], file[PATH_MAX] = "";
    struct check_at at = {.service = s->name, .file = file};

    complaint(said, why, sizeof why);
    if (strstr(said, "no hostkeys available") != NULL) {
        at.file = s->config;
        check_find(c, CHECK_SSH_NO_HOST_KEY, &at, BG_ARGS(s->name));
        return;
    }
    (void)snprintf(file, sizeof file, "%s", s->config);
    place_of(why, file, &at.line);
    check_find(c, CHECK_SSH_CONFIG, &at, BG_ARGS(s->name, why[0] == '\0' ? "it says nothing" : why));
}

void ssh_open(struct check *c, struct ssh_server *s)
{
    const struct check_at at = {.service = s->name, .file = s->config};
    /* what counts here cannot stand in a Match block, but some of those want to be told of a connection */
    const struct bg_sshd_from any = {"192.0.2.10", "192.0.2.10", "192.0.2.2",
                                     ssh_asks_for(s, "RDomain") ? "" : NULL, 22};
    char *out = NULL;
    bool good = false;
    enum bg_err r = ssh_ask(s, "nobody", &any, &out, &good);

    if (r != BG_OK) {
        check_unknown(c, CHECK_SSH_CONFIG, &at,
                      r == BG_E_REFUSED
                          ? "sshd has not run since the start of this host, and its directory cannot be made "
                            "in a namespace"
                          : "\"sshd -T\" does not answer");
        return;
    }
    if (good) {
        s->dump = out;
        return;
    }
    tell(c, s, out);
    free(out);
}

bool ssh_next(const char **at, const char *key, char *out, size_t cap)
{
    size_t n = strlen(key);

    for (const char *p = *at; *p != '\0';) {
        const char *line = p;
        p += strcspn(p, "\n");
        p += *p == '\n';
        if (strncasecmp(line, key, n) == 0 && line[n] == ' ') {
            (void)snprintf(out, cap, "%.*s", (int)strcspn(line + n + 1, "\n"), line + n + 1);
            *at = p;
            return true;
        }
    }
    return false;
}

void ssh_value(const char *dump, const char *key, char *out, size_t cap)
{
    out[0] = '\0';
    (void)ssh_next(&dump, key, out, cap);
}

bool ssh_is(const char *dump, const char *key, const char *value)
{
    char got[64];

    ssh_value(dump, key, got, sizeof got);
    return strcasecmp(got, value) == 0;
}

unsigned ssh_number(const char *dump, const char *key, unsigned without)
{
    char got[24];
    uint32_t n;

    ssh_value(dump, key, got, sizeof got);
    return bg_number(got, 0, UINT32_MAX, &n) ? n : without;
}
