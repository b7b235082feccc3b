/* SPDX-License-Identifier: ISC */
/* The three kinds of phases from first word to verdict, with a person who answers from a list. */
#include "scene.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "config/sshdconf.h"
#include "login/login.h"

#define NAME   "Ada Lovelace"
#define REASON "LDAP does not answer"

/* The factors themselves are tested in factors.c: here they say what the test wants, one answer a call. */
static enum bg_err key_says, shares_say;

enum bg_err __wrap_login_key(struct login *L);
enum bg_err __wrap_login_key(struct login *L)
{
    scene_note("key\n");
    if (key_says == BG_OK) {
        (void)strcpy(L->key, "blue");
        bg_bits_add(&L->keys_shown, 0);
    }
    L->key_counter = 7;
    return key_says;
}

enum bg_err __wrap_login_shares(struct login *L);
enum bg_err __wrap_login_shares(struct login *L)
{
    (void)L;
    scene_note("shares\n");
    return shares_say;
}

static unsigned grace;  /* what sshd_config says */
static bool disk_hangs; /* under a file that it includes */

unsigned __wrap_bg_sshd_grace(const char *path);
unsigned __wrap_bg_sshd_grace(const char *path)
{
    (void)path;
    while (disk_hangs)
        (void)pause();
    return grace;
}

bool __wrap_bg_sshd_excludes(const char *path, const struct bg_sshd_user *u, bool uid0,
                             struct bg_sshd_rule *out);
bool __wrap_bg_sshd_excludes(const char *path, const struct bg_sshd_user *u, bool uid0,
                             struct bg_sshd_rule *out)
{
    (void)path;
    (void)uid0;
    assert_string_equal(u->name, "bg1");
    while (disk_hangs)
        (void)pause();
    *out = (struct bg_sshd_rule){.key = "DenyUsers", .file = "/etc/ssh/sshd_config", .number = 7};
    return true;
}

static int begin(void **state)
{
    static const char *const honest[] = {"", NAME, REASON, NULL};

    (void)state;
    key_says = shares_say = BG_OK;
    grace = 0;
    disk_hangs = false;
    scene_begin(honest);
    return 0;
}

static void add_key(enum bg_require require)
{
    scene.L.credential.key_count = 1;
    scene.L.credential.require = require;
}

static void add_sink(enum bg_sink_type type, const char *events)
{
    struct bg_sink *s = &scene.L.policy.sinks.sink[scene.L.policy.sinks.n++];

    (void)strcpy(s->name, type == BG_SINK_SYSLOG ? "log" : "pager");
    (void)strcpy(s->url, "https://pager.example/hook");
    (void)strcpy(s->events, events);
    s->type = type;
}

#define ASK_SHARES   "say BG166\nshow Press Enter to type cards, ? for help, q to leave: \n"
#define AGAIN_SHARES "show Press Enter to type cards, ? for help, q to leave: \n"
#define ASK_ANY      "say BG166\nshow Enter = security key, c = cards, ? = help, q = leave: \n"
#define AGAIN_ANY    "show Enter = security key, c = cards, ? = help, q = leave: \n"
#define KEY_AGAIN    "show Enter = try the key again, c = cards, ? = help, q = leave: \n"
#define ASK_BOTH     "say BG166\nshow Press Enter to use the security key, ? for help, q to leave: \n"
#define STARTED      "record attempt.started BG125\n"
#define WHO_AND_WHY  "show Your full name: \nshow What is broken, what will you do? \n"
#define UP_TO_REASON "say BG101\n" ASK_SHARES STARTED "shares\nrecord auth.succeeded\nsay BG112\n" WHO_AND_WHY

static void assert_denied(const char *log)
{
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_DENY);
    assert_log(log);
}

/* --- the auth phase ---------------------------------------------------------------------------- */

static void shares_open(void **state)
{
    const struct bg_event *e;

    (void)state;
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    assert_log(UP_TO_REASON "record use.granted\nsay BG119\nsay BG233\n");
    e = scene_event(BG_EV_USE_GRANTED);
    assert_string_equal(e->claimed, NAME);
    assert_string_equal(e->reason, REASON);
    assert_null(e->ticket);
    assert_null(e->key);
    assert_string_equal(e->factor, "shares");
    assert_string_equal(e->account, "bg1");
    assert_string_equal(e->source, "console");
    assert_int_equal(e->host_pid, 4711);
    assert_int_equal(strlen(e->use), BG_ULID_LEN);
    assert_string_equal(e->use, scene_event(BG_EV_AUTH_SUCCEEDED)->use);
    assert_string_equal(e->use, scene.L.use);
    assert_said(e->use);
}

/* It is decided when the dialogue begins: the window of this scene is gone at the second look. */
static void a_drill_marks_all_of_a_use(void **state)
{
    (void)state;
    scene.drill = "Grace Hopper";
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    assert_log("say BG101\nsay BG1130\n" ASK_SHARES STARTED
               "shares\nrecord auth.succeeded\nsay BG112\n" WHO_AND_WHY
               "record use.granted\nsay BG119\nsay BG233\n");
    assert_said("This is a drill: Grace Hopper announced it, until 2025-11-27T09:00:00Z.");
    assert_int_equal(scene.drills, 1);
    for (unsigned i = 0; i < scene.events; i++)
        assert_string_equal(scene.event[i].drill, SCENE_DRILL);
}

static void a_try_that_fails_in_a_drill_is_marked(void **state)
{
    (void)state;
    scene.drill = "Grace Hopper";
    scene.L.credential.enabled = false;
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_DENY);
    assert_string_equal(scene_event(BG_EV_ATTEMPT_FAILED)->drill, SCENE_DRILL);
}

static void without_a_drill_nothing_is_marked(void **state)
{
    (void)state;
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    for (unsigned i = 0; i < scene.events; i++)
        assert_null(scene.event[i].drill);
    scene.L.match = BG_OURS_DAMAGED; /* a name of a damaged line is asked of nobody */
    scene.drills = 0;
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_DENY);
    assert_int_equal(scene.drills, 0);
}

/* Who announced it hears that it will not pass; case and blanks make no other person. */
static void the_announcer_is_told(void **state)
{
    (void)state;
    scene.drill = "ada  LOVELACE";
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    assert_log("say BG101\nsay BG1130\n" ASK_SHARES STARTED
               "shares\nrecord auth.succeeded\nsay BG112\n" WHO_AND_WHY
               "record use.granted BG1131\nsay BG119\nsay BG233\nsay BG1131\n");
    assert_string_equal(scene_event(BG_EV_USE_GRANTED)->drill, SCENE_DRILL);
}

static void a_key_opens(void **state)
{
    (void)state;
    if (!BG_WITH_FIDO)
        skip();
    add_key(BG_REQUIRE_ANY);
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    assert_log("say BG101\n" ASK_ANY STARTED "key\nrecord auth.succeeded\nsay BG156\n" WHO_AND_WHY
               "record use.granted\nsay BG119\nsay BG233\n");
    assert_string_equal(scene_event(BG_EV_AUTH_SUCCEEDED)->key, "blue");
    assert_int_equal(scene_event(BG_EV_AUTH_SUCCEEDED)->key_counter, 7);
    assert_string_equal(scene_event(BG_EV_USE_GRANTED)->factor, "key");
    assert_string_equal(scene_event(BG_EV_USE_GRANTED)->key, "blue");
}

/* Whoever holds a key and is at the wrong place for it is told, and nobody else. */
static void what_is_only_elsewhere(void **state)
{
    (void)state;
    if (!BG_WITH_FIDO)
        skip();
    add_key(BG_REQUIRE_ANY);
    scene.L.source = BG_SOURCE_LOCAL;
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    assert_log("say BG101\nsay BG186\n" ASK_SHARES STARTED
               "shares\nrecord auth.succeeded\nsay BG112\n" WHO_AND_WHY
               "record use.granted\nsay BG119\nsay BG233\n");
    assert_said("From here only cards can be used. Elsewhere: at a console with a key or cards.");
}

/* Nobody is asked anything where nothing opens the account; the way that is open is named. */
static void a_panic_room(void **state)
{
    (void)state;
    (void)strcpy(scene.L.credential.from, "console");
    scene.L.source = BG_SOURCE_NETWORK;
    assert_denied("record attempt.failed failed BG185\nsay BG185\n");
    assert_said("bg1 cannot be opened from here, only at a console with cards.");
    assert_string_equal(scene_event(BG_EV_ATTEMPT_FAILED)->source, "network");
    scene_begin(ANSWERS(""));
    scene.L.credential.open = BG_OPEN_ARMED;
    assert_denied("record attempt.failed failed BG187\nsay BG187\n");
}

/* A build without keys says so, and the shares of such an account open. */
static void a_key_that_this_build_cannot_use(void **state)
{
    (void)state;
    if (BG_WITH_FIDO)
        skip();
    add_key(BG_REQUIRE_ANY);
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    assert_log("say BG101\nsay BG651\n" ASK_SHARES STARTED
               "shares\nrecord auth.succeeded\nsay BG112\n" WHO_AND_WHY
               "record use.granted\nsay BG119\nsay BG233\n");
    begin(state);
    add_key(BG_REQUIRE_BOTH);
    assert_denied("record attempt.failed failed BG650\nsay BG650\n");
}

static void shares_after_a_key_that_failed(void **state)
{
    (void)state;
    if (!BG_WITH_FIDO)
        skip();
    add_key(BG_REQUIRE_ANY);
    key_says = BG_E_MISMATCH;
    scene.answers = ANSWERS("x", "", "", "s", NAME, REASON);
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    assert_log("say BG101\n" ASK_ANY "say BG132\n" AGAIN_ANY STARTED "key\n" KEY_AGAIN "key\n" KEY_AGAIN
               "shares\nrecord auth.succeeded\nsay BG112\n" WHO_AND_WHY
               "record use.granted\nsay BG119\nsay BG233\n");
    assert_string_equal(scene_event(BG_EV_USE_GRANTED)->factor, "shares");
}

static void both_are_required(void **state)
{
    (void)state;
    if (!BG_WITH_FIDO)
        skip();
    add_key(BG_REQUIRE_BOTH);
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    assert_log("say BG101\n" ASK_BOTH STARTED
               "key\nsay BG157\nshares\nrecord auth.succeeded\nsay BG159\n" WHO_AND_WHY
               "record use.granted\nsay BG119\nsay BG233\n");
    assert_string_equal(scene_event(BG_EV_AUTH_SUCCEEDED)->factor, "key+shares");
}

static void a_key_alone_where_both_are_required(void **state)
{
    (void)state;
    if (!BG_WITH_FIDO)
        skip();
    add_key(BG_REQUIRE_BOTH);
    shares_say = BG_E_MISMATCH;
    assert_denied("say BG101\n" ASK_BOTH STARTED "key\nsay BG157\nshares\nsay BG111\n");
    assert_int_equal(scene_count(BG_EV_AUTH_SUCCEEDED), 0);
}

static void wrong_shares(void **state)
{
    (void)state;
    shares_say = BG_E_MISMATCH;
    assert_denied("say BG101\n" ASK_SHARES STARTED "shares\nsay BG111\n");
}

/* A key that never opens ends the dialogue too. */
static void keys_without_end(void **state)
{
    static const char *enter[64];

    (void)state;
    if (!BG_WITH_FIDO)
        skip();
    for (int i = 0; i < 63; i++)
        enter[i] = "";
    add_key(BG_REQUIRE_KEY);
    key_says = BG_E_MISMATCH;
    scene.answers = enter;
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_DENY);
    assert_said("BG111");
}

static void refusals(void **state)
{
    (void)state;
    scene.L.credential.enabled = false;
    assert_denied("record attempt.failed failed BG109\nsay BG109\n");
    scene_begin(ANSWERS(""));
    scene.L.credential_state = BG_E_UNSAFE;
    assert_denied("record attempt.failed failed BG108\nsay BG108\n");
    assert_said(bg_strerror(BG_E_UNSAFE));
    scene_begin(ANSWERS(""));
    scene.L.credential_state = BG_E_IO;
    scene.L.credential_errno = ESTALE; /* whatever failed since */
    assert_denied("record attempt.failed failed BG108\nsay BG108\n");
    assert_said("Stale file handle");
    scene_begin(ANSWERS(""));
    scene.L.match = BG_OURS_DAMAGED;
    assert_denied("record attempt.failed failed BG106\nsay BG106\n");
    scene_begin(ANSWERS(""));
    add_key(BG_REQUIRE_KEY);
    scene.L.source = BG_SOURCE_LOCAL;
    assert_denied(BG_WITH_FIDO ? "record attempt.failed failed BG131\nsay BG131\n"
                               : "record attempt.failed failed BG650\nsay BG650\n");
    assert_string_equal(scene_event(BG_EV_ATTEMPT_FAILED)->source, "local");
}

/* --- what must be on record before what --------------------------------------------------------- */

static void an_unrecorded_factor_asks_nothing_more(void **state)
{
    (void)state;
    scene.L.policy.unrecorded = BG_UNRECORDED_NEVER;
    scene.where[BG_EV_AUTH_SUCCEEDED] = BG_RECORDED_NOWHERE;
    assert_denied("say BG101\n" ASK_SHARES STARTED
                  "shares\nrecord auth.succeeded\nrecord attempt.failed failed BG117\nsay BG117\n");
}

static void an_unrecorded_grant_is_none(void **state)
{
    (void)state;
    scene.L.policy.unrecorded = BG_UNRECORDED_NEVER;
    scene.where[BG_EV_USE_GRANTED] = BG_RECORDED_NOWHERE;
    assert_denied(UP_TO_REASON "record use.granted\nrecord attempt.failed failed BG117\nsay BG117\n");
    assert_unsaid("BG119");
    begin(state);
    scene.L.source = BG_SOURCE_NETWORK; /* the default lets it pass at a console only */
    scene.where[BG_EV_USE_GRANTED] = BG_RECORDED_NOWHERE;
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_DENY);
    begin(state);
    scene.where[BG_EV_USE_GRANTED] = BG_RECORDED_NOWHERE;
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    assert_said("The journal could not be written; this use is on record in: nowhere.");
}

/* No place takes the token: over ssh the person would see the grant and be thrown out. */
static void a_grant_without_a_token(void **state)
{
    (void)state;
    scene.no_tokens = true;
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    begin(state);
    scene.no_tokens = true;
    scene.L.source = BG_SOURCE_NETWORK;
    assert_denied(UP_TO_REASON "record attempt.failed failed BG160\nsay BG160\n");
    assert_unsaid("BG119");
}

static void what_came_to_nothing_leaves_no_token(void **state)
{
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    assert_non_null(scene.token);
    begin(state);
    scene.L.policy.unrecorded = BG_UNRECORDED_NEVER;
    scene.where[BG_EV_USE_GRANTED] = BG_RECORDED_NOWHERE;
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_DENY);
    assert_null(scene.token);
}

/* --- what the credentials file holds when all was typed --------------------------------------------- */

static struct bg_credential now;
static struct bg_key now_key[4];

static void take_what_there_is(void)
{
    now = scene.L.credential;
    memcpy(now_key, scene.key, sizeof now_key);
    now.key = now_key;
}

static void assert_gone(bool key)
{
    scene.now = &now;
    if (key && !BG_WITH_FIDO)
        return;
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_DENY);
    assert_string_equal(scene_event(BG_EV_ATTEMPT_FAILED)->detail, "BG950");
    assert_int_equal(scene_count(BG_EV_USE_GRANTED), 0);
    assert_null(scene.token);
    assert_said("(BG950)");
}

static void cards_of_a_set_that_was_replaced(void **state)
{
    take_what_there_is();
    now.shares.verifier[31] ^= 1;
    assert_gone(false);
    begin(state);
    take_what_there_is();
    now.shares.salt[0] ^= 1;
    assert_gone(false);
    begin(state);
    take_what_there_is();
    now.has_shares = false;
    assert_gone(false);
    begin(state); /* what else changes is none of its business */
    take_what_there_is();
    (void)strcpy(now.shares.label, "OTHER");
    scene.now = &now;
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
}

/* Before the first is shown: the other person may have to be called. */
static void two_keys_are_asked_for_at_the_start(void **state)
{
    (void)state;
    if (!BG_WITH_FIDO)
        skip();
    add_key(BG_REQUIRE_TWO_KEYS);
    scene.L.credential.key_count = 2;
    scene.answers = ANSWERS("q", "");
    (void)login_authenticate(&scene.L);
    assert_said("two security keys, of two people");
}

static void a_key_that_was_taken_away(void **state)
{
    (void)state;
    for (int what = 0; what < 5; what++) {
        begin(state);
        add_key(BG_REQUIRE_KEY);
        scene.L.credential.key[0].pub.type = BG_FIDO_ES256;
        take_what_there_is();
        now.key[0].suspended = what == 0;
        now.key[0].pub.bytes[63] ^= what == 1;
        now.key[0].id.len = what == 2;
        now.key[0].use = what == 3 ? BG_USE_TEXT : BG_USE_CONSOLE;
        now.key_count = what != 4;
        assert_gone(true);
    }
    begin(state);
    add_key(BG_REQUIRE_KEY);
    scene.L.credential.key[0].pub.type = BG_FIDO_ES256;
    take_what_there_is();
    now.key_count = 2; /* at another place in the file */
    now.key[1] = now.key[0];
    now.key[0].id.len = 7;
    scene.now = &now;
    assert_int_equal(login_authenticate(&scene.L), BG_WITH_FIDO ? BG_VERDICT_ALLOW : BG_VERDICT_DENY);
}

/* Of two things that were shown, one. */
static void cards_of_both_that_were_replaced(void **state)
{
    (void)state;
    add_key(BG_REQUIRE_BOTH);
    take_what_there_is();
    now.shares.verifier[0] ^= 1;
    assert_gone(true);
}

static void a_credentials_file_that_went_away_or_hangs(void **state)
{
    (void)state;
    scene.now_state = BG_E_NOENT;
    assert_denied(UP_TO_REASON "record attempt.failed failed BG107\nsay BG107\n");
    begin(state);
    scene.now_state = BG_E_IO; /* nobody can tell: it holds what was true */
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
}

/* The worst place of any event of this use is told, and a disk that hangs is not waited for in full again. */
static void a_degraded_record_is_told(void **state)
{
    (void)state;
    scene.where[BG_EV_AUTH_SUCCEEDED] = BG_RECORDED_SYSLOG;
    scene.where[BG_EV_USE_GRANTED] = BG_RECORDED_RUN;
    scene.L.rec.timeout_ms = 2000;
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    assert_log(UP_TO_REASON "record use.granted\nsay BG118\nsay BG119\nsay BG233\n");
    assert_said("on record in: syslog");
    assert_int_equal(scene.L.rec.timeout_ms, 500);
}

static void sessions_that_nobody_closed_are_looked_for_once(void **state)
{
    (void)state;
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    assert_int_equal(scene.looks_back, 1);
}

/* Where the disk has just been waited for in full, the look back is not to do so again. */
static void a_disk_that_hangs_is_waited_for_once(void **state)
{
    (void)state;
    scene.where[BG_EV_ATTEMPT_STARTED] = BG_RECORDED_RUN;
    scene.L.rec.timeout_ms = scene.L.policy.journal_timeout;
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    assert_int_equal(scene.looks_back, 1);
    assert_int_equal(scene.look_back_ms, scene.L.policy.journal_timeout / 4);
}

/* Behind the journal and /run stand logs that may be in memory alone, and nobody takes them over. */
static void what_this_machine_may_not_keep_is_written_down(void **state)
{
    for (enum bg_recorded where = BG_RECORDED_JOURNAL; where <= BG_RECORDED_NOWHERE; where++) {
        begin(state);
        scene.where[BG_EV_USE_GRANTED] = where;
        assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
        assert_int_equal(strstr(scene.log, "say BG316\n") != NULL, where >= BG_RECORDED_AUDIT);
    }
}

/* Until a credential was shown, what happens has a budget; from then on nothing has. */
static void strangers_have_a_budget(void **state)
{
    (void)state;
    scene.answers = ANSWERS("", NAME, hang_up);
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_DENY);
    assert_true(scene_event(BG_EV_ATTEMPT_STARTED)->unproven);
    assert_false(scene_event(BG_EV_AUTH_SUCCEEDED)->unproven);
    assert_false(scene_event(BG_EV_ATTEMPT_ABORTED)->unproven);
    scene_begin(ANSWERS("q"));
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_DENY);
    assert_true(scene_event(BG_EV_ATTEMPT_ABORTED)->unproven);
    assert_int_equal(scene.counters, 0);
}

/* An event that was only counted is no sign of a disk that hangs, is told later by a process that waits, and
 * does not shut the door. */
static void a_budget_that_is_spent(void **state)
{
    (void)state;
    scene.spent = true;
    scene.L.policy.unrecorded = BG_UNRECORDED_NEVER;
    scene.L.rec.timeout_ms = 2000;
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    assert_int_equal(scene.counters, 1); /* attempt.started */
    assert_int_equal(scene.L.rec.timeout_ms, 2000);
    assert_unsaid("BG118");
}

static void each_event_rings_once(void **state)
{
    (void)state;
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    assert_int_equal(scene.rings, 0); /* nowhere to deliver to */
    begin(state);
    add_sink(BG_SINK_SYSLOG, "");
    scene.where[BG_EV_AUTH_SUCCEEDED] = BG_RECORDED_AUDIT; /* in no journal: nothing to deliver */
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    assert_int_equal(scene.rings, 2);
}

/* --- ends --------------------------------------------------------------------------------------- */

static void leaving(void **state)
{
    const char *left = "say BG101\n" ASK_SHARES "record attempt.aborted failed BG120\nsay BG120\n";

    (void)state;
    scene.answers = ANSWERS("q");
    assert_denied(left);
    scene_begin(ANSWERS("exit"));
    assert_denied(left);
    scene_begin(ANSWERS("Q"));
    assert_denied(left);
    scene_begin(ANSWERS(no_answer));
    assert_denied(left);
}

/* Who asks is told every way that there is, and asked again. */
static void help_at_the_first_question(void **state)
{
    (void)state;
    scene.answers = ANSWERS("?", "help", "", NAME, REASON);
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    assert_non_null(strstr(scene.log, ASK_SHARES "say BG163\nsay BG165\n" AGAIN_SHARES
                                                 "say BG163\nsay BG165\n" AGAIN_SHARES STARTED));
    assert_said("c: the words on the cards");
    if (!BG_WITH_FIDO)
        return;
    scene_begin(ANSWERS("?", "c", NAME, REASON));
    add_key(BG_REQUIRE_ANY);
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    assert_non_null(
        strstr(scene.log, ASK_ANY "say BG163\nsay BG164\nsay BG165\n" AGAIN_ANY STARTED "shares\n"));
}

#define CARD_WORDS "academic acid acne acquire acrobat"

/* Card words where they are seen: never an answer, told, on record without the words, and told again at the
 * end. */
static void card_words_at_a_visible_question(void **state)
{
    (void)state;
    scene.answers = ANSWERS(CARD_WORDS, "acid", "", CARD_WORDS, NAME, "see " CARD_WORDS, REASON);
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    assert_non_null(strstr(scene.log, ASK_SHARES "record share.exposed failed BG235\nsay BG169\n" AGAIN_SHARES
                                                 "say BG167\n" AGAIN_SHARES STARTED));
    assert_int_equal(scene_count(BG_EV_SHARE_EXPOSED), 3);
    assert_string_equal(scene_event(BG_EV_USE_GRANTED)->claimed, NAME);
    assert_string_equal(scene_event(BG_EV_USE_GRANTED)->reason, REASON);
    for (unsigned i = 0; i < scene.events; i++)
        assert_null(strstr(scene.event[i].message, "acrobat"));
    assert_non_null(strstr(scene.log, "say BG119\nsay BG233\nsay BG236\n"));
    assert_unsaid("acrobat");
}

/* "q" leaves at questions that say so; it is no name. */
static void q_is_an_answer_elsewhere(void **state)
{
    (void)state;
    scene.answers = ANSWERS("", "q", NAME, REASON);
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    assert_said("BG113");
}

static void hanging_up_and_running_out_of_time(void **state)
{
    (void)state;
    scene.answers = ANSWERS("", NAME, hang_up);
    assert_denied(UP_TO_REASON "record attempt.aborted failed BG121\n");
    scene_begin(ANSWERS("", NAME, time_out));
    assert_denied(UP_TO_REASON "record attempt.aborted failed BG122\nsay BG122\n");
    scene_begin(ANSWERS("", NAME, fails));
    assert_denied(UP_TO_REASON "record attempt.failed failed BG123\nsay BG123\n");
    assert_said("Stale file handle");
}

/* sshd drops text that no question follows, so the last word is a question there. */
static void the_last_word_over_ssh(void **state)
{
    int64_t before = bg_deadline(0);

    (void)state;
    (void)strcpy(scene.L.hello.service, "sshd");
    scene.L.source = BG_SOURCE_NETWORK;
    scene.answers = ANSWERS("", NAME, time_out, "");
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_DENY);
    assert_non_null(strstr(scene.log, "show The time for this dialogue ran out. Log in again.\n(BG122)\n"));
    assert_non_null(strstr(scene.log, "\nPress Enter: \n"));
    assert_true(scene.L.talk.deadline >= before && scene.L.talk.deadline <= bg_deadline(30000));
}

/* Who leaves over ssh is not asked again, neither for Enter nor by sshd. */
static void leaving_over_ssh(void **state)
{
    (void)state;
    (void)strcpy(scene.L.hello.service, "sshd");
    scene.answers = ANSWERS("q", "");
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_LEAVE);
    assert_log("say BG101\n" ASK_SHARES "record attempt.aborted failed BG120\n");
}

/* How long sshd waits is said where it may be too little, and nowhere but over ssh. */
static void the_time_that_sshd_gives(void **state)
{
    static const struct {
        const char *service;
        unsigned seconds;
        bool said;
    } rows[] = {{"sshd", 120, true},
                {"sshd", 299, true},
                {"sshd", 300, false},
                {"sshd", 0, false},
                {"login", 120, false}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin(state);
        (void)strcpy(scene.L.hello.service, rows[i].service);
        grace = rows[i].seconds;
        scene.answers = ANSWERS("q", "");
        assert_true(login_authenticate(&scene.L) != BG_VERDICT_ALLOW);
        assert_int_equal(strstr(scene.log, "say BG595\nsay BG101\n") != NULL, rows[i].said);
    }
}

/* And what to have at hand is what may be asked for: an account has cards, a password, a key far away. */
static void what_to_have_at_hand(void **state)
{
    static const struct {
        bool shares, password, key;
        const char *said;
    } rows[] = {{true, false, false, " Have cards, name and reason at hand."},
                {false, true, false, " Have password, name and reason at hand."},
                {true, true, false, " Have cards, password, name and reason at hand."},
                {true, false, true, " Have key, cards, name and reason at hand."},
                {false, false, true, " Have key, name and reason at hand."}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bg_credential *c = &scene.L.credential;
        if (rows[i].password && !BG_WITH_PASSWORD)
            continue;
        begin(state);
        (void)strcpy(scene.L.hello.service, "sshd");
        grace = 120;
        c->has_shares = rows[i].shares;
        if ((c->has_password = rows[i].password))
            assert_int_equal(bg_password_make("correct horse", true, c->password.hash), BG_OK);
        if (rows[i].key)
            add_key(BG_REQUIRE_ANY);
        c->key[0].use = BG_USE_TEXT;
        scene.answers = ANSWERS("q", "");
        assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_LEAVE);
        assert_said(rows[i].said);
    }
}

/* An Include under a mount whose server is gone: nothing is said of sshd, and the dialogue goes on. */
static void sshd_files_that_hang(void **state)
{
    (void)state;
    (void)strcpy(scene.L.hello.service, "sshd");
    grace = 120;
    disk_hangs = true;
    scene.answers = ANSWERS("q", "");
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_LEAVE);
    assert_log("say BG101\n" ASK_SHARES "record attempt.aborted failed BG120\n");
}

/* The last question is without echo: around it the client drops what was pasted behind the reason. */
static void the_grant_over_ssh(void **state)
{
    int64_t before = bg_deadline(0);

    (void)state;
    (void)strcpy(scene.L.hello.service, "sshd");
    scene.where[BG_EV_USE_GRANTED] = BG_RECORDED_RUN;
    scene.answers = ANSWERS("", NAME, REASON, "rm -rf /");
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    assert_non_null(strstr(scene.log, "record use.granted\nhide The journal could not"));
    assert_non_null(strstr(scene.log, "\nACCESS GRANTED. "));
    assert_non_null(strstr(scene.log, "\nPress Enter to go on: \n"));
    assert_unsaid("BG119"); /* else it would be shown twice */
    assert_true(scene.L.talk.deadline >= before && scene.L.talk.deadline <= bg_deadline(300000));
    begin(state);
    (void)strcpy(scene.L.hello.service, "sshd");
    scene.answers = ANSWERS("", NAME, REASON, too_long);
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    begin(state);
    (void)strcpy(scene.L.hello.service, "sshd");
    scene.answers = ANSWERS("", NAME, REASON, hang_up);
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_DENY);
    assert_string_equal(scene_event(BG_EV_ATTEMPT_ABORTED)->detail, "BG121");
    assert_null(scene.token);
}

static void the_password_method_of_sshd(void **state)
{
    (void)state;
    (void)strcpy(scene.L.hello.service, "sshd");
    scene.answers = ANSWERS(no_answer, "");
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_DENY);
    assert_string_equal(scene_event(BG_EV_ATTEMPT_FAILED)->detail, "BG104");
    assert_int_equal(scene_count(BG_EV_ATTEMPT_STARTED), 0);
}

static void junk_is_named(void **state)
{
    (void)state;
    (void)strcpy(scene.L.hello.service, "sshd");
    scene.answers = ANSWERS("\b\n\r\177INCORR", "");
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_LEAVE);
    assert_string_equal(scene_event(BG_EV_ATTEMPT_FAILED)->detail, "BG103");
    assert_int_equal(scene_count(BG_EV_ATTEMPT_STARTED), 0);
}

/* Which rule it is, where sshd's files can be read. */
static void the_rule_behind_junk(void **state)
{
    for (int hangs = 0; hangs < 2; hangs++) {
        begin(state);
        disk_hangs = hangs;
        (void)strcpy(scene.L.hello.service, "sshd");
        scene.L.account.shell = "/bin/sh";
        scene.answers = ANSWERS("\b\n\r\177INCORR", "");
        assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_LEAVE);
        assert_non_null(strstr(scene_event(BG_EV_ATTEMPT_FAILED)->message,
                               hangs ? "by a rule that" : "by DenyUsers in /etc/ssh/sshd_config, line 7"));
    }
}

static void answers_that_are_too_long(void **state)
{
    (void)state;
    scene.answers = ANSWERS(too_long, too_long, too_long, too_long, "", NAME, REASON);
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    scene_begin(ANSWERS(too_long, too_long, too_long, too_long, too_long, "", NAME, REASON));
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_DENY);
    assert_string_equal(scene_event(BG_EV_ATTEMPT_FAILED)->detail, "BG102");
}

/* --- delays ------------------------------------------------------------------------------------- */

static void earlier_failures_cost_time(void **state)
{
    (void)state;
    scene.failures = 3;
    scene.since_ms = 1500;
    scene.L.policy.delay_console = 60;
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    assert_non_null(strstr(scene.log, ASK_SHARES "say BG105\nsleep 2500\n" STARTED));
    assert_said("waiting 3 seconds");
}

/* Told again every 20 s: the relay takes a minute of silence for a hang. */
static void a_long_delay_is_told_in_steps(void **state)
{
    (void)state;
    scene.failures = 20;
    scene.L.policy.delay_console = 50;
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    assert_non_null(
        strstr(scene.log, "say BG105\nsleep 20000\nsay BG105\nsleep 20000\nsay BG105\nsleep 10000\n"));
    assert_said("waiting 50 seconds");
    assert_said("waiting 10 seconds");
}

/* --- who and why -------------------------------------------------------------------------------- */

static void too_short_is_asked_again(void **state)
{
    (void)state;
    scene.answers = ANSWERS("", "", "x", NAME, "x              ", "short", REASON);
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    assert_string_equal(scene_event(BG_EV_USE_GRANTED)->reason, REASON);
    assert_non_null(
        strstr(scene.log,
               "show Your full name: \nsay BG113\nshow Your full name: \nsay BG113\nshow Your full name: \n"
               "show What is broken, what will you do? \nsay BG114\n"));
}

static void ten_times_too_short_is_refused(void **state)
{
    (void)state;
    scene.answers = ANSWERS("", "x", "x", "x", "x", "x", "x", "x", "x", "x", NAME, REASON);
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    scene_begin(ANSWERS("", "x", "x", "x", "x", "x", "x", "x", "x", "x", "x", NAME, REASON));
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_DENY);
    assert_string_equal(scene_event(BG_EV_ATTEMPT_FAILED)->detail, "BG113");
}

/* Of every language, in the sentence of the event too: it is escaped when it is rendered, and only then. */
static void a_name_in_its_own_letters(void **state)
{
    (void)state;
    scene.answers = ANSWERS("", "J\xc3\xb6rg \xe6\x9d\x8e", REASON);
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    assert_non_null(
        strstr(scene_event(BG_EV_USE_GRANTED)->message, "opened by J\xc3\xb6rg \xe6\x9d\x8e. Reason"));
}

static void texts_are_trimmed_and_hostile_ones_told(void **state)
{
    (void)state;
    scene.answers = ANSWERS("", "  " NAME " ", "LDAP \x1b[2J is not there");
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    assert_string_equal(scene_event(BG_EV_USE_GRANTED)->claimed, NAME);
    assert_said("BG116");
}

static void a_ticket(void **state)
{
    (void)state;
    scene.L.policy.ticket_required = true;
    (void)strcpy(scene.L.policy.ticket_pattern, "INC-[0-9]+");
    scene.answers = ANSWERS("", NAME, REASON, "", "x INC-1", "INC-1x", "INC-1");
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    assert_string_equal(scene_event(BG_EV_USE_GRANTED)->ticket, "INC-1");
    scene_begin(ANSWERS("", NAME, REASON, "1", "1", "1", "1", "1", "1", "1", "1", "1", "1"));
    scene.L.policy.ticket_required = true;
    (void)strcpy(scene.L.policy.ticket_pattern, "INC-[0-9]+");
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_DENY);
    assert_string_equal(scene_event(BG_EV_ATTEMPT_FAILED)->detail, "BG115");
}

/* --- was the alarm heard? ------------------------------------------------------------------------ */

static void an_alarm_that_was_heard(void **state)
{
    (void)state;
    if (!BG_WITH_ALERT)
        skip();
    add_sink(BG_SINK_WEBHOOK, "");
    scene.acked_by = "pager";
    scene.acked_to = 99;
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    assert_log(UP_TO_REASON
               "record use.granted\nrecord alert.acknowledged BG320\nsay BG320\nsay BG119\nsay BG233\n");
    assert_said("(pager, record)");
}

/* One of each class, where there are both; the wait for the second is short. */
static void an_alarm_that_one_class_has_heard(void **state)
{
    time_t began;

    (void)state;
    if (!BG_WITH_ALERT)
        skip();
    add_sink(BG_SINK_WEBHOOK, "");
    add_sink(BG_SINK_WEBHOOK, "");
    scene.L.policy.sinks.sink[1].class = BG_CLASS_PAGE;
    (void)strcpy(scene.L.policy.sinks.sink[1].name, "bell");
    scene.L.policy.alert_wait = 45;
    scene.acked_by = "bell";
    scene.acked_to = 99;
    began = time(NULL);
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    assert_true(time(NULL) - began < 30);
    assert_int_equal(scene_count(BG_EV_ALERT_ACKNOWLEDGED), 1);
    assert_said("(bell, page; no record yet)");
}

/* alert-require: without an acknowledgement the door stays shut; that of the first event is enough. */
static void an_alarm_that_is_required(void **state)
{
    (void)state;
    if (!BG_WITH_ALERT)
        skip();
    add_sink(BG_SINK_WEBHOOK, "");
    scene.L.policy.alert_wait = 1;
    scene.L.policy.alert_require = BG_REQUIRE_ALWAYS;
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_DENY);
    assert_non_null(strstr(scene.log, "record use.granted\n"));
    assert_non_null(strstr(
        scene.log, "record alert.unreached failed BG935\nrecord attempt.failed failed BG935\nsay BG935\n"));
    assert_null(strstr(scene.log, "BG119"));
    begin(state);
    scene.L.policy.alert_require = BG_REQUIRE_ALWAYS; /* there is no sink at all */
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_DENY);
    begin(state);
    add_sink(BG_SINK_WEBHOOK, "");
    scene.L.policy.alert_wait = 1;
    scene.L.policy.alert_require = BG_REQUIRE_REMOTE; /* the scene is a console */
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    begin(state);
    add_sink(BG_SINK_WEBHOOK, "");
    scene.acked_by = "pager";
    scene.acked_to = 2; /* attempt.started, auth.succeeded */
    scene.L.policy.alert_wait = 1;
    scene.L.policy.alert_require = BG_REQUIRE_ALWAYS;
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
}

/* What wakes people does not want auth.succeeded: it is done without being sent, and nobody has heard it. */
static void an_event_that_nobody_wants_is_no_acknowledgement(void **state)
{
    (void)state;
    if (!BG_WITH_ALERT)
        skip();
    add_sink(BG_SINK_PAGERDUTY, "");
    scene.acked_by = "pager";
    scene.acked_to = 2; /* attempt.started, auth.succeeded */
    scene.L.policy.alert_wait = 1;
    scene.L.policy.alert_require = BG_REQUIRE_ALWAYS;
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_DENY);
    assert_non_null(strstr(scene.log, "record alert.unreached failed BG935\n"));
    begin(state);
    add_sink(BG_SINK_PAGERDUTY, "");
    scene.acked_by = "pager";
    scene.acked_to = 2;
    scene.L.policy.alert_wait = 1;
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    assert_non_null(strstr(scene.log, "record alert.unreached failed BG321\nsay BG321\n"));
}

/* A build that delivers nothing says so at once. */
static void an_alarm_that_this_build_cannot_deliver(void **state)
{
    (void)state;
    if (BG_WITH_ALERT)
        skip();
    add_sink(BG_SINK_WEBHOOK, "");
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    assert_log(UP_TO_REASON
               "record use.granted\nrecord alert.unreached failed BG652\nsay BG652\nsay BG119\nsay BG233\n");
}

static void an_alarm_that_nobody_hears(void **state)
{
    (void)state;
    if (!BG_WITH_ALERT)
        skip();
    add_sink(BG_SINK_WEBHOOK, "");
    scene.L.policy.alert_wait = 1;
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    assert_non_null(strstr(scene.log, "record use.granted\n"));
    assert_non_null(
        strstr(scene.log, "record alert.unreached failed BG321\nsay BG321\nsay BG119\nsay BG233\n"));
}

static void an_alarm_that_was_heard_in_part(void **state)
{
    (void)state;
    if (!BG_WITH_ALERT)
        skip();
    add_sink(BG_SINK_WEBHOOK, "");
    scene.acked_by = "pager";
    scene.acked_to = 2; /* attempt.started, auth.succeeded */
    scene.L.policy.alert_wait = 1;
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    assert_non_null(strstr(scene.log, "record alert.unreached failed BG322\nsay BG322\n"));
}

/* This host's own syslog is not outside, and a sink that never learns the name does not count. */
static void sinks_that_do_not_count(void **state)
{
    (void)state;
    if (!BG_WITH_ALERT)
        skip();
    add_sink(BG_SINK_SYSLOG, "");
    add_sink(BG_SINK_WEBHOOK, "session.*");
    scene.acked_by = "log";
    scene.acked_to = 99;
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    assert_log(UP_TO_REASON "record use.granted\nsay BG119\nsay BG233\n");
    begin(state);
    add_sink(BG_SINK_SYSLOG, "");
    add_sink(BG_SINK_WEBHOOK, "");
    scene.acked_by = "log";
    scene.acked_to = 99;
    scene.L.policy.alert_wait = 1;
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    assert_int_equal(scene_count(BG_EV_ALERT_UNREACHED), 1);
    assert_int_equal(scene_count(BG_EV_ALERT_ACKNOWLEDGED), 0);
}

static void nobody_waits_where_policy_says_so(void **state)
{
    (void)state;
    add_sink(BG_SINK_WEBHOOK, "");
    scene.L.policy.alert_wait = 0;
    assert_int_equal(login_authenticate(&scene.L), BG_VERDICT_ALLOW);
    assert_log(UP_TO_REASON "record use.granted\nsay BG119\nsay BG233\n");
}

/* --- the account phase --------------------------------------------------------------------------- */

static uint32_t account_phase(const char *service, uid_t uid, int64_t caller)
{
    scene.log[0] = '\0';
    (void)strcpy(scene.L.hello.service, service);
    scene.L.account.uid = uid;
    scene.L.hello.caller_uid = caller;
    return login_account(&scene.L);
}

#define LET_THROUGH "record gate.exception BG431\n"
#define TURNED_AWAY "record gate.refused failed BG430\nsay BG430\n"

static void who_passes_the_gate(void **state)
{
    (void)state;
    assert_int_equal(account_phase("sshd", 0, 0), BG_VERDICT_DENY);
    assert_log(TURNED_AWAY);
    assert_int_equal(account_phase("systemd-user", 0, 0), BG_VERDICT_ALLOW);
    assert_log(LET_THROUGH);
    assert_int_equal(account_phase("sudo", 901, 901), BG_VERDICT_DENY); /* no use is active */
    assert_log(TURNED_AWAY);
    scene.active = true;
    assert_int_equal(account_phase("sudo", 901, 901), BG_VERDICT_ALLOW);
    assert_log(LET_THROUGH);
    assert_int_equal(account_phase("sudo", 901, 0), BG_VERDICT_DENY);
    assert_log(TURNED_AWAY);
    scene.L.match = BG_OURS_DAMAGED;
    assert_int_equal(account_phase("systemd-user", 0, 0), BG_VERDICT_DENY);
    assert_log(TURNED_AWAY);
}

static void an_unrecorded_exception_is_none(void **state)
{
    (void)state;
    scene.where[BG_EV_GATE_EXCEPTION] = BG_RECORDED_NOWHERE;
    scene.L.policy.unrecorded = BG_UNRECORDED_NEVER;
    assert_int_equal(account_phase("systemd-user", 0, 0), BG_VERDICT_DENY);
    scene.L.policy.unrecorded = BG_UNRECORDED_ALWAYS;
    assert_int_equal(account_phase("systemd-user", 0, 0), BG_VERDICT_ALLOW);
}

/* --- the session phase --------------------------------------------------------------------------- */

#define USE "01KANNPRY2X6W8H4T0M3QJ5BZD"

static uint32_t open_session(const char *use, bool granted)
{
    struct bg_verdict v = {0};
    uint32_t verdict;

    scene.log[0] = '\0';
    scene.L.use[0] = '\0';
    (void)strcpy(scene.L.hello.use, use);
    scene.L.hello.granted = granted;
    verdict = login_open_session(&scene.L, &v);
    assert_int_equal(v.has_audit_uid, verdict == BG_VERDICT_ALLOW && scene.L.account.has_audit_uid);
    assert_int_equal(v.audit_uid, v.has_audit_uid ? scene.L.account.audit_uid : 0);
    return verdict;
}

static void a_granted_handle_opens_a_session(void **state)
{
    (void)state;
    scene.L.account.has_audit_uid = true;
    scene.L.account.audit_uid = 990;
    assert_int_equal(open_session(USE, true), BG_VERDICT_ALLOW);
    assert_log("record session.opened\n");
    assert_string_equal(scene_event(BG_EV_SESSION_OPENED)->use, USE);
    assert_int_equal(scene_event(BG_EV_SESSION_OPENED)->audit_uid, 990);
}

/* sshd opens the session in another process than it authenticated in: the use's token is what is handed on.
 */
static void a_session_takes_the_token(void **state)
{
    (void)state;
    scene.token = USE;
    assert_int_equal(open_session("", false), BG_VERDICT_DENY);
    assert_log("record session.ungranted failed BG432\n");
    assert_string_equal(scene_event(BG_EV_SESSION_UNGRANTED)->use, "");
    assert_int_equal(open_session("01KANNPRY2X6W8H4T0M3QJ5BZE", false), BG_VERDICT_DENY);
    assert_int_equal(open_session(USE, false), BG_VERDICT_ALLOW);
    assert_log("record session.opened\n");
    assert_int_equal(open_session(USE, false), BG_VERDICT_DENY);
    scene.token = USE;
    scene.L.match = BG_OURS_DAMAGED;
    assert_int_equal(open_session(USE, false), BG_VERDICT_DENY);
    assert_int_equal(open_session(USE, true), BG_VERDICT_DENY);
    assert_log("record session.ungranted failed BG432\n");
}

/* One session for one grant: where the handle itself remembers it, nobody else gets in by its token. */
static void a_granted_handle_leaves_no_token(void **state)
{
    (void)state;
    scene.token = USE;
    assert_int_equal(open_session(USE, true), BG_VERDICT_ALLOW);
    assert_null(scene.token);
}

/* The token passes the account phase, and is still there for the session. */
static void a_token_passes_the_account_phase(void **state)
{
    (void)state;
    scene.token = USE;
    (void)strcpy(scene.L.hello.use, USE);
    assert_int_equal(login_account(&scene.L), BG_VERDICT_ALLOW);
    assert_log("");
    assert_non_null(scene.token);
    scene.token = NULL;
    assert_int_equal(login_account(&scene.L), BG_VERDICT_DENY);
}

static void an_unrecorded_session_is_not_opened(void **state)
{
    (void)state;
    scene.L.account.has_audit_uid = true;
    scene.where[BG_EV_SESSION_OPENED] = BG_RECORDED_NOWHERE;
    scene.L.policy.unrecorded = BG_UNRECORDED_NEVER;
    assert_int_equal(open_session(USE, true), BG_VERDICT_DENY);
}

static void closing_is_on_record(void **state)
{
    (void)state;
    (void)strcpy(scene.L.hello.use, USE);
    scene.where[BG_EV_SESSION_CLOSED] = BG_RECORDED_NOWHERE; /* who is leaving is not kept */
    assert_int_equal(login_close_session(&scene.L), BG_VERDICT_ALLOW);
    assert_log("record session.closed\n");
    assert_string_equal(scene_event(BG_EV_SESSION_CLOSED)->use, USE);
}

/* What of it is in no recording is told before its end, where a person had a terminal; not where nothing was
 * to be recorded. */
static void a_gap_is_on_record(void **state)
{
    (void)state;
    (void)strcpy(scene.L.hello.use, USE);
    scene.missing = "the disk is full";
    assert_int_equal(login_close_session(&scene.L), BG_VERDICT_ALLOW);
    assert_log("record session.unrecorded failed BG1040\nrecord session.closed\n");
    assert_string_equal(scene_event(BG_EV_SESSION_UNRECORDED)->use, USE);
    scene.log[0] = '\0';
    (void)strcpy(scene.L.hello.service, "sshd");
    assert_int_equal(login_close_session(&scene.L), BG_VERDICT_ALLOW);
    assert_log("record session.unrecorded failed BG1040\nrecord session.closed\n");
    scene.log[0] = '\0';
    (void)strcpy(scene.L.hello.service, "login");
    scene.L.policy.session_record = false;
    assert_int_equal(login_close_session(&scene.L), BG_VERDICT_ALLOW);
    assert_log("record session.closed\n");
}

static void a_session_is_watched(void **state)
{
    (void)state;
    assert_int_equal(open_session(USE, false), BG_VERDICT_DENY);
    assert_int_equal(scene.watches, 0);
    assert_int_equal(open_session(USE, true), BG_VERDICT_ALLOW);
    assert_int_equal(scene.watches, 1);
}

/* By what the use was granted as, whatever the window is by now. */
static void sessions_of_a_drill_are_marked(void **state)
{
    (void)state;
    scene.drill = "Grace Hopper";
    assert_int_equal(open_session(USE, true), BG_VERDICT_ALLOW);
    assert_string_equal(scene_event(BG_EV_SESSION_OPENED)->drill, SCENE_DRILL);
    scene.drills = 0;
    assert_int_equal(login_close_session(&scene.L), BG_VERDICT_ALLOW);
    assert_string_equal(scene_event(BG_EV_SESSION_CLOSED)->drill, SCENE_DRILL);
    scene.drill = NULL;
    assert_int_equal(open_session(USE, true), BG_VERDICT_ALLOW);
    assert_null(scene_event(BG_EV_SESSION_OPENED)->drill);
    scene.drills = 0;
    (void)strcpy(scene.L.hello.use, "../../etc/passwd");
    assert_int_equal(login_close_session(&scene.L), BG_VERDICT_ALLOW);
    assert_int_equal(scene.drills, 0);
}

static void the_service_manager_has_no_session_of_a_person(void **state)
{
    (void)state;
    (void)strcpy(scene.L.hello.service, "systemd-user");
    assert_int_equal(open_session("", false), BG_VERDICT_ALLOW);
    assert_log(LET_THROUGH);
    scene.log[0] = '\0';
    assert_int_equal(login_close_session(&scene.L), BG_VERDICT_ALLOW);
    assert_log("");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(shares_open, begin),
        cmocka_unit_test_setup(a_drill_marks_all_of_a_use, begin),
        cmocka_unit_test_setup(a_try_that_fails_in_a_drill_is_marked, begin),
        cmocka_unit_test_setup(without_a_drill_nothing_is_marked, begin),
        cmocka_unit_test_setup(the_announcer_is_told, begin),
        cmocka_unit_test_setup(sessions_of_a_drill_are_marked, begin),
        cmocka_unit_test_setup(a_key_opens, begin),
        cmocka_unit_test_setup(a_key_that_this_build_cannot_use, begin),
        cmocka_unit_test_setup(what_is_only_elsewhere, begin),
        cmocka_unit_test_setup(a_panic_room, begin),
        cmocka_unit_test_setup(shares_after_a_key_that_failed, begin),
        cmocka_unit_test_setup(both_are_required, begin),
        cmocka_unit_test_setup(a_key_alone_where_both_are_required, begin),
        cmocka_unit_test_setup(wrong_shares, begin),
        cmocka_unit_test_setup(keys_without_end, begin),
        cmocka_unit_test_setup(refusals, begin),
        cmocka_unit_test_setup(an_unrecorded_factor_asks_nothing_more, begin),
        cmocka_unit_test_setup(an_unrecorded_grant_is_none, begin),
        cmocka_unit_test_setup(cards_of_a_set_that_was_replaced, begin),
        cmocka_unit_test_setup(two_keys_are_asked_for_at_the_start, begin),
        cmocka_unit_test_setup(a_key_that_was_taken_away, begin),
        cmocka_unit_test_setup(cards_of_both_that_were_replaced, begin),
        cmocka_unit_test_setup(a_credentials_file_that_went_away_or_hangs, begin),
        cmocka_unit_test_setup(a_degraded_record_is_told, begin),
        cmocka_unit_test_setup(sessions_that_nobody_closed_are_looked_for_once, begin),
        cmocka_unit_test_setup(a_disk_that_hangs_is_waited_for_once, begin),
        cmocka_unit_test_setup(what_this_machine_may_not_keep_is_written_down, begin),
        cmocka_unit_test_setup(strangers_have_a_budget, begin),
        cmocka_unit_test_setup(a_budget_that_is_spent, begin),
        cmocka_unit_test_setup(each_event_rings_once, begin),
        cmocka_unit_test_setup(leaving, begin),
        cmocka_unit_test_setup(help_at_the_first_question, begin),
        cmocka_unit_test_setup(card_words_at_a_visible_question, begin),
        cmocka_unit_test_setup(q_is_an_answer_elsewhere, begin),
        cmocka_unit_test_setup(hanging_up_and_running_out_of_time, begin),
        cmocka_unit_test_setup(the_last_word_over_ssh, begin),
        cmocka_unit_test_setup(leaving_over_ssh, begin),
        cmocka_unit_test_setup(the_time_that_sshd_gives, begin),
        cmocka_unit_test_setup(what_to_have_at_hand, begin),
        cmocka_unit_test_setup(sshd_files_that_hang, begin),
        cmocka_unit_test_setup(the_grant_over_ssh, begin),
        cmocka_unit_test_setup(the_password_method_of_sshd, begin),
        cmocka_unit_test_setup(junk_is_named, begin),
        cmocka_unit_test_setup(the_rule_behind_junk, begin),
        cmocka_unit_test_setup(answers_that_are_too_long, begin),
        cmocka_unit_test_setup(earlier_failures_cost_time, begin),
        cmocka_unit_test_setup(a_long_delay_is_told_in_steps, begin),
        cmocka_unit_test_setup(too_short_is_asked_again, begin),
        cmocka_unit_test_setup(ten_times_too_short_is_refused, begin),
        cmocka_unit_test_setup(a_name_in_its_own_letters, begin),
        cmocka_unit_test_setup(texts_are_trimmed_and_hostile_ones_told, begin),
        cmocka_unit_test_setup(a_ticket, begin),
        cmocka_unit_test_setup(an_alarm_that_was_heard, begin),
        cmocka_unit_test_setup(an_alarm_that_one_class_has_heard, begin),
        cmocka_unit_test_setup(an_alarm_that_is_required, begin),
        cmocka_unit_test_setup(an_event_that_nobody_wants_is_no_acknowledgement, begin),
        cmocka_unit_test_setup(an_alarm_that_nobody_hears, begin),
        cmocka_unit_test_setup(an_alarm_that_this_build_cannot_deliver, begin),
        cmocka_unit_test_setup(an_alarm_that_was_heard_in_part, begin),
        cmocka_unit_test_setup(sinks_that_do_not_count, begin),
        cmocka_unit_test_setup(nobody_waits_where_policy_says_so, begin),
        cmocka_unit_test_setup(who_passes_the_gate, begin),
        cmocka_unit_test_setup(an_unrecorded_exception_is_none, begin),
        cmocka_unit_test_setup(a_granted_handle_opens_a_session, begin),
        cmocka_unit_test_setup(a_session_takes_the_token, begin),
        cmocka_unit_test_setup(a_granted_handle_leaves_no_token, begin),
        cmocka_unit_test_setup(a_token_passes_the_account_phase, begin),
        cmocka_unit_test_setup(a_grant_without_a_token, begin),
        cmocka_unit_test_setup(what_came_to_nothing_leaves_no_token, begin),
        cmocka_unit_test_setup(an_unrecorded_session_is_not_opened, begin),
        cmocka_unit_test_setup(closing_is_on_record, begin),
        cmocka_unit_test_setup(a_gap_is_on_record, begin),
        cmocka_unit_test_setup(a_session_is_watched, begin),
        cmocka_unit_test_setup(the_service_manager_has_no_session_of_a_person, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
