# SPDX-License-Identifier: ISC
"""A use is never silent and never prevented, by a disk that is full, locked or gone, or by a syslog that hangs."""

import fcntl
import os
import re
import time

import bglab
from bglab import dialogue

ACCOUNT = "bg1"
SHARES: list[str] = []
ALICE = bglab.LOCAL["alice"][0]
STATE = "/var/lib/breakglass/journal"
RUN = "/run/breakglass/journal"


def start() -> None:
    bglab.start_daemons()
    SHARES.extend(bglab.enrol(ACCOUNT))


def mount_full(path: str) -> None:
    """A file system of four pages mounted over path, with every byte taken."""
    os.makedirs(path, exist_ok=True)
    bglab.equal(bglab.run(["mount", "-t", "tmpfs", "-o", "size=16k,mode=750", "none", path]).returncode, 0)
    bglab.run(f"cat /dev/zero >{path}/fill 2>/dev/null")


def umount(path: str) -> None:
    bglab.equal(bglab.run(["umount", "-l", path]).returncode, 0)


def test_journal_full() -> None:
    """The segment in /run takes it, the person is told, and the next good append moves it into the journal."""
    before = len(bglab.journal())
    mount_full(STATE)
    try:
        with bglab.login(ACCOUNT) as person:
            shown, _ = bglab.get_in(person, SHARES[:2])
        assert "BG118" in shown and "run" in shown.split("BG118")[0], shown
        kinds = bglab.event_types(bglab.journal(RUN))
        assert "use.granted" in kinds and "session.opened" in kinds, kinds
        for command in ("status", "journal verify"):
            seen = bglab.run(["breakglass", *command.split()])
            assert seen.returncode == 1 and "BG315" in seen.stderr, seen.stdout + seen.stderr
        seen = bglab.run(["breakglass", "journal", "show"])
        assert "BG315" in seen.stderr and "use.granted" in seen.stdout, seen.stdout + seen.stderr
    finally:
        umount(STATE)
    with bglab.login(ACCOUNT) as person:
        bglab.get_in(person, SHARES[:2])
    bglab.until("the close is on record", lambda: bglab.event_types(bglab.journal())[-1] == "session.closed")
    kinds = bglab.event_types(bglab.journal()[before:])
    bglab.equal(kinds.count("use.granted"), 2)
    degraded = [e for e in bglab.journal()[before:] if e["data"]["unmapped"]["breakglass"].get("degraded")]
    assert degraded and not bglab.journal(RUN), degraded
    bglab.equal(bglab.run(["breakglass", "journal", "verify"]).returncode, 0)


def test_journal_that_hangs() -> None:
    """Somebody holds the journal's lock and does not let go: each record takes its bound and no more."""
    locks = [os.open(f"{STATE}/{n}", os.O_RDWR) for n in os.listdir(STATE)] + [os.open(STATE, os.O_RDONLY)]
    for fd in locks:
        fcntl.flock(fd, fcntl.LOCK_EX)
    began = time.monotonic()
    try:
        with bglab.login(ACCOUNT) as person:
            shown, _ = bglab.get_in(person, SHARES[:2])
    finally:
        for fd in locks:
            os.close(fd)
    assert "BG118" in shown, shown
    assert time.monotonic() - began < 20


def test_syslog_stands_still() -> None:
    """rsyslogd is stopped and its socket is full: at most 200 ms more. If every event waited, it would be 600."""
    quick = min(timed_login() for _ in range(3))
    bglab.freeze("rsyslogd")
    try:
        bglab.run("for i in $(seq 400); do timeout 1 logger -p auth.info filler || break; done", timeout=60)
        slow = timed_login()
        for _ in range(9):  # other programs may slow down any of them, but hardly all
            slow = slow if slow - quick <= 0.2 + 0.1 else min(slow, timed_login())
    finally:
        bglab.thaw("rsyslogd")
    print(f"quick {quick:.3f} s, slow {slow:.3f} s")
    assert slow - quick <= 0.2 + 0.1, (quick, slow)


def timed_login() -> float:
    """Seconds from the first Enter of a breakglass-login on a terminal to its end, so that only our own syslog calls count."""
    with bglab.Session(["/usr/libexec/breakglass/breakglass-login", "--tty", ACCOUNT]) as person:
        person.expect(dialogue.START)
        began = time.monotonic()
        person.line()
        for share in SHARES[:2]:
            person.expect(dialogue.SHARE)
            person.line(dialogue.prefixes(share))
        bglab.say_why(person)
        person.expect("BG119")
        bglab.equal(person.wait(), 0)
        return time.monotonic() - began


def nowhere() -> None:
    """Journal, /run, syslog and the kernel's logs all refuse."""
    mount_full(STATE)
    mount_full(RUN)
    bglab.stop("rsyslogd")
    bglab.run("rm -f /dev/log /dev/kmsg")


def somewhere() -> None:
    umount(STATE)
    umount(RUN)
    bglab.start("rsyslogd")


def test_no_record_at_all() -> None:
    """Granted at a console, refused to everybody else."""
    nowhere()
    try:
        with bglab.su(ACCOUNT, uid=ALICE) as person:
            bglab.type_shares(person, SHARES[:2])
            person.expect("BG117")
            person.wait()
        with bglab.ssh(ACCOUNT) as person:
            bglab.type_shares(person, SHARES[:2])
            person.expect("BG117")
        with bglab.login(ACCOUNT, device="ttyS0") as person:
            shown, _ = bglab.get_in(person, SHARES[:2])
        assert "BG118" in shown and "nowhere" in shown, shown
        said = " ".join(shown.split("BG316")[0].split())  # to be written down, since nothing else keeps it
        assert re.search("event [0-9A-Z]{26}, 20[0-9T:.-]+Z, by .+, because: .+", said), shown
    finally:
        somewhere()


def test_read_only_state() -> None:
    bglab.run(["mount", "-t", "tmpfs", "-o", "ro", "none", STATE])
    try:
        with bglab.ssh(ACCOUNT) as person:
            shown, _ = bglab.get_in(person, SHARES[:2])
        assert "BG118" in shown, shown
    finally:
        umount(STATE)
