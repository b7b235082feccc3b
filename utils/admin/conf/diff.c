#include "admin/conf/diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/safefile.h"
#include "base/text.h"
#include "admin/run.h"
#include "admin/ui.h"

#define DIFF_PROGRAM "/usr/bin/diff"
#define DIFF_LIMIT   (1024u * 1024u)
#define DIFF_MS      10000

static int text_fd(const char *text)
{
    int fd = memfd_create("text", MFD_CLOEXEC);

    if (fd < 0)
        return -1;
    if (text != NULL && (bg_write_all(fd, text, strlen(text)) != BG_OK || lseek(fd, 0, SEEK_SET) != 0)) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static enum bg_err by_program(const char *label_old, const char *label_new, const char *old, const char *new,
                              char **out)
{
    const char *const argv[] = {DIFF_PROGRAM, "-u",        "--label",   label_old, "--label",
                                label_new,    "/dev/fd/3", "/dev/fd/4", NULL};
    int fds[2] = {text_fd(old), text_fd(new)};
    struct run_result res = {0};
    enum bg_err r = BG_E_IO;

    if (fds[0] >= 0 && fds[1] >= 0)
        r = run_program(argv, fds, 2, DIFF_LIMIT, DIFF_MS, &res);
    for (size_t i = 0; i < 2; i++)
        if (fds[i] >= 0)
            (void)close(fds[i]);
    if (r != BG_OK)
        return r;
    if (res.exit_status > 1) {
        free(res.out);
        return BG_E_IO;
    }
    *out = res.out;
    return BG_OK;
}

static void put_lines(FILE *to, char mark, const char *from, const char *end)
{
    while (from < end) {
        const char *nl = memchr(from, '\n', (size_t)(end - from));
        size_t n = (size_t)((nl == NULL ? end : nl) - from);
        (void)fprintf(to, "%c%.*s\n", mark, (int)n, from);
        from += n + 1;
    }
}

/* Everything between the common start and the common end, as removed and added lines. */
static enum bg_err by_hand(const char *label_old, const char *label_new, const char *old, const char *new,
                           char **out)
{
    const char *a = old == NULL ? "" : old, *b = new == NULL ? "" : new;
    const char *enda = a + strlen(a), *endb = b + strlen(b), *p = a, *q = b;
    unsigned line = 1;
    size_t size;
    FILE *to = open_memstream(out, &size);

    if (to == NULL)
        return BG_E_NOMEM;
    for (; p < enda && q < endb && *p == *q; p++, q++)
        if (*p == '\n') {
            a = p + 1;
            b = q + 1;
            line++;
        }
    while (enda > a && endb > b && enda[-1] == endb[-1])
        enda--, endb--;
    /* back to whole lines: both ends stand before the same text, so they move together */
    while ((enda > a && enda[-1] != '\n') || (endb > b && endb[-1] != '\n')) {
        if (*enda == '\0')
            break;
        enda++, endb++;
    }
    (void)fprintf(to, "--- %s\n+++ %s\n@@ line %u @@\n", label_old, label_new, line);
    put_lines(to, '-', a, enda);
    put_lines(to, '+', b, endb);
    return fclose(to) == 0 ? BG_OK : BG_E_NOMEM;
}

enum bg_err diff_texts(const char *path, const char *old, const char *new, char **out)
{
    const char *label_old = old == NULL ? "/dev/null" : path, *label_new = new == NULL ? "/dev/null" : path;

    if (by_program(label_old, label_new, old, new, out) == BG_OK)
        return BG_OK;
    return by_hand(label_old, label_new, old, new, out);
}

static const char *color_of(const char *line)
{
    switch (line[0]) {
    case '+':
        return "\033[32m";
    case '-':
        return "\033[31m";
    case '@':
        return "\033[36m";
    default:
        return "";
    }
}

void diff_show(const char *diff)
{
    bool color = ui_color();
    char safe[4096];

    while (*diff != '\0') {
        size_t n = strcspn(diff, "\n");
        const char *on = color ? color_of(diff) : "";
        const char *p = diff;
        ui_text("%s", on);
        /* tabs are honest here */
        for (size_t left = n; left > 0;) {
            size_t piece = 0;
            while (piece < left && p[piece] != '\t')
                piece++;
            (void)bg_text_clean(safe, sizeof safe, p, piece);
            ui_text("%s%s", safe, piece < left ? "\t" : "");
            piece += piece < left;
            p += piece;
            left -= piece;
        }
        ui_text("%s\n", *on != '\0' ? "\033[0m" : "");
        diff += n + (diff[n] == '\n');
    }
}
