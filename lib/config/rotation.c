/* SPDX-License-Identifier: ISC */
#include "config/rotation.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/hash.h"
#include "config/written.h"

#define DIGEST    32 /* hexadecimal digits */
#define TIME_FORM "a time such as 2026-11-22T12:03:24.123456Z"

static bool is_id(const char *value)
{
    return strlen(value) == BG_ULID_LEN && value[strspn(value, "0123456789ABCDEFGHJKMNPQRSTVWXYZ")] == '\0';
}

static bool is_digest(const char *value)
{
    return strlen(value) == DIGEST && value[strspn(value, "0123456789abcdef")] == '\0';
}

#define AT(field) BG_FIELD(struct bg_rotation, field)
static const struct bg_option rotation[] = {
    {"id", BG_O_TEXT, AT(id), "", .check = is_id, .form = "an id of an event"},
    {"by", BG_O_TEXT, AT(by), .value = ""},
    {"started", BG_O_TEXT, AT(started), .min = 1, .check = bg_check_time, .form = TIME_FORM,
     .required = true},
    {"password-proven", BG_O_TEXT, AT(password), "", .check = bg_check_time, .form = TIME_FORM},
    {"replaces", BG_O_TEXT, AT(replaces), "", .check = is_digest, .form = "32 hexadecimal digits"},
    {"fleet", BG_O_YESNO, AT(fleet), .value = "no"},
};
#undef AT

#define AT(field) BG_FIELD(struct bg_proof, field)
static const struct bg_option proof[] = {
    {"at", BG_O_TEXT, AT(at), .min = 1, .check = bg_check_time, .form = TIME_FORM, .required = true},
};
#undef AT

static const struct bg_section rotation_section = {.name = "rotation", BG_ROWS(rotation)};
static const struct bg_section proof_section = {.name = "proof",
                                                BG_ROWS(proof),
                                                .at = offsetof(struct bg_rotation, proof),
                                                .size = sizeof(struct bg_proof),
                                                .max = BG_PROOFS_MAX,
                                                .label = sizeof((struct bg_proof *)0)->key};
bg_form bg_rotation_form = {&rotation_section, &proof_section, NULL};

/* --- files ---------------------------------------------------------------------------------------------- */

#define OWN 2 /* sections of bg_rotation_form */
struct reading {
    const struct bg_section *form[OWN + BG_CREDENTIAL_SECTIONS + 1];
    struct bg_rotation r;
    struct bg_table t;
    struct bg_faults faults;
};

static struct reading *begin(void)
{
    struct reading *g = calloc(1, sizeof *g);

    for (size_t i = 0; g != NULL && i < OWN; i++)
        g->form[i] = bg_rotation_form[i];
    for (size_t i = 0; g != NULL && i < BG_CREDENTIAL_SECTIONS; i++)
        g->form[OWN + i] = bg_credential_form[i];
    return g;
}

static void end(struct reading *g)
{
    if (g != NULL)
        bg_credential_free(&g->r.credential);
    free(g);
}

/* Counts, and checks across sections; then all or nothing. */
static enum bg_err finish(struct reading *g, struct bg_rotation *r, struct bg_ini_error *e)
{
    bg_credential_settle(&g->r.credential, &g->t, &g->faults);
    bg_credential_free(&g->r.credential); /* keys mean nothing here */
    g->r.proofs = bg_table_count(&g->t, &proof_section);
    if (bg_table_count(&g->t, &rotation_section) == 0)
        bg_fault(&g->faults, 0, "started is missing in [rotation]");
    *e = g->faults.fault[0];
    if (g->faults.n > 0)
        return BG_E_SYNTAX;
    *r = g->r;
    return BG_OK;
}

enum bg_err bg_rotation_parse(const char *text, struct bg_rotation *r, struct bg_ini_error *e)
{
    struct reading *g = begin();
    enum bg_err err = BG_E_NOMEM;

    *e = (struct bg_ini_error){0};
    if (g != NULL) {
        (void)!bg_table_read(g->form, text, strlen(text), &g->r, &g->t, &g->faults); /* finish() asks */
        err = finish(g, r, e);
    }
    end(g);
    return err;
}

static enum bg_err file_of(const char *dir, const char *account, char path[PATH_MAX])
{
    int n = bg_name_valid(account) ? snprintf(path, PATH_MAX, "%s/%s.next", dir, account) : -1;

    return n < 0 || n >= PATH_MAX ? BG_E_RANGE : BG_OK;
}

enum bg_err bg_rotation_load(const char *dir, const char *account, struct bg_rotation *r,
                             struct bg_ini_error *e)
{
    struct reading *g = begin();
    char path[PATH_MAX];
    enum bg_err err = g == NULL ? BG_E_NOMEM : file_of(dir, account, path);

    *e = (struct bg_ini_error){0};
    if (err == BG_OK) {
        err = bg_table_load(g->form, path, &g->r, &g->t, &g->faults);
        *e = g->faults.fault[0];
        if (err == BG_OK || err == BG_E_SYNTAX)
            err = finish(g, r, e);
    }
    end(g);
    return err;
}

static void put(FILE *to, const void *arg)
{
    const struct bg_rotation *r = arg;

    (void)fputs("# Written by \"breakglass rotate\". Nothing in this file opens the door.\n", to);
    bg_table_write(to, &rotation_section, r);
    for (size_t i = 0; i < r->proofs && i < BG_PROOFS_MAX; i++) {
        (void)fputc('\n', to);
        bg_table_write(to, &proof_section, &r->proof[i]);
    }
    (void)fputc('\n', to);
    bg_credential_put(to, &r->credential);
}

static enum bg_err again(const char *text, const void *arg)
{
    struct bg_rotation *fresh = malloc(sizeof *fresh);
    struct bg_ini_error e;
    enum bg_err err = fresh == NULL ? BG_E_NOMEM : bg_rotation_parse(text, fresh, &e);

    (void)arg;
    free(fresh);
    return err;
}

enum bg_err bg_rotation_save(const char *dir, const char *account, const struct bg_rotation *r)
{
    char path[PATH_MAX];
    enum bg_err err = file_of(dir, account, path);

    return err == BG_OK ? bg_written_save(&(struct bg_writer){put, again, r}, path) : err;
}

enum bg_err bg_rotation_drop(const char *dir, const char *account)
{
    char path[PATH_MAX];
    enum bg_err err = file_of(dir, account, path);

    if (err != BG_OK)
        return err;
    return unlink(path) == 0 || errno == ENOENT ? BG_OK : BG_E_IO;
}

/* --- its contents --------------------------------------------------------------------------------------- */

static struct bg_proof *proof_of(const struct bg_rotation *r, const char *key)
{
    for (size_t i = 0; i < r->proofs; i++)
        if (strcmp(r->proof[i].key, key) == 0)
            return (struct bg_proof *)&r->proof[i];
    return NULL;
}

/* Where there is no room the oldest goes: it is to be shown once more. */
static struct bg_proof *new_proof(struct bg_rotation *r)
{
    if (r->proofs == BG_PROOFS_MAX) {
        memmove(&r->proof[0], &r->proof[1], (BG_PROOFS_MAX - 1) * sizeof r->proof[0]);
        r->proofs--;
    }
    return &r->proof[r->proofs++];
}

void bg_rotation_prove(struct bg_rotation *r, const char *item, const char *at)
{
    const char *key =
        strncmp(item, "key ", 4) == 0 || strncmp(item, "ssh-key ", 8) == 0 ? strchr(item, ' ') + 1 : NULL;
    struct bg_proof *p;

    if (key == NULL) {
        (void)snprintf(r->password, sizeof r->password, "%s", at);
        return;
    }
    if ((p = proof_of(r, key)) == NULL)
        p = new_proof(r);
    (void)snprintf(p->key, sizeof p->key, "%s", key);
    (void)snprintf(p->at, sizeof p->at, "%s", at);
}

/* The salt is drawn anew for each set, and for each hash. */
bool bg_rotation_in_force(const struct bg_rotation *r, const struct bg_credential *now)
{
    const struct bg_credential *next = &r->credential;

    if (next->has_shares &&
        (!now->has_shares || memcmp(next->shares.salt, now->shares.salt, BG_SALT_BYTES) != 0))
        return false;
    if (next->has_password && (!now->has_password || strcmp(next->password.hash, now->password.hash) != 0))
        return false;
    return next->has_shares || next->has_password;
}

/* Of both secrets only what the credentials file has of them: a salt and a hash. */
static enum bg_err digest(const struct bg_credential *now, char out[DIGEST + 1])
{
    char text[BG_SALT_BYTES + sizeof now->password.hash], sum[BG_HASH_HEX + 1];
    size_t n = 0;
    enum bg_err r;

    if (now->has_shares) {
        memcpy(text, now->shares.salt, BG_SALT_BYTES);
        n = BG_SALT_BYTES;
    }
    if (now->has_password) {
        memcpy(text + n, now->password.hash, strlen(now->password.hash));
        n += strlen(now->password.hash);
    }
    if ((r = bg_sha256_hex(text, n, sum)) == BG_OK)
        (void)snprintf(out, DIGEST + 1, "%.32s", sum);
    return r;
}

enum bg_err bg_rotation_begin(struct bg_rotation *r, const struct bg_credential *now)
{
    return digest(now, r->replaces);
}

bool bg_rotation_is_of(const struct bg_rotation *r, const struct bg_credential *now)
{
    char text[DIGEST + 1];

    return r->replaces[0] == '\0' || digest(now, text) != BG_OK || strcmp(text, r->replaces) == 0;
}

void bg_rotation_apply(const struct bg_rotation *r, const struct bg_credential *now, const char *when,
                       struct bg_credential *out)
{
    *out = *now;
    if (r->credential.has_shares) {
        out->has_shares = true;
        out->shares = r->credential.shares;
        memcpy(out->shares.from, now->shares.from, sizeof out->shares.from);
        memcpy(out->shares.old, now->shares.old, sizeof out->shares.old);
        out->shares.olds = now->shares.olds;
        if (now->has_shares)
            bg_shareset_retire(&now->shares, when, &out->shares);
    }
    if (r->credential.has_password) {
        out->has_password = true;
        out->password = r->credential.password;
        memcpy(out->password.from, now->password.from, sizeof out->password.from);
        if (now->has_password)
            (void)snprintf(out->password.replaced, sizeof out->password.replaced, "%s", when);
    }
}

/* --- what is left to do --------------------------------------------------------------------------------- */

static enum bg_rotation_need shown(const char *when)
{
    return when[0] != '\0' ? BG_ROTATION_DONE : BG_ROTATION_VERIFY;
}

static size_t add_cards(const struct bg_rotation *r, struct bg_rotation_item *out)
{
    const struct bg_shareset *s = &r->credential.shares;
    size_t n = 0;

    if (!r->credential.has_shares || r->fleet)
        return 0;
    for (; n < s->cards; n++) {
        const struct bg_share_card *card = &s->card[n];
        out[n] = (struct bg_rotation_item){
            .need = shown(card->inspected), .custodian = card->custodian, .why = ""};
        (void)snprintf(out[n].name, sizeof out[n].name, "share %s", card->place);
    }
    return n;
}

/* What a key of either kind has that counts here. */
struct facts {
    const char *kind, *label, *created, *custodian;
    bool suspended;
    enum bg_rotation_test test;
};

static bool has_left(const struct bg_people *people, const char *who)
{
    const struct bg_person *p = who[0] != '\0' ? bg_people_find(people, who) : NULL;

    return p != NULL && p->left[0] != '\0';
}

static void judge_key(const struct bg_rotation *r, const struct facts *f, const struct bg_people *people,
                      bool opened, struct bg_rotation_item *out)
{
    const struct bg_proof *p;

    *out = (struct bg_rotation_item){.custodian = f->custodian, .why = "", .test = f->test};
    (void)snprintf(out->name, sizeof out->name, "%s %s", f->kind, f->label);
    p = proof_of(r, f->label);
    if (f->suspended)
        out->why = "it is suspended";
    else if (has_left(people, f->custodian))
        out->why = "its custodian has left";
    else if (opened)
        out->why = "it has opened the account";
    if (out->why[0] != '\0')
        out->need = BG_ROTATION_REPLACE;
    else if ((f->test == BG_TEST_SSH || strcmp(f->created, r->started) < 0) &&
             (p == NULL || strcmp(p->at, f->created) < 0))
        out->need = BG_ROTATION_TEST;
}

size_t bg_rotation_items(const struct bg_rotation *r, const struct bg_credential *now,
                         const struct bg_people *people, bg_key_opened_fn opened, const void *arg,
                         struct bg_rotation_item *out)
{
    size_t made = add_cards(r, out);

    if (r->credential.has_password) {
        out[made] = (struct bg_rotation_item){
            .need = shown(r->password), .name = "password", .custodian = "", .why = ""};
        made++;
    }
    for (size_t i = 0; i < now->key_count; i++) {
        const struct bg_key *k = &now->key[i];
        judge_key(r,
                  &(struct facts){"key", k->label, k->created, k->custodian, k->suspended,
                                  k->use == BG_USE_TEXT ? BG_TEST_TEXT : BG_TEST_HERE},
                  people, opened(arg, k->label, k->created), &out[made++]);
    }
    for (size_t i = 0; i < now->ssh_count; i++) {
        const struct bg_ssh_key *k = &now->ssh[i];
        judge_key(r,
                  &(struct facts){"ssh-key", k->label, k->created, k->custodian, k->suspended, BG_TEST_SSH},
                  people, opened(arg, k->label, k->created), &out[made++]);
    }
    return made;
}
