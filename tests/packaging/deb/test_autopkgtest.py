# SPDX-License-Identifier: ISC
"""The tests that come with the Debian packages, run as autopkgtest runs them, on packages installed by apt."""

import glob
import os
import re
import sys

import bglab

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = os.path.join(HERE, "..", "..", "..")
sys.path.insert(0, HERE)
import debs  # noqa: E402


def start() -> None:
    debs.prepare()
    bglab.start_daemons("rsyslogd")
    debs.install()


@bglab.bounded(300)
def test_every_one() -> None:
    control = bglab.read(f"{SOURCES}/packaging/debian/tests/control")
    names = re.findall(r"^Tests: (.*)$", control, flags=re.M)
    scripts = [os.path.basename(p) for p in glob.glob(f"{SOURCES}/packaging/debian/tests/*") if not p.endswith("control")]
    bglab.equal(sorted(" ".join(names).split()), sorted(scripts))
    for name in scripts:
        print(debs.must(f"cd {SOURCES} && packaging/debian/tests/{name}", timeout=280))
