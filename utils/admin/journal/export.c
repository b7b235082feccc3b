/* SPDX-License-Identifier: ISC */
/* breakglass journal export: the events and what this host has beside them, as one file for whoever examines
 * a use. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "account/accounts.h"
#include "admin/admin.h"
#include "admin/journal/evidence.h"
#include "admin/journal/export.h"
#include "admin/journal/journal.h"
#include "admin/journal/pack.h"
#include "admin/rows.h"
#include "admin/ui.h"
#include "record/backward.h"
#include "record/journal.h"
#include "record/lines.h"
#include "admin/messages.h"

static struct export_wish wish;

static bool parse_since(const char *value)
{
    return journal_since(value, wish.since);
}

static bool parse_use(const char *value)
{
    wish.use = value;
    return bg_ulid_valid(value);
}

const struct command_option journal_export_options[] = {
    {"since", "TIME", "only events since then: 2026-11-22T12:00 (UTC), or 30m, 2h, 7d ago",
     .parse = parse_since, .expected = JOURNAL_EXPECTED},
    {"use", "ID", "only events of this use", .parse = parse_use,
     .expected = "the 26 characters of a use's id"},
    {0},
};

/* --- which events, and what they are about ----------------------------------------------------- */

struct chosen {
    const struct export_wish *wish;
    struct pack *pack; /* NULL: only looked at */
    struct evidence about;
    uint64_t events;
};

/* The value of a member as it stands, if it needs no escape; "" otherwise. */
static void plain_value(const struct bg_rawline *l, const char *key, char *out, size_t cap)
{
    const char *at = memmem(l->text, l->len, key, strlen(key)), *end;
    size_t left = 0;

    out[0] = '\0';
    if (at == NULL)
        return;
    at += strlen(key);
    left = (size_t)(l->text + l->len - at);
    if ((end = memchr(at, '"', left)) != NULL && (size_t)(end - at) < cap)
        (void)snprintf(out, cap, "%.*s", (int)(end - at), at);
}

static void note_account(struct evidence *e, const char *name)
{
    if (!bg_name_valid(name))
        return;
    for (size_t i = 0; i < e->accounts; i++)
        if (strcmp(e->account[i], name) == 0)
            return;
    if (e->accounts == EVIDENCE_ACCOUNTS)
        return;
    e->audit_uid[e->accounts] = -1;
    (void)snprintf(e->account[e->accounts++], sizeof e->account[0], "%.39s", name);
}

static void note_time(struct evidence *e, const char *time)
{
    int64_t at;

    if (!bg_time_read(time, &at))
        return;
    at /= 1000;
    e->first = e->first == 0 || at < e->first ? at : e->first;
    e->last = at > e->last ? at : e->last;
}

static bool take(void *arg, const struct bg_rawline *l)
{
    struct chosen *c = arg;
    char value[64];

    if ((c->wish->use != NULL && !bg_line_has(l, "use", c->wish->use)) || bg_line_is_older(l, c->wish->since))
        return true;
    c->events++;
    if (c->pack != NULL) {
        pack_add(c->pack, l->text, l->len);
        pack_add(c->pack, "\n", 1);
        return true;
    }
    plain_value(l, "\"subject\":\"", value, sizeof value);
    note_account(&c->about, value);
    plain_value(l, "\"time\":\"", value, sizeof value);
    note_time(&c->about, value);
    return true;
}

/* The lines are read twice, and are the same both times: what is appended meanwhile is for another export. */
struct bounded {
    struct chosen *chosen;
    const struct bg_linepos *until;
};

static bool take_bounded(void *arg, const struct bg_rawline *l)
{
    const struct bounded *b = arg;

    if (l->number > b->until->number || (l->number == b->until->number && l->at >= b->until->at))
        return false;
    return take(b->chosen, l);
}

static enum bg_err walk(struct chosen *c, const struct bg_linepos *until)
{
    struct bounded b = {.chosen = c, .until = until};
    struct bg_linepos pos = {0};
    enum bg_err r = BG_OK;

    if (c->wish->since[0] != '\0')
        r = bg_lines_since(BG_JOURNAL_DIR, c->wish->since, &pos);
    return r == BG_OK ? bg_lines_after(BG_JOURNAL_DIR, &pos, take_bounded, &b) : r;
}

static bool stop(void *arg, const struct bg_rawline *l)
{
    (void)arg;
    (void)l;
    return false;
}

static void note_audit_uids(struct evidence *e)
{
    static struct account_rows rows;

    if (!rows_load(&rows))
        return;
    for (size_t i = 0; i < e->accounts; i++) {
        const struct account_row *row = rows_find(&rows, e->account[i]);
        if (row != NULL && row->wrong[0] == '\0' && row->has_audit_uid)
            e->audit_uid[i] = row->audit_uid;
    }
}

/* --- the pack --------------------------------------------------------------------------------- */

static void pack_text(struct pack *p, const char *name, const char *text, size_t n)
{
    pack_file(p, name);
    pack_add(p, text, n);
    pack_file_end(p);
}

static void pack_verification(struct pack *p, const json_t *verified)
{
    char *text = json_dumps(verified, JSON_INDENT(2));

    if (text != NULL)
        pack_text(p, "verification.json", text, strlen(text));
    free(text);
}

/* What is in /run alone, if there is anything. */
static void pack_waiting(struct pack *p, const struct export_wish *w)
{
    struct chosen c = {.wish = w, .pack = p};

    if (bg_journal_waiting(NULL) == 0)
        return;
    pack_file(p, "events-in-run.jsonl");
    (void)!bg_lines_walk(BG_FALLBACK_DIR, 0, take, &c);
    pack_file_end(p);
}

static void pack_evidence(struct pack *p, const struct evidence *about)
{
    for (const struct evidence_file *f = evidence_files; f->name != NULL; f++) {
        char *text = NULL;
        size_t n = 0;
        FILE *to = open_memstream(&text, &n);
        if (to == NULL)
            continue;
        f->write(about, to);
        if (fclose(to) == 0)
            pack_text(p, f->name, text, n);
        free(text);
    }
}

static enum admin_exit fault(const char *path, enum bg_err r)
{
    if (r == BG_E_EXIST)
        ui_finding(BG_M_EXPORT_EXISTS, BG_ARGS(path));
    else
        ui_finding(BG_M_EXPORT_FAILED, BG_ARGS(path, r == BG_E_IO ? strerror(errno) : bg_strerror(r)));
    return ADMIN_CANNOT;
}

static enum admin_exit write_pack(const char *path, struct chosen *c, const struct bg_linepos *until,
                                  const json_t *verified, struct export_made *made)
{
    static struct pack p;
    enum bg_err r = pack_begin(&p, path, c->about.last);

    if (r != BG_OK)
        return fault(path, r);
    c->pack = &p;
    c->events = 0;
    pack_file(&p, "events.jsonl");
    r = walk(c, until);
    pack_file_end(&p);
    if (r != BG_OK && p.bad == BG_OK)
        p.bad = r;
    pack_waiting(&p, c->wish);
    pack_verification(&p, verified);
    pack_evidence(&p, &c->about);
    r = pack_finish(&p, made->sum);
    if (r != BG_OK) {
        json_decref(p.files);
        return fault(path, r);
    }
    made->events = c->events;
    made->files = p.files;
    return ADMIN_GOOD;
}

enum admin_exit export_make(const char *path, const struct export_wish *w, struct export_made *made)
{
    struct chosen c = {.wish = w};
    struct bg_linepos until = {0};
    json_t *verified = json_object();
    enum admin_exit x = journal_look(verified, false);
    enum bg_err r;

    if (x == ADMIN_GOOD) {
        if ((r = bg_lines_back(BG_JOURNAL_DIR, &until, stop, NULL)) == BG_OK)
            r = walk(&c, &until);
        note_audit_uids(&c.about);
        x = r == BG_OK ? write_pack(path, &c, &until, verified, made) : journal_none(r);
    }
    json_decref(verified);
    return x;
}

enum admin_exit journal_export(char *const words[], json_t *root)
{
    struct export_made made;
    enum admin_exit x = export_make(words[0], &wish, &made);

    if (x != ADMIN_GOOD)
        return x;
    (void)json_object_update_new(root,
                                 json_pack("{s:s, s:I, s:s, s:o}", "file", words[0], "events",
                                           (json_int_t)made.events, "hash", made.sum, "files", made.files));
    ui_text("%s, and what this host has beside that, in %s.\nIts SHA-256 is\n%s\n",
            BG_COUNTED(made.events, "event"), words[0], made.sum);
    return ADMIN_GOOD;
}
