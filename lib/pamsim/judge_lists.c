/* SPDX-License-Identifier: ISC */
/* Modules that look a word up in a list: pam_listfile, pam_securetty. */
#include "pamsim/judge.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "pamsim/conf.h"

/* A regular file that not everybody may write to. Unsure: it cannot be told. */
static enum bg_pam_sure sound(const struct bg_pam_source *s, const char *path, bool follow)
{
    unsigned mode = s->mode == NULL ? 0 : s->mode(s->arg, path, follow);

    if (s->mode == NULL)
        return BG_PAM_UNSURE;
    return S_ISREG(mode) && (mode & S_IWOTH) == 0 ? BG_PAM_YES : BG_PAM_NO;
}

/* ---- pam_listfile */

enum item {
    USER,
    TTY,
    RHOST,
    RUSER,
    GROUP,
    SHELL,
    ITEMS
};

struct listing {
    enum item item;
    int deny; /* -1: not said */
    bool item_said;
    bool apply_cut; /* an argument follows apply=, of which versions up to 1.5 take the value for its own */
    const char *file, *apply;
    uint32_t on_error;
};

static bool one_of(const char *value, const char *const *words, size_t n, int *which)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(value, words[i]) == 0) {
            *which = (int)i;
            return true;
        }
    return false;
}

/* One argument. False: the module gives up, with on_error. */
static bool argument(struct listing *l, const char *word)
{
    static const char *const items[ITEMS] = {"user", "tty", "rhost", "ruser", "group", "shell"},
                             *const senses[] = {"allow", "deny"}, *const errors[] = {"succeed", "fail"};
    const char *value = strchr(word, '=');
    int n = 0;

    if (strcmp(word, "quiet") == 0 || value == NULL)
        return true;
    value++;
    if (strncmp(word, "onerr=", 6) == 0) {
        l->on_error = one_of(value, errors, 2, &n) && n == 0 ? OK : CODE(SERVICE_ERR);
        return one_of(value, errors, 2, &n);
    }
    if (strncmp(word, "sense=", 6) == 0)
        return one_of(value, senses, 2, &l->deny);
    if (strncmp(word, "item=", 5) == 0) {
        l->item_said = one_of(value, items, ITEMS, &n);
        l->item = (enum item)n;
        return true;
    }
    if (strncmp(word, "file=", 5) == 0)
        l->file = value;
    else if (strncmp(word, "apply=", 6) == 0)
        l->apply = value;
    else
        return false;
    return true;
}

static bool understood(const struct bg_pam_view *v, struct listing *l)
{
    *l = (struct listing){.deny = -1, .on_error = CODE(SERVICE_ERR)};
    for (size_t i = 0; i < v->step->argc; i++) {
        l->apply_cut = l->apply != NULL && strcmp(v->step->argv[i], "quiet") != 0;
        if (!argument(l, v->step->argv[i]))
            return false;
    }
    return l->item_said && l->file != NULL && l->deny >= 0 &&
           (l->apply == NULL || l->apply[l->apply[0] == '@'] != '\0');
}

static const char *value_of(const struct bg_pam_view *v, enum item item)
{
    switch (item) {
    case TTY:
        return v->f->tty == NULL ? NULL : bg_judge_tty(v->f->tty);
    case RHOST:
        return v->f->rhost;
    case RUSER:
        return NULL;
    case SHELL:
        return v->f->shell;
    default:
        return v->f->user;
    }
}

static bool in_group(const struct bg_pam_facts *f, const char *name)
{
    for (size_t i = 0; f->groups != NULL && f->groups[i] != NULL; i++)
        if (strcmp(f->groups[i], name) == 0)
            return true;
    return false;
}

/* Is the value in the list? Whole lines count, blanks and '#' too. */
static bool listed(const struct bg_pam_view *v, enum item item, const char *value, char *text,
                   unsigned *number)
{
    char *at = text, *line;
    bool whole;

    for (*number = 1; (line = bg_pam_conf_line(&at, &whole)) != NULL; ++*number) {
        size_t n = strlen(line);
        if (n == 0)
            continue;
        if (line[n - 1] == '\r')
            line[n - 1] = '\0';
        if (item == GROUP ? in_group(v->f, line)
                          : strcmp(item == TTY ? bg_judge_tty(line) : line, value) == 0)
            return true;
    }
    *number = 0;
    return false;
}

/* For whom else than the account is it? Only where the item is not of an account. */
static enum bg_pam_sure applies(const struct bg_pam_view *v, const struct listing *l)
{
    if (l->apply == NULL || (l->item != TTY && l->item != RHOST))
        return BG_PAM_YES;
    if (l->apply_cut)
        return BG_PAM_UNSURE;
    if (l->apply[0] == '@')
        return v->f->groups == NULL ? BG_PAM_UNSURE : in_group(v->f, l->apply + 1) ? BG_PAM_YES : BG_PAM_NO;
    return v->f->user == NULL ? BG_PAM_UNSURE : strcmp(v->f->user, l->apply) == 0 ? BG_PAM_YES : BG_PAM_NO;
}

static void by_list(const struct bg_pam_view *v, const struct listing *l, struct bg_pam_answer *a)
{
    const struct bg_pam_source *s = v->f->files;
    const char *value = value_of(v, l->item);
    char *text = NULL;
    size_t len;
    bool in;

    if (value != NULL && value[0] == '\0') {
        bg_judge_say(a, l->deny == 1 ? OK : CODE(AUTH_ERR), "there is nothing to look up in its list");
        return;
    }
    if (s->mode != NULL && s->mode(s->arg, l->file, false) == 0) {
        bg_judge_say(a, l->on_error, "its list is not there");
        return;
    }
    if (sound(s, l->file, false) == BG_PAM_NO) {
        bg_judge_say(a, CODE(AUTH_ERR), "its list is no plain file, or everybody may write to it");
        return;
    }
    if (value == NULL || (l->item == GROUP && v->f->groups == NULL) ||
        s->read(s->arg, l->file, &text, &len) != BG_OK) {
        bg_judge_say(a, OK | CODE(AUTH_ERR) | l->on_error, "whether its list has it cannot be told");
        return;
    }
    in = listed(v, l->item, value, text, &a->at);
    free(text);
    bg_judge_say(a, in == (l->deny == 0) ? OK : CODE(AUTH_ERR),
                 in == (l->deny == 0) ? NULL : "its list refuses it");
    (void)snprintf(a->file, sizeof a->file, "%s", in == (l->deny == 0) ? "" : l->file);
}

void bg_judge_listfile(const struct bg_pam_view *v, struct bg_pam_answer *a)
{
    struct listing l;
    enum bg_pam_sure meant;
    uint32_t codes;

    if (v->f->files == NULL)
        return;
    if (!understood(v, &l)) {
        bg_judge_say(a, l.on_error, "its arguments are not understood");
        return;
    }
    meant = applies(v, &l);
    if (meant == BG_PAM_NO) {
        bg_judge_say(a, IGN, NULL);
        return;
    }
    by_list(v, &l, a);
    codes = a->codes;
    a->codes = (meant == BG_PAM_YES ? codes : codes | IGN) | (l.apply_cut ? l.on_error : 0);
}

/* ---- pam_securetty */

static bool word_is(const char *from, size_t n, const char *word)
{
    return strlen(word) == n && strncmp(from, word, n) == 0;
}

/* A console of the kernel: "console=ttyS0,115200" at boot, or an active one. */
static bool console(const struct bg_pam_source *s, const char *path, const char *before, const char *tty)
{
    char *text;
    size_t len, skip = strlen(before);
    bool is = false;

    if (s->read(s->arg, path, &text, &len) != BG_OK)
        return false;
    for (char *at = text; *at != '\0' && !is; at += strcspn(at, " \n"), at += *at != '\0')
        if (strncmp(at, before, skip) == 0)
            is = word_is(at + skip, strcspn(at + skip, skip > 0 ? ", \n" : " \n"), tty);
    free(text);
    return is;
}

static bool secure(const struct bg_pam_source *s, char *text, const char *tty, bool no_console)
{
    char *at = text, *line, pts[64] = "";
    bool whole;

    if (isdigit((unsigned char)tty[0]))
        (void)snprintf(pts, sizeof pts, "pts/%s", tty);
    while ((line = bg_pam_conf_line(&at, &whole)) != NULL)
        if (strcmp(line, tty) == 0)
            return true;
    return !no_console && (console(s, "/proc/cmdline", "console=", tty) ||
                           console(s, "/sys/class/tty/console/active", "", tty));
}

static void securetty_by_file(const struct bg_pam_view *v, struct bg_pam_answer *a)
{
    static const char *const paths[] = {"/etc/securetty", "/usr/etc/securetty", "/usr/lib/securetty"};
    const struct bg_pam_source *s = v->f->files;
    const char *tty = bg_judge_terminal(v), *path = NULL;
    char *text;
    size_t len;

    for (size_t i = 0; i < sizeof paths / sizeof *paths && path == NULL; i++)
        path = s->has(s->arg, paths[i], false) ? paths[i] : NULL;
    if (path == NULL) {
        a->codes = OK;
        return;
    }
    bg_judge_say(a, CODE(AUTH_ERR), "root only on terminals of /etc/securetty");
    (void)snprintf(a->file, sizeof a->file, "%s", path);
    if (sound(s, path, true) == BG_PAM_NO)
        return;
    if (s->read(s->arg, path, &text, &len) != BG_OK) {
        a->codes = OK | CODE(AUTH_ERR) | CODE(SERVICE_ERR);
        return;
    }
    if (secure(s, text, tty, bg_judge_has(v, "noconsole"))) {
        bg_judge_say(a, OK, NULL);
        a->file[0] = '\0';
    }
    free(text);
}

void bg_judge_securetty(const struct bg_pam_view *v, struct bg_pam_answer *a)
{
    uint32_t as_root =
        bg_judge_by(v->f->tty_secure, OK, CODE(AUTH_ERR) | (v->f->tty == NULL ? CODE(SERVICE_ERR) : 0));

    if (v->f->files != NULL && bg_judge_root(v) == BG_PAM_YES) {
        securetty_by_file(v, a);
        return;
    }
    bg_judge_say(a, bg_judge_by(bg_judge_root(v), as_root, OK), "root only on terminals of /etc/securetty");
}
