/* SPDX-License-Identifier: ISC */
/* breakglass key test --ssh: a key that sshd verifies signs a challenge far away, by ssh-keygen. No login, so
 * no use of the account. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "admin/key/key.h"
#include "admin/key/ssh.h"
#include "admin/messages.h"
#include "admin/rotate/rotate.h"
#include "admin/ui.h"
#include "base/clock.h"
#include "base/host.h"
#include "base/terminal.h"
#include "key/challenge.h"
#include "key/client.h"
#include "key/messages.h"
#include "key/sshsig.h"

#define SPACE "breakglass"
#define LINES 60 /* of one answer */

static bool make_challenge(const char *account, char out[BG_CHALLENGE_TEXT])
{
    uint8_t nonce[BG_FIDO_HASH];
    char host[BG_CHALLENGE_HOST];
    struct bg_challenge c;

    bg_host_name(host, sizeof host);
    if (bg_fido_challenge(nonce) != BG_OK ||
        bg_challenge_make(&c, host, account, "test-of-ssh-key", bg_wall_ms(), nonce) != BG_OK) {
        ui_finding(BG_M_CMD_KEY_FAILED, BG_ARGS("no challenge could be made"));
        return false;
    }
    bg_challenge_text(&c, out);
    return true;
}

static bool refuse(const char *why)
{
    ui_finding(BG_M_CMD_SSH_ANSWER, BG_ARGS(why));
    return false;
}

/* The rest of a paste must not become commands of the shell behind us. */
static bool refuse_paste(const char *why)
{
    bg_terminal_settle(STDIN_FILENO);
    return refuse(why);
}

/* What stands between its first line and its last. Two empty lines in front leave it out. */
static bool read_answer(char out[BG_SSHSIG_TEXT])
{
    char line[512];
    bool begun = false;
    size_t n = 0, len, empty = 0;

    for (int i = 0; i < LINES && empty < 2 && ui_ask_line("", line, sizeof line); i++) {
        len = strlen(line);
        if (strcmp(line, BG_SSHSIG_BEGIN) == 0) {
            begun = true;
            n = 0;
            out[0] = '\0';
        } else if (!begun) {
            empty += len == 0;
        } else if (strcmp(line, BG_SSHSIG_END) == 0) {
            return true;
        } else if (n + len >= BG_SSHSIG_TEXT) {
            return refuse_paste("it is too long");
        } else {
            memcpy(out + n, line, len + 1);
            n += len;
        }
    }
    return refuse_paste(begun ? "its last line is missing" : "none was given");
}

/* Which of the account's keys has signed the challenge; ssh_count: none, and the finding was shown. */
static size_t who_signed(const char *account, const struct bg_credential *c, struct bg_fido_said *said)
{
    char challenge[BG_CHALLENGE_TEXT], message[BG_CHALLENGE_TEXT + 1], text[BG_SSHSIG_TEXT], print[SSH_PRINT];
    enum bg_fido_fault fault;
    struct bg_ssh_blob by;
    size_t at = c->ssh_count;
    enum bg_err r;

    if (!make_challenge(account, challenge))
        return at;
    ui_text("Where the key is, run this, and copy the lines that it prints to here:\n\n"
            "echo %s | ssh-keygen -Y sign -n " SPACE " -f ~/.ssh/id_ed25519_sk\n\n",
            challenge);
    if (!read_answer(text))
        return at;
    (void)snprintf(message, sizeof message, "%s\n", challenge);
    r = bg_sshsig_verify(text, SPACE, message, &by, said, &fault);
    if (r == BG_OK && (at = bg_credential_ssh(c, &by)) == c->ssh_count)
        ui_finding(BG_M_CMD_SSH_OTHER, BG_ARGS(account, ssh_print(&by, print)));
    else if (r == BG_E_MISMATCH)
        (void)refuse(key_fault_words(fault));
    else if (r != BG_OK)
        (void)refuse(r == BG_E_SYNTAX ? "it is none of a FIDO2 key" : bg_strerror(r));
    return at;
}

enum admin_exit ssh_test(const char *account, const struct bg_credential *c, json_t *root)
{
    struct bg_fido_said said = {0};
    const struct bg_ssh_key *k;
    size_t at;

    if (c->ssh_count == 0) {
        ui_finding(BG_M_CMD_SSH_NONE, BG_ARGS(account));
        return ADMIN_FINDING;
    }
    if ((at = who_signed(account, c, &said)) == c->ssh_count)
        return ADMIN_FINDING;
    k = &c->ssh[at];
    if (k->suspended) {
        ui_finding(BG_M_KEY_SUSPENDED, BG_ARGS(k->label));
        return ADMIN_FINDING;
    }
    if (!sshfile_has(account, c, at))
        return ADMIN_FINDING;
    ui_text("Key %s of %s is right, its counter is %u.\n", k->label, account, said.counter);
    key_tested(account, k->label);
    (void)json_object_set_new(root, "key", ssh_json(account, k));
    return rotate_key_proven(account, "ssh-key", k->label) ? ADMIN_GOOD : ADMIN_FINDING;
}
