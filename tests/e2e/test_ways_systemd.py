# SPDX-License-Identifier: ISC
"""Ways to become the account that only systemd has: with PAM they are refused and on record, without it they are root's own."""
# requires: systemd

import contextlib
import os
from collections.abc import Callable

import bglab

ACCOUNT = "bg1"
SAY = "echo INSIDE as $(id -u)"


def start() -> None:
    bglab.start_daemons("rsyslogd")
    bglab.enrol(ACCOUNT, 2, 3)


def transient(*properties: str) -> list[str]:
    return ["systemd-run", "--wait", "--pipe", *(f"--property={p}" for p in properties), "sh", "-c", SAY]


# What is typed; does it get in; the event. machinectl uses the PAM service login, run0 and systemd-run use none.
WAYS: dict[str, tuple[list[str], bool, str]] = {
    "machinectl_shell": (["machinectl", "shell", f"{ACCOUNT}@.host", "/bin/sh", "-c", SAY], False, "gate.refused"),
    "unit_with_PAMName_login": (transient(f"User={ACCOUNT}", "PAMName=login"), False, "gate.refused"),
    "unit_with_PAMName_runuser": (transient(f"User={ACCOUNT}", "PAMName=runuser"), False, "session.ungranted"),
    "unit_with_PAMName_of_no_file": (transient(f"User={ACCOUNT}", "PAMName=unheardof"), False, "session.ungranted"),
    "unit_of_the_user": (transient(f"User={ACCOUNT}"), True, ""),
    "pkexec": (["pkexec", "--user", ACCOUNT, "sh", "-c", SAY], False, "session.ungranted"),
}


def _test_of(argv: list[str], inside: bool, event: str) -> Callable[[], None]:
    def test() -> None:
        if bglab.run(["which", argv[0]]).returncode != 0:
            raise bglab.Skip(f"{argv[0]} is not installed")
        before = len(bglab.journal())
        with bglab.Session(argv) as person:
            shown = person.expect_end()
        bglab.equal("INSIDE as 0" in shown, inside)
        bglab.equal(bglab.event_types(bglab.journal()[before:]), [event] if event else [])

    return test


for _name, _way in WAYS.items():
    _test = _test_of(*_way)
    _test.__name__ = f"test_{_name}"
    globals()[_test.__name__] = _test


def test_somebody_else() -> None:
    """A unit of alice's with a PAM session runs as ever, also without our helper."""
    helper = "/usr/libexec/breakglass/breakglass-login"
    alice = transient("User=alice", "PAMName=runuser")
    assert "INSIDE as 5001" in bglab.run(alice).stdout
    os.rename(helper, f"{helper}.away")
    with contextlib.ExitStack() as back:
        back.callback(os.rename, f"{helper}.away", helper)
        assert "INSIDE as 5001" in bglab.run(alice).stdout
