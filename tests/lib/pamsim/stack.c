/* SPDX-License-Identifier: ISC */
/* What is read of PAM's files, and from which line. What libpam makes of them is in libpam.c beside this. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "world.h"

static struct bg_pam_kind old, new, plain;

static int kinds(void **state)
{
    (void)state;
    bg_pam_kind_debian(&old, true, "x");
    bg_pam_kind_debian(&new, false, "x");
    bg_pam_kind_plain(&plain, "/usr/lib64");
    return 0;
}

static const char *last_part(const char *path)
{
    return path == NULL ? "-" : strrchr(path, '/') + 1;
}

/* "file:line kind level module(arguments)" for each line of a list; * for one that must fail, > for a
 * substack. */
static const char *shown(const struct bg_pam_stack *s, enum bg_pam_type type)
{
    static char out[4096];
    const struct bg_pam_list *l = bg_pam_stack_list(s, type);
    size_t n = 0;

    out[0] = '\0';
    for (size_t i = 0; i < l->n && n < sizeof out; i++) {
        const struct bg_pam_step *h = &l->step[i];
        n += (size_t)snprintf(out + n, sizeof out - n, "%s:%u %s%u %s", last_part(h->file), h->line,
                              h->kind == BG_PAM_CALL        ? ""
                              : h->kind == BG_PAM_MUST_FAIL ? "*"
                                                            : ">",
                              h->level, h->path == NULL ? "-" : h->path);
        for (size_t k = 0; k < h->argc; k++)
            n += (size_t)snprintf(out + n, sizeof out - n, "(%s)", h->argv[k]);
        n += (size_t)snprintf(out + n, sizeof out - n, "\n");
    }
    return out;
}

static void each_line_is_known_by_file_and_number(void **state)
{
    static const struct world w[] = {
        {"/etc/pam.d/login",
         "# a note\n\nauth  required \\\n   pam_a.so  x=1 [two words] \\\n  y # gone\n"
         "@include common\n-auth optional pam_missing.so\nauth substack sub\nath required pam_b.so\n"
         "auth required\n"},
        {"/etc/pam.d/common", "account required pam_c.so\n\nAUTH sufficient /opt/pam_d.so\n"},
        {"/etc/pam.d/sub", "auth include deep\n"},
        {"/etc/pam.d/deep", "auth requisite $ISA/pam_e.so\nsession required pam_not_asked_for.so\n"},
        {"/etc/pam.d/other", "auth required pam_deny.so\nsession required pam_deny.so\n"},
        {NULL, NULL}};
    struct bg_pam_stack s;

    (void)state;
    assert_int_equal(world_stack(w, &old, "LOGIN", &s), BG_OK);
    assert_false(s.refused);
    assert_true(s.found);
    assert_string_equal(shown(&s, BG_PAM_AUTH), "login:3 0 /lib/x/security/pam_a.so(x=1)(two words)(y)\n"
                                                "common:3 0 /opt/pam_d.so\n"
                                                "login:7 0 -\n"
                                                "login:8 >0 -\n"
                                                "deep:1 1 /lib/security/pam_e.so\n"
                                                "login:9 *0 -\n"
                                                "login:10 *0 -\n");
    assert_string_equal(shown(&s, BG_PAM_ACCOUNT), "common:1 0 /lib/x/security/pam_c.so\n");
    assert_string_equal(shown(&s, BG_PAM_SESSION), "other:2 0 /lib/x/security/pam_deny.so\n");
    assert_true(s.conf[BG_PAM_AUTH].step[2].quiet);
    assert_int_equal(s.notes, 2);
    assert_int_equal(s.note[0].line, 9);
    assert_string_equal(s.note[1].text, "a line without a module");
    bg_pam_stack_free(&s);
}

static void a_line_longer_than_the_old_reader(void **state)
{
    static char text[2000];
    const struct world w[] = {
        {"/etc/pam.d/a", text}, {"/etc/pam.d/other", "auth required pam_deny.so\n"}, {NULL, NULL}};
    struct bg_pam_stack s;

    (void)state;
    (void)snprintf(text, sizeof text, "auth required pam_a.so%1100sauth required pam_b.so\n", "");
    assert_int_equal(world_stack(w, &old, "a", &s), BG_OK);
    assert_string_equal(shown(&s, BG_PAM_AUTH),
                        "a:1 0 /lib/x/security/pam_a.so\na:1 0 /lib/x/security/pam_b.so\n");
    bg_pam_stack_free(&s);
    assert_int_equal(world_stack(w, &new, "a", &s), BG_OK);
    assert_string_equal(shown(&s, BG_PAM_AUTH),
                        "a:1 0 /usr/lib/x/security/pam_a.so(auth)(required)(pam_b.so)\n");
    bg_pam_stack_free(&s);
}

static void a_comment_in_a_continued_line(void **state)
{
    static const struct world w[] = {{"/etc/pam.d/a", "auth required \\\n# note\npam_a.so\n"},
                                     {"/etc/pam.d/other", "auth required pam_deny.so\n"},
                                     {NULL, NULL}};
    struct bg_pam_stack s;

    (void)state;
    assert_int_equal(world_stack(w, &old, "a", &s), BG_OK);
    assert_string_equal(shown(&s, BG_PAM_AUTH), "a:1 0 /lib/x/security/pam_a.so\n");
    bg_pam_stack_free(&s);
    assert_int_equal(world_stack(w, &new, "a", &s), BG_OK);
    assert_string_equal(shown(&s, BG_PAM_AUTH), "a:1 *0 -\na:3 *0 -\n");
    bg_pam_stack_free(&s);
}

/* Whether the whole service is refused, and the last note. */
static const struct {
    const char *what;
    struct world w[4];
    bool old, refused, stuck;
    const char *note;
} odd[] = {
    {"no file at all",
     {{"/etc/pam.d/b", ""}},
     true,
     true,
     false,
     "there is neither a file for the service nor one named other"},
    {"no directory and no pam.conf",
     {{NULL, NULL}},
     true,
     true,
     false,
     "there is neither a directory pam.d nor /etc/pam.conf"},
    {"continued at its end",
     {{"/etc/pam.d/a", "auth required \\\n"}},
     true,
     true,
     false,
     "the file ends in a continued line, or one is too long: it is refused as a whole"},
    {"the same in other",
     {{"/etc/pam.d/a", "auth required pam_a.so\n"}, {"/etc/pam.d/other", "auth required \\\n"}},
     false,
     true,
     false,
     "the file ends in a continued line, or one is too long: it is refused as a whole"},
    {"@include of nothing",
     {{"/etc/pam.d/a", "@include no\n"}},
     false,
     true,
     false,
     "the file that is included cannot be read"},
    {"include of nothing",
     {{"/etc/pam.d/a", "auth include no\n"}},
     false,
     false,
     false,
     "the file that is included cannot be read"},
    {"include without a name",
     {{"/etc/pam.d/a", "auth include\n"}},
     false,
     true,
     true,
     "an include without a name, at which this libpam crashes"},
    {"a module without a name",
     {{"/etc/pam.d/a", "auth required .so\n"}},
     true,
     true,
     false,
     "the module has no name"},
    {"an include from elsewhere",
     {{"/etc/pam.d/a", "auth include b\n"}, {"/usr/lib/pam.d/b", "auth required pam_a.so\n"}},
     true,
     false,
     false,
     "the file that is included cannot be read"},
    {"a control",
     {{"/etc/pam.d/a", "auth requird pam_a.so\n"}},
     true,
     false,
     false,
     "a control that cannot be read: whatever the module answers is bad"},
    {"itself",
     {{"/etc/pam.d/a", "auth substack a\n"}},
     true,
     false,
     false,
     "the file that is included cannot be read"},
};

static void what_is_wrong_is_said(void **state)
{
    struct bg_pam_stack s;

    (void)state;
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        print_message("%s\n", odd[i].what);
        assert_int_equal(world_stack(odd[i].w, odd[i].old ? &old : &new, "a", &s), BG_OK);
        assert_int_equal(s.refused, odd[i].refused);
        assert_int_equal(s.stuck, odd[i].stuck);
        assert_true(s.notes > 0);
        assert_string_equal(s.note[s.notes - 1].text, odd[i].note);
        bg_pam_stack_free(&s);
    }
}

static void vendor_directories_are_looked_through_in_order(void **state)
{
    static const struct world w[] = {{"/usr/lib/pam.d/a", "auth include b\n"},
                                     {"/usr/lib/pam.d/b", "auth required pam_vendor.so\n"},
                                     {"/etc/pam.d/b", "auth required pam_ours.so\n"},
                                     {"/usr/etc/pam.d/other", "session required pam_suse.so\n"},
                                     {NULL, NULL}};
    struct bg_pam_kind suse = plain;
    struct bg_pam_stack s;

    (void)state;
    (void)snprintf(suse.dir[2], BG_PAM_PATH, "/usr/etc/pam.d");
    assert_int_equal(world_stack(w, &suse, "a", &s), BG_OK);
    assert_string_equal(shown(&s, BG_PAM_AUTH), "b:1 0 /usr/lib64/security/pam_ours.so\n");
    assert_string_equal(shown(&s, BG_PAM_SESSION), "other:1 0 /usr/lib64/security/pam_suse.so\n");
    bg_pam_stack_free(&s);
}

static void pam_conf_is_read_where_there_is_no_directory(void **state)
{
    static const struct world w[] = {{"/etc/pam.conf", "login auth required pam_a.so\nOTHER account required "
                                                       "pam_o.so\nsshd auth required pam_b.so\nlogin\n"},
                                     {NULL, NULL}};
    struct bg_pam_stack s;

    (void)state;
    assert_int_equal(world_stack(w, &plain, "login", &s), BG_OK);
    assert_string_equal(shown(&s, BG_PAM_AUTH),
                        "pam.conf:1 0 /usr/lib64/security/pam_a.so\npam.conf:4 *0 -\n");
    assert_string_equal(shown(&s, BG_PAM_ACCOUNT), "pam.conf:2 0 /usr/lib64/security/pam_o.so\n");
    bg_pam_stack_free(&s);
}

/* Each of these includes the next one twice, and the last one nothing. */
static void files_of_no_lines_multiply(void)
{
    static char name[13][32], text[12][64];
    struct world w[14] = {{NULL, NULL}};
    struct bg_pam_stack s;

    for (int i = 0; i < 13; i++) {
        (void)snprintf(name[i], sizeof name[i], "/etc/pam.d/%c", 'a' + i);
        w[i] = (struct world){name[i], i < 12 ? text[i] : ""};
        if (i < 12)
            (void)snprintf(text[i], sizeof text[i], "auth include %c\nauth include %c\n", 'b' + i, 'b' + i);
    }
    assert_int_equal(world_stack(w, &plain, "a", &s), BG_E_RANGE);
    assert_int_equal(world_stack(w, &plain, "f", &s), BG_OK);
    bg_pam_stack_free(&s);
}

/* Files that multiply: libpam would be busy for years. */
static void nothing_grows_without_a_bound(void **state)
{
    static const struct world twice[] = {{"/etc/pam.d/a", "auth substack a\nauth substack a\n"},
                                         {NULL, NULL}};
    static char many[(BG_PAM_STEPS + 2) * 24];
    const struct world lines[] = {{"/etc/pam.d/a", many}, {NULL, NULL}};
    struct bg_pam_stack s;
    size_t n = 0;

    (void)state;
    files_of_no_lines_multiply();
    assert_int_equal(world_stack(twice, &new, "a", &s), BG_E_RANGE);
    for (int i = 0; i <= BG_PAM_STEPS; i++)
        n += (size_t)snprintf(many + n, sizeof many - n, "auth required pam_a.so\n");
    assert_int_equal(world_stack(lines, &new, "a", &s), BG_E_RANGE);
    many[n - strlen("auth required pam_a.so\n")] = '\0';
    assert_int_equal(world_stack(lines, &new, "a", &s), BG_OK);
    assert_int_equal(s.conf[BG_PAM_AUTH].n, BG_PAM_STEPS);
    bg_pam_stack_free(&s);
}

static void libpam_itself_says_of_what_kind_it_is(void **state)
{
    static const char debian12[] = "\0/etc/pam.d/%s\0/usr/lib/pam.d/%s\0/lib/security\0@include\0/etc/pam.d\0"
                                   "/lib/x86_64-linux-gnu/security/\0maximum level of substacks reached\0";
    static const char rhel9[] =
        "\0/etc/pam.d/%s\0/usr/lib/pam.d/%s\0/usr/lib64/security/\0maximum level of substacks reached\0";
    static const char suse[] = "\0/etc/pam.d/%s\0/usr/lib/pam.d/%s\0/usr/etc/pam.d/%s\0../lib64/security\0"
                               "/usr/lib64/security/\0maximum level of inclusions reached\0";
    struct bg_pam_kind k;

    (void)state;
    assert_int_equal(bg_pam_kind_of(debian12, sizeof debian12, &k), BG_OK);
    assert_true(k.old && k.debian);
    assert_string_equal(k.modules, "/lib/x86_64-linux-gnu/security/");
    assert_string_equal(k.isa, "/lib/security");
    assert_string_equal(k.dir[1], "/usr/lib/pam.d");
    assert_string_equal(k.dir[2], "");
    assert_int_equal(bg_pam_kind_of(suse, sizeof suse, &k), BG_OK);
    assert_true(!k.old && !k.debian);
    assert_string_equal(k.isa, "../lib64/security");
    assert_string_equal(k.dir[2], "/usr/etc/pam.d");
    assert_int_equal(bg_pam_kind_of(rhel9, sizeof rhel9, &k), BG_OK);
    assert_true(k.old && !k.debian);
    assert_string_equal(k.isa, "../../lib64/security");
    assert_int_equal(bg_pam_kind_of("ELF", 4, &k), BG_E_SYNTAX);
}

static void put(const char *root, const char *path, const char *text)
{
    char at[256];
    FILE *f;

    (void)snprintf(at, sizeof at, "%s/%s", root, path);
    assert_non_null(f = fopen(at, "w"));
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void make(const char *root, const char *path)
{
    char at[256];

    (void)snprintf(at, sizeof at, "%s/%s", root, path);
    assert_int_equal(mkdir(at, 0755), 0);
}

/* authselect's links are absolute: they must not lead out of the root. What is no file has no lines, and
 * nobody waits for it. */
static void a_root_of_ones_own(void **state)
{
    char root[] = "/tmp/bg-pamsim.XXXXXX", at[256];
    struct bg_pam_source source;
    struct bg_pam_stack s;
    enum bg_err r;

    (void)state;
    assert_non_null(mkdtemp(root));
    make(root, "etc");
    make(root, "etc/pam.d");
    make(root, "etc/authselect");
    put(root, "etc/authselect/system-auth", "auth required pam_in_root.so\n");
    put(root, "etc/pam.d/login", "auth include system-auth\naccount include fifo\n");
    (void)snprintf(at, sizeof at, "%s/etc/pam.d/system-auth", root);
    assert_int_equal(symlink("/etc/authselect/system-auth", at), 0);
    (void)snprintf(at, sizeof at, "%s/etc/pam.d/fifo", root);
    assert_int_equal(mkfifo(at, 0600), 0);
    bg_pam_source_root(&source, root);
    r = bg_pam_stack_read(&plain, &source, "login", &s);
    if (r == BG_E_IO && errno == ENOSYS)
        skip(); /* no openat2(2), as under valgrind */
    assert_int_equal(r, BG_OK);
    assert_string_equal(shown(&s, BG_PAM_AUTH), "system-auth:1 0 -\n");
    assert_string_equal(s.conf[BG_PAM_AUTH].step[0].file, "/etc/pam.d/system-auth");
    assert_int_equal(s.conf[BG_PAM_ACCOUNT].n, 0);
    bg_pam_stack_free(&s);
    (void)snprintf(at, sizeof at, "rm -r %s", root);
    assert_int_equal(system(at), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_line_is_known_by_file_and_number),
        cmocka_unit_test(a_line_longer_than_the_old_reader),
        cmocka_unit_test(a_comment_in_a_continued_line),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(vendor_directories_are_looked_through_in_order),
        cmocka_unit_test(pam_conf_is_read_where_there_is_no_directory),
        cmocka_unit_test(nothing_grows_without_a_bound),
        cmocka_unit_test(libpam_itself_says_of_what_kind_it_is),
        cmocka_unit_test(a_root_of_ones_own),
    };

    return cmocka_run_group_tests(tests, kinds, NULL);
}
