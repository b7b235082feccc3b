/* SPDX-License-Identifier: ISC */
#include "alert/owed.h"

#include <stdlib.h>
#include <string.h>
#include "alert/alert.h"
#include "base/clock.h"

static void give_up(struct owed *w)
{
    free(w->mail);
    memset(w, 0, sizeof *w);
}

void owed_add(struct owing *o, char *mail, size_t len, unsigned to)
{
    struct owed *w = NULL;

    for (struct owed *x = o->of; x < o->of + OWED_MAX; x++)
        if (!x->busy && (w == NULL || x->mail == NULL || (w->mail != NULL && x->since < w->since)))
            w = x;
    if (w == NULL) { /* all are being sent, which no sink can */
        free(mail);
        return;
    }
    give_up(w);
    *w = (struct owed){.mail = mail, .len = len, .to = to, .since = bg_now_ms()};
    w->due = bg_deadline(backoff_ms(1, 0));
}

struct owed *owed_due(struct owing *o)
{
    for (struct owed *w = o->of; w < o->of + OWED_MAX; w++)
        if (w->mail != NULL && !w->busy && bg_left_ms(w->due) == 0)
            return w;
    return NULL;
}

void owed_tried(struct owed *w, unsigned to)
{
    w->busy = false;
    w->to = to;
    w->tries++;
    if (to == 0 || bg_now_ms() - w->since >= OWED_LAST) {
        give_up(w);
        return;
    }
    w->due = bg_deadline(backoff_ms(w->tries + 1, 0)); /* as for a mail that nobody got */
}

void owed_clear(struct owing *o)
{
    for (struct owed *w = o->of; w < o->of + OWED_MAX; w++)
        give_up(w);
}
