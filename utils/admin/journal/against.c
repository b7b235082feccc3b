/* SPDX-License-Identifier: ISC */
/* journal verify --against: what receivers stored is read first, since the journal may grow meanwhile. */
#include "admin/journal/against.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "admin/journal/copy.h"
#include "admin/journal/journal.h"
#include "admin/ui.h"
#include "base/host.h"
#include "record/event.h"
#include "record/lines.h"
#include "record/proof.h"
#include "record/tamper.h"
#include "admin/messages.h"

#define JOURNALS_MAX 4096 /* other ones that are told apart, of this host and of others */
#define TAIL         65536
#define SOURCE       "urn:breakglass:host:"

/* Another journal, in what a receiver stored. */
struct other {
    char journalid[BG_JOURNALID_LEN + 1];
    uint64_t lines, last;
    bool degraded, plain; /* events that another record had refused, and others: in /run are none of these */
};

struct others {
    struct other other[JOURNALS_MAX], *newest;
    size_t n;
};

static struct collection {
    char journalid[BG_JOURNALID_LEN + 1]; /* "": there is no journal here */
    char source[320];                     /* as this host names itself; of a copy: as its newest line does */
    struct known_lines ours, theirs;
    struct others own, foreign; /* of this host by its name: nobody else's crowd them out */
    struct other crowd;         /* those of this host that found no room */
    uint64_t elsewhere, cut_short, broken, broken_first;
    struct bg_hasher *hasher;
    bool no_memory, copied; /* copied: ours is a copy, of any host */
} all;

static void add(struct known_lines *list, const struct known_line *l)
{
    if (list->n == list->cap) {
        size_t cap = list->cap == 0 ? 1024 : list->cap * 2;
        struct known_line *more = realloc(list->line, cap * sizeof *more);
        if (more == NULL) {
            all.no_memory = true;
            return;
        }
        list->line = more;
        list->cap = cap;
    }
    list->line[list->n++] = *l;
}

/* The value of a member that stands before anything that a person typed: text must be proven. "" without one.
 */
static void member(const char *text, size_t len, const char *name, char *out, size_t cap)
{
    char mark[32];
    int n = snprintf(mark, sizeof mark, "\"%s\":\"", name);
    const char *p = memmem(text, len, mark, (size_t)n), *end;
    size_t got;

    *out = '\0';
    if (p == NULL)
        return;
    p += n;
    end = memchr(p, '"', len - (size_t)(p - text));
    got = end == NULL ? 0 : (size_t)(end - p);
    if (got > 0 && got < cap) {
        memcpy(out, p, got);
        out[got] = '\0';
    }
}

/* A line that was proven. */
static void known_of(const char *text, size_t len, const struct bg_proof *p, struct known_line *k)
{
    size_t tail = len > 200 ? len - 200 : 0;
    char hex[BG_HASH_HEX + 1], source[sizeof all.source], type[128];

    memset(k, 0, sizeof *k);
    k->sequence = p->at.last.sequence;
    (void)bg_unhex(p->hash, k->hash, BG_HASH);
    (void)bg_unhex(p->at.head, k->before, BG_HASH);
    member(text + tail, len - tail, "linehash", hex, sizeof hex);
    (void)bg_unhex(hex, k->body, BG_HASH);
    member(text, len, "id", k->id, sizeof k->id);
    member(text, len, "time", k->time, sizeof k->time);
    member(text, len, "type", type, sizeof type);
    k->promises = bg_event_promises(type);
    member(text, len, "source", source, sizeof source);
    k->foreign = strcmp(source, all.source) != 0;
    k->lost = p->ev != NULL && bg_event_is(p->ev, BG_EV_JOURNAL_LOST);
}

/* --- the receivers' side ------------------------------------------------------------------------ */

/* NULL: there is no room for another one. */
static struct other *other_of(struct others *list, const char *journalid)
{
    struct other *o = list->newest;

    if (o != NULL && strcmp(o->journalid, journalid) == 0)
        return o;
    for (o = list->other; o < list->other + list->n; o++)
        if (strcmp(o->journalid, journalid) == 0)
            return list->newest = o;
    if (list->n == JOURNALS_MAX)
        return NULL;
    *o = (struct other){.lines = 0};
    (void)snprintf(o->journalid, sizeof o->journalid, "%s", journalid);
    list->n++;
    return list->newest = o;
}

/* What a journal in /run holds besides events that were refused elsewhere. */
static bool of_any_journal(const char *text, size_t len)
{
    static const enum bg_event_type kinds_of_it[] = {BG_EV_JOURNAL_GENESIS, BG_EV_JOURNAL_REPAIRED,
                                                     BG_EV_JOURNAL_SETASIDE};
    char type[64];

    member(text, len, "type", type, sizeof type);
    for (size_t i = 0; i < sizeof kinds_of_it / sizeof kinds_of_it[0]; i++)
        if (strcmp(type, bg_event_kind(kinds_of_it[i])->type) == 0)
            return true;
    return false;
}

/* Only what its own hash proves: a line that anybody wrote makes no journal, and explains none away. */
static void count_other(const char *text, size_t len, const struct bg_chain *at, bool foreign)
{
    struct other *o = other_of(foreign ? &all.foreign : &all.own, at->last.journalid);

    all.elsewhere++;
    if (o == NULL && !foreign)
        o = &all.crowd;
    if (o == NULL)
        return;
    o->lines++;
    o->last = at->last.sequence > o->last ? at->last.sequence : o->last;
    if (of_any_journal(text, len))
        return;
    if (memmem(text, len, "\"degraded\":\"", 12) != NULL)
        o->degraded = true;
    else
        o->plain = true;
}

static void take_proven(const char *text, size_t len, const struct bg_proof *p)
{
    struct known_line k;

    known_of(text, len, p, &k);
    if (strcmp(p->at.last.journalid, all.journalid) == 0)
        add(&all.theirs, &k);
    else
        count_other(text, len, &p->at, k.foreign);
}

/* What syslog had to shorten keeps what links it. */
static bool take_shortened(const json_t *o, const struct bg_chain *at)
{
    struct known_line k = {.sequence = at->last.sequence, .shortened = true};

    if (!json_is_true(json_object_get(o, "shortened")) ||
        !bg_unhex(bg_json_str(o, "linehash"), k.body, BG_HASH) || !bg_unhex(at->head, k.before, BG_HASH))
        return false;
    memcpy(k.hash, k.body, BG_HASH);
    (void)snprintf(k.id, sizeof k.id, "%s", bg_json_str(o, "id"));
    (void)snprintf(k.time, sizeof k.time, "%s", bg_json_str(o, "time"));
    k.promises = bg_event_promises(bg_json_str(o, "type"));
    k.foreign = strcmp(bg_json_str(o, "source"), all.source) != 0;
    add(&all.theirs, &k);
    return true;
}

/* Not proven: shortened, or changed, or never ours. */
static void take_unproven(const char *text, size_t len)
{
    struct bg_chain at;
    json_t *o;

    if (bg_chain_parse(text, len, &o, &at) != BG_OK)
        return; /* it belongs to no journal: recorded where none could be written */
    if (strcmp(at.last.journalid, all.journalid) != 0) {
        all.elsewhere++;
    } else if (!take_shortened(o, &at)) {
        all.broken_first = all.broken++ == 0 ? at.last.sequence : all.broken_first;
    }
    json_decref(o);
}

static void take(void *arg, const char *text, size_t len, bool whole)
{
    struct bg_proof p;

    (void)arg;
    if (!whole) {
        all.cut_short++;
    } else if (bg_proof_line(all.hasher, text, len, &p) == NULL) {
        take_proven(text, len, &p);
        bg_proof_drop(&p);
    } else {
        take_unproven(text, len);
    }
}

/* --- this host's side --------------------------------------------------------------------------- */

static const char *keep_line(void *arg, const struct bg_rawline *l, const struct bg_proof *p)
{
    struct known_line k;

    (void)arg;
    known_of(l->text, l->len, p, &k);
    add(&all.ours, &k);
    return NULL;
}

static bool note_journal(void *arg, const struct bg_rawline *l)
{
    struct bg_chain at;
    json_t *ev;

    (void)arg;
    if (l->whole && bg_chain_parse(l->text, l->len, &ev, &at) == BG_OK) {
        (void)snprintf(all.journalid, sizeof all.journalid, "%s", at.last.journalid);
        if (all.copied)
            (void)snprintf(all.source, sizeof all.source, "%s", bg_json_str(ev, "source"));
        json_decref(ev);
    }
    return true;
}

/* --- what it comes to --------------------------------------------------------------------------- */

static const struct {
    const char *word;
    const struct bg_message *message;
} kinds[AGAINST_KINDS] = {
    [AGAINST_CUT] = {"cut", BG_M_AGAINST_CUT},
    [AGAINST_GONE] = {"gone", BG_M_AGAINST_GONE},
    [AGAINST_REWRITTEN] = {"rewritten", BG_M_AGAINST_REWRITTEN},
    [AGAINST_ROLLED_BACK] = {"rolledback", BG_M_AGAINST_ROLLED_BACK},
    [AGAINST_CLONE] = {"clone", BG_M_AGAINST_CLONE},
    [AGAINST_FORGED] = {"forged", BG_M_AGAINST_FORGED},
};

static void tell(json_t *list, const char *word, const struct bg_message *m, uint64_t first, uint64_t last,
                 uint64_t count, const char *journalid)
{
    ui_finding(m, BG_ARGS(BG_DIGITS(first), BG_DIGITS(last), BG_DIGITS(count), journalid));
    (void)json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:I, s:s}", "kind", word, "first",
                                                (json_int_t)first, "last", (json_int_t)last, "count",
                                                (json_int_t)count, "journalid", journalid));
}

static void tell_removed(json_t *list)
{
    const struct other *o = all.own.other;

    for (; o < all.own.other + all.own.n; o++)
        if (o->plain || !o->degraded)
            tell(list, "removed", BG_M_AGAINST_REMOVED, 1, o->last, o->lines, o->journalid);
    if (all.crowd.lines > 0)
        tell(list, "removed", BG_M_AGAINST_CROWD, 1, all.crowd.last, all.crowd.lines, "");
}

static void tell_all(const struct against *a, json_t *root, uint64_t theirs)
{
    json_t *list = json_array();

    for (int k = 1; k < (int)AGAINST_KINDS; k++)
        if (a->found[k].count > 0)
            tell(list, kinds[k].word, kinds[k].message, a->found[k].first, a->found[k].last,
                 a->found[k].count, all.journalid);
    tell_removed(list);
    if (theirs == 0 && json_array_size(list) == 0)
        tell(list, "nothing", BG_M_AGAINST_NOTHING, 0, 0, 0, all.journalid);
    else if (json_array_size(list) == 0)
        ui_text("Nothing differs: %s lines are the same here and there.\n", BG_DIGITS(a->agree));
    if (a->lost > 0)
        ui_text("%s of theirs were lost here in a power cut, as the journal tells.\n", BG_DIGITS(a->lost));
    if (a->trimmed > 0)
        ui_text("%s of theirs were removed here since they were old, as the journal tells.\n",
                BG_DIGITS(a->trimmed));
    if (all.elsewhere > 0)
        ui_text("%s lines of %s other journals were left out.\n", BG_DIGITS(all.elsewhere),
                BG_DIGITS(all.own.n + all.foreign.n));
    if (all.cut_short > 0)
        ui_text("%s lines were cut short on their way and say nothing.\n", BG_DIGITS(all.cut_short));
    (void)json_object_set_new(
        root, "against",
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "agree", (json_int_t)a->agree, "lost",
                  (json_int_t)a->lost, "trimmed", (json_int_t)a->trimmed, "absent", (json_int_t)a->absent,
                  "cut_short", (json_int_t)all.cut_short, "others", (json_int_t)all.elsewhere, "journals",
                  (json_int_t)(all.own.n + all.foreign.n), "differences", list));
}

static enum bg_err read_ours(const char *copy)
{
    const struct bg_verify_each each = {keep_line, NULL};
    struct bg_second_look second;
    struct bg_verify v;
    enum bg_err r;

    r = copy != NULL ? bg_journal_verify_copy(copy, &each, &v)
                     : bg_journal_examine_each(NULL, NULL, &each, &v, &second);
    if (r == BG_OK && v.trimmed > 0 && bg_unhex(v.trimmed_head, all.ours.trimmed_head, BG_HASH))
        all.ours.trimmed = v.trimmed;
    return r;
}

static enum admin_exit compare(const char *copy, json_t *root)
{
    struct against a;
    uint64_t theirs = all.theirs.n + all.broken;
    enum bg_err r = read_ours(copy);

    if (r != BG_OK && r != BG_E_MISMATCH && r != BG_E_NOENT)
        return journal_none_in(copy, r);
    against_judge(&all.ours, &all.theirs, r == BG_OK, &a);
    if (all.broken > 0) {
        a.found[AGAINST_FORGED].first =
            a.found[AGAINST_FORGED].count == 0 ? all.broken_first : a.found[AGAINST_FORGED].first;
        a.found[AGAINST_FORGED].count += all.broken;
    }
    if (all.no_memory)
        return journal_none(BG_E_NOMEM);
    tell_all(&a, root, theirs);
    return ADMIN_GOOD;
}

enum admin_exit against_look(const char *const paths[], const char *copy, json_t *root)
{
    static char at[COPY_AT];
    char host[256];
    enum admin_exit x = ADMIN_GOOD;

    bg_host_name(host, sizeof host);
    (void)snprintf(all.source, sizeof all.source, SOURCE "%s", host);
    if ((all.hasher = bg_hasher_new()) == NULL)
        return journal_none(BG_E_NOMEM);
    all.copied = copy != NULL;
    (void)!journal_walk(copy, TAIL, note_journal, NULL);
    for (size_t i = 0; x == ADMIN_GOOD && paths[i] != NULL; i++) {
        enum bg_err r = copy_read(paths[i], take, NULL, at);
        if (r != BG_OK) {
            ui_finding(BG_M_AGAINST_FILE, BG_ARGS(at, bg_strerror(r)));
            x = ADMIN_CANNOT;
        }
    }
    if (x == ADMIN_GOOD)
        x = compare(copy, root);
    bg_hasher_free(all.hasher);
    free(all.ours.line);
    free(all.theirs.line);
    return x;
}
