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

#define BG_FIDO_VERSION  2
#define BG_FIDO_PATH     128
#define BG_FIDO_RP       128
#define BG_FIDO_HASH     32
#define BG_FIDO_ID       1024 /* bytes of a credential id */
#define BG_FIDO_IDS      8    /* credentials that are asked for at once */
#define BG_FIDO_PIN      64   /* CTAP 2.1, 6.5: at most 63 bytes */
#define BG_FIDO_PIN_MIN  4    /* and at least 4 characters */
#define BG_FIDO_NAME     64
#define BG_FIDO_AUTHDATA 2048 /* with attested credential data and extensions */
#define BG_FIDO_SIG      512  /* ECDSA P-256 in DER: at most 72; Ed25519: 64; RSA of 2048 bits: 256 */
#define BG_FIDO_CERT     2048 /* of an attestation, in DER */
#define BG_FIDO_AAGUID   16

enum bg_fido_kind {
    BG_F_OPEN = 1, /* first: which device; the worker sandboxes itself before it reads a byte of it */
    BG_F_GET_INFO = 2,
    BG_F_ASSERT = 3,
    BG_F_MAKE = 4,
    BG_F_CANCEL = 5,  /* while ASSERT, MAKE or SELECT runs: end it */
    BG_F_SET_PIN = 6, /* the first one, or another one */
    BG_F_SELECT = 7,  /* blink until somebody touches it: which of several keys is meant */
    BG_F_OPENED = 16, /* worker: answer to OPEN */
    BG_F_INFO = 17,   /* worker: answer to GET_INFO */
    BG_F_TOUCH = 18,  /* worker, during ASSERT, MAKE and SELECT: the key is waiting to be touched */
    BG_F_RESULT = 19  /* worker: answer to ASSERT, MAKE, SET_PIN and SELECT */
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
    BG_FC_PIN_CHANGE, /* it wants a new PIN before it does anything else */
    BG_FC_PIN_POLICY, /* SET_PIN: it does not take that one */
    BG_FC_FREED,      /* OPENED: as OK; it was still at work for somebody who is gone, and was told to stop */
    BG_FC_END
};

enum bg_fido_type {
    BG_FIDO_ES256 = 1, /* COSE -7: ECDSA, P-256, SHA-256 */
    BG_FIDO_EDDSA = 2, /* COSE -8: Ed25519 */
    BG_FIDO_RS256 = 3  /* COSE -257: RSASSA-PKCS1-v1_5, SHA-256; 2048 bits and the exponent 65537 alone */
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
    bool discoverable;          /* kept on the key, so that it can be found without its id */
    uint8_t protect;            /* credProtect 1 to 3 (CTAP 2.1, 12.1); 0: not asked for */
    char name[BG_FIDO_NAME];    /* of the account: the key's user name and display name */
    uint8_t user[BG_FIDO_HASH]; /* user handle */
    bool verify;
    uint32_t wait_ms;
    char pin[BG_FIDO_PIN];
    uint8_t n;
    struct bg_fido_id id[BG_FIDO_IDS]; /* those it must not hold already */
};

struct bg_fido_set_pin {
    char old[BG_FIDO_PIN]; /* "": it has none yet */
    char pin[BG_FIDO_PIN];
};

/* How a key is reached (WebAuthn 5.8.4), as it says itself. */
enum {
    BG_FIDO_USB = 1,
    BG_FIDO_NFC = 2,
    BG_FIDO_BLE = 4,
    BG_FIDO_INTERNAL = 8,
    BG_FIDO_HYBRID = 16,
    BG_FIDO_CARD = 32
};

struct bg_fido_info {
    enum bg_fido_code code;
    bool fido2; /* false: U2F only; nothing else is known then */
    bool pin_set;
    bool uv_ready; /* built-in user verification that is set up */
    bool es256, eddsa, rs256;
    bool pin_able;               /* it has none, but one can be set */
    bool pin_change;             /* it wants a new PIN first (forcePINChange) */
    bool discoverable;           /* it can keep credentials */
    bool protects;               /* it knows credProtect */
    uint8_t pin_min;             /* characters of a PIN, at least 4 */
    uint8_t max_list;            /* credentials that it takes at once: 1 where it does not say */
    uint8_t transports;          /* BG_FIDO_USB and so on, together */
    uint32_t max_id, max_msg;    /* bytes of an id and of a request; 0: not told */
    uint8_t pin_tries, uv_tries; /* left; 255: not known */
    uint8_t aaguid[BG_FIDO_AAGUID];
    uint32_t firmware; /* as the key counts it; 0: not told */
};

/* What stands behind a credential that was just made (WebAuthn 6.5.4). */
enum bg_fido_att {
    BG_ATT_NONE = 1, /* or of a form that is not known here */
    BG_ATT_PACKED,
    BG_ATT_U2F
};

struct bg_fido_result {
    enum bg_fido_code code;
    uint8_t status;       /* CTAP status byte or the library's negative code as a byte: for the record */
    struct bg_fido_id id; /* len 0: none */
    uint16_t authdata_len, sig_len;
    uint8_t authdata[BG_FIDO_AUTHDATA];
    uint8_t sig[BG_FIDO_SIG]; /* MAKE: of the attestation */
    enum bg_fido_att att;     /* MAKE; else BG_ATT_NONE */
    uint16_t cert_len;        /* 0: none, it attests itself */
    uint8_t cert[BG_FIDO_CERT];
};

struct bg_fido_packet {
    enum bg_fido_kind kind;
    union {
        struct bg_fido_open open;
        struct bg_fido_assert assertion;
        struct bg_fido_make make;
        struct bg_fido_set_pin set_pin;
        uint32_t select_ms;
        enum bg_fido_code opened;
        struct bg_fido_info info;
        struct bg_fido_result result;
    } u;
};

/* For bg_packet_send() and its kin. */
extern const struct bg_contract bg_fido_wire[1];

#endif
