#include "record/state.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include "base/child.h"
#include "base/clock.h"
#include "record/chain.h"
#include "record/host.h"
#include "record/lines.h"
#include "record/render.h"

#define FAILURE_WINDOW_MS INT64_C(3600000)
#define FAILURE_READ      (256 << 10)
#define FAILURES_MAX      256  /* more cost no longer delay */
#define PLACE_MS          1000 /* what one place may cost */

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

static int64_t wall_ms(void)
{
    char unused[BG_TIME_LEN];

    return bg_time_rfc3339(unused);
}

static int64_t time_of(const json_t *ev)
{
    return json_integer_value(json_object_get(json_object_get(ev, "data"), "time"));
}

static bool is_type(const json_t *ev, enum bg_event_type t)
{
    return strcmp(bg_json_str(ev, "type"), bg_event_type_name(t)) == 0;
}

/* A whole line that is an event, or NULL. */
static json_t *parse(const struct bg_rawline *l)
{
    struct bg_chain at;
    json_t *ev;

    return l->whole && bg_chain_parse(l->text, l->len, &ev, &at) == BG_OK ? ev : NULL;
}

/* One place, read in a child: a disk that hangs must not hang a login. */
struct reading {
    const char *dir;
    off_t newest;
    bg_rawline_fn fn;
    void *found;
};

static enum bg_err read_work(void *arg, void *reply, size_t cap, size_t *len)
{
    struct reading *rd = arg;

    (void)reply;
    (void)cap;
    *len = 0;
    return bg_lines_walk(rd->dir, rd->newest, rd->fn, rd->found);
}

/* found (n bytes) goes through shared memory and is changed only when the whole place could be read in time.
 */
static enum bg_err read_bounded(struct reading *rd, int64_t deadline, void *found, size_t n)
{
    int64_t ms = bg_left_ms(deadline) < PLACE_MS ? bg_left_ms(deadline) : PLACE_MS;
    size_t len = 0;
    enum bg_err r;

    rd->found = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (rd->found == MAP_FAILED)
        return BG_E_NOMEM;
    memcpy(rd->found, found, n);
    if ((r = bg_child_run(read_work, rd, ms, NULL, 0, &len)) == BG_OK)
        memcpy(found, rd->found, n);
    (void)munmap(rd->found, n);
    return r;
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

/* Journal, then fall-back; what cannot be read counts as empty. BG_OK when one of them could be read. */
static enum bg_err both(const struct places *p, off_t newest, bg_rawline_fn fn, void *found, size_t n)
{
    struct reading rd = {.dir = p->dir, .newest = newest, .fn = fn};
    enum bg_err r = read_bounded(&rd, p->deadline, found, n);

    rd.dir = p->fallback_dir;
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

/* The same event may stand in the journal and in the fall-back (a disk that hung after all was written). */
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
    if (is_type(ev, BG_EV_USE_GRANTED) && time_of(ev) > f->last_granted && time_of(ev) <= f->now)
        f->last_granted = time_of(ev);
    if (is_type(ev, BG_EV_ATTEMPT_FAILED))
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
    f.now = wall_ms();
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
    uint64_t pid_start; /* of host_pid */
    int64_t granted_at;
};

/* Who holds the use open: the process that opened the session, until then the one that was granted it. */
static void take_host(struct use_search *u, const json_t *ev)
{
    const json_t *own = bg_event_own(ev);

    u->s.host_pid = json_integer_value(json_object_get(own, "pid"));
    u->pid_start = (uint64_t)json_integer_value(json_object_get(own, "pid_start"));
}

static void take_granted(struct use_search *u, const json_t *ev)
{
    const json_t *own = bg_event_own(ev);

    u->s.granted = true;
    u->granted_at = time_of(ev);
    (void)snprintf(u->s.account, sizeof u->s.account, "%s", bg_json_str(ev, "subject"));
    (void)snprintf(u->s.claimed, sizeof u->s.claimed, "%s", bg_json_str(own, "claimed_by"));
    (void)snprintf(u->s.boot_id, sizeof u->s.boot_id, "%s",
                   bg_json_str(json_object_get(own, "clock"), "boot_id"));
    if (!u->s.opened)
        take_host(u, ev);
}

static bool gather_use(void *arg, const struct bg_rawline *l)
{
    struct use_search *u = arg;
    json_t *ev;

    if (!bg_line_has(l, "use", u->use) || (ev = parse(l)) == NULL)
        return true;
    if (strcmp(bg_json_str(bg_event_own(ev), "use"), u->use) == 0) {
        u->known = true;
        if (is_type(ev, BG_EV_USE_GRANTED))
            take_granted(u, ev);
        if (is_type(ev, BG_EV_SESSION_OPENED)) {
            u->s.opened = true;
            take_host(u, ev);
        }
        if (is_type(ev, BG_EV_SESSION_CLOSED))
            u->s.closed = true;
    }
    json_decref(ev);
    return true;
}

static enum bg_err search(const struct places *p, const char *use, struct use_search *u)
{
    int64_t age;
    enum bg_err r;

    memset(u, 0, sizeof *u);
    u->use = use;
    r = both(p, 0, gather_use, u, sizeof *u);
    age = wall_ms() - u->granted_at;
    u->s.age_ms = u->s.granted && age > 0 ? age : 0;
    if (!u->known)
        return r == BG_OK ? BG_E_NOENT : r;
    return BG_OK;
}

enum bg_err bg_state_use(const char *dir, const char *fallback_dir, const char *use, struct bg_use_state *out)
{
    struct places p = places(dir, fallback_dir);
    struct use_search u;
    enum bg_err r = search(&p, use, &u);

    if (r == BG_OK)
        *out = u.s;
    return r;
}

/* The host process of this boot is still the same process. */
static bool alive(const struct use_search *u)
{
    char boot[BG_BOOT_ID_LEN + 1];

    bg_host_boot_id(boot);
    return strcmp(boot, u->s.boot_id) == 0 && u->s.host_pid > 0 && u->pid_start > 0 &&
           bg_host_pid_start(u->s.host_pid) == u->pid_start;
}

/* --- accounts ------------------------------------------------------------------------------- */

#define USES_MAX 64 /* newest uses looked at */

struct uses {
    const char *account;
    enum bg_event_type type;
    char id[USES_MAX][BG_ULID_LEN + 1];
    size_t count; /* of all; the newest USES_MAX are kept, in a ring */
};

static bool gather_uses(void *arg, const struct bg_rawline *l)
{
    struct uses *us = arg;
    json_t *ev;

    if (!bg_line_has(l, "subject", us->account) || !bg_line_has(l, "type", bg_event_type_name(us->type)) ||
        (ev = parse(l)) == NULL)
        return true;
    (void)snprintf(us->id[us->count++ % USES_MAX], sizeof us->id[0], "%s",
                   bg_json_str(bg_event_own(ev), "use"));
    json_decref(ev);
    return true;
}

bool bg_state_active(const char *dir, const char *fallback_dir, const char *account,
                     char use[BG_ULID_LEN + 1])
{
    struct places p = places(dir, fallback_dir);
    struct uses us = {.account = account, .type = BG_EV_SESSION_OPENED};

    if (both(&p, 0, gather_uses, &us, sizeof us) != BG_OK)
        return false;
    for (size_t i = us.count; i-- > 0 && us.count - i <= USES_MAX;) {
        struct use_search u;
        const char *id = us.id[i % USES_MAX];
        if (search(&p, id, &u) == BG_OK && u.s.granted && u.s.opened && !u.s.closed &&
            strcmp(u.s.account, account) == 0 && alive(&u)) {
            memcpy(use, id, BG_ULID_LEN + 1);
            return true;
        }
    }
    return false;
}

enum bg_account_state bg_state_account(const char *dir, const char *account, char use[BG_ULID_LEN + 1])
{
    struct uses us = {.account = account, .type = BG_EV_USE_GRANTED};
    struct places p = places(dir, dir == NULL ? NULL : "");
    struct use_search u;

    use[0] = '\0';
    if (both(&p, 0, gather_uses, &us, sizeof us) != BG_OK || us.count == 0)
        return BG_STATE_SEALED;
    memcpy(use, us.id[(us.count - 1) % USES_MAX], BG_ULID_LEN + 1);
    if (search(&p, use, &u) == BG_OK && !u.s.closed && alive(&u))
        return BG_STATE_IN_USE;
    return BG_STATE_AWAITING_REVIEW;
}
