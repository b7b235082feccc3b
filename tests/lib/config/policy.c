#include "../testfiles.h"

#include "config/policy.h"

static void assert_defaults(const struct bg_policy *p)
{
    assert_int_equal(p->dialogue_timeout, 900);
    assert_int_equal(p->reason_min, 15);
    assert_int_equal(p->name_min, 2);
    assert_false(p->ticket_required);
    assert_string_equal(p->ticket_pattern, "");
    assert_int_equal(p->attempts, 3);
    assert_int_equal(p->delay_console, 3);
    assert_int_equal(p->delay_network, 15);
    assert_string_equal(p->consoles, "console tty[0-9]* ttyS[0-9]* ttyAMA[0-9]* hvc[0-9]*");
    assert_int_equal(p->unrecorded, BG_UNRECORDED_CONSOLE);
    assert_int_equal(p->alert_wait, 5);
    assert_int_equal(p->sinks.n, 0);
    assert_int_equal(p->journal_timeout, 2000);
    assert_true(p->syslog);
}

static void defaults(void **state)
{
    struct bg_policy p;
    struct bg_ini_error e;

    (void)state;
    bg_policy_defaults(&p);
    assert_defaults(&p);
    memset(&p, 0xa5, sizeof p);
    assert_int_equal(bg_policy_load(path, &p, &e), BG_OK); /* no file */
    assert_defaults(&p);
}

static void every_option(void **state)
{
    struct bg_policy p;
    struct bg_ini_error e;

    (void)state;
    put_text("[login]\ndialogue-timeout = 60\nreason-min = 200\nname-min = 1\nticket-required = yes\n"
             "ticket-pattern = (INC|CHG)[0-9]{4,8}\nattempts = 10\ndelay-console = 0\ndelay-network = 300\n"
             "consoles = ttyS0 hvc*\nunrecorded = never\nalert-wait = 45\n[record]\njournal-timeout = "
             "10000\nsyslog = no\n");
    assert_int_equal(bg_policy_load(path, &p, &e), BG_OK);
    assert_int_equal(p.dialogue_timeout, 60);
    assert_int_equal(p.reason_min, 200);
    assert_int_equal(p.name_min, 1);
    assert_true(p.ticket_required);
    assert_string_equal(p.ticket_pattern, "(INC|CHG)[0-9]{4,8}");
    assert_int_equal(p.attempts, 10);
    assert_int_equal(p.delay_console, 0);
    assert_int_equal(p.delay_network, 300);
    assert_string_equal(p.consoles, "ttyS0 hvc*");
    assert_int_equal(p.unrecorded, BG_UNRECORDED_NEVER);
    assert_int_equal(p.alert_wait, 45);
    assert_int_equal(p.journal_timeout, 10000);
    assert_false(p.syslog);
    assert_int_equal(
        bg_policy_parse("[login]\nticket-pattern = [A-Z]+-[0-9]{1,10}(\\.[0-9]{1,20})?\n", &p, &e), BG_OK);
    assert_int_equal(bg_policy_parse("[login]\nunrecorded = always\n", &p, &e), BG_OK);
    assert_int_equal(p.unrecorded, BG_UNRECORDED_ALWAYS);
    assert_int_equal(bg_policy_parse("[login]\nunrecorded = console\n", &p, &e), BG_OK);
    assert_int_equal(p.unrecorded, BG_UNRECORDED_CONSOLE);
}

static const char *const bad[] = {
    "[login]\nreason-min = 20\nattempts = 0\n",
    "[login]\nreason-min = 20\nattempts = 11\n",
    "[login]\nreason-min = 20\ndialogue-timeout = 59\n",
    "[login]\nreason-min = 20\ndialogue-timeout = 3601\n",
    "[login]\nattempts = 1\nreason-min = 0\n",
    "[login]\nattempts = 1\nreason-min = 201\n",
    "[login]\nreason-min = 20\nname-min = 0\n",
    "[login]\nreason-min = 20\nname-min = 61\n",
    "[login]\nreason-min = 20\nticket-required = maybe\n",
    "[login]\nreason-min = 20\nticket-pattern = (\n",
    "[login]\nreason-min = 20\nticket-pattern = (((a{99}){99}){99}){99}\n",
    "[login]\nreason-min = 20\nticket-pattern = a{1000}\n",
    "[login]\nreason-min = 20\nticket-pattern = a{0,1000}\n",
    "[login]\nreason-min = 20\nticket-pattern = a{-1}{99}{99}\n",
    "[login]\nreason-min = 20\nticket-pattern = ((((((((((a+)+)+)+)+)+)+)+)+)+)\n",
    "[login]\nreason-min = 20\nticket-pattern = (a)\\1\n",
    "[login]\nreason-min = 20\ndelay-console = 61\n",
    "[login]\nreason-min = 20\ndelay-network = 301\n",
    "[login]\nreason-min = 20\nunrecorded = perhaps\n",
    "[login]\nreason-min = 20\nalert-wait = 46\n",
    "[sink a]\ntype = webhook\ntype = syslog\n",
    "[sink a]\ntype = webhook\nurl = http://example.net/\n",
    "[sink a]\ntype = webhook\nurl = http://127.0.0.1.example.net/\n",
    "[sink a]\ntype = webhook\nurl = https://user:pass@example.net/\n",
    "[sink a]\ntype = webhook\nurl = ftp://example.net/\n",
    "[sink a]\ntype = webhook\nurl = https:///x\n",
    "[sink a]\ntype = webhook\nsecret-file = secret\n",
    "[sink a]\ntype = webhook\ntimeout = 61\n",
    "[sink a]\ntype = webhook\nsecret = whsec_AAAA\n",
    "[sink a]\n\ntype = mail\n",
    "[sink a]\n\n[sink a]\n",
    "\n\n[sink a2345678901234567890123456789012x]\n",
    "[login]\nreason-min = 20\nsyslog = no\n", /* in the wrong section */
    "[login]\nreason-min = 20\nreason-max = 20\n",
    "[login]\nreason-min = 20\nreason-min = 20\n",
    "[record]\nsyslog = no\njournal-timeout = 99\n",
    "[record]\nsyslog = no\njournal-timeout = 10001\n",
    "[record]\nsyslog = no\nsyslog =\n",
    "[record]\nsyslog = no\n[sinks]\n",
    "\n\nreason-min = 20\n",
};

static void nothing_is_taken_from_a_bad_file(void **state)
{
    struct bg_policy p;
    struct bg_ini_error e;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        put_text(bad[i]);
        memset(&p, 0xa5, sizeof p);
        if (bg_policy_load(path, &p, &e) != BG_E_SYNTAX || e.line != 3 || e.text[0] == '\0')
            fail_msg("%s: line %u %s", bad[i], e.line, e.text);
        assert_defaults(&p);
    }
    put_text("[login]\nattempts = 1\n");
    assert_int_equal(chmod(path, 0666), 0);
    assert_int_equal(bg_policy_load(path, &p, &e), BG_E_UNSAFE);
    assert_defaults(&p);
}

#define HOOK "type = webhook\nurl = https://alerts.example.net:8443/in\nsecret-file = /etc/s\n"

static void sinks(void **state)
{
    static const char *const incomplete[] = {
        "[sink a]\n",
        "[sink a]\ntype = webhook\nurl = https://example.net/\n",
        "[sink a]\ntype = webhook\nsecret-file = /etc/s\n",
        "[sink a]\ntype = syslog\n",
        "[sink a]\n" HOOK "path = /dev/log\n",
        "[sink a]\ntype = syslog\npath = /dev/log\nurl = https://example.net/\n",
    };
    static const char *const local[] = {"http://127.0.0.1/", "http://127.9.8.7:80/x", "http://[::1]:1/",
                                        "http://localhost/"};
    struct bg_policy p;
    struct bg_ini_error e;

    (void)state;
    put_text("[sink pager]\n" HOOK "events = use.* session.opened\ntimeout = 3\n[login]\nattempts = 1\n"
             "[sink second-2]\ntype = syslog\npath = /run/relay\n");
    assert_int_equal(bg_policy_load(path, &p, &e), BG_OK);
    assert_int_equal(p.sinks.n, 2);
    assert_int_equal(p.attempts, 1);
    assert_string_equal(p.sinks.sink[0].name, "pager");
    assert_string_equal(p.sinks.sink[0].url, "https://alerts.example.net:8443/in");
    assert_int_equal(p.sinks.sink[0].timeout, 3);
    assert_true(bg_sink_is_outside(&p.sinks.sink[0]));
    assert_true(bg_sink_wants(&p.sinks.sink[0], "org.breakglass.use.granted.v1"));
    assert_true(bg_sink_wants(&p.sinks.sink[0], "org.breakglass.session.opened.v1"));
    assert_false(bg_sink_wants(&p.sinks.sink[0], "org.breakglass.session.closed.v1"));
    assert_true(bg_sink_wants(&p.sinks.sink[0], "something.else"));
    assert_string_equal(p.sinks.sink[1].name, "second-2");
    assert_string_equal(p.sinks.sink[1].path, "/run/relay");
    assert_int_equal(p.sinks.sink[1].timeout, 10);
    assert_false(bg_sink_is_outside(&p.sinks.sink[1]));
    assert_true(bg_sink_wants(&p.sinks.sink[1], "org.breakglass.session.closed.v1"));
    for (size_t i = 0; i < sizeof incomplete / sizeof incomplete[0]; i++) {
        assert_int_equal(bg_policy_parse(incomplete[i], &p, &e), BG_E_SYNTAX);
        assert_non_null(strstr(e.text, "[sink a]"));
        assert_defaults(&p);
    }
    for (size_t i = 0; i < sizeof local / sizeof local[0]; i++)
        assert_true(bg_sink_url_ok(local[i]));
}

static void long_texts(void **state)
{
    char text[400];
    struct bg_policy p;
    struct bg_ini_error e;
    size_t head = (size_t)snprintf(text, sizeof text, "[login]\nconsoles = ");

    (void)state;
    memset(text + head, 'x', 256);
    text[head + 255] = '\0';
    assert_int_equal(bg_policy_parse(text, &p, &e), BG_OK);
    assert_int_equal(strlen(p.consoles), 255);
    text[head + 255] = 'x';
    text[head + 256] = '\0';
    assert_int_equal(bg_policy_parse(text, &p, &e), BG_E_SYNTAX);
    assert_defaults(&p);
}

static void keys_at_consoles(void **state)
{
    static const char *const wrong[] = {"device = hidraw0", "touch-timeout = 4", "touch-timeout = 41",
                                        "touch-timeout =", "service = login"};
    struct bg_policy p;
    struct bg_ini_error e;
    char text[300];

    (void)state;
    bg_policy_defaults(&p);
    assert_string_equal(p.fido_device, "");
    assert_int_equal(p.fido_touch, 30);
    assert_true(bg_policy_is_fido_service(&p, "login") && bg_policy_is_fido_service(&p, "breakglass-tty"));
    assert_false(bg_policy_is_fido_service(&p, "sshd") || bg_policy_is_fido_service(&p, "su"));
    assert_false(bg_policy_is_fido_service(&p, "") || bg_policy_is_fido_service(&p, "log"));
    assert_false(bg_policy_is_fido_service(&p, "login breakglass-tty"));
    assert_int_equal(
        bg_policy_parse("[fido]\ndevice = /dev/key\nservices = a  b\ntouch-timeout = 40\n", &p, &e), BG_OK);
    assert_string_equal(p.fido_device, "/dev/key");
    assert_int_equal(p.fido_touch, 40);
    assert_true(bg_policy_is_fido_service(&p, "a") && bg_policy_is_fido_service(&p, "b"));
    assert_false(bg_policy_is_fido_service(&p, "login"));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        (void)snprintf(text, sizeof text, "[fido]\n%s\n", wrong[i]);
        if (bg_policy_parse(text, &p, &e) != BG_E_SYNTAX || e.line != 2)
            fail_msg("accepted: %s", wrong[i]);
    }
    (void)snprintf(text, sizeof text, "[fido]\ndevice = /%0200d\n", 1);
    assert_int_equal(bg_policy_parse(text, &p, &e), BG_E_SYNTAX);
}

static void consoles(void **state)
{
    static const char *const yes[] = {"console", "tty1",         "/dev/tty1", "tty63",
                                      "ttyS0",   "/dev/ttyAMA0", "hvc0"};
    static const char *const no[] = {
        "",         "/dev/", "tty",     "pts/0",         "/dev/pts/0",     "ssh",
        "consoles", "xtty1", "ttyUSB0", "tty1/../pts/0", "/dev//dev/tty1", "/tty1"};
    struct bg_policy p;
    struct bg_ini_error e;

    (void)state;
    bg_policy_defaults(&p);
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
        assert_true(bg_policy_is_console(&p, yes[i]));
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
        assert_false(bg_policy_is_console(&p, no[i]));
    assert_int_equal(bg_policy_parse("[login]\nconsoles =\n", &p, &e), BG_OK);
    assert_false(bg_policy_is_console(&p, "tty1"));
    assert_int_equal(bg_policy_parse("[login]\nconsoles = a\t b  \n", &p, &e), BG_OK);
    assert_true(bg_policy_is_console(&p, "b"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(every_option),
        cmocka_unit_test(nothing_is_taken_from_a_bad_file),
        cmocka_unit_test(sinks),
        cmocka_unit_test(long_texts),
        cmocka_unit_test(consoles),
        cmocka_unit_test(keys_at_consoles),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
