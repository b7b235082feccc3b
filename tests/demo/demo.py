# SPDX-License-Identifier: ISC
"""The demo, inside a copy of the machine: LDAP hangs, the emergency account gets in, and an alarm rings outside.

usage: demo.py            hand the person at this terminal a login prompt
       demo.py --script   type for them, by key and by cards at login, ssh and su; exit 0 only if every step succeeded
       demo.py --floor    only measure the same on a machine where LDAP was never configured
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import select
import signal
import statistics
import sys
import termios
import time
import tty
from collections.abc import Callable

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))
sys.dont_write_bytecode = True

import bglab  # noqa: E402
import outside  # noqa: E402
import sessions  # noqa: E402

ACCOUNT = "bg1"
CONSOLE = "ttyS0"  # keys are for consoles only
NEEDED = 2  # cards
ALERT_WAIT = 5  # seconds, the default of alert-wait
FLOOR_MARK = "seconds without LDAP: "
FAILED: list[str] = []

WAYS: dict[str, Callable[[], sessions.Session]] = {
    "login": lambda: bglab.login(ACCOUNT),
    "ssh": lambda: bglab.ssh(ACCOUNT),
    "su": lambda: bglab.su(ACCOUNT, uid=bglab.LOCAL["alice"][0]),
}
STARTED_BY = {"login": "at the console", "ssh": f"ssh {ACCOUNT}@127.0.0.1", "su": f"alice: su - {ACCOUNT}"}


def say(text: str = "") -> None:
    print(text, flush=True)


def check(what: str, held: object, seen: str = "") -> None:
    """One line of the report; a step that failed is remembered."""
    say(f"  {'ok  ' if held else 'FAIL'} {what}{'' if held or not seen else ': ' + seen}")
    if not held:
        FAILED.append(f"{what}{' (' + seen + ')' if seen else ''}")


def plain(text: str) -> str:
    """A transcript as a person sees it, without carriage returns and escape sequences."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07", "", text)
    return text.replace("\r\n", "\n").replace("\r", "")


def show(transcript: str) -> None:
    say("\n".join("  | " + line for line in plain(transcript).strip().split("\n")))


def card(number: int, of: int, share: str) -> str:
    """One card as it would be in an envelope, 78 columns wide."""
    words = [f"{i:2} {word:<10}" for i, word in enumerate(share.split(), 1)]
    rows = ["  ".join(words[i : i + 5]).rstrip() for i in range(0, len(words), 5)]
    body = "\n".join(f"| {row:<74} |" for row in rows)
    return f"+-- card {number} of {of} for {ACCOUNT} {'-' * 54}+\n{body}\n+{'-' * 76}+"


def stuck(user: str) -> bool:
    """Is "id USER" still stuck after two seconds?"""
    return bglab.run(["timeout", "2", "id", user]).returncode == 124


def by_key() -> sessions.Session:
    return bglab.login(ACCOUNT, device=CONSOLE)


# -- unattended ----------------------------------------------------------------------------------


def visit(way: str, shares: list[str], quiet: bool = False) -> float:
    """Get in one way and leave again; seconds from the last key stroke to the shell. Without shares, by the key."""
    mark, log = bglab.nslcd_mark(), bglab.auth_log_mark()
    before = len(bglab.journal())
    with WAYS[way]() if shares else by_key() as person:
        seconds = bglab.open_door(person, shares) if shares else bglab.open_door_by_key(person)
        asked = [] if quiet else bglab.nslcd_requests_since(mark)
        seen = person.transcript
        uid = person.shell("id -u").strip()
        person.line("exit")
        person.wait()
    if quiet:
        closed_events(before)
        return seconds
    show(seen)
    check(f"{way}: a shell with user id 0", uid == "0", uid)
    check(f"{way}: LDAP was asked nothing between the name and the shell", not asked, "; ".join(map(str, asked)))
    evidence(way, before, log)
    return seconds


def closed_events(before: int) -> list[str]:
    """The kinds of events since then, once the end of the session is among them (sshd ends it after the client has left)."""
    since: Callable[[], list[str]] = lambda: bglab.event_types(bglab.journal()[before:])  # noqa: E731
    with contextlib.suppress(sessions.Missing):
        bglab.until("session.closed", lambda: "session.closed" in since())
    return since()


def evidence(way: str, before: int, log: int) -> None:
    """What the use has left in the journal and in syslog."""
    wanted = ["auth.succeeded", "use.granted", "session.opened", "session.closed"]
    kinds = closed_events(before)
    check(f"{way}: the journal has {', '.join(wanted)}", [k for k in kinds if k in wanted] == wanted, str(kinds))
    line = re.search(r".*@cee:.*use\.granted.*", bglab.auth_log_since(log))
    check(f"{way}: syslog has the grant", line)
    if line:
        say(f"  | {line[0][:400]}{'...' if len(line[0]) > 400 else ''}")


def script() -> int:
    bglab.start_daemons()
    shares = bglab.enrol(ACCOUNT)
    with outside.Outside(ACCOUNT) as around:
        bglab.ldap("hang")
        say("LDAP hangs: slapd is stopped by SIGSTOP.")
        # nslcd answers at once for a moment when its own first connection had failed on a busy machine
        check("id fuser, an ordinary local user, is stuck after 2 s", any(stuck("fuser") for _ in range(10)))
        check(f"id {ACCOUNT} and id root are not", not stuck(ACCOUNT) and not stuck("root"))
        step("login by key raises an alarm outside", play_key, around)
        play_shares(shares)
        step("the alarm survives a dead receiver", play_dead_receiver, around)
    check("the journal verifies", bglab.run(["breakglass", "journal", "verify"]).returncode == 0)
    say(f"\n{'Every step succeeded.' if not FAILED else 'Failed: ' + '; '.join(FAILED)}")
    return 1 if FAILED else 0


def step(what: str, play: Callable[[outside.Outside], None], around: outside.Outside) -> None:
    """One part of the script; if it is cut short, that counts as a failed step."""
    try:
        play(around)
    except (sessions.Missing, OSError, IndexError, ValueError, KeyError) as error:
        check(what, False, str(error))


def play_key(around: outside.Outside) -> None:
    """By key at the console, and what the receiver outside got."""
    say(f"\nkey (at the console, /dev/{CONSOLE}), touched {outside.TOUCHED_AFTER} s after it begins to blink:")
    before = len(bglab.journal())
    seconds = attempt("key", [])
    if seconds is None:
        return
    say(f"  {seconds:.2f} s from the last key stroke to the shell")
    say("\nThe journal of this first use:")
    say("\n".join(bglab.run(["breakglass", "journal", "show", "--details"]).stdout.splitlines()[-24:]))
    say("\nThe alarm, as the receiver outside this machine got it (HTTPS, headers and body):")
    show_alarm(around, granted(before))


def granted(before: int) -> str:
    """The id of the use since then."""
    return next(e["id"] for e in bglab.journal()[before:] if "use.granted" in e["type"])


def show_alarm(around: outside.Outside, event: str) -> None:
    headers, body = around.alarm(event)
    for name in ("content-type", "webhook-id", "webhook-timestamp", "webhook-signature"):
        value = {k.lower(): v for k, v in headers.items()}.get(name)
        say(f"  | {name}: {value}")
    say(f"  | {body.decode()}")
    check("alarm: its webhook-id is the id of the event", headers["webhook-id"] == event)
    check("alarm: its body is the line of the journal, byte for byte", outside.in_journal(body))
    check("alarm: its signature (Standard Webhooks, recomputed here by HMAC-SHA256) verifies", around.signed(headers, body))
    check("alarm: with one letter changed it does not", not around.signed(headers, body.replace(b"Robin", b"Rubin")))


def play_shares(shares: list[str]) -> None:
    floor = json.loads(os.environ.get("LAB_FLOOR") or "{}")
    seconds = {}
    for way in WAYS:
        say(f"\n{way} ({STARTED_BY[way]}), cards 1 and 3, four letters of each word:")
        first = attempt(way, [shares[0], shares[2]])
        seconds[way] = median(way, shares, first)
    report_seconds(seconds, floor)


def play_dead_receiver(around: outside.Outside) -> None:
    """By key once more while nobody is listening; the receiver is back before the person leaves."""
    say("\nkey once more, while the receiver is down (its port refuses connections):")
    around.receiver.stop()
    before, heard = len(bglab.journal()), len(around.heard())
    with by_key() as person:
        seconds = bglab.open_door_by_key(person)
        seen = person.transcript
        uid = person.shell("id -u").strip()
        bglab.until("the deliveries that the session and what was dead then have started are over",  # 30 s each, one by one
                    lambda: bglab.run(["pgrep", "-x", "breakglass-aler"]).returncode == 1, 120)
        event, unheard = granted(before), len(around.heard()) == heard
        around.receiver.start()
        back = time.monotonic()
        try:  # no service runs here: most likely it arrives with the next event
            around.alarm(event, timeout=1)
            by_itself = True
        except sessions.Missing:
            by_itself = False
        person.line("exit")
        around.alarm(event)
        took = time.monotonic() - back
        person.wait()
    show(seen)
    check("dead receiver: a shell with user id 0", uid == "0", uid)
    check("dead receiver: the person was told that no receiver took the alarm (BG321)", "BG321" in seen)
    check(f"dead receiver: {seconds:.2f} s from the last key stroke to the shell, {ALERT_WAIT} s of it waiting for a receiver",
          seconds < ALERT_WAIT + 15)  # other programs may need some of it
    check("dead receiver: nothing had arrived", unheard)
    check("dead receiver: that is on record (alert.unreached)", "alert.unreached" in closed_events(before))
    left = "" if by_itself else "; a second later the person logged out, and with that event everything waiting was delivered"
    say(f"\nThe receiver came back{left}.")
    say(f"The alarm arrived {took:.2f} s after the receiver had come back:")
    show_alarm(around, event)


def attempt(way: str, shares: list[str], quiet: bool = False) -> float | None:
    """visit(), where not getting in counts as a failed step."""
    try:
        return visit(way, shares, quiet)
    except (sessions.Missing, OSError) as error:
        check(f"{way}: gets in", False, str(error))
        return None


def median(way: str, shares: list[str], first: float | None) -> float | None:
    """The median of the first visit and four more, unless one failed."""
    if first is None:
        return None
    more = [attempt(way, shares[:2], quiet=True) for _ in range(4)]
    return None if None in more else statistics.median([first, *[m for m in more if m is not None]])


def report_seconds(seconds: dict[str, float | None], floor: dict[str, float]) -> None:
    say("\nSeconds from the last key stroke to the shell, median of 5:")
    say("          LDAP hangs   no LDAP configured   ratio")
    for way, took in seconds.items():
        base = floor.get(way)
        ratio = f"{took / base:.2f}" if took and base else "-"
        say(f"  {way:<6}  {took or 0:10.3f}   {base or 0:18.3f}   {ratio:>5}")
    check("all were compared with a machine without LDAP", all(seconds.values()) and set(floor) == set(WAYS))


def measure_floor() -> int:
    bglab.start_daemons()
    bglab.without_ldap()
    shares = bglab.enrol(ACCOUNT)
    with outside.Outside(ACCOUNT):
        seconds = {way: median(way, shares, attempt(way, shares[:2], quiet=True)) for way in WAYS}
    say(FLOOR_MARK + json.dumps(seconds))
    return 1 if FAILED else 0


# -- a person at the terminal --------------------------------------------------------------------


def relay(session: sessions.Session) -> None:
    """Connect this terminal to the session's until the session ends."""
    before = termios.tcgetattr(0)
    resize(session)
    signal.signal(signal.SIGWINCH, lambda *_: resize(session))
    try:
        tty.setraw(0)
        while pump(session):
            pass
    finally:
        signal.signal(signal.SIGWINCH, signal.SIG_DFL)
        termios.tcsetattr(0, termios.TCSADRAIN, before)


def pump(session: sessions.Session) -> bool:
    """Copy what is there in both directions; False at the end of the session."""
    ready = select.select([0, session.master], [], [])[0]
    try:
        if session.master in ready:
            data = os.read(session.master, 65536)
            os.write(1, data)
            if not data:
                return False
        if 0 in ready:
            os.write(session.master, os.read(0, 4096))
    except OSError:
        return False
    return True


def resize(session: sessions.Session) -> None:
    """Give the session this terminal's size (24 by 80 if it has none)."""
    size = fcntl.ioctl(0, termios.TIOCGWINSZ, b"\0" * 8)
    if size[:4] != b"\0" * 4:
        fcntl.ioctl(session.master, termios.TIOCSWINSZ, size)


def prompt() -> sessions.Session:
    """agetty and login on a console of the copy."""
    return bglab.console(CONSOLE, os.environ.get("TERM", "linux"))


def show_cards(shares: list[str]) -> None:
    """Only two cards: they are enough, and the page fits a screen of 24 lines."""
    for number, share in enumerate(shares[:NEEDED], 1):
        say(card(number, len(shares), share))
    say(f"""LDAP hangs in this copy of the machine ("id fuser" gets stuck). Log in as {ACCOUNT}:
  - Enter uses the key, a software one that touches itself after {outside.TOUCHED_AFTER} s
  - c lets you type these cards, {NEEDED} of {len(shares)}; four letters of each word are enough
  - then say who you are and why; the alarm goes to a receiver outside
Leave with "exit" (at "login:", with Ctrl-D). The machine itself stays as it is.""")


def taken(around: outside.Outside, event: str) -> str:
    """What the receiver makes of an event."""
    try:
        return "signature verified" if around.signed(*around.alarm(event, timeout=2)) else "SIGNATURE WRONG"
    except sessions.Missing:
        return "not yet"


def between(around: outside.Outside, log: int, before: int) -> bool:
    """After a logout: what is on record, and what the receiver got; True for another login."""
    if "use.granted" in bglab.event_types(bglab.journal()[before:]):
        closed_events(before)
    say("\nIn syslog (auth.log), cut at the edge of the screen:")
    lines = [line for line in bglab.auth_log_since(log).splitlines() if "@cee:" in line or "breakglass" in line]
    say("\n".join("  " + line[:76] for line in lines))
    say("\nOn record in the journal, and taken by the receiver outside:")
    for event in bglab.journal()[before:]:
        say(f"  {event['time'][11:19]}  {event['type'].removeprefix('org.breakglass.'):<24} {taken(around, event['id'])}")
    try:
        return input("\nEnter: log in again. Ctrl-D or q: end. ").strip() != "q"
    except (EOFError, KeyboardInterrupt):
        return False


def interactive() -> int:
    bglab.start_daemons()
    shares = bglab.enrol(ACCOUNT)
    with outside.Outside(ACCOUNT) as around:
        bglab.ldap("hang")
        again = True
        while again:
            show_cards(shares)
            log, before = bglab.auth_log_mark(), len(bglab.journal())
            with prompt() as session:
                relay(session)
            again = between(around, log, before)
    say("The copy is gone.")
    return 0


MODES = {(): interactive, ("--script",): script, ("--floor",): measure_floor}

if __name__ == "__main__":
    mode = MODES.get(tuple(sys.argv[1:]))
    sys.exit(mode() if mode else __doc__)
