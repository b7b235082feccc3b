/*
 * The table: whatever goes wrong for an account of ours, in whatever phase, is that phase's refusal. The
 * services put pam_permit below our line, so that IGNORE and MODULE_UNKNOWN would show as SUCCESS.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "lab.h"
#include "tests.h"

enum twist {
    PLAIN,
    NO_HELPER,
    HELPER_NOT_EXECUTABLE,
    HELPER_TEXT,
    HELPER_DIES_AT_ONCE,
    DAMAGED,
    NO_DATA,
    NO_ENV,
    SWAP_USER
};

struct row {
    const char *name, *script;
    enum twist twist;
    const char *service; /* NULL: OVER_PERMIT */
    struct reply reply;
    const char *log; /* must stand in the log, NULL: nothing may */
    bool auth_only;  /* cannot go wrong in other phases */
    int conv_fails;
};

static const struct row rows[] = {
    {.name = "helper missing", .script = "", .twist = NO_HELPER, .log = "BG401"},
    {.name = "helper not executable", .script = "", .twist = HELPER_NOT_EXECUTABLE, .log = "BG401"},
    {.name = "helper no program", .script = "", .twist = HELPER_TEXT, .log = "BG401"},
    {.name = "helper exits at once", .script = "", .twist = HELPER_DIES_AT_ONCE, .log = "BG402"},
    {.name = "helper exits after hello", .script = "hello\n", .log = "BG402"},
    {.name = "helper closes the socket", .script = "hello\nclose\nlinger 100\n", .log = "BG402"},
    {.name = "helper killed before hello", .script = "kill\n", .log = "BG402"},
    {.name = "helper killed in mid-dialogue",
     .script = "hello\nprompt 1 Who?\nanswer\nkill\n",
     .log = "BG402"},
    {.name = "helper killed while we answer", .script = "hello\nprompt 1 Who?\nkill\n", .log = "BG402"},
    {.name = "helper hangs", .script = "hang\n", .service = IMPATIENT, .log = "BG404"},
    {.name = "helper hangs after an answer",
     .script = "hello\nprompt 1 Who?\nanswer\nhang\n",
     .service = IMPATIENT,
     .log = "BG404"},
    {.name = "helper never stops talking", .script = "hello\nflood\n", .service = IMPATIENT, .log = "BG404"},
    {.name = "garbage packet", .script = "hello\nraw 676172626167652067617262616765\n", .log = "BG403"},
    {.name = "one byte", .script = "hello\nraw 42\n", .log = "BG403"},
    {.name = "empty packet", .script = "hello\nraw \n", .log = "BG402"},
    {.name = "wrong version", .script = "hello\nraw 424701045a96a53c000000\n", .log = "BG403"},
    {.name = "unknown kind", .script = "hello\nraw 42470209\n", .log = "BG403"},
    /* well-formed: phase 1, pid 1, six empty texts; state 1, text "a" */
    {.name = "kind of the other direction: hello",
     .script = "hello\nraw 424702010100000000010000000000000000000000000000000000000000\n",
     .log = "BG403"},
    {.name = "kind of the other direction: answer",
     .script = "hello\nraw 4247020301010061\n",
     .log = "BG403"},
    {.name = "packet over-long by one", .script = "hello\nbig 8193\n", .log = "BG403"},
    {.name = "packet over-long by far", .script = "hello\nbig 60000\n", .log = "BG403"},
    {.name = "packet as long as it may be, but garbage", .script = "hello\nbig 8192\n", .log = "BG403"},
    {.name = "verdict without fields", .script = "hello\nraw 42470204\n", .log = "BG403"},
    {.name = "verdict of value 0", .script = "hello\nraw 4247020400000000000000\n", .log = "BG403"},
    {.name = "verdict of value 1", .script = "hello\nraw 4247020401000000000000\n", .log = "BG403"},
    {.name = "verdict one bit off allow", .script = "hello\nraw 424702045b96a53c000000\n", .log = "BG403"},
    {.name = "verdict allow with a flag of 2",
     .script = "hello\nraw 424702045a96a53c020000\n",
     .log = "BG403"},
    {.name = "verdict allow twice in one packet",
     .script = "hello\nraw 424702045a96a53c0000005a96a53c000000\n",
     .log = "BG403"},
    {.name = "verdict allow and a stray byte",
     .script = "hello\nraw 424702045a96a53c00000000\n",
     .log = "BG403"},
    {.name = "verdict allow with a broken use id",
     .script = "hello\nverdict " ALLOW " 01JD8Q4Z5X6Y7Z8A9B0C1D2E3U\n",
     .log = "BG403"},
    {.name = "verdict allow with a short use id",
     .script = "hello\nverdict " ALLOW " 01JD8Q4Z5X\n",
     .log = "BG403"},
    {.name = "deny", .script = "hello\nverdict " DENY " -\n"},
    {.name = "deny with a use id and an audit uid", .script = "hello\nverdict " DENY " " USE " 59001\n"},
    {.name = "deny after a dialogue",
     .script = "hello\nprompt 1 Who?\nanswer\nprompt 3 no\nverdict " DENY " -\n"},
    {.name = "two verdicts: allow, deny",
     .script = "hello\nverdict " ALLOW " -\nverdict " DENY " -\n",
     .log = "BG403"},
    {.name = "two verdicts: allow, allow",
     .script = "hello\nverdict " ALLOW " -\nverdict " ALLOW " -\n",
     .log = "BG403"},
    {.name = "two verdicts: deny, allow",
     .script = "hello\nverdict " DENY " -\nverdict " ALLOW " -\n",
     .log = "BG403"},
    {.name = "prompt after the verdict",
     .script = "hello\nverdict " ALLOW " -\nprompt 1 And?\n",
     .log = "BG403"},
    {.name = "unknown prompt style", .script = "hello\nraw 4247020205010061\n", .log = "BG403"},
    {.name = "user name changed during the dialogue",
     .script = "hello\nprompt 1 Who?\nanswer\nverdict " ALLOW " " USE "\n",
     .twist = SWAP_USER,
     .log = "BG408"},
    {.name = "line in the accounts file damaged",
     .script = "hello\nverdict " ALLOW " " USE "\n",
     .twist = DAMAGED,
     .log = "BG406"},
    {.name = "an option on our line",
     .script = "hello\nverdict " ALLOW " " USE "\n",
     .service = WITH_OPTION,
     .log = "BG407"},
    {.name = "pam_set_data fails",
     .script = "hello\nverdict " ALLOW " " USE "\n",
     .twist = NO_DATA,
     .log = "BG409",
     .auth_only = true},
    {.name = "pam_putenv fails",
     .script = "hello\nverdict " ALLOW " " USE "\n",
     .twist = NO_ENV,
     .log = "BG409",
     .auth_only = true},
    {.name = "conversation fails, helper goes away",
     .script = "hello\nprompt 1 Who?\nanswer\n",
     .reply = {.result = PAM_CONV_ERR},
     .log = "BG402"},
    {.name = "every conversation fails",
     .script = "hello\nprompt 3 Hello\nprompt 1 Who?\nanswer\nverdict " DENY " -\n",
     .conv_fails = PAM_CONV_ERR},
    {.name = "conversation says again",
     .script = "hello\nprompt 1 Who?\nanswer\nverdict " DENY " -\n",
     .conv_fails = PAM_CONV_AGAIN},
};

static void swap_user(struct person *p, unsigned n)
{
    (void)n;
    assert_int_equal(pam_set_item(p->pamh, PAM_USER, "alice"), PAM_SUCCESS);
}

static void arrange(const struct row *r, struct person *p)
{
    memset(p, 0, sizeof *p);
    p->replies[0] = r->reply;
    p->all_fail = r->conv_fails;
    p->slow_ms = strstr(r->script, "flood") != NULL; /* slower than the helper: a packet is always waiting */
    lab_script(r->script);
    switch (r->twist) {
    case PLAIN:
        break;
    case NO_HELPER:
        lab_helper_missing();
        break;
    case HELPER_NOT_EXECUTABLE:
        lab_helper_mode(0644);
        break;
    case HELPER_TEXT:
        lab_helper_text("no program at all\n");
        break;
    case HELPER_DIES_AT_ONCE:
        lab_helper_mode(0755);
        break;
    case DAMAGED:
        lab_accounts("bg1:x:zero:0:Break-glass account:/nowhere:/bin/bash\n");
        break;
    case NO_DATA:
        lab_fail_set_data = true;
        break;
    case NO_ENV:
        lab_fail_putenv = true;
        break;
    case SWAP_USER:
        p->at_prompt = swap_user;
        break;
    }
}

/* The phases that put a question to the helper. */
static const enum phase asking[] = {AUTH, ACCOUNT, OPEN, CLOSE};

static void one(const struct row *r, enum phase ph)
{
    const char *service = r->service == NULL ? OVER_PERMIT : r->service, *log, *want = r->log;
    unsigned fds;
    struct person p;
    int got;

    if (want != NULL && strcmp(want, "BG401") == 0)
        want = lab_exec_failure();
    arrange(r, &p);
    fds = lab_fds();
    got = lab_once(service, "bg1", ph, 0, &p);
    lab_fail_set_data = lab_fail_putenv = false;
    log = lab_log();
    if (got != phase_refusal[ph] || (want != NULL && strstr(log, want) == NULL) ||
        (want == NULL && *log != '\0'))
        fail_msg("%s, %s: returned %d (%s), log: %s report: %s", r->name, phase_name[ph], got,
                 pam_strerror(NULL, got), log, lab_report());
    if (lab_children() || lab_fds() != fds)
        fail_msg("%s, %s: left a child or a descriptor", r->name, phase_name[ph]);
}

static void test_every_failure_is_a_refusal(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t k = 0; k < sizeof asking / sizeof asking[0]; k++)
            if (asking[k] == AUTH || !rows[i].auth_only)
                one(&rows[i], asking[k]);
}

/* The same table for an answer that the conversation spoils: the helper is told, and decides. */
static void test_spoilt_answers_reach_the_helper_as_such(void **state)
{
    static const struct {
        struct reply reply;
        const char *report;
    } cases[] = {
        {{.text = "alice"}, "answer state=1 len=5 alice\n"},
        {{.text = ""}, "answer state=1 len=0 \n"},
        {{.text = NULL}, "answer state=3 len=0 \n"},
        {{.no_response = true}, "answer state=3 len=0 \n"},
        {{.result = PAM_CONV_ERR}, "answer state=3 len=0 \n"},
        {{.result = PAM_ABORT}, "answer state=3 len=0 \n"},
        {{.result = PAM_CONV_AGAIN}, "answer state=3 len=0 \n"},
        {{.repeat = 512}, "answer state=2 len=0 \n"},
        {{.repeat = 4095}, "answer state=2 len=0 \n"},
        {{.repeat = 1000000}, "answer state=2 len=0 \n"},
        {{.text = "\b\n\r\177INCORRECT"}, "answer state=1 len=13 \b\n\r\177INCORRECT\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct person p = {.replies = {cases[i].reply}};
        lab_script("hello\nprompt 1 Who?\nanswer\nverdict " DENY " -\n");
        assert_int_equal(lab_once(OVER_PERMIT, "bg1", AUTH, 0, &p), PAM_AUTH_ERR);
        if (strstr(lab_report(), cases[i].report) == NULL)
            fail_msg("case %zu: %s", i, lab_report());
    }
    struct person p = {.replies = {{.repeat = 511}}};
    lab_script("hello\nprompt 2 Who?\nanswer\nverdict " DENY " -\n");
    assert_int_equal(lab_once(OVER_PERMIT, "bg1", AUTH, 0, &p), PAM_AUTH_ERR);
    assert_non_null(strstr(lab_report(), "answer state=1 len=511 xxx"));
}

/* setcred and chauthtok ask nobody; what may go wrong in them are the line and the options. */
static void test_phases_without_helper(void **state)
{
    struct person p = {0};

    (void)state;
    lab_script("");
    lab_helper_missing();
    assert_int_equal(lab_once(OVER_DENY, "bg1", SETCRED, 0, &p), PAM_SUCCESS);
    assert_int_equal(lab_once(OVER_PERMIT, "bg1", PASSWORD, 0, &p), PAM_PERM_DENIED);
    assert_int_equal(p.errors, 1);
    assert_non_null(strstr(lab_log(), "BG411"));
    assert_int_equal(lab_once(OVER_PERMIT, "bg1", PASSWORD, (int)PAM_SILENT, &p), PAM_PERM_DENIED);
    assert_int_equal(p.errors, 1);
    assert_int_equal(lab_once(WITH_OPTION, "bg1", SETCRED, 0, &p), PAM_CRED_ERR);
    assert_int_equal(lab_once(WITH_OPTION, "bg1", PASSWORD, 0, &p), PAM_PERM_DENIED);
    lab_accounts("bg1:x:zero:0:Break-glass account:/nowhere:/bin/bash\n");
    assert_int_equal(lab_once(OVER_PERMIT, "bg1", SETCRED, 0, &p), PAM_CRED_ERR);
    assert_int_equal(lab_once(OVER_PERMIT, "bg1", PASSWORD, 0, &p), PAM_PERM_DENIED);
    assert_string_equal(lab_report(), "");
}

/* Everybody else passes through, whatever state we are in: below permit SUCCESS, below deny its refusal. */
static void test_others_are_never_touched(void **state)
{
    static const char *const accounts[] = {"bg1:x:0:0::/:/bin/sh\n", "", "\377\376garbage:::\n:::\n", NULL};
    static const char *const users[] = {"alice", "root", "bg",    "bg11",  "BG1",
                                        " bg1",  "bg1 ", "bg1:x", "bg1\n", "x"};

    (void)state;
    for (size_t a = 0; a < sizeof accounts / sizeof accounts[0]; a++)
        for (size_t u = 0; u < sizeof users / sizeof users[0]; u++)
            for (enum phase ph = AUTH; ph < PHASES; ph++) {
                struct person p = {0};
                lab_script("hello\nverdict " ALLOW " -\n");
                lab_accounts(accounts[a]);
                lab_helper_missing();
                if (lab_once(OVER_PERMIT, users[u], ph, 0, &p) != PAM_SUCCESS ||
                    lab_once(OVER_DENY, users[u], ph, 0, &p) == PAM_SUCCESS ||
                    lab_once(WITH_OPTION, users[u], ph, 0, &p) != PAM_SUCCESS)
                    fail_msg("accounts %zu, user %s, %s", a, users[u], phase_name[ph]);
                assert_string_equal(p.seen, "");
                assert_string_equal(lab_log(), "");
            }
}

/* An accounts file that cannot be read makes nobody ours (DESIGN.md, "always" 4). */
static void test_unreadable_accounts_file(void **state)
{
    struct person p = {0};

    (void)state;
    lab_script("hello\nverdict " ALLOW " -\n");
    lab_accounts(NULL);
    assert_int_equal(lab_once(OVER_PERMIT, "bg1", AUTH, 0, &p), PAM_SUCCESS);
    assert_int_not_equal(lab_once(OVER_DENY, "bg1", AUTH, 0, &p), PAM_SUCCESS);
    assert_string_equal(lab_report(), "");
}

static void test_no_name(void **state)
{
    struct person p = {.replies = {{.text = ""}, {.text = ""}}}, again = {.all_fail = PAM_CONV_AGAIN};
    struct person err = {.all_fail = PAM_CONV_ERR}, named = {.replies = {{.text = "bg1"}}};

    (void)state;
    lab_script("hello\nverdict " ALLOW " " USE "\n");
    assert_int_equal(lab_once(OVER_PERMIT, NULL, AUTH, 0, &again), PAM_INCOMPLETE);
    assert_int_not_equal(lab_once(OVER_DENY, NULL, AUTH, 0, &err), PAM_SUCCESS);
    assert_int_not_equal(lab_once(OVER_DENY, NULL, AUTH, 0, &p), PAM_SUCCESS);
    assert_int_not_equal(lab_once(OVER_DENY, "", AUTH, 0, &p), PAM_SUCCESS);
    for (enum phase ph = SETCRED; ph < PHASES; ph++)
        assert_int_not_equal(lab_once(OVER_DENY, NULL, ph, 0, &err), PAM_SUCCESS);
    assert_string_equal(lab_report(), "");
    /* asked for by us, and then ours */
    assert_int_equal(lab_once(OVER_DENY, NULL, AUTH, 0, &named), PAM_SUCCESS);
    assert_non_null(strstr(lab_report(), "user=bg1"));
}

/* Our module's file missing must not change anything for anybody; libpam says module_unknown. */
static void test_module_missing(void **state)
{
    struct person p = {0};

    (void)state;
    lab_script("");
    for (enum phase ph = AUTH; ph < PHASES; ph++)
        assert_int_equal(lab_once(MODULE_MISSING, "alice", ph, 0, &p), PAM_SUCCESS);
}

const struct CMUnitTest table_tests[] = {
    cmocka_unit_test(test_every_failure_is_a_refusal),
    cmocka_unit_test(test_spoilt_answers_reach_the_helper_as_such),
    cmocka_unit_test(test_phases_without_helper),
    cmocka_unit_test(test_others_are_never_touched),
    cmocka_unit_test(test_unreadable_accounts_file),
    cmocka_unit_test(test_no_name),
    cmocka_unit_test(test_module_missing),
};
const size_t table_count = sizeof table_tests / sizeof table_tests[0];
