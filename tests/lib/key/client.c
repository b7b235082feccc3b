/* SPDX-License-Identifier: ISC */
/*
 * The deciding side of a key, against a worker that lies: this program again, told by the device's name what
 * to do. Its answers are made with a private key of its own.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <openssl/evp.h>
#include <cmocka.h>
#include "../residue.h"
#include "base/hash.h"
#include "base/secret.h"
#include "key/key.h"

#define RP  "breakglass.example"
#define PIN "a-PIN-of-some-length-that-nothing-else-holds-by-chance"

/* --- the worker ---------------------------------------------------------------------------------- */

/* Ed25519: RFC 8032, 7.1, test 1. */
static const uint8_t private_key[32] = {0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a,
                                        0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32,
                                        0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60};
static const uint8_t public_key[32] = {0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe,
                                       0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6,
                                       0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a};

static struct bg_fido_packet in, out;
static uint8_t asked;
static const char *mode = "";

static bool mode_is(const char *what)
{
    return strstr(mode, what) != NULL;
}

static void tell(enum bg_fido_kind kind)
{
    out.kind = kind;
    if (bg_packet_send(3, bg_fido_wire, &out, bg_deadline(60000)) != BG_OK)
        _exit(1);
    memset(&out, 0, sizeof out);
}

static void sign(const struct bg_fido_assert *a)
{
    struct bg_fido_result *r = &out.u.result;
    uint8_t data[37 + BG_FIDO_HASH] = {0};
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, private_key, sizeof private_key);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t n = sizeof r->sig;

    if (bg_sha256(mode_is("other-rp") ? "elsewhere" : a->rp, mode_is("other-rp") ? 9 : strlen(a->rp), data) !=
        BG_OK)
        _exit(1);
    data[32] = (uint8_t)((mode_is("no-up") ? 0 : BG_FIDO_UP) | (mode_is("no-uv") ? 0 : BG_FIDO_UV));
    data[36] = 42;
    data[35] = asked;
    memcpy(data + 37, a->hash, BG_FIDO_HASH);
    if (mode_is("replay"))
        memset(data + 37, 0x11, BG_FIDO_HASH);
    if (EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) != 1 ||
        EVP_DigestSign(ctx, r->sig, &n, data, sizeof data) != 1)
        _exit(1);
    memcpy(r->authdata, data, 37);
    r->authdata_len = 37;
    r->sig_len = (uint16_t)n;
}

/* It holds the credential with the id "mine" only, and names it, or another one, or none. How many it is
 * asked for is told by its counter. */
static void probe(const struct bg_fido_assert *a)
{
    struct bg_fido_result *r = &out.u.result;
    size_t i = 0;

    while (i < a->n && memcmp(a->id[i].bytes, "mine", 4) != 0)
        i++;
    asked += 1;
    r->code = mode_is("maybe")                ? BG_FC_PIN_REQUIRED
              : mode_is("choke") && a->n > 1  ? BG_FC_OTHER
              : i < a->n || mode_is("claims") ? BG_FC_OK
                                              : BG_FC_NO_CREDENTIAL;
    if (r->code == BG_FC_OK && !mode_is("nameless"))
        r->id =
            mode_is("misnames") ? (struct bg_fido_id){.len = 4, .bytes = "none"} : a->id[i < a->n ? i : 0];
}

static void answer_assert(void)
{
    const struct bg_fido_assert *a = &in.u.assertion;

    if (mode_is("dies"))
        _exit(9);
    if (mode_is("babbles")) {
        out.u.opened = BG_FC_OK;
        tell(BG_F_OPENED);
    }
    if (mode_is("hangs"))
        (void)pause();
    if (mode_is("slow"))
        (void)usleep(50000);
    if ((a->touch && !mode_is("lazy")) || mode_is("eager"))
        tell(BG_F_TOUCH);
    for (int i = 0; mode_is("endless"); i++)
        tell(BG_F_TOUCH);
    out.u.result.code = BG_FC_OK;
    out.u.result.att = BG_ATT_NONE;
    if (!a->touch)
        probe(a);
    else if (mode_is("lazy"))
        out.u.result.code = BG_FC_NO_CREDENTIAL;
    else if (strcmp(a->pin, PIN) != 0 && mode_is("pin"))
        out.u.result.code = BG_FC_PIN_INVALID;
    else
        sign(a);
    tell(BG_F_RESULT);
}

static int worker(void)
{
    if (bg_packet_recv(3, BG_WATCH_NOTHING, bg_fido_wire, &in, bg_deadline(60000)) != BG_OK ||
        in.kind != BG_F_OPEN)
        return 1;
    mode = strdup(in.u.open.path);
    out.u.opened = mode_is("unconfined") ? BG_FC_NOT_SANDBOXED : BG_FC_OK;
    for (int fd = 0; fd < 64; fd++) /* the socket, and nothing else of the program that decides */
        if (fd != 3 && fcntl(fd, F_GETFD) != -1)
            out.u.opened = BG_FC_OTHER;
    if (environ[0] != NULL || getsid(0) != getpid())
        out.u.opened = BG_FC_OTHER;
    tell(mode_is("hasty") ? BG_F_INFO : BG_F_OPENED); /* it answers what was not asked yet */
    while (bg_packet_recv(3, BG_WATCH_NOTHING, bg_fido_wire, &in, bg_deadline(60000)) == BG_OK) {
        if (in.kind == BG_F_CANCEL)
            break;
        if (in.kind == BG_F_ASSERT) {
            answer_assert();
            continue;
        }
        out.u.info = (struct bg_fido_info){.code = BG_FC_OK,
                                           .fido2 = true,
                                           .pin_set = true,
                                           .uv_ready = true,
                                           .max_list = mode_is("/8") ? 8 : 1,
                                           .pin_min = 4};
        tell(BG_F_INFO);
    }
    while (mode_is("stubborn"))
        (void)pause();
    return 0;
}

/* --- the deciding side ------------------------------------------------------------------------------ */

static char self[PATH_MAX];
static struct bg_key key;
static struct bg_key_session session;
static struct bg_key_proof proof;
static unsigned touches;
static enum bg_err touch_says = BG_OK;

static enum bg_err touched(void *arg)
{
    (void)arg;
    touches++;
    return touch_says;
}

static int begin(void **state)
{
    (void)state;
    key = (struct bg_key){.label = "blue", .uv = BG_UV_PREFERRED, .rp = RP};
    key.pub.type = BG_FIDO_EDDSA;
    memcpy(key.pub.bytes, public_key, sizeof public_key);
    key.id = (struct bg_fido_id){.len = 4, .bytes = "mine"};
    key.probe = true;
    session = (struct bg_key_session){.f = {.worker = self, .watch = BG_WATCH_SIGNALS}};
    touches = 0;
    touch_says = BG_OK;
    return 0;
}

static void open_key(const char *node)
{
    enum bg_fido_code code = BG_FC_OTHER;

    assert_int_equal(bg_fido_start(&session.f, node, &session.info, &code), BG_OK);
    assert_int_equal(code, BG_FC_OK);
}

static void close_key(void)
{
    bg_fido_stop(&session.f);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
}

static bool verify = true; /* is the user to be verified? */

static enum bg_err sign_with(const char *pin)
{
    const struct bg_key_search w = {.dir = "/proc/nowhere", .keys = &key, .n = 1};
    const struct bg_key_waiting t = {3000, touched, NULL};

    key.uv = verify ? BG_UV_REQUIRED : BG_UV_NO;
    bg_key_only(&session, 0);
    return bg_key_sign(&session, &w, pin, &t, &proof);
}

/* The fault that a node's answer has; BG_FF_NONE when it proves what it must. What was asked is demanded,
 * whatever the file says. */
static enum bg_fido_fault fault_of(const char *node, enum bg_key_uv uv)
{
    (void)begin(NULL);
    verify = uv == BG_UV_REQUIRED;
    open_key(node);
    assert_int_equal(sign_with(""), BG_OK);
    verify = true;
    assert_int_equal(proof.code, BG_FC_OK);
    close_key();
    return proof.fault;
}

static void what_an_answer_proves(void **state)
{
    (void)state;
    assert_int_equal(fault_of("/good", BG_UV_REQUIRED), BG_FF_NONE);
    assert_int_equal(proof.said.counter, 42);
    assert_int_equal(touches, 1);
    assert_int_equal(fault_of("/no-up", BG_UV_NO), BG_FF_PRESENCE);
    assert_int_equal(fault_of("/no-uv", BG_UV_REQUIRED), BG_FF_USER);
    assert_int_equal(fault_of("/no-uv", BG_UV_NO), BG_FF_NONE);
    assert_int_equal(fault_of("/other-rp", BG_UV_NO), BG_FF_RP);
    assert_int_equal(fault_of("/replay", BG_UV_NO), BG_FF_SIGNATURE);
}

/* As breakglass-credentials(5) has it: with "required" always, with "preferred" where the key can. */
static void when_the_user_is_verified(void **state)
{
    static const struct {
        enum bg_key_uv uv;
        bool pin_set, uv_ready, verifies, needs_pin;
    } table[] = {
        {BG_UV_REQUIRED, false, false, true, false},   {BG_UV_REQUIRED, true, false, true, true},
        {BG_UV_REQUIRED, false, true, true, false},    {BG_UV_REQUIRED, true, true, true, false},
        {BG_UV_PREFERRED, false, false, false, false}, {BG_UV_PREFERRED, true, false, true, true},
        {BG_UV_PREFERRED, false, true, true, false},   {BG_UV_PREFERRED, true, true, true, false},
        {BG_UV_NO, true, false, false, false},         {BG_UV_NO, true, true, false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct bg_fido_info info = {.pin_set = table[i].pin_set, .uv_ready = table[i].uv_ready};
        assert_int_equal(bg_key_verifies(table[i].uv, &info), table[i].verifies);
        assert_int_equal(bg_key_needs_pin(table[i].uv, &info), table[i].needs_pin);
    }
}

/* A key enrolled with one algorithm is never verified with the other. */
static void another_algorithm(void **state)
{
    (void)state;
    open_key("/good");
    key.pub.type = BG_FIDO_ES256;
    assert_int_equal(sign_with(""), BG_OK); /* 64 bytes that are no point of the curve */
    assert_int_equal(proof.code, BG_FC_OK);
    assert_int_equal(proof.fault, BG_FF_SIGNATURE);
    close_key();
}

/* A public key that was damaged on the disk is not this one; another of the same device opens. */
static void beside_a_damaged_key(void **state)
{
    const struct bg_key_waiting t = {3000, touched, NULL};
    struct bg_key keys[2];
    const struct bg_key_search w = {.dir = "/proc/nowhere", .keys = keys, .n = 2};

    (void)state;
    for (uint8_t max_list = 1; max_list <= 2; max_list++) {
        open_key("/good");
        keys[0] = keys[1] = key;
        keys[0].pub.type = BG_FIDO_ES256;
        session.order[0] = 0;
        session.order[1] = 1;
        session.n = 2;
        session.sure = session.next = 0;
        session.info.max_list = max_list;
        assert_int_equal(bg_key_sign(&session, &w, "", &t, &proof), BG_OK);
        assert_int_equal(proof.code, BG_FC_OK);
        assert_int_equal(proof.fault, BG_FF_NONE);
        assert_int_equal(session.which, 1);
        close_key();
        (void)begin(NULL);
    }
}

static void a_key_for_text_is_never_asked(void **state)
{
    (void)begin(NULL);
    (void)state;
    open_key("/good");
    key.use = BG_USE_TEXT;
    assert_int_equal(sign_with(""), BG_E_RANGE);
    key.use = BG_USE_CONSOLE;
    close_key();
}

/* In place of the library's, by the linker's --wrap. */
enum bg_err __wrap_bg_random(void *p, size_t n);
enum bg_err __real_bg_random(void *p, size_t n);
static size_t drawn;
static bool no_randomness;

enum bg_err __wrap_bg_random(void *p, size_t n)
{
    drawn += n;
    return no_randomness ? BG_E_CRYPTO : __real_bg_random(p, n);
}

static void each_challenge_is_new(void **state)
{
    uint8_t a[BG_FIDO_HASH], b[BG_FIDO_HASH];

    (void)state;
    no_randomness = true;
    assert_int_equal(bg_fido_challenge(a), BG_E_CRYPTO);
    no_randomness = false;
    drawn = 0;
    assert_int_equal(bg_fido_challenge(a), BG_OK);
    assert_true(drawn >= 32);
    assert_int_equal(bg_fido_challenge(a), BG_OK);
    assert_int_equal(bg_fido_challenge(b), BG_OK);
    assert_memory_not_equal(a, b, sizeof a);
}

static enum bg_err find(const struct bg_key_nodes *nodes, const struct bg_key *keys, size_t n,
                        enum bg_fido_code *code)
{
    const struct bg_key_search w = {.dir = "/proc/nowhere", .keys = keys, .n = n};

    return bg_key_find(nodes, &w, &session, code);
}

/* n keys, all of others but one ("mine", at the place given; n: none). */
static void crowd(struct bg_key *keys, size_t n, size_t mine)
{
    for (size_t i = 0; i < n; i++) {
        keys[i] = key;
        if (i != mine)
            (void)snprintf((char *)keys[i].id.bytes, sizeof keys[i].id.bytes, "k%03zu", i);
    }
}

/* As many at once as the device takes; how it answers then decides what it is asked next. */
static void several_at_once(void **state)
{
    static const struct {
        const char *device;
        size_t n, mine, probes;
    } rows[] = {
        {"/1/good", 20, 19, 20},
        {"/8/good", 20, 19, 3},          /* 8, 8 and 4; it names its own */
        {"/8/good", 20, 3, 1},           /* no more after a yes */
        {"/8/good/nameless", 20, 19, 7}, /* 3, then the last 4 one by one */
        {"/8/good/misnames", 20, 16, 4},
        {"/8/good/choke", 20, 19, 21}, /* 1, and from then on none together */
        {"/8/good/maybe", 20, 19, 3},  /* it wants its PIN for any: nothing is learned one by one */
        {"/8/good", 512, 511, 64},
    };
    static struct bg_key keys[BG_KEYS_MAX];
    struct bg_key_nodes nodes = {.n = 1};
    const struct bg_key_waiting t = {3000, touched, NULL};
    enum bg_fido_code code;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct bg_key_search w = {.dir = "/proc/nowhere", .keys = keys, .n = rows[i].n};
        crowd(keys, rows[i].n, rows[i].mine);
        (void)snprintf(nodes.path[0], sizeof nodes.path[0], "%s", rows[i].device);
        assert_int_equal(find(&nodes, keys, rows[i].n, &code), BG_OK);
        assert_int_equal(code, BG_FC_OK);
        if (strstr(rows[i].device, "maybe") == NULL)
            assert_int_equal(session.which, rows[i].mine);
        assert_int_equal(bg_key_sign(&session, &w, PIN, &t, &proof), BG_OK);
        assert_int_equal(proof.fault, BG_FF_NONE);
        assert_int_equal(proof.said.counter, 256 * rows[i].probes + 42);
        close_key();
    }
}

/* What is of another relying party, suspended, too long for the message, or silent is not asked with others.
 */
static void what_does_not_go_together(void **state)
{
    struct bg_key keys[8];
    struct bg_key_nodes nodes = {.n = 1, .path = {"/8/good"}};
    const struct bg_key_search w = {.dir = "/proc/nowhere", .keys = keys, .n = 8};
    const struct bg_key_waiting t = {3000, touched, NULL};
    enum bg_fido_code code;

    (void)state;
    crowd(keys, 8, 7);
    keys[1].suspended = true;
    keys[2].probe = false;
    (void)snprintf(keys[3].rp, sizeof keys[3].rp, "elsewhere");
    keys[4].id.len = 200;
    keys[5].id.len = 200;
    keys[6].id.len = 200; /* 512 bytes of ids, where the device does not say more */
    assert_int_equal(find(&nodes, keys, 8, &code), BG_OK);
    assert_int_equal(session.which, 7);
    assert_int_equal(bg_key_sign(&session, &w, PIN, &t, &proof), BG_OK);
    assert_int_equal(proof.said.counter, 256 * 5 + 42); /* 0; 1; 3; 4 and 5; 6 and 7 */
    close_key();
}

/* A yes to a suspended one is not the end: another of the device may open. */
static void a_suspended_one_does_not_end_it(void **state)
{
    struct bg_key keys[2] = {key, key};
    struct bg_key_nodes nodes = {.n = 1, .path = {"/8/good/claims"}};
    enum bg_fido_code code;

    (void)state;
    keys[0].suspended = true;
    memcpy(keys[0].id.bytes, "hers", 4);
    assert_int_equal(find(&nodes, keys, 2, &code), BG_OK);
    assert_int_equal(session.n, 2);
    assert_int_equal(session.sure, 1);
    assert_int_equal(session.which, 1);
    close_key();
}

/* A device that takes for ever over keys that it may hold, without asking for a touch, is given up. */
static void a_slow_device_among_many_keys(void **state)
{
    static struct bg_key keys[BG_KEYS_MAX];
    struct bg_key_nodes nodes = {.n = 1, .path = {"/1/slow/lazy"}};
    const struct bg_key_search w = {.dir = "/proc/nowhere", .keys = keys, .n = BG_KEYS_MAX};
    const struct bg_key_waiting t = {900, touched, NULL};
    enum bg_fido_code code;
    int64_t began;

    (void)state;
    crowd(keys, BG_KEYS_MAX, 0);
    for (size_t i = 0; i < BG_KEYS_MAX; i++)
        keys[i].probe = false;
    assert_int_equal(find(&nodes, keys, BG_KEYS_MAX, &code), BG_OK);
    assert_int_equal(session.n, BG_KEYS_MAX);
    began = bg_now_ms();
    assert_int_equal(bg_key_sign(&session, &w, PIN, &t, &proof), BG_OK);
    assert_int_equal(proof.code, BG_FC_SILENT);
    assert_in_range(bg_now_ms() - began, 300, 8000); /* 512 times 50 ms are 25 s */
    close_key();
}

static void the_key_that_is_plugged_in(void **state)
{
    struct bg_key keys[3] = {key, key, key};
    struct bg_key_nodes nodes = {.n = 2, .path = {"/unconfined", "/good"}};
    enum bg_fido_code code = BG_FC_OTHER;

    (void)state;
    memcpy(keys[0].id.bytes, "his.", 4);
    memcpy(keys[1].id.bytes, "hers", 4);
    assert_int_equal(find(&nodes, keys, 3, &code), BG_OK);
    assert_int_equal(code, BG_FC_OK);
    assert_int_equal(session.which, 2);
    close_key();
    assert_int_equal(find(&nodes, keys, 2, &code), BG_OK);
    assert_int_equal(code, BG_FC_NO_CREDENTIAL);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    nodes.n = 1; /* a worker that could not sandbox itself is not asked */
    assert_int_equal(find(&nodes, keys, 3, &code), BG_OK);
    assert_int_equal(code, BG_FC_NOT_SANDBOXED);
    (void)snprintf(nodes.path[0], sizeof nodes.path[0], "/maybe");
    assert_int_equal(find(&nodes, keys, 3, &code), BG_OK);
    assert_int_equal(code, BG_FC_OK);
    assert_int_equal(session.which, 0);
    close_key();
    for (size_t i = 0; i < 3; i++) /* a key that answers for other hosts too is not asked by this one */
        keys[i].use = BG_USE_TEXT;
    assert_int_equal(find(&nodes, keys, 3, &code), BG_OK);
    assert_int_equal(code, BG_FC_NO_CREDENTIAL);
    keys[0].use = keys[1].use = keys[2].use = BG_USE_CONSOLE;
    (void)snprintf(nodes.path[0], sizeof nodes.path[0], "/eager"); /* it may not ask for a touch now */
    assert_int_equal(find(&nodes, keys, 3, &code), BG_E_PROTO);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void a_worker_that_fails(void **state)
{
    static const struct {
        const char *node;
        enum bg_err want;
    } rows[] = {{"/dies", BG_E_EOF}, {"/babbles", BG_E_PROTO}, {"/endless", BG_E_PROTO}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        open_key(rows[i].node);
        assert_int_equal(sign_with(""), rows[i].want);
        close_key();
    }
    enum bg_fido_code code;
    assert_int_equal(bg_fido_start(&session.f, "/hasty", &session.info, &code), BG_E_PROTO);
    session.f.worker = "/nonexistent/breakglass-fido";
    assert_int_equal(bg_fido_start(&session.f, "/good", &session.info, &code), BG_E_NOENT);
}

static void the_person_leaves(void **state)
{
    int line[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, line), 0);
    session.f.watch = line[0];
    open_key("/hangs");
    (void)close(line[1]);
    assert_int_equal(sign_with(""), BG_E_HANGUP);
    close_key();
    (void)close(line[0]);
    session.f.watch = BG_WATCH_SIGNALS;
    open_key("/good");
    touch_says = BG_E_CANCEL; /* what the caller says of a touch ends the ceremony */
    assert_int_equal(sign_with(""), BG_E_CANCEL);
    close_key();
}

static void a_worker_that_does_not_end_is_killed(void **state)
{
    (void)state;
    open_key("/stubborn");
    close_key();
}

/* In place of the C library's: what is on the stack while an answer is waited for. */
int __wrap_poll(struct pollfd *fds, nfds_t n, int ms);
int __real_poll(struct pollfd *fds, nfds_t n, int ms);
static bool looking, seen_in_wait;
static unsigned waits;

int __wrap_poll(struct pollfd *fds, nfds_t n, int ms)
{
    if (looking && fds[0].events == POLLIN) {
        waits++;
        seen_in_wait = seen_in_wait || residue_of(PIN, sizeof PIN - 1);
    }
    return __real_poll(fds, n, ms);
}

static void sign_with_pin(void *arg)
{
    *(enum bg_err *)arg = sign_with(PIN);
}

/* The PIN is given to the worker, and from then on it is nowhere in this program. */
static void a_pin_leaves_nothing(void **state)
{
    enum bg_err r = BG_E_IO;

    (void)state;
    open_key("/pin");
    looking = true;
    residue_run(sign_with_pin, &r);
    looking = false;
    assert_true(waits > 0);
    assert_false(seen_in_wait);
    assert_int_equal(r, BG_OK);
    assert_int_equal(proof.code, BG_FC_OK);
    assert_int_equal(proof.fault, BG_FF_NONE);
    assert_false(residue_of(PIN, sizeof PIN - 1));
    close_key();
}

static void one_ceremony_at_a_time(void **state)
{
    int first = -1, second = -1;

    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(bg_fido_lock(&first), BG_OK);
    assert_int_equal(bg_fido_lock(&second), BG_E_BUSY);
    (void)close(first);
    assert_int_equal(bg_fido_lock(&second), BG_OK);
    (void)close(second);
    assert_int_equal(unlink(BG_FIDO_LOCK), 0);
    assert_int_equal(symlink("/dev/null", BG_FIDO_LOCK), 0);
    assert_int_not_equal(bg_fido_lock(&second), BG_OK);
    assert_int_equal(unlink(BG_FIDO_LOCK), 0);
    assert_int_equal(rmdir(BG_RUNDIR), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_an_answer_proves),
        cmocka_unit_test(when_the_user_is_verified),
        cmocka_unit_test_setup(another_algorithm, begin),
        cmocka_unit_test_setup(beside_a_damaged_key, begin),
        cmocka_unit_test(a_key_for_text_is_never_asked),
        cmocka_unit_test(each_challenge_is_new),
        cmocka_unit_test_setup(several_at_once, begin),
        cmocka_unit_test_setup(what_does_not_go_together, begin),
        cmocka_unit_test_setup(a_suspended_one_does_not_end_it, begin),
        cmocka_unit_test_setup(a_slow_device_among_many_keys, begin),
        cmocka_unit_test_setup(the_key_that_is_plugged_in, begin),
        cmocka_unit_test_setup(a_worker_that_fails, begin),
        cmocka_unit_test_setup(the_person_leaves, begin),
        cmocka_unit_test_setup(a_worker_that_does_not_end_is_killed, begin),
        cmocka_unit_test_setup(a_pin_leaves_nothing, begin),
        cmocka_unit_test(one_ceremony_at_a_time),
    };

    if (argc == 1 && strcmp(argv[0], "breakglass-fido") == 0)
        return worker();
    if (readlink("/proc/self/exe", self, sizeof self - 1) <= 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
