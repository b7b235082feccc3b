# SPDX-License-Identifier: ISC
# requires: systemd
"""The unit of an sshd of our own: it runs after init, when the other sshd is stopped too, and is gone after undo."""

import os
import socket

import bglab

PORT, UNIT = 2222, "breakglass-sshd.service"
SHARES: list[str] = []


def start() -> None:
    bglab.start_daemons("rsyslogd")
    SHARES.extend(bglab.enrol("bg1"))
    bglab.run(["systemctl", "start", "ssh"])


def ssh() -> bglab.Session:
    return bglab.ssh("bg1", options=[f"Port={PORT}"])


def is_active() -> str:
    return bglab.run(["systemctl", "is-active", UNIT]).stdout.strip()


def listens() -> bool:
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", PORT)) == 0


def test_it_runs() -> None:
    made = bglab.run(["breakglass", "init", "--sshd-instance", str(PORT), "--yes"], timeout=90)
    bglab.equal((made.returncode, "BG790" in made.stderr), (0, False))
    bglab.equal((is_active(), bglab.run(["systemctl", "is-enabled", UNIT]).stdout.strip()), ("active", "enabled"))
    with ssh() as person:
        bglab.open_door(person, SHARES[:2])


def test_the_other_sshd_is_stopped() -> None:
    """Debian's unit takes /run/sshd away when it stops, and no sshd can do without it."""
    bglab.run(["systemctl", "stop", "ssh"])
    try:
        assert os.path.isdir("/run/sshd")
        with ssh() as person:
            bglab.open_door(person, SHARES[:2])
    finally:
        bglab.run(["systemctl", "start", "ssh"])


def test_status_starts_nothing_but_says_so() -> None:
    bglab.run(["systemctl", "stop", UNIT])
    said = " ".join(bglab.run(["breakglass", "status"]).stderr.split())
    assert "SSH-01 BLOCK: Nothing listens" in said and "where breakglass-sshd should be" in said and "systemctl start" in said, said
    bglab.run(["systemctl", "start", UNIT])
    bglab.until("sshd listens", listens)


def test_undo_leaves_the_session() -> None:
    with ssh() as person:
        bglab.open_door(person, SHARES[:2])
        bglab.equal(bglab.run(["breakglass", "init", "--undo", "--yes"], timeout=90).returncode, 0)
        bglab.equal(is_active(), "inactive")
        bglab.equal(person.shell("id -u"), "0\n")
    assert not listens()
    for path in f"/etc/systemd/system/{UNIT}", f"/etc/systemd/system/multi-user.target.wants/{UNIT}", "/etc/systemd/system/ssh.service.d":
        assert not os.path.lexists(path), path
