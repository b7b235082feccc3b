/* SPDX-License-Identifier: ISC */
/* The directory of a fleet, and the credentials files that come out of it. */
#include <dirent.h>
#include <errno.h>
#include "../../../lib/testfiles.h"
#include "admin/fleet/fleet.h"
#include "share/sharetyper.h"

static char fleet_dir[128];
static uint8_t secret[32];
static struct fleet f;
static size_t told;

static void tell(size_t done, size_t all)
{
    assert_true(done < all);
    told++;
}

static void remove_below(const char *folder)
{
    char name[PATH_MAX];
    DIR *d = opendir(folder);

    for (struct dirent *at; d != NULL && (at = readdir(d)) != NULL;)
        if (at->d_name[0] != '.' || strlen(at->d_name) > 2) {
            (void)snprintf(name, sizeof name, "%s/%s", folder, at->d_name);
            if (unlink(name) != 0)
                remove_below(name);
        }
    if (d != NULL)
        (void)closedir(d);
    (void)rmdir(folder);
}

static int start(void **state)
{
    if (make_dir(state) != 0)
        return -1;
    (void)snprintf(fleet_dir, sizeof fleet_dir, "%s/west", dir);
    for (size_t i = 0; i < sizeof secret; i++)
        secret[i] = (uint8_t)(i * 7 + 1);
    f = (struct fleet){.account = "bg1",
                       .credential.shares = {.bytes = 32,
                                             .id = 4711,
                                             .extendable = true,
                                             .group_threshold = 1,
                                             .group_count = 1,
                                             .group = {{2, 3}},
                                             .created = "2026-01-02T03:04:05.000006Z"}};
    bg_shareset_words(&f.credential.shares);
    memset(f.id, 0x42, sizeof f.id);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    remove_below(dir);
    return 0;
}

static void mode_is(const char *name, mode_t want)
{
    char at[PATH_MAX];
    struct stat st;

    assert_true(fleet_path(fleet_dir, name, at));
    assert_int_equal(lstat(at, &st), 0);
    assert_int_equal(st.st_mode & 07777, want);
}

static void what_is_made_is_read(void **state)
{
    struct fleet again;
    struct bg_ini_error e;

    (void)state;
    assert_int_equal(fleet_make(fleet_dir, &f), BG_OK);
    mode_is(".", 0700);
    mode_is("credentials", 0700);
    mode_is("fleet.conf", 0600);
    mode_is("hosts", 0600);
    if (fleet_load(fleet_dir, &again, &e) != BG_OK)
        fail_msg("fleet.conf, line %u: %s", e.line, e.text);
    assert_memory_equal(again.id, f.id, sizeof f.id);
    assert_string_equal(again.account, "bg1");
    assert_int_equal(again.credential.shares.id, 4711);
    assert_int_equal(again.credential.shares.group[0].count, 3);
    assert_int_equal(fleet_make(fleet_dir, &f), BG_E_BUSY);
    assert_int_equal(fleet_load(fleet_dir, &again, &e), BG_OK);
}

static void a_damaged_one_has_its_line(void **state)
{
    char at[PATH_MAX];
    struct fleet again = f;
    struct bg_ini_error e;
    FILE *to;

    (void)state;
    assert_int_equal(fleet_make(fleet_dir, &f), BG_OK);
    assert_true(fleet_path(fleet_dir, "fleet.conf", at));
    to = fopen(at, "a");
    assert_non_null(to);
    assert_true(fputs("bytes = 32\n", to) >= 0);
    assert_int_equal(fclose(to), 0);
    assert_int_equal(fleet_load(fleet_dir, &again, &e), BG_E_SYNTAX);
    assert_true(e.line > 10);
    assert_memory_equal(&again, &f, sizeof f);
    assert_int_equal(truncate(at, 0), 0);
    assert_int_equal(fleet_load(fleet_dir, &again, &e), BG_E_SYNTAX);
    assert_int_equal(unlink(at), 0);
    assert_int_equal(fleet_load(fleet_dir, &again, &e), BG_E_NOENT);
}

/* What the host will do: read the file, and let its card be typed. */
static void opens(const char *host, uint32_t epoch, bool does)
{
    struct bg_fleet_host of = {.host = host, .account = "bg1", .epoch = epoch};
    static struct bg_identity nobody;
    struct bg_credential c;
    struct bg_shareset set;
    struct slip39_share share;
    struct bg_ini_error e;
    uint8_t got[SLIP39_MAX_BYTES];
    char at[PATH_MAX];
    size_t n;

    memcpy(of.fleet, f.id, sizeof of.fleet);
    assert_true(fleet_path(fleet_dir, "credentials", at));
    assert_int_equal(bg_credential_load(at, host, &c, &e), BG_OK);
    assert_true(c.enabled && c.has_shares && c.key_count == 0);
    assert_int_equal(bg_fleet_derive(&of, secret, 32, &set, &share), BG_OK);
    assert_int_equal(slip39_combine(&share, 1, "", got, &n), BG_OK);
    assert_int_equal(bg_shareset_verify(&c.shares, got, n, "bg1", &nobody), does ? BG_OK : BG_E_MISMATCH);
    assert_int_equal(c.shares.id == set.id, does);
    if (does) { /* who stands at the host reads out which epoch it wants */
        (void)snprintf(at, sizeof at, "epoch %u", epoch);
        assert_string_equal(c.shares.label, at);
    }
}

static void enroll(const char *names, bool next)
{
    struct fleet_hosts all, some;
    struct bg_ini_error e;
    char at[PATH_MAX];

    assert_true(fleet_path(fleet_dir, "hosts", at));
    assert_int_equal(fleet_hosts_read(at, true, &all, &e), BG_OK);
    assert_int_equal(fleet_hosts_parse(names, strlen(names), false, &some, &e), BG_OK);
    assert_int_equal(fleet_hosts_join(&all, &some, next), BG_OK);
    assert_int_equal(fleet_enroll(fleet_dir, &f, secret, &some, tell), BG_OK);
    assert_int_equal(fleet_hosts_write(at, &all), BG_OK);
    fleet_hosts_free(&all);
    fleet_hosts_free(&some);
}

static void each_host_has_its_own(void **state)
{
    (void)state;
    told = 0;
    assert_int_equal(fleet_make(fleet_dir, &f), BG_OK);
    enroll("web1\nweb2\ndb\n", false);
    opens("web1", 1, true);
    opens("web2", 1, true);
    opens("db", 1, true);
    assert_true(told > 0);
    mode_is("credentials/db", 0600);
    enroll("web2\n", true);
    opens("web1", 1, true);
    opens("web2", 1, false);
    opens("web2", 2, true);
    opens("db", 1, true);
}

/* A disk that refuses in the middle leaves what was there, and nothing half-written beside it. */
static void nothing_is_half_done(void **state)
{
    struct fleet_hosts l = {0};
    struct bg_ini_error e;
    char at[PATH_MAX];

    (void)state;
    assert_int_equal(fleet_make(fleet_dir, &f), BG_OK);
    enroll("a\nb\n", false);
    assert_true(fleet_path(fleet_dir, "credentials.new", at));
    assert_int_equal(mkdir(at, 0700), 0);
    assert_true(fleet_path(fleet_dir, "credentials.new/b", at));
    assert_int_equal(mkdir(at, 0700), 0); /* no file can be written there */
    assert_int_equal(fleet_hosts_parse("a\nb\n", 4, false, &l, &e), BG_OK);
    l.host[0].epoch = l.host[1].epoch = 5;
    assert_int_not_equal(fleet_enroll(fleet_dir, &f, secret, &l, tell), BG_OK);
    fleet_hosts_free(&l);
    opens("a", 1, true);
    opens("b", 1, true);
    assert_true(fleet_path(fleet_dir, "credentials.new/a", at));
    assert_int_equal(access(at, F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_made_is_read, start, stop),
        cmocka_unit_test_setup_teardown(a_damaged_one_has_its_line, start, stop),
        cmocka_unit_test_setup_teardown(each_host_has_its_own, start, stop),
        cmocka_unit_test_setup_teardown(nothing_is_half_done, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
