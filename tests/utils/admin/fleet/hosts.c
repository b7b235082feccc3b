/* SPDX-License-Identifier: ISC */
/* Lists of hosts: what is read, what is refused and where, how epochs move. */
#include "../../../lib/testfiles.h"
#include "admin/fleet/fleet.h"

static struct bg_ini_error e;

static enum bg_err parse(const char *text, bool epochs, struct fleet_hosts *l)
{
    memset(&e, 0, sizeof e);
    return fleet_hosts_parse(text, strlen(text), epochs, l, &e);
}

static void names_are_read_and_sorted(void **state)
{
    struct fleet_hosts l = {0};

    (void)state;
    assert_int_equal(parse("# the west\n\n web02 \nweb01\r\ndb.example.org", false, &l), BG_OK);
    assert_int_equal(l.n, 3);
    assert_string_equal(l.host[0].name, "db.example.org");
    assert_string_equal(l.host[1].name, "web01");
    assert_string_equal(l.host[2].name, "web02");
    assert_int_equal(l.host[2].line, 3);
    assert_int_equal(l.host[2].epoch, 0);
    assert_ptr_equal(fleet_hosts_find(&l, "web02"), &l.host[2]);
    assert_null(fleet_hosts_find(&l, "web0"));
    fleet_hosts_free(&l);
    assert_null(fleet_hosts_find(&l, "web02"));
}

static void epochs_are_read(void **state)
{
    struct fleet_hosts l = {0};

    (void)state;
    assert_int_equal(parse("b 999999\na\t1\n", true, &l), BG_OK);
    assert_int_equal(l.n, 2);
    assert_int_equal(l.host[0].epoch, 1);
    assert_int_equal(l.host[1].epoch, 999999);
    fleet_hosts_free(&l);
}

static void each_fault_has_its_line(void **state)
{
    static const struct {
        const char *text;
        bool epochs;
        unsigned line;
    } bad[] = {
        {"web01\nWeb02\n", false, 2},
        {"web01 web02\n", false, 1},
        {"\n# x\n../etc\n", false, 3},
        {"a\nb\nc\na\n", false, 4},
        {"web01\n", true, 1},
        {"a 1\nb 0\n", true, 2},
        {"a 1\nb 1000000\n", true, 2},
        {"a 1 2\n", true, 1},
        {"a 1\na 2\n", true, 2},
        {"a -1\n", true, 1},
        {"web01\x01\n", false, 1},
        {"w\xc3\xa9"
         "b\n",
         false, 1},
        {".\n", false, 1},
        {"..\n", false, 1},
    };
    struct fleet_hosts l = {.n = 77};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(parse(bad[i].text, bad[i].epochs, &l), BG_E_SYNTAX);
        assert_int_equal(e.line, bad[i].line);
        assert_true(e.text[0] != '\0');
        assert_int_equal(l.n, 77);
    }
    assert_int_equal(fleet_hosts_parse("ab\0c\n", 5, false, &l, &e), BG_E_SYNTAX);
    assert_int_equal(e.line, 1);
}

static void no_host_is_a_list_too(void **state)
{
    struct fleet_hosts l = {.n = 77};

    (void)state;
    assert_int_equal(parse("", true, &l), BG_OK);
    assert_int_equal(l.n, 0);
    fleet_hosts_free(&l);
    assert_int_equal(parse("# nothing\n", false, &l), BG_OK);
    assert_int_equal(l.n, 0);
    fleet_hosts_free(&l);
}

static void only_the_named_hosts_move_on(void **state)
{
    struct fleet_hosts all = {0}, more = {0};

    (void)state;
    assert_int_equal(parse("a 1\nb 7\nc 3\n", true, &all), BG_OK);
    assert_int_equal(parse("b\nd\n", false, &more), BG_OK);
    assert_int_equal(fleet_hosts_join(&all, &more, true), BG_OK);
    assert_int_equal(all.n, 4);
    assert_int_equal(fleet_hosts_find(&all, "a")->epoch, 1);
    assert_int_equal(fleet_hosts_find(&all, "b")->epoch, 8);
    assert_int_equal(fleet_hosts_find(&all, "c")->epoch, 3);
    assert_int_equal(fleet_hosts_find(&all, "d")->epoch, 1);
    assert_int_equal(fleet_hosts_find(&more, "b")->epoch, 8);
    assert_int_equal(fleet_hosts_join(&all, &more, false), BG_OK);
    assert_int_equal(fleet_hosts_find(&all, "b")->epoch, 8);
    assert_int_equal(all.n, 4);
    fleet_hosts_free(&all);
    fleet_hosts_free(&more);
}

static void the_last_epoch_is_the_last(void **state)
{
    struct fleet_hosts all = {0}, more = {0};

    (void)state;
    assert_int_equal(parse("a 999999\n", true, &all), BG_OK);
    assert_int_equal(parse("a\nb\n", false, &more), BG_OK);
    assert_int_equal(fleet_hosts_join(&all, &more, true), BG_E_RANGE);
    assert_int_equal(all.n, 1);
    assert_int_equal(all.host[0].epoch, 999999);
    fleet_hosts_free(&all);
    fleet_hosts_free(&more);
}

static void what_is_written_is_read(void **state)
{
    struct fleet_hosts l = {0}, again = {0};

    (void)state;
    assert_int_equal(parse("a 1\nb 7\n", true, &l), BG_OK);
    assert_int_equal(fleet_hosts_write(path, &l), BG_OK);
    assert_int_equal(fleet_hosts_read(path, true, &again, &e), BG_OK);
    assert_int_equal(again.n, 2);
    assert_int_equal(again.host[1].epoch, 7);
    fleet_hosts_free(&again);
    fleet_hosts_free(&l);
    assert_int_equal(fleet_hosts_read("/nonexistent", true, &again, &e), BG_E_NOENT);
    assert_true(e.text[0] != '\0');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_read_and_sorted),
        cmocka_unit_test(epochs_are_read),
        cmocka_unit_test(each_fault_has_its_line),
        cmocka_unit_test(no_host_is_a_list_too),
        cmocka_unit_test(only_the_named_hosts_move_on),
        cmocka_unit_test(the_last_epoch_is_the_last),
        cmocka_unit_test_setup_teardown(what_is_written_is_read, make_dir, remove_dir),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
