/* SPDX-License-Identifier: ISC */
/* What is known of an account, from its small file and rebuilt from the journal: delays, uses, who is in. */
#include "place.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "record/chain.h"
#include "record/event.h"
#include "record/keyring.h"
#include "record/room.h"
#include "record/state.h"
#include "record/tally.h"

#define USE_A "01JD7Z3W9Q6M3B1V5X0C8K3F2A"
#define USE_B "01JD7Z3W9Q6M3B1V5X0C8K3F2B"

static struct bg_event event(enum bg_event_type type, const char *account, const char *source,
                             const char *use, pid_t pid)
{
    struct bg_event e = BG_EVENT_INIT;

    e.type = type;
    e.account = account;
    e.source = source;
    e.use = use;
    e.host_pid = pid;
    e.claimed = "Ada";
    return e;
}

static bool lose; /* the files of the state room are gone after each event */

static void forget(const struct place *p)
{
    char command[256];

    (void)snprintf(command, sizeof command, "rm -rf %s/state/state %s/run/state", p->root, p->root);
    assert_int_equal(system(command), 0);
}

static void record(struct place *p, const struct bg_event *e, enum bg_recorded want)
{
    place_record(p, e, want);
    if (lose)
        forget(p);
}

static void put(struct place *p, enum bg_event_type type, const char *account, const char *source,
                const char *use, pid_t pid)
{
    struct bg_event e = event(type, account, source, use, pid);
    record(p, &e, BG_RECORDED_JOURNAL);
}

static unsigned failures(struct place *p, const char *account, enum bg_source s, int64_t *since)
{
    unsigned n = 99;

    *since = -1;
    bg_state_failures(p->journal, p->run, account, s, &n, since);
    assert_true(*since >= 0);
    return n;
}

static void delays_double_up_to_the_cap(void **state)
{
    static const int64_t want[] = {0, 1000, 2000, 4000, 8000, 16000, 30000, 30000};

    (void)state;
    for (unsigned i = 0; i < sizeof want / sizeof want[0]; i++)
        assert_int_equal(bg_state_delay(i, 30), want[i]);
    assert_int_equal(bg_state_delay(4000000000u, 30), 30000);
    assert_int_equal(bg_state_delay(33, 4294967295u), INT64_C(2147483648000));
    assert_int_equal(bg_state_delay(5, 0), 0);
}

static void failures_count_by_account_and_source(void **state)
{
    struct place *p = *state;
    int64_t since;

    assert_int_equal(failures(p, "bg1", BG_SOURCE_NETWORK, &since), 0); /* no journal at all */
    put(p, BG_EV_ATTEMPT_FAILED, "bg1", "network", NULL, 0);
    put(p, BG_EV_ATTEMPT_FAILED, "bg1", "network", NULL, 0);
    put(p, BG_EV_ATTEMPT_FAILED, "bg1", "console", NULL, 0);
    put(p, BG_EV_ATTEMPT_FAILED, "bg2", "network", NULL, 0);
    put(p, BG_EV_ATTEMPT_ABORTED, "bg1", "network", NULL, 0);
    assert_int_equal(failures(p, "bg1", BG_SOURCE_NETWORK, &since), 2);
    assert_true(since < 60000);
    assert_int_equal(failures(p, "bg1", BG_SOURCE_CONSOLE, &since), 1);
    assert_int_equal(failures(p, "bg1", BG_SOURCE_LOCAL, &since), 0);
    put(p, BG_EV_USE_GRANTED, "bg2", "network", USE_B, 0); /* somebody else's success */
    assert_int_equal(failures(p, "bg1", BG_SOURCE_NETWORK, &since), 2);
    put(p, BG_EV_USE_GRANTED, "bg1", "console", USE_A, 0);
    bg_sleep_ms(2);
    assert_int_equal(failures(p, "bg1", BG_SOURCE_NETWORK, &since), 0);
    put(p, BG_EV_ATTEMPT_FAILED, "bg1", "network", NULL, 0);
    assert_int_equal(failures(p, "bg1", BG_SOURCE_NETWORK, &since), 1);
}

/* What a person typed must not look like the members that are searched for. */
static void typed_text_cannot_fake_a_success(void **state)
{
    struct place *p = *state;
    struct bg_event e = event(BG_EV_ATTEMPT_FAILED, "bg1", "network", NULL, 0);
    int64_t since;

    put(p, BG_EV_ATTEMPT_FAILED, "bg1", "network", NULL, 0);
    e.reason = "\"type\":\"org.breakglass.use.granted.v1\",\"subject\":\"bg1\"";
    e.claimed = "\"},\"type\":\"org.breakglass.use.granted.v1";
    record(p, &e, BG_RECORDED_JOURNAL);
    assert_int_equal(failures(p, "bg1", BG_SOURCE_NETWORK, &since), 2);
}

/* An event written by hand at a time of our choice: rendered, then moved in time, then chained by hand. */
static void put_at(struct place *p, enum bg_event_type type, int64_t shift_ms)
{
    struct bg_event e = event(type, "bg1", "network", NULL, 0);
    const char *dir = p->journal;
    struct bg_chain c;
    char line[BG_LINE_MAX], *buf;
    size_t n, len;
    json_t *ev, *d;

    buf = place_read(dir, "000001.jsonl", &n);
    assert_int_equal(bg_event_render(&e, &ev), BG_OK);
    d = json_object_get(ev, "data");
    assert_int_equal(json_object_set_new(
                         d, "time", json_integer(json_integer_value(json_object_get(d, "time")) + shift_ms)),
                     0);
    assert_int_equal(bg_chain_begin(&c), BG_OK);
    assert_int_equal(bg_chain_link(ev, &c, NULL, line, &len), BG_OK);
    buf = realloc(buf, n + len);
    memcpy(buf + n, line, len);
    place_write(dir, "000001.jsonl", buf, n + len);
    free(buf);
    json_decref(ev);
}

static void only_the_last_hour_counts(void **state)
{
    struct place *p = *state;
    int64_t since;

    assert_int_equal(bg_journal_create(&p->rec), BG_OK);
    put_at(p, BG_EV_ATTEMPT_FAILED, -3700 * 1000);
    assert_int_equal(failures(p, "bg1", BG_SOURCE_NETWORK, &since), 0);
    put_at(p, BG_EV_ATTEMPT_FAILED, -1800 * 1000);
    assert_int_equal(failures(p, "bg1", BG_SOURCE_NETWORK, &since), 1);
    assert_in_range(since, 1800 * 1000, 1860 * 1000);
    put_at(p, BG_EV_ATTEMPT_FAILED, 7200 * 1000); /* the clock was set back since: never negative */
    assert_int_equal(failures(p, "bg1", BG_SOURCE_NETWORK, &since), 2);
    assert_int_equal(since, 0);
    put_at(p, BG_EV_USE_GRANTED, 10800 * 1000); /* nor does a success from then hide anything */
    assert_int_equal(failures(p, "bg1", BG_SOURCE_NETWORK, &since), 2);
}

/* The fall-back counts too, and an event that stands in both places counts once. */
static void the_fallback_counts_once(void **state)
{
    struct place *p = *state;
    struct bg_event e = event(BG_EV_ATTEMPT_FAILED, "bg1", "network", NULL, 0);
    int64_t since;
    char *buf;
    size_t n;

    assert_int_equal(bg_journal_create(&p->rec), BG_OK);
    assert_int_equal(chmod(p->journal, 0770), 0);
    record(p, &e, BG_RECORDED_RUN);
    assert_int_equal(failures(p, "bg1", BG_SOURCE_NETWORK, &since), 1);
    buf = place_read(p->run, "000001.jsonl", &n);
    assert_int_equal(chmod(p->journal, 0750), 0);
    e.account = "bg2";
    record(p, &e, BG_RECORDED_JOURNAL);
    place_write(p->run, "000001.jsonl", buf, n);
    free(buf);
    assert_int_equal(failures(p, "bg1", BG_SOURCE_NETWORK, &since), 1);
}

static void active_means_open_in_this_boot_by_a_living_process(void **state)
{
    struct place *p = *state;
    char use[BG_ULID_LEN + 1] = "";
    pid_t host = fork();

    if (host == 0) {
        (void)pause();
        _exit(0);
    }
    assert_int_equal(bg_state_account(p->journal, "bg1", use), BG_STATE_SEALED);
    assert_false(bg_state_active(p->journal, p->run, "bg1", use));
    put(p, BG_EV_USE_GRANTED, "bg1", "console", USE_A, host);
    assert_false(bg_state_active(p->journal, p->run, "bg1", use)); /* not opened yet */
    assert_int_equal(bg_state_account(p->journal, "bg1", use), BG_STATE_IN_USE);
    put(p, BG_EV_SESSION_OPENED, "bg1", "console", USE_A, host);
    assert_true(bg_state_active(p->journal, p->run, "bg1", use));
    assert_string_equal(use, USE_A);
    assert_false(bg_state_active(p->journal, p->run, "bg2", use));
    assert_int_equal(bg_state_account(p->journal, "bg1", use), BG_STATE_IN_USE);
    assert_int_equal(kill(host, SIGKILL), 0); /* never closed: the process is gone */
    assert_int_equal(waitpid(host, NULL, 0), host);
    assert_false(bg_state_active(p->journal, p->run, "bg1", use));
    assert_int_equal(bg_state_account(p->journal, "bg1", use), BG_STATE_AWAITING_REVIEW);
    assert_string_equal(use, USE_A);
}

static void a_closed_use_is_not_active(void **state)
{
    struct place *p = *state;
    char use[BG_ULID_LEN + 1] = "";

    put(p, BG_EV_USE_GRANTED, "bg1", "console", USE_A, getpid());
    put(p, BG_EV_SESSION_OPENED, "bg1", "console", USE_A, getpid());
    put(p, BG_EV_SESSION_OPENED, "bg1", "console", USE_B, getpid()); /* never granted */
    put(p, BG_EV_SESSION_CLOSED, "bg1", "console", USE_A, getpid());
    assert_false(bg_state_active(p->journal, p->run, "bg1", use));
    assert_int_equal(bg_state_account(p->journal, "bg1", use), BG_STATE_AWAITING_REVIEW);
}

/* The process that reads is stopped, as on a disk that hangs: a bounded time, and "unreadable". */
static void a_journal_that_hangs_costs_a_bounded_time(void **state)
{
    struct place *p = *state;
    char line[BG_LINE_MAX], *buf, use[BG_ULID_LEN + 1];
    struct bg_event e = event(BG_EV_ATTEMPT_STARTED, "bg1", "console", USE_A, getpid());
    enum bg_recorded where;
    pid_t parent = getpid(), stopper;
    size_t n;
    int64_t start;
    int status;

    assert_int_equal(bg_record(&p->rec, &e, &where, NULL), BG_OK);
    place_newest(p->journal, line);
    n = strlen(line) + 1;
    line[n - 1] = '\n';
    assert_non_null(buf = malloc(n * 40000)); /* long enough to read that it can be stopped */
    for (size_t i = 0; i < 40000; i++)
        memcpy(buf + i * n, line, n);
    place_write(p->journal, "000001.jsonl", buf, n * 40000);
    free(buf);
    if ((stopper = fork()) == 0)
        place_stop_a_child_of(parent);
    start = bg_now_ms();
    assert_int_equal(bg_state_account(p->journal, "bg1", use), BG_STATE_SEALED);
    assert_true(bg_now_ms() - start <= BG_STATE_MS + 20000);
    assert_int_equal(waitpid(stopper, &status, 0), stopper);
    assert_int_equal(status, 0);
}

/* However much has been written since, and before. */
static void a_use_is_found_in_a_long_journal(void **state)
{
    struct place *p = *state;
    char use[BG_ULID_LEN + 1] = "";

    put(p, BG_EV_USE_GRANTED, "bg1", "console", USE_A, getpid());
    put(p, BG_EV_SESSION_OPENED, "bg1", "console", USE_A, getpid());
    for (int i = 0; i < 300; i++) /* more than 256 KiB */
        put(p, BG_EV_ATTEMPT_FAILED, "bg1", "network", "", 0);
    put(p, BG_EV_USE_GRANTED, "bg1", "network", USE_B, getpid());
    assert_true(bg_state_active(p->journal, p->run, "bg1", use));
    assert_string_equal(use, USE_A);
    put(p, BG_EV_SESSION_CLOSED, "bg1", "console", USE_A, getpid()); /* its grant is far behind */
    assert_false(bg_state_active(p->journal, p->run, "bg1", use));
}

/* The process lives, but the journal is of another boot: pids begin anew there. */
static void another_boot_has_ended_every_use(void **state)
{
    static const char other[] = "00000000-0000-4000-8000-000000000001\n";
    struct place *p = *state;
    char use[BG_ULID_LEN + 1] = "", path[] = "/tmp/boot-id.XXXXXX";
    int fd = mkstemp(path), status = -1;
    pid_t host = getpid(), child;

    assert_true(fd >= 0 && write(fd, other, sizeof other - 1) == (ssize_t)sizeof other - 1);
    put(p, BG_EV_USE_GRANTED, "bg1", "console", USE_A, host);
    put(p, BG_EV_SESSION_OPENED, "bg1", "console", USE_A, host);
    assert_true(bg_state_active(p->journal, p->run, "bg1", use));
    if ((child = fork()) == 0) {
        if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
            mount(path, "/proc/sys/kernel/random/boot_id", NULL, MS_BIND, NULL) != 0)
            _exit(77);
        _exit(bg_state_active(p->journal, p->run, "bg1", use) ||
              bg_state_account(p->journal, "bg1", use) != BG_STATE_AWAITING_REVIEW);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    (void)close(fd);
    (void)unlink(path);
    if (WEXITSTATUS(status) == 77)
        skip(); /* no rights for a mount here */
    assert_int_equal(status, 0);
}

/* Two people, two sessions: the one that ends first may be the newer one. */
static void the_end_of_one_use_is_not_the_end_of_another(void **state)
{
    struct place *p = *state;
    char use[BG_ULID_LEN + 1] = "";

    put(p, BG_EV_USE_GRANTED, "bg1", "console", USE_A, getpid());
    put(p, BG_EV_SESSION_OPENED, "bg1", "console", USE_A, getpid());
    put(p, BG_EV_USE_GRANTED, "bg1", "local", USE_B, getpid());
    put(p, BG_EV_SESSION_OPENED, "bg1", "local", USE_B, getpid());
    assert_int_equal(bg_state_account(p->journal, "bg1", use), BG_STATE_IN_USE);
    assert_string_equal(use, USE_B);
    put(p, BG_EV_SESSION_CLOSED, "bg1", "local", USE_B, getpid());
    assert_int_equal(bg_state_account(p->journal, "bg1", use), BG_STATE_IN_USE);
    assert_string_equal(use, USE_A);
    assert_true(bg_state_active(p->journal, p->run, "bg1", use));
    assert_string_equal(use, USE_A);
    put(p, BG_EV_SESSION_CLOSED, "bg1", "console", USE_A, getpid());
    assert_int_equal(bg_state_account(p->journal, "bg1", use), BG_STATE_AWAITING_REVIEW);
    assert_string_equal(use, USE_B);
    assert_false(bg_state_active(p->journal, p->run, "bg1", use));
}

/* --- the file ----------------------------------------------------------------------------------- */

/* Two failures, one of them before a grant; a session that is open. */
static void fill(struct place *p)
{
    put(p, BG_EV_ATTEMPT_FAILED, "bg1", "network", NULL, 0);
    bg_sleep_ms(2);
    put(p, BG_EV_USE_GRANTED, "bg1", "console", USE_A, getpid());
    put(p, BG_EV_SESSION_OPENED, "bg1", "console", USE_A, getpid());
    bg_sleep_ms(2);
    put(p, BG_EV_ATTEMPT_FAILED, "bg1", "network", NULL, 0);
}

static void assert_filled(struct place *p)
{
    char use[BG_ULID_LEN + 1] = "";
    int64_t since;

    assert_int_equal(failures(p, "bg1", BG_SOURCE_NETWORK, &since), 1);
    assert_true(bg_state_active(p->journal, p->run, "bg1", use));
    assert_string_equal(use, USE_A);
}

/* Whatever the journal has become, the file is believed. */
static void a_journal_that_is_gone_or_garbage_changes_nothing(void **state)
{
    struct place *p = *state;
    char use[BG_ULID_LEN + 1] = "", *garbage = calloc(1, 1 << 20);

    fill(p);
    place_write(p->journal, "000001.jsonl", garbage, 1 << 20);
    free(garbage);
    assert_filled(p);
    assert_int_equal(bg_state_account(p->journal, "bg1", use), BG_STATE_IN_USE);
    place_write(p->journal, "000001.jsonl", "", 0);
    assert_filled(p);
}

/* One copy is damaged, cut or of another account: the other counts; without any, the journal. */
static void a_damaged_copy_is_no_copy(void **state)
{
    static const char *const where[] = {"state", "run"};
    struct place *p = *state;
    char dir[160];
    size_t n, counter; /* of failures over the network, in a file */

    fill(p);
    for (int i = 0; i < 2; i++) {
        (void)snprintf(dir, sizeof dir, "%s/%s/state", p->root, where[i]);
        char *whole = place_read(dir, "account-bg1", &n);
        counter =
            n - sizeof(struct bg_tally) + offsetof(struct bg_tally, failed[BG_SOURCE_NETWORK - 1].count);
        whole[counter] ^= 2;
        place_write(dir, "account-bg1", whole, n);
        assert_filled(p);
        whole[counter] ^= 2;
        place_write(dir, "account-bg1", whole, n - 1);
        assert_filled(p);
        place_write(dir, "account-bg1", "", 0);
        assert_filled(p);
        free(whole);
    }
    assert_filled(p); /* both are gone now */
    place_write(p->journal, "000001.jsonl", "", 0);
    assert_int_equal(failures(p, "bg1", BG_SOURCE_NETWORK, &(int64_t){0}), 0);
}

/* It survives a boot on the disk. */
static void the_copy_on_the_disk_is_enough(void **state)
{
    struct place *p = *state;
    char command[256];

    fill(p);
    (void)snprintf(command, sizeof command, "rm -rf %s/run %s/*.jsonl", p->root, p->journal);
    assert_int_equal(system(command), 0);
    assert_filled(p);
}

/* A copy that could not be written for a while is the older one. */
static void the_newer_copy_counts(void **state)
{
    struct place *p = *state;
    char dir[160], *old;
    size_t n;
    int64_t since;

    put(p, BG_EV_ATTEMPT_FAILED, "bg1", "network", NULL, 0);
    (void)snprintf(dir, sizeof dir, "%s/run/state", p->root);
    old = place_read(dir, "account-bg1", &n);
    put(p, BG_EV_ATTEMPT_FAILED, "bg1", "network", NULL, 0);
    place_write(dir, "account-bg1", old, n);
    free(old);
    assert_int_equal(failures(p, "bg1", BG_SOURCE_NETWORK, &since), 2);
    put(p, BG_EV_ATTEMPT_FAILED, "bg1", "network", NULL, 0);
    assert_int_equal(failures(p, "bg1", BG_SOURCE_NETWORK, &since), 3);
}

/* Anybody could have written it. */
static void an_open_file_is_not_believed(void **state)
{
    struct place *p = *state;
    char path[160];

    fill(p);
    put(p, BG_EV_ATTEMPT_FAILED, "bg1", "network", NULL, 0);
    place_write(p->journal, "000001.jsonl", "", 0);
    (void)snprintf(path, sizeof path, "%s/state/state/account-bg1", p->root);
    assert_int_equal(chmod(path, 0666), 0);
    (void)snprintf(path, sizeof path, "%s/run/state/account-bg1", p->root);
    assert_int_equal(chmod(path, 0666), 0);
    assert_int_equal(failures(p, "bg1", BG_SOURCE_NETWORK, &(int64_t){0}), 0);
}

/* What is not in the journal counts too, and what is there counts once when the file is made from it. */
static void the_first_event_after_a_loss_counts_once(void **state)
{
    struct place *p = *state;
    struct bg_event e = event(BG_EV_ATTEMPT_FAILED, "bg1", "network", NULL, 0);
    int64_t since;

    put(p, BG_EV_ATTEMPT_FAILED, "bg1", "network", NULL, 0);
    forget(p);
    put(p, BG_EV_ATTEMPT_FAILED, "bg1", "network", NULL, 0);
    assert_int_equal(failures(p, "bg1", BG_SOURCE_NETWORK, &since), 2);
    forget(p);
    bg_state_note(p->journal, p->run, &e, BG_RECORDED_KMSG);
    assert_int_equal(failures(p, "bg1", BG_SOURCE_NETWORK, &since), 3);
}

/* What /proc/keys says of how long the key is kept: "2h", "1w"; "": it does not tell. */
static void time_of_key(const char *key, char out[16])
{
    char line[512];
    FILE *f = fopen("/proc/keys", "r");

    out[0] = '\0';
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (strstr(line, key) != NULL && sscanf(line, "%*s %*s %*s %15s", out) == 1)
            break;
    if (f != NULL)
        (void)fclose(f);
}

/* Neither /run nor the disk takes anything: what is known is kept all the same, for as long as an account may
 * be armed. */
static void without_any_file_system_the_kernel_keeps_it(void **state)
{
    struct bg_event e = event(BG_EV_ATTEMPT_FAILED, "bg1", "network", NULL, 0);
    char dir[64], run[64], key[128], kept[16];
    unsigned n = 0;
    int64_t since;

    (void)state;
    if (geteuid() != 0 || bg_keyring_put("breakglass:test", "x", 1, 5) != BG_OK)
        skip(); /* others may keep less there; a container may have no keyrings */
    assert_int_equal(bg_keyring_drop("breakglass:test"), BG_OK);
    (void)snprintf(dir, sizeof dir, "/proc/none-%d/journal", getpid());
    (void)snprintf(run, sizeof run, "/proc/no-run-%d/journal", getpid());
    (void)snprintf(key, sizeof key, "breakglass:%llu.0.0:/proc/no-run-%d/state/account-bg1",
                   (unsigned long long)bg_host_pid_start(1), getpid());
    for (int i = 0; i < 3; i++)
        bg_state_note(dir, run, &e, BG_RECORDED_KMSG);
    bg_state_failures(dir, run, "bg1", BG_SOURCE_NETWORK, &n, &since);
    time_of_key(key, kept);
    assert_int_equal(bg_keyring_drop(key), BG_OK);
    assert_int_equal(n, 3);
    if (kept[0] != '\0')
        assert_string_equal(kept, "1w");
}

/* Ages are told by the clock that nobody can set: a wall clock that steps makes no failure younger or older.
 */
static void the_last_hour_of_the_file(void **state)
{
    struct place *p = *state;
    struct bg_room room;
    struct bg_tally t;
    int64_t since;

    put(p, BG_EV_ATTEMPT_FAILED, "bg1", "network", NULL, 0);
    put(p, BG_EV_ATTEMPT_FAILED, "bg1", "network", NULL, 0);
    assert_int_equal(bg_state_tally(p->journal, p->run, "bg1", &t), BG_OK);
    t.failed[BG_SOURCE_NETWORK - 1].last[0] = t.failed[BG_SOURCE_NETWORK - 1].last[1];
    t.failed[BG_SOURCE_NETWORK - 1].last[0].boot_ms = bg_now_ms() - 3700 * 1000;
    t.failed[BG_SOURCE_NETWORK - 1].last[1].boot_ms = bg_now_ms() - 1800 * 1000;
    t.failed[BG_SOURCE_NETWORK - 1].last[1].wall_ms -= INT64_C(86400000);
    t.failed[BG_SOURCE_NETWORK - 1].last[1].boot = t.failed[BG_SOURCE_NETWORK - 1].last[0].boot =
        bg_boot_number();
    assert_int_equal(bg_room_of(p->journal, p->run, &room), BG_OK);
    assert_int_equal(bg_room_save(&room, "account-bg1", &t, sizeof t, true), BG_OK);
    assert_int_equal(failures(p, "bg1", BG_SOURCE_NETWORK, &since), 1);
    assert_in_range(since, 1800 * 1000, 1860 * 1000);
}

/* The clock was set back between two boots: how old they are is not known, and nobody waits for them for
 * ever.
 */
static void failures_of_another_boot_from_the_future(void **state)
{
    struct place *p = *state;
    struct bg_room room;
    struct bg_tally t;
    struct bg_moment *last;
    int64_t since;

    put(p, BG_EV_ATTEMPT_FAILED, "bg1", "network", NULL, 0);
    put(p, BG_EV_ATTEMPT_FAILED, "bg1", "network", NULL, 0);
    assert_int_equal(bg_state_tally(p->journal, p->run, "bg1", &t), BG_OK);
    last = t.failed[BG_SOURCE_NETWORK - 1].last;
    last[0] = (struct bg_moment){.wall_ms = bg_wall_ms() + INT64_C(86400000), .boot_ms = 5, .boot = 3};
    last[1] = (struct bg_moment){.wall_ms = bg_wall_ms() - 1800 * 1000, .boot_ms = 5, .boot = 3};
    assert_int_equal(bg_room_of(p->journal, p->run, &room), BG_OK);
    assert_int_equal(bg_room_save(&room, "account-bg1", &t, sizeof t, true), BG_OK);
    assert_int_equal(failures(p, "bg1", BG_SOURCE_NETWORK, &since), 1);
    assert_in_range(since, 1800 * 1000, 1860 * 1000);
}

static void the_newest_failures_are_kept(void **state)
{
    struct place *p = *state;
    struct bg_event e = event(BG_EV_ATTEMPT_FAILED, "bg1", "network", NULL, 0);
    int64_t since;

    for (int i = 0; i < 300; i++)
        bg_state_note(p->journal, p->run, &e, BG_RECORDED_KMSG);
    assert_int_equal(failures(p, "bg1", BG_SOURCE_NETWORK, &since), 256);
}

#define T(f) cmocka_unit_test_setup_teardown(f, place_setup, place_teardown)

static int setup_lossy(void **state)
{
    lose = true;
    return place_setup(state);
}

static int teardown_lossy(void **state)
{
    lose = false;
    return place_teardown(state);
}

#define REBUILT(f) cmocka_unit_test_setup_teardown(f, setup_lossy, teardown_lossy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delays_double_up_to_the_cap),
        T(failures_count_by_account_and_source),
        REBUILT(failures_count_by_account_and_source),
        T(typed_text_cannot_fake_a_success),
        REBUILT(typed_text_cannot_fake_a_success),
        T(the_fallback_counts_once),
        REBUILT(the_fallback_counts_once),
        T(active_means_open_in_this_boot_by_a_living_process),
        REBUILT(active_means_open_in_this_boot_by_a_living_process),
        T(a_closed_use_is_not_active),
        REBUILT(a_closed_use_is_not_active),
        T(the_end_of_one_use_is_not_the_end_of_another),
        REBUILT(the_end_of_one_use_is_not_the_end_of_another),
        T(a_use_is_found_in_a_long_journal),
        REBUILT(a_use_is_found_in_a_long_journal),
        T(another_boot_has_ended_every_use),
        REBUILT(another_boot_has_ended_every_use),
        T(only_the_last_hour_counts),
        T(a_journal_that_hangs_costs_a_bounded_time),
        T(a_journal_that_is_gone_or_garbage_changes_nothing),
        T(a_damaged_copy_is_no_copy),
        T(the_copy_on_the_disk_is_enough),
        T(the_newer_copy_counts),
        T(an_open_file_is_not_believed),
        T(the_first_event_after_a_loss_counts_once),
        T(the_last_hour_of_the_file),
        cmocka_unit_test(without_any_file_system_the_kernel_keeps_it),
        T(failures_of_another_boot_from_the_future),
        T(the_newest_failures_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
