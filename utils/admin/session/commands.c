/* SPDX-License-Identifier: ISC */
/* breakglass session commands: what was run in a session, by whichever of three sources are there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "admin/admin.h"
#include "admin/messages.h"
#include "admin/run.h"
#include "admin/session/session.h"
#include "admin/ui.h"
#include "base/clock.h"
#include "base/safefile.h"
#include "base/text.h"
#include "record/life.h"

#define OUTPUT_MAX (16u << 20)
#define LOG_MAX    (64u << 20)
#define SEARCH_MS  60000
#define LINE       1024

/* A use, and from when to when it went on. */
struct span {
    const struct account_row *row;
    const char *use;
    int64_t from, to; /* wall clock in ms */
    int64_t deadline;
    json_t *commands;
    unsigned n;
};

static void add(struct span *s, const char *source, const char *when, const char *text, size_t len)
{
    char clean[LINE];

    (void)bg_text_clean(clean, sizeof clean, text, len);
    s->n++;
    (void)json_array_append_new(s->commands, json_pack("{s:s, s:s*, s:s}", "source", source, "time",
                                                       *when != '\0' ? when : NULL, "command", clean));
}

/* --- audit ----------------------------------------------------------------------------------------- */

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The words of an EXECVE record, a0="ls" a1=2D6C, with blanks between. */
static size_t words_of(const char *line, char out[LINE])
{
    size_t n = 0;
    char name[16];

    for (unsigned i = 0; i < 64 && n + 2 < LINE; i++) {
        const char *at;
        (void)snprintf(name, sizeof name, " a%u=", i);
        if ((at = strstr(line, name)) == NULL)
            break;
        at += strlen(name);
        if (i > 0)
            out[n++] = ' ';
        if (*at == '"')
            for (at++; *at != '"' && *at != '\0' && n + 1 < LINE; at++)
                out[n++] = *at;
        else
            for (; hex(at[0]) >= 0 && hex(at[1]) >= 0 && n + 1 < LINE; at += 2)
                out[n++] = (char)(hex(at[0]) << 4 | hex(at[1]));
    }
    return n;
}

static void audit_line(struct span *s, const char *line)
{
    const char *at = strstr(line, "msg=audit(");
    char when[BG_TIME_LEN], text[LINE];
    long long seconds;

    if (strstr(line, "type=EXECVE ") == NULL || at == NULL || sscanf(at + 10, "%lld", &seconds) != 1 ||
        seconds * 1000 + 999 < s->from || seconds * 1000 > s->to)
        return;
    bg_time_of(seconds * 1000, when);
    add(s, "audit", when, text, words_of(line, text));
}

/* NULL, or why it cannot tell. */
static const char *ask_audit(struct span *s)
{
    static const char *const programs[] = {"/usr/sbin/ausearch", "/sbin/ausearch"};
    char uid[16], *line;
    struct run_result res = {0};
    enum bg_err r = BG_E_NOENT;
    unsigned before = s->n;

    if (!s->row->has_audit_uid && s->row->uid == 0)
        return "the account has no audit uid";
    (void)snprintf(uid, sizeof uid, "%u", s->row->has_audit_uid ? s->row->audit_uid : s->row->uid);
    for (size_t i = 0; i < 2 && r == BG_E_NOENT; i++) {
        const char *const argv[] = {programs[i], "--input-logs", "--raw", "--loginuid", uid, NULL};
        r = run_program(argv, NULL, 0, OUTPUT_MAX, bg_left_ms(s->deadline), &res);
    }
    if (r != BG_OK)
        return r == BG_E_NOENT ? "ausearch is not installed" : bg_strerror(r);
    for (char *rest = res.out; (line = strsep(&rest, "\n")) != NULL;)
        audit_line(s, line);
    free(res.out);
    return s->n > before ? NULL : "it knows of no command; see the rules in breakglass(8)";
}

/* --- sudo ------------------------------------------------------------------------------------------ */

static void sudo_line(struct span *s, const char *line)
{
    char name[48], when[BG_TIME_LEN] = "";
    const char *at = strstr(line, "sudo"), *command;
    int64_t ms = 0;

    (void)snprintf(name, sizeof name, " %.31s : ", s->row->name);
    if (at == NULL || strstr(at, name) == NULL || (command = strstr(at, "COMMAND=")) == NULL)
        return;
    /* "1795766400.123456 host sudo[...]: ..." as journalctl has it; a line of syslog's old form has no year
     */
    if (line[0] >= '0' && line[0] <= '9' && (ms = strtoll(line, NULL, 10) * 1000) > 1000000000000) {
        if (ms + 999 < s->from || ms > s->to)
            return;
        bg_time_of(ms, when);
    }
    add(s, "sudo", when, command + 8, strlen(command + 8));
}

static bool ask_journald(struct span *s)
{
    char from[32], to[32], *line;
    const char *const argv[] = {
        "/usr/bin/journalctl", "--quiet", "--no-pager", "--output=short-unix", from, to, "_COMM=sudo", NULL};
    struct run_result res = {0};

    (void)snprintf(from, sizeof from, "--since=@%lld", (long long)(s->from / 1000));
    (void)snprintf(to, sizeof to, "--until=@%lld", (long long)(s->to / 1000 + 1));
    if (run_program(argv, NULL, 0, OUTPUT_MAX, bg_left_ms(s->deadline), &res) != BG_OK)
        return false;
    for (char *rest = res.out; res.exit_status == 0 && (line = strsep(&rest, "\n")) != NULL;)
        sudo_line(s, line);
    free(res.out);
    return res.exit_status == 0;
}

static const char *ask_sudo(struct span *s)
{
    static const char *const logs[] = {"/var/log/auth.log", "/var/log/secure"};
    unsigned before = s->n;
    bool read = ask_journald(s);
    char *text = NULL, *line;
    size_t len;

    for (size_t i = 0; i < 2 && s->n == before; i++) {
        if (bg_file_slurp(logs[i], LOG_MAX, &text, &len) != BG_OK)
            continue;
        read = true;
        for (char *rest = text; (line = strsep(&rest, "\n")) != NULL;)
            sudo_line(s, line);
        free(text);
        text = NULL;
    }
    return s->n > before ? NULL : read ? "it logged no command of the account" : "its log cannot be read";
}

/* --- the recording ------------------------------------------------------------------------------------ */

/* A prompt and what was typed after it: the best that can be told from what a terminal shows. */
static void recorded_line(struct span *s, const char *line)
{
    const char *at = strstr(line, "# ");
    size_t n = strcspn(line, "\r");

    if (at == NULL)
        at = strstr(line, "$ ");
    if (at != NULL && (size_t)(at + 2 - line) < n)
        add(s, "recording", "", at + 2, n - (size_t)(at + 2 - line));
}

static const char *ask_recording(struct span *s)
{
    unsigned before = s->n;
    bool any = false;

    for (unsigned number = 1; number <= 99; number++) {
        char *text = NULL, *line;
        size_t len;
        if (session_recording(s->use, number, "out", bg_left_ms(s->deadline), &text, &len) != BG_OK)
            break;
        any = true;
        for (char *nul = text; (nul = memchr(nul, '\0', len - (size_t)(nul - text))) != NULL;)
            *nul = ' '; /* it must not end the search */
        for (char *rest = text; (line = strsep(&rest, "\n")) != NULL;)
            recorded_line(s, line);
        free(text);
    }
    return s->n > before ? NULL : any ? "no line of it looks like a command" : "there is none";
}

/* --- all ---------------------------------------------------------------------------------------------- */

static void ask_all(struct span *s, json_t *missing)
{
    static const struct {
        const char *name;
        const char *(*ask)(struct span *);
    } sources[] = {{"audit", ask_audit}, {"sudo", ask_sudo}, {"recording", ask_recording}};
    const size_t n = sizeof sources / sizeof sources[0];
    const int64_t all = s->deadline;

    for (size_t i = 0; i < n; i++) {
        const char *why;
        /* one that hangs takes no more than its share, and what it leaves is for those behind it */
        s->deadline = bg_deadline(bg_left_ms(all) / (int64_t)(n - i));
        why = s->row == NULL                ? "the account is not there any more"
              : bg_left_ms(s->deadline) > 0 ? sources[i].ask(s)
                                            : bg_strerror(BG_E_TIMEOUT);
        if (why != NULL)
            (void)json_array_append_new(missing,
                                        json_pack("{s:s, s:s}", "source", sources[i].name, "why", why));
    }
}

void session_ran(const char *account, const struct bg_life_use *u, int64_t ms, struct session_ran *out)
{
    static struct account_rows rows;
    struct span s = {.use = u->id,
                     .from = u->granted_ms,
                     .to = u->ended_ms > 0 ? u->ended_ms : bg_wall_ms(),
                     .deadline = bg_deadline(ms),
                     .commands = json_array()};

    *out = (struct session_ran){s.commands, json_array()};
    if (rows_load(&rows))
        s.row = rows_find(&rows, account);
    ask_all(&s, out->missing);
}

static const struct bg_life_use *find(const char *use, const char **account)
{
    static struct account_rows rows;
    static struct bg_life life;
    const struct bg_life_use *u = NULL;

    for (size_t i = 0; rows_load(&rows) && i < rows.n && u == NULL; i++)
        if (rows.row[i].wrong[0] == '\0' && bg_life_load(NULL, NULL, rows.row[i].name, &life) == BG_OK &&
            (u = bg_life_use(&life, use)) != NULL)
            *account = rows.row[i].name;
    return u;
}

enum admin_exit session_said(char *const words[], json_t *root)
{
    const char *account = NULL;
    const struct bg_life_use *u = bg_ulid_valid(words[0]) ? find(words[0], &account) : NULL;
    struct session_ran r;

    if (u == NULL) {
        ui_finding(BG_M_COMMANDS_NO_USE, BG_ARGS(words[0]));
        return ADMIN_FINDING;
    }
    session_ran(account, u, SEARCH_MS, &r);
    for (size_t i = 0; i < json_array_size(r.commands); i++) {
        const json_t *c = json_array_get(r.commands, i);
        ui_text("%-9s  %-20s  %s\n", bg_json_str(c, "source"), bg_json_str(c, "time"),
                bg_json_str(c, "command"));
    }
    for (size_t i = 0; i < json_array_size(r.missing); i++) {
        const json_t *m = json_array_get(r.missing, i);
        ui_note(BG_M_COMMANDS_NOT_THERE, BG_ARGS(bg_json_str(m, "source"), bg_json_str(m, "why")));
    }
    (void)json_object_set_new(root, "commands", r.commands);
    (void)json_object_set_new(root, "not_there", r.missing);
    return ADMIN_GOOD;
}
