/* SPDX-License-Identifier: ISC */
/* What each factor is called, who can be offered it, and which function shows it. */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "login/login.h"

static bool ssh_enrolled(const struct bg_credential *c)
{
    return c->ssh_count > 0;
}

static const char *ssh_host(const struct login *L)
{
    size_t at = decide_ssh_key(&L->hello, &L->credential);

    return at < L->credential.ssh_count ? L->credential.ssh[at].host : "";
}

static bool of_use(const struct bg_credential *c, enum bg_key_use use)
{
    for (size_t i = 0; i < c->key_count; i++)
        if (c->key[i].use == use)
            return true;
    return false;
}

bool ways_console_key(const struct bg_credential *c)
{
    return of_use(c, BG_USE_CONSOLE);
}

static bool text_enrolled(const struct bg_credential *c)
{
    return of_use(c, BG_USE_TEXT);
}

bool ways_second(const struct login *L, const struct bg_key *k)
{
    const struct bg_credential *c = &L->credential;
    size_t ssh = decide_ssh_key(&L->hello, c);

    for (size_t i = 0; i < c->key_count; i++)
        if (bg_bits_has(&L->keys_shown, i) && !bg_keys_of_two(&c->key[i], k))
            return false;
    return !L->key_by_sshd || bg_credential_require(c, L->source) != BG_REQUIRE_TWO_KEYS ||
           (ssh < c->ssh_count && bg_ssh_of_two(&c->ssh[ssh], k));
}

/* Is there one that may be used at that place? */
static bool usable_key(const struct login *L, const struct bg_place *p, enum bg_key_use use)
{
    for (size_t i = 0; i < L->credential.key_count; i++)
        if (L->credential.key[i].use == use && bg_key_usable(&L->credential.key[i], p))
            return true;
    return false;
}

static const struct bg_message *key_not_here(const struct login *L)
{
    struct bg_place p = decide_place(&L->policy, &L->hello, L->source);

    if (!BG_WITH_FIDO)
        return BG_M_KEY_NOT_BUILT;
    if (!p.key_here)
        return BG_M_KEY_CONSOLE_ONLY;
    return usable_key(L, &p, BG_USE_CONSOLE) ? NULL : BG_M_NOT_FROM_HERE;
}

static const struct bg_message *text_not_here(const struct login *L)
{
    struct bg_place p = decide_place(&L->policy, &L->hello, L->source);

    return usable_key(L, &p, BG_USE_TEXT) ? NULL : BG_M_NOT_FROM_HERE;
}

static bool any_suspended(const struct bg_credential *c)
{
    for (size_t i = 0; i < c->key_count; i++)
        if (c->key[i].suspended)
            return true;
    for (size_t i = 0; i < c->ssh_count; i++)
        if (c->ssh[i].suspended)
            return true;
    return false;
}

/* Where sshd is not asked, keys of the other kind may be what can be used. */
static const struct bg_message *ssh_not_here(const struct login *L)
{
    struct bg_place p = decide_place(&L->policy, &L->hello, L->source);
    size_t at = decide_ssh_key(&L->hello, &L->credential);
    const struct bg_message *other = L->credential.key_count > 0 ? key_not_here(L) : NULL;

    if (at < L->credential.ssh_count && L->credential.ssh[at].suspended)
        return BG_M_SSH_SUSPENDED;
    if (at < L->credential.ssh_count)
        return bg_place_in(&p, L->credential.ssh[at].from) ? NULL : BG_M_NOT_FROM_HERE;
    if (decide_is_sshd(&L->hello) && bg_credential_ssh_keys(&L->credential, &p) > 0)
        return BG_M_SSH_NOT_SHOWN;
    return other != NULL ? other : BG_M_NOT_FROM_HERE;
}

static const char *key_host(const struct login *L)
{
    const char *host = "";

    for (size_t i = 0; i < L->credential.key_count; i++)
        if (bg_bits_has(&L->keys_shown, i) &&
            (host[0] == '\0' || bg_identity_compare(&L->host, L->credential.key[i].host) == BG_HOST_OTHER))
            host = L->credential.key[i].host;
    return host;
}

static bool shares_enrolled(const struct bg_credential *c)
{
    return c->has_shares;
}

static const struct bg_message *shares_not_here(const struct login *L)
{
    struct bg_place p = decide_place(&L->policy, &L->hello, L->source);

    return bg_place_in(&p, L->credential.shares.from) ? NULL : BG_M_NOT_FROM_HERE;
}

static const char *shares_host(const struct login *L)
{
    return L->credential.shares.host;
}

/* One whose hash is refused is as good as none: BG_M_PASSWORD_UNUSED tells why. */
static bool password_enrolled(const struct bg_credential *c)
{
    return bg_credential_password(c);
}

static const struct bg_message *password_not_here(const struct login *L)
{
    struct bg_place p = decide_place(&L->policy, &L->hello, L->source);

    return bg_place_in(&p, L->credential.password.from) ? NULL : BG_M_NOT_FROM_HERE;
}

/* It is known to be of no host. */
static const char *password_host(const struct login *L)
{
    (void)L;
    return "";
}

/* In the order of the question. A build without keys offers none, and has nothing to show one with. */
static const struct way table[] = {
    {.name = "ssh-key",
     .kind = BG_KIND_KEY,
     .letter = 'k',
     .enter = "go on with your ssh key",
     .noun = "your ssh key",
     .no_pair = true,
     .help = BG_M_HELP_SSH,
     .right = BG_M_SSH_VERIFIED,
     .enrolled = ssh_enrolled,
     .not_here = ssh_not_here,
     .host = ssh_host,
     .show = login_ssh_key},
    {.name = "key",
     .kind = BG_KIND_KEY,
     .letter = 'k',
     .enter = "use the security key",
     .again = "try the key again",
     .noun = "security key",
     .help = BG_M_HELP_KEY,
     .right = BG_M_KEY_VERIFIED,
     .enrolled = ways_console_key,
     .not_here = key_not_here,
     .host = key_host,
     .show = BG_WITH_FIDO ? login_key : NULL},
    {.name = "shares",
     .kind = BG_KIND_SHARES,
     .letter = 'c',
     .other = 's',
     .enter = "type cards",
     .noun = "cards",
     .asks = true,
     .help = BG_M_HELP_SHARES,
     .right = BG_M_VERIFIED,
     .enrolled = shares_enrolled,
     .not_here = shares_not_here,
     .host = shares_host,
     .show = login_shares},
    {.name = "password",
     .kind = BG_KIND_PASSWORD,
     .letter = 'p',
     .enter = "type the password",
     .noun = "password",
     .asks = true,
     .help = BG_M_HELP_PASSWORD,
     .right = BG_M_PASSWORD_VERIFIED,
     .enrolled = password_enrolled,
     .not_here = password_not_here,
     .host = password_host,
     .show = login_password},
    {.name = "text",
     .kind = BG_KIND_KEY,
     .letter = 't',
     .enter = "answer a text challenge",
     .again = "answer another text challenge",
     .noun = "text challenge",
     .help = BG_M_HELP_TEXT,
     .right = BG_M_KEY_VERIFIED,
     .enrolled = text_enrolled,
     .not_here = text_not_here,
     .host = key_host,
     .show = login_text},
};

#define ROWS (sizeof table / sizeof table[0])

/* The ways of some kinds that can be used here; when there is none, *why says what is in their way. pair: it
 * is for one of two keys. */
static unsigned usable(const struct login *L, unsigned kinds, bool pair, const struct bg_message **why)
{
    const struct bg_message *no;
    unsigned offered = 0;

    *why = NULL;
    for (size_t i = 0; i < ROWS; i++) {
        if ((table[i].kind & kinds) == 0 || !table[i].enrolled(&L->credential) || (pair && table[i].no_pair))
            continue;
        if ((no = table[i].not_here(L)) == NULL)
            offered |= 1u << i;
        else if (*why == NULL)
            *why = no;
    }
    if (*why == NULL)
        *why = BG_M_NO_CREDENTIAL;
    return offered;
}

static unsigned row_of(enum bg_err (*show)(struct login *L))
{
    unsigned i = 0;

    while (table[i].show != show)
        i++;
    return 1u << i;
}

/* Has sshd verified one of two keys, and can the other one answer by text? Then they come in that order. */
static bool find_ssh_pair(const struct login *L, struct ways *w)
{
    struct bg_place here = decide_place(&L->policy, &L->hello, L->source);
    size_t at = decide_ssh_key(&L->hello, &L->credential);

    if (at == L->credential.ssh_count ||
        !bg_credential_ssh_pair(&L->credential, &L->credential.ssh[at], &here))
        return false;
    *w = (struct ways){.steps = 2, .offered = {row_of(login_ssh_key), row_of(login_text)}};
    return true;
}

/* The steps of `require` here, or what is in the way of one: what was never enrolled is named first. */
static const struct bg_message *find_steps(const struct login *L, struct ways *w)
{
    const struct bg_message *why, *refusal = NULL;
    enum bg_require require = bg_credential_require(&L->credential, L->source);

    for (const unsigned *kinds = bg_require_steps(require); *kinds != 0; kinds++) {
        w->offered[w->steps] = usable(L, *kinds, require == BG_REQUIRE_TWO_KEYS, &why);
        if (w->offered[w->steps++] == 0 && (refusal == NULL || why == BG_M_NO_CREDENTIAL))
            refusal = why;
    }
    return refusal;
}

/* Nobody is sent to a place that does not open it either. */
static const struct bg_message *honest(const struct bg_credential *c, const struct bg_message *refusal)
{
    struct bg_place local = bg_place_of(BG_SOURCE_LOCAL), net = bg_place_of(BG_SOURCE_NETWORK);
    char elsewhere[PLACE_MAX];
    struct bg_ways ways;

    if (!bg_credential_suffices(c))
        return any_suspended(c) ? BG_M_ALL_SUSPENDED : BG_M_NO_CREDENTIAL;
    if (refusal == BG_M_SSH_NOT_SHOWN || refusal == BG_M_SSH_SUSPENDED)
        return refusal; /* with its key, or another one, it would open here */
    place_elsewhere(c, elsewhere);
    if (elsewhere[0] == '\0')
        return BG_M_KEY_NOT_BUILT; /* else something would */
    if (refusal == BG_M_KEY_CONSOLE_ONLY && !bg_credential_ways(c, &local, &ways) &&
        !bg_credential_ways(c, &net, &ways))
        return refusal;
    return BG_M_NOT_FROM_HERE;
}

const struct bg_message *ways_find(const struct login *L, struct ways *out)
{
    const struct bg_credential *c = &L->credential;
    struct bg_place here = decide_place(&L->policy, &L->hello, L->source);
    const struct bg_message *refusal;
    struct ways w = {0};

    if (!bg_place_in(&here, c->from))
        return honest(c, BG_M_NOT_FROM_HERE);
    if (bg_credential_require(c, L->source) == BG_REQUIRE_TWO_KEYS && find_ssh_pair(L, out))
        return NULL;
    if ((refusal = find_steps(L, &w)) != NULL)
        return honest(c, refusal);
    if (bg_credential_require(c, L->source) == BG_REQUIRE_TWO_KEYS && !bg_credential_two_keys(c, &here))
        return honest(c, decide_is_sshd(&L->hello) && bg_credential_ssh_keys(c, &here) > 0
                             ? BG_M_SSH_NOT_SHOWN
                             : BG_M_NOT_FROM_HERE);
    *out = w;
    return NULL;
}

static const struct way *next_of(unsigned offered, size_t from)
{
    for (size_t i = from; i < ROWS; i++)
        if ((offered >> i & 1) != 0)
            return &table[i];
    return NULL;
}

const struct way *ways_first(unsigned offered)
{
    return next_of(offered, 0);
}

const struct way *ways_after(unsigned offered, const struct way *w)
{
    return next_of(offered, (size_t)(w - table) + 1);
}

static bool means(const char *answer, const struct way *w)
{
    const char letter[] = {w->letter, '\0'}, other[] = {w->other, '\0'};

    return strcasecmp(answer, letter) == 0 || (w->other != '\0' && strcasecmp(answer, other) == 0) ||
           strcasecmp(answer, w->name) == 0 || strcasecmp(answer, w->noun) == 0;
}

const struct way *ways_chosen(unsigned offered, const char *answer)
{
    const struct way *w = ways_first(offered);

    while (answer[0] != '\0' && w != NULL && !means(answer, w))
        w = ways_after(offered, w);
    return w;
}

void ways_question(unsigned offered, const struct way *failed, char *out, size_t cap)
{
    const struct way *first = ways_first(offered), *w = first;
    bool again = failed == first && first->again != NULL;
    size_t n;

    if (ways_after(offered, first) == NULL) {
        (void)snprintf(out, cap,
                       "Press Enter to %s, ? for help, q to leave: ", again ? first->again : first->enter);
        return;
    }
    n = (size_t)snprintf(out, cap, "Enter = %s, ", again ? first->again : first->noun);
    while ((w = ways_after(offered, w)) != NULL && n < cap)
        n += (size_t)snprintf(out + n, cap - n, "%c = %s, ", w->letter, w->noun);
    if (n < cap)
        (void)snprintf(out + n, cap - n, "? = help, q = leave: ");
}
