# SPDX-License-Identifier: ISC
"""Our packages in a copy: install, remove, the same as another version. Made by ./setup package before (tests/lab/check.sh)."""

from __future__ import annotations

import glob
import hashlib
import os
import re
import stat
import struct

import bglab
from sessions import Missing, run

MADE = "/usr/src/breakglass/_packages"
ALL = ("breakglass", "breakglass-alert", "libnss-breakglass", "libpam-breakglass")
QUIET = "DEBIAN_FRONTEND=noninteractive "
MODULE = "pam_breakglass.so"


def prepare() -> None:
    """Services may start here as on any machine, and the lab's own sources of packages are not asked."""
    for path in ("/usr/sbin/policy-rc.d", *glob.glob("/etc/apt/sources.list.d/*")):
        if os.path.isfile(path):
            os.unlink(path)


def archive(name: str, where: str = MADE) -> str:
    """The path of one package."""
    found = glob.glob(f"{where}/{name}_*.deb")
    if len(found) != 1:
        raise Missing(f"{where} has {len(found)} packages {name}")
    return found[0]


def archives(where: str = MADE) -> str:
    return " ".join(archive(name, where) for name in ALL)


def must(line: str, timeout: float = 120) -> str:
    """What a command said that has to succeed."""
    result = run(QUIET + line, timeout=timeout)
    if result.returncode != 0:
        raise Missing(f"{line}: {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout + result.stderr


def must_not(line: str, timeout: float = 120) -> str:
    """What a command said that has to fail."""
    result = run(QUIET + line, timeout=timeout)
    if result.returncode == 0:
        raise Missing(f"{line} succeeded:\n{result.stdout}{result.stderr}")
    return result.stdout + result.stderr


def apt(words: str) -> str:
    return must(f"apt-get -y -q {words}")


def install(where: str = MADE) -> str:
    return must(f"dpkg -i {archives(where)}")


def forget() -> None:
    """As if it had never been here: the record too."""
    must(f"dpkg --purge {' '.join(ALL)} && rm -rf /etc/breakglass /var/lib/breakglass /run/breakglass")


def installed() -> list[str]:
    """Those of ours that are installed, "NAME VERSION" each."""
    lines = run("dpkg-query -W -f '${db:Status-Status} ${Package} ${Version}\\n' '*breakglass*'").stdout.splitlines()
    return sorted(line.split(" ", 1)[1] for line in lines if line.startswith("installed "))


def pam_lines() -> str:
    """Lines of /etc/pam.d that name the module."""
    return run(f"grep -Hs {MODULE} /etc/pam.d/*").stdout


def others() -> str:
    """Whether somebody else gets in as ever."""
    with bglab.login("alice") as person:
        bglab.password_login(person, bglab.PASSWORDS["alice"])
        return person.shell("id -un").strip()


def tree(top: str = "/etc") -> dict[str, tuple]:
    """Every path below with kind, mode, owners and contents; without the alert service's user, whom nothing removes, and the copies
    that user tools keep."""
    found = {}
    for folder, folders, names in os.walk(top):
        for name in folders + names:
            path = os.path.join(folder, name)
            if not path.endswith("-") and path != "/etc/ld.so.cache":
                found[path] = _state(path)
    return found


def _state(path: str) -> tuple:
    s = os.lstat(path)
    what = ""
    if stat.S_ISLNK(s.st_mode):
        what = os.readlink(path)
    elif stat.S_ISREG(s.st_mode):
        with open(path, "rb") as file:
            what = hashlib.sha256(re.sub(rb"(?m)^breakglass-alert:.*\n", b"", file.read())).hexdigest()
    return stat.filemode(s.st_mode), s.st_uid, s.st_gid, what


def same(what: str, before: dict, after: dict) -> None:
    other = sorted(k for k in before.keys() | after.keys() if before.get(k) != after.get(k))
    if other:
        raise AssertionError(f"{what}: {[(k, before.get(k), after.get(k)) for k in other[:20]]}")


def as_version(version: str, where: str, wire: int | None = None) -> None:
    """The packages as another version; with wire, module and helper speak that version of their contract."""
    os.makedirs(where, exist_ok=True)
    for name in ALL:
        root = f"{where}/{name}"
        must(f"dpkg-deb -R {archive(name)} {root}")
        own = must(f"dpkg-deb -f {archive(name)} Version").strip()
        control = bglab.read(f"{root}/DEBIAN/control").replace(own, version)
        with open(f"{root}/DEBIAN/control", "w", encoding="utf-8") as file:
            file.write(control)
        if wire is not None:
            for path in glob.glob(f"{root}/usr/lib/*/security/*.so") + glob.glob(f"{root}/usr/libexec/breakglass/breakglass-login"):
                speak(path, wire)
        must(f"dpkg-deb --root-owner-group -Znone -b {root} {where}/{name}_{version}_any.deb && rm -r {root}")


def speak(path: str, wire: int) -> None:
    """Change the version in the one struct bg_contract of letter G (lib/base/wire.c): letter, version, size."""
    with open(path, "rb") as file:
        data = file.read()
    hits = [m.start() for m in re.finditer(rb"G.\0{6}", data, re.S) if 4096 <= struct.unpack_from("<Q", data, m.start() + 8)[0] < 8192]
    if len(hits) != 1:
        raise Missing(f"{path}: {len(hits)} places look like the contract")
    with open(path, "wb") as file:
        file.write(data[: hits[0] + 1] + bytes([wire]) + data[hits[0] + 2 :])
