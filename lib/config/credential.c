/* SPDX-License-Identifier: ISC */
#include "config/credential.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "base/hash.h"
#include "base/text.h"
#include "config/from.h"
#include "config/written.h"

static const char letters[] = "abcdefghijklmnopqrstuvwxyz";

/* --- values that only these files have ------------------------------------------------------------------ */

/* Two words of 4 to 8 letters, one blank between them. */
static bool two_words(const char *value)
{
    size_t first = strspn(value, letters), second;

    if (first < 4 || first > 8 || value[first] != ' ')
        return false;
    second = strspn(value + first + 1, letters);
    return second >= 4 && second <= 8 && value[first + 1 + second] == '\0';
}

/* The hash of a host (base/identity.h), or the word that stands for none. */
static bool host_print(const char *value)
{
    if (strcmp(value, BG_HOST_ELSEWHERE) == 0)
        return true;
    return strlen(value) == BG_HOST_PRINT && value[strspn(value, "0123456789abcdef")] == '\0';
}

/* The identifier of an attestation key. */
static bool att_key(const char *value)
{
    return strlen(value) == BG_ATT_KEY && value[strspn(value, "0123456789abcdef")] == '\0';
}

static bool transport_words(const char *value)
{
    char word[sizeof((struct bg_key *)0)->transports];

    for (size_t n; *(value += strspn(value, " ")) != '\0'; value += n) {
        n = strcspn(value, " ");
        if (n >= sizeof word)
            return false;
        memcpy(word, value, n);
        word[n] = '\0';
        if (!bg_has_word(BG_KEY_TRANSPORTS, word))
            return false;
    }
    return true;
}

/* A name as in DNS, or that of text challenges: what goes to the key, and is shown. */
static bool rp_name(const char *value)
{
    return strcmp(value, BG_TEXT_RP) == 0 ||
           value[strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_")] == '\0';
}

/* SLIP-0039: 1 <= T <= N <= 16, and a threshold of 1 is for a single member. */
static bool one_group(const char *at, size_t n, struct bg_share_group *g)
{
    char t[4] = "", c[4] = "";
    const char *slash = memchr(at, '/', n);
    size_t before = slash == NULL ? 0 : (size_t)(slash - at);
    unsigned threshold, count;

    if (slash == NULL || before >= sizeof t || n - before - 1 >= sizeof c)
        return false;
    memcpy(t, at, before);
    memcpy(c, slash + 1, n - before - 1);
    if (!bg_number(c, 1, BG_GROUPS_MAX, &count) || !bg_number(t, 1, count, &threshold) ||
        (threshold == 1 && count > 1))
        return false;
    *g = (struct bg_share_group){(uint8_t)threshold, (uint8_t)count};
    return true;
}

/* The field of these rows is the whole set: the number of groups is there too. */
static bool read_groups(const struct bg_option *o, const char *value, void *field)
{
    struct bg_shareset *s = field;
    struct bg_share_group group[BG_GROUPS_MAX] = {0};
    uint8_t count = 0;

    (void)o;
    for (const char *at = value;; at++) {
        size_t from = strspn(at, " "), n = strcspn(at + from, ",");
        if (count == BG_GROUPS_MAX || !one_group(at + from, n, &group[count]))
            return false;
        count++;
        at += from + n;
        if (*at == '\0')
            break;
    }
    memcpy(s->group, group, sizeof group);
    s->group_count = count;
    return true;
}

static void print_groups(const struct bg_option *o, const void *field, char out[BG_INI_LINE_MAX])
{
    const struct bg_shareset *s = field;
    size_t n = 0;

    (void)o;
    out[0] = '\0';
    for (size_t i = 0; i < s->group_count && i < BG_GROUPS_MAX; i++)
        n += (size_t)snprintf(out + n, BG_INI_LINE_MAX - n, "%s%u/%u", i == 0 ? "" : ",",
                              s->group[i].threshold, s->group[i].count);
}

static bool read_id(const struct bg_option *o, const char *value, void *field)
{
    struct bg_fido_id *id = field;
    size_t n = strlen(value) / 2;

    (void)o;
    if (n < 1 || n > BG_FIDO_ID || !bg_unhex(value, id->bytes, n))
        return false;
    id->len = (uint16_t)n;
    return true;
}

static void print_id(const struct bg_option *o, const void *field, char out[BG_INI_LINE_MAX])
{
    const struct bg_fido_id *id = field;

    (void)o;
    bg_hex(out, id->bytes, id->len <= BG_FIDO_ID ? id->len : 0);
}

/* The type may come before or after, so key_complaint compares the two. */
static bool read_public(const struct bg_option *o, const char *value, void *field)
{
    struct bg_fido_public *pub = field;
    size_t n = strlen(value) / 2;

    (void)o;
    if ((n != 32 && n != 64 && n != 256) || !bg_unhex(value, pub->bytes, n))
        return false;
    pub->len = (uint16_t)n;
    return true;
}

static void print_public(const struct bg_option *o, const void *field, char out[BG_INI_LINE_MAX])
{
    const struct bg_fido_public *pub = field;

    (void)o;
    bg_hex(out, pub->bytes, bg_fido_public_len(pub->type));
}

/* One name for each group, or none at all; names may come before the groups, so shares_complaint counts. */
static bool read_names(const struct bg_option *o, const char *value, void *field)
{
    char(*names)[BG_GROUP_NAME] = field, copy[BG_INI_LINE_MAX + 1], *at = copy, *name;
    size_t count = 0;

    (void)o;
    memset(field, 0, o->size);
    (void)snprintf(copy, sizeof copy, "%s", value);
    while (*value != '\0' && (name = strsep(&at, ",")) != NULL) {
        name += strspn(name, " ");
        if (count == BG_GROUPS_MAX || !bg_group_name_valid(name))
            return false;
        (void)snprintf(names[count++], BG_GROUP_NAME, "%s", name);
    }
    return true;
}

static void print_names(const struct bg_option *o, const void *field, char out[BG_INI_LINE_MAX])
{
    const char(*names)[BG_GROUP_NAME] = field;
    size_t n = 0;

    (void)o;
    out[0] = '\0';
    for (size_t i = 0; i < BG_GROUPS_MAX && names[i][0] != '\0'; i++)
        n += (size_t)snprintf(out + n, BG_INI_LINE_MAX - n, "%s%.*s", i == 0 ? "" : ",", BG_GROUP_NAME - 1,
                              names[i]);
}

/* All zero is none, and is not written. */
static bool read_check(const struct bg_option *o, const char *value, void *field)
{
    memset(field, 0, o->size);
    return *value == '\0' || bg_unhex(value, field, o->size);
}

static void print_check(const struct bg_option *o, const void *field, char out[BG_INI_LINE_MAX])
{
    static const uint8_t none[BG_CARD_CHECK];

    out[0] = '\0';
    if (memcmp(field, none, sizeof none) != 0)
        bg_hex(out, field, o->size);
}

static const struct bg_opt_kind names_kind[1] = {{read_names, print_names, NULL}};
static const struct bg_opt_kind check_kind[1] = {{read_check, print_check, NULL}};
static bool read_blob(const struct bg_option *o, const char *value, void *field)
{
    (void)o;
    return bg_ssh_read(value, strlen(value), field);
}

static void print_blob(const struct bg_option *o, const void *field, char out[BG_INI_LINE_MAX])
{
    (void)o;
    bg_ssh_print(field, out);
}

static const struct bg_opt_kind blob_kind[1] = {{read_blob, print_blob, NULL}};
static const struct bg_opt_kind groups_kind[1] = {{read_groups, print_groups, NULL}};
static const struct bg_opt_kind id_kind[1] = {{read_id, print_id, NULL}};
static const struct bg_opt_kind public_kind[1] = {{read_public, print_public, NULL}};

/* --- the tables ----------------------------------------------------------------------------------------- */

/* In the order of bg_require; `same` stands for what `require` says. */
static const char *const same_or_requires[] = {
    "same",     "any",      "key",          "shares",          "key+shares",
    "two-keys", "password", "key+password", "shares+password", NULL};
#define requires (same_or_requires + 1)
static const char *const opens[] = {"always", "armed", NULL};
static const char *const types[] = {"es256", "eddsa", "rs256", NULL};
static const char *const attestations[] = {"none", "self", "basic", "trusted", NULL};
static const char *const typings[] = {"exact", "letters", NULL};
static const char *const uvs[] = {"required", "preferred", "no", NULL};
static const char *const uses[] = {"console", "text", NULL};

#define LABEL_FORM     "visible text without , : \" and \\"
#define TIME_FORM      "a time such as 2026-11-22T12:03:24.123456Z"
#define TRANSPORT_FORM "words of " BG_KEY_TRANSPORTS
#define HOST_FORM      "32 lower-case hex digits, or elsewhere"

#define AT(field) BG_FIELD(struct bg_credential, field)
static const struct bg_option account[] = {
    {"enabled", BG_O_YESNO, AT(enabled), .required = true},
    {"require", BG_O_CHOICE, AT(require), "any", .word = requires},
    {"require-console", BG_O_CHOICE, AT(require_at[BG_SOURCE_CONSOLE - 1]), "same", .word = same_or_requires},
    {"require-local", BG_O_CHOICE, AT(require_at[BG_SOURCE_LOCAL - 1]), "same", .word = same_or_requires},
    {"require-network", BG_O_CHOICE, AT(require_at[BG_SOURCE_NETWORK - 1]), "same", .word = same_or_requires},
    {"open", BG_O_CHOICE, AT(open), "always", .word = opens},
    {"from", BG_O_TEXT, AT(from), "", .check = bg_from_valid, .form = BG_FROM_FORM},
};
#undef AT

#define AT(field) BG_FIELD(struct bg_key, field)
static const struct bg_option key[] = {
    {"type", BG_O_CHOICE, AT(pub.type), .min = BG_FIDO_ES256, .word = types, .required = true},
    {"id", id_kind, AT(id), .form = "hex of 1 to 1024 bytes", .required = true},
    {"public-key", public_kind, AT(pub), .form = "hex of 32, 64 or 256 bytes", .required = true},
    {"rp-id", BG_O_TEXT, AT(rp), .min = 1, .check = rp_name, .form = "a DNS name or " BG_TEXT_RP,
     .required = true},
    {"aaguid", BG_O_HEX, AT(aaguid), .required = true},
    {"firmware", BG_O_NUMBER, AT(firmware), .min = 0, .max = UINT32_MAX, .required = true},
    {"uv", BG_O_CHOICE, AT(uv), .min = BG_UV_REQUIRED, .word = uvs, .required = true},
    {"use", BG_O_CHOICE, AT(use), "console", .word = uses},
    {"from", BG_O_TEXT, AT(from), "", .check = bg_from_valid, .form = BG_FROM_FORM},
    {"host", BG_O_TEXT, AT(host), "", .check = host_print, .form = HOST_FORM},
    {"created", BG_O_TEXT, AT(created), .min = 1, .check = bg_check_time, .form = TIME_FORM,
     .required = true},
    {"custodian", BG_O_TEXT, AT(custodian), .value = ""},
    {"transports", BG_O_TEXT, AT(transports), "", .check = transport_words, .form = TRANSPORT_FORM},
    {"attestation", BG_O_CHOICE, AT(attestation), "none", .word = attestations},
    {"attestation-key", BG_O_TEXT, AT(attestation_key), "", .check = att_key,
     .form = "40 lower-case hex digits"},
    {"probe", BG_O_YESNO, AT(probe), .value = "yes"},
    {"suspended", BG_O_YESNO, AT(suspended), .value = "no"},
};
#undef AT

#define AT(field) BG_FIELD(struct bg_ssh_key, field)
static const struct bg_option ssh_key[] = {
    {"blob", blob_kind, AT(blob), .form = "base64 of an " BG_SSH_ED25519 " or " BG_SSH_ECDSA " key",
     .required = true},
    {"from", BG_O_TEXT, AT(from), "", .check = bg_from_valid, .form = BG_FROM_FORM},
    {"host", BG_O_TEXT, AT(host), "", .check = host_print, .form = HOST_FORM},
    {"created", BG_O_TEXT, AT(created), .min = 1, .check = bg_check_time, .form = TIME_FORM,
     .required = true},
    {"custodian", BG_O_TEXT, AT(custodian), .value = ""},
    {"suspended", BG_O_YESNO, AT(suspended), .value = "no"},
};
#undef AT

#define AT(field) BG_FIELD(struct bg_shareset, field)
static const struct bg_option shares[] = {
    {"label", BG_O_TEXT, AT(label), "", .check = bg_share_text_valid, .form = LABEL_FORM},
    {"set-label", BG_O_TEXT, AT(words), .min = 1, .check = two_words, .form = "two words", .required = true},
    {"id", BG_O_NUMBER, AT(id), .min = 0, .max = 32767, .required = true},
    {"extendable", BG_O_YESNO, AT(extendable), .required = true},
    {"exponent", BG_O_NUMBER, AT(exponent), .min = 0, .max = BG_EXPONENT_MAX, .required = true},
    {"groups", groups_kind, 0, sizeof(struct bg_shareset),
     .form = "T/N for each group, with commas between them", .required = true},
    {"group-names", names_kind, AT(group_name), "", .form = "a name for each group, with commas between"},
    {"group-threshold", BG_O_NUMBER, AT(group_threshold), .min = 1, .max = BG_GROUPS_MAX, .required = true},
    {"bytes", BG_O_NUMBER, AT(bytes), .min = 16, .max = 32, .required = true},
    {"salt", BG_O_HEX, AT(salt), .required = true},
    {"verifier", BG_O_HEX, AT(verifier), .required = true},
    {"from", BG_O_TEXT, AT(from), "", .check = bg_from_valid, .form = BG_FROM_FORM},
    {"host", BG_O_TEXT, AT(host), "", .check = host_print, .form = HOST_FORM},
    {"created", BG_O_TEXT, AT(created), .min = 1, .check = bg_check_time, .form = TIME_FORM,
     .required = true},
};
#undef AT

#define AT(field) BG_FIELD(struct bg_share_card, field)
static const struct bg_option card[] = {
    {"custodian", BG_O_TEXT, AT(custodian), "", .check = bg_share_text_valid, .form = LABEL_FORM},
    {"envelope", BG_O_TEXT, AT(envelope), "", .check = bg_share_text_valid, .form = LABEL_FORM},
    {"seal", BG_O_TEXT, AT(seal), "", .check = bg_share_text_valid, .form = LABEL_FORM},
    {"check", check_kind, AT(check), "", .form = "32 lower-case hex digits"},
    {"inspected", BG_O_TEXT, AT(inspected), "", .check = bg_check_time, .form = TIME_FORM},
};
#undef AT

#define AT(field) BG_FIELD(struct bg_share_old, field)
static const struct bg_option rotated[] = {
    {"label", BG_O_TEXT, AT(label), "", .check = bg_share_text_valid, .form = LABEL_FORM},
    {"extendable", BG_O_YESNO, AT(extendable), .required = true},
    {"exponent", BG_O_NUMBER, AT(exponent), .min = 0, .max = BG_EXPONENT_MAX, .required = true},
    {"created", BG_O_TEXT, AT(created), .min = 1, .check = bg_check_time, .form = TIME_FORM,
     .required = true},
    {"replaced", BG_O_TEXT, AT(replaced), .min = 1, .check = bg_check_time, .form = TIME_FORM,
     .required = true},
};
#undef AT

#define AT(field) BG_FIELD(struct bg_password, field)
static const struct bg_option password[] = {
    {"parts", BG_O_NUMBER, AT(parts), .min = 2, .max = BG_PASSWORD_PARTS, .required = true},
    {"hash", BG_O_TEXT, AT(hash), .min = 1, .check = bg_password_form, .form = "a hash of crypt(5)",
     .required = true},
    {"typing", BG_O_CHOICE, AT(letters), "exact", .word = typings},
    {"from", BG_O_TEXT, AT(from), "", .check = bg_from_valid, .form = BG_FROM_FORM},
    {"created", BG_O_TEXT, AT(created), .min = 1, .check = bg_check_time, .form = TIME_FORM,
     .required = true},
    {"replaced", BG_O_TEXT, AT(replaced), "", .check = bg_check_time, .form = TIME_FORM},
};
#undef AT

static const char *key_complaint(const void *object)
{
    const struct bg_key *k = object;
    bool text = k->use == BG_USE_TEXT;

    if (text != (strcmp(k->rp, BG_TEXT_RP) == 0))
        return "has a use that does not go with its rp-id";
    if (text && k->uv != BG_UV_REQUIRED)
        return "is for text and lacks uv = required";
    return k->pub.len == bg_fido_public_len(k->pub.type) ? NULL : "lacks a public-key of its type";
}

static const char *shares_complaint(const void *object)
{
    const struct bg_shareset *s = object;

    if (s->bytes != 16 && s->bytes != 32)
        return "has bytes other than 16 and 32";
    for (size_t i = 0; s->group_name[0][0] != '\0' && i < BG_GROUPS_MAX; i++)
        if ((s->group_name[i][0] != '\0') != (i < s->group_count))
            return "has group-names, but not one for each group";
    return s->group_threshold > s->group_count ? "has a group-threshold above the number of groups" : NULL;
}

static const struct bg_section account_section = {.name = "account", BG_ROWS(account)};
static const struct bg_section key_section = {.name = "key",
                                              BG_ROWS(key),
                                              .at = offsetof(struct bg_credential, key),
                                              .size = sizeof(struct bg_key),
                                              .max = BG_KEYS_MAX,
                                              .list = true,
                                              .label = BG_KEY_LABEL,
                                              .complaint = key_complaint};
static const struct bg_section ssh_section = {.name = "ssh-key",
                                              BG_ROWS(ssh_key),
                                              .at = offsetof(struct bg_credential, ssh),
                                              .size = sizeof(struct bg_ssh_key),
                                              .max = BG_SSH_KEYS_MAX,
                                              .list = true,
                                              .label = BG_KEY_LABEL};
const struct bg_section bg_credential_shares = {
    "shares", BG_ROWS(shares), .at = offsetof(struct bg_credential, shares), .complaint = shares_complaint};
static const char *rotated_complaint(const void *object)
{
    const struct bg_share_old *o = object;
    unsigned id;

    return bg_number(o->place, 0, 32767, &id) ? NULL : "is not named by the number of a set";
}

static const struct bg_section card_section = {.name = "card",
                                               BG_ROWS(card),
                                               .at = offsetof(struct bg_credential, shares.card),
                                               .size = sizeof(struct bg_share_card),
                                               .max = BG_CARDS_MAX,
                                               .label = sizeof((struct bg_share_card *)0)->place};
static const struct bg_section rotated_section = {.name = "rotated",
                                                  BG_ROWS(rotated),
                                                  .at = offsetof(struct bg_credential, shares.old),
                                                  .size = sizeof(struct bg_share_old),
                                                  .max = BG_OLD_SETS,
                                                  .label = sizeof((struct bg_share_old *)0)->place,
                                                  .complaint = rotated_complaint};

static const struct bg_section password_section = {"password", BG_ROWS(password),
                                                   .at = offsetof(struct bg_credential, password)};

bg_form bg_credential_form = {&account_section, &key_section,     &ssh_section,      &bg_credential_shares,
                              &card_section,    &rotated_section, &password_section, NULL};

_Static_assert(BG_KEYS_MAX + BG_SSH_KEYS_MAX + BG_CARDS_MAX + BG_OLD_SETS + 3 <= BG_FOUND_MAX, "room");

/* --- lists ---------------------------------------------------------------------------------------------- */

void bg_credential_free(struct bg_credential *c)
{
    free(c->key);
    free(c->ssh);
    c->key = NULL;
    c->ssh = NULL;
    c->key_count = c->ssh_count = 0;
}

enum bg_err bg_credential_add(struct bg_credential *c, const struct bg_key *k)
{
    struct bg_key *more;

    if (c->key_count >= BG_KEYS_MAX)
        return BG_E_RANGE;
    if ((more = reallocarray(c->key, c->key_count + 1, sizeof *more)) == NULL)
        return BG_E_NOMEM;
    c->key = more;
    c->key[c->key_count++] = *k;
    return BG_OK;
}

enum bg_err bg_credential_add_ssh(struct bg_credential *c, const struct bg_ssh_key *k)
{
    struct bg_ssh_key *more;

    if (c->ssh_count >= BG_SSH_KEYS_MAX)
        return BG_E_RANGE;
    if ((more = reallocarray(c->ssh, c->ssh_count + 1, sizeof *more)) == NULL)
        return BG_E_NOMEM;
    c->ssh = more;
    c->ssh[c->ssh_count++] = *k;
    return BG_OK;
}

void bg_credential_drop(struct bg_credential *c, size_t at)
{
    memmove(&c->key[at], &c->key[at + 1], (--c->key_count - at) * sizeof c->key[0]);
}

void bg_credential_drop_ssh(struct bg_credential *c, size_t at)
{
    memmove(&c->ssh[at], &c->ssh[at + 1], (--c->ssh_count - at) * sizeof c->ssh[0]);
}

/* --- files ---------------------------------------------------------------------------------------------- */

static bool same_id(const struct bg_fido_id *a, const struct bg_fido_id *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

size_t bg_credential_ssh(const struct bg_credential *c, const struct bg_ssh_blob *blob)
{
    size_t i = 0;

    while (i < c->ssh_count && !bg_ssh_same(&c->ssh[i].blob, blob))
        i++;
    return i;
}

/* A file as it is being read. */
struct reading {
    struct bg_credential c;
    struct bg_table t;
    struct bg_faults faults;
};

/* The line of the header of the n-th section of that kind. */
static unsigned line_of(const struct bg_table *t, const struct bg_section *s, size_t n)
{
    for (unsigned i = 0; i < t->n; i++)
        if (t->found[i].of == s && n-- == 0)
            return t->found[i].line;
    return 0;
}

/* Cards are members of the set; rotated sets stay when there is none. */
static void look_at_cards(struct bg_credential *c, const struct bg_table *t, struct bg_faults *faults)
{
    struct bg_shareset *s = &c->shares;
    unsigned n[3];

    s->cards = (uint8_t)bg_table_count(t, &card_section);
    s->olds = (uint8_t)bg_table_count(t, &rotated_section);
    for (size_t i = 0; i < s->cards; i++)
        if (!c->has_shares || !bg_share_card_place(s, s->card[i].place, &n[0], &n[1], &n[2]))
            bg_fault(faults, line_of(t, &card_section, i), "[card %s] is not a card of the set",
                     s->card[i].place);
}

/* One label names one key, of whichever kind. */
static void look_at_ssh(const struct bg_credential *c, const struct bg_table *t, struct bg_faults *faults)
{
    for (size_t i = 0; i < c->ssh_count; i++) {
        const struct bg_ssh_key *k = &c->ssh[i];
        if (bg_credential_ssh(c, &k->blob) != i)
            bg_fault(faults, line_of(t, &ssh_section, i), "[ssh-key %s] lacks a blob of its own", k->label);
        for (size_t n = 0; n < c->key_count; n++)
            if (strcmp(c->key[n].label, k->label) == 0)
                bg_fault(faults, line_of(t, &ssh_section, i), "[ssh-key %s] lacks a label of its own",
                         k->label);
    }
}

static void look_at_ids(const struct bg_credential *c, const struct bg_table *t, struct bg_faults *faults)
{
    for (size_t i = 0; i < c->key_count; i++)
        for (size_t k = 0; k < i; k++)
            if (same_id(&c->key[k].id, &c->key[i].id))
                bg_fault(faults, line_of(t, &key_section, i), "[key %s] lacks an id of its own",
                         c->key[i].label);
}

void bg_credential_settle(struct bg_credential *c, const struct bg_table *t, struct bg_faults *faults)
{
    c->has_shares = bg_table_count(t, &bg_credential_shares) > 0;
    c->has_password = bg_table_count(t, &password_section) > 0;
    c->key_count = bg_table_count(t, &key_section);
    look_at_cards(c, t, faults);
    c->ssh_count = bg_table_count(t, &ssh_section);
    if (bg_table_count(t, &account_section) == 0)
        bg_fault(faults, 0, "enabled is missing in [account]");
    look_at_ids(c, t, faults);
    look_at_ssh(c, t, faults);
}

/* All or nothing. read: what came of reading it. */
static enum bg_err finish(struct reading *g, enum bg_err read, struct bg_credential *c,
                          struct bg_ini_error *e)
{
    *e = g->faults.fault[0];
    if (read != BG_OK && read != BG_E_SYNTAX)
        return read;
    bg_credential_settle(&g->c, &g->t, &g->faults);
    *e = g->faults.fault[0];
    if (g->faults.n > 0)
        return BG_E_SYNTAX;
    *c = g->c;
    return BG_OK;
}

enum bg_err bg_credential_parse(const char *text, struct bg_credential *c, struct bg_ini_error *e)
{
    struct reading g;
    enum bg_err r;

    memset(&g.c, 0, sizeof g.c);
    r = bg_table_read(bg_credential_form, text, strlen(text), &g.c, &g.t, &g.faults);
    if ((r = finish(&g, r, c, e)) != BG_OK)
        bg_credential_free(&g.c);
    return r;
}

static enum bg_err file_of(const char *dir, const char *account_name, char path[PATH_MAX])
{
    int n;

    if (!bg_name_valid(account_name))
        return BG_E_RANGE;
    n = snprintf(path, PATH_MAX, "%s/%s", dir, account_name);
    return n < 0 || n >= PATH_MAX ? BG_E_RANGE : BG_OK;
}

enum bg_err bg_credential_load_file(const char *path, struct bg_credential *c, struct bg_ini_error *e)
{
    struct reading g;
    enum bg_err r;

    memset(&g.c, 0, sizeof g.c);
    r = bg_table_load(bg_credential_form, path, &g.c, &g.t, &g.faults);
    if ((r = finish(&g, r, c, e)) != BG_OK)
        bg_credential_free(&g.c);
    return r;
}

enum bg_err bg_credential_load(const char *dir, const char *account_name, struct bg_credential *c,
                               struct bg_ini_error *e)
{
    struct bg_faults faults = {0};
    char path[PATH_MAX];
    enum bg_err r = file_of(dir, account_name, path);

    if (r == BG_OK)
        return bg_credential_load_file(path, c, e);
    bg_fault(&faults, 0, "not a name of an account");
    *e = faults.fault[0];
    return r;
}

void bg_credential_put(FILE *out, const struct bg_credential *c)
{
    bg_table_write(out, &account_section, c);
    for (size_t i = 0; i < c->key_count; i++) {
        (void)fputc('\n', out);
        bg_table_write(out, &key_section, &c->key[i]);
    }
    for (size_t i = 0; i < c->ssh_count; i++) {
        (void)fputc('\n', out);
        bg_table_write(out, &ssh_section, &c->ssh[i]);
    }
    if (c->has_shares) {
        (void)fputc('\n', out);
        bg_table_write(out, &bg_credential_shares, &c->shares);
    }
    for (size_t i = 0; c->has_shares && i < c->shares.cards && i < BG_CARDS_MAX; i++) {
        (void)fputc('\n', out);
        bg_table_write(out, &card_section, &c->shares.card[i]);
    }
    for (size_t i = 0; i < c->shares.olds && i < BG_OLD_SETS; i++) {
        (void)fputc('\n', out);
        bg_table_write(out, &rotated_section, &c->shares.old[i]);
    }
    if (c->has_password) {
        (void)fputc('\n', out);
        bg_table_write(out, &password_section, &c->password);
    }
}

static void put_file(FILE *to, const void *arg)
{
    (void)fputs("# Written by breakglass. Nothing in this file opens the door.\n", to);
    bg_credential_put(to, arg);
}

static enum bg_err again(const char *text, const void *arg)
{
    struct bg_credential fresh;
    struct bg_ini_error e;
    enum bg_err r = bg_credential_parse(text, &fresh, &e);

    (void)arg;
    if (r == BG_OK)
        bg_credential_free(&fresh);
    return r;
}

enum bg_err bg_credential_text(const struct bg_credential *c, char **out, size_t *len)
{
    return bg_written_text(&(struct bg_writer){put_file, again, c}, out, len);
}

enum bg_err bg_credential_save(const char *dir, const char *account_name, const struct bg_credential *c)
{
    char path[PATH_MAX];
    enum bg_err r = file_of(dir, account_name, path);

    return r == BG_OK ? bg_written_save(&(struct bg_writer){put_file, again, c}, path) : r;
}

const char *bg_require_name(enum bg_require require)
{
    return requires[require];
}

const char *bg_key_uv_name(enum bg_key_uv uv)
{
    return uv >= BG_UV_REQUIRED && uv <= BG_UV_NO ? uvs[uv - BG_UV_REQUIRED] : "?";
}

const char *bg_key_type_name(enum bg_fido_type type)
{
    return type >= BG_FIDO_ES256 && type <= BG_FIDO_RS256 ? types[type - BG_FIDO_ES256] : "?";
}

const char *bg_key_attestation_name(enum bg_key_attestation attestation)
{
    return (unsigned)attestation <= BG_KEY_ATT_TRUSTED ? attestations[attestation] : "?";
}

bool bg_key_uv_parse(const char *s, enum bg_key_uv *out)
{
    for (unsigned i = 0; uvs[i] != NULL; i++)
        if (strcmp(uvs[i], s) == 0) {
            *out = (enum bg_key_uv)(BG_UV_REQUIRED + i);
            return true;
        }
    return false;
}
