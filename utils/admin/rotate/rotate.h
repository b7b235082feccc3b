/* SPDX-License-Identifier: ISC */
/*
 * What the parts of "breakglass rotate" have in common. New cards are made first and wait beside the old ones
 * (config/rotation.h); when each was shown to be readable, one rename lets them open the account instead.
 */
#ifndef BG_ADMIN_ROTATE_H
#define BG_ADMIN_ROTATE_H

#include <jansson.h>
#include <stdbool.h>
#include "admin/admin.h"
#include "config/rotation.h"
#include "record/rotating.h"

/* What the options say; the same for all commands. */
struct rotate_wish {
    const char *by, *fleet, *reason;
    bool anew, password;
    uint32_t parts;
    size_t excused;
    const char *excuse[BG_ROTATION_ITEMS]; /* items that nobody could show to work */
};
extern struct rotate_wish rotate_wish;

/* --- view.c: all that is known of an account's rotation */

struct rotate_view {
    const char *account;
    struct bg_credential now;
    bool begun; /* and only then the next one is set */
    struct bg_rotation r;
    bool in_force;       /* the new credentials open the account already: what is left is to say so */
    struct bg_life life; /* empty where it cannot be told */
    struct bg_people people;
    struct bg_keys_used keys;
    size_t items; /* all that is to be done, and was */
    struct bg_rotation_item item[BG_ROTATION_ITEMS];
};
extern struct rotate_view rotate_view;

/* Read it all; rows_credential() of that account was called last. False: the finding was shown. */
bool rotate_look(const char *account);

/* The items once more, after a change of rotate_view.r. */
void rotate_count(void);

/* Has nobody seen it work, or is it to go? How many items are so. */
unsigned rotate_open(void);

/* Print what is to be done and what was; the same as a JSON object. */
void rotate_show(void);
json_t *rotate_json(void);

/* For "status": that object, null where no rotation is under way. Its line, and the finding when it takes
 * longer than rotate-hours; neither without one. */
json_t *rotate_known(const char *account);
void rotate_print_line(const json_t *o);
void rotate_find_late(const json_t *o);

/* May `by` rotate after the uses that wait for it? ADMIN_GOOD, or the finding was shown. */
enum admin_exit rotate_may(const char *by);

/* Is a rotation under way whose new credentials do not open yet? ADMIN_GOOD, or the finding was shown. */
enum admin_exit rotate_is_begun(void);

/* --- stage.c: the file of the new credentials, and events. One command at a time changes it */

/* An event of the rotation, on record before what it tells of. item, reason: NULL without. False: the finding
 * was shown, and nothing may be changed. */
bool rotate_record(enum bg_event_type type, bool success, const char *item, const char *reason,
                   const char *message);

/* Keep rotate_view.r, if no other command has begun a rotation since it was read. ADMIN_GOOD, or the finding
 * was shown. */
enum admin_exit rotate_stage(void);

/* Somebody has shown that item to work: a card of the set (NULL: another item). As above. */
enum admin_exit rotate_prove(const char *item, const struct bg_share_card *card);

/* Let fn change what opens the account while no other command changes the rotation, if it is as it was read.
 * What fn returns; else the finding was shown. */
enum admin_exit rotate_alone(enum admin_exit (*fn)(void));

/* --- start.c, verify.c, finish.c */

enum admin_exit rotate_start(char *const words[], json_t *root);
enum admin_exit rotate_unheard(char *const words[]);
enum admin_exit rotate_verify(char *const words[], json_t *root);
enum admin_exit rotate_verify_card(json_t *root);
enum admin_exit rotate_verify_password(json_t *root);
enum admin_exit rotate_finish(char *const words[], json_t *root);
enum admin_exit rotate_finish_now(json_t *root);
/* For rotate_alone(): put on record that it is given up, and drop it. */
enum admin_exit rotate_give_up(void);
enum admin_exit rotate_abort(char *const words[], json_t *root);

/* --- for "key test": the key has just shown that it works; kind: "key" or "ssh-key". False: that could not
 * be kept; the finding was shown */
bool rotate_key_proven(const char *account, const char *kind, const char *label);

#endif
