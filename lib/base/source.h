/* SPDX-License-Identifier: ISC */
/* Where a login comes from, as a class: for delays, for what policy allows, and for `from` of a credential.
 */
#ifndef BG_BASE_SOURCE_H
#define BG_BASE_SOURCE_H

enum bg_source {
    BG_SOURCE_CONSOLE = 1,
    BG_SOURCE_LOCAL = 2, /* from this host, but not at a console: su */
    BG_SOURCE_NETWORK = 3
};
#define BG_SOURCES 3

const char *bg_source_name(enum bg_source s);       /* "console", "local", "network" */
enum bg_source bg_source_by_name(const char *name); /* 0: none of them */

/* A list of places (config/from.h) with its NUL. */
#define BG_FROM_MAX 256

#endif
