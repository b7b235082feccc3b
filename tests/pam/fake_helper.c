/*
 * Stands in for breakglass-login in the tests of the PAM module. Started as ./breakglass-login with the lab
 * as its directory; does what the file "script" says, line by line, and writes what it saw to "report".
 *
 *     hello                     receive a HELLO and report it
 *     take                      receive a HELLO and write nothing
 *     prompt STYLE TEXT         send a PROMPT (number of enum bg_style)
 *     answer                    receive an ANSWER and report it
 *     verdict HEX USE [AUDIT]   send a VERDICT; USE "-" for none
 *     raw HEX                   send these bytes as one packet
 *     big N                     send a packet of N bytes that begins like a message
 *     look                      report arguments, environment, descriptors, signals, session
 *     close | hang | kill | flood | linger MS
 */
#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/wire.h"

#define SOCK 3

extern char **environ;
static FILE *script, *report;
static struct bg_wire_packet msg;

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vfprintf(report, fmt, ap);
    va_end(ap);
    (void)fflush(report);
}

static void receive(enum bg_kind kind)
{
    enum bg_err r = bg_wire_recv(SOCK, &msg, bg_deadline(20000));

    if (r != BG_OK || msg.kind != kind) {
        say("receive: %s\n", bg_strerror(r));
        exit(1);
    }
}

static void send_msg(void)
{
    enum bg_err r = bg_wire_send(SOCK, &msg, bg_deadline(20000));

    if (r != BG_OK)
        say("send: %s\n", bg_strerror(r));
}

static void hello(void)
{
    const struct bg_hello *h = &msg.u.hello;

    receive(BG_K_HELLO);
    say("hello phase=%d granted=%d use=%s service=%s user=%s tty=%s rhost=%s ruser=%s flags=%x uid=%ld "
        "pid=%d\n",
        (int)h->phase, h->granted, h->use, h->service, h->user, h->tty, h->rhost, h->ruser, h->flags,
        (long)h->caller_uid, h->host_pid == (int64_t)getppid());
}

static void prompt(const char *arg)
{
    memset(&msg, 0, sizeof msg);
    msg.kind = BG_K_PROMPT;
    msg.u.prompt.style = (enum bg_style)(arg[0] - '0');
    (void)snprintf(msg.u.prompt.text, sizeof msg.u.prompt.text, "%s", arg + 2);
    send_msg();
}

static void verdict(const char *arg)
{
    unsigned value = 0, audit = 0;
    char use[64] = "";
    int n = sscanf(arg, "%x %63s %u", &value, use, &audit);

    memset(&msg, 0, sizeof msg);
    msg.kind = BG_K_VERDICT;
    msg.u.verdict.verdict = value;
    if (n >= 2 && strcmp(use, "-") != 0)
        (void)snprintf(msg.u.verdict.use, sizeof msg.u.verdict.use, "%.26s", use);
    msg.u.verdict.has_audit_uid = n >= 3;
    msg.u.verdict.audit_uid = audit;
    send_msg();
}

static void raw(const char *hex)
{
    unsigned char buf[4096];
    size_t n = 0;
    unsigned byte;

    for (; sscanf(hex, "%2x", &byte) == 1 && n < sizeof buf; hex += 2)
        buf[n++] = (unsigned char)byte;
    (void)send(SOCK, buf, n, MSG_NOSIGNAL);
}

static void big(size_t n)
{
    unsigned char *buf = calloc(1, n);

    if (buf == NULL)
        exit(1);
    memcpy(buf, "BG\2\2", 4);
    (void)send(SOCK, buf, n, MSG_NOSIGNAL);
    free(buf);
}

static void look_at_files(void)
{
    DIR *d = opendir("/proc/self/fd");
    char target[256], path[64];
    const struct dirent *e;
    ssize_t n;

    while (d != NULL && (e = readdir(d)) != NULL) {
        int fd = atoi(e->d_name);
        if (e->d_name[0] == '.' || fd == dirfd(d) || fd == fileno(report) || fd == fileno(script))
            continue;
        (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        n = readlink(path, target, sizeof target - 1);
        target[n > 0 ? n : 0] = '\0';
        say("fd %d %.6s\n", fd, target);
    }
    (void)closedir(d);
}

static void look(int argc, char **argv)
{
    FILE *f = fopen("/proc/self/status", "r");
    char line[256];
    struct itimerval t;
    int vars = 0;

    while (environ[vars] != NULL)
        vars++;
    (void)getitimer(ITIMER_REAL, &t);
    say("argc=%d %s %s env=%d session=%d alarm=%ld\n", argc, argv[0], argc > 1 ? argv[1] : "", vars,
        getsid(0) == getpid(), (long)t.it_value.tv_sec);
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, "SigBlk", 6) == 0 || strncmp(line, "SigIgn", 6) == 0)
            say("%s", line);
    (void)fclose(f);
    look_at_files();
}

/* Without a pause, so that there is always a packet waiting. Ends when nobody takes them any more. */
static void flood(void)
{
    memset(&msg, 0, sizeof msg);
    msg.kind = BG_K_PROMPT;
    msg.u.prompt.style = BG_STYLE_INFO;
    while (bg_wire_send(SOCK, &msg, bg_deadline(20000)) == BG_OK)
        continue;
}

static void obey(char *line, int argc, char **argv)
{
    char *arg = strchr(line, ' ');

    if (arg != NULL)
        *arg++ = '\0';
    if (strcmp(line, "hello") == 0)
        hello();
    else if (strcmp(line, "answer") == 0) {
        receive(BG_K_ANSWER);
        say("answer state=%d len=%zu %s\n", (int)msg.u.answer.state, msg.u.answer.len, msg.u.answer.text);
    } else if (strcmp(line, "take") == 0)
        receive(BG_K_HELLO);
    else if (strcmp(line, "look") == 0)
        look(argc, argv);
    else if (strcmp(line, "close") == 0)
        (void)close(SOCK);
    else if (strcmp(line, "hang") == 0)
        (void)pause();
    else if (strcmp(line, "kill") == 0)
        (void)raise(SIGKILL);
    else if (strcmp(line, "flood") == 0)
        flood();
    else if (arg == NULL)
        exit(3);
    else if (strcmp(line, "prompt") == 0)
        prompt(arg);
    else if (strcmp(line, "verdict") == 0)
        verdict(arg);
    else if (strcmp(line, "raw") == 0)
        raw(arg);
    else if (strcmp(line, "big") == 0)
        big((size_t)atol(arg));
    else if (strcmp(line, "linger") == 0)
        bg_sleep_ms(atol(arg));
}

int main(int argc, char **argv)
{
    char line[4096];

    script = fopen("script", "re");
    report = fopen("report", "ae");
    if (script == NULL || report == NULL)
        return 2;
    while (fgets(line, sizeof line, script) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] != '\0')
            obey(line, argc, argv);
    }
    return 0;
}
