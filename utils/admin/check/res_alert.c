/* SPDX-License-Identifier: ISC */
/* Rules RES-06 and RES-08: the units of the alarms, their tests, their certificates, and a way without DNS.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "account/accounts.h"
#include "admin/alert/alert.h"
#include "admin/check/host.h"
#include "admin/check/res.h"
#include "admin/due/due.h"
#include "admin/files.h"
#include "admin/messages.h"
#include "admin/ui.h"
#include "base/clock.h"
#include "config/messages.h"
#include "delivery/messages.h"
#include "record/journal.h"

#define SOON_DAYS 30

/* ---- what status finds, as a finding of ours */

static const struct {
    const struct bg_message *said;
    enum check_rule_name rule;
} same[] = {
    {BG_M_CMD_ST_FILE, CHECK_RES_OUR_FILE},      {BG_M_FILE_UNSAFE, CHECK_RES_UNSAFE},
    {BG_M_CMD_ST_UNWRITABLE, CHECK_RES_JOURNAL}, {BG_M_FILE_SYNTAX, CHECK_RES_SYNTAX},
    {BG_M_ALERT_NO_SINK, CHECK_RES_NO_SINK},     {BG_M_ALERT_UNSERVED, CHECK_RES_UNSERVED},
    {BG_M_ALERT_BEHIND, CHECK_RES_BEHIND},       {BG_M_ALERT_REFUSED, CHECK_RES_REFUSED},
    {BG_M_ALERT_CLASS_GAP, CHECK_RES_CLASS_GAP}, {BG_M_SINK_FILE, CHECK_RES_SINK_FILE},
    {BG_M_CMD_SINKS_IDLE, CHECK_RES_IDLE},       {BG_M_CMD_NO_DELIVERY, CHECK_RES_NO_DELIVERY},
};

struct divert {
    struct check *c;
    bool journal_told;
};

static bool take(void *arg, const struct bg_message *id, const char *const *args)
{
    const struct divert *d = arg;

    if (id == BG_M_CMD_ST_UNWRITABLE && d->journal_told)
        return true;
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        if (same[i].said == id) {
            check_find(d->c, same[i].rule, NULL, args);
            return true;
        }
    return false;
}

void res_ours(struct check *c, const struct res_disks *disks)
{
    static struct account_rows rows;
    struct divert d = {c, disks->journal_told};
    json_t *unseen;

    if (disks->hangs) {
        check_unknown(c, CHECK_RES_OUR_FILE, NULL, "their file system does not answer");
        return;
    }
    if (access(BG_ACCOUNTS_PATH, F_OK) == 0 && access(BG_JOURNAL_DIR, F_OK) != 0 && errno == ENOENT)
        check_find(c, CHECK_RES_OUR_FILE, &(struct check_at){.file = BG_JOURNAL_DIR},
                   BG_ARGS(BG_JOURNAL_DIR, "it is missing"));
    if ((unseen = json_object()) == NULL)
        return;
    ui_divert(take, &d);
    if (rows_load(&rows))
        files_look(&rows, NULL, NULL);
    (void)alert_look(unseen, false);
    ui_divert(NULL, NULL);
    json_decref(unseen);
}

/* ---- units */

static void look_unit(struct check *c, const char *unit)
{
    char is[32];

    host_unit(unit, is);
    if (strncmp(is, "masked", 6) == 0)
        check_find(c, CHECK_RES_MASKED, &(struct check_at){.service = unit}, BG_ARGS(unit));
    else if (strcmp(is, "disabled") == 0 && host_by_systemd())
        check_find(c, CHECK_RES_DISABLED, &(struct check_at){.service = unit}, BG_ARGS(unit));
}

/* ---- sinks */

static void look_due(struct check *c, const struct bg_sink *s, const struct due_item *i)
{
    int64_t left = i->due_ms - bg_wall_ms();
    char when[BG_TIME_LEN], days[24];

    bg_time_of(i->due_ms, when);
    (void)snprintf(days, sizeof days, "%lld", (long long)((bg_wall_ms() - i->last_ms) / DUE_DAY_MS));
    if (strncmp(i->id, "certificate ", 12) == 0 && left < SOON_DAYS * DUE_DAY_MS)
        check_find(c, left <= 0 ? CHECK_RES_CERT_ENDED : CHECK_RES_CERT_ENDS, NULL, BG_ARGS(s->name, when));
    else if (strncmp(i->id, "alert-test ", 11) == 0 && i->last_ms == 0)
        check_find(c, CHECK_RES_NEVER_TESTED, NULL, BG_ARGS(s->name));
    else if (strncmp(i->id, "alert-test ", 11) == 0 && left < 0)
        check_find(c, CHECK_RES_TEST_OLD, NULL, BG_ARGS(s->name, days));
}

static void look_sink(struct check *c, const struct bg_policy *p, const struct bg_dates *d,
                      const struct bg_sink *s)
{
    struct due_list l = {.item = NULL};

    due_add_sink(&l, p, d, s, bg_wall_ms());
    for (size_t i = 0; i < l.n; i++)
        look_due(c, s, &l.item[i]);
    due_free(&l);
}

/* Where systems keep the authorities that a program trusts that names none. */
static bool has_authorities(void)
{
    static const char *const files[] = {"/etc/ssl/certs/ca-certificates.crt",
                                        "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
                                        "/etc/ssl/cert.pem"};
    struct stat st;

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (stat(files[i], &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
            return true;
    return false;
}

void res_alert(struct check *c)
{
    static struct bg_dates dates;
    const struct bg_policy *p;
    unsigned outside = 0, by_names = 0;
    bool sound;

    ui_quiet(true); /* its faults are told already */
    p = alert_policy(&sound);
    ui_quiet(false);
    if (p->sinks.n == 0 || !BG_WITH_ALERT)
        return;
    if (bg_dates_load(NULL, NULL, &dates) != BG_OK)
        dates.n = 0;
    for (unsigned i = 0; i < p->sinks.n; i++) {
        look_sink(c, p, &dates, &p->sinks.sink[i]);
        if (bg_sink_by_tls(&p->sinks.sink[i]) && p->sinks.sink[i].ca_file[0] == '\0' && !has_authorities())
            check_find(c, CHECK_RES_AUTHORITIES, NULL, BG_ARGS(p->sinks.sink[i].name));
        outside += bg_sink_is_outside(&p->sinks.sink[i]);
        by_names += bg_sink_is_outside(&p->sinks.sink[i]) && bg_sink_needs_names(&p->sinks.sink[i]);
    }
    if (by_names > 0 && by_names == outside)
        check_find(c, CHECK_RES_DNS, NULL, BG_NOARGS);
    look_unit(c, "breakglass-alert.service");
    look_unit(c, "breakglass-alert.timer");
    look_unit(c, "breakglass-due.timer");
}
