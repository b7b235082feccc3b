/* SPDX-License-Identifier: ISC */
/* Where else the account can be opened, and with what: phrases for whoever is in the wrong place. */
#ifndef BG_LOGIN_PLACE_H
#define BG_LOGIN_PLACE_H

#include "config/ways.h"

#define PLACE_MAX 400 /* of a phrase, with its NUL */

/*
 * Where the account can be opened with what, as one phrase: "at a console with a key or cards; over the
 * network with cards". Ranges of addresses are not told: strangers read this. "" where nothing opens it.
 */
void place_elsewhere(const struct bg_credential *c, char out[PLACE_MAX]);

/*
 * Does another place offer what is not offered here? Then what is used here ("cards") and where there is more
 * ("at a console with a key or cards").
 */
bool place_limits(const struct bg_credential *c, const struct bg_place *p, char here[PLACE_MAX],
                  char more[PLACE_MAX]);

#endif
