/*
 * nsswitch.conf as text: put "breakglass" behind "files" in passwd, group and shadow, and take it out again.
 * Everything else keeps its spacing and order.
 */
#ifndef BG_ADMIN_CONF_NSSWITCH_H
#define BG_ADMIN_CONF_NSSWITCH_H

#include <stdbool.h>
#include "base/err.h"
#include "base/msg.h"

#define NSSWITCH_PATH BG_SYSCONFDIR "/nsswitch.conf"

struct nss_problem {
    const struct bg_message *id; /* its arguments: file, line, database */
    char line[16];
    char database[32];
};

/*
 * *out is malloced and equal to text when nothing is missing. BG_E_REFUSED with *why: an initgroups line, a
 * database named twice, a service that is not local before "files", [SUCCESS=merge] behind "files", or our
 * word in a wrong place.
 */
BG_MUST_CHECK enum bg_err nsswitch_add(const char *text, char **out, struct nss_problem *why);

/* Without our word, and without the action list that belongs to it. Malloced, NULL when memory is gone. */
char *nsswitch_strip(const char *text);

/* BG_OK: all three lines are as they should be. BG_E_NOENT: some are missing. BG_E_REFUSED as above. */
BG_MUST_CHECK enum bg_err nsswitch_look(const char *text, struct nss_problem *why);

#endif
