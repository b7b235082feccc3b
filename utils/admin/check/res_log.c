/* SPDX-License-Identifier: ISC */
/* Rules RES-05 and RES-07: what logging does to a login. */
#include <errno.h>
#include <glob.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "admin/check/facts.h"
#include "admin/check/host.h"
#include "admin/check/res.h"
#include "base/clock.h"
#include "base/safefile.h"

#define LOG         "/dev/log"
#define READ_MS     1000 /* a reader that lives takes one line within it */
#define AUDITD_CONF "/etc/audit/auditd.conf"
#define AUDIT_RULES "/etc/audit/audit.rules"
#define FEW         100u /* lines: a wave of failed logins writes more */
#define LINES       32u  /* that a login and its end write, with those of our own */

/* ---- auditd (auditd.conf(5), auditctl(8)) */

static bool stops_host(const char *value)
{
    return strcasecmp(value, "halt") == 0 || strcasecmp(value, "single") == 0;
}

static bool panics(const char *line, const void *what)
{
    (void)what;
    return strncmp(line, "-f", 2) == 0 && strcmp(line + 2 + strspn(line + 2, " \t"), "2") == 0;
}

void res_audit(struct check *c)
{
    static const char *const keys[] = {"disk_full_action", "disk_error_action", "admin_space_left_action",
                                       "space_left_action"};
    char value[64];

    if (access("/sbin/auditd", X_OK) != 0 && access("/usr/sbin/auditd", X_OK) != 0)
        return;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (host_setting(AUDITD_CONF, keys[i], value, sizeof value) && stops_host(value))
            check_find(c, CHECK_RES_AUDIT_HALT, &(struct check_at){.file = AUDITD_CONF},
                       BG_ARGS(AUDITD_CONF, keys[i], value));
    if (facts_say(AUDIT_RULES, panics, NULL) == BG_PAM_YES)
        check_find(c, CHECK_RES_AUDIT_PANIC, &(struct check_at){.file = AUDIT_RULES}, BG_ARGS(AUDIT_RULES));
}

/* ---- limits of the loggers */

static void few(struct check *c, const char *path, const char *key, uint32_t n)
{
    check_find(c, CHECK_RES_LOG_RATE, &(struct check_at){.file = path}, BG_ARGS(path, key, BG_DIGITS(n)));
}

/* An interval of 0 is no limit. */
static void look_journald(struct check *c)
{
    static const char conf[] = "/etc/systemd/journald.conf", more[] = "/etc/systemd/journald.conf.d/*.conf";
    char burst[32], interval[32];
    unsigned long n;

    if (!host_settings(conf, more, "RateLimitBurst", burst, sizeof burst))
        return;
    n = strtoul(burst, NULL, 10);
    if (host_settings(conf, more, "RateLimitIntervalSec", interval, sizeof interval) &&
        strtoul(interval, NULL, 10) == 0)
        return;
    if (n > 0 && n < FEW)
        few(c, conf, "RateLimitBurst", (uint32_t)n);
}

/* The number behind a word that stands anywhere in the line, past '=', quotes and blanks; -1: it is not
 * there. */
static long number_behind(const char *line, const char *word)
{
    const char *at = strcasestr(line, word);

    if (at == NULL)
        return -1;
    at += strlen(word);
    at += strspn(at, " \t=\"'");
    return *at >= '0' && *at <= '9' ? strtol(at, NULL, 10) : -1;
}

/* "$SystemLogRateLimitBurst 50", "SysSock.RateLimit.Burst="50"" and those of imjournal. */
static void look_rsyslog_file(struct check *c, const char *path)
{
    static const char *const burst[] = {"RateLimitBurst", "RateLimit.Burst"}, *const interval[] = {
                                                                                  "RateLimitInterval",
                                                                                  "RateLimit.Interval"};
    long n = -1, every = -1, got;
    bool gone;
    char *text = facts_file(path, &gone), *at = text, *line;

    while (text != NULL && (line = facts_line(&at)) != NULL)
        for (int i = 0; i < 2; i++) {
            n = (got = number_behind(line, burst[i])) >= 0 ? got : n;
            every = (got = number_behind(line, interval[i])) >= 0 ? got : every;
        }
    free(text);
    if (n >= 0 && n < (long)FEW && every != 0)
        few(c, path, burst[0], (uint32_t)n);
}

static void look_rsyslog(struct check *c)
{
    glob_t g;

    if (access("/usr/sbin/rsyslogd", X_OK) != 0)
        return;
    look_rsyslog_file(c, "/etc/rsyslog.conf");
    if (glob("/etc/rsyslog.d/*.conf", 0, NULL, &g) != 0)
        return;
    for (size_t i = 0; i < g.gl_pathc; i++)
        look_rsyslog_file(c, g.gl_pathv[i]);
    globfree(&g);
}

/* ---- does anybody read /dev/log? */

/* A logger that is to be there. */
static bool has_logger(void)
{
    static const char *const programs[] = {"/usr/sbin/rsyslogd", "/usr/sbin/syslog-ng", "/sbin/syslogd",
                                           "/usr/sbin/syslogd"};

    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++)
        if (access(programs[i], X_OK) == 0)
            return true;
    return host_by_systemd();
}

static const char *why_no_socket(void)
{
    struct stat st;

    if (lstat(LOG, &st) != 0)
        return "it is missing";
    if (stat(LOG, &st) != 0)
        return "it is a link that leads nowhere";
    return S_ISSOCK(st.st_mode) ? NULL : "it is no socket";
}

/* As syslog(3) tries them. -1 and errno. */
static int reach(int *type)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = LOG};
    int fd = -1;

    for (*type = SOCK_DGRAM; fd < 0; *type = SOCK_STREAM) {
        fd = socket(AF_UNIX, *type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof to) == 0)
            break;
        bg_close(fd);
        fd = -1;
        if (errno != EPROTOTYPE || *type == SOCK_STREAM)
            break;
    }
    return fd;
}

/* One line of the lowest severity goes in, and is read: the kernel tells how much of it is not. */
static bool goes_in(int fd, int type, int64_t deadline)
{
    static const char line[] = "<47>breakglass: check asks whether somebody reads this";
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    size_t n = sizeof line - (type == SOCK_DGRAM); /* a stream's lines end with NUL */

    while (send(fd, line, n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        if ((errno != EAGAIN && errno != EINTR) || poll(&p, 1, bg_left_ms(deadline)) <= 0)
            return false;
    return true;
}

static bool is_read(int fd, int64_t deadline)
{
    int left = 0;

    while (ioctl(fd, SIOCOUTQ, &left) == 0 && left > 0) {
        if (bg_left_ms(deadline) == 0)
            return false;
        bg_sleep_ms(5);
    }
    return true;
}

/* How many lines it holds: the kernel's setting counts for sockets that are made while it holds. */
static void stuck(struct check *c, const struct check_at *at, int type)
{
    uint64_t lines;

    if (type == SOCK_DGRAM && host_number("/proc/sys/net/unix/max_dgram_qlen", &lines) && lines < LINES)
        check_find(c, CHECK_RES_LOG_NARROW, at, BG_ARGS(LOG, BG_DIGITS(lines + 1)));
    else
        check_find(c, CHECK_RES_LOG_STUCK, at, BG_ARGS(LOG));
}

static void look_reader(struct check *c)
{
    static const struct check_at at = {.file = LOG};
    int64_t deadline = bg_deadline(READ_MS);
    int type, fd = reach(&type);

    if (fd < 0 && errno == EAGAIN)
        check_find(c, CHECK_RES_LOG_FULL, &at, BG_ARGS(LOG));
    else if (fd < 0)
        check_find(c, CHECK_RES_LOG_GONE, &at,
                   BG_ARGS(LOG, errno == ECONNREFUSED ? "nobody reads it" : strerror(errno)));
    else if (!goes_in(fd, type, deadline))
        check_find(c, errno == EAGAIN ? CHECK_RES_LOG_FULL : CHECK_RES_LOG_GONE, &at,
                   BG_ARGS(LOG, errno == EAGAIN ? "" : strerror(errno)));
    else if (!is_read(fd, deadline))
        stuck(c, &at, type);
    bg_close(fd);
}

void res_log(struct check *c)
{
    const char *why = why_no_socket();
    struct stat st;

    look_journald(c);
    look_rsyslog(c);
    if (why == NULL)
        look_reader(c);
    else if (has_logger() || lstat(LOG, &st) == 0)
        check_find(c, CHECK_RES_LOG_GONE, &(struct check_at){.file = LOG}, BG_ARGS(LOG, why));
}
