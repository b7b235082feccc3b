# SPDX-License-Identifier: ISC
"""roomkeys.py: what a state room that no file system took has left with the kernel (lib/record/room.c), root's keyring is one for all.

    roomkeys.forget()    at the beginning or the end of a test: the keys of /run as this process sees it are taken away, so that no
                         other test whose /run has the same number reads them. Those of others stay.
"""

import ctypes
import os

KEYCTL, UNLINK, USER_KEYRING = 250, 9, -4  # keyctl(2), x86_64


def forget(run: str = "/run") -> int:
    """How many there were."""
    with open("/proc/1/stat", encoding="ascii", errors="replace") as file:
        began = file.read().rpartition(")")[2].split()[19]
    ours = f"breakglass:{began}.{os.stat(run).st_dev}."
    gone = 0
    try:
        with open("/proc/keys", encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
    except OSError:
        return 0  # a kernel without keys
    for line in lines:
        words = line.split()
        if len(words) > 8 and words[7] == "user" and words[8].startswith(ours):
            gone += ctypes.CDLL(None).syscall(KEYCTL, UNLINK, ctypes.c_long(int(words[0], 16)), ctypes.c_long(USER_KEYRING)) == 0
    return gone
