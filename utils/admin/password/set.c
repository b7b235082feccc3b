/* SPDX-License-Identifier: ISC */
/* breakglass password set: an existing long password in parts, or the hash of one. */
#include <stdio.h>
#include <string.h>
#include "admin/messages.h"
#include "admin/password/password.h"
#include "admin/rows.h"
#include "admin/ui.h"
#include "base/safefile.h"
#include "base/secret.h"
#include "config/ways.h"

#define FILE_MAX 4096

enum admin_exit password_begin(const char *account, struct bg_credential *c)
{
    if (!BG_WITH_PASSWORD) {
        ui_finding(BG_M_CMD_PASSWORD_NOT_BUILT, BG_NOARGS);
        return ADMIN_CANNOT;
    }
    if (!rows_credential(account, false, c))
        return ADMIN_CANNOT;
    if (c->has_password && !password_wish.replace) {
        ui_finding(BG_M_CMD_PASSWORD_EXISTS, BG_ARGS(account));
        return ADMIN_FINDING;
    }
    return ADMIN_GOOD;
}

enum admin_exit password_save(const char *account, struct bg_credential *c, json_t *root)
{
    const char *how = c->has_password ? "replaced" : "enrolled";
    char message[96];
    enum admin_exit x;

    (void)snprintf(message, sizeof message, "password in %u parts %s (%s)", c->password.parts, how,
                   bg_password_kind(c->password.hash));
    (void)bg_time_rfc3339(c->password.created);
    if (c->has_password)
        memcpy(c->password.replaced, c->password.created, sizeof c->password.replaced);
    c->has_password = true;
    if ((x = rows_credential_record(account, c, BG_EV_CREDENTIAL_ENROLLED, message,
                                    "the password could not be saved")) != ADMIN_GOOD)
        return x;
    (void)json_object_update_new(root, json_pack("{s:i, s:s}", "parts", (int)c->password.parts, "kind",
                                                 bg_password_kind(c->password.hash)));
    ui_text("Saved: a password in %u parts opens %s.\n", c->password.parts, account);
    return ADMIN_GOOD;
}

/* The first line of text, trimmed, is the hash. */
static enum admin_exit take_hash(const char *file, const char *text, size_t n, char hash[BG_PASSWORD_HASH])
{
    size_t end = strcspn(text, " \t\r\n");
    const char *why;

    if (n >= BG_PASSWORD_HASH && end >= BG_PASSWORD_HASH) {
        ui_finding(BG_M_CMD_HASH_FILE, BG_ARGS(file));
        return ADMIN_FINDING;
    }
    (void)snprintf(hash, BG_PASSWORD_HASH, "%.*s", (int)end, text);
    if (!bg_password_form(hash)) {
        ui_finding(BG_M_CMD_HASH_FILE, BG_ARGS(file));
        return ADMIN_FINDING;
    }
    if ((why = bg_password_refusal(hash)) != NULL) {
        ui_finding(BG_M_CMD_HASH_REFUSED, BG_ARGS(why));
        return ADMIN_FINDING;
    }
    return ADMIN_GOOD;
}

enum admin_exit password_read_hash(const char *file, char hash[BG_PASSWORD_HASH])
{
    char text[FILE_MAX];
    size_t n = 0;
    ssize_t got;
    enum bg_err r;

    if (strcmp(file, "-") == 0) {
        got = ui_read_hidden("Hash: ", text, sizeof text);
        n = got < 0 ? 0 : (size_t)got;
        text[n < sizeof text ? n : sizeof text - 1] = '\0';
        return take_hash("standard input", text, n, hash);
    }
    if ((r = bg_file_read(file, text, sizeof text, &n)) != BG_OK) {
        ui_finding(BG_M_CMD_FILE, BG_ARGS(file, bg_strerror(r)));
        return ADMIN_CANNOT;
    }
    return take_hash(file, text, n, hash);
}

/* What is typed must fit the hash that is there: else nobody knows what its parts are, nor how long each is.
 */
static enum admin_exit fits(const char *account, const char *hash, const char *whole)
{
    enum bg_err r = bg_password_check(hash, whole);

    if (r == BG_OK)
        return ADMIN_GOOD;
    if (r == BG_E_MISMATCH)
        ui_finding(BG_M_CMD_PASSWORD_WRONG, BG_ARGS(account));
    else
        ui_finding(BG_M_CMD_PASSWORD_CRYPT, BG_ARGS(bg_password_kind(hash)));
    return r == BG_E_MISMATCH ? ADMIN_FINDING : ADMIN_CANNOT;
}

/* Typed blind, so typed twice. */
static enum admin_exit typed_twice(struct bg_parts *p)
{
    static struct bg_parts again;
    bool same;

    if (password_wish.parts_stdin)
        return ADMIN_GOOD;
    ui_text("Once more, to see that each part was typed as it was meant.\n");
    if (!password_type(p->n, false, &again))
        return ADMIN_FINDING;
    same = again.len == p->len && bg_ct_equal(again.whole, p->whole, p->len);
    bg_wipe(&again, sizeof again);
    if (!same)
        ui_finding(BG_M_CMD_PARTS_DIFFER, BG_NOARGS);
    return same ? ADMIN_GOOD : ADMIN_FINDING;
}

static enum admin_exit hash_of(const char *account, struct bg_parts *p, char hash[BG_PASSWORD_HASH])
{
    enum admin_exit x;

    if (password_wish.hash_file != NULL)
        return fits(account, hash, p->whole);
    if ((x = typed_twice(p)) != ADMIN_GOOD)
        return x;
    if (bg_password_make(p->whole, bg_password_fips(), hash) == BG_OK)
        return ADMIN_GOOD;
    ui_finding(BG_M_CMD_PASSWORD_CRYPT, BG_ARGS(bg_password_fips() ? "sha512crypt" : "yescrypt"));
    return ADMIN_CANNOT;
}

enum admin_exit password_set(char *const words[], json_t *root)
{
    static struct bg_credential c;
    static struct bg_parts p;
    struct bg_password w = {.parts = (uint8_t)password_wish.parts};
    enum admin_exit x = password_begin(words[0], &c);

    if (x == ADMIN_GOOD)
        x = password_can_type();
    if (x == ADMIN_GOOD && password_wish.hash_file != NULL)
        x = password_read_hash(password_wish.hash_file, w.hash);
    if (x == ADMIN_GOOD && !password_type(w.parts, false, &p))
        x = ADMIN_FINDING;
    if (x == ADMIN_GOOD)
        x = hash_of(words[0], &p, w.hash);
    bg_wipe(&p, sizeof p);
    if (x != ADMIN_GOOD)
        return x;
    memcpy(w.from, c.password.from, sizeof w.from); /* where it may be used is about the account */
    c.password = w;
    return password_save(words[0], &c, root);
}
