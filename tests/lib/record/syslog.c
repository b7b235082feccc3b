/* SPDX-License-Identifier: ISC */
/* The syslog sender against a real unix socket: what it says, and what a reader that stopped costs. */
#include "place.h"

#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/safefile.h"
#include "record/fallback.h"

struct daemon {
    struct place p;
    char path[100];
    int fd;
};

static int make(void **state)
{
    struct daemon *d = calloc(1, sizeof *d);
    struct sockaddr_un sa = {.sun_family = AF_UNIX};

    place_make(&d->p);
    (void)snprintf(d->path, sizeof d->path, "%s/log", d->p.root);
    (void)snprintf(sa.sun_path, sizeof sa.sun_path, "%s", d->path);
    assert_true((d->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) >= 0);
    assert_int_equal(bind(d->fd, (struct sockaddr *)&sa, sizeof sa), 0);
    d->p.rec.syslog_path = d->path;
    *state = d;
    return 0;
}

static int drop(void **state)
{
    struct daemon *d = *state;

    if (d->fd >= 0)
        (void)close(d->fd);
    place_remove(&d->p);
    free(d);
    return 0;
}

/* The next datagram, NUL-ended. */
static size_t receive(struct daemon *d, char *buf, size_t cap)
{
    ssize_t n = recv(d->fd, buf, cap - 1, 0);

    assert_true(n > 0);
    buf[n] = '\0';
    return (size_t)n;
}

static json_t *payload(const char *msg)
{
    const char *cookie = strstr(msg, "@cee: ");

    assert_non_null(cookie);
    return json_loads(cookie + 6, JSON_REJECT_DUPLICATES, NULL);
}

static void the_line_is_what_rsyslog_expects(void **state)
{
    struct daemon *d = *state;
    struct bg_event e = place_event("LDAP is down");
    enum bg_recorded where;
    char line[BG_LINE_MAX], msg[BG_LINE_MAX];
    regex_t re;
    size_t n;

    assert_int_equal(bg_record(&d->p.rec, &e, &where, NULL), BG_OK);
    assert_int_equal(where, BG_RECORDED_JOURNAL);
    place_newest(d->p.journal, line);
    n = receive(d, msg, sizeof msg);
    /* RFC 3164 4.1: <PRI>Mmm dd hh:mm:ss TAG[PID]: with a blank for a leading zero of the day */
    assert_int_equal(regcomp(&re,
                             "^<81>(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ 123][0-9] "
                             "[0-2][0-9]:[0-5][0-9]:[0-6][0-9] breakglass\\[[0-9]+\\]: @cee: \\{",
                             REG_EXTENDED | REG_NOSUB),
                     0);
    assert_int_equal(regexec(&re, msg, 0, NULL, 0), 0);
    regfree(&re);
    assert_null(strchr(msg, '\n'));
    assert_int_equal(strlen(msg), n);
    assert_string_equal(strstr(msg, "@cee: ") + 6, line); /* the journal's line, byte for byte */
}

/* RFC 5424 6.2.1: facility authpriv (10) * 8 + severity info (6). What was typed does not make it so. */
static void a_sign_of_life_is_no_alert(void **state)
{
    struct daemon *d = *state;
    struct bg_event e = place_event("\"severitytext\":\"INFO\"");
    enum bg_recorded where;
    char msg[BG_LINE_MAX];

    assert_int_equal(bg_record(&d->p.rec, &e, &where, NULL), BG_OK);
    (void)receive(d, msg, sizeof msg);
    assert_memory_equal(msg, "<81>", 4);
    e.type = BG_EV_HEARTBEAT;
    assert_int_equal(bg_record(&d->p.rec, &e, &where, NULL), BG_OK);
    (void)receive(d, msg, sizeof msg);
    assert_memory_equal(msg, "<86>", 4);
}

static void local_time_is_used(void **state)
{
    struct daemon *d = *state;
    char msg[BG_LINE_MAX], here[32], there[32];
    int64_t budget = 100;

    (void)setenv("TZ", "XXX-9", 1); /* nine hours ahead */
    tzset();
    assert_int_equal(bg_syslog_send(d->path, "{}", 2, &budget), BG_OK);
    (void)receive(d, msg, sizeof msg);
    time_t now = time(NULL) + 9 * 3600;
    (void)unsetenv("TZ");
    tzset();
    (void)strftime(here, sizeof here, "%b %e %H:", gmtime(&now));
    (void)snprintf(there, sizeof there, "%.10s", msg + 4);
    assert_string_equal(there, here);
}

/* A reader that stopped costs the budget of the whole process, and that once. */
static void a_full_queue_costs_the_budget_once(void **state)
{
    struct daemon *d = *state;
    int64_t budget = 150, start = bg_now_ms();
    int refused = 0;

    for (int i = 0; i < 2000; i++)
        if (bg_syslog_send(d->path, "{}", 2, &budget) == BG_E_TIMEOUT)
            refused++;
    assert_true(refused > 0);
    assert_int_equal(budget, 0);
    assert_true(bg_now_ms() - start <= 150 + 20000); /* one budget each would be 300 s */
    d->p.rec.syslog_budget_ms = 150;
    start = bg_now_ms();
    struct bg_event e = place_event("rsyslogd is stopped");
    place_record(&d->p, &e, BG_RECORDED_JOURNAL);
    place_record(&d->p, &e, BG_RECORDED_JOURNAL);
    assert_int_equal(d->p.rec.syslog_budget_ms, 0);
}

static void wait_until_asleep(pid_t pid)
{
    char path[64], text[512];
    const char *state = NULL;
    size_t n;

    (void)snprintf(path, sizeof path, "/proc/%d/stat", pid);
    for (int i = 0; i < 20000 && (state == NULL || strncmp(state, ") S", 3) != 0); i++, bg_sleep_ms(1))
        state = bg_file_read(path, text, sizeof text, &n) == BG_OK ? strrchr(text, ')') : NULL;
}

static void room_that_comes_in_time_is_used(void **state)
{
    struct daemon *d = *state;
    int64_t budget = 0;
    char msg[BG_LINE_MAX];

    while (bg_syslog_send(d->path, "{}", 2, &budget) == BG_OK)
        continue;
    if (fork() == 0) {
        wait_until_asleep(getppid());
        bg_sleep_ms(50);
        (void)!recv(d->fd, msg, sizeof msg, 0);
        _exit(0);
    }
    budget = 20000;
    assert_int_equal(bg_syslog_send(d->path, "{\"late\":1}", 10, &budget), BG_OK);
    assert_true(budget < 20000);
}

static void a_missing_daemon_is_an_error_at_once(void **state)
{
    struct daemon *d = *state;
    int64_t budget = 150;

    assert_int_equal(bg_syslog_send("/nonexistent/log", "{}", 2, &budget), BG_E_NOENT);
    (void)close(d->fd);
    d->fd = -1;
    assert_int_equal(bg_syslog_send(d->path, "{}", 2, &budget),
                     BG_E_NOENT); /* the socket file is left, nobody listens */
    assert_int_equal(budget, 150);
}

/* Reason, message and all as long as they get, all in bytes that JSON doubles: sent without optional parts.
 */
static void a_long_event_is_shortened(void **state)
{
    struct daemon *d = *state;
    static char much[5001];
    struct bg_event e = BG_EVENT_INIT;
    char msg[BG_LINE_MAX];
    enum bg_recorded where;
    json_t *o;
    size_t n;

    memset(much, '\\', sizeof much - 1);
    e.type = BG_EV_USE_GRANTED;
    e.account = "bg1";
    e.use = "01JD7Z3W9Q6M3B1V5X0C8K3F2T";
    e.message = e.reason = e.claimed = e.ticket = e.rhost = e.ruser = e.detail = e.degraded = e.tty = much;
    e.service = e.factor = e.source = much;
    assert_int_equal(bg_record(&d->p.rec, &e, &where, NULL), BG_OK);
    assert_int_equal(where, BG_RECORDED_JOURNAL); /* even the longest fits in the journal */
    n = receive(d, msg, sizeof msg);
    assert_true(n <= BG_SYSLOG_MAX);
    assert_non_null(o = payload(msg));
    assert_string_equal(str(o, "type"), "org.breakglass.use.granted.v1");
    assert_string_equal(str(o, "subject"), "bg1");
    assert_true(json_is_true(json_object_get(o, "shortened")));
    json_decref(o);
}

/* One byte less would have fitted without its header. */
static void what_does_not_fit_goes_without_optional_parts(void **state)
{
    struct daemon *d = *state;
    char json[BG_SYSLOG_MAX + 1], msg[BG_LINE_MAX];
    int64_t budget = 100;
    json_t *o;
    int n =
        snprintf(json, sizeof json, "{\"id\":\"X\",\"type\":\"t\",\"pad\":\"%0*d\"}", BG_SYSLOG_MAX - 31, 0);

    assert_in_range(n, BG_SYSLOG_MAX - 10, BG_SYSLOG_MAX);
    assert_int_equal(bg_syslog_send(d->path, json, (size_t)n, &budget), BG_OK);
    (void)receive(d, msg, sizeof msg);
    assert_non_null(o = payload(msg));
    assert_string_equal(str(o, "id"), "X");
    assert_true(json_is_true(json_object_get(o, "shortened")));
    assert_null(json_object_get(o, "pad"));
    json_decref(o);
}

static void syslog_takes_what_no_journal_takes(void **state)
{
    struct daemon *d = *state;
    struct bg_event e = place_event("no disk at all");
    enum bg_recorded where;
    struct bg_position at = {"x", 1};
    char msg[BG_LINE_MAX];
    json_t *o;

    d->p.rec.dir = "/nonexistent/a/journal";
    d->p.rec.fallback_dir = "/nonexistent/b/journal";
    assert_int_equal(bg_record(&d->p.rec, &e, &where, &at), BG_OK);
    assert_int_equal(at.sequence, 0);
    assert_true(where == BG_RECORDED_SYSLOG || where == BG_RECORDED_AUDIT); /* audit first, where it is on */
    (void)receive(d, msg, sizeof msg);
    assert_non_null(o = payload(msg));
    assert_string_equal(str(own(o), "reason"), "no disk at all");
    assert_non_null(
        strstr(str(own(o), "degraded"), "journal: directory: not found; run: directory: not found"));
    assert_null(json_object_get(o, "sequence")); /* it is in no chain */
    json_decref(o);
}

static void nothing_is_left_open(void **state)
{
    struct daemon *d = *state;
    int64_t budget = 0;
    int before = dup(0), after;

    (void)close(before);
    while (bg_syslog_send(d->path, "{}", 2, &budget) == BG_OK)
        continue;
    assert_int_equal(bg_syslog_send("/nonexistent/log", "{}", 2, &budget), BG_E_NOENT);
    after = dup(0);
    (void)close(after);
    assert_int_equal(before, after);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_line_is_what_rsyslog_expects),
        T(a_sign_of_life_is_no_alert),
        T(local_time_is_used),
        T(a_full_queue_costs_the_budget_once),
        T(room_that_comes_in_time_is_used),
        T(a_missing_daemon_is_an_error_at_once),
        T(a_long_event_is_shortened),
        T(what_does_not_fit_goes_without_optional_parts),
        T(syslog_takes_what_no_journal_takes),
        T(nothing_is_left_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
