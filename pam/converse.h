/* SPDX-License-Identifier: ISC */
/* One prompt through the PAM conversation, and what we say ourselves: to the person and to the log. */
#ifndef BG_PAM_CONVERSE_H
#define BG_PAM_CONVERSE_H

#include <security/pam_modules.h>
#include "base/msg.h"
#include "base/wire.h"

/* The message as a person reads it, its number last, in lines of at most 79 columns. */
void bg_message_lines(char out[BG_MSG_MAX], const struct bg_message *id, const char *const *args);

/* Show an INFO or ERROR text; a failure of the conversation is ignored. */
void bg_show(pam_handle_t *pamh, enum bg_style style, const char *text);

/*
 * Ask with an echo style. *a is always filled: given, too long (BG_ANSWER_MAX bytes or more) or none (the
 * conversation failed or gave no text). The response of libpam is wiped and freed here; the caller wipes *a.
 */
void bg_ask(pam_handle_t *pamh, enum bg_style style, const char *text, struct bg_answer *a);

/*
 * The message into the system log as "pam_breakglass[PID]: (SERVICE:PHASE) BG402 ...", bounded
 * (base/logline.h). Service and phase are not part of the tag: rsyslog ends a program's name at the first
 * colon.
 */
void bg_log_message(pam_handle_t *pamh, const char *phase, const struct bg_message *id,
                    const char *const *args);

#endif
