/* SPDX-License-Identifier: ISC */
/* breakglass envelope open | inspect: seals that are broken, or are to be whole. */
#include <stdio.h>
#include <string.h>
#include "admin/admin.h"
#include "admin/custody/custody.h"
#include "admin/messages.h"
#include "admin/ui.h"
#include "record/life.h"

#define MESSAGE_MAX 512

static struct {
    const char *by, *use, *seal;
    bool broken;
} wish;

const struct command_option open_options[] = {
    {"by", "NAME", "who opened it", .text = &wish.by},
    {"use", "ID", "the use or drill that it was opened for", .text = &wish.use},
    {0},
};
const struct command_option inspect_options[] = {
    {"by", "NAME", "who looks at it", .text = &wish.by},
    {"seal", "NUMBER", "the number on its seal, as it was read", .text = &wish.seal},
    {"broken", NULL, "its seal is broken or missing", .flag = &wish.broken},
    {0},
};

#define TAKE(to, from) (void)snprintf(to, sizeof(to), "%s", from)

static bool is_sealed(const struct bg_envelope *e, const char *account)
{
    if (e->status != BG_ENVELOPE_SEALED)
        ui_finding(BG_M_CUS_STATUS, BG_ARGS(e->id, account, bg_envelope_status_name(e->status), "sealed"));
    return e->status == BG_ENVELOPE_SEALED;
}

/* The alarm of the highest severity; the file remembers it until the envelope has a new content. what: "was
 * opened, and there is no use for it". */
static enum admin_exit tampered(struct custody *k, size_t at, struct bg_envelope *e, const char *by,
                                const char *what, json_t *root)
{
    const char *account = k->account[at].name;
    char message[MESSAGE_MAX] = "";
    struct bg_event ev = custody_event(BG_EV_ENVELOPE_TAMPERED, account, by, message);
    enum admin_exit x;

    (void)snprintf(message, sizeof message, "envelope %s %s", e->id, what);
    ev.success = false;
    ev.envelope = e->id;
    ev.seal = e->seal;
    (void)bg_time_rfc3339(e->tampered);
    x = custody_keep(k, at, &ev);
    ui_finding(BG_M_CUS_TAMPERED, BG_ARGS(e->id, account, what));
    (void)json_object_set_new(root, "alarm", json_true());
    envelope_told(k, at, e, root);
    return x == ADMIN_GOOD ? ADMIN_FINDING : x;
}

/* --- open ------------------------------------------------------------------------------------- */

/* Was it not before that time of our files? "" is before everything. */
static bool is_after(int64_t wall_ms, const char *time)
{
    return wall_ms >= bg_time_or_never(time);
}

/* What an envelope that was whole then can have been opened for now; "": nothing that is known. */
static const char *use_for(const struct bg_life *l, const struct bg_envelope *e)
{
    const struct bg_life_use *newest = l->uses > 0 ? &l->use[l->uses - 1] : NULL;
    const char *drill = bg_life_in_drill(l, bg_wall_ms());

    if (drill != NULL)
        return drill;
    if (newest != NULL && is_after(newest->granted_ms, e->sealed) &&
        is_after(newest->granted_ms, e->inspected))
        return newest->id;
    return l->rotating; /* "" when none goes on */
}

/* Is that the id of something that it can be opened for? */
static bool is_known(const struct bg_life *l, const char *id)
{
    return bg_life_use(l, id) != NULL || (id[0] != '\0' && strcmp(l->drill.id, id) == 0) ||
           (id[0] != '\0' && strcmp(l->rotating, id) == 0);
}

static void is_open_now(struct bg_envelope *e, const char *by, const char *use)
{
    e->status = BG_ENVELOPE_OPEN;
    (void)bg_time_rfc3339(e->opened);
    TAKE(e->opened_by, by);
    TAKE(e->opened_use, use);
}

static enum admin_exit keep_opened(struct custody *k, size_t at, struct bg_envelope *e,
                                   const struct bg_life *l, json_t *root)
{
    const char *account = k->account[at].name;
    char message[MESSAGE_MAX] = "";
    struct bg_event ev = custody_event(BG_EV_ENVELOPE_OPENED, account, e->opened_by, message);
    enum admin_exit x;

    (void)snprintf(message, sizeof message, "envelope %s was opened for %s; it holds %.300s", e->id,
                   e->opened_use, e->holds);
    ev.envelope = e->id;
    ev.seal = e->seal;
    *(strcmp(l->drill.id, e->opened_use) == 0 ? &ev.drill : &ev.use) = e->opened_use;
    if ((x = custody_keep(k, at, &ev)) != ADMIN_GOOD)
        return x;
    envelope_told(k, at, e, root);
    ui_text("Envelope %s of %s is open, for %s.\n", e->id, account, e->opened_use);
    return ADMIN_GOOD;
}

static enum admin_exit open_for(struct custody *k, size_t at, struct bg_envelope *e, const char *by,
                                const struct bg_life *l, json_t *root)
{
    const char *use = wish.use != NULL ? wish.use : use_for(l, e);

    if (wish.use != NULL && !is_known(l, wish.use)) { /* a slip of the hand is no alarm */
        ui_finding(BG_M_CUS_NO_USE, BG_ARGS(wish.use, k->account[at].name));
        return ADMIN_USAGE;
    }
    is_open_now(e, by, use);
    if (use[0] == '\0')
        return tampered(k, at, e, by, "was opened, and no use or drill is on record that it was opened for",
                        root);
    return keep_opened(k, at, e, l, root);
}

enum admin_exit envelope_open(char *const words[], json_t *root)
{
    static struct bg_life life;
    char buffer[BG_PERSON_NAME];
    enum admin_exit x = ADMIN_FINDING;
    struct bg_envelope *e;
    struct custody *k;
    const char *by;
    enum bg_err r;
    size_t at;

    if (!custody_need(&wish.by, "--by", "Who opened it? ", buffer, sizeof buffer))
        return ADMIN_USAGE;
    if ((r = bg_life_heal(NULL, NULL, words[0], &life)) != BG_OK) { /* nothing can be said of uses */
        ui_finding(BG_M_JOURNAL_UNREADABLE, BG_ARGS(BG_JOURNAL_DIR, bg_strerror(r)));
        return ADMIN_CANNOT;
    }
    if ((k = custody_begin(words[0])) == NULL)
        return ADMIN_CANNOT;
    at = custody_at(k, words[0]);
    if ((e = custody_envelope(k, at, words[1])) != NULL && custody_person(k, wish.by, "--by", NULL, &by) &&
        is_sealed(e, words[0]))
        x = open_for(k, at, e, by, &life, root);
    custody_free(k);
    return x;
}

/* --- inspect ---------------------------------------------------------------------------------- */

static enum admin_exit keep_inspected(struct custody *k, size_t at, struct bg_envelope *e, const char *by,
                                      json_t *root)
{
    const char *account = k->account[at].name;
    char message[MESSAGE_MAX] = "";
    struct bg_event ev = custody_event(BG_EV_ENVELOPE_INSPECTED, account, by, message);
    enum admin_exit x;

    (void)snprintf(message, sizeof message, "envelope %s was inspected: its seal has the number on file",
                   e->id);
    ev.envelope = e->id;
    ev.seal = e->seal;
    (void)bg_time_rfc3339(e->inspected);
    TAKE(e->inspected_by, by);
    e->tampered[0] = '\0'; /* it was read wrongly before: the seal is whole, and the alarm is on record */
    if ((x = custody_keep(k, at, &ev)) != ADMIN_GOOD)
        return x;
    envelope_told(k, at, e, root);
    ui_text("The number is right: envelope %s of %s is as it was sealed.\n", e->id, account);
    return ADMIN_GOOD;
}

/* Who sits there may have misread it, and reads it once more; nothing is locked meanwhile. */
static void read_again(char *const words[], char *buffer, size_t cap)
{
    struct custody *k = custody_load(false);
    size_t at = k == NULL ? 0 : custody_at(k, words[0]);
    const struct bg_envelope *e =
        k == NULL || k->envelopes[at] == NULL ? NULL : bg_envelope_find(k->envelopes[at], words[1]);

    if (e != NULL && e->status == BG_ENVELOPE_SEALED && !bg_seal_same(e->seal, wish.seal))
        (void)ui_ask_line("That is not the number on file. Read it once more: ", buffer, cap);
    custody_free(k);
}

static enum admin_exit inspect(struct custody *k, size_t at, struct bg_envelope *e, const char *by,
                               json_t *root)
{
    char what[MESSAGE_MAX / 2];

    if (wish.broken) {
        is_open_now(e, by, "");
        return tampered(k, at, e, by, "has a seal that is broken or missing", root);
    }
    if (bg_seal_same(e->seal, wish.seal))
        return keep_inspected(k, at, e, by, root);
    (void)snprintf(what, sizeof what,
                   "has a seal with another number than the one on file: \"%.64s\" was read", wish.seal);
    return tampered(k, at, e, by, what, root);
}

enum admin_exit envelope_inspect(char *const words[], json_t *root)
{
    char buffer[2][BG_PERSON_NAME];
    enum admin_exit x = ADMIN_FINDING;
    struct bg_envelope *e;
    struct custody *k;
    const char *by;
    size_t at;

    if (!custody_need(&wish.by, "--by", "Who looks at it? ", buffer[0], sizeof buffer[0]) ||
        (!wish.broken &&
         !custody_need(&wish.seal, "--seal", "Number on the seal: ", buffer[1], sizeof buffer[1])))
        return ADMIN_USAGE;
    if (wish.seal == buffer[1])
        read_again(words, buffer[1], sizeof buffer[1]);
    if ((k = custody_begin(words[0])) == NULL)
        return ADMIN_CANNOT;
    at = custody_at(k, words[0]);
    if ((e = custody_envelope(k, at, words[1])) != NULL && custody_person(k, wish.by, "--by", NULL, &by) &&
        is_sealed(e, words[0]))
        x = inspect(k, at, e, by, root);
    custody_free(k);
    return x;
}
