/* SPDX-License-Identifier: ISC */
/* The commands of "breakglass journal": the table is in journal.c, each command has a file of its own. */
#ifndef BG_ADMIN_JOURNAL_JOURNAL_H
#define BG_ADMIN_JOURNAL_JOURNAL_H

#include <jansson.h>
#include <stdbool.h>
#include "admin/admin.h"
#include "base/err.h"
#include "record/journal.h"
#include "record/lines.h"

/* Show why the journal could not be read; r is not BG_OK. Returns ADMIN_CANNOT. */
enum admin_exit journal_none(enum bg_err r);
/* The same of a copy in that directory; NULL: of this host's. */
enum admin_exit journal_none_in(const char *copy, enum bg_err r);

/* Every line of this host's journal, or of a copy in that directory, as bg_lines_walk. newest: 0 for all,
 * else about that many bytes at the end will do. */
BG_MUST_CHECK enum bg_err journal_walk(const char *copy, off_t newest, bg_rawline_fn fn, void *arg);

/* since.c: a day, a minute or a second in UTC, or how long ago, as the beginning of an RFC 3339 time. False:
 * it is none. */
#define JOURNAL_SINCE    24
#define JOURNAL_EXPECTED "a day, a time in UTC, or a number with s, m, h or d"
bool journal_since(const char *value, char since[JOURNAL_SINCE]);

/* print.c: a parsed event on standard output. Rows have a heading, and a line for each new day. */
void journal_print_row(const json_t *o);
void journal_print_details(const json_t *o);

extern const struct command_option journal_show_options[];
enum admin_exit journal_show(char *const words[], json_t *root);

/*
 * What follows looks at this host's journal (copy NULL), or at a copy of one in that directory.
 *
 * Compare it with what receivers stored in these files and directories (NULL-ended): what differs is
 * shown as findings, and "against" added to root. ADMIN_CANNOT when one of them cannot be read.
 */
enum admin_exit against_look(const char *const paths[], const char *copy, json_t *root);

/* Is the line of a checkpoint in the journal, which was verified as v, with that hash? What is not is shown
 * as a finding, and "checkpoint" added to root. ADMIN_USAGE for a text that is none. */
enum admin_exit checkpoint_look(const char *text, const char *copy, const struct bg_verify *v, json_t *root);

/* Check the seals with the verification keys in that file ("-": standard input). What is found is shown, and
 * "journal_seal" added to root. trimmed: lines up to there are known to be removed. ADMIN_CANNOT: the keys or
 * the journal cannot be read. */
enum admin_exit seal_look(const char *path, const char *copy, uint64_t trimmed, json_t *root);

extern const struct command_option journal_checkpoint_options[];
enum admin_exit journal_checkpoint(char *const words[], json_t *root);

extern const struct command_option journal_verify_options[];
enum admin_exit journal_verify(char *const words[], json_t *root);

extern const struct command_option journal_export_options[];
enum admin_exit journal_export(char *const words[], json_t *root);

enum admin_exit journal_seal(char *const words[], json_t *root);

/* Is this host's journal, which was verified as v and holds, still sealed? "journal_seal" is added to root;
 * one that was and is not is a finding. aloud: what is right is shown too. For root. */
void sealed_look(const struct bg_verify *v, json_t *root, bool aloud);

struct bg_seal;
/*
 * Show the verification key of a seal that has not begun yet: text and code, or in JSON added to `into`, as a
 * line of its own where the command prints lines. False: nobody has seen it, and the seal must not begin.
 */
BG_MUST_CHECK bool seal_tell(const char *journalid, const struct bg_seal *s, json_t *into);
/* Show such a key and put it to work behind the journal's last line, with the next one where another line
 * came in between; of the one that works, `into` has what seal_tell adds. *s is it, the caller wipes it.
 * BG_E_EOF: nobody has seen it. */
BG_MUST_CHECK enum bg_err seal_begin(struct bg_seal *s, json_t *into);

#endif
