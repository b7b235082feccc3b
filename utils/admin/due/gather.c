/* SPDX-License-Identifier: ISC */
/* Every date of this host, from the files that it follows from. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "admin/due/due.h"
#include "admin/messages.h"
#include "admin/rows.h"
#include "admin/ui.h"
#include "base/bits.h"
#include "base/clock.h"
#include "config/envelope.h"
#include "config/leaver.h"
#include "delivery/cursor.h"
#include "record/life.h"

#define FIRST_DAYS 7 /* what was never done is to be done soon */
#define FIRST_ROOM 64

static bool grow(struct due_list *l)
{
    size_t room = l->room == 0 ? FIRST_ROOM : 2 * l->room;
    struct due_item *more = reallocarray(l->item, room, sizeof *more);

    if (more == NULL)
        return false;
    l->item = more;
    l->room = room;
    return true;
}

struct due_item *due_add(struct due_list *l, const char *id, int64_t last_ms, int64_t begin_ms, unsigned days)
{
    struct due_item *i;

    if (days == 0)
        return NULL;
    if (l->n == l->room && !grow(l)) {
        l->more = true;
        return NULL;
    }
    i = &l->item[l->n++];
    memset(i, 0, sizeof *i);
    (void)snprintf(i->id, sizeof i->id, "%s", id);
    i->last_ms = last_ms;
    if (last_ms == 0 && days > FIRST_DAYS)
        days = FIRST_DAYS;
    i->due_ms = (last_ms != 0 ? last_ms : begin_ms) + (int64_t)days * DUE_DAY_MS;
    return i;
}

/* The same of an account. */
static struct due_item *add(struct due_list *l, const char *account, const char *id, int64_t last_ms,
                            int64_t begin_ms, unsigned days)
{
    struct due_item *i = due_add(l, id, last_ms, begin_ms, days);

    if (i != NULL)
        (void)snprintf(i->account, sizeof i->account, "%s", account);
    return i;
}

/* due_item's texts. */
#define SAY(i, field, ...) (void)snprintf((i)->field, sizeof(i)->field, __VA_ARGS__)

/* What one account is looked at with. */
struct of_account {
    const char *name;
    const struct bg_policy *policy;
    const struct bg_dates *dates;
    struct bg_credential credential;
    struct bg_life life;
    int64_t begin_ms;   /* when it came to be */
    int64_t changed_ms; /* packages that it depends on; 0: never */
};

static int64_t done(const struct bg_dates *d, const char *item)
{
    const struct bg_date *at = bg_dates_find(d, item);

    return at == NULL ? 0 : at->done_ms;
}

/* --- one account ------------------------------------------------------------------------------ */

static void add_drill(struct due_list *l, const struct of_account *a)
{
    char id[BG_DATE_ITEM];
    struct due_item *i;
    int64_t soon;

    (void)snprintf(id, sizeof id, "drill %s", a->name);
    i = add(l, a->name, id, a->life.drilled_ms, a->begin_ms, a->policy->due[BG_DUE_DRILL]);
    if (i == NULL)
        return;
    SAY(i, why, "log in to %s as in an emergency, and let an alarm be acknowledged", a->name);
    SAY(i, next, "breakglass drill open %s --by NAME --until 2h", a->name);
    soon = a->changed_ms + FIRST_DAYS * DUE_DAY_MS;
    if (a->changed_ms > a->life.drilled_ms && a->life.drilled_ms != 0 && soon < i->due_ms) {
        i->due_ms = soon;
        SAY(i, why, "what the login of %s depends on was updated since its last drill", a->name);
    }
}

static void add_review(struct due_list *l, const struct of_account *a, const struct bg_life_use *u)
{
    char id[BG_DATE_ITEM];
    struct due_item *i;

    (void)snprintf(id, sizeof id, "review %s %s", a->name, u->id);
    if ((i = add(l, a->name, id, 0, 0, a->policy->due[BG_DUE_REVIEW])) == NULL)
        return;
    i->due_ms = bg_life_review_due(u, a->policy->due[BG_DUE_REVIEW]);
    i->told_elsewhere = true;
    SAY(i, why, "say what the use of %s by %s was", a->name, u->claimed[0] != '\0' ? u->claimed : "somebody");
    SAY(i, next, "breakglass review show %s", u->id);
}

/* Those that the list of uses has no room for: by the oldest of them. */
static void add_hidden_reviews(struct due_list *l, const struct of_account *a)
{
    const struct bg_life_use oldest = {.granted_ms = a->life.hidden_ms};
    char id[BG_DATE_ITEM];
    struct due_item *i;

    if (a->life.hidden == 0)
        return;
    (void)snprintf(id, sizeof id, "review %s older", a->name);
    if ((i = add(l, a->name, id, 0, 0, a->policy->due[BG_DUE_REVIEW])) == NULL)
        return;
    i->due_ms = bg_life_review_due(&oldest, a->policy->due[BG_DUE_REVIEW]);
    SAY(i, why, "say what %" PRIu64 " older uses of %s were: they come back as others are reviewed",
        a->life.hidden, a->name);
    SAY(i, next, "breakglass review list %s", a->name);
}

static void add_reviews(struct due_list *l, const struct of_account *a)
{
    add_hidden_reviews(l, a);
    for (size_t k = 0; k < a->life.uses; k++)
        if (a->life.use[k].verdict == BG_VERDICT_NONE)
            add_review(l, a, &a->life.use[k]);
}

static void add_rotation(struct due_list *l, const struct of_account *a)
{
    const struct bg_life_use *u = bg_life_unrotated(&a->life);
    char id[BG_DATE_ITEM];
    struct due_item *i;

    if (u == NULL)
        return;
    (void)snprintf(id, sizeof id, "rotation %s", a->name);
    i = add(l, a->name, id, u->granted_ms, 0, a->policy->due[BG_DUE_ROTATION]);
    if (i == NULL)
        return;
    i->due_ms = u->granted_ms + (int64_t)a->policy->due[BG_DUE_ROTATION] * 3600000;
    SAY(i, why, "%s was used: what opens it is to be replaced", a->name);
    SAY(i, next, "breakglass rotate %s", a->name);
}

static void add_secret(struct due_list *l, const struct of_account *a, const char *what, const char *created)
{
    char id[BG_DATE_ITEM];
    struct due_item *i;

    (void)snprintf(id, sizeof id, "credential %s %s", a->name, what);
    i = add(l, a->name, id, bg_time_or_never(created), a->begin_ms, a->policy->due[BG_DUE_CREDENTIAL]);
    if (i == NULL)
        return;
    SAY(i, why, "replace the %s of %s for their age", what, a->name);
    SAY(i, next, "breakglass rotate %s", a->name);
}

static void add_key(struct due_list *l, const struct of_account *a, const char *label, const char *created,
                    const char *how)
{
    char id[BG_DATE_ITEM];
    struct due_item *i;

    (void)snprintf(id, sizeof id, "key-test %s %s", a->name, label);
    i = add(l, a->name, id, bg_later(bg_time_or_never(created), done(a->dates, id)), a->begin_ms,
            a->policy->due[BG_DUE_KEY_TEST]);
    if (i == NULL)
        return;
    SAY(i, why, "see that key %s still opens %s", label, a->name);
    SAY(i, next, "breakglass key test %s%s", a->name, how);
}

static void add_keys(struct due_list *l, const struct of_account *a, const struct bg_credential *c)
{
    for (size_t k = 0; k < c->key_count; k++)
        if (!c->key[k].suspended)
            add_key(l, a, c->key[k].label, c->key[k].created, c->key[k].use == BG_USE_TEXT ? " --text" : "");
    for (size_t k = 0; k < c->ssh_count; k++)
        if (!c->ssh[k].suspended)
            add_key(l, a, c->ssh[k].label, c->ssh[k].created, " --ssh");
}

static void add_seal(struct due_list *l, const struct of_account *a, const struct bg_envelope *e)
{
    char id[BG_DATE_ITEM];
    struct due_item *i;

    if (e->status != BG_ENVELOPE_SEALED)
        return;
    (void)snprintf(id, sizeof id, "inspection %s %s", a->name, e->id);
    i = add(l, a->name, id, bg_later(bg_time_or_never(e->sealed), bg_time_or_never(e->inspected)),
            a->begin_ms, a->policy->due[BG_DUE_INSPECTION]);
    if (i == NULL)
        return;
    SAY(i, why, "read the seal of envelope %s back%s%s", e->id, e->safe[0] != '\0' ? ", in safe " : "",
        e->safe);
    SAY(i, next, "breakglass envelope inspect %s %s", a->name, e->id);
}

static void add_envelopes(struct due_list *l, const struct of_account *a, const struct bg_envelopes *list)
{
    for (unsigned k = 0; k < list->n; k++)
        add_seal(l, a, &list->envelope[k]);
}

static void add_account(struct due_list *l, const struct of_account *a)
{
    add_drill(l, a);
    add_reviews(l, a);
    add_rotation(l, a);
    if (a->credential.has_shares)
        add_secret(l, a, "cards", a->credential.shares.created);
    if (a->credential.has_password)
        add_secret(l, a, "password", a->credential.password.created);
    add_keys(l, a, &a->credential);
}

/* When it came to be: by its events, else by the oldest of its credentials, else now. */
static int64_t begun(const struct bg_credential *c, const struct bg_life *life)
{
    int64_t oldest = c->has_shares ? bg_time_or_never(c->shares.created) : 0;

    if (oldest == 0 && c->has_password)
        oldest = bg_time_or_never(c->password.created);
    for (size_t k = 0; k < c->key_count && oldest == 0; k++)
        oldest = bg_time_or_never(c->key[k].created);
    for (size_t k = 0; k < c->ssh_count && oldest == 0; k++)
        oldest = bg_time_or_never(c->ssh[k].created);
    if (oldest == 0 || (life->made_ms != 0 && life->made_ms < oldest))
        oldest = life->made_ms;
    return oldest != 0 ? oldest : bg_wall_ms();
}

/* --- the host --------------------------------------------------------------------------------- */

/* All that is on file, for what follows from several accounts. */
struct host {
    const struct bg_policy *policy;
    bool quiet; /* of accounts and credentials check tells */
    struct bg_dates dates;
    struct bg_people people;
    struct bg_safes safes;
    struct bg_envelopes *envelopes; /* of each account */
    struct bg_custody_account account[ROWS_MAX];
    struct of_account of[ROWS_MAX];
    size_t n;
    int64_t begin_ms;
    struct due_list *list; /* while leavers are asked for */
};

/* What its receiver has shown at a delivery; a new one is seen at the next. */
static void add_receiver(struct due_list *l, const struct bg_sink *s)
{
    static struct bg_cursor c;
    char id[BG_DATE_ITEM];
    struct due_item *i;

    if (bg_cursor_load(NULL, s->name, false, &c) != BG_OK || c.certificate == 0)
        return;
    (void)snprintf(id, sizeof id, "certificate %s receiver", s->name);
    if ((i = due_add(l, id, c.certificate, 0, 1)) == NULL)
        return;
    i->due_ms = c.certificate;
    SAY(i, why, "the certificate that the receiver of sink %s shows ends", s->name);
    SAY(i, next, "breakglass alert test %s", s->name);
}

void due_add_sink(struct due_list *l, const struct bg_policy *p, const struct bg_dates *d,
                  const struct bg_sink *s, int64_t begin_ms)
{
    char id[BG_DATE_ITEM];
    struct due_item *i;
    int64_t ends;

    (void)snprintf(id, sizeof id, "alert-test %s", s->name);
    i = due_add(l, id, done(d, id), begin_ms, p->due[BG_DUE_ALERT_TEST]);
    if (i != NULL) {
        SAY(i, why, "see that sink %s takes an alarm", s->name);
        SAY(i, next, "breakglass alert test");
    }
    for (int k = 0; k < 2; k++) {
        const char *path = k == 0 ? s->ca_file : s->certificate_file;
        if (path[0] != '/' || due_certificate_ends(path, &ends) != BG_OK)
            continue;
        (void)snprintf(id, sizeof id, "certificate %s %s", s->name, k == 0 ? "ca" : "own");
        if ((i = due_add(l, id, ends, 0, 1)) == NULL)
            continue;
        i->due_ms = ends;
        SAY(i, why, "a certificate of sink %s ends: %.80s", s->name, path);
        SAY(i, next, "openssl x509 -noout -enddate -in %.100s", path);
    }
    add_receiver(l, s);
}

static void add_people(struct due_list *l, const struct host *h)
{
    struct due_item *i = due_add(l, "people", bg_time_or_never(h->people.reviewed), h->begin_ms,
                                 h->policy->due[BG_DUE_PEOPLE]);

    if (i == NULL)
        return;
    SAY(i, why, "read the list of people through: who may use, review, be woken");
    SAY(i, next, "breakglass people review --by NAME");
}

static void add_verification(struct due_list *l, const struct host *h)
{
    struct due_item *i =
        due_add(l, "seal", done(&h->dates, "seal"), h->begin_ms, h->policy->due[BG_DUE_SEAL]);

    if (i == NULL)
        return;
    if (i->last_ms == 0) /* the key has just left the host */
        i->due_ms = h->begin_ms + (int64_t)h->policy->due[BG_DUE_SEAL] * DUE_DAY_MS;
    SAY(i, why, "verify the journal with the key that was written down when it was sealed");
    SAY(i, next, "breakglass journal verify --key FILE");
}

/* What somebody who left had: a day from then. */
static void add_left(void *arg, const struct bg_person *who, const char *account, const char *what)
{
    struct host *h = arg;
    struct due_item *i;
    char id[BG_DATE_ITEM];

    (void)snprintf(id, sizeof id, "left %.31s %.31s %.40s", who->id, account, what);
    if ((i = add(h->list, account, id, bg_time_or_never(who->left), h->begin_ms, 1)) == NULL)
        return;
    SAY(i, why, "%s left: %s%s%s is to be replaced", bg_person_name(who), what,
        *account != '\0' ? " of " : "", account);
    if (*account == '\0')
        SAY(i, next, "breakglass safe change %s --changed --by NAME",
            strchr(what, ' ') != NULL ? strchr(what, ' ') + 1 : what);
    else
        SAY(i, next, "breakglass rotate %s", account);
}

/* --- all of it -------------------------------------------------------------------------------- */

static void unreadable(const char *path, enum bg_err r, const struct bg_ini_error *e)
{
    if (r == BG_E_SYNTAX)
        ui_finding(BG_M_DUE_SYNTAX, BG_ARGS(path, BG_DIGITS(e->line), e->text));
    else if (r != BG_OK && r != BG_E_NOENT)
        ui_finding(BG_M_DUE_UNREADABLE, BG_ARGS(path, bg_strerror(r)));
}

static void load_account(struct host *h, const char *name)
{
    struct of_account *a = &h->of[h->n];
    struct bg_envelopes *e = &h->envelopes[h->n];
    struct bg_ini_error fault = {0};
    char path[256];
    enum bg_err r;
    bool readable;

    memset(a, 0, sizeof *a);
    ui_quiet(h->quiet);
    readable = rows_credential(name, false, &a->credential);
    ui_quiet(false);
    if (!readable)
        return;
    a->name = name;
    a->policy = h->policy;
    a->dates = &h->dates;
    if (bg_life_heal(NULL, NULL, name, &a->life) != BG_OK)
        memset(&a->life, 0, sizeof a->life);
    a->begin_ms = begun(&a->credential, &a->life);
    (void)snprintf(path, sizeof path, "%s/%s", BG_ENVELOPES_DIR, name);
    r = bg_envelopes_load(BG_ENVELOPES_DIR, name, e, &fault);
    unreadable(path, r, &fault);
    if (r != BG_OK)
        e->n = 0;
    h->begin_ms = h->n == 0 || a->begin_ms < h->begin_ms ? a->begin_ms : h->begin_ms;
    h->account[h->n] = (struct bg_custody_account){name, &a->credential, e};
    h->n++;
}

static void load_host(struct host *h, const struct account_rows *rows)
{
    struct bg_ini_error fault = {0};
    enum bg_err r;

    if (bg_dates_load(NULL, NULL, &h->dates) != BG_OK)
        h->dates.n = 0;
    r = bg_people_load(BG_PEOPLE_PATH, &h->people, &fault);
    unreadable(BG_PEOPLE_PATH, r, &fault);
    if (r != BG_OK)
        memset(&h->people, 0, sizeof h->people);
    r = bg_safes_load(BG_SAFES_PATH, &h->safes, &fault);
    unreadable(BG_SAFES_PATH, r, &fault);
    if (r != BG_OK)
        memset(&h->safes, 0, sizeof h->safes);
    for (size_t i = 0; i < rows->n; i++)
        if (rows->row[i].wrong[0] == '\0')
            load_account(h, rows->row[i].name);
}

/* An account that nothing opens has no dates yet. */
static bool is_begun(const struct bg_credential *c)
{
    return c->has_shares || c->has_password || c->key_count > 0 || c->ssh_count > 0;
}

static bool is_gathered(const struct host *h, const char *account)
{
    for (size_t i = 0; i < h->n; i++)
        if (is_begun(&h->of[i].credential) && strcmp(h->of[i].name, account) == 0)
            return true;
    return false;
}

/* What was used is reviewed, also when it is no account any more, or nothing opens it, or nobody can read its
 * files. */
static void add_other_reviews(const struct host *h, struct due_list *l)
{
    static char kept[BG_LIFE_ACCOUNTS][64];
    static struct of_account a;

    a.policy = h->policy;
    for (size_t n = bg_life_accounts(NULL, NULL, kept, BG_LIFE_ACCOUNTS); n > 0; n--) {
        a.name = kept[n - 1];
        if (!is_gathered(h, a.name) && bg_life_heal(NULL, NULL, a.name, &a.life) == BG_OK)
            add_reviews(l, &a);
    }
}

static void gather(struct host *h, int64_t changed, struct due_list *l)
{
    struct bg_custody all = {h->account, h->n, &h->people, &h->safes};
    bool any = false;

    for (size_t i = 0; i < h->n; i++) {
        if (!is_begun(&h->of[i].credential))
            continue;
        any = true;
        h->of[i].changed_ms = changed;
        add_account(l, &h->of[i]);
        add_envelopes(l, &h->of[i], &h->envelopes[i]);
    }
    add_other_reviews(h, l);
    if (!any)
        return;
    for (unsigned i = 0; BG_WITH_ALERT && i < h->policy->sinks.n; i++)
        due_add_sink(l, h->policy, &h->dates, &h->policy->sinks.sink[i], h->begin_ms);
    add_people(l, h);
    add_verification(l, h);
    h->list = l;
    bg_leavers_due(&all, add_left, h);
}

static int by_date(const void *a, const void *b)
{
    const struct due_item *x = a, *y = b;

    return x->due_ms != y->due_ms ? (x->due_ms > y->due_ms) - (x->due_ms < y->due_ms) : strcmp(x->id, y->id);
}

bool due_gather(const struct bg_policy *p, bool host, struct due_list *out)
{
    static struct account_rows rows;
    struct host *h = calloc(1, sizeof *h);
    bool good = false;

    memset(out, 0, sizeof *out);
    if (h == NULL || (h->envelopes = calloc(ROWS_MAX, sizeof *h->envelopes)) == NULL)
        goto out;
    h->policy = p;
    h->quiet = !host;
    ui_quiet(h->quiet);
    good = rows_load(&rows);
    ui_quiet(false);
    if (good) {
        load_host(h, &rows);
        gather(h, host ? due_host_changed() : due_host_known(), out);
        if (out->n > 0)
            qsort(out->item, out->n, sizeof *out->item, by_date);
    }
    good = true;
out:
    for (size_t i = 0; h != NULL && i < h->n; i++)
        bg_credential_free(&h->of[i].credential);
    if (h != NULL)
        free(h->envelopes);
    free(h);
    if (!good)
        due_free(out);
    return good;
}

void due_free(struct due_list *l)
{
    free(l->item);
    memset(l, 0, sizeof *l);
}
