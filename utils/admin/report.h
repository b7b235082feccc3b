/* What the administrator's command did, on record. */
#ifndef BG_ADMIN_REPORT_H
#define BG_ADMIN_REPORT_H

#include "record/journal.h"

/*
 * Put a change on record: who called is told by the kernel (real uid, loginuid, audit session, terminal),
 * never by the environment. Its delivery is started where no alert service runs. A degraded or failed record
 * is told as a note; the change itself stands. account may be NULL. Whether the event tells of a success
 * follows from its type.
 */
void report_event(enum bg_event_type type, const char *account, const char *message);

/* The same without a delivery; *at: where it stands, sequence 0 when it is in no journal. */
void report_event_at(enum bg_event_type type, const char *account, const char *message,
                     struct bg_position *at);

#endif
