/* SPDX-License-Identifier: ISC */
/*
 * init's plan, its application and undo, on files of a directory of our own: "etc" and "state" below it. sshd
 * is played: its check says what the test wants, and looks at the files while it is asked.
 */
#undef BG_SYSCONFDIR
#undef BG_STATEDIR
#define BG_SYSCONFDIR "./etc"
#define BG_STATEDIR   "state"
#define VENDOR_LIB    "lib"
#define VENDOR_ETC    "usretc"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <cmocka.h>
#include "scratch.h"
#include "admin/conf/conffile.c"
#include "admin/conf/sshd.h"
#define plan_file undo_plan_file
#include "admin/conf/undo.c"

#define AUTH    "auth     [success=done ignore=ignore module_unknown=ignore default=die] pam_breakglass.so\n"
#define ACCOUNT "account  [success=done ignore=ignore module_unknown=ignore default=die] pam_breakglass.so\n"
#define SESSION "session  [success=ok   ignore=ignore module_unknown=ignore default=die] pam_breakglass.so\n"
#define STACK   "auth a b.so\naccount a b.so\nsession a b.so\n"
#define LOGIN   "etc/pam.d/login"
#define SU      "etc/pam.d/su"
#define SUDO    "etc/pam.d/sudo"
#define ATD     "etc/pam.d/atd"
#define NSS     "etc/nsswitch.conf"
#define DROPIN  "etc/ssh/sshd_config.d/10-breakglass.conf"
#define PLAIN   "passwd: files ldap\ngroup: files ldap\nshadow: files ldap\n"
#define OURS                                                                                                 \
    "passwd: files breakglass ldap\ngroup: files breakglass [TRYAGAIN=return] ldap\nshadow: files "          \
    "breakglass ldap\n"

static void write_text(const char *path, const char *text)
{
    assert_int_equal(bg_file_replace(path, text, strlen(text), 0644, (uid_t)-1, (gid_t)-1), BG_OK);
}

static void is(const char *path, const char *text)
{
    char *now = NULL;

    assert_int_equal(sysfile_read(path, &now), BG_OK);
    if (text == NULL)
        assert_null(now);
    else if (now == NULL)
        fail_msg("%s is missing", path);
    else
        assert_string_equal(now, text);
    free(now);
}

/* --- sshd, played -------------------------------------------------------------------------- */

static bool accepted;
static int checks, reloads;
static const char *login_then, *nss_then; /* what the files hold while sshd is asked */

enum bg_err sshd_add(const struct conf_job *job, char **out, struct conf_problem *why)
{
    (void)job;
    (void)why;
    *out = strdup("Match User bg1\n");
    return *out == NULL ? BG_E_NOMEM : BG_OK;
}

enum bg_err sshd_look(const struct conf_job *job, struct conf_problem *why)
{
    (void)why;
    return job->text == NULL ? BG_E_NOENT : BG_OK;
}

bool sshd_check(const struct account_row *row, bool quiet)
{
    (void)row;
    if (!quiet && login_then != NULL)
        is(LOGIN, login_then);
    if (!quiet && nss_then != NULL)
        is(NSS, nss_then);
    checks++;
    return accepted;
}

void sshd_reload(void)
{
    reloads++;
}

/* An sshd of our own is not asked for here. */
enum bg_err sshd_ask(const char *file, const char *const words[], struct run_result *res)
{
    (void)file;
    (void)words;
    (void)res;
    return BG_E_NOENT;
}

enum bg_err sshd_dump(struct run_result *res)
{
    return sshd_ask(NULL, NULL, res);
}

bool sshd_value(const char *dump, const char *key, char *out, size_t cap)
{
    (void)dump;
    (void)key;
    (void)out;
    (void)cap;
    return false;
}

void sshd_put_settings(FILE *to, const char *indent, const char *users, bool uid0)
{
    (void)fprintf(to, "%s%s%d", indent, users, uid0);
}

pid_t sshd_running(const char *pidfile)
{
    (void)pidfile;
    return 0;
}

pid_t sshd_hup(const char *pidfile)
{
    (void)pidfile;
    return 0;
}

/* --- a host -------------------------------------------------------------------------------- */

static struct conf_plan plan;
static const struct account_rows nobody;

static int lay_out(void **state)
{
    (void)state;
    assert_int_equal(system("rm -rf etc state lib usretc; mkdir -p lib/pam.d usretc/pam.d etc/pam.d "
                            "etc/ssh/sshd_config.d state"),
                     0);
    write_text(LOGIN, STACK);
    write_text(SU, STACK);
    write_text(NSS, PLAIN);
    memset(&plan, 0, sizeof plan);
    accepted = true;
    checks = reloads = 0;
    login_then = nss_then = NULL;
    return 0;
}

/* sshd: "" leaves it alone. */
static enum admin_exit init_with(const char *sshd)
{
    const char *const names[CONFFILES] = {
        [CONF_PAM] = "login,su", [CONF_SESSIONS] = "su,sudo,atd", [CONF_SSHD] = sshd,
        [CONF_SSHD_OWN] = "",    [CONF_SSHD_UNIT] = "",           [CONF_SSHD_KEEP] = "",
        [CONF_RESCUE] = "",      [CONF_EMERGENCY] = "",           [CONF_AUDIT] = ""};
    struct account_row row = {.name = "bg1"};
    enum admin_exit x;

    memset(&plan, 0, sizeof plan);
    if ((x = conf_plan(&plan, &nobody, names)) == ADMIN_GOOD) {
        assert_int_equal(undo_prepare(&plan.edits), BG_OK);
        for (size_t i = 0; i < plan.edits.n; i++) { /* a new file would be root's */
            plan.edits.item[i].uid = geteuid();
            plan.edits.item[i].gid = getegid();
        }
        x = conf_apply(&plan, &row);
    }
    sysedits_finish(&plan.edits);
    return x;
}

static enum admin_exit undo_with(bool checked)
{
    enum admin_exit x;

    memset(&plan, 0, sizeof plan);
    assert_int_equal(undo_plan(&plan), BG_OK);
    plan.checked[CONF_SSHD] = checked;
    x = conf_apply(&plan, NULL);
    sysedits_finish(&plan.edits);
    return x;
}

static void all_ours(void)
{
    is(LOGIN, AUTH ACCOUNT SESSION STACK);
    is(SU, AUTH ACCOUNT SESSION STACK);
    is(DROPIN, "Match User bg1\n");
    is(NSS, OURS);
}

static void none_ours(void)
{
    is(LOGIN, STACK);
    is(SU, STACK);
    is(DROPIN, NULL);
    is(NSS, PLAIN);
}

/* nsswitch.conf comes last, and first when it goes: a running program remembers a module that failed to load.
 */
static void test_order(void **state)
{
    (void)state;
    login_then = AUTH ACCOUNT SESSION STACK;
    nss_then = PLAIN;
    assert_int_equal(init_with(NULL), ADMIN_GOOD);
    all_ours();
    assert_int_equal(checks, 1);
    assert_int_equal(reloads, 1);
    assert_int_equal(undo_with(true), ADMIN_GOOD);
    none_ours();
    assert_int_equal(checks, 2);
    assert_int_equal(reloads, 2);
}

static void test_refused_by_sshd(void **state)
{
    (void)state;
    accepted = false;
    assert_int_equal(init_with(NULL), ADMIN_FINDING);
    none_ours();
    assert_int_equal(reloads, 0);
    assert_int_equal(init_with(""), ADMIN_GOOD); /* whoever leaves sshd out does not ask it */
    assert_int_equal(checks, 1);
    is(DROPIN, NULL);
    is(NSS, OURS);
}

/* Its check is asked although its own file is right already: something else may have broken it. */
static void test_checked_without_an_edit(void **state)
{
    (void)state;
    assert_int_equal(init_with(NULL), ADMIN_GOOD);
    write_text(SU, STACK);
    accepted = false;
    assert_int_equal(init_with(NULL), ADMIN_FINDING);
    is(SU, STACK);
    is(DROPIN, "Match User bg1\n");
    assert_int_equal(reloads, 1);
}

static void test_undo_that_sshd_refuses(void **state)
{
    (void)state;
    assert_int_equal(init_with(NULL), ADMIN_GOOD);
    accepted = false;
    nss_then = PLAIN;
    assert_int_equal(undo_with(true), ADMIN_FINDING);
    all_ours();
    assert_int_equal(undo_with(false), ADMIN_GOOD); /* it refused before us, too */
    none_ours();
}

static void test_every_finding_is_shown(void **state)
{
    unsigned before = ui_findings();

    (void)state;
    write_text("etc/pam.d/inc", AUTH);
    write_text(LOGIN, "auth required x.so\nauth include inc\n");
    write_text(SU, "auth required x.so\nauth include inc\n");
    write_text(NSS, "passwd: ldap files\n");
    assert_int_equal(init_with(NULL), ADMIN_FINDING);
    assert_int_equal(ui_findings() - before, 3);
    is(LOGIN, "auth required x.so\nauth include inc\n");
}

/* sudo gets the session line alone, su all of them once, and a file that is not to be edited stops nothing.
 */
static void test_sessions(void **state)
{
    (void)state;
    write_text(SUDO, STACK);
    assert_int_equal(symlink("sudo", ATD), 0);
    assert_int_equal(init_with(NULL), ADMIN_GOOD);
    is(SUDO, SESSION STACK);
    is(SU, AUTH ACCOUNT SESSION STACK);
    assert_int_equal(undo_with(false), ADMIN_GOOD);
    is(SUDO, STACK);
    is(SU, STACK);
}

static void test_names(void **state)
{
    static const char *const wrong[] = {"common-auth", "common-session", "../x",          ".x",
                                        "a/b",         "system-auth",    "password-auth", "postlogin"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        for (enum conf_kind k = CONF_PAM; k <= CONF_SESSIONS; k++) {
            const char *const names[CONFFILES] = {[CONF_PAM] = k == CONF_PAM ? wrong[i] : "",
                                                  [CONF_SESSIONS] = k == CONF_SESSIONS ? wrong[i] : ""};
            assert_int_equal(conf_plan(&plan, &nobody, names), ADMIN_USAGE);
            sysedits_finish(&plan.edits);
        }
    }
}

/* --- vendors' files --------------------------------------------------------------------------- */

#define VENDOR_LOGIN "lib/pam.d/login"

static enum undo_copy copy_is(void)
{
    enum undo_copy is;
    char *text = NULL;

    assert_int_equal(sysfile_read(LOGIN, &text), BG_OK);
    is = undo_compare(&conffiles[CONF_PAM], "./" LOGIN, text);
    free(text);
    return is;
}

/* In libpam's order, and only while there is no file in /etc; undo takes the copy away. */
static void test_vendor_is_copied(void **state)
{
    (void)state;
    assert_int_equal(unlink(LOGIN) | unlink(NSS), 0);
    write_text(VENDOR_LOGIN, STACK);
    write_text("usretc/pam.d/login", "auth a second.so\n");
    write_text("usretc/pam.d/su", "auth a second.so\n");
    write_text("usretc/nsswitch.conf", PLAIN);
    assert_int_equal(init_with(""), ADMIN_GOOD);
    is(LOGIN, AUTH ACCOUNT SESSION STACK);
    is(SU, AUTH ACCOUNT SESSION STACK);
    is(NSS, OURS);
    is(VENDOR_LOGIN, STACK);
    is("usretc/nsswitch.conf", PLAIN);
    assert_int_equal(undo_with(false), ADMIN_GOOD);
    is(LOGIN, NULL);
    is(NSS, NULL);
    is(SU, STACK);
}

/* The copy is gone too when nothing but our lines is in it, and stays when somebody put something in. */
static void test_vendor_copy_edited(void **state)
{
    (void)state;
    assert_int_equal(unlink(LOGIN), 0);
    write_text(VENDOR_LOGIN, STACK);
    assert_int_equal(init_with(""), ADMIN_GOOD);
    write_text(LOGIN, AUTH STACK);
    assert_int_equal(undo_with(false), ADMIN_GOOD);
    is(LOGIN, NULL);
    assert_int_equal(init_with(""), ADMIN_GOOD);
    write_text(LOGIN, AUTH ACCOUNT SESSION STACK "auth a mine.so\n");
    assert_int_equal(undo_with(false), ADMIN_GOOD);
    is(LOGIN, STACK "auth a mine.so\n");
}

/* An updated vendor's file is copied again, but not over what somebody wrote. */
static void test_vendor_updated(void **state)
{
    (void)state;
    assert_int_equal(unlink(LOGIN), 0);
    write_text(VENDOR_LOGIN, STACK);
    assert_int_equal(init_with(""), ADMIN_GOOD);
    assert_int_equal(copy_is(), UNDO_SAME);
    write_text(VENDOR_LOGIN, STACK "auth a new.so\n");
    assert_int_equal(copy_is(), UNDO_STALE);
    assert_int_equal(init_with(""), ADMIN_GOOD);
    is(LOGIN, AUTH ACCOUNT SESSION STACK "auth a new.so\n");
    assert_int_equal(copy_is(), UNDO_SAME);
    write_text(LOGIN, AUTH ACCOUNT SESSION STACK "auth a mine.so\n");
    assert_int_equal(copy_is(), UNDO_SAME);
    write_text(VENDOR_LOGIN, STACK "auth a newer.so\n");
    assert_int_equal(copy_is(), UNDO_EDITED);
    assert_int_equal(init_with(""), ADMIN_GOOD);
    is(LOGIN, AUTH ACCOUNT SESSION STACK "auth a mine.so\n");
    write_text(LOGIN, AUTH ACCOUNT SESSION STACK "auth a newer.so\n");
    assert_int_equal(copy_is(), UNDO_SAME); /* brought up to date by hand */
}

/* --- undo ---------------------------------------------------------------------------------- */

/* A file that nobody edited since gets back what it held, also what stripping could not know. */
static void test_byte_for_byte(void **state)
{
    (void)state;
    write_text(NSS, "passwd: files ldap\ngroup: files ldap"); /* no shadow line, no newline */
    write_text(LOGIN, "#%PAM-1.0\nsession required pam_loginuid.so");
    assert_int_equal(init_with(NULL), ADMIN_GOOD);
    assert_int_equal(undo_with(false), ADMIN_GOOD);
    is(NSS, "passwd: files ldap\ngroup: files ldap");
    is(LOGIN, "#%PAM-1.0\nsession required pam_loginuid.so");
}

/* A file of ours that is not safe any more is named; one that no manifest knows does not keep the others'
 * lines in. */
static void test_undo_past_an_unsafe_file(void **state)
{
    (void)state;
    assert_int_equal(init_with(NULL), ADMIN_GOOD);
    assert_int_equal(chmod(NSS, 0666), 0);
    memset(&plan, 0, sizeof plan);
    assert_int_equal(undo_plan(&plan), BG_E_UNSAFE);
    sysedits_finish(&plan.edits);
    assert_non_null(strstr(plan.stuck, "nsswitch.conf"));
    undo_forget();
    assert_int_equal(undo_with(false), ADMIN_GOOD);
    is(LOGIN, STACK);
    is(SU, STACK);
}

/* What somebody else edited since loses our lines and nothing else. */
static void test_edited_since(void **state)
{
    (void)state;
    assert_int_equal(init_with(NULL), ADMIN_GOOD);
    write_text(SU, AUTH "# mine\n" ACCOUNT SESSION STACK "auth a c.so\n");
    write_text(
        NSS,
        "passwd: files breakglass ldap sss\ngroup: files breakglass [TRYAGAIN=return] ldap\nshadow: files\n");
    assert_int_equal(undo_with(false), ADMIN_GOOD);
    is(SU, "# mine\n" STACK "auth a c.so\n");
    is(NSS, "passwd: files ldap sss\ngroup: files ldap\nshadow: files\n");
    is(LOGIN, STACK);
    is(DROPIN, NULL);
}

static void test_without_manifest(void **state)
{
    (void)state;
    assert_int_equal(init_with(NULL), ADMIN_GOOD);
    assert_int_equal(system("rm -r state/undo"), 0);
    write_text("etc/pam.d/other", AUTH STACK);
    /* no files of ours: a link, one that anybody may write, one with a NUL byte */
    assert_int_equal(symlink("other", "etc/pam.d/link"), 0);
    write_text("etc/pam.d/open", AUTH);
    assert_int_equal(chmod("etc/pam.d/open", 0666), 0);
    assert_int_equal(bg_file_replace("etc/pam.d/nul", AUTH, sizeof AUTH, 0644, (uid_t)-1, (gid_t)-1), BG_OK);
    assert_int_equal(undo_with(false), ADMIN_GOOD);
    none_ours();
    is("etc/pam.d/other", STACK);
}

/* Our own second edit keeps the copy of the first; after somebody else's, theirs is what comes back. */
static void test_second_edit(void **state)
{
    (void)state;
    write_text(SU, "session required pam_loginuid.so");
    assert_int_equal(init_with(NULL), ADMIN_GOOD);
    write_text(LOGIN, STACK "# mine\n");
    assert_int_equal(init_with(NULL), ADMIN_GOOD);
    is(LOGIN, AUTH ACCOUNT SESSION STACK "# mine\n");
    is("state/undo/_etc_pam.d_login", STACK "# mine\n");
    is("state/undo/_etc_pam.d_su", "session required pam_loginuid.so");
    assert_int_equal(undo_with(false), ADMIN_GOOD);
    is(SU, "session required pam_loginuid.so");
    is(LOGIN, STACK "# mine\n");
}

/* Our second edit of a file that nobody else touched: what undo brings back is still the first copy. */
static void test_second_edit_of_one_file(void **state)
{
    static const char first[] = "auth include inc\nsession required pam_loginuid.so";

    (void)state;
    write_text("etc/pam.d/inc", AUTH STACK);
    write_text(SU, first);
    assert_int_equal(init_with(NULL), ADMIN_GOOD);
    is(SU, "auth include inc\nsession required pam_loginuid.so\n" SESSION);
    write_text("etc/pam.d/inc", STACK);
    assert_int_equal(init_with(NULL), ADMIN_GOOD);
    is(SU, AUTH "auth include inc\nsession required pam_loginuid.so\n" SESSION);
    assert_int_equal(undo_with(false), ADMIN_GOOD);
    is(SU, first);
}

static void test_damaged_manifest(void **state)
{
    (void)state;
    assert_int_equal(init_with(NULL), ADMIN_GOOD);
    write_text("state/undo/manifest", "nonsense\n");
    memset(&plan, 0, sizeof plan);
    assert_int_equal(undo_plan(&plan), BG_E_SYNTAX);
    sysedits_finish(&plan.edits);
    all_ours();
}

static void test_forget(void **state)
{
    (void)state;
    assert_int_equal(init_with(NULL), ADMIN_GOOD);
    undo_forget();
    assert_int_not_equal(access("state/undo", F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_order, lay_out),
        cmocka_unit_test_setup(test_refused_by_sshd, lay_out),
        cmocka_unit_test_setup(test_checked_without_an_edit, lay_out),
        cmocka_unit_test_setup(test_undo_that_sshd_refuses, lay_out),
        cmocka_unit_test_setup(test_every_finding_is_shown, lay_out),
        cmocka_unit_test_setup(test_names, lay_out),
        cmocka_unit_test_setup(test_vendor_is_copied, lay_out),
        cmocka_unit_test_setup(test_vendor_copy_edited, lay_out),
        cmocka_unit_test_setup(test_vendor_updated, lay_out),
        cmocka_unit_test_setup(test_sessions, lay_out),
        cmocka_unit_test_setup(test_byte_for_byte, lay_out),
        cmocka_unit_test_setup(test_undo_past_an_unsafe_file, lay_out),
        cmocka_unit_test_setup(test_edited_since, lay_out),
        cmocka_unit_test_setup(test_without_manifest, lay_out),
        cmocka_unit_test_setup(test_second_edit, lay_out),
        cmocka_unit_test_setup(test_second_edit_of_one_file, lay_out),
        cmocka_unit_test_setup(test_damaged_manifest, lay_out),
        cmocka_unit_test_setup(test_forget, lay_out),
    };

    if (!scratch_enter())
        return 99;
    return scratch_leave(cmocka_run_group_tests(tests, NULL, NULL));
}
