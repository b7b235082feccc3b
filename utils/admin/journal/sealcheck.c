/* SPDX-License-Identifier: ISC */
/* breakglass journal verify --key: every seal from the keys' first numbers on */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "admin/admin.h"
#include "admin/journal/journal.h"
#include "admin/ui.h"
#include "base/safefile.h"
#include "base/secret.h"
#include "record/chain.h"
#include "record/journal.h"
#include "record/lines.h"
#include "record/scan.h"
#include "record/seal.h"
#include "admin/messages.h"

#define KEYS_MAX 16384 /* bytes of a file of keys */

struct look {
    struct bg_seal_key key[BG_SEAL_KEYS];
    size_t keys;
    struct bg_seal_check check;
    char journalid[BG_JOURNALID_LEN + 1];
    enum bg_err result;
};

/* Of a file, or standard input: whatever it is, at most KEYS_MAX bytes of it. */
static enum bg_err read_text(const char *path, char text[KEYS_MAX])
{
    int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    size_t n = 0;
    ssize_t got = 1;

    if (fd < 0)
        return errno == ENOENT ? BG_E_NOENT : BG_E_IO;
    while (got > 0 && n < KEYS_MAX - 1)
        if ((got = read(fd, text + n, KEYS_MAX - 1 - n)) > 0)
            n += (size_t)got;
    if (fd != STDIN_FILENO)
        bg_close(fd);
    text[n] = '\0';
    return got < 0 ? BG_E_IO : got == 0 ? BG_OK : BG_E_RANGE;
}

static bool load_keys(const char *path, struct look *l)
{
    char text[KEYS_MAX], which[48];
    size_t bad = 0;
    enum bg_err r = read_text(path, text);
    bool read = r == BG_OK;

    if (read)
        r = bg_seal_keys(text, l->key, BG_SEAL_KEYS, &l->keys, &bad);
    bg_wipe(text, sizeof text);
    if (r == BG_OK)
        return true;
    (void)snprintf(which, sizeof which, "key %zu has a mistake in it", bad);
    ui_finding(BG_M_SEAL_KEY_BAD, BG_ARGS(strcmp(path, "-") == 0 ? "Standard input" : path,
                                          read && r == BG_E_SYNTAX  ? which
                                          : read && r == BG_E_NOENT ? "there is none in it"
                                                                    : bg_strerror(r)));
    return false;
}

static bool check_line(void *arg, const struct bg_rawline *l)
{
    struct look *k = arg;
    struct bg_scan s;
    json_t *ev;

    if (!l->whole)
        return true;
    if (!bg_scan_line(l->text, l->len, &s)) {
        if (bg_chain_parse(l->text, l->len, &ev, &s.at) != BG_OK)
            return true; /* a finding of the chain; here it is a number that is missing */
        json_decref(ev);
    }
    if (k->journalid[0] == '\0')
        memcpy(k->journalid, s.at.last.journalid, sizeof k->journalid);
    k->result = bg_seal_check_line(&k->check, s.at.last.sequence, l->text, l->len);
    return k->result == BG_OK;
}

/* --- what was found ------------------------------------------------------------------------------- */

static const char *const words[] = {[BG_SEAL_FORGED] = "forged",
                                    [BG_SEAL_UNSEALED] = "unsealed",
                                    [BG_SEAL_GAP] = "gap",
                                    [BG_SEAL_LOST] = "lost",
                                    [BG_SEAL_NO_KEY] = "no key"};

static void show(const struct bg_seal_finding *f)
{
    char range[64];

    (void)snprintf(range, sizeof range, f->from == f->to ? "%" PRIu64 : "%" PRIu64 " to %" PRIu64, f->from,
                   f->to);
    if (f->what == BG_SEAL_FORGED)
        ui_finding(BG_M_SEAL_FORGED, BG_ARGS(range));
    else if (f->what == BG_SEAL_UNSEALED)
        ui_finding(BG_M_SEAL_UNSEALED, BG_ARGS(range));
    else if (f->what == BG_SEAL_GAP)
        ui_finding(BG_M_SEAL_GAP, BG_ARGS(range));
    else if (f->what == BG_SEAL_NO_KEY)
        ui_finding(BG_M_SEAL_NO_KEY, BG_ARGS(range, f->name));
    else
        ui_note(BG_M_SEAL_LOST, BG_ARGS(range, BG_DIGITS(f->to + 1)));
}

static bool is_foreign(const struct look *l, size_t i)
{
    return strncmp(l->key[i].journal, l->journalid, BG_SEAL_JOURNAL) != 0;
}

static bool is_wrong(const struct look *l, size_t i)
{
    return is_foreign(l, i) || bg_seal_check_wrong(&l->check, i);
}

static void add(json_t *list, const char *what, uint64_t from, uint64_t to)
{
    (void)json_array_append_new(list, json_pack("{s:s, s:I, s:I}", "what", what, "first_line",
                                                (json_int_t)from, "last_line", (json_int_t)to));
}

/* Keys of this journal that begin where it does not reach. */
static void show_cut(const struct look *l, json_t *list)
{
    for (size_t i = 0; i < l->keys; i++)
        if (!is_foreign(l, i) && bg_seal_check_cut(&l->check, i)) {
            const struct bg_seal *s = &l->key[i].seal;
            ui_finding(BG_M_SEAL_CUT, BG_ARGS(s->name, BG_DIGITS(s->start), BG_DIGITS(l->check.last)));
            add(list, "cut", l->check.last + 1, s->start - 1);
        }
}

/* What was found with a key that is none of this journal's means nothing. */
static void show_all(const struct look *l, json_t *list, json_t *wrong)
{
    for (size_t i = 0; i < l->keys; i++)
        if (is_wrong(l, i)) {
            ui_finding(BG_M_SEAL_WRONG_KEY, BG_ARGS(l->key[i].seal.name, BG_DIGITS(l->key[i].seal.start)));
            (void)json_array_append_new(wrong, json_string(l->key[i].seal.name));
        }
    for (size_t i = 0; i < l->check.findings; i++) {
        const struct bg_seal_finding *f = &l->check.finding[i];
        if (f->key < l->keys && is_wrong(l, f->key))
            continue;
        show(f);
        add(list, words[f->what], f->from, f->to);
    }
    show_cut(l, list);
    if (l->check.more_lost > 0)
        ui_note(BG_M_SEAL_MORE_LOST, BG_ARGS(BG_DIGITS(l->check.more_lost)));
    if (l->check.more > 0)
        ui_finding(BG_M_SEAL_MORE, BG_ARGS(BG_DIGITS(l->check.more)));
}

static void conclude(struct look *l, enum bg_err r, json_t *root)
{
    json_t *list = json_array(), *wrong = json_array();
    unsigned before = ui_findings();

    show_all(l, list, wrong);
    if (r == BG_E_MISMATCH && ui_findings() == before) /* whatever it is, it is never passed over */
        ui_finding(BG_M_SEAL_MORE, BG_ARGS(BG_DIGITS(l->check.bad)));
    if (ui_findings() > before)
        r = BG_E_MISMATCH;
    if (r == BG_E_NOENT)
        ui_finding(BG_M_SEAL_NOTHING, BG_NOARGS);
    if (r == BG_OK && ui_findings() == 0)
        ui_text("The seal holds: lines %" PRIu64 " to %" PRIu64 ", %" PRIu64 " of them.\n",
                l->key[0].seal.start > l->check.trimmed ? l->key[0].seal.start : l->check.trimmed + 1,
                l->check.last, l->check.good);
    (void)json_object_set_new(root, "journal_seal",
                              json_pack("{s:s, s:I, s:o, s:o}", "state",
                                        r == BG_OK        ? "holds"
                                        : r == BG_E_NOENT ? "none"
                                                          : "broken",
                                        "sealed_lines", (json_int_t)l->check.good, "found", list,
                                        "wrong_keys", wrong));
}

enum admin_exit seal_look(const char *path, const char *copy, uint64_t trimmed, json_t *root)
{
    static struct look l; /* large */
    enum admin_exit x = ADMIN_GOOD;
    enum bg_err r;

    memset(&l, 0, sizeof l);
    if (!load_keys(path, &l))
        return ADMIN_CANNOT;
    bg_seal_check_begin(&l.check, l.key, l.keys);
    bg_seal_check_trimmed(&l.check, trimmed);
    r = journal_walk(copy, 0, check_line, &l);
    if (r == BG_OK)
        r = l.result;
    if (r == BG_OK)
        conclude(&l, bg_seal_check_end(&l.check), root);
    else
        x = journal_none_in(copy, r);
    bg_wipe(&l, sizeof l);
    return x;
}
