/* SPDX-License-Identifier: ISC */
/*
 * What identifies this host, so that a copy of it, or one that was installed anew, can be told from it. It is
 * compared and shown; nothing opens or stays shut because of it, but for share sets of the old kind
 * (share/shareset.h).
 */
#ifndef BG_BASE_IDENTITY_H
#define BG_BASE_IDENTITY_H

#include "base/err.h"

#define BG_MACHINE_ID     "/etc/machine-id"
#define BG_MACHINE_ID_LEN 32
#define BG_HOST_PRINT     32          /* hex digits of the hash by which a host is recognized */
#define BG_HOST_ELSEWHERE "elsewhere" /* kept in its place: made on another machine, for this host */
#define BG_IDENTITY_MS    1000        /* bound of following a link, which may lead to a disk that hangs */

struct bg_identity {
    char machine[BG_MACHINE_ID_LEN + 1]; /* machine-id(5); "" without a usable one */
    char name[256];                      /* as the kernel has it, "" for none */
    const char *fault; /* why there is no machine id: "/etc/machine-id is empty"; static, NULL */
};

/* Whoever owns that file and whatever its mode: it is no secret and no authority. */
void bg_identity_read(struct bg_identity *out);

/* The same, of a file elsewhere. */
void bg_identity_read_from(const char *path, struct bg_identity *out);

/*
 * The hash to keep beside a credential: of the machine id or, without one, of the name. machine-id(5) asks
 * not to show the id itself. BG_E_CRYPTO.
 */
BG_MUST_CHECK enum bg_err bg_identity_print(const struct bg_identity *i, char out[BG_HOST_PRINT + 1]);

enum bg_same_host {
    BG_HOST_UNKNOWN = 0x31, /* nothing was kept, or it cannot be compared */
    BG_HOST_SAME = 0x52,
    BG_HOST_OTHER = 0x64
};

/* Was `kept` ("": nothing; BG_HOST_ELSEWHERE is not compared either) made by this host? With a machine id or,
 * as long as the name stayed, without. */
enum bg_same_host bg_identity_compare(const struct bg_identity *i, const char *kept);

/* "same", "changed", "unknown": the words of events and of JSON. Static. */
const char *bg_same_host_name(enum bg_same_host s);

#endif
