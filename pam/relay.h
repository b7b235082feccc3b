/*
 * One conversation with the helper: hello, prompts and answers, verdict. Knows the message contract
 * (base/wire.h) and the PAM conversation; knows nothing of phases, return codes or processes.
 */
#ifndef BG_PAM_RELAY_H
#define BG_PAM_RELAY_H

#include <stdbool.h>
#include <security/pam_modules.h>
#include "base/err.h"
#include "base/wire.h"

/* The helper bounds the whole dialogue at 15 minutes; the relay comes a little later, for a helper that
 * hangs. */
#ifndef BG_RELAY_DIALOGUE_MS
#define BG_RELAY_DIALOGUE_MS 930000
#endif
/* While no answer is owed the helper computes or waits for a disk: this long, and no longer. */
#ifndef BG_RELAY_QUIET_MS
#define BG_RELAY_QUIET_MS 60000
#endif

/*
 * Send `hello` over fd, then relay until the verdict. With `silent` (PAM_SILENT) INFO texts are not shown;
 * prompts and errors always are. *v is set only on BG_OK and then holds BG_VERDICT_ALLOW or BG_VERDICT_DENY
 * and an empty or well-formed use id. BG_E_EOF, BG_E_PROTO, BG_E_TIMEOUT, BG_E_IO, BG_E_RANGE (hello does not
 * fit).
 */
BG_MUST_CHECK enum bg_err bg_relay(pam_handle_t *pamh, int fd, const struct bg_hello *hello, bool silent,
                                   struct bg_verdict *v);

#endif
