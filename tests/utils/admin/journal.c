/* SPDX-License-Identifier: ISC */
/* "journal verify" beside somebody who writes: what is read of the journal and of the cursors is played. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <jansson.h>
#include <cmocka.h>
#include "admin/ui.h"
#include "config/policy.h"
#include "delivery/cursor.h"
#include "record/journal.h"
#include "record/tamper.h"

static enum bg_err played_examine(const char *dir, const char *run, struct bg_verify *v,
                                  struct bg_second_look *second);
static enum bg_err played_cursor(const struct bg_cursor_dirs *at, const char *name, bool only_run,
                                 struct bg_cursor *c);
static enum bg_err played_policy(const char *path, struct bg_policy *p, struct bg_faults *faults);
#define bg_journal_examine played_examine
#define bg_cursor_load     played_cursor
#define bg_policy_load     played_policy
#include "admin/journal/verify.c"

static uint64_t end, seen; /* numbers of the journal's last line, and of the last one that a sink has read */
static bool grows;         /* while it is read */

static enum bg_err played_examine(const char *dir, const char *run, struct bg_verify *v,
                                  struct bg_second_look *second)
{
    (void)dir;
    (void)run;
    memset(second, 0, sizeof *second);
    *v = (struct bg_verify){.lines = end, .journalid = "a", .head = "5", .head_sequence = end};
    if (grows)
        seen = end = end + 1;
    return BG_OK;
}

static enum bg_err played_cursor(const struct bg_cursor_dirs *at, const char *name, bool only_run,
                                 struct bg_cursor *c)
{
    (void)at;
    (void)only_run;
    memset(c, 0, sizeof *c);
    if (strcmp(name, "new") == 0)
        return BG_E_NOENT;
    c->journal = (struct bg_cursor_line){.journalid = "a", .sequence = seen, .hash = "5"};
    return BG_OK;
}

static enum bg_err played_policy(const char *path, struct bg_policy *p, struct bg_faults *faults)
{
    (void)path;
    (void)faults;
    p->sinks = (struct bg_sinks){.sink = {{.name = "new"}, {.name = "here"}}, .n = 2};
    return BG_OK;
}

static void looks(uint64_t last, uint64_t read, bool more, bool sound)
{
    json_t *root = json_object();
    unsigned before = ui_findings();

    end = last;
    seen = read;
    grows = more;
    assert_int_equal(journal_look(root, false), ADMIN_GOOD);
    assert_int_equal(ui_findings() - before, !sound);
    json_decref(root);
}

static void test_cursors(void **state)
{
    (void)state;
    looks(7, 7, false, true);
    looks(7, 3, false, true);
    looks(7, 8, false, false);
    /* an event comes between the lines and the cursors */
    looks(7, 7, true, true);
    looks(7, 9, true, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cursors)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
