#include "config/credential.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include "base/safefile.h"
#include "base/text.h"
#include "config/credential_parts.h"

/* Every key of [shares], in the order in which they are written. */
enum key {
    LABEL,
    ID,
    EXTENDABLE,
    EXPONENT,
    GROUPS,
    GROUP_THRESHOLD,
    BYTES,
    SALT,
    VERIFIER,
    CREATED,
    KEYS
};

static const char *const key_name[KEYS] = {"set-label",       "id",    "extendable", "exponent", "groups",
                                           "group-threshold", "bytes", "salt",       "verifier", "created"};

struct parse {
    struct bg_credential c;
    bool enabled, seen[KEYS];
    unsigned key_seen[BG_KEYS_MAX];
};

static bool number8(const char *value, unsigned min, unsigned max, uint8_t *out)
{
    unsigned v;

    if (!bg_ini_number(value, min, max, &v))
        return false;
    *out = (uint8_t)v;
    return true;
}

static bool id(const char *value, uint16_t *out)
{
    unsigned v;

    if (!bg_ini_number(value, 0, 0x7fff, &v))
        return false;
    *out = (uint16_t)v;
    return true;
}

/* Two words of 4 to 8 letters, one blank between them. */
static bool label(const char *value, char out[BG_LABEL_LEN])
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    size_t first = strspn(value, letters), second;

    if (first < 4 || first > 8 || value[first] != ' ')
        return false;
    second = strspn(value + first + 1, letters);
    if (second < 4 || second > 8 || value[first + 1 + second] != '\0')
        return false;
    memcpy(out, value, strlen(value) + 1);
    return true;
}

/* SLIP-0039: 1 <= T <= N <= 16, and a threshold of 1 is for a single member. */
static bool group_sound(struct bg_share_group g)
{
    return g.threshold >= 1 && g.count >= g.threshold && g.count <= BG_GROUPS_MAX &&
           (g.threshold > 1 || g.count == 1);
}

static bool one_group(const char *at, size_t n, struct bg_share_group *g)
{
    char t[4] = "", c[4] = "";
    const char *slash = memchr(at, '/', n);
    size_t before = slash == NULL ? 0 : (size_t)(slash - at);

    if (slash == NULL || before >= sizeof t || n - before - 1 >= sizeof c)
        return false;
    memcpy(t, at, before);
    memcpy(c, slash + 1, n - before - 1);
    return number8(t, 1, BG_GROUPS_MAX, &g->threshold) && number8(c, 1, BG_GROUPS_MAX, &g->count) &&
           group_sound(*g);
}

static bool groups(const char *value, struct bg_shareset *s)
{
    s->group_count = 0;
    for (const char *at = value;;) {
        size_t from = strspn(at, " "), n = strcspn(at + from, ",");
        if (s->group_count == BG_GROUPS_MAX || !one_group(at + from, n, &s->group[s->group_count]))
            return false;
        s->group_count++;
        at += from + n;
        if (*at == '\0')
            return true;
        at++;
    }
}

static bool set_key(struct bg_shareset *s, enum key k, const char *value)
{
    switch (k) {
    case LABEL:
        return label(value, s->label);
    case ID:
        return id(value, &s->id);
    case EXTENDABLE:
        return bg_ini_yesno(value, &s->extendable);
    case EXPONENT:
        return number8(value, 0, BG_EXPONENT_MAX, &s->exponent);
    case GROUPS:
        return groups(value, s);
    case GROUP_THRESHOLD:
        return number8(value, 1, BG_GROUPS_MAX, &s->group_threshold);
    case BYTES:
        return number8(value, 16, 32, &s->bytes) && (s->bytes == 16 || s->bytes == 32);
    case SALT:
        return bg_unhex(value, s->salt, sizeof s->salt);
    case VERIFIER:
        return bg_unhex(value, s->verifier, sizeof s->verifier);
    case CREATED:
        return credential_time(value, s->created);
    case KEYS:
        break;
    }
    return false;
}

static enum bg_err on_shares(struct parse *p, const char *key, const char *value, char *why, size_t cap)
{
    p->c.has_shares = true;
    if (key == NULL)
        return BG_OK;
    for (enum key k = 0; k < KEYS; k++) {
        if (strcmp(key_name[k], key) != 0)
            continue;
        p->seen[k] = true;
        if (set_key(&p->c.shares, k, value))
            return BG_OK;
        (void)snprintf(why, cap, "not a good value of %s", key);
        return BG_E_SYNTAX;
    }
    (void)snprintf(why, cap, "unknown key %s in [shares]", key);
    return BG_E_SYNTAX;
}

static enum bg_err on_account(struct parse *p, const char *key, const char *value, char *why, size_t cap)
{
    if (key == NULL)
        return BG_OK;
    if (strcmp(key, "enabled") == 0) {
        p->enabled = true;
        if (bg_ini_yesno(value, &p->c.enabled))
            return BG_OK;
        (void)snprintf(why, cap, "enabled is yes or no");
    } else if (strcmp(key, "require") == 0) {
        if (bg_require_parse(value, &p->c.require))
            return BG_OK;
        (void)snprintf(why, cap, "require is any, key, shares or key+shares");
    } else {
        (void)snprintf(why, cap, "unknown key %s", key);
    }
    return BG_E_SYNTAX;
}

static enum bg_err on_pair(void *arg, const char *section, const char *key, const char *value, char *why,
                           size_t cap)
{
    struct parse *p = arg;

    if (strcmp(section, "shares") == 0)
        return on_shares(p, key, value, why, cap);
    if (strcmp(section, "account") == 0)
        return on_account(p, key, value, why, cap);
    if (strncmp(section, "key ", 4) == 0)
        return credential_key_pair(&p->c, p->key_seen, section + 4, key, value, why, cap);
    (void)snprintf(why, cap, "unknown %s %s", key == NULL ? "section" : "key", key == NULL ? section : key);
    return BG_E_SYNTAX;
}

/* What no single line can show: keys that are missing, numbers that do not fit each other. */
static enum bg_err whole(const struct parse *p, struct bg_ini_error *e)
{
    e->line = 0;
    if (!p->enabled) {
        (void)snprintf(e->text, sizeof e->text, "enabled is missing in [account]");
        return BG_E_SYNTAX;
    }
    if (!credential_keys_whole(&p->c, p->key_seen, e))
        return BG_E_SYNTAX;
    if (!p->c.has_shares)
        return BG_OK;
    for (enum key k = 0; k < KEYS; k++)
        if (!p->seen[k]) {
            (void)snprintf(e->text, sizeof e->text, "%s is missing in [shares]", key_name[k]);
            return BG_E_SYNTAX;
        }
    if (p->c.shares.group_threshold > p->c.shares.group_count) {
        (void)snprintf(e->text, sizeof e->text, "group-threshold is larger than the number of groups");
        return BG_E_SYNTAX;
    }
    return BG_OK;
}

enum bg_err bg_credential_parse(const char *text, struct bg_credential *c, struct bg_ini_error *e)
{
    struct parse p = {0};
    enum bg_err r;

    if ((r = bg_ini_parse(text, on_pair, &p, e)) != BG_OK || (r = whole(&p, e)) != BG_OK)
        return r;
    *c = p.c;
    return BG_OK;
}

static enum bg_err file_of(const char *dir, const char *account, char path[PATH_MAX])
{
    int n;

    if (!bg_name_valid(account))
        return BG_E_RANGE;
    n = snprintf(path, PATH_MAX, "%s/%s", dir, account);
    return n < 0 || n >= PATH_MAX ? BG_E_RANGE : BG_OK;
}

enum bg_err bg_credential_load(const char *dir, const char *account, struct bg_credential *c,
                               struct bg_ini_error *e)
{
    char path[PATH_MAX];
    struct parse p = {0};
    enum bg_err r;

    memset(e, 0, sizeof *e);
    if ((r = file_of(dir, account, path)) != BG_OK) {
        (void)snprintf(e->text, sizeof e->text, "not a name of an account");
        return r;
    }
    if ((r = bg_ini_load(path, on_pair, &p, e)) != BG_OK || (r = whole(&p, e)) != BG_OK)
        return r;
    *c = p.c;
    return BG_OK;
}

static void put_groups(struct credential_out *o, const struct bg_shareset *s)
{
    credential_put(o, "%s = ", key_name[GROUPS]);
    for (size_t i = 0; i < s->group_count && i < BG_GROUPS_MAX; i++)
        credential_put(o, "%s%u/%u", i == 0 ? "" : ",", s->group[i].threshold, s->group[i].count);
    credential_put(o, "\n");
}

static void put_shares(struct credential_out *o, const struct bg_shareset *s)
{
    credential_put(o, "\n[shares]\n");
    credential_put(o, "%s = %.*s\n", key_name[LABEL], BG_LABEL_LEN - 1, s->label);
    credential_put(o, "%s = %u\n", key_name[ID], s->id);
    credential_put(o, "%s = %s\n", key_name[EXTENDABLE], s->extendable ? "yes" : "no");
    credential_put(o, "%s = %u\n", key_name[EXPONENT], s->exponent);
    put_groups(o, s);
    credential_put(o, "%s = %u\n", key_name[GROUP_THRESHOLD], s->group_threshold);
    credential_put(o, "%s = %u\n", key_name[BYTES], s->bytes);
    credential_put_hex(o, key_name[SALT], s->salt, sizeof s->salt);
    credential_put_hex(o, key_name[VERIFIER], s->verifier, sizeof s->verifier);
    credential_put(o, "%s = %.*s\n", key_name[CREATED], BG_TIME_LEN - 1, s->created);
}

enum bg_err bg_credential_save(const char *dir, const char *account, const struct bg_credential *c)
{
    char path[PATH_MAX];
    struct credential_out o = {.n = 0};
    struct bg_credential again;
    struct bg_ini_error e;
    enum bg_err r;

    if ((r = file_of(dir, account, path)) != BG_OK)
        return r;
    credential_put(&o, "# Written by breakglass. Nothing in this file opens the door.\n");
    credential_put(&o, "[account]\nenabled = %s\n", c->enabled ? "yes" : "no");
    if (c->require != BG_REQUIRE_ANY)
        credential_put(&o, "require = %s\n", bg_require_name(c->require));
    credential_put_keys(&o, c);
    if (c->has_shares)
        put_shares(&o, &c->shares);
    /* What could not be read again must not replace what can. */
    if (o.full || bg_credential_parse(o.text, &again, &e) != BG_OK)
        return BG_E_RANGE;
    return bg_file_replace(path, o.text, o.n, 0600, (uid_t)-1, (gid_t)-1);
}
