# SPDX-License-Identifier: ISC
"""Rescue and emergency mode as systemd starts them, root without a password. tests/vm tries the same in a machine that boots."""
# requires: systemd

import os

import bglab
import dialogue
from bglab import Session

ACCOUNT = "bg1"
LOGIN = "/usr/libexec/breakglass/breakglass-login"
SHELL = r'"exit" goes on to the default target'
AGAIN = r"Enter tries again, p asks for the password of root: "
LOCKED = r"root account is locked[^$]*Press Enter to continue"  # sulogin
SHARES: list[str] = []
# A terminal becomes the console; who holds it does not mind that systemd takes it away.
CONSOLE = 'trap "" HUP; umount -l /dev/console 2>/dev/null; : >/dev/console; mount --bind "$(tty)" /dev/console && echo held && exec sleep 600'


def start() -> None:
    bglab.run("usermod -p '*' root; systemctl set-default bglab.target")
    SHARES.extend(bglab.enrol(ACCOUNT, 2, 3, "--rescue"))


def enter(mode: str) -> Session:
    """The mode's shell, started on a console of its own, as when the default target has not been reached: systemd asks."""
    bglab.equal(bglab.run(["systemctl", "stop", "bglab.target"]).returncode, 0)
    console = Session(["/bin/sh", "-c", CONSOLE])
    console.expect("held")
    result = bglab.run(["systemctl", "start", "--no-block", f"{mode}.service"])
    bglab.equal((result.returncode, result.stderr), (0, ""))
    return console


def leave(person: Session, mode: str) -> None:
    """sulogin throws away what is typed before it reads: Enter until it has ended."""

    def is_gone() -> bool:
        person.line()
        return bglab.run(["systemctl", "is-active", f"{mode}.service"]).stdout.strip() == "inactive"

    bglab.until(f"{mode}.service ends", is_gone)


def ended(mode: str) -> None:
    bglab.until(f"{mode}.service ends", lambda: bglab.run(["systemctl", "is-active", f"{mode}.service"]).stdout.strip() == "inactive")


def opens(mode: str, recorded: bool = True) -> None:
    before = len(bglab.journal())
    with enter(mode) as person:
        bglab.type_shares(person, SHARES[:2])
        bglab.say_why(person)
        person.expect(SHELL)
        person.expect_shell()
        bglab.equal(person.shell("id -u; echo $HOME $BREAKGLASS_RECORDED").split(), ["0", "/root", "1" if recorded else "no"])
        bglab.equal(person.shell("tty") == "/dev/console\n", not recorded)
        person.ctrl("C")  # is the shell's, which may not show its prompt again where the signal meets it in showing one
        person.expect(r"\^C")
        person.line()
        person.expect_shell()
        person.line("exit")
        ended(mode)
    kinds = bglab.event_types(bglab.journal()[before:])
    assert "use.granted" in kinds, kinds
    use = bglab.own_since(before, "use.granted")[0]["use"]
    if recorded:
        done = bglab.until("it is on record", lambda: bglab.own_since(before, "session.recorded"))
        bglab.equal((done[0]["use"], bglab.own_since(before, "session.unrecorded")), (use, []))
        assert "id -u; echo $HOME" in bglab.command(f"breakglass session replay {use} --text")
    # what the wrapper of systemd does: the default target is asked for
    bglab.until("the default target", lambda: bglab.run(["systemctl", "is-active", "bglab.target"]).stdout.strip() == "active")


def test_rescue_mode() -> None:
    opens("rescue")


def test_emergency_mode() -> None:
    opens("emergency")


def test_where_nothing_can_be_recorded() -> None:
    """No script(1), and / read-only: the shell is there all the same, and the gap is on record."""
    for hide, show, why in (("mv /usr/bin/script /usr/bin/script.away", "mv /usr/bin/script.away /usr/bin/script", "no /usr/bin/script"),
                            ("mount -t tmpfs -o ro,mode=700 none /var/lib/breakglass/sessions", "umount /var/lib/breakglass/sessions", "Read-only")):
        before = len(bglab.journal())
        bglab.command(f"mkdir -p -m 700 /var/lib/breakglass/sessions; {hide}")
        try:
            opens("rescue", recorded=False)
        finally:
            bglab.command(show)
        said = bglab.own_since(before, "session.unrecorded")
        assert len(said) == 1 and why in said[0]["detail"], said


def test_what_records_is_killed() -> None:
    """The shell is there again, not recorded any more, and that is on record when it ends."""
    before = len(bglab.journal())
    with enter("rescue") as person:
        bglab.type_shares(person, SHARES[:2])
        bglab.say_why(person)
        person.expect(SHELL)
        person.expect_shell()
        bglab.command("pkill -KILL -f 'breakglass-login --record'")
        bglab.until("script is gone", lambda: not bglab.run("pgrep -x script").stdout)
        person.line()
        person.expect_shell()
        bglab.equal(person.shell("echo $BREAKGLASS_RECORDED"), "no\n")
        person.line("exit")
        ended("rescue")
    said = bglab.until("it is on record", lambda: bglab.own_since(before, "session.unrecorded"))
    bglab.equal([(x["detail"], x["use"]) for x in said], [("what recorded it was killed", bglab.own_since(before, "use.granted")[0]["use"])])
    bglab.equal(bglab.run("ls /run/breakglass/recording").stdout, "")


def test_a_second_try_and_roots_password() -> None:
    with enter("rescue") as person:
        person.expect(dialogue.START)
        person.ctrl("C")
        person.expect(AGAIN)
        person.line()
        person.expect(dialogue.START)
        person.line("q")
        person.expect(AGAIN)
        person.line("p")
        person.expect(LOCKED)
        leave(person, "rescue")


def systemds_own(why: str) -> None:
    with enter("emergency") as person:
        person.expect(LOCKED)
        assert "Break-glass" not in person.transcript, why
        leave(person, "emergency")


def test_without_an_account_or_a_helper() -> None:
    for path in ("/etc/breakglass/accounts", LOGIN, "/usr/libexec/breakglass/breakglass-rescue"):
        os.rename(path, f"{path}.away")
        try:
            systemds_own(path)
        finally:
            os.rename(f"{path}.away", path)


def test_several_accounts() -> None:
    bglab.equal(bglab.run(["breakglass", "init", "--account", "bg2", "--yes"]).returncode, 0)
    with enter("rescue") as person:
        person.expect(r"Break-glass account \(bg1 bg2\): ")
        person.line(ACCOUNT)
        person.expect(dialogue.START)
        person.line("q")
        person.expect(AGAIN)
        person.line("p")
        person.expect(LOCKED)
        leave(person, "rescue")
