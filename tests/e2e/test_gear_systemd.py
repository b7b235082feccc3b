# SPDX-License-Identifier: ISC
"""A switch under systemd: what takes our lines out is noticed, and they are put back, until a fight is given up."""
# requires: systemd

import os

import bglab

NSSWITCH = "passwd: tacplus files\ngroup: files\nshadow: files\nhosts: files dns\n"
UNITS = ["breakglass-restore.path", "breakglass-restore.timer"]


def start() -> None:
    os.makedirs("/etc/sonic")
    bglab.without_ldap()
    bglab.start_daemons("rsyslogd", "sshd")
    take_out()


def take_out() -> None:
    """By renaming, as hostcfgd does."""
    with open("/etc/nsswitch.conf.new", "w", encoding="ascii") as file:
        file.write(NSSWITCH)
    os.rename("/etc/nsswitch.conf.new", "/etc/nsswitch.conf")


def is_back() -> bool:
    return "breakglass tacplus files" in bglab.read("/etc/nsswitch.conf")


def state(verb: str) -> list[str]:
    return [bglab.run(["systemctl", verb, unit]).stdout.strip() for unit in UNITS]


def put_backs() -> int:
    return sum("put back after" in e["data"].get("message", "") for e in bglab.journal())


def at_rest() -> bool:
    return bglab.run(["systemctl", "is-active", "breakglass-restore.service"]).stdout.strip() == "inactive"


def test_init() -> None:
    bglab.enrol("bg1", 2, 3)
    bglab.equal(state("is-enabled"), ["enabled"] * 2)
    bglab.equal(state("is-active"), ["active"] * 2)
    bglab.until("the copy has the new credentials", lambda: bglab.run(
        "diff -r /etc/breakglass /etc/sonic/breakglass/etc").returncode == 0, 60)
    bglab.equal(put_backs(), 0)


def test_taken_out() -> None:
    bglab.until("nothing runs", at_rest, 60)
    take_out()
    bglab.until("our word is back", is_back, 60)
    bglab.until("it is on record", lambda: put_backs() == 1, 60)


def test_fight_ends() -> None:
    for times in range(2, 7):
        bglab.until("nothing runs", at_rest, 60)
        take_out()
        bglab.until("our word is back", is_back, 60)
        bglab.until("it is on record", lambda: put_backs() == times, 60)  # pylint: disable=cell-var-from-loop
    bglab.until("nothing runs", at_rest, 60)
    take_out()
    bglab.until("given up", lambda: any("given up" in e["data"].get("message", "") for e in bglab.journal()), 60)
    assert not is_back()
    bglab.equal(state("is-active"), ["active"] * 2)
    said = bglab.run("breakglass status 2>&1").stdout
    assert "BG682" in said, said


def test_undo() -> None:
    bglab.equal(bglab.run(["breakglass", "init", "--undo", "--yes"]).returncode, 0)
    bglab.equal(state("is-enabled"), ["disabled"] * 2)
    bglab.equal(state("is-active"), ["inactive"] * 2)
    assert not os.path.exists("/etc/sonic/breakglass")
