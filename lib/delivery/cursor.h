/* SPDX-License-Identifier: ISC */
/*
 * How far a reader of the journal has got: a floor and the lines above it that are done too, because events
 * may go out of order. One small text file a reader, in two places: BG_RUNDIR/cursors (written first, never
 * hangs, what a login watches) and BG_STATEDIR/cursors (survives a restart). Reading takes both together.
 *
 *     breakglass-cursor 1
 *     saved 1795349004123
 *     chain 5f0c... 41        journal id, floor: every line up to it is done
 *     last 47 9a41...         number and SHA-256 of the newest line done
 *     done 43 45              a range above the floor
 *     refused 44              not done: the other side refuses it; one of the newest such lines
 *     journal 5f0c... 48 77ab... 0b1f...  id of the journal, number and SHA-256 of its newest line, as it was
 *                             read, and the boot in which it was; the latter is missing in older files
 *     lost 5f0c... 48 77ab... the same of a line that is no longer there
 *     began 5f0c... 41        it was new then: no line up to that one was ever sent
 *     refusing 1795349...     since when it refuses anything
 *     failing 1795349...      since when it has taken nothing, although it was tried
 *     not-before 1795349...   the sink asked to be left alone until then
 *     not-before-common ...   the same, of what anybody can cause
 *     full 1795349...         when the sink's bucket of events is full again
 *     certificate 1795349...  when the certificate that the receiver has shown last ends
 *     sent 2                  so many are under way for longer than a moment
 *     deferred 1795349... rate  nothing is sent before, and why (enum bg_defer)
 *     acked 1795349004100     wall clock, milliseconds: when anything was last acknowledged
 *     boot 0b1f... 71 905     boot id, and the two times "acked" and "error" on that boot's own clock
 *     error 1795349... TEXT   the newest failure
 *     sum 77ab...             SHA-256 of all bytes before this line
 *
 * Older files may have "dead 44" (done, because it was refused) and "gone ..." (nothing more was sent): the
 * first is read as refused and not done, the second is passed over, so both are delivered now.
 *
 * A file whose checksum is wrong is ignored: what it would have said is then delivered again, which is
 * harmless (same id), while a wrong "done" would lose an alarm.
 */
#ifndef BG_DELIVERY_CURSOR_H
#define BG_DELIVERY_CURSOR_H

#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "base/host.h"
#include "record/chain.h"
#include "record/journal.h"

#define BG_CURSORS_STATE    BG_STATEDIR "/cursors"
#define BG_CURSORS_RUN      BG_RUNDIR "/cursors"
#define BG_CURSORS_REFUSING ".refusing" /* in the first; written when a sink begins to refuse events */
#define BG_CURSOR_CHAINS    4           /* journals remembered: ours, and short ones in /run */
#define BG_CURSOR_RANGES    200         /* of more the lowest fall out, and are delivered again */
#define BG_CURSOR_REFUSED   32
#define BG_CURSOR_MAX       65536 /* bytes of a file */

struct bg_cursor_chain {
    char journalid[BG_JOURNALID_LEN + 1];
    uint64_t floor;
    struct bg_cursor_range {
        uint64_t from, to;
    } range[BG_CURSOR_RANGES]; /* ascending, apart, above the floor */
    unsigned ranges;
    bool forgot;                         /* a range fell out since somebody looked; not in the file */
    uint64_t refused[BG_CURSOR_REFUSED]; /* the newest ones, not done */
    unsigned n_refused;
    uint64_t last;                   /* 0: none */
    char last_hash[BG_HASH_HEX + 1]; /* of that line */
};

/* A line of the journal. sequence 0: none. */
struct bg_cursor_line {
    char journalid[BG_JOURNALID_LEN + 1];
    uint64_t sequence;
    char hash[BG_HASH_HEX + 1];
    char boot[BG_BOOT_ID_LEN + 1]; /* id of the boot in which it was last read; "": not known */
};

/* Why nothing is sent to a sink before some time. */
enum bg_defer {
    BG_DEFER_NOT = 0,
    BG_DEFER_SILENT,  /* it does not answer */
    BG_DEFER_ASKED,   /* it asked for a pause */
    BG_DEFER_RATE,    /* it has had as many as it may have */
    BG_DEFER_REFUSED, /* it refuses the event: a pause of its own */
    BG_DEFERS
};
/* "silent"; "" for none. */
const char *bg_defer_name(enum bg_defer d);

struct bg_cursor {
    struct bg_cursor_chain chain[BG_CURSOR_CHAINS]; /* the last one is the last used */
    unsigned chains;
    int64_t saved, refusing, not_before, not_before_common, acked, error_at; /* wall clock in ms; 0: never */
    int64_t failing;                /* wall clock in ms; 0: it takes or refuses */
    int64_t full, deferred, sent;   /* wall clock in ms, the first two; how many */
    int64_t certificate;            /* end of the receiver's, wall clock in ms; 0: it has shown none */
    enum bg_defer why;              /* deferred */
    char boot[BG_BOOT_ID_LEN + 1];  /* "": not known */
    int64_t acked_boot, error_boot; /* bg_now_ms() of that boot; 0: in another */
    char error[160];                /* printable ASCII */
    struct bg_cursor_line journal;  /* its newest line, as it was read last */
    struct bg_cursor_line lost;     /* the newest one that was read and is not there any more */
    struct bg_position began;       /* what it was not sent since it is new; sequence 0: nothing */
};

/* The chain of a journal; make: add it (the oldest one falls out). NULL when there is none. */
struct bg_cursor_chain *bg_cursor_chain(struct bg_cursor *c, const char *journalid, bool make);

bool bg_cursor_done(const struct bg_cursor_chain *h, uint64_t sequence);
bool bg_cursor_refused(const struct bg_cursor_chain *h, uint64_t sequence);

/* Line `sequence` (from 1) is done. hash of the line, or NULL when it does not matter. */
void bg_cursor_mark(struct bg_cursor_chain *h, uint64_t sequence, const char *hash);
/* As if it had never been done or refused. */
void bg_cursor_unmark(struct bg_cursor_chain *h, uint64_t sequence);
/* Line `sequence` was refused; bg_cursor_mark() ends that. */
void bg_cursor_refuse(struct bg_cursor_chain *h, uint64_t sequence);
/* Lines that are refused, of all chains, as far as they are remembered. */
unsigned bg_cursor_refusals(const struct bg_cursor *c);

/* A reader that is new begins behind that line. */
void bg_cursor_begin(struct bg_cursor *c, const struct bg_position *behind);

/* Something was acknowledged now; something failed now, and why. */
void bg_cursor_acked(struct bg_cursor *c);
void bg_cursor_failed(struct bg_cursor *c, const char *why);
/* How long ago that was, in ms; by the clock of this boot, which nobody sets, if it was in this boot. */
int64_t bg_cursor_acked_age(const struct bg_cursor *c);
int64_t bg_cursor_failed_age(const struct bg_cursor *c);

/* This line of the journal was read: is it another one than before? It is kept as c->lost then. */
bool bg_cursor_saw(struct bg_cursor *c, const struct bg_cursor_line *line);
/* The journal ends with this line now. True: the cursor says something new. */
bool bg_cursor_ends(struct bg_cursor *c, const struct bg_cursor_line *end);
/* Has the cursor seen more of the journal than there is? end: sequence 0 for a journal without a line. */
bool bg_cursor_ahead(const struct bg_cursor *c, const struct bg_cursor_line *end);

/* Forget that anything above `floor` is done: its lines are not what they were. */
void bg_cursor_rewind(struct bg_cursor_chain *h, uint64_t floor);

/* Text of a cursor. out: BG_CURSOR_MAX bytes. BG_E_CRYPTO, BG_E_NOMEM, BG_E_IO. */
BG_MUST_CHECK enum bg_err bg_cursor_print(const struct bg_cursor *c, char *out, size_t *len);
/* BG_E_SYNTAX for anything that bg_cursor_print would not write. *c is set only on BG_OK. */
BG_MUST_CHECK enum bg_err bg_cursor_parse(const char *text, size_t len, struct bg_cursor *c);

/* Where they lie; NULL: the compiled-in directories. */
struct bg_cursor_dirs {
    const char *run, *state;
};

/*
 * Load the cursor `name`. BG_E_NOENT: there is none yet; BG_E_SYNTAX: nothing of what is there can be
 * trusted; *c is then an empty one. only_run: what a login may read without fear of a disk that hangs.
 */
BG_MUST_CHECK enum bg_err bg_cursor_load(const struct bg_cursor_dirs *at, const char *name, bool only_run,
                                         struct bg_cursor *c);

/* Save it in both places. BG_OK when the lasting one took it, else why that one did not. */
BG_MUST_CHECK enum bg_err bg_cursor_save(const struct bg_cursor_dirs *at, const char *name,
                                         struct bg_cursor *c);

#endif
