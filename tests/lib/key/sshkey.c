/* SPDX-License-Identifier: ISC */
/* Keys that sshd verifies: as ssh-keygen writes them, as sshd tells of them, and everything else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "key/sshkey.h"
#include "ssh_vectors.h"

static struct bg_ssh_blob blob(const char *text)
{
    struct bg_ssh_blob b = {0};

    assert_true(bg_ssh_read(text, strlen(text), &b));
    return b;
}

static void both_kinds(void **state)
{
    char text[BG_SSH_TEXT];
    struct bg_ssh_blob b = blob(ED);

    (void)state;
    assert_string_equal(bg_ssh_kind(&b), "sk-ssh-ed25519@openssh.com");
    bg_ssh_print(&b, text);
    assert_string_equal(text, ED);
    b = blob(EC);
    assert_string_equal(bg_ssh_kind(&b), "sk-ecdsa-sha2-nistp256@openssh.com");
    bg_ssh_print(&b, text);
    assert_string_equal(text, EC);
}

static void no_other_kind(void **state)
{
    struct bg_ssh_blob b = {0};

    (void)state;
    assert_false(bg_ssh_read(CERT, strlen(CERT), &b));
    assert_false(bg_ssh_read(PLAIN, strlen(PLAIN), &b));
    assert_false(bg_ssh_read("", 0, &b));
    assert_int_equal(b.len, 0);
    assert_null(bg_ssh_kind(&b));
}

/* Every cut, every byte more, every length that lies. */
static void whole_or_nothing(void **state)
{
    const struct bg_ssh_blob good[] = {blob(ED), blob(EC)};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct bg_ssh_blob b = good[i];
        for (b.len = 0; b.len < good[i].len; b.len++)
            assert_null(bg_ssh_kind(&b));
        b.len = (uint16_t)(good[i].len + 1);
        assert_null(bg_ssh_kind(&b));
        b = good[i];
        for (size_t at = 0; at < 4; at++) {
            b.bytes[at] ^= 1;
            assert_null(bg_ssh_kind(&b));
            b.bytes[at] ^= 1;
        }
        b.bytes[good[i].len - (i == 0 ? 8 : 11) + 3] = 0; /* no application, and bytes behind it */
        assert_null(bg_ssh_kind(&b));
    }
}

/* P-256: another curve's name, a compressed point. */
static void points(void **state)
{
    struct bg_ssh_blob b = blob(EC);

    (void)state;
    b.bytes[4 + 34 + 4 + 5] = '3';
    assert_null(bg_ssh_kind(&b));
    b = blob(EC);
    b.bytes[4 + 34 + 4 + 8 + 4] = 2;
    assert_null(bg_ssh_kind(&b));
}

static void one_spelling(void **state)
{
    char text[sizeof ED];
    struct bg_ssh_blob b;

    (void)state;
    memcpy(text, ED, sizeof ED);
    text[strlen(ED) - 2]++; /* "o=" to "p=": bits that no byte has */
    assert_false(bg_ssh_read(text, strlen(text), &b));
}

static enum bg_err line(const char *text)
{
    struct bg_ssh_blob b = {0};
    enum bg_err r = bg_ssh_line(text, &b);

    assert_true((r == BG_OK) == (b.len > 0));
    return r;
}

static void lines(void **state)
{
    (void)state;
    assert_int_equal(line(BG_SSH_ED25519 " " ED), BG_OK);
    assert_int_equal(line("  " BG_SSH_ECDSA "\t" EC " ada@laptop and more\r\n"), BG_OK);
    assert_int_equal(line(BG_SSH_ECDSA " " ED), BG_E_SYNTAX);
    assert_int_equal(line(BG_SSH_ED25519), BG_E_SYNTAX);
    assert_int_equal(line(BG_SSH_ED25519 " " ED "A"), BG_E_SYNTAX);
    assert_int_equal(line(ED), BG_E_SYNTAX);
    assert_int_equal(line(""), BG_E_SYNTAX);
    assert_int_equal(line("# " BG_SSH_ED25519 " " ED), BG_E_SYNTAX);
    assert_int_equal(line("verify-required " BG_SSH_ED25519 " " ED), BG_E_SYNTAX);
    assert_int_equal(line("ssh-ed25519 " PLAIN), BG_E_MISMATCH);
    assert_int_equal(line("sk-ssh-ed25519-cert-v01@openssh.com " CERT), BG_E_MISMATCH);
    assert_int_equal(line("ecdsa-sha2-nistp256 AAAA"), BG_E_MISMATCH);
    assert_int_equal(line("-----BEGIN OPENSSH PRIVATE KEY-----"), BG_E_SYNTAX);
}

/* How many keys sshd is taken to have verified. */
static unsigned verified(const char *info)
{
    struct bg_ssh_blob b, ed = blob(ED);
    unsigned n = 0;

    while (bg_ssh_verified(&info, &b))
        n += bg_ssh_same(&b, &ed);
    return n;
}

static void what_sshd_says(void **state)
{
    (void)state;
    assert_int_equal(verified("publickey " BG_SSH_ED25519 " " ED "\n"), 1);
    assert_int_equal(verified("publickey " BG_SSH_ED25519 " " ED " signature count = 7\n"), 1);
    assert_int_equal(verified("keyboard-interactive/pam\npublickey " BG_SSH_ED25519 " " ED "\n"), 1);
    assert_int_equal(verified("publickey " BG_SSH_ECDSA " " EC "\npublickey " BG_SSH_ED25519 " " ED "\n"), 1);
    assert_int_equal(verified(""), 0);
    assert_int_equal(verified("\n\n"), 0);
    assert_int_equal(verified("publickey\n"), 0);
    assert_int_equal(verified("publickey " BG_SSH_ED25519 " " ED), 0); /* cut */
    assert_int_equal(verified("hostbased " BG_SSH_ED25519 " " ED "\n"), 0);
    assert_int_equal(verified("xpublickey " BG_SSH_ED25519 " " ED "\n"), 0);
    assert_int_equal(verified("publickey/x " BG_SSH_ED25519 " " ED "\n"), 0);
    assert_int_equal(verified("publickey sk-ssh-ed25519-cert-v01@openssh.com " CERT "\n"), 0);
    assert_int_equal(verified("publickey sk-ssh-ed25519-cert-v01@openssh.com " ED "\n"), 0);
    assert_int_equal(verified("publickey ssh-ed25519 " ED "\n"), 0);
    assert_int_equal(verified("publickey " BG_SSH_ECDSA " " ED "\n"), 0);
    assert_int_equal(verified("publickey " BG_SSH_ECDSA " " EC "\n"), 0);
    /* the client's own text, as sshd puts it behind a method that is not ours */
    assert_int_equal(
        verified("hostbased ssh-ed25519 " PLAIN " client user \"publickey " BG_SSH_ED25519 " " ED "\"\n"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(both_kinds),       cmocka_unit_test(no_other_kind),
                                       cmocka_unit_test(whole_or_nothing), cmocka_unit_test(points),
                                       cmocka_unit_test(one_spelling),     cmocka_unit_test(lines),
                                       cmocka_unit_test(what_sshd_says)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
