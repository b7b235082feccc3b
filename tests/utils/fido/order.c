/* SPDX-License-Identifier: ISC */
/*
 * The worker's main, with its parts played by this test: nothing is read from a device before the sandbox
 * stands, and no PIN stays.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <cmocka.h>

int worker_main(int argc, char **argv);
#define main worker_main
#include "fido/main.c"
#undef main

#define PIN "the PIN"

/* --- the parts: each writes a letter */

static struct {
    char done[32];
    enum bg_fido_code grab, open;
    enum bg_err confine;
    bool pin_came;
} * lab; /* shared with the worker */

static void did(char letter)
{
    lab->done[strlen(lab->done)] = letter;
}

enum bg_fido_code device_grab(const char *path)
{
    did(strcmp(path, "/dev/hidraw7") == 0 ? 'g' : '?');
    return lab->grab;
}

enum bg_err confine(void)
{
    did('c');
    return lab->confine;
}

enum bg_fido_code device_open(uint32_t wait_ms, uint32_t silence_ms)
{
    did(wait_ms == 3000 && silence_ms == 3000 ? 'o' : '?');
    return lab->open;
}

void ceremony_info(struct bg_fido_info *i)
{
    did('i');
    i->code = BG_FC_OK;
}

void ceremony_assert(const struct bg_fido_assert *a, struct bg_fido_result *r)
{
    did('a');
    lab->pin_came = strcmp(a->pin, PIN) == 0;
    r->code = BG_FC_OK;
    r->att = BG_ATT_NONE;
}

void ceremony_make(const struct bg_fido_make *m, struct bg_fido_result *r)
{
    did('m');
    lab->pin_came = strcmp(m->pin, PIN) == 0;
    r->code = BG_FC_OK;
    r->att = BG_ATT_NONE;
}

void ceremony_set_pin(const struct bg_fido_set_pin *s, struct bg_fido_result *r)
{
    did('p');
    lab->pin_came = strcmp(s->pin, PIN) == 0;
    r->code = BG_FC_OK;
    r->att = BG_ATT_NONE;
}

void ceremony_select(uint32_t wait_ms, struct bg_fido_result *r)
{
    did(wait_ms == 700 ? 's' : '?');
    r->code = BG_FC_OK;
    r->att = BG_ATT_NONE;
}

/* --- running it */

static int sock;
static pid_t child;

static void start(int type, int argc)
{
    static char name[] = "breakglass-fido", more[] = "more", *argv[] = {name, more, NULL};
    int fd[2];

    assert_int_equal(socketpair(AF_UNIX, type, 0, fd), 0);
    assert_true((child = fork()) >= 0);
    if (child == 0) {
        if (dup2(fd[1], SOCKET_FD) < 0 || freopen("/dev/null", "w", stderr) == NULL)
            _exit(99);
        closefrom(SOCKET_FD + 1);
        _exit(worker_main(argc, argv));
    }
    (void)close(fd[1]);
    sock = fd[0];
}

static int ended(void)
{
    int status = -1;

    (void)close(sock);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int reset(void **state)
{
    (void)state;
    if (lab == NULL)
        lab = mmap(NULL, sizeof *lab, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    memset(lab, 0, sizeof *lab);
    lab->grab = lab->open = BG_FC_OK;
    return 0;
}

static void ask(struct bg_fido_packet *m)
{
    assert_int_equal(bg_packet_send(sock, bg_fido_wire, m, bg_deadline(60000)), BG_OK);
}

static struct bg_fido_packet answered(void)
{
    struct bg_fido_packet m = {0};

    assert_int_equal(bg_packet_recv(sock, BG_WATCH_NOTHING, bg_fido_wire, &m, bg_deadline(60000)), BG_OK);
    return m;
}

static enum bg_fido_code opened(void)
{
    struct bg_fido_packet m = {.kind = BG_F_OPEN, .u.open = {.path = "/dev/hidraw7", .silence_ms = 3000}};

    start(SOCK_SEQPACKET, 1);
    ask(&m);
    m = answered();
    assert_int_equal(m.kind, BG_F_OPENED);
    return m.u.opened;
}

/* --- tests */

static void the_sandbox_stands_before_the_first_byte(void **state)
{
    (void)state;
    assert_int_equal(opened(), BG_FC_OK);
    assert_int_equal(ended(), 0);
    assert_string_equal(lab->done, "gco");
}

static void no_sandbox_no_device(void **state)
{
    (void)state;
    lab->confine = BG_E_REFUSED;
    assert_int_equal(opened(), BG_FC_NOT_SANDBOXED);
    assert_int_equal(ended(), 1);
    assert_string_equal(lab->done, "gc");
    reset(NULL);
    lab->confine = BG_E_UNSAFE;
    assert_int_equal(opened(), BG_FC_NOT_SANDBOXED);
    assert_int_equal(ended(), 1);
    assert_string_equal(lab->done, "gc");
}

static void a_device_that_is_not_ours_to_take(void **state)
{
    (void)state;
    lab->grab = BG_FC_LOCKED;
    assert_int_equal(opened(), BG_FC_LOCKED);
    assert_int_equal(ended(), 1);
    assert_string_equal(lab->done, "g");
    reset(NULL);
    lab->open = BG_FC_SILENT;
    assert_int_equal(opened(), BG_FC_SILENT);
    assert_int_equal(ended(), 1);
}

static void nothing_before_open(void **state)
{
    struct bg_fido_packet m = {.kind = BG_F_GET_INFO};

    (void)state;
    start(SOCK_SEQPACKET, 1);
    ask(&m);
    assert_int_equal(ended(), 3);
    assert_string_equal(lab->done, "");
    start(SOCK_STREAM, 1); /* not a socket of ours */
    assert_int_equal(ended(), 2);
    start(SOCK_SEQPACKET, 2);
    assert_int_equal(ended(), 2);
    assert_string_equal(lab->done, "");
}

static void one_open_only(void **state)
{
    struct bg_fido_packet m = {.kind = BG_F_OPEN, .u.open = {.path = "/dev/sda", .silence_ms = 3000}};

    (void)state;
    assert_int_equal(opened(), BG_FC_OK);
    ask(&m);
    assert_int_equal(bg_packet_recv(sock, BG_WATCH_NOTHING, bg_fido_wire, &m, bg_deadline(60000)), BG_E_EOF);
    assert_int_equal(ended(), 0);
    assert_string_equal(lab->done, "gco");
}

static void requests_one_after_the_other(void **state)
{
    struct bg_fido_packet m = {.kind = BG_F_GET_INFO}, cancel = {.kind = BG_F_CANCEL};

    (void)state;
    assert_int_equal(opened(), BG_FC_OK);
    ask(&m);
    ask(&cancel); /* too late, and harmless */
    assert_int_equal(answered().kind, BG_F_INFO);
    m = (struct bg_fido_packet){.kind = BG_F_ASSERT, .u.assertion = {.rp = "rp", .pin = PIN, .n = 1}};
    m.u.assertion.id[0].len = 1;
    ask(&m);
    assert_int_equal(answered().kind, BG_F_RESULT);
    assert_true(lab->pin_came);
    m = (struct bg_fido_packet){.kind = BG_F_SELECT, .u.select_ms = 700};
    ask(&m);
    assert_int_equal(answered().kind, BG_F_RESULT);
    assert_int_equal(ended(), 0);
    assert_string_equal(lab->done, "gcoias");
}

static void nothing_but_zeros(const void *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_int_equal(((const uint8_t *)p)[i], 0);
}

/* serve() by itself, in this process. */
static void no_pin_stays(void **state)
{
    int fd[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
    assert_true((fd[0] = fcntl(fd[0], F_DUPFD_CLOEXEC, SOCKET_FD + 1)) > SOCKET_FD);
    assert_int_equal(dup2(fd[1], SOCKET_FD), SOCKET_FD);
    in = (struct bg_fido_packet){.kind = BG_F_ASSERT, .u.assertion = {.rp = "rp", .pin = PIN, .n = 1}};
    assert_true(serve());
    assert_true(lab->pin_came);
    nothing_but_zeros(&in, sizeof in);
    nothing_but_zeros(&out, sizeof out);
    lab->pin_came = false;
    in = (struct bg_fido_packet){.kind = BG_F_MAKE, .u.make = {.rp = "rp", .name = "bg1", .pin = PIN}};
    assert_true(serve());
    assert_true(lab->pin_came);
    nothing_but_zeros(&in, sizeof in);
    nothing_but_zeros(&out, sizeof out);
    lab->pin_came = false;
    in = (struct bg_fido_packet){.kind = BG_F_SET_PIN, .u.set_pin = {.old = "1357", .pin = PIN}};
    assert_true(serve());
    assert_true(lab->pin_came);
    nothing_but_zeros(&in, sizeof in);
    nothing_but_zeros(&out, sizeof out);
    (void)close(fd[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_sandbox_stands_before_the_first_byte, reset),
        cmocka_unit_test_setup(no_sandbox_no_device, reset),
        cmocka_unit_test_setup(a_device_that_is_not_ours_to_take, reset),
        cmocka_unit_test_setup(nothing_before_open, reset),
        cmocka_unit_test_setup(one_open_only, reset),
        cmocka_unit_test_setup(requests_one_after_the_other, reset),
        cmocka_unit_test_setup(no_pin_stays, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
