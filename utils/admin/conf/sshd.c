#include "admin/conf/sshd.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/safefile.h"
#include "admin/run.h"
#include "admin/ui.h"
#include "admin/messages.h"

#define PRIVSEP_DIR  "/run/sshd"
#define SSHD_MS      10000
#define OUTPUT_LIMIT 65536

/*
 * What stands in a Match block, and how "sshd -T" shows it. LoginGraceTime, MaxStartups, UseDNS and UsePAM
 * are refused in there. The settings after the first six keep a global or later one from shutting the account
 * out.
 */
struct setting {
    const char *key, *value; /* value NULL: the account's name */
    bool uid0_only;
};
static const struct setting settings[] = {
    {"AuthenticationMethods", "keyboard-interactive:pam", false},
    {"KbdInteractiveAuthentication", "yes", false},
    {"PasswordAuthentication", "no", false},
    {"PermitEmptyPasswords", "no", false},
    {"AuthorizedKeysFile", BG_CONFDIR "/ssh/%u", false},
    {"AuthorizedKeysCommand", "none", false},
    {"PermitRootLogin", "yes", true},
    {"PermitTTY", "yes", false},
    {"MaxAuthTries", "6", false},
    {"AllowUsers", NULL, false},
    {"ForceCommand", "none", false},
    {"ChrootDirectory", "none", false},
};
#define SETTINGS (sizeof settings / sizeof settings[0])

bool sshd_installed(void)
{
    return access(SSHD_PROGRAM, X_OK) == 0;
}

char *sshd_dropin(const struct account_rows *rows)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);

    if (to == NULL)
        return NULL;
    (void)fputs("# Written by \"breakglass init\"; \"breakglass init --undo\" removes it.\n"
                "# The first matching block wins, so this file must be read before any other Match.\n",
                to);
    for (size_t i = 0; i < rows->n; i++) {
        const struct account_row *row = &rows->row[i];
        if (row->wrong[0] != '\0')
            continue;
        (void)fprintf(to, "Match User %s\n", row->name);
        for (size_t k = 0; k < SETTINGS; k++)
            if (!settings[k].uid0_only || row->uid == 0)
                (void)fprintf(to, "    %s %s\n", settings[k].key,
                              settings[k].value == NULL ? row->name : settings[k].value);
    }
    if (fclose(to) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

/* Run sshd with the privilege separation directory in place. */
static enum bg_err run_sshd(const char *const argv[], struct run_result *res)
{
    static bool told;
    bool made = mkdir(PRIVSEP_DIR, 0755) == 0;
    enum bg_err r;

    if (made)
        (void)chmod(PRIVSEP_DIR, 0755);
    r = run_program(argv, NULL, 0, OUTPUT_LIMIT, SSHD_MS, res);
    if (made) {
        (void)rmdir(PRIVSEP_DIR);
        if (!told)
            ui_note(BG_M_CMD_SSHD_PRIVSEP, BG_ARGS(PRIVSEP_DIR));
        told = true;
    }
    return r;
}

bool sshd_config_ok(char *why, size_t cap)
{
    const char *const argv[] = {SSHD_PROGRAM, "-t", NULL};
    struct run_result res;
    enum bg_err r = run_sshd(argv, &res);
    bool good;

    if (r != BG_OK) {
        (void)snprintf(why, cap, "%s", bg_strerror(r));
        return false;
    }
    good = res.exit_status == 0;
    res.out[strcspn(res.out, "\r\n")] = '\0';
    (void)snprintf(why, cap, "%s", res.out);
    free(res.out);
    return good;
}

/* The line of "sshd -T" for a key, cut off from the rest; NULL without one. */
static char *find_value(char *dump, const char *key)
{
    size_t n = strlen(key);

    for (char *p = dump; p != NULL && *p != '\0'; p = strchr(p, '\n'), p += p != NULL)
        if (strncasecmp(p, key, n) == 0 && p[n] == ' ')
            return p + n + 1;
    return NULL;
}

static bool value_is(char *dump, const char *key, const char *want)
{
    const char *v = find_value(dump, key);
    size_t n = v == NULL ? 0 : strcspn(v, "\n");

    return v != NULL && n == strlen(want) && strncmp(v, want, n) == 0;
}

static void not_ours(char *dump, const char *account, const char *key, const char *want)
{
    const char *v = find_value(dump, key);
    char got[128];

    (void)snprintf(got, sizeof got, "%.*s", v == NULL ? 0 : (int)strcspn(v, "\n"), v == NULL ? "" : v);
    ui_finding(BG_M_CMD_SSHD_LOSES, BG_ARGS(account, key, got[0] == '\0' ? "nothing" : got, want));
}

static bool judge_dump(char *dump, const struct account_row *row)
{
    static const char *const shutting[] = {"denyusers", "denygroups", "allowgroups"};
    unsigned before = ui_findings();

    for (size_t k = 0; k < SETTINGS; k++) {
        const char *want = settings[k].value == NULL ? row->name : settings[k].value;
        if ((!settings[k].uid0_only || row->uid == 0) && !value_is(dump, settings[k].key, want))
            not_ours(dump, row->name, settings[k].key, want);
    }
    if (!value_is(dump, "usepam", "yes"))
        not_ours(dump, row->name, "UsePAM", "yes");
    for (size_t k = 0; k < sizeof shutting / sizeof shutting[0]; k++)
        if (find_value(dump, shutting[k]) != NULL)
            ui_note(BG_M_CMD_SSHD_SHUTS, BG_ARGS(shutting[k], row->name));
    return ui_findings() == before;
}

bool sshd_block_wins(const struct account_row *row)
{
    char who[96];
    const char *const argv[] = {SSHD_PROGRAM, "-T", "-C", who, NULL};
    struct run_result res;
    bool wins;

    (void)snprintf(who, sizeof who, "user=%s,host=localhost,addr=127.0.0.1", row->name);
    if (run_sshd(argv, &res) != BG_OK || res.exit_status != 0) {
        ui_finding(BG_M_CMD_SSHD_LOSES, BG_ARGS(row->name, "sshd -T", "no answer", "its settings"));
        return false;
    }
    wins = judge_dump(res.out, row);
    free(res.out);
    return wins;
}

/* The pid in SSHD_PIDFILE, if that process is SSHD_PROGRAM; 0 otherwise. */
static pid_t running_sshd(void)
{
    char text[32], link[64], exe[PATH_MAX];
    size_t len;
    ssize_t n;
    long pid;

    if (bg_file_read(SSHD_PIDFILE, text, sizeof text, &len) != BG_OK)
        return 0;
    pid = strtol(text, NULL, 10);
    if (pid <= 1 || pid > INT_MAX)
        return 0;
    (void)snprintf(link, sizeof link, "/proc/%ld/exe", pid);
    n = readlink(link, exe, sizeof exe - 1);
    exe[n > 0 ? n : 0] = '\0';
    return strcmp(exe, SSHD_PROGRAM) == 0 ? (pid_t)pid : 0;
}

void sshd_reload(void)
{
    pid_t pid = running_sshd();
    char number[32];

    (void)snprintf(number, sizeof number, "%d", (int)pid);
    if (pid == 0 || kill(pid, SIGHUP) != 0)
        ui_note(BG_M_CMD_SSHD_NOT_TOLD, BG_ARGS(SSHD_PIDFILE));
    else
        ui_text("sshd, process %s, was told to read its configuration again.\n", number);
}
