/* SPDX-License-Identifier: ISC */
#include "admin/journal/evidence.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <utmpx.h>
#include "admin/plainfile.h"
#include "admin/review/changed.h"
#include "admin/run.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/host.h"
#include "base/text.h"

#define NEWEST     (16 << 20) /* bytes of a log that are looked at */
#define HASHED_MAX (64 << 20) /* of a file that is hashed */
#define MARGIN_S   3600       /* before the first event and after the last */
#define JOURNAL_MS 10000

static void say_missing(FILE *to, const char *path)
{
    (void)fprintf(to, "# %s: %s\n", path, strerror(errno));
}

static void put_line(FILE *to, const char *line, size_t n)
{
    static char safe[16384];

    (void)bg_text_clean(safe, sizeof safe, line, n);
    (void)fprintf(to, "%s\n", safe);
}

typedef bool (*wanted_fn)(const struct evidence *e, const char *line);

/* After a power cut there are blocks of NUL bytes in a log, which end no line: one of each stays. */
static size_t squeeze(char *line, size_t n)
{
    size_t len = 0;

    for (size_t i = 0; i < n; i++)
        if (line[i] != '\0' || len == 0 || line[len - 1] != '\0')
            line[len++] = line[i];
    return len;
}

/* line has a NUL at its end. Each part between two others is looked at. */
static bool wants(const struct evidence *e, const char *line, size_t n, wanted_fn wanted)
{
    for (size_t at = 0; at < n; at += strlen(line + at) + 1)
        if (wanted(e, line + at))
            return true;
    return false;
}

/* How many were wanted. text has a NUL behind its n bytes. */
static size_t put_lines(const struct evidence *e, FILE *to, char *text, size_t n, wanted_fn wanted)
{
    char *end = text + n, *next;
    size_t found = 0;

    for (char *line = text; line < end; line = next + 1) {
        size_t len;
        if ((next = memchr(line, '\n', (size_t)(end - line))) == NULL)
            next = end;
        len = squeeze(line, (size_t)(next - line));
        line[len] = '\0';
        if (!wants(e, line, len, wanted))
            continue;
        put_line(to, line, len);
        found++;
    }
    return found;
}

/* The time that a line begins with, in the forms of syslog, RFC 3339 and the audit log: no byte further,
 * since names that were typed may be passwords. */
static size_t stamp(const char *line, size_t n)
{
    const char *end;

    if (n > 5 && memcmp(line, "type=", 5) == 0)
        end = memchr(line, ')', n < 96 ? n : 96);
    else if (n > 0 && *line >= '0' && *line <= '9')
        end = memchr(line, ' ', n < 40 ? n : 40);
    else
        return n < 15 ? n : 15;
    return end == NULL ? 0 : (size_t)(end - line) + (*end == ')');
}

static void say_older(FILE *to, const char *path)
{
    char pattern[128];
    glob_t g;

    (void)snprintf(pattern, sizeof pattern, "%s[.-]*", path);
    if (glob(pattern, 0, NULL, &g) != 0)
        return;
    for (size_t i = 0; i < g.gl_pathc; i++) {
        (void)fputs("# not looked at: ", to);
        put_line(to, g.gl_pathv[i], strlen(g.gl_pathv[i]));
    }
    globfree(&g);
}

/* How far back a log of n bytes goes. */
static void say_begin(FILE *to, const char *path, const char *text, size_t n)
{
    const char *p = text, *end = text + n, *line;
    char safe[512];

    if (n == NEWEST && (line = memchr(p, '\n', n)) != NULL) /* it has older ones */
        p = line;
    while (p < end && (*p == '\0' || *p == '\n'))
        p++;
    line = memchr(p, '\n', (size_t)(end - p));
    (void)bg_text_clean(safe, sizeof safe, p, stamp(p, (size_t)((line == NULL ? end : line) - p)));
    (void)fprintf(to, "# %s begins at %s%s\n", path, p == end ? "nothing: it is empty" : safe,
                  n == NEWEST ? ": the newest 16 MiB" : "");
    say_older(to, path);
}

/* --- the log of logins ------------------------------------------------------------------------ */

/* Is name a word of the line? */
static bool names(const char *line, const char *name)
{
    size_t n = strlen(name);

    for (const char *p = line; (p = strstr(p, name)) != NULL; p += n)
        if ((p == line || !strchr("abcdefghijklmnopqrstuvwxyz0123456789_-", p[-1])) &&
            (p[n] == '\0' || !strchr("abcdefghijklmnopqrstuvwxyz0123456789_-", p[n])))
            return true;
    return false;
}

static bool auth_line(const struct evidence *e, const char *line)
{
    for (size_t i = 0; i < e->accounts; i++)
        if (names(line, e->account[i]))
            return true;
    return strstr(line, "breakglass") != NULL;
}

/* Where no file has them, systemd's journal: the facilities auth and authpriv around the events. */
static bool put_journal(const struct evidence *e, FILE *to)
{
    char since[BG_TIME_LEN], until[BG_TIME_LEN], from[64], upto[64];
    const char *const argv[] = {"/usr/bin/journalctl",
                                "--no-pager",
                                "-q",
                                "--utc",
                                "-o",
                                "short-iso",
                                "-n",
                                "100000",
                                from,
                                upto,
                                "SYSLOG_FACILITY=4",
                                "SYSLOG_FACILITY=10",
                                NULL};
    struct run_result res;

    bg_time_of((e->first - MARGIN_S) * 1000, since);
    bg_time_of((e->last + MARGIN_S) * 1000, until);
    (void)snprintf(from, sizeof from, "--since=%.10s %.8s UTC", since, since + 11);
    (void)snprintf(upto, sizeof upto, "--until=%.10s %.8s UTC", until, until + 11);
    if (run_program(argv, NULL, 0, NEWEST, JOURNAL_MS, &res) != BG_OK)
        return false;
    if (res.exit_status == 0)
        (void)put_lines(e, to, res.out, strlen(res.out), auth_line);
    free(res.out);
    return res.exit_status == 0;
}

/* Has it been written since the newest event? If not, something else keeps the log by now. */
static bool goes_on(const struct evidence *e, const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && (int64_t)st.st_mtime >= e->last;
}

/* True: it is there, and has all that systemd's journal could have. */
static bool put_log(const struct evidence *e, FILE *to, const char *path, bool *there)
{
    size_t len, found;
    char *text = plainfile_newest(path, NEWEST, &len);

    *there = text != NULL;
    if (text == NULL) {
        say_missing(to, path);
        return false;
    }
    say_begin(to, path, text, len);
    found = put_lines(e, to, text, len, auth_line);
    free(text);
    return found > 0 && goes_on(e, path);
}

static void write_auth(const struct evidence *e, FILE *to)
{
    bool there = false;

    if (put_log(e, to, "/var/log/auth.log", &there) || (!there && put_log(e, to, "/var/log/secure", &there)))
        return;
    (void)fprintf(to, "# systemd's journal:\n");
    if (!put_journal(e, to))
        (void)fprintf(to, "# journalctl: no answer\n");
}

/* --- who was logged in ------------------------------------------------------------------------ */

static const char *kind_of(short type)
{
    static const char *const kinds[] = {"empty", "runlevel", "boot", "new time", "old time",
                                        "init",  "login",    "user", "end"};

    return type >= 0 && (size_t)type < sizeof kinds / sizeof kinds[0] ? kinds[type] : "?";
}

static void put_login(FILE *to, const struct utmpx *u)
{
    char when[BG_TIME_LEN], line[512];

    bg_time_of((int64_t)u->ut_tv.tv_sec * 1000, when);
    (void)snprintf(line, sizeof line, "%.19sZ %s pid=%ld line=%.*s user=%.*s host=%.*s", when,
                   kind_of(u->ut_type), (long)u->ut_pid, (int)sizeof u->ut_line, u->ut_line,
                   (int)sizeof u->ut_user, u->ut_user, (int)sizeof u->ut_host, u->ut_host);
    put_line(to, line, strlen(line));
}

static bool is_account(const struct evidence *e, const char *user, size_t cap)
{
    for (size_t i = 0; i < e->accounts; i++)
        if (strlen(e->account[i]) < cap && strncmp(e->account[i], user, cap) == 0)
            return true;
    return false;
}

static void put_logins(const struct evidence *e, FILE *to, const char *path, bool only_accounts)
{
    size_t len;
    char *text =
        plainfile_newest(path, NEWEST / (off_t)sizeof(struct utmpx) * (off_t)sizeof(struct utmpx), &len);
    struct utmpx u;

    if (text == NULL)
        say_missing(to, path);
    for (size_t at = len % sizeof u; text != NULL && at + sizeof u <= len; at += sizeof u) {
        memcpy(&u, text + at, sizeof u);
        if (u.ut_tv.tv_sec >= e->first - MARGIN_S && u.ut_tv.tv_sec <= e->last + MARGIN_S &&
            (!only_accounts || is_account(e, u.ut_user, sizeof u.ut_user)))
            put_login(to, &u);
    }
    free(text);
}

static void write_wtmp(const struct evidence *e, FILE *to)
{
    put_logins(e, to, "/var/log/wtmp", false);
}

static void write_btmp(const struct evidence *e, FILE *to)
{
    put_logins(e, to, "/var/log/btmp", true);
}

/* --- the kernel's audit log: what was done under an account's audit uid, session by session, and what we
 * told */

static bool audit_line(const struct evidence *e, const char *line)
{
    char word[64];

    for (size_t i = 0; i < e->accounts; i++) {
        (void)snprintf(word, sizeof word, "acct=\"%s\"", e->account[i]);
        if (strstr(line, word) != NULL)
            return true;
        (void)snprintf(word, sizeof word, " auid=%lld ", (long long)e->audit_uid[i]);
        if (e->audit_uid[i] >= 0 && strstr(line, word) != NULL)
            return true;
    }
    return strstr(line, "op=breakglass") != NULL;
}

static void write_audit(const struct evidence *e, FILE *to)
{
    static const char path[] = "/var/log/audit/audit.log";
    size_t len;
    char *text = plainfile_newest(path, NEWEST, &len);

    if (text == NULL) {
        say_missing(to, path);
        return;
    }
    say_begin(to, path, text, len);
    (void)put_lines(e, to, text, len, audit_line);
    free(text);
}

/* --- configuration ---------------------------------------------------------------------------- */

static void put_hash(FILE *to, const char *path)
{
    char hash[BG_HASH_HEX + 1], *text;
    struct stat st;
    size_t len;

    if (stat(path, &st) != 0 || S_ISDIR(st.st_mode))
        return;
    if (st.st_size <= HASHED_MAX && (text = plainfile_newest(path, HASHED_MAX, &len)) != NULL) {
        if (bg_sha256_hex(text, len, hash) == BG_OK)
            (void)fprintf(to, "%s  %s\n", hash, path);
        free(text);
    } else {
        say_missing(to, path);
    }
}

static void put_hashes_in(FILE *to, const char *dir)
{
    struct dirent **list = NULL;
    char path[1024];
    int n = scandir(dir, &list, NULL, alphasort);

    for (int i = 0; i < n; i++) {
        if (list[i]->d_name[0] != '.' && bg_text_clean(path, sizeof path, list[i]->d_name,
                                                       strlen(list[i]->d_name)) == strlen(list[i]->d_name)) {
            (void)snprintf(path, sizeof path, "%s/%s", dir, list[i]->d_name);
            put_hash(to, path);
        }
        free(list[i]);
    }
    free(list);
}

static void write_configuration(const struct evidence *e, FILE *to)
{
    static const char *const files[] = {"/etc/nsswitch.conf",
                                        "/etc/passwd",
                                        "/etc/group",
                                        "/etc/sudoers",
                                        "/etc/ssh/sshd_config",
                                        BG_PAMDIR "/pam_breakglass.so",
                                        BG_NSSDIR "/libnss_breakglass.so.2"};
    static const char *const dirs[] = {BG_CONFDIR,   BG_CONFDIR "/credentials", BG_CONFDIR "/ssh",
                                       "/etc/pam.d", "/etc/ssh/sshd_config.d",  "/etc/sudoers.d",
                                       BG_HELPERDIR};

    (void)e;
    for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++)
        put_hashes_in(to, dirs[i]);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        put_hash(to, files[i]);
}

/* Of the system, since the oldest of the events. */
static void write_changes(const struct evidence *e, FILE *to)
{
    static struct changed c;
    char when[BG_TIME_LEN], path[4 * CHANGED_PATH];

    changed_since(BG_SYSCONFDIR, e->first * 1000, &c);
    bg_time_of(e->first * 1000, when);
    (void)fprintf(to, "# below %s, since %s%s\n", BG_SYSCONFDIR, when,
                  c.cut ? ", not all of it was seen" : "");
    if (c.more > 0)
        (void)fprintf(to, "# %llu older ones are left out\n", (unsigned long long)c.more);
    for (size_t i = 0; i < c.n; i++) {
        bg_time_of(c.file[i].at_ms, when);
        (void)bg_text_clean(path, sizeof path, c.file[i].path, strlen(c.file[i].path));
        (void)fprintf(to, "%s %s%s\n", when, path, c.file[i].directory ? "/" : "");
    }
}

static void write_versions(const struct evidence *e, FILE *to)
{
    char host[256], boot[BG_BOOT_ID_LEN + 1], *text, *name;
    struct utsname u;
    size_t len;

    (void)e;
    bg_host_name(host, sizeof host);
    bg_host_boot_id(boot);
    (void)fprintf(to, "breakglass: %s\nhost: %s\nboot: %s\n", PACKAGE_VERSION, host, boot);
    if (uname(&u) == 0)
        (void)fprintf(to, "kernel: %s %s %s\n", u.sysname, u.release, u.machine);
    text = plainfile_newest("/etc/os-release", 65536, &len);
    if (text != NULL && (name = strstr(text, "PRETTY_NAME=")) != NULL) {
        (void)fputs("system: ", to);
        put_line(to, name + strlen("PRETTY_NAME="), strcspn(name + strlen("PRETTY_NAME="), "\n"));
    }
    free(text);
}

const struct evidence_file evidence_files[] = {
    {"auth-log.txt", write_auth},
    {"wtmp.txt", write_wtmp},
    {"btmp.txt", write_btmp},
    {"audit.txt", write_audit},
    {"configuration.sha256", write_configuration},
    {"changed-in-etc.txt", write_changes},
    {"versions.txt", write_versions},
    {NULL, NULL},
};
