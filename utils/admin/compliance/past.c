/* SPDX-License-Identifier: ISC */
/* The journal, read once for all controls. */
#include "admin/compliance/compliance.h"

#include <string.h>
#include "record/journal.h"
#include "record/lines.h"
#include "record/retell.h"

#define DAY_MS     INT64_C(86400000)
#define LINES_EACH 256 /* between two looks at the clock */

static const enum bg_event_type kept[] = {
    BG_EV_ALERT_CONFIRMED, BG_EV_ALERT_UNREACHED,   BG_EV_SESSION_UNGRANTED,    BG_EV_SESSION_EXTENDED,
    BG_EV_DRILL_CLOSED,    BG_EV_ROTATE_STARTED,    BG_EV_ROTATE_STEP,          BG_EV_ROTATE_DONE,
    BG_EV_ENVELOPE_SEALED, BG_EV_ENVELOPE_TAMPERED, BG_EV_REVIEW_OPENED,        BG_EV_REVIEW_CLOSED,
    BG_EV_PEOPLE_REVIEWED, BG_EV_HOST_CHANGED,      BG_EV_CREDENTIAL_INSPECTED,
};

struct reading {
    struct past *past;
    int64_t from_ms, deadline;
    unsigned lines;
    bool late;
};

static void keep(char *to, size_t cap, const char *from)
{
    bg_text_again(to, cap, from);
}

static void keep_ulid(char to[BG_ULID_LEN + 1], const char *from)
{
    if (bg_ulid_valid(from))
        memcpy(to, from, BG_ULID_LEN + 1);
}

static void take(struct past *p, enum bg_event_type type, const json_t *ev, int64_t at)
{
    const json_t *own = bg_event_own(ev);
    struct past_event *e;

    if (p->n == PAST_MAX)
        memmove(&p->event[0], &p->event[1], --p->n * sizeof p->event[0]);
    e = &p->event[p->n++];
    memset(e, 0, sizeof *e);
    e->type = type;
    e->success = json_integer_value(json_object_get(json_object_get(ev, "data"), "status_id")) == 1;
    e->at_ms = at;
    keep_ulid(e->id, bg_json_str(ev, "id"));
    keep_ulid(e->use, bg_json_str(own, "use"));
    keep_ulid(e->drill, bg_json_str(own, "drill_id"));
    keep(e->account, sizeof e->account, bg_json_str(ev, "subject"));
    keep(e->by, sizeof e->by, bg_json_str(own, "by"));
    keep(e->detail, sizeof e->detail, bg_json_str(own, "detail"));
}

static enum bg_event_type type_of(const struct bg_rawline *l)
{
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (bg_line_has(l, "type", bg_event_kind(kept[i])->type))
            return kept[i];
    return bg_line_has(l, "type", bg_event_kind(BG_EV_HEARTBEAT)->type) ? BG_EV_HEARTBEAT : 0;
}

static bool see(void *arg, const struct bg_rawline *l)
{
    struct reading *r = arg;
    enum bg_event_type type;
    json_t *ev;
    int64_t at;

    if (r->lines++ % LINES_EACH == 0 && bg_left_ms(r->deadline) == 0) {
        r->late = true;
        return false;
    }
    if ((type = type_of(l)) == 0 || (ev = bg_retell_event(l)) == NULL)
        return true;
    at = json_integer_value(json_object_get(json_object_get(ev, "data"), "time"));
    if (type == BG_EV_HEARTBEAT) {
        r->past->heartbeat_ms = at;
        keep_ulid(r->past->heartbeat, bg_json_str(ev, "id"));
    } else if (at >= r->from_ms) {
        take(r->past, type, ev, at);
    }
    json_decref(ev);
    return true;
}

void past_read(int64_t now, struct past *out)
{
    struct reading r = {out, now - COMPLIANCE_DAYS * DAY_MS, bg_deadline(PAST_MS), 0, false};
    enum bg_err e = bg_lines_walk(BG_JOURNAL_DIR, 0, see, &r);

    if (e == BG_OK && !r.late)
        (void)!bg_lines_walk(BG_FALLBACK_DIR, 0, see, &r);
    out->known = e == BG_OK && !r.late;
    (void)snprintf(out->why, sizeof out->why, "%s", r.late ? "it takes too long" : bg_strerror(e));
}

const struct past_event *past_before(const struct past *p, enum bg_event_type type, const char *account,
                                     unsigned *at)
{
    while (*at > 0) {
        const struct past_event *e = &p->event[--*at];
        if (e->type == type && (account == NULL || strcmp(e->account, account) == 0))
            return e;
    }
    return NULL;
}
