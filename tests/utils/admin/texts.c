/* SPDX-License-Identifier: ISC */
/* Share cards and group lists. Expected texts are written by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/secret.h"
static void fake_wipe(void *p, size_t n);
static ssize_t fake_read(const char *prompt, char *line, size_t cap);
#define bg_wipe        fake_wipe
#define ui_read_hidden fake_read
#include "admin/share/test.c"
#undef bg_wipe
#include "admin/share/share.h"

static void test_groups(void **state)
{
    static const char *const bad[] = {"",     "2",    "2/",   "/3",   "0/3",  "4/3",      "1/3",
                                      "2/17", "2/3,", ",2/3", "2/3x", "-2/3", "2/3,,2/3", " 2/3"};
    struct bg_shareset set = {0};

    (void)state;
    assert_true(shareplan_groups("2/3,3/5,1/1,16/16", &set));
    assert_int_equal(set.group_count, 4);
    assert_int_equal(set.group[1].threshold, 3);
    assert_int_equal(set.group[1].count, 5);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(shareplan_groups(bad[i], &set));
}

/* The longest card: 33 words, 16 groups. */
static void test_card_fits(void **state)
{
    struct slip39_share *shares = calloc(SHARES_MAX, sizeof *shares);
    struct shareplan plan = {
        .set = {.bytes = 32, .group_threshold = 16, .label = "a label of two and thirty bytes."}};
    struct bg_shareset *set = &plan.set;
    struct sharecard cards[BG_CARDS_MAX];
    char group[48], *text = NULL;
    size_t size, n = 0, lines = 0;
    FILE *to = open_memstream(&text, &size);

    (void)state;
    assert_non_null(shares);
    for (int i = 0; i < 16; i++) {
        (void)snprintf(group, sizeof group, "names of twenty b %02d %s", i, i < 15 ? "3/3" : "16/16");
        assert_true(shareplan_group(group, &plan));
    }
    for (int i = 0; i < 61; i++)
        assert_true(shareplan_keeper(
                        "a name of three and sixty bytes, as nobody will ever have it....:an envelope of 31 "
                        "bytes is long:a seal of one and thirty bytes.",
                        &plan) == false);
    for (int i = 0; i < 61; i++)
        assert_true(shareplan_keeper(
            "a name of three and sixty bytes; as nobody will ever have it...:an envelope of 31 "
            "bytes is lon:a seal of one and thirty bytes.",
            &plan));
    assert_true(shareplan_cards(&plan));
    assert_int_equal(sharenew_make(set, shares, &n), BG_OK);
    assert_int_equal(n, 61);
    assert_int_equal(sharecards_of(set, shares, n, "breakglass_account_of_31_letter",
                                   "a-host-with-a-very-long-name.of.some.example.com", cards),
                     61);
    assert_int_equal(sharecard_print(to, &cards[60]), BG_OK);
    assert_int_equal(fclose(to), 0);
    for (const char *p = text; *p != '\0'; lines++) {
        size_t len = strcspn(p, "\n");
        assert_true(len <= 80);
        for (size_t i = 0; i < len; i++)
            assert_true(p[i] >= ' ' && p[i] <= '~');
        p += len + 1;
    }
    assert_true(lines <= 22); /* and the line that waits for Enter */
    free(text);
    free(shares);
}

static void test_card_word(void **state)
{
    char out[12];

    (void)state;
    sharecard_word("academic", out);
    assert_string_equal(out, "ACADemic");
    sharecard_word("acid", out);
    assert_string_equal(out, "ACID");
}

/* A card is typed back: what the prompt asks for, and that neither the line nor the typer keeps a word. */
static const char *const *typed;
static char prompts[256];
static const char *line_of_words;
static bool line_wiped;

static ssize_t fake_read(const char *prompt, char *line, size_t cap)
{
    line_of_words = line;
    (void)snprintf(prompts + strlen(prompts), sizeof prompts - strlen(prompts), "%s|", prompt);
    return *typed == NULL ? -1 : snprintf(line, cap, "%s", *typed++);
}

static void fake_wipe(void *p, size_t n)
{
    line_wiped = line_wiped || (p == line_of_words && n == BG_SHARELINE_MAX + 2);
    bg_wipe(p, n);
}

static bool type_back(const struct bg_shareset *set, const char *const *lines)
{
    static const uint8_t none[sizeof typer];
    json_t *root = json_object();
    struct sharetest test;
    bool good;

    typed = lines;
    prompts[0] = '\0';
    line_wiped = false;
    good = sharecard_test("bg1", set, true, root, &test);
    assert_true(line_wiped);
    assert_memory_equal(&typer, none, sizeof typer);
    assert_int_equal(json_object_size(root), good ? 4 : 0);
    json_decref(root);
    return good;
}

/* The first share of vector 4 of SLIP-0039: member 0 of 2/3 there; the set is made to fit, or not to. */
static void test_typed_back(void **state)
{
    static const char *const whole[] = {
        "shadow pistol academic always adequate wildlife fancy gross oasis cylinder",
        "mustang wrist rescue view short owner flip making coding armed", NULL};
    static const char *const wrong[] = {
        "shadow pistol acid always adequate wildlife fancy gross oasis cylinder",
        "mustang wrist rescue view short owner flip making coding armed", "academic", NULL};
    const char *const cut[] = {whole[0], NULL}, *const unfinished[] = {wrong[0], wrong[1], NULL};
    struct bg_shareset set = {.words = "shadow pistol",
                              .exponent = 2,
                              .group_threshold = 1,
                              .group_count = 1,
                              .group = {{2, 3}},
                              .bytes = 16};
    struct slip39_share s;
    uint16_t words[20];
    char all[160], *save = NULL;
    size_t n = 0;

    (void)state;
    (void)snprintf(all, sizeof all, "%s %s", whole[0], whole[1]);
    for (char *w = strtok_r(all, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save))
        assert_int_equal(slip39_word_find(w, strlen(w), &words[n++]), BG_OK);
    assert_int_equal(slip39_decode(words, n, &s), BG_OK);
    set.id = s.id;
    set.extendable = s.extendable;
    set.exponent = s.exponent;
    assert_true(type_back(&set, whole));
    assert_string_equal(prompts, "Card, words 1-20, hidden: |Words 11-20, hidden: |");
    assert_true(type_back(&set, wrong));
    assert_string_equal(prompts, "Card, words 1-20, hidden: |Words 11-20, hidden: |Word 3 only: |");
    assert_false(type_back(&set, cut));
    assert_false(type_back(&set, unfinished));
    set.id ^= 1 << 5 | 1; /* both words are others */
    assert_false(type_back(&set, whole));
    assert_string_equal(prompts,
                        "Card, words 1-20, hidden: |Card, words 1-20, hidden: |Card, words 1-20, hidden: |");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_card_fits),
        cmocka_unit_test(test_card_word),
        cmocka_unit_test(test_typed_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
