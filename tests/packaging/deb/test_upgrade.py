# SPDX-License-Identifier: ISC
# requires: systemd
"""An upgrade while everything is in use: an open session, a configuration, the service; and versions that do not fit."""

import hashlib
import json
import os
import sys

import bglab
import pager

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import debs  # noqa: E402
from debs import must  # noqa: E402

OLD, OTHER = "/run/bglab/old", "/run/bglab/other"
SECRET = pager.SECRET
UNIT = "breakglass-alert.service"
SHARES = "/run/bglab/shares"


def start() -> None:
    debs.prepare()
    must("ip link set lo up")
    debs.as_version("0.0.9-1", OLD)
    debs.as_version("0.0.8-1", OTHER, wire=99)
    bglab.start_daemons()


def set_up() -> None:
    """The version before, with an account, a sink of a person's own and the service."""
    debs.forget()
    debs.install(OLD)
    bglab.equal(must(f"systemctl show -P ActiveState {UNIT}"), "inactive\n")  # there is no account yet
    shares = bglab.enrol()
    with open(SHARES, "w", encoding="ascii") as file:
        file.write("\n".join(shares))
    pager.connect(more="timeout = 2\n", mode="a")
    must(f"chgrp breakglass-alert {SECRET}; chmod 440 {SECRET}; chmod -R a+rX {pager.CERTS} /run/bglab")


def opened() -> bglab.Session:
    person = bglab.login("bg1")
    bglab.open_door(person, bglab.read(SHARES).splitlines()[:2])
    return person


def configuration() -> dict[str, str]:
    found = {}
    for top in ("/etc/breakglass", "/etc/pam.d", "/etc/ssh"):
        for folder, _, names in os.walk(top):
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    found[os.path.join(folder, name)] = hashlib.sha256(file.read()).hexdigest()
    return found


def running() -> str:
    """The file that the service runs; "(deleted)" behind one that was replaced."""
    pid = must(f"systemctl show -P MainPID {UNIT}").strip()
    return os.readlink(f"/proc/{pid}/exe") if pid != "0" else "none"


def test_nothing_is_lost() -> None:
    """With an open session, a configuration and the service: all go on, and every event arrives."""
    set_up()
    receiver = pager.receiver()
    person = opened()
    assert running().endswith("/breakglass-alert"), running()
    before = configuration()
    debs.install()
    bglab.equal(debs.installed(), [f"{name} {must(f'dpkg-deb -f {debs.archive(name)} Version').strip()}" for name in debs.ALL])
    debs.same("configuration", before, configuration())
    bglab.equal(must(f"systemctl is-active {UNIT} breakglass-alert.timer breakglass-journal.path"), "active\n" * 3)
    bglab.until("the service runs the new program", lambda: running().endswith("/breakglass-alert"))
    bglab.equal(person.shell("id -u"), "0\n")
    person.line("exit")
    person.wait()
    bglab.until("the end of the session is on record", lambda: "session.closed" in bglab.event_types(bglab.journal()))
    must("breakglass journal verify")
    wanted = {e["id"] for e in bglab.journal() if e["type"].split(".")[2] in ("use", "session")}
    bglab.until("every event of the use is at the receiver", lambda: wanted <= {json.loads(body)["id"] for _, body, _ in receiver.got})
    receiver.stop()


def test_half_way() -> None:
    """Between unpacking and configuring, in either order, the door opens with the packages of two versions."""
    for first, then in (("libpam-breakglass", "breakglass"), ("breakglass", "libpam-breakglass")):
        set_up()
        must(f"dpkg --unpack --auto-deconfigure --force-depends --force-breaks {debs.archive(first)}")
        with opened() as person:
            bglab.equal(person.shell("id -u"), "0\n")
        bglab.equal(debs.others(), "alice")
        must(f"dpkg --unpack --auto-deconfigure --force-breaks {debs.archive(then)} {debs.archive('libnss-breakglass')} {debs.archive('breakglass-alert')}")
        must("dpkg --configure -a")
        bglab.equal(len(debs.installed()), 4)
        assert debs.pam_lines() != ""


def test_versions_that_do_not_fit() -> None:
    """Module and helper of which only one speaks another version of their contract, in both orders: the account is refused with the
    reason, everybody else gets in, and the other package heals it."""
    for first in ("libpam-breakglass", "breakglass"):
        set_up()
        mark = bglab.auth_log_mark()
        must(f"dpkg --unpack --auto-deconfigure --force-depends --force-breaks --force-downgrade {debs.archive(first, OTHER)}")
        with bglab.login("bg1") as person:
            person.expect(r"\(BG403\)")
        bglab.wait_auth_log(r"pam_breakglass\[\d+\]: \(login:auth\) BG403 .* Reinstall the package", mark)
        bglab.equal(debs.others(), "alice")
        must(f"dpkg --force-downgrade -i {debs.archives(OTHER)}")
        with opened() as person:
            bglab.equal(person.shell("id -u"), "0\n")


def test_session_across_versions_that_do_not_fit() -> None:
    """The module of an open session is the old one, whose last word the helper cannot read: the next login puts the end on record."""
    set_up()
    person = opened()
    must(f"dpkg --force-downgrade -i {debs.archives(OTHER)}")
    bglab.equal(person.shell("id -u"), "0\n")
    person.line("exit")
    person.wait()
    use = next(e for e in bglab.journal() if e["type"].endswith("session.opened.v1"))["data"]["session"]["uid"]
    with opened() as again:
        bglab.equal(again.shell("id -u"), "0\n")
    ends = [e["data"]["session"]["uid"] for e in bglab.journal() if e["type"].endswith("session.closed.v1")]
    bglab.equal(ends[:1], [use])  # the end of the second may be there too, or come later
    bglab.equal(ends.count(use), 1)
    must("breakglass journal verify")


def test_gone_from_systemd() -> None:
    """Removed while all of it runs: the alarm of the removal itself goes out, no unit is left, and purge leaves nothing in systemd's /etc."""
    set_up()
    receiver = pager.receiver()
    bglab.equal(must(f"systemctl is-active {UNIT} breakglass-alert.timer breakglass-journal.path"), "active\n" * 3)
    must("dpkg --remove breakglass")
    bglab.equal(debs.pam_lines(), "")
    last = bglab.journal()[-1]
    assert "init --undo" in last["data"]["message"], last
    bglab.until("the receiver knows", lambda: last["id"] in {json.loads(body)["id"] for _, body, _ in receiver.got})
    must(f"dpkg --purge {' '.join(debs.ALL)}")
    bglab.equal(bglab.run("systemctl list-units --all --no-legend --plain 'breakglass*' | grep -v not-found").stdout, "")
    bglab.equal(bglab.run("find /etc/systemd /usr/lib/systemd /run/systemd/system -name '*breakglass*'").stdout, "")
    bglab.equal(must("ls /etc/breakglass/secrets"), "pager\n")  # a person put it there
    receiver.stop()
