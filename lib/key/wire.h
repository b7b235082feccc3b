/* SPDX-License-Identifier: ISC */
/*
 * The contract between a program that decides (breakglass-login, breakglass) and breakglass-fido, the one
 * that talks to the key: base/packet.h with the letter F. The fields of a message are those of its struct, in
 * that order; of id the first n. The worker has read what a hostile device sent, so nothing in its answers is
 * believed: signatures are verified by whoever asked.
 */
#ifndef BG_KEY_WIRE_H
#define BG_KEY_WIRE_H

#include "base/packet.h"

#define BG_FIDO_VERSION  1
#define BG_FIDO_PATH     128
#define BG_FIDO_RP       128
#define BG_FIDO_HASH     32
#define BG_FIDO_ID       384 /* bytes of a credential id */
#define BG_FIDO_IDS      8   /* credentials of an account */
#define BG_FIDO_PIN      64  /* CTAP 2.1, 6.5: at most 63 bytes */
#define BG_FIDO_NAME     64
#define BG_FIDO_AUTHDATA 1024 /* with attested credential data and extensions */
#define BG_FIDO_SIG      160  /* ECDSA P-256 in DER: at most 72; Ed25519: 64 */
#define BG_FIDO_AAGUID   16

enum bg_fido_kind {
    BG_F_OPEN = 1, /* first: which device; the worker sandboxes itself before it reads a byte of it */
    BG_F_GET_INFO = 2,
    BG_F_ASSERT = 3,
    BG_F_MAKE = 4,
    BG_F_CANCEL = 5,  /* while ASSERT or MAKE runs: end it */
    BG_F_OPENED = 16, /* worker: answer to OPEN */
    BG_F_INFO = 17,   /* worker: answer to GET_INFO */
    BG_F_TOUCH = 18,  /* worker, during ASSERT and MAKE: the key is waiting to be touched */
    BG_F_RESULT = 19  /* worker: answer to ASSERT and MAKE */
};

/* How it went, as far as the person must know. */
enum bg_fido_code {
    BG_FC_OK = 1,
    BG_FC_NO_DEVICE,     /* the node cannot be opened, or is no character device */
    BG_FC_LOCKED,        /* another program holds it */
    BG_FC_NOT_SANDBOXED, /* the worker could not give up its rights, so it did not touch the device */
    BG_FC_GONE,          /* pulled out */
    BG_FC_SILENT,        /* no answer in time */
    BG_FC_GARBAGE,       /* what it sends is not CTAP */
    BG_FC_NO_CREDENTIAL, /* it holds none of those asked for */
    BG_FC_NO_TOUCH,      /* nobody touched it in time */
    BG_FC_DENIED,        /* the person or the key said no */
    BG_FC_PIN_REQUIRED,  /* not without its PIN */
    BG_FC_PIN_NOT_SET,   /* user verification is asked for, and the key has no PIN */
    BG_FC_PIN_INVALID,
    BG_FC_PIN_AUTH_BLOCKED, /* three wrong PINs in a row: no more until it is plugged in again */
    BG_FC_PIN_BLOCKED,      /* no tries left: only a reset helps, which destroys its credentials */
    BG_FC_UV_INVALID,       /* fingerprint not recognized */
    BG_FC_UV_BLOCKED,       /* too often; the PIN still works */
    BG_FC_UNSUPPORTED,      /* algorithm, option or command is not for this key */
    BG_FC_EXCLUDED,         /* MAKE: it holds a credential of the list already */
    BG_FC_FULL,             /* MAKE: no room */
    BG_FC_CANCELLED,
    BG_FC_OTHER,
    BG_FC_FREED, /* OPENED: as OK; it was still at work for somebody who is gone, and was told to stop */
    BG_FC_END
};

enum bg_fido_type {
    BG_FIDO_ES256 = 1, /* COSE -7: ECDSA, P-256, SHA-256 */
    BG_FIDO_EDDSA = 2  /* COSE -8: Ed25519 */
};

struct bg_fido_open {
    char path[BG_FIDO_PATH];
    uint32_t silence_ms; /* longest time the device may send nothing at all */
};

struct bg_fido_id {
    uint16_t len; /* 1..BG_FIDO_ID */
    uint8_t bytes[BG_FIDO_ID];
};

struct bg_fido_assert {
    char rp[BG_FIDO_RP];
    uint8_t hash[BG_FIDO_HASH];
    bool touch;  /* false: only ask whether it holds one of them; the signature counts for nothing */
    bool verify; /* true: user verification, by PIN when one is given, else by the key's own means */
    uint32_t wait_ms;
    char pin[BG_FIDO_PIN]; /* "": none; wipe after use */
    uint8_t n;
    struct bg_fido_id id[BG_FIDO_IDS];
};

struct bg_fido_make {
    char rp[BG_FIDO_RP];
    uint8_t hash[BG_FIDO_HASH];
    enum bg_fido_type type;
    char name[BG_FIDO_NAME];    /* of the account: the key's user name and display name */
    uint8_t user[BG_FIDO_HASH]; /* user handle */
    bool verify;
    uint32_t wait_ms;
    char pin[BG_FIDO_PIN];
    uint8_t n;
    struct bg_fido_id id[BG_FIDO_IDS]; /* those it must not hold already */
};

struct bg_fido_info {
    enum bg_fido_code code;
    bool fido2; /* false: U2F only; nothing else is known then */
    bool pin_set;
    bool uv_ready; /* built-in user verification that is set up */
    bool es256, eddsa;
    uint8_t pin_tries, uv_tries; /* left; 255: not known */
    uint8_t aaguid[BG_FIDO_AAGUID];
    uint32_t firmware; /* as the key counts it; 0: not told */
};

struct bg_fido_result {
    enum bg_fido_code code;
    uint8_t status;       /* CTAP status byte or the library's negative code as a byte: for the record */
    struct bg_fido_id id; /* len 0: none */
    uint16_t authdata_len, sig_len;
    uint8_t authdata[BG_FIDO_AUTHDATA];
    uint8_t sig[BG_FIDO_SIG];
};

struct bg_fido_packet {
    enum bg_fido_kind kind;
    union {
        struct bg_fido_open open;
        struct bg_fido_assert assertion;
        struct bg_fido_make make;
        enum bg_fido_code opened;
        struct bg_fido_info info;
        struct bg_fido_result result;
    } u;
};

/* For bg_packet_send() and its kin. */
extern const struct bg_contract bg_fido_wire[1];

#endif
