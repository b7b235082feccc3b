/* The administrator who runs this command, on record. */
#ifndef BG_ADMIN_WHO_H
#define BG_ADMIN_WHO_H

#include "record/event.h"

/*
 * Put a change on record: who called is told by the kernel (real uid, loginuid, audit session, terminal),
 * never by the environment. A degraded or failed record is told as a note; the change itself stands.
 */
void who_record(enum bg_event_type type, const char *account, const char *message);

#endif
