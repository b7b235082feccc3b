/*
 * The JSON of one event: CloudEvents 1.0 structured mode around an OCSF 1.8 Authentication (3002) object.
 * jansson writes it: it keeps the order of insertion, so the members stand where a reader expects them.
 */
#ifndef BG_RECORD_RENDER_H
#define BG_RECORD_RENDER_H

#include <jansson.h>
#include "base/err.h"
#include "record/event.h"

/* How serious each kind is, and what OCSF calls it. Static storage; NULL for an unknown type. */
struct bg_event_kind {
    const char *name;  /* "use.granted" */
    const char *type;  /* "org.breakglass.use.granted.v1" */
    int activity;      /* OCSF activity_id: 1 logon, 2 logoff, 99 other */
    const char *level; /* OpenTelemetry severity text and number, OCSF severity_id */
    int level_number, severity;
};
const struct bg_event_kind *bg_event_kind(enum bg_event_type t);

/*
 * A fresh object (the caller drops it with json_decref) with an id and a time of its own. journalid, sequence
 * and prevhash are reserved as empty strings: record/chain.h fills them. Hostile text is cleaned and capped
 * here. BG_E_RANGE for an unknown type, BG_E_CRYPTO without random bytes, BG_E_NOMEM.
 */
BG_MUST_CHECK enum bg_err bg_event_render(const struct bg_event *e, json_t **out);

/* Note in a rendered event which record was refused, and why. Best effort. */
void bg_event_degrade(json_t *ev, const char *why);

/* The object data.unmapped.breakglass of an event, borrowed; NULL when it is not there. */
json_t *bg_event_own(const json_t *ev);

/* A string member, or "" when it is missing or something else; borrowed. */
const char *bg_json_str(const json_t *o, const char *key);

#endif
