/* SPDX-License-Identifier: ISC */
#include "../testfiles.h"

#include "config/from.h"

static void lists(void **state)
{
    static const char *const good[] = {"",
                                       "console",
                                       "local network",
                                       "  console\t10.0.0.1 ",
                                       "0.0.0.0/0",
                                       "10.2.0.0/16",
                                       "10.2.3.4/16",
                                       "255.255.255.255/32",
                                       "::/0",
                                       "2001:db8::/32",
                                       "fe80::1",
                                       "::ffff:10.2.0.0/112",
                                       "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128"};
    static const char *const bad[] = {
        "Console",
        "everywhere",
        "10.2.0.0/33",
        "10.2.0.0/",
        "10.2.0.0/-1",
        "10.2.0.0/8x",
        "10.2.0",
        "10.2.0.0/16/",
        "10.2.0.0.0",
        "host",
        "host.example.org",
        "2001:db8::/129",
        "console,local",
        "fe80::1%eth0",
        "10.2.0.0 /16",
        "network bad",
        "010.0.0.1",
        "1",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (!bg_from_valid(good[i]))
            fail_msg("refused: \"%s\"", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (bg_from_valid(bad[i]))
            fail_msg("accepted: \"%s\"", bad[i]);
}

#define CONSOLE BG_SOURCE_CONSOLE, ""
#define LOCAL   BG_SOURCE_LOCAL, ""
#define NET(at) BG_SOURCE_NETWORK, at

/* Expected by CIDR (RFC 4632, RFC 4291). */
static void places(void **state)
{
    static const struct {
        const char *from;
        enum bg_source s;
        const char *rhost;
        bool allowed;
    } rows[] = {
        {"", CONSOLE, true},
        {"", NET("anything"), true},
        {"console", CONSOLE, true},
        {"console", LOCAL, false},
        {"console", NET("10.0.0.1"), false},
        {"console", NET(""), false},
        {"local", LOCAL, true},
        {"local", CONSOLE, false},
        {"console local", LOCAL, true},
        {"network", NET(""), true}, /* a class, whoever comes */
        {"network", NET("host.example.org"), true},
        {"network", CONSOLE, false},
        {"10.2.0.0/16", NET("10.2.255.1"), true},
        {"10.2.0.0/16", NET("10.3.0.1"), false},
        {"10.2.7.7/16", NET("10.2.0.1"), true},
        {"10.2.0.0/15", NET("10.3.0.1"), true},
        {"10.2.0.0/23", NET("10.2.1.255"), true},
        {"10.2.0.0/23", NET("10.2.2.0"), false},
        {"10.2.0.1", NET("10.2.0.1"), true},
        {"10.2.0.1", NET("10.2.0.2"), false},
        {"10.2.0.1/32", NET("10.2.0.0"), false},
        {"0.0.0.0/0", NET("192.0.2.1"), true},
        {"0.0.0.0/0", NET("2001:db8::1"), false}, /* a range of the one family holds nothing of the other */
        {"::/0", NET("2001:db8::1"), true},
        {"::/0", NET("192.0.2.1"), false},
        {"::/0", NET("::ffff:192.0.2.1"), false},
        {"2001:db8::/33", NET("2001:db8:7fff::1"), true},
        {"2001:db8::/33", NET("2001:db8:8000::1"), false},
        {"fe80::/10", NET("fe80::1%eth0"), true},
        {"10.2.0.0/16", NET("::ffff:10.2.0.9"), true},
        {"::ffff:10.2.0.0/112", NET("10.2.0.9"), true},
        {"::ffff:10.2.0.0/112", NET("10.3.0.9"), false},
        /* no digits, no range: nothing is looked up, and nothing is guessed */
        {"0.0.0.0/0 ::/0", NET(""), false},
        {"0.0.0.0/0 ::/0", NET("localhost"), false},
        {"0.0.0.0/0 ::/0", NET("10.2.0.1 "), false},
        {"0.0.0.0/0 ::/0", NET("10.2.0.1.example.org"), false},
        {"0.0.0.0/0 ::/0", NET("10.2.0.1%eth0"), false},
        {"0.0.0.0/0 ::/0", NET("0x0a.2.0.1"), false},
        {"0.0.0.0/0 ::/0", NET("UNKNOWN"), false},
        {"10.2.0.0/16", BG_SOURCE_CONSOLE, "10.2.0.1", false},
        {"10.2.0.0/16", BG_SOURCE_LOCAL, "10.2.0.1", false},
        {"10.2.0.0/16", BG_SOURCE_NETWORK, NULL, true}, /* some address */
        {"console", BG_SOURCE_NETWORK, NULL, false},
        {"console 10.2.0.0/16 2001:db8::1", NET("2001:db8::1"), true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (bg_from_allows(rows[i].from, rows[i].s, rows[i].rhost) != rows[i].allowed)
            fail_msg("row %zu: from \"%s\", %s \"%s\"", i, rows[i].from, bg_source_name(rows[i].s),
                     rows[i].rhost == NULL ? "(any)" : rows[i].rhost);
}

static void sources_by_name(void **state)
{
    (void)state;
    for (enum bg_source s = BG_SOURCE_CONSOLE; s <= BG_SOURCE_NETWORK; s++)
        assert_int_equal(bg_source_by_name(bg_source_name(s)), s);
    assert_int_equal(bg_source_by_name("unknown"), 0);
    assert_int_equal(bg_source_by_name(""), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists),
        cmocka_unit_test(places),
        cmocka_unit_test(sources_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
