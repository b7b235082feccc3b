#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""journal.py BUILD [all]: an append whose every system call fails, hangs or is its last, by strace, beside a second writer.

Each call that touches a file, one after the other: refused with an error that this call can have (EIO, ENOSPC, EROFS),
or the process is killed there (the child that appends, or who waits for it). Meanwhile another writer goes on. Then: what was
acknowledged is there exactly once, chain and seal hold (the seal by another program), and nobody waited longer than the bound. Without "all" every second
place or so. Exit 77 (skipped) without root or strace.
"""

import collections
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else ".")
WHOLE = sys.argv[2:] == ["all"]
RECORD = BUILD + "/tests/tools/record"
WRITES = ("EIO", "ENOSPC")
CALLS = {  # of one append, and what each may say
    "writev": WRITES, "pwrite64": WRITES, "fsync": WRITES, "ftruncate": ("EIO",), "fallocate": WRITES, "openat": ("EIO", "EROFS"),
    "rename": ("EIO", "EROFS"), "unlinkat": ("EIO",), "unlink": ("EIO",), "flock": ("EIO",), "fchmod": ("EIO",), "fchown": ("EIO",),
    "fchownat": ("EIO",), "mkdir": WRITES, "pread64": ("EIO",), "getdents64": ("EIO",), "fstat": ("EIO",), "newfstatat": ("EIO",)}
TAKEN = ("journal", "run")  # what comes home by itself


class Place:
    def __init__(self, top):
        self.journal, self.run, self.said, self.key = f"{top}/state/journal", f"{top}/run/journal", collections.Counter(), ""

    def seal(self):
        self.record("before")
        self.key = subprocess.run([RECORD, "seal", self.journal, self.run], capture_output=True, text=True, check=True).stdout

    def record(self, reason, *before, count=1, ms=20000, timeout=60):
        """Where each went, as the program said; [] of one that was killed. self.took: ms of the last one."""
        done = subprocess.run([*before, RECORD, self.journal, self.run, "", "-n", str(count), "-t", str(ms), "-m", reason],
                              capture_output=True, text=True, timeout=timeout)
        told = [x.split() for x in done.stdout.splitlines() if x.endswith(" ms")]
        where, self.took = [x[0] for x in told], float(told[-1][1]) if told else None
        self.said[reason] += len([x for x in where if x in TAKEN])
        return where

    def writer(self, reason):
        return subprocess.Popen([RECORD, self.journal, self.run, "", "-n", "1000000", "-t", "20000", "-m", reason],
                                stdout=subprocess.PIPE, text=True)

    def events(self):
        for path in sorted(glob.glob(self.journal + "/*.jsonl")):
            with open(path, "rb") as file:
                yield from map(json.loads, file)

    def sound(self):
        done = subprocess.run([RECORD, "verify", self.journal], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout
        assert not glob.glob(self.run + "/*.jsonl"), "all has come home"
        seals = subprocess.run(["/usr/bin/python3", HERE + "/../tools/seal.py", "check", self.journal], input=self.key, capture_output=True,
                               text=True, timeout=60, check=True).stdout.split()
        found = collections.Counter(seals[1::2])
        assert set(found) <= {"before", "good", "null"} and found["before"] == 3 and found["good"], found
        told = sum(e["type"] == "org.breakglass.tamper.detected.v1" for e in self.events())
        assert bool(told) == bool(found["null"]), f"{found}: a seal that could not be read is told, {told} times"

    def check(self, acknowledged):
        """After one more good append: the chain holds, and everything that was acknowledged is there once."""
        while glob.glob(self.run + "/*.jsonl") or not acknowledged.get("home"):
            acknowledged["home"] = 1
            assert self.record("home") == ["journal"]
        self.sound()
        events = list(self.events())
        ids = collections.Counter(e["id"] for e in events)
        assert max(ids.values()) == 1, "no event stands there twice"
        there = collections.Counter(e["data"]["unmapped"]["breakglass"].get("reason") for e in events)
        for reason, n in self.said.items():
            assert there[reason] >= n, f"{reason}: {n} acknowledged, {there[reason]} there"
        return there


def traced(place, call):
    """strace of what touches the journal, not its fall-back."""
    beside = ("", "/lock", "/000001.jsonl", "/../head", "/../seal")
    paths = [word for x in beside for word in ("-P", os.path.normpath(place.journal + x))]
    return ["strace", "-f", "-qq", *paths, "-e", call]


def calls_of(place):
    """How often an append makes each of CALLS on the journal: all its processes."""
    place.record("seen")
    with tempfile.NamedTemporaryFile("r") as log:
        place.record("seen", *traced(place, "trace=" + ",".join("?" + x for x in CALLS)), "-o", log.name)
        made = collections.Counter(line.split(None, 1)[1].split("(")[0] for line in log if "(" in line)
    return {x: made[x] for x in CALLS if made[x]}


def places(n, step):
    """Which of n: all, or the first ones, the last one and some between."""
    return range(1, n + 1) if WHOLE else sorted({1, n, *range(2, n + 1, step)})


def injected(place, reason, call, what, k):
    return place.record(reason, *traced(place, f"inject={call}:{what}:when={k}"), "-o", "/dev/null")


def test_errors(place, made):
    """Refused by one call: the event is somewhere, and nothing that was there before suffers."""
    tried = 0
    for call, errors in CALLS.items():
        for error in errors[: 2 if WHOLE else 1] if call in made else ():
            for k in places(made[call], 3):
                reason = f"{call} {error} {k}"
                where = injected(place, reason, call, f"error={error}", k)
                assert where in (["journal"], ["run"]), (reason, where)
                tried += 1
    print(f"    {tried} places")


def test_kills(place, made):
    """Killed at one call while another writes: of what it said, and of the other's events, none is lost or there twice."""
    other, tried = place.writer("the other"), 0
    tries = [(traced(place, f"inject={call}:signal=SIGKILL:when={k}"), f"{call} killed {k}") for call in made for k in places(made[call], 4)]
    tries += [(["strace", "-f", "-qq", "-e", f"inject={call}:signal=SIGKILL:when={k}"], f"anything killed: {call} {k}")
              for call in (*made, "clone", "wait4", "rename", "close", "poll") for k in ((1, 2, 3, 5, 8, 13) if WHOLE else (1, 4, 9))]
    for before, reason in tries:
        place.record(reason, *before, "-o", "/dev/null")
        tried += 1
        assert other.poll() is None
    other.terminate()
    where = [x.split()[0] for x in other.communicate()[0].splitlines() if x.endswith(" ms")]
    place.said["the other"] += len([x for x in where if x in TAKEN])
    print(f"    {tried} places, beside {len(where)} events of another")
    assert where and set(where) <= set(TAKEN), collections.Counter(where)


def test_hangs(place, _made):
    """A disk that takes four seconds for a call: one second is waited and a quarter; it comes home by itself."""
    for call in ("fsync", "writev") if WHOLE else ("fsync",):
        where = place.record(f"{call} hangs", *traced(place, f"inject={call}:delay_enter=4000000:when=1"), "-o", "/dev/null", ms=1000)
        print(f"    {call}: {where} after {place.took:.0f} ms")
        assert where == ["run"] and 1000 <= place.took < 3500, where


def main():
    if os.geteuid() != 0 or not shutil.which("strace"):
        print("SKIP: needs root and strace")
        sys.exit(77)
    failed = 0
    for name, test in [(n, f) for n, f in globals().items() if n.startswith("test_")]:
        with tempfile.TemporaryDirectory(dir="/dev/shm" if not WHOLE else None) as top:
            os.chmod(top, 0o755)
            place, began = Place(top), time.monotonic()
            try:
                place.seal()
                made = calls_of(place)
                if WHOLE:
                    print(f"    {made}")
                test(place, made)
                place.check({})
                print(f"ok   {name} ({time.monotonic() - began:.1f} s)", flush=True)
            except AssertionError as error:
                failed += 1
                print(f"FAIL {name}: {error}", flush=True)
    sys.exit(bool(failed))


main()
