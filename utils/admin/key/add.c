/* breakglass key add | test */
#include "admin/key/key.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/hash.h"
#include "base/secret.h"
#include "programs.h"
#include "admin/opts.h"
#include "admin/ui.h"
#include "admin/who.h"
#include "admin/messages.h"
#include "base/host.h"

#define TOUCH_MS 30000

static const char add_usage[] =
    "usage: breakglass key add ACCOUNT [OPTION...]\n"
    "\n"
    "Make a credential on the FIDO2 key that is plugged in, let it sign once, and save its public key. The "
    "key is\n"
    "touched twice.\n"
    "\n"
    "  --label L                 name of the key: a-z, 0-9, - [key1, key2 ...]\n"
    "  --device PATH             its device node [device of breakglass.conf, or the one that is plugged in]\n"
    "  --uv required|preferred|no\n"
    "                            PIN or fingerprint at each use [preferred]\n"
    "  --type es256|eddsa        kind of signature [es256]\n"
    "  --pin-stdin               read the key's PIN from standard input\n"
    "  --yes                     answer every question with yes\n"
    "  --json                    what was enrolled as one JSON object\n";

static const char test_usage[] =
    "usage: breakglass key test ACCOUNT [--device PATH] [--pin-stdin] [--json]\n";

enum {
    O_LABEL = 1000,
    O_DEVICE,
    O_UV,
    O_TYPE,
    O_PIN,
    O_YES,
    O_JSON
};

static const struct option add_options[] = {
    {"label", required_argument, NULL, O_LABEL},
    {"device", required_argument, NULL, O_DEVICE},
    {"uv", required_argument, NULL, O_UV},
    {"type", required_argument, NULL, O_TYPE},
    {"pin-stdin", no_argument, NULL, O_PIN},
    {"yes", no_argument, NULL, O_YES},
    {"json", no_argument, NULL, O_JSON},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};
static const struct option test_options[] = {
    {"device", required_argument, NULL, O_DEVICE},
    {"pin-stdin", no_argument, NULL, O_PIN},
    {"json", no_argument, NULL, O_JSON},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static enum admin_exit take_option(struct key_wish *w, int c, const char *value)
{
    switch (c) {
    case O_LABEL:
        if (!bg_key_label_valid(value))
            return (enum admin_exit)opts_bad_value(value, "--label", "1 to 31 of a-z, 0-9 and -");
        w->label = value;
        return ADMIN_GOOD;
    case O_DEVICE:
        if (value[0] != '/' || strlen(value) >= BG_FIDO_PATH)
            return (enum admin_exit)opts_bad_value(value, "--device", "a path that begins with /");
        w->device = value;
        return ADMIN_GOOD;
    case O_UV:
        if (!bg_key_uv_parse(value, &w->uv))
            return (enum admin_exit)opts_bad_value(value, "--uv", "required, preferred or no");
        return ADMIN_GOOD;
    case O_TYPE:
        w->type = strcmp(value, "es256") == 0 ? BG_FIDO_ES256 : BG_FIDO_EDDSA;
        if (w->type == BG_FIDO_EDDSA && strcmp(value, "eddsa") != 0)
            return (enum admin_exit)opts_bad_value(value, "--type", "es256 or eddsa");
        return ADMIN_GOOD;
    default:
        w->pin_stdin = w->pin_stdin || c == O_PIN;
        w->yes = w->yes || c == O_YES;
        w->json = w->json || c == O_JSON;
        return ADMIN_GOOD;
    }
}

static enum admin_exit read_wish(int argc, char **argv, const struct option *options, const char *command,
                                 const char *usage, struct key_wish *w, bool *done)
{
    static struct bg_policy policy;
    struct bg_ini_error bad;
    int c;

    *done = true;
    (void)!bg_policy_load(BG_POLICY_PATH, &policy, &bad); /* status tells what is wrong with it */
    *w = (struct key_wish){.device = policy.fido_device, .uv = BG_UV_PREFERRED, .type = BG_FIDO_ES256};
    while ((c = opts_next(argc, argv, options, command)) != -1) {
        if (c == OPT_HELP)
            return fputs(usage, stdout), ADMIN_GOOD;
        if (c == 0 || take_option(w, c, optarg) != ADMIN_GOOD)
            return ADMIN_USAGE;
    }
    if (argc - optind != 1)
        return ui_finding(BG_M_CMD_WORDS, BG_ARGS(command)), ADMIN_USAGE;
    w->account = argv[optind];
    *done = false;
    return ADMIN_GOOD;
}

static const struct bg_key *by_label(const struct bg_credential *c, const char *label)
{
    for (size_t i = 0; i < c->key_count; i++)
        if (strcmp(c->key[i].label, label) == 0)
            return &c->key[i];
    return NULL;
}

static bool choose_label(const struct bg_credential *c, const struct key_wish *w, char out[BG_KEY_LABEL])
{
    if (w->label != NULL) {
        (void)snprintf(out, BG_KEY_LABEL, "%s", w->label);
        if (by_label(c, out) == NULL)
            return true;
        ui_finding(BG_M_CMD_KEY_EXISTS, BG_ARGS(w->account, out));
        return false;
    }
    for (unsigned i = 1; i <= BG_KEYS_MAX + 1; i++) {
        (void)snprintf(out, BG_KEY_LABEL, "key%u", i);
        if (by_label(c, out) == NULL)
            break;
    }
    return true;
}

/*
 * The relying party is this host, by a hash of its id (machine-id(5) asks not to show it). The user handle
 * only keeps two credentials of one key apart.
 */
static enum bg_err identify(struct bg_fido_make *m, const char *account)
{
    char host[128], text[192], hash[BG_HASH_HEX + 1];
    enum bg_err r;

    if ((r = bg_host_id(host, sizeof host)) != BG_OK)
        return r;
    (void)snprintf(text, sizeof text, "breakglass relying party %s", host);
    if ((r = bg_sha256_hex(text, strlen(text), hash)) != BG_OK)
        return r;
    (void)snprintf(m->rp, sizeof m->rp, "breakglass.%.32s", hash);
    (void)snprintf(m->name, sizeof m->name, "%.63s", account);
    if ((r = bg_random(m->user, sizeof m->user)) != BG_OK)
        return r;
    return bg_fido_challenge(m->hash);
}

/* BG_FC_OK or why not; the credential that came is not proved yet. */
static bool make(struct bg_key_session *s, const struct bg_credential *c, const struct key_wish *w,
                 const char *pin, struct bg_key *k)
{
    struct bg_fido_packet m = {.kind = BG_F_MAKE};
    struct bg_fido_result result = {.code = BG_FC_OTHER};
    struct bg_fido_made made;
    enum bg_err r;

    m.u.make.type = w->type;
    m.u.make.verify = w->uv != BG_UV_NO && (s->info.pin_set || s->info.uv_ready);
    m.u.make.wait_ms = TOUCH_MS;
    (void)snprintf(m.u.make.pin, sizeof m.u.make.pin, "%s", pin);
    for (size_t i = 0; i < c->key_count; i++)
        m.u.make.id[m.u.make.n++] = c->key[i].id;
    if ((r = identify(&m.u.make, w->account)) == BG_OK) {
        (void)snprintf(k->rp, sizeof k->rp, "%s", m.u.make.rp);
        r = bg_fido_run(&s->f, &m, keytalk_touch, NULL, &result);
    }
    bg_wipe(&m, sizeof m);
    if (r == BG_OK && result.code == BG_FC_OK)
        r = bg_fido_read_made(k->rp, result.authdata, result.authdata_len, &made);
    if (r == BG_E_SYNTAX || (r == BG_OK && result.code == BG_FC_OK && made.pub.type != w->type)) {
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

static bool enrol(struct bg_key_session *s, const struct bg_credential *c, const struct key_wish *w,
                  struct bg_key *k, uint32_t *counter)
{
    char pin[BG_FIDO_PIN] = "";
    bool good;

    if (w->uv == BG_UV_REQUIRED && !s->info.pin_set && !s->info.uv_ready) {
        keytalk_failed(BG_FC_PIN_NOT_SET, BG_OK);
        return false;
    }
    /* a key that has a PIN makes no credential without it (CTAP 2.0), whatever its later use demands */
    if (s->info.pin_set && !s->info.uv_ready && !keytalk_pin(&s->info, w->pin_stdin, pin))
        return false;
    k->uv = w->uv;
    k->firmware = s->info.firmware;
    (void)bg_time_rfc3339(k->created);
    good =
        make(s, c, w, pin, k) && keytalk_prove(s, k, keytalk_needs_pin(&s->info, w->uv) ? pin : "", counter);
    bg_wipe(pin, sizeof pin);
    return good;
}

/* The one key that is there, open. */
static bool open_single(const char *device, struct bg_key_session *s, int *lock)
{
    struct bg_fido_nodes nodes;
    enum bg_fido_code code = BG_FC_OTHER;
    enum bg_err r;

    if (!keytalk_nodes(device, &nodes, lock))
        return false;
    s->f.worker = PROGRAM_FIDO;
    s->f.watch = BG_WATCH_SIGNALS;
    if (nodes.n > 1) {
        ui_finding(BG_M_CMD_KEY_SEVERAL, BG_NOARGS);
    } else if ((r = bg_key_open(nodes.path[0], s, &code)) != BG_OK || code != BG_FC_OK) {
        keytalk_failed(code, r);
    } else {
        return true;
    }
    (void)close(*lock);
    return false;
}

static enum admin_exit save(const struct key_wish *w, struct bg_credential *c, const struct bg_key *k)
{
    char message[96];
    enum bg_err r;

    c->key[c->key_count++] = *k;
    if ((r = bg_credential_save(BG_CREDENTIALS_DIR, w->account, c)) != BG_OK) {
        ui_finding(BG_M_CMD_MAKE, BG_ARGS(BG_CREDENTIALS_DIR, bg_strerror(r)));
        return ADMIN_CANNOT;
    }
    (void)snprintf(message, sizeof message, "key \"%s\" enrolled", k->label);
    who_record(BG_EV_CREDENTIAL_ENROLLED, w->account, message);
    ui_text("Enrolled: key %s of %s.\n", k->label, w->account);
    return ADMIN_GOOD;
}

static enum admin_exit add_one(const struct key_wish *w, struct bg_credential *c, struct bg_key *k)
{
    struct bg_key_session s;
    uint32_t counter = 0;
    int lock = -1;
    bool good;

    if (c->key_count == BG_KEYS_MAX) {
        ui_finding(BG_M_CMD_KEY_MANY, BG_ARGS(w->account));
        return ADMIN_FINDING;
    }
    if (!choose_label(c, w, k->label) || !open_single(w->device, &s, &lock))
        return ADMIN_FINDING;
    good = enrol(&s, c, w, k, &counter);
    bg_fido_stop(&s.f);
    (void)close(lock);
    return good ? save(w, c, k) : ADMIN_FINDING;
}

enum admin_exit key_add(int argc, char **argv)
{
    static struct bg_credential c;
    struct key_wish w;
    struct bg_key k = {0};
    bool done;
    enum admin_exit x = read_wish(argc, argv, add_options, "key add", add_usage, &w, &done);

    if (done)
        return x;
    ui_mode(w.json, w.yes);
    if (!key_begin("key add", w.account, &c, &x))
        return key_finish(x, NULL);
    switch (ui_ask("Make a credential on the key that is plugged in?")) {
    case UI_YES:
        x = add_one(&w, &c, &k);
        return key_finish(x, x == ADMIN_GOOD ? json_pack("{s:o}", "key", key_json(w.account, &k)) : NULL);
    case UI_NO:
        ui_note(BG_M_CMD_NOTHING_DONE, BG_NOARGS);
        return key_finish(ADMIN_FINDING, NULL);
    case UI_NOBODY:
    default:
        ui_finding(BG_M_CMD_NOBODY, BG_NOARGS);
        return key_finish(ADMIN_USAGE, NULL);
    }
}

static enum admin_exit test_one(const struct key_wish *w, const struct bg_credential *c, json_t **root)
{
    struct bg_key_session s = {.f = {.worker = PROGRAM_FIDO, .watch = BG_WATCH_SIGNALS}};
    struct bg_fido_nodes nodes;
    enum bg_fido_code code = BG_FC_OTHER;
    char pin[BG_FIDO_PIN] = "";
    uint32_t counter = 0;
    int lock = -1;
    bool good = false;
    enum bg_err r;

    if (!keytalk_nodes(w->device, &nodes, &lock))
        return ADMIN_FINDING;
    r = bg_key_find(&nodes, c->key, c->key_count, &s, &code);
    if (r != BG_OK || code != BG_FC_OK) {
        keytalk_failed(code, r);
    } else {
        const struct bg_key *k = &c->key[s.which];
        good = (!keytalk_needs_pin(&s.info, k->uv) || keytalk_pin(&s.info, w->pin_stdin, pin)) &&
               keytalk_prove(&s, k, pin, &counter);
        bg_fido_stop(&s.f);
        bg_wipe(pin, sizeof pin);
        if (good) {
            ui_text("Key %s of %s is right, its counter is %u.\n", k->label, w->account, counter);
            *root = json_pack("{s:s, s:I}", "key", k->label, "counter", (json_int_t)counter);
        }
    }
    (void)close(lock);
    return good ? ADMIN_GOOD : ADMIN_FINDING;
}

enum admin_exit key_test(int argc, char **argv)
{
    static struct bg_credential c;
    struct key_wish w;
    json_t *root = NULL;
    bool done;
    enum admin_exit x = read_wish(argc, argv, test_options, "key test", test_usage, &w, &done);

    if (done)
        return x;
    ui_mode(w.json, w.yes);
    if (!key_begin("key test", w.account, &c, &x))
        return key_finish(x, NULL);
    if (c.key_count == 0) {
        ui_finding(BG_M_CMD_KEY_NO_SUCH, BG_ARGS(w.account, "any"));
        return key_finish(ADMIN_FINDING, NULL);
    }
    x = test_one(&w, &c, &root);
    return key_finish(x, root);
}
