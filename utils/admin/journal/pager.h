/* Long output a page at a time, where a person sits at a terminal. */
#ifndef BG_ADMIN_JOURNAL_PAGER_H
#define BG_ADMIN_JOURNAL_PAGER_H

/*
 * From here to pager_end standard output goes through less -FRX, or what PAGER names. Nothing happens unless
 * standard input and output are a terminal and plain text goes there. A pager that is left early is no
 * failure.
 */
void pager_begin(void);
void pager_end(void);

#endif
