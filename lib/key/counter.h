/*
 * The signature counter of each key, as it was at its newest use: BG_STATEDIR/fido/NAME, NAME made from the
 * credential's id. A counter that steps back means that two devices sign as one key (WebAuthn 6.1.1).
 */
#ifndef BG_KEY_COUNTER_H
#define BG_KEY_COUNTER_H

#include "key/wire.h"

#define BG_FIDO_COUNTER_DIR BG_STATEDIR "/fido"
#define BG_FIDO_COUNTER_MS  2000 /* a disk that hangs costs this and no more */

enum bg_fido_step {
    BG_FIDO_STEP_GOOD = 1, /* larger than before, or the key counts nothing: 0 now and always */
    BG_FIDO_STEP_BACK = 2  /* not larger than before */
};

/*
 * Compare the counter of an answer that was verified with the one on file, and keep it if it is larger.
 * *before is the one on file (0: none). BG_OK with *step and *before; BG_E_TIMEOUT, BG_E_IO: the disk
 * refuses, then *step and *before are still set when the old one could be read, else *step is GOOD.
 */
BG_MUST_CHECK enum bg_err bg_fido_counter(const char *dir, const struct bg_fido_id *id, uint32_t now,
                                          enum bg_fido_step *step, uint32_t *before);

/* The one on file, 0 when there is none or it cannot be read. */
uint32_t bg_fido_counter_read(const char *dir, const struct bg_fido_id *id);

/* Forget it: the key was removed. */
void bg_fido_counter_forget(const char *dir, const struct bg_fido_id *id);

#endif
