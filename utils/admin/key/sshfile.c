/* SPDX-License-Identifier: ISC */
/* An account's own authorized_keys file. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "admin/conf/sysfile.h"
#include "admin/key/ssh.h"
#include "admin/messages.h"
#include "admin/ui.h"
#include "base/safefile.h"
#include "config/messages.h"

#define HEADER                                                                                               \
    "# Written by \"breakglass key add --ssh\". A key that the credentials do not know opens nothing.\n"
#define OPTION "verify-required"

static void path_of(const char *account, char out[PATH_MAX])
{
    (void)snprintf(out, PATH_MAX, "%s/ssh/%.64s", BG_CONFDIR, account);
}

/* The key of a line, wherever in it: options come before it, and may hold anything. */
static bool key_of(const char *line, size_t n, struct bg_ssh_blob *out)
{
    for (size_t at = 0, len; at < n; at += len + (at + len < n)) {
        len = strcspn(line + at, " \t\n");
        if (at + len > n)
            len = n - at;
        if (bg_ssh_read(line + at, len, out))
            return true;
    }
    return false;
}

static bool is_line_of(const char *line, size_t n, const struct bg_ssh_blob *blob)
{
    struct bg_ssh_blob of;

    return key_of(line, n, &of) && bg_ssh_same(&of, blob);
}

/* The text without the lines of that key. */
static void put_others(FILE *to, const char *text, const struct bg_ssh_blob *blob)
{
    for (size_t n; *text != '\0'; text += n) {
        n = strcspn(text, "\n");
        if (!is_line_of(text, n, blob))
            (void)fprintf(to, "%.*s\n", (int)n, text);
        n += text[n] == '\n';
    }
}

/* k: NULL to take it out. */
static bool rewrite(const char *account, const struct bg_ssh_blob *blob, const struct bg_ssh_key *k)
{
    char path[PATH_MAX], key[BG_SSH_TEXT], *old = NULL, *text = NULL;
    size_t size;
    FILE *to;
    enum bg_err r;

    path_of(account, path);
    r = sysfile_read(path, &old);
    to = r == BG_OK ? open_memstream(&text, &size) : NULL;
    if (to != NULL) {
        put_others(to, old == NULL || old[0] == '\0' ? HEADER : old, blob);
        bg_ssh_print(blob, key);
        if (k != NULL)
            (void)fprintf(to, OPTION " %s %s breakglass:%s\n", bg_ssh_kind(blob), key, k->label);
    }
    if (r == BG_OK)
        r = to == NULL || fclose(to) != 0 ? BG_E_NOMEM : bg_file_replace(path, text, size, 0644, 0, 0);
    free(old);
    free(text);
    if (r != BG_OK)
        ui_finding(BG_M_CMD_MAKE, BG_ARGS(path, bg_strerror(r)));
    return r == BG_OK;
}

bool sshfile_put(const char *account, const struct bg_ssh_key *k)
{
    return rewrite(account, &k->blob, k);
}

bool sshfile_drop(const char *account, const struct bg_ssh_blob *blob)
{
    return rewrite(account, blob, NULL);
}

/* What a line is: blank, a key of the credentials (its place in them), or something else. */
#define LINE_BLANK (-1)
#define LINE_STRAY (-2)
static int look_line(const char *line, size_t n, const struct bg_credential *c)
{
    struct bg_ssh_blob blob;
    size_t from = strspn(line, " \t\r"), at;

    if (from >= n || line[from] == '#')
        return LINE_BLANK;
    at = key_of(line, n, &blob) ? bg_credential_ssh(c, &blob) : c->ssh_count;
    return at < c->ssh_count ? (int)at : LINE_STRAY;
}

/* Which keys have their line; with `tell`, a finding for each line that is no key of theirs. */
static enum bg_err look(const char *account, const struct bg_credential *c, bool tell,
                        bool seen[BG_SSH_KEYS_MAX])
{
    char path[PATH_MAX], *text = NULL;
    unsigned number = 1;
    enum bg_err r;

    path_of(account, path);
    r = sysfile_read(path, &text);
    for (const char *line = text; r == BG_OK && line != NULL && *line != '\0'; number++) {
        size_t n = strcspn(line, "\n");
        int at = look_line(line, n, c);
        if (at == LINE_STRAY && tell)
            ui_finding(BG_M_CMD_SSH_STRAY, BG_ARGS(path, BG_DIGITS(number), account));
        else if (at >= 0 && strncmp(line, OPTION " ", sizeof OPTION) == 0)
            seen[at] = true;
        line += n + (line[n] == '\n');
    }
    free(text);
    return r;
}

static void find_lost(const char *account, const char *label)
{
    char path[PATH_MAX];

    path_of(account, path);
    ui_finding(BG_M_CMD_SSH_LOST, BG_ARGS(account, label, path));
}

void sshfile_look(const char *account, const struct bg_credential *c)
{
    bool seen[BG_SSH_KEYS_MAX] = {false};

    if (look(account, c, true, seen) != BG_OK)
        return; /* that it cannot be read is a finding of its own */
    for (size_t i = 0; i < c->ssh_count; i++)
        if (!seen[i])
            find_lost(account, c->ssh[i].label);
}

bool sshfile_has(const char *account, const struct bg_credential *c, size_t at)
{
    bool seen[BG_SSH_KEYS_MAX] = {false};
    char path[PATH_MAX];
    enum bg_err r = look(account, c, false, seen);

    path_of(account, path);
    if (r != BG_OK)
        ui_finding(BG_M_CMD_SSH_UNREAD, BG_ARGS(path, bg_strerror(r)));
    else if (!seen[at])
        find_lost(account, c->ssh[at].label);
    return seen[at];
}
