/* SPDX-License-Identifier: ISC */
/* breakglass drill run: from step to step, and from where it was left. */
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include "admin/drill/drill.h"
#include "admin/messages.h"
#include "admin/rows.h"
#include "admin/run.h"
#include "admin/ui.h"
#include "config/people.h"

#define LOOK_MS 1000
#define LOOKS   5 /* between two looks at a drill whose journal stands still */

static struct {
    const char *step, *skip, *by, *seen_by;
    bool done;
} wish;

static bool parse_step(const char *value)
{
    wish.step = value;
    return *value != '\0' && strlen(value) < sizeof((struct drill_step *)0)->name;
}

static bool parse_skip(const char *value)
{
    wish.skip = value;
    return *value != '\0' && strlen(value) < DRILL_WHY;
}

static bool parse_by(const char *value)
{
    wish.by = value;
    return drill_is_name(value);
}

static bool parse_seen_by(const char *value)
{
    wish.seen_by = value;
    return drill_is_name(value);
}

const struct command_option drill_run_options[] = {
    {"step", "STEP", "say something of this step alone, and ask nothing", .parse = parse_step,
     .expected = "a step of the drill"},
    {"done", NULL, "with --step: it is done; what the journal shows must agree", .flag = &wish.done},
    {"skip", "REASON", "with --step: it was not done, and why", .parse = parse_skip,
     .expected = "at most 399 bytes"},
    {"by", "NAME", "who says so; of step sign who signs first", .parse = parse_by, .expected = "a name"},
    {"seen-by", "NAME", "of step sign: the other person", .parse = parse_seen_by, .expected = "a name"},
    {0},
};

struct walk {
    struct drill d;
    struct bg_policy policy;
    struct drill_step step[DRILL_STEPS];
    unsigned n;
};

static struct walk w;

static bool look(const char *id)
{
    if (drill_read(id, &w.d) != ADMIN_GOOD)
        return false;
    w.n = drill_steps(&w.d, &w.policy, w.step);
    return true;
}

static struct drill_step *step_named(const char *name)
{
    for (unsigned i = 0; i < w.n; i++)
        if (strcmp(w.step[i].name, name) == 0)
            return &w.step[i];
    return NULL;
}

static struct drill_step *first_to_do(void)
{
    for (unsigned i = 0; i < w.n; i++)
        if (w.step[i].state == DRILL_TODO)
            return &w.step[i];
    return NULL;
}

/* --- one step, for scripts ------------------------------------------------------------------------ */

/* Two people, neither of them twice, and not before there is an end to sign. */
static enum admin_exit sign(void)
{
    char by[BG_LIFE_NAME], seen_by[BG_LIFE_NAME];
    const struct drill_step *open = first_to_do();

    if (wish.by == NULL || wish.seen_by == NULL) {
        ui_finding(BG_M_DRILL_SIGN, BG_NOARGS);
        return ADMIN_USAGE;
    }
    if (!drill_person(wish.by, by) || !drill_person(wish.seen_by, seen_by))
        return ADMIN_FINDING;
    if (bg_name_same(by, seen_by)) {
        ui_finding(BG_M_DRILL_SIGN_SAME, BG_ARGS(by));
        return ADMIN_FINDING;
    }
    if (open != NULL && strcmp(open->name, "sign") != 0) {
        ui_finding(BG_M_DRILL_SIGN_EARLY, BG_ARGS(open->name, w.d.account));
        return ADMIN_FINDING;
    }
    return drill_mark(&w.d, "sign", true, "two people signed the report", by, seen_by, NULL);
}

/* That it is done is what the journal shows, and nobody's word. */
static enum admin_exit say_done(const struct drill_step *s)
{
    if (strcmp(s->name, "sign") == 0)
        return sign();
    if (s->state == DRILL_DONE)
        return drill_mark(&w.d, s->name, true, s->what, wish.by, NULL, NULL);
    ui_finding(BG_M_DRILL_NOT_DONE, BG_ARGS(s->name, s->what));
    return ADMIN_FINDING;
}

static enum admin_exit one_step(json_t *root)
{
    const struct drill_step *s = step_named(wish.step);
    enum admin_exit x;

    if (s == NULL || wish.done == (wish.skip != NULL)) {
        ui_finding(s == NULL ? BG_M_DRILL_NO_STEP : BG_M_DRILL_ONE_OF, BG_ARGS(wish.step));
        return ADMIN_USAGE;
    }
    x = wish.done ? say_done(s) : drill_mark(&w.d, s->name, false, wish.skip, wish.by, NULL, NULL);
    (void)json_object_set_new(root, "step", json_string(s->name));
    (void)json_object_set_new(root, "marked", json_boolean(x == ADMIN_GOOD));
    return x;
}

/* --- with a person --------------------------------------------------------------------------------- */

/* A line was typed: true. False: the step is done meanwhile, or the input is at its end (*end). */
static bool line_or_done(const char *step, char *line, size_t cap, bool *end)
{
    struct pollfd pf = {.fd = STDIN_FILENO, .events = POLLIN};
    struct bg_recorder rec;
    struct bg_position before = {.sequence = 0}, now; /* so the first look is at what came before we waited */
    unsigned quiet = 0;

    bg_recorder_init(&rec);
    for (*end = false;;) {
        if (poll(&pf, 1, LOOK_MS) > 0) {
            *end = !ui_ask_line("", line, cap);
            return !*end;
        }
        /* what is on record may be reckoned a moment later: no end of the journal is trusted for long */
        if (bg_journal_end(&rec, &now) != BG_OK || (now.sequence == before.sequence && ++quiet < LOOKS))
            continue;
        before = now;
        quiet = 0;
        if (!look(w.d.id) || w.d.closed_ms != 0 || step_named(step)->state != DRILL_TODO)
            return false;
    }
}

/* A word in capitals stands for what a person knows. */
static bool is_blank(const char *word)
{
    size_t n = strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

    return n > 2 && word[n] == '\0';
}

#define WORDS 16

/* The command that comes next, as words, with what the person fills in. False: it is none, or they left. */
static bool fill_in(char *text, char *argv[WORDS + 1], char given[WORDS][128])
{
    char *save = NULL, prompt[64];
    unsigned n = 0;

    for (char *word = strtok_r(text, " ", &save); word != NULL && n < WORDS;
         word = strtok_r(NULL, " ", &save), n++) {
        argv[n] = word;
        if (!is_blank(word))
            continue;
        (void)snprintf(prompt, sizeof prompt,
                       "  %s %s: ", n > 0 && argv[n - 1][0] == '-' ? argv[n - 1] + 2 : "", word);
        if (!ui_ask_line(prompt, given[n], sizeof given[n]) || given[n][0] == '\0')
            return false;
        argv[n] = given[n];
    }
    argv[n] = NULL;
    return n > 1 && strcmp(argv[0], "breakglass") == 0;
}

/* Run it here, on this terminal: one of our own commands, in a process of its own. */
static void run_next(const char *next)
{
    char text[256], given[WORDS][128], *argv[WORDS + 1];
    int status;

    (void)snprintf(text, sizeof text, "%.*s", (int)strcspn(next, ";,"), next);
    if (!fill_in(text, argv, given))
        return;
    (void)!run_own((const char *const *)argv, &status); /* how it came out the next look at the drill tells */
    ui_text("\n");
}

static bool leave_out(const struct drill_step *s)
{
    char why[DRILL_WHY];

    if (!ui_ask_line("  Why is it left out? ", why, sizeof why) || why[0] == '\0')
        return true;
    return drill_mark(&w.d, s->name, false, why, wish.by, NULL, NULL) == ADMIN_GOOD;
}

static bool sign_here(void)
{
    static char by[BG_LIFE_NAME], seen_by[BG_LIFE_NAME];

    if (!ui_ask_line("  Name of who has signed: ", by, sizeof by) ||
        !ui_ask_line("  And of the other: ", seen_by, sizeof seen_by))
        return false;
    if (!drill_is_name(by) || !drill_is_name(seen_by))
        return true;
    wish.by = by;
    wish.seen_by = seen_by;
    return sign() != ADMIN_CANNOT;
}

/* One answer. False: stop here. */
static bool answer(const struct drill_step *s, const char *line)
{
    struct drill_step now = *s;

    if (strcmp(line, "q") == 0)
        return false;
    if (strcmp(line, "s") == 0)
        return leave_out(&now);
    if (strcmp(now.name, "sign") == 0 && strcmp(line, "r") != 0)
        return sign_here();
    if (strcmp(line, "r") == 0)
        run_next(now.next);
    return true;
}

static void announce(const struct drill_step *s)
{
    bool ours = strncmp(s->next, "breakglass ", 11) == 0 && strstr(s->next, ", in a session") == NULL;

    ui_text("\nStep %u of %u: %s\n", (unsigned)(s - w.step) + 1, w.n, s->title);
    if (s->what[0] != '\0')
        ui_text("  Now: %s.\n", s->what);
    ui_text("  Next: %s\n", s->next);
    if (strcmp(s->name, "sign") == 0)
        ui_text("  Enter = both have signed, r = write the report, s = leave it out, q = stop here\n");
    else
        ui_text("  It is seen by itself when it is done.\n  Enter = look again,%s s = leave it out, q = stop "
                "here\n",
                ours ? " r = run that," : "");
}

/* What is done goes on record, once each; a step that marks itself has, and what was done while nobody led is
 * made up for. */
static bool mark_done(void)
{
    for (unsigned i = 0; i < w.n; i++) {
        const struct drill_mark *m = drill_mark_of(&w.d, w.step[i].name);
        if (w.step[i].state == DRILL_DONE && (m == NULL || !m->done) &&
            drill_mark(&w.d, w.step[i].name, true, w.step[i].what, wish.by, NULL, NULL) != ADMIN_GOOD)
            return false;
    }
    return true;
}

/* True: it is done or left out; false: stop here. */
static bool lead(const char *name)
{
    char line[64];
    const struct drill_step *s = step_named(name);
    bool end;

    announce(s);
    while (s != NULL && s->state == DRILL_TODO && w.d.closed_ms == 0) {
        if (line_or_done(name, line, sizeof line, &end) && !answer(s, line))
            return false;
        if (end || !look(w.d.id))
            return false;
        s = step_named(name);
    }
    if (s != NULL && s->state == DRILL_DONE)
        ui_text("  Done: %s\n", s->what);
    return w.d.closed_ms == 0 && s != NULL;
}

static enum admin_exit with_person(json_t *root)
{
    const struct drill_step *s;
    char why[DRILL_WHY];
    enum admin_exit x = ADMIN_GOOD;

    drill_print(&w.d, &w.policy);
    if (!mark_done())
        return ADMIN_CANNOT;
    while ((s = first_to_do()) != NULL) {
        char name[sizeof s->name];
        memcpy(name, s->name, sizeof name);
        if (!lead(name)) {
            ui_text("\nStopped here. Go on with: breakglass drill run %s\n", w.d.account);
            return ADMIN_FINDING;
        }
        if (!look(w.d.id) || !mark_done())
            return ADMIN_CANNOT;
    }
    if (!drill_passes(&w.d, &w.policy, why)) {
        ui_warning(BG_M_DRILL_FAILED, BG_ARGS(w.d.account, why));
        x = ui_confirm("End the drill as not passed?");
    }
    return x != ADMIN_GOOD ? x : drill_end(&w.d, &w.policy, wish.by, NULL, root);
}

/* --- the command ----------------------------------------------------------------------------------- */

enum admin_exit drill_run(char *const words[], json_t *root)
{
    const struct drill_step *s;
    enum admin_exit x = drill_newest(words[0], &w.d);
    json_t *o;

    if (x != ADMIN_GOOD)
        return x;
    if (w.d.closed_ms != 0) {
        ui_finding(BG_M_DRILL_NOT_OPEN, BG_ARGS(words[0]));
        return ADMIN_FINDING;
    }
    (void)!rows_policy(BG_POLICY_PATH, &w.policy);
    w.n = drill_steps(&w.d, &w.policy, w.step);
    if (wish.step != NULL)
        return one_step(root);
    if (ui_form() == UI_TEXT && ui_interactive())
        return with_person(root);
    o = drill_json_whole(&w.d, &w.policy);
    (void)json_object_update(root, o);
    json_decref(o);
    drill_print(&w.d, &w.policy);
    if ((s = first_to_do()) != NULL)
        ui_text("\nNext: %s\n", s->next);
    return s == NULL ? ADMIN_GOOD : ADMIN_FINDING;
}
