"""Between the last answer and the shell: nothing that was typed or pasted ahead becomes a command, and leaving means leaving."""

import re

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
    return bglab.event_types(bglab.journal()[before:])


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
            bglab.equal(len(re.findall("BG119 ", person.transcript)), 1)
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
            person.expect("BG109 ")
            person.expect(dialogue.LAST_WORD)
            person.line()
            assert "BG109" not in person.expect_end()
    finally:
        bglab.run(["breakglass", "enable", ACCOUNT, "--yes"])
    bglab.equal(kinds(before), ["attempt.failed", "config.changed"])


def test_no_session_no_end_of_one() -> None:
    """login(1) asks for a name again after each refusal, and calls the end of a session that never was."""
    before = len(bglab.journal())
    with bglab.login(ACCOUNT) as person:
        for i in range(4):
            person.expect(dialogue.START)
            person.line("q")
            if i < 3:
                person.expect(dialogue.LOGIN_PROMPT)
                person.line(ACCOUNT)
        bglab.until("four aborted", lambda: kinds(before).count("attempt.aborted") == 4)
    bglab.equal(set(kinds(before)), {"attempt.aborted"})
