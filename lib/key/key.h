/* What a program does with enrolled keys: find the one that is plugged in, let it sign, verify that. */
#ifndef BG_KEY_KEY_H
#define BG_KEY_KEY_H

#include "base/clock.h"
#include "key/client.h"
#include "key/node.h"
#include "key/verify.h"

#define BG_KEYS_MAX  BG_FIDO_IDS
#define BG_KEY_LABEL 32 /* with its NUL: a-z, 0-9 and - */

/* User verification (PIN, fingerprint) of a key. */
enum bg_key_uv {
    BG_UV_REQUIRED = 1,  /* an answer without it counts for nothing */
    BG_UV_PREFERRED = 2, /* asked for when the key can do it */
    BG_UV_NO = 3
};

struct bg_key {
    char label[BG_KEY_LABEL];
    struct bg_fido_public pub;
    struct bg_fido_id id;
    char rp[BG_FIDO_RP];
    uint8_t aaguid[BG_FIDO_AAGUID]; /* model, as far as keys tell */
    uint32_t firmware;
    enum bg_key_uv uv;
    char created[BG_TIME_LEN];
};

#define BG_KEY_FIND_MS 20000 /* after that no further key and no further device is asked */
#define BG_KEY_ASK_MS  3000  /* longest time a key may take to say whether it holds a credential */

struct bg_key_session {
    struct bg_fido f; /* worker and watch are set by the caller, before it is opened */
    struct bg_fido_info info;
    size_t which; /* of the keys that were asked for */
};

/* `device` ("" : walk the host's devices) as a list of nodes. BG_E_NOENT when there is none; BG_E_TIMEOUT,
 * BG_E_IO. */
BG_MUST_CHECK enum bg_err bg_key_nodes(const char *device, struct bg_fido_nodes *out);

/*
 * Open a node and read what it is. BG_OK with *code; only for BG_FC_OK the session is to be ended by
 * bg_fido_stop. Errors as bg_fido_start.
 */
BG_MUST_CHECK enum bg_err bg_key_open(const char *node, struct bg_key_session *s, enum bg_fido_code *code);

/*
 * Look for the first node that holds one of n keys (n > 0), without making it blink, BG_KEY_FIND_MS and the
 * bounds of one step at the most: the PAM module takes a minute of silence for a hang. BG_OK with *code;
 * BG_FC_OK: the session is open and s->which is set. Else *code says best why not. BG_E_HANGUP,
 * BG_E_CANCEL: the person is gone; others: the worker does not run.
 */
BG_MUST_CHECK enum bg_err bg_key_find(const struct bg_fido_nodes *nodes, const struct bg_key *keys, size_t n,
                                      struct bg_key_session *s, enum bg_fido_code *code);

/* How a signature was had and what it is worth. */
struct bg_key_proof {
    enum bg_fido_code code;
    uint8_t status;
    enum bg_fido_fault fault; /* for BG_FC_OK: BG_FF_NONE, or why it is worth nothing */
    struct bg_fido_said said; /* for BG_FF_NONE */
};

/*
 * Let the key sign a fresh challenge, with pin ("": none) and user verification as `verify` says, and verify
 * what comes with what k->uv demands. BG_OK with *proof; else as bg_fido_run, and BG_E_CRYPTO.
 */
BG_MUST_CHECK enum bg_err bg_key_sign(struct bg_key_session *s, const struct bg_key *k, bool verify,
                                      const char *pin, uint32_t wait_ms, bg_fido_touch_fn touch, void *arg,
                                      struct bg_key_proof *proof);

#endif
