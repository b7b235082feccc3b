/* SPDX-License-Identifier: ISC */
/* The factors: what a key or the share typer says, and what the login makes of it. */
#include "scene.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include "base/secret.h"
#include "key/key.h"
#include "key/messages.h"
#include "login/login.h"
#include "share/messages.h"
#include "share/sharetyper.h"

/* --- a key that does as it is told ---------------------------------------------------------------- */

static struct {
    enum bg_err lock, nodes, find, info;
    enum bg_fido_code found;
    struct bg_fido_info is;
    struct {
        enum bg_err r;
        enum bg_fido_code code;
        enum bg_fido_fault fault;
    } sign[16];
    unsigned signs, finds;
    unsigned other_at;   /* which search finds the other key, counted from 1 */
    int plugged_after;   /* so many looks */
    bool paused;         /* it takes no PIN until it was plugged in again */
    bool holds_first;    /* the second of two keys says that it is the first */
    struct bg_bits skip; /* what the newest search left out */
    enum bg_fido_code set_pin;
    bool seen;     /* it was done before, by what is on file */
    uint8_t flags; /* of its answers */
    char pin[64];  /* with the newest signature */
    enum bg_key_step step;
    enum bg_err counter;
} key;

enum bg_err __wrap_bg_fido_lock(int *lock);
enum bg_err __wrap_bg_fido_lock(int *lock)
{
    if (key.lock == BG_OK)
        *lock = scene.key_lock = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return key.lock;
}

enum bg_err __wrap_bg_key_nodes(const char *device, struct bg_key_nodes *out);
enum bg_err __wrap_bg_key_nodes(const char *device, struct bg_key_nodes *out)
{
    assert_string_equal(device, scene.L.policy.fido_device);
    out->n = 1;
    return key.nodes;
}

bool __wrap_bg_key_plugged(const struct bg_key_nodes *nodes);
bool __wrap_bg_key_plugged(const struct bg_key_nodes *nodes)
{
    assert_int_equal(nodes->n, 1);
    return key.plugged_after-- <= 0;
}

bool __wrap_bg_key_paused(const char *path);
bool __wrap_bg_key_paused(const char *path)
{
    assert_string_equal(path, "/dev/hidraw3");
    return key.paused;
}

void __wrap_bg_key_pause(const char *path);
void __wrap_bg_key_pause(const char *path)
{
    assert_string_equal(path, "/dev/hidraw3");
    key.paused = true;
}

enum bg_err __wrap_bg_key_holds(struct bg_key_session *s, const struct bg_key *keys, size_t n, bool *holds);
enum bg_err __wrap_bg_key_holds(struct bg_key_session *s, const struct bg_key *keys, size_t n, bool *holds)
{
    (void)s;
    assert_ptr_equal(keys, &scene.L.credential.key[0]);
    assert_int_equal(n, 1);
    *holds = key.holds_first;
    return BG_OK;
}

enum bg_err __wrap_bg_fido_set_pin(struct bg_fido *f, char old[BG_FIDO_PIN], char pin[BG_FIDO_PIN],
                                   struct bg_fido_result *out);
enum bg_err __wrap_bg_fido_set_pin(struct bg_fido *f, char old[BG_FIDO_PIN], char pin[BG_FIDO_PIN],
                                   struct bg_fido_result *out)
{
    (void)f;
    scene_note("set PIN %s %s\n", old, pin);
    bg_wipe(old, BG_FIDO_PIN);
    bg_wipe(pin, BG_FIDO_PIN);
    *out = (struct bg_fido_result){.code = key.set_pin};
    return BG_OK;
}

enum bg_err __wrap_bg_key_find(const struct bg_key_nodes *nodes, const struct bg_key_search *w,
                               struct bg_key_session *s, enum bg_fido_code *code);
enum bg_err __wrap_bg_key_find(const struct bg_key_nodes *nodes, const struct bg_key_search *w,
                               struct bg_key_session *s, enum bg_fido_code *code)
{
    assert_int_equal(nodes->n, 1);
    assert_string_equal(w->dir, BG_KEY_COUNTERS);
    assert_ptr_equal(w->keys, scene.L.credential.key);
    assert_int_equal(w->n, 2);
    assert_int_equal(s->f.watch, scene.L.talk.watch);
    key.skip = w->skip;
    s->info = key.is;
    s->which = key.finds + 1 == key.other_at ? 0 : 1;
    s->named = true;
    (void)strcpy(s->path, "/dev/hidraw3");
    key.finds++;
    *code = key.found;
    scene.key_open = key.find == BG_OK && key.found == BG_FC_OK;
    return key.find;
}

enum bg_err __wrap_bg_key_sign(struct bg_key_session *s, const struct bg_key_search *w, const char *pin,
                               const struct bg_key_waiting *t, struct bg_key_proof *proof);
enum bg_err __wrap_bg_key_sign(struct bg_key_session *s, const struct bg_key_search *w, const char *pin,
                               const struct bg_key_waiting *t, struct bg_key_proof *proof)
{
    unsigned n = key.signs++;

    assert_true(n < 16);
    assert_string_equal(w->keys[s->which].label, "blue");
    assert_int_equal(t->ms, scene.L.policy.fido_touch * 1000);
    (void)snprintf(key.pin, sizeof key.pin, "%s", pin);
    if (pin[0] != '\0' && key.sign[n].code != BG_FC_PIN_CHANGE) /* that one is still needed, as the old PIN */
        scene_secret(pin);
    assert_int_equal(t->touch(t->arg), BG_OK);
    *proof = (struct bg_key_proof){.code = key.sign[n].code, .status = 0x7f, .fault = key.sign[n].fault};
    proof->said.counter = 12;
    proof->said.flags = key.flags;
    if (key.sign[n].code == BG_FC_PIN_INVALID)
        key.is.pin_tries--;
    return key.sign[n].r;
}

enum bg_err __wrap_bg_fido_info(struct bg_fido *f, struct bg_fido_info *out);
enum bg_err __wrap_bg_fido_info(struct bg_fido *f, struct bg_fido_info *out)
{
    (void)f;
    *out = key.is;
    return key.info;
}

void __wrap_bg_fido_stop(struct bg_fido *f);
void __wrap_bg_fido_stop(struct bg_fido *f)
{
    (void)f;
    assert_true(scene.key_open);
    scene.key_open = false;
}

bool __wrap_bg_key_user_seen(const char *dir, const struct bg_fido_id *id);
bool __wrap_bg_key_user_seen(const char *dir, const struct bg_fido_id *id)
{
    assert_string_equal(dir, BG_KEY_COUNTERS);
    assert_ptr_equal(id, &scene.L.credential.key[1].id);
    return key.seen;
}

void __wrap_bg_key_user_note(const char *dir, const struct bg_fido_id *id);
void __wrap_bg_key_user_note(const char *dir, const struct bg_fido_id *id)
{
    assert_string_equal(dir, BG_KEY_COUNTERS);
    assert_ptr_equal(id, &scene.L.credential.key[1].id);
    scene_note("user\n");
}

enum bg_err __wrap_bg_key_counter(const char *dir, const struct bg_fido_id *id, uint32_t now,
                                  enum bg_key_step *step, uint32_t *before);
enum bg_err __wrap_bg_key_counter(const char *dir, const struct bg_fido_id *id, uint32_t now,
                                  enum bg_key_step *step, uint32_t *before)
{
    assert_string_equal(dir, BG_KEY_COUNTERS);
    assert_ptr_equal(id, &scene.L.credential.key[1].id);
    assert_int_equal(now, 12);
    scene_note("counter\n");
    *step = key.step;
    *before = 20;
    return key.counter;
}

/* --- a typer that knows four lines ------------------------------------------------------------------ */

static struct {
    unsigned starts, wipes, recovers;
    enum bg_err recover[8];
} typer;

void __wrap_bg_sharetyper_start(struct bg_sharetyper *t, const struct bg_shareset *set);
void __wrap_bg_sharetyper_start(struct bg_sharetyper *t, const struct bg_shareset *set)
{
    memset(t, 0, sizeof *t);
    assert_ptr_equal(set, &scene.L.credential.shares);
    t->set = set;
    t->need_words = 20;
    typer.starts++;
}

void __wrap_bg_sharetyper_feed(struct bg_sharetyper *t, const char *line, size_t len,
                               struct bg_sharetyper_reply *out);
void __wrap_bg_sharetyper_feed(struct bg_sharetyper *t, const char *line, size_t len,
                               struct bg_sharetyper_reply *out)
{
    assert_int_equal(len, strlen(line));
    *out = (struct bg_sharetyper_reply){.state = BG_SHARETYPER_MORE};
    if (strcmp(line, "one") == 0) {
        *out = (struct bg_sharetyper_reply){
            .state = BG_SHARETYPER_TAKEN, .msg = BG_M_SHARE_TAKEN, .arg = {"1", "2"}};
        t->taken = 1;
    } else if (strcmp(line, "two") == 0) {
        out->state = BG_SHARETYPER_READY;
    } else if (strcmp(line, "foreign") == 0) {
        out->msg = BG_M_SHARE_OTHER_SET;
    } else if (strcmp(line, "slip") == 0) {
        out->msg = BG_M_SHARE_WORD_WRONG;
        (void)strcpy(out->arg[0], "3");
        t->fix = 3;
    } else if (*line != '\0') {
        fail_msg("%s", line);
    }
}

void __wrap_bg_sharetyper_progress(const struct bg_sharetyper *t, unsigned *taken, unsigned *needed);
void __wrap_bg_sharetyper_progress(const struct bg_sharetyper *t, unsigned *taken, unsigned *needed)
{
    *taken = (unsigned)t->taken;
    *needed = 2;
}

enum bg_err __wrap_bg_sharetyper_recover(struct bg_sharetyper *t, const char *account,
                                         const struct bg_identity *host);
enum bg_err __wrap_bg_sharetyper_recover(struct bg_sharetyper *t, const char *account,
                                         const struct bg_identity *host)
{
    (void)t;
    assert_string_equal(account, "bg1");
    assert_ptr_equal(host, &scene.L.host);
    return typer.recover[typer.recovers++];
}

void __wrap_bg_sharetyper_wipe(struct bg_sharetyper *t);
void __wrap_bg_sharetyper_wipe(struct bg_sharetyper *t)
{
    (void)t;
    typer.wipes++;
}

/* --- the tests --------------------------------------------------------------------------------------- */

static const char *const silence[] = {NULL};

static int begin(void **state)
{
    (void)state;
    scene_begin(silence);
    scene.L.credential.key_count = 2;
    (void)strcpy(scene.L.credential.key[0].label, "red");
    (void)strcpy(scene.L.credential.key[1].label, "blue");
    scene.L.credential.key[1].uv = BG_UV_PREFERRED;
    scene.L.policy.delay_console = 60;
    (void)strcpy(scene.L.host.machine, "0123456789abcdef");
    memset(&key, 0, sizeof key);
    memset(&typer, 0, sizeof typer);
    key.found = BG_FC_OK;
    key.is = (struct bg_fido_info){.code = BG_FC_OK, .fido2 = true, .pin_tries = 8, .uv_tries = 255};
    key.step = BG_KEY_STEP_GOOD;
    for (int i = 0; i < 16; i++) {
        key.sign[i].code = BG_FC_OK;
        key.sign[i].fault = BG_FF_NONE;
    }
    return 0;
}

/* Whatever happened: nothing typed is left in memory, a worker that was started is stopped, the lock is free.
 */
static int end(void **state)
{
    (void)state;
    assert_int_equal(scene.secrets, 0);
    assert_int_equal(typer.starts, typer.wipes);
    assert_false(scene.key_open);
    assert_true(scene.key_lock == 0 || fcntl(scene.key_lock, F_GETFD) < 0);
    return 0;
}

static void with_pin(enum bg_key_uv uv)
{
    key.is.pin_set = true;
    scene.L.credential.key[1].uv = uv;
}

#define TOUCH     "say BG133\n"
#define PIN(left) "hide PIN of the key \"blue\", " left "not shown: \n"
#define FINGER    "show Enter = fingerprint, p = PIN, q = leave: \n"
#define COST_ONE  "say BG105\nsleep 1000\n"

static void a_touch_opens(void **state)
{
    (void)state;
    assert_int_equal(login_key(&scene.L), BG_OK);
    assert_log(TOUCH "counter\n");
    assert_string_equal(scene.L.key, "blue");
    assert_int_equal(scene.L.key_counter, 12);
}

static void a_pin_is_asked_for_and_wiped(void **state)
{
    (void)state;
    with_pin(BG_UV_REQUIRED);
    scene.answers = ANSWERS("135797", "246813");
    key.sign[0].code = BG_FC_PIN_INVALID;
    assert_int_equal(login_key(&scene.L), BG_OK);
    assert_log(PIN("8 tries left, ") TOUCH "say BG136\nrecord attempt.failed failed BG136\n" COST_ONE PIN(
        "7 tries left, ") TOUCH "counter\n");
    assert_string_equal(key.pin, "246813");
    assert_said("Tries left on the key: 7");
}

/* Exchanged while its PIN was typed: a PIN goes to no other key than the one it was asked for. */
static void another_key_wants_its_own_pin(void **state)
{
    (void)state;
    with_pin(BG_UV_REQUIRED);
    scene.L.credential.key[0].uv = BG_UV_REQUIRED;
    key.other_at = 1;
    scene.answers = ANSWERS("135797", "246813");
    assert_int_equal(login_key(&scene.L), BG_OK);
    assert_log("hide PIN of the key \"red\", 8 tries left, not shown: \n" PIN("8 tries left, ") TOUCH
               "counter\n");
    assert_string_equal(key.pin, "246813");
}

static void a_key_that_tells_no_tries(void **state)
{
    (void)state;
    with_pin(BG_UV_REQUIRED);
    key.is.pin_tries = UINT8_MAX;
    scene.answers = ANSWERS("246813");
    assert_int_equal(login_key(&scene.L), BG_OK);
    assert_log(PIN("") TOUCH "counter\n");
}

/* A key that takes wrong PINs for ever is not asked for ever. */
static void pins_have_an_end(void **state)
{
    static const char *pins[32];

    (void)state;
    with_pin(BG_UV_REQUIRED);
    key.is.pin_tries = 200;
    for (int i = 0; i < 31; i++)
        pins[i] = "1234";
    for (int i = 0; i < 16; i++)
        key.sign[i].code = BG_FC_PIN_INVALID;
    scene.answers = pins;
    assert_int_equal(login_key(&scene.L), BG_E_MISMATCH);
    assert_int_equal(key.signs, 10);
    assert_string_equal(scene.L.key, "");
}

static void no_pin_goes_back(void **state)
{
    (void)state;
    with_pin(BG_UV_REQUIRED);
    scene.answers = ANSWERS("");
    assert_int_equal(login_key(&scene.L), BG_E_MISMATCH);
    assert_log(PIN("8 tries left, "));
}

static void a_pin_that_no_key_can_have(void **state)
{
    (void)state;
    with_pin(BG_UV_REQUIRED);
    scene.answers = ANSWERS("0123456789012345678901234567890123456789012345678901234567890123", "123", "");
    assert_int_equal(login_key(&scene.L), BG_E_MISMATCH);
    assert_log(PIN("8 tries left, ") "say BG181\n" PIN("8 tries left, ") "say BG181\n" PIN("8 tries left, "));
    assert_int_equal(key.signs, 0);
}

static void the_last_tries_need_a_clear_word(void **state)
{
    const char *asked = "say BG139\nshow Type yes to spend one of them: \n";

    (void)state;
    with_pin(BG_UV_REQUIRED);
    key.is.pin_tries = 2;
    scene.answers = ANSWERS("y", "246813");
    assert_int_equal(login_key(&scene.L), BG_E_MISMATCH);
    assert_log(asked);
    begin(state);
    with_pin(BG_UV_REQUIRED);
    key.is.pin_tries = 1;
    scene.answers = ANSWERS("ZES", "246813");
    assert_int_equal(login_key(&scene.L), BG_OK);
    assert_string_equal(key.pin, "246813");
    begin(state);
    with_pin(BG_UV_REQUIRED);
    key.is.pin_tries = 0;
    scene.answers = ANSWERS("246813");
    assert_int_equal(login_key(&scene.L), BG_E_MISMATCH);
    assert_log("say BG138\nrecord attempt.failed failed BG138\n" COST_ONE);
    begin(state);
    with_pin(BG_UV_REQUIRED);
    key.is.pin_tries = 3;
    scene.answers = ANSWERS("246813");
    assert_int_equal(login_key(&scene.L), BG_OK);
    assert_log(PIN("3 tries left, ") TOUCH "counter\n");
}

static void user_verification(void **state)
{
    (void)state;
    scene.L.credential.key[1].uv = BG_UV_REQUIRED; /* neither PIN nor fingerprint */
    assert_int_equal(login_key(&scene.L), BG_E_MISMATCH);
    assert_log("say BG149\nrecord attempt.failed failed BG149\n" COST_ONE);
    assert_int_equal(key.signs, 0);
    begin(state);
    key.is.uv_ready = true; /* a finger is enough: no PIN is asked */
    assert_int_equal(login_key(&scene.L), BG_OK);
    begin(state);
    with_pin(BG_UV_NO);
    assert_int_equal(login_key(&scene.L), BG_OK);
    assert_string_equal(key.pin, "");
}

/* The file of an older version does not say: once seen, the user is verified, whatever the device says. */
static void an_undecided_key(void **state)
{
    key.flags = BG_FIDO_UP;
    assert_int_equal(login_key(&scene.L),
                     BG_OK); /* it says that it has no PIN, and was never seen with one */
    assert_log(TOUCH "counter\n");
    begin(state);
    with_pin(BG_UV_PREFERRED);
    key.flags = BG_FIDO_UP | BG_FIDO_UV;
    scene.answers = ANSWERS("246813");
    assert_int_equal(login_key(&scene.L), BG_OK);
    assert_log(PIN("8 tries left, ") TOUCH "counter\nuser\n");
    begin(state);
    key.seen = true; /* and now it denies that */
    assert_int_equal(login_key(&scene.L), BG_E_MISMATCH);
    assert_log("say BG149\nrecord attempt.failed failed BG149\n" COST_ONE);
    assert_int_equal(key.signs, 0);
    begin(state);
    with_pin(BG_UV_PREFERRED); /* one whose answer proves nothing is not noted */
    key.flags = BG_FIDO_UP | BG_FIDO_UV;
    key.sign[0].fault = BG_FF_SIGNATURE;
    scene.answers = ANSWERS("246813");
    assert_int_equal(login_key(&scene.L), BG_E_MISMATCH);
    assert_null(strstr(scene.log, "user\n"));
}

static void a_key_that_wants_its_pin_after_all(void **state)
{
    (void)state;
    with_pin(BG_UV_NO);
    scene.answers = ANSWERS("246813");
    key.sign[0].code = BG_FC_PIN_REQUIRED;
    assert_int_equal(login_key(&scene.L), BG_OK);
    assert_log(TOUCH PIN("8 tries left, ") TOUCH "counter\n");
    begin(state);
    with_pin(BG_UV_PREFERRED);
    key.is.uv_ready = true;
    scene.answers = ANSWERS("", "", "246813");
    key.sign[0].code = BG_FC_UV_INVALID;
    key.sign[1].code = BG_FC_UV_BLOCKED;
    assert_int_equal(login_key(&scene.L), BG_OK);
    assert_log(FINGER TOUCH "say BG150\nrecord attempt.failed failed BG150\n" COST_ONE FINGER TOUCH
                            "say BG151\nrecord attempt.failed failed BG151\n" COST_ONE PIN("8 tries left, ")
                                TOUCH "counter\n");
}

static void a_counter_that_went_back(void **state)
{
    (void)state;
    key.step = BG_KEY_STEP_BACK;
    assert_int_equal(login_key(&scene.L), BG_E_MISMATCH);
    assert_log(TOUCH "counter\nrecord key.counterback failed BG148\nsay BG148\nrecord attempt.failed failed "
                     "BG148\n" COST_ONE);
    assert_string_equal(scene.L.key, "");
    assert_said("The key \"blue\" counts 12, but 20 was seen before");
    assert_string_equal(scene_event(BG_EV_KEY_COUNTER_BACK)->key, "blue");
    assert_int_equal(scene_event(BG_EV_KEY_COUNTER_BACK)->key_counter, 12);
    begin(state);
    key.counter = BG_E_TIMEOUT; /* a disk that hangs keeps nobody out */
    assert_int_equal(login_key(&scene.L), BG_OK);
    assert_log(TOUCH "counter\nsay BG155\n");
}

static void answers_that_prove_nothing(void **state)
{
    const enum bg_fido_fault faults[] = {BG_FF_FORM, BG_FF_RP, BG_FF_SIGNATURE, BG_FF_PRESENCE, BG_FF_USER};
    const char *const why[] = {"malformed", "something else", "signature", "without a touch", "without PIN"};

    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        begin(state);
        key.sign[0].fault = faults[i];
        assert_int_equal(login_key(&scene.L), BG_E_MISMATCH);
        assert_log(TOUCH "say BG147\nrecord attempt.failed failed BG147\n" COST_ONE);
        assert_said(why[i]);
        assert_string_equal(scene.L.key, "");
        assert_int_equal(end(state), 0);
    }
    begin(state);
    key.sign[0].fault = (enum bg_fido_fault)0; /* only "none" is none */
    assert_int_equal(login_key(&scene.L), BG_E_MISMATCH);
}

/* Every code of the worker: its message, and whether it counts as a failed attempt. */
static void codes_of_the_worker(void **state)
{
    const struct {
        enum bg_fido_code code;
        const char *id;
        bool attempt;
    } rows[] = {
        {BG_FC_NO_DEVICE, "BG134", false},       {BG_FC_LOCKED, "BG143", false},
        {BG_FC_NOT_SANDBOXED, "BG153", false},   {BG_FC_GONE, "BG141", true},
        {BG_FC_SILENT, "BG145", true},           {BG_FC_GARBAGE, "BG144", true},
        {BG_FC_NO_CREDENTIAL, "BG135", true},    {BG_FC_NO_TOUCH, "BG140", true},
        {BG_FC_DENIED, "BG146", true},           {BG_FC_CANCELLED, "BG146", true},
        {BG_FC_PIN_REQUIRED, "BG149", true},     {BG_FC_PIN_NOT_SET, "BG149", true},
        {BG_FC_PIN_AUTH_BLOCKED, "BG137", true}, {BG_FC_PIN_BLOCKED, "BG138", true},
        {BG_FC_UV_INVALID, "BG150", true},       {BG_FC_UV_BLOCKED, "BG151", true},
        {BG_FC_UNSUPPORTED, "BG152", true},      {BG_FC_OTHER, "BG154", true},
        {BG_FC_EXCLUDED, "BG154", true},
    };
    char want[128];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin(state);
        key.found = rows[i].code;
        assert_int_equal(login_key(&scene.L), BG_E_MISMATCH);
        (void)snprintf(want, sizeof want,
                       rows[i].attempt ? "say %s\nrecord attempt.failed failed %s\n" COST_ONE : "say %s\n",
                       rows[i].id, rows[i].id);
        assert_log(want);
    }
}

/* The old PIN is right, the new one is typed twice alike, and opens at once. */
static void a_pin_that_must_be_changed(void **state)
{
    const char *asked = "say BG182\nhide New PIN, not shown: \nhide The same again: \n";
    char want[512];

    (void)state;
    with_pin(BG_UV_REQUIRED);
    key.set_pin = BG_FC_OK;
    key.sign[0].code = BG_FC_PIN_CHANGE;
    scene.answers = ANSWERS("246813", "975310", "975310");
    assert_int_equal(login_key(&scene.L), BG_OK);
    (void)snprintf(want, sizeof want, "%s%sset PIN 246813 975310\n%s", PIN("8 tries left, ") TOUCH, asked,
                   TOUCH "counter\n");
    assert_log(want);
    assert_string_equal(key.pin, "975310");
    begin(state);
    with_pin(BG_UV_REQUIRED);
    key.set_pin = BG_FC_PIN_POLICY;
    key.sign[0].code = BG_FC_PIN_CHANGE;
    scene.answers = ANSWERS("246813", "9753", "9753");
    assert_int_equal(login_key(&scene.L), BG_E_MISMATCH);
    (void)snprintf(want, sizeof want, "%s%sset PIN 246813 9753\nsay BG184\n", PIN("8 tries left, ") TOUCH,
                   asked);
    assert_log(want);
}

/* Exchanged while the new PIN was typed: the other key is told neither the old one nor the new one. */
static void exchanged_before_its_pin_was_changed(void **state)
{
    const char *asked = "say BG182\nhide New PIN, not shown: \nhide The same again: \n";
    char want[512];

    (void)state;
    with_pin(BG_UV_REQUIRED);
    key.sign[0].code = BG_FC_PIN_CHANGE;
    key.other_at = 3;
    scene.answers = ANSWERS("246813", "975310", "975310", "246813");
    assert_int_equal(login_key(&scene.L), BG_OK);
    (void)snprintf(want, sizeof want, "%s%s%s", PIN("8 tries left, ") TOUCH, asked,
                   PIN("8 tries left, ") TOUCH "counter\n");
    assert_log(want);
    assert_string_equal(key.pin, "246813");
}

static void no_pin_before_it_was_plugged_in_again(void **state)
{
    (void)state;
    with_pin(BG_UV_REQUIRED);
    key.sign[0].code = BG_FC_PIN_AUTH_BLOCKED;
    scene.answers = ANSWERS("246813");
    assert_int_equal(login_key(&scene.L), BG_E_MISMATCH);
    assert_true(key.paused);
    begin(state);
    with_pin(BG_UV_REQUIRED);
    key.paused = true;
    assert_int_equal(login_key(&scene.L), BG_E_MISMATCH);
    assert_log("say BG137\nrecord attempt.failed failed BG137\n" COST_ONE);
}

/* After a first key: neither that one again, nor one of its custodian, nor a device that holds both. */
static void the_second_of_two_keys(void **state)
{
    (void)state;
    bg_bits_add(&scene.L.keys_shown, 0);
    (void)strcpy(scene.L.key, "red");
    assert_int_equal(login_key(&scene.L), BG_OK);
    assert_true(bg_bits_has(&key.skip, 0) && !bg_bits_has(&key.skip, 1));
    assert_string_equal(scene.L.key, "red+blue");
    begin(state);
    bg_bits_add(&scene.L.keys_shown, 0);
    (void)strcpy(scene.L.credential.key[0].custodian, "Ada");
    (void)strcpy(scene.L.credential.key[1].custodian, "Ada");
    assert_int_equal(login_key(&scene.L),
                     BG_OK); /* the search is played: what it leaves out is what counts */
    assert_true(bg_bits_has(&key.skip, 0) && bg_bits_has(&key.skip, 1));
    begin(state);
    bg_bits_add(&scene.L.keys_shown, 0);
    key.holds_first = true;
    assert_int_equal(login_key(&scene.L), BG_E_MISMATCH);
    assert_log("say BG179\nrecord attempt.failed failed BG179\n" COST_ONE);
}

/* A line that failed says why with its errno, whatever the record of the attempt did to that. */
static void what_failed_outlasts_its_record(void **state)
{
    (void)state;
    key.found = BG_FC_GONE;
    scene.sayable = 1;
    assert_int_equal(login_key(&scene.L), BG_E_IO);
    assert_int_equal(errno, ESTALE);
    assert_int_equal(scene_count(BG_EV_ATTEMPT_FAILED), 1);
}

static void errors_of_this_host(void **state)
{
    char want[1024];

    (void)state;
    key.lock = BG_E_BUSY;
    assert_int_equal(login_key(&scene.L), BG_E_MISMATCH);
    assert_log("say BG142\n");
    begin(state);
    key.lock = BG_E_UNSAFE;
    assert_int_equal(login_key(&scene.L), BG_E_MISMATCH);
    assert_log("say BG153\n");
    begin(state);
    key.nodes = BG_E_NOENT;
    assert_int_equal(login_key(&scene.L), BG_E_MISMATCH);
    (void)strcpy(want, "say BG180\n");
    for (int i = 0; i < 60; i++) /* a quarter of a minute, and no longer */
        (void)strcat(want, "sleep 250\n");
    assert_log(strcat(want, "say BG134\n"));
    begin(state);
    key.plugged_after = 3;
    assert_int_equal(login_key(&scene.L), BG_OK);
    assert_log("say BG180\nsleep 250\nsleep 250\nsleep 250\n" TOUCH "counter\n");
    begin(state);
    key.find = BG_E_NOENT;
    assert_int_equal(login_key(&scene.L), BG_E_MISMATCH);
    assert_log("say BG153\n");
    begin(state);
    key.find = BG_E_HANGUP;
    assert_int_equal(login_key(&scene.L), BG_E_EOF);
    assert_log("");
}

/* A worker that dies or breaks the protocol has met a device that broke it; a person who goes away is told
 * nothing. */
static void errors_while_a_key_signs(void **state)
{
    const struct {
        enum bg_err r, want;
        const char *log;
    } rows[] = {
        {BG_E_EOF, BG_E_MISMATCH, TOUCH "say BG144\nrecord attempt.failed failed BG144\n" COST_ONE},
        {BG_E_PROTO, BG_E_MISMATCH, TOUCH "say BG144\nrecord attempt.failed failed BG144\n" COST_ONE},
        {BG_E_TIMEOUT, BG_E_MISMATCH, TOUCH "say BG145\nrecord attempt.failed failed BG145\n" COST_ONE},
        {BG_E_CRYPTO, BG_E_MISMATCH, TOUCH "say BG153\n"},
        {BG_E_HANGUP, BG_E_EOF, TOUCH},
        {BG_E_CANCEL, BG_E_CANCEL, TOUCH},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin(state);
        with_pin(BG_UV_REQUIRED);
        scene.answers = ANSWERS("246813");
        key.sign[0].r = rows[i].r;
        assert_int_equal(login_key(&scene.L), rows[i].want);
        assert_string_equal(strchr(scene.log, '\n') + 1, rows[i].log);
        assert_int_equal(end(state), 0);
    }
}

/* --- shares ------------------------------------------------------------------------------------------- */

#define BEGIN      "say BG168\n"
#define FIRST      "hide Words 1-20, hidden: \n"
#define SECOND     "hide Next card, words 1-20, hidden: \n"
#define WRONG      "record attempt.failed failed BG110\nsay BG110\nsay BG105\nsleep 1000\n"
#define OTHER_HOST "record attempt.failed failed BG224\nsay BG224\nsay BG105\nsleep 1000\n"

static void shares_that_open(void **state)
{
    (void)state;
    scene.answers = ANSWERS("one", "two");
    assert_int_equal(login_shares(&scene.L), BG_OK);
    assert_log(BEGIN FIRST "say BG221\n" SECOND);
}

static void sets_that_do_not_open(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++)
        typer.recover[i] = BG_E_MISMATCH;
    scene.answers = ANSWERS("two", "two", "two", "two");
    assert_int_equal(login_shares(&scene.L), BG_E_MISMATCH);
    assert_log(BEGIN FIRST WRONG FIRST WRONG FIRST WRONG);
    assert_int_equal(typer.recovers, scene.L.policy.attempts);
    begin(state);
    typer.recover[0] = BG_E_MISMATCH;
    scene.answers = ANSWERS("two", "two");
    assert_int_equal(login_shares(&scene.L), BG_OK);
}

/* Cards that fit together on a host that is no longer the one they were made for: the cause is named each
 * time, before the delay, and last. */
static void a_set_of_another_host(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++)
        typer.recover[i] = BG_E_NOENT;
    scene.answers = ANSWERS("two", "two", "two", "two");
    assert_int_equal(login_shares(&scene.L), BG_E_MISMATCH);
    assert_log(BEGIN FIRST OTHER_HOST FIRST OTHER_HOST FIRST "record attempt.failed failed BG224\n");
    assert_ptr_equal(scene.L.cause, BG_M_SHARES_HOST);
    assert_non_null(strstr(scene.L.last, "another machine-id or name"));
    begin(state);
    scene.L.host.fault = "/etc/machine-id is empty";
    for (int i = 0; i < 8; i++)
        typer.recover[i] = BG_E_NOENT;
    scene.answers = ANSWERS("two", "two", "two", "two");
    assert_int_equal(login_shares(&scene.L), BG_E_MISMATCH);
    assert_non_null(strstr(scene.L.last, "/etc/machine-id is empty"));
}

/* Others are being judged: this one waits, is told every 20 s, and is judged after them and after the delay.
 */
static void sets_are_judged_one_after_the_other(void **state)
{
    (void)state;
    scene.L.policy.delay_console = 3;
    scene.busy[false] = 2;
    scene.failures = 2;
    scene.answers = ANSWERS("two");
    assert_int_equal(login_shares(&scene.L), BG_OK);
    assert_log(BEGIN FIRST "say BG161\nsleep 100\nsleep 100\nsay BG105\nsleep 2000\n");
    assert_said("at most 10 seconds");
    begin(state);
    scene.busy[false] = 299;
    scene.L.source = BG_SOURCE_NETWORK;
    scene.answers = ANSWERS("two");
    assert_int_equal(login_shares(&scene.L), BG_OK);
    assert_said("at most 30 seconds");
    assert_said("at most 10 seconds");
    assert_int_equal(scene.busy[false], 0);
}

/* No lock-out: after the bound the late line, which moves by one a second, and after that the door itself. */
static void who_waits_too_long_is_judged_all_the_same(void **state)
{
    const char *last = "sleep 100\nsleep 1000\n";

    (void)state;
    scene.L.policy.delay_console = 3;
    scene.busy[false] = 1000;
    scene.busy[true] = 1;
    scene.answers = ANSWERS("two");
    assert_int_equal(login_shares(&scene.L), BG_OK);
    assert_int_equal(scene.busy[false], 900); /* 10 s at a console */
    assert_string_equal(scene.log + strlen(scene.log) - strlen(last), last);
    begin(state);
    scene.L.policy.delay_console = 3;
    scene.busy[false] = scene.busy[true] = 1000;
    scene.answers = ANSWERS("two");
    assert_int_equal(login_shares(&scene.L), BG_OK);
    assert_int_equal(scene.busy[true], 900);
    assert_int_equal(typer.recovers, 1);
}

/* A set whose owner has gone is not judged. */
static void who_leaves_the_line_is_not_judged(void **state)
{
    (void)state;
    scene.busy[false] = 5;
    scene.pauses = 3;
    scene.answers = ANSWERS("two");
    assert_int_equal(login_shares(&scene.L), BG_E_EOF);
    assert_int_equal(typer.recovers, 0);
    assert_int_equal(typer.wipes, 1);
    begin(state);
    scene.failures = 3;
    scene.pauses = 1;
    scene.answers = ANSWERS("two");
    assert_int_equal(login_shares(&scene.L), BG_E_EOF);
    assert_int_equal(typer.recovers, 0);
}

/* What went wrong besides a wrong set ends the factor. */
static void a_library_that_fails(void **state)
{
    (void)state;
    typer.recover[0] = BG_E_CRYPTO;
    scene.answers = ANSWERS("two", "two");
    assert_int_equal(login_shares(&scene.L), BG_E_CRYPTO);
    assert_int_equal(typer.recovers, 1);
}

static void foreign_shares_are_on_record_and_slips_are_not(void **state)
{
    static const char *many[40];

    (void)state;
    scene.answers = ANSWERS("slip", "foreign", "two");
    assert_int_equal(login_shares(&scene.L), BG_OK);
    assert_log(BEGIN FIRST "say BG204\nhide Word 3 only: \nrecord share.refused failed BG215\nsay BG215\n"
                           "hide Word 3 only: \n");
    begin(state);
    for (int i = 0; i < 38; i++)
        many[i] = "foreign";
    many[38] = "two";
    scene.answers = many;
    assert_int_equal(login_shares(&scene.L), BG_OK);
    assert_int_equal(scene_count(BG_EV_SHARE_REFUSED), 20);
}

static void leaving_the_shares(void **state)
{
    (void)state;
    scene.answers = ANSWERS("one", "q");
    assert_int_equal(login_shares(&scene.L), BG_E_CANCEL);
    begin(state);
    scene.answers = ANSWERS("", "", "slip", "", "", "", "two");
    assert_int_equal(login_shares(&scene.L), BG_E_CANCEL); /* three empty lines, one after the other */
    begin(state);
    scene.answers = ANSWERS("one", hang_up);
    assert_int_equal(login_shares(&scene.L), BG_E_EOF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_touch_opens, begin, end),
        cmocka_unit_test_setup_teardown(a_pin_is_asked_for_and_wiped, begin, end),
        cmocka_unit_test_setup_teardown(another_key_wants_its_own_pin, begin, end),
        cmocka_unit_test_setup_teardown(a_key_that_tells_no_tries, begin, end),
        cmocka_unit_test_setup_teardown(pins_have_an_end, begin, end),
        cmocka_unit_test_setup_teardown(no_pin_goes_back, begin, end),
        cmocka_unit_test_setup_teardown(a_pin_that_no_key_can_have, begin, end),
        cmocka_unit_test_setup_teardown(the_last_tries_need_a_clear_word, begin, end),
        cmocka_unit_test_setup_teardown(user_verification, begin, end),
        cmocka_unit_test_setup_teardown(an_undecided_key, begin, end),
        cmocka_unit_test_setup_teardown(a_key_that_wants_its_pin_after_all, begin, end),
        cmocka_unit_test_setup_teardown(a_counter_that_went_back, begin, end),
        cmocka_unit_test_setup_teardown(answers_that_prove_nothing, begin, end),
        cmocka_unit_test_setup_teardown(codes_of_the_worker, begin, end),
        cmocka_unit_test_setup_teardown(a_pin_that_must_be_changed, begin, end),
        cmocka_unit_test_setup_teardown(exchanged_before_its_pin_was_changed, begin, end),
        cmocka_unit_test_setup_teardown(no_pin_before_it_was_plugged_in_again, begin, end),
        cmocka_unit_test_setup_teardown(the_second_of_two_keys, begin, end),
        cmocka_unit_test_setup_teardown(what_failed_outlasts_its_record, begin, end),
        cmocka_unit_test_setup_teardown(errors_of_this_host, begin, end),
        cmocka_unit_test_setup_teardown(errors_while_a_key_signs, begin, end),
        cmocka_unit_test_setup_teardown(shares_that_open, begin, end),
        cmocka_unit_test_setup_teardown(sets_that_do_not_open, begin, end),
        cmocka_unit_test_setup_teardown(a_set_of_another_host, begin, end),
        cmocka_unit_test_setup_teardown(sets_are_judged_one_after_the_other, begin, end),
        cmocka_unit_test_setup_teardown(who_waits_too_long_is_judged_all_the_same, begin, end),
        cmocka_unit_test_setup_teardown(who_leaves_the_line_is_not_judged, begin, end),
        cmocka_unit_test_setup_teardown(a_library_that_fails, begin, end),
        cmocka_unit_test_setup_teardown(foreign_shares_are_on_record_and_slips_are_not, begin, end),
        cmocka_unit_test_setup_teardown(leaving_the_shares, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
