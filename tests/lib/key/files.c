/* SPDX-License-Identifier: ISC */
/* Which devices are keys, and the counters on file. */
#include "../testfiles.h"

#include "key/key.h"

/* CTAP 2.1, 11.2.8.2: the example report descriptor of a FIDO key; HID 1.11, E.6: a keyboard's begins so. */
static const uint8_t fido[] = {0x06, 0xd0, 0xf1, 0x09, 0x01, 0xa1, 0x01, 0x09, 0x20, 0x15, 0x00, 0x26,
                               0xff, 0x00, 0x75, 0x08, 0x95, 0x40, 0x81, 0x02, 0x09, 0x21, 0x15, 0x00,
                               0x26, 0xff, 0x00, 0x75, 0x08, 0x95, 0x40, 0x91, 0x02, 0xc0};
static const uint8_t keyboard[] = {0x05, 0x01, 0x09, 0x06, 0xa1, 0x01, 0x05,
                                   0x07, 0x19, 0xe0, 0x29, 0xe7, 0x15, 0x00};

static void descriptors(void **state)
{
    uint8_t both[sizeof keyboard + sizeof fido], wide[] = {0x07, 0xd0, 0xf1, 0x00, 0x00, 0x09, 0x01};

    (void)state;
    assert_true(bg_key_is_fido(fido, sizeof fido));
    assert_false(bg_key_is_fido(keyboard, sizeof keyboard));
    assert_false(bg_key_is_fido(fido, 4)); /* the usage is cut off */
    assert_false(bg_key_is_fido(NULL, 0));
    memcpy(both, keyboard, sizeof keyboard);
    memcpy(both + sizeof keyboard, fido, sizeof fido);
    assert_true(bg_key_is_fido(both, sizeof both));
    assert_true(bg_key_is_fido(wide, sizeof wide));
    wide[5] = 0xfe; /* a long item, which nobody uses, may hide anything */
    assert_false(bg_key_is_fido(wide, sizeof wide));
}

static void node(const char *name, const uint8_t *d, size_t n)
{
    char p[512];
    FILE *f;

    (void)snprintf(p, sizeof p, "mkdir -p %s/class/%s/device", dir, name);
    assert_int_equal(system(p), 0);
    (void)snprintf(p, sizeof p, "%s/class/%s/device/report_descriptor", dir, name);
    assert_non_null(f = fopen(p, "w"));
    assert_int_equal(fwrite(d, 1, n, f), n);
    (void)fclose(f);
}

static void walk(void **state)
{
    struct bg_key_nodes nodes;
    char p[512];

    (void)state;
    (void)snprintf(p, sizeof p, "%s/class", dir);
    bg_key_nodes_in(p, &nodes);
    assert_int_equal(nodes.n, 0);
    node("hidraw0", keyboard, sizeof keyboard);
    node("hidraw10", fido, sizeof fido);
    node("hidraw9", fido, sizeof fido);
    node("hidraw..evil", fido, sizeof fido);
    node("other3", fido, sizeof fido);
    bg_key_nodes_in(p, &nodes);
    assert_int_equal(nodes.n, 2);
    assert_string_equal(nodes.path[0], "/dev/hidraw9");
    assert_string_equal(nodes.path[1], "/dev/hidraw10");
    for (int i = 20; i < 40; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "hidraw%d", i);
        node(name, fido, sizeof fido);
    }
    bg_key_nodes_in(p, &nodes);
    assert_int_equal(nodes.n, BG_KEY_NODES);
    (void)snprintf(p, sizeof p, "rm -r %s/class", dir);
    assert_int_equal(system(p), 0);
}

static void counters(void **state)
{
    struct bg_fido_id a = {.len = 3, .bytes = "one"}, b = {.len = 3, .bytes = "two"};
    enum bg_key_step step;
    uint32_t before;
    char p[512];

    (void)state;
    (void)snprintf(p, sizeof p, "%s/counters", dir);
    assert_int_equal(bg_key_counter(p, &a, 0, &step, &before), BG_OK); /* a key that counts nothing */
    assert_int_equal(step, BG_KEY_STEP_GOOD);
    assert_int_equal(bg_key_counter(p, &a, 5, &step, &before), BG_OK);
    assert_int_equal(step, BG_KEY_STEP_GOOD);
    assert_int_equal(bg_key_counter_read(p, &a), 5);
    assert_int_equal(bg_key_counter(p, &a, 5, &step, &before), BG_OK);
    assert_int_equal(step, BG_KEY_STEP_BACK);
    assert_int_equal(before, 5);
    assert_int_equal(bg_key_counter(p, &a, 6, &step, &before), BG_OK); /* the copy, or the key itself */
    assert_int_equal(step, BG_KEY_STEP_SUSPENDED);
    assert_int_equal(bg_key_counter_read(p, &a), 5); /* the higher one stays */
    assert_int_equal(bg_key_counter(p, &b, 1, &step, &before), BG_OK);
    assert_int_equal(step, BG_KEY_STEP_GOOD);
    assert_int_equal(bg_key_resume(p, &a), BG_OK);
    assert_int_equal(bg_key_counter(p, &a, UINT32_MAX, &step, &before), BG_OK);
    assert_int_equal(step, BG_KEY_STEP_GOOD);
    assert_int_equal(bg_key_counter_read(p, &a), UINT32_MAX);
    bg_key_counter_forget(p, &a);
    assert_int_equal(bg_key_counter_read(p, &a), 0);
    assert_int_equal(bg_key_counter_read(p, &b), 1);
    assert_int_equal(bg_key_counter("/proc/nowhere", &b, 2, &step, &before) == BG_OK, false);
    assert_int_equal(step, BG_KEY_STEP_GOOD);
    (void)snprintf(p, sizeof p, "rm -r %s/counters", dir);
    assert_int_equal(system(p), 0);
}

static void suspended_until_resumed(void **state)
{
    struct bg_key k[2] = {{.id = {.len = 3, .bytes = "one"}}, {.id = {.len = 3, .bytes = "two"}}};
    enum bg_key_step step;
    uint32_t before;
    char p[512];

    (void)state;
    (void)snprintf(p, sizeof p, "%s/counters", dir);
    assert_int_equal(bg_key_counter(p, &k[0].id, 9, &step, &before), BG_OK);
    assert_int_equal(bg_key_counter(p, &k[1].id, 9, &step, &before), BG_OK);
    bg_key_marks(p, k, 2);
    assert_false(k[0].suspended || k[1].suspended);
    assert_int_equal(bg_key_counter(p, &k[0].id, 4, &step, &before), BG_OK);
    assert_int_equal(step, BG_KEY_STEP_BACK);
    bg_key_marks(p, k, 2);
    assert_true(k[0].suspended && !k[1].suspended);
    assert_int_equal(bg_key_resume(p, &k[0].id), BG_OK);
    k[0].suspended = false;
    bg_key_marks(p, k, 2);
    assert_false(k[0].suspended);
    assert_int_equal(bg_key_counter(p, &k[0].id, 5, &step, &before), BG_OK); /* on from 4, not from 9 */
    assert_int_equal(step, BG_KEY_STEP_GOOD);
    assert_int_equal(bg_key_counter(p, &k[0].id, 5, &step, &before), BG_OK);
    assert_int_equal(step, BG_KEY_STEP_BACK);
    bg_key_counter_forget(p, &k[0].id);
    bg_key_counter_forget(p, &k[1].id);
    assert_int_equal(rmdir(p), 0); /* nothing is left */
}

/* A disk that hangs reads as if nothing were marked: /run has every suspension too, and knows what was
 * counted. */
static void suspended_while_the_disk_hangs(void **state)
{
    struct bg_key k = {.id = {.len = 3, .bytes = "one"}};
    enum bg_key_step step;
    uint32_t before;
    char p[512], none[512], command[1100];

    (void)state;
    (void)snprintf(p, sizeof p, "%s/counters", dir);
    (void)snprintf(none, sizeof none, "%s/none", dir);
    assert_int_equal(bg_key_counter(p, &k.id, 9, &step, &before), BG_OK);
    assert_int_equal(bg_key_counter(p, &k.id, 4, &step, &before), BG_OK);
    assert_int_equal(step, BG_KEY_STEP_BACK);
    bg_key_marks(none, &k, 1);
    assert_true(k.suspended);
    assert_int_equal(bg_key_counter(none, &k.id, 10, &step, &before), BG_OK);
    assert_int_equal(step, BG_KEY_STEP_SUSPENDED);
    (void)snprintf(command, sizeof command, "rm %s/*.suspended", p);
    assert_int_equal(system(command), 0);
    assert_int_equal(bg_key_resume(p, &k.id), BG_OK);
    k.suspended = false;
    bg_key_marks(p, &k, 1);
    assert_false(k.suspended);
    assert_int_equal(bg_key_counter(p, &k.id, 5, &step, &before), BG_OK); /* on from 4 */
    assert_int_equal(step, BG_KEY_STEP_GOOD);
    assert_int_equal(before, 4);
    assert_int_equal(bg_key_counter(p, &k.id, 5, &step, &before), BG_OK);
    bg_key_counter_forget(p, &k.id);
    bg_key_marks(p, &k, 1);
    assert_false(k.suspended);
    assert_int_equal(rmdir(p), 0); /* nothing is left, in neither place */
    assert_int_equal(rmdir(BG_KEY_MARKS_RUN), 0);
    assert_int_equal(rmdir(BG_RUNDIR), 0);
}

/* Where a file does not say whether the user must be verified: once seen, ever after. */
static void users_that_were_verified(void **state)
{
    struct bg_key a = {.uv = BG_UV_PREFERRED, .id = {.len = 3, .bytes = "one"}}, b = a;
    char p[512];

    (void)state;
    b.id.bytes[0] = 'b';
    (void)snprintf(p, sizeof p, "%s/counters", dir);
    assert_int_equal(bg_key_uv_now(p, &a), BG_UV_PREFERRED);
    bg_key_user_note(p, &a.id);
    assert_true(bg_key_user_seen(p, &a.id));
    assert_int_equal(bg_key_uv_now(p, &a), BG_UV_REQUIRED);
    assert_int_equal(bg_key_uv_now(p, &b), BG_UV_PREFERRED);
    assert_int_equal(bg_key_counter_read(p, &a.id), 0); /* the counter is another file */
    a.uv = BG_UV_NO;                                    /* what is decided stays so */
    assert_int_equal(bg_key_uv_now(p, &a), BG_UV_NO);
    bg_key_counter_forget(p, &a.id);
    assert_false(bg_key_user_seen(p, &a.id));
    bg_key_user_note("/proc/nowhere", &a.id);
    assert_false(bg_key_user_seen("/proc/nowhere", &a.id));
    assert_int_equal(rmdir(p), 0); /* nothing is left */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(descriptors),
        cmocka_unit_test(walk),
        cmocka_unit_test(counters),
        cmocka_unit_test(suspended_until_resumed),
        cmocka_unit_test(suspended_while_the_disk_hangs),
        cmocka_unit_test(users_that_were_verified),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
