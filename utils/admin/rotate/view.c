/* SPDX-License-Identifier: ISC */
#include "admin/rotate/rotate.h"

#include <string.h>
#include "admin/messages.h"
#include "admin/rows.h"
#include "admin/ui.h"
#include "base/clock.h"
#include "config/separation.h"
#include "record/event.h"

struct rotate_view rotate_view;
struct rotate_wish rotate_wish = {.by = ""};

#define V rotate_view

/* --- reading -------------------------------------------------------------------------------------------- */

static bool load_rotation(const char *account)
{
    struct bg_ini_error bad = {0};
    enum bg_err r = bg_rotation_load(BG_CREDENTIALS_DIR, account, &V.r, &bad);

    V.begun = r == BG_OK;
    return r == BG_OK || r == BG_E_NOENT || rows_sound(BG_CREDENTIALS_DIR "/*.next", r, &bad);
}

static bool load_people(void)
{
    struct bg_ini_error bad = {0};
    enum bg_err r = bg_people_load(BG_PEOPLE_PATH, &V.people, &bad);

    if (r != BG_OK)
        memset(&V.people, 0, sizeof V.people);
    return r == BG_E_NOENT || rows_sound(BG_PEOPLE_PATH, r, &bad);
}

/* A journal that cannot be read keeps nobody from replacing what opens the account. */
static void load_life(const char *account)
{
    enum bg_err r = bg_life_load(NULL, NULL, account, &V.life);

    memset(&V.keys, 0, sizeof V.keys);
    if (r != BG_OK)
        memset(&V.life, 0, sizeof V.life);
    else if (bg_life_unrotated(&V.life) != NULL)
        r = bg_keys_used(NULL, NULL, &V.life, &V.keys);
    if (r != BG_OK)
        ui_warning(BG_M_ROTATE_USES, BG_ARGS(account, bg_strerror(r)));
}

static bool has_opened(const void *arg, const char *label, const char *since)
{
    return bg_keys_used_since(arg, label, since);
}

void rotate_count(void)
{
    V.items = V.begun ? bg_rotation_items(&V.r, &V.now, &V.people, has_opened, &V.keys, V.item) : 0;
}

bool rotate_look(const char *account)
{
    V.account = account;
    if (!load_people() || !load_rotation(account) || !rows_credential(account, false, &V.now))
        return false;
    load_life(account);
    V.in_force = V.begun && bg_rotation_in_force(&V.r, &V.now);
    rotate_count();
    return true;
}

unsigned rotate_open(void)
{
    unsigned open = 0;

    for (size_t i = 0; i < V.items; i++)
        open += V.item[i].need != BG_ROTATION_DONE;
    return open;
}

enum admin_exit rotate_is_begun(void)
{
    if (!V.begun)
        ui_finding(BG_M_ROTATE_NONE, BG_ARGS(V.account));
    else if (V.in_force)
        ui_finding(BG_M_ROTATE_IN_FORCE, BG_ARGS(V.account));
    return V.begun && !V.in_force ? ADMIN_GOOD : ADMIN_FINDING;
}

/* --- who may -------------------------------------------------------------------------------------------- */

/* Where it cannot be read its defaults count: the rule is on. */
static const struct bg_policy *policy(void)
{
    static struct bg_policy p;
    struct bg_faults faults;

    (void)!bg_policy_load(BG_POLICY_PATH, &p, &faults);
    return &p;
}

enum admin_exit rotate_may(const char *by)
{
    const struct bg_policy *p = policy();

    if (by[0] == '\0' && bg_life_unrotated(&V.life) != NULL) {
        ui_finding(BG_M_ROTATE_WHO, BG_ARGS(V.account));
        return ADMIN_USAGE;
    }
    for (size_t i = 0; p->rule[BG_RULE_ROTATOR] && i < V.life.uses; i++) {
        const struct bg_life_use *u = &V.life.use[i];
        if (!u->rotated && !bg_rule_rotator(&V.people, u->claimed, by)) {
            ui_finding(BG_M_ROTATE_SAME, BG_ARGS(by, V.account, u->id));
            return ADMIN_FINDING;
        }
    }
    return ADMIN_GOOD;
}

/* --- showing -------------------------------------------------------------------------------------------- */

static const char *const needs[] = {"done", "verify", "test", "replace"};

static void show_item(const struct bg_rotation_item *i)
{
    static const char *const says[] = {"done", "to be typed back", "to be tested", "to be replaced"};

    static const char *const tests[] = {"", " --text", " --ssh"};

    ui_text("  %-22s %s%s%s%s%s\n", i->name, says[i->need], i->why[0] != '\0' ? ": " : "", i->why,
            i->custodian[0] != '\0' ? ", kept by " : "", i->custodian);
    if (i->need == BG_ROTATION_TEST)
        ui_text("  %-22s breakglass key test %s%s\n", "", V.account, tests[i->test]);
}

void rotate_show(void)
{
    if (!V.begun) {
        ui_text("%s: no rotation is under way.\n", V.account);
        return;
    }
    ui_text("%s: rotation begun %.16s%s%s, %s.\n", V.account, V.r.started, V.r.by[0] != '\0' ? " by " : "",
            V.r.by, V.in_force ? "and the new credentials open it" : "and the old credentials still open it");
    for (size_t i = 0; i < V.items; i++)
        show_item(&V.item[i]);
}

json_t *rotate_json(void)
{
    json_t *o = json_pack("{s:s, s:b}", "account", V.account, "begun", V.begun), *items = json_array();

    if (V.begun)
        (void)json_object_update_new(o, json_pack("{s:s, s:s, s:s, s:b, s:i}", "started", V.r.started, "by",
                                                  V.r.by, "id", V.r.id, "in_force", V.in_force,
                                                  "missing_items", (int)rotate_open()));
    for (size_t i = 0; i < V.items; i++)
        (void)json_array_append_new(items, json_pack("{s:s, s:s, s:s, s:s}", "item", V.item[i].name, "need",
                                                     needs[V.item[i].need], "custodian", V.item[i].custodian,
                                                     "why", V.item[i].why));
    (void)json_object_set_new(o, "items", items);
    return o;
}

/* --- for "status" --------------------------------------------------------------------------------------- */

json_t *rotate_known(const char *account)
{
    return load_rotation(account) && V.begun && rotate_look(account) && V.begun ? rotate_json() : json_null();
}

void rotate_print_line(const json_t *o)
{
    if (json_is_null(o))
        return;
    if (json_is_true(json_object_get(o, "in_force")))
        ui_text("     rotation begun %.10s, and the new ones open: rotate finish ends it\n",
                bg_json_str(o, "started"));
    else
        ui_text("     rotation begun %.10s, %d not done yet: rotate status\n", bg_json_str(o, "started"),
                (int)json_integer_value(json_object_get(o, "missing_items")));
}

void rotate_find_late(const json_t *o)
{
    unsigned hours = policy()->due[BG_DUE_ROTATION];
    int64_t begun;

    if (!json_is_null(o) && hours != 0 && bg_time_read(bg_json_str(o, "started"), &begun) &&
        bg_wall_ms() - begun > (int64_t)hours * 3600000)
        ui_finding(BG_M_ROTATE_LATE, BG_ARGS(bg_json_str(o, "account"), bg_json_str(o, "started")));
}
