# SPDX-License-Identifier: ISC
"""The prepared machine, what a person does at its console, and a receiver of its alarms on this computer.

begin() makes one: the account bg1 with three cards, a key, the way into rescue mode, a web hook to the receiver. resumed() goes on
where it waits at its login prompt; boot() begins where it was switched off.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.join(HERE, "..", "lab"), os.path.join(HERE, "..", "utils", "alert")]

import dialogue  # noqa: E402
import receiver as receivers  # noqa: E402
from emergency import NAME, REASON  # noqa: E402
from machine import PATIENCE, Line, Machine, Missing, layer  # noqa: E402

OUTSIDE = "10.0.2.2"  # this computer, as qemu's network shows it
SHARES: list[str] = []
PLACE: dict[str, str] = {}
RECEIVERS: list[receivers.Receiver] = []
BEFORE: list = []  # what the receiver had got when the machine was prepared
SHELL = r"root@vm:[^\r\n]*# $"
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
Event = dict  # a line of the journal


def begin(image: str, work: str) -> None:
    PLACE.update(image=image, work=work)
    receivers.make_certificates(f"{work}/certs", OUTSIDE)
    RECEIVERS.append(receivers.Receiver(f"{work}/certs"))
    layer(f"{image}/disk", f"{work}/ready", "raw")
    with Machine(image, f"{work}/ready") as m:
        m.console.expect(dialogue.LOGIN_PROMPT)
        _set_up(m)
        said = succeed(m, "breakglass share new bg1 --yes --json")
        SHARES.extend(json.loads(said[said.index("{") : said.rindex("}") + 1])["shares"])
        plug(m)
        succeed(m, "breakglass key add bg1 --label blue --yes")
        unplug(m)
        _sink(m)
        all_arrive(m)
        BEFORE.extend(RECEIVERS[0].got)
        succeed(m, "rm -f /var/lib/breakglass/state/budget* /run/breakglass/state/budget*; sync")
        m.console.type()
        m.console.expect(dialogue.LOGIN_PROMPT)
        m.save(f"{work}/state")
    forget()
    # who boots it anew finds it switched off in good order
    with Machine(image, layer(f"{work}/ready", f"{work}/off"), resume=f"{work}/state") as m:
        switch_off(m)


def _set_up(m: Machine) -> None:
    """Where other jobs compute, systemd may take longer to start a unit than init waits; who does it again gets what is left."""
    m.sh("systemctl is-system-running --wait")
    for _ in range(5):
        status, said = m.sh("breakglass init --rescue --yes --account bg1")
        if status == 0:
            return
        assert "time ran out" in said, said
    raise AssertionError(said)


def _sink(m: Machine) -> None:
    with open(f"{PLACE['work']}/certs/ca.pem", "rb") as file:
        put(m, "/etc/breakglass/ca.pem", file.read())
    put(m, "/etc/breakglass/secrets/outside", SECRET.encode() + b"\n")
    lines = f"[sink outside]\ntype = webhook\nurl = https://{OUTSIDE}:{RECEIVERS[0].port}/\n"
    lines += "secret-file = /etc/breakglass/secrets/outside\nca-file = /etc/breakglass/ca.pem\n"
    put(m, "/tmp/sink", lines.encode())
    succeed(m, "chgrp breakglass-alert /etc/breakglass/secrets/outside; chmod 440 /etc/breakglass/secrets/outside")
    succeed(m, "cat /tmp/sink >>/etc/breakglass/breakglass.conf; systemctl restart breakglass-alert; breakglass alert test")


def put(m: Machine, path: str, data: bytes) -> None:
    succeed(m, f": >{path}")
    text = base64.b64encode(data).decode()
    for i in range(0, len(text), 800):  # a terminal takes 4095 bytes a line
        succeed(m, f"echo {text[i : i + 800]} | base64 -d >>{path}")


def fresh(kind: str = "disk.") -> str:
    return tempfile.mktemp(prefix=kind, dir=PLACE["work"])  # the folder is ours alone


def off_disk() -> str:
    """A disk of its own of the machine that is switched off."""
    return layer(f"{PLACE['work']}/off", fresh())


def boot(append: str = "", disk: str = "", rtc: str = "") -> Machine:
    """The prepared machine, or one that goes on with a disk, from the power button on."""
    return Machine(PLACE["image"], disk or off_disk(), append, rtc)


def resumed(disk: str = "") -> Machine:
    """The prepared machine, waiting at its login prompt. disk: where its disk shall be, for a boot after this; or "nbd:..."."""
    at = disk if disk.startswith("nbd:") else layer(f"{PLACE['work']}/ready", disk or fresh())
    m = Machine(PLACE["image"], at, resume=f"{PLACE['work']}/state")
    m.console.type()
    return m


def switch_off(m: Machine) -> None:
    m.control.type("systemctl poweroff")
    m.goes_off()


def succeed(m: Machine, command: str) -> str:
    status, said = m.sh(command)
    assert status == 0, (command, status, said)
    return said


# -- the person at the console ---------------------------------------------------------------------


def start(m: Machine) -> None:
    m.console.expect(dialogue.LOGIN_PROMPT)
    m.console.type("bg1")


def type_cards(m: Machine, count: int = 2) -> None:
    """A key is enrolled as well, so the cards have to be asked for."""
    m.console.expect(dialogue.KEY_START)
    m.console.type("s")
    for share in SHARES[:count]:
        m.console.expect(dialogue.SHARE)
        m.console.type(dialogue.prefixes(share))


def say_why(m: Machine, until: str = SHELL) -> None:
    m.console.expect(dialogue.NAME)
    m.console.type(NAME)
    m.console.expect(dialogue.REASON)
    m.console.type(REASON)
    m.console.expect(until)


def open_door(m: Machine, until: str = SHELL) -> None:
    """Two cards, who and why."""
    type_cards(m)
    say_why(m, until)


def log_in(m: Machine) -> None:
    start(m)
    open_door(m)


def shell(m: Machine, command: str) -> str:
    """Run it in the shell that is open on the console."""
    mark = str(time.monotonic_ns())
    m.console.type(f"echo S''{mark}; {command}; echo E''{mark}")
    m.console.expect(rf"S{mark}\r?\n")
    m.console.expect(rf"E{mark}\r?\n")
    out = m.console.before.replace("\r\n", "\n")
    m.console.expect(r"# $")
    return out


# -- keys ------------------------------------------------------------------------------------------


def plug(m: Machine, name: str = "blue", touch: str = "after:1000") -> str:
    """A software key, behind a HID device of the kernel: its node. Its memory is on the disk, if that can be written."""
    run, before = f"/run/key/{name}", hidraws(m)
    succeed(m, f"mkdir -p {run}; cp -f /root/{name}.json {run}/state 2>/dev/null; modprobe uhid")
    m.sh(f"(setsid softkey --state {run}/state --link {run}/pty --control {run}/control --touch {touch} </dev/null >{run}/log 2>&1 & echo $! >{run}/softkey)")
    m.sh(f"for i in $(seq 150); do [ -e {run}/pty ] && break; sleep 0.2; done")
    m.sh(f"(setsid uhidkey.py {run}/pty {name} </dev/null >{run}/hid 2>&1 & echo $! >{run}/pid)")
    return appeared(m, before, f"cat {run}/log {run}/hid")


def hidraws(m: Machine) -> set[str]:
    return set(m.sh("ls /dev | grep hidraw")[1].split())


def appeared(m: Machine, before: set[str], or_else: str) -> str:
    end = time.monotonic() + PATIENCE
    while not (new := hidraws(m) - before):
        assert time.monotonic() < end, m.sh(or_else)
    succeed(m, "udevadm settle 2>/dev/null || :")
    return f"/dev/{new.pop()}"


def tell(m: Machine, command: str, name: str = "blue") -> str:
    return succeed(m, f"softkey --tell /run/key/{name}/control {command}")


def unplug(m: Machine, name: str = "blue") -> None:
    run = f"/run/key/{name}"
    succeed(m, f"kill $(cat {run}/pid); while kill -0 $(cat {run}/pid) 2>/dev/null; do sleep 0.1; done")
    m.sh(f"kill $(cat {run}/softkey); cp -f {run}/state /root/{name}.json 2>/dev/null; rm -f {run}/pty; sync")


# -- what is on record -----------------------------------------------------------------------------


def kind(event: Event) -> str:
    return event["type"].removeprefix("org.breakglass.").removesuffix(".v1")


def use_of(event: Event) -> str:
    return event["data"]["unmapped"]["breakglass"].get("use", "")


def journal(m: Machine, also: str = "") -> list[Event]:
    """Its lines, in order, and those that wait in /run when also names that directory's files."""
    _, said = m.sh(f"cat /var/lib/breakglass/journal/*.jsonl {also} 2>/dev/null")
    return [json.loads(line) for line in said.splitlines() if line.startswith("{")]


def kinds(m: Machine, also: str = "") -> list[str]:
    return [kind(e) for e in journal(m, also)]


def waits_for(m: Machine, wanted: str, count: int = 1) -> list[Event]:
    """Until so many events of a kind are on record."""
    end = time.monotonic() + 120
    while True:
        events = journal(m)
        if [kind(e) for e in events].count(wanted) >= count:
            return events
        assert time.monotonic() < end, (wanted, count, [kind(e) for e in events])
        time.sleep(1)


def verifies(m: Machine) -> None:
    status, said = m.sh("breakglass journal verify")
    assert status == 0 or "lost in a power cut" in said, (status, said)


def holds(m: Machine, *wanted: str) -> None:
    """The journal on the disk verifies, and has these events of the one use."""
    succeed(m, "breakglass journal verify")
    events = journal(m)
    assert set(wanted) <= {kind(e) for e in events}, (wanted, [kind(e) for e in events])
    if "use.granted" in wanted:
        granted = next(e for e in events if kind(e) == "use.granted")
        assert granted["data"]["unmapped"]["breakglass"]["reason"] == REASON, granted


def received() -> list[Event]:
    """What the receiver has taken, in the order of arrival."""
    with RECEIVERS[0].lock:
        return [json.loads(body) for _, body, _ in RECEIVERS[0].got]


def forget() -> None:
    """The receiver of a machine that has just been prepared."""
    for r in RECEIVERS:
        with r.lock:
            r.got[:] = BEFORE


def all_arrive(m: Machine, since: int = 0) -> None:
    """Every line of the journal from a number on gets to the receiver, once or more."""
    end = time.monotonic() + PATIENCE
    while True:
        there = {e["id"] for e in received()}
        missing = [e for e in journal(m) if int(e["sequence"]) > since and e["id"] not in there]
        if not missing:
            return
        assert time.monotonic() < end, [(kind(e), e["sequence"]) for e in missing]
        time.sleep(2)


__all__ = [name for name in globals() if not name.startswith("_")] + ["Line", "Missing"]
