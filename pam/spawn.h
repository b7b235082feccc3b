/*
 * Start breakglass-login beside a host process that may be hostile (su is started by anybody), and get
 * rid of it again without leaving a child or a descriptor behind.
 */
#ifndef BG_PAM_SPAWN_H
#define BG_PAM_SPAWN_H

#include <sys/types.h>
#include "base/err.h"

#define BG_HELPER_PATH BG_HELPERDIR "/breakglass-login"
/* The helper has sent its verdict, or sees its end of file: time to exit by itself; then the time after
 * SIGKILL. */
#ifndef BG_HELPER_LEAVE_MS
#define BG_HELPER_LEAVE_MS 2000
#endif
#define BG_HELPER_KILL_MS 1000

struct bg_helper {
    pid_t pid;
    int fd; /* our end of the SOCK_SEQPACKET pair, never 0, 1 or 2 */
};

/*
 * Run "breakglass-login --relay": socket on descriptor 3, /dev/null on 0 to 2, nothing else open, empty
 * environment, no signal blocked, ignored or caught, a session of its own (a Ctrl-C at login's prompt must
 * not kill it: it has to record the hang-up). Errors as bg_process_start.
 */
BG_MUST_CHECK enum bg_err bg_helper_start(struct bg_helper *h);

/*
 * End the conversation: half-close, wait for the exit (both bounds above), kill, close. BG_E_PROTO when the
 * helper had more to say after its last word, else BG_OK: neither exit status nor a slow exit means anything,
 * because the host's own SIGCHLD handling may take both from us.
 */
BG_MUST_CHECK enum bg_err bg_helper_end(struct bg_helper *h);

#endif
