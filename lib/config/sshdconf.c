/* SPDX-License-Identifier: ISC */
#include "config/sshdconf.h"

#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/safefile.h"
#include "config/sshdmatch.h"

#define FILES_MAX     64
#define FILE_MAX      262144
#define DEPTH_MAX     8
#define WORD_MAX      1024
#define GRACE_DEFAULT 120

/* --- the walk */

struct walk {
    bg_sshd_fn fn;
    void *arg;
    char dir[PATH_MAX]; /* of the first file */
    unsigned files;
    bool stopped;
};

static void walk_file(struct walk *w, const char *path, const char *match, unsigned depth);

static char *trimmed(char *s)
{
    char *end;

    s += strspn(s, " \t\r\f");
    for (end = s + strlen(s); end > s && isspace((unsigned char)end[-1]);)
        end--;
    *end = '\0';
    return s;
}

/* A # that begins a word begins a comment. */
static void cut_comment(char *s)
{
    for (char *p = s; *p != '\0'; p++)
        if (*p == '#' && (p == s || isspace((unsigned char)p[-1]))) {
            *p = '\0';
            return;
        }
}

/* Cut a line into key and value; false when there is nothing in it. */
static bool split(char *line, char **key, char **value)
{
    char *p, *end;

    cut_comment(line);
    *key = trimmed(line);
    p = *key + strcspn(*key, " \t=");
    if (**key == '\0')
        return false;
    *value = *p == '\0' ? p : p + 1;
    *p = '\0';
    *value = trimmed(*value);
    if (**value == '=')
        *value = trimmed(*value + 1);
    end = *value + strlen(*value);
    if (end - *value >= 2 && **value == '"' && end[-1] == '"' && strchr(*value + 1, '"') == end - 1) {
        end[-1] = '\0';
        (*value)++;
    }
    return true;
}

static void include(struct walk *w, char *patterns, const char *match, unsigned depth)
{
    char pattern[PATH_MAX], *save = NULL;
    glob_t found;

    for (char *word = strtok_r(patterns, " \t\"", &save); word != NULL;
         word = strtok_r(NULL, " \t\"", &save)) {
        if (word[0] == '/')
            (void)snprintf(pattern, sizeof pattern, "%s", word);
        else if ((size_t)snprintf(pattern, sizeof pattern, "%s/%s", w->dir, word) >= sizeof pattern)
            continue;
        if (glob(pattern, 0, NULL, &found) != 0)
            continue;
        for (size_t i = 0; i < found.gl_pathc && !w->stopped; i++)
            walk_file(w, found.gl_pathv[i], match, depth + 1);
        globfree(&found);
    }
}

static void walk_text(struct walk *w, const char *path, char *text, const char *match, unsigned depth)
{
    char block[WORD_MAX], *save = text, *line, *key, *value;
    struct bg_sshd_line l = {.file = path, .match = match};

    while (!w->stopped && (line = strsep(&save, "\n")) != NULL) {
        l.number++;
        if (!split(line, &key, &value))
            continue;
        l.key = key;
        l.value = value;
        if (strcasecmp(key, "Include") == 0) {
            include(w, value, l.match, depth);
        } else if (strcasecmp(key, "Match") == 0) {
            /* of an included file: it holds where the block that includes it does */
            (void)snprintf(block, sizeof block, "%s%s%s", match == NULL ? "" : match,
                           match == NULL ? "" : " ", value);
            l.match = block;
            w->stopped = !w->fn(w->arg, &l);
        } else {
            w->stopped = !w->fn(w->arg, &l);
        }
    }
}

static void walk_file(struct walk *w, const char *path, const char *match, unsigned depth)
{
    char *text;
    size_t len;

    if (depth > DEPTH_MAX || w->files++ == FILES_MAX || bg_file_slurp(path, FILE_MAX, &text, &len) != BG_OK)
        return;
    walk_text(w, path, text, match, depth);
    free(text);
}

enum bg_err bg_sshd_walk(const char *path, bg_sshd_fn fn, void *arg)
{
    struct walk w = {.fn = fn, .arg = arg, .files = 1};
    char *text, *slash;
    size_t len;
    enum bg_err r;

    if ((r = bg_file_slurp(path, FILE_MAX, &text, &len)) != BG_OK)
        return r == BG_E_RANGE ? BG_E_IO : r;
    (void)snprintf(w.dir, sizeof w.dir, "%s", path);
    if ((slash = strrchr(w.dir, '/')) != NULL)
        *slash = '\0';
    walk_text(&w, path, text, NULL, 0);
    free(text);
    return BG_OK;
}

/* --- values */

bool bg_sshd_seconds(const char *text, unsigned *out)
{
    static const char unit[] = "smhdw";
    static const unsigned factor[] = {1, 60, 3600, 86400, 604800};
    unsigned long sum = 0, n;
    const char *which;
    char *end;

    if (*text == '\0')
        return false;
    while (*text != '\0') {
        if (!isdigit((unsigned char)*text))
            return false;
        n = strtoul(text, &end, 10);
        which = *end == '\0' ? unit : strchr(unit, tolower((unsigned char)*end));
        if (which == NULL || n > 1000000)
            return false;
        sum += n * factor[which - unit];
        text = end + (*end != '\0');
    }
    *out = sum > UINT_MAX ? UINT_MAX : (unsigned)sum;
    return true;
}

/* sshd takes the first line that sets it; it cannot stand in a Match block. */
static bool take_grace(void *arg, const struct bg_sshd_line *l)
{
    if (strcasecmp(l->key, "LoginGraceTime") != 0 || l->match != NULL)
        return true;
    return !bg_sshd_seconds(l->value, arg);
}

unsigned bg_sshd_grace(const char *path)
{
    unsigned seconds = GRACE_DEFAULT;

    (void)!bg_sshd_walk(path, take_grace, &seconds);
    return seconds;
}

static void add_group(struct bg_sshd_user *u, const char *name, gid_t id)
{
    if (u->groups == BG_SSHD_GROUPS)
        return;
    u->id[u->groups] = id;
    (void)snprintf(u->group[u->groups++], sizeof u->group[0], "%s", name);
}

static void add_groups(const struct bg_account *a, const char *path, struct bg_sshd_user *u)
{
    struct bg_group g;
    size_t len, at = 0;
    char *text;

    if (bg_file_slurp(path, FILE_MAX, &text, &len) != BG_OK)
        return;
    while (bg_group_next(text, len, &at, &g))
        if (g.gid == a->gid || bg_group_has(&g, a->name))
            add_group(u, g.name, g.gid);
    free(text);
}

void bg_sshd_user(const struct bg_account *a, const char *path, struct bg_sshd_user *out)
{
    *out = (struct bg_sshd_user){.name = a->name};
    if (a->gid == 0)
        add_group(out, "root", 0);
    add_groups(a, BG_GROUPS_PATH, out);
    add_groups(a, path, out);
}

/* A pattern's @host, cut off: is it for some origins only? */
static bool cut_host(char *pattern)
{
    char *host = strchr(pattern, '@');

    if (host == NULL)
        return false;
    *host = '\0';
    return strcmp(host + 1, "*") != 0;
}

/* Negation is for Match alone: in these lists sshd takes a ! for a character of the name. everywhere:
 * patterns for some origins do not count. */
static bool fits(const char *patterns, const char *name, bool everywhere)
{
    char list[1024], *save = NULL;

    (void)snprintf(list, sizeof list, "%s", patterns);
    for (char *p = strtok_r(list, " \t\"", &save); p != NULL; p = strtok_r(NULL, " \t\"", &save)) {
        bool some = cut_host(p);
        if (!(some && everywhere) && bg_sshd_fits(name, p))
            return true;
    }
    return false;
}

bool bg_sshd_names_user(const char *patterns, const struct bg_sshd_user *u)
{
    return fits(patterns, u->name, false);
}

bool bg_sshd_denies_user(const char *patterns, const struct bg_sshd_user *u)
{
    return fits(patterns, u->name, true);
}

bool bg_sshd_names_group(const char *patterns, const struct bg_sshd_user *u)
{
    for (size_t i = 0; i < u->groups; i++)
        if (fits(patterns, u->group[i], false))
            return true;
    return false;
}

/* --- what keeps a user out */

/* The lines of one list that must name the user: sshd puts them together. */
struct allowed {
    bool any, named;
    struct bg_sshd_rule first;
};

struct exclusion {
    const struct bg_sshd_user *user;
    bool uid0, own_block, root_set;
    struct allowed users, groups;
    struct bg_sshd_rule deny, root; /* key "": none */
};

static void note(struct bg_sshd_rule *r, const struct bg_sshd_line *l)
{
    if (r->key[0] != '\0')
        return;
    (void)snprintf(r->key, sizeof r->key, "%s", l->key);
    (void)snprintf(r->file, sizeof r->file, "%s", l->file);
    r->number = l->number;
}

static void take_allow(struct allowed *a, bool named, const struct bg_sshd_line *l)
{
    a->any = true;
    a->named = a->named || named;
    note(&a->first, l);
}

/* "User bg1" alone is a block of ours: it lets the user in by AllowUsers and PermitRootLogin of its own. */
static bool is_own_block(const char *match, const char *name)
{
    size_t n = strlen(name);

    if (strncasecmp(match, "User", 4) != 0)
        return false;
    match += 4;
    match += strspn(match, " \t=");
    return strncmp(match, name, n) == 0 && match[n + strspn(match + n, " \t")] == '\0';
}

static bool take_rule(void *arg, const struct bg_sshd_line *l)
{
    struct exclusion *x = arg;

    if (strcasecmp(l->key, "Match") == 0)
        x->own_block = x->own_block || is_own_block(l->value, x->user->name);
    else if (l->match != NULL)
        return true;
    else if (strcasecmp(l->key, "DenyUsers") == 0 && bg_sshd_denies_user(l->value, x->user))
        note(&x->deny, l);
    else if (strcasecmp(l->key, "DenyGroups") == 0 && bg_sshd_names_group(l->value, x->user))
        note(&x->deny, l);
    else if (strcasecmp(l->key, "AllowUsers") == 0)
        take_allow(&x->users, bg_sshd_names_user(l->value, x->user), l);
    else if (strcasecmp(l->key, "AllowGroups") == 0)
        take_allow(&x->groups, bg_sshd_names_group(l->value, x->user), l);
    else if (strcasecmp(l->key, "PermitRootLogin") == 0 && !x->root_set) {
        x->root_set = true;
        if (x->uid0 && strcasecmp(l->value, "yes") != 0)
            note(&x->root, l);
    }
    return true;
}

/* Root's own setting, or its default, which is not enough. */
static const struct bg_sshd_rule *without_block(struct exclusion *x, const char *path)
{
    const struct bg_sshd_line unset = {.file = path, .key = "PermitRootLogin", .value = "prohibit-password"};

    if (!x->root_set)
        note(&x->root, &unset);
    return x->root.key[0] != '\0' ? &x->root : NULL;
}

bool bg_sshd_excludes(const char *path, const struct bg_sshd_user *u, bool uid0, struct bg_sshd_rule *out)
{
    struct exclusion *x = calloc(1, sizeof *x);
    const struct bg_sshd_rule *found = NULL;

    if (x == NULL)
        return false;
    x->user = u;
    x->uid0 = uid0;
    if (bg_sshd_walk(path, take_rule, x) == BG_OK) {
        if (x->deny.key[0] != '\0')
            found = &x->deny;
        else if (x->groups.any && !x->groups.named)
            found = &x->groups.first;
        else if (!x->own_block && x->users.any && !x->users.named)
            found = &x->users.first;
        else if (!x->own_block && uid0)
            found = without_block(x, path);
    }
    if (found != NULL)
        *out = *found;
    free(x);
    return found != NULL;
}
