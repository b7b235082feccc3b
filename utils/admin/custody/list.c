/* SPDX-License-Identifier: ISC */
/* breakglass envelope list */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "admin/admin.h"
#include "admin/custody/custody.h"
#include "admin/ui.h"

static void put(json_t *o, const char *key, const char *value)
{
    if (value[0] != '\0')
        (void)json_object_set_new(o, key, json_string(value));
}

static json_t *comma_json(const char *list)
{
    json_t *a = json_array();
    char one[BG_PERSON_NAME];

    while (bg_comma_next(&list, one, sizeof one))
        (void)json_array_append_new(a, json_string(one));
    return a;
}

static json_t *envelope_json(const struct custody *k, const char *account, const struct bg_envelope *e)
{
    json_t *o =
        json_pack("{s:s, s:s, s:s, s:s, s:o}", "account", account, "envelope", e->id, "status",
                  bg_envelope_status_name(e->status), "seal", e->seal, "contents", comma_json(e->holds));

    if (e->set[0] != '\0')
        (void)json_object_set_new(o, "set_id", json_integer(atoi(e->set)));
    put(o, "custodian", e->custodian);
    put(o, "safe", e->safe);
    put(o, "site", bg_envelope_site(e, &k->safes));
    put(o, "sealed", e->sealed);
    put(o, "sealed_by", e->sealed_by);
    put(o, "seen_by", e->seen_by);
    put(o, "inspected", e->inspected);
    put(o, "inspected_by", e->inspected_by);
    put(o, "photo", e->photo);
    put(o, "opened", e->opened);
    put(o, "opened_by", e->opened_by);
    put(o, "opened_use", e->opened_use);
    put(o, "tampered", e->tampered);
    (void)json_object_set_new(o, "old_seals", comma_json(e->old_seals));
    return o;
}

void envelope_told(const struct custody *k, size_t at, const struct bg_envelope *e, json_t *root)
{
    (void)json_object_set_new(root, "envelopes", json_pack("[o]", envelope_json(k, k->account[at].name, e)));
}

static void show(const struct custody *k, const char *account, const struct bg_envelope *e)
{
    const char *site = bg_envelope_site(e, &k->safes);

    ui_text("%-12s %-12s %-9s %-12s %s%s%s\n", account, e->id, bg_envelope_status_name(e->status), e->seal,
            e->custodian, e->custodian[0] != '\0' && e->safe[0] != '\0' ? ", " : "",
            e->safe[0] != '\0' ? e->safe : "");
    ui_text("             holds %s%s%s\n", e->holds, site[0] != '\0' ? "; at " : "", site);
    ui_text("             sealed %.10s by %s, seen by %s\n", e->sealed, e->sealed_by, e->seen_by);
    if (e->inspected[0] != '\0')
        ui_text("             inspected %.10s by %s\n", e->inspected, e->inspected_by);
    if (e->opened[0] != '\0')
        ui_text("             opened %.10s by %s%s%s\n", e->opened, e->opened_by,
                e->opened_use[0] != '\0' ? " for " : ", for no use", e->opened_use);
    if (e->tampered[0] != '\0')
        ui_text("             TAMPERED WITH, known since %.10s\n", e->tampered);
}

enum admin_exit envelope_list(char *const words[], json_t *root)
{
    struct custody *k = custody_load(false);
    json_t *list = json_array();

    (void)json_object_set_new(root, "envelopes", list);
    if (k == NULL)
        return ADMIN_CANNOT;
    ui_text("ACCOUNT      ENVELOPE     STATUS    SEAL         KEPT\n");
    for (size_t i = 0; i < k->c.n; i++)
        for (unsigned n = 0; (words[0] == NULL || strcmp(words[0], k->account[i].name) == 0) &&
                             k->envelopes[i] != NULL && n < k->envelopes[i]->n;
             n++) {
            const struct bg_envelope *e = &k->envelopes[i]->envelope[n];
            show(k, k->account[i].name, e);
            (void)json_array_append_new(list, envelope_json(k, k->account[i].name, e));
        }
    custody_free(k);
    return ADMIN_GOOD;
}
