# SPDX-License-Identifier: ISC
"""Local daemons that hang: the shell comes while they still do. Measured figures are in pam_breakglass(8)."""
# requires: systemd

import os
import signal

import bglab

SHARES: list[str] = []
WAYS = {
    "login": lambda: bglab.login("bg1"),
    "ssh": lambda: bglab.ssh("bg1"),
    "su": lambda: bglab.su("bg1", uid=bglab.LOCAL["alice"][0]),
}


def start() -> None:
    bglab.start_daemons()
    SHARES.extend(bglab.enrol("bg1", 2, 3))


def pids(name: str) -> list[int]:
    return [pid for pid, one in bglab.processes().items() if one == name]


def enters(way: str, daemon: str) -> None:
    hung = pids(daemon)
    assert hung, f"{daemon} does not run"
    for pid in hung:
        os.kill(pid, signal.SIGSTOP)
    try:
        with WAYS[way]() as person:
            bglab.open_door(person, SHARES[:2])
            bglab.equal(person.shell("id -u").strip(), "0")
            bglab.equal([state(pid) for pid in hung], ["T"] * len(hung))  # nobody has woken it up meanwhile
            person.line("exit")
            person.wait()
    finally:
        for pid in hung:
            os.kill(pid, signal.SIGCONT)


def state(pid: int) -> str:
    return bglab.read(f"/proc/{pid}/stat").rsplit(")", 1)[1].split()[0]


def _case(way: str, daemon: str):  # type: ignore[no-untyped-def]
    def test() -> None:
        enters(way, daemon)

    test.__name__ = f"test_{way}_while_{daemon.replace('-', '_')}_hangs"
    return test


for _daemon in ("systemd-logind", "dbus-daemon", "nslcd", "sssd_pam", "sssd_be", "sssd_nss"):
    if _daemon.startswith("sssd") and not os.path.exists("/usr/libexec/sssd/sssd_pam"):
        continue
    for _way in WAYS:
        _test = _case(_way, _daemon)
        globals()[_test.__name__] = _test


def test_the_limits_and_the_environment_stay() -> None:
    """What stands behind the lines that ssh passes over is still done."""
    with open("/etc/environment", "a", encoding="ascii") as file:
        file.write("BGLAB_SAYS=hello\n")
    with bglab.ssh("bg1") as person:
        bglab.open_door(person, SHARES[:2])
        bglab.equal(person.shell("echo $BGLAB_SAYS").strip(), "hello")


def test_a_message_of_the_day_that_never_ends() -> None:
    """pam_motd stands behind the same lines in sshd's file."""
    script = "/etc/update-motd.d/99-hangs"
    with open(script, "w", encoding="ascii") as file:
        file.write("#!/bin/sh\nexec sleep 1000\n")
    os.chmod(script, 0o755)
    try:
        with bglab.ssh("bg1") as person:
            bglab.open_door(person, SHARES[:2])
    finally:
        os.unlink(script)


def test_others_keep_their_sessions() -> None:
    with bglab.ssh("luser5", method="password") as person:
        bglab.password_login(person, bglab.PASSWORDS["luser5"])
        assert "session-" in person.shell("cat /proc/self/cgroup")
        bglab.equal(person.shell("echo $XDG_RUNTIME_DIR").strip(), "/run/user/20005")
