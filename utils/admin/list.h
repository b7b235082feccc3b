/* "key list" and "share list" are one walk over the accounts and their credentials. */
#ifndef BG_ADMIN_LIST_H
#define BG_ADMIN_LIST_H

#include <jansson.h>
#include "admin/admin.h"
#include "config/credential.h"

struct list {
    const char *member; /* of the JSON object: "keys" */
    const char *header; /* "ACCOUNT      KEY ..." */
    const char *none;   /* shown for an account that has none */
    /* Print what the account has and append its objects to list; false when there is nothing. */
    bool (*one)(const char *account, const struct bg_credential *c, json_t *list);
};

/* All accounts, or only one (NULL: all). */
enum admin_exit list_credentials(const struct list *l, const char *only, json_t *root);

#endif
