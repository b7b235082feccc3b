/* SPDX-License-Identifier: ISC */
/* breakglass journal show */
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "account/accounts.h"
#include "admin/admin.h"
#include "admin/journal/journal.h"
#include "admin/ui.h"
#include "base/clock.h"
#include "base/text.h"
#include "record/backward.h"
#include "record/chain.h"
#include "record/journal.h"
#include "record/lines.h"
#include "record/messages.h"
#include "record/trim.h"
#include "admin/messages.h"

#define LAST_MAX    100000u
#define FOLLOW_LAST 10  /* events that --follow begins with */
#define FOLLOW_MS   200 /* between two looks */

static struct {
    const char *account, *use;
    char since[JOURNAL_SINCE];
    uint32_t last; /* 0: all */
    bool follow, details;
} wish;

static bool parse_since(const char *value)
{
    return journal_since(value, wish.since);
}

static bool parse_account(const char *value)
{
    wish.account = value;
    return bg_name_valid(value);
}

static bool parse_use(const char *value)
{
    wish.use = value;
    return bg_ulid_valid(value);
}

const struct command_option journal_show_options[] = {
    {"last", "N", "only the last N events", .number = &wish.last, .min = 1, .max = LAST_MAX},
    {"since", "TIME", "only events since then: 2026-11-22T12:00 (UTC), or 30m, 2h, 7d ago",
     .parse = parse_since, .expected = JOURNAL_EXPECTED},
    {"account", "ACCOUNT", "only events of this account", .parse = parse_account,
     .expected = "the name of an account"},
    {"use", "ID", "only events of this use, with their details", .parse = parse_use,
     .expected = "the 26 characters of a use's id"},
    {"details", NULL, "all of each event instead of a row", .flag = &wish.details},
    {"follow", NULL, "keep printing new events until Ctrl-C", .flag = &wish.follow},
    {0},
};

/* A line that was parsed, as the same JSON (RFC 8259 7) without what a terminal would obey: what is hostile
 * stands in its strings alone, but for blanks. */
static void print_for_a_terminal(const char *s, size_t n)
{
    uint32_t cp;

    for (size_t step; n > 0; s += step, n -= step) {
        if ((step = bg_utf8_next(s, n, &cp)) == 0)
            return; /* no line that was parsed */
        if (cp < ' ')
            (void)putchar(' ');
        else if (!bg_text_hostile(cp))
            (void)fwrite(s, 1, step, stdout);
        else if (cp > 0xffff)
            (void)printf("\\u%04X\\u%04X", 0xd7c0 + (cp >> 10), 0xdc00 + (cp & 0x3ff));
        else
            (void)printf("\\u%04X", cp);
    }
    (void)putchar('\n');
}

/* The one parse of a line. */
static void print_line(const struct bg_rawline *l)
{
    json_t *o = NULL;
    struct bg_chain at;

    if (bg_chain_parse(l->text, l->len, &o, &at) != BG_OK || *bg_json_str(o, "type") == '\0' ||
        *bg_json_str(o, "time") == '\0')
        ui_finding(BG_M_JOURNAL_BROKEN,
                   BG_ARGS(l->segment, BG_DIGITS(l->lineno), "it is not a line of a journal"));
    else if (ui_form() == UI_LINES && isatty(STDOUT_FILENO))
        print_for_a_terminal(l->text, l->len);
    else if (ui_form() == UI_LINES)
        (void)printf("%.*s\n", (int)l->len, l->text);
    else if (wish.details || wish.use != NULL)
        journal_print_details(o);
    else
        journal_print_row(o);
    json_decref(o);
}

static bool is_wanted(const struct bg_rawline *l)
{
    return (wish.account == NULL || bg_line_has(l, "subject", wish.account)) &&
           (wish.use == NULL || bg_line_has(l, "use", wish.use)) && !bg_line_is_older(l, wish.since);
}

static bool take_line(void *arg, const struct bg_rawline *l)
{
    (void)arg;
    if (is_wanted(l))
        print_line(l);
    return true;
}

/* Lines of the journal from the newest on, kept until there are enough. */
struct kept {
    char *text;
    size_t len;
    char segment[64];
    unsigned long lineno;
};

struct newest {
    struct kept *line;
    size_t cap, n;
};

static bool keep_line(void *arg, const struct bg_rawline *l)
{
    struct newest *a = arg;
    struct kept *k = &a->line[a->n];

    if (!is_wanted(l))
        return true;
    if ((k->text = strndup(l->text, l->len)) == NULL)
        return false;
    k->len = l->len;
    k->lineno = l->lineno;
    (void)snprintf(k->segment, sizeof k->segment, "%s", l->segment);
    return ++a->n < a->cap;
}

static enum bg_err show_newest(size_t cap, struct bg_linepos *end)
{
    struct newest a = {.line = calloc(cap, sizeof *a.line), .cap = cap};
    enum bg_err r = a.line == NULL ? BG_E_NOMEM : bg_lines_back(BG_JOURNAL_DIR, end, keep_line, &a);

    while (a.n > 0) {
        struct kept *k = &a.line[--a.n];
        const struct bg_rawline l = {
            .segment = k->segment, .lineno = k->lineno, .text = k->text, .len = k->len};
        print_line(&l);
        free(k->text);
    }
    free(a.line);
    return r;
}

/* What stood before the first line that there is. */
static void show_earlier(void)
{
    uint64_t earlier = bg_journal_earlier(NULL);

    if (earlier > 0)
        ui_warning(BG_M_JOURNAL_EARLIER, BG_ARGS(BG_DIGITS(earlier)));
}

/* *pos: behind what was shown. */
static enum bg_err show_journal(struct bg_linepos *pos)
{
    enum bg_err r = BG_OK;

    if (wish.last > 0)
        return show_newest(wish.last, pos);
    if (wish.since[0] == '\0' && !wish.follow)
        show_earlier();
    if (wish.since[0] != '\0')
        r = bg_lines_since(BG_JOURNAL_DIR, wish.since, pos);
    else if (wish.follow)
        return show_newest(FOLLOW_LAST, pos);
    return r == BG_OK ? bg_lines_after(BG_JOURNAL_DIR, pos, take_line, NULL) : r;
}

/* New lines as they come, until a signal ends it; all of them again when the journal became shorter. */
static enum bg_err follow(struct bg_linepos *pos)
{
    enum bg_err r = BG_OK;

    while (r == BG_OK && fflush(stdout) == 0) {
        bg_sleep_ms(FOLLOW_MS);
        r = bg_lines_after(BG_JOURNAL_DIR, pos, take_line, NULL);
        if (r == BG_E_MISMATCH) {
            ui_finding(BG_M_JOURNAL_AGAIN, BG_ARGS(BG_JOURNAL_DIR));
            *pos = (struct bg_linepos){0};
            r = BG_OK;
        }
    }
    return r;
}

static bool take_waiting(void *arg, const struct bg_rawline *l)
{
    return bg_line_has(l, "type", bg_event_kind(BG_EV_JOURNAL_GENESIS)->type) || take_line(arg, l);
}

/* What is on record in /run alone comes last: it is newer than what the journal has. */
static void show_waiting(void)
{
    unsigned n = bg_journal_waiting(NULL);

    if (n == 0)
        return;
    ui_warning(BG_M_JOURNAL_WAITS, BG_ARGS(BG_DIGITS(n), BG_FALLBACK_DIR));
    (void)!bg_lines_walk(BG_FALLBACK_DIR, 0, take_waiting, NULL);
}

enum admin_exit journal_show(char *const words[], json_t *root)
{
    struct bg_linepos pos = {0};
    enum bg_err r;

    (void)words;
    (void)root;
    if (!wish.follow)
        pager_begin();
    r = show_journal(&pos);
    show_waiting();
    if (r == BG_OK && wish.follow)
        r = follow(&pos);
    pager_end();
    return r == BG_OK ? ADMIN_GOOD : journal_none(r);
}
