/* SPDX-License-Identifier: ISC */
/* breakglass rotate verify: a new card, or the parts of the new password, typed back by who keeps them. */
#include <stdio.h>
#include <string.h>
#include "admin/messages.h"
#include "admin/password/password.h"
#include "admin/rotate/rotate.h"
#include "admin/rows.h"
#include "admin/share/share.h"
#include "admin/ui.h"
#include "base/secret.h"

#define V rotate_view

/* Somebody has a card that is not what it seems. */
static void note_refusal(const struct bg_message *why)
{
    char message[160];

    (void)snprintf(message, sizeof message, "a card was typed that is not one of the new share set (BG%u)",
                   why->number);
    (void)!rotate_record(BG_EV_ROTATE_STEP, false, "share", NULL, message);
}

static enum admin_exit prove_card(const struct slip39_share *share)
{
    struct bg_share_card *card = custody_card(V.account, &V.r.credential.shares, share), typed;
    char name[sizeof card->place + 8];

    if (card == NULL)
        return ADMIN_USAGE;
    typed = *card;
    custody_take_wishes(&typed);
    (void)snprintf(name, sizeof name, "share %s", typed.place);
    return rotate_prove(name, &typed);
}

enum admin_exit rotate_verify_card(json_t *root)
{
    struct sharetest test = {.why = NULL};
    enum admin_exit x = ADMIN_FINDING;

    if (!V.r.credential.has_shares || V.r.fleet) {
        ui_finding(BG_M_ROTATE_NO_ITEM, BG_ARGS("share"));
        return ADMIN_USAGE;
    }
    if ((x = custody_can_type()) != ADMIN_GOOD)
        return x;
    if (sharecard_test(V.account, &V.r.credential.shares, custody_wish.card_stdin, root, &test))
        x = prove_card(&test.share);
    else
        x = ADMIN_FINDING;
    if (test.why != NULL)
        note_refusal(test.why);
    bg_wipe(&test, sizeof test);
    return x;
}

static enum admin_exit judge_password(const struct bg_parts *p)
{
    enum bg_err r = bg_password_check(V.r.credential.password.hash, p->whole);

    if (r == BG_OK) {
        ui_text("The parts fit: they are the new password of %s.\n", V.account);
        return rotate_prove("password", NULL);
    }
    if (r == BG_E_MISMATCH) {
        (void)!rotate_record(BG_EV_ROTATE_STEP, false, "parts", NULL,
                             "the parts that were typed are not those of the new password");
        ui_finding(BG_M_CMD_PASSWORD_WRONG, BG_ARGS(V.account));
        return ADMIN_FINDING;
    }
    ui_finding(BG_M_CMD_PASSWORD_CRYPT, BG_ARGS(bg_password_kind(V.r.credential.password.hash)));
    return ADMIN_CANNOT;
}

enum admin_exit rotate_verify_password(json_t *root)
{
    static struct bg_parts p;
    enum admin_exit x;

    (void)root;
    if (!V.r.credential.has_password) {
        ui_finding(BG_M_ROTATE_NO_ITEM, BG_ARGS("password"));
        return ADMIN_USAGE;
    }
    if ((x = password_can_type()) != ADMIN_GOOD)
        return x;
    x = ADMIN_FINDING;
    if (password_type(V.r.credential.password.parts, V.r.credential.password.letters, &p))
        x = judge_password(&p);
    bg_wipe(&p, sizeof p);
    return x;
}

enum admin_exit rotate_verify(char *const words[], json_t *root)
{
    enum admin_exit x;

    if (!rotate_look(words[0]))
        return ADMIN_CANNOT;
    if ((x = rotate_is_begun()) != ADMIN_GOOD)
        return x;
    x = rotate_wish.password || password_wish.parts_stdin ? rotate_verify_password(root)
                                                          : rotate_verify_card(root);
    if (x == ADMIN_GOOD) {
        (void)json_object_set_new(root, "rotation", rotate_json());
        ui_text("%u left of the rotation of %s.\n", rotate_open(), V.account);
    }
    return x;
}

/* Only a rotation whose new credentials do not open yet waits for keys; one that cannot be read is told by
 * the commands that need it. */
bool rotate_key_proven(const char *account, const char *kind, const char *label)
{
    struct bg_ini_error bad;
    char item[BG_KEY_LABEL + 16];

    V.account = account;
    if (bg_rotation_load(BG_CREDENTIALS_DIR, account, &V.r, &bad) != BG_OK)
        return true;
    V.begun = true;
    (void)snprintf(item, sizeof item, "%s %s", kind, label);
    return rotate_prove(item, NULL) == ADMIN_GOOD;
}
