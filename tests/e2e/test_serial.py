# SPDX-License-Identifier: ISC
"""A serial console at 9600 baud, 80 by 24, no USB: between two questions at most 1500 bytes, which take 1.6 seconds.

What the terminal echoes of an answer counts too."""

import os
import re

import bglab
import usbkey
from bglab import bounded, dialogue

LIMIT = 1500
BAUD = 9600
WORST = "/run/worst"
SHARES = "/run/test-shares"
OTHERS = "/run/other-shares"
CONF = "/etc/breakglass/breakglass.conf"
QUESTIONS = re.compile("|".join((
    dialogue.LOGIN_PROMPT, dialogue.PASSWORD_PROMPT, dialogue.START, dialogue.KEY_START, dialogue.KEY_AGAIN, dialogue.SHARE,
    dialogue.NAME, dialogue.REASON, dialogue.TICKET, r"\w+@[\w-]+:\S*[#$] ", r"PIN[^\r\n]*: ")))


def write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def start() -> None:
    bglab.start_daemons("rsyslogd")
    bglab.without_ldap()
    write(OTHERS, "\n".join(bglab.enrol("bg2", 2, 3)))
    write(SHARES, "\n".join(bglab.enrol("bg1", 2, 3)))
    write(CONF, "[login]\ndelay-console = 1\n[record]\nsink-required = no\n")
    write(WORST, "0")


def shares(path: str = SHARES) -> list[str]:
    return bglab.read(path).split("\n")


def serial(user: str = "bg1") -> bglab.Session:
    script = (f'd=/dev/ttyS0; umount -l $d 2>/dev/null; [ -e $d ] || : >$d; mount --bind "$(tty)" $d || exit 1; stty {BAUD} rows 24 '
              f"cols 80; exec setsid -c -w agetty -o '-p -- \\u' --noreset --noclear --keep-baud {BAUD} ttyS0 vt102 <$d >$d 2>&1")
    person = bglab.Session(["/bin/sh", "-c", script], env={"TERM": "vt102"})
    person.expect(dialogue.LOGIN_PROMPT)
    bglab.equal(bglab.run("stty -F /dev/ttyS0 speed").stdout.strip(), str(BAUD))
    person.line(user)
    return person


def count(person: bglab.Session) -> None:
    """The bytes from the end of one question to the end of the next, or to the last byte; lines of at most 80 columns."""
    text = person.transcript
    ends = [0] + [m.end() for m in QUESTIONS.finditer(text)] + [len(text)]
    parts = [text[a:b] for a, b in zip(ends, ends[1:], strict=False)]
    assert len(parts) > 2, text
    longest = max(parts, key=lambda part: len(part.encode()))
    assert len(longest.encode()) <= LIMIT, (len(longest.encode()), longest)
    if len(longest.encode()) > int(bglab.read(WORST)):
        write(WORST, f"{len(longest.encode())} ")


def typed(person: bglab.Session, cards: list[str]) -> None:
    person.expect(dialogue.START)
    person.line()
    for card in cards:
        person.expect(dialogue.SHARE)
        person.line(dialogue.prefixes(card))


def test_granted() -> None:
    with serial() as person:
        bglab.open_door(person, shares()[:2])
        count(person)


@bounded(300)
def test_every_mistake() -> None:
    """Wrong words, swapped, missing, too many; the same card again, a card of another set; a long line; then a grant with the
    longest answers that are taken."""
    first, second = shares()[:2]
    words = first.split()
    with serial() as person:
        person.expect(dialogue.START)
        person.line()
        for wrong in ("help", "?", "zebra " * 20, " ".join(words[:5]), " ".join(words + ["academic"] * 3),
                      " ".join([words[1], words[0]] + words[2:]), "x" * 600, "\x01\x02\x06" * 20):
            person.expect(dialogue.SHARE)
            person.line(wrong)
        person.expect(dialogue.SHARE)
        count(person)
        person.ctrl("C")
    with serial() as person:
        typed(person, [first, first, shares(OTHERS)[0], second])
        for short in ("A", "B", "C"):
            person.expect(dialogue.NAME)
            person.line(short)
        person.expect(dialogue.NAME)
        person.line("N" * 500)
        person.expect(dialogue.REASON)
        person.line("short")
        person.expect(dialogue.REASON)
        person.line("R" * 480 + "\x1b[31m")
        person.expect_shell()
        count(person)


@bounded(300)
def test_wrong_sets_and_delays() -> None:
    """Cards that are sound and open nothing, until no tries are left; the next login waits, and says how long."""
    for _ in range(2):
        with serial() as person:
            person.expect(dialogue.START)
            person.line()
            for _ in range(12):
                if not person.expect(dialogue.SHARE, dialogue.LOGIN_PROMPT, timeout=60).group().lower().startswith(("word", "next")):
                    break
                person.line(dialogue.prefixes(shares(OTHERS)[_ % 2]))
            count(person)
    bglab.run("rm -rf /var/lib/breakglass/state/* /run/breakglass/state/*")


def test_left() -> None:
    with serial() as person:
        person.expect(dialogue.START)
        person.line("q")
        person.expect(dialogue.LOGIN_PROMPT)
        count(person)


def test_refused() -> None:
    """Disabled; credentials that cannot be read; a damaged line of the account."""
    spoil = {"breakglass disable bg1 --yes": "breakglass enable bg1 --yes",
             "cp -a /etc/breakglass/credentials/bg1 /root/c; echo x >/etc/breakglass/credentials/bg1":
                 "mv /root/c /etc/breakglass/credentials/bg1",
             "cp -a /etc/breakglass/accounts /root/a; sed -i 's/^bg1:x:0/bg1:x:none/' /etc/breakglass/accounts":
                 "mv /root/a /etc/breakglass/accounts"}
    for how, back in spoil.items():
        bglab.run(how)
        with serial() as person:
            person.expect(r"BG\d{3,4}")
            person.expect(dialogue.LOGIN_PROMPT)
            count(person)
        bglab.run(back)


def test_nobody_knows_the_account() -> None:
    """nsswitch.conf was rewritten: what libc says is wrong, and the dialogue says so."""
    text = bglab.read("/etc/nsswitch.conf")
    write("/etc/nsswitch.conf", text.replace("breakglass", ""))
    with serial() as person:
        typed(person, shares()[:2])
        bglab.say_why(person)
        person.expect("BG119")
        count(person)
    write("/etc/nsswitch.conf", text)


@bounded(300)
def test_nothing_can_be_written() -> None:
    """The record goes to a log in memory at best: a person is asked to keep it on paper, with as long a reason as there can be."""
    for place in ("/var/lib/breakglass/journal", "/run/breakglass/journal"):
        os.makedirs(place, exist_ok=True)
        bglab.command(f"mount -t tmpfs -o ro none {place}")
    try:
        with serial() as person:
            typed(person, shares()[:2])
            person.expect(dialogue.NAME)
            person.line("N" * 400)
            person.expect(dialogue.REASON)
            person.line("\u00e4" + "R" * 500)
            person.expect("\\(BG316\\)")
            person.expect_shell()
            count(person)
    finally:
        bglab.run("umount /var/lib/breakglass/journal /run/breakglass/journal")


@bounded(300)
def test_key_without_usb() -> None:
    """A key is enrolled and there is no bus to plug it into: said, asked again, and shares are the way in."""
    with usbkey.key():
        bglab.command("breakglass key add bg1 --label blue --yes")
    write(CONF, "[login]\ndelay-console = 1\n[record]\nsink-required = no\n[fido]\ndevice = /dev/none\n")
    with serial() as person:
        person.expect(dialogue.KEY_START)
        person.line()
        person.expect(dialogue.KEY_AGAIN, dialogue.START)
        person.line("nonsense")
        person.expect(dialogue.KEY_AGAIN, dialogue.START)
        person.line("s")
        for card in shares()[:2]:
            person.expect(dialogue.SHARE)
            person.line(dialogue.prefixes(card))
        bglab.say_why(person)
        person.expect_shell()
        count(person)


def test_the_most() -> str:
    return f"between two questions at most {bglab.read(WORST).strip()} bytes of {LIMIT}"
