/* SPDX-License-Identifier: ISC */
/* breakglass key add */
#include "admin/key/key.h"
#include "admin/key/ssh.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/hash.h"
#include "base/identity.h"
#include "base/secret.h"
#include "admin/admin.h"
#include "admin/custody/custody.h"
#include "admin/rows.h"
#include "admin/ui.h"
#include "key/messages.h"
#include "admin/messages.h"

#define FRAME 512 /* bytes of a request beside its list of ids */

static struct {
    const char *label, *custodian, *ca, *ssh, *text;
    enum bg_key_uv uv;
    const char *type; /* NULL: the best that the key knows */
    bool discoverable, set_pin;
    uint32_t protect;
} wish = {.uv = BG_UV_PREFERRED};

static struct keytalk talk = {.lock = -1};

static bool parse_label(const char *value)
{
    wish.label = value;
    return bg_key_label_valid(value);
}

static bool parse_device(const char *value)
{
    talk.device = value;
    return value[0] == '/' && strlen(value) < BG_FIDO_PATH;
}

static bool parse_uv(const char *value)
{
    return bg_key_uv_parse(value, &wish.uv);
}

static bool parse_type(const char *value)
{
    wish.type = value;
    return strcmp(value, "eddsa") == 0 || strcmp(value, "es256") == 0;
}

static bool parse_custodian(const char *value)
{
    wish.custodian = value;
    return strlen(value) < BG_CUSTODIAN_MAX && bg_share_text_valid(value);
}

const struct command_option key_add_options[] = {
    {"label", "LABEL", "name of the key: a-z, 0-9, - [key1, key2 ...]", .parse = parse_label,
     .expected = "1 to 31 of a-z, 0-9 and -"},
    {"custodian", "NAME", "who keeps it [not told]", .parse = parse_custodian,
     .expected = "at most 63 bytes of visible text without , : \" and \\"},
    {"device", "PATH", "its device node [what is plugged in]", .parse = parse_device,
     .expected = "a path that begins with /"},
    {"uv", "HOW", "PIN or finger: required, preferred or no [preferred]", .parse = parse_uv,
     .expected = "required, preferred or no"},
    {"type", "KIND", "signature: es256 or eddsa [es256 if the key knows it]", .parse = parse_type,
     .expected = "es256 or eddsa"},
    {"discoverable", .help = "keep the credential on the key; it takes room there",
     .flag = &wish.discoverable},
    {"cred-protect", "LEVEL", "2: hidden without its id, 3: without the PIN", .number = &wish.protect,
     .min = 1, .max = 3},
    {"attestation-ca", "PEM", "demand a model that this file vouches for", .text = &wish.ca},
    {"set-pin", .help = "set a PIN on a key that has none", .flag = &wish.set_pin},
    {"pin-stdin", .help = "read the key's PIN from standard input", .flag = &talk.pin_stdin},
    {"text", "FILE", "enrol a key for text, by its line of breakglass-respond", .text = &wish.text},
    {"ssh", "FILE", "enrol the public key in FILE, which sshd verifies", .text = &wish.ssh},
    {0},
};

static bool choose_label(const struct bg_credential *c, char out[BG_KEY_LABEL])
{
    if (wish.label != NULL) {
        (void)snprintf(out, BG_KEY_LABEL, "%s", wish.label);
        if (key_find(c, out) == c->key_count && ssh_find(c, out) == c->ssh_count)
            return true;
        ui_finding(BG_M_CMD_KEY_EXISTS, BG_ARGS(talk.account, out));
        return false;
    }
    for (unsigned i = 1; i <= BG_KEYS_MAX + BG_SSH_KEYS_MAX + 1; i++) {
        (void)snprintf(out, BG_KEY_LABEL, "key%u", i);
        if (key_find(c, out) == c->key_count && ssh_find(c, out) == c->ssh_count)
            break;
    }
    return true;
}

/* RS256 only if the key knows nothing else. */
static bool choose_type(const struct bg_fido_info *info, enum bg_fido_type *type)
{
    bool eddsa = wish.type != NULL ? wish.type[0] == 'e' && wish.type[1] == 'd' : !info->es256;

    *type = eddsa ? BG_FIDO_EDDSA : BG_FIDO_ES256;
    if (wish.type == NULL && !info->es256 && !info->eddsa && info->rs256)
        *type = BG_FIDO_RS256;
    return *type == BG_FIDO_RS256 || (eddsa ? info->eddsa : info->es256);
}

/*
 * The relying party is this credentials file, by a random name that is kept in it: the same for all keys of
 * the account, so that a key can tell that it is enrolled already. The user handle only keeps two credentials
 * of one key apart.
 */
static enum bg_err identify(struct bg_fido_make *m, const struct bg_credential *c, const char *account)
{
    uint8_t random[16];
    char hex[2 * sizeof random + 1];
    enum bg_err r;

    if ((r = bg_random(random, sizeof random)) != BG_OK)
        return r;
    bg_hex(hex, random, sizeof random);
    (void)snprintf(m->rp, sizeof m->rp, "breakglass.%s", hex);
    for (size_t i = c->key_count; i-- > 0;)
        if (c->key[i].use == BG_USE_CONSOLE)
            (void)snprintf(m->rp, sizeof m->rp, "%s", c->key[i].rp);
    (void)snprintf(m->name, sizeof m->name, "%.63s", account);
    if ((r = bg_random(m->user, sizeof m->user)) != BG_OK)
        return r;
    return bg_fido_challenge(m->hash);
}

/* As many as the key takes at once; those that it was asked for already need not be named again. */
static void exclude(struct bg_fido_make *m, const struct bg_credential *c, const struct bg_fido_info *info)
{
    size_t bytes = 0, room = info->max_msg > FRAME ? info->max_msg - FRAME : FRAME;

    for (size_t i = 0; i < c->key_count && m->n < info->max_list; i++) {
        const struct bg_key *k = &c->key[i];
        if (k->use != BG_USE_CONSOLE || (info->max_id > 0 && k->id.len > info->max_id) ||
            bytes + k->id.len > room)
            continue;
        bytes += k->id.len;
        m->id[m->n++] = k->id;
    }
}

/* Does it hold a credential of the account already? However many there are, it is asked for each. */
static enum bg_err look_for_old(const struct bg_credential *c, enum bg_fido_code *code)
{
    bool holds = false;
    enum bg_err r = bg_key_holds(&talk.s, c->key, c->key_count, &holds);

    if (holds)
        *code = BG_FC_EXCLUDED;
    return r;
}

static enum bg_err run_make(const struct bg_credential *c, struct bg_key *k, uint8_t hash[BG_FIDO_HASH],
                            struct bg_fido_result *result)
{
    struct bg_fido_packet m = {.kind = BG_F_MAKE};
    enum bg_err r;

    m.u.make.type = k->pub.type;
    m.u.make.verify = bg_key_verifies(wish.uv, &talk.s.info);
    m.u.make.discoverable = wish.discoverable;
    m.u.make.protect = (uint8_t)wish.protect;
    m.u.make.wait_ms = KEYTALK_TOUCH_MS;
    (void)snprintf(m.u.make.pin, sizeof m.u.make.pin, "%s", talk.use_pin ? talk.pin : "");
    exclude(&m.u.make, c, &talk.s.info);
    if ((r = identify(&m.u.make, c, talk.account)) == BG_OK) {
        (void)snprintf(k->rp, sizeof k->rp, "%s", m.u.make.rp);
        memcpy(hash, m.u.make.hash, BG_FIDO_HASH);
        r = bg_fido_run(&talk.s.f, &m, keytalk_touch, &talk, result);
    }
    bg_wipe(&m, sizeof m);
    return r;
}

static enum bg_err read_made(struct bg_key *k, struct bg_fido_result *result)
{
    struct bg_fido_made made;
    enum bg_err r = bg_fido_read_made(k->rp, result->authdata, result->authdata_len, &made);

    if (r == BG_E_SYNTAX || (r == BG_OK && made.pub.type != k->pub.type)) {
        result->code = BG_FC_GARBAGE;
        return BG_OK;
    }
    if (r != BG_OK)
        return r;
    k->pub = made.pub;
    k->id = made.id;
    memcpy(k->aaguid, made.aaguid, sizeof k->aaguid);
    return BG_OK;
}

/* False: the finding was shown. The new credential is not proved yet. */
static bool make(const struct bg_credential *c, struct bg_key *k)
{
    struct bg_fido_result result = {.code = BG_FC_OTHER};
    uint8_t hash[BG_FIDO_HASH];
    enum bg_err r;

    do {
        result.code = BG_FC_OTHER;
        if ((r = look_for_old(c, &result.code)) == BG_OK && result.code != BG_FC_EXCLUDED)
            r = run_make(c, k, hash, &result);
    } while (r == BG_OK && result.code != BG_FC_OK && keytalk_again(&talk, result.code));
    if (r == BG_OK && result.code == BG_FC_OK)
        r = read_made(k, &result);
    if (r == BG_OK && result.code == BG_FC_PIN_AUTH_BLOCKED)
        bg_key_pause(talk.s.path);
    if (r != BG_OK || result.code != BG_FC_OK) {
        keytalk_failed(result.code, r);
        return false;
    }
    return key_attest(k, &result, hash, wish.ca);
}

static void describe(struct bg_key *k)
{
    static const char words[][12] = {"usb", "nfc", "ble", "internal", "hybrid", "smart-card"};
    struct bg_identity host;
    size_t n = 0;

    k->uv = wish.uv;
    k->probe = true;
    k->firmware = talk.s.info.firmware;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if ((talk.s.info.transports >> i & 1) != 0)
            n += (size_t)snprintf(k->transports + n, sizeof k->transports - n, "%s%s", n > 0 ? " " : "",
                                  words[i]);
    (void)bg_time_rfc3339(k->created);
    bg_identity_read(&host);
    if (bg_identity_print(&host, k->host) != BG_OK)
        k->host[0] = '\0';
}

/* Keys that can do less than is asked, with advice that can work. False: the finding was shown. */
static bool able(struct bg_key *k)
{
    const struct bg_fido_info *info = &talk.s.info;

    if (!info->fido2 && (wish.uv == BG_UV_REQUIRED || wish.set_pin || wish.discoverable || wish.protect > 0 ||
                         (wish.type != NULL && strcmp(wish.type, "es256") != 0))) {
        ui_finding(BG_M_CMD_KEY_U2F, BG_NOARGS);
        return false;
    }
    if (!choose_type(info, &k->pub.type) || (wish.discoverable && !info->discoverable) ||
        (wish.protect > 0 && !info->protects)) {
        keytalk_failed(BG_FC_UNSUPPORTED, BG_OK);
        return false;
    }
    if (wish.uv == BG_UV_REQUIRED && !info->pin_set && !info->uv_ready) {
        keytalk_failed(BG_FC_PIN_NOT_SET, BG_OK);
        return false;
    }
    return true;
}

/* A key without a PIN opens by a touch: who sits there may set one now. */
static bool wants_new_pin(void)
{
    static const char *const words[] = {"yes", "no", NULL};
    const struct bg_fido_info *info = &talk.s.info;

    if (!info->fido2 || info->pin_set || !info->pin_able)
        return false;
    if (wish.set_pin || wish.uv == BG_UV_NO || info->uv_ready || talk.pin_stdin || ui_is_yes() ||
        !ui_interactive())
        return wish.set_pin;
    return ui_choose("This key has no PIN: whoever holds it is in. Set one now? (yes or no)", words) == 0;
}

/* A key that has a PIN makes no credential without it (CTAP 2.0), whatever its later use requires. */
static bool verify(void)
{
    if (wants_new_pin())
        return keytalk_new_pin(&talk);
    return keytalk_verify(&talk, true);
}

/* It signs once, and is asked whether it tells without a touch what it holds. */
static bool prove(struct bg_key *k)
{
    struct bg_fido_said said;
    enum bg_err r;

    talk.w.keys = k;
    talk.w.n = 1;
    bg_key_only(&talk.s, 0);
    talk.use_pin = talk.use_pin && bg_key_verifies(wish.uv, &talk.s.info);
    talk.touch = " again (2 of 2: it proves that it works)";
    if (!keytalk_prove(&talk, &said))
        return false;
    key_decide_uv(k, &said);
    if ((r = bg_key_holds(&talk.s, k, 1, &k->probe)) != BG_OK)
        keytalk_failed(BG_FC_OTHER, r);
    return r == BG_OK;
}

static enum admin_exit save(struct bg_credential *c, const struct bg_key *k)
{
    char message[96];
    enum admin_exit x;

    if (!key_was_added(bg_credential_add(c, k)))
        return ADMIN_CANNOT;
    (void)snprintf(message, sizeof message, "key \"%s\" enrolled, %s", k->label, key_uv_words(k->uv));
    if ((x = rows_credential_record(talk.account, c, BG_EV_CREDENTIAL_ENROLLED, message,
                                    "a key could not be enrolled")) != ADMIN_GOOD)
        return x;
    ui_text("Enrolled: key %s of %s, %s.\n", k->label, talk.account, key_uv_words(k->uv));
    key_warn_of_touch_only(talk.account, k);
    return ADMIN_GOOD;
}

static enum admin_exit add_one(struct bg_credential *c, struct bg_key *k)
{
    bool good;

    if (c->key_count == BG_KEYS_MAX) {
        ui_finding(BG_M_CMD_KEY_MANY, BG_ARGS(talk.account, BG_DIGITS(BG_KEYS_MAX)));
        return ADMIN_FINDING;
    }
    (void)snprintf(k->custodian, sizeof k->custodian, "%s", wish.custodian != NULL ? wish.custodian : "");
    if (!choose_label(c, k->label) || !custody_allows_key(talk.account, c, k))
        return ADMIN_FINDING;
    talk.touch = " (1 of 2: it makes the credential)";
    good = keytalk_open(&talk) && verify() && able(k);
    if (good) {
        describe(k);
        good = make(c, k) && prove(k);
    }
    keytalk_close(&talk);
    return good ? save(c, k) : ADMIN_FINDING;
}

/* Is no option given that is about the key that is plugged in? */
static bool plain(void)
{
    return talk.device == NULL && !talk.pin_stdin && wish.uv == BG_UV_PREFERRED && wish.type == NULL &&
           wish.ca == NULL && !wish.discoverable && !wish.set_pin && wish.protect == 0;
}

static enum admin_exit add_text(struct bg_credential *c, json_t *root)
{
    if (plain())
        return key_add_text(talk.account, wish.text, wish.label, wish.custodian, c, root);
    ui_finding(BG_M_CMD_TEXT_WITH, BG_NOARGS);
    return ADMIN_USAGE;
}

static enum admin_exit add_ssh(json_t *root)
{
    if (plain() && wish.text == NULL)
        return ssh_add(talk.account, wish.label, wish.custodian, wish.ssh, root);
    ui_finding(BG_M_CMD_SSH_WITH, BG_NOARGS);
    return ADMIN_USAGE;
}

enum admin_exit key_add(char *const words[], json_t *root)
{
    static struct bg_credential c;
    struct bg_key k = {0};
    enum admin_exit x;

    talk.account = words[0];
    if (wish.ssh != NULL)
        return add_ssh(root);
    if (wish.text == NULL && !key_is_built("key add"))
        return ADMIN_CANNOT;
    if (!rows_credential(talk.account, false, &c))
        return ADMIN_CANNOT;
    if (wish.text != NULL)
        return add_text(&c, root);
    if ((x = ui_confirm("Make a credential on the key that is plugged in?")) == ADMIN_GOOD &&
        (x = add_one(&c, &k)) == ADMIN_GOOD)
        (void)json_object_set_new(root, "key",
                                  key_json(talk.account, &k, bg_key_counter_read(BG_KEY_COUNTERS, &k.id)));
    return x;
}
