/* SPDX-License-Identifier: ISC */
/* sshd with its own configuration, and a client that talks to it over a pair of pipes: no network. */
#include "admin/check/prove.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "admin/conf/sshd.h"
#include "base/clock.h"
#include "base/safefile.h"
#include "config/sshdconf.h"

#define LOG_OF(way) "/run/breakglass-proof-" way ".log" /* in the room's own memory */
#define LEAVE_MS    3000                                /* for sshd to end after q */
#define STILL_MS    1500 /* a line that ends like a question, and nothing comes after it */
#define TEXT_MAX    8192

/* How a client comes to one of the two, and where that one writes what it thinks of it. */
struct server {
    const char *log, *proxy;
};

static const struct server hosts = {LOG_OF("ssh"), "ProxyCommand=" SSHD_PROGRAM " -i -E " LOG_OF("ssh")};
static const struct server instance = {
    LOG_OF("instance"), "ProxyCommand=" SSHD_PROGRAM " -i -f " BG_SSHD_CONFIG " -E " LOG_OF("instance")};

struct client {
    const struct server *server;
    int fd;
    char text[TEXT_MAX];
    size_t len;
    bool over;
};

static _Noreturn void become_client(const struct server *server, const char *user, int tty)
{
    const char *const argv[] = {"ssh",
                                "-F",
                                "/dev/null",
                                "-o",
                                server->proxy,
                                "-o",
                                "StrictHostKeyChecking=no",
                                "-o",
                                "UserKnownHostsFile=/dev/null",
                                "-o",
                                "GlobalKnownHostsFile=/dev/null",
                                "-o",
                                "PreferredAuthentications=keyboard-interactive",
                                "-o",
                                "PubkeyAuthentication=no",
                                "-o",
                                "NumberOfPasswordPrompts=1",
                                "-o",
                                "LogLevel=ERROR",
                                "-l",
                                user,
                                "proof",
                                NULL};

    (void)setsid();
    if (ioctl(tty, TIOCSCTTY, 0) != 0)
        _exit(127);
    for (int i = 0; i < 3; i++)
        (void)dup2(tty, i);
    closefrom(3);
    (void)execv(SSH_PROGRAM, (char *const *)(uintptr_t)argv);
    _exit(127);
}

/*
 * The client asks on its terminal. That is open before there is a client, and by no name: whoever else opens
 * it, like a dialogue that looks how wide pts/0 is, may be the last to close it, and we would read its end.
 */
static bool start(const struct server *server, const char *user, struct client *c)
{
    pid_t pid = -1;
    int tty;

    *c = (struct client){.server = server, .fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
    if (c->fd < 0 || unlockpt(c->fd) != 0 ||
        (tty = ioctl(c->fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0)
        return false;
    if ((pid = fork()) == 0)
        become_client(server, user, tty);
    bg_close(tty);
    return pid > 0;
}

/* More of what it shows; false: nothing came in ms, or nothing will. */
static bool more(struct client *c, int64_t ms)
{
    struct pollfd pf = {.fd = c->fd, .events = POLLIN};
    ssize_t n;

    if (poll(&pf, 1, (int)ms) <= 0)
        return false;
    n = read(c->fd, c->text + c->len, sizeof c->text - 1 - c->len);
    if (n <= 0) {
        c->over = n == 0 || errno != EINTR;
        return false;
    }
    c->len += (size_t)n;
    c->text[c->len] = '\0';
    return true;
}

static bool ends_like_a_question(const struct client *c)
{
    char flat[TEXT_MAX];
    size_t n;

    prove_squeeze(flat, sizeof flat, c->text);
    n = strlen(flat);
    return n > 0 && (flat[n - 1] == ':' || flat[n - 1] == '?');
}

static void last_line(char *text, char out[150])
{
    size_t n = strlen(text);
    const char *nl;

    while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
        text[--n] = '\0';
    nl = strrchr(text, '\n');
    prove_squeeze(out, 150, nl == NULL ? text : nl + 1);
}

/* What the client has said last, and what sshd has written. */
static void why(struct client *c, char *out, size_t cap)
{
    char said[150], log[TEXT_MAX] = "", wrote[150];
    int fd = open(c->server->log, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, log, sizeof log - 1);

    bg_close(fd);
    log[n > 0 ? n : 0] = '\0';
    prove_squeeze(said, sizeof said, c->text);
    last_line(log, wrote);
    (void)snprintf(out, cap, "ssh says \"%s\"%s%s%s", said[0] != '\0' ? said : "nothing",
                   wrote[0] != '\0' ? ", sshd \"" : "", wrote, wrote[0] != '\0' ? "\"" : "");
}

/* After q nothing more may be asked: sshd feeds those whom it has refused itself to our dialogue, which then
 * says why. */
static void leave(struct client *c, struct prove_said *said)
{
    int64_t end = bg_deadline(LEAVE_MS);
    char *after = c->text + c->len, text[512];

    (void)!bg_write_all(c->fd, "q\n", 2);
    while (!c->over && bg_left_ms(end) > 0 && strstr(after, "Press Enter:") == NULL)
        (void)more(c, bg_left_ms(end));
    if (strstr(after, "Press Enter:") != NULL) {
        prove_squeeze(text, sizeof text, after);
        prove_tell(said, PROVE_FAILED, text);
    } else if (!c->over) {
        prove_tell(said, PROVE_FAILED, "sshd does not end after q");
    } else {
        prove_tell(said, PROVE_PASSED, "");
    }
}

/* No question of ours: what was there instead. */
static void failed(struct client *c, struct prove_said *said)
{
    char text[sizeof said->cause], shown[300];

    prove_squeeze(shown, sizeof shown, c->text);
    if (strstr(shown, "(BG") != NULL && strstr(shown, "Press Enter:") != NULL) {
        (void)snprintf(said->words, sizeof said->words, "%s", shown);
        prove_tell(said, PROVE_CLOSED, shown);
        return;
    }
    if (!c->over && ends_like_a_question(c))
        (void)snprintf(text, sizeof text, "something else asks first: \"%s\"", shown);
    else
        why(c, text, sizeof text);
    /* it wants a key first, of which there is none here; what comes after cannot be seen */
    prove_tell(said, strstr(c->text, "denied (publickey)") != NULL ? PROVE_UNKNOWN : PROVE_FAILED, text);
}

void prove_ssh(enum prove_way w, const struct prove_job *job, struct prove_said *said)
{
    static struct client c;
    int64_t began = bg_now_ms(), end = bg_deadline(PROVE_WAY_MS - 1000);

    if (!start(w == PROVE_SSH ? &hosts : &instance, job->row->name, &c)) {
        prove_tell(said, PROVE_UNKNOWN, "no terminal can be had");
        return;
    }
    while (!c.over && bg_left_ms(end) > 0) {
        bool like = c.len > 0 && ends_like_a_question(&c);
        if (!more(&c, like ? STILL_MS : bg_left_ms(end)) && like)
            break;
        if (prove_is_question(c.text)) {
            said->ms = bg_now_ms() - began;
            leave(&c, said);
            return;
        }
    }
    said->ms = bg_now_ms() - began;
    failed(&c, said);
}
