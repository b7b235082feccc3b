/* SPDX-License-Identifier: ISC */
/* The engine of all commands: what is asked wrongly never runs, who may run what, how it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static uid_t euid;
static uid_t fake_geteuid(void)
{
    return euid;
}
#define geteuid      fake_geteuid
#define rows_require fake_require
#define bg_record    fake_record
#define bg_bell_ring fake_ring
#include "admin/command.c"
#include "admin/ui.c"
#undef geteuid
#include "admin/report.c"

static struct bg_event recorded;
static char recorded_message[128];

enum admin_exit fake_require(const char *name)
{
    if (strcmp(name, "bg1") == 0)
        return ADMIN_GOOD;
    if (strcmp(name, "unreadable") == 0)
        return ADMIN_CANNOT;
    ui_finding(BG_M_CMD_NO_ACCOUNT, BG_ARGS(name, "accounts"));
    return ADMIN_USAGE;
}

enum bg_err fake_record(struct bg_recorder *rec, const struct bg_event *e, enum bg_recorded *where,
                        struct bg_position *at)
{
    (void)rec;
    recorded = *e;
    (void)snprintf(recorded_message, sizeof recorded_message, "%s", e->message);
    *where = BG_RECORDED_JOURNAL;
    *at = (struct bg_position){.sequence = 1};
    return BG_OK;
}

static unsigned rings;
enum bg_err fake_ring(const char *program)
{
    (void)program;
    rings++;
    return BG_OK;
}

/* --- commands that tell what reached them ------------------------------------------------------- */

static struct {
    bool ran, wide;
    const char *first, *second, *text;
    uint32_t number;
    enum admin_exit asked;
} seen;

static bool parse_even(const char *value)
{
    return strcmp(value, "2") == 0;
}

static enum admin_exit plain(char *const words[], json_t *root)
{
    (void)root;
    seen.ran = true;
    seen.first = words[0];
    seen.second = words[0] == NULL ? NULL : words[1];
    return ADMIN_GOOD;
}

static enum admin_exit asking(char *const words[], json_t *root)
{
    (void)plain(words, root);
    return seen.asked = ui_confirm("Do it?");
}

static enum admin_exit finding(char *const words[], json_t *root)
{
    (void)plain(words, root);
    ui_finding(BG_M_CMD_NOTHING_DONE, BG_NOARGS);
    return ADMIN_GOOD;
}

static const struct command_option options[] = {
    {"wide", NULL, "a flag", .flag = &seen.wide},
    {"text", "T", "a text", .text = &seen.text},
    {"number", "N", "a number", .number = &seen.number, .min = 3, .max = 5},
    {"even", "N", "an even number", .parse = parse_even, .expected = "an even number"},
    {0},
};
static const struct command fakes[] = {
    {.name = "pot add",
     .operands = "ACCOUNT LABEL",
     .help = "h",
     .example = "e",
     .needs = COMMAND_ROOT,
     .run = plain},
    {.name = "pot list",
     .operands = "[ACCOUNT]",
     .help = "h",
     .example = "e",
     .options = options,
     .run = plain},
    {.name = "boil",
     .operands = "",
     .help = "h",
     .example = "e",
     .needs = COMMAND_ROOT | COMMAND_ASKS | COMMAND_DRY,
     .run = asking},
    {.name = "look", .operands = "", .help = "h", .example = "e", .run = finding},
    {0},
};

static enum admin_exit go(const char *line)
{
    static const struct command *const tables[] = {fakes, NULL};
    static char words[256];
    char *argv[12] = {(char *)(uintptr_t) "breakglass"}, *save = NULL;
    int argc = 1;

    memset(&seen, 0, sizeof seen);
    want_yes = want_json = want_dry = want_quiet = want_help = false;
    finding_count = 0;
    ui_mode(UI_TEXT, false, false, false);
    (void)snprintf(words, sizeof words, "%s", line);
    for (char *w = strtok_r(words, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save))
        argv[argc++] = w;
    return admin_run(tables, argc, argv);
}

static void test_asked_wrongly(void **state)
{
    static const char *const wrong[] = {
        "",
        "pot",
        "pots",
        "pot ad",
        "bol",
        "pot add",
        "pot add bg1",
        "pot add bg1 a b",
        "pot add nobody a",
        "pot list nobody",
        "pot list bg1 more",
        "pot list --bogus",
        "pot list --yes",
        "pot list --dry-run",
        "pot list --wide=1",
        "pot list --text",
        "pot list --number 2",
        "pot list --number 6",
        "pot list --number x",
        "pot list --even 3",
        "look more",
        "-V more",
        "--version --bogus",
        "--json",
        "-q",
        "--json pot",
        "help look more",
        "help look --bogus",
        "help pot list bg1",
        "boil --quiet",
        "boil -q",
        "-q boil",
    };

    (void)state;
    euid = 0;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(go(wrong[i]), ADMIN_USAGE);
        assert_false(seen.ran);
    }
}

static void test_words_arrive(void **state)
{
    (void)state;
    euid = 0;
    assert_int_equal(go("pot add bg1 blue"), ADMIN_GOOD);
    assert_string_equal(seen.first, "bg1");
    assert_string_equal(seen.second, "blue");
    assert_int_equal(go("pot list --number 5 --wide --text t --even 2"), ADMIN_GOOD);
    assert_true(seen.ran && seen.wide && seen.number == 5 && seen.first == NULL);
    assert_string_equal(seen.text, "t");
    assert_int_equal(go("pot list unreadable"), ADMIN_CANNOT);
    assert_false(seen.ran);
    assert_int_equal(go("--json -q pot add bg1 blue"), ADMIN_GOOD);
    assert_true(seen.ran && want_json && want_quiet);
    assert_int_equal(go("pot list --number 3 bg1 --wide"), ADMIN_GOOD);
    assert_string_equal(seen.first, "bg1");
}

static void test_root(void **state)
{
    (void)state;
    euid = 1000;
    assert_int_equal(go("pot add bg1 blue"), ADMIN_CANNOT);
    assert_false(seen.ran);
    assert_int_equal(go("boil --yes"), ADMIN_CANNOT);
    assert_false(seen.ran);
    assert_int_equal(go("boil --yes --dry-run"), ADMIN_GOOD);
    assert_int_equal(go("pot list"), ADMIN_GOOD);
    euid = 0;
}

/* No terminal is here: nothing but --yes is a yes. */
static void test_confirmation(void **state)
{
    (void)state;
    assert_int_equal(go("boil"), ADMIN_USAGE);
    assert_int_equal(seen.asked, ADMIN_USAGE);
    assert_int_equal(go("boil --json"), ADMIN_USAGE);
    assert_int_equal(seen.asked, ADMIN_USAGE);
    assert_int_equal(go("boil --yes --json"), ADMIN_GOOD);
    assert_int_equal(go("boil --yes"), ADMIN_GOOD);
    assert_int_equal(go("boil --yes --quiet"), ADMIN_GOOD);
    assert_int_equal(go("boil --dry-run --yes -q"), ADMIN_GOOD);
    assert_int_equal(go("pot list -q"), ADMIN_GOOD); /* it asks nothing */
}

static void test_findings_are_no_success(void **state)
{
    (void)state;
    assert_int_equal(go("look"), ADMIN_FINDING);
    assert_int_equal(go("look --quiet"), ADMIN_FINDING);
    assert_int_equal(go("look --json"), ADMIN_FINDING);
}

static void test_help_runs_nothing(void **state)
{
    static const char *const lines[] = {"help boil",  "boil --help", "boil -h",         "help pot add",
                                        "pot --help", "help pot",    "--help",          "help",
                                        "-h",         "-V",          "--version",       "-V --json",
                                        "--json -V",  "help --json", "help --json boil"};

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        assert_int_equal(go(lines[i]), ADMIN_GOOD);
        assert_false(seen.ran);
    }
    assert_int_equal(go("help bogus"), ADMIN_USAGE);
}

static void test_distance(void **state)
{
    (void)state;
    assert_int_equal(distance("status", "status"), 0);
    assert_int_equal(distance("statsu", "status"), 1);
    assert_int_equal(distance("stat", "status"), 2);
    assert_int_equal(distance("", "abc"), 3);
    assert_int_equal(distance("kitten", "sitting"), 3);
}

static void test_report(void **state)
{
    (void)state;
    rings = 0;
    report_event(BG_EV_CONFIG_CHANGED, "bg1", "changed");
    assert_int_equal(recorded.type, BG_EV_CONFIG_CHANGED);
    assert_string_equal(recorded.account, "bg1");
    assert_string_equal(recorded_message, "changed");
    assert_true(recorded.success);
    assert_int_equal(recorded.caller_uid, getuid());
    assert_int_equal(rings, 1);
    report_event(BG_EV_KEY_COUNTER_BACK, "", "key blue counts 3, but 5 was seen before");
    assert_false(recorded.success);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_asked_wrongly),
        cmocka_unit_test(test_words_arrive),
        cmocka_unit_test(test_root),
        cmocka_unit_test(test_confirmation),
        cmocka_unit_test(test_findings_are_no_success),
        cmocka_unit_test(test_help_runs_nothing),
        cmocka_unit_test(test_distance),
        cmocka_unit_test(test_report),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
