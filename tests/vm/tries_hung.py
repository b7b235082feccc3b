# SPDX-License-Identifier: ISC
"""Local daemons that hang while a login at the console opens by cards: the shell comes while they still do.

Seconds from the last answer to the shell are printed beside those with the daemon at work: the processor is emulated. pam_breakglass(8)
has them as a real processor takes them. Who asks a daemon that hangs stands in the queue of its socket, even after giving up.
"""

from __future__ import annotations

import socket
import time

import dialogue
from scene import NAME, OUTSIDE, REASON, SHELL, Machine, put, resumed, start, succeed, type_cards

LATE = 20.0  # seconds, for a daemon without a socket of its own: 25 are the least that one was ever waited for
SOCKETS = {
    "sssd_pam": "/pipes/pam|/pipes/private/pam",
    "sssd_nss": "/pipes/nss",
    "dbus-daemon": "/dbus/system_bus_socket",
    "nscd": "/nscd/socket",
    "nslcd": "/nslcd/socket",
}
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


def askers(m: Machine, daemon: str) -> int:
    """How many wait for it."""
    return int(succeed(m, f"awk '$7 == 0 && $8 ~ \"({SOCKETS[daemon]})$\"' /proc/net/unix | wc -l"))  # no inode: not accepted yet


def enters(m: Machine, daemon: str) -> float:
    """How much later the shell is there while it hangs."""
    works = seconds_to_shell(m)
    m.console.type("exit")
    m.console.expect(dialogue.LOGIN_PROMPT)
    pids = succeed(m, f"pgrep -x {daemon}").split()
    succeed(m, f"kill -STOP {' '.join(pids)}")
    m.console.type()
    hangs = seconds_to_shell(m)
    states = succeed(m, f"for p in {' '.join(pids)}; do sed 's/.*) //;s/ .*//' /proc/$p/stat; done").split()
    assert set(states) == {"T"}, (daemon, states)
    print(f"     {daemon}: {hangs:.1f} s to the shell while it hangs, {works:.1f} s while it works")
    return hangs - works


def nobody_asks(m: Machine, daemon: str) -> None:
    enters(m, daemon)
    assert askers(m, daemon) == 0, succeed(m, "cat /proc/net/unix")


def nslcd(m: Machine, server: socket.socket) -> None:
    """It asks a server that accepts every connection and says nothing."""
    put(m, "/etc/nslcd.conf", f"uid nslcd\ngid nslcd\nuri ldap://{OUTSIDE}:{server.getsockname()[1]}/\nbase dc=example,dc=org\n".encode())
    succeed(m, "systemctl unmask -q nslcd; systemctl start nslcd; pgrep -x nslcd")
    assert m.sh("timeout 3 getent passwd nobody-has-this-name")[0] == 124, "LDAP does not hang"


def test_ldap_hangs() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server, resumed() as m:
        works = seconds_to_shell(m)
        m.console.type("exit")
        nslcd(m, server)
        hangs = seconds_to_shell(m)
        print(f"     LDAP: {hangs:.1f} s to the shell while it hangs, {works:.1f} s without it")
        assert hangs - works < LATE


def test_nslcd_hangs() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server, resumed() as m:
        nslcd(m, server)
        nobody_asks(m, "nslcd")


def test_sssd_pam_hangs() -> None:
    with resumed() as m:
        sssd(m)
        nobody_asks(m, "sssd_pam")


def test_sssd_nss_hangs() -> None:
    with resumed() as m:
        sssd(m)
        nobody_asks(m, "sssd_nss")
        m.sh("timeout 1 getent passwd nobody-has-this-name")  # and it would have been seen
        assert askers(m, "sssd_nss") > 0


def test_sssd_be_hangs() -> None:
    with resumed() as m:
        sssd(m)
        assert enters(m, "sssd_be") < LATE


def test_dbus_hangs() -> None:
    with resumed() as m:
        nobody_asks(m, "dbus-daemon")


def test_logind_hangs() -> None:
    with resumed() as m:
        assert enters(m, "systemd-logind") < LATE


def test_nscd_hangs() -> None:
    """No line of PAM can pass over it: libc waits for it in every process. The person is told, and gets in."""
    with resumed() as m:
        succeed(m, "systemctl unmask -q nscd; systemctl start nscd; pgrep -x nscd")
        enters(m, "nscd")
        assert "BG443" in m.console.seen and askers(m, "nscd") > 0, m.console.seen[-3000:]
