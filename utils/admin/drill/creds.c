/* SPDX-License-Identifier: ISC */
#include "admin/drill/drill.h"

#include <string.h>
#include "config/credential.h"
#include "record/backward.h"
#include "record/journal.h"
#include "record/retell.h"

#define YEAR_MS INT64_C(31536000000)

/* What is enrolled, whether it is older than a year, and whether it has opened the account since then. */
struct idle {
    const char *account;
    const struct bg_credential *c;
    bool key[BG_KEYS_MAX], ssh[BG_SSH_KEYS_MAX], card[BG_CARDS_MAX], password; /* used */
};

static bool is_old(const char *created, int64_t now)
{
    int64_t at;

    return bg_time_read(created, &at) && at < now - YEAR_MS;
}

/* The labels that signed: "a", or "a+b". */
static bool names(const char *labels, const char *label)
{
    size_t n = strlen(label);

    for (const char *p = labels; *p != '\0'; p += strcspn(p, "+"), p += *p == '+')
        if (strncmp(p, label, n) == 0 && (p[n] == '\0' || p[n] == '+'))
            return true;
    return false;
}

static void use_cards(struct idle *i, const json_t *cards)
{
    for (size_t k = 0; k < json_array_size(cards); k++) {
        const json_t *c = json_array_get(cards, k);
        char place[32];
        (void)snprintf(place, sizeof place, "%d-%d", (int)json_integer_value(json_object_get(c, "group")),
                       (int)json_integer_value(json_object_get(c, "card")));
        for (size_t n = 0; n < i->c->shares.cards && n < BG_CARDS_MAX; n++)
            if (strncmp(i->c->shares.card[n].place, place, strlen(place)) == 0 &&
                strchr("-", i->c->shares.card[n].place[strlen(place)]) != NULL)
                i->card[n] = true;
    }
}

static bool gather(void *arg, const struct bg_rawline *line)
{
    struct idle *i = arg;
    const json_t *own;
    json_t *ev;

    if (!bg_line_has(line, "type", bg_event_kind(BG_EV_AUTH_SUCCEEDED)->type) ||
        !bg_line_has(line, "subject", i->account) || (ev = bg_retell_event(line)) == NULL)
        return true;
    own = bg_event_own(ev);
    for (size_t k = 0; k < i->c->key_count; k++)
        i->key[k] = i->key[k] || names(bg_json_str(own, "key"), i->c->key[k].label);
    for (size_t k = 0; k < i->c->ssh_count; k++)
        i->ssh[k] = i->ssh[k] || names(bg_json_str(own, "key"), i->c->ssh[k].label);
    i->password = i->password || strstr(bg_json_str(own, "factor"), "password") != NULL;
    use_cards(i, json_object_get(own, "cards"));
    json_decref(ev);
    return true;
}

static void add(char why[DRILL_WHY], const char *kind, const char *name)
{
    size_t n = strlen(why);

    (void)snprintf(why + n, DRILL_WHY - n, "%s%s%s%s", n > 0 ? ", " : "idle for a year: ", kind,
                   *name != '\0' ? " " : "", name);
}

/* Cards have been read back when the set was made; they age with it. */
static bool judge(const struct idle *i, char why[DRILL_WHY])
{
    int64_t now = bg_wall_ms();

    why[0] = '\0';
    for (size_t k = 0; k < i->c->key_count; k++)
        if (!i->key[k] && is_old(i->c->key[k].created, now))
            add(why, "key", i->c->key[k].label);
    for (size_t k = 0; k < i->c->ssh_count; k++)
        if (!i->ssh[k] && is_old(i->c->ssh[k].created, now))
            add(why, "ssh-key", i->c->ssh[k].label);
    for (size_t k = 0; i->c->has_shares && k < i->c->shares.cards; k++)
        if (!i->card[k] && is_old(i->c->shares.created, now))
            add(why, "share", i->c->shares.card[k].place);
    if (i->c->has_password && !i->password && is_old(i->c->password.created, now))
        add(why, "password", "");
    return why[0] == '\0';
}

bool drill_credentials_used(const char *account, char why[DRILL_WHY])
{
    struct bg_credential c = {0};
    static struct idle i;
    struct bg_linepos from = {0};
    struct bg_ini_error e;
    char since[BG_TIME_LEN];
    enum bg_err r = bg_credential_load(BG_CREDENTIALS_DIR, account, &c, &e);
    bool good = false;

    memset(&i, 0, sizeof i);
    i.account = account;
    i.c = &c;
    bg_time_of(bg_wall_ms() - YEAR_MS, since);
    if (r == BG_OK && (r = bg_lines_since(BG_JOURNAL_DIR, since, &from)) == BG_OK)
        r = bg_lines_after(BG_JOURNAL_DIR, &from, gather, &i);
    if (r == BG_OK)
        good = judge(&i, why);
    else
        (void)snprintf(why, DRILL_WHY, "nobody can tell: %s", bg_strerror(r));
    bg_credential_free(&c);
    return good;
}
