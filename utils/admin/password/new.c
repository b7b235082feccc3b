/* SPDX-License-Identifier: ISC */
/* breakglass password new: a password that is drawn here, with a card for each of its parts. */
#include <stdio.h>
#include <string.h>
#include "admin/messages.h"
#include "admin/pages.h"
#include "admin/paper/paper.h"
#include "admin/password/password.h"
#include "admin/rows.h"
#include "admin/ui.h"
#include "base/host.h"
#include "base/secret.h"

#define RULE  "-------------------------------------------------------------------------------\n"
#define GROUP 5 /* letters that stand together */

static struct {
    const char *account;
    char host[65], created[BG_TIME_LEN];
    unsigned parts;
    char part[BG_PASSWORD_PARTS][BG_PART_DRAWN + 1];
} drawn;
static struct bg_credential before;
static bool saved; /* the new one */

static void print_part(const char *part, FILE *to)
{
    (void)fputs("\n    ", to);
    for (size_t i = 0; part[i] != '\0'; i++)
        (void)fprintf(to, "%s%c", i > 0 && i % GROUP == 0 ? "   " : "", part[i]);
    (void)fputs("\n\n", to);
}

/* Printable ASCII, at most 80 columns and 24 lines. */
static enum bg_err print_card(FILE *to, const void *cards, size_t i)
{
    (void)cards;
    (void)fprintf(to, RULE " BREAK-GLASS PASSWORD, PART %zu OF %u   account %s\n Host %.60s\n made %.10s\n",
                  i + 1, drawn.parts, drawn.account, drawn.host, drawn.created);
    if (*paper_phone() != '\0')
        (void)fprintf(to, " In an emergency call %s\n", paper_phone());
    (void)fputs(RULE, to);
    print_part(drawn.part[i], to);
    (void)fputs(RULE " To use it: log in with the account's name and choose the password; each holder\n"
                     " types their part, hidden, in the order of the numbers. Blanks and capitals do\n"
                     " not matter. The only letters are b c d e f g h j k n p r s t u x.\n"
                     " Keep it sealed, by itself: all parts together open the account.\n",
                to);
    return fflush(to) == 0 && ferror(to) == 0 ? BG_OK : BG_E_IO;
}

static enum bg_err show_card(void *arg, size_t i)
{
    (void)arg;
    return print_card(stdout, NULL, i);
}

static void say_how(struct paper_page *p)
{
    p->how[0] =
        "In an emergency: log in on the host with the name of the account, and choose the password. The "
        "holders unfold their";
    p->how[1] =
        "parts and type them, hidden, in the order of the numbers. Blanks and capitals do not matter.";
    p->opened =
        "This envelope was opened? Tell whoever runs the host, at once: the password has to be replaced.";
    p->after =
        "After an inspection (breakglass password verify): a new envelope, a new seal, and its number noted.";
    p->caption = "This part; its only letters are b c d e f g h j k n p r s t u x:";
    p->letters = "bcdefghjknprstux";
}

static enum bg_err card_page(const void *cards, size_t i, struct paper_page *p)
{
    const char *names[] = {"Host", "Account", "Made", "Kept by", "Envelope", "Seal"};
    const char *values[] = {drawn.host, drawn.account, p->made, "", "", ""};

    (void)cards;
    p->title = "BREAK-GLASS PASSWORD";
    p->name = "";
    p->phone = paper_phone();
    (void)snprintf(p->number, sizeof p->number, "Part %zu of %u, all together open the account", i + 1,
                   drawn.parts);
    (void)snprintf(p->made, sizeof p->made, "%.10s", drawn.created);
    for (size_t k = 0; k < 6; k++) {
        p->field[k].name = names[k];
        p->field[k].value = values[k];
    }
    say_how(p);
    for (p->items = 0; p->items < BG_PART_DRAWN / GROUP; p->items++)
        (void)snprintf(p->item[p->items], sizeof p->item[0], "%.*s", GROUP, drawn.part[i] + p->items * GROUP);
    (void)snprintf(p->code, sizeof p->code, "%s", drawn.part[i]);
    return BG_OK;
}

const struct paper_cards *password_cards_paper(void)
{
    static struct paper_cards c = {.print = print_card, .page = card_page};

    c.n = drawn.parts;
    return &c;
}

static enum bg_err draw(unsigned parts, struct bg_parts *p)
{
    enum bg_err r = BG_OK;

    drawn.parts = parts;
    for (unsigned i = 0; i < parts && r == BG_OK; i++)
        if ((r = bg_part_draw(drawn.part[i])) == BG_OK)
            r = bg_parts_add(p, true, drawn.part[i], BG_PART_DRAWN);
    return r;
}

/* Let all cards be typed back; true when they make the password. */
static void try_cards(void *arg)
{
    static struct bg_parts p;
    const struct bg_password *w = arg;

    if (password_type(w->parts, true, &p)) {
        if (bg_password_check(w->hash, p.whole) == BG_OK)
            ui_text("Every letter is right.\n");
        else
            ui_warning(BG_M_CMD_PASSWORD_WRONG, BG_ARGS(drawn.account));
    }
    bg_wipe(&p, sizeof p);
}

static bool keep(struct bg_password *w)
{
    char ready[48];
    bool kept;

    (void)snprintf(ready, sizeof ready, "%u cards %s", drawn.parts,
                   paper_wanted() ? "printed and readable" : "written down");
    kept = pages_kept(ready, "\"test\" lets you type all parts back first, to see that no letter is wrong.",
                      try_cards, w);
    if (!kept)
        ui_finding(BG_M_CMD_PASSWORD_VOID, BG_ARGS("it was not confirmed"));
    return kept;
}

static void parts_json(json_t *root)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < drawn.parts; i++)
        (void)json_array_append_new(list, json_string(drawn.part[i]));
    (void)json_object_set_new(root, "drawn", list);
}

static enum admin_exit show_cards(void)
{
    enum bg_err r = pages_show(show_card, NULL, drawn.parts);

    if (r != BG_OK)
        ui_finding(BG_M_CMD_PASSWORD_VOID, BG_ARGS(bg_strerror(r)));
    return r == BG_OK ? ADMIN_GOOD : r == BG_E_CANCEL ? ADMIN_FINDING : ADMIN_CANNOT;
}

enum admin_exit password_cards_kept(struct bg_password *w, json_t *root)
{
    enum admin_exit x = ADMIN_GOOD;

    if (ui_form() == UI_OBJECT) {
        if (!paper_wanted())
            parts_json(root);
        return ADMIN_GOOD;
    }
    if (!paper_wanted())
        x = show_cards();
    return x == ADMIN_GOOD && !keep(w) ? ADMIN_FINDING : x;
}

enum admin_exit password_cards_out(struct bg_password *w, json_t *root)
{
    if (paper_wanted() && !paper_write(password_cards_paper()))
        return ADMIN_CANNOT;
    return password_cards_kept(w, root);
}

enum admin_exit password_cards_make(const char *account, unsigned parts, struct bg_password *w)
{
    static struct bg_parts p;
    struct bg_password made = {.parts = (uint8_t)parts, .letters = true};
    enum bg_err r;

    drawn.account = account;
    (void)bg_time_rfc3339(drawn.created);
    memcpy(made.created, drawn.created, sizeof made.created);
    bg_host_name(drawn.host, sizeof drawn.host);
    if ((r = draw(made.parts, &p)) == BG_OK)
        r = bg_password_make(p.whole, bg_password_fips(), made.hash);
    bg_wipe(&p, sizeof p);
    if (r == BG_OK)
        *w = made;
    else
        ui_finding(BG_M_CMD_PASSWORD_CRYPT, BG_ARGS(bg_password_fips() ? "sha512crypt" : "yescrypt"));
    return r == BG_OK ? ADMIN_GOOD : ADMIN_CANNOT;
}

void password_cards_wipe(void)
{
    bg_wipe(drawn.part, sizeof drawn.part);
}

/* The password is saved when all cards are out: else the old one, if any, keeps working. */
static enum admin_exit make(struct bg_credential *c, json_t *root)
{
    struct bg_password w;
    enum admin_exit x = password_cards_make(drawn.account, password_wish.parts, &w);

    if (x == ADMIN_GOOD && before.has_password && !ui_is_yes() && ui_interactive())
        ui_text("When this password is saved, %s's old one stops working.\n", drawn.account);
    if (x == ADMIN_GOOD)
        x = password_cards_out(&w, root);
    if (x == ADMIN_GOOD) {
        memcpy(w.from, c->password.from, sizeof w.from);
        c->password = w;
        x = password_save(drawn.account, c, root);
        saved = x == ADMIN_GOOD;
    }
    if (x != ADMIN_GOOD)
        paper_take_back();
    password_cards_wipe();
    return x;
}

enum admin_exit password_new(char *const words[], json_t *root)
{
    static struct bg_credential c;
    enum admin_exit x;

    pages_mind_buffers();
    drawn.account = words[0];
    if ((x = paper_check()) != ADMIN_GOOD)
        return x;
    if (!paper_wanted() && !pages_private())
        return ADMIN_FINDING;
    if ((x = password_begin(words[0], &before)) != ADMIN_GOOD)
        return x;
    if (!ui_is_yes() && (ui_form() == UI_OBJECT || !ui_interactive())) {
        ui_finding(BG_M_CMD_NOBODY, BG_NOARGS);
        return ADMIN_USAGE;
    }
    c = before;
    return make(&c, root);
}

/* JSON tells the parts at the end; without them nobody could use the password. Cards on paper are there,
 * whoever hears of them. */
enum admin_exit password_take_back(char *const words[])
{
    if (!saved || paper_wanted())
        return ADMIN_CANNOT;
    ui_mode(UI_TEXT, false, true, false); /* standard output is gone */
    if (!rows_credential_take_back(words[0]))
        return ADMIN_CANNOT;
    ui_finding(BG_M_CMD_PASSWORD_VOID, BG_ARGS("the cards could not be written"));
    report_event(BG_EV_CREDENTIAL_REVOKED, words[0], "password revoked: its cards could not be written");
    return ADMIN_CANNOT;
}
