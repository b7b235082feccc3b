/* SPDX-License-Identifier: ISC */
/*
 * The secrets of the sinks as the running program has them. A secret that was changed is used beside the new
 * one for a day (Standard Webhooks: several signatures), so that the receivers can follow in their own time;
 * and one whose file has become useless goes on being used.
 */
#ifndef BG_ALERT_SECRETS_H
#define BG_ALERT_SECRETS_H

#include "alert/sink.h"
#include "config/sink.h"

#define SECRETS_OVERLAP_MS INT64_C(86400000)

/*
 * What this sink needs of secrets; of those that sign, the file's first. When a file cannot be used, why
 * tells what is wrong with it (else its `why` is BG_OK), and what was read from it before is handed out;
 * without that the result is why->why.
 */
struct secrets_fault {
    enum bg_err why;
    const char *path; /* in s */
};
BG_MUST_CHECK enum bg_err secrets_of(const struct bg_sink *s, struct sink_secrets *out,
                                     struct secrets_fault *why);

/* When the next old secret is no longer to be used, on bg_now_ms()'s clock; INT64_MAX: there is none. */
int64_t secrets_until(void);

void secrets_wipe(void);

#endif
