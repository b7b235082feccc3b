/* SPDX-License-Identifier: ISC */
/* All that the controls are judged by, read once. */
#include "admin/compliance/compliance.h"

#include <stdlib.h>
#include <string.h>
#include "admin/messages.h"
#include "admin/ui.h"
#include "base/clock.h"

#define DAY_MS INT64_C(86400000)

/* The newest drill of the account that has ended. */
static struct drill *ended_drill(const struct facts *f, const char *account)
{
    unsigned at = f->past.n;
    const struct past_event *e = past_before(&f->past, BG_EV_DRILL_CLOSED, account, &at);
    struct drill *d = e == NULL ? NULL : calloc(1, sizeof *d);

    if (d != NULL && (e->drill[0] == '\0' || drill_read(e->drill, d) != ADMIN_GOOD)) {
        free(d);
        return NULL;
    }
    return d;
}

static struct drill *year_of(const struct facts *f, const char *account)
{
    struct drill *d = f->past.known ? calloc(1, sizeof *d) : NULL;

    if (d != NULL && !drill_since(account, f->now - COMPLIANCE_DAYS * DAY_MS, d)) {
        free(d);
        return NULL;
    }
    return d;
}

static void gather_account(struct facts *f, size_t at)
{
    struct account_facts *a = &f->account[at];

    a->name = f->custody->account[at].name;
    a->row = rows_find(&f->rows, a->name);
    a->credential = f->custody->credential[at];
    a->envelopes = f->custody->envelopes[at];
    a->life_known = bg_life_heal(NULL, NULL, a->name, &a->life) == BG_OK;
    a->drill = ended_drill(f, a->name);
    a->year = year_of(f, a->name);
}

struct facts *facts_gather(void)
{
    struct facts *f = calloc(1, sizeof *f);

    if (f == NULL || (f->custody = custody_load(true)) == NULL) {
        ui_finding(BG_M_COMPLIANCE_MEMORY, BG_NOARGS);
        free(f);
        return NULL;
    }
    f->now = bg_wall_ms();
    f->policy = &f->custody->policy;
    if (!rows_load(&f->rows)) {
        facts_free(f);
        return NULL;
    }
    past_read(f->now, &f->past);
    for (size_t i = 0; i < f->custody->c.n; i++)
        gather_account(f, i);
    f->n = f->custody->c.n;
    f->due_known = due_gather(f->policy, false, &f->due);
    lint_run(&f->lint);
    return f;
}

void facts_free(struct facts *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < f->n; i++) {
        free(f->account[i].drill);
        free(f->account[i].year);
    }
    due_free(&f->due);
    custody_free(f->custody);
    free(f);
}
