/* SPDX-License-Identifier: ISC */
/* Every decision of a login, as the function that it is. */
#include "scene.h"

#include <string.h>
#include "login/login.h"

static struct bg_policy policy;

static int begin(void **state)
{
    (void)state;
    bg_policy_defaults(&policy);
    return 0;
}

static enum bg_source source(const char *service, const char *tty, const char *rhost, int64_t caller)
{
    struct bg_hello h = {.caller_uid = caller};

    (void)strcpy(h.service, service);
    (void)strcpy(h.tty, tty);
    (void)strcpy(h.rhost, rhost);
    return decide_source(&policy, &h);
}

static void sources(void **state)
{
    (void)state;
    assert_int_equal(source("login", "/dev/tty1", "", 0), BG_SOURCE_CONSOLE);
    assert_int_equal(source("login", "ttyS0", "", 0), BG_SOURCE_CONSOLE);
    assert_int_equal(source("login", "/dev/pts/1", "", 0), BG_SOURCE_LOCAL);
    assert_int_equal(source("login", "", "", 0), BG_SOURCE_LOCAL);
    assert_int_equal(source("login", "/dev/tty1", "", 1000), BG_SOURCE_LOCAL); /* a user's own program */
    assert_int_equal(source("su", "/dev/tty1", "", 0), BG_SOURCE_LOCAL);
    assert_int_equal(source("su-l", "/dev/tty1", "", 0), BG_SOURCE_LOCAL);
    assert_int_equal(source("sudo", "/dev/tty1", "", 0), BG_SOURCE_LOCAL);
    assert_int_equal(source("sshd", "", "", 0), BG_SOURCE_NETWORK);
    assert_int_equal(source("sshd", "/dev/tty1", "", 0), BG_SOURCE_NETWORK);
    assert_int_equal(source("login", "/dev/tty1", "10.0.0.1", 0), BG_SOURCE_NETWORK);
    assert_int_equal(source("remote", "pts/1", "host", 1000), BG_SOURCE_NETWORK);
}

static void keys_only_at_a_console(void **state)
{
    struct bg_hello h = {.service = "login"};

    (void)state;
    assert_int_equal(decide_key_here(&policy, &h, BG_SOURCE_CONSOLE), BG_WITH_FIDO);
    assert_false(decide_key_here(&policy, &h, BG_SOURCE_LOCAL));
    assert_false(decide_key_here(&policy, &h, BG_SOURCE_NETWORK));
    (void)strcpy(h.service, "gdm");
    assert_false(decide_key_here(&policy, &h, BG_SOURCE_CONSOLE));
}

static void accounts(void **state)
{
    struct bg_credential c = {.enabled = true};

    (void)state;
    assert_null(decide_account(BG_OURS, BG_OK, &c, false));
    assert_ptr_equal(decide_account(BG_NOT_OURS, BG_OK, &c, false), BG_M_NOT_AN_ACCOUNT);
    assert_ptr_equal(decide_account(BG_OURS_DAMAGED, BG_OK, &c, false), BG_M_ACCOUNT_DAMAGED);
    assert_ptr_equal(decide_account((enum bg_match)0, BG_OK, &c, false), BG_M_ACCOUNT_DAMAGED);
    assert_ptr_equal(decide_account(BG_OURS, BG_E_NOENT, &c, false), BG_M_NO_CREDENTIAL);
    assert_ptr_equal(decide_account(BG_OURS, BG_E_UNSAFE, &c, false), BG_M_CREDENTIAL_BAD);
    assert_ptr_equal(decide_account(BG_OURS, BG_E_SYNTAX, &c, false), BG_M_CREDENTIAL_BAD);
    c.open = BG_OPEN_ARMED;
    assert_ptr_equal(decide_account(BG_OURS, BG_OK, &c, false), BG_M_NOT_ARMED);
    assert_null(decide_account(BG_OURS, BG_OK, &c, true));
    c.enabled = false;
    assert_ptr_equal(decide_account(BG_OURS, BG_OK, &c, true), BG_M_ACCOUNT_DISABLED);
}

static void words_that_leave_and_ask(void **state)
{
    (void)state;
    assert_true(decide_leaves("q") && decide_leaves("Q") && decide_leaves("quit") && decide_leaves("EXIT"));
    assert_false(decide_leaves("") || decide_leaves("qu") || decide_leaves("exits") || decide_leaves("?"));
    assert_true(decide_wants_help("?") && decide_wants_help("help") && decide_wants_help("Help"));
    assert_true(decide_yes("yes") && decide_yes("YES") && decide_yes("ZES") && decide_yes("zes"));
    assert_false(decide_yes("") || decide_yes("y") || decide_yes("z") || decide_yes("yess") ||
                 decide_yes("no"));
    assert_false(decide_wants_help("") || decide_wants_help("helpful") || decide_wants_help("??"));
}

static void records_that_suffice(void **state)
{
    const enum bg_source all[] = {BG_SOURCE_CONSOLE, BG_SOURCE_LOCAL, BG_SOURCE_NETWORK};
    const enum bg_unrecorded any[] = {BG_UNRECORDED_CONSOLE, BG_UNRECORDED_NEVER, BG_UNRECORDED_ALWAYS};

    (void)state;
    for (int s = 0; s < 3; s++) {
        for (int where = BG_RECORDED_JOURNAL; where < BG_RECORDED_NOWHERE; where++)
            for (int p = 0; p < 3; p++)
                assert_true(decide_suffices(any[p], all[s], (enum bg_recorded)where));
        assert_false(decide_suffices(BG_UNRECORDED_NEVER, all[s], BG_RECORDED_NOWHERE));
        assert_true(decide_suffices(BG_UNRECORDED_ALWAYS, all[s], BG_RECORDED_NOWHERE));
        assert_int_equal(decide_suffices(BG_UNRECORDED_CONSOLE, all[s], BG_RECORDED_NOWHERE),
                         all[s] == BG_SOURCE_CONSOLE);
    }
}

static void delays(void **state)
{
    (void)state;
    policy.delay_console = 3;
    policy.delay_network = 15;
    assert_int_equal(decide_delay(&policy, BG_SOURCE_CONSOLE, 0, 0), 0);
    assert_int_equal(decide_delay(&policy, BG_SOURCE_CONSOLE, 1, 0), 1000);
    assert_int_equal(decide_delay(&policy, BG_SOURCE_CONSOLE, 9, 0), 3000);
    assert_int_equal(decide_delay(&policy, BG_SOURCE_NETWORK, 9, 0), 15000);
    assert_int_equal(decide_delay(&policy, BG_SOURCE_LOCAL, 4, 0), 8000);
    assert_int_equal(decide_delay(&policy, BG_SOURCE_LOCAL, 4, 7000), 1000);
    assert_true(decide_delay(&policy, BG_SOURCE_LOCAL, 4, 9000) <= 0);
}

static void ends(void **state)
{
    (void)state;
    assert_ptr_equal(decide_cause(BG_E_MISMATCH), BG_M_NO_MORE_TRIES);
    assert_ptr_equal(decide_cause(BG_E_TIMEOUT), BG_M_TIMED_OUT);
    assert_ptr_equal(decide_cause(BG_E_CANCEL), BG_M_LEFT);
    assert_ptr_equal(decide_cause(BG_E_EOF), BG_M_HUNG_UP);
    assert_ptr_equal(decide_cause(BG_E_NOMEM), BG_M_INTERNAL);
    assert_true(decide_aborted(BG_E_EOF) && decide_aborted(BG_E_TIMEOUT) && decide_aborted(BG_E_CANCEL));
    assert_false(decide_aborted(BG_E_REFUSED) || decide_aborted(BG_E_MISMATCH) || decide_aborted(BG_E_IO));
}

/* The string of OpenSSH's auth-pam.c, cut or repeated to the length of what was typed. */
static void junk_of_sshd(void **state)
{
    const char junk[] = "\b\n\r\177INCORRECT\b\n\r\177INCO";

    (void)state;
    for (size_t n = 1; n < sizeof junk; n++)
        assert_true(decide_is_sshd_junk(junk, n));
    assert_false(decide_is_sshd_junk("", 0));
    assert_false(decide_is_sshd_junk("INCORRECT", 9));
    assert_false(decide_is_sshd_junk("\b\n\r\177INCORRECTX", 14));
    assert_false(decide_is_sshd_junk("\bcorrect horse", 14));
}

static const struct exception *exception(const char *service, uid_t uid, int64_t caller)
{
    struct bg_hello h = {.caller_uid = caller};
    struct bg_account a = {.name = "bg1", .uid = uid};

    (void)strcpy(h.service, service);
    return decide_exception(&h, &a);
}

static void exceptions_of_the_gate(void **state)
{
    (void)state;
    assert_non_null(exception("systemd-user", 0, 0));
    assert_false(exception("systemd-user", 0, 0)->during_use);
    assert_non_null(exception("sudo", 901, 901));
    assert_non_null(exception("sudo-i", 901, 901));
    assert_true(exception("sudo", 901, 901)->during_use);
    assert_null(exception("sudo", 901, 1000)); /* somebody else's */
    assert_null(exception("sudo", 901, 0));
    assert_null(exception("sudo", 0, 0)); /* any root process */
    assert_null(exception("su", 901, 901));
    assert_null(exception("sshd", 901, 901));
    assert_null(exception("systemd-user2", 901, 901));
    assert_null(exception("", 901, 901));
}

/* login and su remember their own grant; sshd's other process cannot. */
static void who_needs_a_token(void **state)
{
    (void)state;
    assert_true(decide_needs_token(BG_SOURCE_NETWORK));
    assert_false(decide_needs_token(BG_SOURCE_LOCAL));
    assert_false(decide_needs_token(BG_SOURCE_CONSOLE));
}

static size_t letters(const char *s)
{
    bool hostile;

    return bg_text_letters(s, &hostile);
}

/* Code points and their widths as Unicode has them; escapes are UTF-8. */
static void letters_that_are_seen(void **state)
{
    bool hostile;

    (void)state;
    assert_int_equal(letters("LDAP is down"), 10);
    assert_int_equal(letters("x              "), 1);
    assert_int_equal(letters("\xc3\xa9t\xc3\xa9"), 3);
    for (int i = 0; i < 4; i++) {
        static const char *const zero[] = {"\xe2\x80\x8b", "\xe2\x80\x8c", "\xe2\x81\xa0", "\xef\xbb\xbf"};
        char text[64] = "";
        for (int n = 0; n < 15; n++)
            (void)strcat(text, zero[i]);
        assert_int_equal(bg_text_letters(text, &hostile), 0);
        assert_true(hostile);
    }
    assert_int_equal(letters("\xc2\xa0\xe2\x80\x83\xe2\x80\xaf\xe3\x80\x80\xe3\x85\xa4\xe2\xa0\x80\xc2\xad"),
                     0);
    assert_int_equal(
        letters("\xe2\x80\x80\xe2\x80\x8a\xe1\x9a\x80\xe2\x81\x9f\xe1\x85\x9f\xe1\x85\xa0\xef\xbe\xa0"), 0);
    assert_int_equal(letters("\x01\x1b[2J\x7f"), 3);
    assert_int_equal(letters("\xff\xfe\x80"), 0);
    assert_int_equal(bg_text_letters("fine", &hostile), 4);
    assert_false(hostile);
    assert_int_equal(bg_text_letters("a\xff"
                                     "b",
                                     &hostile),
                     2);
    assert_true(hostile);
    assert_int_equal(bg_text_letters("a\xe2\x80\xae"
                                     "b",
                                     &hostile),
                     2);
    assert_true(hostile);
}

static void tickets(void **state)
{
    (void)state;
    assert_true(statement_ticket_fits("", "anything"));
    assert_true(statement_ticket_fits("INC-[0-9]+", "INC-12"));
    assert_false(statement_ticket_fits("INC-[0-9]+", "INC-12x"));
    assert_false(statement_ticket_fits("INC-[0-9]+", "xINC-12"));
    assert_false(statement_ticket_fits("INC-[0-9]+", "no INC-12"));
    assert_false(statement_ticket_fits("INC-[0-9]+", "INC-"));
    assert_true(statement_ticket_fits("A|AB", "AB")); /* POSIX: the longest */
    assert_true(statement_ticket_fits("(", "anything"));
}

/* sshd begins anew after a refusal: not for who has left, nor where no dialogue helps. */
static void when_a_connection_is_over(void **state)
{
    struct bg_hello h;

    (void)state;
    memset(&h, 0, sizeof h);
    (void)strcpy(h.service, "sshd");
    assert_true(decide_is_over(&h, BG_E_CANCEL, BG_M_LEFT));
    assert_true(decide_is_over(&h, BG_E_REFUSED, BG_M_ACCOUNT_DISABLED));
    assert_true(decide_is_over(&h, BG_E_REFUSED, BG_M_SSHD_JUNK));
    assert_false(decide_is_over(&h, BG_E_REFUSED, BG_M_SSHD_PASSWORD)); /* the right method may follow */
    assert_false(decide_is_over(&h, BG_E_MISMATCH, BG_M_NO_MORE_TRIES));
    (void)strcpy(h.service, "login"); /* asks for a name again */
    assert_false(decide_is_over(&h, BG_E_CANCEL, BG_M_LEFT));
}

/* One bit that flips must not turn one into the other, and neither is a value that memory often holds. */
/* sshd's relay takes a minute of silence for a hang, and over ssh nothing can be said meanwhile. */
static void the_wait_for_an_alarm(void **state)
{
    static const struct {
        const char *service;
        unsigned policy, want;
    } rows[] = {{"sshd", 0, 0},   {"sshd", 5, 5},  {"sshd", 30, 30},  {"sshd", 31, 30},
                {"sshd", 45, 30}, {"login", 0, 0}, {"login", 45, 45}, {"su", 31, 31}};
    struct bg_policy p;
    struct bg_hello h = {.phase = BG_PHASE_AUTH};

    (void)state;
    bg_policy_defaults(&p);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        p.alert_wait = rows[i].policy;
        (void)strcpy(h.service, rows[i].service);
        assert_int_equal(decide_alert_wait(&p, &h, false), rows[i].want);
        assert_int_equal(decide_alert_wait(&p, &h, true), rows[i].policy == 0 ? 5 : rows[i].want);
    }
}

static void where_an_acknowledgement_is_required(void **state)
{
    static const struct {
        enum bg_alert_require require;
        bool network, local, console;
    } rows[] = {{BG_REQUIRE_NEVER, false, false, false},
                {BG_REQUIRE_REMOTE, true, false, false},
                {BG_REQUIRE_ALWAYS, true, true, true}};
    struct bg_policy p;

    (void)state;
    bg_policy_defaults(&p);
    assert_int_equal(p.alert_require, BG_REQUIRE_NEVER);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        p.alert_require = rows[i].require;
        assert_int_equal(decide_alert_required(&p, BG_SOURCE_NETWORK), rows[i].network);
        assert_int_equal(decide_alert_required(&p, BG_SOURCE_LOCAL), rows[i].local);
        assert_int_equal(decide_alert_required(&p, BG_SOURCE_CONSOLE), rows[i].console);
    }
}

static void verdicts_are_far_apart(void **state)
{
    (void)state;
    assert_int_equal(BG_VERDICT_ALLOW, 0x3ca5965au);
    assert_int_equal(__builtin_popcount(BG_VERDICT_ALLOW ^ BG_VERDICT_DENY), 32);
    assert_int_equal(BG_VERDICT_LEAVE, 0x59f3c33cu);
    assert_true(__builtin_popcount(BG_VERDICT_ALLOW ^ BG_VERDICT_LEAVE) >= 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(sources, begin),
        cmocka_unit_test_setup(keys_only_at_a_console, begin),
        cmocka_unit_test(accounts),
        cmocka_unit_test(words_that_leave_and_ask),
        cmocka_unit_test(records_that_suffice),
        cmocka_unit_test_setup(delays, begin),
        cmocka_unit_test(ends),
        cmocka_unit_test(junk_of_sshd),
        cmocka_unit_test(when_a_connection_is_over),
        cmocka_unit_test(exceptions_of_the_gate),
        cmocka_unit_test(who_needs_a_token),
        cmocka_unit_test(letters_that_are_seen),
        cmocka_unit_test(tickets),
        cmocka_unit_test(the_wait_for_an_alarm),
        cmocka_unit_test(where_an_acknowledgement_is_required),
        cmocka_unit_test(verdicts_are_far_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
