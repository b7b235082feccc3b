# SPDX-License-Identifier: ISC
"""Other people's logins and the emergency account's name, with the helper, our files or /var broken."""

import contextlib
import os
import random
import shutil
from collections.abc import Callable, Iterator

import bglab
import portrait

HELPER = "/usr/libexec/breakglass/breakglass-login"
ETC = "/etc/breakglass"
ACCOUNTS, CONF, CREDENTIAL = f"{ETC}/accounts", f"{ETC}/breakglass.conf", f"{ETC}/credentials/bg1"
STATE_DIR = "/var/lib/breakglass"
HANGING = f"{bglab.STATE}/hanging"  # a line from each helper that hangs
NOISE = random.Random(7).randbytes(3000)


def start() -> None:
    portrait.begin()
    with var_full():
        portrait.take("before-full")
    portrait.enrol()


# -- faults: each breaks one thing -----------------------------------------------------------------


def away(path: str) -> None:
    """path is gone; what was there is kept beside it until the fault is repaired."""
    os.rename(path, f"{path}.away")


def put(path: str, content: bytes, mode: int = 0o644) -> None:
    away(path)
    with open(path, "wb") as file:
        file.write(content)
    os.chmod(path, mode)


def repair(path: str) -> None:
    if os.path.isdir(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)
    os.rename(f"{path}.away", path)


def fifo(path: str) -> None:
    away(path)
    os.mkfifo(path, 0o644)


def directory(path: str) -> None:
    away(path)
    os.mkdir(path, 0o755)


def script(text: str) -> bytes:
    return f"#!/bin/sh\n{text}\n".encode()


def hangs(path: str) -> None:
    with open(HANGING, "w", encoding="ascii"):
        os.chmod(HANGING, 0o666)  # su(1) starts its helper with its caller's real user, and sh goes back to that
    put(path, script(f"echo >>{HANGING}; exec sleep 600"), 0o755)


def all_hang() -> None:
    """Nothing is shown by somebody who is waited for: first see that all four are."""
    bglab.until("all four ask the helper", lambda: len(bglab.read(HANGING)) >= 4)


def half_lines(path: str) -> None:
    """Both names are still there, but each line is cut off."""
    put(path, b"bg1:x:0:0:Break\n" + portrait.CANARY_LINE.encode()[:9])


def writable(path: str) -> None:
    away(path)
    shutil.copy2(f"{path}.away", path)
    os.chmod(path, 0o666)


def prefixed(path: str) -> None:
    """Noise, followed by the original lines."""
    put(path, NOISE.replace(b"\n", b"") + b"\n" + open(path, "rb").read())


# What broke; what the name gets at login, ssh, su; and the canary, whom pam_unix would let in.
REFUSED = ("refused", "refused", "refused", "refused")
SILENT = ("silent", "silent", "silent", "silent")
ASKED = ("dialogue", "dialogue", "dialogue", "refused")
NOBODY = ("password refused", "password refused", "refused", "IN")  # not our accounts: a password would be accepted, if there were one
FAULTS: dict[str, tuple[str, Callable[[str], None], tuple[str, str, str, str]]] = {
    "helper_deleted": (HELPER, away, REFUSED),
    "helper_hangs": (HELPER, hangs, SILENT),
    "helper_says_nothing": (HELPER, lambda p: put(p, script("exit 0"), 0o755), REFUSED),
    "helper_says_nonsense": (HELPER, lambda p: put(p, script("echo granted >&3; sleep 1"), 0o755), REFUSED),
    "helper_not_executable": (HELPER, lambda p: put(p, open(p, "rb").read(), 0o644), REFUSED),
    "helper_garbled": (HELPER, lambda p: put(p, NOISE, 0o755), REFUSED),
    "helper_empty": (HELPER, lambda p: put(p, b"", 0o755), REFUSED),
    "conf_garbled": (CONF, lambda p: put(p, NOISE), ASKED),
    "conf_missing": (CONF, away, ASKED),
    "conf_fifo": (CONF, fifo, ASKED),
    "credential_garbled": (CREDENTIAL, lambda p: put(p, NOISE, 0o600), REFUSED),
    "credential_missing": (CREDENTIAL, away, REFUSED),
    "accounts_noise": (ACCOUNTS, lambda p: put(p, NOISE), NOBODY),
    "accounts_noise_before_the_lines": (ACCOUNTS, prefixed, ASKED),
    "accounts_half_lines": (ACCOUNTS, half_lines, REFUSED),
    "accounts_empty": (ACCOUNTS, lambda p: put(p, b""), NOBODY),
    "accounts_too_large": (ACCOUNTS, lambda p: put(p, open(p, "rb").read() + b"#\n" * 9000), NOBODY),
    "accounts_missing": (ACCOUNTS, away, NOBODY),
    "accounts_fifo": (ACCOUNTS, fifo, NOBODY),
    "accounts_directory": (ACCOUNTS, directory, NOBODY),
    "accounts_writable_by_all": (ACCOUNTS, writable, NOBODY),
    "groups_garbled": (f"{ETC}/groups", lambda p: put(p, NOISE), ASKED),
    "all_configuration_missing": (ETC, away, NOBODY),
    "journal_missing": (f"{STATE_DIR}/journal", away, ASKED),
    "journal_not_a_directory": (f"{STATE_DIR}/journal", lambda p: put(p, NOISE), ASKED),
}


def _test_of(path: str, breaks: Callable[[str], None], outcomes: tuple[str, str, str, str]) -> Callable[[], None]:
    def test() -> None:
        breaks(path)
        try:
            portrait.holds(*outcomes, ready=all_hang if outcomes is SILENT else None)
        finally:
            repair(path)

    return test


def test_in_order() -> None:
    portrait.holds(*ASKED)


for _name, _fault in FAULTS.items():
    _test = _test_of(*_fault)
    _test.__name__ = f"test_{_name}"
    globals()[_test.__name__] = _test


# -- a full disk -----------------------------------------------------------------------------------


@contextlib.contextmanager
def full_disk(at: str, megabytes: int, *without: str) -> Iterator[None]:
    """The directory is replaced by a copy on a file system without a free byte."""
    place = f"{bglab.STATE}/disk"
    os.makedirs(place, exist_ok=True)
    leave = " ".join(f"--exclude='./{name}'" for name in without)
    done = bglab.run(f"""set -e; mount -t tmpfs -o size={megabytes}m,mode=0755 full {place}
        tar -C {at} {leave} --sparse -cf - . | tar -C {place} -xf -
        mount --bind {place} {at}; umount {place}
        cat /dev/zero >{at}/filler 2>/dev/null || true
        ! echo x 2>/dev/null >{at}/more || [ ! -s {at}/more ]""")
    if done.returncode != 0:
        raise bglab.Missing(done.stderr)
    try:
        yield
    finally:
        bglab.run(f"umount -l {at}")


def var_full() -> contextlib.AbstractContextManager[None]:
    return full_disk("/var", 256, "cache", "tmp/*", "lib/apt", "lib/dpkg")


def test_state_directory_full() -> None:
    with full_disk(STATE_DIR, 1):
        portrait.holds(*ASKED)


def test_var_full() -> None:
    """The account still opens, and the record goes elsewhere."""
    with var_full():
        portrait.holds(*ASKED, wanted="before-full")
        with bglab.login("bg1") as person:
            bglab.open_door(person, list(portrait.kept("shares").values())[:2])
            bglab.equal(person.shell("id -u"), "0\n")
        assert "BG118" in person.transcript, "was the journal written to a full disk?"
