/* SPDX-License-Identifier: ISC */
#include "record/seal.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/bech32.h"
#include "base/secret.h"

#define NEXT   "breakglass-seal-next-1\n"
#define NAME   "breakglass-seal-name-1\n"
#define DOMAIN (sizeof NEXT - 1)
#define PREFIX "bgseal"
#define J      (BG_SEAL_JOURNAL / 2) /* bytes of the journal's id */
#define RAW    (J + 8 + BG_HASH)     /* of a verification key */

enum bg_err bg_seal_mac(const struct bg_seal *s, const char *line, size_t n, char mac[BG_HASH_HEX + 1])
{
    const struct bg_part part = {line, n};
    uint8_t md[BG_HASH];
    enum bg_err r;

    if ((r = bg_hmac_sha256(s->key, sizeof s->key, &part, 1, md)) == BG_OK)
        bg_hex(mac, md, sizeof md);
    return r;
}

enum bg_err bg_seal_move(struct bg_seal *s, uint64_t number)
{
    uint8_t block[DOMAIN + BG_HASH];
    enum bg_err r = BG_OK;

    if (number < s->next || number - s->next > BG_SEAL_FAR)
        return BG_E_RANGE;
    memcpy(block, NEXT, DOMAIN);
    for (; r == BG_OK && s->next < number; s->next++) {
        memcpy(block + DOMAIN, s->key, BG_HASH);
        r = bg_sha256(block, sizeof block, s->key);
    }
    bg_wipe(block, sizeof block);
    return r;
}

/* J || S || K */
static enum bg_err raw_key(const char *journalid, const struct bg_seal *s, uint8_t raw[RAW])
{
    char id[BG_SEAL_JOURNAL + 1];

    (void)snprintf(id, sizeof id, "%.*s", BG_SEAL_JOURNAL, journalid);
    if (s->next != s->start || !bg_unhex(id, raw, J))
        return BG_E_RANGE;
    for (unsigned i = 0; i < 8; i++)
        raw[J + i] = (uint8_t)(s->start >> 8 * (7 - i));
    memcpy(raw + J + 8, s->key, BG_HASH);
    return BG_OK;
}

static enum bg_err name_of(const uint8_t raw[RAW], char name[BG_SEAL_NAME_LEN + 1])
{
    uint8_t text[DOMAIN + RAW], md[BG_HASH];
    enum bg_err r;

    memcpy(text, NAME, DOMAIN);
    memcpy(text + DOMAIN, raw, RAW);
    if ((r = bg_sha256(text, sizeof text, md)) == BG_OK)
        bg_hex(name, md, BG_SEAL_NAME_LEN / 2);
    bg_wipe(text, sizeof text);
    return r;
}

enum bg_err bg_seal_make(const char *journalid, uint64_t start, struct bg_seal *s)
{
    struct bg_seal new = {.start = start, .next = start};
    uint8_t raw[RAW];
    enum bg_err r;

    if ((r = bg_random(new.key, sizeof new.key)) == BG_OK && (r = raw_key(journalid, &new, raw)) == BG_OK &&
        (r = name_of(raw, new.name)) == BG_OK)
        *s = new;
    bg_wipe(raw, sizeof raw);
    bg_wipe(&new, sizeof new);
    return r;
}

enum bg_err bg_seal_print(const char *journalid, const struct bg_seal *s, char text[BG_SEAL_KEY_LEN + 1])
{
    uint8_t raw[RAW];
    enum bg_err r;

    if ((r = raw_key(journalid, s, raw)) == BG_OK)
        r = bg_bech32m_encode(PREFIX, raw, sizeof raw, text);
    bg_wipe(raw, sizeof raw);
    return r;
}

/* --- reading verification keys ------------------------------------------------------------------ */

static enum bg_err read_key(const char *text, struct bg_seal_key *k)
{
    uint8_t raw[RAW];
    enum bg_err r;

    memset(k, 0, sizeof *k);
    if ((r = bg_bech32m_decode(text, PREFIX, raw, sizeof raw)) == BG_OK &&
        (r = name_of(raw, k->seal.name)) == BG_OK) {
        bg_hex(k->journal, raw, J);
        k->seal.start = 0;
        for (unsigned i = 0; i < 8; i++)
            k->seal.start = k->seal.start << 8 | raw[J + i];
        k->seal.next = k->seal.start;
        memcpy(k->seal.key, raw + J + 8, BG_HASH);
    }
    bg_wipe(raw, sizeof raw);
    return r;
}

/* The next characters that count, up to a key's length; p is moved past them. */
static size_t gather(const char **p, char out[BG_SEAL_KEY_LEN + 1])
{
    bool begins = true; /* of a line */
    size_t n = 0;

    for (; **p != '\0' && n < BG_SEAL_KEY_LEN; (*p)++) {
        if (begins && **p == '#')
            *p += strcspn(*p, "\n");
        begins = **p == '\n';
        if (**p == '\0')
            break;
        if (!isspace((unsigned char)**p) && **p != '-')
            out[n++] = **p;
    }
    out[n] = '\0';
    return n;
}

static int by_start(const void *a, const void *b)
{
    uint64_t x = ((const struct bg_seal_key *)a)->seal.start, y = ((const struct bg_seal_key *)b)->seal.start;

    return (x > y) - (x < y);
}

enum bg_err bg_seal_keys(const char *text, struct bg_seal_key *key, size_t cap, size_t *n, size_t *bad)
{
    char one[BG_SEAL_KEY_LEN + 1];
    size_t got = 0;
    enum bg_err r = BG_OK;

    *bad = 0;
    while (r == BG_OK && gather(&text, one) > 0) {
        *bad = got + 1;
        r = got == cap ? BG_E_RANGE : read_key(one, &key[got]);
        got += r == BG_OK;
    }
    bg_wipe(one, sizeof one);
    if (r == BG_OK && got == 0)
        r = BG_E_NOENT;
    if (r != BG_OK)
        return r;
    qsort(key, got, sizeof *key, by_start);
    *n = got;
    return BG_OK;
}

/* --- the end of a line -------------------------------------------------------------------------- */

#define MEMBER ",\"seal\":"

enum bg_err bg_seal_tail(const char *line, size_t n, struct bg_seal_tail *t)
{
    static const char null[] = MEMBER "null}", open[] = MEMBER "\"", close[] = "\"}";
    const size_t sealed = sizeof open - 1 + BG_HASH_HEX + sizeof close - 1;
    const char *mac;

    if (n >= sizeof null - 1 && memcmp(line + n - (sizeof null - 1), null, sizeof null - 1) == 0) {
        *t = (struct bg_seal_tail){n - (sizeof null - 1), NULL};
        return BG_OK;
    }
    if (n < sealed || memcmp(line + n - sealed, open, sizeof open - 1) != 0)
        return BG_E_SYNTAX;
    mac = line + n - sealed + sizeof open - 1;
    if (memcmp(mac + BG_HASH_HEX, close, sizeof close - 1) != 0)
        return BG_E_SYNTAX;
    for (size_t i = 0; i < BG_HASH_HEX; i++)
        if (!isdigit((unsigned char)mac[i]) && (mac[i] < 'a' || mac[i] > 'f'))
            return BG_E_SYNTAX;
    *t = (struct bg_seal_tail){n - sealed, mac};
    return BG_OK;
}

#define DETAIL "seal %s from %" PRIu64

void bg_seal_detail(const struct bg_seal *s, char out[BG_SEAL_DETAIL_MAX])
{
    (void)snprintf(out, BG_SEAL_DETAIL_MAX, DETAIL, s->name, s->start);
}

bool bg_seal_begins(const char *line, size_t n, char name[BG_SEAL_NAME_LEN + 1], uint64_t *start)
{
    static const char type[] = "\"type\":\"" BG_EVENT_TYPE "journal.sealed.v1\"",
                      first[] = "\"type\":\"" BG_EVENT_TYPE "journal.genesis.v1\"",
                      key[] = "\"detail\":\"seal ";
    const size_t near = n < 1024 ? n : 1024; /* the type is in the beginning */
    const char *at = memmem(line, near, type, sizeof type - 1);
    char text[BG_SEAL_DETAIL_MAX];
    size_t left;

    if (at == NULL)
        at = memmem(line, near, first, sizeof first - 1);
    if (at == NULL || (at = memmem(line, n, key, sizeof key - 1)) == NULL)
        return false;
    at += sizeof key - 1;
    left = (size_t)(line + n - at);
    (void)snprintf(text, sizeof text, "%.*s", (int)(left < sizeof text ? left : sizeof text - 1), at);
    return sscanf(text, "%32[0-9a-f] from %" SCNu64 "\"", name, start) == 2 &&
           strlen(name) == BG_SEAL_NAME_LEN;
}
