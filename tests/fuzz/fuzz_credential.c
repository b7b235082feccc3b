/* SPDX-License-Identifier: ISC */
/* Credentials and policy files of any bytes: what is accepted is within every bound of its header. */
#include <stdlib.h>
#include <string.h>
#include "config/credential.h"
#include "config/from.h"
#include "config/policy.h"
#include "config/sinkcred.h"
#include "config/ways.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool holds)
{
    if (!holds)
        abort();
}

static void check_error(enum bg_err r, const struct bg_ini_error *e)
{
    need(r == BG_OK || r == BG_E_SYNTAX || r == BG_E_RANGE);
    need(strnlen(e->text, sizeof e->text) < sizeof e->text && (r == BG_OK) == (e->text[0] == '\0'));
    for (const char *p = e->text; *p != '\0'; p++)
        need(*p >= ' ' && *p <= '~');
}

static void check_shares(const struct bg_shareset *s)
{
    need(s->id <= 0x7fff && s->exponent <= BG_EXPONENT_MAX && (s->bytes == 16 || s->bytes == 32));
    need(s->group_count >= 1 && s->group_count <= BG_GROUPS_MAX);
    need(s->group_threshold >= 1 && s->group_threshold <= s->group_count);
    for (size_t i = 0; i < s->group_count; i++) {
        struct bg_share_group g = s->group[i];
        need(g.threshold >= 1 && g.threshold <= g.count && g.count <= BG_GROUPS_MAX);
        need(g.threshold > 1 || g.count == 1);
    }
    need(strlen(s->created) == BG_TIME_LEN - 1 && strlen(s->words) < BG_SET_WORDS &&
         strlen(s->label) < BG_SET_LABEL);
}

static void check_cards(const struct bg_shareset *s, bool has_shares)
{
    unsigned group, number, copy;

    need(s->cards <= BG_CARDS_MAX && s->olds <= BG_OLD_SETS && (has_shares || s->cards == 0));
    for (size_t i = 0; i < s->cards; i++) {
        const struct bg_share_card *c = &s->card[i];
        need(bg_share_card_place(s, c->place, &group, &number, &copy));
        need(c->custodian[0] == '\0' || bg_share_text_valid(c->custodian));
        need(c->envelope[0] == '\0' || bg_share_text_valid(c->envelope));
        need(c->seal[0] == '\0' || bg_share_text_valid(c->seal));
        need(c->inspected[0] == '\0' || strlen(c->inspected) == BG_TIME_LEN - 1);
    }
    for (size_t i = 0; i < s->olds; i++)
        need(s->old[i].exponent <= BG_EXPONENT_MAX && strlen(s->old[i].created) == BG_TIME_LEN - 1 &&
             strlen(s->old[i].replaced) == BG_TIME_LEN - 1);
}

static void check_keys(const struct bg_credential *c)
{
    need(c->key_count <= BG_KEYS_MAX && c->ssh_count <= BG_SSH_KEYS_MAX &&
         (unsigned)c->require <= BG_REQUIRE_SHARES_PASSWORD);
    for (size_t i = 0; i < c->key_count; i++) {
        const struct bg_key *k = &c->key[i];
        need(bg_key_label_valid(k->label) && k->id.len >= 1 && k->id.len <= BG_FIDO_ID);
        need(bg_fido_public_len(k->pub.type) != 0 && k->rp[0] != '\0' && strlen(k->rp) < BG_FIDO_RP);
        need(k->uv >= BG_UV_REQUIRED && k->uv <= BG_UV_NO && strlen(k->created) == BG_TIME_LEN - 1);
    }
}

static void check_places(const struct bg_credential *c)
{
    for (enum bg_source s = BG_SOURCE_CONSOLE; s <= BG_SOURCE_NETWORK; s++)
        need((unsigned)bg_credential_require(c, s) <= BG_REQUIRE_SHARES_PASSWORD);
    need((unsigned)c->open <= BG_OPEN_ARMED && bg_from_valid(c->from));
}

static void check_password(const struct bg_password *p)
{
    need(p->parts >= 2 && p->parts <= BG_PASSWORD_PARTS && bg_password_form(p->hash));
    need(bg_from_valid(p->from) && strlen(p->created) == BG_TIME_LEN - 1);
    (void)bg_password_refusal(p->hash);
}

/* A sink that is accepted has everything its type needs. */
static void check_sinks(const struct bg_sinks *s)
{
    need(s->n <= BG_SINKS_MAX);
    for (unsigned i = 0; i < s->n; i++) {
        const struct bg_sink *k = &s->sink[i];
        bool hook = k->type == BG_SINK_WEBHOOK;
        need(k->type >= BG_SINK_WEBHOOK && k->type <= BG_SINK_TWILIO);
        need(k->url[0] == '\0' || (bg_sink_url_ok(k->url) && k->url_file[0] == '\0'));
        need(k->type != BG_SINK_SYSLOG || k->path[0] == '/');
        need(!hook || ((k->url[0] != '\0' || bg_sinkcred_ok(k->url_file)) && bg_sinkcred_ok(k->secret_file)));
        need(k->name[0] != '\0' && k->timeout >= 1 && k->timeout <= 60);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bg_credential c;
    struct bg_policy p;
    struct bg_ini_error e;
    struct bg_faults faults;
    char *text = malloc(size + 1);
    enum bg_err r;

    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    r = bg_credential_parse(text, &c, &e);
    check_error(r, &e);
    if (r == BG_OK && c.has_shares)
        check_shares(&c.shares);
    if (r == BG_OK)
        check_cards(&c.shares, c.has_shares);
    if (r == BG_OK && c.has_password)
        check_password(&c.password);
    if (r == BG_OK)
        check_places(&c);
    if (r == BG_OK) {
        check_keys(&c);
        bg_credential_free(&c);
    }
    r = bg_policy_parse(text, &p, &faults);
    need((r == BG_OK) == (faults.n == 0) && faults.n <= BG_FAULTS_MAX);
    for (unsigned i = 0; i < faults.n; i++)
        check_error(r, &faults.fault[i]);
    need(p.attempts >= 1 && p.attempts <= 10 && p.dialogue_timeout >= 60 && p.dialogue_timeout <= 3600);
    check_sinks(&p.sinks);
    (void)bg_policy_is_console(&p, "tty1");
    free(text);
    return 0;
}
