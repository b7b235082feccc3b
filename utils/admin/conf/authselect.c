/* SPDX-License-Identifier: ISC */
/*
 * nsswitch.conf where authselect(8) writes it: a profile of ours, built on the one in use, whose only own
 * file is the template of nsswitch.conf with a feature "with-breakglass". Its other files are links, so
 * updates of the old profile reach the host as before.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "admin/conf/conffile.h"
#include "admin/messages.h"
#include "admin/run.h"
#include "admin/ui.h"
#include "base/safefile.h"

#define PROGRAM      "/usr/bin/authselect"
#define WRITTEN      BG_SYSCONFDIR "/authselect/nsswitch.conf"
#define CUSTOM_DIR   BG_SYSCONFDIR "/authselect/custom"
#define NAME         "breakglass"
#define PROFILE      "custom/" NAME
#define PROFILE_DIR  CUSTOM_DIR "/" NAME
#define TEMPLATE     PROFILE_DIR "/nsswitch.conf"
#define SAMPLE       PROFILE_DIR "/system-auth" /* every profile has one; in ours it is a link to the base's */
#define FEATURE      "with-breakglass"
#define BLANKS       " \t"
#define LINES        64
#define WORDS        64
#define RUN_MS       20000
#define OUTPUT_LIMIT (64u * 1024u)

bool authselect_here(void)
{
    char to[PATH_MAX];
    ssize_t n = readlink(BG_SYSCONFDIR "/nsswitch.conf", to, sizeof to - 1);

    to[n > 0 ? n : 0] = '\0';
    return strcmp(to, WRITTEN) == 0;
}

/* --- asking the program ------------------------------------------------------------------------ */

/* What it prints goes to *out (unless NULL), to be freed. Shows why not; BG_E_REFUSED. */
static enum bg_err ask(const char *const argv[], char **out)
{
    struct run_result res = {0};
    enum bg_err r = run_program(argv, NULL, 0, OUTPUT_LIMIT, RUN_MS, &res);

    if (r == BG_OK && res.exit_status == 0 && out != NULL) {
        *out = res.out;
        return BG_OK;
    }
    if (r != BG_OK || res.exit_status != 0) {
        if (r == BG_OK)
            res.out[strcspn(res.out, "\r\n")] = '\0';
        ui_finding(BG_M_CMD_AUTHSELECT, BG_ARGS(argv[1], r == BG_OK ? res.out : bg_strerror(r)));
        r = BG_E_REFUSED;
    }
    free(res.out);
    return r;
}

/* What is selected. The words lie in text. */
struct selection {
    char *text; /* ours to free */
    const char *profile;
    const char *feature[WORDS];
    size_t n; /* without ours */
    char base[NAME_MAX + 16];
};

/* The profile that ours was built on: where its links go. False: they do not go to a profile. */
static bool find_base(char *base, size_t cap)
{
    char to[PATH_MAX], *name;
    ssize_t n = readlink(SAMPLE, to, sizeof to - 1);

    to[n > 0 ? n : 0] = '\0';
    if ((name = strrchr(to, '/')) == NULL)
        return false;
    *name = '\0';
    if ((name = strrchr(to, '/')) == NULL || name[1] == '\0')
        return false;
    *name = '\0';
    (void)snprintf(base, cap, "%s%s", strcmp(to, CUSTOM_DIR) == 0 ? "custom/" : "", name + 1);
    return true;
}

/* Are only links in our profile, beside the template? True as well where there is none. */
static bool is_as_made(void)
{
    struct dirent *e;
    bool own = false;
    DIR *d = opendir(PROFILE_DIR);

    while (d != NULL && (e = readdir(d)) != NULL)
        own = own || (e->d_name[0] != '.' && e->d_type != DT_LNK && strcmp(e->d_name, "nsswitch.conf") != 0);
    if (d != NULL)
        (void)closedir(d);
    return !own;
}

static enum bg_err refuse_edited(void)
{
    ui_finding(BG_M_CMD_AUTHSELECT_EDITED, BG_ARGS(PROFILE));
    return BG_E_REFUSED;
}

/* Fills *s, whose text is to be freed in any case. */
static enum bg_err selected(struct selection *s)
{
    static const char *const current[] = {PROGRAM, "current", "--raw", NULL};
    char *save = NULL, *word;
    enum bg_err r;

    *s = (struct selection){.n = 0};
    if ((r = ask(current, &s->text)) != BG_OK)
        return r;
    if ((s->profile = strtok_r(s->text, " \n", &save)) == NULL)
        s->profile = "";
    while (s->n < WORDS && (word = strtok_r(NULL, " \n", &save)) != NULL)
        if (strcmp(word, FEATURE) != 0)
            s->feature[s->n++] = word;
    (void)snprintf(s->base, sizeof s->base, "%s", s->profile);
    return strcmp(s->profile, PROFILE) != 0 || find_base(s->base, sizeof s->base) ? BG_OK : refuse_edited();
}

/* authselect VERB [OPTION] PROFILE FEATURES... [MORE] */
static enum bg_err with_features(const char *verb, const char *option, const char *profile,
                                 const struct selection *s, const char *more, char **out)
{
    const char *argv[WORDS + 8] = {PROGRAM, verb, option, profile};
    size_t n = 4;

    for (size_t i = 0; i < s->n; i++)
        argv[n++] = s->feature[i];
    argv[n] = more;
    return ask(argv, out);
}

/* --- texts ------------------------------------------------------------------------------------- */

/* authselect's notice before the first line that counts. */
static size_t head_of(const char *text)
{
    const char *p = text;

    while (*p == '#' || *p == '\n')
        p += strcspn(p, "\n") + (strchr(p, '\n') != NULL);
    return (size_t)(p - text);
}

/* What authselect makes of the base today, under the notice that the file has now; malloced. */
static enum bg_err render(const struct selection *s, const char *now, char **out)
{
    char *said = NULL;
    const char *body;
    size_t n;
    enum bg_err r = with_features("test", "--nsswitch", s->base, s, NULL, &said);

    if (r != BG_OK)
        return r;
    body = strchr(said, '\n'); /* its first line names the file */
    body = body == NULL ? "" : body + 1;
    body += head_of(body);
    for (n = strlen(body); n > 0 && body[n - 1] == '\n';)
        n--;
    r = asprintf(out, "%.*s%.*s\n", (int)head_of(now), now, (int)n, body) < 0 ? BG_E_NOMEM : BG_OK;
    free(said);
    return r;
}

/* The place behind the first "files" of a template's line that is in no {...}, and behind its action; or 0.
 */
static size_t files_end(const char *line, size_t len)
{
    int depth = 0;

    for (size_t i = 0; i + 5 <= len; i++) {
        size_t end = i + 5, more;
        depth += line[i] == '{';
        depth -= line[i] == '}';
        if (depth > 0 || strncmp(line + i, "files", 5) != 0 || strchr(BLANKS ":}", line[i - 1]) == NULL ||
            strchr(BLANKS "{\n", line[end]) == NULL)
            continue;
        more = end + strspn(line + end, BLANKS);
        if (more < len && line[more] == '[')
            end = more + strcspn(line + more, "]\n") + 1;
        return end <= len ? end : len;
    }
    return 0;
}

/* What goes behind "files" in the line of a template, NULL: not one of the three databases. */
static const struct database {
    const char *name, *word;
} databases[] = {{"passwd:", "{if \"" FEATURE "\": breakglass}"},
                 {"shadow:", "{if \"" FEATURE "\": breakglass}"},
                 {"group:", "{if \"" FEATURE "\": breakglass [TRYAGAIN=return]}"}};
#define DATABASES (sizeof databases / sizeof databases[0])

static size_t database_of(const char *line)
{
    size_t i = 0;

    while (i < DATABASES && strncmp(line, databases[i].name, strlen(databases[i].name)) != 0)
        i++;
    return i;
}

/* One line of a template. Where "files" stands in {...} only, the whole line goes out with our feature. */
static void feature_line(FILE *to, const char *line, size_t len, bool done[DATABASES + 1])
{
    size_t db = database_of(line), at = db < DATABASES ? files_end(line, len) : 0;

    if (db == DATABASES)
        (void)fprintf(to, "%.*s\n", (int)len, line);
    else if (at > 0)
        (void)fprintf(to, "%.*s%s%.*s\n", (int)at, line, databases[db].word, (int)(len - at), line + at);
    else
        (void)fprintf(to, "%.*s {exclude if \"" FEATURE "\"}\n", (int)len, line);
    done[db] = done[db] || at > 0;
}

/*
 * A template with our feature. A database that has no line in it, or none that takes our word, gets the line
 * that nsswitch.conf is to have, with our feature only. malloced, NULL when out of memory.
 */
static char *with_feature(const char *text, const char *want)
{
    bool done[DATABASES + 1] = {false};
    char *made = NULL;
    size_t size;
    FILE *to = open_memstream(&made, &size);

    if (to == NULL)
        return NULL;
    for (const char *p = text; *p != '\0'; p += strcspn(p, "\n"), p += *p == '\n')
        feature_line(to, p, strcspn(p, "\n"), done);
    for (const char *p = want; *p != '\0'; p += strcspn(p, "\n"), p += *p == '\n')
        if (database_of(p) < DATABASES && !done[database_of(p)])
            (void)fprintf(to, "%.*s {include if \"" FEATURE "\"}\n", (int)strcspn(p, "\n"), p);
    if (fclose(to) != 0) {
        free(made);
        return NULL;
    }
    return made;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The lines that count, sorted, with single blanks: text is changed, line[i] point into it. */
static size_t lines_of(char *text, char *line[LINES])
{
    char *save = NULL, *to;
    size_t n = 0;

    for (char *l = strtok_r(text, "\n", &save); l != NULL && n < LINES; l = strtok_r(NULL, "\n", &save)) {
        l[strcspn(l, "#")] = '\0';
        to = line[n] = l;
        for (; *l != '\0'; l++)
            if (strchr(BLANKS, *l) == NULL)
                *to++ = *l;
            else if (to > line[n] && to[-1] != ' ')
                *to++ = ' ';
        to -= to > line[n] && to[-1] == ' ';
        *to = '\0';
        n += line[n][0] != '\0';
    }
    qsort(line, n, sizeof line[0], by_text);
    return n;
}

/* The same lines, in whatever order? authselect puts those of its profile first. */
static bool same(const char *a, const char *b)
{
    char *copy[2] = {strdup(a), strdup(b)}, *line[2][LINES];
    size_t n = 0, m = 1;
    bool equal = false;

    if (copy[0] != NULL && copy[1] != NULL) {
        n = lines_of(copy[0], line[0]);
        m = lines_of(copy[1], line[1]);
    }
    for (equal = n == m; equal && n > 0; n--)
        equal = strcmp(line[0][n - 1], line[1][n - 1]) == 0;
    free(copy[0]);
    free(copy[1]);
    return equal;
}

static bool names_us(const char *text)
{
    char *bare = text == NULL ? NULL : nsswitch_strip(text);
    bool ours = bare != NULL && strcmp(bare, text) != 0;

    free(bare);
    return ours;
}

/* --- the table's functions ---------------------------------------------------------------------- */

/* The text that nsswitch.conf is to have with us: job->text itself where the lines are the same. */
static enum bg_err wanted(const struct conf_job *job, const struct selection *s, char **out,
                          struct conf_problem *why)
{
    struct conf_job base = *job;
    char *text = NULL;
    enum bg_err r = render(s, job->text, &text);

    base.text = text;
    if (r == BG_OK && (r = nsswitch_add(&base, out, why)) == BG_OK && same(*out, job->text)) {
        free(*out);
        *out = strdup(job->text);
        r = *out == NULL ? BG_E_NOMEM : BG_OK;
    }
    free(text);
    return r;
}

enum bg_err authselect_add(const struct conf_job *job, char **out, struct conf_problem *why)
{
    static const char *const check[] = {PROGRAM, "check", NULL};
    struct selection s = {.text = NULL};
    enum bg_err r = job->text == NULL ? BG_E_NOENT : ask(check, NULL);

    why->id = NULL; /* ask has shown it */
    if (r == BG_OK && (r = selected(&s)) == BG_OK)
        r = wanted(job, &s, out, why);
    if (r == BG_OK && strcmp(*out, job->text) != 0) {
        if (is_as_made()) {
            ui_note(BG_M_CMD_AUTHSELECT_PLAN, BG_ARGS(PROFILE, s.base));
        } else {
            free(*out);
            r = refuse_edited();
        }
    }
    free(s.text);
    return r;
}

enum bg_err authselect_look(const struct conf_job *job, struct conf_problem *why)
{
    struct selection s = {.text = NULL};
    char *right = NULL;
    enum bg_err r = nsswitch_look(job, why);

    if (r != BG_OK)
        return r;
    why->id = NULL;
    if ((r = selected(&s)) == BG_OK)
        r = wanted(job, &s, &right, why);
    if (r == BG_OK && strcmp(right, job->text) != 0)
        r = conf_refuse(why, BG_M_CMD_AUTHSELECT_OLD, job->path, 0, "");
    free(right);
    free(s.text);
    return r;
}

/*
 * Undo comes back to what the base gives, where the base and our feature are all there is in our profile,
 * else to the text without our words.
 */
char *authselect_strip(const char *text)
{
    const struct conf_job job = {.text = text};
    struct selection s = {.text = NULL};
    struct conf_problem unused = {0};
    char *with = NULL, *out = NULL;

    if (names_us(text) && selected(&s) == BG_OK && strcmp(s.profile, PROFILE) == 0 && is_as_made() &&
        wanted(&job, &s, &with, &unused) == BG_OK && strcmp(with, text) == 0)
        (void)!render(&s, text, &out);
    free(with);
    free(s.text);
    return out != NULL ? out : nsswitch_strip(text);
}

/* --- changing it -------------------------------------------------------------------------------- */

/* How it was, for the way back. */
static struct {
    struct selection selection;
    char *template; /* of our profile, NULL: there was none */
    bool had_feature;
} before;

static void remove_profile(void)
{
    struct dirent *e;
    DIR *d = opendir(PROFILE_DIR);

    while (d != NULL && (e = readdir(d)) != NULL)
        if (e->d_name[0] != '.')
            (void)unlinkat(dirfd(d), e->d_name, 0);
    if (d != NULL)
        (void)closedir(d);
    (void)rmdir(PROFILE_DIR);
}

static enum bg_err write_template(const char *text)
{
    enum bg_err r = text == NULL ? BG_E_NOMEM : bg_file_replace(TEMPLATE, text, strlen(text), 0644, 0, 0);

    if (r != BG_OK)
        ui_finding(BG_M_CMD_WRITE, BG_ARGS(TEMPLATE, bg_strerror(r)));
    return r;
}

/* Make our profile anew on that base, and select it. */
static enum bg_err build(const char *base, const char *want)
{
    const char *const create[] = {
        PROGRAM,         "create-profile",  NAME, "--base-on", base, "--symlink-meta",
        "--symlink-pam", "--symlink-dconf", NULL};
    char *template = NULL, *ours = NULL;
    enum bg_err r;

    remove_profile();
    if ((r = ask(create, NULL)) == BG_OK && (r = sysfile_read(TEMPLATE, &template)) == BG_OK) {
        ours = template == NULL ? NULL : with_feature(template, want);
        r = write_template(ours);
    }
    free(ours);
    free(template);
    return r != BG_OK ? r : with_features("select", "--quiet", PROFILE, &before.selection, FEATURE, NULL);
}

/* Does the base give that text? */
static bool base_gives(const char *text)
{
    char *made = NULL;
    bool gives = is_as_made() && render(&before.selection, text, &made) == BG_OK && same(made, text);

    free(made);
    return gives;
}

/* Back to the base, or, where somebody has edited our profile or put our feature into another, to that
 * without the feature. */
static enum bg_err leave(const char *text)
{
    static const char *const disable[] = {PROGRAM, "disable-feature", FEATURE, NULL};
    enum bg_err r;

    if (strcmp(before.selection.profile, PROFILE) != 0 || !base_gives(text)) {
        if ((r = ask(disable, NULL)) == BG_OK)
            ui_note(BG_M_CMD_AUTHSELECT_LEFT, BG_ARGS(before.selection.profile));
        return r;
    }
    if ((r = with_features("select", "--quiet", before.selection.base, &before.selection, NULL, NULL)) ==
        BG_OK)
        remove_profile();
    return r;
}

/* authselect may say yes and write something else. */
static enum bg_err written(const struct sysedit *s)
{
    char *now = NULL;
    enum bg_err r = sysfile_read(s->path, &now);

    if (r == BG_OK && (names_us(s->new) ? now == NULL || !same(now, s->new) : names_us(now))) {
        ui_finding(BG_M_CMD_AUTHSELECT, BG_ARGS("select", "it wrote another nsswitch.conf"));
        r = BG_E_REFUSED;
    }
    free(now);
    return r;
}

static enum bg_err apply(const struct sysedit *s)
{
    enum bg_err r = sysfile_read(TEMPLATE, &before.template);
    mode_t mask = umask(022); /* everybody may read authselect's files */

    if (r == BG_OK && (r = selected(&before.selection)) == BG_OK)
        r = names_us(s->new) ? build(before.selection.base, s->new) : leave(s->new);
    before.had_feature = names_us(s->old);
    (void)umask(mask);
    return r == BG_OK ? written(s) : r;
}

/* What was selected is selected again; our profile is as it was, with its old template or not there. */
static enum bg_err back(const struct sysedit *s)
{
    const char *profile = before.selection.profile;
    mode_t mask = umask(022);
    enum bg_err r = BG_OK;

    /* without a profile nothing was done */
    if (profile != NULL && before.template != NULL && (r = build(before.selection.base, s->old)) == BG_OK)
        r = write_template(before.template);
    if (r == BG_OK && profile != NULL)
        r = with_features("select", "--quiet", profile, &before.selection,
                          before.had_feature ? FEATURE : NULL, NULL);
    if (r == BG_OK && before.template == NULL)
        remove_profile();
    (void)umask(mask);
    return r;
}

const struct sysowner authselect_owner = {apply, back};
