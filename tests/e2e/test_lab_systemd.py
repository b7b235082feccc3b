# SPDX-License-Identifier: ISC
"""The lab with systemd as pid 1: logind and user@.service are real."""
# requires: systemd

import bglab
from bglab import PASSWORDS


def start() -> None:
    bglab.start_daemons()


def test_systemd_runs() -> None:
    bglab.equal(bglab.read("/proc/1/comm").strip(), "systemd")
    state = bglab.run(["systemctl", "is-system-running"]).stdout.strip()
    bglab.equal((state, bglab.run(["systemctl", "--failed", "--plain", "--no-legend"]).stdout), ("running", ""))


def test_a_login_gets_its_user_manager() -> None:
    with bglab.ssh("luser5", method="password") as person:
        bglab.password_login(person, PASSWORDS["luser5"])
        bglab.equal(person.shell("systemctl is-active user@20005.service"), "active\n")
        assert "session-" in person.shell("cat /proc/self/cgroup")


def test_syslog_reaches_auth_log() -> None:
    since = bglab.auth_log_mark()
    bglab.run(["logger", "-p", "authpriv.alert", "lab says hello"])
    bglab.wait_auth_log("lab says hello", since)
