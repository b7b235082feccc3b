# SPDX-License-Identifier: ISC
"""A year of an account: drilled, used at night with LDAP hanging, reviewed, rotated; somebody leaves, a seal is broken, a look is missed.

The days pass by libfaketime: every program of this copy believes another date. What is due when is process.md's clocks: a drill
after 90 days, a review within 5, new credentials within a day, a look at each seal after 90.
"""

import glob
import json
import os

import bglab
from bglab import bounded

ACCOUNT = "bg1"
SHARES: list[str] = []
LIBRARY = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
NIGHT = "LDAP does not answer and the disk fills up"


def start() -> None:
    bglab.start_daemons()
    SHARES.extend(bglab.enrol(ACCOUNT))
    for n in (1, 2, 3):
        admin("envelope", "seal", ACCOUNT, f"e{n}", "--seal", f"A-{n}", "--holds", f"share 1-{n}", "--custodian", f"Custodian {n}", "--by",
              "Grace Hopper", "--seen-by", "Alan Turing", "--site", f"Site {n}")


def day(n: float) -> None:
    with open("/etc/faketimerc", "w", encoding="ascii") as file:
        file.write(f"+{n}d\n")
    with open("/etc/ld.so.preload", "w", encoding="ascii") as file:
        file.write(LIBRARY[0] + "\n")


def admin(*words: str, rc: int = 0, stdin: str = "") -> dict:
    result = bglab.run(["breakglass", *words, "--json"], timeout=60, stdin=stdin)
    assert result.returncode == rc, (words, result.returncode, result.stdout, result.stderr)
    return json.loads(result.stdout)


def kinds(since: int = 0) -> list[str]:
    return [e["type"].removeprefix("org.breakglass.").removesuffix(".v1") for e in bglab.journal()[since:]]


def state() -> str:
    found = bglab.run(["breakglass", "status", ACCOUNT, "--json"], timeout=60).stdout
    return next(a["state"] for a in json.loads(found)["accounts"] if a["account"] == ACCOUNT)


def dates() -> dict:
    found = bglab.run(["breakglass", "due", "--json"], timeout=60)
    listed = json.loads(found.stdout)["dates"]
    bglab.equal(found.returncode, 1 if any(x["overdue"] for x in listed) else 0)
    bglab.equal([x["due"] for x in listed], sorted(x["due"] for x in listed))
    return {x["item"]: x for x in listed}


def overdue() -> set[str]:
    return {item for item, x in dates().items() if x["overdue"]}


def reminded() -> list[str]:
    """What a timer puts on record now."""
    before = len(bglab.journal())
    bglab.run(["breakglass", "due", "--record", "--quiet"], timeout=60)
    return sorted(bglab.own(e)["item"] for e in bglab.journal()[before:] if "due.overdue" in e["type"])


def use(reason: str, name: str = "Ada Lovelace") -> str:
    ends = kinds().count("session.closed")
    with bglab.login(ACCOUNT) as person:
        bglab.type_shares(person, SHARES[:2])
        bglab.say_why(person, name, reason)
        person.expect_shell()
        bglab.equal(person.shell("id -u"), "0\n")
        bglab.equal(state(), "in use")
        person.line("exit")
        bglab.until("the session is closed", lambda: kinds().count("session.closed") > ends)
    return next(bglab.own(e)["use"] for e in reversed(bglab.journal()) if e["type"].endswith("use.granted.v1"))


def review(which: str, verdict: str, rc: int = 0, by: str = "Barbara Liskov") -> dict:
    return admin("review", "close", which, "--verdict", verdict, "--by", by, "--cause", "LDAP did not answer at all", "--actions",
                 "the disk of the LDAP server was cleared", "--yes", rc=rc)


def rotate(seals: str) -> None:
    new = admin("rotate", ACCOUNT, "--by", "Grace Hopper", "--yes")["shares"]
    for share in new:
        admin("rotate", "verify", ACCOUNT, "--card-stdin", stdin=share + "\n")
    admin("rotate", "finish", ACCOUNT, "--yes")
    SHARES[:] = new
    for n in (1, 2, 3):
        envelopes = {e["envelope"]: e for e in admin("envelope", "list", ACCOUNT)["envelopes"]}
        if envelopes[f"e{n}"]["status"] == "sealed":
            admin("envelope", "open", ACCOUNT, f"e{n}", "--by", f"Custodian {n}")
        admin("envelope", "seal", ACCOUNT, f"e{n}", "--seal", f"{seals}-{n}", "--holds", f"share 1-{n}", "--by", "Grace Hopper", "--seen-by", "Alan Turing")


def spring_a_drill() -> None:
    bglab.equal((state(), overdue()), ("sealed", set()))
    day(8)
    assert {f"drill {ACCOUNT}", "people"} <= overdue()  # never done
    assert f"drill {ACCOUNT}" in reminded() and reminded() == []
    admin("drill", "open", ACCOUNT, "--by", "Grace Hopper", "--until", "2h")
    drilled = use("the first drill of this account")
    bglab.equal(bglab.own(next(e for e in reversed(bglab.journal()) if e["type"].endswith("use.granted.v1")))["drill"], True)
    bglab.equal(state(), "awaiting review")
    assert {f"review {ACCOUNT} {drilled}", f"rotation {ACCOUNT}"} <= set(dates())
    review(drilled, "drill", rc=1, by="Ada Lovelace")  # not by whom it was
    review(drilled, "drill")
    bglab.equal(state(), "to be rotated")
    rotate("B")
    bglab.equal(state(), "sealed")
    admin("drill", "close", ACCOUNT, "--by", "Grace Hopper", "--yes", rc=1)  # not all of it was done, and it says so
    assert f"drill {ACCOUNT}" in overdue()  # so it does not count


def summer_a_night() -> None:
    day(40)
    bglab.ldap("hang")
    real = use(NIGHT)
    assert "drill" not in bglab.own(next(e for e in reversed(bglab.journal()) if e["type"].endswith("use.granted.v1")))
    bglab.ldap("up")
    bglab.equal(state(), "awaiting review")
    day(42)
    assert f"rotation {ACCOUNT}" in overdue() and f"review {ACCOUNT} {real}" not in overdue()
    day(46)
    assert f"review {ACCOUNT} {real}" in overdue()
    admin("status", rc=1)
    review(real, "genuine")
    assert f"review {ACCOUNT} {real}" not in dates()
    bglab.equal(state(), "to be rotated")
    rotate("C")
    bglab.equal(state(), "sealed")
    assert f"rotation {ACCOUNT}" not in dates()


def autumn_somebody_leaves_and_a_seal_is_broken() -> None:
    day(100)
    for person, name in (("grace", "Grace Hopper"), ("alan", "Alan Turing"), ("c1", "Custodian 1"), ("c2", "Custodian 2"), ("c3", "Custodian 3")):
        admin("people", "add", person, "--name", name, "--roles", "custodian use review", "--by", "Grace Hopper")
    admin("people", "review", "--by", "Grace Hopper", "--yes")
    admin("people", "leave", "c3", "--by", "Grace Hopper", "--yes", rc=0)
    left = [x for x in dates() if x.startswith(f"left c3 {ACCOUNT} card")]
    assert left, dates()
    admin("envelope", "move", ACCOUNT, "e3", "--custodian", "Custodian 1", "--by", "Grace Hopper", rc=1)  # two cards, and two open the account
    day(102)
    assert set(left) <= overdue()
    before = len(bglab.journal())
    admin("envelope", "inspect", ACCOUNT, "e1", "--by", "Grace Hopper", "--seal", "X-9", rc=1)
    assert "envelope.tampered" in kinds(before), kinds(before)


def winter_a_look_is_missed() -> None:
    day(200)
    missed = {f"inspection {ACCOUNT} e{n}" for n in (2, 3)}
    assert missed <= overdue(), overdue()
    assert missed <= set(reminded())
    admin("envelope", "inspect", ACCOUNT, "e2", "--by", "Grace Hopper", "--seal", "C-2")
    assert f"inspection {ACCOUNT} e2" not in overdue()
    admin("journal", "verify")


@bounded(300)
def test_a_year() -> None:
    spring_a_drill()
    summer_a_night()
    autumn_somebody_leaves_and_a_seal_is_broken()
    winter_a_look_is_missed()
