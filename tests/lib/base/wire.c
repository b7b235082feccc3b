/* The message contract: known bytes in both directions, and every way to be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/clock.h"
#include "base/wire.h"

/* Written by hand from the contract in wire.h, not taken from the encoder. */
static const uint8_t allow[] = {'B', 'G', 1, 4, 15, 8, 0, 0x5a, 0x96, 0xa5, 0x3c, 0, 0, 0, 0, 6, 0, 0};
static const uint8_t prompt[] = {'B', 'G', 1, 2, 12, 8, 0, 1,   0,   0,   0,
                                 0,   0,   0, 0, 13, 4, 0, 'W', 'h', 'o', '?'};
static const uint8_t answer[] = {'B', 'G', 1, 3, 14, 8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 13, 2, 0, 'm', 'e'};
static const uint8_t hello[] = {'B', 'G', 1, 1,                                  /* */
                                1,   8,   0, 2,    0,    0,    0,    0, 0, 0, 0, /* phase: account */
                                2,   8,   0, 0,    0x80, 0,    0,    0, 0, 0, 0, /* flags */
                                3,   8,   0, 0x39, 0x30, 0,    0,    0, 0, 0, 0, /* pid 12345 */
                                4,   8,   0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, /* uid -1 */
                                5,   8,   0, 1,    0,    0,    0,    0, 0, 0, 0, /* granted */
                                6,   0,   0,                                     /* no use */
                                7,   4,   0, 's',  's',  'h',  'd',              /* */
                                8,   3,   0, 'b',  'g',  '1',                    /* */
                                9,   3,   0, 's',  's',  'h',                    /* */
                                10,  3,   0, ':',  ':',  '1',                    /* */
                                11,  0,   0};

static void test_known_bytes(void **state)
{
    struct bg_msg m;
    uint8_t buf[BG_WIRE_MAX];
    size_t len;

    (void)state;
    assert_int_equal(bg_wire_decode(allow, sizeof allow, &m), BG_OK);
    assert_int_equal(m.kind, BG_K_VERDICT);
    assert_true(m.u.verdict.verdict == BG_VERDICT_ALLOW);
    assert_false(m.u.verdict.has_audit_uid);
    assert_int_equal(bg_wire_encode(&m, buf, &len), BG_OK);
    assert_int_equal(len, sizeof allow);
    assert_memory_equal(buf, allow, len);

    assert_int_equal(bg_wire_decode(prompt, sizeof prompt, &m), BG_OK);
    assert_int_equal(m.u.prompt.style, BG_STYLE_ECHO_ON);
    assert_string_equal(m.u.prompt.text, "Who?");
    assert_int_equal(bg_wire_encode(&m, buf, &len), BG_OK);
    assert_memory_equal(buf, prompt, sizeof prompt);

    assert_int_equal(bg_wire_decode(answer, sizeof answer, &m), BG_OK);
    assert_int_equal(m.u.answer.state, BG_ANSWER_GIVEN);
    assert_int_equal(m.u.answer.len, 2);
    assert_string_equal(m.u.answer.text, "me");
    assert_int_equal(bg_wire_encode(&m, buf, &len), BG_OK);
    assert_memory_equal(buf, answer, sizeof answer);
}

static void test_hello_bytes(void **state)
{
    struct bg_msg m;
    uint8_t buf[BG_WIRE_MAX];
    size_t len;

    (void)state;
    assert_int_equal(bg_wire_decode(hello, sizeof hello, &m), BG_OK);
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
    assert_int_equal(bg_wire_encode(&m, buf, &len), BG_OK);
    assert_int_equal(len, sizeof hello);
    assert_memory_equal(buf, hello, len);
}

/* Refused, and the output untouched. */
static void refused(const uint8_t *buf, size_t len)
{
    struct bg_msg m, before;

    memset(&m, 0x5a, sizeof m);
    before = m;
    assert_int_equal(bg_wire_decode(buf, len, &m), BG_E_PROTO);
    assert_memory_equal(&m, &before, sizeof m);
}

static void test_every_cut_is_refused(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof allow; n++)
        refused(allow, n);
    for (size_t n = 0; n < sizeof prompt; n++)
        refused(prompt, n);
    for (size_t n = 0; n < sizeof answer; n++)
        refused(answer, n);
    for (size_t n = 0; n < sizeof hello; n++)
        refused(hello, n);
}

/* Every single changed bit of header, tags, lengths and the verdict itself. */
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

static void test_stray_repeated_and_foreign_fields(void **state)
{
    uint8_t buf[64];
    const uint8_t again[] = {6, 0, 0}, foreign[] = {13, 0, 0}, zero[] = {0, 0, 0}, unknown[] = {17, 0, 0};
    const uint8_t short_audit[] = {16, 4, 0, 1, 0, 0, 0}, big_audit[] = {16, 8, 0, 0, 0, 0, 0, 1, 0, 0, 0};
    const struct {
        const uint8_t *tail;
        size_t n;
    } tails[] = {{again, 3}, {foreign, 3},     {zero, 3},       {unknown, 3},
                 {again, 1}, {short_audit, 7}, {big_audit, 11}, {big_audit, 10}};

    (void)state;
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        memcpy(buf, allow, sizeof allow);
        memcpy(buf + sizeof allow, tails[i].tail, tails[i].n);
        refused(buf, sizeof allow + tails[i].n);
    }
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
        {prompt, sizeof prompt, 7, 0},   {prompt, sizeof prompt, 7, 5}, {prompt, sizeof prompt, 14, 1},
        {prompt, sizeof prompt, 18, 0}, /* a NUL inside the text */
        {answer, sizeof answer, 7, 0},   {answer, sizeof answer, 7, 4}, {answer, sizeof answer, 7, 2},
        {answer, sizeof answer, 7, 3}, /* text with an answer that was not given */
        {answer, sizeof answer, 18, 0},  {hello, sizeof hello, 7, 0},   {hello, sizeof hello, 7, 5},
        {hello, sizeof hello, 22, 1},    /* flags of more than 32 bits */
        {hello, sizeof hello, 32, 0x80}, /* negative pid */
        {hello, sizeof hello, 44, 1},    /* uid of more than 32 bits */
        {hello, sizeof hello, 51, 2},    /* granted: 0 or 1 */
        {hello, sizeof hello, 66, 0},    /* NUL in the service */
        {hello, sizeof hello, 2, 0},     {hello, sizeof hello, 2, 2},   {hello, sizeof hello, 3, 0},
        {hello, sizeof hello, 3, 5},     {hello, sizeof hello, 3, 2},
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
    memcpy(buf, prompt, 18);
    buf[16] = (uint8_t)(n & 0xff);
    buf[17] = (uint8_t)(n >> 8);
    memset(buf + 18, 'x', n);
    return 18 + n;
}

static void test_lengths(void **state)
{
    static uint8_t buf[70000];
    struct bg_msg m;

    (void)state;
    assert_int_equal(bg_wire_decode(buf, long_prompt(buf, BG_TEXT_MAX - 1), &m), BG_OK);
    assert_int_equal(strlen(m.u.prompt.text), BG_TEXT_MAX - 1);
    refused(buf, long_prompt(buf, BG_TEXT_MAX));
    refused(buf, long_prompt(buf, BG_WIRE_MAX - 18));
    refused(buf, long_prompt(buf, BG_WIRE_MAX - 17));
    refused(buf, long_prompt(buf, 65535));
    /* a length field that points past the end */
    (void)long_prompt(buf, 100);
    refused(buf, 117);
}

static enum bg_err encodes(const struct bg_msg *m)
{
    uint8_t buf[BG_WIRE_MAX];
    size_t len;

    return bg_wire_encode(m, buf, &len);
}

/* What the decoder would refuse is not sent. */
static void test_encoder_refuses(void **state)
{
    struct bg_msg m;

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
    memset(m.u.answer.text, 'x', sizeof m.u.answer.text);
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
    struct bg_msg m, good;

    (void)state;
    assert_int_equal(bg_wire_decode(hello, sizeof hello, &good), BG_OK);
    m = good;
    m.u.hello.phase = (enum bg_phase)0;
    assert_int_equal(encodes(&m), BG_E_RANGE);
    m = good;
    m.u.hello.host_pid = -1;
    assert_int_equal(encodes(&m), BG_E_RANGE);
    m = good;
    m.u.hello.caller_uid = -1;
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
    memset(m.u.hello.use, 'U', BG_USE_LEN);
    assert_int_equal(encodes(&m), BG_OK);
}

static void pair(int fd[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd), 0);
}

static void test_send_and_receive(void **state)
{
    struct bg_msg m, got;
    int fd[2];

    (void)state;
    pair(fd);
    assert_int_equal(bg_wire_decode(hello, sizeof hello, &m), BG_OK);
    assert_int_equal(bg_wire_send(fd[0], &m, bg_deadline(1000)), BG_OK);
    assert_int_equal(bg_wire_recv(fd[1], &got, bg_deadline(1000)), BG_OK);
    assert_int_equal(got.kind, BG_K_HELLO);
    assert_string_equal(got.u.hello.user, "bg1");
    m.kind = (enum bg_kind)9;
    assert_int_equal(bg_wire_send(fd[0], &m, bg_deadline(1000)), BG_E_RANGE);
    (void)close(fd[0]);
    (void)close(fd[1]);
}

static void test_receive_failures(void **state)
{
    static uint8_t big[BG_WIRE_MAX + 1];
    struct bg_msg m;
    int fd[2];

    (void)state;
    pair(fd);
    assert_int_equal(bg_wire_recv(fd[1], &m, bg_deadline(20)), BG_E_TIMEOUT);
    assert_int_equal(bg_wire_recv(fd[1], &m, 0), BG_E_TIMEOUT);
    memcpy(big, allow, sizeof allow);
    assert_int_equal(send(fd[0], big, sizeof big, 0), sizeof big);
    assert_int_equal(bg_wire_recv(fd[1], &m, bg_deadline(1000)), BG_E_PROTO);
    assert_int_equal(send(fd[0], big, 0, 0), 0); /* an empty packet looks like the end */
    assert_int_equal(bg_wire_recv(fd[1], &m, bg_deadline(1000)), BG_E_EOF);
    (void)close(fd[0]);
    assert_int_equal(bg_wire_recv(fd[1], &m, bg_deadline(1000)), BG_E_EOF);
    (void)close(fd[1]);
    assert_int_equal(bg_wire_recv(-1, &m, bg_deadline(20)), BG_E_TIMEOUT); /* poll skips -1 */
    assert_int_equal(bg_wire_recv(fd[1], &m, bg_deadline(1000)), BG_E_IO);
}

/* No SIGPIPE (its default would end this test), and a peer that does not read costs the deadline. */
static void test_send_failures(void **state)
{
    struct bg_msg m;
    enum bg_err r = BG_OK;
    int fd[2];

    (void)state;
    assert_int_equal(bg_wire_decode(prompt, sizeof prompt, &m), BG_OK);
    pair(fd);
    for (int i = 0; i < 100000 && r == BG_OK; i++)
        r = bg_wire_send(fd[0], &m, bg_deadline(30));
    assert_int_equal(r, BG_E_TIMEOUT);
    (void)close(fd[1]);
    assert_int_equal(bg_wire_send(fd[0], &m, bg_deadline(1000)), BG_E_EOF);
    (void)close(fd[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_bytes),
        cmocka_unit_test(test_hello_bytes),
        cmocka_unit_test(test_every_cut_is_refused),
        cmocka_unit_test(test_every_bit_of_a_verdict_counts),
        cmocka_unit_test(test_stray_repeated_and_foreign_fields),
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
