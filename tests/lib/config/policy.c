/* SPDX-License-Identifier: ISC */
#include "../testfiles.h"

#include "config/policy.h"
#include "config/probe.h"

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
    assert_int_equal(p->session_limit, 480);
    assert_false(p->session_end);
    assert_true(p->session_record);
    assert_int_equal(p->sinks.n, 0);
    assert_int_equal(p->journal_timeout, 2000);
    assert_true(p->syslog);
    assert_int_equal(p->heartbeat, 60);
    assert_int_equal(p->opening_within, 24);
    for (enum bg_rule r = 0; r < BG_RULES; r++)
        assert_true(p->rule[r]);
    assert_int_equal(p->journal_keep, 366);
}

static void defaults(void **state)
{
    struct bg_policy p;
    struct bg_faults e;

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
    struct bg_faults e;

    (void)state;
    put_text("[login]\ndialogue-timeout = 60\nreason-min = 200\nname-min = 1\nticket-required = yes\n"
             "ticket-pattern = (INC|CHG)[0-9]{4,8}\nattempts = 10\ndelay-console = 0\ndelay-network = 300\n"
             "consoles = ttyS0 hvc*\nunrecorded = never\nalert-wait = 45\nsession-limit = 10080\nsession-end "
             "= yes\nsession-record = no\n[record]\njournal-timeout = "
             "10000\nsyslog = no\nheartbeat = 0\njournal-keep = 0\n");
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
    assert_int_equal(p.session_limit, 10080);
    assert_true(p.session_end);
    assert_false(p.session_record);
    assert_int_equal(p.journal_timeout, 10000);
    assert_false(p.syslog);
    assert_int_equal(p.heartbeat, 0);
    assert_int_equal(p.journal_keep, 0);
    assert_int_equal(
        bg_policy_parse("[login]\nticket-pattern = [A-Z]+-[0-9]{1,10}(\\.[0-9]{1,20})?\n", &p, &e), BG_OK);
    assert_int_equal(bg_policy_parse("[login]\nunrecorded = always\n", &p, &e), BG_OK);
    assert_int_equal(p.unrecorded, BG_UNRECORDED_ALWAYS);
    assert_int_equal(bg_policy_parse("[login]\nunrecorded = console\n", &p, &e), BG_OK);
    assert_int_equal(p.unrecorded, BG_UNRECORDED_CONSOLE);
}

/* Each switch is of its own rule. */
static void each_rule_has_its_switch(void **state)
{
    struct bg_policy p;
    struct bg_faults e;
    char text[64];

    (void)state;
    for (enum bg_rule r = 0; r < BG_RULES; r++) {
        (void)snprintf(text, sizeof text, "[rules]\n%s = no\n", bg_rule_text(r)->key);
        assert_int_equal(bg_policy_parse(text, &p, &e), BG_OK);
        for (enum bg_rule k = 0; k < BG_RULES; k++)
            assert_int_equal(p.rule[k], k != r);
    }
    assert_int_equal(bg_policy_parse("[rules]\nopening-within = 720\n", &p, &e), BG_OK);
    assert_int_equal(p.opening_within, 720);
}

static const char *const bad[] = {
    "\n[rules]\nopening-within = 721\n",
    "\n[papers]\nrunbook = srv/runbook.md\n",
    "\n[papers]\nrunbook-printed = 0123456\n",
    "\n[papers]\nrunbook-printed = 01234567a\n",
    "\n[papers]\nrunbook-printed = 0123456G\n",
    "\n[papers]\nexception-until = 30.6.2027\n",
    "\n[rules]\nsafes-apart = sometimes\n",
    "[record]\nsyslog = no\nheartbeat = 10081\n",
    "[record]\nsyslog = no\njournal-keep = 36501\n",
    "[record]\nsyslog = no\njournal-keep = -1\n",
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
    "[sink a]\ntype = webhook\nsecret-file = credential:\n",
    "[sink a]\ntype = webhook\nsecret-file = credential:..\n",
    "[sink a]\ntype = webhook\nsecret-file = credential:a/b\n",
    "[sink a]\ntype = webhook\nsecret-file = credential:a b\n",
    "[sink a]\ntype = webhook\nca-file = credential:a\n",
    "[sink a]\ntype = webhook\ntimeout = 61\n",
    "[sink a]\ntype = webhook\nclass = people\n",
    "[sink a]\ntype = webhook\nrate = 6001\n",
    "[sink a]\ntype = webhook\nsecret = whsec_AAAA\n",
    "[sink a]\n\ntype = pigeon\n",
    "[sink a]\ntype = exec\ncommand = page\n",
    "[sink a]\ntype = exec\noutside = perhaps\n",
    "[sink a]\ntype = collector\nserver = logs.example.net:\n",
    "[sink a]\ntype = collector\nserver = logs.example.net:65536\n",
    "[sink a]\ntype = collector\nserver = ::1\n",
    "[sink a]\ntype = collector\ncertificate-file = here\n",
    "[sink a]\ntype = collector\nclose = never\n",
    "[sink a]\ntype = collector\nformat = xml\n",
    "[sink a]\ntype = collector\nenterprise = 0\n",
    "[sink a]\ntype = mail\ntls = never\n",
    "[sink a]\ntype = mail\nfrom = a@b@c\n",
    "[sink a]\ntype = mail\nfrom = -oops@example.net\n",
    "[sink a]\ntype = mail\nfrom = Ada <ada@example.net>\n",
    "[sink a]\ntype = mail\nto = ,\n",
    "[sink a]\ntype = mail\nto = a b c d e f g h i\n",
    "[sink a]\ntype = mail\nto = a@example.net;b@example.net\n",
    "[sink a]\ntype = mail\nlogin-file = login\n",
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

/* The fault is told with its line; it costs no other option, and a sink with it is gone. */
static void a_bad_line_costs_itself(void **state)
{
    struct bg_policy p;
    struct bg_faults e;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        put_text(bad[i]);
        memset(&p, 0xa5, sizeof p);
        if (bg_policy_load(path, &p, &e) != BG_E_SYNTAX || e.n != 1 || e.fault[0].line != 3)
            fail_msg("%s: %u faults, line %u %s", bad[i], e.n, e.fault[0].line, e.fault[0].text);
        assert_int_equal(p.reason_min, strstr(bad[i], "[login]\nreason-min") != NULL ? 20 : 15);
        assert_int_equal(p.attempts, strstr(bad[i], "[login]\nattempts = 1") != NULL ? 1 : 3);
        assert_int_equal(p.syslog, strstr(bad[i], "[record]\nsyslog = no") == NULL);
        p.reason_min = 15;
        p.attempts = 3;
        p.syslog = true;
        assert_defaults(&p);
    }
}

static void what_cannot_be_read(void **state)
{
    static char large[BG_INI_FILE_MAX + 2];
    struct bg_policy p;
    struct bg_faults e;

    (void)state;
    put_text("[login]\nattempts = 1\n");
    assert_int_equal(chmod(path, 0666), 0);
    assert_int_equal(bg_policy_load(path, &p, &e), BG_E_UNSAFE);
    assert_defaults(&p);
    assert_int_equal(e.n, 1);
    assert_int_equal(e.fault[0].line, 0);
    assert_true(e.fault[0].text[0] != '\0');
    memset(large, '\n', sizeof large - 1);
    memcpy(large, "[login]\nattempts = 1", 20);
    put_text(large);
    assert_int_equal(bg_policy_load(path, &p, &e), BG_E_RANGE);
    assert_defaults(&p);
    large[BG_INI_FILE_MAX - 1] = '\0';
    put_text(large);
    assert_int_equal(bg_policy_load(path, &p, &e), BG_OK);
    assert_int_equal(p.attempts, 1);
}

static void a_list_of_faults(void **state)
{
    struct bg_policy p;
    struct bg_faults e;

    (void)state;
    assert_int_equal(
        bg_policy_parse("[login]\nattempts = 0\nreason-min = 20\nname-min = x\n[lgoin]\nreason-min = 30\n"
                        "alert-wait = 1\n[fido]\ntouch-timeout = 6\n",
                        &p, &e),
        BG_E_SYNTAX);
    assert_int_equal(e.n, 3); /* none for the lines below a header that is at fault */
    assert_int_equal(e.fault[0].line, 2);
    assert_int_equal(e.fault[1].line, 4);
    assert_int_equal(e.fault[2].line, 5);
    assert_string_equal(e.fault[0].text, "[login] attempts must be a whole number from 1 to 10");
    assert_string_equal(e.fault[2].text, "unknown section [lgoin]");
    assert_int_equal(p.fido_touch, 6);
    p.fido_touch = 30;
    assert_int_equal(p.reason_min, 20);
    p.reason_min = 15;
    assert_defaults(&p);
}

#define SMS  "type = twilio\naccount = AC1\nsender = +15005550006\ntoken-file = /etc/t\n"
#define PIN  "sha256//YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXowMTIzNDU="
#define HOOK "type = webhook\nurl = https://alerts.example.net:8443/in\nsecret-file = /etc/s\n"

static void sinks(void **state)
{
    struct bg_policy p;
    struct bg_faults e;

    (void)state;
    put_text("[sink pager]\n" HOOK "events = use.* session.opened\ntimeout = 3\npin = " PIN ";" PIN
             "\ninterface = eth0.7\nproxy = http://proxy.example.net:3128\n[login]\nattempts = 1\n"
             "[sink second-2]\ntype = syslog\npath = /run/relay\n");
    assert_int_equal(bg_policy_load(path, &p, &e), BG_OK);
    assert_int_equal(p.sinks.n, 2);
    assert_int_equal(p.attempts, 1);
    assert_string_equal(p.sinks.sink[0].name, "pager");
    assert_string_equal(p.sinks.sink[0].url, "https://alerts.example.net:8443/in");
    assert_int_equal(p.sinks.sink[0].timeout, 3);
    assert_string_equal(p.sinks.sink[0].pin, PIN ";" PIN);
    assert_string_equal(p.sinks.sink[0].interface, "eth0.7");
    assert_string_equal(p.sinks.sink[0].proxy, "http://proxy.example.net:3128");
    assert_true(bg_sink_is_outside(&p.sinks.sink[0]));
    assert_true(bg_sink_wants(&p.sinks.sink[0], "org.breakglass.use.granted.v1"));
    assert_true(bg_sink_wants(&p.sinks.sink[0], "org.breakglass.session.opened.v1"));
    assert_false(bg_sink_wants(&p.sinks.sink[0], "org.breakglass.session.closed.v1"));
    assert_true(bg_sink_wants(&p.sinks.sink[0], "something.else"));
    assert_string_equal(p.sinks.sink[1].name, "second-2");
    assert_string_equal(p.sinks.sink[1].path, "/run/relay");
    assert_string_equal(bg_sink_type_name(&p.sinks.sink[0]), "webhook");
    assert_string_equal(bg_sink_type_name(&p.sinks.sink[1]), "syslog");
    assert_int_equal(p.sinks.sink[1].timeout, 10);
    assert_int_equal(bg_sink_class(&p.sinks.sink[0]), BG_CLASS_RECORD);
    assert_int_equal(bg_sink_rate(&p.sinks.sink[0]).minute, 0);
    assert_false(
        bg_sink_is_outside(&p.sinks.sink[1])); /* a syslog socket is on this host, whatever is behind it */
    assert_true(bg_sink_wants(&p.sinks.sink[1], "org.breakglass.session.closed.v1"));
    assert_true(bg_sink_wants(&p.sinks.sink[1], "org.breakglass.heartbeat.v1"));
    p.sinks.sink[1].class = BG_CLASS_PAGE;
    assert_false(bg_sink_wants(&p.sinks.sink[1], "org.breakglass.heartbeat.v1"));
    assert_false(bg_sink_wants(&p.sinks.sink[1], "org.breakglass.proof.passed.v1"));
    assert_true(bg_sink_wants(&p.sinks.sink[1], "org.breakglass.proof.failed.v1"));
    assert_true(bg_sink_wants(&p.sinks.sink[1], "org.breakglass.session.closed.v1"));
}

/* What it is for and how fast it is fed are of its type, unless the file says something else. */
static void class_and_rate(void **state)
{
    struct bg_policy p;
    struct bg_faults e;

    (void)state;
    put_text("[sink a]\n" HOOK "class = page\nrate = 20\n[sink b]\n" HOOK "class = record\nrate = 1\n"
             "[sink c]\n" HOOK "class = auto\nrate = 6000\n");
    assert_int_equal(bg_policy_load(path, &p, &e), BG_OK);
    assert_string_equal(bg_sink_class_name(bg_sink_class(&p.sinks.sink[0])), "page");
    assert_string_equal(bg_sink_class_name(bg_sink_class(&p.sinks.sink[1])), "record");
    assert_int_equal(bg_sink_class(&p.sinks.sink[2]), BG_CLASS_RECORD);
    assert_int_equal(bg_sink_rate(&p.sinks.sink[0]).minute, 20);
    assert_int_equal(bg_sink_rate(&p.sinks.sink[0]).burst, 20);
    assert_int_equal(bg_sink_rate(&p.sinks.sink[1]).burst, 4);
    assert_int_equal(bg_sink_rate(&p.sinks.sink[2]).burst, 60);
}

static void servers(void **state)
{
    static const struct {
        const char *value, *host, *port;
    } good[] = {{"logs.example.net", "logs.example.net", "6514"},
                {"logs.example.net:10514", "logs.example.net", "10514"},
                {"192.0.2.7:1", "192.0.2.7", "1"},
                {"[2001:db8::7]", "2001:db8::7", "6514"},
                {"[2001:db8::7]:65535", "2001:db8::7", "65535"}};
    char text[200], host[BG_SERVER_HOST_MAX + 1], port[6];
    struct bg_policy p;
    struct bg_faults e;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        (void)snprintf(text, sizeof text, "[sink a]\ntype = collector\nserver = %s\nformat = rfc5424\n",
                       good[i].value);
        assert_int_equal(bg_policy_parse(text, &p, &e), BG_OK);
        assert_true(bg_sink_server(&p.sinks.sink[0], host, port));
        assert_string_equal(host, good[i].host);
        assert_string_equal(port, good[i].port);
        assert_int_equal(p.sinks.sink[0].format, BG_SYSLOG_STRUCTURED);
        assert_int_equal(p.sinks.sink[0].enterprise, 32473); /* RFC 5612 */
        assert_true(bg_sink_is_outside(&p.sinks.sink[0]));
    }
}

#define MAIL(server, tls) "[sink a]\ntype = mail\nfrom = a@b.c\nto = d, e@f.g\nserver = " server "\n" tls

static void mails(void **state)
{
    static const struct {
        const char *text, *port;
        bool good, outside;
    } table[] = {
        {MAIL("mail.example.net", ""), "587", true, true},              /* RFC 6409 */
        {MAIL("mail.example.net", "tls = smtps\n"), "465", true, true}, /* RFC 8314 */
        {MAIL("[::1]", "tls = none\n"), "25", true, false},
        {MAIL("127.0.0.2:2525", "tls = none\n"), "2525", true, false},
        {MAIL("localhost", ""), "587", true, false},
        {MAIL("mail.example.net", "tls = none\n"), "", false, false},
        {MAIL("127.0.0.1.example.net", "tls = none\n"), "", false, false},
    };
    char host[BG_SERVER_HOST_MAX + 1], port[6];
    struct bg_policy p;
    struct bg_faults e;

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_int_equal(bg_policy_parse(table[i].text, &p, &e), table[i].good ? BG_OK : BG_E_SYNTAX);
        assert_int_equal(p.sinks.n, table[i].good);
        if (!table[i].good)
            continue;
        assert_true(bg_sink_server(&p.sinks.sink[0], host, port));
        assert_string_equal(port, table[i].port);
        assert_int_equal(bg_sink_is_outside(&p.sinks.sink[0]), table[i].outside);
        assert_int_equal(bg_sink_class(&p.sinks.sink[0]), BG_CLASS_PAGE);
    }
}

#define HOOK_AT(url) "[sink a]\ntype = webhook\nsecret-file = /s\nurl = " url "\n"
#define PD_AT(url)   "[sink a]\ntype = pagerduty\ntoken-file = /t\napi-url = " url "\n"
#define LOGS_AT(at)  "[sink a]\ntype = collector\nserver = " at "\n"

static void who_is_outside(void **state)
{
    static const struct {
        const char *text;
        bool outside;
    } table[] = {
        {HOOK_AT("https://a.example/"), true},
        {HOOK_AT("https://127.0.0.1.example/"), true},
        {HOOK_AT("http://127.0.0.1:8080/x"), false},
        {HOOK_AT("https://127.9.9.9/"), false},
        {HOOK_AT("http://localhost/"), false},
        {HOOK_AT("https://[::1]:8443/"), false},
        {HOOK_AT("http://localhost/") "outside = yes\n", true}, /* the door to somewhere else */
        {HOOK_AT("https://a.example/") "outside = no\n", false},
        {PD_AT("https://a.example/"), true},
        {PD_AT("http://[::1]/"), false},
        {LOGS_AT("192.0.2.7"), true},
        {LOGS_AT("localhost:6514"), false},
        {LOGS_AT("[::1]"), false},
        {MAIL("localhost", "outside = yes\n"), true},
        {"[sink a]\ntype = exec\ncommand = /x\noutside = no\n", false},
    };
    struct bg_policy p;
    struct bg_faults e;

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_int_equal(bg_policy_parse(table[i].text, &p, &e), BG_OK);
        assert_int_equal(bg_sink_is_outside(&p.sinks.sink[0]), table[i].outside);
    }
}

/* An address that is a secret: as far as it can be read. */
static void who_is_outside_by_a_file(void **state)
{
    struct bg_sink s = {.type = BG_SINK_NTFY};

    (void)state;
    (void)snprintf(s.url_file, sizeof s.url_file, "%s", path);
    assert_true(bg_sink_is_outside(&s)); /* no file */
    put_text("https://ntfy.example/\n");
    assert_true(bg_sink_is_outside(&s));
    put_text("http://127.0.0.1/\n");
    assert_false(bg_sink_is_outside(&s));
    s.outside = BG_OUTSIDE_YES;
    assert_true(bg_sink_is_outside(&s));
}

static void programs(void **state)
{
    struct bg_policy p;
    struct bg_faults e;
    struct bg_sink_fault f;

    (void)state;
    assert_int_equal(bg_policy_parse("[sink a]\ntype = exec\ncommand = /bin/sh /x  y\n"
                                     "[sink b]\ntype = exec\ncommand = /bin/sh\noutside = yes\n",
                                     &p, &e),
                     BG_OK);
    assert_string_equal(p.sinks.sink[0].command, "/bin/sh /x  y");
    assert_false(bg_sink_is_outside(&p.sinks.sink[0]));
    assert_true(bg_sink_is_outside(&p.sinks.sink[1]));
    assert_true(bg_sink_look(&p.sinks.sink[0], 0, &f));
    (void)snprintf(p.sinks.sink[0].command, sizeof p.sinks.sink[0].command, "/bin/no-such-program x");
    assert_false(bg_sink_look(&p.sinks.sink[0], 0, &f));
    assert_string_equal(f.key, "command");
    (void)snprintf(p.sinks.sink[0].command, sizeof p.sinks.sink[0].command,
                   "/tmp x"); /* others can change that */
    assert_false(bg_sink_look(&p.sinks.sink[0], 0, &f));
    assert_string_equal(f.why, "somebody else than root can change it");
}

/* Each kind with no more than it needs; who is not told what to send wakes people for what matters. */
static void sinks_for_people(void **state)
{
    struct bg_policy p;
    struct bg_faults e;

    (void)state;
    assert_int_equal(
        bg_policy_parse(
            "[sink a]\ntype = pagerduty\ntoken-file = /etc/t\n"
            "[sink b]\ntype = alertmanager\nurl = http://localhost:9093/\n"
            "[sink c]\ntype = opsgenie\ntoken-file = /etc/t\n[sink d]\ntype = slack\nurl-file = /u\n"
            "[sink e]\ntype = teams\nurl-file = /u\nevents = auth.*\n"
            "[sink f]\ntype = ntfy\nurl-file = /u\ntopic = t\n"
            "[sink g]\n" SMS "numbers = +15005550001 whatsapp:+15005550002\n"
            "[sink h]\ntype = webhook\nurl-file = /u\nsecret-file = /s\n",
            &p, &e),
        BG_OK);
    assert_int_equal(p.sinks.n, 8);
    for (unsigned i = 0; i < 8; i++) {
        const struct bg_sink *s = &p.sinks.sink[i];
        bool hook = s->type == BG_SINK_WEBHOOK, teams = s->type == BG_SINK_TEAMS;
        assert_int_equal(bg_sink_is_outside(s),
                         s->type != BG_SINK_ALERTMANAGER); /* that one is on this host */
        assert_int_equal(bg_sink_wants(s, "org.breakglass.use.granted.v1"), !teams);
        assert_int_equal(bg_sink_wants(s, "org.breakglass.tamper.detected.v1"), !teams);
        assert_int_equal(bg_sink_wants(s, "org.breakglass.alert.test.v1"), !teams);
        assert_int_equal(bg_sink_wants(s, "org.breakglass.auth.succeeded.v1"), hook || teams);
        assert_int_equal(bg_sink_wants(s, "org.breakglass.attempt.failed.v1"), hook);
        assert_int_equal(bg_sink_wants(s, "org.breakglass.config.changed.v1"), hook);
        assert_int_equal(bg_sink_wants(s, "org.breakglass.heartbeat.v1"), hook);
        assert_true(bg_sink_wants(s, "something.else"));
    }
}

/* A sink that is at fault is left out whole and named; the others stay, in their order. */
static void a_bad_sink_costs_itself(void **state)
{
    static const char *const wrong[] = {
        "",
        "type = webhook\nurl = https://example.net/\n",
        "type = webhook\nsecret-file = /etc/s\n",
        "type = syslog\n",
        HOOK "path = /dev/log\n",
        "type = syslog\npath = /dev/log\nurl = https://example.net/\n",
        "type = syslog\npath = /dev/log\nca-file = /etc/ca\n",
        "path = /dev/log\n",
        HOOK "url-file = /etc/u\n",
        HOOK "token-file = /etc/t\n",
        "type = pagerduty\n",
        "type = pagerduty\ntoken-file = /etc/t\nurl = https://example.net/\n",
        "type = pagerduty\ntoken-file = t\n",
        "type = opsgenie\napi-url = https://example.net/\n",
        "type = slack\n",
        "type = ntfy\nurl = http://localhost/\ntopic = a\nproxy = http://proxy.example.net\n",
        "type = ntfy\nurl = http://localhost/\ntopic = a\nresolve = localhost:80:192.0.2.1\n",
        "type = pagerduty\napi-url = http://localhost/\ntoken-file = /etc/t\nproxy = "
        "http://proxy.example.net\n",
        "type = mail\nserver = localhost\ntls = none\nfrom = a\nto = b\nresolve = localhost:25:192.0.2.1\n",
        "type = slack\nurl = https://hooks.example.net/s3cret\n",
        "type = teams\nurl-file = /etc/u\ntoken-file = /etc/t\n",
        "type = ntfy\nurl = https://example.net/\n",
        "type = ntfy\nurl = https://example.net/\ntopic = a/b\n",
        "type = alertmanager\n",
        SMS "numbers = 0049\n",
        SMS "numbers = +1500555000a\n",
        SMS "numbers = +15005550001 +15005550002 +15005550003 +15005550004 +15005550005\n",
        SMS "numbers = +1500555000112345\n",
        "type = twilio\naccount = AC/1\nsender = +15005550006\nnumbers = +15005550001\ntoken-file = /t\n",
        "type = twilio\naccount = AC1\nsender = +15005550006\nnumbers = +15005550001\n",
        HOOK "ca-file = ca\n",
        HOOK "nonsense\n",
        HOOK " events = use.*\n",
        HOOK "timeout = 0\n",
        HOOK "timeout = 5\ntimeout = 6\n",
        HOOK "pin = sha256//MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw=\n",
        HOOK "pin = " PIN ";\n",
        HOOK "pin = " PIN "x\n",
        HOOK "interface = eth0 eth1\n",
        HOOK "proxy = socks5://192.0.2.1:1080\n",
        HOOK "proxy = http://192.0.2.1:1080/\n",
        HOOK "proxy = http://user@192.0.2.1\n",
        "type = syslog\npath = /dev/log\ninterface = eth0\n",
        HOOK "resolve = \xff\n",
        HOOK "[sink b]\n",
    };
    struct bg_policy p;
    struct bg_faults e;
    char text[1000];

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        (void)snprintf(text, sizeof text,
                       "[sink a]\n" HOOK
                       "[sink b]\n%s[sink c]\ntype = syslog\npath = /c\n[login]\nattempts = 1\n",
                       wrong[i]);
        if (bg_policy_parse(text, &p, &e) != BG_E_SYNTAX || p.sinks.n != 2 || e.n != 1)
            fail_msg("%s: %u sinks, %u faults", wrong[i], p.sinks.n, e.n);
        assert_non_null(strstr(e.fault[0].text, "[sink b]"));
        assert_in_range(e.fault[0].line, 5, 10);
        assert_string_equal(p.sinks.sink[0].name, "a");
        assert_string_equal(p.sinks.sink[1].name, "c");
        assert_string_equal(p.sinks.sink[1].path, "/c");
        assert_int_equal(p.attempts, 1);
        assert_string_equal(p.sinks.sink[2].name, ""); /* nothing of it is left behind */
    }
    /* a comment holds no setting, so its fault costs nothing */
    assert_int_equal(bg_policy_parse("[sink a]\n" HOOK "# \xff\n", &p, &e), BG_E_SYNTAX);
    assert_int_equal(p.sinks.n, 1);
    /* the header of another sink that cannot be read takes no line of it into the one before */
    assert_int_equal(bg_policy_parse("[sink a]\ntype = syslog\npath = /a\n[sink b\npath = /b\n", &p, &e),
                     BG_E_SYNTAX);
    assert_int_equal(p.sinks.n, 1);
    assert_string_equal(p.sinks.sink[0].path, "/a");
}

/* A fault that is not listed any more still costs its sink. */
static void faults_beyond_the_list(void **state)
{
    static const char *const after[] = {"[sink a]\n" HOOK "timeout = 0\n", "[sink a]\ntype = webhook\n"};
    struct bg_policy p;
    struct bg_faults e;
    char text[1000];
    size_t n;

    (void)state;
    for (size_t i = 0; i < sizeof after / sizeof after[0]; i++) {
        n = (size_t)snprintf(text, sizeof text, "[login]\n");
        for (unsigned k = 0; k < BG_FAULTS_MAX; k++)
            n += (size_t)snprintf(text + n, sizeof text - n, "nonsense\n");
        (void)snprintf(text + n, sizeof text - n, "%s[sink b]\n" HOOK, after[i]);
        assert_int_equal(bg_policy_parse(text, &p, &e), BG_E_SYNTAX);
        assert_int_equal(e.n, BG_FAULTS_MAX);
        assert_int_equal(p.sinks.n, 1);
        assert_string_equal(p.sinks.sink[0].name, "b");
    }
}

static void too_many_sinks(void **state)
{
    struct bg_policy p;
    struct bg_faults e;
    char text[1000];
    size_t n = 0;

    (void)state;
    for (unsigned i = 0; i < BG_SINKS_MAX + 1; i++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "[sink s%u]\ntype = syslog\npath = /s%u\n", i, i);
        assert_int_equal(bg_policy_parse(text, &p, &e), i < BG_SINKS_MAX ? BG_OK : BG_E_SYNTAX);
        assert_int_equal(p.sinks.n, i < BG_SINKS_MAX ? i + 1 : BG_SINKS_MAX);
    }
    assert_int_equal(e.fault[0].line, 3 * BG_SINKS_MAX + 1);
    assert_string_equal(p.sinks.sink[BG_SINKS_MAX - 1].path, "/s7");
}

static void long_names_of_sinks(void **state)
{
    struct bg_policy p;
    struct bg_faults e;
    char text[200];

    (void)state;
    for (int n = BG_SINK_NAME_MAX; n <= BG_SINK_NAME_MAX + 1; n++) {
        (void)snprintf(text, sizeof text, "[sink %0*d]\ntype = syslog\npath = /s\n", n, 7);
        assert_int_equal(bg_policy_parse(text, &p, &e), n <= BG_SINK_NAME_MAX ? BG_OK : BG_E_SYNTAX);
        assert_int_equal(p.sinks.n, n <= BG_SINK_NAME_MAX);
    }
}

/* http is for this host alone, and no reader of URLs may see another host than the one that was checked. */
static void urls(void **state)
{
    static const char *const good[] = {
        "http://127.0.0.1/",         "http://127.9.8.7:80/x",      "http://[::1]:1/",
        "http://localhost/",         "http://localhost",           "http://localhost:65535?q",
        "https://[2001:db8::7]:1/x", "https://alerts.example.net", "https://alerts.example.net:8443/in?a=b@c",
        "https://a_b.example./",
    };
    static const char *const wrong[] = {
        "http://localhost.evil.example/",
        "http://localhost./",
        "http://LOCALHOST/",
        "HTTP://localhost/",
        "HTTPS://example.net/",
        "http://localhost:80.evil.example/",
        "http://localhost:/",
        "http://localhost:0/",
        "http://localhost:65536/",
        "http://localhost:123456/",
        "http://localhost%2eevil.example/",
        "http://127.0.0.1.evil.example/",
        "http://127.0.0.1.2/",
        "http://127.0.0.1./",
        "http://127.1/",
        "http://127.0.0.256/",
        "http://128.0.0.1/",
        "http://0127.0.0.1/",
        "http://2130706433/",
        "http://0x7f.0.0.1/",
        "http://127.0.0.1%2f@evil/",
        "http://[::1].evil.example/",
        "http://[::1]evil.example/",
        "http://[::1",
        "http://[::2]/",
        "http://[::1%25lo]/",
        "http://[]/",
        "https://[]/",
        "http://localhost@evil.example/",
        "http://localhost:80@evil.example/",
        "http://evil.example@localhost/",
        "https://user:pass@example.net/",
        "http://localhost\\@evil.example/",
        "https://exa mple.net/",
        "https://example.net%2f/",
        "https://\xc3\xa4.example/",
        "https:///x",
        "https://",
        "https://:443/",
        "http:/localhost/",
        "ftp://example.net/",
        "example.net",
        "",
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (!bg_sink_url_ok(good[i]))
            fail_msg("refused: %s", good[i]);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (bg_sink_url_ok(wrong[i]))
            fail_msg("accepted: %s", wrong[i]);
}

/* Whether this build has what the option is about. */
static bool is_built(const struct bg_section *section, const char *key)
{
    bool sinks = strcmp(section->name, "sink") == 0 || strncmp(key, "alert-", 6) == 0 ||
                 strcmp(key, "sink-required") == 0 || strcmp(key, "probe") == 0;

    return sinks ? BG_WITH_ALERT : BG_WITH_FIDO || strcmp(section->name, "fido") != 0;
}

/* What is tried after a grant: what is taken, and what of it. */
static void end_points(void **state)
{
    static const struct {
        const char *word, *host, *port;
        bool tls;
    } taken[] = {
        {"https://idp.example/auth?x=1", "idp.example", "443", true}, /* the path begins with a slash */
        {"https://idp.example", "idp.example", "443", true},
        {"ldap://dc1.example:3268", "dc1.example", "3268", false},
        {"ldaps://[2001:db8::1]/", "2001:db8::1", "636", true},
        {"http://10.0.0.1", "10.0.0.1", "80", false},
        {"tcp://10.0.0.1:88", "10.0.0.1", "88", false}};
    static const char *const refused[] = {"idp.example",    "ftp://idp.example/", "https://",
                                          "tcp://10.0.0.1", "https://a:0/",       "https://a:65536/",
                                          "ldap://:1",      "https://a:/",        "https://[2001::1/",
                                          "https://u@h/",   "https://a;b/"};
    struct bg_probe p;

    (void)state;
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        assert_true(bg_probe_parse(taken[i].word, &p));
        assert_string_equal(p.host, taken[i].host);
        assert_string_equal(p.port, taken[i].port);
        assert_int_equal(p.tls, taken[i].tls);
    }
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_false(bg_probe_parse(refused[i], &p));
    assert_true(bg_probes_ok("https://a/ ldap://b"));
    assert_false(bg_probes_ok("https://a/ b"));
    assert_true(
        bg_probes_ok("tcp://a:1 tcp://a:2 tcp://a:3 tcp://a:4 tcp://a:5 tcp://a:6 tcp://a:7 tcp://a:8"));
    assert_false(
        bg_probes_ok("tcp://a:1 tcp://a:2 tcp://a:3 tcp://a:4 tcp://a:5 tcp://a:6 tcp://a:7 tcp://a:8 "
                     "tcp://a:9"));
}

static void a_number_to_call(void **state)
{
    static const char *const no_number[] = {"none", "+", "+49 30 12a", "12;34",
                                            "1234567890123456789012345678901234567890123456789"};
    struct bg_policy p;
    struct bg_faults e;
    char text[96];

    (void)state;
    assert_int_equal(bg_policy_parse("[login]\nphone = +49 (30) 1234-56\n", &p, &e), BG_OK);
    assert_string_equal(p.phone, "+49 (30) 1234-56");
    for (size_t i = 0; i < sizeof no_number / sizeof no_number[0]; i++) {
        (void)snprintf(text, sizeof text, "[login]\nphone = %s\n", no_number[i]);
        assert_int_equal(bg_policy_parse(text, &p, &e), BG_E_SYNTAX);
        assert_string_equal(p.phone, "");
    }
}

/* Each row of [due] is a number of its own. */
static void dates(void **state)
{
    static const char *const keys[] = {"drill-days",    "inspection-days", "alert-test-days",
                                       "key-test-days", "people-days",     "credential-days",
                                       "review-days",   "rotate-hours",    "seal-days"};
    static const unsigned defaults[] = {90, 90, 30, 90, 90, 365, 5, 24, 365};
    char text[64];
    struct bg_policy p;
    struct bg_faults e;

    (void)state;
    assert_int_equal(sizeof keys / sizeof keys[0], BG_DUE_ROWS);
    bg_policy_defaults(&p);
    assert_memory_equal(p.due, defaults, sizeof defaults);
    for (unsigned i = 0; i < BG_DUE_ROWS; i++) {
        (void)snprintf(text, sizeof text, "[due]\n%s = %u\n", keys[i], 3650 - i);
        assert_int_equal(bg_policy_parse(text, &p, &e), BG_OK);
        assert_int_equal(p.due[i], 3650 - i);
    }
    assert_int_equal(bg_policy_parse("[due]\ndrill-days = 3651\n", &p, &e), BG_E_SYNTAX);
    assert_int_equal(p.due[BG_DUE_DRILL], 90);
}

static void ways_of_a_drill(void **state)
{
    static const char *const good[] = {"ssh", "console ssh", " su  sshd-instance rescue ",
                                       "console ssh su sshd-instance rescue"},
                             *const wrong[] = {"telnet", "console console", "consol", "ssh,console", "sshd",
                                               "''"};
    char text[128];
    struct bg_policy p;
    struct bg_faults e;

    (void)state;
    bg_policy_defaults(&p);
    assert_string_equal(p.drill_paths, "console ssh");
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(bg_check_drill_paths(good[i]));
        (void)snprintf(text, sizeof text, "[drill]\ndrill-paths = %s\n", good[i]);
        assert_int_equal(bg_policy_parse(text, &p, &e), BG_OK);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        (void)snprintf(text, sizeof text, "[drill]\ndrill-paths = %s\n", wrong[i]);
        assert_int_equal(bg_policy_parse(text, &p, &e), BG_E_SYNTAX);
        assert_string_equal(p.drill_paths, "console ssh");
    }
    assert_false(bg_check_drill_paths(""));
    assert_true(bg_drill_path("rescue") && !bg_drill_path("rescue ssh") && !bg_drill_path(""));
}

/* What init writes has every option that this build has a use for, and no other. */
static void the_template_has(const char *text)
{
    char line[200];

    for (size_t i = 0; bg_policy_form[i] != NULL; i++)
        for (size_t k = 0; k < bg_policy_form[i]->n; k++) {
            const struct bg_option *o = &bg_policy_form[i]->row[k];
            bool example = o->only == 0 || (o->only & BG_ONLY(BG_SINK_WEBHOOK)) != 0;
            (void)snprintf(line, sizeof line, "\n#%s =", o->key);
            if ((strstr(text, line) != NULL) != (example && is_built(bg_policy_form[i], o->key)))
                fail_msg("in the template, or not in it: %s", line);
        }
    assert_int_equal(strstr(text, "[fido]") != NULL, BG_WITH_FIDO);
    assert_int_equal(strstr(text, "[sink") != NULL, BG_WITH_ALERT);
}

/* It says nothing but the defaults once each # is taken off. */
static void the_template(void **state)
{
    char *text = bg_policy_template(), *bare = strdup(text), *to = bare;
    struct bg_policy p, d;
    struct bg_faults e;

    (void)state;
    bg_policy_defaults(&d);
    assert_int_equal(bg_policy_parse(text, &p, &e), BG_OK);
    assert_memory_equal(&p, &d, sizeof p);
    for (const char *at = text; *at != '\0'; at++) {
        bool first = at == text || at[-1] == '\n';
        if (!(first && *at == '#' && at[1] != ' '))
            *to++ = *at;
    }
    *to = '\0';
    assert_int_equal(bg_policy_parse(bare, &p, &e), BG_OK);
    assert_int_equal(p.sinks.n, BG_WITH_ALERT); /* the example */
    if (BG_WITH_ALERT)
        assert_int_equal(p.sinks.sink[0].timeout, 10);
    memset(&p.sinks, 0, sizeof p.sinks);
    assert_memory_equal(&p, &d, sizeof p);
    the_template_has(text);
    for (const char *at = text; *at != '\0'; at += strcspn(at, "\n") + 1)
        if (strcspn(at, "\n") > 110)
            fail_msg("too long: %.120s", at);
    free(bare);
    free(text);
}

/* Each default is read as it stands and written as it stands; each row has its line of help. */
static void rows_are_sound(void **state)
{
    (void)state;
    for (size_t i = 0; bg_policy_form[i] != NULL; i++)
        for (size_t k = 0; k < bg_policy_form[i]->n; k++) {
            const struct bg_option *o = &bg_policy_form[i]->row[k];
            _Alignas(8) char field[600] = "";
            char value[BG_INI_LINE_MAX];
            assert_in_range(o->size, 1, sizeof field);
            if (!o->kind->read(o, o->value, field))
                fail_msg("%s: the default is refused", o->key);
            o->kind->print(o, field, value);
            assert_string_equal(value, o->value);
            assert_true(strlen(o->help) > 10 && o->help[strlen(o->help) - 1] != '.');
        }
}

static void long_texts(void **state)
{
    char text[400];
    struct bg_policy p;
    struct bg_faults e;
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
    struct bg_faults e;
    char text[600];

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
        if (bg_policy_parse(text, &p, &e) != BG_E_SYNTAX || e.fault[0].line != 2)
            fail_msg("accepted: %s", wrong[i]);
    }
    (void)snprintf(text, sizeof text, "[fido]\ndevice = /%0511d\n", 1);
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
    struct bg_faults e;

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
        cmocka_unit_test(each_rule_has_its_switch),
        cmocka_unit_test(every_option),
        cmocka_unit_test(a_bad_line_costs_itself),
        cmocka_unit_test(what_cannot_be_read),
        cmocka_unit_test(a_list_of_faults),
        cmocka_unit_test(sinks),
        cmocka_unit_test(sinks_for_people),
        cmocka_unit_test(class_and_rate),
        cmocka_unit_test(a_bad_sink_costs_itself),
        cmocka_unit_test(faults_beyond_the_list),
        cmocka_unit_test(too_many_sinks),
        cmocka_unit_test(long_names_of_sinks),
        cmocka_unit_test(urls),
        cmocka_unit_test(servers),
        cmocka_unit_test(programs),
        cmocka_unit_test(mails),
        cmocka_unit_test(who_is_outside),
        cmocka_unit_test_setup_teardown(who_is_outside_by_a_file, make_dir, remove_dir),
        cmocka_unit_test(a_number_to_call),
        cmocka_unit_test(dates),
        cmocka_unit_test(end_points),
        cmocka_unit_test(ways_of_a_drill),
        cmocka_unit_test(the_template),
        cmocka_unit_test(rows_are_sound),
        cmocka_unit_test(long_texts),
        cmocka_unit_test(consoles),
        cmocka_unit_test(keys_at_consoles),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
