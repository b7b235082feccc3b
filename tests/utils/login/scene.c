/* SPDX-License-Identifier: ISC */
#include "scene.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/secret.h"

const char hang_up[] = "(hangs up)", no_answer[] = "(gives no answer)", too_long[] = "(too long)",
           time_out[] = "(is too late)", fails[] = "(fails)";
struct scene scene;
static char arena[65536];
static size_t used;

void scene_note(const char *format, ...)
{
    size_t at = strlen(scene.log);
    va_list args;

    va_start(args, format);
    (void)vsnprintf(scene.log + at, sizeof scene.log - at, format, args);
    va_end(args);
}

void scene_secret(const void *p)
{
    assert_int_equal(scene.secrets, 0); /* the one before was wiped */
    scene.secret[scene.secrets++] = p;
}

static enum bg_err say(struct talk *t, enum bg_style style, const char *text)
{
    size_t at = strlen(scene.text);
    char flat[BG_TEXT_MAX];

    (void)t;
    assert_true(style == BG_STYLE_INFO || style == BG_STYLE_ERROR);
    if (scene.plain != NULL && strncmp(text, scene.plain, strlen(scene.plain)) == 0) {
        scene_note("text %s\n", text);
        return BG_OK;
    }
    const char *number = strrchr(text, '(');

    assert_non_null(number); /* behind its sentence */
    (void)snprintf(flat, sizeof flat, "%s\n", text);
    for (char *c = flat; *c != '\0' && c[1] != '\0'; c++)
        if (*c == '\n') /* where lines break is none of a test's business */
            *c = ' ';
    (void)snprintf(scene.text + at, sizeof scene.text - at, "%s", flat);
    scene_note("say %.*s\n", (int)strcspn(number + 1, ")"), number + 1);
    if (scene.sayable > 0 && --scene.sayable == 0) {
        errno = ESTALE;
        return BG_E_IO;
    }
    return BG_OK;
}

static void assert_nothing_is_held(void)
{
    assert_false(scene.key_open);
    assert_true(scene.key_lock == 0 || fcntl(scene.key_lock, F_GETFD) < 0);
}

static enum bg_err ask(struct talk *t, enum bg_style style, const char *prompt, struct bg_answer *a)
{
    const char *answer = *scene.answers;

    (void)t;
    assert_true(style == BG_STYLE_ECHO_ON || style == BG_STYLE_ECHO_OFF);
    assert_nothing_is_held();
    scene_note("%s %s\n", style == BG_STYLE_ECHO_ON ? "show" : "hide", prompt);
    if (answer == NULL || answer == hang_up)
        return BG_E_EOF;
    scene.answers++;
    if (answer == no_answer)
        return BG_E_CANCEL;
    if (answer == too_long)
        return BG_E_RANGE;
    if (answer == time_out)
        return BG_E_TIMEOUT;
    if (answer == fails) {
        errno = ESTALE;
        return BG_E_IO;
    }
    scene_secret(a->text); /* shown or not: a secret may be typed where it was not asked for */
    a->state = BG_ANSWER_GIVEN;
    a->len = strlen(answer);
    assert_true(a->len < sizeof a->text);
    memcpy(a->text, answer, a->len + 1);
    return BG_OK;
}

static const char *copy(const char *s)
{
    char *at = arena + used;

    if (s == NULL)
        return NULL;
    assert_true(used + strlen(s) + 1 <= sizeof arena);
    used += strlen(s) + 1;
    return strcpy(at, s);
}

void scene_begin(const char *const *answers)
{
    struct login *L = &scene.L;

    memset(&scene, 0, sizeof scene);
    used = 0;
    scene.answers = answers;
    L->talk = (struct talk){.say = say, .ask = ask, .watch = -1, .fd = -1, .deadline = bg_deadline(900000)};
    bg_policy_defaults(&L->policy);
    L->policy.sinks.n = 0;
    (void)strcpy(L->hello.user, "bg1");
    (void)strcpy(L->hello.service, "login");
    (void)strcpy(L->hello.tty, "/dev/tty1");
    L->hello.phase = BG_PHASE_AUTH;
    L->hello.host_pid = 4711;
    L->source = BG_SOURCE_CONSOLE;
    L->recorded = BG_RECORDED_JOURNAL;
    L->match = BG_OURS;
    L->account = (struct bg_account){.name = "bg1"};
    L->credential.enabled = true;
    L->credential.key = scene.key;
    L->credential.ssh = scene.ssh;
    L->credential.has_shares = true;
    (void)strcpy(L->credential.shares.words, "acid academic");
    (void)strcpy(L->credential.shares.label, "AMBER 42");
    (void)strcpy(L->hostname, "web01");
}

const struct bg_event *scene_event(enum bg_event_type type)
{
    for (unsigned i = scene.events; i > 0; i--)
        if (scene.event[i - 1].type == type)
            return &scene.event[i - 1];
    fail_msg("not on record: %s", bg_event_kind(type)->type);
    return NULL;
}

unsigned scene_count(enum bg_event_type type)
{
    unsigned n = 0;

    for (unsigned i = 0; i < scene.events; i++)
        n += scene.event[i].type == type;
    return n;
}

/* --- what the rest of the program would do ---------------------------------------------------- */

void __wrap_watch_start(const struct login *L);
void __wrap_watch_start(const struct login *L)
{
    assert_ptr_equal(L, &scene.L);
    scene.watches++;
}

const char *__wrap_recording_missing(const char *use, bool at_terminal, uid_t uid);
const char *__wrap_recording_missing(const char *use, bool at_terminal, uid_t uid)
{
    assert_string_equal(use, scene.L.hello.use);
    assert_int_equal(at_terminal, strcmp(scene.L.hello.service, "login") == 0);
    assert_int_equal(uid, scene.L.account.uid);
    return scene.missing != NULL ? scene.missing : "";
}

/* --- what lib would do ------------------------------------------------------------------------ */

enum bg_err __wrap_bg_record(struct bg_recorder *rec, const struct bg_event *e, enum bg_recorded *where,
                             struct bg_position *at);
enum bg_err __wrap_bg_record(struct bg_recorder *rec, const struct bg_event *e, enum bg_recorded *where,
                             struct bg_position *at)
{
    struct bg_event *kept = &scene.event[scene.events];
    const char *type = bg_event_kind(e->type)->type + sizeof BG_EVENT_TYPE - 1;

    (void)rec;
    assert_true(scene.events < SCENE_EVENTS);
    *kept = *e;
    kept->account = copy(e->account);
    kept->use = copy(e->use);
    kept->message = copy(e->message);
    kept->detail = copy(e->detail);
    kept->source = copy(e->source);
    kept->factor = copy(e->factor);
    kept->key = copy(e->key);
    kept->claimed = copy(e->claimed);
    kept->reason = copy(e->reason);
    kept->ticket = copy(e->ticket);
    kept->drill = copy(e->drill);
    scene.events++;
    scene_note("record %.*s%s%s%s\n", (int)(strlen(type) - strlen(".v1")), type, e->success ? "" : " failed",
               e->detail != NULL ? " " : "", e->detail != NULL ? e->detail : "");
    errno = ENOTTY; /* as it may be after any number of system calls */
    *where = scene.where[e->type] != 0 ? scene.where[e->type] : BG_RECORDED_JOURNAL;
    if (e->unproven && scene.spent)
        *where = BG_RECORDED_COUNTED;
    memset(at, 0, sizeof *at);
    if (*where == BG_RECORDED_JOURNAL || *where == BG_RECORDED_RUN)
        at->sequence = scene.events;
    return *where == BG_RECORDED_NOWHERE ? BG_E_IO : BG_OK;
}

unsigned __wrap_bg_sessions_end(struct bg_recorder *rec, const char *account, uid_t uid,
                                struct bg_position *at);
unsigned __wrap_bg_sessions_end(struct bg_recorder *rec, const char *account, uid_t uid,
                                struct bg_position *at)
{
    assert_int_equal(uid, scene.L.account.uid);
    assert_ptr_equal(rec, &scene.L.rec);
    assert_string_equal(account, "bg1");
    assert_null(at);
    scene.looks_back++;
    scene.look_back_ms = rec->timeout_ms;
    return 0;
}

enum bg_err __wrap_bg_bell_ring(const char *program);
enum bg_err __wrap_bg_bell_ring(const char *program)
{
    assert_int_equal(program != NULL, BG_WITH_ALERT);
    scene.rings++;
    return BG_OK;
}

bool __wrap_bg_bell_acked(const char *name, const struct bg_position *at);
bool __wrap_bg_bell_acked(const char *name, const struct bg_position *at)
{
    return scene.acked_by != NULL && strcmp(name, scene.acked_by) == 0 && at->sequence >= scene.acked_from &&
           at->sequence <= scene.acked_to && at->sequence > 0;
}

void __wrap_bg_state_failures(const char *dir, const char *fallback_dir, const char *account,
                              enum bg_source s, unsigned *count, int64_t *since_ms);
void __wrap_bg_state_failures(const char *dir, const char *fallback_dir, const char *account,
                              enum bg_source s, unsigned *count, int64_t *since_ms)
{
    assert_null(dir);
    assert_null(fallback_dir);
    assert_string_equal(account, "bg1");
    assert_int_equal(s, scene.L.source);
    *count = scene.failures;
    *since_ms = scene.since_ms;
}

/* One token at most, in the scene: see scene.h. */
enum bg_err __wrap_bg_grant_put(const struct bg_grant_places *at, const char *account, const char *use,
                                int64_t host_pid);
enum bg_err __wrap_bg_grant_put(const struct bg_grant_places *at, const char *account, const char *use,
                                int64_t host_pid)
{
    assert_null(at);
    assert_string_equal(account, "bg1");
    assert_string_equal(use, scene.L.use);
    assert_int_equal(host_pid, scene.L.hello.host_pid);
    if (scene.no_tokens)
        return BG_E_IO;
    scene.token = scene.L.use;
    return BG_OK;
}

enum bg_err __wrap_bg_grant_check(const struct bg_grant_places *at, const char *account, const char *use,
                                  int64_t caller);
enum bg_err __wrap_bg_grant_check(const struct bg_grant_places *at, const char *account, const char *use,
                                  int64_t caller)
{
    assert_null(at);
    assert_string_equal(account, "bg1");
    assert_int_equal(caller, scene.L.hello.host_pid);
    return scene.token != NULL && strcmp(use, scene.token) == 0 ? BG_OK : BG_E_NOENT;
}

enum bg_err __wrap_bg_grant_take(const struct bg_grant_places *at, const char *account, const char *use,
                                 int64_t caller);
enum bg_err __wrap_bg_grant_take(const struct bg_grant_places *at, const char *account, const char *use,
                                 int64_t caller)
{
    enum bg_err r = __wrap_bg_grant_check(at, account, use, caller);

    if (r == BG_OK)
        scene.token = NULL;
    return r;
}

void __wrap_bg_grant_drop(const struct bg_grant_places *at, const char *use);
void __wrap_bg_grant_drop(const struct bg_grant_places *at, const char *use)
{
    assert_null(at);
    if (scene.token != NULL && strcmp(use, scene.token) == 0)
        scene.token = NULL;
}

bool __wrap_bg_state_active(const char *dir, const char *fallback_dir, const char *account,
                            char use[BG_ULID_LEN + 1]);
bool __wrap_bg_state_active(const char *dir, const char *fallback_dir, const char *account,
                            char use[BG_ULID_LEN + 1])
{
    assert_null(dir);
    assert_null(fallback_dir);
    assert_string_equal(account, "bg1");
    use[0] = '\0';
    return scene.active;
}

/* A window that is open at the first look alone. */
static bool drilled(struct bg_drilled *out)
{
    memset(out, 0, sizeof *out);
    if (scene.drills++ > 0 || scene.drill == NULL)
        return false;
    memcpy(out->id, SCENE_DRILL, sizeof out->id);
    (void)snprintf(out->by, sizeof out->by, "%s", scene.drill);
    out->until_ms = INT64_C(1764234000000);
    return true;
}

bool __wrap_bg_drilled_at(const char *dir, const char *fallback_dir, const char *account, int64_t wall_ms,
                          struct bg_drilled *out);
bool __wrap_bg_drilled_at(const char *dir, const char *fallback_dir, const char *account, int64_t wall_ms,
                          struct bg_drilled *out)
{
    assert_true(dir == NULL && fallback_dir == NULL && wall_ms > 0);
    assert_string_equal(account, "bg1");
    return drilled(out);
}

bool __wrap_bg_drilled_use(const char *dir, const char *fallback_dir, const char *account, const char *use,
                           struct bg_drilled *out);
bool __wrap_bg_drilled_use(const char *dir, const char *fallback_dir, const char *account, const char *use,
                           struct bg_drilled *out)
{
    assert_true(dir == NULL && fallback_dir == NULL);
    assert_string_equal(account, "bg1");
    assert_string_equal(use, scene.L.hello.use);
    return drilled(out);
}

enum bg_err __wrap_bg_seen_check(const struct bg_account *a, int64_t ms, struct bg_seen *out);
enum bg_err __wrap_bg_seen_check(const struct bg_account *a, int64_t ms, struct bg_seen *out)
{
    const char *how = scene.asked < 8 ? scene.seen[scene.asked] : NULL;

    assert_string_equal(a->name, "bg1");
    assert_in_range(ms, 1, 1000);
    scene.asked++;
    if (scene.seen_by != BG_OK || how == NULL)
        return scene.seen_by;
    out->rights = how[0] == '!';
    (void)strcpy(out->how, how + out->rights);
    return BG_E_MISMATCH;
}

enum bg_err __wrap_bg_credential_load(const char *dir, const char *account, struct bg_credential *c,
                                      struct bg_ini_error *e);
enum bg_err __wrap_bg_credential_load(const char *dir, const char *account, struct bg_credential *c,
                                      struct bg_ini_error *e)
{
    (void)dir;
    assert_string_equal(account, "bg1");
    memset(e, 0, sizeof *e);
    if (scene.now_state == BG_OK)
        *c = scene.now != NULL ? *scene.now : scene.L.credential;
    return scene.now_state;
}

bool __wrap_bg_seen_forget(int64_t ms);
bool __wrap_bg_seen_forget(int64_t ms)
{
    assert_in_range(ms, 1, 1000);
    scene_note("forget\n");
    return scene.forgets;
}

enum bg_err __wrap_bg_line_try(const char *dir, const char *fallback_dir, const char *account,
                               enum bg_source s, bool late, int *lock);
enum bg_err __wrap_bg_line_try(const char *dir, const char *fallback_dir, const char *account,
                               enum bg_source s, bool late, int *lock)
{
    assert_null(dir);
    assert_null(fallback_dir);
    assert_string_equal(account, "bg1");
    assert_int_equal(s, scene.L.source);
    *lock = -1;
    if (scene.busy[late] == 0)
        return BG_OK;
    scene.busy[late]--;
    return BG_E_BUSY;
}

void __wrap_counts_start(void);
void __wrap_counts_start(void)
{
    scene.counters++;
}

enum bg_err __wrap_login_pause(struct login *L, int64_t ms);
enum bg_err __wrap_login_pause(struct login *L, int64_t ms)
{
    assert_ptr_equal(L, &scene.L);
    assert_nothing_is_held();
    scene_note("sleep %lld\n", (long long)ms);
    return scene.pauses > 0 && --scene.pauses == 0 ? BG_E_EOF : BG_OK;
}

void __real_bg_wipe(void *p, size_t n);
void __wrap_bg_wipe(void *p, size_t n);
void __wrap_bg_wipe(void *p, size_t n)
{
    unsigned left = 0;

    for (unsigned i = 0; i < scene.secrets; i++)
        if ((uintptr_t)scene.secret[i] < (uintptr_t)p || (uintptr_t)scene.secret[i] >= (uintptr_t)p + n)
            scene.secret[left++] = scene.secret[i];
    scene.secrets = left;
    __real_bg_wipe(p, n);
}
