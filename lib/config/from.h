/* SPDX-License-Identifier: ISC */
/*
 * From where a credential may be used: a list of places with blanks between them, "" for everywhere. A place
 * is "console", "local", "network", or an IPv4 or IPv6 address or range ("10.2.0.0/16", "2001:db8::/32").
 *
 * An address is compared with what the calling program gave as the remote host, and only if that is an
 * address in digits: no name is looked up, so a host that is told by name, or not at all, is in no range.
 * An IPv4 address in IPv6 form (::ffff:10.2.0.1) is that IPv4 address; the zone of an IPv6 one is ignored.
 */
#ifndef BG_CONFIG_FROM_H
#define BG_CONFIG_FROM_H

#include <stdbool.h>
#include "base/source.h"

#define BG_FROM_FORM "any of console, local, network, addresses and ranges such as 10.2.0.0/16"

/* Is this such a list? */
bool bg_from_valid(const char *from);

/* Does it name the place? rhost NULL: some address of a network, so any range is one. */
bool bg_from_allows(const char *from, enum bg_source s, const char *rhost);

/* Does it let some addresses of a network in, but not all? */
bool bg_from_some(const char *from);

#endif
