# SPDX-License-Identifier: ISC
"""Between the last answer and the shell: nothing that was typed or pasted ahead becomes a command, and leaving means leaving."""

import contextlib
import os
import re
import signal

import bglab
from bglab import dialogue

ACCOUNT = "bg1"
SHARES: list[str] = []
ALICE = bglab.LOCAL["alice"][0]
TRACE = "/run/pasted"


def start() -> None:
    bglab.start_daemons()
    SHARES.extend(bglab.enrol(ACCOUNT))


def kinds(before: int) -> list[str]:
    """Without the end of an earlier test's session, which sshd may be late to record."""
    return [k for k in bglab.event_types(bglab.journal()[before:]) if k != "session.closed"]


def paste_a_reason(person: bglab.Session) -> None:
    """The reason comes from a mail, with a second and a third line."""
    bglab.type_shares(person, SHARES[:2])
    person.expect(dialogue.NAME)
    person.line("Robin Example")
    person.expect(dialogue.REASON)
    person.send(f"LDAP does not answer, see below\rtouch {TRACE}\rtouch {TRACE}.more\r")


def nothing_ran(person: bglab.Session) -> None:
    person.expect_shell()
    bglab.equal(person.shell(f"ls {TRACE}* 2>/dev/null | wc -l").strip(), "0")
    person.line("exit")
    person.wait()


def test_a_reason_of_several_lines_over_ssh() -> None:
    with bglab.ssh(ACCOUNT) as person:
        paste_a_reason(person)
        nothing_ran(person)


def test_a_reason_of_several_lines_at_su() -> None:
    with bglab.su(ACCOUNT, uid=ALICE) as person:
        paste_a_reason(person)
        nothing_ran(person)


def test_a_reason_of_several_lines_at_a_console() -> None:
    with bglab.login(ACCOUNT) as person:
        paste_a_reason(person)
        nothing_ran(person)


def test_what_is_typed_at_the_last_question_is_dropped() -> None:
    with bglab.ssh(ACCOUNT) as person:
        bglab.type_shares(person, SHARES[:2])
        bglab.say_why(person)
        person.expect(dialogue.GO_ON)
        person.send(f"touch {TRACE}\rtouch {TRACE}.more\r")
        nothing_ran(person)
        assert "touch" not in person.transcript.split("Press Enter to go on")[1].split("$")[0].split("#")[0], person.transcript


def test_the_last_words_come_once() -> None:
    """Also where the client hides everything but questions (ssh -q)."""
    for options in ([], ["LogLevel=QUIET"]):
        with bglab.ssh(ACCOUNT, options=options) as person:
            bglab.open_door(person, SHARES[:2])
            person.line("exit")
            person.wait()
            bglab.equal(len(re.findall("BG119", person.transcript)), 1)
            wide = [x for x in person.transcript.replace("\r", "").split("\n") if len(x) > 80 and "@127.0.0.1) " not in x]
            bglab.equal(wide, [])


def test_leaving_over_ssh() -> None:
    """One dialogue, one event, and no more than one line that fail2ban counts."""
    before, mark = len(bglab.journal()), bglab.auth_log_mark()
    with bglab.ssh(ACCOUNT) as person:
        person.expect(dialogue.START)
        person.line("q")
        out = person.expect_end()
        assert person.wait() != 0
    assert "Denied" in out or "denied" in out, out
    assert not re.search(dialogue.START, out), out
    bglab.equal(kinds(before), ["attempt.aborted"])
    log = bglab.auth_log_since(mark)
    assert len(re.findall(r"sshd\[.*(Failed|PAM: Authentication failure|Authentication failure)", log)) <= 1, log


def test_a_disabled_account_over_ssh() -> None:
    """No dialogue opens it, so sshd does not begin three."""
    bglab.run(["breakglass", "disable", ACCOUNT, "--yes"])
    before = len(bglab.journal())
    try:
        with bglab.ssh(ACCOUNT) as person:
            person.expect("BG109")
            person.expect(dialogue.LAST_WORD)
            person.line()
            assert "BG109" not in person.expect_end()
    finally:
        bglab.run(["breakglass", "enable", ACCOUNT, "--yes"])
    bglab.equal(kinds(before), ["attempt.failed", "config.changed"])


def test_no_session_no_end_of_one() -> None:
    """login(1) asks for a name again after each refusal, and calls the end of a session that never was."""
    before = afresh()
    with bglab.login(ACCOUNT) as person:
        for i in range(4):
            person.expect(dialogue.START)
            person.line("q")
            if i < 3:
                person.expect(dialogue.LOGIN_PROMPT)
                person.line(ACCOUNT)
        bglab.until("four aborted", lambda: kinds(before).count("attempt.aborted") == 4)
    bglab.equal(set(bglab.event_types(bglab.journal()[before:])), {"attempt.aborted"})


def afresh() -> int:
    """The length of the journal, when what an earlier test left open is closed."""
    the_sweep()
    return len(bglab.journal())


def closings(before: int) -> list[str]:
    """Of each session that was closed since then: the message id, "" for the ordinary end."""
    return [e["data"]["unmapped"]["breakglass"].get("detail", "") for e in bglab.journal()[before:] if "session.closed" in e["type"]]


def the_sweep() -> None:
    """What the timer does a minute after each boot and every 15 minutes from then on."""
    bglab.run(["/usr/libexec/breakglass/breakglass-alert", "--once", "--deadline", "5000"])


def opened_by(person: bglab.Session, before: int) -> int:
    """The process that opened the session."""
    bglab.open_door(person, SHARES[:2])
    opened = [e for e in bglab.journal()[before:] if "session.opened" in e["type"]]
    return int(opened[0]["data"]["unmapped"]["breakglass"]["pid"])


KILLS = {"kill": signal.SIGKILL, "term": signal.SIGTERM, "hup": signal.SIGHUP, "crash": signal.SIGSEGV}


def _killed(way: str):  # type: ignore[no-untyped-def]
    def test() -> None:
        before = afresh()
        with bglab.login(ACCOUNT) as person:
            pid = opened_by(person, before)
            os.kill(pid, KILLS[way])
            bglab.until("login is gone", lambda: not bglab.is_running(pid))
        the_sweep()
        the_sweep()
        bglab.equal(len(closings(before)), 1)

    test.__name__ = f"test_login_ends_by_{way}_and_its_session_is_closed_once"
    return test


for _way in KILLS:
    _test = _killed(_way)
    globals()[_test.__name__] = _test


def test_a_line_that_is_cut() -> None:
    before = afresh()
    with bglab.login(ACCOUNT) as person:
        pid = opened_by(person, before)
        person.hangup()
        bglab.until("login is gone", lambda: not bglab.is_running(pid))
    the_sweep()
    bglab.equal(len(closings(before)), 1)


def test_a_reboot() -> None:
    """Another boot: the number of the process is somebody else's by now, or nobody's."""
    before = afresh()
    with bglab.login(ACCOUNT) as person:
        pid = opened_by(person, before)
        os.kill(pid, signal.SIGSTOP)
        bglab.run("echo 11111111-2222-3333-4444-555555555555 >/run/boot_id; "
                  "mount --bind /run/boot_id /proc/sys/kernel/random/boot_id")
        try:
            the_sweep()
            bglab.equal(closings(before), ["BG172"])
        finally:
            bglab.run("umount /proc/sys/kernel/random/boot_id")
            os.kill(pid, signal.SIGKILL)
    the_sweep()
    bglab.equal(closings(before), ["BG172"])


def test_the_next_login_closes_what_was_left_open() -> None:
    """Without a timer."""
    before = afresh()
    with bglab.login(ACCOUNT) as person:
        pid = opened_by(person, before)
        os.kill(pid, signal.SIGKILL)
        bglab.until("login is gone", lambda: not bglab.is_running(pid))
    with bglab.login(ACCOUNT) as person:
        person.expect(dialogue.START)
        person.line("q")
        bglab.until("it is closed", lambda: closings(before) == ["BG172"])
    message = [e["data"]["message"] for e in bglab.journal()[before:] if "session.closed" in e["type"]][0]
    assert "ended without a word" in message, message


def test_sessions_of_ssh_and_su_that_are_killed() -> None:
    for way in (lambda: bglab.ssh(ACCOUNT), lambda: bglab.su(ACCOUNT, uid=ALICE)):
        before = afresh()
        with way() as person:
            pid = opened_by(person, before)
            os.kill(pid, signal.SIGKILL)
            bglab.until("it is gone", lambda p=pid: not bglab.is_running(p))
        the_sweep()
        bglab.equal(closings(before), ["BG172"])


def test_the_dialogues_of_one_user_are_bounded() -> None:
    """Idle dialogues at su cost root memory: four of a user's, then no more; root, a console and the network are not counted."""
    with contextlib.ExitStack() as stack:
        idle = [stack.enter_context(bglab.su(ACCOUNT, uid=ALICE)) for _ in range(4)]
        for person in idle:
            person.expect(dialogue.START)
        before = len(bglab.journal())
        for _ in range(6):
            with bglab.su(ACCOUNT, uid=ALICE) as person:
                person.expect("User 5001 has 4 break-glass dialogues open already")
                assert person.wait() != 0
        helpers = bglab.run("pgrep -c -x breakglass-logi").stdout
        assert int(helpers) <= 4 + 1, helpers
        refused = [e["data"]["unmapped"]["breakglass"] for e in bglab.journal()[before:] if "attempt." in e["type"]]
        assert refused and refused[0]["caller_uid"] == ALICE, refused
        for way in (lambda: bglab.su(ACCOUNT), lambda: bglab.login(ACCOUNT), lambda: bglab.ssh(ACCOUNT), lambda: bglab.su(ACCOUNT, uid=bglab.LOCAL["fuser"][0])):
            with way() as person:
                person.expect(dialogue.START)
        idle[0].line("q")
        idle[0].wait()
        with bglab.su(ACCOUNT, uid=ALICE) as person:
            bglab.open_door(person, SHARES[:2])
            person.line("exit")
