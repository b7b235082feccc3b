/* SPDX-License-Identifier: ISC */
/*
 * An sshd for the emergency accounts alone: its configuration, its unit, and a drop-in that keeps the
 * directory that both sshds need. What cannot stand in a Match block is the reason for it: LoginGraceTime,
 * MaxStartups, UseDNS.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include "admin/conf/conffile.h"
#include "admin/conf/sshd.h"
#include "admin/messages.h"
#include "admin/ui.h"
#include "base/clock.h"
#include "base/safefile.h"
#include "base/text.h"
#include "config/sshdconf.h"

#define FILE_OWN     BG_SSHD_CONFIG
#define PIDFILE      BG_SSHD_PIDFILE
#define SYSTEMCTL    "/usr/bin/systemctl"
#define UNIT         "breakglass-sshd.service"
#define WANTED       BG_SYSCONFDIR "/systemd/system/multi-user.target.wants/" UNIT
#define RUNNING      "/run/systemd/system" /* systemd is process 1 (sd_booted(3)) */
#define RUN_MS       30000
#define LISTEN_MS    10000 /* the unit counts as started when sshd has been forked */
#define LOOK_MS      50
#define OUTPUT_LIMIT 4096
#define ACCOUNTS     2048 /* bytes of all names */

#define UNIT_TEXT                                                                                            \
    "# Written by \"breakglass init --sshd-instance\"; \"breakglass init --undo\" removes it.\n"             \
    "[Unit]\n"                                                                                               \
    "Description=sshd for the emergency accounts\n"                                                          \
    "Documentation=man:breakglass(8)\n"                                                                      \
    "After=network.target auditd.service\n"                                                                  \
    "ConditionPathExists=" FILE_OWN "\n"                                                                     \
    "StartLimitIntervalSec=0\n"                                                                              \
    "\n"                                                                                                     \
    "[Service]\n"                                                                                            \
    "ExecStart=" SSHD_PROGRAM " -D -f " FILE_OWN "\n"                                                        \
    "ExecReload=" SSHD_PROGRAM " -t -f " FILE_OWN "\n"                                                       \
    "ExecReload=/bin/kill -HUP $MAINPID\n"                                                                   \
    "# sessions go on when it is stopped\n"                                                                  \
    "KillMode=process\n"                                                                                     \
    "Restart=always\n"                                                                                       \
    "RestartSec=1\n"                                                                                         \
    "RuntimeDirectory=sshd\n"                                                                                \
    "RuntimeDirectoryMode=0755\n"                                                                            \
    "RuntimeDirectoryPreserve=yes\n"                                                                         \
    "\n"                                                                                                     \
    "[Install]\n"                                                                                            \
    "WantedBy=multi-user.target\n"

#define KEEP_TEXT                                                                                            \
    "# Written by \"breakglass init --sshd-instance\": " UNIT " needs /run/sshd\n"                           \
    "# also while this one is stopped. \"breakglass init --undo\" removes it.\n"                             \
    "[Service]\n"                                                                                            \
    "RuntimeDirectoryPreserve=yes\n"

/* What stands before our settings of the Match block, which follow. */
#define OWN_TEXT                                                                                             \
    "# Written by \"breakglass init --sshd-instance\"; \"breakglass init --undo\" removes it.\n"             \
    "# An sshd for the emergency accounts alone; host keys and addresses are those of the other one.\n"      \
    "Port %u\n"                                                                                              \
    "PidFile " PIDFILE "\n"                                                                                  \
    "LoginGraceTime 900\n"                                                                                   \
    "MaxStartups 100:30:200\n"                                                                               \
    "PerSourceMaxStartups 20\n"                                                                              \
    "PerSourceNetBlockSize 32:64\n"                                                                          \
    "UseDNS no\n"                                                                                            \
    "UsePAM yes\n"                                                                                           \
    "PrintMotd no\n"                                                                                         \
    "AcceptEnv LANG LC_*\n"                                                                                  \
    "Subsystem sftp internal-sftp\n"

static unsigned wish; /* the port that was asked for; 0: none */

/* --- the text */

static unsigned port_of(const char *text)
{
    const char *at = text == NULL ? NULL : strstr(text, "\nPort ");
    char number[8];
    unsigned port = 0;

    if (at == NULL)
        return 0;
    (void)snprintf(number, sizeof number, "%.*s", (int)strspn(at + 6, "0123456789"), at + 6);
    return bg_number(number, 1, UINT16_MAX, &port) ? port : 0;
}

/* Each value that "sshd -T" shows for a key. */
static void each_value(const char *dump, const char *key,
                       void (*f)(FILE *, const char *, const char *, size_t), FILE *to)
{
    size_t n = strlen(key);

    for (const char *p = dump; *p != '\0'; p += strcspn(p, "\n"), p += *p == '\n')
        if (strncasecmp(p, key, n) == 0 && p[n] == ' ')
            f(to, key, p + n + 1, strcspn(p + n + 1, "\n"));
}

static void put_same(FILE *to, const char *key, const char *value, size_t n)
{
    (void)fprintf(to, "%s %.*s\n", key, (int)n, value);
}

/* Without its port; an address that means all of them is the default. */
static void put_address(FILE *to, const char *key, const char *value, size_t n)
{
    while (n > 0 && value[n - 1] != ':')
        n--;
    n -= n > 0;
    if ((n == 7 && memcmp(value, "0.0.0.0", 7) == 0) || (n == 4 && memcmp(value, "[::]", 4) == 0))
        return;
    put_same(to, key, value, n);
}

static void put_all(FILE *to, unsigned port, const char *dump, const struct account_rows *rows)
{
    char users[ACCOUNTS] = "", value[32];
    bool uid0 = false;
    size_t n = 0;

    for (const struct account_row *row = rows->row; row < rows->row + rows->n && n < sizeof users; row++)
        if (row->wrong[0] == '\0') {
            n += (size_t)snprintf(users + n, sizeof users - n, "%s%s", n > 0 ? " " : "", row->name);
            uid0 = uid0 || row->uid == 0;
        }
    (void)fprintf(to, OWN_TEXT, port);
    each_value(dump, "ListenAddress", put_address, to);
    each_value(dump, "HostKey", put_same, to);
    each_value(dump, "HostCertificate", put_same, to);
    if (sshd_value(dump, "PerSourcePenalties", value, sizeof value)) /* OpenSSH 9.8 and newer */
        (void)fputs("PerSourcePenalties no\n", to);
    sshd_put_settings(to, "", users, uid0);
}

static enum bg_err own_text(unsigned port, const struct account_rows *rows, char **out)
{
    struct run_result res = {0};
    enum bg_err r = sshd_dump(&res);
    size_t size;
    FILE *to;

    if (r == BG_OK && res.exit_status != 0)
        r = BG_E_REFUSED;
    if (r == BG_OK && (to = open_memstream(out, &size)) == NULL)
        r = BG_E_NOMEM;
    if (r == BG_OK) {
        put_all(to, port, res.out, rows);
        r = fclose(to) == 0 ? BG_OK : BG_E_NOMEM;
    }
    free(res.out);
    return r;
}

/* --- who listens */

/* In the kernel's list of sockets: does one listen on that port? */
static bool listens_in(const char *path, unsigned port)
{
    char *line = NULL;
    size_t room = 0;
    unsigned at, state;
    bool hit = false;
    FILE *f = fopen(path, "re");

    while (f != NULL && !hit && getline(&line, &room, f) > 0)
        hit = sscanf(line, " %*u: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x", &at, &state) == 2 && at == port &&
              state == 0x0A;
    free(line);
    if (f != NULL)
        (void)fclose(f);
    return hit;
}

bool sshd_listens(unsigned port)
{
    return listens_in("/proc/net/tcp", port) || listens_in("/proc/net/tcp6", port);
}

bool sshd_instance_is_set_up(void)
{
    return access(FILE_OWN, F_OK) == 0;
}

/* The port that the file says. */
static unsigned port_now(void)
{
    char *text = NULL;
    unsigned port = sysfile_read(FILE_OWN, &text) == BG_OK ? port_of(text) : 0;

    free(text);
    return port;
}

static void compare_port(FILE *to, const char *key, const char *value, size_t n)
{
    (void)to;
    (void)key;
    if (strtoul(value, NULL, 10) == wish && n > 0)
        ui_finding(BG_M_CMD_INSTANCE_PORT, BG_ARGS(BG_DIGITS(wish), "the other sshd has it"));
}

bool sshd_instance_ask(unsigned port)
{
    struct run_result res = {0};
    unsigned before = ui_findings();

    wish = port;
    if (access(SSHD_PROGRAM, X_OK) != 0)
        ui_finding(BG_M_CMD_INSTANCE_NONE, BG_ARGS(SSHD_PROGRAM));
    else if (sshd_dump(&res) == BG_OK && res.exit_status == 0)
        each_value(res.out, "Port", compare_port, NULL);
    free(res.out);
    if (ui_findings() == before && port != port_now() && sshd_listens(port))
        ui_finding(BG_M_CMD_INSTANCE_PORT, BG_ARGS(BG_DIGITS(port), "another program has it"));
    return ui_findings() == before;
}

/* --- the rows of the table */

static bool has_systemd(void)
{
    return access("/lib/systemd/systemd", X_OK) == 0 || access("/usr/lib/systemd/systemd", X_OK) == 0;
}

enum bg_err sshd_own_add(const struct conf_job *job, char **out, struct conf_problem *why)
{
    unsigned port = wish != 0 ? wish : port_of(job->text);
    enum bg_err r;

    if (port == 0)
        return job->text == NULL ? BG_E_NOENT : conf_refuse(why, BG_M_CMD_INSTANCE_OTHER, job->path, 0, "");
    if ((r = own_text(port, job->rows, out)) == BG_E_NOMEM)
        return r;
    return r == BG_OK ? BG_OK : conf_refuse(why, BG_M_CMD_SSHD_BEFORE, "\"sshd -T\" fails", 0, "");
}

enum bg_err sshd_unit_add(const struct conf_job *job, char **out, struct conf_problem *why)
{
    (void)job;
    (void)why;
    if (!has_systemd())
        return BG_E_NOENT;
    return (*out = strdup(UNIT_TEXT)) != NULL ? BG_OK : BG_E_NOMEM;
}

/* Does the unit of the other sshd take /run/sshd away when it stops, as in Debian 12? */
static bool takes_directory(void)
{
    static const char *const paths[] = {"/lib/systemd/system/ssh.service",
                                        "/usr/lib/systemd/system/ssh.service"};
    bool takes = false;

    for (size_t i = 0; i < 2 && !takes; i++) {
        char *text = NULL;
        if (sysfile_read(paths[i], &text) == BG_OK && text != NULL)
            takes = strstr(text, "\nRuntimeDirectory=sshd\n") != NULL &&
                    strstr(text, "\nRuntimeDirectoryPreserve=") == NULL;
        free(text);
    }
    return takes;
}

enum bg_err sshd_keep_add(const struct conf_job *job, char **out, struct conf_problem *why)
{
    (void)job;
    (void)why;
    if (!has_systemd() || !takes_directory())
        return BG_E_NOENT;
    return (*out = strdup(KEEP_TEXT)) != NULL ? BG_OK : BG_E_NOMEM;
}

/* As init writes it? Where there is no instance nothing is missed. */
static enum bg_err same_as(const struct conf_job *job, struct conf_problem *why,
                           enum bg_err (*add)(const struct conf_job *, char **, struct conf_problem *))
{
    char *right = NULL;
    enum bg_err r;

    if (!sshd_instance_is_set_up())
        return BG_E_NOENT;
    if ((r = add(job, &right, why)) == BG_OK && (job->text == NULL || strcmp(job->text, right) != 0))
        r = conf_refuse(why, BG_M_CMD_INSTANCE_OTHER, job->path, 0, "");
    free(right);
    return r;
}

enum bg_err sshd_unit_look(const struct conf_job *job, struct conf_problem *why)
{
    return same_as(job, why, sshd_unit_add);
}

enum bg_err sshd_keep_look(const struct conf_job *job, struct conf_problem *why)
{
    return same_as(job, why, sshd_keep_add);
}

static bool accepted(char *why, size_t cap)
{
    const char *const words[] = {"-t", NULL};
    struct run_result res = {0};
    enum bg_err r = sshd_ask(FILE_OWN, words, &res);

    if (r == BG_OK)
        res.out[strcspn(res.out, "\r\n")] = '\0';
    (void)snprintf(why, cap, "%s", r == BG_OK ? res.out : bg_strerror(r));
    free(res.out);
    return r == BG_OK && res.exit_status == 0;
}

/* Whether sshd takes it, and listens, is told by check. */
enum bg_err sshd_own_look(const struct conf_job *job, struct conf_problem *why)
{
    if (job->text != NULL)
        return same_as(job, why, sshd_own_add);
    return undo_knows(job->path) ? conf_refuse(why, BG_M_CMD_SSHD_GONE, job->path, 0, "") : BG_E_NOENT;
}

bool sshd_own_check(const struct account_row *row, bool quiet)
{
    char said[256];

    (void)row;
    if (!sshd_instance_is_set_up() || accepted(said, sizeof said))
        return true;
    if (!quiet)
        ui_finding(BG_M_CMD_SSHD_AFTER, BG_ARGS(said));
    return false;
}

/* --- the running one */

static bool systemctl(const char *what, const char *unit)
{
    const char *const argv[] = {SYSTEMCTL, "--quiet", what, unit, NULL};
    struct run_result res = {0};
    enum bg_err r = run_program(argv, NULL, 0, OUTPUT_LIMIT, RUN_MS, &res);

    bool done = r == BG_OK && res.exit_status == 0;

    if (r == BG_OK)
        res.out[strcspn(res.out, "\r\n")] = '\0';
    if (!done)
        ui_finding(BG_M_CMD_INSTANCE_DOWN, BG_ARGS(UNIT, r == BG_OK ? res.out : bg_strerror(r)));
    free(res.out);
    return done;
}

/* Whoever reads that init is done may connect at once. */
static void await_listener(unsigned port)
{
    int64_t deadline = bg_deadline(LISTEN_MS);

    while (!sshd_listens(port) && bg_left_ms(deadline) > 0)
        bg_sleep_ms(LOOK_MS);
    if (!sshd_listens(port))
        ui_finding(BG_M_CMD_INSTANCE_DOWN, BG_ARGS(UNIT, "nothing listens on its port yet"));
}

/* It is there: have it run with what the file says now. */
static void bring_up(void)
{
    ui_note(BG_M_CMD_INSTANCE_WALLS, BG_ARGS(BG_DIGITS(port_now())));
    if (access(RUNNING, F_OK) == 0) {
        (void)systemctl("daemon-reload", NULL);
        (void)systemctl("enable", UNIT);
        if (systemctl("reload-or-restart", UNIT))
            await_listener(port_now());
    } else if (sshd_hup(PIDFILE) == 0) {
        ui_note(BG_M_CMD_INSTANCE_START, BG_ARGS(SSHD_PROGRAM " -f " FILE_OWN));
    }
}

/* It is gone: sessions stay, and nobody else comes in by it. */
static void take_down(void)
{
    pid_t pid = sshd_running(PIDFILE);

    if (access(RUNNING, F_OK) == 0) {
        (void)systemctl("stop", UNIT);
        (void)unlink(WANTED);
        (void)systemctl("daemon-reload", NULL);
    } else if (pid > 0) {
        (void)kill(pid, SIGTERM);
    }
}

void sshd_own_reload(void)
{
    static bool done; /* once for all of its files */

    if (done)
        return;
    done = true;
    if (sshd_instance_is_set_up())
        bring_up();
    else
        take_down();
}

static void keep_folder(char out[PATH_MAX])
{
    (void)snprintf(out, PATH_MAX, "%s", conffiles[CONF_SSHD_KEEP].path);
    *strrchr(out, '/') = '\0';
}

enum bg_err sshd_own_folder(const struct sysedits *e, const char **failed)
{
    static char folder[PATH_MAX];

    keep_folder(folder);
    *failed = folder;
    if (sysedits_planned(e, conffiles[CONF_SSHD_KEEP].path) == NULL)
        return BG_OK;
    if (mkdir(folder, 0755) == 0)
        return chmod(folder, 0755) == 0 ? BG_OK : BG_E_IO;
    return errno == EEXIST ? BG_OK : BG_E_IO;
}

void sshd_own_folder_away(void)
{
    char folder[PATH_MAX];

    keep_folder(folder);
    if (access(conffiles[CONF_SSHD_KEEP].path, F_OK) != 0)
        (void)rmdir(folder); /* unless somebody has a drop-in there */
}
