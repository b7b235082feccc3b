/* SPDX-License-Identifier: ISC */
/* breakglass envelope seal | move | destroy | repair: what is in which envelope, and where that is. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "admin/admin.h"
#include "admin/custody/custody.h"
#include "admin/messages.h"
#include "admin/ui.h"
#include "base/safefile.h"

#define SEAL_FORM   "at most 31 bytes of visible text without , : \" and \\"
#define PHOTO_MAX   (64 * 1024 * 1024)
#define MESSAGE_MAX 512

static struct {
    const char *seal, *holds, *custodian, *safe, *site, *by, *seen_by, *photo; /* NULL: as it was */
} wish;

/* What is right for a file of envelopes. */
static bool parse_seal(const char *value)
{
    wish.seal = value;
    return strlen(value) < BG_SEAL_MAX && bg_share_text_valid(value) && bg_seal_same(value, value);
}

static bool parse_holds(const char *value)
{
    wish.holds = value;
    return *value != '\0' && strlen(value) < BG_HOLDS_MAX && bg_check_holds(value);
}

static bool parse_site(const char *value)
{
    wish.site = value;
    return strlen(value) < BG_SITE_MAX && (*value == '\0' || bg_share_text_valid(value));
}

static char typed[4][BG_HOLDS_MAX]; /* what was asked for */

#define PLACE_OPTIONS                                                                                        \
    {"custodian", "NAME", "who keeps it; \"\": nobody", .text = &wish.custodian},                            \
        {"safe", "SAFE", "the safe that it is in; \"\": none", .text = &wish.safe},                          \
    {                                                                                                        \
        "site", "TEXT", "where it is, if it is in no safe", .parse = parse_site,                             \
                                                            .expected = "at most 63 bytes of text"           \
    }
#define BY_OPTION                                                                                            \
    {                                                                                                        \
        "by", "NAME", "who does it", .text = &wish.by                                                        \
    }
#define SEEN_OPTION                                                                                          \
    {                                                                                                        \
        "seen-by", "NAME", "another person, who sees it being done", .text = &wish.seen_by                   \
    }

static const struct command_option seal_options[] = {
    {"seal", "NUMBER", "number of the new seal", .parse = parse_seal, .expected = SEAL_FORM},
    {"holds", "LIST", "what is in it: \"share 1-2, key blue, ssh-key a\"", .parse = parse_holds,
     .expected = "share, key, ssh-key or password with a name each, commas between"},
    PLACE_OPTIONS,
    BY_OPTION,
    SEEN_OPTION,
    {"photo", "FILE", "a photograph, of which the hash is kept", .text = &wish.photo},
    {0},
};
static const struct command_option move_options[] = {PLACE_OPTIONS, BY_OPTION, {0}};
static const struct command_option destroy_options[] = {BY_OPTION, SEEN_OPTION, {0}};
static const struct command_option repair_options[] = {BY_OPTION, {0}};

#define TAKE(to, from) (void)snprintf(to, sizeof(to), "%s", from)

/* The end of all of them: what the envelope is now. */
static enum admin_exit done(struct custody *k, size_t at, const struct bg_envelope *e, const char *what,
                            json_t *root)
{
    envelope_told(k, at, e, root);
    ui_text("Envelope %s of %s %s.\n", e->id, k->account[at].name, what);
    return ADMIN_GOOD;
}

/* --- who and where ---------------------------------------------------------------------------- */

/* Two people. False: the finding was shown. */
static bool two_people(const struct custody *k, const char **by, const char **seen_by)
{
    if (!custody_person(k, wish.by, "--by", NULL, by) ||
        !custody_person(k, wish.seen_by, "--seen-by", NULL, seen_by))
        return false;
    if (bg_people_same(&k->people, *by, *seen_by))
        ui_finding(BG_M_CUS_ONE_PERSON, BG_ARGS(*by));
    return !bg_people_same(&k->people, *by, *seen_by);
}

/* What is asked of two people, before anything is locked. */
static bool ask_people(void)
{
    return custody_need(&wish.by, "--by", "Who does it? ", typed[0], sizeof typed[0]) &&
           custody_need(&wish.seen_by, "--seen-by", "Who else sees it? ", typed[1], sizeof typed[1]);
}

/* Put the wishes into e. A safe takes the place of a site, and the other way round. */
static bool take_place(const struct custody *k, struct bg_envelope *e)
{
    const char *custodian = wish.custodian;

    if (custodian != NULL && *custodian != '\0' &&
        !custody_person(k, custodian, "--custodian", BG_ROLE_CUSTODIAN, &custodian))
        return false;
    if (wish.safe != NULL && *wish.safe != '\0' && bg_safe_find(&k->safes, wish.safe) == NULL) {
        ui_finding(BG_M_CUS_NO_SAFE, BG_ARGS(wish.safe));
        return false;
    }
    if (custodian != NULL)
        TAKE(e->custodian, custodian);
    if (wish.safe != NULL)
        TAKE(e->safe, wish.safe);
    if (wish.site != NULL)
        TAKE(e->site, wish.site);
    if (wish.safe != NULL && *wish.safe != '\0' && wish.site == NULL)
        e->site[0] = '\0';
    if (wish.site != NULL && *wish.site != '\0' && wish.safe == NULL)
        e->safe[0] = '\0';
    return true;
}

static const char *place_text(const struct custody *k, const struct bg_envelope *e, char out[MESSAGE_MAX])
{
    const char *site = bg_envelope_site(e, &k->safes);

    (void)snprintf(out, MESSAGE_MAX, "%s%s%s%s%s%s", e->custodian[0] != '\0' ? e->custodian : "no custodian",
                   e->safe[0] != '\0' ? ", safe " : "", e->safe, site[0] != '\0' ? " (" : "", site,
                   site[0] != '\0' ? ")" : "");
    return out;
}

/* --- seal ------------------------------------------------------------------------------------- */

/* No seal is used twice on this host: not on an envelope of any account, and not noted on another card. */
static bool seal_is_new(const struct custody *k, const char *id)
{
    const struct bg_envelope *had;

    for (size_t i = 0; i < k->c.n; i++) {
        const struct bg_shareset *s = &k->credential[i]->shares;
        if ((had = bg_envelope_of_seal(k->envelopes[i], wish.seal)) != NULL) {
            ui_finding(BG_M_CUS_SEAL_USED, BG_ARGS(wish.seal, had->id, k->account[i].name));
            return false;
        }
        for (size_t n = 0; n < s->cards; n++)
            if (bg_seal_same(s->card[n].seal, wish.seal) && strcmp(s->card[n].envelope, id) != 0) {
                ui_finding(BG_M_CUS_SEAL_USED, BG_ARGS(wish.seal, s->card[n].envelope, k->account[i].name));
                return false;
            }
    }
    return true;
}

static bool keep_old_seal(struct bg_envelope *e)
{
    size_t n = strlen(e->old_seals);
    char seal[BG_SEAL_MAX];

    if (n + strlen(e->seal) + 3 > sizeof e->old_seals) {
        ui_finding(BG_M_CUS_FULL, BG_ARGS(e->id));
        return false;
    }
    memcpy(seal, e->seal, sizeof seal);
    (void)snprintf(e->old_seals + n, sizeof e->old_seals - n, "%s%s", n > 0 ? ", " : "", seal);
    return true;
}

/* When it was made; "" for what is not there. */
static const char *made(const struct bg_credential *c, const struct bg_holding *h)
{
    if (h->kind == BG_HOLDS_SHARE)
        return c->shares.created;
    if (h->kind == BG_HOLDS_PASSWORD)
        return c->password.created;
    for (size_t i = 0; h->kind == BG_HOLDS_KEY && i < c->key_count; i++)
        if (strcmp(c->key[i].label, h->what) == 0)
            return c->key[i].created;
    for (size_t i = 0; h->kind == BG_HOLDS_SSH_KEY && i < c->ssh_count; i++)
        if (strcmp(c->ssh[i].label, h->what) == 0)
            return c->ssh[i].created;
    return "";
}

/* It opens the account, is in no other envelope, and nobody was at it since it was made. */
static bool may_hold(const struct custody *k, size_t at, const struct bg_envelope *e,
                     const struct bg_holding *h)
{
    const struct bg_envelope *other = bg_envelope_of(k->envelopes[at], h->kind, h->what, e->set);

    if (!bg_holding_there(e, h, k->credential[at])) {
        ui_finding(BG_M_CUS_NOT_THERE, BG_ARGS(h->text, k->account[at].name));
        return false;
    }
    if (other != NULL && other != e) {
        ui_finding(BG_M_CUS_ELSEWHERE, BG_ARGS(h->text, other->id));
        return false;
    }
    if (e->tampered[0] != '\0' && strcmp(made(k->credential[at], h), e->tampered) <= 0) {
        ui_finding(BG_M_CUS_EXPOSED, BG_ARGS(h->text, k->account[at].name, e->id));
        return false;
    }
    return true;
}

static bool take_holds(const struct custody *k, size_t at, struct bg_envelope *e)
{
    struct bg_holding h;

    if (wish.holds != NULL)
        TAKE(e->holds, wish.holds);
    e->set[0] = '\0';
    for (const char *p = e->holds; bg_holding_next(&p, &h);)
        if (h.kind == BG_HOLDS_SHARE)
            bg_envelope_set(k->credential[at], e->set);
    for (const char *p = e->holds; bg_holding_next(&p, &h);)
        if (!may_hold(k, at, e, &h))
            return false;
    return true;
}

static bool take_photo(struct bg_envelope *e)
{
    char *bytes = NULL;
    size_t n = 0;
    enum bg_err r = wish.photo == NULL ? BG_OK : bg_file_slurp(wish.photo, PHOTO_MAX, &bytes, &n);

    e->photo[0] = '\0';
    if (r == BG_OK && wish.photo != NULL)
        r = bg_sha256_hex(bytes, n, e->photo);
    if (r != BG_OK)
        ui_finding(BG_M_CMD_FILE, BG_ARGS(wish.photo, bg_strerror(r)));
    free(bytes);
    return r == BG_OK;
}

/* The envelope that is to be sealed: one that is open, or a new one. NULL: the finding was shown. */
static struct bg_envelope *to_seal(const struct custody *k, size_t at, const char *id)
{
    struct bg_envelopes *list = k->envelopes[at];
    const struct bg_envelope *was = bg_envelope_find(list, id);
    struct bg_envelope *e = was == NULL ? &list->envelope[list->n] : &list->envelope[was - list->envelope];

    if (was != NULL && was->status != BG_ENVELOPE_OPEN) {
        ui_finding(BG_M_CUS_STATUS,
                   BG_ARGS(id, k->account[at].name, bg_envelope_status_name(was->status), "open"));
        return NULL;
    }
    if (was != NULL)
        return keep_old_seal(e) ? e : NULL;
    if (list->n == BG_ENVELOPES_MAX) {
        ui_finding(BG_M_CUS_FULL, BG_ARGS(k->account[at].name));
        return NULL;
    }
    if (strlen(id) >= sizeof e->id || *id == '\0') {
        (void)admin_bad_value(id, "ENVELOPE", "1 to 31 of a-z, 0-9 and -");
        return NULL;
    }
    TAKE(e->id, id);
    list->n++;
    return e;
}

static bool fill(struct custody *k, size_t at, struct bg_envelope *e)
{
    const char *by, *seen_by;

    if (!two_people(k, &by, &seen_by) || !take_place(k, e) || !take_holds(k, at, e) || !take_photo(e))
        return false;
    e->status = BG_ENVELOPE_SEALED;
    TAKE(e->seal, wish.seal);
    TAKE(e->sealed_by, by);
    TAKE(e->seen_by, seen_by);
    (void)bg_time_rfc3339(e->sealed);
    e->inspected[0] = e->inspected_by[0] = e->tampered[0] = '\0';
    return custody_rules_hold(k);
}

static enum admin_exit keep_sealed(struct custody *k, size_t at, struct bg_envelope *e, json_t *root)
{
    char message[2 * MESSAGE_MAX + BG_HOLDS_MAX] = "", place[MESSAGE_MAX];
    struct bg_event ev = custody_event(BG_EV_ENVELOPE_SEALED, k->account[at].name, e->sealed_by, message);
    enum admin_exit x;

    (void)snprintf(message, sizeof message, "envelope %s is sealed with %s, seen by %s: %s; %s", e->id,
                   e->seal, e->seen_by, e->holds, place_text(k, e, place));
    ev.envelope = e->id;
    ev.seal = e->seal;
    ev.evidence = e->photo[0] != '\0' ? e->photo : NULL;
    x = custody_keep(k, at, &ev);
    return x == ADMIN_GOOD ? done(k, at, e, "is sealed", root) : x;
}

static enum admin_exit envelope_seal(char *const words[], json_t *root)
{
    struct custody *k;
    struct bg_envelope *e;
    enum admin_exit x = ADMIN_FINDING;
    size_t at;

    if (!custody_need(&wish.seal, "--seal", "Number of the new seal: ", typed[2], sizeof typed[2]) ||
        !ask_people())
        return ADMIN_USAGE;
    if (!parse_seal(wish.seal)) /* it was typed here */
        return admin_bad_value(wish.seal, "--seal", SEAL_FORM);
    if ((k = custody_begin(words[0])) == NULL)
        return ADMIN_CANNOT;
    at = custody_at(k, words[0]);
    e = seal_is_new(k, words[1]) ? to_seal(k, at, words[1]) : NULL;
    if (e != NULL && wish.holds == NULL && e->holds[0] == '\0') {
        ui_finding(BG_M_CUS_LACKS, BG_ARGS("--holds"));
        x = ADMIN_USAGE;
    } else if (e != NULL && fill(k, at, e)) {
        x = keep_sealed(k, at, e, root);
    }
    custody_free(k);
    return x;
}

/* --- move ------------------------------------------------------------------------------------- */

static enum admin_exit keep_moved(struct custody *k, size_t at, struct bg_envelope *e, const char *by,
                                  const char *before, json_t *root)
{
    char message[3 * MESSAGE_MAX] = "", place[MESSAGE_MAX];
    struct bg_event ev = custody_event(BG_EV_ENVELOPE_MOVED, k->account[at].name, by, message);
    enum admin_exit x;

    (void)snprintf(message, sizeof message, "envelope %s is now: %s; it was: %s", e->id,
                   place_text(k, e, place), before);
    ev.envelope = e->id;
    ev.seal = e->seal;
    x = custody_keep(k, at, &ev);
    return x == ADMIN_GOOD ? done(k, at, e, "is moved", root) : x;
}

static enum admin_exit envelope_move(char *const words[], json_t *root)
{
    enum admin_exit x = ADMIN_FINDING;
    char before[MESSAGE_MAX];
    struct bg_envelope *e;
    struct custody *k;
    const char *by;
    size_t at;

    if (wish.custodian == NULL && wish.safe == NULL && wish.site == NULL) {
        ui_finding(BG_M_CUS_LACKS, BG_ARGS("--custodian, --safe or --site"));
        return ADMIN_USAGE;
    }
    if (!custody_need(&wish.by, "--by", "Who moves it? ", typed[0], sizeof typed[0]))
        return ADMIN_USAGE;
    if ((k = custody_begin(words[0])) == NULL)
        return ADMIN_CANNOT;
    at = custody_at(k, words[0]);
    if ((e = custody_envelope(k, at, words[1])) != NULL && custody_person(k, wish.by, "--by", NULL, &by)) {
        (void)place_text(k, e, before);
        if (e->status == BG_ENVELOPE_DESTROYED)
            ui_finding(BG_M_CUS_STATUS, BG_ARGS(e->id, words[0], "destroyed", "sealed or open"));
        else if (take_place(k, e) && custody_rules_hold(k))
            x = keep_moved(k, at, e, by, before, root);
    }
    custody_free(k);
    return x;
}

/* --- destroy ---------------------------------------------------------------------------------- */

/* The first thing in it that opens the account still; false when there is none. */
static bool opens_still(const struct custody *k, size_t at, const struct bg_envelope *e, struct bg_holding *h)
{
    for (const char *p = e->holds; bg_holding_next(&p, h);)
        if (bg_holding_there(e, h, k->credential[at]))
            return true;
    return false;
}

static enum admin_exit keep_destroyed(struct custody *k, size_t at, struct bg_envelope *e, const char *by,
                                      const char *seen_by, json_t *root)
{
    char message[MESSAGE_MAX] = "";
    struct bg_event ev = custody_event(BG_EV_ENVELOPE_MOVED, k->account[at].name, by, message);
    enum admin_exit x;

    (void)snprintf(message, sizeof message, "envelope %s is destroyed, with what was in it; seen by %s",
                   e->id, seen_by);
    ev.envelope = e->id;
    ev.seal = e->seal;
    e->status = BG_ENVELOPE_DESTROYED;
    x = custody_keep(k, at, &ev);
    return x == ADMIN_GOOD ? done(k, at, e, "is destroyed", root) : x;
}

static enum admin_exit envelope_destroy(char *const words[], json_t *root)
{
    enum admin_exit x = ADMIN_FINDING;
    const char *by, *seen_by;
    struct bg_envelope *e;
    struct bg_holding h;
    struct custody *k;
    size_t at;

    if (!ask_people())
        return ADMIN_USAGE;
    if ((k = custody_begin(words[0])) == NULL)
        return ADMIN_CANNOT;
    at = custody_at(k, words[0]);
    if ((e = custody_envelope(k, at, words[1])) != NULL && two_people(k, &by, &seen_by)) {
        if (e->status == BG_ENVELOPE_DESTROYED)
            ui_finding(BG_M_CUS_STATUS, BG_ARGS(e->id, words[0], "destroyed", "sealed or open"));
        else if (opens_still(k, at, e, &h))
            ui_finding(BG_M_CUS_OPENS_STILL, BG_ARGS(e->id, h.text, words[0]));
        else
            x = keep_destroyed(k, at, e, by, seen_by, root);
    }
    custody_free(k);
    return x;
}

/* --- repair ----------------------------------------------------------------------------------- */

/* How many copies differ from the envelopes, in a reading of its own. */
static unsigned differences(const struct custody *k, size_t at, char *what, size_t cap)
{
    struct bg_credential c;
    struct bg_ini_error bad;
    unsigned n = 0;

    what[0] = '\0';
    if (bg_credential_load(BG_CREDENTIALS_DIR, k->account[at].name, &c, &bad) != BG_OK)
        return 0;
    n = bg_envelopes_copy(k->envelopes[at], &c, what, cap);
    bg_credential_free(&c);
    return n;
}

static enum admin_exit envelope_repair(char *const words[], json_t *root)
{
    char what[BG_BREACH_TEXT], message[MESSAGE_MAX] = "";
    enum admin_exit x = ADMIN_FINDING;
    struct custody *k;
    const char *by;
    size_t at;

    if (!custody_need(&wish.by, "--by", "Who does it? ", typed[0], sizeof typed[0]))
        return ADMIN_USAGE;
    if ((k = custody_begin(words[0])) == NULL)
        return ADMIN_CANNOT;
    at = custody_at(k, words[0]);
    if (custody_person(k, wish.by, "--by", NULL, &by)) {
        struct bg_event ev = custody_event(BG_EV_CONFIG_CHANGED, words[0], by, message);
        unsigned n = differences(k, at, what, sizeof what);
        (void)snprintf(message, sizeof message, "the credentials follow the envelopes again: %s", what);
        (void)json_object_set_new(root, "repaired", json_integer(n));
        x = n == 0 ? ADMIN_GOOD : custody_keep(k, at, &ev);
        if (x == ADMIN_GOOD)
            ui_text("%u entries of the credentials of %s repaired.\n", n, words[0]);
    }
    custody_free(k);
    return x;
}

const struct command envelope_commands[] = {
    {.name = "envelope list",
     .operands = "[ACCOUNT]",
     .help = "envelopes, what is in them, where they are, their seals",
     .example = "breakglass envelope list bg1",
     .needs = COMMAND_ROOT,
     .run = envelope_list},
    {.name = "envelope seal",
     .operands = "ACCOUNT ENVELOPE",
     .help = "put on record what was sealed in an envelope",
     .about = "Put on record what two people have sealed in an envelope.",
     .example = "breakglass envelope seal bg1 e17 --seal A9 --holds \"share 1-2\"",
     .needs = COMMAND_ROOT,
     .options = seal_options,
     .run = envelope_seal},
    {.name = "envelope open",
     .operands = "ACCOUNT ENVELOPE",
     .help = "put on record that one was opened, and for which use",
     .about = "Put on record that the seal of an envelope was broken, and for which use or drill. Without "
              "--use it is "
              "the open drill, else the newest use since it was sealed; without any, the alarm is raised.",
     .example = "breakglass envelope open bg1 e17 --by bob",
     .needs = COMMAND_ROOT,
     .options = open_options,
     .run = envelope_open},
    {.name = "envelope inspect",
     .operands = "ACCOUNT ENVELOPE",
     .help = "read the number of a seal back",
     .about = "Type the number that is on the seal. It is compared with the one on file, which is not shown. "
              "Another number, or a broken seal, raises the alarm.",
     .example = "breakglass envelope inspect bg1 e17 --by ann",
     .needs = COMMAND_ROOT,
     .options = inspect_options,
     .run = envelope_inspect},
    {.name = "envelope move",
     .operands = "ACCOUNT ENVELOPE",
     .help = "another custodian, safe or site",
     .example = "breakglass envelope move bg1 e17 --safe south --by bob",
     .needs = COMMAND_ROOT,
     .options = move_options,
     .run = envelope_move},
    {.name = "envelope destroy",
     .operands = "ACCOUNT ENVELOPE",
     .help = "put on record that one is gone, with what was in it",
     .about =
         "Put on record that two people have destroyed an envelope with what was in it. What still opens the "
         "account is refused.",
     .example = "breakglass envelope destroy bg1 e17 --by bob --seen-by ann",
     .needs = COMMAND_ROOT,
     .options = destroy_options,
     .run = envelope_destroy},
    {.name = "envelope repair",
     .operands = "ACCOUNT",
     .help = "let the credentials say what the envelopes say",
     .about = "Write into the credentials file who keeps a card or key and under which seal, as the "
              "envelopes have it. "
              "Needed only where status says that the two differ.",
     .example = "breakglass envelope repair bg1 --by ann",
     .needs = COMMAND_ROOT,
     .options = repair_options,
     .run = envelope_repair},
    {0},
};
