# SPDX-License-Identifier: ISC
"""A disk that loses its cache in a power cut, and a receiver outside that has got lines by then."""

from __future__ import annotations

import random
import re
import subprocess
import threading
import time
from collections.abc import Callable

import dialogue
from lossy import Disk
from scene import (PLACE, Event, Machine, Missing, all_arrive, boot, fresh, journal, kind, log_in, open_door, received, resumed,
                   say_why, start, succeed, type_cards, use_of, verifies)

CUTS = 10
GRANTED = r"This use is\s+(\w{26})"
PROVED = "BG112"  # "Cards correct": shown when that is on the disk


def plate(of: str = "off") -> tuple[Disk, str]:
    """A disk with a cache: of the machine that is switched off, or that is ready and can be resumed."""
    raw, path = fresh(), fresh("nbd.")
    subprocess.run(["qemu-img", "convert", "-O", "raw", f"{PLACE['work']}/{of}", raw], check=True)
    return Disk(raw, path), f"nbd:{path}"


def one_use(m: Machine) -> None:
    log_in(m)
    m.console.type("exit")
    m.console.expect(dialogue.LOGIN_PROMPT)


def cut_after(m: Machine, seconds: float) -> None:
    """A whole use, with the power cut at some moment of it."""
    alarm = threading.Timer(seconds, m.power_cut)
    start(m)
    alarm.start()
    try:
        open_door(m)
        m.console.type("exit")
        m.console.expect(dialogue.LOGIN_PROMPT)
    except (Missing, BrokenPipeError, ConnectionResetError):
        m.qemu.wait(10)  # else that was no power cut
    alarm.join()


def is_kept(m: Machine, shown: list[str], proofs: int) -> None:
    """What the screen showed is on the disk; what the receiver has is there too, or is named as lost; no number has two lines."""
    events = journal(m)
    granted = {use_of(e) for e in events if kind(e) == "use.granted"}
    assert set(shown) <= granted, f"shown and lost: {set(shown) - granted}"
    proved = [kind(e) for e in events].count("auth.succeeded")
    assert proved >= proofs, f"{proofs} times the shares were right on the screen, {proved} times on the disk"
    verifies(m)
    ids = {e["id"] for e in events}
    lost = [e for e in received() if e["id"] not in ids]
    assert not lost or "journal.lost" in [kind(e) for e in events], [(e["sequence"], kind(e)) for e in lost]
    one_line_a_number(received() + events)


def one_line_a_number(events: list[Event]) -> None:
    by_number: dict[str, str] = {}
    for event in events:
        assert by_number.setdefault(event["sequence"], event["id"]) == event["id"], event


def test_power_cuts_at_any_moment_of_a_use() -> None:
    disk, path = plate()
    shown: list[str] = []
    proofs = 0
    with boot(disk=path) as m:
        m.console.expect(dialogue.LOGIN_PROMPT)
        m.console.type()
        began = time.monotonic()
        one_use(m)
        length = time.monotonic() - began
        shown += re.findall(GRANTED, m.console.seen)
        m.power_cut()
    disk.power_cut()
    for number in range(CUTS + 1):
        with boot(disk=path) as m:
            m.console.expect(dialogue.LOGIN_PROMPT)
            is_kept(m, shown, proofs)
            if number == CUTS:
                all_arrive(m)
                assert shown, "no cut came after a grant: this try has shown nothing"
                break
            m.console.type()
            moment = length * (number + random.random()) / CUTS
            cut_after(m, moment)
            shown += re.findall(GRANTED, m.console.seen)
            proofs += m.console.seen.count(PROVED)
        kept, held = disk.power_cut()
        print(f"     cut {number + 1}, {moment:.1f} s from the name: {kept} of {held} blocks in the cache survived; shown so far: {proofs} proofs, {len(shown)} grants")


# -- at the moment at which it is shown -------------------------------------------------------------

CONF = "/etc/breakglass/breakglass.conf"
OTHERS = "systemctl mask --runtime --now systemd-journald{,-dev-log,-audit}.socket systemd-journald breakglass-alert.{service,timer}"
SINK = r"/^\[sink outside\]/,$d; s/^\[record\]$/&\nsink-required = no/"


def alone(m: Machine) -> None:
    """From now on nobody but the login writes out what the disk has in its cache: no daemon that syncs, no delivery, no kernel."""
    m.sh(f"grep -q '^sink-required' {CONF} || sed -i '{SINK}' {CONF}; {OTHERS}")
    assert m.sh("pgrep systemd-journal; pgrep breakglass")[1] == "", "somebody still logs or delivers"
    succeed(m, "sync; echo 360000 | tee /proc/sys/vm/dirty_writeback_centisecs /proc/sys/vm/dirty_expire_centisecs; mount -o remount,commit=3600 /")


def cut_when_shown(m: Machine, disk: Disk, text: str, until: Callable[[Machine], None]) -> None:
    """No block that was not flushed by then survives."""
    alone(m)
    start(m)
    until(m)
    m.console.expect(text)
    m.power_cut()
    kept, held = disk.power_cut(chance=0)
    print(f"     cut at {text}: {held - kept} blocks in the cache are lost")


def answer_all(m: Machine) -> None:
    type_cards(m)
    say_why(m, until="\n")


def test_what_is_shown_is_on_the_disk_at_that_moment() -> None:
    disk, path = plate("ready")
    with resumed(path) as m:
        cut_when_shown(m, disk, PROVED, type_cards)
    with boot(disk=path) as m:
        m.console.expect(dialogue.LOGIN_PROMPT)
        is_kept(m, [], 1)
        m.console.type()
        cut_when_shown(m, disk, GRANTED, answer_all)
        shown = re.findall(GRANTED, m.console.seen)
    with boot(disk=path) as m:
        m.console.expect(dialogue.LOGIN_PROMPT)
        is_kept(m, shown, 2)
