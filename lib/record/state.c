#include "record/state.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include "base/child.h"
#include "base/clock.h"
#include "record/chain.h"
#include "base/host.h"
#include "record/lines.h"

#define FAILURE_WINDOW_MS INT64_C(3600000)
#define FAILURE_READ      (256 << 10)
#define USE_READ          (256 << 10)
#define FAILURES_MAX      256  /* further ones add no delay */
#define PLACE_MS          1000 /* longest time for one directory */

const char *bg_source_name(enum bg_source s)
{
    switch (s) {
    case BG_SOURCE_CONSOLE:
        return "console";
    case BG_SOURCE_LOCAL:
        return "local";
    case BG_SOURCE_NETWORK:
        return "network";
    }
    return "unknown";
}

int64_t bg_state_delay(unsigned count, unsigned cap_s)
{
    int64_t s = count == 0 ? 0 : count > 31 ? INT64_C(1) << 31 : INT64_C(1) << (count - 1);

    return (s > (int64_t)cap_s ? (int64_t)cap_s : s) * 1000;
}

static int64_t time_of(const json_t *ev)
{
    return json_integer_value(json_object_get(json_object_get(ev, "data"), "time"));
}

/* A whole line that is an event, or NULL. */
static json_t *parse(const struct bg_rawline *l)
{
    struct bg_chain at;
    json_t *ev;

    return l->whole && bg_chain_parse(l->text, l->len, &ev, &at) == BG_OK ? ev : NULL;
}

/* One directory, read in a child: a disk that hangs must not hang a login. */
struct reading {
    const char *dir;
    off_t newest;
    bg_rawline_fn fn;
};

static enum bg_err read_work(void *arg, void *found)
{
    const struct reading *rd = arg;

    return bg_lines_walk(rd->dir, rd->newest, rd->fn, found);
}

/* found (n bytes) is changed only when the whole directory could be read in time. */
static enum bg_err read_bounded(struct reading *rd, int64_t deadline, void *found, size_t n)
{
    int64_t ms = bg_left_ms(deadline) < PLACE_MS ? bg_left_ms(deadline) : PLACE_MS;

    return bg_child_run(read_work, rd, ms, found, n, NULL);
}

/* Where to look, and until when. */
struct places {
    const char *dir, *fallback_dir; /* "": none */
    int64_t deadline;
};

static struct places places(const char *dir, const char *fallback_dir)
{
    struct places p = {.dir = dir == NULL ? BG_JOURNAL_DIR : dir,
                       .fallback_dir = fallback_dir == NULL ? BG_FALLBACK_DIR : fallback_dir,
                       .deadline = bg_deadline(BG_STATE_MS)};

    return p;
}

/* The newest bytes of the journal (0: all), then the fall-back; what cannot be read counts as empty. BG_OK
 * when one of them could be read. */
static enum bg_err both(const struct places *p, off_t newest, bg_rawline_fn fn, void *found, size_t n)
{
    struct reading rd = {.dir = p->dir, .newest = newest, .fn = fn};
    enum bg_err r = read_bounded(&rd, p->deadline, found, n);

    rd.dir = p->fallback_dir;
    rd.newest = 0;
    if (*rd.dir != '\0' && read_bounded(&rd, p->deadline, found, n) == BG_OK)
        r = BG_OK;
    return r;
}

/* --- failures ------------------------------------------------------------------------------- */

struct failure {
    char id[BG_ULID_LEN + 1];
    int64_t when;
};

struct failures {
    const char *account, *source;
    int64_t now, last_granted;
    unsigned count; /* of all that may count; kept are FAILURES_MAX */
    struct failure list[FAILURES_MAX];
};

/* The same event may be in the journal and in the fall-back (a disk that hung wrote it after all). */
static bool listed(const struct failures *f, const char *id)
{
    for (unsigned i = 0; i < f->count; i++)
        if (strcmp(f->list[i].id, id) == 0)
            return true;
    return false;
}

static void list_failure(struct failures *f, const json_t *ev)
{
    const char *id = bg_json_str(ev, "id");

    if (time_of(ev) < f->now - FAILURE_WINDOW_MS || f->count == FAILURES_MAX || listed(f, id) ||
        strcmp(bg_json_str(bg_event_own(ev), "source"), f->source) != 0)
        return;
    (void)snprintf(f->list[f->count].id, sizeof f->list[0].id, "%s", id);
    f->list[f->count++].when = time_of(ev);
}

static bool gather_failures(void *arg, const struct bg_rawline *l)
{
    struct failures *f = arg;
    json_t *ev;

    if (!bg_line_has(l, "subject", f->account) || (ev = parse(l)) == NULL)
        return true;
    /* a granted use from the future (the clock was set back) must not hide failures until then */
    if (bg_event_is(ev, BG_EV_USE_GRANTED) && time_of(ev) > f->last_granted && time_of(ev) <= f->now)
        f->last_granted = time_of(ev);
    if (bg_event_is(ev, BG_EV_ATTEMPT_FAILED))
        list_failure(f, ev);
    json_decref(ev);
    return true;
}

void bg_state_failures(const char *dir, const char *fallback_dir, const char *account, enum bg_source s,
                       unsigned *count, int64_t *since_ms)
{
    struct places p = places(dir, fallback_dir);
    struct failures f;
    unsigned n = 0;
    int64_t newest = 0;

    memset(&f, 0, sizeof f);
    f.account = account;
    f.source = bg_source_name(s);
    f.now = bg_wall_ms();
    (void)!both(&p, FAILURE_READ, gather_failures, &f, sizeof f);
    for (unsigned i = 0; i < f.count; i++) {
        if (f.list[i].when <= f.last_granted)
            continue;
        n++;
        if (f.list[i].when > newest)
            newest = f.list[i].when;
    }
    *count = n;
    *since_ms = n == 0 || newest > f.now ? 0 : f.now - newest;
}

/* --- uses ----------------------------------------------------------------------------------- */

struct use_search {
    const char *use;
    struct bg_use_state s;
    bool known;
};

static void take_granted(struct bg_use_state *s, const json_t *ev)
{
    s->granted = true;
    (void)snprintf(s->account, sizeof s->account, "%s", bg_json_str(ev, "subject"));
    (void)snprintf(s->boot_id, sizeof s->boot_id, "%s",
                   bg_json_str(json_object_get(bg_event_own(ev), "clock"), "boot_id"));
}

static bool gather_use(void *arg, const struct bg_rawline *l)
{
    struct use_search *u = arg;
    json_t *ev;

    if (!bg_line_has(l, "use", u->use) || (ev = parse(l)) == NULL)
        return true;
    if (strcmp(bg_json_str(bg_event_own(ev), "use"), u->use) == 0) {
        u->known = true;
        if (bg_event_is(ev, BG_EV_USE_GRANTED))
            take_granted(&u->s, ev);
        u->s.opened |= bg_event_is(ev, BG_EV_SESSION_OPENED);
        u->s.closed |= bg_event_is(ev, BG_EV_SESSION_CLOSED);
    }
    json_decref(ev);
    return true;
}

enum bg_err bg_state_use(const char *dir, const char *fallback_dir, const char *use, struct bg_use_state *out)
{
    struct places p = places(dir, fallback_dir);
    struct use_search u = {.use = use};
    enum bg_err r;

    /* usually a recent use is asked for: it is near the end, with all that came after its grant */
    if ((r = both(&p, USE_READ, gather_use, &u, sizeof u)) == BG_OK && !u.s.granted)
        r = both(&p, 0, gather_use, &u, sizeof u);
    if (!u.known)
        return r == BG_OK ? BG_E_NOENT : r;
    *out = u.s;
    return BG_OK;
}

/* --- accounts ------------------------------------------------------------------------------- */

#define USES_MAX 64 /* newest uses of this boot that are looked at */

struct one_use {
    char id[BG_ULID_LEN + 1];
    bool granted, opened, closed;
    int64_t pid; /* who holds it: the process that opened the session, until then the one it was granted to */
    uint64_t pid_start;
};

struct uses {
    const char *account;
    char boot[BG_BOOT_ID_LEN + 1];
    char newest[BG_ULID_LEN + 1]; /* granted in any boot */
    struct one_use list[USES_MAX];
    size_t count; /* of all; the newest are kept, in a ring */
};

/* The event's use, noted when it is new; NULL for an event of another boot: that has ended every use. */
static struct one_use *use_of(struct uses *us, const json_t *ev)
{
    const json_t *own = bg_event_own(ev);
    const char *id = bg_json_str(own, "use");
    struct one_use *u;

    if (strcmp(bg_json_str(json_object_get(own, "clock"), "boot_id"), us->boot) != 0)
        return NULL;
    for (size_t i = 0; i < us->count && i < USES_MAX; i++)
        if (strcmp(us->list[i].id, id) == 0)
            return &us->list[i];
    u = &us->list[us->count++ % USES_MAX];
    memset(u, 0, sizeof *u);
    (void)snprintf(u->id, sizeof u->id, "%s", id);
    return u;
}

static void note(struct uses *us, const json_t *ev)
{
    const json_t *own = bg_event_own(ev);
    bool granted = bg_event_is(ev, BG_EV_USE_GRANTED), opened = bg_event_is(ev, BG_EV_SESSION_OPENED);
    struct one_use *u;

    if (granted)
        (void)snprintf(us->newest, sizeof us->newest, "%s", bg_json_str(own, "use"));
    if ((u = use_of(us, ev)) == NULL)
        return;
    if (opened || (granted && !u->opened)) {
        u->pid = json_integer_value(json_object_get(own, "pid"));
        u->pid_start = (uint64_t)json_integer_value(json_object_get(own, "pid_start"));
    }
    u->granted |= granted;
    u->opened |= opened;
    u->closed |= bg_event_is(ev, BG_EV_SESSION_CLOSED);
}

static bool gather_uses(void *arg, const struct bg_rawline *l)
{
    static const enum bg_event_type marks[] = {BG_EV_USE_GRANTED, BG_EV_SESSION_OPENED, BG_EV_SESSION_CLOSED};
    struct uses *us = arg;
    bool mark = false;
    json_t *ev;

    for (size_t i = 0; i < sizeof marks / sizeof marks[0] && !mark; i++)
        mark = bg_line_has(l, "type", bg_event_kind(marks[i])->type);
    if (!mark || !bg_line_has(l, "subject", us->account) || (ev = parse(l)) == NULL)
        return true;
    note(us, ev);
    json_decref(ev);
    return true;
}

static enum bg_err look_for_uses(const char *dir, const char *fallback_dir, const char *account,
                                 struct uses *us)
{
    struct places p = places(dir, fallback_dir);

    memset(us, 0, sizeof *us);
    us->account = account;
    bg_host_boot_id(us->boot);
    return both(&p, 0, gather_uses, us, sizeof *us);
}

/* The newest use that was granted, has not ended, and is held by a live process; NULL if none. */
static const char *living(const struct uses *us, bool opened)
{
    for (size_t i = us->count; i-- > 0 && us->count - i <= USES_MAX;) {
        const struct one_use *u = &us->list[i % USES_MAX];
        if (u->granted && !u->closed && (u->opened || !opened) && u->pid > 0 && u->pid_start > 0 &&
            bg_host_pid_start(u->pid) == u->pid_start)
            return u->id;
    }
    return NULL;
}

bool bg_state_active(const char *dir, const char *fallback_dir, const char *account,
                     char use[BG_ULID_LEN + 1])
{
    struct uses us;
    const char *id = look_for_uses(dir, fallback_dir, account, &us) == BG_OK ? living(&us, true) : NULL;

    if (id != NULL)
        memcpy(use, id, BG_ULID_LEN + 1);
    return id != NULL;
}

enum bg_account_state bg_state_account(const char *dir, const char *account, char use[BG_ULID_LEN + 1])
{
    struct uses us;
    const char *id;

    use[0] = '\0';
    if (look_for_uses(dir, dir == NULL ? NULL : "", account, &us) != BG_OK || us.newest[0] == '\0')
        return BG_STATE_SEALED;
    id = living(&us, false);
    memcpy(use, id != NULL ? id : us.newest, BG_ULID_LEN + 1);
    return id != NULL ? BG_STATE_IN_USE : BG_STATE_AWAITING_REVIEW;
}
