/* SPDX-License-Identifier: ISC */
/* Where else an account can be opened, in words, and the refusals that name it. */
#include "scene.h"

#include <stdio.h>
#include <string.h>
#include "login/login.h"

static void assert_elsewhere(const struct bg_credential *c, const char *expected)
{
    char seen[PLACE_MAX];

    place_elsewhere(c, seen);
    assert_string_equal(seen, expected);
}

/* What the login of that account says there, NULL: it goes on. */
static const struct bg_message *find(const struct bg_credential *c, const struct bg_place *p)
{
    static const char *const silence[] = {NULL};
    struct ways w;

    scene_begin(silence);
    scene.L.credential = *c;
    scene.L.source = p->source;
    (void)snprintf(scene.L.hello.rhost, sizeof scene.L.hello.rhost, "%s", p->rhost);
    return ways_find(&scene.L, &w);
}

#define A_HASH "$6$rounds=500000$abcdefgh$hash"

/* Each refusal names the way that is open, and no range of addresses. */
static void the_way_that_is_open(void **state)
{
    struct bg_credential c = {.has_shares = true, .has_password = true, .password.hash = A_HASH};
    const struct bg_place console = {.source = BG_SOURCE_CONSOLE, .rhost = ""};
    const struct bg_place local = {.source = BG_SOURCE_LOCAL, .rhost = ""};
    const struct bg_place net = {.source = BG_SOURCE_NETWORK, .rhost = "192.0.2.1"};
    char here[PLACE_MAX], more[PLACE_MAX];

    (void)state;
    if (!BG_WITH_PASSWORD)
        skip();
    assert_elsewhere(
        &c, "at a console with cards or the password; by su on this host with cards or the password; "
            "over the network with cards or the password");
    (void)strcpy(c.from, "console");
    assert_elsewhere(&c, "at a console with cards or the password");
    assert_ptr_equal(find(&c, &net), BG_M_NOT_FROM_HERE);
    assert_ptr_equal(find(&c, &local), BG_M_NOT_FROM_HERE);
    assert_null(find(&c, &console));
    (void)strcpy(c.from, "console 10.0.0.0/8");
    assert_elsewhere(
        &c, "at a console with cards or the password; from certain addresses of the network with cards "
            "or the password");
    assert_ptr_equal(find(&c, &net), BG_M_NOT_FROM_HERE);
    (void)strcpy(c.from, "");
    (void)strcpy(c.password.from, "10.0.0.0/8");
    assert_true(place_limits(&c, &net, here, more));
    assert_string_equal(here, "cards");
    assert_string_equal(more, "from certain addresses of the network with cards or the password");
    (void)strcpy(c.password.from, "console");
    assert_true(place_limits(&c, &net, here, more));
    assert_string_equal(more, "at a console with cards or the password");
    assert_false(place_limits(&c, &console, here, more));
    c.require_at[BG_SOURCE_CONSOLE - 1] = BG_REQUIRE_SHARES_PASSWORD + 1;
    assert_true(place_limits(&c, &net, here, more));
    assert_string_equal(more, "at a console with cards and the password");
}

static void the_way_that_is_open_with_keys(void **state)
{
    struct bg_key two[2] = {{.label = "a"}, {.label = "b"}};
    struct bg_credential c = {.key_count = 2, .key = two, .has_shares = true};
    const struct bg_place net = {.source = BG_SOURCE_NETWORK, .rhost = "192.0.2.1"};
    const struct bg_place console = {.source = BG_SOURCE_CONSOLE, .rhost = ""};
    char here[PLACE_MAX], more[PLACE_MAX];

    (void)state;
    if (!BG_WITH_FIDO)
        skip();
    assert_true(place_limits(&c, &net, here, more));
    assert_string_equal(here, "cards");
    assert_string_equal(more, "at a console with a key or cards");
    c.require_at[BG_SOURCE_CONSOLE - 1] = BG_REQUIRE_TWO_KEYS + 1;
    assert_elsewhere(
        &c, "at a console with two keys; by su on this host with cards; over the network with cards");
    (void)strcpy(c.from, "network");
    assert_ptr_equal(find(&c, &console), BG_M_NOT_FROM_HERE);
    (void)strcpy(c.from, "");
    c.require = BG_REQUIRE_BOTH;
    assert_ptr_equal(find(&c, &net), BG_M_KEY_CONSOLE_ONLY);
    c.require_at[BG_SOURCE_LOCAL - 1] = BG_REQUIRE_SHARES + 1;
    assert_ptr_equal(find(&c, &net), BG_M_NOT_FROM_HERE); /* a console is not the only place */
    assert_elsewhere(&c, "at a console with two keys; by su on this host with cards");
    c.require_at[BG_SOURCE_LOCAL - 1] = 0;
    c.require_at[BG_SOURCE_CONSOLE - 1] = 0;
    (void)strcpy(c.key[0].from, "network"); /* where it cannot be used */
    (void)strcpy(c.key[1].from, "network");
    assert_ptr_equal(find(&c, &net), BG_M_NO_CREDENTIAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_way_that_is_open),
        cmocka_unit_test(the_way_that_is_open_with_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
