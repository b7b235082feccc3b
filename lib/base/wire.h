/* SPDX-License-Identifier: ISC */
/*
 * The contract between a host process (pam_breakglass.so) and breakglass-login: base/packet.h with the letter
 * G. The fields of a message are those of its struct, in that order; audit_uid only after a true
 * has_audit_uid, an answer's length only as that of its text. The verdict travels here only (the exit status
 * may be lost to the host's SIGCHLD); end of file is a refusal.
 */
#ifndef BG_BASE_WIRE_H
#define BG_BASE_WIRE_H

#include "base/packet.h"
#include "base/text.h"

#define BG_WIRE_VERSION 3
#define BG_ANSWER_MAX   512 /* as PAM_MAX_RESP_SIZE: an answer of that many bytes or more is too long */
#define BG_TEXT_MAX     4096
#define BG_NAME_MAX     256
#define BG_SSHD_MAX     2048 /* several keys of the kinds that we know */

/* In the PAM environment, so that sshd's other process finds the use again; the session inherits it. */
#define BG_USE_ENV "BREAKGLASS_USE"
/* "1" in a shell that is recorded, "no" in one whose recorder is gone. */
#define BG_RECORDED_ENV "BREAKGLASS_RECORDED"

enum bg_kind {
    BG_K_HELLO = 1,  /* host -> helper, first: which phase, who, from where */
    BG_K_PROMPT = 2, /* helper -> host: text with a style; an answer is expected for the echo styles only */
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
    BG_ANSWER_TOO_LONG = 2, /* BG_ANSWER_MAX bytes or more; the text was not sent */
    BG_ANSWER_NONE = 3      /* the conversation failed, was cancelled, or gave no text */
};

/*
 * Far apart, compared with == only (CVE-2023-42465). Anything else is a refusal. LEAVE is a refusal too, and
 * says that another dialogue makes no sense: sshd would begin it anew twice.
 */
#define BG_VERDICT_ALLOW UINT32_C(0x3ca5965a)
#define BG_VERDICT_DENY  UINT32_C(0xc35a69a5)
#define BG_VERDICT_LEAVE UINT32_C(0x59f3c33c)

struct bg_hello {
    enum bg_phase phase;
    uint32_t flags;            /* the PAM flags of the call */
    int64_t host_pid;          /* the calling process */
    int64_t caller_uid;        /* its real uid */
    bool granted;              /* this PAM handle's auth was granted by us */
    char use[BG_ULID_LEN + 1]; /* id of the use from an earlier phase, or "" */
    char service[BG_NAME_MAX]; /* PAM_SERVICE */
    char user[BG_NAME_MAX];    /* PAM_USER */
    char tty[BG_NAME_MAX];     /* PAM_TTY or "" */
    char rhost[BG_NAME_MAX];   /* PAM_RHOST or "": hostile text */
    char ruser[BG_NAME_MAX];   /* PAM_RUSER or "": hostile text */
    char sshd[BG_SSHD_MAX];    /* SSH_AUTH_INFO_0 where the service is sshd's, else "": cut when longer */
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
    uint32_t verdict;   /* BG_VERDICT_ALLOW, _DENY or _LEAVE */
    bool has_audit_uid; /* session open: write audit_uid to /proc/self/loginuid */
    uint32_t audit_uid;
    char use[BG_ULID_LEN + 1]; /* id of the use, or "" */
};

struct bg_wire_packet {
    enum bg_kind kind;
    union {
        struct bg_hello hello;
        struct bg_prompt prompt;
        struct bg_answer answer;
        struct bg_verdict verdict;
    } u;
};

/* For bg_packet_send() and its kin. A host's signals are its own matter: BG_WATCH_NOTHING. */
extern const struct bg_contract bg_wire[1];

#endif
