/* SPDX-License-Identifier: ISC */
#include "control.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "softkey.h"

#define ANSWER_MAX 400

/* ---- the commands: each writes what follows "ok" and returns true, or false for a bad argument ------- */

typedef bool (*control_fn)(struct softkey *sk, const char *arg, char *answer);

static bool do_touch(struct softkey *sk, const char *arg, char *answer)
{
    (void)answer;
    return sk_user_set_touch(&sk->user, arg);
}

static bool do_press(struct softkey *sk, const char *arg, char *answer)
{
    (void)arg;
    (void)answer;
    sk->user.pressed = true;
    return sk->user.waiting;
}

static bool do_change_pin(struct softkey *sk, const char *arg, char *answer)
{
    (void)answer;
    sk->pin.change = strcmp(arg, "no") != 0;
    return true;
}

static bool do_uv(struct softkey *sk, const char *arg, char *answer)
{
    (void)answer;
    return sk_user_set_uv(&sk->user, arg);
}

static bool do_plug(struct softkey *sk, const char *arg, char *answer)
{
    (void)arg;
    if (sk->port.master >= 0 || !sk_plug(sk))
        return false;
    (void)snprintf(answer, ANSWER_MAX, " %s", sk->port.path);
    return true;
}

static bool do_unplug(struct softkey *sk, const char *arg, char *answer)
{
    (void)arg;
    (void)answer;
    sk_unplug(sk);
    return true;
}

static bool do_unplug_after(struct softkey *sk, const char *arg, char *answer)
{
    (void)answer;
    return sk_fault_set_unplug(&sk->fault, arg);
}

static bool do_counter(struct softkey *sk, const char *arg, char *answer)
{
    (void)answer;
    return sk_store_set_count(&sk->store, arg);
}

static bool do_mode(struct softkey *sk, const char *arg, char *answer)
{
    (void)answer;
    return sk_fault_set_mode(&sk->fault, arg);
}

static bool do_retries(struct softkey *sk, const char *arg, char *answer)
{
    (void)arg;
    (void)snprintf(answer, ANSWER_MAX, " pin=%u uv=%u", sk->store.pin_retries, sk->store.uv_retries);
    return true;
}

static bool do_count(struct softkey *sk, const char *arg, char *answer)
{
    for (int i = SK_CMD_ANY + 1; i < SK_CMD_LAST; i++)
        if (strcmp(arg, sk_cmd_name((enum sk_cmd)i)) == 0) {
            (void)snprintf(answer, ANSWER_MAX, " %u", sk->commands[i]);
            return true;
        }
    return false;
}

static bool do_status(struct softkey *sk, const char *arg, char *answer)
{
    (void)arg;
    (void)snprintf(answer, ANSWER_MAX,
                   " plugged=%s busy=%s blinking=%s blinks=%u clients=%d counter=%u pin=%s pin-retries=%u "
                   "uv-retries=%u credentials=%zu mode=%s path=%s",
                   sk->port.master >= 0 ? "yes" : "no", sk->hid.busy ? "yes" : "no",
                   sk->user.waiting ? "yes" : "no", sk->user.asked, sk->port.clients, sk->store.counter,
                   sk->store.has_pin ? "set" : "none", sk->store.pin_retries, sk->store.uv_retries,
                   sk->store.residents, sk_fault_mode_name(&sk->fault), sk->port.path);
    return true;
}

static bool do_work(struct softkey *sk, const char *arg, char *answer)
{
    (void)answer;
    sk->work_ms = atoi(arg);
    return sk->work_ms >= 0;
}

static bool do_quit(struct softkey *sk, const char *arg, char *answer)
{
    (void)arg;
    (void)answer;
    sk->stop = true;
    return true;
}

static const struct {
    const char *name;
    control_fn run;
} controls[] = {
    {"change-pin", do_change_pin},
    {"touch", do_touch},
    {"press", do_press},
    {"uv", do_uv},
    {"plug", do_plug},
    {"unplug", do_unplug},
    {"unplug-after", do_unplug_after},
    {"counter", do_counter},
    {"mode", do_mode},
    {"retries", do_retries},
    {"count", do_count},
    {"status", do_status},
    {"work", do_work},
    {"quit", do_quit},
};

static void run_line(struct softkey *sk, int fd, char *line)
{
    char answer[ANSWER_MAX] = "", out[ANSWER_MAX + 16];
    char *arg = strchr(line, ' ');
    bool known = false, ok = false;

    if (arg != NULL)
        *arg++ = '\0';
    for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++)
        if (strcmp(line, controls[i].name) == 0) {
            known = true;
            ok = controls[i].run(sk, arg ? arg : "", answer);
        }
    (void)snprintf(out, sizeof(out), "%s%s\n",
                   ok      ? "ok"
                   : known ? "error refused"
                           : "error unknown",
                   ok ? answer : "");
    (void)send(fd, out, strlen(out), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* ---- the socket ------------------------------------------------------------------------------------ */

static bool address(struct sockaddr_un *a, const char *path)
{
    memset(a, 0, sizeof(*a));
    a->sun_family = AF_UNIX;
    if (strlen(path) >= sizeof(a->sun_path)) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(a->sun_path, path, strlen(path));
    return true;
}

bool sk_control_open(struct sk_control *c, const char *path)
{
    struct sockaddr_un a;

    c->fd = -1;
    c->path = path;
    for (int i = 0; i < SK_CLIENTS; i++)
        c->client[i].fd = -1;
    if (path == NULL)
        return true;
    if (!address(&a, path))
        return false;
    (void)unlink(path);
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return c->fd >= 0 && bind(c->fd, (const struct sockaddr *)&a, sizeof(a)) == 0 &&
           listen(c->fd, SK_CLIENTS) == 0;
}

void sk_control_close(struct sk_control *c)
{
    for (int i = 0; i < SK_CLIENTS; i++)
        if (c->client[i].fd >= 0)
            (void)close(c->client[i].fd);
    if (c->fd >= 0) {
        (void)close(c->fd);
        (void)unlink(c->path);
    }
}

void sk_control_poll(const struct sk_control *c, struct pollfd *p)
{
    bool room = false;

    for (int i = 0; i < SK_CLIENTS; i++) {
        p[i] = (struct pollfd){.fd = c->client[i].fd, .events = POLLIN};
        room = room || c->client[i].fd < 0;
    }
    p[SK_CLIENTS] = (struct pollfd){.fd = room ? c->fd : -1, .events = POLLIN};
}

static void serve_client(struct softkey *sk, struct sk_client *c)
{
    ssize_t n = recv(c->fd, c->line + c->len, sizeof(c->line) - 1 - c->len, MSG_DONTWAIT);
    char *end;

    if (n <= 0) {
        (void)close(c->fd);
        c->fd = -1;
        return;
    }
    c->len += (size_t)n;
    c->line[c->len] = '\0';
    while ((end = strchr(c->line, '\n')) != NULL) {
        *end++ = '\0';
        run_line(sk, c->fd, c->line);
        c->len -= (size_t)(end - c->line);
        memmove(c->line, end, c->len + 1);
    }
    if (c->len == sizeof(c->line) - 1)
        c->len = 0; /* longer than any command */
}

void sk_control_serve(struct softkey *sk, const struct pollfd *p)
{
    struct sk_control *c = &sk->control;

    for (int i = 0; i < SK_CLIENTS; i++)
        if (p[i].fd >= 0 && p[i].revents != 0)
            serve_client(sk, &c->client[i]);
    for (int i = 0; p[SK_CLIENTS].revents != 0 && i < SK_CLIENTS; i++)
        if (c->client[i].fd < 0) {
            c->client[i].fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC);
            c->client[i].len = 0;
            break;
        }
}

int sk_control_tell(const char *path, char *const *words)
{
    char line[SK_LINE_MAX] = "", answer[ANSWER_MAX + 8];
    struct sockaddr_un a;
    size_t n = 0;
    ssize_t got;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    for (; *words != NULL && n < sizeof(line); words++)
        n += (size_t)snprintf(line + n, sizeof(line) - n, "%s%s", *words, words[1] ? " " : "\n");
    if (n >= sizeof(line) || !address(&a, path) || connect(fd, (const struct sockaddr *)&a, sizeof(a)) != 0 ||
        send(fd, line, n, MSG_NOSIGNAL) != (ssize_t)n ||
        (got = recv(fd, answer, sizeof(answer) - 1, 0)) <= 0) {
        perror(path);
        return 2;
    }
    answer[got] = '\0';
    (void)fputs(answer, stdout);
    (void)close(fd);
    return strncmp(answer, "ok", 2) == 0 ? 0 : 1;
}
