/* SPDX-License-Identifier: ISC */
/*
 * The commands of "breakglass report": one page for those who must believe that the emergency accounts work.
 * It is made of what compliance gathers, so both say the same. Each section is one function.
 */
#ifndef BG_ADMIN_PAGE_PAGE_H
#define BG_ADMIN_PAGE_PAGE_H

#include <stdio.h>
#include "admin/compliance/compliance.h"

/* accounts.c: each account in one glance. */
void page_accounts(FILE *f, const struct facts *k);

/* sections.c */
void page_due(FILE *f, const struct facts *k);
void page_drills(FILE *f, const struct facts *k);
void page_uses(FILE *f, const struct facts *k);
void page_findings(FILE *f, const struct facts *k);
void page_alarm(FILE *f, const struct facts *k);

/* <dt>label</dt><dd>text</dd>, of that class unless it is NULL. */
void page_entry(FILE *f, const char *label, const char *class, const char *text);

/* "2026-11-27 15:03 UTC"; "never" for 0. */
void page_time(int64_t ms, char out[32]);

/* "0.4 seconds", "4 minutes", "3 hours", "12 days": how long it took. */
void page_span(int64_t ms, char out[32]);

#endif
