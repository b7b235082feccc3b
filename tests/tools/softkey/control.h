/* SPDX-License-Identifier: ISC */
/*
 * The control socket: a unix stream socket. Each line is a command; each answer is one line, "ok" or "error",
 * and more.
 *
 *   touch auto|never|after:MS    counter N|back|frozen|none    status -> ok key=value ...
 *   press                        mode NAME[:CMD]               retries -> ok pin=8 uv=5
 *   uv none|yes|no|never         unplug-after CMD[:N]          count CMD -> ok 3
 *   change-pin [no]              work MS                       (forcePINChange; each command takes so long)
 *   unplug                       plug                          quit
 *
 * "press" is one touch, and only while the light blinks.
 */
#ifndef SOFTKEY_CONTROL_H
#define SOFTKEY_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#define SK_CLIENTS  4
#define SK_LINE_MAX 200

struct sk_client {
    int fd; /* -1: free */
    char line[SK_LINE_MAX];
    size_t len;
};

struct sk_control {
    int fd;           /* listening; -1: there is none */
    const char *path; /* not owned */
    struct sk_client client[SK_CLIENTS];
};

struct softkey;
struct pollfd;

/* Listen at path (NULL: do not); false with errno set. */
bool sk_control_open(struct sk_control *c, const char *path);
void sk_control_close(struct sk_control *c);

/* Descriptors to poll, SK_CLIENTS + 1 of them (-1 where there is none), and what to do after the poll. */
void sk_control_poll(const struct sk_control *c, struct pollfd *p);
void sk_control_serve(struct softkey *sk, const struct pollfd *p);

/* The other end: send one line, print the answer. Returns an exit status. */
int sk_control_tell(const char *path, char *const *words);

#endif
