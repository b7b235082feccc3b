/*
 * The contract between a host process (pam_breakglass.so) and breakglass-login.
 *
 * One SOCK_SEQPACKET socket pair, one message a packet, little fixed header, then TLV fields:
 *
 *     'B' 'G' version kind | (tag len_lo len_hi value...)*
 *
 * Lengths are unsigned; a packet is at most BG_WIRE_MAX bytes; an unknown kind, an unknown or
 * repeated tag, a wrong length or a stray byte makes the whole packet BG_E_PROTO. The verdict
 * travels here only (the exit status may be lost to the host's SIGCHLD); end of file is a refusal.
 * libc only; no heap; nothing is kept between calls.
 */
#ifndef BG_BASE_WIRE_H
#define BG_BASE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

#define BG_WIRE_VERSION 1
#define BG_WIRE_MAX     8192
#define BG_ANSWER_MAX   512 /* as PAM_MAX_RESP_SIZE: an answer of that many bytes or more is too long */
#define BG_TEXT_MAX     4096
#define BG_NAME_MAX     256
#define BG_USE_LEN      26 /* characters of a ULID */

enum bg_kind {
    BG_K_HELLO = 1,  /* host -> helper, first: which phase, who, from where */
    BG_K_PROMPT = 2, /* helper -> host: text with a style; an answer is owed for the echo styles only */
    BG_K_ANSWER = 3, /* host -> helper */
    BG_K_VERDICT = 4 /* helper -> host, last */
};

enum bg_phase {
    BG_PHASE_AUTH = 1,
    BG_PHASE_ACCOUNT = 2,
    BG_PHASE_OPEN = 3,
    BG_PHASE_CLOSE = 4
};

enum bg_style {
    BG_STYLE_ECHO_ON = 1,
    BG_STYLE_ECHO_OFF = 2,
    BG_STYLE_INFO = 3,
    BG_STYLE_ERROR = 4
};

enum bg_answer_state {
    BG_ANSWER_GIVEN = 1,
    BG_ANSWER_TOO_LONG = 2, /* BG_ANSWER_MAX bytes or more; the text did not travel */
    BG_ANSWER_NONE = 3      /* the conversation failed, was cancelled, or gave no text */
};

/* Far apart, compared with == only (CVE-2023-42465). Anything else is a refusal. */
#define BG_VERDICT_ALLOW UINT32_C(0x3ca5965a)
#define BG_VERDICT_DENY  UINT32_C(0xc35a69a5)

struct bg_hello {
    enum bg_phase phase;
    uint32_t flags;            /* the PAM flags of the call */
    int64_t host_pid;          /* the calling process */
    int64_t caller_uid;        /* its real uid */
    bool granted;              /* this PAM handle's auth was granted by us */
    char use[BG_USE_LEN + 1];  /* id of the use from an earlier phase, or "" */
    char service[BG_NAME_MAX]; /* PAM_SERVICE */
    char user[BG_NAME_MAX];    /* PAM_USER */
    char tty[BG_NAME_MAX];     /* PAM_TTY or "" */
    char rhost[BG_NAME_MAX];   /* PAM_RHOST or "": hostile text */
    char ruser[BG_NAME_MAX];   /* PAM_RUSER or "": hostile text */
};

struct bg_prompt {
    enum bg_style style;
    char text[BG_TEXT_MAX];
};

struct bg_answer {
    enum bg_answer_state state;
    size_t len;               /* bytes in text, without the NUL; 0 unless given */
    char text[BG_ANSWER_MAX]; /* NUL-ended, no NUL inside; wipe after use */
};

struct bg_verdict {
    uint32_t verdict;   /* BG_VERDICT_ALLOW or BG_VERDICT_DENY */
    bool has_audit_uid; /* session open: write audit_uid to /proc/self/loginuid */
    uint32_t audit_uid;
    char use[BG_USE_LEN + 1]; /* id of the use, or "" */
};

struct bg_msg {
    enum bg_kind kind;
    union {
        struct bg_hello hello;
        struct bg_prompt prompt;
        struct bg_answer answer;
        struct bg_verdict verdict;
    } u;
};

/*
 * Encode m into buf (BG_WIRE_MAX bytes); BG_E_RANGE when a field is too long or not in its enum: what
 * bg_wire_decode would refuse is never sent.
 */
BG_MUST_CHECK enum bg_err bg_wire_encode(const struct bg_msg *m, uint8_t buf[BG_WIRE_MAX], size_t *len);

/* Decode exactly len bytes. *m is written only on BG_OK. BG_E_PROTO for anything unexpected. */
BG_MUST_CHECK enum bg_err bg_wire_decode(const uint8_t *buf, size_t len, struct bg_msg *m);

/*
 * Send or receive one message on fd before `deadline` (bg_deadline()). Never raises SIGPIPE.
 * BG_E_TIMEOUT, BG_E_EOF, BG_E_PROTO, BG_E_IO. A packet that is there already is taken even when the
 * deadline has passed, so whoever loops over bg_wire_recv checks the deadline too.
 * The packet buffer is wiped before return.
 */
BG_MUST_CHECK enum bg_err bg_wire_send(int fd, const struct bg_msg *m, int64_t deadline);
BG_MUST_CHECK enum bg_err bg_wire_recv(int fd, struct bg_msg *m, int64_t deadline);

#endif
