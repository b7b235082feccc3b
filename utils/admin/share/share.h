/* SPDX-License-Identifier: ISC */
/* What the parts of "breakglass share" have in common. */
#ifndef BG_ADMIN_SHARE_SHARE_H
#define BG_ADMIN_SHARE_SHARE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include "admin/admin.h"
#include "admin/pages.h"
#include "admin/paper/paper.h"
#include "base/err.h"
#include "config/credential.h"
#include "share/sharetyper.h"
#include "share/slip39.h"

/* --- new.c: making a share set; pure work, no terminal */

#define SHARES_MAX (SLIP39_MAX_SHARES * SLIP39_MAX_SHARES)

/*
 * Fill *set (its groups, group_threshold, bytes and exponent are given, its label and the places of its cards
 * may be) with a fresh id, label, salt, verifier, checks, host and time, and shares[SHARES_MAX] with the
 * shares of a fresh master secret; *n is their number. Each share is read back as its words would be, every
 * sufficient subset of each group and of the groups is joined and compared (slip39_split), and one sufficient
 * set is joined as a login would and compared with the verifier. The secret does not outlive the call.
 * BG_E_RANGE (thresholds), BG_E_CRYPTO, BG_E_MISMATCH (self-check), BG_E_IO.
 */
BG_MUST_CHECK enum bg_err sharenew_make(struct bg_shareset *set, struct slip39_share *shares, size_t *n);

/* --- plan.c: what a set shall be, as it is asked for on the command line; pure work */

struct shareplan {
    struct bg_shareset set;
    uint8_t copies[BG_GROUPS_MAX]; /* of the only card of a group; 0 and 1: one */
    bool named;                    /* by --group */
    struct bg_share_card keeper[BG_CARDS_MAX];
    size_t keepers;
};

/* "2/3" or "2/3,3/5" into set->group and group_count. False when it is not of that form or out of bounds. */
bool shareplan_groups(const char *text, struct bg_shareset *set);

/* One more group: "ops 2/3". "board 1/2" is a group of one card in two copies. False as above. */
bool shareplan_group(const char *text, struct shareplan *p);

/* One more keeper: "Jane Doe", "Jane Doe:17", "Jane Doe:17:A9", each part may be empty. False as above. */
bool shareplan_keeper(const char *text, struct shareplan *p);

/* The cards of the set, in order of groups, members and copies, each with its keeper as far as there are.
 * False: more than BG_CARDS_MAX cards, or more keepers than cards. */
bool shareplan_cards(struct shareplan *p);

/* --- wish.c: the share set that the options of a command ask for */

extern struct shareplan sharewish;
extern uint32_t sharewish_group_threshold, sharewish_exponent;

bool sharewish_parse_shares(const char *value);
bool sharewish_parse_groups(const char *value);
bool sharewish_parse_group(const char *value);
bool sharewish_parse_label(const char *value);
bool sharewish_parse_keeper(const char *value);
bool sharewish_parse_bits(const char *value);

/* Rows of two commands. otherwise: what is taken without --shares. */
#define SHAREWISH_GROUP "T/N with T of 2 to N and N up to 16, or 1/1"
#define SHAREWISH_OPTIONS(otherwise)                                                                         \
    {"shares", "T/N", "any T of N cards open it [" otherwise "]", .parse = sharewish_parse_shares,           \
     .expected = SHAREWISH_GROUP},                                                                           \
        {"group", "GROUP", "\"NAME T/N\": a group of cards with a name; repeat it",                          \
         .parse = sharewish_parse_group, .expected = "a name of its own and T/N: \"ops 2/3\""},              \
        {"groups", "N", "groups required [all]; or their T/N,T/N...", .parse = sharewish_parse_groups,       \
         .expected = "a number, or " SHAREWISH_GROUP ", several with commas"},                               \
        {"label", "TEXT", "what the set is called [drawn]", .parse = sharewish_parse_label,                  \
         .expected = "at most 32 bytes of visible text without , : \" and \\"},                              \
    {                                                                                                        \
        "custodian", "WHO", "of the next card: NAME[:ENVELOPE[:SEAL]]; repeat it",                           \
            .parse = sharewish_parse_keeper, .expected = "NAME, NAME:ENVELOPE or NAME:ENVELOPE:SEAL"         \
    }

/* Where no option says how many cards there shall be: as many as `old` has, of its kind; and kept by the same
 * people in the same envelopes, where no option names another. */
void sharewish_as(const struct bg_shareset *old);

/* What no option shows by itself. ADMIN_GOOD: sharewish is whole; or the finding was shown. */
enum admin_exit sharewish_complete(void);

/* --- card.c: one share as a card for its custodian: at most 80 columns and 24 lines */

struct sharecard {
    const char *account, *host; /* host: its name, for people */
    const struct bg_shareset *set;
    const struct slip39_share *share;
    const struct bg_share_card *card; /* one of set->card */
    bool fleet;                       /* host is a fleet's name: the card is typed on no host */
};

/* "Card 2 of 3, any 2 open the account", with groups and copies where there are. */
void sharecard_number(const struct sharecard *c, char *out, size_t cap);

/* Whom the card says to call, by breakglass.conf; "": nobody, as on a fleet's. Static. */
const char *sharecard_phone(const struct sharecard *c);

/* The words are in capitals as far as they must be typed (four letters). BG_E_IO: `to` did not take it. */
BG_MUST_CHECK enum bg_err sharecard_print(FILE *to, const struct sharecard *card);

/* "ACADemic" into out[12]. */
void sharecard_word(const char *word, char out[12]);

/* The set's cards, one for each of set->card, into out[BG_CARDS_MAX]; how many. */
size_t sharecards_of(const struct bg_shareset *set, const struct slip39_share *shares, size_t n,
                     const char *account, const char *host, struct sharecard *out);

/* All cards, as pages_show (admin/pages.h). */
BG_MUST_CHECK enum bg_err sharecards_show(const struct sharecard *cards, size_t n);

/* To paper, with `more` (NULL: nothing) behind them. As paper_write. */
bool sharecards_write(const struct sharecard *cards, size_t n, const struct paper_cards *more);

/* All cards to paper, with `more` behind them there, or on the screen, or nowhere for --json. ADMIN_GOOD, or
 * the finding was shown. */
enum admin_exit sharecards_out(const struct sharecard *cards, size_t n, const struct paper_cards *more);

/* --- page.c: as struct paper_cards wants it */
BG_MUST_CHECK enum bg_err sharecard_page(const void *cards, size_t i, struct paper_page *p);

/* --- test.c: a written card, typed back and held against a set */

struct sharetest {
    struct slip39_share share;    /* the caller wipes it */
    const struct bg_message *why; /* it is not of the set; NULL: it is, or no whole card was typed */
};

/*
 * Let one written card be typed back, as at a login, and tell whether it is sound and of this set, and its
 * number; "set", "label", "group" and "card" go into root. False: the finding was shown.
 */
bool sharecard_test(const char *account, const struct bg_shareset *set, bool from_stdin, json_t *root,
                    struct sharetest *out);

/*
 * Let cards be typed: one or, with `all`, as many as the set requires. False: the finding was shown, and *why
 * is set if it was that a card is not of the set. t was started; the caller wipes it.
 */
bool sharecards_type(struct bg_sharetyper *t, bool all, bool from_stdin, const struct bg_message **why);

/* Are the cards of a new set written down? Asks a person, who may have one tested. False: the finding was
 * shown. */
bool sharecards_kept(const char *account, const struct bg_shareset *set, json_t *root);

/* --- custody.c: share verify, assign, list */

/* What the options say of a card; the same for all commands. */
struct custody_wish {
    bool card_stdin;
    const char *card, *custodian, *envelope, *seal; /* NULL: stays as it is; "": forgotten */
};
extern struct custody_wish custody_wish;

bool custody_parse_custodian(const char *value);
bool custody_parse_envelope(const char *value);
bool custody_parse_seal(const char *value);
#define CUSTODY_FORM(bytes) "at most " bytes " bytes of visible text without , : \" and \\"
#define KEEPER_OPTIONS                                                                                       \
    {"custodian", "NAME", "who keeps the card", .parse = custody_parse_custodian,                            \
     .expected = CUSTODY_FORM("63")},                                                                        \
        {"envelope", "TEXT", "number of its envelope", .parse = custody_parse_envelope,                      \
         .expected = CUSTODY_FORM("31")},                                                                    \
    {                                                                                                        \
        "seal", "TEXT", "number of the seal on it", .parse = custody_parse_seal,                             \
                                                    .expected = CUSTODY_FORM("31")                           \
    }
#define CARD_OPTIONS                                                                                         \
    {"card", "CARD", "which of several copies it is", .text = &custody_wish.card},                           \
    {                                                                                                        \
        "card-stdin", NULL, "read the card's words from standard input", .flag = &custody_wish.card_stdin    \
    }

/* Can a card be typed at all? ADMIN_GOOD, or the finding was shown. */
enum admin_exit custody_can_type(void);

/* The card of the set that holds the share, as custody_wish.card says where there are copies. NULL: the
 * finding was shown. */
struct bg_share_card *custody_card(const char *account, struct bg_shareset *s,
                                   const struct slip39_share *share);

/* What the options say, into the card. */
void custody_take_wishes(struct bg_share_card *card);

/* "Jane Doe, envelope 17, seal A9"; "" for nothing. */
#define CUSTODY_TEXT 160
void custody_text(const struct bg_share_card *card, char out[CUSTODY_TEXT]);

/* The words of each share, as one text. */
json_t *sharewords_json(const struct slip39_share *shares, size_t n);
json_t *sharegroups_json(const struct bg_shareset *s);
json_t *sharecards_json(const struct bg_shareset *s);

/* What is told of a new set: its cards' words too, unless they went to paper. */
void sharenew_json(const struct bg_shareset *s, const struct slip39_share *shares, size_t n, json_t *root);

extern const struct command_option verify_options[], assign_options[], cards_options[];
enum admin_exit share_verify(char *const words[], json_t *root);
enum admin_exit share_assign(char *const words[], json_t *root);
enum admin_exit share_cards(char *const words[], json_t *root);
enum admin_exit share_list(char *const words[], json_t *root);

#endif
