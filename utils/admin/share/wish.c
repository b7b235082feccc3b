/* SPDX-License-Identifier: ISC */
/* The share set that the options of a command ask for. */
#include <stdio.h>
#include <string.h>
#include "admin/messages.h"
#include "admin/share/share.h"
#include "admin/ui.h"
#include "base/text.h"

struct shareplan sharewish = {
    .set = {.bytes = 16, .group_count = 1, .group = {{.threshold = 2, .count = 3}}}};
uint32_t sharewish_group_threshold, sharewish_exponent;

static const char *label;
static bool groups_given;

bool sharewish_parse_shares(const char *value)
{
    groups_given = true;
    return shareplan_groups(value, &sharewish.set) && sharewish.set.group_count == 1;
}

/* How many are required, or the groups themselves. */
bool sharewish_parse_groups(const char *value)
{
    groups_given = true;
    return bg_number(value, 1, BG_GROUPS_MAX, &sharewish_group_threshold) ||
           shareplan_groups(value, &sharewish.set);
}

bool sharewish_parse_group(const char *value)
{
    groups_given = true;
    return shareplan_group(value, &sharewish);
}

bool sharewish_parse_label(const char *value)
{
    label = value;
    return strlen(value) < BG_SET_LABEL && bg_share_text_valid(value);
}

bool sharewish_parse_keeper(const char *value)
{
    return shareplan_keeper(value, &sharewish);
}

bool sharewish_parse_bits(const char *value)
{
    sharewish.set.bytes = strcmp(value, "256") == 0 ? 32 : 16;
    return sharewish.set.bytes == 32 || strcmp(value, "128") == 0;
}

/* The copies of a group's only card. */
static uint8_t copies_of(const struct bg_shareset *old, unsigned g)
{
    unsigned group, number, copy, most = 0;

    for (size_t i = 0; i < old->cards; i++)
        if (bg_share_card_place(old, old->card[i].place, &group, &number, &copy) && group == g + 1 &&
            copy > most)
            most = copy;
    return (uint8_t)most;
}

/* An envelope may be used again, but never a seal. */
static void keepers_of(const struct bg_shareset *old)
{
    for (size_t i = 0; i < old->cards; i++) {
        struct bg_share_card *k = &sharewish.keeper[i];
        *k = old->card[i];
        k->seal[0] = '\0';
        k->inspected[0] = '\0';
        memset(k->check, 0, sizeof k->check);
    }
    sharewish.keepers = old->cards;
}

void sharewish_as(const struct bg_shareset *old)
{
    struct bg_shareset *s = &sharewish.set;

    if (groups_given)
        return;
    s->bytes = old->bytes;
    sharewish_exponent = old->exponent;
    sharewish_group_threshold = old->group_threshold;
    s->group_count = old->group_count;
    memcpy(s->group, old->group, sizeof s->group);
    memcpy(s->group_name, old->group_name, sizeof s->group_name);
    for (unsigned g = 0; g < s->group_count; g++)
        sharewish.copies[g] = copies_of(old, g);
    if (sharewish.keepers == 0)
        keepers_of(old);
}

enum admin_exit sharewish_complete(void)
{
    struct bg_shareset *s = &sharewish.set;

    s->exponent = (uint8_t)sharewish_exponent;
    s->group_threshold = sharewish_group_threshold == 0 ? s->group_count : (uint8_t)sharewish_group_threshold;
    if (sharewish_group_threshold > s->group_count)
        return admin_bad_value(BG_DIGITS(sharewish_group_threshold), "--group-threshold",
                               "at most the number of groups");
    for (size_t i = 0; i < s->group_count; i++)
        if (sharewish.copies[i] > 1 && s->group_threshold == 1)
            return admin_bad_value("1/N", "--group", "T/N with T of 2 to N where one group is enough");
    if (!shareplan_cards(&sharewish)) {
        ui_finding(BG_M_CMD_CARDS_MANY, BG_ARGS(BG_DIGITS(BG_CARDS_MAX)));
        return ADMIN_USAGE;
    }
    if (label != NULL)
        (void)snprintf(s->label, sizeof s->label, "%s", label);
    return ADMIN_GOOD;
}
