/* SPDX-License-Identifier: ISC */
/* What status says of the seal: is the next line going to carry one? */
#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include "admin/admin.h"
#include "admin/journal/journal.h"
#include "admin/ui.h"
#include "base/clock.h"
#include "base/secret.h"
#include "record/chain.h"
#include "record/journal.h"
#include "record/lines.h"
#include "record/messages.h"
#include "record/seal.h"

#define AGAIN_MS 50 /* a writer is through with the file by then */

static bool note_begun(void *arg, const struct bg_rawline *l)
{
    bool *begun = arg;
    char name[BG_SEAL_NAME_LEN + 1];
    uint64_t start;

    if (l->whole)
        *begun = bg_seal_begins(l->text, l->len, name, &start);
    return true;
}

/* A first seal that began behind the last line has sealed none yet. */
static bool was_sealed(const struct bg_verify *v)
{
    bool begun = false;

    if (v->sealed > 0)
        return true;
    (void)!bg_lines_walk(BG_JOURNAL_DIR, 2 * (off_t)BG_LINE_MAX, note_begun, &begun);
    return begun;
}

/* As the next append will find it. The journal may have grown since it was read, and a power cut may have
 * taken lines whose numbers are not given again: the file knows both. */
static void look(struct bg_seal_writer *w, const struct bg_verify *v, bool sealed)
{
    struct bg_chain end = {.sealed = sealed};

    bg_seal_open(w, BG_JOURNAL_DIR, sealed);
    memcpy(end.last.journalid, v->journalid, sizeof end.last.journalid);
    end.last.sequence = v->head_sequence;
    if (w->fault == BG_SEAL_SOUND && w->state.last.sequence > v->head_sequence)
        end.last.sequence = w->state.last.sequence;
    bg_seal_catch_up(w, BG_JOURNAL_DIR, &end, 0);
}

static json_t *tell(const struct bg_seal_writer *w, bool sealed, bool aloud)
{
    const struct bg_seal *s = &w->state.now;

    if (w->fault == BG_SEAL_SOUND) {
        if (aloud)
            ui_text("The journal is sealed from line %" PRIu64 " on, seal %s.\n", s->start, s->name);
        return json_pack("{s:s, s:I, s:s}", "state", "sealed", "first_line", (json_int_t)s->start,
                         "seal_name", s->name);
    }
    if (!sealed) {
        if (aloud)
            ui_text("The journal is not sealed.\n");
        return json_pack("{s:s}", "state", "none");
    }
    ui_finding(BG_M_SEAL_GONE, BG_ARGS(bg_seal_fault_text(w->fault)));
    return json_pack("{s:s, s:s}", "state", "lost", "problem", bg_seal_fault_text(w->fault));
}

void sealed_look(const struct bg_verify *v, json_t *root, bool aloud)
{
    static struct bg_seal_writer w; /* large */
    bool sealed = was_sealed(v);

    look(&w, v, sealed);
    if (w.fault != BG_SEAL_SOUND && w.fault != BG_SEAL_NONE) {
        bg_sleep_ms(AGAIN_MS);
        look(&w, v, sealed);
    }
    (void)json_object_set_new(root, "journal_seal", tell(&w, sealed, aloud));
    bg_wipe(&w, sizeof w);
}
