/* SPDX-License-Identifier: ISC */
/* breakglass key test */
#include <stdio.h>
#include <string.h>
#include "admin/admin.h"
#include "admin/key/key.h"
#include "admin/key/ssh.h"
#include "admin/messages.h"
#include "admin/rotate/rotate.h"
#include "admin/rows.h"
#include "admin/ui.h"
#include "key/messages.h"
#include "record/dates.h"

static struct keytalk talk = {.lock = -1, .touch = ""};
static bool by_text, by_ssh;

static bool parse_device(const char *value)
{
    talk.device = value;
    return value[0] == '/' && strlen(value) < BG_FIDO_PATH;
}

const struct command_option key_test_options[] = {
    {"device", "PATH", "its device node [what is plugged in]", .parse = parse_device,
     .expected = "a path that begins with /"},
    {"pin-stdin", .help = "read the key's PIN from standard input", .flag = &talk.pin_stdin},
    {"text", .help = "show a text challenge, and take the answer of a key far away", .flag = &by_text},
    {"ssh", .help = "show a challenge that ssh-keygen signs with an ssh key far away", .flag = &by_ssh},
    {0},
};

/* A key of an older version's file: the signature that was just verified decides. False: it was not saved. */
static bool decide_old(struct bg_credential *c, struct bg_key *k, const struct bg_fido_said *said)
{
    char message[96];

    if (k->uv != BG_UV_PREFERRED)
        return true;
    key_decide_uv(k, said);
    (void)snprintf(message, sizeof message, "key \"%s\" decided, %s", k->label, key_uv_words(k->uv));
    if (rows_credential_record(talk.account, c, BG_EV_CONFIG_CHANGED, message,
                               "what the key was decided to be could not be saved") != ADMIN_GOOD)
        return false;
    ui_text("Decided from now on: key %s of %s, %s.\n", k->label, talk.account, key_uv_words(k->uv));
    key_warn_of_touch_only(talk.account, k);
    return true;
}

void key_tested(const char *account, const char *label)
{
    char item[BG_DATE_ITEM];

    (void)snprintf(item, sizeof item, "key-test %s %s", account, label);
    bg_dates_done(NULL, NULL, item);
}

static bool test_key(struct bg_credential *c, json_t *root)
{
    struct bg_fido_said said;
    struct bg_key *k;
    bool good;

    if (!keytalk_prove(&talk, &said))
        return false;
    k = &c->key[talk.s.which];
    ui_text("Key %s of %s is right, its counter is %u.\n", k->label, talk.account, said.counter);
    key_tested(talk.account, k->label);
    good = decide_old(c, k, &said) && rotate_key_proven(talk.account, "key", k->label);
    (void)json_object_set_new(root, "key", key_json(talk.account, k, said.counter));
    return good;
}

/* Is the key that was found one to be asked at all, and how? */
static bool ready(void)
{
    const struct bg_key *k = &talk.w.keys[talk.s.which];

    if (k->suspended) {
        ui_finding(BG_M_KEY_SUSPENDED, BG_ARGS(k->label));
        return false;
    }
    return keytalk_verify(&talk, bg_key_verifies(bg_key_uv_now(BG_KEY_COUNTERS, k), &talk.s.info));
}

enum admin_exit key_test(char *const words[], json_t *root)
{
    static struct bg_credential c;
    bool good;

    talk.account = words[0];
    if (!rows_credential(talk.account, false, &c))
        return ADMIN_CANNOT;
    if (by_ssh + by_text + (talk.device != NULL || talk.pin_stdin) > 1) {
        ui_finding(BG_M_CMD_KEY_WAYS, BG_NOARGS);
        return ADMIN_USAGE;
    }
    if (by_ssh)
        return ssh_test(talk.account, &c, root);
    if (c.key_count == 0) {
        ui_finding(BG_M_CMD_KEY_NONE, BG_ARGS(talk.account));
        return ADMIN_FINDING;
    }
    if (by_text)
        return key_test_text(talk.account, &c, root);
    if (!key_is_built("key test"))
        return ADMIN_CANNOT;
    talk.w.keys = c.key;
    talk.w.n = c.key_count;
    good = keytalk_open(&talk) && ready() && test_key(&c, root);
    keytalk_close(&talk);
    return good ? ADMIN_GOOD : ADMIN_FINDING;
}
