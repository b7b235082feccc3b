/* SPDX-License-Identifier: ISC */
/* pam.d service files: where our lines go, and what is wrong with them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "admin/conf/conffile.h"
#include "admin/conf/pamline.h"
#include "admin/messages.h"
#include "admin/ui.h"

/* "done", because a jump would break when another package adds a module. */
static const char *const our_line[TYPES] = {
    "auth     [success=done ignore=ignore module_unknown=ignore default=die] " MODULE "\n",
    "account  [success=done ignore=ignore module_unknown=ignore default=die] " MODULE "\n",
    "session  [success=ok   ignore=ignore module_unknown=ignore default=die] " MODULE "\n",
    "password [ignore=ignore module_unknown=ignore default=die]              " MODULE "\n",
};

static bool has_our_control(const struct line *l, enum pam_type type)
{
    struct cursor c = {our_line[type], 1};
    struct line ours;

    if (type == SESSION)
        return is_session_control(l->control);
    return next_line(&c, &ours) && strcmp(l->control, ours.control) == 0;
}

/* What a walk through one type's stack, included files counted, has met so far. */
struct walk {
    enum pam_type type;
    const struct sysedits *edits;
    bool ours, others;
    struct conf_problem before;  /* the first line before ours that decides something; id NULL: none */
    struct conf_problem control; /* our line with another control; id NULL: none */
};

static void note(struct conf_problem *p, const struct bg_message *id, const char *path, const struct line *l,
                 enum pam_type type)
{
    if (p->id == NULL)
        (void)!conf_refuse(p, id, path, l->number, type_name[type]);
}

static void walk_text(struct walk *w, const char *path, const char *text, unsigned depth);

static void walk_include(struct walk *w, const char *beside, const char *service, unsigned depth)
{
    char path[PATH_MAX], *mine;
    const char *text = included(w->edits, beside, service, path, &mine);

    if (depth < DEPTH_MAX && text != NULL)
        walk_text(w, path, text, depth + 1);
    free(mine);
}

static void walk_line(struct walk *w, const char *path, const struct line *l, unsigned depth)
{
    /* "done" inside a substack ends only the substack, so our line in there does not count for a verdict */
    if (l->kind == INCLUDE || (l->kind == SUBSTACK && w->type >= SESSION)) {
        walk_include(w, path, l->module, depth);
    } else if (calls(l, MODULE)) {
        w->ours = true;
        if (!has_our_control(l, w->type))
            note(&w->control, BG_M_CMD_PAM_CONTROL, path, l, w->type);
    } else {
        w->others = true;
        if (!w->ours && strcasecmp(l->control, "optional") != 0)
            note(&w->before, BG_M_CMD_PAM_BEHIND, path, l, w->type);
    }
}

static void walk_text(struct walk *w, const char *path, const char *text, unsigned depth)
{
    struct cursor c = {text, 1};
    struct line l;

    while (next_line(&c, &l))
        if (concerns(&l, w->type))
            walk_line(w, path, &l, depth);
}

/* Order decides in auth and account only. */
static const struct conf_problem *wrong(const struct walk *w)
{
    if (w->ours && w->before.id != NULL && w->type <= ACCOUNT)
        return &w->before;
    return w->control.id != NULL ? &w->control : NULL;
}

/*
 * Walk the stack of each type. Without any line of others, PAM takes that type from the service "other",
 * and a line of ours alone would cut everybody else off from it.
 */
static enum bg_err look(const struct conf_job *job, struct walk has[TYPES], struct conf_problem *why)
{
    for (enum pam_type t = AUTH; t < TYPES; t++) {
        has[t] = (struct walk){.type = t, .edits = job->edits};
        walk_text(&has[t], job->path, job->text, 0);
        if (wrong(&has[t]) == NULL)
            continue;
        *why = *wrong(&has[t]);
        return BG_E_REFUSED;
    }
    return BG_OK;
}

/* After "#%PAM-1.0", which some tools expect in line 1. */
static size_t top_place(const char *text)
{
    size_t n = strcspn(text, "\n");

    return strncmp(text, "#%PAM", 5) == 0 && text[n] == '\n' ? n + 1 : 0;
}

/* The text without our lines of this type (TYPES: of any), malloced. */
static char *without(const char *text, enum pam_type type)
{
    struct cursor c = {text, 1};
    struct line l;
    char *out = malloc(strlen(text) + 1);
    size_t at = 0;

    if (out == NULL)
        return NULL;
    while (next_line(&c, &l)) {
        if (calls(&l, MODULE) && (type == TYPES || l.type == type))
            continue;
        memcpy(out + at, l.start, l.bytes);
        at += l.bytes;
    }
    out[at] = '\0';
    return out;
}

/* The text without those lines of ours that are behind another's or have another control: add_to makes them
 * anew. What stands in an included file is not ours to move. Malloced. */
static char *without_wrong(const struct conf_job *job)
{
    char *text = strdup(job->text), *rest;

    for (enum pam_type t = AUTH; text != NULL && t < TYPES; t++) {
        struct walk w = {.type = t, .edits = job->edits};
        walk_text(&w, job->path, text, 0);
        if (wrong(&w) == NULL || !w.others) /* alone, none would be put there */
            continue;
        rest = without(text, t);
        free(text);
        text = rest;
    }
    return text;
}

/* Put what comes first to the top and the session line to its place. */
static enum bg_err join(const char *text, size_t top, const char *first, const struct skip *session,
                        char **out)
{
    size_t at = session->offset;
    bool ended = at == 0 || text[at - 1] == '\n' || session->line[0] == '\0';

    if (at == top)
        return asprintf(out, "%.*s%s%s", (int)top, text, first, text + top) < 0 ? BG_E_NOMEM : BG_OK;
    return asprintf(out, "%.*s%s%.*s%s%s%s", (int)top, text, first, (int)(at - top), text + top,
                    ended ? "" : "\n", session->line, text + at) < 0
               ? BG_E_NOMEM
               : BG_OK;
}

/* How many session lines of others stand before `offset`. */
static unsigned sessions_before(const char *text, size_t offset)
{
    struct cursor c = {text, 1};
    struct line l;
    unsigned n = 0;

    while (next_line(&c, &l) && (size_t)(l.start - text) < offset)
        n += concerns(&l, SESSION) && !calls(&l, MODULE);
    return n;
}

/* Is the session line there already, between the same lines of others and with the same control? */
static bool is_there(const char *text, const char *bare, const struct skip *want)
{
    struct cursor c = {text, 1}, ours = {want->line, 1};
    struct line l, right;
    unsigned lines = 0, hits = 0;

    if (!next_line(&ours, &right))
        return false;
    while (next_line(&c, &l)) {
        if (l.type != SESSION || !calls(&l, MODULE))
            continue;
        lines++;
        hits += strcmp(l.control, right.control) == 0 &&
                sessions_before(text, (size_t)(l.start - text)) == sessions_before(bare, want->offset);
    }
    return lines == 1 && hits == 1;
}

/*
 * auth, account and password first, session where session_line says. Left out are types that an included
 * file has already, and those of which the service has no line; that is noted, except for password lines,
 * which open nothing.
 */
static enum bg_err add_to(const struct conf_job *job, const struct walk has[TYPES],
                          const struct skip *session, char **out)
{
    size_t top = top_place(job->text);
    char first[512] = "";

    for (enum pam_type t = AUTH; t < TYPES; t++) {
        if (t == SESSION)
            (void)strcat(first, session->offset == top ? session->line : "");
        else if (has[t].others && !has[t].ours)
            (void)strcat(first, our_line[t]);
        if (!has[t].others && !has[t].ours && t != PASSWORD)
            ui_note(BG_M_CMD_PAM_OTHER, BG_ARGS(strrchr(job->path, '/') + 1, type_name[t]));
    }
    return join(job->text, top, first, session, out);
}

static enum bg_err add(const struct conf_job *job, char **out, struct conf_problem *why)
{
    struct conf_job bare = *job;
    struct walk has[TYPES];
    struct skip session = {.line = ""};
    char *text;
    enum bg_err r;

    if ((r = look(job, has, why)) != BG_OK)
        return r;
    if ((text = without(job->text, SESSION)) == NULL)
        return BG_E_NOMEM;
    bare.text = text;
    /* one that comes with an included file is right there */
    if (has[SESSION].others && (!has[SESSION].ours || strcmp(text, job->text) != 0))
        r = session_line(&bare, top_place(text), &session, why);
    if (r == BG_OK && (session.line[0] == '\0' || is_there(job->text, text, &session))) {
        session = (struct skip){.offset = top_place(job->text)};
        bare.text = job->text;
    }
    if (r == BG_OK)
        r = add_to(&bare, has, &session, out);
    free(text);
    return r;
}

enum bg_err pam_add(const struct conf_job *job, char **out, struct conf_problem *why)
{
    struct conf_job bare = *job;
    char *text;
    enum bg_err r;

    if (job->text != NULL) {
        if ((text = without_wrong(job)) == NULL)
            return BG_E_NOMEM;
        bare.text = text;
        r = add(&bare, out, why);
        free(text);
        return r;
    }
    ui_note(BG_M_CMD_PAM_SKIPPED, BG_ARGS(strrchr(job->path, '/') + 1, job->path));
    return BG_E_NOENT;
}

/* Is the session line where init would put it today, and does it pass over as many lines? */
static enum bg_err look_session(const struct conf_job *job, struct conf_problem *why)
{
    struct conf_problem unused = {0};
    char *right = NULL;
    enum bg_err r = BG_OK;

    if (add(job, &right, &unused) == BG_OK && strcmp(right, job->text) != 0)
        r = conf_refuse(why, BG_M_CMD_PAM_SKIP, strrchr(job->path, '/') + 1, 0, "");
    free(right);
    return r;
}

enum bg_err pam_look(const struct conf_job *job, struct conf_problem *why)
{
    struct walk has[TYPES];
    enum bg_err r;

    if (job->text == NULL)
        return BG_E_NOENT;
    if ((r = look(job, has, why)) != BG_OK)
        return r;
    for (enum pam_type t = AUTH; t < TYPES; t++) {
        if (has[t].ours || (t == PASSWORD && !has[t].others))
            continue;
        ui_finding(has[t].others ? BG_M_CMD_PAM_ABSENT : BG_M_CMD_PAM_OTHER,
                   BG_ARGS(strrchr(job->path, '/') + 1, type_name[t]));
        r = BG_E_REFUSED;
    }
    return r == BG_OK ? look_session(job, why) : r;
}

/* The walk through a service's session lines; BG_E_REFUSED when ours has another control. */
static enum bg_err walk_sessions(const struct conf_job *job, struct walk *w, struct conf_problem *why)
{
    *w = (struct walk){.type = SESSION, .edits = job->edits};
    walk_text(w, job->path, job->text, 0);
    if (w->control.id == NULL)
        return BG_OK;
    *why = w->control;
    return BG_E_REFUSED;
}

/*
 * A service that starts something for a user without asking who is there. Our session line comes first, where
 * nothing can decide or jump before it. Without a file or a session line PAM takes "other", which has ours.
 */
enum bg_err pam_session_add(const struct conf_job *job, char **out, struct conf_problem *why)
{
    struct walk w;
    const char *line;
    size_t top;
    enum bg_err r;

    if (job->text == NULL)
        return BG_E_NOENT;
    if ((r = walk_sessions(job, &w, why)) != BG_OK)
        return r;
    line = w.others && !w.ours ? our_line[SESSION] : "";
    if (line[0] == '\0' && job->vendor)
        return BG_E_NOENT; /* a file of its own would hold nothing of ours */
    top = top_place(job->text);
    return asprintf(out, "%.*s%s%s", (int)top, job->text, line, job->text + top) < 0 ? BG_E_NOMEM : BG_OK;
}

enum bg_err pam_session_look(const struct conf_job *job, struct conf_problem *why)
{
    struct walk w;
    enum bg_err r;

    if (job->text == NULL)
        return BG_E_NOENT;
    if ((r = walk_sessions(job, &w, why)) == BG_OK && w.others && !w.ours) {
        why->id = NULL;
        ui_finding(BG_M_CMD_PAM_UNSEEN, BG_ARGS(strrchr(job->path, '/') + 1));
        r = BG_E_REFUSED;
    }
    return r;
}

char *pam_strip(const char *text)
{
    return without(text, TYPES);
}
