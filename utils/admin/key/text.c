/* SPDX-License-Identifier: ISC */
/* breakglass key add --text, key test --text: keys that answer from far away, by the line that
 * breakglass-respond made */
#include "admin/custody/custody.h"
#include "admin/key/key.h"
#include "admin/key/ssh.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "admin/messages.h"
#include "admin/rotate/rotate.h"
#include "admin/rows.h"
#include "admin/ui.h"
#include "base/clock.h"
#include "base/host.h"
#include "key/client.h"
#include "key/messages.h"
#include "key/texttyper.h"

#define ROUNDS 60 /* lines of one answer */

/* --- the line --------------------------------------------------------------------------------- */

static bool read_file(const char *path, char line[BG_TEXTKEY_LINE])
{
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    bool good;

    if (f == NULL) {
        ui_finding(BG_M_CMD_FILE, BG_ARGS(path, strerror(errno)));
        return false;
    }
    do
        good = fgets(line, BG_TEXTKEY_LINE, f) != NULL;
    while (good && line[strspn(line, " \t\r\n")] == '\0');
    if (f != stdin)
        (void)fclose(f);
    if (!good)
        ui_finding(BG_M_CMD_TEXT_LINE, BG_ARGS(path));
    return good;
}

const char *key_fault_words(enum bg_fido_fault fault)
{
    return fault == BG_FF_USER       ? "it was signed without PIN or fingerprint"
           : fault == BG_FF_PRESENCE ? "it was signed without a touch"
                                     : "its signature does not fit";
}

/* Read and verified: it is what its key has signed, touched by a person whom the key knew. */
static bool read_key(const char *path, struct bg_textkey *out, uint32_t *counter)
{
    char line[BG_TEXTKEY_LINE];
    enum bg_fido_fault fault = BG_FF_SIGNATURE;
    struct bg_fido_said said;

    if (!read_file(path, line))
        return false;
    if (bg_textkey_read(line, out) != BG_OK) {
        ui_finding(BG_M_CMD_TEXT_LINE, BG_ARGS(path));
        return false;
    }
    if (bg_textkey_verify(out, &said, &fault) != BG_OK) {
        ui_finding(BG_M_CMD_TEXT_PROOF, BG_ARGS(key_fault_words(fault)));
        return false;
    }
    *counter = said.counter;
    return true;
}

/* --- a challenge ------------------------------------------------------------------------------ */

static void show(const struct bg_challenge *c)
{
    char text[BG_CHALLENGE_TEXT];

    bg_challenge_text(c, text);
    ui_text("Give this challenge to \"breakglass-respond %s\", where the key is:\n\n%s\n\n", c->host, text);
}

/* One answer, typed or pasted. False: left out. */
static bool read_answer(struct bg_texttyper *t)
{
    struct bg_texttyper_reply reply = {.done = false};
    char prompt[40], line[512];

    for (int i = 0; i < ROUNDS && !reply.done; i++) {
        bg_texttyper_prompt(t, prompt, sizeof prompt);
        if (!ui_ask_line(prompt, line, sizeof line) || (line[0] == '\0' && t->have == 0 && !t->offers))
            return false;
        bg_texttyper_feed(t, line, strlen(line), &reply);
        if (reply.msg != NULL)
            ui_note(reply.msg, BG_ARGS(reply.arg[0], reply.arg[1], reply.arg[2], reply.arg[3]));
    }
    return reply.done;
}

static bool prepare(const char *account, struct bg_challenge *c, struct bg_texttyper *t,
                    uint8_t hash[BG_FIDO_HASH])
{
    uint8_t nonce[BG_FIDO_HASH];
    char host[BG_CHALLENGE_HOST];

    bg_host_name(host, sizeof host);
    return bg_fido_challenge(nonce) == BG_OK &&
           bg_challenge_make(c, host, account, "test", bg_wall_ms(), nonce) == BG_OK &&
           bg_challenge_hash(c, hash) == BG_OK && bg_texttyper_answer(t, c) == BG_OK;
}

enum tried {
    TRIED_RIGHT = 1,
    TRIED_LEFT_OUT,
    TRIED_WRONG /* the finding was shown */
};

/* Show a challenge, and see which of n keys answers it. */
static enum tried try_keys(const char *account, const struct bg_key *keys, size_t n, size_t *which,
                           struct bg_fido_said *said)
{
    enum bg_fido_fault fault;
    uint8_t hash[BG_FIDO_HASH];
    struct bg_challenge c;
    struct bg_response a;
    struct bg_texttyper t;

    if (!prepare(account, &c, &t, hash)) {
        ui_finding(BG_M_CMD_KEY_FAILED, BG_ARGS("no challenge could be made"));
        return TRIED_WRONG;
    }
    show(&c);
    if (!read_answer(&t))
        return TRIED_LEFT_OUT;
    bg_response_read((const uint8_t(*)[BG_ROW])t.row, &a);
    for (*which = 0; *which < n; (*which)++)
        if (keys[*which].use == BG_USE_TEXT &&
            bg_response_verify(&a, &keys[*which].pub, hash, said, &fault) == BG_OK)
            return TRIED_RIGHT;
    ui_finding(BG_M_TEXT_REFUSED, BG_ARGS(account));
    return TRIED_WRONG;
}

bool key_is_built(const char *command)
{
    if (!BG_WITH_FIDO)
        ui_finding(BG_M_CMD_NO_KEYS, BG_ARGS(command));
    return BG_WITH_FIDO;
}

/* --- the commands ----------------------------------------------------------------------------- */

/* Hosts of one name cannot be told from each other. */
static void look_at_name(void)
{
    char host[BG_CHALLENGE_HOST];

    bg_host_name(host, sizeof host);
    if (strncmp(host, "localhost", 9) == 0)
        ui_note(BG_M_TEXT_HOST, BG_ARGS(host));
}

static void fill(struct bg_key *k, const struct bg_textkey *from, const char *label)
{
    struct bg_identity host;

    (void)snprintf(k->label, sizeof k->label, "%s", label != NULL ? label : from->name);
    k->pub = from->pub;
    k->id = from->id;
    (void)snprintf(k->rp, sizeof k->rp, "%s", BG_TEXT_RP);
    memcpy(k->aaguid, from->aaguid, sizeof k->aaguid);
    k->firmware = from->firmware;
    k->uv = BG_UV_REQUIRED;
    k->use = BG_USE_TEXT;
    (void)bg_time_rfc3339(k->created);
    bg_identity_read(&host);
    if (bg_identity_print(&host, k->host) != BG_OK)
        k->host[0] = '\0';
}

static bool has_room(const char *account, const struct bg_credential *c, const struct bg_key *k)
{
    if (c->key_count == BG_KEYS_MAX) {
        ui_finding(BG_M_CMD_KEY_MANY, BG_ARGS(account, BG_DIGITS(BG_KEYS_MAX)));
        return false;
    }
    if (key_find(c, k->label) < c->key_count || ssh_find(c, k->label) < c->ssh_count) {
        ui_finding(BG_M_CMD_KEY_EXISTS, BG_ARGS(account, k->label));
        return false;
    }
    for (size_t i = 0; i < c->key_count; i++)
        if (c->key[i].id.len == k->id.len && memcmp(c->key[i].id.bytes, k->id.bytes, k->id.len) == 0) {
            ui_finding(BG_M_CMD_KEY_EXISTS, BG_ARGS(account, c->key[i].label));
            return false;
        }
    return true;
}

/* Another account of this host may have seen the key since the line was made. */
static void keep_counter(const struct bg_key *k, uint32_t now)
{
    enum bg_key_step step;
    uint32_t before;

    if (now > bg_key_counter_read(BG_KEY_COUNTERS, &k->id))
        (void)!bg_key_counter(BG_KEY_COUNTERS, &k->id, now, &step, &before);
}

/* Only somebody at a terminal can have a challenge answered; who does not is told. */
static enum admin_exit try_now(const char *account, const struct bg_key *k, uint32_t *counter)
{
    struct bg_fido_said said = {0};
    size_t which;
    enum tried tried = TRIED_LEFT_OUT;

    if (ui_interactive() && !ui_is_yes()) {
        ui_text("To try it now, have it answer a challenge; Enter leaves that out.\n");
        tried = try_keys(account, k, 1, &which, &said);
    }
    if (tried == TRIED_WRONG)
        return ADMIN_FINDING;
    if (tried == TRIED_RIGHT)
        *counter = said.counter;
    else
        ui_text("Not tried: \"breakglass key test %s --text\" does that.\n", account);
    return ADMIN_GOOD;
}

static enum admin_exit save(const char *account, struct bg_credential *c, const struct bg_key *k,
                            uint32_t counter)
{
    char message[96];
    enum admin_exit x;

    if (!key_was_added(bg_credential_add(c, k)))
        return ADMIN_CANNOT;
    (void)snprintf(message, sizeof message, "key \"%s\" enrolled for text challenges", k->label);
    if ((x = rows_credential_record(account, c, BG_EV_CREDENTIAL_ENROLLED, message,
                                    "a key for text challenges could not be enrolled")) != ADMIN_GOOD)
        return x;
    keep_counter(k, counter);
    ui_text("Enrolled: key %s of %s, for text challenges.\n", k->label, account);
    look_at_name();
    return ADMIN_GOOD;
}

enum admin_exit key_add_text(const char *account, const char *path, const char *label, const char *custodian,
                             struct bg_credential *c, json_t *root)
{
    struct bg_textkey line;
    struct bg_key k = {0};
    uint32_t counter = 0;
    char question[160];
    enum admin_exit x;

    if (!read_key(path, &line, &counter))
        return ADMIN_FINDING;
    fill(&k, &line, label);
    (void)snprintf(k.custodian, sizeof k.custodian, "%s", custodian != NULL ? custodian : "");
    if (!has_room(account, c, &k) || !custody_allows_key(account, c, &k))
        return ADMIN_FINDING;
    (void)snprintf(question, sizeof question, "Let the key \"%s\" open %s from far away, by text challenges?",
                   k.label, account);
    if ((x = ui_confirm(question)) != ADMIN_GOOD || (x = try_now(account, &k, &counter)) != ADMIN_GOOD ||
        (x = save(account, c, &k, counter)) != ADMIN_GOOD)
        return x;
    (void)json_object_set_new(root, "key", key_json(account, &k, counter));
    return ADMIN_GOOD;
}

enum admin_exit key_test_text(const char *account, const struct bg_credential *c, json_t *root)
{
    struct bg_fido_said said = {0};
    const struct bg_key *k;
    size_t which = 0;

    switch (try_keys(account, c->key, c->key_count, &which, &said)) {
    case TRIED_RIGHT:
        break;
    case TRIED_LEFT_OUT:
        ui_finding(BG_M_CMD_KEY_FAILED, BG_ARGS("no answer was given"));
        return ADMIN_FINDING;
    default:
        return ADMIN_FINDING;
    }
    k = &c->key[which];
    if (k->suspended) {
        ui_finding(BG_M_KEY_SUSPENDED, BG_ARGS(k->label));
        return ADMIN_FINDING;
    }
    if (!keytalk_counter_grows(account, k, said.counter))
        return ADMIN_FINDING;
    ui_text("Key %s of %s is right, its counter is %u.\n", k->label, account, said.counter);
    key_tested(account, k->label);
    (void)json_object_set_new(root, "key", key_json(account, k, said.counter));
    return rotate_key_proven(account, "key", k->label) ? ADMIN_GOOD : ADMIN_FINDING;
}
