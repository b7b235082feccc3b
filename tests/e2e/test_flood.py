# SPDX-License-Identifier: ISC
"""Strangers without a credential, as many and as fast as they can: they fill a budget, and nothing else."""

import ctypes
import os
import signal
import time

import bglab
from bglab import dialogue

ACCOUNT = "bg1"
SHARES: list[str] = []
ALICE = bglab.LOCAL["alice"][0]
CLIENTS = 6
SECONDS = 20
BURST = 20  # events of one source that are written by themselves
JOURNAL = "/var/lib/breakglass/journal"


def start() -> None:
    bglab.start_daemons()
    SHARES.extend(bglab.enrol(ACCOUNT))


def one_stranger(number: int) -> None:
    """One dialogue after the other, with cards of somewhere else."""
    person = bglab.ssh(ACCOUNT) if number % 2 else bglab.su(ACCOUNT, uid=ALICE)
    try:
        bglab.try_foreign_cards(person)
        person.expect("BG120")
    except bglab.Missing:
        pass  # sshd's MaxStartups drops some of them
    finally:
        person.close()


def strangers() -> list[int]:
    pids = []
    for number in range(CLIENTS):
        pid = os.fork()
        if pid == 0:
            os.setpgid(0, 0)
            while True:
                one_stranger(number)
        pids.append(pid)
    return pids


def stop(pids: list[int]) -> None:
    for pid in pids:
        try:
            os.killpg(pid, signal.SIGKILL)
        except ProcessLookupError:
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def bytes_of_journal() -> int:
    return sum(bglab.size(f"{JOURNAL}/{name}") for name in os.listdir(JOURNAL) if name.endswith(".jsonl"))


def waiting_to_tell() -> int:
    return int(bglab.run(["pgrep", "-c", "-f", "^breakglass-login --counts"]).stdout)


def repeated() -> list[dict]:
    return [event for event in bglab.journal() if event["type"] == "org.breakglass.attempt.repeated.v1"]


@bglab.bounded(400)
def test_a_flood_fills_its_budget_and_no_more() -> None:
    """While it lasts another user and a use of the account get in; afterwards the rest is told, though nobody comes any more."""
    lines, size, mark = len(bglab.journal()), bytes_of_journal(), bglab.auth_log_mark()
    pids = strangers()
    waiting = 0
    try:
        end = time.monotonic() + SECONDS
        bglab.until("the budget is spent", lambda: len(bglab.journal()) - lines >= 2 * BURST)
        with bglab.ssh("fuser", method="password") as person:
            bglab.password_login(person, bglab.PASSWORDS["fuser"])
        with bglab.login(ACCOUNT) as person:
            bglab.open_door(person, SHARES[:2])
            person.line("exit")
            person.wait()
        while time.monotonic() < end:
            waiting = max(waiting, waiting_to_tell())
            time.sleep(0.1)
    finally:
        stop(pids)
    grown, new = bytes_of_journal() - size, bglab.journal()[lines:]
    kinds = bglab.event_types(new)
    print(f"{CLIENTS} strangers, {SECONDS} s: {len(new)} events, {grown} bytes; {waiting} processes wait to tell the rest")
    assert {"auth.succeeded", "use.granted", "session.opened", "session.closed"} <= set(kinds), set(kinds)
    by_strangers = [e for e in new if e["type"].startswith("org.breakglass.attempt.") or "share.refused" in e["type"]]
    # su, ssh and login are three sources; the counts are one event a minute for each class
    assert len(by_strangers) <= 3 * BURST + 4, len(by_strangers)
    assert grown < 256 << 10
    assert bglab.auth_log_since(mark).count("@cee:") <= len(new) + 2
    assert waiting == 1, waiting
    bglab.until("the counts are told", lambda: {"network", "local"} <= {bglab.own(e)["source"] for e in repeated()}, timeout=150)
    for event in repeated():
        print(event["data"]["message"], bglab.own(event)["repeats"])
        assert event["subject"] == ACCOUNT
        assert bglab.own(event)["repeats"]["refused"] > 0
        assert bglab.own(event)["repeats"]["first_source"] in ("127.0.0.1", f"uid {ALICE}"), event
    bglab.wait_auth_log("attempt.repeated", mark)
    bglab.until("nobody waits any more", lambda: not waiting_to_tell(), timeout=150)
    bglab.equal(bglab.run(["breakglass", "journal", "verify"]).returncode, 0)


def keyring() -> bool:
    """Does this kernel keep a key for us? A container may forbid it."""
    libc = ctypes.CDLL(None)
    key = libc.syscall(248, b"user", b"breakglass:lab", b"x", ctypes.c_size_t(1), -4)  # add_key, to the user's keyring
    return key >= 0 and libc.syscall(250, 9, key, -4) == 0  # keyctl unlink


def test_the_budget_holds_where_no_file_system_takes_anything() -> None:
    """/var and /run read-only: events go to syslog, and strangers fill no more of that either."""
    if not keyring():
        raise bglab.Skip("the kernel keeps no keys here")
    for path in ("/var/lib/breakglass", "/run/breakglass"):
        bglab.equal(bglab.run(f"mount --bind {path} {path} && mount -o remount,bind,ro {path}").returncode, 0)
    mark = bglab.auth_log_mark()
    try:
        for _ in range(2 * BURST):
            bglab.run(f"echo q | /usr/libexec/breakglass/breakglass-login --tty {ACCOUNT}")
        bglab.wait_auth_log("attempt.aborted", mark)
    finally:
        for path in ("/var/lib/breakglass", "/run/breakglass"):
            bglab.run(["umount", "-l", path])
    said = bglab.auth_log_since(mark).count("attempt.aborted")
    assert BURST // 2 <= said <= BURST, said
