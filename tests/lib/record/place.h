/* SPDX-License-Identifier: ISC */
/* A throw-away place for journals: DIR/journal, DIR/run and a few hands to work on them. */
#ifndef RECORD_PLACE_H
#define RECORD_PLACE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>
#include "record/journal.h"

struct place {
    char root[64], journal[96], run[96];
    struct bg_recorder rec; /* points here; no syslog; patient, so that a busy machine is no failure */
};

void place_make(struct place *p);
void place_remove(struct place *p);

/* The same as set-up and tear-down of a test: *state is a struct place. */
int place_setup(void **state);
int place_teardown(void **state);

/* The whole file DIR/name in fresh memory; fails the test when it is not there. */
char *place_read(const char *dir, const char *name, size_t *len);
void place_write(const char *dir, const char *name, const void *data, size_t len);
long place_size(const char *dir, const char *name); /* -1: not there */

/* A granted use by bg1 with that reason. */
struct bg_event place_event(const char *reason);

/* Record it; fails the test unless it went to `want`. */
void place_record(struct place *p, const struct bg_event *e, enum bg_recorded want);

/* Such a use as the first line of a new segment. */
void place_append_alone(struct place *p);

/* The newest line of a directory's first segment, no newline, NUL-ended (BG_LINE_MAX). */
void place_newest(const char *dir, char *line);

/* Line number n (from 0) of a journal directory, parsed; NULL past the end. */
json_t *place_line(const char *dir, unsigned n);
unsigned place_lines(const char *dir);
const char *str(const json_t *o, const char *key);
json_t *own(const json_t *ev); /* data.unmapped.breakglass */

/* Stop (SIGSTOP) the first child that the process `parent` gets besides the caller, then exit: 0, or 1
 * without one. */
_Noreturn void place_stop_a_child_of(pid_t parent);

#endif
