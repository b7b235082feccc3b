/* SPDX-License-Identifier: ISC */
/* The changes as unified diffs, made by diff(1). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "admin/conf/conffile.h"
#include "admin/messages.h"
#include "admin/run.h"
#include "admin/ui.h"
#include "base/safefile.h"
#include "base/text.h"

#define DIFF_PROGRAM "/usr/bin/diff"
#define DIFF_LIMIT   (1024u * 1024u)
#define DIFF_MS      10000

static int text_fd(const char *text)
{
    int fd = memfd_create("text", MFD_CLOEXEC);

    if (fd >= 0 && text != NULL &&
        (bg_write_all(fd, text, strlen(text)) != BG_OK || lseek(fd, 0, SEEK_SET) != 0)) {
        bg_close(fd);
        return -1;
    }
    return fd;
}

/* *out is the caller's to free. */
static enum bg_err diff(const struct sysedit *s, char **out)
{
    const char *const argv[] = {DIFF_PROGRAM, "-u",
                                "--label",    (s->old == NULL ? "/dev/null" : s->path),
                                "--label",    (s->new == NULL ? "/dev/null" : s->path),
                                "/dev/fd/3",  "/dev/fd/4",
                                NULL};
    int fds[2] = {text_fd(s->old), text_fd(s->new)};
    struct run_result res = {0};
    enum bg_err r = BG_E_IO;

    if (fds[0] >= 0 && fds[1] >= 0)
        r = run_program(argv, fds, 2, DIFF_LIMIT, DIFF_MS, &res);
    for (size_t i = 0; i < 2; i++)
        bg_close(fds[i]);
    if (r == BG_OK && res.exit_status > 1) {
        free(res.out);
        errno = EIO;
        r = BG_E_IO;
    }
    if (r == BG_OK)
        *out = res.out;
    return r;
}

/* Hostile characters are made visible; tabs are not hostile here. */
static void show_line(const char *line, size_t n)
{
    static const char marks[] = "+-@", *const colors[] = {"\033[32m", "\033[31m", "\033[36m"};
    const char *mark = n > 0 && ui_color() ? strchr(marks, line[0]) : NULL;
    char safe[4096];

    ui_text("%s", mark != NULL ? colors[mark - marks] : "");
    for (size_t at = 0, piece; at < n; at += piece) {
        piece = strcspn(line + at, "\t\n");
        (void)bg_text_clean(safe, sizeof safe, line + at, piece);
        ui_text("%s", safe);
        for (; line[at + piece] == '\t'; piece++)
            ui_text("\t");
    }
    ui_text("%s\n", mark != NULL ? "\033[0m" : "");
}

void conf_show(const struct sysedits *e, json_t *changed)
{
    bool missed = false;

    if (!ui_is_yes()) /* nobody may be there to leave the pager */
        pager_begin();
    for (size_t i = 0; i < e->n; i++) {
        const struct sysedit *s = &e->item[i];
        char *text = NULL;
        enum bg_err r = diff(s, &text);
        if (r != BG_OK && !missed)
            ui_note(BG_M_CMD_NO_DIFF, BG_ARGS(DIFF_PROGRAM, bg_strerror(r)));
        missed = missed || r != BG_OK;
        (void)json_array_append_new(changed,
                                    json_pack("{s:s, s:s}", "path", s->path, "diff", r == BG_OK ? text : ""));
        if (r != BG_OK)
            ui_text("%s", s->path);
        for (const char *p = text; p != NULL && *p != '\0'; p += strcspn(p, "\n"), p += *p == '\n')
            show_line(p, strcspn(p, "\n"));
        ui_text("\n");
        free(text);
    }
    pager_end();
}
