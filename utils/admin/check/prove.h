/* SPDX-License-Identifier: ISC */
/*
 * breakglass check --prove: each way in is gone to our first question, for real, on a host without a network.
 *
 * All of it happens in mount, network, pid and ipc namespaces of its own (prove_room.c): no interface is up,
 * no socket of a daemon can be reached, and nothing can be written but what is in memory there. Our own
 * journal, counts and marks are covered by empty ones, and breakglass-alert cannot be started: the dialogues
 * are on record there alone, and vanish with it. The door itself knows nothing of it: what it grants or
 * refuses in there is worth nothing outside, and no dialogue outside can be made to look like a proof. Nobody
 * can answer it: the only words that are ever typed are "q" at the first question, and Enter at what comes
 * after.
 */
#ifndef BG_ADMIN_PROVE_H
#define BG_ADMIN_PROVE_H

#include <stdatomic.h>
#include "admin/rows.h"

#define PROVE_ALL_MS  28000 /* all accounts together */
#define PROVE_WAY_MS  10000 /* until the question; the ways of an account are gone at the same time */
#define PROVE_LAST_MS 300   /* for one that hangs to say where */

enum prove_way {
    PROVE_NAMES, /* libc knows the account */
    PROVE_LOGIN, /* libpam, with the file of the service */
    PROVE_SSHD,
    PROVE_SU,
    PROVE_SU_L,
    PROVE_SSH,          /* sshd itself, and a client */
    PROVE_SSH_INSTANCE, /* that of "init --sshd-instance" */
    PROVE_WAYS
};

enum prove_result {
    PROVE_UNTRIED = 0,
    PROVE_PASSED,
    PROVE_FAILED,
    PROVE_LET_IN,  /* without a question: the stack opens to anybody */
    PROVE_CLOSED,  /* our own dialogue was reached, and opens the account nowhere there, as it should */
    PROVE_UNKNOWN, /* it could not be tried */
    PROVE_ABSENT,  /* this host has no such way */
    PROVE_UNASKED  /* nobody has set it up: not worth a word */
};

/* What became of one way. Shared by all processes; the one that goes it writes, and sets done at the end. */
struct prove_said {
    enum prove_result result;
    int64_t ms;      /* until the question, or until it was clear that there is none */
    char module[64]; /* "pam_exec.so": that was at it when it went wrong; "": not known */
    char cause[400]; /* as a phrase; hostile; "": none */
    char words[400]; /* what our dialogue said in the place of a question; hostile */
    atomic_bool done;
};

struct prove_shared {
    struct prove_said way[PROVE_WAYS];
    char trouble[200]; /* why there is no such room; "": there is one */
    uint64_t packets;  /* that were seen on any interface in there */
    uint64_t unrouted; /* that something wanted to send, and nobody took */
    atomic_bool counted;
};

/* An account, and which ways are not gone because result says so already. */
struct prove_job {
    const struct account_row *row;
    struct prove_shared *shared;
    int64_t deadline;
};

/* "login", "su-l", ... Static storage. */
const char *prove_way_name(enum prove_way w);

/* Does sshd itself take part? */
bool prove_way_is_ssh(enum prove_way w);

/* --- prove_room.c */

/*
 * Go the ways of one account: returns in a moment; *pid ends when all is said, at job->deadline at the
 * latest. It, and all that it started, dies with the caller. BG_E_IO.
 */
BG_MUST_CHECK enum bg_err prove_start(const struct prove_job *job, pid_t *pid);

/* See that nothing of it is left. */
void prove_end(pid_t pid);

/* --- prove_way.c, prove_ssh.c: in a process of its own in that room, never returns */

_Noreturn void prove_go(enum prove_way w, const struct prove_job *job);
void prove_ssh(enum prove_way w, const struct prove_job *job, struct prove_said *said);

/* Set what became of it. */
void prove_tell(struct prove_said *said, enum prove_result r, const char *cause);

/* Blanks and line ends become one blank each, at most cap - 1 bytes are kept. Is it our first question? */
bool prove_is_question(const char *text);
void prove_squeeze(char *out, size_t cap, const char *text);

/* --- prove_cause.c: where a way went wrong, as the files of PAM tell */

struct prove_where {
    char file[128];
    unsigned line; /* 0: not known */
    char module[64];
};
/*
 * Of a way that has failed: where. Of one that has passed: does the files' play say that a line before ours
 * fails for good, although the question is asked? True then, and *out says which.
 */
bool prove_cause(const struct account_row *row, enum prove_way w, const struct prove_said *said,
                 struct prove_where *out);

/* --- prove.c */

/* The command: all accounts, or one. more: it was given options that it cannot go with. */
enum admin_exit prove_run(const char *account, bool more, json_t *root);

#endif
