/* SPDX-License-Identifier: ISC */
/* breakglass review: the table of its commands, and how a use is named. */
#include "admin/review/review.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include "admin/messages.h"
#include "admin/rows.h"
#include "admin/ui.h"
#include "base/clock.h"
#include "record/state.h"
#include "record/tally.h"

const struct bg_policy *review_policy(void)
{
    static struct bg_policy p;
    static struct bg_faults faults;
    static bool loaded;

    if (!loaded)
        (void)!bg_policy_load(BG_POLICY_PATH, &p, &faults);
    loaded = true;
    return &p;
}

bool review_in_session(const struct review_use *u)
{
    static struct bg_tally t;

    return bg_state_heal(NULL, NULL, u->account, &t) == BG_OK && bg_tally_lives(&t, u->use.id);
}

/* --- whose uses -------------------------------------------------------------------------------- */

static void take_account(struct review_accounts *out, const char *name)
{
    for (size_t i = 0; i < out->n; i++)
        if (strcmp(out->name[i], name) == 0)
            return;
    if (out->n < REVIEW_ACCOUNTS)
        (void)snprintf(out->name[out->n++], sizeof out->name[0], "%.63s", name);
}

bool review_accounts(struct review_accounts *out)
{
    static struct account_rows rows;
    static char kept[BG_LIFE_ACCOUNTS][64];
    size_t n = bg_life_accounts(NULL, NULL, kept, BG_LIFE_ACCOUNTS);

    out->n = 0;
    if (!rows_load(&rows))
        return false;
    for (size_t i = 0; i < rows.n; i++)
        if (rows.row[i].wrong[0] == '\0')
            take_account(out, rows.row[i].name);
    for (size_t i = 0; i < n; i++)
        take_account(out, kept[i]);
    return true;
}

/* --- naming a use ------------------------------------------------------------------------------ */

struct search {
    char word[BG_ULID_LEN + 1]; /* upper case; "": the newest is meant */
    struct review_use *found;
    char other[BG_ULID_LEN + 1];
    unsigned n;
};

static bool fits(const struct search *s, const char *id)
{
    size_t n = strlen(s->word);

    return strncmp(id, s->word, n) == 0 || strcmp(id + BG_ULID_LEN - n, s->word) == 0;
}

static void take(struct search *s, const char *account, const struct bg_life_use *u)
{
    bool newest = s->word[0] == '\0';

    if (strlen(u->id) != BG_ULID_LEN || (!newest && !fits(s, u->id)))
        return;
    if (newest && s->n > 0 && u->granted_ms <= s->found->use.granted_ms)
        return;
    if (s->n > 0)
        (void)snprintf(s->other, sizeof s->other, "%s", s->found->use.id);
    (void)snprintf(s->found->account, sizeof s->found->account, "%s", account);
    s->found->use = *u;
    s->n = newest ? 1 : s->n + 1;
}

/* False: it can be no part of an id. */
static bool begin(struct search *s, const char *word)
{
    size_t n = strlen(word);

    if (strcmp(word, "last") == 0)
        return true;
    if (n == 0 || n > BG_ULID_LEN)
        return false;
    for (size_t i = 0; i < n; i++)
        s->word[i] = (char)toupper((unsigned char)word[i]);
    return strspn(s->word, BG_ULID_DIGITS) == n;
}

enum admin_exit review_find(const char *word, struct review_use *out)
{
    static struct review_accounts all;
    static struct bg_life life;
    struct search s = {.found = out};

    if (!review_accounts(&all))
        return ADMIN_CANNOT;
    if (begin(&s, word))
        for (size_t i = 0; i < all.n; i++) {
            if (bg_life_heal(NULL, NULL, all.name[i], &life) != BG_OK)
                continue;
            for (size_t k = 0; k < life.uses; k++)
                take(&s, all.name[i], &life.use[k]);
        }
    if (s.n == 1)
        return ADMIN_GOOD;
    if (s.n == 0)
        ui_finding(BG_M_REVIEW_NO_USE, BG_ARGS(word));
    else
        ui_finding(BG_M_REVIEW_MANY, BG_ARGS(word, s.other, out->use.id));
    return ADMIN_USAGE;
}

/* --- the table --------------------------------------------------------------------------------- */

const struct command review_commands[] = {
    {.name = "review list",
     .operands = "[ACCOUNT]",
     .help = "uses that await their review, and until when",
     .about =
         "List the uses that nobody has reviewed yet, the oldest first, with the day on which the review "
         "is due. The exit status is 1 if one is overdue, or if an account is used so often that it is "
         "becoming routine.",
     .example = "breakglass review list",
     .needs = COMMAND_ROOT,
     .options = review_list_options,
     .run = review_list},
    {.name = "review show",
     .operands = "USE",
     .help = "a use as a story: who, why, what was done, what was dead",
     .about =
         "Show all that this host knows of a use, in the order of time: who said they used it and why, what "
         "opened it, what was tried before, its session, who was told, what was dead at that moment, what "
         "changed in /etc since, and what is wrong now. USE is its id, a part that begins or ends it, or "
         "\"last\".",
     .example = "breakglass review show last --by \"Grace Hopper\"",
     .needs = COMMAND_ROOT,
     .options = review_show_options,
     .run = review_show},
    {.name = "review close",
     .operands = "USE",
     .help = "pack the evidence of a use and put the verdict on record",
     .about = "Put on record what a use was, by another person than the one who made it. Before that the "
              "evidence is packed, and the SHA-256 of the pack stands in the record. misuse disables the "
              "account, after a question.",
     .example = "breakglass review close last --verdict drill --by \"Grace Hopper\"",
     .needs = COMMAND_ROOT | COMMAND_ASKS,
     .options = review_close_options,
     .run = review_close},
    {0},
};
