/* One call, from its first message to its verdict. Both return the program's exit status. */
#ifndef BG_LOGIN_SERVE_H
#define BG_LOGIN_SERVE_H

/* Over the relay's socket: 0 allowed, 1 denied, 3 not a word was understood. The verdict counts, not this. */
int serve_relay(int fd);

/*
 * The auth phase for `account` on this terminal, then `command` (NULL-ended, may be empty) in the place of
 * this program. 0 granted without a command, 1 denied, 3 the command could not be run.
 */
int serve_terminal(const char *account, char *const command[]);

#endif
