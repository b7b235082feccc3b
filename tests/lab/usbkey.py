# SPDX-License-Identifier: ISC
"""The software key, plugged into this host: its device is named in breakglass.conf, and its memory stays from test to test."""

from __future__ import annotations

import os
import sys

import bglab

os.environ.setdefault("BG_BUILD", "/usr/src/breakglass/_build")
sys.path.append(os.path.dirname(os.path.abspath(__file__)) + "/../tools/softkey")

CONF = "/etc/breakglass/breakglass.conf"
FAST = "[login]\ndelay-network = 1\ndelay-console = 1\n"


def another(name: str, *options: str):  # type: ignore[no-untyped-def]
    """A context manager: a key with a memory of its own, which no file names yet. Skips where it is not built."""
    try:
        from softkey_lab import SOFTKEY, Key
    except ImportError as error:
        raise bglab.Skip(str(error)) from error
    if not os.access(SOFTKEY, os.X_OK):
        raise bglab.Skip("softkey is not built")
    return Key(*options, state=f"{bglab.STATE}/{name}")


def key(*options: str, conf: str = FAST, fido: str = ""):  # type: ignore[no-untyped-def]
    """A context manager; conf stands before the [fido] section, fido are further lines of it."""
    plugged = another("key", *options)
    with open(CONF, "w", encoding="utf-8") as file:
        file.write(f"{conf}[fido]\ndevice = {plugged.link}\n{fido}")
    return plugged
