# SPDX-License-Identifier: ISC
"""A session has a limit: warned ahead, an alarm at the limit, extended with a reason, ended by force where that is wanted."""

import json
import os
import re
import signal
import struct
import time

import bglab

ACCOUNT = "bg1"
SHARES: list[str] = []


def start() -> None:
    bglab.start_daemons()
    SHARES.extend(bglab.enrol(ACCOUNT))
    bglab.session_policy()


def watchers() -> list[str]:
    return bglab.run(["pgrep", "-f", "breakglass-login --watch"]).stdout.split()


def aged(minutes: float) -> None:
    """Every session began that much earlier: the files of the room, with their sum. See lib/record/limit.c and room.c."""
    import hashlib

    now = time.clock_gettime(time.CLOCK_BOOTTIME) * 1000
    for path in ("/run/breakglass/state/limit-bg1", "/var/lib/breakglass/state/limit-bg1"):
        if not os.path.exists(path):
            continue
        with open(path, "rb") as file:
            raw = bytearray(file.read())
        body = raw[56:]
        size = len(body) // 64
        for at in range(0, len(body), size):
            if body[at] != 0:
                struct.pack_into("<q", body, at + 40, int(now - minutes * 60000))
        magic, n, change = struct.unpack_from("<8sQQ", raw)
        head = struct.pack("<8sQQ", magic, n, change + 1) + bytes(32)
        summed = hashlib.sha256(head + body).digest()
        with open(path, "wb") as file:
            file.write(head[:24] + summed + body)


def look() -> None:
    """What the timer does, and cron."""
    bglab.run(["/usr/libexec/breakglass/breakglass-alert", "--once", "--deadline", "5000"])


def opened(way: str = "login") -> bglab.Session:
    person = {"login": lambda: bglab.login(ACCOUNT), "ssh": lambda: bglab.ssh(ACCOUNT), "su": lambda: bglab.su(ACCOUNT, uid=5001)}[way]()
    bglab.open_door(person, SHARES[:2])
    return person


def _warned(way: str) -> None:
    before = len(bglab.journal())
    with opened(way) as person:
        aged(8 * 60 - 10)
        look()
        person.expect(r"BG1030 This session of bg1 reaches its limit in 10 minutes")
        look()
        aged(8 * 60 - 3)
        look()
        person.expect(r"BG1030 This session of bg1 reaches its limit in 3 minutes")
        bglab.equal(bglab.own_since(before, "session.limit"), [])
        aged(8 * 60 + 1)
        look()
        person.expect("BG1031 The session of bg1 has reached its limit: it has gone on for 481 minutes")
        look()
        events = bglab.own_since(before, "session.limit")
        bglab.equal([(e["detail"], e["use"]) for e in events], [("BG1031", bglab.own_since(before, "session.opened")[0]["use"])])
        person.line()
        bglab.equal(person.shell("id -u"), "0\n")
        person.line("exit")
        person.wait()
    bglab.until("nobody watches any more", lambda: not watchers())


def test_login_is_warned_and_alarmed_of() -> None:
    _warned("login")


def test_ssh_is_warned_and_alarmed_of() -> None:
    _warned("ssh")


def test_su_is_warned_and_alarmed_of() -> None:
    _warned("su")


def test_nobody_but_the_watcher_is_needed() -> None:
    """No sweep, no service, no systemd: the process that the login left behind says it, within its 30 s."""
    before = len(bglab.journal())
    with opened() as person:
        bglab.equal(len(watchers()), 1)
        aged(8 * 60 + 1)
        bglab.until("the alarm", lambda: bglab.own_since(before, "session.limit"), 40)
        person.expect("BG1031")
        person.line("exit")
        person.wait()
    bglab.until("the watcher has ended", lambda: not watchers(), 10)


def test_extended() -> None:
    before = len(bglab.journal())
    with opened() as person:
        aged(8 * 60 - 10)
        look()
        person.expect("BG1030")
        person.line()
        person.expect_shell()
        said = person.shell("breakglass session extend --for 2h --reason 'the directory is still down' --by Robin")
        assert re.search(r"The session of bg1 may go on until 20\d\d-.*Z\.", said), said
        aged(8 * 60 + 60)  # the limit as it was is over
        look()
        bglab.equal(bglab.own_since(before, "session.limit"), [])
        event = bglab.own_since(before, "session.extended")[0]
        bglab.equal((event["reason"], event["by"], event["use"]), ("the directory is still down", "Robin", bglab.own_since(before, "session.opened")[0]["use"]))
        listed = json.loads(bglab.command("breakglass session list --json"))["uses"]
        bglab.equal([s["until"] for s in listed if s["going_on"]], [event["until"]])
        for words in (["--for", "2h"], ["--for", "2h", "--reason", " "], ["--reason", "none"], ["--for", "25h", "--reason", "none"],
                      ["--for", "2h", "--until", "2026-11-27T18:00:00Z", "--reason", "none"]):
            bglab.equal(bglab.run(["breakglass", "session", "extend", *words]).returncode, 2)
        bglab.equal(bglab.run(["breakglass", "session", "extend", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "--for", "2h", "--reason", "none"]).returncode, 1)
        bglab.equal(len(bglab.own_since(before, "session.extended")), 1)
        person.line("exit")
        person.wait()


def test_ended_by_force() -> None:
    """The shell goes, what has no terminal and what is another user's stays."""
    before = len(bglab.journal())
    bglab.session_policy("session-end = yes")
    try:
        with opened() as person, bglab.Session(["/bin/bash", "--norc"], uid=5001, env={"BREAKGLASS_USE": bglab.own_since(before, "session.opened")[0]["use"]}) as other:
            other.expect_shell()
            person.shell("(setsid sleep 4711 </dev/null >/dev/null 2>&1 &)")
            person.shell("trap '' HUP; (sleep 4712 &)")
            aged(8 * 60 + 1)
            look()
            person.expect("BG1032 .*is ended in a minute")
            look()
            bglab.equal([e["detail"] for e in bglab.own_since(before, "session.limit")], ["BG1031"])
            _a_minute_later()
            look()
            person.expect_end()
            bglab.equal([e["detail"] for e in bglab.own_since(before, "session.limit")], ["BG1031", "BG1033"])
            bglab.equal(len(bglab.run(["pgrep", "-f", "sleep 4711"]).stdout.split()), 1)
            bglab.until("what held the terminal is gone", lambda: not bglab.run(["pgrep", "-f", "sleep 4712"]).stdout)
            assert bglab.is_running(other.pid), "another user's shell was ended"
            bglab.equal(other.shell("echo here"), "here\n")
        bglab.until("closed", lambda: bglab.own_since(before, "session.closed"))
    finally:
        bglab.session_policy()


def _a_minute_later() -> None:
    import hashlib

    for path in ("/run/breakglass/state/limit-bg1", "/var/lib/breakglass/state/limit-bg1"):
        with open(path, "rb") as file:
            raw = bytearray(file.read())
        body = raw[56:]
        size = len(body) // 64
        for at in range(0, len(body), size):
            told, = struct.unpack_from("<q", body, at + 64)
            struct.pack_into("<q", body, at + 64, max(0, told - 61000))
        magic, n, change = struct.unpack_from("<8sQQ", raw)
        head = struct.pack("<8sQQ", magic, n, change + 1) + bytes(32)
        with open(path, "wb") as file:
            file.write(head[:24] + hashlib.sha256(head + body).digest() + body)


def test_a_watcher_that_was_killed_is_replaced_by_the_sweep() -> None:
    before = len(bglab.journal())
    with opened() as person:
        for pid in watchers():
            os.kill(int(pid), signal.SIGKILL)
        aged(8 * 60 + 1)
        look()
        person.expect("BG1031")
        bglab.equal(len(bglab.own_since(before, "session.limit")), 1)
        os.unlink("/run/breakglass/state/limit-bg1")
        person.line("exit")
        person.wait()


def test_no_limit() -> None:
    before = len(bglab.journal())
    bglab.session_policy("session-limit = 0")
    try:
        with opened() as person:
            aged(100 * 60)
            look()
            bglab.equal(bglab.own_since(before, "session.limit"), [])
            person.line("exit")
            person.wait()
    finally:
        bglab.session_policy()
