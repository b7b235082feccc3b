/* SPDX-License-Identifier: ISC */
/* Controls that follow from what is enrolled, and from what check finds. */
#include <stdlib.h>
#include <string.h>
#include "admin/compliance/compliance.h"
#include "base/identity.h"
#include "config/ways.h"

/* --- by check ----------------------------------------------------------------------------------- */

static bool is_listed(const char *list, const char *rule)
{
    char all[160], *save = NULL;

    (void)snprintf(all, sizeof all, "%s", list);
    for (char *w = strtok_r(all, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save))
        if (strncmp(rule, w, strlen(w)) == 0)
            return true;
    return false;
}

/* Nobody looks at some of it. */
static void say_unlooked(struct judged *j)
{
    char all[160], *save = NULL;

    (void)snprintf(all, sizeof all, "%s", j->control->checks);
    for (char *w = strtok_r(all, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save))
        if (!lint_has_rule(w))
            judge_say(j, VERDICT_UNKNOWN, "check does not look at %s", w);
}

static void say_finding(struct judged *j, const struct lint_finding *l, enum verdict of_risk)
{
    enum verdict v = l->severity == CHECK_BLOCK     ? VERDICT_FAIL
                     : l->severity == CHECK_RISK    ? of_risk
                     : l->severity == CHECK_UNKNOWN ? VERDICT_UNKNOWN
                                                    : VERDICT_WARN;

    judge_say(j, v, "check says %s of %s", check_severity_word(l->severity), l->rule);
    judge_evidence(j, "check", l->rule, l->account, 0);
}

static void say_check(const struct facts *f, struct judged *j)
{
    judge_say(j, f->lint.known && !f->lint.more ? VERDICT_PASS : VERDICT_UNKNOWN, "%s",
              !f->lint.known ? "check could not be run"
              : f->lint.more ? "check found more than can be looked through"
                             : "check finds nothing against it");
}

void judge_by_checks(const struct facts *f, struct judged *j)
{
    if (!judge_any_account(f, j))
        return;
    say_check(f, j);
    say_unlooked(j);
    for (unsigned i = 0; i < f->lint.n; i++)
        if (is_listed(j->control->checks, f->lint.finding[i].rule))
            say_finding(j, &f->lint.finding[i], VERDICT_FAIL);
}

/* --- accounts ----------------------------------------------------------------------------------- */

void judge_two_accounts(const struct facts *f, struct judged *j)
{
    unsigned n = 0;

    if (!f->custody->whole)
        judge_say(j, VERDICT_UNKNOWN, "a file of /etc/breakglass cannot be read");
    for (size_t i = 0; i < f->n; i++)
        n += f->account[i].credential != NULL && bg_credential_opens(f->account[i].credential);
    if (n < 2)
        judge_say(j, VERDICT_FAIL, "%u account%s can be opened", n, n == 1 ? "" : "s");
    say_check(f, j);
    for (unsigned i = 0; i < f->lint.n; i++) /* what is a warning stops nothing */
        if (f->lint.finding[i].severity != CHECK_WARN)
            say_finding(j, &f->lint.finding[i], VERDICT_WARN);
}

/* Is it on file of everything of the account who keeps it, or in which envelope it is? */
static bool is_kept(const struct account_facts *a)
{
    const struct bg_credential *c = a->credential;

    if (c == NULL || a->envelopes == NULL || (c->has_shares && c->shares.cards == 0))
        return false;
    for (unsigned i = 0; c->has_shares && i < c->shares.cards; i++)
        if (c->shares.card[i].custodian[0] == '\0' && c->shares.card[i].envelope[0] == '\0')
            return false;
    for (size_t i = 0; i < c->key_count; i++)
        if (c->key[i].custodian[0] == '\0' &&
            bg_envelope_of(a->envelopes, BG_HOLDS_KEY, c->key[i].label, "") == NULL)
            return false;
    return !c->has_password || bg_envelope_of(a->envelopes, BG_HOLDS_PASSWORD, "1", "") != NULL;
}

/* All rules, also those that breakglass.conf switches off: it is the control that asks now. */
static void say_breaches(const struct facts *f, struct judged *j, const bool wanted[BG_RULES])
{
    struct bg_breaches *all = calloc(1, sizeof *all);

    if (all == NULL) {
        judge_say(j, VERDICT_UNKNOWN, "there was no memory for it");
        return;
    }
    bg_rules_look(&f->custody->c, wanted, all);
    for (unsigned i = 0; i < all->n; i++) {
        judge_say(j, VERDICT_FAIL, "%s", all->breach[i].text);
        judge_evidence(j, "option", bg_rule_text(all->breach[i].rule)->key, all->breach[i].account, 0);
    }
    free(all);
}

static void say_kept(const struct facts *f, struct judged *j)
{
    for (size_t i = 0; i < f->n; i++)
        if (facts_counts(&f->account[i]) && !is_kept(&f->account[i]))
            judge_say(j, VERDICT_UNKNOWN, "it is not on file who keeps everything of %s", f->account[i].name);
    if (!f->custody->whole)
        judge_say(j, VERDICT_UNKNOWN, "a file of /etc/breakglass cannot be read");
}

void judge_accounts_apart(const struct facts *f, struct judged *j)
{
    static const bool wanted[BG_RULES] = {[BG_RULE_KEYS] = true,
                                          [BG_RULE_ENVELOPES] = true,
                                          [BG_RULE_SAFES] = true,
                                          [BG_RULE_CUSTODIANS] = true};
    unsigned n = 0;

    if (!judge_any_account(f, j))
        return;
    for (size_t i = 0; i < f->n; i++)
        n += facts_counts(&f->account[i]);
    if (n < 2)
        judge_say(j, VERDICT_FAIL, "there is one account, so all hangs on what that one needs");
    else
        judge_say(j, VERDICT_PASS, "%u accounts have nothing in common that is on file", n);
    say_breaches(f, j, wanted);
    say_kept(f, j);
}

void judge_separation(const struct facts *f, struct judged *j)
{
    static const bool wanted[BG_RULES] = {[BG_RULE_THRESHOLD] = true};
    const struct bg_people *p = &f->custody->people;

    if (!judge_any_account(f, j))
        return;
    judge_say(j, VERDICT_PASS, "no custodian has enough cards, or reviews");
    say_breaches(f, j, wanted);
    say_kept(f, j);
    if (p->n == 0)
        judge_say(j, VERDICT_UNKNOWN, "there is no list of people");
    for (unsigned i = 0; i < p->n; i++)
        if (bg_person_has(&p->person[i], BG_ROLE_CUSTODIAN) && bg_person_has(&p->person[i], BG_ROLE_REVIEW)) {
            judge_say(j, VERDICT_WARN, "%s is a custodian and reviews", bg_person_name(&p->person[i]));
            judge_evidence(j, "file", BG_PEOPLE_PATH, "", 0);
        }
}

/* --- credentials -------------------------------------------------------------------------------- */

/* Can any one card be lost? */
static bool cards_spare(const struct bg_shareset *s)
{
    unsigned whole = 0;

    for (unsigned g = 0; g < s->group_count; g++)
        whole += s->group[g].count > s->group[g].threshold;
    /* a group without a spare card may fail as a whole where there is a group too many */
    return whole == s->group_count || s->group_count > s->group_threshold;
}

static bool opens_without_key(const struct bg_credential *c, size_t key)
{
    struct bg_credential less = *c;
    bool opens;

    less.key = calloc(c->key_count, sizeof *less.key);
    if (less.key == NULL)
        return false;
    memcpy(less.key, c->key, c->key_count * sizeof *less.key);
    less.key[key].suspended = true;
    opens = bg_credential_suffices(&less);
    free(less.key);
    return opens;
}

static bool opens_without_ssh(const struct bg_credential *c, size_t key)
{
    struct bg_credential less = *c;
    bool opens;

    less.ssh = calloc(c->ssh_count, sizeof *less.ssh);
    if (less.ssh == NULL)
        return false;
    memcpy(less.ssh, c->ssh, c->ssh_count * sizeof *less.ssh);
    less.ssh[key].suspended = true;
    opens = bg_credential_suffices(&less);
    free(less.ssh);
    return opens;
}

/* What is gone shuts the account, into what; "": nothing does. */
static void needed(const struct bg_credential *c, char what[96])
{
    struct bg_credential less = *c;

    what[0] = '\0';
    less.has_shares = false;
    if (c->has_shares && !cards_spare(&c->shares) && !bg_credential_suffices(&less))
        (void)snprintf(what, 96, "a card");
    less = *c;
    less.has_password = false;
    if (c->has_password && !bg_credential_suffices(&less))
        (void)snprintf(what, 96, "a part of the password");
    for (size_t i = 0; i < c->key_count && what[0] == '\0'; i++)
        if (!opens_without_key(c, i))
            (void)snprintf(what, 96, "key %s", c->key[i].label);
    for (size_t i = 0; i < c->ssh_count && what[0] == '\0'; i++)
        if (!opens_without_ssh(c, i))
            (void)snprintf(what, 96, "ssh key %s", c->ssh[i].label);
}

void judge_spare(const struct facts *f, struct judged *j)
{
    char what[96];

    if (!judge_any_account(f, j))
        return;
    for (size_t i = 0; i < f->n; i++) {
        const struct account_facts *a = &f->account[i];
        if (!facts_counts(a))
            continue;
        if (!bg_credential_suffices(a->credential)) {
            judge_say(j, VERDICT_FAIL, "what is enrolled does not open %s", a->name);
            continue;
        }
        needed(a->credential, what);
        if (what[0] != '\0')
            judge_say(j, VERDICT_FAIL, "%s does not open without %s", a->name, what);
        else
            judge_say(j, VERDICT_PASS, "%s opens without any one of its credentials", a->name);
    }
}

/* By the date that due has of it; where breakglass.conf asks for none, nobody looks at the age. */
void judge_age(const struct facts *f, struct judged *j)
{
    bool secret = false;

    if (!judge_any_account(f, j))
        return;
    for (size_t i = 0; i < f->n; i++)
        secret = secret || (f->account[i].credential != NULL &&
                            (f->account[i].credential->has_shares || f->account[i].credential->has_password));
    if (!secret)
        judge_say(j, VERDICT_PASS, "there are keys alone, and no secret that grows old");
    else if (!judge_dates(f, j, "credential "))
        judge_say(j, VERDICT_FAIL, "breakglass.conf asks for no replacement (credential-days = 0)");
}

static void say_password(struct judged *j, const struct account_facts *a)
{
    const struct bg_password *w = &a->credential->password;

    if (w->letters)
        judge_say(j, VERDICT_PASS, "the password of %s has %u drawn letters of 4 bits", a->name,
                  w->parts * BG_PART_DRAWN);
    else
        judge_say(j, VERDICT_UNKNOWN, "who made the password of %s, and how, is not on file", a->name);
}

static void say_set(struct judged *j, const struct account_facts *a, const struct bg_identity *host)
{
    const struct bg_shareset *s = &a->credential->shares;
    char path[128];

    judge_say(j, VERDICT_PASS, "the cards of %s are of a drawn secret of %u bits", a->name, s->bytes * 8U);
    (void)snprintf(path, sizeof path, "%s/%s", BG_CREDENTIALS_DIR, a->name);
    judge_evidence(j, "file", path, a->name, 0);
    if (bg_identity_compare(host, s->host) == BG_HOST_OTHER)
        judge_say(j, VERDICT_WARN, "the cards of %s were made on another host, and may open it too", a->name);
}

static void say_secrets(const struct facts *f, struct judged *j)
{
    struct bg_identity host;

    bg_identity_read(&host);
    for (size_t i = 0; i < f->n; i++) {
        const struct account_facts *a = &f->account[i];
        if (!facts_counts(a))
            continue;
        if (a->credential->has_shares)
            say_set(j, a, &host);
        if (a->credential->has_password)
            say_password(j, a);
        if (a->credential->key_count > 0 || a->credential->ssh_count > 0)
            judge_say(j, VERDICT_PASS, "the keys of %s made their own secrets", a->name);
    }
}

void judge_random_secrets(const struct facts *f, struct judged *j)
{
    if (judge_any_account(f, j))
        say_secrets(f, j);
}

/* --- keys --------------------------------------------------------------------------------------- */

static bool is_zero(const uint8_t *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (b[i] != 0)
            return false;
    return true;
}

static void say_key(struct judged *j, const char *account, const struct bg_key *k)
{
    if (k->uv == BG_UV_NO)
        judge_say(j, VERDICT_FAIL, "key %s of %s opens without a PIN or a finger", k->label, account);
    else if (k->uv == BG_UV_PREFERRED)
        judge_say(j, VERDICT_WARN, "it is not decided whether key %s of %s asks for a PIN", k->label,
                  account);
    else if (is_zero(k->aaguid, sizeof k->aaguid) || k->attestation <= BG_KEY_ATT_SELF)
        judge_say(j, VERDICT_WARN, "nothing vouches for the model of key %s of %s", k->label, account);
    else
        judge_say(j, VERDICT_PASS, "key %s of %s asks for its person, and its maker signed for its model",
                  k->label, account);
    judge_evidence(j, "file", k->label, account, 0);
}

void judge_keys(const struct facts *f, struct judged *j)
{
    if (!judge_any_account(f, j))
        return;
    for (size_t i = 0; i < f->n; i++)
        for (size_t k = 0; f->account[i].credential != NULL && k < f->account[i].credential->key_count; k++)
            if (!f->account[i].credential->key[k].suspended)
                say_key(j, f->account[i].name, &f->account[i].credential->key[k]);
    judge_else(j, VERDICT_NOT_DUE, "no FIDO2 key is enrolled");
}

/* --- instead of a lock-out ------------------------------------------------------------------------ */

void judge_compensated(const struct facts *f, struct judged *j)
{
    const struct bg_policy *p = f->policy;
    const char *type = bg_event_kind(BG_EV_ATTEMPT_FAILED)->type;
    bool alarm = false, record = false;

    if (!judge_any_account(f, j))
        return;
    for (unsigned i = 0; BG_WITH_ALERT && i < p->sinks.n; i++)
        if (bg_sink_wants(&p->sinks.sink[i], type)) {
            judge_evidence(j, "option", p->sinks.sink[i].name, "", 0);
            alarm = alarm || bg_sink_class(&p->sinks.sink[i]) == BG_CLASS_PAGE;
            record = true;
        }
    if (!record)
        judge_say(j, VERDICT_FAIL, "no sink is told of a failed attempt");
    else if (!alarm)
        judge_say(j, VERDICT_WARN, "a failed attempt is told to who keeps the record, and wakes nobody");
    if (p->delay_console == 0 || p->delay_network == 0)
        judge_say(j, VERDICT_FAIL, "failures cost no delay %s (delay-%s = 0)",
                  p->delay_network == 0 ? "over the network" : "at the console",
                  p->delay_network == 0 ? "network" : "console");
    judge_say(j, VERDICT_PASS, "a failure is an alarm and costs a growing delay, up to %u s and %u s",
              p->delay_console, p->delay_network);
    say_secrets(f, j);
}
