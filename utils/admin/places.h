/* SPDX-License-Identifier: ISC */
/* What "status" finds about where and when an account can be opened, and by which password. */
#ifndef BG_ADMIN_PLACES_H
#define BG_ADMIN_PLACES_H

#include <jansson.h>
#include "config/ways.h"
#include "record/state.h"

/*
 * Each fault is a finding: a password that is not used, a place that is named and where nothing opens the
 * account, an arming that seems to be forgotten. "armed" goes into o: null for an account that needs none.
 */
void places_look(const char *account, const struct bg_credential *c, enum bg_account_state state, json_t *o);

#endif
