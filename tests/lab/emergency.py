# SPDX-License-Identifier: ISC
"""The emergency account: made the way an administrator does it, used the way a person in trouble does."""

from __future__ import annotations

import json
import re

import dialogue
from sessions import PATIENCE, Missing, Session, run

NAME = "Robin Example"
# a real card of a set that is nobody's (vectors of SLIP-0039)
FOREIGN = (
    "duckling enlarge academic academic agency result length solution fridge kidney coal piece deal husband erode duke ajar "
    "critical decision keyboard"
)
REASON = "LDAP does not answer, restarting the directory"


def enrol(account: str = "bg1", need: int = 2, of: int = 3, *init_options: str) -> list[str]:
    """breakglass init and share new; the shares, each as a line of words."""
    _admin("init", "--account", account, "--yes", *init_options)
    _without_sinks()
    made = _admin("share", "new", account, "--shares", f"{need}/{of}", "--yes", "--json")
    shares = json.loads(made)["shares"]
    if len(shares) != of:
        raise Missing(f"{of} shares asked for: {len(shares)} made")
    return shares


def _without_sinks() -> None:
    """A host whose alarms leave by syslog, unless a test writes a configuration of its own."""
    with open("/etc/breakglass/breakglass.conf", encoding="utf-8") as file:
        text = file.read()
    if re.search(r"(?m)^(\[sink|sink-required)", text) is None:
        with open("/etc/breakglass/breakglass.conf", "w", encoding="utf-8") as file:
            file.write(re.sub(r"(?m)^\[record\]\n", "[record]\nsink-required = no\n", text))


def _admin(*words: str) -> str:
    result = run(["breakglass", *words], timeout=60)
    if result.returncode != 0:
        raise Missing(f"breakglass {' '.join(words)}: status {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout


def type_shares(person: Session, shares: list[str], timeout: float = PATIENCE) -> None:
    """From the first prompt on: four letters of every word, one share per line."""
    person.expect(dialogue.START, timeout=timeout)
    person.line()
    for share in shares:
        person.expect(dialogue.SHARE, timeout=timeout)
        person.line(dialogue.prefixes(share))


def say_why(person: Session, name: str = NAME, reason: str = REASON, timeout: float = PATIENCE) -> None:
    """Who and why; the Enter after the reason is the last key stroke."""
    person.expect(dialogue.NAME, timeout=timeout)
    person.line(name)
    person.expect(dialogue.REASON, timeout=timeout)
    person.line(reason)


def open_door(person: Session, shares: list[str], timeout: float = PATIENCE) -> float:
    """The whole dialogue up to the shell; seconds from the last key stroke to the prompt."""
    type_shares(person, shares, timeout)
    say_why(person, timeout=timeout)
    return person.expect_shell(timeout)


def get_in(person: Session, shares: list[str]) -> tuple[str, float]:
    """Through the dialogue into the shell and out again; what was shown, and the seconds after the reason."""
    seconds = open_door(person, shares)
    if person.shell("id -u") != "0\n":
        raise Missing("the shell is not root's")
    shown = person.transcript
    person.line("exit")
    person.wait()
    return shown, seconds


def try_foreign_cards(person: Session) -> None:
    """A stranger's dialogue: twenty cards of a set that is nobody's, then q."""
    person.expect(dialogue.START)
    person.line()
    for _ in range(20):
        person.expect(dialogue.SHARE)
        person.line(FOREIGN)
    person.expect(dialogue.SHARE)
    person.line("q")


def open_door_by_key(person: Session, timeout: float = PATIENCE) -> float:
    """The whole dialogue with a key that somebody touches; seconds from the last key stroke to the prompt."""
    person.expect(dialogue.KEY_START, timeout=timeout)
    person.line()
    person.expect(dialogue.TOUCH, timeout=timeout)
    say_why(person, timeout=timeout)
    return person.expect_shell(timeout)
