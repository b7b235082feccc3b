# SPDX-License-Identifier: ISC
"""Every screen of every way in, word for word, as the files in tests/e2e/screens have it.

After a change of words: tests/lab/run-e2e tests/e2e/test_screens.py | tests/tools/take-screens
writes those files anew from what was seen; then read each of them as somebody who was woken at three at night."""

import contextlib
import fcntl
import json
import os
import re
import struct
import termios
from collections.abc import Iterator

import bglab
import pager
import usbkey
from bglab import bounded, dialogue

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "screens")
CARDS = "/run/cards"
CONF = "/etc/breakglass/breakglass.conf"
PLAIN = "[login]\ndelay-console = 1\ndelay-network = 1\n[record]\nsink-required = no\n"
LAST = re.compile(r"\(BG\d{3}\)|Press Enter to go on:|Press Enter:|hidden:|only:|them, or type word \d+:|card again:|leave:|Part \d of \d:")
ALICE = bglab.LOCAL["alice"][0]


def start() -> None:
    bglab.run("hostname web01")
    bglab.start_daemons()
    bglab.without_ldap()
    bglab.enrol("bg1")
    bglab.command("breakglass init --account bg2 --uid 991 --yes")
    write(CONF, PLAIN)
    cards = {"old": new_set("bg1", "--label", "COPPER 7"), "bg1": new_set("bg1", "--label", "AMBER 42"),
             "bg2": new_set("bg2", "--label", "SLATE 5", "--groups", "2", "--group", "ops 2/3", "--group", "board 1/1")}
    write(CARDS, json.dumps(cards))


def new_set(account: str, *options: str) -> list[str]:
    return json.loads(bglab.command(["breakglass", "share", "new", account, *options, "--replace", "--yes", "--json"]))["shares"]


def write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def cards(which: str = "bg1") -> list[str]:
    """Four letters of each word."""
    return [dialogue.prefixes(card) for card in json.loads(bglab.read(CARDS))[which]]


def narrow(person: bglab.Session, columns: int = 40) -> None:
    fcntl.ioctl(person.master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


@contextlib.contextmanager
def console(account: str = "bg1", device: str = "tty1", columns: int = 80) -> Iterator[bglab.Session]:
    with bglab.login(device=device) as person:
        narrow(person, columns)
        person.line(account)
        yield person


def shown(person: bglab.Session, account: str = "bg1") -> str:
    """What the person saw from the name to the last word of ours, without what differs each time."""
    text = person.transcript.replace("\r", "")
    text = text.rpartition(f"login: {account}\n")[2]
    ends = [m.end() for m in LAST.finditer(text)]
    text = text[: ends[-1]] if ends else text
    text = re.sub(r"\b[0-9A-HJKMNP-TV-Z]{26}\b", "01" + "X" * 24, text)
    text = re.sub(r"waiting \d+ seconds?", "waiting N seconds", text)
    return "\n".join(line.rstrip() for line in text.strip("\n").split("\n")) + "\n"


def same(name: str, person: bglab.Session, widest: int, account: str = "bg1") -> None:
    """The screen is that of the file, and no line is broken by the terminal."""
    seen, path = shown(person, account), f"{HERE}/{name}.txt"
    wanted = bglab.read(path) if os.path.exists(path) else ""
    ours = [re.sub(r"^\(\S+@\S+\) ", "", line) for line in seen.split("\n")]
    wide = [line for line in ours if len(line) > widest and not re.match("What is broken|Your full name", line)]
    if seen != wanted:
        print(f"@@ screen {name}\n{seen}@@ end")
    assert seen == wanted, f"{name} is not as it was"
    bglab.equal(wide, [])


def say(person: bglab.Session, line: str, prompt: str = dialogue.SHARE) -> None:
    person.line(line)
    person.expect(prompt)


def another(word: str) -> str:
    return "acid" if word != "acid" else "acne"


def to_cards(person: bglab.Session) -> None:
    person.expect(dialogue.START)
    say(person, "")


def end(person: bglab.Session) -> None:
    person.expect_shell()
    person.line("exit")
    person.wait()


def whole(person: bglab.Session) -> None:
    to_cards(person)
    say(person, cards()[2])
    person.line(cards()[0])
    bglab.say_why(person, "J\u00f6rg M\u00fcller", "LDAP does not answer on any host")
    end(person)


def test_console() -> None:
    """And a name in its own letters, in the journal and in syslog."""
    mark, before = bglab.auth_log_mark(), len(bglab.journal())
    with console() as person:
        whole(person)
        same("console", person, 80)
    granted = next(e for e in bglab.journal()[before:] if "use.granted" in e["type"])
    assert "opened by J\u00f6rg M\u00fcller. Reason" in granted["data"]["message"], granted
    bglab.wait_auth_log("opened by J\u00f6rg M\u00fcller", mark)
    assert "J\u00f6rg M\u00fcller" in bglab.run("breakglass journal show").stdout


def test_console_of_40_columns() -> None:
    with console(columns=40) as person:
        whole(person)
        same("console-40", person, 39)


def test_serial_line() -> None:
    with console(device="ttyS0") as person:
        whole(person)
        same("console", person, 80)


def test_ssh() -> None:
    with bglab.ssh("bg1") as person:
        whole(person)
        same("ssh", person, 50)


def test_su() -> None:
    with bglab.su("bg1", uid=ALICE) as person:
        whole(person)
        same("su", person, 80)


def test_help() -> None:
    with console() as person:
        person.expect(dialogue.START)
        say(person, "help", dialogue.START)
        say(person, "what", dialogue.START)
        say(person, "")
        for line in ("help", "?", " ".join(cards()[0].split()[:5]), "?", ""):
            say(person, line)
        person.line("exit")
        person.expect("BG120")
        person.expect(r"\)")
        same("help", person, 80)


def test_words_that_are_wrong() -> None:
    words, other = cards()[0].split(), cards()[1].split()
    with console() as person:
        to_cards(person)
        say(person, " ".join(words[:6] + ["zzzz"] + words[7:12]))
        say(person, words[6])
        say(person, " ".join([another(words[12])] + words[13:]))
        say(person, "")
        say(person, words[12])
        say(person, "".join(other[:8]) + "xxy" + "".join(other[9:]))
        say(person, " ".join([*other[8:10], another(other[10]), *other[11:15], another(other[15]), *other[16:]]))
        say(person, " ".join(other[:19] + [other[19]] * 9))
        same("wrong-words", person, 80)
        person.ctrl("C")


def test_words_out_of_order() -> None:
    words, other = cards()[0].split(), cards()[1].split()
    with console() as person:
        to_cards(person)
        say(person, " ".join(words[:2] + [words[3], words[2]] + words[4:]))
        say(person, "")
        say(person, " ".join(other[:9] + [another(other[9])] + other[9:]))
        person.line("")
        person.expect(dialogue.NAME)
        same("out-of-order", person, 80)
        person.ctrl("C")
    with console() as person:
        to_cards(person)
        say(person, " ".join(words[:18] + words[19:]))
        same("missing-word", person, 80)
        person.ctrl("C")


def test_wrong_cards() -> None:
    foreign, old = dialogue.prefixes(bglab.FOREIGN).split(), cards("old")[0].split()
    with console() as person:
        to_cards(person)
        say(person, cards()[1])
        say(person, " ".join(foreign[:4]))
        say(person, " ".join(foreign))
        say(person, " ".join(old[:3]))
        say(person, cards()[1])
        same("wrong-cards", person, 80)
        person.ctrl("C")


def test_cards_that_do_not_open() -> None:
    path = "/etc/breakglass/credentials/bg1"
    good = bglab.read(path)
    write(path, re.sub(r"verifier = ....", "verifier = 0000", good))
    try:
        with console() as person:
            to_cards(person)
            for _ in range(3):
                say(person, cards()[0])
                person.line(cards()[1])
                person.expect(dialogue.SHARE, "BG111")
            person.expect(r"\)")
            same("cards-do-not-open", person, 80)
    finally:
        write(path, good)
        bglab.run("rm -rf /var/lib/breakglass/state/* /run/breakglass/state/*")


def test_card_words_where_they_are_seen() -> None:
    with console() as person:
        person.expect(dialogue.START)
        say(person, cards()[0].split()[0], dialogue.START)
        say(person, cards()[0], dialogue.START)
        say(person, "")
        say(person, cards()[0])
        person.line(cards()[1])
        person.expect(dialogue.NAME)
        say(person, " ".join(cards()[2].split()[:6]), dialogue.NAME)
        say(person, "Robin Example", dialogue.REASON)
        person.line("LDAP does not answer on any host")
        end(person)
        for typed in (cards()[0], " ".join(cards()[2].split()[:6]), cards()[0].split()[0]):
            person.transcript = person.transcript.replace(f": {typed}\r", ": (card words)\r")
        same("exposed", person, 80)
    exposed = [e for e in bglab.journal() if e["type"].endswith("share.exposed.v1")]
    bglab.equal([e["data"]["message"].partition(": ")[2] for e in exposed],
                ["card 1 of the set AMBER 42.", "card 3 of the set AMBER 42."])
    text = json.dumps(exposed)
    assert not re.search(r"\b" + r"\W+".join(cards()[0].split()[4:6]), text.lower()), text


def test_groups() -> None:
    ops, board = cards("bg2")[:3], cards("bg2")[3]
    with console("bg2") as person:
        to_cards(person)
        say(person, "?")
        say(person, " ".join(ops[0].split()[:8]))
        say(person, " ".join(ops[0].split()[8:]))
        say(person, ops[0])
        say(person, ops[2])
        say(person, ops[1])
        person.line(board)
        person.expect(dialogue.NAME)
        same("groups", person, 80, "bg2")
        person.ctrl("C")


def test_disabled() -> None:
    """At a console the other account is named, nowhere else."""
    bglab.command("breakglass disable bg1 --yes")
    try:
        with console() as person:
            person.expect("BG232")
            person.expect(r"\)")
            same("disabled", person, 80)
        with bglab.ssh("bg1") as person:
            person.expect(dialogue.LAST_WORD)
            person.line()
            person.expect_end()
            same("disabled-ssh", person, 50)
    finally:
        bglab.command("breakglass enable bg1 --yes")


@bounded(300)
def test_alarm() -> None:
    """Heard by a receiver; by nobody."""
    pager.connect(PLAIN.replace("[login]", "[login]\nalert-wait = 3"), "timeout = 2\n")
    try:
        receiver = pager.receiver()
        with console() as person:
            whole(person)
            same("alarm-heard", person, 80)
        bglab.until("the name in its own letters", lambda: any("opened by J\u00f6rg M\u00fcller".encode() in body for _, body, _ in receiver.got))
        receiver.stop()
        with console() as person:
            whole(person)
            same("alarm-unheard", person, 80)
    finally:
        write(CONF, PLAIN)


@bounded(300)
def test_key() -> None:
    """At the console; and what is said elsewhere."""
    try:
        with usbkey.key("--touch", "after:400", conf=PLAIN):
            made = bglab.run(["breakglass", "key", "add", "bg1", "--label", "blue", "--yes"])
            bglab.equal(made.returncode, 0)
            with console() as person:
                person.expect(dialogue.KEY_START)
                say(person, "?", dialogue.KEY_START)
                person.line("")
                person.expect(dialogue.TOUCH)
                bglab.say_why(person)
                end(person)
                same("key", person, 80)
        write(CONF, PLAIN + "[fido]\ndevice = /dev/none\n")
        with console() as person:
            person.expect(dialogue.KEY_START)
            say(person, "", dialogue.KEY_AGAIN)
            say(person, "c")
            same("key-missing", person, 80)
            person.ctrl("C")
        with bglab.ssh("bg1") as person:
            person.expect(dialogue.START)
            same("key-elsewhere", person, 50)
    finally:
        write(CONF, PLAIN)
        bglab.run("breakglass key remove bg1 blue --yes")


def test_key_and_cards() -> None:
    """Both are required; cards where a key is wanted first."""
    path = "/etc/breakglass/credentials/bg1"
    good = bglab.read(path)
    try:
        with usbkey.key("--touch", "after:400", conf=PLAIN):
            bglab.command("breakglass key add bg1 --label blue --yes")
            write(path, bglab.read(path).replace("[account]\n", "[account]\nrequire = key+shares\n"))
            with console() as person:
                person.expect(dialogue.KEY_ALONE)
                say(person, "c", dialogue.KEY_ALONE)
                say(person, "", dialogue.SHARE)
                say(person, cards()[0])
                person.line(cards()[1])
                bglab.say_why(person)
                end(person)
                same("key-and-cards", person, 80)
        with bglab.ssh("bg1") as person:
            person.expect(dialogue.LAST_WORD)
            person.line()
            person.expect_end()
            same("key-and-cards-ssh", person, 50)
    finally:
        write(path, good)
        write(CONF, PLAIN)


def test_password() -> None:
    """In two parts; a short part, an empty line, a wrong whole, and the right one."""
    first, second = "correct horse battery", "staple and a half"
    bglab.command("breakglass init --account bg3 --uid 992 --yes")
    made = bglab.run(["breakglass", "password", "set", "bg3", "--parts", "2", "--parts-stdin"], stdin=f"{first}\n{second}\n")
    bglab.equal(made.returncode, 0)
    with console("bg3") as person:
        person.expect(r"Press Enter to type the password, \? for help, q to leave: ?")
        for line in ("", "short", first, "", first, "staple and a third", first):
            say(person, line, r"Part \d of 2: ?")
        person.line(second)
        bglab.say_why(person)
        end(person)
        same("password", person, 80, "bg3")
