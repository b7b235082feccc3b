/* Putting the events of this login on record, and what failures cost: growing delays, never the account. */
#ifndef BG_LOGIN_REPORT_H
#define BG_LOGIN_REPORT_H

#include "login/context.h"

/*
 * Record an event: who, from where and which use are filled in here, the rest comes in *e. Where it stands is
 * L->newest; the worst place so far is kept in L->recorded. True when policy lets the login go on with the
 * record that was made. Sees to it that somebody delivers the event, and never waits for that.
 */
bool login_record(struct login *L, struct bg_event *e);

/* The same, with the text of a message as its sentence and the message's number as detail. */
bool login_record_text(struct login *L, struct bg_event *e, const struct bg_message *id,
                       const char *const *args);

/* The same for an event that says no more than its type. */
bool login_record_msg(struct login *L, enum bg_event_type type, bool success, const struct bg_message *id,
                      const char *const *args);

/* Record the sentence that ends the dialogue (L->cause, L->last) as a failure of this type. */
void login_record_last(struct login *L, enum bg_event_type type);

/* Wait for what the failures of the last hour cost at this kind of source; the person is told. */
void login_delay(struct login *L);

/* A try that did not open the account: put it on record and wait for what it costs. */
void login_attempt_failed(struct login *L, const struct bg_message *id, const char *const *args);

#endif
