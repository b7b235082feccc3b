#include "admin/ui.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/text.h"

#define COLUMNS 79
#define INDENT  5

static bool json_mode, yes_mode;
static json_t *findings, *notes;
static unsigned finding_count;

void ui_mode(bool json, bool yes)
{
    json_mode = json;
    yes_mode = yes;
}

bool ui_is_json(void)
{
    return json_mode;
}

bool ui_interactive(void)
{
    return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
}

bool ui_color(void)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

    return isatty(STDOUT_FILENO) == 1 && (no == NULL || *no == '\0') && term != NULL &&
           strcmp(term, "dumb") != 0;
}

void ui_text(const char *fmt, ...)
{
    va_list ap;

    if (json_mode)
        return;
    va_start(ap, fmt);
    (void)vprintf(fmt, ap);
    va_end(ap);
}

/* What follows the first line is indented past the id. */
void ui_wrapped(FILE *to, char *s, size_t column)
{
    bg_text_wrap(s, COLUMNS - column, COLUMNS - INDENT);
    for (char *line = strsep(&s, "\n"); line != NULL; line = strsep(&s, "\n"))
        (void)fprintf(to, "%s%s", line, s == NULL ? "\n" : "\n     ");
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

    if (json_mode) {
        keep(list, id, args);
        return;
    }
    (void)fflush(stdout);
    (void)bg_msg_full(full, sizeof full, id, args);
    ui_wrapped(stderr, full, 0);
}

void ui_finding(const struct bg_message *id, const char *const *args)
{
    finding_count++;
    show(&findings, id, args);
}

void ui_note(const struct bg_message *id, const char *const *args)
{
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
    (void)bg_text_trim(out);
    return true;
}

enum ui_answer ui_ask(const char *question)
{
    char line[16];

    if (yes_mode) {
        ui_text("%s yes\n", question);
        return UI_YES;
    }
    if (json_mode || !ui_interactive())
        return UI_NOBODY;
    (void)printf("%s [y/N] ", question);
    if (!read_line(line, sizeof line))
        return UI_NO;
    return strcmp(line, "y") == 0 || strcmp(line, "Y") == 0 || strcmp(line, "yes") == 0 ? UI_YES : UI_NO;
}

void ui_ask_value(const char *question, char *out, size_t cap)
{
    char line[256];

    (void)printf("%s [%s]: ", question, out);
    if (read_line(line, sizeof line) && line[0] != '\0')
        (void)snprintf(out, cap, "%s", line);
}

void ui_json(json_t *root)
{
    (void)json_object_set_new(root, "findings", findings != NULL ? findings : json_array());
    (void)json_object_set_new(root, "notes", notes != NULL ? notes : json_array());
    findings = notes = NULL;
    (void)json_dumpf(root, stdout, JSON_INDENT(2));
    (void)fputc('\n', stdout);
    json_decref(root);
}
