/* sshd: our drop-in, checking with sshd itself, and telling a running one. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include "admin/conf/conffile.h"
#include "admin/messages.h"
#include "admin/run.h"
#include "admin/ui.h"
#include "base/safefile.h"

#define PROGRAM      "/usr/sbin/sshd"
#define PIDFILE      "/run/sshd.pid"
#define DROPIN_DIR   BG_SYSCONFDIR "/ssh/sshd_config.d"
#define PRIVSEP_DIR  "/run/sshd"
#define SSHD_MS      10000
#define OUTPUT_LIMIT 65536

/*
 * Our Match block, and what "sshd -T" must show. sshd refuses LoginGraceTime, MaxStartups, UseDNS and UsePAM
 * inside it. The settings after the first six override global ones that would lock the account out.
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

static bool concerns(const struct setting *s, const struct account_row *row)
{
    return !s->uid0_only || row->uid == 0;
}

static const char *wanted(const struct setting *s, const struct account_row *row)
{
    return s->value == NULL ? row->name : s->value;
}

/* One Match block per account. */
static enum bg_err dropin(const struct account_rows *rows, char **out)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);

    if (to == NULL)
        return BG_E_NOMEM;
    (void)fputs("# Written by \"breakglass init\"; \"breakglass init --undo\" removes it.\n"
                "# The first matching block wins, so this file must be read before any other Match.\n",
                to);
    for (const struct account_row *row = rows->row; row < rows->row + rows->n; row++) {
        if (row->wrong[0] != '\0')
            continue;
        (void)fprintf(to, "Match User %s\n", row->name);
        for (const struct setting *s = settings; s < settings + SETTINGS; s++)
            if (concerns(s, row))
                (void)fprintf(to, "    %s %s\n", s->key, wanted(s, row));
    }
    if (fclose(to) != 0) {
        free(text);
        return BG_E_NOMEM;
    }
    *out = text;
    return BG_OK;
}

/*
 * Run sshd. Without its privilege separation directory it refuses even to check, so where sshd is stopped the
 * directory is made just for that.
 */
static enum bg_err run_sshd(const char *const argv[], struct run_result *res)
{
    static bool told;
    bool made = mkdir(PRIVSEP_DIR, 0755) == 0;
    enum bg_err r;

    if (made)
        (void)chmod(PRIVSEP_DIR, 0755);
    r = run_program(argv, NULL, 0, OUTPUT_LIMIT, SSHD_MS, res);
    if (made) {
        int saved = errno;
        (void)rmdir(PRIVSEP_DIR);
        if (!told)
            ui_note(BG_M_CMD_SSHD_PRIVSEP, BG_ARGS(PRIVSEP_DIR));
        told = true;
        errno = saved;
    }
    return r;
}

/* "sshd -t". False: why (cap bytes) is what sshd said. */
static bool accepts(char *why, size_t cap)
{
    const char *const argv[] = {PROGRAM, "-t", NULL};
    struct run_result res = {0};
    enum bg_err r = run_sshd(argv, &res);

    if (r == BG_OK)
        res.out[strcspn(res.out, "\r\n")] = '\0';
    (void)snprintf(why, cap, "%s", r == BG_OK ? res.out : bg_strerror(r));
    free(res.out);
    return r == BG_OK && res.exit_status == 0;
}

enum bg_err sshd_add(const struct conf_job *job, char **out, struct conf_problem *why)
{
    char said[256];

    if (access(PROGRAM, X_OK) != 0 || access(DROPIN_DIR, F_OK) != 0) {
        ui_note(BG_M_CMD_SSHD_SKIPPED, BG_ARGS(PROGRAM, DROPIN_DIR));
        return BG_E_NOENT;
    }
    if (geteuid() == 0 && !accepts(said, sizeof said))
        return conf_refuse(why, BG_M_CMD_SSHD_BEFORE, said, 0, "");
    return dropin(job->rows, out);
}

/* Copy the value that "sshd -T" shows for a key; false without one. */
static bool find_value(const char *dump, const char *key, char *out, size_t cap)
{
    size_t n = strlen(key);

    for (const char *p = dump; *p != '\0'; p += strcspn(p, "\n"), p += *p == '\n')
        if (strncasecmp(p, key, n) == 0 && p[n] == ' ') {
            (void)snprintf(out, cap, "%.*s", (int)strcspn(p + n + 1, "\n"), p + n + 1);
            return true;
        }
    return false;
}

static bool is_ours(const char *dump, const char *account, const char *key, const char *want)
{
    char got[128] = "";

    if (find_value(dump, key, got, sizeof got) && strcmp(got, want) == 0)
        return true;
    ui_finding(BG_M_CMD_SSHD_LOSES, BG_ARGS(account, key, got[0] == '\0' ? "nothing" : got, want));
    return false;
}

static bool judge_dump(const char *dump, const struct account_row *row)
{
    static const char *const deny[] = {"denyusers", "denygroups", "allowgroups"};
    char value[128];
    bool ours = is_ours(dump, row->name, "UsePAM", "yes");

    for (const struct setting *s = settings; s < settings + SETTINGS; s++)
        ours = (!concerns(s, row) || is_ours(dump, row->name, s->key, wanted(s, row))) && ours;
    for (size_t k = 0; k < sizeof deny / sizeof deny[0]; k++)
        if (find_value(dump, deny[k], value, sizeof value))
            ui_note(BG_M_CMD_SSHD_SHUTS, BG_ARGS(deny[k], row->name));
    return ours;
}

/* Does sshd use our settings for this account? Every other one is a finding. */
static bool block_wins(const struct account_row *row)
{
    char who[96];
    const char *const argv[] = {PROGRAM, "-T", "-C", who, NULL};
    struct run_result res = {0};
    bool wins;

    (void)snprintf(who, sizeof who, "user=%s,host=localhost,addr=127.0.0.1", row->name);
    if (run_sshd(argv, &res) != BG_OK || res.exit_status != 0) {
        free(res.out);
        ui_finding(BG_M_CMD_SSHD_LOSES, BG_ARGS(row->name, "sshd -T", "no answer", "its settings"));
        return false;
    }
    wins = judge_dump(res.out, row);
    free(res.out);
    return wins;
}

enum bg_err sshd_look(const struct conf_job *job, struct conf_problem *why)
{
    bool wins = true;

    if (job->text == NULL || access(PROGRAM, X_OK) != 0)
        return BG_E_NOENT; /* a host may do without ssh */
    for (const struct account_row *row = job->rows->row; row < job->rows->row + job->rows->n; row++)
        wins = (row->wrong[0] != '\0' || block_wins(row)) && wins;
    why->id = NULL;
    return wins ? BG_OK : BG_E_REFUSED;
}

bool sshd_check(const struct account_row *row, bool quiet)
{
    char said[256];

    if (accepts(said, sizeof said))
        return row == NULL || block_wins(row);
    if (!quiet)
        ui_finding(BG_M_CMD_SSHD_AFTER, BG_ARGS(said));
    return false;
}

/* The pid in PIDFILE, if that process is PROGRAM; 0 otherwise. */
static pid_t running_sshd(void)
{
    char text[32], link[64], exe[PATH_MAX];
    size_t len;
    ssize_t n;
    long pid;

    if (bg_file_read(PIDFILE, text, sizeof text, &len) != BG_OK)
        return 0;
    pid = strtol(text, NULL, 10);
    if (pid <= 1 || pid > INT_MAX)
        return 0;
    (void)snprintf(link, sizeof link, "/proc/%ld/exe", pid);
    n = readlink(link, exe, sizeof exe - 1);
    exe[n > 0 ? n : 0] = '\0';
    return strcmp(exe, PROGRAM) == 0 ? (pid_t)pid : 0;
}

void sshd_reload(void)
{
    pid_t pid = running_sshd();

    if (pid == 0 || kill(pid, SIGHUP) != 0)
        ui_note(BG_M_CMD_SSHD_NOT_TOLD, BG_ARGS(PIDFILE));
    else
        ui_text("sshd, process %d, was told to read its configuration again.\n", (int)pid);
}
