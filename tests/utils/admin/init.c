/* SPDX-License-Identifier: ISC */
/*
 * What init asks of an account and of the modules, on files of a directory of our own. The modules are copies
 * of libjansson, sound and cut short.
 */
#undef BG_SYSCONFDIR
#define BG_SYSCONFDIR "etc"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <dlfcn.h>
#include <cmocka.h>
#include "scratch.h"
#include "admin/init/account.c"
#include "admin/init/moduletest.c"
#include "admin/gear/gear.h"

/* What is put back, on a record of our own. */
static unsigned put_backs;

static enum bg_err played_note(const char *what)
{
    put_backs += what[0] != '\0';
    return BG_OK;
}

static void played_event(const char *what)
{
    (void)what;
}

#define gear_note_put_back        played_note
#define report_event(event, a, m) played_event(m)
#include "admin/init/platform.c"
#undef gear_note_put_back
#undef report_event

/* The copy for an upgrade, with renames and syncs that fail when they are told to. */
static unsigned fails_rename, fails_sync; /* the n-th from now; 0: none */

static int played_rename(const char *from, const char *to)
{
    return fails_rename > 0 && --fails_rename == 0 ? (errno = EIO, -1) : rename(from, to);
}

static int played_syncfs(int fd)
{
    return fails_sync > 0 && --fails_sync == 0 ? (errno = EIO, -1) : syncfs(fd);
}

static struct gear_row played_gears[GEARS];
#undef BG_CONFDIR
#define BG_CONFDIR "etc/ours"
#define rename     played_rename
#define syncfs     played_syncfs
#define gears      played_gears
#include "admin/gear/keep.c"
#undef rename
#undef syncfs
#undef gears

static struct init_plan plan;

static enum admin_exit make(const char *name, uint32_t uid, const char *audit, const char *shell)
{
    memset(&plan, 0, sizeof plan);
    plan.opt = (struct init_options){.account = name, .uid = uid, .shell = shell, .audit_uid = INIT_NO_UID};
    plan.opt.audit_given = audit != NULL;
    if (audit != NULL && strcmp(audit, "none") != 0)
        plan.opt.audit_uid = (uint32_t)strtoul(audit, NULL, 10);
    return new_account(&plan);
}

static void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static int lay_out(void **state)
{
    (void)state;
    assert_int_equal(system("rm -rf etc; mkdir etc"), 0);
    write_text("etc/passwd",
               "root:x:0:0:root:/root:/bin/bash\nann:x:70001:70001:,,,:/:/bin/sh\nbob::70002:1:::\n");
    write_text("etc/group", "root:x:0:\nadm:x:70004:ann,bob\nann:x:70001:\n");
    write_text("etc/subuid", "ann:100000:65536\n");
    write_text("etc/subgid", "ann:200000:10\n");
    write_text("etc/plain", "");
    return 0;
}

static void test_account(void **state)
{
    (void)state;
    assert_int_equal(make("bg1", 0, NULL, "/bin/sh"), ADMIN_GOOD);
    assert_true(plan.new_account && plan.rows.n == 1);
    assert_string_equal(plan.rows.row[0].name, "bg1");
    assert_true(plan.row.uid == 0 && plan.row.gid == 0 && plan.row.has_audit_uid &&
                plan.row.audit_uid == 59001);
    assert_string_equal(plan.row.home, BG_STATEDIR "/home/bg1");
    assert_int_equal(make("bg1", 0, "none", "/bin/sh"), ADMIN_GOOD);
    assert_false(plan.row.has_audit_uid);
    assert_int_equal(make("bg1", 70009, NULL, "/bin/sh"), ADMIN_GOOD);
    assert_true(plan.row.uid == 70009 && plan.row.gid == 70009 && !plan.row.has_audit_uid);
    /* the first audit uid is taken: the next one */
    write_text("etc/passwd", "audit:x:59001:1:::\n");
    assert_int_equal(make("bg1", 0, NULL, "/bin/sh"), ADMIN_GOOD);
    assert_int_equal(plan.row.audit_uid, 59002);
}

/* A unit that cannot be started at each tick of the timer is no put-back and no fight. */
static void test_put_backs_are_counted(void **state)
{
    json_t *made = json_array();

    (void)state;
    memset(&plan, 0, sizeof plan);
    plan.opt.restore = true;
    platform_restored(&plan, made);
    assert_int_equal(put_backs, 0);
    (void)json_array_append_new(made, json_string("/var/lib/x"));
    platform_restored(&plan, made);
    assert_int_equal(put_backs, 1);
    json_decref(made);
}

/* Whichever step fails, a whole copy is there: in etc, or in etc.old where there is no etc. */
static void test_copy_is_replaced(void **state)
{
    static const unsigned failing[][2] = {{1, 0}, {2, 0}, {0, 1}, {0, 2}};

    (void)state;
    played_gears[GEAR_SONIC].keep = "etc/kept";
    for (size_t i = 0; i < sizeof failing / sizeof failing[0]; i++) {
        assert_int_equal(
            system("rm -rf etc/kept etc/ours; mkdir -p etc/ours; echo 1 >etc/ours/f; mkdir etc/kept"), 0);
        assert_true(replace(GEAR_SONIC));
        assert_int_equal(system("echo 2 >etc/ours/f"), 0);
        fails_rename = failing[i][0];
        fails_sync = failing[i][1];
        assert_false(replace(GEAR_SONIC));
        assert_true(fails_rename == 0 && fails_sync == 0);
        assert_int_equal(system("test ! -e etc/kept/etc.new && grep -q '[12]' etc/kept/etc/f"), 0);
        assert_int_equal(system(i < 3 ? "grep -q 1 etc/kept/etc/f" : "grep -q 1 etc/kept/etc.old/f"), 0);
        assert_false(gear_is_kept(GEAR_SONIC));
        assert_true(replace(GEAR_SONIC));
        assert_int_equal(system("diff -r etc/ours etc/kept/etc && test ! -e etc/kept/etc.old"), 0);
    }
    /* the power went between the two renames, and then the disk is full: what there is stays */
    assert_int_equal(system("mv etc/kept/etc etc/kept/etc.old"), 0);
    fails_sync = 1;
    assert_false(replace(GEAR_SONIC));
    assert_int_equal(system("diff -r etc/ours etc/kept/etc"), 0);
}

static void test_taken(void **state)
{
    static const char *const names[] = {"root", "ann", "bob", "adm"};
    /* ann, bob; adm (a group); a range of subuid from end to end, of subgid; systemd's, nobody, containers,
     * -1 */
    static const uint32_t uids[] = {70001, 70002, 70004, 100000, 165535, 200000,    200009,
                                    61184, 65519, 65534, 65535,  524288, 1879048191};
    static const uint32_t free_uids[] = {70003, 99999, 165536, 199999, 200010, 61183, 65520, 524287};
    char number[16];

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_int_equal(make(names[i], 0, NULL, "/bin/sh"), ADMIN_FINDING);
    for (size_t i = 0; i < sizeof uids / sizeof uids[0]; i++)
        assert_int_equal(make("bg1", uids[i], NULL, "/bin/sh"), ADMIN_FINDING);
    for (size_t i = 0; i < sizeof free_uids / sizeof free_uids[0]; i++)
        assert_int_equal(make("bg1", free_uids[i], NULL, "/bin/sh"), ADMIN_GOOD);
    assert_int_equal(make("bg1", 0, "0", "/bin/sh"), ADMIN_FINDING);
    assert_int_equal(make("bg1", 0, "70001", "/bin/sh"), ADMIN_FINDING);
    /* a process runs with it */
    if (geteuid() != 0) {
        (void)snprintf(number, sizeof number, "%u", geteuid());
        assert_int_equal(make("bg1", 0, number, "/bin/sh"), ADMIN_FINDING);
    } else {
        pid_t pid = fork();
        if (pid == 0) {
            if (setuid(70005) != 0)
                _exit(1);
            for (;;)
                (void)pause();
        }
        while (!process_has(70005))
            (void)usleep(1000);
        assert_int_equal(make("bg1", 70005, NULL, "/bin/sh"), ADMIN_FINDING);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
    }
}

/* Two emergency accounts never share a number, a uid with an audit uid neither. */
static void test_taken_by_another_of_ours(void **state)
{
    (void)state;
    assert_int_equal(make("bg1", 70009, NULL, "/bin/sh"), ADMIN_GOOD);
    plan.opt.uid = 70009;
    plan.opt.account = "bg2";
    assert_int_equal(new_account(&plan), ADMIN_FINDING);
    plan.opt.uid = 0;
    assert_int_equal(new_account(&plan), ADMIN_GOOD); /* its audit uid is 59001 */
    plan.opt.account = "bg3";
    assert_int_equal(new_account(&plan), ADMIN_GOOD);
    assert_int_equal(plan.row.audit_uid, 59002);
    plan.opt.uid = 59001;
    assert_int_equal(new_account(&plan), ADMIN_FINDING);
}

static void test_shell(void **state)
{
    char path[200];

    (void)state;
    assert_int_equal(make("bg1", 0, NULL, "sh"), ADMIN_USAGE);
    assert_int_equal(make("bg1", 0, NULL, "/nonexistent"), ADMIN_USAGE);
    assert_int_equal(make("bg1", 0, NULL, "/bin"), ADMIN_USAGE);
    assert_int_equal(make("bg1", 0, NULL, "/etc/passwd"), ADMIN_USAGE);
    /* a program, but it would split the line of the accounts file */
    assert_non_null(getcwd(path, sizeof path - 16));
    (void)strcat(path, "/etc/a:b");
    assert_int_equal(symlink("/bin/sh", path), 0);
    assert_int_equal(make("bg1", 0, NULL, path), ADMIN_USAGE);
    (void)snprintf(path, sizeof path, "%0*d/bin/sh", 150, 0);
    memset(path, '/', 150);
    assert_int_equal(make("bg1", 0, NULL, path), ADMIN_USAGE);
    assert_int_equal(make("bg1", 0, NULL, NULL), access(INIT_SHELL, X_OK) == 0 ? ADMIN_GOOD : ADMIN_USAGE);
}

static void test_known_account(void **state)
{
    struct account_row row = {
        .name = "bg1", .uid = 0, .has_audit_uid = true, .audit_uid = 59001, .shell = "/bin/sh"};

    const struct init_options none = {.uid = INIT_NO_UID, .audit_uid = INIT_NO_UID};

    (void)state;
    memset(&plan, 0, sizeof plan);
    plan.opt = none;
    assert_int_equal(known_account(&plan, &row), ADMIN_GOOD); /* nothing asked for: nothing differs */
    assert_string_equal(plan.row.name, "bg1");
    plan.opt.uid = 5;
    assert_int_equal(known_account(&plan, &row), ADMIN_FINDING);
    plan.opt = none;
    plan.opt.shell = "/bin/bash";
    assert_int_equal(known_account(&plan, &row), ADMIN_FINDING);
    plan.opt = none;
    plan.opt.audit_given = true;
    assert_int_equal(known_account(&plan, &row), ADMIN_FINDING);
    plan.opt.audit_uid = 59002;
    assert_int_equal(known_account(&plan, &row), ADMIN_FINDING);
    plan.opt.audit_uid = 59001;
    assert_int_equal(known_account(&plan, &row), ADMIN_GOOD);
    (void)snprintf(row.wrong, sizeof row.wrong, "bad");
    assert_int_equal(known_account(&plan, &row), ADMIN_FINDING);
}

/* --- modules ------------------------------------------------------------------------------- */

static const char *const has[] = {"json_object", "json_array", NULL}, *const lacks[] = {"json_object",
                                                                                        "pam_sm_authenticate",
                                                                                        NULL};

static void copy_library(const char *to, double part)
{
    char command[PATH_MAX + 128];
    struct stat st;
    Dl_info at;
    json_t *(*volatile f)(void) = json_object;
    void *p;

    memcpy(&p, (const void *)&f, sizeof p);
    assert_int_not_equal(dladdr(p, &at), 0);
    assert_int_equal(stat(at.dli_fname, &st), 0);
    (void)snprintf(command, sizeof command, "head -c %ld '%s' >%s; chmod 644 %s",
                   (long)((double)st.st_size * part), at.dli_fname, to, to);
    assert_int_equal(system(command), 0);
}

static void test_module_loads(void **state)
{
    unsigned before = ui_findings();

    (void)state;
    copy_library("etc/m.so", 1);
    assert_true(module_loads("etc/m.so", has));
    assert_true(file_whole("etc/m.so"));
    assert_int_equal(ui_findings(), before);
    assert_false(module_loads("etc/m.so", lacks));
    assert_false(module_loads("etc/none.so", has));
    /* cut short: the loader is killed, or says no */
    for (double part = 0; part < 0.8; part += 0.13) {
        copy_library("etc/m.so", part);
        assert_false(module_loads("etc/m.so", has));
        assert_false(file_whole("etc/m.so"));
    }
    /* only the last page: the loader does not notice */
    copy_library("etc/m.so", 0.9999);
    assert_false(file_whole("etc/m.so"));
}

/* The directory must be root's up to the root, so the program is one of the system's. */
static void test_file_safe(void **state)
{
    char path[PATH_MAX];

    (void)state;
    assert_non_null(realpath("/bin/sh", path));
    assert_true(file_safe(path, true));
    assert_false(file_safe("/usr/bin/no-such-program", false));
    assert_false(file_safe("/usr", false));
    assert_non_null(realpath("etc/plain", path)); /* in /tmp, where everybody may write */
    assert_false(file_safe(path, false));
    assert_true(file_safe("/etc/passwd", false));
    assert_false(file_safe("/etc/passwd", true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_account, lay_out),
        cmocka_unit_test(test_put_backs_are_counted),
        cmocka_unit_test_setup(test_copy_is_replaced, lay_out),
        cmocka_unit_test_setup(test_taken, lay_out),
        cmocka_unit_test_setup(test_taken_by_another_of_ours, lay_out),
        cmocka_unit_test_setup(test_shell, lay_out),
        cmocka_unit_test_setup(test_known_account, lay_out),
        cmocka_unit_test_setup(test_module_loads, lay_out),
        cmocka_unit_test_setup(test_file_safe, lay_out),
    };

    if (!scratch_enter())
        return 99;
    return scratch_leave(cmocka_run_group_tests(tests, NULL, NULL));
}
