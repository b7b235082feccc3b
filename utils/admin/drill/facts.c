/* SPDX-License-Identifier: ISC */
#include "admin/drill/drill.h"

#include <stdlib.h>
#include <string.h>
#include "admin/messages.h"
#include "admin/ui.h"
#include "config/people.h"
#include "record/chain.h"
#include "record/journal.h"
#include "record/lines.h"
#include "record/retell.h"

static void keep(char *to, size_t cap, const char *from)
{
    bg_text_again(to, cap, from);
}

static bool succeeded(const json_t *ev)
{
    return json_integer_value(json_object_get(json_object_get(ev, "data"), "status_id")) == 1;
}

/* --- logins ------------------------------------------------------------------------------------- */

static struct drill_login *login_of(struct drill *d, const char *use)
{
    for (unsigned i = 0; i < d->logins; i++)
        if (strcmp(d->login[i].use, use) == 0)
            return &d->login[i];
    return NULL;
}

/* Which goes where there is no room: the oldest attempt that did not get in, for anybody can make those; else
 * the oldest. */
static unsigned dispensable(const struct drill *d)
{
    for (unsigned i = 0; i < d->logins; i++)
        if (d->login[i].granted_ms == 0)
            return i;
    return 0;
}

static struct drill_login *new_login(struct drill *d, const char *use)
{
    struct drill_login *l = login_of(d, use);
    unsigned gone;

    if (l != NULL || !bg_ulid_valid(use))
        return l;
    if (d->logins == DRILL_LOGINS) {
        gone = dispensable(d);
        memmove(&d->login[gone], &d->login[gone + 1], (DRILL_LOGINS - 1 - gone) * sizeof d->login[0]);
        d->logins--;
    }
    l = &d->login[d->logins++];
    memset(l, 0, sizeof *l);
    memcpy(l->use, use, sizeof l->use);
    return l;
}

static void add(char *out, size_t cap, const char *s)
{
    size_t n = strlen(out);

    (void)snprintf(out + n, cap - n, "%s", s);
}

/* Which cards, whose, and out of which envelopes. */
static void keep_cards(struct drill_login *l, const json_t *list)
{
    char number[64], text[64];

    l->cards[0] = l->envelopes[0] = '\0';
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *c = json_array_get(list, i);
        const char *who = bg_json_str(c, "custodian"), *envelope = bg_json_str(c, "envelope");
        (void)snprintf(number, sizeof number, "%s%d-%d", i > 0 ? ", " : "",
                       (int)json_integer_value(json_object_get(c, "group")),
                       (int)json_integer_value(json_object_get(c, "card")));
        add(l->cards, sizeof l->cards, number);
        if (*who != '\0') {
            keep(text, sizeof text, who);
            add(l->cards, sizeof l->cards, " of ");
            add(l->cards, sizeof l->cards, text);
        }
        if (*envelope != '\0') {
            keep(text, sizeof text, envelope);
            add(l->envelopes, sizeof l->envelopes, i == 0 || l->envelopes[0] == '\0' ? " " : "");
            add(l->envelopes, sizeof l->envelopes, text);
            add(l->envelopes, sizeof l->envelopes, " ");
        }
    }
}

static void fold_granted(struct drill_login *l, const json_t *ev)
{
    const json_t *data = json_object_get(ev, "data"), *own = bg_event_own(ev);
    const json_t *peer = json_object_get(data, "src_endpoint");
    const char *ip = bg_json_str(peer, "ip");

    l->granted_ms = bg_event_time(ev);
    keep(l->claimed, sizeof l->claimed, bg_json_str(own, "claimed_by"));
    keep(l->reason, sizeof l->reason, bg_json_str(own, "reason"));
    keep(l->ticket, sizeof l->ticket, bg_json_str(own, "ticket"));
    keep(l->service, sizeof l->service, bg_json_str(json_object_get(data, "service"), "name"));
    keep(l->tty, sizeof l->tty, bg_json_str(json_object_get(data, "session"), "terminal"));
    keep(l->source, sizeof l->source, bg_json_str(own, "source"));
    keep(l->rhost, sizeof l->rhost, *ip != '\0' ? ip : bg_json_str(peer, "hostname"));
    keep(l->factor, sizeof l->factor, bg_json_str(own, "factor"));
    keep(l->key, sizeof l->key, bg_json_str(own, "key"));
    keep_cards(l, json_object_get(own, "cards"));
    (void)snprintf(l->at.journalid, sizeof l->at.journalid, "%s", bg_json_str(ev, "journalid"));
    l->at.sequence = strtoull(bg_json_str(ev, "sequence"), NULL, 10);
}

/* "The alarm has been received outside this host (pager, page; siem, record)." */
static void fold_heard(struct drill_login *l, const json_t *ev)
{
    const char *text = bg_json_str(json_object_get(ev, "data"), "message"), *at = strchr(text, '(');
    char in[160];

    if (l->heard_ms != 0 || at == NULL)
        return;
    (void)snprintf(in, sizeof in, "%.*s", (int)strcspn(at + 1, ")"), at + 1);
    keep(l->heard, sizeof l->heard, in);
    l->heard_ms = bg_event_time(ev);
}

/* Who the kernel knows the caller as. */
static void keep_caller(int64_t caller[2], const json_t *ev)
{
    static const char *const members[] = {"caller_uid", "audit_uid"};

    for (int i = 0; i < 2; i++)
        caller[i] = json_integer_value(json_object_get(bg_event_own(ev), members[i]));
}

static void fold_login(struct drill *d, const json_t *ev)
{
    const char *use = bg_json_str(bg_event_own(ev), "use");
    struct drill_login *l = bg_event_is(ev, BG_EV_ATTEMPT_STARTED) || bg_event_is(ev, BG_EV_USE_GRANTED)
                                ? new_login(d, use)
                                : login_of(d, use);

    if (l == NULL)
        return;
    if (bg_event_is(ev, BG_EV_ATTEMPT_STARTED) || bg_event_is(ev, BG_EV_USE_GRANTED))
        keep_caller(l->caller, ev);
    if (bg_event_is(ev, BG_EV_ATTEMPT_STARTED))
        l->started_ms = bg_event_time(ev);
    else if (bg_event_is(ev, BG_EV_USE_GRANTED))
        fold_granted(l, ev);
    else if (bg_event_is(ev, BG_EV_ALERT_ACKNOWLEDGED))
        fold_heard(l, ev);
    else if (bg_event_is(ev, BG_EV_SESSION_OPENED) && l->opened_ms == 0)
        l->opened_ms = bg_event_time(ev);
    else if (bg_event_is(ev, BG_EV_SESSION_CLOSED))
        l->closed_ms = bg_event_time(ev);
}

/* --- the rest ----------------------------------------------------------------------------------- */

static void fold_review(struct drill *d, const json_t *ev)
{
    const json_t *own = bg_event_own(ev);
    struct drill_login *l = login_of(d, bg_json_str(own, "use"));

    if (l == NULL)
        return;
    keep(l->verdict, sizeof l->verdict, bg_json_str(own, "verdict"));
    keep(l->reviewer, sizeof l->reviewer, bg_json_str(own, "by"));
}

static void fold_seal(struct drill *d, const json_t *ev)
{
    const json_t *own = bg_event_own(ev);
    struct drill_seal *s;

    if (!succeeded(ev))
        return;
    if (d->seals == DRILL_SEALS) /* the oldest goes */
        memmove(&d->seal[0], &d->seal[1], --d->seals * sizeof d->seal[0]);
    s = &d->seal[d->seals++];
    s->set = bg_event_is(ev, BG_EV_ENVELOPE_SEALED);
    s->at_ms = bg_event_time(ev);
    keep(s->envelope, sizeof s->envelope, bg_json_str(own, "envelope"));
    keep(s->seal, sizeof s->seal, bg_json_str(own, "seal"));
    keep(s->by, sizeof s->by, bg_json_str(own, "by"));
}

static bool is_used(const struct drill *d)
{
    for (unsigned i = 0; i < d->logins; i++)
        if (d->login[i].granted_ms != 0)
            return true;
    return false;
}

/* The first answer by each sink counts: how fast somebody was. One that came before any use answers no alarm
 * of it. */
static void fold_ack(struct drill *d, const json_t *ev)
{
    const json_t *own = bg_event_own(ev);
    const char *sink = bg_json_str(own, "detail");

    for (unsigned i = 0; i < d->acks; i++)
        if (strcmp(d->ack[i].sink, sink) == 0)
            return;
    if (!is_used(d) || d->acks == BG_SINKS_MAX)
        return;
    keep(d->ack[d->acks].sink, sizeof d->ack[0].sink, sink);
    keep(d->ack[d->acks].by, sizeof d->ack[0].by, bg_json_str(own, "by"));
    d->ack[d->acks++].at_ms = bg_event_time(ev);
}

static void fold_mark(struct drill *d, const json_t *ev)
{
    const json_t *own = bg_event_own(ev);
    char step[32];
    struct drill_mark *m = NULL;

    keep(step, sizeof step, bg_json_str(own, "item"));
    for (unsigned i = 0; i < d->marks; i++)
        if (strcmp(d->mark[i].step, step) == 0)
            m = &d->mark[i];
    if (m == NULL && d->marks == DRILL_STEPS)
        return;
    m = m == NULL ? &d->mark[d->marks++] : m;
    memcpy(m->step, step, sizeof m->step);
    m->done = succeeded(ev);
    m->at_ms = bg_event_time(ev);
    keep(m->why, sizeof m->why, bg_json_str(own, "detail"));
    keep(m->by, sizeof m->by, bg_json_str(own, "by"));
    keep(m->seen_by, sizeof m->seen_by, bg_json_str(own, "claimed_by"));
    keep(m->use, sizeof m->use, bg_json_str(own, "use"));
    /* its service is called as that of the other sshd: only who was there could tell */
    if (m->done && strcmp(step, DRILL_INSTANCE) == 0 && login_of(d, m->use) != NULL)
        login_of(d, m->use)->in_instance = true;
}

/* What was read back before the newest rotation says nothing of what opens now. */
static void fold_rotation(struct drill *d, const json_t *ev)
{
    bool step = bg_event_is(ev, BG_EV_ROTATE_STEP) || bg_event_is(ev, BG_EV_CREDENTIAL_INSPECTED);

    if (bg_event_is(ev, BG_EV_ROTATE_STARTED)) {
        d->rotating_ms = bg_event_time(ev);
        d->rotated_ms = 0;
        d->proven = d->unproven = 0;
    } else if (bg_event_is(ev, BG_EV_ROTATE_DONE) && !succeeded(ev)) {
        d->rotating_ms = 0;
    } else if (bg_event_is(ev, BG_EV_ROTATE_DONE)) {
        d->rotated_ms = bg_event_time(ev);
        keep(d->rotated_by, sizeof d->rotated_by, bg_json_str(bg_event_own(ev), "by"));
    } else if (step && d->rotating_ms != 0) {
        d->proven += succeeded(ev);
        /* a wrong card or wrong parts that somebody typed are no new ones that cannot be read */
        d->unproven += !succeeded(ev) && strcmp(bg_json_str(bg_event_own(ev), "item"), "share") != 0 &&
                       strcmp(bg_json_str(bg_event_own(ev), "item"), "parts") != 0;
        d->proven_ms = bg_event_time(ev);
    }
}

static void fold_end(struct drill *d, const json_t *ev)
{
    d->closed_ms = bg_event_time(ev);
    d->passed = succeeded(ev);
    keep(d->closed_by, sizeof d->closed_by, bg_json_str(bg_event_own(ev), "by"));
    keep(d->closed_why, sizeof d->closed_why, bg_json_str(bg_event_own(ev), "detail"));
}

static void fold_begin(struct drill *d, const json_t *ev)
{
    const json_t *own = bg_event_own(ev);

    d->opened_ms = bg_event_time(ev);
    keep_caller(d->caller, ev);
    keep(d->account, sizeof d->account, bg_json_str(ev, "subject"));
    keep(d->by, sizeof d->by, bg_json_str(own, "by"));
    keep(d->purpose, sizeof d->purpose, bg_json_str(own, "reason"));
    keep(d->paths, sizeof d->paths, bg_json_str(own, "item"));
    (void)!bg_time_read(bg_json_str(own, "until"), &d->until_ms);
}

/* Each kind that counts; in_drill: only with the drill's own id. */
static const struct {
    enum bg_event_type type;
    bool in_drill;
    void (*fold)(struct drill *d, const json_t *ev);
} kinds[] = {
    {BG_EV_DRILL_STEP, true, fold_mark},
    {BG_EV_DRILL_CLOSED, true, fold_end},
    {BG_EV_ATTEMPT_STARTED, true, fold_login},
    {BG_EV_USE_GRANTED, true, fold_login},
    {BG_EV_ALERT_ACKNOWLEDGED, true, fold_login},
    {BG_EV_SESSION_OPENED, true, fold_login},
    {BG_EV_SESSION_CLOSED, true, fold_login},
    {BG_EV_ALERT_CONFIRMED, true, fold_ack},
    {BG_EV_REVIEW_CLOSED, false, fold_review},
    {BG_EV_ENVELOPE_OPENED, false, fold_seal},
    {BG_EV_ENVELOPE_SEALED, false, fold_seal},
    {BG_EV_ROTATE_STARTED, false, fold_rotation},
    {BG_EV_ROTATE_STEP, false, fold_rotation},
    {BG_EV_ROTATE_DONE, false, fold_rotation},
    {BG_EV_CREDENTIAL_INSPECTED, false, fold_rotation},
};

#define KINDS (sizeof kinds / sizeof kinds[0])

static void fold(struct drill *d, const json_t *ev)
{
    const char *id = bg_json_str(bg_event_own(ev), "drill_id");
    bool ours = strcmp(id, d->id) == 0;

    if (bg_event_is(ev, BG_EV_DRILL_OPENED) && ours)
        fold_begin(d, ev);
    if (bg_event_is(ev, BG_EV_HOST_CHANGED) && d->opened_ms == 0)
        d->changed_ms = bg_event_time(ev);
    if (d->opened_ms == 0)
        return;
    if (bg_event_is(ev, BG_EV_ENVELOPE_TAMPERED) && strcmp(bg_json_str(ev, "subject"), d->account) == 0)
        d->tampered++;
    for (size_t i = 0; i < KINDS; i++)
        if (bg_event_is(ev, kinds[i].type) && (ours || (!kinds[i].in_drill && d->closed_ms == 0 &&
                                                        strcmp(bg_json_str(ev, "subject"), d->account) == 0)))
            kinds[i].fold(d, ev);
}

/* --- reading ------------------------------------------------------------------------------------ */

static bool matters(const struct bg_rawline *l)
{
    static const enum bg_event_type more[] = {BG_EV_DRILL_OPENED, BG_EV_HOST_CHANGED,
                                              BG_EV_ENVELOPE_TAMPERED};

    for (size_t i = 0; i < KINDS; i++)
        if (bg_line_has(l, "type", bg_event_kind(kinds[i].type)->type))
            return true;
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++)
        if (bg_line_has(l, "type", bg_event_kind(more[i])->type))
            return true;
    return false;
}

static bool take(void *arg, const struct bg_rawline *l)
{
    json_t *ev = matters(l) ? bg_retell_event(l) : NULL;

    if (ev != NULL)
        fold(arg, ev);
    json_decref(ev);
    return true;
}

/* The journal, and what waits to get there. */
static bool walk(bg_rawline_fn fn, void *arg)
{
    enum bg_err r = bg_lines_walk(BG_JOURNAL_DIR, 0, fn, arg);

    if (r != BG_OK) {
        ui_finding(BG_M_DRILL_JOURNAL, BG_ARGS(bg_strerror(r)));
        return false;
    }
    (void)!bg_lines_walk(BG_FALLBACK_DIR, 0, fn, arg);
    return true;
}

/* Root's number, 0, and none are everybody's. */
static bool is_same_caller(const int64_t a[2], const int64_t b[2])
{
    for (int i = 0; i < 4; i++)
        if (a[i / 2] > 0 && a[i / 2] == b[i % 2])
            return true;
    return false;
}

/* By whatever name of theirs they announced it, and used the account. */
static void note_announcer(struct drill *d)
{
    static struct bg_people people;
    struct bg_ini_error e;

    if (bg_people_load(BG_PEOPLE_PATH, &people, &e) != BG_OK)
        memset(&people, 0, sizeof people);
    for (unsigned i = 0; i < d->logins; i++)
        d->login[i].by_announcer = bg_people_same(&people, d->login[i].claimed, d->by) ||
                                   is_same_caller(d->login[i].caller, d->caller);
}

enum admin_exit drill_read(const char *id, struct drill *out)
{
    char wanted[BG_ULID_LEN + 1] = ""; /* id may be that of *out */

    if (bg_ulid_valid(id))
        memcpy(wanted, id, sizeof wanted);
    memset(out, 0, sizeof *out);
    memcpy(out->id, wanted, sizeof out->id);
    if (wanted[0] != '\0' && !walk(take, out))
        return ADMIN_CANNOT;
    if (out->opened_ms == 0) {
        ui_finding(BG_M_DRILL_NONE, BG_ARGS(wanted[0] != '\0' ? wanted : id));
        return ADMIN_FINDING;
    }
    note_announcer(out);
    return ADMIN_GOOD;
}

/* Every use of the account, in whatever drill or none. */
static void fold_since(struct drill *d, const json_t *ev)
{
    if (bg_event_time(ev) < d->opened_ms || strcmp(bg_json_str(ev, "subject"), d->account) != 0)
        return;
    for (size_t i = 0; i < KINDS; i++)
        if (bg_event_is(ev, kinds[i].type) && kinds[i].fold != fold_mark && kinds[i].fold != fold_end)
            kinds[i].fold(d, ev);
}

static bool take_since(void *arg, const struct bg_rawline *l)
{
    struct drill *d = arg;
    json_t *ev = bg_line_has(l, "subject", d->account) && matters(l) ? bg_retell_event(l) : NULL;

    if (ev != NULL)
        fold_since(d, ev);
    json_decref(ev);
    return true;
}

bool drill_since(const char *account, int64_t since_ms, struct drill *out)
{
    memset(out, 0, sizeof *out);
    keep(out->account, sizeof out->account, account);
    out->opened_ms = since_ms;
    return walk(take_since, out);
}

struct found {
    const char *account;
    char (*id)[BG_ULID_LEN + 1];
    unsigned n;
};

static bool note(void *arg, const struct bg_rawline *l)
{
    struct found *f = arg;
    json_t *ev;
    const char *id;

    if (!bg_line_has(l, "type", bg_event_kind(BG_EV_DRILL_OPENED)->type) ||
        (f->account != NULL && !bg_line_has(l, "subject", f->account)) || (ev = bg_retell_event(l)) == NULL)
        return true;
    id = bg_json_str(bg_event_own(ev), "drill_id");
    if (bg_ulid_valid(id)) {
        if (f->n == DRILLS_MAX)
            memmove(f->id[0], f->id[1], --f->n * sizeof f->id[0]);
        memcpy(f->id[f->n++], id, sizeof f->id[0]);
    }
    json_decref(ev);
    return true;
}

bool drill_list_read(const char *account, char id[DRILLS_MAX][BG_ULID_LEN + 1], unsigned *n)
{
    struct found f = {.account = account, .id = id};
    bool read = walk(note, &f);

    *n = f.n;
    return read;
}

enum admin_exit drill_newest(const char *account, struct drill *out)
{
    char id[DRILLS_MAX][BG_ULID_LEN + 1];
    unsigned n;

    if (!drill_list_read(account, id, &n))
        return ADMIN_CANNOT;
    if (n == 0 && account != NULL)
        ui_finding(BG_M_DRILL_NEVER, BG_ARGS(account));
    else if (n == 0)
        ui_finding(BG_M_DRILL_NEVER_ANY, BG_NOARGS);
    return n > 0 ? drill_read(id[n - 1], out) : ADMIN_FINDING;
}

/* --- questions ---------------------------------------------------------------------------------- */

const char *drill_path_of(const struct drill_login *l)
{
    if (l->in_instance)
        return "sshd-instance";
    if (strcmp(l->service, "breakglass-tty") == 0)
        return "rescue";
    if (strcmp(l->service, "su") == 0 || strcmp(l->service, "su-l") == 0)
        return "su";
    if (strncmp(l->service, "sshd", 4) == 0)
        return strcmp(l->service, "sshd") == 0 ? "ssh" : "sshd-instance";
    return strcmp(l->source, "console") == 0 ? "console" : "";
}

const struct drill_login *drill_login_by(const struct drill *d, const char *path)
{
    for (unsigned i = 0; i < d->logins; i++) {
        const struct drill_login *l = &d->login[i];
        if (l->granted_ms != 0 && strcmp(drill_path_of(l), path) == 0 &&
            (l->opened_ms != 0 || strcmp(path, "rescue") == 0))
            return l;
    }
    return NULL;
}

const struct drill_mark *drill_mark_of(const struct drill *d, const char *step)
{
    for (unsigned i = 0; i < d->marks; i++)
        if (strcmp(d->mark[i].step, step) == 0)
            return &d->mark[i];
    return NULL;
}
