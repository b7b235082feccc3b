/*
 * What a sink will never take is news for the journal, but who delivers may not write there. So whoever runs
 * breakglass-alert as root (the timer, a login without a service) looks first for marks in the cursors that
 * the journal does not know yet. An event about an event that could not be delivered is not followed by
 * another one. The faults of breakglass.conf are put on record at the same time.
 */
#ifndef BG_ALERT_DEADLETTER_H
#define BG_ALERT_DEADLETTER_H

#include "config/policy.h"

/* Put on record what the cursors mark as undeliverable and the journal does not know yet. Root. */
void deadletters_record(const struct bg_policy *policy);

/* The lines of breakglass.conf that are not used: config.changed without success, once for each text. Root.
 */
void policy_faults_record(const struct bg_policy *policy, const struct bg_faults *faults);

#endif
