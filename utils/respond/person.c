/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/secret.h"
#include "base/terminal.h"
#include "base/text.h"
#include "respond/respond.h"

#define COLUMNS 79

void tell(const struct bg_message *m, const char *const *args)
{
    char text[BG_MSG_MAX];

    (void)fflush(stdout);
    (void)bg_msg_full(text, sizeof text, m, args);
    bg_text_wrap(text, COLUMNS, COLUMNS);
    (void)fprintf(stderr, "%s\n", text);
}

/* Byte by byte: what comes after the line is not ours, and no stdio buffer keeps a PIN. */
static bool read_line(int end, char *out, size_t cap)
{
    size_t n = 0;
    ssize_t got;
    char c = '\0';

    while ((got = read(STDIN_FILENO, &c, 1)) == 1 && c != '\n' && (unsigned char)c != end)
        if (n + 1 < cap)
            out[n++] = c;
    out[n] = '\0';
    (void)bg_text_typed(out, n);
    return c == '\n' || (got == 0 && n > 0);
}

bool ask_line(const char *prompt, char *out, size_t cap)
{
    (void)fflush(stdout);
    if (isatty(STDIN_FILENO) == 1)
        (void)fputs(prompt, stderr);
    return read_line(-1, out, cap);
}

bool ask_hidden(const char *prompt, char *out, size_t cap)
{
    struct termios saved;
    bool hide = bg_terminal_hide(STDIN_FILENO, true, &saved), good; /* Ctrl-C: the echo must come back */

    (void)fflush(stdout);
    if (hide)
        (void)fputs(prompt, stderr);
    good = read_line(hide ? saved.c_cc[VINTR] : -1, out, cap);
    if (hide) {
        bg_terminal_show(STDIN_FILENO, &saved);
        (void)fputs("\n", stderr);
    }
    return good;
}
