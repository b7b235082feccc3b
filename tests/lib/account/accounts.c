/* SPDX-License-Identifier: ISC */
#include "../testfiles.h"

#include "account/accounts.h"
#include "base/safefile.h"

#define HOME  "/var/lib/breakglass/home/bg1:/bin/bash"
#define SOUND "bg1:x:0:0:Break-glass account:" HOME "\n"
#define AUDIT "bg1:x:59001:0:Break-glass account (audit id):" HOME "\n"

static char buf[BG_ACCOUNTS_MAX];

static enum bg_match look(const char *text, const char *name, struct bg_account *a)
{
    put_text(text);
    return bg_account_by_name(path, name, buf, a);
}

static enum bg_match by_uid(uid_t uid, struct bg_account *a)
{
    size_t len;

    return bg_file_read(path, buf, sizeof buf, &len) == BG_OK ? bg_account_find_uid(buf, len, uid, a)
                                                              : BG_NOT_OURS;
}

static bool group(const char *name, gid_t gid, struct bg_group *g)
{
    size_t len;

    assert_int_equal(bg_file_read(path, buf, sizeof buf, &len), BG_OK);
    return bg_group_find(buf, len, name, gid, g);
}

static void a_sound_account(void **state)
{
    struct bg_account a;

    (void)state;
    assert_int_equal(look("# ours\n\n" SOUND AUDIT "bg2:x:990:990::/h:/bin/sh", "bg1", &a), BG_OURS);
    assert_string_equal(a.name, "bg1");
    assert_string_equal(a.gecos, "Break-glass account");
    assert_string_equal(a.home, "/var/lib/breakglass/home/bg1");
    assert_string_equal(a.shell, "/bin/bash");
    assert_int_equal(a.uid, 0);
    assert_int_equal(a.gid, 0);
    assert_true(a.has_audit_uid);
    assert_int_equal(a.audit_uid, 59001);
    assert_int_equal(look("# ours\n\n" SOUND AUDIT "bg2:x:990:991::/h:/bin/sh", "bg2", &a), BG_OURS);
    assert_int_equal(a.uid, 990);
    assert_int_equal(a.gid, 991);
    assert_false(a.has_audit_uid);
    assert_string_equal(a.gecos, "");
    assert_string_equal(a.shell, "/bin/sh"); /* no newline at the end of the file */
}

static void the_largest_numbers(void **state)
{
    struct bg_account a;

    (void)state;
    assert_int_equal(look("b:x:4294967294:4294967294::/h:/s\n", "b", &a), BG_OURS);
    assert_int_equal(a.uid, 4294967294u);
    assert_int_equal(look("b:x:4294967295:0::/h:/s\n", "b", &a), BG_OURS_DAMAGED);
    assert_int_equal(look("b:x:0:4294967295::/h:/s\n", "b", &a), BG_OURS_DAMAGED);
}

static void names_that_are_not_ours(void **state)
{
    static const char *const others[] = {
        "bg",  "bg11", "BG1", "",  "bg1 ", "bg1:x", "root",
        "bg*", "#",    "x",   "0", "1",    "..",    "averyveryverylongname-0123456789ab"};
    struct bg_account a = {.uid = 77};

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_int_equal(look(SOUND AUDIT "#x:x:0:0::/h:/s\n", others[i], &a), BG_NOT_OURS);
    assert_int_equal(a.uid, 77); /* set for BG_OURS only */
}

/* Each text gives bg1 a line that is not sound; bg2 beside it stays what it is. */
static const char *const damaged[] = {
    "bg1",
    "bg1\r",
    "bg1:",
    "bg1 ",
    " bg1:x:0:0::" HOME,
    "\tbg1:x:0:0::" HOME,
    "\xef\xbb\xbf"
    "bg1:x:0:0::" HOME,
    "bg1 :x:0:0::" HOME,
    "bg1\x01:x:0:0::" HOME,
    "\t bg1\t \r",
    "bg1\xc2\xa0:x:0:0::" HOME, /* a blank that does not break */
    "\xe2\x80\x8b"
    "bg1:x:0:0::" HOME, /* a space of no width */
    "bg1:x:0:0:" HOME,
    "bg1:x:0:0::" HOME ":",
    "bg1:x:0:0::" HOME "\r",
    "bg1:x:0:0::" HOME "\x1b[2J",
    "bg1:x:0:0:\xc2\x9b:" HOME,     /* C1 in UTF-8 */
    "bg1:x:0:0:\xff:" HOME,         /* not UTF-8 */
    "bg1:x:0:0:\xe2\x80\xae:" HOME, /* right-to-left override */
    "bg1::0:0::" HOME,
    "bg1:*:0:0::" HOME,
    "bg1:$6$salt$hash:0:0::" HOME,
    "bg1:x::0::" HOME,
    "bg1:x:0:::" HOME,
    "bg1:x:-1:0::" HOME,
    "bg1:x:+1:0::" HOME,
    "bg1:x: 1:0::" HOME,
    "bg1:x:1 :0::" HOME,
    "bg1:x:01:0::" HOME,
    "bg1:x:0x1:0::" HOME,
    "bg1:x:1a:0::" HOME,
    "bg1:x:4294967296:0::" HOME,
    "bg1:x:42949672950:0::" HOME,
    "bg1:x:18446744073709551616:0::" HOME,
    "bg1:x:0:4294967296::" HOME,
    "bg1:x:0:0:::/bin/bash",
    "bg1:x:0:0::home:/bin/bash",
    "bg1:x:0:0::/home:",
    "bg1:x:0:0::/home:bash",
    SOUND "bg1",
    SOUND "bg1:x:x:0::" HOME,
    SOUND SOUND,                  /* a second line with user id 0 */
    SOUND "bg1:x:59001:1::" HOME, /* another group */
    SOUND "bg1:x:59001:0::/h:/bin/bash",
    SOUND "bg1:x:59001:0::/var/lib/breakglass/home/bg1:/bin/sh",
    "bg1:x:990:0::" HOME "\n" AUDIT, /* an account with a number of its own needs no audit uid */
    SOUND AUDIT AUDIT,
    SOUND AUDIT "bg1:x:59002:0::" HOME,
    SOUND AUDIT "bg1",
    AUDIT SOUND,
};

static void damaged_lines_are_ours(void **state)
{
    char text[1024];
    struct bg_account a = {.uid = 77};

    (void)state;
    for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
        (void)snprintf(text, sizeof text, "%s\nbg2:x:990:990::/h:/s\n", damaged[i]);
        if (look(text, "bg1", &a) != BG_OURS_DAMAGED)
            fail_msg("not damaged: %s", damaged[i]);
        assert_int_equal(a.uid, 77);
        assert_int_equal(by_uid(59001, &a), BG_NOT_OURS);
        assert_int_equal(look(text, "bg2", &a), BG_OURS);
        assert_int_equal(by_uid(990, &a), BG_OURS);
        assert_string_equal(a.name, "bg2");
        a.uid = 77;
    }
}

/* A name that a line only begins with may be anybody's. */
static void lines_of_nobody(void **state)
{
    static const char *const nobodys[] = {
        "bg1.old:x:0:0::" HOME,
        "bg1.old",
        "bg1@example.org:x:0:0::" HOME,
        "bg1X:x:0:0::" HOME,
        "  bg1 has the second safe",
        "bg1 has the second safe: ask her",
        "bg1;x:0:0::" HOME,
        "bg1/x:0:0::" HOME,
        "bg1 x:0:0::" HOME,
        "bg1\xc3\xa9:x:0:0::" HOME, /* a letter that no name of ours has */
        "\xc3\xa9"
        "bg1:x:0:0::" HOME,
        "bg1\xe9:x:0:0::" HOME, /* the same letter of an older encoding */
        "bg1\x01.old:x:0:0::" HOME,
        "+bg1:x:0:0::" HOME,
        ":bg1:x:0:0::" HOME,
    };
    char text[1024];
    struct bg_account a;

    (void)state;
    for (size_t i = 0; i < sizeof nobodys / sizeof nobodys[0]; i++) {
        (void)snprintf(text, sizeof text, "bg2:x:990:990::/h:/s\n%s\n", nobodys[i]);
        if (look(text, "bg1", &a) != BG_NOT_OURS)
            fail_msg("refused: %s", nobodys[i]);
        (void)snprintf(text, sizeof text, SOUND "%s\n" AUDIT, nobodys[i]);
        if (look(text, "bg1", &a) != BG_OURS || by_uid(59001, &a) != BG_OURS)
            fail_msg("damaged by: %s", nobodys[i]);
    }
}

static void root_is_never_ours(void **state)
{
    struct bg_account a;

    (void)state;
    assert_int_equal(look("root:x:0:0::/root:/bin/bash\n", "root", &a), BG_NOT_OURS);
    assert_int_equal(look("root\n", "root", &a), BG_NOT_OURS);
    put_text("root:x:5:0::/root:/bin/bash\n");
    assert_int_equal(by_uid(5, &a), BG_NOT_OURS);
}

static void nul_bytes_damage_their_line(void **state)
{
    static const char inside[] = "bg1:x:0:0::/home/\0:/bin/sh\nbg2:x:990:990::/h:/s\n";
    static const char behind[] = "bg1\0:x:0:0::/home:/bin/sh\n";
    static const char between[] = "bg1\0old:x:0:0::/home:/bin/sh\nbg2:x:990:990::/h:/s\n";
    struct bg_account a;

    (void)state;
    put_bytes(inside, sizeof inside - 1);
    assert_int_equal(bg_account_by_name(path, "bg1", buf, &a), BG_OURS_DAMAGED);
    assert_int_equal(bg_account_by_name(path, "bg2", buf, &a), BG_OURS);
    put_bytes(behind, sizeof behind - 1);
    assert_int_equal(bg_account_by_name(path, "bg1", buf, &a), BG_OURS_DAMAGED);
    put_bytes(between, sizeof between - 1);
    assert_int_equal(bg_account_by_name(path, "bg1", buf, &a), BG_NOT_OURS);
    assert_int_equal(bg_account_by_name(path, "bg2", buf, &a), BG_OURS);
}

static void by_number(void **state)
{
    struct bg_account a;
    size_t len;

    (void)state;
    put_text(SOUND AUDIT "bg2:x:990:990::/h:/s\nbg3:x:990:1::/h:/s\n");
    assert_int_equal(by_uid(59001, &a), BG_OURS);
    assert_string_equal(a.name, "bg1");
    assert_string_equal(a.gecos, "Break-glass account (audit id)");
    assert_int_equal(a.uid, 59001);
    assert_true(a.has_audit_uid);
    assert_int_equal(a.audit_uid, 59001);
    assert_int_equal(by_uid(990, &a), BG_OURS);
    assert_string_equal(a.name, "bg2"); /* the first of two */
    assert_int_equal(by_uid(0, &a), BG_NOT_OURS);
    assert_int_equal(by_uid((uid_t)-1, &a), BG_NOT_OURS);
    assert_int_equal(bg_file_read(path, buf, sizeof buf, &len), BG_OK);
    assert_int_equal(bg_account_find_uid(buf, len, 0, &a), BG_NOT_OURS);
    assert_int_equal(by_uid(991, &a), BG_NOT_OURS);
}

static void files_that_name_nobody(void **state)
{
    static char big[BG_ACCOUNTS_MAX + 1];
    struct bg_account a;
    size_t line = strlen(SOUND);

    (void)state;
    (void)unlink(path);
    assert_int_equal(bg_account_by_name(path, "bg1", buf, &a), BG_NOT_OURS); /* missing */
    memset(big, '\n', sizeof big);
    memcpy(big, SOUND, line);
    put_bytes(big, BG_ACCOUNTS_MAX - 1);
    assert_int_equal(bg_account_by_name(path, "bg1", buf, &a), BG_OURS); /* the largest that is read */
    put_bytes(big, BG_ACCOUNTS_MAX);
    assert_int_equal(bg_account_by_name(path, "bg1", buf, &a), BG_NOT_OURS);
    put_text(SOUND);
    assert_int_equal(chmod(path, 0664), 0);
    assert_int_equal(bg_account_by_name(path, "bg1", buf, &a), BG_NOT_OURS);
    assert_int_equal(chmod(path, 0646), 0);
    assert_int_equal(bg_account_by_name(path, "bg1", buf, &a), BG_NOT_OURS);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0644), 0);
    assert_int_equal(bg_account_by_name(path, "bg1", buf, &a), BG_NOT_OURS);
    assert_int_equal(by_uid(59001, &a), BG_NOT_OURS);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_int_equal(bg_account_by_name(path, "daemon", buf, &a), BG_NOT_OURS);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_int_equal(bg_account_by_name(path, "bg1", buf, &a), BG_NOT_OURS);
    assert_int_equal(rmdir(path), 0);
}

static enum bg_match wrong_with(const char *name, const char **wrong)
{
    struct bg_account a;

    return bg_account_look(path, name, buf, &a, wrong);
}

/* Somebody may be told what is wrong, but only about a name that stands in the file. */
static void what_is_wrong(void **state)
{
    static const struct {
        const char *text, *wrong;
    } lines[] = {
        {"\xef\xbb\xbf" SOUND, "a byte order mark stands before it"},
        {"bg1:x:0:0::/h:/bin/sh\r\n", "it ends with a carriage return, as on Windows"},
        {"bg1:x:0:0::/h\n", "too few or too many fields between colons"},
    };
    const char *wrong = "";

    (void)state;
    put_text(SOUND);
    assert_int_equal(wrong_with("bg1", &wrong), BG_OURS);
    assert_null(wrong);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        put_text(lines[i].text);
        assert_int_equal(wrong_with("bg1", &wrong), BG_OURS_DAMAGED);
        assert_string_equal(wrong, lines[i].wrong);
    }
}

static void nobody_because(const char *why)
{
    const char *wrong = "";

    assert_int_equal(wrong_with("bg1", &wrong), BG_NOT_OURS);
    assert_string_equal(wrong, why);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(wrong_with((const char *[]){"alice", "root", "bg"}[i], &wrong), BG_NOT_OURS);
        assert_null(wrong);
    }
}

static void why_a_file_is_not_used(void **state)
{
    static char big[BG_ACCOUNTS_MAX];
    char other[sizeof path + 8];
    const char *wrong = "";

    (void)state;
    put_text("root:x:0:0::/h:/s\n" SOUND);
    assert_int_equal(chmod(path, 0664), 0);
    nobody_because("others than its owner may write to it");
    if (geteuid() == 0) {
        assert_int_equal(chmod(path, 0644), 0);
        assert_int_equal(chown(path, 12345, 0), 0);
        nobody_because("it does not belong to root");
        assert_int_equal(chown(path, 0, 0), 0);
    }
    (void)snprintf(other, sizeof other, "%s.other", path);
    put_text(SOUND);
    assert_int_equal(rename(path, other), 0);
    assert_int_equal(symlink(other, path), 0);
    nobody_because("it is a symbolic link");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink(strrchr(other, '/') + 1, path), 0);
    nobody_because("it is a symbolic link");
    assert_int_equal(unlink(other), 0); /* which leads nowhere now */
    assert_int_equal(wrong_with("bg1", &wrong), BG_NOT_OURS);
    assert_null(wrong);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0666), 0); /* nobody waits for its other end */
    assert_int_equal(wrong_with("bg1", &wrong), BG_NOT_OURS);
    assert_null(wrong);
    assert_int_equal(unlink(path), 0);
    memset(big, '\n', sizeof big);
    memcpy(big, SOUND, strlen(SOUND));
    put_bytes(big, sizeof big);
    nobody_because("it is too long");
}

/*
 * A link is not followed to another directory, which may be a dead server's: here one that answers, where the
 * name stands. Nor does a second link, or a FIFO that nobody writes to.
 */
static void links_to_elsewhere(void **state)
{
    char sub[sizeof path + 16], other[sizeof sub + 8], beside[sizeof path + 8];
    const char *wrong = "";
    const char *const targets[] = {other, "accounts.d/file", beside, "./accounts.2", "/", "..",
                                   ".",   "missing"};

    (void)state;
    (void)snprintf(sub, sizeof sub, "%.*s/accounts.d", (int)(strrchr(path, '/') - path), path);
    (void)snprintf(other, sizeof other, "%s/file", sub);
    (void)snprintf(beside, sizeof beside, "%s.2", path);
    assert_int_equal(mkdir(sub, 0755), 0);
    put_text(SOUND);
    assert_int_equal(rename(path, other), 0);
    assert_int_equal(symlink(other, beside), 0);
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        assert_int_equal(symlink(targets[i], path), 0);
        assert_int_equal(wrong_with("bg1", &wrong), BG_NOT_OURS);
        if (wrong != NULL)
            fail_msg("followed to %s", targets[i]);
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(unlink(beside), 0);
    assert_int_equal(mkfifo(beside, 0644), 0);
    assert_int_equal(symlink(beside, path), 0);
    assert_int_equal(wrong_with("bg1", &wrong), BG_NOT_OURS);
    assert_null(wrong);
    assert_int_equal(unlink(beside) | unlink(path) | unlink(other) | rmdir(sub), 0);
}

struct seen {
    char text[512];
};

static void note(void *arg, unsigned line, const char *name, const struct bg_account *a, const char *wrong)
{
    struct seen *s = arg;
    size_t n = strlen(s->text);

    if (a != NULL)
        (void)snprintf(s->text + n, sizeof s->text - n, "%u %s %s %u %u;", line, name, a->shell, a->uid,
                       a->audit_uid);
    else
        (void)snprintf(s->text + n, sizeof s->text - n, "%u %s DAMAGED;", line, name);
    assert_true((a == NULL) == (wrong != NULL));
}

static void the_walk(void **state)
{
    static const char text[] = "\n# c\n" SOUND "bg2:x:990:990::/h:/s\n" AUDIT "bg3\n:::\nbg3:x:1:1::/h:/s\n"
                               "root:x:0:0::/root:/bin/sh\nbg4:x:7:7::/h:/s";
    struct seen s = {""};
    char copy[sizeof text];

    (void)state;
    memcpy(copy, text, sizeof text);
    bg_accounts_walk(copy, sizeof text - 1, note, &s);
    assert_string_equal(s.text, "3 bg1 /bin/bash 0 59001;4 bg2 /s 990 0;6 bg3 DAMAGED;7  DAMAGED;"
                                "9 root DAMAGED;10 bg4 /s 7 0;");
    assert_memory_equal(copy, text, sizeof text);
    assert_true(bg_accounts_any(copy, strlen(copy)));
    assert_false(bg_accounts_any(copy, 5));
    (void)strcpy(copy, "bg1\nroot:x:0:0::/root:/bin/sh\n");
    assert_false(bg_accounts_any(copy, strlen(copy)));
}

/* Lines of nobody are shown one by one, so that all of them can be mended. */
static void the_walk_shows_lines_of_nobody(void **state)
{
    char text[] = SOUND "bg1.old:x:1:1::/h:/s\n  bob has it\n" AUDIT ":::\n";
    struct seen s = {""};

    (void)state;
    bg_accounts_walk(text, sizeof text - 1, note, &s);
    assert_string_equal(s.text, "1 bg1 /bin/bash 0 59001;2  DAMAGED;3  DAMAGED;5  DAMAGED;");
}

/* A NUL byte must not hide the accounts behind it from whoever looks at the whole file. */
static void the_walk_passes_a_nul(void **state)
{
    char text[] = "bg1:x:0:0::/h\0:/s\nbg2:x:990:990::/h:/s\n";
    struct seen s = {""};

    (void)state;
    bg_accounts_walk(text, sizeof text - 1, note, &s);
    assert_string_equal(s.text, "1 bg1 DAMAGED;2 bg2 /s 990 0;");
}

static void keep_wrong(void *arg, unsigned line, const char *name, const struct bg_account *a,
                       const char *wrong)
{
    (void)line, (void)name, (void)a;
    *(const char **)arg = wrong;
}

static void the_first_fault_is_told(void **state)
{
    char text[] = "bg1:*:0:0::/h:/s\nbg1:x:1:1::/h:/s\n";
    const char *wrong = NULL;

    (void)state;
    bg_accounts_walk(text, sizeof text - 1, keep_wrong, &wrong);
    assert_string_equal(wrong, "the password field is not x");
}

static void groups(void **state)
{
    struct bg_group g = {.gid = 77};

    (void)state;
    put_text("# g\nbgadm:x:59010:bg1,bg2\nempty:x:59011:\nzero:x:0:bg1\nbad:x:-1:bg1\nbad:*:1:bg1\n"
             "bad:x:1\nbad:x:1:a:b\nbad:x:1:a,,b\nbad:x:1:,a\nbad:x:1:a,\nbad:x:1:a b\nBad:x:1:a\n"
             "bad:x:1:\x7f\nbgadm:x:59099:bg9");
    assert_true(group("bgadm", 0, &g));
    assert_int_equal(g.gid, 59010);
    assert_string_equal(g.members, "bg1,bg2");
    assert_true(bg_group_has(&g, "bg1"));
    assert_true(bg_group_has(&g, "bg2"));
    assert_false(bg_group_has(&g, "bg"));
    assert_false(bg_group_has(&g, "bg11"));
    assert_false(bg_group_has(&g, "bg1,bg2"));
    assert_false(bg_group_has(&g, ""));
    assert_true(group(NULL, 59011, &g));
    assert_string_equal(g.name, "empty");
    assert_false(bg_group_has(&g, "bg1"));
    assert_false(bg_group_has(&g, ""));
    assert_false(group("zero", 0, &g));
    g.gid = 77;
    assert_false(group(NULL, 0, &g));
    assert_false(group(NULL, (gid_t)-1, &g));
    assert_false(group("bad", 0, &g));
    assert_false(group(NULL, 1, &g));
    assert_int_equal(g.gid, 77);
}

static void groups_in_order(void **state)
{
    static const gid_t want[] = {59010, 59011, 59012};
    struct bg_group g;
    size_t len, at = 0;

    (void)state;
    put_text("bga:x:59010:bg1\nbroken\nbgb:x:59011:\n\nbgc:x:59012:bg1");
    assert_int_equal(bg_file_read(path, buf, sizeof buf, &len), BG_OK);
    for (size_t i = 0; i < 3; i++) {
        assert_true(bg_group_next(buf, len, &at, &g));
        assert_int_equal(g.gid, want[i]);
    }
    assert_false(bg_group_next(buf, len, &at, &g));
    assert_false(bg_group_next(buf, len, &at, &g));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_account),
        cmocka_unit_test(the_largest_numbers),
        cmocka_unit_test(names_that_are_not_ours),
        cmocka_unit_test(damaged_lines_are_ours),
        cmocka_unit_test(lines_of_nobody),
        cmocka_unit_test(root_is_never_ours),
        cmocka_unit_test(nul_bytes_damage_their_line),
        cmocka_unit_test(by_number),
        cmocka_unit_test(files_that_name_nobody),
        cmocka_unit_test(what_is_wrong),
        cmocka_unit_test(why_a_file_is_not_used),
        cmocka_unit_test(links_to_elsewhere),
        cmocka_unit_test(the_walk),
        cmocka_unit_test(the_walk_shows_lines_of_nobody),
        cmocka_unit_test(the_walk_passes_a_nul),
        cmocka_unit_test(the_first_fault_is_told),
        cmocka_unit_test(groups),
        cmocka_unit_test(groups_in_order),
    };

    (void)alarm(120); /* a FIFO that is waited for must fail, not hang */
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
