/* SPDX-License-Identifier: ISC */
/*
 * Edits of PAM service files and nsswitch.conf, the drop-in of sshd and what is made of sshd's answers.
 * Expected texts are written by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "admin/conf/conffile.h"
#include "admin/gear/gear.h"
#include "admin/messages.h"
#include "admin/ui.h"
#include "config/sshdconf.h"

/* sshd's files are played, so that this host's do not matter. */
static enum bg_err played_walk(const char *path, bg_sshd_fn fn, void *arg);
#define bg_sshd_walk played_walk
#include "admin/conf/sshd.c"

#define AUTH     "auth     [success=done ignore=ignore module_unknown=ignore default=die] pam_breakglass.so\n"
#define ACCOUNT  "account  [success=done ignore=ignore module_unknown=ignore default=die] pam_breakglass.so\n"
#define SESSION  "session  [success=ok   ignore=ignore module_unknown=ignore default=die] pam_breakglass.so\n"
#define PASSWORD "password [ignore=ignore module_unknown=ignore default=die]              pam_breakglass.so\n"

static bool included = true; /* our drop-in is */

static enum bg_err played_walk(const char *path, bg_sshd_fn fn, void *arg)
{
    (void)path;
    if (fn(arg, &(struct bg_sshd_line){.file = CONFIG, .number = 1, .key = "UsePAM", .value = "yes"}) &&
        included)
        (void)fn(arg,
                 &(struct bg_sshd_line){.file = DROPIN, .number = 3, .key = "Match", .value = "User bg1"});
    return BG_OK;
}

/* --- PAM --------------------------------------------------------------------------------- */

#define DIR BG_SYSCONFDIR "/pam.d"

struct other {
    const char *service, *text;
};

/* A job for service x, where the others are files as they will be. */
static struct conf_job pam_job(const char *text, const struct other *others)
{
    static struct sysedits edits;
    char path[PATH_MAX];

    sysedits_finish(&edits);
    for (const struct other *o = others; o != NULL && o->service != NULL; o++) {
        (void)snprintf(path, sizeof path, "%s/%s", DIR, o->service);
        assert_int_equal(sysedits_add(&edits, NULL, path, NULL, strdup(o->text)), BG_OK);
    }
    return (struct conf_job){.path = DIR "/x", .text = text, .edits = &edits};
}

static char *pam_added(const char *text, const struct other *others)
{
    struct conf_job job = pam_job(text, others);
    struct conf_problem why = {0};
    char *out = NULL;

    assert_int_equal(pam_add(&job, &out, &why), BG_OK);
    return out;
}

static void pam_becomes(const char *before, const struct other *others, const char *after)
{
    char *out = pam_added(before, others), *again;

    assert_string_equal(out, after);
    again = pam_added(out, others);
    assert_string_equal(again, after);
    free(again);
    again = pam_strip(out);
    assert_string_equal(again, before);
    free(again);
    free(out);
}

/* Only lines that call the module are ours. */
static void test_pam_strip(void **state)
{
    char *out = pam_strip(
        "# pam_breakglass.so\nauth a pam_breakglass.so.old\nauth a b.so breakglass\n" AUTH
        "-auth [default=die] \\\n /lib/security/pam_breakglass.so x\nauth a b.so # pam_breakglass.so\n");

    (void)state;
    assert_string_equal(out, "# pam_breakglass.so\nauth a pam_breakglass.so.old\nauth a b.so breakglass\n"
                             "auth a b.so # pam_breakglass.so\n");
    free(out);
}

static void pam_refused(const char *text, const struct other *others, const struct bg_message *id,
                        const char *file, const char *line, const char *type)
{
    struct conf_job job = pam_job(text, others);
    struct conf_problem why = {0}, looked = {0};
    char *out = NULL;

    assert_int_equal(pam_add(&job, &out, &why), BG_E_REFUSED);
    assert_ptr_equal(why.id, id);
    assert_string_equal(why.arg[0], file);
    assert_string_equal(why.arg[1], line);
    assert_string_equal(why.arg[2], type);
    if (id != BG_M_CMD_PAM_JUMP) {
        assert_int_equal(pam_look(&job, &looked), BG_E_REFUSED);
        assert_ptr_equal(looked.id, id);
    }
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

#define SESSION_OF(success)                                                                                  \
    "session  [success=" success " ignore=ignore module_unknown=ignore default=die] pam_breakglass.so\n"

/* Modules that ask a daemon are passed over: at the end, in the middle, in an included file. */
static void test_pam_waits(void **state)
{
    static const struct other common[] = {
        {"common", "session [default=1] pam_permit.so\nsession requisite pam_deny.so\n"
                   "session required pam_permit.so\nsession required pam_unix.so\n"
                   "session optional pam_systemd.so\n"},
        {0}};
    static const struct other two[] = {{"two", "session required pam_unix.so\nsession optional pam_ldap.so\n"
                                               "session optional pam_systemd.so\n"},
                                       {0}};

    (void)state;
    pam_becomes("session required pam_loginuid.so\nsession required pam_limits.so\n@include common\n"
                "@include absent\nsession optional pam_mail.so\n",
                common,
                "session required pam_loginuid.so\nsession required pam_limits.so\n" SESSION_OF(
                    "done") "@include common\n@include absent\nsession optional pam_mail.so\n");
    pam_becomes("session required pam_loginuid.so\n@include common\nsession required pam_limits.so\n", common,
                "session required pam_loginuid.so\n" SESSION_OF(
                    "5") "@include common\nsession required pam_limits.so\n");
    /* and what nobody misses directly behind */
    pam_becomes(
        "session required pam_loginuid.so\n@include common\nsession optional pam_motd.so\n"
        "session optional pam_mail.so\nsession required pam_limits.so\nsession optional pam_motd.so\n",
        common,
        "session required pam_loginuid.so\n" SESSION_OF(
            "7") "@include common\nsession optional pam_motd.so\nsession optional pam_mail.so\n"
                 "session required pam_limits.so\nsession optional pam_motd.so\n");
    /* unless too little stands behind: the packages of the waiting ones may go, and the jump be too long */
    pam_becomes("session required pam_limits.so\n@include two\nsession optional pam_motd.so\n"
                "session required pam_env.so\n",
                two,
                "session required pam_limits.so\n" SESSION_OF(
                    "3") "@include two\nsession optional pam_motd.so\nsession required pam_env.so\n");
    pam_becomes("session required pam_limits.so\n@include two\nsession optional pam_motd.so\n"
                "session required pam_env.so\nsession required pam_umask.so\n",
                two,
                "session required pam_limits.so\n" SESSION_OF(
                    "4") "@include two\nsession optional pam_motd.so\nsession required pam_env.so\n"
                         "session required pam_umask.so\n");
    /* from the first to the last of them; a substack is one */
    pam_becomes("session optional pam_sss.so\nsession required a.so\nsession substack common\n"
                "session required pam_env.so\n",
                common,
                SESSION_OF("3") "session optional pam_sss.so\nsession required a.so\n"
                                "session substack common\nsession required pam_env.so\n");
    /* an unknown module behind is kept; but where PAM would see no success after a jump, the stack ends */
    pam_becomes("session required pam_limits.so\n-session optional pam_systemd.so\nsession optional a.so\n",
                NULL,
                "session required pam_limits.so\n" SESSION_OF("1") "-session optional pam_systemd.so\n"
                                                                   "session optional a.so\n");
    pam_becomes("session optional pam_systemd.so\nsession optional a.so\n", NULL,
                SESSION "session optional pam_systemd.so\nsession optional a.so\n");
    /* before pam_loginuid it must not stand; over a place that is jumped across neither */
    pam_becomes("session optional pam_systemd.so\nsession required pam_loginuid.so\nsession a b.so\n", NULL,
                "session optional pam_systemd.so\nsession required pam_loginuid.so\n" SESSION
                "session a b.so\n");
    pam_becomes(
        "session required pam_loginuid.so\nsession sufficient a.so\nsession optional pam_systemd.so\n", NULL,
        "session required pam_loginuid.so\n" SESSION
        "session sufficient a.so\nsession optional pam_systemd.so\n");
    pam_becomes("session required pam_loginuid.so\nsession [success=2 default=ignore] j.so\nsession a b.so\n"
                "session optional pam_systemd.so\n",
                NULL,
                "session required pam_loginuid.so\n" SESSION
                "session [success=2 default=ignore] j.so\nsession a b.so\n"
                "session optional pam_systemd.so\n");
}

/* systemd's manager of an account's services lives by pam_systemd. */
static void test_pam_manager(void **state)
{
    struct conf_job job =
        pam_job("session required pam_loginuid.so\nsession optional pam_systemd.so\n", NULL);
    struct conf_problem why = {0};
    char *out = NULL;

    (void)state;
    job.path = DIR "/systemd-user";
    assert_int_equal(pam_add(&job, &out, &why), BG_OK);
    assert_string_equal(out,
                        "session required pam_loginuid.so\n" SESSION "session optional pam_systemd.so\n");
    free(out);
}

/* A line that another package's change has made wrong, or that is older than this: found, and put right. */
static void test_pam_counts_again(void **state)
{
    static const char *const wrong[] = {SESSION_OF("2"), SESSION_OF("done"), SESSION};
    char text[512], *out;
    struct conf_job job;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct conf_problem why = {0};
        (void)snprintf(text, sizeof text,
                       AUTH ACCOUNT "%ssession optional pam_sss.so\n"
                                    "session required pam_limits.so\nauth a a.so\naccount a a.so\n",
                       wrong[i]);
        job = pam_job(text, NULL);
        assert_int_equal(pam_look(&job, &why), BG_E_REFUSED);
        assert_ptr_equal(why.id, BG_M_CMD_PAM_SKIP);
        out = pam_added(text, NULL);
        assert_non_null(strstr(out, SESSION_OF("1")));
        job = pam_job(out, NULL);
        assert_int_equal(pam_look(&job, &why), BG_OK);
        free(out);
    }
}

/* libpam takes a type without any line from "other"; ours alone would take that away from everybody. */
static void test_pam_absent_types(void **state)
{
    static const struct other su[] = {{"su", "auth required a.so\naccount required a.so\n"}, {0}};

    (void)state;
    pam_becomes("auth include su\naccount include su\npassword include su\nsession a b.so\n", su,
                AUTH ACCOUNT SESSION
                "auth include su\naccount include su\npassword include su\nsession a b.so\n");
}

static char *session_added(const char *text, const struct other *others)
{
    struct conf_job job = pam_job(text, others);
    struct conf_problem why = {0};
    char *out = NULL;

    assert_int_equal(pam_session_add(&job, &out, &why), BG_OK);
    return out;
}

/* The session line alone, first of all lines, once, and only where the service has session lines of its own.
 */
static void test_pam_sessions(void **state)
{
    static const struct other sudo[] = {{"sudo", SESSION "session required a.so\n"}, {0}};
    static const struct {
        const char *before, *after;
        const struct other *others;
    } rows[] = {
        {"auth a b.so\nsession a b.so\n", SESSION "auth a b.so\nsession a b.so\n", NULL},
        {"#%PAM-1.0\n\nsession a b.so\n", "#%PAM-1.0\n" SESSION "\nsession a b.so\n", NULL},
        {"session [success=1 default=ignore] a.so\nsession required pam_loginuid.so\n",
         SESSION "session [success=1 default=ignore] a.so\nsession required pam_loginuid.so\n", NULL},
        {"auth a b.so\n", "auth a b.so\n", NULL},
        {"", "", NULL},
        {"session include sudo\n", "session include sudo\n", sudo},
        {"@include sudo\n", "@include sudo\n", sudo},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct conf_job job = pam_job(rows[i].before, rows[i].others);
        char *out = session_added(rows[i].before, rows[i].others), *again;
        struct conf_problem why = {0};
        unsigned before = ui_findings();

        assert_string_equal(out, rows[i].after);
        assert_int_equal(pam_session_look(&job, &why),
                         strcmp(rows[i].before, out) == 0 ? BG_OK : BG_E_REFUSED);
        assert_int_equal(ui_findings() - before, strcmp(rows[i].before, out) != 0);
        job = pam_job(out, rows[i].others);
        assert_int_equal(pam_session_look(&job, &why), BG_OK);
        again = session_added(out, rows[i].others);
        assert_string_equal(again, out);
        free(again);
        again = pam_strip(out);
        assert_string_equal(again, rows[i].before);
        free(again);
        free(out);
    }
}

/* Our line with another control could let somebody through unseen, or hold everybody up. */
static void test_pam_sessions_refused(void **state)
{
    static const char text[] = "session required a.so\nsession optional pam_breakglass.so\n";
    struct conf_job job = pam_job(text, NULL), none = {.path = DIR "/x"};
    struct conf_problem why = {0}, looked = {0};
    char *out = NULL;

    (void)state;
    assert_int_equal(pam_session_add(&job, &out, &why), BG_E_REFUSED);
    assert_ptr_equal(why.id, BG_M_CMD_PAM_CONTROL);
    assert_string_equal(why.arg[1], "2");
    assert_int_equal(pam_session_look(&job, &looked), BG_E_REFUSED);
    assert_ptr_equal(looked.id, BG_M_CMD_PAM_CONTROL);
    assert_int_equal(pam_session_add(&none, &out, &why), BG_E_NOENT);
    assert_int_equal(pam_session_look(&none, &why), BG_E_NOENT);
}

/* What status says of a service: how many findings, and the verdict. */
static void pam_looks(const char *text, const struct other *others, enum bg_err verdict, unsigned findings)
{
    struct conf_job job = pam_job(text, others);
    struct conf_problem why = {0};
    unsigned before = ui_findings();

    assert_int_equal(pam_look(&job, &why), verdict);
    assert_null(why.id);
    assert_int_equal(ui_findings() - before, findings);
}

static void test_pam_look(void **state)
{
    static const struct other su[] = {{"su", "auth required a.so\naccount required a.so\n"}, {0}};

    (void)state;
    pam_looks(NULL, NULL, BG_E_NOENT, 0);
    pam_looks(AUTH ACCOUNT SESSION "@include su\nsession a b.so\n", su, BG_OK, 0);
    /* account and password are missing; a service without password lines needs none */
    pam_looks(AUTH SESSION "@include su\nsession a b.so\npassword a b.so\n", su, BG_E_REFUSED, 2);
    /* session lines come from "other" */
    pam_looks(AUTH ACCOUNT "@include su\n", su, BG_E_REFUSED, 1);
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

/* A line of ours that another has come before, or that was changed, is put right. */
static void pam_mends(const char *text, const struct other *others, const struct bg_message *id,
                      const char *after)
{
    struct conf_job job = pam_job(text, others);
    struct conf_problem why = {0};
    char *out = NULL;

    assert_int_equal(pam_look(&job, &why), BG_E_REFUSED);
    assert_ptr_equal(why.id, id);
    assert_int_equal(pam_add(&job, &out, &why), BG_OK);
    assert_string_equal(out, after);
    free(out);
}

static void test_pam_mends(void **state)
{
    static const struct other ready[] = {{"su", AUTH}, {0}};

    (void)state;
    pam_mends("#\nauth required pam_deny.so\n" AUTH, NULL, BG_M_CMD_PAM_BEHIND,
              AUTH "#\nauth required pam_deny.so\n");
    pam_mends("account requisite pam_nologin.so\n" ACCOUNT, NULL, BG_M_CMD_PAM_BEHIND,
              ACCOUNT "account requisite pam_nologin.so\n");
    pam_mends("auth sufficient pam_rootok.so\n" AUTH "auth required a.so\n", NULL, BG_M_CMD_PAM_BEHIND,
              AUTH "auth sufficient pam_rootok.so\nauth required a.so\n");
    pam_mends("auth [success=1 default=ignore] a.so\n" AUTH, NULL, BG_M_CMD_PAM_BEHIND,
              AUTH "auth [success=1 default=ignore] a.so\n");
    pam_mends("auth substack su\n" AUTH, ready, BG_M_CMD_PAM_BEHIND, AUTH "auth substack su\n");
    pam_mends("auth sufficient pam_breakglass.so\nauth required a.so\n", NULL, BG_M_CMD_PAM_CONTROL,
              AUTH "auth required a.so\n");
    pam_mends("session optional pam_breakglass.so\nsession required pam_loginuid.so\n", NULL,
              BG_M_CMD_PAM_CONTROL, "session required pam_loginuid.so\n" SESSION);
}

static void test_pam_refusals(void **state)
{
    static const struct other late[] = {{"su", "#\nauth sufficient pam_rootok.so\n" AUTH}, {0}};

    (void)state;
    pam_refused("auth include su\n", late, BG_M_CMD_PAM_BEHIND, DIR "/su", "2", "auth");
    pam_refused("auth sufficient pam_breakglass.so\n", NULL, BG_M_CMD_PAM_CONTROL, DIR "/x", "1", "auth");
    pam_refused("\n\nsession optional pam_breakglass.so\n", NULL, BG_M_CMD_PAM_CONTROL, DIR "/x", "3",
                "session");
    /* a jump across the new session line */
    pam_refused(
        "auth required a.so\nsession [success=2 default=ignore] s.so\nsession required pam_loginuid.so\n"
        "session required u.so\n",
        NULL, BG_M_CMD_PAM_JUMP, DIR "/x", "2", "session");
}

static void test_pam_jumps(void **state)
{
    (void)state;
    /* lands behind pam_loginuid, and then on ours: what it skipped is still skipped */
    pam_becomes(
        "session [success=2 default=ignore] s.so\nsession required a.so\nsession required pam_loginuid.so\n"
        "session required b.so\n",
        NULL,
        "session [success=2 default=ignore] s.so\nsession required a.so\nsession required "
        "pam_loginuid.so\n" SESSION "session required b.so\n");
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
    struct conf_job job = {.path = "/n", .text = before};
    struct conf_problem why = {0};
    char *out = NULL, *again = NULL;

    assert_int_equal(nsswitch_look(&job, &why), BG_E_REFUSED);
    assert_ptr_equal(why.id, BG_M_CMD_NSS_ABSENT);
    assert_int_equal(nsswitch_add(&job, &out, &why), BG_OK);
    assert_string_equal(out, after);
    job.text = out;
    assert_int_equal(nsswitch_add(&job, &again, &why), BG_OK);
    assert_string_equal(again, after);
    assert_int_equal(nsswitch_look(&job, &why), BG_OK);
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
    nss_becomes("passwd: files [NOTFOUND=return] ldap\ngroup: files [NOTFOUND=return]\nshadow: files\n",
                "passwd: files breakglass [NOTFOUND=return] ldap\n"
                "group: files [NOTFOUND=return] breakglass [TRYAGAIN=return]\nshadow: files breakglass\n",
                "passwd: files [NOTFOUND=return] ldap\ngroup: files [NOTFOUND=return]\nshadow: files\n");
    nss_becomes("passwd: files [!UNAVAIL = return] ldap\ngroup: files\nshadow: files [!NOTFOUND=return]\n",
                "passwd: files breakglass [!UNAVAIL = return] ldap\n"
                "group: files breakglass [TRYAGAIN=return]\nshadow: files [!NOTFOUND=return] breakglass\n",
                "passwd: files [!UNAVAIL = return] ldap\ngroup: files\nshadow: files [!NOTFOUND=return]\n");
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

/* What the programs of switches and routers do to the lines, with and without ours; what is put back then. */
static void gear_becomes(const char *before, const char *after)
{
    struct conf_job job = {.path = "/n", .text = before};
    struct conf_problem why = {0};
    char *out = NULL;

    assert_int_equal(nsswitch_look(&job, &why), BG_E_REFUSED);
    assert_ptr_equal(why.id, BG_M_CMD_NSS_ABSENT);
    assert_int_equal(nsswitch_add(&job, &out, &why), BG_OK);
    assert_string_equal(out, after);
    job.text = out;
    assert_int_equal(nsswitch_look(&job, &why), BG_OK);
    free(out);
}

#define GROUPS "group: files breakglass [TRYAGAIN=return]\nshadow: files breakglass\n"

/* A mount of that name, and dead, must not hang an ordinary machine. */
static void test_hooks_of_others_are_not_looked_at(void **state)
{
    static const enum conf_kind kinds[] = {CONF_SONIC, CONF_VYOS_COMMIT, CONF_VYOS_BOOT};
    static const bool there[GEARS][3] = {
        [GEAR_SONIC] = {true, false, false}, [GEAR_CUMULUS] = {false}, [GEAR_VYOS] = {false, true, true}};

    (void)state;
    for (enum gear g = GEAR_NONE; g < GEARS; g++)
        for (size_t i = 0; i < 3; i++) {
            gear_set(g);
            assert_non_null(conffiles[kinds[i]].here);
            assert_int_equal(conffiles[kinds[i]].here(), there[g][i]);
        }
    gear_set(GEARS);
}

static void test_nss_gear(void **state)
{
    (void)state;
    /* there before us */
    nss_becomes("passwd:         tacplus files\ngroup:          tacplus files\nshadow:         files\n",
                "passwd:         breakglass tacplus files\n"
                "group:          files breakglass [TRYAGAIN=return] tacplus files\n"
                "shadow:         files breakglass\n",
                "passwd:         tacplus files\ngroup:          tacplus files\nshadow:         files\n");
    nss_becomes("passwd: mapuid files mapname\ngroup: mapname files\nshadow: files\n",
                "passwd: breakglass mapuid files mapname\n"
                "group: files breakglass [TRYAGAIN=return] mapname files\nshadow: files breakglass\n",
                "passwd: mapuid files mapname\ngroup: mapname files\nshadow: files\n");
    nss_becomes("passwd: tacplus compat\ngroup: files\nshadow: files\n",
                "passwd: breakglass tacplus compat\n" GROUPS,
                "passwd: tacplus compat\ngroup: files\nshadow: files\n");
    /* put before us, or between, later; taken away again */
    gear_becomes("passwd: tacplus files breakglass\n" GROUPS, "passwd: breakglass tacplus files\n" GROUPS);
    gear_becomes("passwd: files radius breakglass\n" GROUPS, "passwd: files breakglass radius\n" GROUPS);
    gear_becomes("passwd: breakglass files\n" GROUPS, "passwd: files breakglass\n" GROUPS);
    gear_becomes("passwd: files breakglass\ngroup: tacplus files breakglass [TRYAGAIN=return]\n"
                 "shadow: files breakglass\n",
                 "passwd: files breakglass\ngroup: files breakglass [TRYAGAIN=return] tacplus files\n"
                 "shadow: files breakglass\n");
}

/* The C library takes the last of several; whoever takes another finds our word there too, where it can
 * stand. */
static void test_nss_twice(void **state)
{
    (void)state;
    nss_becomes("passwd: files ldap\npasswd: files\ngroup: files\nshadow: files\n",
                "passwd: files breakglass ldap\npasswd: files breakglass\n" GROUPS,
                "passwd: files ldap\npasswd: files\ngroup: files\nshadow: files\n");
    nss_becomes("passwd: files breakglass\npasswd: files\n" GROUPS,
                "passwd: files breakglass\npasswd: files breakglass\n" GROUPS,
                "passwd: files\npasswd: files\ngroup: files\nshadow: files\n");
    nss_becomes("passwd: sss\npasswd: files\n" GROUPS, "passwd: sss\npasswd: files breakglass\n" GROUPS,
                "passwd: sss\npasswd: files\ngroup: files\nshadow: files\n");
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

static void nss_refused(const char *text, const struct bg_message *id, const char *line, const char *database)
{
    struct conf_job job = {.path = "/n", .text = text};
    struct conf_problem why = {0}, looked = {0};
    char *out = NULL;

    assert_int_equal(nsswitch_add(&job, &out, &why), BG_E_REFUSED);
    assert_ptr_equal(why.id, id);
    assert_string_equal(why.arg[0], "/n");
    assert_string_equal(why.arg[1], line);
    assert_string_equal(why.arg[2], database);
    assert_int_equal(nsswitch_look(&job, &looked), BG_E_REFUSED);
    assert_ptr_equal(looked.id, id);
}

static void test_nss_refusals(void **state)
{
    (void)state;
    nss_refused("passwd: files\ninitgroups: files\n", BG_M_CMD_NSS_INITGROUPS, "2", "initgroups");
    nss_refused("passwd: sss files\n", BG_M_CMD_NSS_REMOTE, "1", "passwd");
    nss_refused("\ngroup: files ldap breakglass [TRYAGAIN=return]\n", BG_M_CMD_NSS_REMOTE, "2", "group");
    nss_refused("group: breakglass [TRYAGAIN=return] files\n", BG_M_CMD_NSS_REMOTE, "1", "group");
    nss_refused("passwd: files\npasswd: sss\n", BG_M_CMD_NSS_NO_FILES, "2", "passwd");
    nss_refused("group: files [SUCCESS=merge] systemd\n", BG_M_CMD_NSS_MERGE, "1", "group");
    nss_refused("group: files breakglass ldap\n", BG_M_CMD_NSS_NO_RETURN, "1", "group");
    nss_refused("group: files breakglass [NOTFOUND=return]\n", BG_M_CMD_NSS_NO_RETURN, "1", "group");
    /* ours would be asked before "files", which keeps root's own groups */
    nss_refused("group: systemd breakglass [TRYAGAIN=return] files\n", BG_M_CMD_NSS_REMOTE, "1", "group");
    nss_refused("passwd: ldap tacplus files\n", BG_M_CMD_NSS_REMOTE, "1", "passwd");
    nss_refused("group: breakglass [TRYAGAIN=return] tacplus files\n", BG_M_CMD_NSS_REMOTE, "1", "group");
    nss_refused("passwd: sss\n", BG_M_CMD_NSS_NO_FILES, "1", "passwd");
}

/* --- nscd -------------------------------------------------------------------------------- */

#define SPREADS_NOT "\tauto-propagate\t\tpasswd\t\tno\t# breakglass\n"

/* after NULL: it is right as it is */
static void nscd_becomes(const char *before, const char *after)
{
    struct conf_job job = {.path = "/n", .text = before};
    struct conf_problem why = {0};
    char *out = NULL, *again;

    assert_int_equal(nscd_look(&job, &why), after == NULL ? BG_OK : BG_E_REFUSED);
    assert_int_equal(nscd_add(&job, &out, &why), BG_OK);
    assert_string_equal(out, after == NULL ? before : after);
    job.text = out;
    assert_int_equal(nscd_look(&job, &why), BG_OK);
    again = nscd_strip(out);
    if (after == NULL || before[0] == '\0' || before[strlen(before) - 1] == '\n')
        assert_string_equal(again, before);
    free(again);
    free(out);
}

static void test_nscd(void **state)
{
    struct conf_job none = {.path = "/n"};
    struct conf_problem why = {0};
    char *out = NULL;

    (void)state;
    nscd_becomes("", SPREADS_NOT);
    nscd_becomes("auto-propagate passwd yes\nauto-propagate group no\n",
                 "auto-propagate passwd yes\nauto-propagate group no\n" SPREADS_NOT);
    nscd_becomes("paranoia no", "paranoia no\n" SPREADS_NOT);
    nscd_becomes("auto-propagate passwd no\n", NULL);
    nscd_becomes(" auto-propagate\tpasswd  no # mine\nparanoia no", NULL);
    /* the last one counts */
    nscd_becomes("auto-propagate passwd no\nauto-propagate passwd yes\n",
                 "auto-propagate passwd no\nauto-propagate passwd yes\n" SPREADS_NOT);
    nscd_becomes("# auto-propagate passwd no\n", "# auto-propagate passwd no\n" SPREADS_NOT);
    assert_int_equal(nscd_add(&none, &out, &why), BG_E_NOENT);
    assert_int_equal(nscd_look(&none, &why), BG_E_NOENT);
}

static void test_nscd_strip(void **state)
{
    char *out = nscd_strip("# breakglass\n" SPREADS_NOT "# breakglass auto-propagate\nparanoia no");

    (void)state;
    assert_string_equal(out, "# breakglass\n# breakglass auto-propagate\nparanoia no");
    free(out);
}

/* --- sshd -------------------------------------------------------------------------------- */

static struct {
    enum bg_err r;
    int exit_status;
    char out[2048];
    const char *argv[4];
} sshd;

static char sshd_spec[320]; /* what it was asked about */

enum bg_err run_program(const char *const argv[], const int *fds, size_t n, size_t limit, int64_t ms,
                        struct run_result *res)
{
    (void)fds;
    (void)n;
    (void)limit;
    assert_true(ms <= 10000);
    for (size_t i = 0; i < 4 && (i == 0 || argv[i - 1] != NULL); i++)
        sshd.argv[i] = argv[i];
    if (strcmp(argv[1], "-T") == 0)
        (void)snprintf(sshd_spec, sizeof sshd_spec, "%s", argv[3]);
    if (sshd.r == BG_OK)
        *res = (struct run_result){
            .out = strdup(sshd.out), .len = strlen(sshd.out), .exit_status = sshd.exit_status};
    return sshd.r;
}

static void sshd_says(int exit_status, const char *out)
{
    memset(&sshd, 0, sizeof sshd);
    sshd.exit_status = exit_status;
    (void)snprintf(sshd.out, sizeof sshd.out, "%s", out);
}

static const struct account_row root_row = {.name = "bg1", .uid = 0}, user_row = {.name = "bg2", .uid = 791};

static void test_sshd_dropin(void **state)
{
    struct account_rows rows = {.row = {root_row, {.name = "bad", .wrong = "no"}, user_row}, .n = 3};
    char *text = NULL;

    (void)state;
    assert_int_equal(dropin(&rows, &text), BG_OK);
    assert_non_null(strstr(text,
                           "Match User bg1\n    AuthenticationMethods publickey,keyboard-interactive:pam "
                           "keyboard-interactive:pam\n"));
    assert_non_null(strstr(text, "    PubkeyAuthOptions touch-required verify-required\n"));
    assert_non_null(strstr(text, "    AllowUsers bg1\n"));
    assert_non_null(strstr(text, "    AuthorizedKeysFile " BG_CONFDIR "/ssh/%u\n"));
    assert_null(strstr(text, "bad"));
    char *second = strstr(text, "Match User bg2\n"), *root = strstr(text, "PermitRootLogin yes");
    assert_true(root != NULL && second != NULL && root < second);
    assert_null(strstr(second, "PermitRootLogin")); /* not root's uid: none of its business */
    assert_non_null(strstr(second, "    AllowUsers bg2\n"));
    free(text);
}

/* Port, addresses and host keys of the other sshd; what OpenSSH 9.8 knows where it does. */
static void test_sshd_instance(void **state)
{
    struct account_rows rows = {.row = {user_row, {.name = "bad", .wrong = "no"}, root_row}, .n = 3};
    struct conf_problem why = {0};
    struct conf_job job = {.path = BG_SSHD_CONFIG, .rows = &rows};
    char *text = NULL, *again = NULL;

    (void)state;
    assert_int_equal(sshd_own_add(&job, &text, &why), BG_E_NOENT); /* nobody asked for it */
    job.text = "# x\nPort 2222\n";
    sshd_says(0, "port 22\nlistenaddress [::]:22\nlistenaddress 0.0.0.0:22\nlistenaddress [2001:db8::1]:22\n"
                 "listenaddress 192.0.2.1:22\nhostkey /k/a\nhostkey /k/b\nhostcertificate /k/a-cert\n");
    assert_int_equal(sshd_own_add(&job, &text, &why), BG_OK);
    assert_non_null(strstr(text, "\nPort 2222\n"));
    assert_non_null(strstr(text, "\nLoginGraceTime 900\n"));
    assert_non_null(
        strstr(text, "\nListenAddress [2001:db8::1]\nListenAddress 192.0.2.1\nHostKey /k/a\nHostKey /k/b\n"
                     "HostCertificate /k/a-cert\n"));
    assert_null(strstr(text, "0.0.0.0"));
    assert_null(strstr(text, "[::]"));
    assert_null(strstr(text, "Penalties"));
    assert_non_null(strstr(text, "\nAllowUsers bg2 bg1\n"));
    assert_non_null(strstr(text, "\nPermitRootLogin yes\n"));
    job.text = text; /* its own port stays */
    rows.n = 1;
    sshd_says(0, "port 22\npersourcepenalties crash:90\n");
    assert_int_equal(sshd_own_add(&job, &again, &why), BG_OK);
    assert_non_null(strstr(again, "\nPort 2222\n"));
    assert_non_null(strstr(again, "\nPerSourcePenalties no\n"));
    assert_null(strstr(again, "PermitRootLogin"));
    free(again);
    sshd_says(255, "bad line\n");
    assert_int_equal(sshd_own_add(&job, &again, &why), BG_E_REFUSED);
    job.text = "# no port\n";
    assert_int_equal(sshd_own_add(&job, &again, &why), BG_E_REFUSED);
    free(text);
}

#define DUMP                                                                                                 \
    "usepam yes\nauthenticationmethods publickey,keyboard-interactive:pam keyboard-interactive:pam\n"        \
    "pubkeyauthentication yes\npubkeyauthoptions touch-required verify-required\n"                           \
    "pubkeyacceptedalgorithms sk-ssh-ed25519@openssh.com,sk-ecdsa-sha2-nistp256@openssh.com\n"               \
    "trustedusercakeys none\nkbdinteractiveauthentication yes\n"                                             \
    "passwordauthentication no\npermitemptypasswords no\nauthorizedkeysfile " BG_CONFDIR "/ssh/%u\n"         \
    "authorizedkeyscommand none\npermittty yes\nmaxauthtries 20\nforcecommand none\nchrootdirectory none\n"

static void test_sshd_block(void **state)
{
    static const char *const keys[] = {"usepam",
                                       "authenticationmethods",
                                       "pubkeyauthentication",
                                       "pubkeyauthoptions",
                                       "pubkeyacceptedalgorithms",
                                       "trustedusercakeys",
                                       "kbdinteractiveauthentication",
                                       "passwordauthentication",
                                       "permitemptypasswords",
                                       "authorizedkeysfile",
                                       "authorizedkeyscommand",
                                       "permitrootlogin",
                                       "permittty",
                                       "maxauthtries",
                                       "allowusers",
                                       "forcecommand",
                                       "chrootdirectory"};
    static const char sound[] = DUMP "permitrootlogin yes\nallowusers bg1\n";
    char broken[sizeof sound + 16];

    (void)state;
    sshd_says(0, sound);
    assert_true(sshd_check(&root_row, false));
    assert_string_equal(sshd.argv[1], "-T");
    /* each of them with another value is a finding of its own */
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        unsigned before = ui_findings();
        const char *at = strstr(sound, keys[i]) + strlen(keys[i]) + 1;
        (void)snprintf(broken, sizeof broken, "%.*sx%s", (int)(at - sound), sound, at);
        sshd_says(0, broken);
        assert_false(sshd_check(&root_row, false));
        assert_int_equal(ui_findings() - before, 1);
    }
    sshd_says(0, DUMP "permitrootlogin no\nallowusers bg2\ndenygroups x\ndenyusers eve\n");
    assert_true(sshd_check(&user_row, false));
    sshd_says(0, DUMP "permitrootlogin yes\nallowusers bg1\nallowusers bg9\n");
    assert_true(sshd_check(&root_row, false));
    sshd_says(0, "");
    assert_false(sshd_check(&user_row, false));
}

/* Lists that no Match block of ours lifts, and the time that the dialogue has. */
static void test_sshd_shuts(void **state)
{
    static const struct {
        const char *more;
        bool good;
    } rows[] = {
        {"denyusers eve\ndenyusers bg*\n", false},
        {"denyusers !bg1\ndenyusers bg*\n", false}, /* a ! negates nothing there */
        {"denyusers !bg1\n", true},
        {"denyusers bg1@10.0.0.1\n", true}, /* from there alone */
        {"denyusers bg1@10.0.0.1\ndenyusers *@*\n", false},
        {"denygroups root\n", false},
        {"denygroups staff\n", true},
        {"allowgroups staff\nallowgroups wheel\n", false},
        {"allowgroups staff\nallowgroups r*\n", true},
        {"logingracetime 119\n", false},
        {"logingracetime 120\n", true},
        {"logingracetime 0\n", true},
        {"maxauthtries 21\n", true},
        {"maxauthtries 19\n", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[1024];
        unsigned before = ui_findings();
        /* the first value of a key counts */
        (void)snprintf(text, sizeof text, "%s%s", rows[i].more, DUMP "permitrootlogin yes\nallowusers bg1\n");
        sshd_says(0, text);
        if (sshd_check(&root_row, false) != rows[i].good)
            fail_msg("%s", rows[i].more);
        assert_int_equal(ui_findings() - before, !rows[i].good);
    }
}

/* sshd_check() is satisfied; does it say this besides? */
static bool good_and_says(const char *text)
{
    char said[2048];
    FILE *to = tmpfile();
    int keep = dup(STDERR_FILENO);

    assert_true(to != NULL && keep >= 0 && dup2(fileno(to), STDERR_FILENO) >= 0);
    assert_true(sshd_check(&root_row, false));
    (void)dup2(keep, STDERR_FILENO);
    (void)close(keep);
    rewind(to);
    said[fread(said, 1, sizeof said - 1, to)] = '\0';
    (void)fclose(to);
    return strstr(said, text) != NULL;
}

/* Told, and no fault: it is the default of newer ones. */
static void test_sshd_penalties(void **state)
{
    static const struct {
        const char *more;
        bool told;
    } rows[] = {
        {"persourcepenalties crash:90 authfail:5 noauth:1 max:600 min:15 max-sources4:65536\n", true},
        {"persourcepenaltyexemptlist none\npersourcepenalties crash:90 authfail:5 max:600 min:15\n", true},
        {"persourcepenaltyexemptlist 10.0.0.0/8\npersourcepenalties crash:90 authfail:5 max:600 min:15\n",
         false},
        {"persourcepenalties crash:90 authfail:0 noauth:1 max:600 min:15\n", false},
        {"persourcepenalties no\n", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[1024];
        (void)snprintf(text, sizeof text, "%s%s", rows[i].more, DUMP "permitrootlogin yes\nallowusers bg1\n");
        sshd_says(0, text);
        if (good_and_says("BG640 After failed logins sshd shuts an address out, for up to 600 seconds") !=
            rows[i].told)
            fail_msg("%s", rows[i].more);
    }
}

/* Where other people's Match blocks look, sshd is asked about. */
static void test_sshd_origins(void **state)
{
    static const char *const matches[] = {"Address 10.0.0.0/8,192.168.0.0/16 User *",
                                          "Host \"*.org\"",
                                          "Host a.example",
                                          "LocalPort 2222",
                                          "Address=!1.2.3.4",
                                          "address 10.0.0.0/24",
                                          "Address 10.1.*,!10.9.9.9,10.2.?.3",
                                          "LocalAddress *",
                                          "Address !2001:db8::1,2001:db8::/32,*",
                                          "All"};
    static const struct origin found[] = {
        {"addr", "10.0.0.0"},   {"addr", "192.168.0.0"}, {"host", "1.org"},    {"host", "a.example"},
        {"lport", "2222"},      {"addr", "10.1.1.1"},    {"addr", "10.2.1.3"}, {"laddr", "1.1.1.1"},
        {"addr", "2001:db8::"}, {"addr", "1.1.1.1"},
    };
    struct origins o = {.n = 0};

    (void)state;
    for (size_t i = 0; i < sizeof matches / sizeof matches[0]; i++)
        assert_true(gather_origins(&o, &(struct bg_sshd_line){.key = "match", .value = matches[i]}));
    assert_int_equal(o.n, sizeof found / sizeof found[0]);
    for (size_t i = 0; i < o.n; i++) {
        assert_string_equal(o.of[i].word, found[i].word);
        assert_string_equal(o.of[i].value, found[i].value);
    }
    sshd_says(0, DUMP "permitrootlogin yes\nallowusers bg1\n");
    assert_true(wins_from(&root_row, &o.of[4], false));
    assert_string_equal(sshd_spec, "user=bg1,host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=2222");
    assert_true(wins_from(&root_row, &o.of[0], false));
    assert_string_equal(sshd_spec, "user=bg1,host=localhost,addr=10.0.0.0,laddr=127.0.0.1,lport=22");
}

static void test_sshd_refuses(void **state)
{
    struct conf_job job = {.path = DROPIN_DIR "/x", .text = "x"};
    struct conf_problem why = {0};
    unsigned before = ui_findings();

    (void)state;
    sshd_says(255, "line 3: bad\nmore\n");
    assert_false(sshd_check(NULL, true));
    assert_int_equal(ui_findings(), before);
    assert_string_equal(sshd.argv[1], "-t");
    assert_false(sshd_check(&root_row, false));
    assert_int_equal(ui_findings() - before, 1);
    sshd_says(0, "");
    assert_true(sshd_check(NULL, false));
    sshd.r = BG_E_TIMEOUT;
    assert_false(sshd_check(NULL, true));
    /* status: whether every account's block wins is a rule of check's; a drop-in that is not read is one
     * finding */
    sshd_says(0, "");
    included = false;
    before = ui_findings();
    assert_false(sshd_check(&root_row, false));
    assert_int_equal(ui_findings() - before, 1);
    included = true;
    job.text = NULL;
    assert_int_equal(sshd_look(&job, &why), BG_E_NOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pam_places),
        cmocka_unit_test(test_pam_absent_types),
        cmocka_unit_test(test_pam_look),
        cmocka_unit_test(test_pam_waits),
        cmocka_unit_test(test_pam_manager),
        cmocka_unit_test(test_pam_counts_again),
        cmocka_unit_test(test_pam_strip),
        cmocka_unit_test(test_pam_sessions),
        cmocka_unit_test(test_pam_sessions_refused),
        cmocka_unit_test(test_pam_includes),
        cmocka_unit_test(test_pam_mends),
        cmocka_unit_test(test_pam_refusals),
        cmocka_unit_test(test_pam_jumps),
        cmocka_unit_test(test_nss_edit),
        cmocka_unit_test(test_nss_gear),
        cmocka_unit_test(test_hooks_of_others_are_not_looked_at),
        cmocka_unit_test(test_nss_twice),
        cmocka_unit_test(test_nss_strip_foreign),
        cmocka_unit_test(test_nss_refusals),
        cmocka_unit_test(test_nscd),
        cmocka_unit_test(test_nscd_strip),
        cmocka_unit_test(test_sshd_dropin),
        cmocka_unit_test(test_sshd_instance),
        cmocka_unit_test(test_sshd_block),
        cmocka_unit_test(test_sshd_refuses),
        cmocka_unit_test(test_sshd_shuts),
        cmocka_unit_test(test_sshd_penalties),
        cmocka_unit_test(test_sshd_origins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
