/* SPDX-License-Identifier: ISC */
#include "record/life.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/bits.h"
#include "base/child.h"
#include "base/safefile.h"
#include "record/hidden.h"
#include "record/retell.h"
#include "record/room.h"

#define DAY_MS INT64_C(86400000)
#define PREFIX "life-" /* of its file in the state room */

static const char *const verdicts[] = {"", "genuine", "drill", "misuse"};

const char *bg_verdict_name(enum bg_review_verdict v)
{
    return (size_t)v < sizeof verdicts / sizeof verdicts[0] ? verdicts[v] : "";
}

enum bg_review_verdict bg_verdict_by_name(const char *name)
{
    for (int v = BG_VERDICT_GENUINE; v <= BG_VERDICT_MISUSE; v++)
        if (strcmp(name, verdicts[v]) == 0)
            return (enum bg_review_verdict)v;
    return BG_VERDICT_NONE;
}

/* --- one event -------------------------------------------------------------------------------- */

/* What an event says that counts here, of one that is being recorded and of a line alike. Never NULL. */
struct fact {
    enum bg_event_type type;
    bool success;
    bool cleaned; /* its texts are from a line, where they stand cleaned */
    int64_t at;
    const char *id, *use, *drill, *claimed, *by, *verdict, *evidence, *until;
};

static const enum bg_event_type kinds[] = {
    BG_EV_CREDENTIAL_ENROLLED, BG_EV_USE_GRANTED,      BG_EV_SESSION_OPENED, BG_EV_SESSION_ORPHANED,
    BG_EV_SESSION_CLOSED,      BG_EV_SESSION_EXTENDED, BG_EV_DRILL_OPENED,   BG_EV_DRILL_CLOSED,
    BG_EV_REVIEW_OVERDUE,      BG_EV_REVIEW_CLOSED,    BG_EV_ROTATE_STARTED, BG_EV_ROTATE_DONE};

#define KINDS (sizeof kinds / sizeof kinds[0])

static void keep(const struct fact *f, char *to, size_t cap, const char *from)
{
    if (f->cleaned)
        bg_text_again(to, cap, from);
    else
        (void)bg_text_clean(to, cap, from, strlen(from));
}

static void later(int64_t *to, int64_t at)
{
    *to = bg_later(*to, at);
}

/* The higher, the less it is missed: it is done with, it is reviewed, what opened was replaced since. */
#define REVIEWED 2u
static unsigned rank(const struct bg_life_use *u)
{
    return (u->verdict != BG_VERDICT_NONE ? REVIEWED : 0u) + u->rotated;
}

/* Which of them goes when there is no room: the oldest of the highest rank. */
static size_t dispensable(const struct bg_life *l)
{
    size_t found = 0;

    for (size_t i = 1; i < l->uses; i++)
        if (rank(&l->use[i]) > rank(&l->use[found]))
            found = i;
    return found;
}

static void take_out(struct bg_life *l, size_t gone)
{
    memmove(&l->use[gone], &l->use[gone + 1], (size_t)(--l->uses - gone) * sizeof l->use[0]);
}

static struct bg_life_use *find(struct bg_life *l, const char *id)
{
    for (size_t i = 0; i < l->uses; i++)
        if (strcmp(l->use[i].id, id) == 0)
            return &l->use[i];
    return NULL;
}

static struct bg_life_use *make(struct bg_life *l, const char *id)
{
    struct bg_life_use *u = find(l, id);
    size_t gone;

    if (u != NULL)
        return u;
    if (l->uses == BG_LIFE_USES) {
        gone = dispensable(l);
        if (rank(&l->use[gone]) < REVIEWED)
            bg_hidden_push(l, &l->use[gone]);
        take_out(l, gone);
    }
    u = &l->use[l->uses++];
    memset(u, 0, sizeof *u);
    (void)snprintf(u->id, sizeof u->id, "%s", id);
    return u;
}

static void fold_grant(struct bg_life *l, const struct fact *f)
{
    struct bg_life_use *u = make(l, f->use);

    if (l->first[0] == '\0')
        memcpy(l->first, u->id, sizeof l->first);
    u->granted_ms = f->at;
    keep(f, u->drill, sizeof u->drill, f->drill);
    keep(f, u->claimed, sizeof u->claimed, f->claimed);
}

/* The use must be known: a session without a grant is none of its uses. */
static void fold_use(struct bg_life *l, const struct fact *f)
{
    struct bg_life_use *u = find(l, f->use);

    if (u == NULL)
        return;
    if (f->type == BG_EV_SESSION_CLOSED)
        later(&u->ended_ms, f->at);
    else if (f->type == BG_EV_SESSION_OPENED || f->type == BG_EV_SESSION_ORPHANED)
        u->ended_ms = 0; /* another session of it */
    else if (f->type == BG_EV_SESSION_EXTENDED)
        (void)!bg_time_read(f->until, &u->limit_ms);
    else if (f->type == BG_EV_REVIEW_OVERDUE)
        u->overdue = true;
}

/* What had no room comes back for what is reviewed: before the others, since it is older. */
static void bring_back(struct bg_life *l)
{
    struct bg_life_use u;
    size_t gone = dispensable(l);

    if (l->uses < BG_LIFE_USES || rank(&l->use[gone]) < REVIEWED || !bg_hidden_pull(l, &u))
        return;
    take_out(l, gone);
    memmove(&l->use[1], &l->use[0], (size_t)l->uses++ * sizeof l->use[0]);
    l->use[0] = u;
}

static void fold_review(struct bg_life *l, const struct fact *f)
{
    struct bg_life_use *u = find(l, f->use);
    enum bg_review_verdict verdict = bg_verdict_by_name(f->verdict);

    if (verdict == BG_VERDICT_NONE)
        return;
    if (u == NULL) {
        bg_hidden_reviewed(l, f->use);
        return;
    }
    u->verdict = verdict;
    u->reviewed_ms = f->at;
    keep(f, u->reviewer, sizeof u->reviewer, f->by);
    keep(f, u->evidence, sizeof u->evidence, f->evidence);
    bring_back(l);
}

static void fold_drill(struct bg_life *l, const struct fact *f)
{
    struct bg_life_drill *d = &l->drill;

    if (f->type == BG_EV_DRILL_OPENED) {
        memset(d, 0, sizeof *d);
        keep(f, d->id, sizeof d->id, f->drill);
        keep(f, d->by, sizeof d->by, f->by);
        d->opened_ms = f->at;
        (void)!bg_time_read(f->until, &d->until_ms);
    } else if (strcmp(d->id, f->drill) == 0) {
        d->closed_ms = f->at;
        d->passed = f->success;
        if (f->success)
            later(&l->drilled_ms, f->at);
    }
}

static void fold_rotation(struct bg_life *l, const struct fact *f)
{
    if (f->type == BG_EV_ROTATE_STARTED) {
        keep(f, l->rotating, sizeof l->rotating, f->id);
        return;
    }
    l->rotating[0] = '\0';
    if (!f->success)
        return;
    later(&l->rotated_ms, f->at);
    for (size_t i = 0; i < l->uses; i++)
        l->use[i].rotated = true;
    bg_hidden_rotated();
}

/* The older of two dates, where 0 is none. */
static int64_t older(int64_t a, int64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

static void fold_enrolled(struct bg_life *l, const struct fact *f)
{
    if (!f->success)
        return;
    l->made_ms = older(l->made_ms, f->at);
    later(&l->enrolled_ms, f->at);
}

static void fold(struct bg_life *l, const struct fact *f)
{
    switch (f->type) {
    case BG_EV_CREDENTIAL_ENROLLED:
        fold_enrolled(l, f);
        break;
    case BG_EV_USE_GRANTED:
        fold_grant(l, f);
        break;
    case BG_EV_REVIEW_CLOSED:
        fold_review(l, f);
        break;
    case BG_EV_DRILL_OPENED:
    case BG_EV_DRILL_CLOSED:
        fold_drill(l, f);
        break;
    case BG_EV_ROTATE_STARTED:
    case BG_EV_ROTATE_DONE:
        fold_rotation(l, f);
        break;
    default:
        fold_use(l, f);
    }
}

static void begin(struct bg_life *l, const char *account)
{
    memset(l, 0, sizeof *l);
    (void)snprintf(l->account, sizeof l->account, "%s", account);
}

/* --- from the journal ------------------------------------------------------------------------- */

static struct fact fact_of_line(const json_t *ev, enum bg_event_type type)
{
    const json_t *own = bg_event_own(ev), *data = json_object_get(ev, "data");

    return (struct fact){.type = type,
                         .cleaned = true,
                         .success = json_integer_value(json_object_get(data, "status_id")) == 1,
                         .at = bg_event_time(ev),
                         .id = bg_json_str(ev, "id"),
                         .use = bg_json_str(own, "use"),
                         .drill = bg_json_str(own, "drill_id"),
                         .claimed = bg_json_str(own, "claimed_by"),
                         .by = bg_json_str(own, "by"),
                         .verdict = bg_json_str(own, "verdict"),
                         .evidence = bg_json_str(own, "evidence"),
                         .until = bg_json_str(own, "until")};
}

static bool gather(void *arg, const struct bg_rawline *line)
{
    struct bg_life *l = arg;
    struct fact f;
    json_t *ev;
    size_t i = 0;

    while (i < KINDS && !bg_line_has(line, "type", bg_event_kind(kinds[i])->type))
        i++;
    if (i == KINDS || !bg_line_has(line, "subject", l->account) || (ev = bg_retell_event(line)) == NULL)
        return true;
    f = fact_of_line(ev, kinds[i]);
    fold(l, &f);
    json_decref(ev);
    return true;
}

static enum bg_err rebuild(const char *dir, const char *fallback_dir, const char *account,
                           struct bg_life *out)
{
    const char *run = fallback_dir == NULL ? BG_FALLBACK_DIR : fallback_dir;
    enum bg_err r;

    begin(out, account);
    bg_hidden_begin();
    r = bg_retell(dir, "", 0, gather, out, sizeof *out);
    out->gap = r != BG_OK && r != BG_E_NOENT;
    if (*run != '\0' && bg_retell(run, "", 0, gather, out, sizeof *out) == BG_OK)
        r = BG_OK;
    bg_hidden_end();
    return r;
}

/* What the file knew and the journal does not: it was damaged, trimmed or gone; or the other way round. */
static void merge_use(struct bg_life *l, const struct bg_life_use *from)
{
    struct bg_life_use *u = find(l, from->id);
    bool rotated, overdue;

    if (u == NULL && l->uses == BG_LIFE_USES && rank(from) >= rank(&l->use[dispensable(l)])) {
        /* which the journal has counted, if it tells of it */
        if (rank(from) < REVIEWED && (l->first[0] == '\0' || strcmp(from->id, l->first) < 0))
            bg_hidden_push(l, from);
        return;
    }
    if (u == NULL) {
        *make(l, from->id) = *from;
        return;
    }
    rotated = u->rotated || from->rotated;
    overdue = u->overdue || from->overdue;
    if (u->verdict == BG_VERDICT_NONE && from->verdict != BG_VERDICT_NONE) {
        struct bg_life_use both = *from;
        both.ended_ms = u->ended_ms != 0 ? u->ended_ms : from->ended_ms;
        both.limit_ms = u->limit_ms != 0 ? u->limit_ms : from->limit_ms;
        *u = both;
    }
    u->rotated = rotated;
    u->overdue = overdue;
}

static int by_grant(const void *a, const void *b)
{
    const struct bg_life_use *x = a, *y = b;

    return (x->granted_ms > y->granted_ms) - (x->granted_ms < y->granted_ms);
}

static void merge(struct bg_life *l, const struct bg_life *from)
{
    l->gap = l->gap && from->gap;
    l->made_ms = older(l->made_ms, from->made_ms);
    later(&l->enrolled_ms, from->enrolled_ms);
    later(&l->rotated_ms, from->rotated_ms);
    later(&l->drilled_ms, from->drilled_ms);
    if (from->drill.opened_ms > l->drill.opened_ms ||
        (from->drill.closed_ms != 0 && strcmp(from->drill.id, l->drill.id) == 0))
        l->drill = from->drill;
    bg_hidden_merge(l, from);
    for (size_t i = 0; i < from->uses; i++)
        merge_use(l, &from->use[i]);
    qsort(l->use, (size_t)l->uses, sizeof l->use[0], by_grant);
}

/* --- the file --------------------------------------------------------------------------------- */

static void file_name(char out[80], const char *account)
{
    (void)snprintf(out, 80, PREFIX "%.63s", account);
}

static bool is_of(const struct bg_life *l, const char *account)
{
    return strncmp(l->account, account, sizeof l->account) == 0 && l->uses <= BG_LIFE_USES;
}

static enum bg_err load(const struct bg_room *room, const char *account, struct bg_life *l)
{
    char name[80];
    enum bg_err r;

    file_name(name, account);
    if ((r = bg_room_load(room, name, l, sizeof *l)) == BG_OK && !is_of(l, account))
        r = BG_E_NOENT;
    return r;
}

static const char *text(const char *s)
{
    return s == NULL ? "" : s;
}

static struct fact fact_of_event(const struct bg_event *e, const char *id)
{
    return (struct fact){.type = e->type,
                         .success = e->success,
                         .at = bg_wall_ms(),
                         .id = id,
                         .use = text(e->use),
                         .drill = text(e->drill),
                         .claimed = text(e->claimed),
                         .by = text(e->by),
                         .verdict = text(e->verdict),
                         .evidence = text(e->evidence),
                         .until = text(e->until)};
}

static bool counts(const struct bg_event *e)
{
    if (e->account == NULL || !bg_name_valid(e->account))
        return false;
    for (size_t i = 0; i < KINDS; i++)
        if (e->type == kinds[i])
            return true;
    return false;
}

struct folding {
    const struct fact *fact;
    const char *account;
};

/* A bg_room_fn: the fact into the account's file, if it is that account's. */
static bool fold_in(void *arg, void *data)
{
    const struct folding *k = arg;

    if (!is_of(data, k->account))
        return false;
    fold(data, k->fact);
    return true;
}

void bg_life_note(const char *dir, const char *fallback_dir, const struct bg_event *e, const char *id,
                  enum bg_recorded where)
{
    bool disk = where == BG_RECORDED_JOURNAL, known = disk || where == BG_RECORDED_RUN;
    struct fact f = fact_of_event(e, id);
    struct folding k = {&f, e->account};
    struct bg_life *l;
    struct bg_room room;
    char name[80];
    int lock = -1;

    if (!counts(e) || bg_room_of(dir, fallback_dir, &room) != BG_OK || (l = malloc(sizeof *l)) == NULL)
        return;
    file_name(name, e->account);
    (void)!bg_room_lock(&room, name, bg_deadline(bg_room_lock_ms), &lock);
    if (bg_room_change(&room, name, sizeof *l, fold_in, &k, disk) == BG_E_NOENT) {
        /* what is rebuilt from the journal knows this event already if it is there */
        if (rebuild(dir, fallback_dir, e->account, l) != BG_OK || !known)
            fold(l, &f);
        (void)!bg_room_save(&room, name, l, sizeof *l, disk);
    }
    bg_close(lock);
    free(l);
}

enum bg_err bg_life_load(const char *dir, const char *fallback_dir, const char *account, struct bg_life *out)
{
    struct bg_room room;
    struct bg_life *l;
    enum bg_err r;

    if ((l = malloc(sizeof *l)) == NULL)
        return BG_E_NOMEM;
    if ((r = bg_room_of(dir, fallback_dir, &room)) == BG_OK && (r = load(&room, account, l)) != BG_OK)
        r = rebuild(dir, fallback_dir, account, l);
    if (r == BG_OK)
        *out = *l;
    free(l);
    return r;
}

enum bg_err bg_life_heal(const char *dir, const char *fallback_dir, const char *account, struct bg_life *out)
{
    struct bg_life *both = malloc(2 * sizeof *both);
    struct bg_room room;
    char name[80];
    int lock = -1;
    enum bg_err r, kept;

    if (both == NULL)
        return BG_E_NOMEM;
    if ((r = bg_room_of(dir, fallback_dir, &room)) != BG_OK)
        goto out;
    file_name(name, account);
    r = rebuild(dir, fallback_dir, account, &both[0]);
    (void)!bg_room_lock(&room, name, bg_deadline(bg_room_lock_ms), &lock);
    kept = load(&room, account, &both[1]);
    if (r != BG_OK && kept == BG_OK) {
        both[0] = both[1];
        r = BG_OK;
    } else if (kept == BG_OK) {
        merge(&both[0], &both[1]);
        if (memcmp(&both[0], &both[1], sizeof both[0]) != 0)
            (void)!bg_room_save(&room, name, &both[0], sizeof both[0], true);
    } else if (r == BG_OK) { /* what the journal tells may be removed from it one day */
        (void)!bg_room_save(&room, name, &both[0], sizeof both[0], true);
    }
    bg_close(lock);
    if (r == BG_OK)
        *out = both[0];
out:
    free(both);
    return r;
}

/* --- which accounts --------------------------------------------------------------------------- */

struct names {
    size_t n;
    char name[BG_LIFE_ACCOUNTS][64];
};

/* "life-NAME", and nothing that was added to it. */
static void list_room(const char *room, struct names *out)
{
    DIR *d = *room == '\0' ? NULL : opendir(room);
    struct dirent *e;
    size_t i;

    while (d != NULL && (e = readdir(d)) != NULL && out->n < BG_LIFE_ACCOUNTS) {
        if (strncmp(e->d_name, PREFIX, sizeof PREFIX - 1) != 0 ||
            !bg_name_valid(e->d_name + sizeof PREFIX - 1))
            continue;
        (void)snprintf(out->name[out->n], sizeof out->name[0], "%.63s", e->d_name + sizeof PREFIX - 1);
        for (i = 0; strcmp(out->name[i], out->name[out->n]) != 0; i++)
            ;
        out->n += i == out->n;
    }
    if (d != NULL)
        (void)closedir(d);
}

/* A bg_child_fn: the disk may hang. */
static enum bg_err list_disk(void *arg, void *out)
{
    list_room(arg, out);
    return BG_OK;
}

size_t bg_life_accounts(const char *dir, const char *fallback_dir, char name[][64], size_t cap)
{
    struct names *all = calloc(1, sizeof *all);
    struct bg_room room;
    size_t n = 0;

    if (all != NULL && bg_room_of(dir, fallback_dir, &room) == BG_OK) {
        list_room(room.run, all);
        (void)!bg_child_run(list_disk, room.disk, bg_room_disk_ms, all, sizeof *all, NULL);
        for (; n < all->n && n < cap; n++)
            memcpy(name[n], all->name[n], sizeof all->name[n]);
    }
    free(all);
    return n;
}

/* --- questions -------------------------------------------------------------------------------- */

const struct bg_life_use *bg_life_use(const struct bg_life *l, const char *id)
{
    for (size_t i = 0; i < l->uses; i++)
        if (strcmp(l->use[i].id, id) == 0)
            return &l->use[i];
    return NULL;
}

const struct bg_life_use *bg_life_unreviewed(const struct bg_life *l)
{
    for (size_t i = 0; i < l->uses; i++)
        if (l->use[i].verdict == BG_VERDICT_NONE)
            return &l->use[i];
    return NULL;
}

const struct bg_life_use *bg_life_unrotated(const struct bg_life *l)
{
    for (size_t i = 0; i < l->uses; i++)
        if (!l->use[i].rotated)
            return &l->use[i];
    return NULL;
}

const char *bg_life_in_drill(const struct bg_life *l, int64_t wall_ms)
{
    const struct bg_life_drill *d = &l->drill;

    return d->id[0] != '\0' && d->closed_ms == 0 && wall_ms >= d->opened_ms && wall_ms < d->until_ms ? d->id
                                                                                                     : NULL;
}

int64_t bg_life_review_due(const struct bg_life_use *u, unsigned days)
{
    return days == 0 ? 0 : (u->ended_ms > 0 ? u->ended_ms : u->granted_ms) + (int64_t)days * DAY_MS;
}

bool bg_life_review_overdue(const struct bg_life_use *u, unsigned days, int64_t wall_ms)
{
    return u->verdict == BG_VERDICT_NONE && days > 0 && wall_ms > bg_life_review_due(u, days);
}

unsigned bg_life_real_uses(const struct bg_life *l, int64_t wall_ms)
{
    unsigned n = 0;

    for (size_t i = 0; i < l->uses; i++) {
        const struct bg_life_use *u = &l->use[i];
        bool drill = u->drill[0] != '\0' && (u->verdict == BG_VERDICT_NONE || u->verdict == BG_VERDICT_DRILL);
        n += u->granted_ms > wall_ms - BG_LIFE_ROUTINE_DAYS * DAY_MS && !drill;
    }
    return n;
}
