/* SPDX-License-Identifier: ISC */
/* breakglass-fido: see fido.h. Started by breakglass-login and breakglass with a socket as descriptor 3. */
#include <fido.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <openssl/crypto.h>
#include "base/clock.h"
#include "base/secret.h"
#include "fido/fido.h"

/* The longest silence of whoever started us: as long as a whole dialogue may be. */
#define IDLE_MS  (15 * 60 * 1000)
#define FIRST_MS 5000
#define SEND_MS  1000

/* One message in, one out: static, so that the stack holds no PIN. */
static struct bg_fido_packet in, out;

static bool answer(void)
{
    enum bg_err r = bg_packet_send(SOCKET_FD, bg_fido_wire, &out, bg_deadline(SEND_MS));

    bg_wipe(&out, sizeof out);
    return r == BG_OK;
}

static bool open_device(const struct bg_fido_open *o)
{
    out.kind = BG_F_OPENED;
    out.u.opened = device_grab(o->path);
    if (out.u.opened == BG_FC_OK && confine() != BG_OK)
        out.u.opened = BG_FC_NOT_SANDBOXED;
    if (out.u.opened == BG_FC_OK)
        out.u.opened = device_open(o->silence_ms, o->silence_ms);
    return out.u.opened == BG_FC_OK || out.u.opened == BG_FC_FREED ? answer() : (answer(), false);
}

static bool serve(void)
{
    memset(&out, 0, sizeof out);
    switch (in.kind) {
    case BG_F_GET_INFO:
        out.kind = BG_F_INFO;
        ceremony_info(&out.u.info);
        break;
    case BG_F_ASSERT:
        out.kind = BG_F_RESULT;
        ceremony_assert(&in.u.assertion, &out.u.result);
        break;
    case BG_F_MAKE:
        out.kind = BG_F_RESULT;
        ceremony_make(&in.u.make, &out.u.result);
        break;
    case BG_F_SET_PIN:
        out.kind = BG_F_RESULT;
        ceremony_set_pin(&in.u.set_pin, &out.u.result);
        break;
    case BG_F_SELECT:
        out.kind = BG_F_RESULT;
        ceremony_select(in.u.select_ms, &out.u.result);
        break;
    case BG_F_CANCEL: /* it came too late: nothing runs any more */
        return true;
    default:
        return false;
    }
    bg_wipe(&in, sizeof in);
    return answer();
}

/* Libraries read their files and build their tables before the root directory is gone. */
static void warm_up(void)
{
    (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_ADD_ALL_CIPHERS |
                                  OPENSSL_INIT_ADD_ALL_DIGESTS | OPENSSL_INIT_LOAD_CRYPTO_STRINGS |
                                  OPENSSL_INIT_NO_ATEXIT,
                              NULL);
    fido_init(FIDO_DISABLE_U2F_FALLBACK); /* a FIDO2 key that fails once is not treated as an older one */
}

int main(int argc, char **argv)
{
    int type = 0;
    socklen_t size = sizeof type;

    (void)argv;
    /* systemd sends both to a whole getty when login(1) ends; the key must be told first. Our socket ends us
     */
    (void)signal(SIGHUP, SIG_IGN);
    (void)signal(SIGTERM, SIG_IGN);
    if (argc != 1 || getsockopt(SOCKET_FD, SOL_SOCKET, SO_TYPE, &type, &size) != 0 ||
        type != SOCK_SEQPACKET) {
        (void)fprintf(stderr, "breakglass-fido is started by breakglass-login and breakglass only\n");
        return 2;
    }
    warm_up();
    if (bg_packet_recv(SOCKET_FD, BG_WATCH_NOTHING, bg_fido_wire, &in, bg_deadline(FIRST_MS)) != BG_OK ||
        in.kind != BG_F_OPEN)
        _exit(3);
    if (!open_device(&in.u.open))
        _exit(1);
    while (bg_packet_recv(SOCKET_FD, BG_WATCH_NOTHING, bg_fido_wire, &in, bg_deadline(IDLE_MS)) == BG_OK &&
           serve())
        continue;
    bg_wipe(&in, sizeof in);
    _exit(0);
}
