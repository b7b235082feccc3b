/* SPDX-License-Identifier: ISC */
/* The message contract: known bytes in both directions, and every way to be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/clock.h"
#include "base/wire.h"

/* Written by hand from the contract in packet.h and wire.h, not taken from the encoder. */
static const uint8_t allow[] = {'B', 'G', 3, 4, 0x5a, 0x96, 0xa5, 0x3c, 0, 0, 0};
static const uint8_t audited[] = {'B', 'G', 3, 4, 0xa5, 0x69, 0x5a, 0xc3, 1, 0x79, 0xe6, 0, 0, 1, 0, 'U'};
static const uint8_t prompt[] = {'B', 'G', 3, 2, 1, 4, 0, 'W', 'h', 'o', '?'};
static const uint8_t answer[] = {'B', 'G', 3, 3, 1, 2, 0, 'm', 'e'};
static const uint8_t hello[] = {'B',  'G',  3,    1,              /* */
                                2,                                /* phase: account */
                                0,    0x80, 0,    0,              /* flags */
                                0x39, 0x30, 0,    0,              /* pid 12345 */
                                0xff, 0xff, 0xff, 0xff,           /* uid -1 */
                                1,                                /* granted */
                                0,    0,                          /* no use */
                                4,    0,    's',  's',  'h', 'd', /* */
                                3,    0,    'b',  'g',  '1',      /* */
                                3,    0,    's',  's',  'h',      /* */
                                3,    0,    ':',  ':',  '1',      /* */
                                0,    0,                          /* */
                                3,    0,    'p',  'k',  '\n'};

static void test_known_bytes(void **state)
{
    struct bg_wire_packet m;
    uint8_t buf[BG_PACKET_MAX];
    size_t len;

    (void)state;
    assert_int_equal(bg_packet_decode(bg_wire, allow, sizeof allow, &m), BG_OK);
    assert_int_equal(m.kind, BG_K_VERDICT);
    assert_true(m.u.verdict.verdict == BG_VERDICT_ALLOW);
    assert_false(m.u.verdict.has_audit_uid);
    assert_int_equal(bg_packet_encode(bg_wire, &m, buf, &len), BG_OK);
    assert_int_equal(len, sizeof allow);
    assert_memory_equal(buf, allow, len);

    assert_int_equal(bg_packet_decode(bg_wire, audited, sizeof audited, &m), BG_OK);
    assert_true(m.u.verdict.verdict == BG_VERDICT_DENY && m.u.verdict.has_audit_uid);
    assert_int_equal(m.u.verdict.audit_uid, 59001);
    assert_string_equal(m.u.verdict.use, "U");
    assert_int_equal(bg_packet_encode(bg_wire, &m, buf, &len), BG_OK);
    assert_int_equal(len, sizeof audited);
    assert_memory_equal(buf, audited, len);

    assert_int_equal(bg_packet_decode(bg_wire, prompt, sizeof prompt, &m), BG_OK);
    assert_int_equal(m.u.prompt.style, BG_STYLE_ECHO_ON);
    assert_string_equal(m.u.prompt.text, "Who?");
    assert_int_equal(bg_packet_encode(bg_wire, &m, buf, &len), BG_OK);
    assert_memory_equal(buf, prompt, sizeof prompt);

    assert_int_equal(bg_packet_decode(bg_wire, answer, sizeof answer, &m), BG_OK);
    assert_int_equal(m.u.answer.state, BG_ANSWER_GIVEN);
    assert_int_equal(m.u.answer.len, 2);
    assert_string_equal(m.u.answer.text, "me");
    assert_int_equal(bg_packet_encode(bg_wire, &m, buf, &len), BG_OK);
    assert_memory_equal(buf, answer, sizeof answer);
}

static void test_hello_bytes(void **state)
{
    struct bg_wire_packet m;
    uint8_t buf[BG_PACKET_MAX];
    size_t len;

    (void)state;
    assert_int_equal(bg_packet_decode(bg_wire, hello, sizeof hello, &m), BG_OK);
    assert_int_equal(m.u.hello.phase, BG_PHASE_ACCOUNT);
    assert_int_equal(m.u.hello.flags, 0x8000);
    assert_int_equal(m.u.hello.host_pid, 12345);
    assert_true(m.u.hello.caller_uid == INT64_C(4294967295));
    assert_true(m.u.hello.granted);
    assert_string_equal(m.u.hello.service, "sshd");
    assert_string_equal(m.u.hello.user, "bg1");
    assert_string_equal(m.u.hello.tty, "ssh");
    assert_string_equal(m.u.hello.rhost, "::1");
    assert_string_equal(m.u.hello.ruser, "");
    assert_string_equal(m.u.hello.sshd, "pk\n");
    assert_int_equal(bg_packet_encode(bg_wire, &m, buf, &len), BG_OK);
    assert_int_equal(len, sizeof hello);
    assert_memory_equal(buf, hello, len);
}

/* Refused, and the output untouched. */
static void refused(const uint8_t *buf, size_t len)
{
    struct bg_wire_packet m, before;

    memset(&m, 0x5a, sizeof m);
    before = m;
    assert_int_equal(bg_packet_decode(bg_wire, buf, len, &m), BG_E_PROTO);
    assert_memory_equal(&m, &before, sizeof m);
}

static void test_every_cut_is_refused(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof allow; n++)
        refused(allow, n);
    for (size_t n = 0; n < sizeof audited; n++)
        refused(audited, n);
    for (size_t n = 0; n < sizeof prompt; n++)
        refused(prompt, n);
    for (size_t n = 0; n < sizeof answer; n++)
        refused(answer, n);
    for (size_t n = 0; n < sizeof hello; n++)
        refused(hello, n);
}

/* A packet that ends where memory does: a field that claims more is not read past it. */
static void test_nothing_is_read_past_the_end(void **state)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *two = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)state;
    assert_ptr_not_equal(two, MAP_FAILED);
    assert_int_equal(mprotect(two + page, page, PROT_NONE), 0);
    for (size_t n = 1; n < sizeof hello; n++) {
        memcpy(two + page - n, hello, n);
        refused(two + page - n, n);
    }
    assert_int_equal(munmap(two, 2 * page), 0);
}

/* Every single changed bit of header, flag, length and the verdict itself. */
static void test_every_bit_of_a_verdict_counts(void **state)
{
    uint8_t buf[sizeof allow];

    (void)state;
    for (size_t bit = 0; bit < 8 * sizeof allow; bit++) {
        memcpy(buf, allow, sizeof buf);
        buf[bit / 8] = (uint8_t)(buf[bit / 8] ^ (1U << bit % 8));
        refused(buf, sizeof buf);
    }
}

static void test_stray_bytes(void **state)
{
    uint8_t buf[2 * sizeof allow];

    (void)state;
    memcpy(buf, allow, sizeof allow);
    for (int stray = 0; stray < 256; stray++) {
        buf[sizeof allow] = (uint8_t)stray;
        refused(buf, sizeof allow + 1);
    }
    memcpy(buf + sizeof allow, allow, sizeof allow); /* a second verdict in one packet */
    refused(buf, 2 * sizeof allow);
    refused(buf, sizeof allow + 7);
}

static void test_values_out_of_their_lists(void **state)
{
    uint8_t buf[sizeof hello];
    /* offset in a message, value put there */
    const struct {
        const uint8_t *of;
        size_t len, at;
        uint8_t value;
    } cases[] = {
        {prompt, sizeof prompt, 4, 0},
        {prompt, sizeof prompt, 4, 5},
        {prompt, sizeof prompt, 7, 0}, /* a NUL inside the text */
        {answer, sizeof answer, 4, 0},
        {answer, sizeof answer, 4, 4},
        {answer, sizeof answer, 4, 2},
        {answer, sizeof answer, 4, 3}, /* text with an answer that was not given */
        {answer, sizeof answer, 8, 0},
        {hello, sizeof hello, 4, 0},
        {hello, sizeof hello, 4, 5},
        {hello, sizeof hello, 12, 0x80}, /* negative pid */
        {hello, sizeof hello, 17, 2},    /* granted: 0 or 1 */
        {hello, sizeof hello, 22, 0},    /* NUL in the service */
        {hello, sizeof hello, 2, 2},
        {hello, sizeof hello, 2, 4},
        {hello, sizeof hello, 3, 0},
        {hello, sizeof hello, 3, 5},
        {hello, sizeof hello, 3, 2},
        {hello, sizeof hello, 1, 'F'},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memcpy(buf, cases[i].of, cases[i].len);
        buf[cases[i].at] = cases[i].value;
        refused(buf, cases[i].len);
    }
}

/* A prompt of n letters by hand. */
static size_t long_prompt(uint8_t *buf, size_t n)
{
    memcpy(buf, prompt, 7);
    buf[5] = (uint8_t)(n & 0xff);
    buf[6] = (uint8_t)(n >> 8);
    memset(buf + 7, 'x', n);
    return 7 + n;
}

static void test_lengths(void **state)
{
    static uint8_t buf[70000];
    struct bg_wire_packet m;

    (void)state;
    assert_int_equal(bg_packet_decode(bg_wire, buf, long_prompt(buf, BG_TEXT_MAX - 1), &m), BG_OK);
    assert_int_equal(strlen(m.u.prompt.text), BG_TEXT_MAX - 1);
    refused(buf, long_prompt(buf, BG_TEXT_MAX));
    refused(buf, long_prompt(buf, BG_PACKET_MAX - 7));
    refused(buf, long_prompt(buf, BG_PACKET_MAX - 6));
    refused(buf, long_prompt(buf, 65535));
    /* a length field that points past the end */
    (void)long_prompt(buf, 100);
    refused(buf, 106);
}

static enum bg_err encodes(struct bg_wire_packet *m)
{
    uint8_t buf[BG_PACKET_MAX];
    size_t len;

    return bg_packet_encode(bg_wire, m, buf, &len);
}

/* What the decoder would refuse is not sent. */
static void test_encoder_refuses(void **state)
{
    struct bg_wire_packet m;

    (void)state;
    memset(&m, 0, sizeof m);
    assert_int_equal(encodes(&m), BG_E_RANGE);
    m.kind = (enum bg_kind)5;
    assert_int_equal(encodes(&m), BG_E_RANGE);
    m.kind = BG_K_VERDICT;
    m.u.verdict.verdict = 1;
    assert_int_equal(encodes(&m), BG_E_RANGE);
    m.u.verdict.verdict = BG_VERDICT_DENY;
    assert_int_equal(encodes(&m), BG_OK);
    memset(m.u.verdict.use, 'A', sizeof m.u.verdict.use); /* no NUL */
    assert_int_equal(encodes(&m), BG_E_RANGE);

    memset(&m, 0, sizeof m);
    m.kind = BG_K_PROMPT;
    assert_int_equal(encodes(&m), BG_E_RANGE); /* style 0 */
    m.u.prompt.style = BG_STYLE_ERROR;
    assert_int_equal(encodes(&m), BG_OK);
    memset(m.u.prompt.text, 'x', sizeof m.u.prompt.text);
    assert_int_equal(encodes(&m), BG_E_RANGE);

    memset(&m, 0, sizeof m);
    m.kind = BG_K_ANSWER;
    assert_int_equal(encodes(&m), BG_E_RANGE);
    m.u.answer.state = BG_ANSWER_GIVEN;
    memset(m.u.answer.text, 'x', BG_ANSWER_MAX - 1);
    m.u.answer.len = BG_ANSWER_MAX - 1;
    assert_int_equal(encodes(&m), BG_OK);
    m.u.answer.len = BG_ANSWER_MAX;
    assert_int_equal(encodes(&m), BG_E_RANGE);
    m.u.answer.len = SIZE_MAX;
    assert_int_equal(encodes(&m), BG_E_RANGE);
    m.u.answer.len = 3;
    m.u.answer.text[1] = '\0';
    assert_int_equal(encodes(&m), BG_E_RANGE);
    m.u.answer.text[1] = 'x';
    m.u.answer.state = BG_ANSWER_TOO_LONG;
    assert_int_equal(encodes(&m), BG_E_RANGE);
}

static void test_encoder_refuses_hello(void **state)
{
    struct bg_wire_packet m, good;

    (void)state;
    assert_int_equal(bg_packet_decode(bg_wire, hello, sizeof hello, &good), BG_OK);
    m = good;
    m.u.hello.phase = (enum bg_phase)0;
    assert_int_equal(encodes(&m), BG_E_RANGE);
    m = good;
    m.u.hello.host_pid = -1;
    assert_int_equal(encodes(&m), BG_E_RANGE);
    m = good;
    m.u.hello.caller_uid = -1;
    assert_int_equal(encodes(&m), BG_E_RANGE);
    m.u.hello.caller_uid = INT64_C(1) << 32;
    assert_int_equal(encodes(&m), BG_E_RANGE);
    m = good;
    memset(m.u.hello.rhost, 'h', sizeof m.u.hello.rhost);
    assert_int_equal(encodes(&m), BG_E_RANGE);
    /* the longest sound hello fits into a packet */
    memset(m.u.hello.service, 's', BG_NAME_MAX - 1);
    memset(m.u.hello.user, 'u', BG_NAME_MAX - 1);
    memset(m.u.hello.tty, 't', BG_NAME_MAX - 1);
    m.u.hello.rhost[BG_NAME_MAX - 1] = '\0';
    memset(m.u.hello.ruser, 'r', BG_NAME_MAX - 1);
    memset(m.u.hello.use, 'U', BG_ULID_LEN);
    memset(m.u.hello.sshd, 'k', BG_SSHD_MAX - 1);
    assert_int_equal(encodes(&m), BG_OK);
}

static void pair(int fd[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd), 0);
}

static void test_send_and_receive(void **state)
{
    struct bg_wire_packet m, got;
    int fd[2];

    (void)state;
    pair(fd);
    assert_int_equal(bg_packet_decode(bg_wire, hello, sizeof hello, &m), BG_OK);
    assert_int_equal(bg_packet_send(fd[0], bg_wire, &m, bg_deadline(60000)), BG_OK);
    assert_int_equal(bg_packet_recv(fd[1], BG_WATCH_NOTHING, bg_wire, &got, bg_deadline(60000)), BG_OK);
    assert_int_equal(got.kind, BG_K_HELLO);
    assert_string_equal(got.u.hello.user, "bg1");
    m.kind = (enum bg_kind)9;
    assert_int_equal(bg_packet_send(fd[0], bg_wire, &m, bg_deadline(60000)), BG_E_RANGE);
    (void)close(fd[0]);
    (void)close(fd[1]);
}

static void test_receive_failures(void **state)
{
    static uint8_t big[BG_PACKET_MAX + 1];
    struct bg_wire_packet m;
    int fd[2];

    (void)state;
    pair(fd);
    assert_int_equal(bg_packet_recv(fd[1], BG_WATCH_NOTHING, bg_wire, &m, bg_deadline(20)), BG_E_TIMEOUT);
    assert_int_equal(bg_packet_recv(fd[1], BG_WATCH_NOTHING, bg_wire, &m, 0), BG_E_TIMEOUT);
    memcpy(big, allow, sizeof allow);
    assert_int_equal(send(fd[0], big, sizeof big, 0), sizeof big);
    assert_int_equal(bg_packet_recv(fd[1], BG_WATCH_NOTHING, bg_wire, &m, bg_deadline(60000)), BG_E_PROTO);
    assert_int_equal(send(fd[0], big, 0, 0), 0); /* an empty packet looks like the end */
    assert_int_equal(bg_packet_recv(fd[1], BG_WATCH_NOTHING, bg_wire, &m, bg_deadline(60000)), BG_E_EOF);
    (void)close(fd[0]);
    assert_int_equal(bg_packet_recv(fd[1], BG_WATCH_NOTHING, bg_wire, &m, bg_deadline(60000)), BG_E_EOF);
    (void)close(fd[1]);
    assert_int_equal(bg_packet_recv(-1, BG_WATCH_NOTHING, bg_wire, &m, bg_deadline(20)),
                     BG_E_TIMEOUT); /* poll skips -1 */
    assert_int_equal(bg_packet_recv(fd[1], BG_WATCH_NOTHING, bg_wire, &m, bg_deadline(60000)), BG_E_IO);
}

/* No SIGPIPE (its default would end this test), and a peer that does not read costs the deadline. */
static void test_send_failures(void **state)
{
    struct bg_wire_packet m;
    enum bg_err r = BG_OK;
    int fd[2];

    (void)state;
    assert_int_equal(bg_packet_decode(bg_wire, prompt, sizeof prompt, &m), BG_OK);
    pair(fd);
    for (int i = 0; i < 100000 && r == BG_OK; i++)
        r = bg_packet_send(fd[0], bg_wire, &m, bg_deadline(30));
    assert_int_equal(r, BG_E_TIMEOUT);
    (void)close(fd[1]);
    assert_int_equal(bg_packet_send(fd[0], bg_wire, &m, bg_deadline(60000)), BG_E_EOF);
    (void)close(fd[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_bytes),
        cmocka_unit_test(test_hello_bytes),
        cmocka_unit_test(test_every_cut_is_refused),
        cmocka_unit_test(test_nothing_is_read_past_the_end),
        cmocka_unit_test(test_every_bit_of_a_verdict_counts),
        cmocka_unit_test(test_stray_bytes),
        cmocka_unit_test(test_values_out_of_their_lists),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_encoder_refuses),
        cmocka_unit_test(test_encoder_refuses_hello),
        cmocka_unit_test(test_send_and_receive),
        cmocka_unit_test(test_receive_failures),
        cmocka_unit_test(test_send_failures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
