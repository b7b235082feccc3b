/* SPDX-License-Identifier: ISC */
/* What people are told of an event: what matters is in the first 100 characters, and no line, however odd,
 * makes it overflow, end in half a character or carry what must not be shown. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "alert/text.h"
#include "base/text.h"
#include "delivery/code.h"
#include "record/event.h"

static struct alert_text t;

static void of_event(json_t *ev)
{
    char *line = json_dumps(ev, JSON_COMPACT);

    assert_non_null(line);
    assert_int_equal(alert_text_of(line, strlen(line), &t), BG_OK);
    free(line);
    json_decref(ev);
}

static json_t *own_of(json_t *ev)
{
    return bg_event_own(ev);
}

static json_t *use(enum bg_event_type type, const char *who, const char *why)
{
    struct bg_event e = BG_EVENT_INIT;
    json_t *ev;

    e.type = type;
    e.account = "bg1";
    e.use = "01JD7Z3W9Q6M3B1V5X0C8K3F2T";
    e.claimed = who;
    e.reason = why;
    e.ticket = "INC-4711";
    e.rhost = "192.0.2.7";
    e.service = "sshd";
    e.source = "network";
    e.factor = "shares";
    e.message = "the door opens";
    assert_int_equal(bg_event_render(&e, &ev), BG_OK);
    (void)json_object_set_new(json_object_get(json_object_get(ev, "data"), "device"), "hostname",
                              json_string("web01"));
    return ev;
}

/* The first characters of the summary. */
static const char *first(void)
{
    static char text[ALERT_TEXT_FIRST * 4 + 1];
    const char *s = t.summary;
    uint32_t cp;

    for (int i = 0; i < ALERT_TEXT_FIRST && *s != '\0'; i++)
        s += bg_utf8_next(s, strlen(s), &cp);
    memcpy(text, t.summary, (size_t)(s - t.summary));
    text[s - t.summary] = '\0';
    return text;
}

static void a_use_says_who_where_and_why(void **state)
{
    (void)state;
    of_event(use(BG_EV_USE_GRANTED, "a.lovelace", "LDAP is down"));
    assert_string_equal(t.title, "BREAK-GLASS REAL bg1@web01");
    assert_string_equal(t.summary,
                        "BREAK-GLASS REAL bg1@web01 by a.lovelace from 192.0.2.7: LDAP is down (INC-4711)");
    assert_string_equal(t.kind, "use.granted");
    assert_string_equal(t.key, "01JD7Z3W9Q6M3B1V5X0C8K3F2T");
    assert_true(t.of_use && !t.drill && !t.test && !t.closes);
    assert_true(bg_ulid_valid(t.id));
    assert_non_null(strstr(t.body, "\nWho (claimed): a.lovelace\n"));
    assert_non_null(strstr(t.body, "\nReal or drill: real\n"));
    assert_non_null(strstr(t.body, "\nHow: shares\n"));
    assert_non_null(strstr(t.body, t.id));
    assert_non_null(strstr(t.body, t.time));
}

static void a_drill_and_a_test_are_named(void **state)
{
    json_t *ev = use(BG_EV_USE_GRANTED, "a.lovelace", "the yearly one");

    (void)state;
    (void)json_object_set_new(own_of(ev), "drill", json_true());
    of_event(ev);
    assert_true(t.drill);
    assert_string_equal(t.title, "DRILL BREAK-GLASS bg1@web01");
    assert_memory_equal(t.summary, "DRILL BREAK-GLASS bg1@web01 by a.lovelace", 41);
    assert_memory_equal(t.body, "DRILL: ", 7);
    assert_non_null(strstr(t.body, "\nReal or drill: drill\n"));
    ev = use(BG_EV_SESSION_CLOSED, "", "");
    (void)json_object_set_new(own_of(ev), "drill", json_true());
    of_event(ev);
    assert_string_equal(t.title, "DRILL BREAK-GLASS session.closed bg1@web01");
    ev = use(BG_EV_ALERT_TEST, "", "");
    (void)json_object_set_new(own_of(ev), "drill", json_true());
    of_event(ev);
    assert_memory_equal(t.summary, "DRILL BREAK-GLASS bg1@web01", 27);
    of_event(use(BG_EV_ALERT_TEST, "", ""));
    assert_true(t.test);
    assert_memory_equal(t.summary, "BREAK-GLASS TEST bg1@web01", 26);
    assert_non_null(strstr(t.summary, "the door opens"));
    of_event(use(BG_EV_SESSION_CLOSED, "", ""));
    assert_string_equal(t.title, "BREAK-GLASS session.closed bg1@web01");
}

/* An event of no account and no use is an incident of its own. */
/* Only where it is that of the newest test and this sink shows one. */
static void a_test_shows_its_code(void **state)
{
    char path[] = "/tmp/bg-code-XXXXXX", name[BG_CODE_NAME + 1], code[BG_CODE_LEN + 1], of_drill[64];
    struct bg_event e = BG_EVENT_INIT;
    json_t *ev;
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0 && close(fd) == 0);
    assert_int_equal(bg_code_begin(path, getuid(), getgid(), name), BG_OK);
    assert_true(bg_code_of(path, name, "pager", code));
    e.type = BG_EV_ALERT_TEST;
    e.detail = name;
    for (int shows = 0; shows < 2; shows++) {
        if (shows == 1)
            alert_text_codes(path, "pager");
        assert_int_equal(bg_event_render(&e, &ev), BG_OK);
        of_event(ev);
        assert_int_equal(strstr(first(), code) != NULL, shows);
        assert_int_equal(strstr(t.body, code) != NULL, shows);
    }
    e.type = BG_EV_USE_GRANTED;
    assert_int_equal(bg_event_render(&e, &ev), BG_OK);
    of_event(ev);
    assert_null(strstr(t.body, code));
    /* and the use of a drill that of its announcement, whatever its detail is; a real one has none */
    assert_true(bg_code_path(path, "bg1", of_drill, sizeof of_drill));
    assert_int_equal(bg_code_begin(of_drill, getuid(), getgid(), name), BG_OK);
    assert_true(bg_code_of(of_drill, NULL, "pager", code));
    for (int drill = 0; drill < 2; drill++) {
        ev = use(BG_EV_USE_GRANTED, "a", "b");
        if (drill == 1)
            (void)json_object_set_new(own_of(ev), "drill", json_true());
        of_event(ev);
        assert_int_equal(strstr(first(), code) != NULL, drill);
        assert_int_equal(strstr(t.body, code) != NULL, drill);
    }
    ev = use(BG_EV_SESSION_OPENED, "", "");
    (void)json_object_set_new(own_of(ev), "drill", json_true());
    of_event(ev);
    assert_null(strstr(t.body, code));
    alert_text_codes(NULL, NULL);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(unlink(of_drill), 0);
}

static void other_events_are_named_by_their_kind(void **state)
{
    struct bg_event e = BG_EVENT_INIT;
    json_t *ev;

    (void)state;
    e.type = BG_EV_TAMPER_DETECTED;
    e.message = "The journal was cut.";
    assert_int_equal(bg_event_render(&e, &ev), BG_OK);
    of_event(ev);
    assert_memory_equal(t.summary, "BREAK-GLASS tamper.detected on ", 31);
    assert_non_null(strstr(t.summary, ": The journal was cut."));
    assert_false(t.of_use);
    assert_string_equal(t.key, t.id);
    ev = use(BG_EV_USE_GRANTED, "a", "b");
    (void)json_object_set_new(ev, "type", json_string("org.breakglass.review.closed.v1"));
    of_event(ev);
    assert_true(t.closes);
    ev = use(BG_EV_USE_GRANTED, "a", "b");
    (void)json_object_set_new(ev, "type", json_string("org.elsewhere.thing"));
    of_event(ev);
    assert_string_equal(t.kind, "org.elsewhere.thing");
}

static void long_names_leave_room_for_why(void **state)
{
    char long_name[121];
    json_t *ev;

    (void)state;
    memset(long_name, 'x', 120);
    long_name[120] = '\0';
    ev = use(BG_EV_USE_GRANTED, long_name, "LDAP is down since noon");
    (void)json_object_set_new(ev, "subject", json_string(long_name));
    (void)json_object_set_new(json_object_get(json_object_get(ev, "data"), "device"), "hostname",
                              json_string(long_name));
    (void)json_object_set_new(json_object_get(json_object_get(ev, "data"), "src_endpoint"), "ip",
                              json_string("2001:db8:1111:2222:3333:4444:5555:6666"));
    (void)json_object_set_new(own_of(ev), "drill", json_true());
    of_event(ev);
    assert_string_equal(first(), "DRILL BREAK-GLASS xxxxxxxxx...@xxxxxxxxxxx... by xxxxxxxxx... from "
                                 "2001:db8:111...: LDAP is down sin");
    assert_non_null(strstr(t.body, long_name)); /* whole there */
}

static void text_is_cut_between_characters(void **state)
{
    static const struct {
        const char *text;
        size_t cap, chars;
        const char *want;
    } cut[] = {
        {"abcdef", 100, 6, "abcdef"},
        {"abcdef", 100, 5, "ab..."},
        {"abcdef", 7, 99, "abcdef"},
        {"abcdef", 6, 99, "ab..."},
        {"abcdef", 3, 99, ".."},
        {"abcdef", 1, 99, ""},
        {"abcdef", 100, 2, ".."},
        {"\u00e4\u00f6\u00fc\u00df", 100, 4, "\u00e4\u00f6\u00fc\u00df"},
        {"\u00e4\u00f6\u00fc\u00df!", 100, 4, "\u00e4..."},
        {"\u65e5\u672c\u8a9e\u65e5", 10, 99, "\u65e5\u672c..."},
        {"\u65e5\u672c\u8a9e\u65e5", 9, 99, "\u65e5..."},
        {"\u65e5\u672c\u8a9e", 8, 99, "\u65e5..."},
        {"", 10, 10, ""},
    };
    char out[100];

    (void)state;
    for (size_t i = 0; i < sizeof cut / sizeof cut[0]; i++) {
        memset(out, 'x', sizeof out);
        assert_int_equal(alert_text_cut(out, cut[i].cap, cut[i].text, cut[i].chars), strlen(cut[i].want));
        assert_string_equal(out, cut[i].want);
    }
    assert_int_equal(alert_text_chars("\u00e4\u65e5x\xff"), 4);
}

/* --- lines that somebody made up ---------------------------------------------------------------- */

static uint32_t seed = 1;

static uint32_t any(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
}

static json_t *odd_value(int depth)
{
    static const char *const pieces[] = {
        "a", "\u00e4", "\u65e5", "\xf0\x9f\x94\xa5", "\x1b[2J", "\u202e", "\n", "%s%n", "\"\\", "\u2028"};
    char text[16000];
    size_t n = 0, want = any(4) == 0 ? 15000 : any(300);

    switch (any(8)) {
    case 0:
        return json_integer((json_int_t)any(1000) - 500);
    case 1:
        return any(2) == 0 ? json_true() : json_null();
    case 2:
        return depth > 0 ? json_pack("{s:o}", "ip", odd_value(depth - 1)) : json_object();
    case 3:
        return depth > 0 ? json_pack("[o]", odd_value(depth - 1)) : json_array();
    default:
        while (n < want)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s", pieces[any(10)]);
        return json_string(text);
    }
}

/* Valid UTF-8, nothing hostile, and it ends within its field. */
static void fit_to_be_shown(const char *s, size_t cap, bool lines)
{
    uint32_t cp;

    assert_true(strnlen(s, cap) < cap);
    for (size_t n; *s != '\0'; s += n) {
        assert_true((n = bg_utf8_next(s, strlen(s), &cp)) > 0);
        assert_true(!bg_text_hostile(cp) || (lines && cp == '\n'));
    }
}

static void no_line_overflows(void **state)
{
    static const char *const top[] = {"type", "id", "subject", "time", "sequence", "source"},
                             *const data[] = {"message", "service", "session", "src_endpoint", "device"},
                             *const own[] = {"use", "claimed_by", "reason",   "ticket", "factor",
                                             "key", "detail",     "degraded", "drill",  "source"};

    (void)state;
    for (int i = 0; i < 1500; i++) {
        json_t *ev = use(BG_EV_USE_GRANTED, "a", "b"), *in = json_object_get(ev, "data");
        for (size_t k = 0; k < 6; k++)
            (void)(any(2) == 0 ? 0 : json_object_set_new(ev, top[k], odd_value(2)));
        for (size_t k = 0; k < 10; k++)
            (void)(any(2) == 0 ? json_object_del(own_of(ev), own[k])
                               : json_object_set_new(own_of(ev), own[k], odd_value(2)));
        for (size_t k = 0; k < 5; k++)
            (void)(any(2) == 0 ? 0 : json_object_set_new(in, data[k], odd_value(2)));
        if (any(20) == 0)
            (void)json_object_set_new(ev, "data", odd_value(1));
        of_event(ev);
        fit_to_be_shown(t.summary, sizeof t.summary, false);
        fit_to_be_shown(t.title, sizeof t.title, false);
        fit_to_be_shown(t.body, sizeof t.body, true);
        fit_to_be_shown(t.kind, sizeof t.kind, false);
        fit_to_be_shown(t.key, sizeof t.key, false);
        assert_memory_equal(t.summary, t.drill ? "DRILL BREAK-GLASS" : "BREAK-GLASS ", t.drill ? 17 : 12);
    }
}

static void what_is_no_event_is_refused(void **state)
{
    static const char *const bad[] = {"", "{", "[]", "null", "\"x\"", "{}x", "{\"a\":\"\xff\"}"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(alert_text_of(bad[i], strlen(bad[i]), &t), BG_E_SYNTAX);
    assert_int_equal(alert_text_of("{}", 2, &t), BG_OK);
    assert_string_equal(t.summary, "BREAK-GLASS  on : ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_use_says_who_where_and_why),
        cmocka_unit_test(a_drill_and_a_test_are_named),
        cmocka_unit_test(a_test_shows_its_code),
        cmocka_unit_test(other_events_are_named_by_their_kind),
        cmocka_unit_test(long_names_leave_room_for_why),
        cmocka_unit_test(text_is_cut_between_characters),
        cmocka_unit_test(no_line_overflows),
        cmocka_unit_test(what_is_no_event_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
