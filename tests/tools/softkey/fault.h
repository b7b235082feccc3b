/* SPDX-License-Identifier: ISC */
/* What a hostile or broken key does: one mode at a time, for every command or for one. */
#ifndef SOFTKEY_FAULT_H
#define SOFTKEY_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Commands by name, for --mode, --unplug-after and the counts of "status". */
enum sk_cmd {
    SK_CMD_ANY,
    SK_CMD_INIT,
    SK_CMD_PING,
    SK_CMD_INFO,
    SK_CMD_MAKE,
    SK_CMD_GET,
    SK_CMD_NEXT,
    SK_CMD_PIN,
    SK_CMD_RESET,
    SK_CMD_SELECT,
    SK_CMD_CREDMAN,
    SK_CMD_OTHER,
    SK_CMD_LAST,
};

/* Lies told inside a well-formed answer; asked for where the answer is made. */
enum sk_lie {
    SK_LIE_SIGNATURE = 1, /* one bit of the signature is wrong */
    SK_LIE_RPID = 2,      /* rpIdHash of another relying party */
    SK_LIE_UP = 4,        /* no touch asked for, flag UP clear, properly signed */
    SK_LIE_UV = 8,        /* flag UV clear, properly signed */
    SK_LIE_FLAGS = 16,    /* flags UP and UV set without asking anybody, properly signed */
    SK_LIE_CREDENTIAL = 32,
    SK_LIE_REPLAY = 64,     /* the first assertion again and again: an old challenge */
    SK_LIE_ODD = 256,       /* a status that no table has, where the credential is not its own */
    SK_LIE_CLAIM = 512,     /* it has every credential that is not its own */
    SK_LIE_MUTE = 1024,     /* nothing without its PIN */
    SK_LIE_NO_PROBE = 2048, /* nothing without a touch, and it says so */
    SK_LIE_BLINK = 4096,    /* it blinks although no touch is asked for */
    SK_LIE_NO_PIN = 128,    /* no PIN is set, and there is no fingerprint reader */
};

struct softkey;
struct sk_message;
struct sk_mode;

struct sk_fault {
    const struct sk_mode *mode;
    enum sk_cmd only;       /* the mode is for this command; SK_CMD_ANY: for each */
    enum sk_cmd unplug;     /* hang up when this command has come */
    unsigned unplug_n;      /* after this many; 0: never */
    enum sk_cmd now;        /* the current command */
    uint8_t replay[2][512]; /* the first assertion: authData, signature */
    size_t replay_len[2];
};

const char *sk_cmd_name(enum sk_cmd cmd);

/* "NAME[:CMD]"; false if there is no such mode or command. */
bool sk_fault_set_mode(struct sk_fault *f, const char *text);

/* "CMD[:N]" */
bool sk_fault_set_unplug(struct sk_fault *f, const char *text);

/* The name of the current mode. */
const char *sk_fault_mode_name(const struct sk_fault *f);

/* One line per mode on stdout. */
void sk_fault_list_modes(void);

/* True if this command, which has just arrived, is the one to hang up at. */
bool sk_fault_unplugs(struct sk_fault *f, enum sk_cmd cmd);

/* True if the current command is to be answered with this lie. */
bool sk_fault_lies(const struct softkey *sk, enum sk_lie lie);

/* Send the answer, or what the mode makes of it; returns at the latest when the client is gone. */
void sk_fault_answer(struct softkey *sk, const struct sk_message *answer);

#endif
