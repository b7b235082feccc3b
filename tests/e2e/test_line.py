# SPDX-License-Identifier: ISC
"""Sets of shares that are typed at the same time are judged one after the other; a console has a line of its own; nobody is locked out."""

import re

import bglab
from bglab import dialogue

ACCOUNT = "bg1"
SHARES: list[str] = []
CREDENTIALS = f"/etc/breakglass/credentials/{ACCOUNT}"
LONGEST = 4  # seconds
AT_ONCE = 7


def start() -> None:
    bglab.start_daemons()
    SHARES.extend(bglab.enrol(ACCOUNT))
    bglab.run(f"sed -i 's/^#* *delay-network = .*/delay-network = {LONGEST}/' /etc/breakglass/breakglass.conf")


def other_verifier() -> str:
    """From now on no set opens the account. Returns what to put back."""
    good = bglab.read(CREDENTIALS)
    with open(CREDENTIALS, "w", encoding="ascii") as file:
        file.write(re.sub(r"verifier = ....", "verifier = 0000", good))
    return good


def fresh_budget() -> int:
    """The events of one source have a budget, and this file needs more than that. Returns how long the journal is."""
    bglab.run("rm -f /run/breakglass/state/budget")
    return len(bglab.journal())


def failures(before: int) -> list[tuple[str, float]]:
    """Class of source and time of each failure."""
    events = [e for e in bglab.journal()[before:] if e["type"].endswith("attempt.failed.v1")]
    return [(e["data"]["unmapped"]["breakglass"]["source"], e["data"]["time"] / 1000) for e in events]


def type_all(people: list[bglab.Session]) -> None:
    """Everybody but for the last Enter, then all of them."""
    for person in people:
        bglab.type_shares(person, SHARES[:1])
        person.expect(dialogue.SHARE)
        person.send(dialogue.prefixes(SHARES[1]))
    for person in people:
        person.line()


@bglab.bounded(400)
def test_many_at_once() -> None:
    before = fresh_budget()
    good = other_verifier()
    people = [bglab.ssh(ACCOUNT) for _ in range(AT_ONCE)]
    try:
        type_all(people)
        bglab.until("the first is judged", lambda: failures(before))
        with bglab.login(ACCOUNT, device="ttyS0") as console:
            type_all([console])
            console.expect("BG110")
        in_line = AT_ONCE - len([source for source, _ in failures(before) if source == "network"])
        print(f"{in_line} of {AT_ONCE} in line when the console was judged")
        bglab.until("all are judged", lambda: len(failures(before)) == AT_ONCE + 1, timeout=200)
    finally:
        for person in people:
            person.close()
        with open(CREDENTIALS, "w", encoding="ascii") as file:
            file.write(good)
    times = sorted(at for source, at in failures(before) if source == "network")
    gaps = [later - earlier for earlier, later in zip(times, times[1:])]
    print("gaps: " + ", ".join(f"{gap:.2f}" for gap in gaps))
    for number, gap in enumerate(gaps):
        assert gap >= min(2**number, LONGEST) - 0.05, gaps
    assert in_line > 0


@bglab.bounded(400)
def test_a_right_set_among_wrong_ones() -> None:
    """It waits its turn and opens the door."""
    before = fresh_budget()
    good = other_verifier()
    people = [bglab.ssh(ACCOUNT) for _ in range(4)]
    try:
        type_all(people)
        bglab.until("the first is judged", lambda: failures(before))
        with open(CREDENTIALS, "w", encoding="ascii") as file:
            file.write(good)
        with bglab.ssh(ACCOUNT) as person:
            bglab.open_door(person, SHARES[:2], timeout=120)
    finally:
        for person in people:
            person.close()
        with open(CREDENTIALS, "w", encoding="ascii") as file:
            file.write(good)


def test_who_left_is_not_judged() -> None:
    """Those who hang up in line are not judged. (sshd does not look at its client while it waits for PAM, so this is su.)"""
    before = fresh_budget()
    good = other_verifier()
    people = [bglab.su(ACCOUNT, uid=bglab.LOCAL["alice"][0]) for _ in range(4)]
    try:
        type_all(people)
        bglab.until("the first is judged", lambda: failures(before))
    finally:
        for person in people:
            person.close()
        with open(CREDENTIALS, "w", encoding="ascii") as file:
            file.write(good)
    bglab.until("nobody is in line any more", lambda: bglab.run("pgrep -f 'breakglass-login --relay'").returncode != 0, timeout=60)
    assert len(failures(before)) < 4, failures(before)
