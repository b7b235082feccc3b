# SPDX-License-Identifier: ISC
"""A host whose PAM services are the distribution's, in /usr/lib/pam.d: /etc/pam.d has only what they share (Debian's @include looks
nowhere else), and what init puts there."""

import os
import shutil

import bglab
from bglab import PASSWORDS

ETC, VENDOR = "/etc/pam.d", "/usr/lib/pam.d"
SHARES: list[str] = []
OURS = {"login", "sshd", "su"}  # su-l includes su


def services() -> list[str]:
    return [name for name in os.listdir(ETC) if not name.startswith("common-")]


def start() -> None:
    bglab.start_daemons()
    os.makedirs(VENDOR, exist_ok=True)
    for name in services():
        shutil.move(f"{ETC}/{name}", f"{VENDOR}/{name}")
    everybody()
    SHARES.extend(bglab.enrol("bg1"))


def everybody() -> None:
    """Other people's logins, by the services that are in force."""
    with bglab.login("fuser") as person:
        bglab.password_login(person, PASSWORDS["fuser"])
        bglab.equal(person.shell("id -u"), "5000\n")
    with bglab.ssh("luser5", method="password") as person:
        bglab.password_login(person, PASSWORDS["luser5"])
        bglab.equal(person.shell("id -u"), "20005\n")


def opens() -> None:
    for door in (lambda: bglab.login("bg1"), lambda: bglab.ssh("bg1"), lambda: bglab.su("bg1", uid=5000)):
        with door() as person:
            bglab.open_door(person, SHARES[:2])
            bglab.equal(person.shell("id -u"), "0\n")


def ids(line: str) -> str:
    result = bglab.run(line, timeout=60)
    return result.stdout + result.stderr


def test_all_ways_in() -> None:
    assert OURS <= set(services()), services()
    opens()
    everybody()


def test_an_update_is_told_and_taken() -> None:
    text = bglab.read(f"{VENDOR}/login")
    with open(f"{VENDOR}/login", "a", encoding="ascii") as file:
        file.write("# of the update\nsession optional pam_umask.so\n")
    assert "BG661" in ids("breakglass status")
    assert "pam_umask" not in bglab.read(f"{ETC}/login")
    bglab.equal(bglab.run("breakglass init --yes", timeout=60).returncode, 0)
    assert "pam_umask" in bglab.read(f"{ETC}/login")
    assert "BG661" not in ids("breakglass status")
    opens()
    with open(f"{VENDOR}/login", "w", encoding="ascii") as file:
        file.write(text)


def test_undo_takes_the_copies_away() -> None:
    bglab.equal(bglab.run("breakglass init --undo --yes", timeout=60).returncode, 0)
    bglab.equal(services(), [])
    everybody()
    bglab.equal(bglab.run("breakglass init --yes", timeout=60).returncode, 0)
    opens()
