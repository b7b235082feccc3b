# SPDX-License-Identifier: ISC
"""What "breakglass quiet" saves while LDAP hangs, as a ratio; nothing is asserted.

    tests/lab/run-e2e tests/bench/quiet.py        as root; a minute or so

Seconds of "ls -l" over 100 files of 100 directory users, with LDAP hanging: inside "breakglass quiet" and outside. The
directory's client is told to give up after a second for each name (nslcd as Debian sets it up waits ten and asks again, so
that nobody would wait for the end of this); what takes longer than LIMIT is ended there and counted with that, so that the
ratio is a lower bound. Then the same with a healthy directory, where quiet costs what it costs.
"""

import os
import statistics
import time

import bglab
from bglab import bounded

FILES = 100
RUNS = 5
LIMIT = 120.0
PLACE = "/srv/bench"


def start() -> None:
    bglab.start_daemons()
    bglab.enrol("bg1")
    os.makedirs(PLACE)
    for i in range(FILES):
        with open(f"{PLACE}/{i}", "w", encoding="ascii"):
            pass
        os.chown(f"{PLACE}/{i}", 21000 + i, 21000 + i)
    with open("/etc/nslcd.conf", "a", encoding="ascii") as file:
        file.write("bind_timelimit 1\ntimelimit 1\nreconnect_sleeptime 1\nreconnect_retrytime 1\n")


def seconds(command: list[str]) -> float:
    began = time.monotonic()
    done = bglab.run(["timeout", str(LIMIT), *command], timeout=LIMIT + 30)
    took = time.monotonic() - began
    if done.returncode not in (0, 124) or (done.returncode == 0 and len(done.stdout.splitlines()) != FILES + 1):
        raise AssertionError(f"{command}: {done}")
    return took


def measure(mode: str, runs: int) -> str:
    bglab.ldap(mode)
    inside = statistics.median(seconds(["breakglass", "quiet", "ls", "-l", PLACE]) for _ in range(RUNS))
    outside = statistics.median(seconds(["ls", "-l", PLACE]) for _ in range(runs))
    least = "at least " if outside >= LIMIT else ""
    return f"ls -l over {FILES} files, LDAP {mode}: {inside:.3f} s inside, {least}{outside:.3f} s outside, ratio {least}{outside / inside:.1f}"


@bounded(LIMIT * 2 + 60)
def test_hang() -> str:
    return measure("hang", 1)


@bounded(120)
def test_up() -> str:
    return measure("up", RUNS)
