/* SPDX-License-Identifier: ISC */
#include "admin/drill/drill.h"

#include <stdarg.h>
#include <string.h>
#include "config/envelope.h"

static void say(char *out, size_t cap, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void say(char *out, size_t cap, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(out, cap, fmt, ap);
    va_end(ap);
}

#define WHAT(s, ...) say((s)->what, sizeof(s)->what, __VA_ARGS__)
#define MORE(s, ...) say((s)->what + strlen((s)->what), sizeof(s)->what - strlen((s)->what), __VA_ARGS__)
#define NEXT(s, ...) say((s)->next, sizeof(s)->next, __VA_ARGS__)

static bool done(struct drill_step *s, bool is)
{
    s->state = is ? DRILL_DONE : DRILL_TODO;
    return is;
}

static const struct drill_login *newest(const struct drill *d)
{
    const struct drill_login *l = NULL;

    for (unsigned i = 0; i < d->logins; i++)
        if (d->login[i].granted_ms != 0)
            l = &d->login[i];
    return l;
}

static void seals(const struct drill *d, const struct bg_policy *p, struct drill_step *s)
{
    unsigned n = 0;

    (void)p;
    for (unsigned i = 0; i < d->seals; i++)
        if (!d->seal[i].set)
            MORE(s, "%sseal %s of envelope %s by %s", n++ > 0 ? ", " : "", d->seal[i].seal,
                 d->seal[i].envelope, d->seal[i].by);
    if (done(s, n > 0))
        return;
    WHAT(s, "no seal was broken for it yet; read its number back first (envelope inspect)");
    NEXT(s, "breakglass envelope open %s ENVELOPE --by NAME", d->account);
}

static void login(const struct drill *d, const struct bg_policy *p, struct drill_step *s)
{
    const char *path = s->name + strlen(DRILL_LOGIN);
    const struct drill_login *l = drill_login_by(d, path);
    int64_t end;

    (void)p;
    if (done(s, l != NULL)) {
        end = l->opened_ms != 0 ? l->opened_ms : l->granted_ms;
        if (l->started_ms != 0)
            WHAT(s, "%s by %s, %lld s from the first question to the shell", l->claimed, l->factor,
                 (long long)((end - l->started_ms + 500) / 1000));
        else
            WHAT(s, "%s by %s", l->claimed, l->factor);
        return;
    }
    WHAT(s, "nobody has come in that way yet");
    NEXT(s,
         strcmp(path, "console") == 0  ? "log in as %s at a console"
         : strcmp(path, "ssh") == 0    ? "ssh %s@this-host"
         : strcmp(path, "su") == 0     ? "su - %s, from another account"
         : strcmp(path, "rescue") == 0 ? "boot into rescue mode, and open %s there"
                                       : "ssh %s@this-host, with -p and the port of the own sshd",
         d->account);
}

static void task(const struct drill *d, const struct bg_policy *p, struct drill_step *s)
{
    const struct drill_mark *m = drill_mark_of(d, s->name);

    (void)p;
    if (done(s, m != NULL && m->done)) {
        WHAT(s, "%s", m->why);
        return;
    }
    WHAT(s, "root's rights were not used yet");
    NEXT(s, "breakglass drill task, in a session of %s", d->account);
}

static void credentials(const struct drill *d, const struct bg_policy *p, struct drill_step *s)
{
    (void)p;
    if (done(s, drill_credentials_used(d->account, s->what))) {
        WHAT(s, "none has been idle for a year");
        return;
    }
    NEXT(s, "log in with each of them, by any path");
}

static const struct drill_ack *ack_of(const struct drill *d, const char *sink)
{
    for (unsigned i = 0; i < d->acks; i++)
        if (strcmp(d->ack[i].sink, sink) == 0)
            return &d->ack[i];
    return NULL;
}

/* Each sink that wakes somebody, or without one each that tells people in words: a person has read it in
 * time.
 */
static void alarm(const struct drill *d, const struct bg_policy *p, struct drill_step *s)
{
    const char *type = bg_event_kind(BG_EV_USE_GRANTED)->type;
    int64_t first = 0;
    bool all = true;
    unsigned n = 0;

    for (unsigned i = 0; i < d->logins && first == 0; i++)
        first = d->login[i].granted_ms;
    for (unsigned i = 0; i < p->sinks.n; i++) {
        const struct bg_sink *k = &p->sinks.sink[i];
        const struct drill_ack *a = ack_of(d, k->name);
        char one[128];
        if (!bg_sink_is_answered(&p->sinks, k) || !bg_sink_wants(k, type))
            continue;
        all = all && a != NULL && first != 0 && a->at_ms - first <= DRILL_ACK_MS;
        if (a == NULL)
            say(one, sizeof one, "%s: not yet", k->name);
        else
            say(one, sizeof one, "%s: %s after %lld s%s", k->name, a->by[0] != '\0' ? a->by : "somebody",
                (long long)((a->at_ms - first) / 1000), a->at_ms - first > DRILL_ACK_MS ? ", too late" : "");
        MORE(s, "%s%s", n++ > 0 ? "; " : "", one);
    }
    if (done(s, n > 0 && all))
        return;
    if (n == 0) {
        WHAT(s,
             "no sink of breakglass.conf tells a person in words, so nobody can answer: it cannot be passed");
        NEXT(s, "give breakglass.conf a sink that does, as mail or twilio (class = page wakes people)");
        return;
    }
    NEXT(s, "who is woken: breakglass alert confirm CODE --by NAME, within 15 minutes");
}

static void review(const struct drill *d, const struct bg_policy *p, struct drill_step *s)
{
    const char *open = NULL, *by = "";
    unsigned n = 0;

    (void)p;
    for (unsigned i = 0; i < d->logins; i++) {
        const struct drill_login *l = &d->login[i];
        if (l->granted_ms == 0)
            continue;
        n++;
        by = l->reviewer;
        if (l->verdict[0] == '\0' && open == NULL)
            open = l->use;
    }
    if (done(s, n > 0 && open == NULL)) {
        WHAT(s, "%u use%s, the last one by %s", n, n == 1 ? "" : "s", by);
        return;
    }
    WHAT(s, "%s", n == 0 ? "there is no use to review yet" : "a use is not reviewed yet");
    NEXT(s, "breakglass review close %s --verdict drill --by NAME --cause TEXT --actions TEXT",
         open != NULL ? open : "USE");
}

static void rotate(const struct drill *d, const struct bg_policy *p, struct drill_step *s)
{
    const struct drill_login *l = newest(d);

    (void)p;
    if (done(s, d->rotated_ms != 0 && (l == NULL || d->rotated_ms >= l->granted_ms))) {
        WHAT(s, "new credentials open, the old ones do not%s%s", d->rotated_by[0] != '\0' ? ", by " : "",
             d->rotated_by);
        return;
    }
    WHAT(s, "what was used still opens the account");
    if (d->rotating_ms != 0 && d->rotated_ms == 0)
        NEXT(s, "breakglass rotate WHAT %s, where WHAT is verify, once for each new card, and then finish",
             d->account);
    else
        NEXT(s, "breakglass rotate %s --by NAME", d->account);
}

static void verify(const struct drill *d, const struct bg_policy *p, struct drill_step *s)
{
    const bool under_way = d->rotating_ms != 0 && d->rotated_ms == 0;

    (void)p;
    if (done(s, d->rotated_ms != 0 && d->proven > 0 && d->unproven == 0)) {
        WHAT(s, "%u of the new ones read back", d->proven);
        return;
    }
    WHAT(s, under_way            ? "the new ones do not open the account yet"
            : d->rotated_ms == 0 ? "there are no new ones yet"
            : d->unproven == 0   ? "none of the new ones was read back yet"
                                 : "one of the new ones could not be read");
    if (under_way) /* "share verify" takes cards of the old ones until it is finished */
        NEXT(s, "breakglass rotate verify %s, once for each new card", d->account);
    else if (d->rotated_ms == 0)
        NEXT(s, "breakglass rotate %s --by NAME", d->account);
    else
        NEXT(s, "breakglass share verify %s", d->account);
}

/* Is something in it that opens the account no more, as a card of the set before? */
static bool holds_old(const struct bg_envelope *e, const struct bg_credential *c)
{
    struct bg_holding h;

    for (const char *p = e->holds; bg_holding_next(&p, &h);)
        if (!bg_holding_there(e, &h, c))
            return true;
    return false;
}

/* The first envelope of the account that stands open, else the first one with what is old; NULL for none. */
static const struct bg_envelope *unsealed(const char *account)
{
    static struct bg_envelopes list;
    struct bg_credential c = {.key = NULL};
    const struct bg_envelope *found = NULL;
    struct bg_ini_error e;

    if (bg_envelopes_load(BG_ENVELOPES_DIR, account, &list, &e) != BG_OK)
        return NULL;
    for (unsigned i = 0; i < list.n && found == NULL; i++)
        if (list.envelope[i].status == BG_ENVELOPE_OPEN)
            found = &list.envelope[i];
    if (bg_credential_load(BG_CREDENTIALS_DIR, account, &c, &e) == BG_OK)
        for (unsigned i = 0; i < list.n && found == NULL; i++)
            if (list.envelope[i].status == BG_ENVELOPE_SEALED && holds_old(&list.envelope[i], &c))
                found = &list.envelope[i];
    bg_credential_free(&c);
    return found;
}

static void reseal(const struct drill *d, const struct bg_policy *p, struct drill_step *s)
{
    const struct bg_envelope *left = d->closed_ms == 0 ? unsealed(d->account) : NULL;
    unsigned n = 0;

    (void)p;
    for (unsigned i = 0; i < d->seals; i++)
        if (d->seal[i].set && d->rotated_ms != 0 && d->seal[i].at_ms >= d->rotating_ms)
            MORE(s, "%sseal %s on envelope %s by %s", n++ > 0 ? ", " : "", d->seal[i].seal,
                 d->seal[i].envelope, d->seal[i].by);
    if (done(s, n > 0 && left == NULL))
        return;
    if (left != NULL && left->status == BG_ENVELOPE_SEALED) {
        WHAT(s, "envelope %s still holds what opens %s no more", left->id, d->account);
        NEXT(s, "breakglass envelope open %s %s --by NAME", d->account, left->id);
        return;
    }
    if (left != NULL)
        WHAT(s, "envelope %s is open", left->id);
    else
        WHAT(s, "the new ones are in no envelope yet");
    NEXT(s, "breakglass envelope seal %s %s --seal NUMBER --holds LIST --by NAME --seen-by NAME", d->account,
         left != NULL ? left->id : "ENVELOPE");
}

static void sign(const struct drill *d, const struct bg_policy *p, struct drill_step *s)
{
    const struct drill_mark *m = drill_mark_of(d, s->name);
    const struct drill_login *l = newest(d);
    bool is = m != NULL && m->done;

    (void)p;
    if (done(s, is && m->at_ms >= d->rotated_ms && (l == NULL || m->at_ms >= l->granted_ms))) {
        WHAT(s, "%s and %s", m->by, m->seen_by);
        return;
    }
    WHAT(s, is ? "what was signed is older than the newest use or rotation"
               : "nobody has signed the report yet");
    NEXT(s,
         "breakglass drill report %s --output FILE.html; then: breakglass drill run %s --step sign --done "
         "--by NAME "
         "--seen-by NAME",
         d->id, d->account);
}

static const struct {
    const char *name, *title;
    void (*look)(const struct drill *d, const struct bg_policy *p, struct drill_step *s);
} table[] = {
    {"seals", "open the seals", seals},
    {DRILL_LOGIN, "log in: ", login}, /* once for each path */
    {"task", "do an administrator's task", task},
    {"credentials", "each credential once a year", credentials},
    {"alarm", "a person answers the alarm", alarm},
    {"review", "review each use", review},
    {"rotate", "replace what was used", rotate},
    {"verify", "read the new ones back", verify},
    {"reseal", "seal the new ones", reseal},
    {"sign", "two people sign the report", sign},
};

/* What somebody left out, with a reason, is left out only as long as it is not done. */
static void one(const struct drill *d, const struct bg_policy *p, size_t row, const char *path,
                struct drill_step *s)
{
    const struct drill_mark *m;

    memset(s, 0, sizeof *s);
    say(s->name, sizeof s->name, "%s%s", table[row].name, path);
    say(s->title, sizeof s->title, "%s%s", table[row].title, path);
    table[row].look(d, p, s);
    m = drill_mark_of(d, s->name);
    if (s->state != DRILL_DONE && m != NULL && !m->done) {
        s->state = DRILL_LEFT_OUT;
        WHAT(s, "%s", m->why);
    }
}

unsigned drill_steps(const struct drill *d, const struct bg_policy *p, struct drill_step out[DRILL_STEPS])
{
    char paths[sizeof d->paths], *save = NULL;
    unsigned n = 0;

    for (size_t row = 0; row < sizeof table / sizeof table[0]; row++) {
        if (strcmp(table[row].name, DRILL_LOGIN) != 0) {
            one(d, p, row, "", &out[n++]);
            continue;
        }
        memcpy(paths, d->paths, sizeof paths);
        for (char *w = strtok_r(paths, " ", &save);
             w != NULL && n < DRILL_STEPS - (sizeof table / sizeof table[0] - 2);
             w = strtok_r(NULL, " ", &save))
            one(d, p, row, w, &out[n++]);
    }
    return n;
}
