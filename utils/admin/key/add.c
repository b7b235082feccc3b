/* SPDX-License-Identifier: ISC */
/* breakglass key add | test */
#include "admin/key/key.h"
#include "admin/key/ssh.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/hash.h"
#include "base/secret.h"
#include "programs.h"
#include "admin/admin.h"
#include "admin/rows.h"
#include "admin/ui.h"
#include "key/messages.h"
#include "admin/messages.h"
#include "base/identity.h"

static struct {
    const char *account, *device, *label, *ssh;
    enum bg_key_uv uv;
    enum bg_fido_type type;
    bool pin_stdin;
} wish = {.uv = BG_UV_PREFERRED, .type = BG_FIDO_ES256};

static bool parse_label(const char *value)
{
    wish.label = value;
    return bg_key_label_valid(value);
}

static bool parse_device(const char *value)
{
    wish.device = value;
    return value[0] == '/' && strlen(value) < BG_FIDO_PATH;
}

static bool parse_uv(const char *value)
{
    return bg_key_uv_parse(value, &wish.uv);
}

static bool parse_type(const char *value)
{
    wish.type = strcmp(value, "eddsa") == 0 ? BG_FIDO_EDDSA : BG_FIDO_ES256;
    return wish.type == BG_FIDO_EDDSA || strcmp(value, "es256") == 0;
}

#define OPTION_DEVICE                                                                                        \
    {                                                                                                        \
        .name = "device", .argument = "PATH", .help = "its device node [the only key that is plugged in]",   \
        .parse = parse_device, .expected = "a path that begins with /"                                       \
    }
#define OPTION_PIN                                                                                           \
    {                                                                                                        \
        .name = "pin-stdin", .help = "read the key's PIN from standard input", .flag = &wish.pin_stdin       \
    }

const struct command_option key_add_options[] = {
    {"label", "LABEL", "name of the key: a-z, 0-9, - [key1, key2 ...]", .parse = parse_label,
     .expected = "1 to 31 of a-z, 0-9 and -"},
    OPTION_DEVICE,
    {"uv", "HOW",
     "PIN or fingerprint at each use: required, no, or preferred, that is if the key has one [preferred]",
     .parse = parse_uv, .expected = "required, preferred or no"},
    {"type", "KIND", "kind of signature: es256 or eddsa [es256]", .parse = parse_type,
     .expected = "es256 or eddsa"},
    OPTION_PIN,
    {"ssh", "FILE", "enrol the public key in FILE instead, which sshd verifies", .text = &wish.ssh},
    {0},
};

const struct command_option key_test_options[] = {OPTION_DEVICE, OPTION_PIN, {0}};

/* Which node: the option, else what breakglass.conf says. */
static const char *device(void)
{
    static struct bg_policy policy;
    struct bg_faults bad;

    if (wish.device != NULL)
        return wish.device;
    (void)!bg_policy_load(BG_POLICY_PATH, &policy, &bad); /* status tells what is wrong with it */
    return policy.fido_device;
}

static bool choose_label(const struct bg_credential *c, char out[BG_KEY_LABEL])
{
    if (wish.label != NULL) {
        (void)snprintf(out, BG_KEY_LABEL, "%s", wish.label);
        if (key_find(c, out) == c->key_count && ssh_find(c, out) == c->ssh_count)
            return true;
        ui_finding(BG_M_CMD_KEY_EXISTS, BG_ARGS(wish.account, out));
        return false;
    }
    for (unsigned i = 1; i <= BG_KEYS_MAX + BG_SSH_KEYS_MAX + 1; i++) {
        (void)snprintf(out, BG_KEY_LABEL, "key%u", i);
        if (key_find(c, out) == c->key_count && ssh_find(c, out) == c->ssh_count)
            break;
    }
    return true;
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

/* BG_FC_OK or why not; the new credential is not proved yet. */
static bool make(struct bg_key_session *s, const struct bg_credential *c, const char *pin, struct bg_key *k)
{
    struct bg_fido_packet m = {.kind = BG_F_MAKE};
    struct bg_fido_result result = {.code = BG_FC_OTHER};
    struct bg_fido_made made;
    enum bg_err r;

    m.u.make.type = wish.type;
    m.u.make.verify = bg_key_verifies(wish.uv, &s->info);
    m.u.make.wait_ms = KEYTALK_TOUCH_MS;
    (void)snprintf(m.u.make.pin, sizeof m.u.make.pin, "%s", pin);
    for (size_t i = 0; i < c->key_count; i++)
        m.u.make.id[m.u.make.n++] = c->key[i].id;
    if ((r = identify(&m.u.make, c, wish.account)) == BG_OK) {
        (void)snprintf(k->rp, sizeof k->rp, "%s", m.u.make.rp);
        r = bg_fido_run(&s->f, &m, keytalk_touch, NULL, &result);
    }
    bg_wipe(&m, sizeof m);
    if (r == BG_OK && result.code == BG_FC_OK)
        r = bg_fido_read_made(k->rp, result.authdata, result.authdata_len, &made);
    if (r == BG_E_SYNTAX || (r == BG_OK && result.code == BG_FC_OK && made.pub.type != wish.type)) {
        r = BG_OK;
        result.code = BG_FC_GARBAGE;
    }
    if (r != BG_OK || result.code != BG_FC_OK) {
        keytalk_failed(result.code, r);
        return false;
    }
    k->pub = made.pub;
    k->id = made.id;
    memcpy(k->aaguid, made.aaguid, sizeof k->aaguid);
    return true;
}

/* What the key has signed decides whether its user is verified, and that is demanded ever after. */
static void decide_uv(struct bg_key *k, const struct bg_fido_said *said)
{
    k->uv = (said->flags & BG_FIDO_UV) != 0 ? BG_UV_REQUIRED : BG_UV_NO;
}

static void warn_of_touch_only(const struct bg_key *k)
{
    if (k->uv == BG_UV_NO)
        ui_alarm(BG_M_CMD_KEY_TOUCH_ONLY, BG_ARGS(k->label, wish.account));
}

/* A key that has a PIN makes no credential without it (CTAP 2.0), whatever its later use requires. */
static bool asks_pin(const struct bg_key_session *s)
{
    return s->info.pin_set && !s->info.uv_ready;
}

static bool enrol(struct bg_key_session *s, const struct bg_credential *c, struct bg_key *k, const char *pin)
{
    struct bg_identity host;
    struct bg_fido_said said;
    bool good;

    if (wish.uv == BG_UV_REQUIRED && !s->info.pin_set && !s->info.uv_ready) {
        keytalk_failed(BG_FC_PIN_NOT_SET, BG_OK);
        return false;
    }
    k->uv = wish.uv;
    k->probe = true;
    k->firmware = s->info.firmware;
    (void)bg_time_rfc3339(k->created);
    bg_identity_read(&host);
    if (bg_identity_print(&host, k->host) != BG_OK)
        k->host[0] = '\0';
    good = make(s, c, pin, k) &&
           keytalk_prove(wish.account, s, k, bg_key_needs_pin(wish.uv, &s->info) ? pin : "", &said);
    if (good)
        decide_uv(k, &said);
    return good;
}

/* The one key that is there, open. */
static bool open_single(const char *device, struct bg_key_session *s, int *lock)
{
    struct bg_key_nodes nodes;
    enum bg_fido_code code = BG_FC_OTHER;
    enum bg_err r;

    *lock = -1;
    if (!keytalk_nodes(device, &nodes, lock))
        return false;
    s->f.worker = PROGRAM_FIDO;
    s->f.watch = BG_WATCH_SIGNALS;
    if (nodes.n > 1) {
        ui_finding(BG_M_CMD_KEY_SEVERAL, BG_NOARGS);
    } else if ((r = bg_fido_start(&s->f, nodes.path[0], &s->info, &code)) != BG_OK || code != BG_FC_OK) {
        keytalk_failed(code, r);
    } else {
        return true;
    }
    (void)close(*lock);
    return false;
}

static void let_go(struct bg_key_session *s, int lock)
{
    bg_fido_stop(&s->f);
    (void)close(lock);
}

/* The key is not held while a PIN is typed: a login may need it. Afterwards it must be the same one. */
static bool open_with_pin(struct bg_key_session *s, int *lock, char pin[BG_FIDO_PIN])
{
    struct bg_fido_info was;

    if (!open_single(device(), s, lock))
        return false;
    if (!asks_pin(s))
        return true;
    was = s->info;
    let_go(s, *lock);
    if (!keytalk_pin(&was, wish.pin_stdin, pin) || !open_single(device(), s, lock))
        return false;
    if (keytalk_same(&was, &s->info))
        return true;
    let_go(s, *lock);
    keytalk_failed(BG_FC_GONE, BG_OK);
    return false;
}

static const char *uv_words(enum bg_key_uv uv)
{
    return uv == BG_UV_REQUIRED ? "PIN or fingerprint required" : "touch only";
}

static enum admin_exit save(struct bg_credential *c, const struct bg_key *k)
{
    char message[96];

    c->key[c->key_count++] = *k;
    if (!rows_credential_save(wish.account, c))
        return ADMIN_CANNOT;
    (void)snprintf(message, sizeof message, "key \"%s\" enrolled, %s", k->label, uv_words(k->uv));
    report_event(BG_EV_CREDENTIAL_ENROLLED, wish.account, message);
    ui_text("Enrolled: key %s of %s, %s.\n", k->label, wish.account, uv_words(k->uv));
    warn_of_touch_only(k);
    return ADMIN_GOOD;
}

static enum admin_exit add_one(struct bg_credential *c, struct bg_key *k)
{
    struct bg_key_session s;
    char pin[BG_FIDO_PIN] = "";
    int lock = -1;
    bool good = false;

    if (c->key_count == BG_KEYS_MAX) {
        ui_finding(BG_M_CMD_KEY_MANY, BG_ARGS(wish.account));
        return ADMIN_FINDING;
    }
    if (!choose_label(c, k->label))
        return ADMIN_FINDING;
    if (open_with_pin(&s, &lock, pin)) {
        good = enrol(&s, c, k, pin);
        let_go(&s, lock);
    }
    bg_wipe(pin, sizeof pin);
    return good ? save(c, k) : ADMIN_FINDING;
}

/* The other options are about the key that is plugged in. */
static enum admin_exit add_ssh(json_t *root)
{
    if (wish.device == NULL && !wish.pin_stdin && wish.uv == BG_UV_PREFERRED && wish.type == BG_FIDO_ES256)
        return ssh_add(wish.account, wish.label, wish.ssh, root);
    ui_finding(BG_M_CMD_SSH_WITH, BG_NOARGS);
    return ADMIN_USAGE;
}

enum admin_exit key_add(char *const words[], json_t *root)
{
    static struct bg_credential c;
    struct bg_key k = {0};
    enum admin_exit x;

    wish.account = words[0];
    if (wish.ssh != NULL)
        return add_ssh(root);
    if (!BG_WITH_FIDO) {
        ui_finding(BG_M_CMD_NO_KEYS, BG_ARGS("key add"));
        return ADMIN_CANNOT;
    }
    if (!rows_credential(wish.account, false, &c))
        return ADMIN_CANNOT;
    if ((x = ui_confirm("Make a credential on the key that is plugged in?")) == ADMIN_GOOD &&
        (x = add_one(&c, &k)) == ADMIN_GOOD)
        (void)json_object_set_new(root, "key",
                                  key_json(wish.account, &k, bg_key_counter_read(BG_KEY_COUNTERS, &k.id)));
    return x;
}

/* A key of an older version's file: the signature that was just verified decides. False: it was not saved. */
static bool decide_old(struct bg_credential *c, struct bg_key *k, const struct bg_fido_said *said)
{
    char message[96];

    if (k->uv != BG_UV_PREFERRED)
        return true;
    decide_uv(k, said);
    if (!rows_credential_save(wish.account, c))
        return false;
    (void)snprintf(message, sizeof message, "key \"%s\" decided, %s", k->label, uv_words(k->uv));
    report_event(BG_EV_CONFIG_CHANGED, wish.account, message);
    ui_text("Decided from now on: key %s of %s, %s.\n", k->label, wish.account, uv_words(k->uv));
    warn_of_touch_only(k);
    return true;
}

static bool test_key(struct bg_key_session *s, struct bg_credential *c, const char *pin, json_t *root)
{
    struct bg_key *k = &c->key[s->which];
    struct bg_fido_said said;
    bool good;

    if (k->suspended) {
        ui_finding(BG_M_KEY_SUSPENDED, BG_ARGS(k->label));
        return false;
    }
    if (!keytalk_prove(wish.account, s, k, pin, &said))
        return false;
    ui_text("Key %s of %s is right, its counter is %u.\n", k->label, wish.account, said.counter);
    good = decide_old(c, k, &said);
    (void)json_object_set_new(root, "key", key_json(wish.account, k, said.counter));
    return good;
}

/* A key of the account, open. */
static bool open_enrolled(const struct bg_credential *c, struct bg_key_session *s, int *lock)
{
    struct bg_key_nodes nodes;
    enum bg_fido_code code = BG_FC_OTHER;
    enum bg_err r;

    if (!keytalk_nodes(device(), &nodes, lock))
        return false;
    r = bg_key_find(&nodes, c->key, c->key_count, s, &code);
    if (r == BG_OK && code == BG_FC_OK)
        return true;
    (void)close(*lock);
    keytalk_failed(code, r);
    return false;
}

static bool open_enrolled_with_pin(const struct bg_credential *c, struct bg_key_session *s, int *lock,
                                   char pin[BG_FIDO_PIN])
{
    size_t was;

    if (!open_enrolled(c, s, lock))
        return false;
    was = s->which;
    if (!bg_key_needs_pin(bg_key_uv_now(BG_KEY_COUNTERS, &c->key[was]), &s->info))
        return true;
    let_go(s, *lock);
    if (!keytalk_pin(&s->info, wish.pin_stdin, pin) || !open_enrolled(c, s, lock))
        return false;
    if (s->which == was)
        return true;
    let_go(s, *lock);
    keytalk_failed(BG_FC_GONE, BG_OK);
    return false;
}

static enum admin_exit test_one(struct bg_credential *c, json_t *root)
{
    struct bg_key_session s = {.f = {.worker = PROGRAM_FIDO, .watch = BG_WATCH_SIGNALS}};
    char pin[BG_FIDO_PIN] = "";
    int lock = -1;
    bool good = false;

    if (open_enrolled_with_pin(c, &s, &lock, pin)) {
        good = test_key(&s, c, pin, root);
        let_go(&s, lock);
    }
    bg_wipe(pin, sizeof pin);
    return good ? ADMIN_GOOD : ADMIN_FINDING;
}

enum admin_exit key_test(char *const words[], json_t *root)
{
    static struct bg_credential c;

    wish.account = words[0];
    if (!rows_credential(wish.account, false, &c))
        return ADMIN_CANNOT;
    if (c.key_count == 0) {
        ui_finding(BG_M_CMD_KEY_NONE, BG_ARGS(wish.account));
        return ADMIN_FINDING;
    }
    return test_one(&c, root);
}
