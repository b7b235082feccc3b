/* SPDX-License-Identifier: ISC */
#include "admin/check/finding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "admin/check/check.h"
#include "admin/check/output.h"
#include "admin/ui.h"

static const struct check_rule rules[CHECK_RULES] = {
#define ROW(name, id, severity, title, what, next, why, ours)                                                \
    [CHECK_##name] = {{0, what, next, id}, CHECK_##severity, title, why, ours},
#define CHECK_RULE(name, id, severity, title, what, means, next, why)                                        \
    ROW(name, id, severity, title, what, next, why, false)
#define CHECK_OURS(name, id, severity, title, what, means, next, why)                                        \
    ROW(name, id, severity, title, what, next, why, true)
#include "admin/check/rules.def"
#undef CHECK_OURS
#undef CHECK_RULE
#undef ROW
};

const struct check_rule *check_rule(enum check_rule_name name)
{
    return &rules[name];
}

const char *check_severity_word(enum check_severity s)
{
    static const char *const words[] = {"BLOCK", "RISK", "WARN", "UNKNOWN"};

    return words[s];
}

static const char *or_empty(const char *s)
{
    return s == NULL ? "" : s;
}

/* NULL: no memory. */
static struct check_finding *room_for_one(struct check_findings *all)
{
    size_t room = all->n < all->room ? all->room : 2 * all->room + 32;
    struct check_finding *of = room == all->room ? all->of : reallocarray(all->of, room, sizeof *of);

    if (of == NULL)
        return NULL;
    all->of = of;
    all->room = room;
    return &of[all->n];
}

/* said: with the rule's id. */
static void add(struct check *c, enum check_rule_name name, enum check_severity severity,
                const struct bg_message *said, const struct check_at *at, const char *const *args)
{
    static const struct check_at nowhere;
    struct check_finding *f = room_for_one(&c->found);
    char text[BG_MSG_MAX], full[BG_MSG_MAX];
    size_t id = strlen(said->id) + 1, what = bg_msg_text(text, sizeof text, said, args);

    if (f == NULL)
        return;
    at = at == NULL ? &nowhere : at;
    (void)bg_msg_full(full, sizeof full, said, args);
    *f = (struct check_finding){name, severity, c->found.n, NULL};
    f->says = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:s}", "id", said->id, "severity",
                        check_severity_word(severity), "account", or_empty(at->account), "pam_service",
                        or_empty(at->service), "scenario", or_empty(at->scenario), "file", or_empty(at->file),
                        "line", (int)at->line, "title", rules[name].title, "text", text + id, "next",
                        full[what] == ' ' ? full + what + 1 : "", "why", rules[name].why);
    c->found.n += f->says != NULL;
}

void check_find(struct check *c, enum check_rule_name name, const struct check_at *at,
                const char *const *args)
{
    add(c, name, rules[name].severity, &rules[name].said, at, args);
}

bool check_take(void *reader, const struct bg_message *id, const char *const *args)
{
    const struct check_reader *r = reader;
    char full[BG_MSG_MAX];

    full[bg_msg_full(full, sizeof full, id, args) - 1] = '\0'; /* the rule's sentence has a full stop */
    check_find(r->c, r->rule, &r->at, r->at.account == NULL ? BG_ARGS(full) : BG_ARGS(r->at.account, full));
    return true;
}

/* "bg1, sshd, ldap-down" of those that apply. */
static void about(char *out, size_t cap, const struct check_at *at)
{
    const char *const part[] = {at->account, at->service, at->scenario};
    size_t n = 0;

    out[0] = '\0';
    for (size_t i = 0; i < sizeof part / sizeof *part; i++)
        if (part[i] != NULL && n < cap)
            n += (size_t)snprintf(out + n, cap - n, "%s%s", n > 0 ? ", " : "", part[i]);
}

void check_unknown(struct check *c, enum check_rule_name name, const struct check_at *at, const char *why)
{
    check_unknown_but(c, name, at, why, "Look at it by hand, or see by a drill that it does no harm.");
}

void check_unknown_but(struct check *c, enum check_rule_name name, const struct check_at *at, const char *why,
                       const char *next)
{
    const struct bg_message whole = {0, "It cannot be told whether %1 (%2): %3.", next, rules[name].said.id},
                            plain = {0, "It cannot be told whether %1: %3.", whole.next, whole.id};
    char who[160] = "";

    if (at != NULL)
        about(who, sizeof who, at);
    add(c, name, CHECK_UNKNOWN, who[0] == '\0' ? &plain : &whole, at, BG_ARGS(rules[name].title, who, why));
}

static int worse(const void *a, const void *b)
{
    const struct check_finding *x = a, *y = b;
    int by = (int)x->severity - (int)y->severity;

    if (by == 0)
        by = strcmp(rules[x->rule].said.id, rules[y->rule].said.id);
    return by != 0 ? by : x->at < y->at ? -1 : 1; /* qsort is not stable */
}

struct check_findings *check_found(struct check *c)
{
    if (c->found.n > 0)
        qsort(c->found.of, c->found.n, sizeof *c->found.of, worse);
    return &c->found;
}

void check_drop(struct check_findings *all, size_t i)
{
    json_decref(all->of[i].says);
    all->n--;
    memmove(&all->of[i], &all->of[i + 1], (all->n - i) * sizeof *all->of);
}

void check_free(struct check_findings *all)
{
    for (size_t i = 0; i < all->n; i++)
        json_decref(all->of[i].says);
    free(all->of);
    *all = (struct check_findings){.of = NULL};
}

void check_show(const struct check_finding *f)
{
    ui_finding_object(f->says, f->severity != CHECK_WARN);
}
