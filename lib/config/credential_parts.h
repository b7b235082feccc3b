/* What credential.c and credential_key.c share: reading values, writing the file. */
#ifndef BG_CONFIG_CREDENTIAL_PARTS_H
#define BG_CONFIG_CREDENTIAL_PARTS_H

#include "base/hash.h"
#include "config/credential.h"

/* RFC 3339 with microseconds, UTC. */
bool credential_time(const char *value, char out[BG_TIME_LEN]);

/* A text that grows to its room and no further. */
struct credential_out {
    char text[16384];
    size_t n;
    bool full;
};
void credential_put(struct credential_out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void credential_put_hex(struct credential_out *o, const char *key, const uint8_t *bytes, size_t n);

/*
 * A header (key NULL) or pair of section [key LABEL]. seen holds, for each key of *c, a bit for each pair
 * that came.
 */
enum bg_err credential_key_pair(struct bg_credential *c, unsigned *seen, const char *label, const char *key,
                                const char *value, char *why, size_t cap);

/* Is every pair of every key there, and fitting its type? Fills *e when not. */
bool credential_keys_whole(const struct bg_credential *c, const unsigned *seen, struct bg_ini_error *e);

void credential_put_keys(struct credential_out *o, const struct bg_credential *c);

#endif
