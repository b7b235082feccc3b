# SPDX-License-Identifier: ISC
"""A disk that says it is written, and loses it in a power cut: the receiver has lines that the journal has not."""

from __future__ import annotations

import hashlib
import json
import re

import dialogue
from lossy import Disk
from scene import RECEIVERS, Event, Machine, all_arrive, boot, journal, kind, log_in, received, resumed, succeed, waits_for
from tries_cut import one_line_a_number, plate

STATE = "/var/lib/breakglass"
SWEEP = "systemctl start breakglass-alert-sweep"  # what its timer does in time
EXTENT = re.compile(r"^\s*\d+:\s*\d+\.\.\s*\d+:\s*(\d+)\.\.\s*(\d+):", re.M)


def blocks(m: Machine, files: str) -> frozenset[int]:
    """Where on the disk they are."""
    said = succeed(m, f"filefrag -v -b4096 {files}")
    found = {n for first, last in EXTENT.findall(said) for n in range(int(first), int(last) + 1)}
    assert found, said
    return frozenset(found)


def lose(m: Machine, disk: Disk, files: str) -> int:
    """A use whose lines are at the receiver, and then not in these files: how many lines there were before."""
    m.console.expect(dialogue.LOGIN_PROMPT)
    succeed(m, "sync")
    before = len(journal(m))
    disk.lies = True
    m.console.type()
    log_in(m)
    waits_for(m, "session.opened")
    all_arrive(m)
    newest = int(journal(m)[-1]["sequence"])
    succeed(m, f"for i in $(seq 120); do grep '^journal .* {newest} ' {STATE}/cursors/outside && break; sleep 0.5; done; sync")
    gone = blocks(m, files)
    m.power_cut()
    disk.lies = False
    disk.power_cut(chance=1, never=gone)
    return before


def newest_line(before: list[Event]) -> tuple[int, str]:
    """The receiver's newest one that is not in the journal: its number and its SHA-256."""
    there = {e["id"] for e in before}
    with RECEIVERS[0].lock:
        bodies = [body for _, body, _ in RECEIVERS[0].got]
    lost = [(int(e["sequence"]), hashlib.sha256(b).hexdigest()) for b, e in ((b, json.loads(b)) for b in bodies) if e["id"] not in there]
    assert lost, "the disk has lost nothing"
    return max(lost)


def named(m: Machine, what: str) -> Event:
    succeed(m, SWEEP)
    return next(e for e in waits_for(m, what) if kind(e) == what)


def test_the_journal_and_its_second_place_are_lost() -> None:
    """What the cursor knows is left: the newest line is named by number and hash, as lost in a power cut."""
    disk, path = plate("ready")
    with resumed(path) as m:
        lose(m, disk, f"{STATE}/journal/*.jsonl {STATE}/head")
    with boot(disk=path) as m:
        m.console.expect(dialogue.LOGIN_PROMPT)
        number, digest = newest_line(journal(m))
        event = named(m, "journal.lost")
        assert f"{number} {digest}" in event["data"]["unmapped"]["breakglass"]["detail"], (event, number, digest)
        assert "lost in a power cut" in json.dumps(event), event
        assert "tamper.detected" not in [kind(e) for e in journal(m)]
        succeed(m, "breakglass journal verify")
        all_arrive(m)
        assert "journal.lost" in [kind(e) for e in received()]


def test_the_journal_is_lost_and_its_second_place_is_not() -> None:
    """A disk does not lose what was written before and keep what was written after: somebody has to look. No number is given twice."""
    disk, path = plate("ready")
    with resumed(path) as m:
        lose(m, disk, f"{STATE}/journal/*.jsonl")
    with boot(disk=path) as m:
        m.console.expect(dialogue.LOGIN_PROMPT)
        number, _ = newest_line(journal(m))
        m.console.type()
        log_in(m)
        event = named(m, "tamper.detected")
        assert int(event["sequence"]) == number + 1, (event, number)
        assert m.sh("breakglass journal verify")[0] == 1
        all_arrive(m)
        one_line_a_number(received() + journal(m))
