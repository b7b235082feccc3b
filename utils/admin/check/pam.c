/* SPDX-License-Identifier: ISC */
/* Rules PAM-..: each service under each scenario, by the simulator. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "admin/check/facts.h"
#include "admin/check/pam.h"
#include "admin/messages.h"
#include "admin/ui.h"
#include "base/text.h"

const enum bg_pam_call pam_calls[PAM_WAYS] = {BG_PAM_AUTHENTICATE, BG_PAM_ACCT_MGMT, BG_PAM_OPEN_SESSION};
static const char *const names[PAM_WAYS] = {"auth", "account", "session"};
static const char *const members[PAM_WAYS] = {"on_auth", "on_account", "on_session"};

/* The rule that a scenario belongs to. */
static const enum check_rule_name scenario_rule[BG_PAM_SCENARIOS] = {
    [BG_PAM_NORMAL] = CHECK_PAM_SPOILED,  [BG_PAM_LDAP_DOWN] = CHECK_PAM_DIRECTORY,
    [BG_PAM_DNS_DOWN] = CHECK_PAM_NAMES,  [BG_PAM_LOCKED] = CHECK_PAM_TALLY,
    [BG_PAM_NOLOGIN] = CHECK_PAM_NOLOGIN, [BG_PAM_DISK_FULL] = CHECK_PAM_DISK,
    [BG_PAM_IDLE_100D] = CHECK_PAM_IDLE,  [BG_PAM_CLOCK_1Y] = CHECK_ACC_CLOCK,
};

/* ---- evidence */

const struct bg_pam_trace *pam_spoiler(const struct bg_pam_verdict *v)
{
    const struct bg_pam_trace *t = v->traced > 0 ? &v->trace[v->traced - 1] : NULL;

    for (size_t i = 0; i < v->traced; i++)
        if (v->trace[i].step == v->fault)
            t = &v->trace[i];
    return t;
}

static const struct bg_pam_step *spoiling_step(const struct bg_pam_verdict *v)
{
    const struct bg_pam_trace *t = pam_spoiler(v);

    return t == NULL ? NULL : t->step;
}

/* ": /etc/security/access.conf, line 7", if another file makes the module say so. */
static void other_file(const struct bg_pam_step *s, struct bg_pam_world *w, enum bg_pam_call call, char *out,
                       size_t cap)
{
    struct bg_pam_answer a;
    char file[200];

    out[0] = '\0';
    if (s->module == NULL || s->kind != BG_PAM_CALL || s->path == NULL)
        return;
    bg_pam_model(w, s, call, &a);
    (void)bg_text_ascii(file, sizeof file, a.file, strlen(a.file));
    if (a.file[0] != '\0' && a.at > 0)
        (void)snprintf(out, cap, ": %s, line %u", file, a.at);
    else if (a.file[0] != '\0')
        (void)snprintf(out, cap, ": %s", file);
}

void pam_evidence(const struct bg_pam_verdict *v, const struct bg_pam_facts *facts,
                  enum bg_pam_scenario scenario, enum bg_pam_call call, char *out, size_t cap)
{
    const struct bg_pam_trace *t = pam_spoiler(v);
    struct bg_pam_world w = {facts, scenario};
    char module[160] = "a line that cannot be read", other[260];
    const struct bg_pam_step *s;

    if (t == NULL) {
        (void)snprintf(out, cap, "there are no lines for it");
        return;
    }
    s = t->step;
    if (s->module != NULL)
        (void)bg_text_ascii(module, sizeof module, s->module, strlen(s->module));
    other_file(s, &w, call, other, sizeof other);
    (void)snprintf(out, cap, "%s, line %u, %s%s%s%s%s", s->file, s->line, module, t->why == NULL ? "" : " (",
                   t->why == NULL ? "" : t->why, t->why == NULL ? "" : other, t->why == NULL ? "" : ")");
}

static json_t *step_json(const struct bg_pam_step *s)
{
    char module[160] = "";

    if (s == NULL)
        return json_null();
    if (s->module != NULL)
        (void)bg_text_clean(module, sizeof module, s->module, strlen(s->module));
    return json_pack("{s:s, s:i, s:s}", "file", s->file, "line", (int)s->line, "module", module);
}

static const char *word(enum bg_pam_sure s)
{
    return s == BG_PAM_YES ? "yes" : s == BG_PAM_NO ? "no" : "unknown";
}

static json_t *verdict_json(const struct bg_pam_verdict *v)
{
    json_t *way = json_array();

    for (size_t i = 0; i < v->traced; i++) {
        json_t *o = step_json(v->trace[i].step);
        (void)json_object_set_new(o, "answer", json_string(bg_pam_code_word(v->trace[i].code)));
        (void)json_object_set_new(o, "certain", json_boolean(!v->trace[i].unsure));
        (void)json_array_append_new(way, o);
    }
    return json_pack("{s:s, s:s, s:i, s:i, s:o, s:o}", "succeeds", word(v->succeeds), "asked",
                     word(v->reached), "seconds_before", (int)v->before, "seconds", (int)v->total,
                     "spoiled_by", step_json(v->fault), "way", way);
}

static json_t *row_json(const char *user, const char *service, enum bg_pam_scenario s,
                        const struct pam_verdicts *v)
{
    json_t *o = json_pack("{s:s, s:s, s:s}", "account", user, "pam_service", service, "scenario",
                          bg_pam_scenario_word(s));

    for (int i = 0; i < PAM_WAYS; i++)
        (void)json_object_set_new(o, members[i], verdict_json(&v->of[i]));
    return o;
}

/* ---- rules */

struct check_at pam_place(const struct check_facts *f, enum bg_pam_scenario s, const struct bg_pam_verdict *v)
{
    const struct bg_pam_trace *t = pam_spoiler(v);

    return (struct check_at){f->pam.user, f->pam.service, bg_pam_scenario_word(s),
                             t == NULL ? NULL : t->step->file, t == NULL ? 0 : t->step->line};
}

static void find_now(const struct pam_service *s, int way, const struct bg_pam_verdict *v,
                     enum check_rule_name otherwise)
{
    const struct bg_pam_facts *f = &s->facts->pam;
    struct check_at at = pam_place(s->facts, BG_PAM_NORMAL, v);
    enum check_rule_name rule = pam_rule_now(spoiling_step(v), otherwise);
    char why[512];

    pam_evidence(v, f, BG_PAM_NORMAL, pam_calls[way], why, sizeof why);
    if (v->succeeds == BG_PAM_UNSURE || (rule == CHECK_PAM_NOT_REACHED && v->reached == BG_PAM_UNSURE))
        check_unknown(s->check, rule, &at, why);
    else if (rule == CHECK_PAM_NOT_REACHED)
        check_find(s->check, rule, &at, BG_ARGS(f->service, f->user, why));
    else
        check_find(s->check, rule, &at, BG_ARGS(f->service, f->user, names[way], why));
}

/* Where our line stands and is not reached, what stands before it is to blame. */
static void find_normal(const struct pam_service *s, const struct pam_verdicts *n)
{
    const struct bg_pam_verdict *auth = &n->of[0];
    bool ours = pam_has_ours(s->stack, BG_PAM_AUTH);

    if (auth->reached != BG_PAM_YES && !ours) {
        char why[512];
        struct check_at at = pam_place(s->facts, BG_PAM_NORMAL, auth);
        pam_evidence(auth, &s->facts->pam, BG_PAM_NORMAL, BG_PAM_AUTHENTICATE, why, sizeof why);
        check_find(s->check, s->stack->found ? CHECK_PAM_NOT_REACHED : CHECK_PAM_NO_SERVICE, &at,
                   BG_ARGS(s->facts->pam.service, s->facts->pam.user, why));
    } else if (auth->reached != BG_PAM_YES) {
        find_now(s, 0, auth, CHECK_PAM_NOT_REACHED);
    } else if (auth->succeeds != BG_PAM_YES) {
        find_now(s, 0, auth, CHECK_PAM_SPOILED);
    }
    for (int i = 1; i < PAM_WAYS; i++)
        if (n->of[i].succeeds != BG_PAM_YES)
            find_now(s, i, &n->of[i], CHECK_PAM_SPOILED);
}

/* What was told already of this service: each rule once for a line. */
struct told {
    struct {
        enum check_rule_name rule;
        const struct bg_pam_step *step;
    } of[BG_PAM_SCENARIOS * PAM_WAYS];
    size_t n;
};

static bool is_news(struct told *t, enum check_rule_name rule, const struct bg_pam_step *step)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->of[i].rule == rule && t->of[i].step == step)
            return false;
    t->of[t->n].rule = rule;
    t->of[t->n++].step = step;
    return true;
}

/* What is well in the normal case, and is not in this one. */
static void find_scenario(const struct pam_service *s, enum bg_pam_scenario scenario,
                          const struct pam_verdicts *n, const struct pam_verdicts *v, struct told *told)
{
    const struct bg_pam_facts *f = &s->facts->pam;
    char why[512];

    for (int i = 0; i < PAM_WAYS; i++) {
        struct check_at at = pam_place(s->facts, scenario, &v->of[i]);
        const struct bg_pam_step *step = spoiling_step(&v->of[i]);
        enum check_rule_name rule = pam_rule_later(step, scenario_rule[scenario]);
        bool spoiled = n->of[i].succeeds == BG_PAM_YES && v->of[i].succeeds != BG_PAM_YES;
        if (!spoiled || !is_news(told, rule, step))
            continue;
        pam_evidence(&v->of[i], f, scenario, pam_calls[i], why, sizeof why);
        if (v->of[i].succeeds == BG_PAM_NO)
            check_find(s->check, rule, &at, BG_ARGS(f->service, f->user, why));
        else
            check_unknown(s->check, rule, &at, why);
        return;
    }
}

/* A name that nobody answers for is waited for, though the login goes on after that. */
static void find_stall(const struct pam_service *s, const struct pam_verdicts *v)
{
    for (int i = 0; i < PAM_WAYS; i++)
        for (size_t k = 0; k < v->of[i].traced; k++) {
            const struct bg_pam_trace *t = &v->of[i].trace[k];
            const struct check_at at = {s->facts->pam.user, s->facts->pam.service,
                                        bg_pam_scenario_word(BG_PAM_DNS_DOWN), t->step->file, t->step->line};
            if (t->seconds == 0 || !pam_is(t->step, "pam_access"))
                continue;
            check_find(s->check, CHECK_PAM_STALL, &at,
                       BG_ARGS(s->facts->pam.service, BG_DIGITS(t->seconds), t->step->file,
                               BG_DIGITS(t->step->line)));
            return;
        }
}

/* The person needs the time that is left: 10 s at a console at least, 30 s over the network. */
static void find_slow(struct check *c, const struct check_facts *f, unsigned before)
{
    const char *service = f->pam.service;
    unsigned patience = check_patience(service), keep = strcmp(service, "login") == 0 ? 10 : 30;
    const struct check_at at = {.account = f->pam.user, .service = service};

    if (patience > 0 && before > 0 && before + keep > patience)
        check_find(c, CHECK_PAM_SLOW, &at, BG_ARGS(service, BG_DIGITS(before), BG_DIGITS(patience)));
}

/* ---- a service */

static void show(const char *service, const char *user, enum bg_pam_scenario s, const struct pam_verdicts *v,
                 bool trace)
{
    ui_text("%-12.12s %-12.12s %-10s %-8s %-8s %-8s %3u s\n", user, service, bg_pam_scenario_word(s),
            word(v->of[0].succeeds), word(v->of[1].succeeds), word(v->of[2].succeeds), v->of[0].before);
    for (int i = 0; trace && i < PAM_WAYS; i++)
        for (size_t k = 0; k < v->of[i].traced; k++) {
            const struct bg_pam_trace *t = &v->of[i].trace[k];
            char module[120] = "-";
            if (t->step->module != NULL)
                (void)bg_text_ascii(module, sizeof module, t->step->module, strlen(t->step->module));
            ui_text("    %-7s %s:%u %s: %s%s\n", names[i], t->step->file, t->step->line, module,
                    bg_pam_code_word(t->code), t->unsure ? ", or not" : "");
        }
}

bool pam_explore(const struct pam_service *s, const struct bg_pam_facts *facts, enum bg_pam_scenario scenario,
                 struct pam_verdicts *v)
{
    struct bg_pam_world w = {facts, scenario};

    for (int i = 0; i < PAM_WAYS; i++)
        if (bg_pam_explore(s->stack, pam_calls[i], bg_pam_model, &w, &v->of[i]) != BG_OK)
            return false;
    return true;
}

static bool scenarios_of(struct check *c, const struct bg_pam_stack *stack, const struct check_facts *f)
{
    static struct pam_verdicts normal, v;
    const struct pam_service s = {c, f, stack};
    struct told told = {.n = 0};
    size_t before = c->found.n;
    unsigned slowest = 0;

    if (!pam_explore(&s, &f->pam, BG_PAM_NORMAL, &normal))
        return false;
    find_normal(&s, &normal);
    for (unsigned k = 0; k < BG_PAM_SCENARIOS; k++) {
        if ((c->scenarios >> k & 1) == 0)
            continue;
        if (!pam_explore(&s, &f->pam, k, &v))
            return false;
        if (k != BG_PAM_NORMAL)
            find_scenario(&s, k, &normal, &v, &told);
        if (k == BG_PAM_DNS_DOWN)
            find_stall(&s, &v);
        slowest = v.of[0].before > slowest ? v.of[0].before : slowest;
        show(f->pam.service, f->pam.user, k, &v, c->trace);
        (void)json_array_append_new(c->played, row_json(f->pam.user, f->pam.service, k, &v));
    }
    find_slow(c, f, slowest);
    pam_cases(&s, &normal);
    pam_lines(&s, &normal, c->found.n == before);
    return true;
}

static void cannot(struct check *c, const char *service, enum bg_err r)
{
    ui_finding(BG_M_CHECK_UNREADABLE, BG_ARGS(service, bg_strerror(r)));
    c->exit = ADMIN_CANNOT;
}

/* Its program is there, and asks for the service whether it has a file or not. Not every su asks for su-l. */
static bool is_in_use(const char *service)
{
    static const char *const programs[][2] = {
        {"login", "/bin/login"}, {"sshd", "/usr/sbin/sshd"}, {"su", "/bin/su"}};

    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        if (strcmp(service, programs[i][0]) == 0)
            return access(programs[i][1], X_OK) == 0;
    return false;
}

static void look_service(struct check *c, const struct check_account *a, const char *service)
{
    const struct check_at at = {.account = a->row->name, .service = service};
    struct check_facts f = *a->facts;
    struct bg_pam_source source;
    struct bg_pam_stack s;
    enum bg_err r;

    facts_source(&source);
    if ((r = bg_pam_stack_read(&c->libpam, &source, service, &s)) != BG_OK) {
        cannot(c, service, r);
        return;
    }
    check_facts_for(&f, service);
    if (s.refused) {
        check_find(c, CHECK_PAM_REFUSED, &at, BG_ARGS(service, s.notes > 0 ? s.note[s.notes - 1].text : "?"));
    } else if (!s.found && c->service == NULL && !is_in_use(service)) {
        /* not on this host */
    } else if (!s.found && c->service == NULL && scenarios_of(c, &s, &f)) {
        /* by what "other" says */
    } else if (!s.found) {
        ui_finding(BG_M_CHECK_NO_SERVICE, BG_ARGS(service));
        c->exit = c->exit > ADMIN_USAGE ? c->exit : ADMIN_USAGE;
    } else if (!scenarios_of(c, &s, &f)) {
        cannot(c, service, BG_E_NOMEM);
    }
    bg_pam_stack_free(&s);
}

static void look_account(struct check *c, const struct check_account *a)
{
    static const char *const usual[] = {"login", "sshd", "su", "su-l"};

    if (c->service != NULL)
        look_service(c, a, c->service);
    for (size_t i = 0; c->service == NULL && i < sizeof usual / sizeof *usual; i++)
        look_service(c, a, usual[i]);
    pam_without(c, a);
}

const struct check_group check_pam = {.host = pam_files, .account = look_account};
