# SPDX-License-Identifier: ISC
"""Cards with keepers and groups with names, at a real login: what is asked for, what is refused, and who is on record."""

import json

import bglab
from bglab import dialogue

SHARES: list[str] = []


def start() -> None:
    bglab.start_daemons()
    bglab.enrol("bg1")
    made = bglab.run(["breakglass", "share", "new", "bg1", "--replace", "--yes", "--json", "--label", "SAFE 7", "--groups", "2", "--group",
                      "ops 2/3", "--group", "board 1/2", "--custodian", "Ann:17", "--custodian", "Ben:18", "--custodian", "Cleo:19",
                      "--custodian", "Dora:20", "--custodian", "Emil:21"], timeout=60)
    bglab.equal(made.returncode, 0)
    SHARES.extend(json.loads(made.stdout)["shares"])


def test_keepers_of_both_groups_are_on_record() -> None:
    with bglab.login("bg1") as person:
        bglab.open_door(person, [SHARES[2], SHARES[3], SHARES[0]])
        bglab.equal(person.shell("id -u"), "0\n")
        assert "SAFE 7" in person.transcript and SHARES[0].split()[0] not in person.transcript.lower().split()
        assert "ops" in person.transcript or "board" in person.transcript, "no group was named"
    granted = next(e for e in reversed(bglab.journal()) if e["type"].endswith("use.granted.v1"))
    bglab.equal([(c["group"], c["card"], c.get("copy"), c["custodian"], c["envelope"]) for c in bglab.own(granted)["cards"]],
                [(1, 3, None, "Cleo", "19"), (2, 1, 1, "Dora", "20"), (2, 1, 2, "Emil", "21"), (1, 1, None, "Ann", "17")])


def test_a_use_after_the_set_was_replaced() -> None:
    made = bglab.run(["breakglass", "share", "new", "bg1", "--replace", "--yes", "--json"], timeout=60)
    fresh = json.loads(made.stdout)["shares"]
    with bglab.login("bg1") as person:
        bglab.type_shares(person, SHARES[:1])
        person.expect("BG261")
        bglab.equal([bglab.own(e)["detail"] for e in bglab.journal() if e["type"].endswith("share.refused.v1")], ["BG261"])
        for share in fresh[:2]:
            person.expect(dialogue.SHARE)
            person.line(dialogue.prefixes(share))
        bglab.say_why(person)
        person.expect_shell()
