/* SPDX-License-Identifier: ISC */
/*
 * Stacks as distributions install them, with what is usually added, and our lines: is pam_breakglass reached,
 * and does the account get in, when something is wrong around it? tests/data/pam has the files. With an
 * argument every verdict is printed, with the way that leads to it.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "pamsim/model.h"
#include "world.h"

#define DATA BG_TEST_DATA "/pam"

static const char *const groups[] = {"sudo", NULL};
static const struct bg_pam_facts usual = {.user = "bg1",
                                          .tty = "tty1",
                                          .rhost = "",
                                          .shell = "/bin/bash",
                                          .home = "/var/lib/breakglass/home/bg1",
                                          .uid = 990,
                                          .gid = 990,
                                          .known_ids = true,
                                          .groups = groups,
                                          .ours = BG_PAM_YES,
                                          .in_passwd = BG_PAM_NO,
                                          .shadow = BG_PAM_YES,
                                          .password = BG_PAM_NO,
                                          .expired = BG_PAM_NO,
                                          .shell_listed = BG_PAM_YES,
                                          .tty_secure = BG_PAM_YES,
                                          .nologin = BG_PAM_NO,
                                          .access = BG_PAM_YES,
                                          .access_by_dns = BG_PAM_NO,
                                          .time_open = BG_PAM_YES,
                                          .tally_full = BG_PAM_NO,
                                          .exempt = BG_PAM_NO,
                                          .limits_open = BG_PAM_YES,
                                          .namespaces = BG_PAM_YES,
                                          .sepermit = BG_PAM_YES,
                                          .auditd = BG_PAM_YES,
                                          .logind = BG_PAM_YES,
                                          .wheel = BG_PAM_YES};

static const char *const worlds[] = {"debian12",          "debian12-sssd",   "debian12-nslcd",
                                     "debian12-krb5",     "debian12-u2f",    "debian12-google",
                                     "debian12-faillock", "debian13",        "debian13-sssd",
                                     "authselect-local",  "authselect-sssd", "debian12-cis"};

static struct bg_pam_source disk;

/* The files are there, all modules too. */
static enum bg_err corpus_read(void *arg, const char *path, char **text, size_t *len)
{
    (void)arg;
    return disk.read(disk.arg, path, text, len);
}

static bool corpus_has(void *arg, const char *path, bool directory)
{
    (void)arg;
    return directory ? disk.has(disk.arg, path, true) : strstr(path, "ck_connector") == NULL;
}

static void load(const char *world, const char *service, struct bg_pam_stack *s)
{
    static const struct bg_pam_source source = {.read = corpus_read, .has = corpus_has};
    static char root[512];
    struct bg_pam_kind k;
    enum bg_err r;

    if (strncmp(world, "debian", 6) == 0 || strcmp(world, "sonic") == 0)
        bg_pam_kind_debian(&k, strncmp(world, "debian13", 8) != 0, "x86_64-linux-gnu");
    else
        bg_pam_kind_plain(&k, "/usr/lib64");
    (void)snprintf(root, sizeof root, "%s/%s", DATA, world);
    bg_pam_source_root(&disk, root);
    r = bg_pam_stack_read(&k, &source, service, s);
    if (r == BG_E_IO && errno == ENOSYS)
        skip(); /* no openat2(2) */
    assert_int_equal(r, BG_OK);
    assert_false(s->refused);
    assert_int_equal(s->notes, 0);
}

static void explore(const struct bg_pam_stack *s, const char *service, enum bg_pam_scenario scenario,
                    enum bg_pam_call call, const struct bg_pam_facts *from, struct bg_pam_verdict *v)
{
    struct bg_pam_facts f = *from;
    struct bg_pam_world w = {&f, scenario};

    f.service = service;
    assert_int_equal(bg_pam_explore(s, call, bg_pam_model, &w, v), BG_OK);
    assert_false(v->cut);
}

static const char *word(enum bg_pam_sure s)
{
    return s == BG_PAM_YES ? "yes" : s == BG_PAM_NO ? "no" : "unsure";
}

static void print(const char *world, const char *service, enum bg_pam_scenario scenario,
                  enum bg_pam_call call, const struct bg_pam_verdict *v)
{
    static const char *const calls[BG_PAM_CALLS] = {"auth", "setcred", "account",
                                                    "open", "close",   "password"};

    print_message("%s %s %s %s: succeeds %s, reached %s, clean %s, after %u s, in all %u s, codes", world,
                  service, bg_pam_scenario_word(scenario), calls[call], word(v->succeeds), word(v->reached),
                  word(v->clean), v->before, v->total);
    for (int i = 0; i < BG_PAM_CODES; i++)
        if ((v->codes >> i & 1) != 0)
            print_message(" %s", bg_pam_code_word(i));
    print_message("%s%s\n", v->fault == NULL ? "" : ", spoiled by ",
                  v->fault == NULL ? "" : v->fault->module);
    for (size_t i = 0; i < v->traced; i++)
        print_message("    %s:%u %s: %s%s%s%s\n", v->trace[i].step->file, v->trace[i].step->line,
                      v->trace[i].step->module == NULL ? "-" : v->trace[i].step->module,
                      bg_pam_code_word(v->trace[i].code), v->trace[i].unsure ? " (or not)" : "",
                      v->trace[i].why == NULL ? "" : ", ", v->trace[i].why == NULL ? "" : v->trace[i].why);
}

static void print_all(void)
{
    static const char *const more[] = {"debian12-behind", "authselect-sssd-without", "opensuse", "sonic",
                                       "stig"};
    static const char *const services[] = {"login", "sshd", "su", "sudo"};
    struct bg_pam_verdict v;
    struct bg_pam_stack s;

    for (size_t i = 0; i < sizeof worlds / sizeof *worlds + 5; i++)
        for (size_t k = 0; k < 4; k++) {
            const char *world =
                i < sizeof worlds / sizeof *worlds ? worlds[i] : more[i - sizeof worlds / sizeof *worlds];
            load(world, services[k], &s);
            for (unsigned scenario = 0; scenario < BG_PAM_SCENARIOS; scenario++)
                for (unsigned call = 0; call < BG_PAM_CALLS; call++) {
                    explore(&s, services[k], scenario, call, &usual, &v);
                    print(world, services[k], scenario, call, &v);
                }
            bg_pam_stack_free(&s);
        }
}

/* ---- what must hold */

/* With our lines first, nothing that is wrong elsewhere keeps the account out, and nothing is waited for. */
static void ours_first_is_reached_in_every_scenario(void **state)
{
    static const char *const services[] = {"login", "sshd", "su"};
    static const enum bg_pam_call calls[] = {BG_PAM_AUTHENTICATE, BG_PAM_SETCRED, BG_PAM_ACCT_MGMT};
    struct bg_pam_verdict v;
    struct bg_pam_stack s;

    (void)state;
    for (size_t i = 0; i < sizeof worlds / sizeof *worlds; i++)
        for (size_t k = 0; k < 3; k++) {
            load(worlds[i], services[k], &s);
            for (unsigned scenario = 0; scenario < BG_PAM_SCENARIOS; scenario++) {
                for (size_t c = 0; c < 3; c++) {
                    explore(&s, services[k], scenario, calls[c], &usual, &v);
                    if (v.succeeds != BG_PAM_YES || v.reached != BG_PAM_YES || v.clean != BG_PAM_YES ||
                        v.total != 0)
                        print(worlds[i], services[k], scenario, calls[c], &v);
                    assert_true(v.succeeds == BG_PAM_YES && v.reached == BG_PAM_YES &&
                                v.clean == BG_PAM_YES && v.total == 0);
                }
                explore(&s, services[k], scenario, BG_PAM_OPEN_SESSION, &usual, &v);
                assert_int_equal(v.reached, BG_PAM_YES);
                assert_int_equal(v.succeeds, BG_PAM_YES);
            }
            bg_pam_stack_free(&s);
        }
}

/* Everybody else goes on as before: by password, or not at all. */
static void others_go_by_as_if_it_were_not_there(void **state)
{
    struct bg_pam_facts other = usual;
    struct bg_pam_verdict v;
    struct bg_pam_stack s;

    (void)state;
    other.ours = BG_PAM_NO;
    for (size_t i = 0; i < sizeof worlds / sizeof *worlds; i++) {
        load(worlds[i], "login", &s);
        other.password = BG_PAM_NO;
        explore(&s, "login", BG_PAM_NORMAL, BG_PAM_AUTHENTICATE, &other, &v);
        assert_int_equal(v.reached, BG_PAM_NO);
        assert_int_equal(v.succeeds, BG_PAM_NO);
        other.password = BG_PAM_YES;
        other.in_passwd = BG_PAM_YES;
        other.uid = 1000;
        if (strcmp(worlds[i], "debian12-u2f") != 0 && strcmp(worlds[i], "debian12-krb5") != 0) {
            explore(&s, "login", BG_PAM_NORMAL, BG_PAM_AUTHENTICATE, &other, &v);
            assert_int_equal(v.succeeds, BG_PAM_YES);
        }
        bg_pam_stack_free(&s);
    }
}

/* One case, from the stack's lines by hand. */
static const struct expected {
    const char *world, *service;
    enum bg_pam_scenario scenario;
    enum bg_pam_call call;
    enum bg_pam_sure succeeds, reached, clean;
    unsigned before, total;
    const char *file; /* of the line that spoils it; NULL for none */
    unsigned line;
} cases[] = {
    /* without our line there is no way in, and `other` is the service that is not there */
    {"debian12", "sudo", BG_PAM_NORMAL, BG_PAM_AUTHENTICATE, BG_PAM_NO, BG_PAM_NO, BG_PAM_NO, 0, 0,
     "/etc/pam.d/common-auth", 2},
    {"authselect-sssd-without", "login", BG_PAM_NORMAL, BG_PAM_AUTHENTICATE, BG_PAM_NO, BG_PAM_NO, BG_PAM_NO,
     0, 0, "/etc/pam.d/system-auth", 8},
    {"authselect-sssd", "sudo", BG_PAM_NORMAL, BG_PAM_ACCT_MGMT, BG_PAM_NO, BG_PAM_NO, BG_PAM_NO, 0, 0,
     "/etc/pam.d/other", 2},
    {"opensuse", "sshd", BG_PAM_NORMAL, BG_PAM_AUTHENTICATE, BG_PAM_NO, BG_PAM_NO, BG_PAM_NO, 0, 0,
     "/etc/pam.d/common-auth", 3},
    {"opensuse", "login", BG_PAM_LDAP_DOWN, BG_PAM_AUTHENTICATE, BG_PAM_YES, BG_PAM_YES, BG_PAM_YES, 0, 0,
     NULL, 0},
    /* the account's own group of lines: a directory that does not answer */
    {"debian12-sssd", "sudo", BG_PAM_LDAP_DOWN, BG_PAM_ACCT_MGMT, BG_PAM_UNSURE, BG_PAM_NO, BG_PAM_NO, 0, 6,
     "/etc/pam.d/common-account", 5},
    {"debian12-sssd", "sudo", BG_PAM_NORMAL, BG_PAM_ACCT_MGMT, BG_PAM_YES, BG_PAM_NO, BG_PAM_NO, 0, 0, NULL,
     0},
    {"debian12-nslcd", "sudo", BG_PAM_LDAP_DOWN, BG_PAM_ACCT_MGMT, BG_PAM_YES, BG_PAM_NO, BG_PAM_NO, 0, 0,
     NULL, 0},
    {"debian12-krb5", "sudo", BG_PAM_LDAP_DOWN, BG_PAM_ACCT_MGMT, BG_PAM_YES, BG_PAM_NO, BG_PAM_NO, 0, 0,
     NULL, 0},
    /* ours is not first: a tally that strangers fill, a boot that is not finished */
    {"debian12-behind", "sshd", BG_PAM_NORMAL, BG_PAM_AUTHENTICATE, BG_PAM_YES, BG_PAM_YES, BG_PAM_YES, 0, 0,
     NULL, 0},
    {"debian12-behind", "sshd", BG_PAM_LOCKED, BG_PAM_AUTHENTICATE, BG_PAM_NO, BG_PAM_YES, BG_PAM_NO, 0, 0,
     "/etc/pam.d/sshd", 1},
    {"debian12-behind", "sshd", BG_PAM_NOLOGIN, BG_PAM_AUTHENTICATE, BG_PAM_NO, BG_PAM_NO, BG_PAM_NO, 0, 0,
     "/etc/pam.d/sshd", 2},
    {"debian12-behind", "login", BG_PAM_NOLOGIN, BG_PAM_AUTHENTICATE, BG_PAM_YES, BG_PAM_YES, BG_PAM_YES, 0,
     0, NULL, 0},
    /* SONiC refuses for good when TACACS+ says no, and may when it says nothing */
    {"sonic", "login", BG_PAM_NORMAL, BG_PAM_AUTHENTICATE, BG_PAM_NO, BG_PAM_NO, BG_PAM_NO, 0, 0,
     "/etc/pam.d/common-auth-sonic", 1},
    {"sonic", "login", BG_PAM_LDAP_DOWN, BG_PAM_AUTHENTICATE, BG_PAM_NO, BG_PAM_NO, BG_PAM_NO, 0, 5,
     "/etc/pam.d/common-auth-sonic", 1},
    {"sonic", "sshd", BG_PAM_LDAP_DOWN, BG_PAM_AUTHENTICATE, BG_PAM_YES, BG_PAM_YES, BG_PAM_YES, 0, 0, NULL,
     0},
    /* hardened as CIS has it: the tally stands first, and ends what is not a password */
    {"debian12-cis", "sudo", BG_PAM_NORMAL, BG_PAM_AUTHENTICATE, BG_PAM_NO, BG_PAM_NO, BG_PAM_NO, 0, 0,
     "/etc/pam.d/common-auth", 3},
    {"debian12-cis", "sudo", BG_PAM_LOCKED, BG_PAM_AUTHENTICATE, BG_PAM_NO, BG_PAM_NO, BG_PAM_NO, 0, 0,
     "/etc/pam.d/common-auth", 1},
    {"debian12-cis", "sudo", BG_PAM_NORMAL, BG_PAM_ACCT_MGMT, BG_PAM_YES, BG_PAM_NO, BG_PAM_NO, 0, 0, NULL,
     0},
    /* hardened: our line behind the substack comes too late; 35 days of quiet end the account */
    {"stig", "sshd", BG_PAM_NORMAL, BG_PAM_AUTHENTICATE, BG_PAM_NO, BG_PAM_YES, BG_PAM_NO, 0, 0,
     "/etc/pam.d/password-auth", 6},
    {"stig", "login", BG_PAM_NORMAL, BG_PAM_ACCT_MGMT, BG_PAM_YES, BG_PAM_NO, BG_PAM_NO, 0, 0, NULL, 0},
    {"stig", "login", BG_PAM_IDLE_100D, BG_PAM_ACCT_MGMT, BG_PAM_NO, BG_PAM_NO, BG_PAM_NO, 0, 0,
     "/etc/pam.d/system-auth", 8},
};

static void compare(const struct expected *e, const struct bg_pam_facts *f)
{
    struct bg_pam_verdict v;
    struct bg_pam_stack s;

    load(e->world, e->service, &s);
    explore(&s, e->service, e->scenario, e->call, f, &v);
    print(e->world, e->service, e->scenario, e->call, &v);
    assert_int_equal(v.succeeds, e->succeeds);
    assert_int_equal(v.reached, e->reached);
    assert_int_equal(v.clean, e->clean);
    assert_int_equal(v.before, e->before);
    assert_int_equal(v.total, e->total);
    assert_int_equal(v.fault == NULL, e->file == NULL);
    if (e->file != NULL) {
        assert_string_equal(v.fault->file, e->file);
        assert_int_equal(v.fault->line, e->line);
    }
    bg_pam_stack_free(&s);
}

static void each_case_is_as_its_lines_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        compare(&cases[i], &usual);
}

/* The same line, and another fact. */
static void a_fact_turns_the_verdict(void **state)
{
    static const struct expected as_root = {"debian12-behind",
                                            "sshd",
                                            BG_PAM_NOLOGIN,
                                            BG_PAM_AUTHENTICATE,
                                            BG_PAM_YES,
                                            BG_PAM_YES,
                                            BG_PAM_YES,
                                            0,
                                            0,
                                            NULL,
                                            0},
                                 exempt = {"debian12-behind",
                                           "sshd",
                                           BG_PAM_LOCKED,
                                           BG_PAM_AUTHENTICATE,
                                           BG_PAM_YES,
                                           BG_PAM_YES,
                                           BG_PAM_YES,
                                           0,
                                           0,
                                           NULL,
                                           0},
                                 names = {"debian12-behind",
                                          "sshd",
                                          BG_PAM_DNS_DOWN,
                                          BG_PAM_AUTHENTICATE,
                                          BG_PAM_UNSURE,
                                          BG_PAM_UNSURE,
                                          BG_PAM_UNSURE,
                                          20,
                                          20,
                                          "/etc/pam.d/sshd",
                                          3},
                                 refused = {"debian12-behind",   "sshd",    BG_PAM_NORMAL,
                                            BG_PAM_AUTHENTICATE, BG_PAM_NO, BG_PAM_NO,
                                            BG_PAM_NO,           0,         0,
                                            "/etc/pam.d/sshd",   3},
                                 local = {"debian12-sssd",
                                          "sudo",
                                          BG_PAM_LDAP_DOWN,
                                          BG_PAM_ACCT_MGMT,
                                          BG_PAM_YES,
                                          BG_PAM_NO,
                                          BG_PAM_NO,
                                          0,
                                          0,
                                          NULL,
                                          0},
                                 asked = {"debian12-nslcd",
                                          "sudo",
                                          BG_PAM_LDAP_DOWN,
                                          BG_PAM_ACCT_MGMT,
                                          BG_PAM_YES,
                                          BG_PAM_NO,
                                          BG_PAM_NO,
                                          0,
                                          20,
                                          NULL,
                                          0},
                                 unknown = {"debian12-behind",
                                            "sshd",
                                            BG_PAM_NORMAL,
                                            BG_PAM_AUTHENTICATE,
                                            BG_PAM_UNSURE,
                                            BG_PAM_UNSURE,
                                            BG_PAM_UNSURE,
                                            0,
                                            0,
                                            "/etc/pam.d/sshd",
                                            3},
                                 expired = {"debian12",
                                            "sudo",
                                            BG_PAM_CLOCK_1Y,
                                            BG_PAM_ACCT_MGMT,
                                            BG_PAM_NO,
                                            BG_PAM_NO,
                                            BG_PAM_NO,
                                            0,
                                            0,
                                            "/etc/pam.d/common-account",
                                            2};
    struct bg_pam_facts f = usual;

    (void)state;
    f.uid = 0;
    compare(&as_root, &f);
    f = usual;
    f.exempt = BG_PAM_YES;
    compare(&exempt, &f);
    f = usual;
    f.access_by_dns = BG_PAM_YES;
    compare(&names, &f);
    f = usual;
    f.access = BG_PAM_NO;
    compare(&refused, &f);
    f.access = BG_PAM_UNSURE;
    compare(&unknown, &f);
    f = usual;
    f.in_passwd = BG_PAM_YES;
    compare(&local, &f);
    f = usual;
    f.uid = 5001;
    compare(&asked, &f);
    f = usual;
    f.days_left = 200;
    compare(&expired, &f);
}

/* ---- a file of a module's own turns the verdict, and is named */

static enum bg_err no_more(void *arg, const char *dir, const char *ending, char **names)
{
    (void)arg;
    (void)dir;
    (void)ending;
    *names = calloc(1, 1);
    return *names == NULL ? BG_E_NOMEM : BG_OK;
}

static const struct fault {
    const char *world, *service;
    enum bg_pam_call call;
    const char *path, *text;
    enum bg_pam_sure succeeds;
    unsigned line; /* of the file; 0: nothing refuses */
} faults[] = {
    {"debian12-cis", "sudo", BG_PAM_ACCT_MGMT, "/etc/security/access.conf", "+:root:ALL\n-:bg1:ALL\n",
     BG_PAM_NO, 2},
    {"debian12-cis", "sudo", BG_PAM_ACCT_MGMT, "/etc/security/access.conf", "-:ALL EXCEPT (sudo):ALL\n",
     BG_PAM_YES, 0},
    {"debian12-cis", "sudo", BG_PAM_ACCT_MGMT, "/etc/security/access.conf", "-:ALL:ALL", BG_PAM_YES, 0},
    {"debian12-behind", "sshd", BG_PAM_AUTHENTICATE, "/etc/security/access.conf", "-:990:LOCAL\n",
     BG_PAM_UNSURE, 1},
    {"debian12-behind", "sshd", BG_PAM_AUTHENTICATE, "/etc/security/faillock.conf", "deny=0\n", BG_PAM_YES,
     0},
    {"debian12", "login", BG_PAM_OPEN_SESSION, "/etc/security/limits.conf", "# x\n@sudo - maxlogins 0\n",
     BG_PAM_NO, 2},
    {"debian13", "login", BG_PAM_OPEN_SESSION, "/etc/security/limits.conf",
     "* - maxlogins 0\n990:990 - maxlogins -1\n", BG_PAM_YES, 0},
    {"authselect-sssd", "login", BG_PAM_OPEN_SESSION, "/etc/security/limits.conf", "bg1 hard maxlogins 0\n",
     BG_PAM_NO, 1},
    {"stig", "sshd", BG_PAM_OPEN_SESSION, "/etc/security/limits.conf", ":990 hard maxlogins 0\n", BG_PAM_NO,
     1},
    {"debian12-faillock", "login", BG_PAM_OPEN_SESSION, "/usr/etc/security/limits.conf",
     "bg1 - maxlogins 0\n", BG_PAM_NO, 1},
};

static void the_modules_own_files_turn_the_verdict(void **state)
{
    static const int64_t ids[] = {27};
    struct bg_pam_verdict v;
    struct bg_pam_stack s;

    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        const struct fault *c = &faults[i];
        struct world w[] = {{c->path, c->text}, {NULL, NULL}};
        struct bg_pam_source files = {.read = world_read, .has = world_has, .arg = w, .list = no_more};
        struct bg_pam_facts f = usual;
        struct bg_pam_world world = {&f, BG_PAM_NORMAL};
        struct bg_pam_answer a;
        f.files = &files;
        f.group_ids = ids;
        f.service = c->service;
        f.now = 1767225600;
        print_message("%s %s: %s", c->world, c->service, c->text);
        load(c->world, c->service, &s);
        explore(&s, c->service, BG_PAM_NORMAL, c->call, &f, &v);
        assert_int_equal(v.succeeds, c->succeeds);
        if (c->line > 0) {
            bg_pam_model(&world, v.fault, c->call, &a);
            assert_string_equal(a.file, c->path);
            assert_int_equal(a.at, c->line);
        }
        bg_pam_stack_free(&s);
    }
}

/* ---- what is not known */

static void explore_lines(const char *lines, const struct bg_pam_facts *f, struct bg_pam_verdict *v)
{
    const struct world w[] = {{"/etc/pam.d/a", lines}, {NULL, NULL}};
    struct bg_pam_kind k;
    struct bg_pam_stack s;

    bg_pam_kind_plain(&k, "/usr/lib64");
    assert_int_equal(world_stack(w, &k, "a", &s), BG_OK);
    explore(&s, "a", BG_PAM_NORMAL, BG_PAM_AUTHENTICATE, f, v);
    bg_pam_stack_free(&s);
}

#define OURS "auth [success=done ignore=ignore default=die] pam_breakglass.so\n"

static const struct {
    const char *lines;
    enum bg_pam_sure succeeds, reached, clean;
} vague[] = {
    {"auth required pam_nobody_knows.so\n" OURS, BG_PAM_UNSURE, BG_PAM_YES, BG_PAM_UNSURE},
    {"auth requisite pam_nobody_knows.so\n" OURS, BG_PAM_UNSURE, BG_PAM_UNSURE, BG_PAM_UNSURE},
    {"auth sufficient pam_nobody_knows.so\n" OURS, BG_PAM_UNSURE, BG_PAM_UNSURE, BG_PAM_UNSURE},
    {"auth optional pam_nobody_knows.so\n" OURS, BG_PAM_UNSURE, BG_PAM_YES, BG_PAM_YES},
    {"auth [default=ignore] pam_nobody_knows.so\n" OURS, BG_PAM_YES, BG_PAM_YES, BG_PAM_YES},
    {"auth [default=1] pam_nobody_knows.so\nauth required pam_deny.so\n" OURS, BG_PAM_YES, BG_PAM_YES,
     BG_PAM_YES},
    {"auth [success=1 default=ignore] pam_nobody_knows.so\nauth required pam_deny.so\n" OURS, BG_PAM_UNSURE,
     BG_PAM_YES, BG_PAM_UNSURE},
    {"auth required pam_exec.so /bin/x\n" OURS, BG_PAM_UNSURE, BG_PAM_YES, BG_PAM_UNSURE},
    {"auth required pam_missing.so\n" OURS, BG_PAM_NO, BG_PAM_YES, BG_PAM_NO},
    {"-auth optional pam_missing.so\n" OURS, BG_PAM_YES, BG_PAM_YES, BG_PAM_YES},
    {"auth required pam_limits.so\n" OURS, BG_PAM_NO, BG_PAM_YES, BG_PAM_NO}, /* has no such function */
    {"auth required pam_nobody_knows.so\nauth required pam_deny.so\n" OURS, BG_PAM_NO, BG_PAM_YES, BG_PAM_NO},
    {OURS "auth required pam_nobody_knows.so\n", BG_PAM_YES, BG_PAM_YES, BG_PAM_YES},
};

static void an_unknown_module_is_never_good(void **state)
{
    struct bg_pam_verdict v;

    (void)state;
    for (size_t i = 0; i < sizeof vague / sizeof *vague; i++) {
        print_message("%s", vague[i].lines);
        explore_lines(vague[i].lines, &usual, &v);
        assert_int_equal(v.succeeds, vague[i].succeeds);
        assert_int_equal(v.reached, vague[i].reached);
        assert_int_equal(v.clean, vague[i].clean);
    }
}

/* 1.7.0 compares a group in parentheses wrongly: what its file speaks of tells it from those before and
 * after.
 */
static void a_module_is_known_by_its_file(void **state)
{
    static const struct {
        const char *module;
        enum bg_pam_sure succeeds;
    } files[] = {{"cannot resolve hostname", BG_PAM_YES},
                 {"group_match: user=%s, gid=%s", BG_PAM_UNSURE},
                 {"group_match: user=%s, gid=%s nodns", BG_PAM_YES}};
    struct bg_pam_facts f = usual;
    struct bg_pam_verdict v;

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct world w[] = {{"/usr/lib64/security/pam_access.so", files[i].module},
                            {"/etc/security/access.conf", "+:(sudo):ALL\n-:ALL:ALL\n"},
                            {NULL, NULL}};
        struct bg_pam_source source = {.read = world_read, .has = world_has, .arg = w, .list = no_more};
        f.files = &source;
        print_message("%s\n", files[i].module);
        explore_lines("auth requisite pam_access.so\n" OURS, &f, &v);
        assert_int_equal(v.succeeds, files[i].succeeds);
    }
}

/* What stands in front of our line in these may refuse: without facts none of them is said to be good or bad.
 */
static void without_facts_nothing_is_sure(void **state)
{
    static const char *const lines[] = {"pam_nologin.so",
                                        "pam_access.so",
                                        "pam_securetty.so",
                                        "pam_shells.so",
                                        "pam_faillock.so preauth",
                                        "pam_localuser.so",
                                        "pam_succeed_if.so uid >= 1000",
                                        "pam_succeed_if.so user ingroup wheel",
                                        "pam_usertype.so isregular",
                                        "pam_unix.so",
                                        "pam_listfile.so item=user sense=deny file=/x",
                                        "pam_tally2.so",
                                        "pam_wheel.so"};
    struct bg_pam_facts nothing = {.ours = BG_PAM_YES};
    struct bg_pam_verdict v;
    char text[512];

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        print_message("%s\n", lines[i]);
        (void)snprintf(text, sizeof text, "auth required %s\n" OURS, lines[i]);
        explore_lines(text, &nothing, &v);
        assert_int_equal(v.succeeds, BG_PAM_UNSURE);
        assert_int_equal(v.reached, BG_PAM_YES);
    }
}

/* pam_a may be content or not, which makes no difference to authenticate; its setcred fails, which does to
 * setcred. */
static void judge_a(void *arg, const struct bg_pam_step *step, enum bg_pam_call call, struct bg_pam_answer *a)
{
    bool is_a = strstr(step->module, "pam_a") != NULL;

    (void)arg;
    a->codes = !is_a ? 1U : call == BG_PAM_SETCRED ? 1U << BG_PAM_CRED_ERR : 1U | 1U << BG_PAM_AUTH_ERR;
}

static void setcred_goes_after_every_way_of_authenticate(void **state)
{
    static const struct world w[] = {
        {"/etc/pam.d/a", "auth required pam_permit.so\nauth [success=ok default=ignore] pam_a.so\n"},
        {NULL, NULL}};
    struct bg_pam_kind k;
    struct bg_pam_stack s;
    struct bg_pam_verdict v;

    (void)state;
    bg_pam_kind_plain(&k, "/usr/lib64");
    assert_int_equal(world_stack(w, &k, "a", &s), BG_OK);
    assert_int_equal(bg_pam_explore(&s, BG_PAM_AUTHENTICATE, judge_a, NULL, &v), BG_OK);
    assert_int_equal(v.succeeds, BG_PAM_YES);
    assert_int_equal(bg_pam_explore(&s, BG_PAM_SETCRED, judge_a, NULL, &v), BG_OK);
    assert_int_equal(v.succeeds, BG_PAM_UNSURE);
    bg_pam_stack_free(&s);
}

/* Conditions on the account: bg1, uid 990, in sudo, on tty1. */
static const struct {
    const char *condition;
    enum bg_pam_sure holds;
} conditions[] = {
    {"uid >= 1000", BG_PAM_NO},
    {"uid < 1000", BG_PAM_YES},
    {"quiet uid eq 990", BG_PAM_YES},
    {"user = bg1", BG_PAM_YES},
    {"user != bg1", BG_PAM_NO},
    {"user in root:bg1:x", BG_PAM_YES},
    {"user in root:bg10", BG_PAM_NO},
    {"user notin root:x", BG_PAM_YES},
    {"user ingroup wheel:sudo", BG_PAM_YES},
    {"user ingroup wheel", BG_PAM_NO},
    {"user notingroup wheel", BG_PAM_YES},
    {"user =~ bg*", BG_PAM_YES},
    {"shell = /sbin/nologin", BG_PAM_NO},
    {"tty = tty1", BG_PAM_YES},
    {"uid > 1 uid < 5", BG_PAM_NO},
    {"uid > 1 gid = 990", BG_PAM_YES},
    {"user innetgr x", BG_PAM_UNSURE},
    {"ruser = x", BG_PAM_UNSURE},
    {"use_uid uid = 0", BG_PAM_UNSURE},
    {"uid > 1 gid", BG_PAM_NO},
    {"uid = x", BG_PAM_NO},
};

static void conditions_are_read_as_pam_succeed_if_does(void **state)
{
    struct bg_pam_verdict v;
    char text[512];

    (void)state;
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++) {
        print_message("%s\n", conditions[i].condition);
        (void)snprintf(text, sizeof text, "auth required pam_succeed_if.so %s\n", conditions[i].condition);
        explore_lines(text, &usual, &v);
        assert_int_equal(v.succeeds, conditions[i].holds);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ours_first_is_reached_in_every_scenario),
        cmocka_unit_test(others_go_by_as_if_it_were_not_there),
        cmocka_unit_test(each_case_is_as_its_lines_say),
        cmocka_unit_test(a_fact_turns_the_verdict),
        cmocka_unit_test(the_modules_own_files_turn_the_verdict),
        cmocka_unit_test(an_unknown_module_is_never_good),
        cmocka_unit_test(a_module_is_known_by_its_file),
        cmocka_unit_test(without_facts_nothing_is_sure),
        cmocka_unit_test(setcred_goes_after_every_way_of_authenticate),
        cmocka_unit_test(conditions_are_read_as_pam_succeed_if_does),
    };

    (void)argv;
    if (argc > 1) {
        print_all();
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
