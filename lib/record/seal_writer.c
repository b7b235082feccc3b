/* SPDX-License-Identifier: ISC */
#include "record/seal.h"

#include <stdio.h>
#include <string.h>
#include "base/secret.h"
#include "record/chain.h"
#include "record/lines.h"
#include "record/scan.h"

#define LAG_MAX   2000     /* lines that are gone after in one append: well below a second */
#define LAG_BYTES 32000000 /* at the end of the journal, for these */
#define LAG_CUT   200 /* lines that a power cut may leave behind the key: two appends with all they lead */

const char *bg_seal_fault_text(enum bg_seal_fault f)
{
    static const char *const text[] = {
        [BG_SEAL_SOUND] = "nothing is wrong with it",
        [BG_SEAL_NONE] = "there is none",
        [BG_SEAL_MISSING] = "its file is missing",
        [BG_SEAL_DAMAGED] = "its file is damaged",
        [BG_SEAL_UNSAFE] = "its file is not root's alone",
        [BG_SEAL_UNREADABLE] = "its file cannot be read",
        [BG_SEAL_FOREIGN] = "its file is that of another journal",
        [BG_SEAL_AHEAD] = "its file is ahead of the journal",
        [BG_SEAL_BEHIND] = "its file is an old one, too far behind the journal",
        [BG_SEAL_MISFIT] = "its file does not fit the last lines",
    };

    return text[f];
}

void bg_seal_open(struct bg_seal_writer *w, const char *dir, bool sealed)
{
    enum bg_err r;

    memset(w, 0, sizeof *w);
    bg_seal_path(w->path, dir);
    r = bg_seal_load(w->path, &w->state);
    w->fault = BG_SEAL_SOUND;
    if (r == BG_OK)
        return;
    memset(&w->state, 0, sizeof w->state);
    w->fault = r == BG_E_NOENT    ? sealed ? BG_SEAL_MISSING : BG_SEAL_NONE
               : r == BG_E_SYNTAX ? BG_SEAL_DAMAGED
               : r == BG_E_UNSAFE ? BG_SEAL_UNSAFE
                                  : BG_SEAL_UNREADABLE;
}

struct lag {
    struct bg_seal_writer *w;
    uint64_t from, to;
    bool unsealed, misfit;
    enum bg_err result;
};

static void take_turn(struct bg_seal_state *s)
{
    s->now = s->coming;
    memset(&s->coming, 0, sizeof s->coming);
}

/* Is it sealed with the key of its number? One that is not sealed at all is told of, not refused. */
static bool fits(struct lag *g, uint64_t number, const struct bg_rawline *l)
{
    struct bg_seal *now = &g->w->state.now;
    struct bg_seal_tail t;
    char mac[BG_HASH_HEX + 1];

    if (now->name[0] == '\0')
        return true;
    if (number < now->next || bg_seal_tail(l->text, l->len, &t) != BG_OK)
        return false;
    if ((g->result = bg_seal_move(now, number)) != BG_OK ||
        (g->result = bg_seal_mac(now, l->text, t.covered, mac)) != BG_OK ||
        (g->result = bg_seal_move(now, number + 1)) != BG_OK)
        return false;
    g->unsealed = g->unsealed || t.mac == NULL;
    return t.mac == NULL || bg_ct_equal(mac, t.mac, BG_HASH_HEX);
}

/* Did the line in front of the coming seal get there? */
static void look_for_coming(struct lag *g, uint64_t number, const struct bg_rawline *l)
{
    struct bg_seal_state *s = &g->w->state;
    char name[BG_SEAL_NAME_LEN + 1];
    uint64_t start;

    if (s->coming.name[0] != '\0' && number + 1 == s->coming.start &&
        bg_seal_begins(l->text, l->len, name, &start) && start == s->coming.start &&
        strcmp(name, s->coming.name) == 0)
        take_turn(s);
}

static bool go_after(void *arg, const struct bg_rawline *l)
{
    struct lag *g = arg;
    struct bg_scan s; /* without a parser where it can be: there may be 2000, at each append */
    uint64_t number;
    json_t *ev;

    if (!l->whole)
        return true;
    if (!bg_scan_line(l->text, l->len, &s)) {
        if (bg_chain_parse(l->text, l->len, &ev, &s.at) != BG_OK)
            return true; /* no event: its number is passed over */
        json_decref(ev);
    }
    number = s.at.last.sequence;
    if (number < g->from || number > g->to)
        return true;
    g->misfit = !fits(g, number, l);
    if (!g->misfit)
        look_for_coming(g, number, l);
    return !g->misfit;
}

static enum bg_seal_fault walk(struct lag *g, const char *dir)
{
    uint64_t lines = g->to + 1 - g->from;
    enum bg_err r;

    if (lines > LAG_MAX)
        return BG_SEAL_BEHIND;
    r = bg_lines_walk(dir, lines * BG_LINE_MAX < LAG_BYTES ? (off_t)(lines * BG_LINE_MAX) : LAG_BYTES,
                      go_after, g);
    if (r != BG_OK && r != BG_E_NOENT)
        return BG_SEAL_UNREADABLE;
    return g->misfit ? BG_SEAL_MISFIT : BG_SEAL_SOUND;
}

/* Where the walk begins: at the line that the key is for, else in front of the seal that is to come. Where
 * there is a key, what comes begins behind it: the line in front of a seal is one of the seal before. */
static uint64_t first_of(const struct bg_seal_state *s)
{
    if (s->now.name[0] != '\0')
        return s->now.next;
    return s->coming.name[0] != '\0' ? s->coming.start - 1 : UINT64_MAX;
}

static bool of_this_boot(const struct bg_seal_state *s)
{
    char boot[BG_BOOT_ID_LEN + 1];

    bg_host_boot_id(boot);
    return strcmp(boot, s->boot) == 0;
}

/* The lines are gone after. Was it older than a crash makes it? */
static void judge(struct bg_seal_writer *w, const struct lag *g, uint64_t written)
{
    bool old = of_this_boot(&w->state) ? written > w->state.last.sequence : g->to + 1 - g->from > LAG_CUT;

    w->stale = g->unsealed || old;
    w->stood = g->from;
    w->reached = g->to;
}

void bg_seal_catch_up(struct bg_seal_writer *w, const char *dir, const struct bg_chain *end, uint64_t written)
{
    struct bg_seal_state *s = &w->state;
    struct lag g = {.w = w, .to = end->last.sequence};

    if (w->fault != BG_SEAL_SOUND)
        return;
    if (strcmp(s->journalid, end->last.journalid) != 0) {
        w->fault = BG_SEAL_FOREIGN;
        return;
    }
    g.from = first_of(s);
    if (g.from <= g.to && (w->fault = walk(&g, dir)) == BG_SEAL_SOUND) {
        w->changed = true;
        judge(w, &g, written);
    }
    if (w->fault != BG_SEAL_SOUND)
        return;
    w->changed = w->changed || s->coming.name[0] != '\0';
    memset(&s->coming, 0, sizeof s->coming); /* its line never got there */
    if (s->now.name[0] == '\0')
        w->fault = BG_SEAL_NONE;
    else if (s->now.next > g.to + 1)
        w->fault = BG_SEAL_AHEAD;
    else if (bg_seal_move(&s->now, g.to + 1) != BG_OK)
        w->fault = BG_SEAL_BEHIND;
}

struct bg_seal *bg_seal_now(struct bg_seal_writer *w)
{
    return w->fault == BG_SEAL_SOUND ? &w->state.now : NULL;
}

enum bg_err bg_seal_prepare(struct bg_seal_writer *w, const char *journalid, const struct bg_seal *coming)
{
    struct bg_seal_state *s = &w->state;

    if (w->fault != BG_SEAL_SOUND) { /* there is nothing that could be lost */
        memset(s, 0, sizeof *s);
        memset(s->last.hash, '0', BG_HASH_HEX);
        (void)snprintf(s->journalid, sizeof s->journalid, "%s", journalid);
        bg_host_boot_id(s->boot);
    }
    s->coming = *coming;
    return bg_seal_save(w->path, s);
}

bool bg_seal_keep(struct bg_seal_writer *w, const struct bg_chain *end, bool begun)
{
    struct bg_seal_state *s = &w->state;

    if (begun) {
        take_turn(s);
        w->fault = BG_SEAL_SOUND;
    }
    if (w->fault != BG_SEAL_SOUND)
        return true;
    s->last.sequence = end->last.sequence;
    memcpy(s->last.hash, end->head, sizeof s->last.hash);
    bg_host_boot_id(s->boot);
    return bg_seal_save(w->path, s) == BG_OK;
}
