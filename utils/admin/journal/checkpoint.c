/* SPDX-License-Identifier: ISC */
/* breakglass journal checkpoint, and journal verify --checkpoint */
#include "admin/journal/checkpoint.h"

#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "admin/journal/journal.h"
#include "admin/ui.h"
#include "base/bech32.h"
#include "code.h"
#include "base/clock.h"
#include "base/host.h"
#include "base/safefile.h"
#include "record/lines.h"
#include "record/segment.h"
#include "admin/messages.h"

#define PREFIX    "bgp"
#define BYTES     (CHECKPOINT_JOURNAL + 8 + BG_HASH)
#define GROUP     5 /* characters between blanks on paper */
#define MESSAGE   160
#define HOST_MAX  36 /* of a message */
#define GIVEN_MAX 4096

static bool sheet, code;

const struct command_option journal_checkpoint_options[] = {
    {"qr", NULL, "show it as a code as well, on a terminal", .flag = &code},
    {"sheet", NULL, "for a sheet of paper: in groups, with a place for a name", .flag = &sheet},
    {0},
};

enum bg_err checkpoint_print(const struct bg_chain *end, char out[CHECKPOINT_LEN + 1])
{
    uint8_t bytes[BYTES], id[BG_JOURNALID_LEN / 2];
    char text[BG_BECH32_MAX + 1];
    enum bg_err r;

    if (!bg_unhex(end->last.journalid, id, sizeof id) ||
        !bg_unhex(end->head, bytes + CHECKPOINT_JOURNAL + 8, BG_HASH))
        return BG_E_SYNTAX;
    memcpy(bytes, id, CHECKPOINT_JOURNAL);
    for (unsigned i = 0; i < 8; i++)
        bytes[CHECKPOINT_JOURNAL + i] = (uint8_t)(end->last.sequence >> (56 - 8 * i));
    if ((r = bg_bech32m_encode(PREFIX, bytes, sizeof bytes, text)) != BG_OK)
        return r;
    (void)snprintf(out, CHECKPOINT_LEN + 1, "%.*s", CHECKPOINT_LEN, text);
    return BG_OK;
}

static bool decode(const char *text, struct checkpoint *c)
{
    char one[CHECKPOINT_LEN + 1];
    uint8_t bytes[BYTES];

    if (strlen(text) < CHECKPOINT_LEN)
        return false;
    (void)snprintf(one, sizeof one, "%.*s", CHECKPOINT_LEN, text);
    if (bg_bech32m_decode(one, PREFIX, bytes, sizeof bytes) != BG_OK)
        return false;
    memcpy(c->journal, bytes, sizeof c->journal);
    memcpy(c->hash, bytes + CHECKPOINT_JOURNAL + 8, BG_HASH);
    c->sequence = 0;
    for (unsigned i = 0; i < 8; i++)
        c->sequence = c->sequence << 8 | bytes[CHECKPOINT_JOURNAL + i];
    return true;
}

bool checkpoint_read(const char *text, struct checkpoint *c)
{
    char bare[GIVEN_MAX];
    size_t n = 0;

    for (; *text != '\0' && n < sizeof bare - 1; text++)
        if (!isspace((unsigned char)*text) && *text != '-')
            bare[n++] = (char)tolower((unsigned char)*text);
    bare[n] = '\0';
    for (const char *p = bare; (p = strstr(p, PREFIX "1")) != NULL; p++)
        if (decode(p, c))
            return true;
    return false;
}

/* --- journal checkpoint ------------------------------------------------------------------------- */

/* The end of the journal, on the disk: a power cut must not make a liar of the checkpoint. */
static enum bg_err durable_end(struct bg_chain *end)
{
    struct bg_tail t;
    off_t size;
    unsigned bad;
    int dir, fd = -1;
    enum bg_err r;

    if ((r = bg_segdir_open(BG_JOURNAL_DIR, false, &dir)) != BG_OK)
        return r;
    memset(&t, 0, sizeof t);
    if ((r = bg_tail_find(dir, &t, &bad)) == BG_OK && !t.begun)
        r = BG_E_NOENT;
    if (r == BG_OK && (r = bg_segment_open(dir, t.number, O_RDONLY, &fd, &size)) == BG_OK && fsync(fd) != 0)
        r = BG_E_IO;
    bg_close(fd);
    bg_close(dir);
    if (r == BG_OK)
        *end = t.chain;
    return r;
}

static void print_sheet(const char *host, const char *when, uint64_t number, const char *text)
{
    ui_text("breakglass checkpoint   %s\nline %" PRIu64 " of the journal   %.16sZ\n\n   ", host, number,
            when);
    for (size_t i = 0; i < CHECKPOINT_LEN; i += GROUP)
        ui_text("%s%.*s", i > 0 && i % (12 * GROUP) == 0 ? "\n    " : " ", GROUP, text + i);
    ui_text("\n\nseen by ____________________   on ____________________\n");
}

/* In capitals a code of it is small enough for a terminal. */
static void show_code(const char *text)
{
    char capitals[CHECKPOINT_LEN + 1];

    for (size_t i = 0; i <= CHECKPOINT_LEN; i++)
        capitals[i] = (char)toupper((unsigned char)text[i]);
    if (!code_show(stdout, capitals))
        ui_note(BG_M_CHECKPOINT_NO_CODE, BG_NOARGS);
}

enum admin_exit journal_checkpoint(char *const words[], json_t *root)
{
    char text[CHECKPOINT_LEN + 1], host[256], when[BG_TIME_LEN], message[MESSAGE + 1];
    struct bg_chain end;
    enum bg_err r;

    (void)words;
    if ((r = durable_end(&end)) != BG_OK || (r = checkpoint_print(&end, text)) != BG_OK)
        return journal_none(r);
    bg_host_name(host, sizeof host);
    (void)bg_time_rfc3339(when);
    (void)snprintf(message, sizeof message, "%.*s %.16sZ line %" PRIu64 "\n%s", HOST_MAX, host, when,
                   end.last.sequence, text);
    if (sheet)
        print_sheet(host, when, end.last.sequence, text);
    else
        ui_text("%s\n", message);
    if (code && ui_form() == UI_TEXT && !ui_is_quiet())
        show_code(text);
    (void)json_object_update_new(
        root, json_pack("{s:s, s:s, s:I, s:s, s:s}", "checkpoint", text, "journalid", end.last.journalid,
                        "sequence", (json_int_t)end.last.sequence, "head", end.head, "message", message));
    return ADMIN_GOOD;
}

/* --- journal verify --checkpoint ---------------------------------------------------------------- */

struct lookup {
    const struct checkpoint *c;
    char member[40]; /* what the line has in it */
    bool there, same, this_journal;
};

/* The line of that number has that hash. */
static void found(struct lookup *k, const uint8_t hash[BG_HASH])
{
    k->there = true;
    k->same = memcmp(hash, k->c->hash, BG_HASH) == 0;
}

static bool look(void *arg, const struct bg_rawline *l)
{
    struct lookup *k = arg;
    uint8_t hash[BG_HASH], id[BG_JOURNALID_LEN / 2];
    struct bg_chain at;
    json_t *ev;

    if (!l->whole || (k->this_journal && memmem(l->text, l->len, k->member, strlen(k->member)) == NULL) ||
        bg_chain_parse(l->text, l->len, &ev, &at) != BG_OK)
        return true;
    json_decref(ev);
    k->this_journal =
        bg_unhex(at.last.journalid, id, sizeof id) && memcmp(id, k->c->journal, sizeof k->c->journal) == 0;
    if (at.last.sequence == k->c->sequence && bg_sha256(l->text, l->len, hash) == BG_OK)
        found(k, hash);
    return k->this_journal && !k->there;
}

/* Of a line that was removed nothing is left to compare, but for the last one, whose hash is on record. */
static void look_trimmed(struct lookup *k, const struct bg_verify *v)
{
    uint8_t hash[BG_HASH];

    if (k->c->sequence == v->trimmed && bg_unhex(v->trimmed_head, hash, BG_HASH))
        found(k, hash);
}

enum admin_exit checkpoint_look(const char *text, const char *copy, const struct bg_verify *v, json_t *root)
{
    struct checkpoint c;
    struct lookup k = {.c = &c};
    enum bg_err r;

    if (!checkpoint_read(text, &c))
        return admin_bad_value("", "checkpoint", "what \"journal checkpoint\" printed, without a mistake");
    (void)snprintf(k.member, sizeof k.member, "\"%020" PRIu64 "\"", c.sequence);
    r = journal_walk(copy, 0, look, &k);
    if (r != BG_OK && r != BG_E_NOENT)
        return journal_none_in(copy, r);
    if (!k.there && k.this_journal)
        look_trimmed(&k, v);
    if (r == BG_OK && !k.this_journal)
        ui_finding(BG_M_CHECKPOINT_OTHER, BG_NOARGS);
    else if (!k.there && c.sequence < v->trimmed)
        ui_note(BG_M_CHECKPOINT_TRIMMED, BG_ARGS(BG_DIGITS(c.sequence), BG_DIGITS(v->trimmed_by)));
    else if (!k.there)
        ui_finding(BG_M_CHECKPOINT_MISSING, BG_ARGS(BG_DIGITS(c.sequence)));
    else if (!k.same)
        ui_finding(BG_M_CHECKPOINT_CHANGED, BG_ARGS(BG_DIGITS(c.sequence)));
    else
        ui_text("The checkpoint of line %s holds.\n", BG_DIGITS(c.sequence));
    (void)json_object_set_new(root, "checkpoint",
                              json_pack("{s:I, s:b}", "sequence", (json_int_t)c.sequence, "holds", k.same));
    return ADMIN_GOOD;
}
