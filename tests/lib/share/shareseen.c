/* SPDX-License-Identifier: ISC */
/* Words of cards where everybody sees them: found in every form, and not in what people write of their work.
 */
#include "help.h"

#include "share/shareseen.h"

/* "shadow pistol": vector 4 of SLIP-0039, whose shares have member 0 and 2 of 2/3. */
#define CARD "shadow pistol academic always adequate wildlife fancy gross oasis cylinder"

static struct bg_shareset set;

static int begin(void **state)
{
    uint16_t first, second;

    (void)state;
    assert_int_equal(slip39_word_find("shadow", 6, &first), BG_OK);
    assert_int_equal(slip39_word_find("pistol", 6, &second), BG_OK);
    set = (struct bg_shareset){.id = (uint16_t)(first << 5 | second >> 5),
                               .extendable = (second >> 4 & 1) != 0,
                               .exponent = second & 15,
                               .group_threshold = 1,
                               .group_count = 1,
                               .group = {{2, 3}}};
    return 0;
}

static struct bg_shareseen seen(const char *text)
{
    struct bg_shareseen s;

    bg_shareseen(&set, text, strlen(text), &s);
    return s;
}

static void cards(void **state)
{
    static const char *const forms[] = {CARD,
                                        "SHADOW PISTOL ACAD ALWA ADEQ WILD",
                                        "shadpistacadalwaadeqwild",
                                        "1. shadow 2. pistol 3. academic 4. always 5. adequate",
                                        ("I was told: " CARD),
                                        "shadow, pistol, academic, always, adequate",
                                        "  shadow   pistol academic always"};

    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct bg_shareseen s = seen(forms[i]);
        assert_true(s.words >= 4);
        assert_true(s.ours);
        assert_string_equal(s.card, "3");
    }
    assert_int_equal(seen(CARD).words, 10);
    assert_true(seen("my shadow pistol").ours);
    assert_string_equal(seen("my shadow pistol").card, "");
    set.id ^= 64; /* of another set: still a card */
    assert_false(seen(CARD).ours);
    assert_int_equal(seen(CARD).words, 10);
}

static void what_is_none(void **state)
{
    static const char *const plain[] = {
        "",
        "   ",
        "LDAP does not answer, restarting slapd on all hosts",
        "INC-4711",
        "1 2 3 4 5 6",
        "The mail server database is full; a database company friend will move the index.",
        "Disk failure in the artist network, the finance department cannot print"};

    (void)state;
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        assert_true(seen(plain[i]).words < BG_SHARESEEN_SURE);
        assert_false(seen(plain[i]).ours);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(cards, begin),
        cmocka_unit_test_setup(what_is_none, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
