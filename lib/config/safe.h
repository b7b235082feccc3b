/* SPDX-License-Identifier: ISC */
/*
 * Safes: BG_CONFDIR/safes, mode 0600, strict INI: where each one is, who can open it, and since when it has
 * its combination. breakglass-custody(5) has the same for people. Any fault refuses the whole file.
 */
#ifndef BG_CONFIG_SAFE_H
#define BG_CONFIG_SAFE_H

#include "base/clock.h"
#include "config/kept.h"

#define BG_SAFES_PATH BG_CONFDIR "/safes"

#define BG_SAFES_MAX   96
#define BG_SAFE_ID     32  /* with its NUL: a-z, 0-9 and - */
#define BG_SITE_MAX    64  /* bytes, with its NUL */
#define BG_HOLDERS_MAX 512 /* bytes of names with commas between */

struct bg_safe {
    char id[BG_SAFE_ID];
    char site[BG_SITE_MAX];
    char holders[BG_HOLDERS_MAX]; /* who knows its combination or has its key; "": not told */
    char changed[BG_TIME_LEN];    /* when that was changed last */
};

struct bg_safes {
    unsigned n;
    struct bg_safe safe[BG_SAFES_MAX];
};

extern const struct bg_kept bg_safes_file[1];

/* As bg_kept_load: a missing file is BG_E_NOENT. */
BG_MUST_CHECK enum bg_err bg_safes_load(const char *path, struct bg_safes *s, struct bg_ini_error *e);
/* As bg_kept_save. */
BG_MUST_CHECK enum bg_err bg_safes_save(const char *path, const struct bg_safes *s, struct bg_ini_error *e);
/* NUL-ended text, as the file. */
BG_MUST_CHECK enum bg_err bg_safes_parse(const char *text, struct bg_safes *s, struct bg_ini_error *e);

/* The safe of that id, or NULL. */
const struct bg_safe *bg_safe_find(const struct bg_safes *s, const char *id);

/*
 * The next of some texts with commas between them, such as holders, into out: true, and *list goes behind it.
 * False at the end. One that is longer than cap - 1 bytes is cut.
 */
bool bg_comma_next(const char **list, char *out, size_t cap);

/* Is value such a list, of which each fits valid (bg_share_text_valid) and has fewer than cap bytes? */
bool bg_comma_list(const char *value, size_t cap, bool (*valid)(const char *one));

#endif
