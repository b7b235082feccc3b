/* SPDX-License-Identifier: ISC */
/* NSS-04, -05, -08: caches of names, names of hosts, and the program that writes nsswitch.conf. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "admin/check/facts.h"
#include "admin/check/nss.h"
#include "admin/conf/nssline.h"
#include "admin/conf/conffile.h"
#include "admin/run.h"
#include "base/nscd.h"
#include "base/safefile.h"
#include "base/text.h"

#define NSCD_CONF    "/etc/nscd.conf"
#define RESOLV_CONF  "/etc/resolv.conf"
#define NEGATIVE_MAX 300 /* seconds */
#define PATIENCE     30
#define AUTHSELECT   "/usr/bin/authselect"
#define ASK_MS       2000

bool nss_cache_runs(void)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = BG_NSCD_SOCKET};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool up = fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof to) == 0;

    bg_close(fd);
    return up;
}

/* "negative-time-to-live passwd 20": seconds, the last line counts; 0 without one. */
static uint32_t negative(const char *conf, unsigned *number)
{
    char copy[256], key[32], database[32], value[32];
    uint32_t n = 0;
    unsigned at = 0;

    for (const char *line = conf; *line != '\0';
         line += line[strcspn(line, "\n")] == '\n' ? strcspn(line, "\n") + 1 : strlen(line)) {
        at++;
        (void)snprintf(copy, sizeof copy, "%.*s", (int)strcspn(line, "#\n"), line);
        if (sscanf(copy, " %31s %31s %31s", key, database, value) == 3 &&
            strcmp(key, "negative-time-to-live") == 0 && strcmp(database, "passwd") == 0 &&
            bg_number(value, 0, UINT32_MAX, &n))
            *number = at;
    }
    return n;
}

void nss_look_caches(struct check *c)
{
    bool gone;
    char *text = facts_file(NSCD_CONF, &gone);
    struct check_at at = {.file = NSCD_CONF};
    struct conf_job job = {.path = NSCD_CONF, .text = text};
    struct conf_problem why;
    uint32_t seconds;

    if (text != NULL && (access("/usr/sbin/nscd", X_OK) == 0 || nss_cache_runs())) {
        if (conffiles[CONF_NSCD].look(&job, &why) == BG_E_REFUSED)
            check_find(c, CHECK_NSS_SPREADS, &at, BG_ARGS(NSCD_CONF));
        if ((seconds = negative(text, &at.line)) > NEGATIVE_MAX)
            check_find(c, CHECK_NSS_NEGATIVE, &at, BG_ARGS(NSCD_CONF, BG_DIGITS(seconds)));
    }
    free(text);
}

/* Seconds that a name may take: resolv.conf(5) with its limits; servers of this host always answer. */
static unsigned resolver(char *text)
{
    unsigned servers = 0, away = 0;
    uint32_t timeout = 5, attempts = 2, n;

    for (char *line; (line = facts_line(&text)) != NULL;) {
        char *save = NULL, *word = strtok_r(line, " \t", &save);
        bool server = word != NULL && strcmp(word, "nameserver") == 0;
        if (word == NULL || (!server && strcmp(word, "options") != 0))
            continue;
        while ((word = strtok_r(NULL, " \t", &save)) != NULL) {
            if (server && servers < 3 && ++servers > 0)
                away += strncmp(word, "127.", 4) != 0 && strcmp(word, "::1") != 0;
            if (server)
                break;
            if (strncmp(word, "timeout:", 8) == 0 && bg_number(word + 8, 0, UINT32_MAX, &n))
                timeout = n < 1 ? 1 : n > 30 ? 30 : n;
            else if (strncmp(word, "attempts:", 9) == 0 && bg_number(word + 9, 0, UINT32_MAX, &n))
                attempts = n < 1 ? 1 : n > 5 ? 5 : n;
        }
    }
    return timeout * attempts * away;
}

static void order(struct check *c)
{
    bool gone;
    char *text = facts_file(NSS_CONF, &gone);
    struct check_at at = {.file = NSS_CONF};
    struct nss_line l;
    unsigned broken;

    if (text != NULL && nss_line_find(text, "hosts", &l, &broken) && nss_line_at(&l, "dns") < l.n &&
        nss_line_at(&l, "files") > nss_line_at(&l, "dns") &&
        nss_line_at(&l, "resolve") > nss_line_at(&l, "dns")) {
        at.line = l.number;
        check_find(c, CHECK_NSS_DNS_FIRST, &at, BG_ARGS(BG_DIGITS(l.number)));
    }
    free(text);
}

void nss_look_hosts(struct check *c)
{
    bool gone;
    char *text = facts_file(RESOLV_CONF, &gone);
    unsigned seconds = text == NULL ? 0 : resolver(text);

    free(text);
    order(c);
    if (seconds > PATIENCE)
        check_find(c, CHECK_NSS_DNS_SLOW, &(struct check_at){.file = RESOLV_CONF},
                   BG_ARGS(BG_DIGITS(seconds)));
}

/* Its own word for it: "check" ends with 0 while its files are as it wrote them. */
void nss_look_authselect(struct check *c)
{
    const char *const argv[] = {AUTHSELECT, "check", NULL};
    struct check_at at = {.file = NSS_CONF};
    struct run_result res = {.out = NULL};
    enum bg_err r;

    if (access(AUTHSELECT, X_OK) != 0 || access("/etc/authselect/authselect.conf", F_OK) != 0)
        return;
    if ((r = run_program(argv, NULL, 0, 16384, ASK_MS, &res)) != BG_OK)
        check_unknown(c, CHECK_NSS_BY_HAND, &at, bg_strerror(r));
    else if (res.exit_status != 0)
        check_find(c, CHECK_NSS_BY_HAND, &at, BG_NOARGS);
    free(res.out);
}
