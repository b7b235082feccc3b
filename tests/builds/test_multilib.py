# SPDX-License-Identifier: ISC
"""32-bit programs on a 64-bit machine, Debian's own: names by getent, and logins by su, login and pamtester."""

import bglab
from bglab import bounded, dialogue

ACCOUNT = "bg1"
TOP = "/srv/i386"
SHARES: list[str] = []
NAMES = (f"passwd {ACCOUNT}", "passwd 0", "passwd 59001", f"shadow {ACCOUNT}", f"group {ACCOUNT}", f"initgroups {ACCOUNT}",
         "passwd alice", "group sudo", "passwd nobody-of-that-name")


def start() -> None:
    bglab.start_daemons()
    SHARES.extend(bglab.enrol(ACCOUNT))


def program(path: str) -> str:
    """It is a 32-bit one."""
    with open(TOP + path, "rb") as file:
        bglab.equal(file.read(5), b"\x7fELF\x01")
    return TOP + path


def test_names() -> None:
    getent = program("/usr/bin/getent")
    for query in NAMES:
        ours, theirs = (bglab.run(f"{which} {query}") for which in (getent, "/usr/bin/getent"))
        bglab.equal((ours.returncode, ours.stdout), (theirs.returncode, theirs.stdout))
    assert bglab.run(f"{getent} passwd {ACCOUNT}").stdout.startswith(f"{ACCOUNT}:x:0:0:")


def test_names_while_the_directory_hangs() -> None:
    bglab.ldap("hang")
    try:
        done = bglab.run(f"timeout 5 {program('/usr/bin/getent')} passwd {ACCOUNT}")
        bglab.equal(done.returncode, 0)
    finally:
        bglab.ldap("up")


def opens(person: bglab.Session) -> None:
    with person:
        bglab.open_door(person, SHARES[:2])
        bglab.equal(person.shell("id -u"), "0\n")
        person.line("exit")
        person.wait()


@bounded(300)
def test_su_and_login() -> None:
    """The 32-bit module asks the 64-bit helper; the record has no other than of 64-bit ones."""
    for argv in ([program("/bin/su"), "-", ACCOUNT], [program("/bin/login"), ACCOUNT]):
        before = len(bglab.journal())
        opens(bglab.Session(argv, uid=5000 if "su" in argv[0] else None))
        events = bglab.event_types(bglab.journal()[before:])
        assert "use.granted" in events and "session.opened" in events and "session.closed" in events, events


def test_refused() -> None:
    with bglab.Session([program("/usr/bin/pamtester"), "login", ACCOUNT, "authenticate"]) as person:
        person.expect(dialogue.START)
        person.line("q")
        assert person.wait() != 0


def test_others() -> None:
    """Who is not our account is asked for the own password."""
    with bglab.Session([program("/usr/bin/pamtester"), "login", "alice", "authenticate"]) as person:
        person.expect(dialogue.PASSWORD_PROMPT)
        person.line(bglab.PASSWORDS["alice"])
        bglab.equal(person.wait(), 0)
