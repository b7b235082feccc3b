/* SPDX-License-Identifier: ISC */
/* The engine of all commands: words, checks, help, the end. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "admin/admin.h"
#include "admin/rows.h"
#include "admin/ui.h"
#include "admin/messages.h"
#include "base/text.h"

#define OPTIONS_MAX  24
#define OPERANDS_MAX 16
#define SCREEN       24   /* lines of a help: blank ones go where it is longer */
#define FIRST        1000 /* getopt's number of the first long option, in optopt too */
#define HELP_COLUMN  24u  /* last column where the help of an option may begin */

static bool want_yes, want_json, want_dry, want_quiet, want_help;

/* What every command has, and what those have that ask or change system files. */
static const struct command_option common[] = {
    {"dry-run", NULL, "show what would be done, change nothing", .flag = &want_dry},
    {"yes", NULL, "answer every question with yes", .flag = &want_yes},
    {"json", NULL, "one JSON object instead of text", .flag = &want_json},
    {"quiet", NULL, "print findings only", .flag = &want_quiet},
    {"help", NULL, "show this help", .flag = &want_help},
    {0},
};

static const struct command_option json_lines = {"json", NULL, "lines of JSON instead of text",
                                                 .flag = &want_json};

enum admin_exit admin_bad_value(const char *value, const char *option, const char *expected)
{
    ui_finding(BG_M_CMD_VALUE, BG_ARGS(value, option, expected));
    return ADMIN_USAGE;
}

/* --- options -------------------------------------------------------------------------------- */

/* The options of a command, its own first. */
struct option_list {
    const struct command_option *item[OPTIONS_MAX];
    size_t n;
};

static void list_options(const struct command *c, struct option_list *out)
{
    out->n = 0;
    for (const struct command_option *o = c->options; o != NULL && o->name != NULL; o++)
        out->item[out->n++] = o;
    if ((c->needs & COMMAND_LINES) != 0)
        out->item[out->n++] = &json_lines;
    for (const struct command_option *o = common; o->name != NULL; o++)
        if ((o->flag != &want_json || (c->needs & COMMAND_LINES) == 0) &&
            (o->flag != &want_dry || (c->needs & COMMAND_DRY) != 0) &&
            (o->flag != &want_yes || (c->needs & (COMMAND_ASKS | COMMAND_YES)) != 0))
            out->item[out->n++] = o;
}

static bool take_value(const struct command_option *o, const char *value)
{
    char name[40], expected[64];
    bool good = true;

    if (o->flag != NULL)
        *o->flag = true;
    else if (o->text != NULL)
        *o->text = value;
    else if (o->number != NULL)
        good = bg_number(value, 0, o->max, o->number) && *o->number >= o->min;
    else
        good = o->parse(value);
    if (!good) {
        (void)snprintf(name, sizeof name, "--%s", o->name);
        (void)snprintf(expected, sizeof expected, "a number of %u to %u", o->min, o->max);
        (void)admin_bad_value(value, name, o->expected != NULL ? o->expected : expected);
    }
    return good;
}

/* Options may come before or after operands; operands are left at argv[optind]. */
static bool read_options(const struct command *c, int argc, char **argv)
{
    struct option_list list;
    struct option table[OPTIONS_MAX + 1] = {{0}};
    const char *letters =
        (c->needs & COMMAND_WORDS) != 0 ? "+:hq" : ":hq"; /* '+': the first word ends them */
    int at, o;

    list_options(c, &list);
    for (size_t i = 0; i < list.n; i++)
        table[i] = (struct option){list.item[i]->name,
                                   list.item[i]->argument != NULL ? required_argument : no_argument, NULL,
                                   FIRST + (int)i};
    opterr = 0;
    for (optind = 0;
         at = optind == 0 ? 1 : optind, (o = getopt_long(argc, argv, letters, table, NULL)) != -1;) {
        if (o == 'h' || o == 'q') {
            *(o == 'h' ? &want_help : &want_quiet) = true;
        } else if (o == ':' || o == '?') {
            /* getopt moves operands back, so the bad word is the one it just passed */
            ui_finding(o == ':'          ? BG_M_CMD_NO_VALUE
                       : optopt >= FIRST ? BG_M_CMD_TAKES_NONE
                                         : BG_M_CMD_OPTION,
                       BG_ARGS(argv[optind > at ? optind - 1 : at], c->name));
            return false;
        } else if (!take_value(list.item[o - FIRST], optarg)) {
            return false;
        }
    }
    return true;
}

/* --- operands ------------------------------------------------------------------------------- */

/* words[] from what is left; the account's name, if one is among them, into *account. */
static bool read_operands(const struct command *c, int argc, char **argv, char *words[OPERANDS_MAX + 1],
                          const char **account)
{
    char form[64], *save = NULL;
    size_t n = 0;

    (void)snprintf(form, sizeof form, "%s", c->operands);
    for (char *w = strtok_r(form, " ", &save); w != NULL && n < OPERANDS_MAX;
         w = strtok_r(NULL, " ", &save)) {
        if (optind == argc && *w != '[') {
            ui_finding(BG_M_CMD_WORDS, BG_ARGS(c->name, c->operands));
            return false;
        }
        words[n] = optind < argc ? argv[optind++] : NULL;
        if (strstr(w, "ACCOUNT") != NULL)
            *account = words[n];
        n++;
        while (strstr(w, "...") != NULL && optind < argc &&
               n < OPERANDS_MAX) /* the last one, as often as one likes */
            words[n++] = argv[optind++];
    }
    if (optind < argc)
        ui_finding(BG_M_CMD_SURPLUS, BG_ARGS(argv[optind], c->name));
    return optind == argc;
}

/* --- help ----------------------------------------------------------------------------------- */

static void print_option(FILE *to, const struct command_option *o)
{
    char left[80];
    int used = snprintf(left, sizeof left, "  --%s%s%s", o->name, o->argument != NULL ? " " : "",
                        o->argument != NULL ? o->argument : "");

    (void)fputs(left, to);
    if (used >= (int)HELP_COLUMN - 1) {
        (void)fputc('\n', to);
        used = 0;
    }
    (void)fprintf(to, "%*s", (int)HELP_COLUMN - used, "");
    ui_wrapped(to, HELP_COLUMN, HELP_COLUMN, o->help);
}

/* The text on a screen: of what is too long for one the first blank lines are left out. */
static void print_screen(FILE *to, const char *text)
{
    size_t lines = 0;

    for (const char *p = text; *p != '\0'; p++)
        lines += *p == '\n';
    for (size_t n; *text != '\0'; text += n) {
        n = strcspn(text, "\n") + 1;
        if (n == 1 && lines > SCREEN)
            lines--;
        else
            (void)fwrite(text, 1, n, to);
    }
}

static enum admin_exit print_help(const struct command *c)
{
    struct option_list list;
    char *text = NULL;
    size_t n;
    FILE *to = open_memstream(&text, &n);

    if (to == NULL)
        return ADMIN_CANNOT;
    list_options(c, &list);
    (void)fprintf(to, "usage: breakglass %s%s%s [OPTION...]\n\n", c->name, *c->operands != '\0' ? " " : "",
                  c->operands);
    ui_wrapped(to, 0, 0, c->about != NULL ? c->about : c->help);
    (void)fputc('\n', to);
    for (size_t i = 0; i < list.n; i++)
        print_option(to, list.item[i]);
    (void)fprintf(to, "\nExample:\n  # %s\n", c->example);
    if (fclose(to) == 0)
        print_screen(stdout, text);
    free(text);
    return ADMIN_GOOD;
}

static bool is_of(const struct command *c, const char *group, size_t n)
{
    return strncmp(c->name, group, n) == 0 && c->name[n] == ' ';
}

static void print_row(FILE *to, const char *name, const char *text)
{
    int used = fprintf(to, "  %-19s ", name);

    ui_wrapped(to, used > 0 ? (size_t)used : 0, 22, text);
}

/* The commands whose first word is `group`. False when there is none. */
static bool print_group(FILE *to, const struct command *const tables[], const char *group)
{
    size_t n = strlen(group);
    bool any = false;

    for (; *tables != NULL; tables++)
        for (const struct command *c = *tables; c->name != NULL; c++)
            if (is_of(c, group, n)) {
                if (!any)
                    (void)fprintf(to, "usage: breakglass %s COMMAND [OPTION...]\n\n", group);
                print_row(to, c->name, c->help);
                any = true;
            }
    return any;
}

/* "new, list, verify" of those with the same first word; how many. They stand together in their table. */
static size_t second_words(const struct command *c, size_t n, char *out, size_t cap)
{
    const char *group = c->name;
    size_t at = 0, count = 0;

    for (; c->name != NULL && at < cap && is_of(c, group, n); c++, count++)
        at += (size_t)snprintf(out + at, cap - at, "%s%s", count == 0 ? "" : ", ", c->name + n + 1);
    return count;
}

/* The row behind c, of the tables from *tables, which moves with it; NULL at the end. */
static const struct command *row_after(const struct command *const **tables, const struct command *c)
{
    return c[1].name != NULL ? c + 1 : *++*tables;
}

/* All commands on one screen: of a group the names alone, of two that belong together one line. */
static void print_all(FILE *to, const struct command *const tables[])
{
    const struct command *c = *tables;
    char words[200], group[64];

    while (c != NULL) {
        size_t n = strcspn(c->name, " "), count = second_words(c, n, words, sizeof words);
        const struct command *first = c, *last = c + (count > 1 ? count - 1 : 0);
        if ((c->needs & COMMAND_PAIR) != 0) {
            last = row_after(&tables, c);
            (void)snprintf(group, sizeof group, "%s, %s", c->name, last->name);
        } else {
            (void)snprintf(group, sizeof group, "%.*s", (int)(count > 1 ? n : strlen(c->name)), c->name);
        }
        print_row(to, group, count > 1 ? words : first->help);
        c = row_after(&tables, last);
    }
}

/* All commands, or those whose first word is `group`. False when there is none. */
static bool print_list(FILE *to, const struct command *const tables[], const char *group)
{
    char *text = NULL;
    size_t n;
    FILE *list = open_memstream(&text, &n);
    bool any;

    if (list == NULL)
        return false;
    any = *group == '\0' || print_group(list, tables, group);
    if (*group == '\0') {
        (void)fputs("usage: breakglass COMMAND [OPTION...]   (\"breakglass help COMMAND\" tells more)\n\n",
                    list);
        print_all(list, tables);
    } else if (any) {
        (void)fputs("\n\"breakglass help COMMAND\" tells more.\n", list);
    }
    if (fclose(list) == 0)
        print_screen(to, text);
    free(text);
    return any;
}

/* --- which command -------------------------------------------------------------------------- */

/* The command that argv[1], or argv[1] and argv[2], name; *used: how many words that took. */
static const struct command *find(const struct command *const tables[], int argc, char **argv, int *used)
{
    const struct command *meant = NULL;

    for (; *tables != NULL; tables++)
        for (const struct command *c = *tables; c->name != NULL; c++) {
            size_t n = strcspn(c->name, " ");
            if (strlen(argv[1]) != n || strncmp(argv[1], c->name, n) != 0)
                continue;
            *used = c->name[n] == '\0' ? 1 : 2;
            if (*used == 1 || (argc > 2 && strcmp(argv[2], c->name + n + 1) == 0))
                return c;
            if ((c->needs & COMMAND_MEANT) != 0 && argc > 2 && argv[2][0] != '-')
                meant = c;
        }
    *used = 1;
    return meant;
}

/* Edit distance of Damerau and Levenshtein (adjacent letters exchanged count once). Long words are far. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[3][34];
    size_t n = strlen(a), m = strlen(b);

    if (n > 33 || m > 33)
        return 34;
    for (size_t j = 0; j <= m; j++)
        row[0][j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        unsigned *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            unsigned best = last[j - 1] + (a[i - 1] != b[j - 1]);
            best = last[j] + 1 < best ? last[j] + 1 : best;
            best = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            now[j] = best;
        }
    }
    return row[n % 3][m];
}

static void tell_unknown(const struct command *const tables[], const char *said)
{
    const char *best = NULL;
    unsigned least = 3; /* farther away it is another word, not a slip */

    for (; *tables != NULL; tables++)
        for (const struct command *c = *tables; c->name != NULL; c++) {
            unsigned d = distance(said, c->name);
            if (d < least) {
                least = d;
                best = c->name;
            }
        }
    if (best != NULL)
        ui_finding(BG_M_CMD_MEANT, BG_ARGS(said, best));
    else
        ui_finding(BG_M_CMD_UNKNOWN, BG_ARGS(said));
}

/* --- running -------------------------------------------------------------------------------- */

/* The end of a command, or of words that name none (c NULL); root is taken. */
static enum admin_exit finish(const struct command *c, char *const words[], enum admin_exit x, json_t *root)
{
    enum admin_exit lost = ADMIN_GOOD;
    bool written;

    if (x == ADMIN_GOOD && ui_findings() > 0)
        x = ADMIN_FINDING;
    (void)json_object_set_new(root, "exit", json_integer(x));
    if (ui_form() == UI_OBJECT)
        ui_json(root);
    json_decref(root);
    written = fflush(stdout) == 0 && ferror(stdout) == 0;
    if (!written && c != NULL && c->unheard != NULL && ui_form() == UI_OBJECT)
        lost = c->unheard(words); /* something may have been made before it went wrong */
    else if (!written && x == ADMIN_GOOD)
        lost = ADMIN_CANNOT;
    return x > lost ? x : lost;
}

/* Has this build what the command needs? False: the finding was shown. */
static bool is_built(const struct command *c)
{
    bool keys = BG_WITH_FIDO || (c->needs & COMMAND_KEYS) == 0;
    bool delivers = BG_WITH_ALERT || (c->needs & COMMAND_DELIVERS) == 0;

    if (!keys)
        ui_finding(BG_M_CMD_NO_KEYS, BG_ARGS(c->name));
    if (!delivers)
        ui_finding(BG_M_CMD_NO_DELIVERY, BG_NOARGS);
    return keys && delivers;
}

static enum admin_exit check_and_run(const struct command *c, char *const words[], const char *account,
                                     json_t *root)
{
    enum ui_form form = !want_json ? UI_TEXT : (c->needs & COMMAND_LINES) != 0 ? UI_LINES : UI_OBJECT;
    enum admin_exit x;

    ui_mode(want_json ? UI_OBJECT : UI_TEXT, want_yes, want_quiet, want_dry);
    if (!is_built(c))
        return ADMIN_CANNOT;
    if ((c->needs & COMMAND_ROOT) != 0 && !want_dry && geteuid() != 0) {
        ui_finding(BG_M_CMD_ROOT, BG_ARGS(c->name));
        return ADMIN_CANNOT;
    }
    if ((c->needs & COMMAND_ASKS) != 0 && want_quiet && !want_yes && !want_dry) {
        ui_finding(BG_M_CMD_ALONE, BG_ARGS("--quiet", "--yes")); /* what is asked about would not be shown */
        return ADMIN_USAGE;
    }
    if (account != NULL && (x = rows_require(account)) != ADMIN_GOOD)
        return x;
    ui_mode(form, want_yes, want_quiet, want_dry);
    return c->run(words, root);
}

static enum admin_exit run_command(const struct command *c, int argc, char **argv)
{
    char *words[OPERANDS_MAX + 1] = {NULL};
    const char *account = NULL;
    json_t *root = json_pack("{s:s}", "command", c->name);
    enum admin_exit x = ADMIN_USAGE;

    if (read_options(c, argc, argv)) {
        if (want_help) {
            json_decref(root);
            return print_help(c);
        }
        if ((c->needs & COMMAND_WORDS) != 0) {
            x = check_and_run(c, argv + optind, NULL, root);
        } else if (read_operands(c, argc, argv, words, &account)) {
            if (account != NULL)
                (void)json_object_set_new(root, "account", json_string(account));
            x = check_and_run(c, words, account, root);
        }
    }
    return finish(c, words, x, root);
}

/* Words that name no command: a list, or what is wrong with them. */
static enum admin_exit no_command(const struct command *const tables[], int argc, char **argv, bool help)
{
    bool more = argc > 2 && argv[2][0] != '-';
    char said[64];

    if (!more && (help || ui_form() == UI_TEXT) &&
        print_list(help ? stdout : stderr, tables, argc > 1 ? argv[1] : ""))
        return help ? ADMIN_GOOD : ADMIN_USAGE;
    (void)snprintf(said, sizeof said, "%s%s%s", argc > 1 ? argv[1] : "", more ? " " : "",
                   more ? argv[2] : "");
    if (argc > 1)
        tell_unknown(tables, said);
    else
        ui_finding(BG_M_CMD_MISSING, BG_NOARGS);
    return finish(NULL, NULL, ADMIN_USAGE, json_object());
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

static bool is_version(const char *word)
{
    return strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0;
}

/* For people, or a member of the object. */
static enum admin_exit print_version(const char *surplus)
{
    if (surplus != NULL) {
        ui_finding(BG_M_CMD_SURPLUS, BG_ARGS(surplus, "help"));
        return finish(NULL, NULL, ADMIN_USAGE, json_object());
    }
    ui_text("breakglass %s\n", PACKAGE_VERSION);
    return finish(NULL, NULL, ADMIN_GOOD, json_pack("{s:s}", "version", PACKAGE_VERSION));
}

/*
 * --json and --quiet may come before the command too: move them behind all words. Reads --json before the
 * words are understood, so that their faults are JSON as well. The number of words without the options.
 */
static int general_options_last(int argc, char **argv)
{
    char *word;
    int n = argc;

    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--json") == 0)
            ui_mode(UI_OBJECT, false, false, false);
    while (n > 1 && (strcmp(argv[1], "--json") == 0 || strcmp(argv[1], "--quiet") == 0 ||
                     strcmp(argv[1], "-q") == 0)) {
        word = argv[1];
        memmove(&argv[1], &argv[2], (size_t)(argc - 2) * sizeof argv[0]);
        argv[argc - 1] = word;
        n--;
    }
    return n;
}

/* help COMMAND, whose options and words are read like those of COMMAND --help, but must be as many as it has.
 */
static enum admin_exit help_command(const struct command *c, int argc, char **argv)
{
    if (!read_options(c, argc, argv))
        return finish(NULL, NULL, ADMIN_USAGE, json_object());
    if (optind == argc)
        return print_help(c);
    ui_finding(BG_M_CMD_SURPLUS, BG_ARGS(argv[optind], "help"));
    return finish(NULL, NULL, ADMIN_USAGE, json_object());
}

enum admin_exit admin_run(const struct command *const tables[], int argc, char **argv)
{
    const struct command *c;
    int words = general_options_last(argc, argv), used = 0;
    bool help = words > 1 && is_help(argv[1]);

    if (help)
        words = 1 + general_options_last(argc - 1, argv + 1);
    if (words > 1 && is_version(argv[1])) {
        for (used = 2; used < argc && strcmp(argv[used], "--json") == 0;)
            used++;
        return print_version(argv[used]);
    }
    c = words > 1 + help ? find(tables, argc - help, argv + help, &used) : NULL;
    if (c == NULL)
        return no_command(tables, words - help, argv + help, help || (words > 2 && is_help(argv[2])));
    if ((c->needs & COMMAND_WORDS) != 0)
        argv[argc = words] = NULL; /* what was moved there is not the other program's */
    return help ? help_command(c, argc - 1 - used, argv + 1 + used)
                : run_command(c, argc - used, argv + used);
}
