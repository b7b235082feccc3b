/* SPDX-License-Identifier: ISC */
/* nsswitch.conf: "breakglass" after "files" in passwd, group and shadow. The rest keeps its spacing and
 * order. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "admin/conf/nssline.h"
#include "admin/conf/conffile.h"
#include "admin/messages.h"

#define OUR_NAME   "breakglass"
#define OUR_ACTION "[TRYAGAIN=return]"
#define TOKENS     32
#define BLANKS     " \t"
#define LINE_ROOM  1024

/* One word or one [...] of a database's line, as offsets from the line's start. */
struct token {
    size_t from, to;
};

struct line {
    const char *s;
    size_t len; /* without the newline */
    unsigned number;
    size_t database; /* the index of one of ours, else DATABASES */
    char name[32];   /* "" : not a database's line */
    struct token token[TOKENS];
    size_t n;
};

static const struct database {
    const char *name;
    const char *insert; /* goes after "files" */
    const char *front;  /* goes before a client of gear that stands before "files" */
    const char *whole;  /* a line for a file that has none */
} databases[] = {
    {"passwd", " " OUR_NAME, OUR_NAME " ", "passwd:         files " OUR_NAME "\n"},
    /* without the action, the directory would be asked for the groups of our accounts and of root */
    {"group", " " OUR_NAME " " OUR_ACTION, "files " OUR_NAME " " OUR_ACTION " ",
     "group:          files " OUR_NAME " " OUR_ACTION "\n"},
    {"shadow", " " OUR_NAME, OUR_NAME " ", "shadow:         files " OUR_NAME "\n"},
};
#define DATABASES (sizeof databases / sizeof databases[0])

static bool token_is(const struct line *l, size_t i, const char *word)
{
    size_t n = l->token[i].to - l->token[i].from;

    return n == strlen(word) && strncasecmp(l->s + l->token[i].from, word, n) == 0;
}

static size_t find_token(const struct line *l, const char *word)
{
    size_t i = 0;

    while (i < l->n && !token_is(l, i, word))
        i++;
    return i;
}

static bool is_action(const struct line *l, size_t i)
{
    return i < l->n && l->s[l->token[i].from] == '[';
}

/* Is there an action list at i with `what` in it? */
static bool action_has(const struct line *l, size_t i, const char *what)
{
    size_t w = strlen(what);

    for (size_t at = is_action(l, i) ? l->token[i].from : l->len; at + w <= l->token[i].to; at++)
        if (strncasecmp(l->s + at, what, w) == 0)
            return true;
    return false;
}

/* Does it end the search for a name that the service before it does not know? As the C library reads it:
 * "[!UNAVAIL = return]" does. */
static bool ends_search(const struct line *l, size_t i)
{
    char text[LINE_ROOM];
    struct nss_line read;
    unsigned broken;

    if (!is_action(l, i))
        return false;
    (void)snprintf(text, sizeof text, "passwd: files %.*s\n", (int)(l->token[i].to - l->token[i].from),
                   l->s + l->token[i].from);
    return nss_line_find(text, "passwd", &read, &broken) && read.n == 1 &&
           read.service[0].on[NSS_NOTFOUND] == NSS_RETURN;
}

static void tokenize(struct line *l, size_t at)
{
    size_t end = strcspn(l->s, "#\n");

    for (at += strspn(l->s + at, BLANKS); at < end && l->n < TOKENS; at += strspn(l->s + at, BLANKS)) {
        struct token *t = &l->token[l->n++];
        t->from = at;
        at += strcspn(l->s + at, l->s[at] == '[' ? "]#\n" : BLANKS "[#\n");
        at += l->s[at] == ']';
        t->to = at;
    }
}

/* The line at *at, which moves on. */
static bool next_line(const char **at, struct line *l)
{
    unsigned number = l->number + 1;
    size_t from, to;

    if (**at == '\0')
        return false;
    *l = (struct line){.s = *at, .len = strcspn(*at, "\n"), .number = number, .database = DATABASES};
    *at += l->len + ((*at)[l->len] == '\n');
    from = strspn(l->s, BLANKS);
    for (to = from; isalnum((unsigned char)l->s[to]);)
        to++;
    (void)snprintf(l->name, sizeof l->name, "%.*s", (int)(to - from), l->s + from);
    to += strspn(l->s + to, BLANKS);
    if (l->s[to] != ':')
        l->name[0] = '\0';
    else
        tokenize(l, to + 1);
    for (size_t i = 0; i < DATABASES; i++)
        if (strcmp(l->name, databases[i].name) == 0)
            l->database = i;
    return true;
}

static bool is_local(const struct line *l, size_t i)
{
    static const char *const local[] = {"files",    "compat",   "db",         "systemd",
                                        "altfiles", "usrfiles", "extrausers", OUR_NAME};

    for (size_t k = 0; k < sizeof local / sizeof local[0]; k++)
        if (token_is(l, i, local[k]))
            return true;
    return is_action(l, i);
}

/* Clients of TACACS+ and RADIUS: the programs of switches and routers put them before "files", again and
 * again. */
static bool is_gear(const struct line *l, size_t i)
{
    static const char *const gear[] = {"tacplus", "radius", "mapuid", "mapname", "mapuser"};

    for (size_t k = 0; k < sizeof gear / sizeof gear[0]; k++)
        if (token_is(l, i, gear[k]))
            return true;
    return false;
}

static size_t find_files(const struct line *l)
{
    size_t files = find_token(l, "files");

    return files < l->n ? files : find_token(l, "compat");
}

/* The first of them before token `end`, else l->n. */
static size_t gear_before(const struct line *l, size_t end)
{
    for (size_t i = 0; i < end && i < l->n; i++)
        if (is_gear(l, i))
            return i;
    return l->n;
}

static bool has_action(const struct line *l)
{
    return strstr(databases[l->database].insert, OUR_ACTION) != NULL;
}

/* Where our word goes. */
struct place {
    size_t at; /* offset in the line; 0: it is there */
    const char *text;
};

static const struct bg_message *judge_ours(const struct line *l, size_t ours)
{
    return has_action(l) && !action_has(l, ours + 1, "TRYAGAIN=return") ? BG_M_CMD_NSS_NO_RETURN : NULL;
}

/*
 * Where a client of gear comes first, we come before it. "files" for groups then stands before us too, a
 * second time: it knows root's own groups, and nobody is told a group twice.
 */
static const struct bg_message *judge_gear(const struct line *l, size_t gear, struct place *p)
{
    size_t ours = find_token(l, OUR_NAME);

    for (size_t i = 0; i < gear; i++)
        if (!is_local(l, i))
            return BG_M_CMD_NSS_REMOTE;
    if (ours < gear)
        return has_action(l) ? BG_M_CMD_NSS_REMOTE : NULL;
    *p = (struct place){l->token[gear].from, databases[l->database].front};
    return NULL;
}

/*
 * What is wrong with one of our databases' lines, NULL: nothing. Our answers must come before any service
 * that can hang, and after "files", which keeps root's own groups. An action that ends the search there is
 * ours then, and does to others what it did; but a word cannot have two of them.
 */
static const struct bg_message *judge(const struct line *l, struct place *p)
{
    size_t files = find_files(l), ours = find_token(l, OUR_NAME), after;
    bool there = ours < l->n;

    *p = (struct place){0, ""};
    if (files == l->n)
        return BG_M_CMD_NSS_NO_FILES;
    if (gear_before(l, files) < l->n)
        return judge_gear(l, gear_before(l, files), p);
    for (size_t i = 0; i < files || (there && i < ours); i++)
        if (!is_local(l, i))
            return BG_M_CMD_NSS_REMOTE;
    if (action_has(l, files + 1, "merge"))
        return BG_M_CMD_NSS_MERGE;
    if (there)
        return ours < files ? BG_M_CMD_NSS_REMOTE : judge_ours(l, ours);
    after = files + (is_action(l, files + 1) && (has_action(l) || !ends_search(l, files + 1)));
    *p = (struct place){l->token[after].to, databases[l->database].insert};
    return NULL;
}

/* What is ours in a line, with the "files" that was put before us. */
static struct token ours_in(const struct line *l, size_t ours)
{
    bool of_files = !has_action(l) && ends_search(l, ours + 1); /* before which our word was put */
    size_t first = ours, last = ours + (is_action(l, ours + 1) && !of_files);

    for (size_t i = last + 1; i < l->n && ours > 0 && token_is(l, ours - 1, "files"); i++)
        if (token_is(l, i, "files"))
            first = ours - 1;
    if (first == 0 && last + 1 < l->n)
        return (struct token){l->token[0].from, l->token[last + 1].from};
    /* our word's own action list, left behind, would be obeyed for the service before */
    return (struct token){first > 0 ? l->token[first - 1].to : l->token[0].from, l->token[last].to};
}

/* Has gear's own program put its client before us, or taken it away again from between? Or is the search
 * ended before us? */
static bool is_displaced(const struct line *l)
{
    size_t ours = find_token(l, OUR_NAME), files = find_files(l);

    if (ours == l->n)
        return false;
    for (size_t i = files; i < ours && !has_action(l); i++)
        if (ends_search(l, i))
            return true;
    return gear_before(l, ours) < l->n ||
           (!has_action(l) && ours < files && files < l->n && gear_before(l, files) == l->n);
}

/* Write the line of one of our databases, `whole` bytes with its newline, with our word at its place. */
static const struct bg_message *put_line(const struct line *l, size_t whole, FILE *to)
{
    const struct bg_message *bad;
    struct line bare = *l;
    struct place p;
    char text[LINE_ROOM];

    if (whole < sizeof text && is_displaced(l)) {
        struct token cut = ours_in(l, find_token(l, OUR_NAME));
        (void)snprintf(text, sizeof text, "%.*s%.*s", (int)cut.from, l->s, (int)(whole - cut.to),
                       l->s + cut.to);
        bare.s = text;
        whole -= cut.to - cut.from;
        bare.n = 0;
        tokenize(&bare, strcspn(text, ":") + 1);
    }
    if ((bad = judge(&bare, &p)) != NULL)
        return bad;
    (void)fprintf(to, "%.*s%s", (int)p.at, bare.s, p.text);
    (void)fwrite(bare.s + p.at, 1, whole - p.at, to);
    return NULL;
}

/* Of several lines of a database the last one counts. 0: there is none. */
static void find_last(const char *at, unsigned last[DATABASES])
{
    struct line l = {.number = 0};

    memset(last, 0, DATABASES * sizeof *last);
    while (next_line(&at, &l))
        if (l.database < DATABASES)
            last[l.database] = l.number;
}

/* Walk the text and write the new one to `to`. A line that does not count has our word as well, for whoever
 * takes it for the one that does; where it cannot have it, it stays. */
static enum bg_err rewrite(const struct conf_job *job, FILE *to, struct conf_problem *why)
{
    const struct bg_message *bad = NULL;
    unsigned last[DATABASES];
    struct line l = {.number = 0};
    const char *at = job->text == NULL ? "" : job->text;

    find_last(at, last);
    while (next_line(&at, &l)) {
        size_t whole = (size_t)(at - l.s);
        bool ours = l.database < DATABASES, counts = ours && last[l.database] == l.number;
        bad = strcmp(l.name, "initgroups") == 0 ? BG_M_CMD_NSS_INITGROUPS
              : ours                            ? put_line(&l, whole, to)
                                                : NULL;
        if (bad != NULL && (counts || !ours))
            return conf_refuse(why, bad, job->path, l.number, l.name);
        if (bad != NULL || !ours)
            (void)fwrite(l.s, 1, whole, to);
    }
    for (size_t i = 0; i < DATABASES; i++)
        if (last[i] == 0) {
            if (l.number > 0 && l.s[l.len] == '\0')
                (void)fputc('\n', to);
            l.number = 0;
            (void)fputs(databases[i].whole, to);
        }
    return BG_OK;
}

bool nsswitch_here(void)
{
    return !authselect_here();
}

enum bg_err nsswitch_add(const struct conf_job *job, char **out, struct conf_problem *why)
{
    char *made = NULL;
    size_t size;
    FILE *to = open_memstream(&made, &size);
    enum bg_err r;

    if (to == NULL)
        return BG_E_NOMEM;
    r = rewrite(job, to, why);
    if (fclose(to) != 0 && r == BG_OK)
        r = BG_E_NOMEM;
    if (r == BG_OK)
        *out = made;
    else
        free(made);
    return r;
}

enum bg_err nsswitch_look(const struct conf_job *job, struct conf_problem *why)
{
    char *right = NULL;
    enum bg_err r = nsswitch_add(job, &right, why);

    if (r == BG_OK && (job->text == NULL || strcmp(job->text, right) != 0))
        r = conf_refuse(why, BG_M_CMD_NSS_ABSENT, job->path, 0, "");
    free(right);
    return r;
}

char *nsswitch_strip(const char *text)
{
    char *out = malloc(strlen(text) + 1);
    struct line l = {.number = 0};
    size_t n = 0;

    if (out == NULL)
        return NULL;
    for (const char *at = text; next_line(&at, &l);) {
        size_t ours = l.database < DATABASES ? find_token(&l, OUR_NAME) : l.n;
        size_t whole = (size_t)(at - l.s);
        struct token cut = ours < l.n ? ours_in(&l, ours) : (struct token){0, 0};
        memcpy(out + n, l.s, cut.from);
        memcpy(out + n + cut.from, l.s + cut.to, whole - cut.to);
        n += cut.from + whole - cut.to;
    }
    out[n] = '\0';
    return out;
}
