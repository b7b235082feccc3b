/* SPDX-License-Identifier: ISC */
/*
 * Preloaded into OpenSSH's ssh-sk-helper: libfido2 finds one key, at $SOFTKEY, instead of asking udev, which
 * knows no pseudo terminals. All that follows, opening and talking, is libfido2's own. ssh-keygen takes a
 * device path when it makes a key, but not when it signs or loads.
 */
#include <stddef.h>
#include <stdlib.h>

/* as in <fido.h>, its opaque types left opaque */
int fido_dev_info_manifest(void *list, size_t size, size_t *found);
const char *fido_dev_info_path(const void *info);

__attribute__((visibility("default"))) int fido_dev_info_manifest(void *list, size_t size, size_t *found)
{
    (void)list;
    *found = size > 0 && getenv("SOFTKEY") != NULL;
    return 0;
}

__attribute__((visibility("default"))) const char *fido_dev_info_path(const void *info)
{
    (void)info;
    return getenv("SOFTKEY");
}
