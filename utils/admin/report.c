/* SPDX-License-Identifier: ISC */
#include "admin/admin.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "config/policy.h"
#include "delivery/bell.h"
#include "programs.h"
#include "admin/ui.h"
#include "admin/messages.h"

#define TTY_MAX 64

/* A number of the kernel's; -1 when it is not set (2^32 - 1) or not there. */
static int64_t proc_number(const char *path)
{
    char text[32];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got;
    unsigned long long v;

    if (fd < 0)
        return -1;
    got = read(fd, text, sizeof text - 1);
    (void)close(fd);
    if (got <= 0)
        return -1;
    text[got] = '\0';
    v = strtoull(text, NULL, 10);
    return v >= UINT32_MAX ? -1 : (int64_t)v;
}

void report_caller(int64_t *uid, int64_t *audit_uid)
{
    *uid = getuid();
    *audit_uid = proc_number("/proc/self/loginuid");
}

/* What the kernel knows of who called. */
static void add_caller(struct bg_event *e, char tty[TTY_MAX])
{
    if (ttyname_r(STDIN_FILENO, tty, TTY_MAX) != 0)
        tty[0] = '\0';
    e->service = "breakglass";
    e->tty = tty[0] == '\0' ? NULL : tty;
    e->host_pid = getpid();
    report_caller(&e->caller_uid, &e->audit_uid);
    e->audit_session = proc_number("/proc/self/sessionid");
}

static void make_recorder(struct bg_recorder *rec)
{
    struct bg_policy policy;
    struct bg_faults bad;

    bg_recorder_init(rec);
    (void)!bg_policy_load(BG_POLICY_PATH, &policy, &bad); /* status tells what is wrong with it */
    rec->timeout_ms = policy.journal_timeout;
    rec->syslog_path = policy.syslog ? rec->syslog_path : "";
}

enum bg_err report_seal(const struct bg_event *e, const struct bg_seal *seal)
{
    struct bg_event whole = *e;
    struct bg_recorder rec;
    char tty[TTY_MAX] = "";
    enum bg_err r;

    add_caller(&whole, tty);
    make_recorder(&rec);
    if ((r = bg_journal_seal(&rec, &whole, seal)) == BG_OK)
        (void)!bg_bell_ring(PROGRAM_ALERT);
    return r;
}

static enum bg_recorded put(struct bg_event e, struct bg_position *at)
{
    struct bg_recorder rec;
    enum bg_recorded where = BG_RECORDED_NOWHERE;
    char tty[TTY_MAX] = "";

    add_caller(&e, tty);
    make_recorder(&rec);
    return bg_record(&rec, &e, &where, at) == BG_OK ? where : BG_RECORDED_NOWHERE;
}

static enum bg_recorded record(enum bg_event_type type, bool success, const char *account,
                               const char *message, struct bg_position *at)
{
    struct bg_event e = BG_EVENT_INIT;

    e.type = type;
    e.success = success;
    e.account = account;
    e.message = message;
    return put(e, at);
}

void report_event(enum bg_event_type type, const char *account, const char *message)
{
    struct bg_position at;

    report_event_at(type, account, message, &at);
    (void)!bg_bell_ring(PROGRAM_ALERT); /* one without a sink ends at once */
}

void report_event_at(enum bg_event_type type, const char *account, const char *message,
                     struct bg_position *at)
{
    struct bg_event e = BG_EVENT_INIT;

    e.type = type;
    e.success = type != BG_EV_KEY_COUNTER_BACK; /* the one failure that a command records after the fact */
    e.account = account;
    e.message = message;
    report_event_whole(&e, at);
}

void report_event_whole(const struct bg_event *e, struct bg_position *at)
{
    enum bg_recorded where = put(*e, at);

    if (where != BG_RECORDED_JOURNAL)
        ui_note(BG_M_CMD_RECORD, BG_ARGS(bg_recorded_name(where)));
}

static bool is_recorded(enum bg_recorded where)
{
    if (where == BG_RECORDED_NOWHERE)
        ui_finding(BG_M_CMD_UNRECORDED, BG_NOARGS);
    else if (where != BG_RECORDED_JOURNAL)
        ui_note(BG_M_CMD_RECORD, BG_ARGS(bg_recorded_name(where)));
    (void)!bg_bell_ring(PROGRAM_ALERT);
    return where != BG_RECORDED_NOWHERE;
}

bool report_first(enum bg_event_type type, const char *account, const char *message)
{
    struct bg_position at;

    return is_recorded(record(type, true, account, message, &at));
}

bool report_first_event(const struct bg_event *e)
{
    struct bg_position at;

    return is_recorded(put(*e, &at));
}

void report_failure(enum bg_event_type type, const char *account, const char *message)
{
    struct bg_position at;

    (void)record(type, false, account, message, &at);
    (void)!bg_bell_ring(PROGRAM_ALERT);
}
