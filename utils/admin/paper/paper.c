/* SPDX-License-Identifier: ISC */
/* Cards on their way to paper: a file that only root can read, or lp(1), which is given them in memory. */
#include "admin/paper/paper.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "admin/messages.h"
#include "admin/run.h"
#include "admin/ui.h"
#include "base/safefile.h"
#include "base/secret.h"
#include "config/policy.h"

#define LP       "/usr/bin/lp"
#define LP_MS    60000
#define LP_WORDS 4096

static struct {
    bool text, pdf, letter, sized; /* as asked for */
    const char *file, *printer;
} wish;

bool paper_parse_form(const char *value)
{
    wish.text = strcmp(value, "text") == 0;
    wish.pdf = strcmp(value, "pdf") == 0;
    return wish.text || wish.pdf;
}

bool paper_parse_size(const char *value)
{
    wish.sized = true;
    wish.letter = strcmp(value, "letter") == 0;
    return wish.letter || strcmp(value, "a4") == 0;
}

bool paper_parse_file(const char *value)
{
    wish.file = value;
    return *value == '/';
}

bool paper_parse_printer(const char *value)
{
    wish.printer = value;
    return *value != '\0' && (*value != '-' || value[1] == '\0');
}

bool paper_wanted(void)
{
    return wish.file != NULL || wish.printer != NULL;
}

enum admin_exit paper_check(void)
{
    struct stat st;

    if ((wish.file != NULL && wish.printer != NULL) ||
        ((wish.text || wish.pdf || wish.sized) && !paper_wanted())) {
        ui_finding(BG_M_CMD_CARDS_WHERE, BG_NOARGS);
        return ADMIN_USAGE;
    }
    if (!BG_WITH_CARDS && paper_wanted() && !wish.text) {
        ui_finding(BG_M_CMD_CARDS_NOT_BUILT, BG_NOARGS);
        return ADMIN_CANNOT;
    }
    if (wish.file != NULL && lstat(wish.file, &st) == 0) {
        ui_finding(BG_M_CMD_CARDS_EXIST, BG_ARGS(wish.file));
        return ADMIN_FINDING;
    }
    return ADMIN_GOOD;
}

const char *paper_phone(void)
{
    static struct bg_policy policy;
    static struct bg_faults faults;
    static bool loaded;

    if (!loaded)
        (void)!bg_policy_load(BG_POLICY_PATH, &policy, &faults); /* "config check" tells of its faults */
    loaded = true;
    return policy.phone;
}

static enum bg_err make_text(const struct paper_cards *cards, char **bytes, size_t *len)
{
    FILE *to = open_memstream(bytes, len);
    enum bg_err r = to == NULL ? BG_E_NOMEM : BG_OK;
    bool first = true;

    for (const struct paper_cards *c = cards; c != NULL; c = c->next)
        for (size_t i = 0; r == BG_OK && i < c->n; i++) {
            if (!first)
                (void)fputc('\f', to);
            first = false;
            r = c->print(to, c->cards, i);
        }
    if (to != NULL && fclose(to) != 0)
        r = BG_E_NOMEM;
    return r;
}

static enum bg_err make_pages(const struct paper_cards *cards, char **bytes, size_t *len, const char **which)
{
#if BG_WITH_CARDS
    if (!wish.text)
        return paper_pdf(cards, wish.letter, bytes, len, which);
#else
    (void)which;
#endif
    return make_text(cards, bytes, len);
}

/* It has no name and is no file on any disk. */
static int in_memory(const char *bytes, size_t len)
{
    int fd = memfd_create("cards", MFD_CLOEXEC);

    if (fd >= 0 && (bg_write_all(fd, bytes, len) != BG_OK || lseek(fd, 0, SEEK_SET) != 0)) {
        bg_close(fd);
        fd = -1;
    }
    return fd;
}

static bool to_printer(const char *bytes, size_t len)
{
    const char *const chosen[] = {LP, "-s", "-t", "cards", "-d", wish.printer, NULL};
    const char *const any[] = {LP, "-s", "-t", "cards", NULL};
    struct run_result res = {.out = NULL};
    int fd = in_memory(bytes, len);
    enum bg_err r = BG_E_IO;

    if (fd >= 0)
        r = run_program_on(strcmp(wish.printer, "-") == 0 ? any : chosen, fd, LP_WORDS, LP_MS, &res);
    bg_close(fd);
    if (r != BG_OK)
        ui_finding(BG_M_CMD_CARDS_OUT, BG_ARGS(LP, bg_strerror(r)));
    else if (res.exit_status != 0)
        ui_finding(BG_M_CMD_CARDS_OUT, BG_ARGS(LP, res.out));
    free(res.out);
    return r == BG_OK && res.exit_status == 0;
}

static bool to_file(const char *bytes, size_t len)
{
    enum bg_err r = bg_file_replace(wish.file, bytes, len, 0600, (uid_t)-1, (gid_t)-1);

    if (r != BG_OK)
        ui_finding(BG_M_CMD_CARDS_OUT, BG_ARGS(wish.file, bg_strerror(r)));
    return r == BG_OK;
}

bool paper_write(const struct paper_cards *cards)
{
    const char *which = "";
    char *bytes = NULL;
    size_t len = 0;
    enum bg_err r = make_pages(cards, &bytes, &len, &which);
    bool good = false;

    if (r == BG_E_RANGE)
        ui_finding(BG_M_CMD_CARDS_LETTER, BG_ARGS(which));
    else if (r != BG_OK)
        ui_finding(BG_M_CMD_CARDS_OUT, BG_ARGS("memory", bg_strerror(r)));
    else
        good = wish.file != NULL ? to_file(bytes, len) : to_printer(bytes, len);
    if (bytes != NULL)
        bg_wipe(bytes, len);
    free(bytes);
    return good;
}

void paper_take_back(void)
{
    if (wish.file != NULL)
        bg_remove(wish.file);
}
