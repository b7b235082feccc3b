/* SPDX-License-Identifier: ISC */
/* What stands on the page of a card. */
#include <stdio.h>
#include <string.h>
#include "admin/share/share.h"
#include "base/secret.h"

static void say_how(bool fleet, struct paper_page *p)
{
    p->how[0] =
        fleet ? "Never type it on a host. Where no network is, run \"breakglass fleet derive\". When "
                "cards are asked for, unfold it"
              : "In an emergency: log in on the host with the name of the account. When cards are asked "
                "for, unfold this one";
    p->how[1] =
        "and type its words in the order of their numbers; the first four letters of each are enough.";
    p->opened =
        fleet
            ? "This envelope was opened? Tell whoever runs the fleet, at once: all of it has to be replaced."
            : "This envelope was opened? Tell whoever runs the host, at once: the set has to be replaced.";
    p->after =
        "After an inspection (breakglass share verify): a new envelope, a new seal, and its number noted.";
}

/* As a code in upper case and with blanks: the densest way for what is still text to be typed. */
static enum bg_err put_words(const struct slip39_share *share, struct paper_page *p)
{
    uint16_t words[SLIP39_MAX_WORDS];
    char word[12];
    size_t n = 0, at = 0;
    enum bg_err r = slip39_encode(share, words, &n);

    for (size_t i = 0; r == BG_OK && i < n; i++) {
        sharecard_word(slip39_word(words[i]), word);
        (void)snprintf(p->item[i], sizeof p->item[i], "%2zu %s", i + 1, word);
        at += (size_t)snprintf(p->code + at, sizeof p->code - at, "%s%s", i > 0 ? " " : "",
                               slip39_word(words[i]));
    }
    for (size_t i = 0; i < at; i++)
        if (p->code[i] >= 'a' && p->code[i] <= 'z')
            p->code[i] = (char)(p->code[i] - 'a' + 'A');
    p->items = n;
    bg_wipe(words, sizeof words);
    bg_wipe(word, sizeof word);
    return r;
}

_Static_assert(PAPER_ITEMS == SLIP39_MAX_WORDS && PAPER_CODE > SLIP39_MAX_WORDS * 9,
               "a page has room for a card");

enum bg_err sharecard_page(const void *cards, size_t i, struct paper_page *p)
{
    const struct sharecard *c = &((const struct sharecard *)cards)[i];

    p->title = "BREAK-GLASS CARD";
    p->name = bg_shareset_title(c->set);
    sharecard_number(c, p->number, sizeof p->number);
    (void)snprintf(p->made, sizeof p->made, "%.10s", c->set->created);
    p->phone = sharecard_phone(c);
    p->field[0].name = c->fleet ? "Fleet" : "Host";
    p->field[0].value = c->host;
    p->field[1].name = "Account";
    p->field[1].value = c->account;
    p->field[2].name = "Set made";
    p->field[2].value = p->made;
    p->field[3].name = "Kept by";
    p->field[3].value = c->card->custodian;
    p->field[4].name = "Envelope";
    p->field[4].value = c->card->envelope;
    p->field[5].name = "Seal";
    p->field[5].value = c->card->seal;
    say_how(c->fleet, p);
    p->caption = "The words, from left to right and line by line:";
    p->letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return put_words(c->share, p);
}
