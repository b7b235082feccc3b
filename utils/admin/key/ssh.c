/* SPDX-License-Identifier: ISC */
/* breakglass key add --ssh, and what list and remove do with such a key. */
#include "admin/key/ssh.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "admin/conf/conffile.h"
#include "admin/custody/custody.h"
#include "admin/key/key.h"
#include "admin/messages.h"
#include "admin/rows.h"
#include "admin/ui.h"
#include "base/identity.h"
#include "base/safefile.h"

#define FILE_MAX 16384

static struct conf_plan plan; /* large, and not in the file of the program */

const char *ssh_print(const struct bg_ssh_blob *b, char out[SSH_PRINT])
{
    uint8_t hash[BG_HASH] = {0};

    memcpy(out, "SHA256:", 8);
    if (bg_sha256(b->bytes, b->len, hash) == BG_OK)
        bg_base64_print(hash, sizeof hash, out + 7);
    out[strcspn(out, "=")] = '\0';
    return out;
}

json_t *ssh_json(const char *account, const struct bg_ssh_key *k)
{
    char print[SSH_PRINT];

    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b}", "account", account, "label", k->label,
                     "type", bg_ssh_kind(&k->blob), "uv", "required", "fingerprint",
                     ssh_print(&k->blob, print), "created", k->created, "custodian", k->custodian,
                     "suspended", k->suspended);
}

size_t ssh_find(const struct bg_credential *c, const char *label)
{
    size_t i = 0;

    while (i < c->ssh_count && strcmp(c->ssh[i].label, label) != 0)
        i++;
    return i;
}

bool ssh_list(const char *account, const struct bg_credential *c, json_t *keys)
{
    char print[SSH_PRINT];

    for (size_t i = 0; i < c->ssh_count; i++) {
        const struct bg_ssh_key *k = &c->ssh[i];
        ui_text("%-12s %-18s %-6s %-10s %10s  %.10s%s\n", account, k->label, "ssh", "required", "-",
                k->created, k->suspended ? ", SUSPENDED" : "");
        ui_text("%-12s %s\n", "", ssh_print(&k->blob, print));
        (void)json_array_append_new(keys, ssh_json(account, k));
    }
    return c->ssh_count > 0;
}

/* --- the file with the public key: whoever's it is, so it is read as any text */

static bool refuse_file(const char *file, const char *why)
{
    ui_finding(BG_M_CMD_SSH_FILE, BG_ARGS(file, why));
    return false;
}

static bool read_text(const char *file, char text[FILE_MAX])
{
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    size_t len = 0;
    ssize_t n = fd < 0 ? -1 : 1;

    while (n > 0 && len < FILE_MAX - 1)
        if ((n = read(fd, text + len, FILE_MAX - 1 - len)) > 0)
            len += (size_t)n;
        else if (n < 0 && errno == EINTR)
            n = 1;
    text[len] = '\0';
    if (n < 0)
        (void)refuse_file(file, strerror(errno));
    bg_close(fd);
    if (n > 0)
        return refuse_file(file, "it is too long");
    return n == 0;
}

/* One key, among blank lines and comments. */
static bool read_key(const char *file, struct bg_ssh_blob *out)
{
    static char text[FILE_MAX];
    unsigned keys = 0;

    if (!read_text(file, text))
        return false;
    if (strstr(text, "-----BEGIN ") != NULL)
        return refuse_file(
            file, "it is a private key or a certificate of another form; name the file that ends in .pub");
    for (char *save = text, *line; (line = strsep(&save, "\n")) != NULL;) {
        line += strspn(line, " \t\r");
        if (line[0] == '\0' || line[0] == '#')
            continue;
        enum bg_err r = bg_ssh_line(line, out);
        if (r == BG_E_MISMATCH) {
            ui_finding(BG_M_CMD_SSH_KIND, BG_ARGS(file));
            return false;
        }
        if (r != BG_OK)
            return refuse_file(file, "it has a line that is no public key");
        keys++;
    }
    return keys == 1 || refuse_file(file, keys == 0 ? "it is empty" : "it has more than one key");
}

/* --- add */

static bool choose_label(const char *account, const struct bg_credential *c, const char *wish,
                         char out[BG_KEY_LABEL])
{
    for (unsigned i = 1; i <= BG_SSH_KEYS_MAX + BG_KEYS_MAX + 1; i++) {
        if (wish != NULL)
            (void)snprintf(out, BG_KEY_LABEL, "%s", wish);
        else
            (void)snprintf(out, BG_KEY_LABEL, "ssh%u", i);
        if (ssh_find(c, out) == c->ssh_count && key_find(c, out) == c->key_count)
            return true;
        if (wish != NULL)
            break;
    }
    ui_finding(BG_M_CMD_KEY_EXISTS, BG_ARGS(account, out));
    return false;
}

/* Has sshd's configuration all that such a key needs? What is missing is planned; the rest is told. */
static enum admin_exit plan_sshd(const struct account_rows *rows)
{
    const char *names[CONFFILES];

    for (size_t i = 0; i < CONFFILES; i++)
        names[i] = i == CONF_SSHD ? NULL : "";
    return undo_knows(conffiles[CONF_SSHD].path) ? conf_plan(&plan, rows, names) : ADMIN_GOOD;
}

static enum admin_exit change_sshd(const struct account_row *row)
{
    enum bg_err r = plan.edits.n > 0 ? undo_prepare(&plan.edits) : BG_OK;

    if (r != BG_OK) {
        ui_finding(BG_M_CMD_MAKE, BG_ARGS(UNDO_DIR, bg_strerror(r)));
        return ADMIN_CANNOT;
    }
    if (plan.edits.n > 0)
        return conf_apply(&plan, row);
    return conffiles[CONF_SSHD].check(row, false) ? ADMIN_GOOD : ADMIN_FINDING;
}

static enum admin_exit save(const char *account, struct bg_credential *c, const struct bg_ssh_key *k)
{
    char message[160], print[SSH_PRINT];
    enum admin_exit x;

    /* the keys file first: what stands only there opens nothing */
    if (!sshfile_put(account, k) || !key_was_added(bg_credential_add_ssh(c, k)))
        return ADMIN_CANNOT;
    (void)snprintf(message, sizeof message, "ssh key \"%s\" enrolled, %s", k->label,
                   ssh_print(&k->blob, print));
    if ((x = rows_credential_record(account, c, BG_EV_CREDENTIAL_ENROLLED, message,
                                    "an ssh key could not be enrolled")) != ADMIN_GOOD)
        return x;
    ui_text("Enrolled: ssh key %s of %s; touch and PIN required.\n", k->label, account);
    return ADMIN_GOOD;
}

/* Agreed: the key, then sshd's settings. What sshd then says against it is told, and the key stays. */
static enum admin_exit add(const char *account, struct bg_credential *c, struct bg_ssh_key *k,
                           const struct account_row *row, json_t *root)
{
    struct bg_identity host;
    enum admin_exit x;

    (void)bg_time_rfc3339(k->created);
    bg_identity_read(&host);
    if (bg_identity_print(&host, k->host) != BG_OK)
        k->host[0] = '\0';
    if ((x = save(account, c, k)) != ADMIN_GOOD)
        return x;
    (void)json_object_set_new(root, "key", ssh_json(account, k));
    return change_sshd(row);
}

static bool may_be_added(const char *account, const struct bg_credential *c, const struct bg_ssh_blob *blob)
{
    size_t at = bg_credential_ssh(c, blob);

    if (at < c->ssh_count)
        ui_finding(BG_M_CMD_SSH_KNOWN, BG_ARGS(account, c->ssh[at].label));
    else if (c->ssh_count == BG_SSH_KEYS_MAX)
        ui_finding(BG_M_CMD_SSH_MANY, BG_ARGS(account, BG_DIGITS(BG_SSH_KEYS_MAX)));
    else
        return true;
    return false;
}

static enum admin_exit agree(const char *account, const struct bg_ssh_key *k)
{
    char print[SSH_PRINT], question[128];
    json_t *diffs = json_array();

    ui_text("Key       %s, %s\n", bg_ssh_kind(&k->blob), ssh_print(&k->blob, print));
    if (plan.edits.n > 0)
        conf_show(&plan.edits, diffs);
    json_decref(diffs);
    (void)snprintf(question, sizeof question, "Let this key open %.31s over ssh?", account);
    return ui_confirm(question);
}

enum admin_exit ssh_add(const char *account, const char *label, const char *custodian, const char *file,
                        json_t *root)
{
    static struct bg_credential c;
    static struct account_rows rows;
    struct bg_ssh_key k = {.label = ""};
    enum admin_exit x;

    (void)snprintf(k.custodian, sizeof k.custodian, "%s", custodian != NULL ? custodian : "");
    if (!read_key(file, &k.blob))
        return ADMIN_FINDING;
    if (!rows_credential(account, false, &c) || !rows_load(&rows))
        return ADMIN_CANNOT;
    if (!may_be_added(account, &c, &k.blob) || !choose_label(account, &c, label, k.label) ||
        !custody_allows_ssh(account, &c, &k))
        return ADMIN_FINDING;
    if (sysfile_lock() != BG_OK) {
        ui_finding(BG_M_CMD_LOCKED, BG_NOARGS);
        return ADMIN_CANNOT;
    }
    if ((x = plan_sshd(&rows)) == ADMIN_GOOD && (x = agree(account, &k)) == ADMIN_GOOD)
        x = add(account, &c, &k, rows_find(&rows, account), root);
    sysedits_finish(&plan.edits);
    return x;
}

/* --- remove */

enum admin_exit ssh_take_out(const char *account, struct bg_credential *c, size_t at)
{
    struct bg_ssh_key gone = c->ssh[at];
    char message[96], failure[96];
    enum admin_exit x;

    (void)snprintf(message, sizeof message, "ssh key \"%s\" revoked", gone.label);
    (void)snprintf(failure, sizeof failure, "ssh key \"%s\" could not be revoked", gone.label);
    bg_credential_drop_ssh(c, at);
    if ((x = rows_credential_record(account, c, BG_EV_CREDENTIAL_REVOKED, message, failure)) != ADMIN_GOOD)
        return x;
    if (!sshfile_drop(account, &gone.blob))
        return ADMIN_CANNOT; /* it opens nothing any more, and status names the line */
    ui_text("Key %s no longer opens %s.\n", gone.label, account);
    return ADMIN_GOOD;
}
