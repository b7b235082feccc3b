/* Where a journal stands: the end of its last complete line, and the chain after it. Reads the tail only. */
#ifndef BG_RECORD_TAIL_H
#define BG_RECORD_TAIL_H

#include <stdbool.h>
#include <sys/types.h>
#include "base/err.h"
#include "record/chain.h"
#include "record/segment.h"

struct bg_tail {
    unsigned number;       /* newest segment; 0: there is none */
    off_t end, size;       /* of it: after its last newline, and of the file; end < size: a torn line */
    bool begun;            /* there is at least one complete line in the journal */
    struct bg_chain chain; /* after the last complete line, if begun */
};

/*
 * Look at the segments of an open, locked directory. Lines at the end that cannot be read as ours are
 * counted, so that the chain goes on behind them (verification names them); BG_E_SYNTAX when not a single
 * line can.
 */
BG_MUST_CHECK enum bg_err bg_tail_find(int dir, struct bg_tail *t);

#endif
