/* SPDX-License-Identifier: ISC */
/*
 * What has to be replaced because somebody left: what they kept, what they sealed or saw being sealed, and
 * safes that they can open. It follows from the files alone: from who is named in them, and from what was
 * noted when they left (`owes` in the list of people), so that an envelope that only changed hands stays due.
 */
#ifndef BG_CONFIG_LEAVER_H
#define BG_CONFIG_LEAVER_H

#include "config/separation.h"

/* account: "" for a safe. what: "card 1-2", "key blue", "ssh-key blue", "password 1", "envelope 17", "safe
 * north". Strings last until the function returns. */
typedef void (*bg_leaver_fn)(void *arg, const struct bg_person *who, const char *account, const char *what);

/* What hangs on that person, whether they left or not, each thing once. */
void bg_leaver_keeps(const struct bg_custody *c, const struct bg_person *who, bg_leaver_fn tell, void *arg);

/* The same as a text for `owes`; what does not fit whole is left out. False: nothing hangs on them. */
bool bg_leaver_owes(const struct bg_custody *c, const struct bg_person *who, char out[BG_OWES_MAX]);

/*
 * Everything that is due now because of people who left. A card, key or password that is newer than the day
 * they left is no longer due, nor is an envelope that was sealed since, nor a safe whose combination was
 * changed since. What a file that cannot be read may say is due.
 */
void bg_leavers_due(const struct bg_custody *c, bg_leaver_fn tell, void *arg);

#endif
