/* SPDX-License-Identifier: ISC */
#include "ctap.h"

#include <string.h>
#include "base/clock.h"
#include "u2f.h"

#define KEEPALIVE_MS 100

/* "softkey" and its version, so that nobody mistakes it for a real model */
static const uint8_t aaguid[16] = {'b', 'g', '-', 's', 'o', 'f', 't', 'k',
                                   'e', 'y', '-', '2', '.', '1', '0', '1'};

const uint8_t *sk_aaguid(void)
{
    return aaguid;
}

/* A longer id needs longer messages; libfido2 takes 2048. */
static size_t sk_max_msg(void)
{
    return sk_id_bytes > 400 || sk_attest_cert() != NULL ? 2048 : SK_MAX_MSG;
}

static void put_option(struct sk_out *o, const char *name, bool v)
{
    sk_put_text(o, name);
    sk_put_bool(o, v);
}

static void put_options(const struct softkey *sk, struct sk_out *o)
{
    bool denies = sk_fault_lies(sk, SK_LIE_NO_PIN), uv = sk->user.uv != SK_UV_NONE && !denies;

    sk_put_map(o, uv ? 8 : 7);
    put_option(o, "rk", true);
    put_option(o, "up", true);
    if (uv)
        put_option(o, "uv", true);
    put_option(o, "plat", false);
    put_option(o, "credMgmt", true);
    put_option(o, "clientPin", sk->store.has_pin && !denies);
    put_option(o, "pinUvAuthToken", true);
    put_option(o, "makeCredUvNotRqd", true);
}

static void put_protocols(const struct softkey *sk, struct sk_out *o)
{
    sk_put_array(o, sk->pin_protocol == 0 ? 2 : 1);
    sk_put_int(o, sk->pin_protocol == 0 ? 2 : sk->pin_protocol); /* the preferred one first */
    if (sk->pin_protocol == 0)
        sk_put_int(o, 1);
}

static void put_algorithm(struct sk_out *o, int alg)
{
    sk_put_map(o, 2);
    sk_put_text(o, "alg");
    sk_put_int(o, alg);
    sk_put_text(o, "type");
    sk_put_text(o, "public-key");
}

static void put_algorithms(const struct softkey *sk, struct sk_out *o)
{
    sk_put_array(o, sk->rsa ? 1 : 2);
    put_algorithm(o, sk->rsa ? SK_RS256 : SK_ES256);
    if (!sk->rsa)
        put_algorithm(o, SK_EDDSA);
}

static void put_limits(const struct softkey *sk, struct sk_out *o)
{
    if (sk->pin.change) {
        sk_put_int(o, 0x0c); /* forcePINChange */
        sk_put_bool(o, true);
    }
    sk_put_int(o, 0x0d); /* minPINLength */
    sk_put_int(o, (int64_t)sk->pin.min);
    sk_put_int(o, 0x0e);
    sk_put_int(o, SK_FIRMWARE);
    sk_put_int(o, 0x14); /* remainingDiscoverableCredentials */
    sk_put_int(o, (int64_t)(SK_RESIDENT - sk->store.residents));
}

static enum sk_status info_command(struct softkey *sk, cbor_item_t *request, struct sk_out *o)
{
    (void)request;
    sk_put_map(o, 12u + sk->pin.change + (sk->list > 0));
    sk_put_int(o, 1);
    sk_put_array(o, 2);
    sk_put_text(o, "FIDO_2_0");
    sk_put_text(o, "FIDO_2_1");
    sk_put_int(o, 2);
    sk_put_array(o, 1);
    sk_put_text(o, "credProtect");
    sk_put_int(o, 3);
    sk_put_bytes(o, aaguid, sizeof(aaguid));
    sk_put_int(o, 4);
    put_options(sk, o);
    sk_put_int(o, 5);
    sk_put_int(o, (int64_t)sk_max_msg());
    sk_put_int(o, 6); /* PIN/UV auth protocols, the preferred one first */
    put_protocols(sk, o);
    if (sk->list > 0) {
        sk_put_int(o, 7); /* maxCredentialCountInList */
        sk_put_int(o, sk->list);
    }
    sk_put_int(o, 8);
    sk_put_int(o, (int64_t)sk_id_bytes);
    sk_put_int(o, 9);
    sk_put_array(o, 1);
    sk_put_text(o, "usb");
    sk_put_int(o, 0x0a);
    put_algorithms(sk, o);
    put_limits(sk, o);
    return SK_OK;
}

static enum sk_status reset_command(struct softkey *sk, cbor_item_t *request, struct sk_out *out)
{
    enum sk_status r;

    (void)request;
    (void)out;
    if (bg_now_ms() - sk->powered_ms > SK_RESET_MS)
        return SK_E_NOT_ALLOWED;
    if ((r = sk_user_touch(sk)) != SK_OK)
        return r;
    sk_store_reset(&sk->store);
    sk_pin_power_up(&sk->pin);
    return SK_OK;
}

static enum sk_status select_command(struct softkey *sk, cbor_item_t *request, struct sk_out *out)
{
    (void)request;
    (void)out;
    return sk_user_touch(sk);
}

static const struct command {
    uint8_t byte;
    enum sk_cmd name;
    enum sk_status (*run)(struct softkey *sk, cbor_item_t *request, struct sk_out *out);
} commands[] = {
    {0x01, SK_CMD_MAKE, sk_make_command},       {0x02, SK_CMD_GET, sk_get_command},
    {0x04, SK_CMD_INFO, info_command},          {0x06, SK_CMD_PIN, sk_pin_command},
    {0x07, SK_CMD_RESET, reset_command},        {0x08, SK_CMD_NEXT, sk_next_command},
    {0x0a, SK_CMD_CREDMAN, sk_credman_command}, {0x0b, SK_CMD_SELECT, select_command},
    {0x41, SK_CMD_CREDMAN, sk_credman_command}, /* its number before CTAP 2.1, which libfido2 1.12 uses */
};

static const struct command *find(const struct sk_message *m)
{
    for (size_t i = 0; m->len > 0 && i < sizeof(commands) / sizeof(commands[0]); i++)
        if (commands[i].byte == m->data[0])
            return &commands[i];
    return NULL;
}

/* A slow key. False: nobody waits for the answer any more. */
static bool work(struct softkey *sk)
{
    int64_t until = bg_deadline(sk->work_ms);

    while (sk->work_ms > 0 && bg_left_ms(until) > 0 && !sk->stop && !sk->hid.aborted && !sk->hid.cancelled &&
           sk->port.master >= 0) {
        sk_hid_keepalive(sk, SK_PROCESSING);
        sk_pump(sk, (int)(bg_left_ms(until) < KEEPALIVE_MS ? bg_left_ms(until) : KEEPALIVE_MS));
    }
    return !sk->stop && !sk->hid.aborted && sk->port.master >= 0;
}

static enum sk_status run_cbor(struct softkey *sk, const struct sk_message *m, struct sk_out *out)
{
    const struct command *c = find(m);
    cbor_item_t *request = NULL;
    enum sk_status r;

    if (c == NULL)
        return m->len == 0 ? SK_E_LENGTH : SK_E_COMMAND;
    if (m->len > sk_max_msg())
        return SK_E_LENGTH;
    if (m->len > 1 && (request = sk_load(m->data + 1, m->len - 1)) == NULL)
        return SK_E_CBOR;
    if (!work(sk)) {
        if (request != NULL)
            cbor_decref(&request);
        return SK_NO_ANSWER;
    }
    if (c->name != SK_CMD_NEXT && c->name != SK_CMD_INFO)
        sk->found.n = 0; /* another command ends the walk (6.3) */
    r = c->run(sk, request, out);
    if (request != NULL)
        cbor_decref(&request);
    return out->full && r == SK_OK ? SK_E_OTHER : r;
}

static enum sk_cmd name_of(const struct sk_message *m)
{
    const struct command *c;

    switch (m->cmd) {
    case SK_HID_INIT:
        return SK_CMD_INIT;
    case SK_HID_PING:
        return SK_CMD_PING;
    case SK_HID_CBOR:
        c = find(m);
        return c == NULL ? SK_CMD_OTHER : c->name;
    default:
        return SK_CMD_OTHER;
    }
}

/* Fill in the answer; false if there is none. */
static bool make_answer(struct softkey *sk, const struct sk_message *m, struct sk_message *a)
{
    struct sk_out out = {.buf = a->data + 1, .cap = sk_max_msg() - 1};
    enum sk_status r;

    a->cid = m->cid;
    a->cmd = m->cmd;
    switch (m->cmd) {
    case SK_HID_INIT:
        a->len = sk_hid_init_answer(sk, m->cid, m->data, a->data);
        return true;
    case SK_HID_PING:
        a->len = m->len;
        memcpy(a->data, m->data, m->len);
        return true;
    case SK_HID_MSG:
        if (!sk->u2f)
            break;
        a->len = sk_u2f_answer(sk, m->data, m->len, a->data, sizeof(a->data));
        return true;
    case SK_HID_WINK:
        a->len = 0;
        return true;
    case SK_HID_CBOR:
        if (sk->u2f)
            break;
        r = run_cbor(sk, m, &out);
        sk_trace(sk, "%s: status 0x%02x, %zu bytes", sk_cmd_name(sk->fault.now), (unsigned)r, out.len);
        a->data[0] = (uint8_t)r;
        a->len = r == SK_OK ? 1 + out.len : 1;
        return r != SK_NO_ANSWER;
    default:
        break;
    }
    a->cmd = SK_HID_ERROR;
    a->data[0] = SK_HID_E_CMD;
    a->len = 1;
    return true;
}

void sk_ctap_run(struct softkey *sk)
{
    struct sk_hid *hid = &sk->hid;
    struct sk_message answer;

    hid->ready = hid->cancelled = hid->aborted = hid->gone = false;
    hid->busy = true;
    sk->fault.now = name_of(&hid->rx);
    sk->commands[sk->fault.now]++;
    sk_trace(sk, "%s on channel %08x, %zu bytes", sk_cmd_name(sk->fault.now), hid->rx.cid, hid->rx.len);
    if (sk_fault_unplugs(&sk->fault, sk->fault.now))
        sk_unplug(sk);
    else if (make_answer(sk, &hid->rx, &answer) && sk_hid_listening(sk))
        sk_fault_answer(sk, &answer);
    hid->busy = false;
}
