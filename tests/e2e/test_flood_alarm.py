# SPDX-License-Identifier: ISC
"""Strangers who flood the dialogue by ssh and su: an alarm goes out past them, two processes deliver, others log in as ever."""

import glob
import json
import os
import re
import signal
import time

import bglab
import pager
from bglab import bounded, dialogue

ACCOUNT = "bg1"
SHARES: list[str] = []
ALERT = "/usr/libexec/breakglass/breakglass-alert"
FLOODERS = ("ssh", "ssh", "ssh", "su", "su", "su")


def start() -> None:
    bglab.start_daemons()
    SHARES.extend(bglab.enrol(ACCOUNT))
    pager.connect("[login]\nalert-wait = 45\ndelay-console = 0\ndelay-network = 0\n")


def dialogue_of(how: str) -> None:
    """One stranger's dialogue: cards of another set, again and again, until it ends."""
    with bglab.ssh(ACCOUNT) if how == "ssh" else bglab.su(ACCOUNT, uid=5000, login_shell=False) as person:
        while True:
            bglab.try_foreign_cards(person)


class Flood:
    """Strangers, each in a process of its own, one dialogue after the other."""

    def __enter__(self) -> "Flood":
        self.pids = [self._one(how) for how in FLOODERS]
        return self

    @staticmethod
    def _one(how: str) -> int:
        pid = os.fork()
        if pid == 0:
            os.setpgid(0, 0)
            while True:
                try:
                    dialogue_of(how)
                except Exception:  # whatever the dialogue answers: the next one
                    time.sleep(0.05)
        return pid

    def __exit__(self, *_: object) -> None:
        for pid in self.pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def deliveries() -> tuple[int, int]:
    """Processes of breakglass-alert, and KiB of them together: those that wait and their workers, not what a worker runs for a moment."""
    parent, kib = {}, {}
    for path in glob.glob("/proc/[0-9]*"):
        try:
            if os.readlink(f"{path}/exe") == ALERT:
                status = bglab.read(f"{path}/status")
                if status.startswith("Name:\tbreakglass-look\n"):
                    continue  # it looks for what is dead, once after a grant
                pid = int(path.rpartition("/")[2])
                parent[pid] = int(bglab.read(f"{path}/stat").rpartition(")")[2].split()[1])
                anonymous = re.search(r"RssAnon:\s*(\d+)", status)
                kib[pid] = int(anonymous[1]) if anonymous else 0
        except OSError:
            pass
    deliver = [pid for pid in parent if parent.get(parent[pid]) not in parent]
    return len(deliver), sum(kib.get(pid, 0) for pid in deliver)


def strangers_there() -> bool:
    return int(bglab.run("pgrep -c breakglass-logi; true").stdout) >= 3


def arrived(r: pager.Receiver) -> list[dict]:
    with r.lock:
        return [json.loads(body) for _, body, _ in r.got]


def kind(event: dict) -> str:
    return bglab.event_types([event])[0]


def heard_in_the_flood(r: pager.Receiver) -> None:
    """A use by the console while the flood runs, and the login of somebody else."""
    began = time.monotonic()
    with bglab.ssh("alice", "password") as other:
        bglab.password_login(other, bglab.PASSWORDS["alice"])
        other.line("exit")
        other.wait()
    print(f"another user's ssh login in the flood: {time.monotonic() - began:.1f} s")
    with bglab.login(ACCOUNT) as person:
        bglab.open_door(person, SHARES[:2])
        assert "BG320" in person.transcript, person.transcript
        person.line("exit")
        person.wait()
    granted = [e for e in bglab.journal() if kind(e) == "use.granted"][-1]
    with r.lock:
        at = min(when for (event, _), when in r.arrived.items() if event == granted["id"])
    print(f"use.granted was out {at - granted['data']['time'] / 1000:.2f} s after its moment")


def flood(r: pager.Receiver, served: bool) -> None:
    before, most, first, last = len(bglab.journal()), 0, 0, 0
    size = int(bglab.run("du -sb /var/lib/breakglass/journal").stdout.split()[0])
    began = time.monotonic()
    with Flood():
        bglab.until("the flood runs", strangers_there)
        for _ in range(100):
            n, kib = deliveries()
            most, first, last = max(most, n), first or kib, kib
            time.sleep(0.02)
        heard_in_the_flood(r)
        for _ in range(100):
            n, kib = deliveries()
            most, last = max(most, n), kib or last
            time.sleep(0.02)
    seconds = time.monotonic() - began
    grown = int(bglab.run("du -sb /var/lib/breakglass/journal").stdout.split()[0]) - size
    print(
        f"{len(bglab.journal()) - before} events and {grown} bytes in {seconds:.0f} s; at most {most} processes deliver, "
        f"{first} KiB at the beginning, {last} KiB at the end"
    )
    assert served or most <= 2, most  # a service has chores beside
    assert last < max(first, 3000) + 4096, (first, last)
    r.latency = 0
    ids = {e["id"] for e in bglab.journal()[before:]}
    bglab.until("everything arrives in the end", lambda: ids <= {e["id"] for e in arrived(r)}, 100)


@bounded(400)
def test_without_a_service() -> None:
    r = pager.receiver()
    r.latency = 0.3
    flood(r, served=False)
    bglab.until("the delivery ends", lambda: deliveries()[0] == 0)
    r.stop()


@bounded(400)
def test_with_the_service() -> None:
    r = pager.receiver()
    r.latency = 0.3
    bglab.run(f"setsid -f {ALERT} --service >/run/bglab/alert.log 2>&1")
    bglab.until("it runs", lambda: deliveries()[0] == 2)
    flood(r, served=True)
    bglab.run("pkill -x breakglass-aler; true")
    r.stop()
