/* SPDX-License-Identifier: ISC */
#include "config/policy.h"

#include <assert.h>
#include <fnmatch.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

/*
 * glibc compiles a repetition by copying what is repeated, nested ones by copying copies: "((a+)+)+..." of
 * 255 bytes would take all memory. So the copies are counted, as if all were nested, and back
 * references, which make matching slow, are refused.
 */
#define COPIES_MAX 1000

/* How often the repetition that begins at p copies; 1 when there is none. */
static unsigned long copies(const char *p)
{
    unsigned long least, most;
    char *end;

    if (*p != '{')
        return *p == '+' ? 2 : 1;
    least = strtoul(p + 1, &end, 10);
    most = *end == ',' ? strtoul(end + 1, NULL, 10) : 0;
    most = most > least ? most : least;
    return most < COPIES_MAX ? most + 1 : COPIES_MAX + 1;
}

static bool affordable(const char *pattern)
{
    unsigned long n = 1;

    for (const char *p = pattern; *p != '\0' && n <= COPIES_MAX; p++) {
        if (p[0] == '\\' && p[1] >= '0' && p[1] <= '9')
            return false;
        n *= copies(p);
    }
    return n <= COPIES_MAX;
}

static bool pattern_ok(const char *value)
{
    regex_t re;

    if (!affordable(value) || regcomp(&re, value, REG_EXTENDED) != 0)
        return false;
    regfree(&re);
    return true;
}

#define PATTERN_FORM "an extended regular expression without back references"

static const char *const unrecorded[] = {"console", "never", "always", NULL};

#define AT(field) BG_FIELD(struct bg_policy, field)

static const struct bg_option login[] = {
    {"dialogue-timeout", BG_O_NUMBER, AT(dialogue_timeout), "900", .help = "Seconds for the whole dialogue",
     60, 3600},
    {"reason-min", BG_O_NUMBER, AT(reason_min), "15", .help = "Minimum number of letters in a reason", 1,
     200},
    {"name-min", BG_O_NUMBER, AT(name_min), "2", .help = "Minimum number of letters in a claimed name", 1,
     60},
    {"ticket-required", BG_O_YESNO, AT(ticket_required), "no", .help = "Ask for a ticket after the reason"},
    {"ticket-pattern", BG_O_TEXT, AT(ticket_pattern), "", .help = "Pattern of a ticket; empty: any",
     .check = pattern_ok, .form = PATTERN_FORM},
    {"attempts", BG_O_NUMBER, AT(attempts), "3", .help = "Share sets that may be tried in one dialogue", 1,
     10},
    {"delay-console", BG_O_NUMBER, AT(delay_console), "3",
     .help = "Longest delay after failures at a console, in seconds", 0, 60},
    {"delay-network", BG_O_NUMBER, AT(delay_network), "15", .help = "The same over the network and for su", 0,
     300},
    {"consoles", BG_O_TEXT, AT(consoles), "console tty[0-9]* ttyS[0-9]* ttyAMA[0-9]* hvc[0-9]*",
     .help = "Terminals that are consoles: names or patterns, without /dev/"},
    {"unrecorded", BG_O_CHOICE, AT(unrecorded), "console",
     .help = "Where a login is allowed when nothing can be recorded", .min = BG_UNRECORDED_CONSOLE,
     .word = unrecorded},
    {"alert-wait", BG_O_NUMBER, AT(alert_wait), "5",
     .help = "Seconds to wait for an acknowledgement from outside this host", 0, 45},
};

static bool relative(const char *word, const char *s)
{
    (void)s;
    return word[0] != '/';
}

static bool paths(const char *value)
{
    return !bg_any_word(value, "", relative);
}

static const struct bg_option fido[] = {
    {"device", BG_O_TEXT, AT(fido_device), "", .help = "The device nodes of the keys; empty: look for them",
     .check = paths, .form = "absolute paths, blanks between them"},
    {"services", BG_O_TEXT, AT(fido_services), "login breakglass-tty",
     .help = "PAM services at whose consoles a key may be used"},
    {"touch-timeout", BG_O_NUMBER, AT(fido_touch), "30", .help = "Seconds to wait for a touch of the key", 5,
     40},
};

static const struct bg_option record[] = {
    {"journal-timeout", BG_O_NUMBER, AT(journal_timeout), "2000",
     .help = "Milliseconds that a write to the journal may take", 100, 10000},
    {"syslog", BG_O_YESNO, AT(syslog), "yes", .help = "Send each event to syslog as well"},
    {"sink-required", BG_O_YESNO, AT(sink_required), "yes",
     .help = "Whether a host without any sink is a finding of status"},
};

static const struct bg_section login_section = {.name = "login", BG_ROWS(login)};
static const struct bg_section fido_section = {.name = "fido", BG_ROWS(fido)};
static const struct bg_section record_section = {.name = "record", BG_ROWS(record)};

static_assert(offsetof(struct bg_policy, sinks) == 0, "where the sinks' section says");
bg_form bg_policy_form = {&login_section, &fido_section, &record_section, &bg_sink_section, NULL};

void bg_policy_defaults(struct bg_policy *p)
{
    memset(p, 0, sizeof *p);
    for (size_t i = 0; bg_policy_form[i] != &bg_sink_section; i++)
        bg_table_defaults(bg_policy_form[i], p);
}

/* Only the sinks without a fault: one with half of its settings could send to the wrong place. */
static void keep_sound_sinks(struct bg_sinks *sinks, const struct bg_table *t)
{
    for (unsigned i = 0; i < t->n; i++)
        if (t->found[i].of == &bg_sink_section && !t->found[i].bad)
            memmove(&sinks->sink[sinks->n++], t->found[i].object, sizeof *sinks->sink);
    memset(&sinks->sink[sinks->n], 0, (BG_SINKS_MAX - sinks->n) * sizeof *sinks->sink);
}

enum bg_err bg_policy_parse(const char *text, struct bg_policy *p, struct bg_faults *faults)
{
    struct bg_table t;
    enum bg_err r;

    bg_policy_defaults(p);
    r = bg_table_read(bg_policy_form, text, strlen(text), p, &t, faults);
    keep_sound_sinks(&p->sinks, &t);
    return r;
}

enum bg_err bg_policy_load(const char *path, struct bg_policy *p, struct bg_faults *faults)
{
    struct bg_table t;
    enum bg_err r;

    bg_policy_defaults(p);
    r = bg_table_load(bg_policy_form, path, p, &t, faults);
    keep_sound_sinks(&p->sinks, &t);
    if (r != BG_E_NOENT)
        return r;
    faults->n = 0;
    return BG_OK;
}

static void put_row(FILE *out, const struct bg_option *o)
{
    char bounds[BG_INI_ERROR_MAX];

    bg_option_bounds(o, bounds, sizeof bounds);
    (void)fprintf(out, "# %s (%s).\n#%s =%s%s\n", o->help, bounds, o->key, *o->value == '\0' ? "" : " ",
                  o->value);
}

/* A build that delivers nothing has no use for what is about sinks. */
static bool is_built(const struct bg_option *o)
{
    return BG_WITH_ALERT || (strcmp(o->key, "alert-wait") != 0 && strcmp(o->key, "sink-required") != 0);
}

static void put_section(FILE *out, const struct bg_section *section)
{
    (void)fprintf(out, "\n[%s]\n", section->name);
    for (size_t k = 0; k < section->n; k++)
        if (is_built(&section->row[k]))
            put_row(out, &section->row[k]);
}

static void put_example(FILE *out)
{
    (void)fputs("\n# Where alarms go; one section for each sink. \"breakglass alert test\" tries them.\n"
                "#[sink pager]\n",
                out);
    for (size_t k = 0; k < bg_sink_section.n; k++)
        if (bg_sink_section.row[k].only != BG_SINK_SYSLOG) /* the example is a web hook */
            put_row(out, &bg_sink_section.row[k]);
}

char *bg_policy_template(void)
{
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);

    if (out == NULL)
        return NULL;
    (void)fputs(
        "# Policy of break-glass logins, breakglass.conf(5). The lines with = show the defaults; remove\n"
        "# the # to set one. A faulty line is not used, and \"breakglass status\" tells of it.\n",
        out);
    for (size_t i = 0; bg_policy_form[i] != &bg_sink_section; i++)
        if (BG_WITH_FIDO || bg_policy_form[i] != &fido_section)
            put_section(out, bg_policy_form[i]);
    if (BG_WITH_ALERT)
        put_example(out);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

bool bg_policy_is_fido_service(const struct bg_policy *p, const char *service)
{
    return bg_has_word(p->fido_services, service);
}

/* FNM_PATHNAME: no star reaches over a slash, so "tty1/../pts/0" is not tty[0-9]* */
static bool tty_fits(const char *pattern, const char *tty)
{
    return fnmatch(pattern, tty, FNM_PATHNAME | FNM_NOESCAPE) == 0;
}

bool bg_policy_is_console(const struct bg_policy *p, const char *tty)
{
    if (strncmp(tty, "/dev/", 5) == 0)
        tty += 5;
    return *tty != '\0' && bg_any_word(p->consoles, tty, tty_fits);
}
