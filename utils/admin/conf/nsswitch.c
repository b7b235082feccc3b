/* SPDX-License-Identifier: ISC */
/* nsswitch.conf: "breakglass" after "files" in passwd, group and shadow. The rest keeps its spacing and
 * order. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "admin/conf/conffile.h"
#include "admin/messages.h"

#define OUR_NAME   "breakglass"
#define OUR_ACTION "[TRYAGAIN=return]"
#define TOKENS     32
#define BLANKS     " \t"

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
    const char *whole;  /* a line for a file that has none */
} databases[] = {
    {"passwd", " " OUR_NAME, "passwd:         files " OUR_NAME "\n"},
    /* without the action, the directory would be asked for the groups of our accounts and of root */
    {"group", " " OUR_NAME " " OUR_ACTION, "group:          files " OUR_NAME " " OUR_ACTION "\n"},
    {"shadow", " " OUR_NAME, "shadow:         files " OUR_NAME "\n"},
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

/*
 * What is wrong with one of our databases' lines, NULL: nothing. Our answers must come before any service
 * that can hang, and after "files", which keeps root's own groups. *place: the offset where our word goes, 0
 * when it is there.
 */
static const struct bg_message *judge(const struct line *l, size_t *place)
{
    size_t files = find_token(l, "files"), ours = find_token(l, OUR_NAME);
    bool there = ours < l->n;

    if (files == l->n)
        files = find_token(l, "compat");
    if (files == l->n)
        return BG_M_CMD_NSS_NO_FILES;
    for (size_t i = 0; i < files || (there && i < ours); i++)
        if (!is_local(l, i))
            return BG_M_CMD_NSS_REMOTE;
    if (action_has(l, files + 1, "merge"))
        return BG_M_CMD_NSS_MERGE;
    if (there && ours < files)
        return BG_M_CMD_NSS_REMOTE;
    if (there && strstr(databases[l->database].insert, OUR_ACTION) != NULL &&
        !action_has(l, ours + 1, "TRYAGAIN=return"))
        return BG_M_CMD_NSS_NO_RETURN;
    *place = there ? 0 : l->token[files + is_action(l, files + 1)].to;
    return NULL;
}

/* Walk the text and write the new one to `to`. */
static enum bg_err rewrite(const struct conf_job *job, FILE *to, struct conf_problem *why)
{
    const struct bg_message *bad = NULL;
    bool seen[DATABASES] = {false};
    struct line l = {.number = 0};
    const char *at = job->text == NULL ? "" : job->text;

    while (next_line(&at, &l)) {
        size_t place = 0;
        if (strcmp(l.name, "initgroups") == 0)
            bad = BG_M_CMD_NSS_INITGROUPS;
        else if (l.database < DATABASES)
            bad = seen[l.database] ? BG_M_CMD_NSS_TWICE : judge(&l, &place);
        if (bad != NULL)
            return conf_refuse(why, bad, job->path, l.number, l.name);
        if (l.database < DATABASES)
            seen[l.database] = true;
        (void)fprintf(to, "%.*s%s", (int)place, l.s, place > 0 ? databases[l.database].insert : "");
        (void)fwrite(l.s + place, 1, (size_t)(at - l.s) - place, to);
    }
    for (size_t i = 0; i < DATABASES; i++)
        if (!seen[i]) {
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
        size_t whole = (size_t)(at - l.s), from = 0, to = 0;
        if (ours < l.n) {
            from = ours > 0 ? l.token[ours - 1].to : l.token[ours].from;
            /* our word's own action list, left behind, would be obeyed for the service before */
            to = l.token[ours + is_action(&l, ours + 1)].to;
        }
        memcpy(out + n, l.s, from);
        memcpy(out + n + from, l.s + to, whole - to);
        n += from + whole - to;
    }
    out[n] = '\0';
    return out;
}
