/* SPDX-License-Identifier: ISC */
/* The sessions of the emergency accounts, as the state room knows them. */
#ifndef BG_ADMIN_SESSION_SESSION_H
#define BG_ADMIN_SESSION_SESSION_H

#include <stdbool.h>
#include "admin/rows.h"
#include "record/life.h"
#include "record/state.h"
#include "record/tally.h"

/* replay.c */
extern const struct command_option replay_options[];
enum admin_exit session_replay(char *const words[], json_t *root);
/* commands.c */
enum admin_exit session_said(char *const words[], json_t *root);

/* What was run in the session of a use, by each source that is there: an array of {source, time, command}
 * without anything that a terminal obeys, and one of {source, why} of the others. Programs that are asked
 * take at most ms together. The caller drops both. */
struct session_ran {
    json_t *commands, *missing;
};
void session_ran(const char *account, const struct bg_life_use *u, int64_t ms, struct session_ran *out);

/* A file of a recording ("out", "timing"), unpacked within ms if need be, into fresh memory. BG_E_NOENT. */
BG_MUST_CHECK enum bg_err session_recording(const char *use, unsigned which, const char *end, int64_t ms,
                                            char **out, size_t *len);

/* How many recordings a use has. */
unsigned session_recordings(const char *use);

/* Is the shell of the account that program, wherever it is? */
bool session_shell_is(const struct account_row *row, const char *name);

/* A note where sessions of the account are to be recorded and will not be. */
void session_look(const struct account_row *row);

/* Each use that is remembered, of every sound account, oldest first. */
typedef void (*session_fn)(void *arg, const struct account_row *row, const struct bg_tally_use *u);
void session_each(session_fn fn, void *arg);

#endif
