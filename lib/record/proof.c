/* SPDX-License-Identifier: ISC */
#include "record/proof.h"

#include <string.h>
#include "record/event.h"
#include "record/scan.h"
#include "record/tamper.h"

static const char no_hash[] = "SHA-256 is not available";

static bool of_the_journal(const struct bg_scan *s)
{
    static const enum bg_event_type kinds[] = {
        BG_EV_JOURNAL_GENESIS,  BG_EV_TAMPER_DETECTED,  BG_EV_JOURNAL_SETASIDE, BG_EV_JOURNAL_LOST,
        BG_EV_JOURNAL_ACCEPTED, BG_EV_JOURNAL_UNSEALED, BG_EV_JOURNAL_SEAL_OLD, BG_EV_JOURNAL_TRIMMED};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const char *type = bg_event_kind(kinds[i])->type;
        if (strlen(type) == s->type_len && memcmp(type, s->type, s->type_len) == 0)
            return true;
    }
    return false;
}

/* What the parser makes of it, which knows every form that a line may have. */
static const char *parsed(const char *line, size_t len, struct bg_proof *p)
{
    const char *fault;

    if (bg_chain_parse(line, len, &p->ev, &p->at) != BG_OK)
        return "the line is not an event of a journal";
    p->sealed = json_is_string(json_object_get(p->ev, "seal"));
    if ((fault = bg_chain_fault(line, len, p->ev)) == NULL && bg_sha256_hex(line, len, p->hash) != BG_OK)
        fault = no_hash;
    if (fault != NULL)
        bg_proof_drop(p);
    return fault;
}

static const char *scanned(struct bg_hasher *h, const char *line, size_t len, const struct bg_scan *s,
                           struct bg_proof *p)
{
    uint8_t own[BG_HASH], all[BG_HASH];
    char said[BG_HASH_HEX + 1];

    if (bg_sha256_both(h, line, s->body, len, own, all) != BG_OK)
        return no_hash;
    bg_hex(said, own, BG_HASH);
    if (memcmp(said, s->linehash, BG_HASH_HEX) != 0)
        return "the line was changed: its own hash does not match";
    bg_hex(p->hash, all, BG_HASH);
    p->at = s->at;
    p->sealed = s->sealed;
    return NULL;
}

const char *bg_proof_line(struct bg_hasher *h, const char *line, size_t len, struct bg_proof *p)
{
    struct bg_scan s;

    memset(p, 0, sizeof *p);
    if (len >= BG_LINE_MAX)
        return "the line is not an event of a journal";
    if (bg_scan_line(line, len, &s) && !of_the_journal(&s))
        return scanned(h, line, len, &s, p);
    return parsed(line, len, p);
}

void bg_proof_drop(struct bg_proof *p)
{
    json_decref(p->ev);
    p->ev = NULL;
}
