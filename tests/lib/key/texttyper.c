/* SPDX-License-Identifier: ISC */
/* Typing the example of breakglass-challenge(7): as it stands, pasted, with slips of the fingers, by other
 * keyboards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "key/messages.h"
#include "key/texttyper.h"

static const char *const lines[] = {"2G000-00W00-20G30-G2GC1-R86BK", "1450P-30D1R-7H048-J2CA1-A5S7M",
                                    "GQ30C-HM6RW-3MF1Y-81148-HJ340", "89964-WM2JA-HB5GP-JWBSG-64393",
                                    "S36D1-N6RVK-GE9T7-CY3TF-HZ2WX"};

static struct bg_texttyper t;
static struct bg_texttyper_reply reply;

static void read_row(const char *text, uint8_t row[BG_ROW])
{
    for (size_t n = 0; n < BG_ROW; text++)
        if (*text != '-')
            row[n++] = (uint8_t)bg_row_symbol(*text);
}

static void start(void)
{
    struct bg_challenge c;

    assert_true(bg_challenge_names(&c, "web01", "bg1", "sshd"));
    read_row("1NGG7-T04HM-ASW9N-F6YY0-93C6Y", c.row);
    assert_int_equal(bg_texttyper_answer(&t, &c), BG_OK);
}

static void feed(const char *line)
{
    bg_texttyper_feed(&t, line, strlen(line), &reply);
}

/* The line says m; NULL: nothing. */
static void says(const char *line, const struct bg_message *m)
{
    feed(line);
    assert_ptr_equal(reply.msg, m);
    if (m != NULL) {
        char text[BG_MSG_MAX];
        const char *args[] = {reply.arg[0], reply.arg[1], reply.arg[2], reply.arg[3], NULL};
        (void)bg_msg_full(text, sizeof text, m, args);
        print_message("%s\n", text);
        assert_null(strchr(text, '?'));
    }
}

static void whole(void)
{
    assert_true(reply.done);
    assert_null(reply.msg);
    for (size_t i = 0; i < BG_RESPONSE_ROWS; i++) {
        uint8_t row[BG_ROW];
        read_row(lines[i], row);
        assert_memory_equal(t.row[i], row, BG_ROW);
    }
}

static void line_by_line(void **state)
{
    char prompt[40];

    (void)state;
    start();
    for (size_t i = 0; i < 5; i++) {
        char want[40];
        (void)snprintf(want, sizeof want, "Line %zu of 5: ", i + 1);
        bg_texttyper_prompt(&t, prompt, sizeof prompt);
        assert_string_equal(prompt, want);
        assert_false(reply.done && i > 0);
        says(lines[i], NULL);
        says("", NULL); /* an empty line between them is nothing */
    }
    says("", NULL);
    start();
    for (size_t i = 0; i < 5; i++)
        says(lines[i], NULL);
    whole();
}

static void in_all_forms(void **state)
{
    static const char *const forms[] = {
        "1: 2G000-00W00-20G30-G2GC1-R86BK",
        "  2g000 00w00 20g30 g2gc1 r86bk \r",
        "2GOoO00W0020G30G2GCIR86BK",
        "1:2G000-00W00-20G30-G2GCl-R86BK",
        "2-G-0-0-0-0-0-W-0-0-2-0-G30-G2GC1-R86BK",
    };

    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        start();
        says(forms[i], NULL);
        assert_int_equal(t.have, 1);
    }
}

static void pasted_in_one(void **state)
{
    char all[512] = "", numbered[512] = "";

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        size_t n = strlen(numbered);
        (void)snprintf(all + 29 * i, sizeof all - 29 * i, "%s", lines[i]);
        (void)snprintf(numbered + n, sizeof numbered - n, "%zu: %s ", i + 1, lines[i]);
    }
    start();
    says(all, NULL);
    whole();
    start();
    says(numbered, NULL);
    whole();
    start();
    says("2G000-00W00-20G30-G2GC1-R86BK 1450P-30D1R-7H048", BG_M_TEXT_LENGTH); /* the second is cut */
    assert_int_equal(t.have, 1);
    for (size_t i = 1; i < 5; i++)
        says(lines[i], NULL);
    whole();
}

static void one_wrong(void **state)
{
    (void)state;
    start();
    says("2G000-00V00-20G30-G2GC1-R86BK", BG_M_TEXT_WRONG);
    assert_string_equal(reply.arg[0], "Line 1");
    assert_string_equal(reply.arg[1], "3");
    assert_string_equal(reply.arg[2], "2");
    assert_string_equal(reply.arg[3], "W");
    says("", NULL); /* Enter takes it */
    assert_int_equal(t.have, 1);
    says("1450P-30D1R-7H048-J2CA1-A5S7N", BG_M_TEXT_WRONG);
    says("a5s7m", NULL); /* that group alone */
    assert_int_equal(t.have, 2);
    says("GQ30C-HM6RW-3MF1Y-81148-HJ34A", BG_M_TEXT_WRONG);
    says("HJ34B", BG_M_TEXT_WRONG); /* and wrong again */
    says(lines[2], NULL);           /* or the whole line */
    says(lines[3], NULL);
    says(lines[4], NULL);
    whole();
}

static void other_slips(void **state)
{
    (void)state;
    start();
    says("G2000-00W00-20G30-G2GC1-R86BK", BG_M_TEXT_SWAPPED);
    says("", NULL);
    says("1450P-30D1R-7H48-J2CA1-A5S7M", BG_M_TEXT_MISSING);
    assert_string_equal(reply.arg[3], "0");
    says("", NULL);
    says("GQ30C-HM6RW-3MF1Y-811148-HJ340", BG_M_TEXT_EXTRA);
    says("", NULL);
    says("89964-WM2JA-HB5GP-JWBSG-643931", BG_M_TEXT_EXTRA); /* at the very end */
    assert_string_equal(reply.arg[2], "5");
    says(lines[3], NULL);
    says("SS6D1-NNRVK-GE9T7-CY3TF-HZ2WX", BG_M_TEXT_SEVERAL);
    says("S36D1", BG_M_TEXT_LENGTH); /* no group is awaited */
    says("S36D1-N6RVK-GE9T7-CY3TF-HZ2WU", BG_M_TEXT_CHARACTER);
    assert_string_equal(reply.arg[1], "U");
    says("", NULL); /* nothing was offered */
    assert_int_equal(t.have, 4);
    says(lines[4], NULL);
    whole();
}

static void other_lines(void **state)
{
    (void)state;
    start();
    says(lines[2], BG_M_TEXT_OTHER_LINE);
    assert_string_equal(reply.arg[1], "3");
    says(lines[0], NULL);
    says(lines[0], BG_M_TEXT_OTHER_LINE);
    assert_string_equal(reply.arg[1], "1");
}

/* Two lines of an answer to another challenge: nobody is sent back to look for a slip in the second. */
static void other_challenge(void **state)
{
    struct bg_response a = {.flags = 5, .counter = 7};
    uint8_t rows[BG_RESPONSE_ROWS][BG_ROW];
    char text[BG_ROW_TEXT], all[BG_RESPONSE_ROWS * 29 + 1];
    unsigned told = 0;

    (void)state;
    for (unsigned k = 0; k < 50; k++) {
        uint8_t nonce[BG_FIDO_HASH] = {(uint8_t)k};
        struct bg_challenge c;
        assert_int_equal(bg_challenge_make(&c, "web01", "bg1", "sshd", 0, nonce), BG_OK);
        assert_int_equal(bg_response_write(&c, &a, rows), BG_OK);
        start();
        bg_row_print(rows[0], text);
        feed(text);
        told += reply.msg == BG_M_TEXT_SEVERAL;
        feed(text); /* and the same again says the same */
        told += reply.msg == BG_M_TEXT_SEVERAL;
        bg_row_print(rows[1], text);
        says(text, BG_M_TEXT_OTHER); /* while the first is still wanted */
        feed(lines[0]);
        assert_int_equal(t.have, 1);
        bg_row_print(rows[2], text);
        says(text, BG_M_TEXT_OTHER);
        start(); /* all in one line */
        for (size_t i = 0; i < BG_RESPONSE_ROWS; i++)
            bg_row_print(rows[i], all + 29 * i);
        says(all, BG_M_TEXT_OTHER);
        assert_int_equal(t.have, 0);
    }
    assert_true(told > 80); /* now and then a whole other line looks like one slip */
}

static void other_keyboards(void **state)
{
    (void)state;
    start();
    says(lines[0], NULL);
    says(lines[1], NULL);
    says("GQ30C-HM6RW-3MF1Z-81148-HJ340", NULL); /* QWERTZ; z and y alone differ */
    says("*((^$ Z;@JQ HB%GP JZBSG ^$#(#", NULL); /* AZERTY, whose digits are above Shift */
    says("S36D1-N6RVK-GE9T7-CZ3TF-HY2WX", NULL);
    whole();
}

static void hostile(void **state)
{
    char line[600];

    (void)state;
    start();
    memset(line, 'A', sizeof line);
    line[sizeof line - 1] = '\0';
    says(line, BG_M_TEXT_CHARACTER); /* too much of it */
    says("\x1b[200~2G000", BG_M_TEXT_CHARACTER);
    says("2G000\x80", BG_M_TEXT_CHARACTER);
    bg_texttyper_feed(&t, "2\0G", 3, &reply);
    assert_ptr_equal(reply.msg, BG_M_TEXT_CHARACTER);
    says(":", BG_M_TEXT_CHARACTER);
    says("1:", NULL);
    says("-", NULL);
    assert_int_equal(t.have, 0);
}

/* The row of a challenge, on the laptop. */
static void challenge(void **state)
{
    struct bg_challenge c;
    char prompt[40];

    (void)state;
    assert_true(bg_challenge_names(&c, "web01", "bg1", "sshd"));
    assert_int_equal(bg_texttyper_challenge(&t, &c), BG_OK);
    bg_texttyper_prompt(&t, prompt, sizeof prompt);
    assert_string_equal(prompt, "The challenge: ");
    says("1NGG7-T04HM-ASW9N-F6YY0-93C6Z", BG_M_TEXT_WRONG);
    says("93C6Y", NULL);
    assert_true(reply.done);
    assert_true(bg_challenge_names(&c, "web02", "bg1", "sshd"));
    assert_int_equal(bg_texttyper_challenge(&t, &c), BG_OK);
    says("1NGG7-T04HM-ASW9N-F6YY0-93C6Y", BG_M_TEXT_NAMES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_by_line),    cmocka_unit_test(in_all_forms),    cmocka_unit_test(pasted_in_one),
        cmocka_unit_test(one_wrong),       cmocka_unit_test(other_slips),     cmocka_unit_test(other_lines),
        cmocka_unit_test(other_challenge), cmocka_unit_test(other_keyboards), cmocka_unit_test(hostile),
        cmocka_unit_test(challenge),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
