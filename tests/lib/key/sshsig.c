/* SPDX-License-Identifier: ISC */
/* Signatures of ssh-keygen: those of both kinds of keys, and all that is not quite one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "key/sshsig.h"
#include "ssh_vectors.h"

static struct bg_ssh_blob by;
static struct bg_fido_said said;
static enum bg_fido_fault fault;

static enum bg_err verify(const char *text)
{
    memset(&by, 0, sizeof by);
    fault = BG_FF_NONE;
    return bg_sshsig_verify(text, "breakglass", SIGNED, &by, &said, &fault);
}

static void both_kinds(void **state)
{
    char text[BG_SSH_TEXT];

    (void)state;
    assert_int_equal(verify(SIG_ED), BG_OK);
    bg_ssh_print(&by, text);
    assert_string_equal(text, SIG_ED_KEY);
    assert_int_equal(said.counter, 2);
    assert_int_equal(said.flags, BG_FIDO_UP | BG_FIDO_UV);
    assert_int_equal(verify(SIG_EC), BG_OK);
    bg_ssh_print(&by, text);
    assert_string_equal(text, SIG_EC_KEY);
    assert_int_equal(said.counter, 2);
}

static void touch_and_pin_are_demanded(void **state)
{
    (void)state;
    assert_int_equal(verify(SIG_LOOSE), BG_E_MISMATCH);
    assert_int_equal(fault, BG_FF_USER);
    assert_int_equal(verify(SIG_UNTOUCHED), BG_E_MISMATCH);
    assert_int_equal(fault, BG_FF_PRESENCE);
    assert_int_equal(by.len, 0);
}

static void of_this_message_and_for_this(void **state)
{
    (void)state;
    assert_int_equal(bg_sshsig_verify(SIG_ED, "breakglass", SIGNED "x", &by, &said, &fault), BG_E_MISMATCH);
    assert_int_equal(fault, BG_FF_SIGNATURE);
    assert_int_equal(bg_sshsig_verify(SIG_EC, "breakglass", "", &by, &said, &fault), BG_E_MISMATCH);
    assert_int_equal(bg_sshsig_verify(SIG_ED, "file", SIGNED, &by, &said, &fault), BG_E_MISMATCH);
    assert_int_equal(fault, BG_FF_RP);
    assert_int_equal(bg_sshsig_verify(SIG_ED, "", SIGNED, &by, &said, &fault), BG_E_MISMATCH);
}

/* Every bit counts, every cut and every byte more. */
static void whole_or_nothing(void **state)
{
    static const char *const good[] = {SIG_ED, SIG_EC};
    uint8_t bytes[BG_SSHSIG_TEXT];
    char text[BG_SSHSIG_TEXT];
    size_t n;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_true(bg_base64_read(good[i], strlen(good[i]), bytes, sizeof bytes, &n));
        bytes[n] = 0;
        for (size_t cut = 0; cut <= n + 1; cut++) {
            bg_base64_print(bytes, cut, text);
            assert_int_equal(verify(text), cut == n ? BG_OK : BG_E_SYNTAX);
        }
        for (size_t bit = 0; bit < 8 * n; bit++) {
            bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            bg_base64_print(bytes, n, text);
            assert_int_not_equal(verify(text), BG_OK);
            bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
    memset(text, 'A', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(verify(text), BG_E_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_kinds),
        cmocka_unit_test(touch_and_pin_are_demanded),
        cmocka_unit_test(of_this_message_and_for_this),
        cmocka_unit_test(whole_or_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
