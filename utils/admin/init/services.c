/* SPDX-License-Identifier: ISC */
/* What has to run beside the account: the alert service's user, its units; and what comes after init. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "admin/gear/gear.h"
#include "admin/init/init.h"
#include "admin/messages.h"
#include "admin/run.h"
#include "admin/ui.h"
#include "base/sysuser.h"
#include "programs.h"

#define SYSTEMCTL    "/usr/bin/systemctl"
#define SYSUSERS     "/usr/bin/systemd-sysusers"
#define TMPFILES     "/usr/bin/systemd-tmpfiles"
#define USERADD      "/usr/sbin/useradd"
#define RUNNING      "/run/systemd/system" /* systemd is process 1 (sd_booted(3)) */
#define RUN_MS       20000
#define OUTPUT_LIMIT 4096

/* The alarms', then those of dates and of the check; the last two notice that our lines are gone: only where
 * a platform is known to take them out. */
static const char *const units[] = {
    "breakglass-alert.service",        "breakglass-alert.timer",  "breakglass-journal.path",
    "breakglass-journal-stop.service", "breakglass-due.timer",    "breakglass-check.timer",
    "breakglass-check.path",           "breakglass-restore.path", "breakglass-restore.timer"};
#define UNITS       (sizeof units / sizeof units[0])
#define ALERT_UNITS (UNITS - 5)
#define FIRST_UNIT  (BG_WITH_ALERT ? 0 : ALERT_UNITS)
#define LAST_UNIT   (!BG_WITH_UNITS ? ALERT_UNITS : gear_now() == GEAR_NONE ? UNITS - 2 : UNITS)

/* BG_OK: it ended with 0. Else said is what it printed, or why it could not be run. */
static enum bg_err run_quiet(const char *const argv[], char said[256])
{
    struct run_result res = {0};
    enum bg_err r = run_program(argv, NULL, 0, OUTPUT_LIMIT, RUN_MS, &res);

    if (r == BG_OK) {
        res.out[strcspn(res.out, "\r\n")] = '\0';
        r = res.exit_status == 0 ? BG_OK : BG_E_REFUSED;
    }
    (void)snprintf(said, 256, "%s", res.out != NULL && res.out[0] != '\0' ? res.out : bg_strerror(r));
    free(res.out);
    return r;
}

static bool unit_is(const char *state, const char *unit)
{
    const char *const argv[] = {SYSTEMCTL, "--quiet", state, unit, NULL};
    char said[256];

    return run_quiet(argv, said) == BG_OK;
}

static bool has_user(void)
{
    uid_t uid;
    gid_t gid;

    return bg_sysuser(BG_ALERT_USER, &uid, &gid) == BG_OK;
}

void services_plan(struct init_services *s)
{
    *s = (struct init_services){.user = BG_WITH_ALERT && !has_user(), .systemd = access(RUNNING, F_OK) == 0};
    for (size_t i = FIRST_UNIT; s->systemd && i < LAST_UNIT; i++)
        s->start = s->start || !unit_is("is-enabled", units[i]) || !unit_is("is-active", units[i]);
}

void services_show(const struct init_services *s)
{
    if (s->user)
        ui_text("%-9s user %s\n", "To make", BG_ALERT_USER);
    for (size_t i = FIRST_UNIT; s->start && i < LAST_UNIT; i++)
        ui_text("%-9s %s\n", i == FIRST_UNIT ? "To start" : "", units[i]);
}

void services_user(const struct init_services *s)
{
    const char *const sysusers[] = {SYSUSERS, "--inline", "u " BG_ALERT_USER " - \"Break-glass alarms\" - -",
                                    NULL};
    const char *const useradd[] = {USERADD, "--system", "--user-group",      "--no-create-home", "--home-dir",
                                   "/",     "--shell",  "/usr/sbin/nologin", BG_ALERT_USER,      NULL};
    char said[256];

    if (!s->user)
        return;
    if (run_quiet(sysusers, said) != BG_OK || !has_user())
        (void)!run_quiet(useradd, said);
    if (has_user())
        ui_text("%-9s user %s\n", "Made", BG_ALERT_USER);
    else
        ui_finding(BG_M_CMD_NO_USER, BG_ARGS(BG_ALERT_USER, said));
}

void services_start(const struct init_services *s, json_t *started, bool wait)
{
    static const char *const prepare[][4] = {{TMPFILES, "--create", "breakglass.conf", NULL},
                                             {SYSTEMCTL, "daemon-reload", NULL}};
    char said[256];

    if (!BG_WITH_ALERT)
        ui_note(BG_M_CMD_NO_DELIVERY, BG_NOARGS);
    else if (!s->systemd)
        ui_note(BG_M_CMD_NO_SYSTEMD, BG_ARGS(PROGRAM_ALERT, BG_ALERT_USER));
    for (size_t i = 0; s->start && i < sizeof prepare / sizeof prepare[0]; i++)
        (void)!run_quiet(prepare[i], said); /* what comes of it shows when the unit starts */
    for (size_t i = FIRST_UNIT; s->start && i < LAST_UNIT; i++) {
        const char *const start[] = {
            SYSTEMCTL, "--quiet", "enable", "--now", units[i], wait ? NULL : "--no-block", NULL};
        if (run_quiet(start, said) != BG_OK || (wait && !unit_is("is-active", units[i]))) {
            ui_finding(BG_M_CMD_NOT_STARTED, BG_ARGS(units[i], said));
            continue;
        }
        ui_text("%-9s %s\n", "Started", units[i]);
        (void)json_array_append_new(started, json_string(units[i]));
    }
}

/* What runs delivers on; at the next boot it does not come back. */
void services_forget(void)
{
    char said[256];

    for (size_t i = FIRST_UNIT; access(RUNNING, F_OK) == 0 && i < (BG_WITH_UNITS ? UNITS : ALERT_UNITS);
         i++) {
        const bool timer = i >= ALERT_UNITS; /* it would go on without an account */
        const char *const disable[] = {SYSTEMCTL, "--quiet", "disable", units[i], timer ? "--now" : NULL,
                                       NULL};
        if (unit_is("is-enabled", units[i]) && run_quiet(disable, said) != BG_OK)
            ui_finding(BG_M_CMD_NOT_STARTED, BG_ARGS(units[i], said));
    }
}

/* One step of what a person does next; the first is labelled. */
static void step(bool *first, const char *command, const char *account, const char *why)
{
    char line[96];

    (void)snprintf(line, sizeof line, "%s%s%s", command, account[0] != '\0' ? " " : "", account);
    ui_text("%-9s %-30s %s\n", *first ? "Next" : "", line, why);
    *first = false;
}

void services_next(const char *account)
{
    static struct bg_credential c;
    static struct bg_policy policy;
    struct bg_ini_error bad;
    struct bg_faults faults;
    bool first = true, known = bg_credential_load(BG_CREDENTIALS_DIR, account, &c, &bad) == BG_OK;

    (void)!bg_policy_load(BG_POLICY_PATH, &policy, &faults);
    if (!known || !c.has_shares)
        step(&first, "breakglass share new", account, "cards for the custodians");
    if (BG_WITH_FIDO && (!known || c.key_count == 0))
        step(&first, "breakglass key add", account, "a FIDO2 key for this host's console");
    if (BG_WITH_ALERT && policy.sinks.n == 0)
        step(&first, "[sink NAME]", "", "in breakglass.conf: where alarms go");
    if (BG_WITH_ALERT)
        step(&first, "breakglass alert test", "", "does every sink take one?");
    step(&first, "login:", account, "a first drill, from a second terminal;");
    ui_text("%-9s %-30s %s\n", "", "", "keep this one open until it has worked");
    step(&first, "breakglass status", "", "what is still missing");
    bg_credential_free(&c);
}
