/* SPDX-License-Identifier: ISC */
#include "admin/drill/drill.h"

#include <string.h>
#include "admin/messages.h"
#include "admin/rows.h"
#include "admin/ui.h"
#include "config/people.h"

enum admin_exit drill_mark(const struct drill *d, const char *step, bool done, const char *why,
                           const char *by, const char *seen_by, const char *use)
{
    struct bg_event e = BG_EVENT_INIT;
    char text[BG_MSG_MAX];

    (void)bg_msg_raw(text, sizeof text, done ? BG_M_DRILL_EV_STEP : BG_M_DRILL_EV_LEFT_OUT,
                     BG_ARGS(step, why));
    e.type = BG_EV_DRILL_STEP;
    e.success = done;
    e.account = d->account;
    e.drill = d->id;
    e.item = step;
    e.detail = why;
    e.by = by;
    e.claimed = seen_by;
    e.use = use;
    e.message = text;
    return report_first_event(&e) ? ADMIN_GOOD : ADMIN_CANNOT;
}

bool drill_is_name(const char *value)
{
    size_t n = strlen(value);
    bool hostile;

    return n > 0 && n < BG_LIFE_NAME && value[0] != ' ' && value[n - 1] != ' ' &&
           bg_text_letters(value, &hostile) > 0 && !hostile;
}

/* Without a list nobody can be looked up; a list that cannot be read is a finding of its own. */
bool drill_person(const char *said, char name[BG_LIFE_NAME])
{
    static struct bg_people people;
    struct bg_ini_error e;
    const struct bg_person *p;
    enum bg_err r = bg_people_load(BG_PEOPLE_PATH, &people, &e);

    (void)snprintf(name, BG_LIFE_NAME, "%s", said);
    if (r == BG_E_NOENT || (r == BG_OK && people.n == 0))
        return true;
    if (r != BG_OK) {
        ui_finding(BG_M_DRILL_PEOPLE, BG_ARGS(BG_PEOPLE_PATH, r == BG_E_SYNTAX ? e.text : bg_strerror(r)));
        return false;
    }
    p = bg_people_find(&people, said);
    if (p == NULL || p->left[0] != '\0') {
        ui_finding(p == NULL ? BG_M_DRILL_UNKNOWN : BG_M_DRILL_GONE, BG_ARGS(said));
        return false;
    }
    (void)snprintf(name, BG_LIFE_NAME, "%s", bg_person_name(p));
    return true;
}
