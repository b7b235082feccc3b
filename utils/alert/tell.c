/* SPDX-License-Identifier: ISC */
#include "alert/alert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/logline.h"

void alert_say(const struct bg_message *id, const char *const *args)
{
    char text[BG_MSG_MAX];

    (void)bg_msg_full(text, sizeof text, id, args);
    (void)fprintf(stderr, "breakglass-alert: %s\n", text);
}

/* sd_notify(3) by hand: one datagram, so that libsystemd and what it pulls in are not needed. */
void notify_systemd(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    int fd;

    if (path == NULL || (path[0] != '/' && path[0] != '@') || path[1] == '\0' ||
        bg_datagram_connect(path, &fd) != BG_OK)
        return;
    (void)!send(fd, state, strlen(state), MSG_NOSIGNAL);
    (void)close(fd);
}

int64_t notify_watchdog_ms(void)
{
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    unsigned long long v;

    if (usec == NULL || (pid != NULL && strtoll(pid, NULL, 10) != (long long)getpid()))
        return 0;
    v = strtoull(usec, NULL, 10);
    return v > 0 && v < 86400000000ULL ? (int64_t)(v / 2000) : 0;
}
