/* SPDX-License-Identifier: ISC */
#include "config/envelope.h"

#include <limits.h>
#include <string.h>

#define NAME_FORM  "visible text without , : \" and \\"
#define TIME_FORM  "a time such as 2026-11-22T12:03:24.123456Z"
#define HOLDS_FORM "share, key, ssh-key or password with a name, commas between, each once"

static const char *const statuses[] = {"sealed", "open", "destroyed", NULL};
static const char *const kinds[] = {"share", "key", "ssh-key", "password"};

const char *bg_envelope_status_name(enum bg_envelope_status s)
{
    return statuses[s - BG_ENVELOPE_SEALED];
}

/* --- what is in it ---------------------------------------------------------------------------- */

static bool label_ok(const char *what)
{
    return what[strspn(what, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

/* "1-2", "1-2-3": its numbers are compared with the set when something is sealed. */
static bool place_ok(const char *what)
{
    size_t first = strspn(what, "0123456789");

    return first > 0 && what[first] == '-' && what[strspn(what, "0123456789-")] == '\0' &&
           strlen(what) < sizeof((struct bg_share_card *)0)->place;
}

static bool what_ok(enum bg_holding_kind kind, const char *what)
{
    unsigned part;

    if (kind == BG_HOLDS_SHARE)
        return place_ok(what);
    return kind == BG_HOLDS_PASSWORD ? bg_number(what, 1, BG_PASSWORD_PARTS, &part) : label_ok(what);
}

static bool read_one(const char *text, struct bg_holding *h)
{
    const char *what = strchr(text, ' ');
    size_t n = what == NULL ? 0 : (size_t)(what - text), i = 0;

    while (i < 4 && (n == 0 || strlen(kinds[i]) != n || strncmp(kinds[i], text, n) != 0))
        i++;
    if (i == 4 || what[1] == '\0' || strlen(what + 1) >= sizeof h->what ||
        !what_ok((enum bg_holding_kind)(i + 1), what + 1))
        return false;
    h->kind = (enum bg_holding_kind)(i + 1);
    (void)snprintf(h->what, sizeof h->what, "%s", what + 1);
    (void)snprintf(h->text, sizeof h->text, "%s %s", kinds[i], h->what);
    return true;
}

bool bg_holding_next(const char **at, struct bg_holding *h)
{
    char one[sizeof h->text];

    return bg_comma_next(at, one, sizeof one) && read_one(one, h);
}

static bool one_ok(const char *text)
{
    struct bg_holding h;

    return read_one(text, &h);
}

bool bg_check_holds(const char *value)
{
    struct bg_holding a, b;
    const char *at = value, *rest;

    if (!bg_comma_list(value, sizeof a.text, one_ok))
        return false;
    while (bg_holding_next(&at, &a))
        for (rest = at; bg_holding_next(&rest, &b);)
            if (strcmp(a.text, b.text) == 0)
                return false;
    return true;
}

bool bg_envelope_holds(const struct bg_envelope *e, enum bg_holding_kind kind, const char *what)
{
    struct bg_holding h;

    for (const char *at = e->holds; bg_holding_next(&at, &h);)
        if (h.kind == kind && strcmp(h.what, what) == 0)
            return true;
    return false;
}

const struct bg_envelope *bg_envelope_of(const struct bg_envelopes *list, enum bg_holding_kind kind,
                                         const char *what, const char *set)
{
    for (unsigned i = 0; i < list->n; i++) {
        const struct bg_envelope *e = &list->envelope[i];
        if (e->status != BG_ENVELOPE_DESTROYED && bg_envelope_holds(e, kind, what) &&
            (kind != BG_HOLDS_SHARE || strcmp(e->set, set) == 0))
            return e;
    }
    return NULL;
}

void bg_envelope_set(const struct bg_credential *c, char out[6])
{
    out[0] = '\0';
    if (c->has_shares)
        (void)snprintf(out, 6, "%u", c->shares.id);
}

bool bg_holding_there(const struct bg_envelope *e, const struct bg_holding *h, const struct bg_credential *c)
{
    unsigned n[3];
    char set[6];
    bool there = false;

    bg_envelope_set(c, set);
    if (h->kind == BG_HOLDS_SHARE)
        return c->has_shares && strcmp(set, e->set) == 0 &&
               bg_share_card_place(&c->shares, h->what, &n[0], &n[1], &n[2]);
    if (h->kind == BG_HOLDS_PASSWORD)
        return c->has_password && bg_number(h->what, 1, c->password.parts, &n[0]);
    for (size_t i = 0; h->kind == BG_HOLDS_KEY && i < c->key_count; i++)
        there = there || strcmp(c->key[i].label, h->what) == 0;
    for (size_t i = 0; h->kind == BG_HOLDS_SSH_KEY && i < c->ssh_count; i++)
        there = there || strcmp(c->ssh[i].label, h->what) == 0;
    return there;
}

/* --- copies in the credentials -------------------------------------------------------------------------- */

/* What differs, as far as it was looked at. */
struct step {
    unsigned n;
    char *what;
    size_t cap;
};

static void copy(struct step *s, const char *field, const char *kind, const char *which, char *to, size_t cap,
                 const char *from)
{
    if (strcmp(to, from) == 0)
        return;
    if (s->n++ == 0)
        (void)snprintf(s->what, s->cap, "the %s of %s %s is \"%s\", and \"%s\" in the credentials file",
                       field, kind, which, from, to);
    (void)snprintf(to, cap, "%s", from);
}

unsigned bg_envelopes_copy(const struct bg_envelopes *list, struct bg_credential *c, char *what, size_t cap)
{
    struct step s = {0, what, cap};
    const struct bg_envelope *e;
    char set[6];

    bg_envelope_set(c, set);
    for (size_t i = 0; c->has_shares && i < c->shares.cards; i++) {
        struct bg_share_card *card = &c->shares.card[i];
        if ((e = bg_envelope_of(list, BG_HOLDS_SHARE, card->place, set)) == NULL)
            continue;
        copy(&s, "custodian", "card", card->place, card->custodian, sizeof card->custodian, e->custodian);
        copy(&s, "envelope", "card", card->place, card->envelope, sizeof card->envelope, e->id);
        copy(&s, "seal", "card", card->place, card->seal, sizeof card->seal, e->seal);
    }
    for (size_t i = 0; i < c->key_count; i++)
        if ((e = bg_envelope_of(list, BG_HOLDS_KEY, c->key[i].label, set)) != NULL)
            copy(&s, "custodian", "key", c->key[i].label, c->key[i].custodian, sizeof c->key[i].custodian,
                 e->custodian);
    for (size_t i = 0; i < c->ssh_count; i++)
        if ((e = bg_envelope_of(list, BG_HOLDS_SSH_KEY, c->ssh[i].label, set)) != NULL)
            copy(&s, "custodian", "ssh-key", c->ssh[i].label, c->ssh[i].custodian, sizeof c->ssh[i].custodian,
                 e->custodian);
    return s.n;
}

const char *bg_envelope_site(const struct bg_envelope *e, const struct bg_safes *safes)
{
    const struct bg_safe *s = e->safe[0] == '\0' ? NULL : bg_safe_find(safes, e->safe);

    return s != NULL ? s->site : e->site;
}

/* --- seals ------------------------------------------------------------------------------------ */

static char seal_letter(const char **at)
{
    char c;

    *at += strspn(*at, " -");
    c = **at;
    *at += c != '\0';
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool bg_seal_same(const char *a, const char *b)
{
    bool any = false;
    char x, y;

    while ((x = seal_letter(&a)) == (y = seal_letter(&b)) && x != '\0')
        any = true;
    return any && x == y;
}

static bool had_seal(const struct bg_envelope *e, const char *seal)
{
    char old[BG_SEAL_MAX];

    for (const char *at = e->old_seals; bg_comma_next(&at, old, sizeof old);)
        if (bg_seal_same(old, seal))
            return true;
    return false;
}

const struct bg_envelope *bg_envelope_of_seal(const struct bg_envelopes *list, const char *seal)
{
    for (unsigned i = 0; i < list->n; i++)
        if (bg_seal_same(list->envelope[i].seal, seal) || had_seal(&list->envelope[i], seal))
            return &list->envelope[i];
    return NULL;
}

/* --- the table -------------------------------------------------------------------------------- */

static bool set_ok(const char *value)
{
    unsigned id;

    return bg_number(value, 0, 32767, &id);
}

static bool photo_ok(const char *value)
{
    return strlen(value) == BG_HASH_HEX && value[strspn(value, "0123456789abcdef")] == '\0';
}

/* A number that only has blanks and hyphens would be the same as none. */
static bool seal_ok(const char *value)
{
    return bg_share_text_valid(value) && bg_seal_same(value, value);
}

static bool seals_ok(const char *value)
{
    return bg_comma_list(value, BG_SEAL_MAX, seal_ok);
}

#define AT(field) BG_FIELD(struct bg_envelope, field)
#define TEXT(key, field)                                                                                     \
    {                                                                                                        \
        key, BG_O_TEXT, AT(field), "", .check = bg_share_text_valid, .form = NAME_FORM                       \
    }
#define TIME(key, field)                                                                                     \
    {                                                                                                        \
        key, BG_O_TEXT, AT(field), "", .check = bg_check_time, .form = TIME_FORM                             \
    }
static const struct bg_option envelope[] = {
    {"status", BG_O_CHOICE, AT(status), .min = BG_ENVELOPE_SEALED, .word = statuses, .required = true},
    {"seal", BG_O_TEXT, AT(seal), .min = 1, .check = seal_ok, .form = NAME_FORM, .required = true},
    {"holds", BG_O_TEXT, AT(holds), .min = 1, .check = bg_check_holds, .form = HOLDS_FORM, .required = true},
    {"set", BG_O_TEXT, AT(set), "", .check = set_ok, .form = "a whole number from 0 to 32767"},
    TEXT("custodian", custodian),
    {"safe", BG_O_TEXT, AT(safe), "", .check = label_ok, .form = "the name of a safe, of a-z, 0-9 and -"},
    TEXT("site", site),
    {"sealed", BG_O_TEXT, AT(sealed), .min = 1, .check = bg_check_time, .form = TIME_FORM, .required = true},
    {"sealed-by", BG_O_TEXT, AT(sealed_by), .min = 1, .check = bg_share_text_valid, .form = NAME_FORM,
     .required = true},
    {"seen-by", BG_O_TEXT, AT(seen_by), .min = 1, .check = bg_share_text_valid, .form = NAME_FORM,
     .required = true},
    TIME("inspected", inspected),
    TEXT("inspected-by", inspected_by),
    {"photo", BG_O_TEXT, AT(photo), "", .check = photo_ok, .form = "64 lower-case hex digits"},
    TIME("opened", opened),
    TEXT("opened-by", opened_by),
    TIME("tampered", tampered),
    {"opened-use", BG_O_TEXT, AT(opened_use), "", .check = bg_ulid_valid, .form = "the id of a use"},
    {"old-seals", BG_O_TEXT, AT(old_seals), "", .check = seals_ok, .form = "numbers, commas between them"},
};
#undef AT

static bool holds_any(const struct bg_envelope *e, enum bg_holding_kind kind)
{
    struct bg_holding h;

    for (const char *at = e->holds; bg_holding_next(&at, &h);)
        if (h.kind == kind)
            return true;
    return false;
}

static const char *complaint(const void *object)
{
    const struct bg_envelope *e = object;

    if (holds_any(e, BG_HOLDS_SHARE) != (e->set[0] != '\0'))
        return "has a set and no share, or a share and no set";
    if (e->safe[0] != '\0' && e->site[0] != '\0')
        return "has a safe and a site: a safe has its own";
    if (bg_name_same(e->sealed_by, e->seen_by))
        return "was sealed and seen by one person";
    if (e->status == BG_ENVELOPE_OPEN && strcmp(e->opened, e->sealed) < 0)
        return "is open, but was not opened since it was sealed";
    if (e->status == BG_ENVELOPE_SEALED && strcmp(e->opened, e->sealed) > 0)
        return "is sealed, but was opened after that";
    return had_seal(e, e->seal) ? "has a seal that is one of its old-seals" : NULL;
}

static const struct bg_section section = {.name = "envelope",
                                          BG_ROWS(envelope),
                                          .at = offsetof(struct bg_envelopes, envelope),
                                          .size = sizeof(struct bg_envelope),
                                          .max = BG_ENVELOPES_MAX,
                                          .label = BG_ENVELOPE_ID,
                                          .complaint = complaint};
static bg_form form = {&section, NULL};

/* Nothing is in two of them, and no seal is on two. */
static void look(const void *whole, const struct bg_table *t, struct bg_faults *faults)
{
    const struct bg_envelopes *list = whole;
    const struct bg_envelope *first;
    struct bg_holding h;

    for (unsigned i = 0; i < list->n; i++) {
        const struct bg_envelope *e = &list->envelope[i];
        if ((first = bg_envelope_of_seal(list, e->seal)) != e)
            bg_fault(faults, bg_kept_line(t, e), "[envelope %s] has a seal that envelope %s has or had",
                     e->id, first->id);
        for (const char *at = e->holds; e->status != BG_ENVELOPE_DESTROYED && bg_holding_next(&at, &h);)
            if ((first = bg_envelope_of(list, h.kind, h.what, e->set)) != e)
                bg_fault(faults, bg_kept_line(t, e), "[envelope %s] holds %s, as envelope %s does", e->id,
                         h.text, first->id);
    }
}

static const struct bg_kept_list lists[] = {{&section, offsetof(struct bg_envelopes, n)}, {0}};
const struct bg_kept bg_envelopes_file[1] = {{
    .head = "# Envelopes and their seals: breakglass-custody(5). Change it by \"breakglass envelope\".\n",
    .form = form,
    .list = lists,
    .size = sizeof(struct bg_envelopes),
    .look = look,
}};

/* --- files ---------------------------------------------------------------------------------------------- */

static enum bg_err file_of(const char *dir, const char *account, char path[PATH_MAX])
{
    int n = bg_name_valid(account) ? snprintf(path, PATH_MAX, "%s/%s", dir, account) : -1;

    return n < 0 || n >= PATH_MAX ? BG_E_RANGE : BG_OK;
}

enum bg_err bg_envelopes_load(const char *dir, const char *account, struct bg_envelopes *out,
                              struct bg_ini_error *e)
{
    char path[PATH_MAX];
    enum bg_err r = file_of(dir, account, path);

    *e = (struct bg_ini_error){0};
    return r == BG_OK ? bg_kept_load(bg_envelopes_file, path, out, e) : r;
}

enum bg_err bg_envelopes_save(const char *dir, const char *account, const struct bg_envelopes *list,
                              struct bg_ini_error *e)
{
    char path[PATH_MAX];
    enum bg_err r = file_of(dir, account, path);

    *e = (struct bg_ini_error){0};
    return r == BG_OK ? bg_kept_save(bg_envelopes_file, path, list, e) : r;
}

enum bg_err bg_envelopes_parse(const char *text, struct bg_envelopes *out, struct bg_ini_error *e)
{
    return bg_kept_parse(bg_envelopes_file, text, out, e);
}

const struct bg_envelope *bg_envelope_find(const struct bg_envelopes *list, const char *id)
{
    for (unsigned i = 0; i < list->n; i++)
        if (strcmp(list->envelope[i].id, id) == 0)
            return &list->envelope[i];
    return NULL;
}
