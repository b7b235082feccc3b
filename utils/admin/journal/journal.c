/* breakglass journal show | verify */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "admin/admin.h"
#include "base/text.h"
#include "record/journal.h"
#include "admin/ui.h"
#include "admin/messages.h"

#define LAST_MAX 100000u

static struct {
    const char *account;
    uint32_t last;
} wish = {.last = LAST_MAX};

static const struct command_option show_options[] = {
    {"last", "N", "only the last N events", .number = &wish.last, .min = 1, .max = LAST_MAX},
    {"account", "ACCOUNT", "only events of this account", .text = &wish.account},
    {0},
};

/* The newest lines, in a ring. */
struct ring {
    const char *account;
    char **line;
    size_t cap, n, next;
    char segment[64]; /* where the walk has got to */
    unsigned long lineno;
};

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s == NULL ? "" : s;
}

static bool keep(void *arg, const struct bg_entry *e)
{
    struct ring *r = arg;

    (void)snprintf(r->segment, sizeof r->segment, "%s", e->segment);
    r->lineno = e->lineno;
    if (r->account != NULL && strcmp(text_of(e->json, "subject"), r->account) != 0)
        return true;
    free(r->line[r->next]);
    r->line[r->next] = strndup(e->line, e->len);
    r->next = (r->next + 1) % r->cap;
    r->n += r->n < r->cap;
    return true;
}

/* "org.breakglass.use.granted.v1" -> "use.granted" */
static void short_type(const char *type, char out[32])
{
    size_t n;

    if (strncmp(type, BG_EVENT_TYPE, strlen(BG_EVENT_TYPE)) == 0)
        type += strlen(BG_EVENT_TYPE);
    n = strlen(type);
    if (n > 3 && strncmp(type + n - 3, ".v", 2) == 0)
        n -= 3;
    (void)bg_text_ascii(out, 32, type, n);
}

/* "  key: value", escaped; nothing when there is no value. */
static void print_field(const char *key, const char *value)
{
    char safe[4096];

    if (*value == '\0')
        return;
    (void)bg_text_ascii(safe, sizeof safe, value, strlen(value));
    ui_wrapped(stdout, (size_t)printf("  %s: ", key), 6, safe);
}

static void print_human(const char *line)
{
    json_t *o = json_loads(line, 0, NULL);
    json_t *data = json_object_get(o, "data");
    json_t *own = json_object_get(json_object_get(data, "unmapped"), "breakglass");
    char type[32], when[24], who[40];

    if (o == NULL)
        return;
    short_type(text_of(o, "type"), type);
    (void)bg_text_ascii(when, 20, text_of(o, "time"), strnlen(text_of(o, "time"), 19));
    (void)bg_text_ascii(who, sizeof who, text_of(o, "subject"), strlen(text_of(o, "subject")));
    (void)printf("%sZ  %-20s %s%s%s\n", when, type, who, *text_of(own, "source") != '\0' ? "  " : "",
                 text_of(own, "source"));
    print_field("says", text_of(data, "message"));
    print_field("claimed", text_of(own, "claimed_by"));
    print_field("reason", text_of(own, "reason"));
    print_field("ticket", text_of(own, "ticket"));
    print_field("use", text_of(own, "use"));
    print_field("degraded", text_of(own, "degraded"));
    json_decref(o);
}

static enum admin_exit no_journal(enum bg_err r)
{
    if (r == BG_E_NOENT)
        ui_finding(BG_M_JOURNAL_MISSING, BG_ARGS(BG_JOURNAL_DIR));
    else
        ui_finding(BG_M_JOURNAL_UNREADABLE, BG_ARGS(BG_JOURNAL_DIR, bg_strerror(r)));
    return ADMIN_CANNOT;
}

static enum admin_exit show_lines(struct ring *ring)
{
    enum bg_err r = bg_journal_walk(NULL, keep, ring);
    char number[24];

    for (size_t i = 0; i < ring->n; i++) {
        const char *line = ring->line[(ring->next + ring->cap - ring->n + i) % ring->cap];
        if (line != NULL && ui_form() == UI_LINES)
            (void)puts(line);
        else if (line != NULL)
            print_human(line);
    }
    if (r == BG_OK)
        return ADMIN_GOOD;
    if (r != BG_E_SYNTAX)
        return no_journal(r);
    (void)snprintf(number, sizeof number, "%lu", ring->lineno + 1);
    ui_finding(BG_M_JOURNAL_BROKEN, BG_ARGS(ring->segment, number, "it is not a line of a journal"));
    return ADMIN_FINDING;
}

static enum admin_exit show(char *const words[], json_t *root)
{
    struct ring ring = {.cap = wish.last, .account = wish.account};
    enum admin_exit x;

    (void)words;
    (void)root;
    if ((ring.line = calloc(ring.cap, sizeof *ring.line)) == NULL)
        return ADMIN_CANNOT;
    x = show_lines(&ring);
    for (size_t i = 0; i < ring.cap; i++)
        free(ring.line[i]);
    free(ring.line);
    return x;
}

static json_t *verify_json(enum bg_err r, const struct bg_verify *v)
{
    json_t *o =
        json_pack("{s:b, s:I, s:s, s:s, s:I}", "holds", r == BG_OK, "lines", (json_int_t)v->lines,
                  "journalid", v->journalid, "head", v->head, "sequence", (json_int_t)v->head_sequence);

    if (r == BG_E_MISMATCH)
        (void)json_object_set_new(o, "broken",
                                  json_pack("{s:s, s:I, s:s}", "segment", v->bad_segment, "line",
                                            (json_int_t)v->bad_line, "problem", v->problem));
    return o;
}

static enum admin_exit verify(char *const words[], json_t *root)
{
    struct bg_verify v = {0};
    char lines[24];
    enum bg_err r = bg_journal_verify(NULL, &v);

    (void)words;
    (void)json_object_update_new(root, verify_json(r, &v));
    (void)snprintf(lines, sizeof lines, "%llu", (unsigned long long)(r == BG_OK ? v.lines : v.bad_line));
    if (r == BG_E_MISMATCH)
        ui_finding(BG_M_JOURNAL_BROKEN, BG_ARGS(v.bad_segment, lines, v.problem));
    else if (r != BG_OK)
        return no_journal(r);
    else
        ui_text("The journal is intact: %s lines.\nJournal %s, sequence %llu, head\n%s\n", lines, v.journalid,
                (unsigned long long)v.head_sequence, v.head);
    return ADMIN_GOOD;
}

const struct command journal_commands[] = {
    {.name = "journal show",
     .operands = "",
     .help = "show what was recorded, oldest first",
     .example = "breakglass journal show --last 20",
     .needs = COMMAND_LINES,
     .options = show_options,
     .run = show},
    {.name = "journal verify",
     .operands = "",
     .help = "check that every line follows from the one before",
     .example = "breakglass journal verify",
     .run = verify},
    {0},
};
