/* SPDX-License-Identifier: ISC */
/*
 * Strict INI: [section] headers ([name] or [name name]), "key = value" lines, and lines beginning with # or ;
 * as comments. A value is all that follows the first =, without blanks around it; there are no inline
 * comments, quotes or continuation lines. A repeated key or section, and a line that is too long, indented or
 * holds a control character are faults. The reader names each fault and goes on; what a fault costs is for
 * the caller to say.
 */
#ifndef BG_CONFIG_INI_H
#define BG_CONFIG_INI_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"

#define BG_INI_LINE_MAX  2200    /* bytes of one line: the hex of the longest credential id, and its key */
#define BG_INI_FILE_MAX  2097152 /* bytes of one file: BG_KEYS_MAX keys with such ids */
#define BG_INI_SECTIONS  704     /* of one file */
#define BG_INI_NAME_MAX  63      /* bytes of the name of a section or a key */
#define BG_INI_ERROR_MAX 256
#define BG_FAULTS_MAX    8

struct bg_ini_error {
    unsigned line;               /* 1-based; 0 when no line is to blame */
    char text[BG_INI_ERROR_MAX]; /* printable ASCII: what is wrong with it */
};

struct bg_faults {
    unsigned n; /* listed below, in the order of the file; what follows the last is not */
    struct bg_ini_error fault[BG_FAULTS_MAX];
};

/* Put one more on the list, unless it is full. The text is escaped. */
void bg_fault(struct bg_faults *f, unsigned line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

enum bg_ini_item {
    BG_INI_END,
    BG_INI_SECTION, /* a header: section */
    BG_INI_PAIR,    /* section, key and value */
    BG_INI_FAULT    /* why; section is the one that it belongs to, "" when that cannot be told */
};

struct bg_ini_name {
    const char *at;
    size_t n;
};

struct bg_ini {
    unsigned line;                     /* of the item that was read last */
    char section[BG_INI_NAME_MAX + 1]; /* "" before the first header */
    char key[BG_INI_NAME_MAX + 1], value[BG_INI_LINE_MAX + 1];
    char why[BG_INI_ERROR_MAX]; /* of a fault */
    bool comment;               /* the fault is in a comment: no setting is touched */
    bool skip;                  /* pass over all lines up to the next header; the caller may set it */
    const char *at, *end;       /* the reader's own, from here on */
    struct bg_ini_name sections[BG_INI_SECTIONS], keys[128]; /* keys: of this section */
    size_t n_sections, n_keys;
};

/* Read the len bytes at text, which stay where they are. The lines below a faulty header are skipped. */
void bg_ini_begin(struct bg_ini *r, const char *text, size_t len);
enum bg_ini_item bg_ini_next(struct bg_ini *r);

#endif
