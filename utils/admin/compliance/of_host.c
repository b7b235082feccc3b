/* SPDX-License-Identifier: ISC */
/* Controls of the alarm, the journal and the host itself. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "admin/compliance/compliance.h"
#include "base/host.h"
#include "delivery/cursor.h"
#include "record/state.h"
#include "record/tamper.h"

#define HEARTBEAT_MS  INT64_C(7200000)
#define KEEP_DAYS     365
#define PROCESSES_MAX 65536
#define PROCESSES_MS  2000
#define AUTHORIZED    ".ssh/authorized_keys"

/* --- the alarm ---------------------------------------------------------------------------------- */

/* By which medium a sink reaches a person: another one fails for another cause. */
static bool by_telephone(const struct bg_sink *s)
{
    return s->type == BG_SINK_TWILIO;
}

static void say_channels(const struct facts *f, struct judged *j)
{
    const struct bg_sinks *s = &f->policy->sinks;
    unsigned types = 0, phones = 0, pages = 0;

    for (unsigned i = 0; i < s->n; i++) {
        if (bg_sink_class(&s->sink[i]) != BG_CLASS_PAGE)
            continue;
        pages++;
        phones += by_telephone(&s->sink[i]);
        types |= 1u << s->sink[i].type;
        judge_evidence(j, "option", s->sink[i].name, "", 0);
    }
    if (pages == 0)
        judge_say(j, VERDICT_FAIL, "no sink wakes a person");
    else if ((types & (types - 1)) == 0)
        judge_say(j, VERDICT_FAIL, "people are woken by one kind of sink");
    else if (phones == 0 || phones == pages)
        judge_say(j, VERDICT_WARN, "every sink that wakes people needs the same network");
    else
        judge_say(j, VERDICT_PASS, "people are woken by telephone and by data");
}

void judge_two_ways(const struct facts *f, struct judged *j)
{
    const struct bg_people *p = &f->custody->people;
    unsigned n = 0;

    say_channels(f, j);
    for (unsigned i = 0; i < p->n; i++)
        n += bg_person_has(&p->person[i], BG_ROLE_WAKE);
    if (p->n == 0)
        judge_say(j, VERDICT_UNKNOWN, "who is woken is on no list of people");
    else if (n < 2)
        judge_say(j, VERDICT_FAIL, "%s on the list of people is woken", n == 0 ? "nobody" : "one person");
}

static void say_heartbeat(const struct facts *f, struct judged *j)
{
    if (f->past.heartbeat_ms == 0 || f->now - f->past.heartbeat_ms > HEARTBEAT_MS)
        judge_say(j, VERDICT_FAIL,
                  f->policy->heartbeat == 0 ? "breakglass.conf asks for no heartbeat (heartbeat = 0)"
                                            : "no heartbeat of the last two hours is in the journal");
    else
        judge_say(j, VERDICT_PASS, "a heartbeat is less than two hours old");
    if (f->past.heartbeat_ms != 0)
        judge_evidence(j, "event", f->past.heartbeat, "", f->past.heartbeat_ms);
}

void judge_alarm_tested(const struct facts *f, struct judged *j)
{
    if (!judge_any_account(f, j) || !judge_past(f, j))
        return;
    if (f->policy->sinks.n == 0 || !BG_WITH_ALERT)
        judge_say(j, VERDICT_FAIL, "no alarm leaves this host");
    else if (!judge_dates(f, j, "alert-test "))
        judge_say(j, VERDICT_FAIL, "breakglass.conf asks for no test of sinks (alert-test-days = 0)");
    say_heartbeat(f, j);
}

/* --- the journal -------------------------------------------------------------------------------- */

/* What a receiver outside that keeps the record has taken. */
static void say_outside(const struct facts *f, struct judged *j)
{
    const struct bg_sinks *s = &f->policy->sinks;
    int64_t newest = 0;
    unsigned n = 0;

    for (unsigned i = 0; i < s->n; i++) {
        struct bg_cursor *c;
        if (bg_sink_class(&s->sink[i]) != BG_CLASS_RECORD || !bg_sink_is_outside(&s->sink[i]))
            continue;
        n++;
        if ((c = calloc(1, sizeof *c)) != NULL && bg_cursor_load(NULL, s->sink[i].name, false, c) == BG_OK &&
            c->acked > newest)
            newest = c->acked;
        free(c);
        judge_evidence(j, "option", s->sink[i].name, "", newest);
    }
    if (n == 0)
        judge_say(j, VERDICT_FAIL, "no receiver outside this host keeps the record");
    else if (newest == 0)
        judge_say(j, VERDICT_FAIL, "no receiver outside this host has ever taken anything");
    else /* what is there is theirs to tell: "journal verify --against" compares it */
        judge_say(j, VERDICT_PASS, "a receiver outside takes it");
}

static void say_lines(struct judged *j)
{
    struct bg_verify v = {0};
    struct bg_second_look second;
    enum bg_err r = bg_journal_examine(NULL, NULL, &v, &second);

    if (r == BG_E_MISMATCH || second.gone.message != NULL || v.alarms > 0)
        judge_say(j, VERDICT_FAIL,
                  "the journal is not intact, or somebody was at it: breakglass journal verify");
    else if (r != BG_OK)
        judge_say(j, VERDICT_UNKNOWN, "the journal cannot be verified: %s", bg_strerror(r));
    else
        judge_say(j, VERDICT_PASS, "the journal verifies, up to line %llu",
                  (unsigned long long)v.head_sequence);
    judge_evidence(j, "file", BG_JOURNAL_DIR, "", 0);
}

void judge_journal_kept(const struct facts *f, struct judged *j)
{
    unsigned days = f->policy->journal_keep;

    say_lines(j);
    say_outside(f, j);
    if (days != 0 && days < KEEP_DAYS)
        judge_say(j, VERDICT_FAIL, "the journal is kept for %u days (journal-keep)", days);
}

/* --- nothing else --------------------------------------------------------------------------------- */

static void say_file(struct judged *j, const struct account_row *row, const char *path, const char *what)
{
    struct stat st;

    if (stat(path, &st) != 0 || st.st_size == 0)
        return;
    judge_say(j, VERDICT_FAIL, "%s has %s", row->name, what);
    judge_evidence(j, "file", path, row->name, (int64_t)st.st_mtim.tv_sec * 1000);
}

static bool is_theirs(int64_t pid, const struct account_row *row)
{
    char text[32];
    unsigned long audit = 0;

    if (bg_host_pid_file(pid, "loginuid", text, sizeof text) > 0)
        audit = strtoul(text, NULL, 10);
    return row->has_audit_uid ? audit == row->audit_uid : row->uid != 0 && audit == row->uid;
}

/* A process of a session of theirs; 0: there is none, -1: nobody can tell. */
static int64_t process_of(const struct account_row *row)
{
    int64_t deadline = bg_deadline(PROCESSES_MS), found = 0;
    unsigned n = 0;
    DIR *d = opendir("/proc");
    struct dirent *e;
    uint32_t pid;

    if (d == NULL || (!row->has_audit_uid && row->uid == 0)) {
        if (d != NULL)
            (void)closedir(d);
        return -1;
    }
    while (found == 0 && (e = readdir(d)) != NULL) {
        if (!bg_number(e->d_name, 1, UINT32_MAX, &pid))
            continue;
        if (n++ == PROCESSES_MAX || bg_left_ms(deadline) == 0)
            found = -1;
        else if (is_theirs(pid, row))
            found = pid;
    }
    (void)closedir(d);
    return found;
}

static void say_processes(struct judged *j, const struct account_row *row)
{
    char use[BG_ULID_LEN + 1] = "";
    int64_t pid;

    if (bg_state_account(NULL, row->name, use) == BG_STATE_IN_USE)
        return;
    pid = process_of(row);
    if (pid > 0)
        judge_say(j, VERDICT_FAIL, "process %lld is of a session of %s, which is not in use", (long long)pid,
                  row->name);
    else if (pid < 0)
        judge_say(j, VERDICT_UNKNOWN, "which processes are of %s cannot be told", row->name);
}

static void say_account(struct judged *j, const struct account_row *row)
{
    char path[256];

    (void)snprintf(path, sizeof path, "/var/spool/cron/crontabs/%s", row->name);
    say_file(j, row, path, "a crontab");
    (void)snprintf(path, sizeof path, "/var/spool/cron/%s", row->name);
    say_file(j, row, path, "a crontab");
    (void)snprintf(path, sizeof path, "%s/%s", row->home, AUTHORIZED);
    say_file(j, row, path, "SSH keys in its home");
    say_processes(j, row);
}

void judge_nothing_else(const struct facts *f, struct judged *j)
{
    if (!judge_any_account(f, j))
        return;
    judge_say(j, VERDICT_PASS, "no cron, no plain SSH key, no process, no session without a use");
    for (size_t i = 0; i < f->n; i++)
        if (f->account[i].row != NULL)
            say_account(j, f->account[i].row);
    if (!judge_past(f, j))
        return;
    for (unsigned i = 0; i < f->past.n; i++) {
        const struct past_event *e = &f->past.event[i];
        if (e->type != BG_EV_SESSION_UNGRANTED)
            continue;
        judge_say(j, VERDICT_FAIL, "there was a session of %s without a use", e->account);
        judge_evidence(j, "event", e->id, e->account, e->at_ms);
    }
}

/* --- the clock ---------------------------------------------------------------------------------- */

void judge_clock_known(const struct facts *f, struct judged *j)
{
    int64_t error = -1;
    bool synced = bg_host_clock_synced(&error);

    judge_evidence(j, "date", "now", "", f->now);
    if (synced)
        judge_say(j, VERDICT_PASS, "the kernel keeps its clock in step, within %lld us", (long long)error);
    else
        judge_say(j, VERDICT_WARN, "the kernel says that its clock is not kept in step");
}
