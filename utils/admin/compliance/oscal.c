/* SPDX-License-Identifier: ISC */
/*
 * Verdicts as an assessment-results document of NIST's OSCAL (Open Security Controls Assessment Language),
 * layer "assessment results", version 1.1.2. What OSCAL has no word for, such as our own verdict, is a
 * property in a namespace of ours. Its findings know only satisfied and not-satisfied: all but PASS is
 * not-satisfied, with the reason "fail" for FAIL and "other" for the rest.
 */
#include <ctype.h>
#include <string.h>
#include "admin/compliance/compliance.h"
#include "base/host.h"
#include "base/secret.h"
#include "base/text.h"

#define OSCAL_VERSION "1.1.2"
#define OUR_NAMES     "urn:breakglass:oscal"
#define UUID_LEN      37
#define STATEMENT     "_smt."
#define TOKEN_LEN     96

/* RFC 4122, version 4. */
static bool uuid(char out[UUID_LEN])
{
    uint8_t b[16];

    if (bg_random(b, sizeof b) != BG_OK)
        return false;
    b[6] = (uint8_t)((b[6] & 0x0F) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3F) | 0x80);
    for (unsigned i = 0, at = 0; i < sizeof b; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[at++] = '-';
        (void)snprintf(out + at, 3, "%02x", b[i]);
        at += 2;
    }
    return true;
}

static json_t *uuid_json(void)
{
    char text[UUID_LEN];

    return uuid(text) ? json_string(text) : NULL;
}

static json_t *time_json(int64_t ms)
{
    char text[BG_TIME_LEN];

    bg_time_of(ms, text);
    return json_string(text);
}

static json_t *text_json(const char *s)
{
    char safe[4 * COMPLIANCE_WHY];

    (void)bg_text_clean(safe, sizeof safe, s, strlen(s));
    (void)bg_text_trim(safe);
    return json_string(safe[0] != '\0' ? safe : "none");
}

static json_t *prop(const char *name, const char *value)
{
    char safe[256];

    (void)bg_text_clean(safe, sizeof safe, value, strlen(value));
    (void)bg_text_trim(safe); /* OSCAL has no value with blanks around */
    return json_pack("{s:s, s:s, s:s}", "name", name, "ns", OUR_NAMES, "value",
                     safe[0] != '\0' ? safe : "none");
}

/*
 * A token of OSCAL for a clause. Those of NIST are as in its own catalog: the enhancement AC-2(11) is
 * "ac-2.11", the part AC-2(k) is the statement "ac-2_smt.k". What is of no catalog gets the framework's word
 * in front.
 */
static void token(enum framework w, const char *clause, size_t len, char out[TOKEN_LEN])
{
    size_t n = 0;
    bool own = w == FRAMEWORK_NIST || w == FRAMEWORK_ISM;

    if (!own)
        n = (size_t)snprintf(out, TOKEN_LEN, "%s-", w == FRAMEWORKS ? "breakglass" : framework_text(w)->word);
    for (size_t i = 0; i < len && n < TOKEN_LEN - 1; i++) {
        unsigned char c = (unsigned char)clause[i];
        if (isalnum(c) || c == '-' || c == '.' || c == '_')
            out[n++] = (char)tolower(c);
        else if (c == '(' && own && i + 1 < len)
            n += (size_t)snprintf(out + n, TOKEN_LEN - n, "%s",
                                  isdigit((unsigned char)clause[i + 1]) ? "." : STATEMENT);
        else if (c == ' ' && n > 0 && out[n - 1] == '.')
            out[n - 1] = '-';
        else if (c != ')' && n > 0 && out[n - 1] != '-')
            out[n++] = '-';
    }
    n = n < TOKEN_LEN ? n : TOKEN_LEN - 1;
    while (n > 0 && (out[n - 1] == '-' || out[n - 1] == '.'))
        n--;
    out[n] = '\0';
}

/* Each clause of a control in that framework, or the control itself where all are shown. */
typedef void (*clause_fn)(void *arg, const char *token);
static void each_clause(const struct control *c, enum framework w, clause_fn fn, void *arg)
{
    const char *at = w == FRAMEWORKS ? c->id : c->clause[w];
    char one[TOKEN_LEN];

    while (*at != '\0') {
        size_t n = strcspn(at, ",;");
        token(w, at, n, one);
        fn(arg, one);
        at += n;
        at += strspn(at, ",; ");
    }
}

static void add_selected(void *arg, const char *id)
{
    json_t *list = arg;
    const json_t *o;
    const char *part = strstr(id, STATEMENT); /* of which the control is selected as a whole */
    char one[TOKEN_LEN];
    size_t i;

    (void)snprintf(one, sizeof one, "%.*s", part == NULL ? (int)strlen(id) : (int)(part - id), id);
    json_array_foreach(list, i,
                       o) if (strcmp(json_string_value(json_object_get(o, "control-id")), one) == 0) return;
    (void)json_array_append_new(list, json_pack("{s:s}", "control-id", one));
}

static json_t *reviewed(const struct judged *list, unsigned n, enum framework w)
{
    json_t *ids = json_array();

    for (unsigned i = 0; i < n; i++)
        each_clause(list[i].control, w, add_selected, ids);
    return json_pack("{s:[{s:o}]}", "control-selections", "include-controls", ids);
}

/* --- observations and findings ------------------------------------------------------------------ */

static json_t *relevant(const struct judged *j)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < j->n; i++) {
        const struct evidence *e = &j->evidence[i];
        json_t *props = json_pack("[o, o]", prop("kind", e->kind), prop("id", e->id));
        if (e->account[0] != '\0')
            (void)json_array_append_new(props, prop("account", e->account));
        if (e->at_ms != 0)
            (void)json_object_set_new(json_array_get(props, 0), "remarks", time_json(e->at_ms));
        (void)json_array_append_new(
            list, json_pack("{s:s+, s:o}", "description", "evidence: ", e->kind, "props", props));
    }
    return list;
}

/* How it was looked at: class X and A is what people said. */
static const char *method(const struct control *c)
{
    return strchr(c->class, 'A') != NULL ? "INTERVIEW" : strchr(c->class, 'E') != NULL ? "EXAMINE" : "TEST";
}

static json_t *observation(const struct judged *j, const char *id, int64_t now)
{
    json_t *o = json_pack("{s:s, s:s, s:o, s:[s], s:o}", "uuid", id, "title", j->control->id, "description",
                          text_json(j->why), "methods", method(j->control), "collected", time_json(now));

    if (j->n > 0)
        (void)json_object_set_new(o, "relevant-evidence", relevant(j));
    return o;
}

struct finding {
    const struct judged *j;
    const char *observation;
    json_t *list;
};

static void add_finding(void *arg, const char *one)
{
    struct finding *f = arg;
    const struct judged *j = f->j;
    const char *reason = j->verdict == VERDICT_PASS ? "pass" : j->verdict == VERDICT_FAIL ? "fail" : "other";
    json_t *status =
        json_pack("{s:s, s:s, s:s}", "state", j->verdict == VERDICT_PASS ? "satisfied" : "not-satisfied",
                  "reason", reason, "remarks", verdict_name(j->verdict));
    json_t *target =
        json_pack("{s:s, s:s, s:o}", "type", strstr(one, STATEMENT) != NULL ? "statement-id" : "objective-id",
                  "target-id", one, "status", status);

    (void)json_array_append_new(
        f->list, json_pack("{s:o, s:s, s:s, s:[o, o], s:o, s:[{s:s}]}", "uuid", uuid_json(), "title",
                           j->control->id, "description", j->control->rule, "props",
                           prop("control", j->control->id), prop("verdict", verdict_name(j->verdict)),
                           "target", target, "related-observations", "observation-uuid", f->observation));
}

static bool add_judged(const struct judged *j, enum framework w, int64_t now, json_t *observations,
                       json_t *findings)
{
    char id[UUID_LEN];
    struct finding f = {j, id, findings};

    if (!uuid(id))
        return false;
    (void)json_array_append_new(observations, observation(j, id, now));
    each_clause(j->control, w, add_finding, &f);
    return true;
}

/* --- the document --------------------------------------------------------------------------------- */

static json_t *result(const struct judged *list, unsigned n, enum framework w, int64_t now)
{
    json_t *observations = json_array(), *findings = json_array(), *o;
    char host[256], title[320];
    bool good = true;

    for (unsigned i = 0; i < n && good; i++)
        good = add_judged(&list[i], w, now, observations, findings);
    bg_host_name(host, sizeof host);
    (void)snprintf(title, sizeof title, "Emergency accounts of %s", host);
    o = json_pack("{s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "uuid", uuid_json(), "title", title,
                  "description", "Controls of the process around the emergency accounts of one host.",
                  "start", time_json(now), "end", time_json(now), "reviewed-controls", reviewed(list, n, w),
                  "observations", observations, "findings", findings);
    if (good)
        return o;
    json_decref(o);
    return NULL;
}

json_t *controls_oscal(const struct judged *list, unsigned n, enum framework w, int64_t now)
{
    char plan[UUID_LEN], href[UUID_LEN + 1];
    json_t *one = result(list, n, w, now), *metadata, *resource;

    if (one == NULL || !uuid(plan)) {
        json_decref(one);
        return NULL;
    }
    (void)snprintf(href, sizeof href, "#%s", plan);
    metadata = json_pack("{s:s, s:o, s:s, s:s}", "title", framework_text(w)->title, "last-modified",
                         time_json(now), "version", PACKAGE_VERSION, "oscal-version", OSCAL_VERSION);
    resource =
        json_pack("{s:s, s:s, s:s}", "uuid", plan, "title", "breakglass compliance", "description",
                  "There is no assessment plan of its own: the program looks at the same things each time.");
    return json_pack("{s:{s:o, s:o, s:{s:s}, s:[o], s:{s:[o]}}}", "assessment-results", "uuid", uuid_json(),
                     "metadata", metadata, "import-ap", "href", href, "results", one, "back-matter",
                     "resources", resource);
}
