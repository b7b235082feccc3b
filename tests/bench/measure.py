# SPDX-License-Identifier: ISC
"""How every part of tests/bench prints its figures: one row per line, tab separated, for tests/bench/all.

    WHAT  UNIT  OURS  PEER'S NAME  PEER'S FIGURE  RUNS      a missing figure is "-"
"""

import statistics
import subprocess
import time


def row(what, unit, ours, peer, theirs, runs):
    """ours and theirs: samples, or None if the peer is missing."""
    figures = ["-" if not samples else f"{statistics.median(samples):.6g}" for samples in (ours, theirs)]
    print(what, unit, figures[0], peer, figures[1], runs, sep="\t", flush=True)


def milliseconds(work, *words):
    began = time.monotonic()
    work(*words)
    return (time.monotonic() - began) * 1000


def program(command, text="", **options):
    """Run to the end and return the output; AssertionError if it fails."""
    done = subprocess.run(command, input=text, text=True, capture_output=True, timeout=60, **options)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


def turns(works, runs):
    """Each of {name: function} in turn, runs times, so that noise affects all equally; {name: milliseconds}."""
    samples = {name: [] for name in works}
    for _ in range(runs):
        for name, work in works.items():
            samples[name].append(milliseconds(work))
    return samples
