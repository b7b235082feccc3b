/* Edits of PAM service files and nsswitch.conf as texts; share cards. Expected texts are written by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "admin/conf/diff.h"
#include "admin/conf/nsswitch.h"
#include "admin/conf/pamfile.h"
#include "admin/share/card.h"
#include "admin/share/new.h"
#include "base/safefile.h"
#include "admin/conf/sysfile.h"
#include "admin/messages.h"

#define AUTH     "auth     [success=done ignore=ignore module_unknown=ignore default=die] pam_breakglass.so\n"
#define ACCOUNT  "account  [success=done ignore=ignore module_unknown=ignore default=die] pam_breakglass.so\n"
#define SESSION  "session  [success=ok   ignore=ignore module_unknown=ignore default=die] pam_breakglass.so\n"
#define PASSWORD "password [ignore=ignore module_unknown=ignore default=die]              pam_breakglass.so\n"

/* --- PAM --------------------------------------------------------------------------------- */

struct other {
    const char *service, *text;
};

static const char *other_text(void *arg, const char *service)
{
    for (const struct other *o = arg; o != NULL && o->service != NULL; o++)
        if (strcmp(o->service, service) == 0)
            return o->text;
    return NULL;
}

static void pam_becomes(const char *before, const struct other *others, const char *after)
{
    struct pam_source src = {other_text, (void *)(uintptr_t)others};
    struct pam_problem why;
    char *out = NULL, *again = NULL;

    assert_int_equal(pamfile_add("x", before, &src, &out, &why), BG_OK);
    assert_string_equal(out, after);
    assert_int_equal(pamfile_add("x", out, &src, &again, &why), BG_OK);
    assert_string_equal(again, after);
    free(again);
    again = pamfile_strip(out);
    assert_string_equal(again, before);
    free(again);
    free(out);
}

static void pam_refused(const char *text, const struct other *others, const struct bg_message *id,
                        const char *file, const char *line, const char *type)
{
    struct pam_source src = {other_text, (void *)(uintptr_t)others};
    struct pam_problem why;
    char *out = NULL;

    assert_int_equal(pamfile_add("x", text, &src, &out, &why), BG_E_REFUSED);
    assert_int_equal(why.id, id);
    assert_string_equal(why.file, file);
    assert_string_equal(why.line, line);
    assert_string_equal(why.type, type);
}

static void test_pam_places(void **state)
{
    (void)state;
    pam_becomes("", NULL, "");
    pam_becomes("auth a b.so\naccount a b.so\npassword a b.so\nsession a b.so\n", NULL,
                AUTH ACCOUNT SESSION PASSWORD
                "auth a b.so\naccount a b.so\npassword a b.so\nsession a b.so\n");
    pam_becomes("# c\nauth required a.so\nsession required b.so\n", NULL,
                AUTH SESSION "# c\nauth required a.so\nsession required b.so\n");
    /* behind #%PAM-1.0, and behind pam_loginuid */
    pam_becomes("#%PAM-1.0\nauth required a.so\nsession required pam_loginuid.so\nsession required b.so\n",
                NULL,
                "#%PAM-1.0\n" AUTH "auth required a.so\nsession required pam_loginuid.so\n" SESSION
                "session required b.so\n");
    /* a path, a leading dash, capitals, a continued line; a comment is not a line */
    pam_becomes(
        "#session required pam_loginuid.so\n-Session \\\n  required \\\n /lib/security/pam_loginuid.so\nx\n",
        NULL,
        "#session required pam_loginuid.so\n-Session \\\n  required \\\n "
        "/lib/security/pam_loginuid.so\n" SESSION "x\n");
}

/* libpam takes a type without any line from "other"; ours alone would take that away from everybody. */
static void test_pam_absent_types(void **state)
{
    static const struct other su[] = {{"su", "auth required a.so\naccount required a.so\n"}, {0}};
    struct pam_source src = {other_text, (void *)(uintptr_t)su};
    struct pam_presence p;
    struct pam_problem why;

    (void)state;
    pam_becomes("auth include su\naccount include su\npassword include su\nsession a b.so\n", su,
                AUTH ACCOUNT SESSION
                "auth include su\naccount include su\npassword include su\nsession a b.so\n");
    assert_int_equal(pamfile_look("x", AUTH "@include su\n" PASSWORD, &src, &p, &why), BG_OK);
    assert_true(p.has[PAM_TYPE_AUTH] && p.others[PAM_TYPE_AUTH]);
    assert_true(!p.has[PAM_TYPE_ACCOUNT] && p.others[PAM_TYPE_ACCOUNT]);
    assert_true(p.has[PAM_TYPE_PASSWORD] && !p.others[PAM_TYPE_PASSWORD]);
    assert_true(!p.has[PAM_TYPE_SESSION] && !p.others[PAM_TYPE_SESSION]);
}

static void test_pam_includes(void **state)
{
    static const struct other bare[] = {{"su", "auth required a.so\nsession required pam_loginuid.so\n"},
                                        {0}};
    static const struct other ready[] = {{"su", AUTH ACCOUNT SESSION PASSWORD "auth required a.so\n"}, {0}};
    static const struct other loop[] = {{"x", "auth include x\n"}, {0}};

    (void)state;
    pam_becomes("auth include su\nsession include su\n", bare,
                AUTH "auth include su\nsession include su\n" SESSION);
    pam_becomes("@include su\nsession required b.so\n", bare,
                AUTH "@include su\n" SESSION "session required b.so\n");
    /* carried already: no second line */
    pam_becomes("auth include su\naccount include su\nsession optional k.so\nsession include su\npassword "
                "include su\n",
                ready,
                "auth include su\naccount include su\nsession optional k.so\nsession include su\n"
                "password include su\n");
    pam_becomes("auth optional k.so\n@include su\n", ready, "auth optional k.so\n@include su\n");
    /* only what is missing */
    pam_becomes("auth include su\nsession required b.so\n", ready,
                SESSION "auth include su\nsession required b.so\n");
    /* done in a substack ends only the substack */
    pam_becomes("auth substack su\naccount include su\nsession include su\npassword include su\n", ready,
                AUTH "auth substack su\naccount include su\nsession include su\npassword include su\n");
    pam_becomes("auth include x\nauth required a.so\n", loop, AUTH "auth include x\nauth required a.so\n");
}

static void test_pam_refusals(void **state)
{
    static const struct other late[] = {{"su", "#\nauth sufficient pam_rootok.so\n" AUTH}, {0}};
    static const struct other ready[] = {{"su", AUTH}, {0}};

    (void)state;
    pam_refused("#\nauth required pam_deny.so\n" AUTH, NULL, BG_M_CMD_PAM_BEHIND, PAMFILE_DIR "/x", "2",
                "auth");
    pam_refused("account requisite pam_nologin.so\n" ACCOUNT, NULL, BG_M_CMD_PAM_BEHIND, PAMFILE_DIR "/x",
                "1", "account");
    pam_refused("auth sufficient pam_rootok.so\n" AUTH, NULL, BG_M_CMD_PAM_BEHIND, PAMFILE_DIR "/x", "1",
                "auth");
    pam_refused("auth [success=1 default=ignore] a.so\n" AUTH, NULL, BG_M_CMD_PAM_BEHIND, PAMFILE_DIR "/x",
                "1", "auth");
    pam_refused("auth substack su\n" AUTH, ready, BG_M_CMD_PAM_BEHIND, PAMFILE_DIR "/x", "1", "auth");
    pam_refused("auth include su\n", late, BG_M_CMD_PAM_BEHIND, PAMFILE_DIR "/su", "2", "auth");
    pam_refused("auth sufficient pam_breakglass.so\n", NULL, BG_M_CMD_PAM_CONTROL, PAMFILE_DIR "/x", "1",
                "auth");
    pam_refused("\n\nsession optional pam_breakglass.so\n", NULL, BG_M_CMD_PAM_CONTROL, PAMFILE_DIR "/x", "3",
                "session");
    /* a jump across the new session line */
    pam_refused(
        "auth required a.so\nsession [success=2 default=ignore] s.so\nsession required pam_loginuid.so\n"
        "session required u.so\n",
        NULL, BG_M_CMD_PAM_JUMP, PAMFILE_DIR "/x", "2", "session");
}

static void test_pam_jumps(void **state)
{
    (void)state;
    /* lands on pam_loginuid itself, or stands behind our place: harmless */
    pam_becomes(
        "session [success=1 default=ignore] s.so\nsession required a.so\nsession required pam_loginuid.so\n"
        "session [success=1 default=ignore] t.so\nsession required b.so\n",
        NULL,
        "session [success=1 default=ignore] s.so\nsession required a.so\nsession "
        "required pam_loginuid.so\n" SESSION
        "session [success=1 default=ignore] t.so\nsession required b.so\n");
}

/* --- nsswitch ---------------------------------------------------------------------------- */

static void nss_becomes(const char *before, const char *after, const char *stripped)
{
    struct nss_problem why;
    char *out = NULL, *again = NULL;

    assert_int_equal(nsswitch_add(before, &out, &why), BG_OK);
    assert_string_equal(out, after);
    assert_int_equal(nsswitch_add(out, &again, &why), BG_OK);
    assert_string_equal(again, after);
    assert_int_equal(nsswitch_look(out, &why), BG_OK);
    free(again);
    again = nsswitch_strip(out);
    assert_string_equal(again, stripped);
    free(again);
    free(out);
}

static void test_nss_edit(void **state)
{
    const char *plain =
        "# c\npasswd:\t files  systemd sss # x\ngroup:files ldap\n shadow : files\nhosts: files dns\n";

    (void)state;
    nss_becomes(
        plain,
        "# c\npasswd:\t files breakglass  systemd sss # x\ngroup:files breakglass [TRYAGAIN=return] ldap\n"
        " shadow : files breakglass\nhosts: files dns\n",
        plain);
    nss_becomes("passwd: compat\ngroup: compat\nshadow: db files [NOTFOUND=continue] nis\n",
                "passwd: compat breakglass\ngroup: compat breakglass [TRYAGAIN=return]\n"
                "shadow: db files [NOTFOUND=continue] breakglass nis\n",
                "passwd: compat\ngroup: compat\nshadow: db files [NOTFOUND=continue] nis\n");
    /* lines that are not there, and no newline at the end */
    nss_becomes("passwd: files\ngroup: files",
                "passwd: files breakglass\ngroup: files breakglass [TRYAGAIN=return]\n"
                "shadow:         files breakglass\n",
                "passwd: files\ngroup: files\nshadow:         files\n");
}

static void test_nss_strip_foreign(void **state)
{
    char *out = nsswitch_strip(
        "group: files breakglass [TRYAGAIN=return NOTFOUND=return] sss [TRYAGAIN=return] ldap\n"
        "hosts: breakglass\n");

    (void)state;
    assert_string_equal(out, "group: files sss [TRYAGAIN=return] ldap\nhosts: breakglass\n");
    free(out);
}

static void nss_refused(const char *text, const struct bg_message *id, const char *line)
{
    struct nss_problem why = {0};
    char *out = NULL;

    assert_int_equal(nsswitch_add(text, &out, &why), BG_E_REFUSED);
    assert_int_equal(why.id, id);
    assert_string_equal(why.line, line);
    assert_int_equal(nsswitch_look(text, &why), BG_E_REFUSED);
}

static void test_nss_refusals(void **state)
{
    (void)state;
    nss_refused("passwd: files\ninitgroups: files\n", BG_M_CMD_NSS_INITGROUPS, "2");
    nss_refused("passwd: sss files\n", BG_M_CMD_NSS_REMOTE, "1");
    nss_refused("\ngroup: files ldap breakglass [TRYAGAIN=return]\n", BG_M_CMD_NSS_REMOTE, "2");
    nss_refused("group: breakglass [TRYAGAIN=return] files\n", BG_M_CMD_NSS_REMOTE, "1");
    nss_refused("passwd: files\npasswd: files\n", BG_M_CMD_NSS_TWICE, "2");
    nss_refused("group: files [SUCCESS=merge] systemd\n", BG_M_CMD_NSS_MERGE, "1");
    nss_refused("group: files breakglass ldap\n", BG_M_CMD_NSS_NO_RETURN, "1");
    nss_refused("passwd: sss\n", BG_M_CMD_NSS_NO_FILES, "1");
}

/* --- shares ------------------------------------------------------------------------------ */

static void test_groups(void **state)
{
    static const char *const bad[] = {"",     "2",    "2/",   "/3",   "0/3",  "4/3",      "1/3",
                                      "2/17", "2/3,", ",2/3", "2/3x", "-2/3", "2/3,,2/3", " 2/3"};
    struct bg_shareset set = {0};

    (void)state;
    assert_true(sharenew_parse_groups("2/3,3/5,1/1,16/16", &set));
    assert_int_equal(set.group_count, 4);
    assert_int_equal(set.group[1].threshold, 3);
    assert_int_equal(set.group[1].count, 5);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(sharenew_parse_groups(bad[i], &set));
}

/* The longest card: 33 words, 16 groups. */
static void test_card_fits(void **state)
{
    struct slip39_share *shares = calloc(SHARES_MAX, sizeof *shares);
    struct bg_shareset set = {.bytes = 32, .group_threshold = 2};
    char *text = NULL;
    size_t size, n = 0, lines = 0;
    FILE *to = open_memstream(&text, &size);

    (void)state;
    assert_non_null(shares);
    assert_true(sharenew_parse_groups("2/16,3/16", &set));
    assert_int_equal(sharenew_make("breakglass_account_of_31_letter", &set, shares, &n), BG_OK);
    assert_int_equal(n, 32);
    struct sharecard card = {"breakglass_account_of_31_letter",
                             "a-host-with-a-very-long-name.of.some.example.com", &set, &shares[31], 16};
    assert_int_equal(sharecard_print(to, &card), BG_OK);
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

/* --- system files ------------------------------------------------------------------------- */

static void write_text(const char *path, const char *text)
{
    assert_int_equal(bg_file_replace(path, text, strlen(text), 0644, (uid_t)-1, (gid_t)-1), BG_OK);
}

static void one_edit(struct sysedits *e, const char *path)
{
    memset(e, 0, sizeof *e);
    write_text(path, "old\n");
    assert_int_equal(sysedits_add(e, path, strdup("old\n"), strdup("new\n")), BG_OK);
    e->item[0].uid = geteuid();
    e->item[0].gid = getegid();
    assert_int_equal(sysedits_stage(e), BG_OK);
}

static void test_edit_of_somebody_else_is_kept(void **state)
{
    static struct sysedits e;
    char dir[] = "/tmp/bg-texts.XXXXXX", path[64], *now = NULL;

    (void)state;
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/file", dir);
    one_edit(&e, path);
    write_text(path, "theirs\n");
    assert_int_equal(sysedit_apply(&e.item[0]), BG_E_MISMATCH);
    sysedits_finish(&e);
    assert_int_equal(sysfile_read(path, &now), BG_OK);
    assert_string_equal(now, "theirs\n");
    free(now);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
}

static void test_old_text_stays_when_it_cannot_go_back(void **state)
{
    static struct sysedits e;
    char dir[] = "/tmp/bg-texts.XXXXXX", path[64], old[96], *text = NULL;
    const char *failed = "";

    (void)state;
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/file", dir);
    (void)snprintf(old, sizeof old, "%s.breakglass-old", path);
    one_edit(&e, path);
    assert_int_equal(sysedit_apply(&e.item[0]), BG_OK);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0); /* no file can be renamed over it */
    assert_int_equal(sysedits_rollback(&e, &failed), BG_E_IO);
    assert_string_equal(failed, path);
    sysedits_finish(&e);
    assert_int_equal(sysfile_read(old, &text), BG_OK);
    assert_non_null(text);
    assert_string_equal(text, "old\n");
    free(text);
    assert_int_equal(unlink(old), 0);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pam_places),
        cmocka_unit_test(test_pam_absent_types),
        cmocka_unit_test(test_pam_includes),
        cmocka_unit_test(test_pam_refusals),
        cmocka_unit_test(test_pam_jumps),
        cmocka_unit_test(test_nss_edit),
        cmocka_unit_test(test_nss_strip_foreign),
        cmocka_unit_test(test_nss_refusals),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_card_fits),
        cmocka_unit_test(test_card_word),
        cmocka_unit_test(test_edit_of_somebody_else_is_kept),
        cmocka_unit_test(test_old_text_stays_when_it_cannot_go_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
