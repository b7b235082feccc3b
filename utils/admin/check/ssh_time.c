/* SPDX-License-Identifier: ISC */
/*
 * SSH-08: how long sshd waits, and how long a person needs who is woken at night, reads from paper, and types
 * with two fingers. The seconds are those that breakglass-checks(7) states.
 */
#include <stdio.h>
#include "admin/check/ssh.h"
#include "config/credential.h"
#include "config/ways.h"

#define PER_WORD   4   /* of a card: its first four letters and a blank */
#define PER_CARD   20  /* to take it out and find the line */
#define PER_LETTER 1   /* of a part of a password */
#define FOR_KEY    60  /* to find it, plug it in, type its PIN, touch it */
#define FOR_ANSWER 120 /* of a key far away: the text goes there and its answer comes back by hand */
#define BY_ITSELF  120 /* sshd's own default */
#define AT_ALL     20  /* for one answer: with less nobody gets in who types by hand */
#define FOR_WHY    60  /* the claimed name and the reason */

static unsigned of_shares(const struct bg_shareset *set)
{
    return bg_shareset_missing(set, NULL, 0) * (PER_CARD + PER_WORD * (unsigned)slip39_words_for(set->bytes));
}

static unsigned of_password(const struct bg_password *p)
{
    return p->parts * (PER_CARD + PER_LETTER * BG_PART_DRAWN);
}

/* The slowest of those that sshd's side can use: no key is plugged in there. */
static unsigned of_keys(const struct bg_credential *c)
{
    const struct bg_place p = bg_place_of(BG_SOURCE_NETWORK);

    return bg_credential_keys(c, &p) > 0 ? FOR_ANSWER : FOR_KEY;
}

unsigned ssh_seconds_needed(const struct bg_credential *c)
{
    const struct bg_place p = bg_place_of(BG_SOURCE_NETWORK);
    struct bg_ways ways;
    unsigned sum = FOR_WHY, most;

    if (!bg_credential_ways(c, &p, &ways))
        return 0;
    for (unsigned i = 0; i < ways.steps; i++) {
        most = (ways.kinds[i] & BG_KIND_KEY) != 0 ? of_keys(c) : 0;
        if ((ways.kinds[i] & BG_KIND_SHARES) != 0 && of_shares(&c->shares) > most)
            most = of_shares(&c->shares);
        if ((ways.kinds[i] & BG_KIND_PASSWORD) != 0 && of_password(&c->password) > most)
            most = of_password(&c->password);
        sum += most;
    }
    return sum;
}

void ssh_grace(struct check *c, const struct ssh_server *s, const struct check_account *a, bool beside)
{
    unsigned has = ssh_number(s->dump, "logingracetime", 0), needed;
    struct check_at at = {.account = a->row->name, .service = s->name};
    struct ssh_where w;
    char said[SSH_SAID];

    ssh_where(s, "LoginGraceTime", NULL, NULL, NULL, &w);
    at.file = w.line > 0 ? w.file : s->config;
    at.line = w.line;
    if (has == 0) /* without limit */
        return;
    ssh_said(said, "LoginGraceTime", BG_DIGITS(has), &w);
    if (has < BY_ITSELF && !beside && !s->own) {
        check_find(c, has < AT_ALL ? CHECK_SSH_GRACE_NONE : CHECK_SSH_GRACE_SHORT, &at,
                   BG_ARGS(s->name, a->row->name, said));
        return;
    }
    if (a->credential == NULL) {
        check_unknown(c, CHECK_SSH_GRACE, &at, "the account's credentials cannot be read");
        return;
    }
    if ((needed = ssh_seconds_needed(a->credential)) <= has)
        return;
    check_find(c, beside ? CHECK_SSH_GRACE_BESIDE : CHECK_SSH_GRACE, &at,
               BG_ARGS(s->name, a->row->name, BG_DIGITS(needed), said));
}
