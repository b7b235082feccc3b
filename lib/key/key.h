/* SPDX-License-Identifier: ISC */
/* What a program does with enrolled keys: find the one that is plugged in, let it sign, verify that. */
#ifndef BG_KEY_KEY_H
#define BG_KEY_KEY_H

#include "base/bits.h"
#include "base/clock.h"
#include "base/identity.h"
#include "base/source.h"
#include "key/client.h"
#include "key/verify.h"

#define BG_KEYS_MAX      BG_BITS_MAX /* of one account */
#define BG_KEY_LABEL     32          /* with its NUL: a-z, 0-9 and - */
#define BG_CUSTODIAN_MAX 64          /* bytes of a name, with its NUL */
#define BG_ATT_KEY       40          /* hex digits of an attestation key's identifier */

/* User verification (PIN, fingerprint) of a key. What the key signed when it was enrolled decides it. */
enum bg_key_uv {
    BG_UV_REQUIRED = 1,  /* an answer without it counts for nothing */
    BG_UV_PREFERRED = 2, /* not decided: a file of an older version, or while a key is being enrolled */
    BG_UV_NO = 3
};

/* Where a key is plugged in. A host never asks a key for text to sign: its answers open other hosts too. */
enum bg_key_use {
    BG_USE_CONSOLE = 0, /* into the host */
    BG_USE_TEXT = 1     /* into a machine far away: key/challenge.h */
};

/* What a key had to show for its model when it was enrolled. */
enum bg_key_attestation {
    BG_KEY_ATT_NONE = 0,
    BG_KEY_ATT_SELF = 1,   /* signed with the new credential itself: says nothing of the model */
    BG_KEY_ATT_BASIC = 2,  /* by a certificate of its maker, whom nobody was asked to trust */
    BG_KEY_ATT_TRUSTED = 3 /* by one that leads to a trusted one */
};

/* The words for BG_FIDO_USB and so on, in that order. */
#define BG_KEY_TRANSPORTS "usb nfc ble internal hybrid smart-card"

/* An enrolled key. */
struct bg_key {
    char label[BG_KEY_LABEL];
    struct bg_fido_public pub;
    struct bg_fido_id id;
    char rp[BG_FIDO_RP];
    uint8_t aaguid[BG_FIDO_AAGUID]; /* model, as the key reports it */
    uint32_t firmware;
    enum bg_key_uv uv;
    enum bg_key_use use;
    char from[BG_FROM_MAX];       /* where it may be used (config/from.h); "": everywhere */
    char host[BG_HOST_PRINT + 1]; /* that enrolled it (bg_identity_print); "": not kept */
    char created[BG_TIME_LEN];
    char custodian[BG_CUSTODIAN_MAX]; /* who keeps it; "": not told */
    char transports[48];              /* "usb nfc": as the key said; "": it did not */
    enum bg_key_attestation attestation;
    char attestation_key[BG_ATT_KEY +
                         1]; /* identifier of the certificate's key (RFC 5280, 4.2.1.2); "": none */
    bool probe;              /* it can be asked, without a touch, whether it holds the credential */
    bool suspended;          /* it may have a copy: it opens nothing until an administrator has looked */
};

/* --- node.c: device nodes that could be keys */

#define BG_KEY_NODES    16   /* keys plugged in at once that are looked at */
#define BG_KEY_NODES_MS 2000 /* bound of looking for them */

struct bg_key_nodes {
    size_t n;
    char path[BG_KEY_NODES][BG_FIDO_PATH];
};

/*
 * The paths of `device`, blanks between them; for "" the host's devices: root looks in /sys/class/hidraw, in
 * a bounded child, at 64 nodes at most, for a report descriptor with the FIDO usage page
 * (CTAP 2.1, 11.2.8.2). No device is opened here. BG_E_NOENT when there is none; BG_E_TIMEOUT, BG_E_IO.
 */
BG_MUST_CHECK enum bg_err bg_key_nodes(const char *device, struct bg_key_nodes *out);

/* Is one of them there? */
bool bg_key_plugged(const struct bg_key_nodes *nodes);

/*
 * After three wrong PINs a key takes none until it was plugged in again. bg_key_pause() keeps in mind that it
 * is so, in /run, by what identifies the node; bg_key_paused(): is the node still that one? Best effort.
 */
void bg_key_pause(const char *path);
bool bg_key_paused(const char *path);

/* The look itself, below another directory than /sys/class/hidraw; and at one descriptor (HID 1.11, 6.2.2).
 */
void bg_key_nodes_in(const char *dir, struct bg_key_nodes *out);
bool bg_key_is_fido(const uint8_t *descriptor, size_t len);

/* --- key.c: a key and its worker */

#define BG_KEY_FIND_MS 20000 /* after that no further key and no further device is asked */
#define BG_KEY_ASK_MS  3000  /* longest time a key may take to say whether it holds a credential */

/* What is looked for. */
struct bg_key_search {
    const char *dir;           /* of the counters */
    const struct bg_key *keys; /* at most BG_KEYS_MAX; those for text are passed over. NULL: any device */
    size_t n;
    struct bg_bits skip;     /* nor are these */
    bg_fido_touch_fn select; /* asks the person to touch the one that is meant, where several devices will do;
                                NULL: the first will do */
    uint32_t select_ms;      /* how long that may take */
    void *arg;               /* of select */
};

/* A device, its worker, and the keys that it may hold. */
struct bg_key_session {
    struct bg_fido f; /* worker and watch are set by the caller, before it is opened */
    struct bg_fido_info info;
    char path[BG_FIDO_PATH];
    uint16_t order[BG_KEYS_MAX]; /* its keys, best first: indices into keys */
    size_t n, sure;              /* the first `sure` of them it claims to hold */
    size_t next;                 /* the first that it has not been asked to sign with */
    size_t which;                /* that one; after bg_key_sign() the one that has signed */
    bool named;                  /* it is asked for that key alone */
    bool singly;                 /* it failed at several at once */
    struct bg_bits failed;       /* it was asked for these, and they were not it */
};

/*
 * Look for the node that holds one of the keys (n > 0), without making it blink, for at most BG_KEY_FIND_MS
 * and the bounds of one step: the PAM module takes a minute of silence for a hang. A device that tells
 * nothing without a touch or a PIN may hold any key that it did not deny. Where several will do, the person
 * touches one. BG_OK with *code; BG_FC_OK: the session is open, and s->which the key that it is most likely
 * to be. Else *code is the most telling reason. BG_E_HANGUP, BG_E_CANCEL: the person is gone; others: the
 * worker does not run.
 */
BG_MUST_CHECK enum bg_err bg_key_find(const struct bg_key_nodes *nodes, const struct bg_key_search *w,
                                      struct bg_key_session *s, enum bg_fido_code *code);

/*
 * Does the device of an open session say, without a touch, that it holds one of n keys too? For at most
 * BG_KEY_FIND_MS and one step. Errors as bg_fido_run.
 */
BG_MUST_CHECK enum bg_err bg_key_holds(struct bg_key_session *s, const struct bg_key *keys, size_t n,
                                       bool *holds);

/*
 * What is asked of a key today. Where it was not decided, a key that was seen once to verify its user must do
 * so ever after (counter.c, below dir), whatever the device says of itself.
 */
enum bg_key_uv bg_key_uv_now(const char *dir, const struct bg_key *k);

/* Must the key verify its user: always when that is required; where it is not decided, when the device says
 * that it can. And does it take its PIN for that? */
bool bg_key_verifies(enum bg_key_uv uv, const struct bg_fido_info *info);
bool bg_key_needs_pin(enum bg_key_uv uv, const struct bg_fido_info *info);

/* What came of asking for a signature, and whether it proves anything. */
struct bg_key_proof {
    enum bg_fido_code code;
    uint8_t status;
    enum bg_fido_fault fault; /* for BG_FC_OK: BG_FF_NONE, or why it proves nothing */
    struct bg_fido_said said; /* for BG_FF_NONE */
};

/* How long a touch is waited for, and who says so. */
struct bg_key_waiting {
    uint32_t ms;
    bg_fido_touch_fn touch;
    void *arg;
};

/* --- sign.c */

/* Of an open session: nothing but key i is asked for from here on. */
void bg_key_only(struct bg_key_session *s, size_t i);

/*
 * Let the device sign a fresh challenge with one of the keys that it may hold, with pin ("": none), and
 * verify the answer: one after the other, or several at once, until one has signed. A key that must verify
 * its user is asked to, and an answer that is not signed to say so proves nothing. A device that claims a key
 * of another, or answers one with a status of its own, is asked for the next. BG_OK with *proof and s->which;
 * BG_FC_PIN_REQUIRED: the next one needs the PIN; call again with it. BG_FC_SILENT also where it takes more
 * than a third of t->ms over several without asking for a touch. Else as bg_fido_run, and BG_E_CRYPTO;
 * BG_E_RANGE: a key for text.
 */
BG_MUST_CHECK enum bg_err bg_key_sign(struct bg_key_session *s, const struct bg_key_search *w,
                                      const char *pin, const struct bg_key_waiting *t,
                                      struct bg_key_proof *proof);

/* --- counter.c: the signature counter of each key at its newest use, in a file named by the id's hash, and
 * beside it a file when the key has verified its user, and one when it is suspended */

#define BG_KEY_COUNTERS   BG_STATEDIR "/fido"
#define BG_KEY_MARKS_RUN  BG_RUNDIR "/fido" /* where a suspension is kept too, for a disk that hangs */
#define BG_KEY_COUNTER_MS 2000              /* a disk that hangs costs this and no more */

/* A counter that does not grow means that two devices sign as one key (WebAuthn 6.1.1). */
enum bg_key_step {
    BG_KEY_STEP_GOOD = 1,     /* larger than before, or the key counts nothing: 0 now and always */
    BG_KEY_STEP_BACK = 2,     /* not larger than before: from now on the key is suspended */
    BG_KEY_STEP_SUSPENDED = 3 /* it was so before, whatever it counts */
};

/*
 * Compare the counter of a verified answer with the one on file, and keep it if it is larger. *before is the
 * one on file (0: none). BG_OK with *step and *before; BG_E_TIMEOUT, BG_E_IO and others: the disk refuses,
 * then *before is set if the old one could be read, and *step is GOOD. Every way in that trusts a key's
 * signature asks this, and opens only for GOOD.
 */
BG_MUST_CHECK enum bg_err bg_key_counter(const char *dir, const struct bg_fido_id *id, uint32_t now,
                                         enum bg_key_step *step, uint32_t *before);

/* The one on file, 0 when there is none or it cannot be read. */
uint32_t bg_key_counter_read(const char *dir, const struct bg_fido_id *id);

/* Has the key been seen to verify its user? False when that cannot be read. And note that it was; best
 * effort, in the same bound. */
bool bg_key_user_seen(const char *dir, const struct bg_fido_id *id);
void bg_key_user_note(const char *dir, const struct bg_fido_id *id);

/* Set `suspended` of those of n keys that are so by what is on file. Bounded; a disk that hangs says nothing.
 */
void bg_key_marks(const char *dir, struct bg_key *keys, size_t n);

/*
 * An administrator has looked: the key opens again, and counts on from what it said when it was suspended.
 * BG_OK also for one that was not; else it stays suspended.
 */
BG_MUST_CHECK enum bg_err bg_key_resume(const char *dir, const struct bg_fido_id *id);

/* Forget all that is on file: the key was removed. */
void bg_key_counter_forget(const char *dir, const struct bg_fido_id *id);

#endif
