# SPDX-License-Identifier: ISC
"""README's commands, as they are written there, on a bare Debian.

usage: walk.py README BARE-ROOT SOURCE-IN-IT      (root, in a copy that has a network; see the job in tests/lab/check.sh)

One person sits in a root shell of the bare machine and types what README says before "What this is", under "Install it" and
"From source": every line of a code block and every `command` in the text, in README's order. What a command asks is answered as a newcomer
would: Enter for what is offered, "y", "save". A command that is not typed stands in LEFT_OUT with the reason, so that a new
one in README is either typed or fails here. Last line: "N passed, N failed".
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import shutil
import subprocess
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
for room in ("lab", "utils/alert"):
    sys.path.append(os.path.join(HERE, "..", room))
sys.dont_write_bytecode = True

import dialogue  # noqa: E402
import receiver as receivers  # noqa: E402
from emergency import open_door  # noqa: E402
from sessions import Missing, Session  # noqa: E402

README, ROOT, SOURCE = sys.argv[1:4]
BARE = os.path.join(HERE, "bare")
CERTS = "/tmp/walk-certs"
BUILD_SECONDS = 1200.0  # on a machine that does much else
CLONE_NEWNET = 0x40000000
PASSED_ON = {k: v for k, v in os.environ.items() if k in ("http_proxy", "https_proxy", "no_proxy")}
PROMPT = "bare:/# "  # no program of ours prints this
LEFT_OUT = {
    "./setup demo": "hands over a login prompt; --script is the same by itself",
    "./setup check": "this test is a part of it",
    "sudo -i": "who is root already needs none of these two",
    "su -": "who is root already needs none of these two",
}
# What a command asks, and what a newcomer answers: the first that fits.
ANSWERS = [
    (r"\[y/N\] ?$", "y"),
    (r"\[Y/n\] ?$", ""),
    (r"Enter (?:shows the first card|wipes this card)[^\r\n]*: ?$", ""),
    (r'Type "save", "discard" or "test": ?$', "save"),
    (r"Card[^\r\n]*words[^\r\n]*: ?$", "CARD"),
    (r"\[[^\]\r\n]*\]: ?$", ""),
]
# There and back, by either way.
ROUND = {
    "apt install ./_packages/*.deb",
    "make -C _build install",
    "breakglass init",
    "breakglass init --undo",
    "breakglass init --undo --purge",
    "apt purge breakglass breakglass-alert breakglass-respond libpam-breakglass libnss-breakglass",
    "make -C _build uninstall",
}
# Findings of "status" that stay until README comes to sinks, or where no systemd runs a service.
BARE_FINDINGS = {"BG340", "BG344"}


def _parts(readme: str) -> tuple[str, str]:
    """The first words and how to install packages; and how to do it from source."""
    parts = readme.split("\n## ")
    install, source = (next(part for part in parts if part.startswith(title)) for title in ("Install it", "From source"))
    return parts[0] + install, source


def _commands(text: str) -> list[str]:
    """The commands of a part of README, in order."""
    found: list[str] = []
    for block, indented, inline in re.findall(r"^```\n(.*?)^```$|^((?:    \S[^\n]*\n)+)|`([^`\n]+)`", text, flags=re.S | re.M):
        if not block.startswith("["):  # a piece of a file
            found += (block or indented).splitlines()
        if re.match(r"(?:\./setup|sudo|su|make|breakglass) [-a-z]", inline):
            found.append(inline)
    return [line.strip() for line in found]


def _words(command: str) -> str:
    """The command without README's remark."""
    return command.split(" #")[0].strip()


class Newcomer:
    """A root shell on the bare machine."""

    def __init__(self) -> None:
        self.shell = Session([BARE, "enter", ROOT, "/bin/bash", "--norc", "-i"], env=PASSED_ON)
        self.cards: list[str] = []
        self.shell.expect(r"[#$] $")
        self.shell.line(f"PS1='{PROMPT[:4]}''{PROMPT[4:]}'; cd {SOURCE}")
        self.shell.expect(re.escape(PROMPT))

    def types(self, command: str, timeout: float = 400.0) -> tuple[int, str]:
        """Type a command and answer what it asks; its status and all that it showed."""
        mark = len(self.shell.transcript)
        self.shell.line(command)
        while True:
            hit = self.shell.expect(re.escape(PROMPT) + "$", *(pattern for pattern, _ in ANSWERS), timeout=timeout)
            if hit[0] == PROMPT:
                break
            self.shell.line(self._answer(hit[0]))
        shown = self.shell.transcript[mark:]
        self._note_cards(shown)
        self.shell.line("echo status=$?")
        status = int(self.shell.expect(r"status=(\d+)\r?\n")[1])
        self.shell.expect(re.escape(PROMPT))
        return status, shown

    def _answer(self, question: str) -> str:
        answer = next(answer for pattern, answer in ANSWERS if re.search(pattern, question))
        return dialogue.prefixes(self.cards[0]) if answer == "CARD" else answer

    def _note_cards(self, shown: str) -> None:
        """Copy the cards of a new set: their words by number, wherever on the card they stand."""
        cards = []
        for page in shown.split("BREAK-GLASS CARD")[1:]:
            words = {int(n): word.lower() for n, word in re.findall(r"\b(\d+)  ([A-Z]{3,4}[a-z]*)\b", page.split(" To use it")[0])}
            cards.append(" ".join(words[n] for n in sorted(words)))
        self.cards = cards or self.cards


class Walk:
    def __init__(self) -> None:
        self.passed = self.failed = 0

    def step(self, what: str, call) -> bool:  # type: ignore[no-untyped-def]
        began, why = time.monotonic(), ""
        try:
            call()
        except Exception as error:  # noqa: BLE001  (whatever it was, the step failed)
            why = str(error) if isinstance(error, (Missing, AssertionError)) else traceback.format_exc()
        self.passed, self.failed = self.passed + (not why), self.failed + bool(why)
        print(f"{'FAIL' if why else 'ok  '} {what} ({time.monotonic() - began:.0f} s){': ' + why if why else ''}", flush=True)
        return not why


def succeed(person: Newcomer, command: str, allowed: set[str] = frozenset(), timeout: float = 400.0) -> str:  # type: ignore[assignment]
    """Type it; it must succeed, or end with 1 for findings that a bare machine keeps."""
    status, shown = person.types(command, timeout)
    findings = set(dialogue.message_ids(shown))
    if status == 0 or (status == 1 and findings and findings <= allowed):
        return shown
    raise Missing(f"status {status}: {shown[-1500:]}")


def key_add(person: Newcomer, command: str) -> None:
    """There is no key on this machine, and it says so."""
    status, shown = person.types(command)
    if status == 0 or not re.search(r"BG\d{3,4} .*\b(?:key|device)", shown):
        raise Missing(f"status {status}: {shown}")


def log_in(person: Newcomer) -> None:
    """From a second terminal: login(1), two cards, root's shell."""
    pid = _init_of(person)
    with Session(["nsenter", "-t", str(pid), "-a", "-r", "-w", "/bin/login"]) as second:
        second.expect(dialogue.LOGIN_PROMPT)
        second.line("bg1")
        open_door(second, person.cards[:2])
        seen = second.shell("id -u; echo $HOME").split()
        assert seen == ["0", "/var/lib/breakglass/home/bg1"], seen
        second.line("exit")
        second.wait()


def _init_of(person: Newcomer) -> int:
    """Process 1 of the bare machine."""
    children = f"/proc/{person.shell.pid}/task/{person.shell.pid}/children"
    with open(children, encoding="ascii") as file:
        return int(file.read().split()[0])


def not_root(person: Newcomer) -> None:
    """Nothing is installed yet, and only root could."""
    status, shown = person.types("setpriv --reuid=65534 --regid=65534 --clear-groups ./setup build")
    if status != 3 or "not installed: " not in shown or "gcc" not in shown:
        raise Missing(f"status {status}: {shown}")


def careful_root(walk: Walk, person: Newcomer, commands: list[str], made: dict[str, str]) -> None:
    """A root whose umask is 077 installs the same as anybody, and leaves as little."""
    succeed(person, "umask 077")
    for command in commands:
        walk.step(f"with umask 077: {command}", lambda: succeed(person, command))
        if _words(command) == "breakglass init":
            walk.step("with umask 077: owners and modes are the same", lambda: same("modes", made, listing()))
    succeed(person, "umask 022")


def special(command: str, person: Newcomer, sink: str, receiver: receivers.Receiver) -> bool:
    """Commands of which more is known than that they succeed."""
    if command.startswith("breakglass key add"):
        key_add(person, command)
    elif command == "breakglass alert test":
        alarm(person, command, sink, receiver)
    return command.startswith(("breakglass key add", "breakglass alert test"))


def alarm(person: Newcomer, command: str, sink: str, receiver: receivers.Receiver) -> None:
    """README's example of a sink goes into the file as it stands; its host is our receiver, whose CA the machine trusts."""
    with open(f"{ROOT}/etc/breakglass/breakglass.conf", "a", encoding="utf-8") as file:
        file.write("\n" + sink)
    shown = succeed(person, command, BARE_FINDINGS)
    types = [json.loads(body)["type"] for _, body, _ in receiver.got]
    assert any("alert.test" in kind for kind in types), (types, shown)


def listing() -> dict[str, str]:
    """What installing could leave: names, modes and sizes outside of what changes anyway."""
    prune = " -o ".join(f"-path {ROOT}/{d}" for d in ("root", "var/log", "var/cache", "etc/ld.so.cache", "tmp", "run", "mnt"))
    out = subprocess.run(f"find {ROOT} -xdev \\( {prune} \\) -prune -o -printf '%P %M %u:%g %l\\n'", shell=True, check=True, capture_output=True, text=True)
    return dict(line.split(" ", 1) for line in out.stdout.splitlines() if not re.match(r"etc/\w+- ", line))


def contents() -> dict[str, bytes]:
    """Every file of /etc, without the alert service's user, who stays as README says, and copies that user tools make."""
    found = {}
    for folder, _, names in os.walk(f"{ROOT}/etc"):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and not path.endswith(("ld.so.cache", "-")):
                with open(path, "rb") as file:
                    found[path] = re.sub(rb"(?m)^breakglass-alert:.*\n", b"", file.read())
    return found


def same(what: str, before: dict, after: dict) -> None:  # type: ignore[type-arg]
    other = sorted(k for k in before.keys() | after.keys() if before.get(k) != after.get(k))
    if other:
        raise AssertionError(f"{what}: {[(k, before.get(k), after.get(k)) for k in other[:20]]}"[:3000])


def forget(*folders: str) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def receiver_of(host: str) -> receivers.Receiver:
    """From now on we are on a network of our own, and the receiver of alarms is in it by that name, at the usual port."""
    receivers.make_certificates(CERTS, host)
    subprocess.run(["cp", f"{CERTS}/ca.pem", f"{ROOT}/usr/local/share/ca-certificates/walk.crt"], check=True)
    subprocess.run([BARE, "enter", ROOT, "update-ca-certificates"], check=True, capture_output=True)
    with open(f"{ROOT}/etc/hosts", "a", encoding="ascii") as file:
        file.write(f"127.0.0.1 {host}\n")
    if ctypes.CDLL(None).unshare(CLONE_NEWNET) != 0:
        raise OSError("no network namespace")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    return receivers.Receiver(CERTS, port=443)


def online(walk: Walk, commands: list[str]) -> None:
    """What needs the network: afterwards all that ours depend on is installed, and nothing of ours."""
    person = Newcomer()
    walk.step("./setup build by somebody else says what is missing", lambda: not_root(person))
    for command in {_words(c): c for c in commands if _words(c).startswith(("./setup", "apt install"))}.values():
        walk.step(command, lambda: succeed(person, command, timeout=BUILD_SECONDS))
    walk.step("everything away again", lambda: succeed(person, next(c for c in commands if c.startswith("apt purge"))))
    forget(f"{ROOT}/var/lib/breakglass")


def newcomer(walk: Walk, person: Newcomer, commands: list[str], sink: str, receiver: receivers.Receiver) -> dict[str, str]:
    """The commands in README's order; what there was after "breakglass init"."""
    made: dict[str, str] = {}
    for command in commands:
        walk.step(command, lambda: special(_words(command), person, sink, receiver) or succeed(person, command, BARE_FINDINGS))
        if _words(command) == "breakglass init":
            made = listing()
        if _words(command).startswith("breakglass share verify"):
            walk.step("a login from a second terminal", lambda: log_in(person))
    forget(f"{ROOT}/etc/breakglass", f"{ROOT}/var/lib/breakglass")  # secrets and journal stay, as README says
    return made


def main() -> int:
    with open(README, encoding="utf-8") as file:
        text, source = _parts(file.read())
    walk = Walk()
    by_package, by_source = ([c for c in _commands(part) if _words(c) not in LEFT_OUT] for part in (text, source))
    online(walk, by_package + by_source)
    by_package, by_source = ([c for c in part if not c.startswith("./setup")] for part in (by_package, by_source))
    section = re.search(r"^```\n(\[sink .*?)^```$", text, flags=re.S | re.M)
    host = re.search(r"https://([^/:\s]+)", section[1] if section else "")
    assert section and host, "README has no example of a sink for a web hook"
    receiver, before, etc = receiver_of(host[1]), listing(), contents()
    person = Newcomer()
    for commands in (by_package, by_source):
        made = newcomer(walk, person, commands, section[1], receiver)
        careful_root(walk, person, [c for c in commands if _words(c) in ROUND], made)
        forget(f"{ROOT}/var/lib/breakglass")
        walk.step("afterwards /etc is as it was", lambda: same("files of /etc", etc, contents()))
        walk.step("and nothing stays anywhere", lambda: same("names", before, listing()))
    print(f"{walk.passed} passed, {walk.failed} failed")
    return walk.failed > 0


sys.exit(main())
