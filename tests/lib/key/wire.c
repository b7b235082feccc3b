/* SPDX-License-Identifier: ISC */
/* The contract with breakglass-fido: each kind there and back, and nothing else. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/clock.h"
#include "key/wire.h"

static void fill_ids(uint8_t *n, struct bg_fido_id *id)
{
    *n = BG_FIDO_IDS;
    for (size_t i = 0; i < BG_FIDO_IDS; i++) {
        id[i].len = (uint16_t)(i == 0 ? BG_FIDO_ID : i);
        memset(id[i].bytes, (int)(0x10 + i), id[i].len);
    }
}

/* The largest message of each kind. */
static void fill(struct bg_fido_packet *m, enum bg_fido_kind kind)
{
    memset(m, 0, sizeof *m);
    m->kind = kind;
    switch (kind) {
    case BG_F_OPEN:
        (void)snprintf(m->u.open.path, sizeof m->u.open.path, "/dev/hidraw7");
        m->u.open.silence_ms = 3000;
        return;
    case BG_F_ASSERT:
        (void)snprintf(m->u.assertion.rp, sizeof m->u.assertion.rp, "breakglass.0123");
        memset(m->u.assertion.hash, 0x5a, BG_FIDO_HASH);
        m->u.assertion.touch = m->u.assertion.verify = true;
        m->u.assertion.wait_ms = 0x01020304;
        memset(m->u.assertion.pin, '1', BG_FIDO_PIN - 1);
        fill_ids(&m->u.assertion.n, m->u.assertion.id);
        return;
    case BG_F_MAKE:
        (void)snprintf(m->u.make.rp, sizeof m->u.make.rp, "breakglass.0123");
        m->u.make.type = BG_FIDO_RS256;
        m->u.make.discoverable = true;
        m->u.make.protect = 3;
        (void)snprintf(m->u.make.name, sizeof m->u.make.name, "bg1");
        memset(m->u.make.user, 0x77, BG_FIDO_HASH);
        m->u.make.wait_ms = 30000;
        fill_ids(&m->u.make.n, m->u.make.id);
        return;
    case BG_F_SET_PIN:
        memset(m->u.set_pin.old, '1', BG_FIDO_PIN - 1);
        memset(m->u.set_pin.pin, '2', BG_FIDO_PIN - 1);
        return;
    case BG_F_SELECT:
        m->u.select_ms = 30000;
        return;
    case BG_F_OPENED:
        m->u.opened = BG_FC_LOCKED;
        return;
    case BG_F_INFO:
        m->u.info = (struct bg_fido_info){.code = BG_FC_OK,
                                          .fido2 = true,
                                          .pin_set = true,
                                          .es256 = true,
                                          .pin_tries = 8,
                                          .uv_tries = 255,
                                          .pin_change = true,
                                          .pin_min = 6,
                                          .max_list = 8,
                                          .transports = 63,
                                          .max_id = 1024,
                                          .firmware = 328707};
        memset(m->u.info.aaguid, 0xaa, BG_FIDO_AAGUID);
        return;
    case BG_F_RESULT:
        m->u.result.code = BG_FC_OK;
        m->u.result.status = 0x2e;
        m->u.result.id.len = BG_FIDO_ID;
        m->u.result.authdata_len = BG_FIDO_AUTHDATA;
        m->u.result.sig_len = BG_FIDO_SIG;
        memset(m->u.result.authdata, 0x11, BG_FIDO_AUTHDATA);
        m->u.result.att = BG_ATT_U2F;
        m->u.result.cert_len = BG_FIDO_CERT;
        return;
    case BG_F_GET_INFO:
    case BG_F_CANCEL:
    case BG_F_TOUCH:
        return;
    }
}

static const enum bg_fido_kind kinds[] = {BG_F_OPEN,   BG_F_GET_INFO, BG_F_ASSERT, BG_F_MAKE,
                                          BG_F_CANCEL, BG_F_SET_PIN,  BG_F_SELECT, BG_F_OPENED,
                                          BG_F_INFO,   BG_F_TOUCH,    BG_F_RESULT};
#define KINDS (sizeof kinds / sizeof kinds[0])

static struct bg_fido_packet m, back; /* large */

static void there_and_back(void **state)
{
    uint8_t buf[BG_PACKET_MAX];
    size_t len;

    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        fill(&m, kinds[i]);
        assert_int_equal(bg_packet_encode(bg_fido_wire, &m, buf, &len), BG_OK);
        memset(&back, 0, sizeof back);
        assert_int_equal(bg_packet_decode(bg_fido_wire, buf, len, &back), BG_OK);
        assert_memory_equal(&m, &back, sizeof m);
    }
}

static void no_byte_more_or_less(void **state)
{
    uint8_t buf[BG_PACKET_MAX + 1];
    size_t len;

    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        fill(&m, kinds[i]);
        assert_int_equal(bg_packet_encode(bg_fido_wire, &m, buf, &len), BG_OK);
        buf[len] = 0;
        memset(&back, 0xa5, sizeof back);
        for (size_t n = 0; n <= len + 1; n++)
            if (n != len)
                assert_int_equal(bg_packet_decode(bg_fido_wire, buf, n, &back), BG_E_PROTO);
        assert_int_equal(((uint8_t *)&back)[0], 0xa5);
        for (size_t head = 0; head < 3; head++) {
            buf[head]++;
            assert_int_equal(bg_packet_decode(bg_fido_wire, buf, len, &back), BG_E_PROTO);
            buf[head]--;
        }
    }
    for (unsigned kind = 0; kind < 256; kind++) {
        const uint8_t bare[] = {'B', 'F', BG_FIDO_VERSION, (uint8_t)kind};
        bool empty = kind == BG_F_GET_INFO || kind == BG_F_CANCEL || kind == BG_F_TOUCH;
        assert_int_equal(bg_packet_decode(bg_fido_wire, bare, sizeof bare, &back),
                         empty ? BG_OK : BG_E_PROTO);
    }
}

static void values_out_of_bounds(void **state)
{
    uint8_t buf[BG_PACKET_MAX];
    size_t len;

    (void)state;
    fill(&m, BG_F_ASSERT);
    m.u.assertion.n = BG_FIDO_IDS + 1;
    assert_int_equal(bg_packet_encode(bg_fido_wire, &m, buf, &len), BG_E_RANGE);
    m.u.assertion.n = 0;
    assert_int_equal(bg_packet_encode(bg_fido_wire, &m, buf, &len), BG_E_RANGE);
    fill(&m, BG_F_ASSERT);
    m.u.assertion.id[3].len = BG_FIDO_ID + 1;
    assert_int_equal(bg_packet_encode(bg_fido_wire, &m, buf, &len), BG_E_RANGE);
    fill(&m, BG_F_ASSERT);
    memset(m.u.assertion.pin, '1', BG_FIDO_PIN); /* no NUL */
    assert_int_equal(bg_packet_encode(bg_fido_wire, &m, buf, &len), BG_E_RANGE);
    fill(&m, BG_F_RESULT);
    m.u.result.authdata_len = BG_FIDO_AUTHDATA + 1;
    assert_int_equal(bg_packet_encode(bg_fido_wire, &m, buf, &len), BG_E_RANGE);
    fill(&m, BG_F_OPENED);
    for (unsigned code = 0; code < 256; code++) {
        const uint8_t packet[] = {'B', 'F', BG_FIDO_VERSION, BG_F_OPENED, (uint8_t)code};
        bool known = code >= BG_FC_OK && code < BG_FC_END;
        assert_int_equal(bg_packet_decode(bg_fido_wire, packet, sizeof packet, &back),
                         known ? BG_OK : BG_E_PROTO);
    }
    fill(&m, BG_F_OPEN);
    assert_int_equal(bg_packet_encode(bg_fido_wire, &m, buf, &len), BG_OK);
    buf[8] = '\0'; /* inside the path */
    assert_int_equal(bg_packet_decode(bg_fido_wire, buf, len, &back), BG_E_PROTO);
}

static void over_a_socket(void **state)
{
    int fd[2], watch[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, watch), 0);
    fill(&m, BG_F_ASSERT);
    assert_int_equal(bg_packet_send(fd[0], bg_fido_wire, &m, bg_deadline(60000)), BG_OK);
    assert_int_equal(bg_packet_recv(fd[1], watch[0], bg_fido_wire, &back, bg_deadline(60000)), BG_OK);
    assert_memory_equal(&m, &back, sizeof m);
    assert_int_equal(bg_packet_recv(fd[1], watch[0], bg_fido_wire, &back, bg_deadline(20)), BG_E_TIMEOUT);
    (void)close(watch[1]); /* the person hangs up */
    assert_int_equal(bg_packet_recv(fd[1], watch[0], bg_fido_wire, &back, bg_deadline(60000)), BG_E_HANGUP);
    (void)close(fd[0]); /* the other program is gone */
    assert_int_equal(bg_packet_recv(fd[1], BG_WATCH_SIGNALS, bg_fido_wire, &back, bg_deadline(60000)),
                     BG_E_EOF);
    assert_int_equal(bg_packet_send(fd[1], bg_fido_wire, &m, bg_deadline(60000)), BG_E_EOF);
    (void)close(fd[1]);
    (void)close(watch[0]);
}

static void heard(int number)
{
    (void)number;
}

/* A person's Ctrl-C ends the wait for a key; a signal of a host that only relays does not. */
static void a_signal_in_mid_wait(void **state)
{
    const struct sigaction by = {.sa_handler = heard};
    const struct itimerval soon = {.it_value.tv_usec = 20000, .it_interval.tv_usec = 20000}, never = {0};
    int fd[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
    assert_int_equal(sigaction(SIGALRM, &by, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
    assert_int_equal(bg_packet_recv(fd[1], BG_WATCH_SIGNALS, bg_fido_wire, &back, bg_deadline(60000)),
                     BG_E_CANCEL);
    assert_int_equal(bg_packet_recv(fd[1], fd[1], bg_fido_wire, &back, bg_deadline(60000)), BG_E_CANCEL);
    assert_int_equal(bg_packet_recv(fd[1], BG_WATCH_NOTHING, bg_fido_wire, &back, bg_deadline(200)),
                     BG_E_TIMEOUT);
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    (void)close(fd[0]);
    (void)close(fd[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),       cmocka_unit_test(no_byte_more_or_less),
        cmocka_unit_test(values_out_of_bounds), cmocka_unit_test(over_a_socket),
        cmocka_unit_test(a_signal_in_mid_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
