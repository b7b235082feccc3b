/* SPDX-License-Identifier: ISC */
/* breakglass rotate: new cards are made and wait beside the old ones; then what is left is led through. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "admin/fleet/fleet.h"
#include "admin/custody/custody.h"
#include "admin/messages.h"
#include "admin/pages.h"
#include "admin/password/password.h"
#include "admin/rotate/rotate.h"
#include "admin/share/share.h"
#include "admin/ui.h"
#include "base/host.h"
#include "base/secret.h"

#define V rotate_view

static struct {
    struct slip39_share *share; /* NULL: none were made here */
    size_t n;
    bool shares, password;
    bool staged;
} made;

/* --- before anything is made ---------------------------------------------------------------------------- */

/* Cards that nobody could fetch any more. */
static bool keepers_are_there(const struct bg_shareset *s)
{
    for (size_t i = 0; i < s->cards; i++) {
        const struct bg_person *p =
            s->card[i].custodian[0] != '\0' ? bg_people_find(&V.people, s->card[i].custodian) : NULL;
        if (p != NULL && p->left[0] != '\0') {
            ui_finding(BG_M_ROTATE_LEFT, BG_ARGS(s->card[i].custodian, s->card[i].place));
            return false;
        }
    }
    return true;
}

/* By the list of people and the rules of custody. */
static bool keepers_may(const struct bg_shareset *s)
{
    struct bg_credential planned = V.now;

    planned.has_shares = true;
    planned.shares = *s;
    return custody_allows(V.account, &planned);
}

/* As the account's own is, where no option says otherwise. */
static enum admin_exit plan(void)
{
    enum admin_exit x;

    if (rotate_wish.fleet != NULL) {
        V.r.fleet = true;
        V.r.credential.has_shares = true;
        return fleet_take(V.account, rotate_wish.fleet, false, &V.now, &V.r.credential.shares);
    }
    if (!V.now.has_shares)
        return paper_check();
    sharewish_as(&V.now.shares);
    if ((x = sharewish_complete()) != ADMIN_GOOD || (x = paper_check()) != ADMIN_GOOD)
        return x;
    made.shares = true;
    return keepers_are_there(&sharewish.set) && keepers_may(&sharewish.set) ? ADMIN_GOOD : ADMIN_FINDING;
}

static enum admin_exit somebody_sees(void)
{
    if ((made.shares || made.password) && !paper_wanted() && !pages_private())
        return ADMIN_FINDING;
    if (!ui_is_yes() && (ui_form() == UI_OBJECT || !ui_interactive())) {
        ui_finding(BG_M_CMD_NOBODY, BG_NOARGS);
        return ADMIN_USAGE;
    }
    return ADMIN_GOOD;
}

static enum admin_exit prepare(void)
{
    enum admin_exit x;

    memset(&V.r, 0, sizeof V.r);
    V.r.credential.enabled = true;
    (void)snprintf(V.r.by, sizeof V.r.by, "%s", rotate_wish.by);
    (void)bg_time_rfc3339(V.r.started);
    made.password = BG_WITH_PASSWORD && V.now.has_password;
    if (!V.now.has_shares && !V.now.has_password && V.now.key_count + V.now.ssh_count == 0 &&
        rotate_wish.fleet == NULL) {
        ui_finding(BG_M_ROTATE_NOTHING, BG_ARGS(V.account));
        return ADMIN_FINDING;
    }
    if (bg_rotation_begin(&V.r, &V.now) != BG_OK)
        return ui_finding(BG_M_CMD_SHARE_FAILED, BG_ARGS(bg_strerror(BG_E_CRYPTO))), ADMIN_CANNOT;
    if ((x = rotate_may(rotate_wish.by)) != ADMIN_GOOD || (x = plan()) != ADMIN_GOOD)
        return x;
    return somebody_sees();
}

/* --- making --------------------------------------------------------------------------------------------- */

static enum admin_exit make_shares(void)
{
    enum bg_err r = BG_E_NOMEM;

    if ((made.share = calloc(SHARES_MAX, sizeof *made.share)) != NULL)
        r = sharenew_make(&sharewish.set, made.share, &made.n);
    if (r != BG_OK)
        ui_finding(BG_M_CMD_SHARE_FAILED, BG_ARGS(bg_strerror(r)));
    V.r.credential.has_shares = true;
    V.r.credential.shares = sharewish.set;
    return r == BG_OK ? ADMIN_GOOD : ADMIN_CANNOT;
}

static enum admin_exit make(void)
{
    unsigned parts = rotate_wish.parts != 0 ? rotate_wish.parts : V.now.password.parts;
    enum admin_exit x = made.shares ? make_shares() : ADMIN_GOOD;

    if (x == ADMIN_GOOD && made.password) {
        x = password_cards_make(V.account, parts, &V.r.credential.password);
        V.r.credential.has_password = true;
    }
    return x;
}

/* What is to be replaced, named: with it the rotation has its id. */
static bool begin_on_record(void)
{
    char message[256];
    struct bg_life life;
    bool good;

    (void)snprintf(message, sizeof message, "rotation begun: %s%s%s%s%zu keys to be tested or replaced",
                   V.r.credential.has_shares ? "share set \"" : "",
                   V.r.credential.has_shares ? bg_shareset_title(&V.r.credential.shares) : "",
                   V.r.credential.has_shares ? "\" is made, " : "",
                   V.r.credential.has_password ? "a password in parts is drawn, " : "",
                   V.now.key_count + V.now.ssh_count);
    good = rotate_record(BG_EV_ROTATE_STARTED, true, NULL, rotate_wish.reason, message);
    if (good && bg_life_load(NULL, NULL, V.account, &life) == BG_OK)
        memcpy(V.r.id, life.rotating, sizeof V.r.id);
    return good;
}

static enum admin_exit show_shares(json_t *root)
{
    struct sharecard cards[BG_CARDS_MAX];
    const struct bg_shareset *s = &V.r.credential.shares;
    char host[65];
    enum admin_exit x;

    bg_host_name(host, sizeof host);
    x = sharecards_out(cards, sharecards_of(s, made.share, made.n, V.account, host, cards),
                       made.password ? password_cards_paper() : NULL);
    if (x == ADMIN_GOOD && ui_form() == UI_OBJECT)
        sharenew_json(s, made.share, made.n, root);
    else if (x == ADMIN_GOOD && !sharecards_kept(V.account, s, root))
        x = ADMIN_FINDING;
    return x;
}

/* Cards are out before their set is kept: there is never one of which no cards exist. */
static enum admin_exit hand_out(json_t *root)
{
    enum admin_exit x = ADMIN_GOOD;

    if (made.shares)
        x = show_shares(root);
    if (x == ADMIN_GOOD && made.password)
        x = made.shares ? password_cards_kept(&V.r.credential.password, root)
                        : password_cards_out(&V.r.credential.password, root);
    if (x == ADMIN_GOOD)
        x = rotate_stage();
    made.staged = x == ADMIN_GOOD;
    if (x == ADMIN_GOOD)
        return x;
    paper_take_back();
    ui_finding(BG_M_ROTATE_VOID, BG_ARGS(V.account));
    (void)!rotate_record(BG_EV_ROTATE_DONE, false, NULL, NULL,
                         "rotation ended: its new credentials were not kept, and the old ones open");
    return x;
}

static void wipe(void)
{
    if (made.share != NULL)
        bg_wipe(made.share, SHARES_MAX * sizeof *made.share);
    free(made.share);
    made.share = NULL;
    password_cards_wipe();
}

/* Before anything is made: whatever fails then, what is on record is what is there. */
static enum admin_exit drop(const struct bg_rotation *before)
{
    static struct bg_rotation next;
    enum admin_exit x;

    next = V.r;
    V.r = *before;
    if (rotate_wish.by[0] != '\0')
        (void)snprintf(V.r.by, sizeof V.r.by, "%s", rotate_wish.by);
    x = rotate_alone(rotate_give_up);
    V.r = next;
    if (x == ADMIN_GOOD)
        ui_text("The cards of the rotation of before open nothing, and never did: destroy them.\n");
    return x;
}

static enum admin_exit begin(json_t *root)
{
    static struct bg_rotation before;
    enum admin_exit x;

    before = V.r;
    if ((x = prepare()) != ADMIN_GOOD)
        return x;
    if (V.begun && (x = drop(&before)) != ADMIN_GOOD) /* --anew */
        return x;
    V.begun = false;
    if ((x = make()) == ADMIN_GOOD)
        x = begin_on_record() ? hand_out(root) : ADMIN_CANNOT;
    wipe();
    rotate_count();
    return x;
}

/* JSON tells the cards at the end; without them nobody could show one to be readable. Those on paper are
 * there, whoever hears of them. */
enum admin_exit rotate_unheard(char *const words[])
{
    (void)words;
    if (!made.staged || paper_wanted())
        return ADMIN_CANNOT;
    ui_mode(UI_TEXT, false, true, false); /* standard output is gone */
    ui_finding(BG_M_ROTATE_VOID, BG_ARGS(V.account));
    if (rotate_record(BG_EV_ROTATE_DONE, false, NULL, NULL,
                      "rotation ended: its cards could not be written, and the old ones open"))
        (void)!bg_rotation_drop(BG_CREDENTIALS_DIR, V.account);
    return ADMIN_CANNOT;
}

/* --- what comes then ------------------------------------------------------------------------------------ */

static void tell_next(void)
{
    rotate_show();
    if (rotate_open() == 0) {
        ui_text("\nNext: breakglass rotate finish %s\n", V.account);
        return;
    }
    ui_text("\nNext, for each new card, by whom it is kept: breakglass rotate verify %s\n"
            "Then: breakglass rotate finish %s. Until then the old cards open the account.\n",
            V.account, V.account);
}

/* One thing after the other, as the person wants; it can be left and taken up at any time. */
static enum admin_exit lead(json_t *root)
{
    static const char *const answers[] = {"card", "parts", "finish", "later", NULL};
    int answer;

    for (;;) {
        rotate_show();
        answer = ui_choose("\"card\": one is typed; \"parts\": of the password; \"finish\"; or \"later\"",
                           answers);
        if (answer == 0)
            (void)rotate_verify_card(root);
        else if (answer == 1)
            (void)rotate_verify_password(root);
        else if (answer == 2 && rotate_open() == 0)
            return rotate_finish_now(root);
        else if (answer == 2)
            ui_warning(BG_M_ROTATE_OPEN, BG_ARGS(BG_DIGITS(rotate_open()), V.account));
        else
            return ADMIN_GOOD;
    }
}

enum admin_exit rotate_start(char *const words[], json_t *root)
{
    enum admin_exit x = ADMIN_GOOD;

    pages_mind_buffers();
    if (!rotate_look(words[0]))
        return ADMIN_CANNOT;
    if (V.begun && V.in_force) /* it was cut off between the change and the word of it */
        return rotate_finish_now(root);
    if (V.begun && !rotate_wish.anew && !ui_interactive()) {
        ui_finding(BG_M_ROTATE_BEGUN, BG_ARGS(words[0], V.r.started));
        return ADMIN_FINDING;
    }
    if (!V.begun || rotate_wish.anew)
        x = begin(root);
    if (x != ADMIN_GOOD)
        return x;
    (void)json_object_set_new(root, "rotation", rotate_json());
    if (ui_interactive() && !ui_is_yes())
        return lead(root);
    tell_next();
    return ADMIN_GOOD;
}
