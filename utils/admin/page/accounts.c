/* SPDX-License-Identifier: ISC */
/* What the page says of each account: a card, of which the first line is its state. */
#include <string.h>
#include "admin/html.h"
#include "admin/page/page.h"
#include "config/ways.h"
#include "record/state.h"

void page_entry(FILE *f, const char *label, const char *class, const char *text)
{
    html_element(f, "dt", NULL, label);
    if (class == NULL) {
        html_element(f, "dd", NULL, text);
        return;
    }
    (void)fputs("<dd>", f);
    html_element(f, "span", class, text);
    (void)fputs("</dd>\n", f);
}

void page_time(int64_t ms, char out[32])
{
    char at[BG_TIME_LEN] = "";

    if (ms > 0)
        bg_time_of(ms, at);
    (void)snprintf(out, 32, at[0] == '\0' ? "never" : "%.10s %.5s UTC", at, at + 11);
}

void page_span(int64_t ms, char out[32])
{
    static const struct {
        int64_t ms;
        const char *unit;
    } units[] = {{INT64_C(86400000), "day"}, {3600000, "hour"}, {60000, "minute"}, {1000, "second"}};
    size_t i = 0;

    while (i < 3 && ms < 2 * units[i].ms)
        i++;
    if (ms < 10000) {
        (void)snprintf(out, 32, "%lld.%lld seconds", (long long)(ms / 1000), (long long)(ms % 1000 / 100));
        return;
    }
    (void)snprintf(out, 32, "%lld %s%s", (long long)(ms / units[i].ms), units[i].unit,
                   ms / units[i].ms == 1 ? "" : "s");
}

/* "2 keys, cards 2 of 3, password in 2 parts" */
static void credentials(const struct bg_credential *c, char *out, size_t cap)
{
    size_t n = 0;
    unsigned cards = 0;

    out[0] = '\0';
    for (unsigned g = 0; c->has_shares && g < c->shares.group_count; g++)
        cards += c->shares.group[g].count;
    if (c->key_count > 0)
        n += (size_t)snprintf(out + n, cap - n, "%zu key%s", c->key_count, c->key_count == 1 ? "" : "s");
    if (c->ssh_count > 0)
        n += (size_t)snprintf(out + n, cap - n, "%s%zu SSH key%s", n > 0 ? ", " : "", c->ssh_count,
                              c->ssh_count == 1 ? "" : "s");
    if (c->has_shares && c->shares.group_count == 1)
        n += (size_t)snprintf(out + n, cap - n, "%scards, any %u of %u", n > 0 ? ", " : "",
                              c->shares.group[0].threshold, cards);
    else if (c->has_shares)
        n += (size_t)snprintf(out + n, cap - n, "%s%u cards in %u groups", n > 0 ? ", " : "", cards,
                              c->shares.group_count);
    if (c->has_password)
        n += (size_t)snprintf(out + n, cap - n, "%spassword in %u parts", n > 0 ? ", " : "",
                              c->password.parts);
    if (n == 0)
        (void)snprintf(out, cap, "none");
}

/* The state, and its class; a journal that cannot be read rules no use out. */
static const char *state_of(const struct facts *k, const struct account_facts *a, const char **class)
{
    static const char *const names[] = {"", "sealed", "in use", "awaiting review", "to be rotated"};
    static const char *const marks[] = {"", "good", "bad", "warn", "warn"};
    char use[BG_ULID_LEN + 1] = "";
    enum bg_account_state s = bg_state_account(NULL, a->name, use);

    if (s == BG_STATE_SEALED && !k->past.known) {
        *class = "warn";
        return "unknown";
    }
    *class = marks[s];
    return names[s];
}

/* Does it open now? */
static const char *opens(const struct account_facts *a, const char **class)
{
    *class = "bad";
    if (a->credential == NULL) {
        *class = "warn";
        return "unknown: its file cannot be read";
    }
    if (!a->credential->enabled)
        return "no: it is disabled";
    if (!bg_credential_opens(a->credential))
        return "no: what is enrolled does not suffice";
    *class = "good";
    return a->credential->open == BG_OPEN_ARMED ? "yes, while it is armed" : "yes";
}

static const struct due_item *next_of(const struct facts *k, const char *account)
{
    for (size_t i = 0; k->due_known && i < k->due.n; i++)
        if (strcmp(k->due.item[i].account, account) == 0)
            return &k->due.item[i];
    return NULL;
}

static void put_dates(FILE *f, const struct facts *k, const struct account_facts *a)
{
    const struct due_item *next = next_of(k, a->name);
    char text[256], left[32];

    page_time(a->life_known ? a->life.drilled_ms : 0, left);
    page_entry(f, "Last drill passed", NULL, a->life_known ? left : "unknown");
    page_time(a->life_known && a->life.uses > 0 ? a->life.use[a->life.uses - 1].granted_ms : 0, left);
    page_entry(f, "Last use", NULL, a->life_known ? left : "unknown");
    if (next == NULL) {
        page_entry(f, "Next", NULL, k->due_known ? "nothing" : "unknown");
        return;
    }
    due_when(next->due_ms - k->now, left);
    (void)snprintf(text, sizeof text, "%s: %s", left, next->id);
    page_entry(f, "Next", next->due_ms <= k->now ? "bad wrap" : NULL, text);
}

/* How many things check has against it, and the worst kind. */
static void put_check(FILE *f, const struct facts *k, const char *account)
{
    unsigned of[CHECK_UNKNOWN + 1] = {0};
    char text[96];

    for (unsigned i = 0; i < k->lint.n; i++)
        if (k->lint.finding[i].account[0] == '\0' || strcmp(k->lint.finding[i].account, account) == 0)
            of[k->lint.finding[i].severity]++;
    (void)snprintf(text, sizeof text, "%u BLOCK, %u RISK, %u WARN, %u UNKNOWN", of[CHECK_BLOCK],
                   of[CHECK_RISK], of[CHECK_WARN], of[CHECK_UNKNOWN]);
    if (!k->lint.known)
        page_entry(f, "Check", "warn", "unknown: it could not be run");
    else if (of[CHECK_BLOCK] + of[CHECK_RISK] + of[CHECK_WARN] + of[CHECK_UNKNOWN] == 0)
        page_entry(f, "Check", "good", "no findings");
    else
        page_entry(f, "Check", of[CHECK_BLOCK] + of[CHECK_RISK] > 0 ? "bad wrap" : "warn wrap", text);
}

static void put_account(FILE *f, const struct facts *k, const struct account_facts *a)
{
    const char *class, *text = state_of(k, a, &class);
    char made[256];

    (void)fputs("<li>\n", f);
    html_element(f, "h3", NULL, a->name);
    html_element(f, "p", class, text);
    (void)fputs("<dl>\n", f);
    text = opens(a, &class);
    page_entry(f, "Opens", class, text);
    if (a->credential != NULL) {
        credentials(a->credential, made, sizeof made);
        page_entry(f, "Opened by", NULL, made);
    }
    put_dates(f, k, a);
    put_check(f, k, a->name);
    (void)fputs("</dl>\n</li>\n", f);
}

void page_accounts(FILE *f, const struct facts *k)
{
    html_section_begin(f, "Accounts");
    if (k->n == 0)
        html_element(f, "p", NULL, "There is no emergency account on this host.");
    else
        (void)fputs("<ul class=\"cards\">\n", f);
    for (size_t i = 0; i < k->n; i++)
        put_account(f, k, &k->account[i]);
    if (k->n > 0)
        (void)fputs("</ul>\n", f);
    html_section_end(f);
}
