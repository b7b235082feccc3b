/* SPDX-License-Identifier: ISC */
#include "record/keyring.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TYPE      "user"
#define OURS_ONLY 0x3f3f0000UL /* everything for whoever holds it and for this user, nothing for others */

static enum bg_err failed(void)
{
    return errno == ENOKEY || errno == EKEYREVOKED || errno == EKEYEXPIRED || errno == ENOENT ? BG_E_NOENT
                                                                                              : BG_E_IO;
}

enum bg_err bg_keyring_put(const char *name, const void *data, size_t n, unsigned seconds)
{
    long key = syscall(SYS_add_key, TYPE, name, data, n, (long)KEY_SPEC_USER_KEYRING);

    if (key < 0)
        return BG_E_IO;
    /* the session may be opened by a process whose own keyrings do not lead here */
    if (syscall(SYS_keyctl, (long)KEYCTL_SETPERM, key, OURS_ONLY) == 0 &&
        syscall(SYS_keyctl, (long)KEYCTL_SET_TIMEOUT, key, (unsigned long)seconds) == 0)
        return BG_OK;
    (void)syscall(SYS_keyctl, (long)KEYCTL_UNLINK, key, (long)KEY_SPEC_USER_KEYRING);
    return BG_E_IO;
}

static enum bg_err find(const char *name, long *key)
{
    long k = syscall(SYS_keyctl, (long)KEYCTL_SEARCH, (long)KEY_SPEC_USER_KEYRING, TYPE, name, 0L);

    if (k < 0)
        return failed();
    *key = k;
    return BG_OK;
}

enum bg_err bg_keyring_get(const char *name, void *data, size_t n)
{
    long key, got;
    enum bg_err r;

    if ((r = find(name, &key)) != BG_OK)
        return r;
    if ((got = syscall(SYS_keyctl, (long)KEYCTL_READ, key, data, n)) < 0)
        return failed();
    return (size_t)got == n ? BG_OK : BG_E_SYNTAX;
}

enum bg_err bg_keyring_drop(const char *name)
{
    long key;
    enum bg_err r;

    if ((r = find(name, &key)) != BG_OK)
        return r;
    return syscall(SYS_keyctl, (long)KEYCTL_UNLINK, key, (long)KEY_SPEC_USER_KEYRING) == 0 ? BG_OK : failed();
}
