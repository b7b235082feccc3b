/* SPDX-License-Identifier: ISC */
#include "admin/share/share.h"

#include <string.h>
#include "base/secret.h"
#include "admin/messages.h"
#include "admin/pages.h"
#include "admin/ui.h"

#define WORD_COLUMNS 4
#define RULE         "-------------------------------------------------------------------------------\n"

void sharecard_word(const char *word, char out[12])
{
    size_t n = strnlen(word, 11);

    for (size_t i = 0; i < n; i++)
        out[i] = (char)(i < 4 && word[i] >= 'a' && word[i] <= 'z' ? word[i] - 'a' + 'A' : word[i]);
    out[n] = '\0';
}

/* " of group ops, 1 of 2" */
static size_t put_group(const struct bg_shareset *set, unsigned g, char *out, size_t cap)
{
    const char *name = set->group_name[g - 1];

    return (size_t)snprintf(out, cap, " of group %s%s%u of %u", name, name[0] != '\0' ? ", " : "", g,
                            set->group_count);
}

void sharecard_number(const struct sharecard *c, char *out, size_t cap)
{
    const struct bg_share_group *g = &c->set->group[c->share->group_index];
    unsigned group = 0, number = 0, copy = 0, copies = 0;
    size_t at = 0;

    (void)bg_share_card_place(c->set, c->card->place, &group, &number, &copy);
    while (bg_share_card_of(c->set, c->share, copies) != NULL)
        copies++;
    if (copy != 0)
        at = (size_t)snprintf(out, cap, "Copy %u of %u of the card", copy, copies);
    else
        at = (size_t)snprintf(out, cap, "Card %u of %u", number, g->count);
    if (c->set->group_count == 1 && g->count == 1)
        (void)snprintf(out + at, cap - at, c->fleet ? ", and enough" : ", and it alone opens the account");
    else if (c->set->group_count == 1)
        (void)snprintf(out + at, cap - at, ", any %u %s", g->threshold,
                       c->fleet ? "give the fleet's secret" : "open the account");
    if (c->set->group_count == 1)
        return;
    if (copy == 0)
        at += (size_t)snprintf(out + at, cap - at, " (any %u)", g->threshold);
    at += put_group(c->set, group, out + at, cap - at);
    (void)snprintf(out + at, cap - at, " (any %u groups)", c->set->group_threshold);
}

const char *sharecard_phone(const struct sharecard *c)
{
    return c->fleet ? "" : paper_phone();
}

static const char *or_line(const char *s)
{
    return s[0] != '\0' ? s : "____________";
}

static void print_head(FILE *to, const struct sharecard *c)
{
    char number[128];

    sharecard_number(c, number, sizeof number);
    (void)fprintf(to, RULE " BREAK-GLASS CARD   account %s\n %s %.60s\n", c->account,
                  c->fleet ? "Never type it on a host. Fleet" : "Host", c->host);
    (void)fprintf(to, " Set %s   made %.10s\n %s\n", bg_shareset_title(c->set), c->set->created, number);
    (void)fprintf(to, " Kept by %s\n", or_line(c->card->custodian));
    if (*sharecard_phone(c) != '\0')
        (void)fprintf(to, " In an emergency call %s\n", sharecard_phone(c));
    (void)fprintf(to, " Envelope %s   Seal %s\n" RULE, or_line(c->card->envelope), or_line(c->card->seal));
}

/* Numbered from left to right, line by line: as they are read out, and as they are copied from a file. */
static enum bg_err print_words(FILE *to, const struct slip39_share *share)
{
    uint16_t words[SLIP39_MAX_WORDS];
    char word[12];
    size_t n = 0;
    enum bg_err r = slip39_encode(share, words, &n);

    if (r != BG_OK)
        return r;
    for (size_t i = 0; i < n; i++) {
        sharecard_word(slip39_word(words[i]), word);
        (void)fprintf(to, "   %2zu  %-12s%s", i + 1, word,
                      (i + 1) % WORD_COLUMNS == 0 || i + 1 == n ? "\n" : "");
    }
    bg_wipe(words, sizeof words);
    bg_wipe(word, sizeof word);
    return BG_OK;
}

enum bg_err sharecard_print(FILE *to, const struct sharecard *card)
{
    enum bg_err r;

    print_head(to, card);
    if ((r = print_words(to, card->share)) != BG_OK)
        return r;
    (void)fprintf(to,
                  RULE " To use it: %s and type the words in number order;\n"
                       " the first four letters of each word are enough. Keep it sealed, by itself.\n"
                       " Was the envelope opened? Tell who runs the %s: the set must be replaced.\n",
                  card->fleet ? "run \"breakglass fleet derive\" where no network is,\n"
                              : "log in with the account's name",
                  card->fleet ? "fleet" : "host");
    return fflush(to) == 0 && ferror(to) == 0 ? BG_OK : BG_E_IO;
}

size_t sharecards_of(const struct bg_shareset *set, const struct slip39_share *shares, size_t n,
                     const char *account, const char *host, struct sharecard *out)
{
    unsigned group, number, copy;
    size_t made = 0;

    for (size_t c = 0; c < set->cards; c++)
        for (size_t i = 0; i < n; i++)
            if (bg_share_card_place(set, set->card[c].place, &group, &number, &copy) &&
                shares[i].group_index + 1u == group && shares[i].member_index + 1u == number)
                out[made++] = (struct sharecard){account, host, set, &shares[i], &set->card[c], false};
    return made;
}

static enum bg_err print_one(FILE *to, const void *cards, size_t i)
{
    return sharecard_print(to, &((const struct sharecard *)cards)[i]);
}

bool sharecards_write(const struct sharecard *cards, size_t n, const struct paper_cards *more)
{
    return paper_write(&(struct paper_cards){cards, n, print_one, sharecard_page, more});
}

static enum bg_err print_nth(void *arg, size_t i)
{
    const struct sharecard *const *cards = arg;

    return sharecard_print(stdout, &(*cards)[i]);
}

enum bg_err sharecards_show(const struct sharecard *cards, size_t n)
{
    return pages_show(print_nth, &cards, n);
}

enum admin_exit sharecards_out(const struct sharecard *cards, size_t n, const struct paper_cards *more)
{
    enum bg_err r;

    if (paper_wanted())
        return sharecards_write(cards, n, more) ? ADMIN_GOOD : ADMIN_CANNOT;
    if (ui_form() == UI_OBJECT || (r = sharecards_show(cards, n)) == BG_OK)
        return ADMIN_GOOD;
    if (r == BG_E_CANCEL)
        ui_finding(BG_M_CMD_SHARE_VOID, BG_ARGS(bg_strerror(r)));
    else
        ui_finding(BG_M_CMD_SHARE_TOLD, BG_NOARGS);
    return r == BG_E_CANCEL ? ADMIN_FINDING : ADMIN_CANNOT;
}
