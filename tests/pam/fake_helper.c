/* SPDX-License-Identifier: ISC */
/*
 * Stands in for breakglass-login in the tests of the PAM module. Started as ./breakglass-login, with the lab
 * as its directory, it takes the first of the files talk.1, talk.2 ... that is there and does what it says,
 * line by line. What is not as the talk says goes into the file "report", and the conversation ends.
 *
 *     hello [WORD...]            receive a HELLO in which all these words stand: phase=account granted=no ...
 *     prompt STYLE TEXT          send a PROMPT: echo_on, echo_off, info, error
 *     answer [STATE [TEXT]]      receive an ANSWER, this one: given, too-long, none
 *     verdict VALUE [USE [AUDIT]]   send a VERDICT: allow, deny, leave or a number; USE "-" for none
 *     raw HEX                    send these bytes as one packet
 *     big N                      send a packet of N bytes that begins like a message
 *     look                       the world is as a helper may expect it: arguments, descriptors, signals ...
 *     close | hang | kill | flood | linger MS
 */
#include <dirent.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/wire.h"
#include "text.h"

#define SOCK     3
#define BOUND_MS 20000

extern char **environ;
static struct bg_wire_packet msg;
static char **args;

static const char *const phases[] = {"?", "auth", "account", "open", "close", NULL};
static const char *const styles[] = {"?", "echo_on", "echo_off", "info", "error", NULL};
static const char *const states[] = {"?", "given", "too-long", "none", NULL};

static void wrong(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
static void wrong(const char *fmt, ...)
{
    FILE *report = fopen("report", "ae");
    va_list ap;

    va_start(ap, fmt);
    if (report != NULL) {
        (void)vfprintf(report, fmt, ap);
        (void)fputc('\n', report);
        (void)fclose(report);
    }
    va_end(ap);
    exit(1);
}

static void receive(enum bg_kind kind)
{
    enum bg_err r = bg_packet_recv(SOCK, BG_WATCH_NOTHING, bg_wire, &msg, bg_deadline(BOUND_MS));

    if (r != BG_OK || msg.kind != kind)
        wrong("receive: %s, kind %d", bg_strerror(r), (int)msg.kind);
}

static void give(enum bg_kind kind)
{
    msg.kind = kind;
    /* the relay may have hung up; the host's side of the test judges that */
    (void)!bg_packet_send(SOCK, bg_wire, &msg, bg_deadline(BOUND_MS));
}

static void hello(char *words)
{
    const struct bg_hello *h = &msg.u.hello;
    static char all[8192], want[4096];

    receive(BG_K_HELLO);
    (void)snprintf(all, sizeof all,
                   " phase=%s granted=%s use=%s service=%s user=%s tty=%s rhost=%s ruser=%s flags=%x uid=%s "
                   "pid=%s sshd=%s ",
                   phases[h->phase], h->granted ? "yes" : "no", h->use, h->service, h->user, h->tty, h->rhost,
                   h->ruser, h->flags, h->caller_uid == (int64_t)getuid() ? "mine" : "other",
                   h->host_pid == (int64_t)getppid() ? "parent" : "other", h->sshd);
    for (char *w = strtok(words, " "); w != NULL; w = strtok(NULL, " ")) {
        size_t name = strcspn(w, "=");
        char *value = spelled(w[name] == '=' ? w + name + 1 : "");
        (void)snprintf(want, sizeof want, " %.*s=%s ", (int)name, w, value);
        if (strstr(all, want) == NULL)
            wrong("hello without %s:%s", w, all);
        free(value);
    }
}

static int number_of(const char *const *names, const char *name)
{
    for (int i = 1; names[i] != NULL; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    wrong("there is no %s", name);
}

/* Cut the first word off; the rest, "" when there is none. */
static char *after_word(char *s)
{
    char *end = s + strcspn(s, " ");

    if (*end == '\0')
        return end;
    *end = '\0';
    return end + 1;
}

static void prompt(char *style)
{
    const char *text = after_word(style);

    memset(&msg, 0, sizeof msg);
    msg.u.prompt.style = (enum bg_style)number_of(styles, style);
    (void)snprintf(msg.u.prompt.text, sizeof msg.u.prompt.text, "%s", text);
    give(BG_K_PROMPT);
}

static void answer(char *state)
{
    const char *text = after_word(state);
    char *want = spelled(text);

    receive(BG_K_ANSWER);
    if (*state != '\0' && ((int)msg.u.answer.state != number_of(states, state) ||
                           strcmp(msg.u.answer.text, want) != 0 || msg.u.answer.len != strlen(want)))
        wrong("answer %s of %zu bytes: %.600s, not %s %.40s", states[msg.u.answer.state], msg.u.answer.len,
              msg.u.answer.text, state, text);
    free(want);
}

static void verdict(char *value)
{
    char *use = after_word(value);
    const char *audit = after_word(use);

    memset(&msg, 0, sizeof msg);
    msg.u.verdict.verdict = strcmp(value, "allow") == 0   ? BG_VERDICT_ALLOW
                            : strcmp(value, "deny") == 0  ? BG_VERDICT_DENY
                            : strcmp(value, "leave") == 0 ? BG_VERDICT_LEAVE
                                                          : (uint32_t)strtoul(value, NULL, 0);
    if (*use != '\0' && strcmp(use, "-") != 0)
        (void)snprintf(msg.u.verdict.use, sizeof msg.u.verdict.use, "%.26s", use);
    msg.u.verdict.has_audit_uid = *audit != '\0';
    msg.u.verdict.audit_uid = (uint32_t)strtoul(audit, NULL, 10);
    give(BG_K_VERDICT);
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

static void big(const char *size)
{
    size_t n = strtoul(size, NULL, 10);
    unsigned char *buf = calloc(1, n);

    if (buf == NULL)
        abort();
    memcpy(buf, "BG\2\2", 4);
    (void)send(SOCK, buf, n, MSG_NOSIGNAL);
    free(buf);
}

/* 0 to 2 are /dev/null, 3 is a socket, and no other is open. */
static void look_at_files(void)
{
    DIR *d = opendir("/proc/self/fd");
    char target[256], path[64];
    const struct dirent *e;

    while (d != NULL && (e = readdir(d)) != NULL) {
        int fd = atoi(e->d_name);
        if (e->d_name[0] == '.' || fd == dirfd(d))
            continue;
        (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        ssize_t n = readlink(path, target, sizeof target - 1);
        target[n > 0 ? n : 0] = '\0';
        if (fd > SOCK || strncmp(target, fd < SOCK ? "/dev/null" : "socket:", 7) != 0)
            wrong("descriptor %d is %s", fd, target);
    }
    (void)closedir(d);
}

static void look(void)
{
    FILE *f = fopen("/proc/self/status", "re");
    char line[256];
    struct itimerval t;
    unsigned long long set;

    if (args[0] == NULL || strcmp(args[0], "breakglass-login") != 0 || args[1] == NULL ||
        strcmp(args[1], "--relay") != 0 || args[2] != NULL)
        wrong("arguments");
    if (environ[0] != NULL)
        wrong("environment: %s", environ[0]);
    if (getsid(0) != getpid())
        wrong("not in a session of its own");
    (void)getitimer(ITIMER_REAL, &t);
    if (t.it_value.tv_sec != 0 || t.it_value.tv_usec != 0)
        wrong("an alarm is running");
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        /* glibc's posix_spawn leaves its two internal signals, 32 and 33, ignored */
        if ((sscanf(line, "SigBlk: %llx", &set) == 1 && set != 0) ||
            (sscanf(line, "SigIgn: %llx", &set) == 1 && (set & ~0x180000000ULL) != 0))
            wrong("signals: %s", line);
    (void)fclose(f);
    look_at_files();
}

/* Without a pause, so that a packet is always waiting. Ends when nobody reads any more. */
static void flood(void)
{
    memset(&msg, 0, sizeof msg);
    msg.kind = BG_K_PROMPT;
    msg.u.prompt.style = BG_STYLE_INFO;
    while (bg_packet_send(SOCK, bg_wire, &msg, bg_deadline(BOUND_MS)) == BG_OK)
        continue;
}

static void obey(char *line)
{
    char *arg = after_word(line);

    if (strcmp(line, "hello") == 0)
        hello(arg);
    else if (strcmp(line, "answer") == 0)
        answer(arg);
    else if (strcmp(line, "prompt") == 0)
        prompt(arg);
    else if (strcmp(line, "verdict") == 0)
        verdict(arg);
    else if (strcmp(line, "raw") == 0)
        raw(arg);
    else if (strcmp(line, "big") == 0)
        big(arg);
    else if (strcmp(line, "look") == 0)
        look();
    else if (strcmp(line, "close") == 0)
        (void)close(SOCK);
    else if (strcmp(line, "hang") == 0)
        (void)pause();
    else if (strcmp(line, "kill") == 0)
        (void)raise(SIGKILL);
    else if (strcmp(line, "flood") == 0)
        flood();
    else if (strcmp(line, "linger") == 0)
        bg_sleep_ms(atol(arg));
    else
        wrong("what is %s?", line);
}

/* The whole talk is read before it begins: no file of ours is open while we look around. */
static void read_talk(char *text, size_t cap)
{
    char name[] = "talk.1";
    FILE *f;

    while ((f = fopen(name, "re")) == NULL)
        if (++name[sizeof name - 2] > '9')
            wrong("started although no script expects it");
    (void)unlink(name);
    text[fread(text, 1, cap - 1, f)] = '\0';
    (void)fclose(f);
}

int main(int argc, char **argv)
{
    static char text[16384];
    char *rest = text;

    (void)argc;
    args = argv;
    read_talk(text, sizeof text);
    for (char *line; (line = strsep(&rest, "\n")) != NULL;)
        if (*line != '\0')
            obey(line);
    return 0;
}
