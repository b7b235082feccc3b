/* SPDX-License-Identifier: ISC */
#include "record/chain.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/secret.h"
#include "record/seal.h"

#define HASH_KEY   ",\"linehash\":\""
#define SEAL_KEY   ",\"seal\":"
#define TAIL_ROOM  (sizeof HASH_KEY + BG_HASH_HEX + sizeof SEAL_KEY + BG_HASH_HEX + 8)
#define SEQ_DIGITS 20

enum bg_err bg_chain_begin(struct bg_chain *c)
{
    uint8_t id[BG_JOURNALID_LEN / 2];
    enum bg_err r;

    if ((r = bg_random(id, sizeof id)) != BG_OK)
        return r;
    bg_hex(c->last.journalid, id, sizeof id);
    c->last.sequence = 0;
    c->sealed = false;
    memset(c->head, '0', BG_HASH_HEX);
    c->head[BG_HASH_HEX] = '\0';
    return BG_OK;
}

/* The text of ev without its last brace. */
static enum bg_err open_text(const json_t *ev, char *line, size_t *len)
{
    size_t n = json_dumpb(ev, line, BG_LINE_MAX, JSON_COMPACT);

    if (n == 0)
        return BG_E_NOMEM;
    if (n + TAIL_ROOM > BG_LINE_MAX)
        return BG_E_RANGE;
    *len = n - 1;
    return BG_OK;
}

static bool begins_a_seal(const char *line, size_t n)
{
    char name[BG_SEAL_NAME_LEN + 1];
    uint64_t start;

    return bg_seal_begins(line, n, name, &start);
}

/* Hash and seal, behind the n bytes of the others. */
static enum bg_err close_line(const struct bg_seal *seal, char *line, size_t *n)
{
    char own[BG_HASH_HEX + 1], mac[BG_HASH_HEX + 1];
    size_t at = *n;
    enum bg_err r;

    if ((r = bg_sha256_hex(line, at, own)) != BG_OK)
        return r;
    at += (size_t)snprintf(line + at, BG_LINE_MAX - at, HASH_KEY "%s\"", own);
    if (seal == NULL) {
        at += (size_t)snprintf(line + at, BG_LINE_MAX - at, SEAL_KEY "null}");
    } else {
        if ((r = bg_seal_mac(seal, line, at, mac)) != BG_OK)
            return r;
        at += (size_t)snprintf(line + at, BG_LINE_MAX - at, SEAL_KEY "\"%s\"}", mac);
    }
    *n = at;
    return BG_OK;
}

enum bg_err bg_chain_link(json_t *ev, struct bg_chain *c, struct bg_seal *seal, char *line, size_t *len)
{
    char number[SEQ_DIGITS + 1], head[BG_HASH_HEX + 1];
    size_t n;
    enum bg_err r;

    (void)snprintf(number, sizeof number, "%020" PRIu64, c->last.sequence + 1);
    (void)json_object_del(ev, "linehash"); /* of an earlier chain */
    (void)json_object_del(ev, "seal");
    if (json_object_set_new(ev, "journalid", json_string(c->last.journalid)) != 0 ||
        json_object_set_new(ev, "sequence", json_string(number)) != 0 ||
        json_object_set_new(ev, "prevhash", json_string(c->head)) != 0)
        return BG_E_NOMEM;
    if (seal != NULL && seal->next != c->last.sequence + 1)
        return BG_E_RANGE;
    if ((r = open_text(ev, line, &n)) != BG_OK || (r = close_line(seal, line, &n)) != BG_OK ||
        (r = bg_sha256_hex(line, n, head)) != BG_OK)
        return r;
    if (seal != NULL && (r = bg_seal_move(seal, seal->next + 1)) != BG_OK)
        return r;
    memcpy(c->head, head, sizeof head);
    c->last.sequence++;
    c->sealed = seal != NULL || begins_a_seal(line, n);
    line[n] = '\n';
    line[n + 1] = '\0';
    *len = n + 1;
    return BG_OK;
}

enum bg_err bg_chain_loose(json_t *ev, char *line, size_t *len)
{
    static const char *const links[] = {"journalid", "sequence", "prevhash", "linehash", "seal"};
    enum bg_err r;

    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++)
        (void)json_object_del(ev, links[i]);
    if ((r = open_text(ev, line, len)) != BG_OK)
        return r;
    line[(*len)++] = '}';
    line[*len] = '\0';
    return BG_OK;
}

static bool all_of(const char *s, size_t n, const char *set)
{
    return strlen(s) == n && strspn(s, set) == n;
}

enum bg_err bg_chain_parse(const char *line, size_t len, json_t **out, struct bg_chain *at)
{
    json_t *ev = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
    const char *id = bg_json_str(ev, "journalid"), *number = bg_json_str(ev, "sequence");
    const char *prev = bg_json_str(ev, "prevhash");

    if (!json_is_object(ev) || !all_of(id, BG_JOURNALID_LEN, "0123456789abcdef") ||
        !all_of(number, SEQ_DIGITS, "0123456789") || !all_of(prev, BG_HASH_HEX, "0123456789abcdef")) {
        json_decref(ev);
        return BG_E_SYNTAX;
    }
    memcpy(at->last.journalid, id, sizeof at->last.journalid);
    memcpy(at->head, prev, sizeof at->head);
    at->last.sequence = strtoull(number, NULL, 10);
    at->sealed = json_is_string(json_object_get(ev, "seal")) || begins_a_seal(line, len);
    *out = ev;
    return BG_OK;
}

const char *bg_chain_fault(const char *line, size_t len, const json_t *ev)
{
    const json_t *seal = json_object_get(ev, "seal");
    const char *said = bg_json_str(ev, "linehash");
    char tail[TAIL_ROOM + 512], own[BG_HASH_HEX + 1];
    int n;

    if (json_is_null(seal))
        n = snprintf(tail, sizeof tail, HASH_KEY "%s\"" SEAL_KEY "null}", said);
    else if (all_of(json_is_string(seal) ? json_string_value(seal) : "", BG_HASH_HEX, "0123456789abcdef"))
        n = snprintf(tail, sizeof tail, HASH_KEY "%s\"" SEAL_KEY "\"%s\"}", said, json_string_value(seal));
    else
        return "the seal is neither null nor 64 hex digits";
    if (n < 0 || (size_t)n >= sizeof tail || (size_t)n > len || memcmp(line + len - n, tail, (size_t)n) != 0)
        return "the line does not end in its hash and its seal";
    if (bg_sha256_hex(line, len - (size_t)n, own) != BG_OK)
        return "SHA-256 is not available";
    return strcmp(own, said) == 0 ? NULL : "the line was changed: its own hash does not match";
}
