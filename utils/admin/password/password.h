/* SPDX-License-Identifier: ISC */
/* What the parts of "breakglass password" have in common. */
#ifndef BG_ADMIN_PASSWORD_PASSWORD_H
#define BG_ADMIN_PASSWORD_PASSWORD_H

#include <stdbool.h>
#include "admin/admin.h"
#include "admin/paper/paper.h"
#include "config/credential.h"
#include "password/password.h"

/* What the options say; the same for all commands. */
struct password_wish {
    uint32_t parts;
    const char *hash_file; /* "-": standard input; NULL: none */
    bool parts_stdin, replace;
};
extern struct password_wish password_wish;

/* --- type.c: parts, typed hidden or from standard input */

/* Can they be typed at all? ADMIN_GOOD, or the finding was shown. */
enum admin_exit password_can_type(void);

/*
 * n parts, one after the other, into *p (the caller wipes it). A part that is not taken is asked for again on
 * a terminal. False: the finding was shown.
 */
bool password_type(unsigned n, bool letters, struct bg_parts *p);

/* --- set.c */

/* The hash of standard input or a file, its first line: hash[BG_PASSWORD_HASH]. ADMIN_GOOD, or the finding
 * was shown. */
enum admin_exit password_read_hash(const char *file, char hash[BG_PASSWORD_HASH]);

/*
 * Put c's new password on record and save it; `before` is what there was. Messages say what was done:
 * "enrolled", "replaced". The finding was shown unless ADMIN_GOOD.
 */
enum admin_exit password_save(const char *account, struct bg_credential *c, json_t *root);

/* Is there a password that must not be replaced? ADMIN_GOOD with *c loaded, or the finding was shown. */
enum admin_exit password_begin(const char *account, struct bg_credential *c);

enum admin_exit password_set(char *const words[], json_t *root);

/* --- new.c */

/* Draw a password: what is kept of it into *w, its parts stay here until they are wiped. ADMIN_GOOD, or the
 * finding was shown. */
enum admin_exit password_cards_make(const char *account, unsigned parts, struct bg_password *w);

/* A card for each part: to paper, on the screen, or into root for --json; then ask whether they are kept, and
 * let them be typed back. As above. */
enum admin_exit password_cards_out(struct bg_password *w, json_t *root);

/* The same in two steps, where other cards go to paper with them: these are to be behind the others (static,
 * until they are wiped); and all but the paper. */
const struct paper_cards *password_cards_paper(void);
enum admin_exit password_cards_kept(struct bg_password *w, json_t *root);
void password_cards_wipe(void);

enum admin_exit password_new(char *const words[], json_t *root);
enum admin_exit password_take_back(char *const words[]);

#endif
