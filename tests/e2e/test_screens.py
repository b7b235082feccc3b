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
import sys
import termios
from collections.abc import Iterator

import bglab
import pager
import usbkey
from bglab import bounded, dialogue

sys.path.append(os.path.dirname(os.path.abspath(__file__)) + "/../utils/respond")
import second  # noqa: E402  (answers text challenges)

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "screens")
CARDS = "/run/cards"
CONF = "/etc/breakglass/breakglass.conf"
PLAIN = "[login]\ndelay-console = 1\ndelay-network = 1\n[record]\nsink-required = no\n"
LAST = re.compile(r"\(BG\d{3,4}\)|Press Enter to go on:|Press Enter:|hidden:|only:|them, or type word \d+:|card again:|leave:|Part \d of \d:")
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


def shown(person: bglab.Session, account: str = "bg1", to_the_end: bool = False) -> str:
    """What the person saw from the name to the last word of ours, or to the end, without what differs each time."""
    text = person.transcript.replace("\r", "")
    text = text.rpartition(f"login: {account}\n")[2]
    ends = [m.end() for m in LAST.finditer(text)]
    text = text[: ends[-1]] if ends and not to_the_end else text
    text = re.sub(r"\b[0-9A-Z]{5}(-[0-9A-Z]{5}){4}\b", "-".join(["XXXXX"] * 5), text)
    text = re.sub(r"\b[0-9A-HJKMNP-TV-Z]{26}\b", "01" + "X" * 24, text)
    text = re.sub(r"waiting \d+ seconds?", "waiting N seconds", text)
    return "\n".join(line.rstrip() for line in text.strip("\n").split("\n")) + "\n"


def same(name: str, person: bglab.Session, widest: int, account: str = "bg1", to_the_end: bool = False) -> None:
    """The screen is that of the file, and no line is broken by the terminal."""
    seen, path = shown(person, account, to_the_end), f"{HERE}/{name}.txt"
    wanted = bglab.read(path) if os.path.exists(path) else ""
    ours = [re.sub(r"^\(\S+@\S+\) ", "", line) for line in seen.split("\n")]
    wide = [line for line in ours if len(line) > widest and not re.search("^What is broken|^Your full name|XXXXX-XXXXX", line)]
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


def test_text() -> None:
    """A key far away answers: over ssh, and on a line of 40 columns. Before anything fails: that costs a wait here."""
    key = second.Key("paper")
    try:
        done = bglab.run(["breakglass", "key", "add", "bg1", "--yes", "--text", "-"], stdin=key.line() + "\n")
        bglab.equal(done.returncode, 0)
        for name, begin, widest in (("text-ssh", lambda: bglab.ssh("bg1"), 50), ("text-40", lambda: console(columns=40), 39)):
            with begin() as person:
                person.expect(dialogue.CARDS_OR_TEXT)
                say(person, "?", dialogue.CARDS_OR_TEXT)
                person.line("t")
                rows = key.respond(person.expect(dialogue.CHALLENGE).group(1), "web01")
                person.expect(dialogue.ANSWER_LINE)
                for row in rows[:-1]:
                    say(person, row, dialogue.ANSWER_LINE)
                person.line(rows[-1])
                bglab.say_why(person)
                end(person)
                same(name, person, widest)
    finally:
        bglab.run("breakglass key remove bg1 paper --yes")


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


def test_two_keys() -> None:
    """Of two people; the first one is held to the machine again before the second comes."""
    path = "/etc/breakglass/credentials/bg1"
    good = bglab.read(path)
    try:
        with usbkey.key("--touch", "after:400", conf=PLAIN) as blue, usbkey.another("red", "--touch", "after:400") as red:
            write(CONF, f"{PLAIN}[fido]\ndevice = {blue.link} {red.link}\n")
            for label, plugged, who in ("blue", blue, "Ann"), ("red", red, "Ben"):
                bglab.command(["breakglass", "key", "add", "bg1", "--yes", "--label", label, "--custodian", who, "--device", plugged.link])
            write(path, bglab.read(path).replace("[account]\n", "[account]\nrequire = two-keys\n"))
            red.tell("unplug")
            with console() as person:
                person.expect(dialogue.KEY_ALONE)
                say(person, "", dialogue.KEY_ALONE)
                say(person, "", dialogue.KEY_ALONE_AGAIN)
                blue.tell("unplug")
                red.tell("plug")
                say(person, "", dialogue.TOUCH)
                bglab.say_why(person)
                end(person)
                same("two-keys", person, 80)
        with bglab.ssh("bg1") as person:
            person.expect(dialogue.LAST_WORD)
            person.line()
            person.expect_end()
            same("two-keys-ssh", person, 50)
    finally:
        write(path, good)
        write(CONF, PLAIN)


def test_without_pam() -> None:
    """As rescue mode starts it: on a terminal, with a command."""
    with bglab.Session(["/usr/libexec/breakglass/breakglass-login", "--tty", "bg1", "/bin/echo", "the shell of rescue mode"]) as person:
        to_cards(person)
        say(person, cards()[2])
        person.line(cards()[0])
        bglab.say_why(person)
        person.expect("the shell of rescue mode")
        person.wait()
        same("tty", person, 80, to_the_end=True)


def test_key_add() -> None:
    """The administrator's side: a key without a PIN is enrolled, and gets one."""
    try:
        with usbkey.another("green", "--touch", "after:400") as plugged:
            write(CONF, f"{PLAIN}[fido]\ndevice = {plugged.link}\n")
            with bglab.Session(["breakglass", "key", "add", "bg1", "--label", "green", "--custodian", "Robin Example"]) as person:
                person.expect(r"\[[^\]]*\] ?$|\? ?$|: ?$")
                person.line("yes")
                person.expect(r"\(yes or no\)[^\n]*")
                person.line("yes")
                person.expect("(?i)new PIN[^:]*: ?$")
                person.line("246813")
                person.expect("(?i)again[^:]*: ?$")
                person.line("246813")
                person.expect("Enrolled: [^\\n]*\n")
                person.wait()
                same("key-add", person, 80, to_the_end=True)
    finally:
        write(CONF, PLAIN)
        bglab.run("breakglass key remove bg1 green --yes")


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


def test_password_far_away_and_narrow() -> None:
    with bglab.ssh("bg3") as person:
        type_password(person)
        end(person)
        same("password-ssh", person, 50, "bg3")
    with console("bg3", columns=40) as person:
        type_password(person)
        end(person)
        same("password-40", person, 39, "bg3")


def type_password(person: bglab.Session) -> None:
    person.expect(r"Press Enter to type\s+the\s+password, \?\s+for\s+help,\s+q\s+to\s+leave: ?")
    say(person, "", r"Part \d of 2: ?")
    say(person, "correct horse battery", r"Part \d of 2: ?")
    person.line("staple and a half")
    bglab.say_why(person)


def test_replaced_while_somebody_types() -> None:
    """What was shown is not enrolled any more when the reason is typed."""
    bglab.command("breakglass init --account bg4 --uid 993 --yes")
    for name, begin in (("gone", lambda: console("bg4")), ("gone-ssh", lambda: bglab.ssh("bg4"))):
        set_password("correct horse battery")
        with begin() as person:
            person.expect(r"Press Enter to type\s+the\s+password, \? for\s+help, q to\s+leave: ?")
            say(person, "", r"Part \d of 2: ?")
            say(person, "correct horse battery", r"Part \d of 2: ?")
            say(person, "staple and a half", dialogue.NAME)
            set_password("another horse battery")
            say(person, "Robin Example", dialogue.REASON)
            person.line("LDAP does not answer")
            person.expect("BG950")
            if name == "gone-ssh":
                person.expect(dialogue.LAST_WORD)
                person.line()
            else:
                person.expect(r"\)")
            same(name, person, 50 if name == "gone-ssh" else 80, "bg4")


def set_password(first: str) -> None:
    made = bglab.run(["breakglass", "password", "set", "bg4", "--replace", "--parts", "2", "--parts-stdin"], stdin=f"{first}\nstaple and a half\n")
    bglab.equal(made.returncode, 0)


def refused(name: str, setting: list[str], back: list[str], number: str) -> None:
    """At a console, over ssh and by su, as far as it is refused there."""
    bglab.command(["breakglass", "account", "set", "bg1", *setting, "--yes"])
    try:
        if number == "BG187":
            with console() as person:
                person.expect("BG232")
                person.expect(r"\)")
                same(name, person, 80)
        with bglab.ssh("bg1") as person:
            person.expect(dialogue.LAST_WORD)
            person.line()
            person.expect_end()
            same(f"{name}-ssh", person, 50)
        with bglab.su("bg1", uid=ALICE) as person:
            person.expect(number)
            person.expect(r"\)")
            same(f"{name}-su", person, 80)
    finally:
        bglab.command(["breakglass", "account", "set", "bg1", *back, "--yes"])


def test_not_armed() -> None:
    refused("not-armed", ["--open", "armed"], ["--open", "always"], "BG187")


def test_not_from_here() -> None:
    refused("not-from-here", ["--from", "console"], ["--from", "everywhere"], "BG185")
