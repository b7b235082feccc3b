/* SPDX-License-Identifier: ISC */
/* sshd: our drop-in, checking with sshd itself, and telling a running one. */
#include <limits.h>
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
#include "admin/run.h"
#include "admin/ui.h"
#include "base/clock.h"
#include "base/safefile.h"
#include "config/sshdconf.h"
#include "key/sshkey.h"

#define PROGRAM      SSHD_PROGRAM
#define PIDFILE      "/run/sshd.pid"
#define PIDFILE_RUN  "/run/sshd/sshd.pid"
#define HUP_MS       5000
#define LOOK_MS      20
#define CONFIG       BG_SYSCONFDIR "/ssh/sshd_config"
#define DROPIN_DIR   BG_SYSCONFDIR "/ssh/sshd_config.d"
#define DROPIN       DROPIN_DIR "/10-breakglass.conf"
#define PRIVSEP_DIR  "/run/sshd"
#define SSHD_MS      10000
#define OUTPUT_LIMIT 65536
#define ORIGINS_MAX  32
#define ORIGIN_LEN   64
#define GRACE_LEAST  120u /* seconds; sshd's own default */
#define GRACE_GOOD   300u

/*
 * Our Match block, and what "sshd -T" must show. sshd refuses LoginGraceTime, MaxStartups, UseDNS and UsePAM
 * inside it. Each key that a client has and that is not ours costs one of MaxAuthTries, before the dialogue
 * can begin.
 */
struct setting {
    const char *key, *value; /* value NULL: the account's name */
    bool uid0_only;
};
static const struct setting settings[] = {
    {"AuthenticationMethods", "publickey,keyboard-interactive:pam keyboard-interactive:pam", false},
    {"PubkeyAuthentication", "yes", false},
    {"PubkeyAuthOptions", "touch-required verify-required", false},
    {"PubkeyAcceptedAlgorithms", BG_SSH_ED25519 "," BG_SSH_ECDSA, false},
    {"TrustedUserCAKeys", "none", false},
    {"KbdInteractiveAuthentication", "yes", false},
    {"PasswordAuthentication", "no", false},
    {"PermitEmptyPasswords", "no", false},
    {"AuthorizedKeysFile", BG_CONFDIR "/ssh/%u", false},
    {"AuthorizedKeysCommand", "none", false},
    {"PermitRootLogin", "yes", true},
    {"PermitTTY", "yes", false},
    {"MaxAuthTries", "20", false},
    {"AllowUsers", NULL, false},
    {"ForceCommand", "none", false},
    {"ChrootDirectory", "none", false},
};
#define SETTINGS (sizeof settings / sizeof settings[0])

/* A list of names is compared as one. */
static bool concerns(const struct setting *s, const struct account_row *row)
{
    return s->value != NULL && (!s->uid0_only || row->uid == 0);
}

void sshd_put_settings(FILE *to, const char *indent, const char *users, bool uid0)
{
    for (const struct setting *s = settings; s < settings + SETTINGS; s++)
        if (uid0 || !s->uid0_only)
            (void)fprintf(to, "%s%s %s\n", indent, s->key, s->value == NULL ? users : s->value);
}

bool sshd_setting(size_t i, const char **key, const char **value)
{
    const struct setting *s = settings;

    for (; s < settings + SETTINGS; s++)
        if (s->value != NULL && !s->uid0_only && i-- == 0)
            break;
    if (s == settings + SETTINGS)
        return false;
    *key = s->key;
    *value = s->value;
    return true;
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
        sshd_put_settings(to, "    ", row->name, row->uid == 0);
    }
    if (fclose(to) != 0) {
        free(text);
        return BG_E_NOMEM;
    }
    *out = text;
    return BG_OK;
}

/* The file that sshd reads here. */
static const char *config(void)
{
    return access(SSHD_RUN_CONFIG, F_OK) == 0 ? SSHD_RUN_CONFIG : CONFIG;
}

/*
 * Without its privilege separation directory sshd refuses even to check, so where sshd is stopped the
 * directory is made. It stays: an sshd that has started meanwhile cannot do without it.
 */
enum bg_err sshd_ask(const char *file, const char *const words[], struct run_result *res)
{
    const char *argv[8] = {PROGRAM};
    size_t n = 1;

    while (*words != NULL && n < 5)
        argv[n++] = *words++;
    if (file != NULL) {
        argv[n++] = "-f";
        argv[n++] = file;
    }
    if (mkdir(PRIVSEP_DIR, 0755) == 0) {
        (void)chmod(PRIVSEP_DIR, 0755);
        ui_note(BG_M_CMD_SSHD_PRIVSEP, BG_ARGS(PRIVSEP_DIR));
    }
    return run_program(argv, NULL, 0, OUTPUT_LIMIT, SSHD_MS, res);
}

/* The sshd that the host has. */
static enum bg_err run_sshd(const char *const words[], struct run_result *res)
{
    return sshd_ask(strcmp(config(), SSHD_RUN_CONFIG) == 0 ? SSHD_RUN_CONFIG : NULL, words, res);
}

enum bg_err sshd_dump(struct run_result *res)
{
    const char *const words[] = {"-T", NULL};

    return run_sshd(words, res);
}

/* "sshd -t". False: why (cap bytes) is what sshd said. */
static bool accepts(char *why, size_t cap)
{
    const char *const words[] = {"-t", NULL};
    struct run_result res = {0};
    enum bg_err r = run_sshd(words, &res);

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

bool sshd_value(const char *dump, const char *key, char *out, size_t cap)
{
    size_t n = strlen(key);

    for (const char *p = dump; *p != '\0'; p += strcspn(p, "\n"), p += *p == '\n')
        if (strncasecmp(p, key, n) == 0 && p[n] == ' ') {
            (void)snprintf(out, cap, "%.*s", (int)strcspn(p + n + 1, "\n"), p + n + 1);
            return true;
        }
    return false;
}

/* All values of a list, which "sshd -T" shows one a line; "" without any. */
static void find_values(const char *dump, const char *key, char *out, size_t cap)
{
    size_t n = strlen(key), at = 0;

    out[0] = '\0';
    for (const char *p = dump; *p != '\0' && at + 1 < cap; p += strcspn(p, "\n"), p += *p == '\n')
        if (strncasecmp(p, key, n) == 0 && p[n] == ' ')
            at += (size_t)snprintf(out + at, cap - at, "%.*s ", (int)strcspn(p + n + 1, "\n"), p + n + 1);
}

/* --- which line of which file it is */

struct search {
    const char *key, *value;
    bool (*names)(const char *patterns, const struct bg_sshd_user *u); /* NULL: the value decides */
    const struct bg_sshd_user *user;
    unsigned best; /* how well the line found so far fits */
    char where[PATH_MAX + 32];
};

/* A line with the value that counts, in a Match block best of all; else any line of the key. */
static bool compare(void *arg, const struct bg_sshd_line *l)
{
    struct search *s = arg;
    unsigned fit = 1;

    if (strcasecmp(l->key, s->key) != 0 || strcmp(l->file, DROPIN) == 0)
        return true;
    if (s->names != NULL ? s->names(l->value, s->user) : strcasecmp(l->value, s->value) == 0)
        fit = l->match != NULL ? 3 : 2;
    if (fit > s->best) {
        s->best = fit;
        (void)snprintf(s->where, sizeof s->where, "%s, line %u", l->file, l->number);
    }
    return true;
}

static const char *search(struct search *s)
{
    (void)snprintf(s->where, sizeof s->where, "its default, or an option of its command");
    (void)!bg_sshd_walk(config(), compare, s);
    return s->where;
}

/* --- what sshd says of an account */

/* who: the account, and where it comes from. */
static bool is_ours(const char *dump, const char *who, const char *key, const char *want)
{
    char got[128] = "nothing", what[192];
    struct search s = {.key = key, .value = got};

    if (sshd_value(dump, key, got, sizeof got) &&
        (strcmp(got, want) == 0 ||
         (strcmp(key, "MaxAuthTries") == 0 && strtoul(got, NULL, 10) > strtoul(want, NULL, 10))))
        return true;
    (void)snprintf(what, sizeof what, "%s %s", key, got);
    ui_finding(BG_M_CMD_SSHD_LOSES, BG_ARGS(who, what, want, search(&s)));
    return false;
}

/* A list of names that keeps the account out. */
struct list_rule {
    const char *key;
    bool (*names)(const char *patterns, const struct bg_sshd_user *u);
    bool must; /* the list has to name it, or must not */
};

static bool lets_in(const char *dump, const char *who, const struct bg_sshd_user *u)
{
    static const struct list_rule rules[] = {
        {"DenyUsers", bg_sshd_denies_user, false},
        {"AllowUsers", bg_sshd_names_user, true}, /* those of all Match blocks that hold are put together */
        {"DenyGroups", bg_sshd_names_group, false},
        {"AllowGroups", bg_sshd_names_group, true},
    };
    char list[1024];
    bool in = true;

    for (const struct list_rule *r = rules; r < rules + sizeof rules / sizeof rules[0]; r++) {
        struct search s = {.key = r->key, .names = r->must ? NULL : r->names, .user = u, .value = ""};
        find_values(dump, r->key, list, sizeof list);
        if (list[0] == '\0' || r->names(list, u) == r->must)
            continue;
        ui_finding(BG_M_CMD_SSHD_SHUTS, BG_ARGS(who, r->key, search(&s)));
        in = false;
    }
    return in;
}

/* The dialogue needs its time: two people read forty words from paper. */
static bool waits(const char *dump, bool aloud)
{
    char value[16] = "";
    struct search s = {.key = "LoginGraceTime", .value = value};
    unsigned seconds;

    if (!sshd_value(dump, "LoginGraceTime", value, sizeof value) || !bg_sshd_seconds(value, &seconds) ||
        seconds == 0 || seconds >= GRACE_GOOD)
        return true;
    if (seconds < GRACE_LEAST)
        ui_finding(BG_M_CMD_SSHD_GRACE, BG_ARGS(value, search(&s)));
    else if (aloud)
        ui_note(BG_M_CMD_SSHD_GRACE, BG_ARGS(value, search(&s)));
    return seconds >= GRACE_LEAST;
}

/* OpenSSH 9.8 and newer shut out the address of logins that failed, for everybody who comes from there. */
static void shuts_addresses(const char *dump)
{
    char value[256] = "", exempt[64] = "none", seconds[16];
    struct search s = {.key = "PerSourcePenalties", .value = value};
    const char *max;

    if (!sshd_value(dump, "PerSourcePenalties", value, sizeof value) ||
        (max = strstr(value, " max:")) == NULL || strstr(value, "authfail:0 ") != NULL)
        return;
    (void)sshd_value(dump, "PerSourcePenaltyExemptList", exempt, sizeof exempt);
    if (strcmp(exempt, "none") != 0)
        return;
    max += strlen(" max:");
    (void)snprintf(seconds, sizeof seconds, "%.*s", (int)strspn(max, "0123456789"), max);
    ui_note(BG_M_CMD_SSHD_PENALTIES, BG_ARGS(seconds, search(&s)));
}

static bool judge_dump(const char *dump, const struct account_row *row, const char *who, bool aloud)
{
    const struct bg_account a = {.name = row->name, .uid = row->uid, .gid = row->gid};
    static struct bg_sshd_user user;
    bool ours = is_ours(dump, who, "UsePAM", "yes");

    for (const struct setting *s = settings; s < settings + SETTINGS; s++)
        ours = (!concerns(s, row) || is_ours(dump, who, s->key, s->value)) && ours;
    bg_sshd_user(&a, BG_SYSCONFDIR "/group", &user);
    ours = lets_in(dump, who, &user) && ours;
    if (aloud)
        shuts_addresses(dump);
    return waits(dump, aloud) && ours;
}

/* --- where it may come from */

/* Match blocks of others may count for some connections only: one for each pattern in them is tried. */
struct origins {
    struct origin {
        char word[16], value[ORIGIN_LEN]; /* as in sshd -C: "addr", "10.0.0.0" */
    } of[ORIGINS_MAX];
    size_t n;
};

/* An origin that fits the pattern: 10.1.* -> 10.1.1.1, 10.1.0.0/16 -> 10.1.0.0, *.org -> 1.org. */
static void example_of(const char *word, const char *pattern, char out[ORIGIN_LEN])
{
    unsigned dots = 0;
    size_t n = 0;

    for (const char *p = pattern; *p != '\0' && *p != '/' && n + 1 < ORIGIN_LEN; p++) {
        out[n++] = *p == '*' || *p == '?' ? '1' : *p;
        dots += *p == '.';
    }
    out[n] = '\0';
    if (strstr(word, "addr") == NULL || strchr(out, ':') != NULL)
        return;
    for (; dots < 3 && n + 2 < ORIGIN_LEN; dots++, n += 2)
        memcpy(out + n, ".1", 3);
}

static void add_origin(struct origins *o, const char *word, const char *pattern)
{
    char value[ORIGIN_LEN];

    if (o->n == ORIGINS_MAX || *pattern == '!' || strlen(pattern) >= sizeof value)
        return;
    example_of(word, pattern, value);
    if (value[0] == '\0')
        return;
    for (size_t i = 0; i < o->n; i++)
        if (strcmp(o->of[i].word, word) == 0 && strcmp(o->of[i].value, value) == 0)
            return;
    (void)snprintf(o->of[o->n].word, sizeof o->of[0].word, "%s", word);
    (void)snprintf(o->of[o->n++].value, sizeof o->of[0].value, "%s", value);
}

/* One for each pattern of a list: another line may shut out any of them. */
static void add_origins(struct origins *o, const char *word, char *patterns)
{
    char *save = NULL;

    for (char *p = strtok_r(patterns, ",\"", &save); p != NULL; p = strtok_r(NULL, ",\"", &save))
        add_origin(o, word, p);
}

static bool gather_origins(void *arg, const struct bg_sshd_line *l)
{
    static const struct {
        const char *criterion, *word;
    } known[] = {{"Address", "addr"}, {"Host", "host"}, {"LocalAddress", "laddr"}, {"LocalPort", "lport"}};
    char text[1024], *save = NULL, *value;

    if (strcasecmp(l->key, "Match") != 0)
        return true;
    (void)snprintf(text, sizeof text, "%s", l->value);
    for (const char *w = strtok_r(text, " \t=", &save); w != NULL; w = strtok_r(NULL, " \t=", &save))
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
            if (strcasecmp(w, known[i].criterion) == 0 && (value = strtok_r(NULL, " \t=", &save)) != NULL)
                add_origins(arg, known[i].word, value);
    return true;
}

static const char *origin_or(const struct origin *o, const char *word, const char *usual)
{
    return strcmp(o->word, word) == 0 ? o->value : usual;
}

/* Does sshd use our settings for this account and let it in, from that origin (NULL: this host)? */
static bool wins_from(const struct account_row *row, const struct origin *from, bool aloud)
{
    const struct origin here = {"addr", "127.0.0.1"}, *o = from == NULL ? &here : from;
    char spec[320], who[128];
    const char *const words[] = {"-T", "-C", spec, NULL};
    struct run_result res = {0};
    bool wins;

    /* whatever a Match block asks for must be given */
    (void)snprintf(spec, sizeof spec, "user=%s,host=%s,addr=%s,laddr=%s,lport=%s", row->name,
                   origin_or(o, "host", "localhost"), origin_or(o, "addr", "127.0.0.1"),
                   origin_or(o, "laddr", "127.0.0.1"), origin_or(o, "lport", "22"));
    if (from == NULL)
        (void)snprintf(who, sizeof who, "%s", row->name);
    else
        (void)snprintf(who, sizeof who, "%s (%s %s)", row->name, o->word, o->value);
    if (run_sshd(words, &res) != BG_OK || res.exit_status != 0) {
        free(res.out);
        ui_finding(BG_M_CMD_SSHD_LOSES, BG_ARGS(who, "nothing", "our settings", "sshd -T failed"));
        return false;
    }
    wins = judge_dump(res.out, row, who, aloud);
    free(res.out);
    return wins;
}

static bool is_dropin(void *arg, const struct bg_sshd_line *l)
{
    bool *seen = arg;

    *seen = *seen || strcmp(l->file, DROPIN) == 0;
    return !*seen;
}

/* Without its Include line sshd reads none of our settings: one finding, not one for each of them. */
static bool dropin_is_read(void)
{
    bool seen = false;

    if (bg_sshd_walk(config(), is_dropin, &seen) != BG_OK || seen)
        return true; /* where the file cannot be read, sshd itself says the rest */
    ui_finding(BG_M_CMD_SSHD_UNREAD, BG_ARGS(DROPIN, config()));
    return false;
}

/* The first origin that goes wrong is enough: the same line would be named again for the next. */
static bool block_wins(const struct account_row *row)
{
    struct origins o = {.n = 0};
    bool wins = wins_from(row, NULL, true);

    (void)!bg_sshd_walk(config(), gather_origins, &o);
    for (size_t i = 0; i < o.n && wins; i++)
        wins = wins_from(row, &o.of[i], false);
    return wins;
}

/* A host may do without ssh, but not lose our file. What sshd makes of it is told by check. */
enum bg_err sshd_look(const struct conf_job *job, struct conf_problem *why)
{
    if (access(PROGRAM, X_OK) != 0 || (job->text == NULL && !undo_knows(DROPIN)))
        return BG_E_NOENT;
    return job->text == NULL ? conf_refuse(why, BG_M_CMD_SSHD_GONE, DROPIN, 0, "") : BG_OK;
}

bool sshd_check(const struct account_row *row, bool quiet)
{
    char said[256];

    if (accepts(said, sizeof said))
        return row == NULL || (dropin_is_read() && block_wins(row));
    if (!quiet)
        ui_finding(BG_M_CMD_SSHD_AFTER, BG_ARGS(said));
    return false;
}

pid_t sshd_running(const char *pidfile)
{
    char text[32], link[64], exe[PATH_MAX];
    size_t len;
    ssize_t n;
    long pid;

    if (bg_file_read(pidfile, text, sizeof text, &len) != BG_OK)
        return 0;
    pid = strtol(text, NULL, 10);
    if (pid <= 1 || pid > INT_MAX)
        return 0;
    (void)snprintf(link, sizeof link, "/proc/%ld/exe", pid);
    n = readlink(link, exe, sizeof exe - 1);
    exe[n > 0 ? n : 0] = '\0';
    return strcmp(exe, PROGRAM) == 0 ? (pid_t)pid : 0;
}

/* sshd removes its pid file when it begins anew, and writes it when it listens: until then it refuses whoever
 * takes us at our word. */
pid_t sshd_hup(const char *pidfile)
{
    pid_t pid = sshd_running(pidfile);
    int64_t end = bg_deadline(HUP_MS);
    struct stat old, now;

    if (pid == 0 || stat(pidfile, &old) != 0 || kill(pid, SIGHUP) != 0)
        return 0;
    while (bg_left_ms(end) > 0 && (stat(pidfile, &now) != 0 ||
                                   (now.st_ino == old.st_ino && now.st_ctim.tv_sec == old.st_ctim.tv_sec &&
                                    now.st_ctim.tv_nsec == old.st_ctim.tv_nsec)))
        bg_sleep_ms(LOOK_MS);
    return pid;
}

void sshd_reload(void)
{
    pid_t pid = sshd_hup(PIDFILE);

    if (pid == 0)
        pid = sshd_hup(PIDFILE_RUN);
    if (pid == 0)
        ui_note(BG_M_CMD_SSHD_NOT_TOLD, BG_ARGS(PIDFILE));
    else
        ui_text("sshd, process %d, was told to read its configuration again.\n", (int)pid);
}
