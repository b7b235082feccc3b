#include "admin/conf/pamfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "admin/conf/pamparse.h"
#include "admin/messages.h"

#define DEPTH_MAX 16 /* includes within includes, as libpam */

/* The lines of DESIGN: "done" because a jump breaks when another package adds a module. */
static const char *const control[PAM_TYPES] = {
    "[success=done ignore=ignore module_unknown=ignore default=die]",
    "[success=done ignore=ignore module_unknown=ignore default=die]",
    "[success=ok ignore=ignore module_unknown=ignore default=die]",
    "[ignore=ignore module_unknown=ignore default=die]",
};
static const char *const our_line[PAM_TYPES] = {
    "auth     [success=done ignore=ignore module_unknown=ignore default=die] " PAMFILE_MODULE "\n",
    "account  [success=done ignore=ignore module_unknown=ignore default=die] " PAMFILE_MODULE "\n",
    "session  [success=ok   ignore=ignore module_unknown=ignore default=die] " PAMFILE_MODULE "\n",
    "password [ignore=ignore module_unknown=ignore default=die]              " PAMFILE_MODULE "\n",
};

/* What a walk through one type's stack has met so far. */
struct walk {
    enum pam_type type;
    const struct pam_source *src;
    bool ours, others, loginuid; /* seen */
    struct pam_problem first;    /* the first line before ours that decides something; id 0: none */
    struct pam_problem wrong;    /* our line with another control; id 0: none */
};

static void locate(struct pam_problem *p, const struct bg_message *id, const char *service,
                   const struct pam_line *l, enum pam_type type)
{
    if (p->id != 0)
        return;
    p->id = id;
    p->type = pam_type_name(type);
    (void)snprintf(p->file, sizeof p->file, "%s/%.100s", PAMFILE_DIR, service);
    (void)snprintf(p->line, sizeof p->line, "%u", l->number);
}

static bool concerns(const struct pam_line *l, enum pam_type type)
{
    return l->kind != PAM_KIND_OTHER && (l->every_type || l->type == type);
}

static void walk_text(struct walk *w, const char *service, const char *text, unsigned depth);

static void walk_line(struct walk *w, const char *service, const struct pam_line *l, unsigned depth)
{
    /* "done" inside a substack ends only the substack, so our line in there does not count for a verdict */
    bool nested =
        l->kind == PAM_KIND_INCLUDE || (l->kind == PAM_KIND_SUBSTACK && w->type >= PAM_TYPE_SESSION);

    if (nested) {
        const char *text = depth < DEPTH_MAX ? w->src->text(w->src->arg, pam_included(l)) : NULL;
        if (text != NULL)
            walk_text(w, pam_included(l), text, depth + 1);
    } else if (pam_line_is(l, PAMFILE_MODULE)) {
        w->ours = true;
        if (strcmp(l->control, control[w->type]) != 0)
            locate(&w->wrong, BG_M_CMD_PAM_CONTROL, service, l, w->type);
    } else {
        w->others = true;
        w->loginuid = w->loginuid || pam_line_is(l, "pam_loginuid.so");
        if (!w->ours && strcasecmp(l->control, "optional") != 0)
            locate(&w->first, BG_M_CMD_PAM_BEHIND, service, l, w->type);
    }
}

static void walk_text(struct walk *w, const char *service, const char *text, unsigned depth)
{
    struct pam_cursor c = {text, 1};
    struct pam_line l;

    while (pam_next(&c, &l))
        if (concerns(&l, w->type))
            walk_line(w, service, &l, depth);
}

/* Look at one type's whole stack. */
static enum bg_err look_type(const char *service, const char *text, const struct pam_source *src,
                             enum pam_type type, struct pam_presence *p, struct pam_problem *why)
{
    struct walk w = {.type = type, .src = src};

    walk_text(&w, service, text, 0);
    p->has[type] = w.ours;
    p->others[type] = w.others;
    if (!w.ours)
        return BG_OK;
    /* order decides in auth and account only */
    if (w.first.id != 0 && type <= PAM_TYPE_ACCOUNT)
        *why = w.first;
    else if (w.wrong.id != 0)
        *why = w.wrong;
    else
        return BG_OK;
    return BG_E_REFUSED;
}

enum bg_err pamfile_look(const char *service, const char *text, const struct pam_source *src,
                         struct pam_presence *out, struct pam_problem *why)
{
    struct pam_presence p = {{false}, {false}};
    enum bg_err r;

    for (enum pam_type t = PAM_TYPE_AUTH; t < PAM_TYPES; t++)
        if ((r = look_type(service, text, src, t, &p, why)) != BG_OK)
            return r;
    *out = p;
    return BG_OK;
}

/*
 * Where the session line goes: the offset behind the line that brings pam_loginuid (which would write over
 * the audit uid if it came later). BG_E_NOENT: nowhere, so first. A jump over that place would land one line
 * off.
 */
static enum bg_err session_place(const char *service, const char *text, const struct pam_source *src,
                                 size_t *offset, struct pam_problem *why)
{
    struct pam_cursor c = {text, 1};
    struct walk w = {.type = PAM_TYPE_SESSION, .src = src};
    struct pam_line l, jumper = {0};
    unsigned index = 0, reach = 0;

    while (!w.loginuid && pam_next(&c, &l)) {
        if (!concerns(&l, PAM_TYPE_SESSION))
            continue;
        walk_line(&w, service, &l, 0);
        if (pam_jump(&l) > 0 && index + pam_jump(&l) + 1 > reach) {
            reach = index + pam_jump(&l) + 1;
            jumper = l;
        }
        index++;
    }
    if (!w.loginuid)
        return BG_E_NOENT;
    if (reach > index) {
        locate(why, BG_M_CMD_PAM_JUMP, service, &jumper, PAM_TYPE_SESSION);
        return BG_E_REFUSED;
    }
    *offset = (size_t)(c.at - text);
    return BG_OK;
}

/* Behind "#%PAM-1.0", which some tools want to see in line 1. */
static size_t top_place(const char *text)
{
    size_t n = strcspn(text, "\n");

    return strncmp(text, "#%PAM", 5) == 0 && text[n] == '\n' ? n + 1 : 0;
}

static bool lacks(const struct pam_presence *p, enum pam_type type)
{
    return p->others[type] && !p->has[type];
}

static enum bg_err build(const char *text, const struct pam_presence *has, size_t top, size_t session,
                         char **out)
{
    static const enum pam_type order[PAM_TYPES] = {PAM_TYPE_AUTH, PAM_TYPE_ACCOUNT, PAM_TYPE_SESSION,
                                                   PAM_TYPE_PASSWORD};
    size_t len = strlen(text), size;
    char *made = NULL;
    FILE *to = open_memstream(&made, &size);

    if (to == NULL)
        return BG_E_NOMEM;
    (void)fwrite(text, 1, top, to);
    for (size_t i = 0; i < PAM_TYPES; i++)
        if (lacks(has, order[i]) && (order[i] != PAM_TYPE_SESSION || session == top))
            (void)fputs(our_line[order[i]], to);
    (void)fwrite(text + top, 1, session - top, to);
    if (lacks(has, PAM_TYPE_SESSION) && session != top) {
        if (text[session - 1] != '\n')
            (void)fputc('\n', to);
        (void)fputs(our_line[PAM_TYPE_SESSION], to);
    }
    (void)fwrite(text + session, 1, len - session, to);
    if (fclose(to) != 0) {
        free(made);
        return BG_E_NOMEM;
    }
    *out = made;
    return BG_OK;
}

enum bg_err pamfile_add(const char *service, const char *text, const struct pam_source *src, char **out,
                        struct pam_problem *why)
{
    size_t top = top_place(text), session = top;
    struct pam_presence has;
    enum bg_err r;

    memset(why, 0, sizeof *why);
    if ((r = pamfile_look(service, text, src, &has, why)) != BG_OK)
        return r;
    if (lacks(&has, PAM_TYPE_SESSION)) {
        r = session_place(service, text, src, &session, why);
        if (r != BG_OK && r != BG_E_NOENT)
            return r;
    }
    return build(text, &has, top, session, out);
}

char *pamfile_strip(const char *text)
{
    struct pam_cursor c = {text, 1};
    struct pam_line l;
    char *out = malloc(strlen(text) + 1);
    size_t at = 0;

    if (out == NULL)
        return NULL;
    while (pam_next(&c, &l)) {
        if (pam_line_is(&l, PAMFILE_MODULE))
            continue;
        memcpy(out + at, l.start, l.bytes);
        at += l.bytes;
    }
    out[at] = '\0';
    return out;
}
