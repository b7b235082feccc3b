/* SPDX-License-Identifier: ISC */
/* The auth phase: start, factor, statement, grant; whatever happens in between is on record. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "login/login.h"
#include "record/grant.h"

/* Is there anything this account could be opened with? */
static enum bg_err check_account(struct login *L)
{
    const struct bg_message *no = decide_account(L->match, L->credential_state, &L->credential, L->armed);
    char elsewhere[PLACE_MAX] = "";

    if (no == NULL && (no = ways_find(L, &L->ways)) != NULL)
        place_elsewhere(&L->credential, elsewhere);
    if (no == NULL)
        return BG_OK;
    L->unopenable = true;
    errno = L->credential_errno;
    return login_refuse(L, no, BG_ARGS(L->hello.user, bg_strerror(L->credential_state), elsewhere));
}

/* The event of a factor that was verified. */
static bool record_verified(struct login *L)
{
    struct bg_event e = BG_EVENT_INIT;
    char text[BG_MSG_MAX], cards[CARDS_TEXT];

    e.type = BG_EV_AUTH_SUCCEEDED;
    e.success = true;
    e.factor = L->factor;
    e.host_identity = bg_same_host_name(login_same_host(L));
    e.message = "Break-glass factor verified; who and why come next";
    e.card = L->card;
    e.cards = L->cards;
    if (L->cards > 0) {
        cards_text(L, cards);
        (void)bg_msg_raw(text, sizeof text, BG_M_EV_CARDS, BG_ARGS(cards));
        e.message = text;
    }
    if (L->key_by_sshd && !bg_bits_any(&L->keys_shown)) {
        (void)bg_msg_raw(text, sizeof text, BG_M_EV_SSH, BG_ARGS(L->key));
        e.message = text;
        e.key = L->key;
    } else if (L->key[0] != '\0') {
        (void)bg_msg_raw(text, sizeof text, BG_M_EV_KEY, BG_ARGS(L->key, BG_DIGITS(L->key_counter)));
        e.message = text;
        e.key = L->key;
        e.key_counter = L->key_counter;
        if (!L->key_by_sshd) /* of that one nothing is known */
            e.user_verified = L->key_verified ? "yes" : "no";
    }
    return login_record(L, &e);
}

/* at: where auth.succeeded is in the journal. */
static enum bg_err verify(struct login *L, const struct way *first, struct bg_position *at)
{
    enum bg_err r;

    if ((r = login_delay(L, 0)) != BG_OK)
        return r;
    (void)login_record_msg(L, BG_EV_ATTEMPT_STARTED, true, BG_M_EV_STARTED, BG_ARGS(L->account.name));
    if ((r = login_factors(L, first)) != BG_OK)
        return r;
    L->proven = true;
    if (!record_verified(L))
        return login_refuse(L, BG_M_UNRECORDED, BG_NOARGS);
    *at = L->newest;
    if (login_same_host(L) == BG_HOST_OTHER &&
        (r = login_say(L, BG_STYLE_INFO, BG_M_HOST_OTHER, BG_NOARGS)) != BG_OK)
        return r;
    if ((r = selfcheck_granting(L)) != BG_OK)
        return r;
    return login_say(L, BG_STYLE_INFO, login_verified_text(L),
                     BG_ARGS(L->policy.ticket_required ? "Three" : "Two"));
}

static bool record_grant(struct login *L, const struct statement *s)
{
    struct bg_event e = BG_EVENT_INIT;
    char text[BG_MSG_MAX], own[8];

    (void)bg_msg_raw(text, sizeof text, BG_M_EV_GRANTED, BG_ARGS(L->account.name, s->name, s->reason));
    e.type = BG_EV_USE_GRANTED;
    e.success = true;
    e.card = L->card;
    e.cards = L->cards;
    e.factor = L->factor;
    e.host_identity = bg_same_host_name(login_same_host(L));
    e.key = L->key[0] != '\0' ? L->key : NULL;
    e.claimed = s->name;
    e.reason = s->reason;
    e.ticket = s->ticket[0] != '\0' ? s->ticket : NULL;
    e.message = text;
    if (drill_is_own(L, s)) {
        bg_msg_name(own, BG_M_DRILL_OWN);
        e.detail = own;
    }
    return login_record(L, &e);
}

#define PAPER_NAME   48u /* bytes */
#define PAPER_REASON 160u

/* The beginning of what was typed, whole characters: nobody copies 500 letters, and a console may be slow. */
static const char *for_paper(const char *s, size_t most, char out[BG_ANSWER_MAX])
{
    size_t n = strlen(s), cut = n > most ? most : n;

    while (cut > 0 && cut < n && ((unsigned char)s[cut] & 0xC0) == 0x80)
        cut--;
    (void)snprintf(out, BG_ANSWER_MAX, "%.*s%s", (int)cut, s, cut < n ? "..." : "");
    return out;
}

/* Logs beyond the journal and /run may be in memory alone: whoever is there keeps the record, on paper. */
static enum bg_err have_it_written_down(struct login *L, const struct statement *s)
{
    char name[BG_ANSWER_MAX], reason[BG_ANSWER_MAX];

    if (L->placed < BG_RECORDED_AUDIT)
        return BG_OK;
    return login_say_late(L, BG_STYLE_ERROR, BG_M_WRITE_DOWN,
                          BG_ARGS(L->rec.id, L->rec.time, for_paper(s->name, PAPER_NAME, name),
                                  for_paper(s->reason, PAPER_REASON, reason)));
}

static enum bg_err grant(struct login *L, const struct statement *s, const struct bg_position *verified)
{
    const struct bg_message *off = login_switched_off(L);
    struct bg_position granted;
    enum bg_err r;

    if (off != NULL)
        return login_refuse(L, off, BG_ARGS(L->account.name));
    /* before anything is promised: over ssh nothing else brings the grant to the session */
    if (bg_grant_put(NULL, L->account.name, L->use, L->hello.host_pid) != BG_OK &&
        decide_needs_token(L->source))
        return login_refuse(L, BG_M_NO_TOKEN, BG_NOARGS);
    if (!record_grant(L, s))
        return login_refuse(L, BG_M_UNRECORDED, BG_NOARGS);
    granted = L->newest;
    if (L->recorded != BG_RECORDED_JOURNAL &&
        login_say_late(L, BG_STYLE_ERROR, BG_M_DEGRADED, BG_ARGS(bg_recorded_name(L->recorded))) != BG_OK)
        return BG_E_EOF;
    if (have_it_written_down(L, s) != BG_OK)
        return BG_E_EOF;
    if ((r = alarm_await(L, verified, &granted)) != BG_OK)
        return r;
    if ((r = login_say_late(L, BG_STYLE_INFO, BG_M_GRANTED, BG_ARGS(L->use))) != BG_OK)
        return r;
    if ((r = login_say_late(L, BG_STYLE_INFO, BG_M_ADVICE, BG_NOARGS)) != BG_OK)
        return r;
    if (drill_is_own(L, s) && (r = login_say_late(L, BG_STYLE_INFO, BG_M_DRILL_OWN, BG_NOARGS)) != BG_OK)
        return r;
    if (L->exposed > 0 &&
        (r = login_say_late(L, BG_STYLE_ERROR, BG_M_CARD_SHOWN, BG_ARGS(L->account.name))) != BG_OK)
        return r;
    return login_go_on(L);
}

/*
 * The end without a grant goes on record, aborted by the person or the line, or failed; then it is shown.
 * Sets of shares that failed are on record already, each by itself.
 */
static void end(struct login *L, enum bg_err r)
{
    bg_grant_drop(NULL, L->use);
    if (L->cause == NULL)
        (void)login_refuse(L, decide_cause(r), BG_ARGS(bg_strerror(r)));
    if (r != BG_E_MISMATCH)
        login_record_last(L, decide_aborted(r) ? BG_EV_ATTEMPT_ABORTED : BG_EV_ATTEMPT_FAILED);
    if (r != BG_E_EOF && !(r == BG_E_CANCEL && decide_is_sshd(&L->hello))) /* who left knows it */
        login_say_last(L);
    if (L->unopenable)
        (void)!others_say(L);
}

uint32_t login_authenticate(struct login *L)
{
    struct statement s;
    struct bg_position verified;
    const struct way *first;
    enum bg_err r;

    if (bg_ulid(L->use) != BG_OK)
        L->use[0] = '\0';
    drill_look(L);
    if ((r = check_account(L)) != BG_OK)
        goto out;
    if ((r = sshd_say_grace(L)) != BG_OK)
        goto out;
    if ((r = selfcheck_begin(L)) != BG_OK)
        goto out;
    if ((r = login_begin(L, &first)) != BG_OK)
        goto out;
    if ((r = verify(L, first, &verified)) != BG_OK)
        goto out;
    if ((r = login_statement(L, &s)) != BG_OK)
        goto out;
    r = grant(L, &s, &verified);
out:
    if (r == BG_OK)
        return BG_VERDICT_ALLOW;
    end(L, r);
    return decide_is_over(&L->hello, r, L->cause) ? BG_VERDICT_LEAVE : BG_VERDICT_DENY;
}
