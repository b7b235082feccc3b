/* SPDX-License-Identifier: ISC */
/* The shape of one event: CloudEvents 1.0 and OCSF 1.8 say what must be there, hostile text must not. */
#include "place.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/text.h"

static void ulid_holds_the_time(void **state)
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    char a[BG_ULID_LEN + 1], b[BG_ULID_LEN + 1];
    long long ms = 0, now = (long long)time(NULL) * 1000;

    (void)state;
    assert_int_equal(bg_ulid(a), BG_OK);
    assert_int_equal(bg_ulid(b), BG_OK);
    assert_string_not_equal(a, b);
    assert_int_equal(strlen(a), 26);
    assert_int_equal(strspn(a, digits), 26);
    for (int i = 0; i < 10; i++) /* the specification: 10 digits of milliseconds, most significant first */
        ms = ms * 32 + (strchr(digits, a[i]) - digits);
    assert_in_range(ms, now - 5000, now + 5000);
}

static void types_have_names(void **state)
{
    (void)state;
    for (int t = 1; t < (int)BG_EV_TYPES; t++) {
        const char *name = bg_event_kind((enum bg_event_type)t)->type;
        assert_non_null(name);
        assert_memory_equal(name, "org.breakglass.", 15);
        assert_string_equal(name + strlen(name) - 3, ".v1");
        for (const char *p = name; *p != '\0'; p++)
            assert_true(islower((unsigned char)*p) || isdigit((unsigned char)*p) || *p == '.');
    }
    assert_null(bg_event_kind((enum bg_event_type)0));
    assert_null(bg_event_kind(BG_EV_TYPES));
    assert_string_equal(bg_event_kind(BG_EV_USE_GRANTED)->type, "org.breakglass.use.granted.v1");
}

static void members_stand_in_order(void **state)
{
    static const char *const order[] = {
        "specversion", "id",        "source",          "type",           "subject",
        "time",        "timestamp", "datacontenttype", "dataschema",     "journalid",
        "sequence",    "prevhash",  "severitytext",    "severitynumber", "data",
        "linehash",    "seal"};
    struct place p;
    struct bg_event e = place_event("LDAP is down");
    enum bg_recorded where;
    char line[BG_LINE_MAX];
    const char *key;
    json_t *ev, *v;
    size_t i = 0;

    (void)state;
    place_make(&p);
    assert_int_equal(bg_record(&p.rec, &e, &where, NULL), BG_OK);
    place_newest(p.journal, line);
    assert_non_null(ev = json_loads(line, 0, NULL));
    json_object_foreach(ev, key, v)
    {
        assert_string_equal(key, order[i++]);
        for (const char *c = key; *c != '\0'; c++) /* CloudEvents: attribute names are a-z and 0-9 */
            assert_true(islower((unsigned char)*c) || isdigit((unsigned char)*c));
    }
    assert_int_equal(i, sizeof order / sizeof order[0]);
    assert_true(json_is_null(json_object_get(ev, "seal")));
    assert_string_equal(str(ev, "specversion"), "1.0");
    assert_string_equal(str(ev, "subject"), "bg1");
    assert_memory_equal(str(ev, "source"), "urn:breakglass:host:", 20);
    assert_string_equal(str(ev, "sequence"), "00000000000000000002");
    assert_int_equal(strlen(str(ev, "journalid")), 32);
    json_decref(ev);
    place_remove(&p);
}

/* OCSF 1.8, authentication.json and the objects it uses: what is required, and of which kind. */
static void assert_ocsf(const json_t *d)
{
    static const char *const numbers[] = {"activity_id", "category_uid", "class_uid",
                                          "severity_id", "time",         "type_uid"};
    const json_t *meta = json_object_get(d, "metadata");

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        assert_true(json_is_integer(json_object_get(d, numbers[i])));
    assert_int_equal(json_integer_value(json_object_get(d, "category_uid")), 3);
    assert_int_equal(json_integer_value(json_object_get(d, "class_uid")), 3002);
    assert_int_equal(json_integer_value(json_object_get(d, "type_uid")),
                     300200 + json_integer_value(json_object_get(d, "activity_id")));
    assert_true(json_is_string(json_object_get(meta, "version")));
    assert_true(json_is_string(json_object_get(json_object_get(meta, "product"), "name")));
    assert_true(json_is_string(json_object_get(json_object_get(meta, "product"), "vendor_name")));
    assert_true(json_is_string(json_object_get(json_object_get(d, "user"), "name")) ||
                json_is_string(json_object_get(json_object_get(d, "user"), "uid")));
    assert_true(json_is_string(json_object_get(json_object_get(d, "service"), "name")));
}

static void every_type_is_ocsf(void **state)
{
    struct place p;

    (void)state;
    place_make(&p);
    for (int t = 1; t < (int)BG_EV_TYPES; t++) {
        struct bg_event e = BG_EVENT_INIT; /* nothing given at all */
        json_t *ev;
        e.type = (enum bg_event_type)t;
        place_record(&p, &e, BG_RECORDED_JOURNAL);
        assert_non_null(ev = place_line(p.journal, (unsigned)t));
        assert_string_equal(str(ev, "type"), bg_event_kind(e.type)->type);
        assert_ocsf(json_object_get(ev, "data"));
        json_decref(ev);
    }
    place_remove(&p);
}

static void everything_given_is_there(void **state)
{
    struct place p;
    struct bg_event e = place_event("LDAP is down");
    json_t *ev, *d, *o, *clock;

    (void)state;
    place_make(&p);
    e.use = "01JD7Z3W9Q6M3B1V5X0C8K3F2T";
    e.rhost = "2001:db8::7";
    e.ruser = "eve";
    e.tty = "pts/3";
    e.claimed = "Ada Lovelace";
    e.ticket = "INC-1";
    e.detail = "BG204";
    e.source = "network";
    e.host_pid = getpid();
    e.caller_uid = 0;
    e.audit_uid = 4294967295;
    e.audit_session = 3;
    place_record(&p, &e, BG_RECORDED_JOURNAL);
    assert_non_null(ev = place_line(p.journal, 1));
    d = json_object_get(ev, "data");
    o = own(ev);
    assert_ocsf(d);
    assert_string_equal(str(json_object_get(d, "src_endpoint"), "ip"), "2001:db8::7");
    assert_true(json_is_true(json_object_get(d, "is_remote")));
    assert_int_equal(json_integer_value(json_object_get(d, "status_id")), 1);
    assert_string_equal(str(json_object_get(d, "session"), "terminal"), "pts/3");
    assert_string_equal(str(o, "use"), e.use);
    assert_string_equal(str(o, "claimed_by"), "Ada Lovelace");
    assert_string_equal(str(o, "reason"), "LDAP is down");
    assert_string_equal(str(o, "ticket"), "INC-1");
    assert_string_equal(str(o, "detail"), "BG204");
    assert_string_equal(str(o, "ruser"), "eve");
    assert_int_equal(json_integer_value(json_object_get(o, "pid")), getpid());
    assert_true(json_is_integer(json_object_get(o, "caller_uid"))); /* uid 0 is a number, not "left out" */
    assert_int_equal(json_integer_value(json_object_get(o, "audit_uid")), 4294967295);
    assert_null(json_object_get(o, "degraded"));
    clock = json_object_get(o, "clock");
    assert_int_equal(strlen(str(clock, "boot_id")), 36);
    assert_true(json_integer_value(json_object_get(clock, "mono_ns")) > 0);
    assert_true(json_is_boolean(json_object_get(clock, "synced")));
    assert_true(json_is_integer(json_object_get(clock, "maxerror_us")));
    json_decref(ev);
    place_remove(&p);
}

/* No byte of a line may move a cursor, end the line or turn the text round: C0, DEL, C1, bidi. */
static void assert_harmless(const char *line, size_t n)
{
    for (size_t i = 0, used; i < n; i += used) {
        uint32_t cp = 0;
        used = bg_utf8_next(line + i, n - i, &cp);
        assert_int_not_equal(used, 0);
        assert_true(cp >= 0x20 && cp != 0x7f && !(cp >= 0x80 && cp <= 0x9f));
        assert_true(cp != 0x200e && cp != 0x200f && !(cp >= 0x202a && cp <= 0x202e) &&
                    !(cp >= 0x2066 && cp <= 0x2069));
    }
}

static void hostile_text_is_harmless(void **state)
{
    static char long_one[5001];
    static const char *const hostile[] = {"\033[2J\033]0;title\007",
                                          "\302\233"
                                          "31m C1 CSI",
                                          "\233"
                                          "31m raw C1",
                                          "line\n{\"forged\":1}\r\n",
                                          "\342\200\256 right to left",
                                          "\342\201\246 isolate",
                                          "\377\376 not UTF-8 \300\200",
                                          "\\\"},\"seal\":\"x\"}",
                                          "\355\240\200 surrogate",
                                          "del \177 bom \357\273\277 tab\t",
                                          "",
                                          long_one};
    struct bg_event_card cards[BG_EVENT_CARDS];
    struct place p;

    (void)state;
    place_make(&p);
    memset(long_one, '\033', sizeof long_one - 1);
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        struct bg_event e = BG_EVENT_INIT;
        enum bg_recorded where;
        char line[BG_LINE_MAX];
        json_t *ev;
        e.type = BG_EV_ATTEMPT_FAILED;
        e.account = e.use = e.message = e.service = e.tty = e.rhost = e.ruser = e.source = hostile[i];
        e.claimed = e.reason = e.ticket = e.factor = e.detail = e.degraded = hostile[i];
        for (size_t k = 0; k < BG_EVENT_CARDS; k++)
            cards[k] = (struct bg_event_card){16, 16, 16, hostile[i], hostile[i], hostile[i]};
        e.card = cards;
        e.cards = BG_EVENT_CARDS;
        assert_int_equal(bg_record(&p.rec, &e, &where, NULL), BG_OK);
        assert_int_equal(where, BG_RECORDED_JOURNAL);
        place_newest(p.journal, line);
        assert_harmless(line, strlen(line));
        assert_non_null(ev = json_loads(line, JSON_REJECT_DUPLICATES, NULL));
        assert_true(json_string_length(json_object_get(own(ev), "reason")) <= 1000);
        assert_int_equal(json_array_size(json_object_get(own(ev), "cards")), BG_EVENT_CARDS);
        assert_true(json_is_null(json_object_get(ev, "seal")));
        json_decref(ev);
    }
    struct bg_verify v;
    assert_int_equal(bg_journal_verify(p.journal, &v), BG_OK);
    assert_int_equal(v.lines, 1 + sizeof hostile / sizeof hostile[0]);
    place_remove(&p);
}

static void honest_letters_stay(void **state)
{
    struct place p;
    struct bg_event e = place_event("Gr\303\274\303\237e \346\227\245\346\234\254");
    json_t *ev;

    (void)state;
    place_make(&p);
    place_record(&p, &e, BG_RECORDED_JOURNAL);
    assert_non_null(ev = place_line(p.journal, 1));
    assert_string_equal(str(own(ev), "reason"), e.reason);
    json_decref(ev);
    place_remove(&p);
}

static void unknown_types_are_refused(void **state)
{
    struct place p;
    struct bg_event e = BG_EVENT_INIT;
    enum bg_recorded where = BG_RECORDED_JOURNAL;

    (void)state;
    place_make(&p);
    assert_int_equal(bg_record(&p.rec, &e, &where, NULL), BG_E_RANGE);
    assert_int_equal(where, BG_RECORDED_NOWHERE);
    e.type = BG_EV_TYPES;
    assert_int_equal(bg_record(&p.rec, &e, &where, NULL), BG_E_RANGE);
    place_remove(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ulid_holds_the_time),       cmocka_unit_test(types_have_names),
        cmocka_unit_test(members_stand_in_order),    cmocka_unit_test(every_type_is_ocsf),
        cmocka_unit_test(everything_given_is_there), cmocka_unit_test(hostile_text_is_harmless),
        cmocka_unit_test(honest_letters_stay),       cmocka_unit_test(unknown_types_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
