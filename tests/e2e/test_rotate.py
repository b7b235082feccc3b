# SPDX-License-Identifier: ISC
"""A rotation between real logins: the old cards open until it is finished, then they are told that they are old; what the account's state is."""

import json
import os

import bglab
from bglab import dialogue
from emergency import NAME

ACCOUNT, BY, REVIEWER = "bg1", "Grace Hopper", "Barbara Liskov"
SHARES: list[str] = []


def start() -> None:
    bglab.start_daemons()
    SHARES.extend(bglab.enrol(ACCOUNT))


def admin(*words: str, status: int = 0, stdin: str = "") -> dict:  # type: ignore[type-arg]
    result = bglab.run(["breakglass", *words, "--json"], timeout=60, stdin=stdin)
    bglab.equal((result.returncode, result.stderr), (status, ""))
    return json.loads(result.stdout)


def state() -> str:
    result = bglab.run(["breakglass", "status", ACCOUNT, "--json"], timeout=60)  # it finds other things in the lab
    return next(a["state"] for a in json.loads(result.stdout)["accounts"] if a["account"] == ACCOUNT)


def closed() -> int:
    return sum(e["type"].endswith("session.closed.v1") for e in bglab.journal())


def use(shares: list[str]) -> None:
    ends = closed()
    with bglab.login(ACCOUNT) as person:
        bglab.open_door(person, shares[:2])
        bglab.equal(person.shell("id -u"), "0\n")
        person.line("exit")
        bglab.until("the session is closed", lambda: closed() > ends)


def refused(shares: list[str], message: str) -> None:
    with bglab.login(ACCOUNT) as person:
        bglab.type_shares(person, shares[:1])
        person.expect(message)


def test_from_a_use_to_a_new_set() -> None:
    bglab.equal(state(), "sealed")
    use(SHARES)
    bglab.equal(state(), "awaiting review")
    granted = next(e for e in reversed(bglab.journal()) if e["type"].endswith("use.granted.v1"))
    admin("review", "close", granted["data"]["unmapped"]["breakglass"]["use"], "--verdict", "genuine", "--by", REVIEWER, "--cause",
          "LDAP did not answer at all", "--actions", "LDAP was started again, its disk was full", "--yes")
    bglab.equal(state(), "to be rotated")

    told = admin("rotate", ACCOUNT, "--by", NAME, "--yes", status=1)
    bglab.equal([f["id"] for f in told["findings"]], ["BG1214"])
    fresh = admin("rotate", ACCOUNT, "--by", BY, "--yes")["shares"]
    refused(fresh, "BG230|BG215")  # not yet
    use(SHARES)  # nothing is lost while it is under way
    for share in fresh:
        admin("rotate", "verify", ACCOUNT, "--card-stdin", stdin=share + "\n")
    admin("rotate", "finish", ACCOUNT, "--yes")
    assert not os.path.exists(f"/etc/breakglass/credentials/{ACCOUNT}.next")

    refused(SHARES, "BG261")
    with bglab.login(ACCOUNT) as person:  # a card of each: the old one is told, the new ones open
        bglab.type_shares(person, [SHARES[0]])
        person.expect("older set, which was replaced")
        for share in fresh[:2]:
            person.expect(dialogue.SHARE)
            person.line(dialogue.prefixes(share))
        bglab.say_why(person)
        person.expect_shell()
        person.line("exit")
        bglab.until("the session is closed", lambda: closed() == 3)


def test_sealed_again() -> None:
    for event in bglab.journal():
        if event["type"].endswith("use.granted.v1"):
            result = bglab.run(["breakglass", "review", "close", event["data"]["unmapped"]["breakglass"]["use"], "--verdict", "genuine", "--by", REVIEWER,
                                "--cause", "LDAP did not answer at all", "--actions", "LDAP was started again, its disk was full", "--yes"], timeout=60)
            assert result.returncode in (0, 1), result.stdout + result.stderr
    bglab.equal(state(), "to be rotated")
    for share in admin("rotate", ACCOUNT, "--by", BY, "--yes")["shares"]:
        admin("rotate", "verify", ACCOUNT, "--card-stdin", stdin=share + "\n")
    admin("rotate", "finish", ACCOUNT, "--yes")
    bglab.equal(state(), "sealed")


def test_password_in_parts() -> None:
    old = admin("password", "new", ACCOUNT, "--yes")["drawn"]
    made = admin("rotate", ACCOUNT, "--by", BY, "--yes")
    for share in made["shares"]:
        admin("rotate", "verify", ACCOUNT, "--card-stdin", stdin=share + "\n")
    admin("rotate", "verify", ACCOUNT, "--parts-stdin", stdin="\n".join(made["drawn"]) + "\n")
    admin("rotate", "finish", ACCOUNT, "--yes")
    with bglab.login(ACCOUNT) as person:
        person.expect(r"p = password, \? = help, q = leave: ")
        person.line("p")
        for parts in (old, made["drawn"]):
            for part in parts:
                person.expect(r"Part \d of 2")
                person.line(part)
            if parts is old:
                person.expect("It was replaced on")
        bglab.say_why(person)
        person.expect_shell()
