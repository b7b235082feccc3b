/* SPDX-License-Identifier: ISC */
#include "fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/secret.h"
#include "softkey.h"

struct sk_mode {
    const char *name;
    void (*send)(struct softkey *sk, const struct sk_message *answer);
    unsigned lies; /* enum sk_lie */
    const char *help;
};

static const char *const cmd_names[SK_CMD_LAST] = {
    [SK_CMD_ANY] = "any",       [SK_CMD_INIT] = "init",       [SK_CMD_PING] = "ping",
    [SK_CMD_INFO] = "info",     [SK_CMD_MAKE] = "make",       [SK_CMD_GET] = "get",
    [SK_CMD_NEXT] = "next",     [SK_CMD_PIN] = "pin",         [SK_CMD_RESET] = "reset",
    [SK_CMD_SELECT] = "select", [SK_CMD_CREDMAN] = "credman", [SK_CMD_OTHER] = "other",
};

/* ---- answers that are not valid -------------------------------------------------------------------- */

static void send_plain(struct softkey *sk, const struct sk_message *a)
{
    sk_hid_send(sk, a->cid, a->cmd, a->data, a->len);
}

static void send_bytes(struct softkey *sk, const struct sk_message *a, const uint8_t *data, size_t n)
{
    sk_hid_send(sk, a->cid, a->cmd, data, n);
}

static void noise(void *p, size_t n)
{
    if (bg_random(p, n) != BG_OK)
        abort();
}

static uint32_t other_channel(void)
{
    uint32_t cid;

    noise(&cid, sizeof(cid));
    return cid | 0x80000000u;
}

/* True while an endless mode has to continue; waits ms milliseconds and serves what comes. */
static bool goes_on(struct softkey *sk, const struct sk_mode *mode, int ms)
{
    sk_pump(sk, ms);
    return !sk->stop && sk->fault.mode == mode && sk_hid_listening(sk);
}

static void send_garbage(struct softkey *sk, const struct sk_message *a)
{
    uint8_t junk[SK_PACKET - 5];

    (void)a;
    for (int i = 0; i < 8; i++) {
        noise(junk, sizeof(junk));
        if (!sk_hid_packet(sk, other_channel(), junk[0], junk, sizeof(junk)))
            break;
    }
}

static void send_babble(struct softkey *sk, const struct sk_message *a)
{
    uint8_t junk[500];

    noise(junk, sizeof(junk));
    junk[0] = SK_OK;
    junk[1] = 0xff; /* a break where an item begins (RFC 8949, 3.2.1): what follows is never CBOR by chance */
    send_bytes(sk, a, junk, sizeof(junk));
}

/* Well-formed CBOR: {1: n bytes} */
static void send_long(struct softkey *sk, const struct sk_message *a)
{
    uint8_t data[SK_MESSAGE_MAX] = {SK_OK, 0xa1, 0x01, 0x59};
    size_t n = sizeof(data) - 6;

    data[4] = (uint8_t)(n >> 8);
    data[5] = (uint8_t)n;
    send_bytes(sk, a, data, sizeof(data));
}

/* A length beyond what a message may have, and as many packets as the sequence numbers allow. */
static void send_announced(struct softkey *sk, const struct sk_message *a)
{
    static const uint8_t first[SK_PACKET - 5] = {0xff, 0xff, SK_OK};
    bool ok = sk_hid_packet(sk, a->cid, a->cmd, first, sizeof(first));

    for (uint8_t seq = 0; ok && seq < 128; seq++)
        ok = sk_hid_packet(sk, a->cid, seq, NULL, 0);
}

static void keep_alive(struct softkey *sk, enum sk_keepalive status, int ms)
{
    const struct sk_mode *mode = sk->fault.mode;

    do
        sk_hid_keepalive(sk, status);
    while (goes_on(sk, mode, ms));
}

static void send_keepalive(struct softkey *sk, const struct sk_message *a)
{
    (void)a;
    keep_alive(sk, SK_PROCESSING, 100);
}

static void send_up_needed(struct softkey *sk, const struct sk_message *a)
{
    (void)a;
    keep_alive(sk, SK_UP_NEEDED, 100);
}

static void send_flood(struct softkey *sk, const struct sk_message *a)
{
    (void)a;
    keep_alive(sk, SK_PROCESSING, 0);
}

static void send_noise(struct softkey *sk, const struct sk_message *a)
{
    const struct sk_mode *mode = sk->fault.mode;

    do
        for (int i = 0; i < 64 && sk_hid_packet(sk, other_channel(), a->cmd, a->data, a->len); i++)
            ;
    while (goes_on(sk, mode, 0));
}

static void send_nothing(struct softkey *sk, const struct sk_message *a)
{
    (void)sk;
    (void)a;
}

/* Three packets are announced, one comes. */
static void send_short(struct softkey *sk, const struct sk_message *a)
{
    uint8_t first[SK_PACKET - 5] = {0, SK_PACKET * 2};

    memcpy(first + 2, a->data, a->len < sizeof(first) - 2 ? a->len : sizeof(first) - 2);
    (void)sk_hid_packet(sk, a->cid, a->cmd, first, sizeof(first));
}

static void send_cut(struct softkey *sk, const struct sk_message *a)
{
    send_bytes(sk, a, a->data, (a->len + 1) / 2);
}

static void send_empty(struct softkey *sk, const struct sk_message *a)
{
    send_bytes(sk, a, a->data, 0);
}

static void send_wrong_channel(struct softkey *sk, const struct sk_message *a)
{
    uint8_t first[SK_PACKET - 5] = {0, (uint8_t)a->len};

    memcpy(first + 2, a->data, a->len < sizeof(first) - 2 ? a->len : sizeof(first) - 2);
    (void)sk_hid_packet(sk, other_channel(), a->cmd, first, sizeof(first));
}

static void send_wrong_seq(struct softkey *sk, const struct sk_message *a)
{
    send_short(sk, a);
    (void)sk_hid_packet(sk, a->cid, 7, NULL, 0);
}

/* A long answer, one packet a second. */
static void send_drip(struct softkey *sk, const struct sk_message *a)
{
    const struct sk_mode *mode = sk->fault.mode;
    static const uint8_t first[SK_PACKET - 5] = {SK_MAX_MSG >> 8, SK_MAX_MSG & 0xff, SK_OK, 0xa0};

    (void)sk_hid_packet(sk, a->cid, a->cmd, first, sizeof(first));
    for (uint8_t seq = 0; seq < 128 && goes_on(sk, mode, 1000); seq++)
        (void)sk_hid_packet(sk, a->cid, seq, NULL, 0);
}

static void send_nested(struct softkey *sk, const struct sk_message *a)
{
    uint8_t data[SK_MAX_MSG];

    memset(data, 0x81, sizeof(data)); /* arrays of one */
    data[0] = SK_OK;
    send_bytes(sk, a, data, sizeof(data));
}

static void send_huge_map(struct softkey *sk, const struct sk_message *a)
{
    static const uint8_t data[] = {SK_OK, 0xbb, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 1};

    send_bytes(sk, a, data, sizeof(data));
}

static void send_huge_string(struct softkey *sk, const struct sk_message *a)
{
    static const uint8_t data[] = {SK_OK, 0xa1, 1, 0x5b, 0x3f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1};

    send_bytes(sk, a, data, sizeof(data));
}

static void send_denied(struct softkey *sk, const struct sk_message *a)
{
    static const uint8_t denied = SK_E_DENIED;

    send_bytes(sk, a, &denied, 1);
}

static void send_hid_error(struct softkey *sk, const struct sk_message *a)
{
    static const uint8_t e = SK_HID_E_CMD;

    sk_hid_send(sk, a->cid, SK_HID_ERROR, &e, 1);
}

static const struct sk_mode modes[] = {
    {"normal", send_plain, 0, "an honest key"},
    {"garbage", send_garbage, 0, "random packets in place of an answer"},
    {"babble", send_babble, 0, "right channel, status ok, then random bytes that are no CBOR"},
    {"oversize", send_long, 0, "well-formed CBOR, longer than maxMsgSize"},
    {"announced", send_announced, 0, "a message of 65535 bytes"},
    {"keepalive", send_keepalive, 0, "keep-alives (processing) without end, ten a second"},
    {"upneeded", send_up_needed, 0, "keep-alives (touch needed) without end, ten a second"},
    {"flood", send_flood, 0, "keep-alives without end or pause"},
    {"noise", send_noise, 0, "answers on other channels, without end or pause"},
    {"silent", send_nothing, 0, "no answer"},
    {"short", send_short, 0, "an answer whose last packets never come"},
    {"cut", send_cut, 0, "the first half of the answer, as a whole message"},
    {"empty", send_empty, 0, "a message of no bytes"},
    {"wrong-channel", send_wrong_channel, 0, "the answer on another channel"},
    {"wrong-seq", send_wrong_seq, 0, "packets out of sequence"},
    {"drip", send_drip, 0, "a long answer, one packet a second"},
    {"nested", send_nested, 0, "CBOR arrays 1199 deep"},
    {"huge-map", send_huge_map, 0, "a map that announces 2^32 entries"},
    {"huge-string", send_huge_string, 0, "a string that announces 2^62 bytes"},
    {"denied", send_denied, 0, "status: operation denied"},
    {"hid-error", send_hid_error, 0, "CTAPHID error: invalid command"},
    {"bad-signature", send_plain, SK_LIE_SIGNATURE, "one bit of the signature is wrong"},
    {"bad-rpid", send_plain, SK_LIE_RPID, "rpIdHash of another relying party, properly signed"},
    {"no-up", send_plain, SK_LIE_UP, "asks for no touch and says so: flag UP clear, properly signed"},
    {"no-uv", send_plain, SK_LIE_UV, "flag UV clear, properly signed"},
    {"lying-flags", send_plain, SK_LIE_FLAGS, "UP and UV set without asking anybody, properly signed"},
    {"bad-credential", send_plain, SK_LIE_CREDENTIAL, "names a credential that was not asked for"},
    {"replay", send_plain, SK_LIE_REPLAY, "the first assertion again and again"},
    {"odd", send_plain, SK_LIE_ODD, "status 0x7f for credentials that are not its own"},
    {"claims", send_plain, SK_LIE_CLAIM,
     "says yes for credentials of another key, and signs for them with its own"},
    {"mute", send_plain, SK_LIE_MUTE,
     "tells nothing without its PIN, not even whether it holds a credential"},
    {"no-probe", send_plain, SK_LIE_NO_PROBE, "refuses a question that asks for no touch"},
    {"blinks", send_plain, SK_LIE_BLINK, "blinks even if no touch is asked for"},
    {"no-pin", send_plain, SK_LIE_NO_PIN, "denies having a PIN or a fingerprint reader, as an adapter would"},
};

/* ---- settings -------------------------------------------------------------------------------------- */

const char *sk_cmd_name(enum sk_cmd cmd)
{
    return cmd_names[cmd];
}

static bool cmd_by_name(const char *name, size_t n, enum sk_cmd *cmd)
{
    for (int i = 0; i < SK_CMD_LAST; i++)
        if (strlen(cmd_names[i]) == n && strncmp(name, cmd_names[i], n) == 0) {
            *cmd = (enum sk_cmd)i;
            return true;
        }
    return false;
}

bool sk_fault_set_mode(struct sk_fault *f, const char *text)
{
    const char *colon = strchr(text, ':');
    size_t n = colon ? (size_t)(colon - text) : strlen(text);
    enum sk_cmd only = SK_CMD_ANY;

    if (colon && !cmd_by_name(colon + 1, strlen(colon + 1), &only))
        return false;
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
        if (strlen(modes[i].name) == n && strncmp(text, modes[i].name, n) == 0) {
            f->mode = &modes[i];
            f->only = only;
            f->replay_len[0] = f->replay_len[1] = 0;
            return true;
        }
    return false;
}

bool sk_fault_set_unplug(struct sk_fault *f, const char *text)
{
    const char *colon = strchr(text, ':');
    size_t n = colon ? (size_t)(colon - text) : strlen(text);
    char *end = NULL;
    unsigned long times = colon ? strtoul(colon + 1, &end, 10) : 1;

    if (!cmd_by_name(text, n, &f->unplug) || times == 0 || times > 1000000 || (end && *end))
        return false;
    f->unplug_n = (unsigned)times;
    return true;
}

const char *sk_fault_mode_name(const struct sk_fault *f)
{
    return f->mode->name;
}

void sk_fault_list_modes(void)
{
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
        printf("  %-15s %s\n", modes[i].name, modes[i].help);
}

/* ---- applying them --------------------------------------------------------------------------------- */

static bool applies(const struct sk_fault *f)
{
    return f->only == SK_CMD_ANY || f->only == f->now;
}

bool sk_fault_unplugs(struct sk_fault *f, enum sk_cmd cmd)
{
    return f->unplug_n > 0 && (f->unplug == SK_CMD_ANY || f->unplug == cmd) && --f->unplug_n == 0;
}

bool sk_fault_lies(const struct softkey *sk, enum sk_lie lie)
{
    return (sk->fault.mode->lies & (unsigned)lie) && applies(&sk->fault);
}

void sk_fault_answer(struct softkey *sk, const struct sk_message *answer)
{
    if (applies(&sk->fault))
        sk->fault.mode->send(sk, answer);
    else
        send_plain(sk, answer);
}
