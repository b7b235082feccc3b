/* SPDX-License-Identifier: ISC */
/* breakglass rotate finish | abort */
#include <stdio.h>
#include <string.h>
#include "admin/messages.h"
#include "admin/rotate/rotate.h"
#include "admin/rows.h"
#include "admin/share/share.h"
#include "admin/ui.h"

#define V rotate_view

/* --- what nobody could show to work --------------------------------------------------------------------- */

static bool is_excused(const char *name)
{
    for (size_t i = 0; i < rotate_wish.excused; i++)
        if (strcmp(rotate_wish.excuse[i], name) == 0)
            return true;
    return false;
}

static bool is_item(const char *name)
{
    for (size_t i = 0; i < V.items; i++)
        if (strcmp(V.item[i].name, name) == 0)
            return true;
    return false;
}

static unsigned left_open(void)
{
    unsigned open = 0;

    for (size_t i = 0; i < V.items; i++)
        open += V.item[i].need != BG_ROTATION_DONE && !is_excused(V.item[i].name);
    return open;
}

static enum admin_exit check_excuses(void)
{
    for (size_t i = 0; i < rotate_wish.excused; i++)
        if (!is_item(rotate_wish.excuse[i])) {
            ui_finding(BG_M_ROTATE_NO_ITEM, BG_ARGS(rotate_wish.excuse[i]));
            return ADMIN_USAGE;
        }
    if (rotate_wish.excused > 0 && (rotate_wish.reason == NULL || rotate_wish.reason[0] == '\0')) {
        ui_finding(BG_M_ROTATE_REASON, BG_NOARGS);
        return ADMIN_USAGE;
    }
    if (left_open() == 0)
        return ADMIN_GOOD;
    rotate_show();
    ui_finding(BG_M_ROTATE_OPEN, BG_ARGS(BG_DIGITS(left_open()), V.account));
    return ADMIN_FINDING;
}

static bool record_excuses(void)
{
    for (size_t i = 0; i < V.items; i++) {
        char message[128];
        if (V.item[i].need == BG_ROTATION_DONE || !is_excused(V.item[i].name))
            continue;
        (void)snprintf(message, sizeof message, "%s: was not shown to work, and counts all the same",
                       V.item[i].name);
        if (!rotate_record(BG_EV_ROTATE_STEP, false, V.item[i].name, rotate_wish.reason, message))
            return false;
        ui_warning(BG_M_ROTATE_UNPROVEN, BG_ARGS(V.item[i].name));
    }
    return true;
}

/* --- what is to be destroyed ---------------------------------------------------------------------------- */

/* The cards of the set that opens, or opened, the account, where they are. */
static void list_old(const struct bg_credential *old, json_t *root)
{
    json_t *list = json_array();
    char who[CUSTODY_TEXT];

    if (V.r.credential.has_shares || V.r.credential.has_password)
        ui_text("Then these open nothing any more, and are to be destroyed:\n");
    for (size_t i = 0; V.r.credential.has_shares && old->has_shares && i < old->shares.cards; i++) {
        const struct bg_share_card *card = &old->shares.card[i];
        custody_text(card, who);
        ui_text("  card %s of set %s%s%s\n", card->place, bg_shareset_title(&old->shares),
                who[0] != '\0' ? ": " : "", who);
    }
    if (V.r.credential.has_password && old->has_password)
        ui_text("  the %u parts of the password made %.10s\n", old->password.parts, old->password.created);
    if (V.r.credential.has_shares && old->has_shares) {
        json_decref(list);
        list = sharecards_json(&old->shares);
    }
    (void)json_object_set_new(root, "destroy", list);
}

/* --- the change ----------------------------------------------------------------------------------------- */

/* The last word. What is repeated after a cut is on record twice at worst. */
static enum admin_exit conclude(void)
{
    const struct bg_credential *next = &V.r.credential;
    char message[320];

    (void)snprintf(message, sizeof message, "rotated: %s%s%s%s%u things done, %u excused",
                   next->has_shares ? "share set \"" : "",
                   next->has_shares ? bg_shareset_title(&next->shares) : "",
                   next->has_shares ? "\" opens instead of the old one, " : "",
                   next->has_password ? "a new password opens instead of the old one, " : "",
                   (unsigned)V.items - rotate_open(), rotate_open());
    if (!rotate_record(BG_EV_ROTATE_DONE, true, NULL, rotate_wish.reason, message))
        return ADMIN_CANNOT;
    if (bg_rotation_drop(BG_CREDENTIALS_DIR, V.account) != BG_OK) {
        ui_finding(BG_M_CMD_MAKE, BG_ARGS(BG_CREDENTIALS_DIR, bg_strerror(BG_E_IO)));
        return ADMIN_CANNOT;
    }
    return ADMIN_GOOD;
}

/* From here on the new ones open: one rename, that of the credentials file. */
static enum admin_exit replace(void)
{
    static struct bg_credential next;
    char now[BG_TIME_LEN], message[128];

    if (!V.r.credential.has_shares && !V.r.credential.has_password)
        return ADMIN_GOOD; /* keys alone */
    (void)bg_time_rfc3339(now);
    bg_rotation_apply(&V.r, &V.now, now, &next);
    (void)snprintf(message, sizeof message, "%s%s%s%s take%s the place of what opened the account",
                   V.r.credential.has_shares ? "share set \"" : "",
                   V.r.credential.has_shares ? bg_shareset_title(&V.r.credential.shares) : "",
                   V.r.credential.has_shares ? "\"" : "",
                   !V.r.credential.has_password ? ""
                   : V.r.credential.has_shares  ? " and a new password"
                                                : "a new password",
                   V.r.credential.has_shares && V.r.credential.has_password ? "" : "s");
    return rows_credential_record(V.account, &next, BG_EV_CREDENTIAL_ENROLLED, message,
                                  "new credentials could not take the place of the old ones");
}

/* Alone, and with the newest of what was shown to work. */
static enum admin_exit change(void)
{
    enum admin_exit x = left_open() == 0 ? ADMIN_GOOD : ADMIN_FINDING;

    if (x == ADMIN_GOOD && !V.in_force)
        x = record_excuses() ? replace() : ADMIN_CANNOT;
    return x == ADMIN_GOOD ? conclude() : x;
}

static void tell_seal(const char *envelope, const char *what)
{
    ui_text("  breakglass envelope seal %s %s --holds \"%s\" --seal NUMBER\n", V.account,
            envelope[0] != '\0' ? envelope : "ENVELOPE", what);
}

/* Not before: an envelope holds what opens the account. */
static void tell_after(void)
{
    const struct bg_credential *next = &V.r.credential;
    char what[24];

    if (!next->has_shares && !next->has_password) {
        ui_text("Done: the keys of %s are tested, or replaced.\n", V.account);
        return;
    }
    ui_text("Done: the new cards open %s, the old ones do not. Destroy the old ones.\n", V.account);
    if (!V.r.fleet)
        ui_text("Two people seal each new one within 4 hours, and note that (--by, --seen-by):\n");
    for (size_t i = 0; next->has_shares && !V.r.fleet && i < next->shares.cards; i++) {
        (void)snprintf(what, sizeof what, "share %s", next->shares.card[i].place);
        tell_seal(next->shares.card[i].envelope, what);
    }
    for (unsigned i = 1; next->has_password && i <= next->password.parts; i++) {
        (void)snprintf(what, sizeof what, "password %u", i);
        tell_seal("", what);
    }
}

enum admin_exit rotate_finish_now(json_t *root)
{
    char question[96];
    enum admin_exit x;

    if (rotate_wish.by[0] != '\0')
        (void)snprintf(V.r.by, sizeof V.r.by, "%s", rotate_wish.by);
    if (V.in_force) {
        if ((x = rotate_alone(conclude)) == ADMIN_GOOD)
            tell_after();
        return x;
    }
    if (!bg_rotation_is_of(&V.r, &V.now)) {
        ui_finding(BG_M_ROTATE_OUTDATED, BG_ARGS(V.account));
        return ADMIN_FINDING;
    }
    if ((x = rotate_may(V.r.by)) != ADMIN_GOOD || (x = check_excuses()) != ADMIN_GOOD)
        return x;
    list_old(&V.now, root);
    (void)snprintf(question, sizeof question, "Let the new credentials open %.31s instead?", V.account);
    if ((x = ui_confirm(question)) != ADMIN_GOOD || (x = rotate_alone(change)) != ADMIN_GOOD)
        return x;
    tell_after();
    return x;
}

enum admin_exit rotate_finish(char *const words[], json_t *root)
{
    if (!rotate_look(words[0]))
        return ADMIN_CANNOT;
    return V.begun ? rotate_finish_now(root) : rotate_is_begun();
}

/* --- abort ---------------------------------------------------------------------------------------------- */

enum admin_exit rotate_give_up(void)
{
    if (!rotate_record(BG_EV_ROTATE_DONE, false, NULL, rotate_wish.reason,
                       "rotation given up: the new credentials were dropped, and the old ones open"))
        return ADMIN_CANNOT;
    if (bg_rotation_drop(BG_CREDENTIALS_DIR, V.account) == BG_OK)
        return ADMIN_GOOD;
    ui_finding(BG_M_CMD_MAKE, BG_ARGS(BG_CREDENTIALS_DIR, bg_strerror(BG_E_IO)));
    return ADMIN_CANNOT;
}

enum admin_exit rotate_abort(char *const words[], json_t *root)
{
    char question[96];
    enum admin_exit x;

    (void)root;
    if (!rotate_look(words[0]))
        return ADMIN_CANNOT;
    if (!V.begun && V.life.rotating[0] != '\0') /* it was cut off before anything was kept */
        return rotate_give_up();
    if ((x = rotate_is_begun()) != ADMIN_GOOD)
        return x;
    (void)snprintf(question, sizeof question, "Drop the new credentials of %.31s?", V.account);
    if ((x = ui_confirm(question)) != ADMIN_GOOD || (x = rotate_alone(rotate_give_up)) != ADMIN_GOOD)
        return x;
    ui_text("Dropped. The old cards open %s; destroy the new ones.\n", V.account);
    return ADMIN_GOOD;
}
