/* SPDX-License-Identifier: ISC */
/* The commands of "breakglass alert": the table is in alert.c, each command has a file of its own. */
#ifndef BG_ADMIN_ALERT_ALERT_H
#define BG_ADMIN_ALERT_ALERT_H

#include <jansson.h>
#include "admin/admin.h"
#include "config/policy.h"
#include "delivery/cursor.h"

#define ALERT_KIND_MAX 48

/* breakglass.conf, its faults shown; static storage. sound: it has none. */
const struct bg_policy *alert_policy(bool *sound);
/* The sink of that name; NULL: there is none, and that was shown. */
const struct bg_sink *alert_sink(const struct bg_policy *p, const char *name);

/* The chain of a journal in a cursor, which is not changed; NULL. */
const struct bg_cursor_chain *alert_chain(const struct bg_cursor *c, const char *journalid);
/* "use.granted", printable ASCII; what is no type of ours stands as it is. */
void alert_kind(const json_t *ev, char out[ALERT_KIND_MAX]);

/* status.c */
enum admin_exit alert_status(char *const words[], json_t *root);

/* orphan.c: a finding for each sink that is in breakglass.conf no more and has not taken what it was owed. */
void alert_orphans(const struct bg_policy *p);

/* try.c */
/* From here on the alarms of a drill of that account show new codes. Where they could not be made, none. */
void alert_codes_begin(const char *account);
extern const struct command_option alert_test_options[], alert_confirm_options[];
enum admin_exit alert_test(char *const words[], json_t *root);
enum admin_exit alert_confirm(char *const words[], json_t *root);

/* event.c: one event, given up or sent once more */
extern const struct command_option alert_drop_options[], alert_requeue_options[];
enum admin_exit alert_drop(char *const words[], json_t *root);
enum admin_exit alert_requeue(char *const words[], json_t *root);

#endif
