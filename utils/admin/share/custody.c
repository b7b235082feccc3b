/* SPDX-License-Identifier: ISC */
/* breakglass share verify | cards | assign | list: the cards of a set that is enrolled, and who keeps them */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "admin/admin.h"
#include "admin/custody/custody.h"
#include "admin/messages.h"
#include "admin/rows.h"
#include "admin/share/share.h"
#include "admin/ui.h"
#include "base/host.h"
#include "base/identity.h"
#include "base/secret.h"
#include "base/text.h"
#include "config/credential.h"

static struct bg_credential credential;

struct custody_wish custody_wish;

static bool fits(const char *value, size_t cap)
{
    return strlen(value) < cap && (*value == '\0' || bg_share_text_valid(value));
}

bool custody_parse_custodian(const char *value)
{
    custody_wish.custodian = value;
    return fits(value, sizeof credential.shares.card[0].custodian);
}

bool custody_parse_envelope(const char *value)
{
    custody_wish.envelope = value;
    return fits(value, sizeof credential.shares.card[0].envelope);
}

bool custody_parse_seal(const char *value)
{
    custody_wish.seal = value;
    return fits(value, sizeof credential.shares.card[0].seal);
}

const struct command_option verify_options[] = {CARD_OPTIONS, KEEPER_OPTIONS, {0}};
const struct command_option cards_options[] = {CARD_OPTIONS, PAPER_OPTIONS, {0}};
const struct command_option assign_options[] = {KEEPER_OPTIONS, {0}};

void custody_text(const struct bg_share_card *card, char out[CUSTODY_TEXT])
{
    const char *const what[] = {"", "envelope ", "seal "}, *const part[] = {card->custodian, card->envelope,
                                                                            card->seal};
    size_t n = 0;

    out[0] = '\0';
    for (size_t i = 0; i < 3; i++)
        if (part[i][0] != '\0')
            n += (size_t)snprintf(out + n, CUSTODY_TEXT - n, "%s%s%s", n == 0 ? "" : ", ", what[i], part[i]);
}

/* --- which card ----------------------------------------------------------------------------------------- */

static enum admin_exit load_set(const char *account)
{
    if (!rows_credential(account, false, &credential))
        return ADMIN_CANNOT;
    if (!credential.has_shares)
        ui_finding(BG_M_CMD_NO_SET, BG_ARGS(account));
    return credential.has_shares ? ADMIN_GOOD : ADMIN_FINDING;
}

/* "2" is card 2 of a set of one group; else the place as the list shows it. NULL: the finding was shown. */
static struct bg_share_card *named(const char *account, struct bg_shareset *s, const char *name)
{
    char place[sizeof s->card[0].place + 2];

    (void)snprintf(place, sizeof place, s->group_count == 1 && strchr(name, '-') == NULL ? "1-%.8s" : "%.11s",
                   name);
    for (size_t i = 0; i < s->cards; i++)
        if (strcmp(s->card[i].place, place) == 0)
            return &s->card[i];
    ui_finding(BG_M_CMD_CARD_UNKNOWN, BG_ARGS(name, account));
    return NULL;
}

/* A set of older versions knows nothing of its cards: the place is made. */
struct bg_share_card *custody_card(const char *account, struct bg_shareset *s,
                                   const struct slip39_share *share)
{
    const struct bg_share_card *card = bg_share_card_of(s, share, 0);

    if (bg_share_card_of(s, share, 1) != NULL) {
        if (custody_wish.card != NULL)
            return named(account, s, custody_wish.card);
        ui_finding(BG_M_CMD_CARD_WHICH, BG_ARGS(card->place));
        return NULL;
    }
    if (card != NULL)
        return &s->card[card - s->card];
    if (s->cards == BG_CARDS_MAX) {
        ui_finding(BG_M_CMD_CARDS_MANY, BG_ARGS(BG_DIGITS(BG_CARDS_MAX)));
        return NULL;
    }
    bg_share_card_at(&s->card[s->cards], (uint8_t)(share->group_index + 1u),
                     (uint8_t)(share->member_index + 1u), 0);
    return &s->card[s->cards++];
}

void custody_take_wishes(struct bg_share_card *card)
{
    if (custody_wish.custodian != NULL)
        (void)snprintf(card->custodian, sizeof card->custodian, "%s", custody_wish.custodian);
    if (custody_wish.envelope != NULL)
        (void)snprintf(card->envelope, sizeof card->envelope, "%s", custody_wish.envelope);
    if (custody_wish.seal != NULL)
        (void)snprintf(card->seal, sizeof card->seal, "%s", custody_wish.seal);
}

/* False: who keeps it is said elsewhere, or may not be so; the finding was shown. */
static bool take_wishes(const char *account, struct bg_share_card *card)
{
    if (custody_wish.custodian == NULL && custody_wish.envelope == NULL && custody_wish.seal == NULL)
        return true;
    if (custody_has_card(account, &credential, card->place))
        return false;
    custody_take_wishes(card);
    return custody_allows(account, &credential);
}

/* --- verify, cards, assign ------------------------------------------------------------------------------ */

/* A sound card is not enough where the set asks for the host that made it. */
static void tell_old_set(const char *account)
{
    struct bg_identity now;

    if (credential.shares.host[0] != '\0')
        return;
    bg_identity_read(&now);
    ui_warning(BG_M_CMD_ST_OLD_SET,
               BG_ARGS(account, now.fault != NULL ? now.fault : "its machine-id is there"));
}

/* Of an older set only the checksum was seen, which anybody can make. What is typed now is never kept as the
 * genuine one: a forged card would shut the genuine one out. */
static void tell_unknown_check(const char *account, const struct bg_share_card *card)
{
    static const uint8_t none[BG_CARD_CHECK];

    if (memcmp(card->check, none, sizeof none) == 0)
        ui_warning(BG_M_CMD_CARD_UNPROVEN, BG_ARGS(account));
}

enum admin_exit custody_can_type(void)
{
    if (custody_wish.card_stdin || (ui_form() != UI_OBJECT && ui_interactive()))
        return ADMIN_GOOD;
    ui_finding(BG_M_CMD_CARD_NOBODY, BG_NOARGS);
    return ADMIN_USAGE;
}

/* Let the card be typed. ADMIN_GOOD: it is *card; else the finding was shown. */
static enum admin_exit ask_card(const char *account, json_t *root, struct sharetest *test,
                                struct bg_share_card **card)
{
    enum admin_exit x;

    test->why = NULL;
    if ((x = load_set(account)) != ADMIN_GOOD)
        return x;
    if ((x = custody_can_type()) != ADMIN_GOOD)
        return x;
    if (!sharecard_test(account, &credential.shares, custody_wish.card_stdin, root, test))
        return ADMIN_FINDING;
    *card = custody_card(account, &credential.shares, &test->share);
    return *card != NULL ? ADMIN_GOOD : ADMIN_USAGE;
}

static const char not_kept[] = "that could not be kept in the credentials file";

/* What it is from now on is on record before it is kept. */
static enum admin_exit note_inspection(const char *account, struct bg_share_card *card)
{
    char who[CUSTODY_TEXT], message[2 * CUSTODY_TEXT + 96];

    if (!take_wishes(account, card))
        return ADMIN_FINDING;
    (void)bg_time_rfc3339(card->inspected);
    custody_text(card, who);
    (void)snprintf(message, sizeof message, "card %s of share set \"%s\" was inspected: it is whole%s%s",
                   card->place, bg_shareset_title(&credential.shares), who[0] != '\0' ? "; " : "", who);
    return rows_credential_record(account, &credential, BG_EV_CREDENTIAL_INSPECTED, message, not_kept);
}

/* Somebody has a card that is not what it seems. */
static void note_refusal(const char *account, const struct bg_message *why)
{
    char message[160];

    (void)snprintf(message, sizeof message, "a card was inspected and is not one of share set \"%s\" (BG%u)",
                   bg_shareset_title(&credential.shares), why->number);
    report_failure(BG_EV_CREDENTIAL_INSPECTED, account, message);
}

enum admin_exit share_verify(char *const words[], json_t *root)
{
    struct bg_share_card *card = NULL;
    struct sharetest test;
    enum admin_exit x = ask_card(words[0], root, &test, &card);

    if (x == ADMIN_GOOD && (x = note_inspection(words[0], card)) == ADMIN_GOOD) {
        (void)json_object_set_new(root, "place", json_string(card->place));
        tell_unknown_check(words[0], card);
        tell_old_set(words[0]);
    } else if (test.why != NULL) {
        note_refusal(words[0], test.why);
    }
    bg_wipe(&test, sizeof test);
    return x;
}

static bool print_again(const char *account, const struct slip39_share *share,
                        const struct bg_share_card *card)
{
    char host[65];
    struct sharecard c = {account, host, &credential.shares, share, card, false};

    bg_host_name(host, sizeof host);
    return paper_wanted() ? sharecards_write(&c, 1, NULL) : sharecards_show(&c, 1) == BG_OK;
}

/* On record first: from then on there are two of that card, and somebody is to ask where the other one is. */
static bool record_again(const char *account, const struct bg_share_card *card)
{
    char who[CUSTODY_TEXT], message[CUSTODY_TEXT + 128];

    custody_text(card, who);
    (void)snprintf(message, sizeof message, "card %s of share set \"%s\"%s%s is printed or shown again",
                   card->place, bg_shareset_title(&credential.shares), who[0] != '\0' ? ", " : "", who);
    return report_first(BG_EV_CREDENTIAL_INSPECTED, account, message);
}

enum admin_exit share_cards(char *const words[], json_t *root)
{
    struct bg_share_card *card = NULL;
    struct sharetest test = {0};
    enum admin_exit x;

    pages_mind_buffers();
    if ((x = paper_check()) != ADMIN_GOOD)
        return x;
    if (ui_form() == UI_OBJECT && !paper_wanted()) {
        ui_finding(BG_M_CMD_CARDS_WHERE, BG_NOARGS);
        return ADMIN_USAGE;
    }
    if (!paper_wanted() && !pages_private())
        return ADMIN_FINDING;
    x = ask_card(words[0], root, &test, &card);
    if (x == ADMIN_GOOD && !record_again(words[0], card))
        x = ADMIN_CANNOT;
    if (x == ADMIN_GOOD && !print_again(words[0], &test.share, card)) {
        report_failure(BG_EV_CREDENTIAL_INSPECTED, words[0], "a card could not be printed again");
        x = ADMIN_CANNOT;
    }
    bg_wipe(&test, sizeof test);
    return x;
}

enum admin_exit share_assign(char *const words[], json_t *root)
{
    char who[CUSTODY_TEXT], message[2 * CUSTODY_TEXT + 96];
    struct bg_share_card *card;
    enum admin_exit x;

    if ((x = load_set(words[0])) != ADMIN_GOOD)
        return x;
    if ((card = named(words[0], &credential.shares, words[1])) == NULL)
        return ADMIN_USAGE;
    if (!take_wishes(words[0], card))
        return ADMIN_FINDING;
    custody_text(card, who);
    (void)snprintf(message, sizeof message, "card %s of share set \"%s\": %s", card->place,
                   bg_shareset_title(&credential.shares), who[0] != '\0' ? who : "nobody keeps it");
    if ((x = rows_credential_record(words[0], &credential, BG_EV_CONFIG_CHANGED, message, not_kept)) !=
        ADMIN_GOOD)
        return x;
    (void)json_object_set_new(root, "cards", sharecards_json(&credential.shares));
    ui_text("Card %s: %s.\n", card->place, who[0] != '\0' ? who : "nobody keeps it");
    return ADMIN_GOOD;
}

/* --- list ----------------------------------------------------------------------------------------------- */

json_t *sharewords_json(const struct slip39_share *shares, size_t n)
{
    json_t *list = json_array();
    uint16_t words[SLIP39_MAX_WORDS];
    char line[SLIP39_MAX_WORDS * 9 + 1];

    for (size_t i = 0; i < n; i++) {
        size_t count = 0, at = 0;
        if (slip39_encode(&shares[i], words, &count) != BG_OK)
            continue;
        for (size_t k = 0; k < count; k++)
            at += (size_t)snprintf(line + at, sizeof line - at, k == 0 ? "%s" : " %s", slip39_word(words[k]));
        (void)json_array_append_new(list, json_string(line));
    }
    bg_wipe(line, sizeof line);
    bg_wipe(words, sizeof words);
    return list;
}

json_t *sharegroups_json(const struct bg_shareset *s)
{
    json_t *groups = json_array();

    for (size_t i = 0; i < s->group_count; i++) {
        json_t *g =
            json_pack("{s:i, s:i}", "threshold", (int)s->group[i].threshold, "count", (int)s->group[i].count);
        if (s->group_name[i][0] != '\0')
            (void)json_object_set_new(g, "name", json_string(s->group_name[i]));
        (void)json_array_append_new(groups, g);
    }
    return groups;
}

static void put(json_t *o, const char *key, const char *value)
{
    if (value[0] != '\0')
        (void)json_object_set_new(o, key, json_string(value));
}

json_t *sharecards_json(const struct bg_shareset *s)
{
    json_t *cards = json_array();

    for (size_t i = 0; i < s->cards; i++) {
        json_t *o = json_pack("{s:s}", "place", s->card[i].place);
        put(o, "custodian", s->card[i].custodian);
        put(o, "envelope", s->card[i].envelope);
        put(o, "seal", s->card[i].seal);
        put(o, "inspected", s->card[i].inspected);
        (void)json_array_append_new(cards, o);
    }
    return cards;
}

static json_t *rotated_json(const struct bg_shareset *s)
{
    json_t *sets = json_array();

    for (size_t i = 0; i < s->olds; i++)
        (void)json_array_append_new(sets, json_pack("{s:i, s:s, s:s, s:s}", "set_id", atoi(s->old[i].place),
                                                    "label", s->old[i].label, "created", s->old[i].created,
                                                    "replaced", s->old[i].replaced));
    return sets;
}

static json_t *set_json(const char *account, const struct bg_shareset *s)
{
    return json_pack("{s:s, s:s, s:s, s:i, s:b, s:i, s:i, s:o, s:i, s:s, s:o, s:o}", "account", account,
                     "label", s->label, "set", s->words, "set_id", (int)s->id, "extendable", s->extendable,
                     "exponent", (int)s->exponent, "group_threshold", (int)s->group_threshold, "groups",
                     sharegroups_json(s), "bits", (int)s->bytes * 8, "created", s->created, "cards",
                     sharecards_json(s), "rotated", rotated_json(s));
}

/* Who keeps which, as far as anything is known of it. */
static void list_cards(const struct bg_shareset *s)
{
    char who[CUSTODY_TEXT];

    for (size_t i = 0; i < s->cards; i++) {
        const struct bg_share_card *c = &s->card[i];
        custody_text(c, who);
        if (who[0] != '\0' || c->inspected[0] != '\0')
            ui_text("             card %s: %s%s%s%.10s\n", s->group_count == 1 ? c->place + 2 : c->place, who,
                    who[0] != '\0' && c->inspected[0] != '\0' ? ", " : "",
                    c->inspected[0] != '\0' ? "inspected " : "", c->inspected);
    }
    for (size_t i = 0; i < s->olds; i++)
        ui_text("             before: set %s, made %.10s, replaced %.10s\n",
                s->old[i].label[0] != '\0' ? s->old[i].label : s->old[i].place, s->old[i].created,
                s->old[i].replaced);
}

static bool list_set(const char *account, const struct bg_credential *c, json_t *sets)
{
    const struct bg_shareset *s = &c->shares;
    char needs[(BG_GROUP_NAME + 16) * BG_GROUPS_MAX + 40];
    size_t at = 0;

    if (!c->has_shares)
        return false;
    for (size_t i = 0; i < s->group_count; i++)
        at += (size_t)snprintf(needs + at, sizeof needs - at, "%s%s%s%u of %u", i > 0 ? " + " : "",
                               s->group_name[i], s->group_name[i][0] != '\0' ? " " : "",
                               s->group[i].threshold, s->group[i].count);
    if (s->group_count > 1)
        at += (size_t)snprintf(needs + at, sizeof needs - at, " (%u groups)", s->group_threshold);
    (void)snprintf(needs + at, sizeof needs - at, ", %d bits", s->bytes * 8);
    ui_text("%-12s %-18s %-24s %.10s\n", account, bg_shareset_title(s), needs, s->created);
    list_cards(s);
    (void)json_array_append_new(sets, set_json(account, s));
    return true;
}

enum admin_exit share_list(char *const words[], json_t *root)
{
    static const struct list l = {.member = "sets",
                                  .header = "ACCOUNT      SET                NEEDS                    MADE",
                                  .none = "no share set",
                                  .one = list_set};

    return list_credentials(&l, words[0], root);
}
