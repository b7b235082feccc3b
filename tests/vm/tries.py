# SPDX-License-Identifier: ISC
"""What only a whole machine shows: rescue and emergency mode, a full disk, power cuts, a console's getty, keys that are plugged.

usage: tries.py IMAGE-DIRECTORY [NAME...]       (see image; root, in a copy: ./setup check vm)

Each try begins with the same prepared machine. The processor is emulated: a boot takes 10 s, a minute where others compute.
Last line: "N passed, N failed".
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable

sys.dont_write_bytecode = True
sys.path.append(os.path.dirname(os.path.abspath(__file__)))

import scene  # noqa: E402
import tries_cut  # noqa: E402
import tries_hung  # noqa: E402
import tries_key  # noqa: E402
import tries_lost  # noqa: E402
import tries_record  # noqa: E402
import tries_rescue  # noqa: E402
import tries_side  # noqa: E402

ROOMS = (tries_rescue, tries_record, tries_cut, tries_lost, tries_hung, tries_key, tries_side)


def wanted(names: list[str]) -> list[Callable[[], None]]:
    return [f for room in ROOMS for n, f in vars(room).items() if n.startswith("test_") and (n in names or not names)]


def main(image: str, work: str, names: list[str]) -> int:
    def prepare() -> None:
        scene.begin(image, work)

    passed = failed = 0
    for function in [prepare, *wanted(names)]:
        began, why = time.monotonic(), ""
        scene.forget()
        try:
            function()
        except Exception:  # noqa: BLE001  (whatever it was, it failed)
            why = traceback.format_exc()
        print(f"{'FAIL' if why else 'ok  '} {function.__name__} ({time.monotonic() - began:.0f} s)\n{why}", end="", flush=True)
        passed, failed = passed + (not why), failed + bool(why)
        if why and function is prepare:
            break
    print(f"{passed} passed, {failed} failed")
    return failed > 0


with tempfile.TemporaryDirectory(prefix="tries.", dir=os.environ.get("TMPDIR", "/tmp")) as WORK:
    sys.exit(main(sys.argv[1], WORK, sys.argv[2:]))
