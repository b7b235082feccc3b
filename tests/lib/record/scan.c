/* SPDX-License-Identifier: ISC */
/* The quick reader takes every line that we write, and nothing that the parser does not take in the same way.
 */
#include "place.h"

#include <string.h>
#include "record/chain.h"
#include "record/event.h"
#include "record/proof.h"
#include "record/scan.h"

struct sample {
    char text[BG_LINE_MAX + 8];
    size_t len; /* no newline */
};

static void make_line(struct sample *s, const struct bg_event *e)
{
    struct bg_chain c;
    json_t *ev;

    assert_int_equal(bg_chain_begin(&c), BG_OK);
    assert_int_equal(bg_event_render(e, &ev), BG_OK);
    assert_int_equal(bg_chain_link(ev, &c, NULL, s->text, &s->len), BG_OK);
    s->len--;
    json_decref(ev);
}

/* A line with all that an event can have. */
static void make_full(struct sample *s)
{
    static const struct bg_event_card card[] = {{1, 2, 0, "Ada", "E-1", "S-1"}, {2, 1, 3, "Bob", "", NULL}};
    static const struct bg_repeats repeats = {.account = "bg1", .failed = 7, .first = "10.0.0.1"};
    struct bg_event e = place_event("LDAP ist tot: \"caf\xc3\xa9\" \\ \x1b[31m");

    e.rhost = "10.1.2.3";
    e.tty = "pts/3";
    e.card = card;
    e.cards = 2;
    e.repeats = &repeats;
    e.host_pid = 1;
    make_line(s, &e);
}

/* Whatever the quick reader takes, the parser takes, and reads the same. */
static void agrees(const struct sample *s)
{
    struct bg_scan scan;
    struct bg_chain at;
    const char *fault;
    json_t *ev;

    if (!bg_scan_line(s->text, s->len, &scan))
        return;
    if (bg_chain_parse(s->text, s->len, &ev, &at) != BG_OK)
        fail_msg("only the quick reader takes %.*s", (int)s->len, s->text);
    assert_string_equal(scan.at.last.journalid, at.last.journalid);
    assert_true(scan.at.last.sequence == at.last.sequence);
    assert_string_equal(scan.at.head, at.head);
    assert_memory_equal(scan.linehash, bg_json_str(ev, "linehash"), BG_HASH_HEX);
    assert_int_equal(scan.type_len, strlen(bg_json_str(ev, "type")));
    assert_int_equal(scan.sealed, json_is_string(json_object_get(ev, "seal")));
    fault = bg_chain_fault(s->text, s->len, ev);
    if (fault != NULL)
        assert_non_null(strstr(fault, "its own hash"));
    json_decref(ev);
}

static void every_kind_of_line_is_taken(void **state)
{
    struct sample s;
    struct bg_scan scan;

    (void)state;
    for (int t = 1; t < BG_EV_TYPES; t++) {
        struct bg_event e = place_event("a reason");
        e.type = (enum bg_event_type)t;
        make_line(&s, &e);
        assert_true(bg_scan_line(s.text, s.len, &scan));
        assert_int_equal(scan.type_len, strlen(bg_event_kind(e.type)->type));
        assert_memory_equal(scan.type, bg_event_kind(e.type)->type, scan.type_len);
        agrees(&s);
    }
    make_full(&s);
    assert_true(bg_scan_line(s.text, s.len, &scan));
    agrees(&s);
}

static void any_byte_in_any_place(void **state)
{
    static const char other[] = "\"\\{}[]:,0919-eE.tfnu /\x01\x1f\x7f\x80\xbf\xc3\xe2\xed\xf0\xff";
    struct sample s;

    (void)state;
    make_full(&s);
    for (size_t i = 0; i < s.len; i++) {
        char was = s.text[i];
        for (size_t k = 0; k < sizeof other; k++) { /* its NUL too */
            s.text[i] = other[k];
            agrees(&s);
        }
        for (int bit = 0; bit < 8; bit++) {
            s.text[i] = (char)(was ^ (1 << bit));
            agrees(&s);
        }
        s.text[i] = was;
    }
}

static void a_byte_less_or_twice(void **state)
{
    struct sample whole, s;

    (void)state;
    make_full(&whole);
    for (size_t i = 0; i < whole.len; i++) {
        s = whole;
        memmove(s.text + i, whole.text + i + 1, whole.len - i - 1);
        s.len--;
        agrees(&s);
        s = whole;
        memmove(s.text + i + 1, whole.text + i, whole.len - i);
        s.len++;
        agrees(&s);
    }
}

/* The line with `what` in front of the first `"data":`. */
static void inserted(struct sample *s, const char *what)
{
    struct bg_event e = place_event("a reason");
    size_t n = strlen(what);
    char *at;

    make_line(s, &e);
    at = strstr(s->text, "\"data\":");
    assert_non_null(at);
    memmove(at + n, at, s->len - (size_t)(at - s->text));
    memcpy(at, what, n);
    s->len += n;
}

static void what_is_not_ours_is_left_to_the_parser(void **state)
{
    static const char *const left[] = {
        "\"sequence\":\"00000000000000000001\",",
        "\"journalid\":\"00000000000000000000000000000000\",",
        "\"linehash\":\"\",",
        "\"seal\":null,",
        "\"\\u0073eal\":null,",
        "\"s\\/eal\":null,",
        "\"\":1,",
        "\"x\":{\"a\":1,\"b\":2,\"a\":3},",
        "\"x\":[[[[[[[[[[1]]]]]]]]]],",
        "\"x\":01,",
        "\"x\":1234567890123456789,",
        "\"x\":1.5,",
        "\"x\":1e3,",
        "\"x\":-,",
        "\"x\":[1,],",
        "\"x\":{\"a\"},",
        "\"x\":\"\xed\xa0\x80\",",
        "\"x\":\"\\u0041\",",
        "\"x\":truth,",
        "\"x\" :1,",
    };
    static const char *const taken[] = {"\"x\":{\"a\":{\"a\":1},\"b\":[{\"a\":2},{\"a\":-3}]},", "\"x\":[],",
                                        "\"x\":{},", "\"x\":\"\xc3\xa9 \\\" \\\\ \\n\","};
    struct sample s;
    struct bg_scan scan;

    (void)state;
    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++) {
        inserted(&s, left[i]);
        if (bg_scan_line(s.text, s.len, &scan))
            fail_msg("taken: %s", left[i]);
    }
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        inserted(&s, taken[i]);
        if (!bg_scan_line(s.text, s.len, &scan))
            fail_msg("left: %s", taken[i]);
        agrees(&s);
    }
}

/* Both ways of proof know the same hashes. */
static void the_hash_is_of_the_whole_line(void **state)
{
    struct bg_hasher *h = bg_hasher_new();
    struct sample s;
    struct bg_proof p;
    char want[BG_HASH_HEX + 1];

    (void)state;
    assert_non_null(h);
    for (int turn = 0; turn < 2; turn++) {
        struct bg_event e = place_event("a reason");
        e.type = turn == 0 ? BG_EV_USE_GRANTED : BG_EV_JOURNAL_GENESIS;
        make_line(&s, &e);
        assert_null(bg_proof_line(h, s.text, s.len, &p));
        assert_int_equal(p.ev != NULL, turn == 1);
        assert_int_equal(bg_sha256_hex(s.text, s.len, want), BG_OK);
        assert_string_equal(p.hash, want);
        assert_int_equal(p.at.last.sequence, 1);
        bg_proof_drop(&p);
        s.text[20] ^= 1;
        assert_non_null(bg_proof_line(h, s.text, s.len, &p));
    }
    bg_hasher_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_line_is_taken),
        cmocka_unit_test(any_byte_in_any_place),
        cmocka_unit_test(a_byte_less_or_twice),
        cmocka_unit_test(what_is_not_ours_is_left_to_the_parser),
        cmocka_unit_test(the_hash_is_of_the_whole_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
