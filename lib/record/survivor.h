/* SPDX-License-Identifier: ISC */
/*
 * What is left of a session whose process is gone: su(1) was killed and its shell reads on, sshd's monitor
 * died before the process that serves the client. A process belongs to a use when it was started with that
 * use's BG_USE_ENV in its environment (the relay puts it there, and whatever the shell starts inherits it)
 * and runs as the account's uid; another user's variable proves nothing.
 */
#ifndef BG_RECORD_SURVIVOR_H
#define BG_RECORD_SURVIVOR_H

#include <stdint.h>
#include <sys/types.h>
#include "base/err.h"
#include "base/text.h"

#define BG_SURVIVORS_MS 500 /* for the whole of /proc */

struct bg_survivors {
    unsigned on_terminal, others; /* processes that have a terminal, and those that have none */
    unsigned unseen;              /* of the account's uid, started since then, and we may not look at them */
    int64_t pid;               /* the oldest that has a terminal: the shell rather than its jobs; 0: none */
    char command[32], tty[24]; /* of it; hostile; "" for a terminal of another kind */
};

/* Looked for in a bounded child: a process that hangs in the kernel may hang whoever reads its environment.
 * since: when the process that held it was started, as bg_host_pid_start has it.
 * Not BG_OK: the search did not reach its end, which says nothing of what is left; *out is empty. */
BG_MUST_CHECK enum bg_err bg_survivors_of(const char *use, uid_t uid, uint64_t since,
                                          struct bg_survivors *out);

/*
 * Write a line to the terminals that processes of this use have, and where none has one, to that of the
 * process `holder`. Never waits for a terminal that is stopped. At most 1 s.
 */
#define BG_USE_TELL_MS 1000
void bg_use_tell(const char *use, uid_t uid, int64_t holder, const char *text);

/* Processes of a use that had a terminal when they were looked for; of more the rest is not kept. */
#define BG_USE_HITS 128
struct bg_use_hits {
    unsigned n;
    struct {
        int64_t pid;
        uint64_t start;
    } hit[BG_USE_HITS];
};

/*
 * Send sig to the processes of this use that have a terminal; which they are, for bg_use_left. Never to
 * another user's, never to this one, and never to one that has no terminal. Not BG_OK: the search did not
 * reach its end, and nobody was signalled.
 */
#define BG_USE_SIGNAL_MS 5000
enum bg_err bg_use_signal(const char *use, uid_t uid, int sig, struct bg_use_hits *out);

/* How many of those are still there, whether they have their terminal yet or lost it since; sig goes to each
 * (0: to none). */
unsigned bg_use_left(const struct bg_use_hits *hits, int sig);

#endif
