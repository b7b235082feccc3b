/* SPDX-License-Identifier: ISC */
/* What identifies a host: each state in which its file has been seen. */
#include "../testfiles.h"

#include "base/identity.h"

#define ID "0123456789abcdef0123456789abcdef"

static struct bg_identity now;
static char name[256];

static void read_text(const char *text)
{
    put_text(text);
    bg_identity_read_from(path, &now);
    assert_string_equal(now.name, name);
}

static void a_sound_file(void **state)
{
    (void)state;
    read_text(ID "\n");
    assert_string_equal(now.machine, ID);
    assert_null(now.fault);
    read_text(ID);
    assert_string_equal(now.machine, ID);
    read_text(ID "\r\n\n");
    assert_string_equal(now.machine, ID);
    /* whatever its mode */
    assert_int_equal(chmod(path, 0664), 0);
    bg_identity_read_from(path, &now);
    assert_string_equal(now.machine, ID);
}

static void no_id(void **state)
{
    static const char *const bad[][2] = {
        {"", "is empty"},
        {"\n", "is empty"},
        {"uninitialized\n", "holds no id"},
        {ID "0\n", "holds no id"},
        {ID " " ID, "holds no id"},
        {"0123456789ABCDEF0123456789ABCDEF\n", "holds no id"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        read_text(bad[i][0]);
        assert_string_equal(now.machine, "");
        assert_non_null(strstr(now.fault, bad[i][1]));
    }
    assert_int_equal(unlink(path), 0);
    bg_identity_read_from(path, &now);
    assert_non_null(strstr(now.fault, "is missing"));
    bg_identity_read_from(dir, &now); /* a directory */
    assert_non_null(strstr(now.fault, "cannot be read"));
    assert_int_equal(mkfifo(path, 0644), 0);
    bg_identity_read_from(path, &now); /* and does not wait */
    assert_non_null(strstr(now.fault, "cannot be read"));
}

static void behind_a_link(void **state)
{
    char link[160];

    (void)state;
    put_text(ID "\n");
    (void)snprintf(link, sizeof link, "%s.link", path);
    assert_int_equal(symlink(path, link), 0);
    bg_identity_read_from(link, &now);
    assert_string_equal(now.machine, ID);
    assert_int_equal(unlink(path), 0);
    bg_identity_read_from(link, &now);
    assert_non_null(strstr(now.fault, "is missing"));
    assert_int_equal(unlink(link), 0);
}

static void compare(struct bg_identity made, struct bg_identity later, enum bg_same_host want)
{
    char kept[BG_HOST_PRINT + 1];

    assert_int_equal(bg_identity_print(&made, kept), BG_OK);
    assert_int_equal(strspn(kept, "0123456789abcdef"), BG_HOST_PRINT);
    assert_null(strstr(kept, "01234567"));
    assert_int_equal(bg_identity_compare(&later, kept), want);
}

static void compared(void **state)
{
    struct bg_identity a = {.machine = ID, .name = "vm7"}, renamed = {.machine = ID, .name = "vm8"};
    struct bg_identity clone = {.machine = "ffffffffffffffffffffffffffffffff", .name = "vm7"};
    struct bg_identity lost = {.name = "vm7"}, lost_and_renamed = {.name = "vm8"}, nothing = {.name = ""};

    (void)state;
    compare(a, a, BG_HOST_SAME);
    compare(a, renamed, BG_HOST_SAME);
    compare(a, clone, BG_HOST_OTHER);
    compare(a, lost, BG_HOST_OTHER);
    compare(lost, lost, BG_HOST_SAME);
    compare(lost, a, BG_HOST_SAME); /* it was given an id afterwards */
    compare(lost, lost_and_renamed, BG_HOST_OTHER);
    compare(nothing, nothing, BG_HOST_SAME);
    assert_int_equal(bg_identity_compare(&a, ""), BG_HOST_UNKNOWN);
    assert_string_equal(bg_same_host_name(BG_HOST_SAME), "same");
    assert_string_equal(bg_same_host_name(BG_HOST_OTHER), "changed");
    assert_string_equal(bg_same_host_name(BG_HOST_UNKNOWN), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_sound_file, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(no_id, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(behind_a_link, make_dir, remove_dir),
        cmocka_unit_test(compared),
    };

    assert_int_equal(gethostname(name, sizeof name), 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
