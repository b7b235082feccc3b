#include "admin/conf/nsswitch.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "admin/messages.h"

#define OUR_NAME   "breakglass"
#define OUR_ACTION "[TRYAGAIN=return]"
#define TOKENS     32

/* One word or one [...] of a database's line, as offsets from the line's start. */
struct token {
    size_t from, to;
};

struct line {
    const char *s;
    size_t len; /* without the newline */
    unsigned number;
    char database[32]; /* "" : not a database's line */
    struct token token[TOKENS];
    size_t n;
};

struct database {
    const char *name;
    const char *insert; /* goes behind "files" */
    const char *whole;  /* a line for a file that has none */
    bool needs_return;
};
static const struct database databases[] = {
    {"passwd", " " OUR_NAME, "passwd:         files " OUR_NAME "\n", false},
    {"group", " " OUR_NAME " " OUR_ACTION, "group:          files " OUR_NAME " " OUR_ACTION "\n", true},
    {"shadow", " " OUR_NAME, "shadow:         files " OUR_NAME "\n", false},
};
#define DATABASES (sizeof databases / sizeof databases[0])

static bool token_is(const struct line *l, size_t i, const char *word)
{
    size_t n = l->token[i].to - l->token[i].from;

    return n == strlen(word) && strncasecmp(l->s + l->token[i].from, word, n) == 0;
}

static bool token_is_action(const struct line *l, size_t i)
{
    return i < l->n && l->s[l->token[i].from] == '[';
}

static bool action_has(const struct line *l, size_t i, const char *what)
{
    size_t n = l->token[i].to - l->token[i].from, w = strlen(what);

    for (size_t at = 0; at + w <= n; at++)
        if (strncasecmp(l->s + l->token[i].from + at, what, w) == 0)
            return true;
    return false;
}

static void tokenize(struct line *l, size_t at)
{
    size_t end = 0;

    while (end < l->len && l->s[end] != '#')
        end++;
    for (;;) {
        while (at < end && isblank((unsigned char)l->s[at]))
            at++;
        if (at >= end || l->n == TOKENS)
            return;
        struct token *t = &l->token[l->n++];
        t->from = at;
        if (l->s[at] == '[') {
            while (at < end && l->s[at] != ']')
                at++;
            at += at < end;
        } else {
            while (at < end && !isblank((unsigned char)l->s[at]) && l->s[at] != '[')
                at++;
        }
        t->to = at;
    }
}

/* The line at *at, which moves on. */
static bool next_line(const char **at, unsigned *number, struct line *l)
{
    size_t i = 0, from;

    if (**at == '\0')
        return false;
    memset(l, 0, sizeof *l);
    l->s = *at;
    l->len = strcspn(*at, "\n");
    l->number = ++*number;
    *at += l->len + ((*at)[l->len] == '\n');
    while (i < l->len && isblank((unsigned char)l->s[i]))
        i++;
    from = i;
    while (i < l->len && isalnum((unsigned char)l->s[i]))
        i++;
    if (i == from || i - from >= sizeof l->database)
        return true;
    memcpy(l->database, l->s + from, i - from);
    while (i < l->len && isblank((unsigned char)l->s[i]))
        i++;
    if (i >= l->len || l->s[i] != ':')
        l->database[0] = '\0';
    else
        tokenize(l, i + 1);
    return true;
}

static enum bg_err problem(struct nss_problem *why, const struct bg_message *id, const struct line *l)
{
    why->id = id;
    (void)snprintf(why->line, sizeof why->line, "%u", l->number);
    (void)snprintf(why->database, sizeof why->database, "%s", l->database);
    return BG_E_REFUSED;
}

static size_t find_token(const struct line *l, const char *word)
{
    size_t i = 0;

    while (i < l->n && !token_is(l, i, word))
        i++;
    return i;
}

static bool is_local(const struct line *l, size_t i)
{
    static const char *const local[] = {"files",    "compat",   "db",         "systemd",
                                        "altfiles", "usrfiles", "extrausers", OUR_NAME};

    for (size_t k = 0; k < sizeof local / sizeof local[0]; k++)
        if (token_is(l, i, local[k]))
            return true;
    return token_is_action(l, i);
}

/*
 * Judge one line. *after: the token behind which our word goes; *done: it is there already. Our answers must
 * come before any service that can hang, and behind "files", which keeps root's own groups.
 */
static enum bg_err judge(const struct line *l, const struct database *db, size_t *after, bool *done,
                         struct nss_problem *why)
{
    size_t files = find_token(l, "files"), ours = find_token(l, OUR_NAME);

    if (files == l->n)
        files = find_token(l, "compat");
    if (files == l->n)
        return problem(why, BG_M_CMD_NSS_NO_FILES, l);
    for (size_t i = 0; i < files || (ours < l->n && i < ours); i++)
        if (!is_local(l, i))
            return problem(why, BG_M_CMD_NSS_REMOTE, l);
    if (token_is_action(l, files + 1) && action_has(l, files + 1, "merge"))
        return problem(why, BG_M_CMD_NSS_MERGE, l);
    *after = files + token_is_action(l, files + 1);
    *done = ours < l->n;
    if (*done && ours < files)
        return problem(why, BG_M_CMD_NSS_REMOTE, l);
    if (*done && db->needs_return &&
        !(token_is_action(l, ours + 1) && action_has(l, ours + 1, "TRYAGAIN=return")))
        return problem(why, BG_M_CMD_NSS_NO_RETURN, l);
    return BG_OK;
}

static const struct database *database_of(const struct line *l, size_t *index)
{
    for (size_t i = 0; i < DATABASES; i++)
        if (strcmp(l->database, databases[i].name) == 0) {
            *index = i;
            return &databases[i];
        }
    return NULL;
}

/* Walk the text and write the new one to `to`; *missing counts the databases that had to be touched. */
static enum bg_err rewrite(const char *text, FILE *to, unsigned *missing, struct nss_problem *why)
{
    bool seen[DATABASES] = {false}, done = false;
    const struct database *db;
    struct line l = {.s = ""};
    unsigned number = 0;
    size_t which = 0, after = 0;
    enum bg_err r;

    for (const char *at = text; next_line(&at, &number, &l);) {
        size_t whole = (size_t)(at - l.s), cut = 0;
        if (strcmp(l.database, "initgroups") == 0)
            return problem(why, BG_M_CMD_NSS_INITGROUPS, &l);
        if ((db = database_of(&l, &which)) != NULL) {
            if (seen[which])
                return problem(why, BG_M_CMD_NSS_TWICE, &l);
            seen[which] = true;
            if ((r = judge(&l, db, &after, &done, why)) != BG_OK)
                return r;
            cut = done ? 0 : l.token[after].to;
        }
        (void)fwrite(l.s, 1, cut, to);
        if (cut > 0) {
            (void)fputs(db->insert, to);
            ++*missing;
        }
        (void)fwrite(l.s + cut, 1, whole - cut, to);
    }
    for (size_t i = 0; i < DATABASES; i++)
        if (!seen[i]) {
            if (number > 0 && l.s[l.len] == '\0')
                (void)fputc('\n', to);
            number = 0;
            (void)fputs(databases[i].whole, to);
            ++*missing;
        }
    return BG_OK;
}

enum bg_err nsswitch_add(const char *text, char **out, struct nss_problem *why)
{
    unsigned missing = 0;
    char *made = NULL;
    size_t size;
    FILE *to = open_memstream(&made, &size);
    enum bg_err r;

    if (to == NULL)
        return BG_E_NOMEM;
    r = rewrite(text, to, &missing, why);
    if (fclose(to) != 0 && r == BG_OK)
        r = BG_E_NOMEM;
    if (r == BG_OK)
        *out = made;
    else
        free(made);
    return r;
}

enum bg_err nsswitch_look(const char *text, struct nss_problem *why)
{
    unsigned missing = 0;
    FILE *to = fopen("/dev/null", "we");
    enum bg_err r;

    if (to == NULL)
        return BG_E_IO;
    r = rewrite(text, to, &missing, why);
    (void)fclose(to);
    return r == BG_OK && missing > 0 ? BG_E_NOENT : r;
}

/* Where our word's own action list ends: left behind, it would be obeyed for the service before. */
static size_t our_end(const struct line *l, size_t ours)
{
    return l->token[token_is_action(l, ours + 1) ? ours + 1 : ours].to;
}

char *nsswitch_strip(const char *text)
{
    char *out = malloc(strlen(text) + 1);
    unsigned number = 0;
    size_t n = 0, which;
    struct line l;

    if (out == NULL)
        return NULL;
    for (const char *at = text; next_line(&at, &number, &l);) {
        size_t ours = database_of(&l, &which) != NULL ? find_token(&l, OUR_NAME) : l.n;
        size_t whole = (size_t)(at - l.s), from = 0, to = 0;
        if (ours < l.n) {
            from = ours > 0 ? l.token[ours - 1].to : l.token[ours].from;
            to = our_end(&l, ours);
        }
        memcpy(out + n, l.s, from);
        n += from;
        memcpy(out + n, l.s + to, whole - to);
        n += whole - to;
    }
    out[n] = '\0';
    return out;
}
