/* SPDX-License-Identifier: ISC */
#include "admin/custody/custody.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "admin/messages.h"
#include "admin/ui.h"
#include "base/safefile.h"
#include "config/messages.h"

#define LOCK_PATH BG_RUNDIR "/custody.lock"
#define LOCK_MS   20000 /* another command may wait for the disk for its record */

/* --- reading ---------------------------------------------------------------------------------- */

/* True for a file that is sound or not there. */
static bool sound(const char *path, enum bg_err r, const struct bg_ini_error *bad)
{
    if (r == BG_E_SYNTAX && bad->line > 0)
        ui_finding(BG_M_FILE_SYNTAX, BG_ARGS(path, BG_DIGITS(bad->line), bad->text));
    else if (r != BG_OK && r != BG_E_NOENT)
        ui_finding(BG_M_FILE_UNSAFE, BG_ARGS(path, bad->text[0] != '\0' ? bad->text : bg_strerror(r)));
    return r == BG_OK || r == BG_E_NOENT;
}

static struct bg_credential *read_credential(const char *account, bool aloud)
{
    struct bg_credential *c = calloc(1, sizeof *c);
    struct bg_ini_error bad = {0};
    enum bg_err r = c == NULL ? BG_E_NOMEM : bg_credential_load(BG_CREDENTIALS_DIR, account, c, &bad);

    if (r == BG_E_NOENT)
        c->enabled = true;
    if (r == BG_OK || r == BG_E_NOENT)
        return c;
    if (aloud)
        ui_finding(BG_M_CMD_ST_CREDENTIAL, BG_ARGS(account, bad.text[0] != '\0' ? bad.text : bg_strerror(r)));
    free(c);
    return NULL;
}

static struct bg_envelopes *read_envelopes(const char *account)
{
    struct bg_envelopes *list = calloc(1, sizeof *list);
    struct bg_ini_error bad = {0};
    char path[PATH_MAX];
    enum bg_err r = list == NULL ? BG_E_NOMEM : bg_envelopes_load(BG_ENVELOPES_DIR, account, list, &bad);

    (void)snprintf(path, sizeof path, "%s/%.64s", BG_ENVELOPES_DIR, account);
    if (sound(path, r, &bad))
        return list;
    free(list);
    return NULL;
}

static void read_accounts(struct custody *k, const struct account_rows *rows, bool aloud)
{
    for (size_t i = 0; i < rows->n; i++) {
        size_t at = k->c.n;
        if (rows->row[i].wrong[0] != '\0')
            continue;
        k->credential[at] = read_credential(rows->row[i].name, aloud);
        k->envelopes[at] = read_envelopes(rows->row[i].name);
        k->whole = k->whole && k->credential[at] != NULL && k->envelopes[at] != NULL;
        k->account[at] = (struct bg_custody_account){rows->row[i].name, k->credential[at], k->envelopes[at]};
        k->c.n++;
    }
}

struct custody *custody_load(bool aloud)
{
    static struct account_rows rows; /* its names are used as long as the result is */
    struct custody *k = calloc(1, sizeof *k);
    struct bg_ini_error bad;
    struct bg_faults faults; /* status tells what is wrong with the policy */

    if (k == NULL) {
        ui_finding(BG_M_FILE_UNSAFE, BG_ARGS(BG_ENVELOPES_DIR, bg_strerror(BG_E_NOMEM)));
        return NULL;
    }
    k->lock = -1;
    k->c = (struct bg_custody){k->account, 0, &k->people, &k->safes};
    k->whole = rows_load(&rows);
    read_accounts(k, &rows, aloud);
    k->whole &= sound(BG_PEOPLE_PATH, bg_people_load(BG_PEOPLE_PATH, &k->people, &bad), &bad);
    k->whole &= sound(BG_SAFES_PATH, bg_safes_load(BG_SAFES_PATH, &k->safes, &bad), &bad);
    (void)!bg_policy_load(BG_POLICY_PATH, &k->policy, &faults);
    bg_rules_look(&k->c, k->policy.rule, &k->before);
    return k;
}

void custody_free(struct custody *k)
{
    if (k == NULL)
        return;
    for (size_t i = 0; i < k->c.n; i++) {
        if (k->credential[i] != NULL)
            bg_credential_free(k->credential[i]);
        free(k->credential[i]);
        free(k->envelopes[i]);
    }
    bg_close(k->lock);
    free(k);
}

static int take_lock(void)
{
    int lock = -1;
    enum bg_err r = bg_dir_make(BG_RUNDIR, 0755);

    if (r == BG_OK)
        r = bg_lock(AT_FDCWD, LOCK_PATH, bg_deadline(LOCK_MS), &lock);
    if (r != BG_OK)
        ui_finding(BG_M_CUS_BUSY, BG_ARGS(LOCK_PATH, bg_strerror(r)));
    return r == BG_OK ? lock : -1;
}

struct custody *custody_begin(const char *account)
{
    int lock = take_lock();
    struct custody *k = lock < 0 ? NULL : custody_load(true);
    bool good = k != NULL && k->whole;

    if (k == NULL) {
        bg_close(lock);
        return NULL;
    }
    k->lock = lock;
    if (good && account != NULL) /* what is saved is compared with what this has read */
        good = rows_credential(account, false, k->credential[custody_at(k, account)]);
    if (good)
        return k;
    custody_free(k);
    return NULL;
}

size_t custody_at(const struct custody *k, const char *account)
{
    size_t i = 0;

    while (strcmp(k->account[i].name, account) != 0)
        i++;
    return i;
}

struct bg_envelope *custody_envelope(const struct custody *k, size_t at, const char *id)
{
    const struct bg_envelope *e = bg_envelope_find(k->envelopes[at], id);

    if (e == NULL)
        ui_finding(BG_M_CUS_NO_ENVELOPE, BG_ARGS(id, k->account[at].name));
    return e == NULL ? NULL : &k->envelopes[at]->envelope[e - k->envelopes[at]->envelope];
}

/* --- what may be ------------------------------------------------------------------------------ */

bool custody_rules_hold(struct custody *k)
{
    struct bg_breaches *after = calloc(1, sizeof *after);
    const struct bg_breach *b;
    bool hold = after != NULL;

    if (after != NULL) {
        bg_rules_look(&k->c, k->policy.rule, after);
        if ((b = bg_breach_new(&k->before, after)) != NULL) {
            hold = false;
            ui_finding(BG_M_CUS_RULE, BG_ARGS(b->text, bg_rule_text(b->rule)->key, BG_POLICY_PATH,
                                              bg_rule_text(b->rule)->lost));
        }
    }
    free(after);
    return hold;
}

bool custody_person(const struct custody *k, const char *said, const char *option, const char *role,
                    const char **name)
{
    const struct bg_person *p = bg_people_find(&k->people, said);
    bool known = p != NULL ? p->left[0] == '\0' : k->people.n == 0 && *said != '\0';

    if (p == NULL && known && (strlen(said) >= BG_PERSON_NAME || !bg_share_text_valid(said))) {
        (void)admin_bad_value(said, option, "a name of at most 63 bytes without , : \" and \\");
        known = false;
    } else if (!known) {
        ui_finding(BG_M_CUS_NOBODY, BG_ARGS(said, option));
    } else if (p != NULL && role != NULL && !bg_person_has(p, role)) {
        ui_finding(BG_M_CUS_ROLE, BG_ARGS(bg_person_name(p), role, p->id));
        known = false;
    }
    if (known)
        *name = p != NULL ? bg_person_name(p) : said;
    return known;
}

/* May that person keep something of it: as before, or by the list? */
static bool may_keep(const struct custody *k, const struct bg_credential *was, const char *custodian)
{
    const char *name;
    bool before = custodian[0] == '\0';

    for (size_t i = 0; i < was->shares.cards; i++)
        before = before || strcmp(was->shares.card[i].custodian, custodian) == 0;
    for (size_t i = 0; i < was->key_count; i++)
        before = before || strcmp(was->key[i].custodian, custodian) == 0;
    for (size_t i = 0; i < was->ssh_count; i++)
        before = before || strcmp(was->ssh[i].custodian, custodian) == 0;
    return before || custody_person(k, custodian, "--custodian", BG_ROLE_CUSTODIAN, &name);
}

static bool custodians_known(const struct custody *k, const struct bg_credential *was,
                             const struct bg_credential *fresh)
{
    bool good = true;

    for (size_t i = 0; good && fresh->has_shares && i < fresh->shares.cards; i++)
        good = may_keep(k, was, fresh->shares.card[i].custodian);
    for (size_t i = 0; good && i < fresh->key_count; i++)
        good = may_keep(k, was, fresh->key[i].custodian);
    for (size_t i = 0; good && i < fresh->ssh_count; i++)
        good = may_keep(k, was, fresh->ssh[i].custodian);
    return good;
}

bool custody_allows(const char *account, const struct bg_credential *fresh)
{
    struct custody *k = custody_load(true);
    bool good = k != NULL && k->whole;
    size_t at;

    if (good) {
        at = custody_at(k, account);
        k->account[at].credential = fresh;
        good = custodians_known(k, k->credential[at], fresh) && custody_rules_hold(k);
    }
    custody_free(k);
    return good;
}

bool custody_allows_key(const char *account, struct bg_credential *c, const struct bg_key *k)
{
    bool good;

    if (bg_credential_add(c, k) != BG_OK)
        return true; /* there is no room: whoever adds it says so */
    good = custody_allows(account, c);
    bg_credential_drop(c, c->key_count - 1);
    return good;
}

bool custody_allows_ssh(const char *account, struct bg_credential *c, const struct bg_ssh_key *k)
{
    bool good;

    if (bg_credential_add_ssh(c, k) != BG_OK)
        return true;
    good = custody_allows(account, c);
    bg_credential_drop_ssh(c, c->ssh_count - 1);
    return good;
}

bool custody_need(const char **value, const char *option, const char *question, char *buffer, size_t cap)
{
    if (*value == NULL && ui_form() == UI_TEXT && ui_interactive() && ui_ask_line(question, buffer, cap) &&
        buffer[0] != '\0')
        *value = buffer;
    if (*value == NULL)
        ui_finding(BG_M_CUS_LACKS, BG_ARGS(option));
    return *value != NULL;
}

/* --- changes ---------------------------------------------------------------------------------- */

struct bg_event custody_event(enum bg_event_type type, const char *account, const char *by,
                              const char *message)
{
    struct bg_event e = BG_EVENT_INIT;

    e.type = type;
    e.success = true;
    e.account = account;
    e.by = by;
    e.message = message;
    return e;
}

/* The new text on the disk beside the file; its name in tmp. False: the finding was shown. */
static bool stage(const struct bg_kept *form, const char *path, const void *whole, char tmp[PATH_MAX])
{
    struct bg_ini_error bad;
    char *text = NULL;
    size_t n = 0;
    enum bg_err r = bg_kept_text(form, whole, &text, &n, &bad);

    if (r == BG_E_RANGE)
        ui_finding(BG_M_CUS_VALUE, BG_ARGS(bad.text));
    else if (r == BG_OK)
        r = bg_file_stage(path, text, n, 0600, (uid_t)-1, (gid_t)-1, tmp);
    if (r != BG_OK && r != BG_E_RANGE)
        ui_finding(BG_M_CMD_MAKE, BG_ARGS(path, bg_strerror(r)));
    free(text);
    return r == BG_OK;
}

static enum admin_exit commit(const char *tmp, const char *path, const struct bg_event *e)
{
    enum bg_err r = bg_file_commit(tmp, path);

    if (r == BG_OK)
        return ADMIN_GOOD;
    ui_finding(BG_M_CMD_MAKE, BG_ARGS(path, bg_strerror(r)));
    report_failure(e->type, e->account, "what was to be changed could not be written");
    return ADMIN_CANNOT;
}

/* The credentials, if a copy in them is another now. */
static bool keep_copies(const char *account, const struct bg_envelopes *list, struct bg_credential *c)
{
    char what[BG_BREACH_TEXT];

    return bg_envelopes_copy(list, c, what, sizeof what) == 0 || rows_credential_save(account, c);
}

enum admin_exit custody_keep(struct custody *k, size_t at, const struct bg_event *e)
{
    char path[PATH_MAX], tmp[PATH_MAX];
    enum bg_err r = bg_dir_make(BG_ENVELOPES_DIR, 0700);

    (void)snprintf(path, sizeof path, "%s/%.64s", BG_ENVELOPES_DIR, k->account[at].name);
    if (r != BG_OK) {
        ui_finding(BG_M_CMD_MAKE, BG_ARGS(BG_ENVELOPES_DIR, bg_strerror(r)));
        return ADMIN_CANNOT;
    }
    if (!stage(bg_envelopes_file, path, k->envelopes[at], tmp))
        return ADMIN_CANNOT;
    if (!report_first_event(e)) {
        bg_remove(tmp);
        return ADMIN_CANNOT;
    }
    if (!keep_copies(k->account[at].name, k->envelopes[at], k->credential[at])) {
        bg_remove(tmp);
        report_failure(e->type, e->account, "what was to be changed could not be written");
        return ADMIN_CANNOT;
    }
    return commit(tmp, path, e);
}

static enum admin_exit keep(const struct bg_kept *form, const char *path, const void *whole,
                            const struct bg_event *e)
{
    char tmp[PATH_MAX];

    if (!stage(form, path, whole, tmp))
        return ADMIN_CANNOT;
    if (report_first_event(e))
        return commit(tmp, path, e);
    bg_remove(tmp);
    return ADMIN_CANNOT;
}

enum admin_exit custody_keep_people(const struct custody *k, const struct bg_event *e)
{
    return keep(bg_people_file, BG_PEOPLE_PATH, &k->people, e);
}

enum admin_exit custody_keep_safes(const struct custody *k, const struct bg_event *e)
{
    return keep(bg_safes_file, BG_SAFES_PATH, &k->safes, e);
}
