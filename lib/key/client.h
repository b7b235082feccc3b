/* SPDX-License-Identifier: ISC */
/*
 * Using a key from the deciding side: starts breakglass-fido (utils/fido), talks to it, bounds every wait.
 * One ceremony at a time on a host.
 */
#ifndef BG_KEY_CLIENT_H
#define BG_KEY_CLIENT_H

#include <sys/types.h>
#include "key/wire.h"

#define BG_FIDO_LOCK       BG_RUNDIR "/fido.lock"
#define BG_FIDO_OPEN_MS    5000 /* start, sandbox, first exchange with the device */
#define BG_FIDO_SILENCE_MS 3000 /* a device that sends nothing at all for this long is given up */
#define BG_FIDO_GRACE_MS   2000 /* beyond the wait that was asked for; then the worker is killed */

struct bg_fido {
    const char *worker; /* set by the caller: path of breakglass-fido */
    int watch;          /* set by the caller: as in bg_packet_recv */
    int fd;
    pid_t pid;
    bool freed; /* the key was busy with an old question, which was cancelled */
};

/*
 * Called once or more while a key waits to be touched. Any result but BG_OK ends the ceremony with it; a
 * person who is gone is BG_E_HANGUP or BG_E_CANCEL here too.
 */
typedef enum bg_err (*bg_fido_touch_fn)(void *arg);

/* Take the host's lock: *lock is a descriptor to close afterwards. BG_E_BUSY; BG_E_IO, BG_E_UNSAFE. */
BG_MUST_CHECK enum bg_err bg_fido_lock(int *lock);

/* A fresh challenge: SHA-256 over 32 bytes of kernel randomness, the boot id and the time. BG_E_CRYPTO. */
BG_MUST_CHECK enum bg_err bg_fido_challenge(uint8_t out[BG_FIDO_HASH]);

/*
 * Start a worker, let it open the node `path` and read what is there. On BG_OK *code says how that went, and
 * only for BG_FC_OK *info is set and there is a worker to stop. BG_E_NOENT: there is no worker program;
 * BG_E_EOF: it died; else as bg_packet_recv.
 */
BG_MUST_CHECK enum bg_err bg_fido_start(struct bg_fido *f, const char *path, struct bg_fido_info *info,
                                        enum bg_fido_code *code);

/* Read it again. BG_OK with *out, else as bg_packet_recv: then only bg_fido_stop remains. */
BG_MUST_CHECK enum bg_err bg_fido_info(struct bg_fido *f, struct bg_fido_info *out);

/* Run ASSERT or MAKE (m->kind); m is wiped as soon as it was sent, and overwritten. *out is large: the caller
 * gives it. */
BG_MUST_CHECK enum bg_err bg_fido_run(struct bg_fido *f, struct bg_fido_packet *m, bg_fido_touch_fn touch,
                                      void *arg, struct bg_fido_result *out);

/*
 * Have n (1 .. 32) keys blink until one is touched, at most wait_ms; `touch` is called once. BG_OK with
 * *code; BG_FC_OK: it was f[*which]. All workers stay; that of a key that was not touched is good for nothing
 * but bg_fido_stop(). BG_E_HANGUP, BG_E_CANCEL: the person is gone.
 */
BG_MUST_CHECK enum bg_err bg_fido_select(struct bg_fido *const f[], size_t n, uint32_t wait_ms,
                                         bg_fido_touch_fn touch, void *arg, size_t *which,
                                         enum bg_fido_code *code);

/* Give it another PIN, or its first one (old: ""); both are wiped. *out as bg_fido_run. */
BG_MUST_CHECK enum bg_err bg_fido_set_pin(struct bg_fido *f, char old[BG_FIDO_PIN], char pin[BG_FIDO_PIN],
                                          struct bg_fido_result *out);

/* End the worker, at the latest by SIGKILL. A key that waits to be touched is released first and stops
 * blinking. */
void bg_fido_stop(struct bg_fido *f);

#endif
