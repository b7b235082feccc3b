/* SPDX-License-Identifier: ISC */
#include "key/textkey.h"

#include <stdio.h>
#include <string.h>
#include "base/hash.h"
#include "base/text.h"

#define FIRST "breakglass-text-key-1"

static const char *const types[] = {[BG_FIDO_ES256] = "es256", [BG_FIDO_EDDSA] = "eddsa"};

bool bg_key_label_valid(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-");

    return n > 0 && n < BG_KEY_LABEL && s[n] == '\0';
}

/* All but the proof; returns the length. */
static size_t print_facts(const struct bg_textkey *k, char out[BG_TEXTKEY_LINE])
{
    char id[2 * BG_FIDO_ID + 1], public_key[2 * BG_FIDO_PUBLIC + 1], aaguid[2 * BG_FIDO_AAGUID + 1];

    bg_hex(id, k->id.bytes, k->id.len);
    bg_hex(public_key, k->pub.bytes, bg_fido_public_len(k->pub.type));
    bg_hex(aaguid, k->aaguid, sizeof k->aaguid);
    return (size_t)snprintf(out, BG_TEXTKEY_LINE, FIRST " %s %s %s %u %s %s", types[k->pub.type], k->name,
                            aaguid, k->firmware, id, public_key);
}

enum bg_err bg_textkey_hash(const struct bg_textkey *k, uint8_t out[BG_FIDO_HASH])
{
    char text[BG_TEXTKEY_LINE];

    return bg_sha256(text, print_facts(k, text), out);
}

void bg_textkey_print(const struct bg_textkey *k, char out[BG_TEXTKEY_LINE])
{
    char sig[2 * BG_RESPONSE_SIG + 1];
    size_t at = print_facts(k, out);

    bg_hex(sig, k->proof.sig, sizeof k->proof.sig);
    (void)snprintf(out + at, BG_TEXTKEY_LINE - at, " %u %u %s", k->proof.flags, k->proof.counter, sig);
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool read_type(const char *word, enum bg_fido_type *out)
{
    for (size_t i = BG_FIDO_ES256; i <= BG_FIDO_EDDSA; i++)
        if (strcmp(word, types[i]) == 0) {
            *out = (enum bg_fido_type)i;
            return true;
        }
    return false;
}

static bool read_bytes(const char *word, uint8_t *out, size_t n)
{
    return strlen(word) == 2 * n && bg_unhex(word, out, n);
}

static bool read_id(const char *word, struct bg_fido_id *id)
{
    size_t n = strlen(word) / 2;

    if (n == 0 || n > BG_FIDO_ID || !read_bytes(word, id->bytes, n))
        return false;
    id->len = (uint16_t)n;
    return true;
}

/* The words of the line, by their place. */
static bool read_word(struct bg_textkey *k, size_t at, const char *word)
{
    uint32_t flags;

    switch (at) {
    case 0:
        return strcmp(word, FIRST) == 0;
    case 1:
        return read_type(word, &k->pub.type);
    case 2:
        (void)snprintf(k->name, sizeof k->name, "%s", word);
        return bg_key_label_valid(word);
    case 3:
        return read_bytes(word, k->aaguid, sizeof k->aaguid);
    case 4:
        return bg_number(word, 0, UINT32_MAX, &k->firmware);
    case 5:
        return read_id(word, &k->id);
    case 6:
        return read_bytes(word, k->pub.bytes, bg_fido_public_len(k->pub.type));
    case 7:
        if (!bg_number(word, 0, 63, &flags))
            return false;
        k->proof.flags = (uint8_t)flags;
        return true;
    case 8:
        return bg_number(word, 0, UINT32_MAX, &k->proof.counter);
    default:
        return at == 9 && read_bytes(word, k->proof.sig, sizeof k->proof.sig);
    }
}

enum bg_err bg_textkey_read(const char *line, struct bg_textkey *out)
{
    char copy[BG_TEXTKEY_LINE], *save = NULL;
    struct bg_textkey k = {0};
    size_t at = 0;

    if (strlen(line) >= sizeof copy)
        return BG_E_SYNTAX;
    (void)snprintf(copy, sizeof copy, "%s", line);
    for (char *w = strtok_r(copy, " \t\r\n", &save); w != NULL; w = strtok_r(NULL, " \t\r\n", &save))
        if (!read_word(&k, at++, w))
            return BG_E_SYNTAX;
    if (at != 10)
        return BG_E_SYNTAX;
    *out = k;
    return BG_OK;
}

enum bg_err bg_textkey_verify(const struct bg_textkey *k, struct bg_fido_said *said,
                              enum bg_fido_fault *fault)
{
    uint8_t hash[BG_FIDO_HASH];
    enum bg_err r = bg_textkey_hash(k, hash);

    return r == BG_OK ? bg_response_verify(&k->proof, &k->pub, hash, said, fault) : r;
}
