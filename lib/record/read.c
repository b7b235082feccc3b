#include "record/journal.h"

#include <jansson.h>
#include "record/chain.h"
#include "record/lines.h"

struct reader {
    bg_entry_fn fn;
    void *arg;
    enum bg_err r;
};

static bool entry(void *arg, const struct bg_rawline *l)
{
    struct reader *rd = arg;
    struct bg_entry e = {.segment = l->segment, .lineno = l->lineno, .line = l->text, .len = l->len};
    struct bg_chain at;
    json_t *ev;
    bool more;

    if (!l->whole)
        return true;
    if ((rd->r = bg_chain_parse(l->text, l->len, &ev, &at)) != BG_OK)
        return false;
    e.sequence = at.last.sequence;
    e.json = ev;
    more = rd->fn(rd->arg, &e);
    json_decref(ev);
    return more;
}

enum bg_err bg_journal_walk(const char *dir, bg_entry_fn fn, void *arg)
{
    struct reader rd = {.fn = fn, .arg = arg, .r = BG_OK};
    enum bg_err r = bg_lines_walk(dir == NULL ? BG_JOURNAL_DIR : dir, 0, entry, &rd);

    return r == BG_OK ? rd.r : r;
}
