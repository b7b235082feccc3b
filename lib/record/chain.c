/* SPDX-License-Identifier: ISC */
#include "record/chain.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/secret.h"

#define HASH_KEY   ",\"linehash\":\""
#define SEAL_KEY   "\",\"seal\":"
#define TAIL_ROOM  (sizeof HASH_KEY + BG_HASH_HEX + sizeof SEAL_KEY + 8)
#define SEQ_DIGITS 20

enum bg_err bg_chain_begin(struct bg_chain *c)
{
    uint8_t id[BG_JOURNALID_LEN / 2];
    enum bg_err r;

    if ((r = bg_random(id, sizeof id)) != BG_OK)
        return r;
    bg_hex(c->last.journalid, id, sizeof id);
    c->last.sequence = 0;
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

enum bg_err bg_chain_link(json_t *ev, struct bg_chain *c, char *line, size_t *len)
{
    char number[SEQ_DIGITS + 1], own[BG_HASH_HEX + 1], head[BG_HASH_HEX + 1];
    size_t n;
    enum bg_err r;

    (void)snprintf(number, sizeof number, "%020" PRIu64, c->last.sequence + 1);
    (void)json_object_del(ev, "linehash"); /* of an earlier chain */
    (void)json_object_del(ev, "seal");
    if (json_object_set_new(ev, "journalid", json_string(c->last.journalid)) != 0 ||
        json_object_set_new(ev, "sequence", json_string(number)) != 0 ||
        json_object_set_new(ev, "prevhash", json_string(c->head)) != 0)
        return BG_E_NOMEM;
    if ((r = open_text(ev, line, &n)) != BG_OK || (r = bg_sha256_hex(line, n, own)) != BG_OK)
        return r;
    n += (size_t)snprintf(line + n, BG_LINE_MAX - n, HASH_KEY "%s" SEAL_KEY "null}", own);
    if ((r = bg_sha256_hex(line, n, head)) != BG_OK)
        return r;
    memcpy(c->head, head, sizeof head);
    c->last.sequence++;
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
        n = snprintf(tail, sizeof tail, HASH_KEY "%s" SEAL_KEY "null}", said);
    else if (json_is_string(seal))
        n = snprintf(tail, sizeof tail, HASH_KEY "%s" SEAL_KEY "\"%s\"}", said, json_string_value(seal));
    else
        return "the seal is neither null nor a string";
    if (n < 0 || (size_t)n >= sizeof tail || (size_t)n > len || memcmp(line + len - n, tail, (size_t)n) != 0)
        return "the line does not end in its hash and its seal";
    if (bg_sha256_hex(line, len - (size_t)n, own) != BG_OK)
        return "SHA-256 is not available";
    return strcmp(own, said) == 0 ? NULL : "the line was changed: its own hash does not match";
}
