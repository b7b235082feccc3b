# SPDX-License-Identifier: ISC
"""Beside pam_u2f, in the same machine with the same key: from the touch to the shell."""

from __future__ import annotations

import base64
import statistics
import time

import dialogue
from scene import NAME, REASON, SHELL, Machine, plug, put, resumed, start, succeed, tell, waits_for

RUNS = 5
U2F = "auth sufficient pam_u2f.so authfile=/etc/u2f_mappings cue"
CUE = "Please touch the "
FILE = "/etc/pam.d/login"


def other_account(m: Machine) -> None:
    """ursula comes in by pam_u2f, behind our lines, before anything else."""
    succeed(m, "useradd -m -s /bin/bash ursula && usermod -p '*' ursula")
    line, party = enrolled(m, "ursula")
    put(m, "/etc/u2f_mappings", line.encode())
    after = succeed(m, f"grep -n '^auth.*pam_breakglass' {FILE} | tail -n 1 | cut -d : -f 1").strip()
    succeed(m, f"sed -i '{after}a {U2F} origin={party} appid={party}' {FILE}")


def enrolled(m: Machine, user: str) -> tuple[str, str]:
    """The line that pamu2fcfg would write, for the credential that opens our account, and the party that it was made for."""
    lines = succeed(m, "sed -n '/^.key blue/,/^$/p' /etc/breakglass/credentials/bg1").splitlines()
    of = dict(line.split(" = ", 1) for line in lines if " = " in line)
    handle, point = (base64.b64encode(bytes.fromhex(of[name])).decode() for name in ("id", "public-key"))
    return f"{user}:{handle},{point},{of['type']},+presence\n", of["rp-id"]


def by_pam_u2f(m: Machine) -> float:
    m.console.expect(dialogue.LOGIN_PROMPT)
    m.console.type("ursula")
    m.console.expect(CUE)
    return from_touch(m, lambda: m.console.expect(r"ursula@vm:[^\r\n]*\$ $"))


def by_ours(m: Machine) -> float:
    def who_and_why() -> None:
        m.console.expect(dialogue.NAME)
        m.console.type(NAME)
        m.console.expect(dialogue.REASON)
        m.console.type(REASON)
        m.console.expect(SHELL)

    start(m)
    m.console.expect(dialogue.KEY_START)
    m.console.type()
    m.console.expect(dialogue.TOUCH)
    return from_touch(m, who_and_why)


def from_touch(m: Machine, until) -> float:  # type: ignore[no-untyped-def]
    succeed(m, "until softkey --tell /run/key/blue/control status | grep -q blinking=yes; do sleep 0.1; done")
    m.control.type("softkey --tell /run/key/blue/control press")
    began = time.monotonic()
    until()
    return time.monotonic() - began


def test_touch_to_shell_beside_pam_u2f() -> None:
    ours, theirs = [], []
    with resumed() as m:
        plug(m)
        other_account(m)
        tell(m, "touch never")
        for run in range(RUNS):
            theirs.append(by_pam_u2f(m))
            m.console.type("exit")
            ours.append(by_ours(m))
            m.console.type("exit")
            waits_for(m, "session.closed", run + 1)
    ratio = statistics.median(ours) / statistics.median(theirs)
    print(f"     touch to shell at ttyS0, median of {RUNS}: ours {statistics.median(ours):.2f} s (with who, why and the alarm outside), "
          f"pam_u2f {statistics.median(theirs):.2f} s: ratio {ratio:.2f}")
