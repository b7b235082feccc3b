/* SPDX-License-Identifier: ISC */
/*
 * Secrets of sinks that systemd hands to the unit of the alert service (systemd.exec(5), "Credentials"): a
 * value "credential:NAME" stands for the file NAME in a directory that the running service alone is told of.
 */
#ifndef BG_CONFIG_SINKCRED_H
#define BG_CONFIG_SINKCRED_H

#include <stdbool.h>
#include "config/sink.h"

#define BG_SINKCRED_FORM "an absolute path, or credential:NAME"

/* The name in such a value; NULL: it is none. */
const char *bg_sinkcred_name(const char *value);

/* Is it an absolute path, or a credential whose name is of letters, digits, '.', '_' and '-', the first no
 * '.'? */
bool bg_sinkcred_ok(const char *value);

/* The name of the first credential that the sink needs, in s; NULL: it needs none. */
const char *bg_sinkcred_of(const struct bg_sink *s);

/* Put paths in `dir` in the place of credentials. What is not absolute or would be too long stays. */
void bg_sinkcred_resolve(struct bg_sink *s, const char *dir);

#endif
