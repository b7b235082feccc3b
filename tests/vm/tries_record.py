# SPDX-License-Identifier: ISC
"""A use stays on record: a full disk, a Ctrl-C, a reboot, a clock that is wrong."""

import datetime

import dialogue
from scene import (NAME, Machine, all_arrive, boot, holds, journal, kind, kinds, log_in, off_disk, plug, resumed, shell, start,
                   succeed, tell, type_cards, use_of, verifies, waits_for)

SWEEP = "systemctl start breakglass-alert-sweep"  # what its timer does in time


def test_a_power_cut_right_after_the_grant() -> None:
    disk = off_disk()
    with boot(disk=disk) as m:
        log_in(m)
        m.power_cut()
    with boot(disk=disk) as m:
        m.console.expect(dialogue.LOGIN_PROMPT)
        holds(m, "auth.succeeded", "use.granted")
        one_session(m)


def test_a_full_disk_and_a_power_off() -> None:
    disk = off_disk()
    with resumed(disk) as m:
        m.console.expect(dialogue.LOGIN_PROMPT)
        m.sh("dd if=/dev/zero of=/var/filler bs=1M 2>/dev/null; dd if=/dev/zero of=/var/filler2 bs=512 2>/dev/null; sync; df /")
        m.console.type()
        log_in(m)
        m.console.type("poweroff")
        m.goes_off()
    with boot(disk=disk) as m:
        m.console.expect(dialogue.LOGIN_PROMPT)
        holds(m, "auth.succeeded", "use.granted")


def one_session(m: Machine) -> None:
    """The one use of the journal began once and ended once, whoever looks how often."""
    for _ in range(2):
        succeed(m, SWEEP)
        waits_for(m, "session.closed")
    seen = [kind(e) for e in journal(m) if kind(e).startswith("session.")]
    assert sorted(seen) == ["session.closed", "session.opened"], kinds(m)


def reboots(command: str, at_the_console: bool) -> None:
    disk = off_disk()
    with resumed(disk) as m:
        log_in(m)
        if at_the_console:
            m.console.type(command)
        else:
            m.control.type(command)
        m.goes_off()
    with boot(disk=disk) as m:
        m.console.expect(dialogue.LOGIN_PROMPT)
        holds(m, "use.granted")
        one_session(m)
        m.console.type()
        log_in(m)  # and the next use is one more
        shell(m, "true")
        m.console.type("exit")
        waits_for(m, "session.closed", 2)


def test_a_reboot_from_a_use() -> None:
    reboots("reboot", at_the_console=True)


def test_a_reboot_by_somebody_else() -> None:
    reboots("systemctl reboot", at_the_console=False)


# -- Ctrl-C at each question of a getty's login: systemd ends the getty's processes with it ---------


def at_first(m: Machine) -> None:
    m.console.expect(dialogue.KEY_START)


def at_share(m: Machine) -> None:
    type_cards(m, 1)
    m.console.expect(dialogue.SHARE)


def at_name(m: Machine) -> None:
    type_cards(m)
    m.console.expect(dialogue.NAME)


def at_reason(m: Machine) -> None:
    at_name(m)
    m.console.type(NAME)
    m.console.expect(dialogue.REASON)


def at_touch(m: Machine) -> None:
    m.console.expect(dialogue.KEY_START)
    m.console.type()
    m.console.expect(dialogue.TOUCH)


def is_left(m: Machine, question, known: set[str]) -> None:  # type: ignore[no-untyped-def]
    """Exactly one end of one use is on record, and the getty comes back."""
    before = len(journal(m))
    start(m)
    question(m)
    m.console.press(b"\x03")
    events = waits_for(m, "attempt.aborted", len(known) + 1)[before:]
    ends = [e for e in events if kind(e) in ("attempt.aborted", "attempt.failed", "use.granted", "session.closed")]
    assert [kind(e) for e in ends] == ["attempt.aborted"] and use_of(ends[0]) not in known, [kind(e) for e in events]
    assert {use_of(e) for e in events if use_of(e)} == {use_of(ends[0])}, events
    known.add(use_of(ends[0]))


def test_ctrl_c_at_each_question_of_a_real_getty() -> None:
    known: set[str] = set()
    with resumed() as m:
        for question in (at_first, at_share, at_name, at_reason):
            is_left(m, question, known)
        plug(m, touch="never")
        for _ in range(2):
            is_left(m, at_touch, known)
            assert "blinking=no" in tell(m, "status")
        log_in(m)
        assert kinds(m).count("attempt.aborted") == len(known), kinds(m)


def test_ctrl_c_five_times_in_a_row() -> None:
    known: set[str] = set()
    with resumed() as m:
        for _ in range(5):
            is_left(m, at_first, known)
        log_in(m)


# -- a clock without a battery ---------------------------------------------------------------------


def test_a_clock_that_begins_in_1970() -> None:
    """Nobody can check a certificate then: the door opens, and the lines leave when the clock is right."""
    with boot(rtc="1970-01-01T00:00:00") as m:
        m.console.expect(dialogue.LOGIN_PROMPT)
        print(f"     the hardware says 1970, systemd made of it: {m.sh('date -u')[1].strip()}")
        succeed(m, "date -s '1970-01-01 12:00:00'")
        m.console.type()
        log_in(m)
        assert shell(m, "date +%Y").split() == ["1970"]
        assert "use.granted" in kinds(m)
        succeed(m, f"date -u -s '{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M:%S}'")
        m.console.type("exit")
        waits_for(m, "session.closed")
        verifies(m)
        all_arrive(m)
