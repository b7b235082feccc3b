# SPDX-License-Identifier: ISC
"""Local daemons that hang while a login at the console opens by cards: the shell comes while they still do.

Seconds from the last answer to the shell are printed beside those with the daemon at work: the processor is emulated. pam_breakglass(8)
has them as a real processor takes them. A shell that comes late by LATE or more has waited for the daemon.
"""

from __future__ import annotations

import time

import dialogue
from scene import NAME, PATIENCE, REASON, SHELL, Machine, put, resumed, start, succeed, type_cards

LATE = 20.0  # seconds: 25 are the least that one of them was ever waited for
DIRECTORY = """[sssd]
domains = site
services = nss, pam
[domain/site]
id_provider = ldap
auth_provider = ldap
ldap_uri = ldap://192.0.2.10/
ldap_search_base = dc=example,dc=org
"""


def sssd(m: Machine) -> None:
    put(m, "/etc/sssd/sssd.conf", DIRECTORY.encode())
    succeed(m, "chmod 600 /etc/sssd/sssd.conf; systemctl unmask -q sssd; systemctl start sssd; pgrep -x sssd_be")


def seconds_to_shell(m: Machine) -> float:
    start(m)
    type_cards(m)
    m.console.expect(dialogue.NAME)
    m.console.type(NAME)
    m.console.expect(dialogue.REASON)
    m.console.type(REASON)
    began = time.monotonic()
    m.console.expect(SHELL)
    return time.monotonic() - began


def enters(m: Machine, daemon: str) -> float:
    """How much later the shell is there while it hangs."""
    open_ = seconds_to_shell(m)
    m.console.type("exit")
    m.console.expect(dialogue.LOGIN_PROMPT)
    pids = succeed(m, f"pgrep -x {daemon}").split()
    succeed(m, f"kill -STOP {' '.join(pids)}")
    m.console.type()
    hung = seconds_to_shell(m)
    states = succeed(m, f"for p in {' '.join(pids)}; do sed 's/.*) //;s/ .*//' /proc/$p/stat; done").split()
    assert set(states) == {"T"}, (daemon, states)
    print(f"     {daemon}: {hung:.1f} s to the shell while it hangs, {open_:.1f} s while it works")
    return hung - open_


def test_sssd_pam_hangs() -> None:
    with resumed() as m:
        sssd(m)
        assert enters(m, "sssd_pam") < LATE


def test_sssd_be_hangs() -> None:
    with resumed() as m:
        sssd(m)
        assert enters(m, "sssd_be") < LATE


def test_sssd_nss_hangs() -> None:
    with resumed() as m:
        sssd(m)
        assert enters(m, "sssd_nss") < LATE


def test_logind_hangs() -> None:
    with resumed() as m:
        assert enters(m, "systemd-logind") < LATE


def test_dbus_hangs() -> None:
    with resumed() as m:
        assert enters(m, "dbus-daemon") < LATE


def test_nscd_hangs() -> None:
    """No line of PAM can pass over it: libc waits for it in every process. The person is told, and gets in."""
    with resumed() as m:
        succeed(m, "systemctl unmask -q nscd; systemctl start nscd; pgrep -x nscd")
        assert enters(m, "nscd") < PATIENCE
        assert "BG443" in m.console.seen, m.console.seen[-3000:]
