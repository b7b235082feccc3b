/* authenticatorCredentialManagement (6.8): what its ...Next subcommands go on with. */
#ifndef SOFTKEY_CREDMAN_H
#define SOFTKEY_CREDMAN_H

#include <stddef.h>
#include <stdint.h>
#include "crypto.h"

struct sk_credman_walk {
    size_t next_rp;           /* index into the store: first that was not looked at */
    size_t next_cred;         /* the same, of credentials */
    uint8_t rp_hash[SK_HASH]; /* whose credentials */
};

#endif
