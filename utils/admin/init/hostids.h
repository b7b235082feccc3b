/* Is a name or a number free on this host? Files only: a directory service may hang, and is not asked. */
#ifndef BG_ADMIN_INIT_HOSTIDS_H
#define BG_ADMIN_INIT_HOSTIDS_H

#include <stdbool.h>
#include <stdint.h>

/* Each returns NULL when free, else a phrase that says what holds it (static storage). */
const char *hostids_name_taken(const char *name);
const char *hostids_uid_taken(uint32_t uid);
const char *hostids_gid_taken(uint32_t gid);

#endif
