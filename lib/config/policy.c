/* SPDX-License-Identifier: ISC */
#include "config/policy.h"

#include <assert.h>
#include <fnmatch.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "config/probe.h"

/*
 * glibc compiles a repetition by copying what is repeated, nested ones by copying copies: "((a+)+)+..." of
 * 255 bytes would take all memory. So the copies are counted, as if all were nested, and back
 * references, which make matching slow, are refused.
 */
#define COPIES_MAX 1000

#define COMMENT_WIDTH 108 /* of what init writes */

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

/* As people write one: "+49 30 1234-56 (7)". */
static bool phone_ok(const char *value)
{
    return *value != '\0' && value[strspn(value, "+0123456789 ()/.-")] == '\0' &&
           strcspn(value, "0123456789") < strlen(value);
}

static const char *const requires[] = {"never", "remote", "always", NULL};
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
    {"alert-require", BG_O_CHOICE, AT(alert_require), "never",
     .help = "Where a login is refused that no receiver has acknowledged", .min = BG_REQUIRE_NEVER,
     .word = requires},
    {"phone", BG_O_TEXT, AT(phone), "",
     .help = "Number to call in an emergency, shown at the prompt and on the cards; empty: none",
     .check = phone_ok, .form = "digits, and blanks and +()/.- between them"},
    {"session-limit", BG_O_NUMBER, AT(session_limit), "480",
     .help = "Minutes that a session may go on before it is an alarm; 0: any", 0, 10080},
    {"session-end", BG_O_YESNO, AT(session_end), "no",
     .help = "Whether a session is ended by force at its limit"},
    {"session-record", BG_O_YESNO, AT(session_record), "yes",
     .help = "Whether what a session's terminal shows is recorded, by script(1)"},
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
    {"journal-keep", BG_O_NUMBER, AT(journal_keep), "366",
     .help = "Days that the journal keeps at least what every sink has; 0: for ever", 0, 36500},
    {"heartbeat", BG_O_NUMBER, AT(heartbeat), "60",
     .help = "Minutes between two events that only say that the host is up; 0: none", 0, 10080},
    {"probe", BG_O_TEXT, AT(probe), "", .help = "What is tried right after a use, to tell what was dead",
     .check = bg_probes_ok, .form = BG_PROBES_FORM},
};

#define RULE(id, word, asks, lost)                                                                           \
    {word, BG_O_YESNO, AT(rule[BG_RULE_##id]), "yes", .help = asks ". With no, " lost},
static const struct bg_option rules[] = {
    {"opening-within", BG_O_NUMBER, AT(opening_within), "24",
     .help = "Hours in which the opening of the envelopes that a use took is put on record; 0: not asked for",
     0, 720},
    BG_RULE_LIST(RULE)};

#define DUE(key, what, value, text)                                                                          \
    {                                                                                                        \
        key, BG_O_NUMBER, AT(due[what]), value, .help = text, 0, 3650                                        \
    }

static const struct bg_option due[] = {
    DUE("drill-days", BG_DUE_DRILL, "90", "Days after which an account wants its next drill; 0: never"),
    DUE("inspection-days", BG_DUE_INSPECTION, "90", "Days after which seals are to be looked at again"),
    DUE("alert-test-days", BG_DUE_ALERT_TEST, "30", "Days after which each sink is to be tested again"),
    DUE("key-test-days", BG_DUE_KEY_TEST, "90", "Days after which a key is to be tested again"),
    DUE("people-days", BG_DUE_PEOPLE, "90", "Days after which the list of people is to be read again"),
    DUE("credential-days", BG_DUE_CREDENTIAL, "365", "Days after which what nobody used is replaced as well"),
    DUE("review-days", BG_DUE_REVIEW, "5", "Days in which the review of a use is to be closed"),
    DUE("rotate-hours", BG_DUE_ROTATION, "24", "Hours in which the credentials are replaced after a use"),
    DUE("seal-days", BG_DUE_SEAL, "365", "Days after which the journal is to be verified with its key again"),
};

static const char *const drill_paths[] = {"console", "ssh", "su", "sshd-instance", "rescue"};

#define PATHS (sizeof drill_paths / sizeof drill_paths[0])

/* Which of them begins there and ends at a blank or the end; PATHS: none. */
static size_t path_at(const char *word, size_t n)
{
    size_t i = 0;

    while (i < PATHS && (strncmp(drill_paths[i], word, n) != 0 || drill_paths[i][n] != '\0'))
        i++;
    return i;
}

bool bg_drill_path(const char *word)
{
    return path_at(word, strlen(word)) < PATHS;
}

bool bg_check_drill_paths(const char *value)
{
    unsigned seen = 0;

    for (size_t n; *(value += strspn(value, " ")) != '\0'; value += n) {
        size_t i = path_at(value, n = strcspn(value, " "));
        if (i == PATHS || (seen >> i & 1) != 0)
            return false;
        seen |= 1u << i;
    }
    return seen != 0;
}

static const struct bg_option drill[] = {
    {"drill-paths", BG_O_TEXT, AT(drill_paths), "console ssh",
     .help = "Ways in by which somebody logs in before a drill is passed", .check = bg_check_drill_paths,
     .form = BG_DRILL_PATHS_FORM},
};

static bool is_code(const char *value)
{
    return strspn(value, "0123456789abcdef") == 8 && value[8] == '\0';
}

static const struct bg_option papers[] = {
    {"runbook", BG_O_TEXT, AT(runbook), "", .help = "The text whose print lies with the envelopes",
     .check = bg_check_path, .form = BG_PATH_FORM},
    {"runbook-printed", BG_O_TEXT, AT(runbook_printed), "",
     .help = "Code of the print: the first 8 hex digits of its SHA-256", .check = is_code,
     .form = "8 hex digits, small letters"},
    {"exception", BG_O_TEXT, AT(exception), "",
     .help = "The document by which the risk of a shared account is accepted"},
    {"exception-until", BG_O_TEXT, AT(exception_until), "", .help = "The last day on which it holds",
     .check = bg_check_date, .form = BG_DATE_FORM},
};

static const struct bg_section login_section = {.name = "login", BG_ROWS(login)};
static const struct bg_section fido_section = {.name = "fido", BG_ROWS(fido)};
static const struct bg_section record_section = {.name = "record", BG_ROWS(record)};
static const struct bg_section due_section = {.name = "due", BG_ROWS(due)};

static const struct bg_section drill_section = {.name = "drill", BG_ROWS(drill)};
static const struct bg_section rules_section = {.name = "rules", BG_ROWS(rules)};
static const struct bg_section papers_section = {.name = "papers", BG_ROWS(papers)};

static_assert(offsetof(struct bg_policy, sinks) == 0, "where the sinks' section says");
bg_form bg_policy_form = {&login_section, &fido_section,   &record_section,  &due_section, &drill_section,
                          &rules_section, &papers_section, &bg_sink_section, NULL};

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
    char bounds[BG_INI_ERROR_MAX], text[2 * BG_INI_ERROR_MAX];

    bg_option_bounds(o, bounds, sizeof bounds);
    (void)snprintf(text, sizeof text, "%s (%s).", o->help, bounds);
    bg_text_wrap(text, COMMENT_WIDTH, COMMENT_WIDTH);
    for (char *next, *line = strtok_r(text, "\n", &next); line != NULL; line = strtok_r(NULL, "\n", &next))
        (void)fprintf(out, "# %s\n", line);
    (void)fprintf(out, "#%s =%s%s\n", o->key, *o->value == '\0' ? "" : " ", o->value);
}

/* A build that delivers nothing has no use for what is about sinks. */
static bool is_built(const struct bg_option *o)
{
    return BG_WITH_ALERT || (strncmp(o->key, "alert-", 6) != 0 && strcmp(o->key, "sink-required") != 0 &&
                             strcmp(o->key, "probe") != 0);
}

static void put_section(FILE *out, const struct bg_section *section)
{
    (void)fprintf(out, "\n[%s]\n", section->name);
    for (size_t k = 0; k < section->n; k++)
        if (is_built(&section->row[k]))
            put_row(out, &section->row[k]);
}

/* The example is a web hook. */
static bool in_example(const struct bg_option *o)
{
    return o->only == 0 || (o->only & BG_ONLY(BG_SINK_WEBHOOK)) != 0;
}

static void put_example(FILE *out)
{
    (void)fputs("\n# Where alarms go; one section for each sink. \"breakglass alert test\" tries them.\n"
                "#[sink pager]\n",
                out);
    for (size_t k = 0; k < bg_sink_section.n; k++)
        if (in_example(&bg_sink_section.row[k]))
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
