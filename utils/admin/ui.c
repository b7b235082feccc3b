/* SPDX-License-Identifier: ISC */
#include "admin/ui.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/terminal.h"
#include "base/text.h"
#include "admin/messages.h"
#include "share/shareplain.h"

#define COLUMNS  79
#define WRAP_MAX 4096

static enum ui_form form;
static bool yes_mode, quiet_mode, dry_mode, color;
static json_t *findings, *notes;
static unsigned finding_count;

static bool look_for_color(void);

void ui_mode(enum ui_form f, bool yes, bool quiet, bool dry_run)
{
    form = f;
    yes_mode = yes;
    quiet_mode = quiet;
    dry_mode = dry_run;
    color = look_for_color();
}

enum ui_form ui_form(void)
{
    return form;
}

bool ui_is_yes(void)
{
    return yes_mode;
}

bool ui_is_dry_run(void)
{
    return dry_mode;
}

bool ui_is_quiet(void)
{
    return quiet_mode;
}

bool ui_interactive(void)
{
    return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
}

bool ui_color(void)
{
    return color;
}

static bool takes_color(int fd)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

    return isatty(fd) == 1 && (no == NULL || *no == '\0') && term != NULL && strcmp(term, "dumb") != 0;
}

/* Of the terminal that is there before a pager is; less -FRX shows colour, another pager may not. */
static bool look_for_color(void)
{
    const char *pager = getenv("PAGER");

    return takes_color(STDOUT_FILENO) && (pager == NULL || *pager == '\0');
}

void ui_text(const char *fmt, ...)
{
    va_list ap;

    if (form != UI_TEXT || quiet_mode)
        return;
    va_start(ap, fmt);
    (void)vprintf(fmt, ap);
    va_end(ap);
}

void ui_wrapped(FILE *to, size_t column, size_t indent, const char *s)
{
    char text[WRAP_MAX], *rest = text;

    (void)snprintf(text, sizeof text, "%s", s);
    bg_text_wrap(text, COLUMNS - column, COLUMNS - indent);
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n"))
        (void)fprintf(to, "%s\n%*s", line, rest == NULL ? 0 : (int)indent, "");
}

static void keep(json_t **list, const struct bg_message *id, const char *const *args)
{
    char name[8], text[BG_MSG_MAX], full[BG_MSG_MAX];
    size_t what;

    bg_msg_name(name, id);
    what = bg_msg_text(text, sizeof text, id, args);
    (void)bg_msg_full(full, sizeof full, id, args);
    if (*list == NULL)
        *list = json_array();
    (void)json_array_append_new(*list,
                                json_pack("{s:s, s:s, s:s}", "id", name, "text", text + strlen(name) + 1,
                                          "next", full[what] == ' ' ? full + what + 1 : full + what));
}

static void show(json_t **list, const struct bg_message *id, const char *const *args)
{
    char full[BG_MSG_MAX];

    if (form == UI_OBJECT) {
        keep(list, id, args);
        return;
    }
    (void)fflush(stdout);
    (void)bg_msg_full(full, sizeof full, id, args);
    ui_wrapped(stderr, 0, strcspn(full, " ") + 1, full); /* under the first word behind the number */
}

void ui_cell(const char *value, size_t width)
{
    char safe[1024];
    size_t n = bg_text_clean(safe, sizeof safe, value, strlen(value)), columns = 0, at = 0, cut = 0;

    while (at < n && columns <= width) {
        cut = columns == width - 1 ? at : cut;
        do
            at++;
        while (at < n && ((unsigned char)safe[at] & 0xC0) == 0x80);
        columns++;
    }
    if (columns > width)
        ui_text("%.*s~ ", (int)cut, safe);
    else
        ui_text("%s%*s", safe, (int)(width - columns + 1), "");
}

static ui_taker *taker;
static void *taker_arg;

void ui_divert(ui_taker *fn, void *arg)
{
    taker = fn;
    taker_arg = arg;
}

static bool untold(void *arg, const struct bg_message *id, const char *const *args)
{
    (void)arg;
    (void)id;
    (void)args;
    return true;
}

void ui_quiet(bool on)
{
    ui_divert(on ? untold : NULL, NULL);
}

/* Several looks of a command may read the same file, and each says what is wrong with it. */
static bool is_said(const struct bg_message *id, const char *const *args)
{
    static json_t *said;
    char full[BG_MSG_MAX];
    bool again;

    (void)bg_msg_full(full, sizeof full, id, args);
    if (said == NULL)
        said = json_object();
    again = json_object_get(said, full) != NULL;
    (void)json_object_set_new(said, full, json_true());
    return again;
}

void ui_finding(const struct bg_message *id, const char *const *args)
{
    if (taker != NULL && taker(taker_arg, id, args))
        return;
    finding_count++; /* whoever compares before and after looks at what was found, not at what was shown */
    if (!is_said(id, args))
        show(&findings, id, args);
}

static const char *member(const json_t *o, const char *name)
{
    return json_string_value(json_object_get(o, name));
}

void ui_finding_object(const json_t *finding, bool counts)
{
    char full[WRAP_MAX];

    finding_count += counts;
    if (form == UI_OBJECT) {
        if (findings == NULL)
            findings = json_array();
        (void)json_array_append_new(findings, json_deep_copy(finding));
        return;
    }
    (void)fflush(stdout);
    (void)snprintf(full, sizeof full, "%s %s: %s %s", member(finding, "id"), member(finding, "severity"),
                   member(finding, "text"), member(finding, "next"));
    ui_wrapped(stderr, 0, strcspn(full, " ") + 1, full);
}

void ui_warning(const struct bg_message *id, const char *const *args)
{
    show(&notes, id, args);
}

void ui_alarm(const struct bg_message *id, const char *const *args)
{
    bool red = form != UI_OBJECT && takes_color(STDERR_FILENO);

    if (red)
        (void)fputs("\033[31m", stderr);
    show(&notes, id, args);
    if (red)
        (void)fputs("\033[0m", stderr);
}

void ui_note(const struct bg_message *id, const char *const *args)
{
    if (!quiet_mode && taker == NULL)
        show(&notes, id, args);
}

unsigned ui_findings(void)
{
    return finding_count;
}

/* One line of standard input without its newline; false at its end. */
static bool read_line(char *out, size_t cap)
{
    (void)fflush(stdout);
    if (fgets(out, (int)cap, stdin) == NULL)
        return false;
    if (strchr(out, '\n') == NULL)
        for (int c; (c = getchar()) != '\n' && c != EOF;)
            continue;
    (void)bg_text_unpaste(out, strlen(out));
    (void)bg_text_trim(out);
    return true;
}

enum admin_exit ui_confirm(const char *question)
{
    char line[16] = "";

    if (yes_mode) {
        ui_text("%s yes\n", question);
        return ADMIN_GOOD;
    }
    if (form != UI_TEXT || !ui_interactive()) {
        ui_finding(BG_M_CMD_NOBODY, BG_NOARGS);
        return ADMIN_USAGE;
    }
    (void)printf("%s [y/N] ", question);
    if (read_line(line, sizeof line) &&
        (strcmp(line, "y") == 0 || strcmp(line, "Y") == 0 || strcmp(line, "yes") == 0))
        return ADMIN_GOOD;
    ui_note(BG_M_CMD_NOTHING_DONE, BG_NOARGS);
    return ADMIN_FINDING;
}

/* A word as it was meant: quotes, full stops, other blanks and the marks of a paste around it do not count.
 */
static void bare_word(char *line)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    size_t n = bg_shareplain(line, strlen(line), line), from;

    line[n] = '\0';
    from = strcspn(line, letters);
    n = strspn(line + from, letters);
    if (line[from + n + strcspn(line + from + n, letters)] != '\0')
        return; /* several words are none */
    memmove(line, line + from, n);
    line[n] = '\0';
}

int ui_choose(const char *question, const char *const words[])
{
    char line[64];

    for (;;) {
        (void)printf("%s: ", question);
        if (!read_line(line, sizeof line))
            return -1;
        bare_word(line);
        for (int i = 0; words[i] != NULL; i++)
            if (strcmp(line, words[i]) == 0)
                return i;
    }
}

bool ui_ask_line(const char *prompt, char *out, size_t cap)
{
    ui_text("%s", prompt);
    return read_line(out, cap);
}

void ui_ask_value(const char *question, char *out, size_t cap)
{
    char line[256];

    (void)printf("%s [%s]: ", question, out);
    if (read_line(line, sizeof line) && line[0] != '\0')
        (void)snprintf(out, cap, "%s", line);
}

ssize_t ui_read_hidden(const char *prompt, char *line, size_t cap)
{
    struct termios saved;
    bool hide = bg_terminal_hide(STDIN_FILENO, true, &saved); /* Ctrl-C: the echo must come back */
    ssize_t n = 0, got;
    char c = '\0';

    if (hide) {
        (void)fflush(stdout);
        (void)fputs(prompt, stderr);
    }
    while ((got = read(STDIN_FILENO, &c, 1)) == 1 && c != '\n' && (!hide || (cc_t)c != saved.c_cc[VINTR]))
        if (n++ < (ssize_t)cap - 1)
            line[n - 1] = c;
    line[n < (ssize_t)cap ? n : (ssize_t)cap - 1] = '\0';
    if (hide) {
        bg_terminal_show(STDIN_FILENO, &saved);
        (void)fputs(got == 1 && c != '\n' ? "cancelled\n" : "\n", stderr);
    }
    return got == 1 ? (c == '\n' ? n : -1) : (n > 0 ? n : -1);
}

void ui_json(json_t *root)
{
    (void)json_object_set_new(root, "findings", findings != NULL ? findings : json_array());
    (void)json_object_set_new(root, "notes", notes != NULL ? notes : json_array());
    findings = notes = NULL;
    (void)json_dumpf(root, stdout, JSON_INDENT(2));
    (void)fputc('\n', stdout);
}
